"""Where an elementwise formula is split: exact numbers at which its value or its gradient jumps.

A kernel that writes ``<`` for ``<=`` is wrong at one number of four milliards. The formula of an operator is asked at
numbers where formulas are split, at those that its options make, and at the ``points`` of its inputs: one unit in the
last place below, at, and above each. Where neighbours are far apart it is split, and samples stand there, on all three
sides. Beside 0 stand the smallest normal numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance import dtypes
from conformance.formula import Formula
from conformance.inputs import Booleans, Floats, Integers, Structure
from conformance.number_formats import FORMATS

SIZES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 6.0, 20.0)
USUAL = tuple(sorted({sign * size for size in SIZES for sign in (1, -1)}))
"""Numbers where formulas are split, whatever their options."""
FAR = (-1e5, 1e5)
"""Numbers beyond all of these: what selects the largest or the least of several selects one of them."""
FILLER = 7.25
OTHERS = (1.0, 0.0)
"""What the other inputs are meanwhile, within their domains."""
NEAR, JUMP = 2.0**-40, 2.0**-20
"""Neighbours are as near; those whose results differ by more, in units of their size and 1, are far apart."""
COMBINATIONS, IN_VAIN, MOST = 6, 2, 16
"""Options are asked in so many combinations, of which so many first ones may find nothing; so many places are kept."""
SHARE = 0.375
"""Part of the elements that stand at a split."""


@dataclass(frozen=True)
class Split:
    """An input at which a formula is split while others are these."""

    name: str
    at: float
    others: Mapping[str, float]


class Sides:
    """Puts elements of the inputs of one structure at splits, whose sides are dealt like cards.

    None comes again until all have come.
    """

    def __init__(self, splits: Sequence[Split], structure: Structure, rng: np.random.Generator) -> None:
        self.splits, self.structure, self.rng = splits, structure, rng
        self._cards = np.zeros(0, int)
        self._tables: dict[tuple[str, np.dtype[Any]], np.ndarray] = {}

    def drawn(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The floating inputs with a share of their elements at splits: below, at, or above each."""
        if not self.splits:
            return {}
        names = [name for name in inputs if type(self.structure[name]) is Floats and dtypes.is_float(inputs[name])]
        whole = max((inputs[name].shape for name in names), key=lambda shape: (np.prod(shape), len(shape)), default=())
        common = self._dealt(whole)
        found = {}
        for name in names:
            array = inputs[name]
            lead = len(whole) - array.ndim
            fits = lead >= 0 and all(n in (1, m) for n, m in zip(array.shape, whole[lead:], strict=True))
            dealt = common[(*(0,) * lead, *map(slice, array.shape))] if fits else self._dealt(array.shape)
            values = self._table(name, array.dtype)[dealt]
            found[name] = np.asarray(np.where(np.isnan(values), array, values), array.dtype)
        return found

    def _dealt(self, shape: tuple[int, ...]) -> np.ndarray:
        """For each element the number of a side of a split, and -1 for one that stays; of few elements one does not."""
        here = self.rng.random(shape) < SHARE
        if here.size:
            here.flat[self.rng.integers(here.size)] = True
        count = np.count_nonzero(here)
        while len(self._cards) < count:
            self._cards = np.append(self._cards, self.rng.permutation(3 * len(self.splits)))
        found = np.full(shape, -1)
        found[here], self._cards = self._cards[:count], self._cards[count:]
        return found

    def _table(self, name: str, dtype: np.dtype[Any]) -> np.ndarray:
        """What an input is at each side of each split; last, NaN for one that stays."""
        if (name, dtype) not in self._tables:
            spec = self.structure[name]
            sides = [_beside(spec, split, name, side, dtype) for split in self.splits for side in (-1, 0, 1)]
            self._tables[name, dtype] = np.array([*sides, np.nan]).astype(dtype)
        return self._tables[name, dtype]


def _beside(spec: Floats, split: Split, name: str, side: int, dtype: Any) -> Any:
    """What an input is at a split, NaN where it may be anything."""
    if name != split.name:
        return dtype.type(split.others.get(name, np.nan))
    at = dtype.type(split.at)
    form = FORMATS[dtypes.name_of(dtype)]
    if side and not at:  # a kernel may take what is below the normal numbers for 0
        there = dtype.type(side * form.smallest * 2.0 ** (form.bits - 1))
    else:
        there = np.nextafter(at, dtype.type(side * np.inf)) if side else at
    return there if spec.low <= float(there) <= spec.high else at


