"""next-step-float32-betas: paddle >=2.6.2, <3.4 against checkpoint.next_step

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: The CNN's training step after a checkpoint of either framework is the step of the run that was saved.
Instead: As train-step-float32-betas, after a checkpoint.
Upstream: https://github.com/PaddlePaddle/Paddle/issues/58378 (of the powers of beta; closed as not a bug).

Expected: the values of a reference computed in NumPy float64, here for state.fc2.bias.v, state.fc1.bias.v
alone, as all of them would be too large, within the error allowed.
Needs ml_dtypes, numpy, paddle, safetensors. Prints got, expected, error and allowed by quantity; exits 1 on
divergence, 0 on agreement.
"""

from __future__ import annotations

import errno
import io
import json
import math
import pickle
import pickletools
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import lru_cache
from functools import partial
from os import fspath
from pathlib import Path
from typing import NamedTuple
import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F


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

    def to_paddle(self, array):
        """Return the portable `array` in paddle's layout (a view where that is possible)."""
        return (array.T if self.transposes else array).reshape(self.paddle_shape(array.shape))

    def to_portable(self, array, shape):
        """Return the paddle `array` in the portable layout with the given portable `shape`."""
        return (array.T if self.transposes else array).reshape(shape)


SAME = Layout("same", lambda shape: shape, lambda shape, layer: shape)


TRANSPOSED = Layout("transposed", lambda shape: shape[::-1], lambda shape, layer: shape[::-1], transposes=True)


FLATTENED = Layout("flattened", lambda shape: (math.prod(shape),), lambda shape, layer: tuple(layer._normalized_shape))


ROW = Layout("row", lambda shape: (1, *shape), lambda shape, layer: shape[1:])


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

    def paddle_name(self, torch_name):
        """Return the paddle name for `torch_name`, which this rule matches."""
        return _renamed(self.torch, self.paddle, torch_name)

    def torch_name(self, paddle_name):
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

    def find(self, side, name):
        """Return the rule for the tensor that `side` ("torch" or "paddle") calls `name`, or None."""
        for rule in self.tensors:
            pattern = rule.torch if side == "torch" else rule.paddle
            if pattern is not None and (name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))):
                return rule
        return None


def _renamed(source, target, name):
    if target is None or not source.endswith("*"):
        return target
    return target.removesuffix("*") + name[len(source) - 1 :]


def _dimensions(*patterns):
    return tuple(pattern.format(count) for pattern in patterns for count in (1, 2, 3))


def _same(*names):
    return tuple(TensorRule(name, name) for name in names)


RECURRENT = _same("weight_ih_l*", "weight_hh_l*", "bias_ih_l*", "bias_hh_l*")


CELL = _same("weight_ih", "weight_hh", "bias_ih", "bias_hh")


AFFINE = (TensorRule("weight", "weight", constant=1.0), TensorRule("bias", "bias", constant=0.0))


