"""Hypothesis profiles: ``gate`` is the same on every run, ``explore`` searches widely and differently each time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import InvalidArgument

GATE_EXAMPLES = 24
EXPLORE_EXAMPLES = 400

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
    """Raise pytest's UsageError where a profile that was asked for does not exist."""
    try:
        if name:
            settings.get_profile(name)
    except InvalidArgument:
        raise pytest.UsageError(
            f"--hypothesis-profile: no profile is called {name!r}; this project has gate (the default) and explore"
        ) from None


def for_contract(share: float, seeded: bool) -> settings:
    """The current profile's settings for a contract that is worth ``share`` of its examples.

    ``seeded``: ``--hypothesis-seed`` was given, so that the run should follow that seed instead of being the same
    every time.
    """
    current = settings()
    changes = {"derandomize": False} if seeded and current.derandomize else {}
    return settings(current, max_examples=max(1, round(current.max_examples * share)), **changes)  # type: ignore[arg-type]
