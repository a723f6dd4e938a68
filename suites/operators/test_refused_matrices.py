"""What no call of linear algebra may take: each would give numbers that mean nothing, or fail far from its cause.

Nothing here solves a triangular system whose right side is longer than its matrix: paddle reads beside the matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract

AREA = "linear algebra"
SQUARE = ("det", "slogdet", "inv", "cholesky", "eig", "eigvals", "eigh", "eigvalsh", "matrix_exp")
"""Calls of linalg that take square matrices alone."""
MATRIX = ("inv", "cholesky", "qr", "svd", "eigh", "pinv", "matrix_rank", "det")
"""Calls of linalg that take no vector."""


def _cases(f: Any, full: Callable[..., Any], rows: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    """The calls by what is wrong in them. full: a tensor of ones, or of another number. rows: that of a list."""
    linalg, wide, two = f.linalg, full([2, 3]), rows([[2.0, 0.0], [0.0, 3.0]])
    called = lambda name, shape: getattr(linalg, name)(full(shape))
    singular, zero = rows([[1.0, 2.0], [2.0, 4.0]]), full([2, 2], 0.0)

    def triangular(matrix: Any, side: Any) -> Any:
        solve = getattr(linalg, "solve_triangular", None) or linalg.triangular_solve
        return solve(matrix, side, upper=True)

    return {
        **{f"{name} of a wide matrix": partial(called, name, [2, 3]) for name in SQUARE},
        **{f"{name} of a vector": partial(called, name, [3]) for name in MATRIX},
        "power of a wide matrix": lambda: linalg.matrix_power(wide, 2),
        "power of a vector": lambda: linalg.matrix_power(full([3]), 2),
        "solve with a wide matrix": lambda: linalg.solve(wide, full([2, 1])),
        "solve with too long a side": lambda: linalg.solve(two, full([3, 1])),
        "solve with a singular matrix": lambda: linalg.solve(singular, full([2, 1])),
        "solve with zeros": lambda: linalg.solve(zero, full([2, 1])),
        "triangular solve with too short a side": lambda: triangular(full([3, 3]), full([2, 1])),
        "triangular solve with a wide matrix": lambda: triangular(wide, full([2, 1])),
        "least squares with too long a side": lambda: linalg.lstsq(wide, full([3, 1])),
        "inverse of a singular matrix": lambda: linalg.inv(singular),
        "inverse of zeros": lambda: linalg.inv(zero),
        "inverse of one singular matrix of two": lambda: linalg.inv(f.stack([two, singular])),
        "negative power of zeros": lambda: linalg.matrix_power(zero, -1),
        "cholesky of an indefinite matrix": lambda: linalg.cholesky(rows([[1.0, 2.0], [2.0, 1.0]])),
        "cholesky of zeros": lambda: linalg.cholesky(zero),
        "reflections of a wide matrix": lambda: linalg.householder_product(wide, full([3])),
        "reflections of too many factors": lambda: linalg.householder_product(full([3, 2]), full([3])),
        "condition of a wide matrix": lambda: linalg.cond(wide, p=1),
        "QR of no known kind": lambda: linalg.qr(wide, mode="full"),
        "trace of a vector": lambda: f.trace(full([3])),
        "mm of misfits": lambda: f.mm(wide, wide),
        "matmul of misfits": lambda: f.matmul(wide, wide),
        "matmul of batches of 2 and 3": lambda: f.matmul(full([2, 2, 2]), full([3, 2, 2])),
        "matmul of a number": lambda: f.matmul(full([]), wide),
        "matmul of two dtypes": lambda: f.matmul(wide, full([3, 2], dtype=f.float64)),
        "bmm of misfits": lambda: f.bmm(full([2, 2, 3]), full([2, 2, 3])),
        "bmm of batches of 2 and 3": lambda: f.bmm(full([2, 2, 2]), full([3, 2, 2])),
        "bmm of matrices": lambda: f.bmm(wide, wide),
        "mv of misfits": lambda: f.mv(wide, full([2])),
        "dot of misfits": lambda: f.dot(full([2]), full([3])),
        "addmm of misfits": lambda: f.addmm(full([2, 2]), wide, wide),
        "addmm to too large a matrix": lambda: f.addmm(full([3, 3]), two, two),
        "einsum of misfits": lambda: f.einsum("ij,jk->ik", wide, wide),
        "tensordot of misfits": lambda: f.tensordot(wide, wide, 1),
        "cross product in two axes": lambda: f.cross(full([2, 2]), full([2, 2])),
        "distances of misfits": lambda: f.cdist(wide, full([2, 2])),
        "product of one matrix": lambda: linalg.multi_dot([wide]),
        "product of misfits": lambda: linalg.multi_dot([wide, wide]),
    }


NAMES = tuple(_cases(SimpleNamespace(linalg=None), lambda *_: None, lambda *_: None))


@contract(
    "linear.refusals",
    area=AREA,
    samples=st.permutations(NAMES).map(lambda names: [Sample({"case": name}) for name in names]),
    tensors=False,
    share=0.1,
    may_be_zero=("output",),
    covers=tuple(f"paddle.linalg.{name}" for name in ("det", "slogdet", "inv", "solve", "matrix_power")),
)
class refusals:
    """Matrices that are not square, do not fit, or have no inverse or root are refused, and vectors in their place."""

    @staticmethod
    def torch(case):
        import torch

        full = lambda shape, value=1.0, dtype=torch.float32: torch.full(shape, value, dtype=dtype)
        return _first(_cases(torch, full, torch.tensor)[case]())

    @staticmethod
    def paddle(case):
        import paddle

        full = lambda shape, value=1.0, dtype="float32": paddle.full(shape, value, dtype=dtype)
        return _first(_cases(paddle, full, paddle.to_tensor)[case]())

    @staticmethod
    def oracle(case):
        return Rejects(case)

    @staticmethod
    def variant_vector_without_determinant(case):
        """The determinant of a vector is a tensor without elements."""
        if case != "det of a vector":
            return refusals.oracle(case)
        return {"output": Acceptance(np.zeros(0), 0.0, dtype="float32")}

    @staticmethod
    def variant_first_numbers_solved(case):
        """The first four of nine numbers are the matrix of a right side of two."""
        if case != "triangular solve with too short a side":
            return refusals.oracle(case)
        return {"output": Acceptance(np.array([[0.0], [1.0]]), 0.0, dtype="float32")}


def _first(found: Any) -> Any:
    return {"output": found[0] if isinstance(found, list | tuple) else found}
