"""Activations: values, gradients, and the points where their formulas are split."""

from __future__ import annotations

import math

import numpy as np

from conformance.functions import clip, either_side, erf_of_gelu, exp, expm1, log, sigmoid, softplus, tanh
from conformance.number_formats import largest
from conformance.operators import Floats, each, one, operator, shapes
from conformance.quantity import Quantity, scaled, split, stored, where, without_gradient

AREA = "activations"
SIXTH = float(np.float32(1 / 6))
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _exp_minus_one(x, alpha):
    found = (stored(exp(x)) - 1.0) * alpha
    return found.with_gradient(x, lambda g: g * (found.plain + alpha))


def _elu(x, alpha, scale=1.0):
    return split(x.value > 0, x, lambda x: scaled(x, scale, 2), lambda x: scaled(expm1(x), alpha * scale, 4))


@operator("act.relu6", area=AREA, cases=one(points=(0.0, 6.0, 9.0)), covers=("nn.ReLU6",))
class relu6:
    """min(max(x, 0), 6); no gradient at 0 and at 6."""

    both = lambda f, x: f.nn.functional.relu6(x)
    value = lambda x: clip(x, 0.0, 6.0, lambda v: (v > 0) & (v < 6))


def _leaky(x, slope):
    small = scaled(x, slope, 2)
    found = where((x.value >= 0) | np.isnan(small.value), x, small)
    return found.with_gradient(x, lambda g: where(x.value >= 0, g, scaled(g, slope, 2)))


@operator("act.leaky_relu", area=AREA, cases=one(points=(0.0,), slope=(0.01, 0.2, 0.0)), covers=("nn.LeakyReLU",))
class leaky_relu:
    """x where positive, a fraction of it elsewhere; the fraction is the gradient at 0."""

    both = lambda f, x, slope: f.nn.functional.leaky_relu(x, slope)
    value = lambda x, slope: where(x.value > 0, x, scaled(x, slope, 2))

    variant_one_at_zero = lambda x, slope: _leaky(x, slope)
    variant_float32_slope = lambda x, slope: _leaky(x, float(np.float32(slope)))


@operator("act.elu", area=AREA, cases=one(points=(0.0,), alpha=(1.0, 0.5, 2.0)), covers=("nn.ELU",))
class elu:
    """x where positive, alpha (exp(x) - 1) elsewhere."""

    both = lambda f, x, alpha: f.nn.functional.elu(x, alpha)
    value = _elu
    variant_exp_minus_one = lambda x, alpha: split(x.value > 0, x, lambda x: x, lambda x: _exp_minus_one(x, alpha))


@operator("act.celu", area=AREA, cases=one(points=(0.0,), alpha=(1.0, 0.5, 2.0)), covers=("nn.CELU",))
class celu:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""

    both = lambda f, x, alpha: f.nn.functional.celu(x, alpha)
    value = lambda x, alpha: split(x.value > 0, x, lambda x: x, lambda x: expm1(x / alpha) * alpha)

    variant_exp_minus_one = lambda x, alpha: split(
        x.value > 0, x, lambda x: x, lambda x: (stored(exp(x / alpha)) - 1.0) * alpha
    )

    @staticmethod
    def variant_exp_of_all(x, alpha):
        found = split(x.value > 0, x, lambda x: x, lambda x: (stored(exp(x / alpha)) - 1.0) * alpha)
        return without_gradient(found, x, x.value / alpha > np.log(largest()))


@operator("act.selu", area=AREA, cases=one(points=(0.0,)), covers=("nn.SELU",))
class selu:
    """An ELU of fixed alpha, scaled."""

    both = lambda f, x: f.nn.functional.selu(x)
    value = lambda x: _elu(x, SELU_ALPHA, SELU_SCALE)

    variant_exp_minus_one = lambda x: split(
        x.value > 0,
        x,
        lambda x: scaled(x, SELU_SCALE, 2),
        lambda x: scaled(stored(exp(x)) - 1.0, SELU_ALPHA * SELU_SCALE, 4),
    )

    @staticmethod
    def variant_float32_constants(x):
        alpha, scale, both = (float(np.float32(each)) for each in (SELU_ALPHA, SELU_SCALE, SELU_ALPHA * SELU_SCALE))
        found = split(x.value > 0, x, lambda x: x * scale, lambda x: (exp(x) - 1.0) * (alpha * scale))
        return found.with_gradient(x, lambda g: where(x.value > 0, g * scale, g * (found.plain + both)))


@operator("act.gelu", area=AREA, cases=one(), covers=("nn.GELU", "paddle.nn.functional.gelu"))
class gelu:
    """x times the normal distribution function."""

    both = lambda f, x: f.nn.functional.gelu(x)
    value = lambda x: x * 0.5 * (erf_of_gelu(x * math.sqrt(0.5)) + 1.0)


