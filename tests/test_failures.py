"""The text of a failure: who is wrong, by how much, where, and commands that can be pasted and do what they say."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.accuracy import Acceptance, Rejects
from conformance.contract import EXACT, REAL, Contract, Observation, Sample
from conformance.judge import compare, compare_lanes
from conformance.lanes import parse
from conformance.outcomes import Divergence, Judged
from conformance.portable import sample_from_file
from conformance.report import failures
from conformance.report.literals import NoScriptError

LANES = [
    {"framework": "torch", "version": "2.9.9", "device": "cpu", "numpy": "2.0.0", "threads": 1, "tf32": False},
    {"framework": "paddle", "version": "3.9.9", "device": "cpu", "numpy": "2.0.0", "threads": 1, "tf32": False},
]
SAMPLE = Sample({"x": np.array([1.0, 2.0, 3.0], "float32"), "mode": "same"}, REAL)


ACCEPTED = {"output": Acceptance(np.array([1.0, 2.0, 3.0]), 1e-6)}


def call(x, mode):
    return x


def session(folder: Path, labels: tuple[str, ...] = ("torch:cpu", "paddle:cpu"), asked: tuple[str, ...] = ()) -> Any:
    prints = [{"label": label, **lane} for label, lane in zip(labels, LANES, strict=False)]
    specs = [parse(text) for text in asked]
    lanes = [
        SimpleNamespace(label=lane["label"], spec=parse(f"{lane['framework']}@{sys.executable}")) for lane in prints
    ]
    return SimpleNamespace(
        report=folder, asked=specs, repeated=[], replay=None, lanes=lanes, fingerprints=lambda: prints
    )


def seen(value: Any = None, dtype: str = "", error: str | None = None, name: str = "output") -> Observation:
    if error is not None:
        return Observation(error=error)
    array = np.asarray(value, "float32")
    return Observation({name: array}, {name: dtype or str(array.dtype)}, {name: "cpu"})


def law() -> Contract:
    """A contract that is in no registry; at module level it would be collected and run."""
    return Contract(
        id="test.law",
        area="test",
        claim="Both return what they were given.",
        samples=None,
        calls={"torch": call, "paddle": call},
        oracle=lambda **inputs: {},
        variants={},
        gradients=(),
        tensors=True,
        conditioned=False,
        share=1.0,
        may_be_zero=(),
        unsupported={},
        module=__name__,
    )


def diverged(accepted: Any, sample: Sample = SAMPLE, **observations: Observation) -> Divergence:
    """What the runner raises for these observations, by framework."""
    labelled = {f"{framework}:cpu": observation for framework, observation in observations.items()}
    judged = Judged(observations=labelled)
    for label, observation in labelled.items():
        judgement = compare(label, observation, accepted, sample)
        judged.differences += judgement.differences
        judged.ratios.update(judgement.ratios)
        judged.accepted[label] = accepted
    if not judged.differences:
        judged.differences += compare_lanes(labelled, judged.accepted, sample).differences
    assert judged.differences
    return Divergence(law(), sample, judged)


def rendered(error: Divergence, folder: Path, **options: Any) -> str:
    run = session(folder, **options)
    text = failures.render(error, run, failures.describe(error, run))
    assert len(text.splitlines()) <= 18, text
    words = [line for line in text.splitlines() if not line.startswith(("  replay", "  script"))]
    assert max(map(len, words)) <= failures.WIDTH
    return text


def one_line(text: str) -> str:
    return " ".join(text.split())


# Who is wrong.


def test_one_lane_wrong(tmp_path: Path) -> None:
    text = rendered(diverged(ACCEPTED, torch=seen([1, 2, 3.5]), paddle=seen([1, 2, 3.0000005])), tmp_path)
    assert text.startswith("test.law: Both return what they were given.\n")
    told = one_line(text)
    assert "torch:cpu is wrong; paddle:cpu agrees with the oracle, at 0.48 of its bound." in told
    assert "WRONG torch:cpu torch 2.9.9 on cpu, numpy 2.0.0, 1 thread, TF32 off" in told
    assert "agrees paddle:cpu paddle 3.9.9 on cpu" in told
    expected = "torch:cpu output is 3.5, expected 3.0 at [2]; off by 0.5, up to 1e-06 allowed = 5e+05 x the bound"
    assert f"{expected}; 1 of 3 elements outside" in told
    assert "sample x=float32[3][1.0, 2.0, 3.0], mode='same'" in told
    assert text.count("  script  ") == 1 and "torch-cpu.py" in text


def test_both_wrong_alike_points_at_the_oracle(tmp_path: Path) -> None:
    error = diverged(ACCEPTED, torch=seen([1, 2, 4]), paddle=seen([1, 2, 4]))
    told = one_line(rendered(error, tmp_path))
    assert "paddle:cpu and torch:cpu agree with each other and not with the oracle: look first at the claim" in told
    assert told.count("WRONG") == 2 and told.count("script /") == 2


def test_both_wrong_differently(tmp_path: Path) -> None:
    told = one_line(rendered(diverged(ACCEPTED, torch=seen([1, 2, 4]), paddle=seen([1, 2, 5])), tmp_path))
    assert "paddle:cpu and torch:cpu are wrong, each in another way" in told


def test_the_only_lane_wrong(tmp_path: Path) -> None:
    told = one_line(rendered(diverged(ACCEPTED, torch=seen([1, 2, 4])), tmp_path, labels=("torch:cpu",)))
    assert "torch:cpu is wrong; no other lane ran." in told


def test_lanes_that_differ_from_each_other_only(tmp_path: Path) -> None:
    accepted = {"output": Acceptance(np.array([1.0, 2.0, 3.0]), 0.5, between=0.1)}
    error = diverged(accepted, torch=seen([1, 2.25, 3]), paddle=seen([1, 1.75, 3]))
    text = rendered(error, tmp_path)
    told = one_line(text)
    assert "near enough to the oracle, but further from each other than two correct results can be" in told
    assert "apart torch:cpu" in told and "WRONG" not in told
    assert "torch:cpu output is 2.25, on paddle:cpu 1.75 at [1]; off by 0.5, up to 0.1 allowed = 5 x the bound" in told
    scripts = sorted((tmp_path / "failures").glob("*.py"))
    assert [path.name for path in scripts] == ["test.law--paddle-cpu.py", "test.law--torch-cpu.py"]
    told = one_line(scripts[0].read_text())
    assert "Expected: as torch 2.9.9." in told and "expected = 2.25 assert abs(got - expected) <= 0.1" in told


# By how much, and where.


def test_an_error_instead_of_values(tmp_path: Path) -> None:
    trace = "\n\n---------------\nC++ Traceback (most recent call last):\n---------------\n0   paddle::f()\n"
    rule = "-" * 22
    message = f"ValueError: {trace}\n{rule}\nError Message Summary:\n{rule}\nBad shape.\n"
    error = diverged(ACCEPTED, torch=seen([1, 2, 3]), paddle=seen(error=message))
    told = one_line(rendered(error, tmp_path))
    assert "paddle:cpu is wrong" in told and "paddle:cpu raises ValueError: Bad shape." in told
    assert "Traceback" not in told


def test_values_instead_of_an_error(tmp_path: Path) -> None:
    error = diverged(Rejects("the shapes misfit"), torch=seen([1, 2, 3]), paddle=seen(error="ValueError: no"))
    told = one_line(rendered(error, tmp_path))
    assert "torch:cpu accepts the input, but must refuse it: the shapes misfit" in told
    assert "torch:cpu is wrong; paddle:cpu agrees with the oracle." in told


def test_dtype_shape_names_and_masks(tmp_path: Path) -> None:
    right = seen([1, 2, 3])

    def told(wrong: Observation) -> str:
        return one_line(rendered(diverged(ACCEPTED, torch=wrong, paddle=right), tmp_path))

    assert "torch:cpu output dtype is float64, expected float32" in told(seen([1, 2, 3], dtype="float64"))
    assert "torch:cpu output shape is (1, 3), expected (3,)" in told(seen([[1, 2, 3]]))
    assert "torch:cpu lacks output; returns other, which it should not" in told(seen([1, 2, 3], name="other"))
    masks = told(seen([1, np.nan, 3]))
    assert "torch:cpu output is nan, expected 2.0 at [1]; 1 of 3 elements differ in NaN or infinity" in masks


def test_many_quantities_are_cut_to_the_worst(tmp_path: Path) -> None:
    names = [f"quantity{place}" for place in range(9)]
    accepted = {name: Acceptance(np.zeros(1), 1.0) for name in names}
    values = {name: np.full(1, 2.0 + place, "float32") for place, name in enumerate(names)}
    observation = Observation(values, dict.fromkeys(names, "float32"), dict.fromkeys(names, "cpu"))
    text = rendered(diverged(accepted, torch=observation), tmp_path, labels=("torch:cpu",))
    assert "quantity8 is 10.0" in text and "quantity3 " not in text
    assert text.index("quantity4 ") < text.index("quantity8 ")
    assert "... and 4 more" in text


def test_a_long_sample_wraps_between_its_inputs(tmp_path: Path) -> None:
    inputs = {f"input{place}": np.zeros((2, 3, 4), "float32") for place in range(9)}
    error = diverged(ACCEPTED, Sample(inputs, EXACT), torch=seen([1, 2, 4]))
    text = rendered(error, tmp_path, labels=("torch:cpu",))
    lines = text.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("  sample"))
    assert "(small integers, so nothing is rounded) input0=float32[2, 3, 4], input1=" in lines[first]
    assert lines[first + 1].startswith("          input")
    many = Sample({f"input{place}": np.zeros((2, 3, 4), "float32") for place in range(99)}, REAL)
    text = rendered(diverged(ACCEPTED, many, torch=seen([1, 2, 4])), tmp_path, labels=("torch:cpu",))
    assert "... (the replay file has all of it)" in text


# What is written, and the commands.


def test_the_failure_as_data(tmp_path: Path) -> None:
    run = session(tmp_path)
    told = failures.describe(diverged(ACCEPTED, torch=seen([1, 2, 3.5]), paddle=seen([1, 2, 3])), run)
    assert told["lanes"] == ["torch:cpu"] and told["no_script"] == {}
    assert told["message"].startswith("torch:cpu output is 3.5, expected 3.0 at [2]")
    assert told["ratio"] == pytest.approx(5e5)
    assert json.loads(json.dumps(told)) == told
    contract_id, sample = sample_from_file(tmp_path / "failures" / "test.law.json")
    assert contract_id == "test.law" and sample.describe() == SAMPLE.describe()
    exact = diverged(ACCEPTED, Sample(SAMPLE.inputs, EXACT), torch=seen([1, 2, 3.5]))
    assert failures.describe(exact, run)["ratio"] == "inf"
    assert failures.describe(ValueError("bad\nworse"), run) == {"lanes": [], "message": "ValueError: bad worse"}


def test_commands_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a dir").mkdir()
    error = diverged(ACCEPTED, torch=seen([1, 2, 3.5]))
    text = rendered(error, Path("a dir"), labels=("torch:cpu",), asked=("old=torch:cpu", "new=torch:cuda:1+tf32"))
    replay, script = (
        shlex.split(next(line for line in text.splitlines() if line.startswith(f"  {word}  ")))[1:]
        for word in ("replay", "script")
    )
    folder = tmp_path / "a dir"
    assert replay[:3] == [sys.executable, "-m", "pytest"] and replay[3] == __file__
    assert replay[4] == f"--replay={folder / 'failures' / 'test.law.json'}"
    assert replay[5:7] == ["--lane=old=torch:cpu", "--lane=new=torch:cuda:1+tf32"]
    assert replay[7:] == [f"--conformance-report={folder / 'replay'}"]
    assert [str(parse(text.removeprefix("--lane="))) for text in replay[5:7]] == ["old", "new"]
    assert script == [sys.executable, str(folder / "failures" / "test.law--torch-cpu.py")]


def test_labelled_lanes_have_scripts_of_their_own(tmp_path: Path) -> None:
    error = diverged(ACCEPTED, torch=seen([1, 2, 3.5]), paddle=seen([1, 2, 4]))
    labels = {"torch:cpu": "old/one", "paddle:cpu": "new"}
    judged = error.judged
    judged.observations = {labels[lane]: observation for lane, observation in judged.observations.items()}
    judged.accepted = {labels[lane]: accepted for lane, accepted in judged.accepted.items()}
    judged.differences = [replace(difference, lane=labels[difference.lane]) for difference in judged.differences]
    told = failures.describe(error, session(tmp_path, labels=("old/one", "new")))
    assert sorted(told["scripts"]) == ["new", "old/one"]
    assert "import paddle" in Path(told["scripts"]["new"]).read_text()
    assert "import torch" in Path(told["scripts"]["old/one"]).read_text()


def test_scripts_of_an_earlier_failure_go(tmp_path: Path) -> None:
    folder = tmp_path / "failures"
    folder.mkdir()
    stale, other = folder / "test.law--paddle-cpu.py", folder / "test.law_two--paddle-cpu.py"
    for path in (stale, other):
        path.write_text("")
    failures.describe(diverged(ACCEPTED, torch=seen([1, 2, 4]), paddle=seen([1, 2, 3])), session(tmp_path))
    assert not stale.exists() and other.exists()


def test_no_script_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = diverged(ACCEPTED, torch=seen([1, 2, 4]))

    def refuse(*_: Any) -> str:
        raise NoScriptError("it reads the mind of the author")

    monkeypatch.setattr(failures, "script", refuse)
    text = rendered(error, tmp_path, labels=("torch:cpu",))
    assert "  script  none for torch:cpu: it reads the mind of the author" in text

    def fail(*_: Any) -> str:
        raise KeyError("oops")

    monkeypatch.setattr(failures, "script", fail)
    text = rendered(error, tmp_path, labels=("torch:cpu",))
    assert "  script  none for torch:cpu: making it failed (KeyError: 'oops')" in text
    assert [path.name for path in (tmp_path / "failures").iterdir()] == ["test.law.json"]


def test_a_lane_in_a_mode_has_no_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LANES[0], "modes", ["compile=aot_eager"])
    text = rendered(diverged(ACCEPTED, torch=seen([1, 2, 4])), tmp_path, labels=("torch:cpu",))
    assert "  script  none for torch:cpu: a script makes its call as an eager lane does; replay the sample" in text
    assert "+compile=aot_eager" in text


def test_a_folder_that_cannot_be_written_does_not_hide_the_failure(tmp_path: Path) -> None:
    (tmp_path / "failures").write_text("a file")
    text = rendered(diverged(ACCEPTED, torch=seen([1, 2, 4])), tmp_path, labels=("torch:cpu",))
    assert "torch:cpu is wrong" in text
    assert "  replay  none: the sample cannot be written to " in text


# From a failing run to its replay, with a fault that can be switched on.

SUITE = """
    import numpy as np
    from hypothesis import strategies as st
    from conformance import Acceptance, Sample, contract
    from conformance.strategies import fills

    @contract("toy.double", area="toy", samples=fills(lambda fill: {"x": fill((3,)), "cotangent": fill((3,))}),
              gradients=("x",))
    class double:
        "Twice a number is twice the number."

        @staticmethod
        def torch(x):
            import torch
            return torch.add(x, x)

        @staticmethod
        def paddle(x):
            import paddle
            return paddle.add(x, x)

        @staticmethod
        def oracle(x, cotangent):
            made = {"output": x, "gradient.x": cotangent}
            return {name: Acceptance(2.0 * value.astype(float)) for name, value in made.items()}
