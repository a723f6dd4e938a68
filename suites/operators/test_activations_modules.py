"""Activations as programs build them (modules, functions, methods, in place), softmaxes, and slopes that are learned.

The softmax is what traced programs call most of all functions of layers: along any axis, into another dtype.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.accuracy import Rejects
from conformance.attention import largest, log_softmax, softmax
from conformance.contract import REAL
from conformance.formats import between_kernels, computed_as, rounded
from conformance.functions import apply, log, relu, sigmoid
from conformance.number_formats import FORMATS, computed_in, returned
from conformance.operators import Floats, Structure, each, one, operator
from conformance.quantity import acceptance, backward, scaled, variable, where
from conformance.strategies import COUNTS, generator, real, seeds
from conformance.sums import move
from suites.softmax import clipped, clipped_by_format, clipped_in_registers
from suites.support import masks
from suites.support.unreached import without_any

AREA = "activations"
EMPTY = Rejects("there is no gradient of nothing", "Unable to fill empty grad inputs")
SUBNORMAL = 2.0**-13


def cast_badly(found: Acceptance) -> np.ndarray:
    """Where paddle's cast to float16 gives a subnormal number for one that is far smaller still."""
    size = np.abs(found.value) + np.where(np.isfinite(found.bound), found.bound, 0.0)
    return (np.abs(found.value) < 2.0**-77) & (size > 2.0**-90)


def _built(f, x, how, module, function):
    """One activation in one of the ways to call it. In place it changes a copy, as a leaf keeps its value."""
    if how == "module":
        return getattr(f.nn, module)()(x)
    if how == "method":
        return getattr(x, function)()
    if how == "in place":
        return getattr(f.nn.functional, f"{function}_")(x * 1)
    return getattr(f.nn.functional, function)(x)


@operator(
    "act.relu",
    area=AREA,
    cases=one(points=(0.0,), how=("module", "function", "in place")),
    covers=("nn.ReLU",),
)
class relu_:
    """max(x, 0), NaN passed on; no gradient at 0."""

    both = lambda f, x, how: _built(f, x, how, "ReLU", "relu")
    value = lambda x, how: relu(x)
    variant_zero_for_nan = lambda x, how: where(x.value > 0, x, 0.0)
    variant_nothing_refused = lambda x, how: (
        relu(x)
        if x.value.size or how != "in place"
        else Rejects("nothing is changed in place", "modified by an inplace")
    )


@operator(
    "act.sigmoid",
    area=AREA,
    cases=one(how=("module", "function", "method")),
    stepwise="gradient",
    covers=("nn.Sigmoid", "paddle.nn.functional.sigmoid"),
)
class sigmoid_:
    """1 / (1 + exp(-x))."""

    both = lambda f, x, how: _built(f, x, how, "Sigmoid", "sigmoid")
    value = lambda x, how: sigmoid(x)


@operator(
    "act.tanh",
    area=AREA,
    cases=one(how=("module", "function", "method", "in place")),
    covers=("nn.Tanh", "paddle.tanh"),
)
class tanh_:
    """The hyperbolic tangent."""

    torch = lambda f, x, how: _built(f, x, how, "Tanh", "tanh") if how != "in place" else (x * 1).tanh_()
    paddle = lambda f, x, how: _built(f, x, how, "Tanh", "tanh") if how != "in place" else (x * 1).tanh_()
    value = lambda x, how: apply("tanh", x)
    variant_nothing_refused = lambda x, how: apply("tanh", x) if x.value.size else EMPTY


@st.composite
def _along(draw: st.DrawFn, /, **options: tuple[Any, ...]) -> Structure:
    """A shape of one to five axes, one of them long in half of the draws, and an axis from either end; or 0-d."""
    rank = draw(each(4, 2, 3, 4, 0, 1, 5))  # most of those that programs take have four
    shape: list[int] = draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank))
    axis = draw(st.integers(-len(shape), len(shape) - 1) if shape else each(0, -1))
    long: bool = draw(st.booleans())
    if shape and long:
        shape = [min(length, 2) for length in shape]
        shape[axis] = draw(st.sampled_from(COUNTS))
    x = Floats(tuple(shape), scale=draw(each(1.0, 30.0)))
    return {"x": x, "axis": axis, **{name: draw(each(*values)) for name, values in options.items()}}


