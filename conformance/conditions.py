"""Functions of matrices as quantities, with bounds from the condition of the very sample.

A backward stable algorithm returns the exact result for a matrix that lies within p(n) u of the given one (Higham,
Accuracy and Stability of Numerical Algorithms, 2nd edition: theorems 9.3 for elimination, 10.3 for Cholesky, 19.4 for
QR, 14.1 for inverses; Anderson et al., LAPACK Users' Guide, 3rd edition, sections 4.7 to 4.9 for eigenvalues and
singular values), measured in the Frobenius norm. To first order an element of the result is then off by p(n) u |A|
times the length of its gradient. That length is computed here in float64, by differences along every element of the
matrix; of a gradient it is the same of the formula of the gradient, and of what comes back from the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.number_formats import current
from conformance.quantity import Array, Backward, Quantity, linked, quantity

UNITS = 3.0
"""p(n) / n of orthogonal transformations; measured by benchmarks/matrix_constants.py, which saw 1.5."""
ELIMINATION = 1.5
"""The same of elimination and of Cholesky's factor: 1.1 was seen."""
STEP = 6e-6
"""Of a central difference: about the cube root of the float64 roundoff."""
FIRST_ORDER = 0.1
"""A relative bound beyond which nothing is promised: there a bound to first order is none."""
Value = Callable[..., Array]


def conditioned(
    value: Value,
    gradients: Sequence[Value | None],
    *inputs: Any,
    ranks: Sequence[int] | None = None,
    units: float | None = None,
    smooth: str = "",
) -> Quantity:
    """``value(*arrays)`` of stacks of matrices, and for each input ``gradients[i](g, *arrays)``.

    ranks: axes of a single one of each input, default 2; those in front are equal in all. An element of a result that
    is 0 whatever the matrix is must be exactly 0. units: default :data:`UNITS`. smooth: "value" or "both", the gradient
    too, where first order holds of every matrix, however small the result.
    """
    found = [quantity(each) for each in inputs]
    arrays = [each.value for each in found]
    ranks = tuple(ranks or [2] * len(arrays))
    batch = arrays[0].ndim - ranks[0]
    result = value(*arrays)
    size = max([1, *(n for array, rank in zip(arrays, ranks, strict=True) for n in array.shape[array.ndim - rank :])])
    unit = (UNITS if units is None else units) * size * current().unit
    unit *= 2 if any(np.iscomplexobj(each) for each in arrays) else 1
    spread, moved = _sensitivity(value, arrays, ranks, [each.error for each in found], batch)
    error = _bound(result, spread, unit, batch, smooth != "") + moved
    links = [
        (each, _backward(rule, place, found, ranks, unit, batch, smooth == "both"))
        for place, (each, rule) in enumerate(zip(found, gradients, strict=True))
        if rule is not None
    ]
    return Quantity(result, error, linked(*links))


def _backward(
    rule: Value, place: int, inputs: Sequence[Quantity], ranks: Sequence[int], unit: float, batch: int, smooth: bool
) -> Backward:
    arrays = [each.value for each in inputs]
    real = not inputs[place].is_complex

    def formed(g: Array, *given: Array) -> Array:
        found = rule(g, *given)
        return found.real if real else found

    def gradient(g: Quantity) -> Quantity:
        result = formed(g.value, *arrays)
        errors = [g.error, *(each.error for each in inputs)]
        rank = g.ndim - batch
        spread, moved = _sensitivity(formed, [g.value, *arrays], [rank, *ranks], errors, batch)
        return Quantity(result, _bound(result, spread, unit, batch, smooth) + moved)

    return gradient


def _sensitivity(
    function: Value, arrays: Sequence[Array], ranks: Sequence[int], errors: Sequence[Array], batch: int
) -> tuple[Array, Array]:
    """How far each element of a result moves if every input moves by its own length, and by its own errors."""
    spread, moved = np.asarray(0.0), np.asarray(0.0)
    for place, (array, rank) in enumerate(zip(arrays, ranks, strict=True)):
        core = array.shape[array.ndim - rank :]
        count = math.prod(core)
        if not array.size:
            continue
        basis = np.eye(count).reshape(count, *[1] * batch, *core)
        basis = np.concatenate([basis, 1j * basis]) if np.iscomplexobj(array) else basis
        length = _length(array, batch)
        step = STEP * np.where(length > 0, length, 1.0)
        stacked = [np.broadcast_to(each, (2 * len(basis), *each.shape)) for each in arrays]
        stacked[place] = np.concatenate([array + _beside(step, rank) * basis, array - _beside(step, rank) * basis])
        with np.errstate(all="ignore"):
            ends = function(*stacked)
            left = ends.ndim - 1 - batch
            slopes = np.abs(ends[: len(basis)] - ends[len(basis) :]) / _beside(2 * step, left)
            spread = spread + np.sqrt(np.square(slopes).sum(0)) * _beside(length, left)
            if errors[place].any():
                each = errors[place].reshape(*array.shape[:batch], count)
                each = np.concatenate([each] * (len(basis) // count), -1)
                each = np.moveaxis(each, -1, 0).reshape(len(basis), *array.shape[:batch], *[1] * left)
                moved = moved + (slopes * each).sum(0)
    return spread, moved


def _length(array: Array, batch: int) -> Array:
    """The root of the sum of squares over what is behind the first axes."""
    return np.asarray(np.sqrt(np.square(np.abs(array)).sum(tuple(range(batch, array.ndim)))))


def _beside(numbers: Array, rank: int) -> Array:
    return np.reshape(numbers, (*np.shape(numbers), *[1] * rank))


def _bound(result: Array, spread: Array, unit: float, batch: int, smooth: bool) -> Array:
    left = result.ndim - batch
    spread = np.broadcast_to(spread, result.shape)
    length = _length(result, batch)
    with np.errstate(all="ignore"):
        bound = unit * (spread + _beside(length, left))
        bound = np.where((result == 0) & (spread == 0), 0.0, bound)
        lost = ~(unit * _length(spread, batch) <= FIRST_ORDER * length)
        lost &= (_length(spread, batch) > 0) & (not smooth)
    return np.where(np.isfinite(bound) & ~_beside(lost, left) & np.isfinite(result), bound, np.inf)
