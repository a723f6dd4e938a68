"""One pytest item for each law of each pair of models, in the form that the report knows."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from conformance.items import LawItem
from conformance.judge import Verdict, worst
from conformance.lanes import Lane, LaneError
from conformance.lanes.spec import written
from conformance.porting.calls import AREA
from conformance.porting.check import PairDivergence, Port
from conformance.porting.compared import Seen
from conformance.porting.laws import AS, LAWS, layers
from conformance.porting.pair import PairError
from conformance.record import Record
from conformance.session import Session


class PairFile(pytest.File):
    """A file of ``--pair`` as pytest collects it: one item for each law.

    given: the path as it was typed. called: what the pair is called among those of the run.
    """

    def __init__(self, *, given: Path, called: str, ports: Ports, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.given, self.called, self.ports = given, called, ports

    def collect(self) -> list[pytest.Item]:
        laws = [*LAWS, "layers"] if self.config.getoption("--layers") else list(LAWS)
        return [
            PairItem.from_parent(
                self,
                name=f"{self.called}.{law}",
                session_of=self.ports.session_of,
                law=law,
                path=self.given,
                ports=self.ports,
                details={"pair": str(self.given), "name": self.called, "law": law, "laws": laws},
            )
            for law in laws
        ]


class Ports:
    """The ports of a run, which the items of one pair share."""

    def __init__(self, session_of: Callable[[], Session]) -> None:
        self.session_of = session_of
        self._made: dict[tuple[Path, str, str], Port] = {}
        self._refused: dict[tuple[Path, str], str] = {}

    def refused(self, path: Path, why: str, law: str) -> str:
        """The law that was refused for this reason first, so that it is told once."""
        return self._refused.setdefault((path, why), law)

    def of(self, path: Path) -> Iterator[Port]:
        """One for each lane, beside the first lane of the other framework."""
        sides = {
            name: [lane for lane in self.session_of().lanes if lane.spec.framework == name]
            for name in ("torch", "paddle")
        }
        if not all(sides.values()):
            raise PairError(f"{path}: a pair needs a torch lane and a paddle lane; name both with --lane")
        torch, paddle = sides["torch"], sides["paddle"]
        for one, other in [(torch[0], each) for each in paddle] + [(each, paddle[0]) for each in torch[1:]]:
            yield self._port(path, one, other)

    def _port(self, path: Path, one: Lane, other: Lane) -> Port:
        key = (path, one.label, other.label)
        if key not in self._made:
            self._made[key] = Port(path.resolve(), one, other)
        return self._made[key]


class PairItem(LawItem):
    """One law of one pair, on all lanes. details: which one; the report has them beside what the law has seen."""

    def __init__(
        self,
        *,
        law: str,
        path: Path,
        ports: Ports,
        details: dict[str, Any],
        session_of: Callable[[], Session],
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.law, self.pair_file, self._ports, self._details = law, path, ports, details
        self._session_of = session_of
        self.add_marker(pytest.mark.area(name=AREA))
        # The warnings of a user's models, and ours, are no verdict, whatever the project they lie in makes of its own.
        self.add_marker(pytest.mark.filterwarnings("default", "ignore:No ccache found"))
        self._record: Record | None = None

    def runtest(self) -> None:
        law = LAWS.get(self.law, layers)
        began = time.perf_counter()
        record = Record(f"porting.{self.name}", AREA, (law.__doc__ or "").strip())
        record.details = {**self._details, "layers": [], "warnings": [], "replay": self._replay()}
        self._record = record
        try:
            for port in self._ports.of(self.pair_file):
                seen = Seen()
                try:
                    law(port, seen)
                finally:
                    self._keep(record, record.details, port, seen)
            if not record.samples:
                raise PairError(f"{self.pair_file}: no sample was run, so that {self.law} shows nothing")
        except BaseException as error:
            record.verdict = Verdict.DIVERGE if isinstance(error, PairDivergence) else Verdict.ERROR
            first = (
                self._ports.refused(self.pair_file, str(error), self.law) if isinstance(error, PairError) else self.law
            )
            record.failure = {"lanes": [], "message": str(error) if first == self.law else AS.format(first)}
            if first != self.law:
                raise PairError(AS.format(first)) from error
            raise
        finally:
            if record.known:
                record.verdict = worst([record.verdict, Verdict.KNOWN])
            record.seconds = time.perf_counter() - began

    def _keep(self, record: Record, details: dict[str, Any], port: Port, seen: Seen) -> None:
        """Add what a law has seen on two lanes."""
        lanes = f"{port.torch.label} {port.paddle.label}"
        record.worst[lanes] = seen.worst
        record.samples += seen.samples
        record.exact_samples += seen.exact_samples
        details["layers"] += [{**row, "lanes": lanes} for row in port.layers]
        details["warnings"] += [text for text in seen.warnings if text not in details["warnings"]]
        port.layers = []
        for entry in self._session_of().ledger.entries:
            if entry.id in seen.known:
                known = record.known.setdefault(entry.id, {**entry.summary(), "lane": "paddle", "samples": 0})
                known["samples"] += seen.known[entry.id]

    def _replay(self) -> str:
        """A command that checks the pair again, from the folder where this one was typed."""
        session = self._session_of()
        options = ["--layers"] if self.config.getoption("--layers") else []
        options += [f"--lane={written(spec)}" for spec in session.asked]
        command = ["python", "-m", "conformance", "port", str(self.pair_file)]
        return shlex.join([*command, *options, *session.repeated])

    def carried(self) -> dict[str, Any] | None:
        return None if self._record is None else asdict(self._record)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, PairDivergence):
            return f"{self.pair_file.name}, {self.law}: the models differ\n  {excinfo.value}"
        if isinstance(excinfo.value, PairError | LaneError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)
