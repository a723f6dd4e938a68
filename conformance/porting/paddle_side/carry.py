"""One side of a pair whose training is carried over: an optimizer's state out of paddle's own form, or into it.

A file keeps an optimizer's state by names that a counter of the process gave to the parameters; here it is by the
tensor's name in the inventory. Models are made as if nothing had been made before them, so that what is put in has the
names that a user's program gives, whose first layers are the model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import paddle
from safetensors.paddle import load_file

from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair
from conformance.transfer.slots import OptimizerStateError, State

from .arrays import to_array
from .backend import BACKEND
from .optimizer_state import (
    _KEY,
    _accumulators,
    _create_accumulators,
    _dtype,
    learning_rate,
    load_optimizer_state,
    optimizer_state,
)
from .settings import settings as _settings

SCHEDULE = "LR_Scheduler"
Accumulators = dict[str, dict[str, np.ndarray]]


def model_keys(pair: Pair) -> dict[str, Any]:
    """{"keys": {key of the state dict: tensor's name, or None}, "rest": {key: array} of those without a name}."""
    model = pair.model("paddle")
    names = {id(tensor): each.name for each, tensor in inventory(model)}
    kept = model.state_dict()
    keys = {key: names.get(id(tensor)) for key, tensor in kept.items()}
    return {"keys": keys, "rest": {key: plain(kept[key]) for key, name in keys.items() if name is None}}


def take_out(pair: Pair, state: Mapping[str, Any], own: bool, names: Mapping[str, str]) -> dict[str, Any]:
    """The portable state of the pair's optimizer once it holds ``state``: {"state", "lr", "rates", "kind", "settings"}.

    own: ``state`` is {"lr", "state"} of this project's checkpoint, by the model's names; else it is paddle's. names:
    paddle's name of each parameter by its key, where the file says it. Raises OptimizerStateError for the state of
    another optimizer.
    """
    with paddle.utils.unique_name.guard():
        model = pair.model("paddle")
        optimizer = BACKEND.optimizer(pair, [each for _, each in BACKEND.parameters(model)])
        if own:
            _set_rate(optimizer, state["lr"])
            load_optimizer_state(optimizer, model.named_parameters(), state["state"])
        else:
            _set_rate(optimizer, (state.get(SCHEDULE) or {}).get("last_lr"))
            _fill(optimizer, _sorted(optimizer, state), _named(model, names))
        return {"state": optimizer_state(optimizer, _parameters(model).items()), **_told(optimizer)}


def put_in(pair: Pair, kind: str, state: State, lr: float, schedule: Mapping[str, Any] | None) -> dict[str, Any]:
    """The pair's optimizer with this portable state in paddle's own form: {"native", "rates", "kind", "settings"}.

    Without "native" where the pair's is of another ``kind``. Raises OptimizerStateError where ``state`` does not fit.
    """
    with paddle.utils.unique_name.guard():
        model = pair.model("paddle")
        optimizer = BACKEND.optimizer(pair, [each for _, each in BACKEND.parameters(model)])
        told = _told(optimizer)
        if told["kind"] != kind:
            return told
        _set_rate(optimizer, lr)
        load_optimizer_state(optimizer, _parameters(model).items(), state)
        return {"native": plain(optimizer.state_dict()), **told}


def load(pair: Pair, weights: tuple[str, str | None], optimizer: tuple[str, str | None] | None) -> dict[str, Any]:
    """What a new model, and its optimizer, hold once they loaded files as a user would: {"values", "native"}.

    weights, optimizer: a file that this project wrote, and which part of it. Raises OptimizerStateError for keys that
    the model leaves alone.
    """
    with paddle.utils.unique_name.guard():
        model = pair.model("paddle")
        left = [key for keys in model.set_state_dict(_read(*weights)) for key in keys]
        if left:
            raise OptimizerStateError(f"paddle's set_state_dict leaves {left[0]!r} alone")
        result: dict[str, Any] = {"values": {each.name: plain(tensor) for each, tensor in inventory(model)}}
        if optimizer is not None:
            made, state = BACKEND.optimizer(pair, [each for _, each in BACKEND.parameters(model)]), _read(*optimizer)
            made.set_state_dict(state)
            updated = {match[1] for match in map(_KEY.fullmatch, state) if match}
            _create_accumulators(made, [each for each in _parameters(model).values() if each.name in updated])
            result["native"] = plain(made.state_dict())
        return result


def _read(path: str, part: str | None) -> Any:
    if path.endswith(".safetensors"):
        return load_file(path)
    tree = paddle.load(path)
    return tree if part is None else tree[part]


def _told(optimizer: paddle.optimizer.Optimizer) -> dict[str, Any]:
    settings = _settings(optimizer)
    groups = optimizer._param_groups
    scales = [group.get("learning_rate", 1.0) for group in groups if isinstance(group, dict)] or [1.0]
    lr = learning_rate(optimizer)
    told = {"lr": lr, "rates": [lr * scale for scale in scales], "kind": settings["kind"], "settings": settings}
    schedule = optimizer._learning_rate
    if isinstance(schedule, paddle.optimizer.lr.LRScheduler):
        told["base_lr"] = float(schedule.base_lr)
    return told


def _parameters(model: paddle.nn.Layer) -> dict[str, paddle.Tensor]:
    return {each.name: tensor for each, tensor in inventory(model) if each.trainable}


def _set_rate(optimizer: paddle.optimizer.Optimizer, lr: float | None) -> None:
    if lr is not None and isinstance(optimizer._learning_rate, paddle.optimizer.lr.LRScheduler):
        optimizer._learning_rate.last_lr = float(lr)
    elif lr is not None:
        optimizer.set_lr(float(lr))


def _named(model: paddle.nn.Layer, names: Mapping[str, str]) -> dict[str, paddle.Tensor]:
    """The trained parameters by the names that a file has for them."""
    trained = {id(tensor): tensor for tensor in _parameters(model).values()}
    if not names:
        return {tensor.name: tensor for tensor in trained.values()}
    kept = model.state_dict()
    return {name: kept[key] for key, name in names.items() if key in kept and id(kept[key]) in trained}


def _sorted(optimizer: paddle.optimizer.Optimizer, state: Mapping[str, Any]) -> Accumulators:
    """The arrays of a file by parameter and accumulator."""
    found: Accumulators = {}
    for key, value in state.items():
        if key == SCHEDULE or (key == "master_weights" and not value):
            continue
        match = _KEY.fullmatch(key)
        if match is None or not isinstance(value, np.ndarray):
            kind = type(optimizer).__name__
            raise OptimizerStateError(f"it holds {key!r}, which no {kind} of paddle keeps that can be carried")
        found.setdefault(match[1], {})[match[2]] = value
    return found


def _fill(optimizer: paddle.optimizer.Optimizer, given: Accumulators, parameters: Mapping[str, paddle.Tensor]) -> None:
    """Raises OptimizerStateError for the state of another optimizer, which paddle would take or fail at later."""
    strange = [name for name in given if name not in parameters]
    if strange:
        known = ", ".join(sorted(parameters)[:3])
        raise OptimizerStateError(
            f"it holds state of {strange[0]!r}, and the trained parameters of paddle_model are called {known} and so "
            "on: the names depend on what was made before, so save the model in the same run, with paddle.save, "
            "which writes them down"
        )
    _create_accumulators(optimizer, [parameters[name] for name in given])
    kept = _accumulators(optimizer)
    kind = type(optimizer).__name__
    for name, arrays in given.items():
        tensors = kept.get(parameters[name].name, {})
        if set(tensors) != set(arrays):
            raise OptimizerStateError(
                f"it holds {', '.join(sorted(arrays))} of {name!r}, and paddle_optimizer ({kind}) keeps "
                f"{', '.join(sorted(tensors)) or 'nothing'}: name in the pair file the optimizer that it came from"
            )
        for accumulator, array in arrays.items():
            shape = tuple(tensors[accumulator].shape)
            if array.shape != shape:
                raise OptimizerStateError(
                    f"its {accumulator} of {name!r} has shape {array.shape}, the parameter needs {shape}"
                )
            tensors[accumulator].set_value(np.asarray(array, _dtype(tensors[accumulator])))


def plain(tree: Any) -> Any:
    """Tensors as arrays, whatever holds them."""
    if isinstance(tree, paddle.Tensor):
        return to_array(tree)
    if isinstance(tree, Mapping):
        return {key: plain(item) for key, item in tree.items()}
    return type(tree)(plain(item) for item in tree) if isinstance(tree, list | tuple) else tree
