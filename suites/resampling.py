"""Resizing of float tensors [C, H, W] as matrix products, with a bound on what float32 makes of them.

For tensors neither framework calls Pillow, so the result is rounded: in the weights, which depend on positions
computed in float32, and in the sums. Weights are those of Pillow's algorithm with antialiasing, and those of the
textbook without (Keys, Cubic convolution interpolation, 1981, with a = -0.75).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conformance import Acceptance, accuracy
from reference_impl.oracle.resample import FILTERS, coefficients

POSITION = 3.0
"""Roundings of a source position (index + 1/2) * scale - 1/2, each of at most u times the old length."""
KERNEL = 6.0
"""Roundings of one weight after its position is known: the cubic polynomial, and the division by the sum."""
STEEPEST = 1.5
"""No kernel here changes faster than this with the position."""


@dataclass(frozen=True)
class Axis:
    """Resampling along one axis: matrices [new, old].

    weights: what each old pixel contributes. magnitude: the same as a sum of absolute values of what is added up.
    doubt: the rounding of a contribution, in units of u: that of its weight, and of the sum it goes into.
    """

    weights: np.ndarray
    magnitude: np.ndarray
    doubt: np.ndarray


def resized(x: np.ndarray, size: tuple[int, int], interpolation: str, antialias: bool) -> Acceptance:
    """The acceptance of ``x`` [C, H, W] resized to (height, width) by nearest, bilinear or bicubic interpolation."""
    if interpolation == "nearest":
        rows, columns = (nearest(old, new) for old, new in zip(x.shape[1:], size, strict=True))
        return accuracy.exact(x[:, rows][:, :, columns], "float32")
    if tuple(size) == x.shape[1:]:
        return accuracy.exact(x, "float32")
    function = antialiased if antialias else plain
    down, across = (function(old, new, interpolation) for old, new in zip(x.shape[1:], size, strict=True))
    exact, magnitude = x.astype(np.float64), np.abs(x.astype(np.float64))
    error = down.doubt @ magnitude @ across.magnitude.T + down.magnitude @ magnitude @ across.doubt.T
    bound = accuracy.U * error + sum(x.shape[1:]) * accuracy.TINY
    return Acceptance(down.weights @ exact @ across.weights.T, bound, dtype="float32")


def nearest(old: int, new: int) -> np.ndarray:
    """The source index of each of ``new`` pixels: its own times the float32 scale, cut off (not Pillow's centers)."""
    scale = np.float32(old) / np.float32(new)
    return np.minimum((np.arange(new, dtype=np.float32) * scale).astype(np.int64), old - 1)


def antialiased(old: int, new: int, interpolation: str) -> Axis:
    """Pillow's weights: the kernel is stretched over the pixels that one new pixel covers, and cut at the edges."""
    weights = coefficients(old, new, interpolation)
    stretch = max(old / new, 1.0)
    centers = (np.arange(new)[:, None] + 0.5) * old / new
    # Rounding may bring one more pixel into the window, with a weight near 0.
    near = np.abs(np.arange(old) + 0.5 - centers) <= FILTERS[interpolation][1] * stretch + 2.0
    terms = np.count_nonzero(weights, axis=1).max()
    doubt = near * (STEEPEST * POSITION * old / stretch + KERNEL) / stretch + terms * np.abs(weights)
    return Axis(weights, np.abs(weights), doubt)


def plain(old: int, new: int, interpolation: str) -> Axis:
    """Two or four pixels around each point; what lies outside repeats the edge.

    As in paddle, the only pixel of an axis of length 1 shows the upper or left edge of the image, not its middle.
    """
    weights, magnitude, doubt = np.zeros((3, new, old))
    scale = old / new if new > 1 else 0.0
    kernel, taps = (_triangle, 2) if interpolation == "bilinear" else (_keys, 4)
    for row in range(new):
        center = (row + 0.5) * scale - 0.5
        first = int(np.floor(center)) - taps // 2 + 1
        # Rounding may move the window by one pixel, where the weights are near 0.
        for source in range(first - 1, first + taps + 1):
            place, weight = min(max(source, 0), old - 1), kernel(abs(center - source))
            weights[row, place] += weight
            magnitude[row, place] += abs(weight)
            doubt[row, place] += STEEPEST * POSITION * old + KERNEL + taps * abs(weight)
    return Axis(weights, magnitude, doubt)


def _triangle(distance: float) -> float:
    return max(1 - distance, 0.0)


def _keys(distance: float, a: float = -0.75) -> float:
    if distance >= 2:
        return 0.0
    if distance <= 1:
        return ((a + 2) * distance - (a + 3)) * distance**2 + 1
    return ((distance - 5) * distance + 8) * distance * a - 4 * a
