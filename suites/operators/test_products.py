"""Products of vectors, matrices and batches of every rank, by name, by operator and by letters."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.number_formats import WIDER, computed_in, returned, returned_in
from conformance.operators import Floats, each, in_steps, operator
from conformance.products import (
    contracted,
    kronecker,
    matmul,
    transposed,
)
from conformance.quantity import made, quantity
from conformance.sums import begun_with, move, total
from suites.support.cut_off import cut_off
from suites.support.products import LENGTHS, batched, lengths

AREA = "products"
EMPTY = Rejects("there are no elements", "dims size must not be equal 0")
BOTH = ("x", "y")
DTYPES = ("float32", "float64", "float16", "bfloat16")
PLAIN = ("normal", "positive", "sorted", "constant", "sparse", "heavy")


@st.composite
def _factors(draw):
    """Vectors, matrices and batches that broadcast, with one long axis now and then, and empty ones."""
    n, k, m = (draw(st.sampled_from(LENGTHS)) for _ in range(3))
    if draw(st.integers(0, 9)) == 0:
        n, k = 0, 3  # nothing between two matrices leaves memory unwritten in paddle 3.0
    batch = draw(st.lists(st.integers(1, 3), max_size=2).map(tuple))
    ones = tuple(1 if draw(st.booleans()) else length for length in batch)
    left, right = draw(
        st.sampled_from((("b", "b"), ("", "b"), ("b", ""), ("1", "b"), ("v", "b"), ("b", "v"), ("v", "v")))
    )
    shape = {"b": batch, "": (), "1": ones}
    x = (k,) if left == "v" else (*shape[left], n, k)
    y = (k,) if right == "v" else (*shape[right], k, m)
    return x, y


def _matrices(**options):
    return st.tuples(_factors(), st.booleans(), st.booleans(), each("function", "operator", "method")).map(
        lambda drawn: {
            "x": Floats(_turned(drawn[0][0], drawn[1]), specials=False),
            "y": Floats(_turned(drawn[0][1], drawn[2]), specials=False),
            "turn_x": drawn[1] and len(drawn[0][0]) > 1,
            "turn_y": drawn[2] and len(drawn[0][1]) > 1,
            "how": drawn[3],
        }
    )


def _turned(shape, turn):
    return (*shape[:-2], shape[-1], shape[-2]) if turn and len(shape) > 1 else shape


def _turn(x, turn):
    return transposed(x) if turn else x


def _dot_in_steps(x, y):
    """Of two vectors, by a kernel that adds in low precision; of anything else as it should be."""
    if x.ndim > 1 or y.ndim > 1:
        return matmul(x, y)
    with computed_in(returned()), returned_in(returned(), sums_in_steps=True):
        return matmul(x, y)


def _vectors_in_steps(x, y):
    """With a vector on either side, by a kernel that adds in low precision; matrices as they should be."""
    if x.ndim == 1 or y.ndim == 1:
        return matmul(x, y)
    with computed_in(WIDER.get(returned(), returned())), returned_in(returned()):
        return matmul(x, y)


def _empty_not_broadcast(x, y):
    """Of nothing, all axes of the first but its last and all of the second but its first."""
    if x.value.size and y.value.size:
        return matmul(x, y)
    return {"output": quantity(np.zeros(x.shape[:-1] + y.shape[1:]))} if y.ndim > 2 else matmul(x, y)


@operator(
    "product.matmul",
    area=AREA,
    cases=_matrices(),
    gradients=BOTH,
    dtypes=DTYPES,
    families=PLAIN,
    covers=("torch.matmul", "paddle.matmul", "paddle.Tensor.__matmul__", "paddle.Tensor.matmul"),
)
class matmul_:
    """The product of vectors, matrices and batches of every rank, either of which may be transposed."""

    torch = lambda f, x, y, turn_x, turn_y, how: (
        f.matmul(x.mT if turn_x else x, y.mT if turn_y else y)
        if how == "function"
        else (x.mT if turn_x else x) @ (y.mT if turn_y else y)
    )
    paddle = lambda f, x, y, turn_x, turn_y, how: (
        f.matmul(x, y, transpose_x=turn_x, transpose_y=turn_y) if how != "operator" or turn_x or turn_y else x @ y
    )
    value = lambda x, y, turn_x, turn_y, how: matmul(_turn(x, turn_x), _turn(y, turn_y))
    variant_vectors_in_steps = in_steps(
        lambda x, y, turn_x, turn_y, how: _vectors_in_steps(_turn(x, turn_x), _turn(y, turn_y))
    )
    variant_dot_in_steps = lambda x, y, turn_x, turn_y, how: _dot_in_steps(_turn(x, turn_x), _turn(y, turn_y))
    variant_empty_not_broadcast = lambda x, y, turn_x, turn_y, how: _empty_not_broadcast(
        _turn(x, turn_x), _turn(y, turn_y)
    )
    variant_empty_refused = lambda x, y, turn_x, turn_y, how: (
        matmul(_turn(x, turn_x), _turn(y, turn_y)) if x.value.size and y.value.size else EMPTY
    )


@operator(
    "product.bmm",
    area=AREA,
    cases=batched(lengths.map(lambda n: {"x": (min(n[3], 3), n[0], n[1]), "y": (min(n[3], 3), n[1], n[2])})),
    gradients=BOTH,
    dtypes=DTYPES,
    families=PLAIN,
    covers=("paddle.bmm",),
)
class bmm:
    """The products of two batches of matrices."""

    both = lambda f, x, y: f.bmm(x, y)
    value = matmul


@operator(
    "product.mm",
    area=AREA,
    cases=batched(lengths.map(lambda n: {"x": (n[0], n[1]), "y": (n[1], n[2])})),
    gradients=BOTH,
    dtypes=("float32", "float64"),
    families=PLAIN,
    covers=("paddle.mm",),
)
class mm:
    """The product of two matrices."""

    both = lambda f, x, y: f.mm(x, y)
    value = matmul


@operator(
    "product.mv",
    area=AREA,
    cases=batched(lengths.map(lambda n: {"x": (n[0], n[1]), "y": (n[1],)})),
    gradients=BOTH,
    dtypes=("float32", "float64"),
    families=PLAIN,
    covers=("paddle.mv",),
)
class mv:
    """The product of a matrix and a vector."""

    both = lambda f, x, y: f.mv(x, y)
    value = matmul


@operator(
    "product.dot",
    area=AREA,
    cases=batched(st.sampled_from((1, 3, 17, 257, 1000)).map(lambda n: {"x": (n,), "y": (n,)})),
    gradients=BOTH,
    dtypes=("float32", "float64"),
    families=PLAIN,
    covers=("torch.dot", "paddle.dot"),
)
class dot:
    """The sum of products of two vectors."""

    both = lambda f, x, y: f.dot(x, y)
    value = lambda x, y: total(x * y)


@operator(
    "product.outer",
    area=AREA,
    cases=batched(lengths.map(lambda n: {"x": (n[0],), "y": (n[1],)})),
    gradients=BOTH,
    dtypes=DTYPES,
    families=PLAIN,
    stepwise="gradient",
    covers=("paddle.outer",),
)
class outer:
    """Every product of an element of one vector and one of another."""

    both = lambda f, x, y: f.outer(x, y)
    value = lambda x, y: x.reshape(-1, 1) * y.reshape(1, -1)


@operator(
    "product.inner",
    area=AREA,
    cases=batched(lengths.map(lambda n: {"x": (n[0], n[1]), "y": (n[2], n[1])})),
    gradients=BOTH,
    dtypes=("float32", "float64"),
    families=PLAIN,
)
class inner:
    """The products along the last axes."""

    both = lambda f, x, y: f.inner(x, y)
    value = lambda x, y: matmul(x, transposed(y))

    @staticmethod
    def variant_one_element_multiplies(x, y):
        if 1 not in (x.value.size, y.value.size):
            return matmul(x, transposed(y))
        lost = {} if (x * y).shape == (len(x.value), len(y.value)) else {"gradient.x": None, "gradient.y": None}
        return {"output": x * y, **lost}


def _sums():
    addend = st.sampled_from(("matrix", "row", "one"))

    def shape(drawn):
        (n, k, m, _), kind = drawn
        return {"input": {"matrix": (n, m), "row": (1, m), "one": (1, 1)}[kind], "x": (n, k), "y": (k, m)}

    return batched(st.tuples(lengths, addend).map(shape), beta=(1.0, 0.5, 0.0, -2.0), alpha=(1.0, 2.0, 0.1))


@operator(
    "product.addmm",
    area=AREA,
    cases=_sums(),
    gradients=("input", "x", "y"),
    dtypes=("float32", "float64"),
    families=PLAIN,
    may_be_zero=("gradient.input",),
    covers=("torch.addmm", "paddle.addmm"),
)
class addmm:
    """beta times a matrix, which is broadcast, plus alpha times a product."""

    torch = lambda f, input, x, y, beta, alpha: f.addmm(input, x, y, beta=beta, alpha=alpha)
    paddle = lambda f, input, x, y, beta, alpha: f.addmm(input, x, y, beta, alpha)
    value = lambda input, x, y, beta, alpha: _addmm(input, x, y, beta, alpha)
    variant_float32_factors = lambda input, x, y, beta, alpha: _addmm(
        input, x, y, float(np.float32(beta)), float(np.float32(alpha))
    )


def _addmm(added, x, y, beta, alpha):
    """Kernels scale the sum of products, or one of its factors: then not even small integers add up exactly."""
    factor, weighted, terms = made(alpha, 0.0, 1), added * made(beta, 0.0, 1), x.shape[1]
    found = begun_with(weighted, matmul(x, y) * factor, terms)
    found.error = np.maximum(found.error, begun_with(weighted, matmul(x * factor, y), terms).error)
    return found


LETTERS = {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "ij,kj->ik": ((5, 33), (4, 33)),
    "bij,bjk->bik": ((2, 3, 4), (2, 4, 5)),
    "i,j->ij": ((3,), (4,)),
    "ij,ij->": ((3, 17), (3, 17)),
    "ij,ij->ij": ((3, 2), (3, 2)),
    "bhid,bhjd->bhij": ((1, 2, 3, 17), (1, 2, 4, 17)),
    "...ij,...jk->...ik": ((2, 3, 4), (2, 4, 5)),
    "ij,jk": ((2, 3), (3, 4)),
    "ab,cd->abcd": ((2, 3), (4, 2)),
    "bij,bik->bjk": ((2, 5, 3), (2, 5, 4)),
}


@operator(
    "product.einsum",
    area=AREA,
    cases=st.sampled_from(tuple(LETTERS)).map(
        lambda letters: {
            "x": Floats(LETTERS[letters][0], specials=False),
            "y": Floats(LETTERS[letters][1], specials=False),
            "letters": letters,
        }
    ),
    gradients=BOTH,
    dtypes=("float32", "float64"),
    families=PLAIN,
    share=0.5,
    covers=("torch.einsum", "paddle.einsum"),
)
class einsum_:
    """Products by letters: sums, batches, an ellipsis, and a result that is left out."""

    both = lambda f, x, y, letters: f.einsum(letters, x, y)
    value = lambda x, y, letters: contracted(letters, x, y)


ALONE = ("ii->i", "ii", "ij->ji", "ij->i", "ij->", "ij->j")


@operator(
    "product.einsum_of_one",
    area=AREA,
    cases=each(*ALONE).map(lambda letters: {"x": Floats((4, 4), specials=False), "letters": letters}),
    dtypes=("float32", "float64"),
    covers=("torch.einsum", "paddle.einsum"),
)
class einsum_of_one:
    """Diagonals, traces, transposes and sums by letters."""

    both = lambda f, x, letters: f.einsum(letters, x)
    value = lambda x, letters: _alone(x, letters)


def _alone(x, letters):
    if letters.startswith("ii"):
        found = move(lambda array: np.diagonal(array), x)
        return total(found) if letters == "ii" else found
    if letters == "ij->ji":
        return transposed(x)
    return total(x, {"ij->i": 1, "ij->j": 0, "ij->": None}[letters])


SIDES = (((2,), (3,)), ((2, 2), (2, 3)), ((2,), (2, 2)), ((2, 1), (1, 2, 3)), ((3,), ()), ((2, 2, 2), (3,)))


@operator(
    "product.kron",
    area=AREA,
    cases=st.sampled_from(SIDES).map(lambda s: {"x": Floats(s[0], specials=False), "y": Floats(s[1], specials=False)}),
    gradients=BOTH,
    dtypes=DTYPES,
    families=PLAIN,
    stepwise="gradient",
    layouts=("expanded", "flipped"),
    covers=("torch.kron", "paddle.kron"),
)
class kron:
    """Every element of the first times the second, of any ranks."""

    both = lambda f, x, y: f.kron(x, y)
    value = kronecker
    variant_cut_off = in_steps(lambda x, y: cut_off(kronecker(x, y)))
