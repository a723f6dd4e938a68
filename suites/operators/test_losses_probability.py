"""Losses of probabilities and logits against targets in [0, 1]: values, weights, and the gradient of every tensor."""

from __future__ import annotations

import numpy as np

from conformance.functions import exp, log, log1p, sigmoid, softplus
from conformance.number_formats import current, largest
from conformance.operators import operator
from conformance.quantity import Quantity, divide, larger, linked, quantity, split, stored, where
from suites.support.losses import AREA, Chosen, alike, reduced
from suites.support.unreached import with_zeros

PROBABILITY = {"low": 0.0, "high": 1.0, "points": (0.0, 1.0, 0.5), "specials": False}
HEAVIEST = 4.0
WEIGHT = {"low": 0.0, "high": HEAVIEST, "specials": False}
LEAST = -100.0
"""What both documentations let a logarithm be at least."""
FLOOR = 1e-12


def _bounded_log(x, logarithm, pole):
    safe = where(x.value == pole, 0.5, x)
    return larger(where(x.value == pole, LEAST, logarithm(safe)), LEAST, 0.0)


def _log_of_complement(x):
    return log(stored(1.0 - x))


def _bce(x, target, weight, reduction, complement=lambda x: log1p(-x), floor=FLOOR, least=LEAST):
    lower = _bounded_log(x, log, 0.0).plain
    upper = _bounded_log(x, complement, 1.0).plain
    unbounded = complement(x.plain) - log(x.plain)
    loss = -(target * lower + (1.0 - target) * upper)

    def of_x(g):
        off, scale = x.plain - target.plain, larger((1.0 - x.plain) * x.plain, floor, 0.0)
        found = _either(divide(g * off, scale), g * divide(off, scale))
        product, smallest = np.abs(g.value * off.value), current().smallest
        with np.errstate(all="ignore"):  # a kernel of the mean may divide by the count at the end
            slope, count = np.abs(off.value / scale.value), x.value.size if reduction == "mean" else 1
            beyond = (scale.value > 0) & (slope * np.maximum(1.0, count * np.abs(g.value)) > largest() / 4)
            # Each of two products may be rounded below the normal numbers, and divided then.
            small = (product > 0) & (product < smallest * 2.0 ** (current().bits + 2))
            more = np.where(small, 2 * smallest / np.abs(scale.value), 0.0)
        found = found if weight is None else _weighed_last(found, g)
        return Quantity(found.value, np.where(beyond, np.inf, found.error + more))

    def of_target(g):
        beyond = np.where(x.value == 0, -least, np.where(x.value == 1, least, 0.0))
        return where(
            beyond != 0, g * np.where(beyond == 0, 1.0, beyond), g * (unbounded if least == -np.inf else upper - lower)
        )

    loss = Quantity(loss.value, loss.error, linked((x, of_x), (target, of_target)))
    return reduced(loss if weight is None else loss * weight, reduction)


@operator(
    "losses.bce",
    area=AREA,
    cases=alike({"x": PROBABILITY, "target": PROBABILITY}, fewest=1, optional={"weight": WEIGHT}),
    stepwise=True,
    covers=("nn.BCELoss",),
)
class bce:
    """-(t log x + (1 - t) log(1 - x)), in which no logarithm is below -100."""

    note = "torch refuses a BCELoss or BCEWithLogitsLoss whose weight requires a gradient; paddle gives it one."
    both = lambda f, x, target, weight, reduction: f.nn.BCELoss(weight, reduction=reduction)(x, target)
    value = _bce
    variant_rounded_floor = lambda x, target, weight, reduction: _bce(
        x, target, weight, reduction, floor=stored(quantity(float(np.float32(FLOOR))))
    )
    variant_log_of_complement = lambda x, target, weight, reduction: _bce(
        x, target, weight, reduction, _log_of_complement
    )


@operator(
    "losses.bce_target",
    area=AREA,
    cases=alike({"x": PROBABILITY, "target": PROBABILITY}, fewest=1, optional={"weight": WEIGHT}),
    gradients=("target",),
    stepwise=True,
)
class bce_target:
    """The gradient of a target is the difference of the two logarithms, neither of them below -100."""

    both = lambda f, x, target, weight, reduction: f.nn.BCELoss(weight, reduction=reduction)(x, target)
    value = _bce
    variant_unbounded = lambda x, target, weight, reduction: _bce(x, target, weight, reduction, least=-np.inf)

    @staticmethod
    def variant_no_gradient(x, target, weight, reduction):
        return {"output": _bce(x, target, weight, reduction, _log_of_complement), "gradient.target": None}

    variant_zero_gradient = with_zeros(variant_no_gradient, "target")


def _log_of_sum(x):
    return log(stored(exp(x) + 1.0))


def _either(one, other):
    """The one, which may also be computed as the other, to the errors of that."""
    return Quantity(one.value, np.where(np.isfinite(one.value), np.maximum(one.error, other.error), one.error))


def _weighed_last(found, g):
    """A weight may come first or last, or be multiplied with what the target is: one rounding more."""
    lost = current().unit * np.where(np.isfinite(found.value), np.abs(found.value), 0.0)
    inexact = (found.error > 0) | (g.error > 0)
    return Quantity(found.value, found.error + np.where(inexact, lost + HEAVIEST * current().smallest, 0.0))


