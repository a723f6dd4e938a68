"""Regions of feature maps: their interpolated averages and maxima, and convolutions that look elsewhere, in float64.

Each reference comes with the magnitudes of what is added up and with what the rounding of positions makes of it, in
unit roundoffs of the format that a lane computes in.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

POSITION = 8.0
"""Roundings of a position, each of at most u times the sizes that it is made of."""
NEAR = 1e-4
"""A position so near to where a map ends counts as either side of it."""


def most(terms: float) -> float:
    """Units of rounding of a sum: the worst case, or the probable one where that is smaller."""
    return min(terms, 3 * math.sqrt(terms))


@dataclass(frozen=True)
class Average:
    """What bins [bins] of a region are made of: weights of the pixels [bins, H * W], and their doubt in units of u.

    terms: numbers that are added up for one of them.
    """

    weights: np.ndarray
    doubt: np.ndarray
    terms: int


def average(
    box: np.ndarray,
    size: tuple[int, int],
    bins: tuple[int, int],
    scale: float,
    ratio: int,
    aligned: bool,
    at_least_one: bool | None = None,
) -> Average:
    """The weights by which ``roi_align`` averages points of a box (x1, y1, x2, y2) in each of its bins.

    ratio: points of a bin along each axis; below 1 as many as a bin has pixels, rounded up. at_least_one: whether a
    region has at least the size of a pixel; default: where it is not aligned.
    """
    height, width = size
    off = 0.5 if aligned else 0.0
    start = np.array([box[1], box[0]], np.float64) * scale - off
    end = np.array([box[3], box[2]], np.float64) * scale - off
    sides = end - start
    if (not aligned) if at_least_one is None else at_least_one:
        sides = np.maximum(sides, 1.0)
    steps = sides / bins
    counts = [ratio if ratio > 0 else math.ceil(step) for step in steps]
    number = max(counts[0] * counts[1], 1)
    weights, doubt = np.zeros((2, bins[0] * bins[1], height * width))
    reach = POSITION * (np.abs(start) + np.abs(sides) + 1)
    for place in range(bins[0] * bins[1]):
        row, column = divmod(place, bins[1])
        ys = start[0] + (row + (np.arange(counts[0]) + 0.5) / max(counts[0], 1)) * steps[0]
        xs = start[1] + (column + (np.arange(counts[1]) + 0.5) / max(counts[1], 1)) * steps[1]
        down = [_along(y, height, reach[0]) for y in ys]
        across = [_along(x, width, reach[1]) for x in xs]
        for one, one_doubt in down:
            for other, other_doubt in across:
                weights[place] += np.outer(one, other).reshape(-1) / number
                doubt[place] += (np.outer(one + one_doubt, other_doubt) + np.outer(one_doubt, other)).reshape(
                    -1
                ) / number
    return Average(weights, doubt, 4 * number)


def _along(position: float, length: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the pixels of an axis at a position, and their doubt in units of u."""
    weights, doubt = np.zeros((2, length))
    inside = -1 <= position <= length
    held = min(max(position, 0.0), length - 1.0)
    low = min(int(held), length - 1)
    high = min(low + 1, length - 1)
    part = held - low
    near = min(abs(position + 1), abs(position - length)) < NEAR
    found = np.zeros(length)
    found[low] += 1 - part
    found[high] += part
    if inside:
        weights += found
    doubt[max(low - 1, 0) : high + 2] = reach if inside or near else 0.0
    if near:
        doubt += found * 2.0**60  # as good as unbounded, and still finite
    return weights, doubt


def maximum(x: np.ndarray, box: np.ndarray, bins: tuple[int, int], scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Of a map [C, H, W] the maxima [C, bins] of ``roi_pool``, and where each is: -1 where a bin is empty."""
    height, width = x.shape[1:]
    left, top, right, bottom = (
        int(math.copysign(math.floor(abs(v) + 0.5), v)) for v in (box.astype(np.float64) * scale).tolist()
    )
    kind = x.dtype.type
    steps = [kind(max(side, 1)) / kind(n) for side, n in zip((bottom - top + 1, right - left + 1), bins, strict=True)]
    values = np.zeros((x.shape[0], bins[0] * bins[1]), x.dtype)
    places = np.full(values.shape, -1)
    for place in range(bins[0] * bins[1]):
        row, column = divmod(place, bins[1])
        ends = [
            (int(np.floor(kind(n) * step)) + first, int(np.ceil(kind(n + 1) * step)) + first)
            for n, step, first in zip((row, column), steps, (top, left), strict=True)
        ]
        (low, high), (near, far) = (
            (min(max(a, 0), side), min(max(b, 0), side)) for (a, b), side in zip(ends, (height, width), strict=True)
        )
        if low >= high or near >= far:
            continue
        part = x[:, low:high, near:far].reshape(x.shape[0], -1)
        values[:, place] = part.max(axis=1)
        rows, columns = np.divmod(part.argmax(axis=1), far - near)
        places[:, place] = (rows + low) * width + columns + near
    return values, places


def overlap(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of the united area that a box has in common with each of others, 0 where both are empty."""
    corner = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2])
    common = np.prod(np.maximum(corner, 0), axis=1)
    area = lambda boxes: np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
    united = area(one) + area(others) - common
    return np.where(united > 0, common / np.where(united > 0, united, 1), 0.0)


def kept(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """The boxes that are left, best first, where each removes all worse ones that overlap it by more than a share."""
    left = list(np.argsort(-scores, kind="stable"))
    found = []
    while left:
        best = left.pop(0)
        found.append(int(best))
        if left:
            left = [at for at, share in zip(left, overlap(boxes[best], boxes[left]), strict=True) if share <= threshold]
    return found


def tied(boxes: np.ndarray, scores: np.ndarray, threshold: float, found: np.ndarray) -> bool:
    """Whether these are the boxes that are left for some order of those whose scores are equal."""
    if not np.isin(found, np.arange(len(boxes))).all():
        return False
    if any(scores[one] < scores[other] for one, other in itertools.pairwise(found)):
        return False
    shares = np.array([overlap(boxes[at], boxes) > threshold for at in found])
    if shares[:, found].sum() > len(found):  # a box that is left overlaps another one
        return False
    others = np.setdiff1d(np.arange(len(boxes)), found)
    return all(bool((shares[:, at] & (scores[found] >= scores[at])).any()) for at in others)


def sensitive(
    box: np.ndarray,
    size: tuple[int, int],
    bins: tuple[int, int],
    scale: float,
    beyond: bool = False,
    short: bool = False,
) -> list[tuple[slice, slice]]:
    """The part of a map that each bin of a box is the mean of, by rows; empty where it lies outside of the map.

    beyond: a box ends a pixel behind its rounded corner, and both are scaled after they are rounded. short: the last
    row and the last column of a map are left out.
    """
    away = [float(np.copysign(np.floor(abs(v) + 0.5), v)) for v in (box if beyond else box * scale).tolist()]
    left, top, right, bottom = [away[0], away[1], away[2] + beyond, away[3] + beyond]
    if beyond:
        left, top, right, bottom = (v * scale for v in (left, top, right, bottom))
    least = 0.1 if beyond else 1.0
    found = []
    for row in range(bins[0]):
        for column in range(bins[1]):
            part = []
            for place, n, low, high, side in (
                (row, bins[0], top, bottom, size[0]),
                (column, bins[1], left, right, size[1]),
            ):
                step = max(high - low, least) / n
                ends = math.floor(place * step + low), math.ceil((place + 1) * step + low)
                part.append(slice(*(min(max(end, 0), side - short) for end in ends)))
            found.append((part[0], part[1]))
    return found
