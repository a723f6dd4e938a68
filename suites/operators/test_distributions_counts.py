"""Distributions of truth values, counts and classes: probabilities, entropies and moments, with every gradient."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.elementwise import power
from conformance.functions import apply, exp, lgamma, log, log1p, sigmoid, softplus, together
from conformance.number_formats import current
from conformance.operators import Floats, Integers, each, operator
from conformance.quantity import Quantity, quantity, stored, unpromised, where, without_gradient
from conformance.reductions import logarithm_of_sum
from conformance.sums import move
from suites.support.distributions import (
    AREA,
    DTYPES,
    FAMILIES,
    PROBABILITY,
    added,
    answered,
    asked,
    cases,
    either,
    likely,
    x_log,
)
from suites.support.losses import Chosen
from suites.support.refusals import absent

WITH: dict = {"area": AREA, "dtypes": DTYPES, "families": FAMILIES, "share": 0.3}


def some(*points):
    """Values that are drawn from a few."""
    return lambda shape: Chosen(shape, points=points)


def _logit(probs):
    return added(log(probs), -log1p(-probs))


def _log_of_sum(x):
    found = log(stored(exp(x) + 1.0))
    return Quantity(found.value, found.error + current().unit, found.links)


def _bernoulli_log(probs, value, softplus=softplus):
    logit = _logit(probs)
    return added((value - 1.0) * logit, where(logit.value < 0, logit, 0.0), -softplus(-abs(logit)))


def _uncertainty(probs):
    """As softplus, and also as a cross-entropy whose terms cancel; the gradient is that of the first."""
    logit = _logit(probs)
    found = softplus(logit) - probs * logit
    terms = added((1.0 - probs) * logit, where(logit.value < 0, -logit, 0.0), softplus(-abs(logit)))
    return either(found, terms)


def _bernoulli(call, value, probs, entropy=_uncertainty, softplus=softplus):
    return answered(
        call,
        lambda: _bernoulli_log(probs, value, softplus),
        entropy=lambda: entropy(probs),
        mean=lambda: probs,
        variance=lambda: probs * (1.0 - probs),
    )


def _of_its_logit(probs, kink=True):
    """The entropy of which only the part through the logit has a gradient: none, but for the kink at a logit of 0."""
    logit, p = _logit(probs.plain), probs.plain
    slope = sigmoid(logit) - p
    slope = where((logit.value == 0) & kink, -(p + 0.5), slope) * (1.0 / p + 1.0 / (1.0 - p))
    return _uncertainty(p).with_gradient(probs, lambda g: g * slope)


@operator(
    "distribution.bernoulli",
    cases=cases(("log_prob", "prob"), (), some(0.0, 1.0), probs=PROBABILITY),
    gradients=(),
    covers=("paddle.distribution.Bernoulli",),
    **WITH,
)
class bernoulli:
    """A truth value that is true with a probability."""

    torch = lambda f, call, value, probs: likely(f.distributions.Bernoulli, call, value, probs)
    paddle = lambda f, call, value, probs: asked(f.distribution.Bernoulli, call, value, probs)
    value = _bernoulli
    variant_log_of_sum = lambda call, value, probs: _bernoulli(call, value, probs, softplus=_log_of_sum)


@operator(
    "distribution.bernoulli_moments",
    cases=cases((), ("entropy", "mean", "variance"), None, probs=PROBABILITY),
    gradients=("probs",),
    covers=("paddle.distribution.Bernoulli",),
    **WITH,
)
class bernoulli_moments:
    """How uncertain a truth value is, with its gradient log((1 - p) / p), its mean and its variance."""

    torch = lambda f, call, value, probs: asked(f.distributions.Bernoulli, call, value, probs)
    paddle = lambda f, call, value, probs: asked(f.distribution.Bernoulli, call, value, probs)
    value = _bernoulli
    variant_of_its_logit = lambda call, value, probs: _bernoulli(call, value, probs, _of_its_logit)
    variant_no_gradient = lambda call, value, probs: _bernoulli(
        call, value, probs, lambda probs: _of_its_logit(probs, kink=False)
    )


def _geometric(call, value, probs, product=False, cut=False):
    def log_prob():
        count, chance = together(value, probs)
        share = power(1.0 - chance, count) * chance
        tiny = share.value < 2 * current().smallest * 2.0 ** (current().bits - 1)
        near, far = log(where(tiny, 1.0, share)), added(count * log1p(-chance), log(chance))
        if product:
            found = without_gradient(where(tiny, 0.0, near), chance, tiny)
            return unpromised(found, tiny)
        return where(tiny, far, either(near, far))

    def variance():
        found = (apply("reciprocal", probs) - 1.0) / probs
        return found.plain + probs * 0.0 if cut else found

    return answered(
        call,
        log_prob,
        entropy=lambda: _uncertainty(probs) / probs,
        mean=lambda: apply("reciprocal", probs) - 1.0,
        variance=variance,
    )


@operator(
    "distribution.geometric",
    cases=cases(
        ("log_prob",), ("entropy", "mean", "variance"), some(0.0, 1.0, 2.0, 5.0, 40.0, 400.0), probs=PROBABILITY
    ),
    gradients=("probs",),
    covers=("paddle.distribution.Geometric",),
    **WITH,
)
class geometric:
    """How often a truth value is false before it is true for the first time."""

    note = "A geometric distribution has log_prob in torch, and pmf and log_pmf in paddle."
    torch = lambda f, call, value, probs: asked(f.distributions.Geometric, call, value, probs)
    paddle = lambda f, call, value, probs: asked(
        f.distribution.Geometric, {"log_prob": "log_pmf"}.get(call, call), value, probs
    )
    value = _geometric
    variant_logarithm_of_product = lambda call, value, probs: _geometric(call, value, probs, product=True)
    variant_variance_cut = lambda call, value, probs: _geometric(call, value, probs, cut=True)


def _poisson(call, value, rate, slope=0.0, impossible=-np.inf):
    def log_prob():
        count, mean = together(value, rate)
        found = added(x_log(count, mean, slope), -mean, -lgamma(count + 1.0))
        never = (mean.value == 0) & (count.value > 0)
        if not np.isinf(impossible):
            found = without_gradient(where(never, impossible, found), mean, never)
        return found

    return answered(call, log_prob, mean=lambda: rate, variance=lambda: rate)


@operator(
    "distribution.poisson",
    cases=cases(
        ("log_prob", "prob"),
        ("mean", "variance"),
        some(0.0, 1.0, 2.0, 10.0),
        rate={"low": 0.0, "high": 12.0, "points": (0.0, 1.0), "specials": False},
    ),
    gradients=("rate",),
    covers=("paddle.distribution.Poisson",),
    **WITH,
)
class poisson:
    """A count of independent events at a rate; of none at all at the rate 0."""

    torch = lambda f, call, value, rate: likely(f.distributions.Poisson, call, value, rate)
    paddle = lambda f, call, value, rate: asked(f.distribution.Poisson, call, value, rate)
    value = _poisson
    variant_slope_not_a_number = lambda call, value, rate: _poisson(call, value, rate, slope=np.nan)
    variant_impossible_is_sure = lambda call, value, rate: _poisson(
        call, value, rate, np.nan, -(2.0 ** (1 - current().bits))
    )
    variant_absent = lambda **inputs: absent("Poisson")


def _binomial_log(total, value, probs):
    """Also through the logit: two of its multiples, each off by four units, are larger than what is left of them."""
    return added(
        lgamma(total + 1.0),
        -lgamma(quantity(value) + 1.0),
        -lgamma(total - quantity(value) + 1.0),
        value * log(probs),
        (total - quantity(value)) * log1p(-probs),
        Quantity(np.zeros(probs.shape), 8 * current().unit * total * np.abs(_logit(probs).value)),
    )


def _binomial(call, value, total, probs):
    def entropy():
        terms = [_binomial_log(float(total), float(count), probs) for count in range(total + 1)]
        return added(*(-(exp(term) * term) for term in terms))

    return answered(
        call,
        lambda: _binomial_log(float(total), value, probs),
        entropy=entropy,
        mean=lambda: probs * float(total),
        variance=lambda: probs * float(total) * (1.0 - probs),
    )


@operator(
    "distribution.binomial",
    cases=st.tuples(
        cases(("log_prob", "prob"), ("entropy", "mean", "variance"), some(0.0, 1.0, 2.0, 3.0), probs=PROBABILITY),
        st.integers(3, 9),
    ).map(lambda drawn: {**drawn[0], "total": drawn[1]}),
    gradients=(),
    covers=("paddle.distribution.Binomial",),
    **WITH,
)
class binomial:
    """How many of several independent truth values are true."""

    torch = lambda f, call, value, total, probs: likely(
        lambda probs: f.distributions.Binomial(total, probs), call, value, probs
    )
    paddle = lambda f, call, value, total, probs: asked(
        lambda probs: f.distribution.Binomial(total, probs), call, value, probs
    )
    value = _binomial
    variant_absent = lambda **inputs: absent("Binomial")


@st.composite
def classes(draw: st.DrawFn, /) -> dict:
    """Scores of some classes, in a batch or not, and a class of each."""
    batch, count = draw(each((), (2,), (3,))), draw(st.integers(2, 6))
    call = draw(each("log_prob", "log_prob", "entropy"))
    value = Integers(batch, 0, count) if call == "log_prob" else None
    return {
        "call": call,
        "value": value,
        "logits": Floats((*batch, count), low=-3.0, high=3.0, points=(1.0, 2.0), specials=False),
    }


def _categorical(call, value, logits):
    centred = logits - logarithm_of_sum(logits).reshape((*logits.shape[:-1], 1))
    if call == "entropy":
        return -(exp(centred) * centred).sum(axis=-1)
    if logits.ndim == 1:
        return centred[int(value)]
    return move(lambda array: np.take_along_axis(array, value[:, None], -1)[:, 0], centred)


def _ratios(call, value, logits):
    """Scores divided by their sum, of every class of the batch in every row."""
    if call == "entropy":
        return _categorical(call, value, logits)
    shares = logits / logits.sum(axis=-1, keepdims=True)
    return log(shares[int(value)] if logits.ndim == 1 else move(lambda array: array[:, value], shares))


@operator(
    "distribution.categorical",
    cases=classes(),
    gradients=("logits",),
    covers=("paddle.distribution.Categorical",),
    **WITH,
)
class categorical:
    """A class with a probability that is the softmax of scores, one for each element of a batch."""

    torch = lambda f, call, value, logits: asked(lambda x: f.distributions.Categorical(logits=x), call, value, logits)
    paddle = lambda f, call, value, logits: asked(f.distribution.Categorical, call, value, logits)
    value = _categorical
    variant_ratios = _ratios
