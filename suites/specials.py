"""Values at the edges of a format, sprinkled into samples that were drawn otherwise.

A whole array of NaN or infinity shows nothing but propagation; a few among ordinary numbers show which results they
reach and which they must leave alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from conformance.contract import REAL, Sample
from conformance.strategies import generator, seeds

NOT_A_NUMBER = (np.nan,)
INFINITIES = (np.inf, -np.inf)
ZEROS = (0.0, -0.0)
SUBNORMALS = (2.0**-149, -(2.0**-149), 2.0**-126 - 2.0**-149, -(2.0**-130))
EXTREMES = (float(np.finfo(np.float32).max), float(np.finfo(np.float32).min), 2.0**-126, -(2.0**-126))
SMALL = 8
EVERYTHING = NOT_A_NUMBER + INFINITIES + ZEROS + SUBNORMALS + EXTREMES


def bounded(samples: list[Sample]) -> list[Sample]:
    """The same samples in the real regime: for results that round even where every input is a small integer."""
    return [Sample(sample.inputs, REAL) for sample in samples]


def sprinkled(
    samples: st.SearchStrategy[list[Sample]],
    name: str = "x",
    values: tuple[float, ...] = EVERYTHING,
    share: float = 0.2,
) -> st.SearchStrategy[list[Sample]]:
    """The drawn samples and one more: the last one with ``values`` at a ``share`` of the places of input ``name``.

    Those that are no finite numbers stand at its first and its last place too, unless it is small: a kernel begins
    with the one, and the other is among what is left over by its vectors.
    """
    spreading = [value for value in values if not np.isfinite(value)]

    def add(drawn: tuple[list[Sample], int]) -> list[Sample]:
        found, seed = drawn
        rng = generator(seed)
        array = found[-1].inputs[name].copy()
        places = rng.random(array.shape) < share
        array[places] = rng.choice(np.array(values, array.dtype), int(places.sum()))
        if array.size >= SMALL:
            array.flat[[0, -1]] = rng.choice(spreading, 2)
        return [*found, Sample({**found[-1].inputs, name: array}, REAL)]

    return st.tuples(samples, seeds).map(add)


def propagating(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """A sum with non-negative coefficients, made to pass on NaN and infinities only to results that they take part in.

    A product with a dense matrix of zeros and ones would spread them everywhere, because 0 * inf is NaN.
    """

    def apply(x: np.ndarray) -> np.ndarray:
        finite = np.isfinite(x)
        if finite.all():
            return function(x)
        value = function(np.where(finite, x, 0.0))
        above, below = (function((x == sign * np.inf).astype(float)) > 0 for sign in (1, -1))
        value = np.where(above, np.inf, np.where(below, -np.inf, value))
        return np.where((function(np.isnan(x).astype(float)) > 0) | (above & below), np.nan, value)

    return apply
