"""A failure a person can act on: who is wrong, by how much, where, on which sample, and how to see it again."""

from __future__ import annotations

import math
import re
import shlex
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from conformance import home, modes
from conformance.accuracy import Acceptance, Rejects, as_acceptance
from conformance.contract import EXACT, Observation, Sample, shorten
from conformance.judge import ORACLE, Difference
from conformance.lanes.interpreters import interpreter
from conformance.lanes.spec import written
from conformance.outcomes import Divergence, Judged, LaneDied
from conformance.portable import sample_to_json, write_whole
from conformance.report.figures import reduced
from conformance.report.literals import NoScriptError
from conformance.report.reproducers import difference
from conformance.report.script import Shown, script
from conformance.session import Session

SHOWN = 5
"""Differences and lines of the sample that are shown; the files have the rest."""
WIDTH = 118
SMALLEST_PICTURE = 4
"""Pixels a side from which a plane is worth a picture."""
_HARD_SPACE = "\N{NO-BREAK SPACE}"


def describe(error: BaseException, session: Session) -> dict[str, Any]:
    """The failure as plain data for ``results.json``; for a divergence, write its replay file and scripts too.

    ``scripts`` are the paths by lane, ``no_script`` says for every other lane at fault why it has none.
    """
    if isinstance(error, LaneDied):
        return _death(error, session)
    if not isinstance(error, Divergence):
        return {"lanes": [], "message": _line(f"{type(error).__name__}: {error}")}
    worst = max(error.judged.differences, key=lambda difference: difference.ratio)
    told: dict[str, Any] = {
        "lanes": sorted(error.judged.wrong),
        "message": _difference(worst),
        "ratio": worst.ratio if math.isfinite(worst.ratio) else "inf",
        "sample": error.sample.describe(),
    }
    shown = _picture(error)
    if shown is not None:
        told["picture"] = shown
    try:
        return {**told, **_write_files(error, session)}
    except OSError as problem:
        reason = f"cannot be written to {session.report}: {problem.strerror or problem}"
        return {**told, "replay": f"none: the sample {reason}", "scripts": {}, "no_script": {}}


def _picture(error: Divergence) -> dict[str, Any] | None:
    """The plane of an image or of a feature map around the element that differs most, as the page shows it."""
    for item in sorted(error.judged.differences, key=lambda each: -each.ratio):
        accepted, seen = error.judged.accepted.get(item.lane), error.judged.observations[item.lane]
        expected = accepted.get(item.quantity) if isinstance(accepted, Mapping) else None
        got = seen.values.get(item.quantity)
        if item.against != ORACLE or not isinstance(expected, Acceptance) or got is None or item.kind == "structure":
            continue
        value = np.asarray(expected.value)
        if value.ndim < 3 or min(value.shape[-2:]) < SMALLEST_PICTURE or got.shape != value.shape:
            continue
        with np.errstate(all="ignore"):
            off = np.abs(got.astype(np.float64) - value)
            ratio = off / np.where(np.broadcast_to(expected.bound, value.shape) > 0, expected.bound, 1.0)
        planes = [reduced(np.nan_to_num(each), item.index) for each in (value, got.astype(np.float64), ratio)]
        names = ("expected", "got", "ratio")
        rounded = [[[float(f"{number:.4g}") for number in row] for row in plane] for plane in planes]
        return {"quantity": item.quantity, "lane": item.lane, **dict(zip(names, rounded, strict=True))}
    return None


def _death(error: LaneDied, session: Session) -> dict[str, Any]:
    told = {"lanes": [error.label], "message": error.death, "sample": error.sample.describe()}
    replay = (session.report / "failures").absolute() / f"{error.contract.id}.json"
    try:
        write_whole(replay, sample_to_json(error.contract.id, error.sample))
    except OSError as problem:
        return {**told, "replay": f"none: the sample cannot be written to {replay}: {problem.strerror or problem}"}
    return {**told, "replay": replay_command(error, session, replay)}


