"""Distributions asked for one of their quantities, and the inputs that they are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.functions import exp, log, together
from conformance.number_formats import current
from conformance.operators import Floats, Structure, each, shapes
from conformance.quantity import Quantity, linked, quantity, where, without_gradient

AREA = "distributions"
DTYPES = ("float32", "float64")
FAMILIES = ("normal", "mixed", "positive", "constant", "sorted")
POSITIVE = {"low": 0.125, "high": 4.0, "points": (1.0, 0.5, 2.0), "specials": False}
PLACE = {"low": -4.0, "high": 4.0, "points": (0.0, 1.0), "specials": False}
PROBABILITY = {"low": 0.02, "high": 0.98, "points": (0.5,), "specials": False}


def asked(kind, call, value, *parameters):
    """A quantity of a distribution. A parameter that has no part in a moment is added 0 times: its gradient is 0."""
    member = getattr(kind(*parameters), call)
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum(0.0 * each.sum() for each in parameters)


def likely(kind, call, value, *parameters):
    """As :func:`asked` of torch, whose distributions have no ``prob``: there programs write exp(log_prob)."""
    return (
        asked(kind, "log_prob", value, *parameters).exp() if call == "prob" else asked(kind, call, value, *parameters)
    )


@st.composite
def cases(
    draw: st.DrawFn, /, of_value: tuple[str, ...], alone: tuple[str, ...], value: Any, axes: int = 2, **parameters: Any
) -> Structure:
    """One quantity, parameters of one shape, and values of that shape or of one axis more."""
    shape = draw(shapes(highest=4, axes=axes, empty=False))
    call = draw(each(*of_value[:1], *of_value, *alone))  # the first twice as often
    found: dict[str, Any] = {"call": call, "value": None}
    if call in of_value:
        longer = (*draw(each((), (2,))), *shape)
        found["value"] = value(longer) if callable(value) else Floats(longer, **value)
    return {**found, **{name: Floats(shape, **domain) for name, domain in parameters.items()}}


def constant(number: float) -> Quantity:
    """A number that a kernel keeps in its own format."""
    return Quantity(number, current().unit * abs(number))


def added(*terms: Any) -> Quantity:
    """A sum of a few terms in whichever order."""
    found = together(*terms)
    value = np.sum([term.value for term in found], axis=0)
    with np.errstate(invalid="ignore"):
        sizes = np.sum([np.where(np.isfinite(term.value), np.abs(term.value), 0.0) for term in found], axis=0)
        error = np.sum([term.error for term in found], axis=0) + (len(found) - 1) * current().unit * sizes
    # An infinite term hides all others.
    error = np.where(np.isfinite(value), error + current().smallest, np.where(np.isfinite(error), 0.0, np.inf))
    return Quantity(value, error, linked(*((term, lambda g: g) for term in found)))


def answered(call: str, log_prob: Any = None, **others: Any) -> Quantity:
    """The formula of the quantity asked for; each is given as a function of nothing."""
    if call == "prob" and "prob" not in others:
        return exp(log_prob())
    return quantity({"log_prob": log_prob, **others}[call]())


def x_log(factor: Any, x: Any, slope: float = 0.0) -> Quantity:
    """factor * log(x), which is 0 where the factor is, whatever x is.

    slope: the part of the gradient with respect to x that this then has. Where x is 0, that of the factor is infinite,
    and nothing is promised of it.
    """
    factor, x = together(factor, x)
    edge = (factor.value == 0) & (x.value <= 0)
    found = without_gradient(factor * log(where(edge, 1.0, x)), factor, x.value <= 0)
    if edge.any() and np.isnan(slope):
        found = Quantity(found.value, found.error, [*found.links, *linked((x, lambda g: where(edge, slope, 0.0)))])
    return found


def steep_x_log(factor: Any, x: Any) -> Quantity:
    """The same, of which a factor of 0 has no slope at 0."""
    return x_log(factor, x, slope=np.nan)


def plain_product(factor: Any, x: Any) -> Quantity:
    """factor * log(x), which is NaN where 0 meets an infinite logarithm."""
    factor, x = together(factor, x)
    return without_gradient(factor * log(x), factor, x.value <= 0)


def of_one(share: Quantity) -> Quantity:
    """A share below a value, which is promised to units of 1: kernels subtract it from 1 and back."""
    return Quantity(share.value, share.error + 2 * current().unit, share.links)


def either(one: Quantity, other: Quantity) -> Quantity:
    """The one, which may also be computed as the other, to the errors of that."""
    return Quantity(one.value, np.maximum(one.error, other.error), one.links)
