"""How often is the gate red although nothing is wrong? Runs whole gates of correct frameworks and counts the alarms.

    python -m benchmarks.soak --samples 100000 --out soak.json
    python -m benchmarks.soak --samples 5000 --threads 1 --transport in-process -- -k nn.conv2d

Every gate has a seed of its own, which is kept; thread counts and transports take turns. An alarm is a contract that
failed; however many samples Hypothesis tried to simplify that failure, it counts as one. The upper bound of the rate
is the exact one of Clopper and Pearson, one-sided: were the rate higher, so few alarms would be seen in less than 5 %
of such soaks. Not every sample is new: the first example of each contract (of up to 24) and the witnesses of the ledger
are the same for every seed.

The gates of ``--out`` add up over sessions that ran the same sources, releases and options; the others in that file
stay and do not count. Interrupted, the command tells what it has, the gate under way left out; given again, it goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.claims import table
from benchmarks.gate_speed import ROOT, GateError, gate_process
from conformance import home
from conformance.lanes import source
from conformance.lanes.lane import THREADS
from conformance.portable import write_whole

TRANSPORTS: Mapping[str, list[str]] = {"isolated": [], "in-process": ["--in-process"]}
PACKAGES = ("torch", "torchvision", "paddlepaddle", "numpy")
CHANCE = 0.05
SEEDS = 2**32


@dataclass
class Gate:
    """One finished gate. ``of``: sources, releases and pytest options, by which gates add up."""

    seed: int
    threads: int
    transport: str
    of: dict[str, Any]
    contracts: int = 0
    samples: int = 0
    seconds: float = 0.0
    alarms: list[dict[str, Any]] = field(default_factory=list)

    def options(self) -> list[str]:
        """Pytest's options."""
        return [*self.of["options"], *TRANSPORTS[self.transport], f"--hypothesis-seed={self.seed}"]

    def variables(self) -> dict[str, str]:
        """The environment variables that set the number of threads."""
        return dict.fromkeys((THREADS, "MKL_NUM_THREADS", "OMP_NUM_THREADS"), str(self.threads))

    def replay(self, contract: str) -> str:
        """The command that shows an alarm again."""
        variables = [f"{name}={value}" for name, value in self.variables().items()]
        return " ".join([*variables, shlex.join(["python", "-m", "pytest", *self.options(), "-k", contract])])


def run_gate(gate: Gate) -> None:
    """Run the gate and note what it found. Raises :class:`GateError` where it gave no verdict."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = gate_process(Path(folder), gate.options(), {**gate.variables(), "GITHUB_STEP_SUMMARY": ""})
        last = f"its last lines:\n{done.stdout[-2000:]}{done.stderr[-1000:]}"
        try:
            results = json.loads((Path(folder) / "results.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise GateError(f"the gate of seed {gate.seed} gave no results; {last}") from None
    count(gate, results)
    if not results["complete"] or bool(done.returncode) is not bool(gate.alarms):
        raise GateError(f"the gate of seed {gate.seed} ended with status {done.returncode}; {last}")
    gate.seconds = round(time.perf_counter() - began, 1)


def count(gate: Gate, results: Mapping[str, Any]) -> None:
    """Note a gate's contracts, samples and alarms."""
    gate.contracts = len(results["contracts"])
    for row in results["contracts"]:
        failure = row["failure"]
        gate.samples += 1 if failure else row["samples"]
        if failure:
            told = {key: failure.get(key) for key in ("lanes", "message", "ratio", "sample")}
            gate.alarms.append({"contract": row["id"], "verdict": row["verdict"], **told})


def upper_bound(alarms: int, samples: int) -> float:
    """The rate at which so few alarms are seen with a chance of 5 %: Clopper and Pearson's, by bisection.

    Without an alarm that is 1 - 0.05**(1 / samples).
    """
    if alarms >= samples:
        return 1.0
    low, high = alarms / samples, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _at_most(alarms, samples, middle) > CHANCE else (low, middle)
    return high


def _at_most(alarms: int, samples: int, rate: float) -> float:
    """Chance of at most so many alarms."""

    def logarithm(k: int) -> float:
        ways = math.lgamma(samples + 1) - math.lgamma(k + 1) - math.lgamma(samples - k + 1)
        return ways + k * math.log(rate) + (samples - k) * math.log1p(-rate)

    return math.fsum(math.exp(logarithm(k)) for k in range(alarms + 1))


