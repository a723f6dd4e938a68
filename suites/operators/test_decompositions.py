"""Decompositions of matrices, by what no choice of signs, phases or bases changes, with the gradient of that."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import factorizations as linear
from conformance.accuracy import Rejects
from conformance.operators import operator
from conformance.products import matmul, rebuilt
from conformance.quantity import Quantity, made, quantity, without_gradient
from conformance.sums import move, total
from suites.support.matrices import DEFINITE, HERMITIAN, LAYOUTS, REPEATED, oblong, square
from suites.support.refusals import absent

AREA = "linear algebra"
DTYPES = ("float32", "float64", "complex64", "complex128")
REAL, COMPLEX = DTYPES[:2], DTYPES[2:]
SETTINGS: dict[str, Any] = {"area": AREA, "families": ("normal", "whole"), "layouts": LAYOUTS}


def _turned(x):
    return x.mH if hasattr(x, "mH") else x.transpose([*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]).conj()


@operator(
    "linear.cholesky",
    cases=square(DEFINITE, upper=(False, True)),
    dtypes=DTYPES,
    covers=("paddle.linalg.cholesky",),
    **SETTINGS,
)
class cholesky:
    """The factor of a positive definite matrix, as a lower or an upper triangle."""

    torch = lambda f, x, upper: f.linalg.cholesky((x + _turned(x)) / 2, upper=upper)
    paddle = lambda f, x, upper: f.linalg.cholesky((x + _turned(x)) / 2, upper)
    value = lambda x, upper: linear.adjoint(linear.cholesky(x)) if upper else linear.cholesky(x)


def _signed(q, r):
    """Of which the diagonal of R is positive."""
    diagonal = r.diagonal(0, -2, -1).detach()
    sign = diagonal / diagonal.abs()
    return {"q": q * sign.unsqueeze(-2), "r": r * sign.conj().unsqueeze(-1)}


@operator(
    "linear.qr",
    cases=oblong(taller=True),
    dtypes=DTYPES,
    outputs=("q", "r"),
    covers=("paddle.linalg.qr",),
    **SETTINGS,
)
class qr:
    """Orthogonal columns and an upper triangle, of matrices that are at least as high as wide."""

    both = lambda f, x: _signed(*f.linalg.qr(x))
    value = lambda x: dict(zip(("q", "r"), linear.orthogonal_and_upper(x), strict=True))


def _identity(x, count):
    """What has orthogonal columns gives a unit matrix, to units of 1."""
    size = 16.0 * max(*x.shape[-2:], 1)
    found = np.broadcast_to(np.eye(count), (*x.shape[:-2], count, count))
    return Quantity(found.astype(x.value.dtype), size * made(1 / 3, 0.0, 1).error * 3)


@operator(
    "linear.qr_modes",
    cases=oblong(mode=("complete", "r", "reduced")),
    gradients=(),
    dtypes=DTYPES,
    may_be_zero=("below",),
    **SETTINGS,
)
class qr_modes:
    """By every mode, of matrices of every shape."""

    @staticmethod
    def torch(f, x, mode):
        return _factors(f.linalg.qr(x, mode=mode), mode)

    @staticmethod
    def paddle(f, x, mode):
        found = f.linalg.qr(x, mode=mode)
        return _factors((None, found) if mode == "r" else found, mode)

    @staticmethod
    def value(x, mode):
        rows, columns = x.shape[-2:]
        few = rows if mode == "complete" else min(rows, columns)
        square_of = matmul(linear.adjoint(x), x)
        width = linear.UNITS * 8 * max(rows, columns) * made(1 / 3, 0.0, 1).error * 3
        size = np.linalg.norm(x.value, axis=(-2, -1), keepdims=True) ** 2
        found = {
            "square": Quantity(square_of.value, np.broadcast_to(width * size, square_of.shape)),
            "below": quantity(np.zeros((*x.shape[:-2], few, columns), x.value.dtype)),
        }
        return found if mode == "r" else {**found, "product": rebuilt(x), "unit": _identity(x, few)}


def _factors(found, mode):
    q, r = found
    found = {"square": _turned(r) @ r, "below": r - r.triu()}
    return found if mode == "r" else {**found, "product": q @ r, "unit": _turned(q) @ q}


@operator("linear.svdvals", cases=oblong(), dtypes=DTYPES, covers=("paddle.linalg.svdvals",), **SETTINGS)
class svdvals:
    """The singular values alone."""

    both = lambda f, x: f.linalg.svdvals(x)
    value = linear.singular_values

    variant_absent = lambda x: absent("svdvals")

    @staticmethod
    def variant_one_axis_of_batches(x):
        """Of two axes in front the result has the first alone; no gradient goes back from such a one."""
        found = linear.singular_values(x)
        return {"output": found[:, 0].plain, "gradient.x": None} if x.ndim == 4 else found


@operator(
    "linear.svd",
    cases=oblong(),
    dtypes=REAL,
    outputs=("values", "polar"),
    covers=("paddle.linalg.svd",),
    **SETTINGS,
)
class svd:
    """The singular values, and U V^H, which no choice of signs or phases changes."""

    note = "torch.linalg.svd gives full matrices if it is not told, paddle.linalg.svd does not"
    both = lambda f, x: _polar(*f.linalg.svd(x, full_matrices=False))
    value = lambda x: _of_svd(x)


@operator("linear.svd_complex", cases=square(batches=((),)), dtypes=COMPLEX, outputs=("values", "polar"), **SETTINGS)
class svd_complex:
    """The same of a complex matrix."""

    both = lambda f, x: _polar(*f.linalg.svd(x, full_matrices=False))
    value = lambda x: _of_svd(x)
    variant_phases_cancel = lambda x: _of_svd(x, phases=True)

    @staticmethod
    def variant_gradient_of_vectors(x):
        """That of the singular vectors is another one, unless there is one alone."""
        found = _of_svd(x)
        return {**found, "polar": without_gradient(found["polar"], x, np.ones(x.shape, bool))}


@operator(
    "linear.svd_complex_batches",
    cases=square(sizes=(2, 4), batches=((3,),)),
    dtypes=COMPLEX,
    outputs=("values", "polar"),
    **SETTINGS,
)
class svd_complex_batches:
    """The same of several complex matrices, three of a size that is another."""

    both = lambda f, x: _polar(*f.linalg.svd(x, full_matrices=False))
    value = lambda x: _of_svd(x)
    variant_phases_cancel = lambda x: _of_svd(x, phases=True)
    variant_gradient_refused = lambda x: Rejects("all axes are turned", error="Broadcast dimension mismatch")


def _of_svd(x, phases=False):
    return {"values": linear.singular_values(x), "polar": linear.polar(x, phases), "product": rebuilt(x)}


def _polar(left, values, right):
    return {"values": values, "polar": left @ right, "product": (left * values.unsqueeze(-2)) @ right}


@operator("linear.svd_full", cases=oblong(), dtypes=REAL, outputs=("values",), **SETTINGS)
class svd_full:
    """With all columns of both sides, which are orthogonal; the singular values have their gradient."""

    both = lambda f, x: _full(x, *f.linalg.svd(x, full_matrices=True))
    value = lambda x: {
        "values": linear.singular_values(x),
        "product": rebuilt(x),
        "left": _identity(x, x.shape[-2]),
        "right": _identity(x, x.shape[-1]),
    }


def _full(x, left, values, right):
    few = min(x.shape[-2:])
    product = (left[..., :few] * values.unsqueeze(-2)) @ right[..., :few, :]
    return {"values": values, "product": product, "left": _turned(left) @ left, "right": right @ _turned(right)}


@operator(
    "linear.eigh",
    cases=square(HERMITIAN),
    dtypes=DTYPES,
    outputs=("values", "projections"),
    covers=("paddle.linalg.eigh",),
    **SETTINGS,
)
class eigh:
    """Eigenvalues of Hermitian matrices, and the projections on their eigenvectors."""

    both = lambda f, x: _projections(*f.linalg.eigh((x + _turned(x)) / 2))
    value = lambda x: {"values": linear.eigenvalues(x), "projections": linear.weighted_projections(x)}

    @staticmethod
    def variant_first_cotangent(x):
        """Of a batch the gradient of the eigenvalues of the first is taken for that of all."""
        found = linear.eigenvalues(x)
        if x.ndim == 2:
            return {"values": found, "projections": linear.weighted_projections(x)}
        shape = found.shape
        one = lambda array: np.broadcast_to(array.reshape(-1, shape[-1])[0], shape)
        links = [(leaf, lambda g, rule=rule: rule(move(one, g))) for leaf, rule in found.links]
        return {
            "values": Quantity(found.value, found.error, links),
            "projections": linear.weighted_projections(x),
        }


def _projections(values, vectors):
    weights = values.detach() * 0 + vectors.shape[-1]
    weights = weights.cumsum(-1) / vectors.shape[-1]
    return {"values": values, "projections": (vectors * weights.unsqueeze(-2)) @ _turned(vectors)}


@operator("linear.eigvalsh", cases=square(HERMITIAN), dtypes=DTYPES, covers=("paddle.linalg.eigvalsh",), **SETTINGS)
class eigvalsh:
    """The eigenvalues alone."""

    both = lambda f, x: f.linalg.eigvalsh((x + _turned(x)) / 2)
    value = linear.eigenvalues
    variant_gradient_of_batches = lambda x: _of_batches(linear.eigenvalues(x), x)


@operator(
    "linear.eigvalsh_triangles",
    cases=square(HERMITIAN, triangle=("L", "U"), how=("values", "both")),
    gradients=(),
    dtypes=DTYPES,
    **SETTINGS,
)
class eigvalsh_triangles:
    """One triangle is read; the other may hold anything."""

    torch = lambda f, x, triangle, how: _read(f, _spoilt(f, x, triangle), triangle, how)
    paddle = lambda f, x, triangle, how: _read(f, _spoilt(f, x, triangle), triangle, how)
    value = lambda x, triangle, how: linear.eigenvalues(x)


def _spoilt(f, x, triangle):
    return f.triu(x) + 7 * f.tril(x, -1) if triangle == "U" else f.tril(x) - 3 * f.triu(x, 1)


def _read(f, x, triangle, how):
    return f.linalg.eigvalsh(x, triangle) if how == "values" else f.linalg.eigh(x, triangle)[0]


@operator(
    "linear.repeated_eigenvalues",
    cases=square(REPEATED, (2, 3, 4), how=("eigvalsh", "eigh")),
    dtypes=REAL,
    **SETTINGS,
)
class repeated_eigenvalues:
    """The sum of the cubes of eigenvalues of which some are equal: its gradient is three times the square."""

    both = lambda f, x, how: (_values(f, (x + _turned(x)) / 2, how) ** 3).sum(-1)
    value = lambda x, how: _cubes(linear.eigenvalues(x))
    variant_nan_of_repeated = lambda x, how: (
        without_gradient(_cubes(linear.eigenvalues(x)), x, np.ones(x.shape, bool))
        if how == "eigh"
        else _of_batches(_cubes(linear.eigenvalues(x)), x)
    )


def _of_batches(found, x):
    """With a gradient that is mixed up where there are several matrices."""
    return without_gradient(found, x, np.full(x.shape, x.ndim > 2))


def _values(f, x, how):
    return f.linalg.eigvalsh(x) if how == "eigvalsh" else f.linalg.eigh(x)[0]


def _cubes(values):
    return total(values * values * values, -1)
