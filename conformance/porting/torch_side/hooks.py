"""How a run of a torch model is watched: every call of a layer, and every function that its own layers call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from conformance.porting.inventory import inventory
from conformance.porting.recorder import Recorder, Words


def follow(
    model: torch.nn.Module, inputs: Sequence[Any], values: bool = True, gradients: bool = False, forced: Any = None
) -> tuple[Recorder, Any]:
    """The calls of one run on tensors, whose gradients come when one goes back from the outputs; and the outputs.

    values: without them only layers are kept, with the shapes of what they take. forced: see the recorder.
    """
    names = {id(tensor): each.name for each, tensor in inventory(model)} if values else {}
    recorder = Recorder(WORDS, names, values, gradients, forced)
    paths = {id(layer): path for path, layer in model.named_modules()}
    with recorder.following(torch.nn.Module, paths):
        if not values:
            return recorder, model(*inputs)
        with _Functions(recorder), recorder.own_functions(torch.autograd.Function):
            return recorder, model(*inputs)


class _Functions(TorchFunctionMode):
    """Inside of it, the recorder hears of every function of torch that is called for tensors."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        name = getattr(call, "__name__", "")
        if name == "__get__":
            name = getattr(call.__self__, "__name__", name)
        if name == "__set__":
            return call(*args, **options)
        return self._recorder.function(
            name, lambda: call(*args, **options), lambda: _named(call, name, args, options), [*args, options]
        )


def _named(call: Any, name: str, args: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A call's arguments by name, with the defaults, as its signature or torch's schema of the operator has them."""
    signature = _signature(call)
    if signature is not None:
        try:
            bound = signature.bind(*args, **options)
        except TypeError:
            return dict(options)
        bound.apply_defaults()
        return dict(bound.arguments)
    for schema in _schemas(name):
        places = [each for each in schema if not each.kwarg_only]
        given = {**dict(zip([each.name for each in places], args, strict=False)), **options}
        if len(args) <= len(places) and given.keys() <= {each.name for each in schema} and _fits(schema, given):
            return {each.name: each.default_value for each in schema if each.has_default_value()} | given
    if name.startswith("__") and len(args) == 2:
        return {"other": args[1]}
    return dict(options)


@lru_cache(maxsize=512)
def _signature(call: Any) -> inspect.Signature | None:
    if not inspect.isfunction(call):
        return None
    found = inspect.signature(call)
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return None if any(each.kind in variable for each in found.parameters.values()) else found


@lru_cache(maxsize=512)
def _schemas(name: str) -> list[list[Any]]:
    packet = getattr(torch.ops.aten, name, None) if name and not name.startswith("__") else None
    if packet is None:
        return []
    return [list(getattr(packet, each)._schema.arguments) for each in packet.overloads() if "out" not in each]


def _fits(schema: Sequence[Any], given: Mapping[str, Any]) -> bool:
    """Whether a schema takes such arguments: tensors where it wants tensors, and what it cannot do without."""
    for each in schema:
        if each.name not in given:
            if not each.has_default_value():
                return False
            continue
        kind, value = str(each.type), given[each.name]
        tensor = isinstance(value, torch.Tensor)
        if tensor != ("Tensor" in kind and "List" not in kind) and value is not None and "List[Tensor" not in kind:
            return False
        if isinstance(value, str) != ("str" in kind) and value is not None and not tensor:
            return False
    return True


def _version(tensor: Any) -> int:
    try:
        return int(tensor._version)
    except RuntimeError:  # an inference tensor, which is not written to
        return 0


def array(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's values, in whatever precision NumPy has for them."""
    plain = tensor.detach().cpu()
    plain = plain.to_dense() if plain.layout != torch.strided else plain.resolve_conj().resolve_neg()
    kept: np.ndarray = (plain.float() if plain.dtype in (torch.bfloat16,) else plain).numpy().copy()
    return kept


def _watch(tensor: Any, note: Callable[[Any], None]) -> bool:
    wanted = bool(tensor.requires_grad)
    if wanted:
        tensor.register_hook(note)
    return wanted


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


WORDS = Words("torch", _is_tensor, _version, array, _watch)
