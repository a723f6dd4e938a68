"""The pytest plugin: options, contracts and pairs of models as test items, and the report of a run.

It is registered by the ``conftest.py`` of a project of contracts; elsewhere by :mod:`conformance.entry`, in a run that
wants something of it. Every :class:`~conformance.contract.Contract` at module level of a suite becomes one item named
after its id, followed by one item for each ledger entry that speaks of it. Lanes are started only when an item is about
to run, so that ``--help`` and ``--collect-only`` import no framework.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from conformance import coverage, home, names, profiles, selection, upgrade
from conformance.budget import Budget, is_operator
from conformance.contract import FRAMEWORKS, Contract, ContractError, Sample, find
from conformance.items import ContractItem, LawItem, WitnessItem
from conformance.lanes import LaneError, parse
from conformance.lanes.gateway import Surroundings
from conformance.lanes.spec import SpecError
from conformance.ledger import LedgerError, load
from conformance.options import DEFAULT_LIMIT, OPTIONS
from conformance.portable import PortableError, sample_from_file
from conformance.porting.items import PairFile, Ports
from conformance.progress import FEWEST, Progress
from conformance.report import outside, porting, results, summary
from conformance.report.results import ReportError
from conformance.session import Session

REFUSAL = "conformance_refusal"
"""Key of a worker's output under which it says why it ran nothing."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "cross-framework conformance")
    for name, attributes in OPTIONS.items():
        group.addoption(name, **attributes)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    own = config.inipath == home.folder() / home.DECLARATION  # as in a run of our commands, which `port` is
    if own or _home(config) is not None:  # where Hypothesis draws our samples: the tests of others keep theirs
        profiles.register()
        profiles.require(config.getoption("--hypothesis-profile", default=None))
    config.addinivalue_line("markers", "contract(id): the item runs this contract on every lane")
    config.addinivalue_line(
        "markers", "area(name): the area of the contract, a row of the summary: -m \"area(name='forward')\""
    )
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
        self.refusal: str | None = None
        self.offered = 0
        self.selected = 0
        self.results: dict[str, Any] | None = None
        self.progress: Progress | None = None
        self.unwritten: str | None = None
        self._session: Session | None = None
        self._declared = False
        if config.getoption("--pair") and config.args_source != pytest.Config.ArgsSource.ARGS:
            config.args = []  # no files were named: the pairs alone
        try:
            self.lanes = [parse(text) for text in config.getoption("--lane")]
            self.required = [parse(text) for text in config.getoption("--require-lane")]
            self.limit = _seconds(config, "--sample-limit")
            self.shrink_seconds = _seconds(config, "--shrink-seconds")
            self.mode_budget = _seconds(config, "--mode-budget")
            wrong = selection.unknown_dtype(config.getoption("--dtype"))
            if wrong:
                raise SpecError(wrong)
        except SpecError as error:
            self._forget()
            raise pytest.UsageError(str(error)) from None

    def session(self) -> Session:
        """The session, made when the first contract or pair is collected: other tests of a project need none of it."""
        if self._session is None:
            try:
                self._session = self._make_session()
            except (SpecError, LedgerError, PortableError, ContractError, ReportError) as error:
                raise pytest.UsageError(str(error)) from None
        return self._session

    def _make_session(self) -> Session:
        option = self.config.getoption
        ledger = load(self._ledger_file)
        report = Path(option("--conformance-report"))
        replay = None
        if option("--replay"):
            names.import_suites(self.config.rootpath)
            replay = _replay(Path(option("--replay")))
        seed = getattr(self.config.option, "hypothesis_seed", None)
        only = option("--gate-on") == "regressions"
        if only and upgrade.pair(self.lanes) is None:
            raise SpecError(
                "--gate-on regressions compares two releases of one framework; name them --lane old=... --lane new=..."
            )
        own = None if option("--in-process") else self._surroundings()
        return Session(
            self.lanes,
            self.required,
            ledger,
            report,
            self._repeated(),
            replay,
            seed,
            own,
            only,
            self.shrink_seconds,
            option("--dtype"),
            Budget(self.mode_budget, self._requested()),
        )

    def _requested(self) -> bool:
        """Whether somebody chose among the contracts, by a file or an option."""
        option = self.config.option
        named = [Path(text.partition("::")[0]) for text in self.config.args]
        whole = self.config.args_source is not pytest.Config.ArgsSource.ARGS or all(map(Path.is_dir, named))
        return bool(option.keyword or option.markexpr or option.replay or not whole)

    @property
    def _ledger_file(self) -> Path:
        project = _home(self.config) or home.gate()
        return Path(self.config.getoption("--ledger") or project.ledger)

    def _declare(self, session: Session) -> None:
        """Declare all contracts of the project, and hold the ledger and the list of contracts to them."""
        if not self._declared:
            self._declared = True
            root = self.config.rootpath
            names.import_suites(root)
            names.require(root / "fixtures" / names.FILE)
            session.ledger.check(self._ledger_file)

    def _repeated(self) -> list[str]:
        """Options besides the lanes that a replay has to be given again."""
        option = self.config.getoption
        kept = [f"--lane-import={name}" for name in option("--lane-import")]
        kept += ["--in-process"] if option("--in-process") else []
        kept += ["--gate-on=regressions"] if option("--gate-on") == "regressions" else []
        kept += [f"--sample-limit={self.limit:g}"] if self.limit != DEFAULT_LIMIT else []
        return kept + ([f"--ledger={Path(option('--ledger')).absolute()}"] if option("--ledger") else [])

    def _surroundings(self) -> Surroundings:
        option = self.config.getoption
        own = [*self.config.getini("pythonpath"), self.config.rootpath]
        roots = dict.fromkeys(map(str, own if home.installed() else [*own, home.folder()]))
        return Surroundings(list(roots), self.limit, option("--lane-import"))

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Add the pairs of ``--pair`` to what the named files hold."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed and self.config.getoption("--pair"):
            report.result.extend(self._pairs(collector))
        return report

    @pytest.hookimpl
    def pytest_pycollect_makeitem(self, collector: Any, name: str, obj: object) -> Any:
        if not isinstance(collector, pytest.Module):
            return None
        if not isinstance(obj, Contract):
            return None
        if obj.module != collector.obj.__name__:
            return []  # imported from another suite, which collects it itself
        if name != next(first for first, value in vars(collector.obj).items() if value is obj):
            return []  # a second name for it
        session = self._offer(obj.id)
        if session is None:
            return []
        common = {"contract": obj, "session_of": self.session}
        items: list[pytest.Item] = [ContractItem.from_parent(collector, name=obj.id, **common)]
        if session.replay is None:
            for entry in session.ledger.of(obj.id):
                witness = f"{obj.id}:known[{entry.id}]"
                items.append(WitnessItem.from_parent(collector, name=witness, entry=entry, **common))
        return items

    def _pairs(self, collector: pytest.Session) -> list[PairFile]:
        """The pair files of this run, each once."""
        given = [Path(text) for text in self.config.getoption("--pair")]
        lacking = [name for name in FRAMEWORKS if name not in {spec.framework for spec in self.lanes}]
        if self.lanes and lacking:
            self.refusal = f"a pair needs a torch lane and a paddle lane; add --lane {lacking[0]}, or {lacking[0]}@ENV"
        for path in given:
            if not path.is_file():
                self.refusal = f"--pair {path} is no file; name one with torch_model, paddle_model and inputs"
        if self._offer(None) is None:
            return []
        paths = list({path.resolve(): path for path in given}.values())
        ports = Ports(self.session)
        called = porting.distinct(path.stem for path in paths)
        return [
            PairFile.from_parent(collector, path=path.resolve(), given=path, called=name, ports=ports)
            for path, name in zip(paths, called, strict=True)
        ]

    def _offer(self, contract: str | None) -> Session | None:
        """The session, where it has something to run here: its lanes start with the first that it has.

        What is refused is refused once: to make a session reads the whole ledger.
        """
        if self.refusal is not None:
            return None
        try:
            session = self.session()
            if contract is not None:
                self._declare(session)
        except (pytest.UsageError, ContractError, LedgerError) as error:
            self.refusal = str(error)
            return None
        if session.replay is not None and session.replay[0] != contract:
            return None
        self.offered += 1
        if self.offered == 1:
            self._launch(session)
        return session

    def _launch(self, session: Session) -> None:
        """Let lanes with an interpreter of their own import their frameworks while the suites are collected."""
        if session.surroundings is not None and not self._distributing and not self.config.option.collectonly:
            try:
                session.launch()
            except (SpecError, LaneError) as error:
                self.refusal = str(error)

    @property
    def _distributing(self) -> bool:
        """Whether this process only hands contracts to workers."""
        return getattr(self.config.option, "dist", "no") != "no" and not self._worker

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse what is wrong with the options; an error in the middle of collection would show as a traceback."""
        if self._session is not None and self._session.replay is not None and not self.offered:
            self.refusal = f"--replay: contract {self._session.replay[0]!r} is not in the files that were named"
        if self.refusal is None and self.offered and self.config.option.markexpr:
            self.refusal = self._unknown_mark(items)
        if self.refusal is not None and not self._worker:
            self._forget()
            raise pytest.UsageError(self.refusal)

    def _unknown_mark(self, items: list[pytest.Item]) -> str | None:
        contracts = [item.contract for item in items if isinstance(item, ContractItem)]
        words = {line.split(":")[0].split("(")[0].strip() for line in self.config.getini("markers")}
        words |= {mark.name for item in items for mark in item.iter_markers()}
        return selection.unknown_mark(self.config.option.markexpr, contracts, words)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Start the lanes once it is certain that contracts will run in this process."""
        option = self.config.option
        broken = session.testsfailed and not option.continue_on_collection_errors
        if self._distributing or broken or option.collectonly:
            return None
        self.selected = sum(isinstance(item, LawItem) for item in session.items)
        if self.refusal is None and self.selected:
            own = self.session().budget
            chosen = [item for item in session.items if type(item) is ContractItem]
            own.contracts = sum(own.requested or not is_operator(item.contract) for item in chosen)
            self._start()
            self._watch()
        if self.offered or self.refusal is not None:
            self._forget()
        if self.refusal is None:
            return None
        if not self._worker:
            raise pytest.UsageError(self.refusal)
        self.config.workeroutput[REFUSAL] = session.shouldstop = self.refusal  # type: ignore[attr-defined]
        return True

    def _watch(self) -> None:
        """Tell how far the run is, unless it is short, or something else is asked for by -v or -q."""
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None or self._worker or self.selected < FEWEST or self.config.option.verbose:
            return
        terminal.showfspath = terminal._show_progress_info = False  # no line for each file
        width = terminal._tw.fullwidth
        self.progress = Progress(self.selected, lambda text: terminal.write(text, flush=True), terminal.isatty, width)

    def _start(self) -> None:
        try:
            results.require_writable(self.session().report)
            self.session().start()
            self.fingerprints = self.session().fingerprints()
        except (SpecError, LaneError, ReportError) as error:
            self.refusal = str(error)

    def _forget(self) -> None:
        """Remove the verdict of an earlier run: one that dies, or runs nothing, must not leave it behind."""
        with contextlib.suppress(OSError):
            results.discard(Path(self.config.getoption("--conformance-report")))

    @property
    def _worker(self) -> bool:
        """Whether this process is a worker of a distributed run."""
        return hasattr(self.config, "workerinput")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear why a worker of a distributed run did nothing."""
        self.refusal = self.refusal or getattr(node, "workeroutput", {}).get(REFUSAL)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if call.when == "call" and isinstance(item, LawItem):
            if (record := item.carried()) is not None:
                item.user_properties += outside.properties(record)
            carried = {"record": item.carried(), "lanes": self.fingerprints}
            report.conformance = json.loads(json.dumps(carried))  # pytest-xdist carries the JSON types only
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Collect records; in a distributed run this hook is called in the controller."""
        carried = getattr(report, "conformance", None)
        if carried and carried["record"]:
            self.fingerprints = self.fingerprints or carried["lanes"]
            results.merge(self.records, carried["record"])
        if report.when == "call" and self.progress is not None:
            self.progress.ended(report.nodeid.rpartition("::")[2], report.failed)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """No dots where the progress is told in words."""
        told = self.progress is not None and report.when == "call" and not report.failed
        return (report.outcome, "", "") if told else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = True
        if self.refusal is not None:  # a worker that stops itself arrives here as an interruption
            raise pytest.UsageError(self.refusal)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self._session is not None:
            self._session.stop()
        if self._worker:
            return
        if not self.records:
            if self.selected and exitstatus == 0:  # --setup-only and the like
                session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
            return
        records, seconds = list(self.records.values()), time.monotonic() - self.began
        stopped = self.interrupted or bool(session.shouldstop or session.shouldfail)  # the latter is -x
        complete = not stopped and exitstatus in (0, 1)
        failed = exitstatus == pytest.ExitCode.TESTS_FAILED
        self.results = results.build(records, self.fingerprints, seconds, complete, self._settings(), failed)
        if (project := _home(self.config)) is not None:
            self.results["speaks_for"] = coverage.spoken_for(project, [each.id for each in records if each.samples])
        try:
            results.write(Path(self.config.getoption("--conformance-report")), self.results)
        except ReportError as error:
            self.unwritten = str(error)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self.results["verdict"] == "fail" and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _settings(self) -> dict[str, Any]:
        from hypothesis import settings

        return {
            "profile": settings.get_current_profile_name(),
            "seed": getattr(self.config.option, "hypothesis_seed", None),
            "max_examples": settings().max_examples,
            "dtype": self.config.getoption("--dtype"),
            "gate_on": self.config.getoption("--gate-on"),
        }

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.progress is not None:
            self.progress.over()
        if self.results is not None:
            terminalreporter.section("conformance", "=")
            for line in summary.lines(self.results):
                terminalreporter.write_line(line)
            if self.unwritten is None:
                page = Path(self.config.getoption("--conformance-report")) / "index.html"
                terminalreporter.write_line(f"report: {page}")
                for line in porting.lines(Path(self.config.getoption("--conformance-report")), self.results):
                    terminalreporter.write_line(line)
            if os.environ.get("GITHUB_ACTIONS") == "true":
                failed = {"contracts": [row for row in self.results["contracts"] if row["failure"]]}
                places = outside.places(failed, self.config.invocation_params.dir)
                for line in outside.workflow_commands(failed, places):
                    terminalreporter.write_line(line)
        elif self.offered and self.refusal is None and not self.config.option.collectonly:
            terminalreporter.write_line("no contract was run, so nothing was shown: this is not a pass")
        if self.unwritten is not None:
            terminalreporter.write_line(f"ERROR: {self.unwritten}", red=True)


def _home(config: pytest.Config) -> home.Home | None:
    """The project of contracts that this run is in, if it is in one."""
    try:
        return home.at(config.rootpath)
    except ContractError as error:
        raise pytest.UsageError(str(error)) from None


def _seconds(config: pytest.Config, option: str) -> float:
    text = config.getoption(option)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < float("inf"):
        raise SpecError(f"{option}: {text!r} is no number of seconds above 0")
    return seconds


def _replay(file: Path) -> tuple[str, Sample]:
    contract_id, sample = sample_from_file(file)
    misfit = find(contract_id).misfit(sample)
    if misfit:
        raise PortableError(f"{file} holds no sample of {contract_id} ({misfit})")
    return contract_id, sample
