"""Laws that draws are judged by: of each distribution its arguments, what makes its numbers simple, and their law."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from conformance import sampling as law

Given = dict[str, Any]


def made(module: Any, kind: Any, framework: str = "paddle") -> Any:
    """A distribution of a name and arguments in their order, floating ones and lists of them as tensors."""
    name, given = kind[0], [_tensor(module, value) for value in kind[1].values()]
    if framework == "torch" and name == "Categorical":
        return module.Categorical(logits=given[0])
    return getattr(module, name)(*given)


def _tensor(module: Any, value: Any) -> Any:
    if isinstance(value, int):
        return value
    if module.__name__.startswith("torch"):
        import torch

        return torch.tensor(value)
    import paddle

    return paddle.to_tensor(value)


def _same(numbers: np.ndarray) -> np.ndarray:
    return numbers


def _uniform() -> law.Law:
    return law.uniform(0.0, 1.0)


def _laplace(x: np.ndarray) -> np.ndarray:
    away = (x - 0.5) / 2.0
    return np.where(away < 0, 0.5 * np.exp(np.minimum(away, 0)), 1 - 0.5 * np.exp(-np.maximum(away, 0)))


def _share_of_continuous(x: np.ndarray) -> np.ndarray:
    odds = math.log(0.2 / 0.8)
    return np.asarray(np.expm1(odds * x) / math.expm1(odds))


Continuous = tuple[str, Given, Callable[[np.ndarray], np.ndarray], Callable[[], law.Law]]
CONTINUOUS: dict[str, Continuous] = {
    "normal": ("Normal", {"loc": 0.5, "scale": 2.0}, _same, lambda: law.normal(0.5, 2.0)),
    "log_normal": ("LogNormal", {"loc": 0.5, "scale": 2.0}, np.log, lambda: law.normal(0.5, 2.0)),
    "uniform": ("Uniform", {"low": -1.0, "high": 3.0}, _same, lambda: law.uniform(-1.0, 3.0)),
    "laplace": ("Laplace", {"loc": 0.5, "scale": 2.0}, _laplace, _uniform),
    "gumbel": ("Gumbel", {"loc": 0.5, "scale": 2.0}, lambda x: np.exp(-np.exp((0.5 - x) / 2.0)), _uniform),
    "cauchy": ("Cauchy", {"loc": 0.5, "scale": 2.0}, lambda x: np.arctan((x - 0.5) / 2) / np.pi + 0.5, _uniform),
    "student": (
        "StudentT",
        {"df": 2.0, "loc": 0.5, "scale": 2.0},
        lambda x: 0.5 + (x - 0.5) / (2 * np.sqrt(8 + (x - 0.5) ** 2)),
        _uniform,
    ),
    "exponential": ("Exponential", {"rate": 2.0}, lambda x: np.exp(-2.0 * x), _uniform),
    "gamma": ("Gamma", {"concentration": 0.5, "rate": 2.0}, _same, lambda: law.gamma(0.5, 2.0)),
    "gamma_of_three": ("Gamma", {"concentration": 3.0, "rate": 0.5}, _same, lambda: law.gamma(3.0, 0.5)),
    "chi2": ("Chi2", {"df": 5.0}, _same, lambda: law.gamma(2.5, 0.5)),
    "beta": ("Beta", {"alpha": 3.0, "beta": 1.0}, lambda x: x**3, _uniform),
    "beta_below": ("Beta", {"alpha": 0.5, "beta": 1.0}, np.sqrt, _uniform),
    "continuous_bernoulli": ("ContinuousBernoulli", {"probs": 0.2}, _share_of_continuous, _uniform),
}


def with_tail(chances: Any) -> np.ndarray:
    """Probabilities of 0, 1 and so on, and last that of all beyond."""
    return np.array([*chances, max(0.0, 1.0 - math.fsum(chances))])


def binomial(total: int, chance: float) -> np.ndarray:
    """The probabilities of 0 to ``total``."""
    return with_tail([math.comb(total, k) * chance**k * (1 - chance) ** (total - k) for k in range(total + 1)])


def poisson(rate: float, kinds: int = 40) -> np.ndarray:
    """The probabilities of counts at a rate."""
    if not rate:
        return with_tail([1.0])
    return with_tail([math.exp(-rate + k * math.log(rate) - math.lgamma(k + 1)) for k in range(kinds)])


def geometric(chance: float, kinds: int = 40) -> np.ndarray:
    """The probabilities of failures before a success."""
    return with_tail([chance * (1 - chance) ** k for k in range(kinds)])


SCORES = [0.5, 1.0, 3.0]
"""Of three classes."""


def softmax(scores: Any) -> np.ndarray:
    """Probabilities of scores."""
    powers = np.exp(np.asarray(scores))
    return np.asarray(powers / powers.sum())


Counts = tuple[str, Given, Callable[[Any], Any], Callable[[], np.ndarray]]
COUNTS: dict[str, Counts] = {
    "bernoulli": ("Bernoulli", {"probs": 0.3}, lambda x: x, lambda: np.array([0.7, 0.3])),
    "geometric": ("Geometric", {"probs": 0.3}, lambda x: x, lambda: geometric(0.3)),
    "poisson": ("Poisson", {"rate": 3.0}, lambda x: x, lambda: poisson(3.0)),
    "binomial": ("Binomial", {"total_count": 7, "probs": 0.3}, lambda x: x, lambda: binomial(7, 0.3)),
    "categorical": ("Categorical", {"logits": SCORES}, lambda x: x, lambda: softmax(SCORES)),
    "multinomial": (
        "Multinomial",
        {"total_count": 5, "probs": [0.2, 0.3, 0.5]},
        lambda x: x[..., 1],
        lambda: binomial(5, 0.3),
    ),
}

PAIRS: dict[str, tuple[str, Given, Given, bool]] = {
    "normal": ("Normal", {"loc": 0.5, "scale": 2.0}, {"loc": 0.0, "scale": 1.75}, True),
    "log_normal": ("LogNormal", {"loc": 0.5, "scale": 2.0}, {"loc": 0.0, "scale": 1.75}, True),
    "laplace": ("Laplace", {"loc": 0.5, "scale": 2.0}, {"loc": 0.0, "scale": 1.75}, True),
    "gumbel": ("Gumbel", {"loc": 0.5, "scale": 2.0}, {"loc": 0.25, "scale": 2.0}, True),
    "cauchy": ("Cauchy", {"loc": 0.5, "scale": 2.0}, {"loc": 0.0, "scale": 1.75}, True),
    "student": ("StudentT", {"df": 3.0, "loc": 0.5, "scale": 2.0}, {"df": 4.0, "loc": 0.5, "scale": 2.0}, True),
    "exponential": ("Exponential", {"rate": 2.0}, {"rate": 2.5}, True),
    "gamma": ("Gamma", {"concentration": 2.0, "rate": 2.0}, {"concentration": 2.5, "rate": 2.5}, True),
    "chi2": ("Chi2", {"df": 5.0}, {"df": 4.5}, True),
    "beta": ("Beta", {"alpha": 2.0, "beta": 3.0}, {"alpha": 2.5, "beta": 3.0}, True),
    "continuous_bernoulli": ("ContinuousBernoulli", {"probs": 0.2}, {"probs": 0.3}, True),
    "bernoulli": ("Bernoulli", {"probs": 0.3}, {"probs": 0.4}, True),
    "geometric": ("Geometric", {"probs": 0.3}, {"probs": 0.4}, True),
    "poisson": ("Poisson", {"rate": 3.0}, {"rate": 2.5}, False),
    "binomial": ("Binomial", {"total_count": 7, "probs": 0.3}, {"total_count": 7, "probs": 0.35}, False),
    "categorical": ("Categorical", {"logits": SCORES}, {"logits": [1.0, 1.5, 2.0]}, True),
    "dirichlet": (
        "Dirichlet",
        {"concentration": [2.0, 3.0, 4.0]},
        {"concentration": [2.5, 3.0, 4.0]},
        True,
    ),
    "multinomial": (
        "Multinomial",
        {"total_count": 5, "probs": [0.2, 0.3, 0.5]},
        {"total_count": 5, "probs": [0.25, 0.25, 0.5]},
        True,
    ),
    "multivariate_normal": (
        "MultivariateNormal",
        {"loc": [0.0, 1.0], "covariance_matrix": [[2.0, 0.5], [0.5, 1.0]]},
        {"loc": [0.1, 0.9], "covariance_matrix": [[1.8, 0.4], [0.4, 1.0]]},
        True,
    ),
    "lkj_of_two": ("LKJCholesky", {"dim": 2, "concentration": 2.0}, {"dim": 2, "concentration": 2.5}, False),
    "lkj": ("LKJCholesky", {"dim": 4, "concentration": 2.0}, {"dim": 4, "concentration": 2.5}, False),
}


def correlation(shape: float) -> law.Law:
    """Of one correlation by LKJ's law: a beta number of two equal shapes, from -1 to 1."""
    from scipy import special

    return law.Law(
        lambda p: 2 * special.betaincinv(shape, shape, p) - 1,
        0.0,
        1 / (2 * shape + 1),
        3 - 6 / (2 * shape + 3),
        -1.0,
        1.0,
    )


