"""Windows that go over images of any number of axes, and the sums that convolutions and pools make of what they see.

A window is an array of places: for every output along an axis, the place of each of the window's elements in the
input, or -1 outside. All that depends on strides, dilation, padding and its modes is in these places; what is summed
over them, and its gradients and bounds, is the same for every layer.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from conformance.number_formats import accumulator
from conformance.quantity import Array, Quantity, linked, quantity
from conformance.sums import exact_products, in_a_row, rounded_once, rounding_of_sum

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""Names of padding modes as convolutions have them, and as NumPy's."""


def padded(length: int, before: int, after: int, mode: str = "zeros") -> Array:
    """The place of each element of a padded axis; -1 where it is of zeros."""
    fill = {"constant_values": -1} if mode == "zeros" else {}
    kept = np.arange(max(-before, 0), length - max(-after, 0))
    return np.pad(kept, (max(before, 0), max(after, 0)), mode=MODES[mode], **fill)  # type: ignore[call-overload]


def sliding(source: Array, kernel: int, stride: int = 1, dilation: int = 1, outputs: int | None = None) -> Array:
    """Windows [output, element] over the places ``source`` of a padded axis; outside of it is -1.

    outputs: how many; default: as many as lie wholly on the axis.
    """
    if outputs is None:
        outputs = (len(source) - dilation * (kernel - 1) - 1) // stride + 1
    at = np.arange(outputs)[:, None] * stride + np.arange(kernel) * dilation
    return np.where(at < len(source), source[np.minimum(at, len(source) - 1)], -1)


