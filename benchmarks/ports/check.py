"""Puts one pair file through ``pytest --pair FILE``, and reads what it says from its results."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.gate_speed import ROOT

SECONDS = 900
"""How long the check of one pair may take."""


class CheckError(RuntimeError):
    """A check that gave no results; the message ends with what it printed."""


@dataclass
class Row:
    """What the check says of one pair.

    broken: the laws that do not hold, with what they say, in the order of the laws. worst: the largest error in units
    of what is allowed, of the laws that hold. unsure: what was matched on a guess, or could not be derived.
    """

    name: str
    lanes: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    worst: float = 0.0
    unsure: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def told(self) -> str:
        """All that the broken laws say."""
        return "\n".join(f"{law}: {words}" for law, words in self.broken.items())


def check(pair: Path, torch: Path, paddle: Path, folder: Path, all_laws: bool = True) -> Row:
    """All laws of a pair file, or those up to the first that does not hold, with the lanes of two environments.

    The report goes to a folder.

    Raises CheckError where there are no results.
    """
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--pair={pair}"),
        *("--lane", f"torch@{torch}", "--lane", f"paddle@{paddle}", f"--conformance-report={folder}"),
        *(() if all_laws else ("--exitfirst",)),
    ]
    shutil.rmtree(folder, ignore_errors=True)
    variables = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    variables |= {"PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode")}  # else some lanes compile a framework anew
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, env=variables)
    except subprocess.TimeoutExpired:
        raise CheckError(f"the check of {pair.name} took longer than {SECONDS} s") from None
    results = folder / "results.json"
    if done.returncode not in (0, 1) or not results.is_file():
        raise CheckError(f"the check of {pair.name} gave no results: {(done.stdout + done.stderr)[-2000:].strip()}")
    (folder / "made_of").write_text(_made_of(pair), "utf-8")
    return read(pair.stem, json.loads(results.read_text("utf-8")))


def read_again(pair: Path, folder: Path) -> Row | None:
    """The row that a folder holds of a pair file, made by the sources as they are now; None where it has none."""
    stamp, results = folder / "made_of", folder / "results.json"
    if not (stamp.is_file() and results.is_file()) or stamp.read_text("utf-8") != _made_of(pair):
        return None
    return read(pair.stem, json.loads(results.read_text("utf-8")))


def _made_of(pair: Path) -> str:
    """A digest of a pair file, the check's sources and the bugs."""
    here = Path(__file__).parent
    sources = [pair, *sorted((ROOT / "conformance").rglob("*.py")), *sorted((here / "pairs").glob("*.py"))]
    sources += [here / "bugs.py", here / "planting.py"]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def read(name: str, results: dict[str, Any]) -> Row:
    """The row of a results.json."""
    lanes = [f"{lane['framework']} {lane['version'].partition('+')[0]}" for lane in results["lanes"]]
    row = Row(name, lanes, samples=results["samples"], seconds=results["seconds"])
    by_law = {each["details"]["law"]: each for each in results["contracts"]}
    order = next(iter(by_law.values()))["details"]["laws"] if by_law else []
    for law in sorted(by_law, key=lambda each: order.index(each) if each in order else len(order)):
        contract = by_law[law]
        if contract.get("failure"):
            row.broken[law] = without_places(contract["failure"]["message"])
        else:
            margins = [margin for lane in contract["worst"].values() for margin in lane.values()]
            row.worst = max([row.worst, *margins])
        row.unsure += [without_places(each) for each in contract["details"].get("warnings", [])]
    return row


def without_places(text: str) -> str:
    """Without the folders of this machine."""
    text = re.sub(r"(called at |\bFile \"|')\S*site-packages/", r"\1", text)
    return re.sub(r"(\S*/)?(benchmarks/ports/pairs/)", r"\2", text)
