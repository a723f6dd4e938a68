"""Images that are rotated, sheared or seen in perspective: where each new pixel comes from, and what stands there.

A position is continuous: the pixel in row r and column c covers [r, r + 1) x [c, c + 1), and its centre is half a
pixel further. Positions are computed here in float64. A lane computes them in its own format, so each comes with a
doubt; a pixel whose source that doubt leaves open is not judged, where one pixel alone is taken, and judged with what
the doubt makes of an interpolated value otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conformance import Acceptance, accuracy

Matrix = Sequence[float]
FIXED = 2.0**-16
"""What Pillow rounds the steps of an affine map to, where it takes the nearest pixel."""
DOUBLE = 1e-9
"""Relative rounding of positions in double precision, with the solution of eight equations before them."""
SINGLE = 8 * accuracy.U
"""Relative rounding of positions in single precision: of the coefficients, the sums, and twice of the scale."""

TURNS = (0.0, 1e-5, -1e-5)
"""Rounding of a corner in single precision, in pixels."""


@dataclass(frozen=True)
class Positions:
    """Where new pixels come from: arrays [height, width], with the doubt of each."""

    x: np.ndarray
    y: np.ndarray
    doubt_x: np.ndarray
    doubt_y: np.ndarray


def centres(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the centres of the pixels of an image of (height, width)."""
    y, x = np.mgrid[0.5 : size[0] : 1.0, 0.5 : size[1] : 1.0]
    return x, y


