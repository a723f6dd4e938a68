"""Two results side by side: every kind of change is told apart, and what is no results.json is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.diff import KINDS, compare, lines


def row(name: str, verdict: str = "agree", margin: float = 0.5, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "verdict": verdict,
        "worst": {"torch:cpu": {"output": margin}},
        "known": [],
        "failure": {"message": "output is 2"} if verdict in ("diverge", "error") else None,
        **more,
    }


def document(*rows: dict[str, Any]) -> dict[str, Any]:
    lanes = [{"label": "torch:cpu", "framework": "torch", "version": "2.15.0"}]
    return {"schema": 1, "lanes": lanes, "contracts": list(rows)}


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (None, row("a"), "Added"),
        (row("a"), None, "Removed"),
        (row("a"), row("a", "diverge"), "Regressed"),
        (row("a"), row("a", "known divergence"), "Regressed"),
        (row("a", "known divergence"), row("a", "unsupported"), "Regressed"),
        (row("a", "unsupported"), row("a", "stale"), "Regressed"),
        (row("a", "stale"), row("a", "diverge"), "Regressed"),
        (row("a", "diverge"), row("a", "error"), "Regressed"),
        (row("a", "error"), row("a"), "Fixed"),
        (row("a", "known divergence"), row("a"), "Fixed"),
        (row("a"), row("a", margin=0.9), "Drifted"),
        (row("a"), row("a", margin=0.1), "Drifted"),
        (row("a"), row("a", margin=0.6), "Unchanged"),
        (row("a", "diverge"), row("a", "diverge"), "Unchanged"),
        (row("a"), row("a", worst={"other": {"output": 9.0}}), "Unchanged"),
    ],
)
def test_a_change_has_one_kind(old, new, kind):
    found = compare(*(document(*([made] if made else [])) for made in (old, new)))
    assert [name for name in KINDS if found[name]] == [kind]


def test_what_drifted_and_why_is_told_in_full():
    old = document(row("a", worst={"x": {"y": 0.1, "z": 0.1}, "w": {"y": 0.1}}), row("b"), row("c", "known divergence"))
    reasons = [{"reason": "It is odd."}, {"reason": "And even."}]
    new = document(
        row("a", worst={"x": {"y": 0.5, "z": 0.9}, "w": {"y": 0.123}}),
        row("b", "known divergence", known=reasons),
        row("c", "diverge", failure={"message": "output\n  is 3"}),
        row("d", "diverge", failure={"message": "a" * 200}),
    )
    found = compare(old, new)
    assert {name: found[name] for name in KINDS if found[name]} == {
        "Added": [{"id": "d", "old": None, "new": "diverge", "detail": ""}],
        "Regressed": [
            {"id": "b", "old": "agree", "new": "known divergence", "detail": "It is odd.; And even."},
            {"id": "c", "old": "known divergence", "new": "diverge", "detail": "output is 3"},
        ],
        "Drifted": [{"id": "a", "old": "agree", "new": "agree", "detail": "x y: 0.1 -> 0.5, x z: 0.1 -> 0.9"}],
    }
    assert compare(new, new)["Unchanged"][0] == {"id": "a", "old": "agree", "new": "agree", "detail": ""}


def test_the_text_of_a_comparison():
    old, new = (
        document(row("a"), row("b"), row("c")),
        document(row("a"), row("b", "error", failure={"message": "e" * 200})),
    )
    assert lines(old, new, compare(old, new)) == [
        "old: torch:cpu = torch 2.15.0",
        "new: torch:cpu = torch 2.15.0",
        "",
        "Added (0)",
        "Removed (1)",
        "  c (agree)",
        "Regressed (1)",
        f"  b (agree -> error): {'e' * 137}...",
        "Fixed (0)",
        "Drifted (0)",
        "Unchanged (1)",
    ]
    two = {"lanes": [{"label": name, "framework": "torch", "version": "2"} for name in "ab"], "contracts": []}
    assert lines(two, two, compare(two, two))[0] == "old: a = torch 2, b = torch 2"


@pytest.fixture
def saved(tmp_path: Path):
    def save(name: str, content: Any) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return save


def test_the_command_tells_and_its_status_says_whether_something_got_worse(saved, capsys):
    old = saved("old.json", document(row("a"), row("b", "diverge"), row("c"), row("d"), row("e")))
    new = saved("new.json", document(row("a", "diverge"), row("b"), row("c", margin=0.01), row("d"), row("f")))
    assert main(["diff", old, new]) == 1
    text = capsys.readouterr().out
    for line in (
        "old: torch:cpu = torch 2.15.0",
        "Added (1)\n  f (agree)",
        "Removed (1)\n  e (agree)",
        "Regressed (1)\n  a (agree -> diverge): output is 2",
        "Fixed (1)\n  b (diverge -> agree): output is 2",
        "Drifted (1)\n  c (agree): torch:cpu output: 0.5 -> 0.01",
        "Unchanged (1)",
    ):
        assert line in text
    assert main(["diff", "--json", old, old]) == 0
    assert len(json.loads(capsys.readouterr().out)["Unchanged"]) == 5


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read"),
        ("{", "is no results.json of this project"),
        ("[]", "is no results.json of this project"),
        ({"schema": 2}, "has schema 2; this release reads 1"),
        ({"schema": 1}, "is no results.json of this project (KeyError: 'contracts')"),
        ({"schema": 1, "contracts": [{"id": "a", "verdict": "fine"}]}, "'fine' is not a valid Verdict"),
    ],
)
def test_what_is_no_result_is_named(saved, capsys, tmp_path, content, says):
    good = saved("good.json", document())
    bad = str(tmp_path / "absent.json") if content is None else saved("bad.json", content)
    assert main(["diff", good, bad]) == 2
    told = capsys.readouterr().err
    assert says in told and bad in told and told.count("\n") == 1
