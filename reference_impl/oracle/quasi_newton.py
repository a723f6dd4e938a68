"""L-BFGS without a line search on quantities: some iterations, with the error that each has made by then.

Nocedal and Wright, Numerical Optimization, algorithm 7.4 (the two-loop recursion), with the first step, the scaling of
the first approximation and the rule for what is remembered as ``torch.optim`` documents and paddle took over.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from conformance.quantity import Quantity, divide, quantity
from reference_impl.oracle.update_rules import number

LEAST_CURVATURE = 1e-10
"""Of a pair that is remembered."""


def lbfgs(
    parameter: np.ndarray, gradient: Callable[[Quantity], Quantity], lr: float, iterations: int, history: int
) -> list[Quantity]:
    """The parameter after each iteration; gradient: of the loss at a parameter."""
    point, scale = quantity(parameter), quantity(1.0)
    pairs: list[tuple[Quantity, Quantity, Quantity]] = []
    previous: tuple[Quantity, Quantity] | None = None
    trace = []
    for _ in range(iterations):
        g = gradient(point)
        if previous is None:
            length = number(lr) * divide(1.0, abs(g).sum()) if np.abs(g.value).sum() > 1.0 else number(lr)
            direction = -g
        else:
            step, old = previous
            change = g - old
            curvature = (change * step).sum()
            if curvature.value > LEAST_CURVATURE:
                pairs = [*pairs[max(0, len(pairs) + 1 - history) :], (step, change, divide(1.0, curvature))]
                scale = curvature / (change * change).sum()
            length, direction = number(lr), _two_loops(g, pairs, scale)
        step = direction * length
        point, previous = point + step, (step, g)
        trace.append(point)
    return trace


def _two_loops(g: Quantity, pairs: list[tuple[Quantity, Quantity, Quantity]], scale: Quantity) -> Quantity:
    """The direction: the approximate inverse Hessian times the negative gradient."""
    rest, shares = -g, []
    for step, change, inverse in reversed(pairs):
        shares.append((step * rest).sum() * inverse)
        rest = rest - change * shares[-1]
    direction = rest * scale
    for (step, change, inverse), share in zip(pairs, reversed(shares), strict=True):
        direction = direction + step * (share - (change * direction).sum() * inverse)
    return direction
