"""Losses in float64 with their gradients and the condition numbers that bound a float32 computation of both.

A float32 cross-entropy is not accurate to a few units of its own value: log(sum(exp(z - max))) inherits the rounding
of every z - max. `value_condition` and `gradient_condition` are those first-order sums for the very sample, so that
``|float32 - value| <= k * 2**-24 * condition`` holds with a small constant k where a fixed relative tolerance either
raises false alarms or sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reference_impl.oracle.convolution import Array

# The smallest normal float32 in units of 2**-24: what underflow alone may cost one element, exp included, whose
# vectorised forms return 0 below it.
UNDERFLOW = 2.0**-126 / 2.0**-24


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss, its gradient, and for each the sum that a float32 error is a small multiple of, in units of 2**-24."""

    value: Array
    gradient: Array
    value_condition: Array
    gradient_condition: Array


@dataclass(frozen=True, slots=True)
class SoftmaxTerms:
    """What value, gradient and error of a softmax cross-entropy are all built from; rows are samples."""

    probabilities: Array  # [B, C]
    distance: Array  # |z - max z|, [B, C]
    spread: Array  # sum p |z - max z|, [B, 1]
    log_sum: Array  # log sum exp(z - max z), [B, 1]
    target: Array  # weight of each class in each row's loss, [B, C]
    mass: Array  # sum of target, [B, 1]
    smoothed: Array  # where 1 - smoothing stands in the target, what it was subtracted from loses by it, [B, C]
    growth: Array  # that of the sum of exp(z - max z), [B, 1]
    row_loss: Array  # [B, 1]
    divisor: float  # what the reduction divides by

    def row_condition(self) -> Array:
        """Per row: mass * (sum p |z-m| + |log s| + 1 + sqrt C) + sum t |z-m| + loss * (1 + growth), [B, 1].

        To which comes, with a smoothing e, the rounding of e itself where 1 - e stands in the target.

        sqrt C stands for the summation of exp(z - m) over C classes, whose rounding log s inherits; the growth is that
        of the sum of t * (log s - (z-m)) over the classes that have a share in the loss, which is one class or all.
        """
        direct = (self.target * self.distance).sum(axis=1, keepdims=True)
        inherited = self.spread + np.abs(self.log_sum) + 1.0 + self.growth
        shares = self.target * (self.log_sum + self.distance)
        single = np.count_nonzero(self.target, axis=1).max(initial=0) < 2
        growth = 0.0 if single else repeated_growth(shares)
        rounded = (self.smoothed * (self.log_sum + self.distance)).sum(axis=1, keepdims=True)
        return self.mass * inherited + direct + np.abs(self.row_loss) * (1.0 + growth) + rounded

    def gradient(self) -> Array:
        """(p * mass - target) / divisor, [B, C]."""
        return (self.probabilities * self.mass - self.target) / self.divisor

    def gradient_condition(self) -> Array:
        """[p * mass * (|z-m| + sum p |z-m| + |log s| + 2 + sqrt C) + target + e where 1 - e is in it] / divisor."""
        factor = self.distance + self.spread + np.abs(self.log_sum) + 2.0 + self.growth
        return (self.probabilities * self.mass * factor + self.target + self.smoothed) / self.divisor


