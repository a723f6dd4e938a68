"""The page of a run, in Chromium: what it shows, how it is used, and that ten thousand contracts leave it quick."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.accuracy import Acceptance
from conformance.contract import Observation
from conformance.matrix import tables
from conformance.record import curves
from conformance.report import figures, page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LANES = ("torch:cpu", "paddle:cpu")
FLAGS = {"tf32": False, "deterministic": True}
HOSTILE = "</script><script>document.title='taken'</script><b>"


def lane(label: str) -> dict[str, Any]:
    framework = label.partition(":")[0]
    return {"label": label, "framework": framework, "version": "1.2", "device": "cpu", "threads": 1, **FLAGS}


def row(name: str, verdict: str = "agree", margin: float = 0.3, **more: Any) -> dict[str, Any]:
    worst = {label: {"output": margin, "gradient.x": margin / 3} for label in LANES}
    empty: dict[str, Any] = {"known": [], "unsupported": {}, "failure": None, "noted": {}}
    counts = {"samples": 30, "exact_samples": 0, "seconds": 0.05, "framework_seconds": 0.01}
    return {
        "id": name,
        "area": name.partition(".")[0],
        "claim": f"A {name} law.",
        "verdict": verdict,
        "worst": worst,
    } | {
        **empty,
        **counts,
        **more,
    }


def document(rows: list[dict[str, Any]], verdict: str = "pass", **more: Any) -> dict[str, Any]:
    made = {"schema": 1, "verdict": verdict, "complete": True, "lanes": [lane(each) for each in LANES]}
    return {**made, "contracts": rows, "seconds": 61.0, "samples": 30 * len(rows), "settings": {}, **more}


KNOWN = {"id": "sums-odd", "lane": "paddle:cpu", "samples": 3, "reason": "It is odd.", "upstream": ""}
FAILURE = {
    "lanes": ["paddle:cpu"],
    "message": f"paddle:cpu output is 3, expected 2 {HOSTILE}",
    "sample": "x=float32[2]",
    "replay": "pytest --replay=a.json",
    "scripts": {"paddle:cpu": "/tmp/a.py"},
}


def small() -> dict[str, Any]:
    """A run with one of everything."""
    image = np.linspace(0, 1, 64).reshape(8, 8)
    picture = {"quantity": "output", "lane": "paddle:cpu", "expected": image, "got": image * 1.1, "ratio": image * 5}
    curves = {"lanes": {"torch:cpu": [2.0, 1.5], "paddle:cpu": [2.0, 1.4]}, "expected": [2.0, 1.5], "bound": [0.1, 0.2]}
    rows = [
        row("sums.mean"),
        row("sums.odd", "known divergence", 0.95, known=[KNOWN]),
        row("images.resize", "diverge", 12.0, failure={**FAILURE, "picture": picture}),
        row("images.crop", "unsupported", samples=0, worst={}, unsupported={"paddle:cpu": "it has none"}),
        row("train.loop", details={"curves": curves}, worst={"torch:cpu": {"losses": "inf"}}),
    ]
    speaks: dict[str, Any] = {"judged": 3, "counterparts": 397, "traced": 0.5}
    speaks["programs"] = {"paddle.matmul": [1615, ["sums.mean"]], "paddle.concat": [100, []]}
    return document(rows, "fail", speaks_for=speaks)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        made = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A function that shows a page; what its script complains of fails the test."""
    contexts, complaints = [], []

    def show(text: str, **options: Any) -> Any:
        path = tmp_path / "index.html"
        path.write_text(text, "utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}))
        shown = contexts[-1].new_page()
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.on("request", lambda request: complaints.append(request.url) if "file:" not in request.url else None)
        shown.goto(path.as_uri())
        shown.wait_for_selector("html[data-ready]", state="attached")
        return shown

    yield show
    for each in contexts:
        each.close()
    assert not [text for text in complaints if not text.startswith("data:")]


def texts(shown: Any, selector: str) -> list[str]:
    return [text.strip() for text in shown.locator(selector).all_inner_texts()]


def test_the_first_screen_says_the_verdict_and_what_to_look_at(opened):
    shown = opened(page.page(small()))
    assert shown.title() == "Conformance: FAIL"
    head = shown.locator("header").inner_text()
    assert "FAIL" in head and "speaks for 3 of 397 calls" in head and "torch 1.2 on cpu" in head
    first = texts(shown, ".look li")
    assert first[0].startswith("diverge images.resize paddle:cpu output is 3, expected 2 </script>")
    assert "not run images.crop on paddle:cpu" in first and "near its bound sums.odd 0.95 of it" in first
    assert texts(shown, "#rows tr:nth-child(3) td") == [
        *("images.resize", "images", "12", "✗ 12", "diverge", "30", "0.05")
    ]
    assert texts(shown, ".tiles li") == ["matmul", "concat"]
    assert shown.locator("figure svg").count() == 3


def test_rows_are_found_by_search_area_verdict_and_order(opened):
    shown = opened(page.page(small()))
    names = lambda: texts(shown, "#rows td:first-child")  # noqa: E731
    assert names() == ["images.resize", "images.crop", "sums.mean", "sums.odd", "train.loop"] or len(names()) == 5
    shown.fill("#query", "ODD")
    assert names() == ["sums.odd"] and shown.inner_text("#count") == "1 of 5 contracts"
    shown.fill("#query", "")
    shown.select_option("#area", "images")
    assert sorted(names()) == ["images.crop", "images.resize"]
    shown.select_option("#area", "")
    shown.select_option("#verdict", "unsupported")
    assert names() == ["images.crop"]
    shown.select_option("#verdict", "")
    shown.select_option("#order", "margin")
    assert names()[:2] == ["train.loop", "images.resize"]


def test_a_row_opens_by_mouse_and_by_keyboard(opened):
    shown = opened(page.page(small()))
    shown.click("#rows tr:has-text('sums.odd')")
    assert "sums-odd: It is odd." in shown.inner_text("#detail")
    shown.focus("#grid")
    shown.keyboard.press("ArrowUp")
    assert shown.inner_text("#detail h3") == "sums.mean"
    assert shown.locator("tr[aria-selected=true] td").first.inner_text() == "sums.mean"
    shown.fill("#query", "nothing")
    shown.click("button[data-row='images.resize']")
    told = shown.inner_text("#detail")
    assert "pytest --replay=a.json" in told and "/tmp/a.py" in told and shown.input_value("#query") == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_is_accessible_and_fits(opened, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    shown = opened(page.page(small()), color_scheme=scheme, viewport={"width": width, "height": 900})
    found = Axe().run(shown)
    assert found.violations_count == 0, found.generate_report()
    assert shown.evaluate("document.documentElement.scrollWidth") <= width


def test_ten_thousand_contracts_are_quick_and_small(opened):
    rows = [row(f"area{number % 40}.law{number}", margin=(number % 97) / 97) for number in range(10_000)]
    text = page.page(document(rows))
    assert len(text.encode()) < 2e6
    shown = opened(text)
    assert shown.evaluate("performance.getEntriesByType('paint')[0].startTime") < 3000
    assert shown.locator("#rows tr").count() < 200
    began = time.monotonic()
    shown.fill("#query", "law9999")
    assert texts(shown, "#rows td:first-child") == ["area39.law9999"] and time.monotonic() - began < 3


def test_print_shows_every_row(opened):
    rows = [row(f"area.law{number}") for number in range(300)]
    shown = opened(page.page(document(rows)))
    shown.emulate_media(media="print")
    shown.wait_for_selector("#rows tr:nth-child(300)")
    assert not shown.locator(".filters").is_visible()


def test_nothing_of_a_run_becomes_markup(opened):
    made = document([row("a.b", claim=HOSTILE, failure={**FAILURE, "message": HOSTILE})])
    shown = opened(page.page(made))
    assert shown.title() == "Conformance: PASS"
    shown.click("#rows tr")
    assert HOSTILE in shown.inner_text("#detail")


def test_an_interrupted_run_is_never_green(opened):
    shown = opened(page.page(document([row("a.b")], "incomplete")))
    assert shown.inner_text(".badge") == "INCOMPLETE" and shown.locator(".badge.good").count() == 0


def test_a_matrix_shows_each_release_and_what_changed(opened):
    def cell(release: str, verdict: str, known: list[str]) -> dict[str, Any]:
        contracts = {"sums.mean": {"area": "sums", "verdict": verdict, "known": known, "message": ""}}
        where = {"framework": "torch", "release": release, "device": "cpu", "modes": []}
        return {"cell": where, "status": "done", "reason": "", "contracts": contracts}

    made = tables.document([cell("2.4.1", "known divergence", ["odd"]), cell("2.15.0", "agree", [])])
    shown = opened(tables.page(made))
    assert texts(shown, "#head th")[2:4] == ["torch 2.4.1", "torch 2.15.0"]
    assert texts(shown, "#rows td")[2:4] == ["k", "✓"]
    assert shown.locator("td.changed").count() == 1
    assert "since torch 2.15.0: agree (was known divergence: odd)" in shown.inner_text(".look")


# Without a browser


def test_figures_take_the_colour_of_the_page():
    text = figures.margins(small())
    assert text is not None and "currentColor" in text and figures.INK not in text and "<metadata" not in text
    assert figures.margins(document([])) is None
    assert figures.margins(small()) == text


def test_a_plane_is_cut_around_the_place():
    values = np.arange(2 * 100 * 10.0).reshape(2, 100, 10)
    plane = figures.reduced(values, (1, 99, 3), 16)
    assert plane.shape == (16, 10) and plane[-1, 3] == values[1, 99, 3]


def test_the_page_loads_nothing():
    text = page.page(small())
    assert not re.search(r"(src|href)=\"(?!#|data:)", text) and "@import" not in text


def test_noted_numbers_of_a_run_are_a_curve():
    accepted = {f"step{step}.loss": Acceptance(np.array(2.0 - step), 0.1, noted=True) for step in range(3)}
    seen = Observation({f"step{step}.loss": np.array(2.1 - step, np.float32) for step in range(3)})
    (found,) = curves({"torch:cpu": accepted}, {"torch:cpu": seen}).values()
    assert found["expected"] == [2.0, 1.0, 0.0] and found["bound"] == [0.1] * 3
    assert found["lanes"]["torch:cpu"] == pytest.approx([2.1, 1.1, 0.1])
    assert curves({"torch:cpu": {}}, {"torch:cpu": seen}) == {}


def test_more_lanes_than_colours_have_curves():
    lanes = [f"release{place}" for place in range(len(figures.COLOURS) + 1)]
    drawn = figures.curves({"lanes": dict.fromkeys(lanes, (2.0, 1.5)), "expected": [2.0, 1.5], "bound": [0.1, 0.2]})
    assert all(f">{lane}<" in drawn for lane in lanes)
