"""Matrices without rows or columns, and batches without matrices: what linear algebra gives of them, and gradients.

The determinant of no rows is 1, a product of no factors; a sum or a norm of nothing is 0, and all else has the shape
that the same call gives of other lengths. Nothing here has a condition, or a smallest row, which there is none of; nor
are all singular vectors asked for, of which paddle returns memory that nothing was written to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.accuracy import exact

AREA = "linear algebra"
Shape = tuple[int, ...]
SQUARES: tuple[Shape, ...] = ((0, 0), (0, 2, 2), (2, 0, 0))
OBLONG: tuple[Shape, ...] = (*SQUARES, (0, 3), (3, 0), (2, 0, 3), (2, 3, 0), (0, 3, 2))
DTYPES = ("float32", "float64", "complex64", "complex128")
REAL = DTYPES[:2]
NORMS = {"fro": "fro", "nuc": "nuc", "1": 1, "2": 2, "inf": np.inf}


def _torch(f: Any) -> bool:
    return bool(f.__name__ == "torch")


def _ones(f: Any, x: Any, *shape: int) -> Any:
    return f.ones([*shape], dtype=x.dtype)


def _beside(f: Any, x: Any) -> Any:
    """Two right sides of each matrix."""
    return _ones(f, x, *x.shape[:-1], 2)


def _turned(x: Any) -> Any:
    return x.mH if hasattr(x, "mH") else x.transpose([*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]).conj()


def _unit(q: Any) -> Any:
    """The unit matrix, of orthogonal columns."""
    return _turned(q) @ q


def _two(found: Any) -> list[Any]:
    return [found[0], found[1]]


def _triangular(f: Any, x: Any) -> Any:
    solve = f.linalg.solve_triangular if _torch(f) else f.linalg.triangular_solve
    return solve(x, _beside(f, x), upper=True)


def _norm(order: Any, f: Any, x: Any) -> Any:
    return f.linalg.matrix_norm(x, order, (-2, -1))


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "det": lambda f, x: f.linalg.det(x),
    "slogdet": lambda f, x: _two(f.linalg.slogdet(x)),
    "inv": lambda f, x: f.linalg.inv(x),
    "matrix_power 2": lambda f, x: f.linalg.matrix_power(x, 2),
    "matrix_power 0": lambda f, x: f.linalg.matrix_power(x, 0),
    "matrix_power -1": lambda f, x: f.linalg.matrix_power(x, -1),
    "matrix_exp": lambda f, x: f.linalg.matrix_exp(x),
    "cholesky": lambda f, x: f.linalg.cholesky(x),
    "cholesky_solve": lambda f, x: (f if _torch(f) else f.linalg).cholesky_solve(_beside(f, x), x),
    "cholesky_inverse": lambda f, x: (f if _torch(f) else f.linalg).cholesky_inverse(x),
    "solve": lambda f, x: f.linalg.solve(x, _beside(f, x)),
    "triangular_solve": _triangular,
    "eig": lambda f, x: list(f.linalg.eig(x)),
    "eigvals": lambda f, x: f.linalg.eigvals(x),
    "eigh": lambda f, x: list(f.linalg.eigh(x)),
    "eigvalsh": lambda f, x: f.linalg.eigvalsh(x),
    "lu": lambda f, x: list((f.linalg.lu_factor if _torch(f) else f.linalg.lu)(x)),
    "qr": lambda f, x: list(f.linalg.qr(x)),
    "complete qr": lambda f, x: _unit(f.linalg.qr(x, mode="complete")[0]),
    "svd": lambda f, x: list(f.linalg.svd(x, full_matrices=False)),
    "svdvals": lambda f, x: f.linalg.svdvals(x),
    "pinv": lambda f, x: f.linalg.pinv(x),
    "matrix_rank": lambda f, x: f.linalg.matrix_rank(x),
    "lstsq": lambda f, x: f.linalg.lstsq(x, _beside(f, x))[0],
    "rank of lstsq": lambda f, x: f.linalg.lstsq(x, _beside(f, x))[2],
    **{f"norm {name}": partial(_norm, order) for name, order in NORMS.items()},
    "trace": lambda f, x: f.trace(x),
    "cdist": lambda f, x: f.cdist(x, x),
    "multi_dot": lambda f, x: f.linalg.multi_dot([x, _ones(f, x, x.shape[-1], 2), _ones(f, x, 2, 3)]),
    "householder_product": lambda f, x: f.linalg.householder_product(x, _ones(f, x, *x.shape[:-2], x.shape[-1])),
}


def _parts(name: str, shape: Shape, dtype: str) -> list[np.ndarray]:
    """What the call gives."""
    *batch, rows, columns = shape
    few = min(rows, columns)
    own, real, whole = np.dtype(dtype), np.finfo(dtype).dtype, np.result_type(dtype, np.complex64)
    empty = lambda *lengths, kind=own: np.zeros((*batch, *lengths), kind)
    units = lambda n: np.broadcast_to(np.eye(n, dtype=own), (*batch, n, n))
    if name.startswith("norm"):
        return [empty(kind=real)]
    return {
        "det": lambda: [empty() + own.type(1)],
        "slogdet": lambda: [empty() + own.type(1), empty(kind=real)],
        "lu": lambda: [empty(rows, columns), empty(few, kind=np.dtype("int32"))],
        **{each: lambda: [empty(rows, 2)] for each in ("cholesky_solve", "solve", "triangular_solve")},
        "eig": lambda: [empty(rows, kind=whole), empty(rows, rows, kind=whole)],
        "eigvals": lambda: [empty(rows, kind=whole)],
        "eigh": lambda: [empty(rows, kind=real), empty(rows, rows)],
        "eigvalsh": lambda: [empty(rows, kind=real)],
        "qr": lambda: [empty(rows, few), empty(few, columns)],
        "complete qr": lambda: [units(rows)],
        "svd": lambda: [empty(rows, few), empty(few, kind=real), empty(few, columns)],
        "svdvals": lambda: [empty(few, kind=real)],
        "pinv": lambda: [empty(columns, rows)],
        "matrix_rank": lambda: [empty(kind=np.dtype("int64"))],
        "rank of lstsq": lambda: [empty(kind=np.dtype("int64"))],
        "lstsq": lambda: [empty(columns, 2)],
        "trace": lambda: [empty()],
        "cdist": lambda: [empty(rows, rows)],
        "multi_dot": lambda: [empty(rows, 3)],
    }.get(name, lambda: [empty(rows, columns)])()


WIDE = {"matrix_rank", "lstsq", "rank of lstsq", "pinv", "qr", "complete qr", "svd", "svdvals", "cdist"}
FLAT = {"trace", "multi_dot", "cholesky_inverse"}
COMPLEX = {"det", "inv", "cholesky", "solve", "triangular_solve", "eigh", "eigvalsh", "qr"}
WITHOUT_GRADIENT = {
    *("matrix_rank", "rank of lstsq", "lstsq", "eigvals", "cdist", "complete qr", "multi_dot"),
    *(f"norm {name}" for name in ("1", "2", "inf")),
}
"""What has none, or of which another contract says that it has none, or that it is refused; of a largest of nothing
torch's is cut off."""


