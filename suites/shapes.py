"""Drawn structures that several suites share: the geometry of convolutions and pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from conformance import Sample
from conformance.strategies import ROWS, SIDES, WIDTHS, lengths

OUTSIDE = "on a GPU, an index or label outside of its range is no error that a call raises and a process survives"
INDICES_ON_CPU = {"*:cuda": OUTSIDE, "*:gpu": OUTSIDE}
"""Contracts that draw such indices leave out the GPU."""


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    """Two independent integers, for height and width."""
    side = st.integers(low, high)
    return st.tuples(side, side)


KERNELS = st.sampled_from(((1, 1), (3, 3))) | pairs(1, 3)
"""The usual ones, and any small one."""

DEPTHWISE = st.sampled_from(((2, 1, 1), (3, 1, 1), (2, 1, 2), (3, 1, 2)))
"""As :data:`BLOCKED`: every channel a group of its own, from which one or two channels are made."""
DEPTHWISE_KERNELS = st.sampled_from(((3, 3), (3, 3), (2, 2), (1, 3), (3, 1), (2, 3), (3, 2), (1, 1)))
"""Most are of several pixels, as those of networks are: frameworks have kernels of their own for these."""


def convolution_output(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Length of one side after a convolution (Dumoulin and Visin 2016, A guide to convolution arithmetic)."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


BLOCKED = (
    (1, 64, 32),
    (1, 64, 64),
    (1, 33, 17),
    (1, 3, 64),
    (2, 8, 8),
    (3, 8, 16),
    (2, 16, 16),
    (17, 1, 1),
    (33, 1, 2),
)
"""Groups, and channels per group in and out: kernels lay out channels in blocks of 8 or 16, or take one a group."""


@st.composite
def convolution_geometry(draw: st.DrawFn, largest: int = 10) -> dict[str, Any]:
    """Shapes and hyperparameters of a 2-D convolution that has at least one output pixel."""
    channels = st.tuples(st.sampled_from((1, 1, 2, 3)), st.integers(1, 3), st.integers(1, 3))
    groups, inner, outer = draw(DEPTHWISE if draw(st.integers(0, 2)) == 1 else channels)
    parameters = draw(_convolution_parameters(groups))
    kernel, spare = draw(_kernels(groups, inner)), draw(pairs(0, largest - 5))
    batch = draw(st.integers(1, 3))
    return _convolution_shapes(batch, (inner, outer), kernel, spare, draw(st.booleans()), parameters)


@st.composite
def long_convolution_geometry(draw: st.DrawFn) -> dict[str, Any]:
    """As :func:`convolution_geometry`, with many channels, an image wider than a vector, or a large batch."""
    groups, inner, outer = draw(st.sampled_from(BLOCKED + ((1, 2, 3), (2, 1, 1), (1, 2, 3), (2, 1, 2)) * 2))
    parameters = draw(_convolution_parameters(groups))
    batch, height, width = 1, *draw(pairs(0, 4))
    if groups * inner * outer < 8:
        batch, height, width = draw(lengths((1, 3, ROWS), (0, 4, SIDES), (0, 4, SIDES), share=1.0))
    kernel = draw(_kernels(groups, inner))
    return _convolution_shapes(batch, (inner, outer), kernel, (height, width), draw(st.booleans()), parameters)


def _kernels(groups: int, inner: int) -> st.SearchStrategy[tuple[int, int]]:
    return DEPTHWISE_KERNELS if groups > 1 and inner == 1 else KERNELS


def _convolution_parameters(groups: int) -> st.SearchStrategy[dict[str, Any]]:
    how = {"stride": pairs(1, 3), "padding": pairs(0, 2), "dilation": pairs(1, 2), "groups": st.just(groups)}
    sides = {"stride": st.sampled_from((1, 2)), "padding": st.sampled_from((0, 1)), "dilation": st.just(1)}
    usual = {name: side.map(lambda n: (n, n)) for name, side in sides.items()}
    return st.fixed_dictionaries(how) | st.fixed_dictionaries({**how, **usual})


def _convolution_shapes(
    batch: int,
    channels: tuple[int, int],
    kernel: tuple[int, int],
    spare: tuple[int, ...],
    biased: bool,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """Shapes where ``channels`` are those of one group, and ``spare`` what the image has beyond one window."""
    stride, padding, dilation, groups = (parameters[name] for name in ("stride", "padding", "dilation", "groups"))
    size = tuple(max(1, dilation[i] * (kernel[i] - 1) + 1 - 2 * padding[i]) + spare[i] for i in range(2))
    output = tuple(convolution_output(size[i], kernel[i], stride[i], padding[i], dilation[i]) for i in range(2))
    inner, outer = channels
    return {
        "x": (batch, groups * inner, *size),
        "weight": (groups * outer, inner, *kernel),
        "bias": (groups * outer,) if biased else None,
        "output": (batch, groups * outer, *output),
        "parameters": parameters,
    }


def pooled_output(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """Length of one side after a pool; in ceil mode a window that would start beyond input and padding is dropped."""
    span = size + 2 * padding - kernel
    length = (-(-span // stride) if ceil_mode else span // stride) + 1
    return length - (ceil_mode and (length - 1) * stride >= size + padding)


@st.composite
def pool_geometry(draw: st.DrawFn, long: bool = False) -> dict[str, Any]:
    """Shapes and hyperparameters of a 2-D pool with at least one output pixel, whose every window meets the input.

    Windows that ceil mode would place wholly outside, which paddle does not leave out, are not drawn.
    ``long``: half of them have an image wider or higher than a vector, or many channels.
    """
    kernel, ceil_mode = draw(pairs(1, 4) | st.sampled_from(((2, 2), (3, 3)))), draw(st.booleans())
    stride = draw(st.none() | pairs(1, 4))
    padding = tuple(draw(st.integers(0, side // 2)) for side in kernel)
    sides, channels = (SIDES, WIDTHS) if long else ((), ())
    *leading, height, width = draw(
        lengths((1, 3, ()), (1, 3, channels), (0, 6, sides), (0, 6, sides), share=0.7 if long else 0.0)
    )
    spare = (height, width)
    size = [max(1, kernel[i] - 2 * padding[i]) + spare[i] for i in range(2)]
    steps = kernel if stride is None else stride
    for i in range(2):
        while ceil_mode and -(-(size[i] + 2 * padding[i] - kernel[i]) // steps[i]) * steps[i] >= size[i] + padding[i]:
            size[i] += 1
    output = tuple(pooled_output(size[i], kernel[i], steps[i], padding[i], ceil_mode) for i in range(2))
    return {
        "x": (*leading, *size),
        "output": (*leading, *output),
        "parameters": {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode},
    }


def several(sample: st.SearchStrategy[Sample], count: int = 3) -> st.SearchStrategy[list[Sample]]:
    """A few unrelated samples in one example, because drawing costs more than a call."""
    return st.lists(sample, min_size=count, max_size=count)


def right_and_wrong(
    sample: Callable[[str | None], st.SearchStrategy[Sample]], faults: tuple[str, ...], count: int = 4, right: int = 2
) -> st.SearchStrategy[list[Sample]]:
    """``right`` samples, and ``count`` with different faults: ``sample(fault)`` draws one with that fault, or None."""

    def draw_each(order: list[str]) -> st.SearchStrategy[list[Sample]]:
        return st.tuples(*(sample(fault) for fault in [None] * right + order[:count])).map(list)

    return st.permutations(faults).flatmap(draw_each)