class Soak:
    """The gates of one file, and those that count here."""

    def __init__(self, out: Path | None, options: Sequence[str]) -> None:
        self.out = out
        self.releases = _releases()
        self.of = {
            "sources": source.digest(home.packages([str(ROOT)])),
            "releases": self.releases,
            "options": list(options),
        }
        self.gates: list[Gate] = []
        self._read()

    @property
    def counted(self) -> list[Gate]:
        return [gate for gate in self.gates if gate.of == self.of]

    @property
    def samples(self) -> int:
        return sum(gate.samples for gate in self.counted)

    def add(self, gate: Gate) -> None:
        """Keep a finished gate, beside those that another session has added by now."""
        self._read()
        self.gates.append(gate)
        if self.out is not None:
            write_whole(self.out, json.dumps({"gates": [asdict(one) for one in self.gates]}, indent=1) + "\n")

    def _read(self) -> None:
        if self.out is None or not self.out.exists():
            return
        try:
            self.gates = [Gate(**gate) for gate in json.loads(self.out.read_text(encoding="utf-8"))["gates"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"{type(error).__name__}: {error}"
            raise GateError(f"--out {self.out} is no file of this command ({what})") from None

    def plan(self, threads: Sequence[int], transports: Sequence[str], seed: int | None) -> Iterator[Gate]:
        """Gates to run next, without end: seeds that were not used, thread counts and transports in turn."""
        ways = [(count, transport) for count in threads for transport in transports]
        drawn = random.Random(seed)
        while True:
            number = drawn.randrange(SEEDS)
            if number not in {gate.seed for gate in self.counted}:
                way = min(ways, key=[(gate.threads, gate.transport) for gate in self.counted].count)
                yield Gate(number, *way, self.of)

    def show(self) -> int:
        """Print the gates by threads and transport, the alarms, and the bounds; the exit status."""
        gates = self.counted
        rows = []
        for way in dict.fromkeys((gate.threads, gate.transport) for gate in gates):
            some = [gate for gate in gates if (gate.threads, gate.transport) == way]
            alarms = sum(len(gate.alarms) for gate in some)
            numbers = (len(some), max(gate.contracts for gate in some), sum(gate.samples for gate in some), alarms)
            rows.append((f"{way[0]} thread(s), {way[1]}", *numbers))
        alarms, red = sum(len(gate.alarms) for gate in gates), sum(bool(gate.alarms) for gate in gates)
        rows.append(("all", len(gates), max((gate.contracts for gate in gates), default=0), self.samples, alarms))
        print(
            table(
                ("", "gates", "contracts", "samples", "alarms"),
                [(row[0], *(f"{n:,}" for n in row[1:])) for row in rows],
            )
        )
        for gate in gates:
            for alarm in gate.alarms:
                print(f"\nALARM  {alarm['contract']} ({alarm['verdict']}), seed {gate.seed}: {alarm['message']}")
                if alarm["lanes"]:
                    print(f"  {', '.join(alarm['lanes'])}, ratio {alarm['ratio']}, sample {alarm['sample']}")
                print(f"  {gate.replay(alarm['contract'])}")
        if gates:
            print(
                f"\nreleases: {', '.join(f'{name} {version}' for name, version in self.releases.items())}\n"
                f"95 % upper bound of the rate of false alarms: {upper_bound(alarms, self.samples):.2g} per sample, "
                f"{upper_bound(red, len(gates)):.2g} per gate"
            )
        if len(gates) < len(self.gates):
            print(f"{len(self.gates) - len(gates)} gates of other sources, releases or options are not counted")
        return 1 if alarms else 0


def _releases() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def soak(found: Soak, samples: int, plan: Iterator[Gate], run: Callable[[Gate], None] = run_gate) -> None:
    """Run gates until so many samples were judged."""
    began, before = time.monotonic(), found.samples
    while found.samples < samples:
        gate = next(plan)
        run(gate)
        found.add(gate)
        left = (time.monotonic() - began) / (found.samples - before) * max(0, samples - found.samples)
        print(
            f"seed {gate.seed}, {gate.threads} thread(s), {gate.transport}: {gate.samples:,} samples in "
            f"{gate.seconds:.0f} s, {len(gate.alarms)} alarms; {found.samples:,} of {samples:,} samples, "
            f"about {left / 60:.0f} min to go",
            flush=True,
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--samples", type=int, required=True, help="samples to judge, those of earlier sessions in --out included")
    add("--seed", type=int, help="draw the gates' seeds from this one (default: other seeds on every run)")
    add("--threads", type=_listed(int), default=[1, 2], help="thread counts of the lanes, in turn (default: 1,2)")
    add("--transport", type=_listed(str), default=list(TRANSPORTS), help="in turn (default: isolated,in-process)")
    add("--out", type=Path, help="JSON file that the finished gates are added to")
    add("pytest", nargs="*", metavar="-- OPTIONS", help="options of pytest for each gate, like -k optim")
    options = parser.parse_args(arguments)
    strange = set(options.transport) - TRANSPORTS.keys()
    if strange or options.samples < 1 or min(options.threads) < 1:
        parser.error("--samples and --threads are at least 1, and --transport is isolated, in-process or both")
    found: Soak | None = None
    try:
        found = Soak(options.out, options.pytest)
        soak(found, options.samples, found.plan(options.threads, options.transport, options.seed))
    except KeyboardInterrupt:
        print("interrupted; the gate under way is left out")
    except (GateError, OSError) as error:
        print(error, file=sys.stderr)
        if found is not None:
            found.show()
        return 2
    return found.show() if found is not None else 2


def _listed(kind: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def parse(text: str) -> list[Any]:
        return [kind(part) for part in text.split(",")]

    return parse


if __name__ == "__main__":
    sys.exit(main())