RULES = (
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


def index_rules(side, extra=()):
    """Return the rules of `side` by class name; `extra` rules, for a user's own classes, as "own.<class name>"."""
    index = {name: rule for rule in RULES for name in getattr(rule, side)}
    return index | {f"own.{name}": rule for rule in extra for name in getattr(rule, side)}


def find_rule(layer_type, index):
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


@dataclass(frozen=True, slots=True)
class Place:
    """One tensor of a model.

    `key`, `shape` and `dtype` are those of the portable array. `paddle` is the tensor's key in a paddle state dict
    (None: paddle has no counterpart), `aliases` are further keys under which such a dict lists the same tensor.
    `optional`: loading may do without it, the tensor is then set to zero (torch's batch counter).
    """

    key: str
    paddle: str | None
    layout: Layout
    shape: Shape
    dtype: np.dtype[Any]
    aliases: tuple[str, ...] = ()
    optional: bool = False


def side_of(model):
    """Return "torch" or "paddle", whichever framework `model` belongs to, without importing either."""
    for base in type(model).__mro__:
        if base.__module__.startswith("torch.nn.") and base.__name__ == "Module":
            return "torch"
        if base.__module__.startswith("paddle.nn.") and base.__name__ == "Layer":
            return "paddle"
    raise TransferError(f"a {type(model).__name__} is neither a torch.nn.Module nor a paddle.nn.Layer; pass a model")


def places(model, rules=()):
    """Return the places of all tensors of a torch or paddle `model` by portable key.

    `rules` adds layer rules for the user's own classes. Raises TransferError for a layer without a rule, for tied
    weights and for a dtype that NumPy does not have.
    """
    return {place.key: place for place, _ in walk(model, side_of(model), rules)}


def walk(model, side, rules=()):
    """Return every (place, tensor) of `model`, each tensor exactly once, in the order of definition."""
    index = index_rules(side, rules)
    found = []
    owners = {}
    for path, layer in _layers(model, side, index):
        rule = find_rule(type(layer), index)
        for name, tensor in _own_tensors(layer, side):
            place = places_place(path, layer, name, tensor, rule, side)
            if place is None:
                continue
            owner = owners.setdefault(id(tensor), place.key)
            if owner != place.key:
                raise TransferError(
                    f"{owner} and {place.key} are one tensor (tied weights), and a tie cannot be carried to the other "
                    "framework; give each layer its own tensor, or tie them again after the transfer"
                )
            found.append((place, tensor))
        if rule is not None and rule.opaque:
            _require_aliases(path, layer, side, owners)
    return found


def _layers(layer, side, index, path=""):
    yield path, layer
    rule = find_rule(type(layer), index)
    if rule is not None and rule.opaque:
        return
    children = layer._modules if side == "torch" else layer._sub_layers
    for name, child in children.items():
        if child is not None:
            yield from _layers(child, side, index, f"{path}{name}.")


def _own_tensors(layer, side):
    skipped = layer._non_persistent_buffers_set if side == "torch" else layer._non_persistable_buffer_names_set
    for name, tensor in layer._parameters.items():
        if tensor is not None:
            yield name, tensor
    for name, tensor in layer._buffers.items():
        if tensor is not None and name not in skipped:
            yield name, tensor


def _require_aliases(path, layer, side, owners):
    children = layer.named_modules() if side == "torch" else layer.named_sublayers()
    for child_path, child in children:
        for name, tensor in _own_tensors(child, side):
            if id(tensor) not in owners:
                raise TransferError(
                    f"{path}{child_path}.{name} of {type(layer).__name__} has no transfer rule (an LSTM with proj_size "
                    "keeps such a tensor); pass a LayerRule for this class, or build the layer without it"
                )


def places_place(path, layer, name, tensor, rule, side):
    kind = type(layer).__name__
    found = None if rule is None else rule.find(side, name)
    if found is None:
        what = f"layer kind {kind} has no transfer rule" + ("" if rule is None else f" for {name!r}")
        raise TransferError(f"{path}{name}: {what}; pass rules=[LayerRule(...)] that says how it is laid out in paddle")
    _require_values(path + name, tensor, side)
    dtype = _dtype(path + name, tensor)
    shape = tuple(int(length) for length in tensor.shape)
    aliases = _aliases(path, name, _bidirectional(layer)) if rule is not None and rule.opaque else ()
    if side == "torch":
        paddle_name = found.paddle_name(name)
        paddle = None if paddle_name is None else path + paddle_name
        return Place(path + name, paddle, found.layout, shape, dtype, aliases, paddle is None and not _counts(layer))
    if _is_constant(layer, name, found, tensor):
        return None
    torch_key = path + found.torch_name(name)
    return Place(torch_key, path + name, found.layout, found.layout.portable_shape(shape, layer), dtype, aliases)


def _counts(layer):
    # With momentum None, torch averages over all batches and needs the counter of batches.
    return getattr(layer, "momentum", 0.1) is None


def _bidirectional(layer):
    return any(name.endswith("_reverse") for name in layer._parameters)


def _aliases(path, name, bidirectional):
    match = re.fullmatch(r"(weight|bias)_(ih|hh)_l(\d+)(_reverse)?", name)
    if match is None:
        return ()
    part, gate, depth, reverse = match.groups()
    cell = "cell" if not bidirectional else "cell_bw" if reverse else "cell_fw"
    return (f"{path}{depth}.{cell}.{part}_{gate}",)


def _is_constant(layer, name, rule, tensor):
    # Paddle releases before 3 keep ones and zeros where torch has no tensor at all.
    if rule.constant is None or getattr(layer, f"_{name}_attr", None) is not False:
        return False
    return bool((tensor.numpy() == rule.constant).all())


def _require_values(key, tensor, side):
    # Copying into a torch meta tensor does nothing and raises nothing.
    if side == "torch":
        is_empty = type(tensor).__name__.startswith("Uninitialized") or tensor.is_meta
    else:
        is_empty = not tensor._is_initialized()
    if is_empty:
        raise TransferError(f"{key} has no values yet (a lazy or meta tensor); materialise the model first")


def _dtype(key, tensor):
    name = str(tensor.dtype).rpartition(".")[2]
    try:
        made = np.dtype(name)
        if type(made).__module__ != "numpy.dtypes":  # ml_dtypes was imported, and added its own
            raise TypeError(name)
        return made
    except TypeError:
        message = f"{key} has dtype {name}, which NumPy does not have; cast the model to float32 first"
        raise TransferError(message) from None


def check(values, model_places, target):
    """Raise TransferError unless `values` fit `model_places` in keys, shapes and dtypes. `target` names the model."""
    problems = []
    for key, place in model_places.items():
        if key not in values:
            if not place.optional:
                problems.append(f"{key} {place.shape} is missing")
            continue
        value = values[key]
        if not isinstance(value, np.ndarray):
            problems.append(f"{key} is a {type(value).__name__}, not a NumPy array")
        elif value.shape != place.shape:
            problems.append(f"{key} has shape {value.shape} and the model needs {place.shape}{_hint(value, place)}")
        elif value.dtype != place.dtype:
            problems.append(f"{key} has dtype {value.dtype} and the model needs {place.dtype}")
    problems += [f"{key} {np.shape(values[key])} is left over" for key in values if key not in model_places]
    if problems:
        shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
        raise TransferError(
            f"the state does not fit the {target}, nothing was loaded: {shown}. "
            "Build the model with the same layers, sizes and names as the one the state came from"
        )


def _hint(value, place):
    if place.layout.transposes and value.shape == place.shape[::-1]:
        return " (its transpose: torch keeps a linear weight as (out, in), paddle as (in, out))"
    return ""


_COUNTER = "num_batches_tracked"


def to_paddle(portable, model_places):
    """Return `portable` as a paddle state dict: paddle's names and layout, aliases included.

    Raises TransferError unless the portable state fits `model_places` exactly; batch counters are dropped.
    """
    shared = {key: place for key, place in model_places.items() if place.paddle is not None}
    check(without_counters(portable, shared), shared, "model")
    state = {}
    for key, place in shared.items():
        value = np.array(place.layout.to_paddle(portable[key]), order="C")
        state.update(dict.fromkeys((str(place.paddle), *place.aliases), value))
    return state


def to_portable(paddle_state, model_places):
    """Return a paddle state dict as a portable state. Raises TransferError unless it fits `model_places` exactly."""
    shared = {place.paddle: place for place in model_places.values() if place.paddle is not None}
    expected = {key: replace(place, shape=place.layout.paddle_shape(place.shape)) for key, place in shared.items()}
    check(_without_aliases(paddle_state, shared), expected, "model")
    return {
        place.key: np.array(place.layout.to_portable(paddle_state[key], place.shape), order="C")
        for key, place in shared.items()
    }


def without_counters(portable, expected):
    """Return `portable` without the batch counters of layers whose running statistics are in `expected`."""
    return {
        key: value
        for key, value in portable.items()
        if key.rpartition(".")[2] != _COUNTER or key.removesuffix(_COUNTER) + "running_mean" not in expected
    }


def _without_aliases(paddle_state, shared):
    owners = {alias: key for key, place in shared.items() for alias in place.aliases}
    for alias, key in owners.items():
        if alias in paddle_state and key in paddle_state and not _bitwise(paddle_state[alias], paddle_state[key]):
            raise TransferError(
                f"{alias} and {key} are one tensor in paddle, but their values differ; keep one of them"
            )
    return {key: value for key, value in paddle_state.items() if key not in owners}


def _bitwise(first, second):
    return first.shape == second.shape and first.dtype == second.dtype and first.tobytes() == second.tobytes()


FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")


EXTRA = ("bfloat16", *FLOAT8)


_KEPT_AS = {"bfloat16": "uint16", "float8_e4m3fn": "int8", "float8_e5m2": "int8"}


def named(name):
    """The dtype of this name. Raises TypeError for an unknown one, TransferError where ml_dtypes is not installed."""
    if name not in EXTRA:
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise TransferError(f"{name} needs the package ml_dtypes; install it beside NumPy") from None
    return np.dtype(getattr(ml_dtypes, name))


def bits(array, framework):
    """An array as a file or an array of ``framework`` holds it: for paddle, bfloat16 as uint16; else as it is."""
    kept = _KEPT_AS.get(array.dtype.name) if framework == "paddle" else None
    return array if kept is None else array.view(kept)


@dataclass(frozen=True)
class Stored:
    """An array of this shape and dtype, which ``read`` takes from its file, anew each time."""

    shape: Shape
    dtype: np.dtype[Any]
    read: Callable[[], Array]

    @property
    def size(self):
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def nbytes(self):
        """How many bytes its numbers take."""
        return self.size * self.dtype.itemsize

    def __array__(self, dtype=None, copy=None):
        array = self.read()
        return array if dtype is None else array.astype(dtype)


@dataclass(frozen=True)
class Span:
    """A run of bytes of a file, in place of the bytes."""

    path: Path
    offset: int
    length: int

    def __len__(self):
        return self.length

    def read(self):
        """The bytes. Raises OSError for a file that has become shorter."""
        return self.array(np.dtype(np.uint8), (self.length,)).tobytes()

    def array(self, dtype, shape):
        """The bytes as an array, which may be written to. Raises OSError for a file that has become shorter."""
        data = np.fromfile(self.path, np.uint8, self.length, offset=self.offset)
        if len(data) != self.length:
            raise OSError(errno.EIO, "it became shorter while it was read", str(self.path))
        return data.view(dtype).reshape(shape)


def at_hand(tree):
    """A tree with every stored array read."""
    if isinstance(tree, Stored):
        return tree.read()
    if isinstance(tree, dict):
        return {key: at_hand(item) for key, item in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(at_hand(item) for item in tree)
    return tree


DEPTH_LIMIT = 64


OF_TYPE = "torch._tensor._rebuild_from_type_v2"


NODE_LIMIT = 1_000_000


_NUMBERS = ("INT", "LONG", "LONG1", "LONG4", "BININT", "BININT1", "BININT2", "FLOAT", "BINFLOAT")


_TEXTS = ("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING")


_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")


_LITERALS = frozenset((*_NUMBERS, *_TEXTS, *_BYTES))


_EMPTY = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}


_CONTAINERS = ("MARK", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "LIST", "DICT")


_FILLING = ("APPEND", "APPENDS", "SETITEM", "SETITEMS")


_MEMO = ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET")


_CALLS = ("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID", "NEWOBJ", "NEWOBJ_EX")


_ACTIONS = frozenset((*_CONTAINERS, *_FILLING, *_MEMO, *_CALLS))


_SCALARS = (str, int, float, bool, bytes, type(None))


class RefusedError(Exception):
    """The pickle is well formed, but asks for something that plain data does not need."""


class UnsupportedError(Exception):
    """The file is sound and harmless, but holds what a portable state cannot."""


class DamagedError(Exception):
    """The pickle is truncated or otherwise not well formed."""


@dataclass(frozen=True, slots=True)
class unpickle_Name:
    """A global that the pickle names. It stays a name."""

    text: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Stands for a value of a class that plain data does not need. Nothing of it was made."""

    text: str


class Pending:
    """A value that a BUILD opcode completes through `set_state`, such as an array."""

    value: Any = None

    def set_state(self, state):
        """Complete the value from the pickled `state`."""
        raise NotImplementedError


def parse(
    data,
    constructors,
    persistent=None,
    tolerant=False,
):
    """Return the value pickled in `data` and the number of bytes it took.

    `constructors` maps the admitted names to functions of this project that take the pickled arguments (None: the name
    may be mentioned, not called). `persistent` resolves persistent ids. tolerant: other names stand as Foreign for what
    they would make. Raises RefusedError or DamagedError.
    """
    machine = _Machine(constructors, persistent, tolerant)
    try:
        return machine.run(data)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError) as error:
        raise DamagedError(str(error)) from error


def plain(value, leaf):
    """Return `value` as plain dicts, lists, tuples, scalars and whatever `leaf` makes of the rest.

    Raises RefusedError for cycles and for nests that would expand beyond memory.
    """
    budget = [NODE_LIMIT]

    def visit(node, depth):
        budget[0] -= 1
        if depth > DEPTH_LIMIT or budget[0] < 0:
            raise RefusedError(f"it nests deeper than {DEPTH_LIMIT} levels or holds more than {NODE_LIMIT:,} values")
        if type(node) is dict:
            return {key: visit(item, depth + 1) for key, item in node.items()}
        if type(node) is list:
            return [visit(item, depth + 1) for item in node]
        if type(node) is tuple:
            return leaf(tuple(visit(item, depth + 1) for item in node))
        if type(node) in _SCALARS or type(node) is Foreign:
            return node
        return leaf(node)

    return visit(value, 0)


def _require_own(value):
    """Refuse what is foreign where it would go unsaid, being no part of the value that is read."""
    left, seen = [value], set()
    while left:
        node = left.pop()
        if type(node) is Foreign:
            raise RefusedError(f"it names {node.text}")
        if type(node) in (list, tuple, dict) and id(node) not in seen:
            seen.add(id(node))
            left += node.values() if type(node) is dict else node


class Spans(io.BufferedReader):
    """A file whose long runs of bytes are read as a :class:`Span` each, and so left where they are."""

    # To opcodes that are followed by bytes; texts are needed as they are.
    _OPCODES = (b"B", b"\x8e")

    def __init__(self, path, shortest=1 << 16):
        super().__init__(io.FileIO(path, "r"))
        self.path, self.shortest = path, shortest
        self.end = self.seek(0, io.SEEK_END)
        self.seek(0)
        self._opcode = b""

    def read(self, size=-1, /):
        """As of a file, or a Span. A length beyond the file's end, which is damage, takes no memory."""
        at = self.tell()
        size = self.end - at if size is None or size < 0 else max(0, min(size, self.end - at))
        if size >= self.shortest and self._opcode in self._OPCODES:
            self.seek(at + size)
            return Span(self.path, at, size)
        data = super().read(size)
        if size == 1:
            self._opcode = data
        return data


class _Machine:
    """The stack, the marks and the memo of one pickle."""

    def __init__(
        self, constructors, persistent, tolerant
    ):
        self.constructors = constructors
        self.persistent = persistent
        self.tolerant = tolerant
        self.stack = []
        self.marks = []
        self.memo = {}

    def run(self, data):
        for opcode, argument, position in pickletools.genops(data):
            name = opcode.name
            if name == "STOP":
                (value,) = self.stack
                return value, (position or 0) + 1
            if name in _LITERALS:
                self.stack.append(argument)
            elif name in _EMPTY:
                self.stack.append(_EMPTY[name]())
            elif name in _ACTIONS:
                getattr(self, f"_{name.lower()}")(argument)
            elif name not in ("PROTO", "FRAME"):
                raise RefusedError(f"it uses the pickle operation {name}")
        raise DamagedError("it has no end")

    def _since_mark(self):
        start = self.marks.pop()
        items = self.stack[start:]
        if len(self.stack) < start:
            raise DamagedError("its stack is unbalanced")
        del self.stack[start:]
        return items

    def _mark(self, _):
        self.marks.append(len(self.stack))

    def _tuple(self, _):
        self.stack.append(tuple(self._since_mark()))

    def _fixed_tuple(self, length):
        if len(self.stack) < length:
            raise DamagedError("its stack is unbalanced")
        items = tuple(self.stack[-length:])
        del self.stack[-length:]
        self.stack.append(items)

    def _tuple1(self, _):
        self._fixed_tuple(1)

    def _tuple2(self, _):
        self._fixed_tuple(2)

    def _tuple3(self, _):
        self._fixed_tuple(3)

    def _list(self, _):
        self.stack.append(self._since_mark())

    def _dict(self, _):
        items = self._since_mark()
        self.stack.append({})
        self._set(items)

    def _append(self, _):
        self._extend([self.stack.pop()])

    def _appends(self, _):
        self._extend(self._since_mark())

    def _extend(self, items):
        target = self.stack[-1]
        if type(target) is Foreign:
            return
        if type(target) is not list:
            raise RefusedError(f"it appends to a {type(target).__name__}")
        target.extend(items)

    def _setitem(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _setitems(self, _):
        self._set(self._since_mark())

    def _set(self, items):
        target = self.stack[-1]
        if type(target) is Foreign:
            return
        if type(target) is not dict:
            raise RefusedError(f"it sets an item of a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if self.tolerant and type(key) in (Foreign, unpickle_Name):
                key = key.text
            if type(key) not in (str, int):
                raise RefusedError(f"it has a dict key of type {type(key).__name__}")
            if key in target:
                raise RefusedError(f"it holds the key {key!r} twice")
            target[key] = value

    def _memoize(self, _):
        self.memo[len(self.memo)] = self.stack[-1]

    def _put(self, index):
        self.memo[index] = self.stack[-1]

    _binput = _long_binput = _put

    def _get(self, index):
        self.stack.append(self.memo[index])

    _binget = _long_binget = _get

    def _global(self, argument):
        self._push_name(argument.replace(" ", ".", 1))

    def _stack_global(self, _):
        name, module = self.stack.pop(), self.stack.pop()
        self._push_name(f"{module}.{name}")

    def _push_name(self, text):
        if text in self.constructors:
            self.stack.append(unpickle_Name(text))
        elif self.tolerant:
            self.stack.append(Foreign(text[:80]))
        else:
            raise RefusedError(f"it names {text[:80]}")

    def _reduce(self, _):
        arguments, target = self.stack.pop(), self.stack.pop()
        if type(target) is Foreign:
            self.stack.append(target)
            return
        constructor = self.constructors.get(target.text) if type(target) is unpickle_Name else None
        if constructor is None or type(arguments) is not tuple:
            raise RefusedError(f'it calls {(target.text if type(target) is unpickle_Name else type(target).__name__)}')
        if target.text != OF_TYPE:  # which tells of the type itself
            _require_own(arguments)
        self.stack.append(constructor(*arguments))

    def _newobj(self, _):
        self.stack.pop()
        target = self.stack.pop()
        if type(target) is not Foreign:
            raise RefusedError(f'it makes {(target.text if type(target) is unpickle_Name else type(target).__name__)}')
        self.stack.append(target)

    def _newobj_ex(self, _):
        self.stack.pop()
        self._newobj(None)

    def _build(self, _):
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is Foreign:
            return
        _require_own(state)
        if isinstance(target, Pending):
            target.set_state(state)
        elif type(target) is not dict or type(state) is not dict:
            raise RefusedError(f"it sets the state of a {type(target).__name__}")
        # The state of a dict is the metadata that torch hangs on an OrderedDict; no value depends on it.

    def _binpersid(self, _):
        if self.persistent is None:
            raise RefusedError("it refers to data outside itself")
        self.stack.append(self.persistent(self.stack.pop()))


arrays_DTYPES = re.compile(r"[<>|=]?(?:b1|\?|[iu][1248]|f[248]|c8|c16)")


class PendingDtype(Pending):
    """A NumPy dtype; its state holds the byte order."""

    def __init__(self, code, *_):
        code = code.decode("latin-1") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not arrays_DTYPES.fullmatch(code):
            raise RefusedError(f"it holds an array of type {code!r}")
        self.value = np.dtype(code)

    def set_state(self, state):
        order = state[1].decode("latin-1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise DamagedError(f"byte order {order!r}")
        if self.value.itemsize > 1:
            self.value = self.value.newbyteorder(order)


class PendingArray(Pending):
    """A NumPy array; its state is (version, shape, dtype, is Fortran order, bytes)."""

    def __init__(self, *_):
        self.value = None

    def set_state(self, state):
        _, shape, dtype, fortran, raw = state
        self.value = array_from(raw, dtype, shape, "F" if fortran else "C")


def array_from(raw, dtype, shape, order="C"):
    """Return the array of `shape` held in `raw`, in native byte order, writable and C-contiguous."""
    raw = raw.encode("latin-1") if isinstance(raw, str) else raw  # a pickle of Python 2
    if not isinstance(raw, bytes | bytearray | Span) or not isinstance(dtype, PendingDtype) or order not in ("C", "F"):
        raise RefusedError("it holds an array that is not plain bytes")
    lengths, kept = _lengths(shape), dtype.value
    if math.prod(lengths) * kept.itemsize != len(raw):
        raise DamagedError(f"an array of shape {lengths} has {len(raw)} bytes")

    def made(data):
        values = np.frombuffer(data, kept).reshape(lengths, order=order)
        return values.astype(kept.newbyteorder("="), order="C")

    if isinstance(raw, Span):
        return Stored(lengths, kept.newbyteorder("="), lambda: made(raw.read()))
    return made(raw)


def _lengths(shape):
    if type(shape) is not tuple or any(type(length) is not int or length < 0 for length in shape):
        raise DamagedError(f"shape {shape!r}")
    return shape


def _scalar(dtype, raw):
    return array_from(raw, dtype, ()).item()


def _encode(text, encoding="latin1"):
    # Protocol 2 has no bytes; pickle writes them as a call of codecs.encode.
    if encoding not in ("latin1", "latin-1"):
        raise RefusedError(f"it encodes text as {encoding!r}")
    return bytes(text.encode("latin-1"))


def _no_bytes():
    # Protocol 2 has no empty bytes either.
    return b""


def _tuple(items=()):
    if type(items) not in (list, tuple):
        raise RefusedError("it makes a tuple of something else")
    return tuple(items)


def _ordered_dict():
    return {}


def _default_dict(factory=None):
    return {}


def _counter(counts=None):
    # The milestones of a torch schedule.
    if type(counts) is not dict:
        raise RefusedError("it counts something else than a dict")
    return counts


PLAIN_NAMES = {
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "collections.defaultdict": _default_dict,
    "builtins.dict": None,
    "builtins.bytes": _no_bytes,
    "__builtin__.bytes": _no_bytes,
    "builtins.tuple": _tuple,
    "__builtin__.tuple": _tuple,
    "_codecs.encode": _encode,
    "numpy.ndarray": None,
    "numpy.dtype": PendingDtype,
    **{
        f"numpy.{core}.{name}": constructor
        for core in ("core", "_core")
        for name, constructor in (
            ("multiarray._reconstruct", PendingArray),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", array_from),
        )
    },
}


arrays_STORAGES = {
    "Float": "float32",
    "Double": "float64",
    "Half": "float16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "BFloat16": "bfloat16",
}


_QUANTISED = {"QInt8": "int8", "QUInt8": "uint8", "QInt32": "int32", "QUInt4x2": "uint8", "QUInt2x4": "uint8"}


STORAGE_TYPES = {f"torch.{name}Storage": dtype for name, dtype in (arrays_STORAGES | _QUANTISED).items()}


UNTYPED = "torch.storage.UntypedStorage"


_TORCH_DTYPES = {
    f"torch.{dtype}": dtype for dtype in (*arrays_STORAGES.values(), "uint16", "uint32", "uint64", *FLOAT8)
}


_OTHER_DTYPES = ("complex32", "float4_e2m1fn_x2", "bits8", "bits16")


_PLAIN_TYPES = ("torch.Tensor", "torch._tensor.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer")


_UNSUPPORTED = {
    "torch._utils._rebuild_qtensor": "a quantised tensor: save the model before it is quantised",
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor: save it with to_dense()",
    "torch._utils._rebuild_sparse_csr_tensor": "a sparse tensor: save it with to_dense()",
    "torch._utils._rebuild_nested_tensor": "a nested tensor: save its parts by unbind()",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor on the meta device, which has no values: load the "
    "weights into the model before it is saved",
    "torch._utils._rebuild_wrapper_subclass": "a tensor subclass: save plain tensors",
}


class Storage:
    """A torch storage: its length in bytes, the dtype its class implies (None: untyped), and how its bytes are read."""

    def __init__(self, length, dtype, read):
        self.length = length
        self.dtype = dtype
        self.read = read

    def part(self, first, count):
        """Some of its values as a storage, as files of old releases have it."""
        size = named(self.dtype or "uint8").itemsize
        if first < 0 or count < 0 or (first + count) * size > self.length:
            raise DamagedError("a view of a storage exceeds it")
        return Storage(count * size, self.dtype, lambda: self.read()[first * size : (first + count) * size])


def torch_names():
    """The names that a torch pickle may use."""
    return {
        **PLAIN_NAMES,
        "torch._utils._rebuild_tensor": _tensor,
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_tensor_v3": _tensor_of_dtype,
        "torch._utils._rebuild_parameter": lambda data, *_: data,
        "torch._utils._rebuild_parameter_with_state": lambda data, *_: data,
        OF_TYPE: _of_type,
        "torch.serialization._get_layout": lambda *_: None,
        "torch.Size": _tuple,
        UNTYPED: None,
        **dict.fromkeys((*STORAGE_TYPES, *_TORCH_DTYPES, *_PLAIN_TYPES)),
        **dict.fromkeys(f"torch.{name}" for name in _OTHER_DTYPES),
        **dict.fromkeys(("torch.per_tensor_affine", "torch.per_channel_affine")),
        **{name: _unsupported(what) for name, what in _UNSUPPORTED.items()},
    }


def _unsupported(what):
    def refuse(*_):
        raise UnsupportedError(f"it holds {what}")

    return refuse


def _tensor(storage, offset, size, stride, _=None, __=None, flags=None):
    if type(storage) is not Storage or storage.dtype is None:
        raise RefusedError("it builds a tensor from something that is not a storage")
    dtype = named(storage.dtype)
    held = storage.length // dtype.itemsize
    lengths, steps = _lengths(size), _lengths(stride)
    if len(lengths) != len(steps) or type(offset) is not int or offset < 0:
        raise DamagedError(f"a tensor of size {lengths} has stride {steps}")
    if len(lengths) > 64:
        raise UnsupportedError(f"it holds a tensor of {len(lengths)} axes, and NumPy has 64")
    count = math.prod(lengths)
    last = offset + sum((length - 1) * step for length, step in zip(lengths, steps, strict=True))
    if count > held or (count > 0 and last >= held):
        raise DamagedError(f"a tensor of size {lengths} and stride {steps} exceeds its {held} stored values")
    # A lazily conjugated or negated view is kept as its original and a mark.
    conjugate, negative = (isinstance(flags, dict) and flags.get(name) is True for name in ("conj", "neg"))

    def read():
        if count == 0:
            return np.empty(lengths, dtype)
        # As bytes of the same size, since NumPy takes no strides over a dtype that is not its own.
        kept = np.dtype(f"V{dtype.itemsize}")
        values = np.frombuffer(storage.read(), kept, held)
        byte_steps = tuple(step * dtype.itemsize for step in steps)
        array = np.array(np.lib.stride_tricks.as_strided(values[offset:], lengths, byte_steps), order="C").view(dtype)
        array = np.conjugate(array) if conjugate else array
        return np.negative(array) if negative else array

    return Stored(lengths, dtype, read)


def _tensor_of_dtype(storage, offset, size, stride, _, __, dtype, *rest):
    if type(storage) is not Storage or type(dtype) is not unpickle_Name:
        raise RefusedError("it builds a tensor from something that is not a storage")
    if dtype.text not in _TORCH_DTYPES:
        raise UnsupportedError(f"it holds a tensor of {dtype.text}, which NumPy does not have; save it as float32")
    made = Storage(storage.length, _TORCH_DTYPES[dtype.text], storage.read)
    return _tensor(made, offset, size, stride, None, None, *rest)


def _of_type(function, kind, arguments, _):
    """A tensor with attributes of its own, which are no weights; or one of a subclass, which may mean anything."""
    made = torch_names().get(function.text) if type(function) is unpickle_Name else None
    if type(kind) is Foreign:
        raise UnsupportedError(f"it holds a tensor of the subclass {kind.text}: save plain tensors")
    if made is None or type(kind) is not unpickle_Name or type(arguments) is not tuple:
        raise RefusedError("it builds a tensor of a type that it does not name")
    if kind.text not in _PLAIN_TYPES:
        raise UnsupportedError(f"it holds a tensor of the subclass {kind.text}: save plain tensors")
    return made(*arguments)


_NAME_TABLE = "StructuredToParameterName@@"


_SLICES = "UnpackBigParamInfor@@"


paddle_format_CHECKSUM = b"\ncrc32="


def paddle_format_read(path, tolerant=False):
    """Return the tree in a file, and paddle's own names of parameters. Raises RefusedError or DamagedError.

    tolerant: as for :func:`conformance.transfer.torch_format.read`.
    """
    with Spans(path) as stream:
        if stream.peek(2)[:2] == b"PK":
            raise DamagedError("it is a zip archive, as torch writes; name it .pth")
        value, end = parse(stream, PLAIN_NAMES, None, tolerant)
        stream.seek(end)
        rest = stream.read(1 << 16)
    if rest and rest != paddle_format_CHECKSUM + b"%08x" % paddle_format_checksum(path, end):
        raise DamagedError("its checksum does not match")
    tree = plain(value, paddle_format_leaf)
    parts = {None: tree, **tree} if isinstance(tree, dict) else {}
    names = {part: paddle_format_names(item) for part, item in parts.items() if isinstance(item, dict)}
    return _unmarked(tree), names


def paddle_format_checksum(path, end):
    total = 0
    with open(path, "rb") as stream:
        while end > 0 and (data := stream.read(min(end, 1 << 20))):
            total, end = zlib.crc32(data, total), end - len(data)
    return total


def paddle_format_leaf(node):
    if isinstance(node, Pending) and isinstance(node.value, np.ndarray | Stored):
        return node.value
    if isinstance(node, np.ndarray | Stored | tuple):
        return node
    raise RefusedError(f"it holds a {type(node).__name__}, which is not plain data")


def is_tensor(node):
    """Whether a node is paddle's mark of a tensor."""
    return (
        type(node) is tuple and len(node) == 2 and isinstance(node[0], str) and isinstance(node[1], np.ndarray | Stored)
    )


def _unmarked(tree):
    """A tree without paddle's marks: tables, cut arrays, and the names beside tensors."""
    if is_tensor(tree):
        return tree[1]
    if isinstance(tree, list | tuple):
        return type(tree)(map(_unmarked, tree))
    if not isinstance(tree, dict):
        return tree
    made = {key: _unmarked(item) for key, item in tree.items() if key != _NAME_TABLE}
    _join(made)
    return made


def paddle_format_names(tree):
    # A state dict has a table of names; in any other nest, each tensor has its own beside it.
    table = tree.get(_NAME_TABLE)
    if not isinstance(table, dict):
        table = {key: item[0] for key, item in tree.items() if is_tensor(item)}
    return {key: name for key, name in table.items() if isinstance(key, str) and isinstance(name, str)}


def _join(tree):
    # Protocols 2 and 3 cannot hold 4 GB in one piece, so paddle cuts large tensors and notes the pieces here.
    cut = tree.pop(_SLICES, {})
    try:
        for key, note in cut.items():
            pieces = [tree.pop(piece) for piece in note["slices"]]
            tree[key] = np.concatenate([np.asarray(piece) for piece in pieces]).reshape(note["OriginShape"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError(f"its table of cut tensors is wrong: {error}") from None


pdiparams_format_DTYPES = {
    **{0: "bool", 1: "int16", 2: "int32", 3: "int64", 4: "float16", 5: "float32", 6: "float64", 20: "uint8"},
    **{21: "int8", 22: "bfloat16", 23: "complex64", 24: "complex128", 32: "float8_e4m3fn", 33: "float8_e5m2"},
}


_DESCRIPTION = 4096


def pdiparams_format_read(path):
    """Return the arrays by paddle's own names, or by keys where ``.pdiparams.info`` has them.

    Raises DamagedError for a file that does not fit its program, and TransferError where there is none beside it.
    """
    names, shapes = _names(path)
    arrays = _arrays(path)
    if len(arrays) != len(names):
        raise DamagedError(f"it holds {len(arrays)} arrays, and its program has {len(names)} parameters")
    found = dict(zip(names, arrays, strict=True))
    for name, array in found.items():
        if name in shapes and shapes[name] != array.shape:
            raise DamagedError(f"its array {name} has shape {array.shape}, and its program says {shapes[name]}")
    return found


def _names(path):
    program, info = path.with_suffix(".json"), path.with_name(f"{path.name}.info")
    if program.is_file():
        shapes = _parameters(program)
        return sorted(shapes), shapes
    if not info.is_file():
        raise TransferError(
            f"{path} holds no names, and neither {program.name} nor {info.name} is beside it; copy what "
            "paddle.jit.save wrote, or load it by paddle.jit.load and save its state_dict()"
        )
    told = plain(parse(info.read_bytes(), PLAIN_NAMES)[0], lambda node: node)
    try:
        return [told[name]["structured_name"] for name in sorted(told)], {}
    except (TypeError, KeyError):
        raise TransferError(f"{info} does not say the names of the parameters; save the state_dict()") from None


def _parameters(program):
    """Shapes of a program's parameters, by paddle's names."""
    found = {}
    try:
        for region in json.loads(program.read_text("utf-8"))["program"]["regions"]:
            for operation in (each for block in region["blocks"] for each in block["ops"]):
                if operation["#"] == "p":
                    found[operation["A"][3]] = tuple(operation["O"]["TT"]["D"][1])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise TransferError(f"{program} is no program of paddle.jit.save that can be read ({error!r})") from None
    return found


def _arrays(path):
    found, end = [], path.stat().st_size
    with open(path, "rb") as stream:
        while stream.tell() < end:
            if _number(stream, 4) != 0:
                raise DamagedError(f"it has another version at byte {stream.tell() - 4}")
            for _ in range(_number(stream, 8)):
                _skip(stream, _number(stream, 8), end)
            if _number(stream, 4) != 0:
                raise DamagedError(f"it has another version at byte {stream.tell() - 4}")
            length = _number(stream, 4)
            data = stream.read(min(length, _DESCRIPTION))
            if len(data) < length:
                raise DamagedError("it is cut off")
            dtype, shape = _description(data)
            span = Span(path, stream.tell(), math.prod(shape) * dtype.itemsize)
            _skip(stream, span.length, end)
            found.append(Stored(shape, dtype, partial(span.array, dtype, shape)))
    return found


def _skip(stream, length, end):
    if stream.tell() + length > end:
        raise DamagedError("it is cut off")
    stream.seek(length, 1)


def _number(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise DamagedError("it is cut off")
    return int.from_bytes(data, "little")


def _description(data):
    """Dtype and shape: field 1 and the repeated field 2, each a number of seven bits a byte."""
    code, shape, place = None, [], 0
    while place < len(data):
        field, place = _varint(data, place)
        value, place = _varint(data, place)
        if field == 0x08:
            code = value
        elif field == 0x10 and value < 2**63:
            shape.append(value)
        else:
            raise DamagedError("what it says of an array is no dtype and shape")
    if code not in pdiparams_format_DTYPES:
        raise UnsupportedError(f"it holds an array of paddle's type {code}, which NumPy does not have")
    return named(pdiparams_format_DTYPES[code]), tuple(shape)


def _varint(data, place):
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise DamagedError("it is cut off")
        value |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:
            return value, place
    raise DamagedError("it holds a number that is too long")


_LAYOUTS = {"pt": "torch", "pd": "paddle", "paddle": "paddle"}


_FOREIGN = ("mlx", "tf", "flax", "jax")


_CHECKSUM = "crc32 of arrays"


_DTYPES = {
    **{"BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32"},
    **{"U64": "uint64", "I64": "int64", "F16": "float16", "F32": "float32", "F64": "float64", "C64": "complex64"},
    **{"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"},
    **{"F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz"},
}


_AXES = 64


def safetensors_format_read(path):
    """Return the arrays and the layout ("torch", "paddle" or, when the file does not say, None).

    Raises DamagedError for a file that the library refuses or whose checksum is another, UnsupportedError for arrays
    that NumPy does not have, and TransferError where the library is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise TransferError(f"{path} needs the package safetensors; install it") from None
    try:
        with safe_open(path, framework="numpy", backend="pread"):
            pass
    except SafetensorError as error:
        raise DamagedError(str(error).rstrip(".")) from None
    header, start = _header(path)
    metadata = header.pop("__metadata__", None) or {}
    if _CHECKSUM in metadata and metadata[_CHECKSUM] != _checksum(path, header, start):
        raise DamagedError("its checksum does not match")
    label = metadata.get("format", "")
    if label in _FOREIGN:  # (64, 3, 3, 3) is a convolution's shape in either layout
        raise UnsupportedError(
            f"it says that it is of {label}, which lays weights out otherwise; save it by torch first"
        )
    arrays = {name: _stored(path, name, entry, start) for name, entry in header.items()}
    return arrays, _LAYOUTS.get(label)


def _header(path):
    """The header of a file that the library has checked, and where the arrays begin."""
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        text = stream.read(length)
    try:
        return json.loads(text, object_pairs_hook=_without_repeats), 8 + length
    except ValueError as error:
        raise DamagedError(f"its header cannot be read ({error})") from None


def _without_repeats(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _stored(path, name, entry, start):
    code, shape, (first, last) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if code not in _DTYPES:
        raise UnsupportedError(f"{name!r} is of type {code}, which NumPy does not have; save it as F32 or BF16")
    if len(shape) > _AXES:
        raise UnsupportedError(f"{name!r} has {len(shape)} axes, and NumPy has {_AXES}; save it with fewer")
    dtype = named(_DTYPES[code])
    span = Span(path, start + first, last - first)
    return Stored(shape, dtype, lambda: span.array(dtype, shape))


def _canonical(entries):
    """What a header says of its arrays, as the checksum includes it."""
    told = [[name, each["dtype"], each["shape"], each["data_offsets"]] for name, each in sorted(entries.items())]
    return json.dumps(told).encode()


def _checksum(path, entries, start):
    total = zlib.crc32(_canonical(entries))
    with open(path, "rb") as stream:
        stream.seek(start)
        while data := stream.read(1 << 20):
            total = zlib.crc32(data, total)
    return f"{total:08x}"


ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, NotImplementedError),
    *(KeyError, ValueError, OSError, EOFError, OverflowError),
)


_MAGIC = 0x1950A86A20F9469CFC6C


_PROTOCOL = 1001


def torch_format_read(path, tolerant=False):
    """Return the tree in a file, tensors as stored arrays. Raises RefusedError, UnsupportedError or DamagedError.

    tolerant: what is of other classes becomes :class:`~conformance.transfer.unpickle.Foreign` in place of a refusal.
    """
    with open(path, "rb") as stream:
        start = stream.read(2)
    if start == b"PK":
        try:
            return _read_archive(zipfile.ZipFile(path), tolerant)
        except ZIP_ERRORS as error:
            raise DamagedError(str(error)) from None
    if start[:1] == b"\x80":
        return _read_legacy(path, tolerant)
    raise DamagedError("it is no file of torch.save")


def _read_archive(archive, tolerant):
    names = set(archive.namelist())
    if len(names) != len(archive.namelist()):
        raise DamagedError("it has two entries of one name, of which readers take one or the other")
    roots = [name.removesuffix("/data.pkl") for name in names if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise DamagedError("it is a zip archive without torch's data.pkl")
    if f"{roots[0]}/constants.pkl" in names:
        raise UnsupportedError(
            "it is a program of torch.jit.save: load it by torch.jit.load, and save its state_dict()"
        )

    def entry_of(name):
        entry = archive.getinfo(f"{roots[0]}/{name}")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise RefusedError(f"its entry {name} is compressed, which torch never does")
        return entry

    if f"{roots[0]}/byteorder" in names and archive.read(entry_of("byteorder")) != b"little":
        raise UnsupportedError("it was written on a big-endian machine; save it again on this one")
    last = [None, b""]

    def read_entry(entry):
        if last[0] != entry.filename:  # views of one storage are read one after another
            try:
                last[:] = entry.filename, archive.read(entry)
            except ZIP_ERRORS as error:
                raise DamagedError(str(error)) from None
        if len(last[1]) != entry.file_size:
            raise DamagedError(f"{entry.filename} has another length than the archive says")
        return last[1]

    def persistent(identity):
        dtype, key, _ = _identity(identity, 5)
        entry = entry_of(f"data/{key}")
        return Storage(entry.file_size, dtype, lambda: read_entry(entry))

    value, _ = parse(archive.read(entry_of("data.pkl")), torch_names(), persistent, tolerant)
    return plain(value, _leaf)


def _read_legacy(path, tolerant):
    with Spans(path) as stream:
        if _small(stream) != _MAGIC:
            stream.seek(0)
            raise DamagedError("it is a bare pickle, as paddle writes")
        if _small(stream) != _PROTOCOL:
            raise UnsupportedError("it is of an older protocol of torch than 1001; save it again with torch")
        system = _small(stream)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise UnsupportedError("it was written on a big-endian machine; save it again on this one")
        places = {}
        wanted = {}

        def persistent(identity):
            dtype, key, count = _identity(identity, 6)
            size = named(dtype or "uint8").itemsize
            if wanted.setdefault(key, (count, count * size)) != (count, count * size):
                raise DamagedError(f"its storage {key} has two lengths")
            whole = Storage(count * size, dtype, lambda: places[key].read())
            match identity[5]:
                case None:
                    return whole
                case (str(), int(first), int(length)):
                    return whole.part(first, length)
            raise RefusedError("it refers to data outside itself that is no tensor storage")

        value, _ = parse(stream, torch_names(), persistent, tolerant)
        keys = _small(stream)
        if not isinstance(keys, list) or set(map(str, keys)) != set(wanted):
            raise DamagedError("its list of storages does not fit its tensors")
        end = path.stat().st_size
        for key in keys:
            (count, length), told = wanted[key], stream.read(8)
            at = stream.tell()
            if len(told) < 8 or at + length > end:
                raise DamagedError("its storages are cut off")
            if int.from_bytes(told, "little") != count:
                raise DamagedError(f"its storage {key} has another length than its tensors say")
            places[key] = Span(path, at, length)
            stream.seek(at + length)
        if stream.tell() != end:
            raise DamagedError("it holds more than its list of storages")
    return plain(value, _leaf)


def _small(stream):
    return plain(parse(stream, {})[0], _leaf)


def _identity(identity, length):
    """Dtype, key and count of a storage. Raises RefusedError for anything else that is outside of the pickle."""
    match identity:
        case ("storage", unpickle_Name(text), str(key), str(), int(count), *_) if (
            len(identity) == length and count >= 0 and (text in STORAGE_TYPES or text == UNTYPED)
        ):
            return STORAGE_TYPES.get(text), key, count
    raise RefusedError("it refers to data outside itself that is no tensor storage")


def _leaf(node):
    if isinstance(node, Pending) and isinstance(node.value, np.ndarray | Stored):
        return node.value
    if isinstance(node, np.ndarray | Stored | tuple):
        return node
    what = (
        node.text if isinstance(node, unpickle_Name) else "a bare storage" if isinstance(node, Storage) else type(node).__name__
    )
    raise RefusedError(f"it holds {what}, which is not plain data")


SUFFIXES = {
    **dict.fromkeys((".pth", ".pt", ".pth.tar", ".bin", ".ckpt"), "torch"),
    **dict.fromkeys((".pdparams", ".pdopt"), "paddle"),
    ".pdiparams": "paddle",
    ".safetensors": "safetensors",
}


def read_tree(path):
    """Return what the file holds: plain containers, numbers, strings and NumPy arrays, in the file's own layout.

    Raises TransferError for a missing, truncated or damaged file, an unknown or wrong suffix, and for a pickle that
    asks for anything but plain data; nothing in such a file is run.
    """
    return at_hand(read_stored(Path(path)).tree)


class Found(NamedTuple):
    """What a file holds: a tree with arrays that are still in it, the framework that it is of, and paddle's names."""

    tree: Tree
    label: str | None
    names: paddle_format.Names


def read_stored(path, tolerant=False):
    """As :func:`read_tree`, with arrays that are still in the file.

    tolerant: what is of other classes becomes :class:`~conformance.transfer.unpickle.Foreign` in place of a refusal.
    """
    kind = kind_of(path)
    label, names = kind, {}
    if kind == "safetensors":
        tree, label = _told(path, lambda: safetensors_format_read(path))
    elif suffix_of(path) == ".pdiparams":
        tree = _told(path, lambda: pdiparams_format_read(path))
    elif kind == "torch":
        tree = _told(path, lambda: torch_format_read(path, tolerant))
    else:
        tree, names = _told(path, lambda: paddle_format_read(path, tolerant))
    return Found(_telling(path, tree), label, names)


def _told(path, read):
    """What ``read`` returns, or a sentence about why it does not."""
    try:
        return read()
    except OSError as error:
        raise TransferError(f"cannot read {path}: {error.strerror or error}; check the path") from None
    except RefusedError as error:
        raise TransferError(
            f"{path} is refused: {error}; a file of weights holds arrays in plain containers, and nothing of this one "
            "was run. Save the state dict instead of the object, or get the file from a source you trust"
        ) from None
    except UnsupportedError as error:
        raise TransferError(f"cannot read {path}: {error}") from None
    except DamagedError as error:
        raise TransferError(
            f"{path} cannot be read as {suffix_of(path)}: {error}; it is truncated, damaged or misnamed. Copy it again"
        ) from None


def _telling(path, tree):
    """A tree whose stored arrays raise TransferError, too, where they cannot be read."""
    if isinstance(tree, Stored):
        return Stored(tree.shape, tree.dtype, lambda: _told(path, tree.read))
    if isinstance(tree, dict):
        return {key: _telling(path, item) for key, item in tree.items()}
    return type(tree)(_telling(path, item) for item in tree) if type(tree) in (list, tuple) else tree


def suffix_of(path):
    """The suffix of a file, in lower case; of two parts for .pth.tar."""
    name = path.name.lower()
    return ".pth.tar" if name.endswith(".pth.tar") else path.suffix.lower()


def kind_of(path):
    """ "torch", "paddle" or "safetensors", as the suffix says. Raises TransferError for another suffix."""
    kind = SUFFIXES.get(suffix_of(path))
    if kind is None:
        raise TransferError(f"{path} has the suffix {path.suffix!r}; name it {', '.join(SUFFIXES)}")
    return kind


def optimizer_to_portable(state, places):
    """Return optimizer state in paddle's parameter names and layout as portable state (torch's names and layout).

    Parameters without state (frozen, or before the first step) may be absent. Raises TransferError for an unknown
    parameter or a moment whose shape is not its parameter's.
    """
    keyed = {place.paddle: place for place in places.values() if place.paddle is not None}
    result = {}
    for key, quantities in state.items():
        place = _place(key, keyed, "paddle")
        shape = place.layout.paddle_shape(place.shape)
        result[place.key] = {
            name: np.array(place.layout.to_portable(value, place.shape), order="C")
            if _is_moment(key, name, value, shape)
            else value
            for name, value in quantities.items()
        }
    return result


def optimizer_to_paddle(state, places):
    """Return portable optimizer state in paddle's parameter names and layout: `optimizer_to_portable` inverted."""
    result = {}
    for key, quantities in state.items():
        place = _place(key, places, "torch")
        if place.paddle is None:
            raise TransferError(f"{key} has optimizer state but no counterpart in paddle; leave it out")
        result[place.paddle] = {
            name: np.array(place.layout.to_paddle(value), order="C")
            if _is_moment(key, name, value, place.shape)
            else value
            for name, value in quantities.items()
        }
    return result


def _place(key, places, side):
    if key not in places:
        raise TransferError(f"optimizer state for {key!r}, which is no {side} parameter of the model; check the model")
    return places[key]


def _is_moment(key, name, value, shape):
    """Return whether `value` is laid out like the parameter of `shape`; single numbers are not."""
    if not isinstance(value, np.ndarray) or (value.size == 1 and value.shape != shape):
        return False
    if value.shape != shape:
        raise TransferError(
            f"optimizer state {name!r} of {key} has shape {value.shape} and its parameter {shape}; "
            "take the state from an optimizer over this model"
        )
    return True


def from_paddle(model, rules=()):
    """Return the portable state of a paddle `model`, in torch's names and layout, as independent arrays.

    Raises TransferError like `from_torch`.
    """
    found = walk(_require(model, "paddle"), "paddle", rules)
    return {
        place.key: np.array(place.layout.to_portable(tensor.numpy(), place.shape), order="C") for place, tensor in found
    }


def load_into_paddle(model, portable, rules=()):
    """Copy `portable` into a paddle `model`, all of it or, with a TransferError, nothing.

    Torch's `num_batches_tracked` is dropped where the model has a batch norm of that name: paddle keeps no such count.
    """
    found = walk(_require(model, "paddle"), "paddle", rules)
    expected = {place.key: place for place, _ in found}
    check(without_counters(portable, expected), expected, "paddle model")
    values = [place.layout.to_paddle(portable[place.key]) for place, _ in found]
    for (_, tensor), value in zip(found, values, strict=True):
        tensor.set_value(value)


def _require(model, side):
    actual = side_of(model)
    if actual != side:
        raise TransferError(f"{type(model).__name__} is a {actual} model; use from_{actual} or load_into_{actual}")
    return model


def to_array(tensor):
    """A copy of a tensor's values: ``numpy()`` gives bfloat16 as uint16 and float8 as int8."""
    found = to_view(tensor)
    return np.array(found) if found.__array_interface__["data"][0] == tensor.data_ptr() else found


def to_view(tensor):
    """As :func:`to_array`, without a copy where none is needed."""
    name = str(tensor.dtype).removeprefix("paddle.")
    found = tensor.numpy()
    return found.view(named(name)) if name in EXTRA else found


@dataclass(frozen=True)
class Slot:
    """An array for each parameter: torch's name of it, paddle's accumulator, and the setting without which it is not
    kept by torch (paddle's RMSProp keeps all of its arrays always)."""

    torch: str
    paddle: str
    needs: str = ""


@dataclass(frozen=True)
class Power:
    """An accumulator that is ``base ** (updates + ahead)``. base: a number, or the setting that holds it."""

    base: str | float
    ahead: int


@dataclass(frozen=True)
class Kind:
    """One optimizer. singles: paddle's kernel takes the settings in float32, as most but Adam's do. differs: settings
    whose place in the update rule is another one, with what is so, in words."""

    name: str
    torch: str
    paddle: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    powers: Mapping[str, Power] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    singles: bool = True
    differs: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self):
        """Whether the number of updates is part of the state."""
        return bool(self.powers)


@dataclass(frozen=True)
class Setting:
    """How a setting is called: torch's key of a group (``betas.0`` is the first of a pair), paddle's key of a group,
    which with an underscore before it is paddle's attribute. absent: what a framework does that has no such setting."""

    torch: str | None
    paddle: str | None
    absent: float | bool = 0.0


SETTINGS = {
    "beta1": Setting("betas.0", "beta1"),
    "beta2": Setting("betas.1", "beta2"),
    "eps": Setting("eps", "epsilon"),
    "amsgrad": Setting("amsgrad", "amsgrad", False),
    "momentum": Setting("momentum", "momentum"),
    "nesterov": Setting("nesterov", "use_nesterov", False),
    "dampening": Setting("dampening", None),
    "rescale_grad": Setting(None, "rescale_grad", 1.0),
    "alpha": Setting("alpha", "rho"),
    "rho": Setting("rho", "rho"),
    "centered": Setting("centered", "centered", False),
    "momentum_decay": Setting("momentum_decay", "momentum_decay"),
    "lr_decay": Setting("lr_decay", None),
    "maximize": Setting("maximize", None, False),
    "lazy_mode": Setting(None, "lazy_mode", False),
}


DECAYS = ("coupled", "decoupled", "l1")


_ADAM = {
    "m": Slot("exp_avg", "moment1"),
    "v": Slot("exp_avg_sq", "moment2"),
    "v_max": Slot("max_exp_avg_sq", "moment2_max", "amsgrad"),
}


_ADAM_POWERS = {"beta1_pow_acc": Power("beta1", 1), "beta2_pow_acc": Power("beta2", 1)}


_ADAM_SETTINGS = ("beta1", "beta2", "eps", "amsgrad", "maximize", "lazy_mode")


KINDS = (
    Kind("adamw", "AdamW", "AdamW", _ADAM, _ADAM_POWERS, _ADAM_SETTINGS, singles=False),
    Kind("adam", "Adam", "Adam", _ADAM, _ADAM_POWERS, _ADAM_SETTINGS, singles=False),
    Kind(
        "momentum",
        "SGD",
        "Momentum",
        {"velocity": Slot("momentum_buffer", "velocity")},
        settings=("momentum", "nesterov", "dampening", "rescale_grad", "maximize"),
    ),
    Kind("sgd", "SGD", "SGD", settings=("maximize",)),
    Kind(
        "rmsprop",
        "RMSprop",
        "RMSProp",
        {
            "square_average": Slot("square_avg", "mean_square"),
            "momentum_buffer": Slot("momentum_buffer", "momentum", "momentum"),
            "gradient_average": Slot("grad_avg", "mean_grad", "centered"),
        },
        settings=("alpha", "eps", "momentum", "centered", "maximize"),
        differs={"eps": "eps is added inside the square root in paddle's RMSProp, outside of it in torch's"},
    ),
    Kind(
        "adamax",
        "Adamax",
        "Adamax",
        {"m": Slot("exp_avg", "moment"), "largest": Slot("exp_inf", "inf_norm")},
        {"beta1_pow_acc": Power("beta1", 1)},
        ("beta1", "beta2", "eps", "maximize"),
        differs={"eps": "eps is added to the gradient's size in torch's Adamax, to the norm so far in paddle's"},
    ),
    Kind(
        "nadam",
        "NAdam",
        "NAdam",
        {"m": Slot("exp_avg", "moment1"), "v": Slot("exp_avg_sq", "moment2")},
        {"momentum_decay_pow": Power(0.96, 0), "beta2_pow": Power("beta2", 0)},
        ("beta1", "beta2", "eps", "momentum_decay", "maximize"),
    ),
    Kind(
        "radam",
        "RAdam",
        "RAdam",
        {"m": Slot("exp_avg", "moment1"), "v": Slot("exp_avg_sq", "moment2")},
        {"beta1_pow": Power("beta1", 0), "beta2_pow": Power("beta2", 0)},
        ("beta1", "beta2", "eps", "maximize"),
    ),
    Kind(
        "adagrad",
        "Adagrad",
        "Adagrad",
        {"sum": Slot("sum", "moment")},
        settings=("eps", "lr_decay", "maximize"),
    ),
    Kind(
        "adadelta",
        "Adadelta",
        "Adadelta",
        {
            "square_average": Slot("square_avg", "_avg_squared_grad"),
            "update_average": Slot("acc_delta", "_avg_squared_update"),
        },
        settings=("rho", "eps", "maximize"),
    ),
)


ALL = ", ".join(sorted({kind.torch for kind in KINDS}))


def expected(kind, settings):
    """The portable slots of a parameter with these settings, ``step`` first where updates count."""
    slots = [name for name, slot in kind.slots.items() if not slot.needs or settings.get(slot.needs)]
    return (*(("step",) if kind.counts else ()), *slots)


SMALLEST = 2.0**-126


ROUNDINGS = 4


class OptimizerStateError(ValueError):
    """Optimizer state that does not belong to these parameters or this optimizer; the message names which."""


def slots_check(
    state,
    shapes,
    kind,
    expected,
):
    """Raises OptimizerStateError unless ``state`` fits parameters of ``shapes`` and an optimizer with these slots.

    expected: the slots of each parameter by its name.
    """
    for name, arrays in state.items():
        if name not in shapes or name not in expected:
            raise OptimizerStateError(f"optimizer state is given for {name!r}, which is no trainable parameter here")
        found = {"momentum_buffer" if slot == "update_buffer" else slot for slot in arrays}
        if found != set(expected[name]):
            raise OptimizerStateError(
                f"optimizer state of {name!r} holds {words(found)}, but a {kind} optimizer with these hyperparameters "
                f"needs {words(expected[name])}: build the optimizer that the state came from"
            )
        for slot, array in arrays.items():
            shape = () if slot == "step" else shapes[name]
            if np.shape(array) != shape:
                raise OptimizerStateError(
                    f"optimizer state {slot!r} of {name!r} has shape {np.shape(array)}, the parameter needs {shape}"
                )


def momentum_buffer(arrays, lr):
    """RMSProp's momentum in torch's meaning, from either meaning, so that the next update at ``lr`` is the same."""
    if "momentum_buffer" in arrays:
        return arrays["momentum_buffer"]
    buffer = np.asarray(arrays["update_buffer"], np.float64)
    if lr == 0 and buffer.any():
        raise OptimizerStateError(
            "paddle's RMSProp momentum holds the learning rate and has no counterpart in torch at learning rate 0: "
            "move it while the schedule is above 0"
        )
    # float64, so that multiplying by the learning rate again restores the float32 value to the bit.
    return buffer / (lr or 1.0)


def update_buffer(arrays, lr):
    """RMSProp's momentum in paddle's meaning, from either meaning, so that the next update at ``lr`` is the same."""
    if "update_buffer" in arrays:
        return arrays["update_buffer"]
    return np.asarray(arrays["momentum_buffer"], np.float64) * lr


def powers(base, count, dtype=np.float32):
    """base**1 ... base**count as paddle computes them: one rounded multiplication for each step."""
    return np.multiply.accumulate(np.full(count, base, dtype))


def slots_power(base, count, dtype=np.float32):
    """base**count as paddle computes it."""
    return powers(base, count, dtype)[-1] if count else np.dtype(dtype).type(1)


@lru_cache
def exponent(base, value, dtype):
    """The least n with base**n == ``value`` in paddle's arithmetic.

    A power that has reached its smallest value says "at least n": any larger count gives the same updates.
    """
    if value == 1.0:
        return 0
    count = 1024
    while True:
        found = powers(base, count, dtype)
        hits = np.flatnonzero(found == value)
        if hits.size:
            return int(hits[0]) + 1
        if found[-1] < value or found[-1] == found[-2]:
            raise OptimizerStateError(
                f"an optimizer that keeps {value} as a power of beta {base} has not counted its steps with that beta"
            )
        count *= 4


def steps_taken(kind, settings, found):
    """The count of updates that paddle does not keep, from the power of the base that says most about it.

    found: the value and the dtype of each accumulator that is a power. Raises OptimizerStateError where it is no power.
    """
    name, power_ = max(kind.powers.items(), key=lambda item: base_of(item[1], settings))
    value, dtype = found[name]
    step = exponent(base_of(power_, settings), value, dtype) - power_.ahead
    for other, each in kind.powers.items():
        base, (held, of) = base_of(each, settings), found[other]
        wanted = float(slots_power(base, step + each.ahead, of))
        if held != wanted and max(held, wanted) >= SMALLEST:
            raise OptimizerStateError(
                f"an optimizer that keeps {held} as a power of {base} has not counted its steps with that beta: after "
                f"{step} updates it is {wanted}"
            )
    return step


def base_of(power_, settings):
    """The number that a power is of."""
    return float(settings[power_.base]) if isinstance(power_.base, str) else power_.base


def require_held(kind, step):
    """Raises OptimizerStateError where paddle no longer tells what is so after so many updates.

    NAdam's momentum follows 0.96**step, which paddle keeps as a float32: below the smallest normal one it loses digits
    and then comes to rest, and the momentum with it, where torch's goes on to grow.
    """
    if kind.name == "nadam" and step and slots_power(0.96, min(step, 4096)) < SMALLEST:
        raise OptimizerStateError(
            f"after {step} updates paddle's NAdam no longer follows torch's: it keeps 0.96**updates in float32, which "
            "loses digits from 2,140 updates on and then stands still; leave the optimizer's state out"
        )


def mu_product(step, settings, dtype=np.float64):
    """NAdam's product of momenta after ``step`` updates, beta1 * (1 - 0.96**(i * decay) / 2) for i = 1 ... step."""
    raised = powers(0.96, step, dtype) ** np.dtype(dtype).type(settings["momentum_decay"])
    return np.prod(np.dtype(dtype).type(settings["beta1"]) * (1 - raised / 2), dtype=dtype)


def require_product(found, step, settings, name, unit=0.0):
    """Raises OptimizerStateError where NAdam's product is not that of these settings, within what rounding explains.

    unit: the unit roundoff of the dtype that the product has been rounded to, as torch does when it loads one.
    """
    wanted = float(mu_product(step, settings))
    if abs(found - wanted) > (ROUNDINGS * step * 2.0**-24 + unit) * wanted + SMALLEST:
        raise OptimizerStateError(
            f"the mu_product of {name!r} is {found:.6g} after {step} updates, where beta1 {settings['beta1']:g} and "
            f"momentum_decay {settings['momentum_decay']:g} give {wanted:.6g}: it has been trained with other settings"
        )


def rho(step, settings):
    """RAdam's ``step * beta2**step / (1 - beta2**step)``, which paddle keeps; 1 before the first update."""
    raised = float(settings["beta2"]) ** step
    return step * raised / (1 - raised) if step else 1.0


def words(names):
    """Names in a sentence."""
    return ", ".join(sorted(names)) or "nothing"


def learning_rate(optimizer):
    """The learning rate that the next step will use, before any factor of a group or of a parameter."""
    return float(optimizer.get_lr())


def set_learning_rate(optimizer, lr):
    """Sets the learning rate of the next step; where a schedule has the say, it has been set with the schedule."""
    if not isinstance(optimizer._learning_rate, paddle.optimizer.lr.LRScheduler):
        optimizer.set_lr(lr)


def optimizer_state_kind_of(optimizer):
    """Which of the kinds it is. Raises OptimizerStateError for another optimizer."""
    name = type(optimizer).__name__
    for kind in KINDS:
        if kind.paddle == name:
            return kind
    raise OptimizerStateError(
        f"the state of a paddle {name} has no portable form here: torch has no such optimizer, or another rule for it; "
        f"those of {ALL} have one"
    )


def settings(optimizer, names):
    """What the update of each parameter depends on, by its name; names: by ``id`` of the parameter.

    As paddle reads them: ``learning_rate`` of a group is a factor, as that of a parameter's ``ParamAttr``; a
    regularizer of a parameter's own goes before the optimizer's.
    """
    kind, base, found = optimizer_state_kind_of(optimizer), learning_rate(optimizer), {}
    for group in groups(optimizer):
        for parameter in group["params"]:
            if id(parameter) in names:
                own = {"lr": base * factor(optimizer, parameter), **_decays(optimizer, group, parameter)}
                own |= {name: _setting(optimizer, group, name) for name in kind.settings}
                found[names[id(parameter)]] = own
    return found


def groups(optimizer):
    """The groups of parameters; one where they are given as a list."""
    given = optimizer._param_groups
    return given if given and isinstance(given[0], dict) else [{"params": given or []}]


def factor(optimizer, parameter):
    """What the optimizer's learning rate is multiplied with for a parameter."""
    own = float((getattr(parameter, "optimize_attr", None) or {}).get("learning_rate", 1.0))
    ratio = getattr(optimizer, "_lr_ratio", None)
    return own * (1.0 if ratio is None else float(ratio(parameter)))


def optimizer_state(
    optimizer, named_parameters, own_units=False
):
    """The portable state (see :mod:`conformance.transfer.slots`) of every parameter updated so far.

    ``own_units`` leaves RMSProp's momentum as paddle keeps it, under the name ``update_buffer``.
    """
    kind, named, kept = optimizer_state_kind_of(optimizer), dict(named_parameters), accumulators(optimizer)
    set_to = settings(optimizer, {id(parameter): name for name, parameter in named.items()})
    state = {}
    for name, parameter in named.items():
        tensors, wanted = kept.get(parameter.name), expected(kind, set_to.get(name, {}))
        if not tensors or not wanted:
            continue
        arrays = {slot: to_array(tensors[kind.slots[slot].paddle]) for slot in wanted if slot != "step"}
        if "step" in wanted:
            step = _steps_taken(kind, set_to[name], tensors)
            require_held(kind, step)
            arrays = {"step": np.asarray(step, np.int64), **arrays}
            if kind.name == "nadam":
                require_product(optimizer_state_number(tensors["mu_product"]), step, set_to[name], name)
        if "momentum_buffer" in arrays:
            buffer = {"update_buffer": arrays.pop("momentum_buffer")}
            lr = set_to[name]["lr"]
            arrays |= buffer if own_units else {"momentum_buffer": momentum_buffer(buffer, lr)}
        state[name] = arrays
    return state


def load_optimizer_state(
    optimizer,
    named_parameters,
    state,
):
    """Replaces what ``optimizer`` remembers by ``state``; a parameter without an entry starts anew.

    Raises OptimizerStateError, having changed nothing, where ``state`` does not fit.
    """
    kind = optimizer_state_kind_of(optimizer)
    parameters = {name: parameter for name, parameter in named_parameters if not parameter.stop_gradient}
    set_to = settings(optimizer, {id(parameter): name for name, parameter in parameters.items()})
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    slots_check(state, shapes, kind.name, {name: expected(kind, own) for name, own in set_to.items()})
    for arrays in state.values():
        require_held(kind, int(arrays.get("step", 0)))
    # set_state_dict would need the very keys that this optimizer is going to generate. So let it create its tensors
    # now, as its first step would, and fill them.
    create_accumulators(optimizer, [parameters[name] for name in state])
    kept = accumulators(optimizer)
    by_own_name = {parameter.name: name for name, parameter in parameters.items()}
    for parameter_name, tensors in kept.items():
        name = by_own_name[parameter_name]
        arrays = state.get(name) or _fresh(optimizer, expected(kind, set_to[name]), tensors, kind)
        for slot in expected(kind, set_to[name]):
            if slot == "step":
                _set_counters(kind, set_to[name], tensors, int(arrays["step"]))
            else:
                lr = set_to[name]["lr"]
                value = update_buffer(arrays, lr) if slot == "momentum_buffer" else arrays[slot]
                tensor = tensors[kind.slots[slot].paddle]
                put(tensor, value)


def create_accumulators(optimizer, parameters):
    """Lets the optimizer create the tensors of its state, filled as before its first step, or as it has loaded them."""
    if optimizer.helper is None:  # paddle 2 makes the tensors through this helper, which its first step would set
        optimizer.helper = paddle.base.layer_helper.LayerHelper(type(optimizer).__name__)
    wanted = {id(parameter) for parameter in parameters}
    block = paddle.static.default_main_program().global_block()
    for group in groups(optimizer):
        chosen = [parameter for parameter in group["params"] if id(parameter) in wanted]
        if chosen and len(group) > 1:  # a group's settings decide what its accumulators begin with
            optimizer._create_accumulators(block, {**group, "params": chosen})
        elif chosen:
            optimizer._create_accumulators(block, chosen)


def accumulators(optimizer):
    """The optimizer's own tensors by parameter name and accumulator name."""
    lead = f"{optimizer._name}_" if optimizer._name is not None else ""
    found = {}
    for accumulator, tensors in optimizer._accumulators.items():
        for name, tensor in tensors.items():
            found.setdefault(name, {})[accumulator.removeprefix(lead)] = tensor
    return found


def dtype_of(tensor):
    """NumPy's dtype for a tensor's."""
    return named(str(tensor.dtype).removeprefix("paddle."))


def put(tensor, value):
    """Overwrite an accumulator, in its own dtype."""
    tensor.set_value(bits(np.asarray(value, dtype_of(tensor)), "paddle"))


def _setting(optimizer, group, name):
    """A group's own value; or the one that the optimizer was made with, since its attributes are the last group's."""
    key, absent = SETTINGS[name].paddle, SETTINGS[name].absent
    if key is None:
        return absent
    made_with = optimizer._default_dict.get(key, getattr(optimizer, f"_{key}", absent))
    value = group.get(key, made_with)
    return bool(value) if isinstance(absent, bool) else float(value)


def _decays(
    optimizer, group, parameter
):
    """The decays of a parameter: AdamW's, and what a regularizer adds to the gradient."""
    found = dict.fromkeys(DECAYS, 0.0)
    if isinstance(optimizer, paddle.optimizer.AdamW):
        chosen = optimizer._apply_decay_param_fun
        given = group.get("weight_decay", optimizer._default_dict["weight_decay"])
        found["decoupled"] = float(given) if chosen is None or chosen(parameter.name) else 0.0
    own = getattr(parameter, "regularizer", None)
    applied = own if own is not None else optimizer.regularization
    if isinstance(optimizer, paddle.optimizer.Momentum) and own is None and applied is None:
        # It keeps L2 decay apart, and takes it from the group.
        made_with = optimizer._default_dict["regularization_coeff"]
        found["coupled"] = float(group.get("regularization_coeff", made_with))
    elif applied is not None:
        first = isinstance(applied, paddle.regularizer.L1Decay)
        found["l1" if first else "coupled"] = float(getattr(applied, "_coeff", applied))
    return found


def _fresh(
    optimizer, slots, tensors, kind
):
    """What a parameter has before its first update."""
    first = float(getattr(optimizer, "initial_accumulator_value", 0.0))
    return {slot: np.zeros([]) if slot == "step" else np.full(tensors[kind.slots[slot].paddle].shape, first)
            for slot in slots}


def _set_counters(kind, set_to, tensors, step):
    for name, power in kind.powers.items():
        base = base_of(power, set_to)
        _fill(tensors[name], slots_power(base, step + power.ahead, dtype_of(tensors[name])))
    if kind.name == "nadam":
        _fill(tensors["mu_product"], mu_product(step, set_to, dtype_of(tensors["mu_product"])))
    elif kind.name == "radam":
        _fill(tensors["rho"], rho(step, set_to))


def _fill(tensor, number):
    """NAdam and RAdam keep a number as often as the parameter has elements."""
    put(tensor, np.full(tensor.shape, number))


def optimizer_state_number(tensor):
    held = np.unique(tensor.numpy())
    if held.size != 1:
        raise OptimizerStateError(f"{tensor.name} holds unlike numbers, where paddle keeps one of each parameter")
    return float(held[0])


def _steps_taken(kind, set_to, tensors):
    found = {name: (optimizer_state_number(tensors[name]), str(dtype_of(tensors[name]))) for name in kind.powers}
    return steps_taken(kind, set_to, found)


FORMAT = 1


checkpoint_SUFFIXES = {"torch": ".pth", "paddle": ".pdparams"}


_PARTS = {"format": int, "framework": str, "model": dict, "optimizer": dict, "schedule": dict, "epoch": int}


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or does not fit what it is loaded into; the message names the file."""


@dataclass(frozen=True)
class Checkpoint:
    """A training run at the end of an epoch.

    ``optimizer`` is {"lr": float, "state": {parameter: {slot: array}}}; ``schedule`` is {"epoch", "base_lr", "lr"};
    ``options`` are those that the run was started with, ``history`` holds one {"epoch", "loss", "lr"} per epoch.
    """

    framework: str
    model: dict[str, np.ndarray]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    epoch: int
    options: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def portable_model(self, model):
        """The weights in torch's names and layout; ``model``, of either framework, says which layers they are of."""
        return to_portable(self.model, places(model)) if self.framework == "paddle" else self.model

    def optimizer_state(self, model, framework):
        """The optimizer's state in the names and layout of ``framework``'s parameters of ``model``."""
        state = self.optimizer["state"]
        if self.framework == framework:
            return state
        convert = optimizer_to_portable if self.framework == "paddle" else optimizer_to_paddle
        return convert(state, places(model))


def read(path):
    """The checkpoint in a .pth or .pdparams file of either framework; nothing in the file is executed.

    Raises CheckpointError for a file that is missing, truncated, refused, or no checkpoint.
    """
    try:
        tree = read_tree(path)
    except TransferError as error:
        raise CheckpointError(str(error)) from error
    problem = _problem(tree)
    if problem:
        raise CheckpointError(f"{fspath(path)} is no training checkpoint: {problem}; give a file that train wrote")
    parts = {key: tree[key] for key in Checkpoint.__dataclass_fields__ if key in tree}
    return Checkpoint(**parts)


def _problem(tree):
    """What keeps ``tree`` from being a checkpoint, or nothing."""
    if not isinstance(tree, Mapping):
        return f"it holds a {type(tree).__name__}"
    for key, kind in _PARTS.items():
        if not isinstance(tree.get(key), kind):
            return f"it has no {key!r}" if key not in tree else f"its {key!r} is a {type(tree[key]).__name__}"
    if tree["format"] != FORMAT:
        return f"its format is {tree['format']}, this program reads {FORMAT}"
    if tree["framework"] not in checkpoint_SUFFIXES:
        return f"its framework is {tree['framework']!r}"
    if not isinstance(tree["optimizer"].get("state"), dict) or not _is_number(tree["optimizer"].get("lr")):
        return "its optimizer lacks 'state' or 'lr'"
    if not all(_is_number(tree["schedule"].get(key)) for key in ("epoch", "base_lr", "lr")):
        return "its schedule lacks 'epoch', 'base_lr' or 'lr'"
    return ""


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


REQUIRED = object()


OPTIMIZERS = {
    "sgd": {},
    "momentum": {"momentum": 0.9, "nesterov": False},
    "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "rmsprop": {"alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False},
}


def resolve(kind, table, name, given):
    """The hyperparameters of ``name``: ``given`` over the defaults in ``table``.

    Raises ValueError for a name or a hyperparameter that ``table`` does not have, and for a missing required one.
    ``kind`` ("optimizer", "schedule") only words the message.
    """
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}: choose one of {', '.join(table)}")
    defaults = table[name]
    for key in given:
        if key not in defaults:
            known = ", ".join(defaults) or "none"
            raise ValueError(f"{kind} {name!r} has no hyperparameter {key!r}: it has {known}")
    values = {**defaults, **given}
    for key, value in values.items():
        if value is REQUIRED:
            raise ValueError(f"{kind} {name!r} needs a value for {key!r}")
    return values


def make_optimizer(
    name,
    named_parameters,
    lr,
    weight_decay=0.0,
    l1_decay=0.0,
    **hyperparameters,
):
    """One of sgd, momentum, adam, adamw, rmsprop over the trainable parameters.

    ``weight_decay`` adds ``weight_decay * w`` to the gradient (adamw: shrinks w by ``lr * weight_decay`` instead); it
    may be a float or ``paddle.regularizer.L2Decay``, the form that paddle documents. ``l1_decay`` adds
    ``l1_decay * sign(w)`` by ``paddle.regularizer.L1Decay``. ``lr`` may be one of paddle's schedulers.
    Other hyperparameters and their defaults: :data:`reference_impl.hyperparameters.OPTIMIZERS`. Raises ValueError for
    unknown names and for combinations that one of the frameworks lacks.

    RMSProp takes eps inside the square root, g / sqrt(v + eps), where torch has g / (sqrt(v) + eps).
    """
    values = resolve("optimizer", OPTIMIZERS, name, hyperparameters)
    if l1_decay and (weight_decay or name == "adamw"):
        raise ValueError("l1_decay cannot be combined with weight_decay or adamw: paddle takes one regularizer")
    parameters = [parameter for _, parameter in named_parameters if not parameter.stop_gradient]
    renamed = {"eps": "epsilon", "alpha": "rho", "nesterov": "use_nesterov"}
    values = {renamed.get(key, key): value for key, value in values.items()}
    classes = {
        "sgd": paddle.optimizer.SGD,
        "momentum": paddle.optimizer.Momentum,
        "adam": paddle.optimizer.Adam,
        "adamw": paddle.optimizer.AdamW,
        "rmsprop": paddle.optimizer.RMSProp,
    }
    decay = paddle.regularizer.L1Decay(l1_decay) if l1_decay else weight_decay
    return classes[name](
        learning_rate=float(lr) if isinstance(lr, int) else lr,
        parameters=parameters,
        weight_decay=decay if decay or name == "adamw" else None,
        **values,
    )


def load_schedule_state(schedule, state):
    """Puts the schedule, and with it its optimizer's learning rate, where ``state`` says."""
    schedule.base_lr = state["base_lr"]
    schedule.set_state_dict({"last_epoch": int(state["epoch"]), "last_lr": state["lr"]})


def load(
    path,
    model,
    optimizer=None,
    schedule=None,
):
    """Puts model, optimizer and schedule where the .pth or .pdparams file at ``path`` says, and returns what it held.

    Raises CheckpointError, with the model unchanged, where the file is bad or does not fit; optimizer and schedule are
    unchanged too where it is the weights that do not.
    """
    found = read(path)
    try:
        before = from_paddle(model)
        load_into_paddle(model, found.portable_model(model))
        try:
            if schedule is not None:
                load_schedule_state(schedule, found.schedule)
            if optimizer is not None:
                set_learning_rate(optimizer, found.optimizer["lr"])
                load_optimizer_state(optimizer, model.named_parameters(), found.optimizer_state(model, "paddle"))
        except (TransferError, OptimizerStateError):
            load_into_paddle(model, before)
            raise
    except (TransferError, OptimizerStateError) as error:
        raise CheckpointError(f"{fspath(path)}: {error}") from error
    return found


class SimpleCNN(nn.Layer):
    """Classifier of images [batch, 3, 32, 32] into logits [batch, classes].

    ``relu=False`` drops every ReLU, which leaves max pooling as the only non-linearity. ``dropout`` is the
    probability that a feature before the last layer is dropped in training.
    """

    def __init__(self, relu=True, dropout=0.0, classes=10):
        super().__init__()
        self.relu = relu
        self.conv1 = nn.Conv2D(3, 32, 3)
        self.conv2 = nn.Conv2D(32, 64, 3)
        self.fc1 = nn.Linear(64 * 6 * 6, 128)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(128, classes)

    def forward(self, x):
        return self.activations(x)["logits"]

    def activations(self, x):
        """The output of every layer, in order; conv1, conv2 and fc1 are taken before their ReLU."""
        seen = {}
        x = seen["conv1"] = self.conv1(x)
        x = seen["pool1"] = F.max_pool2d(self._activate(x), 2)
        x = seen["conv2"] = self.conv2(x)
        x = seen["pool2"] = F.max_pool2d(self._activate(x), 2)
        x = seen["fc1"] = self.fc1(paddle.flatten(x, 1))
        seen["logits"] = self.fc2(self.dropout(self._activate(x)))
        return seen

    def _activate(self, x):
        return F.relu(x) if self.relu else x


def cross_entropy(logits, labels):
    """Softmax cross-entropy of logits [batch, classes] and int64 labels [batch], averaged over the batch."""
    return F.cross_entropy(logits, labels)


def l1_penalty(parameters, coefficient):
    """coefficient * sum |w| over all parameters; its gradient is coefficient * sign(w), with sign(0) = 0."""
    return coefficient * sum(parameter.abs().sum() for parameter in parameters)


def l2_penalty(parameters, coefficient):
    """coefficient / 2 * sum w^2 over all parameters; its gradient is coefficient * w, as weight decay's is."""
    return coefficient / 2 * sum(parameter.square().sum() for parameter in parameters)


def trainable(model):
    """The model's parameters that are trained, with their names: paddle also lists batch norm's statistics."""
    return [(name, parameter) for name, parameter in model.named_parameters() if not parameter.stop_gradient]


def train_step(
    model,
    optimizer,
    images,
    labels,
    l1=0.0,
    l2=0.0,
):
    """One update on one batch: {"loss" (with penalties), "logits"} from before it, detached.

    ``l1`` adds l1 * sum |w| and ``l2`` adds l2 / 2 * sum w^2 to the loss, over all trainable parameters. The gradients
    stay in the parameters until the next step.
    """
    # By default clear_grad leaves zeros, and a parameter that gets no new gradient would go on moving by its moments.
    optimizer.clear_grad(set_to_zero=False)
    logits = model(images)
    loss = cross_entropy(logits, labels)
    if l1:
        loss = loss + l1_penalty((parameter for _, parameter in trainable(model)), l1)
    if l2:
        loss = loss + l2_penalty((parameter for _, parameter in trainable(model)), l2)
    loss.backward()
    optimizer.step()
    return {"loss": loss.detach(), "logits": logits.detach()}


_STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "int64": "LongStorage"}


@dataclass(frozen=True)
class Name:
    """Something that a pickle names, by module and name."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call that a pickle asks its reader for."""

    function: Name
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class _Persistent:
    """A reference to data beside the pickle."""

    key: tuple[Any, ...]


def pickled(tree):
    """The pickle, of protocol 2, of plain containers, numbers, strings and :class:`Call`."""
    return b"\x80\x02" + _opcodes(tree) + b"."


def _opcodes(value):
    """What puts a value on the stack of a pickle machine (see ``pickletools.dis``)."""
    if isinstance(value, Mapping):
        items = b"".join(_opcodes(key) + _opcodes(item) for key, item in value.items())
        return b"}(" + items + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_opcodes, value)) + b"e"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_opcodes, value)) + b"t"
    if isinstance(value, str):
        text = value.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        data = pickle.encode_long(value)
        return b"\x8a" + struct.pack("<B", len(data)) + data
    if isinstance(value, Name):
        return f"c{value.module}\n{value.name}\n".encode()
    if isinstance(value, Call):
        return _opcodes(value.function) + _opcodes(value.arguments) + b"R"
    if isinstance(value, _Persistent):
        return _opcodes(value.key) + b"Q"
    raise TypeError(f"a {type(value).__name__} has no place in a pickle of plain data")


