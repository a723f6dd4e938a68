"""Numbers brought to mean 0 and variance 1, lengths of vectors, and powers: quantities with their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.functions import constant_power, rsqrt, sqrt, square
from conformance.number_formats import current
from conformance.quantity import Quantity, divide, multiply, quantity, sign_of, where
from conformance.sums import PROBABLE

WELFORD = 2.0
"""Unit roundoffs of the mean size of the elements."""
POWER = 4.0
"""Unit roundoffs of a power with any exponent."""


def affine(x: Quantity, mean: Quantity, scale: Quantity, bias: Any = None) -> Quantity:
    """(x - mean) * scale + bias, which kernels form as x * scale + (bias - mean * scale) too, with its roundings."""
    centred = multiply(x - mean, scale)
    found = centred if bias is None else centred + bias
    by = quantity(scale.value)
    offset = -(mean.value * by) if bias is None else bias.value - mean.value * by
    rounded = x.value * by + offset
    lost = np.where(np.isfinite(rounded.error), rounded.error, 0.0)
    return Quantity(found.value, found.error + lost, found.links)


def moments(x: Quantity, axes: tuple[int, ...]) -> tuple[Quantity, Quantity]:
    """The mean and the biased variance over axes, which are kept.

    A mean that is updated by every element (Welford's) is rounded even where the sum would be exact.
    """
    mean = x.mean(axis=axes, keepdims=True)
    updated = WELFORD * current().unit * np.abs(x.value).mean(axis=axes, keepdims=True)
    mean = Quantity(mean.value, mean.error + updated, mean.links)
    centred = x - mean
    variance = multiply(centred, centred).mean(axis=axes, keepdims=True)
    alike = current().unit * repeated(x.value, axes) * variance.value
    return mean, Quantity(variance.value, variance.error + alike, variance.links)


def repeated(values: Any, axes: tuple[int, ...]) -> Any:
    """By how much equal terms, whose roundings add up, make a sum worse than terms that differ do."""
    kept = [place for place in range(values.ndim) if place not in axes]
    rows = np.transpose(values, (*kept, *axes)).reshape(*(values.shape[place] for place in kept), -1)
    flat = np.sort(rows.reshape(-1, rows.shape[-1]), axis=1)
    count = flat.shape[1]
    starts = np.diff(flat, axis=1, prepend=np.nan) != 0
    lengths = np.diff(np.append(np.flatnonzero(starts), flat.size))
    squares = np.bincount(np.nonzero(starts)[0], np.square(lengths.astype(np.float64)), len(flat))
    growth = np.maximum(np.minimum(np.sqrt(squares) - PROBABLE * np.sqrt(count), count), 0.0)
    return growth.reshape([1 if place in axes else length for place, length in enumerate(values.shape)])


def standardized(x: Any, axes: tuple[int, ...], eps: float, weight: Any = None, bias: Any = None) -> Quantity:
    """x less its mean over axes, divided by its standard deviation; weight and bias of shapes that broadcast."""
    x = quantity(x)
    mean, variance = moments(x, axes)
    scale = rsqrt(variance + eps)
    return affine(x, mean, scale if weight is None else scale * weight, bias)


def length(
    x: Any,
    p: float,
    axis: int,
    keepdims: bool = False,
    root: float | None = None,
    shared: bool = True,
    added: float | None = None,
) -> Quantity:
    """The p-norm along an axis, whose gradient is 0 where it is 0; for infinity, shared among equal largest sizes.

    root: the exponent of the root, where it is not 1 / p; shared: whether equal largest sizes share the gradient.
    added: what is added to a power of the length where the gradient is divided by it.
    """
    x = quantity(x)
    if p == 2:
        found = sqrt(square(x).sum(axis=axis, keepdims=True))
    elif p == 1:
        found = abs(x).sum(axis=axis, keepdims=True)
    elif p == np.inf:
        size = np.abs(x.value)
        found = Quantity(size.max(axis=axis, keepdims=True), x.error.max(axis=axis, keepdims=True))
    else:
        found = power(power(abs(x).plain, p).sum(axis=axis, keepdims=True), 1 / p if root is None else root)
    whole = found.plain

    def gradient(g: Quantity) -> Quantity:
        g = g if keepdims else g.reshape(whole.shape)
        sign = sign_of(x)
        if added is not None and p != np.inf:
            sides = [power(side, p - 1) if p != 2 else side for side in (abs(x).plain, whole)]
            return g * (sides[0] / (sides[1] + added)) * sign
        if p == 1:
            return g * sign
        if p == np.inf:
            largest = np.abs(x.value) == whole.value
            count = largest.sum(axis=axis, keepdims=True).astype(np.float64) if shared else np.ones(1)
            near = (x.error > 0) & (np.abs(x.value) >= whole.value - whole.error - x.error)
            open_ = near & (near.sum(axis=axis, keepdims=True) > 1)  # any of them may be the largest
            return divide(g * (sign * Quantity(largest, np.where(open_, count, 0.0))), quantity(count))
        safe = where(whole.value == 0, 1.0, whole)
        slope = x.plain / safe if p == 2 else power(abs(x).plain / safe, p - 1) * sign
        return where(whole.value == 0, 0.0, g * slope)

    kept = whole if keepdims else whole.reshape(np.squeeze(whole.value, axis).shape)
    return kept.with_gradient(x, gradient)


def power(x: Any, exponent: float) -> Quantity:
    """x to a constant power, for x of at least 0."""

    def gradient(g: Quantity, x: Quantity, y: Quantity) -> Quantity:
        return g * (power(x, exponent - 1) * exponent)

    return constant_power(x, exponent, POWER, gradient)


__all__ = ["affine", "length", "moments", "power", "standardized"]
