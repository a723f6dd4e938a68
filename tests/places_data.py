"""What the samples of images, files, loaders, weight transfer, checkpoints and refusals must reach."""

from __future__ import annotations

import io
from itertools import product
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from reference_impl.oracle import vision
from suites import images, test_checkpoints_refusals, test_dataset, test_to_tensor, test_transfer, test_transforms
from suites.archives import SUFFIXES
from suites.layers import KINDS
from suites.runs import OPTIMIZERS, SCHEDULES
from tests.places_values import NUMBERS, each, families
from tests.reach import Place, Places


def ends(mode: str) -> tuple[int, int]:
    """The lowest and the highest level of a mode of whole numbers."""
    if mode == "1":
        return 0, 1
    levels = np.iinfo(np.dtype(vision.MODES[mode][0]).name)
    return int(levels.min), int(levels.max)


def pixels_of(bound: int, modes: tuple[str, ...]) -> dict[str, Place]:
    """Each mode, and in those of whole numbers the lowest and the highest level."""
    return {
        **{f"mode {mode}": Place(bound, lambda s, mode=mode: s.mode == mode) for mode in modes},
        **{
            f"{level} in mode {mode}": Place(
                bound, lambda s, mode=mode, level=level: s.mode == mode and (s.pixels == level).any()
            )
            for mode in modes
            if mode != "F"
            for level in ends(mode)
        },
    }


SIDES: Places = {
    "one pixel": Place(6, lambda s: s.pixels.shape[:2] == (1, 1)),
    "one row of several pixels": Place(60, lambda s: s.pixels.shape[0] == 1 < s.pixels.shape[1]),
    "one column of several pixels": Place(36, lambda s: s.pixels.shape[1] == 1 < s.pixels.shape[0]),
    "an odd height and an even width": Place(48, lambda s: s.pixels.shape[0] % 2 and not s.pixels.shape[1] % 2),
    "an even height and an odd width": Place(60, lambda s: s.pixels.shape[1] % 2 and not s.pixels.shape[0] % 2),
    "a long side": Place(36, lambda s: max(s.pixels.shape[:2]) > 32),
}
FLOATS: Places = {
    f"{number} in mode F": Place(36, lambda s, check=check: s.mode == "F" and check(s.pixels).any())
    for number, check in NUMBERS.items()
    if number != "+0"
}
ARRAY: Places = {
    **{f"{dtype}": Place(24, lambda s, dtype=dtype: s.pixels.dtype == dtype) for dtype in test_to_tensor.ARRAY_DTYPES},
    **{f"{layout}": Place(12, lambda s, layout=layout: s.layout == layout) for layout in images.LAYOUTS},
    **{
        f"uint8, {layout}": Place(12, lambda s, layout=layout: s.layout == layout and s.pixels.dtype == np.uint8)
        for layout in images.LAYOUTS
    },
    **{f"{n} channels": Place(96, lambda s, n=n: s.pixels.ndim == 3 and s.pixels.shape[2] == n) for n in range(1, 6)},
    "no axis of channels": Place(6, lambda s: s.pixels.ndim == 2),
    "0 in uint8": Place(36, lambda s: s.pixels.dtype == np.uint8 and (s.pixels == 0).any()),
    "255 in uint8": Place(48, lambda s: s.pixels.dtype == np.uint8 and (s.pixels == 255).any()),
}


def opened(data: bytes) -> Any:
    """Format, mode and orientation of a file, or ``None`` of one that is broken."""
    with Image.open(io.BytesIO(data)) as image:
        return image.format, image.mode, image.getexif().get(ExifTags.Base.Orientation)


def suffix(file: Any) -> str:
    """The suffix of a file's name."""
    return file["name"][file["name"].index(".") :]


