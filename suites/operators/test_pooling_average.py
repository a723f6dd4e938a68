"""Average pools of one to three axes, those that share an image out, and power averages."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.operators import ORDINARY, in_steps, operator
from conformance.pools import counts_of, pool_windows, power, rounded_to, shared, shared_by_float32, sums_of
from conformance.quantity import backward, quantity, where, without_gradient
from conformance.windows import adaptive
from suites.support.pools import pools, shares, sides

AREA = "pooling"


def averages(rank: int) -> st.SearchStrategy[dict[str, Any]]:
    """Average pools with the padding counted or not, and some with a divisor of their own."""
    divisors = st.sampled_from((None, 1, 3, 5)) if rank > 1 else st.none()
    return st.tuples(pools(rank), st.booleans(), divisors).map(
        lambda drawn: {**drawn[0], "counted": drawn[1], "divisor": drawn[2]}
    )


def _of(x, options, edge=0):
    """Windows in the image, or with ``edge`` 1 in the padded image."""
    rank = x.ndim - 2
    kernel, padding = sides(options["kernel_size"], rank), sides(options["padding"], rank)
    stride = kernel if options["stride"] is None else sides(options["stride"], rank)
    lengths = [n + 2 * p * edge for n, p in zip(x.shape[2:], padding, strict=True)]
    found = pool_windows(x.shape[2:], kernel, stride, padding, options["ceil_mode"])
    if not edge:
        return found
    return [
        np.where(np.arange(len(each))[:, None] * s + np.arange(k) < n, 0, -1)
        for each, n, k, s in zip(found, lengths, kernel, stride, strict=True)
    ]


def _average(x, options, counted, divisor, last=False):
    found = sums_of(x, _of(x, options))
    if divisor is not None:
        # An average that is multiplied and divided again is as right: two roundings more.
        return shared(found, float(divisor), 3)
    return shared(found, counts_of(_of(x, options, 1 if counted else 0)))


def _small_refused(x, options, counted, divisor, last):
    if any(n < k for n, k in zip(x.shape[2:], sides(options["kernel_size"], x.ndim - 2), strict=True)):
        return Rejects("torch does not count the padding here", "smaller than kernel size")
    return _average(x, options, counted, divisor)


def _by_float32(x, options, counted, divisor, last=False):
    found = shared_by_float32(sums_of(x, _of(x, options)), counts_of(_of(x, options, 1 if counted else 0)))
    if divisor is None:
        return found
    # The divisor may be one, or its reciprocal a factor.
    return shared(found * float(np.prod(sides(options["kernel_size"], x.ndim - 2))), float(divisor), 2)


@operator("pool.average1d", area=AREA, cases=averages(1), covers=("nn.AvgPool1d",))
class average1d:
    """The mean of every window of one axis, with the padding counted or not, or a sum by a given divisor."""

    torch = lambda f, x, options, counted, divisor, last: f.nn.AvgPool1d(**options, count_include_pad=counted)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, options, counted, divisor, last: f.nn.AvgPool1D(**options, exclusive=not counted)(x)
    value = _average
    variant_added_in_steps = in_steps(_average)
    variant_by_float32 = in_steps(_by_float32)
    note = "paddle's exclusive is the opposite of torch's count_include_pad, and so are their defaults."


@operator("pool.average2d", area=AREA, cases=averages(2), covers=("nn.AvgPool2d",))
class average2d:
    """The mean of every window of two axes, with the padding counted or not, or a sum by a given divisor."""

    torch = lambda f, x, options, counted, divisor, last: f.nn.AvgPool2d(
        **options, count_include_pad=counted, divisor_override=divisor
    )(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x)
    paddle = lambda f, x, options, counted, divisor, last: (
        lambda layer: layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x)
    )(
        f.nn.AvgPool2D(
            **options, exclusive=not counted, divisor_override=divisor, data_format="NHWC" if last else "NCHW"
        )
    )
    value = _average
    variant_added_in_steps = in_steps(_average)
    variant_by_float32 = in_steps(_by_float32)
    variant_divisor_of_average = in_steps(_by_float32)
    note = "paddle's exclusive is the opposite of torch's count_include_pad, and so are their defaults."


@operator("pool.average3d", area=AREA, cases=averages(3), covers=("nn.AvgPool3d",))
class average3d:
    """The mean of every window of three axes, with the padding counted or not, or a sum by a given divisor."""

    torch = lambda f, x, options, counted, divisor, last: f.nn.AvgPool3d(
        **options, count_include_pad=counted, divisor_override=divisor
    )(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x)
    paddle = lambda f, x, options, counted, divisor, last: (
        lambda layer: layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if last else layer(x)
    )(
        f.nn.AvgPool3D(
            **options, exclusive=not counted, divisor_override=divisor, data_format="NDHWC" if last else "NCDHW"
        )
    )
    value = _average
    variant_added_in_steps = in_steps(_average)
    variant_by_float32 = in_steps(_by_float32)
    variant_divisor_of_average = in_steps(_by_float32)
    variant_small_refused = _small_refused
    note = "paddle's exclusive is the opposite of torch's count_include_pad, and so are their defaults."


def _shares(x, size):
    outputs = [n if m is None else m for n, m in zip(x.shape[2:], sides(size, x.ndim - 2), strict=True)]
    return [adaptive(n, m) for n, m in zip(x.shape[2:], outputs, strict=True)]


def _adaptive(x, size, last=False):
    windows = _shares(x, size)
    found = sums_of(x, windows)
    for axis, each in enumerate(windows):
        # By the count of each axis, or by all of them at once: no more roundings than axes.
        found = shared(found, counts_of([each]).reshape(-1, *(1,) * (len(windows) - axis - 1)))
    return found


def _adaptive_by_float32(x, size, last=False):
    windows = _shares(x, size)
    return shared_by_float32(sums_of(x, windows), counts_of(windows))


@operator("pool.adaptive_average1d", area=AREA, cases=shares(1), covers=("nn.AdaptiveAvgPool1d",))
class adaptive_average1d:
    """The means of windows that share one axis out evenly."""

    torch = lambda f, x, size, last: f.nn.AdaptiveAvgPool1d(size)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, size, last: f.nn.AdaptiveAvgPool1D(size)(x)
    value = _adaptive
    variant_added_in_steps = in_steps(_adaptive)
    variant_by_float32 = in_steps(_adaptive_by_float32)


@operator("pool.adaptive_average2d", area=AREA, cases=shares(2), covers=("nn.AdaptiveAvgPool2d",))
class adaptive_average2d:
    """The means of windows that share two axes out evenly."""

    torch = lambda f, x, size, last: f.nn.AdaptiveAvgPool2d(size)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, size, last: (
        f.nn.AdaptiveAvgPool2D(size, data_format="NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.AdaptiveAvgPool2D(size)(x)
    )
    value = _adaptive
    variant_added_in_steps = in_steps(_adaptive)
    variant_by_float32 = in_steps(_adaptive_by_float32)


@operator("pool.adaptive_average3d", area=AREA, cases=shares(3), covers=("nn.AdaptiveAvgPool3d",))
class adaptive_average3d:
    """The means of windows that share three axes out evenly."""

    torch = lambda f, x, size, last: f.nn.AdaptiveAvgPool3d(size)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, size, last: (
        f.nn.AdaptiveAvgPool3D(size, data_format="NDHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.AdaptiveAvgPool3D(size)(x)
    )
    value = _adaptive
    variant_added_in_steps = in_steps(_adaptive)
    variant_by_float32 = in_steps(_adaptive_by_float32)


DTYPES = ("float32", "float64")
NOT_TINY = tuple(family for family in ORDINARY if family != "tiny")
"""The squares of tiny numbers are 0, and the gradient of a root of 0 is told apart from others."""


@st.composite
def powers(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    """Power averages without padding; numbers are positive where the power is odd."""
    norm = draw(st.sampled_from((2.0, 1.0, 3.0)))
    case = draw(pools(rank, unpadded=True, low=-np.inf if norm == 2.0 else 0.1))
    options = {name: value for name, value in case["options"].items() if name != "padding"}
    if rank == 1:
        options = {name: value[0] if isinstance(value, tuple) else value for name, value in options.items()}
    return {**case, "options": options, "norm": norm}


def _power_average(x, norm, options, last=False):
    options = {**options, "padding": 0}
    windows = _of(x, options)
    return _root(sums_of(power(x, norm), windows), norm, sums_of(abs(x), windows))


def _root(found, norm, sizes):
    """The gradient of a root of 0 is 0, of the first root too: torch's page says so."""
    if norm == 1.0:
        kept = where(found.value == 0, 0.0, found)
        return without_gradient(kept, found, (found.error > 0) & (abs(found.value) <= found.error))
    made = where(found.value > 0, power(where(found.value > 0, found, 1.0), 1 / norm), 0.0)
    # A kernel divides by a sum of powers, of which it may have kept nothing.
    lost = (sizes.value > 0) & (found.value <= found.error)
    return without_gradient(made, found, lost) if lost.any() else made


