"""The dtypes that samples are drawn in, by kind. bfloat16 is that of ``ml_dtypes``, which is imported when it is used:
a lane's environment need not have it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8")
BOOLEAN = ("bool",)
COMPLEX = ("complex64", "complex128")
EVERY = (*FLOATS, *INTEGERS, *BOOLEAN)
"""Of calls that move or choose."""
DTYPES = (*EVERY, *COMPLEX)
PARTS = {"complex64": "float32", "complex128": "float64"}
"""The format of the real and of the imaginary part."""
WHOLE = {part: name for name, part in PARTS.items()}
"""The complex dtype of parts of a format, which a call may make of real numbers."""


@functools.cache
def named(name: str) -> np.dtype[Any]:
    """The NumPy dtype of a name."""
    if name.startswith(("bfloat", "float8")):
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(name)


@functools.cache
def name_of(dtype: np.dtype[Any]) -> str:
    """The name of a NumPy dtype, which NumPy puts together each time."""
    return dtype.name


def is_float(value: Any) -> bool:
    """Whether a value is an array of real floating numbers."""
    if not isinstance(value, np.ndarray):
        return False
    kind = value.dtype.kind
    return kind == "f" or (kind == "V" and name_of(value.dtype).startswith("bfloat"))


def has_gradient(value: Any) -> bool:
    """Whether a value is an array that frameworks have gradients of: of floating or complex numbers."""
    return is_float(value) or (isinstance(value, np.ndarray) and value.dtype.kind == "c")


def rounded_once(value: np.ndarray, name: str) -> np.ndarray:
    """Numbers in a floating format, each rounded once to the nearest, ties to even; overflow gives infinity.

    ``astype`` goes through float32 to the formats of ``ml_dtypes``, and rounds there too: of 1 + 2**-8 + 2**-40 it
    makes 1.0 in bfloat16. So float32 is rounded to odd here, after which a second rounding is that of the number itself
    (Boldo and Melquiond, Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd, 2008).
    """
    if value.dtype.kind not in "iuf" or named(name).isbuiltin == 1:
        return np.asarray(value.astype(named(name)))
    with np.errstate(over="ignore", invalid="ignore"):
        single = np.asarray(value.astype(np.float32))
        left = value.astype(np.longdouble) - single.astype(np.longdouble)
    bits = single.view(np.uint32)
    even = (bits & 1 == 0) & np.isfinite(single) & (left != 0)
    outwards = (left > 0) == (single > 0)
    odd = np.where(even, np.where(outwards | (single == 0), bits + np.uint32(1), bits - np.uint32(1)), bits)
    return np.asarray(odd.astype(np.uint32).view(np.float32).astype(named(name)))


def ends(name: str) -> tuple[int, int]:
    """The smallest and the largest number of an integer dtype; of int64, those that float64 arithmetic holds."""
    if name == "int64":
        return -(2**52), 2**52
    limits = np.iinfo(name)
    return int(limits.min), int(limits.max)


def wrapped(value: np.ndarray, name: str) -> np.ndarray:
    """Whole numbers as an integer dtype holds them: modulo its range; as truth values, whether they are not zero."""
    if name == "bool":
        return np.asarray(value != 0)
    if name == "int64":
        return np.asarray(value).astype(np.int64)
    low, high = ends(name)
    return np.asarray(np.mod(np.asarray(value) - low, high - low + 1) + low).astype(name)
