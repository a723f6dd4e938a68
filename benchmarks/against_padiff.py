"""Compares a check of the SimpleCNN pair here with PaDiff 0.2.0's `auto_diff` on the same pair, in time and in files.

One check brings both models to the same weights, runs forward and backward on a batch (from cross-entropy, or from an
integer cotangent), takes one SGD step, and compares activations, loss, all gradients and all updated parameters. PaDiff
is called as its tutorial documents: strict comparison, atol 1e-4, rtol 0, loss and optimizer given, one step; once with
its check of every framework function, which is its default, and once with PADIFF_API_CHECK=OFF, which is faster. Each
side has a process of its own, as PaDiff wraps both frameworks when it is imported; the sides take turns, so that they
see the same machine. Drawing samples and weights counts here; making the models counts on no side.

Claimed:

- a check of the gate (the mix of screens and bounded checks that its contracts declare) takes less time than a check of
  PaDiff in either setting;
- the whole check of a port (every law: both models in float64 and in single precision, forward and backward, on five
  samples, with a model saved and read, updates, and float32's error derived) takes no more than 2.5 times the
  processor time of PaDiff's default check, and 5 times that of its fast one, which run each model once;
- no check here leaves a file, whether the models agree or not;
- a relative error of 1e-5 in torch's convolution is found by every kind of check here.

A time is called not measured, in place of failing, where wall time shows that other work ran beside.

    python -m benchmarks.against_padiff      (needs padiff: tox run -e benchmark)
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.checks import BOUNDED, FAULTS, KINDS, NO_FAULT, PORTING, SMALL_FAULT, gate_counts
from benchmarks.claims import Claim, is_loaded, judged, table
from benchmarks.gate_speed import ONE_THREAD, ROOT

WARM_UP = 2
LIMIT, FAST_LIMIT = 2.5, 5.0
DEFAULT, FAST = "PaDiff", "PaDiff, PADIFF_API_CHECK=OFF"


class SideError(RuntimeError):
    """One side of the comparison does not work."""


class Side:
    """A process that makes checks on request, in a folder of its own, where all that it writes is found again."""

    def __init__(
        self, name: str, batch: int, folder: Path, module: str = "benchmarks.checks", **environment: str
    ) -> None:
        self.folder = folder
        folder.mkdir()
        paths = {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        self.errors = folder.with_suffix(".log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, name, str(batch)],
            cwd=folder,
            env={**os.environ, **ONE_THREAD, **paths, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def check(self, kind: str, fault: Any) -> dict[str, Any]:
        """One check: what the module answers to [kind, fault]. Raises :class:`SideError`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps([kind, fault]) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            self.process.wait()
            last = Path(self.errors.name).read_text().strip().splitlines()[-3:]
            raise SideError("a side of the comparison broke off:\n" + "\n".join(last)) from None

    def files(self) -> tuple[int, int]:
        """Number and bytes of the files in the side's folder."""
        found = [path.stat().st_size for path in self.folder.rglob("*") if path.is_file()]
        return len(found), sum(found)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(OSError):  # a request that nobody read
                if file is not None:
                    file.close()


def mixed(times: dict[str, float]) -> float:
    """Seconds of the average check of a gate, by the examples and samples that its two contracts declare."""
    counts = gate_counts()
    return sum(counts[kind] * times[kind] for kind in counts) / sum(counts.values())


def measure(sides: dict[str, Side], kinds: dict[str, str], rounds: int) -> dict[str, dict[str, Any]]:
    """For each kind of check: median seconds, wall and processor, and for each fault the verdict and files written."""
    found: dict[str, dict[str, Any]] = {
        kind: {"times": [], "processor": [], "agree": [], "files": []} for kind in kinds
    }
    for place in range(WARM_UP + rounds):
        for kind, side in kinds.items():
            done = sides[side].check(kind, NO_FAULT)
            if not done["agree"]:
                raise SideError(f"{kind}: the pair does not agree, so that there is nothing to time")
            if place >= WARM_UP:
                found[kind]["times"].append(done["seconds"])
                found[kind]["processor"].append(done["processor"])
    for fault in FAULTS:
        for kind, side in kinds.items():
            found[kind]["agree"].append(sides[side].check(kind, fault)["agree"])
            found[kind]["files"].append(sides[side].files())
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=30, help="timed checks of each kind (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=4, help="images in a batch (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or not 1 <= options.batch <= 8:
        parser.error("--rounds must be at least 1, and --batch from 1 to 8, for which the integers stay exact")
    for package in ("padiff", "yaml"):
        if importlib.util.find_spec(package) is None:
            print(f"{package} is not installed here; run `tox run -e benchmark`", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        sides = {
            "conformance": Side("conformance", options.batch, scratch / "conformance"),
            "porting": Side("porting", options.batch, scratch / "porting"),
            "padiff": Side("padiff", options.batch, scratch / "padiff"),
            "padiff-fast": Side("padiff", options.batch, scratch / "padiff-fast", PADIFF_API_CHECK="OFF"),
        }
        kinds = dict.fromkeys(KINDS, "conformance")
        kinds |= {PORTING: "porting", DEFAULT: "padiff", FAST: "padiff-fast"}
        try:
            found = measure(sides, kinds, options.rounds)
        except SideError as error:
            print(error, file=sys.stderr)
            return 2
        finally:
            for side in sides.values():
                side.stop()
    return show(found)


def show(found: dict[str, dict[str, Any]]) -> int:
    """Print the table and the claims; the exit status."""
    wall = {kind: statistics.median(row["times"]) for kind, row in found.items()}
    processor = {kind: statistics.median(row["processor"]) for kind, row in found.items()}
    mix, ours = (mixed(wall), mixed(processor)), (*KINDS, PORTING)
    missed = {kind: row["agree"][list(FAULTS).index(SMALL_FAULT)] for kind, row in found.items()}
    rows = []
    for kind, row in found.items():
        written = [f"{count} ({size:,} B)" if count else "0" for count, size in row["files"]]
        seen = ["passes" if agree else "found" for agree in row["agree"][1:]]
        times = (f"{1e3 * wall[kind]:.1f}", f"{1e3 * processor[kind]:.1f}")
        rows.append((kind, *times, written[0], *seen, written[-1]))
        if kind == BOUNDED:
            rows.append(("average check of the gate", *(f"{1e3 * seconds:.1f}" for seconds in mix), *5 * [""]))
    faults = [fault for fault in FAULTS if fault != NO_FAULT]
    print(table(("one check of the pair", "wall [ms]", "CPU [ms]", "files", *faults, "files then"), rows), end="\n\n")
    loaded = is_loaded(sum(wall.values()), sum(processor.values()))
    return judged(
        [
            Claim(f"average check of the gate over {DEFAULT}", mix[0] / wall[DEFAULT], 1.0, loaded=loaded),
            Claim(f"average check of the gate over {FAST}", mix[0] / wall[FAST], 1.0, loaded=loaded),
            Claim(f"{PORTING}, over {DEFAULT}", processor[PORTING] / processor[DEFAULT], LIMIT, loaded=loaded),
            Claim(f"{PORTING}, over {FAST}", processor[PORTING] / processor[FAST], FAST_LIMIT, loaded=loaded),
            Claim("files written by checks here", max(found[kind]["files"][-1][0] for kind in ours), 0),
            Claim(f"kinds of checks here that miss {SMALL_FAULT}", sum(missed[kind] for kind in ours), 0),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
