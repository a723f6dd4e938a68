"""Arithmetic in every form that programs write it: functions, operators, reflected operators, methods, with numbers,
and of integers and complex numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.functions import apply
from conformance.operators import Floats, each, has_elements, in_steps, one, operator, two
from conformance.quantity import Quantity, made, quantity
from suites.support.cut_off import cut_off
from suites.support.quotients import nearly_rounded

AREA = "arithmetic"
FORMS = ("operator", "function", "method")
BOTH = ("x", "y")
REAL = ("float32", "float64", "float16", "bfloat16")
WHOLE = ("int64", "int32", "int8", "uint8", "int16")
COMPLEX = ("complex64", "complex128")


def _pairs(forms=FORMS, **options):
    pair = two(first={"points": (0.0, 1.0)}, points=(0.0, 1.0, 3.0)).filter(has_elements)
    return st.tuples(pair, each(*forms)).map(lambda found: {**found[0], "how": found[1]})


def _numbers(*numbers, names=("left", "right")):
    return one(points=(0.0, 1.0), number=numbers, side=names).filter(has_elements)


@operator(
    "arithmetic.add",
    area=AREA,
    cases=_pairs(),
    gradients=BOTH,
    dtypes=(*REAL, *WHOLE, "bool", *COMPLEX),
    wraps=True,
    covers=("paddle.Tensor.__add__", "paddle.add"),
)
class add:
    """The sum, broadcast; of truth values, whether either is true."""

    both = lambda f, x, y, how: x + y if how == "operator" else f.add(x, y) if how == "function" else x.add(y)
    value = lambda x, y, how: x + y


@operator(
    "arithmetic.subtract",
    area=AREA,
    cases=_pairs(),
    gradients=BOTH,
    dtypes=(*REAL, *WHOLE, *COMPLEX),
    wraps=True,
    covers=("paddle.Tensor.__sub__", "paddle.subtract"),
)
class subtract:
    """The difference, broadcast."""

    both = lambda f, x, y, how: x - y if how == "operator" else f.subtract(x, y) if how == "function" else x.subtract(y)
    value = lambda x, y, how: x - y
    variant_cut_off = in_steps(lambda x, y, how: cut_off(x - y))
    variant_sums_in_steps = in_steps(lambda x, y, how: x - y)


@operator(
    "arithmetic.multiply",
    area=AREA,
    cases=_pairs(),
    gradients=BOTH,
    dtypes=(*REAL, "int64", "int32", "bool", *COMPLEX),
    covers=("paddle.Tensor.__mul__", "paddle.multiply"),
)
class multiply:
    """The product, broadcast; of truth values, whether both are true."""

    both = lambda f, x, y, how: x * y if how == "operator" else f.multiply(x, y) if how == "function" else x.multiply(y)
    value = lambda x, y, how: x * y
    variant_cut_off = in_steps(lambda x, y, how: cut_off(x * y))
    variant_sums_in_steps = in_steps(lambda x, y, how: x * y)


@operator(
    "arithmetic.divide",
    area=AREA,
    cases=_pairs(),
    gradients=BOTH,
    stepwise="gradient",
    dtypes=(*REAL, *COMPLEX),
    covers=("paddle.Tensor.__truediv__", "paddle.divide", "torch.div"),
)
class divide:
    """The quotient, broadcast; by zero it is infinite or NaN."""

    both = lambda f, x, y, how: x / y if how == "operator" else f.divide(x, y) if how == "function" else x.divide(y)
    value = lambda x, y, how: x / y
    variant_nearly_rounded = lambda x, y, how: nearly_rounded(x, y)


@operator(
    "arithmetic.divide_integers",
    area=AREA,
    cases=two(first={"specials": False}, low=1.0, high=9.0, specials=False).filter(has_elements),
    gradients=(),
    dtypes=("float32", *WHOLE),
    integers_as="float32",
    covers=("paddle.Tensor.__truediv__",),
)
class divide_integers:
    """The quotient of integers is a floating number."""

    both = lambda f, x, y: x / y
    value = lambda x, y: x / y
    variant_nearly_rounded = lambda x, y: nearly_rounded(x, y)


def _less(x, number, side):
    return x - made(number, 0.0, 1) if side == "left" else made(number, 0.0, 1) - x


@operator(
    "arithmetic.add_number",
    area=AREA,
    cases=_numbers(1, 2.5, -3, 0.1),
    dtypes=REAL,
    stepwise=True,
    covers=("paddle.Tensor.__add__", "paddle.Tensor.__radd__"),
)
class add_number:
    """The sum with a number on either side."""

    both = lambda f, x, number, side: x + number if side == "left" else number + x
    value = lambda x, number, side: x + made(number, 0.0, 1)
    variant_cut_off = lambda x, number, side: cut_off(x + made(number, 0.0, 1))
    variant_float32_number = lambda x, number, side: x + made(np.float32(number), 0.0, 1)


@operator(
    "arithmetic.subtract_number",
    area=AREA,
    cases=_numbers(1, 2.5, -3, 0.1),
    dtypes=REAL,
    stepwise=True,
    covers=("paddle.Tensor.__sub__", "paddle.Tensor.__rsub__"),
)
class subtract_number:
    """The difference with a number on either side."""

    both = lambda f, x, number, side: x - number if side == "left" else number - x
    value = lambda x, number, side: _less(x, number, side)
    variant_cut_off = lambda x, number, side: cut_off(_less(x, number, side))
    variant_float32_number = lambda x, number, side: _less(x, np.float32(number), side)


@operator(
    "arithmetic.multiply_number",
    area=AREA,
    cases=_numbers(2, 0.5, -1, 0.1, 0),
    dtypes=REAL,
    stepwise=True,
    covers=("paddle.Tensor.__mul__", "paddle.Tensor.__rmul__"),
)
class multiply_number:
    """The product with a number on either side; 0 times infinity is NaN."""

    both = lambda f, x, number, side: x * number if side == "left" else number * x
    value = lambda x, number, side: x * made(number, 0.0, 1)
    variant_cut_off = lambda x, number, side: cut_off(x * made(number, 0.0, 1))
    variant_float32_number = lambda x, number, side: x * made(np.float32(number), 0.0, 1)


@operator(
    "arithmetic.divide_number",
    area=AREA,
    cases=_numbers(2, 0.5, 3, 0.1, 0),
    dtypes=REAL,
    stepwise=True,
    covers=("paddle.Tensor.__truediv__", "paddle.Tensor.__rtruediv__"),
)
class divide_number:
    """The quotient with a number above or below; kernels may multiply with the number's reciprocal."""

    both = lambda f, x, number, side: x / number if side == "left" else number / x
    value = lambda x, number, side: _over(x, number) if side == "left" else _under(x, number)

    @staticmethod
    def variant_by_zero_refused(x, number, side):
        """By the number 0 alone; a tensor of zeros divides."""
        if side == "left":
            return _over(x, number) if number else Rejects("by the number 0", error="float division by zero")
        return _under(x, number)


