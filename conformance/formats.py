"""Formulas that are computed in another format than that of their inputs and results, as mixed precision asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.number_formats import computed_in, returned
from conformance.quantity import Quantity, backward, linked, made, quantity


def rounded(x: Quantity) -> Quantity:
    """The number as a cast to the format that kernels compute in gives it; the gradient is cast on its way back."""
    return made(x.value, x.error, 1, (x, lambda g: g))


def between_kernels(x: Quantity) -> Quantity:
    """The same number, whose gradient one kernel stores in the dtype of the call before another reads it."""

    def gradient(g: Quantity) -> Quantity:
        with computed_in(returned()):
            return rounded(g.plain)

    return x.with_gradient(x, gradient)


def computed_as(name: str, function: Callable[..., Quantity], *inputs: Any) -> Quantity:
    """``function`` of inputs that are cast to the format ``name``; its result and the gradients are cast back."""
    outer = [quantity(each) for each in inputs]
    with computed_in(name):
        inner = [rounded(Quantity(each.value, each.error)) for each in outer]
        for each in inner:
            each.variable = True
        found = function(*inner)
    result = rounded(found.plain)

    def rule(place: int) -> Callable[[Quantity], Quantity]:
        def gradient(g: Quantity) -> Quantity:
            with computed_in(name):
                back = backward([(found, rounded(g))], [inner[place]])[0]
            return rounded(Quantity(np.zeros(outer[place].shape)) if back is None else back.plain)

        return gradient

    result.links = linked(*((each, rule(place)) for place, each in enumerate(outer)))
    return result
