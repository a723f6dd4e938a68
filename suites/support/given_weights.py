"""Layers called with weights that are inputs of the sample, so that their gradients are asked for like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def called(f: Any, layer: Any, weights: Mapping[str, Any], *inputs: Any, **options: Any) -> Any:
    """What a layer of the framework ``f`` returns with these tensors in place of its parameters, by dotted names.

    Raises
    ------
    KeyError: the layer has no parameter of a name, or one that is not named here; or one has another shape.
    """
    known = dict(layer.named_parameters())
    strange = set(known) ^ set(weights)
    if strange:
        raise KeyError(f"parameters {sorted(strange)} are of the layer or of the sample alone")
    for name, tensor in weights.items():
        if list(known[name].shape) != list(tensor.shape):
            raise KeyError(f"parameter {name} has the shape {known[name].shape}, not {tensor.shape}")
    if f.__name__ == "torch":
        return f.func.functional_call(layer, dict(weights), inputs, options)
    given = {id(parameter): weights[name] for name, parameter in known.items()}
    # A recurrent layer knows each parameter by two names, and keeps a list of all of them.
    for owner in layer.sublayers(include_self=True):
        owner._parameters.update(
            {name: given[id(each)] for name, each in owner._parameters.items() if each is not None}
        )
        if hasattr(owner, "_all_weights"):
            owner._all_weights = [given[id(each)] for each in owner._all_weights]
    return layer(*inputs, **options)
