"""The pages of a check of ports: what they say of results.json, in both forms, whatever the names and the numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from conformance.judge import Verdict
from conformance.report import hypertext, porting
from tests.porting_documents import HERE, LAWS, WRONG, document, law, laws, layer

KNOWN = {"id": "odd", "lane": "paddle", "samples": 3, "reason": "The variance is biased.", "upstream": "docs of paddle"}
EPS = (
    "outputs.0 differs by 6.96e-06 at [1, 1]\n  the first layer that differs: torch 'norm'\n  another eps: 1e-05, 0.001"
)
HOSTILE = "<script>0</script>|`x`*b* [l](u) ![i](u) &amp; \"q\" 'r' __u__ ~~s~~ \\| <!-- "


class Page(HTMLParser):
    """An HTML page: its elements with their attributes, its text, and its tables as texts of cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.within = False
        self.tables: list[list[list[str]]] = []
        self.feed(text)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.within = True
        self.text += " " * (tag != "wbr")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.within:
            self.tables[-1][-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag not in ("td", "th")


def markdown_tables(text: str) -> list[list[list[str]]]:
    """Tables of a Markdown page, as a reader sees their cells."""
    found: list[list[list[str]]] = []
    inside = False
    for line in re.sub(r"(?s)(`{3,})text\n.*?\n\1(?=\n)", "", text).splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        if not inside:
            found.append([])
        inside = True
        cells = [re.sub(r"^\*\*(.*)\*\*$", r"\1", cell.strip()) for cell in line.strip("|").split("|")]
        found[-1].append([shown(cell) for cell in cells])
    return [[table[0], *table[2:]] for table in found]


def shown(cell: str) -> str:
    """Markdown without markup, as it is shown."""
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]~]|<", cell), cell
    text = re.sub(r"\\([\\`*_\[\]~])", r"\1", cell)
    return text.replace("&lt;", "<").replace("&#124;", "|").replace("&amp;", "&")


def both(made: dict[str, Any]) -> tuple[Page, str]:
    """The only pair's page in both forms. Their tables say the same."""
    (checked,) = porting.pairs(made)
    blocks = porting.content(made, checked)
    page, text = Page(hypertext.page("t", blocks)), porting.markdown(blocks)
    tables = [[[" ".join(cell.split()) for cell in row] for row in table] for table in page.tables]
    assert tables == markdown_tables(text)
    return page, text


def table(page: Page, *header: str) -> list[dict[str, str]]:
    """The rows of the table whose header begins like this."""
    (found,) = [each for each in page.tables if each[0][: len(header)] == list(header)]
    return [dict(zip(found[0], row, strict=True)) for row in found[1:]]


# The verdict


@pytest.mark.parametrize(
    ("records", "complete", "said"),
    [
        (laws(), True, "PASS: the models agree in all 4 laws. 12 samples, 5.0 s."),
        (
            laws(forward=law("forward", verdict=Verdict.KNOWN)),
            True,
            "PASS: the models agree in all 4 laws; in forward but for what is known of the frameworks.",
        ),
        (laws(forward=law("forward", verdict=Verdict.DIVERGE)), True, "FAIL: the models differ (forward)."),
        (laws(forward=law("forward", verdict=Verdict.ERROR)), True, "FAIL: 1 of 4 laws could not be judged (forward)."),
        (
            laws(forward=None, training=None),
            True,
            "INCOMPLETE: 2 of 4 laws were not selected (forward, training): this is no pass.",
        ),
        (
            laws(precision=None),
            False,
            "INCOMPLETE: 1 of 4 laws did not run before the end (precision): this is no pass.",
        ),
        (
            laws(forward=law("forward", verdict=Verdict.DIVERGE), precision=None),
            False,
            "FAIL: the models differ (forward); 1 of 4 laws did not run before the end (precision): this is no pass.",
        ),
    ],
)
def test_the_verdict_is_a_sentence_at_the_top(records, complete, said):
    made = document(*records, complete=complete)
    page, text = both(made)
    assert said in page.text
    assert said.replace("*", "") in text.splitlines()[2].replace("**", "")
    verdict = said.partition(":")[0]
    assert [name for name in ("PASS", "FAIL", "INCOMPLETE") if re.search(rf"\b{name}\b", text)] == [verdict]
    assert text.startswith(f"# Port net: {verdict}\n")


