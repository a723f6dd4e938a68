"""Kullback and Leibler's divergence of two distributions of one kind, with the gradient of every parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.elementwise import power
from conformance.forms import in_either_form
from conformance.functions import digamma, exp, lgamma, log, log1p, sigmoid, softplus, square
from conformance.number_formats import current
from conformance.operators import Floats, operator, shapes
from conformance.quantity import Quantity, linked, where
from conformance.reductions import logarithm_of_sum
from suites.support import short_series
from suites.support.distributions import (
    AREA,
    DTYPES,
    FAMILIES,
    PLACE,
    POSITIVE,
    PROBABILITY,
    added,
    constant,
    either,
)
from suites.support.refusals import absent

CONCENTRATION = {"low": 0.25, "high": 8.0, "points": (1.0, 2.0), "specials": False}


def both(f):
    """The module of distributions of either framework."""
    return f.distributions if hasattr(f, "distributions") else f.distribution


@st.composite
def pairs(draw: st.DrawFn, /, fewest: int = 0, **domains: Any) -> Any:
    """The parameters of two distributions, all of one shape: those of the second end in an underscore."""
    shape = draw(shapes(highest=4, axes=2, fewest=fewest, empty=False))
    return {name + end: Floats(shape, **domain) for end in ("", "_") for name, domain in domains.items()}


def kl(name: str, covers: tuple[str, ...], *, fewest: int = 0, **domains: Any) -> Any:
    """The decorator of one kind's contract."""
    return operator(
        f"distribution.kl_{name}",
        area=AREA,
        cases=pairs(fewest=fewest, **domains),
        gradients=tuple(name + end for end in ("", "_") for name in domains),
        dtypes=DTYPES,
        families=FAMILIES,
        share=0.2,
        covers=("paddle.distribution.kl_divergence", *covers),
    )


@kl("normal", (), loc=PLACE, scale=POSITIVE)
class normal:
    """Of two normal distributions."""

    both = lambda f, loc, scale, loc_, scale_: both(f).kl_divergence(
        both(f).Normal(loc, scale), both(f).Normal(loc_, scale_)
    )
    value = lambda loc, scale, loc_, scale_: _normal(loc, scale, loc_, scale_)


def _normal(loc, scale, loc_, scale_):
    ratio = power(scale / scale_, 2.0)
    return added(ratio * 0.5, power((loc - loc_) / scale_, 2.0) * 0.5, constant(-0.5), log(ratio) * -0.5)


@kl("laplace", (), loc=PLACE, scale=POSITIVE)
class laplace:
    """Of two of Laplace's distributions."""

    both = lambda f, loc, scale, loc_, scale_: both(f).kl_divergence(
        both(f).Laplace(loc, scale), both(f).Laplace(loc_, scale_)
    )
    value = lambda loc, scale, loc_, scale_: _laplace(loc, scale, loc_, scale_)


def _laplace(loc, scale, loc_, scale_):
    """The terms over the second scale one by one or together, and the ratio of the scales in two of them or in one."""

    def one_by_one(loc, scale, loc_, scale_):
        away, ratio = abs(loc - loc_), scale / scale_
        return added(ratio * exp(-away / scale), away / scale_, -log(ratio), constant(-1.0))

    def together(loc, scale, loc_, scale_):
        away = abs(loc - loc_)
        return added((scale * exp(-away / scale) + away) / scale_, log(scale_ / scale), constant(-1.0))

    return in_either_form((one_by_one, together), loc, scale, loc_, scale_)


@kl("cauchy", (), loc=PLACE, scale=POSITIVE)
class cauchy:
    """Of two of Cauchy's distributions."""

    both = lambda f, loc, scale, loc_, scale_: both(f).kl_divergence(
        both(f).Cauchy(loc, scale), both(f).Cauchy(loc_, scale_)
    )
    value = lambda loc, scale, loc_, scale_: added(
        log(square(scale + scale_) + square(loc - loc_)), -log(scale * scale_ * 4.0)
    )


@kl("exponential", (), rate=POSITIVE)
class exponential:
    """Of two exponential distributions."""

    both = lambda f, rate, rate_: both(f).kl_divergence(both(f).Exponential(rate), both(f).Exponential(rate_))
    value = lambda rate, rate_: _exponential(rate_ / rate)
    variant_absent = lambda **inputs: absent("Exponential")


def _exponential(ratio):
    """Of the ratio of the rates, whose gradient is added up before it goes on to them."""
    return added(ratio, -log(ratio), constant(-1.0))


@kl("gamma", (), concentration=CONCENTRATION, rate=POSITIVE)
class gamma:
    """Of two gamma distributions."""

    both = lambda f, concentration, rate, concentration_, rate_: both(f).kl_divergence(
        both(f).Gamma(concentration, rate), both(f).Gamma(concentration_, rate_)
    )
    value = lambda concentration, rate, concentration_, rate_: _gamma(concentration, rate, concentration_, rate_)
    variant_short_series = lambda concentration, rate, concentration_, rate_: _gamma(
        concentration, rate, concentration_, rate_, short_series.digamma
    )
    variant_absent = lambda **inputs: absent("Gamma")


def _gamma(a, rate, a_, rate_, psi=digamma):
    return added(a_ * log(rate / rate_), lgamma(a_), -lgamma(a), (a - a_) * psi(a), (rate_ - rate) * (a / rate))


@kl("beta", (), alpha=CONCENTRATION, beta=CONCENTRATION)
class beta:
    """Of two beta distributions."""

    both = lambda f, alpha, beta, alpha_, beta_: both(f).kl_divergence(
        both(f).Beta(alpha, beta), both(f).Beta(alpha_, beta_)
    )
    value = lambda alpha, beta, alpha_, beta_: _beta(alpha, beta, alpha_, beta_)
    variant_short_series = lambda alpha, beta, alpha_, beta_: _beta(alpha, beta, alpha_, beta_, short_series.digamma)


