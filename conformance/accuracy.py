"""The error model: how far a correct float32 computation may lie from the float64 oracle, derived per sample.

Every tolerance of the suites comes from here. A bound is never a hand-picked relative tolerance: it is a multiple of
the unit roundoff times a condition quantity (a sum of magnitudes, a propagated variance) of the very sample, and the
multiple was measured with the commands in ``benchmarks/`` on both frameworks.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.dtypes import FLOATS
from conformance.extremes import largest_of
from conformance.number_formats import FORMATS

UNIT_ROUNDOFF = {**{name: FORMATS[name].unit for name in FLOATS}, "tf32": 2.0**-11}
U = UNIT_ROUNDOFF["float32"]
SMALLEST = {name: FORMATS[name].smallest for name in FLOATS}
NARROW = ("bfloat16", "float16")
"""Formats of whole computations: every kernel rounds its results to them, and adds up in float32."""
LARGEST = {name: FORMATS[name].largest for name in NARROW}
GRID = 32.0
"""Products of multiples of 1 / GRID need no rounding in float32 while their magnitudes stay within its integers."""
TINY = SMALLEST["float32"]

MESSAGE = 12
"""Characters of a message that tell one error from another."""

_dot_format: contextvars.ContextVar[str] = contextvars.ContextVar("dot_format", default="float32")


@dataclass(frozen=True, eq=False)
class Acceptance:
    """What a lane may return for one quantity.

    value: the oracle's result, any shape; NaN and infinities must be met exactly.
    bound: absolute error allowed against ``value``, broadcastable; 0 asks for equality, infinity for nothing at all
        of that element.
    between: absolute difference allowed between two lanes; ``None`` leaves it at what ``bound`` implies.
    dtype: required dtype by name; ``None`` asks for the dtype of the sample's floating inputs (float32 without any)
        where ``value`` is floating, and otherwise only that the lanes agree.
    noted: the report shows each lane's error of this quantity, in unit roundoffs, beside the verdict.
    signed: zeros must have the sign of the value's, as what is only moved has. Arithmetic promises none: a sum that is
        zero, 0 * -1 added to it, or max(0, -0) has the sign that the order of operations and the instruction give.
    """

    value: np.ndarray
    bound: np.ndarray | float = 0.0
    between: np.ndarray | float | None = None
    dtype: str | None = None
    noted: bool = False
    signed: bool = False


@dataclass(frozen=True)
class Rejects:
    """The acceptance of an input that every lane must refuse, with an error that contains ``error``.

    An error reads "CLASS: MESSAGE". That of a variant, which excuses a lane, must be :attr:`specific`.
    """

    reason: str
    error: str = ""

    @property
    def specific(self) -> bool:
        """Whether ``error`` holds some words of a message, and not just the name of an exception."""
        return len(self.error) >= MESSAGE and " " in self.error.strip()


@contextlib.contextmanager
def dot_format(name: str) -> Iterator[None]:
    """Derive bounds for lanes that compute in ``name``: 'float32', 'tf32' (dot products only) or one of NARROW."""
    token = _dot_format.set(name)
    try:
        yield
    finally:
        _dot_format.reset(token)


def arithmetic() -> str:
    """The format that the lane being judged computes in, as :func:`dot_format` was told."""
    return _dot_format.get()


def as_acceptance(item: Any) -> Acceptance:
    """What an oracle gives of a quantity: an acceptance, or a value that must be met exactly."""
    return item if isinstance(item, Acceptance) else Acceptance(np.asarray(item))


def dot_unit() -> float:
    """Unit roundoff of the products in a dot product of the lane being judged."""
    return UNIT_ROUNDOFF[_dot_format.get()]


def narrow() -> str | None:
    """The format of :data:`NARROW` that the lane being judged computes in, or ``None``."""
    found = _dot_format.get()
    return found if found in NARROW else None


def stored(value: np.ndarray, bound: np.ndarray, form: str) -> Acceptance:
    """A result of a wider kernel, of this error, as it is kept in a narrow format: rounded once more.

    It is rounded nowhere where it has no error and the format holds it, as it does small integers. Beyond the
    format's largest number nothing is promised.
    """
    value = np.asarray(value, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        held = FORMATS[form].holds(value)
        size = np.where(np.isfinite(value), np.abs(value), 0.0) + bound
        rounding = UNIT_ROUNDOFF[form] * size + SMALLEST[form]
        total = np.where(held & (np.asarray(bound) == 0), 0.0, bound + rounding)
        total = np.where(size > LARGEST[form] * (1 - 2 * UNIT_ROUNDOFF[form]), np.inf, total)
    return Acceptance(value, total, dtype=form)


def exact(value: Any, dtype: str | None = None, signed: bool = True) -> Acceptance:
    """The value itself, with no tolerance; ``signed=False`` where arithmetic made it, see :class:`Acceptance`."""
    return Acceptance(np.asarray(value), dtype=dtype, signed=signed)


def dot(
    function: Callable[..., np.ndarray], *operands: np.ndarray | None, terms: int, dtype: str = "float32"
) -> Acceptance:
    """Acceptance of ``function(*operands)``, a sum of ``terms`` products linear in each operand (conv, linear, sums).

    The bound is u * min(n, 3 sqrt n) * B1 with B1 the same sum over magnitudes: the first form is the worst case
    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), the second the probabilistic one with the
    measured constant. Between two lanes u * min(2n, 3.5 sqrt n) * B1. Gradual underflow adds one smallest subnormal a
    term. Under TF32 the rounding of both operands adds 4 * 2^-11 * sqrt(sum of squared products). In a narrow format
    the operands are numbers of that format, their products are added up in float32, and the sum is rounded once.
    """
    form = narrow()
    unit, smallest = UNIT_ROUNDOFF[dtype], SMALLEST[dtype]
    floats = [None if operand is None else np.asarray(operand, np.float64) for operand in operands]
    value = function(*floats)
    magnitude = function(*[None if operand is None else np.abs(operand) for operand in floats])
    bound = unit * min(terms, 3 * terms**0.5) * magnitude + terms * smallest
    between = unit * min(2 * terms, 3.5 * terms**0.5) * magnitude + 2 * terms * smallest
    if form is not None:
        exact_sums = all(each is None or np.array_equal(each * GRID, np.rint(each * GRID)) for each in floats)
        held = exact_sums & (magnitude * GRID**2 < 1 / U)
        return stored(value, np.where(held, 0.0, bound), form)
    if dot_unit() != U:
        squares = function(*[None if operand is None else np.square(operand) for operand in floats])
        coarse = 4 * dot_unit() * np.sqrt(squares)
        bound, between = bound + coarse, between + 2 * coarse
    return Acceptance(value, bound, between, dtype)


def chain(value: np.ndarray, variance: np.ndarray | None, constant: float, dtype: str = "float32") -> Acceptance:
    """Acceptance of a quantity at the end of a chain of operations: ``constant`` standard deviations.

    ``variance`` is the first-order propagated variance in units of u^2 (see ``reference_impl.oracle.tape``); ``None``
    is that of an exact quantity.
    """
    form = narrow()
    scale = dot_unit() if dot_unit() != U else UNIT_ROUNDOFF[dtype]
    bound = np.sqrt(0.0 if variance is None else variance)
    bound *= constant * scale
    bound += SMALLEST[form or dtype]
    if form is not None:  # what goes beyond the format's largest number on the way has an infinite variance
        with np.errstate(invalid="ignore"):
            unknown = np.isnan(bound) | (np.abs(value) + bound > LARGEST[form] * (1 - 2 * UNIT_ROUNDOFF[form]))
        bound = np.where(unknown, np.inf, bound)
    return Acceptance(value, bound, dtype=form or dtype)


def rounded(value: np.ndarray, units: float, scale: np.ndarray | None = None, dtype: str = "float32") -> Acceptance:
    """Acceptance of an elementwise result: ``units`` unit roundoffs of ``scale`` (default: of the value itself)."""
    magnitude = np.abs(value if scale is None else scale)
    if not largest_of(magnitude) < np.inf:
        magnitude = np.where(np.isfinite(magnitude), magnitude, 0.0)
    return Acceptance(value, units * UNIT_ROUNDOFF[dtype] * magnitude + SMALLEST[dtype], dtype=dtype)


CHAIN = {"activation": 4.0, "loss": 2.0, "gradient": 4.0}
"""Multiples of u * sqrt(propagated variance) that a chain may use; measured by benchmarks/error_constants.py."""