def test_a_run_that_was_stopped_after_the_last_law_of_a_pair_is_a_pass_of_that_pair():
    assert porting.pairs(document(*laws(), complete=False))[0].verdict == "PASS"


# The laws


def test_every_law_has_a_row_in_its_order_be_it_run_or_not():
    worst = {HERE: {"outputs": 0.09, "buffers": 0.0}}
    page, _ = both(document(*laws(forward=law("forward", worst=worst, samples=7), training=None)))
    rows = table(page, "law", "verdict")
    assert [row["law"] for row in rows] == LAWS
    assert rows[1] == {
        "law": "forward",
        "verdict": "agree",
        "used of allowed": "buffers 0, outputs 0.09",
        "samples": "7",
        "exact samples": "1",
        "seconds": "1.25",
        "what it holds the models to": "The claim of forward.",
    }
    assert (rows[2]["verdict"], rows[2]["samples"]) == ("not run", "")


def test_lanes_are_told_apart_where_there_are_more_than_two():
    worst = {HERE: {"outputs": 0.5}, "torch:cpu paddle:gpu": {"outputs": float("inf")}}
    page, _ = both(document(*laws(forward=law("forward", worst=worst))))
    row = table(page, "law")[1]
    assert row["used of allowed"] == "torch:cpu paddle:cpu: outputs 0.5; torch:cpu paddle:gpu: outputs inf"


def test_the_message_of_a_failure_is_there_in_full_and_only_of_a_failure():
    failed = law("forward", verdict=Verdict.DIVERGE, failure={"lanes": [], "message": EPS})
    page, text = both(document(*laws(forward=failed)))
    for line in EPS.splitlines():
        assert line.strip() in page.text and line.strip() in text.splitlines()
    page, text = both(document(*laws()))
    assert "Failures" not in page.text and "Failures" not in text and "6.96e-06" not in page.text


def test_lanes_and_settings_are_told():
    page, text = both(document(*laws()))
    for told in ("torch 2.15.0 on H100 (numpy 2.4.6, 1 thread, TF32 on", "paddle 3.3.1 on cpu", "ports/net.py"):
        assert told in page.text and told in text
    assert "platform: " in text and "conformance: " in text


# The layers


def test_layers_are_told_in_order_and_the_first_that_differs_is_marked():
    page, _ = both(document(*laws(training=law("training", layers=WRONG))))
    rows = table(page, "first to differ")
    assert [row["torch"] for row in rows] == ["one", "two", "(the whole model)"]
    assert [row["first to differ"] for row in rows] == ["", "forward", ""]
    (found,) = [each for each in page.tables if each[0][0] == "first to differ"]
    assert found[1][1:] == [
        *("one", "one", "agrees", "agrees", "1e-09", "differs", "4.45e+03"),
        *("Linear", "Linear", "net.py:3", "port.py:4"),
    ]
    assert found[2][3:8] == ["agrees", "differs", "inf", "agrees", "0"]
    assert found[3][3:8] == ["differs", "differs", "not comparable", "agrees", "0.25"]
    marked = [place for place, (tag, own) in enumerate(page.elements) if own.get("class") == "marked" and tag == "tr"]
    assert len(marked) == 1
    alone = table(page, "model", "layer")
    assert [tuple(row.values()) for row in alone] == [
        ("torch", "alone", "Dropout", "net.py:9"),
        ("paddle", "other", "Flatten", "port.py:9"),
    ]


def test_columns_of_which_nothing_is_known_are_left_out():
    page, _ = both(document(*laws(forward=law("forward", layers=[layer("one")]))))
    (row,) = table(page, "torch", "paddle", "inputs")
    assert "gradient" not in row and "first to differ" not in row and "output" in row


def test_laws_that_saw_the_same_have_one_table_and_lanes_one_each():
    here, there = [layer("a")], [layer("a", lanes="torch:cpu paddle:gpu")]
    changed = {name: law(name, layers=here) for name in ("training", "forward")}
    page, _ = both(document(*laws(**changed)))
    assert "Layers, as seen by forward, training on torch:cpu paddle:cpu" in page.text
    assert page.text.count("Layers, as seen by") == 1
    page, _ = both(document(*laws(training=law("training", layers=[*here, *there]))))
    assert page.text.count("Layers, as seen by training on torch:cpu paddle:") == 2
    page, _ = both(document(*laws()))
    assert "Layers" not in page.text