def _beta(a, b, a_, b_, psi=digamma):
    return added(
        lgamma(a_),
        lgamma(b_),
        lgamma(a + b),
        -lgamma(a),
        -lgamma(b),
        -lgamma(a_ + b_),
        (a - a_) * psi(a),
        (b - b_) * psi(b),
        ((a_ + b_) - (a + b)) * psi(a + b),
    )


@kl("dirichlet", ("paddle.distribution.Dirichlet",), fewest=1, concentration=CONCENTRATION)
class dirichlet:
    """Of two of Dirichlet's distributions."""

    both = lambda f, concentration, concentration_: both(f).kl_divergence(
        both(f).Dirichlet(concentration), both(f).Dirichlet(concentration_)
    )
    value = lambda concentration, concentration_: _dirichlet(concentration, concentration_)
    variant_short_series = lambda concentration, concentration_: _dirichlet(
        concentration, concentration_, short_series.digamma
    )


def _dirichlet(a, a_, psi=digamma):
    whole = a.sum(axis=-1, keepdims=True)
    return added(
        lgamma(a.sum(axis=-1)),
        -lgamma(a_.sum(axis=-1)),
        -(lgamma(a) - lgamma(a_)).sum(axis=-1),
        ((a - a_) * (psi(a) - psi(whole))).sum(axis=-1),
    )


@kl("bernoulli", ("paddle.distribution.Bernoulli",), probs=PROBABILITY)
class bernoulli:
    """Of two truth values."""

    both = lambda f, probs, probs_: both(f).kl_divergence(both(f).Bernoulli(probs), both(f).Bernoulli(probs_))
    value = lambda probs, probs_: _bernoulli(probs, probs_)


def _bernoulli(p, q):
    """Through their logits, as one of the frameworks does: the errors of those are the larger ones."""
    one, other = (added(log(x), -log1p(-x)) for x in (p, q))
    true, false = sigmoid(one), sigmoid(-one)
    return added(-softplus(-one) * true, softplus(-other) * true, -softplus(one) * false, softplus(other) * false)


@kl("geometric", ("paddle.distribution.Geometric",), probs=PROBABILITY)
class geometric:
    """Of two counts up to a success: that of two truth values, for each of the 1 / p that are drawn."""

    both = lambda f, probs, probs_: both(f).kl_divergence(both(f).Geometric(probs), both(f).Geometric(probs_))
    value = lambda probs, probs_: _geometric(probs, probs_)
    variant_of_truth_values = lambda probs, probs_: _bernoulli(probs, probs_)


def _geometric(p, q):
    """The cross-entropy less the entropy, whose terms are larger than their difference."""
    one, other = (added(log(x), -log1p(-x)) for x in (p, q))
    terms = added((1.0 - p) * one, where(one.value < 0, -one, 0.0), softplus(-abs(one)))
    entropy = either(softplus(one) - p * one, terms)
    return added(-entropy / p, -log1p(-q) / p, -other)


@kl(
    "poisson",
    ("paddle.distribution.Poisson",),
    fewest=1,
    rate={"low": 0.25, "high": 8.0, "points": (1.0,), "specials": False},
)
class poisson:
    """Of two counts at rates."""

    both = lambda f, rate, rate_: both(f).kl_divergence(both(f).Poisson(rate), both(f).Poisson(rate_))
    value = lambda rate, rate_: _poisson(rate, rate_)
    variant_absent = lambda **inputs: absent("Poisson")


def _poisson(rate, rate_):
    """Also as a sum over counts k of k log(rate), the rates, and the logarithm of k!, each off by some units.

    The probability of each count is an exponential of such a sum, and is off by as much of itself.
    """
    found = added(rate * (log(rate) - log(rate_)), -(rate - rate_))
    with np.errstate(all="ignore"):
        logs = np.abs(np.log(rate.value)) + np.abs(np.log(rate_.value))
        sizes = rate.value * (logs + np.log1p(rate.value)) + rate.value + rate_.value + 1.0
        powers = rate.value * (np.abs(np.log(rate.value)) + np.log1p(rate.value) + 1.0)
    unsure = current().unit * (8 * sizes + 2 * powers * np.abs(found.value))

    def gradient(rule):
        return lambda g: Quantity(
            rule(g).value, rule(g).error + np.abs(g.value) * unsure * (2.0 + 1 / rate.value + 1 / rate_.value)
        )

    links = linked(
        (rate, gradient(lambda g: g * (log(rate.plain) - log(rate_.plain)))),
        (rate_, gradient(lambda g: g * (1.0 - rate.plain / rate_.plain))),
    )
    return Quantity(found.value, found.error + unsure, links)


@kl("categorical", ("paddle.distribution.Categorical",), fewest=1, logits={"low": -3.0, "high": 3.0, "specials": False})
class categorical:
    """Of two choices of a class, one for each of a batch."""

    torch = lambda f, logits, logits_: f.distributions.kl_divergence(
        f.distributions.Categorical(logits=logits), f.distributions.Categorical(logits=logits_)
    )
    paddle = lambda f, logits, logits_: f.distribution.kl_divergence(
        f.distribution.Categorical(logits), f.distribution.Categorical(logits_)
    )
    value = lambda logits, logits_: _categorical(logits, logits_)
    variant_kept_axis = lambda logits, logits_: _categorical(logits, logits_, True)


def _categorical(one, other, keepdims=False):
    def centred(x):
        return x - logarithm_of_sum(x).reshape((*x.shape[:-1], 1))

    return (exp(centred(one)) * (centred(one) - centred(other))).sum(axis=-1, keepdims=keepdims)
