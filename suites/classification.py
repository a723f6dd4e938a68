"""Logits and labels for the laws of classification losses, and the acceptance of a loss with its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy
from conformance.strategies import FAMILIES, LONG, Fill, fills, generator, lengths, seeds
from reference_impl.oracle import losses
from suites.specials import bounded

VALUE, GRADIENT = 2.5, 2.5
"""Unit roundoffs of the conditions in ``reference_impl.oracle.losses``; the largest seen were 1.7 and 1.6."""
OPTIONS = 5.0
"""As GRADIENT where weights, their sum or smoothed labels are rounded too; the largest seen was 3.6."""
MILD = ("normal", "offset", "positive", "tiny", "constant", "sparse", "sorted")
"""Families whose logits lie less than 64 apart."""

FILLS = 4
reductions = st.permutations(("mean", "sum", "none")).map(lambda order: ["mean", *order])
"""A reduction for each fill of an example: every one in turn, and the usual one twice."""


@st.composite
def classifications(
    draw: st.DrawFn,
    families: tuple[str, ...] = FAMILIES,
    options: Callable[..., dict[str, Any]] | None = None,
    flat: bool = False,
) -> list[Sample]:
    """Logits of a few classes, or many, and int64 labels; ``options`` draws further inputs from (rng, classes, labels).

    Labels, reduction and options are those of one fill. ``flat``: the cotangent has one axis even where the loss is a
    scalar.
    """
    (rows,), (classes,) = draw(lengths((1, 6, (9, 16, 32)), share=0.4)), draw(lengths((1, 12, LONG)))
    rng = generator(draw(seeds))
    chosen = []
    for reduction in draw(reductions):
        labels = rng.integers(0, classes, rows)
        if rows >= classes and rng.random() < 0.5:
            labels[:classes] = np.arange(classes)
        further = {} if options is None else options(draw, rng, classes, labels)
        chosen.append({"labels": labels, "reduction": reduction, **further})
    following = iter(chosen)

    def build(fill: Fill) -> dict[str, Any]:
        inputs = next(following)
        shape = (rows,) if inputs["reduction"] == "none" else (1,) if flat else ()
        cotangent = 0.5 + np.abs(rng.standard_normal(shape))
        return {"logits": fill((rows, classes)), **inputs, "cotangent": np.asarray(cotangent, np.float32)}

    return draw(fills(build, families, count=FILLS, limit=20).map(bounded))


def judged(
    loss: losses.Loss, cotangent: np.ndarray, used: np.ndarray | None = None, units: float = GRADIENT
) -> dict[str, Acceptance]:
    """Value and gradient of a loss, of which rows that are not ``used`` take no gradient."""
    factor = np.asarray(cotangent, np.float64)
    if factor.ndim:
        factor = factor[:, None]
    gradient, condition = loss.gradient * factor, loss.gradient_condition * np.abs(factor)
    if used is not None:
        gradient, condition = np.where(used[:, None], gradient, 0.0), np.where(used[:, None], condition, 0.0)
    return {
        "output": accuracy.rounded(loss.value, VALUE, loss.value_condition),
        "gradient.logits": accuracy.rounded(gradient, units, condition),
    }


def reduced(loss: losses.Loss, reduction: str) -> losses.Loss:
    """The mean or sum of a loss by rows."""
    if reduction == "none":
        return loss
    divisor = loss.value.size if reduction == "mean" else 1
    value, condition = loss.value.sum() / divisor, loss.value_condition.sum() / divisor
    return losses.Loss(value, loss.gradient / divisor, condition, loss.gradient_condition / divisor)
