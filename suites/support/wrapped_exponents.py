"""The exponential of float16 as a kernel forms it whose power of two has too few bits for its exponent.

exp(x) is a number near 1 times a power of two. Far below the smallest number of float16, from 2^-77 on, the power is
taken 2^64 times too large: exp(-53.4) is 1.2e-4 in place of 0. Below -60 the argument is cut off, and 0 comes out.
"""

from __future__ import annotations

import numpy as np

from conformance.functions import apply
from conformance.number_formats import returned
from conformance.quantity import Quantity

FIRST, LAST = -53.36, -60.0
"""The largest number of float16 that is below the first is -53.375, of which 2^-77 is the nearest power of two."""
TURN = 64 * float(np.log(2.0))


def exponential(x: Quantity) -> Quantity:
    """exp(x), which has such a power in a call of float16; where an error may have moved x past the first, either."""
    found = apply("exp", x)
    if returned() != "float16":
        return found
    grown = apply("exp", Quantity(x.value + TURN, x.error))
    within = (x.value < FIRST) & (x.value > LAST)
    unsure = (np.abs(x.value - FIRST) <= x.error) & (x.error > 0)
    value = np.where(within, grown.value, found.value)
    error = np.where(within, grown.error, found.error) + np.where(unsure, np.maximum(grown.value, found.value), 0.0)
    return Quantity(value, error, found.links)
