"""Where formulas are split: found by asking them, drawn on all three sides, and by no operator forgotten."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from conformance import drawing, names, operators, profiles, splits
from conformance.contract import REGISTRY
from conformance.formula import Formula
from conformance.functions import clip, either_side
from conformance.inputs import Floats, Structure
from conformance.quantity import backward, larger, variable, where
from conformance.sums import total
from tests.reach import drawn

names.import_suites(Path(__file__).resolve().parent.parent)
OPERATORS = sorted(name for name, law in REGISTRY.items() if isinstance(law.oracle, Formula))
GRID = np.sort(np.concatenate([sign * np.geomspace(1e-3, 99.0, 75) for sign in (1, -1)]))
STEPS, NEAR = 34, 2.0**-26
"""Halvings of an interval, after which its ends are as near."""
MANY, LARGE = 6, 1e300


def structures(name: str) -> list[Structure]:
    """Some of those that the engine asks itself."""
    with profiles.without_literals():
        return [each.value for each in drawing.examples(operators.CASES[name], splits.COMBINATIONS, "splits", True)]


def formula_of(name: str) -> Formula:
    """The formula of an operator."""
    found = REGISTRY[name].oracle
    assert isinstance(found, Formula)
    return found


@cache
def known(name: str) -> tuple[splits.Split, ...]:
    """The splits of an operator."""
    return splits.splits(formula_of(name), structures(name))


def apart(left: list[np.ndarray], right: list[np.ndarray]) -> np.ndarray:
    """How far results and gradients differ, infinitely where only one is a number; what is large may be infinite."""
    total = np.zeros(left[0].shape)
    for one_, other in zip(left, right, strict=True):
        with np.errstate(all="ignore"):
            one_, other = (np.clip(each, -LARGE, LARGE) for each in (one_, other))
            size = np.abs(one_ - other) / (1 + np.minimum(np.abs(one_), np.abs(other)))
        total += np.where(np.isfinite(one_) != np.isfinite(other), np.inf, np.nan_to_num(size))
    return total


def jumps(formula: Formula, structure: Structure, name: str) -> list[float]:
    """Where a formula jumps, found by halving intervals: whatever number it is. Nowhere if it is not elementwise."""
    spec = structure[name]
    grid = GRID[(spec.low <= GRID) & (spec.high >= GRID)]
    low, high = grid[:-1], grid[1:]
    others = {each: splits.held(other, 1.0) for each, other in structure.items() if isinstance(other, Floats)}

    def asked(numbers: np.ndarray) -> list[np.ndarray]:
        inputs = {each: splits.alone(other, others.get(each)) for each, other in structure.items()}
        return formula.everywhere({**inputs, name: numbers}, name)

    below, above = asked(low), asked(high)
    kept, order = np.arange(low.size) % 2 == 1, np.random.default_rng(0).permutation(low.size)
    mixed = asked(np.where(kept, low, spec.low if spec.low > 0 else min(splits.FILLER, spec.high))[order])
    back = np.argsort(order)
    alike = [np.allclose(a[kept], b[back][kept], 1e-9, 0.0, equal_nan=True) for a, b in zip(below, mixed, strict=False)]
    if not below or not len(below) == len(above) == len(mixed) or not all(alike):
        return []
    for _ in range(STEPS):
        middle = (low + high) / 2
        between = asked(middle)
        left = apart(below, between) >= apart(between, above)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
        below = [np.where(left, a, b) for a, b in zip(below, between, strict=True)]
        above = [np.where(left, b, a) for a, b in zip(above, between, strict=True)]
    return [float(each) for each in high[apart(below, above) > splits.JUMP]]


@pytest.mark.parametrize("name", OPERATORS)
def test_no_split_of_an_operator_is_unknown(name):
    """Those that are split at every whole number of steps are known by many of them."""
    missed: set[str] = set()
    for structure in structures(name)[:2]:
        for each in (key for key, spec in structure.items() if type(spec) is Floats):
            at = [split.at for split in known(name) if split.name == each]
            found = jumps(formula_of(name), structure, each)
            far = [place for place in found if all(abs(place - one_) > NEAR * max(1, abs(place)) for one_ in at)]
            missed |= {f"{each} = {place:.6g}" for place in far if len(at) < MANY}
    assert not missed, f"{name}: it is split at {', '.join(sorted(missed))}: say so by points=(...) of its input"


def sides(array: np.ndarray, at: float) -> set[int]:
    """On which sides of a number elements stand beside it: below, at, and above."""
    dtype = array.dtype.type
    least = np.finfo(dtype).tiny
    near = {side: dtype(side * least) if at == 0 else np.nextafter(dtype(at), dtype(side * np.inf)) for side in (-1, 1)}
    return {side for side, number in {**near, 0: dtype(at)}.items() if (array == number).any()}


@pytest.mark.parametrize("name", [name for name in OPERATORS if known(name) and "float32" in REGISTRY[name].dtypes])
def test_the_gate_draws_splits_on_every_side(name):
    """Of those within the domain; where there are many, half may be missed by chance."""
    spec = structures(name)[0]
    arrays = [sample.inputs for sample in drawn(REGISTRY[name], None)]
    wanted, missed = 0, []
    for split in known(name):
        low, high = spec[split.name].low, spec[split.name].high
        inside = {side for side in (-1, 0, 1) if low <= split.at + side * splits.NEAR <= high}
        given = [inputs[split.name] for inputs in arrays if isinstance(inputs.get(split.name), np.ndarray)]
        found = {side for array in given if array.dtype in (np.float32, np.float64) for side in sides(array, split.at)}
        wanted += len(inside)
        missed += [(split.name, split.at, side) for side in inside - found]
    assert 2 * len(missed) <= (wanted if wanted > 6 else 0), f"{name}: the gate does not draw {missed}"


def at(value, *inputs: str, **options) -> set[tuple[str, float]]:
    """Where a formula is split."""
    structure = {**{name: Floats((3,)) for name in inputs}, **options}
    found = splits.splits(Formula(value, inputs), [structure])
    return {(split.name, split.at) for split in found}


def test_splits_are_found_in_values_and_in_gradients_at_numbers_of_options_and_at_ties():
    assert at(lambda x: where(x.value > 0.5, x, 0.0), "x") == {("x", 0.5)}
    assert at(lambda x, bounds: clip(x, *bounds), "x", bounds=(-0.3, 7.0)) == {("x", -0.3), ("x", 7.0)}
    assert {("x", 1.0), ("y", 1.0)} <= at(lambda x, y: larger(x, y), "x", "y")
    assert at(lambda x: x * x, "x") == set()


def test_what_does_not_work_element_by_element_has_no_splits():
    assert at(lambda x: larger(x, x[::-1]), "x") == set()
    assert at(lambda x: total(abs(x)) + x, "x") == set()
    assert at(lambda x: x.reshape(2, -1), "x") == set()


def test_elements_stand_below_at_and_above_a_split_and_others_where_it_was_found():
    split = splits.Split("x", 1.0, {"y": 3.0})
    structure = {"x": Floats((400,)), "y": Floats((400,), low=0.0)}
    inputs = {name: np.full(400, 9.0, np.float32) for name in structure}
    found = splits.Sides([split], structure, np.random.default_rng(0)).drawn(inputs)
    moved = found["x"] != 9
    assert sides(found["x"], 1.0) == {-1, 0, 1} and 0.2 < moved.mean() < 0.5
    assert set(found["y"][moved]) == {3.0} and set(found["y"][~moved]) == {9.0}


def test_no_element_leaves_its_domain_and_beside_0_stand_normal_numbers():
    structure = {"x": Floats((90,), low=0.0)}
    inputs = {"x": np.ones(90, np.float32)}
    found = splits.Sides([splits.Split("x", 0.0, {})], structure, np.random.default_rng(0)).drawn(inputs)["x"]
    assert set(found) == {np.float32(0), np.float32(2.0**-126), np.float32(1)}


def test_a_slope_on_an_open_side_may_be_either():
    x = variable(np.array([1.0, 2.0]))
    (slope,) = backward([(either_side(x * 0.5, x, np.array([True, False]), 0.5), np.ones(2))], [x])
    assert slope is not None and slope.value.tolist() == [0.75, 0.5]
    assert np.allclose(slope.error, [0.25, 0.0], 1e-6)
