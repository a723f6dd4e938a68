"""Images resized, and sampled at places that a grid names: positions and weights with the rounding that kernels make.

A position is a quantity, so that what its rounding makes of the weights is known: it is nothing where a scale is a
power of two. A position that rounding may carry past a pixel gives its further neighbour a weight of 0 with an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.number_formats import current
from conformance.quantity import Array, Quantity, divide, quantity, scaled, where, without_gradient
from conformance.sums import move
from conformance.windows import products

CUBIC = -0.75
"""The parameter of Keys (1981) that both frameworks take."""
NEAR, FAR = 3.0, 20.0
"""Roundings at a magnitude of 1 of a cubic weight nearer than a pixel, and of one further away, with larger steps:
in float32 2.8 and 19.9 are the most of four million."""


@dataclass(frozen=True)
class Axis:
    """For every new place along an axis, the old ones [new, taps] that it is made of, or -1, and their weights."""

    places: Array
    weights: Quantity


def position(old: int, new: int, corners: bool, factor: float | None = None) -> Quantity:
    """Where in the old pixels the new ones lie. factor: the scale factor that the new length was made from."""
    at = quantity(np.arange(new, dtype=np.float64))
    if corners:
        return at * (divide(old - 1.0, new - 1.0) if new > 1 else quantity(0.0))
    scale = divide(float(old), float(new)) if factor is None else divide(1.0, factor)
    return (at + 0.5) * scale - 0.5


def nearest(old: int, new: int, factor: float | None = None) -> Array:
    """The old pixel of each new one: its own times the scale in float32, cut off."""
    scale = np.float32(old) / np.float32(new) if factor is None else np.float32(1 / factor)
    return np.minimum((np.arange(new, dtype=np.float32) * scale).astype(np.int64), old - 1)


def linear(at: Quantity, old: int) -> Axis:
    """Of the two pixels around each position; positions before the first are at it."""
    at = where(at.value > 0, at, Quantity(np.zeros(at.shape), np.where(at.value + at.error > 0, at.error, 0.0)))
    first = np.floor(at.value)
    places, weights = [], []
    for step in (-1, 0, 1, 2):
        tap = first + step
        distance = abs(at - tap)
        near = distance.value < 1
        weight = 1.0 - where(near, distance, 1.0)
        weights.append(Quantity(weight.value, np.where(near | (distance.value - distance.error < 1), at.error, 0.0)))
        places.append(np.clip(tap, 0, old - 1))
    return _axis(places, weights)


def cubic(at: Quantity, old: int) -> Axis:
    """Of the four pixels around each position, the outermost of which are repeated."""
    first = np.floor(at.value)
    places, weights = [], []
    for step in (-2, -1, 0, 1, 2, 3):
        tap = first + step
        distance = np.abs(at.value - tap)
        value = _keys(distance)
        reached = np.where(distance - at.error < 2, 1.0, 0.0)
        # No weight changes faster than 1.5 with the position.
        units = np.where(distance < 1, NEAR, np.where(distance < 2, FAR, 0.0))
        rounding = units * current().unit * (distance != np.rint(distance))
        weights.append(Quantity(value, reached * 1.5 * at.error + rounding))
        places.append(np.clip(tap, 0, old - 1))
    return _axis(places, weights)


def _keys(distance: Array) -> Array:
    a = CUBIC
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((distance - 5) * distance + 8) * distance * a - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))


def _axis(places: Sequence[Array], weights: Sequence[Quantity]) -> Axis:
    value = np.stack([each.value for each in weights], -1)
    error = np.stack([each.error for each in weights], -1)
    used = (value != 0) | (error != 0)
    return Axis(np.where(used, np.stack(places, -1).astype(np.int64), -1), Quantity(value, error))


def resized(x: Any, axes: Sequence[Axis]) -> Quantity:
    """An image [N, C, ...] resized along each axis."""
    x = quantity(x)
    rank = len(axes)
    places: Array = np.zeros((1,) * 2 * rank, np.int64)
    used: Array = np.ones((1,) * 2 * rank, bool)
    weights = quantity(np.ones((1,) * 2 * rank))
    for axis, each in enumerate(axes):
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = each.places.shape
        places = places * x.shape[2 + axis] + np.maximum(each.places, 0).reshape(shape)
        used = used & (each.places >= 0).reshape(shape)
        weights = weights * each.weights.reshape(shape)
    lengths = used.shape[:rank]
    used = used.reshape(math.prod(lengths), -1)
    places, weights = places.reshape(used.shape), weights.reshape(used.shape)
    output, tap = np.nonzero(used)
    planes = np.arange(x.shape[0] * x.shape[1])[:, None]
    first = planes * math.prod(x.shape[2:]) + places[output, tap]
    second = np.broadcast_to(output * used.shape[1] + tap, first.shape)
    place = planes * math.prod(lengths) + output
    return products(x, weights, first.ravel(), second.ravel(), place.ravel(), (*x.shape[:2], *lengths), rank)


def picked(x: Any, axes: Sequence[Array]) -> Quantity:
    """An image [N, C, ...] of which one old pixel is taken for each new one."""
    return move(lambda array: array[(slice(None), slice(None), *np.ix_(*axes))], x)


def unnormalized(grid: Quantity, size: int, corners: bool) -> Quantity:
    """Positions in pixels of coordinates from -1 to 1: of the outermost pixels' middles, or of the image's edges."""
    if corners:
        return scaled(grid + 1.0, (size - 1) / 2.0, 2)
    return scaled((grid + 1.0) * float(size) - 1.0, 0.5)


def bordered(at: Quantity, size: int, edges: bool = False) -> Quantity:
    """Positions within the image, without a gradient outside, and at its edges only with ``edges``."""
    inside = (at.value >= 0) & (at.value <= size - 1) if edges else (at.value > 0) & (at.value < size - 1)
    held = np.clip(at.value, 0, size - 1)
    near = np.minimum(np.abs(at.value), np.abs(at.value - (size - 1))) <= at.error
    found = where(inside, at, Quantity(held, np.where(near, at.error, 0.0)))
    return without_gradient(found, at, near & (at.error > 0))


def reflected(at: Quantity, size: int, corners: bool, edges: bool = False) -> Quantity:
    """Positions thrown back at the outermost pixels' middles or edges, as often as it takes; see :func:`bordered`."""
    low, span = (0.0, size - 1.0) if corners else (-0.5, float(size))
    if span == 0:
        return Quantity(np.zeros(at.shape)).with_gradient(at, lambda g: Quantity(np.zeros(at.shape)))
    away = at - low
    sign = np.where(away.value < 0, -1.0, 1.0)
    flips = np.floor(np.abs(away.value) / span)
    odd = flips % 2 == 1
    slope = np.where(odd, -sign, sign)
    offset = np.where(odd, (flips + 1) * span, -flips * span) + low
    found = away * slope + offset
    beyond = np.abs(away.value) % span
    kink = np.minimum(beyond, span - beyond) <= at.error
    return bordered(without_gradient(found, at, kink & (at.error > 0)), size, edges)


