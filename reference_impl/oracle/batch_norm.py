"""Batch normalization on the tape.

Its errors are of three kinds: each element's own rounding, which grows with |x| + |mean| and not with |x - mean|
because frameworks may form x * scale + shift; the error of the mean, shared by a channel; and the relative error of
1 / sqrt(variance + eps), shared too. The statistics are sums of one term for each element of the channel, so the same
n * (y**2 + sum of squares) as for a dot product holds for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference_impl.oracle.convolution import Array
from reference_impl.oracle.normalization import channel_axes, per_channel
from reference_impl.oracle.tape import Variable, variance_of


@dataclass(frozen=True, slots=True)
class Normalized:
    """The normalized input and the variances of its parts; statistics are shaped [1, C, 1, ...]."""

    value: Array  # (x - mean) / sqrt(variance + eps)
    inverse: Array  # 1 / sqrt(variance + eps)
    variance: Array  # of `value`
    mean_variance: Array | float  # of the mean, absolute
    scale_variance: Array | float  # of `inverse`, relative to its square
    mean: Array
    batch_variance: Array


def _mean(values: Array | float, axes: tuple[int, ...]) -> Array | float:
    return values if np.ndim(values) == 0 else np.mean(values, axis=axes, keepdims=True)


def _normalize(x: Variable, mean: Array, variance: Array, eps: float, shared: tuple[Array | float, ...]) -> Normalized:
    """Apply given statistics; ``shared`` is (variance of the mean, relative variance of the inverse deviation)."""
    mean_variance, scale_variance = shared
    inverse = 1.0 / np.sqrt(variance + eps)
    value = (x.value - mean) * inverse
    spread = variance_of(x) + 2.0 * (np.square(x.value) + np.square(mean)) + mean_variance
    spread = np.square(inverse) * spread + np.square(value) * (4.0 + scale_variance)
    return Normalized(value, inverse, spread, mean_variance, scale_variance, mean, variance)


def _batch_normalize(x: Variable, eps: float) -> Normalized:
    """Statistics of the batch, with the variances that summation and the input's own errors give them."""
    axes = channel_axes(x.value)
    mean = x.value.mean(axis=axes, keepdims=True)
    count = x.value.size // mean.size
    centered = x.value - mean
    squares = np.square(centered)
    variance = squares.mean(axis=axes, keepdims=True)
    power = variance + np.square(mean)
    mean_variance = count * np.square(mean) + power + _mean(variance_of(x), axes) / count
    # The error e of the mean enters the variance as e**2 only; it matters when |mean| is large beside the deviation.
    second_order = np.square(mean_variance * x.tape.unit)
    moment_variance = (count + 4.0) * np.square(variance) + second_order
    moment_variance = moment_variance + 4.0 * _mean(squares * variance_of(x), axes) / count
    scale_variance = moment_variance / (4.0 * np.square(variance + eps)) + 1.0
    return _normalize(x, mean, variance, eps, (mean_variance, scale_variance))


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
        normalized = _normalize(x, mean, variance, eps, (0.0, 1.0))
    value, spread = _affine(x, normalized, weight, bias)

    def run(gradient: Array, gradient_variance: Array) -> None:
        _backward(x, normalized, (weight, bias), running is None, (gradient, gradient_variance))

    parents = tuple(parent for parent in (x, weight, bias) if parent is not None)
    return x.tape.record(value, spread, parents, run), normalized


def _backward(
    x: Variable,
    normalized: Normalized,
    parameters: tuple[Variable | None, Variable | None],
    training: bool,
    output: tuple[Array, Array],
) -> None:
    """Gradients of input, weight and bias from the output's (gradient, variance).

    Training: dx = weight * inverse * (g - mean(g) - value * mean(g * value)).
    """
    weight, bias = parameters
    gradient, spread = output
    axes, hat, inverse = channel_axes(x.value), normalized.value, normalized.inverse
    count = gradient.size // inverse.size
    hat_squared, gradient_squared = np.square(hat), np.square(gradient)
    mean = gradient.mean(axis=axes, keepdims=True)
    mean_spread = count * np.square(mean) + (gradient_squared + spread / count).mean(axis=axes, keepdims=True)
    projected = (gradient * hat).mean(axis=axes, keepdims=True)
    element = gradient_squared * hat_squared + (hat_squared * spread + gradient_squared * normalized.variance) / count
    common = np.square(mean * inverse) * normalized.mean_variance + np.square(projected) * normalized.scale_variance
    projected_spread = count * np.square(projected) + element.mean(axis=axes, keepdims=True) + common
    floor = x.tape.floor(count)
    if weight is not None and weight.needs_gradient:
        weight.accumulate((count * projected).reshape(-1), (count**2 * projected_spread).reshape(-1) + floor)
    if bias is not None and bias.needs_gradient:
        bias.accumulate((count * mean).reshape(-1), (count**2 * mean_spread).reshape(-1) + floor)
    if not x.needs_gradient:
        return
    scale = inverse * per_channel(None if weight is None else weight.value, gradient.ndim, 1.0)
    inner, inner_spread = gradient, spread + gradient_squared
    if training:
        shift = hat * projected
        inner = gradient - mean - shift
        inner_spread = inner_spread + mean_spread + np.square(mean) + np.square(gradient - mean)
        inner_spread += hat_squared * projected_spread + np.square(projected) * normalized.variance
        inner_spread += 3.0 * np.square(shift)
    result = inner * scale
    result_spread = np.square(scale) * inner_spread + np.square(result) * (4.0 + normalized.scale_variance)
    if weight is not None and weight.variance is not None:
        result_spread += np.square(inner * inverse) * per_channel(weight.variance, gradient.ndim, 0.0)
    x.accumulate(result, result_spread + x.tape.floor())


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
