"""Matrices of a stated kind: regular, definite, of known rank, with repeated eigenvalues, of triangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import dtypes
from conformance.operators import Floats, each

SIZES = (1, 2, 3, 4)
BATCHES = ((), (2,), (2, 1))
REGULAR, DEFINITE, HERMITIAN = "regular", "definite", "hermitian"
SINGULAR, REPEATED, UPPER, LOWER = "singular", "repeated", "upper", "lower"
KINDS = (REGULAR, DEFINITE, HERMITIAN, SINGULAR, REPEATED, UPPER, LOWER)
LAYOUTS = ("transposed", "sliced", "flipped")
"""Not "expanded": equal rows make every matrix singular."""

COARSE = 40.0
APART = 1.05
"""The largest condition of a regular matrix that is rounded to quarters, and the least ratio of its singular values."""


@dataclass(frozen=True)
class Matrices(Floats):
    """Matrices of one kind, in each family of values; of complex numbers in a sample of these.

    regular, definite, hermitian: with singular values or eigenvalues apart from each other, and not far from 1.
    singular: of rank 1 less than full, of small integers. repeated: Hermitian and definite, with an eigenvalue that
    repeats exactly. upper, lower: a regular triangle, and numbers that nobody may read elsewhere, or zeros where it is
    clean. power: all times 2 to it.
    """

    kind: str = REGULAR
    power: int = 0
    clean: bool = False

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        """Matrices of the kind, rounded to the dtype."""
        found = self._drawn(rng, dtype in dtypes.COMPLEX, family == "whole") * 2.0**self.power
        return np.asarray(found if dtype in dtypes.COMPLEX else found.real, dtypes.named(dtype))

    def _drawn(self, rng: np.random.Generator, is_complex: bool, whole: bool) -> np.ndarray:
        rows, columns = self.shape[-2:]
        few = min(rows, columns)
        if self.kind == SINGULAR:
            left, right = (
                _whole(rng, (*self.shape[:-2], *n), is_complex) for n in ((rows, few - 1), (few - 1, columns))
            )
            return np.asarray(left @ right)
        if self.kind == REPEATED:
            ones = np.ones((rows, rows))
            scale = rng.integers(1, 4, (*self.shape[:-2], 1, 1))
            turn = np.diag(rng.choice([1, 1j] if is_complex else [1, -1], rows))
            return np.asarray(2.0 * scale * np.eye(rows) + turn @ ones @ turn.conj())
        if self.kind in (UPPER, LOWER):
            drawn = _normal(rng, self.shape, is_complex)
            if self.clean:
                drawn = np.triu(drawn) if self.kind == UPPER else np.tril(drawn)
            return np.asarray(
                drawn + 2.0 * np.where(np.eye(rows, columns) > 0, np.sign(drawn.real) + (drawn.real == 0), 0.0)
            )
        left = _orthogonal(rng, (*self.shape[:-2], rows, rows), is_complex)[..., :few]
        right = _orthogonal(rng, (*self.shape[:-2], columns, columns), is_complex)[..., :few]
        values = 2.0 ** (0.7 * np.arange(few) + rng.uniform(-0.2, 0.2, (*self.shape[:-2], few)) - 0.35 * few)
        if self.kind == REGULAR:
            found = (left * values[..., None, :]) @ right.conj().swapaxes(-1, -2)
            coarse = np.rint(4 * found) / 4
            return np.asarray(np.where(_good(coarse)[..., None, None], coarse, found)) if whole else found
        values = values * (1.0 if self.kind == DEFINITE else rng.choice([-1.0, 1.0], values.shape))
        found = (left * values[..., None, :]) @ left.conj().swapaxes(-1, -2)
        return np.asarray((found + found.conj().swapaxes(-1, -2)) / 2)


def _good(matrices: np.ndarray) -> np.ndarray:
    """Whether singular values are apart from each other and from 0."""
    values = np.linalg.svd(matrices, compute_uv=False)
    apart = (values[..., :-1] > APART * values[..., 1:]).all(-1)
    return np.asarray(apart & (values.max(-1, initial=0.0) < COARSE * values.min(-1, initial=np.inf)))


def _normal(rng: np.random.Generator, shape: Sequence[int], is_complex: bool) -> np.ndarray:
    drawn = np.asarray(rng.standard_normal(shape))
    return drawn + 1j * rng.standard_normal(shape) if is_complex else drawn


def _whole(rng: np.random.Generator, shape: Sequence[int], is_complex: bool) -> np.ndarray:
    drawn = rng.integers(1, 5, shape) * rng.choice([-1.0, 1.0], shape)
    return drawn + 1j * rng.integers(-2, 3, shape) if is_complex else drawn


def _orthogonal(rng: np.random.Generator, shape: Sequence[int], is_complex: bool) -> np.ndarray:
    return np.asarray(np.linalg.qr(_normal(rng, shape, is_complex))[0])


@st.composite
def square(
    draw: st.DrawFn,
    /,
    kind: str = REGULAR,
    sizes: Sequence[int] = SIZES,
    powers: Sequence[int] = (0, 0, 4, -4),
    batches: Sequence[tuple[int, ...]] = BATCHES,
    **options: Sequence[Any],
) -> Any:
    """A batch of square matrices ``x``, and options of which each is drawn."""
    n, batch = draw(each(*sizes)), draw(each(*batches))
    found = {"x": Matrices((*batch, n, n), specials=False, kind=kind, power=draw(each(*powers)))}
    return {**found, **{name: draw(each(*values)) for name, values in options.items()}}


@st.composite
def oblong(
    draw: st.DrawFn,
    /,
    kind: str = REGULAR,
    taller: bool | None = None,
    sizes: Sequence[int] = SIZES,
    batches: Sequence[tuple[int, ...]] = BATCHES,
    **options: Sequence[Any],
) -> Any:
    """A batch of matrices ``x`` of any shape, or that are higher than wide or wider."""
    one, other, batch = draw(each(*sizes)), draw(each(*sizes)), draw(each(*batches))
    if taller is not None:
        one, other = (max(one, other), min(one, other)) if taller else (min(one, other), max(one, other))
    found = {"x": Matrices((*batch, one, other), specials=False, kind=kind, power=draw(each(0, 0, 4, -4)))}
    return {**found, **{name: draw(each(*values)) for name, values in options.items()}}
