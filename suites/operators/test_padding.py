"""Padding: every mode in one to three axes, channels last, negative widths, and the two orders that widths come in."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.moves import moved
from conformance.number_formats import current
from conformance.operators import Floats, in_steps, operator

AREA = "padding"
KINDS = ("Constant", "Reflection", "Replication", "Circular", "Zero")
NAMES = {"Constant": "constant", "Reflection": "reflect", "Replication": "edge", "Circular": "wrap", "Zero": "constant"}
MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
VALUES = (0.0, 1.5, -2.0, 0.1)


@st.composite
def layers(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    """An image, a kind of padding, and its widths: one number, or two for each axis from the last to the first."""
    kind = draw(st.sampled_from(KINDS))
    length, width = _sides(draw, rank, NAMES[kind], draw(st.booleans()))
    return {
        "x": Floats((draw(st.integers(1, 2)), draw(st.integers(1, 3)), *length)),
        "kind": kind,
        "width": width,
        "value": draw(st.sampled_from(VALUES)) if kind == "Constant" else 0.0,
        "last": draw(st.booleans()),
    }


def _sides(draw: st.DrawFn, rank: int, mode: str, equal: bool) -> tuple[tuple[int, ...], Any]:
    """Lengths of the axes, and widths that the mode takes: constants may cut off, a reflection has no edge."""
    length = tuple(draw(st.integers(1, 5)) for _ in range(rank))
    least = {"constant": lambda n: -(n // 3)}.get(mode, lambda n: 0)
    most = {"constant": lambda n: 3, "edge": lambda n: 3, "wrap": lambda n: n, "reflect": lambda n: n - 1}[mode]
    if equal:
        n = min(length)
        return length, draw(st.integers(max(least(n), 0), most(n)))
    ends = [draw(st.integers(least(n), most(n))) for n in reversed(length) for _ in range(2)]
    return length, tuple(ends)


def _padded(x, width, mode, value, axes=None):
    """``x`` with two widths for each axis from the last to the first, or for these axes in this order."""
    axes = range(x.ndim - 1, -1, -1) if axes is None else axes
    ends = [(0, 0)] * x.ndim
    for place, axis in enumerate(axes):
        if 2 * place < len(width):
            ends[axis] = width[2 * place], width[2 * place + 1]
    fill = {"constant_values": -1} if mode == "constant" else {}

    def function(array):
        kept = tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(ends, array.shape, strict=True))
        return np.pad(array[kept], [(max(a, 0), max(b, 0)) for a, b in ends], mode, **fill)

    return moved(function, x, fill=float(np.asarray(value, current().name)))


def _layer(x, kind, width, value, last):
    width = (width,) * 2 * (x.ndim - 2) if isinstance(width, int) else width
    return _padded(x, width, NAMES[kind], value)


def _without_zero_pad(kind, **inputs):
    if kind == "Zero":
        return Rejects("paddle 2.6 has ZeroPad2D alone", "module 'paddle.nn' has no attribute 'ZeroPad")
    return _layer(kind=kind, **inputs)


@operator(
    "pad.layers1d",
    area=AREA,
    cases=layers(1),
    share=0.75,
    covers=(*(f"nn.{kind}Pad1d" for kind in KINDS),),
)
class layers1d:
    """Layers that pad one axis by a constant, a reflection, the edge, the other end or zeros."""

    torch = lambda f, x, kind, width, value, last: getattr(f.nn, kind + "Pad1d")(
        width, *([value] if kind == "Constant" else [])
    )(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x)
    paddle = lambda f, x, kind, width, value, last: (
        lambda layer: layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x)
    )(
        f.nn.ZeroPad1D(width, data_format="NLC" if last else "NCL")
        if kind == "Zero"
        else f.nn.Pad1D(
            width,
            {"Constant": "constant", "Reflection": "reflect", "Replication": "replicate", "Circular": "circular"}[kind],
            value,
            "NLC" if last else "NCL",
        )
    )
    value = _layer
    variant_added_in_steps = in_steps(_layer)
    variant_float32_value = lambda value, **inputs: _layer(value=float(np.float32(value)), **inputs)
    variant_without_zero_pad = _without_zero_pad


@operator(
    "pad.layers2d",
    area=AREA,
    cases=layers(2),
    share=0.75,
    covers=(*(f"nn.{kind}Pad2d" for kind in KINDS),),
)
class layers2d:
    """Layers that pad two axes by a constant, a reflection, the edge, the other end or zeros."""

    torch = lambda f, x, kind, width, value, last: getattr(f.nn, kind + "Pad2d")(
        width, *([value] if kind == "Constant" else [])
    )(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x)
    paddle = lambda f, x, kind, width, value, last: (
        lambda layer: layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x)
    )(
        f.nn.ZeroPad2D(width, data_format="NHWC" if last else "NCHW")
        if kind == "Zero"
        else f.nn.Pad2D(
            width,
            {"Constant": "constant", "Reflection": "reflect", "Replication": "replicate", "Circular": "circular"}[kind],
            value,
            "NHWC" if last else "NCHW",
        )
    )
    value = _layer
    variant_added_in_steps = in_steps(_layer)
    variant_float32_value = lambda value, **inputs: _layer(value=float(np.float32(value)), **inputs)
    variant_without_zero_pad = _without_zero_pad


@operator(
    "pad.layers3d",
    area=AREA,
    cases=layers(3),
    share=0.75,
    covers=(*(f"nn.{kind}Pad3d" for kind in KINDS),),
)
class layers3d:
    """Layers that pad three axes by a constant, a reflection, the edge, the other end or zeros."""

    torch = lambda f, x, kind, width, value, last: getattr(f.nn, kind + "Pad3d")(
        width, *([value] if kind == "Constant" else [])
    )(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x)
    paddle = lambda f, x, kind, width, value, last: (
        lambda layer: layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x)
    )(
        f.nn.ZeroPad3D(width, data_format="NDHWC" if last else "NCDHW")
        if kind == "Zero"
        else f.nn.Pad3D(
            width,
            {"Constant": "constant", "Reflection": "reflect", "Replication": "replicate", "Circular": "circular"}[kind],
            value,
            "NDHWC" if last else "NCDHW",
        )
    )
    value = _layer
    variant_added_in_steps = in_steps(_layer)
    variant_float32_value = lambda value, **inputs: _layer(value=float(np.float32(value)), **inputs)
    variant_without_zero_pad = _without_zero_pad


@st.composite
def images(draw: st.DrawFn) -> dict[str, Any]:
    """An image of one to three axes, padded along all of them."""
    rank, mode = draw(st.integers(1, 3)), draw(st.sampled_from(tuple(MODES)))
    length, width = _sides(draw, rank, MODES[mode], False)
    return {
        "x": Floats((draw(st.integers(1, 2)), draw(st.integers(1, 3)), *length)),
        "width": width,
        "mode": mode,
        "value": draw(st.sampled_from(VALUES)),
        "last": draw(st.booleans()),
    }


def _image(x, width, mode, value, last):
    return _padded(x, width, MODES[mode], value)


@operator("pad.images", area=AREA, cases=images(), share=0.5, covers=("F.pad", "paddle.nn.functional.pad"))
class pad_images:
    """F.pad of every axis of an image, from the last to the first, as programs call it: with all names."""

    torch = lambda f, x, width, mode, value, last: f.nn.functional.pad(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x,
        width,
        mode,
        value if mode == "constant" else None,
    )
    paddle = lambda f, x, width, mode, value, last: (
        f.nn.functional.pad(
            x.moveaxis(1, -1),
            pad=width,
            mode=mode,
            value=value,
            data_format={3: "NLC", 4: "NHWC", 5: "NDHWC"}[x.ndim],
            name=None,
        ).moveaxis(-1, 1)
        if last
        else f.nn.functional.pad(
            x, pad=width, mode=mode, value=value, data_format={3: "NCL", 4: "NCHW", 5: "NCDHW"}[x.ndim], name=None
        )
    )
    value = _image
    variant_added_in_steps = in_steps(_image)
    variant_float32_value = lambda value, **inputs: _image(value=float(np.float32(value)), **inputs)


@st.composite
def any_axes(draw: st.DrawFn) -> dict[str, Any]:
    """An array of one to five axes, the last of which are padded by a constant, and some cut off."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=5)))
    count = draw(st.integers(1, len(shape)))
    width = [draw(st.integers(0, 2)) for _ in range(2 * count)]
    return {"x": Floats(shape), "width": width, "value": draw(st.sampled_from(VALUES))}


