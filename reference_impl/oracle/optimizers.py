"""One step of each optimizer in float64, with a bound for what float32 arithmetic may do to it.

Why this file exists: comparing parameters after a step with a fixed tolerance accepts most faults of an optimizer (eps,
betas, a skipped bias correction), because the update is small beside the parameter and its rounding depends on the
state. Here every quantity that a step returns carries a `scale` from a running error analysis of the formula
(`rounding`), so that |lane - value| <= k * 2**-24 * scale + spread with a small measured k.

Conventions, for all functions:

- arrays are float32 (or exactly representable in it) and of one shape; the state is the one *before* the step;
- any array of state may be a `Bounded` result of the previous step: its scale and spread are propagated, so that
  several steps in a row need no synchronisation with a lane;
- `weight_decay` is the L2 form (gradient + weight_decay * parameter) except in `adamw`, where it is decoupled
  (parameter * (1 - lr * weight_decay)); `l1_decay` adds l1_decay * sign(parameter) to the gradient;
- `gradient_error` bounds how far a lane's own gradient may lie from `gradient` (absolute, a number or of its shape);
  what that does to the exact step is returned as `spread`, taken over the whole interval and not linearised;
- hyperparameters are float64, and a lane rounds each to float32 once.

Formulas: Kingma and Ba 2015 (Adam), Loshchilov and Hutter 2019 (AdamW), Tieleman and Hinton 2012 and Graves 2013
(RMSprop, centered), Sutskever et al. 2013 (Nesterov), in the form that torch.optim documents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from conformance.number_formats import ignoring
from reference_impl.oracle import plain_adam
from reference_impl.oracle.blocks import in_blocks
from reference_impl.oracle.intervals import Quotient
from reference_impl.oracle.rounding import (
    UNIT_ROUNDOFF,
    Array,
    Bounded,
    Quantity,
    Rounded,
    constant,
    either,
    greater,
    square,
)

Step = dict[str, Bounded]


@in_blocks
def sgd(
    parameter: Quantity,
    gradient: Quantity,
    *,
    lr: float,
    weight_decay: float = 0.0,
    l1_decay: float = 0.0,
    gradient_error: ArrayLike = 0.0,
) -> Step:
    """Plain stochastic gradient descent: parameter - lr * gradient. Returns {"parameter"}."""
    given = _Given(parameter, gradient, gradient_error, weight_decay, l1_decay)

    def formula(unit: float) -> dict[str, Rounded]:
        return {"parameter": given.weights(unit) - constant(lr, unit) * given.total(unit)}

    return _bounded(formula, given)


@in_blocks
def momentum(
    parameter: Quantity,
    gradient: Quantity,
    velocity: Quantity,
    *,
    lr: float,
    momentum: float,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    l1_decay: float = 0.0,
    gradient_error: ArrayLike = 0.0,
) -> Step:
    """SGD with velocity' = momentum * velocity + gradient (no dampening). Returns {"parameter", "velocity"}."""
    given = _Given(parameter, gradient, gradient_error, weight_decay, l1_decay)

    def formula(unit: float) -> dict[str, Rounded]:
        factor, total = constant(momentum, unit), given.total(unit)
        moved = factor * _input(velocity, unit) + total
        direction = total + factor * moved if nesterov else moved
        return {"parameter": given.weights(unit) - constant(lr, unit) * direction, "velocity": moved}

    return _bounded(formula, given, velocity)


