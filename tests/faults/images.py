"""What faults of images share: the same pixels in a Pillow image and in a tensor of either framework."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from suites.images import image_of
from tests.faults.fault import PADDLE, TORCH
from tests.faults.wraps import in_numpy

Pixels = np.ndarray


def functional(name: str) -> dict[str, str]:
    """Where each framework has a transform as a function."""
    return {
        TORCH: f"torchvision.transforms.functional:{name}",
        PADDLE: f"paddle.vision.transforms.functional:{name}",
    }


def sibling(call: Any, name: str) -> Any:
    """Another function of a call's module."""
    return getattr(sys.modules[call.__module__], name)


def on_pixels(change: Callable[[Pixels], Pixels]) -> Callable[[Any], Any]:
    """What is done to pixels [H, W] or [H, W, C], done to a Pillow image or to a tensor [C, H, W]."""

    def changed(image: Any) -> Any:
        if isinstance(image, Image.Image):
            return image_of(image.mode, np.ascontiguousarray(change(np.asarray(image))))
        return in_numpy(lambda planes: np.moveaxis(change(np.moveaxis(planes, 0, -1)), -1, 0))(image)

    return changed


def of_mode(*modes: str) -> Callable[..., bool]:
    """Whether the first argument is a Pillow image of one of these modes."""
    return lambda image, *rest, **options: getattr(image, "mode", None) in modes


def of_dtype(*dtypes: str) -> Callable[..., bool]:
    """Whether the first argument is an array of one of these dtypes."""
    return lambda image, *rest, **options: isinstance(image, np.ndarray) and image.dtype in dtypes


def converted(**modes: str) -> Callable[[Any], Any]:
    """A Pillow image of one mode turned into another; what is no such image stays."""
    return lambda image: image.convert(modes[image.mode]) if getattr(image, "mode", None) in modes else image
