"""The softmax family in float64: its error model, and how paddle's CPU kernels cut off distances beyond 64."""

from __future__ import annotations

import numpy as np

from conformance import Acceptance, accuracy
from conformance.number_formats import returned
from reference_impl.oracle.losses import repeated_growth

SOFTMAX = 3.0
"""Unit roundoffs of the conditions in `Softmax`; the largest seen in 20,000 samples was 2.3."""
CLIP = -64.0
"""Where paddle's CPU kernels of the softmax family cut off logit - max."""
LANES = 8
"""Floats in an AVX register."""


def shifted(x: np.ndarray, axis: int) -> np.ndarray:
    """z - max z."""
    x = np.asarray(x, np.float64)
    return x - x.max(axis=axis, keepdims=True)


def clipped(x: np.ndarray, axis: int) -> np.ndarray:
    """z - max z as paddle's CPU kernels cut it off at -64."""
    found = shifted(x, axis)
    return np.where(found < CLIP, CLIP, found)


def clipped_in_registers(x: np.ndarray, axis: int) -> np.ndarray:
    """`clipped` as done by AVX along the innermost axis: whole registers of 8 turn a NaN into -64 too.

    The maximum is found by a scan that passes over any NaN but a first one.
    """
    if int(np.prod(x.shape[axis % x.ndim + 1 :])) > 1:
        return clipped(x, axis)
    rows = np.moveaxis(np.asarray(x, np.float64), axis, -1)
    top = np.where(np.isnan(rows[..., :1]), np.nan, np.fmax.reduce(rows, axis=-1, keepdims=True))
    found = rows - top
    in_register = np.arange(rows.shape[-1]) < rows.shape[-1] // LANES * LANES
    return np.moveaxis(np.where((found < CLIP) | (np.isnan(found) & in_register), CLIP, found), -1, axis)


def clipped_by_format(x: np.ndarray, axis: int) -> np.ndarray:
    """As the kernel of the result's format does: that of float32 by registers; in float64 NaN is kept."""
    return (clipped_in_registers if returned() == "float32" else clipped)(x, axis)


class Softmax:
    """A softmax in float64 with the first-order condition of each float32 result.

    A probability inherits the rounding of its own shifted logit and of every other in the sum, so its relative error
    is a multiple of |z - m| + sum p |z - m| + growth + 1, where the growth is that of a sum of n powers. Probabilities
    too small for a float32 are lost.
    """

    def __init__(self, distances: np.ndarray, axis: int, cotangent: np.ndarray) -> None:
        self.axis, self.cotangent = axis, np.asarray(cotangent, np.float64)
        powers = np.exp(distances)
        total = self._sum(powers)
        self.value, self.log_total = powers / total, np.log(total)
        self.log_value = distances - self.log_total
        self.distance = np.where(powers > 0, np.abs(distances), 0.0)
        self.spread = self._sum(self.value * self.distance) + repeated_growth(powers, axis) + 1.0

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return values.sum(axis=self.axis, keepdims=True)

    def _lost(self, factor: np.ndarray) -> np.ndarray:
        """What underflow of a probability, and of each of the n products in a sum, may cost a gradient."""
        return accuracy.TINY / accuracy.U * (factor + self.cotangent.shape[self.axis] + 1.0)

    def probabilities(self) -> dict[str, Acceptance]:
        """exp(z - m) / sum, and p * (g - sum p g) backward."""
        p, g = self.value, self.cotangent
        relative = self.distance + self.spread
        mean, reach = self._sum(p * g), self._sum(p * np.abs(g) * (relative + 1.0))
        reach += self._sum(p * np.abs(g)) * repeated_growth(p * g, self.axis)
        condition = p * (np.abs(g - mean) * (relative + 2.0) + np.abs(g) + reach)
        return {
            "output": accuracy.rounded(p, SOFTMAX, p * relative),
            "gradient.x": accuracy.rounded(p * (g - mean), SOFTMAX, condition + self._lost(np.abs(g - mean))),
        }

    def logarithms(self) -> dict[str, Acceptance]:
        """z - m - log(sum), and g - p * sum(g) backward."""
        p, g, y = self.value, self.cotangent, self.log_value
        value_condition = np.where(np.isfinite(y), np.abs(y), 0.0) + self.spread + np.abs(self.log_total)
        total = self._sum(g)
        reach = self._sum(np.abs(g)) * repeated_growth(g, self.axis)
        relative = np.where(p > 0, np.abs(y), 0.0) + self.spread + np.abs(self.log_total)
        condition = np.abs(g) + p * (np.abs(total) * (relative + 2.0) + reach)
        return {
            "output": accuracy.rounded(y, SOFTMAX, value_condition),
            "gradient.x": accuracy.rounded(g - p * total, SOFTMAX, condition + self._lost(np.abs(total))),
        }
