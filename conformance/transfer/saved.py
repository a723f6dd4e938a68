"""What people save of a training run: where in a file the weights, the optimizer's state and the schedule are.

A file is a state dict, or a dict of several parts under names that tutorials use, or this project's own checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .checkpoint import Checkpoint
from .files import kind_of, read_stored, read_tree
from .rules import TransferError
from .stored import at_hand

MODEL = ("model", "state_dict", "model_state_dict", "net", "network", "model_state", "weights")
OPTIMIZER = ("optimizer", "optimizer_state_dict", "optimizer_state", "optim", "opt")
SCHEDULE = ("scheduler", "lr_scheduler", "scheduler_state_dict", "lr_scheduler_state_dict", "schedule")
PADDLE_SCHEDULE = "LR_Scheduler"
"""Where paddle's optimizer keeps its schedule's state, within its own."""
SHARED = ("best", "num_bad_epochs", "cooldown_counter")
"""What the schedules of both frameworks that look at the loss keep under the same names."""

_TREATED = {"last_epoch", "last_lr", "base_lrs", "base_lr", *SHARED, "epoch", "lr"}


def framework_of(path: Path) -> str | None:
    """The framework that a suffix stands for; None for .safetensors. Raises TransferError for another suffix."""
    kind = kind_of(path)
    return None if kind == "safetensors" else kind


def read(path: Path) -> Checkpoint:
    """Read a file and find its parts. Raises TransferError for one that cannot be read, or is of no known form."""
    framework = framework_of(path)
    tree, label, names = read_stored(path)
    tree = at_hand(tree)
    if not isinstance(tree, Mapping) or not tree:
        raise TransferError(f"{path} holds no weights but {_kind(tree)}; save a state dict, or a dict that has one")
    if _is_state(tree):
        return Checkpoint(path, framework, tree, names=names.get(None, {}), label=None if framework else label)
    found = [key for key in MODEL if _is_state(tree.get(key))]
    if len(found) != 1:
        held = ", ".join(map(repr, list(tree)[:6]))
        what = f"state dicts at {', '.join(map(repr, found))}" if found else "no state dict"
        raise TransferError(
            f"{path} has {what} among its parts ({held}); exactly one of the names {', '.join(MODEL)} must hold the "
            "weights, as arrays by name"
        )
    own = tree.get("format") == 1 and tree.get("framework") == framework and _is_own(tree)
    parts = {"weights": found[0]}
    for name, keys in (("optimizer", OPTIMIZER), ("schedule", SCHEDULE)):
        key = next((key for key in keys if isinstance(tree.get(key), Mapping)), None)
        if key is not None:
            parts[name] = key
    known = {*parts.values(), *(("format", "framework") if own else ())}
    return Checkpoint(
        path,
        framework,
        own=own,
        names=names.get(found[0], {}),
        others={key: value for key, value in tree.items() if key not in known},
        parts=parts,
        order=tuple(tree),
        weights=tree[found[0]],
        optimizer=tree.get(parts.get("optimizer")),
        schedule=tree.get(parts.get("schedule")),
    )


def read_optimizer(path: Path, framework: str) -> Mapping[str, Any]:
    """Read a file that holds an optimizer's state alone. Raises TransferError for one that does not."""
    tree = read_tree(path)
    if framework_of(path) != framework:
        raise TransferError(
            f"{path} is no file of {framework}, as the weights are; give the optimizer's file of that run"
        )
    if not isinstance(tree, Mapping):
        raise TransferError(f"{path} holds {_kind(tree)} and no optimizer's state; save optimizer.state_dict()")
    return tree


def common_schedule(path: Path, state: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What the schedules of both frameworks have in common, {"epoch", "lr", "base_lr"}, and names of what is left.

    ``base_lr`` and those of :data:`SHARED` may be absent. Raises TransferError for a state without an epoch or a rate.
    """
    rates = state.get("_last_lr", state.get("last_lr", state.get("lr")))
    rates = list(rates) if isinstance(rates, list | tuple) else [rates]
    epoch = state.get("last_epoch", state.get("epoch"))
    if not _is_number(epoch) or not rates or not all(map(_is_number, rates)):
        raise TransferError(
            f"{path}: the schedule's state has no last_epoch or no last learning rate; save its state_dict()"
        )
    bases = state.get("base_lrs", state.get("base_lr"))
    bases = list(bases) if isinstance(bases, list | tuple) else [bases]
    found = {"epoch": int(epoch), "lr": float(rates[0]), **{name: state[name] for name in SHARED if name in state}}
    if _is_number(bases[0]):
        found["base_lr"] = float(bases[0])
    left = [
        name for name, value in state.items() if name not in _TREATED and not name.startswith("_") and value is not None
    ]
    if len(set(rates)) > 1:
        left.append("the learning rates of further groups")
    return found, left


def native_schedule(framework: str, common: Mapping[str, Any], groups: int) -> dict[str, Any]:
    """A schedule's state as ``framework`` names it, for an optimizer of so many groups of parameters."""
    shared = {name: common[name] for name in SHARED if name in common}
    if framework == "paddle":
        return {"last_epoch": common["epoch"], "last_lr": common["lr"], **shared}
    bases = {"base_lrs": [common["base_lr"]] * groups} if "base_lr" in common else {}
    made = {"last_epoch": common["epoch"], "_step_count": common["epoch"] + 1, "_last_lr": [common["lr"]] * groups}
    return {**made, **bases, **shared}


def has_arrays(tree: Any) -> bool:
    """Whether an array is anywhere in a tree."""
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    return isinstance(tree, np.ndarray) or (isinstance(tree, list | tuple) and any(map(has_arrays, tree)))


def _is_state(tree: Any) -> bool:
    return (
        isinstance(tree, Mapping)
        and bool(tree)
        and all(isinstance(key, str) and isinstance(value, np.ndarray) for key, value in tree.items())
    )


def _is_own(tree: Mapping[str, Any]) -> bool:
    optimizer = tree.get("optimizer")
    return isinstance(optimizer, Mapping) and optimizer.keys() == {"lr", "state"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(tree: Any) -> str:
    return "nothing" if isinstance(tree, Mapping) and not tree else f"a {type(tree).__name__}"
