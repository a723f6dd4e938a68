"""Faults of what trains, as programs call it: of every contract's first quantity, and of what only one fault shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance import names
from conformance.contract import REGISTRY
from tests.faults.fault import PADDLE, TORCH, Fault
from tests.faults.operators import CallFault, first, larger
from tests.faults.wraps import defaulting, lost

names.import_suites(Path(__file__).resolve().parents[2])
TORCH_LR, PADDLE_LR = "torch.optim.lr_scheduler", "paddle.optimizer.lr"
PREFIXES = ("optimizer.", "state.", "serialization.", "scheduler.", "clip.", "initializer.", "amp.", "device.")
LANES = (TORCH, PADDLE)
WITHOUT_NUMBERS = ("amp.decorated", "amp.scaler_closure", "amp.scaler_misuse", "amp.scaler_settings")
"""What tells of dtypes and refusals: their faults are in a file of their own."""
REFUSED = {
    ("state.layer_misfits", TORCH),
    ("amp.lower_precision", TORCH),
    ("amp.own_function", PADDLE),
    ("amp.widest", PADDLE),
    *((contract_id, lane) for contract_id in WITHOUT_NUMBERS for lane in LANES),
}
"""What gives no quantity that could be wrong so: it is refused or not run, or its format is coarser than the fault."""


OF_RANDOM_NUMBERS = tuple(
    f"initializer.{name}"
    for name in (
        "uniform",
        "normal",
        "trunc_normal",
        "kaiming_uniform",
        "kaiming_normal",
        "xavier_uniform",
        "xavier_normal",
    )
)


def wider(call: Any) -> Any:
    """Random numbers that lie further apart by a tenth: less than that a law cannot tell of thirty thousand."""

    def wrong(**inputs: Any) -> Any:
        found = call(**inputs)
        return {**found, "sorted": 1.1 * found["sorted"], "variance": 1.21 * found["variance"]}

    return wrong


def generic() -> list[Fault]:
    """The first quantity of a call is wrong by a hundred-thousandth, in either lane; random numbers are wider."""
    ids = [contract.id for contract in REGISTRY.values() if contract.id.startswith(PREFIXES) and not contract.sources]
    return [
        CallFault(f"{contract_id}: numbers too wide", lane, (contract_id,), "", wider)
        if contract_id in OF_RANDOM_NUMBERS
        else CallFault(f"{contract_id}: first quantity too large", lane, (contract_id,), "", first(larger))
        for contract_id in sorted(ids)
        for lane in LANES
        if (contract_id, lane) not in REFUSED
    ]


def defaults(name: str, cls: str, lane: str, **options: Any) -> Fault:
    """A class that takes other values than it documents where it is given none."""
    module = "torch.optim" if lane == TORCH else "paddle.optimizer"
    told = ", ".join(f"{key}={value}" for key, value in options.items())
    return Fault(
        f"{name} with {told} by default", lane, (f"optimizer.{name}",), f"{module}:{cls}", defaulting(**options)
    )


def forgetting(call: Any) -> Any:
    """An optimizer's state without what it remembers of one parameter."""

    def wrong(self: Any) -> Any:
        found = dict(call(self))
        if "state" in found:
            found["state"] = dict(list(found["state"].items())[1:])
        else:
            found.pop(next(iter(found)), None)
        return found

    return wrong


def halved(call: Any) -> Any:
    """A file that keeps float32 with the digits of bfloat16."""

    def wrong(saved: Any, *arguments: Any, **options: Any) -> Any:
        return call(_coarse(saved), *arguments, **options)

    return wrong