def _axis(f):
    return "dim" if f.__name__ == "torch" else "axis"


def _in_way(f, name, x, axis, how):
    """A softmax or its logarithm by module, function or, where there is one, method."""
    if how == "module":
        return getattr(f.nn, {"softmax": "Softmax", "log_softmax": "LogSoftmax"}[name])(axis)(x)
    if how == "method" and hasattr(x, name):
        return getattr(x, name)(axis)
    return getattr(f.nn.functional, name)(x, **{_axis(f): axis})


def _into(f, name, x, axis, dtype):
    asked = {"dim": axis, "dtype": getattr(f, dtype)} if f.__name__ == "torch" else {"axis": axis, "dtype": dtype}
    found = getattr(f.nn.functional, name)(x, **asked)
    if found.dtype != getattr(f, dtype):
        raise TypeError(f"the result is {found.dtype}, not {dtype}")
    return found


def _constant(x, number):
    return where(np.full(x.shape, True), number, x).with_gradient(x, lambda g: g * 0.0)


def _rounded_sum(x, axis, total):
    """The sum, its logarithm, and that plus the largest, each kept in the format of the result."""
    with computed_in(returned()):
        total = rounded(total)
    logarithm = log(total)
    with computed_in(returned()):
        return rounded(largest(x, axis) + rounded(logarithm))


WAYS = ("function", "module", "function", "method")


@operator("act.softmax", area=AREA, cases=_along(how=WAYS), covers=("nn.Softmax", "paddle.nn.functional.softmax"))
class softmax_:
    """exp(x) / sum exp(x) along any axis."""

    both = lambda f, x, axis, how: _in_way(f, "softmax", x, axis, how)
    value = lambda x, axis, how: softmax(x, axis)
    variant_clipped = lambda x, axis, how: softmax(x, axis, clipped_by_format)
    variant_one_of_a_number = lambda x, axis, how: softmax(x, axis) if x.ndim else _constant(x, 1.0)


@operator("act.log_softmax", area=AREA, cases=_along(how=WAYS), covers=("nn.LogSoftmax",))
class log_softmax_:
    """x - log(sum exp(x)) along any axis."""

    both = lambda f, x, axis, how: _in_way(f, "log_softmax", x, axis, how)
    value = lambda x, axis, how: log_softmax(x, axis)
    variant_clipped = lambda x, axis, how: log_softmax(x, axis, clipped)
    variant_zero_of_a_number = lambda x, axis, how: log_softmax(x, axis) if x.ndim else _constant(x, 0.0)
    variant_sum_rounded = lambda x, axis, how: log_softmax(x, axis, None, _rounded_sum)


FUNCTIONS = {"softmax": softmax, "log_softmax": log_softmax}


@operator(
    "act.softmax_into",
    area=AREA,
    cases=_along(name=("softmax", "softmax", "log_softmax"), dtype=("float32", "float64")),
    dtypes=("float32", "float64"),
    covers=("nn.Softmax", "nn.LogSoftmax", "paddle.nn.functional.softmax"),
)
class softmax_into:
    """A softmax or its logarithm computed in another dtype, and cast back by the program."""

    torch = lambda f, x, axis, name, dtype: _into(f, name, x, axis, dtype).to(x.dtype)
    paddle = lambda f, x, axis, name, dtype: _into(f, name, x, axis, dtype).astype(x.dtype)
    value = lambda x, axis, name, dtype: computed_as(dtype, lambda x: FUNCTIONS[name](x, axis), x)

    @staticmethod
    def variant_clipped(x, axis, name, dtype):
        if x.ndim == 0:
            return _constant(x, float(name == "softmax"))
        change = clipped if dtype == "float64" or name == "log_softmax" else clipped_in_registers
        return computed_as(dtype, lambda x: FUNCTIONS[name](x, axis, change), x)


@st.composite
def _halves(draw: st.DrawFn) -> list[Sample]:
    """Numbers in float16 whose softmax is asked for in float32, as attention does."""
    found = []
    for family in ("normal", "whole", "heavy"):
        structure = draw(_along(name=("softmax", "softmax", "log_softmax")))
        rng = generator(draw(seeds))
        shape = structure["x"].shape
        x = structure["x"].filled(rng, "float16", family)
        found.append(Sample({**structure, "x": x, "cotangent": real(rng, shape, "normal")}, REAL))
    return found