@in_blocks
def adam(
    parameter: Quantity,
    gradient: Quantity,
    m: Quantity,
    v: Quantity,
    step: int,
    *,
    lr: float,
    v_max: Quantity | None = None,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    l1_decay: float = 0.0,
    decoupled: bool = False,
    eps_inside: bool = False,
    beta_dtype: DTypeLike = np.float64,
    beta_power_dtype: DTypeLike = np.float64,
    beta_powers: tuple[float, float] | None = None,
    gradient_error: ArrayLike = 0.0,
    bounded: bool = True,
) -> Step:
    """Adam with bias correction; `step` counts the steps already taken. Returns {"parameter", "m", "v", "step"}.

    `beta_dtype=np.float32` rounds the betas before 1 - beta is formed, and `beta_power_dtype=np.float32` takes beta**t
    from a chain of float32 products: both are what paddle does. `beta_powers` replaces the two powers beta**(step + 1),
    as read from a lane's accumulators before the step. `eps_inside` puts eps under the square root (no framework does).
    Without `bounded`, the values alone are worked out, and nothing is promised of a lane.
    `v_max` is AMSGrad's maximum of v (Reddi et al. 2018), taken before the bias correction; it is returned too.
    """
    betas = [_rounded_to(beta, beta_dtype) for beta in (beta1, beta2)]
    powers = beta_powers or [_power(beta, step + 1, np.dtype(beta_power_dtype)) for beta in betas]
    rule = _AdamRule(betas[0], betas[1], lr / (1.0 - powers[0]), float(np.sqrt(1.0 - powers[1])), eps, eps_inside)
    given = _Given(parameter, gradient, gradient_error, 0.0 if decoupled else weight_decay, l1_decay)
    shrink = 1.0 - lr * weight_decay if decoupled else 1.0

    def formula(unit: float) -> dict[str, Rounded]:
        before = None if v_max is None else _input(v_max, unit)
        first, second, most, update = rule.update(given.total(unit), _input(m, unit), _input(v, unit), before)
        kept = given.weights(unit) if shrink == 1.0 else given.weights(unit) * constant(shrink, unit)
        moved = {"parameter": kept - update, "m": first, "v": second}
        return moved if v_max is None else {**moved, "v_max": most}

    result: Step | None = None
    unusual = given.l2 or given.l1 or given.uncertain or eps_inside or v_max is not None or shrink != 1.0
    if bounded and not unusual and betas[0] > 0.0:
        kept_share = _kept(betas[0], UNIT_ROUNDOFF)
        with ignoring():
            number = plain_adam.Number(float(kept_share.value), float(kept_share.error))
            result = plain_adam.step(parameter, gradient, m, v, rule, number)
    if result is None:
        result = _bounded(formula, given, m, v, v_max) if bounded else _unbounded(formula)
    if bounded and given.uncertain and v_max is None:
        turn = rule.quotient(_value(m), _value(v)).spread(given.exact(), given.error)
        turn = rule.rate * rule.correction * turn
        result["parameter"] = _sharpen(result["parameter"], turn, parameter, gradient, m, v)
    result["step"] = Bounded(np.asarray(float(step + 1)), np.zeros(()))
    return result


def adamw(parameter: Quantity, gradient: Quantity, m: Quantity, v: Quantity, step: int, **options: Any) -> Step:
    """Adam with decoupled weight decay: the options of `adam`, with weight_decay applied to the parameter itself."""
    return adam(parameter, gradient, m, v, step, decoupled=True, **options)


def adam_interval(
    parameter: Quantity,
    gradient: Quantity,
    gradient_error: ArrayLike,
    m: Quantity,
    v: Quantity,
    step: int,
    **options: Any,
) -> Step:
    """`adam` for a gradient that is known only within +- gradient_error."""
    return adam(parameter, gradient, m, v, step, gradient_error=gradient_error, **options)


@in_blocks
def rmsprop(
    parameter: Quantity,
    gradient: Quantity,
    square_average: Quantity,
    momentum_buffer: Quantity | None = None,
    gradient_average: Quantity | None = None,
    *,
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    l1_decay: float = 0.0,
    alpha_dtype: DTypeLike = np.float64,
    eps_inside: bool = False,
    lr_in_buffer: bool = False,
    gradient_error: ArrayLike = 0.0,
) -> Step:
    """RMSprop; centered when `gradient_average` is given, with momentum when `momentum_buffer` is given.

    Torch's form is the default: denominator sqrt(v) + eps, buffer' = momentum * buffer + gradient / denominator, and
    parameter - lr * buffer'. Paddle's form: alpha_dtype=np.float32, eps_inside=True (denominator sqrt(v + eps)) and
    lr_in_buffer=True (the buffer contains lr already), always with a buffer. Returns {"parameter", "square_average"},
    and "momentum_buffer", "gradient_average" where they are given.
    """
    rule = _RMSpropRule(_rounded_to(alpha, alpha_dtype), eps, eps_inside)
    given = _Given(parameter, gradient, gradient_error, weight_decay, l1_decay)

    def formula(unit: float) -> dict[str, Rounded]:
        total, rate = given.total(unit), constant(lr, unit)
        average = None if gradient_average is None else _input(gradient_average, unit)
        result, denominator = rule.denominator(total, _input(square_average, unit), average)
        if momentum_buffer is None:
            update = rate * total / denominator
        else:
            share = rate * total / denominator if lr_in_buffer else total / denominator
            moved = constant(momentum, unit) * _input(momentum_buffer, unit) + share
            result["momentum_buffer"] = moved
            update = moved if lr_in_buffer else rate * moved
        result["parameter"] = given.weights(unit) - update
        return result

    result = _bounded(formula, given, square_average, momentum_buffer, gradient_average)
    if given.uncertain:
        mean = None if gradient_average is None else _value(gradient_average)
        turn = rule.quotient(_value(square_average), mean).spread(given.exact(), given.error)
        states = (parameter, gradient, square_average, momentum_buffer, gradient_average)
        result["parameter"] = _sharpen(result["parameter"], lr * turn, *states)
        if momentum_buffer is not None:
            turn = lr * turn if lr_in_buffer else turn
            result["momentum_buffer"] = _sharpen(result["momentum_buffer"], turn, *states)
    return result


