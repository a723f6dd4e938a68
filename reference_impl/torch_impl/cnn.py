"""The small CNN of the tutorials: two convolutions, two linear layers, with ReLU or purely linear."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class SimpleCNN(nn.Module):
    """Classifier of images [batch, 3, 32, 32] into logits [batch, classes].

    ``relu=False`` drops every ReLU, which leaves max pooling as the only non-linearity. ``dropout`` is the
    probability that a feature before the last layer is dropped in training.
    """

    def __init__(self, relu: bool = True, dropout: float = 0.0, classes: int = 10) -> None:
        super().__init__()
        self.relu = relu
        self.conv1 = nn.Conv2d(3, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(64 * 6 * 6, 128)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(128, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activations(x)["logits"]

    def activations(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The output of every layer, in order; conv1, conv2 and fc1 are taken before their ReLU."""
        seen = {}
        x = seen["conv1"] = self.conv1(x)
        x = seen["pool1"] = F.max_pool2d(self._activate(x), 2)
        x = seen["conv2"] = self.conv2(x)
        x = seen["pool2"] = F.max_pool2d(self._activate(x), 2)
        x = seen["fc1"] = self.fc1(torch.flatten(x, 1))
        seen["logits"] = self.fc2(self.dropout(self._activate(x)))
        return seen

    def _activate(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x) if self.relu else x
