"""Profiles: a gate is the same on every run, an exploration is not, and a contract takes its share of either."""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, errors, settings
from hypothesis import strategies as st

from conformance import profiles
from conformance.profiles import EXPLORE_EXAMPLES, GATE_EXAMPLES


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """The profiles registered anew, and the one that these tests run under given back."""
    before = settings.get_current_profile_name()
    settings.load_profile("default")
    profiles.register()
    yield
    settings.load_profile(before)


def test_two_profiles_are_registered(monkeypatch):
    made: list[str] = []
    seen = SimpleNamespace(register_profile=lambda name, **options: made.append(name), load_profile=made.append)
    monkeypatch.setattr(profiles, "settings", seen)
    profiles.register()
    assert made == [*profiles.NAMES, "gate"] == ["gate", "explore", "gate"]


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


@pytest.mark.parametrize("name", [None, "", *profiles.NAMES], ids=repr)
def test_our_profiles_are_taken(name):
    profiles.require(name)


@pytest.mark.parametrize("name", ["default", "ci", "gates"])
def test_another_profile_is_refused_by_name(name):
    with pytest.raises(pytest.UsageError, match=f"{name!r} is no profile of this project; it has gate"):
        profiles.require(name)


NUMBERS = st.tuples(*[st.integers(0, 10**6)] * 4)


@pytest.fixture
def drawn(identity):
    """What a contract of a name and share draws."""

    def draw(name: str = "small.law", share: float = 1.0, **options: Any) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        profiles.draw(identity(samples=NUMBERS, share=share, name=name).contract, found.append, **options)
        return found

    return draw


@pytest.mark.parametrize(
    ("share", "examples"),
    [(1.0, GATE_EXAMPLES), (2.0, 2 * GATE_EXAMPLES), (11 / GATE_EXAMPLES, 11), (3 / GATE_EXAMPLES, 3), (1e-9, 1)],
)
def test_a_contract_takes_its_share_with_the_simplest_example_once_or_among_few_never(drawn, share, examples):
    found = drawn(share=share)
    assert len(found) == examples
    assert found.count((0, 0, 0, 0)) == (1 if examples > profiles.FEW else 0)


def test_a_gate_is_the_same_every_time_and_another_for_each_contract_and_seed(drawn):
    assert drawn() == drawn() and drawn(seed="1") == drawn(seed="1")
    several = [drawn(), drawn("other.law"), drawn(seed="1"), drawn("other.law", seed="1")]
    assert len(set(map(tuple, several))) == 4


def test_what_else_is_loaded_changes_no_draw(drawn, monkeypatch, tmp_path):
    """The numbers in a module's source, which Hypothesis would draw some of its own from."""
    settings.load_profile("explore")
    draw = functools.partial(drawn, share=0.05, seed="1")
    before = [draw(f"law.of_{place}") for place in range(4)]
    (tmp_path / "full_of_numbers.py").write_text(f"NUMBERS = {list(range(3, 10**6, 997))}\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "full_of_numbers", importlib.import_module("full_of_numbers"))
    assert [draw(f"law.of_{place}") for place in range(4)] == before
    monkeypatch.setattr(profiles, "without_literals", contextlib.nullcontext)
    assert [draw(f"law.of_{place}") for place in range(4)] != before


def test_hardly_a_number_of_a_gate_is_a_copy_of_another(drawn):
    numbers = [number for example in drawn(share=2.0) for number in example]
    assert len(set(numbers)) > 0.9 * len(numbers)


def test_an_exploration_follows_a_seed_and_none_otherwise(drawn):
    settings.load_profile("explore")
    assert len(drawn(share=0.5)) == EXPLORE_EXAMPLES // 2
    assert drawn(share=0.1, seed="1") == drawn(share=0.1, seed="1") != drawn(share=0.1)
    assert drawn(share=0.1) != drawn(share=0.1)


@pytest.mark.parametrize("profile", profiles.NAMES)
def test_what_is_drawn_to_simplify_a_failure_is_what_failed(identity, profile):
    """Hypothesis makes examples from parts of earlier ones, as far as it noted where those parts are."""
    settings.load_profile(profile)
    nested = st.lists(st.tuples(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), max_size=5)), max_size=5)

    def found(shrink: bool) -> list[Any]:
        seen: list[Any] = []
        profiles.draw(identity(samples=nested).contract, seen.append, "1", shrink=shrink)
        return seen

    assert found(False) == found(True)


@pytest.mark.parametrize("options", [{}, {"shrink": False}, {"shrink": True}], ids=str)
def test_an_example_that_fails_is_simplified_where_that_is_asked_for(identity, options):
    seen: list[int] = []

    def check(number: int) -> None:
        seen.append(number)
        assert number < 1000

    with pytest.raises(AssertionError):
        profiles.draw(identity(samples=st.integers(0, 10**6)).contract, check, **options)
    assert (1000 in seen) == options.get("shrink", False)


def test_what_fails_once_is_said_not_to_repeat(identity):
    failing = iter([False, True])

    def check(number: int) -> None:
        assert not next(failing, False)

    with pytest.raises(errors.Flaky, match=r"^small\.law .*passed when it was run again"):
        profiles.draw(identity(samples=st.integers(0, 10**6), name="small.law").contract, check, shrink=True)


def test_what_is_dear_is_drawn_once_at_the_end(identity):
    law = identity(samples=NUMBERS, rare=st.just("dear")).contract
    found: list[Any] = []
    profiles.draw(law, found.append)
    assert len(found) == GATE_EXAMPLES + 1 and found.index("dear") == GATE_EXAMPLES
