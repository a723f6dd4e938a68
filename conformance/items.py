"""Contracts as pytest items: one that draws samples, and one for each witness of the ledger."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import errors

from conformance import budget, profiles
from conformance.contract import Contract, ContractError, Sample
from conformance.judge import Verdict, worst
from conformance.lanes import LaneError
from conformance.ledger import Entry
from conformance.outcomes import ChangedSample, Divergence, Found, LaneDied, VacuousContract
from conformance.report import failures
from conformance.runner import ContractRun
from conformance.session import Session, Shrinker

DRAWN_AGAIN = 3
"""How often a contract whose samples showed nothing draws as many again: few samples may all be zeros by chance."""


class LawItem(pytest.Item):
    """A law that is run, and has a record in the report."""

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name

    def carried(self) -> dict[str, Any] | None:
        """The record as plain data, for the process that writes the report."""
        raise NotImplementedError


class ContractItem(LawItem):
    """One contract on every lane of the session."""

    def __init__(self, *, contract: Contract, session_of: Callable[[], Session], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.contract = contract
        self._session_of = session_of
        self.run: ContractRun | None = None
        self.add_marker(pytest.mark.contract(id=contract.id))
        self.add_marker(pytest.mark.area(name=contract.area))

    def runtest(self) -> None:
        session = self._session_of()
        began = time.perf_counter()
        self.run = self._new_run(session)
        self._require_lane()
        try:
            self.run.begin()
            self.execute(session, self.run)
        except pytest.skip.Exception:
            self.run = None  # nothing ran, so that nothing is reported
            raise
        except BaseException as error:
            with contextlib.suppress(LaneError):  # the failure stands; the next contract must find pinned settings
                self.run.check_settings()
            self.run.record.verdict = worst([self.run.record.verdict, _verdict(error)])
            self.run.record.failure = failures.describe(error, session)
            raise
        finally:
            if self.run is not None:
                self._tell(self.run, time.perf_counter() - began)
            session.budget.end()

    def _tell(self, run: ContractRun, seconds: float) -> None:
        """Complete the record with what was compared."""
        if run.upgrade is not None and run.upgrade.counts:
            run.record.upgrade = run.upgrade.plain(run.record.worst)
        for label, tally in run.modes.items():
            if tally.counts:
                run.record.modes[label] = tally.plain(run.record.worst)
        run.record.seconds = seconds

    def _require_lane(self) -> None:
        """Skip what only lanes in some mode run, or what they do not, where that leaves none."""
        assert self.run is not None
        if not self.run.lanes and self.run.not_asked:
            reasons = dict.fromkeys(self.run.record.unsupported.values())
            self.run = None
            pytest.skip(f"{self.contract.id}: {'; '.join(reasons)}")

    def execute(self, session: Session, run: ContractRun) -> None:
        """Draw samples by the current Hypothesis profile, or run the one that is replayed."""
        if session.replay is not None:
            run.check(session.replay[1])
            run.check_settings()
            run.tell()
            return
        if run.lanes:
            seed = profiles.settled(session.seed)
            for place in range(1 + DRAWN_AGAIN):
                source = f"{seed} again {place}" if place else seed
                found = self._first_found(session, run, source)
                if isinstance(found, LaneError | ChangedSample | ContractError):
                    raise found
                if found is not None:
                    self._make_smaller(session, source, found)
                if run.vacuity() is None or run.record.samples == 0:
                    break
        if session.dtype is not None and run.lanes and run.record.samples == 0:
            run.check_settings()
            pytest.skip(f"{self.contract.id} has no sample of {session.dtype}")
        run.finish()

    def _first_found(self, session: Session, run: ContractRun, seed: str | None) -> Exception | None:
        """Draw samples by the current Hypothesis profile and judge them; the first error that this raises."""
        feed = self._within(session.budget, run) if budget.compiling([lane.spec for lane in run.lanes]) else run.feed
        try:
            profiles.draw(self.contract, feed, seed)
        except Found as found:
            return found.error
        except errors.Unsatisfiable as error:
            raise VacuousContract(f"{self.contract.id}: its strategy gave no sample ({error})") from None
        try:
            run.settle()
        except Exception as error:
            return error
        return None

    def _within(self, allowed: budget.Budget, run: ContractRun) -> Callable[[Any], None]:
        """Takes examples one by one, and no more of them once the contract's share of the time is used up."""
        enough, count = allowed.begin(), itertools.count()

        def feed(example: Any) -> None:
            if run.record.samples == 0 or not enough(next(count)):
                try:
                    run.check(example)
                except Exception as error:
                    raise Found(error) from error

        return feed

    def _make_smaller(self, session: Session, seed: str | None, found: Exception) -> NoReturn:
        """Raise the simplest sample that fails, where one was found to; each is judged before the next is drawn."""
        shrinker = Shrinker(session.shrink_seconds)
        run = self.run = self._new_run(session)
        run.begin()

        def drawn(example: Sample | list[Sample]) -> None:
            if not shrinker.exhausted(example):
                if isinstance(shrinker.error, LaneDied):
                    raise shrinker.error
                try:
                    run.check(example)
                except Exception as error:
                    shrinker.failed(example, error)
                    raise

        try:
            profiles.draw(self.contract, drawn, seed, shrink=True)
        except errors.Flaky:
            if shrinker.error is None:
                raise
            found = shrinker.error
        if isinstance(found, Divergence):
            run = self.run = self._new_run(session)
            run.begin()
            run.check(found.sample)
        raise NotRepeatable(
            f"{self.contract.id}: a sample failed, and passed when it was run again, so that a lane or the "
            f"oracle is not repeatable ({found})"
        )

    def _new_run(self, session: Session) -> ContractRun:
        ledger, only = session.ledger, session.regressions_only
        entries = [*ledger.of(self.contract.id), *ledger.stopping(self.contract.id)]
        left_out = session.budget.left_out(self.contract, [lane.spec for lane in session.lanes])
        return ContractRun(self.contract, session.lanes, entries, only, session.dtype, left_out)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Divergence) and self.run is not None:
            return failures.render(excinfo.value, self._session_of(), self.run.record.failure or {})
        if isinstance(excinfo.value, LaneDied) and self.run is not None:
            return failures.render_death(excinfo.value, self.run.record.failure or {})
        if isinstance(
            excinfo.value, ContractError | VacuousContract | ChangedSample | LaneError | StaleEntry | NotRepeatable
        ):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def carried(self) -> dict[str, Any] | None:
        return None if self.run is None else asdict(self.run.record)


