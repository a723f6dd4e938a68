"""Measures the smallest relative error in a lane's results that a contract's samples show, to the judge and to others.

The lanes observe each of the gate's samples once, and the oracle says once what it accepts; an error is then put into
the observed values and the judge is asked again, with no further call of a framework. Results of one name are changed
by themselves, so that no other result can show the error in their place.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from conformance import profiles
from conformance.accuracy import Acceptance, Rejects
from conformance.contract import EXACT, Contract, Observation, Sample
from conformance.judge import compare, compare_lanes
from conformance.lanes import Lane
from conformance.ledger import Entry
from conformance.outcomes import Divergence, Judged
from conformance.runner import ContractRun

LEVELS = range(25)
"""Errors of 2**level units are tried."""
NEVER = len(LEVELS)
USELESS = NEVER + 1
"""Of a tolerance that rejects every correct result, and so shows no error."""
UNIT = 2.0**-23
"""One unit in the last place of float32, relative."""

ONE, ALL = "one element", "all elements"
GATE = "the gate"
TOLERANCES = {"np.allclose": (1e-5, 1e-8), "assert_close": (1.3e-6, 1e-5), "1e-2": (1e-2, 1e-2)}
"""rtol and atol: NumPy's defaults, those of ``torch.testing`` for float32, and a common coarse choice."""


@dataclass
class Seen:
    """What a contract's samples showed of one result of one lane, by how many elements were wrong.

    levels: the smallest level that the gate sees, of each sample. least: the smallest level that a tolerance sees in
    any sample.
    """

    levels: dict[str, list[int]] = field(default_factory=lambda: {ONE: [], ALL: []})
    least: dict[tuple[str, str], int] = field(default_factory=dict)

    def smallest(self, instrument: str, extent: str) -> int:
        """The smallest level that any sample shows to an instrument."""
        return min(self.levels[extent]) if instrument == GATE else self.least.get((instrument, extent), USELESS)

    def share(self, extent: str, level: int) -> float:
        """The part of the samples in which the gate sees this level."""
        levels = self.levels[extent]
        return sum(one <= level for one in levels) / len(levels)


@dataclass
class Sensitivity:
    """What was measured of a contract.

    seen: by lane and result, of those in float32. alarms: for each tolerance, how many of the
    ``observed`` correct observations with such values it rejects. other_formats: whether there are floating-point
    results in another format.
    """

    contract: Contract
    samples: int = 0
    observed: int = 0
    other_formats: bool = False
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    alarms: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOLERANCES, 0))

    def weakest(self, instrument: str, extent: str, lane: str | None = None) -> tuple[int, str, float]:
        """The largest of the smallest levels, its result, and the share of samples in which the gate sees it."""
        found = [
            (seen.smallest(instrument, extent), name, seen)
            for (label, name), seen in self.seen.items()
            if lane in (None, label)
        ]
        shares = [(level, name, seen.share(extent, level)) for level, name, seen in found]
        return max(shares, key=lambda item: (item[0], -item[2]))


def perturbed(values: np.ndarray, level: int, place: int | None = None) -> np.ndarray:
    """The values with a relative error of ``2**level * UNIT``, at one flat index or everywhere.

    At least one unit in the last place; zeros, what is not finite and what would not stay so are left as they are.
    """
    chosen = values.reshape(-1) if place is None else values.reshape(-1)[place : place + 1]
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        changed = np.multiply(chosen, 1.0 + 2.0**level * UNIT, dtype=np.float64).astype(values.dtype)
        changed = np.where(changed == chosen, np.nextafter(chosen, np.copysign(np.inf, chosen)), changed)
        changed = np.where(np.isfinite(changed) & (chosen != 0), changed, chosen).astype(values.dtype)
    result = values.copy().reshape(-1)
    result[slice(None) if place is None else slice(place, place + 1)] = changed
    return result.reshape(values.shape)


