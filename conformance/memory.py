"""How this process gets its memory: oracles make and drop large arrays all the time.

The C library gives each large array back to the system when it is dropped, so that the next one is made of new pages,
which the system has to find and to clear: a quarter of the time of an optimizer's bounds. Python's collector of cycles
looks at every object of the frameworks, of which there are some 600,000, each time that it looks for old ones to drop.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import gc
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Names of settings in ``malloc.h`` of glibc."""
LARGEST = 2**25
"""Larger arrays are given back: few are made, and they are what fills a machine."""
UNUSED = 2**28
"""So much memory at the end of the heap is kept at most."""


@functools.cache
def settle() -> None:
    """Keep pages, and leave out of every later collection what has been imported and declared by now: it stays."""
    keep_pages()
    gc.freeze()
    atexit.register(gc.unfreeze)  # so that what is left of extension modules can be dropped at the end


@functools.cache
def keep_pages() -> bool:
    """Let arrays be made of pages that others have left; whether the C library does so."""
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        return bool(mallopt(MMAP_THRESHOLD, LARGEST) and mallopt(TRIM_THRESHOLD, UNUSED))
    return False
