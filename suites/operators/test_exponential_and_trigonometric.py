"""Exponentials, logarithms, trigonometric and hyperbolic functions, roots: values, gradients, ends of their domains."""

from __future__ import annotations

import numpy as np

from conformance.accuracy import Rejects
from conformance.functions import apply, square
from conformance.number_formats import FORMATS
from conformance.operators import one, operator
from conformance.quantity import (
    Quantity,
    unpromised,
)
from suites.support import wrapped_exponents
from suites.support.cut_off import cut_off_in_float16
from suites.support.exponential_range import through_exp

AREA = "special functions"
HOW = ("function", "method")
EMPTY = Rejects("there are no elements", "Unable to fill empty grad inputs")


def expm1_cut_off(x):
    """The same of expm1, whose gradient is g * y + g, of the y that was returned.

    To cut off loses two unit roundoffs. y and g * y lose them, so four of g * y, and at last the sum: where y is near
    -1 the sum is small beside both, and they are what it has lost. Of a y beyond the format all is lost.
    """
    found, half = cut_off_in_float16(apply("expm1", x), x), FORMATS["float16"]
    if not half.holds(x.value[~np.isnan(x.value)]).all():
        return found
    size = np.where(np.abs(found.value) > half.largest, np.inf, np.abs(found.value))
    lost = lambda g: 4 * half.unit * np.abs(g.value) * size
    more = lambda back, g: Quantity(back.value, back.error + lost(g))
    links = [(each, lambda g, rule=rule: more(rule(g), g)) for each, rule in found.links]
    return Quantity(found.value, found.error, links)


def _logs(**options):
    return one(points=(0.0, 1.0), how=HOW, **options)


@operator(
    "special.exp",
    area=AREA,
    cases=one(points=(-53.5,), how=HOW),
    stepwise="gradient",
    covers=("torch.exp", "paddle.exp"),
)
class exp:
    """The exponential function."""

    both = lambda f, x, how: f.exp(x) if how == "function" else x.exp()
    value = lambda x, how: apply("exp", x)
    variant_wrapped = lambda x, how: wrapped_exponents.exponential(x)


@operator(
    "special.expm1", area=AREA, cases=one(points=(0.0, 1e-5), how=HOW), stepwise="gradient", covers=("torch.expm1",)
)
class expm1:
    """exp(x) - 1, with all its digits near 0."""

    both = lambda f, x, how: f.expm1(x) if how == "function" else x.expm1()
    value = lambda x, how: apply("expm1", x)
    variant_cut_off = lambda x, how: expm1_cut_off(x)


@operator("special.log", area=AREA, cases=_logs(), stepwise="gradient", covers=("torch.log", "paddle.log"))
class log:
    """The natural logarithm: -inf at 0, NaN below."""

    both = lambda f, x, how: f.log(x) if how == "function" else x.log()
    value = lambda x, how: apply("log", x)


@operator("special.log2", area=AREA, cases=_logs(), stepwise="gradient", covers=("paddle.log2",))
class log2:
    """The logarithm to base 2."""

    both = lambda f, x, how: f.log2(x) if how == "function" else x.log2()
    value = lambda x, how: apply("log2", x)


@operator("special.log10", area=AREA, cases=_logs(), stepwise="gradient", covers=("paddle.log10",))
class log10:
    """The logarithm to base 10."""

    both = lambda f, x, how: f.log10(x) if how == "function" else x.log10()
    value = lambda x, how: apply("log10", x)


@operator(
    "special.log1p",
    area=AREA,
    cases=one(points=(0.0, 1e-5, -1.0), how=HOW),
    stepwise="gradient",
    covers=("torch.log1p",),
)
class log1p:
    """log(1 + x), with all its digits near 0."""

    both = lambda f, x, how: f.log1p(x) if how == "function" else x.log1p()
    value = lambda x, how: apply("log1p", x)


@operator(
    "special.sin",
    area=AREA,
    cases=one(how=HOW),
    stepwise="gradient",
    covers=("torch.sin", "paddle.sin", "paddle.Tensor.sin"),
)
class sin:
    """The sine, also of large angles."""

    both = lambda f, x, how: f.sin(x) if how == "function" else x.sin()
    value = lambda x, how: apply("sin", x)


@operator("special.cos", area=AREA, cases=one(how=HOW), stepwise="gradient", covers=("paddle.cos", "paddle.Tensor.cos"))
class cos:
    """The cosine, also of large angles."""

    both = lambda f, x, how: f.cos(x) if how == "function" else x.cos()
    value = lambda x, how: apply("cos", x)


@operator("special.tan", area=AREA, cases=one(how=HOW), stepwise="gradient", covers=("paddle.tan",))
class tan:
    """The tangent."""

    both = lambda f, x, how: f.tan(x) if how == "function" else x.tan()
    value = lambda x, how: apply("tan", x)


