"""Hypothesis profiles: ``gate`` is the same on every run, ``explore`` searches widely and differently each time."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.strategies._internal.lazy import unwrap_strategies

from conformance.contract import Contract

GATE_EXAMPLES = 24
EXPLORE_EXAMPLES = 400
NAMES = ("gate", "explore")
FEW = 3
"""Hypothesis begins with its simplest example, whatever the seed. A contract worth this many or fewer leaves it out:
it would be all that such a contract ever sees."""

ROUND = 8
"""Examples that a gate draws in a row. After ten, Hypothesis makes most from earlier ones, within which it copies
parts: half of a gate would have the shapes and options of the other half."""

_NO_LITERALS = providers.Constants()
_PERMITTED = type(providers.CONSTANTS_CACHE)(1024)

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


def settled(seed: str | None) -> str | None:
    """A seed with which the same examples are drawn twice: that which was given, or one of this run."""
    return seed if seed is not None or settings().derandomize else str(random.SystemRandom().getrandbits(32))


def draw(contract: Contract, check: Callable[[Any], None], seed: str | None = None, shrink: bool = False) -> None:
    """Call ``check`` with the current profile's examples for a contract, which is worth its share of them.

    A contract has random numbers of its own, under ``gate`` the same ones every time; ``seed``, which is what
    ``--hypothesis-seed`` was given, asks for others. shrink: simplify an example that fails.
    """
    current = settings() if shrink else settings(settings(), phases=[Phase.generate])
    examples = max(1, round(current.max_examples * contract.share))
    rounds = -(-examples // ROUND) if current.derandomize else 1
    with contextlib.nullcontext() if shrink or not current.derandomize else unrecorded_draws():
        for place in range(rounds):
            left_out = 1 if place or examples <= FEW else 0  # every round begins with the simplest example
            count = (examples + place) // rounds + left_out
            _draw(contract, contract.samples, settings(current, max_examples=count), left_out, place, seed, check)
        if contract.rare is not None:
            _draw(contract, contract.rare, settings(current, max_examples=2), 1, "rare", seed, check)


def _draw(
    contract: Contract,
    samples: Any,
    current: settings,
    left_out: int,
    place: int | str,
    seed: str | None,
    check: Callable[[Any], None],
) -> None:
    test = current(given(example=samples)(_without_first(left_out, check)))
    if current.derandomize or seed is not None:
        # Left to itself, Hypothesis takes a derandomized test's source for a seed: one for all contracts.
        test = hypothesis.seed(f"{contract.id} {place} {seed}")(test)
    with without_literals():
        test()


@contextlib.contextmanager
def without_literals() -> Iterator[None]:
    """Keep Hypothesis from drawing the numbers that stand in the sources of our own loaded modules.

    With them an edit anywhere, or fewer suites, would give every contract other samples.
    """
    with (
        mock.patch.object(providers.HypothesisProvider, "_local_constants", _NO_LITERALS),
        mock.patch.object(providers, "CONSTANTS_CACHE", _PERMITTED),
    ):
        yield


@contextlib.contextmanager
def unrecorded_draws() -> Iterator[None]:
    """Leave out what Hypothesis notes of draws within draws: shrinking uses it, and what is made from earlier examples.

    The numbers are the same as long as no example is, which is so in the rounds of a gate.
    """
    whole = ConjectureData.draw

    def draw(self: Any, strategy: Any, *arguments: Any, **options: Any) -> Any:
        if self.depth == 0:
            return whole(self, strategy, *arguments, **options)
        return unwrap_strategies(strategy).do_draw(self)

    with mock.patch.object(ConjectureData, "draw", draw):
        yield


def _without_first(left_out: int, check: Callable[[Any], None]) -> Callable[[Any], None]:
    first = iter(range(left_out))

    def drawn(example: Any) -> None:
        if next(first, None) is None:
            check(example)

    return drawn
