"""SOT, the compiler of paddle's mode ``static=sot``: what makes it compile each kind of call by itself."""

from __future__ import annotations

import itertools
import sys
import types
from typing import Any

SMALLEST = "MIN_GRAPH_SIZE"
"""Environment variable of paddle: SOT runs eagerly what has fewer operations than this, unless it says 0."""
KEPT_BY_SOT = "paddle.jit.sot.opcode_translator.executor.executor_cache"
"""The module in which SOT keeps what it compiled, by the code of functions, be they called by any contract."""
_numbers = itertools.count()


def called(function, arguments, named):  # type: ignore[no-untyped-def]
    """A call in a file of ours: what is in a file of its own SOT leaves as it is, and it follows no import."""
    return function(*arguments, **named)


def fresh(function: Any) -> Any:
    """A function that SOT has not seen: of one that it compiled twenty times it runs all others eagerly."""
    code = function.__code__.replace(co_name=f"{function.__name__}_{next(_numbers)}")
    return types.FunctionType(code, function.__globals__)


def forget() -> None:
    """Forget what was compiled, and by which guards.

    They may ask for arguments that another contract has not. Of two shapes it makes one of any length, and what it
    refuses then speaks of the two: a mask's, beside an axis that kept its length.
    """
    cache = sys.modules.get(KEPT_BY_SOT)
    if cache is not None and hasattr(cache.OpcodeExecutorCache, "clear"):
        cache.OpcodeExecutorCache().clear()
