"""Distributions of a real number: densities, distribution functions, entropies and moments, with every gradient.

A gradient is asked of the value and of each parameter; what a quantity does not depend on has the gradient 0.
"""

from __future__ import annotations

import numpy as np

from conformance.accuracy import Rejects
from conformance.functions import apply, digamma, exp, expm1, lgamma, log, log1p, sqrt, square
from conformance.number_formats import current
from conformance.operators import operator
from conformance.quantity import Quantity, split, stored, where, without_gradient
from suites.support.distributions import (
    AREA,
    DTYPES,
    FAMILIES,
    PLACE,
    POSITIVE,
    added,
    answered,
    asked,
    cases,
    constant,
    likely,
    of_one,
)
from suites.support.refusals import absent
from suites.support.unreached import with_zeros

REAL = {"specials": False, "points": (0.0, 1.0), "low": -40.0, "high": 40.0}
WITH: dict = {"area": AREA, "dtypes": DTYPES, "families": FAMILIES, "share": 0.3}
LOG_TWO_PI = np.log(2 * np.pi)
ROUNDED = float(np.float32(LOG_TWO_PI / 2))
STUDENT_REFUSED = Rejects("no program has it", "bool(Tensor) is not supported in static")
EULER = 0.5772156649015329


def _normal_log(value, loc, scale, half=LOG_TWO_PI / 2):
    away = value - loc
    return added(-(away * away) / (scale * scale * 2.0), -log(scale), -constant(half))


def _normal(call, value, loc, scale, half=LOG_TWO_PI / 2):
    return answered(
        call,
        lambda: _normal_log(value, loc, scale, half),
        entropy=lambda: added(log(scale), constant(0.5 + half)),
        mean=lambda: loc + scale * 0.0,
        variance=lambda: square(scale) + loc * 0.0,
    )


@operator(
    "distribution.normal",
    cases=cases(("log_prob", "prob"), ("entropy", "mean", "variance"), REAL, loc=PLACE, scale=POSITIVE),
    gradients=("value", "loc", "scale"),
    may_be_zero=("gradient.loc", "gradient.scale"),
    covers=("paddle.distribution.Normal",),
    **WITH,
)
class normal:
    """The normal distribution."""

    torch = lambda f, call, value, loc, scale: likely(f.distributions.Normal, call, value, loc, scale)
    paddle = lambda f, call, value, loc, scale: asked(f.distribution.Normal, call, value, loc, scale)
    value = _normal
    variant_float32_number = lambda call, value, loc, scale: _normal(call, value, loc, scale, ROUNDED)


def _log_normal(call, value, loc, scale, half=LOG_TWO_PI / 2):
    return answered(
        call,
        lambda: added(_normal_log(log(value), loc, scale, half), -log(value)),
        entropy=lambda: added(log(scale), loc, constant(0.5 + half)),
        mean=lambda: exp(loc + square(scale) * 0.5),
        variance=lambda: expm1(square(scale)) * exp(loc * 2.0 + square(scale)),
    )


ABOVE = {"low": 0.01, "high": 30.0, "points": (1.0,), "specials": False}


@operator(
    "distribution.log_normal",
    cases=cases(
        ("log_prob", "prob"),
        ("entropy", "mean", "variance"),
        ABOVE,
        loc={**PLACE, "low": -2.0, "high": 2.0},
        scale={**POSITIVE, "high": 2.0},
    ),
    gradients=("value", "loc", "scale"),
    covers=("paddle.distribution.LogNormal",),
    **WITH,
)
class log_normal:
    """The exponential of a normal number."""

    torch = lambda f, call, value, loc, scale: likely(f.distributions.LogNormal, call, value, loc, scale)
    paddle = lambda f, call, value, loc, scale: asked(f.distribution.LogNormal, call, value, loc, scale)
    value = _log_normal
    variant_float32_number = lambda call, value, loc, scale: _log_normal(call, value, loc, scale, ROUNDED)


