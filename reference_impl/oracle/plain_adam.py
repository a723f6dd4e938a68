"""Adam's step on pieces of large parameters where nothing is out of the ordinary: the formula of `optimizers`, by hand.

Why this file exists: a `Rounded` operation looks for zeros, overflow and lost digits each time, and keeps nothing of
what the one before it found out. Here magnitudes and zeros are looked for once, and no array is made twice. Every
number is made by the same operations in the same order, so that both give the same bits, which a test compares; what
is not ordinary is left to the formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reference_impl.oracle.rounding import BEYOND_SMALLEST, FEW, HALVES, LEASTS, UNIT_ROUNDOFF, Array, Bounded

MOST = 2.0**40
"""Ordinary numbers, and their errors, are smaller."""
NEAREST = 2.0**-40
"""Ordinary denominators are larger, their errors subtracted."""


class Number:
    """A hyperparameter with its error: what an array times it errs by, for an exact array and of the array's error."""

    def __init__(self, value: float, error: float) -> None:
        self.value, self.error = value, error
        self.factor = UNIT_ROUNDOFF + error / value
        self.reach = value + error


def step(parameter: Any, gradient: Any, m: Any, v: Any, rule: Any, kept: Number) -> dict[str, Bounded] | None:
    """The parameter and its moments after a step, or ``None`` where something is not ordinary.

    `rule`: the numbers of the step, all of them positive; `kept`: the factor of the first moment.
    """
    # The square of the least number of float32 is no zero in float64.
    if not isinstance(gradient, np.ndarray) or gradient.dtype != np.float32 or isinstance(parameter, Bounded):
        return None
    shape = gradient.shape
    given = [_plain(each, shape) for each in (parameter, gradient, m, v)]
    if any(each is None for each in given) or not all(NEAREST < each < MOST for each in _numbers(rule, kept)):
        return None
    (weights, _), (slope, _), (first, first_error), (second, second_error) = given  # type: ignore[misc]
    steep = np.abs(slope)
    if not all(_most(each) < MOST for each in (np.abs(weights), steep, np.abs(first), first_error, second_error)):
        return None
    if not (_most(second) < MOST and second.item(second.argmin()) >= 0.0):
        return None

    no_slope = _lost(steep)
    m_value, m_error = _moment(first, first_error, kept, slope, steep, no_slope, 1.0 - rule.beta1)

    decay, share = _number(rule.beta2), _number(1.0 - rule.beta2)
    v_value = second * decay.value
    v_error = _rounded_alone(np.abs(v_value), decay.factor)
    if second_error is not None:
        v_error += second_error * decay.reach
    curve = share.value * steep
    curve_error = _rounded(curve.copy(), share.factor, no_slope)
    curve *= steep
    curve_error *= steep
    v_value += curve
    curve_error = np.add(_rounded(curve, UNIT_ROUNDOFF, no_slope), curve_error, out=curve_error)
    v_error += curve_error
    no_curve = _lost(v_value)
    v_error = np.add(_rounded(v_value.copy(), UNIT_ROUNDOFF, no_curve), v_error, out=v_error)

    least = v_value - v_error
    if not least.item(least.argmin()) >= 0.0:
        return None
    below = np.sqrt(v_value)
    np.sqrt(least, out=least)
    least += below
    np.maximum(least, LEASTS[: least.size], out=least)
    below_error = np.divide(v_error, least, out=least)
    below_error = np.add(_rounded(below.copy(), UNIT_ROUNDOFF, no_curve), below_error, out=below_error)
    correction, eps = _number(rule.correction), _number(rule.eps)
    below /= correction.value
    inherited = below * correction.error
    inherited += below_error
    inherited /= correction.value - correction.error
    below_error = np.add(_rounded(below.copy(), UNIT_ROUNDOFF, no_curve), inherited, out=inherited)
    below += eps.value
    below_error += eps.error
    below_error += below * UNIT_ROUNDOFF

    room = below - below_error
    if not room.item(room.argmin()) > NEAREST:
        return None
    no_moment, rate = _lost(np.abs(m_value)), _number(rule.rate)
    scaled = m_value * rate.value
    scaled_error = _rounded(np.abs(scaled), rate.factor, no_moment)
    scaled_error += m_error * rate.reach
    scaled /= below
    error = _error_of_quotient(np.abs(scaled), scaled_error, below_error, room, no_moment)
    turned = m_value / below
    turned_error = _error_of_quotient(np.abs(turned), m_error, below_error, room, no_moment)
    turned *= rate.value
    turned_error *= rate.reach
    turned_error += _rounded(np.abs(turned), rate.factor, no_moment)
    np.maximum(error, turned_error, out=error)
    if not _most(error) < MOST:
        return None
    moved = weights - scaled
    error += _rounded_alone(np.abs(moved), UNIT_ROUNDOFF)
    zero = np.zeros(())
    found = {"parameter": (moved, error), "m": (m_value, m_error), "v": (v_value, v_error)}
    for _, each in found.values():
        each /= UNIT_ROUNDOFF
    return {name: Bounded(value.reshape(shape), each.reshape(shape), zero) for name, (value, each) in found.items()}


