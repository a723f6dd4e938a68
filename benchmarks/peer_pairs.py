"""The pairs of models that `peers` looks at, and the training step that its tools compare.

Both sides start from the weights and the Adam state that three steps of torch left behind, as a resumed training does:
from a fresh state one step would hardly depend on the betas.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from benchmarks.peer_faults import DROPOUT, LINEAR, NORM, NORM_BIAS, NORM_EVAL, NORMALIZED, ORDER, SQUARE

FRAMEWORKS = ("torch", "paddle")
WARM_UP = 3
ADAM: dict[str, Any] = {"name": "adam", "lr": 1e-3, "weight_decay": 1e-4}
UNCOMPARED = ("num_batches_tracked", "running_var")
"""Paddle has no such count, and keeps a biased variance: a known difference of the frameworks, no fault of a pair."""


@dataclass(frozen=True)
class Start:
    """Where both sides of a pair start: weights and optimizer state in torch's names and layout, and a batch."""

    weights: dict[str, np.ndarray]
    state: dict[str, dict[str, np.ndarray]]
    images: np.ndarray
    labels: np.ndarray
    seed: int


def build(framework: str, pair: str) -> Any:
    """One side of a pair, in the mode in which it is to be compared; its weights are about to be loaded."""
    if framework == "torch":
        from torch import nn

        from reference_impl.torch_impl.cnn import SimpleCNN

        convolution, norm = partial(nn.Conv2d, bias=pair == NORM_BIAS), nn.BatchNorm2d
    else:
        from paddle import nn

        from reference_impl.paddle_impl.cnn import SimpleCNN

        convolution, norm = partial(nn.Conv2D, bias_attr=None if pair == NORM_BIAS else False), nn.BatchNorm2D
    model = SimpleCNN(relu=pair != LINEAR, dropout=0.5 if pair == DROPOUT else 0.0)
    if pair in (NORM, NORM_BIAS, NORM_EVAL):
        model.conv1 = nn.Sequential(convolution(3, 32, 3), norm(32))
        model.conv2 = nn.Sequential(convolution(32, 64, 3), norm(64))
    if pair == SQUARE:
        model.fc1 = nn.Sequential(nn.Linear(64 * 6 * 6, 128), nn.Linear(128, 128))
    if pair == ORDER and framework == "paddle":
        reorder(model)
    (model.eval if pair in (DROPOUT, NORM_EVAL) else model.train)()
    return model


def reorder(model: Any) -> Any:
    """Define the layers of a SimpleCNN again, the last one first."""
    for name in ("fc2", "fc1", "conv2", "conv1"):
        layer = getattr(model, name)
        delattr(model, name)
        setattr(model, name, layer)
    return model


@lru_cache
def start(pair: str, seed: int, batch: int) -> Start:
    """Where a pair starts; to be asked for while nothing is at fault."""
    import torch

    from conformance.transfer import from_torch

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    images, labels = rng.random((batch, 3, 32, 32), dtype=np.float32), rng.integers(0, 10, batch)
    if pair == NORMALIZED:
        images = (images - np.float32(0.5)) / np.float32(0.25)
    model = build("torch", pair)
    model.train(pair != DROPOUT)  # running statistics are to be some
    optimizer = make_optimizer("torch", model)
    optimizers, training = implementation("torch")
    for _ in range(WARM_UP):
        training.train_step(model, optimizer, torch.tensor(images), torch.tensor(labels))
    state = optimizers.optimizer_state(optimizer, training.trainable(model))
    return Start({name: np.array(array) for name, array in from_torch(model).items()}, state, images, labels, seed)


def implementation(framework: str) -> tuple[Any, Any]:
    """The modules of optimizers and of training of one framework; their names are the same in both."""
    optimizers, training = (
        importlib.import_module(f"reference_impl.{framework}_impl.{name}") for name in ("optimizers", "training")
    )
    return optimizers, training


def make_optimizer(framework: str, model: Any) -> Any:
    """A fresh Adam over one side's parameters."""
    optimizers, training = implementation(framework)
    return optimizers.make_optimizer(named_parameters=training.trainable(model), **ADAM)


def started(framework: str, pair: str, begin: Start) -> tuple[Any, Any]:
    """One side's model and optimizer, brought to where the pair starts."""
    from conformance import transfer
    from suites.test_training import portable_state

    model = build(framework, pair)
    optimizer = make_optimizer(framework, model)
    getattr(transfer, f"load_into_{framework}")(model, begin.weights)
    optimizers, training = implementation(framework)
    state = portable_state(begin.state) if framework == "paddle" else begin.state
    optimizers.load_optimizer_state(optimizer, training.trainable(model), state)
    return model, optimizer


def record(framework: str, pair: str, begin: Start) -> dict[str, np.ndarray]:
    """What one side's training step gives: loss, logits, gradients, parameters; in torch's names and layout."""
    from conformance import transfer
    from suites.test_training import portable_gradients

    model, optimizer = started(framework, pair, begin)
    training = implementation(framework)[1]
    tensor = getattr(importlib.import_module(framework), "tensor" if framework == "torch" else "to_tensor")
    result = training.train_step(model, optimizer, tensor(begin.images), tensor(begin.labels))
    kept = [(name, parameter) for name, parameter in training.trainable(model) if parameter.grad is not None]
    gradients = portable_gradients(kept) if framework == "paddle" else {name: p.grad for name, p in kept}
    after = getattr(transfer, f"from_{framework}")(model)
    values = {name: result[name].numpy() for name in ("loss", "logits")}
    values |= {f"parameter.{name}": array for name, array in after.items() if not name.endswith(UNCOMPARED)}
    for name in begin.state:  # what got no gradient is said to have a gradient of zero
        missing = np.zeros_like(begin.weights[name])
        values[f"gradient.{name}"] = gradients[name].numpy() if name in gradients else missing
    return {name: np.array(array) for name, array in values.items()}
