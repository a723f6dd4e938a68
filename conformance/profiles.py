"""Hypothesis profiles: ``gate`` is the same on every run, ``explore`` searches widely and differently each time."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, core, errors, given, settings
from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes
from hypothesis.internal.conjecture import providers

from conformance import drawing
from conformance.contract import Contract

GATE_EXAMPLES = 24
EXPLORE_EXAMPLES = 400
NAMES = ("gate", "explore")
FEW = 3
"""Hypothesis begins with its simplest example, whatever the seed. A contract worth this many or fewer leaves it out:
it would be all that such a contract ever sees."""

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

    Raises
    ------
    Flaky: an example failed, and passed when it was to be simplified.
    """
    current = settings()
    examples = max(1, round(current.max_examples * contract.share))
    parts = [("", contract.samples, examples, examples <= FEW)]
    if contract.rare is not None:
        parts.append(("rare", contract.rare, 1, True))
    with without_literals(), drawing.remembered_strategies():
        for part, samples, count, without_simplest in parts:
            name = f"{contract.id} {part} {seed}"
            if current.derandomize:
                _draw_straight(name, samples, count, without_simplest, check, shrink)
            else:
                _explore(name if seed is not None else None, samples, count, without_simplest, check, shrink)


def _draw_straight(
    name: str, samples: Any, count: int, without_simplest: bool, check: Callable[[Any], None], shrink: bool
) -> None:
    for example in drawing.examples(samples, count, name, not without_simplest):
        try:
            check(example.value)
        except Exception as error:
            found = error
        else:
            continue
        if shrink:
            _simplify(name, samples, example.choices, check)
        raise found


def _simplify(name: str, samples: Any, choices: Sequence[Any], check: Callable[[Any], None]) -> None:
    """Let Hypothesis make an example smaller that fails, as if an earlier run had left it in its database."""
    database, key = InMemoryExampleDatabase(), name.encode()
    database.save(key + b".secondary", choices_to_bytes(choices))  # the primary ones are simple already
    current = settings(settings(), database=database, phases=[Phase.reuse, Phase.shrink], derandomize=False)
    test = current(given(example=samples)(_without_first(0, check)))
    test._hypothesis_internal_database_key = key  # type: ignore[attr-defined]
    # A seed of its own would turn the database off.
    core.threadlocal._hypothesis_global_random = random.Random(name)
    test()
    raise errors.Flaky(f"{name}: an example failed, and passed when it was run again")


def _explore(
    name: str | None,
    samples: Any,
    count: int,
    without_simplest: bool,
    check: Callable[[Any], None],
    shrink: bool,
) -> None:
    """Let Hypothesis search: it varies examples too, and begins with the simplest."""
    left_out = int(without_simplest)
    current = settings(settings(), max_examples=count + left_out)
    current = current if shrink else settings(current, phases=[Phase.generate])
    test = current(given(example=samples)(_without_first(left_out, check)))
    if name is not None:
        test = hypothesis.seed(name)(test)
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


def _without_first(left_out: int, check: Callable[[Any], None]) -> Callable[[Any], None]:
    first = iter(range(left_out))

    def drawn(example: Any) -> None:
        if next(first, None) is None:
            check(example)

    return drawn
