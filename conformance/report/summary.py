"""The run in ten seconds: lanes, a row per area, the known divergences and the verdict, as text and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import Any

from conformance import modes, upgrade
from conformance.contract import shorten
from conformance.ledger import leader

HEADER = ("area", "contracts", "samples", "verdicts", "worst margin", "where")


def lines(document: dict[str, Any]) -> list[str]:
    """The terminal summary. A margin is the largest error in units of its bound; above 1 is a divergence."""
    text = [*worth(document), *upgrade.lines(document), *(lane_line(lane) for lane in document["lanes"])]
    rows = [HEADER, *_rows(document)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    text += [
        "",
        *("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows),
    ]
    known = _known(document)
    if known:
        number = len({entry["id"] for entry in known})
        text += ["", f"known divergences ({number}), each held to what it is known to do:"]
        text += [textwrap.shorten(line, 120, initial_indent="  ") for line in _folded(known)]
    noted = _noted(document)
    if noted:
        text += ["", "errors along the way, in unit roundoffs of float32 (not judged by these numbers):"]
        text += [f"  {line}" for line in noted]
    unsupported = _unsupported(document)
    if unsupported:
        text += ["", "not run on a lane:", *(f"  {line}" for line in unsupported)]
    return [*text, "", verdict_line(document)]


def markdown(document: dict[str, Any]) -> str:
    """The same as a Markdown page."""
    text = ["## Conformance of the frameworks", "", f"**{verdict_line(document)}**", *worth(document), ""]
    text += [f"- `{lane_line(lane)}`" for lane in document["lanes"]]
    compared = upgrade.lines(document)
    if compared:
        text += ["", "### Upgrade", "", "```text", *compared[:-1], "```"]
    text += ["", "| " + " | ".join(HEADER) + " |", "|" + " --- |" * len(HEADER)]
    text += [table_row(*row) for row in _rows(document)]
    failures = [item for item in document["contracts"] if item["failure"]]
    if failures:
        text += ["", "### Failures", ""]
        text += [f"- `{item['id']}`: {_escaped(item['failure']['message'])}" for item in failures]
    known = _known(document)
    if known:
        text += ["", "### Known divergences", "", "| entry | lane | samples | reason |", "| --- | --- | --- | --- |"]
        text += [table_row(e["id"], e["lane"], str(e["samples"]), e["reason"]) for e in known]
    noted = _noted(document)
    if noted:
        text += [
            "",
            "### Errors along the way",
            "",
            "In unit roundoffs of float32.",
            "",
            *(f"- {line}" for line in noted),
        ]
    unsupported = _unsupported(document)
    if unsupported:
        text += ["", "### Not run on a lane", "", *(f"- {line}" for line in unsupported)]
    return "\n".join(text) + "\n"


def worth(document: dict[str, Any]) -> list[str]:
    """What a pass of this run is worth: how many calls its contracts judge."""
    found = document.get("speaks_for")
    if not found or not found["judged"]:
        return []
    return [
        f"speaks for {found['judged']} of {found['counterparts']} calls that both frameworks have, and for "
        f"{found['traced']:.1%} of the calls of traced programs"
    ]


def verdict_line(document: dict[str, Any]) -> str:
    """One sentence: the verdict, and on what it rests."""
    counts = Counter(item["verdict"] for item in document["contracts"])
    scope = f"{counted(len(document['contracts']), 'contract')}, {counted(document['samples'], 'sample')}"
    scope += f", {document['seconds']:.0f} s"
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    meaning = {"pass": "PASS", "fail": "FAIL", "incomplete": "INCOMPLETE (interrupted: not a pass)"}[
        document["verdict"]
    ]
    if document["verdict"] == "fail" and not document.get("complete", True):
        meaning += " (and interrupted)"
    return f"verdict: {meaning} ({scope}: {told})"


def counted(count: int, what: str) -> str:
    """A number of things, in words."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def table_row(*cells: str) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    """One line that Markdown takes for neither a column nor a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def lane_line(lane: dict[str, Any]) -> str:
    """One lane with its versions and settings."""
    extra = [f"{key} {lane[key]}" for key in ("torchvision", "pillow", "numpy", "python") if key in lane]
    flags = [f"{lane['threads']} thread" + ("s" if lane["threads"] != 1 else "")]
    flags += [
        "TF32 on" if lane["tf32"] else "TF32 off",
        "deterministic" if lane["deterministic"] else "not deterministic",
    ]
    flags += [text for text in [modes.written(lane.get("modes", ()))] if text]
    device = lane.get("device_name", lane["device"])
    return f"{lane['label']}: {lane['framework']} {lane['version']} on {device} ({', '.join([*extra, *flags])})"


