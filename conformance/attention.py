"""Softmaxes, attention and layers of projections on quantities: how sequences are mixed.

Each gradient is formed as the frameworks form it, from the rounded probabilities and not from their logarithms.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.forms import in_either_form
from conformance.functions import exp, log, rsqrt, square
from conformance.number_formats import computed_in, current, returned
from conformance.quantity import Array, Quantity, divide, linked, made, quantity, scaled, where
from conformance.sums import begun_with, einsum, move

Distances = Callable[[Array, int], Array]
"""From logits and an axis to how far each lies below the largest, as a framework takes it."""

Top = Callable[[Quantity, int, Quantity], Quantity]
"""From logits, an axis and the sum of the exponentials of distances to log sum exp of the logits."""


def distances(x: Quantity, axis: int, change: Distances | None = None) -> Quantity:
    """x less its largest along an axis; a NaN makes all of its row NaN. No gradient goes through it."""
    x = quantity(x).plain
    if not x.value.size:
        return x
    top = largest(x, axis)
    found = x - top if change is None else made(change(x.value, axis), x.error + top.error, 1)
    # What hides a position is as far away as can be, whatever error the largest has.
    sure = np.isneginf(x.value) & (x.error == 0) & np.isfinite(top.value)
    return Quantity(found.value, np.where(sure, 0.0, found.error))


def largest(x: Quantity, axis: int) -> Quantity:
    """The largest along an axis, which is kept; NaN where one is."""
    place = np.argmax(x.value, axis=axis, keepdims=True)
    return move(lambda array: np.take_along_axis(array, place, axis=axis), x)


def softmax(x: Any, axis: int = -1, change: Distances | None = None) -> Quantity:
    """exp(x) / sum exp(x), formed from distances; the gradient is p (g - sum p g)."""
    x = quantity(x)
    if not x.ndim:
        x, axis = x.reshape(1), 0
        return softmax(x, axis, change).reshape(())
    powers = exp(distances(x, axis, change))
    found = divide(powers, powers.sum(axis, keepdims=True), 2).plain

    def gradient(g: Quantity) -> Quantity:
        kept = result.plain  # as it was rounded to the dtype of the result
        total = (kept * g).sum(axis, keepdims=True)
        with computed_in(returned()):  # in which kernels may keep what is left, too
            left = g - total
        return kept * left

    result = found.with_gradient(x, gradient)
    return result


def log_softmax(x: Any, axis: int = -1, change: Distances | None = None, top: Top | None = None) -> Quantity:
    """x - log sum exp(x), formed from distances; the gradient is g - exp(y) sum g.

    top: what a kernel takes away from x in place of its largest and then of the logarithm.
    """
    x = quantity(x)
    if not x.ndim:
        x, axis = x.reshape(1), 0
        return log_softmax(x, axis, change, top).reshape(())
    away = distances(x, axis, change)
    total = exp(away).sum(axis, keepdims=True)
    found = (away - log(total)).plain if top is None else x.plain - top(x, axis, total)

    def gradient(g: Quantity) -> Quantity:
        return g - exp(result.plain) * g.sum(axis, keepdims=True)

    result = found.with_gradient(x, gradient)
    return result


def linear(x: Any, weight: Any, bias: Any = None, layout: str = "ef") -> Quantity:
    """x times a matrix, plus an offset. layout: "ef" where the matrix is [in, out], "fe" where it is [out, in]."""
    x = quantity(x)
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    found = einsum(f"ne,{layout}->nf", rows, weight)
    found = found.reshape(*x.shape[:-1], found.shape[-1])
    if bias is None:
        return found
    return begun_with(bias, found, x.shape[-1])


def allowed(mask: Any, causal: bool, rows: int, columns: int) -> Array | Quantity | None:
    """What is added to scores: 0 or -inf of truth values, the numbers of a floating mask, -inf above the diagonal."""
    if causal:
        return np.where(np.tri(rows, columns, dtype=bool), 0.0, -np.inf)
    if mask is None:
        return None
    if isinstance(mask, np.ndarray) and mask.dtype == bool:
        return np.where(mask, 0.0, -np.inf)
    return quantity(mask)


def attention(
    query: Any, key: Any, value: Any, added: Any = None, scale: float | None = None, change: Distances | None = None
) -> tuple[Quantity, Quantity]:
    """softmax(scale query key' + added) value, and the softmax itself; each of shape [batch, heads, length, width].

    scale: default, 1 over the root of the width. Frameworks scale the query, the scores, or both sides by the root.
    """
    query, key, value = quantity(query), quantity(key), quantity(value)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = in_either_form(_scores(scale), query, key)
    if added is not None:
        scores = plus(scores, quantity(added), query.shape[-1])
    weights = softmax(scores, -1, change)
    return weighed(scores, weights, value), weights


def _scores(scale: float) -> list[Callable[[Quantity, Quantity], Quantity]]:
    """Products whose terms may be larger than they are, by where they are scaled."""
    product, root = functools.partial(einsum, "bhqd,bhkd->bhqk"), math.sqrt(abs(scale))
    return [
        lambda query, key: scaled(product(query, key), scale, 4),
        lambda query, key: product(scaled(query, scale, 2), key),
        lambda query, key: product(scaled(query, math.copysign(root, scale), 2), scaled(key, root, 2)),
    ]


def plus(scores: Quantity, added: Quantity, terms: int) -> Quantity:
    """Scores, of so many products, and what is added; the lowest numbers hide a position whatever its score's error."""
    hides = added.value <= -current().largest / 2
    found = begun_with(where(hides, 0.0, added), scores, terms)
    hidden = np.broadcast_to(hides, found.shape)
    kept = Quantity(np.where(hidden, -np.inf, found.value), np.where(hidden, 0.0, found.error))
    return kept.with_gradient(found, lambda g: g)


def weighed(scores: Quantity, weights: Quantity, value: Quantity) -> Quantity:
    """The softmax of scores times values, whose gradient is formed in one of two ways, of which either is allowed.

    Kernels that keep no softmax make it again from the logarithm of its sum, and take sum p dp from the result that
    they returned, as the product with its gradient.
    """
    top = largest(scores.plain, -1)
    found = einsum("bhqk,bhkd->bhqd", weights.plain, value.plain)

    def of_scores(g: Quantity) -> Quantity:
        kept, each = weights.plain, einsum("bhqd,bhkd->bhqk", g, value.plain)
        again = 2 * current().unit * np.where(np.isfinite(top.value), np.abs(top.value), 0.0) * np.abs(kept.value)
        kept.error = kept.error + again
        both = (kept * each).sum(-1, keepdims=True), (g * result.plain).sum(-1, keepdims=True)
        common = Quantity(both[0].value, np.maximum(both[0].error, both[1].error))
        return kept * (each - common)

    def of_value(g: Quantity) -> Quantity:
        return einsum("bhqk,bhqd->bhkd", weights.plain, g)

    result = Quantity(found.value, found.error, linked((scores, of_scores), (value, of_value)))
    return result


def repeated_heads(x: Any, heads: int) -> Quantity:
    """Each head of [batch, heads, length, width] as often as it takes to have so many, side by side."""
    x = quantity(x)
    return move(lambda array: np.repeat(array, heads // array.shape[1], axis=1), x)


def moved(x: Any, *axes: int) -> Quantity:
    """As ``numpy.transpose``."""
    return move(lambda array: np.transpose(array, axes), x)


def heads_first(x: Any, heads: int) -> Quantity:
    """[batch, length, heads * width] as [batch, heads, length, width]."""
    x = quantity(x)
    batch, length, width = x.shape
    return moved(x.reshape(batch, length, heads, width // heads), 0, 2, 1, 3)


def heads_last(x: Quantity) -> Quantity:
    """[batch, heads, length, width] as [batch, length, heads * width]."""
    batch, heads, length, width = x.shape
    return moved(x, 0, 2, 1, 3).reshape(batch, length, heads * width)


def layer_norm(x: Any, weight: Any, bias: Any, epsilon: float = 1e-5) -> Quantity:
    """x less its mean over its standard deviation along the last axis, times a weight, plus an offset."""
    x = quantity(x)
    centred = x - x.mean(-1, keepdims=True)
    found = centred * rsqrt(square(centred).mean(-1, keepdims=True) + epsilon) * weight
    return found + bias
