"""What a transfer will write: which tensor goes where, and what of the optimizer and the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from conformance.lanes import CallError, Lane, LaneError
from conformance.lanes.spec import SpecError
from conformance.porting import calls
from conformance.porting.check import Array, PairDivergence, Port, Side
from conformance.porting.matching import Matching
from conformance.porting.pair import PairError
from conformance.transfer import TransferError, dtypes, saved, scaler
from conformance.transfer.carried import by_tensor, carried, carried_state, misfit, some, special, state_dict
from conformance.transfer.checkpoint import Checkpoint
from conformance.transfer.prefixes import unwrapped
from conformance.transfer.request import Request
from conformance.transfer.saved import PADDLE_SCHEDULE
from conformance.transfer.schedules import held_in
from conformance.transfer.slots import OptimizerStateError
from conformance.transfer.training import (
    Training,
    alone,
    by_target,
    native_schedule,
    settings_by_target,
    tell,
)

MASTERS = "master_weights"
OTHER = {"torch": "paddle", "paddle": "torch"}
TOLD = (PairError, TransferError, OptimizerStateError, LaneError, SpecError)
"""Bad input: one sentence each, which is all that a person needs."""


class CarryError(RuntimeError):
    """What was written is not what was meant; nothing of it is kept."""


@dataclass
class Model:
    """One side: its tensors, and the keys of its state dict."""

    side: Side
    keys: dict[str, str | None]
    rest: dict[str, Array]
    names: dict[str, str] = field(default_factory=dict)
    """Keys of the state dict by the names that paddle gave to its tensors."""

    @property
    def framework(self) -> str:
        """Its framework."""
        return self.side.lane.spec.framework


@dataclass
class Plan:
    """What goes where, before anything is written.

    values: by the name of a tensor of the model that is key. trees: what each file will hold, by path. weights,
    optimizer, schedule: the file, and the part of it, that each is loaded from. runs: whether the models have values,
    and can run. unproven: what no trial can show.
    """

    source: Model
    target: Model
    matching: Matching
    values: dict[str, dict[str, Array]]
    notes: list[str] = field(default_factory=list)
    trees: dict[Path, dict[str, Any]] = field(default_factory=dict)
    weights: tuple[Path, str | None] | None = None
    optimizer: tuple[Path, str | None] | None = None
    schedule: tuple[Path, str | None] | None = None
    training: Training | None = None
    runs: bool = True
    unproven: list[str] = field(default_factory=list)
    copies: dict[str, dict[str, Array]] = field(default_factory=dict)


def planned(request: Request, found: Checkpoint, port: Port, built: tuple[Model, Model] | None = None) -> Plan:
    """Everything that is known before something is written. built: both models where they are without values."""
    models = built or tuple(Model(side, **ask(port, side.lane, "model_keys")) for side in port.sides)
    found, notes = _by_own_names(found, models)
    source = _source(request, found, models)
    target = models[1] if source is models[0] else models[0]
    _require_target(request, target.framework)
    if request.optimizer is not None:
        found = replace(found, optimizer=saved.read_optimizer(request.optimizer, source.framework))
    found, masters = _with_masters(found, source)
    notes += masters
    problem = misfit(found.weights, source.keys, source.side.values, source.rest)
    if problem:
        raise TransferError(f"{found.path} does not fit {source.framework}_model of {request.pair}: {problem}")
    try:
        matching = port.complete_matching
    except PairDivergence as error:
        raise PairError(f"{request.pair}: {' '.join(str(error).split())}") from None
    _require_one_dtype(matching, request)
    values, cast = by_tensor(found.weights, source.keys, source.side.values, source.framework)
    both = {source.framework: values, target.framework: carried(values, matching.matches, target.framework)}
    plan = Plan(source, target, matching, both, [*notes, *cast, *special(values), *_only(source, target)])
    plan.runs = built is None
    _place(request, found, plan, port)
    return plan


def ask(port: Port, lane: Lane, what: str, **how: Any) -> Any:
    """What a function of the lane's ``carry``, or of the module that ``what`` names, returns.

    Raises the errors of :data:`TOLD` as they were.
    """
    try:
        name = what if "." in what else f"carry.{what}"
        return lane.answer(calls.begin(lane, name, **port.common_data, how=how))
    except CallError as error:
        if error.died:
            raise LaneError(f"the lane {lane.label} {error.text}") from None
        known = {each.__name__: each for each in TOLD}
        where = f"{port.path}: {lane.spec.framework}_model failed on {lane.label}: {error}"
        raise (known[error.kind](error.text) if error.kind in known else PairError(where)) from None


def _by_own_names(found: Checkpoint, models: Sequence[Model]) -> tuple[Checkpoint, list[str]]:
    """A checkpoint by the models' names, without what wrappers put before them, and what was read of it in words."""
    given = {model.framework: model for model in models}
    likely = [given[found.framework]] if found.framework else models
    notes = list(found.notes)
    own = {name: key for model in likely for name, key in model.names.items()}
    if found.path.suffix.lower() == ".pdiparams" and not any(set(found.weights) <= set(each.keys) for each in likely):
        if not set(found.weights) <= set(own):
            strange = [name for name in found.weights if name not in own]
            raise TransferError(
                f"{found.path} calls its parameters {some(strange)}, as they were numbered when it was made, and "
                f"paddle_model has {some(list(own))}: save model.state_dict() with paddle.save, which writes the keys"
            )
        found = replace(found, weights={own[name]: value for name, value in found.weights.items()})
    keys = [list(model.keys) for model in likely]
    names, removed = unwrapped(found.weights, keys)
    ema = {}
    for part, state in found.ema.items():
        renamed, _ = unwrapped(state, keys)
        ema[part] = {name: state[key] for key, name in renamed.items()}
    if removed:
        notes.append(f"left out of the names in {found.path.name}: {', '.join(map(repr, removed))}")
    left = [key for key in found.weights if key not in names]
    notes += [f"left out: {', '.join(left)}"] if left else []
    weights = {name: found.weights[key] for key, name in names.items()}
    by_key = {names[key]: name for key, name in found.names.items() if key in names}
    return replace(found, weights=weights, ema=ema, names=by_key), notes