def softmax_terms(
    logits: Array,
    labels: Array,
    class_weight: Array | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> SoftmaxTerms:
    """The pieces of softmax cross-entropy of ``logits`` [B, C] against integer ``labels`` [B].

    Raises ValueError on a label outside 0..C-1 that is not ``ignore_index``, a wrong shape, or an unknown reduction.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(f"cross_entropy: logits must be [B, C] and labels [B], got {logits.shape} and {labels.shape}")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"cross_entropy: reduction must be mean, sum or none, got {reduction!r}")
    classes = logits.shape[1]
    used = labels != ignore_index
    if np.any(used & ((labels < 0) | (labels >= classes))):
        raise ValueError(f"cross_entropy: labels must lie in 0..{classes - 1}")
    weight = np.ones(classes) if class_weight is None else np.asarray(class_weight, np.float64)
    target = np.full(logits.shape, label_smoothing / classes)
    target[np.flatnonzero(used), labels[used]] += 1.0 - label_smoothing
    target *= weight * used[:, None]
    smoothed = np.zeros(logits.shape)
    smoothed[np.flatnonzero(used), labels[used]] = label_smoothing * weight[labels[used]]
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=1, keepdims=True)
    probabilities, log_sum = powers / total, np.log(total)
    row_loss = (target * (log_sum - shifted)).sum(axis=1, keepdims=True)
    divisor = float(weight[labels[used]].sum()) if reduction == "mean" else 1.0
    distance = np.abs(shifted)
    spread = (probabilities * distance).sum(axis=1, keepdims=True)
    mass = target.sum(axis=1, keepdims=True)
    growth = repeated_growth(powers)
    return SoftmaxTerms(probabilities, distance, spread, log_sum, target, mass, smoothed, growth, row_loss, divisor)


def cross_entropy(
    logits: Array,
    labels: Array,
    class_weight: Array | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Loss:
    """Softmax cross-entropy of ``logits`` [B, C] against integer ``labels`` [B]; torch's meaning of every option.

    The gradient is that of the value, or of the sum of all values under reduction "none". With every label ignored a
    mean is 0/0 = NaN, as in torch. Raises ValueError on shapes, labels or a reduction that do not fit.
    """
    terms = softmax_terms(logits, labels, class_weight, label_smoothing, ignore_index, reduction)
    rows, condition = terms.row_loss[:, 0], terms.row_condition()[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        if reduction == "none":
            value, value_condition = rows, condition
        else:
            value, value_condition = rows.sum() / terms.divisor, condition.sum() / terms.divisor
        gradient, gradient_condition = terms.gradient(), terms.gradient_condition()
    counted = np.zeros(0) if class_weight is None else np.asarray(class_weight)[labels[labels != ignore_index]]
    if reduction == "mean" and counted.size:  # the divisor is a sum too, and rounds
        growth = repeated_growth(counted).item()
        value_condition += growth * np.abs(value)
        gradient_condition += growth * np.abs(gradient)
    return Loss(np.asarray(value), gradient, value_condition + UNDERFLOW, gradient_condition + UNDERFLOW)


def mse(prediction: Array, target: Array, reduction: str = "mean") -> Loss:
    """Mean (or sum, or each) of (prediction - target)**2, gradient with respect to the prediction.

    The condition of a sum of n squares is min(n, sqrt(n) + 3) times the sum: frameworks may add in any order.
    Raises ValueError on different shapes or an unknown reduction.
    """
    prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
    if prediction.shape != target.shape:
        raise ValueError(f"mse: prediction {prediction.shape} and target {target.shape} must have one shape")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"mse: reduction must be mean, sum or none, got {reduction!r}")
    difference = prediction - target
    divisor = float(difference.size) if reduction == "mean" else 1.0
    gradient = 2.0 * difference / divisor
    squares = np.square(difference)
    if reduction == "none":
        value, growth = squares, 3.0
    else:
        value, growth = np.asarray(squares.sum() / divisor), summation_growth(difference.size) + 3.0
    return Loss(value, gradient, growth * value + difference.size * UNDERFLOW, 3.0 * np.abs(gradient) + UNDERFLOW)


def summation_growth(terms: int) -> float:
    """Rounding of a float32 sum of ``terms`` numbers in units of 2**-24 times the sum of absolute values."""
    return float(min(max(terms - 1, 0), np.sqrt(terms)))


def repeated_growth(terms: Array, axis: int = -1) -> Array:
    """As :func:`summation_growth` along ``axis``, of numbers among which some may repeat; the axis is kept.

    Within a binade of a running sum, equal terms are rounded by equal amounts, which add up; so are terms that differ
    by less than half a unit in its last place. That is sqrt(sum of squared multiplicities), where a term below such a
    unit counts as the part of it that it can lose. Of logits that repeat or are sorted, paddle's sums over 1000
    classes lose three times what sqrt(C) allows for.
    """
    rows = np.moveaxis(np.abs(terms), axis, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        sizes = np.sort(np.nan_to_num(flat / (2.0**-24 * flat.sum(axis=1, keepdims=True))), axis=1)
    begins = np.diff(np.round(sizes), axis=1, prepend=-1.0) != 0
    losable = np.add.reduceat(np.minimum(sizes, 1.0).ravel(), np.flatnonzero(begins))
    row = np.nonzero(begins)[0]
    growth = np.sqrt(np.bincount(row, np.square(losable), len(flat)))
    growth = np.minimum(growth, np.maximum(np.count_nonzero(flat, axis=1) - 1, 0))
    return np.expand_dims(growth.reshape(rows.shape[:-1]), axis)


def l1_penalty(parameters: Iterable[Array], coefficient: float) -> tuple[Array, list[Array], Array]:
    """coefficient * sum |w|; returns (value, gradients coefficient * sign(w), condition of the value)."""
    arrays = [np.asarray(parameter, np.float64) for parameter in parameters]
    value = coefficient * sum((np.abs(array).sum() for array in arrays), np.float64(0.0))
    size = sum(array.size for array in arrays)
    condition = (summation_growth(size) + 2.0) * np.abs(value) + size * UNDERFLOW
    return np.asarray(value), [coefficient * np.sign(array) for array in arrays], condition


def l2_penalty(parameters: Iterable[Array], coefficient: float) -> tuple[Array, list[Array], Array]:
    """coefficient / 2 * sum w**2; returns (value, gradients coefficient * w, condition of the value)."""
    arrays = [np.asarray(parameter, np.float64) for parameter in parameters]
    value = 0.5 * coefficient * sum((np.square(array).sum() for array in arrays), np.float64(0.0))
    size = sum(array.size for array in arrays)
    condition = (summation_growth(size) + 3.0) * np.abs(value) + size * UNDERFLOW
    return np.asarray(value), [coefficient * array for array in arrays], condition
