"""What only moves, repeats or chooses elements, in every dtype: a quantity where it is floating, else an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance import sums
from conformance.quantity import Quantity

Array = np.ndarray[Any, Any]


def moved(function: Callable[..., Any], *inputs: Any, fill: Any = 0) -> Any:
    """What ``function`` makes of arrays by moving, repeating or leaving out their elements; see ``sums.move``.

    Inputs that are arrays, because their dtype is not floating, give an array of that dtype.
    """
    if any(isinstance(each, Quantity) for each in inputs):
        return sums.move(function, *inputs, fill=float(fill))
    ends = np.cumsum([0, *(each.size for each in inputs)])
    places = [
        np.arange(start, start + each.size).reshape(each.shape) for start, each in zip(ends, inputs, strict=False)
    ]
    dtype = inputs[0].dtype
    pool = np.concatenate([*(each.ravel() for each in inputs), np.array([fill]).astype(dtype)])
    return np.asarray(pool[np.asarray(function(*places))], dtype)


def values(x: Any) -> Array:
    """The numbers of a quantity, or of an array."""
    return x.value if isinstance(x, Quantity) else x


def overwritten(function: Callable[..., Any], x: Any) -> Any:
    """As :func:`moved` of one input, by a kernel whose gradient keeps the last of several places and not their sum."""
    found = moved(function, x)
    if not isinstance(found, Quantity):
        return found
    index = np.asarray(function(np.arange(x.value.size).reshape(x.shape)))

    def gradient(g: Quantity) -> Quantity:
        value, error = np.zeros(x.value.size), np.zeros(x.value.size)
        value[index.ravel()], error[index.ravel()] = g.value.ravel(), g.error.ravel()
        return Quantity(value.reshape(x.shape), error.reshape(x.shape))

    return found.with_gradient(x, gradient)


def with_gradient_of(right: Any, wrong: Any) -> Any:
    """What a kernel makes that returns ``wrong`` and whose gradient is that of ``right``."""
    return Quantity(wrong.value, wrong.error, right.links) if isinstance(wrong, Quantity) else wrong
