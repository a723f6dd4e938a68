"""What a transfer will write: which tensor goes where, and what of the optimizer and the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from conformance.lanes import CallError, Lane, LaneError
from conformance.lanes.spec import SpecError
from conformance.porting import calls
from conformance.porting.check import Array, PairDivergence, Port, Side
from conformance.porting.matching import Matching
from conformance.porting.pair import PairError
from conformance.transfer import TransferError, saved
from conformance.transfer.carried import (
    State,
    by_tensor,
    carried,
    carried_state,
    misfit,
    some,
    special,
    state_dict,
)
from conformance.transfer.checkpoint import Checkpoint
from conformance.transfer.request import Request
from conformance.transfer.slots import OptimizerStateError
from conformance.transfer.table import optimizer_notes, schedule_notes

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

    @property
    def framework(self) -> str:
        """Its framework."""
        return self.side.lane.spec.framework


@dataclass
class Plan:
    """What goes where, before anything is written.

    values: by the name of a tensor of the model that is key. trees: what each file will hold, by path. weights,
    optimizer: the file, and the part of it, that each is loaded from. native: the optimizer's state in the target's
    own form.
    """

    source: Model
    target: Model
    matching: Matching
    values: dict[str, dict[str, Array]]
    notes: list[str] = field(default_factory=list)
    trees: dict[Path, dict[str, Any]] = field(default_factory=dict)
    weights: tuple[Path, str | None] | None = None
    optimizer: tuple[Path, str | None] | None = None
    native: dict[str, Any] | None = None
    optimizer_line: str = ""


def planned(request: Request, found: Checkpoint, port: Port) -> Plan:
    """Everything that is known before something is written."""
    models = tuple(Model(side, **ask(port, side.lane, "model_keys")) for side in port.sides)
    found, notes = _without_prefix(found, models[0])
    source = _source(request, found, models)
    target = models[1] if source is models[0] else models[0]
    _require_target(request, target.framework)
    problem = misfit(found.weights, source.keys, source.side.values, source.rest)
    if problem:
        raise TransferError(f"{found.path} does not fit {source.framework}_model of {request.pair}: {problem}")
    try:
        matching = port.matching
    except PairDivergence as error:
        raise PairError(f"{request.pair}: {' '.join(str(error).split())}") from None
    _require_one_dtype(matching, request)
    values, cast = by_tensor(found.weights, source.keys, source.side.values, source.framework)
    both = {source.framework: values, target.framework: carried(values, matching.matches, target.framework)}
    plan = Plan(source, target, matching, both, [*notes, *cast, *special(values), *_only(source, target)])
    _place(request, found, plan, port)
    return plan


def ask(port: Port, lane: Lane, what: str, **how: Any) -> Any:
    """What a function of the lane's ``carry`` returns. Raises the errors of :data:`TOLD` as they were."""
    try:
        return lane.answer(calls.begin(lane, f"carry.{what}", **port.common_data, how=how))
    except CallError as error:
        if error.died:
            raise LaneError(f"the lane {lane.label} {error.text}") from None
        known = {each.__name__: each for each in TOLD}
        where = f"{port.path}: {lane.spec.framework}_model failed on {lane.label}: {error}"
        raise (known[error.kind](error.text) if error.kind in known else PairError(where)) from None


def _without_prefix(found: Checkpoint, torch: Model) -> tuple[Checkpoint, list[str]]:
    """A state dict without the "module." that torch's DataParallel puts before each key."""
    prefix = "module."
    keys = list(found.weights)
    if found.framework == "paddle" or not all(key.startswith(prefix) for key in keys) or set(keys) <= set(torch.keys):
        return found, []
    bare = {key.removeprefix(prefix): value for key, value in found.weights.items()}
    return replace(found, weights=bare), [f"every key of {found.path.name} begins with {prefix!r}, which was left out"]


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
    weights = state_dict(plan.values[plan.target.framework], plan.target.keys, plan.target.rest)
    bare = request.target.suffix.lower() == ".safetensors"
    native, schedule = (None, None) if bare and not request.optimizer_to else _optimizer(request, found, plan, port)
    plan.native, plan.trees[request.target] = native, weights
    plan.weights = (request.target, None)
    apart = native if request.optimizer_to is not None else None
    if not found.bare and not bare:
        plan.weights = (request.target, found.parts["weights"])
        if native is not None and apart is None:
            plan.optimizer = (request.target, found.parts.get("optimizer", "optimizer"))
        inside = native if apart is None else None
        plan.trees[request.target] = found.mirrored(weights, optimizer=inside, schedule=schedule)
        plan.notes += _passed(found, plan.source.framework)
    elif not found.bare:
        kept = {found.parts.get(name) for name in ("weights", *(("optimizer", "schedule") if apart else ()))}
        lost = [key for key in found.order if key not in kept]
        plan.notes += [f"left out, since .safetensors holds weights alone: {', '.join(lost)}"] if lost else []
    if request.optimizer_to is not None and apart is not None:
        if schedule is not None and plan.target.framework == "torch":
            apart = {**apart, "scheduler": schedule}
            plan.notes.append(f"the schedule's state is at 'scheduler' in {request.optimizer_to}")
        plan.trees[request.optimizer_to], plan.optimizer = apart, (request.optimizer_to, None)


