"""Numbers with the error that a correct kernel may make of them, so that a tolerance follows from a formula.

A formula of ``suites/operators`` is written once, on quantities. Each holds a float64 value and a bound of the distance
between that value and what a lane computes in its own format, propagated to first order (Higham, Accuracy and Stability
of Numerical Algorithms, chapters 2 and 3): an operation adds its own rounding to what the errors of its inputs make.
An operation whose result the format holds exactly, and whose inputs have no error, adds none; so small integers are
judged bit for bit without being told apart. What only moves, selects or compares is exact.

Quantities remember how they were made. :func:`backward` goes back through the formula in the same arithmetic, by rules
that form each gradient as the frameworks do (a sigmoid's from the rounded result), so that gradients have bounds too.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.accuracy import Acceptance

Array = np.ndarray[Any, Any]
Backward = Callable[["Quantity"], "Quantity"]


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
        with np.errstate(over="ignore"):
            found: Array = value.astype("float32" if self.name == "float64" else self.name).astype(np.float64) == value
        return found


FORMATS = {
    "float16": Format("float16", 2.0**-11, 2.0**-24, 65504.0, 11),
    "float32": Format("float32", 2.0**-24, 2.0**-149, float(np.finfo(np.float32).max), 24),
    "float64": Format("float64", 2.0**-53, 2.0**-1074, float(np.finfo(np.float64).max), 53),
}
_format: contextvars.ContextVar[Format] = contextvars.ContextVar("format", default=FORMATS["float32"])
_returned: contextvars.ContextVar[str] = contextvars.ContextVar("returned", default="float32")
_made = itertools.count()


@contextlib.contextmanager
def computed_in(name: str) -> Iterator[None]:
    """Let the operations within round as kernels of this format do."""
    token = _format.set(FORMATS[name])
    try:
        yield
    finally:
        _format.reset(token)


def current() -> Format:
    """The format that kernels compute in."""
    return _format.get()


@contextlib.contextmanager
def returned_in(dtype: str) -> Iterator[None]:
    """Let the operations within be those of a call whose inputs and results have this dtype."""
    token = _returned.set(dtype)
    try:
        yield
    finally:
        _returned.reset(token)


def returned() -> str:
    """The dtype of the call's inputs and results; kernels may compute in a wider format."""
    return _returned.get()


class Quantity:
    """A float64 ``value`` and ``error``, a bound of the same shape; infinity where nothing is promised.

    ``links``: the quantities that it was made of, each with the rule of its gradient.
    """

    __array_priority__ = 1000.0

    def __init__(self, value: Any, error: Any = 0.0, links: Sequence[tuple[Quantity, Backward]] = ()) -> None:
        self.value: Array = np.asarray(value, np.float64)
        self.error: Array = np.broadcast_to(np.asarray(error, np.float64), self.value.shape)
        self.links = tuple(links)
        self.variable = False
        self.order = next(_made)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the value."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """Axes of the value."""
        return self.value.ndim

    @property
    def tracked(self) -> bool:
        """Whether a gradient goes through it."""
        return self.variable or bool(self.links)

    @property
    def plain(self) -> Quantity:
        """The same number, from which no gradient goes on."""
        return Quantity(self.value, self.error)

    def with_gradient(self, x: Quantity, rule: Backward) -> Quantity:
        """The same number, whose gradient with respect to ``x`` is formed by this rule."""
        return Quantity(self.value, self.error, linked((x, rule)))

    def __add__(self, other: Any) -> Quantity:
        return add(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Quantity:
        return add(self, -quantity(other))

    def __rsub__(self, other: Any) -> Quantity:
        return add(quantity(other), -self)

    def __mul__(self, other: Any) -> Quantity:
        return multiply(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Quantity:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Quantity:
        return divide(quantity(other), self)

    def __neg__(self) -> Quantity:
        return Quantity(-self.value, self.error, linked((self, lambda g: -g)))

    def __abs__(self) -> Quantity:
        sign = np.sign(self.value)
        return Quantity(np.abs(self.value), self.error, linked((self, lambda g: g * sign)))

    def __getitem__(self, index: Any) -> Quantity:
        return sums.move(lambda array: array[index], self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Quantity:
        """See :func:`conformance.sums.total`."""
        return sums.total(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Quantity:
        """See :func:`conformance.sums.mean`."""
        return sums.mean(self, axis, keepdims)

    def reshape(self, *shape: Any) -> Quantity:
        """As NumPy's."""
        return sums.move(lambda array: array.reshape(*shape), self)


def quantity(value: Any) -> Quantity:
    """A quantity without error, unless it is one already."""
    return value if isinstance(value, Quantity) else Quantity(value)