OPTIMIZERS: dict[str, Callable[..., Step]] = {
    "sgd": sgd,
    "momentum": momentum,
    "adam": adam,
    "adamw": adamw,
    "rmsprop": rmsprop,
}


class _Given:
    """The parameter and its gradient as a lane has them, and the gradient that enters the update: with decay added."""

    def __init__(self, parameter: Quantity, gradient: Quantity, error: ArrayLike, l2: float, l1: float) -> None:
        self.parameter, self.gradient, self.l2, self.l1 = parameter, gradient, l2, l1
        self.error: Array = np.asarray(error, dtype=np.float64)
        self.uncertain = bool(np.any(self.error > 0.0))

    def weights(self, unit: float) -> Rounded:
        return _input(self.parameter, unit)

    def total(self, unit: float) -> Rounded:
        weights, total = self.weights(unit), _input(self.gradient, unit)
        if unit == 0.0:
            total = Rounded(total.value, total.error + self.error, unit)
        if self.l2:
            total = total + constant(self.l2, unit) * weights
        if self.l1:
            # a weight whose sign its own error leaves open makes the term uncertain by its full size
            open_sign = (weights.error > 0.0) & (weights.error >= abs(weights.value))
            error = np.where(open_sign, 2.0 * self.l1, unit * self.l1)
            total = total + Rounded(self.l1 * np.sign(weights.value), error, unit)
        return total

    def exact(self) -> Array:
        weights = _value(self.parameter)
        return _value(self.gradient) + self.l2 * weights + self.l1 * np.sign(weights)


@dataclass(frozen=True)
class _AdamRule:
    """The numbers of one Adam step: rate = lr / (1 - beta1**t), correction = sqrt(1 - beta2**t)."""

    beta1: float
    beta2: float
    rate: float
    correction: float
    eps: float
    eps_inside: bool

    def update(
        self, gradient: Rounded, m: Rounded, v: Rounded, greatest: Rounded | None
    ) -> tuple[Rounded, Rounded, Rounded, Rounded]:
        """The moments, the second moment that scales the update (v, or AMSGrad's greatest v), and the update."""

        def number(value: float) -> Rounded:
            return constant(value, gradient.unit)

        first = _kept(self.beta1, gradient.unit) * m + number(1.0 - self.beta1) * gradient
        second = number(self.beta2) * v + number(1.0 - self.beta2) * gradient * gradient
        most = second if greatest is None else greater(second, greatest)
        if self.eps_inside:
            denominator = (most / number(self.correction**2) + number(self.eps)).sqrt()
        else:
            denominator = most.sqrt() / number(self.correction) + number(self.eps)
        # torch multiplies first, paddle divides first: where m or the update is subnormal, that is not the same
        orders = number(self.rate) * first / denominator, number(self.rate) * (first / denominator)
        return first, second, most, either(*orders)

    def quotient(self, m: Array, v: Array) -> Quotient:
        """The update as a function of the gradient, up to the factor rate * correction."""
        inside = self.eps * self.correction**2 if self.eps_inside else 0.0
        eps = 0.0 if self.eps_inside else self.eps * self.correction
        zero = np.zeros(())
        return Quotient(self.beta1 * m, 1.0 - self.beta1, self.beta2 * v + inside, zero, 1.0 - self.beta2, eps)


