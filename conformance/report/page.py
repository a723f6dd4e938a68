"""``index.html``: one page for a run of the gate, an upgrade, a check of ports, or a matrix of releases.

The page needs nothing else: no network, no file beside it. It is a view of ``results.json`` or ``matrix.json``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from conformance import modes as kinds
from conformance import upgrade
from conformance.report import figures, hypertext, porting
from conformance.report.summary import known_folded, lane_line, margins, verdict_line, worth

FILE = "index.html"
MARK = "Made from results.json by conformance."
GOOD, KNOWN, BAD, NONE = range(4)
"""Tones of a cell, as the page's script knows them."""
LOOKED_AT = 12
"""Entries of the list at the top."""
NEAR = 0.9
"""From this part of its bound on a margin is worth a look."""
LONGEST = 400

Document = dict[str, Any]


def page(document: Document) -> str:
    """The page of a ``results.json``."""
    rows = [_row(row, [lane["label"] for lane in document["lanes"]]) for row in document["contracts"]]
    pairs = [
        {"title": porting.title(each), "blocks": porting.content(document, each)} for each in porting.pairs(document)
    ]
    verdict, tone = {
        "pass": ("PASS", "good"),
        "fail": ("FAIL", "bad"),
        "incomplete": ("INCOMPLETE", "doubtful"),
    }[document["verdict"]]
    upgraded = "\n".join(upgrade.lines(document)).strip()
    settings = document.get("settings", {})
    return _rendered(
        title=f"Conformance: {verdict}",
        heading="Upgrade" if upgraded else "Port" if pairs else "Conformance of the frameworks",
        verdict=verdict,
        tone=tone,
        sentence=verdict_line(document),
        worth="".join(worth(document)),
        lanes=[lane_line(lane) for lane in document["lanes"]],
        look=look(document),
        upgrade=upgraded,
        table_head="Contracts",
        legend="Each cell holds the largest error of a lane in units of its bound: up to 1 is right. A k stands for a "
        "known divergence, which is held to what the ledger says, and a cross for a difference that nothing explains.",
        table=_table([lane["label"] for lane in document["lanes"]], document["contracts"], rows),
        tiles=_tiles(document),
        figures=_figures(document),
        pairs=pairs,
        known=known_folded(document),
        footer=f"{MARK} Platform: {settings.get('platform') or 'unknown'}. "
        f"Version: {settings.get('commit') or 'unknown'}.",
    )


def matrix_page(matrix: Mapping[str, Any], sign: Callable[..., str], told: Callable[..., str]) -> str:
    """The page of a ``matrix.json``. sign, told: a cell's sign and its text in full, from its row."""
    cells = matrix["cells"]
    columns = [release(outcome["cell"]) for outcome in cells]
    changed = {(row["contract"], release(row)) for row in matrix["changes"]}
    areas: dict[str, str] = {}
    for outcome in cells:
        areas.update({name: row["area"] for name, row in outcome["contracts"].items()})
    contracts: list[dict[str, str]] = []
    rows: list[list[Any]] = []
    for contract in sorted(areas, key=lambda each: (areas[each], each)):
        found = [outcome["contracts"].get(contract) for outcome in cells]
        shown = [
            [*_standing(row, sign, told), "changed" if (contract, column) in changed else ""]
            for column, row in zip(columns, found, strict=True)
        ]
        worst = _worst(row["verdict"] for row in found if row)
        contracts.append({"area": areas[contract], "verdict": worst})
        more = [[column, cell[2]] for column, cell in zip(columns, shown, strict=True) if cell[0] != GOOD]
        rows.append([contract, worst, 0, 0, 0, shown, areas[contract], more, {}])
    void = [outcome for outcome in cells if outcome["status"] != "done"]
    bad = [row[0] for row in rows if row[1] in ("diverge", "error", "stale")]
    verdict, tone = ("INCOMPLETE", "doubtful") if void else ("DIFFERENCES", "bad") if bad else ("EXPLAINED", "good")
    return _rendered(
        title=f"Contracts by release: {verdict}",
        heading="Contracts by release",
        verdict=verdict,
        tone=tone,
        sentence=f"{len(rows)} contracts, {len(columns)} releases, {len(matrix['changes'])} changes between releases; "
        f"{len(bad)} contracts differ in a way that the ledger does not explain.",
        worth="",
        lanes=[f"{release(each['cell'])} has no verdicts: {each['status']} ({each['reason']})" for each in void],
        look=[_looked("change", row["contract"], _told(row), "doubtful") for row in matrix["changes"][-LOOKED_AT:]],
        upgrade="",
        table_head="Contracts by release",
        legend="✓ agrees, k known divergence, ✗ diverges, ! the lane crashed or hung, s stale ledger entry, - not run. "
        "A frame marks a change from the release before.",
        table=_table(columns, contracts, rows),
        tiles=[],
        figures=[],
        pairs=[],
        known=[],
        footer=MARK.replace("results", "matrix"),
    )


