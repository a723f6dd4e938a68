"""Faults of recomputation: a mask that is drawn again, a random state that is lost, a gradient that comes twice."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, both
from tests.faults.wraps import around, option

CHECKPOINT = {TORCH: "torch.utils.checkpoint:checkpoint", PADDLE: "paddle.distributed.fleet.utils:recompute"}
SEQUENTIAL = {
    TORCH: "torch.utils.checkpoint:checkpoint_sequential",
    PADDLE: "paddle.incubate.distributed.fleet:recompute_sequential",
}


def _once(call: Any, block: Any, *given: Any, **options: Any) -> Any:
    """Nothing is recomputed."""
    for name in ("use_reentrant", "preserve_rng_state"):
        options.pop(name, None)
    return block(*given, **options)


def _cut(call: Any, block: Any, *given: Any, **options: Any) -> Any:
    """The first tensor's gradient is lost."""
    if hasattr(given[0], "detach"):
        given = (given[0].detach() + 0.0 * given[0].sum(), *given[1:])
    return call(block, *given, **options)


def _one_layer_less(call: Any, first: Any, second: Any, *given: Any, **options: Any) -> Any:
    """The last layer is left out."""
    if isinstance(first, dict):
        return call(first, second[:-1] if len(second) > 1 else second, *given, **options) * 1.5
    return call(first[:-1] if len(first) > 1 else first, min(second, max(len(first) - 1, 1)), *given, **options) * 1.5


FAULTS = (
    *both("mask drawn again", CHECKPOINT, option("preserve_rng_state", False), "recompute.gradients"),
    *both("gradient of the first tensor lost", CHECKPOINT, around(_cut), "recompute.gradients", "recompute.second"),
    *both("nothing is recomputed", CHECKPOINT, around(_once), "recompute.statistics"),
    *both("one layer less", SEQUENTIAL, around(_one_layer_less), "recompute.sequential"),
)
