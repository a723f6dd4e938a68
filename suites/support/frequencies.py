"""How often things happen that are drawn by chance: what a lane may count, at a stated rate of false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from conformance import Acceptance

DEVIATIONS = 7.0
"""Standard deviations that a share may be off: once in 4e11 counts that are nearly normal, and in 1e8 where the
expected count is ten, of which the law is skew."""


def share(probability: Any, draws: int) -> Acceptance:
    """Of ``draws`` independent events of a probability, or of several, how many happen."""
    expected = np.asarray(probability, np.float64)
    certain = (expected <= 0) | (expected >= 1)
    bound = DEVIATIONS * np.sqrt(expected * (1 - expected).clip(0) / draws) + np.where(certain, 0.0, 3 / draws)
    return Acceptance(expected, bound, dtype="float64")


def counted(values: Sequence[int] | np.ndarray, kinds: int) -> np.ndarray:
    """The share of each of the numbers from 0 to ``kinds`` - 1 among values; any other is an error."""
    held = np.asarray(values)
    if held.size and (held.min() < 0 or held.max() >= kinds):
        raise ValueError(f"a value lies outside 0 to {kinds - 1}")
    return np.bincount(held.reshape(-1), minlength=kinds) / held.size


def uniform(low: float, high: float, draws: int, rounding: float = 0.0) -> dict[str, Acceptance]:
    """What :func:`summary` may be of ``draws`` numbers that are uniform between two; rounding: of each of them."""
    width = high - low
    spread = DEVIATIONS * width / np.sqrt(12 * draws)
    # The greatest distance between the two distribution functions exceeds this once in 2e10 (Dvoretzky and others).
    distance = np.sqrt(np.log(4e10) / (2 * draws)) + (2 * rounding / width if width else 0.0)
    # Either end is left out by so much once in 2e11.
    left_out = 1 - np.exp(-26 / draws)
    slack = 2 * rounding / width if width else 0.0
    return {
        "mean": Acceptance(np.asarray((low + high) / 2), spread + rounding, dtype="float64"),
        "distance": Acceptance(np.asarray(0.0), distance if width else 0.0, dtype="float64"),
        "covered": Acceptance(np.asarray(1 - left_out), left_out + slack if width else 1.0, dtype="float64"),
        "inside": Acceptance(np.asarray(draws)),
        "distinct": _distinct(draws, width, rounding),
    }


def _distinct(draws: int, width: float, rounding: float) -> Acceptance:
    """Of numbers of 24 bits, three pairs are equal once in 1e8 passes; of rounded ones nothing is said."""
    if not width:
        return Acceptance(np.asarray(1))
    unsaid = draws if rounding > ROUNDED else 3
    return Acceptance(np.asarray(float(draws)), unsaid, dtype="int64")


ROUNDED = 1e-5
"""What is rounded by more is no number of a continuous law any more."""


def summary(values: Sequence[float] | np.ndarray, low: float, high: float, rounding: float = 0.0) -> dict[str, Any]:
    """Of numbers between two: the mean, the distance from the uniform law, the part of the way from one to the other
    that they cover, how many lie between the two, and how many are different."""
    held = np.sort(np.asarray(values, np.float64).reshape(-1))
    inside = int(np.count_nonzero((held >= low - rounding) & (held <= high + rounding)))
    told = {"mean": float(held.mean()), "inside": inside, "distinct": int(np.unique(held).size)}
    if high <= low:
        return {**told, "distance": 0.0, "covered": 1.0}
    law = np.clip((held - low) / (high - low), 0, 1)
    steps = np.arange(held.size + 1) / held.size
    distance = max(np.max(steps[1:] - law), np.max(law - steps[:-1]))
    return {**told, "distance": float(distance), "covered": float((held[-1] - held[0]) / (high - low))}
