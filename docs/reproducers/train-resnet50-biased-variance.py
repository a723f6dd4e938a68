"""train-resnet50-biased-variance: paddle >=2.6.2, <3.4 against train.resnet50

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: A ResNet-50 training step with Adam and L2 1e-4: loss, gradients, running statistics and parameters
agree. Every activation is judged; of the gradients and updated parameters, about twelve of the 161, others
for every seed.
Instead: BatchNorm updates its running variance with the biased batch variance (torch: the unbiased one);
Adam's betas are float32, see adam-float32-betas.
Upstream: https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/BatchNorm2D_en.html.

Expected: the values of a reference computed in NumPy float64, here for statistic.bn1.running_var,
statistic.layer1.0.bn1.running_var, statistic.layer1.0.bn2.running_var, statistic.layer2.0.bn2.running_var
alone, as all of them would be too large, within the error allowed.
Needs ml_dtypes, numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0
on agreement.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from dataclasses import field
from functools import lru_cache
import numpy as np
import paddle
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


_COUNTER = "num_batches_tracked"


def without_counters(portable, expected):
    """Return `portable` without the batch counters of layers whose running statistics are in `expected`."""
    return {
        key: value
        for key, value in portable.items()
        if key.rpartition(".")[2] != _COUNTER or key.removesuffix(_COUNTER) + "running_mean" not in expected
    }


FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")


EXTRA = ("bfloat16", *FLOAT8)


def named(name):
    """The dtype of this name. Raises TypeError for an unknown one, TransferError where ml_dtypes is not installed."""
    if name not in EXTRA:
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise TransferError(f"{name} needs the package ml_dtypes; install it beside NumPy") from None
    return np.dtype(getattr(ml_dtypes, name))


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


def powers(base, count, dtype=np.float32):
    """base**1 ... base**count as paddle computes them: one rounded multiplication for each step."""
    return np.multiply.accumulate(np.full(count, base, dtype))


def power(base, count, dtype=np.float32):
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
        wanted = float(power(base, step + each.ahead, of))
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
    if kind.name == "nadam" and step and power(0.96, min(step, 4096)) < SMALLEST:
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


def learning_rate(optimizer):
    """The learning rate that the next step will use, before any factor of a group or of a parameter."""
    return float(optimizer.get_lr())


def kind_of(optimizer):
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
    kind, base, found = kind_of(optimizer), learning_rate(optimizer), {}
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
    kind, named, kept = kind_of(optimizer), dict(named_parameters), accumulators(optimizer)
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
                require_product(_number(tensors["mu_product"]), step, set_to[name], name)
        if "momentum_buffer" in arrays:
            buffer = {"update_buffer": arrays.pop("momentum_buffer")}
            lr = set_to[name]["lr"]
            arrays |= buffer if own_units else {"momentum_buffer": momentum_buffer(buffer, lr)}
        state[name] = arrays
    return state


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


def _number(tensor):
    held = np.unique(tensor.numpy())
    if held.size != 1:
        raise OptimizerStateError(f"{tensor.name} holds unlike numbers, where paddle keeps one of each parameter")
    return float(held[0])


def _steps_taken(kind, set_to, tensors):
    found = {name: (_number(tensors[name]), str(dtype_of(tensors[name]))) for name in kind.powers}
    return steps_taken(kind, set_to, found)


def generator(seed):
    """The generator that fills arrays for a drawn seed."""
    return np.random.Generator(np.random.PCG64(seed))


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


def cross_entropy(logits, labels):
    """Softmax cross-entropy of logits [batch, classes] and int64 labels [batch], averaged over the batch."""
    return F.cross_entropy(logits, labels)


def l1_penalty(parameters, coefficient):
    """coefficient * sum |w| over all parameters; its gradient is coefficient * sign(w), with sign(0) = 0."""
    return coefficient * sum(parameter.abs().sum() for parameter in parameters)


def l2_penalty(parameters, coefficient):
    """coefficient / 2 * sum w^2 over all parameters; its gradient is coefficient * w, as weight decay's is."""
    return coefficient / 2 * sum(parameter.square().sum() for parameter in parameters)


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


