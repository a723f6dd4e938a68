"""Sparse matrices as programs make them: coordinates in any order, repeated ones, and what kernels do with these."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.strategies import integers


def places(rng: np.random.Generator, shape: tuple[int, int], count: int, ordered: bool, repeat: bool) -> np.ndarray:
    """Coordinates [2, N] of elements, in order of rows or shuffled; repeat: some of them twice."""
    flat = rng.choice(shape[0] * shape[1], min(count, shape[0] * shape[1]), replace=False)
    if repeat and len(flat) > 1:
        flat[-1] = flat[0]
    flat = np.sort(flat) if ordered else flat
    return np.stack(np.divmod(flat, shape[1])).astype(np.int64)


def numbers(rng: np.random.Generator, count: int) -> np.ndarray:
    """Values: small whole numbers or not, never 0."""
    whole = rng.random() < 0.5
    found = integers(rng, (count,), 4, "float32") if whole else rng.standard_normal(count).astype(np.float32)
    return np.asarray(np.where(found == 0, np.float32(1), found))


def dense(at: np.ndarray, values: np.ndarray, shape: tuple[int, int], last: bool = False) -> np.ndarray:
    """The matrix in float64: repeated elements add up, or with ``last`` the last one of them stays."""
    found = np.zeros(shape)
    if last:
        for row, column, value in zip(*at, values, strict=True):
            found[row, column] = value
    else:
        np.add.at(found, tuple(at), values.astype(np.float64))
    return found


def merged(
    one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], shape: tuple[int, int], function: Any
) -> np.ndarray:
    """What a merge of two sorted lists makes of lists that need not be sorted; of equal places the last one stays."""
    first, second = (at[0] * shape[1] + at[1] for at, _ in (one, other))
    known = dict(zip(second.tolist(), other[1].tolist(), strict=True))
    found = np.zeros(shape[0] * shape[1])
    here = there = 0
    end = shape[0] * shape[1]
    while here < len(first) or there < len(second):
        mine = int(first[here]) if here < len(first) else end
        yours = int(second[there]) if there < len(second) else end
        place = min(mine, yours)
        found[place] = function(one[1][here] if mine == place else 0.0, known[yours] if yours == place else 0.0)
        here, there = here + (mine == place), there + (yours == place)
    return found.reshape(shape)


def rows_begin(at: np.ndarray, rows: int) -> np.ndarray:
    """Where rows begin in a list of coordinates, as a kernel finds it that takes them for sorted."""
    found = np.zeros(rows + 1, np.int64)
    row = at[0]
    for place in range(1, len(row)):
        found[row[place - 1] + 1 : row[place] + 1] = place
    found[row[-1] + 1 :] = len(row)
    return found