@operator("pad.last_axes", area=AREA, cases=any_axes(), covers=("F.pad",))
class pad_last_axes:
    """F.pad of the last axes of an array, from the last backwards."""

    torch = lambda f, x, width, value: f.nn.functional.pad(x, width, value=value)
    paddle = lambda f, x, width, value: f.nn.functional.pad(x, width, value=value, pad_from_left_axis=False)
    value = lambda x, width, value: _padded(x, width, "constant", value)
    variant_float32_value = lambda x, width, value: _padded(
        x, width, "constant", float(np.float32(value)) if 0 < len(width) == 2 * (x.ndim - 2) else value
    )
    variant_without_order = lambda x, width, value: Rejects(
        "paddle 2.6 has one order", "unexpected keyword argument 'pad_from_left_axis'"
    )


def _all_axes():
    return any_axes().map(lambda case: {**case, "width": (case["width"] * 10)[: 2 * len(case["x"].shape)]})


@operator("pad.first_axes", area=AREA, cases=_all_axes(), covers=("F.pad",))
class pad_first_axes:
    """F.pad of all axes of an array: paddle takes their widths from the first to the last, torch the other way."""

    torch = lambda f, x, width, value: f.nn.functional.pad(
        x, [width[2 * axis + end] for axis in range(x.ndim - 1, -1, -1) for end in (0, 1)], value=value
    )
    paddle = lambda f, x, width, value: f.nn.functional.pad(x, width, value=value)
    value = lambda x, width, value: _padded(x, width, "constant", value, range(x.ndim))
    note = (
        "paddle's pad takes the widths of all axes from the first axis to the last, torch's always from the last; "
        "pad_from_left_axis=False makes them the same."
    )
