"""Losses and penalties: values, reductions, gradients, and logits that are far apart, infinite or NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import Fill, array_shapes, fills
from reference_impl.oracle import losses
from suites.classification import FILLS, classifications, judged, reduced, reductions
from suites.softmax import clipped_in_registers
from suites.specials import INFINITIES, NOT_A_NUMBER, bounded, sprinkled

SQUARES, SLOPE = 1.5, 1.5
"""Unit roundoffs of the conditions of sums of squares or magnitudes, and of a mean squared error's gradient."""
MASKED = 1e4
"""A distance from the largest logit at which a float64 probability is exactly 0."""


def plain_cross_entropy(logits: np.ndarray, labels: np.ndarray, reduction: str) -> losses.Loss:
    """Cross-entropy in which a logit of -inf has probability 0, and loss inf where it is the label's."""
    z = np.asarray(logits, np.float64)
    z = np.where(np.isneginf(z), z.max(axis=1, keepdims=True) - MASKED, z)
    loss = losses.cross_entropy(z, labels, reduction="none")
    hopeless = np.isneginf(logits[np.arange(len(labels)), labels]) & np.isfinite(loss.value)
    value = np.where(hopeless, np.inf, loss.value)
    rows = losses.Loss(value, loss.gradient, loss.value_condition, loss.gradient_condition)
    return reduced(rows, reduction)


@contract(
    "loss.cross_entropy",
    covers=(
        "nn.CrossEntropyLoss",
        "paddle.nn.functional.cross_entropy",
    ),
    area="loss",
    samples=sprinkled(classifications(), name="logits", values=NOT_A_NUMBER + INFINITIES, share=0.1),
    gradients=("logits",),
)
class cross_entropy:
    """Softmax cross-entropy grows with any gap between logits, is inf for a label of logit -inf, and shows a NaN."""

    @staticmethod
    def torch(logits, labels, reduction):
        from torch.nn import functional

        return functional.cross_entropy(logits, labels, reduction=reduction)

    @staticmethod
    def paddle(logits, labels, reduction):
        from paddle.nn import functional

        return functional.cross_entropy(logits, labels, reduction=reduction)

    @staticmethod
    def oracle(logits, labels, reduction, cotangent) -> dict[str, Acceptance]:
        return judged(plain_cross_entropy(logits, labels, reduction), cotangent)

    @staticmethod
    def variant_clipped(logits, labels, reduction, cotangent) -> dict[str, Acceptance]:
        """Logits more than 64 below the largest count as 64 below it, and so do most that are NaN."""
        return judged(plain_cross_entropy(clipped_in_registers(logits, 1), labels, reduction), cotangent)


@st.composite
def regressions(draw: st.DrawFn) -> list[Sample]:
    """Predictions and targets of one shape, some predictions NaN or infinite."""
    shape = draw(array_shapes(7, axes=3, fewest=0))
    following = iter(draw(reductions))

    def build(fill: Fill) -> dict[str, Any]:
        reduction = next(following)
        inputs = {"prediction": fill(shape), "target": fill(shape), "reduction": reduction}
        return {**inputs, "cotangent": fill(shape if reduction == "none" else ())}

    families = ("normal", "offset", "positive", "heavy", "mixed", "tiny", "huge", "sparse", "sorted")
    drawn = fills(build, families, count=FILLS).map(bounded)
    return draw(sprinkled(drawn, name="prediction", values=NOT_A_NUMBER + INFINITIES, share=0.05))


@contract("loss.mse", covers=("nn.MSELoss",), area="loss", samples=regressions(), gradients=("prediction", "target"))
class mse:
    """The mean squared error and its opposite gradients for prediction and target."""

    @staticmethod
    def torch(prediction, target, reduction):
        from torch.nn import functional

        return functional.mse_loss(prediction, target, reduction=reduction)

    @staticmethod
    def paddle(prediction, target, reduction):
        from paddle.nn import functional

        return functional.mse_loss(prediction, target, reduction=reduction)

    @staticmethod
    def oracle(prediction, target, reduction, cotangent) -> dict[str, Acceptance]:
        loss = losses.mse(prediction, target, reduction)
        factor = np.asarray(cotangent, np.float64)
        gradient, condition = loss.gradient * factor, loss.gradient_condition * np.abs(factor) + losses.UNDERFLOW
        return {
            "output": accuracy.rounded(loss.value, SQUARES, loss.value_condition),
            "gradient.prediction": accuracy.rounded(gradient, SLOPE, condition),
            "gradient.target": accuracy.rounded(-gradient, SLOPE, condition),
        }


@st.composite
def penalized(draw: st.DrawFn) -> list[Sample]:
    """Two parameters and a coefficient, the tutorial's 1e-4 often."""
    shapes = draw(st.tuples(*[array_shapes(8, axes=3)] * 2))
    coefficient = draw(st.sampled_from((1e-4, 1e-4, 0.01, 1.0, 0.5)) | st.floats(1e-6, 10.0))

    def build(fill: Fill) -> dict[str, Any]:
        weight, bias = fill(shapes[0]), fill(shapes[1])
        weight.ravel()[0] = 0.0
        return {"weight": weight, "bias": bias, "coefficient": coefficient, "cotangent": np.float32(1.0).reshape(())}

    families = ("normal", "offset", "positive", "heavy", "mixed", "tiny", "huge", "sparse", "sorted")
    return bounded(draw(fills(build, families)))


def _penalty(penalty: Any, weight: Any, bias: Any, coefficient: float) -> dict[str, Acceptance]:
    value, gradients, condition = penalty((weight, bias), coefficient)
    accepted = {"output": accuracy.rounded(value, SQUARES, condition)}
    for name, gradient in zip(("weight", "bias"), gradients, strict=True):
        accepted[f"gradient.{name}"] = accuracy.rounded(gradient, 3.0)
    return accepted


@contract("loss.l1_penalty", area="loss", samples=penalized(), gradients=("weight", "bias"), share=0.5)
class l1_penalty:
    """coefficient * sum |w| over all parameters, with gradient coefficient * sign(w) and 0 at w = 0."""

    @staticmethod
    def torch(weight, bias, coefficient):
        from reference_impl.torch_impl.losses import l1_penalty

        return l1_penalty([weight, bias], coefficient)

    @staticmethod
    def paddle(weight, bias, coefficient):
        from reference_impl.paddle_impl.losses import l1_penalty

        return l1_penalty([weight, bias], coefficient)

    @staticmethod
    def oracle(weight, bias, coefficient, cotangent) -> dict[str, Acceptance]:
        return _penalty(losses.l1_penalty, weight, bias, coefficient)


@contract("loss.l2_penalty", area="loss", samples=penalized(), gradients=("weight", "bias"), share=0.5)
class l2_penalty:
    """coefficient / 2 * sum w^2 over all parameters, with gradient coefficient * w, as weight decay's is."""

    @staticmethod
    def torch(weight, bias, coefficient):
        from reference_impl.torch_impl.losses import l2_penalty

        return l2_penalty([weight, bias], coefficient)

    @staticmethod
    def paddle(weight, bias, coefficient):
        from reference_impl.paddle_impl.losses import l2_penalty

        return l2_penalty([weight, bias], coefficient)

    @staticmethod
    def oracle(weight, bias, coefficient, cotangent) -> dict[str, Acceptance]:
        return _penalty(losses.l2_penalty, weight, bias, coefficient)
