"""Images with the channels last in memory: calls give the values of images with them first, and keep the format.

Paddle has no memory formats: where torch has an image with the channels last in memory, paddle has one whose last axis
they are, and is told so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.accuracy import U
from conformance.strategies import generator, integers, seeds
from reference_impl.oracle import nn
from suites.images import ON_CPU

AREA = "memory formats"


def _halves(x: np.ndarray) -> np.ndarray:
    """The four pixels of each window of two rows and two columns, along one more axis."""
    return np.stack([x[..., row::2, column::2] for row in (0, 1) for column in (0, 1)], -1)


CALLS: dict[str, Callable[..., np.ndarray]] = {
    "conv2d": lambda x, weight, signs: nn.conv2d(x, weight, None),
    "max_pool2d": lambda x, weight, signs: _halves(x).max(-1),
    "avg_pool2d": lambda x, weight, signs: _halves(x).mean(-1),
    "adaptive_avg_pool2d": lambda x, weight, signs: _halves(x).mean(-1),
    "batch_norm": lambda x, weight, signs: signs / 2,
    "interpolate": lambda x, weight, signs: x.repeat(2, 2).repeat(2, 3),
    "relu": lambda x, weight, signs: np.maximum(x, 0.0),
    "leaky_relu": lambda x, weight, signs: np.where(x > 0, x, x / 2),
    "hardtanh": lambda x, weight, signs: x.clip(-1.0, 1.0),
    "add": lambda x, weight, signs: x + x,
    "cat": lambda x, weight, signs: np.concatenate([x, x], 1),
}
"""What is called, and what it gives."""
EPS = 3.0
"""Beside the variance of signs, which is 1, it makes a standard deviation of 2."""


@st.composite
def images(draw: st.DrawFn) -> list[Sample]:
    """Images and kernels, each in either format; no axis has one element, of which the format would not be seen."""
    rng = generator(draw(seeds))
    count, channels = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    rows, columns = draw(st.integers(4, 5)), draw(st.integers(4, 5))  # more than channels, so that axes differ
    shape = (count, channels, 2 * rows, 2 * columns)
    half = np.ones((channels, count * rows * columns * 2))
    signs = rng.permuted(np.concatenate([half, -half], 1), axis=1).reshape(channels, count, *shape[2:])
    inputs = {
        "x": integers(rng, shape, 9, "float32"),
        "weight": integers(rng, (draw(st.integers(2, 3)), channels, 2, 2), 4, "float32"),
        "signs": np.ascontiguousarray(np.moveaxis(signs, 1, 0), np.float32),
    }
    return [
        Sample({**inputs, "last": last, "weight_last": kernel})
        for last, kernel in ((False, False), (True, True), (True, False), (False, True))
    ]


@contract(
    "memory.images",
    area=AREA,
    samples=images(),
    tensors=False,
    share=0.25,
    # A lane that lays images out by itself takes those alone whose channels come first.
    may_be_zero=tuple(f"{name}.last" for name in CALLS),
    unsupported=ON_CPU,
)
class images_in_formats:
    """An image with the channels last gives the values of one with the channels first, and a result with them last."""

    note = "Where torch keeps the order of memory, paddle is told the order of the axes."

    @staticmethod
    def torch(x, weight, signs, last, weight_last):
        import torch

        f = torch.nn.functional
        laid = {True: torch.channels_last, False: torch.contiguous_format}
        x, signs = (torch.from_numpy(each).to(memory_format=laid[last]) for each in (x, signs))
        kernel = torch.from_numpy(weight).to(memory_format=laid[weight_last])
        found = {
            "conv2d": f.conv2d(x, kernel),
            "max_pool2d": f.max_pool2d(x, 2),
            "avg_pool2d": f.avg_pool2d(x, 2),
            "adaptive_avg_pool2d": f.adaptive_avg_pool2d(x, [each // 2 for each in x.shape[2:]]),
            "batch_norm": f.batch_norm(signs, None, None, training=True, eps=EPS),
            "interpolate": f.interpolate(x, scale_factor=2),
            "relu": f.relu(x),
            "leaky_relu": f.leaky_relu(x, 0.5),
            "hardtanh": f.hardtanh(x),
            "add": x + x,
            "cat": torch.cat([x, x], 1),
        }
        return {
            **found,
            **{f"{name}.last": each.is_contiguous(memory_format=laid[True]) for name, each in found.items()},
            **{f"{name}.first": each.is_contiguous() for name, each in found.items()},
        }

    @staticmethod
    def paddle(x, weight, signs, last, weight_last):
        import paddle

        f = paddle.nn.functional
        last_axes, first_axes = [0, 2, 3, 1], [0, 3, 1, 2]
        told = {"data_format": "NHWC" if last else "NCHW"}
        x, signs, weight = (paddle.to_tensor(each) for each in (x, signs, weight))
        kernel_told = last or weight_last
        channels, half = x.shape[1], [each // 2 for each in x.shape[2:]]
        image = x.transpose(last_axes) if kernel_told else x
        x, signs = (each.transpose(last_axes) if last else each for each in (x, signs))
        zeros = paddle.zeros([channels])
        found = {
            "conv2d": f.conv2d(image, weight, data_format="NHWC" if kernel_told else "NCHW"),
            "max_pool2d": f.max_pool2d(x, 2, **told),
            "avg_pool2d": f.avg_pool2d(x, 2, **told),
            "adaptive_avg_pool2d": f.adaptive_avg_pool2d(x, half, **told),
            "batch_norm": f.batch_norm(signs, zeros, zeros + 1, training=True, epsilon=EPS, **told),
            "interpolate": f.interpolate(x, scale_factor=2, **told),
            "relu": f.relu(x),
            "leaky_relu": f.leaky_relu(x, 0.5),
            "hardtanh": f.hardtanh(x),
            "add": x + x,
            "cat": paddle.concat([x, x], 3 if last else 1),
        }
        outer = {"conv2d": weight.shape[0], "cat": 2 * channels}
        lies = {name: each.shape[-1] == outer.get(name, channels) for name, each in found.items()}
        moved = {name: last or (name == "conv2d" and weight_last) for name in found}
        return {
            **{name: each.transpose(first_axes) if moved[name] else each for name, each in found.items()},
            **{f"{name}.last": lies[name] for name in found},
            **{f"{name}.first": found[name].shape[1] == outer.get(name, channels) for name in found},
        }

    @staticmethod
    def oracle(x, weight, signs, last, weight_last) -> dict[str, Any]:
        wide = {"x": x.astype(np.float64), "weight": weight.astype(np.float64), "signs": signs.astype(np.float64)}
        found: dict[str, Any] = {}
        for name, value in CALLS.items():
            moved = last or (name == "conv2d" and weight_last)
            found |= {name: value(**wide), f"{name}.last": np.array(moved), f"{name}.first": np.array(not moved)}
        # Mean and variance of n signs are off by n U at most, and the deviation of 2 by as much; three roundings more.
        number = signs.size / signs.shape[1]
        found["batch_norm"] = Acceptance(found["batch_norm"], (2 * number + 3) * U)
        return found
