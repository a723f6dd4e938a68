"""Faults of learning-rate schedules: of a hyperparameter, of the epoch, of what is taken up after a stop."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.optimizers import in_both
from tests.faults.wraps import argument, lost, method, result

MODULES = {TORCH: "torch.optim.lr_scheduler", PADDLE: "paddle.optimizer.lr"}
CLASSES = {
    "constant": ("LambdaLR", "LambdaDecay"),
    "step": ("StepLR", "StepDecay"),
    "multi_step": ("MultiStepLR", "MultiStepDecay"),
    "exponential": ("ExponentialLR", "ExponentialDecay"),
    "cosine": ("CosineAnnealingLR", "CosineAnnealingDecay"),
}
MOVING = tuple(CLASSES)[1:]
PER_NAME = tuple(f"schedule.{name}" for name in CLASSES)
RESUMED, REFUSALS = "schedule.resumed", "schedule.refusals"
LOAD, KEEP = (in_both("reference_impl.{}_impl.schedules:" + name) for name in ("load_schedule_state", "schedule_state"))


def targets(name: str, method: str = "") -> dict[str, str]:
    """The classes of a schedule, or a method of theirs."""
    return {lane: f"{MODULES[lane]}:{cls}{method}" for lane, cls in zip(MODULES, CLASSES[name], strict=True)}


def given(fault: str, name: str, position: int, word: str, change: Callable[[Any], Any], *more: str) -> list[Fault]:
    """A schedule that takes an argument for another."""
    contracts = more or (f"schedule.{name}",)
    return both(f"{name} {fault}", targets(name), argument(position, word, change), *contracts)


def epoch_off(steps: int) -> Wrap:
    """A rate for an epoch, after the first, that is that of another."""

    def wrap(call: Any) -> Any:
        def wrong(self: Any) -> Any:
            own = self.last_epoch
            self.last_epoch = max(own + steps, 0) if own > 0 else own
            try:
                return call(self)
            finally:
                self.last_epoch = own

        return wrong

    return wrap


def each_rate(change: Callable[[float], float]) -> Wrap:
    """Rates that are changed as they are computed: torch has a list of them, paddle one."""
    return result(lambda rates: [change(rate) for rate in rates] if isinstance(rates, list) else change(rates))


def missed_once(call: Any) -> Any:
    """A schedule that does not move at its first ``step``, beside that of its own constructor."""

    def wrong(self: Any, *arguments: Any) -> None:
        self._calls = getattr(self, "_calls", 0) + 1
        if self._calls != 2:
            call(self, *arguments)

    return wrong


def twice_at_first(call: Any) -> Any:
    """A schedule that moves by two epochs at its first ``step``."""

    def wrong(self: Any, *arguments: Any) -> None:
        self._calls = getattr(self, "_calls", 0) + 1
        for _ in range(2 if self._calls == 2 else 1):
            call(self, *arguments)

    return wrong


def first_group_only(self: Any) -> None:
    """Put the rate of torch's further groups back to what it was at first."""
    for group, rate in list(zip(self.optimizer.param_groups, self.base_lrs, strict=True))[1:]:
        group["lr"] = rate


def first_parameter_only(call: Any) -> Any:
    """A rate of paddle's parameters, after the first, that no schedule touches."""

    def wrong(self: Any, parameter_and_gradient: Any) -> Any:
        import paddle

        if parameter_and_gradient[0] is self._parameter_list[0]["params"][0]:
            return call(self, parameter_and_gradient)
        return paddle.to_tensor([self._learning_rate.base_lr], "float32")

    return wrong


def positive(cls: Any) -> Any:
    """An optimizer that drops the sign of its rate."""
    return lambda parameters, lr: cls(parameters, lr=abs(lr))


def restarting(cls: Any) -> Any:
    """A cosine that begins anew after T_max, where it should climb back."""
    module = importlib.import_module(cls.__module__)
    return lambda first, T_max, eta_min=0.0: module.CosineAnnealingWarmRestarts(first, T_max, eta_min=eta_min)  # noqa: N803


def halting(call: Any) -> Any:
    """A cosine that stays at its end."""

    def wrong(self: Any) -> Any:
        if self.last_epoch <= self.T_max:
            return call(self)
        return [self.eta_min] if hasattr(self, "optimizer") else self.eta_min

    return wrong


def state(**changes: Callable[[Any], Any]) -> Wrap:
    """Loading a state with other numbers in it."""
    return argument(1, "state", lambda kept: {**kept, **{key: change(kept[key]) for key, change in changes.items()}})


def kept(**changes: Callable[[Any], Any]) -> Wrap:
    """Keeping a state with other numbers in it."""
    return result(lambda found: {**found, **{key: change(found[key]) for key, change in changes.items()}})


def single(rate: float) -> float:
    """In float32."""
    return float(np.float32(rate))


