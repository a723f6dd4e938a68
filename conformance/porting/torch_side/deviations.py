"""What float32's rounding does to a user's network, from runs in float64 that make its errors on purpose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch.nn.attention import SDPBackend, sdpa_kernel

from conformance.porting import run
from conformance.porting.pair import Pair

from .backend import BACKEND
from .rounding import RandomRounding

MEDIAN = 0.6744897501960817
"""Median of the sizes of normal numbers, in standard deviations."""


def deviations(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    inputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    cotangents: int,
    training: bool,
    runs: int,
    right: Sequence[np.ndarray] | None = None,
    most: int | None = None,
) -> dict[str, Any]:
    """Standard deviations that float32's rounding gives, from some ``runs``: of outputs, or of gradients in training.

    right: outputs without these errors, where they are known. most: for a lower bound, to which only operations count
    whose results have no more numbers. Named as :func:`conformance.porting.run.run` names the
    quantities; and "unknown": what keeps the deviations from being derived, in words. Torch alone can say so: see
    :mod:`.rounding`.

    The deviation of a gradient is taken from the median of its errors: a decision (ReLU, maximum) that rounding turned
    in a few of the runs turns in none of two float64 runs, which are what gradients are compared in.
    """
    how = (values, inputs, targets, cotangents, True, training)
    unknown: set[str] = set()
    found = []
    with sdpa_kernel(SDPBackend.MATH):
        try:
            # With gradients, for without them torch takes fused kernels that nothing can look into.
            base = {"outputs": right} if right else run.run(BACKEND, pair, *how, backward=training, kept=True)
            for seed in range(runs):
                rounding = RandomRounding(seed, math.inf if most is None else most)
                found.append(run.run(BACKEND, pair, *how, backward=training, kept=True, within=rounding))
                unknown |= {f"torch's {name} has no known rounding error" for name in rounding.unknown}
        except Exception as error:
            return {"unknown": f"{type(error).__name__}: {error}"[:300]}
    result: dict[str, Any] = {"unknown": ", ".join(sorted(unknown))}
    if not training:
        pairs = zip(base["outputs"], zip(*(each["outputs"] for each in found), strict=True), strict=True)
        return {**result, "outputs": [_deviation(one, errors, False) for one, errors in pairs]}
    for what in ("gradients", "input_gradients"):
        one = base[what]
        names = one if isinstance(one, dict) else range(len(one))
        result[what] = {str(name): _deviation(one[name], [each[what][name] for each in found], True) for name in names}
    return result


def _deviation(right: np.ndarray, found: Sequence[np.ndarray], median: bool) -> np.ndarray:
    if right.dtype.kind != "f":
        return np.zeros(right.shape)
    errors = np.stack([np.abs(each - right) for each in found])
    if median:
        return np.median(errors, axis=0) / MEDIAN
    return np.sqrt(np.mean(np.square(errors), axis=0))
