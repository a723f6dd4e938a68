"""What an upgrade changes: counted by sample, told first, and gated on only when asked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.contract import Observation
from conformance.judge import Verdict
from conformance.lanes import parse
from conformance.outcomes import Divergence, Judged, LaneDied
from conformance.runner import ContractRun
from conformance.upgrade import (
    CHANGED,
    DRIFT,
    NEWLY_RIGHT,
    NEWLY_WRONG,
    STATUSES,
    STILL_WRONG,
    UNCHANGED,
    Tally,
    counted,
    drift,
    lines,
    merged,
    pair,
)
from tests.laws import real
from tests.small_project import Run, SmallProject
from tests.test_known import entry, odd

# One sample, one contract


def seen(number: float = 1.0, dtype: str = "float32", error: str | None = None) -> Observation:
    return Observation({"output": np.array([number], dtype)}, {"output": dtype}, {"output": "cpu"}, error)


@pytest.mark.parametrize(
    ("wrong", "new", "status"),
    [
        ({"new": "output is 2"}, seen(2), NEWLY_WRONG),
        ({"old": "output is 2"}, seen(), NEWLY_RIGHT),
        ({"old": "a", "new": "b"}, seen(), STILL_WRONG),
        ({"other": "a"}, seen(), UNCHANGED),
        ({}, seen(), UNCHANGED),
        ({}, seen(np.nextafter(np.float32(1), np.float32(2))), CHANGED),
        ({}, seen(dtype="float64"), CHANGED),
        ({}, seen(error="ValueError: no"), CHANGED),
    ],
)
def test_a_sample_has_one_status(wrong, new, status):
    tally = Tally()
    assert tally.count({"old": seen(), "new": new}, wrong, "x=1") == status
    assert tally.counts == {status: 1} and tally.status == status


def test_errors_are_alike_whatever_their_words():
    one, alike, other = (seen(error=error) for error in ("ValueError: a", "ValueError: b", "TypeError: a"))
    assert Tally().count({"old": one, "new": alike}, {}, "x") == UNCHANGED
    assert Tally().count({"old": one, "new": other}, {}, "x") == CHANGED


@pytest.mark.parametrize(("died", "status"), [("old", NEWLY_RIGHT), ("new", NEWLY_WRONG)])
def test_a_lane_that_died_was_wrong(died, status):
    tally = Tally()
    assert tally.count({}, {}, "x=1", died) == status
    assert "its interpreter ended" in tally.first[status]


def test_a_contract_has_its_most_important_status_and_the_first_example():
    tally = Tally()
    for wrong in ({}, {"old": "o", "new": "n"}, {"new": "is 3"}, {"new": "is 4"}, {"old": "is 5"}):
        tally.count({"old": seen(), "new": seen()}, wrong, "x=1")
    assert tally.status == NEWLY_WRONG
    first = {STILL_WRONG: "n; sample x=1", NEWLY_WRONG: "is 3; sample x=1", NEWLY_RIGHT: "is 5; sample x=1"}
    assert tally.first == first
    plain = tally.plain({"old": {"output": 0.2}, "new": {"output": 0.9}})
    assert json.loads(json.dumps(plain)) == {
        "status": NEWLY_WRONG,
        "counts": {UNCHANGED: 1, STILL_WRONG: 1, NEWLY_WRONG: 2, NEWLY_RIGHT: 1},
        "first": tally.first,
        "old": "old",
        "new": "new",
        "drift": {"output": [0.2, 0.9]},
    }
    for one_sided in ({"old": {"output": 0.2}}, {"new": {"output": 0.2}}, {}):
        assert tally.plain(one_sided)["drift"] == {}


def test_what_the_ledger_does_not_explain_is_told_before_what_it_does():
    tally, both = Tally(), {"old": seen(), "new": seen()}
    tally.count(both, {"new": "is 2"}, "x=1", known={"new": "It is odd.", "old": "unread"})
    assert tally.first == {NEWLY_WRONG: "known: It is odd."}
    tally.count(both, {"new": "is 3"}, "x=2", known={"old": "unread"})
    tally.count(both, {"new": "is 4"}, "x=3")
    tally.count(both, {"new": "is 5", "old": "is 5"}, "x=4", known={"new": "It is odd.", "old": "It was."})
    assert tally.first == {NEWLY_WRONG: "is 3; sample x=2", STILL_WRONG: "known: It is odd."}
    tally.count(both, {"new": "is 5", "old": "is 6"}, "x=5", known={"new": "It is odd."})
    assert tally.first[STILL_WRONG] == "is 6; sample x=5"


def test_the_samples_and_the_witnesses_of_a_contract_are_counted_together():
    drawn, witness, more = Tally(), Tally(), Tally()
    both = {"old": seen(), "new": seen()}
    drawn.count(both, {}, "x=1")
    witness.count(both, {"new": "is 2"}, "x=2", known={"new": "It is odd."})
    more.count(both, {"new": "is 3"}, "x=3")
    plain = drawn.plain({"old": {"output": 0.2}, "new": {"output": 0.9}})
    found = merged(plain, witness.plain({}))
    assert found is not None
    assert (found["status"], found["counts"]) == (NEWLY_WRONG, {UNCHANGED: 1, NEWLY_WRONG: 1})
    assert found["first"] == {NEWLY_WRONG: "known: It is odd."} and found["drift"] == {"output": [0.2, 0.9]}
    for one, other in ((found, more.plain({})), (more.plain({}), found)):
        again = merged(one, other)
        assert again is not None and again["counts"] == {UNCHANGED: 1, NEWLY_WRONG: 2}
        assert again["first"] == {NEWLY_WRONG: "is 3; sample x=3"}
    assert merged(None, plain) == merged(plain, None) == plain and merged(None, None) is None


def test_a_kernel_that_one_release_alone_has_is_a_loss_or_a_gain_and_what_its_environment_lacks_is_neither():
    both, eager = {"old": seen(), "new": seen(error="RuntimeError: no kernel")}, Tally("torch:cpu", "torch:cpu+nhwc")
    for lacking, status in (
        ({"new": "RuntimeError: no kernel"}, NEWLY_WRONG),
        ({"old": "RuntimeError: no kernel"}, NEWLY_RIGHT),
        ({"new": "RuntimeError: no kernel", "old": "RuntimeError: none"}, None),
        ({"new": ""}, None),
        ({"torch:cpu+nhwc": "RuntimeError: no kernel"}, CHANGED),
    ):
        tally = Tally()
        assert counted([tally], Judged(observations=both, lacking=lacking), "x") == status
        assert tally.counts == ({status: 1} if status else {})
    seen_by_mode = {"torch:cpu": seen(), "torch:cpu+nhwc": seen()}
    assert counted([eager], Judged(observations=seen_by_mode, lacking={"torch:cpu+nhwc": "none"}), "x") is None


def test_a_contract_without_a_sample_is_unchanged():
    assert Tally().status == UNCHANGED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (seen(), Observation({"other": np.ones(1)}, {"output": "float32"})),
        (seen(), Observation({"output": np.ones((1, 1), np.float32)}, {"output": "float32"})),
        (seen(0.0), seen(-0.0)),
        (seen(error="ValueError: no"), seen()),
    ],
    ids=["name", "shape", "sign of zero", "error"],
)
def test_results_that_are_not_the_same(old, new):
    for one, other in ((old, new), (new, old)):
        assert Tally().count({"old": one, "new": other}, {}, "x") == CHANGED


def test_many_quantities_are_the_same_only_together():
    one = Observation({"a": np.ones(2), "b": np.ones(2)}, {"a": "float64", "b": "float64"})
    other = Observation({"a": np.ones(2), "b": np.zeros(2)}, {"a": "float64", "b": "float64"})
    assert Tally().count({"old": one, "new": one}, {}, "x") == UNCHANGED
    assert Tally().count({"old": one, "new": other}, {}, "x") == CHANGED


def test_margins_that_move():
    old, new = (
        {"a": 0.1, "b": 0.5, "c": 0.0, "d": 0.001, "e": 0.3},
        {"a": 0.3, "b": 0.6, "c": 0.4, "d": 0.009, "f": 1.0},
    )
    assert drift(old, new) == {"a": [0.1, 0.3], "c": [0.0, 0.4]}
    assert drift(new, old) == {"a": [0.3, 0.1], "c": [0.4, 0.0]}
    assert list(drift({"z": 0.1, "a": 0.1}, {"a": 0.3, "z": 0.3})) == ["a", "z"]


def test_a_margin_that_moves_by_less_than_the_factor_is_still():
    assert drift({"a": 0.5}, {"a": 0.5 * DRIFT}) == {} and drift({"a": 0.0}, {"a": 0.01}) == {}
    assert drift({"a": 0.2}, {"a": 0.29}) == {} and drift({"a": 0.2}, {"a": 0.31}) == {"a": [0.2, 0.31]}
    assert set(drift({"a": 0.5, "b": 0.0}, {"a": 0.5 * DRIFT + 1e-9, "b": 0.01 + 1e-9})) == {"a", "b"}


@pytest.mark.parametrize(
    ("specs", "framework"),
    [
        (["old=torch", "new=torch"], "torch"),
        (["new=paddle", "torch", "old=paddle"], "paddle"),
        (["old=torch", "new=paddle"], None),
        (["old=torch"], None),
        (["torch", "paddle"], None),
    ],
)
def test_which_lanes_are_a_pair(specs, framework):
    assert pair([parse(spec) for spec in specs]) == framework


# One contract in the runner


@pytest.fixture
def upgrade(identity, numpy_lanes):
    """A run of two releases; ``steps`` is what old, and then new, adds to the samples; half is within the bound."""

    def make(*steps: float, **options: Any) -> ContractRun:
        numbers = iter(steps)
        law = identity(lambda x: x + np.float32(next(numbers)), bound=0.5)
        return ContractRun(law.contract, numpy_lanes("old=torch", "new=torch"), **options)

    return make


def test_samples_are_counted_and_an_ordinary_run_counts_none(upgrade, identity, run):
    made = upgrade(0, 0, 0, 0.25)
    made.check([real(1), real(2)])
    assert made.finish().verdict is Verdict.AGREE
    assert made.upgrade is not None and made.upgrade.counts == {UNCHANGED: 1, CHANGED: 1}
    assert run(identity(), "old=torch", "new=paddle").upgrade is None


def test_every_sample_is_seen_and_the_smallest_that_diverges_is_told(upgrade):
    made = upgrade(0, 0, 0, 0, 3, 3, 4, 5)
    samples = [real(1, 1), real(0.125), real(2), real(3)]
    made.check(samples)
    with pytest.raises(Divergence) as error:
        made.finish()
    assert error.value.sample is samples[2]  # as small as the second and the last, and told in fewer words
    assert error.value.judged.wrong == {"new"}
    assert made.upgrade is not None and made.upgrade.counts == {NEWLY_WRONG: 4}
    first = made.upgrade.first[NEWLY_WRONG]
    assert first.startswith("output is 4.0, expected 1.0 at [0]") and first.endswith(
        "; sample " + samples[0].describe()
    )


def test_where_regressions_alone_are_asked_for_what_is_right_again_is_no_failure(upgrade):
    made = upgrade(3, 3, 0, 3, regressions_only=True)
    made.check([real(1), real(2)])
    assert made.finish().verdict is Verdict.DIVERGE
    made = upgrade(3, 0)
    made.check(real(1))
    with pytest.raises(Divergence):
        made.finish()
    made = upgrade(3, 0, 0, 3, regressions_only=True)
    made.check([real(1), real(2, 2)])
    with pytest.raises(Divergence) as error:
        made.finish()
    assert error.value.sample.inputs["x"].tolist() == [2, 2]


def test_a_witness_counts_on_both_releases(identity, numpy_lanes):
    numbers = iter([1, 1, 0, 1])
    law = identity(paddle=lambda x: x + np.float32(next(numbers)), variant_odd=odd)
    made = ContractRun(law.contract, numpy_lanes("old=paddle", "new=paddle"), [entry()])
    assert made.replay_witness(entry()) == {"old": Verdict.KNOWN, "new": Verdict.KNOWN}
    assert made.upgrade is not None and made.upgrade.counts == {NEWLY_WRONG: 1}
    assert made.upgrade.first == {NEWLY_WRONG: f"known: {entry().reason}"} and made.record.samples == 1


def test_a_release_that_dies_of_a_witness_is_counted(identity, numpy_lanes, monkeypatch):
    law = identity(paddle=lambda x: x + np.float32(1), variant_odd=odd)
    made = ContractRun(law.contract, numpy_lanes("old=torch", "new=torch"), [])
    monkeypatch.setattr(made.lanes[0], "result", lambda handle: Observation(died="ended with status -9"))
    made._compare_witness(real(1))
    assert made.upgrade is not None and made.upgrade.counts == {NEWLY_RIGHT: 1}


def test_a_release_that_dies_is_counted(upgrade):
    made, sample = upgrade(0, 0), real(1)
    made.lanes[1].result = lambda handle: Observation(died="ended with status -9")
    with pytest.raises(LaneDied, match=r"^small\.law: lane new ended with status -9$") as error:
        made.check(sample)
    assert (error.value.sample, error.value.label, error.value.contract) == (sample, "new", made.contract)
    assert made.upgrade is not None and made.upgrade.counts == {NEWLY_WRONG: 1}
    assert made.upgrade.first == {NEWLY_WRONG: f"its interpreter ended; sample {sample.describe()}"}


# The summary


def told(name: str, status: str, first: str = "", **more: Any) -> dict[str, Any]:
    counts, found = {status: 3, UNCHANGED: 6}, {status: first} if first else {}
    upgrade = {"status": status, "old": "old", "new": "new", "counts": counts, "first": found}
    known = more.pop("known", [])
    return {"id": name, "known": known, "upgrade": {**upgrade, "drift": more.pop("drift", {}), **more}}


def test_the_summary_of_an_upgrade():
    rows = [
        told("nn.a", NEWLY_WRONG, "output is 2,\n expected 1; sample x=1"),
        told("nn.b", NEWLY_WRONG, "known: It is odd\n  now.", known=[{"lane": "new", "reason": "Of other samples."}]),
        told("nn.c", NEWLY_RIGHT, "known: It was odd."),
        told("nn.d", NEWLY_RIGHT, "a" * 200),
        told("nn.e", STILL_WRONG, "output is 2; sample x=1"),
        told("nn.f", STILL_WRONG, "known: As ever.", drift={"output": [0.1, 0.9]}),
        told("nn.g", CHANGED, drift={"output": [0.125, 0.75], "loss": [0.0, 0.5]}),
        told("nn.h", UNCHANGED, counts={UNCHANGED: 9}, drift={"output": [0.5, 0.25]}),
        {"id": "nn.i", "known": [], "upgrade": None},
    ]
    lanes = [
        {"label": "old", "framework": "torch", "version": "2.4.1"},
        {"label": "new", "framework": "torch", "version": "2.15.0"},
    ]
    assert lines({"lanes": lanes, "contracts": rows}) == [
        "upgrade of torch: 2.4.1 -> 2.15.0",
        "",
        "  newly wrong               2 contracts",
        "      nn.a (3 of 9 samples): output is 2, expected 1; sample x=1",
        "      nn.b (3 of 9 samples): known: It is odd now.",
        "  newly right               2 contracts",
        "      nn.c (3 of 9 samples): known: It was odd.",
        f"      nn.d (3 of 9 samples): {'a' * 124}...",
        "  still wrong               2 contracts",
        "      nn.e, nn.f",
        "      of these, the ledger does not explain:",
        "        nn.e (3 of 9 samples): output is 2; sample x=1",
        "  changed within bounds     1 contract",
        "  unchanged                 1 contract",
        "",
        "  margins that moved most, in units of the bound:",
        "      nn.g loss: 0 -> 0.5",
        "      nn.g output: 0.12 -> 0.75",
        "      nn.h output: 0.5 -> 0.25",
        "",
    ]


def test_a_row_without_a_reason_says_how_many_samples():
    lanes = [{"label": label, "framework": "torch", "version": "2.4.1"} for label in ("old", "new")]
    assert "      nn.a (3 of 9 samples): " in lines({"lanes": lanes, "contracts": [told("nn.a", NEWLY_WRONG)]})


def test_a_summary_of_what_did_not_move():
    lanes = [{"label": label, "framework": "torch", "version": "2.4.1"} for label in ("old", "new")]
    assert lines({"lanes": lanes, "contracts": [{"id": "nn.a", "known": [], "upgrade": None}]}) == []
    assert lines({"lanes": lanes, "contracts": [told("nn.a", UNCHANGED)]})[2:] == [
        *(f"  {status:22}    0 contracts" for status in STATUSES[:-1]),
        "  unchanged                 1 contract",
        "",
    ]
    many = told("nn.a", CHANGED, drift={f"q{n:02}": [0.1, 0.2 + n] for n in range(12)})
    moved = lines({"lanes": lanes, "contracts": [many]})[9:-1]
    assert [line.split()[1] for line in moved] == [f"q{n:02}:" for n in range(11, 1, -1)]


# A whole run


def interpreter(project: SmallProject, name: str, **variables: str) -> str:
    """An interpreter in whose environment variables are set."""
    settings = " ".join(f"{key}={value}" for key, value in variables.items())
    script = project.write(name, f'#!/bin/sh\n{settings} exec {sys.executable} "$@"\n')
    Path(script).chmod(0o755)
    return str(script)


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory):
    def run(old: dict[str, str], new: dict[str, str], *arguments: str) -> Run:
        project = SmallProject(tmp_path_factory.mktemp("upgrade") / "project")
        lanes = [f"--lane=old=paddle@{interpreter(project, 'before', **old)}"]
        lanes += [f"--lane=new=paddle@{interpreter(project, 'after', **new)}"]
        return project.run(*lanes, *arguments)

    return run


OLD = {"PADDLE_VERSION": "3.0.0"}


def test_nothing_changed(compare):
    run = compare(OLD, {})
    assert run.code == 0, run.output
    assert run.output.index("upgrade of paddle: 3.0.0 -> 3.3.1") < run.output.index("old: paddle 3.0.0")
    assert run.contract("small.double")["upgrade"]["status"] == UNCHANGED
    assert run.contract("small.positive")["upgrade"]["status"] == STILL_WRONG  # known in both


def test_what_the_ledger_does_not_explain_is_told_of_what_is_still_wrong_and_witnesses_count(compare):
    run = compare({"PADDLE_VERSION": "2.6.2"}, {}, "-k", "positive", "--gate-on=regressions")
    assert run.code == 0, run.output
    row = run.contract("small.positive")
    assert sum(row["upgrade"]["counts"].values()) == row["samples"]  # the witness, which only new is known for, too
    assert "of these, the ledger does not explain:\n        small.positive (" in run.output


def test_what_is_newly_wrong_is_told_with_its_first_example(compare):
    run = compare(OLD, {"FAULT": "double"})
    assert run.code == 1, run.output
    row = run.contract("small.double")
    assert row["verdict"] == "diverge" and row["failure"]["lanes"] == ["new"]
    assert row["upgrade"]["status"] == NEWLY_WRONG
    assert sum(row["upgrade"]["counts"].values()) == row["samples"] > 5  # it does not stop at the first
    assert "newly wrong               1 contract\n      small.double (" in run.output
    assert compare(OLD, {"FAULT": "double"}, "--gate-on=regressions").code == 1


def test_what_is_newly_right_fails_unless_regressions_alone_are_asked_for(compare):
    run = compare({**OLD, "FAULT": "double"}, {})
    assert run.code == 1 and run.contract("small.double")["upgrade"]["status"] == NEWLY_RIGHT, run.output
    run = compare({**OLD, "FAULT": "double"}, {}, "--gate-on=regressions")
    assert run.code == 0, run.output
    assert run.results is not None and run.results["verdict"] == "pass"
    assert run.contract("small.double")["verdict"] == "diverge"


def test_regressions_of_what(project):
    project.run("--gate-on=regressions").refused("--gate-on regressions compares two releases of one framework; name")
