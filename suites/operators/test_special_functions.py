"""Special functions: values, gradients, poles, ends of their domains, and numbers near 0."""

from __future__ import annotations

import numpy as np

from conformance.accuracy import Rejects
from conformance.functions import apply, clip, digamma, lgamma, polygamma, special, square, together
from conformance.number_formats import current
from conformance.operators import one, operator, two
from conformance.quantity import (
    Quantity,
    divide,
    linked,
    quantity,
    scaled,
    stored,
    unary,
    where,
    without_gradient,
)
from suites.support import wrapped_exponents
from suites.support.cut_off import cut_off_in_float16
from suites.support.exponential_range import log_of_largest
from suites.support.short_series import trigamma

AREA = "special functions"
HOW = ("function", "method")
EMPTY = Rejects("there are no elements", "Unable to fill empty grad inputs")


@operator(
    "special.erf",
    area=AREA,
    cases=one(points=(0.0, 1e-5, 7.3125), how=HOW),
    stepwise="gradient",
    covers=("torch.erf",),
)
class erf:
    """The error function."""

    both = lambda f, x, how: f.erf(x) if how == "function" else x.erf()
    value = lambda x, how: apply("erf", x)

    @staticmethod
    def variant_polynomial(x, how):
        found = apply("erf", x)
        return Quantity(found.value, found.error + 5 * current().unit, found.links)

    @staticmethod
    def variant_wrapped(x, how):
        """Its gradient is made of an exponential whose power of two is wrapped."""
        below = lambda: wrapped_exponents.exponential(-(x.plain * x.plain)) * (2 / np.sqrt(np.pi))
        return apply("erf", x.plain).with_gradient(x, lambda g: g * below())


ENDS = (1.0, -1.0, 0.0, 1e-5, 1 - 2.0**-11)


def _through_distribution(x):
    """The normal distribution's quantile of (x + 1) / 2, which is rounded."""
    half = stored(x + 1.0) / 2.0
    found = unary(lambda v: special.ndtri(v) / np.sqrt(2), lambda v: 0 * v, 6, half.plain, None)
    value = np.where(np.abs(x.value) > 1, np.copysign(np.inf, x.value), found.value)
    near = Quantity(value, np.where(np.isfinite(value), found.error + 4 * current().unit, 0.0))
    return near.with_gradient(x, lambda g: g * (apply("exp", square(near.plain)) * (np.sqrt(np.pi) / 2)))


@operator(
    "special.erfinv",
    area=AREA,
    cases=one(points=ENDS, how=HOW),
    stepwise="gradient",
    covers=("torch.erfinv",),
)
class erfinv:
    """The inverse of the error function: infinite at -1 and 1, NaN outside."""

    both = lambda f, x, how: f.erfinv(x) if how == "function" else x.erfinv()
    value = lambda x, how: apply("erfinv", x)
    variant_through_distribution = lambda x, how: _through_distribution(x)


def _logit(x, eps, outside=np.nan):
    kept = x.plain if eps is None else clip(x.plain, eps, 1 - eps)
    kept = Quantity(kept.value, np.where(kept.value == x.value, 0.0, current().unit))
    found = apply("log", kept / (1.0 - kept))
    inside = (x.value >= 0) & (x.value <= 1) if eps is None else ~((x.value < eps) | (x.value > 1 - eps))
    outside = outside if eps is None else 0.0
    found = found.with_gradient(x, lambda g: where(inside, divide(g, x.plain * (1.0 - x.plain), 2), outside))
    found = without_gradient(found, x, (x.value == 0) & np.signbit(x.value))  # infinite, of either sign
    return found if eps is None else without_gradient(found, x, _at_rounded(x, eps) | _at_rounded(x, 1 - eps))


def _at_rounded(x, bound):
    """Where x is what the format has for a bound that it does not hold: within or beyond it, as a kernel keeps it."""
    kept = stored(quantity(bound)).value
    return (x.value == kept) & (kept != bound)


