"""Faults of training: of a step, of the loss, of the mode that the model is in, of the precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults.fault import PADDLE, TORCH, both
from tests.faults.optimizers import in_both
from tests.faults.schedules import targets
from tests.faults.to_tensor import TO_TENSOR
from tests.faults.wraps import argument, lost, option, scaled

STEP, LOOP, FILES, DROPOUT, EXACT, EPOCHS = (
    f"train.{name}" for name in ("step", "loop", "from_files", "dropout", "exact_step", "epochs")
)
TRAIN_STEP = in_both("reference_impl.{}_impl.training:train_step")
LOSS, L2 = (in_both("reference_impl.{}_impl.losses:" + name) for name in ("cross_entropy", "l2_penalty"))
TRAINABLE = in_both("reference_impl.{}_impl.training:trainable")
MASKED = {TORCH: "torch.nn.functional:dropout", PADDLE: "paddle.nn.functional:dropout"}
CLEARED = {TORCH: "torch.optim:Adam.zero_grad", PADDLE: "paddle.optimizer:Adam.clear_grad"}
BACKWARD = {TORCH: "torch:Tensor.backward", PADDLE: "paddle:Tensor.backward"}
LINEAR = {TORCH: "torch.nn:Linear.forward", PADDLE: "paddle.nn:Linear.forward"}
CONVOLUTION = {TORCH: "torch.nn:Conv2d.forward", PADDLE: "paddle.nn:Conv2D.forward"}
NORMALIZE = {
    TORCH: "torchvision.transforms.functional:normalize",
    PADDLE: "paddle.vision.transforms.functional:normalize",
}


def summed(call: Any) -> Any:
    """A loss that is the sum over the batch."""
    return lambda logits, labels: call(logits, labels) * len(labels)


def weights_only(call: Any) -> Any:
    """A penalty that leaves out the biases."""
    return lambda parameters, number: call([parameter for parameter in parameters if parameter.ndim > 1], number)


def twice(call: Any) -> Any:
    """A loss that is backpropagated two times."""

    def wrong(self: Any) -> None:
        call(self, retain_graph=True)
        call(self)

    return wrong


def mixed_precision(call: Any) -> Any:
    """A torch call under automatic mixed precision."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        import torch

        with torch.autocast("cpu", torch.bfloat16):
            return call(*arguments, **options).float()

    return wrong


def to_bits(bits: int) -> Callable[[Any], Any]:
    """A tensor rounded to so many significant bits, as its operation's input is in TF32 (11) or bfloat16 (8)."""
    factor = 2.0 ** (24 - bits) + 1.0  # the splitting of Veltkamp and Dekker

    def rounded(x: Any) -> Any:
        scaled = x * factor
        return scaled - (scaled - x)

    return rounded


def smoothed(call: Any) -> Any:
    """A loss of labels that are smoothed a little."""

    def wrong(logits: Any, labels: Any) -> Any:
        return 0.999 * call(logits, labels) + 0.001 * sum(
            call(logits, labels * 0 + label) for label in range(logits.shape[1])
        ) / int(logits.shape[1])

    return wrong


def evaluating(call: Any) -> Any:
    """A step of a model that was left in evaluation mode."""

    def wrong(model: Any, *arguments: Any, **options: Any) -> Any:
        model.eval()
        return call(model, *arguments, **options)

    return wrong


def shifted(labels: Any) -> Any:
    """Labels of the sample before."""
    return labels.roll(1) if hasattr(labels, "roll") else labels


def logits_after(call: Any) -> Any:
    """A step that gives the logits from after its update."""

    def wrong(model: Any, optimizer: Any, images: Any, labels: Any, *rest: Any, **options: Any) -> Any:
        found = call(model, optimizer, images, labels, *rest, **options)
        return {**found, "logits": model(images).detach()}

    return wrong


def without_penalty(call: Any) -> Any:
    """A step that forgets one of the penalties."""
    return lambda *arguments, l1=0.0, **options: call(*arguments, **options)


def frozen(call: Any) -> Any:
    """A list of parameters that lacks the last one."""
    return lambda model: call(model)[:-1]