"""
FAULT = """
    import torch

    right = torch.add
    torch.add = lambda x, y: right(x, y) * 1.5
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = Path(__file__).resolve().parent.parent
    suites = tmp_path / "some project" / "suites"
    suites.mkdir(parents=True)
    (suites / "__init__.py").touch()
    (suites / "test_toy.py").write_text(textwrap.dedent(SUITE))
    (suites.parent / "conftest.py").write_text((root / "conftest.py").read_text())
    (suites.parent / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\n[tool.conformance]\ncontracts = "suites"\n'
    )
    (suites.parent / "fixtures").mkdir()
    (suites.parent / "fixtures" / "divergences.toml").write_text("")
    ids = [line.split('"')[1] for line in SUITE.splitlines() if "@contract(" in line]
    (suites.parent / "fixtures" / "contracts.txt").write_text("\n".join(ids))
    (tmp_path / "fault.py").write_text(textwrap.dedent(FAULT))
    return suites.parent


def test_a_failing_run_can_be_replayed_from_anywhere(project: Path, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(tmp_path)])}

    def run(command: list[str], folder: Path) -> tuple[int, str]:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    first = [sys.executable, "-m", "pytest", "suites", "--lane=torch", "--conformance-report=the report"]
    status, output = run([*first, "--lane-import=fault"], project)
    assert status == 1, output
    commands = {
        word: shlex.split(next(line for line in output.splitlines() if line.startswith(f"  {word}  ")))[1:]
        for word in ("replay", "script")
    }
    results = (project / "the report" / "results.json").read_text()
    status, output = run(commands["replay"], tmp_path)
    assert status == 1 and "torch:cpu is wrong; no other lane ran." in one_line(output), output
    status, output = run([word for word in commands["replay"] if word != "--lane-import=fault"], tmp_path)
    assert status == 0 and "1 contract, 1 sample, " in output, output
    assert (project / "the report" / "results.json").read_text() == results
    status, output = run(commands["script"], tmp_path)
    assert status == 0 and not output, output
    script = Path(commands["script"][1]).read_text()
    (tmp_path / "script.py").write_text(script.replace("torch.add(x, x)", "(torch.add(x, x) * 1.5)"))
    status, output = run([sys.executable, "-I", "script.py"], tmp_path)
    assert status == 1 and "AssertionError: got " in output, output
