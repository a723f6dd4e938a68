"""What is kept of a sample's runs: the verdict on whatever is as large as the model, and the rest as it is.

Gradients of four runs and updates of two are many times the model's own size, so that they are compared at once and let
go; the laws read what was found.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from conformance.porting.check import (
    CONSTANTS,
    NOISES,
    STEPS,
    UNIT,
    Array,
    Difference,
    Drawn,
    Port,
    PortingWarning,
    Runs,
    allowed,
    difference,
    root_mean_square,
)

LARGE = ("gradients", "updates")
"""Quantities with an array for every parameter."""


class Seen:
    """What a law has seen: samples, the largest used part of what is allowed, by quantity, and what it warned of."""

    def __init__(self) -> None:
        self.samples = 0
        self.exact_samples = 0
        self.worst: dict[str, float] = {}
        self.known: Counter[str] = Counter()
        self.warnings: list[str] = []

    def note(self, quantity: str, used: float) -> None:
        """Keep the largest."""
        self.worst[quantity] = max(used, self.worst.get(quantity, 0.0))

    def count(self, drawn: Drawn) -> None:
        """One sample more."""
        self.samples += 1
        self.exact_samples += drawn.exact

    def warn(self, text: str) -> None:
        """Warn the law's user, and keep it for the report."""
        if text not in self.warnings:
            self.warnings.append(text)
        warnings.warn(text, PortingWarning, stacklevel=2)


@dataclass
class Compared:
    """One sample in one mode. runs: the four of :meth:`Port.run`, without :data:`LARGE`; gradients, updates: how these
    differ; lost: gradients of one model only, and which has them; worst: as in :class:`Seen`."""

    runs: Runs
    gradients: list[Difference] = field(default_factory=list)
    updates: list[Difference] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    worst: dict[str, float] = field(default_factory=dict)


def compared(port: Port, drawn: Drawn, training: bool) -> Compared:
    """The sample's runs, made once for all laws."""
    return port.kept(("compared", drawn.seed, training), lambda: compare(port, drawn, training))


def compare(port: Port, drawn: Drawn, training: bool) -> Compared:
    """Run the sample, and compare what is large."""
    found, seen = port.run(drawn, training), Seen()
    result = Compared(tuple(_small(each) for each in found), worst=seen.worst)
    if training and not drawn.exact:
        names = [name for name in found[0] if name.startswith(("gradients.", "input_gradients."))]
        ours, theirs = ({name for name in each if "gradients." in name} for each in found[:2])
        result.lost = {name: "torch" if name in theirs else "paddle" for name in sorted(ours ^ theirs)}
        result.gradients = list(differences(seen, found, names, nothing_more))
        result.updates = list(_updates(seen, found))
    return result


def _small(found: Mapping[str, Array]) -> dict[str, Array]:
    return {name: array for name, array in found.items() if name.partition(".")[0] not in LARGE}


def nothing_more(name: str, array: Array) -> float:
    """No error beside rounding noise is normal."""
    return 0.0


def differences(
    seen: Seen, found: Runs, names: list[str], more: Callable[[str, Array], Array | float]
) -> Iterator[Difference]:
    """What differs of the named quantities. more: what a quantity may be off by beside rounding noise.

    A number is as uncertain as its neighbours, and at least as much as single precision makes it itself.
    """
    torch64, paddle64, torch, paddle = found
    floats = [name for name in names if name in paddle64 and torch64[name].dtype.kind == "f"]
    least = 2.0**-30 * max((root_mean_square(torch64[name]) for name in floats), default=0.0)
    for name in names:
        if name not in paddle64:
            continue
        one, other = torch64[name], paddle64[name]
        bound: Array | float = 0.0
        if one.shape == other.shape and one.dtype.kind == "f":
            level = allowed([one, other], [torch[name], paddle[name]], least)
            bound = (np.maximum(level, NOISES * UNIT * np.abs(one)) if level else level) + more(name, one)
            seen.note(name.partition(".")[0], _used(one, other, bound))
        wrong = difference(name, one, other, bound)
        if wrong:
            yield wrong


def _used(one: Array, other: Array, bound: Array | float) -> float:
    """The largest part of a bound that is used; no part where there is no bound."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        parts = np.where(np.asarray(bound) > 0, np.abs(other - one) / bound, 0.0)
    return float(np.nan_to_num(parts, posinf=0.0).max(initial=0.0))


def momentum_rounding(port: Port, drawn: Drawn) -> Callable[[str, Array], Array | float]:
    """What a momentum kept in float32, as paddle's kernels keep it, moves running statistics by, in float64 too.

    They become m * before + (1 - m) * batch; where m is off by d, the result is off by d * (before - batch).
    """

    def off(name: str, after: Array) -> Array | float:
        layer, _, local = name.removeprefix("buffers.").rpartition(".")
        momentum = port.sides[0].layers.get(layer, {}).get("momentum")
        if not (name.startswith("buffers.") and local.startswith("running_") and momentum):
            return 0.0
        return UNIT * np.abs(after - drawn.values[f"{layer}.{local}".lstrip(".")]) / momentum

    return off


def _updates(seen: Seen, found: Runs) -> Iterator[Difference]:
    """What differs after the first update that differs."""
    gradients = _gradient_errors(found) if "updates" in {name.partition(".")[0] for name in found[0]} else {}
    for step in range(STEPS):
        wrong = list(update(seen, found, step, gradients))
        yield from wrong
        if wrong:
            return


def _gradient_errors(found: Runs) -> dict[str, Array]:
    """How far the two gradients of each parameter are apart relative to what they are, as far as that is normal.

    An update that divides by the gradient's size, as Adam's does, may be off by as much of itself.
    """
    torch64, paddle64, torch, paddle = found
    errors = {}
    for name in [name for name in torch64 if name.startswith("gradients.") and name in paddle64]:
        one, other = torch64[name], paddle64[name]
        if one.shape != other.shape:
            continue
        relative = _relative(np.abs(other - one), one, other)
        if (relative > CONSTANTS / 64).any():  # rarely, so that the noise is rarely worked out again
            normal = allowed([one, other], [torch[name], paddle[name]])
            relative = _relative(np.minimum(np.abs(other - one), normal), one, other)
        errors[name.removeprefix("gradients.")] = relative
    return errors


def _relative(apart: Array, one: Array, other: Array) -> Array:
    least = np.minimum(np.abs(one), np.abs(other))
    return np.divide(apart, least, where=least > 0, out=np.where(apart > 0, 1.0, 0.0))


def update(seen: Seen, found: Runs, step: int, gradients: Mapping[str, Array]) -> Iterator[Difference]:
    """How one update differs. found: ``updates.STEP.NAME`` of both; gradients: see :func:`_gradient_errors`."""
    one, other = found[:2]
    names = [name for name in one if name.startswith(f"updates.{step}.") and name in other]
    scale = max((root_mean_square(one[name]) for name in names), default=0.0)
    for name in names:
        tensor = name.split(".", 2)[2]
        if tensor.rpartition(".")[2].startswith("running_"):
            continue
        relative = CONSTANTS * (1 + 9 * step) + np.minimum(gradients.get(tensor, 0.0), 1.0)
        bound = relative * (np.abs(one[name]) + scale)
        if one[name].shape == other[name].shape:
            seen.note("updates", _used(one[name], other[name], bound))
        wrong = difference(f"update {step + 1} of {tensor}", one[name], other[name], bound)
        if wrong:
            yield wrong
