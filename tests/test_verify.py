"""Running the reproducers: what each may end with, in which release, and what happens where one cannot be run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.specifiers import SpecifierSet

from conformance import EXACT, Acceptance, Contract, Sample
from conformance.findings import verify
from conformance.findings.page import Finding
from conformance.findings.verify import Outcome, VerifyError
from conformance.ledger import Entry
from conformance.report.reproducers import Reproducer

AGREES, DIVERGES = "assert True", "assert 2 == 1, 'got 2'"


@pytest.fixture
def law(declare: Any) -> Contract:
    return declare(lambda x: x, lambda x: {"output": Acceptance(x * 1.0)}, variant_odd=lambda x: {})


def finding(law: Contract, name: str, versions: str = ">=3", text: str | None = AGREES, **more: Any) -> Finding:
    told: dict[str, Any] = {"contract": law.id, "framework": "paddle", "behaviour": "odd", "reason": "", "upstream": ""}
    witness = Sample({"x": np.ones(1, "f4")}, EXACT)
    made = Entry(id=name, versions=SpecifierSet(versions), witness=witness, **{**told, "device": "", **more})
    return Finding(made, law, Reproducer({}, {}, text))


def says(each: Finding, others: list[Finding], release: str, outcome: Outcome) -> str | None:
    return verify.unlike(each, others, release, {each.entry.id: outcome})


# What a script may end with


def test_in_its_range_a_script_diverges_and_elsewhere_it_agrees(law):
    one = finding(law, "one", "==3.*")
    assert says(one, [one], "3.3", Outcome(1, "y: DIVERGES")) is None
    assert says(one, [one], "3.3", Outcome(0, "")) == "one (==3.*): exit status 0, expected 1: "
    assert says(one, [one], "2.6", Outcome(0, "")) is None
    assert says(one, [one], "2.6", Outcome(1, "DIVERGES")) == "one (==3.*): exit status 1, expected 0: DIVERGES"
    gpu = finding(law, "one", "==3.*", device="gpu")  # its script is taken at its word
    assert says(gpu, [gpu], "3.3", Outcome(1, "DIVERGES")) is None
    for release in ("2.6", "3.3"):
        assert "exit status None" in (says(one, [one], release, Outcome(None, "DIVERGES")) or "")


def test_a_script_outside_of_its_range_may_show_another_entry_of_the_contract(law):
    old, new = finding(law, "old", "<3.2"), finding(law, "new", ">=3.2")

    def unlike(each: Finding, status: int | None, *others: Finding) -> bool:
        shown = Outcome(status, "DIVERGES" if status else "")
        return says(each, list(others or (old, new)), "3.3.1", shown) is not None

    assert [unlike(old, status) for status in (0, 1, None)] == [False, False, True]
    assert [unlike(new, status) for status in (0, 1, None)] == [True, False, True]
    for other in (replace(new.entry, framework="torch"), replace(new.entry, contract="small.other")):
        assert unlike(old, 1, old, replace(new, entry=other))
    assert not unlike(old, 1, old, replace(new, entry=replace(new.entry, device="cpu")))


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("one\n  two\n", "one two"),
        ("a" * 300, "a" * 197 + "..."),
    ],
)
def test_what_a_script_says_is_told_on_one_line(law, output, told):
    one = finding(law, "one", "<2")
    assert says(one, [one], "3", Outcome(1, output)) == f"one (<2): exit status 1, expected 0: {told}"


# Running them


def test_a_process_that_dies_is_told_and_the_rest_is_run(law):
    texts = {
        "agrees": AGREES,
        "dies": "import os, sys\nprint('x\\n y', file=sys.stderr)\nos.abort()",
        "raises": "raise ValueError('as asked')",
        "other": 'import os\nos.write(1, b\'{"name": "last.py"}\\n[]\\n3\\n\')\nraise SystemExit(2)',
        "last": DIVERGES,
    }
    done = verify.run(Path(sys.executable), [finding(law, name, text=text) for name, text in texts.items()])
    assert {name: outcome.status for name, outcome in done.items()} == {
        "agrees": 0,
        "dies": None,
        "raises": None,
        "other": None,
        "last": 1,
    }
    assert done["dies"].output.startswith("ended with -6: x y")
    assert (done["raises"].output, done["last"].output) == ("ValueError: as asked", "got 2")


def test_a_script_knows_nothing_of_this_project_and_leaves_nothing_behind(law, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    text = "import os\nprint(sorted(os.listdir()))\nopen('left', 'w')\nimport conformance"
    (outcome,) = verify.run(Path(sys.executable), [finding(law, "one", text=text)]).values()
    assert outcome.output.startswith("['one.py']\nModuleNotFoundError: ") and not Path("left").exists()


def test_a_script_that_fails_among_others_is_run_again_alone(law, monkeypatch, capsys):
    asked: list[list[str]] = []

    def run(python: Path, findings: list[Finding]) -> dict[str, Outcome]:
        assert python == Path(sys.executable)
        asked.append([each.entry.id for each in findings])
        agrees = len(findings) == 1 and asked[-1] == ["spoilt"]
        return {each.entry.id: Outcome(1 if agrees or each.entry.id == "good" else 0, "DIVERGES") for each in findings}

    monkeypatch.setattr(verify, "versions", {Path(sys.executable): {"paddle": "3.3", "torch": "2.15"}}.__getitem__)
    monkeypatch.setattr(verify, "run", run)
    findings = [finding(law, name) for name in ("good", "spoilt", "bad", "worse")]
    findings += [finding(law, "mute", text=None), finding(law, "other", "<2", framework="torch")]
    assert verify.main(findings, [Path(sys.executable)]) == 1
    assert asked == [["good", "spoilt", "bad", "worse"], ["spoilt"], ["bad"], ["worse"], ["other"]]
    assert capsys.readouterr().out.splitlines() == [
        "paddle 3.3: 4 scripts, 2 agree, 2 not as the ledger says",
        "  bad (>=3): exit status 0, expected 1: DIVERGES",
        "  worse (>=3): exit status 0, expected 1: DIVERGES",
        "torch 2.15: 1 scripts, 1 agree, 0 not as the ledger says",
    ]
    assert verify.main([findings[0]], [Path(sys.executable)]) == 0


# Interpreters


def test_an_interpreter_or_its_folder(tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    assert verify.executable(tmp_path) == verify.executable(python) == python
    windows = tmp_path / "windows" / "Scripts" / "python.exe"
    windows.parent.mkdir(parents=True)
    windows.touch()
    assert verify.executable(tmp_path / "windows") == windows
    with pytest.raises(VerifyError, match=r"^there is no interpreter .*nothing; give one, or the folder of an env"):
        verify.executable(tmp_path / "nothing")


def script(folder: Path, text: str) -> Path:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_frameworks_of_an_interpreter(tmp_path):
    echo = script(tmp_path, 'echo a warning; echo \'{"torch": "2.15"}\'')
    assert verify.versions(echo) == {"torch": "2.15"}
    assert verify.versions(script(tmp_path, 'printf \'{"torch": "%s"}\' "$1 $2 $3 $4"')) == {"torch": "-I -W ignore -c"}
    for nothing in ("echo '{}'", "exit 1"):
        with pytest.raises(VerifyError, match=r"python can import neither of torch, paddle; install one there$"):
            verify.versions(script(tmp_path, nothing))


def test_an_interpreter_that_hangs_or_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "SECONDS", 0.2)
    with pytest.raises(VerifyError, match=r"python did not finish within 0\.2 s$"):
        verify.versions(script(tmp_path, "exec sleep 5"))
    (tmp_path / "python").chmod(0o644)
    with pytest.raises(VerifyError, match=r"python cannot be run: Permission denied$"):
        verify.versions(tmp_path / "python")


def test_what_asks_an_interpreter_is_a_program(tmp_path):
    """Run with packages that are empty but for a version."""
    code = verify._VERSIONS % (("small_framework", "not_there"),)
    (tmp_path / "small_framework.py").write_text("__version__ = '1.2'")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == '{"small_framework": "1.2"}\n', done.stderr
