"""The number formats of kernels, and in which of them the operations of a formula round, sum and return.

An evaluation of a formula says so once, for all operations within it.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.dtypes import PARTS, named

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Format:
    """A floating-point format. unit: its unit roundoff; smallest, largest: positive numbers; bits: of a significand."""

    name: str
    unit: float
    smallest: float
    largest: float
    bits: int

    def holds(self, value: Array) -> Array:
        """Where a result was not rounded: where the float64 value is a number of this format.

        Of float64 itself, where it is a float32 number: what was rounded to 53 bits rarely has 29 zeros at its end.
        """
        if value.dtype.kind == "c":
            return np.asarray(self.holds(value.real) & self.holds(value.imag))
        if not self.unit:
            return np.ones(value.shape, bool)
        with ignored():
            kept = value.astype(np.float32 if self.name == "float64" else named(self.name))
            found: Array = (kept.astype(np.float64) if self.name == "bfloat16" else kept) == value
        return found


FORMATS = {
    "integers": Format("integers", 0.0, 0.0, np.inf, 53),
    "bfloat16": Format("bfloat16", 2.0**-8, 2.0**-133, 2.0**128 * (1 - 2.0**-8), 8),
    "float16": Format("float16", 2.0**-11, 2.0**-24, 65504.0, 11),
    "float32": Format("float32", 2.0**-24, 2.0**-149, float(np.finfo(np.float32).max), 24),
    "float64": Format("float64", 2.0**-53, 2.0**-1074, float(np.finfo(np.float64).max), 53),
}
_format: contextvars.ContextVar[Format] = contextvars.ContextVar("format", default=FORMATS["float32"])
_returned: contextvars.ContextVar[str] = contextvars.ContextVar("returned", default="float32")
_sums_in_steps: contextvars.ContextVar[bool] = contextvars.ContextVar("sums in steps", default=False)
WIDER = {"float16": "float32", "bfloat16": "float32"}
"""The format that a kernel computes or sums in, where it is wider than that of its results."""


class _Nothing:
    """A context that changes nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_NOTHING = _Nothing()
_ignoring: contextvars.ContextVar[bool] = contextvars.ContextVar("ignoring", default=False)


@contextlib.contextmanager
def ignoring() -> Iterator[None]:
    """Let NumPy warn of nothing, so that :func:`ignored` need not ask for it within."""
    token = _ignoring.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _ignoring.reset(token)


def ignored() -> contextlib.AbstractContextManager[Any]:
    """Let NumPy warn of nothing in an operation: ten thousands of them are within an evaluation that has said so."""
    return _NOTHING if _ignoring.get() else np.errstate(all="ignore")


@contextlib.contextmanager
def computed_in(name: str) -> Iterator[None]:
    """Let operations round as kernels of this format do; those of integers and truth values round nothing."""
    token = _format.set(FORMATS.get(PARTS.get(name, name), FORMATS["integers"]))
    try:
        yield
    finally:
        _format.reset(token)


def current() -> Format:
    """The format that kernels compute in."""
    return _format.get()


def accumulator() -> Format:
    """The format that kernels of the current one sum in: a wider one, unless they add up in steps."""
    return current() if _sums_in_steps.get() else FORMATS[WIDER.get(current().name, current().name)]


@contextlib.contextmanager
def returned_in(dtype: str, sums_in_steps: bool = False) -> Iterator[None]:
    """Let the operations within be those of a call whose inputs and results have this dtype.

    sums_in_steps: its kernels round each partial sum to low precision, which a correct one does not.
    """
    tokens = _returned.set(dtype), _sums_in_steps.set(sums_in_steps)
    try:
        yield
    finally:
        _returned.reset(tokens[0])
        _sums_in_steps.reset(tokens[1])


def returned() -> str:
    """The dtype of the call's inputs and results; kernels may compute in a wider format."""
    return _returned.get()


def largest() -> float:
    """The largest number of the format that kernels compute in."""
    return _format.get().largest
