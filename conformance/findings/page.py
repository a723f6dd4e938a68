"""The page of findings: every entry of the ledger in words and numbers, followers below the entry that they name."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.accuracy import Acceptance, Rejects
from conformance.contract import FRAMEWORKS, Contract
from conformance.ledger import Entry, leader
from conformance.report.reproducers import Reproducer, apart

FOLDER = "reproducers"
_INTRODUCTION = (
    "Where PyTorch or PaddlePaddle does not do what the float64 oracle of this project says. Each finding is an entry "
    "of [`{ledger}`](../{ledger}): the gate holds the framework to exactly what is written there, and fails once it "
    "does anything else, be it right. A finding whose inputs end a process, or make it use memory that is not its own, "
    "is told in words alone: nothing in this project holds such an input.",
    "{counts} {scripts} of them have a short script that needs neither this project nor the other framework: its "
    "assertion fails where the framework diverges (exit status 1), and holds where it agrees, as in a release without "
    "the fault. Findings that share a cause stand below the first of them, whose script shows it.",
    "This page and the scripts are made by `python -m conformance findings`; "
    "`python -m conformance findings --verify PYTHON` runs the scripts by another interpreter.",
)


@dataclass(frozen=True, eq=False)
class Finding:
    """An entry, its contract and its reproducer, which an entry in words alone has not."""

    entry: Entry
    contract: Contract
    reproducer: Reproducer | None

    @property
    def script(self) -> str | None:
        """The text of its standalone script, if it has one."""
        return self.reproducer.text if self.reproducer is not None else None


def page(findings: Sequence[Finding], ledger: str) -> str:
    """The page as Markdown; ``ledger`` is the ledger's path from the root of the project."""
    groups = {name: _grouped([each for each in findings if each.entry.framework == name]) for name in FRAMEWORKS}
    counts = [f"{sum(map(len, groups[name]))} of {name}" for name in FRAMEWORKS]
    scripts = sum(each.script is not None for each in findings)
    counted = f"{len(findings)} findings: {', '.join(counts)}."
    text = ["# Findings", ""]
    for paragraph in _INTRODUCTION:
        text += [paragraph.format(ledger=ledger, counts=counted, scripts=scripts), ""]
    for name in FRAMEWORKS:
        text += [f"- [{name}](#{name})" if groups[name] else f"- {name}: none"]
        text += [f"  - {_listed(group)}" for group in groups[name]]
    for name in FRAMEWORKS:
        if groups[name]:
            text += ["", f"## {name}"]
        for first, *others in groups[name]:
            text += ["", *_told(first, "###")]
            if others:
                text += ["", f"Followers of `{first.entry.id}`, with the same cause:"]
            for other in others:
                text += ["", *_told(other, "####")]
    return "\n".join(text) + "\n"


def _grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Each entry that leads, and those that follow it; in the ledger's order."""
    reasons = {each.entry.id: each.entry.reason for each in findings}
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(leader(each.entry.id, reasons), []).append(each)
    ordered = [sorted(group, key=lambda each: each.entry.id != root) for root, group in groups.items()]
    return ordered


def _listed(group: Sequence[Finding]) -> str:
    entry = group[0].entry
    more = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
    clause = re.split(r"[:;.](?= )", " ".join(entry.reason.split()), maxsplit=1)[0].rstrip(".")
    return f"[`{entry.id}`](#{entry.id}){more}: {_plain(clause)}"


def _told(finding: Finding, heading: str) -> list[str]:
    entry, contract, made = finding.entry, finding.contract, finding.reproducer
    lines = [
        f"{heading} {entry.id}",
        "",
        f"- Promise: {_plain(contract.claim)} (`{contract.id}`)",
        f"- Releases: {_plain(entry.released)}",
        f"- Instead: {_plain(entry.reason)}",
    ]
    if entry.witness is None or made is None:
        return [*lines, f"- No witness: {_plain(entry.no_witness)}", f"- Upstream: {_upstream(entry.upstream)}"]
    does = contract.variants[entry.behaviour]
    variant = " ".join(inspect.cleandoc(does.__doc__ or "").split())
    if variant and inspect.isroutine(does):  # that of a formula tells what formulas are
        lines.append(f"- Held to: {_plain(variant)} (`{entry.behaviour}`)")
    lines += [f"- Witness: {_code(entry.witness.describe())}", f"- Upstream: {_upstream(entry.upstream)}"]
    return [*lines, *_script(entry, made), *_table(made)]


