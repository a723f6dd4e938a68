"""Losses and penalties, by the call that a paddle user writes."""

from __future__ import annotations

from collections.abc import Iterable

import paddle
from paddle.nn import functional as F


def cross_entropy(logits: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
    """Softmax cross-entropy of logits [batch, classes] and int64 labels [batch], averaged over the batch."""
    return F.cross_entropy(logits, labels)


def mse(prediction: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """The mean of the squared differences, over all elements."""
    return F.mse_loss(prediction, target)


def l1_penalty(parameters: Iterable[paddle.Tensor], coefficient: float) -> paddle.Tensor:
    """coefficient * sum |w| over all parameters; its gradient is coefficient * sign(w), with sign(0) = 0."""
    return coefficient * sum(parameter.abs().sum() for parameter in parameters)


def l2_penalty(parameters: Iterable[paddle.Tensor], coefficient: float) -> paddle.Tensor:
    """coefficient / 2 * sum w^2 over all parameters; its gradient is coefficient * w, as weight decay's is."""
    return coefficient / 2 * sum(parameter.square().sum() for parameter in parameters)
