"""Learning-rate schedules by one set of names: made for an optimizer, moved on by ``step()`` after each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import paddle
from paddle.optimizer import lr as lr_scheduler

from reference_impl.hyperparameters import SCHEDULES, resolve


def make_schedule(name: str, optimizer: paddle.optimizer.Optimizer, **hyperparameters: Any) -> lr_scheduler.LRScheduler:
    """One of constant, step, multi_step, exponential, cosine, starting at the optimizer's learning rate.

    Hyperparameters and defaults: :data:`reference_impl.hyperparameters.SCHEDULES`. Raises ValueError for unknown names.
    Unlike torch, paddle also refuses gamma >= 1 and milestones that do not increase.
    """
    schedule = _make(name, optimizer.get_lr(), hyperparameters)
    optimizer.set_lr_scheduler(schedule)
    return schedule


def _make(name: str, lr: float, hyperparameters: Mapping[str, Any]) -> lr_scheduler.LRScheduler:
    values = resolve("schedule", SCHEDULES, name, hyperparameters)
    if name == "constant":
        return lr_scheduler.LambdaDecay(lr, lambda epoch: 1.0)
    classes: dict[str, Any] = {
        "step": lr_scheduler.StepDecay,
        "multi_step": lr_scheduler.MultiStepDecay,
        "exponential": lr_scheduler.ExponentialDecay,
        "cosine": lr_scheduler.CosineAnnealingDecay,
    }
    return classes[name](lr, **values)


def learning_rates(name: str, lr: float, steps: int, **hyperparameters: Any) -> list[float]:
    """The learning rates of the first ``steps`` epochs from ``lr`` on."""
    schedule = _make(name, lr, hyperparameters)
    rates = []
    for _ in range(steps):
        rates.append(float(schedule()))
        schedule.step()
    return rates


def schedule_state(schedule: lr_scheduler.LRScheduler) -> dict[str, float]:
    """Where the schedule stands: epochs done, first and present learning rate."""
    return {
        "epoch": int(schedule.last_epoch),
        "base_lr": float(schedule.base_lr),
        "lr": float(schedule()),
    }


def load_schedule_state(schedule: lr_scheduler.LRScheduler, state: Mapping[str, float]) -> None:
    """Puts the schedule, and with it its optimizer's learning rate, where ``state`` says."""
    schedule.base_lr = state["base_lr"]
    schedule.set_state_dict({"last_epoch": int(state["epoch"]), "last_lr": state["lr"]})
