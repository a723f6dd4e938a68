"""The state of torch's optimizers as plain arrays by the names of parameters, and back; and what each group is set to.

What is kept, and under which name, says :mod:`conformance.transfer.kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from conformance.transfer import slots as portable
from conformance.transfer.kinds import ALL, BY_NAME, DECAYS, KINDS, SETTINGS, WORDS, Kind, expected
from conformance.transfer.slots import OptimizerStateError, State

from .arrays import to_array, to_tensor

NamedParameters = Iterable[tuple[str, torch.Tensor]]
Settings = dict[str, dict[str, Any]]


def learning_rate(optimizer: torch.optim.Optimizer) -> float:
    """The learning rate that the next step will use in the first group."""
    return float(optimizer.param_groups[0]["lr"])


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Sets the learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def kind_of(optimizer: torch.optim.Optimizer) -> Kind:
    """Which of the kinds it is. Raises OptimizerStateError for another optimizer."""
    if isinstance(optimizer, torch.optim.SGD):
        return BY_NAME["momentum" if any(group["momentum"] for group in optimizer.param_groups) else "sgd"]
    if isinstance(optimizer, torch.optim.Adam) and any(map(_is_decoupled, optimizer.param_groups)):
        return BY_NAME["adamw"]  # AdamW is an Adam in later releases
    for kind in KINDS:
        if isinstance(optimizer, getattr(torch.optim, kind.torch)):
            return kind
    raise OptimizerStateError(
        f"the state of a torch {type(optimizer).__name__} has no portable form here, which those of {ALL} have"
    )


def settings(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> Settings:
    """What the update of each parameter depends on, by its name; names: by ``id`` of the parameter.

    The settings of :data:`conformance.transfer.kinds.SETTINGS`, the learning rate ``lr``, and decays.
    """
    kind = kind_of(optimizer)
    found: Settings = {}
    for group in optimizer.param_groups:
        decoupled = kind.name == "adamw" or _is_decoupled(group)
        decay = float(group.get("weight_decay", 0.0))
        own = {"lr": float(group["lr"]), **dict.fromkeys(DECAYS, 0.0), "decoupled" if decoupled else "coupled": decay}
        own |= {name: _setting(group, SETTINGS[name].torch, SETTINGS[name].absent) for name in kind.settings}
        found |= {names[id(parameter)]: own for parameter in group["params"] if id(parameter) in names}
    return found


def set_settings(optimizer: torch.optim.Optimizer, names: Mapping[int, str], wanted: Settings) -> None:
    """Set each group to what its parameters are to be updated with.

    Raises OptimizerStateError where parameters of one group need unlike settings, or one that torch does not have.
    """
    kind = kind_of(optimizer)
    for number, group in enumerate(optimizer.param_groups):
        named = [names[id(parameter)] for parameter in group["params"] if id(parameter) in names]
        given = [name for name in named if name in wanted]
        for setting in ("lr", *DECAYS, *kind.settings) if given else ():
            values: dict[Any, str] = {}
            for name in given:
                values.setdefault(wanted[name][setting], name)
            if len(values) > 1:
                (one, first), (other, second) = list(values.items())[:2]
                raise OptimizerStateError(
                    f"{first!r} has {WORDS.get(setting, setting)} {one:g} and {second!r} {other:g} in "
                    f"paddle_optimizer, and both are in group {number} of torch_optimizer: give it groups as they are "
                    "there"
                )
            _set(group, kind, setting, next(iter(values)))


def optimizer_state(optimizer: torch.optim.Optimizer, named_parameters: NamedParameters) -> State:
    """The portable state (see :mod:`conformance.transfer.slots`) of every parameter updated so far."""
    kind, named = kind_of(optimizer), dict(named_parameters)
    set_to = settings(optimizer, {id(parameter): name for name, parameter in named.items()})
    state: State = {}
    for name, parameter in named.items():
        kept = optimizer.state.get(parameter)
        wanted = expected(kind, set_to.get(name, {}))
        if kept and wanted:
            state[name] = {slot: _array(slot, kept["step" if slot == "step" else kind.slots[slot].torch])
                           for slot in wanted}  # fmt: skip
            if kind.name == "nadam":
                step = int(state[name]["step"])
                held = kept["mu_product"]
                portable.require_product(float(held), step, set_to[name], name, torch.finfo(held.dtype).eps / 2)
    return state


def load_optimizer_state(
    optimizer: torch.optim.Optimizer, named_parameters: NamedParameters, state: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    """Replaces what ``optimizer`` remembers by ``state``; a parameter without an entry starts anew.

    Raises OptimizerStateError, having changed nothing, where ``state`` does not fit.
    """
    kind = kind_of(optimizer)
    parameters = {name: parameter for name, parameter in named_parameters if parameter.requires_grad}
    set_to = settings(optimizer, {id(parameter): name for name, parameter in parameters.items()})
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    portable.check(state, shapes, kind.name, {name: expected(kind, own) for name, own in set_to.items()})
    kept = {name: _kept(kind, set_to[name], parameters[name], arrays) for name, arrays in state.items()}
    optimizer.state.clear()
    for name, tensors in kept.items():
        optimizer.state[parameters[name]] = tensors


def _kept(
    kind: Kind, set_to: Mapping[str, Any], parameter: torch.Tensor, arrays: Mapping[str, np.ndarray]
) -> dict[str, torch.Tensor]:
    """One parameter's entry in ``optimizer.state``."""
    # The optimizers of torch count steps in a float32 tensor on the CPU; where the update does not depend on it, no
    # file of paddle says it.
    tensors = {} if kind.name == "momentum" else {"step": torch.tensor(float(arrays.get("step", 0)))}
    if kind.name == "nadam":
        product = float(portable.mu_product(int(arrays["step"]), set_to))
        tensors["mu_product"] = torch.tensor(product, dtype=parameter.dtype)  # as torch loads it
    for slot in arrays:
        if slot == "step":
            continue
        name = "momentum_buffer" if slot == "update_buffer" else slot
        value = portable.momentum_buffer(arrays, set_to["lr"]) if name == "momentum_buffer" else arrays[slot]
        held = to_tensor(np.asarray(value, order="C"))
        tensors[kind.slots[name].torch] = held.to(dtype=parameter.dtype, device=parameter.device)
    return tensors


