"""Faults of random numbers: those of another law, of another shape, and what is said of them turned round."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.contract import REGISTRY
from tests.faults.operators import CallFault, in_either

DRAWN = ("distribution.draws", "distribution.draws_of_counts", "distribution.small_concentrations")
TOLD = (
    "distribution.lkj_draws",
    "distribution.one_law",
    "distribution.sample_gradient",
    "distribution.rsample_of_several",
)


def of_another_law(found: Any) -> Any:
    """Numbers that spread half as far again, counts of the numbers beside, and the contrary of what is said."""
    if isinstance(found, bool):
        return not found
    if isinstance(found, str):
        return f"{found}, and more"
    if isinstance(found, int | float):
        return found + 2000
    if found.dtype.kind in "iu":
        return np.roll(found, 1) + np.arange(found.size)
    return found + np.abs(found).mean() + 0.5 * found.std()


def changed(call: Any) -> Any:
    """A call whose first quantity is another."""

    def faulty(**inputs: Any) -> Any:
        found = call(**inputs)
        name = "from" if "from" in found else next(iter(found))  # the other one is wrong in paddle already
        return {**found, name: of_another_law(found[name])}

    return faulty


def faults() -> list[CallFault]:
    """One in each lane of every contract of random numbers."""
    names = [name for name in REGISTRY if name.startswith("random.") or name in (*DRAWN, *TOLD)]
    return in_either("another law", changed, *sorted(names))


FAULTS = faults()
