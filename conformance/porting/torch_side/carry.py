"""One side of a pair whose training is carried over: an optimizer's state out of torch's own form, or into it.

A file keeps an optimizer's state by the number of each parameter; here it is by the tensor's name in the inventory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from conformance.porting.backend import loaded, new
from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair
from conformance.transfer import slots as portable
from conformance.transfer.kinds import KINDS, SETTINGS, Kind, expected, torch_keys
from conformance.transfer.schedules import epoch_of
from conformance.transfer.slots import OptimizerStateError, State
from conformance.transfer.trial import FACTORS, NEUTRAL, drawn, is_one_rate, require_same_tensors

from . import schedule as schedules
from .arrays import to_array, to_tensor
from .backend import BACKEND
from .optimizer_state import (
    kind_of,
    learning_rate,
    load_optimizer_state,
    optimizer_state,
    set_learning_rate,
    set_settings,
    settings,
)

_LATER = {"maximize"}
"""Settings that the optimizers of early releases lack, and later ones add when they load a state."""
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
    by tensor, "schedule" (see :func:`_facts`), "clips", "gradients", "updates", "ahead", "moved". Raises
    OptimizerStateError for the state of another optimizer.
    """
    model = pair.model("torch")
    optimizer = _optimizer(pair, model, None if own else state)
    named = _parameters(model)
    if own:
        set_learning_rate(optimizer, state["lr"])
        load_optimizer_state(optimizer, model.named_parameters(), state["state"])
    else:
        _check(optimizer, state, {id(tensor): name for name, tensor in named.items()})
        optimizer.load_state_dict(_with_tensors(state))
    kept = optimizer_state(optimizer, named.items())
    result = {**_told(optimizer, named), "state": kept, "clips": False}

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
    """Some updates in float64, and the settings over some steps of the schedule that ``fill`` gives.

    Settings that the frameworks place differently are left out of the update, and where paddle's kernel takes the
    settings in float32, so do these: what remains must agree.
    """
    model = loaded(BACKEND, pair, values, True, False)
    named = _parameters(model)
    names = {id(tensor): name for name, tensor in named.items()}
    optimizer = _optimizer(pair, model, state)
    schedule = fill(optimizer, named)
    first = settings(optimizer, names)
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
    ahead, moved = [], set()
    given = losses if losses is not None else None if schedule is None else schedules.trial(schedule)
    for _ in () if schedule is None else schedules.ahead(schedule, given):
        now = settings(optimizer, names)
        ahead.append({name: each["lr"] for name, each in now.items()})
        moved |= {key for name, each in now.items() for key in each if key != "lr" and each[key] != first[name][key]}
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


def _check(optimizer: torch.optim.Optimizer, state: Mapping[str, Any], names: Mapping[int, str]) -> None:
    """Raises OptimizerStateError for the state of another optimizer, which torch would take or fail at later."""
    name, kept, groups = type(optimizer).__name__, state.get("state"), state.get("param_groups")
    if not isinstance(kept, Mapping) or not isinstance(groups, list) or not all(map(_is_group, groups)):
        raise OptimizerStateError("it is no optimizer's state of torch, which has 'state' and 'param_groups'")
    own = optimizer.state_dict()["param_groups"]
    sizes = [len(group["params"]) for group in groups], [len(group["params"]) for group in own]
    if sizes[0] != sizes[1]:
        raise OptimizerStateError(
            f"its groups have {sizes[0]} parameters, those of torch_optimizer ({name}) {sizes[1]}: name in the pair "
            "file the model and the optimizer that it came from, which is given the parameters that are trained"
        )
    known = {key for kind in KINDS for key in torch_keys(kind)}
    if (known & set(groups[0])) - _LATER != (known & set(own[0])) - _LATER:
        sizes_of = {kind.torch: len(torch_keys(kind)) for kind in KINDS if torch_keys(kind) <= set(groups[0])}
        fits = [name for name, size in sizes_of.items() if size == max(sizes_of.values())]
        said = " or ".join(sorted(fits)) or "another optimizer"
        raise OptimizerStateError(f"it is the state of {said}, and torch_optimizer gives {name}: name the same")
    held = {number for group in groups for number in group["params"]}
    unknown = [number for number in kept if number not in held]
    if unknown:
        raise OptimizerStateError(f"it holds state of parameter {unknown[0]!r}, which is in none of its groups")
    for group, mine in zip(groups, optimizer.param_groups, strict=True):
        named = [names.get(id(parameter), "") for parameter in mine["params"]]
        _require_order(group, named)
        _check_group(optimizer, group, mine["params"], named, kept)


def _check_group(
    optimizer: torch.optim.Optimizer,
    group: Mapping[str, Any],
    parameters: Sequence[torch.Tensor],
    named: Sequence[str],
    kept: Mapping[Any, Any],
) -> None:
    kind = _kind_in(optimizer, group)
    needs = {slot.needs: bool(group.get(str(SETTINGS[slot.needs].torch))) for slot in kind.slots.values() if slot.needs}
    wanted = expected(kind, needs)
    keys = {slot: "step" if slot == "step" else kind.slots[slot].torch for slot in wanted}
    for number, parameter, name in zip(group["params"], parameters, named, strict=True):
        entry = kept.get(number) or {}
        found = {key: value for key, value in entry.items() if value is not None}
        for derived in ("mu_product", *(() if kind.counts else ("step",))):
            found.pop(derived, None)
        if not found:
            continue
        if set(found) != set(keys.values()):
            raise OptimizerStateError(
                f"it holds {', '.join(sorted(found))} of {name!r}, and torch_optimizer ({type(optimizer).__name__}) "
                f"keeps {portable.words(keys.values())}: name in the pair file the optimizer that it came from"
            )
        arrays = {slot: np.asarray(found[key]) for slot, key in keys.items()}
        portable.check({name: arrays}, {name: tuple(parameter.shape)}, kind.name, {name: wanted})


def _kind_in(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> Kind:
    """The kind that a file's group makes of the optimizer: of SGD, momentum or none."""
    own = kind_of(optimizer)
    if not isinstance(optimizer, torch.optim.SGD):
        return own
    wanted = "momentum" if group.get("momentum") else "sgd"
    return next(kind for kind in KINDS if kind.name == wanted)


def _require_order(group: Mapping[str, Any], named: Iterable[str]) -> None:
    """Where a file names its parameters, they are in the pair's order."""
    for given, name in zip(group.get("param_names") or (), named, strict=False):
        if name and given.removeprefix("module.") != name:
            raise OptimizerStateError(
                f"its groups have {given!r} where torch_optimizer has {name!r}: give it the parameters in that order"
            )


def _is_group(group: Any) -> bool:
    return isinstance(group, Mapping) and isinstance(group.get("params"), list | tuple)


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
