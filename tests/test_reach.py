"""What the gate's samples reach, and how soon; and the helper that asks this, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from conformance import Contract, Sample, names
from conformance.contract import find
from tests.places_data import DATA
from tests.places_layers import LAYERS
from tests.places_training import TRAINING
from tests.reach import RUNS, Place, arrivals, drawn, require

BY_CHANCE: dict[str, tuple[str, ...]] = {
    "checkpoint.carried": ("both directions",),
    "dataset.batches": ("a batch larger than the set", ".gif", "mode LA", *(f"orientation {n}" for n in (5, 6, 8))),
    "nn.avg_pool2d": ("sparse x",),
    "optim.decay_by_parameter": ("the coefficient of the tutorial",),
    "optim.rmsprop": ("a gradient near eps of 1e-8", "a long parameter", "nothing is the default"),
    "schedule.resumed": ("a cosine past its bottom",),
    "vision.crop": ("inside, away from every side",),
    "vision.to_tensor_array": ("1 channels", "3 channels"),
    "vision.to_tensor_levels": ("mode 'CMYK'",),
    "vision.to_tensor_reversed": ("float32, channels reversed",),
}
"""Places that some of eight runs missed: the gate draws too few examples to promise them."""
TABLES = {**LAYERS, **TRAINING, **DATA}
PLACES = {
    contract_id: {what: place for what, place in places.items() if what not in BY_CHANCE.get(contract_id, ())}
    for contract_id, places in TABLES.items()
}


@pytest.fixture
def law(declare: Callable[..., Contract]) -> Contract:
    """A contract on numbers from 0 to 9, two in an example."""
    digit = st.integers(0, 9).map(lambda n: Sample({"n": n}))
    return declare(lambda n: n, lambda n: {}, samples=st.tuples(digit, digit).map(list), share=0.5)


@cache
def reached(contract_id: str, seed: str | None) -> tuple[dict[str, int], int]:
    """When each place of a contract is reached, and how many samples there are."""
    names.import_suites(Path(__file__).resolve().parent.parent)
    samples = drawn(find(contract_id), seed)
    return arrivals(samples, PLACES[contract_id]), len(samples)


@pytest.mark.parametrize(
    ("contract_id", "what"), [(contract_id, what) for contract_id, places in PLACES.items() for what in places]
)
def test_the_gate_reaches(contract_id, what):
    """In two of three runs: Hypothesis draws from the numbers in a project's sources too, so any edit draws anew."""
    late: list[AssertionError] = []
    for seed in RUNS:
        found, samples = reached(contract_id, seed)
        try:
            require(find(contract_id), what, PLACES[contract_id][what].bound, found.get(what), samples, seed)
        except AssertionError as error:
            late.append(error)
    if len(late) > 1:
        raise late[0]


def test_what_is_left_to_chance_is_a_place():
    assert all(TABLES[contract_id].keys() >= set(chance) for contract_id, chance in BY_CHANCE.items())


def test_every_sample_of_a_gate_is_drawn_and_a_seed_draws_others(law):
    samples = drawn(law, None)
    assert len(samples) == 24 and samples[0].inputs == {"n": 0}
    again, seeded, other = (
        [sample.inputs["n"] for sample in run] for run in (drawn(law, None), drawn(law, "1"), drawn(law, "2"))
    )
    assert again == [sample.inputs["n"] for sample in samples]
    assert len({tuple(run) for run in (again, seeded, other)}) == 3


def test_the_profile_of_the_tests_is_kept(law):
    before = settings.get_current_profile_name()
    drawn(law, "1")
    assert settings.get_current_profile_name() == before


def test_a_place_is_reached_by_the_first_sample_that_is_there():
    samples = [Sample({"x": np.full(2, n)}, "exact") for n in (3, 1, 4, 1)]
    places = {
        "one": Place(2, lambda s: s.x[0] == 1),
        "exact": Place(1, lambda s: s.regime == "exact"),
        "five": Place(4, lambda s: (s.x == 5).any()),
    }
    assert arrivals(samples, places) == {"one": 2, "exact": 1}


@pytest.mark.parametrize("reached", [1, 7])
def test_a_place_within_its_bound_is_silent(law, reached):
    require(law, "seven", 7, reached, 24, None)


def test_a_place_that_is_reached_too_late_is_named(law):
    message = r"^small\.law: 'seven' is reached by sample 8 of 24 of the gate; 7 may be drawn until then$"
    with pytest.raises(AssertionError, match=message):
        require(law, "seven", 7, 8, 24, None)


def test_a_place_that_no_sample_reaches_is_named(law):
    places = {"ten": Place(24, lambda s: s.n == 10)}
    samples = drawn(law, "1")
    found = arrivals(samples, places)
    message = r"^small\.law: 'ten' is reached by none of 24 samples of --hypothesis-seed=1; 24 may be drawn until then$"
    with pytest.raises(AssertionError, match=message):
        require(law, "ten", 24, found.get("ten"), len(samples), "1")
