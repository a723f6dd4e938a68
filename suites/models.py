"""The reference models as the suites use them: weights drawn in NumPy, models built once and loaded many times."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from conformance.strategies import generator

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
    """SimpleCNN weights of standard deviation gain / sqrt(fan in), biases around ``bias``: few dead units."""
    weights = {}
    for name, shape in CNN_SHAPES.items():
        if name.endswith("bias"):
            weights[name] = (bias + 0.1 * rng.standard_normal(shape)).astype(np.float32)
        else:
            scale = gain / np.sqrt(np.prod(shape[1:]))
            drawn = rng.standard_normal(shape, dtype=np.float32)
            # Said, because NumPy 1 and 2 would not multiply in one dtype, and a lane may have either.
            weights[name] = np.multiply(scale, drawn, dtype=np.float64).astype(np.float32)
    return weights


def seeded_cnn_weights(seed: int) -> dict[str, np.ndarray]:
    """Those of a seed, which both lanes and the oracle ask for; the arrays are shared, and cannot be written to."""
    return dict(_seeded_cnn_weights(seed))


@lru_cache(maxsize=16)
def _seeded_cnn_weights(seed: int) -> dict[str, np.ndarray]:
    weights = cnn_weights(generator(seed))
    for array in weights.values():
        array.flags.writeable = False
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


def torch_cnn(relu: bool) -> Any:
    """A torch SimpleCNN on the lane's device, whose weights are about to be loaded."""
    import torch

    return _torch_cnn(relu, str(torch.get_default_device()))


@lru_cache
def _torch_cnn(relu: bool, device: str) -> Any:
    from reference_impl.torch_impl.cnn import SimpleCNN

    return SimpleCNN(relu)


def paddle_cnn(relu: bool) -> Any:
    """A paddle SimpleCNN on the lane's device, whose weights are about to be loaded."""
    import paddle

    return _paddle_cnn(relu, paddle.get_device())


@lru_cache
def _paddle_cnn(relu: bool, device: str) -> Any:
    from reference_impl.paddle_impl.cnn import SimpleCNN

    return SimpleCNN(relu)


RESNET50_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Width and number of blocks of each stage (He et al. 2015, table 1)."""


def resnet50_shapes(classes: int = 10) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter and buffer of ResNet-50, without batch norm's counters."""
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(name: str, norm: str, inner: int, outer: int, kernel: int) -> None:
        shapes[f"{name}.weight"] = (outer, inner, kernel, kernel)
        shapes.update({f"{norm}.{part}": (outer,) for part in ("weight", "bias", "running_mean", "running_var")})

    convolution("conv1", "bn1", 3, 64, 7)
    inner = 64
    for stage, (width, blocks) in enumerate(RESNET50_STAGES, start=1):
        for number in range(blocks):
            block = f"layer{stage}.{number}"
            convolution(f"{block}.conv1", f"{block}.bn1", inner, width, 1)
            convolution(f"{block}.conv2", f"{block}.bn2", width, width, 3)
            convolution(f"{block}.conv3", f"{block}.bn3", width, 4 * width, 1)
            if number == 0:
                convolution(f"{block}.downsample.0", f"{block}.downsample.1", inner, 4 * width, 1)
            inner = 4 * width
    return {**shapes, "fc.weight": (classes, inner), "fc.bias": (classes,)}


@lru_cache(maxsize=1)
def resnet50_weights(seed: int) -> dict[str, np.ndarray]:
    """Weights of ResNet-50 with He-normal convolutions and batch norms that are not the identity."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = {}
    for name, shape in resnet50_shapes().items():
        values = rng.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1:
            weights[name] = values * np.float32(np.sqrt(2.0 / np.prod(shape[1:])))
        elif name.endswith(("running_var", "weight")):
            weights[name] = 1 + np.abs(values) / 4
        else:
            weights[name] = values / 10
        weights[name] = weights[name].astype(np.float32)
    return weights


def torch_resnet50() -> Any:
    """A torch ResNet-50 with ten classes on the lane's device, whose weights are about to be loaded."""
    import torch

    return _torch_resnet50(str(torch.get_default_device()))


@lru_cache
def _torch_resnet50(device: str) -> Any:
    from reference_impl.torch_impl.resnet import resnet50

    return resnet50(10)


def paddle_resnet50() -> Any:
    """A paddle ResNet-50 with ten classes on the lane's device, whose weights are about to be loaded."""
    import paddle

    return _paddle_resnet50(paddle.get_device())


@lru_cache
def _paddle_resnet50(device: str) -> Any:
    from reference_impl.paddle_impl.resnet import resnet50

    return resnet50(10)
