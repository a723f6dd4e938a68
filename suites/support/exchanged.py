"""Arrays [4, 6] that a framework is given, or gives back: every dtype, in every layout."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Sample
from conformance.strategies import generator, seeds

COMMON = (
    "float32",
    "float64",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "complex128",
)
UNSIGNED = ("uint16", "uint32", "uint64")


def laid_out(numbers: np.ndarray, layout: str) -> np.ndarray:
    """A view with some of the numbers [4, 6]."""
    if layout == "transposed":
        return numbers.T
    if layout == "sliced":
        return numbers[1::2, ::3]
    if layout == "fortran":
        return np.asfortranarray(numbers)
    if layout == "repeated":
        return np.lib.stride_tricks.as_strided(numbers, (3, 6), (0, numbers.strides[1]))
    if layout == "reversed":
        return numbers[::-1]
    return {"0-d": numbers[0, 0:1].reshape(()), "empty": numbers[:0]}.get(layout, numbers)


def numbers_of(seed: int, dtype: str) -> np.ndarray:
    """Numbers [4, 6] of a dtype, with those of both ends of an integer's range."""
    rng = generator(seed)
    if dtype == "bool":
        return rng.random((4, 6)) < 0.5
    if np.dtype(dtype).kind in "fc":
        drawn = rng.standard_normal((4, 6))
        return (drawn + 1j * drawn[::-1]).astype(dtype) if dtype.startswith("c") else drawn.astype(dtype)
    ends = np.iinfo(dtype)
    drawn = rng.integers(ends.min, ends.max, (4, 6), np.dtype(dtype), endpoint=True)
    drawn[0, :2] = ends.min, ends.max
    return np.asarray(drawn)


def arrays(dtypes: tuple[str, ...], layouts: tuple[str, ...], **more: Any) -> st.SearchStrategy[list[Sample]]:
    """An array of every dtype, each in some layout."""

    def make(seed: int, chosen: list[str]) -> list[Sample]:
        return [
            Sample({"numbers": numbers_of(seed, dtype), "layout": layout, **more})
            for dtype, layout in zip(dtypes, chosen, strict=True)
        ]

    many = st.lists(st.sampled_from(layouts), min_size=len(dtypes), max_size=len(dtypes))
    return st.builds(make, seeds, many)


def named(tensor: Any) -> str:
    """The name of a tensor's dtype without the framework's."""
    return str(tensor.dtype).rpartition(".")[2]


VIEWS = ("contiguous", "transposed", "sliced", "expanded", "0-d", "empty")


def viewed(tensor: Any, view: str) -> Any:
    """A view of a tensor [4, 6] of either framework."""
    if view == "transposed":
        return tensor.t()
    if view == "sliced":
        return tensor[1:, ::2]
    if view == "expanded":
        return tensor[:1].expand([3, 6])
    return {"0-d": tensor[0, 1], "empty": tensor[:0]}.get(view, tensor)


def as_viewed(numbers: np.ndarray, view: str) -> np.ndarray:
    """The array that :func:`viewed` shows."""
    if view == "expanded":
        return np.broadcast_to(numbers[:1], (3, 6))
    return np.asarray(numbers.T if view == "transposed" else viewed(numbers, view))


__all__ = ["COMMON", "UNSIGNED", "VIEWS", "arrays", "as_viewed", "laid_out", "named", "numbers_of", "viewed"]
