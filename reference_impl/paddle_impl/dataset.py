"""Image files as a paddle dataset and its batches.

Tutorials read images with ``paddle.io.read_image``. It does not exist. What does: ``paddle.vision.image_load(path)``,
which returns a Pillow image (or, with ``backend="cv2"``, a BGR array), and ``paddle.vision.ops.decode_jpeg``, which is
JPEG only and GPU only. Pillow is used directly: it is what ``image_load`` calls by default, it does not depend on the
process-wide ``paddle.vision.set_image_backend``, and it is the same decoder as on the other side, so that a
difference between the batches is the transforms' or the DataLoader's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np
import paddle
from paddle.io import BatchSampler, DataLoader, Dataset, Sampler, SequenceSampler, get_worker_info
from paddle.io.dataloader.collate import default_collate_fn as collate

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
        super().__init__()
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
        super().__init__(range(count))
        self.order = Order(count, seed)

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[int]:
        return iter(self.order)


class Loader(DataLoader):
    """A DataLoader that raises SampleError for the sample that could not be read, with and without workers.

    Paddle's own hangs on an exception without workers, and ends in a SystemError with workers.
    """

    def __iter__(self) -> Iterator[Any]:
        batches = super().__iter__()
        try:
            for batch in batches:
                if isinstance(batch, dict) and "failure" in batch:
                    raise SampleError(batch["failure"])
                yield batch
        finally:
            # An iterator that was not exhausted is kept alive, with its processes, by the thread that reads for it.
            shut_down = getattr(batches, "_try_shutdown_all", None)
            if shut_down is not None and self.num_workers:
                shut_down()


def _collate(batch: list[Any]) -> Any:
    for sample in batch:
        if isinstance(sample, Failure):
            # Beside the text an array: a batch without any ends the epoch without a word, or hangs where workers read.
            return {"failure": sample.message, "nothing": np.zeros(1, np.float32)}
    collated = collate(batch)
    if get_worker_info() is None:
        return collated
    # Paddle frees a batch of tensors while its worker is still sending it, and then raises or hangs; arrays it copies.
    return [part.numpy() if isinstance(part, paddle.Tensor) else part for part in collated]


class _GuardedDataset(Guarded, Dataset):
    """Paddle asks for its own Dataset class."""


def make_loader(
    dataset: Any, batch_size: int, shuffle: bool = False, drop_last: bool = False, workers: int = 0, seed: int = 0
) -> Loader:
    """Batches of ``dataset``: images [batch, ...], labels [batch] int64.

    Shuffling follows ``seed`` and the number of earlier epochs, never the framework's generator (paddle's own shuffle
    draws from NumPy's global one): equal seeds give equal orders in both frameworks.
    """
    sampler = ShuffleSampler(len(dataset), seed) if shuffle else SequenceSampler(dataset)
    return Loader(
        _GuardedDataset(dataset),
        batch_sampler=BatchSampler(sampler=sampler, batch_size=batch_size, drop_last=drop_last),
        num_workers=workers,
        collate_fn=_collate,
    )


def set_epoch(loader: Loader, epoch: int) -> None:
    """Makes the next pass over a shuffling ``loader`` that of ``epoch``, counted from 0."""
    sampler = loader.batch_sampler.sampler
    if isinstance(sampler, ShuffleSampler):
        sampler.order.epoch = epoch
