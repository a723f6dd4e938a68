"""Shows what the gate catches: every fault of the catalogue in tests/faults, injected, and what it takes to see it.

Each contract that a fault names runs with the fault on the gate's samples until it fails. Counted are the samples that
were judged until then, and the seconds spent inside the calls of both lanes. Claimed:

- each fault is caught by every contract that it names, and its lane alone is blamed;
- half of the faults are caught within a second of lane time.

    python -m benchmarks.detection [-k WORD] [--write]
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from tqdm import tqdm

from benchmarks.claims import Claim, judged, table, versions
from benchmarks.gate_speed import ROOT
from conformance import names, profiles
from conformance.contract import REGISTRY
from conformance.lanes import ranks
from conformance.ledger import load
from conformance.portable import write_whole
from conformance.report.summary import table_row
from tests.faults import CATALOGUE
from tests.faults.fault import Detection, Fault, detect, started_lanes

PAGE = ROOT / "docs" / "detection.md"
HEADS = ("fault", "lane", "caught by", "samples", "lane time", "seen as")
_INTRODUCTION = """# What the gate catches

Written by `python -m benchmarks.detection --write` ({versions}).

{summary}

Each fault is injected into one lane by wrapping a call, and each contract beside it runs on the gate's samples until it
fails and blames that lane. *samples* is how many were judged until then, *lane time* what both lanes' calls took. The
faults are declared in [`tests/faults`](../tests/faults), a few lines each; the project's own tests require all of this
table but the times.
"""


@dataclass(frozen=True)
class Row:
    """One fault before one contract, and how it was seen, if it was."""

    fault: Fault
    contract: str
    found: Detection | None

    @property
    def caught(self) -> bool:
        """Whether the contract failed and blamed the fault's lane alone."""
        return self.found is not None and self.found.blamed == {self.fault.lane}

    def cells(self) -> tuple[str, ...]:
        """The columns of :data:`HEADS`."""
        if self.found is None:
            return (self.fault.name, self.fault.lane, self.contract, "", "", "MISSED")
        told = self.found.told if self.caught else f"BLAMED {', '.join(sorted(self.found.blamed)) or 'nobody'}"
        taken = f"{1000 * self.found.lane_seconds:.1f} ms"
        return (self.fault.name, self.fault.lane, self.contract, str(self.found.samples), taken, told)


def measure(word: str = "") -> list[Row]:
    """Every fault whose name, lane or contract has the word in it, before every contract that it names."""
    lanes_in = functools.cache(started_lanes)
    ledger = load(ROOT / "fixtures" / "divergences.toml")
    asked = [(fault, contract) for fault in CATALOGUE for contract in fault.contracts]
    asked = [(fault, contract) for fault, contract in asked if word in f"{fault} {contract}"]
    rows = [
        Row(fault, contract, detect(fault, contract, lanes_in(fault.lane.partition("+")[2]), ledger))
        for fault, contract in tqdm(asked, unit="fault", disable=not sys.stderr.isatty())
    ]
    ranks.stop_all()
    return rows


def claims(rows: Sequence[Row]) -> list[Claim]:
    """What is claimed of them; a number that nothing was measured for is a NaN, which keeps no limit."""
    seconds = [row.found.lane_seconds for row in rows if row.found]
    return [
        Claim("faults missed, or blamed on another lane", float(sum(not row.caught for row in rows)), 0.0),
        Claim("median lane time to detection", statistics.median(seconds) if seconds else float("nan"), 1.0, unit=" s"),
    ]


def summary(rows: Sequence[Row]) -> str:
    """The whole table in a sentence or two."""
    found = [row.found for row in rows if row.found]
    faults, named = {str(row.fault) for row in rows}, {row.fault.name for row in rows}
    samples = sorted(detection.samples for detection in found)
    caught = sum(row.caught for row in rows)
    nearly_all = samples[int(0.95 * (len(samples) - 1))]
    median = 1000 * statistics.median(detection.lane_seconds for detection in found)
    return (
        f"{len(named)} faults, {len(faults)} with the framework that has them, before "
        f"{len({row.contract for row in rows})} contracts: {caught} of {len(rows)} caught with the right lane blamed. "
        f"Half of them within {statistics.median_low(samples)} samples, 95 % within {nearly_all}, "
        f"all within {samples[-1]}; the median lane time is {median:.1f} ms."
    )


def page(rows: Sequence[Row], made_with: str) -> str:
    """The table as Markdown, by area."""

    def area(row: Row) -> str:
        return REGISTRY[row.contract].area

    text = [_INTRODUCTION.format(versions=made_with, summary=summary(rows))]
    for name, found in groupby(sorted(rows, key=area), key=area):
        text += [f"## {name}", "", table_row(*HEADS), "| --- | --- | --- | --: | --: | --- |"]
        text += [table_row(*row.cells()) for row in found] + [""]
    return "\n".join(text).rstrip() + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "-k", default="", metavar="WORD", help="only faults, lanes and contracts with this word in them"
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}, of the whole catalogue")
    options = parser.parse_args(arguments)
    if options.write and options.k:
        parser.error("--write is of the whole catalogue: leave -k away")
    profiles.register()
    names.import_suites(ROOT)
    rows = measure(options.k)
    if not rows:
        print(f"no fault, lane or contract has {options.k!r} in it", file=sys.stderr)
        return 2
    if options.write:
        write_whole(PAGE, page(rows, versions("torch", "torchvision", "paddlepaddle")))
        print(f"wrote {PAGE.relative_to(ROOT)}")
    else:
        print(table(HEADS, [row.cells() for row in rows]) + "\n")
    return judged(claims(rows))


if __name__ == "__main__":
    sys.exit(main())