@contract(
    "act.softmax_widened",
    area=AREA,
    samples=_halves(),
    gradients=("x",),
    share=0.1,
    covers=("nn.Softmax", "nn.LogSoftmax", "paddle.nn.functional.softmax"),
)
class softmax_widened:
    """A softmax or its logarithm of float16 numbers, in float32; the gradient comes back in float16."""

    @staticmethod
    def torch(x, axis, name):
        import torch

        return _into(torch, name, x, axis, "float32")

    @staticmethod
    def paddle(x, axis, name):
        import paddle

        return _into(paddle, name, x, axis, "float32")

    @staticmethod
    def oracle(x, axis, name, cotangent, change=None) -> dict[str, Acceptance]:
        leaf = variable(x)
        found = FUNCTIONS[name](leaf, axis, change)
        (gradient,) = backward([(found, cotangent)], [leaf])
        assert gradient is not None
        return {
            "output": acceptance(found, "float32", "float32"),
            "gradient.x": acceptance(gradient, "float16", "float32"),
        }

    @staticmethod
    def variant_clipped(x, axis, name, cotangent) -> dict[str, Acceptance]:
        """Distances are cut off at 64; and a gradient below 7e-24 becomes a subnormal number when it is cast."""
        change = clipped if name == "log_softmax" else clipped_in_registers
        found = softmax_widened.oracle(x, axis, name, cotangent, change)
        gradient = found["gradient.x"]
        return {**found, "gradient.x": replace(gradient, bound=gradient.bound + SUBNORMAL * cast_badly(gradient))}

    @staticmethod
    def variant_clipped_and_cut(x, axis, name, cotangent) -> dict[str, Acceptance]:
        """Distances are cut off at 64; and a gradient is cast towards 0 rather than to the nearest number."""
        change = clipped if name == "log_softmax" else clipped_in_registers
        found = softmax_widened.oracle(x, axis, name, cotangent, change)
        gradient = found["gradient.x"]
        cut = FORMATS["float16"].unit * np.abs(np.nan_to_num(gradient.value, posinf=0.0, neginf=0.0))
        return {**found, "gradient.x": replace(gradient, bound=gradient.bound + cut + FORMATS["float16"].smallest)}


@st.composite
def _channels(draw: st.DrawFn) -> Structure:
    """A batch of one to three axes after the channels, channels first or last, with one slope or one each."""
    batch, channels = draw(st.integers(1, 3)), draw(each(3, 1, 2, 16))
    sides = draw(st.lists(st.integers(1, 4), max_size=3))
    last = bool(draw(each(False, False, True)) and sides)
    shape = (batch, *sides, channels) if last else (batch, channels, *sides)
    count = channels if draw(st.booleans()) else 1
    return {"x": Floats(shape, points=(0.0,)), "weight": Floats((count,), specials=False), "last": last}


def _slopes(x, weight, last):
    count = weight.shape[0]
    slope = weight.reshape(*(1,) * (x.ndim - 1), count) if last else weight.reshape(1, count, *(1,) * (x.ndim - 2))
    # The gradient of each element's slope is stored before those of a channel are added up.
    slope = between_kernels(move(lambda array: np.broadcast_to(array, x.shape), slope))
    return where(x.value > 0, x, where(x.value > 0, 0.0, x) * slope)


def _module(f, x, weight, last):
    """The module, given the weight in place of its own."""
    count = weight.shape[0]
    if f.__name__ == "torch":
        made = f.nn.PReLU(count, dtype=x.dtype)
        x = x.movedim(-1, 1) if last else x
        found = f.func.functional_call(made, {"weight": weight}, (x,))
        return found.movedim(1, -1) if last else found
    layout = ("NLC", "NHWC", "NDHWC")[x.ndim - 3] if last else ("NC", "NCL", "NCHW", "NCDHW")[x.ndim - 2]
    return f.nn.functional.prelu(x, weight, data_format=layout)


@operator("act.prelu", area=AREA, cases=_channels(), gradients=("x", "weight"), covers=("nn.PReLU",))
class prelu:
    """x where positive, elsewhere x times a slope that is learned, one for all or one for each channel."""

    both = lambda f, x, weight, last: _module(f, x, weight, last)
    value = _slopes


