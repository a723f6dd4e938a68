"""What of a training run is carried beside the weights: the optimizer's state, its settings, the schedule.

The source's lane says what its optimizer goes on with, by tensor; here it is matched with the target's tensors; the
target's lane puts it into its own form. Settings are part of torch's file, and of paddle's program: to torch they are
written, in paddle they must be those of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.porting.matching import Match

from .carried import State, carried_state
from .kinds import BY_NAME
from .rules import Array
from .saved import PADDLE_SCHEDULE
from .schedules import best, shared
from .trial import one_setting

Settings = dict[str, dict[str, Any]]


@dataclass
class Training:
    """One optimizer on its way. taken, made: what the lanes of the source and of the target say of it; state, settings,
    gradients: by the target's tensors. native, schedule: in the target's own form. unproven: sentences about what no
    file and no trial shows."""

    path: Path
    target: str
    taken: dict[str, Any]
    made: dict[str, Any]
    state: State
    settings: Settings
    gradients: dict[str, Array]
    schedule: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    @property
    def native(self) -> dict[str, Any]:
        """The optimizer's state in the target's own form."""
        found: dict[str, Any] = self.made["native"]
        return found

    @property
    def line(self) -> str:
        """What was carried, in one line."""
        slots = list(dict.fromkeys(slot for entry in self.state.values() for slot in entry))
        steps = sorted({int(entry["step"]) for entry in self.state.values() if "step" in entry})
        after = f" after {' or '.join(map(str, steps))} updates" if steps else ""
        held = f"{', '.join(slots)} of {len(self.state)} tensors{after}" if slots else "no state"
        rates = list(dict.fromkeys(f"{each['lr']:g}" for each in self.settings.values())) or [f"{self.taken['lr']:g}"]
        rate = f"learning rate {rates[0]}" if len(rates) == 1 else f"learning rates {', '.join(rates)}"
        return f"optimizer: {self.taken['kind']}, {held}, {rate}"


def by_target(arrays: Mapping[str, Array], matches: Sequence[Match], target: str) -> dict[str, Array]:
    """Arrays of some of the source's tensors by the target's names and in its layout."""
    moved = carried_state({name: {"array": array} for name, array in arrays.items()}, matches, target)
    return {name: entry["array"] for name, entry in moved.items()}


def settings_by_target(taken: Mapping[str, Mapping[str, Any]], matches: Sequence[Match], target: str) -> Settings:
    """Settings by the target's names. Raises OptimizerStateError where one tensor there has several kinds here."""
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for each in matches:
        source, own = (each.torch, each.paddle) if target == "paddle" else (each.paddle, each.torch)
        if source.name in taken:
            parts.setdefault(own.name, []).append(taken[source.name])
    return {name: one_setting(found, name) for name, found in parts.items()}


def rates_by_target(rates: Mapping[str, int], matches: Sequence[Match], target: str) -> dict[str, int]:
    """Which rate each tensor has, by the target's names."""
    pairs = ((each.torch, each.paddle) if target == "paddle" else (each.paddle, each.torch) for each in matches)
    return {own.name: rates[source.name] for source, own in pairs if source.name in rates}


