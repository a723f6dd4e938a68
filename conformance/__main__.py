"""``python -m conformance``: what is done with results, beside the gate itself, which is plain ``pytest``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance import diff


def parser() -> argparse.ArgumentParser:
    """All commands and their help."""
    made = argparse.ArgumentParser(prog="python -m conformance", description=__doc__.replace("``", ""))
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("diff", help="compare two results.json: what regressed, was fixed, drifted")
    one.description = "Compare two results.json. Exit status: 0, or 1 where a contract regressed or was removed."
    one.add_argument("old", metavar="OLD", type=Path, help="results.json of the earlier run")
    one.add_argument("new", metavar="NEW", type=Path, help="results.json of the later run")
    one.add_argument("--json", action="store_true", help="print the comparison as JSON")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 2 for input that cannot be used."""
    options = parser().parse_args(arguments)
    try:
        return compare(options)
    except diff.ResultsError as error:
        print(f"python -m conformance {options.command}: {error}", file=sys.stderr)
        return 2


def compare(options: argparse.Namespace) -> int:
    """``diff OLD NEW``."""
    old, new = diff.read(options.old), diff.read(options.new)
    found = diff.compare(old, new)
    print(json.dumps(found, indent=1) if options.json else "\n".join(diff.lines(old, new, found)))
    return 1 if found["Regressed"] or found["Removed"] else 0


if __name__ == "__main__":
    sys.exit(main())
