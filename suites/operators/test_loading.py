"""Batches: what a loader and its default collation make of items, whatever these are made of."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites.images import ON_CPU, same
from suites.support.datasets import Items

AREA = "loading"
Named = namedtuple("Named", ("one", "other"))
SCALARS = ("float32", "int8", "float16", "int64")
ARRAYS = ("float32", "float64", "int64", "int32", "uint8", "bool", "int16")
PLAIN = ("integers", "floats", "truth values", "mixed numbers", "texts", "bytes")
NESTED = ("pairs", "lists", "dictionaries", "nested", "named", "empty lists", "ranges")
KINDS = (*PLAIN, *NESTED, "numpy bool", *(f"numpy {dtype}" for dtype in SCALARS), *(f"array {d}" for d in ARRAYS))


def items_of(kind: str, numbers: Sequence[int], shape: Sequence[int]) -> list[Any]:
    """Items of a kind, one for each number."""
    first, _, dtype = kind.partition(" ")
    if first == "numpy":
        return [np.dtype(dtype).type(number % 2 if dtype == "bool" else number) for number in numbers]
    if first == "array":
        return [np.full(shape, number).astype(dtype) for number in numbers]
    floats = [number / 4 for number in numbers]
    arrays = [np.full(shape, number, np.float32) for number in floats]
    made: dict[str, Any] = {
        "integers": list(numbers),
        "floats": floats,
        "truth values": [number % 2 == 0 for number in numbers],
        "mixed numbers": [numbers[0], *floats[1:]],
        "texts": [f"item {number}" for number in numbers],
        "bytes": [b"%d" % number for number in numbers],
        "pairs": list(zip(numbers, floats, strict=True)),
        "lists": [[number, array] for number, array in zip(numbers, arrays, strict=True)],
        "dictionaries": [{"x": array, "y": number} for number, array in zip(numbers, arrays, strict=True)],
        "nested": [
            {"deep": [(number, {"a": part}), array], "name": str(number)}
            for number, part, array in zip(numbers, floats, arrays, strict=True)
        ],
        "named": [Named(number, array) for number, array in zip(numbers, arrays, strict=True)],
        "empty lists": [[] for _ in numbers],
        "ranges": [range(number, number + 2) for number in numbers],
    }
    return list(made[kind])


def described(found: Any) -> tuple[str, list[Any]]:
    """How something is nested, with its texts, and the arrays and tensors in it."""
    if isinstance(found, dict):
        parts = [(f"{key}: ", *described(value)) for key, value in sorted(found.items())]
        return "{" + ", ".join(key + text for key, text, _ in parts) + "}", [
            leaf for *_, more in parts for leaf in more
        ]
    if isinstance(found, list | tuple):
        inner = [described(value) for value in found]
        # A tuple of texts and a list of them are the same to every reader of batches.
        name = type(found).__name__ if hasattr(found, "_fields") else ""
        return f"{name}[{', '.join(text for text, _ in inner)}]", [leaf for _, more in inner for leaf in more]
    if isinstance(found, str | bytes):
        return repr(found), []
    return "*", [found]


def leaves_of(found: Any) -> dict[str, Any]:
    """The structure and the leaves of a batch, by name."""
    text, leaves = described(found)
    return {"structure": text, **{f"leaf{place}": leaf for place, leaf in enumerate(leaves)}}


def collations() -> st.SearchStrategy[list[Sample]]:
    """Items of every kind."""

    def make(seed: int, count: int, shape: tuple[int, ...]) -> list[Sample]:
        numbers = generator(seed).integers(1, 100, count).tolist()
        return [Sample({"kind": kind, "numbers": numbers, "shape": list(shape)}) for kind in KINDS]

    return st.builds(make, seeds, st.integers(2, 4), st.lists(st.integers(1, 3), max_size=2).map(tuple))


@contract(
    "data.default_collate",
    area=AREA,
    samples=collations(),
    tensors=False,
    share=0.1,
    unsupported=ON_CPU,
    covers=("data.default_collate",),
)
class default_collate:
    """Numbers and arrays of a batch are put together part by part, whatever holds them; texts stay as they are."""

    note = "default_collate_fn gives NumPy arrays in paddle, of which its DataLoader makes tensors."

    @staticmethod
    def torch(kind, numbers, shape):
        from torch.utils.data import default_collate

        return leaves_of(default_collate(items_of(kind, numbers, shape)))

    @staticmethod
    def paddle(kind, numbers, shape):
        from paddle.io.dataloader.collate import default_collate_fn

        return leaves_of(default_collate_fn(items_of(kind, numbers, shape)))

    @staticmethod
    def oracle(kind, numbers, shape):
        return {name: same(np.asarray(value)) for name, value in leaves_of(_put_together(kind, numbers, shape)).items()}

    @staticmethod
    def variant_no_numpy_booleans(kind, numbers, shape):
        """NumPy's truth values are no numbers to it."""
        if kind == "numpy bool":
            return Rejects("a truth value of NumPy", error="batch data con only contains: tensor, numpy.ndarray")
        return default_collate.oracle(kind, numbers, shape)

    @staticmethod
    def variant_no_new_booleans(kind, numbers, shape):
        """Those of NumPy 2 are taken for integers, which they are not."""
        if kind == "numpy bool":
            return Rejects("a truth value", error="'numpy.bool' object cannot be interpreted as an integer")
        return default_collate.oracle(kind, numbers, shape)

    @staticmethod
    def variant_names_lost(kind, numbers, shape):
        """A named tuple becomes a list."""
        if kind != "named":
            return default_collate.oracle(kind, numbers, shape)
        return default_collate.oracle("named", numbers, shape) | {"structure": same(np.asarray("[*, *]"))}

    @staticmethod
    def variant_first_decides(kind, numbers, shape):
        """Where the first number is whole, floats beside it are rounded to float32."""
        if kind != "mixed numbers":
            return default_collate.oracle(kind, numbers, shape)
        values = np.array(items_of(kind, numbers, shape), np.float32)
        return {"structure": same(np.asarray("*")), "leaf0": same(values)}


