"""The files of a check of ports: their names, what is removed and replaced, and the command that makes them again."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.record import Record
from conformance.report import porting, results
from conformance.report.results import ReportError
from tests.porting_documents import WRONG, document, law, laws


def test_each_pair_has_two_files_of_its_own(tmp_path):
    made = document(*laws(), law("tensors", "net-2"), law("tensors", "my net"), law("tensors", "my-net"))
    named = porting.files(made)
    assert named == {
        "my net": ["porting-my-net.html", "porting-my-net.md"],
        "my-net": ["porting-my-net-2.html", "porting-my-net-2.md"],
        "net": ["porting-net.html", "porting-net.md"],
        "net-2": ["porting-net-2.html", "porting-net-2.md"],
    }
    written = porting.write(tmp_path, made)
    assert (
        sorted(path.name for path in written)
        == sorted(os.listdir(tmp_path))
        == sorted(itertools.chain(*named.values()))
    )
    assert "Port my net: INCOMPLETE" in (tmp_path / "porting-my-net.html").read_text("utf-8")
    assert porting.lines(Path("out"), made)[2] == "port net: out/porting-net.html, out/porting-net.md"


@pytest.mark.parametrize("name", ["x" * 250, "../../up", "网络", "a\udc80b", "<b>"])
def test_any_name_of_a_pair_gives_files_in_the_folder(tmp_path, name):
    made = document(law("tensors", name))
    written = porting.write(tmp_path, made)
    assert len(written) == 2 and all(path.parent == tmp_path and path.is_file() for path in written)
    if name == "网络":
        assert written[0].name == "porting-网络.html"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "A"], ["a", "a-2", "A-3"]),
        (["a", "a-2", "a"], ["a", "a-2", "a-3"]),
        ([], []),
    ],
)
def test_names_are_made_distinct(names, found):
    assert porting.distinct(names) == found


def test_pages_of_an_earlier_run_are_removed_and_nothing_else_is(tmp_path):
    porting.write(tmp_path, document(*laws()))
    kept = ["porting-notes.md", "porting-plan.html", "net.md"]
    for name in kept:
        (tmp_path / name).write_text("mine", "utf-8")
    (tmp_path / "porting-folder.md").mkdir()
    results.discard(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([*kept, "porting-folder.md"])
    results.discard(tmp_path / "none")


def test_results_come_with_pages_and_those_of_no_pair_without(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    results.write(tmp_path, document(*laws()))
    assert sorted(os.listdir(tmp_path)) == [
        *("badge.json", "index.html", "porting-net.html", "porting-net.md", "results.json", "summary.md")
    ]
    other = tmp_path / "other"
    results.write(other, document(Record("nn.law", "area", "A law.", samples=1)))
    assert sorted(os.listdir(other)) == ["badge.json", "index.html", "results.json", "summary.md"]
    assert porting.lines(other, document(Record("nn.law", "area", "A law.", samples=1))) == []


def test_a_page_that_cannot_be_written_is_a_sentence_and_no_half_of_it_stays(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "porting-net.html").mkdir()
    with pytest.raises(ReportError, match=r"cannot write the report to .*porting-net\.html.*"):
        results.write(tmp_path, document(*laws()))
    assert not list(tmp_path.glob(".porting*")) and not (tmp_path / "porting-net.md").exists()


# The command


def command(*arguments: Path | str) -> int:
    return main(["report", *map(str, arguments)])


def test_the_command_makes_the_same_pages_again(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    results.write(tmp_path / "a", document(*laws(training=law("training", layers=WRONG))))
    assert command(tmp_path / "a" / "results.json", "--out", tmp_path / "b") == 0
    names = ("index.html", "porting-net.html", "porting-net.md")
    assert capsys.readouterr().out.splitlines() == [f"wrote {tmp_path}/b/{name}" for name in names]
    for name in names:
        assert (tmp_path / "b" / name).read_bytes() == (tmp_path / "a" / name).read_bytes()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (document(), "has no contract: nothing was run"),
        (document(law("tensors", laws=["forward"])), "is no results.json of this release (ValueError"),
        (document(law("tensors", layers=[{"torch": "a", "paddle": "a"}])), "of this release (KeyError"),
        (document(*laws(), law("tensors", "b", warnings=None)), "of this release (TypeError"),
    ],
)
def test_the_command_refuses_what_it_cannot_use_and_writes_nothing(tmp_path, capsys, made, words):
    file = tmp_path / "results.json"
    file.write_text(json.dumps(made), "utf-8")
    assert command(file, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"python -m conformance report: {file}") and words in said and said.count("\n") == 1
    assert os.listdir(tmp_path) == ["results.json"]


def test_the_command_names_a_folder_that_cannot_be_written(tmp_path, capsys):
    file = tmp_path / "results.json"
    file.write_text(json.dumps(document(*laws())), "utf-8")
    assert command(file, "--out", file) == 2
    said = capsys.readouterr().err
    assert "cannot write the pages: " in said and str(file) in said and said.count("\n") == 1