@operator(
    "special.logit",
    area=AREA,
    cases=one(low=-0.25, high=1.25, points=(0.0, 1.0, 0.5, 0.25, 0.75), eps=(None, 0.25, 0.1), how=HOW),
    stepwise=True,
    covers=("torch.logit",),
)
class logit:
    """log(x / (1 - x)), of x within eps and 1 - eps where eps is given; NaN outside of [0, 1] without it."""

    both = lambda f, x, eps, how: f.logit(x, eps) if how == "function" else x.logit(eps)
    value = lambda x, eps, how: _logit(x, eps)
    variant_zero_outside = lambda x, eps, how: _logit(x, None if eps is None else float(np.float32(eps)), 0.0)
    variant_float32_eps = lambda x, eps, how: _logit(x, None if eps is None else float(np.float32(eps)))


POLES = (0.0, -1.0, -2.0, 1.0, 2.0, 0.5, -0.5)


@operator("special.lgamma", area=AREA, cases=one(points=POLES, how=HOW), stepwise="gradient", covers=("torch.lgamma",))
class lgamma_:
    """The logarithm of the gamma function's size: infinite at 0 and at negative integers."""

    both = lambda f, x, how: f.lgamma(x) if how == "function" else x.lgamma()
    value = lambda x, how: lgamma(x)
    variant_nan_at_zero = lambda x, how: lgamma(x).with_gradient(
        x, lambda g: where(x.value == 0, np.nan, g * digamma(x.plain))
    )


@operator(
    "special.digamma",
    area=AREA,
    cases=one(points=POLES, how=HOW),
    stepwise="gradient",
    covers=("torch.digamma",),
)
class digamma_:
    """The derivative of lgamma; at 0 an infinity of the other sign, NaN at negative integers."""

    both = lambda f, x, how: f.digamma(x) if how == "function" else x.digamma()
    value = lambda x, how: digamma(x)
    variant_nan_at_zero = lambda x, how: where(x.value == 0, np.nan, without_gradient(digamma(x), x, x.value <= 0))

    variant_sum_of_ten = lambda x, how: without_gradient(digamma(x), x, (x.value < 0) & (current().bits <= 24))

    @staticmethod
    def variant_short_series(x, how):
        found = digamma(x)
        return found.with_gradient(x, lambda g: g * trigamma(x.plain))


@operator(
    "special.polygamma",
    area=AREA,
    cases=one(low=0.0, points=(0.5, 1.0, 2.0), order=(1, 2, 3), specials=False),
    stepwise=True,
    covers=("paddle.polygamma",),
)
class polygamma_:
    """The higher derivatives of lgamma, of positive numbers."""

    torch = lambda f, x, order: f.polygamma(order, x)
    paddle = lambda f, x, order: f.polygamma(x, order)
    value = lambda x, order: polygamma(order, x)

    @staticmethod
    def variant_short_series(x, order):
        found = polygamma(order, x)
        short = trigamma(x.plain) if order == 1 else found
        return Quantity(short.value, short.error, found.links)


def _sinc(x):
    known = where(x.value == 0, 1.0, x).plain
    angle = scaled(known, np.pi, 2)
    sine = apply("sin", angle)
    slope = (angle * apply("cos", angle) - sine) / (angle * known)
    found = where(x.value == 0, 1.0, sine / angle)
    return found.with_gradient(x, lambda g: where(x.value == 0, 0.0, g * slope))


@operator(
    "special.sinc",
    area=AREA,
    cases=one(points=(0.0, 1.0, -2.0, 0.5), how=HOW),
    dtypes=("float32", "float64", "float16"),
    stepwise=True,
)
class sinc:
    """sin(pi x) / (pi x), and 1 at 0."""

    both = lambda f, x, how: f.sinc(x) if how == "function" else x.sinc()
    value = lambda x, how: _sinc(x)
    variant_absent = lambda x, how: Rejects("there is none yet", "has no attribute 'sinc'")
    variant_one_for_nan = lambda x, how: where(np.isfinite(x.value), _sinc(x), 1.0)


def _beyond_exp(found, x):
    """Infinite as soon as exp(|x|) is, with which kernels multiply what is smaller."""
    beyond = np.where(np.isinf(x.value), np.nan, np.copysign(np.inf, found.value))
    return where(np.abs(x.value) > log_of_largest(), beyond, found.plain)