def _standing(row: Mapping[str, Any] | None, sign: Callable[..., str], told: Callable[..., str]) -> list[Any]:
    """Tone, sign and text of a contract in a release."""
    if row is None:
        return [NONE, sign(row), "no verdict"]
    tone = {"agree": GOOD, "known divergence": KNOWN, "unsupported": NONE}.get(row["verdict"], BAD)
    return [tone, sign(row), told(row)]


def release(cell: Mapping[str, Any]) -> str:
    """A cell of a matrix, or a change of one, as its column is called: "torch 2.15.0 cuda +compile"."""
    device = "" if cell["device"] == "cpu" else f" {cell['device']}"
    modes = kinds.written(cell["modes"])
    return f"{cell['framework']} {cell['release']}{device}" + (f" {modes}" if modes else "")


def _told(row: Mapping[str, Any]) -> str:
    return f"since {release(row)}: {row['to']} (was {row['from']})"[:LONGEST]


def _worst(verdicts: Iterable[str]) -> str:
    found = set(verdicts)
    order = ("error", "diverge", "stale", "known divergence", "agree", "unsupported")
    return next((each for each in order if each in found), "unsupported")


# What a reader looks at first


def look(document: Document) -> list[dict[str, str]]:
    """What is red, then what runs nowhere, then the narrowest margins: at most a dozen entries."""
    found = []
    for row in document["contracts"]:
        if row["failure"]:
            found.append(_looked(row["verdict"], row["id"], str(row["failure"].get("message", "")), "bad"))
    for row in document["contracts"]:
        whole = [lane for lane in row["unsupported"] if lane in {each["label"] for each in document["lanes"]}]
        if whole and not row["failure"]:
            found.append(_looked("not run", row["id"], f"on {', '.join(whole)}", "doubtful"))
    near = sorted(((_margin(row), row["id"]) for row in document["contracts"]), reverse=True)
    for margin, name in near[:3]:
        if NEAR <= margin <= 1:
            found.append(_looked("near its bound", name, f"{margin:.2f} of it", "doubtful"))
    return found[:LOOKED_AT]


def _looked(kind: str, name: str, text: str, tone: str) -> dict[str, str]:
    return {"kind": kind, "id": name, "text": " ".join(text.split())[:LONGEST], "tone": tone}


def _margin(row: Mapping[str, Any]) -> float:
    return max(margins(row), default=0.0)


# The table


def _row(row: Mapping[str, Any], lanes: Sequence[str]) -> list[Any]:
    more = [[f"known on {entry['lane']}", f"{entry['id']}: {entry['reason']}"] for entry in row["known"]]
    more += [[f"not run on {lane}", reason] for lane, reason in row["unsupported"].items()]
    failure = row["failure"] or {}
    more += [[name, str(failure[name])] for name in ("message", "sample", "replay") if failure.get(name)]
    more += [[f"script for {lane}", path] for lane, path in (failure.get("scripts") or {}).items()]
    margin = _margin(row)
    cells = [_cell(row, lane) for lane in lanes]
    by_lane = {lane: {name: _short(value) for name, value in found.items()} for lane, found in row["worst"].items()}
    return [
        row["id"],
        row["verdict"],
        row["samples"],
        round(row["seconds"], 2),
        float(f"{min(margin, 1e9):.3g}"),
        cells,
        row["claim"],
        more,
        by_lane,
    ]