class NotRepeatable(AssertionError):  # noqa: N818
    """A sample that gave two verdicts."""


class StaleEntry(AssertionError):  # noqa: N818
    """A ledger entry that no longer describes its lane."""


class WitnessItem(ContractItem):
    """The replay of one ledger entry's witness."""

    def __init__(self, *, entry: Entry, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.entry = entry

    def execute(self, session: Session, run: ContractRun) -> None:
        entry = self.entry
        if session.dtype is not None and entry.witness is not None and session.dtype not in entry.witness.dtypes():
            pytest.skip(f"the witness of {entry.id} is not of {session.dtype}")
        verdicts = run.replay_witness(entry)
        if not verdicts:
            pytest.skip(f"no lane is {entry.released}")
        run.record.verdict = worst(list(verdicts.values()))
        for label, verdict in verdicts.items():
            if verdict is Verdict.STALE:
                raise StaleEntry(
                    f"ledger entry {entry.id!r} is stale: {label} now agrees with the oracle on the witness; "
                    f"end its version range ({entry.versions}) below this release"
                )
            if verdict is Verdict.DIVERGE:
                raise StaleEntry(
                    f"ledger entry {entry.id!r}: {label} diverges on the witness, but does not do what "
                    f"{entry.behaviour!r} describes"
                )


def _verdict(error: BaseException) -> Verdict:
    if isinstance(error, StaleEntry):  # the record says stale or diverge already
        return Verdict.AGREE
    return Verdict.DIVERGE if isinstance(error, Divergence) else Verdict.ERROR
