"""Profiles: a gate is the same on every run, an exploration is not, and a contract takes its share of either."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from conformance import profiles
from conformance.profiles import EXPLORE_EXAMPLES, GATE_EXAMPLES, for_contract


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """The profiles registered anew, and the one that these tests run under given back."""
    before = settings.get_current_profile_name()
    settings.load_profile("default")
    profiles.register()
    yield
    settings.load_profile(before)


def test_the_gate_is_the_default_and_the_same_on_every_run():
    gate = settings()
    assert settings.get_current_profile_name() == "gate"
    assert (gate.max_examples, gate.derandomize) == (GATE_EXAMPLES, True)


def test_an_exploration_is_wide_and_differs_from_run_to_run():
    explore = settings.get_profile("explore")
    assert (explore.max_examples, explore.derandomize) == (EXPLORE_EXAMPLES, False)


@pytest.mark.parametrize("name", profiles.NAMES)
def test_no_profile_has_a_deadline_keeps_examples_or_looks_for_a_second_fault(name):
    profile = settings.get_profile(name)
    assert (profile.deadline, profile.database, profile.print_blob) == (None, None, False)
    assert profile.report_multiple_bugs is False
    assert Phase.reuse not in profile.phases and {Phase.generate, Phase.shrink} <= set(profile.phases)
    assert set(profile.suppress_health_check) == {
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    }


@pytest.mark.parametrize("name", [None, "", *profiles.NAMES])
def test_our_profiles_are_taken(name):
    profiles.require(name)


@pytest.mark.parametrize("name", ["default", "ci", "gates"])
def test_another_profile_is_refused_by_name(name):
    with pytest.raises(pytest.UsageError, match=f"{name!r} is no profile of this project; it has gate"):
        profiles.require(name)


@pytest.mark.parametrize(
    ("share", "examples", "left_out"),
    [
        (1.0, GATE_EXAMPLES, 0),
        (2.0, 2 * GATE_EXAMPLES, 0),
        (4 / GATE_EXAMPLES, 4, 0),
        (3 / GATE_EXAMPLES, 3 + 1, 1),  # the simplest one is drawn too, and left out
        (1e-9, 2, 1),
    ],
)
def test_a_contract_takes_its_share(share, examples, left_out):
    made, first = for_contract(share, seeded=False)
    assert (made.max_examples, first) == (examples, left_out)
    assert made.derandomize and made.deadline is None


def test_a_seed_is_followed_in_either_profile():
    assert not for_contract(1.0, seeded=True)[0].derandomize
    assert for_contract(1.0, seeded=True)[0].max_examples == GATE_EXAMPLES
    settings.load_profile("explore")
    for seeded in (True, False):
        made, _ = for_contract(0.5, seeded)
        assert (made.max_examples, made.derandomize) == (EXPLORE_EXAMPLES // 2, False)
