"""Hypothesis profiles: ``gate`` is the same on every run, ``explore`` searches widely and differently each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from conformance.contract import Contract

GATE_EXAMPLES = 24
EXPLORE_EXAMPLES = 400
NAMES = ("gate", "explore")
FEW = 3
"""Hypothesis begins with its simplest example, whatever the seed. A contract worth this many or fewer leaves it out:
it would be all that such a contract ever sees."""

_COMMON = {
    "deadline": None,
    "report_multiple_bugs": False,
    "database": None,
    "print_blob": False,
    "phases": (Phase.explicit, Phase.generate, Phase.target, Phase.shrink),
    # Frameworks are slow on their first call, and arrays make large examples; neither is a fault of a strategy.
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
}


def register() -> None:
    """Register the profiles with Hypothesis and make ``gate`` the default."""
    settings.register_profile("gate", max_examples=GATE_EXAMPLES, derandomize=True, **_COMMON)  # type: ignore[arg-type]
    settings.register_profile("explore", max_examples=EXPLORE_EXAMPLES, **_COMMON)  # type: ignore[arg-type]
    settings.load_profile("gate")


def require(name: str | None) -> None:
    """Raise pytest's UsageError for a profile that is not ours: Hypothesis' own ones have deadlines and databases."""
    if name and name not in NAMES:
        raise pytest.UsageError(
            f"--hypothesis-profile: {name!r} is no profile of this project; it has gate (the default) and explore"
        )


def for_contract(share: float, seeded: bool) -> tuple[settings, int]:
    """The current profile's settings for a contract that is worth ``share`` of its examples, and how many of the first
    ones to leave out.

    ``seeded``: ``--hypothesis-seed`` was given, so that the run should follow that seed instead of being the same
    every time.
    """
    current = settings()
    changes = {"derandomize": False} if seeded and current.derandomize else {}
    examples = max(1, round(current.max_examples * share))
    left_out = 1 if examples <= FEW else 0
    return settings(current, max_examples=examples + left_out, **changes), left_out  # type: ignore[arg-type]


def draw(contract: Contract, check: Callable[[Any], None]) -> None:
    """Call ``check`` with the examples that the gate draws, and without simplifying one that fails."""
    gate, left_out = for_contract(contract.share, seeded=False)
    first = iter(range(left_out))

    def drawn(example: Any) -> None:
        if next(first, None) is None:
            check(example)

    drawn.__name__ = contract.id.replace(".", "_")
    settings(gate, phases=[Phase.generate])(given(example=contract.samples)(drawn))()
