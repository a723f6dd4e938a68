"""Where exp leaves the format that a kernel computes in, although what it is a part of does not."""

from __future__ import annotations

import numpy as np

from conformance.number_formats import FORMATS, WIDER, current
from conformance.quantity import Quantity, unpromised, without_gradient


def log_of_largest() -> float:
    """Where exp leaves the format that a kernel computes in, which is float32 of what is shorter."""
    return float(np.log(FORMATS[WIDER.get(current().name, current().name)].largest))


def through_exp(found: Quantity, x: Quantity) -> Quantity:
    """The same number, infinite or not where exp(|x|) is beyond the format and this is not."""
    beyond = np.abs(x.value) > log_of_largest() - 2 * current().unit * np.abs(x.value)
    return without_gradient(unpromised(found, beyond), x, beyond)


__all__ = ["log_of_largest", "through_exp"]
