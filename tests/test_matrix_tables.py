"""The tables of a matrix: every cell of it, and the release in which a change came first."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from conformance.judge import Verdict
from conformance.matrix import tables
from conformance.matrix.cells import BROKEN, DONE, NOT_INSTALLED, Cell


def row(verdict: str = "agree", known: tuple[str, ...] = (), message: str = "") -> dict[str, Any]:
    shown = {"area": "forward", "samples": 9, "message": message, "sample": ""}
    return {"verdict": verdict, "known": list(known), **shown}


def outcome(release: str, framework: str = "torch", status: str = DONE, **contracts: dict[str, Any]) -> dict[str, Any]:
    release, *modes = release.split("+")
    cell = Cell(framework, release, modes=tuple(modes)).plain
    reason = "" if status == DONE else "no such <release>"
    named = {name.replace("_", "."): found for name, found in contracts.items()}
    return {"cell": cell, "status": status, "reason": reason, "lane": None, "contracts": named}


def test_columns_are_in_the_order_of_releases():
    made = tables.document(
        [outcome("3.0.0", "paddle"), outcome("2.15.0"), outcome("2.4.1"), outcome("2.6.2", "paddle")]
    )
    assert [(cell["cell"]["framework"], cell["cell"]["release"]) for cell in made["cells"]] == [
        ("torch", "2.4.1"),
        ("torch", "2.15.0"),
        ("paddle", "2.6.2"),
        ("paddle", "3.0.0"),
    ]


def test_a_change_is_told_with_the_first_release_that_has_it():
    made = tables.document(
        [
            outcome("2.4", nn_relu=row(), nn_pool=row("known divergence", ("pool-a",))),
            outcome("2.5", nn_relu=row("diverge", message="output is 2"), nn_pool=row("known divergence", ("pool-b",))),
            outcome("2.6", nn_relu=row("diverge", message="output is 3"), nn_pool=row("known divergence", ("pool-b",))),
            outcome("3.0", "paddle", nn_relu=row()),
        ]
    )
    told = [(change["contract"], change["release"], change["from"], change["to"]) for change in made["changes"]]
    assert told == [
        ("nn.pool", "2.5", "known divergence: pool-a", "known divergence: pool-b"),
        ("nn.relu", "2.5", "agree", "diverge: output is 2"),
    ]


def test_a_mode_is_compared_with_itself_and_told():
    made = tables.document(
        [
            outcome("2.5+compile=inductor", nn_relu=row("diverge", message="output is 2")),
            outcome("2.5", nn_relu=row("error")),
            outcome("2.4+compile=inductor", nn_relu=row()),
            outcome("2.4+compile=eager", nn_relu=row()),
            outcome("2.4", nn_relu=row("error")),
        ]
    )
    (change,) = made["changes"]
    assert (change["modes"], change["before"], change["release"]) == (["compile=inductor"], "2.4", "2.5")
    text = tables.markdown(made)
    assert "| torch 2.4 | torch 2.5 | torch 2.4 +compile=eager | torch 2.4 +compile | torch 2.5 +compile |" in text
    assert "| nn.relu | torch 2.5 +compile | agree | diverge: output is 2 |" in text
    assert "torch 2.5 +compile" in tables.page(made)


def test_a_release_without_verdicts_is_passed_over():
    made = tables.document(
        [outcome("2.4", nn_relu=row()), outcome("2.5", status=NOT_INSTALLED), outcome("2.6", nn_relu=row("error"))]
    )
    assert [(change["before"], change["release"]) for change in made["changes"]] == [("2.4", "2.6")]


def test_every_framework_has_its_changes_and_a_new_contract_is_none():
    made = tables.document(
        [
            outcome("2.4", nn_relu=row()),
            outcome("3.0", "paddle", nn_relu=row()),
            outcome("3.1", "paddle", nn_relu=row("diverge"), nn_new=row("diverge")),
        ]
    )
    assert [(change["framework"], change["contract"]) for change in made["changes"]] == [("paddle", "nn.relu")]


def test_the_pages_show_every_cell_and_escape_what_they_show():
    made = tables.document(
        [
            outcome("2.4", nn_relu=row("diverge", message="a <b> | c")),
            outcome("2.5", nn_relu=row()),
            outcome("9", status=BROKEN),
        ]
    )
    text = tables.markdown(made)
    assert "| nn.relu | ✗ | ✓ | · |" in text
    assert "| nn.relu | torch 2.5 | diverge: a &lt;b> \\| c | agree |" in text
    assert "- **torch 9** has no verdicts: broken (no such <release>)" in text
    page = tables.page(made)
    assert "a \\u003cb> | c" in page and "a <b>" not in page and "no such &lt;release&gt;" in page


@pytest.fixture
def written() -> dict[str, Any]:
    """A matrix with everything that a page can show: a change, a device, a void cell, long and hostile messages."""
    wrong = row("diverge", message='is "2"\n & <3>')
    gpu = outcome("2.5", nn_relu=row("known divergence", ("relu-a", "relu-b")))
    gpu["cell"]["device"] = "cuda"
    return tables.document(
        [
            outcome("2.4", nn_relu=row(), nn_pool=row()),
            outcome("2.5", nn_relu=wrong, nn_pool=row()),
            outcome("2.6", nn_relu=row("error", message="b" * 200), nn_pool=row()),
            outcome("2.7", nn_relu=row(), nn_pool=row()),
            outcome("8", status=NOT_INSTALLED),
            outcome("9", status=BROKEN),
            gpu,
        ]
    )


LONG = f"error: {'b' * 150}..."


def test_the_whole_markdown_page(written):
    assert tables.markdown(written).splitlines() == [
        "# Contracts by release",
        "",
        tables.LEGEND + ".",
        "",
        "- **torch 8** has no verdicts: not installed (no such <release>)",
        "- **torch 9** has no verdicts: broken (no such <release>)",
        "",
        "| contract | torch 2.4 | torch 2.5 | torch 2.6 | torch 2.7 | torch 8 | torch 9 | torch 2.5 cuda |",
        "| --- | :-: | :-: | :-: | :-: | :-: | :-: | :-: |",
        "| nn.pool | ✓ | ✓ | ✓ | ✓ | · | · | · |",
        "| nn.relu | ✓ | ✗ | ! | ✓ | · | · | k |",
        "",
        "## The first release of each change",
        "",
        "| contract | since | was | is |",
        "| --- | --- | --- | --- |",
        '| nn.relu | torch 2.5 | agree | diverge: is "2" & &lt;3> |',
        f'| nn.relu | torch 2.6 | diverge: is "2" & &lt;3> | {LONG} |',
        f"| nn.relu | torch 2.7 | {LONG} | agree |",
    ]


def test_the_whole_html_page(written):
    text = tables.page(written)
    (found,) = re.findall(r'<script type="application/json" id="data">(.*)</script>', text)
    data = json.loads(found)
    releases = ["torch 2.4", "torch 2.5", "torch 2.6", "torch 2.7", "torch 8", "torch 9", "torch 2.5 cuda"]
    assert data["columns"] == releases and data["areas"] == ["forward"]
    pool, relu = data["rows"]
    assert [pool[0], *(cell[1] for cell in pool[6])] == ["nn.pool", "✓", "✓", "✓", "✓", "·", "·", "·"]
    assert relu[6] == [
        [0, "✓", "agree", ""],
        [2, "✗", 'diverge: is "2" & <3>', "changed"],
        [2, "!", f"error: {'b' * 200}", "changed"],
        [0, "✓", "agree", "changed"],
        [3, "·", "no verdict", ""],
        [3, "·", "no verdict", ""],
        [1, "k", "known divergence: relu-a, relu-b", ""],
    ]
    assert data["verdicts"][relu[2]] == "error"
    assert "torch 9 has no verdicts: broken (no such &lt;release&gt;)" in text and "INCOMPLETE" in text


def test_every_verdict_has_a_sign_of_its_own_that_is_explained():
    assert set(tables.SIGNS) == set(map(str, Verdict)) and len(set(tables.SIGNS.values())) == len(Verdict)
    assert all(f"{sign} " in tables.LEGEND for sign in tables.SIGNS.values())


def test_the_files_of_a_matrix(written, tmp_path):
    assert [path.name for path in tables.write(tmp_path, written)] == ["matrix.json", "matrix.md", "index.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "matrix.json", "matrix.md"]
    stored = (tmp_path / "matrix.json").read_text(encoding="utf-8")
    assert json.loads(stored) == written and stored == json.dumps(written, indent=1, sort_keys=True) + "\n"
    assert (tmp_path / "matrix.md").read_text(encoding="utf-8") == tables.markdown(written)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == tables.page(written)


def test_a_change_says_where_it_is_and_from_which_release(written):
    assert written["schema"] == tables.SCHEMA and len(written["changes"]) == 3
    assert written["changes"][0] == {
        "contract": "nn.relu",
        "framework": "torch",
        "device": "cpu",
        "modes": [],
        "release": "2.5",
        "before": "2.4",
        "from": "agree",
        "to": 'diverge: is "2" & <3>',
    }
