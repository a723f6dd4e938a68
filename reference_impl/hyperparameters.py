"""The names and defaults of optimizers and schedules, once, because the frameworks' own differ.

RMSProp's defaults, for example, are alpha 0.99 and eps 1e-8 in torch but rho 0.95 and epsilon 1e-6 in paddle. Both
sides fill in what was not given from here, in torch's words, so that equal calls mean equal numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REQUIRED = object()
"""Stands in place of a default where a value must be given."""

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"momentum": 0.9, "nesterov": False},
    "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "rmsprop": {"alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False},
}

SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {},
    "step": {"step_size": REQUIRED, "gamma": 0.1},
    "multi_step": {"milestones": REQUIRED, "gamma": 0.1},
    "exponential": {"gamma": REQUIRED},
    "cosine": {"T_max": REQUIRED, "eta_min": 0.0},
}


def resolve(kind: str, table: Mapping[str, Mapping[str, Any]], name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of ``name``: ``given`` over the defaults in ``table``.

    Raises ValueError for a name or a hyperparameter that ``table`` does not have, and for a missing required one.
    ``kind`` ("optimizer", "schedule") only words the message.
    """
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}: choose one of {', '.join(table)}")
    defaults = table[name]
    for key in given:
        if key not in defaults:
            known = ", ".join(defaults) or "none"
            raise ValueError(f"{kind} {name!r} has no hyperparameter {key!r}: it has {known}")
    values = {**defaults, **given}
    for key, value in values.items():
        if value is REQUIRED:
            raise ValueError(f"{kind} {name!r} needs a value for {key!r}")
    return values
