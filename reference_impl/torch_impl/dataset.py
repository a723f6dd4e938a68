"""Image files as a torch dataset and its batches.

Pillow reads the files, as on the other side: a difference between the batches is then the transforms' or the
DataLoader's, not the decoder's. (``torchvision.io.read_image`` links its own JPEG decoder.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler, SequentialSampler
from torch.utils.data import default_collate as collate

from reference_impl.samples import Failure, Guarded, Order, SampleError, read_image


class CustomDataset(Dataset):
    """Pairs (image, label) from image files, read with Pillow and converted to RGB, no EXIF orientation applied.

    ``transform`` is given the Pillow image; without one the image is a uint8 array [height, width, 3]. Labels are
    int64. Raises ValueError where the lists' lengths differ; reading raises SampleError naming the file.
    """

    def __init__(
        self,
        image_paths: Sequence[str | PathLike[str]],
        labels: Sequence[int],
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if len(image_paths) != len(labels):
            raise ValueError(f"{len(image_paths)} image paths but {len(labels)} labels: there must be one label each")
        self.image_paths = list(image_paths)
        self.labels = [int(label) for label in labels]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.image_paths)

    def __getitem__(self, index: int) -> tuple[Any, np.int64]:
        image = read_image(self.image_paths[index])
        return (np.array(image) if self.transform is None else self.transform(image)), np.int64(self.labels[index])


class ShuffleSampler(Sampler):
    """The order of :func:`reference_impl.samples.permutation`, which is the same in both frameworks."""

    def __init__(self, count: int, seed: int) -> None:
        self.order = Order(count, seed)

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[int]:
        return iter(self.order)


class Loader(DataLoader):
    """A DataLoader that raises SampleError for the sample that could not be read, with and without workers."""

    def __iter__(self) -> Iterator[Any]:
        for batch in super().__iter__():
            if isinstance(batch, dict) and "failure" in batch:
                raise SampleError(batch["failure"])
            yield batch


def _collate(batch: list[Any]) -> Any:
    for sample in batch:
        if isinstance(sample, Failure):
            return {"failure": sample.message}
    return collate(batch)


def make_loader(
    dataset: Any, batch_size: int, shuffle: bool = False, drop_last: bool = False, workers: int = 0, seed: int = 0
) -> Loader:
    """Batches of ``dataset``: images [batch, ...], labels [batch] int64.

    Shuffling follows ``seed`` and the number of earlier epochs, never the framework's generator: equal seeds give
    equal orders in both frameworks.
    """
    sampler = ShuffleSampler(len(dataset), seed) if shuffle else SequentialSampler(dataset)
    return Loader(
        Guarded(dataset),
        batch_size=batch_size,
        sampler=sampler,
        drop_last=drop_last,
        num_workers=workers,
        collate_fn=_collate,
    )


def set_epoch(loader: Loader, epoch: int) -> None:
    """Makes the next pass over a shuffling ``loader`` that of ``epoch``, counted from 0."""
    if isinstance(loader.sampler, ShuffleSampler):
        loader.sampler.order.epoch = epoch
