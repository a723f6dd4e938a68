"""Discrete Fourier transforms of quantities, of one axis and of several, and what is cut into frames.

A fast transform y of x is off by at most u log2(n) c |y| in the norm (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd edition, theorem 24.2), where c is a few units; lengths that are no product of small primes go through
longer ones (Bluestein), so that n counts as four times as long. An element may hold all of the norm's error. The
transforms are linear, and their gradients the adjoint ones; every other kind is one of complex numbers, and moves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from conformance import sums
from conformance.number_formats import current
from conformance.quantity import Quantity, linked, quantity

UNITS = 1.5
"""c, of the norm of the result spread over its elements: the largest seen of either framework is half of it."""
BACKWARD, FORWARD, ORTHO = "backward", "forward", "ortho"


def _factor(n: int, norm: str, inverse: bool) -> float:
    if norm == ORTHO:
        return 1 / math.sqrt(n)
    return 1 / n if (norm == BACKWARD) == inverse else 1.0


def resized(x: Quantity, n: int | None, axis: int) -> Quantity:
    """Cut, or filled with zeros behind, to a length along an axis."""
    have = x.shape[axis]
    if n is None or n == have:
        return x
    if n < have:
        return sums.move(lambda array: np.take(array, range(n), axis), x)
    width = [(0, n - have if place == axis % x.ndim else 0) for place in range(x.ndim)]
    return sums.move(lambda array: np.pad(array, width, constant_values=-1), x)


def transform(x: Any, axis: int, inverse: bool = False, factor: float = 1.0) -> Quantity:
    """The sum over k of x_k exp(-+2 pi i j k / n), times a factor."""
    x = quantity(x)
    n = x.shape[axis]
    value = (np.fft.ifft(x.value, axis=axis) * n if inverse else np.fft.fft(x.value, axis=axis)) * factor
    roots = UNITS * (math.log2(4 * n) + 2) * current().unit
    size = np.sqrt(np.square(np.abs(value)).sum(axis, keepdims=True) / n)
    spread = np.sqrt(math.log2(4 * n)) * size + np.abs(value)
    error = np.broadcast_to(roots * spread, value.shape) + x.error.sum(axis, keepdims=True) * abs(factor)

    def gradient(g: Quantity) -> Quantity:
        return transform(g, axis, not inverse, factor)

    def real(g: Quantity) -> Quantity:
        return transform(g, axis, not inverse, factor).real

    rule = gradient if x.is_complex else real
    return Quantity(value, np.where(np.isfinite(value), error, np.inf), linked((x, rule)))


def complex_to_complex(x: Any, n: int | None, axis: int, norm: str, inverse: bool = False) -> Quantity:
    """fft and ifft."""
    x = resized(quantity(x), n, axis)
    return transform(x, axis, inverse, _factor(x.shape[axis], norm, inverse))


def real_to_half(x: Any, n: int | None, axis: int, norm: str, inverse: bool = False) -> Quantity:
    """rfft, and ihfft: of real numbers the first half."""
    found = complex_to_complex(x, n, axis, norm, inverse)
    half = found.shape[axis] // 2 + 1
    return sums.move(lambda array: np.take(array, range(half), axis), found)


def half_to_real(x: Any, n: int | None, axis: int, norm: str, inverse: bool = True) -> Quantity:
    """irfft, and hfft: of the half of a Hermitian signal; imaginary parts that cannot be are not read."""
    x = quantity(x)
    n = 2 * (x.shape[axis] - 1) if n is None else n
    half = resized(x, n // 2 + 1, axis)
    behind = range(n - n // 2 - 1, 0, -1)
    pick = lambda each, places: sums.move(lambda array: np.take(array, places, axis), each)  # noqa: E731
    real = pick(half, [0])
    parts = [_as_complex(real.real)]
    middle = range(1, (n + 1) // 2)
    parts.append(pick(half, list(middle)))
    if n % 2 == 0 and n:
        parts.append(_as_complex(pick(half, [n // 2]).real))
    parts.append(pick(half, list(behind)).conj())
    whole = sums.joined(parts, axis % x.ndim)
    return transform(whole, axis, inverse, _factor(n, norm, inverse)).real


def _as_complex(x: Quantity) -> Quantity:
    return Quantity(x.value.astype(np.complex128), x.error, linked((x, lambda g: g.real)))


def over_axes(kind: str, x: Any, s: Sequence[int] | None, axes: Sequence[int], norm: str) -> Quantity:
    """fftn, ifftn, rfftn, irfftn, hfftn or ihfftn; the last of the axes is the halved one."""
    x = quantity(x)
    lengths: list[int | None] = list(s) if s is not None else [None] * len(axes)
    last, rest = axes[-1], list(zip(lengths, axes, strict=True))[:-1]
    inverse = kind in ("ifft", "irfft", "ihfft")
    if kind in ("fft", "ifft"):
        found = x
        for n, axis in zip(lengths, axes, strict=True):
            found = complex_to_complex(found, n, axis, norm, inverse)
        return found
    if kind in ("rfft", "ihfft"):
        found = real_to_half(x, lengths[-1], last, norm, inverse)
        for n, axis in rest:
            found = complex_to_complex(found, n, axis, norm, inverse)
        return found
    found = x
    for n, axis in rest:
        found = complex_to_complex(found, n, axis, norm, inverse)
    return half_to_real(found, lengths[-1], last, norm, inverse)


def framed(x: Any, length: int, hop: int, first: bool = False) -> Quantity:
    """Windows along the last axis, side by side as its two last ones; along the first one, its two first ones."""
    x = quantity(x)
    count = 1 + (x.shape[0 if first else -1] - length) // hop
    places = np.arange(length)[:, None] + hop * np.arange(count)
    return sums.move(lambda array: array[places.T] if first else array[..., places], x)


def added_up(x: Any, hop: int, first: bool = False) -> Quantity:
    """Windows, laid beside each other at a distance and added up where they overlap."""
    x = quantity(x)
    count, length = (x.shape[0], x.shape[1]) if first else (x.shape[-1], x.shape[-2])
    whole = length + hop * (count - 1)
    batch = x.shape[2:] if first else x.shape[:-2]
    target = np.zeros((*((whole,) if first else ()), *batch, *(() if first else (whole,))))
    index = np.arange(target.size).reshape(target.shape)
    places = np.arange(length)[:, None] + hop * np.arange(count)
    spots = index[places.T] if first else index[..., places]
    found = sums.gathered(x.plain, spots, target.shape)
    return Quantity(found.value, found.error, linked((x, lambda g: sums.move(lambda a: a.ravel()[spots], g))))


def _padded(window: Quantity, size: int) -> Quantity:
    """With zeros on both sides."""
    before = (size - window.shape[0]) // 2
    width = (before, size - window.shape[0] - before)
    return sums.move(lambda array: np.pad(array, width, constant_values=-1), window)


def short_time(
    x: Any,
    size: int,
    hop: int,
    window: Any,
    center: bool,
    mode: str,
    normalized: bool,
    onesided: bool,
) -> Quantity:
    """The transforms of windows; normalized: divided by the root of their length."""
    x, window = quantity(x), quantity(window)
    window = _padded(window, size)
    if center:
        width = [(0, 0)] * (x.ndim - 1) + [(size // 2, size // 2)]
        pad: Any = np.pad
        options = {"constant_values": -1} if mode == "constant" else {}
        x = sums.move(lambda array: pad(array, width, mode=mode, **options), x)
    parts = framed(x, size, hop) * window.reshape(size, 1)
    norm = ORTHO if normalized else BACKWARD
    kind = real_to_half if onesided else complex_to_complex
    return kind(parts, None, x.ndim - 1, norm)


def from_short_time(
    x: Any, size: int, hop: int, window: Any, center: bool, normalized: bool, onesided: bool, length: int | None
) -> Quantity:
    """The signal whose transforms these are, by overlap and addition, divided by the sum of squares of the window;
    of transforms of both sides the first half is read."""
    x, window = quantity(x), quantity(window)
    window = _padded(window, size)
    norm = ORTHO if normalized else BACKWARD
    half = x if onesided else x[..., : size // 2 + 1, :]
    parts = half_to_real(half, size, x.ndim - 2, norm)
    weights = window.reshape(size, 1)
    whole = added_up(parts * weights, hop)
    squares = weights * weights
    cover = added_up(sums.move(lambda array: np.repeat(array, x.shape[-1], -1), squares), hop)
    start = size // 2 if center else 0
    end = whole.shape[-1] - start if length is None else start + length
    cut = lambda each: sums.move(lambda array: array[..., start:end], each)  # noqa: E731
    return cut(whole) / cut(cover)
