"""Numbers on a grid of steps: the reference of what rounds to it, with its gradient, and how near a tie is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from conformance import Acceptance
from conformance.quantity import Quantity, quantity

UNITS = 16.0
"""Float32 roundings of a number of steps, of which the largest seen is 3: so near a tie, either neighbour will do."""


def levels(bits: int) -> int:
    """The largest number of steps that so many bits hold on both sides of 0."""
    return int(2 ** (bits - 1) - 1)


def on_grid(
    x: Any, step: Any, low: int, high: int, away: bool = False, everywhere: bool = False, exact: bool | None = None
) -> Quantity:
    """x as the nearest whole number of steps within [low, high], ties to even; the gradient is that of the clip.

    away: ties go away from 0. everywhere: what is clipped has the gradient too. exact: whether a step divides without
    rounding; default: where it is a power of 2.
    """
    x = quantity(x)
    step = np.asarray(step, np.float64)
    if exact is None:
        exact = bool(np.all(np.frexp(step)[0] == 0.5))
    with np.errstate(all="ignore"):
        position = np.where(step > 0, x.value / step, 0.0)
    nearest = np.sign(position) * np.floor(np.abs(position) + 0.5) if away else np.rint(position)
    kept = np.clip(nearest, low, high)
    slack = np.abs(position) * UNITS * 2.0**-24
    tied = np.zeros(position.shape, bool) if exact else np.abs(position - np.floor(position) - 0.5) <= slack
    ends = [np.clip(np.floor(position), low, high), np.clip(np.ceil(position), low, high)]
    error = np.where(tied, np.maximum(*[np.abs(end - kept) for end in ends]) * step, 0.0)
    if not exact:
        error = error + 4 * 2.0**-24 * np.abs(kept * step)
    passes = np.ones(position.shape, bool) if everywhere else (nearest >= low) & (nearest <= high)
    outside = [(end < low) | (end > high) for end in (np.floor(position), np.ceil(position))]
    unsure = tied & (outside[0] != outside[1]) & (not everywhere)

    def back(g: Quantity) -> Quantity:
        return Quantity(np.where(passes, g.value, 0.0), np.where(unsure, np.inf, np.where(passes, g.error, 0.0)))

    return Quantity(kept * step, error).with_gradient(x, back)


def accepted(found: Quantity) -> Acceptance:
    """The same as an acceptance of float32."""
    return Acceptance(found.value, found.error, dtype="float32")


def product(x: Quantity, weight: Quantity, bias: np.ndarray) -> Acceptance:
    """x weight + bias in float32: the errors of both sides, and the rounding of a sum of so many terms."""
    value = x.value @ weight.value + bias
    sizes = np.abs(x.value) @ np.abs(weight.value) + np.abs(bias)
    moved = (np.abs(x.value) + x.error) @ weight.error + x.error @ np.abs(weight.value)
    terms = x.shape[-1] + 1
    return Acceptance(value, moved + 2.0**-24 * min(terms, 3 * math.sqrt(terms)) * sizes, dtype="float32")
