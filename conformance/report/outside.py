"""What others read of a run: annotations of GitHub at the line of a contract, a badge, and outputs of the action."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.contract import REGISTRY
from conformance.report import summary

BADGE = "badge.json"
LONGEST = 500
"""Characters of an annotation."""
COLOURS = {"pass": "brightgreen", "fail": "red", "incomplete": "orange"}


def workflow_commands(document: Mapping[str, Any], places: Mapping[str, tuple[str, int]]) -> list[str]:
    """A workflow command for each contract that failed. places: file and line of contracts and pairs, by id.

    Format: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    found = []
    for row in document["contracts"]:
        if not row["failure"]:
            continue
        where = ""
        if row["id"] in places:
            path, line = places[row["id"]]
            where = f"file={_property(path)},line={line},"
        message = str(row["failure"].get("message", row["verdict"]))[:LONGEST]
        title = f"{row['id']}: {row['verdict']}"
        found.append(f"::error {where}title={_property(title)}::{_data(message)}")
    return found


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def places(document: Mapping[str, Any], folder: Path) -> dict[str, tuple[str, int]]:
    """File, relative to a folder where it lies in it, and line of each contract and pair of a run."""
    found = {}
    for row in document["contracts"]:
        given = (row.get("details") or {}).get("pair")
        if given is None and row["id"] in REGISTRY:
            given = getattr(sys.modules.get(REGISTRY[row["id"]].module), "__file__", None)
        if given and Path(given).is_file():
            path = Path(given).resolve()
            inside = path.relative_to(folder) if path.is_relative_to(folder) else path
            found[row["id"]] = (str(inside), line_of(path, row["id"]))
    return found


def line_of(path: Path, name: str) -> int:
    """The line of the call that declares a contract of this id in a file, or 1."""
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (OSError, ValueError, SyntaxError):
        return 1
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if isinstance(node.args[0], ast.Constant) and node.args[0].value == name:
            return node.lineno
    return 1


def badge(document: Mapping[str, Any]) -> str:
    """The badge as JSON, in the form of https://shields.io/badges/endpoint-badge."""
    speaks = document.get("speaks_for") or {}
    message = str(document["verdict"])
    if speaks.get("judged"):
        message += f", {speaks['judged']} of {speaks['counterparts']} calls"
    made = {"schemaVersion": 1, "label": "conformance", "message": message, "color": COLOURS[document["verdict"]]}
    return json.dumps(made) + "\n"


def properties(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What JUnit shows of a contract."""
    margins = summary.margins(record)
    said = [("contract", record["id"]), ("area", record["area"]), ("verdict", str(record["verdict"]))]
    said += [("samples", str(record["samples"]))]
    said += [("largest_margin", f"{max(margins):.4g}")] if margins else []
    said += [("known", ", ".join(sorted(entry["id"] for entry in record["known"].values())))] if record["known"] else []
    return said
