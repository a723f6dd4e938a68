"""What is said of a layer and of its call, in both frameworks' words made one."""

from __future__ import annotations

import contextlib
import functools
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np

SETTINGS: dict[str, tuple[str, ...]] = {
    "eps": ("eps", "epsilon", "_epsilon"),
    "momentum": ("momentum", "_momentum"),
    "stride": ("stride", "_stride", "strides"),
    "padding": ("padding", "_padding", "_updated_padding", "_paddings"),
    "dilation": ("dilation", "_dilation"),
    "groups": ("groups", "_groups", "num_groups", "_num_groups"),
    "kernel_size": ("kernel_size", "_kernel_size", "ksize"),
    "ceil_mode": ("ceil_mode",),
    "slope": ("negative_slope", "_negative_slope", "alpha", "_alpha"),
    "p": ("p", "_p"),
    "heads": ("num_heads",),
    "normalize_before": ("norm_first", "normalize_before"),
    "training": ("training",),
}
"""Attributes of layers that mean the same, first in torch and then in paddle."""
FACTORS = (1.0, -0.5, 4.0)
"""What the gradients are multiplied with, one after the other, before each update."""

DROPOUTS = {
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"), "p"),
    "scaled_dot_product_attention": "dropout_p",
}
"""Functions that drop elements, and their argument that says how many; not every release has every one."""


@dataclass(frozen=True)
class Step:
    """One call of a layer: its path and class, the line that called it, and its values.

    gradients: of the outputs that have one, by their places.
    """

    path: str
    kind: str
    where: str
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    gradients: dict[int, np.ndarray] = field(default_factory=dict)


def configuration(layer: Any) -> dict[str, Any]:
    """The settings of a layer that both frameworks have, as plain data; paddle's momentum is turned into torch's."""
    found: dict[str, Any] = {"kind": type(layer).__name__}
    for name, attributes in SETTINGS.items():
        value = next((getattr(layer, each) for each in attributes if getattr(layer, each, None) is not None), None)
        if value is None or callable(value):
            continue
        if name == "momentum" and type(layer).__module__.startswith("paddle."):
            value = 1.0 - value
        setting = plain(value)
        if setting is not None:
            found[name] = setting
    return found


def plain(value: Any) -> Any:
    """A setting as plain data: numbers to 12 digits, a tuple of equal numbers as one; ``None`` for what is neither."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return round(float(value), 12)
    if isinstance(value, list | tuple) and value and all(isinstance(each, int | float) for each in value):
        return float(value[0]) if len(set(value)) == 1 else [float(each) for each in value]
    return None


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of the settings that both say, and say differently."""
    return [name for name in one if None not in (one[name], other.get(name)) and one[name] != other[name]]


def flattened(value: Any) -> list[Any]:
    """The tensors of a result, whether it is one, a sequence or a dictionary of them."""
    if isinstance(value, dict):
        return [each for item in value.values() for each in flattened(item)]
    if isinstance(value, list | tuple):
        return [each for item in value for each in flattened(item)]
    return [] if value is None or isinstance(value, bool | int | float | str) else [value]


@contextlib.contextmanager
def without_dropout(functional: Any) -> Iterator[None]:
    """A framework's functions drop no element: each draws masks of its own, and a comparison needs the same."""
    with contextlib.ExitStack() as stack:
        for name, option in DROPOUTS.items():
            if hasattr(functional, name):
                never = _never(getattr(functional, name), option)
                stack.enter_context(mock.patch.object(functional, name, never))
        yield


def _never(call: Callable[..., Any], option: str) -> Callable[..., Any]:
    """A function that drops elements, made to drop none: its probability, ``option``, is 0 whatever it is given."""
    place = {"p": 1, "dropout_p": 4}[option]

    @functools.wraps(call)
    def kept(*given: Any, **options: Any) -> Any:
        if len(given) > place:
            return call(*given[:place], 0.0, *given[place + 1 :], **options)
        return call(*given, **{**options, option: 0.0})

    return kept


def caller(framework: str) -> str:
    """The line of the model that called the current layer: the nearest one that is not the framework's machinery.

    A framework's own collection of models (``paddle.vision``) is a model's code. Nothing where the run itself called.
    """
    within = False
    for frame, line in traceback.walk_stack(sys._getframe(1)):
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("conformance."):
            if within:
                return ""
        elif name.partition(".")[0] == framework and not name.startswith(f"{framework}.vision.models."):
            within = True
        else:
            return f"{frame.f_code.co_filename}:{line}"
    return ""
