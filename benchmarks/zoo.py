"""Puts every architecture that torchvision and paddle.vision both have through the porting check, law by law.

Weights are carried over by the rules of transfer; no pair has a hint. An architecture that differs stands in the
table a second time, with the known differences taken away (tests/pairs/zoo.py does it in a few lines): where that pair
agrees, nothing else differs. Claimed:

- every architecture gets the verdict that tests/pairs/zoo_findings.py expects of it, and no law is left out;
- where layers differ, the first one is named, with what is different about it.

    python -m benchmarks.zoo [--only NAME ...] [--out FILE] [--write]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tqdm import tqdm

from benchmarks.claims import Claim, judged, table, versions
from benchmarks.gate_speed import ROOT
from conformance.lanes import Lane
from conformance.portable import write_whole
from conformance.porting.check import PairDivergence, Port
from conformance.porting.compared import Seen
from conformance.porting.laws import LAWS
from conformance.porting.pair import PairError
from conformance.report.summary import table_row
from tests.faults.fault import started_lanes
from tests.pairs.zoo import CORRECTIONS, ZOO, shared
from tests.pairs.zoo_findings import FINDINGS

PAGE = ROOT / "docs" / "zoo.md"
HEADS = ("architecture", "tensors", "matched by", "verdict", "largest margin", "samples", "seconds")
TEXT = "from tests.pairs.zoo import pair\n\nglobals().update(pair({name!r}, {corrected}))\n"
_INTRODUCTION = """# The model zoo, ported

Written by `python -m benchmarks.zoo --write` ({versions}).

{summary}

Each architecture that `torchvision.models` and `paddle.vision.models` both have went through the porting check
(`conformance port FILE`): weights carried over from torchvision's model without a hint, then every law, in
float64 beside single precision, in batches of 2 and 3 small pictures with five classes. *matched by* says what told
which tensor is which. *largest margin* is the largest error in units of what is allowed; *samples* counts those of all
laws. A row that says *corrected* is an architecture whose known differences are taken away in a few lines
([`tests/pairs/zoo.py`](../tests/pairs/zoo.py)): that it agrees shows that nothing else differs.
"""


@dataclass
class Row:
    """One architecture and what the check says of it: the laws that it breaks with what they say, in their order."""

    name: str
    corrected: bool = False
    matched: dict[str, int] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    worst: float = 0.0
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """The architecture's name, and whether it is corrected."""
        return f"{self.name}, corrected" if self.corrected else self.name

    @property
    def expected(self) -> bool:
        """Whether the verdict is the one that is known, for the reason that is known."""
        finding = None if self.corrected else FINDINGS.get(self.name)
        if finding is None:
            return not self.broken
        told = next(iter(self.broken.values()), "")
        return tuple(self.broken) == finding.laws and all(words in told for words in finding.says)

    def cells(self) -> tuple[str, ...]:
        """The columns of :data:`HEADS`."""
        verdict = f"differs: {', '.join(self.broken)}" if self.broken else "agrees"
        matched = ", ".join(f"{how} {count}" for how, count in self.matched.items())
        margin = "" if self.broken else f"{self.worst:.2f}"
        return (
            self.title,
            str(sum(self.matched.values()) or ""),
            matched,
            verdict if self.expected else f"UNEXPECTED {verdict}",
            margin,
            str(self.samples),
            f"{self.seconds:.0f}",
        )


def check(name: str, corrected: bool, lanes: Sequence[Lane], folder: Path) -> Row:
    """All laws of one architecture, as a pair file of it would have them."""
    path = folder / f"{name}{'_corrected' if corrected else ''}.py"
    path.write_text(TEXT.format(name=name, corrected=corrected), "utf-8")
    torch, paddle = (next(lane for lane in lanes if lane.spec.framework == side) for side in ("torch", "paddle"))
    port, row, began = Port(path, torch, paddle), Row(name, corrected), time.perf_counter()
    for law_name, law in LAWS.items():
        seen = Seen()
        try:
            law(port, seen)
        except (PairDivergence, PairError) as error:
            row.broken[law_name] = _without_places(str(error))
        row.samples += seen.samples
        row.worst = max([row.worst, *seen.worst.values()])
        if law_name != "tensors":
            continue
        if row.broken:  # no other law has models to run
            break
        row.matched = dict(Counter(match.how for match in port.matching.matches))
    row.seconds = time.perf_counter() - began
    return row


