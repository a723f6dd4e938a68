"""A page for each pair of models that a run checked, to attach to a pull request: a view of ``results.json``.

A record of a pair says in its ``details`` which pair it is about (``pair``, the file, and ``name``), which of its
``laws`` it is (``law``), what it saw of the ``layers``, what it gave ``warnings`` of, and the command that is its
``replay``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from conformance.judge import Verdict
from conformance.portable import write_whole
from conformance.report import hypertext, porting_layers
from conformance.report.blocks import (
    BAD,
    DOUBTFUL,
    GOOD,
    Block,
    Cell,
    Code,
    Heading,
    Listing,
    Paragraph,
    Table,
    markdown,
    number,
    used,
)
from conformance.report.summary import lane_line

Row = Mapping[str, Any]
PASS, FAIL, INCOMPLETE = "PASS", "FAIL", "INCOMPLETE"
TONES = {PASS: GOOD, FAIL: BAD, INCOMPLETE: DOUBTFUL}
FINE = (Verdict.AGREE, Verdict.KNOWN)
NOT_RUN = "not run"
PRECISION = "precision"
MARK = "Made from results.json by conformance port."  # the same in Markdown and in HTML
LONGEST = 100
"""Characters of a file's name."""


@dataclass(frozen=True)
class Checked:
    """One pair, as a run saw it. rows: its laws that ran, in order; complete: whether the run came to its end."""

    name: str
    rows: Mapping[str, Row]
    complete: bool

    @cached_property
    def details(self) -> Mapping[str, Any]:
        """What every row says of the pair."""
        details: Mapping[str, Any] = next(iter(self.rows.values()))["details"]
        return details

    @cached_property
    def laws(self) -> list[str]:
        """Every law of the pair, in order, whether it ran or not."""
        return list(self.details["laws"])

    @cached_property
    def missing(self) -> list[str]:
        """The laws that did not run."""
        return [law for law in self.laws if law not in self.rows]

    def of(self, *verdicts: Verdict) -> list[str]:
        """The laws with one of these verdicts."""
        return [law for law, row in self.rows.items() if Verdict(row["verdict"]) in verdicts]

    @cached_property
    def verdict(self) -> str:
        """What is red stays so; a law that did not run is no pass."""
        if len(self.of(*FINE)) < len(self.rows):
            return FAIL
        return INCOMPLETE if self.missing else PASS


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind each that is an earlier one too, in whatever case."""
    taken: set[str] = set()
    found = []
    for name in names:
        made, count = name, 1
        while made.casefold() in taken:
            count += 1
            made = f"{name}-{count}"
        taken.add(made.casefold())
        found.append(made)
    return found


def pairs(document: Mapping[str, Any]) -> list[Checked]:
    """The pairs of a document, each with its page's name, in the order of their names."""
    rows: dict[str, dict[str, Row]] = {}
    for row in document["contracts"]:
        details = row.get("details") or {}
        if "pair" in details:
            rows.setdefault(str(details["name"]), {})[str(details["law"])] = row
    complete = bool(document.get("complete", True))
    return [Checked(name, _ordered(rows[name]), complete) for name in sorted(rows)]


def _ordered(rows: Mapping[str, Row]) -> dict[str, Row]:
    """The laws of a pair in their own order."""
    laws = list(next(iter(rows.values()))["details"]["laws"])
    return {law: rows[law] for law in sorted(rows, key=laws.index)}


