"""Learning-rate schedules of both frameworks: what tells torch's apart in a file, and which of paddle's is which.

A schedule is carried as its place (the number of steps taken) and its rates. The target's own schedule, made anew as
the pair file makes it, takes as many steps by its public ``step``, and must then be where the source is; its state is
what is written. Where the pair file has no schedule in torch, one is made after paddle's by :data:`TO_TORCH`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .rules import TransferError
from .saved import PADDLE_SCHEDULE, SHARED
from .slots import OptimizerStateError

AHEAD = 2000
"""Steps over which the rates of both schedules are compared: more than a schedule by epochs has, in some 20 ms."""
WATCHED = ("mode", "threshold", "threshold_mode")
"""What decides, for a schedule that waits for the loss, whether one is better; no loss that is tried shows it."""

MARKS: Mapping[str, tuple[str, ...]] = {
    "OneCycleLR": ("total_steps", "cycle_momentum"),
    "CyclicLR": ("total_size", "step_ratio"),
    "ReduceLROnPlateau": ("patience", "threshold"),
    "CosineAnnealingWarmRestarts": ("T_0", "T_mult"),
    "CosineAnnealingLR": ("T_max",),
    "StepLR": ("step_size",),
    "MultiStepLR": ("milestones",),
    "LinearLR": ("start_factor", "end_factor"),
    "PolynomialLR": ("power", "total_iters"),
    "ConstantLR": ("factor", "total_iters"),
    "SequentialLR": ("_schedulers", "_milestones"),
    "ChainedScheduler": ("_schedulers",),
    "ExponentialLR": ("gamma",),
}
"""Keys by which a state of torch's tells its class, the more telling first."""


def class_of(state: Mapping[str, Any]) -> str | None:
    """Torch's class of a schedule's state; None where the state does not tell, as those of functions do not."""
    return next((name for name, marks in MARKS.items() if all(mark in state for mark in marks)), None)


