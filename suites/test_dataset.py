"""From image files to batches: what a dataset reads, what a loader makes of it, and what both refuse.

Files are written to a temporary folder by the call, from the bytes that the sample holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites import images
from suites.image_files import image_files, joined, loaded, passes, some_labels, written
from suites.images import ON_CPU, same

AREA = "dataset"


def loads(workers: int) -> st.SearchStrategy[list[Sample]]:
    """Files, in their order and shuffled, with what fills no batch and without it.

    Where processes are to share them there are several batches, always such a rest, and only one of each two.
    """

    def make(
        count: int, size: tuple[int, int], seed: int, options: dict[str, Any], shortened: bool, epochs: int
    ) -> list[Sample]:
        rng = generator(seed)
        content = {"files": image_files(rng, count, size), "labels": some_labels(rng, count), "epochs": epochs}
        drops = [(shuffle, drop) for shuffle in (False, True) for drop in (False, True)]
        asked = [
            {**options, "shuffle": shuffle, "drop_last": drop}
            for shuffle, drop in drops
            if not workers or drop == (shuffle == shortened)
        ]
        return [Sample({**content, "options": {**one, "workers": workers}}) for one in asked]

    options = {
        "batch_size": st.integers(2, 3) if workers else st.sampled_from((1, 2, 3, 4, 5, 5)),
        "seed": st.integers(0, 2**31),
    }
    side = st.integers(1, 12)
    epochs = st.integers(1, 1 if workers else 3)  # each pass starts the processes again
    count = st.sampled_from((5, 7)) if workers else st.integers(1, 9) | st.integers(6, 9)
    return st.builds(make, count, st.tuples(side, side), seeds, st.fixed_dictionaries(options), st.booleans(), epochs)


class Loads:
    """The calls and the oracle of the contracts on loaders."""

    @staticmethod
    def torch(files, labels, options, epochs):
        import tempfile

        from reference_impl.torch_impl.dataset import CustomDataset, make_loader
        from reference_impl.torch_impl.transforms import ToTensor

        with tempfile.TemporaryDirectory() as folder:
            dataset = CustomDataset(written(folder, files), labels, ToTensor())
            return passes(make_loader(dataset, **options), epochs)

    @staticmethod
    def paddle(files, labels, options, epochs):
        import tempfile

        from reference_impl.paddle_impl.dataset import CustomDataset, make_loader
        from reference_impl.paddle_impl.transforms import ToTensor

        with tempfile.TemporaryDirectory() as folder:
            dataset = CustomDataset(written(folder, files), labels, ToTensor())
            return passes(make_loader(dataset, **options), epochs)

    @staticmethod
    def oracle(files, labels, options, epochs):
        return loaded(files, labels, options, epochs)

    @staticmethod
    def reciprocal(files, labels, options, epochs):
        """Each level is multiplied by the rounded 1 / 255."""
        return loaded(files, labels, options, epochs, reciprocal=True)


@contract(
    "dataset.batches",
    covers=("data.DataLoader", "data.Dataset"),
    area=AREA,
    samples=loads(workers=0),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
)
class batches(Loads):
    """Files become batches of float32 [N, 3, H, W] and int64 labels, in file order or in that of seed and epoch."""

    variant_reciprocal = staticmethod(Loads.reciprocal)


@contract(
    "dataset.workers",
    covers=("data.DataLoader", "data.Dataset"),
    area=AREA,
    samples=loads(workers=2),
    tensors=False,
    share=0.09,
    unsupported=ON_CPU,
)
class workers(Loads):
    """Two reading processes give the batches of a single one, in the same order."""

    variant_reciprocal = staticmethod(Loads.reciprocal)


def folders() -> st.SearchStrategy[Sample]:
    """Files of any format, each of a size of its own, with labels."""

    def make(seed: int, sizes: list[tuple[int, int]]) -> Sample:
        rng = generator(seed)
        files = [file for size in sizes for file in image_files(rng, 1, size)]
        named = [{**file, "name": f"{index}-{file['name']}"} for index, file in enumerate(files)]
        return Sample({"files": named, "labels": [label + 1 for label in some_labels(rng, len(files))]})

    side = st.integers(1, 12)
    return st.builds(make, seeds, st.lists(st.tuples(side, side), min_size=3, max_size=8))


@contract("dataset.items", covers=("data.Dataset",), area=AREA, samples=folders(), tensors=False, unsupported=ON_CPU)
class items:
    """A dataset has one item a file: uint8 [H, W, 3] of its RGB pixels, whatever its mode, and an int64 label.

    The pixels are those that Pillow decodes: an EXIF orientation is not applied to them.
    """

    @staticmethod
    def torch(files, labels):
        import tempfile

        from reference_impl.torch_impl.dataset import CustomDataset

        with tempfile.TemporaryDirectory() as folder:
            dataset = CustomDataset(written(folder, files), labels)
            return {"length": len(dataset), **{f"item{index}": dataset[index] for index in range(len(dataset))}}

    @staticmethod
    def paddle(files, labels):
        import tempfile

        from reference_impl.paddle_impl.dataset import CustomDataset

        with tempfile.TemporaryDirectory() as folder:
            dataset = CustomDataset(written(folder, files), labels)
            return {"length": len(dataset), **{f"item{index}": dataset[index] for index in range(len(dataset))}}

    @staticmethod
    def oracle(files, labels):
        accepted = {"length": same(np.asarray(len(files)))}
        for index, (file, label) in enumerate(zip(files, labels, strict=True)):
            accepted[f"item{index}.0"] = same(images.as_rgb(file["data"]))
            accepted[f"item{index}.1"] = same(np.asarray(label, np.int64))
        return accepted


BROKEN = ("cut off", "empty", "text", "missing")


def broken_folders(workers: int, *damages: str) -> st.SearchStrategy[Sample]:
    """Good files, and one that is cut off, often among its pixels, empty, text or not there."""

    def make(count: int, seed: int, broken: int, damage: str, kept: float, batch: int) -> Sample:
        rng = generator(seed)
        files = image_files(rng, count, (24, 32))
        place = broken % count
        whole = files[place]["data"]
        data = {"cut off": whole[: int(kept * len(whole))], "empty": b"", "text": b"no image\n", "missing": None}[
            damage
        ]
        files[place] = {"name": f"broken_{files[place]['name']}", "data": data}
        options = {"batch_size": batch, "workers": workers}
        return Sample({"files": files, "labels": list(range(count)), "options": options, "epochs": 1})

    counts, places, batches = st.integers(1, 6), st.integers(0, 5), st.integers(1, 4)
    kept = st.floats(0, 0.5) | st.floats(0.4, 0.5)
    return st.builds(make, counts, seeds, places, st.sampled_from(damages), kept, batches)


def names_broken_file(files, labels, options, epochs) -> Rejects:
    """One sentence that names the file."""
    (name,) = [file["name"] for file in files if file["name"].startswith("broken_")]
    return Rejects("a file is cut off, no image, or not there", error=f"{name}' cannot be read")


@contract(
    "dataset.broken_file",
    covers=("data.DataLoader",),
    area=AREA,
    samples=st.tuples(*[broken_folders(0, damage) for damage in BROKEN]).map(list),
    tensors=False,
    share=0.25,
    unsupported=ON_CPU,
)
class broken_file(Loads):
    """A file that cannot be read ends the pass with an error that names it."""

    oracle = staticmethod(names_broken_file)


@contract(
    "dataset.broken_file_workers",
    covers=("data.DataLoader",),
    area=AREA,
    samples=broken_folders(2, *BROKEN),
    tensors=False,
    share=0.1,
    unsupported=ON_CPU,
)
class broken_file_workers(Loads):
    """The error from a reading process is the same, and comes: no pass hangs or ends early."""

    oracle = staticmethod(names_broken_file)


def rows() -> st.SearchStrategy[list[Sample]]:
    """Items of numbers, of arrays, and of what holds them, with the size of a batch."""

    def make(seed: int, count: int, batch: int, shape: tuple[int, ...]) -> list[Sample]:
        rng = generator(seed)
        numbers = [
            rng.integers(-(2**40), 2**40, count).tolist(),
            rng.standard_normal(count).tolist(),
            (rng.random(count) < 0.5).tolist(),
        ]
        drawn = rng.integers(-100, 100, (count, *shape))
        arrays = [list(drawn.astype(dtype)) for dtype in ("int32", "int8", "uint8", "float32", "float64")]
        nested = [
            {"weight": weight, "pair": [flag, array]}
            for flag, weight, array in zip(numbers[2], numbers[1], arrays[3], strict=True)
        ]
        return [Sample({"items": column, "batch_size": batch}) for column in (*numbers, *arrays, nested)]

    shape = st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple)
    return st.builds(make, seeds, st.integers(1, 7), st.integers(1, 4), shape)


def leaves(structure: Any) -> list[Any]:
    """What a structure of dictionaries and sequences holds, by sorted keys and in order."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in leaves(structure[key])]
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in leaves(part)]
    return [structure]


