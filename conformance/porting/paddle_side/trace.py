"""One side of a pair traced: what every layer of a user's paddle model took and gave in one float64 run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.porting.backend import loaded
from conformance.porting.pair import Pair
from conformance.porting.run import loss_of
from conformance.porting.traces import without_dropout

from .backend import BACKEND
from .hooks import follow


def trace(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    inputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    cotangents: int,
    training: bool,
) -> list[dict[str, Any]]:
    """Every layer's call in one float64 run, in the order of return; in training mode with gradients (:func:`run`)."""
    model = loaded(BACKEND, pair, values, True, training)
    with BACKEND.precision(True):
        leaves = [BACKEND.leaf(BACKEND.tensor(array, True)) for array in inputs]
        with without_dropout(BACKEND.functional) if training else BACKEND.without_gradients():
            steps, outputs = follow(model, [BACKEND.copied(each) for each in leaves])
            if training:
                BACKEND.backward(loss_of(BACKEND, pair, outputs, targets, cotangents, True))
        return [vars(step) for step in steps]