FILES: Places = {
    **{
        f"{ending} of mode {mode}": Place(
            36, lambda s, ending=ending, mode=mode: s.name == f"picture{ending}" and opened(s.data)[1] == mode
        )
        for ending, mode in images.KINDS
        if ending != ".gif"
    },
    ".gif": Place(24, lambda s: s.name == "picture.gif"),
    **{
        f"orientation {number}": Place(48, lambda s, number=number: opened(s.data)[2] == number)
        for number in range(1, 9)
    },
    **{
        name: Place(96, lambda s, name=name: s.data == images.fixture(name))
        for name in images.fixture_names("formats/")
    },
}
BROKEN: Places = {
    **{
        f"a broken {ending}": Place(
            48, lambda s, ending=ending: s.name == f"picture{ending}" and len(s.data) not in (0, 47, 64)
        )
        for ending in (*images.LOSSLESS, ".jpg")
    },
    "an empty file": Place(6, lambda s: s.data == b""),
    "a text": Place(48, lambda s: s.data.startswith(b"This file")),
    "a file that the project keeps": Place(12, lambda s: not s.name.startswith("picture.")),
}


def target(s: Any) -> tuple[int, int]:
    """Height and width asked for, of an image or of the last axes of a tensor."""
    return s.size if isinstance(s.size, tuple) else (s.size, s.size)


def source(s: Any) -> tuple[int, int]:
    """Height and width of an image, or of a tensor."""
    return s.pixels.shape[:2] if hasattr(s, "pixels") else s.x.shape[-2:]


RESIZE: Places = {
    "one number": Place(6, lambda s: isinstance(s.size, int)),
    "one number for a high image": Place(36, lambda s: isinstance(s.size, int) and source(s)[0] > source(s)[1]),
    "one number for a wide image": Place(36, lambda s: isinstance(s.size, int) and source(s)[0] < source(s)[1]),
    "larger both ways": Place(24, lambda s: all(a > b for a, b in zip(target(s), source(s), strict=True))),
    "smaller both ways": Place(60, lambda s: all(a < b for a, b in zip(target(s), source(s), strict=True))),
    "a quarter or less both ways": Place(
        72, lambda s: all(4 * a <= b for a, b in zip(target(s), source(s), strict=True))
    ),
    "higher and narrower": Place(60, lambda s: target(s)[0] > source(s)[0] and target(s)[1] < source(s)[1]),
    "to one pixel": Place(6, lambda s: target(s) == (1, 1)),
    "of one pixel": Place(6, lambda s: source(s) == (1, 1)),
    "odd to even": Place(36, lambda s: source(s)[0] % 2 and not target(s)[0] % 2),
    "even to odd": Place(60, lambda s: not source(s)[0] % 2 and target(s)[0] % 2),
}
CENTER: Places = {
    "an odd margin": Place(36, lambda s: any(a > b and (a - b) % 2 for a, b in zip(source(s), target(s), strict=True))),
    "an even margin": Place(
        36, lambda s: any(a > b and not (a - b) % 2 for a, b in zip(source(s), target(s), strict=True))
    ),
    "an odd border": Place(24, lambda s: any(a < b and (b - a) % 2 for a, b in zip(source(s), target(s), strict=True))),
    "an even border": Place(
        36, lambda s: any(a < b and not (b - a) % 2 for a, b in zip(source(s), target(s), strict=True))
    ),
    "a border of one side": Place(36, lambda s: (source(s)[0] < target(s)[0]) != (source(s)[1] < target(s)[1])),
}


def overlaps(s: Any) -> bool:
    """Whether a rectangle has a pixel of its image."""
    height, width = source(s)
    return -s.height < s.top < height and -s.width < s.left < width


