"""One side of a pair whose training is carried over: an optimizer's state out of torch's own form, or into it.

A file keeps an optimizer's state by the number of each parameter; here it is by the tensor's name in the inventory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from conformance.porting.backend import loaded, new
from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair
from conformance.transfer.kinds import SETTINGS, Kind
from conformance.transfer.schedules import epoch_of, require_watched, watched
from conformance.transfer.slots import OptimizerStateError, State
from conformance.transfer.trial import FACTORS, NEUTRAL, drawn, is_one_rate, require_same_tensors

from . import schedule as schedules
from .arrays import to_array, to_tensor
from .backend import BACKEND
from .held import exchangeable, require_fit
from .optimizer_state import (
    kind_of,
    learning_rate,
    load_optimizer_state,
    optimizer_state,
    set_learning_rate,
    set_settings,
    settings,
)

Place = tuple[str, str | None]
"""A file, and which part of it."""


def model_keys(pair: Pair) -> dict[str, Any]:
    """{"keys": {key of the state dict: tensor's name, or None}, "rest": {key: array} of those without a name}."""
    model = new(BACKEND, pair)
    names = {id(tensor): each.name for each, tensor in inventory(model)}
    kept = {key: value for key, value in model.state_dict(keep_vars=True).items() if isinstance(value, torch.Tensor)}
    keys = {key: names.get(id(tensor)) for key, tensor in kept.items()}
    return {"keys": keys, "rest": {key: plain(kept[key]) for key, name in keys.items() if name is None}}


def take_out(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    state: Mapping[str, Any],
    schedule: Mapping[str, Any] | None,
    own: bool,
    names: Mapping[str, str],
) -> dict[str, Any]:
    """What the pair's optimizer goes on with once it holds ``state``, and its next updates in float64.

    own: ``state`` is {"lr", "state"} of this project's checkpoint, by the model's names; else it is torch's. names:
    paddle's names of parameters, of which a torch file has none. Returns "kind", "lr", "state" (portable), "settings"
    by tensor, "schedule" (see :func:`_facts`), "clips", "exchangeable" (two parameters whose order the file does not
    tell), "gradients", and what :func:`_tried` says. Raises OptimizerStateError for the state of another optimizer.
    """
    model = pair.model("torch")
    optimizer = _optimizer(pair, model, None if own else state)
    named = _parameters(model)
    names_of = {id(tensor): name for name, tensor in named.items()}
    if own:
        set_learning_rate(optimizer, state["lr"])
        load_optimizer_state(optimizer, model.named_parameters(), state["state"])
    else:
        require_fit(optimizer, state, names_of)
        optimizer.load_state_dict(_with_tensors(state))
    kept = optimizer_state(optimizer, named.items())
    result = {**_told(optimizer, named), "state": kept, "clips": False}
    result["exchangeable"] = None if own or not kept else exchangeable(optimizer, state, names_of)

    def fill(other: torch.optim.Optimizer, parameters: Mapping[str, torch.Tensor]) -> Any:
        made = _schedule(other, schedule, None)
        if own:
            set_learning_rate(other, state["lr"])
            load_optimizer_state(other, parameters.items(), kept)
        else:
            other.load_state_dict(_with_tensors(state))
        if made is not None and schedule is not None:
            schedules.load(made, schedule)
        return made

    gradients = drawn({name: tuple(named[name].shape) for name in result["settings"]}, kept)
    tried, made = _tried(pair, values, fill, gradients, None if own else state)
    return {**result, "schedule": _facts(schedule, made), "gradients": gradients, **tried}


def put_in(
    pair: Pair,
    kind: str,
    state: State,
    wanted: Mapping[str, Mapping[str, Any]],
    lr: float,
    schedule: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The pair's optimizer with this portable state in torch's own form: {"native", "kind", "schedule", "rates"}.

    wanted: settings by tensor, with its ``factor``, which the groups are set to. Without "native" where the pair's is
    of another ``kind``. Raises OptimizerStateError where ``state`` does not fit, or its schedule is elsewhere.
    """
    model = pair.model("torch")
    optimizer, named = _optimizer(pair, model), _parameters(model)
    told = _told(optimizer, named)
    if told["kind"] != kind:
        return told
    require_same_tensors("torch", wanted, told["settings"])
    names = {id(tensor): name for name, tensor in named.items()}
    own = None if schedule is None else _placed(optimizer, names, schedule, wanted)
    set_settings(optimizer, names, {name: dict(each) for name, each in wanted.items()})
    load_optimizer_state(optimizer, named.items(), state)
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    written = None if own is None else schedules.state_of(own, optimizer)
    return {
        **told,
        "native": plain(optimizer.state_dict()),
        "schedule": written,
        "rates": rates,
        "rounded": _rounding(state, named),
    }


def _rounding(state: State, named: Mapping[str, torch.Tensor]) -> float:
    """The unit roundoff of the parameters' dtype, to which torch rounds a state that it loads; 0 where it has that."""
    wider = {
        named[name].dtype
        for name, arrays in state.items()
        for slot, array in arrays.items()
        if slot != "step" and array.dtype.itemsize > named[name].element_size() and array.dtype != np.float64
    }
    return max((torch.finfo(dtype).eps / 2 for dtype in wider), default=0.0)


def load(
    pair: Pair,
    weights: Place,
    optimizer: Place | None,
    schedule: Place | None,
    declared: Mapping[str, Any] | None,
    gradients: Mapping[str, np.ndarray],
    lr: float | None,
    losses: list[float] | None,
) -> dict[str, Any]:
    """What a new model, its optimizer and its schedule hold once they loaded files as a user would, and do next.

    "values"; with an optimizer "native", "state", "settings", "updates", "ahead" and "moved". declared: how a schedule
    is made where the pair file has none.
    """
    model = pair.model("torch")
    model.load_state_dict(_read(*weights))
    result: dict[str, Any] = {"values": {each.name: plain(tensor) for each, tensor in inventory(model)}}
    if optimizer is None:
        return result
    made, tree, named = _optimizer(pair, model), _read(*optimizer), _parameters(model)
    made.load_state_dict(tree)
    result |= {**_told(made, named), "native": plain(made.state_dict()), "clips": False}
    result["state"] = optimizer_state(made, named.items())
    of_schedule = None if schedule is None else _read(*schedule)

    def fill(other: torch.optim.Optimizer, parameters: Mapping[str, torch.Tensor]) -> Any:
        new = None if of_schedule is None else _schedule(other, of_schedule, declared)
        other.load_state_dict(tree)
        if new is not None:
            new.load_state_dict(of_schedule)
        return new

    tried, _ = _tried(pair, result["values"], fill, gradients, None, losses)
    return {**result, **tried}


def _tried(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    fill: Callable[[torch.optim.Optimizer, Mapping[str, torch.Tensor]], Any],
    gradients: Mapping[str, np.ndarray],
    state: Mapping[str, Any] | None,
    losses: list[float] | None = None,
) -> tuple[dict[str, Any], Any]:
    """Some updates in float64, and the rates over some steps of the schedule that ``fill`` gives.

    "ahead": {"rates": of each group after each step, "of": the group of each tensor}; "moved": what else changes.

    Settings that the frameworks place differently are left out of the update, and where paddle's kernel takes the
    settings in float32, so do these: what remains must agree.
    """
    model = loaded(BACKEND, pair, values, True, False)
    named = _parameters(model)
    names = {id(tensor): name for name, tensor in named.items()}
    optimizer = _optimizer(pair, model, state)
    schedule = fill(optimizer, named)
    kind = kind_of(optimizer)
    kept = [dict(group) for group in optimizer.param_groups]
    for group in optimizer.param_groups:
        _rounded(group, kind)
    updates = []
    for factor in FACTORS:
        before = {name: plain(named[name]) for name in gradients}
        for name, gradient in gradients.items():
            named[name].grad = torch.tensor(np.asarray(gradient, np.float64) * factor)
        optimizer.step()
        updates.append({name: plain(named[name]) - before[name] for name in gradients})
    for group, was in zip(optimizer.param_groups, kept, strict=True):
        group.update({key: was[key] for key in was if key != "params"})
    for tensor in named.values():
        tensor.grad = None
    groups = [group["params"] for group in optimizer.param_groups if group["params"]]
    of = {names[id(each)]: number for number, group in enumerate(groups) for each in group if id(each) in names}
    firsts = {id(group[0]): str(number) for number, group in enumerate(groups)}
    first, rates, moved = settings(optimizer, firsts), [], set()
    given = losses if losses is not None else None if schedule is None else schedules.trial(schedule)
    for _ in () if schedule is None else schedules.ahead(schedule, given):
        now = settings(optimizer, firsts)
        rates.append([each["lr"] for each in now.values()])
        moved |= {key for one, each in now.items() for key in each if key != "lr" and each[key] != first[one][key]}
    ahead = {"rates": rates, "of": {name: of[name] for name in gradients}}
    return {"updates": updates, "ahead": ahead, "moved": sorted(moved), "losses": given}, schedule


def _rounded(group: dict[str, Any], kind: Kind) -> None:
    for name in kind.settings:
        key = SETTINGS[name].torch
        if key is None:
            continue
        key = key.partition(".")[0]
        value = group.get(key)
        if name in kind.differs:
            group[key] = NEUTRAL
        elif kind.singles and isinstance(value, float):
            group[key] = float(np.float32(value))
        elif kind.singles and isinstance(value, tuple):
            group[key] = tuple(float(np.float32(each)) for each in value)


def _schedule(
    optimizer: torch.optim.Optimizer, state: Mapping[str, Any] | None, declared: Mapping[str, Any] | None
) -> Any:
    """The schedule of the pair file, or one of the class that the state tells, or one as it is declared."""
    if state is None:
        return None
    own = schedules.own_schedule(optimizer)
    if own is None and declared is not None:
        own = schedules.made_after(optimizer, declared)
    return own if own is not None else schedules.identified(optimizer, state)


def _facts(state: Mapping[str, Any] | None, made: Any) -> dict[str, Any] | None:
    """What the other side needs of a schedule: "epoch", "waits", and "held" of the losses; "known": whether it ran."""
    if state is None:
        return None
    held = {key: value for key, value in state.items() if isinstance(value, int | float)}
    return {
        "epoch": epoch_of(state),
        "held": held,
        "known": made is not None,
        "waits": made is not None and schedules.waits(made),
        "watched": watched(made),
        "name": "a schedule of functions" if made is None else f"torch's {type(made).__name__}",
    }


def _placed(
    optimizer: torch.optim.Optimizer,
    names: Mapping[int, str],
    schedule: Mapping[str, Any],
    wanted: Mapping[str, Mapping[str, Any]],
) -> Any:
    """The pair's schedule, or one as paddle's is, at the place that the file says; None where there is none."""
    factors = [_first(wanted, group, names) for group in optimizer.param_groups]
    own, declared = schedules.own_schedule(optimizer), schedule.get("declared")
    if own is None and declared is not None:
        for group, factor in zip(optimizer.param_groups, factors, strict=True):
            group["lr"] = declared["base"] * factor
        own = schedules.made_after(optimizer, declared)
    if own is None:
        for group, factor in zip(optimizer.param_groups, factors, strict=True):
            if schedule.get("base") is not None:
                group["initial_lr"] = schedule["base"] * factor
        return None
    require_watched(schedule, own, "torch")
    schedules.place(own, schedule["epoch"], schedule["held"])
    for number, group in enumerate(optimizer.param_groups):
        for parameter in group["params"]:
            given = wanted.get(names.get(id(parameter), ""), {})
            if given and not schedules.waits(own) and not is_one_rate(group["lr"], given["lr"], group["initial_lr"]):
                raise OptimizerStateError(
                    f"after {schedule['epoch']} steps the schedule of torch_optimizer gives group {number} the rate "
                    f"{group['lr']:g}, and paddle's {given['lr']:g}: give both the same schedule"
                )
    return own


def _first(wanted: Mapping[str, Mapping[str, Any]], group: Mapping[str, Any], names: Mapping[int, str]) -> float:
    found = [wanted[name]["factor"] for name in (names.get(id(each), "") for each in group["params"]) if name in wanted]
    return float(found[0]) if found else 1.0


def _read(path: str, part: str | None) -> Any:
    if path.endswith(".safetensors"):
        return load_file(path)
    tree = torch.load(path, weights_only=True)
    return tree if part is None else tree[part]


def _optimizer(pair: Pair, model: torch.nn.Module, state: Mapping[str, Any] | None = None) -> torch.optim.Optimizer:
    """The pair's optimizer of the parameters that are trained, or of all, where a file's groups are as large."""
    trained = [each for _, each in BACKEND.parameters(model)]
    made = BACKEND.optimizer(pair, trained)
    every = list(model.parameters())
    if state is not None and len(every) != len(trained) and _sizes(state) not in ([], _sizes(made.state_dict())):
        other = BACKEND.optimizer(pair, every)
        if _sizes(other.state_dict()) == _sizes(state):
            return other
    return made


def _sizes(state: Mapping[str, Any]) -> list[int]:
    groups = state.get("param_groups")
    return [len(group["params"]) for group in groups] if isinstance(groups, list) else []


def _told(optimizer: torch.optim.Optimizer, named: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    set_to = settings(optimizer, {id(tensor): name for name, tensor in named.items()})
    told = {name: {**each, "factor": 1.0} for name, each in set_to.items()}
    return {"kind": kind_of(optimizer).name, "lr": learning_rate(optimizer), "settings": told}


def _parameters(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {each.name: tensor for each, tensor in inventory(model) if each.trainable}


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
