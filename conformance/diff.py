"""Two ``results.json`` side by side: what was added, removed, regressed, fixed, drifted, and what stayed.

Verdicts are ranked agree, known divergence, unsupported, stale, diverge, error. A contract whose verdict moved down
that list *regressed*, one that moved up was *fixed*; with one verdict in both, it *drifted* where a lane's worst
margin moved (see :data:`conformance.upgrade.DRIFT`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.contract import shorten
from conformance.judge import Verdict
from conformance.upgrade import drift

SCHEMA = 1
KINDS = ("Added", "Removed", "Regressed", "Fixed", "Drifted", "Unchanged")
RANKS = (Verdict.AGREE, Verdict.KNOWN, Verdict.UNSUPPORTED, Verdict.STALE, Verdict.DIVERGE, Verdict.ERROR)


class ResultsError(ValueError):
    """A file holds no results; the message names it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("old", metavar="OLD", type=Path, help="results.json of the earlier run")
    parser.add_argument("new", metavar="NEW", type=Path, help="results.json of the later run")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def main(options: argparse.Namespace) -> int:
    """``diff OLD NEW``: 1 where a contract regressed or was removed. Raises ResultsError for files of another kind."""
    old, new = read(options.old), read(options.new)
    found = compare(old, new)
    print(json.dumps(found, indent=1) if options.json else "\n".join(lines(old, new, found)))
    return 1 if found["Regressed"] or found["Removed"] else 0


def read(path: Path) -> dict[str, Any]:
    """The document of a run; :class:`ResultsError` says what is wrong with a file that holds none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ResultsError(f"{path} has schema {document['schema']!r}; this release reads {SCHEMA}")
        for row in document["contracts"]:
            Verdict(row["verdict"])
            row["id"], row["worst"], row["failure"], row["known"]
        return dict(document)
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror}") from error
    except ResultsError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ResultsError(f"{path} is no results.json of this project ({type(error).__name__}: {error})") from error


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Rows ``{"id", "old", "new", "detail"}`` by kind, in the order of :data:`KINDS`."""
    before = {row["id"]: row for row in old["contracts"]}
    after = {row["id"]: row for row in new["contracts"]}
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for name in sorted(before.keys() | after.keys()):
        kind, detail = _judge(before.get(name), after.get(name))
        verdicts = [rows[name]["verdict"] if name in rows else None for rows in (before, after)]
        found[kind].append({"id": name, "old": verdicts[0], "new": verdicts[1], "detail": detail})
    return found


def _judge(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[str, str]:
    if old is None or new is None:
        return ("Added" if old is None else "Removed"), ""
    ranks = [RANKS.index(Verdict(row["verdict"])) for row in (old, new)]
    if ranks[1] > ranks[0]:
        return "Regressed", _why(new)
    if ranks[1] < ranks[0]:
        return "Fixed", _why(old)
    moved = [
        f"{lane} {name}: {low:.2g} -> {high:.2g}"
        for lane in sorted(old["worst"].keys() & new["worst"].keys())
        for name, (low, high) in drift(old["worst"][lane], new["worst"][lane]).items()
    ]
    return ("Drifted", ", ".join(moved)) if moved else ("Unchanged", "")


def _why(row: Mapping[str, Any]) -> str:
    if row["failure"]:
        return " ".join(str(row["failure"]["message"]).split())
    return "; ".join(entry["reason"] for entry in row["known"])


def lines(old: Mapping[str, Any], new: Mapping[str, Any], found: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """The comparison as text."""
    text = [f"{which}: {_lanes(document)}" for which, document in (("old", old), ("new", new))] + [""]
    for kind in KINDS:
        text.append(f"{kind} ({len(found[kind])})")
        if kind != "Unchanged":
            text += [f"  {_line(row)}" for row in found[kind]]
    return text


def _line(row: Mapping[str, Any]) -> str:
    verdicts = [verdict for verdict in (row["old"], row["new"]) if verdict]
    told = " -> ".join(dict.fromkeys(verdicts))
    text = f"{row['id']} ({told})" + (f": {row['detail']}" if row["detail"] else "")
    return shorten(text, 160)


def _lanes(document: Mapping[str, Any]) -> str:
    return ", ".join(f"{lane['label']} = {lane['framework']} {lane['version']}" for lane in document["lanes"])
