"""Samplers, splits and datasets: which items come, how often, and in whose share; order where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites.images import ON_CPU, same
from suites.support import frequencies
from suites.support.datasets import Numbers

AREA = "samplers"
DRAWS = 3000
PASSES = 400


def orders() -> st.SearchStrategy[Sample]:
    """Numbers of items, batches of them, and places in a dataset that is made of two."""

    def make(count: int, batch: int, drop_last: bool, second: int, seed: int) -> Sample:
        places = generator(seed).integers(-count - second, count + second, 5).tolist()
        chosen = generator(seed).integers(0, count, batch).tolist()
        return Sample(
            {"count": count, "second": second, "batch_size": batch, "drop_last": drop_last}
            | {"places": places, "chosen": chosen}
        )

    return st.builds(make, st.integers(1, 20), st.integers(1, 7), st.booleans(), st.integers(1, 5), seeds)


@contract(
    "data.orders",
    area=AREA,
    samples=st.lists(orders(), min_size=4, max_size=4),
    tensors=False,
    share=0.3,
    may_be_zero=("sizes", "order"),
    unsupported=ON_CPU,
    covers=("data.samplers", "data.Dataset", "data.Subset", "data.ConcatDataset"),
)
class orders_in_sequence:
    """Sequential and batch samplers keep the order; parts and joined datasets give the items that they name."""

    note = "SequentialSampler is SequenceSampler in paddle, whose BatchSampler takes sampler= or a dataset."

    @staticmethod
    def torch(count, second, batch_size, drop_last, places, chosen):
        from torch.utils.data import BatchSampler, ConcatDataset, SequentialSampler, Subset

        sampler = SequentialSampler(Numbers(count))
        batches = BatchSampler(sampler, batch_size, drop_last)
        joined, part = ConcatDataset([Numbers(count), Numbers(second)]), Subset(Numbers(count), chosen)
        return {
            "sequence": np.array(list(sampler)),
            "sizes": np.array([len(batch) for batch in batches], int),
            "lengths": np.array([len(sampler), len(batches), len(joined), len(part)]),
            "order": np.array([index for batch in batches for index in batch], int),
            "joined": np.array([joined[place] for place in places]),
            "part": np.array([part[place] for place in range(len(part))]),
            "ends": np.array(joined.cumulative_sizes),
        }

    @staticmethod
    def paddle(count, second, batch_size, drop_last, places, chosen):
        from paddle.io import BatchSampler, ConcatDataset, SequenceSampler, Subset

        sampler = SequenceSampler(Numbers(count))
        batches = BatchSampler(sampler=sampler, batch_size=batch_size, drop_last=drop_last)
        joined, part = ConcatDataset([Numbers(count), Numbers(second)]), Subset(Numbers(count), chosen)
        return {
            "sequence": np.array(list(sampler)),
            "sizes": np.array([len(batch) for batch in batches], int),
            "lengths": np.array([len(sampler), len(batches), len(joined), len(part)]),
            "order": np.array([index for batch in batches for index in batch], int),
            "joined": np.array([joined[place] for place in places]),
            "part": np.array([part[place] for place in range(len(part))]),
            "ends": np.array(joined.cumulative_sizes),
        }

    @staticmethod
    def oracle(count, second, batch_size, drop_last, places, chosen):
        used = count - count % batch_size if drop_last else count
        sizes = [min(batch_size, used - start) for start in range(0, used, batch_size)]
        together = np.array([*range(count), *range(second)])
        return {
            "sequence": same(np.arange(count)),
            "sizes": same(np.array(sizes, int)),
            "lengths": same(np.array([count, len(sizes), count + second, len(chosen)])),
            "order": same(np.arange(used)),
            "joined": same(together[places]),
            "part": same(np.array(chosen)),
            "ends": same(np.array([count, count + second])),
        }


def draws(*options: dict[str, Any]) -> st.SearchStrategy[list[Sample]]:
    """A number of items with each of some options."""
    return st.integers(2, 6).map(lambda count: [Sample({"count": count, **each}) for each in options])


@contract(
    "data.random_sampler",
    area=AREA,
    samples=draws({"replacement": False}, {"replacement": True}),
    tensors=False,
    share=0.15,
    unsupported=ON_CPU,
    covers=("data.samplers",),
)
class random_sampler:
    """Without replacement each order of the items is as likely as any other; with it, items are independent."""

    note = "More samples than items need replacement=True in paddle; torch goes through the items again."

    @staticmethod
    def torch(count, replacement):
        from torch.utils.data import RandomSampler

        whole = RandomSampler(Numbers(count), replacement=replacement)
        few = RandomSampler(Numbers(count), replacement=replacement, num_samples=count - 1)
        return shares([list(whole) for _ in range(PASSES)], [list(few) for _ in range(PASSES)], len(few))

    @staticmethod
    def paddle(count, replacement):
        from paddle.io import RandomSampler

        whole = RandomSampler(Numbers(count), replacement=replacement)
        few = RandomSampler(Numbers(count), replacement=replacement, num_samples=count - 1)
        return shares([list(whole) for _ in range(PASSES)], [list(few) for _ in range(PASSES)], len(few))

    @staticmethod
    def oracle(count, replacement):
        everywhere = np.full((count, count), 1 / count)
        return {
            "where": frequencies.share(everywhere, PASSES),
            "again": frequencies.share(1 / count if replacement else 0.0, PASSES),
            "first_of_few": frequencies.share(everywhere[0], PASSES),
            "few": same(np.array([count - 1, count - 1])),
        }

    @staticmethod
    def variant_all_or_replaced(count, replacement):
        """A number of items is refused without replacement."""
        if not replacement:
            return Rejects("a number", error="num_samples should not be specified while replacement is False")
        return random_sampler.oracle(count, replacement)


def shares(orders: list[list[int]], fewer: list[list[int]], length: int) -> dict[str, Any]:
    """How often each item stands at each place, how often the second is the first again, and the same of parts."""
    held, part = np.array(orders), np.array(fewer)
    count = held.shape[1]
    return {
        "where": np.array([frequencies.counted(held[:, place], count) for place in range(count)]),
        "again": float(np.mean(held[:, 0] == held[:, 1])),
        "first_of_few": frequencies.counted(part[:, 0], count),
        "few": np.array([part.shape[1], length]),
    }


def weights() -> st.SearchStrategy[list[Sample]]:
    """Weights, one of which may be 0, as a list, an array and a tensor; with replacement or without."""

    def make(seed: int, count: int, zero: bool) -> list[Sample]:
        drawn = generator(seed).uniform(0.2, 3.0, count).round(2)
        if zero:
            drawn[seed % count] = 0.0
        kinds = (("array", True), ("list", True), ("tensor", True), ("array", False))
        return [Sample({"weights": drawn.tolist(), "kind": kind, "replacement": again}) for kind, again in kinds]

    return st.builds(make, seeds, st.integers(3, 6), st.booleans())


@contract(
    "data.weighted_sampler",
    area=AREA,
    samples=weights(),
    tensors=False,
    share=0.15,
    unsupported=ON_CPU,
    covers=("data.samplers",),
)
class weighted_sampler:
    """An item is drawn as often as its weight says, never where that is 0, and once at most without replacement."""

    @staticmethod
    def torch(weights, kind, replacement):
        import torch
        from torch.utils.data import WeightedRandomSampler

        given = {"list": weights, "array": np.array(weights), "tensor": torch.tensor(weights)}[kind]
        return weighed(lambda number: WeightedRandomSampler(given, number, replacement), replacement, len(weights))

    @staticmethod
    def paddle(weights, kind, replacement):
        import paddle
        from paddle.io import WeightedRandomSampler

        given = {"list": weights, "array": np.array(weights), "tensor": paddle.to_tensor(weights)}[kind]
        return weighed(lambda number: WeightedRandomSampler(given, number, replacement), replacement, len(weights))

    @staticmethod
    def oracle(weights, kind, replacement):
        expected = np.array(weights) / np.sum(weights)
        return {
            "first": frequencies.share(expected, DRAWS if replacement else PASSES),
            "length": same(np.asarray(DRAWS if replacement else 2)),
            "distinct": same(np.asarray(not replacement)),
        }

    @staticmethod
    def variant_list_without_length(weights, kind, replacement):
        """The length of a sampler of a list is asked of the list's shape, which it has not."""
        if kind == "list":
            return Rejects("a list has no shape", error="'list' object has no attribute 'shape'")
        return weighted_sampler.oracle(weights, kind, replacement)

    @staticmethod
    def variant_no_tensors(weights, kind, replacement):
        """A tensor is refused."""
        if kind == "tensor":
            return Rejects("a tensor", error="weights should be paddle.Tensor, numpy.ndarray, list or tuple")
        return weighted_sampler.oracle(weights, kind, replacement)


