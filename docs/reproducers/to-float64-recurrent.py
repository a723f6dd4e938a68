"""to-float64-recurrent: paddle >=2.6.2, <3.4 against transfer.to_float64

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: Converted to float64, a layer keeps every value, and every parameter and buffer is float64.
Instead: Layer.to(dtype=...) fails on a recurrent layer, and so on every model that holds one: it converts the
layer's buffer for dropout masks, which has no values before the layer has run on a GPU.
Upstream: none known.

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
import numpy as np


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


def walk(model, side, rules=()):
    """Return every (place, tensor) of `model`, each tensor exactly once, in the order of definition."""
    index = index_rules(side, rules)
    found = []
    owners = {}
    for path, layer in _layers(model, side, index):
        rule = find_rule(type(layer), index)
        for name, tensor in _own_tensors(layer, side):
            place = _place(path, layer, name, tensor, rule, side)
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


def _place(path, layer, name, tensor, rule, side):
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


_COUNTER = "num_batches_tracked"


def without_counters(portable, expected):
    """Return `portable` without the batch counters of layers whose running statistics are in `expected`."""
    return {
        key: value
        for key, value in portable.items()
        if key.rpartition(".")[2] != _COUNTER or key.removesuffix(_COUNTER) + "running_mean" not in expected
    }


GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def _projection(sizes):
    return {"proj_size": sizes["projection"]} if sizes.get("projection") else {}


def paddle_layer(kind, sizes):
    """The paddle layer of a kind."""
    from paddle import nn

    inner, outer = sizes["inner"], sizes["outer"]
    if kind in GATES:
        made = {"rnn": nn.SimpleRNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind]
        direction = "bidirect" if sizes["bidirectional"] else "forward"
        return made(inner, outer, sizes["layers"], direction=direction, **_projection(sizes))
    return {
        "linear": lambda: nn.Linear(inner, outer),
        "conv": lambda: nn.Conv2D(inner, outer, list(sizes["kernel"])),
        "conv_transposed": lambda: nn.Conv2DTranspose(inner, outer, list(sizes["kernel"])),
        "batch_norm": lambda: nn.BatchNorm2D(inner),
        "layer_norm": lambda: nn.LayerNorm([inner, outer]),
        "embedding": lambda: nn.Embedding(inner, outer),
        "prelu": lambda: nn.PReLU(inner),
    }[kind]()


def call(kind, sizes, weights):
    model = paddle_layer(kind, sizes)
    load_into_paddle(model, weights)
    return from_paddle(model.to(dtype="float64"))


INPUTS = {
    'kind': 'gru',
    'sizes': {'inner': 1, 'outer': 1, 'kernel': (1, 1), 'layers': 1, 'bidirectional': False},
    'weights': {
        'weight_ih_l0': np.array([[0.5], [0.25], [0.75]], 'float32'),
        'weight_hh_l0': np.array([[0.25], [0.5], [0.625]], 'float32'),
        'bias_ih_l0': np.array([-95.0, 0.0, 0.0], 'float32'),
        'bias_hh_l0': np.array([0.125, 0.25, 0.5], 'float32'),
    },
}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity, and whether zeros have a sign.
EXPECTED = {
    'weight_ih_l0': (np.array([[0.5], [0.25], [0.75]], 'float64'), 0.0, 'float64'),
    'weight_hh_l0': (np.array([[0.25], [0.5], [0.625]], 'float64'), 0.0, 'float64'),
    'bias_ih_l0': (np.array([-95.0, 0.0, 0.0], 'float64'), 0.0, 'float64', True),
    'bias_hh_l0': (np.array([0.125, 0.25, 0.5], 'float64'), 0.0, 'float64'),
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
    return observe_paddle(call, INPUTS, False, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(compare(observe, EXPECTED))