def sampled(x: Any, positions: Sequence[Quantity], nearest_pixel: bool, half_away: bool = False) -> Quantity:
    """Values of an image [N, C, ...] at positions [N, ...], one array for each axis; zeros outside.

    half_away: a position in the middle of two pixels is of the further one from 0, not of the even one.
    """
    x, channels, rank = quantity(x), x.shape[1], len(positions)
    shape = (*x.shape[:2], *positions[0].shape[1:])
    # Kernels weigh each channel before they add the channels up: every one has weights of its own.
    flat = [move(lambda a: np.repeat(a.reshape(len(a), -1), channels, axis=0), each) for each in positions]
    (batch, count), lengths = flat[0].shape, x.shape[2:]
    image: Array = np.zeros((batch, count, 1), np.int64)
    used: Array = np.ones((batch, count, 1), bool)
    weights = quantity(np.ones((batch, count, 1)))
    for at, length in zip(flat, lengths, strict=True):
        places, weight, taken = _rounded(at, half_away) if nearest_pixel else _around(at)
        taps = places.shape[-1]
        inside = (places >= 0) & (places < length) & taken
        image = (image[..., None] * length + np.clip(places, 0, length - 1)[:, :, None]).reshape(batch, count, -1)
        used = (used[..., None] & inside[:, :, None]).reshape(batch, count, -1)
        known = weights.reshape(batch, count, -1, 1) * weight.reshape(batch, count, 1, taps)
        weights = known.reshape(batch, count, -1)
    n, o, tap = np.nonzero(used)
    first = n * math.prod(lengths) + image[n, o, tap]
    second = (n * count + o) * used.shape[2] + tap
    return products(x, weights, first, second, n * count + o, shape, rank)