def _moment(
    first: Array,
    first_error: Array | None,
    kept: Number,
    slope: Array,
    steep: Array,
    no_slope: Array,
    new: float,
) -> tuple[Array, Array]:
    """The first moment and its error."""
    share = _number(new)
    value = first * kept.value
    error = _rounded_alone(np.abs(value), kept.factor)
    if first_error is not None:
        error += first_error * kept.reach
    value += slope * share.value
    error += _rounded(steep * share.value, share.factor, no_slope)
    error += _rounded_alone(np.abs(value), UNIT_ROUNDOFF)
    return value, error


def _error_of_quotient(size: Array, above: Array, below: Array, room: Array, lost: Array) -> Array:
    """The error of a quotient of this size, whose two parts have these."""
    error = size * below
    error += above
    error /= room
    error += _rounded(size, UNIT_ROUNDOFF, lost)
    return error


def _number(value: float) -> Number:
    return Number(value, UNIT_ROUNDOFF * value)


def _numbers(rule: Any, kept: Number) -> tuple[float, ...]:
    """What an ordinary step multiplies with and divides by."""
    shares = (kept.value, 1.0 - rule.beta1, rule.beta2, 1.0 - rule.beta2)
    return (*shares, rule.rate, rule.correction, rule.eps)


def _plain(quantity: Any, shape: tuple[int, ...]) -> tuple[Array, Array | None] | None:
    """A piece in float64 with its error, ``None`` where it has none; ``None`` of what has an uncertain input."""
    value = quantity.value if isinstance(quantity, Bounded) else quantity
    wide: Array = np.asarray(value, np.float64)
    if isinstance(quantity, Bounded):
        spread = quantity.spread
        if wide.shape != shape or quantity.scale.shape != shape or spread.ndim or spread:
            return None
    if not wide.ndim:
        wide = np.broadcast_to(wide, shape)
    if wide.shape != shape or not shape or not 0 < wide.size <= FEW:
        return None
    return wide.reshape(-1), UNIT_ROUNDOFF * quantity.scale.reshape(-1) if isinstance(quantity, Bounded) else None


def _most(array: Array | None) -> float:
    """The largest element, NaN where one is."""
    return 0.0 if array is None else float(array.item(array.argmax()))


def _lost(size: Array) -> Array:
    """What is lost at most where results are subnormal: of a zero nothing."""
    lost = size * BEYOND_SMALLEST
    return np.minimum(lost, HALVES[: lost.size], out=lost)


def _rounded_alone(size: Array, factor: float) -> Array:
    """The rounding of results of this size, which is written over, whose zeros are not known."""
    return _rounded(size, factor, _lost(size))


def _rounded(size: Array, factor: float, lost: Array) -> Array:
    """The rounding of results of this size, which is written over."""
    size *= factor
    size += lost
    return size
