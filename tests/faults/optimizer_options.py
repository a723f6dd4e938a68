"""Faults of what an optimizer takes where it is not told, and of AMSGrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Fault, both
from tests.faults.optimizers import CLASSES, SPELLED, array_of, assign, recomputed, stepping, to_bfloat16
from tests.faults.wraps import defaulting, method

DEFAULTS, AMSGRAD = "optim.defaults", "optim.amsgrad"


def default(fault: str, optimizer: str, **options: Any) -> list[Fault]:
    """An optimizer with other defaults, in torch's words, in either framework."""
    spelled = {SPELLED.get(key, key): value for key, value in options.items() if key != "betas"}
    spelled |= dict(zip(("beta1", "beta2"), options.get("betas", ()), strict=False))
    wraps = {TORCH: defaulting(**options), PADDLE: defaulting(**spelled)}
    return both(f"{optimizer} {fault} by default", CLASSES[optimizer], wraps, DEFAULTS)


def maxima(optimizer: Any) -> list[Any]:
    """The tensors in which an optimizer keeps its greatest second moments."""
    if hasattr(optimizer, "state"):
        return [slots["max_exp_avg_sq"] for slots in optimizer.state.values()]
    return list(optimizer._accumulators.get("moment2_max", {}).values())


def kept(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Any], None]:
    """Overwrites what is kept of the maxima."""

    def over(optimizer: Any) -> None:
        for tensor in maxima(optimizer):
            assign(tensor, change(array_of(tensor)))

    return over


def greatest(of: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """AMSGrad's direction for an optimizer of one parameter, by the greatest ``of(m, v, step, beta1, beta2)`` so far.

    What ``of`` returns is divided by its bias correction already.
    """
    found: list[np.ndarray] = []

    def direction(m: np.ndarray, v: np.ndarray, step: int, beta1: float, beta2: float, eps: float) -> np.ndarray:
        if step == 1:
            found.clear()
        found.append(of(m, v, step, beta1, beta2))
        return m / (1 - beta1**step) / (np.sqrt(np.max(found, axis=0)) + eps)

    return direction


MAXIMA: dict[str, Callable[..., np.ndarray]] = {
    "maximum not used": lambda m, v, t, b1, b2, eps: m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps),
    "maximum after the correction": greatest(lambda m, v, t, b1, b2: v / (1 - b2**t)),
    "maximum of the first moment": greatest(lambda m, v, t, b1, b2: np.square(m / (1 - b1**t))),
}
FAULTS = (
    *default("decay 0.01", "sgd", weight_decay=0.01),
    *default("rate 0.01", "sgd", lr=0.01),
    *default("decay 0.01", "momentum", weight_decay=0.01),
    *default("Nesterov's", "momentum", nesterov=True),
    Fault("momentum dampened by default", TORCH, (DEFAULTS,), CLASSES["momentum"][TORCH], defaulting(dampening=0.1)),
    Fault("momentum 0.95 by default", PADDLE, (DEFAULTS,), CLASSES["momentum"][PADDLE], defaulting(momentum=0.95)),
    *[
        fault
        for name in ("adam", "adamw")
        for fault in (
            *default("rate 0.01", name, lr=0.01),
            *default("beta1 0.95", name, betas=(0.95, 0.999)),
            *default("beta2 0.99", name, betas=(0.9, 0.99)),
            *default("eps 1e-7", name, eps=1e-7),
            *default("AMSGrad", name, amsgrad=True),
        )
    ],
    *default("decay 0.01", "adam", weight_decay=0.01),
    *default("no decay", "adamw", weight_decay=0.0),
    *default("decay 0.05", "adamw", weight_decay=0.05),
    Fault("rmsprop rate 0.001 by default", TORCH, (DEFAULTS,), CLASSES["rmsprop"][TORCH], defaulting(lr=0.001)),
    *default("alpha 0.9", "rmsprop", alpha=0.9),
    *default("eps 1e-7", "rmsprop", eps=1e-7),
    *default("centered", "rmsprop", centered=True),
    *default("momentum 0.9", "rmsprop", momentum=0.9),
    *default("decay 0.01", "rmsprop", weight_decay=0.01),
    *[
        fault
        for fault_name, direction in MAXIMA.items()
        for fault in stepping(fault_name, ("adam",), recomputed(direction), AMSGRAD)
    ],
    *stepping("maximum forgotten", ("adam", "adamw"), method(before=kept(np.zeros_like)), AMSGRAD),
    *stepping("maximum in bfloat16", ("adam", "adamw"), method(after=kept(to_bfloat16)), AMSGRAD),
)
