"""Faults of what is asked of many calls at once: arguments by position, calls in place, state that is taken up."""

from __future__ import annotations

import zlib
from typing import Any

from tests.faults.fault import PADDLE, TORCH
from tests.faults.operators import SHAPED_OTHERWISE, CallFault, first, larger, named

BY_CALL = (
    "audio.info",
    "audio.load",
    "audio.save",
    "audio.tables",
    "autograd.after_an_error",
    "autograd.functional",
    "autograd.own",
    "autograd.second",
    "compat.sort",
    "compat.unique",
    "digits.float64",
    "digits.int64",
    "digits.spread_of_integers",
    "linear.qr_modes",
    "optimizer.group_keys",
    "positions.arithmetic",
    "positions.batch_norm",
    "positions.dropout_columns",
    "positions.indices",
    "positions.recurrent_cell",
    "positions.reductions",
    "positions.shapes",
    "positions.transformer_layer",
    "quantisation.calibrated",
    "quantisation.moving_average",
    "quantisation.observers",
    "quantisation.trained",
    "recompute.containers",
    "scheduler.begun",
    "signal.frame",
    "signal.overlap_add",
    "signal.windows",
    "spelling.arithmetic",
    "spelling.creation",
    "spelling.places",
    "spelling.reductions",
    "spelling.shapes",
    "state.average",
    "state.look_ahead",
    "state.of_another_decay",
)
MILLIONS = (
    "large.counts",
    "large.covariances",
    "large.gradients",
    "large.losses",
    "large.norms",
    "large.pools",
    "large.products",
    "large.running",
    "large.scatters",
    "large.spreads",
    "large.statistics",
    "large.sums",
)
"""Sums of a million numbers, which a framework that adds them one by one may miss by much."""


def faults() -> list[CallFault]:
    """For every contract one in each lane: its first result is too large."""
    found = []
    for contract_id in BY_CALL:
        lanes = [TORCH, PADDLE] if zlib.crc32(contract_id.encode()) % 2 else [PADDLE, TORCH]
        found += [
            CallFault(f"{contract_id}: value too large", lane, (contract_id,), "", first(_larger)) for lane in lanes
        ]
    for contract_id in MILLIONS:
        found.append(CallFault(f"{contract_id}: counted twice", TORCH, (contract_id,), "", first(_twice)))
        name, wrap = MISSED_IN_PADDLE.get(contract_id, ("counted twice", first(_twice)))
        found.append(CallFault(f"{contract_id}: {name}", PADDLE, (contract_id,), "", wrap))
    return found + [
        CallFault(f"{contract_id}: value too large too", PADDLE, (contract_id,), "", first(_larger))
        for contract_id in SHAPED_OTHERWISE
    ]


def _twice(found: Any) -> Any:
    return found * 2


MISSED_IN_PADDLE = {
    "large.covariances": ("a thousand times too large", first(lambda found: found * 1000)),
    "large.spreads": ("a thousand times too large", first(lambda found: found * 1000)),
    "large.statistics": ("mean counted twice", named("mean", _twice)),
}
"""Those of which paddle's own error is larger than the value; where it normalizes, only the mean is bounded."""


def _larger(found: Any) -> Any:
    return larger(found) if hasattr(found, "dtype") else found + 1


FAULTS = faults()
