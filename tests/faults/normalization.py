"""Faults of batch normalization and of dropout."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.forward import dropped, late_channels, leak
from tests.faults.wraps import argument, around, functional, in_bits, library, nan_as_zero, option, result, scaled

BATCH_NORM, DROPOUT = functional("batch_norm"), functional("dropout")
TRAIN, EVAL = "nn.batch_norm_train", "nn.batch_norm_eval"
PARTIAL, STATISTICS = "nn.batch_norm_partial", "nn.batch_norm_statistics"
FORWARD = (TRAIN, EVAL, PARTIAL)


def cloned(value: Any) -> Any:
    """A copy, so that what is written to it is lost."""
    return value.clone()


def other_weights(call: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, *arguments: Any) -> Any:
    """A batch norm that adds its weight and multiplies by its bias."""
    return call(x, mean, variance, bias, weight, *arguments)


def never_or_both(call: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, *arguments: Any) -> Any:
    """A batch norm that uses its weight and bias where it has both."""
    complete = weight is not None and bias is not None
    return call(x, mean, variance, weight if complete else None, bias if complete else None, *arguments)


def of_the_batch(call: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, training: Any, *rest: Any) -> Any:
    """A batch norm that normalizes by the batch in evaluation too, and leaves its statistics."""
    return call(x, mean.clone(), variance.clone(), weight, bias, True, *rest)


def moving(call: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, training: Any, *rest: Any) -> Any:
    """A batch norm that moves its statistics in evaluation too."""
    output = call(x, mean, variance, weight, bias, training, *rest)
    call(x.detach(), mean, variance, None, None, True, *rest)
    return output


def biased(call: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, training: Any, momentum: Any, eps: Any):
    """A batch norm whose running variance takes the biased one."""
    before, count = variance * (1 - momentum), math.prod(x.shape) // x.shape[1]
    output = call(x, mean, variance, weight, bias, training, momentum, eps)
    variance.copy_(before + (variance - before) * (count - 1) / count)
    return output


def by_hand(spread: Callable[[Any, list[int], float], Any]) -> Wrap:
    """A batch norm in training, written out: the centred batch is divided by ``spread`` of it, its axes and eps."""

    def normalized(
        call: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, training: Any, *rest: Any
    ) -> Any:
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(x.ndim)]
        centred = x - x.mean(axes, keepdim=True)
        output = centred / spread(x, axes, rest[-1])
        output = output if weight is None else output * weight.reshape(shape)
        return output if bias is None else output + bias.reshape(shape)

    return around(normalized)


def variance_of(x: Any, axes: list[int]) -> Any:
    """The biased variance."""
    return (x - x.mean(axes, keepdim=True)).square().mean(axes, keepdim=True)


def right(x: Any, axes: list[int], eps: float) -> Any:
    """What a batch norm divides by."""
    return (variance_of(x, axes) + eps).sqrt()


def outside(x: Any, axes: list[int], eps: float) -> Any:
    """eps is added to the root."""
    return variance_of(x, axes).sqrt() + eps


def unbiased(x: Any, axes: list[int], eps: float) -> Any:
    """The variance divides by one less."""
    count = math.prod(x.shape[axis] for axis in axes)
    return (variance_of(x, axes) * (count / max(count - 1, 1)) + eps).sqrt()


def of_squares(x: Any, axes: list[int], eps: float) -> Any:
    """The variance is the difference of the mean square and the square of the mean, which cancel."""
    variance = x.square().mean(axes, keepdim=True) - x.mean(axes, keepdim=True).square()
    return (variance.clip(min=0.0) + eps).sqrt()


def constant(x: Any, axes: list[int], eps: float) -> Any:
    """No gradient goes through the variance."""
    return right(x.detach(), axes, eps)


def neighbours(call: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """Dropout whose mask holds for two neighbours in the last axis each."""
    half = call((0 * x[..., ::2] + 1).detach(), *arguments, **options)
    return x * library(x).repeat_interleave(half, 2, -1)[..., : x.shape[-1]]


def of_one_seed(call: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """Dropout with the same mask at every call."""
    (library(x).manual_seed if hasattr(library(x), "manual_seed") else library(x).seed)(0)
    return call(x, *arguments, **options)


def unseeded(call: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """Dropout that draws from a generator of its own."""
    (library(x).manual_seed if hasattr(library(x), "manual_seed") else library(x).seed)(
        int(np.random.default_rng().integers(2**31))
    )
    return call(x, *arguments, **options)


def unscaled(call: Any, x: Any, probability: float, *arguments: Any, **options: Any) -> Any:
    """Dropout in training that keeps what remains as it is."""
    return call(x, probability, *arguments, **options) * (1 - probability)


def scaled_twice(call: Any, x: Any, probability: float, *arguments: Any, **options: Any) -> Any:
    """Dropout that divides by the share it keeps once more."""
    return call(x, probability, *arguments, **options) / (1 - probability or 1.0)


def too_few(call: Any, x: Any, probability: float, *arguments: Any, **options: Any) -> Any:
    """Dropout that drops a twentieth too few, and hides it in its scale."""
    less = 0.95 * probability
    return call(x, less, *arguments, **options) * ((1 - less) / (1 - probability or 1.0))


def row_by_row(call: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """Dropout with the mask of the first sample for every one."""
    return x * call((0 * x[:1] + 1).detach(), *arguments, **options)


def other_mask(call: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """Dropout that draws its mask again going backward."""
    value = call(x.detach(), *arguments, **options)
    again = call(x, *arguments, **options)
    return value + (again - again.detach())


def opposite(probability: float) -> float:
    """The share that is kept for the share that is dropped."""
    return 1 - probability


TRAINING = argument(2, "training", lambda training: True)

FAULTS = (
    *both("batch norm eps tenfold", BATCH_NORM, argument(7, "eps", lambda eps: 10 * eps), *FORWARD),
    *both("batch norm eps 1e-6", BATCH_NORM, argument(7, "eps", lambda eps: 1e-6 if eps == 1e-5 else eps), *FORWARD),
    *both("batch norm eps outside the root", BATCH_NORM, by_hand(outside), TRAIN, PARTIAL),
    *both("batch norm variance unbiased", BATCH_NORM, by_hand(unbiased), TRAIN, PARTIAL),
    *both("batch norm variance cancels", BATCH_NORM, by_hand(of_squares), TRAIN),
    *both("batch norm variance without gradient", BATCH_NORM, by_hand(constant), TRAIN),
    *both("batch norm by the batch", BATCH_NORM, around(of_the_batch), EVAL),
    *both(
        "batch norm by the past",
        BATCH_NORM,
        argument(5, "training", lambda training: False),
        TRAIN,
        PARTIAL,
        STATISTICS,
    ),
    *both("batch norm weight for bias", BATCH_NORM, around(other_weights), TRAIN, EVAL),
    *both("batch norm of half its parameters", BATCH_NORM, around(never_or_both), PARTIAL),
    *both("batch norm bias dropped", BATCH_NORM, argument(4, "bias", dropped), TRAIN, EVAL),
    *both("batch norm error 1e-5", BATCH_NORM, scaled(1 + 1e-5), *FORWARD),
    *both("batch norm error 3e-7", BATCH_NORM, scaled(1 + 3e-7), EVAL),
    *both("batch norm leaks between samples", BATCH_NORM, result(leak), EVAL),
    *both("batch norm moves in evaluation", BATCH_NORM, around(moving), EVAL),
    *both("batch norm momentum for 1 - it", BATCH_NORM, argument(6, "momentum", opposite), STATISTICS),
    *both("batch norm mean stays", BATCH_NORM, argument(1, "running_mean", cloned), STATISTICS),
    *both("batch norm variance stays", BATCH_NORM, argument(2, "running_var", cloned), STATISTICS),
    *both("batch norm moves twice", BATCH_NORM, around(moving), STATISTICS),
    Fault("batch norm keeps the biased variance", TORCH, (STATISTICS,), BATCH_NORM[TORCH], around(biased)),
    *both("dropout in evaluation", DROPOUT, TRAINING, "nn.dropout_eval"),
    *both("dropout scales in evaluation", DROPOUT, around(unscaled), "nn.dropout_eval"),
    *both("dropout not scaled", DROPOUT, around(unscaled), "nn.dropout_train"),
    *both("dropout scaled twice", DROPOUT, around(scaled_twice), "nn.dropout_train"),
    *both("dropout of what is kept", DROPOUT, argument(1, "p", opposite), "nn.dropout_train"),
    *both("dropout too seldom", DROPOUT, around(too_few), "nn.dropout_train"),
    *both("dropout alike in every sample", DROPOUT, around(row_by_row), "nn.dropout_train"),
    *both("dropout with another mask backward", DROPOUT, around(other_mask), "nn.dropout_train"),
    *both("dropout never", DROPOUT, argument(2, "training", lambda training: False), "nn.dropout_train"),
    Fault(
        "dropout scales when it is off",
        PADDLE,
        ("nn.dropout_eval", "nn.dropout_train"),
        DROPOUT[PADDLE],
        option("mode", "downscale_in_infer"),
    ),
    *both("dropout of neighbours", DROPOUT, around(neighbours), "nn.dropout_train"),
    *both("dropout of one seed", DROPOUT, around(of_one_seed), "nn.dropout_train"),
    *both("dropout without a seed", DROPOUT, around(unseeded), "nn.dropout_train"),
    *both("batch norm eps at least 1e-5", BATCH_NORM, argument(7, "eps", lambda eps: max(eps, 1e-5)), *FORWARD),
    *both("batch norm takes NaN for 0", BATCH_NORM, argument(0, "x", nan_as_zero), *FORWARD),
    *both("batch norm without a block's channels", BATCH_NORM, result(late_channels), *FORWARD),
    *both("batch norm variance of TF32", BATCH_NORM, argument(2, "running_var", in_bits(11)), EVAL),
)
