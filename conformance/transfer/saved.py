"""What people save of a training run: where in a file the weights, the optimizer's state and the schedule are.

A file is a state dict, or a dict of several parts under names that tutorials use, or this project's own checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import shards
from .checkpoint import Checkpoint, State
from .files import read_tree
from .prefixes import bare
from .rules import TransferError
from .shards import kind_of_any, located
from .stored import Stored, at_hand
from .unpickle import Foreign

MODEL = ("model", "state_dict", "model_state_dict", "net", "network", "model_state", "weights", "module")
OPTIMIZER = ("optimizer", "optimizer_state_dict", "optimizer_state", "optim", "opt")
SCHEDULE = ("scheduler", "lr_scheduler", "scheduler_state_dict", "lr_scheduler_state_dict", "schedule")
SCALER = ("scaler", "grad_scaler", "scaler_state_dict", "amp_scaler", "scaler_state", "MixedPrecision")
SMALL = 1 << 28
"""Bytes of arrays up to which a file is read at once, so that damage is found before a framework is imported."""
PADDLE_SCHEDULE = "LR_Scheduler"
"""Where paddle's optimizer keeps its schedule's state, within its own."""
SHARED = ("best", "num_bad_epochs", "cooldown_counter")
"""What the schedules of both frameworks that look at the loss keep under the same names."""

_REFUSED = (
    "; a file of weights holds arrays in plain containers, and nothing of this one was run. Save the state dict "
    "instead of the object, or get the file from a source you trust"
)


def framework_of(path: Path) -> str | None:
    """The framework that a file, an index or a folder is of by its name; None for .safetensors.

    Raises TransferError for another suffix, and for a folder that holds no checkpoint, or several.
    """
    kind = kind_of_any(located(path))
    return None if kind == "safetensors" else kind


def read(path: Path) -> Checkpoint:
    """Read a file, an index or a folder, and find its parts. Arrays of large files stay there until they are used.

    Raises TransferError for what cannot be read, or is of no known form.
    """
    framework, given = framework_of(path), located(path)
    tree, label, names = shards.read(given, tolerant=True)
    if isinstance(tree, Foreign):
        raise TransferError(f"{path} is refused: it names {tree.text}{_REFUSED}")
    if not isinstance(tree, Mapping) or not tree:
        raise TransferError(f"{path} holds no weights but {_kind(tree)}; save a state dict, or a dict that has one")
    if _bytes(tree) <= SMALL:
        tree = at_hand(tree)
    if _is_state(tree):
        weights, notes = _without_extra(tree)
        named = names.get(None, {})
        return Checkpoint(given, framework, weights, names=named, label=None if framework else label, notes=notes)
    tree, told = _of_lightning(tree)
    parts = _parts(path, tree)
    weights, notes = _without_extra(tree[parts["weights"]])
    notes = (*told, *notes)
    own = tree.get("format") == 1 and tree.get("framework") == framework and _is_own(tree)
    known = {*parts.values(), *(("format", "framework") if own else ())}
    others = {key: value for key, value in tree.items() if key not in known}
    ema = dict(_copies(weights, others))
    others = {key: value for key, value in others.items() if key not in ema}
    left = {key: sorted(set(_foreign(value))) for key, value in others.items()}
    notes += tuple(
        f"left out: {key}, which holds {', '.join(classes[:3])}, of which nothing was run"
        for key, classes in left.items()
        if classes
    )
    held = {name: at_hand(tree[key]) for name, key in parts.items() if name != "weights"}
    for name, part in held.items():
        strange = sorted(set(_foreign(part)))
        if strange and name == "schedule" and isinstance(part, Mapping):
            gone = [key for key, value in part.items() if any(_foreign(value))]
            held[name] = {key: value for key, value in part.items() if key not in gone}
            notes += (f"left out of the schedule: {', '.join(gone)}, which holds {strange[0]}",)
        elif strange:
            raise TransferError(f"{path} is refused: its {name} names {strange[0]}{_REFUSED}")
    return Checkpoint(
        given,
        framework,
        weights,
        own=own,
        names=names.get(parts["weights"], {}),
        ema=ema,
        others={key: at_hand(value) for key, value in others.items() if not left[key]},
        notes=notes,
        parts=parts,
        order=tuple(tree),
        **held,
    )


def _parts(path: Path, tree: Mapping[str, Any]) -> dict[str, str]:
    """The keys of a file's parts."""
    found = [key for key in MODEL if _is_state(tree.get(key))]
    if len(found) != 1:
        strange = [name for key in MODEL for name in _foreign(tree.get(key))]
        if strange:
            raise TransferError(f"{path} is refused: it names {strange[0]}{_REFUSED}")
        held = ", ".join(map(repr, list(tree)[:6]))
        what = f"state dicts at {', '.join(map(repr, found))}" if found else "no state dict"
        raise TransferError(
            f"{path} has {what} among its parts ({held}); exactly one of the names {', '.join(MODEL)} must hold the "
            "weights, as arrays by name"
        )
    parts = {"weights": found[0]}
    for name, keys in (("optimizer", OPTIMIZER), ("schedule", SCHEDULE), ("scaler", SCALER)):
        # Of an optimizer without a state, as of SGD and before the first step, paddle's is empty.
        bare = name == "optimizer"
        key = next((key for key in keys if isinstance(tree.get(key), Mapping) and (tree[key] or bare)), None)
        if key is not None:
            parts[name] = key
    return parts


