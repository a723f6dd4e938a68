"""Faults of weight decay and of penalties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.optimizers import in_both
from tests.faults.wraps import argument, lost, scaled

DECAY = ("optim.decay", "optim.decay_by_parameter")
PENALTY = ("optim.decay_as_penalty",)
L1, L2 = "paddle.regularizer:L1Decay", "paddle.regularizer:L2Decay"
L1_HOOK = "reference_impl.torch_impl.optimizers:_add_l1_gradient"
L1_PENALTY, L2_PENALTY = (in_both("reference_impl.{}_impl.losses:" + name) for name in ("l1_penalty", "l2_penalty"))


def coefficient(change: Callable[[float], float]) -> Wrap:
    """A regularizer class of paddle with another coefficient than it was given."""

    def wrap(cls: Any) -> Any:
        class Wrong(cls):
            def __init__(self, coeff: float = 0.0) -> None:
                super().__init__(change(coeff))

        Wrong.__name__ = cls.__name__
        return Wrong

    return wrap


def without_regularizer(call: Any) -> Any:
    """A parameter attribute that loses its regularizer."""
    return lambda regularizer=None, **options: call(**options)


def falsy_zero(call: Any) -> Any:
    """A parameter attribute that takes a regularizer of coefficient 0 for none."""
    return lambda regularizer=None, **options: call(
        regularizer=regularizer if regularizer and regularizer._coeff else None, **options
    )


def sign_of_zero(parameters: Any, number: float) -> None:
    """An L1 gradient that takes the sign of 0 for 1."""
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad = parameter.grad + number * ((parameter.detach() >= 0) * 2 - 1)


def biases_spared_by_torch(call: Any) -> Any:
    """A torch optimizer whose decay leaves vectors alone."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        optimizer = call(*arguments, **options)
        (group,) = optimizer.param_groups
        vectors = [parameter for parameter in group["params"] if parameter.ndim == 1]
        others = [parameter for parameter in group["params"] if parameter.ndim > 1]
        optimizer.param_groups[:] = [{**group, "params": others}, {**group, "params": vectors, "weight_decay": 0.0}]
        return optimizer

    return wrong


def biases_spared_by_paddle(call: Any) -> Any:
    """A paddle optimizer whose decay leaves vectors alone."""

    def wrong(name: str, named_parameters: Any, *arguments: Any, **options: Any) -> Any:
        import paddle

        named = list(named_parameters)
        for _, parameter in named:
            if parameter.ndim == 1:
                parameter.regularizer = paddle.regularizer.L2Decay(0.0)
        return call(name, named, *arguments, **options)

    return wrong


def matrices(parameters: Any) -> list[Any]:
    """Those parameters that are no biases."""
    return [parameter for parameter in parameters if parameter.ndim > 1]


def first_only(parameters: Any) -> list[Any]:
    """The first parameter."""
    return list(parameters)[:1]


def mean_of_squares(call: Any) -> Any:
    """An L2 penalty that averages over each parameter where it should sum."""
    return lambda parameters, number: number / 2 * sum((parameter**2).mean() for parameter in parameters)


def smooth(call: Any) -> Any:
    """An L1 penalty of sqrt(w^2 + 1e-12), whose gradient is 0 near 0, and nearly right elsewhere."""
    return lambda parameters, number: number * sum(((p * p + 1e-6) ** 0.5).sum() for p in parameters)


def norm(call: Any) -> Any:
    """An L2 penalty of the norm where its square is meant."""
    return lambda parameters, number: number / 2 * sum((parameter**2).sum() for parameter in parameters) ** 0.5


MAKE = in_both("reference_impl.{}_impl.optimizers:make_optimizer")
FAULTS = (
    Fault("L1 of the other sign", PADDLE, DECAY, L1, coefficient(lambda number: -number)),
    Fault("L1 1 + 1e-4", PADDLE, DECAY, L1, coefficient(lambda number: 1.0001 * number)),
    Fault("L2 doubled", PADDLE, DECAY, L2, coefficient(lambda number: 2 * number)),
    Fault("L2 1 + 1e-4", PADDLE, DECAY, L2, coefficient(lambda number: 1.0001 * number)),
    Fault("L1 regularizer is L2", PADDLE, DECAY, L1, lambda cls: __import__("paddle").regularizer.L2Decay),
    Fault("regularizer of one parameter lost", PADDLE, DECAY[1:], "paddle:ParamAttr", without_regularizer),
    Fault("regularizer of 0 taken for none", PADDLE, DECAY[1:], "paddle:ParamAttr", falsy_zero),
    Fault("L1 hook lost", TORCH, DECAY, L1_HOOK, lost),
    Fault("L1 hook of the other sign", TORCH, DECAY, L1_HOOK, argument(1, "coefficient", lambda number: -number)),
    Fault("L1 hook 1 + 1e-4", TORCH, DECAY, L1_HOOK, argument(1, "coefficient", lambda number: 1.0001 * number)),
    Fault("L1 hook spares biases", TORCH, DECAY, L1_HOOK, argument(0, "parameters", matrices)),
    Fault("L1 hook takes 0 for positive", TORCH, DECAY, L1_HOOK, lambda call: sign_of_zero),
    *both("decay spares biases", MAKE, {TORCH: biases_spared_by_torch, PADDLE: biases_spared_by_paddle}, DECAY[0]),
    *both("L1 penalty 1 + 1e-5", L1_PENALTY, scaled(1 + 1e-5), *PENALTY),
    *both("L1 penalty spares biases", L1_PENALTY, argument(0, "parameters", matrices), *PENALTY),
    *both("L1 penalty smooth at 0", L1_PENALTY, smooth, *PENALTY),
    *both("L2 penalty without its half", L2_PENALTY, scaled(2), *PENALTY),
    *both("L2 penalty of the first parameter", L2_PENALTY, argument(0, "parameters", first_only), *PENALTY),
    *both("L2 penalty a mean", L2_PENALTY, mean_of_squares, *PENALTY),
    *both("L2 penalty not squared", L2_PENALTY, norm, *PENALTY),
)
