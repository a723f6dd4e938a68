"""What an optimizer of torch says of itself, in torch's words."""

from __future__ import annotations

from typing import Any

import torch

from conformance.porting.traces import plain


def settings(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Hyperparameters in torch's words."""
    group = optimizer.param_groups[0]
    beta1, beta2 = group.get("betas", (None, None))
    names = ("eps", "weight_decay", "momentum", "nesterov", "alpha", "centered", "amsgrad")
    found = {"lr": group["lr"], "beta1": beta1, "beta2": beta2, **{name: group.get(name) for name in names}}
    return {"kind": type(optimizer).__name__.lower(), **{name: plain(value) for name, value in found.items()}}