def tell(training: Training, scheduled: bool) -> None:
    """Add notes, and what is not proven."""
    taken, made, target = training.taken, training.made, training.target
    kind = BY_NAME[taken["kind"]]
    for setting, sentence in kind.differs.items():
        training.notes.append(sentence)
        training.unproven.append(f"what {setting} does, which no setting makes equal")
    if made.get("rounded"):
        training.notes.append("the optimizer's state is rounded to the dtype of the weights, as torch loads it")
    if taken["clips"] or made.get("clips"):
        training.unproven.append("clipping of gradients, which paddle's optimizer does and torch's training loop")
    if taken.get("exchangeable"):
        one, other = taken["exchangeable"]
        training.unproven.append(
            f"that the file's optimizer took {one!r} before {other!r}, as torch_optimizer does: torch numbers them, "
            "and names them where the optimizer is made of model.named_parameters()"
        )
    moves = kind.name == "rmsprop" and any("momentum_buffer" in each for each in training.state.values())
    if moves and scheduled:
        training.unproven.append("updates after the rate changes, since paddle's RMSProp keeps it in its momentum")
    if target == "paddle" and not made["scheduled"]:
        rate, own = made["lr"], made["made"]
        if rate != own:
            training.notes.append(f"paddle's optimizer keeps no learning rate: make yours with {rate:g}, not {own:g}")
            training.unproven.append("the learning rate, which is in no file of paddle")
    if target == "paddle" and made["scheduled"] and not scheduled:
        training.notes.append("the file has no schedule's state: last_epoch is as paddle_optimizer makes it")
    if target == "torch":
        what = "the settings" if scheduled else f"the learning rate {taken['lr']:g} and the other settings"
        training.unproven.append(f"that paddle trained with {what} of paddle_optimizer, which no file holds")


def native_schedule(training: Training) -> dict[str, Any] | None:
    """The schedule's state for the target, and sentences about it; None where the file has none."""
    facts = training.taken["schedule"]
    if facts is None:
        return None
    target, made, lr = training.target, training.made, training.taken["lr"]
    training.notes.append(_told(facts, training))
    if target == "torch":
        if made.get("schedule") is not None:
            return dict(made["schedule"])
        training.notes.append(
            f"torch_optimizer has no schedule, and torch has none like {facts['name']}: keep it at your optimizer, as "
            "optimizer.schedule, so that its place can be carried and verified"
        )
        if facts.get("base") is None:
            training.notes.append(
                "the schedule's first learning rate is not in paddle's state: make yours with it before loading"
            )
        training.unproven.append("the next learning rates")
        return minimal(target, facts, made["rates"], facts.get("base"))
    if made["scheduled"]:
        if not facts["known"]:
            training.unproven.append(
                f"the next learning rates, since torch's file does not tell {facts['name']}: keep yours at the "
                "optimizer of the pair file, as optimizer.schedule"
            )
        return dict(made["native"][PADDLE_SCHEDULE])
    training.notes.append("paddle_optimizer has no schedule: make it with one, so that it is carried and verified")
    training.unproven.append("the next learning rates")
    return minimal(target, facts, [lr], None)


def minimal(target: str, facts: Mapping[str, Any], rates: Sequence[float], base: float | None) -> dict[str, Any]:
    """The state of a schedule of which only its place is known."""
    held = shared(facts["held"], target)
    if target == "paddle":
        return {"last_epoch": facts["epoch"], "last_lr": rates[0], **held}
    bases: dict[str, Any] = {"base_lrs": [base] * len(rates)} if base is not None else {}
    if facts.get("functions"):
        bases["lr_lambdas"] = [None] * len(rates)  # without which torch's loader fails
    return {"last_epoch": facts["epoch"], "_step_count": facts["epoch"] + 1, "_last_lr": list(rates), **bases, **held}


def alone(state: Mapping[str, Any], target: str) -> dict[str, Any]:
    """A schedule's state for the target, of a file without an optimizer's."""
    from .schedules import epoch_of

    rates = state.get("_last_lr", state.get("last_lr", state.get("lr")))
    found = list(rates) if isinstance(rates, list | tuple) else [float(rates or 0.0)]
    held = {key: value for key, value in state.items() if value is None or isinstance(value, int | float)}
    bases = state.get("base_lrs", [None])
    return minimal(target, {"epoch": epoch_of(state), "held": held}, found[:1], bases[0])


def _told(facts: Mapping[str, Any], training: Training) -> str:
    held = shared(facts["held"], training.target) if facts["waits"] else {}
    rates = list(dict.fromkeys(f"{each['lr']:g}" for each in training.settings.values()))
    told = [f"last_epoch {facts['epoch']}", f"learning rate {', '.join(rates)}"]
    told += [f"{name} {best(value, 'torch')}" for name, value in held.items()]
    return f"schedule: {', '.join(told)}"