def _uniform(call, value, low, high, inside=lambda value, low, high: (low <= value) & (value < high)):
    width = high - low

    def log_prob():
        within = inside(value.value, low.value, high.value)
        return where(within, 0.0, -np.inf) - log(width)

    return {"output": answered(call, log_prob, entropy=lambda: log(width)), "gradient.value": None}


@operator(
    "distribution.uniform",
    cases=cases(
        ("log_prob", "prob"),
        ("entropy",),
        {"low": -1.0, "high": 1.0, "points": (-1.0, 1.0), "specials": False},
        low={"low": -3.0, "high": -1.0, "points": (-1.0,), "specials": False},
        high={"low": 1.0, "high": 3.0, "points": (1.0,), "specials": False},
    ),
    gradients=("value", "low", "high"),
    may_be_zero=("gradient.value",),
    covers=("paddle.distribution.Uniform",),
    **WITH,
)
class uniform:
    """A number that is equally likely from a lowest one, itself included, to below a highest."""

    torch = lambda f, call, value, low, high: likely(f.distributions.Uniform, call, value, low, high)
    paddle = lambda f, call, value, low, high: asked(f.distribution.Uniform, call, value, low, high)
    value = _uniform
    variant_lowest_excluded = lambda call, value, low, high: _uniform(
        call, value, low, high, lambda value, low, high: (low < value) & (value < high)
    )
    variant_lowest_excluded_zero_gradient = with_zeros(variant_lowest_excluded, "value")


def _laplace(call, value, loc, scale, centred=False, flat=False):
    def cdf():
        away = value - loc
        sign = np.sign(away.value) if flat else np.where(away.value < 0, -1.0, 1.0)
        return 0.5 - expm1(-(away * sign) / scale) * 0.5 * sign

    def icdf():
        ends = (value.value <= 0) | (value.value >= 1)  # where the gradient is infinite
        if centred:
            middle = stored(value - 0.5)
            found = loc - scale * np.sign(middle.value) * log1p(-abs(middle) * 2.0)
            return without_gradient(found, value, ends | (abs(middle.value) == 0.5))
        half = split(value.value > 0.5, value, lambda v: -log((1.0 - v) * 2.0), lambda v: log(v * 2.0), 0.5)
        return without_gradient(loc + scale * half, value, ends)

    return answered(
        call,
        lambda: added(-log(scale * 2.0), -(abs(value - loc) / scale)),
        cdf=cdf,
        icdf=icdf,
        entropy=lambda: added(constant(1.0), log(scale * 2.0)),
        mean=lambda: loc + scale * 0.0,
        variance=lambda: square(scale * constant(2**0.5)) + loc * 0.0,
        stddev=lambda: scale * constant(2**0.5) + loc * 0.0,
    )


@operator(
    "distribution.laplace",
    cases=cases(("log_prob", "prob", "cdf"), (), REAL, loc=PLACE, scale=POSITIVE),
    gradients=("value", "loc", "scale"),
    covers=("paddle.distribution.Laplace",),
    **WITH,
)
class laplace:
    """Laplace's distribution."""

    torch = lambda f, call, value, loc, scale: likely(f.distributions.Laplace, call, value, loc, scale)
    paddle = lambda f, call, value, loc, scale: asked(f.distribution.Laplace, call, value, loc, scale)
    value = _laplace
    variant_flat = lambda call, value, loc, scale: _laplace(call, value, loc, scale, flat=True)


@operator(
    "distribution.laplace_moments",
    cases=cases((), ("entropy", "mean", "variance", "stddev"), REAL, loc=PLACE, scale=POSITIVE),
    gradients=(),
    covers=("paddle.distribution.Laplace",),
    **WITH,
)
class laplace_moments:
    """What Laplace's distribution is around, how far it is spread, and how uncertain."""

    torch = lambda f, call, value, loc, scale: asked(f.distributions.Laplace, call, value, loc, scale)
    paddle = lambda f, call, value, loc, scale: asked(f.distribution.Laplace, call, value, loc, scale)
    value = _laplace


