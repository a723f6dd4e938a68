"""What a file's state of an optimizer holds by paddle's names, put into the pair's optimizer where it fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import paddle

from conformance.transfer import dtypes
from conformance.transfer.kinds import KINDS
from conformance.transfer.saved import PADDLE_SCHEDULE
from conformance.transfer.slots import OptimizerStateError

from .optimizer_state import accumulators, create_accumulators, dtype_of, put

MASTERS = "master_weights"
Accumulators = dict[str, dict[str, np.ndarray]]
_ENDINGS = sorted(
    {slot.paddle for kind in KINDS for slot in kind.slots.values()}
    | {name for kind in KINDS for name in kind.powers}
    | {"mu_product", "rho"},
    key=len,
    reverse=True,
)
KEY = re.compile(rf"(.+?)(?:_fp32_master_\d+)?_({'|'.join(_ENDINGS)})_\d+")


def by_parameter(optimizer: paddle.optimizer.Optimizer, state: Mapping[str, Any]) -> Accumulators:
    """The arrays of a file by parameter and accumulator."""
    found: Accumulators = {}
    for key, value in state.items():
        if key in (PADDLE_SCHEDULE, MASTERS):
            continue
        match = KEY.fullmatch(key)
        if match is None or not isinstance(value, np.ndarray):
            kind = type(optimizer).__name__
            raise OptimizerStateError(f"it holds {key!r}, which no {kind} of paddle keeps that can be carried")
        found.setdefault(parameter_of(optimizer, match[1]), {})[match[2]] = value
    return found


def parameter_of(optimizer: paddle.optimizer.Optimizer, lead: str) -> str:
    """The parameter's name, without the optimizer's, which paddle puts between it and the accumulator's."""
    return lead if optimizer._name is None else lead.removesuffix(f"_{optimizer._name}")


def fill_accumulators(
    optimizer: paddle.optimizer.Optimizer, given: Accumulators, parameters: Mapping[str, paddle.Tensor]
) -> None:
    """Raises OptimizerStateError for the state of another optimizer, which paddle would take or fail at later."""
    strange = [name for name in given if name not in parameters]
    if strange:
        known = ", ".join(sorted(parameters)[:3])
        raise OptimizerStateError(
            f"it holds state of {strange[0]!r}, and the trained parameters of paddle_model are called {known} and so "
            "on: the names depend on what was made before, so save the model in the same run, with paddle.save, "
            "which writes them down"
        )
    create_accumulators(optimizer, [parameters[name] for name in given])
    kept = accumulators(optimizer)
    kind = type(optimizer).__name__
    for name, arrays in given.items():
        tensors = kept.get(parameters[name].name, {})
        if set(tensors) != set(arrays):
            raise OptimizerStateError(
                f"it holds {', '.join(sorted(arrays))} of {name!r}, and paddle_optimizer ({kind}) keeps "
                f"{', '.join(sorted(tensors)) or 'nothing'}: name in the pair file the optimizer that it came from"
            )
        for accumulator, array in arrays.items():
            shape = tuple(tensors[accumulator].shape)
            if array.shape != shape:
                raise OptimizerStateError(
                    f"its {accumulator} of {name!r} has shape {array.shape}, the parameter needs {shape}"
                )
            put(
                tensors[accumulator],
                dtypes.meant(array, dtype_of(tensors[accumulator]), f"its {accumulator} of {name!r}"),
            )