def variable(value: Any) -> Quantity:
    """An input without error whose gradient is wanted."""
    made = Quantity(value)
    made.variable = True
    return made


def linked(*pairs: tuple[Quantity, Backward]) -> tuple[tuple[Quantity, Backward], ...]:
    """Those of the quantities that a gradient goes through, each with its rule."""
    return tuple(pair for pair in pairs if pair[0].tracked)


def times(factor: Any, error: Array) -> Array:
    """An error times a factor's size; none where there is no error, whatever the factor is."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(error == 0, 0.0, np.nan_to_num(np.abs(factor) * error, nan=np.inf, posinf=np.inf))


def made(value: Any, error: Any, units: float, *pairs: tuple[Quantity, Backward], floor: float = 1.0) -> Quantity:
    """The result of an operation whose inputs make ``error`` of it, with the operation's own rounding added.

    units: the rounding in unit roundoffs of the result. floor: in smallest numbers of the format, for results below
    its normal numbers. An exact operation (units 1) rounds nothing where the format holds the result; one that goes
    beyond the format's largest number gives infinity, unless an error makes that uncertain.
    """
    form = _format.get()
    value = np.asarray(value, np.float64)
    error = np.broadcast_to(np.asarray(error, np.float64), value.shape)
    size = np.abs(value)
    with np.errstate(invalid="ignore", over="ignore"):
        rounding = units * form.unit * np.where(np.isfinite(size), size, 0.0) + floor * form.smallest
        if units <= 1:
            rounding = np.where(form.holds(value) & (error == 0), 0.0, rounding)
        beyond = np.isfinite(size) & (size > form.largest * (1 - 2 * units * form.unit))
    total_error = np.where(
        np.isfinite(size), np.nan_to_num(error, nan=np.inf, posinf=np.inf) + rounding, np.where(error > 0, np.inf, 0.0)
    )
    if beyond.any():
        sure = beyond & (error == 0) & (size > form.largest * (1 + 2 * units * form.unit))
        value = np.where(sure, np.copysign(np.inf, value), value)
        total_error = np.where(beyond, np.where(sure, 0.0, np.inf), total_error)
    return Quantity(value, total_error, linked(*pairs))


def add(one: Any, other: Any) -> Quantity:
    """The rounded sum, broadcast."""
    one, other = quantity(one), quantity(other)
    with np.errstate(invalid="ignore", over="ignore"):
        value = one.value + other.value
    return made(value, one.error + other.error, 1, (one, _reduced(one)), (other, _reduced(other)))


def multiply(one: Any, other: Any) -> Quantity:
    """The rounded product, broadcast."""
    one, other = quantity(one), quantity(other)
    with np.errstate(invalid="ignore", over="ignore"):
        value = one.value * other.value
    error = times(other.value, one.error) + times(one.value, other.error) + one.error * other.error
    reduced = _reduced(one), _reduced(other)
    return made(
        value,
        error,
        1,
        (one, lambda g: reduced[0](g * other.plain)),
        (other, lambda g: reduced[1](g * one.plain)),
    )


def divide(one: Any, other: Any, units: float = 1) -> Quantity:
    """The rounded quotient, broadcast."""
    one, other = quantity(one), quantity(other)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        value = one.value / other.value
        error = times(1 / other.value, one.error) + times(value / other.value, other.error)
        error = np.where(other.error * 2 >= np.abs(other.value), np.where(other.error > 0, np.inf, error), error)
    result = made(value, error, units)
    reduced = _reduced(one), _reduced(other)
    # Frameworks form -g * (a / b) / b or -g * a / (b * b): three roundings either way.
    result.links = linked(
        (one, lambda g: reduced[0](divide(g, other.plain))),
        (other, lambda g: reduced[1](divide(-g * divide(one.plain, other.plain), other.plain))),
    )
    return result


def scaled(x: Any, factor: float, units: float = 1) -> Quantity:
    """A quantity times a constant, in so many roundings; the gradient likewise."""
    x = quantity(x)
    with np.errstate(invalid="ignore", over="ignore"):
        return made(x.value * factor, times(factor, x.error), units, (x, lambda g: scaled(g, factor, units)))


def unary(
    function: Callable[[Array], Array],
    derivative: Callable[[Array], Array],
    units: float,
    x: Any,
    gradient: Callable[[Quantity, Quantity, Quantity], Quantity] | None,
    floor: float = 1.0,
) -> Quantity:
    """An elementwise function. gradient: from that of the result, the input and the result, as kernels form it."""
    x = quantity(x)
    with np.errstate(all="ignore"):
        value = function(x.value)
        error = times(derivative(x.value), x.error)
    result = made(value, error, units, floor=floor)
    if gradient is not None:
        result.links = linked((x, lambda g: gradient(g, x.plain, result.plain)))
    return result


def where(condition: Any, one: Any, other: Any) -> Quantity:
    """One or the other, element by element; a gradient goes to the one that was taken."""
    condition, one, other = np.asarray(condition), quantity(one), quantity(other)
    value = np.where(condition, one.value, other.value)
    error = np.where(condition, one.error, other.error)
    reduced = _reduced(one), _reduced(other)
    return Quantity(
        value,
        error,
        linked(
            (one, lambda g: reduced[0](where(condition, g, 0.0))),
            (other, lambda g: reduced[1](where(condition, 0.0, g))),
        ),
    )


def split(
    condition: Any, x: Any, one: Callable[[Quantity], Any], other: Callable[[Quantity], Any], safe: float = 0.0
) -> Quantity:
    """One formula of x where a condition holds and another elsewhere, neither of which sees the other's arguments."""
    x = quantity(x)
    return where(condition, one(where(condition, x, safe)), other(where(condition, safe, x)))


