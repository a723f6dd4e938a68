"""Draws of distributions: their law, and that draws, log_prob and entropy of one distribution describe one law."""

from __future__ import annotations

import functools

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance import sampling as law
from conformance.operators import each
from conformance.strategies import seeds
from suites.support.drawn import DRAWS, drawn
from suites.support.laws import (
    CONTINUOUS,
    COUNTS,
    PAIRS,
    correlation,
    deviations,
    lkj_deviations,
    made,
    mixed_correlation,
    onion_correlation,
    softmax,
)
from suites.support.refusals import absent

AREA = "distributions"
LATER = (
    "Exponential",
    "Gamma",
    "Chi2",
    "StudentT",
    "Poisson",
    "Binomial",
    "ContinuousBernoulli",
    "LKJCholesky",
    "MultivariateNormal",
)
"""Distributions that came with paddle 3.0."""


@drawn(
    "distribution.draws",
    tuple(f"paddle.distribution.{name}" for name in dict.fromkeys(name for name, *_ in CONTINUOUS.values())),
    area=AREA,
    kind=tuple(CONTINUOUS),
)
class draws:
    """Numbers drawn from a distribution follow its law."""

    torch = lambda f, kind: made(f.distributions, CONTINUOUS[kind]).sample((64, 64))
    paddle = lambda f, kind: made(f.distribution, CONTINUOUS[kind]).sample([64, 64])
    through = lambda numbers, kind: CONTINUOUS[kind][2](numbers)
    law = lambda kind: CONTINUOUS[kind][3]()
    variant_absent = lambda told, seed, kind: absent(CONTINUOUS[kind][0]) if CONTINUOUS[kind][0] in LATER else told


@drawn(
    "distribution.draws_of_counts",
    tuple(f"paddle.distribution.{name}" for name in dict.fromkeys(name for name, *_ in COUNTS.values())),
    area=AREA,
    kind=tuple(COUNTS),
)
class draws_of_counts:
    """Counts and classes are drawn as often as their probabilities say."""

    torch = lambda f, kind: COUNTS[kind][2](made(f.distributions, COUNTS[kind], "torch").sample((64, 64))).float()
    paddle = lambda f, kind: COUNTS[kind][2](made(f.distribution, COUNTS[kind]).sample([64, 64])).astype("float32")
    chances = lambda kind: COUNTS[kind][3]()
    variant_absent = lambda told, seed, kind: absent(COUNTS[kind][0]) if COUNTS[kind][0] in LATER else told


SMALL = 0.01


@functools.cache
def _shares_of_thirds(least):
    from scipy import special

    grid = special.gammaincinv(SMALL, (np.arange(500) + 0.5) / 500)
    one, other = np.maximum(grid[:, None], least), np.maximum(grid[None, :], least)
    with np.errstate(invalid="ignore"):
        share = one / (one + other)
    middle = float(np.mean((share > 0.1) & (share < 0.9)))
    if not least:
        middle = float(special.betainc(SMALL, SMALL, 0.9) - special.betainc(SMALL, SMALL, 0.1))
    return np.array([(1 - middle) / 2, middle, (1 - middle) / 2])


def _thirds(numbers):
    """0, 1 or 2: below a tenth, above nine tenths, or between."""
    return ((numbers - 0.1).sign() + (numbers - 0.9).sign() + 2.0) / 2.0


@drawn(
    "distribution.small_concentrations",
    ("paddle.distribution.Beta", "paddle.distribution.Dirichlet"),
    area=AREA,
    kind=("Beta", "Dirichlet"),
)
class small_concentrations:
    """At concentrations of 0.01 nearly every share is near 0 or 1."""

    torch = lambda f, kind: _thirds(
        f.distributions.Beta(f.full((64, 64), SMALL), f.full((64, 64), SMALL)).sample()
        if kind == "Beta"
        else f.distributions.Dirichlet(f.full((64, 64, 2), SMALL)).sample()[..., 0]
    )
    paddle = lambda f, kind: _thirds(
        f.distribution.Beta(f.full([64, 64], SMALL), f.full([64, 64], SMALL)).sample()
        if kind == "Beta"
        else f.distribution.Dirichlet(f.full([64, 64, 2], SMALL)).sample()[..., 0]
    )
    chances = lambda kind: _shares_of_thirds(0.0)
    kinds = 3

    @staticmethod
    def variant_halves(told, seed, kind):
        """Of both gamma numbers no less than the least normal one is left, whose share is then a half."""
        return {**told, "counts": law.counted(DRAWS, _shares_of_thirds(float(np.finfo(np.float32).tiny)))}


