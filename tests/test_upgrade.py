"""What an upgrade changes: counted by sample, told first, and gated on only when asked."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.contract import Observation
from conformance.lanes import parse
from conformance.upgrade import (
    CHANGED,
    NEWLY_RIGHT,
    NEWLY_WRONG,
    STILL_WRONG,
    UNCHANGED,
    Tally,
    drift,
    pair,
)
from tests.small_project import Run, SmallProject

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
    tally = Tally()
    tally.count({"old": seen(error="ValueError: a"), "new": seen(error="ValueError: b")}, {}, "x")
    tally.count({"old": seen(error="ValueError: a"), "new": seen(error="TypeError: a")}, {}, "x")
    assert tally.counts == {UNCHANGED: 1, CHANGED: 1}


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
    assert tally.first == {NEWLY_WRONG: "is 3; sample x=1", NEWLY_RIGHT: "is 5; sample x=1"}
    plain = tally.plain({"old": {"output": 0.2}, "new": {"output": 0.9}})
    assert plain["drift"] == {"output": [0.2, 0.9]} and json.dumps(plain)


def test_margins_that_move():
    old, new = (
        {"a": 0.1, "b": 0.5, "c": 0.0, "d": 0.001, "e": 0.3},
        {"a": 0.3, "b": 0.6, "c": 0.4, "d": 0.009, "f": 1.0},
    )
    assert drift(old, new) == {"a": [0.1, 0.3], "c": [0.0, 0.4]}


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
