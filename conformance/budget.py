"""Which contracts of a run go to lanes that compile, and for how long: compiling takes seconds, a call nearly none."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from hypothesis import settings

from conformance import modes
from conformance.contract import Contract
from conformance.lanes import LaneSpec

FAIR = 3.0
"""A contract may take so many times what is left for each of those to come: most need less than that."""

EXAMPLES = 3
"""Examples of a contract that the gate draws for lanes that compile: each is of one shape, in several fills. A second
run compiles nothing new then, where the compiler keeps what it made."""


class Budget:
    """The seconds of ``--mode-budget``.

    requested: whether the run was narrowed to contracts that a person chose; operators are compiled then only.
    contracts: how many of the run's go to lanes that compile, set once that is known.
    """

    def __init__(self, seconds: float, requested: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.requested, self.contracts = seconds, requested, 1
        self._left, self._clock = seconds, clock
        self._began: float | None = None

    def left_out(self, contract: Contract, specs: Sequence[LaneSpec]) -> dict[str, str]:
        """Labels of the lanes that do not run a contract, with the reason."""
        reason = self._reason(contract)
        return {str(spec): reason for spec in specs if reason and _compiles(spec) and not contract.modes}

    def _reason(self, contract: Contract) -> str | None:
        if not self.requested and is_operator(contract):
            return "operators are compiled on request: name their files, or choose them by -k or -m"
        if self._left <= 0.0:
            return f"the {self.seconds:g} s of --mode-budget were spent before its turn"
        return None

    def begin(self) -> Callable[[int], bool]:
        """A contract begins, or draws again; what is returned tells whether so many examples, or its time, do."""
        self._spend()
        began = self._began = self._clock()
        share = FAIR * self._left / max(self.contracts, 1)
        most = EXAMPLES if settings().derandomize else math.inf
        return lambda examples: examples >= most or self._clock() - began > min(share, self._left)

    def end(self) -> None:
        """The contract that began is over."""
        if self._began is not None:
            self._spend()
            self._began = None
            self.contracts -= 1

    def _spend(self) -> None:
        if self._began is not None:
            self._left -= self._clock() - self._began


def is_operator(contract: Contract) -> bool:
    """Whether a contract is of a call, rather than of a model, a training step or what surrounds them."""
    return "operators" in contract.module.split(".")


def compiling(specs: Sequence[LaneSpec]) -> bool:
    """Whether any lane compiles."""
    return any(map(_compiles, specs))


def _compiles(spec: LaneSpec) -> bool:
    return any(modes.has(spec.modes, name) for name in modes.COMPILING)