@operator("act.gelu_tanh", area=AREA, cases=one(), covers=("nn.GELU", "paddle.nn.functional.gelu"))
class gelu_tanh:
    """The GELU by its approximation with a hyperbolic tangent."""

    torch = lambda f, x: f.nn.functional.gelu(x, approximate="tanh")
    paddle = lambda f, x: f.nn.functional.gelu(x, approximate=True)
    value = lambda x: x * 0.5 * (tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)) + 1.0)


@operator("act.silu", area=AREA, cases=one(), covers=("nn.SiLU", "paddle.nn.functional.silu"))
class silu:
    """x sigmoid(x)."""

    both = lambda f, x: f.nn.functional.silu(x)
    value = lambda x: x * sigmoid(x)
    variant_gradient_overflows = lambda x: without_gradient(
        x * sigmoid(x), x, -x.value + np.log(np.maximum(-x.value, 1.0)) > np.log(largest()) - 1e-3
    )


@operator("act.mish", area=AREA, cases=one(), covers=("nn.Mish",))
class mish:
    """x tanh(softplus(x))."""

    both = lambda f, x: f.nn.functional.mish(x)
    value = lambda x: x * tanh(softplus(x))

    @staticmethod
    def variant_log_of_sum(x):
        plus = split(x.value > 20, x, lambda x: x, lambda x: log(stored(exp(x) + 1.0))).plain
        part = tanh(plus)
        found = x * part
        return found.with_gradient(x, lambda g: g * (part + x.plain * (1.0 - part * part) * (1.0 - exp(-plus))))


@operator(
    "act.softplus", area=AREA, cases=one(points=(0.0, 20.0), beta=(1, 2), threshold=(20, 5)), covers=("nn.Softplus",)
)
class softplus_:
    """log(1 + exp(beta x)) / beta, and x itself where beta x exceeds the threshold."""

    both = lambda f, x, beta, threshold: f.nn.functional.softplus(x, beta, threshold)
    value = lambda x, beta, threshold: split(
        x.value * beta > threshold, x, lambda x: x, lambda x: softplus(x * float(beta)) / float(beta)
    )
    variant_log_of_sum = lambda x, beta, threshold: split(
        x.value * beta > threshold, x, lambda x: x, lambda x: log(stored(exp(x * float(beta)) + 1.0)) / float(beta)
    )


@operator("act.softsign", area=AREA, cases=one(), stepwise=True, covers=("nn.Softsign",))
class softsign:
    """x / (1 + |x|)."""

    both = lambda f, x: f.nn.functional.softsign(x)

    @staticmethod
    def value(x):
        """The gradient is that of the quotient, or g times the reciprocal of a square, which is rounded once more."""
        found = x / (abs(x) + 1.0)

        def back(g):
            size = abs(x.plain) + 1.0
            quotient, squared = g / size - g * (abs(x.plain) / size / size), g * (1.0 / (size * size))
            return Quantity(quotient.value, np.maximum(quotient.error, squared.error))

        return found.plain.with_gradient(x, back)


@operator("act.tanhshrink", area=AREA, cases=one(), stepwise=True, covers=("nn.Tanhshrink",))
class tanhshrink:
    """x - tanh(x)."""

    both = lambda f, x: f.nn.functional.tanhshrink(x)
    value = lambda x: x - tanh(x)


def _softshrink(x, bound):
    return where(x.value > bound, x - bound, where(x.value < -bound, x + bound, 0.0))


@operator("act.softshrink", area=AREA, cases=one(points=(0.5, -0.5), bound=(0.5, 1.0)), covers=("nn.Softshrink",))
class softshrink:
    """x moved towards 0 by a bound, and 0 within it."""

    both = lambda f, x, bound: f.nn.functional.softshrink(x, bound)
    value = lambda x, bound: where(np.isnan(x.value), x, _softshrink(x, bound))
    variant_zero_for_nan = _softshrink
    variant_nan_at_infinity = lambda x, bound: where(np.isfinite(x.value), _softshrink(x, bound), np.nan)


@operator("act.hardshrink", area=AREA, cases=one(points=(0.5, -0.5), bound=(0.5, 1.0)), covers=("nn.Hardshrink",))
class hardshrink:
    """x outside of a bound, and 0 within it."""

    both = lambda f, x, bound: f.nn.functional.hardshrink(x, bound)
    value = lambda x, bound: where(~(abs(x.value) <= bound), x, 0.0)
    variant_kept_at_bound = lambda x, bound: where(~(abs(x.value) < bound), x, 0.0)


def _line(x):
    """As a multiple of a sum, or as the sum of a multiple: by the worse of both, whose end is rounded too."""
    found, other = scaled(x + 3.0, 1 / 6, 3), scaled(x, 1 / 6, 2) + 0.5
    return Quantity(found.value, np.maximum(found.error, other.error), found.links)


def _hardsigmoid(line):
    return clip(line, 0.0, 1.0, lambda v: (v > 0) & (v < 1))


