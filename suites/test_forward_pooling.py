"""Forward results and gradients of the pooling layers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import SIDES, WIDTHS, fills, lengths
from reference_impl.oracle import nn
from reference_impl.oracle.pooling import adaptive_average_windows, average_windows
from suites.shapes import pairs, pool_geometry
from suites.specials import INFINITIES, NOT_A_NUMBER, bounded, propagating, sprinkled


def _selected(
    value: np.ndarray, gradient: Any, cotangent: np.ndarray, kernel: Any, stride: Any
) -> dict[str, Acceptance]:
    """Selected values are exact; a gradient is a sum over as many windows as can meet in one input pixel."""
    steps = kernel if stride is None else stride
    meeting = int(np.prod([-(-kernel[i] // steps[i]) for i in range(2)]))
    return {
        "output": accuracy.exact(value, signed=False),
        "gradient.x": accuracy.dot(gradient, cotangent, terms=meeting)
        if meeting > 1
        else accuracy.exact(gradient(cotangent), signed=False),
    }


def max_pools() -> st.SearchStrategy[list[Sample]]:
    """Maximum pools: small integers tie often; one sample in five holds NaN and infinities."""

    def samples(geometry: dict[str, Any]) -> st.SearchStrategy[list[Sample]]:
        drawn = fills(
            lambda fill: {
                "x": fill(geometry["x"]),
                **geometry["parameters"],
                "cotangent": fill(geometry["output"]),
            },
            limit=2,
        )
        return sprinkled(drawn, values=NOT_A_NUMBER + INFINITIES)

    return pool_geometry(long=True).flatmap(samples)


@contract("nn.max_pool2d", covers=("nn.MaxPool2d",), area="forward", samples=max_pools(), gradients=("x",))
class max_pool2d:
    """A maximum pool takes the largest value of each window, and the first of equal ones receives the gradient."""

    @staticmethod
    def torch(x, kernel, stride, padding, ceil_mode):
        from torch.nn import functional

        return functional.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode)

    @staticmethod
    def paddle(x, kernel, stride, padding, ceil_mode):
        from paddle.nn import functional

        return functional.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode)

    @staticmethod
    def oracle(x, kernel, stride, padding, ceil_mode, cotangent) -> dict[str, Acceptance]:
        value, index = nn.max_pool2d(x, kernel, stride, padding, ceil_mode)
        return _selected(value, lambda g: nn.max_pool2d_gradient(g, index, x.shape), cotangent, kernel, stride)

    @staticmethod
    def variant_scan(x, kernel, stride, padding, ceil_mode, cotangent) -> dict[str, Acceptance]:
        """Each window is scanned by ``best = best > value ? best : value``, from the lowest finite number on.

        So -inf is never found, and a NaN is taken but loses to whatever follows it. The gradient goes to the first
        value that equals the result, which a NaN does not.
        """
        value, gradient = _scanned(x, kernel, kernel if stride is None else stride, padding, cotangent.shape)
        return _selected(value, gradient, cotangent, kernel, stride)


def _scanned(x: Any, kernel: Any, stride: Any, padding: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, Any]:
    """Result of the scan and the function that sends a gradient back."""
    height, width = x.shape[2:]
    taps = []
    for down in range(kernel[0]):
        for right in range(kernel[1]):
            rows = np.arange(shape[2])[:, None] * stride[0] - padding[0] + down
            columns = np.arange(shape[3]) * stride[1] - padding[1] + right
            inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
            taps.append((inside, np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)))
    best = np.full(shape, float(np.finfo(x.dtype).min))
    for inside, rows, columns in taps:
        value = x[:, :, rows, columns]
        best = np.where(inside & ~(best > value), value, best)
    found, index = np.zeros(shape, bool), np.zeros(shape, np.int64)
    for inside, rows, columns in taps:
        first = ~found & inside & (x[:, :, rows, columns] == best)
        index = np.where(first, rows * width + columns, index)
        found |= first
    return best, lambda g: nn.max_pool2d_gradient(np.where(found, g, 0.0), index, x.shape)


def averages(build: Any, divisors: np.ndarray) -> st.SearchStrategy[list[Sample]]:
    """Fills of an averaging layer, exact where every divisor is a power of two.

    Elsewhere the integers are kept, but the rounding of a division, or of a product with the reciprocal, is allowed.
    """
    exact = bool(np.all(np.exp2(np.floor(np.log2(divisors))) == divisors))
    drawn = fills(build) if exact else fills(build).map(bounded)
    return sprinkled(drawn, values=NOT_A_NUMBER + INFINITIES, share=0.1)


def average_pools() -> st.SearchStrategy[list[Sample]]:
    """Average pools with and without the padding counted, by turns."""

    def samples(drawn: tuple[dict[str, Any], bool]) -> st.SearchStrategy[list[Sample]]:
        geometry, first = drawn
        ways = [{**geometry["parameters"], "count_include_pad": counted} for counted in (first, not first)]
        divisors = [average_windows(geometry["x"], *how.values())[-1].ravel() for how in ways]
        turns = itertools.cycle(ways)

        def build(fill: Any) -> dict[str, Any]:
            return {"x": fill(geometry["x"]), **next(turns), "cotangent": fill(geometry["output"])}

        return averages(build, np.concatenate(divisors))

    return st.tuples(pool_geometry(long=True), st.booleans()).flatmap(samples)


@contract("nn.avg_pool2d", covers=("nn.AvgPool2d",), area="forward", samples=average_pools(), gradients=("x",))
class avg_pool2d:
    """An average pool divides by the window's size, or, where padding does not count, by what lies in the input."""

    @staticmethod
    def torch(x, kernel, stride, padding, ceil_mode, count_include_pad):
        from torch.nn import functional

        return functional.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad)

    @staticmethod
    def paddle(x, kernel, stride, padding, ceil_mode, count_include_pad):
        from paddle.nn import functional

        return functional.avg_pool2d(x, kernel, stride, padding, ceil_mode, exclusive=not count_include_pad)

    @staticmethod
    def oracle(x, kernel, stride, padding, ceil_mode, count_include_pad, cotangent) -> dict[str, Acceptance]:
        how = (kernel, stride, padding, ceil_mode, count_include_pad)
        steps = kernel if stride is None else stride
        meeting = int(np.prod([-(-kernel[i] // steps[i]) for i in range(2)]))
        return {
            "output": accuracy.dot(propagating(lambda a: nn.avg_pool2d(a, *how)), x, terms=kernel[0] * kernel[1] + 1),
            "gradient.x": accuracy.dot(
                lambda g: nn.avg_pool2d_gradient(g, x.shape, *how), cotangent, terms=meeting + 1
            ),
        }


def adaptive_average_pools() -> st.SearchStrategy[list[Sample]]:
    """Adaptive average pools to fewer, as many and more pixels than the input has, half of them by unequal windows."""

    def samples(drawn: tuple[tuple[int, ...], tuple[int, ...] | None]) -> st.SearchStrategy[list[Sample]]:
        shape, asked = drawn
        output = asked or shape[2:]
        leading = shape[:2]
        *_, divisors = adaptive_average_windows(shape, (output[0], output[1]))

        def build(fill: Any) -> dict[str, Any]:
            return {"x": fill(shape), "output": output, "cotangent": fill((*leading, *output))}

        return averages(build, divisors)

    output = st.none() | pairs(1, 4) | st.just((1, 1)) | pairs(1, 9) | lengths((1, 4, SIDES), (1, 4, SIDES), share=1.0)
    shape = lengths((1, 3, ()), (1, 3, WIDTHS), (1, 8, SIDES), (1, 8, SIDES))
    few = st.integers(1, 3)
    uneven = st.tuples(st.tuples(few, few, st.integers(5, 11), st.integers(5, 11)), pairs(2, 12))
    return (st.tuples(shape, output) | uneven).flatmap(samples)


@contract(
    "nn.adaptive_avg_pool2d",
    covers=("nn.AdaptiveAvgPool2d",),
    area="forward",
    samples=adaptive_average_pools(),
    gradients=("x",),
)
class adaptive_avg_pool2d:
    """Region i of n averages the pixels from floor(i * size / n) to ceil((i + 1) * size / n)."""

    @staticmethod
    def torch(x, output):
        from torch.nn import functional

        return functional.adaptive_avg_pool2d(x, output)

    @staticmethod
    def paddle(x, output):
        from paddle.nn import functional

        return functional.adaptive_avg_pool2d(x, output)

    @staticmethod
    def oracle(x, output, cotangent) -> dict[str, Acceptance]:
        rows, columns, divisors = adaptive_average_windows(x.shape, output)
        meeting = int(rows.sum(axis=0).max() * columns.sum(axis=0).max())
        return {
            "output": accuracy.dot(
                propagating(lambda a: nn.adaptive_avg_pool2d(a, output)), x, terms=int(divisors.max()) + 1
            ),
            "gradient.x": accuracy.dot(
                lambda g: nn.adaptive_avg_pool2d_gradient(g, x.shape), cotangent, terms=meeting + 1
            ),
        }
