"""Shapes of the losses, and the labels, dtypes and settings they must take or refuse; images without a batch axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from suites import arithmetic
from suites.arithmetic import require, shape_of
from suites.shapes import INDICES_ON_CPU, right_and_wrong

Judged = dict[str, Acceptance] | Rejects


@st.composite
def labelled(draw: st.DrawFn, fault: str | None) -> Sample:
    """Equal logits, and labels that are right or have one thing wrong."""
    rows, classes = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    if fault in ("beyond", "far beyond", "negative"):
        labels[-1] = {"beyond": classes, "far beyond": 2**31 - 1, "negative": -1}[fault]
    elif fault == "batch":
        labels.append(0)
    array = np.array(labels, "float32" if fault == "float" else "int64")
    if fault == "column":
        array = array[:, None]
    elif fault == "axes":
        array = array[:, None, None]
    return Sample(
        {
            "logits": np.ones((rows, classes), np.float32),
            "labels": array,
            "weight": np.ones(classes + 1, np.float32) if fault == "weight" else None,
            "reduction": "average" if fault == "reduction" else draw(st.sampled_from(("mean", "sum", "none"))),
            "smoothing": 1.5 if fault == "smoothing" else 0.0,
        }
    )


LABELLING = ("beyond", "far beyond", "negative", "batch", "column", "axes", "float", "weight", "reduction", "smoothing")


@contract(
    "shape.cross_entropy",
    covers=("nn.CrossEntropyLoss",),
    area="shapes",
    samples=right_and_wrong(labelled, LABELLING),
    unsupported=INDICES_ON_CPU,
)
class cross_entropy:
    """Cross-entropy takes one integer label a row, of a class that exists, and gives a loss a row or a number."""

    @staticmethod
    def torch(logits, labels, weight, reduction, smoothing):
        import numpy as np
        from torch.nn import functional

        loss = functional.cross_entropy(logits, labels, weight, reduction=reduction, label_smoothing=smoothing)
        return {"shape": np.array(loss.shape, np.int64), "total": loss.sum()}

    @staticmethod
    def paddle(logits, labels, weight, reduction, smoothing):
        import numpy as np
        from paddle.nn import functional

        loss = functional.cross_entropy(logits, labels, weight, reduction=reduction, label_smoothing=smoothing)
        return {"shape": np.array(loss.shape, np.int64), "total": loss.sum()}

    @staticmethod
    def oracle(logits, labels, weight, reduction, smoothing, lenient=False) -> Judged:
        rows, classes = logits.shape

        def compute() -> arithmetic.Shape:
            column = lenient and labels.shape == (rows, 1)
            require(column or labels.shape == (rows,), "there must be one label for each row")
            require(lenient or labels.dtype.kind == "i", "labels must be integers")
            require(labels.min() >= 0 and labels.max() < classes, "a label is no class")
            require(weight is None or len(weight) == classes, "there must be one weight for each class")
            require(reduction in ("mean", "sum", "none"), "no such reduction")
            require(0.0 <= smoothing <= 1.0, "smoothing must lie in 0..1")
            return labels.shape if reduction == "none" else ()

        judged = shape_of(compute)
        if isinstance(judged, Rejects):
            return judged
        total = np.asarray(np.log(classes) * (1 if reduction == "mean" else rows))
        return {**judged, "total": accuracy.rounded(total, rows + 4.0)}

    @staticmethod
    def variant_lenient(logits, labels, weight, reduction, smoothing) -> Judged:
        """Labels may be floats, and may stand in a column."""
        return cross_entropy.oracle(logits, labels, weight, reduction, smoothing, lenient=True)


@st.composite
def integer_labels(draw: st.DrawFn) -> list[Sample]:
    """The same labels in int64 and in other integer dtypes."""
    rows, classes = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    logits = np.ones((rows, classes), np.float32)
    return [Sample({"logits": logits, "labels": np.array(labels, dtype)}) for dtype in ("int64", "int32", "uint8")]


@contract("shape.cross_entropy_label_dtypes", covers=("nn.CrossEntropyLoss",), area="shapes", samples=integer_labels())
class cross_entropy_label_dtypes:
    """Labels of any integer dtype name the same classes."""

    @staticmethod
    def torch(logits, labels):
        from torch.nn import functional

        return functional.cross_entropy(logits, labels)

    @staticmethod
    def paddle(logits, labels):
        from paddle.nn import functional

        return functional.cross_entropy(logits, labels)

    @staticmethod
    def oracle(logits, labels) -> Judged:
        return {"output": accuracy.rounded(np.asarray(np.log(logits.shape[1])), 6.0)}

    @staticmethod
    def variant_no_int32(logits, labels) -> Judged:
        """int32 is refused."""
        if labels.dtype == np.int32:
            return Rejects("labels are int64 or uint8", error="expected target dtype to be Long or Byte, but got Int")
        return cross_entropy_label_dtypes.oracle(logits, labels)

    @staticmethod
    def variant_no_int32_scalars(logits, labels) -> Judged:
        """int32 is refused, as not of the expected scalar type."""
        if labels.dtype == np.int32:
            return Rejects("labels are int64 or uint8", error="expected scalar type Long but found Int")
        return cross_entropy_label_dtypes.oracle(logits, labels)

    @staticmethod
    def variant_gathered(logits, labels) -> Judged:
        """The formula that stands for the kernel gathers by the labels, which no uint8 and no int32 can be."""
        if labels.dtype != np.int64:
            return Rejects("labels are int64", error="for index, but got torch.")
        return cross_entropy_label_dtypes.oracle(logits, labels)

    @staticmethod
    def variant_no_uint8(logits, labels) -> Judged:
        """uint8 is refused."""
        if labels.dtype == np.uint8:
            return Rejects("labels are int32 or int64", error="Selected wrong DataType `uint8`")
        return cross_entropy_label_dtypes.oracle(logits, labels)

    @staticmethod
    def variant_no_uint8_product(logits, labels) -> Judged:
        """uint8 is refused, by a multiplication."""
        if labels.dtype == np.uint8:
            return Rejects("labels are int32 or int64", error="operand type(s) for *: 'Tensor' and 'Tensor'")
        return cross_entropy_label_dtypes.oracle(logits, labels)


@st.composite
def compared(draw: st.DrawFn, fault: str | None) -> Sample:
    """Predictions and targets of equal shapes, of shapes that broadcast, and of shapes that do not."""
    shape = draw(st.lists(st.integers(2, 5), min_size=1, max_size=4))
    target, place = list(shape), draw(st.integers(0, len(shape) - 1))
    reduction = draw(st.sampled_from(("mean", "sum", "none", "none")))
    if fault == "one":
        target[place] = 1
    elif fault == "grown":
        target[place] += 1
    elif fault == "fewer axes":
        target = target[1:]
    elif fault == "reduction":
        reduction = "average"
    inputs = {"prediction": np.ones(shape, np.float32), "target": np.zeros(target, np.float32)}
    return Sample({**inputs, "reduction": reduction})


@contract(
    "shape.mse",
    covers=("nn.MSELoss",),
    area="shapes",
    samples=right_and_wrong(compared, ("one", "grown", "fewer axes", "reduction")),
)
class mse:
    """A mean squared error broadcasts prediction and target, and refuses shapes that do not and other reductions."""

    @staticmethod
    def torch(prediction, target, reduction):
        import warnings

        import numpy as np
        from torch.nn import functional

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of every broadcast
            return {"shape": np.array(functional.mse_loss(prediction, target, reduction=reduction).shape, np.int64)}

    @staticmethod
    def paddle(prediction, target, reduction):
        import numpy as np
        from paddle.nn import functional

        return {"shape": np.array(functional.mse_loss(prediction, target, reduction=reduction).shape, np.int64)}

    @staticmethod
    def oracle(prediction, target, reduction) -> Judged:
        def shape() -> arithmetic.Shape:
            require(reduction in ("mean", "sum", "none"), "no such reduction")
            together = np.broadcast_shapes(prediction.shape, target.shape)
            return together if reduction == "none" else ()

        return shape_of(shape)


BATCHED = {
    "conv2d": "Input x should be 4D tensor, but received x with the shape of",
    "max_pool2d": "the input of Op(pool) should be 4-D or 5-D Tensor",
    "avg_pool2d": "the input of Op(pool) should be 4-D or 5-D Tensor",
    "adaptive_avg_pool2d": "not enough values to unpack",
}
"""What paddle says to an image without a batch axis, by layer."""


@st.composite
def single_images(draw: st.DrawFn) -> list[Sample]:
    """One image, [C, H, W] and as a batch of one, and each layer that it goes through."""
    x = np.ones([draw(st.integers(1, 3)), draw(st.integers(2, 6)), draw(st.integers(2, 6))], np.float32)
    return [Sample({"x": image, "layer": layer}) for layer in BATCHED for image in (x, x[None])]


@contract("shape.image_without_batch", area="shapes", samples=single_images())
class image_without_batch:
    """A single image [C, H, W] goes through a convolution or pool as a batch of one would, and gains no axis."""

    @staticmethod
    def torch(x, layer):
        import numpy as np
        import torch
        from torch.nn import functional

        window = torch.ones(1, x.shape[-3], 2, 2) if layer == "conv2d" else 2
        return {"shape": np.array(getattr(functional, layer)(x, window).shape, np.int64)}

    @staticmethod
    def paddle(x, layer):
        import numpy as np
        import paddle
        from paddle.nn import functional

        window = paddle.ones([1, x.shape[-3], 2, 2]) if layer == "conv2d" else 2
        return {"shape": np.array(getattr(functional, layer)(x, window).shape, np.int64)}

    @staticmethod
    def oracle(x, layer) -> Judged:
        *batch, channels, height, width = x.shape
        sizes: dict[str, Any] = {"conv2d": (1, height - 1, width - 1), "adaptive_avg_pool2d": (channels, 2, 2)}
        return shape_of(lambda: (*batch, *sizes.get(layer, (channels, height // 2, width // 2))))

    @staticmethod
    def variant_batches_only(x, layer) -> Judged:
        """An image without a batch axis is refused."""
        if x.ndim == 3:
            return Rejects("an image batch has four axes", error=BATCHED[layer])
        return image_without_batch.oracle(x, layer)
