"""``conformance gate``, ``conformance port`` and ``conformance upgrade``: pytest with this project's configuration.

The process is the command's own. Whatever the folder where it was typed has, a ``conftest.py``, a ``pytest.ini`` or
packages of the names that the gate uses, is left alone, and so are pytest plugins that happen to be installed. What a
run writes goes to ``conformance-report`` in that folder.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance import home
from conformance.lanes.spec import FRAMEWORKS, SpecError, interpreter_at, parse, written

REPORT = "conformance-report"
PLUGINS = {"_hypothesis_pytestplugin": "hypothesispytest", "xdist": "xdist"}
"""The pytest plugins that a gate has a use for: module, and the name by which pytest loads it."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Read when NumPy and the frameworks are imported: see the project's ``conftest.py``."""
INTERRUPTED = 130


class CommandError(ValueError):
    """What was typed cannot be run; the message says what to do."""


def add_port(parser: argparse.ArgumentParser) -> None:
    """Options of ``port``."""
    parser.add_argument("pairs", nargs="+", metavar="FILE", help="a pair file")


def add_gate(parser: argparse.ArgumentParser) -> None:
    """Options of ``gate``: they are pytest's."""


def add_upgrade(parser: argparse.ArgumentParser) -> None:
    """Options of ``upgrade``."""
    parser.add_argument("--framework", choices=FRAMEWORKS, help="what OLD and NEW have, where they are environments")
    what = "a virtual environment, an interpreter, or a lane such as torch:cuda@ENV"
    parser.add_argument("old", metavar="OLD", help=f"the earlier release: {what}")
    parser.add_argument("new", metavar="NEW", help="the later release")


def port(options: argparse.Namespace, more: Sequence[str]) -> int:
    """Check pairs of models. Raises CommandError for a file that is not there."""
    for text in options.pairs:
        if not Path(text).is_file():
            raise CommandError(f"{text} is no file; name a Python file with torch_model, paddle_model and inputs")
    here = Path.cwd()
    own = [f"--rootdir={here}", "--override-ini=pythonpath=", "--override-ini=testpaths=", "-p", "no:cacheprovider"]
    return run([*own, *(f"--pair={text}" for text in options.pairs), *more], _Run(None), [str(here)])


def gate(options: argparse.Namespace, more: Sequence[str]) -> int:
    """Run the suites, or those that pytest's options choose."""
    where = home.gate()
    cache = f"--override-ini=cache_dir={Path.cwd() / REPORT / '.pytest_cache'}"
    return run([f"--rootdir={where.folder}", cache, *more], _Run(where.suites))


def upgrade(options: argparse.Namespace, more: Sequence[str]) -> int:
    """Run the suites on two releases of one framework. Raises SpecError or CommandError for what is no lane."""
    lanes = [_lane(label, getattr(options, label), options.framework) for label in ("old", "new")]
    frameworks = [parse(lane).framework for lane in lanes]
    if len(set(frameworks)) > 1:
        raise CommandError(
            f"OLD is {frameworks[0]} and NEW is {frameworks[1]}: an upgrade compares two releases of one framework"
        )
    return gate(options, [*(f"--lane={lane}" for lane in lanes), *more])


def _lane(label: str, text: str, framework: str | None) -> str:
    """The lane that a side of an upgrade is: ``text`` itself, or the environment that it names."""
    if re.split("[@:+]", text)[0].lower() in FRAMEWORKS:
        return written(parse(f"{label}={text}"))
    if framework is None:
        raise SpecError(f"{text}: add --framework torch or --framework paddle, or write torch@{text}")
    if "=" not in text and interpreter_at(Path(text).expanduser()) is None:
        raise CommandError(
            f"{text} is no virtual environment and no interpreter; name one, or a lane such as torch@ENV"
        )
    return written(parse(f"{label}={framework}@{text}"))


def environment() -> dict[str, str]:
    """Variables of a process that runs the suites: without what a person sets for tests of their own."""
    kept = {name: text for name, text in os.environ.items() if name not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    threads = {name: os.environ.get(name, "1") for name in THREADS}
    return {**kept, **threads, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def plugins() -> list[str]:
    """Options of pytest that load what a gate has a use for, where :func:`environment` keeps the rest away."""
    found = [name for module, name in PLUGINS.items() if importlib.util.find_spec(module) is not None]
    return [part for name in found for part in ("-p", name)]


def run(arguments: Sequence[str], watch: _Run, path: Sequence[str] = ()) -> int:
    """Run pytest in this process, and give its exit status, or 130 for an interruption.

    path: folders to import from, behind what is installed.
    """
    variables = environment()  # before the next line, which leaves none
    os.environ.clear()
    os.environ.update({"HYPOTHESIS_STORAGE_DIRECTORY": str(Path.cwd() / REPORT / ".hypothesis"), **variables})
    sys.path[:] = [place for place in sys.path if place not in ("", ".", str(Path.cwd()))] + list(path)
    own = ["-c", str(home.folder() / home.DECLARATION), "--noconftest", "-p", "conformance.plugin"]
    import pytest

    status = int(pytest.main([*own, *plugins(), *arguments], plugins=[watch]))
    return INTERRUPTED if watch.interrupted else status


class _Run:
    """What this command adds to a run. suites: what is collected where no files are named."""

    def __init__(self, suites: Path | None) -> None:
        self.suites = suites
        self.interrupted = False

    def pytest_configure(self, config: Any) -> None:
        if self.suites is not None and config.args_source != config.ArgsSource.ARGS:
            config.args = [str(self.suites)]

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        """Pytest's exit status is that of other interruptions too."""
        self.interrupted = self.interrupted or excinfo.type is KeyboardInterrupt
