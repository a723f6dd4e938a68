"""Image files and their labels as both frameworks' datasets see them: what is read, in which order, what is refused.

Neither framework's folder reader, shuffling or error handling matches the other's, so the three are settled here
once, without either: the same directory gives both the same files, labels and batches.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LABEL_FILE = "labels.csv"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


class SampleError(ValueError):
    """A sample or a directory of samples that cannot be read; the message names the file and the reason."""


@dataclass(frozen=True)
class Samples:
    """Image files with one class index each; ``classes`` holds the class names in the order of their index."""

    image_paths: tuple[str, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]


def read_image(path: str | PathLike[str]) -> Image.Image:
    """The first frame of an image file, decoded and converted to RGB by Pillow.

    An EXIF orientation is not applied, as in both frameworks' own file readers, save that Pillow applies that of a TIFF
    file as it decodes it. Raises SampleError naming ``path`` where the file is missing, truncated or no image.
    """
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    # Pillow's decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error, DecompressionBombError, ...
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SampleError(f"image file {fspath(path)!r} cannot be read: {reason or type(error).__name__}") from error


def permutation(count: int, seed: int, epoch: int) -> list[int]:
    """The order of ``count`` samples in one epoch: a function of its arguments only, whatever ran before."""
    return [int(index) for index in np.random.default_rng([seed, epoch]).permutation(count)]


class Order:
    """Sample indices, one permutation for each epoch: the part of a shuffling sampler that needs no framework.

    Every iteration is one epoch and moves ``epoch`` on; set it to continue an earlier run's sequence.
    """

    def __init__(self, count: int, seed: int, epoch: int = 0) -> None:
        self.count = count
        self.seed = seed
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        order = permutation(self.count, self.seed, self.epoch)
        self.epoch += 1
        return iter(order)


@dataclass(frozen=True)
class Failure:
    """What :class:`Guarded` returns in place of a sample that could not be read."""

    message: str


class Guarded:
    """A dataset whose failures are values, so that they cross worker threads and processes unharmed.

    An exception in ``__getitem__`` makes paddle's DataLoader hang without workers and exit with a SystemError with
    workers; torch wraps it in the worker's traceback. The loaders of both sides unpack :class:`Failure` instead.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        try:
            return self.dataset[index]
        except SampleError as error:
            return Failure(str(error))
        except Exception as error:
            return Failure(f"sample {index} cannot be read: {type(error).__name__}: {error}")


def read_directory(directory: str | PathLike[str]) -> Samples:
    """The samples of a directory that holds ``labels.csv`` (columns file, label) or one folder for each class.

    Raises SampleError for a missing directory or file, an empty one, and a row that cannot be understood.
    """
    root = Path(directory)
    if not root.is_dir():
        raise SampleError(f"data directory {str(root)!r} does not exist or is no directory")
    samples = _from_table(root) if (root / LABEL_FILE).exists() else _from_folders(root)
    if not samples.image_paths:
        raise SampleError(f"data directory {str(root)!r} has no samples")
    return samples


def _from_table(root: Path) -> Samples:
    table = root / LABEL_FILE
    try:
        with table.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            if reader.fieldnames is None or not {"file", "label"} <= set(reader.fieldnames):
                raise SampleError(f"{str(table)!r} must start with a row that names the columns file and label")
            rows = [(reader.line_num, row["file"], row["label"]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SampleError(f"{str(table)!r} cannot be read: {error}") from error
    for line, file, label in rows:
        if not file or not label:
            raise SampleError(f"{str(table)!r} line {line}: a row needs both a file and a label")
        if not (root / file).is_file():
            raise SampleError(f"{str(table)!r} line {line}: there is no file {str(root / file)!r}")
    paths = tuple(str(root / file) for _, file, _ in rows)
    return _labelled(paths, [label for _, _, label in rows])


def _labelled(paths: tuple[str, ...], labels: list[str]) -> Samples:
    """Labels that are all whole numbers are class indices; others are class names, numbered in sorted order."""
    if all(label.isascii() and label.isdigit() for label in labels):
        indices = tuple(int(label) for label in labels)
        return Samples(paths, indices, tuple(str(index) for index in range(max(indices, default=-1) + 1)))
    classes = tuple(sorted(set(labels)))
    return Samples(paths, tuple(classes.index(label) for label in labels), classes)


def _from_folders(root: Path) -> Samples:
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not folders:
        raise SampleError(f"data directory {str(root)!r} holds neither {LABEL_FILE} nor a folder for each class")
    paths: list[str] = []
    labels: list[int] = []
    for index, folder in enumerate(folders):
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
        if not files:
            raise SampleError(f"class folder {str(folder)!r} holds no image file ({', '.join(IMAGE_SUFFIXES)})")
        paths += [str(file) for file in files]
        labels += [index] * len(files)
    return Samples(tuple(paths), tuple(labels), tuple(folder.name for folder in folders))
