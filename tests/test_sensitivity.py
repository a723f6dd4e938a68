"""The sensitivity benchmark: errors as small as told, seen or not for the right reason, and the page about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from benchmarks import sensitivity
from benchmarks.perturbations import ALL, GATE, NEVER, ONE, UNIT, Sensitivity, measure, outside, perturbed, smallest
from conformance import Acceptance, Rejects, Sample
from conformance.outcomes import Divergence
from tests.laws import real, whole
from tests.test_known import entry, odd


def bounded(units: float, between: float | None = None) -> Callable[[np.ndarray], dict[str, Acceptance]]:
    """An oracle of the identity that allows so many units of the value, and between the lanes."""

    def oracle(x: np.ndarray) -> dict[str, Acceptance]:
        size = UNIT * np.abs(x.astype(np.float64))
        return {"output": Acceptance(x, units * size, None if between is None else between * size)}

    return oracle


EQUAL = bounded(0.0)


@pytest.fixture
def measured(declare: Any, numpy_lanes: Any) -> Callable[..., Sensitivity]:
    """Measures a law on NumPy lanes; the lanes return x unless told otherwise."""

    def make(*samples: Sample, oracle: Any = EQUAL, torch: Any = lambda x: x, entries: Any = (), **law: Any) -> Any:
        contract = declare(torch, oracle, samples=st.just(list(samples)), **law)
        return measure(contract, numpy_lanes(), entries)

    return make


def levels(found: Sensitivity, extent: str = ALL) -> dict[str, int]:
    return {lane: seen.smallest(GATE, extent) for (lane, _), seen in found.seen.items()}


def test_an_error_is_as_large_as_told():
    values = np.array([1.0, -2.0, 0.0, np.nan, -np.inf, 2.0**-149, np.finfo("f4").max], np.float32)
    changed = perturbed(values, 0)
    assert changed[:2].tolist() == [1.0 + UNIT, -2.0 - 2 * UNIT]
    assert changed[2:5].tobytes() == values[2:5].tobytes()
    assert changed[5:].tolist() == [2.0**-148, float(values[6])]
    assert perturbed(values, 24)[0] == 3.0
    assert perturbed(np.ones((2, 2)), 3, place=2).tolist() == [[1.0, 1.0], [1.0 + 8 * UNIT, 1.0]]


@pytest.mark.parametrize("first", [0, 1, 3, 24, NEVER])
@pytest.mark.parametrize("least", [0, 1, 5, NEVER])
def test_the_smallest_level_is_found(first, least):
    assert smallest(lambda level: level >= first, least) == min(first, least)


def test_the_tolerances_are_those_of_numpy():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(200):
        value = rng.choice([1.0, 1e-9, 0.0, np.nan, np.inf, -np.inf], 2, p=[0.4, 0.2, 0.2, 0.1, 0.05, 0.05])
        observed = value * (1 + rng.choice([0.0, 9e-6, 2e-5], 2))
        verdict = outside(observed, value, (1e-5, 1e-8))
        assert verdict is not np.allclose(observed, value, equal_nan=True)
        seen.add(verdict)
    assert outside(np.array([np.inf]), np.array([1.0]), (1e-2, 1e-2)) and seen == {True, False}


def test_the_gate_sees_what_is_above_the_bound(measured):
    found = measured(real(1.0, 4.0), oracle=bounded(8.5))
    assert levels(found) == levels(found, ONE) == {"torch:cpu": 4, "paddle:cpu": 4}
    assert (found.samples, found.observed, found.weakest(GATE, ALL)) == (1, 2, (4, "output", 1.0))


def test_where_nothing_is_rounded_the_last_bit_is_seen(measured):
    def fails(x: np.ndarray) -> dict[str, Acceptance]:
        assert x[0] == 1.0, "a screened sample needs no oracle"
        return {"output": Acceptance(x, 100.0)}

    assert levels(measured(whole(1, 2), whole(3, 4), oracle=fails)) == {"torch:cpu": 0, "paddle:cpu": 0}


def test_lanes_are_held_to_each_other(measured):
    assert levels(measured(real(1.0), oracle=bounded(100.0, between=3.0)))["torch:cpu"] == 2
    assert levels(measured(real(1.0), oracle=bounded(1e9)))["torch:cpu"] == NEVER


def test_results_are_tried_by_themselves(measured):
    def oracle(x: np.ndarray) -> dict[str, Acceptance]:
        return {"fine": Acceptance(x), "coarse": Acceptance(x, 64.5 * UNIT * np.abs(x))}

    found = measured(real(1.0), real(0.0, 0.0), oracle=oracle, torch=lambda x: {"fine": x, "coarse": x})
    assert found.weakest(GATE, ONE) == (7, "coarse", 1.0)
    assert (found.samples, found.observed) == (2, 4)


def test_what_the_ledger_excuses_is_not_seen(measured):
    """In its lane, an error that a variant allows; in the other lane, which no entry is about, it is seen."""
    known = entry(framework="torch", versions=">=2")
    sample = real(1.0)
    paddle = {"paddle": lambda x: x, "variant_odd": lambda x: {"output": Acceptance(x, 1.5 * UNIT * x)}}
    assert levels(measured(sample, entries=[known], **paddle)) == {"torch:cpu": 1, "paddle:cpu": 0}


def test_a_lane_that_is_known_to_diverge_is_held_to_its_variant(measured):
    law = {"torch": lambda x: x + np.float32(1), "paddle": lambda x: x, "variant_odd": odd}
    found = measured(real(1.0), entries=[entry(framework="torch", versions=">=2")], **law)
    assert levels(found) == {"torch:cpu": 0, "paddle:cpu": 0}


def test_a_lane_that_is_wrong_is_not_measured(measured):
    with pytest.raises(Divergence, match="torch:cpu diverges"):
        measured(real(1.0), torch=lambda x: x + np.float32(1), paddle=lambda x: x)


def test_a_tolerance_that_rejects_what_is_correct_is_of_no_use(measured):
    found = measured(real(1.0), oracle=bounded(1e4), torch=lambda x: x * np.float32(1 + 2e-5))
    assert found.alarms == {"np.allclose": 2, "assert_close": 2, "1e-2": 0}
    assert sensitivity.tolerance_cell(found, "np.allclose") == "of no use, of no use; 100 %"
    assert sensitivity.tolerance_cell(found, "1e-2") == "262,144, 262,144; 0 %"


def test_what_is_not_promised_is_no_mistake(measured):
    def oracle(x: np.ndarray) -> dict[str, Acceptance]:
        return {"output": Acceptance(np.zeros(2), np.array([np.inf, 0.0]))}

    found = measured(real(1.0, 0.0), real(-1.0, 0.0), oracle=oracle)
    assert not any(found.alarms.values()) and levels(found)["torch:cpu"] == NEVER


def test_a_contract_without_floating_results_is_exact(measured):
    refused = measured(real(1.0), oracle=lambda x: Rejects("no"), torch=lambda x: 1 / 0)
    counted = measured(
        real(1.0), oracle=lambda x: {"output": Acceptance(np.array(3))}, torch=lambda x: 3, name="small.n"
    )
    for found in (refused, counted):
        assert sensitivity.row(found).count("any change") == 2
    assert "2 contracts, 2 samples; 0 contracts have results in float32" in sensitivity.summary([refused, counted])[0]


def test_results_in_other_formats_are_left_out_and_said_to_be(measured):
    def wide(x: np.ndarray) -> dict[str, Acceptance]:
        return {"output": Acceptance(x.astype(np.float64), dtype="float64")}

    found = measured(real(1.0), oracle=wide, torch=lambda x: x.astype(np.float64))
    assert not found.seen
    assert sensitivity.row(found).count("not in float32") == 2


def test_a_sample_for_which_a_lane_has_no_kernel_shows_nothing_there(measured):
    def lacking(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("not implemented for float32")

    found = measured(real(1.0), torch=lacking, paddle=lambda x: x, optional_dtypes=("float32",))
    assert {label for label, _ in found.seen} == {"paddle:cpu"}


@pytest.mark.parametrize(("units", "holds"), [(1.0, True), (8.5, False)])
def test_the_claim_is_about_layers_and_losses(measured, units, holds):
    other = measured(real(1.0), oracle=bounded(1000.0), name="optim.coarse")
    layer = measured(real(1.0), oracle=bounded(units), name="nn.layer")
    (claim,) = sensitivity.claims([other, layer])
    assert claim.holds is holds

    text = sensitivity.page([other, layer], "torch 2.15.0")
    assert ("| nn.layer | torch:cpu | output | 16 |" in text) is not holds
    assert "| small | optim.coarse | 1 | 1,024 (output, 100 %) | 1,024 (output, 100 %) |" in text
    assert f"| {GATE} | {ALL} | 0 | {int(holds)} | {int(not holds)} | 1 | 0 | 0 | 0 | 0 |" in text


def test_the_page_is_about_all_contracts(capsys):
    with pytest.raises(SystemExit):
        sensitivity.main(["--write", "nn.relu"])
    assert "--write is for all contracts" in capsys.readouterr().err
