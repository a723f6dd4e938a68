"""What others read of a run: annotations, badge, properties of JUnit, progress, and the action in a strange tree."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.progress import Progress
from conformance.report import outside
from tests.test_installed import NETWORK, PAIR_BY_NAME, ROOT, Installed, installed

__all__ = ["installed"]
FAILED = {"id": "nn.relu", "verdict": "diverge", "failure": {"message": "50 % off:\nat [0], 1"}}
FINE = {"id": "nn.tanh", "verdict": "agree", "failure": None}


# Annotations and badge


def test_a_failure_is_annotated_at_its_line():
    places = {"nn.relu": ("suites/a,b.py", 7)}
    (told,) = outside.workflow_commands({"contracts": [FAILED, FINE]}, places)
    assert told == ("::error file=suites/a%2Cb.py,line=7,title=nn.relu%3A diverge::50 %25 off:%0Aat [0], 1")
    (told,) = outside.workflow_commands({"contracts": [FAILED]}, {})
    assert told.startswith("::error title=nn.relu%3A diverge::")


def test_the_line_is_that_of_the_declaration(tmp_path):
    path = tmp_path / "test_law.py"
    path.write_text('"""nn.relu"""\n\n\n@contract("nn.relu", area="x")\nclass relu:\n    pass\n')
    assert outside.line_of(path, "nn.relu") == 4 and outside.line_of(path, "nn.lost") == 1
    assert outside.line_of(tmp_path / "none.py", "nn.relu") == 1
    rows = [{"id": "port.net.forward", "details": {"pair": str(path)}}, {"id": "nn.lost"}]
    assert outside.places({"contracts": rows}, tmp_path) == {"port.net.forward": ("test_law.py", 1)}


@pytest.mark.parametrize(
    ("verdict", "speaks", "message", "colour"),
    [
        ("pass", {"judged": 340, "counterparts": 397}, "pass, 340 of 397 calls", "brightgreen"),
        ("fail", None, "fail", "red"),
        ("incomplete", {"judged": 0, "counterparts": 397}, "incomplete", "orange"),
    ],
)
def test_the_badge(verdict, speaks, message, colour):
    made = json.loads(outside.badge({"verdict": verdict, "speaks_for": speaks}))
    assert made == {"schemaVersion": 1, "label": "conformance", "message": message, "color": colour}


def test_properties_of_junit():
    record: dict[str, Any] = {"id": "a.b", "area": "a", "verdict": "known divergence", "samples": 3}
    record |= {"worst": {"torch:cpu": {"x": 0.25, "y": "inf"}}, "known": {"k": {"id": "odd"}}}
    assert outside.properties(record) == [
        *(("contract", "a.b"), ("area", "a"), ("verdict", "known divergence"), ("samples", "3")),
        *(("largest_margin", "inf"), ("known", "odd")),
    ]
    assert len(outside.properties({**record, "worst": {}, "known": {}})) == 4


# Progress


def watched(in_place: bool) -> tuple[Progress, list[str], list[float]]:
    written: list[str] = []
    now = [0.0]
    return Progress(10, written.append, in_place, 60, lambda: now[0]), written, now


def test_progress_stays_on_one_line_of_a_terminal():
    made, written, now = watched(True)
    now[0] = 4.0
    made.ended("a", False)
    made.ended("b", True)
    assert written[0].strip() == "1 of 10 done in 4 s, about 36 s left"
    assert written[1].startswith("\r2 of 10 done in 4 s, about 16 s left; red: b") and len(written[1]) == 60
    made.over()
    assert not written[-1].strip()


def test_progress_is_a_line_now_and_then_in_a_log():
    made, written, now = watched(False)
    for second in range(1, 10):
        now[0] = 5.0 * second
        made.ended(f"law{second}", second == 5)
    assert [text.partition(" of")[0] for text in written] == ["3", "5", "8"]
    assert all(text.endswith("\n") for text in written) and "; red: law5" in written[-1]
    made.red += list("abcdef")
    assert made.line().endswith("red: law5, a, b, c and 3 more")


# The action


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A repository that knows nothing of this project, with a port of its own."""
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "test_own.py").write_text("def test_own():\n    assert False, 'not the action's business'\n")
    nets = tmp_path / "ports" / "nets"
    nets.mkdir(parents=True)
    for framework, base in (("torch", "Module"), ("paddle", "Layer")):
        (nets / f"net_{framework}.py").write_text(NETWORK.format(framework=framework, base=base))
    (tmp_path / "ports" / "pair.py").write_text(PAIR_BY_NAME)
    return tmp_path


