"""One side of a pair whose training is carried over: an optimizer's state out of paddle's own form, or into it.

A file keeps an optimizer's state by names that a counter of the process gave to the parameters; here it is by the
tensor's name in the inventory. Models are made as if nothing had been made before them, so that what is put in has the
names that a user's program gives, whose first layers are the model's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import paddle
from safetensors.paddle import load_file

from conformance.porting.backend import loaded, new
from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair
from conformance.transfer.kinds import SETTINGS
from conformance.transfer.saved import PADDLE_SCHEDULE
from conformance.transfer.schedules import declared as declaration
from conformance.transfer.schedules import epoch_of, require_watched, watched
from conformance.transfer.slots import OptimizerStateError, State
from conformance.transfer.trial import FACTORS, NEUTRAL, drawn, is_one_rate, require_alike, require_same_tensors

from . import schedule as schedules
from .arrays import to_array
from .backend import BACKEND
from .held import KEY, by_parameter, fill_accumulators, parameter_of
from .optimizer_state import (
    create_accumulators,
    dtype_of,
    factor,
    groups,
    kind_of,
    learning_rate,
    load_optimizer_state,
    optimizer_state,
    settings,
)

Place = tuple[str, str | None]
"""A file, and which part of it."""
_IGNORED = {"lr": "learning_rate, a factor of the optimizer's", "betas": "beta1 and beta2", "eps": "epsilon"}
"""Torch's words for a group, which paddle takes and ignores, and what it reads in their place."""


def model_keys(pair: Pair) -> dict[str, Any]:
    """{"keys": {key of the state dict: tensor's name, or None}, "rest": {key: array} of those without a name}.

    Also "names": keys by the names that paddle itself gives to the tensors.
    """
    model = new(BACKEND, pair)
    names = {id(tensor): each.name for each, tensor in inventory(model)}
    kept = model.state_dict()
    keys = {key: names.get(id(tensor)) for key, tensor in kept.items()}
    own = {tensor.name: key for key, tensor in reversed(kept.items())}
    rest = {key: plain(kept[key]) for key, name in keys.items() if name is None}
    return {"keys": keys, "rest": rest, "names": own}


def take_out(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    state: Mapping[str, Any],
    schedule: Mapping[str, Any] | None,
    own: bool,
    names: Mapping[str, str],
) -> dict[str, Any]:
    """What the pair's optimizer goes on with once it holds ``state``, and its next updates in float64.

    own: ``state`` is {"lr", "state"} of this project's checkpoint, by the model's names; else it is paddle's. names:
    paddle's name of each parameter by its key, where the file says it. Returns as torch's side does. Raises
    OptimizerStateError for the state of another optimizer.
    """
    with paddle.utils.unique_name.guard():
        model = pair.model("paddle")
        optimizer, named = _optimizer(pair, model), _parameters(model)
        _set_rate(optimizer, state["lr"] if own else None)
        made = _resumed(optimizer, schedule)
        if own:
            load_optimizer_state(optimizer, model.named_parameters(), state["state"])
        else:
            fill_accumulators(optimizer, by_parameter(optimizer, state), _named(model, names))
        kept = optimizer_state(optimizer, named.items())
    result = {**_told(optimizer, named), "state": kept, "clips": _clips(optimizer)}

    def fill(other: paddle.optimizer.Optimizer, parameters: Mapping[str, paddle.Tensor]) -> Any:
        _set_rate(other, state["lr"] if own else None)
        again = _resumed(other, schedule)
        load_optimizer_state(other, parameters.items(), kept)
        return again

    gradients = drawn({name: tuple(named[name].shape) for name in result["settings"]}, kept)
    tried = _tried(pair, values, fill, gradients)
    return {**result, "schedule": _facts(schedule, optimizer, made), "gradients": gradients, **tried}


