"""Optimizers by one set of names and hyperparameters (torch's words), and their state as plain arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from conformance.porting.torch_side.optimizer_state import (
    learning_rate,
    load_optimizer_state,
    optimizer_state,
    set_learning_rate,
)
from reference_impl.hyperparameters import OPTIMIZERS, resolve

__all__ = ["learning_rate", "load_optimizer_state", "make_optimizer", "optimizer_state", "set_learning_rate"]

NamedParameters = Iterable[tuple[str, torch.Tensor]]


def make_optimizer(
    name: str,
    named_parameters: NamedParameters,
    lr: float,
    weight_decay: float = 0.0,
    l1_decay: float = 0.0,
    **hyperparameters: Any,
) -> torch.optim.Optimizer:
    """One of sgd, momentum, adam, adamw, rmsprop over the trainable parameters.

    ``weight_decay`` adds ``weight_decay * w`` to the gradient (adamw: shrinks w by ``lr * weight_decay`` instead).
    ``l1_decay`` adds ``l1_decay * sign(w)``, as paddle's L1Decay does; torch has no such argument, a hook does it.
    Other hyperparameters and their defaults: :data:`reference_impl.hyperparameters.OPTIMIZERS`. Raises ValueError for
    unknown names and for combinations that one of the frameworks lacks.
    """
    values = resolve("optimizer", OPTIMIZERS, name, hyperparameters)
    if l1_decay and (weight_decay or name == "adamw"):
        raise ValueError("l1_decay cannot be combined with weight_decay or adamw: paddle takes one regularizer")
    parameters = [parameter for _, parameter in named_parameters if parameter.requires_grad]
    if "beta1" in values:
        values["betas"] = (values.pop("beta1"), values.pop("beta2"))
    classes: dict[str, Any] = {
        "sgd": torch.optim.SGD,
        "momentum": torch.optim.SGD,
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "rmsprop": torch.optim.RMSprop,
    }
    optimizer = classes[name](parameters, lr=lr, weight_decay=weight_decay, **values)
    if l1_decay:
        optimizer.register_step_pre_hook(lambda *_: _add_l1_gradient(parameters, l1_decay))
    return optimizer


def _add_l1_gradient(parameters: list[torch.Tensor], coefficient: float) -> None:
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad = parameter.grad + coefficient * parameter.detach().sign()
