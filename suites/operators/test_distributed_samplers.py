"""The shares of a dataset that several processes get, epoch by epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from suites.images import ON_CPU, same
from suites.support.datasets import Numbers

AREA = "samplers"
EPOCHS = (0, 0, 1, 2, 3)


def shared() -> st.SearchStrategy[list[Sample]]:
    """Items for several processes, in batches; as many as these need, fewer and more."""

    def make(count: int, ranks: int, batch: int, drop_last: bool, shuffle: bool) -> Sample:
        options = {"batch_size": batch, "drop_last": drop_last, "shuffle": shuffle}
        return Sample({"count": count, "ranks": ranks, **options})

    one = st.builds(make, st.integers(1, 25), st.integers(1, 4), st.integers(1, 5), st.booleans(), st.booleans())
    return st.lists(one, min_size=4, max_size=4)


@contract(
    "data.distributed_sampler",
    area=AREA,
    samples=shared(),
    tensors=False,
    share=0.3,
    may_be_zero=("sizes", "lengths", "most", "visited", "differs"),
    unsupported=ON_CPU,
    covers=("data.samplers",),
)
class distributed_sampler:
    """Processes get shares of one size that are all items together, some twice where they do not divide.

    The order of an epoch repeats, and differs between epochs where items are shuffled.
    """

    note = (
        "DistributedBatchSampler of paddle is DistributedSampler and BatchSampler of torch in one: processes get whole "
        "batches in turn, where in torch they get items in turn; drop_last drops a batch that is not full, in torch's "
        "DistributedSampler items that do not divide."
    )

    @staticmethod
    def torch(count, ranks, batch_size, drop_last, shuffle):
        from torch.utils.data import BatchSampler, DistributedSampler

        def batches(rank: int, epoch: int) -> tuple[list[list[int]], int]:
            sampler = DistributedSampler(Numbers(count), ranks, rank, shuffle)
            sampler.set_epoch(epoch)
            made = BatchSampler(sampler, batch_size, drop_last)
            return list(made), len(made)

        return told([[batches(rank, epoch) for rank in range(ranks)] for epoch in EPOCHS])

    @staticmethod
    def paddle(count, ranks, batch_size, drop_last, shuffle):
        from paddle.io import DistributedBatchSampler

        def batches(rank: int, epoch: int) -> tuple[list[list[int]], int]:
            made = DistributedBatchSampler(Numbers(count), batch_size, ranks, rank, shuffle, drop_last)
            made.set_epoch(epoch)
            return list(made), len(made)

        return told([[batches(rank, epoch) for rank in range(ranks)] for epoch in EPOCHS])

    @staticmethod
    def oracle(count, ranks, batch_size, drop_last, shuffle):
        each = -(-count // ranks)
        used = each - each % batch_size if drop_last else each
        sizes = [min(batch_size, used - start) for start in range(0, used, batch_size)]
        times, rest = divmod(each * ranks, count)
        most = times + (rest > 0)
        whole = used == each
        # Four orders of 8 items or more are equal once in 6e13; of fewer nothing is said.
        sure = not shuffle or (whole and count >= 8)
        return {
            "sizes": same(np.array([sizes] * ranks, int)),
            "lengths": same(np.array([len(sizes)] * ranks)),
            "most": same(np.asarray(most)) if whole else _up_to(most),
            "visited": same(np.asarray(count)) if whole else _up_to(count),
            "repeats": same(np.asarray(True)),
            "differs": same(np.asarray(int(shuffle))) if sure else _up_to(1),
        }


def _up_to(most: int) -> Acceptance:
    return Acceptance(np.asarray(most / 2), most / 2, dtype="int64")


def told(epochs: list[list[tuple[list[list[int]], int]]]) -> dict[str, Any]:
    """Sizes of batches by rank, how often an item came at most and how many did, and what epochs have in common."""
    first = epochs[0]
    items = [index for batches, _ in first for batch in batches for index in batch]
    counts = np.unique(items, return_counts=True)[1]
    return {
        "sizes": np.array([[len(batch) for batch in batches] for batches, _ in first], int),
        "lengths": np.array([length for _, length in first]),
        "most": int(counts.max(initial=0)),
        "visited": int(counts.size),
        "repeats": epochs[0] == epochs[1],
        "differs": int(any(epoch != epochs[0] for epoch in epochs[2:])),
    }
