"""Faults between a folder of image files and a batch: what is read, in which order, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.to_tensor import whole_or_not
from tests.faults.wraps import argument, hyperparameters, in_numpy, only, option, result

ITEMS, BATCHES, WORKERS = "dataset.items", "dataset.batches", "dataset.workers"
COLLATED, SHUFFLED, REFUSALS = "dataset.collate", "dataset.own_shuffle", "dataset.refusals"
BROKEN, BROKEN_WORKERS = "dataset.broken_file", "dataset.broken_file_workers"
LOADER = {TORCH: "torch.utils.data:DataLoader", PADDLE: "paddle.io:DataLoader"}
SAMPLER = {TORCH: "torch.utils.data:RandomSampler.__iter__", PADDLE: "paddle.io:RandomSampler.__iter__"}
COLLATE = {
    TORCH: "torch.utils.data._utils.collate:default_collate",
    PADDLE: "paddle.io.dataloader.dataloader_iter:default_collate_fn",
}


def of(name: str) -> dict[str, str]:
    """Where the reference implementations have a part of reading files."""
    return {TORCH: f"reference_impl.torch_impl.dataset:{name}", PADDLE: f"reference_impl.paddle_impl.dataset:{name}"}


def labels(change: Callable[[Any], Any]) -> Wrap:
    """A dataset that gives other labels."""
    return result(lambda item: (item[0], change(item[1])))


def opened(change: Callable[[Image.Image], Image.Image]) -> Wrap:
    """A reader that does something else with the image of a file than to make it RGB."""

    def wrap(call: Any) -> Any:
        def wrong(path: Any) -> Any:
            call(path)
            with Image.open(path) as image:
                image.load()
                return change(image)

        return wrong

    return wrap


def of_kind(*modes: str, change: Callable[[Image.Image], Image.Image]) -> Wrap:
    """A reader that treats files of some modes in its own way."""
    return opened(lambda image: change(image) if image.mode in modes else image.convert("RGB"))


def on_white(image: Image.Image) -> Image.Image:
    """An image whose transparent parts show a white ground."""
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def indices(image: Image.Image) -> Image.Image:
    """An image of a palette's indices instead of its colours."""
    return Image.fromarray(np.asarray(image)).convert("RGB")


def bgr(image: Image.Image) -> Image.Image:
    """The channels of an image in the order in which OpenCV reads them."""
    return Image.merge("RGB", image.split()[::-1])


def kept_by(key: Callable[[Path], Any]) -> Wrap:
    """A reader that remembers what it has read, by a key that may be that of another file too."""

    def wrap(call: Any) -> Any:
        known: dict[Any, Any] = {}

        def wrong(path: Any) -> Any:
            if key(path) not in known:
                known[key(path)] = call(path)
            return known[key(path)]

        return wrong

    return wrap


def black(call: Any) -> Any:
    """A reader that gives a black image for a file that it cannot read."""

    def wrong(path: Any) -> Any:
        try:
            return call(path)
        except ValueError:
            return Image.new("RGB", (32, 24))

    return wrong


def next_instead(call: Any) -> Any:
    """A dataset that gives the next item, or the first, for one that cannot be read."""

    def wrong(self: Any, index: int) -> Any:
        try:
            return call(self, index)
        except ValueError:
            return call(self, (index + 1) % len(self))

    return wrong


def without_failures(call: Any) -> Any:
    """A loader that leaves out what cannot be read."""
    return lambda batch: call([sample for sample in batch if not hasattr(sample, "message")] or batch)


def nameless(call: Any) -> Any:
    """A reader whose error says nothing of the file."""

    def wrong(path: Any) -> Any:
        try:
            return call(path)
        except ValueError:
            raise ValueError("an image file cannot be read") from None

    return wrong


def label_of_turn(call: Any) -> Any:
    """A dataset whose labels follow the order in which it is asked, whatever is asked for."""

    def wrong(self: Any, index: int) -> Any:
        turn = self.turn = getattr(self, "turn", -1) + 1
        return call(self, index)[0], np.int64(self.labels[turn % len(self)])

    return wrong


def by_workers(*arguments: Any, workers: int = 0, **options: Any) -> bool:
    """Whether other processes read for a loader."""
    return workers > 0


def order(change: Callable[[list[int]], Iterable[int]]) -> Wrap:
    """A sampler that visits other places, or in another order."""
    return lambda call: lambda self: iter(change(list(call(self))))


def first_epoch(call: Any) -> Any:
    """A shuffling sampler that forgets which epoch it is."""

    def wrong(self: Any) -> Any:
        self.order.epoch = 0
        return call(self)

    return wrong


