"""Normalization by statistics of the input: batch, layer, group and instance; classes first or last, large offsets."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.functions import rsqrt
from conformance.normalization import affine, moments, standardized
from conformance.number_formats import current
from conformance.operators import ORDINARY, Floats, Structure, each, operator
from conformance.quantity import Quantity, linked, scaled, where
from conformance.sums import in_one_row, move

AREA = "normalization"
FAMILIES = (*ORDINARY, "offset")
DTYPES = ("float32", "float64")
"""Of low precision, kernels keep the statistics in it or not, and promise neither."""
FORMATS_FIRST = {2: "NC", 3: "NCL", 4: "NCHW", 5: "NCDHW"}
FORMATS_LAST = {2: "NC", 3: "NLC", 4: "NHWC", 5: "NDHWC"}
PARAMETERS = ("x", "weight", "bias")
LEARNED: dict[str, Any] = {"specials": False, "low": 0.125, "high": 4.0, "points": (1.0, 0.0, -1.0)}


@st.composite
def channelled(
    draw: st.DrawFn, /, ranks: tuple[int, ...] = (4, 3, 5, 2), running: bool = False, one_of_two: bool = False
) -> Structure:
    """An input [N, C, ...] or [N, ..., C], a weight and a bias or none of them, and eps."""
    rank, last = draw(each(*ranks)), draw(st.booleans())
    channels, rows = draw(st.sampled_from((3, 1, 2, 4, 17))), draw(st.integers(1, 3))
    rest = [draw(st.sampled_from((3, 1, 2, 4, 9))) for _ in range(rank - 2)]
    if rest and draw(st.integers(0, 4)) == 0:
        rest[-1] = draw(st.sampled_from((64, 257)))
    if rows * int(np.prod(rest)) < 2:
        rows = 2
    if not running and rest and int(np.prod(rest)) < 2:
        rest[-1] = 2
    last = last and rank > 2
    learned = draw(st.booleans())
    found: dict[str, Any] = {
        "x": Floats((rows, *rest, channels) if last else (rows, channels, *rest), specials=False),
        "weight": Floats((channels,), **LEARNED) if learned else None,
        "bias": Floats((channels,), **LEARNED) if learned else None,
        "layout": (FORMATS_LAST if last else FORMATS_FIRST)[rank],
        "eps": draw(each(1e-5, 1e-3, 0.1)),
    }
    if running:
        found["running_mean"] = Floats((channels,), specials=False, views=False)
        found["running_variance"] = Floats((channels,), low=0.0, specials=False, views=False)
        found["momentum"] = draw(each(0.1, 0.5, 1.0, 0.0))
    return found


def first(x: Quantity, layout: str) -> Quantity:
    """[N, C, ...] of an input in a layout."""
    return move(lambda array: np.moveaxis(array, -1, 1), x) if layout[-1] == "C" and layout != "NC" else x


def back(x: Quantity, layout: str) -> Quantity:
    """The layout of an output [N, C, ...]."""
    return move(lambda array: np.moveaxis(array, 1, -1), x) if layout[-1] == "C" and layout != "NC" else x


def spread(parameter: Any, rank: int) -> Any:
    """A value of each channel as a factor of [N, C, ...]."""
    return None if parameter is None else parameter.reshape(1, -1, *[1] * (rank - 2))


def _rest(x: Quantity) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _single(number: float) -> float:
    """As an attribute of a kernel that is kept in float32 for float64 inputs too."""
    return float(np.float32(number))


def _batch_norm(x, weight, bias, layout, eps, running_mean, running_variance, momentum, unbiased=True, kept=None):
    kept = 1 - momentum if kept is None else kept
    x = first(x, layout)
    count = x.value.size // x.shape[1]
    mean, variance = (each.plain.reshape(-1) for each in moments(x, _rest(x)))
    moved = scaled(variance, count / (count - 1), 3) if unbiased else variance
    found = {"output": back(standardized(x, _rest(x), eps, spread(weight, x.ndim), spread(bias, x.ndim)), layout)}
    for name, old, new in (("running_mean", running_mean, mean), ("running_variance", running_variance, moved)):
        mixed = scaled(old.plain, kept, 2) + scaled(new, 1 - kept, 2)
        # Of the momentum and what remains one is rounded, and the other is off by as much.
        off = current().unit * (np.abs(old.value) + np.abs(new.value)) * (momentum not in (0.0, 1.0))
        found[name] = Quantity(mixed.value, mixed.error + off)
    return found


def _biased(eps, momentum, **inputs):
    return _batch_norm(eps=_single(eps), momentum=momentum, unbiased=False, kept=_single(1 - momentum), **inputs)


def _in_a_row(value, layout, last, **inputs):
    """With the channels innermost in memory a channel's values are added one after another, however many they are."""
    with in_one_row() if last else contextlib.nullcontext():
        return value(layout=layout, **inputs)


