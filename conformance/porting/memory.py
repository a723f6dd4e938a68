"""Keeps memory that arrays gave back at hand for the next ones, since a check makes and drops many of a few megabytes.

Left alone, glibc hands such memory back to the system each time, which then clears every page of it anew: that took
longer than the arithmetic of a small network.
"""

from __future__ import annotations

import ctypes
import functools

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt, from its malloc.h."""
KEPT = 2**28
"""Bytes that are kept at most."""
LARGEST = 2**25
"""Bytes of the largest array whose memory is used again; glibc takes no larger number."""


@functools.cache
def keep_freed() -> bool:
    """Let this process keep what it frees; whether it does, which it cannot without glibc."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(set_option(TRIM_THRESHOLD, KEPT) and set_option(MMAP_THRESHOLD, LARGEST))
