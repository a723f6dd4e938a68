"""``python -m conformance matrix``: plan the cells, run those that are not done, keep each as it is finished."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance import home, profiles
from conformance import modes as kinds
from conformance.lanes import source
from conformance.lanes.spec import DEVICES
from conformance.matrix import engines, environments, tables
from conformance.matrix.cells import DONE, ROOT, Cell
from conformance.portable import write_whole


class MatrixError(RuntimeError):
    """The matrix cannot be run as it was asked for; the message says what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    for framework, example in (("torch", "2.4.1,2.15.0"), ("paddle", "2.6.2,3.3.1")):
        told = f"comma-separated, like {example}; each with its modes, if any"
        parser.add_argument(f"--{framework}", default="", metavar="RELEASE[+MODE...],...", help=told)
    add = parser.add_argument
    add("--out", required=True, type=Path, metavar="DIR", help="folder of the tables and of finished cells")
    add("--device", choices=("cpu", "gpu"), default="cpu", help="what the lanes run on (default: cpu)")
    add("--profile", choices=profiles.NAMES, default="gate", help="samples (default: gate)")
    cores = max(1, (os.cpu_count() or 2) // 2)
    add("--jobs", type=int, default=cores, metavar="N", help="cells at a time (default: %(default)s, half the cores)")
    add("--environments", type=Path, metavar="DIR", help="where environments are made (default: OUT/environments)")
    add("--keep-environments", action="store_true", help="leave them for next time instead of removing each after use")
    add("--engine", choices=("local", "ray"), default="local", help="where cells run (default: local)")
    add("--address", metavar="ADDR", help="address of the Ray cluster (default: the one of this machine)")
    add("pytest", nargs="*", metavar="-- OPTIONS", help="options of pytest for each cell, like -k optim")


def plan(options: argparse.Namespace) -> list[Cell]:
    """The cells that were asked for; :class:`MatrixError` for no release, one that is no number, or an unknown mode."""
    cells = []
    for framework in ("torch", "paddle"):
        for asked in filter(None, (part.strip() for part in getattr(options, framework).split(","))):
            text, *given = asked.split("+")
            try:
                release, modes = environments.check(text), kinds.parse(framework, given)
            except ValueError as error:
                raise MatrixError(f"--{framework}: {error}") from None
            device = DEVICES[framework]["cpu" if options.device == "cpu" else "gpu"]
            cells.append(Cell(framework, release, device, options.profile, tuple(options.pytest), modes))
    if not cells:
        raise MatrixError("no release was named; for example --torch 2.4.1,2.15.0 --paddle 2.6.2,3.3.1")
    return list(dict.fromkeys(cells))


def run(options: argparse.Namespace) -> int:
    """Run the matrix; 0 when every cell has verdicts, 1 when one has none."""
    cells = plan(options)
    if options.jobs < 1:
        raise MatrixError(f"--jobs {options.jobs}: at least one cell has to run at a time")
    if options.engine == "local":
        environments.uv()
    with _held(options.out):
        outcomes = _run(cells, options)
        written = tables.write(options.out, tables.document(outcomes))
    print("\n".join(f"wrote {path}" for path in written))
    missing = [outcome for outcome in outcomes if outcome["status"] != DONE]
    return 1 if missing else 0


def _run(cells: Sequence[Cell], options: argparse.Namespace) -> list[dict[str, Any]]:
    folder = options.out / "cells"
    sources = source.digest(home.packages([str(ROOT)]))
    kept = {cell: _kept(folder, cell, sources) for cell in cells}
    todo = [cell for cell in cells if kept[cell] is None]
    if len(todo) < len(cells):
        print(f"{len(cells) - len(todo)} of {len(cells)} cells are done already", flush=True)
    began = time.monotonic()

    def tell(cell: Cell, text: str) -> None:
        print(f"{cell.name}: {text}", flush=True)

    for finished, outcome in enumerate(_outcomes(todo, options, tell), start=1):
        cell = Cell.of(outcome["cell"])
        kept[cell] = outcome
        write_whole(folder / f"{cell.name}.json", json.dumps({"sources": sources, **outcome}, indent=1) + "\n")
        left = (time.monotonic() - began) / finished * (len(todo) - finished)
        tell(cell, f"{_summary(outcome)} [{finished}/{len(todo)}, about {left / 60:.0f} min to go]")
    return [outcome for outcome in kept.values() if outcome is not None]


def _outcomes(cells: Sequence[Cell], options: argparse.Namespace, tell: engines.Tell) -> Iterator[dict[str, Any]]:
    places = (options.environments or options.out / "environments").absolute()
    if not cells:
        return iter(())
    if options.engine == "ray":
        return engines.ray(cells, places, options.keep_environments, options.address, tell)
    return engines.local(cells, places, options.keep_environments, options.jobs, tell)


def _kept(folder: Path, cell: Cell, sources: str) -> dict[str, Any] | None:
    """A finished cell of an earlier run of the same sources, samples and options."""
    try:
        stored = json.loads((folder / f"{cell.name}.json").read_text(encoding="utf-8"))
        same = stored.pop("sources") == sources and Cell.of(stored["cell"]) == cell and stored["status"] == DONE
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return stored if same else None


def _summary(outcome: dict[str, Any]) -> str:
    if outcome["status"] != DONE:
        return f"{outcome['status']} ({outcome['reason']})"
    verdicts = [row["verdict"] for row in outcome["contracts"].values()]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in tables.SIGNS if verdict in verdicts)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder, so that two matrices do not write to it at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / ".lock", "w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise MatrixError(f"--out {folder}: cannot write there ({error.strerror})") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MatrixError(f"--out {folder}: another matrix is writing there; wait for it or name another") from None
        yield


def main(options: argparse.Namespace) -> int:
    """The command with its errors as sentences: 2 for what cannot be done, 130 for an interruption."""
    try:
        return run(options)
    except RuntimeError as error:
        print(f"conformance matrix: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"conformance matrix: {error.strerror or error} ({error.filename or options.out}); "
            "finished cells are kept, the same command goes on from there",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("interrupted: finished cells are kept, the same command goes on from there", file=sys.stderr)
        return 130
