"""Layers that only give their input another shape or order, and the one that adds unfolded blocks up again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.dtypes import EVERY
from conformance.moves import moved
from conformance.number_formats import returned
from conformance.operators import Floats, in_steps, operator
from conformance.windows import collected, crossed, padded, sliding

AREA = "layer shapes"


def _lengths(draw: st.DrawFn, fewest: int, most: int) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 4), min_size=fewest, max_size=most)))


@st.composite
def flattened(draw: st.DrawFn) -> dict[str, Any]:
    """Axes from a first to a last, counted from either end; some arrays have no elements."""
    shape = _lengths(draw, 1, 5)
    if draw(st.integers(0, 7)) == 7:
        shape = (0, *shape[1:])
    start = draw(st.integers(0, len(shape) - 1))
    stop = draw(st.integers(start, len(shape) - 1))
    start, stop = (draw(st.sampled_from((n, n - len(shape)))) for n in (start, stop))
    axes = draw(st.sampled_from(((start, stop), (start, stop), ())))
    return {"x": Floats(shape if axes or len(shape) > 1 else (*shape, 2)), "axes": axes}


def _flat(x, axes):
    start, stop = ((axes or (1, -1))[i] % x.ndim for i in (0, 1))
    return moved(lambda a: a.reshape(*a.shape[:start], math.prod(a.shape[start : stop + 1]), *a.shape[stop + 1 :]), x)


@operator("shape.flatten_layer", area=AREA, cases=flattened(), dtypes=EVERY, covers=("nn.Flatten",))
class flatten_layer:
    """Flatten makes one axis of several, by default of all but the first."""

    both = lambda f, x, axes: f.nn.Flatten(*axes)(x)
    value = _flat


@st.composite
def unflattened(draw: st.DrawFn) -> dict[str, Any]:
    """An axis and the lengths that it falls into, one of which may be left to be computed."""
    shape, parts = list(_lengths(draw, 1, 3)), list(_lengths(draw, 1, 3))
    axis = draw(st.integers(0, len(shape) - 1))
    shape[axis] = math.prod(parts)
    if draw(st.booleans()):
        parts[draw(st.integers(0, len(parts) - 1))] = -1
    return {"x": Floats(tuple(shape)), "axis": draw(st.sampled_from((axis, axis - len(shape)))), "parts": tuple(parts)}


def _unflat(x, axis, parts):
    axis %= x.ndim
    known = -math.prod(parts)
    lengths = [x.shape[axis] // known if n == -1 else n for n in parts]
    return moved(lambda a: a.reshape(*a.shape[:axis], *lengths, *a.shape[axis + 1 :]), x)


@operator("shape.unflatten_layer", area=AREA, cases=unflattened(), dtypes=EVERY, covers=("nn.Unflatten",))
class unflatten_layer:
    """Unflatten makes several axes of one."""

    both = lambda f, x, axis, parts: f.nn.Unflatten(axis, parts)(x)
    value = _unflat


@st.composite
def shuffled(draw: st.DrawFn, inwards: bool) -> dict[str, Any]:
    """An image and the number of elements along each side that a channel holds, or will hold."""
    factor, channels = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    batch, height, width = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    if inwards:
        shape = (batch, channels, height * factor, width * factor)
    else:
        shape = (batch, channels * factor * factor, height, width)
    return {"x": Floats(shape), "factor": factor, "last": draw(st.booleans())}


def _outwards(x, factor, last):
    def function(a):
        n, c, h, w = a.shape
        a = a.reshape(n, c // factor**2, factor, factor, h, w).transpose(0, 1, 4, 2, 5, 3)
        return a.reshape(n, c // factor**2, h * factor, w * factor)

    return moved(function, x)


def _inwards(x, factor, last):
    def function(a):
        n, c, h, w = a.shape
        a = a.reshape(n, c, h // factor, factor, w // factor, factor).transpose(0, 1, 3, 5, 2, 4)
        return a.reshape(n, c * factor**2, h // factor, w // factor)

    return moved(function, x)


def _without_kernels(**inputs):
    if returned() in ("float16", "bfloat16"):
        return Rejects("paddle 2.6 has none on the CPU", "There are no kernels which are registered")
    return _inwards(**inputs)


@operator("shape.pixel_shuffle", area=AREA, cases=shuffled(False), covers=("nn.PixelShuffle",))
class pixel_shuffle:
    """PixelShuffle makes blocks of pixels of groups of channels."""

    torch = lambda f, x, factor, last: f.nn.PixelShuffle(factor)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, factor, last: (
        f.nn.PixelShuffle(factor, "NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else f.nn.PixelShuffle(factor)(x)
    )
    value = _outwards


@operator("shape.pixel_unshuffle", area=AREA, cases=shuffled(True), covers=("nn.PixelUnshuffle",))
class pixel_unshuffle:
    """PixelUnshuffle makes groups of channels of blocks of pixels."""

    torch = lambda f, x, factor, last: f.nn.PixelUnshuffle(factor)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, factor, last: (
        f.nn.PixelUnshuffle(factor, "NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.PixelUnshuffle(factor)(x)
    )
    value = _inwards
    variant_without_kernels = _without_kernels


@st.composite
def channel_groups(draw: st.DrawFn) -> dict[str, Any]:
    """Channels in groups."""
    groups, each = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    shape = (draw(st.integers(1, 2)), groups * each, draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    return {"x": Floats(shape), "groups": groups, "last": draw(st.booleans())}


@operator("shape.channel_shuffle", area=AREA, cases=channel_groups(), covers=("nn.ChannelShuffle",))
class channel_shuffle:
    """ChannelShuffle deals the channels of each group out."""

    torch = lambda f, x, groups, last: f.nn.ChannelShuffle(groups)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, groups, last: (
        f.nn.ChannelShuffle(groups, "NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.ChannelShuffle(groups)(x)
    )
    value = lambda x, groups, last: moved(
        lambda a: a.reshape(a.shape[0], groups, -1, *a.shape[2:]).swapaxes(1, 2).reshape(a.shape), x
    )
    variant_without_gradient = lambda **inputs: Rejects("torch 2.4 has none", "derivative for channel_shuffle is not")


@st.composite
def blocks(draw: st.DrawFn, folded: bool) -> dict[str, Any]:
    """Blocks of an image, taken out of it or laid over one another; options for both sides as one number or two."""
    each = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))
    kernel, dilation, padding, stride = each(1, 3), each(1, 2), each(0, 1), each(1, 3)
    if draw(st.booleans()):
        kernel, dilation, padding, stride = (pair[:1] * 2 for pair in (kernel, dilation, padding, stride))
    spare = each(0, 3)
    size = tuple(
        max(1, d * (k - 1) + 1 - 2 * p) + n for k, d, p, n in zip(kernel, dilation, padding, spare, strict=True)
    )
    batch, channels = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    count = math.prod(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True)
    )
    same = all(pair[0] == pair[1] for pair in (kernel, dilation, padding, stride))
    options = tuple(pair[0] if same else pair for pair in (kernel, dilation, padding, stride))
    shape = (batch, channels * math.prod(kernel), count) if folded else (batch, channels, *size)
    return {"x": Floats(shape, specials=not folded), "options": options, **({"size": size} if folded else {})}


def _lying(size, options):
    kernel, dilation, padding, stride = (each if isinstance(each, tuple) else (each, each) for each in options)
    axes = [sliding(padded(size[i], padding[i], padding[i]), kernel[i], stride[i], dilation[i]) for i in (0, 1)]
    return crossed(axes, size)


def _unfolded(x, options):
    lying = _lying(x.shape[2:], options)

    def function(a):
        found = np.where(lying >= 0, a.reshape(*a.shape[:2], -1)[:, :, lying], -1)
        return found.transpose(0, 1, 3, 2).reshape(a.shape[0], -1, len(lying))

    return moved(function, x)


@operator("shape.unfold", area=AREA, cases=blocks(False), covers=("nn.Unfold",))
class unfold:
    """Unfold lays the blocks of an image side by side, zeros where they hang over."""

    both = lambda f, x, options: f.nn.Unfold(*options)(x)
    value = _unfolded
    variant_added_in_steps = in_steps(_unfolded)


def _folded(x, options, size):
    lying = _lying(size, options)
    planes, elements = x.shape[0] * x.shape[1] // lying.shape[1], lying.shape[1]
    plane, k, at = np.ix_(np.arange(planes), np.arange(elements), np.arange(len(lying)))
    source = (plane * elements + k) * len(lying) + at
    place = np.where(lying.T >= 0, plane * math.prod(size) + lying.T, -1)
    return collected(x, source[place >= 0], place[place >= 0], (x.shape[0], planes // x.shape[0], *size))


def _one_row_refused(x, options, size):
    if min(size) == 1:
        return Rejects("paddle 2.6 takes no image of one row or column", "should be greater than one, but received")
    return _folded(x, options, size)


@operator("shape.fold", area=AREA, cases=blocks(True), covers=("nn.Fold",))
class fold:
    """Fold adds blocks up where they lie in the image."""

    torch = lambda f, x, options, size: f.nn.Fold(size, *options)(x)
    paddle = lambda f, x, options, size: f.nn.Fold(
        list(size), *[list(each) if isinstance(each, tuple) else each for each in options]
    )(x)
    value = _folded
    variant_one_row_refused = _one_row_refused
    variant_added_in_steps = in_steps(_folded)
