"""``conformance report``: the pages of a check of ports again, from its ``results.json``."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.diff import ResultsError, read
from conformance.report import porting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("results", metavar="RESULTS", type=Path, help="results.json of `conformance port`")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the pages")


def main(options: argparse.Namespace) -> int:
    """Write the pages. Raises ResultsError for a file that holds no pair, or a folder that cannot be written to."""
    document = read(options.results)
    try:
        written = porting.write(options.out, document)
    except OSError as error:
        reason = f"{error.strerror} ({error.filename or options.out})"
        raise ResultsError(f"cannot write the pages: {reason}; name another folder with --out") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ResultsError(f"{options.results} is no results.json of this release ({reason})") from error
    if not written:
        raise ResultsError(f"{options.results} is about no pair of models; make one with `conformance port FILE`")
    print("\n".join(f"wrote {path}" for path in written))
    return 0