@drawn(
    "distribution.lkj_draws",
    ("paddle.distribution.LKJCholesky",),
    area=AREA,
    method=("onion", "cvine"),
    place=((1, 0), (2, 0)),
    concentration=(1.0, 3.0),
)
class lkj_draws:
    """Each correlation of a matrix drawn by LKJ's law has one law, wherever it stands and by whichever method."""

    note = "LKJCholesky of torch knows the onion method alone."
    torch = lambda f, method, place, concentration: f.distributions.LKJCholesky(3, concentration).sample((128, 128))[
        (..., *place)
    ]
    paddle = lambda f, method, place, concentration: f.distribution.LKJCholesky(3, concentration, method).sample(
        [128, 128]
    )[(..., *place)]
    size = (128, 128)
    law = lambda method, place, concentration: correlation(concentration + 0.5)

    @staticmethod
    def variant_onion(told, seed, method, place, concentration):
        return _too_long(told, place, concentration)

    @staticmethod
    def variant_no_direction(told, seed, method, place, concentration):
        """The second row is in the direction of a normal number, which is exactly 0 once in 2^24 draws: NaN then."""
        return {**told, "finite": Acceptance(np.array(True), np.inf)} if place == (1, 0) else told

    @staticmethod
    def variant_onion_and_vine(told, seed, method, place, concentration):
        told = {**told, "finite": Acceptance(np.array(True), np.inf)}  # one matrix in a million is NaN
        if method == "onion":
            return _too_long(told, place, concentration)
        return {**told, **law.acceptances(mixed_correlation(concentration), MATRICES)}

    variant_absent = lambda told, **rest: absent("LKJCholesky")


MATRICES = 128 * 128


def _too_long(told, place, concentration):
    """The third row is too long, and the second one right."""
    return told if place == (1, 0) else {**told, **law.acceptances(onion_correlation(concentration), MATRICES)}


@contract(
    "distribution.one_law",
    area=AREA,
    samples=st.fixed_dictionaries({"seed": seeds, "kind": each(*PAIRS)}).map(Sample),
    tensors=False,
    share=0.5,
    covers=tuple(f"paddle.distribution.{name}" for name in dict.fromkeys(name for name, *_ in PAIRS.values())),
)
class one_law:
    """Under draws of a distribution the mean of log_prob is minus the entropy, and that of another's density over its
    own is 1."""

    @staticmethod
    def torch(seed, kind):
        import torch

        torch.manual_seed(seed)
        name, one, other, entropy = PAIRS[kind]
        p, q = (made(torch.distributions, (name, given), "torch") for given in (one, other))
        x = p.sample((DRAWS,))
        own, others = p.log_prob(x).double(), q.log_prob(x).double()
        told = {"ratio": _deviations(_known((others - own).exp().numpy() - 1, name))}
        return {**told, "entropy": _deviations(own.numpy() + p.entropy().double().numpy())} if entropy else told

    @staticmethod
    def paddle(seed, kind):
        import paddle

        paddle.seed(seed)
        name, one, other, entropy = PAIRS[kind]
        p, q = (made(paddle.distribution, (name, given)) for given in (one, other))
        x = p.sample([DRAWS])
        call = "log_pmf" if name == "Geometric" else "log_prob"
        own, others = (getattr(each_, call)(x).astype("float64") for each_ in (p, q))
        told = {"ratio": _deviations(_known((others - own).exp().numpy() - 1, name))}
        return {**told, "entropy": _deviations(own.numpy() + float(p.entropy()))} if entropy else told

    @staticmethod
    def oracle(seed, kind):
        found = {"ratio": Acceptance(np.asarray(0.0), LARGEST, dtype="float64")}
        return {**found, "entropy": found["ratio"]} if PAIRS[kind][3] else found

    @staticmethod
    def variant_scores_of_another(seed, kind):
        """Of a class by the share of its score among the scores."""
        if PAIRS[kind][0] != "Categorical":
            return one_law.oracle(seed, kind)
        one, other = (np.array(given["logits"]) for given in PAIRS[kind][1:3])
        chances, shares, others = softmax(one), one / one.sum(), other / other.sum()
        entropy = -float(chances @ np.log(chances))
        return {
            "ratio": _around(deviations(others / shares - 1, chances, DRAWS)),
            "entropy": _around(deviations(np.log(shares) + entropy, chances, DRAWS)),
        }

    @staticmethod
    def variant_rows_too_long(seed, kind):
        if kind != "lkj":
            return one_law.oracle(seed, kind)
        dim, one, other = PAIRS[kind][1]["dim"], PAIRS[kind][1]["concentration"], PAIRS[kind][2]["concentration"]
        return {"ratio": _around(lkj_deviations(dim, one, other, DRAWS))}

    @staticmethod
    def variant_absent(seed, kind):
        name = PAIRS[kind][0]
        return absent(name) if name in LATER else one_law.oracle(seed, kind)


def _around(expected):
    """Also the deviation, by which it is divided, is known to a few percent alone."""
    return Acceptance(np.asarray(expected), LARGEST + 0.25 * abs(expected), dtype="float64")


LARGEST = 10.0
"""Deviations of a mean whose terms have a skewness below 10: beyond any by Bernstein's inequality once in 10^12."""


def _known(terms, name):
    """Without those of correlations that are NaN once in a million draws, of which `distribution.lkj_draws` speaks."""
    return terms[~np.isnan(terms)] if name == "LKJCholesky" else terms


def _deviations(terms):
    """How many of its deviations a mean is from 0; rounding counts as a thousandth of one term."""
    return float(terms.mean() / (terms.std() / DRAWS**0.5 + 1e-5))
