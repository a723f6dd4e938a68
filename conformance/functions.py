"""Elementwise functions on quantities: float64 values, how kernels form the gradient, and how far a kernel may be off.

The units are unit roundoffs of the result, the largest that was seen of either framework, rounded up; no command here
measures them again. ``gradient``: from ``g``, the input ``x`` and the result ``y``, by the operations that the
frameworks make.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from conformance import sums
from conformance.number_formats import current
from conformance.quantity import Array, Quantity, divide, linked, quantity, scaled, split, stored, unary, where


class _Special:
    """``scipy.special``, imported when a reference is computed: collecting the suites needs none of it."""

    def __getattr__(self, name: str) -> Callable[..., Array]:
        return lambda *given: getattr(importlib.import_module("scipy.special"), name)(*given)


special = _Special()
Gradient = Callable[[Quantity, Quantity, Quantity], Quantity]
NORMAL = 2.0**23
"""In smallest numbers of float32, and as many as it takes elsewhere: below the normal numbers vectorised kernels
promise nothing (Eigen's exp stops at the least)."""
ERF_OF_GELU = 9.0
"""In unit roundoffs of 1: torch's kernel for strided inputs is off by 8.9 at 0.0424, of all numbers from 0.003 to 1."""
ROOT_PI = float(np.sqrt(np.pi))

UNITS: dict[str, float] = {
    **{"exp": 3, "exp2": 2, "expm1": 5, "log": 2, "log2": 2, "log10": 4, "log1p": 2},
    **{"sin": 4, "cos": 4, "tan": 2, "asin": 3, "acos": 3, "atan": 2, "sinh": 3, "cosh": 3, "tanh": 7},
    **{"asinh": 3, "acosh": 3, "atanh": 3, "sqrt": 4, "rsqrt": 4, "reciprocal": 1, "erf": 9, "erfinv": 6},
    **{"sigmoid": 4, "lgamma": 5, "digamma": 8, "polygamma": 9, "i0": 12, "i0e": 12, "i1": 30, "i1e": 30},
}


def _in_either_order(first: Quantity, second: Quantity, third: Quantity) -> Quantity:
    """A product of three, by the worse of both orders: a subnormal on the way is rounded before it is multiplied."""
    found, other = first * second * third, first * (second * third)
    return Quantity(found.value, np.maximum(found.error, other.error), found.links)


def _or_beyond(found: Quantity, power: Quantity) -> Quantity:
    """A gradient of which nothing is promised where a power that may be formed on the way is beyond the format."""
    found.error = np.where(
        (np.isinf(power.value) | np.isinf(power.error)) & np.isfinite(found.value), np.inf, found.error
    )
    return found


def _rsqrt_gradient(g: Quantity, x: Quantity, y: Quantity) -> Quantity:
    return _or_beyond(g * -0.5 * y * y * y, y * y * y)


def _log_gamma(x: Array) -> Array:
    """SciPy's ``gammaln``, and near its roots 1 and 2, where that loses five digits, ``loggamma``."""
    with np.errstate(invalid="ignore"):
        near = np.abs(np.abs(x - 1.5) - 0.5) < 0.2
        found = np.where(near, special.loggamma(np.where(near, x, 1.0)), special.gammaln(x))
        return np.where(np.isinf(x), np.inf, found)


def _table() -> dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array], Gradient | None]]:
    return {
        "exp": (np.exp, np.exp, lambda g, x, y: g * y),
        "exp2": (np.exp2, lambda x: np.exp2(x) * np.log(2), lambda g, x, y: g * y * np.log(2.0)),
        "expm1": (np.expm1, np.exp, lambda g, x, y: scaled(g * y + g, 1.0, 2)),
        "log": (np.log, lambda x: 1 / x, lambda g, x, y: divide(g, x, 2)),
        "log2": (np.log2, lambda x: 1 / (x * np.log(2)), lambda g, x, y: divide(g, x * np.log(2.0), 2)),
        "log10": (np.log10, lambda x: 1 / (x * np.log(10)), lambda g, x, y: divide(g, x * np.log(10.0), 2)),
        "log1p": (np.log1p, lambda x: 1 / (1 + x), lambda g, x, y: divide(g, x + 1.0, 2)),
        "sin": (np.sin, np.cos, lambda g, x, y: g * apply("cos", x)),
        "cos": (np.cos, np.sin, lambda g, x, y: -g * apply("sin", x)),
        "tan": (np.tan, lambda x: 1 + np.tan(x) ** 2, lambda g, x, y: scaled(g * (1.0 + y * y), 1.0, 8)),
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
        "rsqrt": (lambda x: 1 / np.sqrt(x), lambda x: 0.5 * np.abs(x) ** -1.5, _rsqrt_gradient),
        "reciprocal": (
            lambda x: 1 / x,
            lambda x: x**-2.0,
            lambda g, x, y: _or_beyond(_in_either_order(-g, y, y), y * y),
        ),
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
        "lgamma": (_log_gamma, special.digamma, lambda g, x, y: g * digamma(x)),
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
    return unary(
        function, derivative, UNITS[name], x, gradient, 1.0 if UNITS[name] <= 1 else 2.0 ** (current().bits - 1)
    )


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


def constant_power(x: Any, exponent: float, units: float, gradient: Gradient | None = None) -> Quantity:
    """x to a power, for x of at least 0. Kernels round the exponent to their format: a third is none of its numbers."""

    def slope(v: Array) -> Array:
        return np.asarray(exponent * np.power(v, exponent - 1))

    found = unary(lambda v: np.power(v, exponent), slope, units, x, gradient)
    form = current()
    moved = abs(float(stored(quantity(exponent)).value) - exponent)
    if form.bits == 53 and not form.holds(np.asarray(exponent)):  # rounded before it came here
        moved = form.unit * abs(exponent)
    if not moved:
        return found
    with np.errstate(all="ignore"):
        change = np.abs(found.value * np.log(quantity(x).value)) * moved
    return Quantity(found.value, found.error + np.nan_to_num(change, posinf=0.0), found.links)


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
    unsure = (x.error > 0) & (np.minimum(np.abs(value - low), np.abs(value - high)) <= x.error)
    passes = passes & ~unsure
    made.links = ((x, lambda g: where(passes, g, 0.0)),) if x.tracked else ()
    return either_side(made, x, unsure)


def either_side(found: Quantity, x: Quantity, condition: Any, more: Any = 1.0) -> Quantity:
    """The same number, whose slope may be up to so much more where a condition holds: beside a split."""
    if not np.any(condition):
        return found  # one more gradient would be added to that of x, and the addition rounded

    def between(g: Quantity) -> Quantity:
        half = np.where(condition, g.value * more / 2, 0.0)
        return Quantity(half, np.abs(half) + np.where(condition, g.error, 0.0))

    return Quantity(found.value, found.error, [*linked((found, lambda g: g)), *linked((x, between))])


def softplus(x: Any) -> Quantity:
    """log(1 + exp(x)), as log1p(exp(-|x|)) + max(x, 0); the gradient is formed as a sigmoid."""
    function = lambda v: np.logaddexp(0.0, v)  # noqa: E731
    return unary(function, special.expit, 6, x, lambda g, x, y: g * sigmoid(x), NORMAL)


def lgamma(x: Any) -> Quantity:
    """The logarithm of the size of the gamma function; near its roots to units of 1, in float64 at 1 and 2 too."""
    made = apply("lgamma", x)
    value = quantity(x).value
    roots = (value < 0) | ((value > 0.4) & (value < 2.6) & (current().bits > 24))
    return Quantity(made.value, made.error + np.where(roots, 3 * current().unit, 0.0), made.links)


def _digamma(x: Quantity) -> Quantity:
    """Of positive numbers: a recurrence and a series, to units of the sizes of their terms."""
    made = unary(
        special.digamma,
        lambda v: special.polygamma(1, v),
        UNITS["digamma"],
        x,
        lambda g, x, y: g * polygamma(1, x),
    )
    with np.errstate(all="ignore"):
        sizes = 1 / x.value + np.abs(np.log(x.value)) + 1
    rounding = UNITS["digamma"] * current().unit * np.nan_to_num(sizes, nan=0.0, posinf=0.0)
    return Quantity(made.value, made.error + rounding, made.links)


def digamma(x: Any) -> Quantity:
    """The derivative of ``lgamma``; at 0 an infinity of the other sign, NaN at the poles below."""
    x = quantity(x)
    found = split(
        ~(x.value <= 0), x, _digamma, lambda x: _digamma(1.0 - x) - np.pi / apply("tan", scaled(x, np.pi, 2)), 0.5
    )
    poles = (x.value <= 0) & (x.value == np.rint(x.value))
    value = np.where(poles, np.where(x.value == 0, np.copysign(np.inf, -x.value), np.nan), found.value)
    return Quantity(value, np.where(poles, 0.0, found.error), found.links)


def polygamma(order: int, x: Any) -> Quantity:
    """The derivative of ``digamma`` of this order, of positive numbers: a zeta function times a factorial."""
    if order == 0:
        return digamma(x)
    factor = float((-1) ** (order + 1) * special.gamma(order + 1))
    zeta = unary(
        lambda v: special.zeta(order + 1, v),
        lambda v: (order + 1) * special.zeta(order + 2, v),
        UNITS["polygamma"],
        quantity(x).plain,
        None,
    )
    return (zeta * factor).with_gradient(quantity(x), lambda g: g * polygamma(order + 1, quantity(x).plain))


def together(*inputs: Any) -> tuple[Quantity, ...]:
    """Quantities broadcast with each other; the gradient of each is summed where it was repeated."""
    found = [quantity(each) for each in inputs]
    shape = np.broadcast_shapes(*(each.shape for each in found))
    return tuple(
        each if each.shape == shape else sums.move(lambda array: np.broadcast_to(array, shape), each) for each in found
    )
