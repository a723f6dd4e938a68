"""The matrix as JSON, Markdown and HTML: contract x release, and the first release in which each change appears."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.version import Version

from conformance.contract import shorten
from conformance.matrix.cells import DONE
from conformance.portable import write_whole
from conformance.report import page as report
from conformance.report.summary import table_row

SCHEMA = 1
SIGNS = {
    "agree": "✓",
    "known divergence": "k",
    "unsupported": "-",
    "stale": "s",
    "diverge": "✗",
    "error": "!",
}
LEGEND = (
    "✓ agrees with the oracle, k known divergence, ✗ diverges, ! the lane crashed or hung, s stale ledger entry, "
    "- not run"
)


def document(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The whole matrix as plain data, in the order of frameworks and releases."""
    cells = sorted(outcomes, key=lambda outcome: _order(outcome["cell"]))
    return {"schema": SCHEMA, "cells": cells, "changes": changes(cells)}


def _order(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    return (cell["framework"] != "torch", cell["device"], list(cell["modes"]), Version(cell["release"]))


def changes(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where a contract's standing differs from that in the release before: verdict, known divergences, or message.

    Releases are compared on one device, in the same modes.
    """
    found = []
    for before, after in itertools.pairwise(cell for cell in cells if cell["status"] == DONE):
        same_row = all(before["cell"][key] == after["cell"][key] for key in ("framework", "device", "modes"))
        if not same_row:
            continue
        for name in sorted(before["contracts"].keys() & after["contracts"].keys()):
            old, new = before["contracts"][name], after["contracts"][name]
            if _standing(old) != _standing(new):
                found.append(
                    {
                        "contract": name,
                        "framework": after["cell"]["framework"],
                        "device": after["cell"]["device"],
                        "modes": after["cell"]["modes"],
                        "release": after["cell"]["release"],
                        "before": before["cell"]["release"],
                        "from": _told(old),
                        "to": _told(new),
                    }
                )
    return found


def _standing(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["verdict"], row["known"]


def _told(row: Mapping[str, Any]) -> str:
    detail = ", ".join(row["known"]) if row["verdict"] == "known divergence" else " ".join(row["message"].split())
    return row["verdict"] + (f": {detail}" if detail else "")


def write(folder: Path, matrix: Mapping[str, Any]) -> list[Path]:
    """Write ``matrix.json``, ``matrix.md`` and ``index.html``, each whole; returns their paths."""
    files = {
        "matrix.json": json.dumps(matrix, indent=1, sort_keys=True) + "\n",
        "matrix.md": markdown(matrix),
        report.FILE: page(matrix),
    }
    for name, text in files.items():
        write_whole(folder / name, text)
    return [folder / name for name in files]


def _columns(matrix: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(report.release(outcome["cell"]), outcome) for outcome in matrix["cells"]]


def _contracts(matrix: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Area and id of every contract that any release was judged by."""
    return sorted({(row["area"], name) for outcome in matrix["cells"] for name, row in outcome["contracts"].items()})


def markdown(matrix: Mapping[str, Any]) -> str:
    """The matrix as a Markdown page."""
    columns = _columns(matrix)
    text = ["# Contracts by release", "", LEGEND + ".", ""]
    text += [
        f"- **{name}** has no verdicts: {outcome['status']} ({outcome['reason']})" for name, outcome in _void(matrix)
    ]
    text += ["", "| contract | " + " | ".join(name for name, _ in columns) + " |", "| --- |" + " :-: |" * len(columns)]
    for _, contract in _contracts(matrix):
        signs = [_sign(outcome["contracts"].get(contract)) for _, outcome in columns]
        text.append(f"| {contract} | " + " | ".join(signs) + " |")
    text += [
        "",
        "## The first release of each change",
        "",
        "| contract | since | was | is |",
        "| --- | --- | --- | --- |",
    ]
    text += [table_row(*_change(row)) for row in matrix["changes"]]
    return "\n".join(text) + "\n"


def _void(matrix: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, outcome) for name, outcome in _columns(matrix) if outcome["status"] != DONE]


def _change(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return row["contract"], report.release(row), shorten(row["from"], 160), shorten(row["to"], 160)


def _sign(row: Mapping[str, Any] | None) -> str:
    return SIGNS[row["verdict"]] if row else "·"


def page(matrix: Mapping[str, Any]) -> str:
    """The matrix as one self-contained HTML page; a cell's title has the reason."""
    return report.matrix_page(matrix, _sign, _told)
