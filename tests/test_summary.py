"""The summary that a person reads in ten seconds, as text and as Markdown."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.report import summary

LANES: list[dict[str, Any]] = [
    {
        "label": "torch:cuda",
        "framework": "torch",
        "version": "2.15.0",
        "device": "cuda:0",
        "device_name": "H100",
        "numpy": "2.4.6",
        "threads": 1,
        "tf32": True,
        "deterministic": True,
    },
    {
        "label": "new",
        "framework": "paddle",
        "version": "3.3.1",
        "device": "cpu",
        "threads": 2,
        "tf32": False,
        "deterministic": False,
        "modes": ["static=ast", "nhwc"],
    },
]


def row(name: str = "nn.a", area: str = "forward", verdict: str = "agree", **more: Any) -> dict[str, Any]:
    """A contract's row of ``results.json``."""
    given: dict[str, Any] = {"samples": 10, "worst": {}, "noted": {}, "known": [], "unsupported": {}, "failure": None}
    return {"id": name, "area": area, "verdict": verdict, **given, **more}


def document(*rows: dict[str, Any], verdict: str = "pass", **more: Any) -> dict[str, Any]:
    samples = sum(item["samples"] for item in rows)
    return {"verdict": verdict, "lanes": LANES, "contracts": list(rows), "seconds": 61.4, "samples": samples, **more}


def test_lanes_are_told_with_versions_and_settings():
    text = summary.lines(document(row()))
    assert text[0] == "torch:cuda: torch 2.15.0 on H100 (numpy 2.4.6, 1 thread, TF32 on, deterministic)"
    assert text[1] == "new: paddle 3.3.1 on cpu (2 threads, TF32 off, not deterministic, +static+nhwc)"


def test_there_is_a_row_for_each_area_with_its_worst_margin():
    text = summary.lines(
        document(
            row("nn.a", worst={"torch:cpu": {"output": 0.25}, "paddle:cpu": {"output": 0.5, "gradient.x": 0.125}}),
            row("nn.b", worst={"torch:cpu": {"output": 0.0}}, verdict="known divergence"),
            row("io.c", area="files", worst={"torch:cpu": {"output": 0.0}}),
            row("io.d", area="nothing", verdict="unsupported", samples=0),
            row("io.e", area="wrong", verdict="diverge", worst={"torch:cpu": {"output": "inf"}}),
        )
    )
    assert [line.split() for line in text[3:8]] == [
        ["area", "contracts", "samples", "verdicts", "worst", "margin", "where"],
        ["forward", "2", "20", "1", "agree,", "1", "known", "divergence", "0.50", "nn.a", "output", "(paddle:cpu)"],
        ["files", "1", "10", "1", "agree", "exact"],
        ["nothing", "1", "0", "1", "unsupported", "-"],
        ["wrong", "1", "10", "1", "diverge", "inf", "io.e", "output", "(torch:cpu)"],
    ]
    columns = [line.index(word) for line, word in zip(text[3:6], ["samples", "20", "10"], strict=True)]
    assert len(set(columns)) == 1


@pytest.mark.parametrize(
    ("verdict", "more", "told"),
    [
        ("pass", {}, "verdict: PASS (2 contracts, 20 samples, 61 s: 2 agree)"),
        ("fail", {}, "verdict: FAIL (2 contracts"),
        ("fail", {"complete": False}, "verdict: FAIL (and interrupted) (2 contracts"),
        ("incomplete", {"complete": False}, "verdict: INCOMPLETE (interrupted: not a pass) (2 contracts"),
    ],
)
def test_the_verdict_is_the_last_line(verdict, more, told):
    made = document(row("nn.a"), row("nn.b"), verdict=verdict, **more)
    assert summary.lines(made)[-1].startswith(told)
    assert f"**{summary.verdict_line(made)}**" in summary.markdown(made)


KNOWN = {"id": "odd", "lane": "paddle:cpu", "samples": 7, "reason": "NaN | 0:\n  a <b> " + "word " * 40}


def test_known_divergences_are_told_with_their_reasons():
    text = summary.lines(document(row(known=[KNOWN])))
    assert "known divergences (1), each held to what it is known to do:" in text
    (line,) = [line for line in text if "odd (paddle:cpu" in line]
    assert "NaN | 0: a <b> word" in line and len(line) < 130


