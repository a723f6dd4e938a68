"""``conformance coverage``: of the calls that both frameworks have, and of those that programs make, which are judged.

A contract names what it judges (``covers``): counterparts, which are calls that both frameworks have, by their id, and
calls of traced programs. Dtypes, layouts and refusals are those of the samples that the gate draws; the verdicts are
those that the gate holds the pinned releases to, by the ledger. Needs no framework.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from conformance import home, ledger, names, profiles, translation
from conformance.accuracy import Rejects
from conformance.contract import FRAMEWORKS, REGISTRY, Contract, ContractError
from conformance.coverage_files import pinned, read_counterparts, read_reasons, read_workloads
from conformance.dtypes import DTYPES
from conformance.portable import require_place, write_whole

PAGE = "coverage.md"
CHANNELS_LAST = ("NLC", "NHWC", "NDHWC", "channels_last")
SAMPLES = 12
"""Samples of a contract that its oracle is asked about, to see whether it knows inputs that must be refused."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    project = home.gate()
    out = Path("conformance-report") if home.installed() else project.folder / "docs"
    add = parser.add_argument
    add("--json", metavar="FILE", type=Path, help="write what was found to a file, by call")
    add("--out", metavar="DIR", type=Path, default=out, help=f"folder of the pages (default: {out.name})")
    add("--check", action="store_true", help="write nothing; exit 1 where a page is not what would be written")
    add("--counterparts", metavar="FILE", type=Path, default=project.counterparts, help="calls that both have, as JSON")
    add("--workloads", metavar="FILE", type=Path, default=project.workloads, help="calls of traced programs, as JSON")


def main(options: argparse.Namespace) -> int:
    """Print the shares, and write the pages. Raises ContractError for files that cannot be used."""
    places = [] if options.json is None else [options.json]
    for path in places if options.check else [*places, options.out / PAGE]:
        _keep(path, require_place, path)
    found = read(options.counterparts, options.workloads)
    if options.json is not None:
        _write(options.json, json.dumps(found.as_json(), indent=1) + "\n")
    pages = {PAGE: page(found), translation.PAGE: translation.page(found.counterparts)}
    if options.check:
        wrong = [name for name, text in pages.items() if _text(options.out / name) != text]
        told = [f"{options.out / name} is out of date; make it with: python -m conformance coverage" for name in wrong]
        print("\n".join(told) or f"{options.out / PAGE} and {translation.PAGE} are up to date")
        return 1 if wrong else 0
    for name, text in pages.items():
        _write(options.out / name, text)
    print("\n".join(lines(found)))
    return 0


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _write(path: Path, text: str) -> None:
    _keep(path, write_whole, path, text)


def _keep(path: Path, do: Callable[..., None], *given: Any) -> None:
    try:
        do(*given)
    except OSError as error:
        raise ContractError(f"cannot write {path}: {error.strerror}; name another file") from error


@dataclass(frozen=True)
class Facts:
    """What a contract's samples hold."""

    dtypes: frozenset[str]
    layouts: frozenset[str]
    refuses: bool


