"""The state of torch's optimizers as plain arrays by the names of parameters, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch

from conformance.transfer import slots as portable
from conformance.transfer.slots import State

NamedParameters = Iterable[tuple[str, torch.Tensor]]

# torch's names of the portable slots; RMSProp's step is kept by torch and read by nothing.
_NAMES = {
    "step": "step",
    "m": "exp_avg",
    "v": "exp_avg_sq",
    "velocity": "momentum_buffer",
    "square_average": "square_avg",
    "momentum_buffer": "momentum_buffer",
    "gradient_average": "grad_avg",
}


def learning_rate(optimizer: torch.optim.Optimizer) -> float:
    """The learning rate that the next step will use."""
    return float(optimizer.param_groups[0]["lr"])


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Sets the learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def optimizer_state(optimizer: torch.optim.Optimizer, named_parameters: NamedParameters) -> State:
    """The portable state (see :mod:`conformance.transfer.slots`) of every parameter updated so far."""
    expected = _slots(optimizer)
    state: State = {}
    for name, parameter in named_parameters:
        kept = optimizer.state.get(parameter)
        if kept and expected:
            state[name] = {slot: _array(slot, kept[_NAMES[slot]]) for slot in expected}
    return state


def load_optimizer_state(
    optimizer: torch.optim.Optimizer, named_parameters: NamedParameters, state: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    """Replaces what ``optimizer`` remembers by ``state``; a parameter without an entry starts anew.

    Raises OptimizerStateError, having changed nothing, where ``state`` does not fit.
    """
    parameters = {name: parameter for name, parameter in named_parameters if parameter.requires_grad}
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    expected = _slots(optimizer)
    portable.check(state, shapes, _kind(optimizer), expected)
    kept = {name: _kept(optimizer, parameters[name], arrays, expected) for name, arrays in state.items()}
    optimizer.state.clear()
    for name, tensors in kept.items():
        optimizer.state[parameters[name]] = tensors


def _kept(
    optimizer: torch.optim.Optimizer, parameter: torch.Tensor, arrays: Mapping[str, np.ndarray], expected: Iterable[str]
) -> dict[str, torch.Tensor]:
    """One parameter's entry in ``optimizer.state``."""
    # The optimizers of torch count steps in a float32 tensor on the CPU.
    tensors = {"step": torch.tensor(0.0)} if _kind(optimizer) == "rmsprop" else {}
    for slot in expected:
        if slot == "momentum_buffer":
            value = portable.momentum_buffer(arrays, learning_rate(optimizer))
        else:
            value = arrays[slot]
        if slot == "step":
            tensors["step"] = torch.tensor(float(value))
        else:
            tensors[_NAMES[slot]] = torch.tensor(value, dtype=parameter.dtype, device=parameter.device)
    return tensors


def _array(slot: str, tensor: torch.Tensor) -> np.ndarray:
    if slot == "step":
        return np.asarray(int(tensor), np.int64)
    return np.array(tensor.detach().cpu().numpy())


def _kind(optimizer: torch.optim.Optimizer) -> str:
    if isinstance(optimizer, torch.optim.SGD):
        return "momentum" if optimizer.defaults["momentum"] else "sgd"
    if isinstance(optimizer, (torch.optim.Adam, torch.optim.AdamW)):
        return "adam"
    if isinstance(optimizer, torch.optim.RMSprop):
        return "rmsprop"
    raise portable.OptimizerStateError(f"the state of a torch {type(optimizer).__name__} has no portable form here")


def _slots(optimizer: torch.optim.Optimizer) -> tuple[str, ...]:
    defaults = optimizer.defaults
    return portable.slots(_kind(optimizer), defaults.get("momentum", 0.0), defaults.get("centered", False))
