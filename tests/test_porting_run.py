"""``pytest --pair FILE`` as a user types it, in interpreters of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from conformance.porting.laws import LAWS
from conformance.report import porting

ROOT = Path(__file__).resolve().parent.parent
PAIRS = ROOT / "tests" / "pairs"


def run(folder: Path, *arguments: str) -> tuple[int, str, dict]:
    """Exit status, output and results of one run."""
    report = folder / "report"
    command = [
        sys.executable,
        "-m",
        "pytest",
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
    assert {name for name, verdict in verdicts.items() if verdict == "diverge"} - {"wrong.steps"} == {
        f"wrong.{law}" for law in ("forward", "training", "loss", "gradients")
    }
    assert {name for name, verdict in verdicts.items() if verdict == "error"} == {f"deadly.{law}" for law in LAWS}
    assert all(row["samples"] for row in results["contracts"] if row["verdict"] != "error")
    told = "paddle_model on paddle:cpu failed while building it and running it once: the lane was ended by SIGKILL"
    assert told in output
    assert output.count("as in the law 'tensors'") >= len(LAWS) - 1
    assert "the first layer that differs: torch 'norm' (BatchNorm2d, called at" in output
    assert "another eps: 1e-05 in torch, 0.001 in paddle" in output
    assert "Traceback" not in output
    pages = {path.name: path.read_text("utf-8") for path in (tmp_path / "report").glob("porting-*")}
    assert sorted(pages) == [
        f"porting-{name}.{kind}" for name in ("deadly", "transformer", "wrong") for kind in ("html", "md")
    ]
    assert "# Port transformer: PASS\n" in pages["porting-transformer.md"]
    for row in [row for row in results["contracts"] if row["failure"]]:
        page = pages[f"porting-{row['id'].split('.')[1]}.md"].splitlines()
        assert all(line.strip() in page for line in row["failure"]["message"].splitlines()), row["id"]
    assert f"port wrong: {tmp_path}/report/porting-wrong.html, {tmp_path}/report/porting-wrong.md" in output


LINEAR = """
import paddle, torch
torch_model = lambda: torch.nn.Sequential(torch.nn.Linear(4, 3))
paddle_model = lambda: paddle.nn.Sequential(paddle.nn.Linear(4, 3{}))
inputs = ("batch", 4)
"""


def test_two_files_of_one_stem_have_a_page_each_which_says_what_did_not_run(tmp_path):
    files = [tmp_path / folder / "port.py" for folder in "ab"]
    for file, more in zip(files, ("", ", bias_attr=False"), strict=True):
        file.parent.mkdir()
        file.write_text(LINEAR.format(more), "utf-8")
    pairs = [f"--pair={file}" for file in [*files, files[0]]]
    status, output, results = run(tmp_path, *pairs, "-n", "2", "-k", "tensors or forward")
    assert status == 1 and len(results["contracts"]) == 4, output
    report = tmp_path / "report"
    assert sorted(path.name for path in report.iterdir()) == [
        *("badge.json", "index.html"),
        *(f"porting-port{number}.{kind}" for number in ("-2", "") for kind in ("html", "md")),
        "results.json",
        "summary.md",
    ]
    right, wrong = ((report / f"porting-port{number}.md").read_text("utf-8") for number in ("", "-2"))
    missing = "6 of 8 laws were not selected (repeats, training, loss, gradients, steps, precision): this is no pass"
    assert f"**INCOMPLETE: {missing}" in right and str(files[0]) in right
    assert f"**FAIL: the models differ (tensors); {missing}" in wrong and str(files[1]) in wrong
    assert output.count("porting-port.html") == output.count("porting-port-2.html") == 1


def test_a_file_that_is_not_there_is_refused_and_no_earlier_page_is_left(tmp_path):
    (tmp_path / "report").mkdir()
    page = tmp_path / "report" / "porting-net.md"
    page.write_text(f"# Port net: PASS\n\n{porting.MARK}\n", "utf-8")
    status, output, _ = run(tmp_path, "--pair", str(tmp_path / "none.py"))
    assert not page.exists()
    assert status == 4 and "none.py is no file; name one with torch_model" in output and "Traceback" not in output
