"""Distributions of a positive number and of a share, also where the density begins and ends, with every gradient."""

from __future__ import annotations

import numpy as np

from conformance.elementwise import power
from conformance.functions import apply, digamma, exp, lgamma, log, log1p, square
from conformance.operators import operator
from conformance.quantity import divide, quantity
from suites.support import short_series
from suites.support.distributions import (
    AREA,
    DTYPES,
    FAMILIES,
    POSITIVE,
    added,
    answered,
    asked,
    cases,
    constant,
    likely,
    plain_product,
    steep_x_log,
    x_log,
)
from suites.support.quotients import nearly_rounded
from suites.support.refusals import absent

WITH: dict = {"area": AREA, "dtypes": DTYPES, "families": FAMILIES, "share": 0.3}
FROM_ZERO = {"low": 0.0, "high": 20.0, "points": (0.0, 1.0), "specials": False}
SHARE = {"low": 0.0, "high": 1.0, "points": (0.0, 0.5, 1.0), "specials": False}
CONCENTRATION = {"low": 0.25, "high": 8.0, "points": (1.0, 2.0), "specials": False}


def _exponential(call, value, rate):
    return answered(
        call,
        lambda: added(log(rate), -(rate * value)),
        cdf=lambda: 1.0 - exp(-(rate * value)),
        icdf=lambda: -log1p(-value) / rate,
        entropy=lambda: added(constant(1.0), -log(rate)),
        mean=lambda: apply("reciprocal", rate),
        variance=lambda: power(rate, -2.0),
    )


@operator(
    "distribution.exponential",
    cases=cases(("log_prob", "prob", "cdf"), ("entropy", "mean", "variance"), FROM_ZERO, rate=POSITIVE),
    gradients=("value", "rate"),
    covers=("paddle.distribution.Exponential",),
    **WITH,
)
class exponential:
    """The exponential distribution."""

    torch = lambda f, call, value, rate: likely(f.distributions.Exponential, call, value, rate)
    paddle = lambda f, call, value, rate: asked(f.distribution.Exponential, call, value, rate)
    value = _exponential
    variant_absent = lambda **inputs: absent("Exponential")


def _gamma(call, value, concentration, rate, product=x_log, psi=digamma, over=divide):
    return answered(
        call,
        lambda: added(
            concentration * log(rate),
            product(concentration - 1.0, value),
            -(rate * value),
            -lgamma(concentration),
        ),
        entropy=lambda: added(
            concentration,
            -log(rate),
            lgamma(concentration),
            (1.0 - concentration) * psi(concentration),
        ),
        mean=lambda: over(concentration, rate),
        variance=lambda: concentration / square(rate),
    )


@operator(
    "distribution.gamma",
    cases=cases(
        ("log_prob", "prob"), ("entropy", "mean", "variance"), FROM_ZERO, concentration=CONCENTRATION, rate=POSITIVE
    ),
    gradients=("value", "concentration", "rate"),
    covers=("paddle.distribution.Gamma",),
    **WITH,
)
class gamma:
    """The gamma distribution, whose density at 0 is the rate where the concentration is 1."""

    torch = lambda f, call, value, concentration, rate: likely(f.distributions.Gamma, call, value, concentration, rate)
    paddle = lambda f, call, value, concentration, rate: asked(f.distribution.Gamma, call, value, concentration, rate)
    value = _gamma
    variant_absent = lambda **inputs: absent("Gamma")
    variant_nearly_rounded = lambda call, value, concentration, rate: _gamma(
        call, value, concentration, rate, over=nearly_rounded
    )
    variant_short_series = lambda call, value, concentration, rate: _gamma(
        call, value, concentration, rate, psi=short_series.digamma
    )
    variant_not_a_number = lambda call, value, concentration, rate: _gamma(
        call, value, concentration, rate, plain_product
    )
    variant_slope_not_a_number = lambda call, value, concentration, rate: _gamma(
        call, value, concentration, rate, steep_x_log
    )


def _chi2(call, value, df, product=x_log, psi=digamma):
    return _gamma(call, value, df * 0.5, quantity(np.full(df.shape, 0.5)), product, psi)


@operator(
    "distribution.chi2",
    cases=cases(("log_prob", "prob"), ("entropy", "mean", "variance"), FROM_ZERO, df=CONCENTRATION),
    gradients=("value", "df"),
    covers=("paddle.distribution.Chi2",),
    **WITH,
)
class chi2:
    """The chi-squared distribution, whose density at 0 is 1/2 for two degrees of freedom."""

    torch = lambda f, call, value, df: likely(f.distributions.Chi2, call, value, df)
    paddle = lambda f, call, value, df: asked(f.distribution.Chi2, call, value, df)
    value = _chi2
    variant_absent = lambda **inputs: absent("Chi2")
    variant_short_series = lambda call, value, df: _chi2(call, value, df, psi=short_series.digamma)
    variant_not_a_number = lambda call, value, df: _chi2(call, value, df, plain_product)
    variant_slope_not_a_number = lambda call, value, df: _chi2(call, value, df, steep_x_log)


def _beta(call, value, alpha, beta, product=x_log, psi=digamma, over=divide):
    both = alpha + beta

    def log_prob():
        return added(
            product(alpha - 1.0, value),
            product(beta - 1.0, 1.0 - value),
            lgamma(both),
            -lgamma(alpha),
            -lgamma(beta),
        )

    def entropy():
        return added(
            lgamma(alpha),
            lgamma(beta),
            -lgamma(both),
            (both - 2.0) * psi(both),
            (1.0 - alpha) * psi(alpha),
            (1.0 - beta) * psi(beta),
        )

    return answered(
        call,
        log_prob,
        entropy=entropy,
        mean=lambda: over(alpha, both),
        variance=lambda: alpha * beta / (square(both) * (both + 1.0)),
    )


@operator(
    "distribution.beta",
    cases=cases(("log_prob", "prob"), ("entropy", "mean", "variance"), SHARE, alpha=CONCENTRATION, beta=CONCENTRATION),
    gradients=("value", "alpha", "beta"),
    covers=("paddle.distribution.Beta",),
    **WITH,
)
class beta:
    """The beta distribution, whose density is finite at an end where the concentration is 1."""

    torch = lambda f, call, value, alpha, beta: likely(f.distributions.Beta, call, value, alpha, beta)
    paddle = lambda f, call, value, alpha, beta: asked(f.distribution.Beta, call, value, alpha, beta)
    value = _beta
    variant_nearly_rounded = lambda call, value, alpha, beta: _beta(call, value, alpha, beta, over=nearly_rounded)
    variant_short_series = lambda call, value, alpha, beta: _beta(call, value, alpha, beta, psi=short_series.digamma)
    variant_not_a_number = lambda call, value, alpha, beta: _beta(call, value, alpha, beta, plain_product)
    variant_slope_not_a_number = lambda call, value, alpha, beta: _beta(call, value, alpha, beta, steep_x_log)
