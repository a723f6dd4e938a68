"""Faults of activations and of the softmax family."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, both
from tests.faults.wraps import (
    argument,
    around,
    at,
    functional,
    in_bits,
    library,
    nan_as_zero,
    result,
    scaled,
    with_gradient_of,
)

RELU, SIGMOID, SOFTMAX, LOG_SOFTMAX = (functional(name) for name in ("relu", "sigmoid", "softmax", "log_softmax"))
TANH = {TORCH: "torch:tanh", PADDLE: "paddle:tanh"}
SMALLEST_NORMAL = 2.0**-126


def leaky(call: Any, x: Any) -> Any:
    """A rectifier that lets a little of what is negative through."""
    return call(x) - 0.01 * call(-x)


def flushed(value: Any) -> Any:
    """What is too small for a normal number becomes 0."""
    return library(value).where(value.abs() < SMALLEST_NORMAL, 0.0 * value, value)


def without_tail(call: Any, x: Any) -> Any:
    """An activation in vectors of 8, of which a last one that is not full is left as it was."""
    flat = x.reshape([-1])
    whole = flat.shape[0] // 8 * 8
    return at(slice(0, whole), call)(flat).reshape(x.shape) if whole else call(x)


def finite(value: Any) -> Any:
    """The largest number instead of infinity."""
    return value.clip(max=3.4e38)


def cut_off(call: Any, x: Any, axis: int) -> Any:
    """A softmax of distances of at most 64."""
    return call(library(x).maximum(x, x.detach().amax(axis, keepdim=True) - 64), axis)


def open_at_zero(call: Any, x: Any) -> Any:
    """A rectifier through which the gradient goes at 0."""
    return library(x).where(x == 0, x, call(x))


def open_below(call: Any, x: Any) -> Any:
    """A rectifier whose mask has the wrong sign going backward."""
    return with_gradient_of(call(x), -call(-x))


def hard(call: Any, x: Any) -> Any:
    """Three pieces of straight line."""
    return (x / 6 + 0.5).clip(0.0, 1.0)


def through_tanh(call: Any, x: Any) -> Any:
    """The logistic function by a hyperbolic tangent, which loses what is near 0."""
    return 0.5 + 0.5 * (0.5 * x).tanh()


def through_exp(call: Any, x: Any) -> Any:
    """The hyperbolic tangent by an exponential, which loses small arguments."""
    power = (-2 * x.abs()).exp()
    return x.sign() * (1 - power) / (1 + power)


def unshifted(call: Any, x: Any, axis: int) -> Any:
    """A softmax of large logits that overflows."""
    return x.exp() / x.exp().sum(axis, keepdim=True)


def guarded(call: Any, x: Any, axis: int) -> Any:
    """The logarithm of a softmax that was kept from 0."""
    return (library(x).nn.functional.softmax(x, axis) + 1e-12).log()


def mean_lost(call: Any, x: Any, axis: int) -> Any:
    """A softmax whose gradient is p * g, as if the sum were a constant."""
    value = call(x, axis)
    return with_gradient_of(value, value.detach() * x)


def _softmaxes(name: str, wrap: Any) -> list[Fault]:
    return both(name, SOFTMAX, wrap, "nn.softmax") + both(f"log-{name}", LOG_SOFTMAX, wrap, "nn.log_softmax")


FAULTS = (
    *both("relu is leaky", RELU, around(leaky), "nn.relu"),
    *both("relu up to 6", RELU, result(lambda value: value.clip(max=6.0)), "nn.relu"),
    *both("relu flushes subnormals", RELU, result(flushed), "nn.relu"),
    *both("relu open at 0", RELU, around(open_at_zero), "nn.relu"),
    *both("relu mask of the wrong sign", RELU, around(open_below), "nn.relu"),
    Fault("relu takes NaN for 0", TORCH, ("nn.relu",), RELU[TORCH], result(nan_as_zero)),
    *both("relu without a vector's tail", RELU, around(without_tail), "nn.relu"),
    *both("relu of finite numbers", RELU, result(finite), "nn.relu"),
    *both("sigmoid without a vector's tail", SIGMOID, around(without_tail), "nn.sigmoid"),
    *both("sigmoid takes NaN for 0", SIGMOID, argument(0, "x", nan_as_zero), "nn.sigmoid"),
    *both("tanh without a vector's tail", TANH, around(without_tail), "nn.tanh"),
    *both("sigmoid error 1e-6", SIGMOID, scaled(1 + 1e-6), "nn.sigmoid"),
    *both("sigmoid in straight lines", SIGMOID, around(hard), "nn.sigmoid"),
    *both("sigmoid through tanh", SIGMOID, around(through_tanh), "nn.sigmoid"),
    *both("sigmoid in bfloat16", SIGMOID, result(in_bits(8)), "nn.sigmoid"),
    *both("tanh error 1e-6", TANH, scaled(1 + 1e-6), "nn.tanh"),
    *both("tanh through exp", TANH, around(through_exp), "nn.tanh"),
    *both("tanh flushes subnormals", TANH, argument(0, "x", flushed), "nn.tanh"),
    *both("tanh takes NaN for 0", TANH, argument(0, "x", nan_as_zero), "nn.tanh"),
    *_softmaxes("softmax of the last axis", argument(1, "axis", lambda axis: -1)),
    *_softmaxes("softmax of the first axis", argument(1, "axis", lambda axis: 0 if axis == -1 else axis)),
    *_softmaxes("softmax error 1e-5", scaled(1 + 1e-5)),
    *_softmaxes("softmax error 3e-7", scaled(1 + 3e-7)),
    *_softmaxes("softmax of TF32", argument(0, "x", in_bits(11))),
    *both("softmax not shifted", SOFTMAX, around(unshifted), "nn.softmax"),
    *both("softmax with half its gradient", SOFTMAX, around(mean_lost), "nn.softmax"),
    *both("log-softmax of a sum with eps", LOG_SOFTMAX, around(guarded), "nn.log_softmax"),
    *both(
        "log-softmax not shifted",
        LOG_SOFTMAX,
        around(lambda call, x, axis: unshifted(call, x, axis).log()),
        "nn.log_softmax",
    ),
    Fault("softmax cut off at 64", TORCH, ("nn.softmax",), SOFTMAX[TORCH], around(cut_off)),
    Fault("log-softmax cut off at 64", TORCH, ("nn.log_softmax",), LOG_SOFTMAX[TORCH], around(cut_off)),
)