@operator("special.i0", area=AREA, cases=one(how=HOW), stepwise="gradient")
class i0:
    """The modified Bessel function of order 0."""

    both = lambda f, x, how: f.i0(x) if how == "function" else x.i0()
    value = lambda x, how: where(np.isinf(x.value), np.inf, apply("i0", x))

    @staticmethod
    def variant_times_exp(x, how):
        return _beyond_exp(apply("i0", x), x).with_gradient(x, lambda g: g * _beyond_exp(apply("i1", x.plain), x))


@operator("special.i1", area=AREA, cases=one(how=HOW), gradients=())
class i1:
    """The modified Bessel function of order 1: infinite at infinity."""

    torch = lambda f, x, how: f.special.i1(x)
    paddle = lambda f, x, how: f.i1(x) if how == "function" else x.i1()
    value = lambda x, how: apply("i1", x)
    variant_times_exp = lambda x, how: _beyond_exp(apply("i1", x), x)


def _logaddexp(x, y):
    least = 2.0 ** (current().bits - 1) * current().smallest  # exp of -inf, in vectorised kernels
    high, low = np.maximum(x.value, y.value), np.minimum(x.value, y.value)
    same = (x.value == y.value) & np.isinf(x.value)
    top = where(x.value >= y.value, x.plain, y.plain)
    found = top + apply("log1p", apply("exp", where(same, 0.0, quantity(low) - quantity(high))))
    found = where(np.isneginf(low), top, where(same, x.plain, found))
    part = lambda one, other: where(same, 0.5, 1.0 / (apply("exp", other.plain - one.plain) + 1.0))
    loose = lambda found: Quantity(found.value, found.error + least)
    back = lambda one, other: lambda g: loose(g * part(one, other))
    return Quantity(found.value, found.error + least, linked((x, back(x, y)), (y, back(y, x))))


def _of_difference(x, y, second=False):
    """max(x, y) + log1p(exp(-|x - y|)), whose gradients at a tie are those of the maximum."""
    x, y = together(x, y)
    found = _logaddexp(x, y)
    infinite = np.isinf(x.value) | np.isinf(y.value)
    value = np.where((x.value == y.value) & infinite, np.nan, found.value)
    tie = (x.value == y.value) & second
    part = lambda rule, whole: lambda g: where(tie, g * whole, rule(g))
    links = [(each, part(rule, 1.0 if each is y else 0.0)) for each, rule in found.links]
    return without_gradient(without_gradient(Quantity(value, found.error, links), x, infinite), y, infinite)


@operator(
    "special.logaddexp",
    area=AREA,
    cases=two(first={"points": (0.0, 1.0)}, points=(0.0, 1.0)),
    gradients=("x", "y"),
    stepwise="gradient",
)
class logaddexp:
    """log(exp(x) + exp(y)), of large and infinite numbers too."""

    both = lambda f, x, y: f.logaddexp(x, y)
    value = lambda x, y: _logaddexp(*together(x, y))

    @staticmethod
    def variant_empty_refused(x, y):
        if x.shape != y.shape and not (x.value.size and y.value.size):
            return Rejects(EMPTY.reason, "The meta data must be valid when call")
        return _logaddexp(*together(x, y)) if x.value.size and y.value.size else EMPTY

    variant_of_difference = lambda x, y: _of_difference(x, y)
    variant_of_difference_and_second = lambda x, y: _of_difference(x, y, True)


@operator(
    "special.deg2rad",
    area=AREA,
    cases=one(points=(180.0, 90.0), how=HOW),
    dtypes=("float32", "float64", "float16"),
    stepwise=True,
)
class deg2rad:
    """Degrees as radians."""

    both = lambda f, x, how: f.deg2rad(x) if how == "function" else x.deg2rad()
    value = lambda x, how: scaled(x, np.pi / 180, 2)
    variant_cut_off = lambda x, how: cut_off_in_float16(scaled(x, np.pi / 180, 2), x)


@operator(
    "special.rad2deg",
    area=AREA,
    cases=one(points=(180.0, 90.0), how=HOW),
    dtypes=("float32", "float64", "float16"),
    stepwise=True,
)
class rad2deg:
    """Radians as degrees."""

    both = lambda f, x, how: f.rad2deg(x) if how == "function" else x.rad2deg()
    value = lambda x, how: scaled(x, 180 / np.pi, 2)
    variant_cut_off = lambda x, how: cut_off_in_float16(scaled(x, 180 / np.pi, 2), x)
