"""Sparse matrices: from coordinates to rows and to dense ones, arithmetic, functions of elements, sums and moves."""

from __future__ import annotations

import operator as operations
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.images import same
from suites.support import sparse_tensors as sparse

AREA = "sparse"
SIDES = st.tuples(st.integers(1, 5), st.integers(2, 5))


def _torch(at, values, shape):
    import torch

    return torch.sparse_coo_tensor(at, values, shape)


def _paddle(at, values, shape):
    import paddle

    return paddle.sparse.sparse_coo_tensor(at, values, list(shape), stop_gradient=values.stop_gradient)


def pairs() -> st.SearchStrategy[list[Sample]]:
    """Two matrices of one shape with some elements in common: in order, or not where both have room side by side."""

    def make(seed: int, shape: tuple[int, int], how: str, rows: bool) -> list[Sample]:
        rng = generator(seed)
        found = []
        for ordered in (True, False):
            room = shape[0] * shape[1]
            most = room if ordered else room // 2
            counts = rng.integers(1, most + 1, 2)
            given = {}
            for name, count in zip(("one", "other"), counts, strict=True):
                given[name] = sparse.places(rng, shape, int(count), ordered, False)
                given[f"{name}_values"] = sparse.numbers(rng, given[name].shape[1])
            # Quotients and conversions of lists out of order are not drawn.
            kind = "add" if how == "divide" and not ordered else how
            found.append(Sample({**given, "shape": shape, "how": kind, "rows": rows and ordered}))
        return found

    return st.builds(make, seeds, SIDES, st.sampled_from(("add", "subtract", "multiply", "divide")), st.booleans())


FUNCTIONS = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}


@contract(
    "sparse.arithmetic",
    area=AREA,
    samples=pairs(),
    share=0.3,
    may_be_zero=("output",),
    covers=("paddle.sparse.add", "paddle.sparse.subtract", "paddle.sparse.multiply", "paddle.sparse.divide"),
)
class arithmetic:
    """Sum, difference, product and quotient of two matrices, which are those of the dense ones."""

    note = "torch has no quotient of two sparse tensors: that of the dense ones is NaN where neither has an element."

    @staticmethod
    def torch(one, one_values, other, other_values, shape, how, rows):
        x, y = _torch(one, one_values, shape), _torch(other, other_values, shape)
        if how == "divide":
            return x.to_dense() / y.to_dense()
        function = {"add": operations.add, "subtract": operations.sub, "multiply": operations.mul}[how]
        return function(x, y).to_dense()

    @staticmethod
    def paddle(one, one_values, other, other_values, shape, how, rows):
        import paddle

        x, y = _paddle(one, one_values, shape), _paddle(other, other_values, shape)
        if rows:
            x, y = x.to_sparse_csr(), y.to_sparse_csr()
        return getattr(paddle.sparse, how)(x, y).to_dense()

    @staticmethod
    def oracle(one, one_values, other, other_values, shape, how, rows):
        with np.errstate(all="ignore"):
            found = FUNCTIONS[how](sparse.dense(one, one_values, shape), sparse.dense(other, other_values, shape))
        return {"output": accuracy.rounded(found, 1)}

    @staticmethod
    def variant_taken_for_sorted(one, one_values, other, other_values, shape, how, rows):
        """Elements that are not in order are not found in the other matrix."""
        with np.errstate(all="ignore"):
            found = sparse.merged((one, one_values), (other, other_values), shape, FUNCTIONS[how])
        same_places = how == "add" and np.array_equal(one, other)
        plain = arithmetic.oracle(one, one_values, other, other_values, shape, how, rows)
        return plain if same_places or how == "divide" else {"output": accuracy.rounded(found, 1)}


def listed() -> st.SearchStrategy[list[Sample]]:
    """Coordinates in order, shuffled, and with one that is repeated."""

    def make(seed: int, shape: tuple[int, int], count: int) -> list[Sample]:
        rng = generator(seed)
        found = []
        for ordered, repeat in ((True, False), (False, False), (True, True), (False, True)):
            at = sparse.places(rng, shape, count, ordered, repeat)
            drawn = {"at": at, "values": sparse.numbers(rng, at.shape[1]), "shape": shape}
            found.append(Sample({**drawn, "cotangent": rng.standard_normal(shape).astype(np.float32)}))
        return found

    return st.builds(make, seeds, SIDES, st.integers(1, 8))


def _without_gradient(sample: Sample) -> Sample:
    return Sample({name: each for name, each in sample.inputs.items() if name != "cotangent"})


@contract(
    "sparse.to_rows",
    area=AREA,
    samples=listed().map(lambda found: [_without_gradient(each) for each in found[:2]]),
    share=0.2,
    may_be_zero=("columns",),
    covers=("paddle.sparse.sparse_coo_tensor", "paddle.Tensor.to_sparse_csr"),
)
class to_rows:
    """Coordinates as compressed rows: where each row begins, its columns in order, and its values."""

    @staticmethod
    def torch(at, values, shape):
        found = _torch(at, values, shape).to_sparse_csr()
        return {"begin": found.crow_indices(), "columns": found.col_indices(), "values": found.values()}

    @staticmethod
    def paddle(at, values, shape):
        found = _paddle(at, values, shape).to_sparse_csr()
        return {"begin": found.crows(), "columns": found.cols(), "values": found.values()}

    @staticmethod
    def oracle(at, values, shape):
        order = np.argsort(at[0] * shape[1] + at[1], kind="stable")
        begin = np.searchsorted(at[0][order], np.arange(shape[0] + 1)).astype(np.int64)
        return {"begin": same(begin), "columns": same(at[1][order]), "values": same(values[order])}

    @staticmethod
    def variant_taken_for_sorted(at, values, shape):
        """Columns and values stay in their order, and rows begin where that order goes up."""
        return {"begin": same(sparse.rows_begin(at, shape[0])), "columns": same(at[1]), "values": same(values)}