def _of_lightning(tree: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Lightning's checkpoint as a usual one: its lists of states by one name each, and the model's own weights."""
    if "pytorch-lightning_version" not in tree:
        return tree, ()
    made, notes = dict(tree), []
    for key, usual in (("optimizer_states", "optimizer"), ("lr_schedulers", "scheduler")):
        states = made.pop(key, None)
        if isinstance(states, list) and len(states) == 1:
            made[usual] = states[0]
        elif states:
            notes.append(f"left out: {key}, of which there are {len(states)}, and a pair file names one optimizer")
    if _is_state(made.get("current_model_state")):
        made["averaged"], made["state_dict"] = made["state_dict"], made.pop("current_model_state")
        notes.append("state_dict holds the averaged weights of Lightning's callback: they are at 'averaged' here")
    return made, tuple(notes)


def _copies(weights: State, others: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """The parts that are copies of the weights, as averages are: state dicts of the same keys, prefixes aside."""
    keys = {bare(key) for key in weights}
    for key, value in others.items():
        if _is_state(value) and {bare(each) for each in value} - {"n_averaged"} == keys:
            yield key, value


def _without_extra(state: State) -> tuple[State, tuple[str, ...]]:
    """A state dict without what is no array, which some layers keep of their own."""
    extra = [key for key, value in state.items() if not isinstance(value, np.ndarray | Stored)]
    if not extra:
        return state, ()
    kept = {key: value for key, value in state.items() if key not in extra}
    return kept, (f"left out, being no tensor: {', '.join(extra[:3])}",)


def _foreign(tree: Any) -> Iterator[str]:
    """The classes in a tree that plain data does not have."""
    if isinstance(tree, Foreign):
        yield tree.text
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from _foreign(item)
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _foreign(item)


def _bytes(tree: Any) -> int:
    if isinstance(tree, Mapping):
        return sum(map(_bytes, tree.values()))
    if isinstance(tree, list | tuple):
        return sum(map(_bytes, tree))
    return tree.nbytes if isinstance(tree, Stored) else 0


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


def has_arrays(tree: Any) -> bool:
    """Whether an array is anywhere in a tree."""
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    return isinstance(tree, np.ndarray) or (isinstance(tree, list | tuple) and any(map(has_arrays, tree)))


def _is_state(tree: Any) -> bool:
    """Whether a tree is a state dict: arrays by name, and what layers keep of their own."""
    return (
        isinstance(tree, Mapping)
        and any(isinstance(value, np.ndarray | Stored) for value in tree.values())
        and all(
            isinstance(key, str) and (isinstance(value, np.ndarray | Stored) or key.endswith("_extra_state"))
            for key, value in tree.items()
        )
    )


def _is_own(tree: Mapping[str, Any]) -> bool:
    optimizer = tree.get("optimizer")
    return isinstance(optimizer, Mapping) and optimizer.keys() == {"lr", "state"}


def _kind(tree: Any) -> str:
    return "nothing" if isinstance(tree, Mapping) and not tree else f"a {type(tree).__name__}"
