"""The exact learning rate of every epoch, with a bound for the way in which a framework gets there.

Why this file exists: some schedulers evaluate a closed form, and others multiply the last rate by a factor at each
epoch; cosine annealing by a ratio whose denominator nearly vanishes before every minimum. Both are right, and differ by
rounding that grows with the epochs; the bound says by how much, so that nothing else can hide in it.

Every function returns the rates in force during epochs 0, 1, ..., epochs - 1 when the scheduler is advanced once after
each epoch; hyperparameters have torch's names. Rates are float64, as the schedulers of both frameworks compute them; an
optimizer that stores its rate in float32 rounds it once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from reference_impl.oracle.rounding import Array

UNIT_ROUNDOFF = 2.0**-53


class LearningRates(NamedTuple):
    """The exact rates and the greatest distance of a correct float64 scheduler from them, each of shape (epochs,)."""

    value: Array
    error: Array


def constant(lr: float, epochs: int) -> LearningRates:
    """The same rate in every epoch."""
    return LearningRates(np.full(epochs, float(lr)), np.zeros(epochs))


def step(lr: float, epochs: int, *, step_size: int, gamma: float = 0.1) -> LearningRates:
    """lr * gamma ** (epoch // step_size)."""
    return _powers(lr, gamma, np.arange(epochs) // step_size)


def multi_step(lr: float, epochs: int, *, milestones: Sequence[int], gamma: float = 0.1) -> LearningRates:
    """lr * gamma ** (number of milestones <= epoch)."""
    return _powers(lr, gamma, np.searchsorted(np.sort(np.asarray(milestones)), np.arange(epochs), side="right"))


def exponential(lr: float, epochs: int, *, gamma: float) -> LearningRates:
    """lr * gamma ** epoch."""
    return _powers(lr, gamma, np.arange(epochs))


def cosine(lr: float, epochs: int, *, T_max: int, eta_min: float = 0.0) -> LearningRates:  # noqa: N803
    """eta_min + (lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2 (Loshchilov and Hutter 2017, without restarts).

    The bound is that of the recursive form that both frameworks use, rate' = (1 + cos') / (1 + cos) * (rate - eta_min)
    + eta_min, followed epoch by epoch: 1 + cos loses up to T_max**2 units just before a minimum, at which the rate
    starts afresh from eta_min.
    """
    epoch = np.arange(epochs)
    angle = np.pi * epoch / T_max
    # the exact remainder keeps the oracle's own argument small where pi * epoch / T_max has lost digits
    raised = 2.0 * np.cos(np.pi * (epoch % (2 * T_max)) / (2 * T_max)) ** 2
    raised[epoch % (2 * T_max) == T_max] = 0.0
    lost = UNIT_ROUNDOFF * (2.0 + 3.0 * angle * abs(np.sin(angle)))
    relative = np.divide(lost, raised, out=np.zeros(epochs), where=raised > 0.0)
    error = np.zeros(epochs)
    amplitude = abs(lr - eta_min) / 2.0
    for now in range(1, epochs):
        own = 4.0 * UNIT_ROUNDOFF * (amplitude * raised[now] + abs(eta_min))
        if raised[now - 1] == 0.0 or raised[now] == 0.0:
            inherited = error[now - 1] if raised[now - 1] == 0.0 else 0.0
            error[now] = inherited + own + amplitude * lost[1]
        else:
            inherited = error[now - 1] * raised[now] / raised[now - 1]
            error[now] = inherited + own + amplitude * raised[now] * (relative[now] + relative[now - 1])
    return LearningRates(np.where(raised == 2.0, lr, eta_min + (lr - eta_min) * raised / 2.0), error)


SCHEDULES: dict[str, Callable[..., LearningRates]] = {
    "constant": constant,
    "step": step,
    "multi_step": multi_step,
    "exponential": exponential,
    "cosine": cosine,
}


def _powers(lr: float, gamma: float, exponent: np.ndarray) -> LearningRates:
    """lr * gamma**exponent; a chain of products rounds once for each factor, a library's pow and its product thrice."""
    value = lr * gamma ** exponent.astype(np.float64)
    roundings = np.where(exponent > 0, exponent + 4.0, 0.0)
    return LearningRates(value, roundings * (UNIT_ROUNDOFF * abs(value) + 2.0**-1074))
