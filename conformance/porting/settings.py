"""What a layer or a function call says of itself, in both frameworks' words made one."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

NAMES: dict[str, tuple[str, ...]] = {
    "eps": ("eps", "epsilon", "_epsilon", "variance_epsilon", "layer_norm_eps", "norm_eps", "rms_norm_eps"),
    "momentum": ("momentum", "_momentum"),
    "stride": ("stride", "_stride", "strides"),
    "padding": ("padding", "_padding", "_updated_padding", "_paddings"),
    "output_padding": ("output_padding", "_output_padding"),
    "dilation": ("dilation", "_dilation"),
    "groups": ("groups", "_groups", "num_groups", "_num_groups"),
    "kernel_size": ("kernel_size", "_kernel_size", "ksize", "kernel_sizes"),
    "ceil_mode": ("ceil_mode",),
    "count_include_pad": ("count_include_pad", "exclusive"),
    "divisor_override": ("divisor_override", "divisor"),
    "padding_mode": ("padding_mode", "_padding_mode"),
    "negative_slope": ("negative_slope", "_negative_slope"),
    "slope": ("slope",),
    "offset": ("offset",),
    "alpha": ("alpha", "_alpha"),
    "beta": ("beta", "_beta"),
    "threshold": ("threshold", "_threshold"),
    "approximate": ("approximate", "_approximate"),
    "p": ("p", "_p", "dropout_p", "dropout", "dropout_prob", "drop_prob"),
    "num_heads": ("num_heads", "n_heads", "nhead", "n_head", "heads", "num_attention_heads"),
    "head_dim": ("head_dim", "dim_head"),
    "normalize_before": ("norm_first", "normalize_before"),
    "activation": ("activation", "nonlinearity", "act", "hidden_act"),
    "batch_first": ("batch_first", "time_major"),
    "bidirectional": ("bidirectional", "direction"),
    "num_layers": ("num_layers",),
    "align_corners": ("align_corners", "_align_corners"),
    "mode": ("mode", "_mode"),
    "scale_factor": ("scale_factor", "_scale_factor", "upscale_factor", "_upscale_factor", "downscale_factor"),
    "axis": ("dim", "axis", "_axis", "_dim"),
    "padding_idx": ("padding_idx", "_padding_idx"),
    "theta": ("theta", "base", "rope_theta", "rotary_base", "rope_base"),
    "is_causal": ("is_causal", "causal"),
    "scale": ("scale", "scaling", "softmax_scale"),
    "use_global_stats": ("use_global_stats", "_use_global_stats"),
    "start_axis": ("start_dim", "start_axis"),
    "stop_axis": ("end_dim", "stop_axis"),
    "keepdim": ("keepdim",),
    "diagonal": ("diagonal",),
    "value": ("value", "fill_value"),
    "operand": ("other", "y"),
    "exponent": ("exponent",),
    "min": ("min",),
    "max": ("max",),
    "descending": ("descending",),
    "largest": ("largest",),
    "reduction": ("reduction",),
    "shifts": ("shifts",),
    "num_channels": ("num_channels",),
    "start": ("start",),
    "end": ("end",),
    "step": ("step",),
    "index": ("index",),
    "data_format": ("data_format", "_data_format"),
    "training": ("training",),
}
"""What both frameworks mean by attributes and arguments of these names, in the words that are told."""
COMMON = {each: name for name, names in NAMES.items() for each in names}
NEGATED = ("exclusive", "time_major")
WORDS = {"count_include_pad": "paddle's `exclusive`, negated", "momentum": "paddle's own is 1 minus this"}
"""What a setting is called in paddle, where it says the opposite."""

SCALED = "upscale_in_train"
"""What torch's dropout does, in paddle's words."""
_GELU = {"False": "none", "True": "tanh"}
_IMAGES = ("conv", "pool", "norm", "upsample", "pixel", "interpolate", "prelu")
SAME_KIND = {
    "concat": "cat", "swish": "silu", "permute": "transpose", "swapaxes": "transpose", "t": "transpose",
    "movedim": "transpose", "moveaxis": "transpose",
    "view": "reshape", "flatten": "reshape", "viewas": "reshape", "reshapeas": "reshape", "unflatten": "reshape",
    "clip": "clamp", "bmm": "matmul", "mm": "matmul", "rmatmul": "matmul", "dot": "matmul", "mv": "matmul",
    "simplernn": "rnn", "upsample": "interpolate", "truediv": "div", "divide": "div", "multiply": "mul",
    "subtract": "sub", "power": "pow", "radd": "add", "iadd": "add", "rmul": "mul", "imul": "mul",
    "isub": "sub", "itruediv": "div", "absolute": "abs", "broadcastto": "expand", "expandas": "expand",
    "tile": "repeat", "hardtanh": "clamp", "takealongaxis": "gather", "concatenate": "cat",
    "floordivide": "floordiv", "greaterthan": "gt", "lessthan": "lt", "equal": "eq", "notequal": "ne",
    "getitem": "index", "adaptivemaxpool": "adaptivemaxpool", "softmax2d": "softmax",
    "multiheadattentionforward": "multiheadattention", "setitem": "setitem", "negative": "neg",
}  # fmt: skip
"""Layers and functions of one meaning, by their names without underscores and capitals."""


def kind(name: str) -> str:
    """The class of a layer, or the name of a function, in a word that both frameworks share."""
    plain_name = name.lower().replace("_", "")
    if plain_name.startswith("conv") and plain_name.endswith("transpose"):
        plain_name = f"convtranspose{plain_name[4:-9]}"
    return SAME_KIND.get(plain_name, plain_name)


def configuration(layer: Any) -> dict[str, Any]:
    """The settings of a layer, a framework's or a user's own, as plain data; paddle's are turned into torch's words.

    Of a user's own layer, every attribute that is a number, a word or a flag is one.
    """
    framework, _, rest = type(layer).__module__.partition(".")
    built_in = framework in ("torch", "paddle") and rest.partition(".")[0] == "nn"
    found: dict[str, Any] = {}
    for name, names in NAMES.items():
        for each in names:
            value = getattr(layer, each, None)
            if not built_in and callable(value):
                continue
            setting = _setting(name, each, value, framework, type(layer).__name__)
            if setting is not None:
                found[name] = setting
                break
    if built_in and kind(type(layer).__name__) in ("rnn", "lstm", "gru"):
        found.pop("mode", None)
    if not built_in:
        own = {name: value for name, value in vars(layer).items() if not name.startswith("_") and name not in COMMON}
        found |= {name: told for name, value in own.items() if (told := plain(value)) is not None}
    else:
        found |= _always(framework, kind(type(layer).__name__), layer)
    for name in ("weight", "bias"):
        if built_in and hasattr(layer, name) and not callable(getattr(layer, name)):
            found[f"a {name} of its own"] = getattr(layer, name) is not None
    return {"kind": type(layer).__name__, **found}


def arguments(function: str, framework: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a function's call, from all of its arguments by name, defaults included."""
    found: dict[str, Any] = {}
    if kind(function).startswith("dropout"):
        given = {"mode": SCALED, **given}
    if kind(function) == "hardsigmoid":  # of which torch has one, and paddle's own is 1 / 6 to seven digits
        given = {**given, "slope": round(given.get("slope", 1 / 6), 6), "offset": given.get("offset", 0.5)}
    if kind(function) == "arange" and given.get("end", 0) is None:
        given = {**given, "start": 0, "end": given.get("start")}
    for name, value in given.items():
        common = COMMON.get(name)
        if common is None or (common == "operand" and isinstance(value, bool)):
            continue
        setting = _setting(common, name, value, "" if common == "momentum" else framework, function)
        if common == "momentum" and framework == "paddle" and isinstance(setting, float):
            setting = round(1.0 - setting, 12)
        if setting is not None and (common, setting) not in _NOTHING.get(kind(function), ()):
            found[common] = setting
    return found


