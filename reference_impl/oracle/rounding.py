"""Float64 arithmetic that carries, beside each value, how far a float32 computation may be from it.

Why this file exists: the oracles of the optimizers must say not only what a step should give, but how large the
rounding error of an honest float32 implementation can be, for these very numbers. Writing that bound by hand for each
formula is error-prone, so a formula is written once, on `Rounded` numbers, and the running error analysis (Wilkinson
1963; Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.3) yields the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conformance.extremes import largest_of, least_of
from conformance.number_formats import ignored

Array = NDArray[np.float64]

UNIT_ROUNDOFF = 2.0**-24
"""Half the distance from 1 to the next float32."""
HALF_SMALLEST_SUBNORMAL = 2.0**-150
"""What rounding to float32 loses, at most, where the result is subnormal."""
OVERFLOW_THRESHOLD = (2.0 - 2.0**-24) * 2.0**127
"""The least magnitude that rounds to infinity in float32."""
FAR_FROM_OVERFLOW = 2.0**120
"""Where values and errors are all below this, none can overflow, and nothing that could is looked for."""
FAR_FROM_UNDERFLOW = 2.0**-70
"""Where values are all above this, the rounding of a subnormal is lost beside theirs, in float64 too."""
BEYOND_SMALLEST = 2.0**1000
"""What brings any magnitude but 0 above half the smallest subnormal of float32."""
LEAST = 2.0**-1074
"""A divisor that no square root is below, unless it is 0."""
SLACK = 1.0 + 2.0**-20
"""What bounds of whole arrays are multiplied with, so that no rounding of the arrays goes beyond them."""
FEW = 2**15
"""Of so many elements NumPy takes the less of two arrays in half the time of an array and a number, or in less."""
HALVES = np.full(FEW, HALF_SMALLEST_SUBNORMAL)
LEASTS = np.full(FEW, LEAST)


@dataclass(frozen=True)
class Bounded:
    """A quantity of the oracle: a float32 lane's result x is right when |x - value| <= k * 2**-24 * scale + spread.

    k is a small measured constant (`benchmarks/optimizer_constants.py`); `spread` is what uncertain inputs do to the
    exact result and takes no constant. An infinite scale or spread means that the formula promises nothing for that
    element, not even a finite result: a radicand may cancel below zero, a denominator may round to zero, or a result
    lies within its error of the greatest float32.
    """

    value: Array
    scale: Array
    spread: Array = field(default_factory=lambda: np.zeros(()))

    def bound(self, constant: float) -> Array:
        """The allowed distance from `value`, as an array of its shape, for the given constant k."""
        allowed = np.asarray(constant * UNIT_ROUNDOFF * self.scale)
        return allowed if not self.spread.ndim and not self.spread else allowed + self.spread


Quantity = ArrayLike | Bounded


class Rounded:
    """A float64 array and the largest distance to it of the float32 array that the same formula gives.

    With `unit` = 2**-24 each operation adds the rounding of its own result; with `unit` = 0 only the errors of the
    inputs are propagated. Errors are worst-case and not only of first order: division and square root use the whole
    interval.
    """

    __array_priority__ = 1000
    __slots__ = ("_room", "error", "reach", "unit", "value")

    def __init__(self, value: object, error: object = 0.0, unit: float = UNIT_ROUNDOFF, reach: float = np.inf) -> None:
        self.value, self.error = _wide(value), _wide(error)
        self.unit = unit
        self.reach = reach
        """What no value and no error goes beyond; infinity where that is not known."""
        self._room: tuple[Array, float] | None = None

    @property
    def exact(self) -> bool:
        """Whether it is known to have no error anywhere."""
        return not self.error.ndim and not self.error

    def __add__(self, other: Rounded | float) -> Rounded:
        other = self._coerce(other)
        with ignored():
            return self._finish(self.value + other.value, self.error + other.error, other, self.reach + other.reach)

    def __neg__(self) -> Rounded:
        return Rounded(-self.value, self.error, self.unit, self.reach)

    def __sub__(self, other: Rounded | float) -> Rounded:
        other = self._coerce(other)
        with ignored():
            return self._finish(self.value - other.value, self.error + other.error, other, self.reach + other.reach)

    def __rsub__(self, other: float) -> Rounded:
        return self._coerce(other) - self

    def __mul__(self, other: Rounded | float) -> Rounded:
        other = self._coerce(other)
        number, array = (self, other) if self.value.ndim == 0 else (other, self)
        with ignored():
            # A coefficient errs by the same share everywhere.
            if number.value.ndim == 0 and 0.0 < (size := abs(float(number.value))) < np.inf:
                error = float(number.error)
                inherited = array.error * (size + error)
                reach = array.reach * (size + error)
                return self._finish(self.value * other.value, inherited, other, reach, share=error / size)
            reach = 3.0 * self.reach * other.reach
            return self._finish(self.value * other.value, _product_error(self, other), other, reach)

    def __truediv__(self, other: Rounded | float) -> Rounded:
        other = self._coerce(other)
        with ignored():
            quotient = self.value / other.value
            room, least = other.room()
            if least > 0.0:
                size, most = abs(quotient), self.reach / least
                if self.exact and other.exact and (most < np.inf or largest_of(size) < np.inf):
                    return self._finish(quotient, self.error, other, most, size=size)
                error = size * other.error
                error += self.error
                error /= room
                reach = max(most, (most * other.reach + self.reach) / least)
                return self._finish(quotient, error, other, reach, size=size)
            inherited = np.where(other.error > 0.0, abs(quotient) * other.error, 0.0)
            error = (self.error + inherited) / np.maximum(room, 0.0)
            return self._finish(quotient, error, other, lost=(room <= 0.0) & (other.error > 0.0))

    __radd__ = __add__
    __rmul__ = __mul__

    def room(self) -> tuple[Array, float]:
        """How far from 0 the number is at least, and the least of that: a formula divides by it more than once."""
        if self._room is None:
            room = abs(self.value) - self.error
            self._room = room, least_of(room)
        return self._room

    def sqrt(self, cancels: bool = False) -> Rounded:
        """The square root. `cancels`: the radicand is a difference, which float32 may make negative, hence NaN."""
        with ignored():
            root = np.sqrt(self.value)
            least = self.value - self.error
            if least_of(least) > 0.0 if cancels else least_of(least) >= 0.0:  # the root falls by more than it rises
                if self.exact:
                    return self._finish(root, self.error, self, self.reach**0.5)
                both = np.sqrt(least)
                both += root
                both = np.maximum(both, _each(LEASTS, both), out=both if both.ndim else None)
                return self._finish(root, self.error / both, self, self.reach**0.5)
            upper = self.error / (np.sqrt(self.value + self.error) + root)
            fall = np.minimum(self.error, self.value)
            lower = np.where(fall > 0.0, fall / (root + np.sqrt(np.maximum(least, 0.0))), 0.0)
            error = np.where(self.error > 0.0, np.maximum(upper, lower), 0.0)
            lost = (self.error > 0.0) & (abs(self.value) <= self.error) if cancels else None
            return self._finish(root, error, self, lost=lost)

    def _coerce(self, other: Rounded | float) -> Rounded:
        return other if isinstance(other, Rounded) else Rounded(other, 0.0, self.unit)

    def _finish(
        self,
        value: Array,
        error: Array,
        other: Rounded,
        reach: float = np.inf,
        *,
        lost: NDArray[np.bool_] | None = None,
        share: float = 0.0,
        size: Array | None = None,
    ) -> Rounded:
        """Add the rounding of `value`; what float32 cannot hold becomes infinite. Where `lost`, nothing is promised.

        `reach`: what neither the value nor the error goes beyond, where that is known. `share` is a further relative
        error of the value. `size`: its magnitude, which is written over.
        """
        unit = self.unit
        if unit or share:
            rounding = abs(value) if size is None else size
            lowest = least_of(rounding) if unit else np.inf
            subnormal: float | Array = HALF_SMALLEST_SUBNORMAL
            if not lowest > 0.0:  # of a zero nothing is lost
                subnormal = rounding * BEYOND_SMALLEST
                halves = _each(HALVES, subnormal)
                subnormal = np.minimum(subnormal, halves, out=subnormal if subnormal.ndim else None)
            rounding *= unit + share
            if not lowest > FAR_FROM_UNDERFLOW:
                rounding += subnormal
            if error.ndim <= rounding.ndim and (error.ndim or error):
                rounding += error
            error = rounding if error.ndim <= rounding.ndim else error + rounding
        if lost is None:
            # A NaN fails every comparison. An error that holds the value's rounding tells of its size too.
            reach = reach * (SLACK + unit + share) + 2.0 * HALF_SMALLEST_SUBNORMAL
            if reach < FAR_FROM_OVERFLOW:
                return Rounded(value, error, unit, reach)
            most = largest_of(error)
            if unit and most < FAR_FROM_OVERFLOW * UNIT_ROUNDOFF <= FAR_FROM_OVERFLOW * unit:
                return Rounded(value, error, unit, SLACK * most / unit)
            if most < FAR_FROM_OVERFLOW and (size_most := largest_of(abs(value))) < FAR_FROM_OVERFLOW:
                return Rounded(value, error, unit, max(most, size_most))
        magnitude = abs(value)
        distance = abs(magnitude - OVERFLOW_THRESHOLD)
        edge = np.isfinite(value) & (distance <= 8.0 * (error + UNIT_ROUNDOFF * magnitude))
        value = np.where(magnitude >= OVERFLOW_THRESHOLD, np.copysign(np.inf, value), value)
        promised = np.isfinite(self.error) & np.isfinite(other.error)
        error = np.where(np.isfinite(value), error, np.where(promised, 0.0, np.inf))
        nothing = edge | np.isnan(error) if lost is None else edge | np.isnan(error) | lost
        return Rounded(value, np.where(nothing, np.inf, error), self.unit)


def _wide(number: Any) -> Array:
    if type(number) is np.ndarray and number.dtype.char == "d":
        return number
    return np.asarray(number, dtype=np.float64)


def _each(numbers: Array, like: Array) -> Array | np.float64:
    """A number for each element of an array that has few, or the number."""
    shape = like.shape
    if len(shape) == 1 and shape[0] <= FEW:
        return numbers[: shape[0]]
    return numbers[: like.size].reshape(shape) if shape and like.size <= FEW else numbers[0]


def _product_error(one: Rounded, other: Rounded) -> Array:
    """What the errors of two factors make of their product; of a factor that has none, nothing is worked out."""
    if one.value.shape != other.value.shape:
        return np.asarray(abs(one.value) * other.error + abs(other.value) * one.error + one.error * other.error)
    pairs = [(a, b) for a, b in ((one, other), (other, one)) if b.error.ndim or b.error]
    if not pairs:
        return np.zeros(())
    error = abs(pairs[0][0].value)
    error *= pairs[0][1].error
    for a, b in pairs[1:]:
        inherited = abs(a.value)
        inherited *= b.error
        error += inherited
        error += one.error * other.error
    return np.asarray(error)


def constant(value: float, unit: float = UNIT_ROUNDOFF) -> Rounded:
    """A hyperparameter that a lane rounds to float32 before it is used."""
    return Rounded(value, unit * abs(value), unit, abs(value))


def square(number: Rounded) -> Rounded:
    """The product of a number with itself."""
    return number * number


def greater(one: Rounded, other: Rounded) -> Rounded:
    """The greater of each two elements, which is exact, and errs by no more than the worse of the two."""
    reach = max(one.reach, other.reach)
    return Rounded(np.maximum(one.value, other.value), np.maximum(one.error, other.error), one.unit, reach)


def either(one: Rounded, other: Rounded) -> Rounded:
    """A result that may be computed in either of two orders of evaluation, which are equal in exact arithmetic."""
    error, reach = np.maximum(one.error, other.error), max(one.reach, other.reach)
    if reach < np.inf:
        return Rounded(one.value, error, one.unit, reach)
    agree = np.isfinite(one.value) == np.isfinite(other.value)
    return Rounded(one.value, error if agree.all() else np.where(agree, error, np.inf), one.unit)