def _under(x, number):
    return apply("reciprocal", x) * made(number, 0.0, 1)


def _over(x, number):
    if number == 0:
        return x / 0.0
    with np.errstate(all="ignore"):
        value = x.value / number
    back = lambda g: Quantity(g.value / number, made(g.value / number, g.error / abs(number), 3).error)
    exact = float(np.log2(number)).is_integer()
    found = made(value, 0.0, 1 if exact else 3)
    return found.with_gradient(x, (lambda g: g / float(number)) if exact else back)


@operator(
    "arithmetic.integers_and_numbers",
    area=AREA,
    cases=one(number=(2, 3, -1), specials=False),
    gradients=(),
    dtypes=("int64", "int32"),
    wraps=True,
    covers=("paddle.Tensor.__add__", "paddle.Tensor.__rsub__", "paddle.Tensor.__mul__", "paddle.Tensor.__radd__"),
)
class integers_and_numbers:
    """An integer number leaves the dtype of integers as it is, on either side."""

    both = lambda f, x, number: {
        "add": x + number,
        "radd": number + x,
        "subtract": x - number,
        "rsub": number - x,
        "multiply": (x % 1000) * number,
    }
    value = lambda x, number: {
        "add": x + number,
        "radd": x + number,
        "subtract": x - number,
        "rsub": number - x,
        "multiply": quantity(np.mod(x.value, 1000)) * number,
    }


