"""Files of a transfer, written beside their place, loaded as a user would, run, and only then given their names."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.porting.pair import PairError
from conformance.transfer import TransferError, large, write_tree
from conformance.transfer import safetensors_format as safetensors
from conformance.transfer.files import write_atomically
from conformance.transfer.kinds import WORDS
from conformance.transfer.outputs import drawn, evaluated
from conformance.transfer.plan import CarryError, Plan, ask
from conformance.transfer.saved import PADDLE_SCHEDULE
from conformance.transfer.slots import OptimizerStateError
from conformance.transfer.training import Training, by_target, rates_by_target
from conformance.transfer.trial import unlike_rates, unlike_settings, unlike_updates

if TYPE_CHECKING:
    from conformance.porting.check import Port
    from conformance.transfer.request import Request


def write(request: Request, plan: Plan, port: Port) -> str:
    """Write all files or none, and return what was seen when they were loaded.

    Raises TransferError where they cannot be written, and CarryError where they do not hold what was meant.
    """
    with ExitStack() as stack:
        staged = {path: stack.enter_context(_beside(path)) for path in plan.trees}
        for path, place in staged.items():
            try:
                _write(place, plan.trees[path], plan.target.framework)
            except TransferError as error:
                raise TransferError(str(error).replace(str(place), str(path))) from None
        said = verify(plan, port, staged) if plan.runs else large.verify(plan, port, staged[request.target])
        _move(staged)
    return f"{said}\nwrote {', '.join(map(str, plan.trees))}"


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A place on the same disk, with the same name, that is gone afterwards."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise TransferError(f"cannot write {path}: {error.strerror}; choose a folder that can be written") from None
    try:
        yield folder / path.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, tree: dict[str, Any], framework: str) -> None:
    if path.suffix.lower() == ".safetensors":
        write_atomically(path, lambda stream: safetensors.write(stream, tree, framework))
    else:
        write_tree(path, tree)


def _move(staged: Mapping[Path, Path]) -> None:
    """All files get their names, or none does: what was there before is put back."""
    kept: list[tuple[Path, Path | None]] = []
    try:
        for path, place in staged.items():
            before = place.with_name("before") if path.exists() else None
            if before is not None:
                os.replace(path, before)
            kept.append((path, before))
            os.replace(place, path)
    except BaseException as error:
        for path, before in kept:
            path.unlink(missing_ok=True)
            if before is not None:
                os.replace(before, path)
        if isinstance(error, OSError):
            raise TransferError(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from None
        raise


def verify(plan: Plan, port: Port, staged: Mapping[Path, Path]) -> str:
    """Load the files in the target's lane, compare every bit, try the optimizer, run both models.

    One line about what was seen and what was not, or CarryError.
    """
    target = plan.target
    loaded = _loaded(plan, port, staged)
    assert plan.weights is not None
    copies = {key: _loaded(plan, port, staged, (plan.weights[0], key)) for key in plan.copies}
    for meant, found in ((plan.values[target.framework], loaded), *((plan.copies[key], copies[key]) for key in copies)):
        wrong = [name for name, array in meant.items() if not same(found["values"].get(name), array)]
        if wrong:
            raise CarryError(
                f"{target.framework} did not load what was written: {wrong[0]} is another array; nothing is kept"
            )
    said = [_tried(plan, loaded)] if plan.training is not None else []
    what = "weights and the optimizer's state" if said else "weights"
    said.append(evaluated(port, {**plan.values, target.framework: loaded["values"]}))
    said.append(drawn(plan, port))
    line = f"verified: {target.framework} loads the {what} bit for bit; {'; '.join(each for each in said if each)}"
    return f"{line}; not verified: {', and '.join(plan.unproven)}" if plan.unproven else line


def _tried(plan: Plan, loaded: Mapping[str, Any]) -> str:
    """Whether the target's optimizer, as it was loaded, goes on as the source's does, group by group."""
    training, target = plan.training, plan.target.framework
    assert training is not None
    lost = {PADDLE_SCHEDULE} if target == "paddle" else set()
    held = [
        {key: item for key, item in each.items() if key not in lost} for each in (training.native, loaded["native"])
    ]
    if not same(*held):
        raise CarryError(f"the optimizer of {target} did not load what was written; nothing is kept")
    matches = plan.matching.matches
    unlike = unlike_settings(training.settings, loaded["settings"])
    if unlike:
        setting, ((name, one, other), *_) = next(iter(unlike.items()))
        said = WORDS.get(setting, setting)
        raise CarryError(f"loaded, {name!r} has {said} {other:g} in {target}, and {one:g} before; nothing is kept")
    before = [by_target(update, matches, target) for update in training.taken["updates"]]
    used, wrong = unlike_updates(before, loaded["updates"], plan.values[target], training.made.get("rounded", 0.0))
    if wrong:
        name, number, seen = wrong[0]
        raise CarryError(
            f"the optimizers go on otherwise: update {number} of {name!r} is {seen} in {plan.source.framework} and "
            f"{target}{_groups(training.settings, {each for each, _, _ in wrong})}; nothing is kept"
        )
    if not before[0]:
        return ""
    groups = len({tuple(sorted(each.items())) for each in training.settings.values()})
    of = f"{len(before[0])} tensors" + (f", of {groups} kinds of settings," if groups > 1 else "")
    told = f"{len(before)} updates of {of} are the same in float64, to {used:.2g} of what float32 constants make normal"
    return "; ".join(each for each in (told, _rates(plan, loaded)) if each)


def _groups(settings: Mapping[str, Mapping[str, Any]], wrong: set[str]) -> str:
    return "" if len(wrong) == len(settings) else f", in {len(wrong)} of {len(settings)} tensors"


def _rates(plan: Plan, loaded: Mapping[str, Any]) -> str:
    """The rates over the next steps of the schedule; nothing where one of the sides does not know them."""
    training, target = plan.training, plan.target.framework
    assert training is not None
    ours, theirs = training.taken["ahead"], loaded["ahead"]
    steps = min(len(ours["rates"]), len(theirs["rates"]))
    if training.taken["schedule"] is None or not steps:
        return ""
    moved = {*training.taken["moved"], *loaded["moved"]}
    if moved:
        raise CarryError(
            f"torch's schedule changes {', '.join(sorted(moved))} too, which paddle's do not: make it with "
            "cycle_momentum=False; nothing is kept"
        )
    own = rates_by_target(ours["of"], plan.matching.matches, target)
    wrong = unlike_rates(
        ours["rates"], theirs["rates"], {(own[name], theirs["of"][name]): name for name in reversed(own)}
    )
    if wrong:
        name, step, one, other = wrong
        named = training.taken["schedule"]["name"]
        raise CarryError(
            f"loaded, the schedule of {target}_optimizer gives {name!r} the rate {other:g} after {step} more steps, "
            f"and {named} {one:g}{_why(training, loaded)}; nothing is kept"
        )
    return f"the next {steps} learning rates agree"


def _why(training: Training, loaded: Mapping[str, Any]) -> str:
    if training.target == "paddle" and "WarmRestarts" in str(training.taken["schedule"]["name"]):
        return (
            ": paddle's CosineAnnealingWarmRestarts does not save where in its cycle it is; carry the file without the "
            f"schedule and call schedule.step({training.taken['schedule']['epoch']}) after loading"
        )
    return ""


def _loaded(
    plan: Plan, port: Port, staged: Mapping[Path, Path], copy: tuple[Path, str] | None = None
) -> dict[str, Any]:
    """What the target's lane loads from the files; from one averaged ``copy`` of the weights, these alone."""

    def place(of: tuple[Path, str | None] | None) -> tuple[str, str | None] | None:
        return None if of is None else (str(staged[of[0]].resolve()), of[1])

    training = plan.training
    facts = None if training is None else training.taken["schedule"]
    how = {
        "weights": place(copy or plan.weights),
        "optimizer": None if copy else place(plan.optimizer),
        "schedule": None if copy else place(plan.schedule),
        "declared": facts.get("declared") if facts else None,
        "gradients": training.gradients if training is not None and not copy else {},
        "lr": training.made["lr"] if training is not None else None,
        "losses": training.taken["losses"] if training is not None else None,
    }
    try:
        return ask(port, plan.target.side.lane, "load", **how)
    except (PairError, TransferError, OptimizerStateError) as error:
        raise CarryError(f"{error}; nothing is kept") from None


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal, arrays to the bit."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)