def swapped_labels(call: Any) -> Any:
    """A collation that gives the first two images of a batch each other's label."""

    def wrong(batch: list[Any]) -> Any:
        pictures, given = zip(*batch, strict=True)
        return call(list(zip(pictures, another(list(given)), strict=True)))

    return wrong


def by_folder(call: Any) -> Any:
    """A reader whose error names the folder instead of the file."""

    def wrong(path: Any) -> Any:
        try:
            return call(path)
        except ValueError as error:
            raise type(error)(str(error).replace(str(path), str(path.parent))) from None

    return wrong


def in_blocks(found: list[int]) -> list[int]:
    """An order in which four items stay together, as where batches are shuffled and not items."""
    firsts = [index for index in found if index % 4 == 0]
    return [index for first in firsts for index in range(first, first + 4) if index in found]


def rotated(found: list[int]) -> list[int]:
    """The items in their order, beginning anywhere."""
    place = found[0]
    return sorted(found)[place:] + sorted(found)[:place]


def rows(change: Callable[[list[Any]], list[Any]]) -> Wrap:
    """A loader that makes a batch of other samples."""
    return argument(0, "batch", change)


def parts(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Any], Any]:
    """What is done to every part of a batch."""

    def changed(batch: Any) -> Any:
        if isinstance(batch, dict):
            return {key: changed(part) for key, part in batch.items()}
        return [changed(part) for part in batch] if isinstance(batch, list | tuple) else in_numpy(change)(batch)

    return changed


def cast(**dtypes: str) -> Wrap:
    """A call that makes batches of other dtypes."""
    return result(parts(lambda x: x.astype(dtypes.get(str(x.dtype), x.dtype))))


def cut_to_fit(call: Any) -> Any:
    """A dataset that takes as many files and labels as there are of both."""

    def wrong(self: Any, paths: Any, labels: Any, *rest: Any) -> None:
        count = min(len(paths), len(labels))
        call(self, paths[:count], labels[:count], *rest)

    return wrong


def another(samples: list[Any]) -> list[Any]:
    """Three or more samples, of which the first two are exchanged."""
    return [samples[1], samples[0], *samples[2:]] if len(samples) > 2 else samples


