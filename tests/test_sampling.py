"""Tests of random numbers: right ones pass, and those of another law do not."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.sampling import ALARM, DEVIATIONS, acceptances, counted, gamma, normal, summary, truncated, uniform

SIZE = 2**15
LAWS = {
    "uniform": (uniform(-0.5, 1.5), lambda rng: rng.uniform(-0.5, 1.5, SIZE)),
    "normal": (normal(0.3, 2.0), lambda rng: rng.normal(0.3, 2.0, SIZE)),
    "gamma": (gamma(3.0, 2.0), lambda rng: rng.gamma(3.0, 0.5, SIZE)),
    "truncated": (truncated(0.0, 1.0, -2.0, 2.0), lambda rng: _cut(rng)),
}


def _cut(rng: np.random.Generator) -> np.ndarray:
    found = rng.standard_normal(2 * SIZE)
    return found[np.abs(found) < 2.0][:SIZE]


def outside(law, values) -> set[str]:
    found = summary(values)
    return {
        name
        for name, accepted in acceptances(law, len(values), "float64").items()
        if (np.abs(found[name] - accepted.value) > accepted.bound).any()
    }


@pytest.mark.parametrize("name", LAWS)
def test_numbers_of_the_law_pass(name):
    law, draw = LAWS[name]
    assert not set().union(*(outside(law, draw(np.random.default_rng(seed))) for seed in range(40)))


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(
    "change",
    [
        lambda x: x * 1.06,
        lambda x: x + 0.1,
        lambda x: np.repeat(x[: SIZE // 2], 2),
        lambda x: np.sort(x),
        lambda x: np.where(np.arange(SIZE) % 8, x, 0.0),
        lambda x: np.zeros(SIZE),
    ],
    ids=["wider", "moved", "twice", "in order", "with zeros", "zeros"],
)
def test_other_numbers_do_not(name, change):
    law, draw = LAWS[name]
    assert outside(law, change(draw(np.random.default_rng(3))))


def test_a_law_that_is_as_wide_is_told_by_its_shape():
    values = np.random.default_rng(1).uniform(-(3**0.5), 3**0.5, SIZE)
    assert outside(normal(0.0, 1.0), values) == {"sorted"}


def test_one_number_outside_of_the_bounds_is_seen():
    law, draw = LAWS["truncated"]
    values = draw(np.random.default_rng(2))
    values[5] = 2.001
    assert outside(law, values) == {"sorted"}


def test_the_deviations_are_those_of_the_stated_rate():
    special = pytest.importorskip("scipy.special")
    assert 2 * special.ndtr(-DEVIATIONS) < ALARM


def test_counts_are_told_from_those_of_other_chances():
    chances = np.array([0.0, 0.125, 0.375, 0.5, 0.0])
    found = counted(SIZE, chances)
    for seed in range(40):
        counts = np.random.default_rng(seed).multinomial(SIZE, chances)
        assert (np.abs(counts - found.value) <= found.bound).all()
    assert (np.abs(SIZE * chances * 1.1 - found.value) > found.bound).any()
    assert (np.asarray(found.bound)[[0, 4]] == 0).all() and counted(SIZE, 1.0).bound == 0
