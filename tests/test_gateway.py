"""Lanes in interpreters of their own: the same verdicts, and a crash or a hang that costs one sample."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from conformance.lanes import CallError, LaneError, parse
from conformance.lanes.gateway import GatewayLane, Surroundings
from conformance.lanes.interpreters import exit_reason, gateway_spec, interpreter
from tests.small_project import ROOT, SUITE, SmallProject

CRASHES = '''
import os, signal, sys, time
import numpy as np
from hypothesis import strategies as st
from conformance import Acceptance, Sample, contract

def law(name, torch, paddle=lambda x: x):
    samples = st.integers(0, 3).map(lambda n: [Sample({"x": np.array([n, place], np.float32)}) for place in range(4)])
    body = {"__doc__": "A number stays itself.", "torch": torch, "paddle": paddle}
    body["oracle"] = lambda x: {"output": Acceptance(x.astype("f8"))}
    body = {key: staticmethod(value) if callable(value) else value for key, value in body.items()}
    return contract("crash." + name, area="crash", samples=samples)(type(name, (), body))

def at(third, does):
    """A call that does something on its third sample."""
    def call(x):
        if x[1] == 2:
            does()
        return x
    return call

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def segfault():
    print("about to fall", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)

before = law("before", lambda x: x)
killed = law("killed", at(2, kill))
segfaults = law("segfaults", lambda x: x, at(2, segfault))
leaves = law("leaves", at(2, lambda: os._exit(3)))
sleeps = law("sleeps", at(2, lambda: time.sleep(1000)))
after = law("after", lambda x: x)
RUNNER = ("pytest", "_pytest", "hypothesis", "conformance.plugin")
nothing_of_pytest = law("clean", lambda x: x + any(name in sys.modules for name in RUNNER))
'''


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory):
    project = SmallProject(tmp_path_factory.mktemp("crashes") / "project")
    (project.folder / "suites" / "test_small.py").unlink()
    project.write("fixtures/divergences.toml", "")
    project.write("suites/test_crash.py", CRASHES)
    return project, project.run("--sample-limit=2")


@pytest.mark.parametrize(
    ("name", "lane", "reason"),
    [
        ("killed", "torch:cpu", "was ended by SIGKILL"),
        ("segfaults", "paddle:cpu", "was ended by SIGSEGV"),
        ("leaves", "torch:cpu", "ended itself with status 3"),
        ("sleeps", "torch:cpu", "gave no answer within 2 s, and was ended"),
    ],
)
def test_a_lane_that_dies_costs_one_sample(crashed, name, lane, reason):
    project, run = crashed
    assert run.code == 1 and "INTERNALERROR" not in run.output, run.output
    row = run.contract(f"crash.{name}")
    assert row["verdict"] == "error" and row["failure"]["lanes"] == [lane]
    assert reason in row["failure"]["message"]
    assert ", 2.0] (real)" in row["failure"]["sample"]
    section = run.output.split(f"__ crash.{name} __")[1].split("\n__")[0]
    assert f"{lane} {reason}" in section and ", 2.0]\n" in section and "A number stays itself." in section
    replay = json.loads((project.report / "failures" / f"crash.{name}.json").read_text())
    assert replay["inputs"]["x"]["data"][1] == 2.0


def test_all_other_contracts_have_verdicts(crashed):
    _, run = crashed
    for name in ("before", "after", "clean"):
        assert run.contract(f"crash.{name}")["verdict"] == "agree"
        assert run.contract(f"crash.{name}")["samples"] > 4


def test_the_last_words_of_a_lane_are_told(crashed):
    _, run = crashed
    assert "about to fall" in run.contract("crash.segfaults")["failure"]["message"]
    assert "Fatal Python error: Segmentation fault" in run.output


def test_a_replay_dies_again(crashed):
    project, run = crashed
    import shlex

    command = shlex.split(run.contract("crash.killed")["failure"]["replay"])
    assert "--sample-limit=2" in command
    again = project.execute(command)
    assert again.code == 1 and again.contract("crash.killed")["verdict"] == "error", again.output


def rows(run) -> list[dict]:
    assert run.results is not None, run.output
    return [
        {key: value for key, value in row.items() if "seconds" not in key and key != "failure"}
        for row in run.results["contracts"]
    ]


@pytest.mark.parametrize("fault", ["", "double"])
def test_both_transports_give_the_same_verdicts(project, fault):
    here = project.run("--in-process", "--conformance-report=here", FAULT=fault, DRAWN="a")
    there = project.run("--conformance-report=there", FAULT=fault, DRAWN="b")
    assert here.code == there.code == (1 if fault else 0), there.output
    assert rows(here) == rows(there)
    assert [lane["label"] for lane in there.results["lanes"]] == ["torch:cpu", "paddle:cpu"]
    if not fault:
        assert (project.folder / "a").read_text() == (project.folder / "b").read_text()


def test_two_environments_of_one_framework(project):
    run = project.run(f"--lane=old=paddle@{sys.executable}", "--lane=new=paddle")
    assert run.code == 0, run.output
    assert [lane["label"] for lane in run.results["lanes"]] == ["old", "new"]
    assert run.results["lanes"][0]["where"] == sys.executable


# What cannot be had


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ``ssh`` that knows one machine, this one, in another folder."""
    script = tmp_path / "bin" / "ssh"
    script.parent.mkdir()
    script.write_text(
        '#!/bin/sh\nshift\nif [ "$1" != near ]; then echo no such host >&2; exit 255; fi\n'
        f'shift; cd {tmp_path} && exec env PYTHONPATH={ROOT} sh -c "$*"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return script


def test_a_lane_on_another_machine_brings_its_sources_along(project, fake_ssh):
    away = "x * (2 if 'conformance-' in __import__('conformance').__file__ and '/suites/' in __file__ else 3)"
    project.write("suites/test_small.py", SUITE.replace("return x + x", f"return {away}"))
    run = project.run(f"--lane=far=torch@ssh=near//python={sys.executable}", PATH=os.environ["PATH"])
    assert run.code == 0, run.output
    assert run.results["lanes"][0]["where"].startswith("ssh=near")


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("/no/such/env", ["/no/such/env does not exist; write @ and a virtual environment"]),
        ("{folder}", ["is no virtual environment: it has no", "bin/python"]),
        ("/bin/true", ["lane torch:cpu: /bin/true is not a Python interpreter that runs"]),
        ("{folder}/text", ["is not a Python interpreter that runs (PermissionError"]),
        ("ssh=far", ["the machine far cannot be reached", "try `ssh far` by hand"]),
    ],
)
def test_a_place_that_cannot_be_used(project, fake_ssh, where, says):
    project.write("text", "no program")
    run = project.run(f"--lane=torch@{where.format(folder=project.folder)}", PATH=os.environ["PATH"])
    run.refused(*says)


