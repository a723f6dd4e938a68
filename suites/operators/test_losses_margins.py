"""Losses with a margin: rankings, classes and sets of classes; values, gradients, and the point where a margin ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.operators import Floats, Integers, Structure, each, operator
from conformance.quantity import quantity, scaled, where
from suites.support.classes import classified, picked
from suites.support.losses import AREA, REDUCTIONS, Chosen, alike, hinge, quiet_hinge, reduced


def _signs(shape):
    return Chosen(shape, points=(1.0, -1.0))


def _ranking(x, other, target, reduction, margin, at_margin=0.0, hinge=hinge):
    gap = target * (other - x)
    return reduced(hinge(gap + margin if margin else gap, at_margin), reduction)


@operator(
    "losses.margin_ranking",
    area=AREA,
    cases=alike({"x": {}, "other": {}, "target": _signs}, margin=(0.0, 1.0, 0.5)),
    gradients=("x", "other"),
    stepwise=True,
    covers=("nn.MarginRankingLoss",),
)
class margin_ranking:
    """max(0, -t (x - other) + margin); no gradient exactly at the margin."""

    both = lambda f, x, other, target, reduction, margin: f.nn.MarginRankingLoss(margin, reduction=reduction)(
        x, other, target
    )
    value = _ranking
    variant_steep_at_margin = lambda x, other, target, reduction, margin: _ranking(
        x, other, target, reduction, margin, 1.0
    )

    @staticmethod
    def variant_quiet(x, other, target, reduction, margin):
        found = _ranking(x, other, target, reduction, margin, hinge=quiet_hinge)
        if margin and reduction == "none" and not x.ndim:
            return {"output": found.plain.reshape(1), "gradient.x": None, "gradient.other": None}
        return found


def _hinge_embedding(x, target, reduction, margin, at_margin=0.0):
    return reduced(where(target.value == 1, x, hinge(margin - x, at_margin)), reduction)


@operator(
    "losses.hinge_embedding",
    area=AREA,
    cases=alike({"x": {"points": (1.0, 0.5)}, "target": _signs}, margin=(1.0, 0.5)),
    stepwise=True,
    covers=("nn.HingeEmbeddingLoss",),
)
class hinge_embedding:
    """x for a target of 1, and max(0, margin - x) for -1; no gradient exactly at the margin."""

    both = lambda f, x, target, reduction, margin: f.nn.HingeEmbeddingLoss(margin, reduction=reduction)(x, target)
    value = _hinge_embedding
    variant_steep_at_margin = lambda x, target, reduction, margin: _hinge_embedding(x, target, reduction, margin, 1.0)

    @staticmethod
    def variant_quiet(x, target, reduction, margin):
        found = where(target.value == 1, x, quiet_hinge(margin - x))
        if reduction == "none" and not x.ndim:
            return {"output": found.plain.reshape(1), "gradient.x": None}
        return reduced(found, reduction)


def _power(x, p):
    return x if p == 1 else x * x


def _multi_margin(x, labels, weight, reduction, p, margin):
    right = picked(x, labels).reshape(-1, 1)
    other = np.arange(x.shape[1]) != labels[:, None]
    terms = where(other, _power(hinge(margin - right + x, 0.0), p), 0.0)
    weights = 1.0 if weight is None else weight.value[labels][:, None]
    return reduced(scaled((terms * weights).sum(axis=1), 1 / x.shape[1], 2), reduction)


def _less_own(x, labels, weight, reduction, p, margin, crossed=False):
    """The mean over all classes less what the label's own adds to it, which is kept in float32."""
    right = picked(x, labels).reshape(-1, 1)
    gap = margin - right + x
    weights = quantity(np.ones(labels.shape) if weight is None else weight.value[labels])
    if weight is not None and crossed:
        means = _power(hinge(weights.reshape(-1, 1) * gap, 1.0), p).mean(axis=1)
        less = weights * float(np.float32(margin**p / x.shape[1]))
        return reduced(means - less.reshape(-1, 1), reduction)
    terms = _power(hinge(gap, 1.0), p)
    own = float(np.float32(margin**p / x.shape[1]))
    means = (terms * weights.reshape(-1, 1)).mean(axis=1)
    return reduced(means - weights * own, reduction)


@operator(
    "losses.multi_margin",
    area=AREA,
    cases=classified(inside=((),), logit={"specials": False}, p=(1, 2), margin=(1.0, 0.5)),
    stepwise=True,
    covers=("nn.MultiMarginLoss",),
)
class multi_margin:
    """The mean over the other classes of max(0, margin - x[label] + x)**p; no gradient exactly at the margin."""

    torch = lambda f, x, labels, weight, reduction, p, margin: f.nn.MultiMarginLoss(
        p, margin, weight, reduction=reduction
    )(x, labels)
    paddle = lambda f, x, labels, weight, reduction, p, margin: f.nn.MultiMarginLoss(p, margin, weight, reduction)(
        x, labels
    )
    value = _multi_margin
    variant_less_own = _less_own
    variant_crossed = lambda **inputs: _less_own(**inputs, crossed=True)


@dataclass(frozen=True)
class Sets(Integers):
    """Rows of distinct classes, ended by -1."""

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        """From none to all of the classes."""
        array = np.argsort(rng.random(self.shape), axis=1)
        array[np.arange(self.shape[1]) >= rng.integers(0, self.shape[1] + 1, self.shape[0])[:, None]] = -1
        return array.astype(np.int64)


@st.composite
def labelled(draw: st.DrawFn) -> Structure:
    """Logits [N, C] and a set of labels for each row."""
    shape = (draw(st.integers(1, 5)), draw(st.sampled_from((4, 1, 2, 7, 17))))
    return {
        "x": Floats(shape, specials=False, views=False),
        "labels": Sets(shape),
        "reduction": draw(each(*REDUCTIONS)),
    }


def _sets(x, labels, reduction, at_zero=0.0):
    total: Any = 0.0
    member = np.zeros(x.shape, bool)
    rows, places = np.nonzero(labels >= 0)
    member[rows, labels[rows, places]] = True
    for place in range(labels.shape[1]):
        chosen = labels[:, place] >= 0
        right = picked(x, np.where(chosen, labels[:, place], 0)).reshape(-1, 1)
        total = total + where(chosen[:, None] & ~member, hinge(1.0 - right + x, at_zero), 0.0)
    return reduced(scaled(total.sum(axis=1), 1 / x.shape[1], 2), reduction)


@operator("losses.multi_label_margin", area=AREA, cases=labelled(), stepwise=True, covers=("nn.MultiLabelMarginLoss",))
class multi_label_margin:
    """max(0, 1 - x[label] + x) over labels and other classes, divided by the classes; no gradient at the margin."""

    both = lambda f, x, labels, reduction: f.nn.MultiLabelMarginLoss(reduction=reduction)(x, labels)
    value = _sets
    variant_lacking = lambda x, labels, reduction: Rejects(
        "there is none", error="has no attribute 'MultiLabelMarginLoss'"
    )

    @staticmethod
    def variant_half_at_margin(x, labels, reduction):
        if (labels[:, 0] < 0).all():
            return Rejects("no row has a label", error="The pointer p_index is nullptr")
        return _sets(x, labels, reduction, 0.5)
