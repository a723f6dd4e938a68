"""Elementwise functions on quantities: float64 values, how kernels form the gradient, and how far a kernel may be off.

The units are unit roundoffs of the result, the largest seen of either framework in ``benchmarks/function_constants.py``
rounded up. ``gradient``: from ``g``, the input ``x`` and the result ``y``, by the operations that the frameworks make.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.quantity import Array, Quantity, current, quantity, unary, where


class _Special:
    """``scipy.special``, imported when a reference is computed: collecting the suites needs none of it."""

    def __getattr__(self, name: str) -> Callable[..., Array]:
        return lambda *given: getattr(importlib.import_module("scipy.special"), name)(*given)


special = _Special()
Gradient = Callable[[Quantity, Quantity, Quantity], Quantity]
NORMAL = 2.0**23
"""In smallest numbers: below the normal numbers vectorised kernels promise nothing (Eigen's exp stops at the least)."""
ERF_OF_GELU = 4.0
ROOT_PI = float(np.sqrt(np.pi))

UNITS: dict[str, float] = {
    **{"exp": 3, "exp2": 2, "expm1": 5, "log": 2, "log2": 2, "log10": 4, "log1p": 2},
    **{"sin": 4, "cos": 4, "tan": 2, "asin": 3, "acos": 3, "atan": 2, "sinh": 3, "cosh": 3, "tanh": 7},
    **{"asinh": 3, "acosh": 3, "atanh": 3, "sqrt": 4, "rsqrt": 4, "reciprocal": 1, "erf": 9, "erfinv": 6},
    **{"sigmoid": 4, "lgamma": 5, "digamma": 8, "i0": 12, "i0e": 12, "i1": 30, "i1e": 30},
}


def _table() -> dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array], Gradient | None]]:
    return {
        "exp": (np.exp, np.exp, lambda g, x, y: g * y),
        "exp2": (np.exp2, lambda x: np.exp2(x) * np.log(2), lambda g, x, y: g * y * np.log(2.0)),
        "expm1": (np.expm1, np.exp, lambda g, x, y: g * (y + 1.0)),
        "log": (np.log, lambda x: 1 / x, lambda g, x, y: g / x),
        "log2": (np.log2, lambda x: 1 / (x * np.log(2)), lambda g, x, y: g / (x * np.log(2.0))),
        "log10": (np.log10, lambda x: 1 / (x * np.log(10)), lambda g, x, y: g / (x * np.log(10.0))),
        "log1p": (np.log1p, lambda x: 1 / (1 + x), lambda g, x, y: g / (x + 1.0)),
        "sin": (np.sin, np.cos, lambda g, x, y: g * apply("cos", x)),
        "cos": (np.cos, np.sin, lambda g, x, y: -g * apply("sin", x)),
        "tan": (np.tan, lambda x: 1 + np.tan(x) ** 2, lambda g, x, y: g * (1.0 + y * y)),
        "asin": (np.arcsin, lambda x: 1 / np.sqrt(1 - x * x), lambda g, x, y: g * apply("rsqrt", 1.0 - x * x)),
        "acos": (np.arccos, lambda x: 1 / np.sqrt(1 - x * x), lambda g, x, y: -g * apply("rsqrt", 1.0 - x * x)),
        "atan": (np.arctan, lambda x: 1 / (1 + x * x), lambda g, x, y: g / (1.0 + x * x)),
        "sinh": (np.sinh, np.cosh, lambda g, x, y: g * apply("cosh", x)),
        "cosh": (np.cosh, np.sinh, lambda g, x, y: g * apply("sinh", x)),
        "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2, lambda g, x, y: g * (1.0 - y * y)),
        "asinh": (np.arcsinh, lambda x: 1 / np.sqrt(1 + x * x), lambda g, x, y: g * apply("rsqrt", x * x + 1.0)),
        "acosh": (np.arccosh, lambda x: 1 / np.sqrt(x * x - 1), lambda g, x, y: g * apply("rsqrt", x * x - 1.0)),
        "atanh": (np.arctanh, lambda x: 1 / (1 - x * x), lambda g, x, y: g / (1.0 - x * x)),
        "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x), lambda g, x, y: g * 0.5 / y),
        "rsqrt": (lambda x: 1 / np.sqrt(x), lambda x: 0.5 * np.abs(x) ** -1.5, lambda g, x, y: g * -0.5 * y * y * y),
        "reciprocal": (lambda x: 1 / x, lambda x: x**-2.0, lambda g, x, y: -g * y * y),
        "erf": (
            special.erf,
            lambda x: 2 / ROOT_PI * np.exp(-x * x),
            lambda g, x, y: g * (apply("exp", -(x * x)) * (2 / ROOT_PI)),
        ),
        "erfinv": (
            special.erfinv,
            lambda x: ROOT_PI / 2 * np.exp(special.erfinv(x) ** 2),
            lambda g, x, y: g * (apply("exp", y * y) * (ROOT_PI / 2)),
        ),
        "sigmoid": (special.expit, lambda x: special.expit(x) * special.expit(-x), lambda g, x, y: g * y * (1.0 - y)),
        "lgamma": (special.gammaln, special.digamma, lambda g, x, y: g * apply("digamma", x)),
        "digamma": (special.digamma, lambda x: special.polygamma(1, x), None),
        "i0": (special.i0, special.i1, lambda g, x, y: g * apply("i1", x)),
        "i0e": (special.i0e, lambda x: special.i1e(x), None),
        "i1": (special.i1, special.i0, None),
        "i1e": (special.i1e, special.i0e, None),
    }