def _script(entry: Entry, made: Reproducer) -> list[str]:
    if made.text is not None:
        path = f"{FOLDER}/{entry.id}.py"
        return [f"- Reproducer: [`{path}`]({path}), run by `python docs/{path}`"]
    if made.refusal.startswith("that of "):
        return [f"- Reproducer: {made.refusal}"]
    reason = made.refusal.rstrip(".")
    command = f"pytest -k {shlex.quote(f'known[{entry.id}]')}"
    return [f"- Reproducer: `{command}`; there is no script: {_plain(reason[:1].lower() + reason[1:])}."]


def _table(made: Reproducer) -> list[str]:
    """What the oracle expects of the witness, and what the variant says that the framework does."""
    rows = _rows(made.expected, made.instead)
    if not rows:
        return []
    head = ["| quantity | expected | allowed error | instead |", "| --- | --- | --- | --- |"]
    return ["", *head, *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)]


def _rows(expected: Any, instead: Any) -> list[tuple[str, str, str, str]]:
    if isinstance(expected, Rejects):
        told = _refusal(instead) if isinstance(instead, Rejects) else _result(instead)
        return [("(the call)", _refusal(expected), "", told)]
    if isinstance(instead, Rejects):
        return [_row(name, item, None, _refusal(instead)) for name, item in expected.items()]
    rows = [_row(name, item, instead.get(name), "not returned") for name, item in expected.items()]
    more = [name for name in instead if name not in expected]
    return rows + [(f"`{name}`", "not returned", "", _values(instead[name], None)) for name in more]


def _row(name: str, one: Acceptance, other: Acceptance | None, otherwise: str) -> tuple[str, str, str, str]:
    at = None
    if np.size(one.value) > 6:
        far = apart(one, other) if other is not None else np.array(True)
        at = int(far.argmax()) if far.shape == np.shape(one.value) else 0
    bound = np.broadcast_to(np.asarray(one.bound), np.shape(one.value))
    largest = bound.flat[at] if at is not None else max(bound.flat, default=0.0)
    return f"`{name}`", _values(one, at), f"{largest:.2g}", otherwise if other is None else _values(other, at)


def _result(instead: Mapping[str, Acceptance]) -> str:
    return "a result: " + ", ".join(f"`{name}` {_values(item, None)}" for name, item in instead.items())


def _refusal(refusal: Rejects) -> str:
    return f"an error with {_code(repr(refusal.error))}" if refusal.error else f"an error: {_plain(refusal.reason)}"


def _values(item: Acceptance, at: int | None) -> str:
    """The values of a quantity, or the one at a flat place, with its dtype where one is required."""
    value = np.asarray(item.value)
    dtype = f"{item.dtype} " if item.dtype else ""
    if value.size and np.isposinf(item.bound).all():
        return "anything"
    if at is not None and at < value.size:
        place = [int(index) for index in np.unravel_index(at, value.shape)]
        return f"{dtype}{value.flat[at]} at {place} of {list(value.shape)}"
    if value.size > 6 or not value.size:
        return f"{dtype}{list(value.shape)}"
    return _code(f"{dtype}{value.tolist()}")


def _upstream(upstream: str) -> str:
    link, _, says = upstream.partition(" ")
    return f"<{link}> {_plain(says)}".rstrip() if link.startswith("http") else upstream or "none known"


def _plain(text: str) -> str:
    """Text on one line that Markdown takes for no markup, where it is not within backquotes."""
    parts = " ".join(text.replace("``", "`").split()).split("`")
    plain = [part if place % 2 else _escaped(part) for place, part in enumerate(parts)]
    return "`".join(plain)


def _escaped(text: str) -> str:
    for sign in "\\*_[]<":
        text = text.replace(sign, f"\\{sign}")
    return text


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


__all__ = ["FOLDER", "Finding", "page"]
