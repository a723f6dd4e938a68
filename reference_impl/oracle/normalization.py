"""Batch normalization in float64: training and evaluation form, gradients, running statistics.

Arrays are [N, C, ...]; statistics are taken over every axis but the second. Formulas: Ioffe and Szegedy 2015,
section 3. Conventions are torch's (``momentum`` is the weight of the new statistic, the running variance is unbiased)
with a switch where paddle defines another number.
"""

from __future__ import annotations

import numpy as np

from reference_impl.oracle.convolution import Array


def channel_axes(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def per_channel(values: Array | None, ndim: int, default: float) -> Array:
    """Shape a per-channel vector [C] to broadcast against [N, C, ...]; None stands for ``default`` everywhere."""
    if values is None:
        return np.full((1,) * ndim, default)
    return np.asarray(values, np.float64).reshape(1, -1, *(1,) * (ndim - 2))


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """Mean and biased variance [C] of ``x`` over every axis but the second."""
    x = np.asarray(x, np.float64)
    axes = channel_axes(x)
    mean = x.mean(axis=axes, keepdims=True)
    variance = np.square(x - mean).mean(axis=axes)
    return mean.reshape(-1), variance


def batch_norm_eval(
    x: Array, mean: Array, variance: Array, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Array:
    """weight * (x - mean) / sqrt(variance + eps) + bias with the statistics given."""
    x = np.asarray(x, np.float64)
    ndim = x.ndim
    inverse = 1.0 / np.sqrt(per_channel(variance, ndim, 1.0) + eps)
    scaled = (x - per_channel(mean, ndim, 0.0)) * (inverse * per_channel(weight, ndim, 1.0))
    return scaled + per_channel(bias, ndim, 0.0)


def batch_norm_train(
    x: Array, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Normalize by the statistics of ``x`` itself; returns (y, mean, biased variance)."""
    mean, variance = batch_statistics(x)
    return batch_norm_eval(x, mean, variance, weight, bias, eps), mean, variance


def batch_norm_eval_gradients(
    gradient: Array, x: Array, mean: Array, variance: Array, weight: Array | None = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Gradients of sum(gradient * batch_norm_eval(...)) with respect to x, weight and bias."""
    gradient, x = np.asarray(gradient, np.float64), np.asarray(x, np.float64)
    ndim, axes = x.ndim, channel_axes(x)
    inverse = 1.0 / np.sqrt(per_channel(variance, ndim, 1.0) + eps)
    normalized = (x - per_channel(mean, ndim, 0.0)) * inverse
    input_gradient = gradient * (inverse * per_channel(weight, ndim, 1.0))
    return input_gradient, (gradient * normalized).sum(axis=axes), gradient.sum(axis=axes)


def batch_norm_train_gradients(
    gradient: Array, x: Array, weight: Array | None = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Gradients of sum(gradient * batch_norm_train(x, ...)[0]) with respect to x, weight and bias."""
    gradient, x = np.asarray(gradient, np.float64), np.asarray(x, np.float64)
    ndim, axes = x.ndim, channel_axes(x)
    mean, variance = batch_statistics(x)
    inverse = 1.0 / np.sqrt(per_channel(variance, ndim, 1.0) + eps)
    normalized = (x - per_channel(mean, ndim, 0.0)) * inverse
    projected = (gradient * normalized).mean(axis=axes, keepdims=True)
    centered = gradient - gradient.mean(axis=axes, keepdims=True) - normalized * projected
    input_gradient = centered * (inverse * per_channel(weight, ndim, 1.0))
    return input_gradient, (gradient * normalized).sum(axis=axes), gradient.sum(axis=axes)


def running_statistics(
    running_mean: Array, running_variance: Array, x: Array, momentum: float = 0.1, unbiased: bool = True
) -> tuple[Array, Array]:
    """The running mean and variance after one training batch ``x``.

    ``momentum`` weighs the new statistic (torch; paddle's own argument is 1 - momentum). ``unbiased`` applies Bessel's
    correction to the new variance, as torch does and paddle does not. Raises ValueError when it would divide by zero.
    """
    mean, variance = batch_statistics(x)
    count = np.size(x) // mean.size
    if unbiased:
        if count < 2:
            raise ValueError("running_statistics: an unbiased variance needs more than one value per channel")
        variance = variance * (count / (count - 1))
    new_mean = (1 - momentum) * np.asarray(running_mean, np.float64) + momentum * mean
    new_variance = (1 - momentum) * np.asarray(running_variance, np.float64) + momentum * variance
    return new_mean, new_variance
