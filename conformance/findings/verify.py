"""Running the reproducers: does each find, in some release of its framework, what the ledger says of that release?

All scripts of an interpreter run one after the other in one process, as importing a framework takes longer than most
of them. A process that dies is started again behind the script that killed it.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.contract import FRAMEWORKS, shorten
from conformance.findings.page import Finding
from conformance.lanes.lane import features
from conformance.lanes.spec import interpreter_at

SECONDS = 600
"""Longest time for the scripts of one interpreter."""
LACKING = re.compile(r"TypeError|AttributeError|RuntimeError: (\(NotFound\)|.* not implemented for)")
"""How a script ends in a release that lacks the call, an argument of it, or its kernel."""
_VERSIONS = """
import importlib, json
found = {}
for name in %r:
    try:
        found[name] = importlib.import_module(name).__version__
    except ImportError:
        pass
print(json.dumps(found))
"""
_DRIVER = """
import contextlib, io, json, runpy, sys
for name in sys.argv[1:]:
    told, status = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(told):
            runpy.run_path(name, run_name="__main__")
        status = 0
    except AssertionError as error:
        told.write(str(error))
        status = 1
    except BaseException as error:
        told.write(f"{type(error).__name__}: {error}")
    print("\\n" + json.dumps({"name": name, "status": status, "output": told.getvalue()}), flush=True)
"""


class VerifyError(RuntimeError):
    """An interpreter that cannot be used."""


@dataclass(frozen=True)
class Outcome:
    """One script by one interpreter: its exit status (1: its assertion failed; ``None``: it ended in another way)."""

    status: int | None
    output: str


def main(findings: Sequence[Finding], pythons: Sequence[Path]) -> int:
    """Print a line for each script that does not find what the ledger says; 1 where there is one, else 0."""
    wrong = 0
    for python in pythons:
        for framework, version in versions(executable(python)).items():
            known = [each for each in findings if each.entry.framework == framework]
            mine = [each for each in known if each.script is not None]
            done = run(executable(python), mine)
            for each in mine:
                if unlike(each, known, version, done):  # one before it may have left the process in another state
                    done |= run(executable(python), [each])
            lines = [line for each in mine if (line := unlike(each, known, version, done))]
            agree = sum(outcome.status == 0 for outcome in done.values())
            print(f"{framework} {version}: {len(mine)} scripts, {agree} agree, {len(lines)} not as the ledger says")
            print("".join(f"  {line}\n" for line in lines), end="")
            wrong += len(lines)
    return 1 if wrong else 0


def unlike(finding: Finding, findings: Sequence[Finding], version: str, done: Mapping[str, Outcome]) -> str | None:
    """What of an outcome is not as the ledger says, or ``None``.

    In a release outside of an entry's range the witness may still show what another entry of the contract tells, and
    a release that lacks the call, or an argument of it, shows neither.
    """
    entry, outcome = finding.entry, done[finding.entry.id]
    same = [each for each in findings if each.entry.contract == entry.contract]
    processor = features()
    here = [
        each for each in same if each.entry.applies(entry.framework, each.entry.device or "cpu", version, processor)
    ]
    wanted = {1} if finding in here else {0, 1} if here else {0}
    lacks = outcome.status is None and LACKING.match(outcome.output)
    if outcome.status in wanted or (lacks and finding not in here):
        return None
    told = f"{entry.id} ({entry.versions}): exit status {outcome.status}, expected {min(wanted)}"
    return f"{told}: {shorten(' '.join(outcome.output.split()), 200)}"


def executable(python: Path) -> Path:
    """The interpreter that a path stands for: itself, or that of an environment."""
    found = interpreter_at(python)
    if found is None:
        raise VerifyError(f"there is no interpreter {python}; give one, or the folder of an environment, to --verify")
    return found


def versions(python: Path) -> dict[str, str]:
    """The frameworks that an interpreter can import."""
    text = _asked([str(python), "-I", "-W", "ignore", "-c", _VERSIONS % (FRAMEWORKS,)], Path.cwd()).stdout
    lines = text.splitlines()
    found: dict[str, str] = json.loads(lines[-1]) if lines else {}
    if not found:
        raise VerifyError(f"{python} can import neither of {', '.join(FRAMEWORKS)}; install one there")
    return found


def run(python: Path, findings: Sequence[Finding]) -> dict[str, Outcome]:
    """The outcome of each finding's script, by its entry's id, in an empty folder and without this project."""
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        waiting = []
        for each in findings:
            (Path(folder) / f"{each.entry.id}.py").write_text(each.script or "", encoding="utf-8")
            waiting.append(f"{each.entry.id}.py")
        while waiting:
            done = _asked([str(python), "-I", "-W", "ignore", "-c", _DRIVER, *waiting], Path(folder))
            for told in map(_told, done.stdout.splitlines()):
                if told is not None and told["name"] in waiting:
                    outcomes[told["name"].removesuffix(".py")] = Outcome(told["status"], told["output"])
                    waiting.remove(told["name"])
            if waiting:
                words = " ".join(done.stderr.split())[-300:]
                outcomes[waiting.pop(0).removesuffix(".py")] = Outcome(None, f"ended with {done.returncode}: {words}")
    return outcomes


def _told(line: str) -> Any:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and "status" in told else None


def _asked(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise VerifyError(f"{command[0]} did not finish within {SECONDS} s") from None
    except OSError as error:
        raise VerifyError(f"{command[0]} cannot be run: {error.strerror}") from None
