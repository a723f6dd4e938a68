"""The step of Adam that is written by hand gives the bits of the formula, or leaves the step to it."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest

from reference_impl.oracle import optimizers, plain_adam
from reference_impl.oracle.rounding import Bounded

RNG_SEED = 7
SHAPES = ((5,), (40, 25), (3, 2, 2, 7))
KINDS = ("ordinary", "zeros", "tiny", "subnormal", "mixed")


def numbers(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Float32 numbers of a kind that tells the branches of a rounding apart."""
    drawn = rng.standard_normal(shape)
    if kind == "zeros":
        drawn = np.where(rng.random(shape) < 0.5, drawn * 0.0, drawn)
    elif kind == "tiny":
        drawn = drawn * 1e-22
    elif kind == "subnormal":
        drawn = drawn * 1e-40
    elif kind == "mixed":
        drawn = drawn * 10.0 ** rng.integers(-44, 4, shape)
    return drawn.astype(np.float32)


def steps(count: int, *given: Any, **options: Any) -> list[dict[str, Bounded]]:
    """Several steps in a row from the same gradient, each from the state that the one before it left."""
    parameter, gradient, m, v = given
    found = []
    for step in range(count):
        after = optimizers.adam(parameter, gradient, m, v, step, **options)
        found.append(after)
        m, v = after["m"], after["v"]
    return found


def assert_same(one: list[dict[str, Bounded]], other: list[dict[str, Bounded]]) -> None:
    for left, right in zip(one, other, strict=True):
        assert list(left) == list(right)
        for name in left:
            for part in ("value", "scale"):
                a, b = getattr(left[name], part), getattr(right[name], part)
                assert a.shape == b.shape and a.tobytes() == b.tobytes(), (name, part)
            assert not np.any(left[name].spread) and not np.any(right[name].spread)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", [{}, {"beta_dtype": np.float32, "beta_power_dtype": np.float32}, {"beta1": 0.5}])
def test_bits_are_those_of_the_formula(kind: str, shape: tuple[int, ...], options: dict[str, Any]) -> None:
    rng = np.random.default_rng(RNG_SEED)
    given = (rng.standard_normal(shape).astype(np.float32), numbers(kind, shape, rng))
    zeros = np.zeros(())
    states = ((zeros, zeros), (numbers(kind, shape, rng), np.square(numbers(kind, shape, rng))))
    for m, v in states:
        with mock.patch.object(plain_adam, "step", wraps=plain_adam.step) as by_hand:
            found = steps(4, *given, m, v, lr=1e-3, **options)
        assert by_hand.call_count == 4
        with mock.patch.object(plain_adam, "step", return_value=None):
            assert_same(found, steps(4, *given, m, v, lr=1e-3, **options))


@pytest.mark.parametrize("shape", SHAPES)
def test_ordinary_steps_are_made_by_hand(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(RNG_SEED)
    array = rng.standard_normal(shape).astype(np.float32)
    zeros = np.zeros(())
    with mock.patch.object(optimizers, "_bounded", side_effect=AssertionError):
        steps(3, array, array, zeros, zeros, lr=1e-3)
        steps(3, array.astype(np.float64), array, zeros, zeros, lr=1e-3)


@pytest.mark.parametrize(
    ("place", "number"),
    [(0, np.inf), (1, np.nan), (1, 3e38), (2, np.inf), (3, -1.0), (3, 1e30)],
)
def test_what_is_not_ordinary_is_left_to_the_formula(place: int, number: float) -> None:
    given: list[Any] = [np.ones(4, np.float32) for _ in range(4)]
    given[place][1] = number
    rule = optimizers._AdamRule(0.9, 0.999, 1e-3, 0.5, 1e-8, False)
    with np.errstate(all="ignore"):
        w, g, m, v = given
        assert plain_adam.step(w, g, m, v, rule, plain_adam.Number(0.9, 1e-8)) is None


@pytest.mark.parametrize(
    "options", [{"beta1": 0.0}, {"lr": 0.0}, {"weight_decay": 0.1}, {"eps_inside": True}, {"eps": 0.0}]
)
def test_other_options_are_the_formulas(options: dict[str, Any]) -> None:
    array, zeros = np.linspace(0.5, 2.0, 6, dtype=np.float32), np.zeros(())
    found = optimizers.adam(array, array, zeros, zeros, 0, **{"lr": 1e-3, **options})
    with mock.patch.object(plain_adam, "step", return_value=None):
        assert_same([found], [optimizers.adam(array, array, zeros, zeros, 0, **{"lr": 1e-3, **options})])