FAULTS = (
    *[
        fault
        for name in CLASSES
        for fault in both(f"{name} rate in float32", targets(name, ".get_lr"), each_rate(single), f"schedule.{name}")
    ],
    *[
        fault
        for name in MOVING
        for fault in (
            *both(f"{name} an epoch late", targets(name, ".step"), missed_once, f"schedule.{name}"),
            *both(f"{name} an epoch early", targets(name, ".step"), twice_at_first, f"schedule.{name}"),
        )
    ],
    *given("factor 1 + 1e-9", "constant", 1, "lr_lambda", lambda rule: lambda epoch: rule(epoch) * (1 + 1e-9)),
    *given("falls slowly", "constant", 1, "lr_lambda", lambda rule: lambda epoch: rule(epoch) * (1 - 1e-12) ** epoch),
    *given("period too long", "step", 1, "step_size", lambda size: size + 1),
    *given("period too short", "step", 1, "step_size", lambda size: max(size - 1, 1)),
    *given("gamma 1 - 1e-6", "step", 2, "gamma", lambda gamma: gamma * (1 - 1e-6)),
    *given("gamma in float32", "step", 2, "gamma", single),
    *given("gamma squared", "step", 2, "gamma", lambda gamma: gamma**2),
    *given("gamma always 0.1", "step", 2, "gamma", lambda gamma: 0.1),
    *given("gamma 1 - 1e-6", "multi_step", 2, "gamma", lambda gamma: gamma * (1 - 1e-6)),
    *given("gamma in float32", "multi_step", 2, "gamma", single),
    *given("last milestone ignored", "multi_step", 1, "milestones", lambda epochs: epochs[:-1] or [10**6]),
    *given("milestones an epoch late", "multi_step", 1, "milestones", lambda epochs: [epoch + 1 for epoch in epochs]),
    *given("milestone 0 ignored", "multi_step", 1, "milestones", lambda epochs: [e for e in epochs if e] or [10**6]),
    Fault(
        "milestones counted once",
        TORCH,
        ("schedule.multi_step",),
        targets("multi_step")[TORCH],
        argument(1, "milestones", lambda epochs: sorted(set(epochs))),
    ),
    Fault(
        "first milestone counted twice",
        TORCH,
        ("schedule.multi_step",),
        targets("multi_step")[TORCH],
        argument(1, "milestones", lambda epochs: [*epochs[:1], *epochs]),
    ),
    *given("gamma 1 - 1e-9", "exponential", 1, "gamma", lambda gamma: gamma * (1 - 1e-9)),
    *given("gamma in float32", "exponential", 1, "gamma", single),
    *given("T_max too long", "cosine", 1, "T_max", lambda epochs: epochs + 1),
    *given("eta_min ignored", "cosine", 2, "eta_min", lambda rate: 0.0),
    *given("eta_min 1 + 1e-6", "cosine", 2, "eta_min", lambda rate: rate * (1 + 1e-6)),
    *both("cosine restarts", targets("cosine"), restarting, "schedule.cosine"),
    *both("cosine stays at its end", targets("cosine", ".get_lr"), halting, "schedule.cosine"),
    *[
        Fault(f"{name} of one group", TORCH, (f"schedule.{name}",), target, method(after=first_group_only))
        for name, target in ((name, targets(name, ".step")[TORCH]) for name in MOVING)
    ],
    Fault("rate of one group", PADDLE, PER_NAME[1:], "paddle.optimizer:SGD._create_param_lr", first_parameter_only),
    *both("schedule not loaded", LOAD, lost, RESUMED),
    *both("schedule resumed from epoch 0", LOAD, state(epoch=lambda epoch: 0), RESUMED),
    *both("schedule resumed an epoch late", LOAD, state(epoch=lambda epoch: max(epoch - 1, 0)), RESUMED),
    *both("schedule resumed in float32", LOAD, state(lr=single), RESUMED),
    *both("schedule forgets its first rate", LOAD, state(base_lr=lambda rate: 1.0), RESUMED),
    *both("schedule keeps the next epoch", KEEP, kept(epoch=lambda epoch: epoch + 1), RESUMED),
    *both("schedule keeps six digits", KEEP, kept(lr=lambda rate: float(f"{rate:.6g}")), RESUMED),
    *given("accepts a period of 0", "step", 1, "step_size", lambda size: size or 1, REFUSALS),
    *given("accepts T_max 0", "cosine", 1, "T_max", lambda epochs: epochs or 1, REFUSALS),
    *given("takes one milestone for a list", "multi_step", 1, "milestones", lambda epochs: [3], REFUSALS),
    *given("takes no gamma for 0.9", "exponential", 1, "gamma", lambda gamma: gamma or 0.9, REFUSALS),
    Fault("takes a negative rate", TORCH, (REFUSALS,), "torch.optim:SGD", positive),
    *[
        Fault(f"{name} takes a negative rate", PADDLE, (REFUSALS,), targets(name)[PADDLE], argument(0, "rate", abs))
        for name in ("step", "cosine")
    ],
)
