"""``pytest -n``: records arrive from the workers, and a worker that cannot run says why once."""

from __future__ import annotations


def test_records_of_all_workers_are_in_the_report(project):
    run = project.run("-n", "2", "--junitxml=junit.xml", "--conformance-report=out")
    assert run.code == 0, run.output
    assert run.results is not None
    assert (run.results["verdict"], run.results["complete"]) == ("pass", True)
    assert [row["id"] for row in run.results["contracts"]] == ["small.double", "small.slow", "small.positive"]
    assert all(row["samples"] > 0 for row in run.results["contracts"])
    assert [lane["label"] for lane in run.results["lanes"]] == ["torch:cpu", "paddle:cpu"]
    assert run.contract("small.positive")["known"][0]["id"] == "positive-is-absolute"
    assert "verdict: PASS (3 contracts, " in run.output


def test_a_failure_in_a_worker_is_told_as_in_one_process(project):
    run = project.run("-n", "2", "-x", FAULT="double")
    assert run.code != 0
    assert run.results is not None and run.results["verdict"] == "fail"
    assert run.contract("small.double")["failure"]["lanes"] == ["paddle:cpu"]
    assert "paddle:cpu is wrong; torch:cpu agrees with the oracle" in run.output
    assert "INTERNALERROR" not in run.output


def test_a_lane_that_cannot_start_is_told_once(project):
    project.write("conformance-report/results.json", '{"verdict": "pass"}')
    run = project.run("-n", "2", "--lane=torch:cuda")
    run.refused("lane torch:cuda: 0 devices are visible, 0 is not among them")
    assert run.results is None
