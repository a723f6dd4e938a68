"""Where each tensor of a model lives: its portable key, its paddle key, its layout, shape and dtype.

Both frameworks' models are walked here in the same way, layer by layer, so that a tensor is always read by the rule of
its layer. The result is plain data: with it, a paddle file can be converted without paddle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .rules import Array, LayerRule, Layout, Shape, TensorRule, TransferError, find_rule, index_rules


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


def side_of(model: Any) -> str:
    """Return "torch" or "paddle", whichever framework `model` belongs to, without importing either."""
    for base in type(model).__mro__:
        if base.__module__.startswith("torch.nn.") and base.__name__ == "Module":
            return "torch"
        if base.__module__.startswith("paddle.nn.") and base.__name__ == "Layer":
            return "paddle"
    raise TransferError(f"a {type(model).__name__} is neither a torch.nn.Module nor a paddle.nn.Layer; pass a model")


def places(model: Any, rules: Iterable[LayerRule] = ()) -> dict[str, Place]:
    """Return the places of all tensors of a torch or paddle `model` by portable key.

    `rules` adds layer rules for the user's own classes. Raises TransferError for a layer without a rule, for tied
    weights and for a dtype that NumPy does not have.
    """
    return {place.key: place for place, _ in walk(model, side_of(model), rules)}


def walk(model: Any, side: str, rules: Iterable[LayerRule] = ()) -> list[tuple[Place, Any]]:
    """Return every (place, tensor) of `model`, each tensor exactly once, in the order of definition."""
    index = index_rules(side, rules)
    found: list[tuple[Place, Any]] = []
    owners: dict[int, str] = {}
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


def _layers(layer: Any, side: str, index: Mapping[str, LayerRule], path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, layer
    rule = find_rule(type(layer), index)
    if rule is not None and rule.opaque:
        return
    children = layer._modules if side == "torch" else layer._sub_layers
    for name, child in children.items():
        if child is not None:
            yield from _layers(child, side, index, f"{path}{name}.")


def _own_tensors(layer: Any, side: str) -> Iterator[tuple[str, Any]]:
    skipped = layer._non_persistent_buffers_set if side == "torch" else layer._non_persistable_buffer_names_set
    for name, tensor in layer._parameters.items():
        if tensor is not None:
            yield name, tensor
    for name, tensor in layer._buffers.items():
        if tensor is not None and name not in skipped:
            yield name, tensor


def _require_aliases(path: str, layer: Any, side: str, owners: Mapping[int, str]) -> None:
    children = layer.named_modules() if side == "torch" else layer.named_sublayers()
    for child_path, child in children:
        for name, tensor in _own_tensors(child, side):
            if id(tensor) not in owners:
                raise TransferError(
                    f"{path}{child_path}.{name} of {type(layer).__name__} has no transfer rule (an LSTM with proj_size "
                    "keeps such a tensor); pass a LayerRule for this class, or build the layer without it"
                )


def _place(path: str, layer: Any, name: str, tensor: Any, rule: LayerRule | None, side: str) -> Place | None:
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


def _counts(layer: Any) -> bool:
    # With momentum None, torch averages over all batches and needs the counter of batches.
    return getattr(layer, "momentum", 0.1) is None


def _bidirectional(layer: Any) -> bool:
    return any(name.endswith("_reverse") for name in layer._parameters)


def _aliases(path: str, name: str, bidirectional: bool) -> tuple[str, ...]:
    match = re.fullmatch(r"(weight|bias)_(ih|hh)_l(\d+)(_reverse)?", name)
    if match is None:
        return ()
    part, gate, depth, reverse = match.groups()
    cell = "cell" if not bidirectional else "cell_bw" if reverse else "cell_fw"
    return (f"{path}{depth}.{cell}.{part}_{gate}",)


def _is_constant(layer: Any, name: str, rule: TensorRule, tensor: Any) -> bool:
    # Paddle releases before 3 keep ones and zeros where torch has no tensor at all.
    if rule.constant is None or getattr(layer, f"_{name}_attr", None) is not False:
        return False
    return bool((tensor.numpy() == rule.constant).all())


def _require_values(key: str, tensor: Any, side: str) -> None:
    # Copying into a torch meta tensor does nothing and raises nothing.
    if side == "torch":
        is_empty = type(tensor).__name__.startswith("Uninitialized") or tensor.is_meta
    else:
        is_empty = not tensor._is_initialized()
    if is_empty:
        raise TransferError(f"{key} has no values yet (a lazy or meta tensor); materialise the model first")


def _dtype(key: str, tensor: Any) -> np.dtype[Any]:
    name = str(tensor.dtype).rpartition(".")[2]
    try:
        made = np.dtype(name)
        if type(made).__module__ != "numpy.dtypes":  # ml_dtypes was imported, and added its own
            raise TypeError(name)
        return made
    except TypeError:
        message = f"{key} has dtype {name}, which NumPy does not have; cast the model to float32 first"
        raise TransferError(message) from None


def check(values: Mapping[str, Any], model_places: Mapping[str, Place], target: str) -> None:
    """Raise TransferError unless `values` fit `model_places` in keys, shapes and dtypes. `target` names the model."""
    problems: list[str] = []
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


def _hint(value: Array, place: Place) -> str:
    if place.layout.transposes and value.shape == place.shape[::-1]:
        return " (its transpose: torch keeps a linear weight as (out, in), paddle as (in, out))"
    return ""