def resnet50(classes=1000):
    """ResNet-50 with randomly initialised weights: images [batch, 3, height, width] to logits [batch, classes]."""
    return paddle.vision.models.resnet50(pretrained=False, num_classes=classes)


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


RESNET50_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))


def resnet50_shapes(classes=10):
    """Name and shape of every parameter and buffer of ResNet-50, without batch norm's counters."""
    shapes = {}

    def convolution(name, norm, inner, outer, kernel):
        shapes[f"{name}.weight"] = (outer, inner, kernel, kernel)
        shapes.update({f"{norm}.{part}": (outer,) for part in ("weight", "bias", "running_mean", "running_var")})

    convolution("conv1", "bn1", 3, 64, 7)
    inner = 64
    for stage, (width, blocks) in enumerate(RESNET50_STAGES, start=1):
        for number in range(blocks):
            block = f"layer{stage}.{number}"
            convolution(f"{block}.conv1", f"{block}.bn1", inner, width, 1)
            convolution(f"{block}.conv2", f"{block}.bn2", width, width, 3)
            convolution(f"{block}.conv3", f"{block}.bn3", width, 4 * width, 1)
            if number == 0:
                convolution(f"{block}.downsample.0", f"{block}.downsample.1", inner, 4 * width, 1)
            inner = 4 * width
    return {**shapes, "fc.weight": (classes, inner), "fc.bias": (classes,)}


@lru_cache(maxsize=1)
def resnet50_weights(seed):
    """Weights of ResNet-50 with He-normal convolutions and batch norms that are not the identity."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = {}
    for name, shape in resnet50_shapes().items():
        values = rng.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1:
            weights[name] = values * np.float32(np.sqrt(2.0 / np.prod(shape[1:])))
        elif name.endswith(("running_var", "weight")):
            weights[name] = 1 + np.abs(values) / 4
        else:
            weights[name] = values / 10
        weights[name] = weights[name].astype(np.float32)
    return weights


def paddle_resnet50():
    """A paddle ResNet-50 with ten classes on the lane's device, whose weights are about to be loaded."""
    import paddle

    return _paddle_resnet50(paddle.get_device())


@lru_cache
def _paddle_resnet50(device):
    return resnet50(10)


def is_linear(name):
    """Whether a parameter of the reference models is the weight of a linear layer, which paddle transposes."""
    return name.startswith("fc") and name.endswith("weight")


def portable_gradients(parameters):
    """Paddle's gradients in torch's layout: those of linear weights are transposed."""
    return {name: parameter.grad.t() if is_linear(name) else parameter.grad for name, parameter in parameters}


def portable_state(state):
    """Optimizer state with the arrays of linear weights transposed: from torch's layout to paddle's, and back."""
    return {
        name: {slot: array.T.copy() for slot, array in arrays.items()} if is_linear(name) else arrays
        for name, arrays in state.items()
    }


def resnet_batch(seed, batch, size):
    """Images [batch, 3, size, size] and labels of a sample; batch norm needs more than one value a channel."""
    rng = generator(seed)
    return rng.standard_normal((batch, 3, size, size), dtype=np.float32), rng.integers(0, 10, batch)


RESNET_OPTIMIZER = {"name": "adam", "hyper": {"lr": 1e-3, "weight_decay": 1e-4}}


def followed(name):
    """Whether a module's output decides a ReLU or pooling: the first two batch norms of a block, and the block."""
    return re.fullmatch(r"bn1|layer\d\.\d(\.bn[12])?", name) is not None


def chosen(state, looked):
    """The drawn parameters, and the running statistics of their layers."""
    statistics = {name: array for name, array in state.items() if name.endswith(("running_mean", "running_var"))}
    return {"parameter": {name: state[name] for name in looked}, "statistic": statistics}


