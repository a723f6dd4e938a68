"""What an uncertain gradient does to the update of an adaptive optimizer, exactly.

Why this file exists: where |gradient| is near eps, or near its own error, an update turns by its full size (sign and
all), so a linearised bound is either wrong or useless there. The update is one explicit function of the gradient, and
its greatest change over an interval is found at the ends or where the derivative vanishes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference_impl.oracle.rounding import Array


@dataclass(frozen=True)
class Quotient:
    """f(g) = (offset + slope g) / (sqrt(q0 + q1 g + q2 g**2) + eps), the shape of every adaptive update.

    offset, q0 and q1 have the gradient's shape (or broadcast to it); slope, q2 and eps are numbers.
    """

    offset: Array
    slope: float
    q0: Array
    q1: Array
    q2: float
    eps: float

    def __call__(self, gradient: Array) -> Array:
        radicand = self.q0 + self.q1 * gradient + self.q2 * gradient**2
        return (self.offset + self.slope * gradient) / (np.sqrt(radicand) + self.eps)

    def spread(self, gradient: Array, error: Array) -> Array:
        """max |f(x) - f(gradient)| over |x - gradient| <= error; infinite where f is not defined on all of it.

        With q for the radicand, f' = 0 means 2 slope eps sqrt(q) = (offset + slope g) q' - 2 slope q. The right side is
        linear in g, so squaring gives a quadratic. A root that squaring introduced does no harm: it is a point of the
        interval like any other.
        """
        low, high = gradient - error, gradient + error
        right0 = self.offset * self.q1 - 2.0 * self.slope * self.q0
        right1 = 2.0 * self.offset * self.q2 - self.slope * self.q1
        factor = (2.0 * self.slope * self.eps) ** 2
        with np.errstate(all="ignore"):
            roots = _quadratic_roots(
                factor * self.q2 - right1**2,
                factor * self.q1 - 2.0 * right0 * right1,
                factor * self.q0 - right0**2,
            )
            points = [low, high, *(np.clip(np.where(np.isnan(root), low, root), low, high) for root in roots)]
            here = self(gradient)
            turn = np.max([abs(self(point) - here) for point in points], axis=0)
        return np.where(error > 0.0, np.where(np.isnan(turn), np.inf, turn), 0.0)


def _quadratic_roots(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """Both roots of a x**2 + b x + c, NaN where there is none, in the form that does not cancel."""
    half = -0.5 * (b + np.copysign(np.sqrt(b * b - 4.0 * a * c), b))
    return half / a, c / half
