"""How small an error does the gate see, and what would a plain tolerance see?

    python -m benchmarks.sensitivity [CONTRACT ...]
    python -m benchmarks.sensitivity --write        (docs/sensitivity.md, of all contracts)

Claimed: where all elements of a forward result of a layer or a loss are wrong by a relative 1e-6, its contract fails.

How it is measured stands in ``benchmarks/perturbations.py``.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import warnings
from collections import Counter
from collections.abc import Sequence

from tqdm import tqdm

from benchmarks.claims import Claim, judged
from benchmarks.gate_speed import ROOT
from benchmarks.perturbations import ALL, GATE, LEVELS, NEVER, ONE, TOLERANCES, USELESS, Sensitivity, measure
from conformance import names, profiles
from conformance.contract import Contract, ContractError, find
from conformance.ledger import load
from conformance.outcomes import Divergence
from conformance.portable import write_whole
from conformance.report.summary import table_row
from tests.faults.fault import started_lanes

PAGE = ROOT / "docs" / "sensitivity.md"
COMMAND = "python -m benchmarks.sensitivity --write"
DENSE = 3
"""Level of the claim: 2**3 units are a relative 9.5e-7."""
CLAIMED = ("nn.", "loss.")
BINS = {
    "1": 0,
    "2 to 8": DENSE,
    "16 to 128": 7,
    "256 to 4,096": 12,
    "more": NEVER - 1,
    "not seen": NEVER,
    "of no use": USELESS,
}
"""The largest level of each column of the summary."""

TEXT = f"""\
An error is put into what a correct lane returned for a sample of the gate: every element of one result, or one element
of it (drawn by a fixed seed), is multiplied by 1 + e. The numbers are the smallest e, among the powers of two up to
2^{LEVELS[-1]} units, that any of the contract's samples shows. A unit is 2^-23, one unit in the last place of float32
(1.2e-7; 8 units are 9.5e-7). Results in float32 are changed, and no others. Each result of a contract (output,
gradients, optimizer state ...) is tried by itself, and the one that hides the largest error counts: it is named, with
the share of its samples that show the error, in the lane where fewer do. Two numbers are torch's and paddle's.

The gate's answer is that of its own judge, which is asked again about the changed values: the oracle, the ledger's
variants, and lane against lane. The tolerances see the same errors against the right values: numpy.allclose with its
defaults (rtol 1e-5, atol 1e-8), torch.testing.assert_close with its defaults for float32 (rtol 1.3e-6, atol 1e-5), and
rtol = atol = 1e-2. Their numbers are those of one element, of all elements, and the share of correct observations that
they reject; a sample whose correct result they reject shows them nothing ("of no use": that is so in every sample of
some result). A contract without floating-point results compares for equality: any change is seen.
"""
COARSE = """\
Results of layers and losses in which an error of 8 units in all elements is not seen. Each rounding on the way to a
result costs half a unit, and the bound allows for all of them, times a measured constant.
"""


def shown(level: int) -> str:
    """A level in units."""
    return {NEVER: "not seen", USELESS: "of no use"}.get(level, f"{2**level:,}")


def gate_cell(found: Sensitivity, extent: str) -> str:
    """What the gate sees: the level of each lane, the weakest result, and the share of samples."""
    lanes = list(dict.fromkeys(label for label, _ in found.seen))
    each = [found.weakest(GATE, extent, lane) for lane in lanes]
    levels = " / ".join(dict.fromkeys([shown(level) for level, _, _ in each]))
    _, name, share = max(each, key=lambda weakest: (weakest[0], -weakest[2]))
    return f"{levels} ({name}, {100 * share:.0f} %)"


def tolerance_cell(found: Sensitivity, instrument: str) -> str:
    """What a tolerance sees, and how often it is wrong."""
    levels = [shown(found.weakest(instrument, extent)[0]) for extent in (ONE, ALL)]
    return f"{', '.join(levels)}; {100 * found.alarms[instrument] / found.observed:.0f} %"


def row(found: Sensitivity) -> str:
    """The contract's row of the table."""
    lead = (found.contract.area, found.contract.id, str(found.samples))
    if not found.seen:
        what = "not in float32" if found.other_formats else "any change"
        return table_row(*lead, what, what, *["" for _ in TOLERANCES])
    cells = [gate_cell(found, extent) for extent in (ONE, ALL)]
    return table_row(*lead, *cells, *(tolerance_cell(found, instrument) for instrument in TOLERANCES))