def put_in(
    pair: Pair,
    kind: str,
    state: State,
    wanted: Mapping[str, Mapping[str, Any]],
    lr: float,
    schedule: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The pair's optimizer with this portable state in paddle's own form: {"native", "kind", "settings", "lr"}.

    wanted: settings by tensor, of which the rates alone are in paddle's state, and only where it has a schedule.
    "made": the rate that the pair's optimizer is made with. Without "native" where it is of another ``kind``. Raises
    OptimizerStateError where ``state`` does not fit, or its schedule is elsewhere.
    """
    with paddle.utils.unique_name.guard():
        model = pair.model("paddle")
        optimizer, named = _optimizer(pair, model), _parameters(model)
        made = learning_rate(optimizer)
        told = {**_told(optimizer, named), "made": made, "clips": _clips(optimizer)}
        own = schedules.own_schedule(optimizer)
        told["scheduled"] = own is not None
        if told["kind"] != kind:
            return told
        require_same_tensors("paddle", wanted, told["settings"])
        base = _base(optimizer, named, wanted, lr)
        _require_no_masters(optimizer, named)
        if own is not None and schedule is not None:
            require_watched(schedule, own, "paddle")
            schedules.place(own, schedule["epoch"], schedule["held"])
            first = float(getattr(own, "base_lr", 0.0))
            if not schedules.waits(own) and not is_one_rate(own.last_lr, base, first):
                raise OptimizerStateError(
                    f"after {schedule['epoch']} steps the schedule of paddle_optimizer has the rate {own.last_lr:g}, "
                    f"and the file {base:g}: give both the same schedule"
                )
        _set_rate(optimizer, base)
        told |= _told(optimizer, named)
        require_alike(wanted, told["settings"], told["ignored"])
        fresh: State = {name: {} for name in named if name in told["settings"]} if state else {}
        load_optimizer_state(optimizer, named.items(), _begun(optimizer, named, {**fresh, **state}))
        return {**told, "native": plain(optimizer.state_dict())}


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

    "values"; with an optimizer "native", "state", "settings", "updates", "ahead" and "moved". lr: the rate that a
    person has to make an optimizer with that has no schedule. Raises OptimizerStateError for keys that the model leaves
    alone.
    """
    with paddle.utils.unique_name.guard():
        model = pair.model("paddle")
        left = [key for keys in model.set_state_dict(_read(*weights)) for key in keys]
        if left:
            raise OptimizerStateError(f"paddle's set_state_dict leaves {left[0]!r} alone")
        result: dict[str, Any] = {"values": {each.name: plain(tensor) for each, tensor in inventory(model)}}
        if optimizer is None:
            return result
        made, tree, named = _optimizer(pair, model), _read(*optimizer), _parameters(model)
        _set_state(made, tree)
        if schedules.own_schedule(made) is None:
            _set_rate(made, lr)
        updated = {parameter_of(made, match[1]) for match in map(KEY.fullmatch, tree) if match}
        create_accumulators(made, [each for each in named.values() if each.name in updated])
        kept = optimizer_state(made, named.items())
        result |= {**_told(made, named), "native": plain(made.state_dict()), "state": kept, "clips": _clips(made)}

    def fill(other: paddle.optimizer.Optimizer, parameters: Mapping[str, paddle.Tensor]) -> Any:
        own = schedules.own_schedule(other)
        if own is None:
            _set_rate(other, lr)
        elif tree.get(PADDLE_SCHEDULE):
            own.set_state_dict(tree[PADDLE_SCHEDULE])
        load_optimizer_state(other, parameters.items(), kept)
        return own

    return {**result, **_tried(pair, result["values"], fill, gradients, losses)}


def _tried(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    fill: Callable[[paddle.optimizer.Optimizer, Mapping[str, paddle.Tensor]], Any],
    gradients: Mapping[str, np.ndarray],
    losses: list[float] | None = None,
) -> dict[str, Any]:
    """Some updates in float64, and the settings over some steps of the schedule: see torch's side.

    Without clipping, which torch's optimizers leave to the program around them.
    """
    with paddle.utils.unique_name.guard():
        model = loaded(BACKEND, pair, values, True, False)
        named, optimizer = _parameters(model), _optimizer(pair, model)
        kind = kind_of(optimizer)
        optimizer._grad_clip = None
        for group in groups(optimizer) if isinstance(optimizer._param_groups[0], dict) else ():
            group["grad_clip"] = None
            group.update({str(SETTINGS[name].paddle): NEUTRAL for name in kind.differs})
        for name in kind.differs:
            optimizer._default_dict[str(SETTINGS[name].paddle)] = NEUTRAL
            setattr(optimizer, f"_{SETTINGS[name].paddle}", NEUTRAL)
        schedule = fill(optimizer, named)
        updates = []
        for times in FACTORS:
            before = {name: plain(named[name]) for name in gradients}
            for name, gradient in gradients.items():
                named[name].grad = paddle.to_tensor(np.asarray(gradient, np.float64) * times)
            optimizer.step()
            updates.append({name: plain(named[name]) - before[name] for name in gradients})
        for tensor in named.values():
            tensor.clear_gradient(False)
        factors = {name: factor(optimizer, named[name]) for name in gradients}
        kinds = list(dict.fromkeys(factors.values()))
        given = losses if losses is not None else None if schedule is None else schedules.trial(schedule)
        rates = []
        for _ in () if schedule is None else schedules.ahead(schedule, given):
            now = learning_rate(optimizer)
            rates.append([now * each for each in kinds])
    ahead = {"rates": rates, "of": {name: kinds.index(each) for name, each in factors.items()}}
    return {"updates": updates, "ahead": ahead, "moved": [], "losses": given}


def _resumed(optimizer: paddle.optimizer.Optimizer, state: Mapping[str, Any] | None) -> Any:
    """The schedule of the optimizer where the file says that it is.

    Stepped there from its beginning, since not every schedule of paddle's saves all that its place is; or loaded, where
    it waits for the loss, or where steps do not lead to the rate that the file has.
    """
    own = schedules.own_schedule(optimizer)
    if state is None:
        return own
    if own is None:
        rate = state.get("last_lr")
        _set_rate(optimizer, rate if isinstance(rate, float) else None)
        return None
    rate = state.get("last_lr", state.get("lr", own.last_lr))
    if not schedules.waits(own):
        schedules.place(own, int(epoch_of(state) or 0), state)
        if is_one_rate(own.last_lr, rate, own.base_lr):
            return own
    try:
        own.set_state_dict(dict(state))
    except (RuntimeError, KeyError) as error:
        raise OptimizerStateError(
            f"the schedule's state is not one of paddle's {type(own).__name__}, which paddle_optimizer has: {error}"
        ) from None
    return own


def _facts(state: Mapping[str, Any] | None, optimizer: paddle.optimizer.Optimizer, made: Any) -> dict[str, Any] | None:
    """What the other side needs of a schedule: see torch's; and how torch makes it, where it has one like it."""
    if state is None:
        return None
    held = {key: value for key, value in state.items() if value is None or isinstance(value, int | float)}
    return {
        "epoch": epoch_of(state),
        "held": held,
        "known": made is not None,
        "waits": made is not None and schedules.waits(made),
        "watched": watched(made),
        "name": "a schedule that paddle_optimizer has not" if made is None else f"paddle's {type(made).__name__}",
        "base": None if made is None else float(made.base_lr),
        "functions": made is not None and hasattr(made, "lr_lambda"),
        "declared": None if made is None else declaration(made),
    }


def _require_no_masters(optimizer: paddle.optimizer.Optimizer, named: Mapping[str, paddle.Tensor]) -> None:
    """Raises OptimizerStateError where it would go on from float32 copies of the weights, which torch's has not."""
    half = [name for name, tensor in named.items() if dtype_of(tensor).itemsize < 4]
    if half and getattr(optimizer, "_multi_precision", False):
        raise OptimizerStateError(
            f"paddle_optimizer keeps master weights in float32 of {half[0]!r}, and torch's file has none: make it "
            "without multi_precision, or both models in float32"
        )


def _base(
    optimizer: paddle.optimizer.Optimizer,
    named: Mapping[str, paddle.Tensor],
    wanted: Mapping[str, Mapping[str, Any]],
    lr: float,
) -> float:
    """The optimizer's rate by which each parameter has the one that the file gives it.

    Raises OptimizerStateError where there is none, since paddle's factors are of the program and not of the file.
    """
    bases: dict[str, float] = {}
    for name, each in wanted.items():
        if name in named:
            own = factor(optimizer, named[name])
            bases[name] = each["lr"] / own if own else each["lr"]
    first = next(iter(bases), None)
    if first is None:
        return lr
    for name, base in bases.items():
        if not is_one_rate(base, bases[first]):
            raise OptimizerStateError(
                f"its rates are {wanted[first]['lr']:g} of {first!r} and {wanted[name]['lr']:g} of {name!r}, and "
                f"paddle_optimizer multiplies its own by {factor(optimizer, named[first]):g} and "
                f"{factor(optimizer, named[name]):g}: a group's 'learning_rate' is a factor in paddle; make it "
                f"{wanted[name]['lr'] / wanted[first]['lr'] * factor(optimizer, named[first]):g} there"
                f"{_ignored(optimizer)}"
            )
    exact = [base for base in bases.values() if base == lr]
    return lr if exact else bases[first]


def _ignored(optimizer: paddle.optimizer.Optimizer) -> str:
    found = {key for group in groups(optimizer) for key in group if key in _IGNORED}
    return "".join(f" (paddle ignores {key!r} in a group, and reads {_IGNORED[key]})" for key in sorted(found))


def _begun(optimizer: paddle.optimizer.Optimizer, named: Mapping[str, paddle.Tensor], state: State) -> State:
    """The state, with that of a new optimizer for parameters without one.

    Paddle refuses an update of a parameter that a loaded state leaves out.
    """
    kept = {name: arrays for name, arrays in state.items() if arrays}
    create_accumulators(optimizer, [named[name] for name in state])
    return kept


def _read(path: str, part: str | None) -> Any:
    if path.endswith(".safetensors"):
        return load_file(path)
    tree = paddle.load(path)
    return tree if part is None else tree[part]


def _set_state(optimizer: paddle.optimizer.Optimizer, tree: Mapping[str, Any]) -> None:
    """As a user does. Raises OptimizerStateError for what paddle refuses."""
    try:
        optimizer.set_state_dict(dict(tree))
    except (AssertionError, RuntimeError, KeyError) as error:
        raise OptimizerStateError(f"paddle's set_state_dict refuses the optimizer's state: {error}") from None


def _told(optimizer: paddle.optimizer.Optimizer, named: Mapping[str, paddle.Tensor]) -> dict[str, Any]:
    set_to = settings(optimizer, {id(tensor): name for name, tensor in named.items()})
    told = {name: {**each, "factor": factor(optimizer, named[name])} for name, each in set_to.items()}
    return {
        "kind": kind_of(optimizer).name,
        "lr": learning_rate(optimizer),
        "settings": told,
        "ignored": _ignored(optimizer),
    }


def _optimizer(pair: Pair, model: paddle.nn.Layer) -> paddle.optimizer.Optimizer:
    made: paddle.optimizer.Optimizer = BACKEND.optimizer(pair, [each for _, each in BACKEND.parameters(model)])
    return made


def _parameters(model: paddle.nn.Layer) -> dict[str, paddle.Tensor]:
    return {each.name: tensor for each, tensor in inventory(model) if each.trainable}


def _clips(optimizer: paddle.optimizer.Optimizer) -> bool:
    return optimizer._grad_clip is not None or any(group.get("grad_clip") is not None for group in groups(optimizer))


def _set_rate(optimizer: paddle.optimizer.Optimizer, lr: float | None) -> None:
    own = schedules.own_schedule(optimizer)
    if lr is not None and own is not None:
        own.last_lr = float(lr)
    elif lr is not None:
        optimizer.set_lr(float(lr))


def _named(model: paddle.nn.Layer, names: Mapping[str, str]) -> dict[str, paddle.Tensor]:
    """The trained parameters by the names that a file has for them."""
    trained = {id(tensor): tensor for tensor in _parameters(model).values()}
    if not names:
        return {tensor.name: tensor for tensor in trained.values()}
    kept = model.state_dict()
    return {name: kept[key] for key, name in names.items() if key in kept and id(kept[key]) in trained}


def plain(tree: Any) -> Any:
    """Tensors as arrays, whatever holds them."""
    if isinstance(tree, paddle.Tensor):
        return to_array(tree)
    if isinstance(tree, Mapping):
        return {key: plain(item) for key, item in tree.items()}
    return type(tree)(plain(item) for item in tree) if isinstance(tree, list | tuple) else tree
