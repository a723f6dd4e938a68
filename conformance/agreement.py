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
from conformance.extremes import largest_of
from conformance.judge import HOST, ORACLE, Difference, compare_values, compare_zeros, expected_dtype

LARGE = 2**14
"""Arrays of more elements are compared by themselves."""
Array = np.ndarray[Any, Any]


@dataclass
class Pile:
    """Elements of one quantity of one lane, of many samples.

    signed: zeros must have the sign of the value's. exact: nothing but the value will do, and no bounds are given.
    """

    signed: bool
    exact: bool
    samples: list[int] = field(default_factory=list)
    observed: list[Array] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)
    bounds: list[Array] = field(default_factory=list)

    def add(self, sample: int, observed: Array, value: Array, bound: Any) -> None:
        self.samples.append(sample)
        self.observed.append(observed.reshape(-1))
        self.values.append(value.reshape(-1))
        if not self.exact:
            wide = np.asarray(bound)
            if wide.shape != observed.shape:
                wide = np.broadcast_to(wide, observed.shape)
            self.bounds.append(wide.reshape(-1))

    def largest(self, bad: set[int]) -> float:
        """The largest ratio, of samples that are within their bounds; the others are added to ``bad``."""
        observed, values = _joined(self.observed), _joined(self.values)
        if not self.exact:
            bounds = _joined(self.bounds)
        elif np.array_equal(observed, values) and not (self.signed and np.any(_signs_differ(observed, values))):
            return 0.0
        else:
            bounds = np.zeros(observed.shape)
        ratio = _ratios(observed, values, bounds, self.signed)
        if not largest_of(ratio) <= 1.0:
            # Samples without elements have no start of their own: there is nothing that could be wrong with them.
            sizes = np.array([each.size for each in self.observed])
            starts = (np.cumsum(sizes) - sizes)[sizes > 0]
            wrong = ~(np.maximum.reduceat(ratio, starts) <= 1.0)
            bad.update(np.array(self.samples)[sizes > 0][wrong].tolist())
            right = ~np.repeat(wrong, sizes[sizes > 0])
            ratio, bounds = ratio[right], bounds[right]
        if np.any(bounds < np.inf):  # a bound that is no number is none
            return largest_of(ratio)
        return np.nan if all(each.size for each in self.observed) else 0.0


def _ratios(observed: Array, value: Array, bound: Array, signed: bool) -> Array:
    """The ratio of each error and bound; infinite where the sign of a zero is another's."""
    ratio = np.abs(np.subtract(observed, value, dtype=np.float64))
    ratio /= bound
    if not largest_of(ratio) <= 1.0:  # a NaN too, of 0 / 0 or of what is no number
        same = (observed == value) | (np.isnan(observed) & np.isnan(value)) | np.isposinf(bound)
        ratio[same] = 0.0
    if signed:
        ratio[_signs_differ(observed, value)] = np.inf
    return ratio


def _joined(arrays: list[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _signs_differ(observed: Array, value: Array) -> Array:
    return np.asarray((observed == 0) & (np.signbit(observed) != np.signbit(value)))


def _same(one: Array, other: Array) -> bool:
    if np.array_equal(one, other):  # which nearly all are; not-a-numbers are looked for in others
        return True
    return one.dtype.kind in "fc" and other.dtype.kind in "fc" and np.array_equal(one, other, equal_nan=True)


class Agreement:
    """The judgement of samples of one contract; ``devices`` of the lanes, by label."""

    def __init__(self, devices: Mapping[str, str]) -> None:
        self.devices = {label: (device, HOST) for label, device in devices.items()}
        self.bad: set[int] = set()
        self._ratios: dict[str, dict[str, float]] = {}
        self._piles: dict[tuple[str, str, bool, bool], Pile] = {}
        self._pairs: dict[tuple[str, str, str, bool], Pile] = {}

    def add(
        self, place: int, sample: Sample, observations: Mapping[str, Observation], accepted: Mapping[str, Any]
    ) -> None:
        """Take in a sample: what its lanes observed, and what they may; one of another structure is bad."""
        exact = sample.regime == EXACT
        usual: str | None = None
        for label, seen in observations.items():
            allowed = accepted[label]
            if seen.error is not None or not isinstance(allowed, dict) or allowed.keys() != seen.values.keys():
                self.bad.add(place)
                return
            for name, item in allowed.items():
                item = as_acceptance(item)
                observed, value = seen.values[name], np.asarray(item.value)
                wanted = item.dtype
                if wanted is None and value.dtype.kind == "f":
                    usual = wanted = usual or expected_dtype(sample)
                if (
                    item.noted
                    or (wanted is not None and seen.dtypes[name] != wanted)
                    or observed.shape != value.shape
                    or seen.devices[name] not in self.devices[label]
                    or not self._fits(place, label, name, observed, value, 0.0 if exact else item.bound, item.signed)
                ):
                    self.bad.add(place)
                    return
        if not exact:
            self._add_pairs(place, observations, accepted)

    def add_equal(self, place: int, observations: Mapping[str, Observation]) -> None:
        """Take in a sample whose lanes have to be equal; each of its ratios is 0 then."""
        (left, first), *others = observations.items()
        for label, seen in observations.items():
            if seen.error is not None or any(each not in self.devices[label] for each in seen.devices.values()):
                self.bad.add(place)
                return
        for right, seen in others:
            if seen.dtypes != first.dtypes or seen.values.keys() != first.values.keys():
                self.bad.add(place)
                return
            for name, a in first.values.items():
                b = seen.values[name]
                if a.shape != b.shape or (
                    (a.dtype.kind != "f" or b.dtype.kind != "f" or a.size > LARGE) and not _same(a, b)
                ):
                    self.bad.add(place)
                    return
                if a.dtype.kind == "f" and a.size <= LARGE:
                    self._pair((left, right, name, True)).add(place, a, b, 0.0)
        for label in observations:
            for name in first.values:
                self._note(label, name, 0.0)

    def _fits(self, place: int, label: str, name: str, observed: Array, value: Array, bound: Any, signed: bool) -> bool:
        if observed.dtype.kind != "f" or value.dtype.kind != "f" or observed.size > LARGE:
            found = compare_values(label, ORACLE, name, observed, value, bound)
            if isinstance(found, Difference) or (signed and compare_zeros(label, name, observed, value)):
                return False
            self._note(label, name, found)
            return True
        key = (label, name, signed, isinstance(bound, float) and bound == 0.0)
        pile = self._piles.get(key)
        if pile is None:
            pile = self._piles[key] = Pile(signed, key[3])
        pile.add(place, observed, value, bound)
        return True

    def _pair(self, key: tuple[str, str, str, bool]) -> Pile:
        pile = self._pairs.get(key)
        if pile is None:
            pile = self._pairs[key] = Pile(False, key[3])
        return pile

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
                        wide = limits[0] if limits[0] is limits[1] else np.maximum(limits[0], limits[1])
                        self._pair((left, right, name, False)).add(place, a, b, wide)
                    elif observations[left].dtypes[name] != observations[right].dtypes[name] or a.shape != b.shape:
                        self.bad.add(place)
                        return

    def ratios(self) -> dict[str, dict[str, float]]:
        """The largest ratio of each lane's quantities, of the samples that agree; the others are ``bad`` then."""
        for pair in self._pairs.values():
            pair.largest(self.bad)
        for (label, name, *_), pile in self._piles.items():
            self._note(label, name, pile.largest(self.bad))
        return self._ratios
