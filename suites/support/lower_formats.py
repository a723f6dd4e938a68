"""Numbers for formats of few bits: such as they round to whole ones, and the rounding itself."""

from __future__ import annotations

import numpy as np

LOWER = ("bfloat16", "float16")
LITTLE = 2.0**-12
"""Less than half the spacing of either lower format at 1."""


def nearly_whole(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers of magnitude 1 to 3, and a little beside."""
    whole = rng.integers(1, 4, shape) * rng.choice((-1.0, 1.0), shape)
    return np.asarray(whole + LITTLE * rng.choice((-1.0, 1.0), shape), np.float32)


def to_bfloat16(numbers: np.ndarray, cut_off: bool = False) -> np.ndarray:
    """Float32 values rounded to the nearest of bfloat16, ties to even, or cut off after its bits."""
    bits = np.ascontiguousarray(numbers, np.float32).view(np.uint32)
    if not cut_off:
        bits = bits + (0x7FFF + ((bits >> 16) & 1)).astype(np.uint32)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)
