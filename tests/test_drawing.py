"""Examples drawn without Hypothesis' engine are those that Hypothesis makes of the same choices."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, errors
from hypothesis import strategies as st
from hypothesis.control import BuildContext
from hypothesis.internal.conjecture.data import ConjectureData, Status

from conformance.drawing import examples, simplest


@st.composite
def halved(draw: st.DrawFn) -> int:
    number = draw(st.integers(0, 99))
    assume(number % 2 == 0)
    return number // 2


STRATEGIES = {
    "numbers": st.integers(-5, 10**9),
    "every number": st.integers(),
    "from below": st.integers(min_value=3),
    "fractions": st.floats(allow_nan=False),
    "text": st.text(max_size=5),
    "bytes": st.binary(max_size=5),
    "truth": st.booleans(),
    "some of a list": st.lists(st.sampled_from("abcde"), max_size=4),
    "different ones": st.lists(st.integers(0, 9), unique=True, max_size=5),
    "an order": st.permutations(range(5)),
    "one of several": st.one_of(st.none(), st.integers(0, 9), st.tuples(st.booleans(), st.integers(1, 3))),
    "by name": st.fixed_dictionaries({"a": st.integers(0, 9), "b": st.booleans()}),
    "one after another": st.integers(1, 4).flatmap(lambda n: st.lists(st.booleans(), min_size=n, max_size=n)),
    "what is left": st.integers(0, 9).filter(lambda n: n % 3).map(str),
    "assumed": halved(),
    "built": st.builds(dict, a=st.integers(0, 3)),
}


@pytest.mark.parametrize("what", STRATEGIES)
def test_hypothesis_makes_the_same_of_the_choices(what):
    strategy = STRATEGIES[what]
    found = list(examples(strategy, 20, "seed", first=True))
    assert found
    for example in found:
        data = ConjectureData.for_choices(example.choices)
        with BuildContext(data, wrapped_test=simplest):
            again = data.draw(strategy)
        assert again == example.value and data.choices == example.choices
        assert data.status is Status.VALID and data.index == len(example.choices)


@pytest.mark.parametrize("what", STRATEGIES)
def test_examples_follow_the_seed_and_differ(what):
    first, again, other = (list(examples(STRATEGIES[what], 12, seed, first=False)) for seed in ("one", "one", "two"))
    assert first == again
    assert len({example.choices for example in first}) == len(first)
    if len(first) == 12:
        assert first != other


def test_the_simplest_comes_first_where_it_is_asked_for():
    strategy = st.tuples(st.integers(0, 10**6), st.lists(st.booleans()))
    assert next(examples(strategy, 2, "seed", first=True)).value == simplest(strategy).value == (0, [])
    assert next(examples(strategy, 2, "other", first=False)).value != (0, [])


def test_a_strategy_that_has_no_more_ends():
    assert sorted(example.value for example in examples(st.integers(0, 4), 24, "seed", first=True)) == [0, 1, 2, 3, 4]


def test_numbers_of_a_range_are_equally_likely():
    drawn = Counter(
        number // 10
        for example in examples(st.tuples(*[st.integers(0, 99)] * 4), 500, "seed", first=False)
        for number in example.value
    )
    assert sorted(drawn) == list(range(10))
    assert all(abs(count - 200) < 6 * 200**0.5 for count in drawn.values())


@pytest.mark.parametrize("options", [st.sampled_from("abcdefg"), st.integers(1, 7), st.booleans()], ids=repr)
def test_no_option_comes_again_until_all_have_come(options):
    drawn = [example.value for example in examples(st.tuples(options, options, st.integers()), 21, "seed", first=False)]
    count = len({first for first, _, _ in drawn})
    for place in (0, 1):
        dealt = [value[place] for value in drawn]
        rounds = [dealt[start : start + count] for start in range(0, len(dealt) - count + 1, count)]
        assert all(len(set(each)) == count for each in rounds)
        assert len(set(map(tuple, rounds))) > 1
    assert len({(first, second) for first, second, _ in drawn}) > count or count == 2


@pytest.mark.parametrize(
    "strategy", [st.integers(0, 9).filter(lambda n: n > 9), st.nothing()], ids=["filter", "nothing"]
)
def test_a_strategy_that_makes_none_is_unsatisfiable(strategy):
    with pytest.raises(errors.Unsatisfiable):
        list(examples(strategy, 3, "seed", first=False))


def test_an_error_of_a_strategy_is_raised():
    def fail(number: int) -> Any:
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError, match="ours"):
        next(examples(st.integers(0, 9).map(fail), 3, "seed", first=False))