OUTSIDE: Places = {
    "beyond the top": Place(72, lambda s: overlaps(s) and s.top < 0),
    "beyond the left": Place(72, lambda s: overlaps(s) and s.left < 0),
    "beyond the bottom": Place(48, lambda s: overlaps(s) and s.top + s.height > source(s)[0]),
    "beyond the right": Place(60, lambda s: overlaps(s) and s.left + s.width > source(s)[1]),
    "wholly outside": Place(24, lambda s: not overlaps(s)),
}
INSIDE: Places = {
    "inside": Place(
        6, lambda s: min(s.top, s.left) >= 0 and s.top + s.height <= source(s)[0] and s.left + s.width <= source(s)[1]
    ),
    "inside, away from every side": Place(
        120, lambda s: min(s.top, s.left) > 0 and s.top + s.height < source(s)[0] and s.left + s.width < source(s)[1]
    ),
    "one pixel of several": Place(60, lambda s: (s.height, s.width) == (1, 1) and max(source(s)) > 1),
}
NORMALIZE: Places = {
    "a batch": Place(6, lambda s: s.x.ndim == 4),
    "one channel": Place(6, lambda s: s.x.shape[-3] == 1),
    "three channels": Place(48, lambda s: s.x.shape[-3] == 3),
    "one pixel": Place(6, lambda s: s.x.shape[-2:] == (1, 1)),
    "an odd height and an even width": Place(60, lambda s: s.x.shape[-2] % 2 and not s.x.shape[-1] % 2),
}
COMPOSE: Places = {
    **{
        name: Place(24, lambda s, name=name: any(step[0] == name for step in s.steps))
        for name in ("Resize", "CenterCrop", "Crop", "HorizontalFlip", "VerticalFlip", "Normalize")
    },
    "a flip of the tensor": Place(12, lambda s: s.steps[-1][0].endswith("Flip")),
    **each(6, "mode", ("L", "RGB")),
}


def count(s: Any) -> int:
    """The items of a loader."""
    return len(s.files) if hasattr(s, "files") else len(s.images)


LOADER: Places = {
    "a rest that is kept": Place(36, lambda s: count(s) % s.options["batch_size"] and not s.options["drop_last"]),
    "a rest that is dropped": Place(36, lambda s: count(s) % s.options["batch_size"] and s.options["drop_last"]),
    "several batches": Place(12, lambda s: count(s) > s.options["batch_size"]),
}
LOADERS: Places = {
    "no rest to drop": Place(24, lambda s: not count(s) % s.options["batch_size"] and s.options["drop_last"]),
    "no rest": Place(6, lambda s: not count(s) % s.options["batch_size"] and not s.options["drop_last"]),
}
BATCHES: Places = {
    "shuffled": Place(24, lambda s: s.options["shuffle"] and count(s) > 2),
    "in order": Place(24, lambda s: not s.options["shuffle"] and count(s) > 2),
}
EPOCHS: Places = {
    "shuffled twice": Place(36, lambda s: s.options["shuffle"] and s.epochs > 1 and count(s) > 2),
    "a batch larger than the set": Place(48, lambda s: count(s) < s.options["batch_size"]),
    "batches of one": Place(6, lambda s: s.options["batch_size"] == 1),
    "one item": Place(6, lambda s: count(s) == 1),
}
CONTENT: Places = {
    **{
        ending: Place(48, lambda s, ending=ending: any(suffix(file) == ending for file in s.files))
        for ending in (*images.LOSSLESS, ".jpg")
    },
    **{
        f"mode {mode}": Place(48, lambda s, mode=mode: any(opened(file["data"])[1] == mode for file in s.files))
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")
    },
    **{
        f"orientation {number}": Place(
            48, lambda s, number=number: any(opened(file["data"])[2] == number for file in s.files)
        )
        for number in range(1, 9)
    },
    "a label beyond int32": Place(12, lambda s: max(s.labels) >= 2**31),
}


def square(s: Any) -> bool:
    """Whether a layer has as many inputs as outputs, and more than one."""
    return s.sizes["inner"] == s.sizes["outer"] > 1


