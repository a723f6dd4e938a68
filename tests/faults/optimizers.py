"""Faults of optimizers: of a hyperparameter, of the formula, of what is remembered and of which parameters move."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.wraps import always, argument, hyperparameters, lost, method, result

CLASSES = {
    "sgd": {TORCH: "torch.optim:SGD", PADDLE: "paddle.optimizer:SGD"},
    "momentum": {TORCH: "torch.optim:SGD", PADDLE: "paddle.optimizer:Momentum"},
    "adam": {TORCH: "torch.optim:Adam", PADDLE: "paddle.optimizer:Adam"},
    "adamw": {TORCH: "torch.optim:AdamW", PADDLE: "paddle.optimizer:AdamW"},
    "rmsprop": {TORCH: "torch.optim:RMSprop", PADDLE: "paddle.optimizer:RMSProp"},
}
ADAM = CLASSES["adam"]
SPELLED = {"lr": "learning_rate", "eps": "epsilon", "alpha": "rho", "nesterov": "use_nesterov"}
"""Paddle's words for torch's."""
LOAD, KEEP = ("reference_impl.{}_impl.optimizers:" + name for name in ("load_optimizer_state", "optimizer_state"))


def in_both(pattern: str) -> dict[str, str]:
    """A function of the reference implementation, in either framework."""
    return {TORCH: pattern.format("torch"), PADDLE: pattern.format("paddle")}


def hyper(fault: str, optimizer: str, *more: str, **changes: Callable[[Any], Any]) -> list[Fault]:
    """An optimizer that takes another value for a hyperparameter, in torch's words, than it was given."""
    beta1, beta2 = changes.get("beta1"), changes.get("beta2")
    given = {key: change for key, change in changes.items() if not key.startswith("beta")}
    if beta1 or beta2:
        given["betas"] = lambda betas: (beta1(betas[0]) if beta1 else betas[0], beta2(betas[1]) if beta2 else betas[1])
    wraps = {
        TORCH: hyperparameters(**given),
        PADDLE: hyperparameters(**{SPELLED.get(key, key): change for key, change in changes.items()}),
    }
    return both(f"{optimizer} {fault}", CLASSES[optimizer], wraps, f"optim.{optimizer}", *more)


def stepping(fault: str, optimizers: tuple[str, ...], wrap: Wrap, *more: str) -> list[Fault]:
    """Optimizers whose method ``step`` is wrong."""
    found = []
    for name in optimizers:
        targets = {lane: f"{target}.step" for lane, target in CLASSES[name].items()}
        contracts = more or (f"optim.{name}",)
        found += both(f"{name} {fault}", targets, wrap, *contracts)
    return found


def times(factor: float) -> Callable[[Any], Any]:
    """A number that is wrong by a factor."""
    return lambda value: value * factor


def constant(value: Any) -> Callable[[Any], Any]:
    """One value, whatever was given."""
    return lambda given: value


def swapped_betas(cls: Any) -> Any:
    """Adam with its betas exchanged, under either framework's names."""

    class Wrong(cls):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            if "betas" in options:
                options["betas"] = options["betas"][::-1]
            else:
                options["beta1"], options["beta2"] = options["beta2"], options["beta1"]
            super().__init__(*arguments, **options)

    Wrong.__name__ = cls.__name__
    return Wrong


def parameters(optimizer: Any) -> list[Any]:
    """The parameters of an optimizer of either framework."""
    return optimizer.param_groups[0]["params"] if hasattr(optimizer, "state") else optimizer._parameter_list


def with_gradients(optimizer: Any) -> list[Any]:
    """Those that have a gradient."""
    return [parameter for parameter in parameters(optimizer) if parameter.grad is not None]


def replace_gradients(change: Callable[[Any], Any]) -> Wrap:
    """A step from other gradients than the parameters have."""

    def before(optimizer: Any) -> None:
        for parameter in with_gradients(optimizer):
            parameter.grad = change(parameter.grad)

    return method(before)


def clip(optimizer: Any) -> None:
    """Gradients shortened to a common norm of 1 where they are longer."""
    moved = with_gradients(optimizer)
    norm = sum(float((parameter.grad**2).sum()) for parameter in moved) ** 0.5
    for parameter in moved:
        parameter.grad = parameter.grad / max(norm, 1.0)


