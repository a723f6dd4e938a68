"""The reference models as the suites use them: weights drawn in NumPy, models built once and loaded many times."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

CNN_SHAPES = {
    "conv1.weight": (32, 3, 3, 3),
    "conv1.bias": (32,),
    "conv2.weight": (64, 32, 3, 3),
    "conv2.bias": (64,),
    "fc1.weight": (128, 64 * 6 * 6),
    "fc1.bias": (128,),
    "fc2.weight": (10, 128),
    "fc2.bias": (10,),
}
EXACT_DENSITY = {"conv1.weight": 0.5, "conv2.weight": 0.1, "fc1.weight": 0.01, "fc2.weight": 0.1}
"""Share of weights that are +-1 in the exact regime, so that no dot product, gradients included, reaches 2**24."""


def cnn_weights(rng: np.random.Generator, gain: float = 1.0, bias: float = 0.1) -> dict[str, np.ndarray]:
    """SimpleCNN weights of standard deviation gain / sqrt(fan in), biases around ``bias`` so that few units are dead."""
    weights = {}
    for name, shape in CNN_SHAPES.items():
        if name.endswith("bias"):
            weights[name] = (bias + 0.1 * rng.standard_normal(shape)).astype(np.float32)
        else:
            scale = gain / np.sqrt(np.prod(shape[1:]))
            weights[name] = (scale * rng.standard_normal(shape, dtype=np.float32)).astype(np.float32)
    return weights


def exact_cnn_weights(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """SimpleCNN weights in {-1, 0, 1}, sparse enough for arithmetic without rounding."""
    weights = {}
    for name, shape in CNN_SHAPES.items():
        if name in EXACT_DENSITY:
            chosen = rng.random(shape, dtype=np.float32)
            density = EXACT_DENSITY[name]
            weights[name] = np.where(chosen < density, np.sign(chosen - density / 2), 0).astype(np.float32)
        else:
            weights[name] = rng.integers(-2, 3, shape).astype(np.float32)
    return weights


@lru_cache
def torch_cnn(relu: bool) -> Any:
    """A torch SimpleCNN whose weights are about to be loaded."""
    from reference_impl.torch_impl.cnn import SimpleCNN

    return SimpleCNN(relu)


@lru_cache
def paddle_cnn(relu: bool) -> Any:
    """A paddle SimpleCNN whose weights are about to be loaded."""
    from reference_impl.paddle_impl.cnn import SimpleCNN

    return SimpleCNN(relu)
