"""What paddle's kernel of norms adds to the power of a norm before it divides a gradient by it."""

from __future__ import annotations

import numpy as np

NORM_EPSILON = float(np.float32(1e-12))
"""An attribute kept in float32, in float64 too."""
