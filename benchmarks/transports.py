"""Shows what lanes in interpreters of their own cost, and what an upgrade check does.

Claimed, each as a ratio within one run on 2 cores:

- the gate with isolated lanes takes no longer than the gate in one process, start-up included;
- an isolated lane adds at most 0.3 ms to a small sample;
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


def per_sample(lane: Lane, contract: Contract, sample: Sample) -> float:
    """Milliseconds from a sample to its observation, one after the other; the median of many."""
    taken = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        lane.result(lane.submit(contract, sample))
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken))


def overhead() -> tuple[float, float]:
    """Milliseconds of a small sample of torch: in this process, and in an interpreter of its own."""
    importlib.import_module("suites.test_forward_activations")
    contract = find(SMALL)
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    sample = Sample({"x": x, "cotangent": np.ones_like(x)})
    lanes: list[Any] = [InProcessLane(parse("torch")), GatewayLane(parse("torch"), Surroundings([str(ROOT)], 60.0))]
    try:
        for lane in lanes:
            lane.start()
        here, there = ([per_sample(lane, contract, sample) for _ in range(3)] for lane in lanes)
        return min(here), min(there)
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
    here, there = overhead()
    rows = [(name, f"{seconds:.1f} s") for name, seconds in gates.items()]
    rows += [("a small sample in this process", f"{here:.3f} ms"), ("a small sample elsewhere", f"{there:.3f} ms")]
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
