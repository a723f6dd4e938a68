"""Scores of a classifier: where paddle cuts their range, and the area under a curve that they make."""

from __future__ import annotations

import numpy as np

BINS = 4095
"""Into how many parts paddle cuts the range of scores."""


def area(scores: np.ndarray, labels: np.ndarray) -> float:
    """The share of pairs of a positive and a negative in which the positive has more; half of one where both tie."""
    more = scores[labels == 1][:, None] - scores[labels == 0]
    return float(((more > 0) + 0.5 * (more == 0)).mean()) if more.size else np.nan
