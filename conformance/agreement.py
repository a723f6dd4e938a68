"""Judging many samples at once, where all is as it should be: one comparison of all elements of a quantity.

A sample that is not found to agree here is judged by itself, by :mod:`conformance.judge`, which says what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.accuracy import as_acceptance
from conformance.contract import EXACT, Observation, Sample
from conformance.judge import HOST, ORACLE, Difference, compare_values, compare_zeros, expected_dtype

LARGE = 2**14
"""Arrays of more elements are compared by themselves."""
Array = np.ndarray[Any, Any]


@dataclass
class Pile:
    """Elements of one quantity of one lane, of many samples. signed: zeros must have the sign of the value's."""

    signed: bool
    samples: list[int] = field(default_factory=list)
    observed: list[Array] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)
    bounds: list[Array] = field(default_factory=list)

    def add(self, sample: int, observed: Array, value: Array, bound: Any) -> None:
        self.samples.append(sample)
        self.observed.append(observed.reshape(-1))
        self.values.append(value.reshape(-1))
        wide = np.full(observed.shape, bound) if np.ndim(bound) == 0 else np.broadcast_to(bound, observed.shape)
        self.bounds.append(wide.reshape(-1))

    def largest(self, bad: set[int]) -> float:
        """The largest ratio, of samples that are within their bounds; the others are added to ``bad``."""
        if len(self.samples) > 1:
            joined = [np.concatenate(each) for each in (self.observed, self.values, self.bounds)]
            found = largest(joined[0], joined[1], joined[2], self.signed)
            if found is not None:
                return found
        most = np.nan
        for place, sample in enumerate(self.samples):
            found = largest(self.observed[place], self.values[place], self.bounds[place], self.signed)
            if found is None:
                bad.add(sample)
            else:
                most = np.fmax(most, found)
        return float(most)


def largest(observed: Array, value: Array, bound: Array, signed: bool) -> float | None:
    """The largest ratio of error and bound, NaN where nothing is bounded; ``None`` for what exceeds 1."""
    if not observed.size:
        return 0.0
    ratio = np.abs(np.subtract(observed, value, dtype=np.float64))
    ratio /= bound
    found = ratio.max()
    if not found <= 1.0:  # a NaN too, of 0 / 0 or of what is no number
        same = (observed == value) | (np.isnan(observed) & np.isnan(value)) | np.isposinf(bound)
        ratio[same] = 0.0
        found = ratio.max()
        if not found <= 1.0:
            return None
    if signed and np.any((observed == 0) & (np.signbit(observed) != np.signbit(value))):
        return None
    return float(found) if bound.min() < np.inf else np.nan


class Agreement:
    """The judgement of samples of one contract; ``devices`` of the lanes, by label."""

    def __init__(self, devices: Mapping[str, str]) -> None:
        self.devices = devices
        self.bad: set[int] = set()
        self._ratios: dict[str, dict[str, float]] = {}
        self._piles: dict[tuple[str, str, bool], Pile] = {}
        self._pairs: dict[tuple[str, str, str], Pile] = {}

    def add(
        self, place: int, sample: Sample, observations: Mapping[str, Observation], accepted: Mapping[str, Any]
    ) -> None:
        """Take in a sample: what its lanes observed, and what they may; one of another structure is bad."""
        exact = sample.regime == EXACT
        for label, seen in observations.items():
            allowed = accepted[label]
            if seen.error is not None or not isinstance(allowed, dict) or allowed.keys() != seen.values.keys():
                self.bad.add(place)
                return
            for name, item in allowed.items():
                if not self._fits(place, sample, label, name, seen, item, exact):
                    self.bad.add(place)
                    return
        if not exact:
            self._add_pairs(place, observations, accepted)

    def _fits(
        self, place: int, sample: Sample, label: str, name: str, seen: Observation, item: Any, exact: bool
    ) -> bool:
        item = as_acceptance(item)
        observed, value = seen.values[name], np.asarray(item.value)
        wanted = item.dtype or (expected_dtype(sample) if value.dtype.kind == "f" else None)
        if (
            item.noted
            or (wanted is not None and seen.dtypes[name] != wanted)
            or observed.shape != value.shape
            or seen.devices[name] not in (self.devices[label], HOST)
        ):
            return False
        bound = 0.0 if exact else item.bound
        if observed.dtype.kind != "f" or value.dtype.kind != "f" or observed.size > LARGE:
            found = compare_values(label, ORACLE, name, observed, value, bound)
            if isinstance(found, Difference) or (item.signed and compare_zeros(label, name, observed, value)):
                return False
            self._note(label, name, found)
            return True
        key = (label, name, item.signed)
        pile = self._piles.get(key)
        if pile is None:
            pile = self._piles[key] = Pile(item.signed)
        pile.add(place, observed, value, bound)
        return True

    def _note(self, label: str, name: str, ratio: float) -> None:
        known = self._ratios.setdefault(label, {})
        known[name] = float(np.fmax(known.get(name, np.nan), ratio))

    def _add_pairs(self, place: int, observations: Mapping[str, Observation], accepted: Mapping[str, Any]) -> None:
        """What two lanes may differ by, where that is derived."""
        labels = list(observations)
        for start, left in enumerate(labels):
            for right in labels[start + 1 :]:
                for name, one in accepted[left].items():
                    other = accepted[right].get(name)
                    limits = [getattr(each, "between", None) for each in (one, other)]
                    a, b = observations[left].values[name], observations[right].values[name]
                    if limits[0] is not None and limits[1] is not None:
                        if a.dtype.kind != "f" or a.shape != b.shape:
                            self.bad.add(place)
                            return
                        key = (left, right, name)
                        pile = self._pairs.setdefault(key, Pile(False))
                        pile.add(place, a, b, np.maximum(limits[0], limits[1]))
                    elif observations[left].dtypes[name] != observations[right].dtypes[name] or a.shape != b.shape:
                        self.bad.add(place)
                        return

    def ratios(self) -> dict[str, dict[str, float]]:
        """The largest ratio of each lane's quantities, of the samples that agree; the others are ``bad`` then."""
        for pair in self._pairs.values():
            pair.largest(self.bad)
        for (label, name, _), pile in self._piles.items():
            self._note(label, name, pile.largest(self.bad))
        return self._ratios