@dataclass
class Coverage:
    """Which contracts judge which calls. counterparts, traced: the calls, as their files describe them.

    reasons: why no contract judges a call. facts: by contract.
    """

    counterparts: Mapping[str, Mapping[str, Any]]
    traced: Mapping[str, Mapping[str, Any]]
    reasons: Mapping[str, str]
    contracts: Mapping[str, list[Contract]]
    facts: Mapping[str, Facts]
    entries: ledger.Ledger
    releases: Mapping[str, str] = field(default_factory=dict)

    def judged(self, call: str) -> list[Contract]:
        """The contracts that judge a counterpart or a traced call."""
        return self.contracts.get(call, [])

    def dtypes(self, call: str) -> set[str]:
        """Those of samples of the contracts that judge a call."""
        return set().union(*(self.facts[each.id].dtypes for each in self.judged(call)))

    def layouts(self, call: str) -> set[str]:
        """How tensors lie in memory in samples of the contracts that judge a call."""
        return set().union(*(self.facts[each.id].layouts for each in self.judged(call)))

    def further(self) -> dict[str, list[str]]:
        """Calls beside the counterparts and those of programs, judged or with a reason why not, by area.

        The area is that of the first contract; a call that none judges stands in the area "".
        """
        known = {*self.counterparts, *self.traced, *(entry.get("paddle") for entry in self.counterparts.values())}
        areas: dict[str, list[str]] = {}
        for call in sorted({*self.contracts, *self.reasons} - known):
            areas.setdefault(self.judged(call)[0].area if self.judged(call) else "", []).append(call)
        return areas

    def unexplained(self) -> list[str]:
        """Counterparts without a contract and without a reason."""
        return [call for call in self.counterparts if not self.judged(call) and call not in self.reasons]

    def share(self) -> float:
        """Of the configurations of traced calls, the part whose call a contract judges."""
        return traced_share(self.traced, self.contracts)

    def share_with_dtypes(self) -> float:
        """The same, where a configuration counts by the part of its tensors whose dtype is judged."""
        whole = sum(call["configurations"] for call in self.traced.values())
        part = 0.0
        for name, call in self.traced.items():
            if self.judged(name):
                seen = self.dtypes(name)
                of = sum(call["dtypes"].values())
                mine = sum(count for dtype, count in call["dtypes"].items() if dtype in seen)
                part += call["configurations"] * (mine / of if of else 1.0)
        return part / whole if whole else 0.0

    def verdict(self, call: str, framework: str) -> str:
        """What the gate holds the pinned release to: agree, known divergence, or unsupported."""
        found = {self._held(each, framework) for each in self.judged(call)}
        return next((each for each in ("known divergence", "agree", "unsupported") if each in found), "")

    def _held(self, contract: Contract, framework: str) -> str:
        if contract.unsupported_on(framework, "cpu"):
            return "unsupported"
        release = self.releases.get(framework, "")
        known = [each for each in self.entries.of(contract.id) if each.applies(framework, "cpu", release)]
        return "known divergence" if known else "agree"

    def as_json(self) -> dict[str, Any]:
        """JSON-ready: every counterpart, every traced call, and the shares."""

        def row(call: str) -> dict[str, Any]:
            found = self.judged(call)
            return {
                "contracts": [each.id for each in found],
                "dtypes": sorted(self.dtypes(call)),
                "gradient": any(each.gradients for each in found),
                "layouts": sorted(self.layouts(call)),
                "reason": None if found else self.reasons.get(call),
            }

        return {
            "schema": 2,
            "calls": {call: row(call) for call in self.counterparts},
            "programs": {call: row(call) for call in self.traced},
            "further": {call: row(call) for calls in self.further().values() for call in calls},
            "traced": {"calls": round(self.share(), 4), "calls_and_dtypes": round(self.share_with_dtypes(), 4)},
        }


def traced_share(traced: Mapping[str, Mapping[str, Any]], judged: Iterable[str]) -> float:
    """Of the configurations of traced calls, the part whose call is among those judged."""
    known = set(judged)
    whole = sum(call["configurations"] for call in traced.values())
    return sum(call["configurations"] for name, call in traced.items() if name in known) / whole if whole else 0.0


def spoken_for(project: home.Home, ids: Iterable[str]) -> dict[str, Any] | None:
    """What a run of these contracts speaks for, JSON-ready; ``None`` in a project without a list of counterparts."""
    if not project.counterparts.exists() or not project.workloads.exists():
        return None
    if not REGISTRY:  # the controller of a distributed run collects nothing
        names.import_suites(project.folder)
    calls: dict[str, list[str]] = {}
    for name in ids:
        for call in REGISTRY[name].covers if name in REGISTRY else ():
            calls.setdefault(call, []).append(name)
    pairs, traced = read_counterparts(project.counterparts), read_workloads(project.workloads)
    return {
        "judged": len(calls.keys() & pairs.keys()),
        "counterparts": len(pairs),
        "traced": round(traced_share(traced, calls), 4),
        "programs": {call: [row["configurations"], calls.get(call, [])] for call, row in traced.items()},
    }


def read(counterparts: Path | None = None, workloads: Path | None = None) -> Coverage:
    """The coverage of the gate's contracts. Raises ContractError where a file cannot be used, or a name is unknown."""
    project = names.import_gate()
    pairs = read_counterparts(counterparts or project.counterparts)
    traced = read_workloads(workloads or project.workloads)
    contracts: dict[str, list[Contract]] = {}
    for contract in REGISTRY.values():
        for call in contract.covers:
            contracts.setdefault(call, []).append(contract)
    reasons = read_reasons(project.uncovered)
    profiles.register()
    facts = {contract.id: _facts(contract) for contract in REGISTRY.values() if contract.covers}
    return Coverage(
        pairs, traced, reasons, contracts, facts, ledger.load(project.ledger), pinned(project.folder / home.DECLARATION)
    )


def unknown(found: Coverage) -> list[str]:
    """A line for each name in ``covers``, or with a reason, that is no call of either file, or that needs no reason.

    Further calls of paddle, which no traced program makes, may be covered too.
    """
    known = {*found.counterparts, *found.traced}
    told = [
        f"{contract.id} covers {call!r}, which is neither a counterpart nor a traced call"
        for call, some in found.contracts.items()
        if call not in known and not call.startswith("paddle.")
        for contract in some
    ]
    told += [
        f"a reason is given for {call!r}, which is no call of either file"
        for call in {*found.reasons} - known
        if not call.startswith("paddle.")
    ]
    return told + [f"{call!r} is judged, and has a reason why not" for call in found.reasons if found.judged(call)]