@operator(
    "distribution.laplace_quantile",
    cases=cases(
        ("icdf",),
        (),
        {"low": 0.0, "high": 1.0, "points": (0.5, 0.25, 1e-9, 1.0, 0.0), "specials": False},
        loc=PLACE,
        scale=POSITIVE,
    ),
    gradients=("value", "loc", "scale"),
    covers=("paddle.distribution.Laplace",),
    **WITH,
)
class laplace_quantile:
    """The number below which Laplace's distribution has a share, however small the share is."""

    both = lambda f, call, value, loc, scale: (
        (f.distributions if hasattr(f, "distributions") else f.distribution).Laplace(loc, scale).icdf(value)
    )
    value = _laplace
    variant_centred = lambda call, value, loc, scale: _laplace(call, value, loc, scale, centred=True)


def _logarithm_of_density(density):
    """Of a density that is below the normal numbers nothing is left."""
    lost = density.value < 2 * current().smallest * 2.0 ** (current().bits - 1)
    found = log(where(lost, 1.0, density))
    unknown = without_gradient(found, density, lost)
    return Quantity(unknown.value, np.where(lost, np.inf, unknown.error), unknown.links)


def _gumbel(call, value, loc, scale, through_density=False, euler=EULER):
    def away():
        return (loc - value) / scale

    def log_prob():
        found = away()
        if through_density:
            return _logarithm_of_density(exp(found - exp(found)) / scale)
        return added(found, -exp(found), -log(scale))

    return answered(
        call,
        log_prob,
        cdf=lambda: of_one(exp(-exp(away()))),
        entropy=lambda: added(log(scale), constant(1.0 + euler)),
        mean=lambda: loc + scale * constant(EULER),
        variance=lambda: square(scale * constant(np.pi / 6**0.5)) + loc * 0.0,
        stddev=lambda: sqrt(square(scale) * constant(np.pi**2 / 6)) + loc * 0.0,
    )


@operator(
    "distribution.gumbel",
    cases=cases(
        ("log_prob", "prob"),
        ("entropy", "mean", "variance", "stddev"),
        {**REAL, "low": -10.0, "high": 10.0},
        loc=PLACE,
        scale={**POSITIVE, "low": 0.25},
    ),
    gradients=("value", "loc", "scale"),
    may_be_zero=("gradient.loc",),
    covers=("paddle.distribution.Gumbel",),
    **WITH,
)
class gumbel:
    """Gumbel's distribution of the largest of many numbers."""

    torch = lambda f, call, value, loc, scale: likely(f.distributions.Gumbel, call, value, loc, scale)
    paddle = lambda f, call, value, loc, scale: asked(f.distribution.Gumbel, call, value, loc, scale)
    value = _gumbel
    variant_through_density = lambda call, value, loc, scale: _gumbel(call, value, loc, scale, through_density=True)
    variant_float32_number = lambda call, value, loc, scale: _gumbel(
        call, value, loc, scale, euler=float(np.float32(EULER))
    )


FAR = 60.0


@operator(
    "distribution.gumbel_cdf",
    cases=cases(
        ("cdf",),
        (),
        {"low": -3.0, "high": 10.0, "points": (-FAR, 100.0), "specials": False},
        loc={**PLACE, "low": -1.0, "high": 1.0},
        scale={**POSITIVE, "low": 1.0, "high": 2.0, "points": (1.5,)},
    ),
    gradients=("value", "loc", "scale"),
    covers=("paddle.distribution.Gumbel",),
    **WITH,
)
class gumbel_cdf:
    """The share of Gumbel's distribution below a value, which is 0 or 1 far out."""

    torch = lambda f, call, value, loc, scale: f.distributions.Gumbel(loc, scale).cdf(value)
    paddle = lambda f, call, value, loc, scale: f.distribution.Gumbel(loc, scale).cdf(value)
    value = _gumbel

    @staticmethod
    def variant_far_refused(call, value, loc, scale):
        if np.any(np.abs(value.value) >= FAR):
            return Rejects("far out", "to be within the support")
        return _gumbel(call, value, loc, scale)