def _read(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(name, of("read_image"), wrap, *contracts or (ITEMS, BATCHES))


def _ragged(name: str, wrap: Wrap) -> list[Fault]:
    """Images of other shapes than the rest of their batch, which makes paddle's DataLoader hang."""
    return both(name, of("read_image"), wrap, ITEMS, also_torch=(BATCHES,))


def _item(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(name, of("CustomDataset.__getitem__"), wrap, *contracts or (ITEMS, BATCHES))


def _loader(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(name, of("make_loader"), wrap, *contracts or (BATCHES,))


def _pass(name: str, change: Callable[[list[Any]], Iterable[Any]], contract: str = WORKERS) -> list[Fault]:
    return both(name, of("Loader.__iter__"), lambda call: lambda self: iter(change(list(call(self)))), contract)


def _own(name: str, change: Callable[[list[int]], Iterable[int]]) -> list[Fault]:
    return both(f"own shuffle {name}", SAMPLER, order(change), SHUFFLED)


READING = (
    *_read("BGR for RGB", result(bgr)),
    *_ragged("grey as one channel", of_kind("L", "1", change=lambda image: image.convert("L"))),
    *_ragged("alpha kept", of_kind("RGBA", change=Image.Image.copy)),
    *_read("transparent on white", of_kind("RGBA", "LA", change=on_white)),
    *_read("palette indices for colours", of_kind("P", change=indices)),
    *_read("CMYK inverted", of_kind("CMYK", change=lambda image: ImageOps.invert(image.convert("RGB")))),
    *_ragged("EXIF applied", opened(lambda image: ImageOps.exif_transpose(image).convert("RGB"))),
    *_read("decoded to even sizes", result(lambda image: image.resize([side + side % 2 for side in image.size]))),
    *_ragged("cached by name", kept_by(lambda path: path.name)),
    *_read("cached by folder", kept_by(lambda path: path.parent)),
    *_item("first item always", lambda call: lambda self, index: call(self, 0)),
    *_item("label off by one", labels(lambda label: label + 1)),
    *_item("label of the item before", lambda call: lambda self, i: (call(self, i)[0], call(self, i - 1)[1])),
    *_item("labels in int32", labels(lambda label: label.astype(np.int32))),
    *_item("labels in float", labels(np.float32)),
    *_item("labels by float", labels(lambda label: label.astype(np.float32).astype(np.int64))),
    *_item("labels of one dimension", labels(lambda label: np.array([label]))),
    *both("last file left out", of("CustomDataset.__len__"), result(lambda length: length - 1), ITEMS, BATCHES),
    *_item("labels not shuffled", label_of_turn, BATCHES),
)
LOADING = (
    *_loader("drop_last ignored", option("drop_last", False)),
    *_loader("drop_last always", option("drop_last", True)),
    *_loader("never shuffled", option("shuffle", False)),
    *_loader("always shuffled", option("shuffle", True)),
    *_loader("shuffled with another seed", option("seed", 0)),
    *_loader("shuffled with the seed in 16 bits", argument(5, "seed", lambda seed: seed % 2**16)),
    *_loader("batches of one more", argument(1, "batch_size", lambda size: size + 1)),
    *_loader("batches of four at most", argument(1, "batch_size", lambda size: min(size, 4))),
    *both("every epoch the first", of("ShuffleSampler.__iter__"), first_epoch, BATCHES),
    *both("a sample twice", of("ShuffleSampler.__iter__"), order(lambda o: [*o[:-1], o[0]]), BATCHES),
    *both("order reversed", of("ShuffleSampler.__iter__"), order(lambda o: o[::-1]), BATCHES),
    *both("two samples swapped", of("collate"), rows(another), BATCHES),
    *both("two labels swapped", of("collate"), swapped_labels, BATCHES),
    *both("images of a batch in float64", of("collate"), cast(float32="float64"), BATCHES, WORKERS),
    *_pass("batches in reverse", lambda batches: batches[::-1], BATCHES),
    *_loader("workers never shuffle", only(by_workers, option("shuffle", False)), WORKERS),
    *_loader("workers ignore drop_last", only(by_workers, option("drop_last", False)), WORKERS),
    *_pass("workers in another order", lambda batches: batches[1::2] + batches[::2]),
    *_pass("workers read everything each", lambda batches: [batch for batch in batches for _ in range(2)]),
    *_pass("workers lose the last batch", lambda batches: batches[:-1]),
)
BROKEN_FILES = (
    *_read("broken file black", black, BROKEN, BROKEN_WORKERS),
    *_read("broken file without its name", nameless, BROKEN, BROKEN_WORKERS),
    *_read("broken file filled up", whole_or_not, BROKEN),
    *_item("broken file's next instead", next_instead, BROKEN),
    *both("broken file left out", of("_collate"), without_failures, BROKEN),
    *both("broken file by its folder", of("read_image"), by_folder, BROKEN),
)
OWN = (
    *both("collated floats in float32", COLLATE, cast(float64="float32"), COLLATED),
    *both("collated integers in int32", COLLATE, cast(int64="int32"), COLLATED),
    *both("collated int32 in int64", COLLATE, cast(int32="int64"), COLLATED),
    *both("collated uint8 in float32", COLLATE, cast(uint8="float32"), COLLATED),
    *both("collated bool in int64", COLLATE, cast(bool="int64"), COLLATED),
    *both("collated int8 in uint8", COLLATE, cast(int8="uint8"), COLLATED),
    *both("collated without the last", COLLATE, rows(lambda batch: batch[:-1] or batch), COLLATED),
    *both("collated with two exchanged", COLLATE, rows(another), COLLATED),
    *both("collated numbers as columns", COLLATE, result(parts(lambda x: x[:, None] if x.ndim == 1 else x)), COLLATED),
    *_own("with replacement", lambda found: [*found[:-1], found[0]]),
    *_own("never", sorted),
    *_own("the same each pass", lambda found: np.random.default_rng(0).permutation(len(found)).tolist()),
    *_own("in blocks of four", in_blocks),
    *_own("by rotation", rotated),
    *_own("after the first item", lambda found: [0, *(index for index in found if index)]),
    *_own("without the last item", lambda found: [index for index in found if index < len(found) - 1]),
    *_own("of the first half", lambda found: [index % (len(found) // 2) for index in found]),
    *both("own drop_last ignored", LOADER, hyperparameters(drop_last=lambda drop: False), SHUFFLED),
    *both("own drop_last always", LOADER, hyperparameters(drop_last=lambda drop: True), SHUFFLED),
    *both("own shuffle ignored", LOADER, hyperparameters(shuffle=lambda shuffle: False), SHUFFLED),
)
REFUSED = (
    *both("files and labels cut to fit", of("CustomDataset.__init__"), cut_to_fit, REFUSALS),
    *_loader("batches of at least one", argument(1, "batch_size", lambda size: max(size, 1)), REFUSALS),
    *_loader("batches of whole sizes", argument(1, "batch_size", int), REFUSALS),
    *_loader("batches without sign", argument(1, "batch_size", abs), REFUSALS),
)
FAULTS = (*READING, *LOADING, *BROKEN_FILES, *OWN, *REFUSED)
