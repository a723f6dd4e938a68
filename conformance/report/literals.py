"""Values as Python source that gives the same bits again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

READABLE = 160
"""Elements or bytes up to this number are written out."""


class NoScriptError(ValueError):
    """There can be no script of a few lines; the message says why."""


def literal(value: Any) -> str:
    """Source of a sample's value, for a script that has NumPy as ``np``.

    Floats keep every bit, signs of zero included. Raises :class:`NoScriptError` for what has no short source: large
    arrays, long bytes, arrays of objects, and instances of other classes.
    """
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return f"{_array(np.asarray(value))}[()]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal, value)) + (",)" if len(value) == 1 else ")")
    if isinstance(value, bytes) and len(value) > READABLE:
        raise NoScriptError("the sample holds a file; replay it")
    if isinstance(value, float | complex):
        return number(value)
    if value is None or isinstance(value, bool | int | str | bytes):
        return repr(value)
    raise NoScriptError(f"the sample holds a {type(value).__name__}, which has no plain source")


def number(value: Any) -> str:
    """Source of one number, in the shortest digits that name it."""
    if isinstance(value, np.generic):
        value = value.item()
    text = repr(value)
    return text if not any(name in text for name in ("nan", "inf")) else _special(text)


def _special(text: str) -> str:
    return text.replace("nan", "np.nan").replace("inf", "np.inf")


def _array(array: np.ndarray) -> str:
    if array.dtype.name == "bfloat16":  # which NumPy lacks; float32 has its numbers
        array = array.astype("float32")
    if array.dtype.kind not in "biufcUS":
        raise NoScriptError(f"the sample holds an array of {array.dtype}, which has no plain source")
    code = array.dtype.name if array.dtype.isnative and array.dtype.kind in "biufc" else array.dtype.str
    if not array.size:
        return f"np.zeros({array.shape}, {code!r})"
    if array.size > READABLE:
        raise NoScriptError("the sample is too large for a short script; replay it")
    for items in (_shortest(array), repr(array.tolist())):
        text = f"np.array({_special(items)}, {code!r})"
        if _same(text, array):
            return text
    raise NoScriptError("the sample holds a NaN with a payload; replay it")


def _shortest(array: np.ndarray) -> str:
    """Nested lists with each float as the shortest text that names it in the array's own precision."""
    if array.dtype.kind != "f" or array.dtype.itemsize > 4:
        return repr(array.tolist())
    if array.ndim:
        return "[" + ", ".join(map(_shortest, array)) + "]"
    return str(array[()])


def _same(text: str, array: np.ndarray) -> bool:
    """Whether a literal gives the array's own bits; a NaN with a payload, for one, does not."""
    try:
        made = eval(text, {"np": np})  # the text was made here, from numbers
    except (ValueError, OverflowError, SyntaxError, NameError):
        return False
    return bool(made.dtype == array.dtype and made.shape == array.shape and made.tobytes() == array.tobytes())
