"""Maximum pools of one to three axes: with indices, adaptive, undone; ties, ceil mode and channels last."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.operators import Floats, in_steps, operator
from conformance.pools import largest_of, largest_without_depth, pool_windows, scanned, scattered
from conformance.strategies import generator, seeds
from conformance.windows import adaptive
from suites.support.pools import pools, shares, sides

AREA = "pooling"


def _of(x, options):
    """Kernel, stride and padding of each axis."""
    rank = x.ndim - 2
    kernel = sides(options["kernel_size"], rank)
    stride = kernel if options["stride"] is None else sides(options["stride"], rank)
    return pool_windows(x.shape[2:], kernel, stride, sides(options["padding"], rank), options["ceil_mode"])


def _largest(x, options, indices, last=False):
    found, at = largest_of(x, _of(x, options))
    return {"output": found, "indices": at} if indices else found


def _scanned(x, options, indices, last=False):
    return _largest(x, options, indices) if indices else scanned(x, _of(x, options))


def _without_ceiling(x, options, indices, last=False):
    return _largest(x, {**options, "ceil_mode": options["ceil_mode"] and not indices}, indices)


def _without_depth(x, options, indices, last):
    known = indices or not last
    return _largest(x, options, indices) if known else largest_without_depth(x, _of(x, options))


@operator("pool.max1d", area=AREA, cases=pools(1, indices=True), covers=("nn.MaxPool1d",))
class max1d:
    """The largest of every window of one axis, the first of equal ones, and where it stands."""

    torch = lambda f, x, options, indices, last: (
        lambda found: {"output": found[0], "indices": found[1]} if indices else found
    )(f.nn.MaxPool1d(**options, return_indices=indices)(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x))
    paddle = lambda f, x, options, indices, last: (
        lambda found: {"output": found[0], "indices": found[1].astype("int64")} if indices else found
    )(f.nn.MaxPool1D(**options, return_mask=indices)(x))
    value = _largest
    variant_scan = in_steps(_scanned)
    variant_ceiling_ignored = _without_ceiling
    variant_added_in_steps = in_steps(_largest)


@operator("pool.max2d", area=AREA, cases=pools(2, indices=True), covers=("nn.MaxPool2d",))
class max2d:
    """The largest of every window of two axes, the first of equal ones, and where it stands."""

    torch = lambda f, x, options, indices, last: (
        lambda found: {"output": found[0], "indices": found[1]} if indices else found
    )(f.nn.MaxPool2d(**options, return_indices=indices)(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x))
    paddle = lambda f, x, options, indices, last: (
        lambda found: {"output": found[0], "indices": found[1].astype("int64")} if indices else found
    )(
        f.nn.MaxPool2D(**options, return_mask=indices)(x)
        if indices or not last
        else f.nn.MaxPool2D(**options, data_format="NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
    )
    value = _largest
    variant_scan = in_steps(_scanned)
    variant_ceiling_ignored = _without_ceiling
    variant_added_in_steps = in_steps(_largest)


@operator("pool.max3d", area=AREA, cases=pools(3, indices=True), covers=("nn.MaxPool3d",))
class max3d:
    """The largest of every window of three axes, the first of equal ones, and where it stands."""

    torch = lambda f, x, options, indices, last: (
        lambda found: {"output": found[0], "indices": found[1]} if indices else found
    )(f.nn.MaxPool3d(**options, return_indices=indices)(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x))
    paddle = lambda f, x, options, indices, last: (
        lambda found: {"output": found[0], "indices": found[1].astype("int64")} if indices else found
    )(
        f.nn.MaxPool3D(**options, return_mask=indices)(x)
        if indices or not last
        else f.nn.MaxPool3D(**options, data_format="NDHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
    )
    value = _largest
    variant_scan = in_steps(_scanned)
    variant_ceiling_ignored = _without_ceiling
    variant_added_in_steps = in_steps(_largest)
    variant_depth_lost = in_steps(_without_depth)


def _adaptive(x, size, indices):
    outputs = [n if m is None else m for n, m in zip(x.shape[2:], sides(size, x.ndim - 2), strict=True)]
    found, at = largest_of(x, [adaptive(n, m) for n, m in zip(x.shape[2:], outputs, strict=True)])
    return {"output": found, "indices": at} if indices else found


@operator("pool.adaptive_max1d", area=AREA, cases=shares(1, indices=True), covers=("nn.AdaptiveMaxPool1d",))
class adaptive_max1d:
    """The largest of windows that share one axis out evenly, and where it stands."""

    torch = lambda f, x, size, indices: (lambda found: {"output": found[0], "indices": found[1]} if indices else found)(
        f.nn.AdaptiveMaxPool1d(size, return_indices=indices)(x)
    )
    paddle = lambda f, x, size, indices: (
        lambda found: {"output": found[0], "indices": found[1].astype("int64")} if indices else found
    )(f.nn.AdaptiveMaxPool1D(size, return_mask=indices)(x))
    value = _adaptive
    variant_added_in_steps = in_steps(_adaptive)


@operator("pool.adaptive_max2d", area=AREA, cases=shares(2, indices=True), covers=("nn.AdaptiveMaxPool2d",))
class adaptive_max2d:
    """The largest of windows that share two axes out evenly, and where it stands."""

    torch = lambda f, x, size, indices: (lambda found: {"output": found[0], "indices": found[1]} if indices else found)(
        f.nn.AdaptiveMaxPool2d(size, return_indices=indices)(x)
    )
    paddle = lambda f, x, size, indices: (
        lambda found: {"output": found[0], "indices": found[1].astype("int64")} if indices else found
    )(f.nn.AdaptiveMaxPool2D(size, return_mask=indices)(x))
    value = _adaptive
    variant_added_in_steps = in_steps(_adaptive)


@operator("pool.adaptive_max3d", area=AREA, cases=shares(3, indices=True), covers=("nn.AdaptiveMaxPool3d",))
class adaptive_max3d:
    """The largest of windows that share three axes out evenly, and where it stands."""

    torch = lambda f, x, size, indices: (lambda found: {"output": found[0], "indices": found[1]} if indices else found)(
        f.nn.AdaptiveMaxPool3d(size, return_indices=indices)(x)
    )
    paddle = lambda f, x, size, indices: (
        lambda found: {"output": found[0], "indices": found[1].astype("int64")} if indices else found
    )(f.nn.AdaptiveMaxPool3D(size, return_mask=indices)(x))
    value = _adaptive
    variant_added_in_steps = in_steps(_adaptive)


@st.composite
def unpools(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    """Elements, and a place of its own for each in a larger image."""
    kernel, stride = (tuple(draw(st.integers(1, 3)) for _ in range(rank)) for _ in range(2))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), *(draw(st.integers(1, 3)) for _ in range(rank)))
    image = tuple((n - 1) * s + k for n, s, k in zip(shape[2:], stride, kernel, strict=True))
    grown = draw(st.booleans())
    if grown:
        image = tuple(n + draw(st.integers(0, s - 1)) for n, s in zip(image, stride, strict=True))
    rng = generator(draw(seeds))
    planes = [rng.permutation(int(np.prod(image)))[: int(np.prod(shape[2:]))] for _ in range(shape[0] * shape[1])]
    return {
        "x": Floats(shape),
        "indices": np.stack(planes).reshape(shape),
        "kernel": kernel,
        "stride": stride,
        "size": (*shape[:2], *image) if grown else None,
    }


def _unpooled(x, indices, kernel, stride, size):
    image = size[2:] if size else tuple((n - 1) * s + k for n, s, k in zip(x.shape[2:], stride, kernel, strict=True))
    plane = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], *(1,) * (x.ndim - 2))
    return scattered(x, indices + plane * int(np.prod(image)), (*x.shape[:2], *image))


def _size_refused(size, **inputs):
    if size:
        return Rejects("paddle 2.6 takes no size of one axis", "output_size should be a sequence containing 2 or 4")
    return _unpooled(size=size, **inputs)


@operator("pool.unpool1d", area=AREA, cases=unpools(1), covers=())
class unpool1d:
    """Elements put back to the places that a maximum pool of one axis took them from, among zeros."""

    torch = lambda f, x, indices, kernel, stride, size: f.nn.MaxUnpool1d(kernel, stride)(x, indices, size)
    paddle = lambda f, x, indices, kernel, stride, size: f.nn.MaxUnPool1D(kernel, stride, output_size=size)(
        x, indices.astype("int32")
    )
    value = _unpooled
    variant_size_refused = _size_refused


@operator("pool.unpool2d", area=AREA, cases=unpools(2), covers=("nn.MaxUnpool2d",))
class unpool2d:
    """Elements put back to the places that a maximum pool of two axes took them from, among zeros."""

    torch = lambda f, x, indices, kernel, stride, size: f.nn.MaxUnpool2d(kernel, stride)(x, indices, size)
    paddle = lambda f, x, indices, kernel, stride, size: f.nn.MaxUnPool2D(kernel, stride, output_size=size)(
        x, indices.astype("int32")
    )
    value = _unpooled


@operator("pool.unpool3d", area=AREA, cases=unpools(3), covers=())
class unpool3d:
    """Elements put back to the places that a maximum pool of three axes took them from, among zeros."""

    torch = lambda f, x, indices, kernel, stride, size: f.nn.MaxUnpool3d(kernel, stride)(x, indices, size)
    paddle = lambda f, x, indices, kernel, stride, size: f.nn.MaxUnPool3D(kernel, stride, output_size=size)(
        x, indices.astype("int32")
    )
    value = _unpooled


@st.composite
def fractions(draw: st.DrawFn) -> dict[str, Any]:
    """A number between 0 and 1, of which no step of the windows is near a whole number."""
    kernel, size, spare = (
        (draw(st.integers(low, high)), draw(st.integers(low, high))) for low, high in ((1, 3), (2, 4), (0, 4))
    )
    shape = tuple(k + m - 1 + n for k, m, n in zip(kernel, size, spare, strict=True))
    return {
        "x": Floats((draw(st.integers(1, 2)), draw(st.integers(1, 3)), *shape), specials=False),
        "kernel": kernel,
        "size": size,
        "u": draw(st.sampled_from((0.13, 0.37, 0.61, 0.89))),
        "indices": draw(st.booleans()),
    }


def _fractional(x, kernel, size, u, indices):
    windows = []
    for n, k, m in zip(x.shape[2:], kernel, size, strict=True):
        step = (n - k) / (m - 1)
        start = np.floor((np.arange(m) + u) * step) - np.floor(u * step)
        start[-1] = n - k
        windows.append(start.astype(np.int64)[:, None] + np.arange(k))
    found, at = largest_of(x, windows)
    return {"output": found, "indices": at} if indices else found


@operator(
    "pool.fractional_max2d",
    area=AREA,
    cases=fractions(),
    dtypes=("float32", "float64"),
    covers=("nn.FractionalMaxPool2d",),
)
class fractional_max2d:
    """The largest of windows whose distances are unequal, by a number that is given in place of a random one."""

    torch = lambda f, x, kernel, size, u, indices: (
        lambda found: {"output": found[0], "indices": found[1]} if indices else found
    )(
        f.nn.FractionalMaxPool2d(
            kernel, size, return_indices=indices, _random_samples=f.full((*x.shape[:2], 2), u, dtype=x.dtype)
        )(x)
    )
    paddle = lambda f, x, kernel, size, u, indices: (
        lambda found: {"output": found[0], "indices": found[1].astype("int64")} if indices else found
    )(f.nn.FractionalMaxPool2D(size, kernel, random_u=u, return_mask=indices)(x))
    value = _fractional
    variant_lacking = lambda **inputs: Rejects("paddle 2.6 lacks it", "module 'paddle.nn' has no attribute 'Fractional")
