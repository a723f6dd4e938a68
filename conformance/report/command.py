"""``conformance report``: the pages of a run again, from its ``results.json`` or ``matrix.json``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from conformance.diff import ResultsError, read
from conformance.portable import write_whole
from conformance.report import page, porting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("results", metavar="RESULTS", type=Path, help="results.json of a run, or matrix.json")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the pages")


def main(options: argparse.Namespace) -> int:
    """Write the pages. Raises ResultsError for a file that is neither, or a folder that cannot be written to."""
    try:
        made = _matrix(options.results)
        if made is not None:
            written = [options.out / page.FILE]
            write_whole(written[0], made)
        else:
            document = read(options.results)
            if not document["contracts"]:
                raise ResultsError(f"{options.results} has no contract: nothing was run, so there is nothing to show")
            text = page.page(document)
            written = porting.write(options.out, document)
            write_whole(options.out / page.FILE, text)
            written.insert(0, options.out / page.FILE)
    except OSError as error:
        reason = f"{error.strerror} ({error.filename or options.out})"
        raise ResultsError(f"cannot write the pages: {reason}; name another folder with --out") from error
    except ResultsError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ResultsError(f"{options.results} is no results.json of this release ({reason})") from error
    print("\n".join(f"wrote {path}" for path in written))
    return 0


def _matrix(path: Path) -> str | None:
    """The page of a matrix, or ``None`` for another file."""
    from conformance.matrix import tables  # it draws by the module above

    try:
        found: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None  # reading it as results says what is wrong
    if not isinstance(found, dict) or "cells" not in found:
        return None
    if found.get("schema") != tables.SCHEMA:
        raise ResultsError(f"{path} has schema {found.get('schema')!r}; this release reads {tables.SCHEMA}")
    return tables.page(found)
