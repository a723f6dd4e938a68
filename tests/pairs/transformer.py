"""A pair file: a transformer that reads tokens, whose last layer is its embedding (tied weights)."""

from __future__ import annotations

from typing import Any

import paddle
import torch


class TorchTagger(torch.nn.Module):
    """Torch keeps the three projections of attention in one tensor, and ties by giving two layers one parameter."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.embedding = nn.Embedding(11, 8)
        self.positions = nn.Parameter(torch.randn(6, 8) / 4)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)
        self.norm = nn.LayerNorm(16)
        self.down = nn.Linear(16, 8)
        self.out = nn.Linear(8, 11, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.encoder(self.embedding(tokens) + self.positions)
        x, _ = self.lstm(x)
        x = self.down(self.norm(x))
        return self.out(x), x


class PaddleTagger(paddle.nn.Layer):
    """Paddle has a layer for each projection, and ties by using the embedding's weight again."""

    def __init__(self) -> None:
        super().__init__()
        nn = paddle.nn
        self.norm = nn.LayerNorm(16)
        self.words = nn.Embedding(11, 8)
        self.positions = self.create_parameter([6, 8])
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1), 2)
        self.lstm = nn.LSTM(8, 8, direction="bidirect")
        self.project = nn.Linear(16, 8)

    def forward(self, tokens: Any) -> Any:
        x = self.encoder(self.words(tokens) + self.positions)
        x, _ = self.lstm(x)
        x = self.project(self.norm(x))
        return paddle.matmul(x, self.words.weight, transpose_y=True), x


torch_model, paddle_model = TorchTagger, PaddleTagger
inputs = {"shape": ("batch", 6), "dtype": "int64", "high": 11}
