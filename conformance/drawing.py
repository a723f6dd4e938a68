"""Examples of a strategy without Hypothesis' engine, which takes ten times as long for each as making it does.

The engine notes every draw so that it can vary an example and make it smaller. A gate does neither as long as nothing
fails: it wants the strategy's examples, one after another. Here a strategy draws from a generator of ours; what it drew
is kept as the sequence of choices that Hypothesis itself works on, from which an example that fails is made smaller.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from unittest import mock

from hypothesis.control import BuildContext
from hypothesis.errors import StopTest, Unsatisfiable, UnsatisfiedAssumption
from hypothesis.internal.conjecture.choice import ChoiceTemplate
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.strategies._internal import utils
from hypothesis.strategies._internal.collections import TupleStrategy
from hypothesis.strategies._internal.core import CompositeStrategy
from hypothesis.strategies._internal.flatmapped import FlatMapStrategy
from hypothesis.strategies._internal.lazy import LazyStrategy, unwrap_strategies
from hypothesis.strategies._internal.strategies import MappedStrategy, SampledFromStrategy, SearchStrategy

TRIES = 20
"""How often a strategy may refuse to make an example, or repeat an earlier one, for each that it makes."""
MOST_CARDS = 64
"""Larger ranges are no decks."""
MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Example:
    """What a strategy made, and of which choices."""

    value: Any
    choices: tuple[Any, ...]


class _Decks:
    """Numbers of small ranges, dealt like cards: none comes again until all have come, so that few examples see each.

    Each place in an example has a deck of its own.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self._decks: dict[tuple[int, int, int], list[int]] = {}

    def dealt(self, place: int, low: int, high: int, weights: Mapping[int, float] | None = None) -> int:
        """A number from ``low`` to ``high``, each as likely as any other but for those that have a share."""
        if weights is not None:
            left = self.random.random()
            for number, share in weights.items():
                left -= share
                if left < 0:
                    return number
        if weights is not None or high - low >= MOST_CARDS:
            return self.random.randint(low, high)
        return self._deck(place, low, high).pop()

    def _deck(self, place: int, low: int, high: int) -> list[int]:
        deck = self._decks.setdefault((place, low, high), [])
        if not deck:
            deck.extend(range(low, high + 1))
            self.random.shuffle(deck)
        return deck

    def take_out(self, example: ConjectureData) -> None:
        """Let the numbers of an example that Hypothesis made have been dealt."""
        for place, node in enumerate(example.nodes):
            constraints: Any = node.constraints
            low, high = constraints.get("min_value", 0), constraints.get("max_value", 1)
            if node.type in ("integer", "boolean") and None not in (low, high) and high - low < MOST_CARDS:
                self._deck(place, low, high).remove(int(node.value))


class _Straight(ConjectureData):
    """Draws without a record of which strategy made what."""

    def draw(self, strategy: Any, *arguments: Any, **options: Any) -> Any:
        plain = _plain(strategy)
        drawn = _DRAWN.get(type(plain))
        return plain.do_draw(self) if drawn is None else drawn(plain, self)

    def start_span(self, label: int) -> None:
        self.depth += 1

    def stop_span(self, *, discard: bool = False) -> None:
        self.depth -= 1

    def track_arg_label(self, label: str) -> Any:
        return _NO_LABEL


_NO_LABEL = contextlib.nullcontext({})  # type: ignore[var-annotated]
_PLAIN = "_conformance_plain"
"""Attribute of a strategy that stands for another: that one."""


def _plain(strategy: Any) -> Any:
    """What a strategy stands for, made once; Hypothesis makes it twice, with its arguments as they are too."""
    known = vars(strategy).get(_PLAIN)
    if known is not None:
        return known
    if type(strategy) is not LazyStrategy:
        return unwrap_strategies(strategy)
    try:
        given, named = (getattr(strategy, f"_LazyStrategy__{name}") for name in ("args", "kwargs"))
        transformations = strategy._transformations
    except AttributeError:  # another release's
        return unwrap_strategies(strategy)
    made = strategy.function(*map(_argument, given), **{name: _argument(each) for name, each in named.items()})
    for method, function, *_ in transformations:
        made = getattr(made, method)(function)
    strategy.__dict__[_PLAIN] = made = _plain(made)
    return made


def _argument(value: Any) -> Any:
    return _plain(value) if isinstance(value, SearchStrategy) else value


def _drawn_tuple(strategy: Any, data: _Straight) -> Any:
    return tuple([data.draw(each) for each in strategy.element_strategies])


def _drawn_composite(strategy: Any, data: _Straight) -> Any:
    return strategy.definition(data.draw, *strategy.args, **strategy.kwargs)


def _drawn_flatmap(strategy: Any, data: _Straight) -> Any:
    return data.draw(strategy.expand(data.draw(strategy.base)))


