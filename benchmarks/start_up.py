"""Shows that asking pytest for help, or for the list of contracts, costs no import of a framework, and what lanes cost.

Claimed: ``pytest --help`` and ``pytest --collect-only`` take less than 2 s of the processor each, and import neither
torch nor paddle. The least of several runs counts, as whatever else the machine does can only add to it; the first,
which may compile bytecode, is left out. Beside it stand the seconds of the clock, and what importing both takes.

Claimed too: under ``PYTHONDONTWRITEBYTECODE``, a run of one contract whose lanes keep bytecode takes at most half the
seconds of the processor of one whose lanes cannot, from the second run on. Both run in turns, and the least of each
counts. The other side is this checkout without a cache that it can write to, or an earlier one (``--against FOLDER``).
Where the frameworks are compiled already, as pip does it and uv does not, there is nothing to measure.

    python -m benchmarks.start_up [--against FOLDER]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.claims import Claim, judged, table

ROOT = Path(__file__).parent.parent
COMMANDS = {"pytest --help": ["--help"], "pytest --collect-only": ["--collect-only", "-q"]}
FRAMEWORKS = ("torch", "torchvision", "paddle")
LIMIT = 2.0
SMALL = ["-q", "-k", "nn.relu", "-p", "no:cacheprovider"]
"""A run whose time is that of the start of both lanes."""
IMPORTED = """
import sys
import pytest
status = pytest.main(sys.argv[1:])
print("imported:", *sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "torchvision", "paddle"}))
sys.exit(status)
"""


class StartError(RuntimeError):
    """A command that is to be timed fails."""


def run(command: list[str], folder: Path = ROOT, more: Mapping[str, str] | None = None) -> tuple[float, float, str]:
    """Seconds, seconds of the processor and output of a command; raises :class:`StartError` where it fails.

    more: further variables of its environment.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env={**environment, **(more or {})}, capture_output=True, text=True)
    seconds, after = time.perf_counter() - began, os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    if done.returncode:
        raise StartError(
            f"{' '.join(command)} ended with status {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}"
        )
    return seconds, processor, done.stdout


def imported(arguments: list[str]) -> list[str]:
    """The frameworks that pytest has imported when it is done with these arguments."""
    last = run([sys.executable, "-c", IMPORTED, *arguments])[2].splitlines()[-1]
    return last.removeprefix("imported:").split()


def compiled() -> list[str]:
    """The frameworks that lie compiled beside their sources."""
    specs = {name: importlib.util.find_spec(name) for name in FRAMEWORKS}
    return [name for name, spec in specs.items() if spec and spec.cached and os.path.exists(spec.cached)]


def small_runs(runs: int, against: Path) -> tuple[float, float]:
    """Processor seconds of a small run whose lanes keep bytecode, and of one of ``against`` whose lanes cannot."""
    with tempfile.TemporaryDirectory() as folder:
        nowhere = Path(folder, "file")
        nowhere.touch()
        command = [sys.executable, "-m", "pytest", *SMALL, f"--conformance-report={folder}/report"]
        given = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": ""}
        kept, bare = [], []
        for _ in range(runs + 1):  # the first run fills the cache
            kept.append(run(command, ROOT, {**given, "XDG_CACHE_HOME": f"{folder}/cache"})[1])
            bare.append(run(command, against, {**given, "XDG_CACHE_HOME": str(nowhere)})[1])
        return min(kept[1:]), min(bare[1:])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="of each command (default: %(default)s)")
    parser.add_argument(
        "--against", type=Path, default=ROOT, metavar="FOLDER", help="another checkout, whose lanes keep no bytecode"
    )
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: at least one run is needed")
    rows, claims = [], []
    try:
        for what, command in COMMANDS.items():
            found = imported(command)
            runs = [run([sys.executable, "-m", "pytest", *command])[:2] for _ in range(options.runs)]
            times, used = zip(*runs, strict=True)
            seconds = (min(times), statistics.median(times), min(used))
            rows.append((what, *(f"{value:.2f}" for value in seconds), ", ".join(found) or "none"))
            claims.append(Claim(f"{what}, processor, the least of {options.runs} runs", min(used), LIMIT, unit=" s"))
            claims.append(Claim(f"{what}, frameworks imported", len(found), 0))
        importing = [sys.executable, "-c", f"import {', '.join(FRAMEWORKS)}"]
        wall, processor, _ = run(importing, more={"PYTHONDONTWRITEBYTECODE": "1"})  # leaves the environment as it is
        already = compiled()
        kept, bare = small_runs(options.runs, options.against) if not already else (float("nan"), float("nan"))
    except StartError as error:
        print(error, file=sys.stderr)
        return 2
    rows.append((f"import {', '.join(FRAMEWORKS)}", f"{wall:.2f}", "", f"{processor:.2f}", "all"))
    if already:
        words = f"{', '.join(already)} are compiled beside their sources"
        print(f"not measured: a small run without and with bytecode that is kept, as {words}", end="\n\n")
    else:
        rows += [("small run, bytecode kept", "", "", f"{kept:.2f}", ""), ("and not kept", "", "", f"{bare:.2f}", "")]
        claims.append(Claim("small run that keeps bytecode, of one that does not", kept / bare, 0.5))
    print(table(("", "fastest [s]", "median [s]", "CPU [s]", "frameworks imported"), rows), end="\n\n")
    return judged(claims)


if __name__ == "__main__":
    sys.exit(main())