@operator(
    "normalization.batch_norm_train",
    area=AREA,
    cases=channelled(running=True),
    gradients=PARAMETERS,
    families=FAMILIES,
    dtypes=DTYPES,
    covers=("nn.BatchNorm1d", "nn.BatchNorm2d", "nn.BatchNorm3d"),
)
class batch_norm_train:
    """The batch's mean and biased variance normalize it; running statistics take its unbiased variance."""

    note = "paddle's momentum is what remains of the old statistics: 0.9 for torch's 0.1."
    torch = lambda f, x, weight, bias, layout, eps, running_mean, running_variance, momentum: {
        "output": (lambda y: y.movedim(1, -1) if layout in ("NLC", "NHWC", "NDHWC") else y)(
            f.nn.functional.batch_norm(
                x.movedim(-1, 1) if layout in ("NLC", "NHWC", "NDHWC") else x,
                running_mean,
                running_variance,
                weight,
                bias,
                True,
                momentum,
                eps,
            )
        ),
        "running_mean": running_mean,
        "running_variance": running_variance,
    }
    paddle = lambda f, x, weight, bias, layout, eps, running_mean, running_variance, momentum: {
        "output": f.nn.functional.batch_norm(
            x, running_mean, running_variance, weight, bias, True, 1 - momentum, eps, layout
        ),
        "running_mean": running_mean,
        "running_variance": running_variance,
    }
    value = _batch_norm
    variant_biased = lambda **inputs: _biased(**inputs)
    variant_in_a_row = lambda layout, **inputs: _in_a_row(_batch_norm, layout, layout[-1] == "C", **inputs)
    variant_in_a_row_in_any = lambda layout, **inputs: _in_a_row(_batch_norm, layout, True, **inputs)
    variant_biased_in_a_row = lambda layout, **inputs: _in_a_row(_biased, layout, layout[-1] == "C", **inputs)
    variant_biased_in_a_row_in_any = lambda layout, **inputs: _in_a_row(_biased, layout, True, **inputs)


def _evaluated(x, weight, bias, layout, eps, running_mean, running_variance, momentum):
    x = first(x, layout)
    scale = rsqrt(spread(running_variance, x.ndim) + eps)
    scale = scale if weight is None else scale * spread(weight, x.ndim)
    return back(affine(x, spread(running_mean, x.ndim), scale, spread(bias, x.ndim)), layout)


def _each_scaled(x, weight, bias, layout, eps, running_mean, running_variance, momentum):
    """Every element is normalized before a weight is learned from the sum."""
    moved = first(x, layout)
    found = (moved - spread(running_mean, x.ndim)) * rsqrt(spread(running_variance, x.ndim) + eps)
    found = found if weight is None else found * spread(weight, x.ndim)
    found = back(found if bias is None else found + spread(bias, x.ndim), layout)
    other = _evaluated(x, weight, bias, layout, eps, running_mean, running_variance, momentum)
    return Quantity(found.value, np.maximum(found.error, other.error), linked((found, lambda g: g)))


