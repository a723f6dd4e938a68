"""Coverage: files that cannot be used, shares that are computed by hand, and names that mean what they say."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from conformance import coverage, home, ledger, translation
from conformance.__main__ import main
from conformance.contract import Contract, Sample

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def found() -> coverage.Coverage:
    """The coverage of the gate."""
    return coverage.read()


def test_every_name_of_covers_is_a_call_that_is_known(found):
    assert coverage.unknown(found) == []


def test_every_counterpart_is_judged_or_has_a_reason(found):
    assert found.unexplained() == []
    assert sum(bool(found.judged(call)) for call in found.counterparts) >= 395
    assert found.share() > 0.98 and found.share_with_dtypes() > 0.96


def test_every_call_of_paddle_that_is_covered_exists(found):
    lacking = []
    for call in found.contracts:
        if call.startswith("paddle."):
            try:
                resolved(call)
            except AttributeError:
                lacking.append(call)
    assert lacking == []


def resolved(name: str) -> Any:
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            value = getattr(value, part)
        return value
    raise AttributeError(name)


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_every_counterpart_exists_in_the_pinned_release(found, framework):
    lacking = []
    for call, entry in found.counterparts.items():
        try:
            resolved(entry[framework])
        except AttributeError:
            lacking.append((call, entry[framework]))
    assert lacking == []


# By hand


def made(name: str, covers: tuple[str, ...], dtype: str, gradients: tuple[str, ...] = (), **more: Any) -> Contract:
    """A contract of one sample."""
    sample = Sample({"x": np.ones(2, dtype), "data_format": "NHWC", "layouts": {"x": "sliced"}})
    fields: dict[str, Any] = {
        **{"area": "a", "claim": "It is.", "samples": st.just(sample), "calls": {}, "variants": {}, "tensors": True},
        **{"oracle": lambda **_: {}, "conditioned": False, "share": 1.0, "may_be_zero": (), "unsupported": {}},
        **more,
    }
    return Contract(id=name, gradients=gradients, covers=covers, module="m", **fields)


PAIRS = {name: {"id": name, "area": "sums", "torch": f"torch.{name}", "paddle": f"paddle.{name}"} for name in "abc"}
TRACED = {
    "paddle.a": {"configurations": 6, "dtypes": {"float32": 1, "float16": 2}},
    "paddle.b": {"configurations": 3, "dtypes": {"int64": 5}},
    "paddle.c": {"configurations": 1, "dtypes": {}},
}


def small() -> coverage.Coverage:
    """Two contracts for three counterparts."""
    one = made("x.one", ("a", "paddle.a", "paddle.c"), "float32", ("x",))
    two = made("x.two", ("a",), "int64", unsupported={"paddle": "it has none"})
    contracts = {"a": [one, two], "paddle.a": [one], "paddle.c": [one]}
    facts = {each.id: coverage._facts(each) for each in (one, two)}
    return coverage.Coverage(PAIRS, TRACED, {"b": "it is random"}, contracts, facts, ledger.Ledger([]), {})


def test_shares_count_configurations_and_the_dtypes_of_their_tensors():
    assert small().share() == 0.7
    assert small().share_with_dtypes() == pytest.approx((6 / 3 + 1) / 10)


def test_a_call_has_the_dtypes_gradients_layouts_and_verdicts_of_its_contracts():
    told = small().as_json()
    assert told["calls"]["a"] == {
        "contracts": ["x.one", "x.two"],
        "dtypes": ["float32", "int64"],
        "gradient": True,
        "layouts": ["channels_last", "contiguous", "sliced"],
        "reason": None,
    }
    assert told["calls"]["b"] == {
        "contracts": [],
        "dtypes": [],
        "gradient": False,
        "layouts": [],
        "reason": "it is random",
    }
    assert told["traced"] == {"calls": 0.7, "calls_and_dtypes": 0.3}
    assert small().verdict("a", "paddle") == "agree" and small().verdict("b", "torch") == ""


def test_what_has_neither_contract_nor_reason_is_named():
    assert small().unexplained() == ["c"]
    assert coverage.unknown(small()) == []
    wrong = small()
    wrong.contracts = {**wrong.contracts, "typo": wrong.contracts["a"][:1]}
    wrong.reasons = {"a": "no longer", "gone": "why", "paddle.far": "a further call may have one"}
    assert sorted(coverage.unknown(wrong)) == [
        "'a' is judged, and has a reason why not",
        "a reason is given for 'gone', which is no call of either file",
        "x.one covers 'typo', which is neither a counterpart nor a traced call",
    ]


def test_the_page_has_a_row_for_each_call(found):
    text = coverage.page(small())
    assert "1 of 3 calls that both frameworks have are judged, and 70.0% of the calls of traced programs (30.0%" in text
    assert "| `a` | `x.one`, `x.two` | yes | float32, int64 | channels_last, sliced |  | agree | agree |" in text
    assert "- `b` is not judged: it is random" in text and "- `paddle.b` (3): not judged" in text


def test_calls_beside_the_counterparts_are_told_by_area():
    more = small()
    more.contracts = {**more.contracts, "paddle.far.one": more.contracts["a"][:1]}
    more.reasons = {**more.reasons, "paddle.far.two": "it is random"}
    assert more.further() == {"a": ["paddle.far.one"], "": ["paddle.far.two"]}
    assert more.as_json()["further"]["paddle.far.two"]["reason"] == "it is random"
    text = coverage.page(more)
    assert "with their dtypes); beside them 1 further calls." in text
    assert "### a\n" in text and "| `paddle.far.one` | `x.one` | yes |" in text
    assert text.endswith("- `paddle.far.two` is not judged: it is random\n")


def test_a_call_is_translated_with_the_names_of_the_frameworks(monkeypatch):
    sources = {"torch": "lambda f, x: f.gelu(x) | f.y", "paddle": "lambda f, x: f.nn.gelu(x, True)"}
    same = dict.fromkeys(("torch", "paddle"), "lambda f, x: f.abs(x)")
    rows = {
        "x.one": made("x.one", ("a",), "float32", sources=sources, note="Paddle's is exact."),
        "x.two": made("x.two", ("b",), "float32", sources=same),
        "x.long": made("x.long", ("b",), "float32", sources=dict.fromkeys(same, "lambda f, x: " + "x" * 200)),
    }
    monkeypatch.setattr(translation, "REGISTRY", rows)
    text = translation.page(PAIRS)
    assert "- `x.one`: Paddle's is exact." in text and "x.long" not in text
    assert "| `x.one` | `a` | `torch.gelu(x) \\| torch.y` | `paddle.nn.gelu(x, True)` |" in text
    assert "| `x.two` | `b` | `torch.abs(x)` | the same |" in text


# The command


def test_the_pages_are_up_to_date(capsys):
    status = main(["coverage", "--check"])
    assert status == 0, capsys.readouterr().out


def test_the_command_writes_pages_and_json(tmp_path, capsys):
    assert main(["coverage", "--json", str(tmp_path / "found.json"), "--out", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert {"contracts", "dtypes", "gradient", "layouts", "reason"} == told["calls"]["nn.Conv2d"].keys()
    assert "nn.conv2d" in told["calls"]["nn.Conv2d"]["contracts"]
    assert (tmp_path / "coverage.md").exists() and (tmp_path / "translation.md").exists()
    assert re.search(r"\d+ of 397 calls that both frameworks have are judged", capsys.readouterr().out)
    (tmp_path / "coverage.md").write_text("old")
    assert main(["coverage", "--check", "--out", str(tmp_path)]) == 1
    assert "coverage.md is out of date; make it with: python -m conformance coverage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "text", "sentence"),
    [
        ("--counterparts", "{", "is not valid JSON"),
        ("--counterparts", "[]", "has no 'entries' that is a list"),
        ("--counterparts", '{"entries": [3]}', "entry number 1 has no id; write it as"),
        ("--counterparts", '{"entries": [{"id": "a", "torch": 3}]}', "torch and paddle of 'a' must be names of calls"),
        ("--workloads", '{"calls": []}', "has no 'calls' that is an object"),
        ("--workloads", '{"calls": {"a": 3}}', "'a' needs configurations, a count, and dtypes, counts by dtype"),
        ("--workloads", '{"calls": {"a": {"configurations": 1, "dtypes": {"x": "1"}}}}', "'a' needs configurations"),
        ("--workloads", None, "cannot read"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(option, text, sentence, tmp_path, capsys):
    path = tmp_path / "given.json"
    if text is not None:
        path.write_text(text, "utf-8")
    assert main(["coverage", option, str(path)]) == 2
    told = capsys.readouterr().err
    assert sentence in told and str(path) in told and told.count("\n") == 1


def test_reasons_are_texts(tmp_path):
    path = tmp_path / "uncovered.toml"
    path.write_text('"a" = 3')
    with pytest.raises(coverage.ContractError, match="the reason of 'a' must be a text"):
        coverage.read_reasons(path)


def test_a_run_says_what_it_speaks_for():
    project = home.gate()
    told = coverage.spoken_for(project, ["nn.conv2d", "nn.linear"])
    assert told is not None and told["judged"] == 3 and told["counterparts"] == 397 and 0 < told["traced"] < 0.1
