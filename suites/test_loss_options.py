"""Options of cross-entropy, alone and together: class weights, label smoothing and ignored labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, contract
from reference_impl.oracle import losses
from suites.classification import MILD, OPTIONS, VALUE, classifications, judged
from suites.shapes import OUTSIDE


def with_weights(draw: st.DrawFn, rng: np.random.Generator, classes: int, labels: np.ndarray) -> dict[str, Any]:
    """Positive class weights."""
    return {"weight": rng.uniform(0.1, 3.0, classes).astype(np.float32)}


smoothings = st.sampled_from((0.1, 0.1, 0.5, 1.0)) | st.floats(1e-3, 1.0)


def with_smoothing(draw: st.DrawFn, rng: np.random.Generator, classes: int, labels: np.ndarray) -> dict[str, Any]:
    """A smoothing, from none to uniform labels."""
    return {"smoothing": draw(st.just(0.0) | smoothings | smoothings)}


def with_both(draw: st.DrawFn, rng: np.random.Generator, classes: int, labels: np.ndarray) -> dict[str, Any]:
    """Class weights and a smoothing."""
    return {**with_weights(draw, rng, classes, labels), **with_smoothing(draw, rng, classes, labels)}


def _ignored(draw: st.DrawFn, rng: np.random.Generator, classes: int) -> int:
    """The default, the first class (an index of 0 is one too) or any."""
    return draw(st.sampled_from((-100, -100, 0, int(rng.integers(classes)))))


def with_ignored(draw: st.DrawFn, rng: np.random.Generator, classes: int, labels: np.ndarray) -> dict[str, Any]:
    """An index to ignore, a class or the default -100, at some, none or all places; with or without weights."""
    index = _ignored(draw, rng, classes)
    labels[rng.random(len(labels)) < draw(st.sampled_from((0.0, 0.4, 0.4, 1.0)))] = index
    weights = with_weights(draw, rng, classes, labels) if draw(st.booleans()) else {"weight": None}
    return {**weights, "ignore_index": index}


def with_ignored_and_smoothing(
    draw: st.DrawFn, rng: np.random.Generator, classes: int, labels: np.ndarray
) -> dict[str, Any]:
    """An ignored index at one place at least, but not at all of several, and a smoothing."""
    index = _ignored(draw, rng, classes)
    labels[rng.random(len(labels)) < 0.4] = index
    labels[0] = index
    return {"ignore_index": index, "smoothing": draw(smoothings)}


@contract(
    "loss.cross_entropy_weighted",
    covers=(
        "nn.CrossEntropyLoss",
        "paddle.nn.functional.cross_entropy",
    ),
    area="loss",
    samples=classifications(MILD, with_weights),
    gradients=("logits",),
)
class cross_entropy_weighted:
    """Class weights multiply each row's loss, and the mean divides by the sum of the labels' weights."""

    @staticmethod
    def torch(logits, labels, reduction, weight):
        from torch.nn import functional

        return functional.cross_entropy(logits, labels, weight, reduction=reduction)

    @staticmethod
    def paddle(logits, labels, reduction, weight):
        from paddle.nn import functional

        return functional.cross_entropy(logits, labels, weight, reduction=reduction)

    @staticmethod
    def oracle(logits, labels, reduction, weight, cotangent) -> dict[str, Acceptance]:
        return judged(losses.cross_entropy(logits, labels, weight, reduction=reduction), cotangent, units=OPTIONS)


@contract(
    "loss.cross_entropy_smoothed",
    covers=("nn.CrossEntropyLoss",),
    area="loss",
    samples=classifications(MILD, with_smoothing, flat=True),
    gradients=("logits",),
)
class cross_entropy_smoothed:
    """Label smoothing e gives the label 1 - e + e / C and every other class e / C; reduction 'none' keeps [B]."""

    @staticmethod
    def torch(logits, labels, reduction, smoothing):
        from torch.nn import functional

        loss = functional.cross_entropy(logits, labels, reduction=reduction, label_smoothing=smoothing)
        return {"output": loss.flatten(), "loss": loss}

    @staticmethod
    def paddle(logits, labels, reduction, smoothing):
        from paddle.nn import functional

        loss = functional.cross_entropy(logits, labels, reduction=reduction, label_smoothing=smoothing)
        return {"output": loss.flatten(), "loss": loss}

    @staticmethod
    def oracle(logits, labels, reduction, smoothing, cotangent) -> dict[str, Acceptance]:
        loss = losses.cross_entropy(logits, labels, None, smoothing, reduction=reduction)
        return _flattened(judged(loss, cotangent, units=OPTIONS))

    @staticmethod
    def variant_column(logits, labels, reduction, smoothing, cotangent) -> dict[str, Acceptance]:
        """The losses of reduction 'none' have shape [B, 1], unless the smoothing is 0."""
        return _smoothed_in_column(logits, labels, reduction, smoothing, cotangent)


def _smoothed_in_column(logits, labels, reduction, smoothing, cotangent) -> dict[str, Acceptance]:
    accepted = cross_entropy_smoothed.oracle(logits, labels, reduction, smoothing, cotangent)
    return _in_column(accepted) if reduction == "none" and smoothing else accepted


def _flattened(accepted: dict[str, Acceptance]) -> dict[str, Acceptance]:
    """The loss as it is and in one axis, where shapes that differ do not keep the gradients from being compared."""
    loss = accepted["output"]
    flat = Acceptance(np.atleast_1d(loss.value), np.atleast_1d(loss.bound))
    return {**accepted, "output": flat, "loss": loss}


def _in_column(accepted: dict[str, Acceptance]) -> dict[str, Acceptance]:
    loss = accepted["loss"]
    return {**accepted, "loss": Acceptance(loss.value[:, None], np.asarray(loss.bound)[:, None])}


@contract(
    "loss.cross_entropy_weighted_smoothed",
    covers=("nn.CrossEntropyLoss",),
    area="loss",
    samples=classifications(MILD, with_both, flat=True),
    gradients=("logits",),
)
class cross_entropy_weighted_smoothed:
    """With smoothing and class weights, each class's share of the loss has its own weight."""

    @staticmethod
    def torch(logits, labels, reduction, weight, smoothing):
        from torch.nn import functional

        loss = functional.cross_entropy(logits, labels, weight, reduction=reduction, label_smoothing=smoothing)
        return {"output": loss.flatten(), "loss": loss}

    @staticmethod
    def paddle(logits, labels, reduction, weight, smoothing):
        from paddle.nn import functional

        loss = functional.cross_entropy(logits, labels, weight, reduction=reduction, label_smoothing=smoothing)
        return {"output": loss.flatten(), "loss": loss}

    @staticmethod
    def oracle(logits, labels, reduction, weight, smoothing, cotangent) -> dict[str, Acceptance]:
        loss = losses.cross_entropy(logits, labels, weight, smoothing, reduction=reduction)
        return _flattened(judged(loss, cotangent, units=OPTIONS))

    @staticmethod
    def variant_one_weight_a_row(logits, labels, reduction, weight, smoothing, cotangent) -> dict[str, Acceptance]:
        """The smoothed loss of a row is multiplied by the mean weight of its smoothed label."""
        if not smoothing:
            return cross_entropy_weighted_smoothed.oracle(logits, labels, reduction, weight, smoothing, cotangent)
        rows = losses.cross_entropy(logits, labels, None, smoothing, reduction="none")
        mass = np.asarray(weight, np.float64)
        factor = (1.0 - smoothing) * mass[labels] + smoothing * mass.mean()
        scaled = _scaled(rows, factor)
        if reduction != "none":
            scaled = _summed(scaled, factor.sum() if reduction == "mean" else 1.0)
        accepted = _flattened(judged(scaled, cotangent, units=OPTIONS))
        return _in_column(accepted) if reduction == "none" else accepted


