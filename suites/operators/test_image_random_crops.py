"""Random crops and erasures: where they lie, how large they are, and what becomes of the rest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from suites import images
from suites.images import ON_CPU, same
from suites.support import frequencies
from suites.support.recorded import drawn

AREA = "random transforms"
USES = 300


def numbered(height: int, width: int) -> Any:
    """An image of at most 255 pixels, no two of which are equal, and none of which is 0."""
    return images.image_of("L", np.arange(1, height * width + 1, dtype=np.uint8).reshape(height, width))


@contract(
    "image.random_crop",
    area=AREA,
    samples=st.builds(
        lambda height, width, padding: Sample({"size": [height, width], "padding": padding}),
        st.integers(3, 9),
        st.integers(3, 9),
        st.sampled_from((None, 1, 2, [1, 0], [2, 1])),
    ),
    tensors=False,
    share=0.08,
    unsupported=ON_CPU,
    covers=("T.RandomCrop",),
)
class random_crop:
    """Every place of a crop is as likely as any other, in the image with its border, which grows where it is small."""

    @staticmethod
    def torch(size, padding):
        from torchvision.transforms import RandomCrop

        return crop_laws(RandomCrop(size, padding, True), size, padding)

    @staticmethod
    def paddle(size, padding):
        from paddle.vision.transforms import RandomCrop

        return crop_laws(RandomCrop(size, padding, True), size, padding)

    @staticmethod
    def oracle(size, padding):
        return {
            name: frequencies.share(np.full(count, 1 / count), USES)
            for name, count in zip(("tops", "lefts"), _ways(size, padding), strict=True)
        }


HEIGHT, WIDTH = 7, 6


def _border(padding: Any) -> tuple[int, int]:
    """Rows above and columns beside."""
    if padding is None:
        return 0, 0
    return (padding, padding) if isinstance(padding, int) else (padding[1], padding[0])


def _ways(size: list[int], padding: Any) -> tuple[int, int]:
    above, beside = _border(padding)
    height, width = HEIGHT + 2 * above, WIDTH + 2 * beside
    height += 2 * max(size[0] - height, 0)
    width += 2 * max(size[1] - width, 0)
    return height - size[0] + 1, width - size[1] + 1


def crop_laws(transform: Any, size: list[int], padding: Any) -> dict[str, Any]:
    """How often each row and each column is the first. A crop that is no part of the image is an error."""
    image = numbered(HEIGHT, WIDTH)
    above, beside = _border(padding)
    ways = _ways(size, padding)
    extra = max(size[0] - HEIGHT - 2 * above, 0), max(size[1] - WIDTH - 2 * beside, 0)
    borders = [(above + extra[0],) * 2, (beside + extra[1],) * 2]
    whole = np.pad(np.asarray(image), borders)
    parts = np.lib.stride_tricks.sliding_window_view(whole, size)
    known = {parts[top, left].tobytes(): (top, left) for top in range(ways[0]) for left in range(ways[1])}
    found = np.array([known[np.asarray(transform(image)).tobytes()] for _ in range(USES)])
    return {"tops": frequencies.counted(found[:, 0], ways[0]), "lefts": frequencies.counted(found[:, 1], ways[1])}


SIDE = 60
SCALE, RATIO = (0.2, 0.6), (3 / 4, 4 / 3)
"""Any part of 60 by 60 pixels with these fits in it, so that none is drawn again."""


@contract(
    "image.random_resized_crop",
    area=AREA,
    samples=st.sampled_from((0.9, 0.95, 0.85)).map(lambda least: [Sample({"least": least})]),
    tensors=False,
    share=0.04,
    unsupported=ON_CPU,
    covers=("T.RandomResizedCrop",),
)
class random_resized_crop:
    """The part of the area is uniform, and so are the logarithm of the ratio of sides and the place.

    Where no such part fits in ten trials, the middle is taken, as large as the ratio allows.
    """

    @staticmethod
    def torch(least):
        from torchvision.transforms import RandomResizedCrop, functional

        uses = drawn(functional, RandomResizedCrop(2, SCALE, RATIO), square(), USES, "crop", "resize")
        never = drawn(functional, RandomResizedCrop(2, (least, 1.0), RATIO), tower(), 1, "crop", "resize")
        return part_laws(uses, never)

    @staticmethod
    def paddle(least):
        from paddle.vision.transforms import RandomResizedCrop, functional

        uses = drawn(functional, RandomResizedCrop(2, SCALE, RATIO), square(), USES, "crop", "resize")
        never = drawn(functional, RandomResizedCrop(2, (least, 1.0), RATIO), tower(), 1, "crop", "resize")
        return part_laws(uses, never)

    @staticmethod
    def oracle(least):
        laws = {
            "area": frequencies.uniform(*SCALE, USES, 0.016),
            "ratio": frequencies.uniform(math.log(RATIO[0]), math.log(RATIO[1]), USES, 0.045),
            "top": frequencies.uniform(0, 1, USES, 0.072),
            "left": frequencies.uniform(0, 1, USES, 0.072),
        }
        accepted = {f"{name}.{part}": law for name, parts in laws.items() for part, law in parts.items()}
        return accepted | {"middle": same(np.array([26, 0, 8, 6]))}


def square() -> Any:
    """An image of 60 by 60 pixels."""
    return images.image_of("L", np.full((SIDE, SIDE), 77, np.uint8))


def tower() -> Any:
    """An image of 60 rows and 6 columns."""
    return images.image_of("L", np.full((SIDE, 6), 77, np.uint8))


def part_laws(uses: list[list[Any]], never: list[list[Any]]) -> dict[str, Any]:
    """The laws of area, ratio and place of parts of 60 by 60 pixels."""
    top, left, height, width = np.array([use[0][1][:4] for use in uses]).T
    return {
        "area": frequencies.summary(height * width / SIDE**2, *SCALE, 0.016),
        "ratio": frequencies.summary(np.log(width / height), math.log(RATIO[0]), math.log(RATIO[1]), 0.045),
        "top": frequencies.summary((top + 0.5) / (SIDE - height + 1), 0, 1, 0.072),
        "left": frequencies.summary((left + 0.5) / (SIDE - width + 1), 0, 1, 0.072),
        "middle": np.array(never[0][0][1][:4]),
    }


EDGE = 30
PART, SHAPES = (0.1, 0.3), (0.5, 2.0)
LEAST = int(0.07 * EDGE**2) * 3
"""Numbers in the smallest part, in three channels."""
FEW = 100


@contract(
    "image.random_erasing",
    area=AREA,
    samples=st.tuples(st.sampled_from((0.0, 1.0)) | st.floats(0.1, 0.9), st.booleans()).map(
        lambda d: [
            Sample({"x": np.full((3, EDGE, EDGE), 0.25, np.float32), "probability": round(d[0], 2), "value": value})
            for value in (0.5, "random", [0.1, 0.2, 0.3])
        ]
    ),
    share=0.04,
    may_be_zero=("happens",),
    unsupported=ON_CPU,
    covers=("T.RandomErasing",),
)
class random_erasing:
    """As often as asked for, a part of uniform area, ratio and place gets the given numbers, or normal ones."""

    @staticmethod
    def torch(x, probability, value):
        from torchvision.transforms import RandomErasing, functional

        given = tuple(value) if isinstance(value, list) else value
        often = drawn(functional, RandomErasing(1.0, PART, SHAPES, given), x, FEW, "erase")
        rare = drawn(functional, RandomErasing(probability, PART, SHAPES, given), x, FEW, "erase")
        return erasure_laws(often, rare)

    @staticmethod
    def paddle(x, probability, value):
        from paddle.vision.transforms import RandomErasing, functional

        given = tuple(value) if isinstance(value, list) else value
        often = drawn(functional, RandomErasing(1.0, PART, SHAPES, given), x, FEW, "erase")
        rare = drawn(functional, RandomErasing(probability, PART, SHAPES, given), x, FEW, "erase")
        return erasure_laws(often, rare)

    @staticmethod
    def oracle(x, probability, value):
        laws = {
            "area": frequencies.uniform(*PART, FEW, 0.026),
            "ratio": frequencies.uniform(math.log(SHAPES[0]), math.log(SHAPES[1]), FEW, 0.11),
            "top": frequencies.uniform(0, 1, FEW, 0.072),
            "left": frequencies.uniform(0, 1, FEW, 0.072),
        }
        accepted = {f"{name}.{part}": law for name, parts in laws.items() for part, law in parts.items()}
        numbers = LEAST * FEW
        if value == "random":
            mean, square = np.zeros(3), np.ones(3)
            spread = frequencies.DEVIATIONS * np.sqrt(np.array([3, 6]) / numbers)
        else:
            mean = np.broadcast_to(np.float32(value), (3,)).astype(np.float64)
            square, spread = mean**2, np.array([1e-6, 1e-6])
        return {
            **accepted,
            "happens": frequencies.share(probability, FEW),
            "mean": Acceptance(mean, spread[0], dtype="float64"),
            "square": Acceptance(square, spread[1], dtype="float64"),
        }


def erasure_laws(often: list[list[Any]], rare: list[list[Any]]) -> dict[str, Any]:
    """The laws of erased parts of 30 by 30 pixels, and of the numbers in them, channel by channel."""
    arguments = [use[0][1] for use in often]
    top, left, height, width = np.array([each[:4] for each in arguments]).T
    values = [np.asarray(each[4], np.float64) for each in arguments]
    spread = [np.broadcast_to(value, (3, *value.shape[1:])).reshape(3, -1) for value in values]
    numbers = np.concatenate(spread, axis=1)
    return {
        "area": frequencies.summary(height * width / EDGE**2, *PART, 0.026),
        "ratio": frequencies.summary(np.log(height / width), math.log(SHAPES[0]), math.log(SHAPES[1]), 0.11),
        "top": frequencies.summary((top + 0.5) / (EDGE - height + 1), 0, 1, 0.072),
        "left": frequencies.summary((left + 0.5) / (EDGE - width + 1), 0, 1, 0.072),
        "happens": float(np.mean([len(use) for use in rare])),
        "mean": numbers.mean(axis=1),
        "square": (numbers**2).mean(axis=1),
    }