def affine(
    forward: np.ndarray, centre: tuple[float, float], shift: tuple[float, float], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y and the magnitudes of their sums: each new pixel's source where ``forward`` [2, 2] maps about a centre."""
    back = np.linalg.inv(forward)
    x, y = centres(size)
    dx, dy = x - centre[0] - shift[0], y - centre[1] - shift[1]
    far_x, far_y = x + abs(centre[0]) + abs(shift[0]), y + abs(centre[1]) + abs(shift[1])
    found = [row[0] * dx + row[1] * dy + at for row, at in zip(back, centre, strict=True)]
    sizes = [abs(row[0]) * far_x + abs(row[1]) * far_y + abs(at) + 1 for row, at in zip(back, centre, strict=True)]
    return found[0], found[1], sizes[0], sizes[1]


def linear(angle: float, scale: float = 1.0, shear: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Rotation, clockwise in an image whose rows go down, after shear along x and y, both in degrees, and a scale.

    The shears are those of torchvision's documentation: rotate(angle) shear_y(sy) shear_x(sx).
    """
    turn, along_x, along_y = (math.radians(each) for each in (angle, *shear))
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    shear_x = np.array([[1.0, -math.tan(along_x)], [0.0, 1.0]])
    shear_y = np.array([[1.0, 0.0], [-math.tan(along_y), 1.0]])
    return scale * rotation @ shear_y @ shear_x


def perspective(
    before: Sequence[Sequence[float]], after: Sequence[Sequence[float]], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """As :func:`affine`: the projective map that takes four points to four others, from the new image to the old."""
    rows, wanted = [], []
    for (x, y), (old_x, old_y) in zip(after, before, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -old_x * x, -old_x * y], [0, 0, 0, x, y, 1, -old_y * x, -old_y * y]]
        wanted += [old_x, old_y]
    a, b, c, d, e, f, g, h = np.linalg.solve(np.array(rows, np.float64), np.array(wanted, np.float64))
    at_x, at_y = centres(size)
    divisor = g * at_x + h * at_y + 1
    below = np.where(np.abs(divisor) < 1e-6, 1e-6, divisor)  # the horizon, whose points are too far away to matter
    doubt = abs(g * at_x) + abs(h * at_y) + 1
    found_x, found_y = (a * at_x + b * at_y + c) / below, (d * at_x + e * at_y + f) / below
    size_x = (abs(a * at_x) + abs(b * at_y) + abs(c) + abs(found_x) * doubt) / abs(below) + 1
    size_y = (abs(d * at_x) + abs(e * at_y) + abs(f) + abs(found_y) * doubt) / abs(below) + 1
    return found_x, found_y, size_x, size_y


def nearest(pixels: np.ndarray, at: Positions, fill: np.ndarray) -> Acceptance:
    """The pixel [H, W, C] that a position lies in, and ``fill`` [C] outside."""
    height, width = pixels.shape[:2]
    column, row = np.floor(at.x).astype(np.int64), np.floor(at.y).astype(np.int64)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    found = pixels[row.clip(0, height - 1), column.clip(0, width - 1)]
    value = np.where(inside[..., None], found, fill.astype(pixels.dtype))
    bound = np.broadcast_to(np.where(_open(at), np.inf, 0.0)[..., None], value.shape)
    return Acceptance(value, bound, dtype=str(pixels.dtype))


def _open(at: Positions) -> np.ndarray:
    """Where the doubt reaches the edge of a pixel."""
    near_x = np.abs(at.x - np.rint(at.x)) <= at.doubt_x
    return near_x | (np.abs(at.y - np.rint(at.y)) <= at.doubt_y)


def interpolated(pixels: np.ndarray, at: Positions, fill: np.ndarray, interpolation: str) -> Acceptance:
    """Levels of 0 to 255 between those of two or four pixels along each axis, cut off, as Pillow has them.

    A position outside the image gets ``fill``; near its edge the outermost pixel stands for those beyond.
    """
    height, width = pixels.shape[:2]
    inside = (at.x >= 0) & (at.x < width) & (at.y >= 0) & (at.y < height)
    x, y = at.x - 0.5, at.y - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    taps = (0, 1) if interpolation == "bilinear" else (-1, 0, 1, 2)
    weigh = _lines if interpolation == "bilinear" else _cubics
    across, down = weigh(x - column), weigh(y - row)
    value = np.zeros((*x.shape, pixels.shape[2]))
    for step_y, weight_y in zip(taps, down, strict=True):
        for step_x, weight_x in zip(taps, across, strict=True):
            found = pixels[(row + step_y).clip(0, height - 1), (column + step_x).clip(0, width - 1)]
            value += (weight_x * weight_y)[..., None] * found
    # No weight changes faster than 2 with the position, and there are four by four of them at most.
    doubt = 32 * 255 * np.maximum(at.doubt_x, at.doubt_y)[..., None] + 1e-9
    low, high = (np.floor(np.clip(value + sign * doubt, 0, 255)) for sign in (-1, 1))
    edge = _at_edge(at, height, width)[..., None]
    middle = np.where(inside[..., None], (low + high) / 2, fill)
    bound = np.where(edge, np.inf, np.where(inside[..., None], (high - low) / 2, 0.0))
    return Acceptance(middle, bound, dtype="uint8")


def _at_edge(at: Positions, height: int, width: int) -> np.ndarray:
    open_x = np.minimum(np.abs(at.x), np.abs(at.x - width)) <= at.doubt_x
    return open_x | (np.minimum(np.abs(at.y), np.abs(at.y - height)) <= at.doubt_y)


def _lines(part: np.ndarray) -> tuple[np.ndarray, ...]:
    return 1 - part, part


def _cubics(d: np.ndarray) -> tuple[np.ndarray, ...]:
    """Weights of Pillow's bicubic interpolation, a = -1."""
    return (
        -d + 2 * d**2 - d**3,
        1 - 2 * d**2 + d**3,
        d + d**2 - d**3,
        -(d**2) + d**3,
    )


def blended(pixels: np.ndarray, at: Positions, fill: np.ndarray, twice: bool = False) -> Acceptance:
    """Float32 pixels [H, W, C] by the weights of the four around a position; pixels beyond the edge are ``fill``.

    twice: what lies within the image is weighed by its share of the four a second time.
    """
    height, width = pixels.shape[:2]
    x, y = at.x - 0.5, at.y - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    across, down = _lines(x - column), _lines(y - row)
    value, share = np.zeros((*x.shape, pixels.shape[2])), np.zeros(x.shape)
    for step_y, weight_y in enumerate(down):
        for step_x, weight_x in enumerate(across):
            at_row, at_column = row + step_y, column + step_x
            inside = (at_row >= 0) & (at_row < height) & (at_column >= 0) & (at_column < width)
            weight = np.where(inside, weight_x * weight_y, 0.0)
            value += weight[..., None] * pixels[at_row.clip(0, height - 1), at_column.clip(0, width - 1)]
            share += weight
    if twice:
        value = value * share[..., None]
    value += (1 - share)[..., None] * fill
    largest = max(np.abs(pixels).max(initial=0.0), np.abs(fill).max(initial=0.0))
    # Each weight moves as fast as the position, and a value by twice the largest number; twice that with two shares.
    doubt = 4 * (at.doubt_x + at.doubt_y) * largest + 16 * accuracy.U * largest
    return Acceptance(value, np.broadcast_to(doubt[..., None], value.shape), dtype="float32")


def expanded_size(angle: float, size: tuple[int, int], slack: float = 0.0) -> tuple[int, int]:
    """Height and width of the image that holds a whole rotated one, its corners rounded away from their middle.

    slack: part of a pixel that a corner may lie beyond the edge.
    """
    height, width = size
    x, y = _corners(angle, size)
    across, down = (
        math.ceil(max(each) + side / 2 - slack) - math.floor(min(each) + side / 2 + slack)
        for each, side in ((x, width), (y, height))
    )
    return down, across


def sizes_about_middle(angle: float, size: tuple[int, int]) -> list[tuple[int, int]]:
    """As :func:`expanded_size` with corners rounded as seen from the middle: what single precision may make of it."""
    ranges = []
    for each in _corners(angle, size)[::-1]:
        found = [math.ceil(max(each) + up) - math.floor(min(each) - down) for up in TURNS for down in TURNS]
        ranges.append(list(dict.fromkeys(found)))
    return [(height, width) for height in ranges[0] for width in ranges[1]]


def _corners(angle: float, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    corners = np.array([[-1, -1, 1, 1], [-1, 1, -1, 1]]) * np.array([[width], [height]]) / 2
    return np.asarray(linear(-angle) @ corners)
