"""Dtypes that NumPy lacks and checkpoints have: bfloat16 and float8, as the ones of the package ml_dtypes.

A number's meaning is its dtype's, and files do not always say it: paddle keeps bfloat16 as uint16 and float8 as int8,
in arrays without a mark. :func:`meant` reads such an array by the dtype that the model has. ``ml_dtypes`` is imported
when one of its dtypes is met, so that a lane needs NumPy alone for all others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .rules import Array, TransferError

FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
EXTRA = ("bfloat16", *FLOAT8)
"""Names of the dtypes that are not NumPy's own, the same in torch, paddle and ml_dtypes."""
_KEPT_AS = {"bfloat16": "uint16", "float8_e4m3fn": "int8", "float8_e5m2": "int8"}
"""What paddle's arrays and files have in place of a dtype."""


def named(name: str) -> np.dtype[Any]:
    """The dtype of this name. Raises TypeError for an unknown one, TransferError where ml_dtypes is not installed."""
    if name not in EXTRA:
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise TransferError(f"{name} needs the package ml_dtypes; install it beside NumPy") from None
    return np.dtype(getattr(ml_dtypes, name))


def kind(dtype: np.dtype[Any]) -> str:
    """As ``dtype.kind``, and "f" for bfloat16 and float8, of which NumPy says something else."""
    return "f" if dtype.name in EXTRA else dtype.kind


def meant(array: Array, dtype: np.dtype[Any], where: str) -> Array:
    """An array of paddle's by its meaning, in a model whose tensor has ``dtype``.

    uint16 is bfloat16 and int8 is float8 where the model's tensor is of floating point. Raises TransferError where that
    cannot be decided; ``where`` names the tensor.
    """
    if kind(dtype) == "f" and array.dtype == np.uint16:
        return array.view(named("bfloat16"))  # paddle has no tensor of uint16, and no other float is kept so
    if array.dtype == np.int8 and dtype.name in FLOAT8:
        return array.view(dtype)
    if kind(dtype) == "f" and array.dtype == np.int8:
        raise TransferError(
            f"{where} is int8 in the file and {dtype} in the model: paddle saves float8 as int8 without saying which "
            "float8, so its meaning cannot be decided; save it as bfloat16 or float32"
        )
    if array.dtype == np.uint16 and dtype != np.uint16:
        raise TransferError(
            f"{where} is uint16 in the file, which is bfloat16 to paddle, and {dtype} in the model; save it as {dtype}"
        )
    return array


def cast(array: Array, dtype: np.dtype[Any], where: str) -> Array:
    """An array in another dtype of its kind, rounded to the nearest where it has less precision.

    Raises TransferError for one of another kind, and where a number would become another integer or infinite.
    """
    kinds = kind(array.dtype), kind(dtype)
    if kinds not in (("f", "f"), ("c", "c")) and not {*kinds} <= {*"iu"}:
        raise TransferError(
            f"{where} is {array.dtype} in the file and {dtype} in the model, which is not the same kind of number; "
            "give both models the file's dtype"
        )
    with np.errstate(over="ignore"):
        made = array.astype(dtype)
    finite = np.isfinite(array)
    is_lost = made != array if kinds[0] in "iu" else ~np.isfinite(made) & finite
    if is_lost.any():
        raise TransferError(f"{where} is {array.dtype} in the file, and its numbers are beyond {dtype} of the model")
    return made


def bits(array: Array, framework: str) -> Array:
    """An array as a file or an array of ``framework`` holds it: for paddle, bfloat16 as uint16; else as it is."""
    kept = _KEPT_AS.get(array.dtype.name) if framework == "paddle" else None
    return array if kept is None else array.view(kept)