@operator(
    "special.asin", area=AREA, cases=one(points=(0.0, 1.0, -1.0), how=HOW), stepwise="gradient", covers=("paddle.asin",)
)
class asin:
    """The inverse sine: NaN outside of [-1, 1], an infinite slope at the ends."""

    both = lambda f, x, how: f.asin(x) if how == "function" else x.asin()
    value = lambda x, how: apply("asin", x)


@operator(
    "special.acos", area=AREA, cases=one(points=(0.0, 1.0, -1.0), how=HOW), stepwise="gradient", covers=("paddle.acos",)
)
class acos:
    """The inverse cosine."""

    both = lambda f, x, how: f.acos(x) if how == "function" else x.acos()
    value = lambda x, how: apply("acos", x)


@operator("special.atan", area=AREA, cases=one(how=HOW), stepwise="gradient", covers=("paddle.atan",))
class atan:
    """The inverse tangent."""

    both = lambda f, x, how: f.atan(x) if how == "function" else x.atan()
    value = lambda x, how: apply("atan", x)


@operator("special.sinh", area=AREA, cases=one(points=(89.0,), how=HOW), stepwise="gradient", covers=("paddle.sinh",))
class sinh:
    """The hyperbolic sine."""

    both = lambda f, x, how: f.sinh(x) if how == "function" else x.sinh()
    value = lambda x, how: apply("sinh", x)
    variant_through_exp = lambda x, how: through_exp(apply("sinh", x), x)


@operator("special.cosh", area=AREA, cases=one(points=(89.0,), how=HOW), stepwise="gradient", covers=("paddle.cosh",))
class cosh:
    """The hyperbolic cosine."""

    both = lambda f, x, how: f.cosh(x) if how == "function" else x.cosh()
    value = lambda x, how: apply("cosh", x)
    variant_through_exp = lambda x, how: through_exp(apply("cosh", x), x)


@operator(
    "special.tanh", area=AREA, cases=one(how=HOW), stepwise="gradient", covers=("paddle.tanh", "paddle.Tensor.tanh")
)
class tanh:
    """The hyperbolic tangent."""

    both = lambda f, x, how: f.tanh(x) if how == "function" else x.tanh()
    value = lambda x, how: apply("tanh", x)
    variant_empty_refused = lambda x, how: EMPTY if not x.value.size else apply("tanh", x)


@operator("special.asinh", area=AREA, cases=one(how=HOW), stepwise="gradient", covers=("paddle.asinh",))
class asinh:
    """The inverse hyperbolic sine."""

    both = lambda f, x, how: f.asinh(x) if how == "function" else x.asinh()
    value = lambda x, how: apply("asinh", x)


@operator(
    "special.acosh", area=AREA, cases=one(points=(1.0, 1.0001), how=HOW), stepwise="gradient", covers=("paddle.acosh",)
)
class acosh:
    """The inverse hyperbolic cosine: NaN below 1."""

    both = lambda f, x, how: f.acosh(x) if how == "function" else x.acosh()
    value = lambda x, how: apply("acosh", x)


@operator(
    "special.atanh",
    area=AREA,
    cases=one(points=(0.0, 1.0, -1.0), how=HOW),
    stepwise="gradient",
    covers=("paddle.atanh",),
)
class atanh:
    """The inverse hyperbolic tangent: infinite at -1 and 1."""

    both = lambda f, x, how: f.atanh(x) if how == "function" else x.atanh()
    value = lambda x, how: apply("atanh", x)


@operator("special.sqrt", area=AREA, cases=_logs(), stepwise="gradient", covers=("torch.sqrt", "paddle.sqrt"))
class sqrt:
    """The square root: an infinite slope at 0, NaN below."""

    both = lambda f, x, how: f.sqrt(x) if how == "function" else x.sqrt()
    value = lambda x, how: apply("sqrt", x)
    variant_nan_of_infinity = lambda x, how: unpromised(apply("sqrt", x), x.value == np.inf)


@operator("special.rsqrt", area=AREA, cases=_logs(), stepwise="gradient", covers=("torch.rsqrt", "paddle.rsqrt"))
class rsqrt:
    """One divided by the square root."""

    both = lambda f, x, how: f.rsqrt(x) if how == "function" else x.rsqrt()
    value = lambda x, how: apply("rsqrt", x)


@operator(
    "special.reciprocal",
    area=AREA,
    cases=one(points=(0.0, 3.0), how=HOW),
    stepwise="gradient",
    covers=("paddle.reciprocal",),
)
class reciprocal:
    """1 / x, with the infinity of the zero's sign."""

    both = lambda f, x, how: f.reciprocal(x) if how == "function" else x.reciprocal()
    value = lambda x, how: apply("reciprocal", x)


@operator("special.square", area=AREA, cases=one(how=HOW), stepwise="gradient", covers=("paddle.square",))
class square_:
    """x times itself."""

    both = lambda f, x, how: f.square(x) if how == "function" else x.square()
    value = lambda x, how: square(x)
