"""The page of the published ports: what was installed, each verdict beside what was found by hand, the planted bugs."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.ports import planted
from benchmarks.ports.check import Row
from benchmarks.ports.checked import PUBLISHED
from benchmarks.ports.environments import ENVIRONMENTS
from benchmarks.ports.planted import Found
from conformance.report.summary import table_row

HEADS = ("pair", "torch's package", "paddle's package", "verdict", "largest margin", "samples", "checked by hand")
_INTRODUCTION = """# Ports that others published

Written by `python -m benchmarks.ports --write`.

{summary}

Each pair is a model of a torch package and its port in a paddle package, as they are on the package index, in small
sizes and with random weights ([`benchmarks/ports/pairs`](../benchmarks/ports/pairs)). The command makes the
environments below with uv and runs `pytest --pair FILE --lane torch@ENV --lane paddle@ENV`. *Checked by hand* says
what is so, by both sources read beside each other; a verdict that is *not so* fails the command, and stands here as it
is. *Largest margin* is the largest error of the laws that hold, in units of what is allowed.

"""
_BUGS = """
## Planted bugs

{summary} They were chosen before any run ([`benchmarks/ports/bugs.py`](../benchmarks/ports/bugs.py)); each changes
a line or two of the paddle package, and is put before the laws *tensors*, *repeats*, *forward* and *training*. *Layer*
says whether the layer named first is the one that is wrong, one in it that is the first to be given wrong values, or
the one that takes its result.
"""


def right(row: Row) -> bool:
    """Whether the check says what was found by hand."""
    expected = PUBLISHED[row.name]
    differs = expected.by_hand.startswith("differs")
    return bool(row.broken) == differs and not row.errors and all(words in row.told for words in expected.says)


def cells(row: Row) -> tuple[str, ...]:
    """The columns of :data:`HEADS`."""
    expected = PUBLISHED[row.name]
    verdict = f"differs: {', '.join(row.broken)}" if row.broken else "agrees"
    return (
        row.name,
        _pinned("torch", expected.torch),
        _pinned(expected.environment, expected.paddle),
        verdict if right(row) else f"**not so**: {verdict}",
        f"{row.worst:.2f}" if row.worst else "",
        str(row.samples),
        expected.by_hand,
    )


def _pinned(environment: str, package: str) -> str:
    """A package with its release."""
    names = (package, package.replace("_", "-"))
    pins = [each for each in ENVIRONMENTS[environment].packages if each.partition("==")[0] in names]
    return pins[0].replace("==", " ") if pins else package


def summary(rows: Sequence[Row]) -> str:
    """All pairs in a sentence."""
    agree = sum(not row.broken for row in rows)
    wrong = [row.name for row in rows if not right(row)]
    verdicts = f"not so by hand: {', '.join(wrong)}" if wrong else "each verdict is the one found by hand"
    return f"{agree} of {len(rows)} pairs agree, {len(rows) - agree} differ; {verdicts}."


def page(rows: Sequence[Row], bugs: Sequence[Found]) -> str:
    """The page as Markdown."""
    text = [_INTRODUCTION.format(summary=summary(rows)).rstrip(), ""]
    text += [table_row("environment", "pinned", "nothing released after"), "| --- | --- | --- |"]
    for name, environment in ENVIRONMENTS.items():
        packages = ", ".join([*environment.packages, *(f"{each} (whatever asks)" for each in environment.overrides)])
        text.append(table_row(name, packages, environment.until))
    text += ["", table_row(*HEADS), "| --- | --- | --- | --- | --: | --: | --- |"]
    text += [table_row(*cells(row)) for row in rows]
    text += ["", "## What the check says where models differ", ""]
    for row in rows:
        if row.broken:
            text += [f"### {row.name}", "", "```text", row.told, "```", ""]
    text += [_BUGS.format(summary=planted.summary(list(bugs))).strip(), ""]
    text += [table_row(*planted.HEADS), "| --- | --- | --- | --- | --- | --- |"]
    text += [table_row(*each.cells()) for each in bugs] + ["", "### What is said of each", ""]
    for each in bugs:
        text += [f"**{each.bug.name}**, in {each.bug.pair}", "", "```text", each.told or "nothing", "```", ""]
    return "\n".join(text).rstrip() + "\n"
