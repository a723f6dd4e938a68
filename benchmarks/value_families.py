"""Families of float32 values that stress rounding in different ways: the inputs of `error_constants`.

Random normal numbers are the mildest case. Offsets and equal signs let partial sums grow, sorted values let them grow
steadily, heavy tails let a few terms dominate, smooth images correlate neighbours. Equal values are the hardest: each
addition of the same number to a slowly growing sum rounds in the same direction, so errors add up and do not average.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Family = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.choice([-1.0, 1.0], shape)


def _smooth(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Sums of a few waves along the last axes, between 0 and 1 in steps of 1/255 like an image."""
    grid = np.zeros(shape)
    for axis, length in enumerate(shape):
        wave = np.sin(rng.uniform(0.05, 0.6) * np.arange(length) + rng.uniform(0, 6))
        grid += wave.reshape(-1, *(1,) * (len(shape) - axis - 1))
    values = (grid - np.min(grid)) / max(float(np.ptp(grid)), 1e-9)
    return np.round(values * 255) / 255


def _in_float32(family: Family) -> Family:
    return lambda rng, shape: np.ascontiguousarray(np.asarray(family(rng, shape), np.float32))


FAMILIES: dict[str, Family] = {
    name: _in_float32(family)
    for name, family in {
        "normal": lambda rng, shape: rng.normal(size=shape),
        "image": lambda rng, shape: rng.integers(0, 256, shape) / 255,
        "smooth": _smooth,
        "offset": lambda rng, shape: 10 + rng.normal(size=shape),
        "positive": lambda rng, shape: np.abs(rng.normal(size=shape)),
        "sorted": lambda rng, shape: np.sort(rng.normal(size=shape), axis=None).reshape(shape),
        "heavy": lambda rng, shape: rng.standard_t(1.5, shape),
        "wide": lambda rng, shape: _signs(rng, shape) * 10 ** rng.uniform(-6, 2, shape),
        "sparse": lambda rng, shape: rng.normal(size=shape) * (rng.random(shape) < 0.1),
        "tied": lambda rng, shape: rng.choice(rng.normal(size=2), shape),
        "constant": lambda rng, shape: np.full(shape, rng.normal()),
        "tiny": lambda rng, shape: 2.0**-60 * rng.normal(size=shape),
        "subnormal": lambda rng, shape: 2.0**-133 * rng.normal(size=shape),
    }.items()
}

# Products of two small families would all vanish; the second operand of a product is then of ordinary size.
SECOND = {FAMILIES["tiny"]: FAMILIES["normal"], FAMILIES["subnormal"]: FAMILIES["normal"]}

# Networks are given weights of these only. The variance of a chain supposes that the order of a sum's terms is
# unrelated to their size and sign; weights that are sorted or all equal break that, by up to sqrt(n), and no training
# leads to them.
WEIGHTS = [FAMILIES[name] for name in ("normal", "offset", "positive", "heavy", "wide", "sparse")]