def arguments(name: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """What a schedule of torch's is made with, before it loads ``state``, which replaces what it was made with."""
    if name == "SequentialLR":
        return {"milestones": list(state["_milestones"])}
    if name == "ReduceLROnPlateau":
        return {"mode": state["mode"], "patience": state["patience"]}
    if name == "OneCycleLR":
        return {"max_lr": 1.0, "total_steps": state["total_steps"], "cycle_momentum": state["cycle_momentum"]}
    if name == "CyclicLR":
        made = {key: state[key] for key in ("mode", "gamma", "cycle_momentum") if key in state}
        return {"base_lr": 1.0, "max_lr": 2.0, **made}
    return {mark: _listed(state[mark]) for mark in MARKS[name] if not mark.startswith("_")}


def _listed(value: Any) -> Any:
    """Torch counts its milestones."""
    return sorted(step for step, count in value.items() for _ in range(count)) if isinstance(value, Mapping) else value


def epoch_of(state: Mapping[str, Any]) -> int | None:
    """How many steps a schedule's state has taken; of several in a chain, each takes all."""
    found = state.get("last_epoch", state.get("epoch"))
    if found is None and state.get("_schedulers"):
        return epoch_of(state["_schedulers"][0])
    return int(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def held_in(path: Any, schedule: Any, optimizer: Any) -> Mapping[str, Any] | None:
    """A checkpoint's schedule: of its own part, within paddle's optimizer, or beside torch's where it was carried.

    Raises TransferError for a schedule without a place.
    """
    found = schedule
    if found is None and isinstance(optimizer, Mapping):
        found = optimizer.get(PADDLE_SCHEDULE, optimizer.get("scheduler"))
    if not isinstance(found, Mapping):
        return None
    if epoch_of(found) is None:
        raise TransferError(f"{path}: the schedule's state has no last_epoch; save its state_dict()")
    return found


def best(value: Any, framework: str, mode: str = "min") -> Any:
    """The best loss so far: before the first, it is infinite in torch and None in paddle, each of which fails in the
    other (of an infinite one, paddle finds none better)."""
    unset = value is None or value in (float("inf"), float("-inf"))
    if not unset:
        return value
    return None if framework == "paddle" else float("inf" if mode == "min" else "-inf")


def shared(state: Mapping[str, Any], framework: str, mode: str = "min") -> dict[str, Any]:
    """What the schedules of both that wait for the loss keep under the same names, as ``framework`` keeps it."""
    found = {name: state[name] for name in SHARED if name in state}
    return {**found, "best": best(found["best"], framework, mode)} if "best" in found else found


def losses(mode: str) -> list[float]:
    """Losses of which none is better, so that the rate falls as often and as far as it can."""
    return [1e30 if mode == "min" else -1e30] * AHEAD


def watched(schedule: Any) -> dict[str, Any]:
    """By what a schedule knows that a loss is better; nothing where it does not wait for one."""
    found = {name: getattr(schedule, name, None) for name in WATCHED}
    return {} if None in found.values() else found


def require_watched(schedule: Mapping[str, Any], own: Any, framework: str) -> None:
    """Raises OptimizerStateError where the file's schedule takes other losses for better than the pair's own does."""
    given, mine = schedule.get("watched") or {}, watched(own)
    told = [f"{name} {given[name]} in {schedule['name']}, {mine.get(name)} in {framework}_optimizer's" for name in given
            if given[name] != mine.get(name)]  # fmt: skip
    if told:
        raise OptimizerStateError(f"the schedules wait for unlike losses: {'; '.join(told)}: give both the same one")


def _pick(**names: str) -> Callable[[Any], dict[str, Any]]:
    return lambda schedule: {name: getattr(schedule, attribute) for name, attribute in names.items()}


def _polynomial(schedule: Any) -> dict[str, Any] | None:
    plain = schedule.end_lr == 0 and not schedule.cycle
    return {"total_iters": schedule.decay_steps, "power": schedule.power} if plain else None


def _one_cycle(schedule: Any) -> dict[str, Any] | None:
    first, largest, last = schedule._lr_config[0], schedule._lr_config[1], schedule._lr_config[-1]
    if not last:
        return None
    return {
        "max_lr": largest,
        "total_steps": schedule.total_steps,
        "pct_start": (schedule._step_config[1] + 1) / schedule.total_steps,
        "anneal_strategy": "cos" if "cos" in schedule.anneal_func.__name__ else "linear",
        "cycle_momentum": False,
        "div_factor": largest / first,
        "final_div_factor": first / last,
        "three_phase": len(schedule._lr_config) == 4,
    }


def _cyclic(schedule: Any) -> dict[str, Any] | None:
    up = round(schedule.cycle_size * schedule.step_up_pct)
    made = {"base_lr": schedule.base_lr, "max_lr": schedule.max_lr, "mode": schedule.mode, "gamma": schedule.gamma}
    return {**made, "step_size_up": up, "step_size_down": round(schedule.cycle_size) - up, "cycle_momentum": False}


def _plateau(schedule: Any) -> dict[str, Any]:
    names = ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr")
    return {**{name: getattr(schedule, name) for name in names}, "eps": schedule.epsilon}


TO_TORCH: Mapping[str, tuple[str, Callable[[Any], dict[str, Any] | None]]] = {
    "StepDecay": ("StepLR", _pick(step_size="step_size", gamma="gamma")),
    "MultiStepDecay": ("MultiStepLR", _pick(milestones="milestones", gamma="gamma")),
    "ExponentialDecay": ("ExponentialLR", _pick(gamma="gamma")),
    "CosineAnnealingDecay": ("CosineAnnealingLR", _pick(T_max="T_max", eta_min="eta_min")),
    "CosineAnnealingWarmRestarts": (
        "CosineAnnealingWarmRestarts",
        _pick(T_0="T_0", T_mult="T_mult", eta_min="eta_min"),
    ),
    "PolynomialDecay": ("PolynomialLR", _polynomial),
    "LinearLR": ("LinearLR", _pick(start_factor="start_factor", end_factor="end_factor", total_iters="total_steps")),
    "ReduceOnPlateau": ("ReduceLROnPlateau", _plateau),
    "OneCycleLR": ("OneCycleLR", _one_cycle),
    "CyclicLR": ("CyclicLR", _cyclic),
}
"""Torch's class for paddle's, and what it is made with, None where torch has no such schedule."""


def declared(schedule: Any) -> dict[str, Any] | None:
    """How torch makes the schedule that paddle's is: {"name", "arguments", "base"}; None where it has none.

    ``LinearWarmup`` is a SequentialLR of two where its rate ends at that of the schedule it goes before.
    """
    name = type(schedule).__name__
    if name == "LinearWarmup":
        return _warmup(schedule)
    if name not in TO_TORCH:
        return None
    other, make = TO_TORCH[name]
    made = make(schedule)
    return None if made is None else {"name": other, "arguments": made, "base": float(schedule.base_lr)}


def _warmup(schedule: Any) -> dict[str, Any] | None:
    inner = schedule.learning_rate
    after: Any = None if isinstance(inner, int | float) else declared(inner)
    base = float(inner) if isinstance(inner, int | float) else after and after["base"]
    if not schedule.start_lr or base != schedule.end_lr:
        return None
    rise = {"start_factor": schedule.start_lr / base, "end_factor": 1.0, "total_iters": schedule.warmup_steps}
    first = {"name": "LinearLR", "arguments": rise, "base": base}
    if after is None:
        return first if isinstance(inner, int | float) else None
    return {
        "name": "SequentialLR",
        "parts": [first, after],
        "arguments": {"milestones": [schedule.warmup_steps]},
        "base": base,
    }
