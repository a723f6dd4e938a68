"""What samplers, splits, datasets and loaders must not take: each would go unnoticed, or fail far from its cause."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from suites.images import ON_CPU, same
from suites.support.datasets import Numbers

AREA = "samplers"
WEIGHTS: dict[str, tuple[list[float], float, bool]] = {
    "negative weight": ([-0.5, 1.0], 2, True),
    "weight that is no number": ([float("nan"), 1.0], 2, True),
    "infinite weight": ([float("inf"), 1.0], 2, True),
    "weights of 0": ([0.0, 0.0], 2, True),
    "more items than weights": ([1.0, 2.0], 3, False),
    "more items than weights above 0": ([0.0, 1.0, 2.0], 3, False),
    "no items": ([1.0, 2.0], 0, True),
    "half an item": ([1.0, 2.0], 0.5, True),
}
SPLITS: dict[str, list[Any]] = {
    "too long": [5, 6],
    "too short": [5, 4],
    "fractions above 1": [0.5, 0.6],
    "negative length": [-1, 11],
    "negative fraction": [-0.5, 1.5],
}
OTHERS = (
    "batch of 0",
    "batch below 0",
    "half a batch",
    "empty list of datasets",
    "index beyond joined datasets",
    "index before joined datasets",
    "tensors of unequal length",
    "chain of datasets with places",
    "sampler of no items",
    "negative number of items",
    "loader that shuffles a stream",
    "loader with sampler and shuffle",
    "loader with batches and batch size",
)


def torch_cases() -> dict[str, Callable[[], Any]]:
    """What torch must refuse, by name."""
    import torch
    from torch.utils import data

    class Stream(data.IterableDataset[int]):
        def __iter__(self) -> Any:
            return iter(range(3))

    def drawn(weights: list[float], number: Any, replacement: bool) -> list[int]:
        return list(data.WeightedRandomSampler(weights, number, replacement))

    joined = lambda: data.ConcatDataset([Numbers(2), Numbers(3)])
    return {
        **{name: partial(drawn, *each) for name, each in WEIGHTS.items()},
        **{name: partial(data.random_split, Numbers(10), each) for name, each in SPLITS.items()},
        "batch of 0": lambda: data.BatchSampler(range(3), 0, False),
        "batch below 0": lambda: data.BatchSampler(range(3), -2, False),
        "half a batch": lambda: data.BatchSampler(range(3), 1.5, False),
        "empty list of datasets": lambda: data.ConcatDataset([]),
        "index beyond joined datasets": lambda: joined()[5],
        "index before joined datasets": lambda: joined()[-6],
        "tensors of unequal length": lambda: data.TensorDataset(torch.zeros(2, 3), torch.zeros(3)),
        "chain of datasets with places": lambda: list(data.ChainDataset([Numbers(2)])),
        "sampler of no items": lambda: data.RandomSampler(Numbers(3), num_samples=0),
        "negative number of items": lambda: data.RandomSampler(Numbers(3), num_samples=-1),
        "loader that shuffles a stream": lambda: data.DataLoader(Stream(), shuffle=True),
        "loader with sampler and shuffle": lambda: data.DataLoader(Numbers(3), sampler=[0], shuffle=True),
        "loader with batches and batch size": lambda: data.DataLoader(Numbers(3), 2, batch_sampler=[[0]]),
    }


def paddle_cases() -> dict[str, Callable[[], Any]]:
    """What paddle must refuse, by name."""
    import paddle
    from paddle import io

    class Stream(io.IterableDataset[int]):
        def __iter__(self) -> Any:
            return iter(range(3))

    def drawn(weights: list[float], number: Any, replacement: bool) -> list[int]:
        return [*iter(io.WeightedRandomSampler(np.array(weights), number, replacement))]

    joined = lambda: io.ConcatDataset([Numbers(2), Numbers(3)])
    return {
        **{name: partial(drawn, *each) for name, each in WEIGHTS.items()},
        **{name: partial(io.random_split, Numbers(10), each) for name, each in SPLITS.items()},
        "batch of 0": lambda: io.BatchSampler(sampler=range(3), batch_size=0),
        "batch below 0": lambda: io.BatchSampler(sampler=range(3), batch_size=-2),
        "half a batch": lambda: io.BatchSampler(sampler=range(3), batch_size=1.5),
        "empty list of datasets": lambda: io.ConcatDataset([]),
        "index beyond joined datasets": lambda: joined()[5],
        "index before joined datasets": lambda: joined()[-6],
        "tensors of unequal length": lambda: io.TensorDataset([paddle.zeros([2, 3]), paddle.zeros([3])]),
        "chain of datasets with places": lambda: list(io.ChainDataset([Numbers(2)])),
        "sampler of no items": lambda: io.RandomSampler(Numbers(3), num_samples=0),
        "negative number of items": lambda: io.RandomSampler(Numbers(3), num_samples=-1),
        "loader that shuffles a stream": lambda: io.DataLoader(Stream(), shuffle=True),
        "loader with sampler and shuffle": lambda: io.BatchSampler(Numbers(3), sampler=[0], shuffle=True),
        "loader with batches and batch size": lambda: io.DataLoader(Numbers(3), batch_size=2, batch_sampler=[[0]]),
    }


def taken(found: Any) -> dict[str, Any]:
    """What was accepted, as lengths or numbers."""
    parts = found if isinstance(found, list) else [found]
    numbers = [part if isinstance(part, int | np.integer) else len(part) for part in parts]
    return {"output": np.array(numbers, np.int64)}


@contract(
    "data.refusals",
    area=AREA,
    samples=st.permutations((*WEIGHTS, *SPLITS, *OTHERS)).map(lambda cases: [Sample({"case": case}) for case in cases]),
    tensors=False,
    share=0.1,
    unsupported=ON_CPU,
    covers=(
        *("data.samplers", "data.random_split", "data.ConcatDataset", "data.ChainDataset", "data.DataLoader"),
        *("data.Dataset", "data.IterableDataset"),
    ),
)
class sampler_refusals:
    """Weights without a meaning, parts that do not fill a whole, places outside and options that exclude each other."""

    @staticmethod
    def torch(case):
        return taken(torch_cases()[case]())

    @staticmethod
    def paddle(case):
        return taken(paddle_cases()[case]())

    @staticmethod
    def oracle(case):
        return Rejects(case)

    @staticmethod
    def variant_weight_of_0_drawn(case):
        """An item whose weight is 0 makes up for those that lack."""
        if case != "more items than weights above 0":
            return sampler_refusals.oracle(case)
        return {"output": Acceptance(np.ones(3), 1.0, dtype="int64")}

    @staticmethod
    def variant_negative_length(case):
        """A part of length -1 gets nine of ten items, which another has too."""
        return {"output": same(np.array([9, 1]))} if case == "negative length" else sampler_refusals.oracle(case)

    @staticmethod
    def variant_unequal_kept(case):
        """A dataset of tensors of unequal length is as long as the first of them."""
        if case == "tensors of unequal length":
            return {"output": same(np.array([2]))}
        return sampler_refusals.oracle(case)
