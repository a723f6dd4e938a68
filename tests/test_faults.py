"""What a pass is worth: every contract catches a fault of the catalogue, another one at each commit.

A contract passes without the fault, which is what the gate itself shows on every run.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path
from zlib import crc32

import pytest

from conformance import Sample, names, profiles
from conformance.contract import REGISTRY
from conformance.judge import compare
from conformance.lanes import InProcessLane
from conformance.ledger import Entry, load
from conformance.runner import ContractRun
from tests.faults import CATALOGUE
from tests.faults.fault import PADDLE, TORCH, Fault, detect, started_lanes
from tests.faults.operators import TORCH_ALONE
from tests.faults.wraps import scaled

ROOT = Path(__file__).resolve().parent.parent
LEDGER = load(ROOT / "fixtures" / "divergences.toml")
names.import_suites(ROOT)


def commit() -> str:
    """The commit under test: another one chooses other faults."""
    asked = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return os.environ.get("GITHUB_SHA") or done.stdout.strip()


def chosen(seed: str) -> list[tuple[Fault, str]]:
    """One fault of each contract; ``python -m benchmarks.detection`` tries the whole catalogue.

    Contracts of lanes in some mode have tests of their own, which start such lanes.
    """
    found: dict[str, list[Fault]] = {}
    for fault in CATALOGUE:
        for contract_id in fault.contracts:
            if not REGISTRY[contract_id].modes:
                found.setdefault(contract_id, []).append(fault)
    return [(min(faults, key=lambda fault: crc32(f"{seed} {fault}".encode())), name) for name, faults in found.items()]


CASES = [
    pytest.param(fault, contract_id, id=f"{fault.name}, {fault.lane}, {contract_id}")
    for fault, contract_id in chosen(commit())
]


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.mark.parametrize(("fault", "contract_id"), CASES)
def test_the_gate_blames_the_lane_with_the_fault(fault: Fault, contract_id: str, lanes: list[InProcessLane]) -> None:
    found = detect(fault, contract_id, lanes, LEDGER)
    assert found is not None, f"{contract_id} passes with {fault}"
    assert found.blamed == {fault.lane}


def test_another_commit_chooses_other_faults_of_the_same_contracts() -> None:
    one, other = ({name: fault for fault, name in chosen(seed)} for seed in "ab")
    catalogued = {name for fault in CATALOGUE for name in fault.contracts}
    assert one.keys() == other.keys() == {name for name in catalogued if not REGISTRY[name].modes}
    assert sum(one[name] is not other[name] for name in one) > len(one) / 4


def test_every_contract_catches_a_fault_of_either_lane() -> None:
    caught = {(contract_id, fault.lane) for fault in CATALOGUE for contract_id in fault.contracts}
    without = [
        f"{contract.id} ({lane})"
        for contract in REGISTRY.values()
        for lane in (TORCH, PADDLE)
        if not contract.modes  # see the tests of processes, of compilation and of layouts
        and contract.unsupported_on(*lane.split(":")) is None
        and (contract.id, lane) not in caught
        and not (contract.id in TORCH_ALONE and lane == PADDLE)
    ]
    assert not without, f"no fault shows that these contracts can fail: {', '.join(sorted(without))}"


def test_faults_have_names_of_their_own() -> None:
    assert [fault for fault, count in Counter(map(str, CATALOGUE)).items() if count > 1] == []
    assert {fault for fault in CATALOGUE if not fault.contracts} == set()


def test_what_is_no_fault_is_not_caught_and_what_was_injected_is_gone(lanes: list[InProcessLane]) -> None:
    import torch

    right = torch.nn.functional.relu
    nothing = Fault("nothing", TORCH, ("nn.relu",), "torch.nn.functional:relu", scaled(1.0))
    with nothing.injected():
        assert torch.nn.functional.relu is not right
    assert torch.nn.functional.relu is right
    assert detect(nothing, "nn.relu", lanes, LEDGER) is None


UNSEEN = {"transposed1d-gradient-refused": "torch refuses some layouts, which a formula does not see"}


@pytest.mark.parametrize(
    "entry",
    [entry for entry in LEDGER.entries if entry.witness is not None and entry.id not in UNSEEN],
    ids=lambda entry: entry.id,
)
def test_a_known_divergence_excuses_nothing_where_its_lane_is_right(entry: Entry, lanes: list[InProcessLane]) -> None:
    """Where a lane does what the oracle says, its entry says so too: another lane that differs there has no excuse."""
    contract = REGISTRY[entry.contract]
    lane = next(lane for lane in lanes if lane.spec.framework == entry.framework)
    if not entry.applies_to(lane):
        pytest.skip(f"{lane.label} is no release that the entry speaks of")
    run = ContractRun(contract, [lane])
    run.begin()
    profiles.draw(contract, lambda example: excuses_nothing(run, entry.behaviour, example))


def excuses_nothing(run: ContractRun, behaviour: str, example: Sample | list[Sample]) -> None:
    """Assert that a variant accepts what a run's only lane returns wherever the oracle does."""
    (lane,), contract = run.lanes, run.contract
    for sample in [example] if isinstance(example, Sample) else example:
        observation = lane.result(lane.submit(contract, sample))
        oracles = (contract.oracle, contract.variants[behaviour])
        accepted = [run.oracles.accept(lane, oracle, sample, observation) for oracle in oracles]
        wrong, otherwise = (compare(lane.label, observation, one, sample).differences for one in accepted)
        assert wrong or not otherwise, f"{behaviour} excuses {otherwise} on {sample.describe()}"
