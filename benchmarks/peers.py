"""Puts the same faults and the same correct pairs of models before PaDiff, reprod_log, pytest-torch and the gate here.

Each fault is injected into one side of a SimpleCNN pair while a tool looks at one training step of it, and so that a
tool has no reason to be excused: both sides resume from the same weights and a warm Adam state, brought there by this
project's transfer. How each tool is called stands in benchmarks/peer_tools.py. A fault counts as caught where the tool
raises an alarm that it does not raise for the same pair without the fault. Claimed of this project:

- it misses no fault of the list, and blames the side that has it;
- it raises no alarm for a correct pair.

    python -m benchmarks.peers [-k WORD] [--write]      (needs the other tools: tox run -e peers)
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.against_padiff import Side, SideError
from benchmarks.claims import Claim, judged, table, versions
from benchmarks.peer_faults import CONTROLS, FAULTS, PLAIN, Case
from benchmarks.peer_tools import CONTRACTS, HERE, SIDES
from conformance.portable import write_whole
from conformance.report.summary import table_row

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "peers.md"
PACKAGES = {"padiff": "padiff", "pyyaml": "yaml", "reprod-log": "reprod_log", "pytest-torch": "pytest_torch"}
TOOLS = tuple(tool for side in SIDES.values() for tool in side)
DRAWS = 5
"""Weights and batches with which each correct pair is looked at."""


class Verdict(StrEnum):
    """What a tool's answer is worth."""

    PASSES = "passes"
    FALSE_ALARM = "false alarm"
    CAUGHT = "caught"
    MISSED = "missed"
    EITHER_WAY = "alarm either way"


@dataclass(frozen=True)
class Answer:
    """What a tool said to a case."""

    alarm: bool
    told: str
    seconds: float


Answers = dict[tuple[str, str, int], Answer]
"""By case, tool and draw."""


def draws(case: Case) -> range:
    """The draws of weights and batch with which each tool looks at a case."""
    return range(1 if case.faults else DRAWS)


def measure(sides: dict[str, Any], cases: Sequence[Case]) -> Answers:
    """Let every tool look at every case."""
    answers: Answers = {}
    for case in tqdm(cases, unit="case", disable=not sys.stderr.isatty()):
        for side, tools in SIDES.items():
            for tool in tools:
                for draw in draws(case):
                    answers[case.name, tool, draw] = Answer(**sides[side].check(tool, [case.name, draw]))
    return answers


def verdict(case: Case, tool: str, answers: Answers) -> Verdict:
    """What a tool's answers to a case are worth."""
    if not case.faults:
        alarmed = any(answers[case.name, tool, draw].alarm for draw in draws(case))
        return Verdict.FALSE_ALARM if alarmed else Verdict.PASSES
    if not answers[case.name, tool, 0].alarm:
        return Verdict.MISSED
    pair = PLAIN if tool == HERE else case.pair  # the contracts without a fault are those of the plain pair
    return Verdict.EITHER_WAY if answers[pair, tool, 0].alarm else Verdict.CAUGHT


def cell(case: Case, tool: str, answers: Answers) -> str:
    """The verdict, and of a false alarm how often it came."""
    found = verdict(case, tool, answers)
    if found is not Verdict.FALSE_ALARM:
        return found
    alarms = [answers[case.name, tool, draw].alarm for draw in draws(case)]
    return f"{found}, {sum(alarms)} of {len(alarms)}"


def rows(cases: Sequence[Case], answers: Answers) -> list[tuple[str, ...]]:
    """A row for each case: its name, its side, and a cell for each tool."""
    return [(case.name, case.side, *(cell(case, tool, answers) for tool in TOOLS)) for case in cases]


def totals(cases: Sequence[Case], answers: Answers) -> list[tuple[str, ...]]:
    """Rows of sums over all cases, and of the seconds that a look at a pair took."""
    faults, controls = ([case for case in cases if bool(case.faults) is faulty] for faulty in (True, False))
    counted: list[tuple[str, ...]] = []
    for found, among in (
        (Verdict.CAUGHT, faults),
        (Verdict.MISSED, faults),
        (Verdict.EITHER_WAY, faults),
        (Verdict.FALSE_ALARM, controls),
    ):
        sums = [sum(verdict(case, tool, answers) is found for case in among) for tool in TOOLS]
        counted.append((f"{found}, of {len(among)}", "", *map(str, sums)))
    for what, among in (("a correct pair", controls), ("a fault", faults)):
        names = {case.name for case in among}
        spent = [
            [answer.seconds for (name, by, _), answer in answers.items() if by == tool and name in names]
            for tool in TOOLS
        ]
        shown = (f"{statistics.median(seconds):.1f}, up to {max(seconds):.1f}" for seconds in spent)
        counted.append((f"seconds for {what}, median", "", *shown))
    return counted


def blames(case: Case, answers: Answers) -> bool:
    """Whether the gate here blames the sides that have the fault, and no other."""
    blamed = {framework for framework in ("torch", "paddle") if f"{framework}:" in answers[case.name, HERE, 0].told}
    return blamed == set(case.side.split(", "))


def claims(cases: Sequence[Case], answers: Answers) -> list[Claim]:
    """What is claimed of the gate here."""
    found = [verdict(case, HERE, answers) for case in cases]
    faults = [case for case in cases if case.faults]
    return [
        Claim(
            "faults missed here", float(sum(verdict(case, HERE, answers) is not Verdict.CAUGHT for case in faults)), 0
        ),
        Claim("faults blamed on another side here", float(sum(not blames(case, answers) for case in faults)), 0),
        Claim("correct pairs with a false alarm here", float(found.count(Verdict.FALSE_ALARM)), 0),
    ]


