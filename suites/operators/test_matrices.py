"""Vector products, distances, inverses and singular values of matrices, with the gradient of each."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.operators import Floats, operator
from conformance.products import (
    cross,
    distances,
    inverse,
    rebuilt,
    singular_values,
)
from conformance.quantity import quantity
from conformance.reductions import norm, rows
from suites.support.norms import NORM_EPSILON
from suites.support.products import batched, lengths

AREA = "products"
BOTH = ("x", "y")
PLAIN = ("normal", "positive", "sorted", "constant", "sparse", "heavy")


CROSSED = (((4, 3), -1), ((3, 4), 0), ((2, 3, 5), 1), ((3, 3), 1), ((3,), 0))


@operator(
    "product.cross",
    area=AREA,
    cases=st.sampled_from(CROSSED).map(
        lambda drawn: {"x": Floats(drawn[0], specials=False), "y": Floats(drawn[0], specials=False), "axis": drawn[1]}
    ),
    gradients=BOTH,
    dtypes=("float32", "float64"),
    families=PLAIN,
    covers=("torch.cross",),
)
class cross_:
    """The vector product along an axis."""

    note = "without an axis paddle.cross and torch.cross take the first of length 3, torch.linalg.cross the last"
    torch = lambda f, x, y, axis: f.cross(x, y, dim=axis)
    paddle = lambda f, x, y, axis: f.cross(x, y, axis)
    value = cross


ORDERS = (2.0, 1.0, 3.0, np.inf, 0.5, 0.0)


@operator(
    "product.cdist",
    area=AREA,
    cases=batched(
        st.tuples(*[st.integers(1, 5)] * 3, st.sampled_from(((), (2,)))).map(
            lambda n: {"x": (*n[3], n[0], n[2]), "y": (*n[3], n[1], n[2])}
        ),
        order=ORDERS,
    ),
    gradients=BOTH,
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sorted"),
    may_be_zero=("gradient.x", "gradient.y"),
    covers=("torch.cdist",),
)
class cdist:
    """The distance of every row of one from every row of the other; of rows that are equal it has no gradient."""

    both = lambda f, x, y, order: f.cdist(x, y, order)
    value = distances
    variant_slope_with_epsilon = lambda x, y, order: distances(x, y, order, NORM_EPSILON)


@st.composite
def _squares(draw):
    n = draw(st.sampled_from((1, 2, 3, 5, 8)))
    batch = draw(st.sampled_from(((), (2,), (2, 1))))
    return {"x": Floats((*batch, n, n), specials=False)}


@operator(
    "product.inv",
    area=AREA,
    cases=_squares(),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sparse"),
    covers=("torch.linalg.inv",),
)
class inv:
    """The inverse of regular matrices, and its gradient."""

    torch = lambda f, x: f.linalg.inv(x + 9.0 * f.eye(x.shape[-1], dtype=x.dtype))
    paddle = lambda f, x: f.linalg.inv(x + 9.0 * f.eye(x.shape[-1], dtype=x.dtype))
    value = lambda x: inverse(x + 9.0 * np.eye(x.shape[-1]))


@st.composite
def _any_matrix(draw):
    n, m = draw(st.sampled_from((1, 2, 3, 6))), draw(st.sampled_from((1, 2, 3, 6)))
    return {"x": Floats((*draw(st.sampled_from(((), (2,)))), n, m), specials=False)}


@operator(
    "product.svd",
    area=AREA,
    cases=_any_matrix(),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "heavy"),
    layouts=("transposed", "sliced", "flipped"),  # equal rows have a singular value of 0, whose gradient has no sign
    covers=("torch.linalg.svd", "paddle.linalg.svd"),
)
class svd:
    """The singular values, with their gradient, and parts that multiply to the matrix."""

    torch = lambda f, x: _parts(*f.linalg.svd(x, full_matrices=False))
    paddle = lambda f, x: _parts(*f.linalg.svd(x, full_matrices=False))
    value = lambda x: {"output": singular_values(x), "product": rebuilt(x)}


def _parts(left, values, right):
    return {"output": values, "product": (left * values.unsqueeze(-2)) @ right}


@operator(
    "product.matrix_norm",
    area=AREA,
    cases=_any_matrix(),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "heavy"),
    covers=("torch.linalg.norm",),
)
class matrix_norm:
    """The root of the sum of squares of a matrix."""

    both = lambda f, x: f.linalg.norm(x, "fro", (-2, -1))
    value = lambda x: _frobenius(x)
    variant_slope_with_epsilon = lambda x: _frobenius(x, NORM_EPSILON)


def _frobenius(x, epsilon=0.0):
    return norm(rows(x, (x.ndim - 2, x.ndim - 1)), 2.0, epsilon)


@operator(
    "product.integers",
    area=AREA,
    cases=batched(lengths.map(lambda n: {"x": (n[0], n[1]), "y": (n[1], n[2])})).map(
        lambda found: {name: Floats(spec.shape, low=-9.0, high=9.0, specials=False) for name, spec in found.items()}
    ),
    gradients=(),
    dtypes=("int64", "int32"),
    covers=("paddle.matmul",),
)
class integers:
    """The product of matrices of integers."""

    both = lambda f, x, y: f.matmul(x, y)
    value = lambda x, y: quantity(x.value @ y.value)
