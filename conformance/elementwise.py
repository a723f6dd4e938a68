"""Elementwise functions of two quantities, and those that are constant between jumps.

As in :mod:`conformance.functions`: float64 values, gradients as kernels form them, and units of a kernel's rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance import dtypes
from conformance.functions import apply, together
from conformance.number_formats import current
from conformance.quantity import Array, Quantity, linked, made, quantity, times, where, without_gradient

POWER = 4.0
"""Units of a power; the largest seen of either framework, rounded up."""
SQUARE = 2.0
"""Units of a square, which a kernel may form by its power: correct to one in the last place, not to half of it."""
LENGTH = 3.0
"""Units of the length of a vector of two."""


def still(value: Any, x: Any, units: float = 0.0) -> Quantity:
    """A value of x that does not change with it: the gradient is 0, where it is promised. units: of rounding."""
    x = quantity(x)
    size = np.where(np.isfinite(value), np.abs(value), 0.0)
    return Quantity(value, units * current().unit * size, linked((x, lambda g: Quantity(np.zeros(x.shape)))))


def rounded_to(x: Any, decimals: int) -> Quantity:
    """x to so many decimals: a product that is rounded and divided again; near a half, either neighbour."""
    x = quantity(x)
    factor = 10.0**decimals
    grown = x.plain * factor if decimals >= 0 else x.plain / (1 / factor)
    whole = np.rint(grown.value)
    with np.errstate(invalid="ignore"):
        open_ = np.abs(np.abs(grown.value - whole) - 0.5) <= 2 * grown.error + current().unit * np.abs(grown.value)
        far = np.abs(grown.value) * current().unit > 0.25
    kept = quantity(whole) / factor if decimals >= 0 else quantity(whole) * (1 / factor)
    error = (
        np.where(open_ & np.isfinite(whole), 1 / factor, 0.0) + np.where(far, grown.error / factor, 0.0) + kept.error
    )
    error = np.where(np.isinf(grown.value) & np.isfinite(x.value), np.inf, error)
    return Quantity(kept.value, error, linked((x, lambda g: Quantity(np.zeros(x.shape)))))


def floor_quotient(x: Any, y: Any, mode: str) -> Quantity:
    """The integer of a quotient, rounded down ("floor") or towards 0 ("trunc"); the latter after the quotient was."""
    x, y = together(x, y)
    with np.errstate(all="ignore"):
        if mode == "floor":
            whole = np.floor_divide(x.value, y.value)
            loose = np.nan_to_num(2 * current().unit * np.abs(whole), posinf=0.0)
            return made(whole, np.where(loose > 0.2, np.maximum(loose, 1.0), 0.0), 1)
        name = dtypes.named(current().name)
        rounded, exact = np.trunc(x.value.astype(name) / y.value.astype(name)), np.trunc(x.value / y.value)
        # A kernel of both steps need not round the quotient in between.
        either = np.where(np.isfinite(rounded) & np.isfinite(exact), np.abs(rounded - exact), 0.0)
        return made(rounded, either.astype(np.float64), 1)


def power(x: Any, y: Any) -> Quantity:
    """x ** y; the gradient with respect to x is 0 where y is, and that of y is 0 at a zero of x that stays one."""
    x, y = together(x, y)
    with np.errstate(all="ignore"):
        value = np.power(x.value, y.value)
        value = np.where((x.value == -np.inf) & (np.abs(y.value) == 0.5), np.where(y.value > 0, np.inf, 0.0), value)
        error = times(y.value * value / x.value, x.error) + times(value * np.log(np.abs(x.value)), y.error)
        error = np.where((x.value < 0) & (y.error > 0), np.inf, error)  # where y may be whole
    found, square = made(value, error, POWER), made(value, error, SQUARE, exact=True)
    same = made(value, error, 1)
    errors = np.where(np.isin(y.value, (0.0, 1.0)), same.error, np.where(y.value == 2.0, square.error, found.error))
    result = Quantity(found.value, errors)

    def of_base(g: Quantity) -> Quantity:
        lower = power(x.plain, y.plain - 1.0)
        known, other = (g * y.plain) * lower, g * (y.plain * lower)
        return where(y.value == 0, 0.0, Quantity(known.value, np.maximum(known.error, other.error)))

    def of_exponent(g: Quantity) -> Quantity:
        zero = (x.value == 0) & (y.value >= 0)
        known = g * (result.plain * apply("log", where(zero, 1.0, x.plain)))
        return where(zero, 0.0, known)

    result.links = linked((x, of_base), (y, of_exponent))
    return result


def picked(x: Any, y: Any, choose: Callable[[Array, Array], Array], tied: float) -> Quantity:
    """The one of two that ``choose`` takes; tied: the first one's share of the gradient where both are equal."""
    x, y = together(x, y)
    value = choose(x.value, y.value)
    same = x.value == y.value
    first = np.where(same, tied, (value == x.value) & ~np.isnan(x.value))
    second = np.where(same, 1 - tied, (value == y.value) & ~np.isnan(y.value))
    found = Quantity(value, 0.0, linked((x, lambda g: g * first), (y, lambda g: g * second)))
    unknown = np.isnan(x.value) | np.isnan(y.value)
    return without_gradient(without_gradient(found, x, unknown), y, unknown)


def hypotenuse(x: Any, y: Any) -> Quantity:
    """The length of (x, y); NaN is the gradient of both at the origin."""
    x, y = together(x, y)
    with np.errstate(all="ignore"):
        found = made(np.hypot(x.value, y.value), 0.0, LENGTH)

    def along(side: Quantity) -> Callable[[Quantity], Quantity]:
        def gradient(g: Quantity) -> Quantity:
            known = result.plain  # as it was rounded to the dtype of the result
            first, second = g * (side.plain / known), (g * side.plain) / known
            return Quantity(first.value, np.maximum(first.error, second.error))

        return gradient

    found.links = linked((x, along(x)), (y, along(y)))
    infinite = np.isinf(x.value) | np.isinf(y.value)
    result = without_gradient(without_gradient(found, x, infinite), y, infinite)
    return result


def signed_as(x: Any, y: Any) -> Quantity:
    """The size of x with the sign of y; the gradient with respect to x is 0 at its zeros, that of y is 0."""
    x, y = together(x, y)
    value = np.copysign(x.value, y.value)
    turn = np.where(x.value == 0, 0.0, np.where(np.signbit(x.value) == np.signbit(value), 1.0, -1.0))
    return Quantity(value, 0.0, linked((x, lambda g: g * turn), (y, lambda g: Quantity(np.zeros(y.shape)))))
