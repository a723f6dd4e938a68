"""What the difference of two arrays is like, and which known function one of them would be of an input.

Each is tried by computing it in NumPy and comparing all numbers, so that what is said fits them all.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.porting.sameness import ALIKE, Array, near, root_mean_square


def likeness(ours: Sequence[Array], theirs: Sequence[Array]) -> list[str]:
    """What the first difference of two lists of arrays looks like: a sentence, or nothing."""
    for one, other in zip(ours, theirs, strict=False):
        if one.shape != other.shape:
            return [f"the shapes differ: {list(one.shape)} in torch, {list(other.shape)} in paddle"]
        if one.dtype.kind == "f" and other.dtype.kind == "f" and not near(one, other):
            found = _of_arrays(one, other)
            return [f"the difference looks like this: {found}"] if found else []
    return []


def _of_arrays(one: Any, other: Any) -> str | None:
    if np.isnan(one).any() != np.isnan(other).any():
        return f"{'torch' if np.isnan(one).any() else 'paddle'} has NaN"
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return None
    error = other - one
    scale = root_mean_square(one) or 1.0
    factor = float(np.vdot(one, other) / max(np.vdot(one, one), 1e-300))
    if near(factor * one, other):
        return f"paddle's is {factor:.6g} times torch's (scaled)" if factor else "paddle's is zero"
    if near(np.broadcast_to(error.mean(), one.shape), error):
        return f"paddle's is torch's and {error.mean():.6g} (shifted)"
    for axis in {1, one.ndim - 1} if one.ndim > 1 else set():
        others = tuple(place for place in range(one.ndim) if place != axis)
        if near(np.broadcast_to(error.mean(axis=others, keepdims=True), one.shape), error):
            return "every channel is shifted by a constant: a bias is missing, doubled or another"
    for first, second in itertools.combinations(range(one.ndim), 2):
        if one.shape[first] == one.shape[second] and near(np.swapaxes(one, first, second), other):
            return f"axes {first} and {second} are exchanged (transposed)"
    for axis in range(one.ndim):
        if near(np.flip(one, axis), other):
            return f"axis {axis} runs the other way (flipped)"
        for shift in range(1, min(one.shape[axis], 9)):
            if near(np.roll(one, shift, axis), other):
                return f"axis {axis} is shifted by {shift} (rolled)"
    if one.ndim > 1 and near(np.sort(one, axis=-1), np.sort(other, axis=-1)):
        return "the same numbers in another order (permuted)"
    if near(np.sort(one, axis=None), np.sort(other, axis=None)):
        return "the same numbers in another order: axes are taken for each other, or a reshape stands for a transpose"
    differs = np.abs(error) > ALIKE * scale
    if (one[differs] <= 0).all() and (one > 0).any():
        return "it differs only where torch's is not positive: another activation, or another slope"
    if (other[differs] <= 0).all() and (other > 0).any():
        return "it differs only where paddle's is not positive: another activation, or another slope"
    share = differs.mean()
    if share < 0.25 and one.ndim > 1:
        place = [axis for axis in range(one.ndim) if 0 < _slices(differs, axis).sum() < one.shape[axis]]
        if place:
            where = np.flatnonzero(_slices(differs, place[-1]))
            return f"only {_some(where)} of axis {place[-1]} differ"
    return _rounded(one, other)


def _slices(differs: Any, axis: int) -> Any:
    return differs.any(axis=tuple(each for each in range(differs.ndim) if each != axis))


def _some(places: Any) -> str:
    listed = ", ".join(str(int(place)) for place in places[:4])
    return f"places {listed}" + (f" and {len(places) - 4} more" if len(places) > 4 else "")


def _rounded(one: Any, other: Any) -> str | None:
    """Whether one is the other with fewer bits, as a number cast to half precision and back is."""
    for side, plain, coarse in (("paddle", one, other), ("torch", other, one)):
        if _is_bfloat16(coarse) and np.abs(plain - coarse).max() <= 2.0**-8 * np.abs(plain).max():
            return f"{side}'s has the bits of bfloat16 only: it is rounded there"
        if (coarse.astype(np.float16).astype(coarse.dtype) == coarse).all() and not _is_whole(coarse):
            return f"{side}'s has the bits of float16 only: it is rounded there"
        if (coarse.astype(np.float32).astype(coarse.dtype) == coarse).all() and not _is_whole(coarse):
            return f"{side}'s has the bits of float32 only, in a model in float64: it is cast there"
    return None


def _is_bfloat16(array: Any) -> bool:
    bits = array.astype(np.float32).view(np.uint32)
    return bool((array.astype(np.float32) == array).all() and (bits & 0xFFFF == 0).all() and not _is_whole(array))


def _is_whole(array: Any) -> bool:
    return bool((np.rint(array * 8) == array * 8).all())


def _erf(x: Array) -> Array:
    return np.asarray(np.vectorize(math.erf, otypes=[float])(x))


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(x / 2)))


def _softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "the input itself": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu with slope 0.01": lambda x: np.where(x > 0, x, 0.01 * x),
    "leaky_relu with slope 0.1": lambda x: np.where(x > 0, x, 0.1 * x),
    "leaky_relu with slope 0.2": lambda x: np.where(x > 0, x, 0.2 * x),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "gelu (exact)": lambda x: x * 0.5 * (1 + _erf(x / np.sqrt(2.0))),
    "gelu (approximate='tanh')": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "quick gelu (x * sigmoid(1.702 x))": lambda x: x * _sigmoid(1.702 * x),
    "silu (swish)": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0.0))),
    "softplus": _softplus,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "hardswish": lambda x: x * np.clip(x + 3, 0.0, 6.0) / 6,
    "hardsigmoid (x / 6 + 1 / 2)": lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0),
    "hardsigmoid (x / 5 + 1 / 2)": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),
    "square of relu": lambda x: np.maximum(x, 0.0) ** 2,
    "logarithm of sigmoid": lambda x: -_softplus(-x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hardtanh": lambda x: np.clip(x, -1.0, 1.0),
    "exp": np.exp,
}
"""Functions that act on each number, which are known by what they do."""


def recognized(given: Array, made: Array) -> list[str]:
    """Which functions of ``given`` the array ``made`` is: elementwise ones, a leaky ReLU of any slope, a softmax or
    its logarithm over an axis, a scaled input. All that fit; several, or none."""
    if given.shape != made.shape or given.dtype.kind != "f" or made.dtype.kind != "f" or not given.size:
        return []
    if not (np.isfinite(given).all() and np.isfinite(made).all()):
        return []
    with np.errstate(all="ignore"):
        found = [name for name, call in ACTIVATIONS.items() if near(np.asarray(call(given)), made)]
        negative = given < 0
        if not found and negative.any() and (~negative).any() and near(given[~negative], made[~negative]):
            slope = float(np.vdot(given[negative], made[negative]) / np.vdot(given[negative], given[negative]))
            if near(slope * given[negative], made[negative]):
                found.append(f"leaky_relu with slope {slope:.6g}")
        if not found:
            found = _softmaxes(given, made)
        factor = float(np.vdot(given, made) / max(float(np.vdot(given, given)), 1e-300))
        if not found and factor and near(factor * given, made):
            found.append(f"the input times {factor:.6g}")
    return found


def _softmaxes(given: Any, made: Any) -> list[str]:
    found = []
    for axis in range(given.ndim):
        if given.shape[axis] < 2:
            continue
        shifted = given - given.max(axis=axis, keepdims=True)
        total = np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
        if near(np.exp(shifted - total), made):
            found.append(f"softmax over axis {axis}")
        if near(shifted - total, made):
            found.append(f"log_softmax over axis {axis}")
    return found


def epsilon(given: Array, made: Array, axes: tuple[int, ...], center: bool = True) -> float | None:
    """The ``eps`` of a normalization over ``axes`` without weight and bias that makes this of that; ``None`` for none.

    (x - mean) / sqrt(variance + eps), or with ``center`` false x / sqrt(mean square + eps).
    """
    if given.shape != made.shape or not np.isfinite(made).all():
        return None
    mean = given.mean(axis=axes, keepdims=True) if center else np.zeros(())
    variance = np.square(given - mean).mean(axis=axes, keepdims=True)
    left = given - mean
    scale = (left * made).sum(axis=axes, keepdims=True) / np.square(left).sum(axis=axes, keepdims=True)
    found = float(np.median(1 / np.square(scale) - variance))
    if found <= 0 or not near(left / np.sqrt(variance + found), made):
        return None
    return found
