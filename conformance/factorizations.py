"""Inverses, decompositions and functions of matrices: values by LAPACK in float64, gradients by their formulas.

Results that a decomposition leaves open (signs, phases, the basis of an eigenspace) are closed by a normalisation that
a call makes too, or by forming what does not depend on them. The gradients are those of Giles, Collected Matrix
Derivative Results for Forward and Reverse Mode Algorithmic Differentiation (2008); of complex matrices the conjugate
ones. Bounds: :mod:`conformance.conditions`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import sums
from conformance.conditions import ELIMINATION, FIRST_ORDER, STEP, UNITS, conditioned
from conformance.number_formats import current
from conformance.products import matmul, rebuilt
from conformance.quantity import Array, Backward, Quantity, linked, quantity

EXPONENTIAL = 6.0
"""Scaling and squaring is not always backward stable (Higham, Functions of Matrices, 2008, section 10.3). Measured by
benchmarks/matrix_constants.py: torch needs 1.6; paddle, which diverges there in a way that is known, up to 5.8."""
TERMS = 20
"""Of the series of a matrix of norm 1/2, to a part in 1e20."""


def turned(a: Array) -> Array:
    """The conjugate transposes."""
    return np.asarray(a.swapaxes(-1, -2).conj())


def adjoint(x: Any) -> Quantity:
    """The conjugate transposes of quantities."""
    return sums.move(lambda array: array.swapaxes(-1, -2), quantity(x).conj() if quantity(x).is_complex else x)


def hermitian(x: Any) -> Quantity:
    """The Hermitian part."""
    return (quantity(x) + adjoint(x)) * 0.5


def _eye(a: Array) -> Array:
    return np.eye(a.shape[-1])


def determinant(x: Any) -> Quantity:
    """Of singular matrices too, where the gradient is that of a polynomial."""
    found = conditioned(
        np.linalg.det, [lambda g, a: g[..., None, None] * _cofactors(a).conj()], x, smooth="both", units=UNITS
    )
    return Quantity(found.value, found.error + _beyond_first_order(quantity(x)), found.links)


def _beyond_first_order(x: Quantity) -> Array:
    """What a determinant owes to higher powers of a perturbation: where several singular values are 0, all of it.

    At most the sum of s(n - k) r**k over k >= 2, of the elementary symmetric functions s of the singular values and a
    perturbation of norm r (Ipsen and Rehman, Perturbation Bounds for Determinants and Characteristic Polynomials,
    2008).
    """
    values = np.linalg.svd(x.value, compute_uv=False)
    count = values.shape[-1]
    size = values[..., :1].sum(-1)
    moved = _unit(x) * size + _length(x.error)
    symmetric = [np.ones(size.shape), *(np.zeros(size.shape) for _ in range(count))]
    for place in range(count):
        for k in range(place + 1, 0, -1):
            symmetric[k] = symmetric[k] + values[..., place] * symmetric[k - 1]
    return np.asarray(sum((symmetric[count - k] * moved**k for k in range(2, count + 1)), np.zeros(size.shape)))


def _cofactors(a: Array) -> Array:
    """Without dividing by the determinant, by Faddeev and LeVerrier's recurrence, in more digits than float64 has."""
    count = a.shape[-1]
    wide = a.astype(np.clongdouble if a.dtype.kind == "c" else np.longdouble)
    one = np.eye(count, dtype=wide.dtype)
    turned_round = np.broadcast_to(one, wide.shape)
    for place in range(1, count):
        product = wide @ turned_round
        turned_round = product - np.trace(product, axis1=-2, axis2=-1)[..., None, None] / place * one
    sign = 1.0 if count % 2 else -1.0
    return np.asarray(sign * np.swapaxes(turned_round, -2, -1), np.complex128 if a.dtype.kind == "c" else np.float64)


def logarithm_of_determinant(x: Any) -> Quantity:
    """The logarithm of the size of the determinant."""
    return conditioned(
        lambda a: np.linalg.slogdet(a)[1],
        [lambda g, a: g[..., None, None] * turned(np.linalg.inv(a))],
        x,
        units=ELIMINATION,
    )


