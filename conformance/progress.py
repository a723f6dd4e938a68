"""How far a run is: contracts done, time left, and what is red so far. On a terminal in place, elsewhere in lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

FEWEST = 20
"""Contracts below which a run is over before one asks."""
EVERY = 15.0
"""Seconds between two lines where they stay, as in the log of a CI."""
SHOWN = 4


class Progress:
    """Told of each contract that ends, it writes what to expect.

    write: takes text. in_place: whether a line may replace the one before. width: of the terminal.
    """

    def __init__(
        self,
        total: int,
        write: Callable[[str], Any],
        in_place: bool,
        width: int = 80,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.in_place = total, in_place
        self._write, self._width, self._clock = write, width, clock
        self._began = self._told = clock()
        self.done = 0
        self.red: list[str] = []

    def ended(self, name: str, red: bool) -> None:
        """One more is done."""
        self.done += 1
        if red:
            self.red.append(name)
        now = self._clock()
        if self.in_place:
            self._write("\r" + self.line().ljust(self._width - 1)[: self._width - 1])
        elif now - self._told >= EVERY or red:
            self._told = now
            self._write(self.line() + "\n")

    def line(self) -> str:
        """Where the run is."""
        passed = self._clock() - self._began
        text = f"{self.done} of {self.total} done in {passed:.0f} s"
        if 0 < self.done < self.total:
            text += f", about {passed / self.done * (self.total - self.done):.0f} s left"
        if self.red:
            more = f" and {len(self.red) - SHOWN} more" if len(self.red) > SHOWN else ""
            text += f"; red: {', '.join(self.red[:SHOWN])}{more}"
        return text

    def over(self) -> None:
        """Leave the terminal's line."""
        if self.in_place and self.done:
            self._write("\r" + " " * (self._width - 1) + "\r")
