"""Calls in torch's spelling, as text that either framework evaluates, each with what NumPy makes of the same arrays.

Samples hold small whole numbers, so that nearly every result is exact. ``m`` stands for the framework's module.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample
from conformance.contract import REAL
from conformance.strategies import generator, seeds

RELEASES = ("2.6", "3.2", "3.3")
"""Of paddle, each of which took more of torch's names than the one before."""


@dataclass(frozen=True)
class Spelling:
    """text: the call. expected: from the arrays, by NumPy. units: float32 roundings of the result. since: the first
    release of paddle that takes it. refusal: words of the error before."""

    text: str
    expected: Callable[[Any], Any]
    units: float = 0.0
    since: str = RELEASES[0]
    refusal: str = "unexpected keyword argument"


def table(*rows: Spelling) -> dict[str, Spelling]:
    """Spellings by their text."""
    return {row.text: row for row in rows}


def arrays(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """x and y [3, 4] without equal numbers in x; i whole and at least 0; at, an index of rows; g, of the elements."""
    return {
        "x": (rng.permutation(24)[:12].reshape(3, 4) - 12.0).astype(np.float32),
        "y": (2.0 ** rng.integers(-2, 3, (3, 4)) * rng.choice((-1, 1), (3, 4))).astype(np.float32),
        "i": rng.integers(0, 5, (3, 4)),
        "at": rng.permutation(3)[:2],
        "g": np.stack([rng.permutation(3) for _ in range(4)], 1),
    }


@st.composite
def samples(draw: st.DrawFn, rows: Mapping[str, Spelling]) -> list[Sample]:
    """One sample for each call, of the same arrays."""
    given = arrays(generator(draw(seeds)))
    return [Sample({"text": text, **given}, REAL) for text in rows]


@functools.cache
def _compiled(text: str) -> Any:
    return compile(text, "<torch's spelling>", "eval")


def made(m: Any, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the framework makes of a call; several results by their place."""
    return named(eval(_compiled(text), {"m": m, **given}))


def named(found: Any) -> dict[str, Any]:
    """Results by name: ``output``, or their places."""
    if isinstance(found, tuple | list):
        return {f"output.{place}": each for place, each in enumerate(found)}
    return {"output": found}


def expected(row: Spelling, given: Mapping[str, np.ndarray]) -> dict[str, Acceptance]:
    """The acceptances of a call, of which float64 stands for float32."""
    wide = {name: array.astype(np.float64) if array.dtype.kind == "f" else array for name, array in given.items()}
    with np.errstate(all="ignore"):
        found = named(row.expected(SimpleNamespace(**wide)))
    return {name: _accepted(np.asarray(each), row.units) for name, each in found.items()}


def _accepted(value: np.ndarray, units: float) -> Acceptance:
    wide = value.dtype.metadata is not None
    dtype = "float64" if wide else "float32" if value.dtype.kind == "f" else str(value.dtype)
    bound = units * 2.0 ** -(53 if wide else 24) * np.abs(value) if units else 0.0
    return Acceptance(value, bound, dtype=dtype)


def compat(f: Any) -> Any:
    """The module that has torch's calls: torch, or ``paddle.compat``."""
    return f if f.__name__ == "torch" else f.compat


def double(value: Any) -> np.ndarray:
    """A result that is float64 in the frameworks too."""
    return np.asarray(value, np.dtype(np.float64, metadata={"wide": True}))


def before(row: Spelling, given: Mapping[str, np.ndarray], release: str) -> dict[str, Acceptance] | Rejects:
    """What a release of paddle makes of a call, if it takes it."""
    if RELEASES.index(row.since) > RELEASES.index(release):
        return Rejects("torch's name came later", row.refusal)
    return expected(row, given)
