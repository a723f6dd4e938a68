"""What wrappers of a model put before the names of its tensors, and how a state dict gets the own names back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .rules import TransferError

_ANYWHERE = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Put before a part of a model too: by torch.compile, by FSDP and by checkpointing of activations."""
_LEADING = ("module", "_orig_mod", "model", "_forward_module", "_layers", "net", "network")
"""Put before every name: by DataParallel and AveragedModel, torch.compile, Lightning's modules, and paddle."""
COUNT = "n_averaged"
"""AveragedModel's count of updates, beside the averaged weights."""


def bare(key: str) -> str:
    """A key without anything that may be a wrapper's, by which copies of one model are known."""
    parts = [part for part in key.split(".") if part not in _ANYWHERE]
    while len(parts) > 1 and parts[0] in _LEADING:
        parts.pop(0)
    return ".".join(parts)


def unwrapped(state: Mapping[str, Any], models: Sequence[Collection[str]]) -> tuple[dict[str, str], list[str]]:
    """The model's own name of each key that is to be read, and the wrappers' names that were left out.

    models: the keys of models that the state dict may be of. Keys that fit none of them, whatever is left out, stay as
    they are. Raises TransferError where two keys are one name once that is gone.
    """
    names = {key: key for key in state}
    removed: list[str] = []
    while not _fits(names.values(), models):
        step = _step(names.values(), models)
        if step is None:
            return {key: key for key in state}, []
        names = {
            key: name if any(name in keys for keys in models) else _without(name, *step) for key, name in names.items()
        }
        removed.append(f"{step[0]}.")
        _require_apart(names)
    counted = any(COUNT in keys for keys in models)
    return {key: name for key, name in names.items() if counted or name != COUNT}, removed


def _fits(names: Iterable[str], models: Sequence[Collection[str]]) -> bool:
    return any(all(name in keys or name == COUNT for name in names) for keys in map(set, models))


def _step(names: Iterable[str], models: Sequence[Collection[str]]) -> tuple[str, bool] | None:
    """What is to be left out next: a wrapper's name, and whether anywhere."""
    names = [name for name in names if not any(name in keys for keys in models) and name != COUNT]
    for part in _ANYWHERE:
        if any(part in name.split(".") for name in names):
            return part, True
    for part in _LEADING:
        if any(name.startswith(f"{part}.") for name in names):
            return part, False
    return None


def _without(name: str, part: str, anywhere: bool) -> str:
    if anywhere:
        return ".".join(each for each in name.split(".") if each != part)
    return name.removeprefix(f"{part}.")


def _require_apart(names: Mapping[str, str]) -> None:
    first: dict[str, str] = {}
    for key, name in names.items():
        if first.setdefault(name, key) != key:
            raise TransferError(
                f"{first[name]!r} and {key!r} are both {name!r} once the prefixes are gone; save one of the two alone"
            )
