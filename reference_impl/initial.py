"""Initial weights drawn once, in NumPy, so that both frameworks start a training run from the same numbers.

Their own initialisers differ for linear, convolution and embedding layers, and their random streams never match.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np


def initial_state(like: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """Fresh values for a portable state (torch's names and layout), with the shapes and dtypes of ``like``.

    Weights and biases of linear, convolution and recurrent layers: uniform within 1/sqrt(fan-in), torch's default for
    linear layers. Convolutions without bias, which stand before a normalisation: normal with variance 2 / fan-out (He
    et al. 2015), as in torchvision's ResNet. Embeddings: normal. Normalisation layers: weight 1, bias 0, running mean
    0 and variance 1. A tensor's values depend on its name, shape and ``seed``, not on the tensors around it.
    """
    return {name: _draw(name, like, seed) for name in like}


def _draw(name: str, like: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
    array = like[name]
    module, _, kind = name.rpartition(".")
    if kind in ("running_mean", "num_batches_tracked"):
        return np.zeros_like(array)
    if kind == "running_var":
        return np.ones_like(array)
    if f"{module}.running_mean" in like or (kind == "weight" and array.ndim == 1):
        return np.full_like(array, 1 if kind == "weight" else 0)
    generator = np.random.default_rng([seed, *name.encode()])
    if module.rpartition(".")[2] == "embedding":
        return generator.standard_normal(array.shape).astype(array.dtype)
    if array.ndim == 4 and f"{module}.bias" not in like:
        deviation = math.sqrt(2 / (array.shape[0] * math.prod(array.shape[2:])))
        return (deviation * generator.standard_normal(array.shape)).astype(array.dtype)
    bound = 1 / math.sqrt(_fan_in(name, like))
    return generator.uniform(-bound, bound, array.shape).astype(array.dtype)


def _fan_in(name: str, like: Mapping[str, np.ndarray]) -> int:
    """Inputs to each output of the layer; a recurrent layer's is its hidden size, as in both frameworks."""
    weight = like[name.replace("bias", "weight").replace("weight_ih", "weight_hh")]
    return max(1, math.prod(weight.shape[1:]))
