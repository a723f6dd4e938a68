"""The architectures that torchvision and paddle.vision both have, each as a pair of one torch and one paddle model.

A pair file of one of them is one line long: ``from tests.pairs.zoo import pair; globals().update(pair("resnet18"))``.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

CLASSES = 5
WIDE, NARROW = 4096, 64
BATCHES = (2, 3)


@dataclass(frozen=True)
class Architecture:
    """One architecture in both collections.

    size: of the square pictures, small, but such that each channel has several values at the last batch norm.
    torch, paddle: options that make both the same network, as far as there are any. paddle_name: where it is another.
    narrow: whether linear layers have NARROW features for WIDE in both: else two matrices hold nine tenths of all
    weights, and a check takes minutes.
    """

    name: str
    size: int = 64
    torch: Mapping[str, Any] = field(default_factory=dict)
    paddle: Mapping[str, Any] = field(default_factory=dict)
    paddle_name: str = ""
    narrow: bool = False


_RESNETS = (
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    *("resnext50_32x4d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
)
ZOO = {
    each.name: each
    for each in (
        Architecture("alexnet", 224, narrow=True),  # paddle's first linear layer takes the features of nothing smaller
        *(Architecture(f"vgg{depth}", 32, narrow=True) for depth in (11, 13, 16, 19)),
        *(
            Architecture(f"vgg{depth}_bn", 32, {}, {"batch_norm": True}, f"vgg{depth}", True)
            for depth in (11, 13, 16, 19)
        ),
        *(Architecture(name) for name in _RESNETS),
        *(Architecture(f"densenet{depth}") for depth in (121, 161, 169, 201)),
        *(Architecture(f"squeezenet{version}") for version in ("1_0", "1_1")),
        Architecture("googlenet", 224, {"init_weights": False}),
        Architecture("inception_v3", 107, {"init_weights": False, "aux_logits": False}),
        *(Architecture(f"shufflenet_v2_x{scale}") for scale in ("0_5", "1_0", "1_5", "2_0")),
        Architecture("mobilenet_v2"),
        *(Architecture(f"mobilenet_v3_{size}") for size in ("small", "large")),
    )
}


def pair(name: str, corrected: bool = False) -> dict[str, Any]:
    """What a pair file says of one architecture. corrected: with the differences of :data:`CORRECTIONS` taken away."""
    import paddle
    import torchvision

    one = ZOO[name]
    torch_model: Callable[[], Any] = functools.partial(
        getattr(torchvision.models, name), num_classes=CLASSES, **one.torch
    )
    paddle_model: Callable[[], Any] = functools.partial(
        getattr(paddle.vision.models, one.paddle_name or name), num_classes=CLASSES, **one.paddle
    )
    if one.narrow:
        torch_model, paddle_model = _narrow(torch_model, "torch.nn"), _narrow(paddle_model, "paddle.nn")
    if corrected:
        torch_model, paddle_model = CORRECTIONS[name](torch_model, paddle_model)
    return {
        "torch_model": torch_model,
        "paddle_model": paddle_model,
        "inputs": ("batch", 3, one.size, one.size),
        "batch_sizes": BATCHES,
    }


def _narrow(make: Callable[[], Any], module: str) -> Callable[[], Any]:
    """A factory whose linear layers, of this module's class, have NARROW features where they would have WIDE."""
    linear = importlib.import_module(module).Linear
    plain = linear.__init__

    def narrow(layer: Any, in_features: int, out_features: int, **options: Any) -> None:
        plain(layer, *(NARROW if each == WIDE else each for each in (in_features, out_features)), **options)

    def made() -> Any:
        with mock.patch.object(linear, "__init__", narrow):
            return make()

    return made


def shared() -> tuple[list[str], list[str], list[str]]:
    """Names of functions that make classifiers: in both collections, in torchvision only, in paddle.vision only."""
    import inspect

    import paddle
    import torchvision

    ours = set(torchvision.models.list_models(module=torchvision.models))
    collection = paddle.vision.models
    theirs = {name for name in dir(collection) if inspect.isfunction(getattr(collection, name))}
    return sorted(ours & theirs), sorted(ours - theirs), sorted(theirs - ours)


Factories = tuple[Callable[[], Any], Callable[[], Any]]


def _changed(change: Callable[[Any], None]) -> Callable[[Any, Any], Factories]:
    """The paddle model, changed after it was made."""

    def correct(torch_model: Callable[[], Any], paddle_model: Callable[[], Any]) -> Factories:
        def make() -> Any:
            model = paddle_model()
            change(model)
            return model

        return torch_model, make

    return correct


def _dropouts(model: Any) -> None:
    """Dropout as torch's, which changes nothing in evaluation mode."""
    for layer in model.sublayers():
        if type(layer).__name__ == "Dropout":
            layer.mode = "upscale_in_train"


def _squeezenet(model: Any) -> None:
    import paddle

    _dropouts(model)
    model._pool = paddle.nn.MaxPool2D(3, 2, ceil_mode=True)
    if model.version == "1.1":
        model._conv = paddle.nn.Conv2D(3, 64, 3, stride=2)


def _inception(model: Any) -> None:
    _dropouts(model)
    for layer in model.sublayers():
        if hasattr(layer, "_epsilon"):
            layer._epsilon = 1e-3


def _narrower(torch_model: Any, paddle_model: Any) -> Factories:
    """The torch model with the 224 channels of paddle's second stage."""
    import torchvision

    def make() -> Any:
        return torchvision.models.ShuffleNetV2([4, 8, 4], [24, 224, 488, 976, 2048], CLASSES)

    return make, paddle_model


CORRECTIONS: dict[str, Callable[[Any, Any], Factories]] = {
    "alexnet": _changed(_dropouts),
    "squeezenet1_0": _changed(_squeezenet),
    "squeezenet1_1": _changed(_squeezenet),
    "inception_v3": _changed(_inception),
    "shufflenet_v2_x2_0": _narrower,
}
"""What makes two networks one, for those that are known to differ; where they agree then, nothing else differs."""
