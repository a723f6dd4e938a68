"""Shows that asking pytest for help, or for the list of contracts, costs no import of a framework.

Claimed: ``pytest --help`` and ``pytest --collect-only`` take less than 2 s each, and import neither torch nor paddle.
The fastest of several runs counts, as whatever else the machine does can only add to it; the first, which may compile
bytecode, is left out. Beside them stand the seconds of the processor, and what the imports of both frameworks take in
the same run.

    python -m benchmarks.start_up
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.claims import Claim, judged, table

ROOT = Path(__file__).parent.parent
COMMANDS = {"pytest --help": ["--help"], "pytest --collect-only": ["--collect-only", "-q"]}
FRAMEWORKS = ("torch", "torchvision", "paddle")
LIMIT = 2.0
IMPORTED = """
import sys
import pytest
status = pytest.main(sys.argv[1:])
print("imported:", *sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "torchvision", "paddle"}))
sys.exit(status)
"""


class StartError(RuntimeError):
    """A command that is to be timed fails."""


def run(command: list[str]) -> tuple[float, float, str]:
    """Seconds, seconds of the processor and output of a command; raises :class:`StartError` where it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="of each command (default: %(default)s)")
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
            claims.append(Claim(f"{what}, the fastest of {options.runs} runs", min(times), LIMIT, unit=" s"))
            claims.append(Claim(f"{what}, frameworks imported", len(found), 0))
        wall, processor, _ = run([sys.executable, "-c", f"import {', '.join(FRAMEWORKS)}"])
    except StartError as error:
        print(error, file=sys.stderr)
        return 2
    rows.append((f"import {', '.join(FRAMEWORKS)}", f"{wall:.2f}", "", f"{processor:.2f}", "all"))
    print(table(("", "fastest [s]", "median [s]", "CPU [s]", "frameworks imported"), rows), end="\n\n")
    return judged(claims)


if __name__ == "__main__":
    sys.exit(main())
