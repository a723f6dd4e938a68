"""Ctrl-C during ``python -m conformance transfer``: exit code 130, one sentence, and every file as it was."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from conformance.__main__ import main
from conformance.porting.pair import PairError
from conformance.transfer import carry
from conformance.transfer import check as carry_check
from tests.faults.fault import started_lanes
from tests.test_interruption import hear_interrupts

ROOT = Path(__file__).resolve().parent.parent
SAID = "interrupted: nothing was written\n"
PAIR = """
import paddle, torch
torch_model = lambda: torch.nn.Linear(4, 3)
paddle_model = lambda: paddle.nn.Linear(4, 3)
inputs = ("batch", 4)
"""
COMMAND = ["transfer", "port.py", "--from", "a.pth", "--to", "a.pdparams", "--force"]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder, with a pair, a trained model, and a file to be replaced."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "port.py").write_text(PAIR, "utf-8")
    torch.save(torch.nn.Linear(4, 3).state_dict(), "a.pth")
    (tmp_path / "a.pdparams").write_text("old", "utf-8")
    return tmp_path


def held(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, and an entry for each other thing."""
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize("stage", ["_write", "verify", "replace"])
def test_nothing_is_left_of_files_that_were_being_written(folder, monkeypatch, capsys, stage):
    lanes = sorted(started_lanes(), key=lambda lane: lane.spec.framework == "paddle")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(carry, "_lanes", lambda asked, meanwhile: contextlib.nullcontext(lanes))
    monkeypatch.setattr(*((carry_check.os, stage) if stage == "replace" else (carry_check, stage)), interrupt)
    before = held(folder)
    assert main(COMMAND) == 130
    assert capsys.readouterr().err == SAID
    assert held(folder) == before


@pytest.mark.parametrize(("cause", "status"), [(KeyboardInterrupt(), 130), (ValueError("bad"), 2)])
def test_an_import_that_made_another_error_of_it_is_interrupted_all_the_same(
    folder, monkeypatch, capsys, cause, status
):
    def started(asked: object, meanwhile: object) -> None:
        try:
            raise ImportError("initialization failed") from cause
        except ImportError:
            raise PairError("port.py does not run") from None

    monkeypatch.setattr(carry, "_lanes", started)
    assert main(COMMAND) == status
    said = capsys.readouterr().err
    assert said == (SAID if status == 130 else "conformance transfer: port.py does not run\n")


def test_ctrl_c_in_a_terminal_ends_the_lanes_too(folder):
    """While the pair file is read, and the lanes import their frameworks."""
    (folder / "port.py").write_text("import pathlib, time\npathlib.Path('began').touch()\ntime.sleep(60)\n", "utf-8")
    before = held(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", *COMMAND],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )
    limit = time.monotonic() + 60
    while not (folder / "began").exists() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    output, said = process.communicate(timeout=60)
    assert (process.returncode, output, said) == (130, "", SAID)
    (folder / "began").unlink()
    assert held(folder) == before
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
