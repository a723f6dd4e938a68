"""Faults between an image file and a tensor."""

from __future__ import annotations

from tests.faults.fault import PADDLE, TORCH, both
from tests.faults.wraps import scaled

TO_TENSOR = {
    TORCH: "torchvision.transforms.functional:to_tensor",
    PADDLE: "paddle.vision.transforms.functional:to_tensor",
}

FAULTS = (*both("ToTensor without /255", TO_TENSOR, scaled(255), "vision.to_tensor"),)
