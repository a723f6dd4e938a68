"""Faults that show in gradients alone: what one layer sends back, and what becomes of it between passes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.forward import doubled, zeroed
from tests.faults.wraps import argument, around, at, functional, gradient, in_bits, library, option

CONVOLUTION, LINEAR = functional("conv2d"), functional("linear")
TIMES = {TORCH: "torch:Tensor.__mul__", PADDLE: "paddle:Tensor.__mul__"}
PLUS = {TORCH: "torch:Tensor.__add__", PADDLE: "paddle:Tensor.__add__"}
BACKWARD = {TORCH: "torch:Tensor.backward", PADDLE: "paddle:Tensor.backward"}
NO_GRAD = {TORCH: "torch:no_grad", PADDLE: "paddle:no_grad"}
CLEARING = {TORCH: "torch.optim:SGD.zero_grad", PADDLE: "paddle.optimizer:SGD.clear_grad"}
MOMENTUM_CLEARING = {TORCH: "torch.optim:SGD.zero_grad", PADDLE: "paddle.optimizer:Momentum.clear_grad"}
LAYER_CLEARING = {TORCH: "torch.nn:Module.zero_grad", PADDLE: "paddle.nn:Layer.clear_gradients"}
STEP = {TORCH: "torch.optim:SGD.step", PADDLE: "paddle.optimizer:Momentum.step"}
FROZEN_STEP = {TORCH: "torch.optim:SGD.step", PADDLE: "paddle.optimizer:SGD.step"}
LAYERS = ("nn.conv2d", "nn.linear")


def clipped(slope: Any) -> Any:
    """No component beyond 1."""
    return slope.clip(-1.0, 1.0)


def first_lost(slope: Any) -> Any:
    """The first element is 0."""
    return at(0, zeroed)(slope.reshape([-1])).reshape(slope.shape)


def last_lost(slope: Any) -> Any:
    """The last element is 0."""
    return at(-1, zeroed)(slope.reshape([-1])).reshape(slope.shape)


def short_bias(call: Any, x: Any, weight: Any, bias: Any, *arguments: Any) -> Any:
    """A layer whose bias gets no gradient from the last sample of several."""
    if bias is None or x.ndim < 2 or x.shape[0] < 2:
        return call(x, weight, bias, *arguments)
    fixed = call(x, weight, bias.detach(), *arguments)
    nothing = (bias - bias.detach()).reshape([-1, 1, 1] if arguments else [-1])
    return at(slice(0, -1), lambda samples: samples + nothing)(fixed)


def without_last_sample(call: Any, x: Any, weight: Any, *arguments: Any) -> Any:
    """A layer whose weight gets no gradient from the last row."""
    if x.ndim < 2:
        return call(x, weight, *arguments)
    fixed = call(x, weight.detach(), *arguments)
    return at(slice(0, -1), lambda _: call(x[:-1], weight, *arguments))(fixed) if x.shape[0] > 1 else fixed


def forgetful(weight: Any) -> Any:
    """A weight that keeps the gradient of the last pass alone."""
    branch = weight.clone()
    branch.register_hook(lambda slope: slope if weight.grad is None else slope - weight.grad)
    return branch


def averaging(weight: Any) -> Any:
    """A weight whose later passes count half."""
    branch = weight.clone()
    branch.register_hook(lambda slope: slope if weight.grad is None else 0.5 * slope)
    return branch


def once(position: int) -> Wrap:
    """A call through which the gradient goes to one argument where it is first met."""

    def wrap(call: Any) -> Any:
        met: list[Any] = [None]

        def wrong(*arguments: Any) -> Any:
            given, again = arguments[position], arguments[position] is met[0]
            met[0] = given
            return call(*arguments[:position], given.detach() if again else given, *arguments[position + 1 :])

        return wrong

    return wrap


def averaged(call: Any, left: Any, right: Any) -> Any:
    """A product whose first factor gets the mean gradient of what it was repeated along."""
    product = call(left, right)
    if not hasattr(right, "shape") or tuple(product.shape) == tuple(left.shape):
        return product
    share = math.prod(left.shape) / math.prod(product.shape)
    return gradient(0, lambda slope: call(slope, share))(call)(left, right)


def through_values(context: Any) -> Any:
    """A context in which gradients are recorded as outside."""
    return contextlib.nullcontext


def of_trained(call: Any, x: Any, weight: Any, *arguments: Any) -> Any:
    """A layer that sends nothing back where its weight is frozen."""
    fixed = not weight.requires_grad if hasattr(weight, "requires_grad") else weight.stop_gradient
    return (gradient(0, zeroed)(call) if fixed else call)(x, weight, *arguments)


def nothing(call: Any, *arguments: Any, **options: Any) -> None:
    """A call that does nothing."""


def to_half(call: Any, owner: Any, *arguments: Any, **options: Any) -> None:
    """A clearing that leaves half of every gradient."""
    parameters = owner.parameters() if hasattr(owner, "parameters") else _of(owner)
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad = parameter.grad.detach() / 2


def _of(optimizer: Any) -> list[Any]:
    """An optimizer's parameters."""
    if hasattr(optimizer, "_parameter_list"):
        return list(optimizer._parameter_list)
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def cleared_first(call: Any, optimizer: Any) -> None:
    """A step that comes after its gradients were cleared."""
    (optimizer.zero_grad if hasattr(optimizer, "zero_grad") else optimizer.clear_grad)()
    call(optimizer)


