"""Images as the suites draw them: pixels of each Pillow mode, the Pillow image that holds them, the bytes of a file.

A sample keeps a mode and its pixels, or the bytes of a file, which are plain data; the calls make the image from them.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import ExifTags, Image

from conformance import Acceptance, accuracy
from conformance.strategies import SIDES
from reference_impl.oracle import vision
from reference_impl.oracle.vision import MODES

EIGHT_BIT = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")
"""Modes that become floats from 0 to 1."""
PLAIN = ("1", "I;16", "I", "F")
"""Modes whose pixels say by their dtype which mode they are."""
LOSSLESS: dict[str, tuple[str, ...]] = {
    ".png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    ".bmp": ("1", "L", "P", "RGB"),
    ".gif": ("P",),
    ".webp": ("RGB", "RGBA"),
    ".tiff": ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"),
}
"""Suffix of a file format -> the modes that it gives back pixel by pixel (GIF: colour by colour)."""
KINDS = [(suffix, mode) for suffix, modes in LOSSLESS.items() for mode in modes]
KINDS += [(".jpg", mode) for mode in ("L", "RGB", "CMYK")]
"""Every format with every mode that it can hold."""
TURNED: dict[int, tuple[int, ...]] = {1: (), 2: (1,), 3: (0, 1), 4: (0,)}
"""EXIF orientation -> axes along which the image is flipped."""
ON_CPU = {"*:cuda": "images and files are handled on the CPU", "*:gpu": "images and files are handled on the CPU"}
"""Why a lane on a GPU takes no part in a contract of this kind."""

_FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "images"

few = st.integers(1, 24)
sides = st.one_of(few, few, few, few, st.sampled_from(SIDES))
one = st.just(1)
shapes = st.one_of(
    *[st.tuples(sides, sides)] * 8, *(st.tuples(*pair) for pair in ((one, one), (one, sides), (sides, one)))
)
"""Height and width of an image, in three of eleven draws with a side of one pixel."""
sizes = st.one_of(sides, *[st.tuples(*[st.one_of(st.just(1), sides, sides, sides)] * 2)] * 2)
"""What Resize and CenterCrop take: the shorter side, or height and width; a side of one pixel comes often."""


def pixels(rng: np.random.Generator, mode: str, height: int, width: int, special: bool = False) -> np.ndarray:
    """Pixels [H, W] or [H, W, C] over the whole range of a mode; ``special`` adds NaN, infinities, -0.0 to mode F."""
    dtype, channels = MODES[mode]
    shape = (height, width) if channels == 1 else (height, width, channels)
    if mode == "1":
        return rng.random(shape) < 0.5
    if mode == "F":
        values = (100 * rng.standard_normal(shape)).astype(np.float32)
        odd = rng.choice(np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32), shape)
        return np.where(rng.random(shape) < 0.2, odd, values) if special else values
    limits = np.iinfo(np.dtype(dtype).name)
    values = rng.integers(limits.min, limits.max, shape, np.dtype(dtype), endpoint=True)
    # The ends of the range are where a scale of 256, a sign bit or an overflow shows.
    ends = rng.choice(np.array([limits.min, limits.max, limits.max // 2 + 1], dtype), shape)
    return np.where(rng.random(shape) < 0.2, ends, values)


def image_of(mode: str, pixels: np.ndarray) -> Image.Image:
    """The Pillow image of a mode that holds the pixels; mode P gets a palette that is not the identity.

    I;16B is the mode of 16-bit pixels that are read from a big-endian TIFF.
    """
    if mode in PLAIN:
        return Image.fromarray(pixels)
    height, width = pixels.shape[:2]
    if mode == "I;16B":
        return Image.frombytes(mode, (width, height), pixels.astype(">u2").tobytes())
    image = Image.frombytes(mode, (width, height), pixels.tobytes())
    if mode == "P":
        image.putpalette([level for index in range(256) for level in (255 - index, index * 7 % 256, index * 11 % 256)])
    return image


def file_bytes(image: Image.Image, suffix: str, orientation: int | None = None) -> bytes:
    """The image as a file of the format of ``suffix``, without loss where :data:`LOSSLESS` says so.

    ``orientation`` from 1 to 8 is that of the camera, noted as EXIF, by which a viewer would turn or mirror the image;
    Pillow does so as it decodes a TIFF file, for which it is at most 4 here.
    """
    options: dict[str, Any] = {}
    if suffix == ".webp":
        options = {"lossless": True, "exact": True}
    elif suffix == ".jpg":
        options = {"quality": 90}
    if orientation is not None:
        options["exif"] = Image.Exif()
        options["exif"][ExifTags.Base.Orientation] = orientation
    stream = io.BytesIO()
    image.save(stream, Image.registered_extensions()[suffix], **options)
    data, held = stream.getvalue(), np.asarray(image)
    if suffix == ".tiff" and orientation is not None:
        held = np.flip(held, TURNED[orientation])
    mode, pixels = decoded(data)
    if suffix == ".webp" and mode != image.mode:  # the format keeps no alpha that is 255 everywhere
        pixels = np.asarray(Image.fromarray(pixels).convert(image.mode))
    if suffix not in (".gif", ".jpg") and not np.array_equal(pixels, held, equal_nan=True):
        raise AssertionError(f"a {suffix} file does not give back the pixels of mode {image.mode} that were written")
    return data


def decoded(data: bytes) -> tuple[str, np.ndarray]:
    """Mode and pixels of a file, as Pillow decodes it."""
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, np.array(image)


def as_rgb(data: bytes) -> np.ndarray:
    """The RGB pixels [H, W, 3] of a file of one of the modes of 8 bits: alpha is dropped, a palette looked up."""
    with Image.open(io.BytesIO(data)) as image:
        mode, drawn, palette = image.mode, np.array(image), image.getpalette("RGB")
    if mode == "P":
        return np.array(palette, np.uint8).reshape(-1, 3)[drawn]
    if mode == "CMYK":
        light = 255 - drawn[..., 3:].astype(np.int64)
        product = drawn[..., :3] * light + 128
        return (light - (((product >> 8) + product) >> 8)).astype(np.uint8)
    if mode in ("1", "L", "LA"):
        gray = drawn[..., 0] if mode == "LA" else drawn * np.uint8(255 if mode == "1" else 1)
        return np.stack([gray] * 3, axis=-1)
    return drawn[..., :3]


@lru_cache
def fixture(name: str) -> bytes:
    """A file of fixtures/images, by its name there."""
    return (_FIXTURES / name).read_bytes()


def fixture_names(folder: str = "") -> list[str]:
    """The image files of a folder of fixtures/images, sorted."""
    return sorted(
        f"{folder}{path.name}" for path in (_FIXTURES / folder).iterdir() if path.suffix in (*LOSSLESS, ".jpg")
    )


def same(array: np.ndarray) -> Acceptance:
    """The array itself, in its own dtype."""
    return accuracy.exact(array, str(array.dtype))


def signed16(mode: str, pixels: np.ndarray) -> dict[str, Acceptance]:
    """Mode I;16 read as signed 16-bit integers: levels from 32768 on come out 65536 lower."""
    if mode != "I;16":
        return {"output": same(vision.to_tensor(pixels, mode))}
    return {"output": same(np.ascontiguousarray(pixels).view(np.int16)[None])}


LAYOUTS = ("contiguous", "sliced", "fortran", "channels first", "broadcast")
REVERSED = ("rows reversed", "columns reversed", "channels reversed")


def laid_out(pixels: np.ndarray, layout: str) -> np.ndarray:
    """An array equal to ``pixels`` with another layout in memory; ``broadcast`` repeats its first row."""
    if layout == "sliced":
        roomy = np.zeros((2 * pixels.shape[0], 2 * pixels.shape[1], *pixels.shape[2:]), pixels.dtype)
        roomy[::2, 1::2] = pixels
        return roomy[::2, 1::2]
    if layout == "fortran":
        return np.asfortranarray(pixels)
    if layout == "channels first":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), 0, -1)
    if layout == "broadcast":
        return np.lib.stride_tricks.as_strided(pixels, pixels.shape, (0, *pixels.strides[1:]))
    if layout in REVERSED:
        axis = min(REVERSED.index(layout), pixels.ndim - 1)
        return np.flip(np.flip(pixels, axis).copy(), axis)
    return pixels
