"""Batch normalization on the tape.

Its errors are of three kinds: each element's own rounding, which grows with |x| + |mean| and not with |x - mean|
because frameworks may form x * scale + shift; the error of the mean, shared by a channel; and the relative error of
1 / sqrt(variance + eps), shared too. The statistics are sums of one term for each element of the channel, so the same
n * (y**2 + sum of squares) as for a dot product holds for them. Where many elements are equal, so are the roundings of
their squares, which then add up: `conformance.normalization.repeated` says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conformance.normalization import repeated
from conformance.sums import IN_A_ROW, row
from reference_impl.oracle.convolution import Array
from reference_impl.oracle.normalization import channel_axes, per_channel
from reference_impl.oracle.tape import Variable, variance_of


@dataclass(slots=True)
class Normalized:
    """The normalized input and the variances of its parts; statistics are shaped [1, C, 1, ...]."""

    value: Array  # (x - mean) / sqrt(variance + eps)
    inverse: Array  # 1 / sqrt(variance + eps)
    variance: Array  # of `value`
    mean_variance: Array | float  # of the mean, absolute
    scale_variance: Array | float  # of `inverse`, relative to its square
    mean: Array
    batch_variance: Array


def _project(spread: Array, hat: Array, axes: tuple[int, ...], count: int) -> Array:
    """Variance of v - mean(v) - hat * mean(hat * v) for independent v: what batch norm and its gradient do to errors.

    The diagonal terms matter for small channels: with two elements almost nothing of an error survives.
    """
    mean = spread.mean(axis=axes, keepdims=True)
    weighted = hat * spread
    first = weighted.mean(axis=axes, keepdims=True)
    weighted *= hat
    second = weighted.mean(axis=axes, keepdims=True)
    result = spread + (mean - 2.0 * spread + hat * (2.0 * first + hat * second) - 2.0 * weighted) / count
    return np.maximum(result, 0.0, out=result)


def _normalize(
    x: Variable, mean: Array, variance: Array, eps: float, shared: tuple[Array | float, Array | float]
) -> Normalized:
    """Apply given statistics; ``shared`` is (variance of the mean, relative variance of the inverse deviation)."""
    mean_variance, scale_variance = shared
    inverse = 1.0 / np.sqrt(variance + eps)
    value = (x.value - mean) * inverse
    own = 2.0 * (np.square(x.value) + np.square(mean)) + mean_variance
    own = np.square(inverse) * own + np.square(value) * (4.0 + scale_variance)
    return Normalized(value, inverse, own, mean_variance, scale_variance, mean, variance)


def _running_normalize(x: Variable, mean: Array, variance: Array, eps: float) -> Normalized:
    normalized = _normalize(x, mean, variance, eps, (0.0, 1.0))
    if x.variance is not None:
        normalized.variance += np.square(normalized.inverse) * x.variance
    return normalized


def _batch_normalize(x: Variable, eps: float) -> Normalized:
    """Normalize by statistics of the batch, with the variances that summation and the input's errors give them."""
    axes = channel_axes(x.value)
    mean = x.value.mean(axis=axes, keepdims=True)
    count = x.value.size // mean.size
    squares = np.square(x.value - mean)
    variance = squares.mean(axis=axes, keepdims=True)
    # Roundings of a sum that is longer than what a kernel may add in one row need not be independent.
    growth = float(count) if count <= IN_A_ROW or row() == IN_A_ROW else float(count) ** 2
    mean_variance = (growth + 1.0) * np.square(mean) + variance + x.tape.floor()
    # The error e of the mean enters the variance as e**2 only; it matters when |mean| is large beside the deviation.
    moment_variance = (growth + 4.0) * np.square(variance) + np.square(mean_variance * x.tape.unit)
    moment_variance += np.square(repeated(x.value, axes) * variance)
    scale_variance = moment_variance / (4.0 * np.square(variance + eps)) + 1.0
    normalized = _normalize(x, mean, variance, eps, (mean_variance, scale_variance))
    if x.variance is not None:
        inherited = _project(x.variance, normalized.value, axes, count)
        normalized.variance += np.square(normalized.inverse) * inherited
        normalized.mean_variance += x.variance.mean(axis=axes, keepdims=True) / count
        moment = (squares * x.variance).mean(axis=axes, keepdims=True)
        normalized.scale_variance += moment / count / np.square(variance + eps)
    return normalized


def _affine(x: Variable, normalized: Normalized, weight: Variable | None, bias: Variable | None) -> tuple[Array, Array]:
    """weight * normalized + bias and its variance."""
    ndim = x.value.ndim
    scale = per_channel(None if weight is None else weight.value, ndim, 1.0)
    shift = per_channel(None if bias is None else bias.value, ndim, 0.0)
    value = normalized.value * scale
    variance = np.square(scale) * normalized.variance + np.square(value)
    value = value + shift
    variance += np.square(value) + np.square(shift) + x.tape.floor()
    if weight is not None and weight.variance is not None:
        variance += np.square(normalized.value) * per_channel(weight.variance, ndim, 0.0)
    if bias is not None and bias.variance is not None:
        variance += per_channel(bias.variance, ndim, 0.0)
    return value, variance


