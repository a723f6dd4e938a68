"""What an optimizer of torch does with each parameter, and the learning rates of its schedule."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch

from conformance.porting.pair import Pair, PairError
from conformance.porting.traces import plain

NAMES = (
    "eps", "weight_decay", "momentum", "dampening", "nesterov", "alpha", "centered", "amsgrad", "rho", "lr_decay",
    "initial_accumulator_value",
)  # fmt: skip


def settings(pair: Pair, optimizer: torch.optim.Optimizer, named: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """{"kind", "clips", "schedule", "ignored", "parameters": {name: {hyperparameter: value}}}, in torch's words.

    Raises PairError for a group with a parameter that is none of the trained ones.
    """
    names = {id(parameter): name for name, parameter in named}
    found: dict[str, dict[str, Any]] = {}
    for number, group in enumerate(optimizer.param_groups):
        beta1, beta2 = group.get("betas", (None, None))
        told = {"lr": float(group["lr"]), "beta1": beta1, "beta2": beta2, **{name: group.get(name) for name in NAMES}}
        plainly = {name: plain(value) for name, value in told.items()}
        for parameter in group["params"]:
            if id(parameter) not in names:
                raise PairError(
                    f"{pair.path}: group {number} of torch_optimizer holds a tensor {list(parameter.shape)} that is "
                    "none of the parameters it was given"
                )
            found[names[id(parameter)]] = plainly
    clip = getattr(pair.torch_clip, "__name__", "torch_clip") if pair.torch_clip is not None else ""
    return {"kind": _kind(optimizer), "clips": clip, "ignored": [], "own": {}, "names": {}, "parameters": found}


def _kind(optimizer: torch.optim.Optimizer) -> str:
    kind = type(optimizer).__name__.lower()
    if kind == "sgd" and any(group.get("momentum") for group in optimizer.param_groups):
        return "momentum"
    return "adamw" if kind == "adam" and optimizer.defaults.get("decoupled_weight_decay") else kind


def schedule(pair: Pair, optimizer: torch.optim.Optimizer) -> Any:
    """What sets the learning rate as training goes on, or ``None``."""
    if pair.torch_schedule is not None:
        return pair.torch_schedule(optimizer)
    return getattr(optimizer, "schedule", None)


def rates(optimizer: torch.optim.Optimizer, following: Any, steps: int) -> list[list[float]]:
    """The learning rate of each group before each of some steps; fewer where the schedule ends."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer makes no steps
        for _ in range(steps):
            found.append([float(group["lr"]) for group in optimizer.param_groups])
            try:
                step(following)
            except Exception:
                break
    return found


def step(following: Any) -> None:
    """One step of a schedule; one that waits for a metric to improve is given one that never does."""
    if isinstance(following, torch.optim.lr_scheduler.ReduceLROnPlateau):
        following.step(1.0)
    else:
        following.step()


def groups(optimizer: torch.optim.Optimizer, named: Sequence[tuple[str, Any]]) -> dict[str, int]:
    """The group of each parameter."""
    names = {id(parameter): name for name, parameter in named}
    return {
        names[id(parameter)]: number
        for number, group in enumerate(optimizer.param_groups)
        for parameter in group["params"]
        if id(parameter) in names
    }
