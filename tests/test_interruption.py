"""Ctrl-C in the middle: exit code 2, and a report that is whole and says so, or none."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.small_project import Run, SmallProject


def hear_interrupts() -> None:
    """In the child: a shell that starts a command in the background lets it ignore Ctrl-C, and so its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(project: SmallProject, *arguments: str) -> Run:
    """Run pytest, and interrupt it as a terminal does once ``small.slow`` has begun."""
    began = project.folder / "began"
    process = subprocess.Popen(
        project.command(*arguments),
        cwd=project.folder,
        env=project.environment(SLOW=str(began)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )
    limit = time.monotonic() + 180
    while not began.exists() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.02)
    time.sleep(1.0 if arguments else 0.0)  # for the other worker to end something
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=180)
    return Run(process.returncode, output, project.results())


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_contracts_that_had_ended_are_reported_and_the_run_is_incomplete(project, workers):
    project.write("conformance-report/results.json", '{"verdict": "pass"}')
    run = interrupted(project, *workers)
    assert run.code == 2, run.output
    assert run.results is not None
    assert (run.results["verdict"], run.results["complete"]) == ("incomplete", False)
    verdicts = {row["id"]: row["verdict"] for row in run.results["contracts"]}
    assert verdicts == {"small.double": "agree", "small.positive": "known divergence"}
    assert "verdict: INCOMPLETE (interrupted: not a pass) (2 contracts" in run.output
    assert "INTERNALERROR" not in run.output
    assert sorted(os.listdir(project.report)) == ["badge.json", "index.html", "results.json", "summary.md"]


def test_where_none_had_ended_there_is_no_report_nor_an_earlier_one(project):
    project.write("conformance-report/results.json", '{"verdict": "pass"}')
    run = interrupted(project, "-k", "slow")
    assert run.code == 2, run.output
    assert run.results is None and os.listdir(project.report) == []
    assert "KeyboardInterrupt" in run.output and "INTERNALERROR" not in run.output
