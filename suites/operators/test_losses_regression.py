"""Losses of numbers against numbers: every reduction, and the gradients of predictions, targets and variances."""

from __future__ import annotations

import math

import numpy as np

from conformance.accuracy import Rejects
from conformance.functions import clip, exp, log, square
from conformance.number_formats import largest
from conformance.operators import operator
from conformance.quantity import Quantity, quantity, split, stored, where, without_gradient
from suites.support.losses import AREA, alike, poisoned, reduced, without
from suites.support.unreached import with_zeros

PAIR = {"x": {"points": (0.0,)}, "target": {"points": (0.0,)}}
BOTH = ("x", "target")


@operator("losses.mse", area=AREA, cases=alike(PAIR), gradients=BOTH, stepwise=True, covers=("nn.MSELoss",))
class mse:
    """The squared difference, and its opposite gradients for prediction and target."""

    both = lambda f, x, target, reduction: f.nn.MSELoss(reduction=reduction)(x, target)
    value = lambda x, target, reduction: reduced(square(x - target), reduction)


def _distance(difference):
    return without_gradient(abs(difference), difference, np.isnan(difference.value))


@operator("losses.l1", area=AREA, cases=alike(PAIR), gradients=BOTH, stepwise=True, covers=("nn.L1Loss",))
class l1:
    """The size of the difference, with no gradient where it is 0."""

    both = lambda f, x, target, reduction: f.nn.L1Loss(reduction=reduction)(x, target)
    value = lambda x, target, reduction: reduced(_distance(x - target), reduction)

    @staticmethod
    def variant_nan_at_infinity(x, target, reduction):
        difference = x - target
        return reduced(poisoned(_distance(difference), difference, np.isinf(difference.value)), reduction)


def _huber_beyond_nan(difference, delta):
    beyond = np.isnan(difference.value)
    return _huber(difference, delta).with_gradient(
        difference, lambda g: where(beyond, g * delta, g * clip(difference.plain, -delta, delta))
    )


def _huber(difference, delta):
    inside = np.abs(difference.value) <= delta
    return split(inside, difference, lambda d: square(d) * 0.5, lambda d: (abs(d) - 0.5 * delta) * delta)


@operator(
    "losses.huber",
    area=AREA,
    cases=alike(PAIR, delta=(1.0, 0.5, 2.0)),
    gradients=BOTH,
    stepwise=True,
    covers=("nn.HuberLoss",),
)
class huber:
    """Half the square within delta of the target, and a line of slope delta beyond."""

    note = "torch's HuberLoss is paddle's SmoothL1Loss with is_huber=True, which is paddle's default."
    torch = lambda f, x, target, reduction, delta: f.nn.HuberLoss(reduction, delta)(x, target)
    paddle = lambda f, x, target, reduction, delta: f.nn.SmoothL1Loss(reduction, delta)(x, target)
    value = lambda x, target, reduction, delta: reduced(_huber(x - target, delta), reduction)
    variant_slope_at_nan = lambda x, target, reduction, delta: reduced(_huber_beyond_nan(x - target, delta), reduction)


@operator(
    "losses.smooth_l1",
    area=AREA,
    cases=alike(PAIR, beta=(1.0, 0.5, 2.0)),
    gradients=BOTH,
    stepwise=True,
    covers=("nn.SmoothL1Loss",),
)
class smooth_l1:
    """The Huber loss divided by beta, so that its slope beyond is 1."""

    note = "torch's SmoothL1Loss(beta) is paddle's SmoothL1Loss(delta=beta, is_huber=False)."
    torch = lambda f, x, target, reduction, beta: f.nn.SmoothL1Loss(reduction=reduction, beta=beta)(x, target)
    paddle = lambda f, x, target, reduction, beta: f.nn.SmoothL1Loss(reduction, beta, is_huber=False)(x, target)
    value = lambda x, target, reduction, beta: reduced(_huber(x - target, beta) / beta, reduction)
    variant_slope_at_nan = lambda x, target, reduction, beta: reduced(
        _huber_beyond_nan(x - target, beta) / beta, reduction
    )
    variant_huber_only = lambda x, target, reduction, beta: Rejects(
        "there is no is_huber", error="unexpected keyword argument 'is_huber'"
    )


def _stirling(target):
    return target * log(target) - target + log(target * (2 * math.pi)) * 0.5


def _poisson(x, target, reduction, log_input, full, eps):
    least = eps if isinstance(eps, Quantity) else stored(quantity(eps))
    loss = exp(x) - target * x if log_input else x - target * log(x + least)
    if full:
        loss = loss + split(target.value > 1, target, _stirling, lambda t: t * 0.0, 1.0)
    return reduced(loss, reduction)


def _poisson_nan_at_zero(x, target, reduction, log_input, full, eps):
    poison = poisoned(target, target, target.value == 0) if full else target
    return _poisson(x, poison, reduction, log_input, full, eps)