def batch_norm(
    x: Variable,
    weight: Variable | None = None,
    bias: Variable | None = None,
    running: tuple[Array, Array] | None = None,
    eps: float = 1e-5,
) -> tuple[Variable, Normalized]:
    """Normalize [N, C, ...] by batch statistics, or by ``running`` = (mean, variance) if given.

    Also returns the normalization itself, whose statistics and their variances update the running ones.
    """
    if running is None:
        normalized = _batch_normalize(x, eps)
    else:
        mean, variance = (per_channel(statistic, x.value.ndim, 0.0) for statistic in running)
        normalized = _running_normalize(x, mean, variance, eps)
    value, spread = _affine(x, normalized, weight, bias)

    def run(gradient: Array, gradient_variance: Array) -> None:
        _backward(x, normalized, (weight, bias), running is None, (gradient, gradient_variance))

    parents = tuple(parent for parent in (x, weight, bias) if parent is not None)
    return x.tape.record(value, spread, parents, run), normalized


@dataclass(frozen=True, slots=True)
class _Sums:
    """Means over a channel that the backward pass needs, and the variance that forming each adds by itself."""

    mean: Array  # of g
    projected: Array  # of g * normalized value
    mean_spread: Array
    projected_spread: Array


def _sums(gradient: Array, normalized: Normalized, axes: tuple[int, ...], count: int, floor: float) -> _Sums:
    squared, hat = np.square(gradient), normalized.value
    mean = gradient.mean(axis=axes, keepdims=True)
    mean_spread = count * np.square(mean) + squared.mean(axis=axes, keepdims=True) + floor
    projected = (gradient * hat).mean(axis=axes, keepdims=True)
    # Errors of the statistics are shared by the channel's elements, those of the elements average out.
    shared = np.square(mean * normalized.inverse) * normalized.mean_variance
    shared = shared + np.square(projected) * normalized.scale_variance
    element = (squared * (np.square(hat) + normalized.variance / count)).mean(axis=axes, keepdims=True)
    return _Sums(mean, projected, mean_spread, count * np.square(projected) + element + shared)


def _backward(
    x: Variable,
    normalized: Normalized,
    parameters: tuple[Variable | None, Variable | None],
    training: bool,
    output: tuple[Array, Array],
) -> None:
    """Gradients of input, weight and bias from the output's (gradient, variance)."""
    weight, bias = parameters
    gradient, spread = output
    axes, count = channel_axes(x.value), gradient.size // normalized.inverse.size
    sums = _sums(gradient, normalized, axes, count, x.tape.floor())
    floor = x.tape.floor(count)
    if weight is not None and weight.needs_gradient:
        inherited = (np.square(normalized.value) * spread).mean(axis=axes, keepdims=True) / count
        variance = count**2 * (sums.projected_spread + inherited)
        weight.accumulate((count * sums.projected).reshape(-1), variance.reshape(-1) + floor)
    if bias is not None and bias.needs_gradient:
        inherited = spread.mean(axis=axes, keepdims=True) / count
        variance = count**2 * (sums.mean_spread + inherited)
        bias.accumulate((count * sums.mean).reshape(-1), variance.reshape(-1) + floor)
    if x.needs_gradient:
        inner, inner_spread = gradient, spread + np.square(gradient)
        if training:
            inner, inner_spread = _centered(gradient, spread, normalized, sums, axes, count)
        scale = normalized.inverse * per_channel(None if weight is None else weight.value, gradient.ndim, 1.0)
        result = inner * scale
        variance = np.square(scale) * inner_spread + np.square(result) * (4.0 + normalized.scale_variance)
        if weight is not None and weight.variance is not None:
            variance += np.square(inner * normalized.inverse) * per_channel(weight.variance, gradient.ndim, 0.0)
        x.accumulate(result, variance + x.tape.floor())


def _centered(
    gradient: Array, spread: Array, normalized: Normalized, sums: _Sums, axes: tuple[int, ...], count: int
) -> tuple[Array, Array]:
    """g - mean(g) - value * mean(g * value), what training statistics let through of a gradient, and its variance."""
    hat = normalized.value
    shift = hat * sums.projected
    centered = gradient - sums.mean
    rounding = np.square(gradient) + np.square(sums.mean) + np.square(centered) + 3.0 * np.square(shift)
    variance = _project(spread, hat, axes, count) + rounding + sums.mean_spread
    variance += np.square(hat) * sums.projected_spread + np.square(sums.projected) * normalized.variance
    return centered - shift, variance


def update_running(
    running: tuple[Variable, Variable], normalized: Normalized, count: int, momentum: float, unbiased: bool
) -> tuple[Variable, Variable]:
    """Running mean and variance after a training batch of ``count`` elements a channel, with their variances.

    ``momentum`` weighs the new statistic; ``unbiased`` applies Bessel's correction to the new variance.
    """
    tape = running[0].tape
    bessel = count / (count - 1) if unbiased else 1.0
    new_mean = normalized.mean.reshape(-1)
    new_variance = normalized.batch_variance.reshape(-1) * bessel
    # inverse is (variance + eps)**(-1/2): a relative variance s of it is 4 * s of variance + eps.
    spread = 4.0 * np.reshape(normalized.scale_variance, -1) * bessel**2 / normalized.inverse.reshape(-1) ** 4
    updated = []
    for old, new, new_spread in (
        (running[0], new_mean, np.reshape(normalized.mean_variance, -1)),
        (running[1], new_variance, spread),
    ):
        kept, added = (1.0 - momentum) * old.value, momentum * new
        value = kept + added
        rounding = np.square(value) + 2.0 * np.square(kept) + 2.0 * np.square(added) + tape.floor()
        variance = (1.0 - momentum) ** 2 * variance_of(old) + momentum**2 * new_spread + rounding
        updated.append(tape.variable(value, variance, needs_gradient=False))
    return updated[0], updated[1]