@operator(
    "arithmetic.integer_quotients",
    area=AREA,
    cases=one(number=(2, 3, -5), specials=False),
    gradients=(),
    dtypes=("int64", "int32"),
    covers=("paddle.Tensor.__floordiv__", "paddle.Tensor.__mod__"),
)
class integer_quotients:
    """Quotients of integers are rounded down, and what they leave has the divisor's sign."""

    both = lambda f, x, number: {"quotient": x // number, "rest": x % number}
    value = lambda x, number: _quotient_and_rest(x.value, number)
    variant_never_without_an_axis = lambda x, number: _quotient_and_rest(x.value, number, np.atleast_1d)


def _quotient_and_rest(x, number, shaped=np.asarray):
    return {
        "quotient": quantity(shaped(np.floor_divide(x, number))),
        "rest": quantity(np.mod(x, number)),
    }


@operator(
    "arithmetic.integer_powers",
    area=AREA,
    cases=one(power=(0, 1, 2, 3), low=-100.0, high=100.0, specials=False),
    gradients=(),
    dtypes=("int64", "int32"),
    covers=("paddle.Tensor.pow", "paddle.pow"),
)
class integer_powers:
    """Powers of integers are integers."""

    both = lambda f, x, power: x**power
    value = lambda x, power: quantity(x.value**power)


@operator(
    "arithmetic.negative",
    area=AREA,
    cases=one(how=FORMS),
    dtypes=(*REAL, "int64", "int32", "int8", *COMPLEX),
    wraps=True,
    covers=("paddle.Tensor.__neg__",),
)
class negative:
    """The number of the other sign."""

    both = lambda f, x, how: -x if how == "operator" else f.neg(x) if how == "function" else x.neg()
    value = lambda x, how: -x


@operator(
    "arithmetic.scale",
    area=AREA,
    cases=one(factor=(2.0, 1.0, 0.1, -3.0), bias=(0.0, 1.0, 0.1), after=(True, False), how=("function", "method")),
    dtypes=("float32", "float64"),
    covers=("paddle.scale", "paddle.Tensor.scale"),
)
class scale:
    """A factor times x, and a number added before or after."""

    torch = lambda f, x, factor, bias, after, how: x * factor + bias if after else (x + bias) * factor
    paddle = lambda f, x, factor, bias, after, how: (
        f.scale(x, factor, bias, after) if how == "function" else x.scale(factor, bias, after)
    )

    value = lambda x, factor, bias, after, how: _line(x, factor, bias, after)
    variant_float32_bias = lambda x, factor, bias, after, how: _line(x, factor, np.float32(bias), after)


def _line(x, factor, bias, after):
    factor, bias = made(factor, 0.0, 1), made(bias, 0.0, 1)
    return x * factor + bias if after else _folded(x, factor, bias)


def _folded(x, factor, bias):
    """(x + bias) factor, or x factor + bias factor."""
    first, second = (x + bias) * factor, x.plain * factor + bias * factor
    return Quantity(first.value, np.maximum(first.error, second.error), first.links)


@st.composite
def _several(draw):
    shape = draw(each((2, 3), (1,), (4,), (1000,), (2, 1, 3)))
    return {"x": Floats(shape), "y": Floats(shape), "z": Floats(shape), "count": draw(each(3, 2, 1))}


@operator(
    "arithmetic.add_n",
    area=AREA,
    cases=_several(),
    gradients=("x", "y", "z"),
    dtypes=("float32", "float64", "float16"),
    stepwise=True,
    may_be_zero=("gradient.y", "gradient.z"),
    covers=("paddle.add_n",),
)
class add_n:
    """The sum of a list of tensors, each of which has the whole gradient."""

    torch = lambda f, x, y, z, count: sum([x, y, z][:count], 0.0 * y + 0.0 * z)
    paddle = lambda f, x, y, z, count: f.add_n([*[x, y, z][:count], 0.0 * y + 0.0 * z])
    value = lambda x, y, z, count: sum([x, y, z][1:count], x) + (y * 0.0 + z * 0.0)


@operator(
    "arithmetic.increment",
    area=AREA,
    cases=each(1.0, 2.0, -3.0, 0.5).map(lambda number: {"x": Floats((1,), specials=False), "number": number}),
    gradients=(),
    dtypes=("float32", "float64"),
    covers=("paddle.increment",),
)
class increment:
    """One element, raised by a number in place."""

    torch = lambda f, x, number: {"output": x.add_(number), "itself": x}
    paddle = lambda f, x, number: {"output": f.increment(x, number), "itself": x}
    value = lambda x, number: {"output": x + number, "itself": x + number}


@operator(
    "arithmetic.increment_integers",
    area=AREA,
    cases=each(1, 2, -3).map(lambda number: {"x": Floats((1,), specials=False), "number": number}),
    gradients=(),
    dtypes=("int64", "int32"),
    covers=("paddle.increment",),
)
class increment_integers:
    """One integer, raised by an integer in place."""

    torch = lambda f, x, number: {"output": x.add_(number), "itself": x}
    paddle = lambda f, x, number: {"output": f.increment(x, number), "itself": x}
    value = lambda x, number: {"output": x + number, "itself": x + number}
