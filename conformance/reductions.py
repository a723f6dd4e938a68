"""Reductions of quantities: products, extremes, norms, logarithms of sums and running ones, along the last axis.

:func:`rows` brings the axes that are reduced to the end, as one; :func:`shaped` gives the result its place again.
Gradients are formed as the frameworks form them, also at zeros, at ties and at infinities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance import sums
from conformance.functions import apply, constant_power
from conformance.number_formats import current
from conformance.quantity import Array, Quantity, divide, linked, made, quantity, times, where, without_gradient
from conformance.sums import axes_of

PROBABLE = sums.PROBABLE
Axes = int | Sequence[int] | None


def rows(x: Any, axis: Axes) -> Quantity:
    """The array with the axes to be reduced at the end, as one."""
    x = quantity(x)
    if not x.ndim:
        return sums.move(lambda array: array.reshape(1), x)
    axes = axes_of(axis, x.ndim)
    kept = [place for place in range(x.ndim) if place not in axes]
    count = math.prod(x.shape[each] for each in axes)
    shape = (*(x.shape[each] for each in kept), count)
    return sums.move(lambda array: array.transpose(*kept, *sorted(axes)).reshape(shape), x)


def shaped(found: Quantity, like: tuple[int, ...], axis: Axes, keepdim: bool) -> Quantity:
    """The reduced array, with the reduced axes as 1 where they are kept."""
    if not keepdim or not like:
        return found
    axes = axes_of(axis, len(like))
    shape = tuple(1 if place in axes else length for place, length in enumerate(like))
    return sums.move(lambda array: array.reshape(shape), found)


def roundings(count: int) -> float:
    """How many roundings a chain of so many operations makes at most, in all likelihood."""
    return min(float(count), PROBABLE * math.sqrt(count)) if count else 0.0


def product(x: Any) -> Quantity:
    """Of the last axis; the gradient of an element is the product of the others, also where that element is 0."""
    x = quantity(x)
    count = x.shape[-1]
    with np.errstate(all="ignore"):
        value = np.prod(x.value, axis=-1)
        before = np.cumprod(np.concatenate([np.ones((*x.shape[:-1], 1)), x.value[..., :-1]], -1), -1)[..., :count]
        turned = x.value[..., ::-1]
        after = np.cumprod(np.concatenate([np.ones((*x.shape[:-1], 1)), turned[..., :-1]], -1), -1)[..., :count]
        others = before * after[..., ::-1]
    found = made(value, times(others, x.error).sum(-1), roundings(max(count - 1, 0)), exact=True)
    form = current()
    with np.errstate(all="ignore"):
        sizes = np.sort(np.abs(x.value), axis=-1)
        low, high = np.cumprod(sizes, -1), np.cumprod(sizes[..., ::-1], -1)
        # A kernel multiplies in its own order, and may leave the range on the way.
        lost = ((low > 0) & (low < form.smallest / form.unit)).any(-1) | (high > form.largest).any(-1)
    found = Quantity(found.value, np.where(lost, np.inf, found.error))

    def gradient(g: Quantity) -> Quantity:
        known = made(others, 0.0, roundings(count) + 2, exact=bool(np.all(x.value == np.rint(x.value))))
        part = spread(g, count)
        first = part * Quantity(known.value, np.where(np.asarray(lost)[..., None], np.inf, known.error))
        # A kernel may divide g times the product by the element.
        last = divide(part * spread(found.plain, count), where(x.value == 0, 1.0, x.plain))
        return Quantity(first.value, np.where(x.value == 0, first.error, np.maximum(first.error, last.error)))

    return Quantity(found.value, found.error, linked((x, gradient)))


def spread(g: Quantity, count: int) -> Quantity:
    """A result's gradient beside each of the elements that it was made of."""
    return sums.move(lambda array: np.repeat(array[..., None], count, -1), g)