def weighed(make: Any, replacement: bool, count: int) -> dict[str, Any]:
    """The share of each item: in one long pass with replacement, and as the first of two without."""
    if replacement:
        sampler = make(DRAWS)
        drawn = np.array([int(index) for index in sampler])
        return {"first": frequencies.counted(drawn, count), "length": len(sampler), "distinct": False}
    passes = np.array([list(make(2)) for _ in range(PASSES)])
    distinct = bool(np.all(passes[:, 0] != passes[:, 1]))
    return {"first": frequencies.counted(passes[:, 0], count), "length": len(make(2)), "distinct": distinct}


@contract(
    "data.subset_random_sampler",
    area=AREA,
    samples=st.builds(
        lambda seed, count: Sample({"indices": generator(seed).permutation(40)[:count].tolist()}),
        seeds,
        st.integers(2, 5),
    ),
    tensors=False,
    share=0.15,
    unsupported=ON_CPU,
    covers=("data.samplers",),
)
class subset_random_sampler:
    """The given items come once each, and each at every place as often."""

    @staticmethod
    def torch(indices):
        from torch.utils.data import SubsetRandomSampler

        sampler = SubsetRandomSampler(indices)
        return scattered([list(sampler) for _ in range(PASSES)], indices, len(sampler))

    @staticmethod
    def paddle(indices):
        from paddle.io import SubsetRandomSampler

        sampler = SubsetRandomSampler(indices)
        return scattered([list(sampler) for _ in range(PASSES)], indices, len(sampler))

    @staticmethod
    def oracle(indices):
        count = len(indices)
        return {
            "where": frequencies.share(np.full((count, count), 1 / count), PASSES),
            "members": same(np.array(sorted(indices))),
            "length": same(np.asarray(count)),
        }


