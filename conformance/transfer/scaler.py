"""The state of a loss scaler of mixed precision, by its meaning in the other framework's words.

Paddle may wait for several overflows before it lowers the scale, torch never does; the rest is the same, counter for
counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .rules import TransferError

NAMES = {
    "scale": "scale",
    "growth_factor": "incr_ratio",
    "backoff_factor": "decr_ratio",
    "growth_interval": "incr_every_n_steps",
    "_growth_tracker": "incr_count",
}
"""Torch's words and paddle's."""


def carried(path: Path, state: Mapping[str, Any], source: str) -> dict[str, Any]:
    """A scaler's state in the words of the framework that ``source`` is not.

    Raises TransferError for one of another form, and for one that waits for several overflows, which torch cannot.
    """
    if not state:
        return {}  # torch's scaler that is switched off
    names = NAMES if source == "torch" else {theirs: ours for ours, theirs in NAMES.items()}
    lacking = [name for name in names if name not in state]
    if lacking:
        raise TransferError(
            f"{path}: the loss scaler's state has no {lacking[0]!r}, which a GradScaler of {source} has; save its "
            "state_dict()"
        )
    found = {other: _number(state[name]) for name, other in names.items()}
    if source == "torch":
        scale = np.asarray([found["scale"]], np.float32)
        more = {"decr_every_n_nan_or_inf": 1, "decr_count": 0, "use_dynamic_loss_scaling": True}
        return {**found, "scale": scale, **more}
    if state.get("decr_every_n_nan_or_inf", 1) != 1:
        raise TransferError(
            f"{path}: paddle's loss scaler lowers its scale after {state['decr_every_n_nan_or_inf']} overflows, and "
            "torch's after each: make it with decr_every_n_nan_or_inf=1, or save without it"
        )
    if not state.get("use_dynamic_loss_scaling", True):
        raise TransferError(f"{path}: paddle's loss scaler never changes its scale, which torch's does; leave it out")
    return found


def told(state: Mapping[str, Any], target: str) -> str:
    """One line about it."""
    if not state:
        return "switched off"
    counter = "_growth_tracker" if target == "torch" else "incr_count"
    return f"scale {_number(state['scale']):g}, {state[counter]} steps without an overflow"


def _number(value: Any) -> Any:
    array = np.asarray(value)
    return array.reshape(-1)[0].item() if array.size == 1 else value
