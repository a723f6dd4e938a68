"""What a training checkpoint holds, in a file of either framework, read without either.

``model.pth`` and ``model.pdparams`` have the same tree. ``"model"`` is the writer's own state dict, so that
``torch.load(path)["model"]`` or ``paddle.load(path)["model"]`` is what its own framework's loader takes; the
optimizer's state has the writer's parameter names and layout, in the words of :mod:`conformance.transfer.slots`.
Both move to the other framework by the transfer rules, when the file is loaded into a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any

import numpy as np

from conformance.transfer import TransferError, places
from conformance.transfer.convert import to_portable
from conformance.transfer.files import read_tree, write_tree
from conformance.transfer.optimizer_state import optimizer_to_paddle, optimizer_to_portable
from conformance.transfer.slots import State

FORMAT = 1
SUFFIXES = {"torch": ".pth", "paddle": ".pdparams"}
_PARTS = {"format": int, "framework": str, "model": dict, "optimizer": dict, "schedule": dict, "epoch": int}


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or does not fit what it is loaded into; the message names the file."""


@dataclass(frozen=True)
class Checkpoint:
    """A training run at the end of an epoch.

    ``optimizer`` is {"lr": float, "state": {parameter: {slot: array}}}; ``schedule`` is {"epoch", "base_lr", "lr"};
    ``options`` are those that the run was started with, ``history`` holds one {"epoch", "loss", "lr"} per epoch.
    """

    framework: str
    model: dict[str, np.ndarray]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    epoch: int
    options: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def portable_model(self, model: Any) -> dict[str, np.ndarray]:
        """The weights in torch's names and layout; ``model``, of either framework, says which layers they are of."""
        return to_portable(self.model, places(model)) if self.framework == "paddle" else self.model

    def optimizer_state(self, model: Any, framework: str) -> State:
        """The optimizer's state in the names and layout of ``framework``'s parameters of ``model``."""
        state = self.optimizer["state"]
        if self.framework == framework:
            return state
        convert = optimizer_to_portable if self.framework == "paddle" else optimizer_to_paddle
        return convert(state, places(model))


def write(path: str | PathLike[str], checkpoint: Checkpoint) -> None:
    """Writes ``path`` whole or not at all. Raises CheckpointError for a wrong suffix or an unwritable folder."""
    suffix = SUFFIXES[checkpoint.framework]
    if not fspath(path).endswith(suffix):
        raise CheckpointError(f"a {checkpoint.framework} checkpoint must be named *{suffix}, not {fspath(path)!r}")
    try:
        write_tree(path, {"format": FORMAT, **vars(checkpoint)})
    except TransferError as error:
        raise CheckpointError(str(error)) from error


def read(path: str | PathLike[str]) -> Checkpoint:
    """The checkpoint in a .pth or .pdparams file of either framework; nothing in the file is executed.

    Raises CheckpointError for a file that is missing, truncated, refused, or no checkpoint.
    """
    try:
        tree = read_tree(path)
    except TransferError as error:
        raise CheckpointError(str(error)) from error
    problem = _problem(tree)
    if problem:
        raise CheckpointError(f"{fspath(path)} is no training checkpoint: {problem}; give a file that train wrote")
    parts = {key: tree[key] for key in Checkpoint.__dataclass_fields__ if key in tree}
    return Checkpoint(**parts)


def _problem(tree: Any) -> str:
    """What keeps ``tree`` from being a checkpoint, or nothing."""
    if not isinstance(tree, Mapping):
        return f"it holds a {type(tree).__name__}"
    for key, kind in _PARTS.items():
        if not isinstance(tree.get(key), kind):
            return f"it has no {key!r}" if key not in tree else f"its {key!r} is a {type(tree[key]).__name__}"
    if tree["format"] != FORMAT:
        return f"its format is {tree['format']}, this program reads {FORMAT}"
    if tree["framework"] not in SUFFIXES:
        return f"its framework is {tree['framework']!r}"
    if not isinstance(tree["optimizer"].get("state"), dict) or not _is_number(tree["optimizer"].get("lr")):
        return "its optimizer lacks 'state' or 'lr'"
    if not all(_is_number(tree["schedule"].get(key)) for key in ("epoch", "base_lr", "lr")):
        return "its schedule lacks 'epoch', 'base_lr' or 'lr'"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
