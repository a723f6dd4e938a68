"""What a sample of independent random numbers shows of their law, at a stated rate of false alarms.

Random numbers have no reference value, but their law has. The i-th smallest of n numbers lies within the band of
Dvoretzky, Kiefer and Wolfowitz (with Massart's constant) around its quantile, which is the test of Kolmogorov and
Smirnov element by element; the mean, the variance and the correlation of neighbours are sharper where a scale is wrong
by a few percent.

A test fails for right numbers with a probability of at most :data:`ALARM`. A run of the gate makes fewer than a
thousand such tests, so that it fails by chance in fewer than one of 10^9 runs; in the gate's profile seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.accuracy import UNIT_ROUNDOFF, Acceptance

ALARM = 1e-12
"""Of one test. At most four are made of a sample."""
DEVIATIONS = 7.2
"""Standard deviations that a normal number exceeds with less than that probability, on either side."""

POINTS = 2**16
"""Quantiles from which moments are taken that have no short formula: they are then right to four digits."""


@dataclass(frozen=True)
class Law:
    """A distribution. quantile: from probabilities; kurtosis: the fourth central moment over the variance squared."""

    quantile: Callable[[np.ndarray], np.ndarray]
    mean: float
    variance: float
    kurtosis: float
    low: float = -np.inf
    high: float = np.inf


def gamma(concentration: float, rate: float = 1.0) -> Law:
    """The gamma distribution."""
    from scipy import special

    variance = concentration / rate**2
    return Law(
        lambda p: special.gammaincinv(concentration, p) / rate,
        concentration / rate,
        variance,
        3.0 + 6.0 / concentration,
        0.0,
    )


def uniform(low: float, high: float) -> Law:
    """Equally likely between two bounds."""
    return Law(lambda p: low + (high - low) * p, (low + high) / 2, (high - low) ** 2 / 12, 1.8, low, high)


def normal(mean: float, deviation: float) -> Law:
    """Gauss's."""
    from scipy import special

    return Law(lambda p: mean + deviation * special.ndtri(p), mean, deviation**2, 3.0)


def truncated(mean: float, deviation: float, low: float, high: float) -> Law:
    """Gauss's, of which nothing lies outside of two bounds."""
    from scipy import special

    ends = special.ndtr((low - mean) / deviation), special.ndtr((high - mean) / deviation)

    def quantile(p: np.ndarray) -> np.ndarray:
        found: np.ndarray = mean + deviation * special.ndtri(ends[0] + (ends[1] - ends[0]) * p)
        return found

    numbers = quantile((np.arange(POINTS) + 0.5) / POINTS)
    centred = numbers - numbers.mean()
    variance = float(np.mean(centred**2))
    return Law(quantile, float(numbers.mean()), variance, float(np.mean(centred**4)) / variance**2, low, high)


def counted(draws: int, chances: Any) -> Acceptance:
    """How often each of some things happens in so many independent draws, by Bernstein's inequality.

    What is sure or impossible is exact.
    """
    chances = np.asarray(chances, np.float64)
    logarithm = np.log(2.0 / ALARM)
    spread = 2.0 * draws * chances * (1.0 - chances) * logarithm
    bound = logarithm / 3.0 + np.sqrt(logarithm**2 / 9.0 + spread)
    return Acceptance(draws * chances, np.where(spread > 0, bound, 0.0), dtype="int64")


def summary(values: Any) -> dict[str, Any]:
    """Of an array: its numbers in order, their mean and variance, and how neighbours go together."""
    flat = np.asarray(values, np.float64).ravel()
    centred = flat - flat.mean()
    spread = float(np.mean(np.square(centred)))
    together = float(np.mean(centred[1:] * centred[:-1]) / spread) if spread else 1.0
    return {"sorted": np.sort(flat), "mean": flat.mean(), "variance": spread, "neighbours": together}


def acceptances(law: Law, size: int, dtype: str = "float32") -> dict[str, Acceptance]:
    """What :func:`summary` may say of ``size`` numbers of a law, each rounded to ``dtype``."""
    order = np.arange(1, size + 1)
    band = np.sqrt(np.log(2.0 / ALARM) / (2.0 * size))
    lower, upper = order / size - band, (order - 1) / size + band
    least = ALARM / size
    low = np.maximum(law.quantile(np.clip(lower, least, 1.0)), law.low)
    high = np.minimum(law.quantile(np.clip(upper, 0.0, 1.0 - least)), law.high)
    rounding = 2 * UNIT_ROUNDOFF[dtype] * np.maximum(np.abs(low), np.abs(high))
    deviation = np.sqrt(law.variance)
    scatter = DEVIATIONS * np.sqrt((law.kurtosis - 1.0) / size) + 4.0 * DEVIATIONS**2 / size
    return {
        "sorted": Acceptance((low + high) / 2, (high - low) / 2 + rounding, dtype="float64"),
        "mean": Acceptance(np.asarray(law.mean), DEVIATIONS * deviation / np.sqrt(size), dtype="float64"),
        "variance": Acceptance(np.asarray(law.variance), law.variance * scatter, dtype="float64"),
        "neighbours": Acceptance(np.asarray(0.0), 1.5 * DEVIATIONS / np.sqrt(size), dtype="float64"),
    }