def torch_archive(tree):
    """The bytes of a .pth file: a zip archive of a pickle, and of each tensor's elements beside it."""
    elements = []

    def with_tensors(value):
        if isinstance(value, np.ndarray):
            elements.append(value.tobytes())
            key = ("storage", Name("torch", _STORAGES[str(value.dtype)]), str(len(elements) - 1), "cpu", value.size)
            strides = tuple(int(np.prod(value.shape[place + 1 :])) for place in range(value.ndim))
            hooks = Call(Name("collections", "OrderedDict"), ())
            parts = (_Persistent(key), 0, value.shape, strides, False, hooks)
            return Call(Name("torch._utils", "_rebuild_tensor_v2"), parts)
        if isinstance(value, Mapping):
            return {key: with_tensors(item) for key, item in value.items()}
        return [with_tensors(item) for item in value] if isinstance(value, list) else value

    pickle_data = pickled(with_tensors(tree))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickle_data)
        archive.writestr("archive/byteorder", "little")
        for place, data in enumerate(elements):
            archive.writestr(f"archive/data/{place}", data)
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def checkpoint_tree(run, suffix, places):
    """The tree of a checkpoint, as the framework that writes ``suffix`` (.pth, .pdparams) keeps it.

    ``run`` has the fields of ``reference_impl.checkpoint.Checkpoint``, weights and optimizer state in torch's names and
    layout; ``places`` are those of its model. RMSprop's momentum becomes paddle's, which contains the learning rate.
    """
    model, optimizer = run["model"], run["optimizer"]
    if suffix == ".pdparams":
        model = to_paddle(model, places)
        state = {
            name: {paddle_slot(slot): paddle_array(slot, array, optimizer["lr"]) for slot, array in arrays.items()}
            for name, arrays in optimizer["state"].items()
        }
        optimizer = {**optimizer, "state": optimizer_to_paddle(state, places)}
    framework = {".pth": "torch", ".pdparams": "paddle"}[suffix]
    return {"format": FORMAT, "framework": framework, **run, "model": model, "optimizer": optimizer}