def _scaled(rows: losses.Loss, factor: np.ndarray) -> losses.Loss:
    """Each row's loss times a factor: the product rounds, and the factor was a sum over the classes."""
    classes = rows.gradient.shape[1]
    growth = min(classes, 3.0 * classes**0.5)  # as in accuracy.dot; all terms are positive
    condition = rows.value_condition + max(3.0, growth / VALUE) * rows.value
    wide = rows.gradient_condition + max(3.0, growth / OPTIONS) * np.abs(rows.gradient)
    return losses.Loss(rows.value * factor, rows.gradient * factor[:, None], condition * factor, wide * factor[:, None])


def _summed(rows: losses.Loss, divisor: float) -> losses.Loss:
    value, condition = rows.value.sum() / divisor, rows.value_condition.sum() / divisor
    return losses.Loss(value, rows.gradient / divisor, condition, rows.gradient_condition / divisor)


@contract(
    "loss.cross_entropy_ignored",
    covers=("nn.CrossEntropyLoss",),
    area="loss",
    samples=classifications(MILD, with_ignored),
    gradients=("logits",),
)
class cross_entropy_ignored:
    """Ignored labels add no loss and no gradient and do not count in the mean; a mean over none is NaN."""

    @staticmethod
    def torch(logits, labels, reduction, weight, ignore_index):
        from torch.nn import functional

        return functional.cross_entropy(logits, labels, weight, ignore_index=ignore_index, reduction=reduction)

    @staticmethod
    def paddle(logits, labels, reduction, weight, ignore_index):
        from paddle.nn import functional

        return functional.cross_entropy(logits, labels, weight, ignore_index, reduction)

    @staticmethod
    def oracle(logits, labels, reduction, weight, ignore_index, cotangent) -> dict[str, Acceptance]:
        loss = losses.cross_entropy(logits, labels, weight, 0.0, ignore_index, reduction)
        return judged(loss, cotangent, labels != ignore_index, units=OPTIONS)

    @staticmethod
    def variant_own_mean(logits, labels, reduction, weight, ignore_index, cotangent) -> dict[str, Acceptance]:
        """A mean over none is 0, and a negative ignored index counts in the mean unless there are class weights."""
        return _own_mean(logits, labels, reduction, weight, ignore_index, cotangent)

    @staticmethod
    def variant_empty_mean(logits, labels, reduction, weight, ignore_index, cotangent) -> dict[str, Acceptance]:
        """A mean over none is 0."""
        law = cross_entropy_ignored.oracle if (labels != ignore_index).any() else _own_mean
        return law(logits, labels, reduction, weight, ignore_index, cotangent)


