"""Images resized by every mode, size and scale factor, in one to three axes and both layouts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.number_formats import WIDER, computed_in, current, returned
from conformance.operators import Floats, in_steps, operator
from conformance.pools import counts_of, shared, shared_by_float32, sums_of
from conformance.quantity import Quantity, linked
from conformance.resampling import cubic, linear, nearest, picked, position, resized
from conformance.sums import move
from conformance.windows import adaptive

AREA = "resizing"
MODES = {1: ("linear", "area"), 2: ("bilinear", "bicubic", "nearest", "area"), 3: ("trilinear", "nearest", "area")}
FACTORS = (2.0, 0.5, 1.5, 3.0, 0.7)
ALIGNED = ("linear", "bilinear", "trilinear", "bicubic")
"""Modes that take align_corners."""


@st.composite
def images(draw: st.DrawFn, rank: int, modes: tuple[str, ...] = (), lasting: bool = True) -> dict[str, Any]:
    """An image, a mode, and a size or scale factors."""
    mode = draw(st.sampled_from(modes or MODES[rank]))
    length = tuple(draw(st.integers(2, 5 if rank < 3 else 3)) for _ in range(rank))
    size: Any = tuple(draw(st.integers(1, 7 if rank < 3 else 4)) for _ in range(rank))
    factor: Any = None
    if mode != "area" and draw(st.booleans()):
        factor = tuple(draw(st.sampled_from(FACTORS)) for _ in range(rank))
        if draw(st.booleans()):
            factor = factor[0]
        size = None
    return {
        "x": Floats((draw(st.integers(1, 2)), draw(st.integers(1, 2)), *length), specials=mode == "nearest"),
        "size": size,
        "factor": factor,
        "mode": mode,
        "corners": draw(st.booleans()) if mode in ALIGNED else None,
        "last": draw(st.booleans()) if lasting and mode != "area" else False,
    }


def _sizes(x, size, factor):
    """New lengths, and the factor of each axis where there is one."""
    rank = x.ndim - 2
    if factor is None:
        return size, (None,) * rank
    factors = factor if isinstance(factor, tuple) else (factor,) * rank
    return tuple(math.floor(n * f) for n, f in zip(x.shape[2:], factors, strict=True)), factors


def _resized(x, size, factor, mode, corners, last=False, at=position, form=None):
    """at: positions of new pixels. form: the format of positions and weights, where it is not that of the sums."""
    sizes, factors = _sizes(x, size, factor)
    lengths = x.shape[2:]
    if mode == "nearest":
        return picked(x, [nearest(*each) for each in zip(lengths, sizes, factors, strict=True)])
    if mode == "area":
        windows = [adaptive(n, m) for n, m in zip(lengths, sizes, strict=True)]
        found = sums_of(x, windows)
        for axis, each in enumerate(windows):
            found = shared(found, counts_of([each]).reshape(-1, *(1,) * (len(windows) - axis - 1)))
        return found if form is None else shared_by_float32(sums_of(x, windows), counts_of(windows))
    made = cubic if mode == "bicubic" else linear
    with computed_in(form or WIDER.get(current().name, current().name)):
        axes = [made(at(n, m, bool(corners), f), n) for n, m, f in zip(lengths, sizes, factors, strict=True)]
    return resized(x, axes)


def _areas_of_channels(x, mode, **inputs):
    """Areas of rows and channels: those of an image whose channels are last, taken for one whose are first.

    Its result has another shape, which no cotangent goes back from.
    """
    if mode != "area":
        return _by_float32(x=x, mode=mode, **inputs)
    last = move(lambda array: np.moveaxis(array, 1, -1), x.plain)
    found = _by_float32(x=last, mode=mode, **inputs)
    return move(lambda array: np.moveaxis(array, -1, 1), found)


def _position_of_one(old, new, corners, factor=None):
    """An axis of one new pixel shows the first old one."""
    return position(old, new, corners, factor) if new > 1 or corners else Quantity(-0.5 * np.ones(new))


_by_float32 = in_steps(lambda **inputs: _resized(form="float32", **inputs))
_first_of_one = in_steps(lambda **inputs: _resized(form="float32", at=_position_of_one, **inputs))
_in_steps = in_steps(_resized)


@in_steps
def _in_low_precision(**inputs):
    return _resized(form=current().name, **inputs) if returned() in ("float16", "bfloat16") else _resized(**inputs)


@in_steps
def _cut_off(x, **inputs):
    """As by a conversion to low precision that cuts off: the gradient is off by twice as much."""
    loose = Quantity(x.value, x.error, linked((x, lambda g: Quantity(g.value, 2 * g.error))))
    return _resized(x=loose, form="float32", **inputs)


def _gradient_of_one(x, **inputs):
    found, other = _by_float32(x=x, **inputs), _first_of_one(x=x, **inputs)
    return Quantity(found.value, found.error, linked((other, lambda g: g)))


@operator("resize.images1d", area=AREA, cases=images(1), share=0.5, covers=("F.interpolate",))
class images1d:
    """interpolate along one axis: between neighbours, or by areas."""

    torch = lambda f, x, size, factor, mode, corners, last: f.nn.functional.interpolate(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x, size, factor, mode, corners
    )
    paddle = lambda f, x, size, factor, mode, corners, last: (
        f.nn.functional.interpolate(x.moveaxis(1, -1), size, factor, mode, bool(corners), data_format="NWC").moveaxis(
            -1, 1
        )
        if last
        else f.nn.functional.interpolate(x, size, factor, mode, bool(corners), data_format="NCW")
    )
    value = _resized
    variant_added_in_steps = _in_steps
    variant_areas_of_channels = in_steps(_areas_of_channels)
    variant_by_float32 = _by_float32
    variant_in_low_precision = _in_low_precision
    variant_cut_off = _cut_off
    variant_first_of_one = _first_of_one
    variant_gradient_of_one = in_steps(_gradient_of_one)


@operator("resize.images2d", area=AREA, cases=images(2), share=0.5, covers=("F.interpolate",))
class images2d:
    """interpolate along two axes by every mode that both have."""

    torch = lambda f, x, size, factor, mode, corners, last: f.nn.functional.interpolate(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x, size, factor, mode, corners
    )
    paddle = lambda f, x, size, factor, mode, corners, last: (
        f.nn.functional.interpolate(x.moveaxis(1, -1), size, factor, mode, bool(corners), data_format="NHWC").moveaxis(
            -1, 1
        )
        if last
        else f.nn.functional.interpolate(x, size, factor, mode, bool(corners))
    )
    value = _resized
    variant_added_in_steps = _in_steps
    variant_areas_of_channels = in_steps(_areas_of_channels)
    variant_by_float32 = _by_float32
    variant_first_of_one = _first_of_one


@operator("resize.images3d", area=AREA, cases=images(3), share=0.5, covers=("F.interpolate",))
class images3d:
    """interpolate along three axes by every mode that both have."""

    torch = lambda f, x, size, factor, mode, corners, last: f.nn.functional.interpolate(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x, size, factor, mode, corners
    )
    paddle = lambda f, x, size, factor, mode, corners, last: (
        f.nn.functional.interpolate(x.moveaxis(1, -1), size, factor, mode, bool(corners), data_format="NDHWC").moveaxis(
            -1, 1
        )
        if last
        else f.nn.functional.interpolate(x, size, factor, mode, bool(corners), data_format="NCDHW")
    )
    value = _resized
    variant_added_in_steps = _in_steps
    variant_areas_of_channels = in_steps(_areas_of_channels)
    variant_by_float32 = _by_float32
    variant_first_of_one = _first_of_one


@operator("resize.upsample", area=AREA, cases=images(2, lasting=False), covers=("nn.Upsample",))
class upsample:
    """Upsample is interpolate as a layer."""

    torch = lambda f, x, size, factor, mode, corners, last: f.nn.Upsample(size, factor, mode, corners)(x)
    paddle = lambda f, x, size, factor, mode, corners, last: f.nn.Upsample(size, factor, mode, bool(corners))(x)
    value = _resized
    variant_added_in_steps = _in_steps
    variant_areas_of_channels = in_steps(_areas_of_channels)
    variant_by_float32 = _by_float32
    variant_first_of_one = _first_of_one


@operator("resize.upsample_bilinear", area=AREA, cases=images(2, ("bilinear",)), covers=("nn.UpsamplingBilinear2d",))
class upsample_bilinear:
    """UpsamplingBilinear2d aligns the corners."""

    torch = lambda f, x, size, factor, mode, corners, last: f.nn.UpsamplingBilinear2d(size, factor)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, size, factor, mode, corners, last: (
        f.nn.UpsamplingBilinear2D(size, factor, "NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.UpsamplingBilinear2D(size, factor)(x)
    )
    value = lambda corners, **inputs: _resized(corners=True, **inputs)
    variant_added_in_steps = in_steps(lambda corners, **inputs: _resized(corners=True, **inputs))
    variant_by_float32 = in_steps(lambda corners, **inputs: _by_float32(corners=True, **inputs))


@operator("resize.upsample_nearest", area=AREA, cases=images(2, ("nearest",)), covers=("nn.UpsamplingNearest2d",))
class upsample_nearest:
    """UpsamplingNearest2d takes the pixel before."""

    torch = lambda f, x, size, factor, mode, corners, last: f.nn.UpsamplingNearest2d(size, factor)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, size, factor, mode, corners, last: (
        f.nn.UpsamplingNearest2D(size, factor, "NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.UpsamplingNearest2D(size, factor)(x)
    )
    value = _resized
    variant_added_in_steps = _in_steps