def stale(call: Any) -> Any:
    """A step that uses the gradients of the step before."""
    earlier: dict[int, list[Any]] = {}

    def wrong(self: Any) -> None:
        moved = with_gradients(self)
        own = [parameter.grad * 1 for parameter in moved]
        for parameter, gradient in zip(moved, earlier.get(id(self), own), strict=True):
            parameter.grad = gradient
        earlier[id(self)] = own
        call(self)

    return wrong


def only_first(optimizer: Any) -> None:
    """All gradients but the first are lost."""
    for parameter in with_gradients(optimizer)[1:]:
        parameter.grad = None


def last_row_kept(call: Any) -> Any:
    """A step that leaves the last element of every parameter where it was, as a loop that ends too early."""

    def wrong(self: Any) -> None:
        before = [array_of(parameter) for parameter in parameters(self)]
        call(self)
        for parameter, old in zip(parameters(self), before, strict=True):
            value = array_of(parameter)
            value.flat[-1:] = old.flat[-1:]
            assign(parameter, value)

    return wrong


def twice(call: Any) -> Any:
    """A step that is taken two times."""

    def wrong(self: Any) -> None:
        call(self)
        call(self)

    return wrong


def array_of(tensor: Any) -> np.ndarray:
    """A copy of a tensor's values."""
    return np.array(tensor.detach().numpy())


def assign(tensor: Any, value: np.ndarray) -> None:
    """Overwrite a tensor of either framework."""
    if hasattr(tensor, "set_value"):
        tensor.set_value(value.astype(np.float32))
    else:
        import torch

        tensor.data.copy_(torch.tensor(value.astype(np.float32)))


def recomputed(direction: Callable[..., Any]) -> Wrap:
    """Adam that keeps right moments, and goes -lr * direction(m, v, step, beta1, beta2, eps)."""

    def wrap(call: Any) -> Any:
        def wrong(self: Any) -> None:
            group = self.param_groups[0] if hasattr(self, "state") else None
            framework = "torch" if group else "paddle"
            read = importlib.import_module(f"reference_impl.{framework}_impl.optimizers").optimizer_state
            before = [array_of(parameter) for parameter in parameters(self)]
            call(self)
            named = [(str(place), parameter) for place, parameter in enumerate(parameters(self))]
            lr, betas, eps = (
                (group["lr"], group["betas"], group["eps"])
                if group
                else (self.get_lr(), (self._beta1, self._beta2), self._epsilon)
            )
            for name, state in read(self, named).items():
                m, v = (state[slot].astype(np.float64) for slot in ("m", "v"))
                moved = lr * direction(m, v, int(state["step"]), *betas, eps)
                assign(named[int(name)][1], before[int(name)] - moved)

        return wrong

    return wrap


FORMULAS: Mapping[str, Callable[..., Any]] = {
    "eps inside the root": lambda m, v, t, b1, b2, eps: m / (1 - b1**t) / np.sqrt(v / (1 - b2**t) + eps),
    "eps before the correction": lambda m, v, t, b1, b2, eps: m / (1 - b1**t) * np.sqrt(1 - b2**t) / (np.sqrt(v) + eps),
    "never corrected": lambda m, v, t, b1, b2, eps: m / (np.sqrt(v) + eps),
    "first moment not corrected": lambda m, v, t, b1, b2, eps: m / (np.sqrt(v / (1 - b2**t)) + eps),
    "second moment not corrected": lambda m, v, t, b1, b2, eps: m / (1 - b1**t) / (np.sqrt(v) + eps),
    "corrected by the step after": lambda m, v, t, b1, b2, eps: (
        m / (1 - b1 ** (t + 1)) / (np.sqrt(v / (1 - b2 ** (t + 1))) + eps)
    ),
    "corrected by the step before": lambda m, v, t, b1, b2, eps: (
        m / (1 - b1 ** max(t - 1, 1)) / (np.sqrt(v / (1 - b2 ** max(t - 1, 1))) + eps)
    ),
    "maximum of the denominator and eps": lambda m, v, t, b1, b2, eps: (
        m / (1 - b1**t) / np.maximum(np.sqrt(v / (1 - b2**t)), eps)
    ),
    "sign only": lambda m, v, t, b1, b2, eps: np.sign(m) * (np.abs(m) > 0),
}


