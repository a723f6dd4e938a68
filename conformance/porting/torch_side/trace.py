"""One side of a pair traced: what every layer of a user's torch model took and gave in one float64 run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from conformance.porting.pair import Pair
from conformance.porting.traces import without_dropout

from .hooks import follow
from .run import _arithmetic, _loaded, _loss, _tensor


def trace(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    inputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    cotangents: Sequence[np.ndarray],
    training: bool,
) -> list[dict[str, Any]]:
    """Every layer's call in one float64 run, in the order of return; in training mode with gradients (:func:`run`)."""
    model = _loaded(pair, values, True, training)
    with _arithmetic(True):
        given = [_tensor(array, True) for array in inputs]
        if not training:
            with torch.no_grad():
                return [vars(step) for step in follow(model, given)[0]]
        with without_dropout(torch.nn.functional):
            steps, outputs = follow(model, given)
            wanted, weights = ([_tensor(array, True) for array in each] for each in (targets, cotangents))
            loss = _loss(pair, outputs, wanted, weights)
            if loss.requires_grad:
                loss.backward()
        return [vars(step) for step in steps]