def sign_of_determinant(x: Any) -> Quantity:
    """A number of size 1, or 0; of real matrices exact."""

    def gradient(g: Array, a: Array) -> Array:
        sign = np.linalg.slogdet(a)[0]
        along = -1j * (g.conj() * sign).imag
        return np.asarray(along[..., None, None] * turned(np.linalg.inv(a)))

    found = conditioned(lambda a: np.linalg.slogdet(a)[0], [gradient], x, units=ELIMINATION)
    return found if found.is_complex else Quantity(found.value, 0.0, found.links)


def inverse(x: Any) -> Quantity:
    """Of regular matrices."""

    def gradient(g: Array, a: Array) -> Array:
        found = turned(np.linalg.inv(a))
        return np.asarray(-found @ g @ found)

    return conditioned(np.linalg.inv, [gradient], x, units=ELIMINATION)


def solution(x: Any, y: Any) -> Quantity:
    """What x is multiplied by to give y."""
    return conditioned(
        np.linalg.solve,
        [
            lambda g, a, b: -np.linalg.solve(turned(a), g) @ turned(np.linalg.solve(a, b)),
            lambda g, a, b: np.linalg.solve(turned(a), g),
        ],
        x,
        y,
        units=ELIMINATION,
    )


def triangle(x: Any, upper: bool, unit: bool = False) -> Quantity:
    """What a solver reads of a matrix: one triangle, with ones on the diagonal where they are implied."""
    x = quantity(x)
    keep = np.triu if upper else np.tril
    inside = keep(np.ones(x.shape[-2:], bool), (1 if upper else -1) if unit else 0)
    found = sums.move(lambda array: np.where(inside, array, -1), x)
    return found + _eye(x.value) if unit else found


def cholesky(x: Any) -> Quantity:
    """The lower factor of the Hermitian part of a positive definite matrix."""

    def value(a: Array) -> Array:
        return np.linalg.cholesky((a + turned(a)) / 2)

    def gradient(g: Array, a: Array) -> Array:
        factor = value(a)
        inner = np.tril(turned(factor) @ g)
        inner = inner - np.triu(inner) / 2
        found = turned(np.linalg.solve(turned(factor), turned(np.linalg.solve(turned(factor), inner))))
        return np.asarray((found + turned(found)) / 2)

    return conditioned(value, [gradient], x, units=ELIMINATION)


def orthogonal_and_upper(x: Any) -> tuple[Quantity, Quantity]:
    """Q and R of which the diagonal of R is positive."""

    def parts(a: Array) -> tuple[Array, Array]:
        q, r = np.linalg.qr(a)
        diagonal = np.diagonal(r, axis1=-2, axis2=-1)
        sign = np.where(diagonal == 0, 1.0, diagonal / np.where(diagonal == 0, 1.0, np.abs(diagonal)))
        return q * sign[..., None, :], r * sign[..., :, None].conj()

    def gradient(gq: Array, gr: Array, a: Array) -> Array:
        q, r = parts(a)
        count = min(a.shape[-2:])
        if a.shape[-1] > a.shape[-2]:  # the columns behind a square one are Q^H of theirs
            behind = a[..., count:]
            gq = gq + behind @ turned(gr[..., count:])
            return np.concatenate([square(gq, gr[..., :count], q, r[..., :count]), q @ gr[..., count:]], -1)
        return square(gq, gr, q, r)

    def square(gq: Array, gr: Array, q: Array, r: Array) -> Array:
        inner = r @ turned(gr) - turned(gq) @ q
        low = np.tril(inner, -1)
        middle = low + turned(low) + _eye(r) * np.real(np.diagonal(inner, axis1=-2, axis2=-1))[..., None, :]
        return np.asarray(turned(np.linalg.solve(r, turned(gq + q @ middle))))

    x = quantity(x)
    size = _length(np.linalg.pinv(parts(x.value)[1]))

    def of_q(g: Array, a: Array) -> Array:
        return gradient(g, np.zeros((*g.shape[:-2], *parts(a)[1].shape[-2:])), a)

    def of_r(g: Array, a: Array) -> Array:
        return gradient(np.zeros((*g.shape[:-2], *parts(a)[0].shape[-2:])), np.triu(g), a)

    return (
        _cancelling(conditioned(lambda a: parts(a)[0], [of_q], x), size),
        _cancelling(conditioned(lambda a: np.triu(parts(a)[1]), [of_r], x), size * _length(x.value)),
    )


