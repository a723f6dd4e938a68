"""The published ports and the planted bugs: nothing is left out, and what is made of a check's results."""

from __future__ import annotations

import importlib
import sys

import pytest

from benchmarks.ports import __main__ as command
from benchmarks.ports import page, planted
from benchmarks.ports.bugs import BUGS
from benchmarks.ports.check import Row, read, without_places
from benchmarks.ports.checked import PUBLISHED
from benchmarks.ports.environments import ENVIRONMENTS
from benchmarks.ports.planting import Bug, with_bug
from conformance.porting.pair import load


def test_every_pair_file_is_checked_by_hand_and_needs_no_framework_to_be_read():
    files = {path.stem: path for path in command.PAIRS.glob("[!_]*.py")}
    assert files.keys() == PUBLISHED.keys() and len(files) >= 8
    for path in files.values():
        assert load(path).inputs
    for expected in PUBLISHED.values():
        assert expected.by_hand.startswith(("agrees", "differs"))
        assert expected.by_hand.startswith("differs") == bool(expected.says)
        assert "==" in "".join(ENVIRONMENTS[expected.environment].packages)


def test_thirty_bugs_are_in_pairs_that_there_are():
    assert len(BUGS) == 30 and {bug.pair for bug in BUGS.values()} <= PUBLISHED.keys()
    for bug in BUGS.values():
        assert all(old != new for changes in bug.changes.values() for old, new in changes)


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "planted_in"
    folder.mkdir()
    (folder / "__init__.py").write_text("from planted_in.model import answer\n", "utf-8")
    (folder / "model.py").write_text("def answer():\n    return 1 + 1\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "planted_in.model"
    for name in ("planted_in", "planted_in.model"):
        sys.modules.pop(name, None)


def bug_in(package: str, old: str = "1 + 1") -> Bug:
    return Bug("wrong sum", "bert", "adds wrongly", {package: [(old, "1 + 2")]}, r"model(\.sum)?", "start")


def built() -> int:
    return importlib.import_module("planted_in").answer()


def test_a_bug_is_in_its_package_while_one_model_is_built(package):
    assert with_bug(bug_in(package), built) == 3
    assert built() == 2 and importlib.import_module(package).answer() == 2


def test_a_bug_whose_place_is_gone_is_no_right_port(package):
    with pytest.raises(ImportError, match=r"no longer holds '2 \+ 2'"):
        with_bug(bug_in(package, "2 + 2"), built)
    assert built() == 2


def test_the_pair_file_of_a_bug_is_that_of_its_port(tmp_path):
    pair = load(planted.pair_file(BUGS["last token pooled"], tmp_path))
    assert pair.inputs == load(command.PAIRS / "ernie.py").inputs


RIGHT = Row("bert")
TOLD = (
    "outputs.0 differs\nthe first layer that differs: torch 'body' (Linear), paddle 'model.sum' (Linear)\nstart differs"
)


def found(told: str, law: str = "forward") -> planted.Found:
    return planted.Found(bug_in("planted_in.model"), RIGHT, Row("wrong sum", broken={law: told}))


def test_a_bug_is_found_at_its_layer_and_with_its_setting_or_not():
    assert found(TOLD).cells()[3:] == ("by forward", "yes", "yes")
    assert found(TOLD.replace("model.sum", "model.other")).cells()[3:] == ("by forward", "**no**", "yes")
    assert found(TOLD.replace("start", "starting")).cells()[3:] == ("by forward", "yes", "**no**")
    functions = "the first that differs: torch computes 'x' (Linear), paddle matmul in 'model' (f.py:3)"
    assert found(functions).layer_is_right and not found(functions.replace("'model'", "'xmodel'")).layer_is_right
    setting = "the first that differs: torch mul in 'x', paddle gelu(approximate='none') in 'model.sum' (f.py:3)"
    alone = "the first that differs: only paddle computes mean(axis=-1) in 'model' (f.py:3), before paddle pow in 'x'"
    assert found(setting).layers == ["model.sum"] and found(alone).layers == ["model", "x"]
    assert found("tensors that nothing uses: model.sum", "tensors").layer_is_right
    missed = planted.Found(bug_in("planted_in.model"), RIGHT, Row("wrong sum"))
    assert missed.cells()[3:] == ("**no**", "", "")
    ended = planted.Found(bug_in("planted_in.model"), RIGHT, Row("wrong sum", {"forward": TOLD}, errors=["forward"]))
    assert not ended.laws and ended.cells()[3] == "**not tried**", "a lane that ended has found nothing"
    buffer = "buffers.model.sum.running_mean differs by 0.1\nanother start: 0.1 in torch, 0.01 in paddle"
    assert found(buffer, "training").cells()[3:] == ("by training", "yes", "yes")
    known = planted.Found(bug_in("planted_in.model"), Row("bert", broken={"forward": TOLD}), found(TOLD).wrong)
    assert not known.laws, "what the port without the bug breaks too is no find"
    assert planted.summary([found(TOLD), missed]).startswith("1 of 2 are found, 1 at the right layer, and 1 of 2 ")
    (verdicts, bugs) = command.claims([RIGHT], [found(TOLD), missed])
    assert verdicts.holds and (bugs.measured, bugs.holds) == (1.0, False)


def test_a_verdict_that_is_not_the_one_found_by_hand_fails():
    differs = Row("gpt2_gelu", broken={"forward": "another approximate"})
    assert page.right(differs) and page.right(Row("bert"))
    assert not page.right(Row("gpt2_gelu", differs.broken, errors=["forward"]))
    wrong = [
        Row("gpt2_gelu"),
        Row("gpt2_gelu", broken={"forward": "dropout"}),
        Row("bert", broken={"forward": "differs"}),
    ]
    assert not any(map(page.right, wrong)) and all("**not so**" in page.cells(row)[3] for row in wrong)
    assert page.summary([wrong[2], Row("vit")]) == "1 of 2 pairs agree, 1 differ; not so by hand: bert."
    assert not command.claims(wrong, [])[0].holds


def test_the_page_has_the_pins_the_verdicts_and_the_bugs():
    text = page.page(
        [Row("bert", worst=0.25), Row("gpt2_gelu", broken={"forward": "other approximate"})], [found(TOLD)]
    )
    assert "| nlp | paddlepaddle==2.6.2, paddlenlp==2.8.1" in text and "| 0.25 |" in text
    assert "| transformers 5.24.0 | paddlenlp 2.8.1 | differs: forward |" in text
    assert "### gpt2_gelu\n\n```text\nforward: other approximate" in text and "| wrong sum | bert |" in text


def test_results_become_a_row_in_the_order_of_the_laws():
    def contract(law, failure=None, worst=0.0):
        details = {
            "name": "vit",
            "law": law,
            "laws": ["tensors", "forward"],
            "warnings": ["a guess"] if failure else [],
        }
        return {
            "verdict": "diverge" if failure else "agree",
            "failure": failure,
            "worst": {"torch paddle": {"outputs.0": worst}},
            "samples": 2,
            "details": details,
        }

    told = {"message": "called at ../E/site-packages/timm/models/x.py:3 and /a/benchmarks/ports/pairs/v.py"}
    row = read({"contracts": [contract("forward", told), contract("tensors", worst=0.5)]})["vit"]
    assert (row.samples, row.worst, row.unsure) == (4, 0.5, ["a guess"])
    assert row.broken == {"forward": "called at timm/models/x.py:3 and benchmarks/ports/pairs/v.py"}
    assert without_places("no place") == "no place"


def test_unknown_names_and_a_page_of_some_are_refused(capsys):
    for arguments, words in (
        (["--only", "lenet"], "no pair and no bug is called 'lenet'; choose from bert"),
        (["--only", "bert", "--write"], "leave --only away"),
    ):
        with pytest.raises(SystemExit) as error:
            command.main(arguments)
        assert error.value.code == 2 and words in capsys.readouterr().err
