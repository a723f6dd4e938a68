"""Features of sound in float64: the mel scales, filters, and spectra of frames, as librosa defines them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from conformance.functions import apply, either_side, exp, log, sqrt, square
from conformance.number_formats import current
from conformance.quantity import Quantity, larger, quantity, scaled, split, stored, where
from conformance.reductions import extreme, rows
from conformance.sums import einsum, move

BREAK, SLOPE, STEP = 1000.0, 3 / 200, math.log(6.4) / 27
"""Of Slaney's scale: where it turns from linear to logarithmic, the slope below, and the step of a mel above."""
OFFSET = 1e-10
"""What a kernel may add to a ratio so that its logarithm is finite; it counts as an error here."""
FILTER = 24.0
"""Roundings of a place on the mel scale and of the quotient that a filter is made of."""


def to_mel(x: Any, htk: bool) -> Quantity:
    """Hertz in mels."""
    x = quantity(x)
    if htk:
        return scaled(apply("log10", 1.0 + x / 700.0), 2595.0)
    return split(
        x.value > BREAK,
        x,
        lambda x: log(x / BREAK + Quantity(np.zeros(x.shape), OFFSET)) / STEP + BREAK * SLOPE,
        lambda x: scaled(x, SLOPE, 3),
        BREAK,
    )


def to_hertz(x: Any, htk: bool) -> Quantity:
    """Mels in hertz."""
    x = quantity(x)
    if htk:
        return scaled(exp(scaled(x, math.log(10) / 2595, 2)) - 1.0, 700.0)
    start = BREAK * SLOPE
    above = x.value > start
    found = split(
        above,
        x,
        lambda x: scaled(exp(scaled(x - start, STEP, 2)), BREAK),
        lambda x: scaled(x, 1 / SLOPE, 3),
        start,
    )
    # 1000 / (200 / 3) in double precision is not 15: a kernel may begin one unit beside it.
    steeper = BREAK * STEP - 1 / SLOPE
    return either_side(found, x, np.abs(x.value - start) <= np.spacing(start), np.where(above, -steeper, steeper))


def places(count: int, low: float, high: float, htk: bool) -> np.ndarray:
    """Frequencies that are equally far from each other on the mel scale, both ends among them."""
    ends = [to_mel(np.array(end), htk).value for end in (low, high)]
    return to_hertz(np.linspace(ends[0], ends[1], count), htk).value


def bins(rate: float, size: int) -> np.ndarray:
    """Frequencies of a spectrum."""
    return np.arange(size // 2 + 1) * rate / size


def filters(
    rate: float,
    size: int,
    count: int,
    low: float,
    high: float | None,
    htk: bool,
    norm: Any,
    unit: float,
    at: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Triangles on the mel scale [count, bins], and what roundings of ``unit`` and the offset may make of each."""
    edges = places(count + 2, low, rate / 2 if high is None else high, htk)
    at = bins(rate, size) if at is None else at
    widths = np.diff(edges)
    below = (at - edges[:-2, None]) / widths[:-1, None]
    above = (edges[2:, None] - at) / widths[1:, None]
    found = np.maximum(0, np.minimum(below, above))
    loose = FILTER * (unit + OFFSET) * (edges[-1] + at[-1]) / np.minimum(widths[:-1], widths[1:])[:, None]
    near = (np.minimum(below, above) > -loose) * loose
    if norm == "slaney":
        size_of = 2 / (edges[2:] - edges[:-2])[:, None]
        return found * size_of, (near + found * loose) * size_of
    if norm is not None:
        length = np.linalg.norm(found, norm, axis=1, keepdims=True)
        sure = np.where(length > 0, length, 1.0)
        spread = np.minimum(near.sum(1, keepdims=True) / sure, 1.0)
        bound = np.where(length > 0, near / sure + found / sure * spread, np.where(near > 0, 1.0, 0.0))
        return found / sure, 2 * bound
    return found, near


def cosines(count: int, mels: int, norm: str | None) -> np.ndarray:
    """The matrix [mels, count] of a discrete cosine transform of the second kind."""
    found = np.cos(np.pi / mels * (np.arange(mels)[:, None] + 0.5) * np.arange(count))
    if norm is None:
        return 2 * found
    found = found * math.sqrt(2 / mels)
    found[:, 0] /= math.sqrt(2)
    return found


def window(name: str, length: int) -> np.ndarray:
    """One period of a raised cosine."""
    base = {"hann": 0.5, "hamming": 0.54}[name]
    return base - (1 - base) * np.cos(2 * np.pi * np.arange(length) / length)


def spectrum(
    x: Any, size: int, hop: int, length: int, name: str, power: float, centred: bool, mode: Any = "reflect"
) -> Quantity:
    """Sizes of the Fourier transform of windowed frames to a power, [rows, bins, frames]."""
    x = quantity(x)
    taper = np.zeros(size)
    start = (size - length) // 2
    taper[start : start + length] = window(name, length)
    tapered = Quantity(taper, 8 * current().unit * np.abs(taper))
    if centred:
        x = move(lambda array: np.pad(array, [(0, 0), (size // 2, size // 2)], mode), x)
    frames = 1 + (x.shape[-1] - size) // hop
    index = np.arange(frames)[:, None] * hop + np.arange(size)
    cut = move(lambda array: array[:, index], x) * tapered
    turns = 2 * np.pi / size * np.outer(np.arange(size // 2 + 1), np.arange(size))
    parts = []
    for wave in (np.cos(turns), -np.sin(turns)):
        parts.append(einsum("rft,kt->rkf", cut, Quantity(wave, 8 * current().unit * np.ones(wave.shape))))
    squares = square(parts[0]) + square(parts[1])
    if power == 2:
        return scaled(squares, 1.0, 8)
    safe = sqrt(where(squares.value > 0, squares, 1.0))
    return where(squares.value > 0, safe, 0.0)


def decibels(
    x: Quantity,
    reference: float,
    least: float,
    range_: float | None,
    offset: float | None = None,
    tied: Any = True,
) -> Quantity:
    """10 log10 of the larger of x and the least, over a reference, at most a range below the largest of all.

    offset: what is taken away in place of the reference's decibels. tied: how the loudest share a gradient, as in
    ``reductions.extreme``.
    """
    floor = stored(quantity(np.broadcast_to(np.array(least), x.shape))).value
    kept = either_side(where(x.value > floor, x, floor), x, x.value == floor)
    unsure = (np.abs(x.value - least) <= x.error) & (x.error > 0)
    kept.error = np.where(unsure, np.maximum(kept.error, x.error), kept.error)
    found = scaled(apply("log10", kept), 10.0) - (
        10.0 * math.log10(max(reference, least)) if offset is None else offset
    )
    if range_ is None:
        return found
    lowest = extreme(rows(found, None), np.max, tied, rows(kept, None).value) - range_
    return larger(found, lowest)