def _array(slot: str, tensor: torch.Tensor) -> np.ndarray:
    if slot == "step":
        return np.asarray(int(tensor), np.int64)
    return to_array(tensor)


def _is_decoupled(group: Mapping[str, Any]) -> bool:
    return bool(group.get("decoupled_weight_decay"))


def _setting(group: Mapping[str, Any], key: str | None, absent: float | bool) -> float | bool:
    if key is None:
        return absent
    name, _, place = key.partition(".")
    value = group.get(name, absent)
    value = value[int(place)] if place else value
    return bool(value) if isinstance(absent, bool) else float(value)


def _set(group: dict[str, Any], kind: Kind, setting: str, value: float | bool) -> None:
    if setting == "lr":
        group["lr"] = value
    elif setting in DECAYS:
        if setting == ("decoupled" if kind.name == "adamw" else "coupled"):
            group["weight_decay"] = value
            if "decoupled_weight_decay" in group:
                group["decoupled_weight_decay"] = setting == "decoupled"
        elif value:
            raise OptimizerStateError(f"torch's {kind.torch} has no {WORDS[setting]}, which paddle_optimizer has")
    elif SETTINGS[setting].torch is None:
        if value != SETTINGS[setting].absent:
            raise OptimizerStateError(f"torch's {kind.torch} has no {setting}, which is {value:g} in paddle_optimizer")
    else:
        name, _, place = str(SETTINGS[setting].torch).partition(".")
        if place:
            pair = [float(each) for each in group[name]]
            pair[int(place)] = float(value)
            group[name] = tuple(pair)
        elif name in group:
            group[name] = value
