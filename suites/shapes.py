"""Drawn structures that several suites share: the geometry of convolutions and pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from conformance import Sample


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    """Two independent integers, for height and width."""
    side = st.integers(low, high)
    return st.tuples(side, side)


def convolution_output(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Length of one side after a convolution (Dumoulin and Visin 2016, A guide to convolution arithmetic)."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@st.composite
def convolution_geometry(draw: st.DrawFn, largest: int = 10) -> dict[str, Any]:
    """Shapes and hyperparameters of a 2-D convolution that has at least one output pixel."""
    groups = draw(st.sampled_from((1, 1, 2, 3)))
    kernel, stride, padding, dilation = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(pairs(0, 2)), draw(pairs(1, 2))
    spare = draw(pairs(0, largest - 5))
    size = tuple(max(1, dilation[i] * (kernel[i] - 1) + 1 - 2 * padding[i]) + spare[i] for i in range(2))
    channels = (groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3)))
    batch = draw(st.integers(1, 3))
    output = tuple(convolution_output(size[i], kernel[i], stride[i], padding[i], dilation[i]) for i in range(2))
    return {
        "x": (batch, channels[0], *size),
        "weight": (channels[1], channels[0] // groups, *kernel),
        "bias": (channels[1],) if draw(st.booleans()) else None,
        "output": (batch, channels[1], *output),
        "parameters": {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
    }


def pooled_output(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """Length of one side after a pool; in ceil mode a window that would start beyond input and padding is dropped."""
    span = size + 2 * padding - kernel
    length = (-(-span // stride) if ceil_mode else span // stride) + 1
    return length - (ceil_mode and (length - 1) * stride >= size + padding)


@st.composite
def pool_geometry(draw: st.DrawFn) -> dict[str, Any]:
    """Shapes and hyperparameters of a 2-D pool with at least one output pixel, whose every window meets the input.

    Windows that ceil mode would place wholly outside are the subject of ``shape.max_pool2d`` and ``shape.avg_pool2d``.
    """
    kernel, ceil_mode = draw(pairs(1, 4)), draw(st.booleans())
    stride = draw(st.none() | pairs(1, 4))
    padding = tuple(draw(st.integers(0, side // 2)) for side in kernel)
    spare = draw(pairs(0, 6))
    size = [max(1, kernel[i] - 2 * padding[i]) + spare[i] for i in range(2)]
    steps = kernel if stride is None else stride
    for i in range(2):
        while ceil_mode and -(-(size[i] + 2 * padding[i] - kernel[i]) // steps[i]) * steps[i] >= size[i] + padding[i]:
            size[i] += 1
    output = tuple(pooled_output(size[i], kernel[i], steps[i], padding[i], ceil_mode) for i in range(2))
    leading = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    return {
        "x": (*leading, *size),
        "output": (*leading, *output),
        "parameters": {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode},
    }


def several(sample: st.SearchStrategy[Sample], count: int = 3) -> st.SearchStrategy[list[Sample]]:
    """A few unrelated samples in one example, because drawing costs more than a call."""
    return st.lists(sample, min_size=count, max_size=count)


def right_and_wrong(
    sample: Callable[[str | None], st.SearchStrategy[Sample]], faults: tuple[str, ...], count: int = 4
) -> st.SearchStrategy[list[Sample]]:
    """Two right samples and ``count`` with different faults: ``sample(fault)`` draws one with that fault, or None."""

    def draw_each(order: list[str]) -> st.SearchStrategy[list[Sample]]:
        return st.tuples(sample(None), sample(None), *(sample(fault) for fault in order[:count])).map(list)

    return st.permutations(faults).flatmap(draw_each)