TRANSFER: Places = {
    **each(24, "kind", KINDS),
    "a square linear layer": Place(96, lambda s: s.kind == "linear" and square(s)),
    "both directions": Place(36, lambda s: s.sizes.get("bidirectional")),
    "two recurrent layers": Place(60, lambda s: s.sizes.get("layers") == 2),
    "a kernel that is not square": Place(
        36, lambda s: s.kind.startswith("conv") and s.sizes["kernel"][0] != s.sizes["kernel"][1]
    ),
    **{
        f"{number} in a weight": Place(12, lambda s, check=check: any(check(w).any() for w in s.weights.values()))
        for number, check in NUMBERS.items()
        if number not in ("+0", "+inf")
    },
}
MEANING: Places = {
    **each(6, "kind", ("linear", "conv", "embedding")),
    "a square linear layer": Place(24, lambda s: s.kind == "linear" and square(s)),
    "a convolution of as many channels": Place(36, lambda s: s.kind == "conv" and square(s)),
    "a kernel that is not square": Place(
        24, lambda s: s.kind == "conv" and s.sizes["kernel"][0] != s.sizes["kernel"][1]
    ),
}
SAVED: Places = {
    **each(24, "kind", KINDS),
    **{
        f"optimizer {place}": Place(12, lambda s, optimizer=optimizer: s.optimizer == optimizer)
        for place, optimizer in enumerate(OPTIMIZERS)
    },
    "before the first epoch": Place(6, lambda s: s.epoch == 0),
    "after an epoch": Place(6, lambda s: s.epoch > 0),
}
CARRIED: Places = {
    **{
        f"optimizer {place} of a linear layer in {end}": Place(
            48, lambda s, optimizer=optimizer, end=end: (s.kind, s.optimizer, s.suffix) == ("linear", optimizer, end)
        )
        for (place, optimizer), end in product(enumerate(OPTIMIZERS), SUFFIXES)
    },
    **{
        f"{kind} in {end}": Place(24, lambda s, kind=kind, end=end: (s.kind, s.suffix) == (kind, end))
        for kind, end in product(("linear", "conv", "batch_norm", "embedding", "lstm"), SUFFIXES)
    },
    "a square linear layer": Place(60, lambda s: s.kind == "linear" and square(s)),
    "both directions": Place(72, lambda s: s.sizes.get("bidirectional")),
}
RESUME: Places = {
    **{
        f"optimizer {place}": Place(12, lambda s, optimizer=optimizer: s.optimizer == optimizer)
        for place, optimizer in enumerate(OPTIMIZERS)
    },
    **{schedule["name"]: Place(12, lambda s, schedule=schedule: s.schedule == schedule) for schedule in SCHEDULES},
    "a stop after an epoch": Place(6, lambda s: s.epochs[0] > 0),
    "dropout": Place(6, lambda s: s.network["dropout"] > 0),
}
REFUSED: Places = {
    f"{fault} in {end}": Place(48, lambda s, fault=fault, end=end: (s.fault, s.suffix) == (fault, end))
    for fault, end in product(
        (*test_checkpoints_refusals.DAMAGED, *test_checkpoints_refusals.FOREIGN, *test_checkpoints_refusals.CALLING),
        SUFFIXES,
    )
}

