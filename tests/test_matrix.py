"""The version matrix: plans, keeps what is finished, and tells what cannot be had."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.matrix import cells, command, engines, environments
from conformance.matrix.cells import DONE, NOT_INSTALLED, Cell

# A matrix of small projects, without installing anything


@pytest.fixture
def small(project, monkeypatch: pytest.MonkeyPatch):
    """The cells run the small project; "installing" makes an interpreter whose lanes say the release."""

    def make(folder: Path, framework: str, release: str) -> Path:
        if release == "9.9":
            raise environments.InstallationError("there is no such release")
        python = folder / "bin" / "python"
        python.parent.mkdir(parents=True)
        fault = "double" if release == "3.1.0" else ""
        python.write_text(
            f'#!/bin/sh\n{framework.upper()}_VERSION={release} FAULT={fault} exec {sys.executable} "$@"\n'
        )
        python.chmod(0o755)
        made.append(release)
        return folder

    made: list[str] = []
    monkeypatch.setattr(cells, "ROOT", project.folder)
    monkeypatch.setattr(environments, "make", make)
    monkeypatch.setattr(environments, "uv", lambda: "uv")
    for name, value in project.environment().items():
        monkeypatch.setenv(name, value)
    return made


def matrix(out: Path, *more: str) -> int:
    return main(["matrix", "--out", str(out), *more])


RELEASES = ("--paddle", "3.3.1, 3.0.0,9.9,3.1.0", "--torch", "2.15.0")


def test_a_matrix_and_its_table(small, tmp_path, capsys):
    out = tmp_path / "out"
    assert matrix(out, *RELEASES) == 1  # one release has no verdicts
    told = capsys.readouterr().out
    assert "paddle-9.9: not installed (there is no such release)" in told
    assert "paddle-3.1.0: 1 agree, 1 known divergence, 1 diverge" in told and "/5, about" in told
    made = json.loads((out / "matrix.json").read_text())
    assert [cell["status"] for cell in made["cells"]] == [DONE, DONE, DONE, DONE, NOT_INSTALLED]
    assert [(change["contract"], change["release"]) for change in made["changes"]] == [
        ("small.double", "3.1.0"),
        ("small.double", "3.3.1"),
    ]
    assert made["changes"][0]["to"].startswith("diverge: ")
    assert "| small.double | ✓ | ✓ | ✗ | ✓ | · |" in (out / "matrix.md").read_text()
    assert not list((out / "environments").glob("*")) and str(tmp_path) not in (out / "matrix.json").read_text()


def test_what_is_finished_is_not_run_again(small, tmp_path, capsys):
    assert matrix(tmp_path, "--paddle", "3.0.0") == 0
    first = (tmp_path / "matrix.json").read_text()
    assert matrix(tmp_path, "--paddle", "3.0.0") == 0
    assert small == ["3.0.0"] and (tmp_path / "matrix.json").read_text() == first
    assert "1 of 1 cells are done already" in capsys.readouterr().out
    assert matrix(tmp_path, "--paddle", "3.0.0,3.3.1") == 0
    assert small == ["3.0.0", "3.3.1"]
    assert matrix(tmp_path, "--paddle", "3.0.0", "--", "-k", "double") == 0  # other options, other results
    assert small == ["3.0.0", "3.3.1", "3.0.0"]
    (tmp_path / "cells" / "paddle-3.3.1.json").write_text('{"half')
    assert matrix(tmp_path, "--paddle", "3.3.1") == 0
    assert small[-1] == "3.3.1"


def test_an_interrupted_matrix_goes_on(small, tmp_path, monkeypatch, capsys):
    whole = cells.run

    def interrupted(cell: Cell, *rest: Any) -> dict[str, Any]:
        if cell.release == "3.1.0":
            raise KeyboardInterrupt
        return whole(cell, *rest)

    monkeypatch.setattr(engines, "run", interrupted)
    assert matrix(tmp_path, "--paddle", "3.0.0,3.1.0", "--jobs", "1") == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    monkeypatch.setattr(engines, "run", whole)
    assert matrix(tmp_path, "--paddle", "3.0.0,3.1.0") == 0
    assert small == ["3.0.0", "3.1.0"]


def test_cells_that_end_along_with_one_that_fails_are_not_lost(monkeypatch, tmp_path):
    def ended(cell: Cell, *rest: Any) -> dict[str, Any]:
        if cell.release == "9":
            raise KeyboardInterrupt
        return {"cell": cell}

    def tell(cell: Cell, text: str) -> None: ...

    monkeypatch.setattr(engines, "run", ended)
    monkeypatch.setattr(engines, "wait", lambda futures, return_when: wait(futures))  # all at once
    found = []
    with pytest.raises(KeyboardInterrupt):
        for outcome in engines.local([Cell("torch", str(n)) for n in range(10)], tmp_path, False, 1, tell):
            found.append(outcome["cell"].release)
    assert sorted(found) == [str(n) for n in range(9)]


def test_environments_are_kept_on_request(small, tmp_path):
    assert matrix(tmp_path, "--paddle", "3.0.0", "--keep-environments", "--environments", str(tmp_path / "e")) == 0
    assert (tmp_path / "e" / "paddle-3.0.0" / "bin" / "python").exists()


def test_a_full_disk_is_a_cell_that_says_so(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cells, "MINIMUM_FREE", 2**80)
    assert matrix(tmp_path, "--paddle", "3.0.0") == 1
    assert "paddle-3.0.0: not installed (the disk is full: " in capsys.readouterr().out
    assert not small


def test_a_lane_that_cannot_start_is_a_cell_that_says_so(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NUMPY_LANES", "torch")
    assert matrix(tmp_path, "--paddle", "3.0.0") == 1
    assert "paddle-3.0.0: broken (lane paddle:cpu: importing or starting paddle failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no release was named; for example --torch 2.4.1,2.15.0"),
        (["--torch", "newest"], "--torch: 'newest' is no release number such as 2.15.0"),
        (["--torch", "2.15.0+static"], "--torch: +static is a mode of paddle; torch knows +compile, "),
        (["--paddle", "3.3.1,3.3.1+sttic"], "--paddle: unknown mode +sttic; paddle knows +static, "),
        (["--torch", "2.15.0", "--jobs", "0"], "--jobs 0: at least one cell"),
        (["--torch", "2.15.0", "--engine", "ray", "--address", "nowhere:1"], "no Ray cluster answers at nowhere:1"),
    ],
)
def test_what_cannot_be_run(small, tmp_path, capsys, arguments, says):
    if "ray" in arguments:
        pytest.importorskip("ray")
    assert matrix(tmp_path, *arguments) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1


def test_two_matrices_do_not_share_a_folder(small, tmp_path, capsys):
    with open(tmp_path / ".lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert matrix(tmp_path, "--paddle", "3.0.0") == 2
    assert "another matrix is writing there" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to(small, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert matrix(tmp_path / "file", "--paddle", "3.0.0") == 2
    assert "cannot write there" in capsys.readouterr().err


def test_without_ray_the_engine_says_what_to_install(small, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    assert matrix(tmp_path, "--paddle", "3.0.0", "--engine", "ray") == 2
    assert "pip install --group ray" in capsys.readouterr().err


# Environments


def test_what_a_release_needs():
    assert environments.requirements("torch", "2.4.1") == [
        "torch==2.4.1",
        "ml-dtypes",
        "pillow",
        "safetensors",
        "scipy",
        "setuptools",
        "torchvision>=0.15",
        "numpy",
    ]
    assert environments.requirements("paddle", "2.6.2")[-1] == "numpy<2"


@pytest.fixture
def fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "bin" / "uv"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/calls\n'
        'if [ "$1" = venv ]; then for last; do :; done; mkdir -p "$last/bin"; touch "$last/bin/python"; exit 0; fi\n'
        'case "$*" in *==9.9*) printf "  \\303\\227 No solution found\\n  \\342\\225\\260 no torch==9.9\\n" >&2; '
        "exit 1;; esac\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "calls"


def test_an_environment_is_made_once(fake_uv, tmp_path):
    for _ in range(2):
        assert environments.make(tmp_path / "e", "torch", "2.4.1") == tmp_path / "e"
    assert fake_uv.read_text().count("torch==2.4.1") == 1
    (tmp_path / "e" / "complete").unlink()  # one that was left half-made is made again
    environments.make(tmp_path / "e", "torch", "2.4.1")
    assert fake_uv.read_text().count("torch==2.4.1") == 2


def test_an_environment_that_lacks_what_is_needed_by_now_is_given_it(fake_uv, tmp_path):
    environments.make(tmp_path / "e", "torch", "2.4.1")
    (tmp_path / "e" / "complete").write_text("torch==2.4.1")
    environments.make(tmp_path / "e", "torch", "2.4.1")
    calls = fake_uv.read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["venv", "pip", "pip"] and " scipy " in calls[-1]


def test_what_cannot_be_installed_is_told_on_one_line(fake_uv, tmp_path):
    with pytest.raises(environments.InstallationError, match=r"^No solution found no torch==9\.9$"):
        environments.make(tmp_path / "e", "torch", "9.9")


def test_a_cell_travels_as_json():
    cell = Cell("torch", "2.4.1", "cuda", "explore", ("-k", "optim"))
    assert Cell.of(json.loads(json.dumps(cell.plain))) == cell
    assert cell.name == "torch-2.4.1-cuda" and command.plan(
        command_line("--torch", "2.4.1", "--device", "gpu", "--profile", "explore", "--out", "x", "--", "-k", "optim")
    ) == [cell]


def test_a_release_may_be_run_in_modes(tmp_path, monkeypatch):
    options = command_line("--torch", "2.4.1, 2.4.1+threads=2+compile=aot_eager,2.4.1+compile", "--out", "x")
    plain, first, other = command.plan(options)
    assert (plain.modes, first.modes, other.modes) == ((), ("compile=aot_eager", "threads=2"), ("compile=inductor",))
    assert Cell.of(json.loads(json.dumps(first.plain))) == first
    assert [cell.name for cell in (plain, first, other)] == [
        "torch-2.4.1",
        "torch-2.4.1+compile=aot_eager+threads=2",
        "torch-2.4.1+compile",
    ]
    made: list[tuple[str, str]] = []
    ran: list[list[str]] = []

    def execute(command: list[str], *rest: Any) -> tuple[int, str]:
        ran.append(command)
        return 1, "ERROR: no"

    monkeypatch.setattr(environments, "make", lambda folder, framework, release: made.append((folder.name, release)))
    monkeypatch.setattr(cells.processes, "execute", execute)
    outcome = cells.run(first, tmp_path / first.name, keep=True)
    assert made == [(first.name, "2.4.1")]  # an environment has its release, whatever the mode
    assert f"--lane=torch:cpu+compile=aot_eager+threads=2@{tmp_path / first.name}" in ran[0]
    assert outcome["cell"]["modes"] == ["compile=aot_eager", "threads=2"] and outcome["reason"] == "no"


def command_line(*arguments: str) -> Any:
    import argparse

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)