def paddle_slot(slot):
    """The name of an array of optimizer state in a file that paddle writes."""
    return "update_buffer" if slot == "momentum_buffer" else slot


def paddle_array(slot, array, lr):
    """An array of optimizer state as paddle keeps it."""
    return (array * np.float64(lr)).astype(np.float32) if slot == "momentum_buffer" else array


def checkpoint_bytes(tree, suffix):
    """The bytes of a checkpoint file of a format, written without its framework."""
    if suffix == ".pth":
        return torch_archive(tree)
    return pickle.dumps(dict(tree), protocol=4)


def paddle_cnn(relu):
    """A paddle SimpleCNN on the lane's device, whose weights are about to be loaded."""
    import paddle

    return _paddle_cnn(relu, paddle.get_device())


@lru_cache
def _paddle_cnn(relu, device):
    return SimpleCNN(relu)


def scheduled(lr, epoch):
    """Where an exponential schedule with gamma 1/2 stands; exact, for ``lr`` a power of two."""
    return {"epoch": epoch, "base_lr": lr, "lr": lr * 0.5**epoch}


def plain_run(weights, state, lr, epoch, history):
    """The parts of a checkpoint of a run under an exponential schedule with gamma 1/2, in torch's layout."""
    schedule = scheduled(lr, epoch)
    optimizer = {"lr": schedule["lr"], "state": state}
    return {"model": weights, "optimizer": optimizer, "schedule": schedule, "epoch": epoch, "history": history}


