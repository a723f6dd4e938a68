"""A deep network with batch normalisation: torchvision's ResNet-50, untrained."""

from __future__ import annotations

import torchvision


def resnet50(classes: int = 1000) -> torchvision.models.ResNet:
    """ResNet-50 with randomly initialised weights: images [batch, 3, height, width] to logits [batch, classes]."""
    return torchvision.models.resnet50(weights=None, num_classes=classes)
