"""Bad input, as a person meets it: one sentence that says what to do, a non-zero exit, no verdict of an earlier run."""

from __future__ import annotations

import json

import pytest

from tests.small_project import LEDGER, SUITE, SmallProject

BROKEN_PADDLE = "raise ImportError('libpaddle.so: cannot open shared object file')"
MISFIT = {"schema": 1, "contract": "small.double", "regime": "exact", "inputs": {"y": 1}}


def refused(project: SmallProject, *arguments: str, says: tuple[str, ...], **variables: str) -> None:
    """Assert that pytest refuses these options, after an earlier run that was green."""
    project.write("conformance-report/results.json", '{"verdict": "pass"}')
    run = project.run(*arguments, **variables)
    run.refused(*says)
    assert run.results is None


# Lanes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--lane=jax:cpu"], ["unknown framework 'jax'; known are torch, paddle"]),
        (["--lane=torch:cuda"], ["lane torch:cuda: 0 devices are visible, 0 is not among them"]),
        (
            ["--lane=torch", "--require-lane=paddle:gpu"],
            ["the required lane paddle:gpu is not running (running: torch:cpu); add it with --lane"],
        ),
    ],
    ids=lambda value: " ".join(value) if value[0].startswith("--") else None,
)
def test_a_lane_that_cannot_be_had(project, arguments, says):
    refused(project, *arguments, says=tuple(says))


def test_a_framework_that_is_not_installed(project):
    says = ("lane paddle:cpu: paddle is not installed in this environment; install paddlepaddle, or choose the lanes",)
    refused(project, says=says, NOT_INSTALLED="paddle")
    assert project.run("--lane=torch", "-k", "double", NOT_INSTALLED="paddle").code == 0


def test_a_framework_that_is_broken(project):
    project.write("poison/paddle/__init__.py", BROKEN_PADDLE)
    says = ("importing or starting paddle failed (ImportError: libpaddle.so: cannot open", "repair the installation or")
    refused(project, says=says, NUMPY_LANES="torch")


# The list of contracts


def test_a_suite_that_was_lost(project):
    project.write("fixtures/contracts.txt", "small.double\nsmall.positive\nsmall.slow\n")
    assert project.run("-k", "double").code == 0
    project.write("suites/test_small.py", SUITE.split('@contract("small.slow')[0])
    refused(project, says=("small.slow is in", "contracts.txt, but no suite declares it: bring the suite back, or"))


# The ledger


def test_a_ledger_that_is_not_there(project):
    refused(project, "--ledger=absent.toml", says=("cannot read the ledger absent.toml: No such file or directory",))


def test_a_ledger_entry_that_matches_nothing(project):
    project.write("fixtures/divergences.toml", LEDGER.replace("small.positive", "small.negative"))
    says = (
        "fixtures/divergences.toml: entry 'positive-is-absolute' speaks of contract 'small.negative', which no suite",
    )
    refused(project, says=says)


# The report


def test_a_report_folder_that_is_a_file(project):
    project.write("report", "mine")
    run = project.run("--conformance-report=report")
    run.refused("cannot write the report to report: it is not a folder; name another folder with --conformance-report")
    assert (project.folder / "report").read_text() == "mine"


def test_a_report_folder_that_cannot_be_made(project):
    project.run("--conformance-report=/proc/report").refused("cannot write the report to /proc/report")


def test_a_report_that_cannot_be_written_in_the_end_does_not_hide_the_failures(project):
    project.write("conformance-report/summary.md/in-the-way", "")
    project.write("conftest.py", (project.folder / "conftest.py").read_text() + BLOCKED)
    run = project.run("-k", "double", FAULT="double")
    run.refused("cannot write the report to")
    assert "paddle:cpu is wrong" in run.output and "verdict: FAIL" in run.output


BLOCKED = """
from conformance.report import results
results.discard = lambda folder: None
"""

# Replay, and pytest's own options


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot read the replay file replay.json: No such file or directory"),
        ("not json", "replay.json is not a replay file of this project"),
        (
            json.dumps({**MISFIT, "contract": "small.dubble"}),
            "no contract is called 'small.dubble'; near it are small.double",
        ),
        (json.dumps(MISFIT), "replay.json holds no sample of small.double"),
    ],
    ids=["absent", "garbage", "unknown", "misfit"],
)
def test_a_replay_file_that_is_none(project, text, says):
    if text is not None:
        project.write("replay.json", text)
    refused(project, "--replay=replay.json", says=(says,))


def test_a_replay_of_a_contract_that_is_not_in_the_files_that_are_named(project):
    project.write(
        "suites/test_other.py", (project.folder / "suites/test_small.py").read_text().replace("small.", "other.")
    )
    project.write(
        "replay.json", json.dumps({**MISFIT, "inputs": {"x": {"dtype": "float32", "shape": [1], "data": [1]}}})
    )
    says = ("--replay: contract 'small.double' is not in the files that were named",)
    refused(project, "--replay=replay.json", "suites/test_other.py", says=says)


@pytest.mark.parametrize("name", ["thorough", "default", "ci"])
def test_a_profile_that_is_not_ours(project, name):
    project.run(f"--hypothesis-profile={name}").refused(f"{name!r} is no profile of this project; it has gate")


def test_tests_that_are_no_contracts_need_none_of_it(project):
    project.write("suites/test_plain.py", "def test_plain():\n    pass\n")
    run = project.run("suites/test_plain.py", "--ledger=absent.toml", "--conformance-report=/proc/report")
    assert run.code == 0, run.output