def summary(sensitivities: Sequence[Sensitivity]) -> list[str]:
    """Counts of the contracts with results in float32, by the level that each instrument needs."""
    floating = [found for found in sensitivities if found.seen]
    samples = sum(found.samples for found in sensitivities)
    lines = [
        f"{len(sensitivities)} contracts, {samples:,} samples; {len(floating)} contracts have results in float32. "
        "These, counted by how many units they need:",
        "",
        table_row("instrument", "wrong", *BINS, "reject a correct result"),
        "| --- | --- |" + " --: |" * (len(BINS) + 1),
    ]
    for instrument, extent in itertools.product((GATE, *TOLERANCES), (ALL, ONE)):
        levels = [found.weakest(instrument, extent)[0] for found in floating]
        bins = Counter(next(name for name, last in BINS.items() if level <= last) for level in levels)
        rejecting = sum(bool(found.alarms.get(instrument)) for found in floating)
        lines.append(table_row(instrument, extent, *(str(bins[name]) for name in BINS), str(rejecting)))
    return lines


def coarse(sensitivities: Sequence[Sensitivity]) -> list[tuple[str, str, str, int]]:
    """Contract, lane, result and level of what needs more than the claimed error in all elements."""
    return [
        (found.contract.id, lane, name, level)
        for found in sensitivities
        if found.contract.id.startswith(CLAIMED)
        for (lane, name), seen in found.seen.items()
        if (level := seen.smallest(GATE, ALL)) > DENSE
    ]


def page(sensitivities: Sequence[Sensitivity], versions: str) -> str:
    """The whole page."""
    areas = list(dict.fromkeys(found.contract.area for found in sensitivities))
    ordered = sorted(sensitivities, key=lambda found: areas.index(found.contract.area))
    lines = ["# How small an error the gate sees", "", f"Written by `{COMMAND}`, with {versions}.", "", TEXT]
    lines += [*summary(sensitivities), "", *(f"`{claim}`" for claim in claims(sensitivities)), "", COARSE]
    lines += [table_row("contract", "lane", "result", "units"), "| --- | --- | --- | --: |"]
    lines += [table_row(name, lane, result, shown(level)) for name, lane, result, level in coarse(sensitivities)]
    heads = (f"the gate: {ONE}", f"the gate: {ALL}", *TOLERANCES)
    lines += ["", table_row("area", "contract", "samples", *heads), "| --- | --- | --: |" + " --- |" * len(heads)]
    return "\n".join([*lines, *map(row, ordered)]) + "\n"


def measured(contracts: Sequence[Contract]) -> tuple[list[Sensitivity], str]:
    """Measure contracts on the default lanes, in this process; also the versions that they ran on."""
    ledger = load(ROOT / "fixtures" / "divergences.toml")
    lanes = started_lanes()
    told = [lane.fingerprint() for lane in lanes]
    versions = [f"{one['framework']} {one['version']}" for one in told]
    versions += [f"{name} {told[0][name]}" for name in ("torchvision", "numpy", "python") if name in told[0]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the frameworks' own, which the gate has shown already
        return [measure(one, lanes, ledger.of(one.id)) for one in tqdm(contracts, unit="contract")], ", ".join(versions)


def claims(sensitivities: Sequence[Sensitivity]) -> list[Claim]:
    """That dense errors of the forward results of layers and losses are seen."""
    outputs = {(name, result) for name, _, result, _ in coarse(sensitivities) if not result.startswith("gradient.")}
    what = f"forward results of {' and '.join(f'{prefix}*' for prefix in CLAIMED)} that hide an error of 1e-6"
    return [Claim(what, len(outputs), 0)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("contracts", nargs="*", metavar="CONTRACT", help="ids of contracts (default: all)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)} instead of printing it")
    options = parser.parse_args(arguments)
    if options.write and options.contracts:
        parser.error("--write is for all contracts at once")
    profiles.register()
    names.import_suites(ROOT)
    listed = (ROOT / "fixtures" / names.FILE).read_text(encoding="utf-8").split()
    try:
        contracts = [find(name) for name in options.contracts or listed]
        sensitivities, versions = measured(contracts)
    except (ContractError, Divergence) as error:
        print(error, file=sys.stderr)
        return 2
    text = page(sensitivities, versions)
    if options.write:
        write_whole(PAGE, text)
    else:
        print(text)
    return judged(claims(sensitivities))


if __name__ == "__main__":
    sys.exit(main())
