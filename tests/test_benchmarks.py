"""The speed benchmarks: claims in both directions, sums of a report, and what happens where nothing can be measured."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys

import pytest

from benchmarks import against_padiff, checks, claims, detection, gate_speed, porting_speed, start_up
from benchmarks.claims import Claim, judged, table
from conformance import names
from tests.faults.fault import PADDLE, TORCH, Detection, Fault, started_lanes
from tests.faults.wraps import scaled


@pytest.mark.parametrize(
    ("measured", "at_least", "holds"),
    [(2.0, False, True), (2.1, False, False), (2.0, True, True), (1.9, True, False), (math.nan, False, False)],
)
def test_a_claim_that_fails_is_an_exit_status(capsys, measured, at_least, holds):
    claim = Claim("time", measured, 2.0, at_least, " s")
    assert claim.holds is holds
    assert judged([Claim("other", 0, 1), claim]) == (0 if holds else 1)
    assert ("FAILS" in capsys.readouterr().out) is not holds


def test_columns_are_aligned():
    assert table(("what", "s"), [("a", "1.0"), ("longer", "10.0")]) == "what       s\na        1.0\nlonger  10.0"


def test_the_helpers_time_is_not_the_frameworks():
    contracts = [
        {"id": "nn.a", "samples": 3, "seconds": 2.0, "framework_seconds": 1.0},
        {"id": "nn.b", "samples": 4, "seconds": 2.0, "framework_seconds": 1.0},
    ]
    share = gate_speed.share_of("both", contracts, {"nn.b": 0.5, "nn.c": 9.0})
    assert (share.samples, share.seconds, share.net) == (7, 4.0, 0.375)


def test_a_gate_that_fails_is_not_timed(monkeypatch, capsys):
    failed = subprocess.CompletedProcess([], 1, "1 failed", "")
    monkeypatch.setattr(subprocess, "run", lambda *_arguments, **_options: failed)
    assert gate_speed.main([]) == 2
    assert "status 1" in capsys.readouterr().err
    assert start_up.main(["--runs", "1"]) == 2
    assert "status 1" in capsys.readouterr().err


def test_without_padiff_one_sentence_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert against_padiff.main([]) == 2
    assert "tox run -e benchmark" in capsys.readouterr().err


def test_a_side_that_breaks_off_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", "false")
    side = against_padiff.Side("conformance", 1, tmp_path / "side")
    with pytest.raises(against_padiff.SideError, match="broke off"):
        side.check(checks.SCREEN, checks.NO_FAULT)
    side.stop()


def test_the_average_check_is_weighed_as_the_gate_does():
    counts = checks.gate_counts()
    assert set(counts) == set(checks.KINDS)
    assert counts[checks.SCREEN] > counts[checks.EXACT] > 0 < counts[checks.BOUNDED]
    assert against_padiff.mixed(dict.fromkeys(checks.KINDS, 3.0)) == pytest.approx(3.0)


def row(*blamed: str, samples: int = 3, contract: str = "nn.relu") -> detection.Row:
    found = Detection(frozenset(blamed), samples, 0.25, "output") if blamed else None
    return detection.Row(Fault("leaky", TORCH, (contract,), "torch:relu", scaled(2)), contract, found)


def test_a_fault_that_is_missed_or_blamed_on_another_lane_is_no_detection():
    rows = [row(TORCH), row(PADDLE), row(), row(TORCH, PADDLE)]
    assert [one.caught for one in rows] == [True, False, False, False]
    assert [one.cells()[-1] for one in rows] == [
        "output",
        "BLAMED paddle:cpu",
        "MISSED",
        "BLAMED paddle:cpu, torch:cpu",
    ]
    missed, median = detection.claims(rows)
    assert (missed.measured, missed.holds) == (3.0, False) and median.holds
    assert all(claim.holds for claim in detection.claims([row(TORCH)]))
    assert not all(claim.holds for claim in detection.claims([]))


def test_the_page_of_detections_has_a_table_for_each_area():
    names.import_suites(detection.ROOT)
    text = detection.page([row(TORCH, samples=7), row(TORCH, contract="loss.mse")], "torch 2")
    assert "2 of 2 caught" in text and "(torch 2)" in text
    assert "## forward" in text and "| leaky | torch:cpu | nn.relu | 7 | 250.0 ms | output |" in text
    assert text.index("## forward") < text.index("## loss")


def test_nothing_to_detect_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(detection, "measure", lambda word: [])
    assert detection.main(["-k", "no such"]) == 2
    assert "'no such'" in capsys.readouterr().err


def test_a_port_too_small_to_time_is_refused(capsys):
    for arguments in (["--rounds", "0"], ["--batch", "0"], ["--size", "32"]):
        with pytest.raises(SystemExit) as error:
            porting_speed.main(arguments)
        assert error.value.code == 2 and "--size 33" in capsys.readouterr().err


def test_a_port_that_agrees_is_timed_without_a_trace(tmp_path):
    path = tmp_path / "resnet18.py"
    path.write_text(porting_speed.PAIR.format(size=33, batch=2), "utf-8")
    lanes = {lane.spec.framework: lane for lane in started_lanes()}
    found, traces = porting_speed.measure(path, lanes, 1)
    assert traces == 0 and len(found) == 7
    assert all(len(times) == 1 and times[0] > 0 for times in found.values())


def test_a_time_beside_other_work_fails_no_claim_and_a_nan_always_does(capsys):
    assert claims.judged([claims.Claim("time", 3.0, 2.0, loaded=True)]) == 0
    assert capsys.readouterr().out.startswith("not measured")
    assert claims.judged([claims.Claim("time", 3.0, 2.0, loaded=False)]) == 1
    assert claims.judged([claims.Claim("time", float("nan"), 2.0, loaded=True)]) == 1
    assert claims.is_loaded(3.0, 2.0) and not claims.is_loaded(2.1, 2.0)


def turns(*rates: float) -> gate_speed.Turns:
    return gate_speed.Turns(100, tuple(100 / rate for rate in rates), tuple(50 / rate for rate in rates))


@pytest.mark.parametrize(
    ("before", "now", "code", "told"),
    [
        (turns(100, 110, 90), turns(200, 210, 190), 0, "holds  small operations"),
        (turns(100, 110, 90), turns(100, 110, 90), 1, "FAILS  small operations"),
        (turns(100, 110, 90), turns(100, 190, 90), 0, "not measured, since other work ran beside it"),
    ],
)
def test_two_checkouts_are_compared_in_turns(monkeypatch, capsys, tmp_path, before, now, code, told):
    monkeypatch.setattr(gate_speed, "in_turns", lambda checkouts, prefixes, rounds: [before, now])
    monkeypatch.setattr(gate_speed, "COMPARED", [("small operations", "nn.", 1.3)])
    assert gate_speed.main(["--against", str(tmp_path)]) == code
    out = capsys.readouterr().out
    assert told in out and "50 %" in out


def test_a_turn_that_breaks_off_says_why(monkeypatch, capsys, tmp_path):
    assert gate_speed.main(["--against", str(tmp_path / "nothing"), "--rounds", "1"]) == 2
    assert "ended with status 1" in capsys.readouterr().err