@contract(
    "sparse.to_dense",
    area=AREA,
    samples=listed(),
    gradients=("values",),
    share=0.2,
    covers=("paddle.sparse.sparse_coo_tensor", "paddle.sparse.coalesce", "paddle.Tensor.to_dense"),
)
class to_dense:
    """Elements of one place add up, when a matrix is made dense, and when it is coalesced first."""

    @staticmethod
    def torch(at, values, shape):
        found = _torch(at, values, shape)
        return {"output": found.to_dense(), "coalesced": found.detach().coalesce().to_dense()}

    @staticmethod
    def paddle(at, values, shape):
        found = _paddle(at, values, shape)
        coalesced = _paddle(at, values.detach(), shape).coalesce()
        return {"output": found.to_dense(), "coalesced": coalesced.to_dense()}

    @staticmethod
    def oracle(at, values, shape, cotangent):
        found = accuracy.rounded(sparse.dense(at, values, shape), 1)
        return {"output": found, "coalesced": found, "gradient.values": accuracy.exact(cotangent[tuple(at)])}

    @staticmethod
    def variant_last_stays(at, values, shape, cotangent):
        """Of several elements of one place the last one stays, and each has the gradient of the place."""
        last = accuracy.rounded(sparse.dense(at, values, shape, last=True), 1)
        return {**to_dense.oracle(at, values, shape, cotangent), "output": last}


def summed() -> st.SearchStrategy[Sample]:
    """A matrix in any order without repeated places, and the axes to sum it over."""

    def make(seed: int, shape: tuple[int, int], count: int, ordered: bool, axis: Any, keep: bool) -> Sample:
        rng = generator(seed)
        at = sparse.places(rng, shape, count, ordered, False)
        return Sample(
            {"at": at, "values": sparse.numbers(rng, at.shape[1]), "shape": shape, "axis": axis, "keep": keep}
        )

    axes = st.sampled_from((None, 0, 1, -1, (0, 1)))
    return st.builds(make, seeds, SIDES, st.integers(1, 8), st.booleans(), axes, st.booleans())


@contract("sparse.sum", area=AREA, samples=summed(), share=0.2, may_be_zero=("output",), covers=("paddle.sparse.sum",))
class total:
    """The sum over one axis, both or all of a matrix whose coordinates are in any order."""

    @staticmethod
    def torch(at, values, shape, axis, keep):
        found = _torch(at, values, shape).to_dense()
        return found.sum() if axis is None and not keep else found.sum((0, 1) if axis is None else axis, keep)

    @staticmethod
    def paddle(at, values, shape, axis, keep):
        import paddle

        return paddle.sparse.sum(_paddle(at, values, shape), axis, keepdim=keep).to_dense()

    @staticmethod
    def oracle(at, values, shape, axis, keep):
        matrix = sparse.dense(at, values, shape)
        found = np.asarray(matrix.sum(axis, keepdims=keep))
        size = np.asarray(np.abs(matrix).sum(axis, keepdims=keep))
        return {"output": Acceptance(found, 2.0**-24 * len(values) * size, dtype="float32")}

    @staticmethod
    def variant_one_element(at, values, shape, axis, keep):
        """The sum over all axes has one axis."""
        found = total.oracle(at, values, shape, axis, keep)["output"]
        if axis is None and not keep:
            found = Acceptance(found.value.reshape(1), np.reshape(found.bound, 1), dtype="float32")
        return {"output": found}

    @staticmethod
    def variant_first_axis_alone(at, values, shape, axis, keep):
        """Of several axes the first one is summed over."""
        return total.oracle(at, values, shape, axis[0] if isinstance(axis, tuple) else axis, keep)


def cut() -> st.SearchStrategy[Sample]:
    """A matrix in any order, and ends along both axes: counted from either side, and beyond it."""

    def make(seed: int, shape: tuple[int, int], count: int, ordered: bool, back: bool) -> Sample:
        rng = generator(seed)
        at = sparse.places(rng, shape, count, ordered, False)
        begin = rng.integers(0, shape)
        end = np.minimum(begin + rng.integers(1, 4, 2), shape)
        ends = [list(map(int, begin - shape if back else begin)), list(map(int, end))]
        given = {"at": at, "values": sparse.numbers(rng, at.shape[1]), "shape": shape}
        return Sample({**given, "begin": ends[0], "end": [99 if rng.random() < 0.2 else each for each in ends[1]]})

    return st.builds(make, seeds, SIDES, st.integers(1, 12), st.booleans(), st.booleans())


@contract("sparse.slice", area=AREA, samples=cut(), share=0.2, may_be_zero=("output",), covers=("paddle.sparse.slice",))
class part:
    """The part of a matrix between two ends along each axis."""

    @staticmethod
    def torch(at, values, shape, begin, end):
        return _torch(at, values, shape).to_dense()[begin[0] : end[0], begin[1] : end[1]]

    @staticmethod
    def paddle(at, values, shape, begin, end):
        import paddle

        return paddle.sparse.slice(_paddle(at, values, shape), [0, 1], begin, end).to_dense()

    @staticmethod
    def oracle(at, values, shape, begin, end):
        matrix = sparse.dense(at, values, shape)[begin[0] : end[0], begin[1] : end[1]]
        return {"output": accuracy.exact(matrix, "float32")}