def _facts(contract: Contract) -> Facts:
    dtypes: set[str] = set()
    layouts: set[str] = {"contiguous"}
    refuses = False
    asked: list[Any] = []

    def note(example: Any) -> None:
        nonlocal refuses
        for sample in example if isinstance(example, list) else [example]:
            dtypes.update(str(array.dtype) for array in sample.arrays())
            for value in sample.inputs.values():
                if isinstance(value, str):
                    dtypes.update({value} & set(DTYPES))
                    layouts.update({"channels_last"} if value in CHANNELS_LAST else ())
            layouts.update(sample.inputs.get("layouts", {}).values())
            if len(asked) < SAMPLES and not contract.conditioned:
                asked.append(sample)
                with np.errstate(all="ignore"):
                    refuses = refuses or isinstance(contract.oracle(**sample.inputs), Rejects)

    profiles.draw(contract, note)
    return Facts(frozenset(dtypes), frozenset(layouts), refuses)


# Texts


def summary(found: Coverage) -> str:
    """One line: how many counterparts are judged, and which share of traced calls."""
    judged = sum(bool(found.judged(call)) for call in found.counterparts)
    further = sum(len(calls) for area, calls in found.further().items() if area)
    return (
        f"{judged} of {len(found.counterparts)} calls that both frameworks have are judged, and "
        f"{found.share():.1%} of the calls of traced programs ({found.share_with_dtypes():.1%} with their dtypes)"
        + (f"; beside them {further} further calls" if further else "")
    )


def lines(found: Coverage) -> Iterator[str]:
    """What the command prints: each area, with the calls that are not judged, and the shares."""
    for area, calls in _areas(found).items():
        missing = [call for call in calls if not found.judged(call)]
        yield f"{area}: {len(calls) - len(missing)} of {len(calls)}" + (
            f"; not judged: {', '.join(missing)}" if missing else ""
        )
    yield summary(found)


def _areas(found: Coverage) -> dict[str, list[str]]:
    areas: dict[str, list[str]] = {}
    for call, entry in found.counterparts.items():
        areas.setdefault(str(entry.get("area", "other")), []).append(call)
    return areas


def page(found: Coverage) -> str:
    """The page of all calls, as Markdown."""
    text = [
        "# Coverage",
        "",
        f"{summary(found)}.",
        "",
        "Made by `python -m conformance coverage`. *Gradient*: some contract compares gradients. *Dtypes*, *layouts*: "
        "those of the samples that the gate draws. *Refusals*: inputs that both must refuse are among them. *torch*, "
        "*paddle*: the verdict that the gate holds the pinned releases to; any other one is red.",
        "",
    ]
    for area, calls in _areas(found).items():
        text += [f"## {area}", "", *_rows(found, [call for call in calls if found.judged(call)], "call"), ""]
        left = [call for call in calls if not found.judged(call)]
        text += [f"- `{call}` is not judged: {found.reasons.get(call, 'no reason is given')}" for call in left]
        text += [""] if left else []
    text += ["## Calls of traced programs", ""]
    text += ["Sorted by how many distinct configurations programs have of them.", ""]
    ordered = sorted(found.traced, key=lambda call: -found.traced[call]["configurations"])
    count: Callable[[str], str] = lambda call: str(found.traced[call]["configurations"])  # noqa: E731
    text += _rows(found, [call for call in ordered if found.judged(call)], "call", ("configurations", count))
    left = [call for call in ordered if not found.judged(call)]
    text += ["", *(f"- `{call}` ({count(call)}): {found.reasons.get(call, 'not judged')}" for call in left)]
    further = found.further()
    text += [
        "",
        "## Further calls",
        "",
        "Judged beside the counterparts, by area; those that are not judged, at the end.",
        "",
    ]
    for area in sorted(further.keys() - {""}):
        text += [f"### {area}", "", *_rows(found, further[area], "call"), ""]
    text += [f"- `{call}` is not judged: {found.reasons[call]}" for call in further.get("", [])]
    return "\n".join(text).rstrip() + "\n"


def _rows(
    found: Coverage, calls: list[str], head: str, extra: tuple[str, Callable[[str], str]] | None = None
) -> list[str]:
    if not calls:
        return []
    heads = [head, *([extra[0]] if extra else []), "contracts", "gradient", "dtypes", "layouts", "refusals"]
    text = [f"| {' | '.join([*heads, *FRAMEWORKS])} |", "|" + "---|" * (len(heads) + 2)]
    for call in calls:
        judged = found.judged(call)
        cells = [f"`{call}`", *([extra[1](call)] if extra else []), ", ".join(f"`{each.id}`" for each in judged)]
        cells += ["yes" if any(each.gradients for each in judged) else "", ", ".join(sorted(found.dtypes(call)))]
        cells += [", ".join(sorted(found.layouts(call) - {"contiguous"}))]
        cells += ["yes" if any(found.facts[each.id].refuses for each in judged) else ""]
        text.append(f"| {' | '.join([*cells, *(found.verdict(call, name) for name in FRAMEWORKS)])} |")
    return text
