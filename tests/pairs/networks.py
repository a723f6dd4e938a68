"""A small CNN in either framework, with a switch for each thing that a port may get wrong."""

from __future__ import annotations

from typing import Any

import paddle
import torch


class TorchNet(torch.nn.Module):
    """The original: convolution, batch norm, pool, a square matrix of its own, dropout, and two classes of layers."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3)
        self.first = nn.Linear(8 * 3 * 3, 16)
        self.matrix = nn.Parameter(torch.randn(16, 16) / 4)
        self.second = nn.Linear(16, 16)
        self.third = nn.Linear(16, 16)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pool = torch.nn.functional.max_pool2d
        x = pool(torch.relu(self.norm(self.conv1(x))), 2)
        x = pool(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.first(x.flatten(1)))
        x = torch.relu(x @ self.matrix)
        x = torch.relu(self.third(torch.relu(self.second(x))))
        return self.head(self.drop(x))


class PaddleNet(paddle.nn.Layer):
    """The port. wrong: what is wrong with it."""

    def __init__(self, wrong: str = "") -> None:
        super().__init__()
        nn = paddle.nn
        self.wrong = wrong
        self.conv1 = nn.Conv2D(3, 8, 3, padding=1)
        epsilon = 1e-3 if wrong == "eps" else 1e-5
        self.norm = nn.BatchNorm2D(8, epsilon=epsilon, momentum=0.8 if wrong == "momentum" else 0.9)
        self.conv2 = nn.Conv2D(8, 8, 3)
        self.first = nn.Linear(8 * 3 * 3, 16)
        self.matrix = self.create_parameter([16, 16])
        if wrong == "order":  # defined in another order, and run in the same
            self.third = nn.Linear(16, 16)
            self.second = nn.Linear(16, 16)
        else:
            self.second = nn.Linear(16, 16)
            self.third = nn.Linear(16, 16)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(16, 5)
        if wrong == "frozen":
            self.conv2.weight.stop_gradient = True

    def forward(self, x: Any) -> Any:
        f, wrong = paddle.nn.functional, self.wrong
        activation = f.leaky_relu if wrong == "leaky" else f.relu
        pool = f.avg_pool2d if wrong == "average" else f.max_pool2d
        x = f.max_pool2d(f.relu(self.norm(self.conv1(x))), 2)
        x = pool(activation(self.conv2(x)), 2)
        x = f.relu(self.first(x.flatten(1)))
        x = f.relu(x @ (self.matrix.t() if wrong == "transposed" else self.matrix))
        x = f.relu(self.third(f.relu(self.second(x))))
        x = self.head(f.dropout(x, 0.5) if wrong == "dropout" else self.drop(x))
        if wrong == "nan":
            x = x / paddle.zeros_like(x) * 0
        return x[:, [1, 0, 2, 3, 4]] if wrong == "permuted" else x
