"""Places that values reach, whatever the layer: families, numbers at the edges of a format, and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from conformance.contract import REAL
from tests.reach import Place

Check = Callable[[np.ndarray], Any]

SMALLEST_NORMAL = 2.0**-126

FAMILIES: dict[str, Check] = {
    "sorted": lambda x: x.size > 2 and (np.diff(x.ravel()) > 0).all(),
    "constant": lambda x: x.size > 1 and np.ptp(x) == 0 and x.flat[0] != 0,
    "huge": lambda x: np.isfinite(x).all() and np.abs(x).max(initial=0) > 1e14,
    "tiny": lambda x: 0 < np.abs(x).max(initial=0) < 1e-25,
    "wide": lambda x: x.all() and np.isfinite(x).all() and np.ptp(np.log10(np.abs(x))) > 6,
    "offset": lambda x: x.min(initial=np.inf) > 90 and x.size > 1,
    "sparse": lambda x: (x == 0).any() and (x != np.round(x)).any(),
}
"""Families of ``conformance.strategies`` as they look: "wide" is the one called mixed there."""

NUMBERS: dict[str, Check] = {
    "NaN": np.isnan,
    "+inf": np.isposinf,
    "-inf": np.isneginf,
    "+0": lambda x: (x == 0) & ~np.signbit(x),
    "-0": lambda x: (x == 0) & np.signbit(x),
    "subnormal": lambda x: (x != 0) & (np.abs(x) < SMALLEST_NORMAL),
}
SPECIALS = ("NaN", "+inf", "-inf")

POSITIONS: dict[str, slice] = {"first": slice(1), "in the middle": slice(1, -1), "last": slice(-1, None)}


def families(bound: int, name: str = "x", without: Iterable[str] = ()) -> dict[str, Place]:
    """Each family in the real values of one input, ``without`` those that not every run reaches, by chance."""

    def place(check: Check) -> Place:
        return Place(bound, lambda s: s.regime == REAL and check(getattr(s, name)))

    return {f"{family} {name}": place(FAMILIES[family]) for family in FAMILIES if family not in without}


def numbers(bound: int, name: str = "x", chosen: Iterable[str] = NUMBERS) -> dict[str, Place]:
    """Each number somewhere in one input."""

    def place(check: Check) -> Place:
        return Place(bound, lambda s: check(getattr(s, name)).any())

    return {f"{number} in {name}": place(NUMBERS[number]) for number in chosen}


def positions(bound: int, name: str = "x", chosen: Iterable[str] = SPECIALS) -> dict[str, Place]:
    """Each number as the first, as the last and as another element of one input, in memory order."""

    def place(check: Check, part: slice) -> Place:
        return Place(bound, lambda s: getattr(s, name).size > 2 and check(getattr(s, name).ravel()[part]).any())

    return {
        f"{number} {position} in {name}": place(NUMBERS[number], part)
        for number in chosen
        for position, part in POSITIONS.items()
    }


def each(bound: int, name: str, values: Iterable[Any], key: str = "") -> dict[str, Place]:
    """Each value of one input, or of the entry ``key`` of an input that is a mapping."""

    def place(value: Any) -> Place:
        if key:
            return Place(bound, lambda s: getattr(s, name).get(key) == value)
        return Place(bound, lambda s: type(getattr(s, name)) is type(value) and getattr(s, name) == value)

    return {f"{key or name} {value!r}": place(value) for value in values}


def away(bound: int, defaults: dict[str, Any], name: str = "hyper") -> dict[str, Place]:
    """Each hyperparameter of an input away from its default, and all of them at once."""

    def place(key: str, default: Any) -> Place:
        return Place(bound, lambda s: getattr(s, name)[key] != default)

    return {
        **{f"{key} is not {default}": place(key, default) for key, default in defaults.items()},
        "nothing is the default": Place(
            bound, lambda s: all(getattr(s, name)[key] != default for key, default in defaults.items())
        ),
    }