def _cauchy(call, value, loc, scale):
    def away():
        return (value - loc) / scale

    return answered(
        call,
        lambda: added(constant(-np.log(np.pi)), -log(scale), -log1p(square(away()))),
        cdf=lambda: apply("atan", away()) / constant(np.pi) + 0.5,
        entropy=lambda: added(constant(np.log(4 * np.pi)), log(scale)),
    )


@operator(
    "distribution.cauchy",
    cases=cases(("log_prob", "prob", "cdf"), ("entropy",), REAL, loc=PLACE, scale=POSITIVE),
    gradients=("value", "loc", "scale"),
    may_be_zero=("gradient.loc",),
    covers=("paddle.distribution.Cauchy",),
    **WITH,
)
class cauchy:
    """Cauchy's distribution."""

    note = "The mean and the variance of a Cauchy distribution are NaN and infinite in torch and refused in paddle."
    torch = lambda f, call, value, loc, scale: likely(f.distributions.Cauchy, call, value, loc, scale)
    paddle = lambda f, call, value, loc, scale: asked(f.distribution.Cauchy, call, value, loc, scale)
    value = _cauchy


def _student(call, value, df, loc, scale):
    def log_prob():
        away = (value - loc) / scale
        return added(
            -((df + 1.0) * 0.5) * log1p(square(away) / df),
            -log(scale),
            log(df) * -0.5,
            constant(-0.5 * np.log(np.pi)),
            -lgamma(df * 0.5),
            lgamma((df + 1.0) * 0.5),
        )

    def entropy():
        return added(
            log(scale),
            (df + 1.0) * 0.5 * (digamma((df + 1.0) * 0.5) - digamma(df * 0.5)),
            log(df) * 0.5,
            lgamma(df * 0.5),
            constant(0.5 * np.log(np.pi)),
            -lgamma((df + 1.0) * 0.5),
        )

    def variance():
        safe = where(df.value > 2, df, 3.0)
        found = where(df.value > 2, square(scale) * safe / (safe - 2.0), np.where(df.value > 1, np.inf, np.nan))
        return found + loc * 0.0

    def mean():
        return where(df.value > 1, loc, np.nan) + scale * 0.0

    return answered(call, log_prob, entropy=entropy, mean=mean, variance=variance)


DEGREES = {"low": 0.5, "high": 12.0, "points": (1.0, 2.0, 3.0), "specials": False}


@operator(
    "distribution.student_t",
    cases=cases(("log_prob", "prob"), (), REAL, df=DEGREES, loc=PLACE, scale=POSITIVE),
    gradients=("value", "df", "loc", "scale"),
    covers=("paddle.distribution.StudentT",),
    **WITH,
)
class student_t:
    """Student's distribution."""

    torch = lambda f, call, value, df, loc, scale: likely(f.distributions.StudentT, call, value, df, loc, scale)
    paddle = lambda f, call, value, df, loc, scale: asked(f.distribution.StudentT, call, value, df, loc, scale)
    value = _student
    variant_absent = lambda **inputs: absent("StudentT")
    variant_never_in_programs = lambda **inputs: STUDENT_REFUSED


@operator(
    "distribution.student_t_moments",
    cases=cases((), ("entropy", "mean", "variance"), REAL, df=DEGREES, loc=PLACE, scale=POSITIVE),
    gradients=(),
    covers=("paddle.distribution.StudentT",),
    **WITH,
)
class student_t_moments:
    """The mean of Student's distribution is that above one degree of freedom, its variance above two."""

    torch = lambda f, call, value, df, loc, scale: asked(f.distributions.StudentT, call, value, df, loc, scale)
    paddle = lambda f, call, value, df, loc, scale: asked(f.distribution.StudentT, call, value, df, loc, scale)
    value = _student
    variant_absent = lambda **inputs: absent("StudentT")
    variant_never_in_programs = lambda **inputs: STUDENT_REFUSED
