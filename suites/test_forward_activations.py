"""Forward results and gradients of the activations, at special values too."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import LONG, array_shapes, fills
from reference_impl.oracle import nn
from suites.softmax import Softmax, clipped, clipped_in_registers, shifted
from suites.specials import INFINITIES, NOT_A_NUMBER, ZEROS, bounded, sprinkled


def elementwise() -> st.SearchStrategy[list[Sample]]:
    """Arrays of any rank, some with NaN, infinities, subnormals and zeros of either sign among their values."""
    return array_shapes(9, axes=4).flatmap(
        lambda shape: sprinkled(fills(lambda fill: {"x": fill(shape), "cotangent": fill(shape)}, limit=12))
    )


@contract("nn.relu", covers=("nn.ReLU",), area="forward", samples=elementwise(), gradients=("x",))
class relu:
    """ReLU keeps positive numbers, zeroes negative ones and passes on NaN; its gradient at 0 is 0."""

    @staticmethod
    def torch(x):
        from torch.nn import functional

        return functional.relu(x)

    @staticmethod
    def paddle(x):
        from paddle.nn import functional

        return functional.relu(x)

    @staticmethod
    def oracle(x, cotangent) -> dict[str, Acceptance]:
        passes = ~(x <= 0)
        return {
            "output": accuracy.exact(nn.relu(x), signed=False),
            "gradient.x": accuracy.exact(np.where(passes, cotangent, 0.0).astype(np.float64), signed=False),
        }

    @staticmethod
    def variant_zero_for_nan(x, cotangent) -> dict[str, Acceptance]:
        """A NaN becomes 0, and no gradient reaches it."""
        return relu.oracle(np.where(np.isnan(x), 0.0, x), cotangent)


SIGMOID, SIGMOID_GRADIENT = 4.0, 6.0
TANH, TANH_GRADIENT = 7.0, 3.5
"""Unit roundoffs; the largest seen were 3.1, 4.4, 5.9 and 2.4, all of paddle (benchmarks/activation_constants.py)."""
OVERFLOW = -88.72
"""Below this argument exp(-x) exceeds the largest float32, and 1 / (1 + exp(-x)) is 0 instead of at most 2**-128."""


@contract(
    "nn.sigmoid",
    covers=(
        "nn.Sigmoid",
        "paddle.nn.functional.sigmoid",
    ),
    area="forward",
    samples=elementwise().map(bounded),
    gradients=("x",),
)
class sigmoid:
    """The logistic function 1 / (1 + exp(-x)) is accurate to a few units in the last place until exp(-x) overflows."""

    @staticmethod
    def torch(x):
        from torch.nn import functional

        return functional.sigmoid(x)

    @staticmethod
    def paddle(x):
        from paddle.nn import functional

        return functional.sigmoid(x)

    @staticmethod
    def oracle(x, cotangent) -> dict[str, Acceptance]:
        value = nn.sigmoid(x)
        lost = np.where(x < OVERFLOW, value, 0.0)
        output = accuracy.rounded(value, SIGMOID)
        # Frameworks form g * y * (1 - y) from the rounded y: near y = 1 the error is a unit of y, not of 1 - y.
        gradient = accuracy.rounded(nn.sigmoid_gradient(cotangent, x), SIGMOID_GRADIENT, cotangent * value)
        return {
            "output": replace(output, bound=output.bound + lost),
            "gradient.x": replace(gradient, bound=gradient.bound + np.abs(cotangent * lost)),
        }


@contract(
    "nn.tanh",
    covers=(
        "nn.Tanh",
        "paddle.tanh",
    ),
    area="forward",
    samples=elementwise().map(bounded),
    gradients=("x",),
)
class tanh:
    """The hyperbolic tangent is accurate to a few units in the last place, small arguments included."""

    @staticmethod
    def torch(x):
        from torch import tanh

        return tanh(x)

    @staticmethod
    def paddle(x):
        from paddle import tanh

        return tanh(x)

    @staticmethod
    def oracle(x, cotangent) -> dict[str, Acceptance]:
        value = nn.tanh(x)
        # Frameworks form g * (1 - y * y) from the rounded y: towards y = 1 its errors, and no others, remain.
        scale = cotangent * (1.0 + 4.0 * np.square(value))
        return {
            "output": accuracy.rounded(value, TANH),
            "gradient.x": accuracy.rounded(nn.tanh_gradient(cotangent, x), TANH_GRADIENT, scale),
        }


@st.composite
def softmaxes(draw: st.DrawFn) -> list[Sample]:
    """Logits of any rank with the axis counted from either end; some gaps exceed 64, and some logits are infinite.

    In most draws the axis is long. Every other sample takes the last axis, as most users do, counted from the end.
    """
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    axis = draw(st.integers(-len(lengths), len(lengths) - 1))
    if draw(st.integers(1, 10)) > 3:
        lengths = [min(length, 3) for length in lengths]
        lengths[axis] = draw(st.sampled_from(LONG))
    shape = tuple(lengths)
    axes = itertools.cycle((-1, axis))
    drawn = fills(lambda fill: {"x": fill(shape), "axis": next(axes), "cotangent": fill(shape)}, limit=20).map(bounded)
    return draw(sprinkled(drawn, values=(*INFINITIES, *NOT_A_NUMBER, *ZEROS), share=0.1))


@contract(
    "nn.softmax",
    covers=(
        "nn.Softmax",
        "paddle.nn.functional.softmax",
    ),
    area="forward",
    samples=softmaxes(),
    gradients=("x",),
)
class softmax:
    """A softmax along any axis sums to 1, survives any finite gap between logits, and gives -inf probability 0."""

    @staticmethod
    def torch(x, axis):
        from torch.nn import functional

        return functional.softmax(x, axis)

    @staticmethod
    def paddle(x, axis):
        from paddle.nn import functional

        return functional.softmax(x, axis)

    @staticmethod
    def oracle(x, axis, cotangent) -> dict[str, Acceptance]:
        return Softmax(shifted(x, axis), axis, cotangent).probabilities()

    @staticmethod
    def variant_clipped(x, axis, cotangent) -> dict[str, Acceptance]:
        """Logits more than 64 below the largest count as 64 below it, and so do most that are NaN."""
        return Softmax(clipped_in_registers(x, axis), axis, cotangent).probabilities()


@contract("nn.log_softmax", covers=("nn.LogSoftmax",), area="forward", samples=softmaxes(), gradients=("x",))
class log_softmax:
    """The logarithm of a softmax stays finite and accurate where the probability itself would underflow."""

    @staticmethod
    def torch(x, axis):
        from torch.nn import functional

        return functional.log_softmax(x, axis)

    @staticmethod
    def paddle(x, axis):
        from paddle.nn import functional

        return functional.log_softmax(x, axis)

    @staticmethod
    def oracle(x, axis, cotangent) -> dict[str, Acceptance]:
        return Softmax(shifted(x, axis), axis, cotangent).logarithms()

    @staticmethod
    def variant_clipped(x, axis, cotangent) -> dict[str, Acceptance]:
        """Logits more than 64 below the largest count as 64 below it."""
        return Softmax(clipped(x, axis), axis, cotangent).logarithms()
