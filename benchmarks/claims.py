"""What the benchmarks share: a table, and claims that hold or do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

WAITING = 1.25
"""Wall time by processor time of work on one thread, above which other work had the processor too."""


def is_loaded(wall: float, processor: float) -> bool:
    """Whether other work ran beside what took these seconds on one thread: it slows memory and caches as well."""
    return wall > WAITING * processor


@dataclass(frozen=True)
class Claim:
    """A measured number and the limit that it is claimed to keep.

    loaded: it is of times, and was taken beside other work, so that a number above its limit tells nothing.
    """

    what: str
    measured: float
    limit: float
    at_least: bool = False
    unit: str = ""
    loaded: bool = False

    @property
    def holds(self) -> bool:
        """Whether the limit is kept; a NaN keeps none."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def is_unmeasured(self) -> bool:
        """Whether a limit that is not kept tells nothing; a NaN is a fault under any load."""
        return self.loaded and not self.holds and not math.isnan(self.measured)

    def __str__(self) -> str:
        word = "at least" if self.at_least else "at most"
        number, limit = (f"{value:,.4g}{self.unit}" for value in (self.measured, self.limit))
        if self.is_unmeasured:
            return f"not measured, since other work ran beside it: {self.what} (here {number}, {word} {limit})"
        return f"{'holds' if self.holds else 'FAILS'}  {self.what}: {number} ({word} {limit})"


def judged(claims: Sequence[Claim]) -> int:
    """Print the claims; the exit status, 1 where one fails that was measured."""
    print("\n".join(map(str, claims)))
    return 0 if all(claim.holds or claim.is_unmeasured for claim in claims) else 1


def versions(*packages: str) -> str:
    """Installed packages with their releases."""
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, the first to the left and the others to the right."""
    lines = [list(heads), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
