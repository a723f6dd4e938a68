"""Every contract has a standalone script, and its verdict is the judge's."""

from __future__ import annotations

import ast
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, settings

from conformance import names
from conformance.contract import REGISTRY, Contract, Sample
from conformance.judge import ORACLE
from conformance.lanes import InProcessLane, parse
from conformance.report import standalone
from conformance.report.literals import TooLarge
from conformance.runner import ContractRun
from tests.test_standalone import executed

names.import_suites(Path(__file__).resolve().parent.parent)


def drawn(contract: Contract) -> Sample:
    """The first sample of the first example that the contract's strategy gives."""
    health = list(HealthCheck)
    quick = settings(max_examples=1, database=None, phases=(Phase.generate,), suppress_health_check=health)
    example = find(contract.samples, lambda _: True, settings=quick, random=random.Random(0))
    return example if isinstance(example, Sample) else example[0]


@pytest.fixture(scope="module")
def lanes() -> list[Any]:
    started = [InProcessLane(parse(framework)) for framework in ("torch", "paddle")]
    for lane in started:
        lane.start()
    return list(started)


@pytest.mark.parametrize("contract_id", sorted(REGISTRY))
def test_every_contract_has_a_script(contract_id: str) -> None:
    contract = REGISTRY[contract_id]
    sample = drawn(contract)
    for framework in ("torch", "paddle"):
        text = standalone.script(contract, framework, sample, {})
        compile(text, contract_id, "exec")
        assert not {"conformance", "reference_impl", "suites"} & imported(text)


@pytest.mark.parametrize("contract_id", sorted(REGISTRY))
def test_every_script_says_what_the_judge_says(contract_id: str, lanes: list[Any]) -> None:
    contract = REGISTRY[contract_id]
    sample = drawn(contract)
    run = ContractRun(contract, lanes)
    run.begin()
    judged = run.judge(sample)
    for lane in run.lanes:
        framework, accepted = lane.spec.framework, judged.accepted[lane.label]
        wrong = {item.quantity for item in judged.differences if item.lane == lane.label and item.against == ORACLE}
        try:
            text = standalone.script(contract, framework, sample, accepted, lane.fingerprint(), differing=wrong)
        except TooLarge:  # nothing differs, so there is nothing to keep to: take what is smallest
            few = [min(accepted, key=lambda name: np.size(accepted[name].value))]
            text = standalone.script(contract, framework, sample, accepted, lane.fingerprint(), differing=few)
        assert executed(text) == bool(wrong)


def imported(text: str) -> set[str]:
    """Top-level packages that a script imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found
