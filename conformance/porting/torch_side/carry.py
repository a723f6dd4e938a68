"""One side of a pair whose training is carried over: an optimizer's state out of torch's own form, or into it.

A file keeps an optimizer's state by the number of each parameter; here it is by the tensor's name in the inventory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair
from conformance.transfer import slots as portable
from conformance.transfer.slots import OptimizerStateError, State

from .arrays import to_array, to_tensor
from .backend import BACKEND
from .optimizer_state import (
    _NAMES,
    _kind,
    _slots,
    learning_rate,
    load_optimizer_state,
    optimizer_state,
    set_learning_rate,
)
from .settings import settings as _settings

_MARKS = {"betas": "Adam or AdamW", "alpha": "RMSprop", "dampening": "SGD"}
"""Hyperparameters that tell optimizers apart where nothing was updated yet."""


def model_keys(pair: Pair) -> dict[str, Any]:
    """{"keys": {key of the state dict: tensor's name, or None}, "rest": {key: array} of those without a name}."""
    model = pair.model("torch")
    names = {id(tensor): each.name for each, tensor in inventory(model)}
    kept = {key: value for key, value in model.state_dict(keep_vars=True).items() if isinstance(value, torch.Tensor)}
    keys = {key: names.get(id(tensor)) for key, tensor in kept.items()}
    return {"keys": keys, "rest": {key: plain(kept[key]) for key, name in keys.items() if name is None}}


def take_out(pair: Pair, state: Mapping[str, Any], own: bool, names: Mapping[str, str]) -> dict[str, Any]:
    """The portable state of the pair's optimizer once it holds ``state``: {"state", "lr", "rates", "kind", "settings"}.

    own: ``state`` is {"lr", "state"} of this project's checkpoint, by the model's names; else it is torch's. names:
    paddle's names of parameters, of which a torch file has none. Raises OptimizerStateError for the state of another
    optimizer.
    """
    model = pair.model("torch")
    optimizer = BACKEND.optimizer(pair, [each for _, each in BACKEND.parameters(model)])
    if own:
        set_learning_rate(optimizer, state["lr"])
        load_optimizer_state(optimizer, model.named_parameters(), state["state"])
    else:
        _check(optimizer, state, {id(tensor): each.name for each, tensor in inventory(model)})
        optimizer.load_state_dict(_with_tensors(state))
    return {"state": optimizer_state(optimizer, _parameters(model).items()), **_told(optimizer)}


def put_in(pair: Pair, kind: str, state: State, lr: float, schedule: Mapping[str, Any] | None) -> dict[str, Any]:
    """The pair's optimizer with this portable state in torch's own form: {"native", "rates", "kind", "settings"}.

    Without "native" where the pair's is of another ``kind``. Raises OptimizerStateError where ``state`` does not fit.
    """
    model = pair.model("torch")
    optimizer = BACKEND.optimizer(pair, [each for _, each in BACKEND.parameters(model)])
    told = _told(optimizer)
    if told["kind"] != kind:
        return told
    if len(set(told["rates"])) == 1:
        set_learning_rate(optimizer, lr)
    load_optimizer_state(optimizer, _parameters(model).items(), state)
    if schedule is not None and "base_lr" in schedule:
        for group in optimizer.param_groups:
            group["initial_lr"] = schedule["base_lr"]
    return {"native": plain(optimizer.state_dict()), **told}


def load(pair: Pair, weights: tuple[str, str | None], optimizer: tuple[str, str | None] | None) -> dict[str, Any]:
    """What a new model, and its optimizer, hold once they loaded files as a user would: {"values", "native"}.

    weights, optimizer: a file, and which part of it.
    """
    model = pair.model("torch")
    model.load_state_dict(_read(*weights))
    result: dict[str, Any] = {"values": {each.name: plain(tensor) for each, tensor in inventory(model)}}
    if optimizer is not None:
        made = BACKEND.optimizer(pair, [each for _, each in BACKEND.parameters(model)])
        made.load_state_dict(_read(*optimizer))
        result["native"] = plain(made.state_dict())
    return result


def _read(path: str, part: str | None) -> Any:
    if path.endswith(".safetensors"):
        return load_file(path)
    tree = torch.load(path, weights_only=True)
    return tree if part is None else tree[part]


def _told(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    settings = _settings(optimizer)
    decoupled = settings["kind"] == "adam" and optimizer.defaults.get("decoupled_weight_decay")
    kind = "momentum" if _kind(optimizer) == "momentum" else "adamw" if decoupled else settings["kind"]
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    return {"lr": learning_rate(optimizer), "rates": rates, "kind": kind, "settings": {**settings, "kind": kind}}


def _parameters(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {each.name: tensor for each, tensor in inventory(model) if each.trainable}


def _check(optimizer: torch.optim.Optimizer, state: Mapping[str, Any], names: Mapping[int, str]) -> None:
    """Raises OptimizerStateError for the state of another optimizer, which torch would take or fail at later."""
    kind = type(optimizer).__name__
    groups, kept = state.get("param_groups"), state.get("state")
    if not isinstance(kept, Mapping) or not isinstance(groups, list):
        raise OptimizerStateError("it is no optimizer's state of torch, which has 'state' and 'param_groups'")
    sizes = [len(group["params"]) for group in groups], [len(group["params"]) for group in optimizer.param_groups]
    if sizes[0] != sizes[1]:
        raise OptimizerStateError(
            f"its groups have {sizes[0]} parameters, those of torch_optimizer ({kind}) {sizes[1]}: name in the pair "
            "file the model and the optimizer that it came from, which is given the parameters that are trained"
        )
    for mark, said in _MARKS.items():
        if mark in groups[0] and mark not in optimizer.defaults:
            raise OptimizerStateError(f"it is the state of {said}, and torch_optimizer gives {kind}: name the same")
    slots = _slots(optimizer)
    expected = {_NAMES[slot] for slot in slots}
    for numbers, parameters in zip(groups, optimizer.param_groups, strict=True):
        for number, parameter in zip(numbers["params"], parameters["params"], strict=True):
            entry = kept.get(number) or {}
            found = {name: value for name, value in entry.items() if value is not None}
            if _kind(optimizer) == "rmsprop":
                found.pop("step", None)
            if not found:
                continue
            name = names[id(parameter)]
            if set(found) != expected:
                raise OptimizerStateError(
                    f"it holds {', '.join(sorted(found))} of {name!r}, and torch_optimizer ({kind}) keeps "
                    f"{', '.join(sorted(expected)) or 'nothing'}: name in the pair file the optimizer that it came from"
                )
            arrays = {slot: np.asarray(found[_NAMES[slot]]) for slot in slots}
            portable.check({name: arrays}, {name: tuple(parameter.shape)}, kind, slots)


def plain(tree: Any) -> Any:
    """Tensors as arrays, whatever holds them."""
    if isinstance(tree, torch.Tensor):
        return to_array(tree)
    if isinstance(tree, Mapping):
        return {key: plain(item) for key, item in tree.items()}
    return type(tree)(plain(item) for item in tree) if isinstance(tree, list | tuple) else tree


def _with_tensors(tree: Any) -> Any:
    if isinstance(tree, np.ndarray):
        return to_tensor(tree)
    if isinstance(tree, Mapping):
        return {key: _with_tensors(item) for key, item in tree.items()}
    return type(tree)(_with_tensors(item) for item in tree) if isinstance(tree, list | tuple) else tree
