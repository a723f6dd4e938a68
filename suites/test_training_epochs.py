"""Whole epochs of the training loop: the mean loss over the samples, each batch once, in order, in training mode.

The network drops every unit, so that its logits are the last layer's bias, whatever the images: float64 can follow
such a run to the last unit, and a run that is left in evaluation mode trains something else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, real, seeds
from reference_impl.oracle import losses
from reference_impl.samples import permutation
from suites.classification import GRADIENT, VALUE
from suites.repeats import Rows

FEATURES, CLASSES, GAMMA = 3, 4, 0.5
ROUNDINGS = 2.0
"""Of a step, whose rate is a power of two: the product with the gradient, and the difference."""


def samples() -> st.SearchStrategy[Sample]:
    """A few rows in batches of which the last is often smaller, and a rate that halves after each epoch."""

    def make(seed: int, count: int, batch: int, epochs: int, exponent: int) -> Sample:
        rng = generator(seed)
        inputs = {"images": real(rng, (count, FEATURES)), "labels": rng.integers(0, CLASSES, count)}
        weights = {"1.weight": real(rng, (CLASSES, FEATURES)), "1.bias": real(rng, (CLASSES,))}
        plan = {"batch": batch, "epochs": epochs, "lr": 2.0**exponent}
        return Sample({**inputs, "weights": weights, **plan, "seed": seed})

    return st.builds(make, seeds, st.integers(5, 11), st.integers(2, 4), st.integers(1, 3), st.integers(-3, 1))


@contract("train.epochs", area="training loop", samples=samples(), tensors=False, share=0.5)
class epochs:
    """An epoch takes each sample once, in the seed's order, in training mode, and gives the mean loss over samples."""

    @staticmethod
    def torch(images, labels, weights, batch, epochs, lr, seed):
        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.dataset import make_loader
        from reference_impl.torch_impl.optimizers import make_optimizer
        from reference_impl.torch_impl.schedules import make_schedule
        from reference_impl.torch_impl.training import train_epoch, trainable

        model = torch.nn.Sequential(torch.nn.Dropout(1.0), torch.nn.Linear(FEATURES, CLASSES))
        load_into_torch(model, weights)
        model.eval()
        updater = make_optimizer("sgd", trainable(model), lr=lr)
        schedule = make_schedule("exponential", updater, gamma=GAMMA)
        loader, place = make_loader(Rows(images), batch, shuffle=True, seed=seed), model[1].weight.device
        means = []
        for _ in range(epochs):
            batches = ((rows.to(place), torch.tensor(labels)[index].to(place)) for rows, index in loader)
            means.append(train_epoch(model, updater, batches))
            schedule.step()
        return {"losses": np.array(means), "parameter": from_torch(model)}

    @staticmethod
    def paddle(images, labels, weights, batch, epochs, lr, seed):
        import paddle

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.dataset import make_loader
        from reference_impl.paddle_impl.optimizers import make_optimizer
        from reference_impl.paddle_impl.schedules import make_schedule
        from reference_impl.paddle_impl.training import train_epoch, trainable

        model = paddle.nn.Sequential(paddle.nn.Dropout(1.0), paddle.nn.Linear(FEATURES, CLASSES))
        load_into_paddle(model, weights)
        model.eval()
        updater = make_optimizer("sgd", trainable(model), lr=lr)
        schedule = make_schedule("exponential", updater, gamma=GAMMA)
        loader = make_loader(Rows(images), batch, shuffle=True, seed=seed)
        means = []
        for _ in range(epochs):
            batches = ((rows, paddle.to_tensor(labels[index.numpy()])) for rows, index in loader)
            means.append(train_epoch(model, updater, batches))
            schedule.step()
        return {"losses": np.array(means), "parameter": from_paddle(model)}

    @staticmethod
    def oracle(images, labels, weights, batch, epochs, lr, seed) -> dict[str, Acceptance]:
        bias = Acceptance(weights["1.bias"].astype(np.float64), np.zeros(CLASSES))
        means: list[Acceptance] = []
        for epoch in range(epochs):
            order = permutation(len(labels), seed, epoch)
            seen = []
            for start in range(0, len(order), batch):
                rows = labels[order[start : start + batch]]
                loss, bias = step(bias, rows, lr * GAMMA**epoch)
                seen.append((len(rows), loss))
            parts = [sum(n * getattr(loss, part) for n, loss in seen) / len(labels) for part in ("value", "bound")]
            means.append(Acceptance(*parts))
        found: dict[str, Any] = {
            part: np.array([float(getattr(mean, part)) for mean in means]) for part in ("value", "bound")
        }
        return {
            "losses": Acceptance(**found, dtype="float64"),
            "parameter.1.weight": accuracy.exact(weights["1.weight"]),
            "parameter.1.bias": bias,
        }


def step(bias: Acceptance, labels: np.ndarray, lr: float) -> tuple[Acceptance, Acceptance]:
    """The loss of a batch whose logits are all the bias, and the bias after an SGD step, from one with an error.

    With an error of e in each logit, the loss is off by 2e at most, for its gradient's magnitudes sum up to 2, and a
    probability p by 2 p (1 - p) e, that is e / 2.
    """
    loss = losses.cross_entropy(np.tile(bias.value, (len(labels), 1)), labels)
    before = float(np.max(bias.bound))
    unit = accuracy.U * (1.0 + len(labels))  # of the sum of the rows' gradients
    gradient = loss.gradient.sum(axis=0)
    error = GRADIENT * accuracy.U * loss.gradient_condition + unit * np.abs(loss.gradient)
    moved = error.sum(axis=0) + before / 2
    value = bias.value - lr * gradient
    rounding = ROUNDINGS * accuracy.U * (np.abs(bias.value) + 2 * lr * np.abs(gradient))
    bound = bias.bound + lr * moved + rounding
    mean = Acceptance(loss.value, VALUE * accuracy.U * loss.value_condition + 2 * before)
    return mean, Acceptance(value, bound, dtype="float32")
