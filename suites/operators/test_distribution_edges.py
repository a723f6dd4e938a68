"""Distributions at the ends of their support and of their parameters: numbers below it, rates and shares of 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.functions import exp, log, together
from conformance.operators import Floats, broadcast, each, operator, shapes
from conformance.quantity import Quantity, current, quantity, unpromised, where
from suites.support.distributions import AREA, DTYPES, added, of_one
from suites.support.refusals import absent

SETTINGS: dict[str, Any] = {
    "area": AREA,
    "gradients": (),
    "dtypes": DTYPES,
    "families": ("normal", "positive"),
    "share": 0.15,
}
RATE: dict[str, Any] = {"low": 0.0, "high": 8.0, "points": (0.0, 0.0, 1.0), "specials": False}


@dataclass(frozen=True)
class Shares(Floats):
    """Positive numbers; never: the first is 0."""

    never: bool = True

    def filled(self, rng, dtype, family, ends=True):
        array = np.asarray(rng.uniform(0.25, 4.0, self.shape), dtype)
        if self.never:
            array[..., 0] = 0.0
        return array


def _of_torch(f, x, rate, call):
    law, above = f.distributions.Exponential(rate), f.relu(x)
    return law.cdf(above) if call == "cdf" else f.where(x < 0, 0.0 * rate, law.log_prob(above).exp())


def _of_paddle(f, x, rate, call):
    law = f.distribution.Exponential(rate)
    return law.cdf(x) if call == "cdf" else law.prob(x)


def _exponential(x, rate, call):
    if call == "cdf":
        return of_one(1.0 - exp(-(rate * x)))
    known, by_logarithm = rate * exp(-(rate * x)), exp(added(log(rate), -(rate * x)))
    return Quantity(known.value, np.maximum(known.error, by_logarithm.error))


def _from_zero(x, rate, call):
    x, rate = together(x, rate)
    return where(x.value < 0, 0.0, _exponential(where(x.value < 0, 0.0, x), rate, call))


@operator(
    "distribution.exponential_below",
    cases=st.tuples(broadcast(), each("cdf", "prob")).map(
        lambda found: {
            "x": Floats(found[0][0], low=-4.0, high=4.0, specials=False),
            "rate": Floats(found[0][1], low=0.125, high=4.0, points=(1.0, 0.5, 2.0), specials=False),
            "call": found[1],
        }
    ),
    may_be_zero=("output",),
    covers=("paddle.distribution.Exponential",),
    **SETTINGS,
)
class exponential_below:
    """Nothing lies below 0: there the density and the distribution function of an exponential distribution are 0."""

    note = "torch.distributions.Exponential refuses numbers below 0 unless validate_args=False"
    torch = lambda f, x, rate, call: _of_torch(f, x, rate, call)
    paddle = lambda f, x, rate, call: _of_paddle(f, x, rate, call)
    value = _from_zero
    variant_goes_on = _exponential
    variant_absent = lambda **inputs: absent("Exponential")


def _poisson(rate, rate_):
    """0 times the logarithm of 0 is 0, and what one of them makes possible and the other does not infinitely far."""
    rate, rate_ = together(rate, rate_)
    none, never = rate.value == 0, rate_.value == 0
    kept, other = where(none | never, 1.0, rate), where(none | never, 1.0, rate_)
    found = added(kept * (log(kept) - log(other)), -(kept - other))
    # Kernels also sum over counts, as in the divergence of rates above 0.
    sizes = kept.value * (np.abs(np.log(kept.value)) + np.abs(np.log(other.value)) + np.log1p(kept.value))
    powers = kept.value * (np.abs(np.log(kept.value)) + np.log1p(kept.value) + 1.0)
    unsure = 8 * (sizes + kept.value + other.value + 1.0) + 2 * powers * np.abs(found.value)
    found = Quantity(found.value, found.error + current().unit * unsure)
    return where(none, rate_.plain, where(never, quantity(np.full(none.shape, np.inf)), found))


def _rates(shape):
    return {"rate": Floats(shape, **RATE), "rate_": Floats(shape, **RATE)}


@operator(
    "distribution.kl_poisson_at_zero",
    cases=shapes(highest=4, axes=2, fewest=1, empty=False).map(_rates),
    may_be_zero=("output",),
    covers=("paddle.distribution.kl_divergence", "paddle.distribution.Poisson"),
    **SETTINGS,
)
class kl_poisson_at_zero:
    """Of a count that is always 0: the other's rate; from such a count it is infinite unless both are."""

    torch = lambda f, rate, rate_: f.distributions.kl_divergence(
        f.distributions.Poisson(rate), f.distributions.Poisson(rate_)
    )
    paddle = lambda f, rate, rate_: f.distribution.kl_divergence(
        f.distribution.Poisson(rate), f.distribution.Poisson(rate_)
    )
    value = _poisson

    @staticmethod
    def variant_not_a_number(rate, rate_):
        """0 times the logarithm of 0."""
        return where(rate.value == 0, np.nan, _poisson(rate, rate_))

    @staticmethod
    def variant_sums_too_little(rate, rate_):
        """By a sum over few counts of logarithms that are cut off, of which nothing is promised at 0."""
        return unpromised(_poisson(rate, rate_), (rate.value == 0) | (rate_.value == 0))

    variant_absent = lambda **inputs: absent("Poisson")


def _law(f, x, kind):
    if kind == "categorical":
        law = (
            f.distributions.Categorical(logits=x.log())
            if f.__name__ == "torch"
            else f.distribution.Categorical(x.log())
        )
    else:
        law = (f.distributions if f.__name__ == "torch" else f.distribution).Multinomial(1, x)
    return law.entropy()


def _entropy(x, kind):
    """Of the shares that the numbers have of their sum, where 0 times the logarithm of 0 is 0."""
    share = x / x.sum(axis=-1, keepdims=True)
    none = share.value == 0
    terms = where(none, 0.0, -share * log(where(none, 1.0, share)))
    found = terms.sum(axis=-1)
    sizes = (share.value * (np.abs(np.log(np.where(none, 1.0, share.value))) + 2.0)).sum(-1)
    return Quantity(found.value, found.error + 8 * current().unit * (sizes + 1.0))


@operator(
    "distribution.entropy_of_never",
    cases=st.tuples(st.integers(3, 5), each("categorical", "multinomial"), st.booleans()).map(
        lambda found: {"x": Shares((found[0],), specials=False, never=found[2]), "kind": found[1]}
    ),
    covers=("paddle.distribution.Categorical", "paddle.distribution.Multinomial"),
    **SETTINGS,
)
class entropy_of_never:
    """A choice that is never made adds nothing to the entropy, of one draw from many too."""

    torch = lambda f, x, kind: _law(f, x, kind)
    paddle = lambda f, x, kind: _law(f, x, kind)
    value = _entropy
    variant_no_number = lambda x, kind: unpromised(_entropy(x, kind), (x.value == 0).any(-1))