def _with_masters(found: Checkpoint, source: Model) -> tuple[Checkpoint, list[str]]:
    """A checkpoint whose weights are the float32 ones that paddle's optimizer keeps of a model in half precision.

    Raises OptimizerStateError where the pair's model cannot hold them.
    """
    masters = found.optimizer.get(MASTERS) if isinstance(found.optimizer, Mapping) else None
    if not masters or source.framework != "paddle":
        return found, []
    own = {name: key for key, name in found.names.items()} or source.names
    weights = dict(found.weights)
    for name, array in masters.items():
        key = own.get(name)
        if key not in weights:
            raise OptimizerStateError(f"{found.path} holds master weights of {name!r}, which is none of its weights")
        tensor = source.keys.get(key)
        if tensor is not None and source.side.values[tensor].dtype != np.asarray(array).dtype:
            raise OptimizerStateError(
                f"{found.path} holds {np.asarray(array).dtype} master weights, which torch's optimizers do not: make "
                f"both models of the pair in {np.asarray(array).dtype}, so that the master weights are the weights"
            )
        _require_rounded(np.asarray(weights[key]), np.asarray(array), key, found.path)
        weights[key] = array
    state = {key: value for key, value in found.optimizer.items() if key != MASTERS}
    dtype = np.asarray(next(iter(masters.values()))).dtype
    note = f"the weights are the optimizer's master weights, in {dtype}: {len(masters)} tensors"
    return replace(found, weights=weights, optimizer=state), [note]


def _require_rounded(held: Array, master: Array, key: str, path: Path) -> None:
    """Raises OptimizerStateError for master weights that are not the weights, which paddle rounds them to."""
    rounded = np.asarray(dtypes.meant(held, master.dtype, repr(key)), np.float64)
    unit = 2.0**-7 * np.abs(np.asarray(master, np.float64)) + 2.0**-24  # one place of bfloat16, the least of float16
    if rounded.shape != master.shape or (np.abs(rounded - master) > unit).any():
        raise OptimizerStateError(
            f"{path} holds master weights of {key!r} that are not its weights before they were rounded: the weights "
            "and the optimizer's state are of different runs, or steps; save both at once"
        )


