"""Many numbers that are made where they are needed, and how far sums of a million may be off.

A sample says which numbers, and holds none: a lane makes them of NumPy, as the oracle does. Every oracle takes the
``roundings`` that a sum of so many terms may make: :func:`conformance.sums.owed` of a correct kernel, and
:func:`one_by_one` of one that adds them one after another.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample
from conformance.sums import owed

U = 2.0**-24
EQUAL = 0.6931
"""A number whose partial sums are rounded the same way over long stretches."""
COUNTS = (2**20, 2**20 + 2**12)
Roundings = Callable[[Any], Any]


def one_by_one(count: Any) -> Any:
    """Roundings of a sum whose terms are added one after another."""
    return count


@functools.lru_cache(maxsize=4)
def numbers(kind: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Equal positive ones, or normal ones around a mean; nobody writes to them."""
    if kind == "equal":
        return np.full(shape, EQUAL, np.float32)
    generator = np.random.Generator(np.random.PCG64(seed))
    return (float(kind) + generator.standard_normal(shape)).astype(np.float32)


def samples(calls: tuple[str, ...], *kinds: str) -> st.SearchStrategy[list[Sample]]:
    """Every call once, each on about a million numbers of one kind."""
    drawn = st.tuples(st.sampled_from(kinds or ("equal",)), st.sampled_from(COUNTS), st.integers(0, 2**16))
    return drawn.map(
        lambda found: [Sample({"call": call, "kind": found[0], "count": found[1], "seed": found[2]}) for call in calls]
    )


def placed(call: str, count: int) -> tuple[tuple[int, ...], int | None]:
    """The shape of a call's numbers and the axis that it reduces, which its name ends with: all, rows or columns."""
    return {"all": ((count,), None), "rows": ((count // 4, 4), 0), "columns": ((4, count // 4), 1)}[
        call.rsplit("_", 1)[1]
    ]


def total(terms: Any, axis: int | None, roundings: Roundings) -> tuple[Any, Any]:
    """The float64 sum of float32 terms, and how far a float32 sum may be off."""
    terms = np.asarray(terms, np.float64)
    count = terms.size if axis is None else terms.shape[axis]
    return terms.sum(axis), U * roundings(count) * np.abs(terms).sum(axis)


def centre(x: Any, axis: int | None, roundings: Roundings) -> tuple[Any, Any, Any, Any, int]:
    """Distances from the mean, how far that may be off, the mean square and its error, and the count."""
    x = np.asarray(x, np.float64)
    count = x.size if axis is None else x.shape[axis]
    moved = x - x.mean(axis, keepdims=True)
    off = U * (roundings(count) + 2) * np.abs(x).mean(axis, keepdims=True)
    square = (moved * moved).mean(axis, keepdims=True)
    return moved, off, square, off * off + U * (roundings(count) + 8) * square, count


def of_squares(x: Any, axis: int, roundings: Roundings) -> Any:
    """How far a variance may be off that is the mean of squares less the square of the mean."""
    x = np.asarray(x, np.float64)
    return 2 * U * (roundings(x.shape[axis]) + 4) * (x * x).mean(axis, keepdims=True)


def near(value: Any, bound: Any = 0.0, units: float = 3.0) -> Acceptance:
    """Some units of the value are added to a bound: the last operations."""
    value = np.asarray(value, np.float64)
    return Acceptance(value, bound + units * U * np.abs(value), dtype="float32")


__all__ = [
    "EQUAL",
    "Roundings",
    "U",
    "centre",
    "near",
    "numbers",
    "of_squares",
    "one_by_one",
    "owed",
    "placed",
    "samples",
    "total",
]
