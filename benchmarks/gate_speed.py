"""Shows that a gate spends its time in the frameworks, and is over before one's attention is.

Claimed, of one run of the gate in one process:

- of the time of the CNN's training steps (``train.exact_step`` and ``train.step`` together; drawing of samples, oracle
  and verdict included) at least 45 % is spent inside the frameworks' calls;
- of the time of the small operations (``nn.*``) at least 25 %, all together;
- the whole gate is over within 90 s once the frameworks are imported, with at least 5,000 samples.

Shares are of the processor's time, so that they hold on a machine that others use too; that the gate took longer there
tells nothing. "In the calls" is the time from plain arrays to plain arrays: tensors in, the calls and their gradients,
arrays out. The claims are about "net", which leaves out of it all that this project's own helpers do inside the calls
(to carry weights and optimizer state in and out, the frameworks' copies included).

``--against CHECKOUT`` measures groups of contracts in a checkout of an earlier commit too, in turns and
by processor time, so that other work on the machine changes little: waiting for the processor counts for neither.
Claimed of what is faster: how many times as many samples a second of the processor is worth, the median over the
turns. Where the turns of one checkout differ by more than half, nothing was measured.

    python -m benchmarks.gate_speed
    git worktree add /tmp/old COMMIT && python -m benchmarks.gate_speed --against /tmp/old
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from benchmarks import stopwatch
from benchmarks.claims import Claim, is_loaded, judged, table

ROOT = Path(__file__).parent.parent
CNN = ("train.exact_step", "train.step")
SMALL = "nn."
BOUNDED = ("train.step", "train.dropout", "train.from_files", "train.loop")
COMPARED = (
    ("small operations", SMALL, 2.0),
    ("optimizers' steps", "optim.", 1.3),
    ("exact training steps", "train.exact_step", 0.9),
    ("bounded training steps", ",".join(BOUNDED), 1.0),
)
"""What is compared with an earlier checkout: contracts by the beginning of their ids, and the ratio that is claimed."""
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("MKL", "OMP", "OPENBLAS")}


class GateError(RuntimeError):
    """The gate gave no verdict, or a red one, so that its speed means nothing."""


@dataclass(frozen=True)
class Share:
    """Samples and seconds of some contracts: in all, inside the frameworks' calls, and there in our own helpers."""

    what: str
    samples: int
    seconds: float
    calls: float
    helpers: float

    @property
    def net(self) -> float:
        """Share of the time that is the frameworks' own."""
        return (self.calls - self.helpers) / self.seconds

    def row(self) -> tuple[str, ...]:
        shares = (self.calls / self.seconds, self.net)
        return (self.what, f"{self.samples:,}", f"{self.seconds:.2f}", *(f"{100 * share:.0f} %" for share in shares))