def _evaluated(f, x, bounds, how):
    if how == "function":
        return f.nn.functional.rrelu(x, *bounds, training=False)
    module = f.nn.RReLU(*bounds)
    module.eval()
    return module(x)


@operator(
    "act.rrelu",
    area=AREA,
    cases=one(points=(0.0,), bounds=((1 / 8, 1 / 3), (0.25, 0.25), (0.0, 1.0)), how=("module", "function")),
    covers=("nn.RReLU",),
)
class rrelu:
    """In evaluation the slope of what is negative is the mean of both bounds."""

    both = lambda f, x, bounds, how: _evaluated(f, x, bounds, how)
    value = lambda x, bounds, how: where(x.value > 0, x, scaled(x, sum(bounds) / 2, 2))
    variant_no_gradient_evaluated = without_any(value, lambda inputs: inputs["how"] == "module")

    @staticmethod
    def variant_float32_slope(x, bounds, how):
        slope = float(np.mean(np.array(bounds, np.float32)))
        found = where(x.value >= 0, x, scaled(x, slope, 2))
        return found.with_gradient(x, lambda g: where(x.value >= 0, g, scaled(g, slope, 2)))


@st.composite
def _negatives(draw: st.DrawFn) -> list[Sample]:
    """A thousand numbers or two, of which most are negative, and the bounds of their slopes."""
    found = []
    for dtype in ("float32", "float64"):
        rng = generator(draw(seeds))
        shape = draw(each((40, 50), (2, 900), (2, 10, 9, 10)))
        x = (rng.uniform(0.5, 2.0, shape) * np.where(rng.random(shape) < 0.2, 1, -1)).astype(dtype)
        bounds = draw(each((1 / 8, 1 / 3), (0.25, 0.25), (0.25, 1.0), (0.0, 0.5)))
        cotangent = rng.uniform(0.5, 2.0, shape).astype(dtype)
        inputs = {"x": x, "bounds": bounds, "how": draw(each("module", "function")), "cotangent": cotangent}
        found.append(Sample(inputs, REAL))
    return found


def _randomly(f, x, bounds, how):
    output = f.nn.RReLU(*bounds)(x) if how == "module" else f.nn.functional.rrelu(x, *bounds, True)
    given, found = masks.numbers(x), masks.numbers(output)
    slopes = (found / given)[given < 0]
    high = np.where(given < 0, found / given > sum(bounds) / 2, False)
    pairs = (given[..., 1:] < 0) & (given[..., :-1] < 0) & high[..., 1:] & high[..., :-1]
    return {"output": output, "slopes": np.sort(slopes), "high_pairs": int(pairs.sum())}


@contract(
    "act.rrelu_training",
    area=AREA,
    samples=_negatives(),
    gradients=("x",),
    conditioned=True,
    share=0.05,
    may_be_zero=("high_pairs",),
    covers=("nn.RReLU",),
)
class rrelu_training:
    """In training each negative number, and its gradient, has a slope of its own, drawn evenly between both bounds."""

    note = "paddle.nn.RReLU refuses an upper bound above 1, which torch takes."

    @staticmethod
    def torch(x, bounds, how):
        import torch

        return _randomly(torch, x, bounds, how)

    @staticmethod
    def paddle(x, bounds, how):
        import paddle

        return _randomly(paddle, x, bounds, how)

    @staticmethod
    def oracle(x, bounds, how, cotangent, observed) -> dict[str, Acceptance]:
        low, high = bounds
        output = np.asarray(observed.get("output", x), float)
        unit = 8 * FORMATS[str(x.dtype)].unit
        slope = np.where(x > 0, 1.0, np.clip(output / x, low * (1 - 1e-7), high * (1 + 1e-7)))
        value, gradient = slope * x, slope * cotangent
        negative = x < 0
        pairs = int((negative[..., 1:] & negative[..., :-1]).sum())
        counted = masks.counted(pairs, 0.0 if low == high else 0.25, 2)
        return {
            "output": Acceptance(value, np.where(x > 0, 0.0, unit * np.abs(value)), np.inf, str(x.dtype)),
            "gradient.x": Acceptance(gradient, unit * np.abs(gradient), np.inf, str(x.dtype)),
            "slopes": masks.uniform(low, high, int(negative.sum())),
            "high_pairs": replace(counted, bound=np.inf) if low == high else counted,
        }