def test_where_no_layers_meet_that_is_said():
    page, _ = both(document(*laws(forward=law("forward", layers=WRONG[3:]))))
    assert "No layer of one model could be set beside one of the other." in page.text


# Rounding, known divergences, warnings, the replay


def test_each_model_s_rounding_is_judged_by_itself():
    worst = {HERE: {"outputs.0 torch": 0.25, "outputs.0 paddle": 1.5, "outputs.1 torch": float("inf")}}
    page, _ = both(document(*laws(precision=law("precision", worst=worst))))
    rows = {(row["quantity"], row["model"]): (row["used of allowed"], row["normal"]) for row in table(page, "lanes")}
    assert rows == {
        ("outputs.0", "torch"): ("0.25", "yes"),
        ("outputs.0", "paddle"): ("1.5", "no"),
        ("outputs.1", "torch"): ("inf", "no"),
    }


def test_where_rounding_could_not_be_derived_the_noisier_model_is_judged():
    page, _ = both(document(*laws(precision=law("precision", worst={HERE: {"outputs.0": 0.5}}))))
    (row,) = table(page, "lanes", "quantity")
    assert row["model"] == "the noisier one, beside the other" and row["normal"] == "yes"


@pytest.mark.parametrize(
    ("precision", "why"),
    [(None, "the law precision did not run"), (law("precision"), "no output of single precision was weighed")],
)
def test_what_is_not_known_of_rounding_is_not_called_normal(precision, why):
    page, text = both(document(*laws(precision=precision)))
    assert f"It is not known: {why}." in page.text and f"It is not known: {why}." in text
    assert "normal for this network" not in text


def test_known_divergences_warnings_and_the_replay_are_told():
    warned = law("tensors", warnings=["net.py: fc.weight is matched by order alone"])
    again = law("training", warnings=["net.py: fc.weight is matched by order alone"], known={"odd": KNOWN})
    page, text = both(document(*laws(tensors=warned, training=again)))
    (known,) = table(page, "law", "entry")
    assert list(known.values()) == ["training", "odd", "paddle", "3", "The variance is biased.", "docs of paddle"]
    for told in ("net.py: fc.weight is matched by order alone", "python -m conformance port ports/net.py"):
        assert page.text.count(told) == text.count(told) == 1
    page, text = both(document(*laws()))
    assert "Warnings" not in text and "Known divergences" not in text


# Whatever stands in it


def test_no_text_is_taken_for_markup():
    message = f"{HOSTILE}\n```\n# head\n<img src=x>\n````text"
    failed = law("forward", verdict=Verdict.DIVERGE, failure={"lanes": [], "message": message}, warnings=[HOSTILE])
    failed.worst = {HOSTILE: {HOSTILE: 2.0}}
    failed.known = {"odd": {**KNOWN, "reason": HOSTILE}}
    failed.details |= {"layers": [layer(HOSTILE, kind=HOSTILE, where=HOSTILE)], "replay": HOSTILE, "pair": HOSTILE}  # type: ignore[operator]
    made = document(*laws(forward=failed))
    made["lanes"][0]["device_name"] = HOSTILE
    plain_page, page = both(document(*laws(forward=law("forward", layers=[layer("a")]))))[0], both(made)[0]
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain_page.elements} | {"pre"}
    assert {name for _, own in page.elements for name in own} == {
        name for _, own in plain_page.elements for name in own
    }
    assert page.text.count(" ".join(HOSTILE.split())) >= 8
    assert table(page, "torch", "paddle")[0]["torch"].split() == HOSTILE.split()


def test_no_message_ends_its_block_of_code():
    failed = law("forward", verdict=Verdict.DIVERGE, failure={"lanes": [], "message": "a\n````\n# b"})
    _, text = both(document(*laws(forward=failed)))
    lines = text.splitlines()
    began = lines.index("`````text")
    assert lines[began : began + 5] == ["`````text", "a", "````", "# b", "`````"]


def test_the_page_needs_nothing_from_elsewhere():
    made = document(*laws(training=law("training", layers=WRONG)))
    (checked,) = porting.pairs(made)
    text = hypertext.page("t", porting.content(made, checked))
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\ssrc=|\shref=|\son\w+=", text)
    assert "default-src 'none'" in text and "prefers-color-scheme: dark" in text and "@media print" in text
    tables = [own for tag, own in Page(text).elements if tag == "div"]
    assert tables and all(own["class"] == "table" and own["tabindex"] == "0" for own in tables)