def scattered(orders: list[list[int]], indices: list[int], length: int) -> dict[str, Any]:
    """The share of each given item at each place; the items of all passes, which are the same ones."""
    places = {index: place for place, index in enumerate(indices)}
    held = np.array([[places[int(index)] for index in order] for order in orders])
    found = {tuple(sorted(int(index) for index in order)) for order in orders}
    if len(found) != 1:
        raise ValueError("a pass left items out, or took one twice")
    return {
        "where": np.array([frequencies.counted(column, len(indices)) for column in held.T]),
        "members": np.array(found.pop()),
        "length": length,
    }


def splits() -> st.SearchStrategy[list[Sample]]:
    """Whole lengths that fill a dataset, and fractions of it that do not divide it; none of which is empty."""

    def make(parts: list[int], tenths: list[int], count: int) -> list[Sample]:
        fractions = [part / sum(tenths) for part in tenths]
        fractions[-1] = 1.0 - sum(fractions[:-1])
        return [Sample({"count": sum(parts), "lengths": parts}), Sample({"count": count, "lengths": fractions})]

    whole = st.lists(st.integers(0, 6), min_size=1, max_size=4).filter(sum)
    return st.builds(make, whole, st.lists(st.integers(1, 5), min_size=2, max_size=4), st.integers(20, 50))


@contract(
    "data.random_split",
    area=AREA,
    samples=splits(),
    tensors=False,
    share=0.3,
    unsupported=ON_CPU,
    covers=("data.random_split", "data.Subset"),
)
class random_split:
    """A dataset is cut into parts of the given lengths, or fractions, which share no item and leave none out."""

    @staticmethod
    def torch(count, lengths):
        from torch.utils.data import random_split

        return parted(random_split(Numbers(count), lengths))

    @staticmethod
    def paddle(count, lengths):
        from paddle.io import random_split

        return parted(random_split(Numbers(count), lengths))

    @staticmethod
    def oracle(count, lengths):
        if isinstance(lengths[0], float):
            sizes = [int(np.floor(count * part)) for part in lengths]
            for place in range(count - sum(sizes)):
                sizes[place % len(sizes)] += 1
        else:
            sizes = lengths
        return {"sizes": same(np.array(sizes)), "items": same(np.arange(count))}

    @staticmethod
    def variant_whole_lengths(count, lengths):
        """Fractions are refused."""
        if isinstance(lengths[0], float):
            return Rejects("no fractions", error="Sum of input lengths does not equal the length of the input dataset")
        return random_split.oracle(count, lengths)


def parted(parts: Any) -> dict[str, Any]:
    """The sizes of parts, and their items in order."""
    items = sorted(int(part[place]) for part in parts for place in range(len(part)))
    return {"sizes": np.array([len(part) for part in parts]), "items": np.array(items)}
