"""The state of paddle's optimizers as plain arrays by the names of parameters, and back.

Paddle names a parameter's state ``<parameter name>_<accumulator>_<n>`` where both the parameter's name and n come from
counters of the process: a second optimizer over the same model gets other keys and refuses the first one's state. So
the portable state is keyed by the names in the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import paddle

from conformance.transfer import slots as portable
from conformance.transfer.slots import State

NamedParameters = Iterable[tuple[str, paddle.Tensor]]

# paddle's names of the portable slots; Adam's step exists only as the powers of its betas.
_NAMES = {
    "m": "moment1",
    "v": "moment2",
    "velocity": "velocity",
    "square_average": "mean_square",
    "momentum_buffer": "momentum",
    "gradient_average": "mean_grad",
}
_POWERS = ("beta1_pow_acc", "beta2_pow_acc")
_KEY = re.compile(rf"(.+)_({'|'.join((*_NAMES.values(), *_POWERS))})_\d+")


def learning_rate(optimizer: paddle.optimizer.Optimizer) -> float:
    """The learning rate that the next step will use."""
    return float(optimizer.get_lr())


def set_learning_rate(optimizer: paddle.optimizer.Optimizer, lr: float) -> None:
    """Sets the learning rate of the next step; where a schedule has the say, it has been set with the schedule."""
    if not isinstance(optimizer._learning_rate, paddle.optimizer.lr.LRScheduler):
        optimizer.set_lr(lr)


def optimizer_state(
    optimizer: paddle.optimizer.Optimizer, named_parameters: NamedParameters, own_units: bool = False
) -> State:
    """The portable state (see :mod:`conformance.transfer.slots`) of every parameter updated so far.

    ``own_units`` leaves RMSProp's momentum as paddle keeps it, under the name ``update_buffer``.
    """
    expected = _slots(optimizer)
    kept = _accumulators(optimizer)
    state: State = {}
    for name, parameter in named_parameters:
        tensors = kept.get(parameter.name)
        if not tensors or not expected:
            continue
        arrays = {slot: np.array(tensors[_NAMES[slot]].numpy()) for slot in expected if slot != "step"}
        if "step" in expected:
            arrays = {"step": np.asarray(_steps_taken(optimizer, tensors), np.int64), **arrays}
        if "momentum_buffer" in arrays:
            buffer = {"update_buffer": arrays.pop("momentum_buffer")}
            lr = learning_rate(optimizer)
            arrays |= buffer if own_units else {"momentum_buffer": portable.momentum_buffer(buffer, lr)}
        state[name] = arrays
    return state


def load_optimizer_state(
    optimizer: paddle.optimizer.Optimizer,
    named_parameters: NamedParameters,
    state: Mapping[str, Mapping[str, np.ndarray]],
) -> None:
    """Replaces what ``optimizer`` remembers by ``state``; a parameter without an entry starts anew.

    Raises OptimizerStateError, having changed nothing, where ``state`` does not fit.
    """
    parameters = {name: parameter for name, parameter in named_parameters if not parameter.stop_gradient}
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    expected = _slots(optimizer)
    portable.check(state, shapes, _kind(optimizer), expected)
    # set_state_dict would need the very keys that this optimizer is going to generate. So let it create its tensors
    # now, as its first step would, and fill them.
    _create_accumulators(optimizer, [parameters[name] for name in state])
    kept = _accumulators(optimizer)
    given = {parameters[name].name: arrays for name, arrays in state.items()}
    for parameter_name, tensors in kept.items():
        arrays = given.get(parameter_name) or _fresh(expected, tensors)
        for slot in expected:
            if slot == "step":
                _set_powers(optimizer, tensors, int(arrays["step"]))
            else:
                lr = learning_rate(optimizer)
                value = portable.update_buffer(arrays, lr) if slot == "momentum_buffer" else arrays[slot]
                tensor = tensors[_NAMES[slot]]
                tensor.set_value(np.asarray(value, _dtype(tensor)))


def _create_accumulators(optimizer: paddle.optimizer.Optimizer, parameters: list[paddle.Tensor]) -> None:
    """Lets the optimizer create the tensors of its state, filled as before its first step."""
    if optimizer.helper is None:  # paddle 2 makes the tensors through this helper, which its first step would set
        optimizer.helper = paddle.base.layer_helper.LayerHelper(type(optimizer).__name__)
    optimizer._create_accumulators(paddle.static.default_main_program().global_block(), parameters)


def beta_powers(beta: float, count: int, dtype: Any = np.float32) -> np.ndarray:
    """beta**1 ... beta**count as paddle computes them: one rounded multiplication for each step."""
    return np.multiply.accumulate(np.full(count, beta, dtype))


def _accumulators(optimizer: paddle.optimizer.Optimizer) -> dict[str, dict[str, paddle.Tensor]]:
    """The optimizer's own tensors by parameter name and accumulator name."""
    found: dict[str, dict[str, paddle.Tensor]] = {}
    for key, tensor in optimizer.state_dict().items():
        match = _KEY.fullmatch(key)
        if match:
            found.setdefault(match[1], {})[match[2]] = tensor
    return found


def _fresh(expected: Iterable[str], tensors: Mapping[str, paddle.Tensor]) -> dict[str, np.ndarray]:
    return {slot: np.zeros([] if slot == "step" else tensors[_NAMES[slot]].shape) for slot in expected}


def _set_powers(optimizer: paddle.optimizer.Optimizer, tensors: Mapping[str, paddle.Tensor], step: int) -> None:
    for power, beta in zip(_POWERS, (optimizer._beta1, optimizer._beta2), strict=True):
        dtype = _dtype(tensors[power])
        tensors[power].set_value(beta_powers(beta, step + 1, dtype)[-1:])


def _steps_taken(optimizer: paddle.optimizer.Optimizer, tensors: Mapping[str, paddle.Tensor]) -> int:
    """The step count that paddle does not keep, from beta**(step + 1) of the beta that says most about it."""
    beta, power = max(zip((optimizer._beta1, optimizer._beta2), _POWERS, strict=True))
    return _exponent(float(beta), tensors[power].numpy().item(), str(_dtype(tensors[power]))) - 1


@lru_cache
def _exponent(beta: float, power: float, dtype: str) -> int:
    """The least n with beta**n == ``power`` in paddle's arithmetic.

    A power that has reached its smallest value says "at least n": any larger count gives the same updates.
    """
    count = 1024
    while True:
        powers = beta_powers(beta, count, dtype)
        hits = np.flatnonzero(powers == power)
        if hits.size:
            return int(hits[0]) + 1
        if powers[-1] < power or powers[-1] == powers[-2]:
            raise portable.OptimizerStateError(
                f"an optimizer that keeps {power} as a power of beta {beta} has not counted its steps with that beta"
            )
        count *= 4


def _dtype(tensor: paddle.Tensor) -> np.dtype:
    return np.dtype(str(tensor.dtype).removeprefix("paddle."))


def _kind(optimizer: paddle.optimizer.Optimizer) -> str:
    kinds = {"SGD": "sgd", "Momentum": "momentum", "Adam": "adam", "AdamW": "adamw", "RMSProp": "rmsprop"}
    name = type(optimizer).__name__
    if name not in kinds:
        raise portable.OptimizerStateError(f"the state of a paddle {name} has no portable form here")
    return kinds[name]


def _slots(optimizer: paddle.optimizer.Optimizer) -> tuple[str, ...]:
    kind = _kind(optimizer)
    centered = kind == "rmsprop" and optimizer._centered
    return portable.slots(kind, getattr(optimizer, "_momentum", 0.0), centered)