def call(seed, looked):
    import paddle

    model = paddle_resnet50()
    load_into_paddle(model, resnet50_weights(seed))
    model.train()
    updater = make_optimizer(**RESNET_OPTIMIZER["hyper"], name="adam", named_parameters=trainable(model))
    seen = {}
    hooks = [
        layer.register_forward_post_hook(
            lambda _m, _i, output, name=name: seen.update({name: output.detach().clone()})
        )
        for name, layer in model.named_sublayers()
        if followed(name)
    ]
    images, labels = resnet_batch(seed, 2, 64)
    result = train_step(model, updater, paddle.to_tensor(images), paddle.to_tensor(labels))
    for hook in hooks:
        hook.remove()
    parameters = dict(trainable(model))
    gradients = portable_gradients([(name, parameters[name]) for name in looked])
    after = portable_state(optimizer_state(updater, [(name, parameters[name]) for name in looked]))
    return {**seen, **result, "gradient": gradients, **chosen(from_paddle(model), looked), "state": after}


INPUTS = {
    'seed': 1,
    'looked': ['conv1.weight', 'layer2.0.bn1.weight', 'layer4.2.bn3.bias', 'fc.weight', 'fc.bias'],
}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'statistic.bn1.running_var': (
        np.array(
            [
                1.27051123, 1.12462113, 1.12585469, 1.17267638, 1.08118266, 1.12298783, 1.24389167,
                1.28602663, 1.2917037, 1.16861005, 1.23349839, 1.28946851, 1.30270966, 1.30296145,
                1.1187564, 1.13136677, 1.42998739, 1.3562896, 1.12739015, 1.36709398, 1.18158839,
                1.55311491, 1.3563022, 1.21794615, 1.09287143, 1.10142979, 1.12904181, 1.22580314,
                1.07495447, 1.21633386, 1.26830875, 1.46307695, 1.53851687, 1.08748508, 1.12549696,
                1.11468286, 1.13187617, 1.1385111, 1.47794879, 1.3652994, 1.38247409, 1.4102841,
                1.09430429, 1.16943962, 1.16174352, 1.1411195, 1.40252134, 1.24724115, 1.31600676,
                1.53791045, 1.42017389, 1.49686931, 1.35195788, 1.23957958, 1.29507316, 1.30168915,
                1.0985354, 1.09343511, 1.16877694, 1.11279728, 1.33758535, 1.14105459, 1.11936711,
                1.27581965,
            ],
            'float64',
        ),
        np.array(
            [
                2e-06, 2.1e-06, 2.4e-06, 1.8e-06, 1.9e-06, 2e-06, 2.1e-06, 2.6e-06, 2.6e-06,
                2.8e-06, 2.4e-06, 2.3e-06, 2.5e-06, 2.3e-06, 2.2e-06, 2.2e-06, 2.2e-06, 2.4e-06,
                2.1e-06, 2.4e-06, 2.1e-06, 2.7e-06, 2.1e-06, 2.1e-06, 1.9e-06, 1.9e-06, 2.1e-06,
                1.8e-06, 1.8e-06, 2.4e-06, 2.4e-06, 1.9e-06, 2.3e-06, 2.1e-06, 2.1e-06, 2.2e-06,
                2.1e-06, 1.7e-06, 1.9e-06, 2.1e-06, 2.5e-06, 2.5e-06, 2e-06, 2.1e-06, 2.2e-06,
                2.3e-06, 2.4e-06, 2.3e-06, 2.3e-06, 2.2e-06, 2.1e-06, 2.2e-06, 2.8e-06, 2e-06,
                2.8e-06, 2.1e-06, 1.8e-06, 2.2e-06, 1.8e-06, 2e-06, 2.4e-06, 2e-06, 2.2e-06, 1.7e-06,
            ],
            'float64',
        ),
        'float32',
    ),
    'statistic.layer1.0.bn1.running_var': (
        np.array(
            [
                1.099520575, 1.206966774, 1.1976648, 1.219382242, 1.098240557, 1.108400412,
                1.175999635, 1.16669212, 1.258586506, 1.408054328, 1.309536937, 1.130714278,
                1.18876936, 1.57540143, 1.169529075, 1.158719346, 1.223132151, 1.394580384,
                1.034594143, 1.40337313, 1.052244527, 1.066601213, 1.16914198, 1.299036125,
                1.42847253, 1.105553599, 1.116828162, 1.382391931, 1.591476829, 1.46182419,
                1.027754631, 1.088176612, 1.057186464, 1.137158686, 1.083206887, 1.172546301,
                1.19510356, 1.140485897, 1.17669063, 1.20869479, 1.108977379, 1.236876633,
                1.43238723, 1.092090506, 1.246088834, 1.362210648, 1.10713865, 1.219170477,
                1.18560652, 1.458641772, 1.130071256, 1.330888698, 1.5019594, 1.023385171,
                1.171639345, 1.219210472, 1.16510401, 1.148689003, 1.209322021, 1.050181665,
                1.390476987, 1.055881692, 1.242621363, 1.189570932,
            ],
            'float64',
        ),
        np.array(
            [
                7.1e-07, 6.6e-07, 9.8e-07, 8.2e-07, 8.9e-07, 9.3e-07, 7.6e-07, 9.5e-07, 8.1e-07,
                9.5e-07, 9.4e-07, 7.7e-07, 1.1e-06, 1.2e-06, 8.7e-07, 9e-07, 7e-07, 9e-07, 6.9e-07,
                1.1e-06, 7.2e-07, 7.2e-07, 9.9e-07, 8.6e-07, 1.2e-06, 8.1e-07, 7.6e-07, 8.1e-07,
                9.2e-07, 1.2e-06, 6e-07, 8.4e-07, 7.2e-07, 7.9e-07, 7.7e-07, 7.2e-07, 1.2e-06,
                7.5e-07, 9.5e-07, 7.9e-07, 9.3e-07, 7.2e-07, 9.9e-07, 7.8e-07, 8e-07, 8.9e-07,
                9.8e-07, 8e-07, 1.1e-06, 9.4e-07, 8.9e-07, 8.8e-07, 8.5e-07, 7.9e-07, 6.9e-07,
                8.3e-07, 9.1e-07, 8e-07, 9.1e-07, 7.3e-07, 8.1e-07, 9e-07, 8.1e-07, 6.1e-07,
            ],
            'float64',
        ),
        'float32',
    ),
    'statistic.layer1.0.bn2.running_var': (
        np.array(
            [
                1.093280794, 1.204635629, 1.391374559, 1.467798778, 1.063404379, 1.198709909,
                1.090496289, 1.123462615, 0.992224011, 1.15936171, 1.37080127, 1.154799784,
                1.082762631, 1.197064502, 1.012796724, 1.263500109, 1.569848079, 1.338810917,
                1.357446873, 1.18868027, 1.078452447, 1.198615917, 1.035366706, 1.135023106,
                1.331200666, 1.255637414, 1.090634317, 0.990417589, 1.243385331, 1.334155206,
                1.112634958, 1.323746711, 1.376440374, 1.048927614, 1.230894, 1.164390383,
                1.019872295, 1.347301472, 1.186895646, 1.090579168, 1.053450919, 1.309875715,
                1.071608209, 1.080429063, 1.279857052, 1.130802288, 1.059357254, 1.046388925,
                1.072737616, 1.193667992, 1.10421531, 1.123571384, 1.087642233, 1.124121164,
                1.271396271, 1.335361762, 1.133280902, 1.052278415, 1.179854207, 1.311730799,
                1.142347849, 1.309772164, 1.042339476, 1.156729199,
            ],
            'float64',
        ),
        np.array(
            [
                8.3e-07, 7.8e-07, 8.6e-07, 7.8e-07, 7.4e-07, 7.4e-07, 7.5e-07, 7.3e-07, 6.5e-07,
                7.1e-07, 7.8e-07, 7.3e-07, 6.9e-07, 6.9e-07, 7.4e-07, 7.6e-07, 8.2e-07, 7.6e-07,
                8.3e-07, 7e-07, 7.6e-07, 7.8e-07, 6.6e-07, 8.1e-07, 7.7e-07, 8.1e-07, 6.4e-07,
                6.5e-07, 7.6e-07, 7.7e-07, 7.5e-07, 8.8e-07, 7.8e-07, 7.4e-07, 6.5e-07, 7.4e-07,
                6.4e-07, 8.1e-07, 7.8e-07, 7.8e-07, 6.4e-07, 7.8e-07, 7.5e-07, 7.4e-07, 7.8e-07,
                7.3e-07, 6.8e-07, 7.5e-07, 6.9e-07, 6.9e-07, 7.4e-07, 8.5e-07, 7.3e-07, 7.1e-07,
                7.9e-07, 7.7e-07, 8.1e-07, 6.7e-07, 7.1e-07, 7.7e-07, 8.7e-07, 8.2e-07, 7.5e-07,
                6.6e-07,
            ],
            'float64',
        ),
        'float32',
    ),
    'statistic.layer2.0.bn2.running_var': (
        np.array(
            [
                1.0141, 1.07503, 1.0003, 1.0456, 1.1735, 0.9884, 1.08258, 1.0024, 1.2418, 1.2656,
                1.3135, 1.2769, 1.1889, 1.3382, 1.0182, 1.1755, 1.2655, 1.2284, 1.0287, 1.1632,
                1.0387, 1.096, 1.22301, 1.34942, 1.4137, 1.19892, 1.1508, 1.1012, 1.0418, 1.163,
                1.0203, 1.7513, 1.2909, 1.1036, 1.05663, 1.0488, 1.2607, 1.1513, 0.9982, 1.3978,
                1.1637, 1.1835, 1.4448, 1.3548, 1.16709, 1.1829, 1.0637, 1.2499, 1.3144, 1.1205,
                1.21298, 1.3259, 1.0779, 1.0609, 1.1923, 1.0724, 1.0977, 0.9986, 1.2837, 1.227,
                1.067, 1.2571, 1.1806, 1.3454, 1.031, 1.0353, 1.5907, 1.136, 1.0947, 1.1942, 1.1365,
                1.141, 1.0234, 1.2207, 1.128, 1.2935, 1.4381, 1.3496, 1.1548, 1.0837, 1.1591,
                0.9753, 1.21821, 1.464, 1.1263, 1.55573, 1.168, 1.1542, 1.3583, 1.1, 1.0412, 1.0632,
                1.2139, 1.066, 1.3439, 1.4236, 1.1262, 1.1513, 1.3379, 1.0134, 1.0945, 1.23702332,
                1.07514, 1.2014, 1.3068, 1.0712, 1.1272, 1.1694, 1.0902, 1.1016, 1.0099, 1.0391,
                0.9907, 1.09352, 1.0869, 1.4718, 1.1909, 1.311038, 1.0804, 1.4478, 1.2788, 1.0453,
                1.249, 1.0927, 1.1117, 1.237, 1.0139, 1.1173,
            ],
            'float64',
        ),
        np.array(
            [
                0.044, 0.0062, 0.03, 0.014, 0.043, 0.017, 0.008, 0.037, 0.022, 0.047, 0.037, 0.024,
                0.019, 0.046, 0.027, 0.042, 0.022, 0.03, 0.014, 0.027, 0.028, 0.038, 0.0054, 0.0046,
                0.061, 0.0051, 0.019, 0.041, 0.0061, 0.057, 0.057, 0.014, 0.063, 0.041, 0.0029,
                0.04, 0.034, 0.0097, 0.018, 0.04, 0.033, 0.028, 0.045, 0.051, 0.0039, 0.03, 0.044,
                0.034, 0.03, 0.071, 0.0061, 0.026, 0.03, 0.047, 0.022, 0.04, 0.038, 0.015, 0.0017,
                0.042, 0.016, 0.017, 0.028, 0.039, 0.0097, 0.039, 0.037, 0.026, 0.043, 0.023, 0.03,
                0.019, 0.022, 0.013, 0.018, 0.028, 0.047, 0.033, 0.058, 0.013, 0.0064, 0.031,
                0.0091, 0.043, 0.037, 0.0045, 0.024, 0.026, 0.018, 0.048, 0.044, 0.024, 0.013,
                0.022, 0.012, 0.034, 0.051, 0.03, 0.018, 0.045, 0.019, 2e-06, 0.0034, 0.044, 0.042,
                0.026, 0.019, 0.033, 0.044, 0.037, 0.015, 0.019, 0.013, 0.007, 0.028, 0.044, 0.048,
                0.00078, 0.061, 0.011, 0.026, 0.021, 0.011, 0.016, 0.049, 0.037, 0.013, 0.027,
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
