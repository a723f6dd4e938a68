"""Normalization by lengths and by neighbours: p-norms, root mean squares, local responses, and the fused calls."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.formats import rounded
from conformance.functions import rsqrt, square
from conformance.normalization import affine, length, power, standardized
from conformance.number_formats import computed_in, returned
from conformance.operators import ORDINARY, Floats, Structure, each, operator
from conformance.quantity import Quantity, quantity, scaled, stored, where, without_gradient
from conformance.sums import move

AREA = "normalization"
DTYPES = ("float32", "float64")
NOT_TINY = tuple(family for family in ORDINARY if family != "tiny")
PLAIN: dict[str, Any] = {"specials": False}
LEARNED: dict[str, Any] = {"specials": False, "low": 0.125, "high": 4.0, "points": (1.0, 0.0, -1.0)}


@st.composite
def normalizable(draw: st.DrawFn, /) -> Structure:
    """An input, some of whose vectors are 0, with a norm, an axis and eps."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    shape = (*shape, draw(each(3, 1, 8, 257)))
    axis = max(min(axis, len(shape) - 1), -len(shape))
    return {
        "x": Floats(shape, scale=draw(each(1.0, 1e-3)), **PLAIN),
        "p": draw(each(2.0, 1.0, 3.0, float("inf"))),
        "axis": axis,
        "eps": draw(each(1e-12, 1e-3)),
    }


def _normalize(x, p, axis, eps, **how):
    size, least = length(x, p, axis, True, **how), stored(quantity(eps))
    found = x / where(size.value < least.value, least, size)
    kink = np.abs(size.value - least.value) <= size.error  # where either slope is one, and either may be taken
    return without_gradient(found, x, np.broadcast_to(kink, x.shape))


@operator(
    "normalization.normalize",
    area=AREA,
    cases=normalizable(),
    dtypes=DTYPES,
    families=NOT_TINY,
    covers=("F.normalize",),
)
class normalize:
    """x divided by its p-norm along an axis, or by eps where that is larger."""

    both = lambda f, x, p, axis, eps: f.nn.functional.normalize(x, p, axis, eps)
    value = _normalize

    variant_unshared = lambda x, p, axis, eps: _normalize(
        x, p, axis, eps, root=float(np.float32(1 / p)), shared=False, added=float(np.float32(eps))
    )


@st.composite
def neighbours(draw: st.DrawFn, /) -> Structure:
    """An input [N, C, ...] or [N, ..., C] with a window over channels, odd, even, or wider than they are."""
    rank, last = draw(each(4, 3, 5)), draw(st.booleans())
    channels, rows = draw(each(4, 1, 2, 7)), draw(st.integers(1, 3))
    rest = [draw(st.integers(1, 3)) for _ in range(rank - 2)]
    first, behind = {3: ("NCL", "NLC"), 4: ("NCHW", "NHWC"), 5: ("NCDHW", "NDHWC")}[rank]
    return {
        "x": Floats((rows, *rest, channels) if last else (rows, channels, *rest), views=rank < 5, **PLAIN),
        "layout": behind if last else first,
        "size": draw(each(5, 3, 2, 1, 4)),
        "alpha": draw(each(1e-4, 0.5, 1.0)),
        "beta": draw(each(0.75, 1.0, 0.5)),
        "k": draw(each(1.0, 2.0)),
    }


def _local_response(x, layout, size, alpha, beta, k, number=float):
    behind = layout[-1] == "C"
    x = move(lambda array: np.moveaxis(array, -1, 1), x) if behind else x
    channels = x.shape[1]
    squares, total = square(x), quantity(0.0)
    for step in range(-(size // 2), (size - 1) // 2 + 1):
        places = np.arange(channels) + step
        inside = ((places >= 0) & (places < channels)).reshape(1, -1, *[1] * (x.ndim - 2))
        near = move(partial(np.take, indices=np.clip(places, 0, channels - 1), axis=1), squares)
        total = total + where(np.broadcast_to(inside, near.shape), near, 0.0)
    share = scaled(total, alpha / size, 3).plain.with_gradient(
        total, lambda g: scaled(g, alpha * float(number(1 / size)), 3)
    )
    found = x / power(share + k, beta)
    return move(lambda array: np.moveaxis(array, 1, -1), found) if behind else found


@operator(
    "normalization.local_response_norm",
    area=AREA,
    cases=neighbours(),
    dtypes=DTYPES,
    covers=("nn.LocalResponseNorm",),
)
class local_response_norm:
    """x / (k + alpha * the mean of squares of neighbouring channels) ** beta, with zeros beyond both ends."""

    torch = lambda f, x, layout, size, alpha, beta, k: (lambda y: y.movedim(1, -1) if layout[-1] == "C" else y)(
        f.nn.functional.local_response_norm(x.movedim(-1, 1) if layout[-1] == "C" else x, size, alpha, beta, k)
    )
    paddle = lambda f, x, layout, size, alpha, beta, k: f.nn.functional.local_response_norm(
        x, size, alpha, beta, k, layout
    )
    value = _local_response
    variant_float32_share = lambda **inputs: _local_response(**inputs, number=np.float32)
    variant_single_in_programs = lambda **inputs: (
        Rejects("float64 is refused", "in local_response_norm must be")
        if returned() == "float64"
        else _local_response(**inputs)
    )


@st.composite
def rows(draw: st.DrawFn, /, offset: bool = True) -> Structure:
    """Rows that are normalized along their last axis, with a weight and a bias."""
    lead = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)))
    width = draw(each(4, 2, 3, 17, 64, 257))
    found = {"x": Floats((*lead, width), **PLAIN), "weight": Floats((width,), **LEARNED)}
    return {**found, **({"bias": Floats((width,), **LEARNED)} if offset else {}), "eps": draw(each(1e-5, 1e-3))}


