"""Layers called with weights that are inputs of the sample, so that their gradients are asked for like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def called(f: Any, layer: Any, weights: Mapping[str, Any], *inputs: Any, **options: Any) -> Any:
    """What a layer of the framework ``f`` returns with these tensors in place of its parameters, by dotted names.

    Raises
    ------
    KeyError: the layer has no parameter of a name, or one that is not named here.
    """
    strange = {name for name, _ in layer.named_parameters()} ^ set(weights)
    if strange:
        raise KeyError(f"parameters {sorted(strange)} are of the layer or of the sample alone")
    if f.__name__ == "torch":
        return f.func.functional_call(layer, dict(weights), inputs, options)
    for name, tensor in weights.items():
        *path, last = name.split(".")
        owner = layer
        for part in path:
            owner = getattr(owner, part)
        if list(owner._parameters[last].shape) != list(tensor.shape):
            raise KeyError(f"parameter {name} has the shape {owner._parameters[last].shape}, not {tensor.shape}")
        owner._parameters[last] = tensor
    return layer(*inputs, **options)