PRE_ACTIVATIONS = ("conv1", "conv2", "fc1")


def is_linear(name):
    """Whether a parameter of the reference models is the weight of a linear layer, which paddle transposes."""
    return name.startswith("fc") and name.endswith("weight")


def portable_gradients(parameters):
    """Paddle's gradients in torch's layout: those of linear weights are transposed."""
    return {name: parameter.grad.t() if is_linear(name) else parameter.grad for name, parameter in parameters}


def watch(model, register):
    """Follow the outputs that decide ReLU and pooling; the function returned removes the hooks and gives them."""
    seen = {}
    hooks = [
        getattr(getattr(model, name), register)(lambda _m, _i, output, name=name: seen.update({name: output}))
        for name in PRE_ACTIVATIONS
    ]

    def finish():
        for hook in hooks:
            hook.remove()
        return seen

    return finish


def portable_state(state):
    """Optimizer state with the arrays of linear weights transposed: from torch's layout to paddle's, and back."""
    return {
        name: {slot: array.T.copy() for slot, array in arrays.items()} if is_linear(name) else arrays
        for name, arrays in state.items()
    }


def call(images, labels, relu, weights, penalties, optimizer, state, suffix):
    import tempfile
    from pathlib import Path

    import paddle

    model = paddle_cnn(relu)
    parameters = trainable(model)
    updater = make_optimizer(optimizer["name"], parameters, **{**optimizer["hyper"], "lr": 1.0})
    run = plain_run(weights, state, optimizer["hyper"]["lr"], 0, [])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"other{suffix}"
        path.write_bytes(checkpoint_bytes(checkpoint_tree(run, suffix, places(model)), suffix))
        load(path, model, updater)
    seen = watch(model, "register_forward_post_hook")
    result = train_step(model, updater, paddle.to_tensor(images), paddle.to_tensor(labels), **penalties)
    gradients = portable_gradients(parameters)
    after = portable_state(optimizer_state(updater, parameters))
    return {**seen(), **result, "gradient": gradients, "parameter": from_paddle(model), "state": after}