def _without_zeros(x, **inputs):
    """Of the gradient where all is 0 nothing is known."""
    made = _in_float32(x, **inputs)
    windows = _of(x, {**inputs["options"], "padding": 0})
    zeros = sums_of(abs(x), windows)
    (reached,) = backward([(sums_of(x, windows), np.where(zeros.value == 0, 1.0, 0.0))], [x])
    return without_gradient(made, x, quantity(reached).value > 0)


def _in_float32(x, **inputs):
    return rounded_to("float32", lambda x: _power_average(x, **inputs), x)


def _of_clipped(x, norm, options, last=False):
    options = {**options, "padding": 0}
    windows = _of(x, options)
    size = float(np.prod(sides(options["kernel_size"], x.ndim - 2)))
    found = shared(sums_of(power(x, norm), windows), counts_of(windows)) * size
    return _root(found, norm, sums_of(abs(x), windows))


@operator("pool.power_average1d", area=AREA, cases=powers(1), dtypes=DTYPES, families=NOT_TINY, covers=("nn.LPPool1d",))
class power_average1d:
    """The root of the sum of powers of every window of one axis."""

    torch = lambda f, x, norm, options, last: f.nn.LPPool1d(norm, **options)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, norm, options, last: (
        f.nn.LPPool1D(norm, **options, data_format="NLC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.LPPool1D(norm, **options)(x)
    )
    value = _power_average
    variant_clipped_windows = _of_clipped
    variant_in_float32 = _in_float32
    variant_lacking = lambda **inputs: Rejects("paddle 2.6 lacks it", "module 'paddle.nn' has no attribute 'LPPool")
    variant_nan_at_zero = _without_zeros


@operator("pool.power_average2d", area=AREA, cases=powers(2), dtypes=DTYPES, families=NOT_TINY, covers=("nn.LPPool2d",))
class power_average2d:
    """The root of the sum of powers of every window of two axes."""

    torch = lambda f, x, norm, options, last: f.nn.LPPool2d(norm, **options)(
        x.moveaxis(1, -1).contiguous().moveaxis(-1, 1) if last else x
    )
    paddle = lambda f, x, norm, options, last: (
        f.nn.LPPool2D(norm, **options, data_format="NHWC")(x.moveaxis(1, -1)).moveaxis(-1, 1)
        if last
        else f.nn.LPPool2D(norm, **options)(x)
    )
    value = _power_average
    variant_clipped_windows = _of_clipped
    variant_in_float32 = _in_float32
    variant_lacking = lambda **inputs: Rejects("paddle 2.6 lacks it", "module 'paddle.nn' has no attribute 'LPPool")
    variant_nan_at_zero = _without_zeros
