"""Type promotion: the dtype of what is made of two dtypes, or of a tensor and a number."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.dtypes import COMPLEX

AREA = "arithmetic"
FLOATING = ("float32", "float64")
WHOLE = ("bool", "int32", "int64")
EVERY = (*FLOATING, *WHOLE, *COMPLEX)
ORDER = ("bool", "int32", "int64", "float32", "float64", "complex64", "complex128")
OPERATIONS = {"add": np.add, "multiply": np.multiply}


def promoted(one: str, other: str) -> str:
    """The dtype of two: the wider of one kind, else that of the higher kind, whatever its width."""
    if {one, other} == {"float64", "complex64"}:
        return "complex128"
    return max(one, other, key=ORDER.index)


def with_number(dtype: str, number: object) -> str:
    """The dtype of a tensor and a number: the tensor's, unless the number is of a higher kind."""
    kinds = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
    mine = kinds[np.dtype(dtype).kind]
    other = {bool: 0, int: 1, float: 2, complex: 3}[type(number)]
    if other <= mine:
        return dtype
    return {1: "int64", 2: "float32", 3: "complex128" if dtype == "float64" else "complex64"}[other]


def array(dtype: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Small numbers of a dtype, of which every sum and product is exact."""
    rng = np.random.default_rng(seed)
    low = 0 if np.dtype(dtype).kind in "bu" else -3
    return np.asarray(rng.integers(low, 4, shape)).astype(dtype)


def result(x: np.ndarray, y: object, operation: str, dtype: str) -> Acceptance:
    """What an operation makes of two, in a dtype."""
    left, right = np.asarray(x).astype(dtype), np.asarray(y).astype(dtype)
    return Acceptance(OPERATIONS[operation](left, right), dtype=dtype)


shapes = st.sampled_from(((), (3,), (2, 4), (17,)))
pairs = st.tuples(st.sampled_from(EVERY), st.sampled_from(EVERY), shapes, st.integers(0, 999)).map(
    lambda drawn: [
        Sample(
            {"x": array(drawn[0], drawn[2], drawn[3]), "y": array(drawn[1], drawn[2], drawn[3] + 1), "operation": each}
        )
        for each in OPERATIONS
    ]
)
NOT_ALIGNED = Rejects("complex numbers take floating ones alone", "Only supports to align data type")
NO_TRUTH = Rejects("truth values are not added", "of kernel `add` is not registered")
PROMOTES = Rejects("their kinds differ", "Type promotion only support calculations")
NO_OPERATOR = Rejects("their kinds differ", ": 'Tensor' and 'Tensor'")


def _unlike(x, y):
    """Whether two dtypes are not alike, neither complex, nor both floating."""
    kinds = x.dtype.kind + y.dtype.kind
    return x.ndim and x.dtype != y.dtype and "c" not in kinds and kinds != "ff"


@contract(
    "promotion.tensors",
    area=AREA,
    samples=pairs,
    may_be_zero=("output",),
)
class tensors:
    """Of two dtypes the result has the wider of one kind, and of two kinds the higher: integers, floating, complex."""

    torch = staticmethod(lambda x, y, operation: x + y if operation == "add" else x * y)
    paddle = staticmethod(lambda x, y, operation: x + y if operation == "add" else x * y)
    oracle = staticmethod(
        lambda x, y, operation: {"output": result(x, y, operation, promoted(str(x.dtype), str(y.dtype)))}
    )

    @staticmethod
    def variant_floating_and_complex_only(x, y, operation):
        """Integers of one dtype go together, and with nothing else but complex numbers; numbers without axes do."""
        return PROMOTES if _unlike(x, y) else tensors.oracle(x, y, operation)

    @staticmethod
    def variant_operators_lacking(x, y, operation):
        """As floating_and_complex_only, in Python's words for operands that no operator takes."""
        return NO_OPERATOR if _unlike(x, y) else tensors.oracle(x, y, operation)

    @staticmethod
    def variant_as_the_left(x, y, operation):
        """Integers and truth values on the left keep their dtype; complex numbers take floating ones alone."""
        kinds = x.dtype.kind + y.dtype.kind
        if "c" in kinds:
            return NOT_ALIGNED if set(kinds) & set("bi") else tensors.oracle(x, y, operation)
        if x.dtype == bool and operation == "add":
            return NO_TRUTH
        dtype = promoted(str(x.dtype), str(y.dtype)) if x.dtype.kind == "f" else str(x.dtype)
        return {"output": result(x, y, operation, dtype)}


numbers = st.tuples(st.sampled_from(EVERY), shapes, st.integers(0, 999)).map(
    lambda drawn: [
        Sample({"x": array(*drawn), "number": number, "operation": operation})
        for number in (2, 2.5, 1.5j)
        for operation in OPERATIONS
        if not (drawn[0] == "bool" and operation == "multiply" and number == 2.5)
    ]
)


@contract(
    "promotion.numbers",
    area=AREA,
    samples=numbers,
    may_be_zero=("output",),
)
class numbers_:
    """A number changes a tensor's dtype only where it is of a higher kind, to the default dtype of that kind."""

    torch = staticmethod(lambda x, number, operation: x + number if operation == "add" else x * number)
    paddle = staticmethod(lambda x, number, operation: x + number if operation == "add" else x * number)
    oracle = staticmethod(
        lambda x, number, operation: {"output": result(x, number, operation, with_number(str(x.dtype), number))}
    )

    @staticmethod
    def variant_widest_complex(x, number, operation):
        """Beside a tensor that is not complex, a complex number has 128 bits."""
        if not isinstance(number, complex) or x.dtype.kind == "c":
            return numbers_.oracle(x, number, operation)
        return {"output": result(x, number, operation, "complex128")}

    @staticmethod
    def variant_no_complex(x, number, operation):
        if isinstance(number, complex):
            return Rejects("a complex number", error="must be a string or a real number, not 'complex'")
        return numbers_.oracle(x, number, operation)

    @staticmethod
    def variant_as_the_tensor(x, number, operation):
        """A truth value stays one, and what is not complex takes the real part of a complex number that is added."""
        kind = x.dtype.kind
        if isinstance(number, complex) and kind != "c":
            if operation == "add":
                return NO_TRUTH if kind == "b" else {"output": result(x, 0, operation, str(x.dtype))}
            return numbers_.oracle(x, number, operation) if kind == "f" else NOT_ALIGNED
        if kind == "b" and isinstance(number, int):
            return {"output": result(x, number, operation, "bool")}
        return numbers_.oracle(x, number, operation)
