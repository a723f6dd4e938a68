"""Faults of losses and penalties."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, both
from tests.faults.forward import dropped, zeroed
from tests.faults.wraps import (
    argument,
    around,
    functional,
    gradient,
    in_bits,
    library,
    nan_as_zero,
    option,
    result,
    scaled,
)

CROSS_ENTROPY, SQUARES = functional("cross_entropy"), functional("mse_loss")
L1, L2 = (
    {TORCH: f"reference_impl.torch_impl.losses:{name}", PADDLE: f"reference_impl.paddle_impl.losses:{name}"}
    for name in ("l1_penalty", "l2_penalty")
)
PLAIN, WEIGHTED, SMOOTHED = "loss.cross_entropy", "loss.cross_entropy_weighted", "loss.cross_entropy_smoothed"
BOTH, IGNORED = "loss.cross_entropy_weighted_smoothed", "loss.cross_entropy_ignored"
IGNORED_SMOOTHED = "loss.cross_entropy_ignored_smoothed"
EVERY = (PLAIN, WEIGHTED, SMOOTHED, BOTH, IGNORED)


def summed(reduction: str) -> str:
    """A sum where a mean is asked for."""
    return "sum" if reduction == "mean" else reduction


def guarded(call: Any, logits: Any, labels: Any, reduction: str) -> Any:
    """The logarithm of probabilities that were kept from 0."""
    functions = library(logits).nn.functional
    return functions.nll_loss((functions.softmax(logits, 1) + 1e-8).log(), labels, reduction=reduction)


def of_others(call: Any, logits: Any, labels: Any, *arguments: Any, label_smoothing: float, **options: Any) -> Any:
    """A smoothing that is spread over the other classes only."""
    others = max(logits.shape[1] - 1, 1)
    smoothing = min(label_smoothing * logits.shape[1] / others, 1.0)
    return call(logits, labels, *arguments, label_smoothing=smoothing, **options)


def by_rows(call: Any, logits: Any, labels: Any, *arguments: Any, **options: Any) -> Any:
    """A weighted mean that divides by the rows, and not by their weights."""
    loss = call(logits, labels, *arguments, **{**options, "reduction": "none"})
    return loss.mean() if options["reduction"] == "mean" else call(logits, labels, *arguments, **options)


def by_labels(call: Any, logits: Any, labels: Any, weight: Any, *arguments: Any, **options: Any) -> Any:
    """A smoothed loss of which every row has the weight of its label."""
    rows = call(logits, labels, None, *arguments, **{**options, "reduction": "none"}).reshape([-1]) * weight[labels]
    reduction = options["reduction"]
    total = rows if reduction == "none" else rows.sum()
    return total / weight[labels].sum() if reduction == "mean" else total


def mean_of_all(call: Any, logits: Any, labels: Any, weight: Any = None, *arguments: Any, **options: Any) -> Any:
    """A mean in which ignored labels count as others do, weights or not."""
    loss = call(logits, labels, weight, *arguments, **options)
    index = options.get("ignore_index", arguments[0] if arguments else None)
    mean = "mean" in (*arguments, options.get("reduction"))
    return loss * ((labels != index).sum().item() / len(labels)) if mean else loss


def zero_of_none(call: Any, logits: Any, labels: Any, *arguments: Any, **options: Any) -> Any:
    """A mean over no labels of 0."""
    return library(logits).nan_to_num(call(logits, labels, *arguments, **options))


def absolute(call: Any, prediction: Any, target: Any, reduction: str) -> Any:
    """The mean absolute error."""
    return library(prediction).nn.functional.l1_loss(prediction, target, reduction=reduction)


def by_batch(call: Any, prediction: Any, target: Any, reduction: str) -> Any:
    """A mean that divides by the length of the first axis."""
    total = call(prediction, target, reduction="sum" if reduction == "mean" else reduction)
    return total / prediction.shape[0] if reduction == "mean" and prediction.ndim else total


def smooth(call: Any, prediction: Any, target: Any, reduction: str) -> Any:
    """Squares of small differences, and straight lines for large ones."""
    return 2 * library(prediction).nn.functional.smooth_l1_loss(prediction, target, reduction=reduction)


def sign_of_zero(call: Any, parameters: Any, coefficient: float) -> Any:
    """Magnitudes whose slope at 0 is 1."""
    return coefficient * sum(library(p).where(p >= 0, p, -p).sum() for p in parameters)


def matrices(parameters: Any) -> Any:
    """All parameters but the last, as if biases were left out."""
    return parameters[:-1]


def means(call: Any, parameters: Any, coefficient: float) -> Any:
    """A penalty of the mean magnitude."""
    return coefficient * sum(p.abs().mean() for p in parameters)


def norms(call: Any, parameters: Any, coefficient: float) -> Any:
    """A penalty of the length of each parameter, and not of its square."""
    return coefficient / 2 * sum(p.square().sum().sqrt() for p in parameters)


FAULTS = (
    *both("cross-entropy sum for mean", CROSS_ENTROPY, argument(4, "reduction", summed), *EVERY),
    *both("cross-entropy of temperature 1.0001", CROSS_ENTROPY, argument(0, "input", lambda z: z / 1.0001), *EVERY),
    *both("cross-entropy of logits in bfloat16", CROSS_ENTROPY, argument(0, "input", in_bits(8)), *EVERY),
    *both("cross-entropy error 1e-5", CROSS_ENTROPY, scaled(1 + 1e-5), *EVERY),
    *both("cross-entropy smoothed by 1e-4", CROSS_ENTROPY, option("label_smoothing", 1e-4), PLAIN),
    *both("cross-entropy of log(p + 1e-8)", CROSS_ENTROPY, around(guarded), PLAIN),
    *both("cross-entropy of labels off by one", CROSS_ENTROPY, argument(1, "label", lambda y: (y - 1).clip(0)), PLAIN),
    *both("cross-entropy without weights", CROSS_ENTROPY, argument(2, "weight", dropped), WEIGHTED, BOTH),
    *both("weighted mean over rows", CROSS_ENTROPY, around(by_rows), WEIGHTED),
    *both("smoothing by the label's weight", CROSS_ENTROPY, around(by_labels), BOTH),
    *both("smoothing off by 1e-4", CROSS_ENTROPY, argument(7, "label_smoothing", lambda e: e * (1 + 1e-4)), SMOOTHED),
    *both("smoothing of other classes", CROSS_ENTROPY, around(of_others), SMOOTHED, BOTH),
    *both("smoothing forgotten", CROSS_ENTROPY, option("label_smoothing", 0.0), SMOOTHED, BOTH),
    *both("ignored labels count in the mean", CROSS_ENTROPY, around(mean_of_all), IGNORED),
    *both("ignored labels are -100", CROSS_ENTROPY, argument(3, "ignore_index", lambda index: -100), IGNORED),
    *both(
        "ignored label 0 taken for none",
        CROSS_ENTROPY,
        argument(3, "ignore_index", lambda index: index or -100),
        IGNORED,
    ),
    Fault("mean over ignored labels of 0", TORCH, (IGNORED,), CROSS_ENTROPY[TORCH], around(zero_of_none)),
    *both("cross-entropy up to 100", CROSS_ENTROPY, result(lambda loss: loss.clip(max=100.0)), PLAIN),
    *both("mean squared error takes NaN for 0", SQUARES, argument(0, "input", nan_as_zero), "loss.mse"),
    *both("mean squared error halved", SQUARES, scaled(0.5), "loss.mse"),
    *both("mean squared error summed", SQUARES, argument(2, "reduction", summed), "loss.mse"),
    *both("mean squared error absolute", SQUARES, around(absolute), "loss.mse"),
    *both("mean squared error smooth", SQUARES, around(smooth), "loss.mse"),
    *both("mean squared error by the batch", SQUARES, around(by_batch), "loss.mse"),
    *both("mean squared error 1e-6", SQUARES, scaled(1 + 1e-6), "loss.mse"),
    *both("mean squared error trains no target", SQUARES, gradient(1, zeroed), "loss.mse"),
    *both("L1 with sign 1 at 0", L1, around(sign_of_zero), "loss.l1_penalty"),
    *both("L1 of means", L1, around(means), "loss.l1_penalty"),
    *both("L1 of all but biases", L1, argument(0, "parameters", matrices), "loss.l1_penalty"),
    *both("L2 without its half", L2, scaled(2.0), "loss.l2_penalty"),
    *both("L2 of lengths", L2, around(norms), "loss.l2_penalty"),
    *both("L2 of all but biases", L2, argument(0, "parameters", matrices), "loss.l2_penalty"),
    *both("L2 error 1e-6", L2, scaled(1 + 1e-6), "loss.l2_penalty"),
    Fault(
        "ignored smoothed labels count in the mean",
        TORCH,
        (IGNORED_SMOOTHED,),
        CROSS_ENTROPY[TORCH],
        around(mean_of_all),
    ),
    *both("ignored smoothed labels error 1e-5", CROSS_ENTROPY, scaled(1 + 1e-5), IGNORED_SMOOTHED),
)