def _coarse(value: Any) -> Any:
    if isinstance(value, dict):
        return type(value)((key, _coarse(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_coarse(item) for item in value]
    if "float32" in str(getattr(value, "dtype", "")):
        whole = value.detach()
        wide = whole * 65537.0
        return wide - (wide - whole)
    return value


def silent(call: Any) -> Any:
    """A loader that tells of nothing that lacks."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        told = call(*arguments, **options)
        if isinstance(told, tuple) and hasattr(told, "_replace"):
            return told._replace(missing_keys=[])
        return [], told[1]

    return wrong


def lenient(call: Any) -> Any:
    """A loader that leaves out what does not fit."""

    def wrong(self: Any, state: Any, *arguments: Any, **options: Any) -> Any:
        own = self.state_dict()
        fitting = {key: value for key, value in state.items() if value.shape == own[key].shape}
        return call(self, fitting, strict=False)

    return wrong


STATE = "state.optimizer"
STATES = (
    Fault("an optimizer's state is not taken", TORCH, (STATE,), "torch.optim:Optimizer.load_state_dict", lost),
    Fault("an optimizer's state is not taken", PADDLE, (STATE,), "paddle.optimizer:Optimizer.set_state_dict", lost),
    Fault("an optimizer's state lacks a tensor", PADDLE, (STATE,), "paddle.optimizer:Optimizer.state_dict", forgetting),
    Fault("a scheduler's state is not taken", TORCH, (STATE,), f"{TORCH_LR}:LRScheduler.load_state_dict", lost),
    Fault("a scheduler's state is not taken", PADDLE, (STATE,), f"{PADDLE_LR}:LRScheduler.set_state_dict", lost),
    Fault("a file loses digits", TORCH, (STATE, "serialization.own"), "torch:save", halved),
    Fault("a file loses digits", PADDLE, (STATE, "serialization.own"), "paddle:save", halved),
    Fault("what lacks is not told", TORCH, ("state.layer",), "torch.nn:Module.load_state_dict", silent),
    Fault("what lacks is not told", PADDLE, ("state.layer",), "paddle.nn:Layer.set_state_dict", silent),
    Fault(
        "a safetensors file loses digits", TORCH, ("serialization.safetensors",), "safetensors.torch:save_file", halved
    ),
    Fault(
        "a safetensors file loses digits",
        PADDLE,
        ("serialization.safetensors",),
        "safetensors.paddle:save_file",
        halved,
    ),
)


def late(call: Any) -> Any:
    """A schedule that is told of the epoch before."""

    def wrong(self: Any, *arguments: Any) -> Any:
        return call(self, *[max(each - 1, 0) for each in arguments])

    return wrong


def scheduled(name: str, contract: str, torch_class: str, paddle_class: str, method: str, wrap: Any) -> list[Fault]:
    """A fault of a schedule's method in either framework."""
    found = []
    for lane, module, cls in ((TORCH, TORCH_LR, torch_class), (PADDLE, PADDLE_LR, paddle_class)):
        word = "set_state_dict" if lane == PADDLE and method == "load_state_dict" else method
        found.append(Fault(f"{contract} {name}", lane, (f"scheduler.{contract}",), f"{module}:{cls}.{word}", wrap))
    return found


NAMED = {
    "step": ("StepLR", "StepDecay"),
    "polynomial": ("PolynomialLR", "PolynomialDecay"),
    "cyclic": ("CyclicLR", "CyclicLR"),
    "one_cycle": ("OneCycleLR", "OneCycleLR"),
    "plateau": ("ReduceLROnPlateau", "ReduceOnPlateau"),
    "lambda": ("LambdaLR", "LambdaDecay"),
}
SCHEDULES = [
    fault
    for name, classes in NAMED.items()
    for fault in scheduled("not taken up", name, *classes, "load_state_dict", lost)
] + [
    fault
    for name in ("step", "polynomial", "lambda", "cyclic")
    for fault in scheduled("an epoch late where one is asked for", name, *NAMED[name], "step", late)
]


def unclipped(call: Any) -> Any:
    """The norm is told, and no gradient changed."""
    return lambda weights, limit, *arguments, **options: call(weights, 1e30, *arguments, **options)


def fans_exchanged(call: Any) -> Any:
    """What goes in is taken for what goes out."""
    return lambda *arguments, **options: call(*arguments, **options)[::-1]


def repeated(call: Any) -> Any:
    """Random numbers of which every second is the one before it."""

    def wrong(weight: Any, *arguments: Any, **options: Any) -> Any:
        import torch

        found = call(weight, *arguments, **options)
        with torch.no_grad():
            flat = weight.view(-1)
            flat[1::2] = flat[::2][: len(flat[1::2])]
        return found

    return wrong


FANS = ("initializer.xavier_uniform", "initializer.kaiming_normal")
RANDOM = [
    Fault("fans exchanged", TORCH, FANS[1:], "torch.nn.init:_calculate_fan_in_and_fan_out", fans_exchanged),
    Fault("fans exchanged", PADDLE, FANS[1:], "paddle.nn.initializer:Initializer._compute_fans", fans_exchanged),
    Fault("numbers come in pairs", TORCH, ("initializer.normal",), "torch.nn.init:normal_", repeated),
    Fault("not clipped", TORCH, ("clip.grad_norm",), "torch.nn.utils:clip_grad_norm_", unclipped),
    Fault("not clipped", PADDLE, ("clip.grad_norm",), "paddle.nn.utils:clip_grad_norm_", unclipped),
]


def unlimited(cls: Any) -> Any:
    """Rprop whose steps are as large as they come."""
    return lambda *arguments, **options: cls(*arguments, **{**options, "step_sizes": (1e-6, 50.0)})


FAULTS = (
    Fault("what does not fit is left out", TORCH, ("state.layer_misfits",), "torch.nn:Module.load_state_dict", lenient),
    *STATES,
    *RANDOM,
    *SCHEDULES,
    *generic(),
    defaults("nadam", "NAdam", TORCH, momentum_decay=0.005),
    defaults("nadam", "NAdam", PADDLE, momentum_decay=0.005),
    defaults("radam", "RAdam", TORCH, betas=(0.9, 0.99)),
    defaults("radam", "RAdam", PADDLE, beta2=0.99),
    defaults("adamax", "Adamax", TORCH, betas=(0.8, 0.999)),
    defaults("adamax", "Adamax", PADDLE, beta1=0.8),
    defaults("adadelta", "Adadelta", TORCH, eps=1e-5),
    defaults("adadelta", "Adadelta", PADDLE, epsilon=1e-5),
    defaults("nadam", "NAdam", TORCH, eps=1e-7),
    defaults("nadam", "NAdam", PADDLE, epsilon=1e-7),
    defaults("radam", "RAdam", TORCH, eps=1e-7),
    defaults("radam", "RAdam", PADDLE, epsilon=1e-7),
    defaults("adamax", "Adamax", TORCH, eps=1e-7),
    defaults("adamax", "Adamax", PADDLE, epsilon=1e-7),
    defaults("rprop", "Rprop", TORCH, etas=(0.5, 1.1)),
    Fault("rprop with far limits", TORCH, ("optimizer.rprop",), "torch.optim:Rprop", unlimited),
    defaults("rprop", "Rprop", PADDLE, etas=(0.5, 1.1)),
)
