"""Faults of shapes, dtypes and refusals: a length off by one, a right input refused, or a wrong one taken."""

from __future__ import annotations

from typing import Any

from tests.faults.activations import SOFTMAX
from tests.faults.fault import TORCH, Fault, Wrap, both
from tests.faults.forward import CONVOLUTION, EMBEDDING, FLATTEN, LINEAR, RESHAPE
from tests.faults.losses import CROSS_ENTROPY, SQUARES
from tests.faults.normalization import BATCH_NORM, DROPOUT
from tests.faults.pooling import ADAPTIVE, AVERAGE, LARGEST, on_the_image
from tests.faults.wraps import argument, around, library, option, result

SINGLE, LABELS = "shape.image_without_batch", "shape.cross_entropy_label_dtypes"


def no_empty_batch(call: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """A layer that refuses a batch of nothing."""
    if 0 in x.shape:
        raise ValueError("an empty batch")
    return call(x, *arguments, **options)


def shorter_when_dilated(
    call: Any, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Any:
    """A convolution that takes a dilated kernel for d * k pixels high, and not d * (k - 1) + 1."""
    output = call(x, weight, bias, stride, padding, dilation, groups)
    return output[:, :, :-1] if dilation[0] > 1 and output.shape[2] > 1 else output


def ceiling(call: Any, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Any:
    """A convolution that rounds its width up."""
    missing = -(x.shape[3] + 2 * padding[1] - dilation[1] * (weight.shape[3] - 1) - 1) % stride[1]
    x = library(x).nn.functional.pad(x, [0, missing, 0, 0]) if missing and x.shape[0] else x
    return call(x, weight, bias, stride, padding, dilation, groups)


def first_channels(call: Any, x: Any, weight: Any, *arguments: Any) -> Any:
    """A convolution that leaves out channels for which it has no weights."""
    groups = arguments[-1]
    wanted = weight.shape[1] * groups if weight.ndim > 1 else 0
    return call(x[:, :wanted] if x.ndim == 4 and x.shape[1] > wanted > 0 else x, weight, *arguments)


def first_features(call: Any, x: Any, weight: Any, bias: Any) -> Any:
    """A linear layer that leaves out features for which it has no weights."""
    features = weight.shape[1] if library(x).__name__ == "torch" else weight.shape[0]
    return call(x[..., :features] if x.ndim and x.shape[-1] > features else x, weight, bias)


def one_dtype(call: Any, x: Any, weight: Any, bias: Any) -> Any:
    """A linear layer that converts its input to the dtype of its weight."""
    return call(x.to(weight.dtype), weight, bias)


def modulo(call: Any, x: Any, axis: int) -> Any:
    """A softmax along an axis that is counted round and round."""
    return call(x, axis % x.ndim)


def any_order(call: Any, x: Any, start: int, stop: int) -> Any:
    """A flattening of axes in any order."""
    return call(x, *sorted((start, stop), key=lambda axis: axis % x.ndim))


def cut(call: Any, x: Any, shape: Any) -> Any:
    """A reshaping that leaves out elements for which there is no room."""
    wanted, size = 1, 1
    for length in shape:
        wanted *= max(length, 1)
    for length in x.shape:
        size *= length
    return call(call(x, [-1])[:wanted], shape) if -1 not in shape and size > wanted else call(x, shape)


def copied_zeros(call: Any, x: Any, shape: Any) -> Any:
    """A reshaping in which a 0 stands for the length that was there."""
    known = list(x.shape) + [0] * len(shape)
    return call(x, [known[place] if length == 0 else length for place, length in enumerate(shape)])


def within(call: Any, indices: Any, weight: Any, padding: Any) -> Any:
    """An embedding that takes an index outside the vocabulary for its last row."""
    return call(indices.clip(max=weight.shape[0] - 1), weight, padding)


def from_end(call: Any, indices: Any, weight: Any, padding: Any) -> Any:
    """An embedding that counts a negative index from the end."""
    return call(indices % weight.shape[0], weight, padding)


def class_within(call: Any, logits: Any, labels: Any, *arguments: Any, **options: Any) -> Any:
    """A loss that takes a label beyond the classes for the last."""
    return call(logits, labels.clip(max=logits.shape[-1] - 1), *arguments, **options)


def cut_weight(call: Any, x: Any, mean: Any, variance: Any, weight: Any, *arguments: Any, **options: Any) -> Any:
    """A batch norm that leaves out weights for which there are no channels."""
    return call(x, mean, variance, weight[: x.shape[1]] if x.ndim > 1 else weight, *arguments, **options)


def known(reduction: str) -> str:
    """Whatever is no reduction is a mean."""
    return reduction if reduction in ("sum", "none") else "mean"


def equal_shapes(call: Any, prediction: Any, target: Any, **options: Any) -> Any:
    """A loss that refuses to broadcast."""
    if tuple(prediction.shape) != tuple(target.shape):
        raise ValueError("prediction and target differ in shape")
    return call(prediction, target, **options)


def as_integers(call: Any, indices: Any, *arguments: Any) -> Any:
    """An embedding that takes indices of any dtype."""
    return call(indices.to(library(indices).int64), *arguments)


def one_value(call: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, training: Any, *rest: Any) -> Any:
    """A batch norm that takes one value a channel for its own mean."""
    alone = x.ndim > 1 and x.numel() == x.shape[1]
    return call(x, mean, variance, weight, bias, training and not alone, *rest)


def flat_labels(call: Any, logits: Any, labels: Any, *arguments: Any, **options: Any) -> Any:
    """A loss that takes labels in a column."""
    return call(logits, labels.reshape([-1]), *arguments, **options)


def batched(call: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """A layer that gives a single image a batch axis, and leaves it there."""
    return call(x[None] if x.ndim == 3 else x, *arguments, **options)


def sized(call: Any, x: Any, output: Any) -> Any:
    """An adaptive pool in which None means one pixel."""
    return call(x, tuple(1 if side is None else side for side in output))


def double(value: Any) -> Any:
    """A result in float64."""
    return value.to(library(value).float64)


def _pools(name: str, wrap: Wrap | dict[str, Wrap]) -> list[Fault]:
    return [
        *both(f"shape of a max pool {name}", LARGEST, wrap, "shape.max_pool2d"),
        *both(f"shape of an average pool {name}", AVERAGE, wrap, "shape.avg_pool2d"),
    ]


FAULTS = (
    *both(
        "shape of a convolution off by one if dilated",
        CONVOLUTION,
        around(shorter_when_dilated),
        "shape.conv2d",
        "nn.conv2d",
    ),
    *both("shape of a convolution rounded up", CONVOLUTION, around(ceiling), "shape.conv2d"),
    *both("convolution of no images refused", CONVOLUTION, around(no_empty_batch), "shape.conv2d"),
    *both("convolution takes channels without weights", CONVOLUTION, around(first_channels), "shape.conv2d"),
    *_pools("rounded down", argument(4, "ceil_mode", lambda ceil: False)),
    *_pools("rounded up", on_the_image(argument(4, "ceil_mode", lambda ceil: True))),
    *_pools("refused without images", around(no_empty_batch)),
    *_pools("of the kernel's stride", on_the_image(argument(2, "stride", lambda stride: None))),
    *both("adaptive pool of None to one pixel", ADAPTIVE, around(sized), "shape.adaptive_avg_pool2d"),
    *both("adaptive pool refuses an empty batch", ADAPTIVE, around(no_empty_batch), "shape.adaptive_avg_pool2d"),
    *both("linear takes features without weights", LINEAR, around(first_features), "shape.linear"),
    *both("linear converts its input", LINEAR, around(one_dtype), "shape.linear"),
    *both("linear refuses an empty batch", LINEAR, around(no_empty_batch), "shape.linear"),
    *both("SimpleCNN's pools round up", LARGEST, option("ceil_mode", True), "shape.simple_cnn"),
    *both("flatten takes axes in any order", FLATTEN, around(any_order), "shape.flatten"),
    *both(
        "flatten without the last axis",
        FLATTEN,
        argument(2, "stop_axis", lambda stop: -2 if stop == -1 else stop),
        "shape.flatten",
    ),
    *both("reshape leaves out elements", RESHAPE, around(cut), "shape.reshape"),
    Fault("reshape copies at a 0", TORCH, ("shape.reshape",), RESHAPE[TORCH], around(copied_zeros)),
    *both("embedding takes an index beyond", EMBEDDING, around(within), "shape.embedding"),
    Fault("embedding counts from the end", TORCH, ("shape.embedding",), EMBEDDING[TORCH], around(from_end)),
    *both("embedding takes any dtype", EMBEDDING, around(as_integers), "shape.embedding"),
    Fault("batch norm trains on one value", TORCH, ("shape.batch_norm",), BATCH_NORM[TORCH], around(one_value)),
    Fault(
        "batch norm of the magnitude of eps", TORCH, ("shape.batch_norm",), BATCH_NORM[TORCH], argument(7, "eps", abs)
    ),
    Fault("labels in a column", TORCH, ("shape.cross_entropy",), CROSS_ENTROPY[TORCH], around(flat_labels)),
    *both("label -1 ignored", CROSS_ENTROPY, option("ignore_index", -1), "shape.cross_entropy"),
    *both(
        "smoothing clipped", CROSS_ENTROPY, argument(7, "label_smoothing", lambda e: min(e, 1.0)), "shape.cross_entropy"
    ),
    *both("batch norm cuts its weight", BATCH_NORM, around(cut_weight), "shape.batch_norm"),
    *both("softmax of any axis", SOFTMAX, around(modulo), "shape.softmax"),
    *both("dropout clips its probability", DROPOUT, argument(1, "p", lambda p: min(max(p, 0.0), 1.0)), "shape.dropout"),
    *both("cross-entropy clips a label", CROSS_ENTROPY, around(class_within), "shape.cross_entropy"),
    *both("cross-entropy of any reduction", CROSS_ENTROPY, argument(4, "reduction", known), "shape.cross_entropy"),
    *both("mean squared error of any reduction", SQUARES, argument(2, "reduction", known), "shape.mse"),
    *both("mean squared error not broadcast", SQUARES, around(equal_shapes), "shape.mse"),
    *[
        Fault(f"{name} gains an axis", lane, (SINGLE,), target, around(batched))
        for name, targets in (
            ("conv2d", CONVOLUTION),
            ("max pool", LARGEST),
            ("average pool", AVERAGE),
            ("adaptive pool", ADAPTIVE),
        )
        for lane, target in targets.items()
    ],
    *both("convolution in float64", CONVOLUTION, result(double), "nn.conv2d"),
    *both("loss in float64", CROSS_ENTROPY, result(double), "loss.cross_entropy", LABELS),
)
