"""``pytest suites/porting --pair FILE`` as a user types it, in interpreters of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from suites.porting.laws import LAWS

ROOT = Path(__file__).resolve().parent.parent
PAIRS = ROOT / "tests" / "pairs"


def run(folder: Path, *arguments: str) -> tuple[int, str, dict]:
    """Exit status, output and results of one run."""
    report = folder / "report"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "suites/porting",
        "-p",
        "no:cacheprovider",
        f"--conformance-report={report}",
    ]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=240)
    file = report / "results.json"
    return done.returncode, done.stdout + done.stderr, json.loads(file.read_text("utf-8")) if file.exists() else {}


def test_right_pairs_pass_wrong_ones_fail_and_one_that_kills_its_lane_costs_no_other_in_one_run(tmp_path):
    wrong = tmp_path / "wrong.py"
    text = "from tests.pairs.networks import PaddleNet, TorchNet as torch_model\ninputs = ('batch', 3, 16, 16)\n"
    wrong.write_text(text + "def paddle_model():\n    return PaddleNet('eps')\n", "utf-8")
    deadly = tmp_path / "deadly.py"
    ends = "def paddle_model():\n    import os\n    os.kill(os.getpid(), 9)\n"
    inputs = "inputs = ('batch', 3, 16, 16)\n"
    deadly.write_text(f"from tests.pairs.networks import TorchNet as torch_model\n{ends}{inputs}")
    pairs = (deadly, PAIRS / "transformer.py", wrong)
    status, output, results = run(tmp_path, *(each for pair in pairs for each in ("--pair", str(pair))))
    assert status == 1, output
    verdicts = {row["id"].removeprefix("porting."): row["verdict"] for row in results["contracts"]}
    assert {name for name, verdict in verdicts.items() if verdict == "diverge"} == {
        f"wrong.{law}" for law in ("forward", "training", "loss", "gradients", "steps")
    }
    assert {name for name, verdict in verdicts.items() if verdict == "error"} == {f"deadly.{law}" for law in LAWS}
    assert all(row["samples"] for row in results["contracts"] if row["verdict"] != "error")
    told = "paddle_model on paddle:cpu failed while building it and running it once: the lane was ended by SIGKILL"
    assert output.count(told) >= len(LAWS)
    assert "the first layer that differs: torch 'norm' (BatchNorm2d, called at" in output
    assert "another eps: 1e-05 in torch, 0.001 in paddle" in output
    assert "Traceback" not in output


def test_without_a_pair_nothing_is_run_and_a_file_that_is_not_there_is_an_error(tmp_path):
    assert run(tmp_path)[0] == 5
    status, output, _ = run(tmp_path, "--pair", str(tmp_path / "none.py"))
    assert status == 1 and "none.py is no file; --pair takes a Python file" in output and "Traceback" not in output
