"""Small networks for text in either framework. Options of the port say how it is wrong; without any it is right."""

from __future__ import annotations

import math
from typing import Any

import paddle
import paddle.nn.functional as pf
import torch
import torch.nn.functional as tf


class TorchEncoder(torch.nn.Module):
    """Embeddings with places, one layer of attention in functions, and a head; 0 is padding."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.heads = 4
        self.words, self.places = nn.Embedding(20, 16), nn.Embedding(12, 16)
        self.query, self.key, self.value, self.out = (nn.Linear(16, 16) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(16, eps=1e-12), nn.LayerNorm(16, eps=1e-12)
        self.up, self.down = nn.Linear(16, 24), nn.Linear(24, 16)
        self.head = nn.Linear(16, 3)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids) + self.places(torch.arange(ids.shape[1])[None])
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        scores = scores.masked_fill((ids == 0)[:, None, None, :], float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        mixed = (weights @ value).transpose(1, 2).reshape(x.shape)
        x = self.norm1(x + self.out(mixed))
        x = self.norm2(x + self.down(tf.gelu(self.up(x))))
        return self.head(torch.tanh(x[:, 0]))


class PaddleEncoder(paddle.nn.Layer):
    """The port, which adds a mask of large negative numbers and repeats the places for each sample."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        nn, self.wrong = paddle.nn, wrong
        self.heads = wrong.get("heads", 4)
        self.words, self.places = nn.Embedding(20, 16), nn.Embedding(12, 16)
        self.query, self.key, self.value, self.out = (nn.Linear(16, 16) for _ in range(4))
        eps = wrong.get("eps", 1e-12)
        self.norm1, self.norm2 = nn.LayerNorm(16, epsilon=1e-12), nn.LayerNorm(16, epsilon=eps)
        self.up, self.down = nn.Linear(16, 24), nn.Linear(24, 16)
        self.head = nn.Linear(16, 3)

    def split(self, x: Any) -> Any:
        if self.wrong.get("split"):
            return x.reshape([x.shape[0], self.heads, x.shape[1], -1])
        return x.reshape([x.shape[0], x.shape[1], self.heads, -1]).transpose([0, 2, 1, 3])

    def forward(self, ids: Any) -> Any:
        wrong = self.wrong
        places = paddle.arange(wrong.get("first", 0), ids.shape[1] + wrong.get("first", 0))
        x = self.words(ids) + self.places(places.unsqueeze(0).expand(ids.shape))
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        if wrong.get("swapped"):
            query, key = key, query
        size = x.shape[-1] if wrong.get("scale") else query.shape[-1]
        scores = paddle.matmul(query, key, transpose_y=True) * size**-0.5
        mask = (ids == wrong.get("padding", 0)).astype(x.dtype).unsqueeze([1, 2]) * -1e9
        if not wrong.get("no_mask"):
            scores = scores + mask
        weights = pf.softmax(scores, axis=wrong.get("axis", -1))
        mixed = paddle.matmul(weights, value)
        mixed = mixed if wrong.get("merge") else mixed.transpose([0, 2, 1, 3])
        mixed = mixed.reshape(x.shape)
        if wrong.get("no_connection"):
            x = self.norm1(self.out(mixed))
        elif wrong.get("norm_first"):
            x = x + self.norm1(self.out(mixed))
        else:
            x = self.norm1(x + self.out(mixed))
        hidden = self.up(x)
        if wrong.get("quick"):
            hidden = hidden * pf.sigmoid(1.702 * hidden)
        else:
            hidden = pf.gelu(hidden, approximate=wrong.get("approximate", False))
        x = self.norm2(x + self.down(hidden))
        x = x.mean(1) if wrong.get("mean") else x[:, wrong.get("place", 0)]
        return self.head(pf.tanh(x))


