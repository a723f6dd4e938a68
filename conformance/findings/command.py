"""``python -m conformance findings``: write the page and the scripts, or say which of them are out of date."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from conformance import home, ledger, names
from conformance.contract import REGISTRY
from conformance.findings import verify
from conformance.findings.page import FOLDER, Finding, page
from conformance.portable import require_place, write_whole
from conformance.report import reproducers

LEDGER = "fixtures/divergences.toml"
PAGE = "findings.md"
OUT = Path("conformance-report") if home.installed() else home.folder() / "docs"


class FindingsError(RuntimeError):
    """The page cannot be made, read or written; the message says what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add = parser.add_argument
    add("--out", type=Path, default=OUT, metavar="DIR", help=f"folder of {PAGE} and {FOLDER}/ (default: {OUT.name})")
    add("--ledger", type=Path, metavar="FILE", help=f"file of known divergences (default: {LEDGER})")
    add("--check", action="store_true", help="write nothing; exit 1 where a file is not what would be written")
    add(
        "--verify",
        type=Path,
        action="append",
        default=[],
        metavar="PYTHON",
        help="run the scripts by an interpreter (or the one of an environment's folder) that has a framework, and exit "
        "1 where one does not find what the ledger says of that release; may be given several times",
    )


def main(options: argparse.Namespace) -> int:
    """Run the command; bad input is a ValueError or RuntimeError of one sentence."""
    if not (options.check or options.verify):
        with _kept(options.out):
            require_place(options.out / PAGE)
    made = find(options.ledger)
    if options.verify:
        return verify.main(made, options.verify)
    files = texts(made)
    with _kept(options.out):
        if options.check:
            wrong = outdated(options.out, files)
            print("\n".join(wrong) or f"{options.out / PAGE} and {len(files) - 1} scripts are up to date")
            return 1 if wrong else 0
        changed = write(options.out, files)
    print(f"{options.out / PAGE} and {len(files) - 1} scripts, {changed} of these files changed")
    return 0


@contextlib.contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Raise FindingsError where the folder's files cannot be read or written."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FindingsError(f"cannot keep the findings in {folder}: {reason}; give a folder by --out") from error


def find(path: Path | None = None) -> list[Finding]:
    """Every finding of a ledger; raises :class:`~conformance.ledger.LedgerError` for one that cannot be used."""
    project = names.import_gate()
    where = path or project.ledger
    read = ledger.load(where)
    read.check(where)
    reasons = {entry.id: entry.reason for entry in read.entries}
    found = []
    for entry in read.entries:
        made = None
        if entry.witness is not None:
            first = ledger.leader(entry.id, reasons)
            made = reproducers.make(entry, REGISTRY[entry.contract], first, _by_hand(entry, project.folder))
        found.append(Finding(entry, REGISTRY[entry.contract], made))
    return found


def _by_hand(entry: ledger.Entry, project: Path) -> Path | None:
    if not entry.script:
        return None
    path = project / "docs" / FOLDER / f"{entry.id}.py"
    if not path.is_file():
        raise FindingsError(f"{path} is missing: the ledger says that the script of {entry.id!r} is written by hand")
    return path


def texts(findings: list[Finding]) -> dict[str, str]:
    """Each file's text by its path within the folder."""
    scripts = {f"{FOLDER}/{each.entry.id}.py": each.script for each in findings}
    return {PAGE: page(findings, LEDGER), **{name: text for name, text in scripts.items() if text is not None}}


def outdated(folder: Path, files: dict[str, str]) -> list[str]:
    """A line for each file that is not what it should be."""
    told = []
    for name, text in files.items():
        path = folder / name
        if not path.exists():
            told.append(f"{path} is missing")
        elif path.read_text(encoding="utf-8") != text:
            told.append(f"{path} is out of date")
    told += [f"{path} belongs to no finding" for path in _left_over(folder, files)]
    return [*told, "make them with: python -m conformance findings"] if told else []


def write(folder: Path, files: dict[str, str]) -> int:
    """Write what changed, remove the scripts of findings that are no more, and count both."""
    changed = 0
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)
            changed += 1
    for path in _left_over(folder, files):
        path.unlink()
        changed += 1
    return changed


def _left_over(folder: Path, files: dict[str, str]) -> list[Path]:
    """Scripts that were made by this command, and would not be now."""
    found = sorted((folder / FOLDER).glob("*.py"))
    return [path for path in found if f"{FOLDER}/{path.name}" not in files]