def _around(at: Quantity) -> tuple[Array, Quantity, Array]:
    """The pixels around each position, their weights, and which are taken: of weight 0 too, for the gradient.

    The gradient is unknown where rounding may cross a pixel.
    """
    first = np.floor(at.value)
    part = at - first
    crossing = (np.minimum(part.value, 1 - part.value) <= at.error) & (at.error > 0)
    part = without_gradient(part, at, crossing)
    before = Quantity(np.zeros(at.shape), np.where((part.value <= at.error) & (at.error > 0), at.error, 0.0))
    after = Quantity(np.zeros(at.shape), np.where((1 - part.value <= at.error) & (at.error > 0), at.error, 0.0))
    places = np.stack([first - 1, first, first + 1, first + 2], -1).astype(np.int64)
    weights = move(lambda *each: np.stack(each, -1), before, 1.0 - part, part, after)
    return places, weights, (weights.error != 0) | (np.arange(4) % 3 > 0)


def _rounded(at: Quantity, half_away: bool) -> tuple[Array, Quantity, Array]:
    """The pixel next to each position, its weight 1, and what is taken; unknown where rounding may choose another."""
    value = at.value
    chosen = np.floor(np.abs(value) + 0.5) * np.sign(value) if half_away else np.rint(value)
    unsure = (np.abs(np.abs(value - np.floor(value)) - 0.5) <= at.error) & (at.error > 0)
    lower = np.floor(value)
    other = np.where(chosen == lower, lower + 1, lower)
    places = np.stack([chosen, other], -1).astype(np.int64)
    error = np.where(unsure, np.inf, 0.0)
    weights = Quantity(np.stack([np.ones(at.shape), np.zeros(at.shape)], -1), np.stack([error, error], -1))
    still = weights.with_gradient(at, lambda g: Quantity(np.zeros(at.shape)))  # a small step leaves the pixel as it is
    return places, still, weights.value + weights.error > 0


def base_grid(lengths: Sequence[int], corners: bool) -> Quantity:
    """Coordinates [..., axes + 1] of all pixels from the last axis to the first, and 1."""
    lines = []
    for n in lengths:
        line = np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1)
        value = line if corners else line * (n - 1) / n
        # A step of a line, its multiple, and the factor (n - 1) / n: each rounds once at a magnitude of at most 1.
        exact = np.all(value * 64 == np.rint(value * 64)) and (n & (n - 1) == 0 or n < 3)
        lines.append(Quantity(value, 0.0 if exact else 4 * current().unit))
    count = len(lines)
    shapes = [[n if place == axis else 1 for place in range(count)] for axis, n in enumerate(lengths)]
    whole = [
        move(lambda a, s=shape: np.broadcast_to(a.reshape(s), tuple(lengths)), line)
        for line, shape in zip(lines, shapes, strict=True)
    ]
    return move(lambda *each: np.stack(each, -1), *reversed(whole), np.ones(tuple(lengths)))