def _passed(found: Checkpoint, framework: str) -> list[str]:
    others = found.others
    told = [f"carried as it is: {', '.join(others)}"] if others else []
    arrays = [key for key, value in others.items() if saved.has_arrays(value)]
    return told + [f"the arrays in {', '.join(arrays)} stay in {framework}'s layout and names"] * bool(arrays)


def _optimizer(
    request: Request, found: Checkpoint, plan: Plan, port: Port
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The optimizer's state and the schedule's in the target's own form; None for what there is none of."""
    target = plan.target.framework
    path, state = _given_state(request, found, plan.source.framework)
    schedule, left = _given_schedule(found, path, state)
    if state is None:
        if request.optimizer_to is not None:
            raise TransferError(f"{found.path} holds no optimizer's state for --optimizer-to; give it by --optimizer")
        plan.notes += schedule_notes(schedule, left, target) if schedule else []
        return None, saved.native_schedule(target, schedule, 1) if schedule else None
    taken, made, moved = _through_lanes(request, found, plan, port, (path, state, schedule))
    native = made["native"]
    own_schedule = saved.native_schedule(target, schedule, len(made["rates"])) if schedule else None
    if target == "paddle":
        _set_schedule(native, own_schedule, taken["lr"])
    plan.optimizer_line, notes = optimizer_notes(taken, made, moved, schedule, target)
    plan.notes += [*notes, *(schedule_notes(schedule, left, target) if schedule else [])]
    return native, own_schedule


def _through_lanes(
    request: Request,
    found: Checkpoint,
    plan: Plan,
    port: Port,
    given: tuple[Path, Mapping[str, Any], dict[str, Any] | None],
) -> tuple[dict[str, Any], dict[str, Any], State]:
    """What the source's optimizer says of the state, what the target's makes of it, and the state between them."""
    source, target = plan.source, plan.target
    path, state, schedule = given
    own = found.own and request.optimizer is None
    if source.framework == "torch":
        state = {key: value for key, value in state.items() if key in ("state", "param_groups", "lr")}
    try:
        taken = ask(port, source.side.lane, "take_out", state=state, own=own, names=dict(found.names))
        buffered = any("momentum_buffer" in each for each in taken["state"].values())
        if buffered and len(set(taken["rates"])) > 1:
            raise OptimizerStateError("RMSprop's momentum at several learning rates means another thing in paddle")
        moved = carried_state(taken["state"], plan.matching.matches, target.framework)
        if schedule is not None and "base_lr" in taken:
            schedule.setdefault("base_lr", taken["base_lr"])
        how = {"kind": taken["kind"], "state": moved, "lr": taken["lr"], "schedule": schedule}
        made = ask(port, target.side.lane, "put_in", **how)
    except (OptimizerStateError, TransferError) as error:
        raise OptimizerStateError(f"the optimizer's state in {path} cannot be carried: {error}") from None
    if made["kind"] != taken["kind"]:
        raise PairError(
            f"{request.pair}: {source.framework}_optimizer gives {taken['kind']} and {target.framework}_optimizer "
            f"{made['kind']}; name the same optimizer for both, so that its state can be carried"
        )
    return taken, made, moved


def _set_schedule(native: dict[str, Any], schedule: Mapping[str, Any] | None, lr: float) -> None:
    """Paddle's optimizer keeps its schedule's state within its own."""
    if schedule:
        native[saved.PADDLE_SCHEDULE] = dict(schedule)
    elif saved.PADDLE_SCHEDULE in native:
        native[saved.PADDLE_SCHEDULE] = {**native[saved.PADDLE_SCHEDULE], "last_lr": lr}


def _given_state(request: Request, found: Checkpoint, framework: str) -> tuple[Path, Mapping[str, Any] | None]:
    if request.optimizer is not None:
        return request.optimizer, saved.read_optimizer(request.optimizer, framework)
    return found.path, found.optimizer


def _given_schedule(
    found: Checkpoint, path: Path, state: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, list[str]]:
    """From a part of its own, from within paddle's optimizer, or from beside torch's in a file that was carried."""
    if found.schedule is not None:
        return saved.common_schedule(found.path, found.schedule)
    held = (state or {}).get(saved.PADDLE_SCHEDULE, (state or {}).get("scheduler"))
    return saved.common_schedule(path, held) if isinstance(held, Mapping) else (None, [])