def _unit(x: Quantity) -> float:
    """What a backward stable kernel may move a matrix by, beside its length."""
    return UNITS * max(x.shape[-2:], default=1) * current().unit * (2 if x.is_complex else 1)


def _length(array: Array) -> Array:
    return np.asarray(np.sqrt(np.square(np.abs(array)).sum((-2, -1))))


def _cancelling(found: Quantity, size: Array) -> Quantity:
    """The same, whose gradient kernels form of parts that cancel each other, each at most ``size`` times what comes
    back."""
    unit = _unit(found)

    def backwards(rule: Backward) -> Backward:
        def gradient(g: Quantity) -> Quantity:
            known = rule(g)
            return Quantity(known.value, known.error + (unit * size * _length(g.value))[..., None, None])

        return gradient

    return Quantity(found.value, found.error, [(each, backwards(rule)) for each, rule in found.links])


def singular_values(x: Any) -> Quantity:
    """In falling order."""

    def gradient(g: Array, a: Array) -> Array:
        left, _, right = np.linalg.svd(a, full_matrices=False)
        return np.asarray((left * g[..., None, :]) @ right)

    return conditioned(lambda a: np.linalg.svd(a, compute_uv=False), [gradient], x, smooth="value")


def polar(x: Any, phases: bool = False) -> Quantity:
    """U V^H of the singular value decomposition. A kernel divides by differences of singular values on the way.

    phases: one that does not take away what belongs to the phases of singular vectors multiplies it with the singular
    values, on either side, and leaves it to cancel.
    """
    x = quantity(x)

    def gradient(g: Array, a: Array) -> Array:
        if a.shape[-1] > a.shape[-2]:
            return turned(gradient(turned(g), turned(a)))
        left, values, right = np.linalg.svd(a, full_matrices=False)
        inner = turned(left) @ g @ turned(right)
        inner = (inner - turned(inner)) / (values[..., None, :] + values[..., :, None])
        outside = g - left @ (turned(left) @ g)
        return np.asarray(left @ inner @ right + (outside @ turned(right) / values[..., None, :]) @ right)

    def value(a: Array) -> Array:
        left, _, right = np.linalg.svd(a, full_matrices=False)
        return np.asarray(left @ right)

    found = conditioned(value, [gradient], x)
    values = np.linalg.svd(x.value, compute_uv=False)
    crowding = _crowding(values)
    with np.errstate(all="ignore"):
        least = values.min(-1, initial=np.inf)
        most = values.max(-1, initial=0.0)
        size = 1 / least + crowding / most + (most if phases else 0.0)
    return _limited(_cancelling(found, size), crowding)


def _crowding(values: Array) -> Array:
    """Of each row of numbers the largest over the smallest difference of two, at least 1."""
    gaps = np.abs(np.diff(np.sort(values, axis=-1), axis=-1)).min(-1, initial=np.inf)
    with np.errstate(all="ignore"):
        return np.asarray(np.maximum(np.abs(values).max(-1, initial=0.0) / gaps, 1.0))


def widened(found: Quantity, factor: float) -> Quantity:
    """The same number and gradient, with bounds that are so many times wider."""

    def backwards(rule: Backward) -> Backward:
        def gradient(g: Quantity) -> Quantity:
            known = rule(g)
            return Quantity(known.value, known.error * factor)

        return gradient

    return Quantity(found.value, found.error * factor, [(each, backwards(rule)) for each, rule in found.links])


def _limited(found: Quantity, crowding: Array, value_too: bool = False) -> Quantity:
    """The same matrix, of whose gradient nothing is promised where numbers are too crowded."""
    size = max(found.shape[-2:], default=1)
    lost = ~(crowding * max(STEP, UNITS * size * current().unit) <= FIRST_ORDER)[..., None, None]

    def backwards(rule: Backward) -> Backward:
        def gradient(g: Quantity) -> Quantity:
            known = rule(g)
            return Quantity(known.value, np.where(lost, np.inf, known.error))

        return gradient

    links = [(each, backwards(rule)) for each, rule in found.links]
    return Quantity(found.value, np.where(lost, np.inf, found.error) if value_too else found.error, links)


