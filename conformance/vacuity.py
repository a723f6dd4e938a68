"""Whether a contract's samples showed anything: a run of zeros alone agrees with every fault."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from conformance.accuracy import Acceptance, Rejects, as_acceptance
from conformance.contract import EXACT, GRADIENT, Observation, Sample
from conformance.record import Record

NOISE = 1e-12
"""Gradients below are those of nothing, with the roundings of the float64 formula itself: inputs are about 1."""


class Shown:
    """What the samples of a contract have shown so far."""

    def __init__(self) -> None:
        self._informative = False
        self._nonzero: set[str] = set()
        self._quantities: dict[str, set[str]] = {}
        self._left_open: dict[str, set[str]] = {}

    def note(self, sample: Sample, observations: Mapping[str, Observation]) -> None:
        """Take in a sample, and what its lanes observed."""
        if not self._informative:
            arrays = sample.arrays()
            self._informative = not arrays or any(map(_shows, arrays))
        for label, observation in observations.items():
            if observation.unsupported is not None:
                continue
            self._quantities.setdefault(label, set()).update(observation.values)
            for name, value in observation.values.items():
                if name not in self._nonzero and (sample.regime == EXACT or not name.startswith(GRADIENT)):
                    self._note(name, _shows(value))

    def note_accepted(self, accepted: Any) -> None:
        """A gradient shows something where a zero would be refused, whatever the lanes returned."""
        for name in () if isinstance(accepted, Rejects) else accepted:
            if name.startswith(GRADIENT) and name not in self._nonzero:
                self._note(name, _refuses_zero(as_acceptance(accepted[name])))

    def note_expected(self, accepted: Any) -> None:
        """What a lane is known to leave at zero, and should not, shows something too."""
        for name in () if isinstance(accepted, Rejects) else accepted:
            if name not in self._nonzero:
                self._note(name, _shows(np.asarray(as_acceptance(accepted[name]).value)))

    def note_open(self, label: str, ratios: Mapping[str, float]) -> None:
        """What a known divergence promises nothing of, so that a lane's numbers are held to no bound, need none."""
        self._left_open.setdefault(label, set()).update(name for name, ratio in ratios.items() if np.isnan(ratio))

    def _note(self, name: str, shows: bool) -> None:
        if shows:
            self._nonzero.add(name)

    def lacking(self, record: Record, may_be_zero: Collection[str]) -> str | None:
        """What was not shown, or ``None``: there was no sample, or nothing but zeros, or no bound."""
        count = record.samples
        if count == 0:
            return "no sample was executed, so nothing was shown"
        if not self._informative:
            return f"the inputs of all {count} samples were zero"
        zero = set().union(*self._quantities.values()) - self._nonzero - set(may_be_zero)
        if zero:
            return f"{', '.join(sorted(zero))} was zero, or could be by its bound, in all {count} samples"
        for label, kept in record.worst.items():
            unbounded = self._quantities[label] - kept.keys() - self._left_open.get(label, set())
            if unbounded:
                return f"no sample bounds {', '.join(sorted(unbounded))} on {label}"
        return None


def _shows(value: np.ndarray) -> bool:
    """Whether any element is not zero, or not empty."""
    with np.errstate(invalid="ignore"):  # a signalling NaN is something too
        return bool(np.char.str_len(value).any() if value.dtype.kind == "U" else value.any())


def _refuses_zero(item: Acceptance) -> bool:
    """Whether any element is further from zero than its bound, or not a number."""
    value, bound = np.asarray(item.value), np.asarray(item.bound)
    with np.errstate(invalid="ignore"):
        within = (np.abs(value) <= np.maximum(bound, NOISE)) | (bound == np.inf)
    return not bool(np.all(within))