def decaying_all(call: Any, optimizer: Any) -> None:
    """A step that decays frozen parameters too."""
    call(optimizer)
    for parameter in _of(optimizer):
        if parameter.grad is None:
            with library(parameter).no_grad():
                parameter.copy_(0.75 * parameter) if hasattr(parameter, "requires_grad") else parameter.set_value(
                    0.75 * parameter
                )


def _uses(name: str, wrap: Callable[[int], Wrap], contract_id: str) -> list[Fault]:
    """A fault of the use of a weight, which paddle's calls transpose first."""
    targets = {TORCH: LINEAR[TORCH], PADDLE: "paddle:Tensor.t"}
    return both(name, targets, {TORCH: wrap(1), PADDLE: wrap(0)}, contract_id)


def _layer(name: str, position: int, change: Any) -> list[Fault]:
    return [
        *both(f"conv2d {name}", CONVOLUTION, gradient(position, change), LAYERS[0]),
        *both(f"linear {name}", LINEAR, gradient(position, change), LAYERS[1]),
    ]


FAULTS = (
    *_layer("input gradient clipped", 0, clipped),
    *_layer("weight gradient clipped", 1, clipped),
    *_layer("input gradient doubled", 0, doubled),
    *_layer("weight gradient loses an element", 1, first_lost),
    *_layer("input gradient loses an element", 0, last_lost),
    *_layer("weight gradient in TF32", 1, in_bits(11)),
    *_layer("bias gradient of the other sign", 2, lambda slope: -slope),
    *[
        fault
        for layer, target in (("conv2d", CONVOLUTION), ("linear", LINEAR))
        for fault in (
            *both(f"{layer} bias gradient loses a sample", target, around(short_bias), f"nn.{layer}"),
            *both(f"{layer} weight gradient loses a sample", target, around(without_last_sample), f"nn.{layer}"),
            *both(f"{layer} input detached", target, argument(0, "input", lambda x: x.detach()), f"nn.{layer}"),
        )
    ],
    *_uses(
        "later pass replaces the gradient", lambda place: argument(place, "weight", forgetful), "gradient.accumulates"
    ),
    *_uses("later pass counts half", lambda place: argument(place, "weight", averaging), "gradient.accumulates"),
    *_uses("second use ignored", once, "gradient.shared"),
    *both("way around a layer lost", PLUS, gradient(1, zeroed), "gradient.shared"),
    *both("way around a layer clipped", PLUS, gradient(1, clipped), "gradient.shared"),
    *both("broadcast gradient averaged", TIMES, around(averaged), "gradient.broadcast"),
    *both("broadcast gradient lost", TIMES, gradient(1, zeroed), "gradient.broadcast"),
    *both("gradient recorded without gradients", NO_GRAD, through_values, "gradient.blocked"),
    Fault(
        "gradient through a detached tensor",
        PADDLE,
        ("gradient.blocked",),
        "paddle:Tensor.detach",
        around(lambda call, x: x),
    ),
    *both("frozen layer sends nothing back", LINEAR, around(of_trained), "gradient.frozen"),
    *both("frozen parameter decays", FROZEN_STEP, around(decaying_all), "gradient.frozen"),
    Fault(
        "frozen parameter trains",
        TORCH,
        ("gradient.frozen",),
        "torch:Tensor.requires_grad_",
        around(lambda call, p, *_: call(p)),
    ),
    *both("optimizer clears nothing", CLEARING, around(nothing), "gradient.cleared"),
    *both("layer clears nothing", LAYER_CLEARING, around(nothing), "gradient.cleared"),
    *both("layer clears half", LAYER_CLEARING, around(to_half), "gradient.cleared"),
    *both("gradient cleared before the step", STEP, around(cleared_first), "gradient.step_after_clearing"),
    *both("gradient stepped with after clearing", MOMENTUM_CLEARING, around(nothing), "gradient.step_after_clearing"),
    Fault(
        "gradient of zeros after clearing",
        TORCH,
        ("gradient.cleared", "gradient.step_after_clearing"),
        CLEARING[TORCH],
        option("set_to_none", False),
    ),
    Fault("idle step decays", TORCH, ("gradient.step_after_clearing",), STEP[TORCH], around(decaying_all)),
    Fault(
        "change in place unnoticed",
        TORCH,
        ("gradient.passes",),
        "torch:Tensor.add_",
        around(lambda call, x, one: call(x.data, one)),
    ),
    *both("graph kept without being asked", BACKWARD, option("retain_graph", True), "gradient.passes"),
    *both("half of the gradient", BACKWARD, around(lambda call, x, *a, **o: call(x / 2, *a, **o)), "gradient.passes"),
)
