"""Losses of classes: labels and soft labels, weights, ignored labels, smoothing, and every rank."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.functions import exp
from conformance.number_formats import FORMATS
from conformance.operators import Floats, each, in_steps, operator
from conformance.quantity import Quantity, made, quantity, scaled
from conformance.sums import einsum
from suites.support.classes import along_classes, classified, log_softmax, picked, weighted_mean
from suites.support.losses import AREA, reduced
from suites.support.unreached import with_zeros

SEVERAL = (3, 2, 5, 17, 64)
UNEQUAL = " must be equal to "


def _nll(x, labels, weight, ignored, reduction):
    """Of log-probabilities."""
    used = labels != ignored
    safe = np.where(used, labels, 0)
    weights = quantity(np.ones(labels.shape) if weight is None else weight.value[safe])
    return weighted_mean(-picked(x, safe) * weights, weights, used, reduction)


def _cross_entropy(x, labels, weight, ignored, reduction):
    return _nll(log_softmax(x), labels, weight, ignored, reduction)


def _own_mean(x, labels, weight, ignored, reduction, formula=_cross_entropy):
    used = labels != ignored
    if reduction != "mean":
        return formula(x, labels, weight, ignored, reduction)
    total = formula(x, labels, weight, ignored, "sum")
    if not used.any():
        return total
    if weight is None:
        return total / float(labels.size if ignored < 0 else used.sum())
    return total / quantity(weight.value[labels[used]]).sum()


@operator(
    "losses.cross_entropy", area=AREA, cases=classified(ignoring=True), stepwise=True, covers=("nn.CrossEntropyLoss",)
)
class cross_entropy:
    """The mean of labels that are not ignored, each as much as its class weighs, over logits of any rank."""

    note = "paddle's CrossEntropyLoss takes the classes from the last axis: torch's second is axis=1."
    torch = lambda f, x, labels, ignored, weight, reduction: f.nn.CrossEntropyLoss(
        weight, ignore_index=ignored, reduction=reduction
    )(x, labels)
    paddle = lambda f, x, labels, ignored, weight, reduction: f.nn.CrossEntropyLoss(weight, ignored, reduction, axis=1)(
        x, labels
    )
    value = _cross_entropy
    variant_own_mean = _own_mean


def _smoothed(x, labels, weight, smoothing, reduction):
    logarithms, used = log_softmax(x), np.ones(labels.shape, bool)
    weights = quantity(np.ones(labels.shape) if weight is None else weight.value[labels])
    hard = scaled(-picked(logarithms, labels) * weights, 1.0 - smoothing, 2)
    soft = scaled(-(logarithms * along_classes(weight, x.ndim)).sum(axis=1), smoothing / x.shape[1], 2)
    return weighted_mean(hard + soft, weights, used, reduction)


@operator("losses.cross_entropy_smoothed", area=AREA, cases=classified(smoothing=(0.1, 0.5)), stepwise=True)
class cross_entropy_smoothed:
    """A smoothing of e gives the label 1 - e + e / C and every other class e / C, over logits of any rank."""

    torch = lambda f, x, labels, weight, smoothing, reduction: f.nn.CrossEntropyLoss(
        weight, reduction=reduction, label_smoothing=smoothing
    )(x, labels)
    paddle = lambda f, x, labels, weight, smoothing, reduction: (
        lambda loss: loss.squeeze(-1) if loss.ndim == x.ndim else loss
    )(f.nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=smoothing)(x.moveaxis(1, -1), labels))
    value = _smoothed

    variant_one_weight_a_row = lambda x, labels, weight, smoothing, reduction: _with_shares(
        x,
        _smoothed_labels(np.moveaxis(labels[..., None] == np.arange(x.shape[1]), -1, 1), smoothing),
        weight,
        reduction,
    )


@operator(
    "losses.cross_entropy_smoothed_axis",
    area=AREA,
    cases=classified(inside=((3,), (2, 3)), counts=(3,), weighted=False, reductions=("mean", "sum"), smoothing=(0.1,)),
    stepwise=True,
)
class cross_entropy_smoothed_axis:
    """The classes that are smoothed are those of the axis that is asked for."""

    torch = lambda f, x, labels, smoothing, reduction: f.nn.functional.cross_entropy(
        x, labels, reduction=reduction, label_smoothing=smoothing
    )
    paddle = lambda f, x, labels, smoothing, reduction: f.nn.functional.cross_entropy(
        x, labels, reduction=reduction, axis=1, label_smoothing=smoothing
    )
    value = lambda x, labels, smoothing, reduction: _smoothed(x, labels, None, smoothing, reduction)

    @staticmethod
    def variant_last_axis(x, labels, smoothing, reduction):
        """The smoothed labels are made along the last axis, and read along the axis of the classes."""
        if x.ndim > 3 and x.shape[1] != x.shape[2]:
            return Rejects("the smoothed labels do not have the logits' shape", error="Input(Logits) and Input(Label) ")
        found = _smoothed_labels(labels[..., None] == np.arange(x.shape[-1]), smoothing, x.shape[-1])
        return _with_shares(x, found, None, reduction)


@operator(
    "losses.label_smooth",
    area=AREA,
    cases=st.tuples(each(2, 1, 7, 33), each(3, 2, 10), each(0.1, 0.3, 0.5, 1.0), each(None, "prior")).map(
        lambda drawn: {
            "x": Floats(drawn[:2], low=0.0, high=1.0, points=(0.0, 1.0), specials=False),
            "epsilon": drawn[2],
            "prior": drawn[3] and Floats((1, drawn[1]), low=0.0, high=1.0, specials=False),
        }
    ),
    gradients=("x", "prior"),
    dtypes=("float32", "float64"),
    covers=("paddle.nn.functional.label_smooth",),
)
class label_smooth:
    """A part of each label is taken away and given to a distribution, which is uniform if none is named."""

    torch = lambda f, x, epsilon, prior: (1.0 - epsilon) * x + epsilon * (1.0 / x.shape[-1] if prior is None else prior)
    paddle = lambda f, x, epsilon, prior: f.nn.functional.label_smooth(x, prior, epsilon)
    value = lambda x, epsilon, prior: _smoothed_by(x, epsilon, prior)
    variant_prior_without_gradient = lambda x, epsilon, prior: _without_prior(x, epsilon, prior, 0.0)
    variant_float32_epsilon = lambda x, epsilon, prior: _without_prior(x, epsilon, prior, FORMATS["float32"].unit)


def _without_prior(x, epsilon, prior, off):
    found = _smoothed_by(x, epsilon, prior, off)
    return found if prior is None else {"output": found, "gradient.prior": None}


def _smoothed_by(x, epsilon, prior, off=0.0):
    """off: by how much the number may be, in units of its own size."""
    number = made(epsilon, off * epsilon, 1)
    rest = scaled(quantity(1.0), 1.0 - epsilon)
    rest.error = rest.error + off
    given = number * (scaled(quantity(1.0), 1.0 / x.shape[-1]) if prior is None else prior)
    return rest * x + given


def _soft(x, target, weight, reduction):
    losses = -(log_softmax(x) * target * along_classes(weight, x.ndim)).sum(axis=1)
    if reduction == "mean":
        return losses.sum() / float(losses.value.size)
    return reduced(losses, reduction)


def _smoothed_labels(hot, smoothing, classes=None):
    """Labels that are smoothed in float32, also where logits are float64."""
    classes = hot.shape[1] if classes is None else classes
    found = np.where(hot, 1 - smoothing + smoothing / classes, smoothing / classes)
    return Quantity(found, 3 * FORMATS["float32"].unit * found)


def _with_shares(x, target, weight, reduction, shares=None):
    """Each row's loss times the mean weight of its label; gradients as of labels that sum to 1."""
    losses = _soft(x, target, None, "none").plain
    powers = exp(x.plain - x.value.max(axis=1, keepdims=True))
    slope = powers / powers.sum(axis=1, keepdims=True) - target.plain
    losses = losses.with_gradient(x, lambda g: slope * g.reshape(g.shape[0], 1, *g.shape[1:]))
    if weight is None:
        return losses.sum() / float(losses.value.size) if reduction == "mean" else reduced(losses, reduction)
    if shares is None:
        shares = (target.plain * along_classes(weight.plain, x.ndim)).sum(axis=1)
    return weighted_mean(losses * shares, shares, np.ones(losses.shape, bool), reduction)


