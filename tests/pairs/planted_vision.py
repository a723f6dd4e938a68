"""Small networks for images in either framework. Options of the port say how it is wrong; without any it is right."""

from __future__ import annotations

from typing import Any

import paddle
import paddle.nn.functional as pf
import torch
import torch.nn.functional as tf


class TorchCnn(torch.nn.Module):
    """Convolutions with batch and group norm, pools, an average over what is left, and a head."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(8)
        self.act = nn.LeakyReLU(0.1)
        self.pool = nn.AvgPool2d(3, 2, 1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.norm2 = nn.GroupNorm(4, 8)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(8 * 3 * 3, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.act(self.norm1(self.conv1(x))))
        x = tf.pad(x, (1, 1, 1, 1), mode="reflect")
        x = tf.hardswish(self.norm2(self.conv2(x)))
        x = tf.max_pool2d(x, 3, stride=2)
        x = tf.adaptive_avg_pool2d(x, 3)
        x = x.flatten(1)
        return self.head(self.drop(x))


class PaddleCnn(paddle.nn.Layer):
    """The port, in which dropout is an attribute that is never called, and Identity stands at its place."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        nn, self.wrong = paddle.nn, wrong
        how = {"padding": 2, "dilation": 2} if "dilation" in wrong else {"padding": 1}
        self.conv1 = nn.Conv2D(3, 8, 3, bias_attr=False, padding_mode=wrong.get("padding_mode", "zeros"), **how)
        self.norm1 = nn.BatchNorm2D(8, epsilon=wrong.get("eps", 1e-5), momentum=wrong.get("momentum", 0.9))
        self.norm1._use_global_stats = wrong.get("global")
        self.act = nn.LeakyReLU(wrong.get("slope", 0.1)) if "act" not in wrong else getattr(nn, wrong["act"])()
        exclusive, ceil = wrong.get("exclusive", False), wrong.get("ceil", False)
        self.pool = nn.AvgPool2D(3, 2, 1, exclusive=exclusive, ceil_mode=ceil)
        self.conv2 = nn.Conv2D(8, 8, 3, padding=1)
        self.norm2 = nn.GroupNorm(wrong.get("groups", 4), 8, epsilon=wrong.get("group_eps", 1e-5))
        self.drop = nn.Identity()
        self.head = nn.Linear(8 * 3 * 3, 5)

    def forward(self, x: Any) -> Any:
        wrong = self.wrong
        x = self.pool(self.act(self.norm1(self.conv1(x))))
        x = pf.pad(x, [1, 1, 1, 1], mode=wrong.get("mode", "reflect"))
        x = getattr(pf, wrong.get("function", "hardswish"))(self.norm2(self.conv2(x)))
        x = getattr(pf, wrong.get("pool", "max_pool2d"))(x, 3, stride=2)
        x = pf.adaptive_avg_pool2d(x, 3)
        if wrong.get("half"):
            x = x.astype("bfloat16").astype(x.dtype)
        if wrong.get("flatten"):
            x = x.transpose([0, 2, 3, 1])
        x = x.flatten(1)
        if wrong.get("scaled"):
            x = x * 0.5
        return self.head(self.drop(x))


