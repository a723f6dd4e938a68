"""Image transforms under one set of names: paddle.vision's own, called the way paddle documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paddle.vision.transforms import CenterCrop, Compose, Normalize, RandomHorizontalFlip, ToTensor
from paddle.vision.transforms import Resize as _Resize
from paddle.vision.transforms import functional as F

__all__ = [
    "CenterCrop",
    "Compose",
    "Crop",
    "HorizontalFlip",
    "Normalize",
    "RandomHorizontalFlip",
    "Resize",
    "ToTensor",
    "VerticalFlip",
]


class Resize(_Resize):
    """Resizes to (height, width), or the shorter side to one int; ``interpolation`` by name."""

    def __init__(self, size: int | Sequence[int], interpolation: str = "bilinear") -> None:
        super().__init__(size, interpolation)


class Crop:
    """The part of ``height`` x ``width`` pixels whose first row is ``top`` and first column ``left``."""

    def __init__(self, top: int, left: int, height: int, width: int) -> None:
        self.top, self.left, self.height, self.width = top, left, height, width

    def __call__(self, image: Any) -> Any:
        return F.crop(image, self.top, self.left, self.height, self.width)


class HorizontalFlip:
    """Mirrors left and right, always."""

    def __call__(self, image: Any) -> Any:
        return F.hflip(image)


class VerticalFlip:
    """Mirrors top and bottom, always."""

    def __call__(self, image: Any) -> Any:
        return F.vflip(image)