def files(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names of each pair's files, by the pair's name."""
    names = [checked.name for checked in pairs(document)]
    stems = distinct("porting-" + re.sub(r"[^\w.+-]", "-", name)[:LONGEST] for name in names)
    return {name: [f"{stem}.html", f"{stem}.md"] for name, stem in zip(names, stems, strict=True)}


def write(folder: Path, document: Mapping[str, Any]) -> list[Path]:
    """Write the pages of all pairs, each whole, and none where one cannot be made; returns their paths."""
    named = files(document)
    texts: dict[str, str] = {}
    for checked in pairs(document):
        blocks = content(document, checked)
        both = hypertext.page(title(checked), blocks), markdown(blocks)
        texts.update(zip(named[checked.name], both, strict=True))
    for name, text in texts.items():
        write_whole(folder / name, text.encode("utf-8", "replace").decode("utf-8"))
    return [folder / name for name in texts]


def discard(folder: Path) -> None:
    """Remove the pages of an earlier run, and nothing that only has such a name."""
    for path in [*folder.glob("porting-*.html"), *folder.glob("porting-*.md")]:
        if path.is_file() and MARK in path.read_text(encoding="utf-8", errors="replace"):
            path.unlink()


def lines(folder: Path, document: Mapping[str, Any]) -> list[str]:
    """Where the pages are, for the terminal."""
    return [
        f"port {name}: " + ", ".join(str(folder / file) for file in written)
        for name, written in files(document).items()
    ]


def content(document: Mapping[str, Any], checked: Checked) -> list[Block]:
    """The page."""
    return [
        Heading(title(checked)),
        Paragraph(_sentence(checked), TONES[checked.verdict]),
        Heading("What was compared"),
        Listing(_compared(document, checked)),
        Heading("Laws"),
        _laws(checked),
        Paragraph(
            "Used of allowed: the largest error of each quantity, in units of what rounding in single precision makes "
            "normal; above 1 the models differ. Exact samples are of small integers, of which nothing is rounded. The "
            "seconds of the first law include building both models."
        ),
        *_failures(checked),
        *porting_layers.blocks(checked.rows),
        *_rounding(checked),
        *_known(checked),
        *_warnings(checked),
        Heading("To check it again"),
        Code(str(checked.details["replay"])),
        Paragraph(MARK),
    ]


def title(checked: Checked) -> str:
    """Of a pair's page."""
    return f"Port {checked.name}: {checked.verdict}"


def _sentence(checked: Checked) -> str:
    """The verdict, and on what it rests."""
    said = []
    if differ := checked.of(Verdict.DIVERGE, Verdict.STALE):
        said.append(f"the models differ ({', '.join(differ)})")
    if broken := checked.of(Verdict.ERROR, Verdict.UNSUPPORTED):
        said.append(f"{_laws_of(len(broken), checked)} could not be judged ({', '.join(broken)})")
    if checked.missing:
        why = "were not selected" if checked.complete else "did not run before the end"
        said.append(f"{_laws_of(len(checked.missing), checked)} {why} ({', '.join(checked.missing)}): this is no pass")
    if not said:
        said.append(f"the models agree in all {len(checked.laws)} laws")
    if known := checked.of(Verdict.KNOWN):
        said.append(f"in {', '.join(known)} but for what is known of the frameworks")
    samples, seconds = (sum(row[key] for row in checked.rows.values()) for key in ("samples", "seconds"))
    return f"{checked.verdict}: {'; '.join(said)}. {samples} samples, {seconds:.1f} s."


def _laws_of(count: int, checked: Checked) -> str:
    return f"{count} of {len(checked.laws)} laws"


def _compared(document: Mapping[str, Any], checked: Checked) -> list[str]:
    settings = document.get("settings", {})
    lanes = [
        lane_line(lane) + (f", processor with {', '.join(lane['processor'])}" if lane.get("processor") else "")
        for lane in document["lanes"]
    ]
    return [
        f"pair file: {checked.details['pair']}",
        *lanes,
        f"platform: {settings.get('platform') or 'unknown'}",
        f"conformance: {settings.get('commit') or 'unknown'}",
    ]


def _laws(checked: Checked) -> Table:
    header = ("law", "verdict", "used of allowed", "samples", "exact samples", "seconds", "what it holds the models to")
    rows = []
    for law in checked.laws:
        row = checked.rows.get(law)
        if row is None:
            rows.append([Cell(law), Cell(NOT_RUN, DOUBTFUL), *[Cell("")] * 5])
            continue
        tone = {Verdict.AGREE: GOOD, Verdict.KNOWN: DOUBTFUL}.get(Verdict(row["verdict"]), BAD)
        counts = [Cell(str(row[key])) for key in ("samples", "exact_samples")]
        seconds, claim = Cell(f"{row['seconds']:.2f}"), Cell(str(row["claim"]))
        rows.append([Cell(law), Cell(str(row["verdict"]), tone), _used(row), *counts, seconds, claim])
    return Table("laws", header, rows)


def _used(row: Row) -> Cell:
    """The largest used part by quantity; by lanes too, where there are more than two."""
    several = len(row["worst"]) > 1
    told = [
        (f"{lanes}: " if several else "") + ", ".join(f"{name} {number(value)}" for name, value in quantities.items())
        for lanes, quantities in row["worst"].items()
        if quantities
    ]
    above = any(float(value) > 1 for quantities in row["worst"].values() for value in quantities.values())
    return Cell("; ".join(told), BAD if above else "")


def _failures(checked: Checked) -> list[Block]:
    failed = [law for law, row in checked.rows.items() if row["failure"]]
    blocks: list[Block] = [Heading("Failures")] if failed else []
    for law in failed:
        message = "\n".join(line.strip() for line in str(checked.rows[law]["failure"]["message"]).splitlines())
        blocks += [Paragraph(f"{law}:"), Code(message)]
    return blocks


def _rounding(checked: Checked) -> list[Block]:
    head = Heading("Rounding: is it normal?")
    row = checked.rows.get(PRECISION)
    if row is None:
        return [head, Paragraph(f"It is not known: the law {PRECISION} did not run.")]
    rows = [
        [Cell(lanes), *_weighed(quantity), used(part), Cell("yes", GOOD) if float(part) <= 1 else Cell("no", BAD)]
        for lanes, quantities in row["worst"].items()
        for quantity, part in quantities.items()
    ]
    if not rows:
        return [head, Paragraph("It is not known: no output of single precision was weighed.")]
    return [
        head,
        Paragraph(
            "How far each model's outputs are from those of its own run in float64, in units of what rounding makes "
            "normal for this network and these inputs: up to 1 it is, and above, some arithmetic is of less precision."
        ),
        Table("rounding", ("lanes", "quantity", "model", "used of allowed", "normal"), rows),
    ]


def _weighed(quantity: str) -> list[Cell]:
    """The quantity and the model; where rounding could not be derived, one model is weighed by the other's."""
    name, _, model = quantity.partition(" ")
    return [Cell(name), Cell(model or "the noisier one, beside the other")]


def _known(checked: Checked) -> list[Block]:
    rows = [
        [Cell(law), *(Cell(str(entry.get(key, ""))) for key in ("id", "lane", "samples", "reason", "upstream"))]
        for law, row in checked.rows.items()
        for entry in row["known"]
    ]
    header = ("law", "entry", "lane", "samples", "reason", "upstream")
    return [Heading("Known divergences of the frameworks"), Table("known divergences", header, rows)] if rows else []


def _warnings(checked: Checked) -> list[Block]:
    told = [str(text) for row in checked.rows.values() for text in row["details"]["warnings"]]
    return [Heading("Warnings"), *(Code(text) for text in dict.fromkeys(told))] if told else []
