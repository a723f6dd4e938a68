"""Products of matrices and tensors, distances and inverses of quantities."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from conformance import sums
from conformance.number_formats import current
from conformance.quantity import Quantity, linked, quantity, where
from conformance.reductions import extreme, norm

INVERSE = 8.0
"""Multiples of n u |inv| |A| |inv| that an inverse by elimination may be off by; measured by
benchmarks/matrix_constants.py, which saw 1."""
SINGULAR = 8.0
"""Multiples of n u |A| that a singular value may be off by; measured likewise, 2 was seen."""


def transposed(x: Any) -> Quantity:
    """With the last two axes exchanged."""
    return sums.move(lambda array: array.swapaxes(-1, -2), quantity(x))


def matmul(x: Any, y: Any) -> Quantity:
    """As NumPy's: vectors, matrices, and batches of them that broadcast."""
    x, y = quantity(x), quantity(y)
    left, right = x.ndim == 1, y.ndim == 1
    x = sums.move(lambda array: array[None, :], x) if left else x
    y = sums.move(lambda array: array[:, None], y) if right else y
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = (_broadcast(each, (*batch, *each.shape[-2:])) for each in (x, y))
    letters = string.ascii_lowercase[: len(batch)]
    found = sums.einsum(f"{letters}xz,{letters}zy->{letters}xy", x, y)
    if left:
        found = sums.move(lambda array: array[..., 0, :], found)
    return sums.move(lambda array: array[..., 0], found) if right else found


def chained(x: Any, y: Any, z: Any) -> Quantity:
    """The product of three, with the error of either order."""
    one, other = matmul(matmul(x, y), z), matmul(x, matmul(y, z))
    return Quantity(one.value, np.maximum(one.error, other.error), one.links)


def _broadcast(x: Quantity, shape: tuple[int, ...]) -> Quantity:
    """Repeated, by a kernel of its own: the gradient of each repetition is rounded before they are added up."""
    return x if x.shape == shape else where(np.ones(shape, bool), x, 0.0)


def contracted(subscripts: str, x: Any, y: Any) -> Quantity:
    """A product by letters, with axes in front that ``...`` stands for."""
    x, y = quantity(x), quantity(y)
    if "..." in subscripts:
        front = "".join(each for each in "uvw"[: x.ndim - 2])
        subscripts = subscripts.replace("...", front)
    if "->" not in subscripts:
        both = subscripts.replace(",", "")
        subscripts += "->" + "".join(sorted(each for each in set(both) if both.count(each) == 1))
    return sums.einsum(subscripts, x, y)


def kronecker(x: Any, y: Any) -> Quantity:
    """Every element of the first times the second, as blocks; leading axes of the shorter one are 1."""
    x, y = quantity(x), quantity(y)
    rank = max(x.ndim, y.ndim)
    first = tuple([1] * (rank - x.ndim) + list(x.shape))
    second = tuple([1] * (rank - y.ndim) + list(y.shape))
    spread = sums.move(lambda array: array.reshape([n for each in first for n in (each, 1)]), x)
    other = sums.move(lambda array: array.reshape([n for each in second for n in (1, each)]), y)
    shape = [a * b for a, b in zip(first, second, strict=True)]
    return sums.move(lambda array: array.reshape(shape), spread * other)


def cross(x: Any, y: Any, axis: int) -> Quantity:
    """The vector product along an axis of three."""
    pick = lambda each, place: sums.move(lambda array: np.take(array, place, axis), each)  # noqa: E731
    x, y = quantity(x), quantity(y)
    parts = [
        pick(x, (place + 1) % 3) * pick(y, (place + 2) % 3) - pick(x, (place + 2) % 3) * pick(y, (place + 1) % 3)
        for place in range(3)
    ]
    return sums.move(lambda *arrays: np.stack(arrays, axis), *parts)


def distances(x: Any, y: Any, order: float, epsilon: float = 0.0) -> Quantity:
    """The distance of every row of the first from every row of the second; epsilon: as of a norm, with
    a root whose exponent is kept in float32."""
    x, y = quantity(x), quantity(y)
    first = sums.move(lambda array: array[..., :, None, :], x)
    second = sums.move(lambda array: array[..., None, :, :], y)
    if np.isinf(order):
        return extreme(abs(first - second), np.max, "whole")
    root = float(np.float32(1 / order)) if epsilon and order else None
    return norm(first - second, order, epsilon, root)


def inverse(x: Any) -> Quantity:
    """Of square matrices; the gradient is formed of the inverse."""
    x = quantity(x)
    value = np.linalg.inv(x.value)
    count = x.shape[-1]
    size = np.abs(value)
    error = INVERSE * max(count, 1) * current().unit * (size @ np.abs(x.value) @ size)
    found = Quantity(value, error)

    def gradient(g: Quantity) -> Quantity:
        turned = transposed(found.plain)
        return -matmul(matmul(turned, g), turned)

    return Quantity(value, error, linked((x, gradient)))


def singular_values(x: Any) -> Quantity:
    """In falling order; of equal ones the gradient is not promised."""
    x = quantity(x)
    left, value, right = np.linalg.svd(x.value, full_matrices=False)
    largest = value[..., :1] if value.size else value
    error = SINGULAR * max(x.shape[-2:]) * current().unit * np.broadcast_to(largest, value.shape)

    def gradient(g: Quantity) -> Quantity:
        made_of = (left * g.value[..., None, :]) @ right
        gaps = np.abs(value[..., :-1] - value[..., 1:]).min(-1, initial=np.inf)
        least = value.min(-1, initial=np.inf)
        if x.shape[-1] == x.shape[-2]:  # one of 0 has vectors of either sign
            least = np.where(least <= 2 * error.max(-1, initial=0.0), 0.0, np.inf)
        gaps = np.minimum(gaps, least)
        with np.errstate(all="ignore"):
            loose = 32 * max(x.shape[-2:]) * current().unit * largest[..., 0] / np.minimum(gaps, largest[..., 0])
            loose = np.where(loose < 0.1, loose, np.inf)
        size = np.abs(g.value).max(-1, initial=0.0)
        bound = (loose * size)[..., None, None] + g.error.max(-1, initial=0.0)[..., None, None]
        return Quantity(made_of, np.broadcast_to(np.nan_to_num(bound, nan=np.inf, posinf=np.inf), made_of.shape))

    return Quantity(value, error, linked((x, gradient)))


def rebuilt(x: Any) -> Quantity:
    """What the parts of a decomposition multiply to: the matrix itself, to units of its size."""
    x = quantity(x)
    size = np.linalg.norm(x.value, axis=(-2, -1), keepdims=True) if x.value.size else np.zeros((1,) * x.ndim)
    error = 4 * SINGULAR * max(*x.shape[-2:], 1) * current().unit * size
    return Quantity(x.value, np.broadcast_to(error, x.shape))