def extreme(x: Any, choose: Callable[..., Array], shared: bool | str = True, of: Array | None = None) -> Quantity:
    """The largest or the smallest of the last axis, NaN where one is.

    shared: elements that are equal share the gradient; else the first has it, or with "whole" each of them.
    of: what each element was made of by itself: those made of the same are equal, whatever their errors.
    """
    x = quantity(x)
    value = choose(x.value, axis=-1)
    best = x.value == value[..., None]
    if not shared:
        best = best & (np.cumsum(best, -1) == 1)
    count = x.shape[-1]
    number = np.maximum(best.sum(-1), 1) if shared != "whole" else np.ones(value.shape)

    def gradient(g: Quantity) -> Quantity:
        part = g / number.astype(np.float64)
        return where(best, spread(part, count), 0.0)

    found = Quantity(value, x.error.max(-1) if x.error.any() else 0.0, linked((x, gradient)))
    unknown = np.isnan(value)
    if x.error.any():  # which may make another the largest or the smallest, or equal to it
        with np.errstate(invalid="ignore"):
            near = np.abs(x.value - value[..., None]) <= x.error + found.error[..., None]
        other = near if of is None else near & (of != np.take_along_axis(of, best.argmax(-1)[..., None], -1))
        unknown = unknown | ((near.sum(-1) > 1) & (near & (x.error > 0)).any(-1) & other.any(-1))
    return without_gradient(found, x, unknown[..., None] & np.ones(x.shape, bool))


def logarithm_of_sum(x: Any) -> Quantity:
    """log(sum(exp(x))) of the last axis, of numbers of any size; its gradient is the softmax."""
    x = quantity(x)
    with np.errstate(all="ignore"):
        top = np.max(x.value, axis=-1, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0.0)
        moved = quantity(x.value) - top[..., None]
        parts = apply("exp", moved)
    found = apply("log", sums.total(parts, -1)) + top
    with np.errstate(all="ignore"):
        raw = np.max(x.value, axis=-1, initial=-np.inf)
    found = Quantity(np.where(np.isinf(raw), raw, found.value), np.where(np.isinf(raw), 0.0, found.error))
    count = x.shape[-1]

    def gradient(g: Quantity) -> Quantity:
        return spread(g, count) * apply("exp", x.plain - spread(found.plain, count))

    return Quantity(found.value, found.error, linked((x, gradient)))


def norm(x: Any, order: float, epsilon: float = 0.0, root: float | None = None) -> Quantity:
    """The norm of the last axis; at 0 the gradient is 0, of an infinite order those equal in size share it.

    epsilon: what a kernel adds to the power of the norm that it divides the gradient by; such a one forms powers of 0,
    and gives each of those equal in size the whole.
    root: the exponent that it takes for 1 / order.
    """
    x = quantity(x)
    size = np.abs(x.value)
    if order == 0:
        return Quantity(
            (size != 0).sum(-1).astype(np.float64), 0.0, linked((x, lambda g: spread(g, x.shape[-1]) * 0.0))
        )
    if np.isinf(order):
        return extreme(abs(x), np.max if order > 0 else np.min, "whole" if epsilon else True)
    if order == 1 and not epsilon:
        return sums.total(abs(x), -1)
    if order == 2:
        found = apply("sqrt", sums.total(x.plain * x.plain, -1))
        form = current()
        with np.errstate(all="ignore"):
            lost = (size > np.sqrt(form.largest) / 8).any(-1) | (
                size.max(-1, initial=0) < np.sqrt(form.smallest) * 2**16
            )
            lost &= np.isfinite(size).all(-1) & (size.max(-1, initial=0) > 0)
            value = np.sqrt((x.value * x.value).sum(-1))
        found = Quantity(np.where(lost, value, found.value), np.where(lost, np.inf, found.error))
    else:
        powers = _power(abs(x.plain), order)
        found = _power(sums.total(powers, -1), 1 / order if root is None else root)
    count = x.shape[-1]

    def gradient(g: Quantity) -> Quantity:
        whole = spread(found.plain, count)
        zero = whole.value == 0
        safe = where(zero, 1.0, whole)
        if order == 2:
            return where(zero, 0.0, spread(g, count) * (x.plain / (safe + epsilon)))
        inner = _power(where(x.value == 0, 1.0, abs(x.plain)), order - 1) * np.sign(x.value)
        outer = _power(safe, order - 1) + epsilon
        # Kernels form the power of the quotient, the quotient of powers, or powers of one less.
        known = spread(g, count) * (inner / outer)
        known = Quantity(known.value, known.error + 8 * order * current().unit * np.abs(known.value))
        return where(zero | (x.value == 0), 0.0, known)

    made = Quantity(found.value, found.error, linked((x, gradient)))
    if epsilon and order < 1:
        return without_gradient(made, x, x.value == 0)
    # No power of such numbers is held: whether a kernel takes their norm for 0 is up to it.
    unseen = (found.value == 0) & (size.max(-1, initial=0) > 0)
    return without_gradient(made, x, np.broadcast_to(unseen[..., None], x.shape)) if unseen.any() else made


