"""``python -m conformance``: what is done with results, beside the gate itself, which is plain ``pytest``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance import diff
from conformance.contract import ContractError
from conformance.findings import command as findings
from conformance.findings.verify import VerifyError
from conformance.ledger import LedgerError
from conformance.matrix import command as matrix
from conformance.report import porting
from conformance.transfer import command as carry


def parser() -> argparse.ArgumentParser:
    """All commands and their help."""
    made = argparse.ArgumentParser(prog="python -m conformance", description=__doc__.replace("``", ""))
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("diff", help="compare two results.json: what regressed, was fixed, drifted")
    one.description = "Compare two results.json. Exit status: 0, or 1 where a contract regressed or was removed."
    one.add_argument("old", metavar="OLD", type=Path, help="results.json of the earlier run")
    one.add_argument("new", metavar="NEW", type=Path, help="results.json of the later run")
    one.add_argument("--json", action="store_true", help="print the comparison as JSON")
    many = commands.add_parser("matrix", help="run the gate on many releases: a table of contract x release")
    many.description = (
        "Run the gate on many releases, each in an environment of its own that uv makes. Interrupted, the same command "
        "goes on with what is not done. Exit status: 0, or 1 where a release has no verdicts."
    )
    matrix.add_arguments(many)
    told = commands.add_parser("findings", help="write docs/findings.md and a standalone script for each divergence")
    told.description = (
        "Write the page of known divergences, and a script for each that needs neither this project nor the other "
        "framework, from the ledger. Needs no framework. Exit status: 0; 1 where --check or --verify finds something; "
        "2 for input that cannot be used."
    )
    findings.add_arguments(told)
    again = commands.add_parser("report", help="write the pages of a check of ports again, from its results.json")
    again.description = "Write the HTML page and the Markdown page of each pair of models that a results.json is about."
    again.add_argument("results", metavar="RESULTS", type=Path, help="results.json of pytest suites/porting --pair")
    again.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the pages")
    carried = commands.add_parser("transfer", help="carry a trained model and its optimizer to the other framework")
    carry.add_arguments(carried)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 2 for input that cannot be used."""
    options = parser().parse_args(arguments)
    if options.command == "matrix":
        return matrix.main(options)
    if options.command == "transfer":
        return carry.main(options)
    command = {"findings": findings.main, "diff": compare, "report": report}[options.command]
    try:
        return command(options)
    except (diff.ResultsError, LedgerError, ContractError, findings.FindingsError, VerifyError) as error:
        print(f"python -m conformance {options.command}: {error}", file=sys.stderr)
        return 2


def compare(options: argparse.Namespace) -> int:
    """``diff OLD NEW``."""
    old, new = diff.read(options.old), diff.read(options.new)
    found = diff.compare(old, new)
    print(json.dumps(found, indent=1) if options.json else "\n".join(diff.lines(old, new, found)))
    return 1 if found["Regressed"] or found["Removed"] else 0


def report(options: argparse.Namespace) -> int:
    """``report RESULTS --out DIR``."""
    document = diff.read(options.results)
    try:
        written = porting.write(options.out, document)
    except OSError as error:
        reason = f"{error.strerror} ({error.filename or options.out})"
        raise diff.ResultsError(f"cannot write the pages: {reason}; name another folder with --out") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise diff.ResultsError(f"{options.results} is no results.json of this release ({reason})") from error
    if not written:
        raise diff.ResultsError(
            f"{options.results} is about no pair of models; make one with pytest suites/porting --pair FILE"
        )
    print("\n".join(f"wrote {path}" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