def acted(installed: Installed, where: Path, **inputs: str) -> tuple[int, str, dict[str, str]]:
    """Run the steps of action.yml in a folder: exit status, output, and what the action puts out."""
    yaml = pytest.importorskip("yaml")
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    unknown = {name: value for name, value in inputs.items() if name.replace("_", "-") not in action["inputs"]}
    output = where / "github-output"
    output.write_text("")
    (step,) = action["runs"]["steps"]
    environment = installed.environment(GITHUB_ACTION_PATH=str(ROOT), GITHUB_OUTPUT=str(output), GITHUB_ACTIONS="true")
    for variable, given in step["env"].items():
        name = given.removeprefix("${{ inputs.").removesuffix(" }}")
        environment[variable] = inputs.get(name.replace("-", "_"), action["inputs"][name]["default"])
    environment |= {f"INPUT_{name.upper()}": value for name, value in unknown.items()}
    done = subprocess.run(
        ["bash", "-c", step["run"]], cwd=where, env=environment, capture_output=True, text=True, timeout=300
    )
    lines = [line.partition("=") for line in output.read_text().splitlines()]
    return done.returncode, done.stdout + done.stderr, {name: value for name, _, value in lines}


def test_a_strangers_repository_gates_itself(installed, stranger):
    python = installed.command("python")[0]
    status, told, found = acted(installed, stranger, python=python, arguments="-k nn.relu", lanes="torch")
    assert status == 0 and found == {"verdict": "pass", "report": "conformance-report"}, told
    report = stranger / "conformance-report"
    assert {"index.html", "results.json", "junit.xml", "badge.json", "summary.md"} <= set(os.listdir(report))
    assert 'property name="verdict"' in (report / "junit.xml").read_text()


def test_a_port_that_differs_is_annotated(installed, stranger):
    python = installed.command("python")[0]
    net = stranger / "ports" / "nets" / "net_paddle.py"
    net.write_text(net.read_text().replace("functional.relu(", "functional.gelu("))
    status, told, found = acted(
        installed, stranger, python=python, pair="ports/pair.py", report="out", arguments="-k forward"
    )
    assert status == 1 and found == {"verdict": "fail", "report": "out"}, told
    (line,) = [line for line in told.splitlines() if line.startswith("::error file=")]
    assert line.startswith("::error file=ports/pair.py,line=1,title=") and "relu" in line


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"profile": "quick"}, "profile is gate or explore, not 'quick'"),
        ({"gate_on": "all"}, "gate-on is failures or regressions, not 'all'"),
        ({"pair": "none.py"}, "there is no pair file none.py"),
        ({"python": "no-such-python"}, "there is no interpreter no-such-python"),
        ({"lane": "torch"}, "the action has no input LANE; it has lanes, profile"),
    ],
)
def test_a_wrong_input_is_one_sentence(installed, stranger, inputs, words):
    status, told, found = acted(installed, stranger, **inputs)
    assert status == 2 and found == {} and told.count("\n") == 1
    assert told.startswith("::error title=conformance::") and words in told


def test_an_action_has_what_its_script_reads():
    text = (ROOT / "action.yml").read_text()
    script = (ROOT / ".ci" / "action").read_text()
    for name in ("lanes", "profile", "gate-on", "pair", "arguments", "report", "python"):
        assert f"INPUT_{name.upper().replace('-', '_')}" in text and f"  {name}:" in text
        assert f"INPUT_{name.upper().replace('-', '_')}" in script
