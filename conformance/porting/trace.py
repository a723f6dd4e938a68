"""One side of a pair traced: what every layer and function of a user's model took and gave in one float64 run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.porting.backend import Backend, loaded
from conformance.porting.pair import Pair
from conformance.porting.run import Arrays, loss_of
from conformance.porting.traces import flattened, without_dropout


def trace(
    backend: Backend,
    pair: Pair,
    values: Mapping[str, np.ndarray],
    inputs: Arrays,
    targets: Arrays,
    cotangents: int,
    training: bool,
    forced: Sequence[tuple[int, Arrays]] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Every call in one float64 run, in the order of return, as :meth:`.recorder.Recorder.told` gives it.

    In training mode with the gradients of a run's own loss (:func:`.run.run`). forced: numbers of calls, with what they
    are made to give. seed: of whatever random numbers the model draws.
    """
    follow = importlib.import_module(f"conformance.porting.{backend.name}_side.hooks").follow
    model = loaded(backend, pair, values, True, training)
    with backend.precision(True):
        given = [backend.copied(backend.leaf(backend.tensor(array, True))) for array in inputs]
        with without_dropout(backend.functional) if training else backend.without_gradients():
            instead = {number: [backend.tensor(each, True) for each in arrays] for number, arrays in forced}
            backend.seed(seed)
            recorder, outputs = follow(model, given, gradients=training, forced=instead)
            if training:
                backend.backward(loss_of(backend, pair, flattened(outputs), targets, cotangents, True))
            found: dict[str, Any] = recorder.told(given, outputs)
            return found


def corrected(backend: Backend, pair: Pair, **how: Any) -> dict[str, Any]:
    """As :func:`trace`, of a model that may fail where some of its calls give something else."""
    return trace(backend, pair, **how)
