"""The soak: how many samples and alarms gates had, what adds up, and the bound that they give."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import soak
from benchmarks.gate_speed import GateError

FAILURE = {"lanes": ["torch:cpu"], "message": "off by 1", "ratio": 1.5, "sample": "x=1", "replay": "pytest"}


def row(name: str, samples: int, failure: Any = None) -> dict[str, Any]:
    return {"id": name, "samples": samples, "failure": failure, "verdict": "diverge" if failure else "agree"}


GREEN = {"complete": True, "contracts": [row("nn.a", 60), row("nn.b", 40)]}
RED = {"complete": True, "contracts": [row("nn.a", 60), row("nn.b", 4000, FAILURE)]}


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Puts results in the place of gates, one after the other, the last one again and again; gives what was asked."""

    def put(*outcomes: tuple[Any, int] | BaseException) -> list[Any]:
        asked = []
        following = itertools.chain(outcomes[:-1], itertools.repeat(outcomes[-1]))

        def run(report: Any, options: Any, variables: Any) -> subprocess.CompletedProcess[str]:
            asked.append((options, variables))
            outcome = next(following)
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome[0] is not None:
                (report / "results.json").write_text(json.dumps(outcome[0]))
            return subprocess.CompletedProcess([], outcome[1], "its output", "")

        monkeypatch.setattr(soak, "gate_process", run)
        return asked

    return put


@pytest.mark.parametrize(("alarms", "samples", "bound"), [(1, 10, 0.39416), (2, 20, 0.28262), (3, 3, 1.0)])
def test_the_bound_is_that_of_the_tables(alarms, samples, bound):
    """One-sided 95 % limits, from the quantiles of the beta distribution."""
    assert soak.upper_bound(alarms, samples) == pytest.approx(bound, abs=1e-5)


@pytest.mark.parametrize("samples", [1, 59, 10**6])
def test_the_bound_without_an_alarm(samples):
    assert soak.upper_bound(0, samples) == pytest.approx(1 - 0.05 ** (1 / samples), rel=1e-6)


def test_the_bound_is_where_so_few_alarms_have_a_chance_of_5_percent():
    rate = soak.upper_bound(4, 1000)
    chances = (math.comb(1000, k) * rate**k * (1 - rate) ** (1000 - k) for k in range(5))
    assert sum(chances) == pytest.approx(0.05, rel=1e-6)


def test_gates_take_turns_until_the_samples_are_judged(gates, capsys):
    asked = gates((GREEN, 0))
    assert soak.main(["--samples", "450", "--seed", "1", "--", "-x"]) == 0
    assert [variables["CONFORMANCE_THREADS"] for _, variables in asked] == ["1", "1", "2", "2", "1"]
    assert ["--in-process" in options for options, _ in asked] == [False, True, False, True, False]
    assert len({options[-1] for options, _ in asked}) == 5
    assert all(options[0] == "-x" and options[-1].startswith("--hypothesis-seed=") for options, _ in asked)
    told = capsys.readouterr().out
    assert any(line.split() == ["all", "5", "2", "500", "0"] for line in told.splitlines())
    assert "500 of 450 samples" in told and "0.006 per sample" in told and "0.45 per gate" in told


def test_an_alarm_is_told_with_its_seed_and_counts_once(gates, capsys):
    asked = gates((GREEN, 0), (RED, 1), (GREEN, 0))
    assert soak.main(["--samples", "200", "--threads", "2", "--transport", "in-process"]) == 1
    seed = asked[1][0][-1]
    told = capsys.readouterr().out
    assert "ALARM  nn.b (diverge)" in told and "off by 1" in told and "torch:cpu, ratio 1.5, sample x=1" in told
    assert (
        f"CONFORMANCE_THREADS=2 MKL_NUM_THREADS=2 OMP_NUM_THREADS=2 python -m pytest --in-process {seed} -k nn.b"
        in told
    )
    assert "261 of 200 samples" in told


def test_sessions_of_one_kind_add_up(gates, tmp_path, capsys):
    out = tmp_path / "soak.json"
    asked = gates((RED, 1), (GREEN, 0))
    command = ["--samples", "100", "--seed", "7", "--out", str(out)]
    assert soak.main(command) == 1
    assert soak.main(["--samples", "300", *command[2:]]) == 1
    assert len(asked) == 4 and len({options[-1] for options, _ in asked}) == 4
    kept = json.loads(out.read_text())["gates"]
    assert [gate["samples"] for gate in kept] == [61, 100, 100, 100]

    capsys.readouterr()
    assert soak.main(["--samples", "50", "--out", str(out), "--", "-k", "nn"]) == 0
    assert "4 gates of other sources, releases or options are not counted" in capsys.readouterr().out


def test_sessions_at_the_same_time_keep_each_others_gates(tmp_path):
    first, second = (soak.Soak(tmp_path / "soak.json", []) for _ in range(2))
    for seed, session in enumerate((first, second, first)):
        session.add(soak.Gate(seed, 1, "isolated", session.of, samples=10))
    assert [gate.seed for gate in first.gates] == [0, 1, 2] and first.samples == 30


def test_an_interrupted_soak_tells_what_it_has(gates, capsys):
    gates((RED, 1), KeyboardInterrupt())
    assert soak.main(["--samples", "1000"]) == 1
    told = capsys.readouterr().out
    assert "interrupted" in told and "ALARM  nn.b" in told and "per sample" in told


@pytest.mark.parametrize(
    ("outcome", "status"), [((None, 4), 4), ((GREEN, 1), 1), ((RED, 0), 0), (({**GREEN, "complete": False}, 2), 2)]
)
def test_a_gate_without_a_verdict_ends_the_soak(gates, capsys, outcome, status):
    gates((GREEN, 0), outcome)
    assert soak.main(["--samples", "1000"]) == 2
    captured = capsys.readouterr()
    assert "its output" in captured.err and "0.03 per sample" in captured.out
    with pytest.raises(GateError):
        soak.run_gate(soak.Gate(1, 1, "isolated", {"options": []}))


@pytest.mark.parametrize("text", ["[]", "{", '{"gates": [{"seed": 1}]}'])
def test_a_file_of_another_kind_is_refused(tmp_path, capsys, text):
    out = tmp_path / "soak.json"
    out.write_text(text)
    assert soak.main(["--samples", "1", "--out", str(out)]) == 2
    assert "is no file of this command" in capsys.readouterr().err
    assert out.read_text() == text


@pytest.mark.parametrize("options", [["--threads", "0"], ["--transport", "pigeon"], ["--threads", "two"]])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(SystemExit):
        soak.main(["--samples", "1", *options])
