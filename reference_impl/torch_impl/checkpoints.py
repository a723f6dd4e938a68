"""Saving and loading a training run: model, optimizer state, schedule and epoch in one .pth file.

A run goes on from a file of either framework; see :mod:`reference_impl.checkpoint` for what the file holds.
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any

import torch

from conformance.transfer import TransferError, from_torch, load_into_torch
from conformance.transfer.slots import OptimizerStateError
from reference_impl import checkpoint
from reference_impl.checkpoint import Checkpoint, CheckpointError

from .optimizers import learning_rate, load_optimizer_state, optimizer_state, set_learning_rate
from .schedules import load_schedule_state, schedule_state


def save(
    path: str | PathLike[str],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
    epoch: int = 0,
    options: dict[str, Any] | None = None,
    history: list[dict[str, Any]] | None = None,
) -> None:
    """Writes the run after ``epoch`` epochs to ``path`` (.pth), whole or not at all.

    Raises CheckpointError for another suffix and a folder that cannot be written.
    """
    lr = learning_rate(optimizer)
    constant = {"epoch": epoch, "base_lr": lr, "lr": lr}
    state = {key: tensor.detach().cpu().numpy() for key, tensor in model.state_dict().items()}
    checkpoint.write(
        path,
        Checkpoint(
            framework="torch",
            model=state,
            optimizer={"lr": lr, "state": optimizer_state(optimizer, model.named_parameters())},
            schedule=constant if schedule is None else schedule_state(schedule),
            epoch=epoch,
            options=options or {},
            history=history or [],
        ),
    )


def load(
    path: str | PathLike[str],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
) -> Checkpoint:
    """Puts model, optimizer and schedule where the .pth or .pdparams file at ``path`` says, and returns what it held.

    Raises CheckpointError, with the model unchanged, where the file is bad or does not fit; optimizer and schedule are
    unchanged too where it is the weights that do not.
    """
    found = checkpoint.read(path)
    try:
        before = from_torch(model)
        load_into_torch(model, found.portable_model(model))
        try:
            if schedule is not None:
                load_schedule_state(schedule, found.schedule)
            if optimizer is not None:
                set_learning_rate(optimizer, found.optimizer["lr"])
                load_optimizer_state(optimizer, model.named_parameters(), found.optimizer_state(model, "torch"))
        except (TransferError, OptimizerStateError):
            load_into_torch(model, before)
            raise
    except (TransferError, OptimizerStateError) as error:
        raise CheckpointError(f"{fspath(path)}: {error}") from error
    return found
