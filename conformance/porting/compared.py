"""What is kept of a sample's runs: the verdict on whatever is as large as the model, and the rest as it is.

Gradients of four runs and updates of two are many times the model's own size, so that they are compared at once and let
go; the laws read what was found.
"""

from __future__ import annotations

import functools
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.accuracy import CHAIN
from conformance.porting.bounds import (
    CONSTANTS,
    NOISES,
    UNIT,
    Array,
    Difference,
    allowed,
    difference,
    root_mean_square,
    rows_used,
    share,
    used,
)
from conformance.porting.check import STEPS, Drawn, Port, PortingWarning, Runs
from conformance.porting.pair import PairError

LARGE = ("gradients", "updates")
"""Quantities with an array for every parameter."""
TRAINED = ("loss", "input_gradients", "dropout")
"""Quantities of training mode alone."""


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
    """One sample in one mode. runs: both models in float64, without :data:`LARGE`; gradients, updates: how these
    differ; lost: gradients of one model only, and which has them; worst: as in :class:`Seen`."""

    runs: Runs
    gradients: list[Difference] = field(default_factory=list)
    updates: list[Difference] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    worst: dict[str, float] = field(default_factory=dict)


def compared(port: Port, drawn: Drawn, training: bool) -> Compared:
    """The sample's runs, made once for all laws."""
    return port.kept(("compared", drawn.seed, drawn.batch, training), lambda: compare(port, drawn, training))


def is_one_mode(port: Port) -> bool:
    """Whether the first sample gives the same bits in both modes: then evaluation mode shows nothing more of others."""

    def make() -> bool:
        drawn = next(port.samples())
        try:
            runs = [compared(port, drawn, training).runs for training in (False, True)]
        except PairError:  # which the law of training mode tells
            return False
        return all(
            one.keys() == {name for name in other if name.partition(".")[0] not in TRAINED}
            and all(np.array_equal(one[name], other[name], equal_nan=array_is_float(one[name])) for name in one)
            for one, other in zip(*runs, strict=True)
        )

    return port.kept("one mode", make)


def evaluated(port: Port, drawn: Drawn) -> Runs:
    """Both models' outputs in evaluation mode, in float64."""
    return compared(port, drawn, bool(drawn.seed) and not drawn.exact and is_one_mode(port)).runs


def array_is_float(array: Array) -> bool:
    """Whether it may hold NaN."""
    return array.dtype.kind in "fc"


def compare(port: Port, drawn: Drawn, training: bool) -> Compared:
    """Run the sample in float64, and compare what is large."""
    found, seen = port.run(drawn, training), Seen()
    result = Compared(tuple(_small(each) for each in found), worst=seen.worst)
    if training and not drawn.exact:
        ours, theirs = ({name for name in each if "gradients." in name} for each in found)
        result.lost = {name: "torch" if name in theirs else "paddle" for name in sorted(ours ^ theirs)}
        bounds: dict[str, Array | float] = {}
        for name, part, bound in _gradient_bounds(port, drawn, found, _agree(port, drawn, found)):
            bounds[name] = np.inf if bound is None else bound
            wrong = None if bound is None else difference(name, found[0][name], found[1][name], bound)
            seen.note(name.partition(".")[0], part)
            if wrong:
                result.gradients.append(wrong)
        result.updates = list(_updates(seen, found, bounds))
    return result


def _agree(port: Port, drawn: Drawn, found: Runs) -> bool:
    """Whether outputs do, without which gradients need no bounds of their own."""
    names = [name for name in found[0] if name.startswith("outputs.")]
    single = functools.partial(singles, port, drawn, True)
    return not any(True for _ in differences(Seen(), found, names, nothing_more, single))


def singles(port: Port, drawn: Drawn, training: bool) -> Runs:
    """Both models in their own precision, which few samples need."""
    return port.kept(("single", drawn.seed, drawn.batch, training), lambda: port.run(drawn, training, double=False))


def _small(found: Mapping[str, Array]) -> dict[str, Array]:
    return {name: array for name, array in found.items() if name.partition(".")[0] not in LARGE}


def nothing_more(name: str, array: Array) -> float:
    """No error beside rounding noise is normal."""
    return 0.0


def differences(
    seen: Seen,
    found: Runs,
    names: list[str],
    more: Callable[[str, Array], Array | float],
    single: Callable[[], Runs] | None = None,
) -> Iterator[Difference]:
    """What differs of the named quantities. found: both models in float64, and then in their own precision.

    more: what a quantity may be off by beside rounding noise. single: makes the runs in the models' own precision,
    where ``found`` has none; they are made where two quantities differ by more than single precision rounds their
    numbers by itself.

    A number is as uncertain as its neighbours, and at least as much as single precision makes it itself.
    """
    torch64, paddle64 = found[:2]
    floats = [name for name in names if name in paddle64 and torch64[name].dtype.kind == "f"]
    least = 2.0**-30 * max((root_mean_square(torch64[name]) for name in floats), default=0.0)
    for name in names:
        if name not in paddle64:
            continue
        one, other = torch64[name], paddle64[name]
        bound: Array | float = 0.0
        if one.shape == other.shape and one.dtype.kind == "f":
            added = more(name, one)
            bound = rounded(one) + added
            if single is None or (np.abs(other - one) > bound).any():
                torch, paddle = single() if single is not None else found[2:]
                level = allowed([one, other], [torch[name], paddle[name]], least)
                bound = (np.maximum(level, NOISES * UNIT * np.abs(one)) if level else level) + added
            seen.note(name.partition(".")[0], used(one, other, bound))
        wrong = difference(name, one, other, bound)
        if wrong:
            yield wrong