DATA: dict[str, Places] = {
    "vision.to_tensor": {**pixels_of(96, images.EIGHT_BIT), **SIDES},
    "vision.to_tensor_levels": each(24, "mode", ("L", "RGB", "P", "LA", "RGBA", "CMYK")),
    "vision.to_tensor_deep": {**pixels_of(96, ("I;16", "I", "F")), **FLOATS, **SIDES},
    "vision.to_tensor_big_endian": {
        "a level beyond 32767": Place(6, lambda s: s.mode == "I;16B" and s.pixels.max() > 32767)
    },
    "vision.to_tensor_array": ARRAY,
    "vision.to_tensor_unsigned": {
        f"{dtype} beyond the signed": Place(
            12, lambda s, dtype=dtype: s.pixels.dtype == dtype and s.pixels.max() > np.iinfo(dtype).max // 2
        )
        for dtype in ("uint16", "uint32", "uint64")
    },
    "vision.to_tensor_reversed": {
        f"{dtype}, {layout}": Place(
            60, lambda s, dtype=dtype, layout=layout: (s.pixels.dtype, s.layout) == (dtype, layout)
        )
        for dtype, layout in product(("uint8", "float32"), images.REVERSED)
    },
    "vision.to_tensor_refusals": {
        **{
            f"{n} axes": Place(6, lambda s, n=n: isinstance(s.picture, np.ndarray) and s.picture.ndim == n)
            for n in (0, 1, 4, 5)
        },
        "a foreign byte order": Place(12, lambda s: isinstance(s.picture, np.ndarray) and not s.picture.dtype.isnative),
        "no array": Place(12, lambda s: not isinstance(s.picture, np.ndarray)),
    },
    "vision.to_tensor_file": FILES,
    "vision.broken_file": BROKEN,
    "vision.resize": {
        **RESIZE,
        **SIDES,
        **each(24, "mode", vision.MODES),
        **each(48, "interpolation", test_transforms.INTERPOLATIONS),
    },
    "vision.tensor_resize": {
        **RESIZE,
        **each(24, "interpolation", ("nearest", "bilinear", "bicubic")),
        **families(72, without=("tiny", "offset")),
    },
    "vision.center_crop": {**CENTER, **SIDES},
    "vision.crop": {**OUTSIDE, **INSIDE, **SIDES},
    "vision.tensor_crop": {"inside": INSIDE["inside"]},
    "vision.tensor_crop_outside": {"beyond the top": OUTSIDE["beyond the top"]},
    "vision.flips": SIDES,
    "vision.tensor_flips": {
        "one column": Place(24, lambda s: s.x.shape[2] == 1 < s.x.shape[1]),
        "one row": Place(36, lambda s: s.x.shape[1] == 1 < s.x.shape[2]),
        "an odd height and an even width": Place(48, lambda s: s.x.shape[1] % 2 and not s.x.shape[2] % 2),
        "an even height and an odd width": Place(24, lambda s: s.x.shape[2] % 2 and not s.x.shape[1] % 2),
    },
    "vision.normalize": {**NORMALIZE},
    "vision.compose": COMPOSE,
    "vision.transform_refusals": {
        f"{step}": Place(24, lambda s, step=step: s.step == step) for step in test_transforms.REFUSED
    },
    "dataset.batches": {**LOADER, **LOADERS, **BATCHES, **EPOCHS, **CONTENT},
    "dataset.workers": {**LOADER, **BATCHES},
    "dataset.items": CONTENT,
    "dataset.broken_file": {
        "the first file": Place(24, lambda s: s.files[0]["name"].startswith("broken") and len(s.files) > 1),
        "the last file": Place(24, lambda s: s.files[-1]["name"].startswith("broken") and len(s.files) > 1),
        "a missing file": Place(6, lambda s: any(file["data"] is None for file in s.files)),
        "an empty file": Place(6, lambda s: any(file["data"] == b"" for file in s.files)),
    },
    "dataset.refusals": {
        f"{wrong}": Place(6, lambda s, wrong=wrong: vars(s).items() >= wrong.items()) for wrong in test_dataset.REFUSED
    },
    "dataset.own_shuffle": each(12, "drop_last", (True, False)),
    "determinism.shuffle": {**LOADER, "several passes": Place(12, lambda s: s.passes > 1)},
    "transfer.round_trip": TRANSFER,
    "transfer.files": {**TRANSFER, **each(72, "native", (True, False))},
    "transfer.meaning": MEANING,
    "transfer.refusals": {
        **each(12, "fault", test_transfer.FAULTS),
        **each(36, "kind", ("linear", "conv", "batch_norm", "lstm")),
    },
    "checkpoint.round_trip": SAVED,
    "checkpoint.own_loader": each(24, "kind", KINDS),
    "checkpoint.carried": CARRIED,
    "checkpoint.resume": RESUME,
    "checkpoint.refusals": REFUSED,
    "checkpoint.unwritable": each(24, "fault", test_checkpoints_refusals.UNWRITABLE),
}
"""Contract -> what its samples must reach."""
