"""Optimizers by one set of names and hyperparameters (torch's words), and their state as plain arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import paddle

from conformance.porting.paddle_side.optimizer_state import (
    beta_powers,
    learning_rate,
    load_optimizer_state,
    optimizer_state,
    set_learning_rate,
)
from reference_impl.hyperparameters import OPTIMIZERS, resolve

__all__ = [
    "beta_powers",
    "learning_rate",
    "load_optimizer_state",
    "make_optimizer",
    "optimizer_state",
    "set_learning_rate",
]

NamedParameters = Iterable[tuple[str, paddle.Tensor]]


def make_optimizer(
    name: str,
    named_parameters: NamedParameters,
    lr: Any,
    weight_decay: Any = 0.0,
    l1_decay: float = 0.0,
    **hyperparameters: Any,
) -> paddle.optimizer.Optimizer:
    """One of sgd, momentum, adam, adamw, rmsprop over the trainable parameters.

    ``weight_decay`` adds ``weight_decay * w`` to the gradient (adamw: shrinks w by ``lr * weight_decay`` instead); it
    may be a float or ``paddle.regularizer.L2Decay``, the form that paddle documents. ``l1_decay`` adds
    ``l1_decay * sign(w)`` by ``paddle.regularizer.L1Decay``. ``lr`` may be one of paddle's schedulers.
    Other hyperparameters and their defaults: :data:`reference_impl.hyperparameters.OPTIMIZERS`. Raises ValueError for
    unknown names and for combinations that one of the frameworks lacks.

    RMSProp takes eps inside the square root, g / sqrt(v + eps), where torch has g / (sqrt(v) + eps).
    """
    values = resolve("optimizer", OPTIMIZERS, name, hyperparameters)
    if l1_decay and (weight_decay or name == "adamw"):
        raise ValueError("l1_decay cannot be combined with weight_decay or adamw: paddle takes one regularizer")
    parameters = [parameter for _, parameter in named_parameters if not parameter.stop_gradient]
    renamed = {"eps": "epsilon", "alpha": "rho", "nesterov": "use_nesterov"}
    values = {renamed.get(key, key): value for key, value in values.items()}
    classes: dict[str, Any] = {
        "sgd": paddle.optimizer.SGD,
        "momentum": paddle.optimizer.Momentum,
        "adam": paddle.optimizer.Adam,
        "adamw": paddle.optimizer.AdamW,
        "rmsprop": paddle.optimizer.RMSProp,
    }
    decay = paddle.regularizer.L1Decay(l1_decay) if l1_decay else weight_decay
    return classes[name](
        learning_rate=float(lr) if isinstance(lr, int) else lr,
        parameters=parameters,
        weight_decay=decay if decay or name == "adamw" else None,
        **values,
    )