def _of_samples(numbers: np.ndarray) -> law.Law:
    """The law of many equally likely numbers, around 0."""
    ordered = np.sort(np.concatenate([numbers, -numbers]))
    variance = float(np.mean(ordered**2))
    places = np.concatenate([[0.0], (np.arange(ordered.size) + 0.5) / ordered.size, [1.0]])
    ends = np.concatenate([[-1.0], ordered, [1.0]])
    return law.Law(
        lambda p: np.interp(p, places, ends),
        0.0,
        variance,
        float(np.mean(ordered**4)) / variance**2,
        -1.0,
        1.0,
    )


def onion_correlation(concentration: float) -> law.Law:
    """Of a row of three whose squared length has the first shape 1.5 instead of 1."""
    from scipy import special

    length = np.sqrt(special.betaincinv(1.5, concentration, (np.arange(600) + 0.5) / 600))
    angle = np.cos(np.pi * (np.arange(600) + 0.5) / 600)
    return _of_samples((length[:, None] * angle[None, :]).ravel())


def mixed_correlation(concentration: float) -> law.Law:
    """Of partial correlations that stand at each other's places: two of one shape, and one of another."""
    from scipy import special

    p = (np.arange(60000) + 0.5) / 60000
    first, second = (2 * special.betaincinv(a, a, p) - 1 for a in (concentration + 0.5, concentration))
    return _of_samples(np.concatenate([first, first, second]))


def deviations(terms: np.ndarray, chances: np.ndarray, draws: int) -> float:
    """How many deviations the mean of draws is from 0, of terms with these chances."""
    mean = float(chances @ terms)
    return float(mean / np.sqrt(chances @ terms**2 - mean**2) * draws**0.5)


def lkj_deviations(dim: int, one: float, other: float, draws: int) -> float:
    """The same of another density over one's own, minus 1, of matrices whose rows are drawn too long."""
    from scipy import special

    rows = np.arange(1, dim)
    right, wrong, second = rows / 2, rows - 0.5, one + (dim - 1 - rows) / 2

    def moment(first: np.ndarray, power: float) -> float:
        return float(np.exp(np.sum(special.betaln(first, second + power) - special.betaln(first, second))))

    change = other - one
    scale = moment(right, change)
    mean, square = moment(wrong, change) / scale, moment(wrong, 2 * change) / scale**2
    return float((mean - 1) / np.sqrt(square - mean**2) * draws**0.5)