INPUTS = {
    'images': np.resize(np.array([0.25, 0.5, 0.125, 1.0, 0.0], 'float32'), (1, 3, 32, 32)),
    'labels': np.array([3], 'int64'),
    'relu': True,
    'penalties': {'l1': 0.0, 'l2': 0.0},
    'optimizer': {'name': 'adam', 'hyper': {'lr': 0.001, 'weight_decay': 0.0}},
    'state': {},
    'suffix': '.pth',
    'weights': {
        'conv1.weight': np.resize(np.array([0.25, -0.125, 0.0625, 0.125, -0.0625, 0.1875, 0.03125], 'float32'), (32, 3, 3, 3)),
        'conv1.bias': np.array(
            [
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
            ],
            'float32',
        ),
        'conv2.weight': np.resize(np.array([0.0625, -0.03125, 0.015625, 0.03125, -0.0625, 0.046875, 0.0078125], 'float32'), (64, 32, 3, 3)),
        'conv2.bias': np.array(
            [
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125,
            ],
            'float32',
        ),
        'fc1.weight': np.resize(np.array(
            [0.015625, -0.03125, 0.015625, 0.0078125, -0.015625, 0.01171875, 0.001953125],
            'float32',
        ), (128, 2304)),
        'fc1.bias': np.array(
            [
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
                0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125,
            ],
            'float32',
        ),
        'fc2.weight': np.resize(np.array(
            [
                0.00390625, -0.0078125, 0.00390625, 0.001953125, -0.00390625, 0.0029296875,
                0.00048828125,
            ],
            'float32',
        ), (10, 128)),
        'fc2.bias': np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 'float32'),
    },
}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'state.fc2.bias.v': (
        np.array(
            [
                1.01803917e-05, 1.0859553e-05, 9.5721465e-06, 0.00081126573, 8.7361732e-06,
                9.6929776e-06, 1.058709e-05, 1.01803917e-05, 1.0859553e-05, 9.5721465e-06,
            ],
            'float64',
        ),
        np.array(
            [9.5e-11, 1.1e-10, 8.9e-11, 1.5e-09, 8.3e-11, 9.2e-11, 1e-10, 9.5e-11, 1.1e-10, 8.9e-11],
            'float64',
        ),
        'float32',
    ),
    'state.fc1.bias.v': (
        np.array(
            [
                2.616977e-11, 1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09,
                2.66823595e-08, 1.18237989e-08, 2.616977e-11, 1.66774333e-08, 6.3669782e-08,
                8.2378993e-09, 8.4916982e-09, 2.66823595e-08, 1.18237989e-08, 2.616977e-11,
                1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09, 2.66823595e-08,
                1.18237989e-08, 2.616977e-11, 1.66774333e-08, 6.3669782e-08, 8.2378993e-09,
                8.4916982e-09, 2.66823595e-08, 1.18237989e-08, 2.616977e-11, 1.66774333e-08,
                6.3669782e-08, 8.2378993e-09, 8.4916982e-09, 2.66823595e-08, 1.18237989e-08,
                2.616977e-11, 1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09,
                2.66823595e-08, 1.18237989e-08, 2.616977e-11, 1.66774333e-08, 6.3669782e-08,
                8.2378993e-09, 8.4916982e-09, 2.66823595e-08, 1.18237989e-08, 2.616977e-11,
                1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09, 2.66823595e-08,
                1.18237989e-08, 2.616977e-11, 1.66774333e-08, 6.3669782e-08, 8.2378993e-09,
                8.4916982e-09, 2.66823595e-08, 1.18237989e-08, 2.616977e-11, 1.66774333e-08,
                6.3669782e-08, 8.2378993e-09, 8.4916982e-09, 2.66823595e-08, 1.18237989e-08,
                2.616977e-11, 1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09,
                2.66823595e-08, 1.18237989e-08, 2.616977e-11, 1.66774333e-08, 6.3669782e-08,
                8.2378993e-09, 8.4916982e-09, 2.66823595e-08, 1.18237989e-08, 2.616977e-11,
                1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09, 2.66823595e-08,
                1.18237989e-08, 2.616977e-11, 1.66774333e-08, 6.3669782e-08, 8.2378993e-09,
                8.4916982e-09, 2.66823595e-08, 1.18237989e-08, 2.616977e-11, 1.66774333e-08,
                6.3669782e-08, 8.2378993e-09, 8.4916982e-09, 2.66823595e-08, 1.18237989e-08,
                2.616977e-11, 1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09,
                2.66823595e-08, 1.18237989e-08, 2.616977e-11, 1.66774333e-08, 6.3669782e-08,
                8.2378993e-09, 8.4916982e-09, 2.66823595e-08, 1.18237989e-08, 2.616977e-11,
                1.66774333e-08, 6.3669782e-08, 8.2378993e-09, 8.4916982e-09, 2.66823595e-08,
                1.18237989e-08, 2.616977e-11, 1.66774333e-08,
            ],
            'float64',
        ),
        np.array(
            [
                1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13,
                4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14,
                5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14,
                2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14,
                9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15,
                7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14,
                4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14,
                1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13,
                4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14,
                5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14,
                2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14,
                9e-14, 5.6e-14, 1.9e-15, 7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15,
                7e-14, 2e-13, 4.2e-14, 4.4e-14, 9e-14, 5.6e-14, 1.9e-15, 7e-14,
            ],
            'float64',
        ),
        'float32',
    ),
}