TABLE = _table()


def apply(name: str, x: Any) -> Quantity:
    """The function of this name in :data:`TABLE`."""
    function, derivative, gradient = TABLE[name]
    return unary(function, derivative, UNITS[name], x, gradient, 1.0 if UNITS[name] <= 1 else NORMAL)


def _named(name: str) -> Callable[[Any], Quantity]:
    def function(x: Any) -> Quantity:
        return apply(name, x)

    function.__name__ = name
    function.__doc__ = f"The elementwise {name}."
    return function


exp, log, log1p, expm1, sqrt, rsqrt, tanh, erf = map(
    _named, ("exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "tanh", "erf")
)


def sigmoid(x: Any) -> Quantity:
    """1 / (1 + exp(-x)), which is 0 in kernels as soon as exp(-x) exceeds the format's largest number."""
    made = apply("sigmoid", x)
    lost = np.where(quantity(x).value < -np.log(current().largest) + 0.01, np.abs(made.value), 0.0)
    made.error = made.error + lost
    return made


def square(x: Any) -> Quantity:
    """x * x; the gradient is formed as 2 x g."""
    return unary(np.square, lambda v: 2 * v, 1, x, lambda g, x, y: g * (x * 2.0))


def relu(x: Any) -> Quantity:
    """max(x, 0), NaN passed on; the gradient at 0 is 0."""
    x = quantity(x)
    return where(~(x.value <= 0), x, 0.0)


def erf_of_gelu(x: Any) -> Quantity:
    """The error function as vectorised GELU kernels compute it: to some units of 1, not of itself, near 0."""
    made = apply("erf", x)
    return Quantity(made.value, made.error + ERF_OF_GELU * current().unit, made.links)


def clip(x: Any, low: float | None, high: float | None, inside: Callable[[Array], Array] | None = None) -> Quantity:
    """x within [low, high]. inside: where the gradient passes; default: strictly within or at a bound."""
    x = quantity(x)
    value = x.value
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    passes = ~((value < low) | (value > high)) if inside is None else inside(value)
    kept = np.clip(value, low, high)
    made = Quantity(kept, np.where(kept == value, x.error, 0.0) if np.any(x.error) else 0.0)
    made.links = ((x, lambda g: where(passes, g, 0.0)),) if x.tracked else ()
    return made


def softplus(x: Any) -> Quantity:
    """log(1 + exp(x)), as log1p(exp(-|x|)) + max(x, 0); the gradient is formed as a sigmoid."""
    function = lambda v: np.logaddexp(0.0, v)  # noqa: E731
    return unary(function, special.expit, 6, x, lambda g, x, y: g * sigmoid(x), NORMAL)
