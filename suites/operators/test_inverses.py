"""Inverses, determinants and solutions of systems of linear equations, with the gradient of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import factorizations as linear
from conformance.accuracy import Rejects
from conformance.number_formats import returned
from conformance.operators import Floats, each, operator
from conformance.products import matmul
from conformance.quantity import Quantity, backward, where, without_gradient
from conformance.sums import move
from suites.support.matrices import BATCHES, LAYOUTS, LOWER, REGULAR, SINGULAR, SIZES, UPPER, Matrices, square
from suites.support.refusals import absent

AREA = "linear algebra"
DTYPES = ("float32", "float64", "complex64", "complex128")
REAL = ("float32", "float64")
FAMILIES = ("normal", "whole")
SETTINGS: dict[str, Any] = {"area": AREA, "families": FAMILIES, "layouts": LAYOUTS}


@operator(
    "linear.det",
    cases=square(powers=(0, 0, 4, -4, -10)),
    dtypes=DTYPES,
    covers=("paddle.linalg.det",),
    **SETTINGS,
)
class det:
    """The determinant of regular matrices."""

    both = lambda f, x: f.linalg.det(x)
    value = linear.determinant
    variant_no_gradient_of_small = lambda x: _no_gradient_of_small(x)


@operator(
    "linear.det_singular",
    cases=square(SINGULAR, (1, 2, 3)),
    dtypes=REAL,
    may_be_zero=("output", "gradient.x"),
    **SETTINGS,
)
class det_singular:
    """The determinant of singular matrices, 0, and its gradient, the adjugate."""

    both = lambda f, x: f.linalg.det(x)
    value = linear.determinant
    variant_no_gradient_of_small = lambda x: _no_gradient_of_small(x)
    variant_determinant_times_inverse = lambda x: without_gradient(linear.determinant(x), x, np.ones(x.shape, bool))


def _no_gradient_of_small(x):
    """None of all matrices, where the determinant of one is below a bound of the dtype, and a part of it near that."""
    found = linear.determinant(x)
    limit = 1e-5 if returned() in ("float32", "complex64") else 1e-12
    size = np.abs(found.value)
    if (size + found.error).min(initial=np.inf) < 0.99 * limit:
        return found.plain.with_gradient(x, lambda g: Quantity(np.zeros(x.shape)))
    if (size - found.error).min(initial=np.inf) > 1.01 * limit:
        return found

    def all_or_nothing(g):
        ((_, rule),) = found.links
        half = rule(g) * 0.5
        return Quantity(half.value, np.abs(half.value) + 2 * half.error)

    return found.plain.with_gradient(x, all_or_nothing)


@operator(
    "linear.slogdet",
    cases=square(),
    dtypes=DTYPES,
    outputs=("logarithm",),
    covers=("paddle.linalg.slogdet",),
    **SETTINGS,
)
class slogdet:
    """Sign and logarithm of the size of the determinant."""

    note = "torch.linalg.slogdet returns a pair; paddle.linalg.slogdet one tensor that has both as its first axis"
    torch = lambda f, x: dict(zip(("sign", "logarithm"), f.linalg.slogdet(x), strict=True))
    paddle = lambda f, x: _halves(f.linalg.slogdet(x))
    value = lambda x: _sign_and_logarithm(x)
    variant_shape_of_input = lambda x: (
        Rejects("two numbers, and one by the shape", error="at dim 0 should be >= 0 and < x.shape[0]")
        if x.shape[0] < 2
        else _sign_and_logarithm(x)
    )


def _sign_and_logarithm(x):
    return {"sign": linear.sign_of_determinant(x).plain, "logarithm": linear.logarithm_of_determinant(x)}


def _halves(found):
    return {"sign": found[0], "logarithm": found[1].real() if found.is_complex() else found[1]}


@operator(
    "linear.inv",
    cases=square(how=("inv", "inverse")),
    dtypes=DTYPES,
    covers=("paddle.linalg.inv", "paddle.inverse"),
    **SETTINGS,
)
class inv:
    """The inverse of regular matrices."""

    both = lambda f, x, how: f.linalg.inv(x) if how == "inv" else f.inverse(x)
    value = lambda x, how: linear.inverse(x)


@st.composite
def _systems(draw, /, kind=REGULAR, **options):
    n, batch, right = draw(each(*SIZES)), draw(each(*BATCHES)), draw(each(1, 2, 3))
    clean = draw(each(True, False))
    found = {
        "x": Matrices((*batch, n, n), specials=False, kind=kind, clean=clean),
        "y": Floats((*batch, n, right), specials=False),
    }
    return {**found, **{name: draw(each(*values)) for name, values in options.items()}}


def _triangles(**options):
    """Systems of either triangle."""
    return st.one_of(_systems(UPPER, upper=(True,), **options), _systems(LOWER, upper=(False,), **options))


@operator(
    "linear.solve", cases=_systems(), gradients=("x", "y"), dtypes=DTYPES, covers=("paddle.linalg.solve",), **SETTINGS
)
class solve:
    """What a matrix is multiplied by to give the right side."""

    both = lambda f, x, y: f.linalg.solve(x, y)
    value = linear.solution


@operator(
    "linear.triangular_solve",
    cases=_triangles(turn=(False, True), unit=(False, True)),
    gradients=("x", "y"),
    dtypes=DTYPES,
    may_be_zero=("gradient.x",),
    covers=("paddle.linalg.triangular_solve",),
    **SETTINGS,
)
class triangular_solve:
    """The same of one triangle, which may be turned, or have ones on its diagonal that are not read."""

    torch = lambda f, x, y, upper, turn, unit: f.linalg.solve_triangular(
        x.mT if turn else x, y, upper=upper != turn, unitriangular=unit
    )
    paddle = lambda f, x, y, upper, turn, unit: f.linalg.triangular_solve(x, y, upper, turn, unit)
    value = lambda x, y, upper, turn, unit: _triangular(x, y, upper, turn, unit)

    @staticmethod
    def variant_gradient_beyond_unit_diagonal(x, y, upper, turn, unit):
        """Of a lower triangle with ones the diagonal and what lies just above it have a gradient too."""
        if upper or not unit:
            return _triangular(x, y, upper, turn, unit)
        read = linear.triangle(x.plain, False, True)
        read.variable = True
        found = _triangular_of(read, y, turn)
        inside = np.tril(np.ones(x.shape[-2:], bool), 1)

        def gradient(g):
            (known,) = backward([(found, g)], [read])
            return where(inside, known, 0.0)

        return Quantity(found.value, found.error, [*found.links, (x, gradient)])


def _triangular(x, y, upper, turn, unit):
    return _triangular_of(linear.triangle(x, upper, unit), y, turn)


def _triangular_of(read, y, turn):
    return linear.solution(move(lambda a: a.swapaxes(-1, -2), read) if turn else read, y)


def _factor_gradient(x, upper, whole, inner):
    """The gradient of a Cholesky factor that is formed with all that is given, and may not be cut to its triangle;
    inner: of the product of the factors."""
    factor = x.plain
    inside = (np.triu if upper else np.tril)(np.ones(x.shape[-2:], bool))

    def gradient(g):
        known = inner(g)
        known = known + linear.adjoint(known)
        found = matmul(factor, known) if upper else matmul(known, factor)
        return found if whole else where(inside, found, 0.0)

    return gradient


@operator(
    "linear.cholesky_solve",
    cases=_triangles(),
    gradients=("x", "y"),
    dtypes=REAL,
    covers=("paddle.linalg.cholesky_solve",),
    **SETTINGS,
)
class cholesky_solve:
    """The solution for the matrix whose Cholesky factor is given in one triangle."""

    torch = lambda f, x, y, upper: f.cholesky_solve(y, x, upper)
    paddle = lambda f, x, y, upper: f.linalg.cholesky_solve(y, x, upper)
    value = lambda x, y, upper: linear.solution(_squared(x, upper), y)
    variant_gradient_of_given = lambda x, y, upper: _solved(x, y, upper, whole=False)
    variant_whole_gradient_of_given = lambda x, y, upper: _solved(x, y, upper, whole=True)


def _solved(x, y, upper, whole):
    product = _squared(x.plain, upper)
    found = linear.solution(product, y)
    inner = lambda g: -matmul(linear.solution(product, g.plain), linear.adjoint(found.plain))
    return Quantity(found.value, found.error, [*found.links, (x, _factor_gradient(x, upper, whole, inner))])


def _squared(x, upper):
    read = linear.triangle(x, upper)
    return matmul(linear.adjoint(read), read) if upper else matmul(read, linear.adjoint(read))


@st.composite
def _factors(draw):
    n, kind = draw(each(*SIZES)), draw(each(UPPER, LOWER))
    found = Matrices((n, n), specials=False, kind=kind, clean=draw(each(True, False)))
    return {"x": found, "upper": kind == UPPER}


@operator(
    "linear.cholesky_inverse",
    cases=_factors(),
    dtypes=REAL,
    covers=("paddle.linalg.cholesky_inverse",),
    **SETTINGS,
)
class cholesky_inverse:
    """The inverse of the matrix whose Cholesky factor is given in one triangle."""

    note = "torch.cholesky_inverse takes batches, paddle.linalg.cholesky_inverse one matrix"
    both = lambda f, x, upper: (f.cholesky_inverse if f.__name__ == "torch" else f.linalg.cholesky_inverse)(x, upper)
    value = lambda x, upper: linear.inverse(_squared(x, upper))

    variant_absent = lambda x, upper: absent("cholesky_inverse")

    @staticmethod
    def variant_whole_gradient(x, upper):
        """The gradient is not cut to the triangle."""
        found = linear.inverse(_squared(x, upper)).plain
        inner = lambda g: -matmul(matmul(linear.adjoint(found), g), linear.adjoint(found))
        return found.with_gradient(x, _factor_gradient(x, upper, True, inner))

    @staticmethod
    def variant_all_read(x, upper):
        """The other triangle is read too."""
        product = matmul(linear.adjoint(x), x) if upper else matmul(x, linear.adjoint(x))
        return linear.inverse(product)


@operator(
    "linear.matrix_power",
    cases=square(n=(2, 3, 0, 1, -1, -2)),
    dtypes=REAL,
    may_be_zero=("gradient.x",),
    covers=("paddle.linalg.matrix_power",),
    **SETTINGS,
)
class matrix_power:
    """A matrix multiplied with itself, or its inverse with itself."""

    both = lambda f, x, n: f.linalg.matrix_power(x, n)
    value = lambda x, n: linear.power(x, n)


@operator(
    "linear.matrix_exp",
    cases=square(powers=(0, 0, -4, 2)),
    dtypes=REAL,
    covers=("paddle.linalg.matrix_exp",),
    **SETTINGS,
)
class matrix_exp:
    """The exponential series of a matrix."""

    note = "torch.linalg.matrix_exp takes complex matrices too"
    both = lambda f, x: f.linalg.matrix_exp(x)
    value = linear.exponential
    variant_no_way_back = lambda x: (
        linear.exponential(x)
        if x.shape[-1] == 1 or not x.tracked
        else Rejects("a gradient through its branches", error="The variable middle_")
    )
    variant_absent = lambda x: absent("matrix_exp")

    @staticmethod
    def variant_scaled_too_little(x):
        """Of norms beyond a bound of the dtype an approximation is used that holds up to there; beyond twice as much
        the result is squared, and backward refuses that."""
        norm = np.abs(x.value).sum(-2).max(initial=0.0)
        limit, lost = (3.925724783138660, 2.0**15) if returned() == "float32" else (5.371920351148152, 2.0**27)
        if x.shape[-1] == 1 or norm <= limit:
            return linear.exponential(x)
        if norm >= 2 * limit:
            return Rejects("the result is squared", error="modified by an inplace operation")
        return linear.widened(linear.exponential(x), lost)
