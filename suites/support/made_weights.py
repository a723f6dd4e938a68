"""Weights that are made of other parameters: a length and a direction, or a matrix divided by its largest stretch."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.functions import sqrt, square
from conformance.normalization import length
from conformance.quantity import Quantity, quantity, where
from conformance.sums import einsum, move


def _axes(v: Quantity, dim: int | None) -> tuple[int, ...]:
    return tuple(i for i in range(v.ndim) if dim in (None, -1) or i != dim % v.ndim)


def scaled_direction(v: Quantity, g: Quantity, dim: int | None) -> Quantity:
    """g v / |v|, of the length over all axes but one, or over all."""
    return v * (g / sqrt(square(v).sum(axis=_axes(v, dim), keepdims=True)))


def by_normalize(v: Quantity, g: Quantity, dim: int | None) -> Quantity:
    """The direction by a norm that is at least 1e-12, which is added where its gradient is divided by it."""
    if dim in (None, -1):
        return v / (sqrt(square(v).sum(axis=_axes(v, dim), keepdims=True)) + 1e-12) * g
    kept = dim % v.ndim
    rows = move(lambda array: np.moveaxis(array, kept, 0).reshape(array.shape[kept], -1), v)
    size = length(rows, 2, 1, keepdims=True, added=1e-12)
    found = rows / where(size.value > 1e-12, size, 1e-12)
    shape = np.moveaxis(np.empty(v.shape), kept, 0).shape
    return move(lambda array: np.moveaxis(array.reshape(shape), 0, kept), found) * g


def _unit(x: Quantity, eps: float) -> Quantity:
    length = sqrt(square(x).sum())
    return x / where(length.value > eps, length, eps)


def by_largest(weight: Quantity, u: Any, v: Any, axis: int, steps: int, eps: float, way: str) -> dict[str, Any]:
    """The weight over u' W v after steps of the power iteration, of which a hook makes v first; and u and v."""
    matrix = move(lambda array: np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1), weight)
    turned = move(np.transpose, matrix.plain)
    for _ in range(steps):
        if way == "parametrization":
            u = _unit(einsum("ij,j->i", matrix.plain, v), eps)
        v = _unit(einsum("ji,i->j", turned, u), eps)
        if way == "hook":
            u = _unit(einsum("ij,j->i", matrix.plain, v), eps)
    u, v = quantity(u).plain, quantity(v).plain
    sigma = (u * einsum("ij,j->i", matrix, v)).sum()
    with np.errstate(all="ignore"):  # what cancels is a divisor whose error is no small part of it
        rest = 1 - sigma.error / np.abs(sigma.value)
        sigma.error = np.asarray(np.where(rest > 0, sigma.error / rest, np.inf))
    return {"output": weight / sigma, "u": u, "v": v}
