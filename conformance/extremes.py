"""The least and the largest element of an array: every operation of a formula asks for them, of a few elements mostly.

NumPy finds the place of either up to ten times as fast as the element itself in small arrays, as fast in large ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def largest_of(array: np.ndarray[Any, Any]) -> float:
    """The largest of some magnitudes, NaN where one is; 0 where there is none."""
    return float(array.item(array.argmax())) if array.size else 0.0


def least_of(array: np.ndarray[Any, Any]) -> float:
    """The least element, NaN where one is; infinity where there is none."""
    return float(array.item(array.argmin())) if array.size else np.inf
