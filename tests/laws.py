"""The law that the runner's tests stand on, and its samples."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from conformance import EXACT, REAL, Contract, Sample


def whole(*numbers: float) -> Sample:
    return Sample({"x": np.array(numbers, np.float32)}, EXACT)


def real(*numbers: float) -> Sample:
    return Sample({"x": np.array(numbers, np.float32)}, REAL)


@dataclass
class Law:
    """The law that a lane gives back x, with faults by sample, and a count of how often the oracle was asked."""

    contract: Contract
    asked: list[float] = field(default_factory=list)