def rmsprop_eps_inside(call: Any) -> Any:
    """torch's RMSprop, where it has no momentum, with eps under the root."""

    def wrong(self: Any) -> None:
        (group,) = self.param_groups
        moved = with_gradients(self)
        gradients = [array_of(p.grad) + group["weight_decay"] * array_of(p).astype(np.float64) for p in moved]
        before = [array_of(parameter) for parameter in moved]
        call(self)
        for parameter, gradient, old in zip(moved, gradients, before, strict=True):
            state = self.state[parameter]
            mean = array_of(state["grad_avg"]).astype(np.float64) if group["centered"] else 0.0
            average = array_of(state["square_avg"]) - mean**2
            if not group["momentum"]:
                assign(parameter, old - group["lr"] * gradient / np.sqrt(np.maximum(average, 0) + group["eps"]))

    return wrong


def remembered(change: Callable[[np.ndarray], np.ndarray]) -> Wrap:
    """A step that keeps its arrays in another form."""

    def after(optimizer: Any) -> None:
        if hasattr(optimizer, "state"):
            kept = [tensor for slots in optimizer.state.values() for key, tensor in slots.items() if key != "step"]
        else:
            tables = optimizer._accumulators.items()
            kept = [tensor for key, table in tables if "pow" not in key for tensor in table.values()]
        for tensor in kept:
            if tensor is not None:
                assign(tensor, change(array_of(tensor)))

    return method(after=after)


def to_half(array: np.ndarray) -> np.ndarray:
    """Through float16."""
    return array.astype(np.float16).astype(np.float32)