def columns(batches: list[Any]) -> dict[str, Any]:
    """Each part of the items over all batches, and the number of batches."""
    parts = zip(*[leaves(batch) for batch in batches], strict=True)
    return {"length": len(batches), **{f"part{place}": joined(part) for place, part in enumerate(parts)}}


@contract(
    "dataset.collate",
    covers=("data.DataLoader", "data.default_collate"),
    area=AREA,
    samples=rows(),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
)
class collate:
    """A framework's own DataLoader turns integers into int64, floats into float64, and keeps the dtypes of arrays."""

    @staticmethod
    def torch(items, batch_size):
        from torch.utils.data import DataLoader, Dataset

        class Items(Dataset):
            def __len__(self):
                return len(items)

            def __getitem__(self, index):
                return items[index]

        return columns(list(DataLoader(Items(), batch_size)))

    @staticmethod
    def paddle(items, batch_size):
        from paddle.io import DataLoader, Dataset

        class Items(Dataset):
            def __len__(self):
                return len(items)

            def __getitem__(self, index):
                return items[index]

        return columns(list(DataLoader(Items(), batch_size=batch_size)))

    @staticmethod
    def oracle(items, batch_size) -> dict[str, Acceptance]:
        parts = zip(*[leaves(item) for item in items], strict=True)
        return {
            "length": same(np.asarray(-(-len(items) // batch_size))),
            **{f"part{place}": same(np.array(part)) for place, part in enumerate(parts)},
        }


PASSES = 8


@contract(
    "dataset.own_shuffle",
    covers=("data.DataLoader",),
    area=AREA,
    samples=st.builds(
        lambda count, batch, drop: Sample({"count": count, "batch_size": batch, "drop_last": drop}),
        st.integers(24, 60),
        st.integers(1, 7),
        st.booleans(),
    ),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
)
class own_shuffle:
    """A framework's own shuffling visits each item once in a pass, anywhere in it, and scatters what lay together."""

    @staticmethod
    def torch(count, batch_size, drop_last):
        from torch.utils.data import DataLoader

        loader = DataLoader(range(count), batch_size, shuffle=True, drop_last=drop_last)
        return visits([[batch.numpy() for batch in loader] for _ in range(PASSES)])

    @staticmethod
    def paddle(count, batch_size, drop_last):
        from paddle.io import DataLoader, Dataset

        class Numbers(Dataset):
            def __len__(self):
                return count

            def __getitem__(self, index):
                return index

        loader = DataLoader(Numbers(), batch_size=batch_size, shuffle=True, drop_last=drop_last)
        return visits([[batch.numpy() for batch in loader] for _ in range(PASSES)])

    @staticmethod
    def oracle(count, batch_size, drop_last):
        used = count - count % batch_size if drop_last else count
        return {
            "visited": same(np.array([used] * PASSES)),
            "moved": same(np.asarray(used)),
            "scattered": same(np.asarray(True)),
        }


def visits(passes: list[list[np.ndarray]]) -> dict[str, Any]:
    """How many items each pass visited, how many places had another item in some pass, and whether fewer than half of
    the items were followed by the next one; an item seen twice is an error.

    Chance leaves a place its item in all passes, or half of the items their follower, once in 5e7 samples or less.
    """
    orders = [np.concatenate(batches) for batches in passes]
    for order in orders:
        if len(np.unique(order)) != len(order):
            raise ValueError("an item came twice in one pass")
    held = np.array(orders)
    return {
        "visited": np.array([len(order) for order in orders]),
        "moved": int((held != held[0]).any(axis=0).sum()),
        "scattered": bool((np.diff(held, axis=1) == 1).mean() < 0.5),
    }


REFUSED: tuple[dict[str, float], ...] = (
    {"paths": 3, "labels": 2},
    {"paths": 0, "labels": 1},
    {"batch_size": 0},
    {"batch_size": -2},
    {"batch_size": 1.5},
)


@contract(
    "dataset.refusals",
    covers=("data.Dataset", "data.DataLoader"),
    area=AREA,
    samples=st.sampled_from(REFUSED).map(lambda wrong: Sample({"paths": 2, "labels": 2, "batch_size": 1, **wrong})),
    tensors=False,
    share=0.25,
    unsupported=ON_CPU,
)
class refusals:
    """Labels for other files than there are, and batches of no size, are refused before anything is read."""

    @staticmethod
    def torch(paths, labels, batch_size):
        from reference_impl.torch_impl.dataset import CustomDataset, make_loader

        make_loader(CustomDataset(["picture.png"] * paths, [0] * labels), batch_size)

    @staticmethod
    def paddle(paths, labels, batch_size):
        from reference_impl.paddle_impl.dataset import CustomDataset, make_loader

        make_loader(CustomDataset(["picture.png"] * paths, [0] * labels), batch_size)

    @staticmethod
    def oracle(paths, labels, batch_size):
        return Rejects("the labels do not fit the files, or a batch has no whole size above 0")
