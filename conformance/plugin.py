"""The pytest plugin: options, contracts as test items, and the report of a run.

Every :class:`~conformance.contract.Contract` at module level of a suite becomes one item named after its id, followed
by one item for each ledger entry that speaks of it. Lanes are started only when an item is about to run, so that
``--help`` and ``--collect-only`` import no framework.
"""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

import pytest

from conformance import profiles
from conformance.contract import Contract, ContractError
from conformance.items import ContractItem, WitnessItem
from conformance.lanes import LaneError, parse
from conformance.lanes.spec import SpecError
from conformance.ledger import LedgerError, load
from conformance.portable import PortableError, sample_from_file
from conformance.report import results, summary
from conformance.report.results import ReportError
from conformance.session import Session

profiles.register()

OPTIONS: dict[str, dict[str, Any]] = {
    "--lane": {
        "action": "append",
        "default": [],
        "metavar": "SPEC",
        "help": "run on this lane (repeatable): [LABEL=]FRAMEWORK[:DEVICE[:INDEX]][+tf32], for example torch:cpu, "
        "paddle:gpu or coarse=torch:cuda+tf32. Default: torch and paddle, on the CPU and on every visible GPU",
    },
    "--require-lane": {
        "action": "append",
        "default": [],
        "metavar": "SPEC",
        "help": "fail unless this lane is running (repeatable), so that a CI job cannot silently lose its GPU",
    },
    "--conformance-report": {
        "default": "conformance-report",
        "metavar": "DIR",
        "help": "folder for results.json, summary.md, and the replay files and scripts of failures "
        "(default: %(default)s)",
    },
    "--ledger": {
        "default": None,
        "metavar": "FILE",
        "help": "file of known divergences (default: fixtures/divergences.toml)",
    },
    "--replay": {
        "default": None,
        "metavar": "FILE",
        "help": "run only the contract and the sample that a failure wrote to FILE",
    },
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "cross-framework conformance")
    for name, attributes in OPTIONS.items():
        group.addoption(name, **attributes)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "contract(id): the item runs this contract on every lane")
    config.addinivalue_line("markers", "area(name): the area of the contract, a row of the summary")
    if not config.option.help:
        config.pluginmanager.register(ConformancePlugin(config), "conformance-run")


class ConformancePlugin:
    """One run: its session, and the records that arrive here from every item (of every worker)."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.began = time.monotonic()
        self.records: dict[str, results.Record] = {}
        self.fingerprints: list[dict[str, Any]] = []
        self.interrupted = False
        self._session: Session | None = None
        try:
            self.lanes = [parse(text) for text in config.getoption("--lane")]
            self.required = [parse(text) for text in config.getoption("--require-lane")]
        except SpecError as error:
            raise pytest.UsageError(str(error)) from None

    def session(self) -> Session:
        """The session, made when the first contract is collected: other tests of a project need none of it."""
        if self._session is None:
            try:
                self._session = self._make_session()
            except (SpecError, LedgerError, PortableError, ContractError, ReportError) as error:
                raise pytest.UsageError(str(error)) from None
        return self._session

    def _make_session(self) -> Session:
        option = self.config.getoption
        root = self.config.rootpath
        for file in sorted((root / "suites").glob("test_*.py")):  # the ledger speaks of contracts by id
            importlib.import_module(f"suites.{file.stem}")
        ledger_file = Path(option("--ledger") or root / "fixtures" / "divergences.toml")
        ledger = load(ledger_file)
        ledger.check(ledger_file)
        report = Path(option("--conformance-report"))
        results.require_writable(report)
        replay = sample_from_file(Path(option("--replay"))) if option("--replay") else None
        seeded = getattr(self.config.option, "hypothesis_seed", None) is not None
        return Session(self.lanes, self.required, ledger, report, replay, seeded)

    @pytest.hookimpl
    def pytest_pycollect_makeitem(self, collector: Any, obj: object) -> Any:
        if not isinstance(obj, Contract) or not isinstance(collector, pytest.Module):
            return None
        if obj.module != collector.obj.__name__:
            return []  # imported from another suite, which collects it itself
        session = self.session()
        if session.replay is not None and session.replay[0] != obj.id:
            return []
        common = {"contract": obj, "session_of": self.session}
        items: list[pytest.Item] = [ContractItem.from_parent(collector, name=obj.id, **common)]
        if session.replay is None:
            for entry in session.ledger.of(obj.id):
                name = f"{obj.id}:known[{entry.id}]"
                items.append(WitnessItem.from_parent(collector, name=name, entry=entry, **common))
        return items

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Start the lanes once it is certain that contracts will run in this process."""
        distributing = bool(getattr(self.config.option, "dist", "no") != "no") and not hasattr(self.config, "workerinput")
        contracts = any(isinstance(item, ContractItem) for item in session.items)
        if not contracts or distributing or self.config.option.collectonly:
            return
        try:
            self.session().start()
        except (SpecError, LaneError) as error:
            raise pytest.UsageError(str(error)) from None
        self.fingerprints = self.session().fingerprints()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if call.when == "call" and isinstance(item, ContractItem):
            report.conformance = {"record": item.carried(), "lanes": self.fingerprints}
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Collect records; in a distributed run this hook is called in the controller."""
        carried = getattr(report, "conformance", None)
        if carried and carried["record"]:
            self.fingerprints = self.fingerprints or carried["lanes"]
            results.merge(self.records, carried["record"])

    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if not self.records or hasattr(self.config, "workerinput"):
            return
        complete = not self.interrupted and exitstatus in (0, 1)
        self.results = results.build(
            list(self.records.values()), self.fingerprints, time.monotonic() - self.began, complete, self._settings()
        )
        try:
            results.write(Path(self.config.getoption("--conformance-report")), self.results)
        except ReportError as error:
            raise pytest.UsageError(str(error)) from None
        if self.results["verdict"] == "fail" and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _settings(self) -> dict[str, Any]:
        from hypothesis import settings

        return {
            "profile": settings.get_current_profile_name(),
            "seed": getattr(self.config.option, "hypothesis_seed", None),
            "max_examples": settings().max_examples,
        }

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        found = getattr(self, "results", None)
        if found is not None:
            terminalreporter.section("conformance", "=")
            for line in summary.lines(found):
                terminalreporter.write_line(line)
