"""Samplers that are passed over again: after a restored state, in an epoch anew, and twice at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.strategies import seeds
from suites.images import ON_CPU, same
from suites.support.datasets import Numbers

AREA = "samplers"
KINDS = ("random", "replaced", "weighted", "subset")
LEAST = 20
"""Two orders of so many items are equal by chance once in 2e18."""


def restored() -> st.SearchStrategy[list[Sample]]:
    """Every kind of sampler that draws, and in which pass its state is saved."""

    def make(count: int, seed: int, before: int, given: bool) -> list[Sample]:
        return [
            Sample({"count": count, "seed": seed % 2**31, "before": before, "kind": kind, "given": given})
            for kind in KINDS
        ]

    return st.builds(make, st.integers(LEAST, 40), seeds, st.integers(0, 2), st.booleans())


def _passes(sampler: Any, before: int, save: Callable[[], Any], restore: Callable[[Any], None]) -> dict[str, Any]:
    """Passes after a state that was saved within one, and the same from the restored state."""
    passed = lambda: [int(index) for index in sampler]
    for _ in range(before):
        passed()
    begun = iter(sampler)
    first = int(next(begun))
    state = save()
    rest = [passed(), passed()]
    restore(state)
    again = [passed(), passed()]
    orders = [[first, *map(int, begun)], *rest]
    return {
        "again": again == rest,
        "differs": orders[0] != rest[0] != rest[1],
        "lengths": np.array([len(order) for order in orders]),
        "items": np.array([len(set(order)) for order in orders]),
    }


@contract(
    "data.sampler_state",
    area=AREA,
    samples=restored(),
    tensors=False,
    share=0.3,
    unsupported=ON_CPU,
    covers=("data.samplers",),
)
class sampler_state:
    """A saved state of the random numbers, restored, gives the passes anew that followed it, and no two are alike."""

    note = (
        "Samplers of torch draw from a given generator or from torch's own. In paddle SubsetRandomSampler draws from "
        "paddle's, and the others from np.random: both states are to be saved."
    )

    @staticmethod
    def torch(count, seed, before, kind, given):
        import torch
        from torch.utils import data

        own = torch.Generator().manual_seed(seed) if given else torch.default_generator
        chosen = own if given else None
        sampler = {
            "random": lambda: data.RandomSampler(Numbers(count), generator=chosen),
            "replaced": lambda: data.RandomSampler(Numbers(count), True, generator=chosen),
            "weighted": lambda: data.WeightedRandomSampler(torch.ones(count), count, False, generator=chosen),
            "subset": lambda: data.SubsetRandomSampler(range(count), generator=chosen),
        }[kind]()
        outside = torch.get_rng_state()
        own.manual_seed(seed)
        try:
            return _passes(sampler, before, own.get_state, own.set_state)
        finally:
            torch.set_rng_state(outside)

    @staticmethod
    def paddle(count, seed, before, kind, given):
        import paddle
        from paddle import io

        sampler = {
            "random": lambda: io.RandomSampler(Numbers(count)),
            "replaced": lambda: io.RandomSampler(Numbers(count), True),
            "weighted": lambda: io.WeightedRandomSampler(np.ones(count), count, False),
            "subset": lambda: io.SubsetRandomSampler(list(range(count))),
        }[kind]()

        def restore(state: Any) -> None:
            np.random.set_state(state[0])
            paddle.set_rng_state(state[1])

        save = lambda: (np.random.get_state(), paddle.get_rng_state())
        outside = save()
        np.random.seed(seed)
        paddle.seed(seed)
        try:
            return _passes(sampler, before, save, restore)
        finally:
            restore(outside)

    @staticmethod
    def oracle(count, seed, before, kind, given):
        most = np.full(3, count)
        half = (count - 1) / 2
        return {
            "again": same(np.asarray(True)),
            "differs": same(np.asarray(True)),
            "lengths": same(most),
            "items": Acceptance(most - half, half, dtype="int64") if kind == "replaced" else same(most),
        }


def epochs() -> st.SearchStrategy[Sample]:
    """Epochs of one of several processes, one of which comes again after the pass of another, or part of it."""

    def make(count: int, ranks: int, rank: int, epochs: list[int], part: bool) -> Sample:
        return Sample({"count": ranks * count, "ranks": ranks, "rank": rank % ranks, "epochs": epochs, "part": part})

    two = st.lists(st.integers(0, 8), min_size=2, max_size=2, unique=True)
    return st.builds(make, st.integers(LEAST, 40), st.integers(1, 3), st.integers(0, 2), two, st.booleans())


def _anew(make: Callable[[], tuple[Any, Any]], epochs: list[int], part: bool) -> dict[str, Any]:
    """An epoch, another, and the first anew; in a sampler that is new; and what follows if no epoch is set."""
    first, other = epochs
    sampler, batches = make()

    def order(epoch: int, some: tuple[Any, Any]) -> list[Any]:
        some[0].set_epoch(epoch)
        return list(some[1])

    orders = {epoch: order(epoch, make()) for epoch in range(10)}
    before = order(first, (sampler, batches))
    sampler.set_epoch(other)
    between = [next(iter(batches))] if part else list(batches)
    again = order(first, (sampler, batches))
    unset = list(batches)
    return {
        "again": again == before == orders[first],
        "between": between == orders[other][: len(between)],
        "differs": len({str(each) for each in orders.values()}),
        "follows": next((epoch for epoch, each in orders.items() if each == unset), -1),
    }


@contract(
    "data.epochs_anew",
    area=AREA,
    samples=epochs(),
    tensors=False,
    share=0.4,
    may_be_zero=("follows",),
    unsupported=ON_CPU,
    covers=("data.samplers",),
)
class epochs_anew:
    """set_epoch alone says in which order a process gets its items, whatever the sampler gave before."""

    @staticmethod
    def torch(count, ranks, rank, epochs, part):
        from torch.utils.data import BatchSampler, DistributedSampler

        def make() -> tuple[Any, Any]:
            sampler = DistributedSampler(Numbers(count), ranks, rank)
            return sampler, BatchSampler(sampler, 4, False)

        return _anew(make, epochs, part)

    @staticmethod
    def paddle(count, ranks, rank, epochs, part):
        from paddle.io import DistributedBatchSampler

        def make() -> tuple[Any, Any]:
            return (DistributedBatchSampler(Numbers(count), 4, ranks, rank, shuffle=True),) * 2

        return _anew(make, epochs, part)

    @staticmethod
    def oracle(count, ranks, rank, epochs, part):
        return {
            "again": same(np.asarray(True)),
            "between": same(np.asarray(True)),
            "differs": same(np.asarray(10)),
            "follows": same(np.asarray(epochs[0])),
        }

    @staticmethod
    def variant_next_epoch(count, ranks, rank, epochs, part):
        """A pass for which no epoch was set is of the next one."""
        return {**epochs_anew.oracle(count, ranks, rank, epochs, part), "follows": same(np.asarray(epochs[0] + 1))}


def in_turn() -> st.SearchStrategy[list[Sample]]:
    """Every kind of sampler that has a pass begun while another goes on."""
    make = lambda count, later: [Sample({"count": count, "later": later, "kind": each}) for each in ORDERS]
    return st.builds(make, st.integers(4, 20), st.integers(0, 3))


ORDERS = ("sequence", "batches", "share", "random", "subset")


def _together(sampler: Any, later: int, kind: str) -> dict[str, Any]:
    """Two passes, of which the second begins after some items of the first, and then goes on in turn with it.

    Orders that are random are sorted.
    """
    flat = lambda item: list(map(int, item)) if isinstance(item, list) else [int(item)]
    first = iter(sampler)
    orders: list[list[int]] = [[], []]
    for _ in range(later):
        orders[0] += flat(next(first, []))
    second = iter(sampler)
    ended = object()
    for items in itertools.zip_longest(first, second, fillvalue=ended):
        for order, item in zip(orders, items, strict=True):
            order.extend([] if item is ended else flat(item))
    settled = sorted if kind in ("random", "subset") else list
    return {name: np.array(settled(order)) for name, order in zip(("first", "second"), orders, strict=True)}


@contract(
    "data.passes_in_turn",
    area=AREA,
    samples=in_turn(),
    tensors=False,
    share=0.2,
    unsupported=ON_CPU,
    covers=("data.samplers",),
)
class passes_in_turn:
    """Two passes over one sampler do not disturb each other: each has all items, in their order where there is one."""

    @staticmethod
    def torch(count, later, kind):
        from torch.utils import data

        items = Numbers(count)
        sampler = {
            "sequence": lambda: data.SequentialSampler(items),
            "batches": lambda: data.BatchSampler(data.SequentialSampler(items), 3, False),
            "share": lambda: data.BatchSampler(data.DistributedSampler(items, 1, 0, shuffle=False), 3, False),
            "random": lambda: data.RandomSampler(items),
            "subset": lambda: data.SubsetRandomSampler(range(count)),
        }[kind]()
        return _together(sampler, later, kind)

    @staticmethod
    def paddle(count, later, kind):
        from paddle import io

        items = Numbers(count)
        sampler = {
            "sequence": lambda: io.SequenceSampler(items),
            "batches": lambda: io.BatchSampler(items, batch_size=3),
            "share": lambda: io.DistributedBatchSampler(items, 3, 1, 0, shuffle=False),
            "random": lambda: io.RandomSampler(items),
            "subset": lambda: io.SubsetRandomSampler(list(range(count))),
        }[kind]()
        return _together(sampler, later, kind)

    @staticmethod
    def oracle(count, later, kind):
        return {each: same(np.arange(count)) for each in ("first", "second")}
