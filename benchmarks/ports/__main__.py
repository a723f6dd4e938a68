"""``python -m benchmarks.ports``: check ports that others published, and bugs planted in them.

Claimed: every verdict is the one that was found by hand, and every planted bug is found. It takes about an hour of a
processor, 12 GB of disk for the environments, and a package index.

    python -m benchmarks.ports [--only NAME ...] [--environments DIR] [--out DIR] [--write]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from benchmarks.claims import Claim, judged, table
from benchmarks.gate_speed import ROOT
from benchmarks.ports import page, planted
from benchmarks.ports.bugs import BUGS
from benchmarks.ports.check import CheckError, Row, check, read_again
from benchmarks.ports.checked import PUBLISHED
from benchmarks.ports.environments import ENVIRONMENTS
from benchmarks.ports.planted import Found, pair_file
from conformance.portable import write_whole

PAGE = ROOT / "docs" / "ports.md"
PAIRS = Path(__file__).parent / "pairs"


def measure(names: list[str], environments: Path, out: Path) -> tuple[list[Row], list[Found]]:
    """The rows of pairs and bugs, by their names; a bug needs the row of its pair. Reports go to ``out``.

    What is there already for the same sources is taken. Raises CheckError, RuntimeError (an environment).
    """
    bugs = [BUGS[name] for name in names if name in BUGS]
    pairs = dict.fromkeys([*(name for name in names if name in PUBLISHED), *(bug.pair for bug in bugs)])
    asked = [(name, PAIRS / f"{name}.py", PUBLISHED[name].environment) for name in pairs]
    (out / "bugs").mkdir(parents=True, exist_ok=True)
    asked += [(bug.name, pair_file(bug, out / "bugs"), PUBLISHED[bug.pair].environment) for bug in bugs]
    made: dict[str, Row] = {}
    for name, path, environment in tqdm(asked, unit="pair", disable=not sys.stderr.isatty()):
        row = read_again(path, out / path.stem)
        if row is None:
            torch, paddle = (ENVIRONMENTS[each].make(environments / each) for each in ("torch", environment))
            row = check(path, torch, paddle, out / path.stem, all_laws=name in PUBLISHED)
        made[name] = row
    rows = [made[name] for name in pairs if name in names]
    return rows, [Found(bug, made[bug.pair], made[bug.name]) for bug in bugs]


def claims(rows: list[Row], bugs: list[Found]) -> list[Claim]:
    """What is claimed of them."""
    return [
        Claim("verdicts other than found by hand", float(sum(not page.right(row) for row in rows)), 0),
        Claim("planted bugs not found", float(sum(not each.laws for each in bugs)), 0),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ports", description="Check ports that others published."
    )
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these pairs or bugs")
    parser.add_argument(
        "--environments", type=Path, metavar="DIR", help="folder of the environments, kept (default: none)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the reports, from which a run goes on")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}, of all pairs and bugs")
    options = parser.parse_args(arguments)
    known = [*PUBLISHED, *BUGS]
    unknown = [name for name in options.only if name not in known]
    if unknown:
        parser.error(f"no pair and no bug is called {unknown[0]!r}; choose from {', '.join(known)}")
    if options.write and options.only:
        parser.error("--write is of all pairs and bugs: leave --only away")
    try:
        with tempfile.TemporaryDirectory() as folder:
            places = options.environments or Path(folder, "environments"), options.out or Path(folder, "reports")
            rows, bugs = measure(list(options.only or known), *(place.resolve() for place in places))
    except (CheckError, RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.write:
        write_whole(PAGE, page.page(rows, bugs))
        print(f"wrote {PAGE.relative_to(ROOT)}")
    else:
        for heads, lines in (
            (page.HEADS, [page.cells(row) for row in rows]),
            (planted.HEADS, [b.cells() for b in bugs]),
        ):
            if lines:
                print(table(heads, lines) + "\n")
    return judged(claims(rows, bugs))


if __name__ == "__main__":
    sys.exit(main())
