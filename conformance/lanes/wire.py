"""Samples and observations as bytes, between interpreters that may have different releases of Python and NumPy.

``marshal`` carries numbers, text, bytes, lists and dictionaries as they are, in microseconds; it has no word for an
array. Tuples are therefore written with a tag in front: ``("tuple", items)``, ``("array", dtype, shape, bytes)`` or
``("scalar", dtype, bytes)``. Arrays arrive in C order, bit for bit. bfloat16 and float8 are those of ``ml_dtypes``,
which an interpreter needs for these alone.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

VERSION = 4
"""The format of marshal that every Python since 3.4 reads and writes."""


class WireError(TypeError):
    """A value is not plain data."""


def pack(value: Any) -> bytes:
    """The bytes of plain data; :class:`WireError` names the type of what is not."""
    return marshal.dumps(_tagged(value), VERSION)


def unpack(data: bytes, writable: bool = True) -> Any:
    """The inverse of :func:`pack`. Arrays that need not be ``writable`` are not copied."""
    return _untagged(marshal.loads(data), writable)


def head(data: bytes) -> tuple[Any, Any]:
    """The first two items of a packed tuple, whatever the others are."""
    items = marshal.loads(data)[1]
    return items[0], _untagged(items[1], False)


def _tagged(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise WireError("an array of Python objects is not plain data")
        return ("array", _code(value.dtype), value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return ("scalar", _code(value.dtype), value.tobytes())
    if isinstance(value, tuple):
        return ("tuple", [_tagged(item) for item in value])
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _tagged(item) for key, item in value.items()}
    if value is None or type(value) in (bool, int, float, complex, str, bytes):
        return value
    raise WireError(f"a {type(value).__module__}.{type(value).__qualname__} is not plain data")


def _code(dtype: np.dtype[Any]) -> str:
    """What names a dtype on the other side: those of ml_dtypes have no code of their own."""
    return dtype.str if type(dtype).__module__ == "numpy.dtypes" else dtype.name


def _dtype(code: str) -> np.dtype[Any]:
    try:
        return np.dtype(code)
    except TypeError:  # one of ml_dtypes, which tells NumPy its names when it is imported
        try:
            import ml_dtypes
        except ImportError:
            raise WireError(f"an array of {code} needs ml_dtypes, which is not installed in {sys.executable}") from None
        return np.dtype(getattr(ml_dtypes, code))


def _untagged(value: Any, writable: bool) -> Any:
    if isinstance(value, tuple):
        kind, *rest = value
        if kind == "tuple":
            return tuple(_untagged(item, writable) for item in rest[0])
        if kind == "scalar":
            return np.frombuffer(rest[1], _dtype(rest[0]))[0]
        dtype, shape, data = _dtype(rest[0]), *rest[1:]
        array = np.frombuffer(data, dtype) if dtype.itemsize else np.zeros(shape, dtype)
        return (array.copy() if writable else array).reshape(shape)
    if isinstance(value, list):
        return [_untagged(item, writable) for item in value]
    if isinstance(value, dict):
        return {key: _untagged(item, writable) for key, item in value.items()}
    return value