def _write_files(error: Divergence, session: Session) -> dict[str, Any]:
    folder = (session.report / "failures").absolute()
    name = error.contract.id
    replay = folder / f"{name}.json"
    write_whole(replay, sample_to_json(name, error.sample))
    scripts: dict[str, str] = {}
    reasons: dict[str, str] = {}
    prints = {lane["label"]: lane for lane in session.fingerprints()}
    for label in sorted(error.judged.wrong):
        path = folder / f"{name}--{re.sub(r'[^A-Za-z0-9._+-]', '-', label)}.py"
        try:
            write_whole(path, _script(error, label, prints))
            scripts[label] = str(path)
        except NoScriptError as reason:
            reasons[label] = str(reason)
        except OSError:
            raise
        except Exception as problem:  # a fault in the making of a script must not hide the divergence
            reasons[label] = _line(f"making it failed ({type(problem).__name__}: {problem})")
    for path in folder.glob(f"{name}--*.py"):
        if str(path) not in scripts.values():
            path.unlink()  # of an earlier run, about another sample
    return {"replay": replay_command(error, session, replay), "scripts": scripts, "no_script": reasons}


def _script(error: Divergence, label: str, prints: Mapping[str, Mapping[str, Any]]) -> str:
    """The script of one lane, held to the oracle, or to the other lane where only that one differs."""
    if prints[label].get("modes"):
        raise NoScriptError("a script makes its call as an eager lane does; replay the sample")
    mine = [item for item in error.judged.differences if label in (item.lane, item.against)]
    lane, contract, accepted = prints[label], error.contract, error.judged.accepted[label]
    about = [f"{contract.id}: {lane['framework']} {lane['version']}.", f"Promised: {_line(contract.claim)}"]
    if all(item.against != ORACLE for item in mine):
        other = next(name for name in (mine[0].lane, mine[0].against) if name != label)
        about.append(f"Expected: as {prints[other]['framework']} {prints[other]['version']}.")
        accepted = {**accepted, **_other_values(error.judged, label, other, {item.quantity for item in mine})}
    shown = _shown(accepted, error.judged.observations[label], [item.quantity for item in mine])
    return script(contract, lane["framework"], error.sample, accepted, shown, about, lane.get("device") or "cpu")


def _shown(accepted: Any, seen: Observation, names: list[str]) -> Shown:
    """What a script shows of a lane's difference from what was accepted."""
    if isinstance(accepted, Rejects):
        return Shown("accepted")
    if seen.error is not None:
        return Shown("refused")
    name = next((each for each in names if each in accepted), names[0])
    if name not in accepted:
        raise NoScriptError(f"{name} is returned and should not be; replay the sample")
    if name not in seen.values:
        return Shown("missing", name)
    found = difference(name, as_acceptance(accepted[name]), Acceptance(seen.values[name], 0.0, dtype=seen.dtypes[name]))
    if found is None:
        raise NoScriptError("the quantity differs only together with others; replay the sample")
    return found


def _other_values(judged: Judged, label: str, other: str, names: Iterable[str]) -> dict[str, Acceptance]:
    """What another lane returned, with the distance allowed between two lanes."""
    seen = judged.observations[other]
    made = {}
    for name in names:
        pair = [judged.accepted[lane].get(name) for lane in (label, other)]
        between = [item.between for item in pair if isinstance(item, Acceptance) and item.between is not None]
        bound = np.maximum(between[0], between[1]) if len(between) == 2 else 0.0
        made[name] = Acceptance(seen.values[name], bound, dtype=seen.dtypes[name])
    return made


