"""The model zoo's table: one architecture that differs, as it is and corrected, and what is made of verdicts."""

from __future__ import annotations

import pytest

from benchmarks import zoo
from conformance.lanes import InProcessLane
from tests.faults.fault import started_lanes
from tests.pairs.zoo import CORRECTIONS, ZOO, shared
from tests.pairs.zoo_findings import FINDINGS


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


def test_an_architecture_that_differs_is_told_why_and_corrected_it_agrees(lanes, tmp_path):
    differs, corrected = (zoo.check("squeezenet1_1", each, lanes, tmp_path) for each in (False, True))
    assert differs.expected and differs.broken
    assert "site-packages" not in differs.broken["forward"]
    assert "called at torchvision/models/squeezenet.py:" in differs.broken["forward"]
    assert "called at paddle/vision/models/squeezenet.py:" in differs.broken["forward"]
    assert corrected.broken == {} and corrected.expected and corrected.samples > differs.samples
    assert corrected.worst < 1
    assert sum(corrected.matched.values()) == 52


def test_the_table_has_every_architecture_that_both_collections_have():
    both, torch_only, _ = shared()
    with_options = {name for name, each in ZOO.items() if each.paddle_name}
    assert set(both) | with_options == set(ZOO)
    assert with_options <= set(torch_only)
    assert FINDINGS.keys() <= ZOO.keys() and CORRECTIONS.keys() <= FINDINGS.keys()


def test_a_verdict_that_nobody_expects_fails():
    finding = FINDINGS["squeezenet1_1"]
    told = dict.fromkeys(finding.laws, " ".join(finding.says))
    assert zoo.Row("squeezenet1_1", broken=told).expected and zoo.Row("resnet18").expected
    unexpected = [
        zoo.Row("squeezenet1_1"),  # a finding that is no more
        zoo.Row("squeezenet1_1", broken=dict.fromkeys(finding.laws, "another reason")),
        zoo.Row("squeezenet1_1", broken={"forward": told["forward"]}),
        zoo.Row("squeezenet1_1", corrected=True, broken=told),
        zoo.Row("resnet18", broken={"forward": "differs"}),
    ]
    assert not any(row.expected for row in unexpected)
    assert all("UNEXPECTED" in row.cells()[3] for row in unexpected)
    (claim,) = zoo.claims([*unexpected, zoo.Row("resnet18")])
    assert (claim.measured, claim.holds) == (5.0, False)


def test_the_page_says_what_differs_and_what_has_no_counterpart():
    finding = FINDINGS["alexnet"]
    rows = [zoo.Row("alexnet", broken={"forward": "it said so"}), zoo.Row("alexnet", True), zoo.Row("resnet18")]
    text = zoo.page(rows, ([], ["swin_t"], ["mobilenet_v1"]), "torch 2")
    assert "1 of 2 architectures agree in all 8 laws; 1 differ in truth, and 1 of 1" in text and "(torch 2)" in text
    assert "### alexnet\n" in text and finding.text in text and "it said so" in text
    assert "## In torchvision only\n\nswin_t." in text and "## In paddle.vision only\n\nmobilenet_v1." in text


def test_an_unknown_architecture_and_a_page_of_some_are_refused(capsys):
    for arguments, words in (
        (["--only", "lenet9"], "no architecture is called 'lenet9'; choose from alexnet"),
        (["--only", "resnet18", "--write"], "leave --only away"),
    ):
        with pytest.raises(SystemExit) as error:
            zoo.main(arguments)
        assert error.value.code == 2 and words in capsys.readouterr().err


def test_rows_are_kept_in_a_file_and_taken_from_it(tmp_path, monkeypatch, capsys):
    made = []

    def check(name, corrected, *_):
        made.append((name, corrected))
        return zoo.Row(name, corrected, matched={"name": 3}, seconds=1.5)

    monkeypatch.setattr(zoo, "started_lanes", list)
    monkeypatch.setattr(zoo, "check", check)
    out = tmp_path / "zoo.json"
    first = zoo.measure(["alexnet"], out)
    assert made == [("alexnet", False), ("alexnet", True)]
    assert zoo.measure(["alexnet", "resnet18"], out)[:2] == first and made[2:] == [("resnet18", False)]
    out.write_text(out.read_text("utf-8").replace("torchvision", "torchaudio"), "utf-8")
    assert zoo.main(["--only", "resnet18", "--out", str(out)]) == 2
    assert "zoo.json was made with" in capsys.readouterr().err
    out.write_text("[]", "utf-8")
    assert zoo.main(["--only", "resnet18", "--out", str(out)]) == 2
    assert "zoo.json is not what --out writes (TypeError" in capsys.readouterr().err
