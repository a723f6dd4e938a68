"""Whether a file's state of an optimizer is one of the pair's, which torch itself would take or fail at later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from conformance.transfer import slots as portable
from conformance.transfer.kinds import KINDS, SETTINGS, Kind, expected, torch_keys
from conformance.transfer.slots import OptimizerStateError

from .optimizer_state import kind_of

_LATER = {"maximize"}
"""Settings that the optimizers of early releases lack, and later ones add when they load a state."""


def require_fit(optimizer: torch.optim.Optimizer, state: Mapping[str, Any], names: Mapping[int, str]) -> None:
    """Raises OptimizerStateError for the state of another optimizer, which torch would take or fail at later."""
    name, kept, groups = type(optimizer).__name__, state.get("state"), state.get("param_groups")
    if not isinstance(kept, Mapping) or not isinstance(groups, list) or not all(map(_is_group, groups)):
        raise OptimizerStateError("it is no optimizer's state of torch, which has 'state' and 'param_groups'")
    own = optimizer.state_dict()["param_groups"]
    sizes = [len(group["params"]) for group in groups], [len(group["params"]) for group in own]
    if sizes[0] != sizes[1]:
        raise OptimizerStateError(
            f"its groups have {sizes[0]} parameters, those of torch_optimizer ({name}) {sizes[1]}: name in the pair "
            "file the model and the optimizer that it came from, which is given the parameters that are trained"
        )
    known = {key for kind in KINDS for key in torch_keys(kind)}
    if (known & set(groups[0])) - _LATER != (known & set(own[0])) - _LATER:
        sizes_of = {kind.torch: len(torch_keys(kind)) for kind in KINDS if torch_keys(kind) <= set(groups[0])}
        fits = [name for name, size in sizes_of.items() if size == max(sizes_of.values())]
        said = " or ".join(sorted(fits)) or "another optimizer"
        raise OptimizerStateError(f"it is the state of {said}, and torch_optimizer gives {name}: name the same")
    held = {number for group in groups for number in group["params"]}
    unknown = [number for number in kept if number not in held]
    if unknown:
        raise OptimizerStateError(f"it holds state of parameter {unknown[0]!r}, which is in none of its groups")
    for group, mine in zip(groups, optimizer.param_groups, strict=True):
        named = [names.get(id(parameter), "") for parameter in mine["params"]]
        _require_order(group, named)
        _check_group(optimizer, group, mine["params"], named, kept)


def _check_group(
    optimizer: torch.optim.Optimizer,
    group: Mapping[str, Any],
    parameters: Sequence[torch.Tensor],
    named: Sequence[str],
    kept: Mapping[Any, Any],
) -> None:
    kind = _kind_in(optimizer, group)
    needs = {slot.needs: bool(group.get(str(SETTINGS[slot.needs].torch))) for slot in kind.slots.values() if slot.needs}
    wanted = expected(kind, needs)
    keys = {slot: "step" if slot == "step" else kind.slots[slot].torch for slot in wanted}
    for number, parameter, name in zip(group["params"], parameters, named, strict=True):
        entry = kept.get(number) or {}
        found = {key: value for key, value in entry.items() if value is not None}
        for derived in ("mu_product", *(() if kind.counts else ("step",))):
            found.pop(derived, None)
        if not found:
            continue
        if set(found) != set(keys.values()):
            raise OptimizerStateError(
                f"it holds {', '.join(sorted(found))} of {name!r}, and torch_optimizer ({type(optimizer).__name__}) "
                f"keeps {portable.words(keys.values())}: name in the pair file the optimizer that it came from"
            )
        arrays = {slot: np.asarray(found[key]) for slot, key in keys.items()}
        portable.check({name: arrays}, {name: tuple(parameter.shape)}, kind.name, {name: wanted})


def _kind_in(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> Kind:
    """The kind that a file's group makes of the optimizer: of SGD, momentum or none."""
    own = kind_of(optimizer)
    if not isinstance(optimizer, torch.optim.SGD):
        return own
    wanted = "momentum" if group.get("momentum") else "sgd"
    return next(kind for kind in KINDS if kind.name == wanted)


def _require_order(group: Mapping[str, Any], named: Iterable[str]) -> None:
    """Where a file names its parameters, they are in the pair's order."""
    for given, name in zip(group.get("param_names") or (), named, strict=False):
        if name and given.removeprefix("module.") != name:
            raise OptimizerStateError(
                f"its groups have {given!r} where torch_optimizer has {name!r}: give it the parameters in that order"
            )


def exchangeable(
    optimizer: torch.optim.Optimizer, state: Mapping[str, Any], names: Mapping[int, str]
) -> tuple[str, str] | None:
    """Two parameters with a state that the file's optimizer may have had in the other order; None where it tells.

    Torch numbers parameters, and names them only where it got names; their shapes tell the rest apart.
    """
    for group, mine in zip(state["param_groups"], optimizer.param_groups, strict=True):
        first: dict[tuple[int, ...], str] = {}
        for number, parameter in zip(group["params"], mine["params"], strict=True):
            if group.get("param_names") or not state["state"].get(number):
                continue
            name = names.get(id(parameter), "")
            known = first.setdefault(tuple(parameter.shape), name)
            if known != name:
                return known, name
    return None


def _is_group(group: Any) -> bool:
    return isinstance(group, Mapping) and isinstance(group.get("params"), list | tuple)