def replay_command(error: Divergence | LaneDied, session: Session, replay: Path) -> str:
    """A command that runs the sample again from any folder, on the lanes that were asked for."""
    module = error.contract.module
    suite = getattr(sys.modules.get(module), "__file__", None) or module.partition(".")[0]
    start = ["pytest", suite]
    if home.installed() and Path(suite).is_relative_to(home.CARRIED):
        start = ["conformance", "gate"]
    lanes = [f"--lane={written(spec)}" for spec in session.asked]
    # With a space instead of "=", pytest would look for its configuration near the replay file too.
    # The replay has a report of its own: the one of the run that failed is not overwritten.
    folder = session.report.absolute() if session.replay else session.report.absolute() / "replay"
    own = [*lanes, *session.repeated, f"--conformance-report={folder}"]
    return shlex.join([sys.executable, "-m", *start, f"--replay={replay}", *own])


def render(error: Divergence, session: Session, failure: Mapping[str, Any]) -> str:
    """The text under the item's name in pytest's failure section, about fifteen lines."""
    judged = error.judged
    text = [*_wrapped(f"{error.contract.id}: {' '.join(error.contract.claim.split())}", ""), ""]
    text += [*_wrapped(_headline(judged), "  ", "  "), ""]
    prints = {lane["label"]: lane for lane in session.fingerprints()}
    width = max(map(len, judged.observations))
    for label in judged.observations:
        standing, lane = _standing(label, judged), _fingerprint(prints.get(label, {}))
        text += _wrapped(f"  {standing:6}  {label:{width}}  {lane}", " " * 10)
    text.append("")
    for each in _worst(judged.differences):
        text += _wrapped(f"  {_difference(each)}", "    ")
    hidden = len(judged.differences) - SHOWN
    if hidden > 0:
        text.append(f"  ... and {hidden} more that differ less, or later")
    exact = "(small integers, so nothing is rounded) " if error.sample.regime == EXACT else ""
    text += ["", *_sample(exact, error.sample)]
    text.append(f"  replay  {failure.get('replay', 'none')}")
    pythons = {lane.label: interpreter(lane.spec) for lane in session.lanes}
    for label, path in failure.get("scripts", {}).items():
        text.append(f"  script  {shlex.join([pythons.get(label) or 'python', path])}")
    for label, reason in failure.get("no_script", {}).items():
        text += _wrapped(f"  script  none for {label}: {reason}", " " * 10)
    return "\n".join(text)


def render_death(error: LaneDied, failure: Mapping[str, Any]) -> str:
    """The text for a sample on which a lane's interpreter ended."""
    text = [*_wrapped(f"{error.contract.id}: {' '.join(error.contract.claim.split())}", ""), ""]
    reason, _, words = error.death.partition("\n")
    text += [*_wrapped(f"{error.label} {reason}", "  ", "  ")]
    text += [f"    {line}" for line in words.splitlines()]
    text += ["", *_sample("", error.sample), f"  replay  {failure.get('replay', 'none')}"]
    return "\n".join(text)


def _headline(judged: Judged) -> str:
    """One sentence on who is wrong."""
    wrong = sorted({item.lane for item in judged.differences if item.against == ORACLE})
    right = [label for label in judged.observations if label not in wrong]
    if not wrong:
        names = " and ".join(sorted(judged.wrong))
        return (
            f"{names} are each near enough to the oracle, but further from each other than two correct results can be; "
            "the oracle cannot tell which of them is wrong."
        )
    names = " and ".join(wrong)
    if right:
        return f"{names} {'is' if len(wrong) == 1 else 'are'} wrong; {' and '.join(right)} {_right(right, judged)}."
    if len(wrong) == 1:
        return f"{names} is wrong; no other lane ran."
    seen = [judged.observations[label] for label in wrong]
    if all(_equal(seen[0], other) for other in seen[1:]):
        return f"{names} agree with each other and not with the oracle: look first at the claim and the oracle."
    return f"{names} are wrong, each in another way: look at the claim and the oracle too."