def adaptive(length: int, outputs: int) -> Array:
    """Windows from floor(i length / outputs) to ceil((i + 1) length / outputs)."""
    start = np.arange(outputs) * length // outputs
    stop = -((-(np.arange(outputs) + 1) * length) // outputs)
    at = start[:, None] + np.arange(max((stop - start).max(initial=0), 1))
    return np.where(at < stop[:, None], at, -1)


def crossed(axes: Sequence[Array], lengths: Sequence[int]) -> Array:
    """Windows of several axes [outputs, elements], as places in the flat image; both are in the order of rows."""
    rank = len(axes)
    found: Array = np.zeros((1,) * (2 * rank), np.int64)
    inside: Array = np.ones((1,) * (2 * rank), bool)
    for axis, places in enumerate(axes):
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = places.shape
        found = found * lengths[axis] + places.reshape(shape)
        inside = inside & (places >= 0).reshape(shape)
    whole = np.where(inside, found, -1)
    return whole.reshape(math.prod(whole.shape[:rank]), -1)


INEXACT = np.array([np.pi])
"""A term that no format holds."""


def _spread(error: Array, at: Array, factor: Array) -> Array:
    """What the errors at these places make of the products with a factor."""
    if not error.any():
        return np.zeros(len(at))
    found = error.ravel()[at]
    return np.where(found == 0, 0.0, np.nan_to_num(found * np.abs(factor), nan=np.inf, posinf=np.inf))


def products(
    one: Any, other: Any, first: Array, second: Array, place: Array, shape: tuple[int, ...], roundings: int = 1
) -> Quantity:
    """Sums of products: to the flat ``place`` of a result, ``one`` at ``first`` times ``other`` at ``second``.

    roundings: of each product before it is added, which is of several factors where ``other`` is a product of weights.
    """
    one, other = quantity(one), quantity(other)
    a, b = one.value.ravel()[first], other.value.ravel()[second]
    size = math.prod(shape)
    with np.errstate(invalid="ignore", over="ignore"):
        terms = a * b
        error = _spread(one.error, first, b) + _spread(other.error, second, a)
        magnitude = np.bincount(place, np.abs(terms), size)
    if exact_products(a, b, magnitude):
        rounding = np.zeros(size)
    else:
        rounding = rounding_of_sum(INEXACT, magnitude, np.bincount(place, minlength=size))
        rounding = rounding + (roundings - 1) * accumulator().unit * np.where(np.isfinite(magnitude), magnitude, 0.0)
    value = np.bincount(place, terms, size)
    bound = np.bincount(place, error, size) + rounding
    bound = np.where(np.isfinite(value), np.nan_to_num(bound, nan=np.inf, posinf=np.inf), 0.0)
    links = linked(
        (one, lambda g: products(g, other.plain, place, second, first, one.shape, roundings)),
        (other, lambda g: products(g, one.plain, place, first, second, other.shape, roundings)),
    )
    return rounded_once(Quantity(value.reshape(shape), bound.reshape(shape), links))


def collected(x: Any, source: Array, place: Array, shape: tuple[int, ...]) -> Quantity:
    """Sums of elements: to the flat ``place`` of a result of this shape, ``x`` at ``source``."""
    x = quantity(x)
    size = math.prod(shape)
    terms = x.value.ravel()[source]
    with np.errstate(invalid="ignore", over="ignore"):
        value, magnitude = np.bincount(place, terms, size), np.bincount(place, np.abs(terms), size)
    count = np.bincount(place, minlength=size)
    rounding = np.where(count > 1, rounding_of_sum(terms, magnitude, count), 0.0)
    bound = np.bincount(place, x.error.ravel()[source], size) + rounding
    bound = np.where(np.isfinite(value), np.nan_to_num(bound, nan=np.inf, posinf=np.inf), 0.0)
    links = linked((x, lambda g: collected(g, place, source, x.shape)))
    return rounded_once(Quantity(value.reshape(shape), bound.reshape(shape), links))


@functools.lru_cache(maxsize=64)
def _paths(
    batch: int, groups: int, outer: int, inner: int, sizes: tuple[int, int], windows: bytes, elements: int
) -> tuple[Array, Array, Array]:
    """For every product of a convolution its places in input, weight and output, without bias."""
    lying = np.frombuffer(windows, np.int64).reshape(-1, elements)
    n, g, o, i, at, k = np.ix_(*map(np.arange, (batch, groups, outer, inner, len(lying), elements)))
    image, result = sizes
    channel = g * outer + o
    first = ((n * groups + g) * inner + i) * image + lying[at, k]
    second = (channel * inner + i) * elements + k
    place = (n * groups * outer + channel) * result + at
    valid = np.broadcast_to(lying >= 0, (batch, groups, outer, inner, *lying.shape))
    first, second, place = (np.broadcast_to(each, valid.shape)[valid] for each in (first, second, place))
    return first, second, place


def convolved(x: Any, weight: Any, bias: Any, windows: Sequence[Array], groups: int = 1) -> Quantity:
    """The convolution of ``x`` [N, C, ...] with ``weight`` [O, C / groups, ...]; windows: see :func:`sliding`."""
    x, weight = quantity(x), quantity(weight)
    lying = crossed(windows, x.shape[2:])
    shape = (x.shape[0], weight.shape[0], *(len(each) for each in windows))
    paths = _paths(
        x.shape[0],
        groups,
        weight.shape[0] // groups,
        weight.shape[1],
        (math.prod(x.shape[2:]), len(lying)),
        lying.tobytes(),
        lying.shape[1],
    )
    return _biased(x, weight, bias, paths, shape)


def transposed(
    x: Any, weight: Any, bias: Any, windows: Sequence[Array], lengths: Sequence[int], groups: int = 1
) -> Quantity:
    """The transposed convolution of ``x`` [N, C, ...] with ``weight`` [C, O / groups, ...], to these lengths.

    windows: those of the convolution that it is the transpose of, over the result.
    """
    x, weight = quantity(x), quantity(weight)
    lying = crossed(windows, lengths)
    shape = (x.shape[0], groups * weight.shape[1], *lengths)
    place, second, first = _paths(
        x.shape[0],
        groups,
        weight.shape[0] // groups,
        weight.shape[1],
        (math.prod(lengths), len(lying)),
        lying.tobytes(),
        lying.shape[1],
    )
    return _biased(x, weight, bias, (first, second, place), shape)


def _biased(x: Quantity, weight: Quantity, bias: Any, paths: tuple[Array, Array, Array], shape: Any) -> Quantity:
    """The products over these paths, and the bias of each channel as one term more of every sum."""
    if bias is None:
        return products(x, weight, *paths, shape)
    bias = quantity(bias)
    first, second, place = paths
    size = math.prod(shape)
    channel = np.arange(size) // max(math.prod(shape[2:]), 1) % shape[1]
    one = in_a_row([x, Quantity(np.ones(1))])
    other = in_a_row([weight, bias])
    first = np.concatenate([first, np.full(size, x.value.size)])
    second = np.concatenate([second, weight.value.size + channel])
    return products(one, other, first, second, np.concatenate([place, np.arange(size)]), shape)
