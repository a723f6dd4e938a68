"""Puts pair files through ``pytest --pair FILE``, and reads what it says of each from its results."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.gate_speed import ROOT

LIMIT = 600
"""Seconds that a lane may take for one answer: the first one imports the packages."""


class CheckError(RuntimeError):
    """A check that gave no results; the message ends with what it printed."""


@dataclass
class Row:
    """What the check says of one pair.

    broken: the laws that do not hold, with what they say, in the order of the laws. worst: the largest error in units
    of what is allowed, of the laws that hold. unsure: what was matched on a guess, or could not be derived. errors: the
    broken laws that gave no verdict, since a lane ended or a model or the pair file failed.
    """

    name: str
    broken: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    worst: float = 0.0
    unsure: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """All that the broken laws say."""
        return "\n".join(f"{law}: {words}" for law, words in self.broken.items())


def check(pairs: Sequence[Path], torch: Path, paddle: Path, folder: Path, laws: Sequence[str] = ()) -> dict[str, Row]:
    """The rows of pair files by their names, with the lanes of two environments; the report goes to a folder.

    laws: those that are tried; all where none is named. Raises CheckError where there are no results.
    """
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"--pair={pair}" for pair in pairs)),
        *("--lane", f"torch@{torch}", "--lane", f"paddle@{paddle}", f"--sample-limit={LIMIT}"),
        *(f"--conformance-report={folder}", "-k", " or ".join(f".{law}" for law in laws)),
    ]
    results = folder / "results.json"
    results.unlink(missing_ok=True)
    variables = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=variables)
    if done.returncode not in (0, 1) or not results.is_file():
        raise CheckError(f"the check gave no results: {(done.stdout + done.stderr)[-2000:].strip()}")
    return read(json.loads(results.read_text("utf-8")))


def read(results: dict[str, Any]) -> dict[str, Row]:
    """The rows of a results.json."""
    rows: dict[str, Row] = {}
    contracts = results["contracts"]
    order = contracts[0]["details"]["laws"] if contracts else []
    for contract in sorted(contracts, key=lambda each: order.index(each["details"]["law"])):
        details = contract["details"]
        row = rows.setdefault(details["name"], Row(details["name"]))
        row.samples += contract["samples"]
        row.unsure += [without_places(each) for each in details.get("warnings", [])]
        if contract.get("failure"):
            row.broken[details["law"]] = without_places(contract["failure"]["message"])
            row.errors += [details["law"]] if contract["verdict"] == "error" else []
        else:
            margins = [margin for lane in contract["worst"].values() for margin in lane.values()]
            row.worst = max([row.worst, *margins])
    return rows


def without_places(text: str) -> str:
    """Without the folders of this machine."""
    text = re.sub(r"(called at |\bFile \"|[('])[^\s'(]*site-packages/", r"\1", text)
    return re.sub(r"(?<![\w.])[^\s'(]*(benchmarks/ports/pairs/)", r"\1", text)