def flatten(result, name="output"):
    """Name the parts of a call's result: a dictionary by its keys, a sequence by position, anything else 'output'.

    Parts of parts have dotted names, at any depth.
    """
    if isinstance(result, dict):
        return {k: v for key, value in result.items() for k, v in _parts(str(key), value)}
    if isinstance(result, list | tuple):
        return {k: v for place, value in enumerate(result) for k, v in _parts(f"{name}.{place}", value)}
    return {name: result}


def _parts(name, value):
    inner = flatten(value, name)
    return [(f"{name}.{key}", part) for key, part in inner.items()] if isinstance(value, dict) else list(inner.items())


def observe_paddle(
    call,
    inputs,
    tensors,
    gradients,
    cotangent,
    device,
    tf32,
):
    """Every quantity of the call as (array, dtype by name), on one thread, TF32 as asked."""
    import paddle

    paddle.set_device(device)
    paddle.base.core.set_num_threads(1)
    if device != "cpu":
        paddle.set_flags({"FLAGS_allow_tf32_cublas": tf32, "FLAGS_allow_tf32_cudnn": tf32})
    paddle.seed(0)
    given = dict(inputs)
    for name, value in inputs.items():
        if tensors and isinstance(value, np.ndarray):
            given[name] = paddle.to_tensor(value, stop_gradient=name not in gradients)
    results = flatten(call(**given))
    leaves = {name: given[name] for name in gradients if isinstance(given.get(name), paddle.Tensor)}
    if leaves:
        upstream = [paddle.to_tensor(cotangent)]
        found = paddle.grad([results["output"]], list(leaves.values()), upstream, allow_unused=True)
        results.update({f"gradient.{name}": value for name, value in zip(leaves, found, strict=True)})
    observed = {}
    for name, value in results.items():
        if isinstance(value, paddle.Tensor):
            dtype = str(value.dtype).removeprefix("paddle.")
            plain = value.astype("float32") if dtype in ("float16", "bfloat16") else value
            observed[name] = (plain.numpy(), dtype)
        elif value is not None:
            observed[name] = (np.asarray(value), str(np.asarray(value).dtype))
    return observed