class TorchGpt(torch.nn.Module):
    """One layer with rotated places, a root mean square norm, a causal mask and a gate; the head is tied."""

    def __init__(self, theta: float = 10000.0) -> None:
        super().__init__()
        nn = torch.nn
        self.theta, self.eps = theta, 1e-6
        self.words = nn.Embedding(20, 16)
        self.scale1, self.scale2 = nn.Parameter(torch.ones(16)), nn.Parameter(torch.ones(16))
        self.projections = nn.Linear(16, 48, bias=False)
        self.out = nn.Linear(16, 16, bias=False)
        self.gate, self.up = nn.Linear(16, 24, bias=False), nn.Linear(16, 24, bias=False)
        self.down = nn.Linear(24, 16, bias=False)

    def norm(self, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return scale * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def turned(self, x: torch.Tensor) -> torch.Tensor:
        half = x.shape[-1] // 2
        rates = self.theta ** (-torch.arange(half) / half)
        angles = torch.arange(x.shape[-2])[:, None] * rates
        cosines, sines = torch.cos(angles), torch.sin(angles)
        one, other = x[..., :half], x[..., half:]
        return torch.cat([one * cosines - other * sines, other * cosines + one * sines], dim=-1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids)
        parts = self.projections(self.norm(x, self.scale1)).chunk(3, dim=-1)
        query, key, value = (each.unflatten(-1, (2, 8)).transpose(1, 2) for each in parts)
        mixed = tf.scaled_dot_product_attention(self.turned(query), self.turned(key), value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        hidden = self.norm(x, self.scale2)
        x = x + self.down(tf.silu(self.gate(hidden)) * self.up(hidden))
        return x @ self.words.weight.T


class PaddleGpt(paddle.nn.Layer):
    """The port: attention by hand, or by paddle's function, which takes the heads in another place."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        nn, self.wrong = paddle.nn, wrong
        self.theta, self.eps = wrong.get("theta", 10000.0), wrong.get("eps", 1e-6)
        self.words = nn.Embedding(20, 16)
        self.scale1, self.scale2 = self.create_parameter([16]), self.create_parameter([16])
        self.projections = nn.Linear(16, 48, bias_attr=False)
        self.out = nn.Linear(16, 16, bias_attr=False)
        self.gate, self.up = nn.Linear(16, 24, bias_attr=False), nn.Linear(16, 24, bias_attr=False)
        self.down = nn.Linear(24, 16, bias_attr=False)

    def norm(self, x: Any, scale: Any) -> Any:
        if self.wrong.get("outside"):
            return scale * x / (paddle.sqrt(paddle.mean(x * x, axis=-1, keepdim=True)) + 1e-3)
        return scale * x * paddle.rsqrt(paddle.mean(x * x, axis=-1, keepdim=True) + self.eps)

    def turned(self, x: Any) -> Any:
        half = x.shape[-1] // 2
        rates = paddle.to_tensor(self.theta, x.dtype) ** (-paddle.arange(half, dtype=x.dtype) / half)
        angles = paddle.arange(x.shape[-2], dtype=x.dtype).unsqueeze(1) * rates
        cosines, sines = paddle.cos(angles), paddle.sin(angles)
        if self.wrong.get("interleaved"):
            one, other = x[..., 0::2], x[..., 1::2]
            return paddle.stack([one * cosines - other * sines, other * cosines + one * sines], axis=-1).flatten(-2)
        one, other = x[..., :half], x[..., half:]
        if self.wrong.get("sign"):
            sines = -sines
        return paddle.concat([one * cosines - other * sines, other * cosines + one * sines], axis=-1)

    def forward(self, ids: Any) -> Any:
        wrong = self.wrong
        x = self.words(ids)
        parts = self.projections(self.norm(x, self.scale1)).chunk(3, axis=-1)
        query, key, value = (each.reshape([*each.shape[:2], 2, 8]).transpose([0, 2, 1, 3]) for each in parts)
        query, key = self.turned(query), self.turned(key)
        if wrong.get("function"):
            if wrong["function"] == "right":
                query, key, value = (each.transpose([0, 2, 1, 3]) for each in (query, key, value))
            causal = not wrong.get("not_causal")
            mixed = pf.scaled_dot_product_attention(query, key, value, is_causal=causal)
            if wrong["function"] == "right":
                mixed = mixed.transpose([0, 2, 1, 3])
        else:
            length = ids.shape[1]
            kept = paddle.tril(paddle.ones([length, length], "bool"), wrong.get("diagonal", 0))
            scores = paddle.matmul(query, key, transpose_y=True) / math.sqrt(8)
            scores = paddle.where(kept, scores, paddle.full_like(scores, -1e30))
            mixed = paddle.matmul(pf.softmax(scores), value)
        x = x + self.out(mixed.transpose([0, 2, 1, 3]).flatten(2))
        hidden = self.norm(x, self.scale2)
        gate, up = self.gate(hidden), self.up(hidden)
        if wrong.get("gate"):
            gate, up = up, gate
        x = x + self.down(getattr(pf, wrong.get("act", "silu"))(gate) * up)
        logits = paddle.matmul(x, self.words.weight, transpose_y=True)
        return logits * 16**-0.5 if wrong.get("scaled") else logits


class TorchTagger(torch.nn.Module):
    """Two recurrent layers over embeddings."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.words = nn.Embedding(20, 6)
        self.first = nn.GRU(6, 5, batch_first=True, bidirectional=True)
        self.second = nn.RNN(10, 4, batch_first=True, nonlinearity="tanh")
        self.head = nn.Linear(4, 3)

    def forward(self, ids: torch.Tensor) -> Any:
        x, _ = self.first(self.words(ids))
        x, last = self.second(x)
        return self.head(x), last


class PaddleTagger(paddle.nn.Layer):
    """The port."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        nn, self.wrong = paddle.nn, wrong
        self.words = nn.Embedding(20, 6, padding_idx=wrong.get("padding_idx"))
        self.first = nn.GRU(6, 5, direction="bidirect", time_major=wrong.get("time_major", False))
        self.second = nn.SimpleRNN(10, 4, activation=wrong.get("activation", "tanh"))
        self.head = nn.Linear(4, 3)

    def forward(self, ids: Any) -> Any:
        x = self.words(ids)
        x, _ = self.first(x)
        if self.wrong.get("flipped"):
            x = x.flip(1)
        x, last = self.second(x)
        if self.wrong.get("dropout"):
            x = pf.dropout(x, 0.2, self.training)
        return self.head(x), last


class TorchReader(torch.nn.Module):
    """Words that are padded, and attention whose weights torch's layer gives too, and paddle's does not."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.words = nn.Embedding(6, 8, padding_idx=0)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)

    def forward(self, ids: torch.Tensor) -> Any:
        x = self.words(ids)
        y, _ = self.attention(x, x, x)
        return self.norm(x + y)


class PaddleReader(paddle.nn.Layer):
    """The port."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        nn = paddle.nn
        self.words = nn.Embedding(6, 8, padding_idx=wrong.get("padding_idx", 0))
        self.attention = nn.MultiHeadAttention(8, 2)
        self.norm = nn.LayerNorm(8)

    def forward(self, ids: Any) -> Any:
        x = self.words(ids)
        return self.norm(x + self.attention(x, x, x))