def _power(x: Quantity, order: float) -> Quantity:
    return constant_power(x, order, 4.0 + abs(order))


def running(x: Any, kind: str) -> Quantity:
    """The sums or products of the first, the first two, ... elements of the last axis ("sum" or "product")."""
    x = quantity(x)
    count = x.shape[-1]
    if kind == "sum":
        with np.errstate(all="ignore"):
            value, magnitude = np.cumsum(x.value, -1), np.cumsum(np.abs(x.value), -1)
            error = np.cumsum(x.error, -1)
        rounding = np.broadcast_to(_chain(x.value, magnitude, np.arange(1, count + 1)), value.shape)
        error = np.where(np.isfinite(value), error + rounding, 0.0)

        def of_sum(g: Quantity) -> Quantity:
            turned = sums.move(lambda array: array[..., ::-1], g)
            return sums.move(lambda array: array[..., ::-1], running(turned, "sum"))

        return Quantity(value, error, linked((x, of_sum)))
    with np.errstate(all="ignore"):
        value = np.cumprod(x.value, -1)
    form = current()
    units = np.minimum(np.arange(count), PROBABLE * np.sqrt(np.arange(count)))
    found = made(value, units * form.unit * np.nan_to_num(np.abs(value), posinf=0.0), 1, exact=False)
    exact = made(value, 0.0, 1)
    found = Quantity(found.value, np.where(exact.error == 0, 0.0, found.error))
    with np.errstate(all="ignore"):
        gone = np.logical_or.accumulate((np.abs(value) < form.smallest / form.unit) & (value != 0), -1)
        zero = np.logical_or.accumulate(x.value == 0, -1)
        gone |= (value == 0) & ~zero
    error = np.where(np.logical_or.accumulate(gone, -1) & ~zero, np.inf, found.error)

    def of_product(g: Quantity) -> Quantity:
        with np.errstate(all="ignore"):
            found, bound = np.zeros(x.shape), np.zeros(x.shape)
            for place in range(count):
                others = x.value.copy()
                others[..., place] = 1.0
                parts = np.cumprod(others, -1)[..., place:] * g.value[..., place:]
                found[..., place] = parts.sum(-1)
                bound[..., place] = np.abs(parts).sum(-1)
        lost = np.asarray(gone.any(-1))[..., None]
        return Quantity(found, np.where(lost, np.inf, (4 * count + 8) * form.unit * bound + form.smallest))

    return Quantity(found.value, error, linked((x, of_product)))


def _chain(terms: Array, magnitude: Array, count: Any) -> Array:
    """The rounding of sums that are added one after another in the format itself; none where that is exact."""
    form = current()
    if sums.exact_in_every_order(terms, magnitude, form):
        return np.zeros(np.shape(magnitude))
    with np.errstate(all="ignore"):
        finite = np.where(np.isfinite(magnitude), magnitude, 0.0)
    steps = np.minimum(count, 2 * PROBABLE * np.sqrt(count))
    return steps * form.unit * finite + count * form.smallest


def deviation(x: Any, correction: float, root: bool, slope_at_zero: float = 0.0) -> Quantity:
    """The variance of the last axis, or its root, whose slope at 0 is given."""
    x = quantity(x)
    count = x.shape[-1]
    below = max(count - correction, 0.0)
    if not count:
        return sums.total(x, -1) * np.nan
    centred = x - sums.move(lambda array: np.repeat(array[..., None], count, -1), sums.mean(x, -1))
    squares = sums.total(centred * centred, -1)
    variance = squares / below if below else squares * np.nan
    if not root:
        return variance
    found = apply("sqrt", variance.plain)

    def gradient(g: Quantity) -> Quantity:
        zero = found.value == 0
        return where(zero, g * slope_at_zero, g * 0.5 / where(zero, 1.0, found.plain))

    return Quantity(found.value, found.error, linked((variance, gradient)))