def _short(value: Any) -> float | str:
    """A margin in three digits; JSON has no infinity."""
    number = float(value)
    return float(f"{number:.3g}") if math.isfinite(number) else "inf"


def _cell(row: Mapping[str, Any], lane: str) -> list[Any]:
    """Tone, label, title and mark of a lane's cell."""
    seen = margins(row, lane)
    label = f"{max(seen):.2g}" if seen else ""
    failed = row["failure"] and lane in row["failure"].get("lanes", [])
    if failed:
        return [BAD, f"✗ {label}".strip(), str(row["failure"].get("message", ""))[:LONGEST], ""]
    known = [entry for entry in row["known"] if entry["lane"] == lane]
    if known:
        return [KNOWN, f"k {label}".strip(), "; ".join(entry["id"] for entry in known), ""]
    if lane in row["unsupported"] or not row["samples"]:
        return [NONE, "-", row["unsupported"].get(lane, "no sample ran")[:LONGEST], ""]
    return [GOOD, label or "✓", *(["", "high"] if seen and max(seen) >= NEAR else [])]


def _table(columns: Sequence[str], contracts: Sequence[Mapping[str, Any]], rows: Sequence[list[Any]]) -> Any:
    """The rows as the page's script reads them; areas and verdicts are numbered."""
    areas = sorted({row["area"] for row in contracts})
    verdicts = sorted({row["verdict"] for row in contracts})
    names: dict[str, int] = {}

    def numbered(found: Mapping[str, Any]) -> list[Any]:
        """Quantities by number and margin, in a flat list."""
        return [each for name, value in found.items() for each in (names.setdefault(name, len(names)), value)]

    made = []
    for contract, (name, verdict, *rest, by_lane) in zip(contracts, rows, strict=True):
        flat = {lane: numbered(found) for lane, found in by_lane.items() if found}
        lanes = {names.setdefault(lane, len(names)): found for lane, found in flat.items()}
        made.append([name, areas.index(contract["area"]), verdicts.index(verdict), *rest, lanes])
    return {"columns": list(columns), "areas": areas, "verdicts": verdicts, "names": list(names), "rows": made}


# Pictures


def _tiles(document: Document) -> list[dict[str, Any]]:
    """The calls that programs make, the most frequent first; a tile's area grows with how often."""
    calls = (document.get("speaks_for") or {}).get("programs", {})
    if not any(contracts for _, contracts in calls.values()):
        return []  # a check of ports speaks for none
    return [
        {
            "call": call,
            "short": call.rpartition(".")[2].strip("_"),
            "count": count,
            "width": max(28, round(count**0.5 * 4)),
            "contracts": ", ".join(contracts),
        }
        for call, (count, contracts) in sorted(calls.items(), key=lambda item: -item[1][0])
    ]


def _figures(document: Document) -> list[dict[str, str]]:
    found = []
    for row in document["contracts"]:
        seen = (row["failure"] or {}).get("picture")
        if seen:
            text = f"{seen['quantity']} of {seen['lane']}, around the element that differs most."
            found.append(_figure(f"picture-{row['id']}", f"{row['id']} as a picture", text, figures.picture(seen)))
    for row in document["contracts"]:
        seen = (row.get("details") or {}).get("curves")
        if seen:
            text = "Left: the losses. Right: their distance from the float64 oracle, within the propagated band."
            found.append(_figure(f"curves-{row['id']}", f"Losses of {row['id']}", text, figures.curves(seen)))
    drawn = figures.margins(document)
    if drawn is not None:
        text = "Each point is a quantity of a contract on a lane. The red line is the bound."
        found.append(_figure("margins", "Margins by area", text, drawn))
    return found


def _figure(anchor: str, head: str, text: str, svg: str) -> dict[str, str]:
    return {"anchor": anchor, "head": head, "text": text, "svg": svg}


def _rendered(table: Any, **context: Any) -> str:
    parts = [("look-head", "First"), ("contracts", context["table_head"])]
    parts += [("calls-head", "Calls")] if context["tiles"] else []
    parts += [(figure["anchor"], figure["head"]) for figure in context["figures"]]
    parts += [("known-head", "Known divergences")] if context["known"] else []
    return hypertext.rendered("page.html.j2", data=hypertext.data(table), parts=parts, **context)
