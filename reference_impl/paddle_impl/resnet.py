"""A deep network with batch normalisation: paddle.vision's ResNet-50, untrained."""

from __future__ import annotations

import paddle


def resnet50(classes: int = 1000) -> paddle.vision.models.ResNet:
    """ResNet-50 with randomly initialised weights: images [batch, 3, height, width] to logits [batch, classes]."""
    return paddle.vision.models.resnet50(pretrained=False, num_classes=classes)
