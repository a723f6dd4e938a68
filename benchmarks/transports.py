"""Shows what lanes in interpreters of their own cost, and what an upgrade check does.

Claimed, each as a ratio within one run on 2 cores:

- the gate with isolated lanes takes no longer than the gate in one process, start-up included;
- an isolated lane adds at most 0.3 ms to a small sample, submitted as the gate does it, some ahead of the results;
- a comparison of two releases takes at most 1.5 times the plain gate.

The first is what makes isolated lanes the default. Each command runs several times, turn about, and its fastest run
counts: whatever else the machine does can only add to it.

    python -m benchmarks.transports
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.claims import Claim, judged, table
from benchmarks.gate_speed import ROOT, GateError, start_gate
from conformance.contract import Contract, Sample, find
from conformance.lanes import InProcessLane, Lane, parse
from conformance.lanes.gateway import GatewayLane, Surroundings

GATES: Mapping[str, list[str]] = {
    "isolated lanes": [],
    "one process": ["--in-process"],
    "two releases": ["--lane=old=paddle", f"--lane=new=paddle@{sys.executable}"],
}
SMALL = "nn.relu"
SAMPLES = 400


def gate(arguments: list[str]) -> float:
    """Seconds of a whole gate, from the command to its end. Raises :class:`GateError` where it is not green."""
    with tempfile.TemporaryDirectory() as report:
        began = time.perf_counter()
        start_gate(Path(report), arguments)
        return time.perf_counter() - began


def per_sample(lane: Lane, contract: Contract, sample: Sample, ahead: int) -> float:
    """Milliseconds of a sample, when so many are submitted before the first of their results; the median of many."""
    taken = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        for handle in [lane.submit(contract, sample) for _ in range(ahead)]:
            lane.result(handle)
        taken.append((time.perf_counter() - began) / ahead)
    return 1000 * float(np.median(taken))


def small_sample() -> tuple[float, float, float]:
    """Milliseconds of a small sample of torch: in this process; elsewhere as the gate submits them, and by itself."""
    importlib.import_module("suites.test_forward_activations")
    contract = find(SMALL)
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    sample = Sample({"x": x, "cotangent": np.ones_like(x)})
    lanes: list[Any] = [InProcessLane(parse("torch")), GatewayLane(parse("torch"), Surroundings([str(ROOT)], 60.0))]
    here, there = lanes
    try:
        for lane in lanes:
            lane.start()
        ways = [(here, here.ahead), (there, there.ahead), (there, 1)]
        taken = [[per_sample(lane, contract, sample, ahead) for lane, ahead in ways] for _ in range(3)]
        in_process, submitted_ahead, alone = (min(times) for times in zip(*taken, strict=True))
        return in_process, submitted_ahead, alone
    finally:
        for lane in lanes:
            lane.stop()


def fastest(runs: int, take: Callable[[list[str]], float] = gate) -> dict[str, float]:
    """The fastest of several runs of each gate, taken turn about."""
    times: dict[str, list[float]] = {name: [] for name in GATES}
    for _ in range(runs):
        for name, arguments in GATES.items():
            times[name].append(take(arguments))
    return {name: min(seconds) for name, seconds in times.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="runs of each gate (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        gates = fastest(options.runs)
    except GateError as error:
        print(error, file=sys.stderr)
        return 2
    here, there, alone = small_sample()
    rows = [(name, f"{seconds:.1f} s") for name, seconds in gates.items()]
    rows += [
        ("a small sample in this process", f"{here:.3f} ms"),
        ("elsewhere, as the gate submits them", f"{there:.3f} ms"),
        ("elsewhere, one after the other", f"{alone:.3f} ms"),
    ]
    print(table(("", "fastest"), rows) + "\n")
    return judged(
        [
            Claim("isolated gate over gate in one process", gates["isolated lanes"] / gates["one process"], 1.0),
            Claim("what an isolated lane adds to a small sample", there - here, 0.3, unit=" ms"),
            Claim("comparison of two releases over plain gate", gates["two releases"] / gates["isolated lanes"], 1.5),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
