"""``results.json``: merging records, the verdict of a run, and writing it whole, or telling why not."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from conformance.judge import Verdict
from conformance.record import Record
from conformance.report import results
from conformance.report.results import ReportError
from tests.test_summary import LANES


def record(name: str = "nn.law", verdict: Verdict = Verdict.AGREE, samples: int = 3, **more: Any) -> Record:
    return Record(name, "area", "A law.", verdict, samples, **more)


def document(*records: Record, complete: bool = True, failed: bool = False) -> dict[str, Any]:
    return results.build(list(records), LANES, 1.23456, complete, {"seed": "7"}, failed)


def carried(made: Record) -> dict[str, Any]:
    """A record as it arrives from a worker of a distributed run."""
    return json.loads(json.dumps(asdict(made)))


# The verdict


@pytest.mark.parametrize("verdict", list(Verdict), ids=str)
def test_a_run_is_as_good_as_its_worst_contract(verdict):
    green = verdict in (Verdict.AGREE, Verdict.KNOWN, Verdict.UNSUPPORTED)
    made = document(record(), record("nn.other", verdict))
    assert made["verdict"] == ("pass" if green else "fail")
    assert made["complete"] is True


@pytest.mark.parametrize(
    ("records", "complete", "failed", "verdict"),
    [
        ([record()], True, False, "pass"),
        ([record()], False, False, "incomplete"),
        ([record()], True, True, "fail"),
        ([record()], False, True, "fail"),
        ([record(verdict=Verdict.DIVERGE)], False, False, "fail"),
        ([record(samples=0)], True, False, "fail"),
        ([record(samples=0), record("nn.other", samples=1)], True, False, "pass"),
        ([record(samples=0)], False, False, "incomplete"),
        ([], True, False, "fail"),
    ],
)
def test_what_is_interrupted_empty_or_failed_elsewhere_is_no_pass(records, complete, failed, verdict):
    assert document(*records, complete=complete, failed=failed)["verdict"] == verdict


# The document


def test_the_document_is_plain_and_complete():
    worst = {"torch:cpu": {"output": 0.123456, "loss": np.inf}}
    noted = {"torch:cpu": {"step 2": 3.0, "step 1": 2.0}}
    made = document(
        record("nn.b", worst=worst, noted=noted, exact_samples=2, unsupported={"paddle:gpu": "no kernel"}),
        record("nn.a", samples=4),
    )
    assert {"schema", "verdict", "lanes", "contracts", "seconds"} <= made.keys()
    assert (made["schema"], made["seconds"], made["samples"], made["lanes"]) == (1, 1.235, 7, LANES)
    assert made["settings"]["seed"] == "7" and made["settings"]["platform"]
    first, second = made["contracts"]
    assert (first["id"], second["id"]) == ("nn.a", "nn.b")
    assert second["worst"] == {"torch:cpu": {"loss": "inf", "output": 0.1235}}
    assert list(second["noted"]["torch:cpu"]) == ["step 2", "step 1"]
    assert second["unsupported"] == {"paddle:gpu": "no kernel"}
    json.dumps(made, allow_nan=False)


def test_the_commit_is_told_where_there_is_one(monkeypatch):
    commit = results._commit()
    assert commit is None or len(commit) >= 7
    monkeypatch.setenv("PATH", "")
    assert results._commit() is None


# Merging


def test_a_record_arrives_as_it_left():
    sent = record(verdict=Verdict.KNOWN, worst={"torch:cpu": {"output": 0.5}}, failure={"message": "no"})
    records: dict[str, Record] = {}
    results.merge(records, carried(sent))
    assert records == {"nn.law": sent}
    assert records["nn.law"].verdict is Verdict.KNOWN


def test_a_contract_and_its_witnesses_share_a_row():
    known = {"e torch:cpu": {"id": "e", "lane": "torch:cpu", "samples": 5}}
    other = {"f torch:cpu": {"id": "f", "lane": "torch:cpu", "samples": 1}}
    records: dict[str, Record] = {}
    results.merge(records, carried(record(known=known, worst={"torch:cpu": {"x": 0.5}}, seconds=1.0)))
    results.merge(records, carried(record(verdict=Verdict.STALE, samples=1, failure={"message": "stale"}, seconds=0.5)))
    results.merge(records, carried(record(samples=1, known={**known, **other}, worst={"torch:cpu": {"x": 0.25}})))
    (row,) = records.values()
    assert (row.verdict, row.samples, row.seconds) == (Verdict.STALE, 5, 1.5)
    assert row.failure == {"message": "stale"}
    assert row.worst == {"torch:cpu": {"x": 0.5}}
    assert {key: entry["samples"] for key, entry in row.known.items()} == {"e torch:cpu": 10, "f torch:cpu": 1}


# Writing


def test_it_is_written_with_its_markdown(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    made = document(record())
    results.write(tmp_path / "new" / "folder", made)
    folder = tmp_path / "new" / "folder"
    assert (
        sorted(os.listdir(folder))
        == ["badge.json", "index.html", "results.json", "summary.md"]
        == sorted(results.DOCUMENTS)
    )
    assert json.loads((folder / "results.json").read_text()) == made
    assert "verdict: PASS" in (folder / "summary.md").read_text()


def test_the_step_summary_is_appended_to(tmp_path, monkeypatch):
    step = tmp_path / "step.md"
    step.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    results.write(tmp_path, document(record()))
    assert step.read_text() == "before\n" + (tmp_path / "summary.md").read_text()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "step.md"))
    with pytest.raises(ReportError, match=r"cannot write the report to .*step\.md: No such file"):
        results.write(tmp_path, document(record()))


def test_a_disk_that_is_full_leaves_the_earlier_document_whole(tmp_path, monkeypatch):
    results.write(tmp_path, document(record()))
    before = (tmp_path / "results.json").read_text()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("conformance.portable.os.replace", full)
    with pytest.raises(ReportError, match="No space left on device"):
        results.write(tmp_path, document(record("nn.other")))
    assert (tmp_path / "results.json").read_text() == before
    assert sorted(os.listdir(tmp_path)) == ["badge.json", "index.html", "results.json", "summary.md"]


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path):
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        results.require_writable(folder)
        assert os.listdir(folder) == []


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("file", "it is not a folder"),
        ("file/inner", "Not a directory"),
        ("/proc/report", "No such file or directory"),
    ],
)
def test_a_folder_that_cannot_be_written(tmp_path, folder, reason):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=f"cannot write the report to .*: {reason}; name another folder"):
        results.require_writable(tmp_path / folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is permitted to root")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(ReportError, match="Permission denied"):
        results.require_writable(tmp_path)


def test_an_earlier_verdict_is_discarded_and_nothing_else(tmp_path):
    results.write(tmp_path, document(record()))
    (tmp_path / "failures").mkdir()
    results.discard(tmp_path)
    results.discard(tmp_path)
    assert os.listdir(tmp_path) == ["failures"]


def test_what_is_installed_says_its_version_and_not_the_commit_of_the_repository_around_it(monkeypatch):
    monkeypatch.setattr(results.home, "installed", lambda: True)
    monkeypatch.setattr(results.importlib.metadata, "version", lambda name: f"{name} 1.2")
    assert results._commit() == "cross-framework-conformance 1.2"
