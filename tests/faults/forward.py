"""Faults of single layers going forward."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, Wrap, both
from tests.faults.wraps import argument, scaled

CONVOLUTION = {TORCH: "torch.nn.functional:conv2d", PADDLE: "paddle.nn.functional:conv2d"}


def swapped(padding: Any) -> Any:
    """Height and width of a hyperparameter exchanged."""
    return tuple(padding)[::-1] if isinstance(padding, list | tuple) else padding


def dropped(value: Any) -> None:
    """An argument that gets lost."""
    return None


def leaky(call: Any) -> Any:
    """A rectifier that lets a little of what is negative through."""
    return lambda x: call(x) - 0.01 * call(-x)


def _convolution(name: str, wrap: Wrap, *also_torch: str) -> list[Any]:
    return both(name, CONVOLUTION, wrap, "nn.conv2d", also_torch=also_torch)


FAULTS = (
    *_convolution("conv2d error 1e-5", scaled(1 + 1e-5), "model.cnn", "train.exact_step"),
    *_convolution("conv2d error 1e-6", scaled(1 + 1e-6)),
    *_convolution("conv2d padding swapped", argument(4, "padding", swapped)),
    *_convolution("conv2d bias dropped", argument(2, "bias", dropped), "model.cnn"),
    *_convolution("conv2d never dilated", argument(5, "dilation", lambda dilation: 1)),
)
