"""What an optimizer of paddle says of itself, in torch's words."""

from __future__ import annotations

from typing import Any

import paddle

from conformance.porting.traces import plain


def settings(optimizer: paddle.optimizer.Optimizer) -> dict[str, Any]:
    """Hyperparameters in torch's words."""
    decay = getattr(optimizer, "_weight_decay", None)
    if not isinstance(optimizer, paddle.optimizer.AdamW):
        decay = optimizer.regularization
    names = {
        "beta1": "_beta1", "beta2": "_beta2", "eps": "_epsilon", "momentum": "_momentum", "nesterov": "_use_nesterov",
        "alpha": "_rho", "centered": "_centered", "amsgrad": "_amsgrad",
    }  # fmt: skip
    found = {"lr": optimizer.get_lr(), "weight_decay": getattr(decay, "_coeff", decay) or 0.0}
    found |= {name: getattr(optimizer, attribute, None) for name, attribute in names.items()}
    return {"kind": type(optimizer).__name__.lower(), **{name: plain(value) for name, value in found.items()}}
