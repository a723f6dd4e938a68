"""What a random mask owes: how many units it drops, and each for itself, at a stated rate of false alarms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from conformance import Acceptance

FALSE_ALARM = 1e-12
"""Of honest counts, the share that lies outside of a bound."""
LOGARITHM = math.log(2 / FALSE_ALARM)


def counted(draws: int, chance: float, overlap: int = 1) -> Acceptance:
    """How many of ``draws`` events happen, of which every ``overlap``-th is independent of the others.

    By Bernstein's inequality, for each of the independent parts.
    """
    if chance in (0.0, 1.0):
        return Acceptance(np.asarray(draws * chance), 0.0, dtype="int64")
    part, logarithm = -(-draws // overlap), LOGARITHM + math.log(overlap)
    bound = logarithm / 3 + math.sqrt(logarithm**2 / 9 + 2 * part * chance * (1 - chance) * logarithm)
    return Acceptance(np.asarray(draws * chance), overlap * bound, dtype="int64")


def counts(dropped: np.ndarray) -> dict[str, int]:
    """What :func:`law` speaks of: dropped units, and pairs of neighbours that both are, along each axis."""
    found = {"dropped": int(dropped.sum())}
    for axis in range(dropped.ndim):
        first, second = np.delete(dropped, -1, axis), np.delete(dropped, 0, axis)
        found[f"dropped_with_next_in_axis_{axis}"] = int((first & second).sum())
    return found


def law(shape: tuple[int, ...], chance: float) -> dict[str, Acceptance]:
    """Each unit of an array of this shape is dropped with this chance, independently of all others."""
    size = math.prod(shape)
    found = {"dropped": counted(size, chance)}
    for axis, length in enumerate(shape):
        found[f"dropped_with_next_in_axis_{axis}"] = counted(size - size // length, chance**2, 2)
    return found


def uniform(low: float, high: float, count: int) -> Acceptance:
    """Sorted draws of a uniform distribution: no quantile is further off than its Dvoretzky-Kiefer-Wolfowitz bound."""
    share = (np.arange(count) + 0.5) / max(count, 1)
    away = math.sqrt(LOGARITHM / (2 * max(count, 1))) + 0.5 / max(count, 1)
    return Acceptance(low + (high - low) * share, (high - low) * away + 1e-6, np.inf, dtype="float64")


def numbers(tensor: Any) -> np.ndarray:
    """A tensor of either framework as float64."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach()
    wide = tensor.double() if hasattr(tensor, "double") else tensor.astype("float64")
    return np.asarray(wide.numpy(), np.float64)