@operator("act.hardsigmoid", area=AREA, cases=one(points=(3.0, -3.0)), covers=("nn.Hardsigmoid",))
class hardsigmoid:
    """x / 6 + 1 / 2, within 0 and 1."""

    torch = lambda f, x: f.nn.functional.hardsigmoid(x)
    paddle = lambda f, x: f.nn.functional.hardsigmoid(x, slope=1 / 6)
    value = lambda x: _hardsigmoid(_line(x))
    variant_float32_slope = lambda x: _hardsigmoid(scaled(x, SIXTH, 2) + 0.5)

    @staticmethod
    def variant_float32_gradient(x):
        found = _hardsigmoid(_line(x))
        return found.with_gradient(x, lambda g: where(abs(x.value) < 3, scaled(g, SIXTH), 0.0))


def _hardswish(x, below, above):
    middle = lambda x: scaled(x * (x + 3.0), 1 / 6, 3)
    found = split(
        below, x, lambda x: x * 0.0, lambda x: split(above, x, lambda x: scaled(x * 6.0, 1 / 6, 3), middle), 3.0
    )
    end = x + 3.0  # which may be rounded to 6
    return either_side(found, x, ~above & (end.value + end.error >= 6), -0.5)


@operator("act.hardswish", area=AREA, cases=one(points=(3.0, -3.0)), covers=("nn.Hardswish",))
class hardswish:
    """x times its hard sigmoid; at -3 and at 3 with the gradient of outside."""

    both = lambda f, x: f.nn.functional.hardswish(x)
    value = lambda x: _hardswish(x, x.value <= -3, x.value >= 3)
    variant_inside_at_ends = lambda x: without_gradient(_hardswish(x, x.value < -3, x.value > 3), x, x.value == 3)


@operator("act.hardtanh", area=AREA, cases=one(points=(1.0, -1.0)), covers=("nn.Hardtanh",))
class hardtanh:
    """x within -1 and 1; no gradient at either."""

    both = lambda f, x: f.nn.functional.hardtanh(x)
    value = lambda x: clip(x, -1.0, 1.0, lambda v: (v > -1) & (v < 1))


@operator(
    "act.log_sigmoid",
    area=AREA,
    cases=one(),
    stepwise=True,
    covers=("nn.LogSigmoid", "paddle.nn.functional.log_sigmoid"),
)
class log_sigmoid:
    """log(sigmoid(x)), as -log(1 + exp(-x))."""

    torch = lambda f, x: f.nn.functional.logsigmoid(x)
    paddle = lambda f, x: f.nn.functional.log_sigmoid(x)
    value = lambda x: -softplus(-x)

    @staticmethod
    def variant_log_of_sum(x):
        """The gradient is g times a quotient of exponentials, neither of which overflows."""
        found = split(x.value < 0, x, lambda x: x - log(stored(exp(x) + 1.0)), lambda x: -log(stored(exp(-x) + 1.0)))

        def back(g):
            one = lambda x: 1.0 / (exp(x) + 1.0)
            return g * split(x.value < 0, x.plain, one, lambda x: exp(-x) * one(-x))

        return where(np.isneginf(x.value), np.nan, found).plain.with_gradient(x, back)


@operator(
    "act.threshold",
    area=AREA,
    cases=one(points=(0.5,), threshold=(0.5, 1.0), other=(0.0, 7.0)),
    covers=("nn.Threshold",),
)
class threshold:
    """x above a threshold, another value elsewhere."""

    torch = lambda f, x, threshold, other: f.nn.functional.threshold(x, threshold, other)
    paddle = lambda f, x, threshold, other: f.nn.functional.thresholded_relu(x, threshold, other)
    value = lambda x, threshold, other: where(~(x.value <= threshold), x, other)
    variant_other_ignored = lambda x, threshold, other: where(
        ~(x.value <= threshold), x, np.where(np.isinf(x.value), np.nan, 0.0)
    )
    variant_nan_at_infinity = lambda x, threshold, other: where(
        ~(x.value <= threshold), x, np.where(np.isinf(x.value), np.nan, other)
    )


def _gated():
    return shapes(fewest=1, empty=False).flatmap(
        lambda shape: each(*range(-len(shape), len(shape))).map(
            lambda axis: {
                "x": Floats(tuple(2 * n if i == axis % len(shape) else n for i, n in enumerate(shape))),
                "axis": axis,
            }
        )
    )


def _glu(x, axis):
    half = x.shape[axis] // 2
    index = [slice(None)] * x.ndim
    first, second = [*index], [*index]
    first[axis], second[axis] = slice(0, half), slice(half, None)
    return x[tuple(first)] * sigmoid(x[tuple(second)])


@operator("act.glu", area=AREA, cases=_gated(), stepwise=True, covers=("nn.GLU",))
class glu:
    """The first half along an axis times the sigmoid of the second."""

    both = lambda f, x, axis: f.nn.functional.glu(x, axis)
    value = _glu
