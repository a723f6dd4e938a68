"""Convolutions of one to three axes, and their transposes: every padding, channels last, gradients of all inputs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.number_formats import returned
from conformance.operators import Floats, in_steps, operator
from conformance.windows import convolved, padded, sliding, transposed

AREA = "convolution"
DTYPES = ("float32", "float64", "float16")
"""Without bfloat16: torch's gradient of the weight may hold memory that was never written; see the ledger."""
OPTIONS: dict[str, Any] = {"area": AREA, "gradients": ("x", "weight", "bias"), "dtypes": DTYPES, "share": 0.5}
PADDINGS = ("numbers", "number", "same", "valid")
MODES = ("zeros", "zeros", "reflect", "replicate", "circular")
CHANNELS = ((1, 1, 1), (1, 2, 3), (2, 1, 2), (3, 1, 1), (2, 3, 2), (1, 1, 17), (1, 16, 1), (8, 1, 1))
"""Groups, and channels of each, in and out; some fill a block of a vectorised kernel, or go beyond it."""
NOTE = "With a padding_mode other than zeros, paddle takes one number as padding, torch one for each axis or a word."


@st.composite
def geometry(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    """Inputs of a convolution that has at least one output along each axis."""
    groups, inner, outer = draw(st.sampled_from(CHANNELS))
    kernel, dilation = _each(draw, rank, 1, 3), _each(draw, rank, 1, 2)
    kind, mode = draw(st.sampled_from(PADDINGS)), draw(st.sampled_from(MODES))
    if mode != "zeros":
        kind = "number"
    padding: Any = {"number": draw(st.integers(0, 2)), "numbers": _each(draw, rank, 0, 2)}.get(kind, kind)
    around = padding if isinstance(padding, tuple) else (padding if kind == "number" else 0,) * rank
    spare = _each(draw, rank, 0, 4 if rank < 3 else 2)
    length = [max(1, d * (k - 1) + 1 - 2 * p) + n for d, k, p, n in zip(dilation, kernel, around, spare, strict=True)]
    if mode != "zeros":
        length = [max(n, 5) for n in length]  # a reflection needs more than it repeats
    return {
        **_tensors(draw, (groups * inner, *length), (groups * outer, inner, *kernel), groups * outer),
        "sizes": (groups * inner, groups * outer, kernel),
        "options": {
            "stride": (1,) * rank if kind == "same" else _each(draw, rank, 1, 3),
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
            "padding_mode": mode,
        },
        "last": draw(st.booleans()),
    }


def _laid_out(x: Any, last: bool) -> Any:
    """With the channels last in memory, but for images of one channel: see convolution-of-one-channel in the ledger."""
    return x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last and (x.ndim == 3 or x.shape[1] > 1) else x


def _each(draw: st.DrawFn, rank: int, low: int, high: int) -> tuple[int, ...]:
    """Of every axis; in half of the draws the same of all, as most programs have it."""
    if draw(st.booleans()):
        return (draw(st.integers(low, high)),) * rank
    return tuple(draw(st.integers(low, high)) for _ in range(rank))


def _tensors(draw: st.DrawFn, image: tuple[int, ...], weight: tuple[int, ...], outer: int) -> dict[str, Any]:
    return {
        "x": Floats((draw(st.integers(1, 2)), *image), specials=False),
        "weight": Floats(weight, specials=False, views=False),  # see convolution-gradient-of-views in the ledger
        "bias": draw(st.sampled_from((Floats((outer,), specials=False), None))),
    }


def _convolution(x, weight, bias, sizes, options, last):
    windows = []
    padding = options["padding"]
    for axis, length in enumerate(x.shape[2:]):
        kernel, step = weight.shape[2 + axis], options["dilation"][axis]
        spare = step * (kernel - 1)
        if isinstance(padding, str):
            before = {"same": spare // 2, "valid": 0}[padding]
        else:
            before = padding[axis] if isinstance(padding, tuple) else padding
        after = spare - before if padding == "same" else before
        source = padded(length, before, after, options["padding_mode"])
        windows.append(sliding(source, kernel, options["stride"][axis], step))
    return convolved(x, weight, bias, windows, options["groups"])


def _undilated(options, **inputs):
    dilation = (1,) * len(options["dilation"]) if options["padding"] == "same" else options["dilation"]
    return _convolution(options={**options, "dilation": dilation}, **inputs)


@operator("conv.conv1d", cases=geometry(1), covers=("nn.Conv1d",), **OPTIONS)
class conv1d:
    """A convolution of one axis, by every padding and padding mode."""

    torch = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv1d(*sizes, bias=bias is not None, **options))._parameters.update(weight=weight, bias=bias)
        or layer(_laid_out(x, last))
    )
    paddle = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv1D(*sizes, **options, data_format="NLC" if last else "NCL"))._parameters.update(
            weight=weight, bias=bias
        )
        or (layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x))
    )
    value = _convolution
    variant_added_in_steps = in_steps(_convolution)
    variant_same_undilated = _undilated
    note = NOTE


