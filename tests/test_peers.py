"""The comparison with other tools: what an answer is worth, the table, and faults that are in place only meanwhile."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest

from benchmarks import peer_pairs, peer_tools, peers
from benchmarks.peer_faults import CASES, CONTROLS, FAULTS, NORM_EVAL, NORMALIZED, ORDER, PAIRS, PLAIN, Case
from benchmarks.peers import Answer, Verdict

FAULT = CASES["step skipped"]
CONTROL = CASES[PLAIN]


class FakeSide:
    """A process of tools that raise an alarm for the cases of a list, in the third draw of a correct pair alone."""

    def __init__(self, *alarms: str) -> None:
        self.alarms = alarms

    def check(self, tool: str, asked: list) -> dict:
        case, draw = asked
        alarm = case in self.alarms and (bool(CASES[case].faults) or draw == 2 or tool == peers.HERE)
        return {"alarm": alarm, "told": "train.step: loss differs on paddle:cpu" if alarm else "", "seconds": 0.5}


def answers_of(**alarms: tuple[str, ...]) -> peers.Answers:
    sides = {name: FakeSide(*alarms.get(name, ())) for name in peer_tools.SIDES}
    return peers.measure(sides, [CONTROL, FAULT])


@pytest.mark.parametrize(
    ("alarm", "on_control", "found"),
    [
        (False, False, Verdict.MISSED),
        (False, True, Verdict.MISSED),
        (True, False, Verdict.CAUGHT),
        (True, True, Verdict.EITHER_WAY),
    ],
)
def test_a_fault_is_caught_where_the_pair_without_it_passes(alarm, on_control, found):
    answers = {
        (FAULT.name, "tool", 0): Answer(alarm, "", 0.0),
        (CONTROL.name, "tool", 0): Answer(on_control, "", 0.0),
    }
    assert peers.verdict(FAULT, "tool", answers) is found


def test_one_alarm_of_several_draws_is_a_false_alarm():
    answers = answers_of(records=(PLAIN,))
    assert peers.cell(CONTROL, "reprod_log", answers) == f"false alarm, 1 of {peers.DRAWS}"
    assert peers.cell(CONTROL, "PaDiff", answers) == "passes"


@pytest.mark.parametrize("name", sorted(set(PAIRS) - set(peer_tools.WHOLE)))
def test_the_laws_of_a_pair_judge_the_very_pair_that_no_contract_takes(name):
    case, begin = CASES[name], peer_pairs.start(name, 0, 4)
    assert peer_tools.contracts(case, begin) == ""
    with CASES["convolution * (1 + 1e-3)"].injected():
        assert peer_tools.contracts(case, begin).startswith("porting.forward: outputs.0")


def test_the_laws_of_a_pair_compare_the_values_that_the_pair_starts_from():
    case, begin = CASES[NORM_EVAL], peer_pairs.start(NORM_EVAL, 0, 4)
    with CASES["biases left out"].injected():
        assert peer_tools.contracts(case, begin).startswith("porting.tensors: the weights are not carried over")


def test_the_table_has_every_case_every_tool_and_the_sums(capsys):
    answers = answers_of(contracts=(FAULT.name,), padiff=(PLAIN,))
    page = peers.page([CONTROL, FAULT], answers, "tool 1.0")
    assert "(tool 1.0)" in page and f"| {FAULT.name} | paddle | caught | missed" in page
    assert "1 by the gate here" in page and "0 by reprod_log" in page
    assert f"| {FAULT.name} | train.step: loss differs on paddle:cpu |" in page
    sums = {row[0]: row[2:] for row in peers.totals([CONTROL, FAULT], answers)}
    assert sums["caught, of 1"] == ("1", "0", "0", "0", "0", "0")
    assert sums["missed, of 1"] == ("0", "1", "1", "1", "1", "1")
    assert sums["false alarm, of 1"] == ("0", "1", "1", "1", "0", "0")


@pytest.mark.parametrize(
    ("alarms", "failed"),
    [((FAULT.name,), 0), ((), 2), ((FAULT.name, PLAIN), 2)],  # right; missed, so that nobody is blamed; a false alarm
)
def test_what_is_claimed_of_the_gate_here_fails_where_it_is_wrong(alarms, failed):
    claims = peers.claims([CONTROL, FAULT], answers_of(contracts=alarms))
    assert sum(not claim.holds for claim in claims) == failed


@pytest.mark.parametrize("name", [PLAIN, NORMALIZED, ORDER])
def test_the_contract_of_the_step_judges_the_very_pair(name, monkeypatch):
    case, begin = CASES[name], peer_pairs.start(name, 0, 2)
    monkeypatch.setattr(peer_tools, "cached_failure", lambda fault: "")
    assert peer_tools.contracts(case, begin) == ""
    with CASES["leaky ReLU"].injected():
        assert peer_tools.contracts(case, begin).startswith("train.step")


def test_the_wrong_side_is_no_catch():
    fault = CASES["convolution has stride 2"]
    answers = {(fault.name, peers.HERE, 0): Answer(True, "train.step: loss differs on paddle:cpu", 0.0)}
    assert not peers.blames(fault, answers)


def test_every_pair_with_a_fault_is_a_control_too():
    assert [case.name for case in CONTROLS] == list(PAIRS)
    assert {case.pair for case in FAULTS} <= set(PAIRS)
    assert len(CASES) == len(CONTROLS) + len(FAULTS), "two cases have one name"
    assert len(FAULTS) >= 30 and all(case.faults for case in FAULTS)


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.name)
def test_a_fault_is_in_place_only_meanwhile(case: Case):
    importlib.import_module("torch")
    importlib.import_module("paddle")
    places = [fault.target.partition(":")[::2] for fault in case.faults]

    def now() -> list:
        found = []
        for module, path in places:
            owner = importlib.import_module(module)
            for name in path.split("."):
                owner = getattr(owner, name)
            found.append(owner)
        return found

    before = now()
    with case.injected():
        assert all(one is not other for one, other in zip(before, now(), strict=True))
    assert all(one is other for one, other in zip(before, now(), strict=True))


@pytest.mark.parametrize("pair", PAIRS)
def test_both_sides_of_a_correct_pair_record_the_same(pair):
    begin = peer_pairs.start(pair, 0, 2)
    theirs, ours = (peer_pairs.record(framework, pair, begin) for framework in peer_pairs.FRAMEWORKS)
    assert theirs.keys() == ours.keys()
    for name, array in theirs.items():
        np.testing.assert_allclose(
            ours[name], array, rtol=1e-3, atol=max(1e-6, 1e-3 * np.abs(array).max()), err_msg=name
        )


@pytest.mark.parametrize(
    "name",
    ["leaky ReLU", "gradient of convolutions' weights doubled", "Adam without bias correction", "biases left out"],
)
def test_a_fault_changes_what_is_recorded(name):
    case = CASES[name]
    begin = peer_pairs.start(case.pair, 0, 2)
    framework = case.side
    right = peer_pairs.record(framework, case.pair, begin)
    with case.injected():
        wrong = peer_pairs.record(framework, case.pair, begin)
    assert any(not np.array_equal(wrong[key], array) for key, array in right.items())


def test_what_a_framework_refuses_is_an_alarm_with_its_words():
    case = CASES["convolution has stride 2"]
    begin = peer_pairs.start(case.pair, 0, 2)
    answered = peer_tools.answer(lambda *_: str(peer_pairs.record("torch", case.pair, begin) and ""), case, begin)
    assert answered["alarm"] and answered["told"].startswith("RuntimeError")


def test_what_the_gate_here_raises_is_no_catch(monkeypatch):
    monkeypatch.setattr(peer_tools, "_gate", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        peer_tools.answer(peer_tools.contracts, CONTROL, peer_pairs.start(PLAIN, 0, 2))


def test_running_statistics_are_left_out_of_evaluation_alone():
    assert CASES["running statistics left out"].pair == NORM_EVAL


def test_without_the_other_tools_one_sentence_says_how_to_get_them(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert peers.main([]) == 2
    assert "tox run -e peers" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        peers.main(["--write", "-k", "ReLU"])
