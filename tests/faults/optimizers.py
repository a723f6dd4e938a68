"""Faults of optimizers and of regularization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.wraps import hyperparameters

ADAM = {TORCH: "torch.optim:Adam", PADDLE: "paddle.optimizer:Adam"}
BETA2 = {
    TORCH: hyperparameters(betas=lambda betas: (betas[0], 0.99)),
    PADDLE: hyperparameters(beta2=lambda beta: 0.99),
}
EPS = {
    TORCH: hyperparameters(eps=lambda eps: 10 * eps),
    PADDLE: hyperparameters(epsilon=lambda eps: 10 * eps),
}
DECAY = ("optim.decay", "optim.decay_by_parameter")
L1_HOOK = "reference_impl.torch_impl.optimizers:_add_l1_gradient"


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


def eps_inside(cls: Any) -> Any:
    """torch's Adam with eps under the square root."""
    import torch

    class Adam(cls):
        @torch.no_grad()
        def step(self) -> None:
            for group in self.param_groups:
                for parameter in group["params"]:
                    update(parameter, group, self.state[parameter])

    def update(parameter: Any, group: dict[str, Any], state: dict[str, Any]) -> None:
        if not state:
            zeros = torch.zeros_like(parameter)
            state.update(step=torch.tensor(0.0), exp_avg=zeros, exp_avg_sq=zeros.clone())
        state["step"] += 1
        gradient = parameter.grad + group["weight_decay"] * parameter
        (beta1, beta2), step = group["betas"], float(state["step"])
        state["exp_avg"].lerp_(gradient, 1 - beta1)
        state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        denominator = (state["exp_avg_sq"] / (1 - beta2**step) + group["eps"]).sqrt()
        parameter.sub_(group["lr"] / (1 - beta1**step) * state["exp_avg"] / denominator)

    return Adam


FAULTS = (
    *both("Adam eps times 10", ADAM, EPS, "optim.adam"),
    *both("Adam beta2 0.99", ADAM, BETA2, "optim.adam", also_torch=("train.step",)),
    Fault("Adam eps inside the root", TORCH, ("optim.adam",), ADAM[TORCH], eps_inside),
    Fault("L1 of the other sign", PADDLE, DECAY, "paddle.regularizer:L1Decay", coefficient(lambda number: -number)),
    Fault("L2 doubled", PADDLE, DECAY, "paddle.regularizer:L2Decay", coefficient(lambda number: 2 * number)),
    Fault("regularizer of one parameter lost", PADDLE, DECAY[1:], "paddle:ParamAttr", without_regularizer),
    Fault("L1 hook lost", TORCH, DECAY, L1_HOOK, lambda call: lambda parameters, number: None),
)
