"""A schedule of torch's that goes on where it was: loaded as a user loads it, or brought to its place step by step."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from conformance.transfer.schedules import AHEAD, arguments, class_of, epoch_of, losses, shared
from conformance.transfer.slots import OptimizerStateError

Schedule = Any


def own_schedule(optimizer: torch.optim.Optimizer) -> Schedule | None:
    """The schedule that the pair file keeps at its optimizer, as ``optimizer.schedule`` or under another name."""
    base = torch.optim.lr_scheduler.LRScheduler
    return next((each for each in vars(optimizer).values() if isinstance(each, base)), None)


def identified(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> Schedule | None:
    """A new schedule of the class that a state tells, which may load it; None where it does not tell."""
    name = class_of(state)
    if name is None:
        return None
    inner = [identified(optimizer, each) for each in state.get("_schedulers", ())]
    if any(each is None for each in inner):
        return None
    return _made(optimizer, name, arguments(name, state), inner)


def made_after(optimizer: torch.optim.Optimizer, declared: Mapping[str, Any]) -> Schedule:
    """A new schedule as :func:`conformance.transfer.schedules.declared` describes it; the groups have its rates."""
    inner = [made_after(optimizer, each) for each in declared.get("parts", ())]
    given = dict(declared["arguments"])
    for name in ("max_lr", "base_lr"):
        if name in given:  # one for each group, as a factor of a group is of all its rates
            given[name] = [given[name] * group["lr"] / declared["base"] for group in optimizer.param_groups]
    if declared["name"] == "OneCycleLR":
        given["max_lr"] = [
            declared["arguments"]["max_lr"] * group["lr"] / declared["base"] for group in optimizer.param_groups
        ]
    return _made(optimizer, declared["name"], given, inner)


def _made(optimizer: torch.optim.Optimizer, name: str, given: Mapping[str, Any], inner: list[Schedule]) -> Schedule:
    kind = getattr(torch.optim.lr_scheduler, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "ChainedScheduler":
            return kind(inner, optimizer)
        return kind(optimizer, inner, **given) if inner else kind(optimizer, **given)


def advance(schedule: Schedule, count: int) -> None:
    """Take ``count`` steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a schedule that moves on without its optimizer
        for _ in range(count):
            schedule.step()


def waits(schedule: Schedule) -> bool:
    """Whether it changes the rate by the loss, and so has no place that steps alone lead to."""
    return isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau)


def place(schedule: Schedule, epoch: int, held: Mapping[str, Any]) -> None:
    """Bring a new schedule to its place. held: what it keeps of the losses so far."""
    if waits(schedule):
        schedule.last_epoch = epoch
        schedule.__dict__.update(shared(held, "torch", schedule.mode))
    else:
        advance(schedule, epoch)


def state_of(schedule: Schedule, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The state, with the rates that the groups have, as plain data."""
    schedule._last_lr = [float(group["lr"]) for group in optimizer.param_groups]
    return _plain(schedule.state_dict())


def _plain(tree: Any) -> Any:
    """Functions and the like, which are of the program, left out."""
    if isinstance(tree, Mapping):
        return {key: _plain(item) for key, item in tree.items() if _is_plain(item)}
    if isinstance(tree, list | tuple):
        return [_plain(item) for item in tree]
    return float(tree) if isinstance(tree, torch.Tensor) else tree


def _is_plain(item: Any) -> bool:
    return item is None or isinstance(item, Mapping | list | tuple | int | float | str | torch.Tensor)


def load(schedule: Schedule, state: Mapping[str, Any]) -> None:
    """As a user does. Raises OptimizerStateError for the state of another schedule."""
    known = schedule.state_dict()
    strange = [key for key in state if key not in known and not key.startswith("_")]
    if strange or epoch_of(state) is None:
        raise OptimizerStateError(
            f"the schedule's state has {strange[0]!r}, which torch's {type(schedule).__name__} of the pair file does "
            "not keep: name in the pair file the schedule that it came from"
            if strange
            else "the schedule's state has no last_epoch; save its state_dict()"
        )
    schedule.load_state_dict(dict(state))


def trial(schedule: Schedule) -> list[float] | None:
    """Losses for the steps ahead, where it waits for the loss."""
    if not waits(schedule):
        return None
    return losses(schedule.mode)


def ahead(schedule: Schedule, given: list[float] | None) -> Any:
    """Take the steps ahead, to its end where it has one; after each it is the turn to look at the optimizer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for loss in given if given is not None else [None] * AHEAD:
            try:
                schedule.step(*() if loss is None else (loss,))
            except (ValueError, LookupError):  # beyond the last step that it was made for
                return
            yield
