"""Faults of what is asked of many calls at once: arguments by position, calls in place, state that is taken up."""

from __future__ import annotations

import zlib
from typing import Any

from tests.faults.fault import PADDLE, TORCH
from tests.faults.operators import CallFault, first, larger

BY_CALL = (
    "optimizer.group_keys",
    "state.average",
    "state.look_ahead",
    "state.of_another_decay",
    "scheduler.begun",
    "inplace.methods",
    "inplace.shapes_of_aliases",
    "inplace.shared",
    "positions.batch_norm",
    "positions.dropout_columns",
    "positions.recurrent_cell",
    "positions.transformer_layer",
)


def faults() -> list[CallFault]:
    """For every contract one in each lane: its first result is too large."""
    found = []
    for contract_id in BY_CALL:
        lanes = [TORCH, PADDLE] if zlib.crc32(contract_id.encode()) % 2 else [PADDLE, TORCH]
        found += [
            CallFault(f"{contract_id}: value too large", lane, (contract_id,), "", first(_larger)) for lane in lanes
        ]
    return found


def _larger(found: Any) -> Any:
    return larger(found) if hasattr(found, "dtype") else found + 1


FAULTS = faults()