@operator("losses.cross_entropy_soft", area=AREA, cases=classified(soft=True, counts=SEVERAL), stepwise=True)
class cross_entropy_soft:
    """-sum t w log p, whose mean is over rows whatever the classes weigh."""

    note = "With soft_label=True and reduction='none' paddle's losses have an axis of length 1 where the classes were."
    torch = lambda f, x, target, weight, reduction: f.nn.CrossEntropyLoss(weight, reduction=reduction)(x, target)
    paddle = lambda f, x, target, weight, reduction: (lambda loss: loss.squeeze(1) if loss.ndim == x.ndim else loss)(
        f.nn.CrossEntropyLoss(weight, reduction=reduction, soft_label=True, axis=1)(x, target)
    )
    value = _soft

    @staticmethod
    def variant_one_weight_a_row(x, target, weight, reduction):
        if weight is None:
            return _with_shares(x, target, None, reduction)
        if x.shape[-1] != x.shape[1]:
            return Rejects("weights of classes that are not the last axis", error=UNEQUAL)
        rows = target.plain.reshape(-1, x.shape[-1])
        shares = einsum("ij,j->i", rows, weight.plain).reshape(x.shape[0], *x.shape[2:])
        return _with_shares(x, target, weight, reduction, shares)


@operator(
    "losses.cross_entropy_soft_target",
    area=AREA,
    cases=classified(soft=True, weighted=False),
    gradients=("target",),
    stepwise=True,
)
class cross_entropy_soft_target:
    """The gradient of a soft label is -log p."""

    torch = lambda f, x, target, reduction: f.nn.CrossEntropyLoss(reduction=reduction)(x, target)
    paddle = lambda f, x, target, reduction: (lambda loss: loss.squeeze(1) if loss.ndim == x.ndim else loss)(
        f.nn.CrossEntropyLoss(reduction=reduction, soft_label=True, axis=1)(x, target)
    )
    value = lambda x, target, reduction: _soft(x, target, None, reduction)
    variant_no_gradient = lambda x, target, reduction: {
        "output": _soft(x, target, None, reduction),
        "gradient.target": None,
    }
    variant_zero_gradient = with_zeros(variant_no_gradient, "target")


@operator(
    "losses.nll",
    area=AREA,
    cases=classified(ignored=(-100, -7), logit={"specials": False, "views": False}),
    stepwise=True,
    dtypes=("float32", "float16", "bfloat16"),
    covers=("nn.NLLLoss",),
)
class nll:
    """The mean of -x at the labels, each as much as its class weighs, over any rank; the label to ignore is in none."""

    both = lambda f, x, labels, ignored, weight, reduction: f.nn.NLLLoss(
        weight, ignore_index=ignored, reduction=reduction
    )(x, labels)
    value = _nll
    variant_channels_last_refused = lambda x, labels, ignored, weight, reduction: (
        Rejects("backward wants the channels in front", "grad_input must be contiguous")
        if x.ndim == 4 and min(x.shape[1], x.value[0, 0].size) > 1
        else _nll(x, labels, weight, ignored, reduction)
    )
    variant_empty_mean = lambda x, labels, ignored, weight, reduction: _nll(
        x, labels, weight, ignored, "sum" if np.all(labels == ignored) and reduction == "mean" else reduction
    )
    variant_sums_in_steps = in_steps(
        lambda x, labels, ignored, weight, reduction: _nll(x, labels, weight, ignored, reduction)
    )