def compare(observe, expected):
    """Print got, expected, error and allowed of every quantity, at the worst place; 1 where one diverges, else 0.

    expected: value, allowed absolute error, dtype (``None``: any) and perhaps whether zeros have a sign, by quantity.
    """
    try:
        observed = observe()
    except ImportError:
        raise
    except Exception as error:
        print(f"got {type(error).__name__}: {error}\nexpected values, not an error: DIVERGES")
        return 1
    agree = observed.keys() == expected.keys()
    for name in sorted(observed.keys() ^ expected.keys()):
        print(f"{name}: {'expected, but not returned' if name in expected else 'returned, but not expected'}: DIVERGES")
    for name in [name for name in expected if name in observed]:
        text, holds = compare_quantity(*observed[name], *expected[name])
        print(f"{name}: {text}: {'agrees' if holds else 'DIVERGES'}")
        agree = agree and holds
    return 0 if agree else 1


def compare_quantity(
    got, dtype, value, allowed, wanted, signed=False
):
    """One quantity in words, and whether it is within what is allowed; NaN and infinities must be met exactly."""
    if wanted is not None and dtype != wanted:
        return f"got dtype {dtype}, expected {wanted}", False
    if got.shape != value.shape:
        return f"got shape {got.shape}, expected {value.shape}", False
    if not got.size:
        return f"got shape {got.shape} without elements, as expected", True
    equal = got == value
    if signed:
        equal = equal & ((got != 0) | (np.signbit(got) == np.signbit(value)))
    if got.dtype.kind == "f" or (got.dtype.kind in "iu" and value.dtype.kind == "f"):
        with np.errstate(all="ignore"):
            equal = equal | (np.isnan(got) & np.isnan(value))
            distance = np.abs(np.subtract(got, value, dtype=np.float64))
            error = np.where(equal, 0.0, np.where(np.isfinite(distance), distance, np.inf))
            ratio = np.where(equal | np.isposinf(allowed), 0.0, error / allowed)  # an infinite bound promises nothing
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
    else:
        error = ratio = np.where(equal, 0.0, np.inf)
    at = np.unravel_index(int(ratio.argmax()), ratio.shape)
    limit = float(np.broadcast_to(allowed, ratio.shape)[at])
    text = f"got {got[at]}, expected {value[at]}, error {error[at]:.3g}, allowed {limit:.3g}"
    where = f" at {[int(i) for i in at]}, {np.count_nonzero(ratio > 1)} of {ratio.size} outside" if got.ndim else ""
    return text + where, bool((ratio <= 1).all())


def observe():
    return {name: value for name, value in observe_paddle(call, INPUTS, False, (), COTANGENT, 'cpu', False).items() if name in EXPECTED}


if __name__ == "__main__":
    sys.exit(compare(observe, EXPECTED))