def to_bfloat16(array: np.ndarray) -> np.ndarray:
    """Cut to the 16 upper bits."""
    return (array.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def overflowing(array: np.ndarray) -> np.ndarray:
    """Where (1 - 0.999) * g^2 is finite and g^2 is not."""
    return np.where(array > 3.4e35, np.float32(np.inf), array)


def made_by(other: str, **absent: Any) -> Wrap:
    """Another class, ``module:name``, where this one is asked for; absent: what stands for None."""
    module, _, name = other.partition(":")

    def make(*arguments: Any, **options: Any) -> Any:
        options = {key: absent.get(key) if value is None else value for key, value in options.items()}
        return getattr(importlib.import_module(module), name)(*arguments, **options)

    if module.startswith("paddle"):
        return lambda cls: make
    return lambda cls: getattr(importlib.import_module(module), name)


def changed_state(**changes: Callable[[Any], Any]) -> Wrap:
    """Loading a state whose arrays of these names are changed on the way."""

    def change(state: Any) -> Any:
        return {
            name: {slot: changes.get(slot, lambda array: array)(array) for slot, array in arrays.items()}
            for name, arrays in state.items()
        }

    return argument(2, "state", change)


def exchanged(state: Any) -> Any:
    """Adam's moments under each other's name."""
    return {name: {**arrays, "m": arrays["v"], "v": arrays["m"]} for name, arrays in state.items()}


def one_less(step: np.ndarray) -> np.ndarray:
    """The count before."""
    return np.maximum(step - 1, 0)


def _all(fault: str, names: tuple[str, ...], **changes: Callable[[Any], Any]) -> list[Fault]:
    return [made for name in names for made in hyper(fault, name, **changes)]


EVERY = tuple(CLASSES)
COUPLED = ("sgd", "momentum", "adam", "rmsprop")
WITH_STATE = ("momentum", "adam", "adamw", "rmsprop")
SEVERAL = "optim.several"

FAULTS = (
    *_all("rate 1 + 1e-6", EVERY, lr=times(1 + 1e-6)),
    *_all("rate in half precision", EVERY, lr=lambda lr: float(np.float16(lr))),
    *_all("decay doubled", EVERY, weight_decay=lambda decay: decay and 2 * decay),
    *_all("decay 1 + 1e-4", EVERY, weight_decay=lambda decay: decay and 1.0001 * decay),
    *_all("decay ignored", ("sgd", "momentum", "adam", "adamw"), weight_decay=lambda decay: decay and 1e-30),
    *_all("eps times 10", ("adam", "adamw", "rmsprop"), eps=times(10)),
    *_all("eps 1 + 1e-5", ("adam", "adamw", "rmsprop"), eps=times(1 + 1e-5)),
    *_all("eps always 1e-8", ("adam", "adamw", "rmsprop"), eps=constant(1e-8)),
    *_all("eps 0", ("adam", "adamw", "rmsprop"), eps=constant(0.0)),
    *_all("beta1 always 0.9", ("adam", "adamw"), beta1=constant(0.9)),
    *_all("beta1 error 1e-6", ("adam", "adamw"), beta1=times(1 - 1e-6)),
    *_all("beta2 0.99", ("adam", "adamw"), beta2=constant(0.99)),
    *_all("beta2 error 1e-6", ("adam", "adamw"), beta2=times(1 - 1e-6)),
    *both("adam betas exchanged", ADAM, swapped_betas, "optim.adam", also_torch=("train.step",)),
    *hyper("factor always 0.9", "momentum", momentum=constant(0.9)),
    *hyper("factor 1 + 1e-6", "momentum", momentum=times(1 + 1e-6)),
    *hyper("never Nesterov's", "momentum", nesterov=constant(False)),
    *hyper("always Nesterov's", "momentum", nesterov=constant(True)),
    Fault("momentum dampened", TORCH, ("optim.momentum",), "torch.optim:SGD", always(dampening=0.1, nesterov=False)),
    *hyper("alpha always 0.99", "rmsprop", alpha=constant(0.99)),
    *hyper("alpha error 1e-6", "rmsprop", alpha=times(1 - 1e-6)),
    *hyper("never centered", "rmsprop", centered=constant(False)),
    *hyper("without momentum", "rmsprop", momentum=constant(0.0)),
    *hyper("momentum 1 + 1e-6", "rmsprop", momentum=times(1 + 1e-6)),
    *both("adam of AMSGrad", ADAM, always(amsgrad=True), "optim.adam_steps"),
    *both(
        "adam decoupled", ADAM, {lane: made_by(CLASSES["adamw"][lane], weight_decay=0.0) for lane in ADAM}, "optim.adam"
    ),
    *both("adamw coupled", CLASSES["adamw"], {lane: made_by(ADAM[lane]) for lane in ADAM}, "optim.adamw"),
    *[
        fault
        for name, formula in FORMULAS.items()
        for fault in stepping(name, ("adam",), recomputed(formula), "optim.adam", "optim.adam_steps")
    ],
    Fault("rmsprop eps inside the root", TORCH, ("optim.rmsprop",), "torch.optim:RMSprop.step", rmsprop_eps_inside),
    *stepping("step skipped", EVERY, lost),
    *stepping("step taken twice", EVERY, twice),
    *stepping("of the other sign", EVERY, replace_gradients(lambda gradient: -gradient)),
    *stepping("gradients clipped", ("sgd", "momentum", "adam"), method(clip)),
    *stepping("gradient of the step before", ("sgd", "momentum"), stale),
    *stepping("gradient of the step before", ("adam",), stale, "optim.adam_steps"),
    *stepping("last element left out", EVERY, last_row_kept),
    *stepping("one parameter only", EVERY, method(only_first), SEVERAL),
    *stepping("arrays in half precision", WITH_STATE, remembered(to_half)),
    *stepping("arrays in bfloat16", WITH_STATE, remembered(to_bfloat16)),
    *stepping("arrays clipped", ("adam",), remembered(lambda array: np.minimum(array, 1e36)), "optim.adam_huge"),
    Fault("adam squares overflow", TORCH, ("optim.adam_huge",), f"{ADAM[TORCH]}.step", remembered(overflowing)),
    *stepping("subnormals flushed", ("rmsprop",), remembered(lambda a: a * (a >= 2.0**-126)), "optim.rmsprop_range"),
    *both("state not loaded", in_both(LOAD), lost, "optim.adam", "optim.momentum", "optim.rmsprop", SEVERAL),
    *both("step count reset", in_both(LOAD), changed_state(step=lambda step: step * 0), "optim.adam", "optim.adamw"),
    *both("step count one behind", in_both(LOAD), changed_state(step=one_less), "optim.adam_steps"),
    *both("moments exchanged", in_both(KEEP), result(exchanged), "optim.adam"),
)