def _own_mean(logits, labels, reduction, weight, ignore_index, cotangent) -> dict[str, Acceptance]:
    used = labels != ignore_index
    if reduction == "mean":
        counted = len(labels) if ignore_index < 0 and weight is None else used.sum()
        if weight is not None:
            counted = weight[labels[used]].sum(dtype=np.float64)
        loss = losses.cross_entropy(logits, labels, weight, 0.0, ignore_index, "sum")
        scalar = losses.Loss(loss.value, loss.gradient, loss.value_condition, loss.gradient_condition)
        return judged(_summed(scalar, float(counted) or 1.0), cotangent, used, units=OPTIONS)
    return cross_entropy_ignored.oracle(logits, labels, reduction, weight, ignore_index, cotangent)


@contract(
    "loss.cross_entropy_ignored_smoothed",
    covers=("nn.CrossEntropyLoss",),
    area="loss",
    samples=classifications(MILD, with_ignored_and_smoothing, flat=True),
    gradients=("logits",),
    unsupported={"paddle:gpu": OUTSIDE},  # paddle takes the ignored label for a class
)
class cross_entropy_ignored_smoothed:
    """A label is ignored under label smoothing too."""

    @staticmethod
    def torch(logits, labels, reduction, ignore_index, smoothing):
        from torch.nn import functional

        loss = functional.cross_entropy(
            logits, labels, ignore_index=ignore_index, reduction=reduction, label_smoothing=smoothing
        )
        return {"output": loss.flatten(), "loss": loss}

    @staticmethod
    def paddle(logits, labels, reduction, ignore_index, smoothing):
        from paddle.nn import functional

        loss = functional.cross_entropy(
            logits, labels, ignore_index=ignore_index, reduction=reduction, label_smoothing=smoothing
        )
        return {"output": loss.flatten(), "loss": loss}

    @staticmethod
    def oracle(logits, labels, reduction, ignore_index, smoothing, cotangent) -> dict[str, Acceptance]:
        loss = losses.cross_entropy(logits, labels, None, smoothing, ignore_index, reduction)
        return _flattened(judged(loss, cotangent, labels != ignore_index, units=OPTIONS))

    @staticmethod
    def variant_classes_only(logits, labels, reduction, ignore_index, smoothing, cotangent):
        """A label that is no class is refused, the ignored one too."""
        if labels.min() < 0:
            error = f"value should be at least 0, but received input ({labels.min()}) less than 0"
            return Rejects("a smoothed label must be a class", error=error)
        return cross_entropy_ignored_smoothed.oracle(logits, labels, reduction, ignore_index, smoothing, cotangent)

    @staticmethod
    def variant_not_ignored(logits, labels, reduction, ignore_index, smoothing, cotangent):
        """No label is ignored, and a mean divides by all entries of the smoothed labels that differ from the index."""
        if labels.min() < 0:
            return cross_entropy_ignored_smoothed.oracle(logits, labels, reduction, ignore_index, smoothing, cotangent)
        loss = losses.cross_entropy(logits, labels, None, smoothing, reduction="none")
        if reduction != "none":
            classes = logits.shape[1]
            smoothed = np.full(logits.shape, np.float32(smoothing) / np.float32(classes))
            smoothed[np.arange(len(labels)), labels] += np.float32(1.0 - smoothing)
            counted = float((smoothed.astype(np.float32) != ignore_index).sum())
            loss = _summed(loss, (counted or 1.0) if reduction == "mean" else 1.0)
        accepted = _flattened(judged(loss, cotangent, units=OPTIONS))
        return _in_column(accepted) if reduction == "none" else accepted

    @staticmethod
    def variant_none_ignored(logits, labels, reduction, ignore_index, smoothing, cotangent):
        """Every label is a class like any other, in the mean too."""
        if labels.min() < 0:
            return cross_entropy_ignored_smoothed.oracle(logits, labels, reduction, ignore_index, smoothing, cotangent)
        return _smoothed_in_column(logits, labels, reduction, smoothing, cotangent)
