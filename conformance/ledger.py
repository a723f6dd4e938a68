"""The ledger: known divergences, each with the versions it holds for, its reason and a witness that is replayed.

An entry does not switch a law off. It names what the lane does *instead*, a ``variant_`` method of the contract, and
the lane is held to exactly that, within the same bounds: a variant of a lane that refuses inputs says which ones, and
with which message. The witness must still diverge: an entry whose divergence no longer occurs is *stale*, and red.

A divergence whose inputs end or block a framework, or make it use memory that is not its own, is told in words alone:
such an entry says why it has no witness, explains nothing in a run, and no suite may draw those inputs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from conformance import modes
from conformance.contract import FRAMEWORKS, REGISTRY, Sample
from conformance.lanes.lane import FEATURES, Lane
from conformance.portable import PortableError, sample_from_table

REQUIRED = ("id", "contract", "framework", "versions", "behaviour", "reason", "witness")
SEEN = ("behaviour", "witness")
"""What an entry has that a run can see; one in words alone has ``no_witness`` in their place."""
NOT = "not "
OPTIONAL = ("device", "processor", "upstream", "found", "script", "no_script", "no_witness", "not_run", "mode")
BY_HAND = "by hand"
"""What ``script`` says where somebody wrote an entry's script."""
DEVICES = {"torch": ("cpu", "cuda"), "paddle": ("cpu", "gpu")}


class LedgerError(ValueError):
    """The ledger cannot be read, or an entry matches nothing; the message names the entry and the remedy."""


def _features(processor: str) -> list[str]:
    return processor.split(" and ") if processor else []


@dataclass(frozen=True, eq=False)
class Entry:
    """One known divergence.

    behaviour: what the lane does instead: the name of a ``variant_`` of the contract; empty where there is no witness.
    versions: PEP 440 specifier of the framework's releases that show it.
    processor: what the processor must have for it, or must not: "AVX512F and not GenuineIntel", of
        :data:`conformance.lanes.lane.FEATURES`; empty where it is the same on all.
    witness: a sample that shows it; ``None`` where there is none, for the reason in ``no_witness``.
    not_run: what ends there, so that lanes of these releases do not run the contract; of entries without witness only.
    script: "by hand" where its script is written rather than made, as another call shows it more shortly than that of
        the contract. no_script: why there is none.
    mode: what a lane must have for it (:mod:`conformance.modes`), ``static`` or ``static=sot``; empty where a lane
        without any shows it too.
    """

    id: str
    contract: str
    framework: str
    versions: SpecifierSet
    behaviour: str
    reason: str
    upstream: str
    device: str
    witness: Sample | None
    script: str = ""
    no_script: str = ""
    processor: str = ""
    no_witness: str = ""
    not_run: str = ""
    mode: str = ""

    def applies_to(self, lane: Lane) -> bool:
        """Whether a started lane is one that this entry speaks of."""
        if self.mode and not modes.has(lane.spec.modes, self.mode):
            return False
        found = lane.fingerprint()
        return self.applies(lane.spec.framework, lane.spec.device, found["version"], found["processor"])

    def applies(self, framework: str, device: str, version: str, processor: Collection[str] = ()) -> bool:
        """Whether this entry speaks of a release on a device and a processor with these features."""
        if framework != self.framework or self.device not in ("", device):
            return False
        if any((each.removeprefix(NOT) in processor) is each.startswith(NOT) for each in _features(self.processor)):
            return False
        try:
            release = Version(version.split("+")[0])
        except InvalidVersion:  # a build without a release number has no known divergences
            return False
        return self.versions.contains(release, prereleases=True)

    @property
    def released(self) -> str:
        """Its releases in words, the same for every release of ``packaging``: "paddle >=3.0, <3.4"."""
        parts = sorted(self.versions, key=lambda part: (part.operator.startswith("<"), str(part)))
        features = [
            f"without {each[len(NOT) :]}" if each.startswith(NOT) else f"with {each}"
            for each in _features(self.processor)
        ]
        places = [self.device, f"a processor {' and '.join(features)}" if features else ""]
        name = f"{self.framework}+{self.mode}" if self.mode else self.framework
        return f"{name} {', '.join(map(str, parts))}" + "".join(f" on {place}" for place in places if place)

    def summary(self) -> dict[str, Any]:
        """The entry as ``results.json`` shows it."""
        return {
            "id": self.id,
            "framework": self.framework,
            "versions": str(self.versions),
            "behaviour": self.behaviour,
            "reason": self.reason,
            "upstream": self.upstream,
        }


class Ledger:
    """All entries, by contract."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    def of(self, contract_id: str) -> list[Entry]:
        """Entries of one contract that a run can see, in the file's order; those in words alone are left out."""
        return [entry for entry in self.entries if entry.contract == contract_id and entry.witness is not None]

    def stopping(self, contract_id: str) -> list[Entry]:
        """Entries of one contract for which lanes of their releases do not run it."""
        return [entry for entry in self.entries if entry.contract == contract_id and entry.not_run]

    def check(self, path: Path) -> None:
        """Raise :class:`LedgerError` for an entry whose contract or variant does not exist or whose witness misfits."""
        for entry in self.entries:
            where = f"{path}: entry {entry.id!r}"
            contract = REGISTRY.get(entry.contract)
            if contract is None:
                raise LedgerError(
                    f"{where} speaks of contract {entry.contract!r}, which no suite declares; remove or rename it"
                )
            if entry.witness is None:
                continue
            if entry.behaviour not in contract.variants:
                known = ", ".join(contract.variants) or "none"
                raise LedgerError(
                    f"{where}: behaviour {entry.behaviour!r} is no variant of {entry.contract} (it has {known})"
                )
            misfit = contract.misfit(entry.witness)
            if misfit:
                raise LedgerError(f"{where}: its witness is no sample of {entry.contract} ({misfit})")


