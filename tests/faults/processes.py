"""Faults of several processes, put into the workers: a mean that is none, a rank that is left out, a wrong root.

They stand in for defects of a framework's collectives and of its data-parallel modules. Their contracts run on lanes in
mode ``+ranks`` alone: see ``tests/test_processes.py``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.lanes import ranks
from tests.faults.fault import Fault
from tests.faults_in_workers import WRAPS

LANES = ("torch:cpu+ranks=2", "paddle:cpu+ranks=2")
HELD = "tests.faults_in_workers"


@dataclass(frozen=True)
class RankFault(Fault):
    """A fault of every worker of a lane; its wrap is the one of its name there."""

    @contextlib.contextmanager
    def injected(self) -> Iterator[None]:
        pool = ranks.pool(self.lane.partition(":")[0])
        pool.run(f"{HELD}:put", {"target": self.target, "name": self.name})
        try:
            yield
        finally:
            pool.run(f"{HELD}:take", {})


def in_both(name: str, targets: tuple[str, str], *contracts: str) -> list[RankFault]:
    """A fault of either lane."""
    pairs = zip(LANES, targets, strict=True)
    return [RankFault(name, lane, contracts, target, WRAPS[name]) for lane, target in pairs]


def of(owners: tuple[str, str], name: str) -> tuple[str, str]:
    """A method of the data-parallel modules, or a function of the modules of collectives."""
    first, second = (f"{owner}.{name}" if ":" in owner else f"{owner}:{name}" for owner in owners)
    return first, second


DATA_PARALLEL = ("torch.nn.parallel:DistributedDataParallel", "paddle:DataParallel")
COLLECTIVES = ("torch.distributed", "paddle.distributed")
STEP, UNUSED, SUMS = "processes.step", "processes.unused_parameters", "processes.accumulation"
REDUCTIONS, MOVES = "processes.reductions", "processes.moves"
EXCHANGES, OBJECTS = "processes.exchanges", "processes.objects"
MADE, FORWARD, NO_SYNC = (of(DATA_PARALLEL, name) for name in ("__init__", "forward", "no_sync"))
START, BUFFERS, FORMATS, SCALING = (f"processes.{name}" for name in ("start", "buffers", "formats", "loss_scaling"))
SHARES, CHECKPOINT = "processes.shares", "processes.checkpoint"
FAULTS = [
    *in_both("sum in place of the mean", MADE, STEP, UNUSED, SUMS, FORMATS),
    *in_both("mean taken twice", MADE, STEP),
    *in_both("gradient of rank 1 dropped", MADE, STEP, UNUSED),
    *in_both("gradient of a number without axes dropped", MADE, STEP),
    *in_both("mean over rows", FORWARD, STEP),
    *in_both("gradients not exchanged", FORWARD, STEP, SCALING),
    *in_both("exchanged within no_sync", NO_SYNC, SUMS),
    *in_both("sum taken twice", of(COLLECTIVES, "all_reduce"), REDUCTIONS),
    *in_both("sum of one taken twice", of(COLLECTIVES, "reduce"), REDUCTIONS),
    *in_both("broadcast from the other rank", of(COLLECTIVES, "broadcast"), MOVES),
    *in_both("gathered in the wrong order", of(COLLECTIVES, "all_gather"), MOVES),
    *in_both("received twice", of(COLLECTIVES, "recv"), MOVES),
    *in_both("scattered nothing", of(COLLECTIVES, "scatter"), MOVES),
    *in_both("nothing reduced and scattered", of(COLLECTIVES, "reduce_scatter"), EXCHANGES),
    *in_both("objects in the wrong order", of(COLLECTIVES, "all_gather_object"), OBJECTS),
    *in_both("objects of the other rank", of(COLLECTIVES, "broadcast_object_list"), OBJECTS),
    *in_both(
        "parameters not sent at the start",
        ("torch.nn.parallel.distributed:_sync_module_states", "paddle.distributed.parallel:sync_params_buffers"),
        START,
    ),
    RankFault("buffers not sent", LANES[0], (BUFFERS,), f"{DATA_PARALLEL[0]}._sync_buffers", WRAPS["buffers not sent"]),
    RankFault(
        "buffers of the other rank",
        LANES[1],
        (BUFFERS,),
        f"{COLLECTIVES[1]}:broadcast",
        WRAPS["buffers of the other rank"],
    ),
    *in_both(
        "both get the first share",
        ("torch.utils.data:DistributedSampler.__init__", "paddle.io:DistributedBatchSampler.__init__"),
        SHARES,
    ),
    *in_both(
        "part of rank 1 lost", ("torch.distributed.checkpoint:save", "paddle.distributed:save_state_dict"), CHECKPOINT
    ),
    *in_both("nothing read", ("torch.distributed.checkpoint:load", "paddle.distributed:load_state_dict"), CHECKPOINT),
]