def eigenvalues(x: Any) -> Quantity:
    """Of the Hermitian part, in rising order."""

    def value(a: Array) -> Array:
        return np.linalg.eigvalsh((a + turned(a)) / 2)

    def gradient(g: Array, a: Array) -> Array:
        _, vectors = np.linalg.eigh((a + turned(a)) / 2)
        return np.asarray((vectors * g[..., None, :]) @ turned(vectors))

    return conditioned(value, [gradient], x, smooth="value")


def weighted_projections(x: Any) -> Quantity:
    """Of the Hermitian part the projections on the eigenvectors, in rising order, times 1, 2, 3, ... and added up."""

    def parts(a: Array) -> tuple[Array, Array, Array]:
        values, vectors = np.linalg.eigh((a + turned(a)) / 2)
        return values, vectors, np.arange(1.0, a.shape[-1] + 1)

    def value(a: Array) -> Array:
        _, vectors, weights = parts(a)
        return np.asarray((vectors * weights) @ turned(vectors))

    def gradient(g: Array, a: Array) -> Array:
        values, vectors, weights = parts(a)
        apart = values[..., None, :] - values[..., :, None] + _eye(a)
        inner = turned(vectors) @ ((g + turned(g)) / 2) @ vectors
        return np.asarray(vectors @ (inner * (weights[None, :] - weights[:, None]) / apart) @ turned(vectors))

    found = conditioned(value, [gradient], x)
    half = (quantity(x).value + turned(quantity(x).value)) / 2
    return _limited(found, _crowding(np.linalg.eigvalsh(half)), value_too=True)


def exponential(x: Any) -> Quantity:
    """The exponential of square matrices; its gradient is a corner of that of a matrix of twice the size."""

    def gradient(g: Array, a: Array) -> Array:
        count = a.shape[-1]
        zero = np.zeros_like(a)
        whole = np.concatenate([np.concatenate([turned(a), g], -1), np.concatenate([zero, turned(a)], -1)], -2)
        return _exponential(whole)[..., :count, count:]

    return conditioned(_exponential, [gradient], x, smooth="both", units=EXPONENTIAL)


def _exponential(a: Array) -> Array:
    """By a series of a small part and squarings in extended precision: SciPy's is off by 1e-12 for norms of 15."""
    wide: Any = np.clongdouble if np.iscomplexobj(a) else np.longdouble
    norm = float(np.abs(a).sum(-1).max(initial=0.0))
    squarings = max(0, int(np.ceil(np.log2(max(norm, 1e-300)))) + 1)
    part = a.astype(wide) / 2**squarings
    term = np.broadcast_to(np.eye(a.shape[-1], dtype=wide), a.shape)
    found = term
    for place in range(1, TERMS):
        term = term @ part / place
        found = found + term
    for _ in range(squarings):
        found = found @ found
    return np.asarray(found.astype(a.dtype))


def power(x: Any, exponent: int) -> Quantity:
    """Of square matrices."""
    x = quantity(x)
    if exponent < 0:
        return power(inverse(x), -exponent)
    if exponent == 0:
        return Quantity(
            np.broadcast_to(_eye(x.value), x.shape).astype(x.value.dtype), 0.0, linked((x, lambda g: g * 0.0))
        )

    def gradient(g: Array, a: Array) -> Array:
        steps = [np.linalg.matrix_power(turned(a), k) for k in range(exponent)]
        return np.asarray(sum(steps[k] @ g @ steps[exponent - 1 - k] for k in range(exponent)))

    return conditioned(lambda a: np.linalg.matrix_power(a, exponent), [gradient], x, smooth="both")


