"""The exact rates of the schedules beyond the five of the tutorial, with a bound for how a framework gets there.

As :mod:`reference_impl.oracle.schedules`: rates in force in epochs 0, 1, ..., float64 on both sides, hyperparameters in
torch's words. Where a framework multiplies the last rate by a ratio, the error is followed epoch by epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference_impl.oracle import schedules
from reference_impl.oracle.rounding import Array
from reference_impl.oracle.schedules import UNIT_ROUNDOFF as U
from reference_impl.oracle.schedules import LearningRates

FACTORS: dict[str, Callable[[int], float]] = {
    "inverse": lambda epoch: 1.0 / (1.0 + epoch),
    "power": lambda epoch: 0.875**epoch,
    "steps": lambda epoch: 0.5 ** (epoch // 3),
}
"""What a program may hand over as a function of the epoch."""


def lambda_(lr: float, epochs: int, *, factor: str) -> LearningRates:
    """lr * factor(epoch)."""
    value = lr * np.array([FACTORS[factor](epoch) for epoch in range(epochs)])
    return LearningRates(value, 2 * U * abs(value))


def multiplicative(lr: float, epochs: int, *, factor: str) -> LearningRates:
    """lr * factor(1) * factor(2) * ... * factor(epoch)."""
    value = lr * np.multiply.accumulate([1.0, *(FACTORS[factor](epoch) for epoch in range(1, epochs))])
    return LearningRates(value, U * np.arange(epochs) * abs(value) + 2.0**-1074)


def polynomial(lr: float, epochs: int, *, total_iters: int, power: float = 1.0) -> LearningRates:
    """lr * (1 - epoch / total_iters) ** power, and 0 from there on."""
    left = np.maximum(total_iters - np.arange(epochs), 0) / total_iters
    value = lr * left**power
    with np.errstate(divide="ignore"):  # the ratio of two neighbours loses what 1 - epoch / total_iters cancels
        lost = np.cumsum(np.where(left > 0, 4.0 + 2.0 * power * (1.0 + 2.0 / left), 0.0))
    return LearningRates(value, U * np.where(value > 0, lost, 0.0) * value)


def linear(
    lr: float, epochs: int, *, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int
) -> LearningRates:
    """From lr * start_factor to lr * end_factor in equal steps."""
    epoch = np.minimum(np.arange(epochs), total_iters)
    change = end_factor - start_factor
    factor = start_factor + change * epoch / total_iters
    value, error = lr * factor, np.zeros(epochs)
    error[:1] = U * lr * start_factor
    for now in range(1, min(epochs, total_iters + 1)):
        before = total_iters * start_factor + (now - 1) * change
        magnitude = total_iters * start_factor + (now - 1) * abs(change)
        ratio = abs(change / before)
        uncertain = U * (1.0 + ratio * (3.0 + 3.0 * magnitude / abs(before)))
        relative = abs(factor[now] / factor[now - 1])
        error[now] = error[now - 1] * relative + lr * factor[now - 1] * uncertain + 2 * U * value[now]
    error[total_iters + 1 :] = error[min(epochs - 1, total_iters)]
    return LearningRates(value, error + 2 * U * value)


def restarts(lr: float, epochs: int, *, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> LearningRates:  # noqa: N803
    """Half cosines of length T_0, T_0 * T_mult, ... (Loshchilov and Hutter 2017)."""
    value, place, length = np.empty(epochs), 0, T_0
    for epoch in range(epochs):
        value[epoch] = eta_min + (lr - eta_min) * np.cos(np.pi * place / length / 2.0) ** 2
        place += 1
        if place >= length:
            place, length = 0, length * T_mult
    return LearningRates(value, np.full(epochs, 8 * U * (abs(lr - eta_min) + abs(eta_min))))


def constant_factor(lr: float, epochs: int, *, factor: float, total_iters: int) -> LearningRates:
    """lr * factor for the first epochs, and lr after them."""
    value = np.where(np.arange(epochs) < total_iters, lr * factor, lr)
    return LearningRates(value, np.full(epochs, 3 * U * lr))


def warmup(lr: float, epochs: int, *, start_factor: float, total_iters: int, gamma: float) -> LearningRates:
    """A linear rise to lr, and an exponential fall from there."""
    rise = linear(lr, min(epochs, total_iters), start_factor=start_factor, total_iters=total_iters)
    fall = schedules.exponential(lr, max(epochs - total_iters, 0), gamma=gamma)
    value, error = (np.concatenate(pair) for pair in zip(rise, fall, strict=True))
    return LearningRates(value, error + 4 * U * lr)


def _between(start: float, end: float, share: float, strategy: str) -> float:
    if strategy == "linear":
        return start + (end - start) * share
    return float(end + (start - end) * np.cos(np.pi * share / 2.0) ** 2)


def one_cycle(
    max_lr: float,
    epochs: int,
    *,
    total_steps: int,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final: float,
    anneal_strategy: str = "cos",
    three_phase: bool = False,
) -> LearningRates:
    """Up from max_lr / div_factor to max_lr and down to ``final``, by way of the first where there are three phases."""
    first = max_lr / div_factor
    ends = (
        [pct_start * total_steps - 1] + ([2 * pct_start * total_steps - 2] if three_phase else []) + [total_steps - 1]
    )
    rates = [first, max_lr, *([first] if three_phase else []), final]
    value, error = np.empty(epochs), np.empty(epochs)
    for epoch in range(epochs):
        phase = next((place for place, end in enumerate(ends) if epoch <= end), len(ends) - 1)
        start, end = (0.0 if phase == 0 else ends[phase - 1]), ends[phase]
        value[epoch] = _between(rates[phase], rates[phase + 1], (epoch - start) / (end - start), anneal_strategy)
        slope = np.pi * abs(rates[phase + 1] - rates[phase]) / (end - start)
        error[epoch] = U * (8 * max(rates) + 8 * slope * total_steps)
    return LearningRates(value, error)


def cyclic(
    base_lr: float,
    epochs: int,
    *,
    max_lr: float,
    step_size_up: int,
    step_size_down: int | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
) -> LearningRates:
    """Up and down in straight lines, lower in each cycle or at each epoch as the mode says (Smith 2017)."""
    down = step_size_up if step_size_down is None else step_size_down
    epoch = np.arange(epochs)
    cycle, place = np.divmod(epoch, step_size_up + down)
    height = np.where(place <= step_size_up, place / step_size_up, (step_size_up + down - place) / down)
    scale = {"triangular": 1.0 + 0.0 * epoch, "triangular2": 0.5**cycle, "exp_range": gamma**epoch}[mode]
    steepest = (step_size_up + down) / min(step_size_up, down)
    error = U * (8 * max_lr + (max_lr - base_lr) * 8 * steepest * (2.0 + cycle) * (1 + epoch * (mode == "exp_range")))
    return LearningRates(base_lr + (max_lr - base_lr) * height * scale, error + 0.0 * epoch)


def plateau(
    lr: float,
    metrics: Sequence[float],
    *,
    mode: str = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: str = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
    resting: bool = False,
) -> LearningRates:
    """The rate is multiplied by factor after more than ``patience`` epochs without a better metric.

    resting: metrics are not looked at while it cools down.
    """
    sign = 1.0 if mode == "min" else -1.0
    best, bad, wait, rate, rates, falls = np.inf, 0, 0, lr, [lr], 0
    errors = [0.0]
    for metric in np.asarray(metrics, np.float64) * sign:
        margin = sign * best * threshold if threshold_mode == "rel" else threshold
        better = not np.isfinite(best) or metric < best - margin
        if resting and wait > 0:
            wait -= 1
        else:
            best, bad = (metric, 0) if better else (best, bad + 1)
            if wait > 0:
                wait, bad = wait - 1, 0
            if bad > patience:
                following = max(rate * factor, min_lr)
                if rate - following > eps:
                    rate, falls = following, falls + 1
                wait, bad = cooldown, 0
        rates.append(rate)
        errors.append(U * falls * rate)
    return LearningRates(np.array(rates), np.array(errors))


def cosine_from(options: dict[str, Any], epoch: int, count: int) -> Array:
    """What more a cosine may be off that is computed anew at an epoch, for a large angle, and goes on from there."""
    period, amplitude = options["T_max"], abs(options["lr"] - options.get("eta_min", 0.0))
    places = (epoch + np.arange(count)) % (2 * period)
    raised = np.where(places == period, 0.0, 2.0 * np.cos(np.pi * places / (2 * period)) ** 2)
    error = np.full(count, 4.0 * U * amplitude * (1.0 + np.pi * epoch / period))
    for now in range(1, count):
        grown = raised[now] / raised[now - 1] if raised[now - 1] > 0 else 1.0
        error[now] = error[now - 1] * max(grown, 1.0)
    return error


Formula = Callable[..., LearningRates]
FORMULAS: dict[str, Formula] = {
    **schedules.SCHEDULES,
    "lambda": lambda_,
    "multiplicative": multiplicative,
    "polynomial": polynomial,
    "linear": linear,
    "restarts": restarts,
    "constant_factor": constant_factor,
    "warmup": warmup,
    "one_cycle": one_cycle,
    "cyclic": cyclic,
}
"""Every schedule that depends on the epoch alone."""


def rates(name: str, options: dict[str, Any], epochs: int) -> LearningRates:
    """The rates of the first epochs; ``options`` holds the first argument as ``lr``."""
    rest = {key: value for key, value in options.items() if key != "lr"}
    found = FORMULAS[name](options["lr"], epochs, **rest)
    error: Array = np.broadcast_to(np.asarray(found.error), found.value.shape)
    return LearningRates(found.value, error)