def _without_places(text: str) -> str:
    """Without the folders of this machine."""
    return re.sub(r"called at \S*site-packages/", "called at ", text)


def measure(only: Sequence[str] = (), out: Path | None = None) -> list[Row]:
    """Every architecture, or those that are named; where corrections are known, the corrected one too.

    out: a file that rows are added to, and that those which it has already are taken from.
    """
    asked = [(name, corrected) for name in only or ZOO for corrected in (False, True)[: 1 + (name in CORRECTIONS)]]
    kept = _read(out) if out else {}
    lanes = started_lanes() if set(asked) - kept.keys() else []
    with tempfile.TemporaryDirectory() as folder:
        for key in tqdm(asked, unit="model", disable=not sys.stderr.isatty()):
            if key not in kept:
                kept[key] = check(key[0], key[1], lanes, Path(folder))
                if out:
                    rows = [asdict(row) for row in kept.values()]
                    write_whole(out, json.dumps({"made with": _releases(), "rows": rows}, indent=1) + "\n")
    return [kept[key] for key in asked]


def _read(out: Path) -> dict[tuple[str, bool], Row]:
    """The rows of a file, where there is one. Raises ValueError for one that is of other releases, or no such file."""
    if not out.exists():
        return {}
    try:
        found = json.loads(out.read_text("utf-8"))
        rows = [Row(**row) for row in found["rows"]]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{out} is not what --out writes ({type(error).__name__}: {error}); name another") from None
    if found.get("made with") != _releases():
        raise ValueError(f"{out} was made with {found.get('made with')}, and this is {_releases()}; name another file")
    return {(row.name, row.corrected): row for row in rows}


def _releases() -> str:
    return versions("torch", "torchvision", "paddlepaddle")


def claims(rows: Sequence[Row]) -> list[Claim]:
    """What is claimed of them."""
    return [Claim("architectures with another verdict than expected", float(sum(not row.expected for row in rows)), 0)]


def summary(rows: Sequence[Row]) -> str:
    """The whole table in a sentence or two."""
    plain = [row for row in rows if not row.corrected]
    right = sum(not row.broken for row in plain)
    corrected = [row for row in rows if row.corrected]
    fixed = sum(not row.broken for row in corrected)
    return (
        f"{right} of {len(plain)} architectures agree in all {len(LAWS)} laws; {len(plain) - right} differ in truth, "
        f"and {fixed} of {len(corrected)} that can be corrected agree then."
    )


def page(rows: Sequence[Row], names: tuple[list[str], list[str], list[str]], made_with: str) -> str:
    """The table as Markdown, with the findings, and what has no counterpart."""
    text = [_INTRODUCTION.format(versions=made_with, summary=summary(rows))]
    text += [table_row(*HEADS), "| --- | --: | --- | --- | --: | --: | --: |"]
    text += [table_row(*row.cells()) for row in rows] + ["", "## What differs", ""]
    for row in rows:
        if row.broken:
            text += [f"### {row.title}", ""]
            text += [FINDINGS[row.name].text, ""] if row.name in FINDINGS and not row.corrected else []
            text += ["The check says:", "", "```", f"{next(iter(row.broken.values()))}", "```", ""]
    for which, found in zip(("torchvision", "paddle.vision"), names[1:], strict=True):
        text += [f"## In {which} only", "", ", ".join(found) + ".", ""]
    return "\n".join(text).rstrip() + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these architectures")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}, of all architectures")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON file to add rows to, and to go on from")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.only if name not in ZOO]
    if unknown:
        parser.error(f"no architecture is called {unknown[0]!r}; choose from {', '.join(ZOO)}")
    if options.write and options.only:
        parser.error("--write is of all architectures: leave --only away")
    try:
        rows = measure(options.only, options.out)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.write:
        write_whole(PAGE, page(rows, shared(), _releases()))
        print(f"wrote {PAGE.relative_to(ROOT)}")
    else:
        print(table(HEADS, [row.cells() for row in rows]) + "\n")
        for row in rows:
            if row.broken:
                print(f"{row.title}, {next(iter(row.broken))}: {next(iter(row.broken.values()))}\n")
    return judged(claims(rows))


if __name__ == "__main__":
    sys.exit(main())
