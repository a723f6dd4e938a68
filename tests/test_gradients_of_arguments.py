"""Every floating argument of every operator has its gradient compared, or a reason in ``tests/gradients.py``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from conformance import names
from conformance.contract import REGISTRY, Contract
from conformance.dtypes import has_gradient
from conformance.formula import Formula
from tests.gradients import WITHOUT
from tests.reach import drawn

names.import_suites(Path(__file__).resolve().parent.parent)
OPERATORS = [contract_id for contract_id, each in sorted(REGISTRY.items()) if isinstance(each.oracle, Formula)]


@cache
def floating(contract_id: str) -> frozenset[str]:
    """Names of inputs that are floating arrays in some sample of a gate."""
    return frozenset(
        name
        for sample in drawn(REGISTRY[contract_id], None)
        for name, value in sample.inputs.items()
        if name not in ("cotangent", "layouts") and isinstance(value, np.ndarray) and has_gradient(value)
    )


def excused(contract_id: str) -> frozenset[str] | None:
    """Inputs that have a reason; ``None`` where all of a contract's have."""
    found = [inputs[contract_id] for inputs in WITHOUT.values() if contract_id in inputs]
    return None if () in found else frozenset(name for each in found for name in each)


def lacking(contract: Contract) -> list[str]:
    """Floating inputs without a gradient and without a reason."""
    reasons = excused(contract.id)
    return [] if reasons is None else sorted(floating(contract.id) - set(contract.gradients) - reasons)


@pytest.mark.parametrize("contract_id", OPERATORS)
def test_every_floating_argument_has_its_gradient_or_a_reason(contract_id):
    found = lacking(REGISTRY[contract_id])
    assert not found, f"{contract_id} compares no gradient of {', '.join(found)}: tests/gradients.py needs the reason"


def test_a_reason_is_of_an_input_without_gradient():
    known = {contract_id: set(inputs) for reasons in WITHOUT.values() for contract_id, inputs in reasons.items()}
    assert known.keys() <= REGISTRY.keys()
    both = {
        contract_id: sorted(inputs & set(REGISTRY[contract_id].gradients))
        for contract_id, inputs in known.items()
        if inputs & set(REGISTRY[contract_id].gradients)
    }
    assert not both


def test_an_argument_that_is_left_out_is_named(monkeypatch):
    contract = REGISTRY["act.gelu"]
    monkeypatch.setattr("tests.test_gradients_of_arguments.excused", lambda contract_id: frozenset())
    monkeypatch.setattr("tests.test_gradients_of_arguments.floating", lambda contract_id: frozenset({"x", "slope"}))
    assert lacking(contract) == ["slope"]