@operator(
    "normalization.batch_norm_eval",
    area=AREA,
    cases=channelled(running=True),
    gradients=PARAMETERS,
    families=FAMILIES,
    dtypes=DTYPES,
)
class batch_norm_eval:
    """In evaluation the running statistics normalize."""

    torch = lambda f, x, weight, bias, layout, eps, running_mean, running_variance, momentum: (
        lambda y: y.movedim(1, -1) if layout in ("NLC", "NHWC", "NDHWC") else y
    )(
        f.nn.functional.batch_norm(
            x.movedim(-1, 1) if layout in ("NLC", "NHWC", "NDHWC") else x,
            running_mean,
            running_variance,
            weight,
            bias,
            False,
            momentum,
            eps,
        )
    )
    paddle = lambda f, x, weight, bias, layout, eps, running_mean, running_variance, momentum: (
        f.nn.functional.batch_norm(x, running_mean, running_variance, weight, bias, False, 1 - momentum, eps, layout)
    )
    value = _evaluated
    variant_float32_eps = lambda eps, **inputs: _each_scaled(eps=_single(eps), **inputs)


def _instance_norm(x, weight, bias, layout, eps):
    x = first(x, layout)
    axes = tuple(range(2, x.ndim))
    return back(standardized(x, axes, eps, spread(weight, x.ndim), spread(bias, x.ndim)), layout)


def _channels_first(x, weight, bias, layout, eps):
    if weight is not None and weight.shape[0] != x.shape[1]:
        return Rejects("a weight for each channel, which are sought at axis 1", error="ShapeError: the shape of")
    return _instance_norm(x, weight, bias, "NCHW", _single(eps))


@operator(
    "normalization.instance_norm",
    area=AREA,
    cases=channelled(ranks=(4, 3, 5)),
    gradients=PARAMETERS,
    families=FAMILIES,
    dtypes=DTYPES,
    covers=("nn.InstanceNorm1d", "nn.InstanceNorm2d", "nn.InstanceNorm3d"),
)
class instance_norm:
    """The mean and variance of each channel of each sample normalize it."""

    note = "paddle's InstanceNorm learns a scale and a shift by default, torch's with affine=True only."
    torch = lambda f, x, weight, bias, layout, eps: (
        lambda y: y.movedim(1, -1) if layout in ("NLC", "NHWC", "NDHWC") else y
    )(
        f.nn.functional.instance_norm(
            x.movedim(-1, 1) if layout in ("NLC", "NHWC", "NDHWC") else x, weight=weight, bias=bias, eps=eps
        )
    )
    paddle = lambda f, x, weight, bias, layout, eps: f.nn.functional.instance_norm(
        x, weight=weight, bias=bias, eps=eps, data_format=layout
    )
    value = _instance_norm

    @staticmethod
    def variant_gradient_read_in_order(x, weight, bias, layout, eps):
        """The gradient of one sample whose channels come last in memory is read as if they came first."""
        found = _instance_norm(x, weight, bias, layout, eps)
        if x.shape[0] > 1 or layout not in ("NHWC", "NDHWC"):
            return found
        inner = _instance_norm(first(x, layout), weight, bias, "NCHW", eps)
        return Quantity(found.value, found.error, linked((inner, lambda g: g.reshape(inner.shape))))

    variant_channels_first = lambda **inputs: _channels_first(**inputs)

    @staticmethod
    def variant_turned_channels_first(x, weight, bias, layout, eps):
        """The same where the channels are put last before the call, and what it gives is put back."""
        turned = x if layout[-1] == "C" else back(x, "NHWC")
        found = _channels_first(turned, weight, bias, "NHWC", eps)
        return found if layout[-1] == "C" or isinstance(found, Rejects) else first(found, "NHWC")


@st.composite
def grouped(draw: st.DrawFn, /) -> Structure:
    """An input whose channels fall into groups."""
    found = dict(draw(channelled(ranks=(4, 3, 5))))
    groups, each_has = draw(st.sampled_from((2, 1, 3, 4))), draw(st.sampled_from((2, 1, 3)))
    shape, channels = list(found["x"].shape), groups * each_has
    shape[-1 if found["layout"][-1] == "C" else 1] = channels
    for name in ("weight", "bias"):
        found[name] = None if found[name] is None else Floats((channels,), **LEARNED)
    return {**found, "x": Floats(tuple(shape), specials=False), "groups": groups}


