"""What an upgrade, or a mode, changes: two lanes of one framework, held to the oracle and to each other.

They are two releases, whose lanes are called old and new, or an eager lane and one of the same release in some mode.

A contract is *newly wrong* where new differs from the oracle on a sample and old does not, *newly right* the other way
round, *still wrong* where both differ, *changed* where both lie within their bounds and not on the same bits, and
*unchanged* otherwise. A known divergence counts as wrong here: that the ledger explains it does not mean that a user
had it before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from conformance.contract import Observation, shorten
from conformance.lanes import LaneSpec
from conformance.outcomes import Judged

OLD, NEW = "old", "new"
NEWLY_WRONG, NEWLY_RIGHT, STILL_WRONG, CHANGED, UNCHANGED = (
    "newly wrong",
    "newly right",
    "still wrong",
    "changed within bounds",
    "unchanged",
)
STATUSES = (NEWLY_WRONG, NEWLY_RIGHT, STILL_WRONG, CHANGED, UNCHANGED)
"""The most important first: a contract has the first of these that a sample of it has."""
KNOWN = "known: "
"""How what is told of a sample begins where the ledger explains it."""
DRIFT = 1.5
"""A margin that grew or shrank by less than this factor is not worth a line."""


def pair(specs: Sequence[LaneSpec]) -> str | None:
    """The framework whose releases two lanes called old and new compare, ``None`` where there is no such pair."""
    named = {spec.label: spec.framework for spec in specs if spec.label in (OLD, NEW)}
    return named[OLD] if len(named) == 2 and named[OLD] == named[NEW] else None


def eager(specs: Sequence[LaneSpec]) -> list[tuple[str, str]]:
    """The labels of every eager lane and a lane of the same framework, device and environment that has modes."""
    places = {(spec.framework, spec.device, spec.index, spec.where): str(spec) for spec in specs if not spec.modes}
    moded = [spec for spec in specs if spec.modes]
    places_of = [(places.get((each.framework, each.device, each.index, each.where)), str(each)) for each in moded]
    return [(old, new) for old, new in places_of if old is not None]


@dataclass
class Tally:
    """One contract's samples by status; plain data but for the method that counts.

    old, new: labels of the two lanes. first: what was wrong on the first sample that is newly wrong, and on the first
    that is no longer wrong: what it is known for, where the ledger explains it.
    """

    old: str = OLD
    new: str = NEW
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def count(
        self,
        observations: Mapping[str, Observation],
        wrong: Mapping[str, str],
        sample: str,
        died: str | None = None,
        known: Mapping[str, str] | None = None,
    ) -> str:
        """Note a sample: ``wrong`` says for each lane that differs from the oracle how; ``died`` is a lane's label.

        known: why, of the lanes whose difference the ledger explains.
        """
        old, new = (label in wrong or label == died for label in (self.old, self.new))
        if new and not old:
            status = NEWLY_WRONG
        elif old and not new:
            status = NEWLY_RIGHT
        elif old:
            status = STILL_WRONG
        else:
            status = UNCHANGED if _same(observations[self.old], observations[self.new]) else CHANGED
        self.counts[status] = self.counts.get(status, 0) + 1
        if status in (NEWLY_WRONG, NEWLY_RIGHT, STILL_WRONG):
            self._tell(status, wrong, known or {}, sample)
        return status

    def _tell(self, status: str, wrong: Mapping[str, str], known: Mapping[str, str], sample: str) -> None:
        """Keep the first sample that the ledger does not explain, or else why the first one is known to be wrong."""
        lanes = {NEWLY_WRONG: [self.new], NEWLY_RIGHT: [self.old], STILL_WRONG: [self.new, self.old]}[status]
        lane = next((lane for lane in lanes if lane not in known), None)
        if lane is None:
            self.first.setdefault(status, f"{KNOWN}{known[lanes[0]]}")
        elif not _unexplained(self.first, status):
            self.first[status] = f"{wrong.get(lane, 'its interpreter ended')}; sample {sample}"

    @property
    def status(self) -> str:
        """The contract's status."""
        return next((status for status in STATUSES if self.counts.get(status)), UNCHANGED)

    def plain(self, worst: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
        """What ``results.json`` keeps: counts, examples, and the margins that moved, from old to new."""
        moved = drift(worst.get(self.old, {}), worst.get(self.new, {}))
        return {"status": self.status, **asdict(self), "drift": moved}


def _unexplained(first: Mapping[str, str], status: str) -> bool:
    """Whether a sample of this status was told that the ledger does not explain."""
    return not first.get(status, KNOWN).startswith(KNOWN)


def counted(tallies: Sequence[Tally], judged: Judged, sample: str) -> str | None:
    """Note a sample in each tally whose lanes both take it; the most important status that it has.

    Of two releases a kernel that only one has is a loss, or a gain. Of a mode it says nothing.
    """
    known = {label: entry.reason for label, entry in judged.known}
    found = []
    for tally in tallies:
        lacking = judged.lacking.keys() & {tally.old, tally.new}
        releases = (tally.old, tally.new) == (OLD, NEW)
        if not lacking or (releases and len(lacking) == 1 and all(judged.lacking[label] for label in lacking)):
            wrong = judged.unlike | {label: judged.lacking[label] for label in lacking}
            found.append(tally.count(judged.observations, wrong, sample, known=known))
    return min(found, key=STATUSES.index, default=None)


def drift(old: Mapping[str, float], new: Mapping[str, float]) -> dict[str, list[float]]:
    """Quantities whose worst margin moved by :data:`DRIFT` or more, as [old, new]."""
    moved = {}
    for name in old.keys() & new.keys():
        low, high = sorted((float(old[name]), float(new[name])))
        if high > DRIFT * low and high > 0.01:
            moved[name] = [float(old[name]), float(new[name])]
    return dict(sorted(moved.items()))


def _same(one: Observation, other: Observation) -> bool:
    """Whether two lanes gave the same bits, dtypes and names, or raised errors of one type."""
    if (one.error is None) != (other.error is None):
        return False
    if one.error is not None and other.error is not None:
        return one.error.split(":")[0] == other.error.split(":")[0]
    if one.values.keys() != other.values.keys() or one.dtypes != other.dtypes:
        return False
    pairs = [(one.values[name], other.values[name]) for name in one.values]
    return all(left.shape == right.shape and left.tobytes() == right.tobytes() for left, right in pairs)


def lines(document: Mapping[str, Any]) -> list[str]:
    """The head of the terminal summary of a run that compares releases, or modes with the eager lane."""
    lanes = {lane["label"]: lane for lane in document["lanes"]}
    text: list[str] = []
    rows = [(row, row["upgrade"]) for row in document["contracts"] if row.get("upgrade")]
    if rows:
        title = f"upgrade of {lanes[OLD]['framework']}: {lanes[OLD]['version']} -> {lanes[NEW]['version']}"
        text += _compared(title, rows)
    for label in dict.fromkeys(label for row in document["contracts"] for label in row.get("modes", {})):
        rows = [(row, row["modes"][label]) for row in document["contracts"] if label in row.get("modes", {})]
        text += _compared(f"{label} against {rows[0][1]['old']}", rows)
    return text


Rows = Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
"""Contracts, and what was compared of each."""


def _compared(title: str, rows: Rows) -> list[str]:
    text = [title, ""]
    for status in STATUSES:
        found = [each for each in rows if each[1]["status"] == status]
        text.append(f"  {status:22} {len(found):4} contract{'s' if len(found) != 1 else ''}")
        if status in (NEWLY_WRONG, NEWLY_RIGHT):
            text += [f"      {_told(row, tally, status)}" for row, tally in found]
        elif status == STILL_WRONG and found:
            unexplained = [each for each in found if _unexplained(each[1]["first"], status)]
            text.append(f"      {', '.join(row['id'] for row, _ in found)}")
            if unexplained:
                text += ["      of these, the ledger does not explain:"]
                text += [f"        {_told(row, tally, status)}" for row, tally in unexplained]
    moved = sorted(_moved(rows), key=lambda item: -item[0])[:10]
    if moved:
        text += ["", "  margins that moved most, in units of the bound:", *(f"      {line}" for _, line in moved)]
    return [*text, ""]


def merged(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What two items of one contract compared, as one: the samples that are drawn, and each witness of the ledger."""
    if not one or not other:
        return dict(one or other or {}) or None
    tally = Tally(one["old"], one["new"], dict(one["counts"]), dict(one["first"]))
    for status, number in other["counts"].items():
        tally.counts[status] = tally.counts.get(status, 0) + number
    for status, told in other["first"].items():
        if _unexplained(other["first"], status) and not _unexplained(tally.first, status):
            tally.first[status] = told
        tally.first.setdefault(status, told)
    return {"status": tally.status, **asdict(tally), "drift": one["drift"] or other["drift"]}


def _told(row: Mapping[str, Any], tally: Mapping[str, Any], status: str) -> str:
    counted = tally["counts"]
    told = tally["first"].get(status, "")
    text = f"{row['id']} ({counted[status]} of {sum(counted.values())} samples): {' '.join(told.split())}"
    return shorten(text, 150)


def _moved(rows: Rows) -> list[tuple[float, str]]:
    return [
        (max(new, old) / max(min(new, old), 1e-3), f"{row['id']} {name}: {old:.2g} -> {new:.2g}")
        for row, tally in rows
        if tally["status"] in (CHANGED, UNCHANGED)
        for name, (old, new) in tally["drift"].items()
    ]
