"""Measures how large the errors of correct frameworks get, in the units that the suites' bounds are multiples of.

Prints one line for each subject (an operation or a network), quantity and family of values: the largest
|lane - oracle| of each framework and |lane - lane|, divided by the unit. A bound's constant should leave 1.5 times the
largest ratio seen and not much more. The units are u * sqrt(n) * sum|a||b| for dot products, u * condition number for
losses, and u * sqrt(variance) for everything that the oracle's tape computed. ``rms`` is the largest root mean square
of a ratio over one array. ``size`` is the unit beside the quantity itself (median of rms(unit) / rms(quantity)): times
the constant, it is the relative fault that the bound begins to see.

    python -m benchmarks.error_constants --seconds 60
    python -m benchmarks.error_constants --only cnn,rnn --family normal --seconds 20
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.error_lanes import PaddleLane, TorchLane
from benchmarks.error_subjects import SUBJECTS, Expected
from benchmarks.value_families import FAMILIES

Arrays = dict[str, np.ndarray]


@dataclass
class Extreme:
    """Largest ratios of one quantity in one family."""

    lanes: dict[str, float] = field(default_factory=dict)
    between: float = 0.0
    rms: float = 0.0
    sizes: list[float] = field(default_factory=list)
    cases: int = 0
    seed: int = 0  # of the case with the largest ratio

    def ratio(self) -> float:
        return max([*self.lanes.values(), 0.0])


def largest(difference: np.ndarray, unit: np.ndarray) -> float:
    """Largest |difference| / unit; 0/0 is 0 and a lane that is not finite where the oracle is counts as infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(difference == 0, 0.0, np.abs(difference) / unit)
    return float(np.max(np.where(np.isnan(ratio), np.inf, ratio), initial=0.0))


def compare(results: dict[str, tuple[Arrays, Expected]], table: dict[str, Extreme], seed: int) -> None:
    """Enter one case: for each lane what it returned, and what the oracle expects of that lane."""
    between = len(results) == 2 and not any(expected.flips for _, expected in results.values())
    for quantity in next(iter(results.values()))[1].quantities:
        extreme = table.setdefault(quantity, Extreme(seed=seed))
        extreme.cases += 1
        before = extreme.ratio()
        for lane, (observed, expected) in results.items():
            value, unit = expected.quantities[quantity]
            difference = observed[quantity] - value
            extreme.lanes[lane] = max(extreme.lanes.get(lane, 0.0), largest(difference, unit))
            with np.errstate(divide="ignore", invalid="ignore"):
                scaled = np.where(difference == 0, 0.0, difference / unit)
            extreme.rms = max(extreme.rms, float(np.sqrt(np.mean(np.square(scaled)))) if scaled.size > 99 else 0.0)
        size = np.sqrt(np.mean(np.square(value)))
        if size > 0:
            extreme.sizes.append(float(np.sqrt(np.mean(np.square(unit))) / size))
        if extreme.ratio() > before:
            extreme.seed = seed
        if between:
            first, second = (observed[quantity] for observed, _ in results.values())
            # In float64: the difference of two float32 numbers may itself overflow or round.
            extreme.between = max(extreme.between, largest(first.astype(np.float64) - second, unit))


def measure(
    subject: Callable[..., Any], family: str, lanes: list[Any], seconds: float, first_seed: int
) -> dict[str, Extreme]:
    """Run one subject on values of one family until the time is used, at least one case."""
    table: dict[str, Extreme] = {}
    for lane in lanes:  # the first call of an operation costs more than many later ones
        subject(lane, FAMILIES[family], np.random.default_rng(first_seed))
    start, seed = time.perf_counter(), first_seed
    while seed == first_seed or time.perf_counter() - start < seconds:
        results = {lane.name: subject(lane, FAMILIES[family], np.random.default_rng(seed)) for lane in lanes}
        compare(results, table, seed)
        seed += 1
    return table


def rows(tables: dict[tuple[str, str], dict[str, Extreme]], details: bool) -> Iterator[str]:
    """The table's lines; without ``details`` each quantity's worst family only."""
    title = ("subject", "quantity", "family", "torch", "paddle", "between", "rms", "size", "cases", "seed")
    yield "{:20} {:28} {:10} {:>7} {:>7} {:>7} {:>6} {:>8} {:>6} {:>6}".format(*title)
    worst: dict[tuple[str, str], tuple[str, Extreme]] = {}
    lines = []
    for (subject, family), table in tables.items():
        for quantity, extreme in table.items():
            lines.append((subject, quantity, family, extreme))
            known = worst.get((subject, quantity))
            if known is None or known[1].ratio() < extreme.ratio():
                worst[subject, quantity] = (family, extreme)
    if not details:
        lines = [(subject, quantity, family, extreme) for (subject, quantity), (family, extreme) in worst.items()]
    for subject, quantity, family, extreme in lines:
        torch, paddle = (extreme.lanes.get(lane, float("nan")) for lane in ("torch", "paddle"))
        size = float(np.median(extreme.sizes)) if extreme.sizes else float("nan")
        yield (
            f"{subject:20} {quantity:28} {family:10} {torch:7.2f} {paddle:7.2f} {extreme.between:7.2f} "
            f"{extreme.rms:6.2f} {size:8.1e} {extreme.cases:6d} {extreme.seed:6d}"
        )


def chosen(names: str | None, known: Any, what: str) -> list[str]:
    """The names given, comma-separated, or all; raises ValueError on one that does not exist."""
    wanted = names.split(",") if names else list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"unknown {what} {', '.join(unknown)}; choose from {', '.join(known)}")
    return wanted


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="time for all subjects and families together")
    parser.add_argument("--only", metavar="SUBJECT,...", help=f"of {', '.join(SUBJECTS)}")
    parser.add_argument("--family", metavar="FAMILY,...", help=f"of {', '.join(FAMILIES)}")
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    parser.add_argument("--details", action="store_true", help="a line for each family, not only the worst one")
    parser.add_argument("--torch-device", default="cpu", help="cpu or cuda")
    parser.add_argument("--lanes", default="torch,paddle", help="torch, paddle or both")
    options = parser.parse_args(arguments)
    try:
        subjects = chosen(options.only, SUBJECTS, "subject")
        families = chosen(options.family, FAMILIES, "family")
        names = chosen(options.lanes, ("torch", "paddle"), "lane")
    except ValueError as error:
        parser.error(str(error))
    lanes = [TorchLane(options.torch_device) if name == "torch" else PaddleLane() for name in names]
    share = options.seconds / (len(subjects) * len(families))
    tables = {
        (subject, family): measure(SUBJECTS[subject], family, lanes, share, options.seed)
        for subject in subjects
        for family in families
    }
    print("\n".join(rows(tables, options.details)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
