"""Weights and an optimizer's state from one model of a pair to the other, by a matching of their tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from conformance.porting.inventory import Tensor, written
from conformance.porting.matching import Match

from . import checkpoint, dtypes
from .rules import LAYOUTS, Array, Shape, TransferError
from .stored import Stored

Keys = Mapping[str, str | None]
"""Keys of a model's state dict, and the tensor that each stands for; None for what only this framework has."""
State = dict[str, dict[str, Any]]


def misfit(state: Mapping[str, Any], keys: Keys, own: Mapping[str, Array], rest: Mapping[str, Array]) -> str:
    """What keeps a state dict from being one of a model with these keys, or nothing.

    own: arrays as large as the model's tensors, by the tensor's name; rest: those without a tensor, which may lack.
    """
    missing = [key for key, name in keys.items() if name is not None and not _held(name, keys, state)]
    missing += sorted({name for name in own if name not in keys.values()})
    extra = [key for key in state if key not in keys]
    told = [f"{what} {some(names)}" for what, names in (("it lacks", missing), ("it has", extra)) if names]
    if told:
        return " and ".join(told)
    for key, array in state.items():
        name = keys[key]
        shape = (rest[key] if name is None else own[name]).shape
        if array.shape != shape:
            return f"{key!r} has shape {list(array.shape)} where the model's has {list(shape)}"
    return ""


def by_tensor(
    state: checkpoint.State, keys: Keys, own: Mapping[str, Array], framework: str, as_kept: bool = False
) -> tuple[dict[str, Array], list[str]]:
    """Arrays by tensor, in the model's dtypes, and sentences about what that changed. ``misfit`` found nothing.

    framework: whose file it is, for what a number means there. as_kept: in the file's own dtypes instead.
    Raises TransferError where two keys of one tensor (tied weights) hold different arrays, where a number's meaning
    cannot be decided, and where one is lost in the model's dtype.
    """
    found: dict[str, Any] = {}
    first: dict[str, str] = {}
    cast: dict[str, list[str]] = {}
    for key, held in state.items():
        name = keys[key]
        if name is None:
            continue
        dtype = own[name].dtype
        kept = meant(held, dtype, framework, key)
        if kept.dtype != dtype and not as_kept:
            cast.setdefault(f"{kept.dtype} in the file and {dtype} in the model", []).append(key)
            kept = _later(held.shape, dtype, partial(dtypes.cast, dtype=dtype, where=repr(key)), kept)
        if name in found:
            if np.asarray(kept).tobytes() != np.asarray(found[name]).tobytes():
                raise TransferError(f"{first[name]!r} and {key!r} are one tensor of the model, and hold unlike arrays")
            continue
        found[name], first[name] = kept, key
    return found, [
        f"{some(keys)} {'is' if len(keys) == 1 else 'are'} {what}, and written so" for what, keys in cast.items()
    ]


def meant(held: Array | Stored, dtype: np.dtype[Any], framework: str, key: str) -> Any:
    """An array of a file by what its numbers mean in a model whose tensor has ``dtype``."""
    if framework != "paddle":
        return held
    read = partial(dtypes.meant, dtype=dtype, where=repr(key))
    # Of no elements, an array has the meaning that it has of many.
    return _later(held.shape, read(np.empty(0, held.dtype)).dtype, read, held)


def _later(shape: Shape, dtype: np.dtype[Any], change: Callable[[Array], Array], held: Array | Stored) -> Any:
    """A changed array, which is read when it is asked for where the given one is."""
    if isinstance(held, Stored):
        return Stored(shape, dtype, lambda: change(np.asarray(held)))
    return np.asarray(change(held), order="C")


def special(values: Mapping[str, Array]) -> list[str]:
    """A sentence for each array that holds NaN or infinity."""
    counts = {
        name: int((~np.isfinite(np.asarray(array))).sum())
        for name, array in values.items()
        if dtypes.kind(array.dtype) in "fc"
    }
    return [
        f"{name} holds NaN or infinity in {count} of {values[name].size} elements, carried as they are"
        for name, count in counts.items()
        if count
    ]


