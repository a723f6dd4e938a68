"""One table that says how each layer's tensors are laid out in paddle, relative to torch.

Torch and paddle agree on most layers and differ, silently, on a few: a linear weight is transposed, running statistics
carry other names and are parameters rather than buffers. A tensor's name or shape does not tell which case it is (a
square linear copies without complaint), the kind of its layer does. So every rule is found by the class of the layer.

The portable form of a model is a dict of NumPy arrays in torch's names and layout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


class TransferError(ValueError):
    """A state that does not fit the model, or a layer that the rules do not know. Nothing was loaded."""


@dataclass(frozen=True)
class Layout:
    """How one tensor's paddle array relates to its portable (torch) array.

    `paddle_shape` maps the portable shape to paddle's; `portable_shape` maps it back and may look at the paddle layer,
    because paddle flattens some shapes. All elements stay bitwise equal: a layout only moves them.
    """

    name: str
    paddle_shape: Callable[[Shape], Shape]
    portable_shape: Callable[[Shape, Any], Shape]
    transposes: bool = False

    def to_paddle(self, array: Array) -> Array:
        """Return the portable `array` in paddle's layout (a view where that is possible)."""
        return (array.T if self.transposes else array).reshape(self.paddle_shape(array.shape))

    def to_portable(self, array: Array, shape: Shape) -> Array:
        """Return the paddle `array` in the portable layout with the given portable `shape`."""
        return (array.T if self.transposes else array).reshape(shape)


SAME = Layout("same", lambda shape: shape, lambda shape, layer: shape)
TRANSPOSED = Layout("transposed", lambda shape: shape[::-1], lambda shape, layer: shape[::-1], transposes=True)
# Torch keeps normalized_shape, paddle flattens it: (3, 4) | (12,).
FLATTENED = Layout("flattened", lambda shape: (math.prod(shape),), lambda shape, layer: tuple(layer._normalized_shape))
# Bilinear's bias: (out,) | (1, out).
ROW = Layout("row", lambda shape: (1, *shape), lambda shape, layer: shape[1:])
LAYOUTS: Mapping[str, Layout] = {layout.name: layout for layout in (SAME, TRANSPOSED, FLATTENED, ROW)}


@dataclass(frozen=True)
class TensorRule:
    """One tensor of a layer: its torch name, its paddle name (None: paddle has no counterpart) and its layout.

    A trailing `*` stands for any ending, the same on both sides (`weight_ih_l*`).
    `constant`: the value that a paddle release may keep in this tensor when the layer was built without it.
    """

    torch: str
    paddle: str | None
    layout: Layout = SAME
    constant: float | None = None

    def paddle_name(self, torch_name: str) -> str | None:
        """Return the paddle name for `torch_name`, which this rule matches."""
        return _renamed(self.torch, self.paddle, torch_name)

    def torch_name(self, paddle_name: str) -> str:
        """Return the torch name for `paddle_name`, which this rule matches."""
        assert self.paddle is not None
        return _renamed(self.paddle, self.torch, paddle_name) or ""


@dataclass(frozen=True)
class LayerRule:
    """The classes, by name, that are one kind of layer in each framework, and their tensors.

    `opaque`: the layer's sublayers hold only aliases of the layer's own tensors (paddle's recurrent layers).
    """

    torch: tuple[str, ...]
    paddle: tuple[str, ...]
    tensors: tuple[TensorRule, ...]
    opaque: bool = False

    def find(self, side: str, name: str) -> TensorRule | None:
        """Return the rule for the tensor that `side` ("torch" or "paddle") calls `name`, or None."""
        for rule in self.tensors:
            pattern = rule.torch if side == "torch" else rule.paddle
            if pattern is not None and (name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))):
                return rule
        return None


def _renamed(source: str, target: str | None, name: str) -> str | None:
    if target is None or not source.endswith("*"):
        return target
    return target.removesuffix("*") + name[len(source) - 1 :]


def _dimensions(*patterns: str) -> tuple[str, ...]:
    return tuple(pattern.format(count) for pattern in patterns for count in (1, 2, 3))


def _same(*names: str) -> tuple[TensorRule, ...]:
    return tuple(TensorRule(name, name) for name in names)


RECURRENT = _same("weight_ih_l*", "weight_hh_l*", "bias_ih_l*", "bias_hh_l*")
CELL = _same("weight_ih", "weight_hh", "bias_ih", "bias_hh")
AFFINE = (TensorRule("weight", "weight", constant=1.0), TensorRule("bias", "bias", constant=0.0))

RULES: tuple[LayerRule, ...] = (
    LayerRule(
        _dimensions("Conv{}d", "ConvTranspose{}d"), _dimensions("Conv{}D", "Conv{}DTranspose"), _same("weight", "bias")
    ),
    LayerRule(("Linear",), ("Linear",), (TensorRule("weight", "weight", TRANSPOSED), TensorRule("bias", "bias"))),
    LayerRule((), ("compat.Linear",), _same("weight", "bias")),
    LayerRule(
        (*_dimensions("BatchNorm{}d"), "SyncBatchNorm"),
        (*_dimensions("BatchNorm{}D"), "SyncBatchNorm", "BatchNorm"),
        (
            *AFFINE,
            TensorRule("running_mean", "_mean"),
            TensorRule("running_var", "_variance"),
            TensorRule("num_batches_tracked", None),
        ),
    ),
    LayerRule(
        ("LayerNorm",),
        ("LayerNorm",),
        (TensorRule("weight", "weight", FLATTENED), TensorRule("bias", "bias", FLATTENED)),
    ),
    LayerRule(("GroupNorm",), ("GroupNorm",), AFFINE),
    LayerRule(
        _dimensions("InstanceNorm{}d"),
        _dimensions("InstanceNorm{}D"),
        (TensorRule("weight", "scale"), TensorRule("bias", "bias")),
    ),
    LayerRule(("Embedding",), ("Embedding",), _same("weight")),
    LayerRule(("PReLU",), ("PReLU",), (TensorRule("weight", "_weight"),)),
    LayerRule(("Bilinear",), ("Bilinear",), (TensorRule("weight", "weight"), TensorRule("bias", "bias", ROW))),
    LayerRule(("RNN", "LSTM", "GRU"), ("SimpleRNN", "LSTM", "GRU"), RECURRENT, opaque=True),
    LayerRule(("RNNCell", "LSTMCell", "GRUCell"), ("SimpleRNNCell", "LSTMCell", "GRUCell"), CELL),
)


def index_rules(side: str, extra: Iterable[LayerRule] = ()) -> dict[str, LayerRule]:
    """Return the rules of `side` by class name; `extra` rules, for a user's own classes, as "own.<class name>"."""
    index = {name: rule for rule in RULES for name in getattr(rule, side)}
    return index | {f"own.{name}": rule for rule in extra for name in getattr(rule, side)}


def find_rule(layer_type: type, index: Mapping[str, LayerRule]) -> LayerRule | None:
    """Return the rule of the nearest base class that has one; only the framework's own classes count by bare name."""
    for base in layer_type.__mro__:
        own = index.get(f"own.{base.__name__}")
        if own is not None:
            return own
        if base.__module__.startswith("paddle.compat."):
            name = f"compat.{base.__name__}"
        elif base.__module__.startswith(("torch.nn.", "paddle.nn.")):
            name = base.__name__
        else:
            continue
        if name in index:
            return index[name]
    return None