def _put_together(kind: str, numbers: list[int], shape: list[int]) -> Any:
    return _together(items_of(kind, numbers, shape))


def _together(items: list[Any]) -> Any:
    first = items[0]
    if isinstance(first, str | bytes):
        return items
    if isinstance(first, dict):
        return {key: _together([item[key] for item in items]) for key in first}
    if hasattr(first, "_fields"):
        return Named(*map(_together, map(list, zip(*items, strict=True))))
    if isinstance(first, list | tuple | range):
        return [_together(list(parts)) for parts in zip(*items, strict=True)]
    return np.stack(items)


HOW = ("whole", "sum", "array", "pair")


def loaders() -> st.SearchStrategy[list[Sample]]:
    """Items with places, or a stream of them; one by one, in batches of a size, and in given ones."""

    def make(seed: int, count: int, size: int, drop_last: bool) -> list[Sample]:
        rng = generator(seed)
        numbers = rng.integers(-50, 50, count).tolist()
        given = [rng.integers(0, count, number).tolist() for number in rng.integers(1, 4, 3)]
        base = {"numbers": numbers, "how": "whole", "kind": "array int64", "size": size, "drop_last": drop_last}
        base |= {"given": None}
        changes: list[dict[str, Any]] = [
            {},
            {"given": given},
            {"kind": "stream"},
            {"kind": "listed stream"},
            {"kind": "chain"},
            {"kind": "stream", "size": None, "drop_last": False},
            {"size": None, "drop_last": False},
            {"how": "sum"},
            {"how": "array"},
            {"how": "pair"},
            {"kind": "texts"},
            {"kind": "nested"},
        ]
        return [Sample({**base, **change}) for change in changes]

    return st.builds(make, seeds, st.integers(1, 9), st.integers(1, 4), st.booleans())


@contract(
    "data.loader",
    area=AREA,
    samples=loaders(),
    tensors=False,
    share=0.06,
    may_be_zero=("batches", "values", "texts", "length"),
    unsupported=ON_CPU,
    covers=("data.DataLoader", "data.IterableDataset", "data.ChainDataset", "data.Dataset"),
)
class loader:
    """A loader gives every item once, in order, in the batches that were asked for, as its collation makes them."""

    @staticmethod
    def torch(numbers, how, kind, size, drop_last, given):
        from torch.utils.data import ChainDataset, DataLoader, IterableDataset

        class Stream(IterableDataset):
            def __init__(self, held):
                self.held = held

            def __iter__(self):
                return iter(self.held)

        source = source_of(kind, numbers, Stream, ChainDataset)
        options = {"batch_sampler": given} if given else {"batch_size": size, "drop_last": drop_last}
        return gathered(DataLoader(source, collate_fn=COLLATIONS[how], **options), kind)

    @staticmethod
    def paddle(numbers, how, kind, size, drop_last, given):
        from paddle.io import ChainDataset, DataLoader, IterableDataset

        class Stream(IterableDataset):
            def __init__(self, held):
                self.held = held

            def __iter__(self):
                return iter(self.held)

        source = source_of(kind, numbers, Stream, ChainDataset)
        options = {"batch_sampler": given} if given else {"batch_size": size, "drop_last": drop_last}
        return gathered(DataLoader(source, collate_fn=COLLATIONS[how], **options), kind)

    @staticmethod
    def oracle(numbers, how, kind, size, drop_last, given):
        streamed = kind in STREAMS
        items = list(numbers) if streamed else items_of(kind, numbers, [])
        places = given or [
            list(range(start, start + (size or 1)))[: len(items) - start] for start in range(0, len(items), size or 1)
        ]
        if drop_last and not given:
            places = [part for part in places if len(part) == size]
        together = COLLATIONS[how] or _together
        batches = [
            items[part[0]] if size is None and not given else together([items[at] for at in part]) for part in places
        ]
        length = -1 if streamed else len(batches)
        return {name: same(np.asarray(value)) for name, value in collected(batches, length).items()}

    @staticmethod
    def variant_nothing_without_arrays(numbers, how, kind, size, drop_last, given):
        """Where no part of a batch is an array, the pass ends before it begins, without an error."""
        accepted = loader.oracle(numbers, how, kind, size, drop_last, given)
        if how == "sum" or kind == "texts" or (kind == "stream" and size is None):
            empty = collected([], 0)
            return accepted | {name: same(np.asarray(empty[name])) for name in ("batches", "values", "texts")}
        return accepted

    @staticmethod
    def variant_length_demanded(numbers, how, kind, size, drop_last, given):
        """list() asks for a length, and the error that a stream has none is not the one that it takes for an answer."""
        if kind == "listed stream":
            return Rejects("a stream has no length", error="length of IterableDataset not supported")
        return loader.oracle(numbers, how, kind, size, drop_last, given)


