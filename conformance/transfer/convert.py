"""Portable states to paddle state dicts and back, as plain arrays, so that files are converted without a framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .places import Place, check
from .rules import Array, TransferError

Portable = dict[str, Array]

_COUNTER = "num_batches_tracked"


def to_paddle(portable: Mapping[str, Array], model_places: Mapping[str, Place]) -> Portable:
    """Return `portable` as a paddle state dict: paddle's names and layout, aliases included.

    Raises TransferError unless the portable state fits `model_places` exactly; batch counters are dropped.
    """
    shared = {key: place for key, place in model_places.items() if place.paddle is not None}
    check(without_counters(portable, shared), shared, "model")
    state: Portable = {}
    for key, place in shared.items():
        value = np.array(place.layout.to_paddle(portable[key]), order="C")
        state.update(dict.fromkeys((str(place.paddle), *place.aliases), value))
    return state


def to_portable(paddle_state: Mapping[str, Array], model_places: Mapping[str, Place]) -> Portable:
    """Return a paddle state dict as a portable state. Raises TransferError unless it fits `model_places` exactly."""
    shared = {place.paddle: place for place in model_places.values() if place.paddle is not None}
    expected = {key: replace(place, shape=place.layout.paddle_shape(place.shape)) for key, place in shared.items()}
    check(_without_aliases(paddle_state, shared), expected, "model")
    return {
        place.key: np.array(place.layout.to_portable(paddle_state[key], place.shape), order="C")
        for key, place in shared.items()
    }


def without_counters(portable: Mapping[str, Array], expected: Mapping[str, Place]) -> Portable:
    """Return `portable` without the batch counters of layers whose running statistics are in `expected`."""
    return {
        key: value
        for key, value in portable.items()
        if key.rpartition(".")[2] != _COUNTER or key.removesuffix(_COUNTER) + "running_mean" not in expected
    }


def _without_aliases(paddle_state: Mapping[str, Array], shared: Mapping[str, Place]) -> Portable:
    owners = {alias: key for key, place in shared.items() for alias in place.aliases}
    for alias, key in owners.items():
        if alias in paddle_state and key in paddle_state and not _bitwise(paddle_state[alias], paddle_state[key]):
            raise TransferError(
                f"{alias} and {key} are one tensor in paddle, but their values differ; keep one of them"
            )
    return {key: value for key, value in paddle_state.items() if key not in owners}


def _bitwise(first: Array, second: Array) -> bool:
    return first.shape == second.shape and first.dtype == second.dtype and first.tobytes() == second.tobytes()
