"""Elementwise and structural operations on the tape, each with the first-order variance of its own float32 rounding.

Reshaping, slicing and joining round nothing and only pass variances on. The accuracy that sigmoid and tanh are assumed
to have is SIGMOID and TANH units of the last place; frameworks use vectorised approximations, not correctly rounded
functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reference_impl.oracle import elementary
from reference_impl.oracle.convolution import Array
from reference_impl.oracle.tape import SMALLEST, SMALLEST_NORMAL, Kink, Variable, flip_distance, variance_of

SIGMOID = 2.0
TANH = 3.0


def add(left: Variable, right: Variable, correlated: bool = False) -> Variable:
    """left + right, of one shape; ``correlated`` adds their errors and not the variances, for sums over time."""
    value = left.value + right.value
    variance = variance_of(left) + variance_of(right) + np.square(value)
    if correlated:
        variance += 2.0 * np.sqrt(variance_of(left) * variance_of(right))

    def run(gradient: Array, gradient_variance: Array) -> None:
        for parent in (left, right):
            if parent.needs_gradient:
                parent.accumulate(gradient, gradient_variance)

    return left.tape.record(value, variance, (left, right), run)


def product_variance(
    unit: float, a: Array, a_variance: Array | float, b: Array, b_variance: Array | float
) -> Array | float:
    """Variance that a * b inherits, of second order too: beside a saturated gate errors are as large as values."""
    return np.square(a) * b_variance + (np.square(b) + unit**2 * b_variance) * a_variance


def multiply(left: Variable, right: Variable) -> Variable:
    """left * right, of one shape."""
    floor = left.tape.floor()

    def product(a: Array, a_variance: Array | float, b: Array, b_variance: Array | float) -> tuple[Array, Array]:
        value = a * b
        return value, product_variance(left.tape.unit, a, a_variance, b, b_variance) + np.square(value) + floor

    def run(gradient: Array, gradient_variance: Array) -> None:
        for parent, other in ((left, right), (right, left)):
            if parent.needs_gradient:
                parent.accumulate(*product(gradient, gradient_variance, other.value, variance_of(other)))

    value, variance = product(left.value, variance_of(left), right.value, variance_of(right))
    return left.tape.record(value, variance, (left, right), run)


def scale(x: Variable, factor: Array | float) -> Variable:
    """x times a constant that float32 holds exactly up to one rounding (a coefficient, a dropout mask)."""
    factor = np.asarray(factor, np.float64)
    square, floor = np.square(factor), x.tape.floor()
    value = x.value * factor

    def run(gradient: Array, gradient_variance: Array) -> None:
        scaled = gradient * factor
        x.accumulate(scaled, square * gradient_variance + 2.0 * np.square(scaled) + floor)

    return x.tape.record(value, square * variance_of(x) + 2.0 * np.square(value) + floor, (x,), run)


def one_minus(x: Variable) -> Variable:
    """1 - x."""
    value = 1.0 - x.value

    def run(gradient: Array, gradient_variance: Array) -> None:
        x.accumulate(-gradient, gradient_variance)

    return x.tape.record(value, variance_of(x) + np.square(value), (x,), run)


def relu(x: Variable, lane: Array | None = None, name: str = "relu", source: str | None = None) -> Variable:
    """max(x, 0), with gradient 0 at 0.

    ``lane`` holds a framework's own values of ``x`` (or of relu(x)): its signs then decide which elements pass, forward
    and backward, and the flipped decisions are reported on the tape as a `Kink`. ``source`` is the name under which a
    lane's values of x will be known, for `Tape.decisions`.
    """
    mask = x.value > 0
    if lane is not None:
        decided = np.asarray(lane).reshape(x.shape) > 0
        flipped = decided != mask
        distance = 0.0
        if flipped.any():
            distance = flip_distance(np.abs(x.value), x.variance, x.tape.unit, flipped)
        x.tape.kinks.append(Kink(name, mask.size, int(np.count_nonzero(flipped)), distance))
        mask = decided
    x.tape.decide(source, lambda values: bool(np.array_equal(values > 0, mask)))
    variance = None if x.variance is None else x.variance * mask

    def run(gradient: Array, gradient_variance: Array | None) -> None:
        x.accumulate(gradient * mask, None if gradient_variance is None else gradient_variance * mask)

    return x.tape.record(x.value * mask, variance, (x,), run)


def _activation(
    x: Variable, value: Array, slope: Array, rounding: Array, slope_error: Callable[[Array], Array]
) -> Variable:
    """An elementwise function of known value and slope; ``rounding`` is the variance of its own evaluation.

    Frameworks form the slope from the rounded value; ``slope_error`` turns that value's variance into the slope's.
    """
    floor = x.tape.floor()
    variance = np.square(slope) * variance_of(x) + rounding
    slope_variance = slope_error(variance)

    def run(gradient: Array, gradient_variance: Array) -> None:
        result = gradient * slope
        inherited = product_variance(x.tape.unit, gradient, gradient_variance, slope, slope_variance)
        x.accumulate(result, inherited + 3.0 * np.square(result) + floor)

    return x.tape.record(value, variance, (x,), run)


def sigmoid(x: Variable) -> Variable:
    """1 / (1 + exp(-x)). The gradient is formed as g * y * (1 - y) from the rounded y, as frameworks do."""
    value = elementary.sigmoid(x.value)
    # Where exp(-x) overflows, 1 / (1 + inf) is 0 although the true value may still be a subnormal number.
    vanishing = x.tape.floor(SMALLEST_NORMAL / SMALLEST)
    rounding = np.square(SIGMOID * value) + vanishing
    slope = value * elementary.sigmoid(-x.value)
    return _activation(x, value, slope, rounding, lambda variance: np.square(1.0 - 2.0 * value) * variance)


def tanh(x: Variable) -> Variable:
    """Hyperbolic tangent. The gradient is formed as g * (1 - y**2) from the rounded y, as frameworks do."""
    value = np.tanh(x.value)
    square = np.square(value)
    slope = 4.0 * elementary.sigmoid(2.0 * x.value) * elementary.sigmoid(-2.0 * x.value)
    rounding = np.square(TANH * value) + x.tape.floor()
    return _activation(x, value, slope, rounding, lambda variance: square * (4.0 * variance + square))


def reshape(x: Variable, shape: tuple[int, ...]) -> Variable:
    """The same elements in another shape."""
    original = x.shape
    variance = None if x.variance is None else x.variance.reshape(shape)

    def run(gradient: Array, gradient_variance: Array | None) -> None:
        spread = None if gradient_variance is None else gradient_variance.reshape(original)
        x.accumulate(gradient.reshape(original), spread)

    return x.tape.record(x.value.reshape(shape), variance, (x,), run)


def flatten(x: Variable) -> Variable:
    """[N, ...] to [N, features]."""
    return reshape(x, (x.shape[0], -1))


def unstack(x: Variable, axis: int) -> list[Variable]:
    """All slices of ``x`` along ``axis``; their gradients are gathered in one array."""
    return split(x, x.shape[axis], axis, keep=False)


def split(x: Variable, parts: int, axis: int, keep: bool = True) -> list[Variable]:
    """``parts`` equal pieces of ``x`` along ``axis``; with ``keep=False`` the axis, then of length 1, is dropped."""
    width = x.shape[axis] // parts
    gathered: list[Array] = []

    def piece(number: int) -> Variable:
        index: list[slice | int] = [slice(None)] * len(x.shape)
        index[axis] = slice(number * width, (number + 1) * width) if keep else number
        where = tuple(index)

        def run(gradient: Array, gradient_variance: Array) -> None:
            if not gathered:
                gathered.extend((np.zeros(x.shape), np.zeros(x.shape)))
            gathered[0][where] = gradient
            gathered[1][where] = gradient_variance

        return x.tape.record(x.value[where], None if x.variance is None else x.variance[where], (x,), run)

    def finish() -> None:
        if gathered:
            x.accumulate(gathered[0], gathered[1])

    # Recorded before the pieces, hence run after all of them: it hands the gathered gradient on.
    x.tape.record_always(finish, (x,))
    return [piece(number) for number in range(parts)]


def stack(parts: Sequence[Variable], axis: int) -> Variable:
    """Join equal shapes along a new ``axis``."""
    return _join(parts, np.stack([part.value for part in parts], axis), axis, keep=False)


def concatenate(parts: Sequence[Variable], axis: int) -> Variable:
    """Join along an existing ``axis``; the parts must have equal lengths there."""
    return _join(parts, np.concatenate([part.value for part in parts], axis), axis, keep=True)


def _join(parts: Sequence[Variable], value: Array, axis: int, keep: bool) -> Variable:
    join = np.concatenate if keep else np.stack
    variance = join([np.broadcast_to(variance_of(part), part.shape) for part in parts], axis)

    def run(gradient: Array, gradient_variance: Array) -> None:
        for number, part in enumerate(parts):
            index: list[slice | int] = [slice(None)] * value.ndim
            width = part.shape[axis] if keep else 1
            index[axis] = slice(number * width, (number + 1) * width) if keep else number
            where = tuple(index)
            if part.needs_gradient:
                part.accumulate(gradient[where], gradient_variance[where])

    return parts[0].tape.record(value, variance, tuple(parts), run)