def _rows(document: dict[str, Any]) -> list[tuple[str, ...]]:
    areas: dict[str, list[dict[str, Any]]] = {}
    for item in document["contracts"]:
        areas.setdefault(item["area"], []).append(item)
    rows: list[tuple[str, ...]] = []
    for area, items in areas.items():
        counts = Counter(item["verdict"] for item in items)
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
        margin, where = _worst(items)
        samples = sum(item["samples"] for item in items)
        rows.append((area, str(len(items)), str(samples), told, margin, where))
    return rows


def margins(row: Mapping[str, Any], lane: str | None = None) -> list[float]:
    """The largest error of each quantity of a contract in units of its bound, on one lane or on all."""
    lanes = row["worst"].values() if lane is None else [row["worst"].get(lane) or {}]
    return [float(value) for found in lanes for value in found.values()]


def _worst(items: list[dict[str, Any]]) -> tuple[str, str]:
    ratios = [
        (float(ratio), f"{item['id']} {quantity} ({lane})")
        for item in items
        for lane, quantities in item["worst"].items()
        for quantity, ratio in quantities.items()
    ]
    if not ratios:
        return "-", ""
    ratio, where = max(ratios)
    return ("exact", "") if ratio == 0.0 else (f"{ratio:.2f}" if ratio < 1000 else f"{ratio:.1e}", where)


def _known(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**entry, "contract": item["id"]} for item in document["contracts"] for entry in item["known"]]


def _noted(document: dict[str, Any]) -> list[str]:
    """One line for each contract and lane: the noted quantities in order."""
    return [
        f"{item['id']} on {lane}: " + ", ".join(f"{name} {float(error):.1f}" for name, error in quantities.items())
        for item in document["contracts"]
        for lane, quantities in item["noted"].items()
    ]


def _folded(known: list[dict[str, Any]]) -> list[str]:
    """One line for each entry; those whose reason begins with "As ENTRY" are counted in that entry's line."""
    lines = []
    for entry in _leading(known):
        more = entry["followers"]
        also = f", and in {more} more contract{'s' if more > 1 else ''}" if more else ""
        lines.append(f"{entry['id']} ({entry['lane']}{also}): {entry['reason']}")
    return lines


def known_folded(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The known divergences of a run: entries that share a cause are told once, with the number of ``contracts``."""
    return [{**entry, "contracts": entry["followers"] + 1} for entry in _leading(_known(document))]


def _leading(known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries that are no "As ENTRY", each once: with every lane that has it, and how many more contracts do."""
    reasons = {entry["id"]: entry["reason"] for entry in known}
    lanes: dict[str, dict[str, None]] = {}
    others: dict[str, set[tuple[str, str]]] = {}
    leading: dict[str, dict[str, Any]] = {}
    for entry in known:
        root = leader(entry["id"], reasons)
        lanes.setdefault(root, {})[entry["lane"]] = None
        if root == entry["id"]:
            leading.setdefault(root, entry)
        others.setdefault(root, set()).add((entry["id"], entry["contract"]))
    return [
        {**entry, "lane": ", ".join(lanes[root]), "followers": len(others[root]) - 1} for root, entry in leading.items()
    ]


def _unsupported(document: dict[str, Any]) -> list[str]:
    """One line for each reason: contracts that a lane refuses with the same words, except for names, share it."""
    alike: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for item in document["contracts"]:
        for lane, why in item["unsupported"].items():
            begun = re.sub(r"`[^`]*`", "``", why)[:100]
            alike.setdefault((lane, begun), []).append((item["id"], why))
    return [
        f"{found[0][0]}{f' (and {len(found) - 1} more)' if found[1:] else ''} on {lane}: {shorten(found[0][1], 150)}"
        for (lane, _), found in alike.items()
    ]
