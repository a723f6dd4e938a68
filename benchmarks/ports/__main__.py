"""``python -m benchmarks.ports``: check ports that others published, and bugs planted in them.

Claimed: every verdict is the one that was found by hand, and every planted bug is found. It takes ten minutes of
a processor, 8 GB of disk for the environments, and a package index.

    python -m benchmarks.ports [--only NAME ...] [--environments DIR] [--out FILE] [--write]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.claims import Claim, judged, table
from benchmarks.gate_speed import ROOT
from benchmarks.ports import page, planted
from benchmarks.ports.bugs import BUGS
from benchmarks.ports.check import Row, check
from benchmarks.ports.checked import PUBLISHED
from benchmarks.ports.environments import ENVIRONMENTS
from benchmarks.ports.planted import Found, pair_file
from conformance.portable import write_whole

PAGE = ROOT / "docs" / "ports.md"
PAIRS = Path(__file__).parent / "pairs"
LAWS_OF_BUGS = ("tensors", "repeats", "forward", "training")
"""Those that are tried on a planted bug."""


def measure(names: Sequence[str], environments: Path, out: Path) -> tuple[list[Row], list[Found]]:
    """The rows of pairs and bugs, by their names; a bug needs the row of its pair.

    out: a JSON file that rows are added to, and that those which it has already are taken from. Raises CheckError,
    RuntimeError (an environment), ValueError (the file).
    """
    bugs = [BUGS[name] for name in names if name in BUGS]
    pairs = list(dict.fromkeys([*(name for name in names if name in PUBLISHED), *(bug.pair for bug in bugs)]))
    rows = _read(out)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for environment in [name for name, each in ENVIRONMENTS.items() if each.framework == "paddle"]:
            ports = [name for name in pairs if PUBLISHED[name].environment == environment and name not in rows]
            wrong = [bug for bug in bugs if PUBLISHED[bug.pair].environment == environment and bug.name not in rows]
            if not ports and not wrong:
                continue
            torch, paddle = (ENVIRONMENTS[each].make(environments / each) for each in ("torch", environment))
            if ports:
                rows |= check([PAIRS / f"{name}.py" for name in ports], torch, paddle, folder)
                _write(out, rows)
            if wrong:
                files = {pair_file(bug, folder).stem: bug.name for bug in wrong}
                found = check([folder / f"{stem}.py" for stem in files], torch, paddle, folder, LAWS_OF_BUGS)
                rows |= {files[stem]: replace(row, name=files[stem]) for stem, row in found.items()}
                _write(out, rows)
    return [rows[name] for name in pairs if name in names], [Found(bug, rows[bug.pair], rows[bug.name]) for bug in bugs]


def _write(out: Path, rows: dict[str, Row]) -> None:
    write_whole(out, json.dumps([asdict(row) for row in rows.values()], indent=1) + "\n")


def _read(out: Path) -> dict[str, Row]:
    """The rows of a file, where there is one. Raises ValueError for a file that holds something else."""
    if not out.exists():
        return {}
    try:
        return {row["name"]: Row(**row) for row in json.loads(out.read_text("utf-8"))}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{out} is not what --out writes ({type(error).__name__}: {error}); name another") from None


def claims(rows: list[Row], bugs: list[Found]) -> list[Claim]:
    """What is claimed of them."""
    return [
        Claim("verdicts other than found by hand", float(sum(not page.right(row) for row in rows)), 0),
        Claim("planted bugs not found", float(sum(not each.laws for each in bugs)), 0),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ports", description=(__doc__ or "").split("\n")[0])
    keep = "folder in which the environments are kept (default: they are removed)"
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these pairs or bugs")
    parser.add_argument("--environments", type=Path, metavar="DIR", help=keep)
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON file to add rows to, and to go on from")
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
            places = options.environments or Path(folder, "environments"), options.out or Path(folder, "rows.json")
            rows, bugs = measure(options.only or known, *(place.resolve() for place in places))
    except (RuntimeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.write:
        write_whole(PAGE, page.page(rows, bugs))
        print(f"wrote {PAGE.relative_to(ROOT)}")
    else:
        for row in rows:
            print(*page.cells(row), row.told, sep="\n  ", end="\n\n")
        print(table(planted.HEADS, [bug.cells() for bug in bugs]) + "\n")
    return judged(claims(rows, bugs))


if __name__ == "__main__":
    sys.exit(main())