def load(path: Path) -> Ledger:
    """Read a ledger: a file, and those of the folder of its name beside it, one for each family of calls.

    Raises :class:`LedgerError`, which says which entry is wrong and how to mend it.
    """
    entries: list[Entry] = []
    seen: dict[str, Path] = {}
    for file in (path, *sorted(path.with_suffix("").glob("*.toml"))):
        for entry in _entries(file):
            if entry.id in seen:
                both = "" if seen[entry.id] == file else f" (the other is in {seen[entry.id]})"
                raise LedgerError(f"{file}: two entries are called {entry.id!r}{both}; ids must be unique")
            seen[entry.id] = file
            entries.append(entry)
    return Ledger(entries)


def _entries(path: Path) -> list[Entry]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LedgerError(f"cannot read the ledger {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LedgerError(f"the ledger {path} is not valid TOML: {error}") from error
    unknown = data.keys() - {"divergence"}
    if unknown:
        raise LedgerError(f"{path}: unknown table {sorted(unknown)[0]!r}; entries are [[divergence]]")
    tables = data.get("divergence", [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise LedgerError(f"{path}: entries are written [[divergence]], with two brackets on each side")
    return [_entry(path, place, table) for place, table in enumerate(tables, start=1)]


def leader(entry_id: str, reasons: Mapping[str, str]) -> str:
    """The entry under which one is told: its own, unless its reason begins with "As ENTRY", and so on from there.

    reasons: those of all entries, by id.
    """
    seen = [entry_id]
    while named := re.match(r"As ([\w-]+)", reasons[seen[-1]]):
        if named[1] not in reasons or named[1] in seen:
            break
        seen.append(named[1])
    return entry_id if named and named[1] in seen else seen[-1]


def _entry(path: Path, place: int, table: Mapping[str, Any]) -> Entry:
    where = f"{path}: entry {table.get('id', f'number {place}')!r}"
    in_words = bool(table.get("no_witness"))
    missing = [key for key in REQUIRED if not table.get(key) and not (in_words and key in SEEN)]
    unknown = sorted(table.keys() - {*REQUIRED, *OPTIONAL})
    if missing:
        raise LedgerError(
            f"{where} lacks {', '.join(missing)}; every entry needs {', '.join(REQUIRED)}, "
            f"or no_witness in place of {' and '.join(SEEN)}"
        )
    both = [key for key in (*SEEN, "no_script") if key in table]
    if in_words and both:
        raise LedgerError(
            f"{where} has {both[0]} and says by no_witness that it has none to show; remove one of the two"
        )
    if table.get("not_run") and not in_words:
        raise LedgerError(f"{where} has not_run and a witness, which would never be replayed; say no_witness instead")
    if unknown:
        known = ", ".join((*REQUIRED, *OPTIONAL))
        raise LedgerError(f"{where} has the unknown key {unknown[0]!r}; known are {known}")
    for key in (*REQUIRED[:-1], *OPTIONAL):
        if not isinstance(table.get(key, ""), str):
            raise LedgerError(f"{where}: {key} must be a text in quotes, it is {table[key]!r}")
    if table.get("script", BY_HAND) != BY_HAND:
        raise LedgerError(f"{where}: script {table['script']!r} can only be {BY_HAND!r}; leave it out otherwise")
    if table["framework"] not in FRAMEWORKS:
        raise LedgerError(f"{where}: framework {table['framework']!r} is not one of {', '.join(FRAMEWORKS)}")
    devices = DEVICES[table["framework"]]
    if table.get("device") and table["device"] not in devices:
        raise LedgerError(f"{where}: device {table['device']!r} is not one of {', '.join(devices)}")
    for each in _features(table.get("processor", "")):
        if each.removeprefix(NOT) not in FEATURES:
            raise LedgerError(f"{where}: processor {each!r} is not one of {', '.join(FEATURES)}")
    if table.get("mode") and not modes.exists(table["framework"], table["mode"]):
        raise LedgerError(f"{where}: mode {table['mode']!r} is no mode of {table['framework']}")
    try:
        versions = SpecifierSet(table["versions"])
    except InvalidSpecifier as error:
        raise LedgerError(f"{where}: versions {table['versions']!r} is no range such as '>=3.0,<3.4'") from error
    try:
        witness = None if in_words else sample_from_table(table["witness"])
    except (PortableError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise LedgerError(f"{where}: its witness cannot be read ({error})") from error
    return Entry(
        id=table["id"],
        contract=table["contract"],
        framework=table["framework"],
        versions=versions,
        behaviour=table.get("behaviour", ""),
        reason=table["reason"],
        upstream=table.get("upstream", ""),
        device=table.get("device", ""),
        witness=witness,
        script=table.get("script", ""),
        no_script=table.get("no_script", ""),
        processor=table.get("processor", ""),
        no_witness=table.get("no_witness", ""),
        not_run=table.get("not_run", ""),
        mode=table.get("mode", ""),
    )
