"""Functions as a framework computes them by a series that stops early."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import functions
from conformance.functions import apply, polygamma, square
from conformance.quantity import Quantity, scaled, split, unary


def trigamma(x: Any) -> Quantity:
    """By recurrence to 6 and a series of four terms, which leave nine digits; by reflection below a half."""

    def series(v: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = sum(1 / (v + i) ** 2 for i in range(6))
            v = v + 6
            inverse = 1 / (v * v)
            return np.asarray(found + (1 + 1 / (2 * v) + inverse * (1 / 6 - inverse * (1 / 30 - inverse / 42))) / v)

    def above(x: Quantity) -> Quantity:
        return unary(series, lambda v: 0 * v, 9, x, lambda g, x, y: g * polygamma(2, x))

    def below(x: Quantity) -> Quantity:
        return square(np.pi / apply("sin", scaled(x, np.pi, 2))) - above(1.0 - x)

    return split(~(x.value < 0.5), x, above, below, 1.0)


def digamma(x: Any) -> Quantity:
    """Right, with a gradient made of such a :func:`trigamma`."""
    found = functions.digamma(x)
    return Quantity(found.value, found.error).with_gradient(x, lambda g: g * trigamma(x.plain))