def _group_moments(parts, of_squares):
    """of_squares: the variance is the mean of squares less the square of the mean."""
    mean, variance = moments(parts, (2,))
    if of_squares:
        count = parts.shape[2]
        growth = min(count, 3 * count**0.5) + 3
        lost = growth * current().unit * np.mean(np.square(parts.value), axis=2, keepdims=True)
        variance = Quantity(variance.value, variance.error + lost, variance.links)
    return mean, variance


def _scale(variance, eps):
    """Nothing is promised of a deviation whose variance is lost in its error."""
    shifted = variance + eps
    open_ = np.where(shifted.error > shifted.value / 2, np.inf, shifted.error)
    return rsqrt(Quantity(shifted.value, open_, shifted.links))


def _group_norm(x, weight, bias, layout, eps, groups, of_squares=False):
    x = first(x, layout)
    parts = x.reshape(x.shape[0], groups, -1)
    mean, variance = _group_moments(parts, of_squares)
    scale = _scale(variance, eps)
    shape = (x.shape[0], groups, x.shape[1] // groups, -1)
    split = parts.reshape(shape)
    learned = [None if one is None else one.reshape(1, groups, -1, 1) for one in (weight, bias)]
    scale = scale.reshape(*scale.shape, 1) if weight is None else scale.reshape(*scale.shape, 1) * learned[0]
    found = affine(split, mean.reshape(*mean.shape, 1), scale, learned[1]).reshape(x.shape)
    factor = np.ones(x.shape) if weight is None else np.broadcast_to(spread(weight, x.ndim).value, x.shape)
    return back(_uncentred(found, x, groups, _scale(variance, eps).value, mean.value, factor), layout)


def _uncentred(found, x, groups, scale, mean, factor):
    """The same, whose gradient may be formed from the sum of g x less the mean times that of g."""
    parts = x.value.reshape(x.shape[0], groups, -1)
    centred, size = parts - mean, np.abs(parts) + np.abs(mean)
    count = parts.shape[2]

    def lost(g):
        weighed = (g.value * factor).reshape(parts.shape)
        sums = (min(count, 3 * count**0.5) + 3) * np.mean(np.abs(weighed) * size, axis=2, keepdims=True)
        products = 2 * np.abs(np.mean(weighed * centred, axis=2, keepdims=True)) * size
        error = current().unit * scale**3 * (np.abs(centred) * sums + products)
        return Quantity(np.zeros(x.shape), error.reshape(x.shape))

    return Quantity(found.value, found.error, linked((found, lambda g: g), (x, lost)))


def _from_the_output(x, weight, bias, layout, eps, groups):
    """In the gradient the normalized input is found from the output, and is 0 where the weight is.

    Without a weight the gradient lacks the mean of what comes in.
    """
    x = first(x, layout)
    found = _group_norm(x.plain, weight and weight.plain, bias and bias.plain, "NCHW", eps, groups, True)
    parts = x.plain.reshape(x.shape[0], groups, -1)
    mean, variance = _group_moments(parts, True)
    scale = _scale(variance, eps)
    hat = ((parts - mean) * scale).reshape(x.shape)
    rank = x.ndim
    if weight is not None:
        w, b = spread(weight.plain, rank), spread(bias.plain, rank)
        with np.errstate(all="ignore"):
            off = 2 * current().unit * (np.abs(found.value) + np.abs(b.value)) / np.abs(w.value)
        hat = where(np.broadcast_to(w.value == 0, x.shape), 0.0, Quantity(hat.value, hat.error + off))

    def of_x(g):
        g = g if weight is None else g * w
        g, h = g.reshape(parts.shape), hat.reshape(parts.shape)
        slope = g - h * (g * h).mean(axis=2, keepdims=True)
        if weight is not None:
            slope = slope - g.mean(axis=2, keepdims=True)
        return (slope * scale).reshape(x.shape)

    links = [(x, of_x)]
    if weight is not None:
        rest = _rest(x)
        links += [(weight, lambda g: (g * hat).sum(axis=rest)), (bias, lambda g: g.sum(axis=rest))]
    return back(Quantity(found.value, found.error, linked(*links)), layout)


@operator(
    "normalization.group_norm",
    area=AREA,
    cases=grouped(),
    gradients=PARAMETERS,
    dtypes=DTYPES,
    families=FAMILIES,
    covers=("nn.GroupNorm",),
)
class group_norm:
    """The mean and variance of each group of channels of each sample normalize it."""

    torch = lambda f, x, weight, bias, layout, eps, groups: (
        lambda y: y.movedim(1, -1) if layout in ("NLC", "NHWC", "NDHWC") else y
    )(
        f.nn.functional.group_norm(
            x.movedim(-1, 1) if layout in ("NLC", "NHWC", "NDHWC") else x, groups, weight, bias, eps
        )
    )
    paddle = lambda f, x, weight, bias, layout, eps, groups: f.nn.functional.group_norm(
        x, groups, eps, weight, bias, layout
    )
    value = _group_norm
    variant_from_the_output = _from_the_output
    variant_from_the_output_float32_eps = lambda eps, **inputs: _from_the_output(eps=_single(eps), **inputs)
    variant_lacking = lambda **inputs: Rejects("there is none", error="has no attribute 'group_norm'")
    variant_mean_of_squares_in_any = lambda x, **inputs: _group_norm(x=x, **inputs, of_squares=x.ndim in (4, 5))
    variant_mean_of_squares = lambda layout, **inputs: _group_norm(
        layout=layout, **inputs, of_squares=layout in ("NHWC", "NDHWC")
    )


@st.composite
def trailing(draw: st.DrawFn, /) -> Structure:
    """An input of any rank, whose last axes are normalized together."""
    shape = [draw(st.integers(1, 4)) for _ in range(draw(st.integers(1, 4)))]
    shape[-1] = draw(st.sampled_from((4, 2, 3, 8, 17, 64, 257)))
    count = draw(st.integers(1, len(shape)))
    normalized = tuple(shape[-count:])
    learned = draw(each((True, True), (False, False), (True, False), (False, True)))
    weight, bias = (Floats(normalized, **LEARNED) if one else None for one in learned)
    return {
        "x": Floats(tuple(shape), specials=False),
        "weight": weight,
        "bias": bias,
        "normalized": normalized,
        "eps": draw(each(1e-5, 1e-3, 0.1)),
    }


@operator(
    "normalization.layer_norm",
    area=AREA,
    cases=trailing(),
    gradients=PARAMETERS,
    families=FAMILIES,
    dtypes=DTYPES,
    covers=("nn.LayerNorm",),
)
class layer_norm:
    """The mean and variance over the last axes normalize them."""

    note = "paddle's LayerNorm keeps weight and bias in one axis, whatever the rank of the normalized shape."
    torch = lambda f, x, weight, bias, normalized, eps: f.nn.functional.layer_norm(x, normalized, weight, bias, eps)
    paddle = lambda f, x, weight, bias, normalized, eps: f.nn.functional.layer_norm(
        x,
        normalized,
        None if weight is None else weight.flatten(),
        None if bias is None else bias.flatten(),
        eps,
    )
    value = lambda x, weight, bias, normalized, eps: standardized(
        x, tuple(range(x.ndim - len(normalized), x.ndim)), eps, weight, bias
    )

    @staticmethod
    def variant_some_axis_left(x, weight, bias, normalized, eps):
        if x.ndim == len(normalized):
            return Rejects("no axis is left that is not normalized", error="'begin_norm_axis' in Op(LayerNorm)")
        if eps > 1e-3:
            return Rejects("an eps of more than 0.001", error="'epsilon' in Op(LayerNorm) should be between")
        return standardized(x, tuple(range(x.ndim - len(normalized), x.ndim)), _single(eps), weight, bias)
