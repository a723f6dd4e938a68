"""What the benchmarks share: a table, and claims that hold or do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True)
class Claim:
    """A measured number and the limit that it is claimed to keep."""

    what: str
    measured: float
    limit: float
    at_least: bool = False
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Whether the limit is kept; a NaN keeps none."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def __str__(self) -> str:
        word = "at least" if self.at_least else "at most"
        number, limit = (f"{value:,.4g}{self.unit}" for value in (self.measured, self.limit))
        return f"{'holds' if self.holds else 'FAILS'}  {self.what}: {number} ({word} {limit})"


def judged(claims: Sequence[Claim]) -> int:
    """Print the claims; the exit status, 1 where one fails."""
    print("\n".join(map(str, claims)))
    return 0 if all(claim.holds for claim in claims) else 1


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