def _source(request: Request, found: Checkpoint, models: tuple[Model, ...]) -> Model:
    """The side that a file is of: as its suffix says, or for .safetensors, as names and shapes say.

    Where these fit both models, what the file says of itself decides, or else what the target is not.
    """
    by_name = {model.framework: model for model in models}
    if found.framework is not None:
        return by_name[found.framework]
    wanted = saved.framework_of(request.target)
    fits = [each for each in models if not misfit(found.weights, each.keys, each.side.values, each.rest)]
    if len(fits) == 1:
        return fits[0]
    likely = found.label if fits and found.label else OTHER.get(wanted or "")
    if likely is not None:
        return by_name[likely]
    if not fits:
        problem = misfit(found.weights, models[0].keys, models[0].side.values, models[0].rest)
        raise TransferError(f"{found.path} fits neither model of {request.pair}; as for torch_model: {problem}")
    raise TransferError(
        f"{found.path} fits both models of {request.pair} by names and shapes and does not say whose it is: "
        "name a target that is .pth or .pdparams"
    )


def _require_target(request: Request, framework: str) -> None:
    for path in (request.target, request.optimizer_to):
        if path is not None and saved.framework_of(path) not in (None, framework):
            raise TransferError(
                f"{request.source} and {path} are both of {OTHER[framework]}; transfer goes from one framework to the "
                f"other: name {path.with_suffix('.pth' if framework == 'torch' else '.pdparams').name}"
            )


def _require_one_dtype(matching: Matching, request: Request) -> None:
    for each in matching.matches:
        if each.torch.dtype != each.paddle.dtype:
            raise PairError(
                f"{request.pair}: {each.torch.name} is {each.torch.dtype} in torch_model, {each.paddle.name} is "
                f"{each.paddle.dtype} in paddle_model; give both one dtype"
            )


def _only(source: Model, target: Model) -> list[str]:
    """Sentences about what one of the frameworks has only: torch counts the batches of a batch norm."""
    sides = ((source, target, "left out"), (target, source, "as in a new model"))
    return [f"{some(list(one.rest))}: not in {other.framework}, {what}" for one, other, what in sides if one.rest]


def _place(request: Request, found: Checkpoint, plan: Plan, port: Port) -> None:
    """What each file will hold."""
    target = plan.target
    weights = state_dict(plan.values[target.framework], target.keys, target.rest)
    plan.trees[request.target], plan.weights = weights, (request.target, None)
    bare = request.target.suffix.lower() == ".safetensors"
    schedule = None if bare and not request.optimizer_to else _training(request, found, plan, port)
    native = None if plan.training is None else plan.training.native
    apart = native if request.optimizer_to is not None else None
    if bare:
        kept = {"weights", *(("optimizer", "schedule") if apart else ())}
        lost = [*(key for name, key in found.parts.items() if name not in kept), *found.others, *found.ema]
        plan.notes += [f"left out, since .safetensors holds weights alone: {', '.join(lost)}"] if lost else []
    elif not found.bare:
        parts = {
            "optimizer": native if apart is None else None,
            "schedule": schedule,
            "scaler": _scaler(found, plan),
            **_averages(found, plan),
        }
        tree = found.mirrored(weights, **parts)
        plan.trees[request.target] = tree
        where = {name: found.parts.get(name, usual) for name, usual in _USUAL.items()}
        plan.weights = (request.target, where["weights"])
        plan.optimizer = (request.target, where["optimizer"]) if native is not None and apart is None else None
        plan.schedule = (request.target, where["schedule"]) if schedule is not None else None
        plan.notes += _passed(found, plan.source.framework)
    if request.optimizer_to is not None and apart is not None:
        if schedule is not None and target.framework == "torch":
            apart, plan.schedule = {**apart, "scheduler": schedule}, (request.optimizer_to, "scheduler")
            plan.notes.append(f"the schedule's state is at 'scheduler' in {request.optimizer_to}")
        plan.trees[request.optimizer_to], plan.optimizer = apart, (request.optimizer_to, None)


