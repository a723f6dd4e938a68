"""A schedule of paddle's that goes on where it was: loaded as a user loads it, or brought to its place step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import paddle

from conformance.transfer.schedules import AHEAD, losses, shared

Schedule = Any


def own_schedule(optimizer: paddle.optimizer.Optimizer) -> Schedule | None:
    """The schedule that the optimizer was made with."""
    found = optimizer._learning_rate
    return found if isinstance(found, paddle.optimizer.lr.LRScheduler) else None


def waits(schedule: Schedule) -> bool:
    """Whether it changes the rate by the loss, and so has no place that steps alone lead to."""
    return isinstance(schedule, paddle.optimizer.lr.ReduceOnPlateau)


def place(schedule: Schedule, epoch: int, held: Mapping[str, Any]) -> None:
    """Bring a new schedule to its place. held: what it keeps of the losses so far."""
    if waits(schedule):
        schedule.last_epoch = epoch
        schedule.__dict__.update(shared(held, "paddle"))
        return
    for _ in range(epoch - schedule.last_epoch):
        schedule.step()


def trial(schedule: Schedule) -> list[float] | None:
    """Losses for the steps ahead, where it waits for the loss."""
    return losses(schedule.mode) if waits(schedule) else None


def ahead(schedule: Schedule, given: list[float] | None) -> Iterator[None]:
    """Take the steps ahead, to its end where it has one; after each it is the turn to look at the optimizer."""
    for loss in given if given is not None else [None] * AHEAD:
        try:
            schedule.step(*() if loss is None else (loss,))
        except (ValueError, LookupError):  # beyond the last step that it was made for
            return
        yield
