"""What each image transform must return: pixels in, pixels or tensor values out, in NumPy alone.

Why this file exists: the road to a training step begins with bytes of an image, and the two frameworks' transforms for
PIL images promise the same pixels, not similar ones. Everything here is exact except `normalize`, whose two roundings
are bounded.

Pixels are what numpy.asarray(image) gives: [H, W] or [H, W, C]; bool for mode 1, uint8 for L, LA, P (indices), RGB,
RGBA, CMYK and YCbCr, uint16 for I;16, int32 for I, float32 for F. Sizes are (height, width).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reference_impl.oracle.resample import Pixels, premultiplied, resample, unpremultiplied
from reference_impl.oracle.rounding import UNIT_ROUNDOFF, Bounded, Rounded

MODES: dict[str, tuple[type[np.generic], int]] = {
    "1": (np.bool_, 1),
    "L": (np.uint8, 1),
    "LA": (np.uint8, 2),
    "P": (np.uint8, 1),
    "RGB": (np.uint8, 3),
    "RGBA": (np.uint8, 4),
    "CMYK": (np.uint8, 4),
    "YCbCr": (np.uint8, 3),
    "I;16": (np.uint16, 1),
    "I": (np.int32, 1),
    "F": (np.float32, 1),
}
"""Pillow mode -> dtype of its pixels, number of channels."""


def to_tensor(pixels: Pixels, mode: str | None = None, reciprocal: bool = False) -> np.ndarray:
    """The [C, H, W] array of an image of that Pillow mode, or of an ndarray where `mode` is None.

    uint8 becomes float32 in [0, 1], each value the correctly rounded quotient by 255; mode 1 becomes 0 and 1. I and F
    keep their values and dtype, I;16 its values, as int32, the narrowest signed type that holds them. An ndarray of
    another dtype is returned unscaled, in its dtype. This is torchvision's documented promise, except that its list of
    scaled modes names I and F as well: neither framework scales those, whose range is not known. `reciprocal` takes
    products with the rounded 1 / 255 in place of the quotients (paddle before 3.3.1): half of the levels are then one
    unit in the last place off.
    Raises ValueError when the array is not of 2 or 3 dimensions or not what the mode holds.
    """
    if pixels.ndim not in (2, 3):
        raise ValueError(f"an image has 2 or 3 dimensions, this array has {pixels.ndim}; pass [H, W] or [H, W, C]")
    if mode is not None:
        _check_mode(pixels, mode)
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    if mode is not None and planes.dtype == np.bool_:
        return planes.astype(np.float32)
    if mode == "I;16":
        return planes.astype(np.int32)
    if planes.dtype == np.uint8:
        levels = planes.astype(np.float32)
        return levels * np.float32(1 / 255) if reciprocal else levels / np.float32(255.0)
    return np.ascontiguousarray(planes)


def crop(pixels: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    """The rectangle at (top, left); what lies outside the image is zero."""
    result = np.zeros((height, width, *pixels.shape[2:]), dtype=pixels.dtype)
    rows = slice(max(top, 0), max(min(top + height, pixels.shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + width, pixels.shape[1]), 0))
    inside = pixels[rows, columns]
    row, column = rows.start - top, columns.start - left
    if inside.size:
        result[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    return result


def center_crop(pixels: Pixels, size: int | tuple[int, int], pad_first: bool = True) -> Pixels:
    """The middle of the image, with zeros around it where it is smaller.

    Surplus is cut at round((old - new) / 2), halves to even. A lack is filled with floor(lack / 2) zeros before the
    image and the rest behind it (torchvision's documented rule: pad, then crop); `pad_first=False` cuts at the same
    rounded offset, then negative, which puts one zero more before the image where the lack is 3, 7, 11, ... (paddle).
    """
    height, width = (size, size) if isinstance(size, int) else size
    top, left = _center(pixels.shape[0], height, pad_first), _center(pixels.shape[1], width, pad_first)
    return crop(pixels, top, left, height, width)


def _center(old: int, new: int, pad_first: bool) -> int:
    return -((new - old) // 2) if pad_first and old < new else round((old - new) / 2.0)


def horizontal_flip(pixels: Pixels) -> Pixels:
    """Left and right exchanged."""
    return pixels[:, ::-1]


def vertical_flip(pixels: Pixels) -> Pixels:
    """Top and bottom exchanged."""
    return pixels[::-1]


def pad(
    pixels: Pixels, padding: int | Sequence[int], fill: float | Sequence[float] = 0, padding_mode: str = "constant"
) -> Pixels:
    """A border around the image.

    `padding` is one width, (left and right, top and bottom) or (left, top, right, bottom); `fill` one number for every
    channel or a number for each. `padding_mode` is constant, edge, reflect (without the edge pixel) or symmetric (with
    it), as in numpy.pad.
    """
    widths = (padding,) * 4 if isinstance(padding, int) else tuple(padding)
    left, top, right, bottom = widths * 2 if len(widths) == 2 else widths
    border = ((top, bottom), (left, right)) + ((0, 0),) * (pixels.ndim - 2)
    if padding_mode != "constant":
        return np.pad(pixels, border, mode=padding_mode)  # type: ignore[call-overload]
    height, width = pixels.shape[0] + top + bottom, pixels.shape[1] + left + right
    result = np.empty((height, width, *pixels.shape[2:]), dtype=pixels.dtype)
    result[:] = np.asarray(fill).astype(pixels.dtype)
    result[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return result


def grayscale(pixels: Pixels, channels: int = 1) -> Pixels:
    """ITU-R 601 luma of an RGB or RGBA image in Pillow's 16-bit fixed point, as [H, W] or repeated to 3 channels."""
    red, green, blue = (pixels[..., channel].astype(np.int64) for channel in range(3))
    luma = ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16).astype(np.uint8)
    return luma if channels == 1 else np.stack([luma] * channels, axis=-1)


