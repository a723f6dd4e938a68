"""Running one contract: every sample to every lane, the oracle in between, and the running record of the verdicts.

The runner is what a test of pytest calls for each example that Hypothesis draws. It raises :class:`Divergence` for a
sample that nothing explains; Hypothesis then shrinks the sample as it would for any failing test.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance import memory, modes, precision, upgrade
from conformance.agreement import Agreement
from conformance.contract import EXACT, Contract, Observation, Sample
from conformance.judge import Verdict, worst
from conformance.judging import Judging
from conformance.lanes import Lane, LaneError
from conformance.ledger import Entry
from conformance.outcomes import ChangedSample, Divergence, Found, Judged, LaneDied, VacuousContract
from conformance.record import Record, curves

TOGETHER = 64
"""Samples that go to the lanes, to the oracle and to the judge together. A processor that does one of these many times
in a row is twice as fast at it as where they take turns."""
BYTES_TOGETHER = 2**20
AHEAD = 1
"""Groups that the lanes have been given and that are not judged yet, so that no one waits for another."""


@dataclass
class Waiting:
    """Samples that the lanes are at, which of them are screened, and for each lane their handles."""

    samples: Sequence[Sample]
    screened: Sequence[bool]
    handles: list[list[Any]]
    began: float


class ContractRun:
    """One contract over a set of started lanes."""

    def __init__(
        self,
        contract: Contract,
        lanes: Sequence[Lane],
        entries: Sequence[Entry] = (),
        regressions_only: bool = False,
        dtype: str | None = None,
        left_out: Mapping[str, str] | None = None,
    ) -> None:
        memory.settle()
        self.contract = contract
        self.dtype = dtype
        self.regressions_only = regressions_only
        self._smallest: Divergence | None = None
        self.record = Record(contract.id, contract.area, contract.claim)
        self.entries = [entry for entry in entries if not entry.not_run]
        self.lanes: list[Lane] = []
        self.not_asked: dict[str, str] = {}
        """Lanes that do not run the contract because of their mode alone, and why."""
        for lane in lanes:
            not_asked = modes.missing(lane.spec.modes, contract.modes) or (left_out or {}).get(lane.label)
            if not_asked is not None:
                self.not_asked[lane.label] = not_asked
            reason = (
                not_asked
                or precision.lacking(lane.spec.arithmetic, contract)
                or contract.unsupported_on(lane.spec.framework, lane.spec.device)
                or next((entry.not_run for entry in entries if entry.not_run and entry.applies_to(lane)), None)
            )
            if reason is None:
                self.lanes.append(lane)
            else:
                self.record.unsupported[lane.label] = reason
        self._arithmetics = list({lane.spec.arithmetic: lane for lane in self.lanes}.values())
        entries_of = {lane.label: [entry for entry in self.entries if entry.applies_to(lane)] for lane in self.lanes}
        self.judging = Judging(contract, self.lanes, entries_of, self.record)
        self.oracles = self.judging.oracles
        specs = [lane.spec for lane in self.lanes]
        self.upgrade = upgrade.Tally() if upgrade.pair(specs) else None
        self.modes = {new: upgrade.Tally(old, new) for old, new in upgrade.eager(specs)}
        self._tallies = [*([self.upgrade] if self.upgrade else []), *self.modes.values()]
        self._gathered: list[tuple[Sample, bool]] = []
        self._gathered_bytes = 0
        self._waiting: deque[Waiting] = deque()

    def begin(self) -> None:
        """Seed the lanes."""
        self._forget()
        for lane in self.lanes:
            lane.begin_contract()

    def check(self, example: Sample | Sequence[Sample]) -> None:
        """Run one drawn example; raise :class:`Divergence` for the first sample that nothing explains."""
        self._gather(example)
        self.settle()

    def feed(self, example: Sample | Sequence[Sample]) -> None:
        """Take in an example; judge earlier ones now and then. Raises :class:`Found` around what that raises.

        The oracle computes while the lanes do, and both while more examples are drawn.
        """
        try:
            self._gather(example)
            if len(self._gathered) >= TOGETHER or self._gathered_bytes >= BYTES_TOGETHER:
                self._submit()
            while len(self._waiting) > AHEAD:
                self._judge_oldest()
        except Exception as error:
            self._forget()
            raise Found(error) from error

    def settle(self) -> None:
        """Judge every example that waits."""
        try:
            self._submit()
            while self._waiting:
                self._judge_oldest()
        finally:
            self._forget()

    def _gather(self, example: Sample | Sequence[Sample]) -> None:
        samples = [example] if isinstance(example, Sample) else list(example)
        if self.dtype is not None:
            samples = [sample for sample in samples if self.dtype in sample.dtypes()]
        self._gathered += zip(samples, self._screened(samples), strict=True)
        self._gathered_bytes += sum(array.nbytes for sample in samples for array in sample.arrays())

    def _submit(self) -> None:
        samples, screened = [sample for sample, _ in self._gathered], [screen for _, screen in self._gathered]
        self._gathered, self._gathered_bytes = [], 0
        if not samples:
            return
        began = time.perf_counter()
        handles = [
            lane.submit_all(self.contract, [self.oracles.given(lane, each) for each in samples]) for lane in self.lanes
        ]
        self._waiting.append(Waiting(samples, screened, handles, began))
        if not self.contract.conditioned:
            for sample, screen in zip(samples, screened, strict=True):
                if not screen:
                    for lane in self._arithmetics:
                        self.oracles.accept(lane, self.contract.oracle, sample, Observation())

    def _screened(self, samples: Sequence[Sample]) -> list[bool]:
        """Which samples need not meet the oracle; see :meth:`Judging.judge`."""
        exact = [sample.regime == EXACT for sample in samples]
        several = len(self._frameworks()) > 1 and len(self._arithmetics) == 1
        return [several and is_exact and any(exact[:place]) for place, is_exact in enumerate(exact)]

    def _forget(self) -> None:
        for waiting in self._waiting:
            for lane, handles in zip(self.lanes, waiting.handles, strict=True):
                lane.forget(handles)
        self._waiting.clear()
        self.oracles.clear()
        self._gathered, self._gathered_bytes = [], 0

    def _judge_oldest(self) -> None:
        waiting = self._waiting.popleft()
        samples, problem = waiting.samples, None
        observations: list[dict[str, Observation]] = []
        try:
            for place, sample in enumerate(samples):
                seen = {}
                for lane, handles in zip(self.lanes, waiting.handles, strict=True):
                    seen[lane.label] = self._observed(lane, sample, handles[place])
                observations.append(seen)
        except (LaneDied, ChangedSample) as error:
            problem = error
            for lane, handles in zip(self.lanes, waiting.handles, strict=True):
                lane.forget(handles[place + 1 :])
        try:
            self._judge_all(samples[: len(observations)], observations, waiting.screened)
        finally:
            for sample in samples:
                self.oracles.drop(sample)
            self.record.seconds += time.perf_counter() - waiting.began
        if problem is not None:
            if isinstance(problem, LaneDied):
                for tally in self._tallies:
                    tally.count({}, {}, problem.sample.describe(), problem.label)
            raise problem

    def _judge_all(
        self,
        samples: Sequence[Sample],
        observations: Sequence[Mapping[str, Observation]],
        screened: Sequence[bool],
    ) -> None:
        apart = set(range(len(samples)))
        # An oracle that follows what a lane decided is dear, and keeps its latest run for the next lane or variant.
        if not self._tallies and len(samples) > 1 and not self.contract.conditioned:
            apart = self._agree(samples, observations, screened)
        for place, sample in enumerate(samples):
            if place not in apart:
                self.judging.shown.note(sample, observations[place])
                self._count(sample, observations[place])
                continue
            judged = self.judging.judge(sample, observations[place], screened[place])
            self._note(sample, judged)
            status = upgrade.counted(self._tallies, judged, sample.describe())
            if judged.differences:
                self._found(Divergence(self.contract, sample, judged), status)

    def _agree(
        self,
        samples: Sequence[Sample],
        observations: Sequence[Mapping[str, Observation]],
        screened: Sequence[bool],
    ) -> set[int]:
        """Compare many samples at once; the places of those that have to be judged by themselves."""
        agreement = Agreement({lane.label: lane.spec.device for lane in self.lanes})
        with np.errstate(all="ignore"):
            for place, sample in enumerate(samples):
                seen = dict(observations[place])
                if screened[place]:
                    agreement.add_equal(place, seen)
                    continue
                accepted = {}
                for lane in self.lanes:
                    if self.judging.lacks(lane, sample, seen[lane.label]):
                        del seen[lane.label]
                    else:
                        accepted[lane.label] = self.oracles.accept(
                            lane, self.contract.oracle, sample, observations[place][lane.label]
                        )
                        self.judging.shown.note_accepted(accepted[lane.label])
                agreement.add(place, sample, seen, accepted)
            self.record.note(agreement.ratios(), {})
        return agreement.bad

    def _found(self, error: Divergence, status: str | None) -> None:
        """Raise a divergence; of an upgrade, every sample is wanted, and the smallest that diverges is told at the end.

        Where regressions alone are asked for, so is only one of them.
        """
        if not self._tallies:
            raise error
        if self.regressions_only and status != upgrade.NEWLY_WRONG:
            self.record.verdict = Verdict.DIVERGE
            return
        if self._smallest is None or _size(error.sample) < _size(self._smallest.sample):
            self._smallest = error

    def tell(self) -> None:
        """Raise the divergence that waited because lanes of one framework are compared with each other."""
        if self._smallest is not None:
            raise self._smallest

    def _frameworks(self) -> set[str]:
        return {lane.spec.framework for lane in self.lanes}

    def judge(self, sample: Sample, screen: bool = False) -> Judged:
        """Observe a sample on every lane and judge it; see :meth:`check`."""
        handles = [lane.submit(self.contract, self.oracles.given(lane, sample)) for lane in self.lanes]
        seen = {
            lane.label: self._observed(lane, sample, handle) for lane, handle in zip(self.lanes, handles, strict=True)
        }
        try:
            return self.judging.judge(sample, seen, screen)
        finally:
            self.oracles.drop(sample)

    def _observed(self, lane: Lane, sample: Sample, handle: Any) -> Observation:
        observation = lane.result(handle)
        if observation.died is not None:
            raise LaneDied(self.contract, sample, lane.label, observation.died)
        if observation.changed:
            raise ChangedSample(
                f"{self.contract.id}: {lane.label}'s call writes to the arrays of its sample; it must copy them first"
            )
        return observation

    def _count(self, sample: Sample, observations: Mapping[str, Observation]) -> None:
        record = self.record
        record.samples += 1
        record.exact_samples += sample.regime == EXACT
        record.framework_seconds += sum(seen.framework_seconds for seen in observations.values())

    def _note(self, sample: Sample, judged: Judged) -> None:
        record = self.record
        self._count(sample, judged.observations)
        if not judged.differences:
            record.note(judged.ratios, judged.noted)
            if judged.noted and not record.details:
                record.details = curves(judged.accepted, judged.observations)
        for label, entry in judged.known:
            self._note_known(label, entry)

    def _note_known(self, label: str, entry: Entry) -> None:
        noted = self.record.known.setdefault(f"{entry.id} {label}", {**entry.summary(), "lane": label, "samples": 0})
        noted["samples"] += 1

    def finish(self) -> Record:
        """Check that the contract showed something and left the lanes as they were; give its record.

        Raises
        ------
        VacuousContract: no sample ran, every input was zero, or a quantity was zero in every sample.
        LaneError: a setting of a lane differs from what was pinned.
        """
        self.check_settings()
        if not self.lanes:
            self.record.verdict = worst([self.record.verdict, Verdict.UNSUPPORTED])
            return self.record
        self.tell()
        if self._taken_by_none():
            self.record.verdict = worst([self.record.verdict, Verdict.UNSUPPORTED])
            return self.record
        lacking = self.vacuity()
        if lacking is not None:
            raise VacuousContract(f"{self.contract.id}: {lacking}")
        if self.record.known:
            self.record.verdict = worst([self.record.verdict, Verdict.KNOWN])
        return self.record

    def _taken_by_none(self) -> bool:
        """Whether no lane could take any sample."""
        return all(lane.label in self.judging.declined and lane.label not in self.judging.taken for lane in self.lanes)

    def vacuity(self) -> str | None:
        """What the samples so far have not shown, or ``None``; a divergence is shown."""
        return (
            None
            if self._smallest is not None or self._taken_by_none()
            else self.judging.shown.lacking(self.record, self.contract.may_be_zero)
        )

    def check_settings(self) -> None:
        """Raise :class:`LaneError` where a setting differs from what was pinned; every lane is pinned again."""
        changed = []
        for lane in self.lanes:
            try:
                lane.check_settings()
            except LaneError as error:
                changed.append(str(error))
        if changed:
            raise LaneError("; ".join(changed))

    def replay_witness(self, entry: Entry) -> dict[str, Verdict]:
        """Replay an entry's witness on the lanes it speaks of: known where it still diverges as described."""
        verdicts: dict[str, Verdict] = {}
        began, witness = time.perf_counter(), entry.witness
        if witness is None:
            return verdicts
        for lane in self.lanes:
            if not _speaks_of(entry, lane):
                continue
            observation = self._observed(lane, witness, lane.submit(self.contract, self.oracles.given(lane, witness)))
            if self.judging.lacks(lane, witness, observation):
                verdicts[lane.label] = Verdict.UNSUPPORTED
                continue
            accepted = self.oracles.accept(lane, self.contract.oracle, witness, observation)
            if not self.judging.against(accepted, lane, witness, observation).differences:
                verdicts[lane.label] = Verdict.STALE
            elif self.judging.explain(entry, lane, witness, observation) is None:
                verdicts[lane.label] = Verdict.DIVERGE
            else:
                verdicts[lane.label] = Verdict.KNOWN
                self._note_known(lane.label, entry)
            self.record.framework_seconds += observation.framework_seconds
        if self.upgrade is not None and verdicts:
            self._compare_witness(witness)
        self.record.samples += bool(verdicts)
        self.record.seconds += time.perf_counter() - began
        return verdicts

    def _compare_witness(self, witness: Sample) -> None:
        """Count a witness for an upgrade: of an entry about one of both releases, the other one runs it too."""
        assert self.upgrade is not None
        seen = {}
        for lane in self.lanes:
            observation = lane.result(lane.submit(self.contract, self.oracles.given(lane, witness)))
            if observation.died is not None:
                self.upgrade.count({}, {}, witness.describe(), lane.label)
                return
            seen[lane.label] = observation
        try:
            upgrade.counted([self.upgrade], self.judging.judge(witness, seen, False), witness.describe())
        finally:
            self.oracles.drop(witness)


def _speaks_of(entry: Entry, lane: Lane) -> bool:
    """Whether a witness has to diverge on a lane: of what an eager lane does wrong, a mode may do some right."""
    return entry.applies_to(lane) and not (lane.spec.modes and not entry.mode)


def _size(sample: Sample) -> tuple[int, int]:
    arrays = sample.arrays()
    return sum(array.size for array in arrays), len(sample.describe())