def smallest(shows: Callable[[int], bool], least: int = NEVER) -> int:
    """The smallest level below ``least`` that is shown, or ``least``; a larger error shows where a smaller one does."""
    if least == 0 or not shows(least - 1):
        return least
    return 0 if shows(0) else bisect.bisect_left(LEVELS, True, lo=1, hi=least - 1, key=shows)


def outside(observed: np.ndarray, value: np.ndarray, tolerance: tuple[float, float]) -> bool:
    """Whether |observed - value| > atol + rtol |value| anywhere; what is not finite must be equal."""
    relative, absolute = tolerance
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(np.subtract(observed, value, dtype=np.float64)) <= absolute + relative * np.abs(value)
        close &= np.isfinite(value)
        return not bool(np.all(close | (observed == value) | (np.isnan(observed) & np.isnan(value))))


def measure(contract: Contract, lanes: Sequence[Lane], entries: Sequence[Entry]) -> Sensitivity:
    """Draw the contract's samples of the gate and measure. Raises :class:`Divergence` where a lane is not correct."""
    run = ContractRun(contract, lanes, entries)
    found = Sensitivity(contract)
    rng = np.random.default_rng(0)
    run.begin()

    def check(example: Sample | Sequence[Sample]) -> None:
        met_oracle = False
        for sample in [example] if isinstance(example, Sample) else example:
            exact = sample.regime == EXACT
            judged = run.judge(sample, screen=exact and met_oracle)
            if judged.differences:
                raise Divergence(contract, sample, judged)
            met_oracle = met_oracle or (exact and len(run.lanes) > 1)
            found.samples += 1
            for lane in run.lanes:
                _look(found, LaneJudge(run, lane, sample, judged), rng)

    profiles.draw(contract, check)
    return found


def _look(found: Sensitivity, judge: LaneJudge, rng: np.random.Generator) -> None:
    """Put errors into every result of an observation that is in float32."""
    results = list(judge.floats())
    found.other_formats |= any(
        values.dtype.kind in "fcV" and values.dtype != np.float32  # V: of ml_dtypes
        for values in judge.observation.values.values()
    )
    rejecting = {
        instrument: {result.name for result in results if result.outside(result.values, limit)}
        for instrument, limit in TOLERANCES.items()
    }
    found.observed += bool(results)
    for instrument, names in rejecting.items():
        found.alarms[instrument] += bool(names)
    for result in results:
        places = np.flatnonzero(np.isfinite(result.values) & (result.values != 0))
        if not places.size:
            continue
        if judge.shows(result.name, result.values):
            raise RuntimeError(f"{found.contract.id}: {judge.lane.label}'s own {result.name} is not accepted again")
        seen = found.seen.setdefault((judge.lane.label, result.name), Seen())
        limits = {name: limit for name, limit in TOLERANCES.items() if result.name not in rejecting[name]}
        for extent, place in ((ONE, int(rng.choice(places))), (ALL, None)):
            _try(seen, extent, judge, result, place, limits)


def _try(
    seen: Seen, extent: str, judge: LaneJudge, result: Result, place: int | None, limits: Mapping[str, Any]
) -> None:
    """Find the smallest level of one kind of error in one result."""

    @cache
    def wrong(level: int) -> np.ndarray:
        return perturbed(result.values, level, place)

    seen.levels[extent].append(smallest(lambda level: judge.shows(result.name, wrong(level))))
    for instrument, limit in limits.items():
        least = seen.least.get((instrument, extent), NEVER)
        seen.least[instrument, extent] = smallest(partial(_outside, result, wrong, limit, place), least)


def _outside(result: Result, wrong: Callable[[int], np.ndarray], limit: Any, place: int | None, level: int) -> bool:
    return result.outside(wrong(level), limit, place)


@dataclass(frozen=True, eq=False)
class Result:
    """A result of a lane in float32, the right values, and where these are promised (``None``: everywhere)."""

    name: str
    values: np.ndarray
    right: np.ndarray
    promised: np.ndarray | None

    def outside(self, values: np.ndarray, tolerance: tuple[float, float], place: int | None = None) -> bool:
        """Whether a tolerance rejects these values, of which only that at ``place`` is new."""
        if place is None:
            chosen: Any = ... if self.promised is None else self.promised
            return outside(values[chosen], self.right[chosen], tolerance)
        if self.promised is not None and not self.promised.flat[place]:
            return False
        return outside(values.reshape(-1)[place], self.right.reshape(-1)[place], tolerance)


