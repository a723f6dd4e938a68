"""How far two models, or a model and its float64 run, may be apart, and what is said where they are farther."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

NOISES = 8.0
"""An error that is normal is within this many standard deviations of the rounding noise (6 for 1e9 elements)."""
UNIT = 2.0**-24
"""Half the distance of neighbouring float32 numbers at 1."""
CONSTANTS = 2.0**-20
"""Relative error of an update where each of some ten constants is kept in float32, as paddle's kernels keep them."""
LEAST = 1e-200
"""A sum of squares above it has lost nothing worth of note below what float64 can hold."""
NOISIER = 32.0
"""A model whose noise is this many times the other's computes in less precision."""


@dataclass(frozen=True)
class Difference:
    """What differs: a quantity, and how, in which element."""

    quantity: str
    detail: str


def noise(doubles: Sequence[Array], singles: Sequence[Array]) -> float:
    """Root mean square distance of runs in single precision from those in double, without the largest hundredth.

    A ReLU that rounding switched, say, is no rounding noise, and must not hide an error of the same size.
    """
    errors = np.concatenate([
        np.ravel(np.abs(single.astype(np.float64) - double)) for double, single in zip(doubles, singles, strict=True)
    ])  # fmt: skip
    errors = errors[np.isfinite(errors)]
    largest = len(errors) // 100
    return root_mean_square(np.partition(errors, -largest)[:-largest] if largest else errors)


def allowed(doubles: Sequence[Array], singles: Sequence[Array], least: float = 0.0) -> float:
    """How far two models may be apart in float64: see :data:`NOISES`. A single number may be right by luck.

    least: for models whose own precision is float64, and so show no noise of single precision.
    """
    if singles[0].dtype == np.float64:
        return NOISES * max(UNIT * root_mean_square(doubles[0]), least)
    level = noise(doubles, singles)
    if level or not _whole(doubles, singles):
        return NOISES * max(level, UNIT * root_mean_square(doubles[0]))
    return 0.0


def _whole(doubles: Sequence[Array], singles: Sequence[Array]) -> bool:
    """Whether single precision could have held every number on the way; one that overflowed shows no noise either."""
    held = all(
        bool((np.isfinite(single) | ~np.isfinite(double)).all())
        for double, single in zip(doubles, singles, strict=True)
    )
    return held and all(float(np.abs(double[np.isfinite(double)]).max(initial=0.0)) < 1 / UNIT for double in doubles)


def root_mean_square(array: Array) -> float:
    """Of what is finite in an array; 0 where nothing is."""
    if array.dtype.kind == "f" and array.size:
        flat = array.ravel(order="K")
        squares = float(np.einsum("i,i->", flat, flat, dtype=np.float64))
        if LEAST < squares < np.inf:
            return float(np.sqrt(squares / array.size))
    finite = np.abs(array[np.isfinite(array)], dtype=np.float64)
    largest = float(finite.max(initial=0.0))
    return largest * float(np.sqrt(np.mean(np.square(finite / largest)))) if largest else 0.0


def is_within(one: Array, other: Array, bound: Array | float) -> bool:
    """Whether all numbers are finite and within the bound of each other."""
    with np.errstate(invalid="ignore", over="ignore"):
        return bool((np.abs(other - one) <= bound).all())


def share(one: Array, other: Array, bound: float) -> float | None:
    """The largest part of one bound that is used; ``None`` where that is more than all, or something is not finite."""
    if not one.size:
        return 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.subtract(other, one)
    largest = max(float(apart.max()), -float(apart.min()))
    if not largest <= bound:
        return None
    return largest / bound if largest else 0.0


def used(one: Array, other: Array, bound: Array | float) -> float:
    """The largest part of a bound that is used, of what is finite; no part where there is no bound."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        apart = np.abs(other - one)
        if not apart.any():
            return 0.0
        parts = apart / bound
    largest = float(parts.max(initial=0.0))
    return largest if np.isfinite(largest) else float(np.where(np.isfinite(parts), parts, 0.0).max(initial=0.0))


def rows_used(one: Array, other: Array, relative: float) -> float:
    """An upper bound of how much any row differs by, in units of ``relative`` times the row's root mean square.

    A row is what one index of the first axis names. NaN or infinity where something is not finite, or where a row is
    too small to tell.
    """
    if not one.size:
        return 0.0
    first = one.reshape(one.shape[0] if one.ndim else 1, -1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        apart = np.subtract(other, one).reshape(first.shape)
        largest = np.maximum(apart.max(axis=1), -apart.min(axis=1))
        if not largest.any():
            return 0.0
        squares = np.einsum("ij,ij->i", first, first)
        parts = np.where(largest == 0, 0.0, largest / (relative * np.sqrt(squares / first.shape[1])))
        return float(parts.max()) if (squares[largest > 0] > LEAST).all() else np.inf


def difference(quantity: str, one: Array, other: Array, bound: Array | float) -> Difference | None:
    """The largest error of ``other`` in units of ``bound``, where that is above 1; NaN and infinities must be equal."""
    if one.shape != other.shape:
        return Difference(quantity, f"has shape {list(one.shape)} in torch and {list(other.shape)} in paddle")
    if one.dtype != other.dtype:
        return Difference(quantity, f"is {one.dtype} in torch and {other.dtype} in paddle")
    if one.dtype.kind not in "fc":
        unequal = np.argwhere(one != other)
        if not len(unequal):
            return None
        at = tuple(unequal[0])
        return Difference(quantity, f"differs at {[int(i) for i in at]}: torch {one[at]}, paddle {other[at]}")
    if is_within(one, other, bound):
        return None
    special = np.isnan(one) != np.isnan(other)
    special |= np.isinf(one) | np.isinf(other)
    special &= one != other
    if special.any():
        at = tuple(np.argwhere(special)[0])
        return Difference(quantity, f"differs at {[int(i) for i in at]}: torch {one[at]}, paddle {other[at]}")
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        errors = np.nan_to_num(np.abs(other - one), nan=0.0, posinf=0.0)
        ratios = np.where(errors == 0, 0.0, errors / bound)
    if not ratios.size or not (ratios > 1).any():
        return None
    at = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    bounds = np.broadcast_to(bound, errors.shape)
    return Difference(
        quantity,
        f"differs by {errors[at]:.3g} at {[int(i) for i in at]} (torch {one[at]:.9g}, paddle {other[at]:.9g}); "
        f"{bounds[at]:.2g} is what rounding in single precision makes normal",
    )
