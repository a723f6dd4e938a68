"""The files that coverage is counted by: calls that both frameworks have, calls of programs, reasons, and pins."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from conformance.contract import FRAMEWORKS, ContractError


def pinned(declaration: Path) -> dict[str, str]:
    """The releases that the gate is held to, by framework, from the pins in ``pyproject.toml``."""
    groups = tomllib.loads(declaration.read_text("utf-8")).get("dependency-groups", {})
    found = re.findall(r"(torch|paddle)(?:paddle)?==([\w.]+)", " ".join(map(str, groups.get("frameworks", []))))
    return {framework: next((version for name, version in found if name == framework), "") for framework in FRAMEWORKS}


def read_counterparts(path: Path) -> dict[str, dict[str, Any]]:
    """Counterparts by id: ``{"entries": [{"id": ..., "area": ..., "torch": name, "paddle": name}]}``.

    An entry that one framework alone has is left out. Raises ContractError for a file that is anything else.
    """
    entries = _table(path, "entries", list)
    found = {}
    for place, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise ContractError(f"{path}: entry number {place} has no id; write it as {{'id': 'nn.Conv1d', ...}}")
        if not all(isinstance(entry.get(name) or "", str) for name in FRAMEWORKS):
            raise ContractError(f"{path}: torch and paddle of {entry['id']!r} must be names of calls")
        if entry.get("torch") and entry.get("paddle") and len(entry.get("in", FRAMEWORKS)) == 2:
            found[entry["id"]] = entry
    return found


def read_workloads(path: Path) -> dict[str, dict[str, Any]]:
    """Traced calls by name: ``{"calls": {"paddle.matmul": {"configurations": 3, "dtypes": {"float32": 3}}}}``.

    Raises ContractError for a file that is anything else.
    """
    calls = _table(path, "calls", dict)
    for name, call in calls.items():
        dtypes = call.get("dtypes") if isinstance(call, dict) else None
        counts = [call.get("configurations"), *dtypes.values()] if isinstance(dtypes, dict) else [None]
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            raise ContractError(f"{path}: {name!r} needs configurations, a count, and dtypes, counts by dtype")
    return dict(calls)


def read_reasons(path: Path) -> dict[str, str]:
    """Why calls are not judged, by call. Raises ContractError for a file that is no TOML of names and reasons."""
    try:
        found = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise ContractError(f"cannot read {path}: {error}") from error
    for call, reason in found.items():
        if not isinstance(reason, str) or not reason:
            raise ContractError(f'{path}: the reason of {call!r} must be a text: "{call}" = "why"')
    return found


def _table(path: Path, key: str, kind: type) -> Any:
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ContractError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ContractError(f"{path} is not valid JSON: {error}") from error
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, kind):
        what = "a list" if kind is list else "an object"
        raise ContractError(f"{path} has no {key!r} that is {what}; see fixtures/{path.name} of the project")
    return found
