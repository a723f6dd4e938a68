"""What samples are drawn from: shapes by Hypothesis, values by a seeded NumPy generator in named families.

Hypothesis draws the structure (shapes, hyperparameters) and one seed; elements come from NumPy. Drawing each element
through Hypothesis would cost twenty times as much and shrink no better: what matters in a failing sample is its shape
and the family of its values.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.contract import EXACT, REAL, Sample

FAMILIES = ("normal", "offset", "positive", "heavy", "mixed", "tiny", "huge", "constant", "sparse", "sorted")
"""Families of real values. Each stresses another part of an error bound or another kind of fault."""


def unsorted(families: tuple[str, ...], terms: int) -> tuple[str, ...]:
    """The families whose sums of ``terms`` the propagated variance of a chain bounds: sorted ones only while short.

    Sums of sorted values go far from their result before they cancel, and are rounded there; the variance counts
    results, and is short by a third at 33 terms. ``accuracy.dot`` counts magnitudes, and bounds them at any length.
    """
    return tuple(family for family in families if family != "sorted" or terms <= 9)


seeds = st.integers(0, 2**32 - 1)

LONG = (1000, 16, 17, 33, 64, 100, 100, 1000)
"""Lengths that a few elements never have: kernels take vectors, blocks or another algorithm there.

The longest stand here twice, so that the few examples of a gate hold one: faults of long axes show on them too.
"""
SIDES = (64, 20, 33, 64)
"""Long sides of images that have few channels."""
WIDTHS = (64, 17, 33, 33, 17, 64)
"""Long axes where two of them, or an axis and a kernel, are multiplied: channels, hidden units.

Most are no whole number of blocks: what is wrong in a last one that is not full shows on no other.
"""
ROWS = (32, 9, 17, 100)
"""Large batches."""
COUNTS = (1000, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 257, 1000)
"""Numbers of elements around the width of a vector register, and far beyond it."""


POWERS = 10.0 ** np.arange(-6, 4)
"""By which numbers of mixed magnitudes are multiplied."""


def generator(seed: int) -> np.random.Generator:
    """The generator that fills arrays for a drawn seed."""
    return np.random.Generator(np.random.PCG64(seed))


def real(
    rng: np.random.Generator, shape: tuple[int, ...], family: str = "normal", dtype: str = "float32"
) -> np.ndarray:
    """An array of one of :data:`FAMILIES`; finite, of magnitude about 1 except in tiny (1e-30) and huge (1e15)."""
    values = np.asarray(rng.standard_normal(shape))
    if family == "offset":
        values = values + 100.0
    elif family == "positive":
        values = np.abs(values) + 0.1
    elif family == "heavy":
        values = values**3 * 10.0
    elif family == "mixed":
        values = values * POWERS[rng.integers(-6, 4, shape) + 6]
    elif family == "tiny":
        values = values * 1e-30
    elif family == "huge":
        values = values * 1e15
    elif family == "constant":
        # Of few bits: equal roundings would add up, which the probabilistic bound of a sum does not allow for.
        values = np.full(shape, rng.integers(1, 17) / 8 * rng.choice((-1.0, 1.0)))
    elif family == "sparse":
        values = np.where(rng.random(shape) < 0.5, 0.0 * values, values)  # of both signs
    elif family == "sorted":
        values = np.sort(values, axis=None).reshape(shape)
    elif family != "normal":
        raise ValueError(f"unknown family {family!r}; known are {', '.join(FAMILIES)}")
    return np.asarray(values, dtype)  # an operation on a 0-d array gives a scalar


@st.composite
def lengths(draw: st.DrawFn, *axes: tuple[int, int, tuple[int, ...]], share: float = 0.7) -> tuple[int, ...]:
    """A length within lowest and highest of each axis; in a ``share`` of the draws, one of them is long instead.

    An axis is (lowest, highest, long lengths); without any of the last it is never long. Never are two long, because a
    kernel that is wrong on a long axis is so beside short ones too, and the work grows with the product. The share is
    large, because Hypothesis repeats itself and simple draws.
    """
    drawn = [draw(st.integers(lowest, highest)) for lowest, highest, _ in axes]
    if draw(st.integers(1, 10)) > 10 * (1 - share):
        place = draw(st.sampled_from([place for place, (_, _, long) in enumerate(axes) if long]))
        drawn[place] = draw(st.sampled_from(axes[place][2]))
    return tuple(drawn)


@st.composite
def array_shapes(draw: st.DrawFn, highest: int, axes: int, fewest: int = 1, share: float = 0.7) -> tuple[int, ...]:
    """Up to ``axes`` axes of up to ``highest`` elements; in a ``share``, one of :data:`COUNTS` in a row."""
    shape = draw(st.lists(st.integers(1, highest), min_size=fewest, max_size=axes).map(tuple))
    if draw(st.integers(1, 10)) > 10 * (1 - share):
        between = (1,) * (len(shape) - 2)
        shape = (*shape[: min(1, axes - 1)], *between, draw(st.sampled_from(COUNTS)))
    return shape


def integers(rng: np.random.Generator, shape: tuple[int, ...], limit: int = 4, dtype: str = "float32") -> np.ndarray:
    """Small integers in [-limit, limit] as floats: sums of products of these have no rounding below 2**24."""
    return np.asarray(rng.integers(-limit, limit + 1, shape), dtype)


Fill = Callable[..., np.ndarray]


def fills(
    build: Callable[[Fill], Mapping[str, Any]], families: tuple[str, ...] = FAMILIES, count: int = 4, limit: int = 4
) -> st.SearchStrategy[list[Sample]]:
    """Several fills of one drawn structure: the first half in the exact regime, the rest real.

    ``build`` takes a ``fill(shape, limit=...)`` function and returns the inputs of one sample; it is called once a
    sample, so that structure drawn outside of it is shared. ``limit`` bounds the integers of the exact regime.
    """

    def make(drawn: tuple[int, tuple[str, ...]]) -> list[Sample]:
        seed, chosen = drawn
        rng = generator(seed)

        def whole(shape: tuple[int, ...], limit: int = limit) -> np.ndarray:
            return integers(rng, shape, limit)

        samples = [Sample(build(whole), EXACT) for _ in range(count - len(chosen))]
        for family in chosen:

            def drawn_fill(shape: tuple[int, ...], family: str = family, **_: Any) -> np.ndarray:
                return real(rng, shape, family)

            samples.append(Sample(build(drawn_fill), REAL))
        return samples

    return _chosen(tuple(families), count // 2).map(make)


@functools.cache
def _chosen(families: tuple[str, ...], count: int) -> st.SearchStrategy[tuple[int, tuple[str, ...]]]:
    """A seed and so many families; made once, since structures are drawn one after another and ask for the same."""
    return st.tuples(seeds, st.tuples(*[st.sampled_from(families)] * count))
