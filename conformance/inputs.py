"""What the inputs of an operator are drawn from: their shapes by Hypothesis, their elements by a seeded generator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import dtypes
from conformance.number_formats import FORMATS
from conformance.strategies import array_shapes, integers, real

SPECIALS = (np.nan, np.inf, -np.inf, 0.0, -0.0)
SMALL = 4
"""Integers in the place of floating numbers are drawn from as far from 0."""


@dataclass(frozen=True)
class Floats:
    """A floating input; in a sample of another kind of dtype, one of small integers, truth values or complex numbers.

    low, high: its domain; points: values that it also takes, as where a formula is split. specials: whether NaN,
    infinities and zeros of both signs may stand in it. scale: of the drawn numbers. dtype: the one that it always has;
    without it, that of the sample. views: whether it may be a view of another tensor.
    """

    shape: tuple[int, ...]
    low: float = -np.inf
    high: float = np.inf
    points: tuple[float, ...] = ()
    specials: bool = True
    scale: float = 1.0
    dtype: str | None = None
    views: bool = True

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        """Numbers of one family, within the domain and the dtype. ends: integers hold both ends of their range too."""
        dtype = self.dtype or dtype
        if dtype in dtypes.COMPLEX:
            parts = [self._numbers(rng, dtypes.PARTS[dtype], family) for _ in range(2)]
            return np.asarray(parts[0] + 1j * parts[1], dtype)
        if dtype not in dtypes.FLOATS:
            return self._integers(rng, dtype, ends)
        array = self._numbers(rng, dtype, family)
        if self.points and array.size:
            places = rng.random(self.shape) < 0.3
            array = np.where(places, rng.choice(np.array(self.points), self.shape), array)
        return np.asarray(array, dtypes.named(dtype))

    def _numbers(self, rng: np.random.Generator, dtype: str, family: str) -> np.ndarray:
        if family == "whole":
            array = integers(rng, self.shape, 4, "float64")
        else:
            array = self.scale * real(rng, self.shape, family, "float64")
        if not (self.low == -np.inf and self.high == np.inf):
            array = self._within(rng, array)
        largest = FORMATS[dtype].largest
        return np.asarray(np.clip(array, -largest / 4, largest / 4), dtypes.named(dtype))

    def _within(self, rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
        """Numbers that lie outside are drawn anew inside, at the scale of the domain or of 1."""
        low, high = self.low, self.high
        if low > -np.inf and high < np.inf:
            inside = rng.uniform(low, high, self.shape)
        else:
            away = np.abs(array)
            inside = low + away if low > -np.inf else high - away
        return np.asarray(np.where((array > low) & (array < high), array, inside))

    def _integers(self, rng: np.random.Generator, dtype: str, ends: bool) -> np.ndarray:
        if dtype == "bool":
            return np.asarray(rng.random(self.shape) < 0.5)
        lowest, highest = dtypes.ends(dtype)
        low, high = max(self.low, lowest, -SMALL), min(self.high, highest, SMALL)
        if low > high:  # a domain beyond the small numbers
            low, high = (self.low, self.low + SMALL) if self.low > 0 else (self.high - SMALL, self.high)
        array = rng.integers(int(np.ceil(low)), int(np.floor(high)) + 1, self.shape).astype(dtype)
        points = [point for point in self.points if point == int(point) and lowest <= point <= highest]
        if points and array.size:
            array = np.where(rng.random(self.shape) < 0.3, rng.choice(points, self.shape), array)
        array = np.asarray(array, dtype)
        if ends and array.size > 1 and self.low == -np.inf and self.high == np.inf:
            far = rng.random(self.shape) < 0.3
            array = np.asarray(np.where(far, rng.integers(lowest, highest, self.shape), array), dtype)
            array.flat[[0, -1]] = lowest, highest
        return array

    def with_specials(self, rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
        """A fifth of the elements special, the first and the last among them; none of another dtype than floating."""
        if not (self.specials and array.size and dtypes.is_float(array)):
            return array
        chosen = np.asarray(rng.choice(np.array(SPECIALS), self.shape), array.dtype)
        places = np.asarray(rng.random(self.shape) < 0.2)
        if array.size > 4:
            places.flat[[0, -1]] = True
        return np.asarray(np.where(places, chosen, array))


@dataclass(frozen=True)
class Integers:
    """An integer input in [low, high), which also takes both ends, and is of its own dtype in every sample.

    points: values beyond these that some elements have.
    """

    shape: tuple[int, ...]
    low: int = -4
    high: int = 5
    dtype: str = "int64"
    points: tuple[int, ...] = ()

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        """Integers within the range."""
        array = rng.integers(self.low, self.high, self.shape).astype(self.dtype)
        if array.size > 1:
            array.flat[[0, -1]] = self.low, self.high - 1
        if self.points and array.size:
            chosen = rng.choice(np.array(self.points), self.shape)
            array = np.asarray(np.where(rng.random(self.shape) < 0.3, chosen, array), self.dtype)
        return array


@dataclass(frozen=True)
class Booleans:
    """An input of truth values."""

    shape: tuple[int, ...]

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        """Truth values, half of them true."""
        return np.asarray(rng.random(self.shape) < 0.5)


Structure = Mapping[str, Any]
"""Inputs by name: :class:`Floats` and the like are filled, and everything else is given as it is."""


def shapes(highest: int = 5, axes: int = 4, fewest: int = 0, empty: bool = True) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of few axes, with one long axis in half of the draws; 0-d and, now and then, without elements."""
    ordinary = array_shapes(highest, axes, max(fewest, 0), 0.5)
    nothing = st.lists(st.integers(1, 3), min_size=max(fewest, 1), max_size=3).map(lambda n: (0, *n[1:]))
    # one_of would take seven times the same strategy for one, and draw half of the shapes without elements.
    return st.integers(0, 7).flatmap(lambda n: nothing if n == 7 else ordinary) if empty else ordinary


def one(name: str = "x", fewest: int = 0, **domain: Any) -> st.SearchStrategy[Structure]:
    """A floating input of any shape; ``domain`` as in :class:`Floats`."""
    options = {key: domain.pop(key) for key in list(domain) if key not in Floats.__dataclass_fields__}
    return shapes(fewest=fewest).flatmap(
        lambda shape: st.fixed_dictionaries(
            {name: st.just(Floats(shape, **domain)), **{key: each(*values) for key, values in options.items()}}
        )
    )


def has_elements(structure: Structure) -> bool:
    """Whether every floating input has an element."""
    return all(0 not in spec.shape for spec in structure.values() if isinstance(spec, Floats))


def each(*values: Any) -> st.SearchStrategy[Any]:
    """One of several options; the first is the simplest."""
    return st.sampled_from(values)


@st.composite
def broadcast(draw: st.DrawFn, count: int = 2) -> list[tuple[int, ...]]:
    """Shapes that broadcast with each other: of one, some axes are 1 or, in front, left out."""
    whole = draw(shapes())
    found = []
    for place in range(count):
        keep = place == draw(st.integers(0, count - 1))
        shape = tuple(n if keep or n == 0 or draw(st.integers(0, 3)) else 1 for n in whole)
        found.append(shape if keep else shape[draw(st.integers(0, len(shape))) if draw(st.booleans()) else 0 :])
    return found


def two(one_name: str = "x", other_name: str = "y", first: Mapping[str, Any] | None = None, **second: Any) -> Any:
    """Two floating inputs that broadcast with each other."""
    return broadcast().map(
        lambda found: {one_name: Floats(found[0], **(first or {})), other_name: Floats(found[1], **second)}
    )
