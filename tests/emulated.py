"""What kernels of narrow formats make of numbers, in NumPy: correct ones, and ones that round once too often.

No GPU and no low-precision unit is needed to see that the bounds of those formats are met by correct rounding and by
nothing much worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from conformance.dtypes import named
from reference_impl.oracle import nn

Array = np.ndarray[Any, Any]
Rounding = Callable[[Array], Array]


def to_bits(bits: int) -> Rounding:
    """Rounding of float32 numbers to significands of so many bits, to the nearest, ties to even."""
    spare = 24 - bits

    def rounded(array: Array) -> Array:
        raw = np.asarray(array, np.float32).view(np.uint32).astype(np.uint64)
        raw += (np.uint64(1) << np.uint64(spare - 1)) - np.uint64(1) + ((raw >> np.uint64(spare)) & np.uint64(1))
        return ((raw >> np.uint64(spare)) << np.uint64(spare)).astype(np.uint32).view(np.float32)

    return rounded


def to_format(name: str) -> Rounding:
    """Rounding to a format, as float32 numbers."""
    return lambda array: np.asarray(array, np.float32).astype(named(name)).astype(np.float32)


BITS = {"tf32": 11, "float16": 11, "bfloat16": 8}


def dot(x: Array, y: Array, store: Rounding, accumulate: Rounding | None = None) -> Array:
    """x @ y, added up in float32 from one term to the next, or rounded after each by ``accumulate``; then stored."""
    if accumulate is None:
        return store(np.matmul(x, y, dtype=np.float32))
    total = np.zeros((x.shape[0], y.shape[1]), np.float32)
    for place in range(x.shape[1]):
        total = accumulate(total + np.outer(x[:, place], y[place]).astype(np.float32))
    return store(total)


def linear(
    inputs: Mapping[str, Any], cast: Rounding, store: Rounding, accumulate: Rounding | None = None
) -> dict[str, Array]:
    """A linear layer and its gradients, of operands that are cast first."""
    x, weight, cotangent = (cast(inputs[name]) for name in ("x", "weight", "cotangent"))
    return {
        "output": dot(x, weight.T, store, accumulate),
        "gradient.x": dot(cotangent, weight, store, accumulate),
        "gradient.weight": dot(cotangent.T, x, store, accumulate),
    }


def cnn(
    images: Array, weights: Mapping[str, Array], store: Rounding, accumulate: Rounding | None = None
) -> dict[str, Any]:
    """The activations of SimpleCNN, every one of them stored in the format; ``accumulate``: of the linear layers."""
    seen: dict[str, Any] = {}
    state = {name: store(array) for name, array in weights.items()}
    hidden = store(images)
    for number in "12":
        wide = nn.conv2d(hidden, state[f"conv{number}.weight"], state[f"conv{number}.bias"])
        hidden = seen[f"conv{number}"] = store(wide)
        hidden = seen[f"pool{number}"] = nn.max_pool2d(np.maximum(hidden, 0), 2)[0]
    hidden = hidden.reshape(len(images), -1)
    for name in ("fc1", "logits"):
        layer = "fc2" if name == "logits" else name
        product = dot(np.maximum(hidden, 0), state[f"{layer}.weight"].T, lambda array: array, accumulate)
        hidden = seen[name] = store(product + state[f"{layer}.bias"])
    return seen