@dataclass(frozen=True)
class _RMSpropRule:
    """The numbers of one RMSprop step that shape its denominator."""

    alpha: float
    eps: float
    eps_inside: bool

    def denominator(
        self, gradient: Rounded, square_average: Rounded, gradient_average: Rounded | None
    ) -> tuple[dict[str, Rounded], Rounded]:
        old, new = constant(self.alpha, gradient.unit), constant(1.0 - self.alpha, gradient.unit)
        eps = constant(self.eps, gradient.unit)
        radicand = old * square_average + new * gradient * gradient
        averages = {"square_average": radicand}
        centered = gradient_average is not None
        if gradient_average is not None:
            averages["gradient_average"] = _kept(self.alpha, gradient.unit) * gradient_average + new * gradient
            radicand = radicand - square(averages["gradient_average"])
        if self.eps_inside:
            return averages, (radicand + eps).sqrt(cancels=centered)
        return averages, radicand.sqrt(cancels=centered) + eps

    def quotient(self, square_average: Array, gradient_average: Array | None) -> Quotient:
        """gradient / denominator as a function of the gradient."""
        inside, eps = (self.eps, 0.0) if self.eps_inside else (0.0, self.eps)
        new, zero = 1.0 - self.alpha, np.zeros(())
        if gradient_average is None:
            return Quotient(zero, 1.0, self.alpha * square_average + inside, zero, new, eps)
        old = self.alpha * gradient_average
        q0 = self.alpha * square_average - old**2 + inside
        return Quotient(zero, 1.0, q0, -2.0 * new * old, new - new**2, eps)


def _input(quantity: Quantity, unit: float) -> Rounded:
    """A given array, with its own error: rounding in the pass that measures rounding, spread in the other."""
    if isinstance(quantity, Bounded):
        return Rounded(quantity.value, unit * quantity.scale if unit else quantity.spread, unit)
    return Rounded(quantity, 0.0, unit)


def _kept(share: float, unit: float) -> Rounded:
    """The factor of an old average. Torch forms it as 1 - float32(1 - share), paddle as float32(share)."""
    lerp = 1.0 - _rounded_to(1.0 - share, np.float32)
    return Rounded(share, max(unit * share, abs(lerp - share)) if unit else 0.0, unit, share)


def _rounded_to(number: float, dtype: DTypeLike) -> float:
    return float(np.asarray(number, dtype=dtype))


def _value(quantity: Quantity) -> Array:
    return quantity.value if isinstance(quantity, Bounded) else np.asarray(quantity, dtype=np.float64)


def _bounded(formula: Callable[[float], dict[str, Rounded]], given: _Given, *states: Quantity | None) -> Step:
    """Run a formula twice: for the rounding that it does, and for what uncertain inputs do to its exact value.

    Where no input is uncertain the second run is left out: what it promises nothing for, the first does not either.
    """
    with ignoring():
        rounding = formula(UNIT_ROUNDOFF)
        certain = not given.uncertain and not any(map(_is_uncertain, (given.parameter, given.gradient, *states)))
        propagation = {} if certain else formula(0.0)
    result = {}
    for name, number in rounding.items():
        spread = np.zeros(()) if certain else np.broadcast_to(propagation[name].error, number.value.shape)
        result[name] = Bounded(number.value, number.error / UNIT_ROUNDOFF, spread)
    return result


def _unbounded(formula: Callable[[float], dict[str, Rounded]]) -> Step:
    with ignoring():
        return {name: Bounded(number.value, np.asarray(np.inf)) for name, number in formula(0.0).items()}


def _is_uncertain(quantity: Quantity | None) -> bool:
    return isinstance(quantity, Bounded) and bool(np.any(quantity.spread != 0.0))


def _sharpen(result: Bounded, spread: Array, *states: Quantity | None) -> Bounded:
    """Replace the propagated spread by the exact one where the gradient alone is uncertain."""
    uncertain = np.zeros(result.value.shape, dtype=bool)
    for state in states:
        if isinstance(state, Bounded):
            uncertain = uncertain | (state.spread > 0.0)
    return Bounded(result.value, result.scale, np.where(uncertain, result.spread, spread))


@lru_cache(maxsize=64)
def _power(base: float, exponent: int, dtype: np.dtype[Any]) -> float:
    """base**exponent; in float32 as the chain of products that an accumulator forms step by step."""
    if dtype == np.float64:
        return float(base**exponent)
    return float(np.multiply.accumulate(np.full(exponent, base, dtype=dtype))[-1])
