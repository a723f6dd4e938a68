"""States of models that tests of the transfer draw."""

from __future__ import annotations

import numpy as np


def random_state(state: dict[str, np.ndarray], seed: int = 0) -> dict[str, np.ndarray]:
    """Positive float values, so that variances are valid; counters as they are."""
    generator = np.random.default_rng(seed)
    return {
        key: generator.uniform(0.25, 1.0, value.shape).astype(value.dtype) if value.dtype.kind == "f" else value
        for key, value in state.items()
    }
