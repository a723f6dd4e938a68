"""Every law of what is compiled and exported catches a fault of either framework's compiler."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import names
from conformance.contract import REGISTRY
from conformance.lanes import InProcessLane, parse
from conformance.ledger import load
from tests.faults.fault import Fault, detect
from tests.faults_compiled import FAULTS, PADDLE, TORCH

ROOT = Path(__file__).resolve().parent.parent
LEDGER = load(ROOT / "fixtures" / "divergences.toml")
names.import_suites(ROOT)
CASES = [
    pytest.param(fault, contract_id, id=f"{fault}, {contract_id}")
    for fault in FAULTS
    for contract_id in fault.contracts
]


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    started = [InProcessLane(parse(text)) for text in (TORCH, PADDLE)]
    for lane in started:
        lane.start()
    return started


@pytest.mark.parametrize(("fault", "contract_id"), CASES)
def test_the_lane_whose_compiler_is_wrong_is_blamed(fault: Fault, contract_id: str, lanes: list[InProcessLane]) -> None:
    lane = next(each for each in lanes if each.label == fault.lane)
    found = detect(fault, contract_id, [lane], LEDGER)
    assert found is not None, f"{contract_id} passes with {fault}"
    assert found.blamed == {fault.lane}


def test_every_law_of_lanes_that_compile_has_a_fault_of_either() -> None:
    asked = {(each.id, lane) for each in REGISTRY.values() if "static" in each.modes for lane in (TORCH, PADDLE)}
    assert asked == {(contract_id, fault.lane) for fault in FAULTS for contract_id in fault.contracts}