def _with_logits(x, target, weight, pos_weight, reduction, parts=None):
    p, t = x.plain, target.plain
    if pos_weight is None:
        pieces = where(p.value > 0, p, 0.0) - p * t + softplus(-abs(p))
        loss = _either((1.0 - t) * p + softplus(-p), pieces)
        slope, of_target = sigmoid(p) - t, -p
    else:
        both = t * pos_weight.plain
        loss = (1.0 - t) * p + softplus(-p) * ((pos_weight.plain - 1.0) * t + 1.0)
        slope = (both + 1.0 - t) * sigmoid(p) - both
        of_target = pos_weight.plain * softplus(-p) - softplus(p)
    if parts is not None:
        loss, slope = parts(p, t, pos_weight, loss, slope)

    loss = Quantity(
        loss.value,
        loss.error,
        linked((x, lambda g: _weighed_last(g * slope, g)), (target, lambda g: _weighed_last(g * of_target, g))),
    )
    return reduced(loss if weight is None else loss * weight, reduction)


def _in_pieces(x, target, pos_weight, loss, slope):
    """The logarithm of a sum, and, where no positive weight is given, a gradient at 0 of its own."""
    logarithm = _log_of_sum(-abs(x))
    if pos_weight is None:
        found = where(x.value > 0, x, 0.0) - x * target + logarithm
        return found, where(x.value == 0, -(target + 0.5), slope)
    positive = (pos_weight.plain - 1.0) * target + 1.0
    found = (1.0 - target) * x + positive * (logarithm + where(x.value < 0, -x, 0.0))
    return found, _either(slope, (1.0 - target) - positive * sigmoid(-x))


def _weighed_apart(x, target, pos_weight, loss, slope):
    """Only the logarithm is multiplied by the weight of a positive, and only the sigmoid of the gradient."""
    if pos_weight is None:
        return _in_pieces(x, target, pos_weight, loss, slope)[0], slope
    positive = (pos_weight.plain - 1.0) * target + 1.0
    found = where(x.value > 0, x, 0.0) - x * target + positive * _log_of_sum(-abs(x))
    return found, positive * sigmoid(x) - target


LOGITS = alike(
    {"x": {"points": (0.0,)}, "target": PROBABILITY},
    fewest=1,
    optional={"weight": WEIGHT, "pos_weight": {"low": 0.125, "high": HEAVIEST, "points": (1.0,), "specials": False}},
)


@operator("losses.bce_with_logits", area=AREA, cases=LOGITS, stepwise=True, covers=("nn.BCEWithLogitsLoss",))
class bce_with_logits:
    """The binary cross-entropy of sigmoid(x), where positive targets may weigh more."""

    both = lambda f, x, target, weight, pos_weight, reduction: f.nn.BCEWithLogitsLoss(
        weight, reduction=reduction, pos_weight=pos_weight
    )(x, target)
    value = _with_logits
    variant_weighed_apart = lambda x, target, weight, pos_weight, reduction: _with_logits(
        x, target, weight, pos_weight, reduction, _weighed_apart
    )
    variant_minus_half_at_zero = lambda x, target, weight, pos_weight, reduction: _with_logits(
        x, target, weight, pos_weight, reduction, _in_pieces
    )


@operator("losses.bce_with_logits_target", area=AREA, cases=LOGITS, gradients=("target",), stepwise=True)
class bce_with_logits_target:
    """The gradient of a target, also through the weight of positive ones."""

    both = lambda f, x, target, weight, pos_weight, reduction: f.nn.BCEWithLogitsLoss(
        weight, reduction=reduction, pos_weight=pos_weight
    )(x, target)
    value = _with_logits

    @staticmethod
    def variant_no_gradient(x, target, weight, pos_weight, reduction):
        found = _with_logits(x, target, weight, pos_weight, reduction, _in_pieces)
        return {"output": found, "gradient.target": None}

    variant_zero_gradient = with_zeros(variant_no_gradient, "target")

    @staticmethod
    def variant_weighed_apart(x, target, weight, pos_weight, reduction):
        found = _with_logits(x, target, weight, pos_weight, reduction, _weighed_apart)
        return {"output": found, "gradient.target": None}


@operator(
    "losses.soft_margin",
    area=AREA,
    cases=alike({"x": {"points": (0.0,)}, "target": lambda shape: Chosen(shape, points=(1.0, -1.0))}),
    stepwise=True,
    covers=("nn.SoftMarginLoss",),
)
class soft_margin:
    """log(1 + exp(-t x)) for targets of 1 and -1."""

    both = lambda f, x, target, reduction: f.nn.SoftMarginLoss(reduction=reduction)(x, target)
    value = lambda x, target, reduction: reduced(softplus(-target * x), reduction)
    variant_overflows = lambda x, target, reduction: reduced(log1p(exp(-target * x)), reduction)
    variant_log_of_sum = lambda x, target, reduction: reduced(_log_of_sum(-target * x), reduction)


def _softplus(x):
    large = split(x.value > 0, x, lambda x: x + _log_of_sum(-x), _log_of_sum)
    return where(np.isposinf(x.value), np.nan, large)


def _soft_margins(x, target, weight, reduction, softplus=softplus):
    loss = target * softplus(-x) + (1.0 - target) * softplus(x)
    return reduced((loss if weight is None else loss * weight).mean(axis=-1), reduction)


@operator(
    "losses.multi_label_soft_margin",
    area=AREA,
    cases=alike({"x": {"points": (0.0,)}, "target": PROBABILITY}, fewest=1, optional={"weight": WEIGHT}),
    gradients=("x", "target", "weight"),
    stepwise=True,
    covers=("nn.MultiLabelSoftMarginLoss",),
)
class multi_label_soft_margin:
    """The mean over classes of the cross-entropy of each class by itself."""

    both = lambda f, x, target, weight, reduction: f.nn.MultiLabelSoftMarginLoss(weight, reduction=reduction)(x, target)
    value = _soft_margins
    variant_log_of_sum = lambda x, target, weight, reduction: _soft_margins(x, target, weight, reduction, _softplus)
