"""Measure the constants of the bounds of matrix functions: what correct frameworks need of each, and what it is.

    python -m benchmarks.matrix_constants [--seconds 60] [--seed 0] [--only UNITS,ELIMINATION]

A bound of these is ``rest + constant * size``. The oracle is asked twice for each sample, once with the constant as it
is and once with 0, which tells both; (|lane - oracle| - rest) / size is what that element needs. What it is measured on
are the contracts' own samples. Where the ledger speaks of a framework's release in a contract, elements beyond the
bound are taken for what it says.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.claims import table
from benchmarks.error_constants import chosen
from benchmarks.gate_speed import ROOT
from conformance import conditions, drawing, factorizations, ledger, products
from conformance.contract import REGISTRY, Contract, Sample
from conformance.lanes.lane import observe
from conformance.profiles import without_literals

FILES = ("decompositions", "inverses", "least_squares", "matrices")
CONSTANTS: Mapping[str, tuple[Any, ...]] = {
    "UNITS": (conditions, factorizations),
    "ELIMINATION": (conditions, factorizations),
    "EXPONENTIAL": (factorizations,),
    "INVERSE": (products,),
    "SINGULAR": (products,),
}
"""The modules that know each."""
AT_ONCE = 8


@dataclass
class Need:
    """The largest that was seen of a framework, and where."""

    size: float = 0.0
    where: str = ""
    elements: int = 0

    def enter(self, found: np.ndarray, where: str) -> None:
        """Enter what the elements of one result need."""
        largest = float(np.max(found, initial=0.0))
        self.elements += found.size
        if largest > self.size:
            self.size, self.where = largest, where


@contextlib.contextmanager
def without(name: str) -> Iterator[None]:
    """Let a constant be 0."""
    before = getattr(CONSTANTS[name][0], name)
    try:
        for module in CONSTANTS[name]:
            setattr(module, name, 0.0)
        yield
    finally:
        for module in CONSTANTS[name]:
            setattr(module, name, before)


def needs(value: float, difference: np.ndarray, bound: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """What each element needs of a constant, of those whose bound depends on it."""
    with np.errstate(invalid="ignore"):
        size = (bound - rest) / value
        use = np.isfinite(bound) & np.isfinite(rest) & np.isfinite(difference) & (size > 0)
    return np.asarray((difference[use] - rest[use]) / size[use])


def spoken_of(ledger_of: ledger.Ledger, contract: Contract, frameworks: Sequence[str]) -> set[str]:
    """The frameworks whose release the ledger knows something of in a contract."""
    entries = ledger_of.of(contract.id)
    return {name for name in frameworks if any(entry.applies(name, "cpu", _release(name)) for entry in entries)}


def _release(framework: str) -> str:
    return str(importlib.import_module(framework).__version__)


def enter(
    contract: Contract,
    sample: Sample,
    lanes: Sequence[Any],
    names: Sequence[str],
    seen: Mapping[Any, Need],
    known: Collection[str] = (),
) -> None:
    """Enter one sample: for each constant and lane what the results need. known: as :func:`spoken_of`."""
    whole = contract.oracle(**sample.inputs)
    if not isinstance(whole, dict):
        return
    bare = {}
    for name in names:
        with without(name):
            bare[name] = contract.oracle(**sample.inputs)
    for adapter in lanes:
        observed = observe(adapter, contract, sample).values
        for quantity, accepted in whole.items():
            found = observed.get(quantity)
            if (
                found is None
                or np.shape(found) != np.shape(accepted.value)
                or np.asarray(accepted.value).dtype.kind not in "fc"
            ):
                continue
            difference = np.abs(np.asarray(found, np.result_type(accepted.value, np.float64)) - accepted.value)
            bound = np.broadcast_to(accepted.bound, difference.shape)
            for name in names:
                rest = np.broadcast_to(bare[name][quantity].bound, difference.shape)
                value = getattr(CONSTANTS[name][0], name)
                need = needs(value, difference, bound, rest)
                need = need[need <= value] if adapter.framework in known else need
                seen[name, adapter.framework].enter(need, f"{contract.id} {quantity} {accepted.dtype}")


def measure(names: Sequence[str], seconds: float, seed: int) -> dict[Any, Need]:
    """Run all contracts in turn until the time is used, at least once."""
    from conformance.lanes import paddle_adapter, torch_adapter

    for file in FILES:
        importlib.import_module(f"suites.operators.test_{file}")
    lanes: list[Any] = [torch_adapter.Adapter("cpu"), paddle_adapter.Adapter("cpu")]
    ledger_of = ledger.load(ROOT / "fixtures" / "divergences.toml")
    contracts = [each for each in REGISTRY.values() if each.module.rpartition("test_")[2] in FILES]
    seen = {(name, adapter.framework): Need() for name in names for adapter in lanes}
    began, turn = time.perf_counter(), 0
    while not turn or time.perf_counter() - began < seconds:
        for contract in contracts:
            known = spoken_of(ledger_of, contract, [adapter.framework for adapter in lanes])
            with without_literals():
                for example in drawing.examples(contract.samples, AT_ONCE, f"{contract.id} {seed} {turn}", False):
                    for sample in example.value if isinstance(example.value, list) else [example.value]:
                        enter(contract, sample, lanes, names, seen, known)
        turn += 1
    return seen


def rows(seen: Mapping[Any, Need]) -> list[tuple[str, ...]]:
    """The table's lines: each constant, what either framework needs of it, and where the larger one does."""
    lines = []
    for name in dict.fromkeys(name for name, _ in seen):
        found = [seen[name, framework] for framework in ("torch", "paddle")]
        most = max(found, key=lambda each: each.size)
        value = getattr(CONSTANTS[name][0], name)
        elements = sum(each.elements for each in found)
        lines.append((name, f"{value:g}", *(f"{each.size:.2f}" for each in found), f"{elements:,}", most.where))
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="time for all contracts together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="CONSTANT,...", help=f"of {', '.join(CONSTANTS)}")
    options = parser.parse_args(arguments)
    try:
        names = chosen(options.only, CONSTANTS, "constant")
    except ValueError as error:
        parser.error(str(error))
    heads = ("constant", "is", "torch needs", "paddle needs", "elements", "where")
    print(table(heads, rows(measure(names, options.seconds, options.seed))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
