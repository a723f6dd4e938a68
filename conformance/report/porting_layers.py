"""The layers of a pair of models as tables: one for each run in which the laws looked at them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.report.blocks import BAD, GOOD, Block, Cell, Heading, Paragraph, Table, used

Row = Mapping[str, Any]
HEADER = (
    "first to differ", "torch", "paddle", "inputs", "output", "used of allowed", "gradient", "used of allowed",
    "torch class", "paddle class", "torch calls it at", "paddle calls it at",
)  # fmt: skip
WHOLE = "(the whole model)"


def blocks(rows: Mapping[str, Row]) -> list[Block]:
    """Each table under the laws that saw it. rows: the pair's records by law."""
    made: list[Block] = []
    for laws, lanes, layers in _seen(rows):
        where = f" on {lanes}" if lanes else ""
        made += [
            Heading(f"Layers, as seen by {laws}{where}"),
            Paragraph(
                "In float64, in the order in which torch's returned; functions that differ are told after the layer "
                "that calls them. Used of allowed: the largest error of what a "
                "layer gives, and of its gradient, in units of what two float64 runs differ by at most. A layer that "
                "is another changes the gradients of all that ran before it too."
            ),
        ]
        made += _compared([row for row in layers if "torch" in row and "paddle" in row])
        made += _alone([row for row in layers if not ("torch" in row and "paddle" in row)])
    return made


def _seen(rows: Mapping[str, Row]) -> list[tuple[str, str, list[Row]]]:
    """Laws, lanes and layers; laws that saw the same have one table."""
    found: dict[str, tuple[list[str], str, list[Row]]] = {}
    for law, record in rows.items():
        lanes: dict[str, list[Row]] = {}
        for row in record["details"]["layers"]:
            lanes.setdefault(str(row.get("lanes", "")), []).append(row)
        for name, layers in lanes.items():
            found.setdefault(json.dumps(layers), ([], name, layers))[0].append(law)
    return [(", ".join(laws), name, layers) for laws, name, layers in found.values()]


def _compared(layers: Sequence[Row]) -> list[Block]:
    if not layers:
        return [Paragraph("No layer of one model could be set beside one of the other.")]
    rows = [_row(row) for row in layers]
    told = [place for place in range(len(HEADER)) if any(row[place].text for row in rows)]
    marked = [place for place, row in enumerate(layers) if row.get("first")]
    return [
        Table("layers", [HEADER[place] for place in told], [[row[place] for place in told] for row in rows], marked)
    ]


def _row(row: Row) -> list[Cell]:
    return [
        Cell(str(row.get("first") or "")),
        Cell(str(row["torch"]) or WHOLE),
        Cell(str(row["paddle"]) or WHOLE),
        _agrees(row, "inputs"),
        _agrees(row, "outputs"),
        used(row["used"]),
        _agrees(row, "gradient"),
        used(row["gradient_used"]) if "gradient" in row else Cell(""),
        *(Cell(str(row[key])) for key in ("kind", "paddle_kind", "where", "paddle_where")),
    ]


def _agrees(row: Row, part: str) -> Cell:
    if part not in row:
        return Cell("")
    return Cell("agrees", GOOD) if row[part] else Cell("differs", BAD)


def _alone(layers: Sequence[Row]) -> list[Block]:
    """Layers of one model only."""
    rows = []
    for row in layers:
        model, lead = ("torch", "") if "torch" in row else ("paddle", "paddle_")
        path, kind, where = (str(row[key]) for key in (model, f"{lead}kind", f"{lead}where"))
        rows.append([Cell(model), Cell(path or WHOLE), Cell(kind), Cell(where)])
    if not rows:
        return []
    text = "Layers of one model only, whose work the other does in other layers or in functions:"
    return [Paragraph(text), Table("layers of one model", ("model", "layer", "class", "called at"), rows)]
