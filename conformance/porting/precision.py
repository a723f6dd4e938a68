"""Whether a model's own precision is as far from its float64 run as rounding takes such a network, and no farther."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.accuracy import CHAIN
from conformance.porting.bounds import NOISIER, UNIT, Array, root_mean_square
from conformance.porting.check import Drawn, PairDivergence, Port, Runs
from conformance.porting.compared import Seen, evaluated, singles

HALF = 0.5
"""An error is normal without more ado where it is within half of what one run with rounding errors makes normal."""
SMALL = 2**14
"""Numbers in the results of the operations that are tried first, which alone often make more of an error than is."""


def precision(port: Port, seen: Seen) -> None:
    """Neither model is farther from its own float64 run than rounding takes this network (torch_side/rounding.py)."""
    for drawn in [each for each in port.samples() if not each.exact][:2]:
        found = (*evaluated(port, drawn), *singles(port, drawn, False))
        seen.count(drawn)
        both = [name for name in found[2] if name in found[3] and found[2][name].shape == found[3][name].shape]
        names = [name for name in both if name.startswith("outputs.") and found[2][name].dtype == np.float32]
        places = sorted((name for name in found[0] if name.startswith("outputs.")), key=lambda name: int(name[8:]))
        right = [found[0][name] for name in places]
        once: dict[str, Any] = {"runs": 1, "right": right}
        for cost in ({**once, "most": SMALL}, once, {}):
            deviations, unknown = port.deviations(drawn, **cost)
            if unknown or all(_share(_errors(found, name), _level(deviations[name])) <= HALF for name in names):
                break
        if unknown:
            seen.warn(
                f"{port.path.name}: the rounding error of this network cannot be derived ({unknown}); that of the "
                "other model is taken for normal"
            )
        for name in names:
            errors = _errors(found, name)
            if unknown:
                _is_as_noisy(seen, drawn, name, errors, UNIT * root_mean_square(found[0][name]))
            else:
                _is_rounding(seen, drawn, name, errors, deviations[name])


def _level(deviation: Array) -> Array:
    return np.full_like(deviation, root_mean_square(deviation))


def _share(errors: list[Array], deviation: Array) -> float:
    """The largest part of what is allowed that an error takes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [np.where(error == 0, 0.0, error / (CHAIN["activation"] * deviation)) for error in errors]
    return max(float(np.nan_to_num(each).max(initial=0.0)) for each in ratios)


def _errors(found: Runs, name: str) -> list[Array]:
    """How far each model's own precision is from its float64 run; nothing where both overflow."""
    with np.errstate(invalid="ignore"):
        errors = [np.abs(found[side + 2][name] - found[side][name]) for side in (0, 1)]
    lost = ~np.isfinite(found[2][name]) & ~np.isfinite(found[3][name])
    return [np.where(lost, 0.0, error) for error in errors]


def _is_rounding(seen: Seen, drawn: Drawn, name: str, errors: list[Array], deviation: Array) -> None:
    used = [_share([error], np.maximum(deviation, _level(deviation))) for error in errors]
    for framework, share in zip(("torch", "paddle"), used, strict=True):
        seen.note(f"{name} {framework}", share)
    if max(used) > 1:
        who = "both models are" if min(used) > 1 else f"{'paddle' if used[1] > 1 else 'torch'}_model is"
        raise PairDivergence(
            f"{name}: {who} farther from the float64 run than float32's rounding makes normal for this network "
            f"(torch's error is {used[0]:.2g} of what is allowed, paddle's {used[1]:.2g}): the arithmetic is of less "
            f"precision somewhere\n  on {drawn.describe()}"
        )


def _is_as_noisy(seen: Seen, drawn: Drawn, name: str, errors: list[Array], least: float) -> None:
    levels = [root_mean_square(error) for error in errors]
    ratios = levels[0] / max(levels[1], least, 1e-300), levels[1] / max(levels[0], least, 1e-300)
    seen.note(name, max(ratios) / NOISIER)
    if max(ratios) > NOISIER:
        noisy, calm = ("torch", "paddle") if ratios[0] > ratios[1] else ("paddle", "torch")
        raise PairDivergence(
            f"{name} of {noisy}_model is {max(ratios):.0f} times farther from its own float64 run than that of "
            f"{calm}_model ({max(levels):.2g} against {min(levels):.2g}): it computes in less precision "
            f"somewhere ({drawn.describe()})"
        )
