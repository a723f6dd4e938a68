"""How far sigmoid, tanh and their gradients stray in float32: the constants of suites/test_forward_activations.py.

    python -m benchmarks.activation_constants [SEED]

Prints, for both frameworks on the CPU, the largest error over 1.3 million arguments in units of 2**-24 times the scale
that the suite allows it on, and the argument at which it occurs.
"""

from __future__ import annotations

import sys

import numpy as np

from conformance.accuracy import TINY, U
from reference_impl.oracle import nn
from suites.test_forward_activations import OVERFLOW

Arrays = tuple[np.ndarray, np.ndarray]


def arguments(seed: int) -> Arrays:
    """Arguments of every magnitude, dense where exp over- and underflows, and upstream gradients."""
    rng = np.random.default_rng(seed)
    parts = [
        3.0 * rng.standard_normal(400_000),
        40.0 * rng.standard_normal(100_000),
        np.linspace(-20.0, 20.0, 400_001),
        np.linspace(-104.0, -80.0, 100_001),
        10.0 ** rng.uniform(-44, 2, 300_000) * rng.choice([-1.0, 1.0], 300_000),
    ]
    x = np.concatenate(parts).astype(np.float32)
    return x, (0.1 + np.abs(rng.standard_normal(x.shape))).astype(np.float32)


def torch_results(name: str, x: np.ndarray, upstream: np.ndarray) -> Arrays:
    """Value and gradient of a torch function."""
    import torch

    leaf = torch.tensor(x, requires_grad=True)
    output = getattr(torch, name)(leaf)
    (gradient,) = torch.autograd.grad(output, leaf, torch.tensor(upstream))
    return output.detach().numpy(), gradient.numpy()


def paddle_results(name: str, x: np.ndarray, upstream: np.ndarray) -> Arrays:
    """Value and gradient of a paddle function."""
    import paddle

    leaf = paddle.to_tensor(x, stop_gradient=False)
    output = getattr(paddle.nn.functional, name)(leaf)
    (gradient,) = paddle.grad([output], [leaf], [paddle.to_tensor(upstream)])
    return output.numpy(), gradient.numpy()


def worst(observed: np.ndarray, value: np.ndarray, scale: np.ndarray) -> tuple[float, int]:
    """The largest error in units, and where."""
    error = np.maximum(np.abs(observed - value) - TINY, 0.0)
    units = np.divide(error, U * np.abs(scale), out=np.zeros_like(error), where=error > 0)
    return float(units.max()), int(units.argmax())


def main() -> None:
    """Measure and print."""
    x, upstream = arguments(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    for name in ("sigmoid", "tanh"):
        kept = x >= OVERFLOW if name == "sigmoid" else np.full(x.shape, True)
        wide, factor = x[kept].astype(np.float64), upstream[kept].astype(np.float64)
        value = getattr(nn, name)(wide)
        slope = getattr(nn, f"{name}_gradient")(factor, wide)
        scale = factor * value if name == "sigmoid" else factor * (1.0 + 4.0 * np.square(value))
        for lane, results in (("torch", torch_results), ("paddle", paddle_results)):
            output, gradient = results(name, x[kept], upstream[kept])
            for quantity, found in (
                ("value", worst(output, value, value)),
                ("gradient", worst(gradient, slope, scale)),
            ):
                print(f"{name:8} {quantity:9} {lane:7} {found[0]:6.2f} units at x = {wide[found[1]]:.6g}")


if __name__ == "__main__":
    main()
