"""Losses and penalties on the tape: scalars whose variance comes from the condition numbers in `losses`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reference_impl.oracle import losses
from reference_impl.oracle.convolution import Array
from reference_impl.oracle.tape import Variable, variance_of

# Standard units of rounding of a softmax cross-entropy and of its gradient, times their condition numbers.
CROSS_ENTROPY = 1.0
CROSS_ENTROPY_GRADIENT = 1.0


def cross_entropy(logits: Variable, labels: Array, floor: float | None = None) -> Variable:
    """Mean softmax cross-entropy of logits [B, C] against integer labels [B]: a scalar.

    ``floor``: how far below the largest a logit counts, for a framework that cuts off those that are lower.
    """
    values = logits.value
    if floor is not None:
        values = np.maximum(values, values.max(axis=1, keepdims=True) + floor)
    terms = losses.softmax_terms(values, labels)
    tape, p, batch = logits.tape, terms.probabilities, terms.divisor
    gradient, value = terms.gradient(), np.asarray(terms.row_loss.sum() / batch)
    if not tape.bounded:
        return tape.record(value, None, (logits,), lambda seed, _: logits.accumulate(seed * gradient, None))
    spread = variance_of(logits)
    condition = terms.row_condition().sum() / batch
    variance = np.sum(np.square(gradient) * spread) + np.square(CROSS_ENTROPY * condition) + tape.floor()
    # d p_i = p_i (d z_i - sum_j p_j d z_j)
    inherited = np.square(p) * (spread * np.maximum(1.0 - 2.0 * p, 0.0) + (np.square(p) * spread).sum(1, keepdims=True))
    rounding = np.square(CROSS_ENTROPY_GRADIENT * terms.gradient_condition())
    gradient_spread = inherited / batch**2 + rounding + losses.UNDERFLOW**2

    def run(seed: Array, seed_variance: Array) -> None:
        logits.accumulate(seed * gradient, np.square(seed) * gradient_spread + np.square(gradient) * seed_variance)

    return tape.record(value, np.asarray(variance), (logits,), run)


def mse(prediction: Variable, target: Array) -> Variable:
    """Mean of (prediction - target)**2 over all elements: a scalar."""
    tape, difference = prediction.tape, prediction.value - np.asarray(target, np.float64)
    size = difference.size
    value = np.asarray(np.square(difference).mean())
    gradient = 2.0 / size * difference
    spread = variance_of(prediction) + 3.0 * np.square(difference)
    squares = np.square(np.square(difference)).sum() / size
    variance = np.sum(np.square(gradient) * spread) + size * np.square(value) + squares + tape.floor(size)

    def run(seed: Array, seed_variance: Array) -> None:
        result_variance = np.square(seed * 2.0 / size) * spread + np.square(gradient) * seed_variance
        prediction.accumulate(seed * gradient, result_variance + tape.floor())

    return tape.record(value, np.asarray(variance), (prediction,), run)


def penalty(parameters: Iterable[Variable], coefficient: float, power: int) -> Variable:
    """coefficient * sum |w| (power 1) or coefficient / 2 * sum w**2 (power 2) over all parameters: a scalar."""
    variables = tuple(parameters)
    tape = variables[0].tape
    function = losses.l1_penalty if power == 1 else losses.l2_penalty
    value, gradients, condition = function([variable.value for variable in variables], coefficient)
    inherited = sum(float(np.sum(np.square(g) * variance_of(v))) for g, v in zip(gradients, variables, strict=True))

    def run(seed: Array, seed_variance: Array) -> None:
        for variable, slope in zip(variables, gradients, strict=True):
            result = seed * slope
            own = np.square(coefficient * seed) * variance_of(variable) if power == 2 else 0.0
            variance = own + np.square(slope) * seed_variance + 2.0 * np.square(result) + tape.floor()
            variable.accumulate(result, variance)

    return tape.record(value, np.asarray(inherited + np.square(condition)), variables, run)
