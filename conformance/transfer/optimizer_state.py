"""Optimizer state between the frameworks: moments belong to parameters, so they move by the parameters' rules.

A state is {parameter: {quantity: array or number}}. An array as large as its parameter (a moment, a velocity) takes the
parameter's layout; anything else (a step count) passes unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .places import Place
from .rules import Shape, TransferError

OptimizerState = dict[str, dict[str, Any]]


def optimizer_to_portable(state: Mapping[str, Mapping[str, Any]], places: Mapping[str, Place]) -> OptimizerState:
    """Return optimizer state in paddle's parameter names and layout as portable state (torch's names and layout).

    Parameters without state (frozen, or before the first step) may be absent. Raises TransferError for an unknown
    parameter or a moment whose shape is not its parameter's.
    """
    keyed = {place.paddle: place for place in places.values() if place.paddle is not None}
    result: OptimizerState = {}
    for key, quantities in state.items():
        place = _place(key, keyed, "paddle")
        shape = place.layout.paddle_shape(place.shape)
        result[place.key] = {
            name: np.array(place.layout.to_portable(value, place.shape), order="C")
            if _is_moment(key, name, value, shape)
            else value
            for name, value in quantities.items()
        }
    return result


def optimizer_to_paddle(state: Mapping[str, Mapping[str, Any]], places: Mapping[str, Place]) -> OptimizerState:
    """Return portable optimizer state in paddle's parameter names and layout: `optimizer_to_portable` inverted."""
    result: OptimizerState = {}
    for key, quantities in state.items():
        place = _place(key, places, "torch")
        if place.paddle is None:
            raise TransferError(f"{key} has optimizer state but no counterpart in paddle; leave it out")
        result[place.paddle] = {
            name: np.array(place.layout.to_paddle(value), order="C")
            if _is_moment(key, name, value, place.shape)
            else value
            for name, value in quantities.items()
        }
    return result


def _place(key: str, places: Mapping[Any, Place], side: str) -> Place:
    if key not in places:
        raise TransferError(f"optimizer state for {key!r}, which is no {side} parameter of the model; check the model")
    return places[key]


def _is_moment(key: str, name: str, value: Any, shape: Shape) -> bool:
    """Return whether `value` is laid out like the parameter of `shape`; single numbers are not."""
    if not isinstance(value, np.ndarray) or (value.size == 1 and value.shape != shape):
        return False
    if value.shape != shape:
        raise TransferError(
            f"optimizer state {name!r} of {key} has shape {value.shape} and its parameter {shape}; "
            "take the state from an optimizer over this model"
        )
    return True
