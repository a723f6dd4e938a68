"""A pair file: the SimpleCNN of both reference implementations, with its loss and SGD."""

from __future__ import annotations

from typing import Any

import paddle
import torch

from reference_impl.paddle_impl.cnn import SimpleCNN as PaddleCNN
from reference_impl.torch_impl.cnn import SimpleCNN as TorchCNN


def torch_optimizer(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, 0.1)


def paddle_optimizer(parameters: Any) -> paddle.optimizer.Optimizer:
    return paddle.optimizer.SGD(0.1, parameters)


torch_model, paddle_model = TorchCNN, PaddleCNN
inputs = ("batch", 3, 32, 32)
targets = {"shape": ("batch",), "dtype": "int64", "high": 10}
loss = "cross_entropy"
batch_sizes = (4, 3, 2)
