"""``results.json``: everything a run found, in one versioned document.

``{"schema": 1, "verdict", "lanes": [...], "contracts": [{"id", "area", "verdict", "samples", "worst", "known"}],
"seconds"}`` and the fingerprint of the run. Ratios are in units of the bound; JSON has no infinity, so an infinite
ratio (an error where none is allowed) is written as the string "inf".
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from conformance import home, upgrade
from conformance.judge import Verdict, worst
from conformance.portable import write_whole
from conformance.record import Record
from conformance.report import outside, page, porting, summary

SCHEMA = 1
DOCUMENTS = ("results.json", "summary.md", page.FILE, outside.BADGE)
RED = (Verdict.STALE, Verdict.DIVERGE, Verdict.ERROR)


class ReportError(RuntimeError):
    """The report cannot be written."""


def require_writable(folder: Path) -> None:
    """Make the folder and write to it: :class:`ReportError` now rather than after the run, where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror or error
        raise ReportError(
            f"cannot write the report to {folder}: {reason}; name another folder with --conformance-report"
        ) from error


def discard(folder: Path) -> None:
    """Remove the documents of an earlier run, so that a run which dies leaves no verdict behind."""
    for name in DOCUMENTS:
        (folder / name).unlink(missing_ok=True)
    porting.discard(folder)


def _discard_failures(folder: Path, document: dict[str, Any]) -> None:
    """Remove what an earlier run wrote about contracts that this one found nothing wrong with."""
    for row in document["contracts"]:
        if row["failure"] is None and row["samples"]:
            for path in [folder / f"{row['id']}.json", *folder.glob(f"{row['id']}--*.py")]:
                path.unlink(missing_ok=True)


def merge(records: dict[str, Record], carried: dict[str, Any]) -> None:
    """Add one item's record; the witnesses of a contract count towards the same row."""
    new = Record(**{**carried, "verdict": Verdict(carried["verdict"])})
    old = records.get(new.id)
    if old is None:
        records[new.id] = new
        return
    old.verdict = worst([old.verdict, new.verdict])
    old.samples += new.samples
    old.exact_samples += new.exact_samples
    old.seconds += new.seconds
    old.framework_seconds += new.framework_seconds
    old.note(new.worst, new.noted)
    for key, entry in new.known.items():
        counted = old.known.get(key, {"samples": 0})["samples"]
        old.known[key] = {**entry, "samples": entry["samples"] + counted}
    old.unsupported.update(new.unsupported)
    old.failure = old.failure or new.failure
    old.upgrade = upgrade.merged(old.upgrade, new.upgrade)
    old.modes = old.modes or new.modes
    old.details = old.details or new.details


def build(
    records: list[Record],
    lanes: list[dict[str, Any]],
    seconds: float,
    complete: bool,
    settings: dict[str, Any],
    failed: bool = False,
) -> dict[str, Any]:
    """The document of a run.

    ``complete`` is false for an interrupted run, which can never be green; ``failed`` says that some test of the run
    failed, even one that is no contract. Where the run gates on regressions, a divergence that is none is not red.
    """
    samples = sum(record.samples for record in records)
    regressions_only = settings.get("gate_on") == "regressions"
    red = [record for record in records if record.verdict in RED and not (regressions_only and record.failure is None)]
    if failed or red:
        verdict = "fail"
    elif not complete:
        verdict = "incomplete"
    else:
        verdict = "pass" if samples else "fail"
    return {
        "schema": SCHEMA,
        "verdict": verdict,
        "complete": complete,
        "lanes": lanes,
        "contracts": [_contract(record) for record in sorted(records, key=lambda record: (record.area, record.id))],
        "seconds": round(seconds, 3),
        "samples": samples,
        "settings": {**settings, "commit": _commit(), "platform": platform.platform()},
    }


def _contract(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "area": record.area,
        "claim": record.claim,
        "verdict": str(record.verdict),
        "samples": record.samples,
        "exact_samples": record.exact_samples,
        "worst": {
            lane: {name: _number(ratio) for name, ratio in sorted(quantities.items())}
            for lane, quantities in sorted(record.worst.items())
        },
        "noted": {
            lane: {name: _number(error) for name, error in quantities.items()}
            for lane, quantities in sorted(record.noted.items())
        },
        "known": [record.known[key] for key in sorted(record.known)],
        "unsupported": record.unsupported,
        "failure": record.failure,
        **({"upgrade": record.upgrade} if record.upgrade else {}),
        **({"modes": record.modes} if record.modes else {}),
        **({"details": record.details} if record.details else {}),
        "seconds": round(record.seconds, 4),
        "framework_seconds": round(record.framework_seconds, 4),
    }


def _number(ratio: float) -> float | str:
    return float(f"{ratio:.4g}") if math.isfinite(ratio) else "inf"


def _commit() -> str | None:
    """The commit of a checkout. What is installed has a version; a repository around it is somebody else's."""
    if home.installed():
        return importlib.metadata.version("cross-framework-conformance")
    try:
        asked = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        where = Path(__file__).parent
        return subprocess.run(asked, cwd=where, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def write(folder: Path, document: dict[str, Any]) -> None:
    """Write ``results.json``, ``summary.md``, ``index.html``, ``badge.json`` and the pages of pairs of models.

    ``summary.md`` is appended to ``$GITHUB_STEP_SUMMARY`` too where that is set.
    """
    markdown = summary.markdown(document)
    try:
        write_whole(folder / "results.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
        write_whole(folder / "summary.md", markdown)
        porting.write(folder, document)
        write_whole(folder / page.FILE, page.page(document))
        write_whole(folder / outside.BADGE, outside.badge(document))
        _discard_failures(folder / "failures", document)
        step_summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if step_summary:
            with open(step_summary, "a", encoding="utf-8") as file:
                file.write(markdown)
    except OSError as error:
        raise ReportError(
            f"cannot write the report to {error.filename or folder}: {error.strerror or error}"
        ) from error
