"""What losses of classes have in common: logits of every rank with labels, and the logarithm of a softmax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.dtypes import named
from conformance.functions import exp, log
from conformance.number_formats import current
from conformance.operators import Floats, Integers, Structure, each
from conformance.quantity import Quantity, quantity, where
from conformance.sums import move
from suites.support.losses import REDUCTIONS

LOGIT: dict[str, Any] = {"low": -16.0, "high": 16.0, "specials": False}
"""Less than 64 apart: farther ones are those of loss.cross_entropy."""
CLASS_WEIGHT: dict[str, Any] = {"low": 0.125, "high": 4.0, "specials": False}
IGNORED = -100
"""The label that both ignore by default."""
INSIDE = ((), (), (3,), (2, 3), (1, 2, 2))
"""Axes behind that of the classes."""


@dataclass(frozen=True)
class Distributions(Floats):
    """Numbers in [0, 1] that sum to 1 along axis 1, or anything between 0 and 1."""

    specials: bool = False
    normalized: bool = True

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        """Some of them 0."""
        array = rng.random(self.shape) * (rng.random(self.shape) < 0.8) + 1e-3
        total = array.sum(axis=1, keepdims=True) if self.normalized else 1.0
        return np.asarray(array / total, named(dtype))


@st.composite
def classified(
    draw: st.DrawFn,
    /,
    inside: tuple[tuple[int, ...], ...] = INSIDE,
    weighted: bool = True,
    ignoring: bool = False,
    soft: bool = False,
    reductions: tuple[str, ...] = REDUCTIONS,
    logit: Mapping[str, Any] | None = None,
    fewest: int = 1,
    counts: tuple[int, ...] = (3, 1, 2, 5, 17, 64),
    **options: tuple[Any, ...],
) -> Structure:
    """Logits [N, C, ...] with labels [N, ...] or distributions, class weights or none, and a reduction."""
    rows, classes, rest = draw(st.integers(1, 4)), draw(st.sampled_from(counts)), draw(each(*inside))
    classes = max(classes, fewest)
    if not rest and draw(st.integers(0, 3)) == 0:
        rows = draw(st.sampled_from((8, 17, 100)))
    found: dict[str, Any] = {"x": Floats((rows, classes, *rest), **(logit or LOGIT))}
    if soft:
        found["target"] = Distributions((rows, classes, *rest), normalized=draw(st.booleans()))
    else:
        ignored = draw(each(IGNORED, 0, classes - 1)) if ignoring else IGNORED
        points = (ignored,) if ignoring and draw(st.booleans()) else ()
        found["labels"] = Integers((rows, *rest), 0, classes, points=points)
        if ignoring:
            found["ignored"] = ignored
    if weighted:
        found["weight"] = Floats((classes,), **CLASS_WEIGHT) if draw(st.booleans()) else None
    found["reduction"] = draw(each(*reductions))
    return {**found, **{name: draw(each(*values)) for name, values in options.items()}}


def log_softmax(x: Any, axis: int = 1) -> Quantity:
    """x minus its largest along an axis, less the logarithm of the sum of the exponentials of that.

    The gradient is formed from the result, as it was rounded.
    """
    x = quantity(x)
    shifted = x.plain - x.value.max(axis=axis, keepdims=True)
    found = shifted - log(exp(shifted).sum(axis=axis, keepdims=True))
    return found.with_gradient(x, lambda g: g - exp(found) * g.sum(axis=axis, keepdims=True))


def picked(x: Quantity, labels: np.ndarray) -> Quantity:
    """Of each row [N, C, ...] the element of its label [N, ...]."""
    return move(lambda array: np.take_along_axis(array, labels[:, None], 1)[:, 0], x)


def along_classes(weight: Any, rank: int) -> Any:
    """Class weights as a factor of [N, C, ...]."""
    return 1.0 if weight is None else quantity(weight).reshape(-1, *[1] * (rank - 2))


def weighted_mean(losses: Quantity, weights: Quantity, used: np.ndarray, reduction: str) -> Quantity:
    """Of losses that are weighted already, 0 where they are not used; a mean over none is NaN and has no gradient."""
    kept = where(used, losses, 0.0)
    if reduction == "none":
        return kept
    if reduction == "sum":
        return kept.sum()
    if not used.any():
        return quantity(np.nan).with_gradient(losses, lambda g: quantity(np.zeros(losses.shape)))
    summed, total = kept.sum(), where(used, weights, 0.0).sum().plain
    mean = summed / total
    if np.all(weights.value == 1.0):
        return mean

    def shared(g: Quantity) -> Quantity:
        """Frameworks weigh (g / total), or divide g * weight: one may be exact where the other is not."""
        found = g / total
        return Quantity(found.value, np.maximum(found.error, current().unit * np.abs(found.value)))

    return mean.with_gradient(summed, shared)
