"""What a pass of two processes is worth: each of their contracts catches faults that are put into the workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import names, profiles
from conformance.contract import REGISTRY
from conformance.lanes import InProcessLane, ranks
from conformance.ledger import load
from conformance.runner import ContractRun
from tests.faults.fault import detect, started_lanes
from tests.faults.processes import FAULTS, LANES, RankFault

ROOT = Path(__file__).resolve().parent.parent
LEDGER = load(ROOT / "fixtures" / "divergences.toml")
names.import_suites(ROOT)
CASES = [
    pytest.param(fault, contract_id, id=f"{fault.name}, {fault.lane.partition(':')[0]}, {contract_id}")
    for fault in FAULTS
    for contract_id in fault.contracts
]


@pytest.fixture(scope="module")
def lanes() -> Iterator[list[InProcessLane]]:
    yield started_lanes("ranks=2")
    ranks.stop_all()


@pytest.mark.parametrize(("fault", "contract_id"), CASES)
def test_the_lane_with_the_fault_is_blamed(fault: RankFault, contract_id: str, lanes: list[InProcessLane]) -> None:
    found = detect(fault, contract_id, lanes, LEDGER)
    assert found is not None, f"{contract_id} passes with {fault}"
    assert found.blamed == {fault.lane}


def test_every_contract_of_several_processes_catches_a_fault_of_either_lane() -> None:
    caught = {(contract_id, fault.lane) for fault in FAULTS for contract_id in fault.contracts}
    asked = {(each.id, lane) for each in REGISTRY.values() if "ranks" in each.modes for lane in LANES}
    assert asked == caught


def test_what_was_put_into_workers_is_gone(lanes: list[InProcessLane]) -> None:
    with FAULTS[0].injected():
        pass
    run = ContractRun(REGISTRY["processes.step"], lanes)
    run.begin()
    profiles.draw(run.contract, run.check)