def _drawn_map(strategy: Any, data: _Straight) -> Any:
    for _ in range(2):
        with contextlib.suppress(UnsatisfiedAssumption):
            return strategy.pack(data.draw(strategy.mapped_strategy))
    return strategy.pack(data.draw(strategy.mapped_strategy))


def _drawn_sample(strategy: Any, data: _Straight) -> Any:
    if strategy._transformations:
        return strategy.do_draw(data)
    return strategy.elements[data.draw_integer(0, len(strategy.elements) - 1)]


_DRAWN: dict[type, Callable[[Any, _Straight], Any]] = {
    TupleStrategy: _drawn_tuple,
    CompositeStrategy: _drawn_composite,
    FlatMapStrategy: _drawn_flatmap,
    MappedStrategy: _drawn_map,
    SampledFromStrategy: _drawn_sample,
}
"""What these strategies do with their parts, without what Hypothesis notes of it."""


class _Unrecorded(_Straight):
    """Draws without a record but that of the choices.

    Integers of a range are equally likely, where Hypothesis prefers small ones and those that stand in sources.
    """

    def __init__(self, decks: _Decks) -> None:
        super().__init__(random=decks.random)
        self.decks = decks
        self.made: list[Any] = []

    def again(self) -> None:
        """Be ready for another example: making such an object takes longer than most examples."""
        self.made, self.depth = [], -1
        self._shared_strategy_draws.clear()

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: Any = None,
        shrink_towards: int = 0,
        forced: int | None = None,
        observe: bool = True,
    ) -> int:
        if forced is not None:
            value = forced
        elif min_value is None or max_value is None:
            value = self.provider.draw_integer(min_value, max_value, weights=weights, shrink_towards=shrink_towards)
        else:
            value = self.decks.dealt(len(self.made), min_value, max_value, weights)
        if observe:
            self.made.append(value)
        return value

    def draw_boolean(self, p: float = 0.5, *, forced: bool | None = None, observe: bool = True) -> bool:
        if forced is not None:
            value = forced
        elif p == 0.5:
            value = bool(self.decks.dealt(len(self.made), 0, 1))
        else:
            value = self.provider.draw_boolean(p)
        if observe:
            self.made.append(value)
        return value

    def _draw(self, choice_type: Any, constraints: Any, *, observe: bool, forced: Any) -> Any:
        value = getattr(self.provider, f"draw_{choice_type}")(**constraints) if forced is None else forced
        if observe:
            self.made.append(value)
        return value


class _Quiet(BuildContext):
    """Keeps no note of how objects were made, which is for printing them."""

    def record_call(self, *arguments: Any, **options: Any) -> None: ...


def simplest(strategy: Any, decks: _Decks | None = None) -> Example:
    """The example that shrinking would end with if every one failed; its numbers have been dealt then."""
    data = _Straight.for_choices((ChoiceTemplate("simplest", count=None),))
    with _Quiet(data, wrapped_test=simplest):
        value = data.draw(strategy)
    if decks is not None:
        decks.take_out(data)
    return Example(value, tuple(data.choices))


def _drawn(strategy: Any, data: _Unrecorded) -> Example:
    data.again()
    with _Quiet(data, wrapped_test=_drawn):
        value = data.draw(strategy)
    return Example(value, tuple(data.made))


def examples(strategy: Any, count: int, seed: str, first: bool) -> Iterator[Example]:
    """So many examples, all different, the same ones for the same seed; fewer where the strategy has no more.

    first: begin with the simplest.

    Raises
    ------
    Unsatisfiable: the strategy makes none.
    """
    strategy.validate()
    known: set[tuple[Any, ...]] = set()
    decks, refused, count = _Decks(Random(seed)), 0, 0 if strategy.is_empty else count
    data = _Unrecorded(decks)
    while len(known) < count and refused < TRIES * count:
        try:
            made = simplest(strategy, decks) if first else _drawn(strategy, data)
        except (StopTest, UnsatisfiedAssumption):
            made, data = None, _Unrecorded(decks)
        first = False
        if made is None or made.choices in known:
            refused += 1
            continue
        known.add(made.choices)
        yield made
    if not known:
        raise Unsatisfiable(f"{refused} attempts gave no example")


class _Remembered(dict[Any, Any]):
    """Strategies by their arguments: Hypothesis' own store takes longer to find one than to make it."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        super().__setitem__(key, value)


_REMEMBERED = _Remembered()


@contextlib.contextmanager
def remembered_strategies() -> Iterator[None]:
    """Let Hypothesis find strategies that were made before in a plain dictionary meanwhile."""
    if not hasattr(utils, "_STRATEGY_CACHE"):  # another release's
        yield
        return
    with mock.patch.object(utils, "_STRATEGY_CACHE", _REMEMBERED):
        yield