def splits(formula: Formula, structures: Iterable[Structure]) -> tuple[Split, ...]:
    """Where a formula is split, in some combinations of its options; nowhere where it is not elementwise."""
    found: dict[tuple[str, float], Split] = {}
    asked: set[str] = set()
    for structure in structures:
        specs = {name: each for name, each in structure.items() if isinstance(each, Floats)}
        drawn = {name: each for name, each in structure.items() if isinstance(each, Integers | Booleans)}
        options = {name: each for name, each in structure.items() if name not in specs and name not in drawn}
        if (key := repr({**options, "how": None})) in asked:  # which says only how a call is spelt
            continue
        asked.add(key)
        numbers = tuple(_numbers(options.values()))
        for name in (name for name, spec in specs.items() if type(spec) is Floats):
            found.update({(each.name, each.at): each for each in _of_one(formula, structure, specs, name, numbers)})
        if not found and len(asked) == IN_VAIN:
            break
    return tuple(sorted(found.values(), key=lambda split: abs(split.at))[:MOST])


def _numbers(values: Iterable[Any]) -> Iterable[float]:
    """The numbers in options, and in tuples of them."""
    for value in values:
        if isinstance(value, tuple | list):
            yield from _numbers(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield float(value)


def candidates(numbers: Iterable[float]) -> tuple[float, ...]:
    """The usual numbers, and those that options make alone, with 1 and in pairs, of both signs."""
    given = [each for each in set(numbers) if 0 < abs(each) < FAR[1]]
    made = [*given, *(1 - each for each in given), *(a / b for a, b in itertools.permutations({*given, 1.0}, 2))]
    return tuple(sorted({*USUAL, *made, *(-each for each in made)}))


def _of_one(
    formula: Formula, structure: Structure, specs: Mapping[str, Floats], name: str, numbers: tuple[float, ...]
) -> Iterable[Split]:
    """The splits of one input; none where the formula does not work element by element."""
    spec = specs[name]
    apart = () if len(specs) == 1 else [other + sign * each for other in OTHERS for each in numbers for sign in (1, -1)]
    told = candidates((*numbers, *spec.points, *apart))
    places = np.array([each for each in told if spec.low <= each <= spec.high])
    near = NEAR * np.maximum(np.abs(places), 1)
    sides = [places - near, np.nextafter(places, -np.inf), places, np.nextafter(places, np.inf), places + near]
    asked = np.clip(np.stack(sides, 1), spec.low, spec.high)
    for other in OTHERS if len(specs) > 1 else OTHERS[:1]:
        others = {each: held(specs[each], other) for each in specs if each != name}
        signals = signals_of(formula, structure, name, asked, others)
        for place in places[jumps(signals)] if signals else ():
            yield Split(name, float(place), others)


def alone(spec: Any, number: float | None) -> Any:
    """One element of an input, or an option as it is."""
    if isinstance(spec, Floats):
        return np.asarray(number, np.float64)
    if isinstance(spec, Integers | Booleans):
        small = replace(spec, shape=(1,) * len(spec.shape))
        return np.asarray(small.filled(np.random.default_rng(0), "float64", "normal")).reshape(())
    return spec


def held(spec: Floats, other: float) -> float:
    """A number within an input's domain, or one of its ends."""
    return float(np.clip(other, spec.low, spec.high))


def jumps(signals: Iterable[np.ndarray]) -> np.ndarray:
    """Which rows of neighbours hold two that are far apart, or of which one is no finite number and another is."""
    found: np.ndarray = np.zeros((), bool)
    for rows in signals:
        with np.errstate(all="ignore"):
            apart = np.abs(np.diff(rows, axis=1)) > JUMP * (1 + np.abs(rows).min(axis=1, keepdims=True))
        kinds = np.where(np.isnan(rows), 2, np.where(np.isinf(rows), 3 * np.sign(rows.real), 0))
        found = found | apart.any(axis=1) | (kinds != kinds[:, :1]).any(axis=1)
    return found


def signals_of(
    formula: Formula, structure: Structure, name: str, asked: np.ndarray, others: Mapping[str, float]
) -> list[np.ndarray]:
    """Results and the gradient of one input at rows of numbers; none where they depend on where others stand."""
    inputs = {each: alone(spec, others.get(each)) for each, spec in structure.items() if each != name}
    spec = structure[name]
    ends = np.array([each for each in FAR if spec.low <= each <= spec.high])
    size, kept = asked.size, np.arange(asked.size) % 2 == 0
    first = formula.everywhere({**inputs, name: np.concatenate([asked.ravel(), ends])}, name)
    found = [each[:size] for each in first]
    rows = [each.reshape(asked.shape) for each in found]
    if jumps(rows).any():
        filled = np.where(kept, asked.ravel(), np.clip(FILLER, spec.low, spec.high))
        order = np.random.default_rng(0).permutation(len(filled) + len(ends))
        second = formula.everywhere({**inputs, name: np.concatenate([filled, ends])[order]}, name)
        back = np.argsort(order)[:size][kept]
        same = [np.allclose(a[kept], b[back], 1e-9, 0.0, equal_nan=True) for a, b in zip(found, second, strict=False)]
        if len(same) < len(found) or not all(same):
            return []
    return rows