def _shapes(name: str) -> tuple[Shape, ...]:
    if name == "householder_product":
        return ((0, 0), (3, 0), (2, 3, 0), (0, 3, 2))
    found = OBLONG if name in WIDE | {"trace", "multi_dot"} or name.startswith("norm") else SQUARES
    return tuple(shape for shape in found if len(shape) == 2) if name in FLAT else found


def _samples(turn: int) -> list[Sample]:
    """Every call of every shape, in dtypes that take turns."""
    found = []
    for name in CALLS:
        dtypes = DTYPES if name in COMPLEX else REAL
        for place, shape in enumerate(_shapes(name)):
            dtype = dtypes[(turn + place) % len(dtypes)]
            asked = {} if name in WITHOUT_GRADIENT else {"cotangent": np.array(1.0, np.finfo(dtype).dtype)}
            found.append(Sample({"x": np.zeros(shape, dtype), "name": name, **asked}))
    return found


def _given(f: Any, x: Any, name: str) -> dict[str, Any]:
    found = CALLS[name](f, x)
    parts = found if isinstance(found, list) else [found]
    named = {f"part {place}": part for place, part in enumerate(parts)}
    sums = [_sum(part) for part in parts if "int" not in str(part.dtype)]
    return {**named, **({"output": sum(sums)} if sums else {})}


def _sum(part: Any) -> Any:
    real = part.real if "complex" in str(part.dtype) else part
    return (real() if callable(real) else real).sum()


def _expected(x: np.ndarray, name: str) -> dict[str, Any]:
    parts = _parts(name, x.shape, str(x.dtype))
    floating = [part.real.sum() for part in parts if part.dtype.kind in "fc"]
    found: dict[str, Any] = {
        f"part {place}": Acceptance(part, dtype=str(part.dtype)) for place, part in enumerate(parts)
    }
    total = {"output": Acceptance(np.array(sum(floating)), dtype=str(np.finfo(x.dtype).dtype))}
    return {**found, **(total if floating else {})}