@operator(
    "losses.poisson_nll",
    area=AREA,
    cases=alike(
        {
            "x": {"low": 0.0, "high": 20.0, "specials": False},
            "target": {"low": 0.0, "points": (0.0, 1.0), "specials": False},
        },
        log_input=(True, False),
        full=(False, True),
        eps=(1e-8, 1e-3),
    ),
    gradients=BOTH,
    stepwise=True,
    covers=("nn.PoissonNLLLoss",),
)
class poisson_nll:
    """The negative log likelihood of counts, with Stirling's term for targets beyond 1."""

    both = lambda f, x, target, reduction, log_input, full, eps: f.nn.PoissonNLLLoss(
        log_input, full, reduction=reduction, **{"eps" if f.__name__ == "torch" else "epsilon": eps}
    )(x, target)
    value = _poisson
    variant_nan_at_zero = _poisson_nan_at_zero
    variant_float32_eps = lambda x, target, reduction, log_input, full, eps: _poisson_nan_at_zero(
        x, target, reduction, log_input, full, quantity(float(np.float32(eps)))
    )


SINGLE = np.float32
"""A constant that a release keeps in float32 beside float64 inputs."""


def _gaussian(x, target, variance, reduction, full, eps, number=float):
    floor = where(variance.value < eps, stored(quantity(eps)), variance).plain.with_gradient(variance, lambda g: g)
    squares = square(x - target)
    # The gradient of a quotient is formed with one more division, which may go beyond the format's range.
    with np.errstate(all="ignore"):
        beyond = squares.value / np.square(floor.value) > largest() / 4
    loss = (log(floor) + squares / without_gradient(floor, floor, beyond)) * 0.5
    return reduced(loss + float(number(0.5 * math.log(2 * math.pi))) if full else loss, reduction)


@operator(
    "losses.gaussian_nll",
    area=AREA,
    cases=alike(
        {**PAIR, "variance": {"low": 0.0, "points": (0.0, 1e-6), "specials": False}},
        fewest=1,
        full=(False, True),
        eps=(1e-6, 1e-2),
    ),
    gradients=("x", "target", "variance"),
    stepwise=True,
    covers=("nn.GaussianNLLLoss",),
)
class gaussian_nll:
    """The negative log likelihood of a normal law; a variance below eps counts as eps, and gets its gradient."""

    torch = lambda f, x, target, variance, reduction, full, eps: f.nn.GaussianNLLLoss(
        full=full, eps=eps, reduction=reduction
    )(x, target, variance)
    paddle = lambda f, x, target, variance, reduction, full, eps: f.nn.GaussianNLLLoss(full, eps, reduction)(
        x, target, variance
    )
    value = _gaussian
    variant_no_gradient_of_variance = without("variance", _gaussian)
    variant_float32_constants = without("variance", lambda eps, **inputs: _gaussian(eps=eps, **inputs, number=SINGLE))
    variant_positive_variance = lambda variance, **inputs: (
        Rejects("a variance is 0", "of AssertOp must be true")
        if np.any(variance.value <= 0)
        else with_zeros(without("variance", _gaussian), "variance")(variance=variance, **inputs)
    )


def _divergence(x, target, reduction, log_target):
    if log_target:
        loss = exp(target) * (target - x)
    else:
        parts = split(target.value > 0, target, lambda t: t * log(t), lambda t: t * 0.0, 1.0) - target * x
        loss = without_gradient(parts, target, target.value <= 0)
    return loss.sum() / float(x.shape[0]) if reduction == "batchmean" else reduced(loss, reduction)


def _divergence_of_x(x, target, reduction, log_target):
    """Without a gradient of the target, and 0 where the target is."""
    if log_target:
        found = _divergence(x, target, reduction, log_target)
    else:
        positive = where(target.value > 0, target, 1.0)
        parts = where(target.value > 0, positive * (log(positive) - x), 0.0)
        found = parts.sum() / float(x.shape[0]) if reduction == "batchmean" else reduced(parts, reduction)
    return {"output": found, "gradient.target": None}


@operator(
    "losses.kl_div",
    area=AREA,
    cases=alike(
        {"x": {}, "target": {"low": 0.0, "high": 4.0, "points": (0.0, 1.0), "specials": False}},
        fewest=1,
        reduction=("mean", "sum", "none", "batchmean"),
        log_target=(False, True),
    ),
    gradients=BOTH,
    stepwise=True,
    covers=("nn.KLDivLoss",),
)
class kl_div:
    """target (log target - x), or exp(target) (target - x), and its gradient for both."""

    both = lambda f, x, target, reduction, log_target: f.nn.KLDivLoss(
        reduction=reduction, **({"log_target": True} if log_target else {})
    )(x, target)
    value = _divergence

    @staticmethod
    def variant_no_log_target(x, target, reduction, log_target):
        if log_target:
            return Rejects("there is no log_target", error="unexpected keyword argument 'log_target'")
        return _divergence_of_x(x, target, reduction, log_target)

    variant_no_gradient_of_target = lambda **inputs: _divergence_of_x(**inputs)
    variant_zero_gradient_of_target = with_zeros(_divergence_of_x, "target")
