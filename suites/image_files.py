"""Folders of image files and what loaders make of them, as the contracts on datasets draw, write and expect them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from conformance import Acceptance
from reference_impl.oracle import vision
from reference_impl.samples import permutation
from suites import images
from suites.images import same

NOT_RGB = ("I;16", "I", "F")
KINDS = [kind for kind in images.KINDS if kind[1] not in NOT_RGB]
"""Formats and modes that turn into RGB without a choice of range."""

ORIENTATIONS = {".jpg": 8, ".png": 8, ".webp": 8, ".tiff": 4}
"""Formats that note a camera's orientation as EXIF -> the highest one drawn.

Pillow itself turns a TIFF file as it decodes it; from 5 on that would exchange height and width.
"""

File = dict[str, Any]


def image_files(rng: np.random.Generator, count: int, size: tuple[int, int]) -> list[File]:
    """Names and bytes of ``count`` files of one size, in any formats and modes, most with an EXIF orientation."""
    files = []
    for index in range(count):
        suffix, mode = KINDS[rng.integers(len(KINDS))]
        picture = images.image_of(mode, images.pixels(rng, mode, *size))
        orientation = int(rng.integers(ORIENTATIONS.get(suffix, 0) + 1)) or None
        files.append({"name": f"{index:02d}{suffix}", "data": images.file_bytes(picture, suffix, orientation)})
    return files


def some_labels(rng: np.random.Generator, count: int) -> list[int]:
    """Class indices, one in four beyond the 32 bits of an int32."""
    large = rng.random(count) < 0.25
    return np.where(large, rng.integers(2**40, size=count), rng.integers(10, size=count)).tolist()


def written(folder: str, files: list[File]) -> list[Path]:
    """The files in a folder, as paths; one without bytes is not written."""
    paths = [Path(folder) / file["name"] for file in files]
    for path, file in zip(paths, files, strict=True):
        if file["data"] is not None:
            path.write_bytes(file["data"])
    return paths


def passes(loader: Any, epochs: int) -> dict[str, Any]:
    """What some passes over a loader yield: all images and labels in order, the size of each batch, the length."""
    batches = [batch for _ in range(epochs) for batch in loader]
    found = {"length": len(loader), "batch_sizes": np.array([len(labels) for _, labels in batches], np.int64)}
    if batches:
        pictures, labels = zip(*batches, strict=True)
        found |= {"images": joined(pictures), "labels": joined(labels)}
    return found


def joined(parts: tuple[Any, ...]) -> np.ndarray:
    """Tensors of one dtype, one after the other."""
    arrays = [part.numpy() for part in parts]
    dtypes = {str(array.dtype) for array in arrays}
    if len(dtypes) > 1:
        raise TypeError(f"batches of different dtypes: {', '.join(sorted(dtypes))}")
    return np.concatenate(arrays)


def loaded(
    files: list[File], labels: list[int], options: dict[str, Any], epochs: int, reciprocal: bool = False
) -> dict[str, Acceptance]:
    """The acceptances of :func:`passes`; ``reciprocal``: levels are multiplied by the rounded 1 / 255."""
    count, batch = len(files), options["batch_size"]
    used = count - count % batch if options["drop_last"] else count
    sizes = [min(batch, used - first) for first in range(0, used, batch)]
    accepted = {"length": same(np.asarray(len(sizes))), "batch_sizes": same(np.array(sizes * epochs, np.int64))}
    if used:
        orders = [permutation(count, options["seed"], e) if options["shuffle"] else range(count) for e in range(epochs)]
        order = np.concatenate([list(order)[:used] for order in orders])
        pictures = [vision.to_tensor(images.as_rgb(file["data"]), "RGB", reciprocal) for file in files]
        accepted["images"] = same(np.stack(pictures)[order])
        accepted["labels"] = same(np.array(labels, np.int64)[order])
    return accepted
