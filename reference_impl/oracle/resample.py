"""Pillow's image resampling in NumPy, bit for bit: what a resized picture must be, to the last level of grey.

Why this file exists: both frameworks delegate the resizing of PIL images to Pillow, so the promise is not "about the
same picture" but Pillow's published algorithm, and any difference at all is a fault (another filter, no antialiasing,
an off-by-one in the output size, a swapped width and height).

The algorithm is Pillow's src/libImaging/Resample.c and, for nearest, ImagingScaleAffine of Geometry.c: one pass
along each axis, rounded in between; 8-bit channels with coefficients in 22-bit fixed point, mode I and F in double.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Pixels = np.ndarray

PRECISION_BITS = 32 - 8 - 2
"""Fraction bits of an 8-bit channel's coefficients: 8 for the result, 2 against overflow by negative lobes."""


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1.0 - abs(x), 0.0)


def _cubic(x: np.ndarray) -> np.ndarray:
    x = abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def _box(x: np.ndarray) -> np.ndarray:
    return ((x > -0.5) & (x <= 0.5)).astype(np.float64)


def _hamming(x: np.ndarray) -> np.ndarray:
    mean, swing = float(np.float32(0.54)), float(np.float32(0.46))  # in Pillow they are of single precision
    return np.where(abs(x) < 1.0, np.sinc(x) * (mean + swing * np.cos(np.pi * abs(x))), 0.0)


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where((x >= -3.0) & (x < 3.0), np.sinc(x) * np.sinc(x / 3.0), 0.0)


FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "box": (_box, 0.5),
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
    "hamming": (_hamming, 1.0),
    "lanczos": (_lanczos, 3.0),
}
"""Kernel and half its width for each interpolation that is not nearest; Hamming's is exact to 8 bits alone."""


def resample(pixels: Pixels, size: tuple[int, int], interpolation: str, pillow: tuple[int, ...] = (13, 0)) -> Pixels:
    """Resize a [H, W] or [H, W, C] array to (height, width), channel by channel.

    uint8 arrays are resampled as 8-bit channels, uint16 as mode I;16, int32 as mode I, float32 as mode F, anything else
    only by "nearest". Alpha is not treated specially here: see `premultiplied` and `unpremultiplied`, between which
    Pillow resamples LA and RGBA. `pillow` is the version whose order of passes is followed.
    Raises ValueError for a dtype or an interpolation without a definition.
    """
    old_height, old_width = pixels.shape[:2]
    height, width = size
    if interpolation == "nearest":
        rows = nearest_indices(old_height, height, generic=pixels.dtype == np.uint16)
        columns = nearest_indices(old_width, width, generic=pixels.dtype == np.uint16)
        return pixels[rows][:, columns]
    if interpolation not in FILTERS:
        raise ValueError(f"interpolation {interpolation!r} is unknown; use nearest, {', '.join(FILTERS)}")
    if pixels.dtype not in (np.uint8, np.uint16, np.int32, np.float32):
        raise ValueError(f"{interpolation} has no definition for {pixels.dtype} pixels; use nearest")
    # Pillow 13 shortens a tall image first (python-pillow/Pillow pull request 9549); before, rows always came first
    shortening = old_height - height
    vertical_first = pillow >= (13, 0) and shortening > max(0, 2 * (old_width - width))
    for axis in (0, 1) if vertical_first else (1, 0):
        if pixels.shape[axis] != size[axis]:
            pixels = np.swapaxes(_first_axis(np.swapaxes(pixels, 0, axis), size[axis], interpolation), 0, axis)
    return pixels


def nearest_indices(old: int, new: int, generic: bool = False) -> np.ndarray:
    """The source index of each of `new` pixels.

    Pillow accumulates the position by addition, which rounds; in its generic transform, which mode I;16 takes, it
    multiplies instead.
    """
    scale = old / new
    if generic:
        return ((np.arange(new) + 0.5) * scale).astype(np.int64)
    return np.add.accumulate(np.concatenate([[scale * 0.5], np.full(new - 1, scale)])).astype(np.int64)


def coefficients(old: int, new: int, interpolation: str) -> np.ndarray:
    """The weights [new, old] of one pass, each row with sum 1: the kernel, stretched where the image shrinks."""
    kernel, radius = FILTERS[interpolation]
    scale = old / new
    stretch = max(scale, 1.0)
    weights = np.zeros((new, old))
    for row in range(new):
        center = (row + 0.5) * scale
        first = max(int(center - radius * stretch + 0.5), 0)
        last = min(int(center + radius * stretch + 0.5), old)
        own = kernel((np.arange(first, last) - center + 0.5) * (1.0 / stretch))
        total = np.add.accumulate(own)[-1]
        weights[row, first:last] = own / total if total != 0.0 else own
    return weights


def _first_axis(pixels: Pixels, new: int, interpolation: str) -> Pixels:
    weights = coefficients(pixels.shape[0], new, interpolation)
    if pixels.dtype == np.uint8:
        fixed = np.trunc(weights * (1 << PRECISION_BITS) + np.copysign(0.5, weights)).astype(np.int64)
        total = np.tensordot(fixed, pixels.astype(np.int64), axes=1) + (1 << (PRECISION_BITS - 1))
        return np.clip(total >> PRECISION_BITS, 0, 255).astype(np.uint8)
    total = _sequential_products(weights, pixels.astype(np.float64))
    if pixels.dtype == np.float32:
        return total.astype(np.float32)
    total = np.trunc(total + np.copysign(0.5, total))
    if pixels.dtype == np.uint16:
        return np.clip(total, 0, 65535).astype(np.uint16)
    # beyond int32 C leaves the conversion undefined; x86 returns the smallest integer
    return np.where(abs(total) < 2.0**31, total, -(2.0**31)).astype(np.int32)


def _sequential_products(weights: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """weights @ pixels with the terms added in order: a sum in another order would round differently."""
    total = np.zeros((weights.shape[0], *pixels.shape[1:]))
    for source, row in enumerate(pixels):
        total = total + np.multiply.outer(weights[:, source], row)
    return total


def premultiplied(pixels: Pixels) -> Pixels:
    """LA or RGBA with each colour multiplied by its alpha, in Pillow's 8-bit arithmetic (modes La, RGBa)."""
    colour, alpha = pixels[..., :-1].astype(np.int64), pixels[..., -1:].astype(np.int64)
    product = colour * alpha + 128
    return np.concatenate([((product >> 8) + product) >> 8, alpha], axis=-1).astype(np.uint8)


def unpremultiplied(pixels: Pixels) -> Pixels:
    """The inverse of `premultiplied` as far as 8 bits allow: colour * 255 // alpha; alpha 0 and 255 change nothing."""
    colour, alpha = pixels[..., :-1].astype(np.int64), pixels[..., -1:].astype(np.int64)
    divided = np.minimum(255 * colour // np.maximum(alpha, 1), 255)
    return np.concatenate([np.where((alpha == 0) | (alpha == 255), colour, divided), alpha], axis=-1).astype(np.uint8)
