"""Functions of the elements of a sparse matrix, moves of it, and softmaxes of its rows, with their gradients."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.attention import softmax
from conformance.functions import apply, relu, square
from conformance.operators import Floats, each, operator
from conformance.quantity import scaled, where
from conformance.strategies import generator, seeds
from conformance.sums import move
from suites.support import sparse_tensors as sparse

AREA = "sparse"
SHAPE = (3, 4)
FUNCTIONS = (
    *("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "sqrt", "square"),
    *("log1p", "abs", "neg", "deg2rad", "rad2deg", "expm1", "relu"),
)


def _matrix(f, x, at, rows):
    if f.__name__ == "torch":
        return f.sparse_coo_tensor(at, x, SHAPE)
    found = f.sparse.sparse_coo_tensor(at, x, list(SHAPE), stop_gradient=False)
    return found.to_sparse_csr() if rows else found


@st.composite
def elements(draw, /, domain, shuffled=True, **options):
    """Values at some places of a small matrix, in order or, without compressed rows, in any order."""
    rows = draw(st.booleans())
    at = sparse.places(
        generator(draw(seeds)), SHAPE, draw(st.integers(1, 12)), rows or not shuffled or draw(st.booleans()), False
    )
    chosen = {name: draw(each(*values)) for name, values in options.items()}
    return {"x": Floats((at.shape[1],), specials=False, **domain), "at": at, "rows": rows, **chosen}


def _placed(x, at, shape=SHAPE):
    """The dense matrix of these elements."""

    def places(array):
        found = np.full(SHAPE, -1)
        found[tuple(at)] = array
        return found.reshape(shape)

    return move(places, x)


def _applied(x, name):
    if name in ("abs", "neg"):
        return abs(x) if name == "abs" else -x
    if name in ("deg2rad", "rad2deg"):
        return scaled(x, np.pi / 180 if name == "deg2rad" else 180 / np.pi, 2)
    return square(x) if name == "square" else relu(x) if name == "relu" else apply(name, x)


def _by_float32(x, name):
    """As :func:`_applied`, with the factor of degrees as float32 has it."""
    factors = {"deg2rad": np.pi / 180, "rad2deg": 180 / np.pi}
    return scaled(x, float(np.float32(factors[name]))) if name in factors else _applied(x, name)


def _without_rows(value):
    """The formula of compressed rows that pass no gradient to the elements that they were made of."""

    def formula(**inputs):
        found = value(**inputs)
        return {"output": found, "gradient.x": None} if inputs["rows"] else found

    return formula


def _torch_applied(f, x, name):
    return getattr(f, name)(x)


def _paddle_applied(f, matrix, name):
    return f.sparse.nn.functional.relu(matrix) if name == "relu" else getattr(f.sparse, name)(matrix)


@operator(
    "sparse.functions",
    area=AREA,
    cases=elements({"low": 0.01, "high": 0.9}, name=FUNCTIONS),
    dtypes=("float32", "float64"),
    layouts=(),
    covers=("paddle.sparse.nn.functional.relu", *(f"paddle.sparse.{name}" for name in FUNCTIONS[:-1])),
)
class functions:
    """A function of each element, which leaves the others 0."""

    torch = lambda f, x, at, rows, name: _matrix(f, _torch_applied(f, x, name), at, rows).to_dense()
    paddle = lambda f, x, at, rows, name: _paddle_applied(f, _matrix(f, x, at, rows), name).to_dense()
    value = lambda x, at, rows, name: _placed(_applied(x, name), at)
    variant_rows_cut_off = _without_rows(lambda x, at, rows, name: _placed(_applied(x, name), at))
    variant_float32_factor = _without_rows(lambda x, at, rows, name: _placed(_by_float32(x, name), at))


def _activated(x, at, rows, name, steep=False):
    """steep: the gradient of a leaky one at 0 is that of its positive side."""
    if name == "relu6":
        return _placed(where((x.value > 0) & (x.value < 6), x, where(x.value >= 6, 6.0, 0.0)), at)
    return _placed(where(x.value >= 0 if steep else x.value > 0, x, scaled(x, 0.1, 2)), at)


@operator(
    "sparse.activations",
    area=AREA,
    cases=elements({"points": (6.0, 0.0)}, name=("relu6", "leaky_relu")),
    dtypes=("float32",),
    layouts=(),
    covers=("paddle.sparse.nn.functional.relu6", "paddle.sparse.nn.functional.leaky_relu"),
)
class activations:
    """Each element within 0 and 6, or a tenth of it where it is negative."""

    torch = lambda f, x, at, rows, name: _matrix(
        f, f.nn.functional.relu6(x) if name == "relu6" else f.nn.functional.leaky_relu(x, 0.1), at, rows
    ).to_dense()
    paddle = lambda f, x, at, rows, name: (
        f.sparse.nn.functional.relu6(_matrix(f, x, at, rows))
        if name == "relu6"
        else f.sparse.nn.functional.leaky_relu(_matrix(f, x, at, rows), 0.1)
    ).to_dense()
    value = _activated
    variant_steep_at_zero = _without_rows(lambda **inputs: _activated(**inputs, steep=True))
    variant_rows_cut_off = _without_rows(_activated)


def _row_softmax(x, at, rows):
    whole = np.full(SHAPE, -np.inf)
    whole[tuple(at)] = 0.0
    scores = _placed(x, at) + whole
    some = np.isfinite(whole).any(1)
    found = softmax(where(some[:, None], scores, 0.0))
    return where(np.isfinite(whole), found, 0.0)


@operator(
    "sparse.softmax",
    area=AREA,
    cases=elements({"low": -20.0, "high": 20.0}, shuffled=False),
    dtypes=("float32", "float64"),
    layouts=(),
    may_be_zero=("gradient.x",),
    covers=("paddle.sparse.nn.functional.softmax",),
)
class row_softmax:
    """The softmax of each row over the elements that it has."""

    torch = lambda f, x, at, rows: f.sparse.softmax(_matrix(f, x, at, rows), 1).to_dense()
    paddle = lambda f, x, at, rows: f.sparse.nn.functional.softmax(_matrix(f, x, at, rows)).to_dense()
    value = _row_softmax
    variant_rows_cut_off = _without_rows(_row_softmax)


def _moved(f, matrix, how):
    if how == "transpose":
        return matrix.t() if f.__name__ == "torch" else f.sparse.transpose(matrix, [1, 0])
    return matrix.to_dense().reshape(2, 6) if f.__name__ == "torch" else f.sparse.reshape(matrix, [2, -1])


def _parts(x, at, rows, how):
    return _placed(x, at, (2, 6)) if how == "reshape" else move(lambda array: array.T, _placed(x, at))


@operator(
    "sparse.moves",
    area=AREA,
    cases=elements({}, how=("transpose", "reshape")),
    dtypes=("float32", "float64"),
    layouts=(),
    covers=("paddle.sparse.transpose", "paddle.sparse.reshape"),
)
class moves:
    """The transpose, and another shape, of a matrix."""

    torch = lambda f, x, at, rows, how: _moved(f, _matrix(f, x, at, rows), how).to_dense()
    paddle = lambda f, x, at, rows, how: _moved(f, _matrix(f, x, at, rows), how).to_dense()
    value = _parts
    variant_rows_cut_off = _without_rows(_parts)