def rounded(array: Array, axes: int | None = None) -> Array:
    """The least that single precision makes normal: what it rounds a number by, or its neighbours' root mean square.

    axes: the last so many are those of neighbours, or all.
    """
    axes = array.ndim if axes is None else axes
    finite = array if np.isfinite(array).all() else np.where(np.isfinite(array), array, 0.0)
    inner = tuple(range(array.ndim - axes, array.ndim))
    level = np.sqrt(np.mean(np.square(finite), axis=inner, keepdims=True)) if array.size else 0.0
    return NOISES * UNIT * np.maximum(np.abs(finite), level)


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


def _gradient_bounds(port: Port, drawn: Drawn, found: Runs, agree: bool) -> Iterator[tuple[str, float, Array | None]]:
    """What the gradients of both models may be apart by, element by element, and the largest part that is used.

    No bounds where whole rows show that the gradients are well within them. Where they are apart by less than single
    precision rounds the numbers themselves, nothing more is asked. Elsewhere it is the error that single precision
    makes in this network's gradients, as :mod:`.torch_side.rounding` derives it. A row that nothing reached, as of a
    word that no sample holds, has none.
    """
    names = [name for name in found[0] if name.startswith(("gradients.", "input_gradients."))]
    for name in [name for name in names if name in found[1]]:
        one, other = found[0][name], found[1][name]
        comparable = one.shape == other.shape and one.dtype == other.dtype
        part = rows_used(one, other, NOISES * UNIT) if comparable else np.inf
        if part <= 0.5:
            yield name, part, None
            continue
        bound = rounded(one, max(one.ndim - 1, 0))
        if agree and comparable and not (np.abs(other - one) <= bound).all():
            bound = np.maximum(bound, _derived(port, drawn, name, found))
        yield name, used(one, other, bound) if comparable else 0.0, bound


def _derived(port: Port, drawn: Drawn, name: str, found: Runs) -> Array:
    """:data:`CHAIN` deviations of each element, or of its row's elements that have any."""
    deviations, unknown = port.deviations(drawn, training=True)
    if unknown or name not in deviations:
        single = singles(port, drawn, True)
        one, other = (np.abs(found[side][name] - single[side][name]) for side in (0, 1))
        deviation = np.sqrt((np.square(one) + np.square(other)) / 2)
        finite = np.where(np.isfinite(deviation), deviation, 0.0)
        deviation = np.minimum(finite, np.median(finite[finite > 0]) if finite.any() else 0.0)
        return NOISES * np.maximum(deviation, _level(deviation) * (deviation > 0))
    deviation = deviations[name]
    return CHAIN["gradient"] * np.maximum(deviation, _level(deviation) * (deviation > 0))


def _level(deviation: Array) -> Array:
    """Root mean square of what is above 0 in each row; of the whole, where rows are single numbers."""
    inner = tuple(range(1, deviation.ndim)) or None
    number = np.maximum((deviation > 0).sum(axis=inner, keepdims=True), 1)
    return np.sqrt(np.square(deviation).sum(axis=inner, keepdims=True) / number)


def _updates(seen: Seen, found: Runs, bounds: Mapping[str, Array | float]) -> Iterator[Difference]:
    """What differs after the first update that differs."""
    gradients = _GradientErrors(found, bounds)
    for step in range(STEPS):
        wrong = list(update(seen, found, step, gradients))
        yield from wrong
        if wrong:
            return


class _GradientErrors(dict[str, Array]):
    """How far the two gradients of each parameter are apart relative to what they are, as far as that is normal.

    An update that divides by the gradient's size, as Adam's does, may be off by as much of itself. They are worked out
    for the parameters that are asked for.
    """

    def __init__(self, found: Runs, bounds: Mapping[str, Array | float]) -> None:
        super().__init__()
        self._found, self._bounds = found, bounds

    def get(self, tensor: str, default: Any = None) -> Any:
        name = f"gradients.{tensor}"
        one, other = (each.get(name) for each in self._found)
        if name not in self._bounds or one is None or other is None or one.shape != other.shape:
            return default
        if tensor not in self:
            self[tensor] = _relative(np.minimum(np.abs(other - one), self._bounds[name]), one, other)
        return self[tensor]


def _relative(apart: Array, one: Array, other: Array) -> Array:
    least = np.minimum(np.abs(one), np.abs(other))
    return np.divide(apart, least, where=least > 0, out=np.where(apart > 0, 1.0, 0.0))


def update(seen: Seen, found: Runs, step: int, gradients: Mapping[str, Array]) -> Iterator[Difference]:
    """How one update differs. found: ``updates.STEP.NAME`` of both; gradients: see :class:`_GradientErrors`."""
    one, other = found[:2]
    names = [name for name in one if name.startswith(f"updates.{step}.") and name in other]
    scale = max((root_mean_square(one[name]) for name in names), default=0.0)
    for name in names:
        tensor = name.split(".", 2)[2]
        if tensor.rpartition(".")[2].startswith("running_"):
            continue
        least = CONSTANTS * (1 + 9 * step) * scale
        if one[name].shape == other[name].shape and scale:
            part = share(one[name], other[name], least)
            if part is not None:
                seen.note("updates", part)
                continue
        relative = CONSTANTS * (1 + 9 * step) + np.minimum(gradients.get(tensor, 0.0), 1.0)
        bound = relative * (np.abs(one[name]) + scale)
        if one[name].shape == other[name].shape:
            seen.note("updates", used(one[name], other[name], bound))
        wrong = difference(f"update {step + 1} of {tensor}", one[name], other[name], bound)
        if wrong:
            yield wrong
