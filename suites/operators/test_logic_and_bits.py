"""Logic and bits: what counts as true, both ends of every range of integers, and shifts past the last bit."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.operators import Booleans, Integers, broadcast, each, one, operator, two
from suites.support.pairs import all_have_elements

AREA = "comparisons"
POINTS = (0.0, 1.0, -2.0, 1e-9, 1e-16)
WHOLE = ("int64", "int32", "bool", "uint8", "int8", "int16")


LOGIC = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}
LOGICAL = ("bool", "float32", "int64", "int32", "int8")


@operator(
    "comparison.logical",
    area=AREA,
    cases=st.tuples(two(first={"points": POINTS}, points=POINTS).filter(all_have_elements), each(*LOGIC)).map(
        lambda found: {**found[0], "which": found[1]}
    ),
    gradients=(),
    dtypes=("float32", "float64", "bool", "int64", "int32", "int8", "int16"),
    covers=("paddle.logical_and", "paddle.logical_or", "paddle.logical_xor"),
)
class logical:
    """And, or and exclusive or of what is not zero; NaN is not zero."""

    both = lambda f, x, y, which: getattr(f, f"logical_{which}")(x, y)
    value = lambda x, y, which: LOGIC[which](x.value, y.value)


@operator(
    "comparison.logical_not",
    area=AREA,
    cases=one(points=(0.0,), how=("function", "method")),
    gradients=(),
    dtypes=("float32", "float64", "bool", "int64", "int32", "int8"),
    covers=("torch.logical_not", "paddle.logical_not"),
)
class logical_not:
    """Where it is zero."""

    both = lambda f, x, how: f.logical_not(x) if how == "function" else x.logical_not()
    value = lambda x, how: x.value == 0


def _bits(high=2**31, forms=("function", "operator")):
    def made(found):
        shapes, dtype, how = found
        if dtype == "bool":
            return {"x": Booleans(shapes[0]), "y": Booleans(shapes[1]), "how": how}
        low, high = (0, 256) if dtype == "uint8" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        points = (0, 1, 5, 0 if dtype == "uint8" else -1)
        return {
            "x": Integers(shapes[0], low, high, dtype, points),
            "y": Integers(shapes[1], low, high, dtype, points),
            "how": how,
        }

    return st.tuples(broadcast(), each(*WHOLE), each(*forms)).map(made).filter(all_have_elements)


@operator("bits.bitwise_and", area=AREA, cases=_bits(), gradients=(), covers=("paddle.Tensor.__and__",))
class bitwise_and:
    """The bits that both have; of truth values, whether both are true."""

    both = lambda f, x, y, how: x & y if how == "operator" else f.bitwise_and(x, y)
    value = lambda x, y, how: x & y


@operator("bits.bitwise_or", area=AREA, cases=_bits(), gradients=(), covers=("paddle.Tensor.__or__",))
class bitwise_or:
    """The bits that either has."""

    both = lambda f, x, y, how: x | y if how == "operator" else f.bitwise_or(x, y)
    value = lambda x, y, how: x | y


@operator("bits.bitwise_xor", area=AREA, cases=_bits(), gradients=(), covers=("paddle.Tensor.__xor__",))
class bitwise_xor:
    """The bits that one of them has."""

    both = lambda f, x, y, how: x ^ y if how == "operator" else f.bitwise_xor(x, y)
    value = lambda x, y, how: x ^ y


@operator(
    "bits.bitwise_not", area=AREA, cases=_bits(), gradients=(), covers=("torch.bitwise_not", "paddle.Tensor.__invert__")
)
class bitwise_not:
    """The other bits; of truth values, the other one."""

    both = lambda f, x, y, how: ~x if how == "operator" else f.bitwise_not(x)
    value = lambda x, y, how: ~x


NO_LEFT_SHIFT = Rejects("there is none yet", "has no attribute 'bitwise_left_shift'")
NO_RIGHT_SHIFT = Rejects("there is none yet", "has no attribute 'bitwise_right_shift'")
NO_OPERATOR = Rejects("there is none yet", "unsupported operand type")


@st.composite
def _shifts(draw):
    shapes = draw(broadcast())
    dtype = draw(each("int32", "int64", "uint8", "int8", "int16"))
    bits = np.iinfo(dtype).bits
    low = 0 if dtype == "uint8" else -100
    return {
        "x": Integers(shapes[0], low, 100, dtype),
        "count": Integers(shapes[1], 0, bits - 1 if dtype != "uint8" else bits, dtype),
        "how": draw(each("function", "operator")),
    }


@operator(
    "bits.left_shift",
    area=AREA,
    cases=_shifts().filter(all_have_elements),
    gradients=(),
    covers=("paddle.Tensor.__lshift__",),
)
class left_shift:
    """Bits moved up; what leaves the width is lost."""

    both = lambda f, x, count, how: x << count if how == "operator" else f.bitwise_left_shift(x, count)
    value = lambda x, count, how: x << count
    variant_absent = lambda x, count, how: NO_LEFT_SHIFT if how == "function" else NO_OPERATOR


@operator(
    "bits.right_shift",
    area=AREA,
    cases=_shifts().filter(all_have_elements),
    gradients=(),
    covers=("paddle.Tensor.__rshift__",),
)
class right_shift:
    """Bits moved down, with the sign kept."""

    both = lambda f, x, count, how: x >> count if how == "operator" else f.bitwise_right_shift(x, count)
    value = lambda x, count, how: x >> count
    variant_absent = lambda x, count, how: NO_RIGHT_SHIFT if how == "function" else NO_OPERATOR