_NOTHING = {"add": [("alpha", 1.0)], "sub": [("alpha", 1.0)], "arange": [("start", 0.0), ("step", 1.0)]}
"""Settings that are not told, since without them the function does the same."""


def index_of(key: Any) -> str | None:
    """What a tensor is indexed with, as it is written; ``None`` where that is more than numbers and slices."""
    parts = []
    for each in key if isinstance(key, tuple) else (key,):
        if isinstance(each, slice):
            ends = [each.start, each.stop, each.step]
            if any(end is not None and not isinstance(end, int) for end in ends):
                return None
            first, last, step = ("" if end is None else str(end) for end in ends)
            parts.append(f"{first}:{last}" + (f":{step}" if step else ""))
        elif each is Ellipsis:
            parts.append("...")
        elif (
            each is None
            or isinstance(each, int)
            or (isinstance(each, list) and all(isinstance(number, int) for number in each))
        ):
            parts.append(str(each))
        else:
            return None
    return f"[{', '.join(parts)}]"


def _always(framework: str, layer_kind: str, layer: Any) -> dict[str, Any]:
    """What layers do without having a setting for it."""
    if layer_kind.startswith("dropout"):
        return {"mode": getattr(layer, "mode", SCALED)}
    if layer_kind.startswith("batchnorm"):
        return {"use_global_stats": bool(getattr(layer, "_use_global_stats", False))}
    if framework == "paddle" and layer_kind.startswith(("multiheadattention", "transformer")):
        return {"batch_first": True}
    return {}