def pseudoinverse(x: Any, cutoff: float = 1e-9) -> Quantity:
    """Of matrices whose rank is known: singular values below ``cutoff`` times the largest count as 0.

    A kernel that leaves out the same ones is off by at most p(n) u ‖A‖ ‖A+‖² (Stewart, On the perturbation of
    pseudo-inverses, projections and linear least squares problems, 1977, theorem 3.3).
    """
    x = quantity(x)
    value = np.linalg.pinv(x.value, rcond=cutoff)
    left = 2 * UNITS * max(x.shape[-2:], default=1) * current().unit * (2 if x.is_complex else 1)
    size = np.linalg.norm(x.value, axis=(-2, -1)) * np.linalg.norm(value, axis=(-2, -1)) ** 2
    found = Quantity(value, np.broadcast_to((left * size)[..., None, None], value.shape))
    whole = x.plain

    def gradient(g: Quantity) -> Quantity:
        back, kept = adjoint(found), found.plain
        first, second = np.eye(x.shape[-2]) - matmul(whole, kept), np.eye(x.shape[-1]) - matmul(kept, whole)
        return (
            -matmul(matmul(back, g), back)
            + adjoint(matmul(matmul(matmul(kept, back), g), first))
            + adjoint(matmul(matmul(second, g), matmul(back, kept)))
        )

    return Quantity(value, found.error, linked((x, gradient)))


def sum_of_squared_eigenvalues(x: Any) -> Quantity:
    """Of square matrices: the trace of the square. A kernel forms its gradient of eigenvectors and of their inverse."""
    x = quantity(x)

    def value(a: Array) -> Array:
        return np.asarray(np.einsum("...ij,...ji->...", a, a))

    def gradient(g: Array, a: Array) -> Array:
        return np.asarray(2 * g[..., None, None] * turned(a))

    found = conditioned(value, [gradient], x, smooth="both")
    values, vectors = np.linalg.eig(x.value)
    apart = np.abs(values[..., None, :] - values[..., :, None]) + np.diag(np.full(x.shape[-1], np.inf))
    lost = (apart < STEP * 1e2 * _length(x.value)[..., None, None]).any((-2, -1))
    size = np.where(lost, np.inf, np.linalg.cond(vectors) ** 2 * _length(x.value))
    unit = UNITS * max(x.shape[-1], 1) * current().unit

    def backwards(rule: Backward) -> Backward:
        def back(g: Quantity) -> Quantity:
            known = rule(g)
            with np.errstate(invalid="ignore"):
                rounding = np.where(np.isinf(size), np.inf, unit * size * np.abs(g.value))
            return Quantity(known.value, known.error + rounding[..., None, None])

        return back

    return Quantity(found.value, found.error, [(each, backwards(rule)) for each, rule in found.links])


def multiplied_again(x: Any, size: Array) -> Quantity:
    """What factors of square matrices multiply to, the matrices; a kernel divides the gradient by the factors, whose
    condition is ``size``."""
    known = rebuilt(x)
    x = quantity(x)
    found = Quantity(known.value, known.error, linked((x, lambda g: g.plain)))
    return _cancelling(found, size)


def reflections(x: Any) -> Quantity:
    """The product of I - 2 v v^T / v^T v over the columns v below the diagonal, where it is taken to be 1.

    It is orthogonal, and a kernel is off by some units of 1; of its gradient by as many of what comes back.
    """
    x = quantity(x)
    rows, columns = x.shape[-2:]
    found = quantity(np.broadcast_to(np.eye(rows), (*x.shape[:-2], rows, rows)))
    for place in range(columns):
        below = np.arange(rows)[:, None] > place
        column = x[..., :, place : place + 1]
        vector = sums.move(lambda array, below=below: np.where(below, array, -1), column)
        vector = vector + np.eye(rows)[:, place : place + 1]
        found = found - matmul(matmul(found, vector), adjoint(vector)) * (2.0 / matmul(adjoint(vector), vector))
    unit = UNITS * rows * columns * current().unit
    result = Quantity(found.value, found.error + unit, found.links)
    size = np.full(x.shape[:-2], 8.0 * columns)

    def through(g: Quantity) -> Quantity:
        return Quantity(g.value, g.error + (unit * size * _length(g.value))[..., None, None])

    return Quantity(result.value, result.error, linked((result, through)))