def test_an_environment_without_the_framework(project):
    run = project.run(f"--lane=torch@{sys.executable}", NUMPY_LANES="paddle")
    run.refused("lane torch:cpu: importing or starting torch failed (ImportError: torch was imported)")


def test_a_lane_elsewhere_cannot_run_in_process(project):
    project.run(f"--lane=torch@{sys.executable}", "--in-process").refused("cannot run --in-process; leave out one")


@pytest.mark.parametrize("limit", ["0", "-1", "soon", "inf", "nan"])
def test_a_limit_that_is_none(project, limit):
    project.run(f"--sample-limit={limit}").refused(f"--sample-limit: '{limit}' is no number of seconds above 0")


# One lane by itself


@pytest.fixture
def lane(numpy_lanes):
    made = GatewayLane(parse("torch"), Surroundings([str(ROOT)], 20.0))
    yield made
    made.stop()


def test_another_version_of_the_project_is_refused(lane):
    lane.surroundings = Surroundings([str(ROOT)], 20.0, sources="another digest")
    with pytest.raises(LaneError, match="lane torch:cpu: it runs another version of this project"):
        lane.start()


def test_an_answer_that_cannot_be_sent_is_told(lane):
    lane.launch()
    lane.start()
    with pytest.raises(CallError, match=r"failed outside of a call: .*is not plain data"):
        lane.answer(lane.call("fractions:Fraction", {"numerator": 1}))


def test_a_module_that_cannot_be_imported_there(lane):
    lane.surroundings = Surroundings([str(ROOT)], 20.0, ["no_such_fault"])
    with pytest.raises(LaneError, match="No module named 'no_such_fault'"):
        lane.start()


@pytest.mark.parametrize("place", ["", "ssh=near//python={python}"], ids=["here", "elsewhere"])
def test_bytecode_is_kept_where_none_may_lie_beside_the_sources(numpy_lanes, fake_ssh, tmp_path, monkeypatch, place):
    package = tmp_path / "packages" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={package.parent}:{ROOT} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = GatewayLane(parse(f"torch@{place.format(python=python) or python}"), Surroundings([str(ROOT)], 20.0))
    made.start()
    made.stop()
    (folder,) = (tmp_path / "cache" / "conformance-bytecode").iterdir()
    kept = {path.name.split(".")[0] for path in folder.rglob("*.pyc")}
    assert "numpy_torch" in kept and ("worker" in kept) == (not place)


def test_exit_statuses_in_words():
    assert exit_reason(-9) == "was ended by SIGKILL"
    assert exit_reason(-99) == "was ended by signal 99"
    assert exit_reason(1) == "ended itself with status 1"
    assert exit_reason(None) == "its connection was lost"


def test_where_a_lane_s_interpreter_is(tmp_path):
    assert interpreter(parse("torch")) == sys.executable
    assert interpreter(parse(f"torch@{sys.executable}")) == sys.executable
    assert interpreter(parse("torch@ssh=far//python=python3")) is None


def test_an_interpreter_may_have_a_space_in_its_path(tmp_path):
    python = tmp_path / "my env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert gateway_spec(parse(f"torch@{tmp_path}/my env")) == f"popen//python='{python}'"