class TorchUnet(torch.nn.Module):
    """Down, up with a connection past the middle, and a mask for each pixel."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.down = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.InstanceNorm2d(6, affine=True), nn.ELU())
        self.middle = nn.Conv2d(6, 6, 3, padding=1)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.transposed = nn.ConvTranspose2d(12, 4, 3, stride=2, padding=1, output_padding=1)
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, x: torch.Tensor) -> Any:
        first = self.down(x)
        x = tf.relu(self.middle(tf.max_pool2d(first, 2)))
        x = torch.cat([self.up(x), first], dim=1)
        x = torch.sigmoid(self.transposed(x))
        x = tf.interpolate(x, scale_factor=2, mode="nearest")
        return {"mask": self.last(x), "features": [first]}


class PaddleUnet(paddle.nn.Layer):
    """The port, whose first layers are attributes, and whose inner images have their channels last."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        nn, self.wrong = paddle.nn, wrong
        self.conv = nn.Conv2D(3, 6, 3, padding=1)
        self.norm = nn.InstanceNorm2D(6, epsilon=wrong.get("eps", 1e-5))
        self.act = nn.ELU(wrong.get("alpha", 1.0))
        self.middle = nn.Conv2D(6, 6, 3, padding=1, data_format="NHWC")
        corners, mode = wrong.get("corners", False), wrong.get("mode", "bilinear")
        self.up = nn.Upsample(scale_factor=2, mode=mode, align_corners=corners)
        self.transposed = nn.Conv2DTranspose(12, 4, 3, stride=2, padding=1, output_padding=1)
        self.last = nn.Conv2D(4, 2, 1)

    def forward(self, x: Any) -> Any:
        wrong = self.wrong
        first = self.act(self.norm(self.conv(x)))
        x = pf.max_pool2d(first, 2).transpose([0, 2, 3, 1])
        x = pf.relu(self.middle(x))
        x = x.transpose([0, 3, 2, 1] if wrong.get("transposed") else [0, 3, 1, 2])
        both = [first, self.up(x)] if wrong.get("order") else [self.up(x), first]
        x = paddle.concat(both, axis=1)
        x = self.transposed(x)
        if not wrong.get("no_sigmoid"):
            x = pf.sigmoid(x)
        x = pf.interpolate(x, scale_factor=2, mode=wrong.get("last_mode", "nearest"))
        return {"mask": self.last(x), "features": [first]}


class TorchMixer(torch.nn.Module):
    """Two layers over the places and two over the channels, each after a norm and around a connection."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.norm1, self.norm2 = nn.LayerNorm(8, eps=1e-6), nn.LayerNorm(8, eps=1e-6)
        self.tokens = nn.Sequential(nn.Linear(6, 10), nn.GELU(), nn.Linear(10, 6))
        self.channels = nn.Sequential(nn.Linear(8, 10), nn.GELU(), nn.Linear(10, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.norm2(x))
        return self.head(x.mean(1))


class PaddleMixer(paddle.nn.Layer):
    """The port."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        nn, self.wrong = paddle.nn, wrong
        self.norm1 = nn.LayerNorm(8, epsilon=wrong.get("eps", 1e-6))
        self.norm2 = nn.LayerNorm(8, epsilon=wrong.get("second_eps", 1e-6))
        self.tokens = nn.Sequential(nn.Linear(6, 10), nn.GELU(wrong.get("approximate", False)), nn.Linear(10, 6))
        act = getattr(nn, wrong.get("act", "GELU"))()
        self.channels = nn.Sequential(nn.Linear(8, 10), act, nn.Linear(10, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        wrong = self.wrong
        mixed = self.tokens(self.norm1(x).transpose([0, 2, 1])).transpose([0, 2, 1])
        x = mixed if wrong.get("no_connection") else x + mixed
        x = x + self.channels(self.norm2(x))
        if wrong.get("extra"):
            x = pf.relu(x)
        x = x.max(1) if wrong.get("max") else x.mean(1)
        return self.head(x)


class PaddleWritten(PaddleMixer):
    """A port that writes into a window on a tensor, or stops a gradient."""

    def forward(self, x: Any) -> Any:
        hidden = x + self.tokens(self.norm1(x).transpose([0, 2, 1])).transpose([0, 2, 1])
        if self.wrong.get("view"):
            hidden = hidden * 1.0
            hidden[0].scale_(3.0)
        else:
            hidden = paddle.concat([hidden[:1] * 3.0, hidden[1:]])
        normed = self.norm2(hidden)
        if self.wrong.get("detach"):
            normed = normed.detach()
        hidden = hidden + self.channels(normed)
        return self.head(hidden.mean(1))


class TorchWritten(TorchMixer):
    """What is ported."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        hidden = hidden * 1.0
        hidden[0].mul_(3.0)
        hidden = hidden + self.channels(self.norm2(hidden))
        return self.head(hidden.mean(1))