def by_row(call: Any) -> Any:
    """Dropout that drops all units of a sample, or none."""
    return lambda x, *rest, **options: x * call(x[:, :1] * 0 + 1, *rest, **options)


def kept_scale(call: Any) -> Any:
    """Dropout that drops, and does not scale what is left: the mode that scales in evaluation instead."""
    return lambda x, p=0.5, *rest, **options: call(x, p, *rest, **options) * (1 - p)


def batch_means(cls: Any) -> Any:
    """A mean of the batches' means."""

    class Wrong(cls):
        def add(self, loss: float, samples: int) -> None:
            super().add(loss, 1)

    return Wrong


def last_only(cls: Any) -> Any:
    """The loss of the last batch for that of the epoch."""

    class Wrong(cls):
        def add(self, loss: float, samples: int) -> None:
            self.total, self.count = loss, 1

    return Wrong


def stays_evaluating(call: Any) -> Any:
    """Torch's ``train``, which can only be left."""
    return lambda self, mode=True: self if mode else call(self, mode)


AVERAGE = in_both("reference_impl.{}_impl.training:Average")
MODE = {TORCH: "torch.nn:Module.train", PADDLE: "paddle.nn:Layer.train"}
MAKE_LOADER = in_both("reference_impl.{}_impl.dataset:make_loader")

FAULTS = (
    *both("mean of the batches' means", AVERAGE, batch_means, EPOCHS),
    *both("loss of the last batch", AVERAGE, last_only, EPOCHS),
    *both("epochs in evaluation mode", MODE, {TORCH: stays_evaluating, PADDLE: lost}, EPOCHS),
    *both("smaller last batch dropped", MAKE_LOADER, option("drop_last", True), EPOCHS),
    *both("epochs never shuffled", MAKE_LOADER, option("shuffle", False), EPOCHS),
    *both("epochs of another seed", MAKE_LOADER, argument(5, "seed", lambda seed: seed + 1), EPOCHS),
    *both("rate never falls", targets("exponential"), argument(1, "gamma", lambda gamma: 0.9999), EPOCHS),
    *both("gradients not cleared", CLEARED, lost, STEP, LOOP),
    *both("loss backpropagated twice", BACKWARD, twice, STEP, EXACT),
    *both("loss summed over the batch", LOSS, summed, STEP),
    *both("loss 1 + 1e-5", LOSS, scaled(1 + 1e-5), STEP),
    *both("loss of smoothed labels", LOSS, smoothed, STEP),
    *both("labels of the sample before", LOSS, argument(1, "labels", shifted), FILES),
    *both("L1 forgotten", TRAIN_STEP, without_penalty, STEP),
    *both("L2 spares biases", L2, weights_only, STEP),
    *both("logits from after the step", TRAIN_STEP, logits_after, STEP),
    *both("last parameter not trained", TRAINABLE, frozen, STEP),
    *both("training in evaluation mode", TRAIN_STEP, evaluating, DROPOUT),
    *both("dropout left on", MASKED, argument(2, "training", lambda training: True), DROPOUT),
    *both("dropout never scales", MASKED, kept_scale, DROPOUT),
    *both("dropout of whole samples", MASKED, by_row, DROPOUT),
    *both("dropout drops too often", MASKED, argument(1, "p", lambda p: min(p + 0.2, 0.95)), DROPOUT),
    *both("linear in bfloat16", LINEAR, {TORCH: mixed_precision, PADDLE: argument(1, "x", to_bits(8))}, STEP),
    *both("TF32 in linear layers", LINEAR, argument(1, "x", to_bits(11)), STEP),
    *both("TF32 in convolutions", CONVOLUTION, argument(1, "x", to_bits(11)), STEP, "model.cnn"),
    *both("ToTensor without /255, in training", TO_TENSOR, scaled(255), FILES),
    *both("deviation squared", NORMALIZE, argument(2, "std", lambda std: [value**2 for value in std]), FILES),
    *both("mean of another channel", NORMALIZE, argument(1, "mean", lambda mean: list(mean)[::-1]), FILES),
)
