"""What the lanes of a contract may return for a sample: asked of an oracle once for all lanes of one arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import accuracy, precision
from conformance.contract import Contract, Observation, Sample
from conformance.lanes import Lane


class Oracles:
    """The oracle of a contract, and what its variants say, with what they have said of samples that are in work."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._accepted: dict[int, tuple[Sample, dict[Any, Any]]] = {}

    def accept(self, lane: Lane, oracle: Any, sample: Sample, observation: Observation) -> Any:
        """The oracle's acceptances for one lane, in that lane's arithmetic.

        An oracle that does not look at the lane's observation speaks once for all lanes of one arithmetic.
        """
        known, key = self._accepted.setdefault(id(sample), (sample, {}))[1], (oracle, lane.spec.arithmetic)
        if key in known:
            return known[key]
        extra = {"observed": observation.values} if self.contract.conditioned else {}
        inputs = self.meant(lane, sample).inputs
        with accuracy.dot_format(precision.dot_format(lane.spec, self.contract)), np.errstate(all="ignore"):
            try:
                accepted = oracle(**inputs, **extra)
            except Exception:
                if not (extra and observation.error is not None):
                    raise
                return {}  # it cannot follow a lane that gave nothing: what counts is the lane's error
        if lane.spec.arithmetic != "float32":
            accepted = precision.accepted(lane.spec.arithmetic, self.contract, sample, accepted)
        if not self.contract.conditioned:
            known[key] = accepted
        return accepted

    def given(self, lane: Lane, sample: Sample) -> Sample:
        """The sample as a lane gets it, in its arithmetic."""
        return sample if lane.spec.arithmetic == "float32" else precision.given(lane.spec.arithmetic, sample)

    def meant(self, lane: Lane, sample: Sample) -> Sample:
        """The sample as a lane computes it, where its arithmetic casts what it gets."""
        arithmetic = lane.spec.arithmetic
        return sample if arithmetic == "float32" else precision.meant(arithmetic, self.contract, sample)

    def drop(self, sample: Sample) -> None:
        """Forget what was said of a sample."""
        self._accepted.pop(id(sample), None)

    def clear(self) -> None:
        """Forget everything."""
        self._accepted.clear()
