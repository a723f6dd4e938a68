"""What pools take of their windows: the largest element and where it stood, a sum, or a root of a sum of powers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.number_formats import computed_in, current, largest
from conformance.quantity import Array, Quantity, backward, divide, linked, quantity, scaled, unary, variable
from conformance.sums import move
from conformance.windows import collected, crossed, padded, sliding

LOWEST = -float(np.finfo(np.float32).max)
"""Where paddle's scan for the largest element begins, whatever the dtype."""
POWER = 3.0
"""Unit roundoffs of a power as vectorised kernels compute it."""


def pooled(length: int, kernel: int, stride: int, padding: int, ceiling: bool) -> int:
    """Windows along an axis; with ``ceiling`` the last may hang over, but begins within the image or the padding."""
    span = length + 2 * padding - kernel
    count = (-(-span // stride) if ceiling else span // stride) + 1
    return count - (ceiling and (count - 1) * stride >= length + padding)


def pool_windows(
    lengths: Sequence[int], kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], ceiling: bool
) -> list[Array]:
    """Those of a pool along each axis, as places or -1 outside of the image."""
    return [
        sliding(padded(n, p, p), k, s, 1, pooled(n, k, s, p, ceiling))
        for n, k, s, p in zip(lengths, kernel, stride, padding, strict=True)
    ]


def _planes(shape: Sequence[int], windows: Sequence[Array]) -> tuple[Array, tuple[int, ...]]:
    """Flat places of the elements of every window of every plane, [outputs, elements], and the shape of the outputs."""
    lying = crossed(windows, shape[2:])
    planes, image = math.prod(shape[:2]), math.prod(shape[2:])
    first = np.arange(planes)[:, None, None] * image
    whole = np.where(lying >= 0, first + lying, -1).reshape(-1, lying.shape[1])
    return whole, (*shape[:2], *(len(each) for each in windows))


def largest_of(x: Any, windows: Sequence[Array]) -> tuple[Quantity, Array]:
    """The first largest element of each window, or a NaN, and its place in its plane."""
    x = quantity(x)
    places, shape = _planes(x.shape, windows)
    values = np.where(places >= 0, x.value.ravel()[places], -np.inf)
    at = np.argmax(values, axis=1)  # the first of equal ones; a NaN is the largest of all
    first = np.argmax(places >= 0, axis=1)
    rows = np.arange(len(places))
    at = np.where(places[rows, at] >= 0, at, first)
    taken = places[rows, at].reshape(shape)
    return move(lambda array: array.ravel()[taken], x), taken % max(math.prod(x.shape[2:]), 1)


def largest_without_depth(x: Any, windows: Sequence[Array]) -> Quantity:
    """The same, where the gradient of a window of -inf goes to the place of its first element in the first layer."""
    x = quantity(x)
    found, at = largest_of(x, windows)
    planes = np.arange(found.value.size).reshape(found.shape) // max(math.prod(found.shape[2:]), 1)
    at = planes * math.prod(x.shape[2:]) + np.where(np.isneginf(found.value), at % math.prod(x.shape[3:]), at)
    rows = np.arange(found.value.size)
    return Quantity(found.value, found.error, linked((x, lambda g: collected(g, rows, at.ravel(), x.shape))))


def sums_of(x: Any, windows: Sequence[Array]) -> Quantity:
    """The sum of each window's elements in the image."""
    x = quantity(x)
    places, shape = _planes(x.shape, windows)
    inside = places >= 0
    output = np.broadcast_to(np.arange(len(places))[:, None], places.shape)
    return collected(x, places[inside], output[inside], shape)


def counts_of(windows: Sequence[Array]) -> Array:
    """How many elements each window has in the image."""
    found: Array = np.ones(())
    for each in windows:
        found = np.multiply.outer(found, (each >= 0).sum(axis=1))
    return found


def shared(x: Quantity, divisor: Any, units: float = 1) -> Quantity:
    """Sums divided by a count, in so many roundings; the gradient may be a product with the rounded reciprocal."""
    found = divide(x, divisor, units)
    exact = np.exp2(np.rint(np.log2(divisor))) == divisor
    return found.with_gradient(x, lambda g: divide(g, divisor, units if np.all(exact) else units + 1))


def shared_by_float32(x: Quantity, divisor: Any) -> Quantity:
    """The same with a gradient that is formed with a reciprocal in float32, in float64 too."""
    reciprocal = np.float32(1) / np.asarray(divisor, np.float32)
    return divide(x, divisor).with_gradient(x, lambda g: divide(g * quantity(reciprocal), 1.0, 2))


def rounded_to(name: str, function: Callable[[Quantity], Quantity], x: Quantity) -> Quantity:
    """``function`` of ``x`` rounded to a format and computed in it, there and back."""
    with computed_in(name):
        leaf = variable(x.value)
        found = function(scaled(leaf, 1.0))

    def gradient(g: Quantity) -> Quantity:
        with computed_in(name):
            (known,) = backward([(found, g)], [leaf])
        return quantity(np.zeros(x.shape)) if known is None else known

    return Quantity(found.value, found.error, linked((x, gradient)))


def power(x: Any, exponent: float) -> Quantity:
    """``x ** exponent``; the gradient is formed as exponent * x ** (exponent - 1)."""
    x = quantity(x)
    if exponent == 1:
        return x

    def gradient(g: Quantity, x: Quantity, y: Quantity) -> Quantity:
        return g * (power(x, exponent - 1) * exponent) if exponent != 2 else g * (x * 2.0)

    found = unary(
        lambda v: np.power(v, exponent), lambda v: exponent * np.power(v, exponent - 1), POWER, x, gradient, 2.0**23
    )
    if exponent != np.rint(exponent * 64) / 64:
        # The exponent itself is rounded, which the logarithm of x multiplies.
        with np.errstate(all="ignore"):
            more = np.abs(found.value * exponent * np.log(np.abs(x.value))) * current().unit
        found.error = found.error + np.nan_to_num(more, nan=0.0, posinf=np.inf)
    return found


def scattered(x: Any, places: Array, shape: tuple[int, ...]) -> Quantity:
    """An array of zeros of this shape, with the elements of ``x`` at these flat places, each of which occurs once."""
    x = quantity(x)
    value, error = np.zeros(math.prod(shape)), np.zeros(math.prod(shape))
    value[places.ravel()], error[places.ravel()] = x.value.ravel(), x.error.ravel()
    back = linked((x, lambda g: move(lambda array: array.ravel()[places].reshape(x.shape), g)))
    return Quantity(value.reshape(shape), error.reshape(shape), back)


def scanned(x: Any, windows: Sequence[Array]) -> Quantity:
    """Each window scanned by ``best = best > value ? best : value``, from the lowest number of float32 on.

    So -inf is never found, and a NaN is taken but loses to whatever follows it. The gradient goes to the first element
    that equals the result, which a NaN does not.
    """
    x = quantity(x)
    places, shape = _planes(x.shape, windows)
    inside, values = places >= 0, x.value.ravel()[places]
    best = np.full(len(places), LOWEST if largest() >= -LOWEST else -np.inf)
    for each, here in zip(values.T, inside.T, strict=True):
        best = np.where(here & ~(best > each), each, best)
    equal = inside & (values == best[:, None])
    found, at = equal.any(axis=1), equal.argmax(axis=1)
    taken = places[np.arange(len(places)), at]
    rows = np.arange(len(places))
    back = linked((x, lambda g: collected(g, rows[found], taken[found], x.shape)))
    return Quantity(best.reshape(shape), 0.0, back)