STREAMS = ("stream", "listed stream", "chain")


def source_of(kind: str, numbers: list[int], stream: Any, chain: Any) -> Any:
    """A dataset with places, a stream, or two streams in a row."""
    if kind in ("stream", "listed stream"):
        return stream(numbers)
    if kind == "chain":
        half = len(numbers) // 2
        return chain([stream(numbers[:half]), stream(numbers[half:])])
    return Items(items_of(kind, numbers, []))


def total(items: list[Any]) -> int:
    """A collation to a plain number."""
    return int(sum(items))


COLLATIONS: dict[str, Any] = {
    "whole": None,
    "sum": total,
    "array": lambda items: np.array([total(items), len(items)]),
    "pair": lambda items: [len(items), np.array(items)],
}


def gathered(made: Any, kind: str) -> dict[str, Any]:
    """What a pass gives, and the length that the loader says it has; a stream has none, for which list() asks."""
    batches = list(made) if kind == "listed stream" else [batch for batch in made]  # noqa: C416
    return collected(batches, -1 if kind in STREAMS else len(made))


def collected(batches: list[Any], length: int) -> dict[str, Any]:
    """The number of batches, their structures, and all numbers in a row."""
    parts = [described(batch) for batch in batches]
    values = [np.asarray(leaf, np.float64).reshape(-1) for _, leaves in parts for leaf in leaves]
    return {
        "batches": len(batches),
        "values": np.concatenate([np.zeros(0), *values]),
        "texts": " ".join(text for text, _ in parts),
        "length": length,
    }


@contract(
    "data.tensor_dataset",
    area=AREA,
    samples=st.builds(
        lambda seed, count, width: Sample(
            {
                "x": generator(seed).standard_normal((count, width)).astype(np.float32),
                "y": generator(seed).integers(0, 9, count),
                "place": -1 - seed % count,
            }
        ),
        seeds,
        st.integers(1, 9),
        st.integers(1, 4),
    ),
    share=0.3,
    may_be_zero=("batch.1", "item.1", "working"),
    covers=("data.Dataset", "data.get_worker_info", "data.DataLoader"),
)
class tensor_dataset:
    """A dataset of tensors gives one row of each, a loader its rows in batches; no worker is at work here."""

    note = "TensorDataset takes its tensors one by one in torch and as a list in paddle."

    @staticmethod
    def torch(x, y, place):
        from torch.utils.data import DataLoader, TensorDataset, get_worker_info

        dataset = TensorDataset(x, y)
        (batch,) = DataLoader(dataset, batch_size=len(dataset))
        return {
            "item": dataset[place],
            "length": len(dataset),
            "batch": batch,
            "working": get_worker_info() is not None,
        }

    @staticmethod
    def paddle(x, y, place):
        from paddle.io import DataLoader, TensorDataset, get_worker_info

        dataset = TensorDataset([x, y])
        (batch,) = DataLoader(dataset, batch_size=len(dataset))
        return {
            "item": dataset[place],
            "length": len(dataset),
            "batch": batch,
            "working": get_worker_info() is not None,
        }

    @staticmethod
    def oracle(x, y, place):
        return {
            "item.0": same(x[place]),
            "item.1": same(np.asarray(y[place])),
            "length": same(np.asarray(len(x))),
            "batch.0": same(x),
            "batch.1": same(y),
            "working": same(np.asarray(False)),
        }
