"""Second derivatives of calls: of polynomials by differences that are exact, of functions by their formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Twice:
    """call: from the framework's module and x. value: the same by NumPy, a polynomial of degree at most 4 in x.

    second: the second derivative instead, where the call is elementwise. refused: paddle has no second gradient.
    """

    call: Callable[[Any, Any], Any]
    value: Callable[[np.ndarray], np.ndarray] | None = None
    second: Callable[[np.ndarray], np.ndarray] | None = None
    shape: tuple[int, ...] = (3, 4)
    positive: bool = False
    refused: bool = False


def product_with_hessian(
    value: Callable[[np.ndarray], np.ndarray], x: np.ndarray, weight: np.ndarray, along: np.ndarray
) -> np.ndarray:
    """The Hessian of sum(weight * value(x)) times a vector, of a polynomial of degree at most 4.

    Central differences of five points have no error on such a polynomial, whatever their step is.
    """

    def total(at: np.ndarray) -> float:
        return float((weight * value(at)).sum())

    def slope(at: np.ndarray) -> float:
        near, far = (total(at + step * along) - total(at - step * along) for step in (1, 2))
        return (8 * near - far) / 12

    found = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        unit = np.zeros(x.shape)
        unit[place] = 1.0
        near, far = (slope(x + step * unit) - slope(x - step * unit) for step in (1, 2))
        found[place] = (8 * near - far) / 12
    return found


def by_frameworks(f: Any, call: Callable[[Any, Any], Any], x: Any, weight: Any, along: Any) -> Any:
    """The gradient of the gradient times a vector, as programs make it for a penalty."""
    if f.__name__ == "torch":
        x = x.detach().requires_grad_()
        first = f.autograd.grad((call(f, x) * weight).sum(), x, create_graph=True)[0]
        if not first.requires_grad:
            return f.zeros_like(x)
        second = f.autograd.grad((first * along).sum(), x, allow_unused=True)[0]
        return f.zeros_like(x) if second is None else f.zeros_like(x) + second
    x = x.detach()
    x.stop_gradient = False
    first = f.grad((call(f, x) * weight).sum(), x, create_graph=True)[0]
    if first.stop_gradient:
        return f.zeros_like(x)
    second = f.grad((first * along).sum(), x, allow_unused=True)[0]
    return f.zeros_like(x) if second is None else second