def carried(values: Mapping[str, Array], matches: Sequence[Match], target: str) -> dict[str, Array]:
    """The target model's arrays, by its own names and in its own layout, from those of the other model."""
    groups: dict[str, list[Match]] = {}
    for each in matches:
        groups.setdefault(_to(each, target).name, []).append(each)
    return {name: _carried(values, group, target) for name, group in groups.items()}


def _carried(values: Mapping[str, Any], group: Sequence[Match], target: str) -> Any:
    """One array of the target's, from those that it is made of; read when it is asked for where these are."""

    def make() -> Array:
        (made,) = written((_to(each, target), _of(each, values, target)) for each in group).values()
        return made

    held = values[_to(group[0], "torch" if target == "paddle" else "paddle").name]
    if not isinstance(held, Stored):
        return make()
    shapes = [LAYOUTS[own.layout].paddle_shape(own.shape) for own in (_to(each, target) for each in group)]
    shape = shapes[0] if len(shapes) == 1 else (sum(each[0] for each in shapes), *shapes[0][1:])
    return Stored(shape, held.dtype, make)


def state_dict(values: Mapping[str, Array], keys: Keys, rest: Mapping[str, Array]) -> dict[str, Array]:
    """A state dict of a model with these keys: each tensor under all of its names."""
    return {key: rest[key] if name is None else values[name] for key, name in keys.items()}


def carried_state(state: Mapping[str, Mapping[str, Any]], matches: Sequence[Match], target: str) -> State:
    """An optimizer's portable state by the target model's names and in its layout.

    Raises TransferError where one tensor there is several here, of which not all were updated, or not equally often.
    """
    steps: dict[str, dict[str, Any]] = {}
    arrays: dict[str, list[tuple[Tensor, Array]]] = {}
    parts: dict[str, int] = {}
    for each in matches:
        source, own = (each.paddle if target == "torch" else each.torch), _to(each, target)
        parts[own.name] = parts.get(own.name, 0) + 1
        for slot, value in state.get(source.name, {}).items():
            if slot == "step":
                steps.setdefault(own.name, {})[source.name] = value
            else:
                arrays.setdefault(slot, []).append((own, source.read(value)))
    for name, counts in steps.items():
        if len({int(count) for count in counts.values()}) > 1:
            told = ", ".join(f"{one} {int(count)}" for one, count in counts.items())
            raise TransferError(f"{name} is one tensor there, whose parts were updated unequally often here: {told}")
    result: State = {name: {"step": next(iter(counts.values()))} for name, counts in steps.items()}
    for slot, pieces in arrays.items():
        names = [own.name for own, _ in pieces]
        short = [name for name in names if names.count(name) < parts[name]]
        if short:
            raise TransferError(f"{short[0]} is one tensor there, and the optimizer updated a part of it only here")
        for name, array in written(pieces).items():
            result.setdefault(name, {})[slot] = array
    return result


def layout_change(match: Match, target: str) -> str:
    """How the target's array differs from the source's, in words; empty where it does not."""
    source, own = (match.paddle if target == "torch" else match.torch), _to(match, target)
    told = [f"rows {each.part[0]}:{each.part[1]}" for each in (source, own) if each.part]
    layouts = {source.layout, own.layout} - {"same"}
    if source.layout != own.layout and not (layouts == {"flattened"} and len(source.shape) == 1):
        told += sorted(layouts)
    return ", ".join(told)


def _to(match: Match, target: str) -> Tensor:
    return match.paddle if target == "paddle" else match.torch


def _of(match: Match, values: Mapping[str, Array], target: str) -> Array:
    source = match.torch if target == "paddle" else match.paddle
    return source.read(np.asarray(values[source.name]))


def _held(name: str, keys: Keys, state: Mapping[str, Any]) -> bool:
    return any(key in state for key, other in keys.items() if other == name)


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more
