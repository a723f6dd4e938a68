"""Whether two float64 runs hold the same numbers, as they are or in another layout that later layers may absorb."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conformance.porting.bounds import Array, root_mean_square

ALIKE = 2.0**-21
"""Relative to a tensor's root mean square, what float64 runs differ by at most where constants are kept in float32."""
MASKS = -1000.0
"""What is added to a score, relative to others, so that a softmax gives it nothing."""
MOST_AXES = 6
"""Layouts of more axes are not tried: there are too many."""


def alike(one: Sequence[Array], other: Sequence[Array]) -> bool:
    """Whether two layers' arrays are the same, as float64 runs show it."""
    return len(one) == len(other) and all(near(first, second) for first, second in zip(one, other, strict=True))


def near(one: Array, other: Array) -> bool:
    """Whether two arrays are the same: see :data:`ALIKE`."""
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "fc" and other.dtype.kind not in "fc":
        return bool((one == other).all())
    return bool(np.allclose(other, one, rtol=ALIKE, atol=ALIKE * root_mean_square(one), equal_nan=True))


@dataclass(frozen=True)
class Layout:
    """How one array must be laid out to be the other. constant: axes of each along which nothing changes, of which
    the first is taken; axes: an order of what is left, of the one or the other."""

    constant: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    axes: tuple[tuple[int, ...] | None, tuple[int, ...] | None] = (None, None)

    def gradients(self, one: Array, other: Array) -> tuple[Array, Array]:
        """The gradients of both arrays in one layout: where one is repeated, they add up."""
        return _laid(_summed(one, self.constant[0]), self.axes[0]), _laid(
            _summed(other, self.constant[1]), self.axes[1]
        )


def layout(one: Array, other: Array) -> Layout | None:
    """How both are the same numbers up to a reshape, an order of axes or a broadcast; ``None`` where they are not."""
    if near(one, other):
        return Layout()
    return Reduced(one).layout(Reduced(other))


class Reduced:
    """An array without the axes along which nothing changes, and what tells it from others at once."""

    def __init__(self, array: Array) -> None:
        constant = [axis for axis, length in enumerate(array.shape) if length > 1 and _is_constant(array, axis)]
        kept = array[tuple(slice(0, 1) if axis in constant else slice(None) for axis in range(array.ndim))]
        self.constant = tuple(constant)
        self.kept = np.squeeze(kept) if kept.dtype.kind in "fc" else np.squeeze(kept).astype(np.float64)
        self.kept = _masked(self.kept)
        self.size, self.whole = self.kept.size, array.size
        self.level = root_mean_square(self.kept)
        self._ordered: Array | None = None

    @property
    def ordered(self) -> Array:
        """Its numbers in their order."""
        if self._ordered is None:
            self._ordered = np.sort(self.kept, axis=None)
        return self._ordered

    def layout(self, other: Reduced) -> Layout | None:
        """As :func:`layout`."""
        larger, smaller = max(self.whole, other.whole), max(min(self.whole, other.whole), 1)
        if self.size != other.size or larger % smaller:
            return None
        if not np.isclose(self.level, other.level, rtol=8 * ALIKE, atol=0.0):
            return None
        constant = (self.constant, other.constant)
        one, two = self.kept, other.kept
        if near(one.ravel(), two.ravel()):
            return Layout(constant)
        if max(one.ndim, two.ndim) > MOST_AXES or not near(self.ordered, other.ordered):
            return None
        axes = _turned(one, two)
        if axes is not None:
            return Layout(constant, (axes, None))
        axes = _turned(two, one)
        return None if axes is None else Layout(constant, (None, axes))


def _turned(one: Array, other: Array) -> tuple[int, ...] | None:
    """The order of the axes of ``one`` in which its numbers come as in ``other``; some of them are looked at first."""
    flat = other.ravel()
    some = np.linspace(0, one.size - 1, min(one.size, 64)).astype(int)
    scale = ALIKE * root_mean_square(flat)
    for axes in itertools.permutations(range(one.ndim)):
        turned = one.transpose(axes)
        found = turned.flat[some]
        if np.allclose(found, flat[some], rtol=ALIKE, atol=scale, equal_nan=True) and near(turned.ravel(), flat):
            return axes
    return None


def _is_constant(array: Array, axis: int) -> bool:
    first = array.take([0], axis)
    return bool(((array == first) | ((array != array) & (first != first))).all())


def _summed(array: Array, axes: tuple[int, ...]) -> Array:
    return np.squeeze(array.sum(axis=axes, keepdims=True))


def _laid(array: Array, axes: tuple[int, ...] | None) -> Array:
    return (array if axes is None else array.transpose(axes)).ravel()


def _masked(array: Array) -> Array:
    """The array with minus infinity for what is there to vanish in a softmax: numbers below -1000 times all others.

    The exponential of -1000 is 0, so that -10000, -1e9 and minus infinity mask alike.
    """
    if array.dtype.kind != "f" or not array.size or not (array <= MASKS).any():
        return array
    rest = array[array > MASKS]
    largest = max(1.0, float(np.abs(rest[np.isfinite(rest)]).max(initial=0.0)))
    return np.where(array <= MASKS * largest, -np.inf, array)


class Pool:
    """Arrays, of which those can be found that hold the numbers of another one in any layout."""

    def __init__(self, arrays: Sequence[Array | None]) -> None:
        self._arrays = arrays
        self._by_size: dict[int, list[tuple[float, int, Reduced]]] = {}
        for place, array in enumerate(arrays):
            if array is not None:
                made = Reduced(array)
                self._by_size.setdefault(made.size, []).append((made.level, place, made))

    def find(self, array: Array) -> list[int]:
        """Places of the arrays that hold the same numbers."""
        made = Reduced(array)
        return [place for _, place, each in self._by_size.get(made.size, []) if made.layout(each) is not None]
