"""The trial that a carried optimizer stands: some updates of both sides in float64, and rates over some steps.

Both get the same gradients, drawn as large as those that the state has seen, so that each array of it counts: a
counter that is off by one, a moment in another's place, a rate of another group are all seen. The two update rules
are the same arithmetic (:mod:`conformance.transfer.kinds`), so that updates differ by rounding and by what paddle keeps
in float32, of each of some ten constants: by at most :data:`CONSTANTS`, more with each update, of what they are, or of
what is usual in their tensor, and by what a float64 value next to the update cannot show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .kinds import WORDS
from .rules import Array
from .slots import OptimizerStateError, State

CONSTANTS = 2.0**-20
"""Relative error of an update where each of some ten constants is kept in float32, as paddle's kernels keep them."""
SINGLE = 2.0**-23
"""Two rates this close are one: paddle's kernels take the rate in float32."""
NEUTRAL = 1e-30
"""In place of a setting that the two update rules place differently, so that the rest of them can be compared."""
FACTORS = (1.0, 0.5)
"""What the gradients of each update are multiplied with."""
_SIZES = {"v": True, "square_average": True, "sum": True, "largest": False, "velocity": False}
"""Slots that tell how large gradients were, and whether as squares."""


def drawn(shapes: Mapping[str, tuple[int, ...]], state: State) -> dict[str, Array]:
    """Gradients for parameters of these shapes, as large as their state says that gradients are."""
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape) * _size(state.get(name, {})) for name, shape in shapes.items()}


def _size(arrays: Mapping[str, Array]) -> float:
    for slot, squared in _SIZES.items():
        if slot in arrays and arrays[slot].size:
            mean = float(np.mean(np.abs(np.asarray(arrays[slot], np.float64))))
            if mean > 0 and np.isfinite(mean):
                return float(np.sqrt(mean)) if squared else mean
    return 1.0


def is_one_rate(one: float, other: float, base: float = 0.0) -> bool:
    """Whether paddle's kernels could not tell two rates apart; near 0 a schedule is as exact as its first rate."""
    return abs(one - other) <= SINGLE * max(abs(one), abs(other)) + 2.0**-40 * abs(base)


def unlike_settings(
    one: Mapping[str, Mapping[str, Any]], other: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[tuple[str, Any, Any]]]:
    """By setting, the tensors in which two sides differ in it, with both values. ``factor`` is each side's own."""
    found: dict[str, list[tuple[str, Any, Any]]] = {}
    for name in one:
        for setting, value in one[name].items():
            theirs = other.get(name, {}).get(setting)
            alike = value == theirs or (setting == "lr" and theirs is not None and is_one_rate(value, theirs))
            if setting != "factor" and not alike and not _is_rounding(value, theirs):
                found.setdefault(setting, []).append((name, value, theirs))
    return found


def require_same_tensors(
    target: str, wanted: Mapping[str, Mapping[str, Any]], own: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raises OptimizerStateError where one framework's optimizer trains a tensor that the other's does not."""
    source = "paddle" if target == "torch" else "torch"
    for one, other, where in ((wanted, own, target), (own, wanted, source)):
        lacking = [repr(name) for name in one if name not in other]
        if lacking:
            more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            raise OptimizerStateError(
                f"{', '.join(lacking[:3])}{more} of {target}_model would be trained in one framework only, and not by "
                f"{where}_optimizer: give both the same parameters"
            )


def require_alike(
    wanted: Mapping[str, Mapping[str, Any]], own: Mapping[str, Mapping[str, Any]], ignored: str = ""
) -> None:
    """Raises OptimizerStateError where paddle's optimizer would go on otherwise than the file's.

    wanted, own: settings by tensor, of the file and of the pair's optimizer, which no file of paddle holds.
    """
    told = [
        f"{WORDS.get(setting, setting)} {_number(found[0][1])} in the file, {_number(found[0][2])} in paddle_optimizer"
        + (f" (of {found[0][0]!r})" if len(found) < len(wanted) else "")
        for setting, found in unlike_settings(wanted, own).items()
    ]
    if told:
        raise OptimizerStateError(
            f"the optimizers differ: {'; '.join(told)}; paddle's file keeps no settings, so make paddle_optimizer as "
            f"the one that was trained{ignored}"
        )


def _number(value: Any) -> str:
    return str(value) if isinstance(value, bool) else f"{value:g}"


def _is_rounding(one: Any, other: Any) -> bool:
    """Products and quotients of a few float64 numbers, as factors are."""
    return isinstance(one, float) and isinstance(other, float) and abs(one - other) <= 2.0**-50 * abs(one)


def unlike_updates(
    one: Sequence[Mapping[str, Array]],
    other: Sequence[Mapping[str, Array]],
    values: Mapping[str, Array],
    rounded: float = 0.0,
) -> tuple[float, list[tuple[str, int, str]]]:
    """The largest used part of the bound, and where it is passed: tensor, number of the update, and what is seen.

    values: of the tensors, which updates are added to. rounded: the unit roundoff of a dtype that the state had to be
    rounded to: an update is a quotient of two arrays of it at most.
    """
    used, wrong = 0.0, []
    for step, (ours, theirs) in enumerate(zip(one, other, strict=True)):
        for name, update in ours.items():
            usual = float(np.sqrt(np.mean(np.square(update)))) if update.size else 0.0
            shown = 4 * 2.0**-53 * np.abs(np.asarray(values[name], np.float64))
            bound = (CONSTANTS * (1 + 9 * step) + 2 * rounded) * (np.abs(update) + usual) + shown
            apart = np.abs(update - theirs[name])
            with np.errstate(divide="ignore", invalid="ignore"):
                parts = np.where(apart > 0, apart / bound, 0.0)
            parts = np.where(np.isnan(update) == np.isnan(theirs[name]), np.nan_to_num(parts, nan=0.0), np.inf)
            if not parts.size:
                continue
            used = max(used, float(parts.max()))
            if parts.max() > 1:
                at = np.unravel_index(int(np.argmax(parts)), parts.shape)
                told = f"{update[at]:.6g} and {theirs[name][at]:.6g} at {[int(place) for place in at]}"
                wrong.append((name, step + 1, told))
    return used, wrong


def unlike_rates(
    one: Sequence[Sequence[float]], other: Sequence[Sequence[float]], of: Mapping[tuple[int, int], str]
) -> tuple[str, int, float, float] | None:
    """The first step after which rates differ: a tensor, the step, and both rates.

    one, other: rates of each kind of tensor, step by step. of: a tensor for each two kinds that are one.
    """
    base = max((abs(rate) for each in one for rate in each), default=0.0)
    for step, (ours, theirs) in enumerate(zip(one, other, strict=False)):
        for (mine, its), name in of.items():
            if not is_one_rate(ours[mine], theirs[its], base):
                return name, step + 1, ours[mine], theirs[its]
    return None


def one_setting(parts: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """The settings of a tensor that is several on the other side, which must be the same.

    Raises OptimizerStateError where they are not.
    """
    for each in parts[1:]:
        unlike = [key for key in each if each[key] != parts[0][key]]
        if unlike:
            raise OptimizerStateError(
                f"{name!r} is one tensor there, whose parts have {unlike[0]} {parts[0][unlike[0]]:g} and "
                f"{each[unlike[0]]:g} here"
            )
    return dict(parts[0])
