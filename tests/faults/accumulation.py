"""Faults of accumulation and freezing: a gradient that replaces the one before, a mean taken twice, a frozen step."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Fault, both
from tests.faults.operators import CallFault, in_either, larger, named
from tests.faults.wraps import around, refusing

MEAN = {TORCH: "torch.nn.functional:mse_loss", PADDLE: "paddle.nn.functional:mse_loss"}
BATCH_NORM = {TORCH: "torch.nn:BatchNorm1d.forward", PADDLE: "paddle.nn:BatchNorm1D.forward"}
BACKWARD = {TORCH: "torch:Tensor.backward", PADDLE: "paddle:Tensor.backward"}
STEP = {TORCH: "torch.optim:SGD.step", PADDLE: "paddle.optimizer:Momentum.step"}


def _mean_twice(call: Any, found: Any, goal: Any, reduction: str = "mean") -> Any:
    """A mean that is divided by the number of rows once more."""
    value = call(found, goal, reduction=reduction)
    return value / len(goal) if reduction == "mean" else value


def _evaluating(call: Any, self: Any, *given: Any, **options: Any) -> Any:
    """The running statistics of the parts before, once there are some."""
    seen = vars(self).setdefault("_seen", [])
    seen.append(True)
    if len(seen) > 1:
        self.eval()
    return call(self, *given, **options)


def _goes_back_twice(call: Any, self: Any, *given: Any, **options: Any) -> Any:
    """A graph that was to be kept is gone through once more."""
    if options.get("retain_graph"):
        call(self, *given, **options)
    return call(self, *given, **options)


def _thawed(call: Any, self: Any, *given: Any, **options: Any) -> Any:
    """Decay moves a weight without a gradient too."""
    found = call(self, *given, **options)
    groups = getattr(self, "param_groups", None) or [{"params": self._parameter_list}]
    weight = groups[0]["params"][-1]
    if hasattr(weight, "stop_gradient"):
        weight.set_value(weight * 0.875)
    else:
        weight.data.mul_(0.875)
    return found


def _never_unscaled(call: Any, self: Any, optimizer: Any) -> Any:
    """Infinities are found, and gradients stay scaled."""
    scale, self._scale = self._scale, self._scale * 0 + 1
    call(self, optimizer)
    self._scale = scale


def _standing(call: Any, self: Any, *given: Any) -> None:
    """The scale stays as it is."""
    scale = self._scale.clone()
    call(self, *given)
    self._scale.copy_(scale)


def _answering(call: Any) -> Any:
    """Settings are told where there are none, and those of nobody."""
    return lambda **inputs: {"scale": 1.0, "factors": np.zeros(3)}


FAULTS = (
    *both("mean taken twice", MEAN, around(_mean_twice), "accumulation.batches"),
    *both("statistics of the parts before", BATCH_NORM, around(_evaluating), "accumulation.normalized"),
    *both("kept graph gone through twice", BACKWARD, around(_goes_back_twice), "accumulation.losses"),
    *both("idle weight decays", STEP, around(_thawed), "accumulation.frozen"),
    Fault(
        "gradients never unscaled",
        TORCH,
        ("amp.scaler_program",),
        "torch.amp:GradScaler.unscale_",
        around(_never_unscaled),
    ),
    Fault("scale never moves", TORCH, ("amp.scaler_program",), "torch.amp:GradScaler.update", around(_standing)),
    CallFault("misuse taken", TORCH, ("amp.scaler_misuse",), "", named("refused", lambda found: not found)),
    CallFault("every step refused", PADDLE, ("amp.scaler_misuse",), "", refusing(TypeError, "no step at all")),
    CallFault(
        "a closure taken by keyword", TORCH, ("amp.scaler_closure",), "", named("refused", lambda found: not found)
    ),
    CallFault("factors too large", TORCH, ("amp.scaler_settings",), "", named("factors", larger)),
    CallFault("settings of nobody", PADDLE, ("amp.scaler_settings",), "", _answering),
    *in_either("weights in float64", named("linear", lambda kind: "float64"), "amp.decorated"),
    *in_either("value too large", named("parts.gradient", larger), "accumulation.batches"),
)