def _root_mean_square(x, weight, eps, bias=None):
    found = x * rsqrt(square(x).mean(axis=-1, keepdims=True) + eps) * weight
    if bias is None:
        return found
    with computed_in(returned()):  # torch's kernel ends before the bias
        found = rounded(found)
    return found + bias


@operator(
    "normalization.fused_rms_norm",
    area=AREA,
    cases=rows(),
    gradients=(),
    dtypes=("float32", "float16", "bfloat16"),
    covers=("paddle.incubate.nn.functional.fused_rms_norm",),
)
class fused_rms_norm:
    """x over the root of its mean square, times a weight, plus a bias, in one call."""

    torch = lambda f, x, weight, bias, eps: f.nn.functional.rms_norm(x, (x.shape[-1],), weight, eps) + bias
    paddle = lambda f, x, weight, bias, eps: f.incubate.nn.functional.fused_rms_norm(
        x, weight, bias, eps, begin_norm_axis=x.ndim - 1
    )[0]
    value = lambda x, weight, bias, eps: _root_mean_square(x, weight, eps, bias)
    variant_lacking = lambda **inputs: Rejects("there is none", error="kernel `rms_norm` is not registered")

    @staticmethod
    def variant_rounded_between(x, weight, bias, eps):
        """By steps that each round to the precision of x."""
        with computed_in(returned()):
            return _root_mean_square(x, weight, eps, bias)


@operator(
    "normalization.rms_norm",
    area=AREA,
    cases=rows(offset=False),
    gradients=("x", "weight"),
    dtypes=DTYPES,
    covers=("nn.RMSNorm",),
)
class rms_norm:
    """x over the root of its mean square, times a weight."""

    torch = lambda f, x, weight, eps: f.nn.functional.rms_norm(x, (x.shape[-1],), weight, eps)
    paddle = lambda f, x, weight, eps: f.nn.functional.rms_norm(x, (x.shape[-1],), weight, eps)[0]
    value = _root_mean_square
    variant_lacking = lambda **inputs: Rejects("there is none", error="is not registered")
    variant_unknown = lambda **inputs: Rejects("there is none", error="has no attribute 'rms_norm'")


@st.composite
def residual(draw: st.DrawFn, /) -> Structure:
    """Rows with a residual and the bias that is added to it, or neither."""
    found = dict(draw(rows()))
    shape = found["x"].shape
    both = draw(st.booleans())
    return {
        **found,
        "x": Floats((int(np.prod(shape[:-1])), shape[-1]), **PLAIN),
        "residual": Floats((int(np.prod(shape[:-1])), shape[-1]), **PLAIN) if both else None,
        "added": Floats(shape[-1:], **PLAIN) if both else None,
        "alpha": draw(each(1.0, 0.5)) if both else 1.0,
    }


def _layer_norm(x: Quantity, weight, bias, eps, residual, added, alpha, form=standardized):
    summed = x if residual is None else x + added + scaled(residual, alpha, 2)
    return form(summed, (x.ndim - 1,), eps, weight, bias)


def _of_squares(x, axes, eps, weight, bias):
    """The variance is the mean square less the square of the mean, of which little is left where x is far from 0."""
    mean = x.mean(axis=axes, keepdims=True)
    variance = square(x).mean(axis=axes, keepdims=True) - square(mean)
    return affine(x, mean, rsqrt(variance + eps) * weight, bias)


@operator(
    "normalization.fused_layer_norm",
    area=AREA,
    cases=residual(),
    gradients=(),
    dtypes=("float32",),
    covers=("paddle.incubate.nn.functional.fused_layer_norm",),
)
class fused_layer_norm:
    """A layer norm of the sum of an input, a bias and a scaled residual, in one call."""

    torch = lambda f, x, weight, bias, eps, residual, added, alpha: f.nn.functional.layer_norm(
        x if residual is None else x + added + alpha * residual, (x.shape[-1],), weight, bias, eps
    )
    paddle = lambda f, x, weight, bias, eps, residual, added, alpha: (
        lambda found: found[0] if isinstance(found, (tuple, list)) else found
    )(f.incubate.nn.functional.fused_layer_norm(x, weight, bias, eps, alpha, x.ndim - 1, bias=added, residual=residual))
    value = _layer_norm

    @staticmethod
    def variant_variance_of_squares(**inputs):
        return _layer_norm(**inputs, form=_of_squares)

    variant_lacking = lambda **inputs: Rejects(
        "there is none", error="kernel `fused_bias_residual_layernorm` is not registered"
    )
