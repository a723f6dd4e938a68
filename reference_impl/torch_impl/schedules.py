"""Learning-rate schedules by one set of names: made for an optimizer, moved on by ``step()`` after each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.optim import lr_scheduler

from reference_impl.hyperparameters import SCHEDULES, resolve


def make_schedule(name: str, optimizer: torch.optim.Optimizer, **hyperparameters: Any) -> lr_scheduler.LRScheduler:
    """One of constant, step, multi_step, exponential, cosine, starting at the optimizer's learning rate.

    Hyperparameters and defaults: :data:`reference_impl.hyperparameters.SCHEDULES`. Raises ValueError for unknown names.
    """
    values = resolve("schedule", SCHEDULES, name, hyperparameters)
    if name == "constant":
        return lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0)
    classes: dict[str, Any] = {
        "step": lr_scheduler.StepLR,
        "multi_step": lr_scheduler.MultiStepLR,
        "exponential": lr_scheduler.ExponentialLR,
        "cosine": lr_scheduler.CosineAnnealingLR,
    }
    return classes[name](optimizer, **values)


def learning_rates(name: str, lr: float, steps: int, **hyperparameters: Any) -> list[float]:
    """The learning rates of the first ``steps`` epochs from ``lr`` on."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = make_schedule(name, optimizer, **hyperparameters)
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()  # torch warns where a schedule moves on before its optimizer
        schedule.step()
    return rates


def schedule_state(schedule: lr_scheduler.LRScheduler) -> dict[str, float]:
    """Where the schedule stands: epochs done, first and present learning rate."""
    return {
        "epoch": int(schedule.last_epoch),
        "base_lr": float(schedule.base_lrs[0]),
        "lr": float(schedule.get_last_lr()[0]),
    }


def load_schedule_state(schedule: lr_scheduler.LRScheduler, state: Mapping[str, float]) -> None:
    """Puts the schedule, and its optimizer's learning rate, where ``state`` says."""
    kept = {"last_epoch": int(state["epoch"]), "base_lrs": [state["base_lr"]], "_last_lr": [state["lr"]]}
    schedule.load_state_dict({**schedule.state_dict(), **kept})
    for group in schedule.optimizer.param_groups:
        group["lr"] = state["lr"]