class LaneJudge:
    """The gate's judgement of one lane's observation of one sample, to be asked again and again.

    The acceptances of the oracle and of the ledger's variants are kept. An oracle that follows a lane's decisions
    followed those of the unchanged observation. A sample on which the lanes only had to equal each other has none.
    """

    def __init__(self, run: ContractRun, lane: Lane, sample: Sample, judged: Judged) -> None:
        self.lane, self.sample, self.judged = lane, sample, judged
        self.observation = judged.observations[lane.label]
        self.others = {label: seen for label, seen in judged.observations.items() if label != lane.label}
        silent = self.observation.error is not None or self.observation.unsupported is not None
        self.screened = lane.label not in judged.accepted and not silent
        self._accepted: list[tuple[bool, Mapping[str, Any], set[str]]] = []
        if self.screened or silent:
            return
        known = [entry for entry in run.entries if entry.applies_to(lane)]
        oracles = [run.contract.oracle, *(run.contract.variants[entry.behaviour] for entry in known)]
        for oracle in oracles:
            accepted = run.oracles.accept(lane, oracle, sample, self.observation)
            if not isinstance(accepted, Rejects):
                names = accepted.keys() | self.observation.values.keys()
                unlike = {name for name in names if self._differs(accepted, name, self.observation.values.get(name))}
                self._accepted.append((oracle is run.contract.oracle, accepted, unlike))

    def floats(self) -> Iterator[Result]:
        """Every result in float32 that has elements."""
        fitting: list[Mapping[str, Any]] = [accepted for _, accepted, unlike in self._accepted if not unlike]
        if self.screened:
            fitting = [seen.values for seen in self.others.values()]
        for name, item in fitting[0].items() if fitting else ():
            values = self.observation.values.get(name)
            if values is not None and values.dtype == np.float32 and values.size:
                acceptance = item if isinstance(item, Acceptance) else Acceptance(np.asarray(item))
                free = np.isposinf(acceptance.bound) & (self.sample.regime != EXACT)
                promised = np.broadcast_to(~free, values.shape) if np.any(free) else None
                yield Result(name, values, np.asarray(acceptance.value), promised)

    def shows(self, name: str, values: np.ndarray) -> bool:
        """Whether the gate would see that ``name`` has these values instead of the observed ones."""
        if self.screened:
            return self._unlike_others(name, values, self.others, None)
        for is_oracle, accepted, unlike in self._accepted:
            if unlike <= {name} and not self._differs(accepted, name, values):
                explained = {label for label, _ in self.judged.known}
                refused = any(isinstance(one, Rejects) for one in self.judged.accepted.values())
                plain = {label: seen for label, seen in self.others.items() if label not in explained}
                return is_oracle and not refused and self._unlike_others(name, values, plain, self.judged.accepted)
        return True

    def _differs(self, accepted: Mapping[str, Any], name: str, values: np.ndarray | None) -> bool:
        if name not in accepted or values is None:
            return True
        seen = self._only(self.observation, name, values)
        return bool(
            compare(self.lane.label, seen, {name: accepted[name]}, self.sample, self.lane.spec.device).differences
        )

    def _unlike_others(self, name: str, values: np.ndarray, others: Mapping[str, Observation], accepted: Any) -> bool:
        seen = {label: self._only(one, name, one.values[name]) for label, one in others.items() if name in one.values}
        seen[self.lane.label] = self._only(self.observation, name, values)
        return bool(compare_lanes(seen, accepted, self.sample).differences)

    @staticmethod
    def _only(seen: Observation, name: str, values: np.ndarray) -> Observation:
        return Observation({name: values}, {name: seen.dtypes[name]}, {name: seen.devices[name]})