def test_lanes_that_did_not_run_are_told_with_the_reason():
    text = summary.lines(document(row(unsupported={"paddle:gpu": "no kernel"})))
    assert "  nn.a on paddle:gpu: no kernel" in text
    assert "not run on a lane:" not in summary.lines(document(row()))


def test_noted_errors_keep_their_order():
    text = summary.lines(document(row(noted={"torch:cpu": {"step 1": 2.0, "step 10": 3.25, "step 2": "inf"}})))
    assert "  nn.a on torch:cpu: step 1 2.0, step 10 3.2, step 2 inf" in text


def test_markdown_says_the_same_in_tables_that_no_text_can_break():
    failed = row("nn.b", verdict="diverge", failure={"message": "torch:cpu is <wrong>\nat [0]"})
    page = summary.markdown(
        document(row(known=[KNOWN], noted={"torch:cpu": {"step 1": 2.0}}, unsupported={"new": "no"}), failed)
    )
    lines = page.splitlines()
    assert "- `new: paddle 3.3.1 on cpu (2 threads, TF32 off, not deterministic, +static+nhwc)`" in lines
    assert "| forward | 2 | 20 | 1 agree, 1 diverge | - |  |" in lines
    assert "- `nn.b`: torch:cpu is &lt;wrong> at [0]" in lines
    (known,) = [line for line in lines if line.startswith("| odd")]
    assert known.startswith("| odd | paddle:cpu | 7 | NaN \\| 0: a &lt;b> word")
    assert "- nn.a on torch:cpu: step 1 2.0" in lines and "- nn.a on new: no" in lines
    for table in ("| area |", "| entry |"):
        start = next(place for place, line in enumerate(lines) if line.startswith(table))
        width = lines[start].count("|")
        for line in lines[start:]:
            if not line.startswith("|"):
                break
            assert line.replace("\\|", "").count("|") == width


def test_what_did_not_happen_has_no_heading():
    page = summary.markdown(document(row()))
    for heading in ("### Failures", "### Known divergences", "### Errors along the way", "### Not run on a lane"):
        assert heading not in page


def test_an_entry_that_is_as_another_one_is_counted_in_its_line():
    first = {"id": "nan-lost", "lane": "new", "samples": 1, "reason": "The kernel loses NaN."}
    same = {"id": "max-nan-lost", "lane": "new", "samples": 1, "reason": "As nan-lost, in max."}
    other = {"id": "lone", "lane": "new", "samples": 1, "reason": "As absent-entry: told here."}
    text = "\n".join(summary.lines(document(row(known=[first, same]), row("nn.b", known=[other]))))
    assert "known divergences (3)" in text
    assert "nan-lost (new, and in 1 more contract): The kernel loses NaN." in text
    assert "max-nan-lost" not in text
    assert "lone (new): As absent-entry: told here." in text


def test_what_a_lane_refuses_for_one_reason_is_one_line():
    def without(name: str) -> dict[str, Any]:
        return row(id=name, unsupported={"paddle:cpu float16": f"RuntimeError: no kernel `{name}`" + " in it" * 50})

    told = summary.lines(document(without("a.one"), without("a.two"), row(id="a.three", unsupported={"old": "no"})))
    start = told.index("not run on a lane:")
    assert told[start + 1].startswith(
        "  a.one (and 1 more) on paddle:cpu float16: RuntimeError: no kernel `a.one` in it"
    )
    assert told[start + 1].endswith("...") and len(told[start + 1]) < 220
    assert told[start + 2] == "  a.three on old: no"


def test_one_contract_is_one_and_a_huge_margin_is_short():
    wrong = row(verdict="diverge", samples=1, worst={"torch:cpu": {"output": 169900000.0}})
    one = {**document(wrong), "samples": 1}
    assert "1 contract, 1 sample, " in summary.verdict_line(one)
    assert any("1.7e+08" in line for line in summary.lines(one))


def test_an_entry_of_several_lanes_and_contracts_is_told_once():
    entry = {"id": "odd", "samples": 1, "reason": "It is odd."}
    known = [{**entry, "lane": "new"}, {**entry, "lane": "old"}]
    text = "\n".join(summary.lines(document(row(known=known))))
    assert "known divergences (1)" in text and text.count("odd (") == 1 and "odd (new, old): It is odd." in text
    text = "\n".join(summary.lines(document(row(known=known[:1]), row("nn.b", known=known[:1]))))
    assert "known divergences (1)" in text and "odd (new, and in 1 more contract): It is odd." in text
