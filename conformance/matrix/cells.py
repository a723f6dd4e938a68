"""One cell of the matrix: one release, run as a lane of the gate in its own environment, as plain data.

A cell is a function of plain data to plain data, so that it runs here or on any machine that has the sources.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conformance import gate, home
from conformance import modes as kinds
from conformance.matrix import environments, processes

ROOT = home.folder()
DONE, NOT_INSTALLED, BROKEN = "done", "not installed", "broken"
MINIMUM_FREE = 8 * 2**30
"""Bytes that must be free on the disk before another environment is made."""


@dataclass(frozen=True)
class Cell:
    """What is asked for. device: in the framework's own word. arguments: further options of pytest.

    modes: those of its lane, as :func:`conformance.modes.parse` gives them.
    """

    framework: str
    release: str
    device: str = "cpu"
    profile: str = "gate"
    arguments: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The cell's name, which is also that of its file and of its environment."""
        device = "" if self.device == "cpu" else f"-{self.device}"
        return f"{self.framework}-{self.release}{device}{kinds.written(self.modes)}"

    @property
    def plain(self) -> dict[str, Any]:
        """The cell as JSON has it."""
        return {**asdict(self), "arguments": list(self.arguments), "modes": list(self.modes)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Cell:
        """The inverse of :attr:`plain`."""
        return cls(**{**plain, "arguments": tuple(plain["arguments"]), "modes": tuple(plain["modes"])})


def run(cell: Cell, environment: Path, keep: bool, tell: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Make the environment, run the gate in it, and give ``{"cell", "status", "reason", "lane", "contracts"}``."""
    outcome: dict[str, Any] = {"cell": cell.plain, "status": DONE, "reason": "", "lane": None, "contracts": {}}
    free = shutil.disk_usage(_existing(environment)).free
    if free < MINIMUM_FREE:
        need = f"{MINIMUM_FREE // 2**30} GB are needed, {free / 2**30:.1f} are free"
        return {**outcome, "status": NOT_INSTALLED, "reason": f"the disk is full: {need} at {environment.parent}"}
    began = time.monotonic()
    try:
        tell("making the environment")
        environments.make(environment, cell.framework, cell.release)
        tell(f"running the {cell.profile} profile (environment made in {time.monotonic() - began:.0f} s)")
        with tempfile.TemporaryDirectory(prefix="conformance-cell-") as folder:
            return {**outcome, **_gate(cell, environment, Path(folder))}
    except environments.InstallationError as error:
        return {**outcome, "status": NOT_INSTALLED, "reason": str(error)}
    finally:
        if not keep:
            shutil.rmtree(environment, ignore_errors=True)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _gate(cell: Cell, environment: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *gate.plugins()]
    command += [f"--conformance-report={folder}"]
    lane = f"{cell.framework}:{cell.device}{kinds.written(cell.modes)}@{environment}"
    command += [f"--lane={lane}", f"--hypothesis-profile={cell.profile}"]
    command += ["--shrink-seconds=1", *cell.arguments]
    variables = {key: value for key, value in gate.environment().items() if key != "GITHUB_STEP_SUMMARY"}
    _, output = processes.execute(command, ROOT, variables)
    try:
        document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        last = [line for line in output.splitlines() if line.strip()][-3:]
        refusal = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
        told = refusal or last or ["it said nothing"]
        return {"status": BROKEN, "reason": " ".join(told).replace(str(environment), cell.name)}
    if not document["complete"]:
        return {"status": BROKEN, "reason": "the run was interrupted"}
    started = {key: value for key, value in document["lanes"][0].items() if key not in ("label", "where")}
    return {"lane": started, "contracts": {row["id"]: _row(row) for row in document["contracts"]}}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the matrix keeps of a contract: nothing that depends on the machine or the time."""
    failure = row["failure"] or {}
    return {
        "area": row["area"],
        "verdict": row["verdict"],
        "samples": row["samples"],
        "known": sorted({entry["id"] for entry in row["known"]}),
        "message": str(failure.get("message", "")).split("; its last words:")[0],
        "sample": failure.get("sample", ""),
    }