_USUAL = {"weights": "model", "optimizer": "optimizer", "schedule": "scheduler"}


def _passed(found: Checkpoint, framework: str) -> list[str]:
    others = found.others
    told = [f"carried as it is: {', '.join(others)}"] if others else []
    arrays = [key for key, value in others.items() if saved.has_arrays(value)]
    return told + [f"the arrays in {', '.join(arrays)} stay in {framework}'s layout and names"] * bool(arrays)


def _scaler(found: Checkpoint, plan: Plan) -> dict[str, Any] | None:
    """The state of the loss scaler, in the target's words."""
    if found.scaler is None:
        return None
    made = scaler.carried(found.path, found.scaler, plan.source.framework)
    plan.notes.append(f"loss scaler: {scaler.told(made, plan.target.framework)}")
    plan.unproven.append("the loss scaler, which both frameworks switch off without a GPU")
    return made


def _averages(found: Checkpoint, plan: Plan) -> dict[str, Any]:
    """Averaged copies of the weights, which are carried as the weights are."""
    source, target, carried_copies = plan.source, plan.target, {}
    for key, held in found.ema.items():
        problem = misfit(held, source.keys, source.side.values, source.rest)
        if problem:
            raise TransferError(
                f"{key!r} in {found.path} is no averaged copy of the weights: {problem}; save it without the key, or "
                "transfer it alone, as a file of its own"
            )
        values, cast = by_tensor(held, source.keys, source.side.values, source.framework, as_kept=True)
        moved = carried(values, plan.matching.matches, target.framework)
        plan.copies[key] = moved
        carried_copies[key] = state_dict(moved, target.keys, target.rest)
        plan.notes += [f"carried as the weights are: {key}", *cast]
    return carried_copies


def _training(request: Request, found: Checkpoint, plan: Plan, port: Port) -> dict[str, Any] | None:
    """Plan the optimizer's state, and return the schedule's in the target's own form; None where there is none."""
    source, target = plan.source, plan.target
    path, state = request.optimizer or found.path, found.optimizer
    schedule = held_in(path, found.schedule, state)
    if state is None:
        if request.optimizer_to is not None:
            raise TransferError(f"{found.path} holds no optimizer's state for --optimizer-to; give it by --optimizer")
        if schedule is None:
            return None
        plan.unproven.append("the schedule, without its optimizer")
        return alone(schedule, target.framework)
    if source.framework == "torch":
        state = {key: value for key, value in state.items() if key in ("state", "param_groups", "lr")}
    own = found.own and request.optimizer is None
    matches = plan.matching.matches
    try:
        how = {"values": plan.values[source.framework], "state": state, "schedule": schedule}
        taken = ask(port, source.side.lane, "take_out", **how, own=own, names=dict(found.names))
        moved = carried_state(taken["state"], matches, target.framework)
        wanted = settings_by_target(taken["settings"], matches, target.framework)
        facts = taken["schedule"]
        given = {"kind": taken["kind"], "state": moved, "wanted": wanted, "lr": taken["lr"], "schedule": facts}
        made = ask(port, target.side.lane, "put_in", **given)
        if made["kind"] != taken["kind"]:
            raise PairError(
                f"{request.pair}: {source.framework}_optimizer gives {taken['kind']} and {target.framework}_optimizer "
                f"{made['kind']}; name the same optimizer for both, so that its state can be carried"
            )
        gradients = by_target(taken["gradients"], matches, target.framework)
        plan.training = Training(path, target.framework, taken, made, moved, wanted, gradients)
    except (OptimizerStateError, TransferError) as error:
        raise OptimizerStateError(f"the optimizer's state in {path} cannot be carried: {error}") from None
    tell(plan.training, schedule is not None)
    found_schedule = native_schedule(plan.training)
    if found_schedule is not None and target.framework == "paddle":
        plan.training.native[PADDLE_SCHEDULE] = dict(found_schedule)
    plan.notes += plan.training.notes
    plan.unproven += plan.training.unproven
    return found_schedule
