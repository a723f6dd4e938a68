"""Values as Python source that gives the same bits again: readable where they are small, packed where they are not."""

from __future__ import annotations

import base64
import textwrap
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.report.sources import CannotInline

READABLE = 160
"""Arrays up to this many elements are written out."""
PLAIN = 2048
"""Bytes up to this length are written without compression, which gives other bytes with another zlib."""
LARGEST = 12 * 2**20
"""Characters of one script: more cannot be attached to an issue."""
WIDTH = 100


class TooLarge(CannotInline):
    """The data would make a script that cannot be attached to an issue."""


def literal(value: Any, indent: int = 0) -> str:
    """Source of a sample's value, for a script where ``np``, ``inf``, ``nan`` and :func:`unpack` are defined.

    Floats keep every bit, signs of zero and payloads of NaN included. Raises :class:`CannotInline` for what has no such
    source: arrays of objects, arrays too large to paste, and instances of other classes.
    """
    if isinstance(value, np.ndarray):
        return _array(value, indent)
    if isinstance(value, np.generic):
        return f"{_array(np.asarray(value), indent)}[()]"
    if isinstance(value, Mapping):
        pairs = [f"{literal(key)}: {literal(item, indent + 4)}" for key, item in value.items()]
        return _joined("{", pairs, "}", indent)
    if isinstance(value, list):
        return _joined("[", [literal(item, indent + 4) for item in value], "]", indent)
    if isinstance(value, tuple):
        return _joined("(", [literal(item, indent + 4) for item in value], ",)" if len(value) == 1 else ")", indent)
    if isinstance(value, bytes) and READABLE < len(value) <= PLAIN:
        return f"base64.b64decode({_lines(base64.b64encode(value).decode(), indent)})"
    if isinstance(value, bytes) and len(value) > READABLE:
        return f"zlib.decompress(base64.b64decode({_packed(value, indent)}))"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    raise CannotInline(f"the sample holds a {type(value).__name__}, which has no plain source")


def unpack(text: str, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array from the base64 of its zlib-compressed bytes."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).reshape(shape).copy()


def _array(array: np.ndarray, indent: int) -> str:
    if array.dtype.name == "bfloat16":  # which NumPy lacks; float32 has its numbers
        array = array.astype("float32")
    if array.dtype.kind not in "biufcUS":
        raise CannotInline(f"the sample holds an array of {array.dtype}, which has no plain source")
    code = array.dtype.name if array.dtype.isnative and array.dtype.kind in "biufc" else array.dtype.str
    if 0 < array.size <= READABLE:
        for items in (_shortest(array), array.tolist()):
            text = _readable(items, code, indent)
            if _same(text, array):
                return text
    if not array.size and code == array.dtype.name:
        return f"np.zeros({array.shape}, {code!r})"
    cycle = _cycle(array)
    if cycle is not None:
        return f"np.resize({_array(cycle, indent)}, {array.shape})"
    packed = _packed(np.ascontiguousarray(array).tobytes(), indent)
    return f"unpack({packed}, {code!r}, {array.shape})"


def _cycle(array: np.ndarray) -> np.ndarray | None:
    """The values that an array too large to be written out repeats, if that many can be."""
    if array.size <= READABLE:
        return None
    flat = np.ascontiguousarray(array).reshape(-1)
    raw, step = flat.tobytes(), flat.itemsize
    for period in range(step, READABLE * step + 1, step):
        if raw[period : 4 * period] == raw[: 3 * period][: len(raw) - period] and raw[period:] == raw[:-period]:
            return flat[: period // step]
    return None


def _shortest(array: np.ndarray) -> Any:
    """Nested lists with each float as the shortest text that names it in the array's own precision."""
    if array.dtype.kind != "f" or array.dtype.itemsize > 4:
        return array.tolist()
    if array.ndim:
        return [_shortest(item) for item in array]
    return _Text(str(array[()]))


class _Text(str):
    """Source that is already text."""

    __slots__ = ()

    __repr__ = str.__str__


def _readable(items: Any, code: str, indent: int) -> str:
    inline = f"np.array({items!r}, {code!r})"
    if len(inline) + indent <= WIDTH or not isinstance(items, list):
        return inline
    return f"np.array(\n{_rows(items, indent + 4)},\n{' ' * (indent + 4)}{code!r},\n{' ' * indent})"


def _rows(items: list[Any], indent: int) -> str:
    margin = " " * indent
    inline = margin + repr(items)
    if len(inline) <= WIDTH:
        return inline
    if isinstance(items[0], list):
        inner = ",\n".join(_rows(item, indent + 4) for item in items)
    else:
        deeper = margin + "    "
        inner = textwrap.fill(repr(items)[1:-1], WIDTH, initial_indent=deeper, subsequent_indent=deeper)
    return f"{margin}[\n{inner},\n{margin}]"


def _same(text: str, array: np.ndarray) -> bool:
    """Whether a readable literal gives the array's own bits; a NaN with a payload, for one, does not."""
    try:
        made = eval(text, {"np": np, "nan": np.nan, "inf": np.inf})  # the text was made here, from numbers
    except (ValueError, OverflowError, SyntaxError, NameError):
        return False
    return bool(made.dtype == array.dtype and made.shape == array.shape and made.tobytes() == array.tobytes())


def _packed(raw: bytes, indent: int) -> str:
    text = base64.b64encode(zlib.compress(raw, 6)).decode()
    if len(text) > LARGEST:
        raise TooLarge(f"an array of {len(raw) / 2**20:.0f} MiB is too large for a script")
    return _lines(text, indent)


def _lines(text: str, indent: int) -> str:
    """A text without spaces as one literal, or as several on lines of their own."""
    if len(text) + indent <= WIDTH:
        return repr(text)
    margin = " " * (indent + 4)
    lines = [f"\n{margin}{text[at : at + WIDTH]!r}" for at in range(0, len(text), WIDTH)]
    return "".join(lines)


def _joined(opening: str, parts: list[str], closing: str, indent: int) -> str:
    inline = opening + ", ".join(parts) + closing
    if len(inline) + indent <= WIDTH and "\n" not in inline:
        return inline
    margin = " " * indent
    return opening + "".join(f"\n{margin}    {part}," for part in parts) + f"\n{margin}{closing.lstrip(',')}"
