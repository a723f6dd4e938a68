"""Rows of a quantity that are summed, averaged or compared group by group, and what comes back to each row.

The group of a row is a number; a group that no row has is 0, which passes no gradient on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.quantity import Array, Quantity, divide, linked, quantity, where, without_gradient
from conformance.sums import gathered, move


def rows(x: Any, places: Array) -> Quantity:
    """The rows of these places."""
    return move(lambda array: array[places], quantity(x))


def summed(x: Any, groups: Array, count: int) -> Quantity:
    """The sum of the rows of each of so many groups, which is added up in the format of the result."""
    x = quantity(x)
    tail = x.shape[1:]
    width = int(np.prod(tail))
    index = (np.asarray(groups)[:, None] * width + np.arange(width)).reshape(x.shape)
    found = gathered(x, index, (count, *tail))
    inside = (groups >= 0) & (groups < count)
    places = np.where(inside, groups, 0)

    def gradient(g: Quantity) -> Quantity:
        back = rows(g, places) if count else Quantity(np.zeros(x.shape))
        return back if inside.all() else where(_along(inside, x.ndim), back, 0.0)

    # Sums of infinities and of NaN are what they are, without an error.
    error = np.where(np.isfinite(found.value) | (found.error == np.inf), found.error, 0.0)
    return Quantity(found.value, error, linked((x, gradient)))


def averaged(x: Any, groups: Array, count: int, units: float = 1) -> Quantity:
    """The mean of the rows of each of so many groups; units: what the division in the gradient costs."""
    x = quantity(x)
    sizes = np.bincount(groups[(groups >= 0) & (groups < count)], minlength=count) if len(groups) else np.zeros(count)
    total, sizes = summed(x, groups, count), _along(np.maximum(sizes, 1).astype(np.float64), x.ndim)
    return divide(total, sizes, 2).with_gradient(total, lambda g: divide(g, sizes, units))


def extreme(
    x: Any,
    groups: Array,
    count: int,
    largest: bool,
    shared: bool = True,
    lost: bool = False,
    beginning: bool = False,
) -> Quantity:
    """The largest or the smallest of each of so many groups, NaN where one of them is.

    shared: rows that are equal share the gradient; else each of them has all of it. lost: nothing is promised of a
    group that has a NaN. beginning: a group whose result is 0 shares its gradient with the 0 that it began with.
    """
    x = quantity(x)
    choose = np.maximum if largest else np.minimum
    value = np.full((count, *x.shape[1:]), -np.inf if largest else np.inf)
    choose.at(value, groups, x.value)
    present = _along(np.bincount(groups, minlength=count) > 0, x.ndim) & np.ones(value.shape, bool)
    value = np.where(present, value, 0.0)
    best = x.value == value[groups]
    number = np.zeros(value.shape)
    np.add.at(number, groups, best.astype(np.float64))
    number = np.maximum(number + (beginning & (value == 0)), 1) if shared else np.ones(value.shape)
    error = np.zeros(value.shape)
    np.maximum.at(error, groups, x.error)
    with np.errstate(invalid="ignore"):
        near = np.abs(x.value - value[groups]) <= x.error + error[groups]
    several = np.zeros(value.shape)
    np.add.at(several, groups, near | best)
    several += beginning & (np.abs(value) <= error)
    open_ = near & (several[groups] > 1) & (error[groups] > 0)

    def gradient(g: Quantity) -> Quantity:
        found = where(best, rows(g / number, groups), 0.0)
        whole = rows(g, groups)  # which one gets all of it where rounding decides who is the largest
        return Quantity(found.value, found.error + np.where(open_, 2 * (np.abs(whole.value) + whole.error), 0.0))

    unsure = np.isnan(value)
    found = Quantity(value, np.where(unsure & lost, np.inf, error), linked((x, gradient)))
    return without_gradient(found, x, unsure[groups]) if x.tracked else found


def _along(numbers: Array, rank: int) -> Array:
    """One number for each row of an array of so many axes."""
    return numbers.reshape(-1, *[1] * (rank - 1))