USES = {
    HERE: (
        "{contracts} contracts of the gate, on the samples that a gate draws, until the first one fails. Correct pairs "
        "that the contract of the training step takes are judged by it in each draw, the others by the laws of a pair, "
        "as `conformance port FILE` does, which begin with a fresh Adam"
    ),
    "PaDiff": "`auto_diff` with loss and optimizer, no options: the mean of each tensor, atol 0, and an rtol of 1e-7, "
    "which is less than the distance of two float32 numbers",
    "PaDiff (atol)": "the options that its tutorial has beside loss and optimizer: the mean, rtol 1e-7, atol 1e-4",
    "PaDiff (strict)": "the options of its tutorial's first example: each element, rtol 0, atol 1e-4",
    "reprod_log": (
        "a `ReprodLogger` for the loss, logits, gradients and parameters of each side; `ReprodDiffHelper.report()` "
        "at its defaults: a mean difference of up to 1e-6"
    ),
    "pytest-torch": (
        "the same arrays: `assert_finite` for each side, `assert_outputs_close` at its defaults: rtol 1.3e-6, atol "
        "1e-5. It knows torch alone, but compares with saved outputs of another implementation too; so paddle's arrays "
        "become torch tensors, and faults on either side apply"
    ),
}
_INTRODUCTION = """# What other tools find

Written by `tox run -e peers -- --write` ({versions}).

{summary}

Every tool looks at one training step of a SimpleCNN pair, whose sides resume from the same weights and the same warm
Adam state. A fault replaces one call of one framework, or of the transfer, by the same injection for every tool
([`benchmarks/peer_faults.py`](../benchmarks/peer_faults.py)). It is *caught* where the tool raises an alarm that it
does not raise for the same pair without the fault; where it does, there is an *alarm either way*. What the framework
itself refuses under a tool is an alarm too. Correct pairs are drawn {draws} times, with other weights and images, and
faults are looked at in the first draw. The list was made by this project. Seconds are those of the run that wrote
this page; the longest look at a correct pair here is the whole of the contracts on the gate's samples.

{uses}

The comparison is kind to the others. The pair, the warm optimizer state, the gradients in one layout and the transfer
are made for them here, and paddle's running variances, which are known to be biased, are left out of the arrays. PaDiff
copies the weights itself, its default, on top of those, by the order in which layers are defined: where it differs, it
asks for a map of the layers. Where the transfer is at fault it is told not to copy. None of the others says which side
is wrong; the gate here blames the right one for {blamed} of the faults. No pair has logits more than 64 apart, which
paddle's softmax clips: its sides would differ ([findings](findings.md)), and an alarm would be right.
"""


def page(cases: Sequence[Case], answers: Answers, made_with: str) -> str:
    """The table as Markdown."""
    caught = {
        ("the gate here" if tool == HERE else tool): sum(
            verdict(case, tool, answers) is Verdict.CAUGHT for case in cases
        )
        for tool in TOOLS
    }
    faults = [case for case in cases if case.faults]
    summary = f"Caught of {len(faults)} faults: " + ", ".join(f"{number} by {tool}" for tool, number in caught.items())
    uses = [table_row(tool, use.format(contracts=len(CONTRACTS))) for tool, use in USES.items()]
    used = "\n".join([table_row("tool", "how it is used"), "| --- | --- |", *uses])
    blamed = sum(blames(case, answers) for case in faults)
    text = [
        _INTRODUCTION.format(versions=made_with, summary=f"{summary}.", draws=DRAWS, uses=used, blamed=blamed),
        table_row("", "side", *TOOLS),
        "| --- | --- |" + " --- |" * len(TOOLS),
        *(table_row(*row) for row in [*rows(cases, answers), *totals(cases, answers)]),
        "",
        "What the gate here says to each fault:",
        "",
        table_row("fault", "first contract that fails"),
        "| --- | --- |",
        *(table_row(case.name, answers[case.name, HERE, 0].told or "nothing") for case in faults),
    ]
    return "\n".join(text) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("-k", default="", metavar="WORD", help="only faults with this word in their name")
    parser.add_argument("--batch", type=int, default=4, help="images in a batch (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}, of all faults")
    options = parser.parse_args(arguments)
    if options.write and options.k:
        parser.error("--write is of all faults: leave -k away")
    missing = [package for package, module in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        print(f"{', '.join(missing)} not installed here; run `tox run -e peers`", file=sys.stderr)
        return 2
    faults = [case for case in FAULTS if options.k in case.name]
    pairs = {PLAIN, *(case.pair for case in faults)}
    cases = [*(case for case in CONTROLS if case.pair in pairs or not options.k), *faults]
    if not faults:
        print(f"no fault has {options.k!r} in its name", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        sides = {name: Side(name, options.batch, Path(folder) / name, module="benchmarks.peer_tools") for name in SIDES}
        try:
            answers = measure(sides, cases)
        except SideError as error:
            print(error, file=sys.stderr)
            return 2
        finally:
            for side in sides.values():
                side.stop()
    if options.write:
        write_whole(PAGE, page(cases, answers, versions("torch", "paddlepaddle", *PACKAGES)))
        print(f"wrote {PAGE.relative_to(ROOT)}")
    print(table(("", "side", *TOOLS), [*rows(cases, answers), *totals(cases, answers)]) + "\n")
    return judged(claims(cases, answers))


if __name__ == "__main__":
    sys.exit(main())
