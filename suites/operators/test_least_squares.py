"""Pseudoinverses, least squares, ranks, conditions and norms of matrices, eigenvalues of any matrix, reflections."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import factorizations as linear
from conformance.accuracy import Acceptance, Rejects
from conformance.dtypes import WHOLE
from conformance.number_formats import current, returned
from conformance.operators import Floats, each, operator
from conformance.products import chained, kronecker, matmul, transposed
from conformance.quantity import Quantity, without_gradient
from conformance.reductions import extreme, norm, rows
from conformance.sums import joined, total
from suites.support.matrices import LAYOUTS, REGULAR, SINGULAR, SIZES, oblong, square
from suites.support.refusals import absent
from suites.support.unreached import with_zeros

AREA = "linear algebra"
DTYPES = ("float32", "float64", "complex64", "complex128")
REAL, COMPLEX = DTYPES[:2], DTYPES[2:]
SETTINGS: dict[str, Any] = {"area": AREA, "families": ("normal", "whole"), "layouts": LAYOUTS}
UNEQUAL: dict[str, Any] = {**SETTINGS, "families": ("normal",)}
"""Of sums that are equal releases share a gradient in ways of their own."""
IN_PLACE = "modified by an inplace operation"


@operator("linear.pinv", cases=oblong(), dtypes=REAL, covers=("paddle.linalg.pinv",), **SETTINGS)
class pinv:
    """The pseudoinverse of matrices of full rank."""

    both = lambda f, x: f.linalg.pinv(x)
    value = linear.pseudoinverse

    @staticmethod
    def variant_gradient_of_decomposition(x):
        """It goes back through singular vectors: NaN where singular values are equal, and less exact near that."""
        found = linear.pseudoinverse(x)
        values = np.linalg.svd(x.value, compute_uv=False)
        gaps = np.abs(np.diff(values, axis=-1)).min(-1, initial=np.inf) / values.max(-1)
        wide = linear.widened(found, 1.0 / min(float(gaps.min(initial=1.0)) or 1.0, 1.0))
        return without_gradient(
            Quantity(found.value, found.error, wide.links), x, (gaps < 1e-3)[..., None, None] & np.ones(x.shape, bool)
        )


@operator("linear.pinv_complex", cases=oblong(), gradients=(), dtypes=COMPLEX, **SETTINGS)
class pinv_complex:
    """The pseudoinverse of complex matrices."""

    both = lambda f, x: f.linalg.pinv(x)
    value = lambda x: linear.pseudoinverse(x)

    @staticmethod
    def variant_without_conjugate(x):
        """The singular vectors of one side are transposed and not conjugated."""
        found = linear.pseudoinverse(x)
        size = 2.1 * np.linalg.norm(found.value, axis=(-2, -1), keepdims=True)
        return Quantity(found.value, np.broadcast_to(size, found.shape))


@operator(
    "linear.pinv_singular",
    cases=square(SINGULAR, (2, 3, 4)),
    gradients=(),
    dtypes=REAL,
    **SETTINGS,
)
class pinv_singular:
    """The pseudoinverse of singular matrices, with the bound of small singular values left at its default."""

    note = "by default torch.linalg.pinv leaves out singular values below n times the roundoff, paddle's below 1e-15"
    both = lambda f, x: f.linalg.pinv(x)
    value = linear.pseudoinverse

    @staticmethod
    def variant_nothing_left_out(x):
        """Rounding errors of singular values that are 0 are divided by, in float32."""
        found = linear.pseudoinverse(x)
        return Quantity(found.value, np.inf) if returned() == "float32" else found


@st.composite
def _systems(draw):
    found = draw(oblong(taller=True))
    shape = found["x"].shape
    return {**found, "y": Floats((*shape[:-1], draw(each(1, 2))), specials=False)}


@operator(
    "linear.lstsq",
    cases=_systems(),
    gradients=("x", "y"),
    dtypes=REAL,
    covers=("paddle.linalg.lstsq",),
    **SETTINGS,
)
class lstsq:
    """What gives the least squares of residuals, of matrices of full rank, with its gradient."""

    both = lambda f, x, y: f.linalg.lstsq(x, y)[0]
    value = lambda x, y: matmul(linear.pseudoinverse(x), y)
    variant_gradient_refused = lambda x, y: Rejects("no gradient", error="Null autograd_meta gotten")
    variant_zero_gradient = with_zeros(value, "x", "y")


@operator(
    "linear.matrix_rank",
    cases=st.one_of(oblong(SINGULAR), oblong(REGULAR)),
    gradients=(),
    dtypes=REAL,
    covers=("paddle.linalg.matrix_rank",),
    **SETTINGS,
)
class matrix_rank:
    """How many singular values are not 0, but for rounding."""

    both = lambda f, x: f.linalg.matrix_rank(x)
    value = lambda x: {"output": Acceptance(np.asarray(np.linalg.matrix_rank(x.value)), dtype="int64")}
    variant_int32 = lambda x: {"output": Acceptance(np.asarray(np.linalg.matrix_rank(x.value)), dtype="int32")}


def _norm(x, order, shared=True):
    if order == "fro":
        x = joined([x.real, x.imag], x.ndim - 1) if x.is_complex else x
        return norm(rows(x, (x.ndim - 2, x.ndim - 1)), 2.0)
    if order in ("nuc", 2, -2):
        values = linear.singular_values(x)
        return total(values, -1) if order == "nuc" else values[..., 0 if order == 2 else -1]
    sizes = total(abs(x), -2 if abs(order) == 1 else -1)
    return extreme(sizes, np.max if order > 0 else np.min, shared)


ORDERS = ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)


@operator(
    "linear.matrix_norm",
    cases=oblong(batches=((),), order=ORDERS),
    dtypes=REAL,
    covers=("paddle.linalg.matrix_norm",),
    **UNEQUAL,
)
class matrix_norm:
    """Sums of rows and columns, and of singular values, by every order."""

    torch = lambda f, x, order: f.linalg.matrix_norm(x, order, (-2, -1))
    paddle = lambda f, x, order: f.linalg.matrix_norm(x, order, [-2, -1])
    value = lambda x, order: _norm(x, order)
    variant_absent = lambda x, order: absent("matrix_norm")

    variant_slope_with_epsilon = lambda x, order: _with_epsilon(x, order)

    @staticmethod
    def variant_axes_refused(x, order):
        """Axes are counted once more after some of them are gone."""
        if order in ("nuc", 2, -2):
            return Rejects("axes twice", error="dimension should be equal to or greater")
        if order != "fro" and x.ndim == 2:
            return Rejects("an axis that is gone", error="The reduce dim index 0 should be in the range")
        return _with_epsilon(x, order)


def _with_epsilon(x, order):
    """As that of other norms: what is divided by is greater by 1e-12."""
    found = _norm(x, order)
    links = [(leaf, lambda g, rule=rule: _wider(rule(g))) for leaf, rule in found.links]
    return Quantity(found.value, found.error, links) if order not in (2, -2, "nuc") else found


def _wider(g):
    return Quantity(g.value, g.error + 1e-10 * np.abs(g.value).max(initial=0.0))


@operator("linear.matrix_norm_complex", cases=oblong(), gradients=(), dtypes=COMPLEX, **SETTINGS)
class matrix_norm_complex:
    """The root of the sum of squared sizes of complex numbers, which is real."""

    both = lambda f, x: f.linalg.matrix_norm(x)
    value = lambda x: _norm(x, "fro")
    variant_absent = lambda x: absent("matrix_norm")

    @staticmethod
    def variant_root_of_squares(x):
        """The squares are those of complex numbers, and so is the root of their sum."""
        found = np.sqrt((x.value**2).sum((-2, -1)))
        return {"output": Acceptance(found, 2 * np.linalg.norm(x.value, axis=(-2, -1)), dtype=returned())}


@operator("linear.cond", cases=square(order=(None, *ORDERS)), dtypes=REAL, covers=("paddle.linalg.cond",), **UNEQUAL)
class cond:
    """A norm times that of the inverse, by every order."""

    both = lambda f, x, order: f.linalg.cond(x, order)
    value = lambda x, order: _condition(x, order)
    variant_whole_of_ties = lambda x, order: _condition(x, order, "whole")

    @staticmethod
    def variant_gradient_refused(x, order):
        """By norms other than those of singular values."""
        if order in (None, 2, -2, "nuc"):
            return _condition(x, order)
        return Rejects("the inverse was changed", error=IN_PLACE)


def _condition(x, order, shared=True):
    if order in (None, 2, -2):
        values = linear.singular_values(x)
        most, least = values[..., 0], values[..., -1]
        return least / most if order == -2 else most / least
    return _norm(x, order, shared) * _norm(linear.inverse(x), order, shared)


@operator(
    "linear.eigenvalues",
    cases=square(how=("eig", "eigvals")),
    dtypes=REAL,
    covers=("paddle.linalg.eig", "paddle.linalg.eigvals"),
    **SETTINGS,
)
class eigenvalues:
    """The sum of squares of the eigenvalues of any matrix, and its gradient."""

    torch = lambda f, x, how: _squared(_spectrum(f, x, how)).sum(-1).real
    paddle = lambda f, x, how: _squared(_spectrum(f, x, how)).sum(-1).real()
    value = lambda x, how: linear.sum_of_squared_eigenvalues(x)

    @staticmethod
    def variant_gradient_of_batches(x, how):
        """Of a batch what comes back to the first eigenvalues is taken for all; eigenvalues alone have no gradient."""
        found = linear.sum_of_squared_eigenvalues(x)
        if how == "eigvals":
            return {"output": found.plain, "gradient.x": None}
        return without_gradient(found, x, np.full(x.shape, x.ndim > 2))

    @staticmethod
    def variant_zero_gradient(x, how):
        """As that of batches, and eigenvalues alone have a gradient of zeros."""
        found = linear.sum_of_squared_eigenvalues(x)
        return found.plain if how == "eigvals" else without_gradient(found, x, np.full(x.shape, x.ndim > 2))

    @staticmethod
    def variant_complex_gradient(x, how):
        """By eig the gradient is a complex one, of which no more is said; of eigenvalues alone it is zeros."""
        found = linear.sum_of_squared_eigenvalues(x).plain
        if how == "eigvals":
            return found
        return {"output": found, "gradient.x": Acceptance(np.zeros(x.shape), np.inf, dtype=WHOLE[returned()])}


def _squared(x):
    return x * x


def _spectrum(f, x, how):
    if how == "eigvals":
        return f.linalg.eigvals(x)
    values, vectors = f.linalg.eig(x)
    return values + vectors.sum(-2) * 0


@operator("linear.lu", cases=square(), dtypes=REAL, covers=("paddle.linalg.lu", "paddle.linalg.lu_unpack"), **SETTINGS)
class lu:
    """A permutation, and a lower and an upper triangle that multiply to the matrix, with the gradient through both."""

    torch = lambda f, x: _product(*f.lu_unpack(*f.linalg.lu_factor(x)))
    paddle = lambda f, x: _product(*f.linalg.lu_unpack(*f.linalg.lu(x)))
    value = lambda x: linear.multiplied_again(x, np.linalg.cond(x.value) ** 2)


def _product(order, lower, upper):
    return order @ lower @ upper


@st.composite
def _reflected(draw):
    columns = draw(each(*SIZES))
    shape = (*draw(each((), (2,))), columns + draw(each(0, 1, 2)), columns)
    return {"x": Floats(shape, specials=False)}


def _factors(x):
    """Those by which the reflections are orthogonal."""
    return 2.0 / ((x.tril(-1) ** 2).sum(-2) + 1.0)


@operator(
    "linear.householder_product",
    cases=_reflected(),
    dtypes=REAL,
    may_be_zero=("gradient.x",),
    covers=("paddle.linalg.householder_product",),
    **SETTINGS,
)
class householder_product:
    """The first columns of a product of reflections, and its gradient."""

    both = lambda f, x: f.linalg.householder_product(x, _factors(x))
    value = lambda x: linear.reflections(x)[..., : x.shape[-1]]
    variant_gradient_refused = lambda x: Rejects("parts are made in place", error=IN_PLACE)

    @staticmethod
    def variant_gradient_of_what_was_there(x):
        """The diagonal has a gradient, and the first column has another one."""
        found = linear.reflections(x)[..., : x.shape[-1]]
        rows, columns = np.indices(x.shape[-2:])
        return without_gradient(found, x, np.broadcast_to((rows == columns) | (columns == 0), x.shape))


@st.composite
def _turned(draw):
    n, right, left = draw(each(1, 2, 3)), draw(each(1, 2, 4)), draw(st.booleans())
    return {
        "x": Floats((n, n), specials=False),
        "y": Floats((n, right) if left else (right, n), specials=False),
        "left": left,
        "turn": draw(st.booleans()),
    }


@operator("linear.ormqr", cases=_turned(), gradients=(), dtypes=REAL, covers=("paddle.linalg.ormqr",), **SETTINGS)
class ormqr:
    """A matrix times a product of reflections, from either side, which may be transposed."""

    note = "torch.ormqr takes reflections of fewer columns than rows, paddle.linalg.ormqr square ones"
    torch = lambda f, x, y, left, turn: f.ormqr(x, _factors(x), y, left, turn)
    paddle = lambda f, x, y, left, turn: f.linalg.ormqr(x, _factors(x), y, left, turn)
    value = lambda x, y, left, turn: _reflect(linear.reflections(x), y, left, turn)
    variant_absent = lambda x, y, left, turn: absent("ormqr")


def _reflect(product, y, left, turn):
    product = transposed(product) if turn else product
    return matmul(product, y) if left else matmul(y, product)


@operator(
    "linear.prod_complex",
    cases=st.tuples(each((), (2,)), each(1, 2, 3, 5)).map(lambda n: {"x": Floats((*n[0], n[1]), specials=False)}),
    dtypes=COMPLEX,
    families=("normal", "whole"),
    area=AREA,
    covers=("torch.prod",),
)
class prod_complex:
    """The product of complex numbers, whose gradient is the conjugate product of the others, also where one is 0."""

    both = lambda f, x: f.prod(x, -1)
    value = lambda x: _multiplied(x)

    @staticmethod
    def variant_without_conjugate(x):
        """The gradient is the product divided by the number, of neither of which the conjugate is taken."""
        found = _multiplied(x)
        return without_gradient(found, x, np.full(x.shape, x.shape[-1] > 1) | (x.value == 0))


def _multiplied(x):
    """Kernels may divide the product by the number."""
    found = x[..., 0]
    for place in range(1, x.shape[-1]):
        found = found * x[..., place]

    def through(g):
        return Quantity(g.value, g.error + 12 * x.shape[-1] * current().unit * np.abs(g.value))

    return Quantity(found.value, found.error, ((found, through),))


@st.composite
def _vectors(draw):
    shape = draw(each((3,), (2, 4), (5, 1), (17,)))
    return {"x": Floats(shape, specials=False), "y": Floats(shape, specials=False), "axis": draw(each(-1, 0))}


@operator(
    "linear.vecdot",
    cases=_vectors(),
    gradients=("x", "y"),
    dtypes=DTYPES,
    families=("normal", "positive"),
    area=AREA,
    covers=("paddle.linalg.vecdot", "paddle.vecdot"),
)
class vecdot:
    """The sums of products along an axis, of which the first factors are conjugate."""

    torch = lambda f, x, y, axis: f.linalg.vecdot(x, y, dim=axis)
    paddle = lambda f, x, y, axis: f.linalg.vecdot(x, y, axis)
    value = lambda x, y, axis: total((x.conj() if x.is_complex else x) * y, axis)
    variant_absent = lambda x, y, axis: absent("vecdot")


@operator(
    "linear.multi_dot",
    cases=st.tuples(*[each(1, 2, 3, 5)] * 4, st.booleans(), st.booleans()).map(
        lambda n: {
            "x": Floats((n[1],) if n[4] else (n[0], n[1]), specials=False),
            "y": Floats((n[1], n[2]), specials=False),
            "z": Floats((n[2],) if n[5] else (n[2], n[3]), specials=False),
        }
    ),
    gradients=("x", "y", "z"),
    dtypes=REAL,
    families=("normal", "positive"),
    area=AREA,
    covers=("paddle.linalg.multi_dot",),
)
class multi_dot:
    """The product of three matrices, of which the outer ones may be vectors, in whatever order is cheapest."""

    both = lambda f, x, y, z: f.linalg.multi_dot([x, y, z])
    value = chained


@operator(
    "linear.kron_turned",
    cases=each(((2, 3), (4, 5)), ((3, 2), (2, 2))).map(
        lambda n: {"x": Floats(n[0], specials=False), "y": Floats(n[1], specials=False)}
    ),
    gradients=(),
    dtypes=REAL,
    families=("normal", "positive"),
    layouts=(),
    area=AREA,
    covers=("torch.kron",),
)
class kron_turned:
    """Every element of a transposed matrix times another."""

    both = lambda f, x, y: f.kron(x.T, y)
    value = lambda x, y: kronecker(transposed(x), y)
    variant_refused = lambda x, y: Rejects("the result is no view", error="view size is not compatible")
    variant_not_compiled = lambda x, y: Rejects("the result is no view", error="call_function <built-in method kron")
