"""A failure a person can act on: who is wrong, by how much, where, on which sample, and how to see it again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from conformance.accuracy import Acceptance
from conformance.judge import ORACLE, Difference
from conformance.portable import sample_to_json, write_whole
from conformance.report import standalone
from conformance.runner import Divergence
from conformance.session import Session


def describe(error: BaseException, session: Session) -> dict[str, Any]:
    """The failure as plain data for ``results.json``; for a divergence, write its replay file and scripts too."""
    if not isinstance(error, Divergence):
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        return {"lanes": [], "message": message}
    judged = error.judged
    worst = max(judged.differences, key=lambda difference: difference.ratio)
    replay, scripts = _write_files(error, session.report / "failures")
    return {
        "lanes": sorted(judged.wrong),
        "message": f"{worst.lane} {worst.quantity} {worst.detail}",
        "ratio": worst.ratio if math.isfinite(worst.ratio) else "inf",
        "sample": error.sample.describe(),
        "replay": f"pytest --replay {replay}",
        "scripts": [str(path) for path in scripts],
    }


def _write_files(error: Divergence, folder: Path) -> tuple[Path, list[Path]]:
    replay = folder / f"{error.contract.id}.json"
    write_whole(replay, sample_to_json(error.contract.id, error.sample))
    scripts = []
    frameworks = {label.partition(":")[0]: label for label in sorted(error.judged.observations)}
    for framework, label in frameworks.items():
        accepted = error.judged.accepted.get(label)
        if accepted is None:
            continue
        path = folder / f"{error.contract.id}_{framework}.py"
        try:
            write_whole(path, standalone.script(error.contract, framework, error.sample, accepted))
        except standalone.CannotInline:
            continue
        scripts.append(path)
    return replay, scripts


def render(error: Divergence, session: Session, failure: dict[str, Any]) -> str:
    """The text under the item's name in pytest's failure section."""
    judged = error.judged
    versions = {lane["label"]: f"{lane['framework']} {lane['version']}, {lane['device']}" for lane in session.fingerprints()}
    text = [f"{error.contract.id}: {error.contract.claim}", ""]
    for label in judged.observations:
        wrong = [d for d in judged.differences if label in (d.lane, d.against)]
        text.append(f"  {label} ({versions.get(label, '')}): {_standing(label, wrong, judged.ratios.get(label, {}))}")
    text.append("")
    text += [f"  {_difference(difference)}" for difference in judged.differences[:8]]
    if len(judged.differences) > 8:
        text.append(f"  ... and {len(judged.differences) - 8} more quantities")
    text += ["", f"  sample  {error.sample.describe()}", f"  replay  {failure.get('replay', '')}"]
    text += [f"  script  python {path}" for path in failure.get("scripts", [])]
    return "\n".join(text)


def _standing(label: str, differences: list[Difference], ratios: dict[str, float]) -> str:
    if any(difference.against == ORACLE for difference in differences):
        return "WRONG"
    largest = max(ratios.values(), default=0.0)
    agrees = f"agrees with the oracle ({largest:.2f} of the bound)"
    return f"{agrees}, but not with the other lane" if differences else agrees


def _difference(difference: Difference) -> str:
    ratio = f" [{difference.ratio:.3g} x the bound]" if math.isfinite(difference.ratio) else ""
    against = "" if difference.against == ORACLE else f" (against {difference.against})"
    return f"{difference.lane} {difference.quantity}{against}: {difference.detail}{ratio}"


__all__ = ["Acceptance", "describe", "render"]