@contract(
    "linear.empty",
    area=AREA,
    samples=st.integers(0, 3).map(_samples),
    gradients=("x",),
    share=0.1,
    may_be_zero=("output", "gradient.x", "part 0", "part 1", "part 2"),
    optional_dtypes=DTYPES[2:],
    dtypes=DTYPES,
    covers=(
        *(f"paddle.linalg.{name}" for name in CALLS if " " not in name and name not in ("trace", "cdist")),
        *("paddle.linalg.matrix_power", "paddle.linalg.matrix_norm", "torch.cdist"),
    ),
)
class empty:
    """Of matrices without elements: 1 is their determinant, 0 their norms and ranks, and no more than shapes all else.

    The gradient is without elements too.
    """

    @staticmethod
    def torch(x, name):
        import torch

        return _given(torch, x, name)

    @staticmethod
    def paddle(x, name):
        import paddle

        return _given(paddle, x, name)

    @staticmethod
    def oracle(x, name, cotangent=None):
        asked = {} if cotangent is None else {"gradient.x": Acceptance(np.zeros(x.shape, x.dtype))}
        return {**_expected(x, name), **asked}

    @staticmethod
    def variant_reduced_over_nothing(x, name, cotangent=None):
        """A largest number is asked for where there is none, in scaling matrices too."""
        return _refused(
            name == "matrix_exp" or _largest_of_nothing(x, name), "that has a size of 0", x, name, cotangent
        )

    @staticmethod
    def variant_qr_without_gradient(x, name, cotangent=None):
        """Backward looks into a tensor without memory."""
        return _refused(name == "qr", "Tensor holds no memory", x, name, cotangent)

    @staticmethod
    def variant_shape_of_input(x, name, cotangent=None):
        """The two results of slogdet have the shape of the input."""
        error = "at dim 0 should be >= 0 and < x.shape[0]"
        return _refused(name == "slogdet" and x.shape[0] < 2, error, x, name, cotangent)

    @staticmethod
    def variant_rank_as_float(x, name, cotangent=None):
        """Ranks are taken for numbers of float32 by what follows, which ends as it meets one; lstsq has none."""
        if name == "rank of lstsq" or (name == "matrix_rank" and x.ndim == 3 and not len(x)):
            ranks = np.zeros(0, "int64")
            return {"part 0": exact(ranks, dtype="int64"), "output": exact(np.zeros((), "float32"), dtype="float32")}
        return _refused(name == "matrix_rank", "does not match the type of data (int64)", x, name, cotangent)

    @staticmethod
    def variant_eig_refused(x, name, cotangent=None):
        """Of general matrices alone."""
        return _refused(name == "eig", "tensor is empty", x, name, cotangent)

    @staticmethod
    def variant_largest_refused(x, name, cotangent=None):
        """A largest number is asked for where there is none."""
        return _refused(_largest_of_nothing(x, name), "to have non-zero size", x, name, cotangent)

    @staticmethod
    def variant_no_ranks(x, name, cotangent=None):
        """There is no rank, not even of a single matrix."""
        if name != "rank of lstsq":
            return empty.oracle(x, name, cotangent)
        return {"part 0": Acceptance(np.zeros(0, "int64"), dtype="int64")}

    @staticmethod
    def variant_batch_lost(x, name, cotangent=None):
        """Distances between points of no coordinates, or of no points, are those of one set."""
        found = empty.oracle(x, name, cotangent)
        if name != "cdist" or x.shape[-1] * x.shape[-2]:
            return found
        rows = x.shape[-2]
        return {**found, "part 0": Acceptance(np.zeros((rows, rows), x.dtype), dtype=str(x.dtype))}

    @staticmethod
    def variant_complex_eigenvalues(x, name, cotangent=None):
        """The eigenvalues of a Hermitian matrix have its dtype."""
        found = empty.oracle(x, name, cotangent)
        if name not in ("eigh", "eigvalsh"):
            return found
        values = _parts(name, x.shape, str(x.dtype))[0]
        return {**found, "part 0": Acceptance(values, dtype=str(x.dtype))}


def _largest_of_nothing(x: np.ndarray, name: str) -> bool:
    """Whether a norm is the largest of sums or singular values that there are none of."""
    rows, columns = x.shape[-2:]
    return {"norm 1": columns, "norm 2": min(rows, columns), "norm inf": rows}.get(name) == 0


def _refused(when: bool, error: str, x: np.ndarray, name: str, cotangent: Any) -> Any:
    return Rejects("there are no elements", error=error) if when else empty.oracle(x, name, cotangent)
