"""Contracts as items of pytest, run right here: what each way to end leaves in the record, and what a person reads.

``tests/test_plugin.py`` has whole runs of pytest; these take milliseconds, and see what a run does not print.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from conformance import Acceptance, Contract
from conformance.contract import Observation
from conformance.items import DRAWN_AGAIN, ContractItem, NotRepeatable, StaleEntry, WitnessItem
from conformance.judge import Verdict
from conformance.lanes import LaneError
from conformance.ledger import Entry, Ledger
from conformance.outcomes import Divergence, LaneDied, VacuousContract
from conformance.profiles import GATE_EXAMPLES
from conformance.report import failures
from conformance.session import Session
from tests.laws import real
from tests.numpy_lane import NumpyAdapter
from tests.test_known import entry

Make = Callable[..., Any]
DRAWN = st.integers(1, 2**20).map(lambda number: [real(number)])


@pytest.fixture(autouse=True)
def gate():
    before = settings.get_current_profile_name()
    settings.load_profile("gate")
    yield
    settings.load_profile(before)


@pytest.fixture
def make(request: pytest.FixtureRequest, numpy_lanes: Callable[..., Any], tmp_path: Path) -> Make:
    """An item of a law, on lanes that are started; ``options`` are those of the session."""

    def made(
        law: Any, *specs: str, entries: tuple[Entry, ...] = (), witness: Entry | None = None, **options: Any
    ) -> Any:
        session = Session([], [], Ledger(list(entries)), tmp_path, **options)
        session.lanes = numpy_lanes(*specs)
        contract = law if isinstance(law, Contract) else law.contract
        more = {"name": contract.id, "contract": contract, "session_of": lambda: session}
        if witness is not None:
            return WitnessItem.from_parent(request.node.parent, entry=witness, **more)
        return ContractItem.from_parent(request.node.parent, **more)

    return made


def ran(item: ContractItem) -> None:
    """Run an item; one that skips itself would skip the test that runs it, unseen."""
    try:
        item.runtest()
    except pytest.skip.Exception as error:
        pytest.fail(f"skipped: {error}")


def read(item: ContractItem, error: pytest.ExceptionInfo[BaseException]) -> str:
    """What a person reads of a failure."""
    return str(item.repr_failure(error))


def test_an_item_bears_its_contract_and_area_and_has_no_record_before_it_ran(identity, make):
    item = make(identity(samples=DRAWN))
    marks = {mark.name: mark.kwargs for mark in item.own_markers}
    assert marks == {"contract": {"id": "small.law"}, "area": {"name": "small"}}
    assert item.reportinfo() == (item.path, None, "small.law") and item.carried() is None


def test_a_contract_that_holds_draws_its_share_of_examples(identity, make):
    for share, samples in ((1.0, GATE_EXAMPLES), (0.5, GATE_EXAMPLES // 2), (2.4 / GATE_EXAMPLES, 2)):
        item = make(identity(samples=DRAWN, share=share, name=f"small.law{samples}"))
        item.runtest()
        carried = item.carried()
        assert (carried["verdict"], carried["samples"], carried["failure"]) == (Verdict.AGREE, samples, None)
        assert 0.0 < carried["seconds"] < 60.0 and carried["upgrade"] is None


def test_a_gate_draws_the_same_samples_on_every_run_and_an_exploration_does_not(identity, make):
    def drawn(name: str = "small.law", **options: Any) -> list[float]:
        law = identity(samples=DRAWN, name=name)
        make(law, **options).runtest()
        return law.asked

    assert drawn() == drawn() != drawn(seed="1")


def test_lanes_are_seeded_before_a_contract(identity, make):
    NumpyAdapter.seeds.clear()
    make(identity(samples=DRAWN)).runtest()
    assert NumpyAdapter.seeds == [("torch", 0), ("paddle", 0)]


def test_a_divergence_is_shrunk_recorded_and_told(identity, make):
    item = make(identity(paddle=lambda x: x + (x[0] >= 1000), samples=DRAWN))
    with pytest.raises(Divergence) as error:
        item.runtest()
    assert error.value.sample.inputs["x"].tolist() == [1000]
    record = item.run.record
    assert record.verdict is Verdict.DIVERGE and record.failure["lanes"] == ["paddle:cpu"]
    assert (
        record.failure["message"].startswith("paddle:cpu output is 1001.0, expected 1000.0 at") and record.seconds > 0
    )
    assert "paddle:cpu is wrong" in read(item, error) and "Traceback" not in read(item, error)
    assert record.failure["replay"].split()[-1] in read(item, error)


def test_an_entry_of_the_ledger_is_found(identity, make):
    law = identity(paddle=lambda x: x + 1, samples=DRAWN, variant_odd=lambda x: {"output": Acceptance(x + 1.0)})
    item = make(law, entries=(entry(),))
    item.runtest()
    assert item.run.record.verdict is Verdict.KNOWN
    with pytest.raises(Divergence):
        make(law).runtest()


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (st.nothing(), r"^small\.law: its strategy gave no sample \(.+\)$"),
        (st.just([]), r"^small\.law: no sample was executed, so nothing was shown$"),
        (st.just(real(0)), r"^small\.law: the inputs of all 4 samples were zero$"),
    ],
    ids=["none", "empty", "zero"],
)
def test_a_contract_that_shows_nothing(identity, make, samples, told):
    item = make(identity(samples=samples))
    with pytest.raises(VacuousContract, match=told) as error:
        item.runtest()
    assert item.run.record.verdict is Verdict.ERROR and item.run.record.failure["message"].endswith(str(error.value))
    assert read(item, error) == str(error.value)


@pytest.mark.parametrize("shown", [0, 1, DRAWN_AGAIN, DRAWN_AGAIN + 1])
def test_samples_that_show_nothing_are_followed_by_as_many_again(identity, make, monkeypatch, shown):
    drawn: list[str | None] = []

    def draw(contract, check, seed=None, shrink=False):
        drawn.append(seed)
        check(real(1.0 if len(drawn) > shown else 0.0))

    monkeypatch.setattr("conformance.profiles.draw", draw)
    item = make(identity(samples=DRAWN))
    with pytest.raises(VacuousContract) if shown > DRAWN_AGAIN else contextlib.nullcontext():
        item.runtest()
    assert len(drawn) == len(set(drawn)) == min(shown, DRAWN_AGAIN) + 1 == item.run.record.samples


def test_a_lane_that_is_not_repeatable(identity, make):
    calls = iter([1.0])
    item = make(identity(paddle=lambda x: x + np.float32(next(calls, 0.0)), samples=DRAWN))
    with pytest.raises(
        NotRepeatable, match=r"^small\.law: a sample failed, and passed .* \(small\.law: paddle"
    ) as error:
        item.runtest()
    assert item.run.record.verdict is Verdict.ERROR and read(item, error) == str(error.value)


def test_a_divergence_that_is_not_drawn_again_is_told_as_it_was_found(identity, make, monkeypatch):
    draws = iter([real(5), real(1)])
    monkeypatch.setattr("conformance.profiles.draw", lambda contract, check, *_, **options: check(next(draws)))
    item = make(identity(paddle=lambda x: x + (x[0] >= 5), samples=DRAWN))
    with pytest.raises(Divergence) as error:
        item.runtest()
    assert error.value.sample.inputs["x"].tolist() == [5]
    assert item.run.record.verdict is Verdict.DIVERGE and item.run.record.failure["lanes"] == ["paddle:cpu"]


def test_a_sample_that_a_lane_dies_of_is_not_tried_again(identity, make):
    item = make(identity(samples=DRAWN))
    asked: list[Any] = []
    _, second = item._session_of().lanes

    def result(handle: Any) -> Any:
        asked.append(handle)
        return Observation(died="was killed") if len(asked) > 2 else handle

    second.result = result
    with pytest.raises(LaneDied) as error:
        item.runtest()
    assert len(asked) == 3
    assert item.run.record.verdict is Verdict.ERROR and item.run.record.failure["lanes"] == ["paddle:cpu"]
    assert read(item, error) == failures.render_death(error.value, item.run.record.failure)


def test_an_error_of_ours_keeps_its_traceback(declare, make):
    def oracle(x: np.ndarray) -> dict[str, Any]:
        raise ZeroDivisionError("in the oracle")

    item = make(declare(lambda x: x, oracle, samples=DRAWN))
    with pytest.raises(ZeroDivisionError) as error:
        item.runtest()
    assert item.run.record.verdict is Verdict.ERROR
    assert "def oracle" in read(item, error)
    assert "Traceback (most recent call last)" in str(item.repr_failure(error, style="native"))


@pytest.mark.parametrize("fault", [0, 1])
def test_settings_that_a_contract_leaves_changed_are_mended_and_do_not_hide_its_failure(identity, make, fault):
    def call(x: np.ndarray) -> np.ndarray:
        NumpyAdapter.state["paddle"]["threads"] = 9
        return x + np.float32(fault)

    item = make(identity(paddle=call, samples=DRAWN))
    with pytest.raises(Divergence if fault else LaneError) as error:
        item.runtest()
    assert item.run.record.verdict is (Verdict.DIVERGE if fault else Verdict.ERROR)
    assert NumpyAdapter.state["paddle"]["threads"] == 1
    if not fault:
        assert read(item, error) == str(error.value)


def test_a_contract_that_no_lane_can_run_is_left_alone(identity, make):
    item = make(identity(samples=st.nothing(), unsupported={"torch": "gone", "paddle": "gone"}))
    item.runtest()
    assert item.run.record.verdict is Verdict.UNSUPPORTED


def test_a_replay_runs_its_sample_and_no_other(identity, make):
    law = identity(samples=DRAWN)
    item = make(law, replay=("small.law", real(7)))
    item.runtest()
    assert law.asked == [7] and item.run.record.samples == 1

    def careless(x: np.ndarray) -> np.ndarray:
        NumpyAdapter.state["torch"]["threads"] = 9
        return x

    with pytest.raises(LaneError, match="threads: 1 -> 9"):
        make(identity(careless, samples=DRAWN), replay=("small.law", real(7))).runtest()


def test_a_replay_fails_as_its_run_did_where_lanes_of_one_framework_are_compared(identity, make):
    steps = iter(range(2))  # the sample goes to old, and then to new, which alone is wrong
    law = identity(lambda x: x + np.float32(next(steps)), samples=DRAWN)
    item = make(law, "old=torch", "new=torch", replay=("small.law", real(7)))
    with pytest.raises(Divergence):
        item.runtest()
    assert item.carried()["upgrade"]["status"] == "newly wrong" and item.run.record.verdict is Verdict.DIVERGE


def test_an_upgrade_is_counted_whether_it_fails_or_not(identity, make):
    item = make(identity(samples=DRAWN), "old=torch", "new=torch")
    item.runtest()
    assert item.carried()["upgrade"]["counts"] == {"unchanged": GATE_EXAMPLES}
    steps = iter(range(10**6))  # all samples go to old, and then to new, which alone is wrong
    law = identity(lambda x: x + np.float32(next(steps) >= GATE_EXAMPLES), samples=DRAWN)
    item = make(law, "old=torch", "new=torch", regressions_only=True)
    with pytest.raises(Divergence):
        item.runtest()
    assert item.carried()["upgrade"]["status"] == "newly wrong"
    steps = iter([GATE_EXAMPLES] * GATE_EXAMPLES + [0] * GATE_EXAMPLES)
    item = make(law, "old=torch", "new=torch", regressions_only=True)
    item.runtest()
    assert (item.carried()["upgrade"]["status"], item.run.record.verdict) == ("newly right", Verdict.DIVERGE)


# Witnesses


@pytest.mark.parametrize(
    ("step", "verdict", "told"),
    [
        (1, Verdict.KNOWN, ""),
        (
            0,
            Verdict.STALE,
            r"^ledger entry 'law-odd' is stale: paddle:cpu now agrees .* range \(==3\.3\.\*\) below",
        ),
        (
            2,
            Verdict.DIVERGE,
            "^ledger entry 'law-odd': paddle:cpu diverges on the witness, but does not do what 'odd'",
        ),
    ],
    ids=["known", "stale", "otherwise"],
)
def test_a_witness(identity, make, step, verdict, told):
    law = identity(paddle=lambda x: x + np.float32(step), variant_odd=lambda x: {"output": Acceptance(x + 1.0)})
    item = make(law, witness=entry())
    if told:
        with pytest.raises(StaleEntry, match=told) as error:
            ran(item)
        assert read(item, error) == str(error.value) and item.run.record.failure["message"]
    else:
        ran(item)
        assert item.run.record.failure is None
    assert item.run.record.verdict is verdict


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"versions": "<3"}, "no lane is paddle <3"),
        ({"device": "gpu"}, "no lane is paddle ==3.3.* on gpu"),
        ({"processor": "AVX"}, "no lane is paddle ==3.3.* on a processor with AVX"),
    ],
    ids=["version", "device", "processor"],
)
def test_a_witness_that_no_lane_speaks_of_is_skipped(identity, make, other, told):
    item = make(identity(variant_odd=lambda x: {}), witness=entry(**other))
    with pytest.raises(pytest.skip.Exception) as error:
        item.runtest()
    assert str(error.value) == told
    assert item.carried() is None  # no contract that agrees: nothing ran
    with pytest.raises(pytest.fail.Exception):
        ran(item)