def _setting(name: str, own_name: str, value: Any, framework: str, owner: str) -> Any:
    """One setting in torch's words, as plain data; ``None`` for none."""
    if name == "padding_idx":
        return "none" if value in (None, -1) and own_name == "_padding_idx" else plain(value)
    if name == "align_corners" and value is None:
        return None
    if value is None:
        return None
    if name == "approximate":
        return _GELU.get(str(value), plain(value))
    if name == "momentum" and framework == "paddle":
        return round(1.0 - float(value), 12) if isinstance(value, numbers.Real) else None
    if own_name in NEGATED:
        return not value if isinstance(value, bool) else None
    if name == "bidirectional" and isinstance(value, str):
        return value.startswith("bidirect")
    if name == "activation" and callable(value):
        return kind(getattr(value, "__name__", type(value).__name__))
    if name == "data_format":
        return "channels last" if str(value).endswith("C") and len(str(value)) > 2 else "channels first"
    if name in ("mode", "padding_mode", "activation") and isinstance(value, str):
        return kind(value) if name == "activation" else value.lower()
    if name == "axis" and isinstance(value, list | tuple):
        return [int(each) for each in value] if all(isinstance(each, numbers.Integral) for each in value) else None
    return plain(value)


def plain(value: Any) -> Any:
    """A setting as plain data: numbers to 12 digits, a tuple of equal numbers as one; ``None`` for what is neither.

    A lane sends plain types alone: of a word that is a member of an enum, the word itself.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return round(float(value), 12)
    if isinstance(value, list | tuple) and value and all(isinstance(each, int | float) for each in value):
        return float(value[0]) if len(set(value)) == 1 else [float(each) for each in value]
    return None


def unlike(one: Mapping[str, Any], other: Mapping[str, Any], rank: int | None = None) -> list[str]:
    """Names of the settings that both say, and say differently. rank: of what an axis counts."""
    names = [name for name in one if None not in (one[name], other.get(name)) and one[name] != other[name]]
    return [name for name in names if not (name == "axis" and rank and _axes(one, rank) == _axes(other, rank))]


def _axes(settings: Mapping[str, Any], rank: int) -> set[int]:
    axes = settings["axis"]
    return {int(each) % rank for each in (axes if isinstance(axes, list) else [axes])}


def differing(one: Mapping[str, Any], other: Mapping[str, Any], rank: int | None = None) -> list[str]:
    """A sentence for each setting that both say, and say differently."""
    sentences = []
    for name in unlike(one, other, rank):
        if name != "kind":
            more = f" ({WORDS[name]})" if name in WORDS else ""
            sentences.append(f"another {name}: {told(one[name])} in torch, {told(other[name])} in paddle{more}")
    return sentences


def told(value: Any) -> str:
    """A setting for a person: a whole number without its point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list):
        return f"[{', '.join(told(each) for each in value)}]"
    return repr(value) if isinstance(value, str) else str(value)