def without_gradient(found: Quantity, x: Any, condition: Any) -> Quantity:
    """The same number, of whose gradient with respect to x nothing is promised where a condition holds."""
    x = quantity(x)

    def unknown(g: Quantity) -> Quantity:
        return Quantity(np.zeros(x.shape), np.where(condition, np.inf, 0.0))

    return Quantity(found.value, found.error, [*linked((found, lambda g: g)), *linked((x, unknown))])


def stored(x: Quantity) -> Quantity:
    """The number as a kernel keeps it: rounded to its format. The error stays: the kernel's may be the neighbour."""
    with np.errstate(over="ignore"):
        return Quantity(x.value.astype(_format.get().name), x.error, linked((x, lambda g: g)))


def largest() -> float:
    """The largest number of the format that kernels compute in."""
    return _format.get().largest


def larger(one: Any, other: Any, tied: float = 0.5) -> Quantity:
    """The larger of two, NaN where one is; tied: share of the gradient that the first has where both are equal."""
    one, other = quantity(one), quantity(other)
    value = np.maximum(one.value, other.value)
    error = np.maximum(one.error, other.error)
    first = np.where(one.value == other.value, tied, (one.value > other.value) | np.isnan(one.value))
    second = np.where(one.value == other.value, 1 - tied, (other.value > one.value) | np.isnan(other.value))
    reduced = _reduced(one), _reduced(other)
    return Quantity(
        value, error, linked((one, lambda g: reduced[0](g * first)), (other, lambda g: reduced[1](g * second)))
    )


def _reduced(x: Quantity) -> Backward:
    """The gradient of what was broadcast: the sum over the axes along which it was repeated."""

    def gradient(g: Quantity) -> Quantity:
        if g.shape == x.shape:
            return g
        lead = g.ndim - x.ndim
        axes = [*range(lead), *(lead + i for i, n in enumerate(x.shape) if n == 1 and g.shape[lead + i] != 1)]
        found = sums.total(g, tuple(axes)) if axes else g
        return sums.move(lambda array: array.reshape(x.shape), found)

    return gradient


def backward(outputs: Sequence[tuple[Quantity, Any]], inputs: Sequence[Quantity]) -> list[Quantity | None]:
    """Gradients of ``inputs`` from those of ``outputs``; ``None`` for an input that no output depends on."""
    pending: dict[int, tuple[Quantity, Quantity]] = {}

    def arrive(at: Quantity, g: Quantity) -> None:
        known = pending.get(id(at))
        pending[id(at)] = (at, g if known is None else known[1] + g)

    for output, cotangent in outputs:
        arrive(output, quantity(cotangent))
    found: dict[int, Quantity] = {}
    while pending:
        at, g = pending.pop(max(pending, key=lambda key: pending[key][0].order))
        found[id(at)] = g
        for link, rule in at.links:
            arrive(link, rule(g))
    return [found.get(id(each)) for each in inputs]


def acceptance(found: Quantity, dtype: str, inner: str) -> Acceptance:
    """What a lane may return for a quantity in ``dtype``, computed in the format ``inner`` and rounded once at the end.

    Float64 results are compared with a float64 value whose own rounding is as large: the bound is doubled.
    """
    value, error = found.value, found.error
    if dtype == "float64":
        return Acceptance(value, 2 * error, dtype=dtype)
    if dtype != inner:
        with computed_in(dtype):
            last = made(value, error, 1)
        value, error = last.value, last.error
    return Acceptance(value, error, dtype=dtype)


from conformance import sums  # noqa: E402  (it is built on the above, and the methods call it)