def normalize(tensor: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> Bounded:
    """(tensor - mean) / std per channel of a float32 [C, H, W] tensor, mean and std first rounded to float32.

    Where a std is 0 the result is not defined, and the bound is infinite.
    """
    offset, divisor = (np.asarray(numbers, dtype=np.float32).reshape(-1, 1, 1) for numbers in (mean, std))
    result = (Rounded(tensor) - Rounded(offset)) / Rounded(divisor)
    scale = np.where(divisor == 0.0, np.inf, result.error / UNIT_ROUNDOFF)
    return Bounded(result.value, scale)


def resized_size(old: tuple[int, int], size: int | Sequence[int], max_size: int | None = None) -> tuple[int, int]:
    """The size of a resized image: (height, width) as given; one number is the shorter side, the longer in proportion.

    The longer side is int(size * long / short), cut off and not rounded. `max_size` then limits it, and the shorter
    side follows in the same way.
    """
    if not isinstance(size, int) and len(size) == 2:
        return size[0], size[1]
    height, width = old
    short, long = min(old), max(old)
    new_short = size if isinstance(size, int) else size[0]
    new_long = int(new_short * long / short)
    if max_size is not None and new_long > max_size:
        new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if width <= height else (new_short, new_long)


def resize(
    pixels: Pixels,
    size: int | Sequence[int],
    interpolation: str = "bilinear",
    mode: str | None = None,
    max_size: int | None = None,
    pillow: tuple[int, ...] = (13, 0),
) -> Pixels:
    """Resize as Pillow does: modes 1 and P always by nearest, LA and RGBA with colours weighted by their alpha.

    `interpolation` is nearest, box, bilinear or bicubic; `size` and `max_size` as in `resized_size`; `pillow` as in
    `resample`.
    """
    target = resized_size((pixels.shape[0], pixels.shape[1]), size, max_size)
    if target == pixels.shape[:2]:
        return pixels.copy()
    if mode in ("1", "P"):
        interpolation = "nearest"
    if mode in ("LA", "RGBA") and interpolation != "nearest":
        return unpremultiplied(resample(premultiplied(pixels), target, interpolation, pillow))
    return resample(pixels, target, interpolation, pillow)


def _check_mode(pixels: Pixels, mode: str) -> None:
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} has no definition here; use one of {', '.join(MODES)}")
    dtype, channels = MODES[mode]
    found = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.dtype != dtype or found != channels:
        wanted = f"{np.dtype(dtype)} with {channels} channel(s)"
        raise ValueError(f"mode {mode} holds {wanted}, this array is {pixels.dtype} with {found}; pass its own pixels")