def _right(labels: list[str], judged: Judged) -> str:
    known = {label: entry.id for label, entry in judged.known}
    agrees = "agrees" if len(labels) == 1 else "agree"
    if not known.keys() & set(labels):
        ratios = [judged.ratios.get(label, {}) for label in labels]
        largest = max([0.0, *(number for each in ratios for number in each.values() if not math.isnan(number))])
        return f"{agrees} with the oracle" + (f", at {largest:.2g} of its bound" if largest else "")
    told = ", ".join(f"{label}: ledger entry {known[label]}" for label in labels if label in known)
    return f"{agrees} with the oracle or with what is known of it ({told})"


def _equal(one: Observation, other: Observation) -> bool:
    if one.values.keys() != other.values.keys() or (one.error is None) != (other.error is None):
        return False
    return all(one.values[name].tobytes() == other.values[name].tobytes() for name in one.values)


def _standing(label: str, judged: Judged) -> str:
    mine = [item for item in judged.differences if label in (item.lane, item.against)]
    if any(item.against == ORACLE for item in mine):
        return "WRONG"
    if mine:
        return "apart"
    return "known" if any(label == known for known, _ in judged.known) else "agrees"


def _fingerprint(lane: Mapping[str, Any]) -> str:
    if not lane:
        return ""
    parts = [f"{lane['framework']} {lane['version']} on {lane.get('device_name') or lane.get('device')}"]
    parts += [f"{name} {lane[name]}" for name in ("torchvision", "pillow", "numpy", "python") if name in lane]
    threads = lane.get("threads")
    parts += [f"{threads} thread{'' if threads == 1 else 's'}"] if threads is not None else []
    parts.append("TF32 on" if lane.get("tf32") else "TF32 off")
    parts += [text for text in [modes.written(lane.get("modes", ()))] if text]
    return ", ".join(parts) + ("" if lane.get("deterministic", True) else ", not deterministic")


def _worst(differences: list[Difference]) -> list[Difference]:
    """The largest differences, in the order in which they were found."""
    kept = sorted(differences, key=lambda item: -item.ratio)[:SHOWN]
    return [item for item in differences if item in kept]


def _difference(item: Difference) -> str:
    ratio = f" = {item.ratio:.3g} x the bound" if math.isfinite(item.ratio) else ""
    detail = re.sub(r"(up to \S+ allowed)", rf"\1{ratio}", _line(item.detail, 400), count=1)
    if item.kind == "structure":
        return f"{item.lane} {detail}"
    if item.against != ORACLE:
        for here in ("expected", "the other's is"):
            detail = detail.replace(f", {here} ", f", on {item.against} ")
    return f"{item.lane} {item.quantity} {detail}"


def _line(text: str, most: int = 300) -> str:
    """A message on one line. Paddle's errors come with a trace of C++ calls, and the message is at its end."""
    lead, found, summary = text.partition("Error Message Summary:")
    if found:
        text = lead.split("\n", 1)[0].rstrip(": ") + ": " + summary
    flat = re.sub(r"\s*-{6,}\s*", " ", " ".join(text.split())).strip()
    return shorten(flat, most)


def _wrapped(text: str, deeper: str, first: str = "") -> list[str]:
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False
    )
    return lines or [""]


def _sample(lead: str, sample: Sample) -> list[str]:
    """The inputs of a sample; a line ends between two of them where it can."""
    inputs = [Sample({name: value}).describe().rsplit(" (", 1)[0] for name, value in sample.inputs.items()]
    kept = [text.replace(" ", _HARD_SPACE) if len(text) < WIDTH - 12 else text for text in inputs]
    lines = _wrapped(f"  sample  {lead}{', '.join(kept)}", " " * 10)
    if len(lines) > SHOWN:
        lines = [*lines[: SHOWN - 1], " " * 10 + "... (the replay file has all of it)"]
    return [line.replace(_HARD_SPACE, " ") for line in lines]


__all__ = ["describe", "render", "render_death", "replay_command"]