@operator("conv.conv2d", cases=geometry(2), covers=("nn.Conv2d",), **OPTIONS)
class conv2d:
    """A convolution of two axes, by every padding and padding mode."""

    torch = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv2d(*sizes, bias=bias is not None, **options))._parameters.update(weight=weight, bias=bias)
        or layer(_laid_out(x, last))
    )
    paddle = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv2D(*sizes, **options, data_format="NHWC" if last else "NCHW"))._parameters.update(
            weight=weight, bias=bias
        )
        or (layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x))
    )
    value = _convolution
    variant_added_in_steps = in_steps(_convolution)
    variant_same_undilated = _undilated
    note = NOTE


@operator("conv.conv3d", cases=geometry(3), covers=("nn.Conv3d",), **OPTIONS)
class conv3d:
    """A convolution of three axes, by every padding and padding mode."""

    torch = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv3d(*sizes, bias=bias is not None, **options))._parameters.update(weight=weight, bias=bias)
        or layer(_laid_out(x, last))
    )
    paddle = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv3D(*sizes, **options, data_format="NDHWC" if last else "NCDHW"))._parameters.update(
            weight=weight, bias=bias
        )
        or (layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x))
    )
    value = _convolution
    variant_added_in_steps = in_steps(_convolution)
    variant_same_undilated = _undilated
    note = NOTE


@st.composite
def transposed_geometry(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    """Inputs of a transposed convolution that has at least one output along each axis."""
    groups, inner, outer = draw(st.sampled_from(CHANNELS))
    kernel, stride, dilation = _each(draw, rank, 1, 3), _each(draw, rank, 1, 3), _each(draw, rank, 1, 2)
    length = _each(draw, rank, 1, 3 if rank < 3 else 2)
    more = tuple(draw(st.integers(0, stride[axis] - 1)) for axis in range(rank))
    made = [(length[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + more[i] for i in range(rank)]
    return {
        **_tensors(draw, (groups * inner, *length), (groups * inner, outer, *kernel), groups * outer),
        "sizes": (groups * inner, groups * outer, kernel),
        "options": {
            "stride": stride,
            "padding": tuple(draw(st.integers(0, min(2, n // 2))) for n in made),
            "output_padding": more,
            "dilation": dilation,
            "groups": groups,
        },
        "last": draw(st.booleans()),
    }


def _transposed(x, weight, bias, sizes, options, last):
    windows, lengths = [], []
    for axis, length in enumerate(x.shape[2:]):
        kernel = weight.shape[2 + axis]
        names = ("stride", "padding", "output_padding", "dilation")
        stride, around, more, step = (options[name][axis] for name in names)
        made = (length - 1) * stride - 2 * around + step * (kernel - 1) + more + 1
        lengths.append(made)
        windows.append(sliding(padded(made, around, around), kernel, stride, step, length))
    return transposed(x, weight, bias, windows, lengths, options["groups"])


def _gradient_refused(**inputs):
    if returned() == "float16":
        return Rejects("torch cannot make it of some layouts in low precision", "grad_weight needs to be contiguous")
    return _transposed(**inputs)


@operator("conv.transposed1d", cases=transposed_geometry(1), covers=("nn.ConvTranspose1d",), **OPTIONS)
class transposed1d:
    """The transpose of a convolution of one axis, with more at the end where several lengths are possible."""

    torch = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.ConvTranspose1d(*sizes, bias=bias is not None, **options))._parameters.update(
            weight=weight, bias=bias
        )
        or layer(_laid_out(x, last))
    )
    paddle = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv1DTranspose(*sizes, **options, data_format="NLC" if last else "NCL"))._parameters.update(
            weight=weight, bias=bias
        )
        or (layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x))
    )
    value = _transposed
    variant_gradient_refused = _gradient_refused
    variant_added_in_steps = in_steps(_transposed)


@operator("conv.transposed2d", cases=transposed_geometry(2), covers=("nn.ConvTranspose2d",), **OPTIONS)
class transposed2d:
    """The transpose of a convolution of two axes, with more at the end where several lengths are possible."""

    torch = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.ConvTranspose2d(*sizes, bias=bias is not None, **options))._parameters.update(
            weight=weight, bias=bias
        )
        or layer(_laid_out(x, last))
    )
    paddle = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv2DTranspose(*sizes, **options, data_format="NHWC" if last else "NCHW"))._parameters.update(
            weight=weight, bias=bias
        )
        or (layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x))
    )
    value = _transposed
    variant_added_in_steps = in_steps(_transposed)


@operator("conv.transposed3d", cases=transposed_geometry(3), covers=("nn.ConvTranspose3d",), **OPTIONS)
class transposed3d:
    """The transpose of a convolution of three axes, with more at the end where several lengths are possible."""

    torch = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.ConvTranspose3d(*sizes, bias=bias is not None, **options))._parameters.update(
            weight=weight, bias=bias
        )
        or layer(_laid_out(x, last))
    )
    paddle = lambda f, x, weight, bias, sizes, options, last: (
        (layer := f.nn.Conv3DTranspose(*sizes, **options, data_format="NDHWC" if last else "NCDHW"))._parameters.update(
            weight=weight, bias=bias
        )
        or (layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x))
    )
    value = _transposed
    variant_added_in_steps = in_steps(_transposed)