def gate_process(
    report: Path, arguments: list[str], variables: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run a gate in a process of its own, to its end."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--conformance-report={report}"]
    environment = {**os.environ, **ONE_THREAD, **variables}
    return subprocess.run([*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


def start_gate(report: Path, arguments: list[str], variables: Mapping[str, str] = MappingProxyType({})) -> None:
    """Run a whole gate in a process of its own, to its end. Raises :class:`GateError` where it is not green."""
    done = gate_process(report, arguments, variables)
    if done.returncode:
        raise GateError(f"the gate ended with status {done.returncode}; its last lines:\n{done.stdout[-2000:]}")


def run_gate(arguments: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the gate in a process of its own; its results and what the stopwatch says. Raises :class:`GateError`."""
    with tempfile.TemporaryDirectory() as folder:
        times, report = Path(folder) / "times.json", Path(folder) / "report"
        watched = ["-p", "benchmarks.stopwatch", "--in-process", *arguments]
        start_gate(report, watched, {stopwatch.VARIABLE: str(times)})
        return json.loads((report / "results.json").read_text()), json.loads(times.read_text())


def share_of(what: str, contracts: list[dict[str, Any]], helpers: dict[str, float]) -> Share:
    """The sums over some contracts of a report."""
    samples, seconds, calls = (
        sum(contract[key] for contract in contracts) for key in ("samples", "seconds", "framework_seconds")
    )
    return Share(what, samples, seconds, calls, sum(helpers.get(contract["id"], 0.0) for contract in contracts))


@dataclass(frozen=True)
class Turns:
    """What several turns of one checkout gave for some contracts."""

    samples: int
    seconds: tuple[float, ...]
    calls: tuple[float, ...]

    @property
    def rates(self) -> list[float]:
        """Samples per second of the processor, in each turn."""
        return [self.samples / seconds for seconds in self.seconds]

    def row(self, what: str) -> tuple[str, ...]:
        share = median(calls / seconds for calls, seconds in zip(self.calls, self.seconds, strict=True))
        spread = f"{_shown(min(self.rates))} to {_shown(max(self.rates))}"
        return (what, f"{self.samples:,}", _shown(median(self.rates)), spread, f"{100 * share:.0f} %")


def _shown(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def in_turns(checkouts: Sequence[Path], prefixes: str, rounds: int) -> list[Turns]:
    """Measure the same contracts in each checkout, one after another, as often as that. Raises :class:`GateError`."""
    found: list[list[dict[str, Any]]] = [[] for _ in checkouts]
    for _ in range(rounds):
        for place, checkout in enumerate(checkouts):
            command = [sys.executable, str(ROOT / "benchmarks" / "one_turn.py"), str(checkout), prefixes]
            done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True)
            if done.returncode:
                raise GateError(f"a turn of {checkout} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
            found[place].append(json.loads(done.stdout.splitlines()[-1]))
    return [
        Turns(each[0]["samples"], tuple(one["seconds"] for one in each), tuple(one["calls"] for one in each))
        for each in found
    ]


def unsteady(turns: Turns) -> bool:
    """Whether turns of one checkout differ so much that they tell nothing of another."""
    return max(turns.rates) > 1.5 * min(turns.rates)


def compare(old: Path, rounds: int) -> int:
    """Print how fast an earlier checkout and this one are. Raises :class:`GateError` where one cannot be run."""
    rows, claims = [], []
    for what, prefixes, least in COMPARED:
        before, now = in_turns([old, ROOT], prefixes, rounds)
        rows += [before.row(f"{what}, before"), now.row(f"{what}, now")]
        ratio = median(b / a for a, b in zip(before.rates, now.rates, strict=True))
        loaded = unsteady(before) or unsteady(now)
        claims.append(Claim(f"{what}, times as many samples a second", ratio, least, at_least=True, loaded=loaded))
    print(table(("", "samples", "a second", "in the turns", "in the calls"), rows))
    return judged(claims)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seed", type=int, help="another seed of Hypothesis; without it, the gate's own samples")
    parser.add_argument("--each", action="store_true", help="a line for every contract too, the dearest first")
    parser.add_argument("--against", type=Path, help="a checkout of an earlier commit, to be measured in turns")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each, with --against (default: 3)")
    options = parser.parse_args(arguments)
    if options.against is not None:
        try:
            return compare(options.against, max(1, options.rounds))
        except GateError as error:
            print(error, file=sys.stderr)
            return 2
    seed = [] if options.seed is None else ["--hypothesis-seed", str(options.seed)]
    try:
        results, times = run_gate(seed)
    except GateError as error:
        print(error, file=sys.stderr)
        return 2
    contracts, helpers = results["contracts"], times["helpers"]
    cnn = share_of("CNN steps", [contract for contract in contracts if contract["id"] in CNN], helpers)
    chosen = [contract for contract in contracts if contract["id"].startswith(SMALL)]
    small = share_of(f"small operations ({len(chosen)})", chosen, helpers)
    lowest = min((share_of(f"  lowest: {c['id']}", [c], helpers) for c in chosen), key=lambda share: share.net)
    every = share_of(f"all contracts ({len(contracts)})", contracts, helpers)
    parts = [share_of(f"  {name}", [c for c in contracts if c["id"] == name], helpers) for name in CNN]
    shown = [cnn, *parts, small, lowest, every]
    if options.each:
        shown += sorted((share_of(c["id"], [c], helpers) for c in contracts), key=lambda share: -share.seconds)
    print(table(("", "samples", "seconds", "in the calls", "net"), [share.row() for share in shown]))
    loaded = is_loaded(times["gate"], times["processor"])
    print(
        f"imports {times['imports']:.1f} s, then {times['gate']:.1f} s to the verdict, in which one of "
        f"{os.cpu_count()} processors was used for {times['processor']:.1f} s\n"
    )
    return judged(
        [
            Claim("CNN steps, net share of the frameworks", 100 * cnn.net, 45.0, True, " %"),
            Claim("small operations, net share of the frameworks", 100 * small.net, 25.0, True, " %"),
            Claim("whole gate after the imports", times["gate"], 90.0, unit=" s", loaded=loaded),
            Claim("samples of the gate", results["samples"], 5000, at_least=True),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
