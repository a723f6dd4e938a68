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

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.accuracy import Acceptance
from conformance.dtypes import named
from conformance.extremes import largest_of, least_of
from conformance.number_formats import FORMATS, WIDER, computed_in, current, ignored, returned

Array = np.ndarray[Any, Any]
Backward = Callable[["Quantity"], "Quantity"]


COMPLEX_PRODUCT, COMPLEX_QUOTIENT = 2.5, 8.0
"""Unit roundoffs of the modulus: the first is more than the square root of 5 (Brent, Percival and Zimmermann 2007)."""
_made = itertools.count()
FEW = 2**14
"""Errors of more elements are views of one number where they are all equal."""


class Quantity:
    """A float64 or complex128 ``value`` and ``error``, a bound of the same shape; infinity where nothing is promised.

    The error of a complex number is a distance, its gradient the conjugate one, dL/dx + i dL/dy.
    ``links``: the quantities that it was made of, each with the rule of its gradient.
    """

    __array_priority__ = 1000.0

    def __init__(self, value: Any, error: Any = 0.0, links: Sequence[tuple[Quantity, Backward]] = ()) -> None:
        if type(value) is not np.ndarray:
            value = np.asarray(value)
        self.value: Array = value if value.dtype.char in "dD" else _wide(value)
        if type(error) is not np.ndarray or error.dtype.char != "d":
            error = np.asarray(error, np.float64)
        self.error: Array = error if error.shape == value.shape else _spread(error, value.shape)
        self.links = links if type(links) is tuple else tuple(links)
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
    def is_complex(self) -> bool:
        """Whether the value is complex."""
        return self.value.dtype.char == "D"

    @property
    def plain(self) -> Quantity:
        """The same number, from which no gradient goes on."""
        return Quantity(self.value, self.error)

    @property
    def conjugate(self) -> Quantity:
        """The plain conjugate, by which gradients are formed; of real numbers the plain ones."""
        return Quantity(self.value.conj(), self.error) if self.is_complex else self.plain

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
        if self.is_complex:
            size = made(np.abs(self.value), self.error, 2).plain
            return size.with_gradient(self, lambda g: where(size.value == 0, 0.0, self.plain * (g / size)))
        return Quantity(np.abs(self.value), self.error, linked((self, lambda g: g * sign_of(self))))

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

    def conj(self) -> Quantity:
        """The complex conjugate."""
        return Quantity(self.value.conj(), self.error, linked((self, lambda g: Quantity(g.value.conj(), g.error))))

    @property
    def real(self) -> Quantity:
        """The real part."""
        return Quantity(self.value.real, self.error, linked((self, lambda g: g)))

    @property
    def imag(self) -> Quantity:
        """The imaginary part."""
        return Quantity(self.value.imag, self.error, linked((self, lambda g: Quantity(1j * g.value, g.error))))


def _wide(value: Array) -> Array:
    return value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)


def _spread(error: Array, shape: tuple[int, ...]) -> Array:
    """An error in another shape; one number for all of few elements is written out, which is faster than a view."""
    if error.ndim or math.prod(shape) > FEW:
        return np.broadcast_to(error, shape)
    spread = np.empty(shape)
    spread.fill(error)
    return spread


def quantity(value: Any) -> Quantity:
    """A quantity without error, unless it is one already."""
    return value if isinstance(value, Quantity) else Quantity(value)


def variable(value: Any) -> Quantity:
    """An input without error whose gradient is wanted."""
    made = Quantity(value)
    made.variable = True
    return made


def sign_of(x: Quantity) -> Quantity:
    """The sign of a real number: open where an error may have changed it."""
    sign = np.sign(x.value)
    return Quantity(sign, np.where((np.abs(x.value) <= x.error) & (x.error > 0), 1.0 + np.abs(sign), 0.0))


def linked(*pairs: tuple[Quantity, Backward]) -> tuple[tuple[Quantity, Backward], ...]:
    """Those of the quantities that a gradient goes through, each with its rule."""
    return tuple([pair for pair in pairs if pair[0].variable or pair[0].links])


def times(factor: Any, error: Array) -> Array:
    """An error times a factor's size; none where there is no error, whatever the factor is."""
    if largest_of(error) == 0:
        return error
    with ignored():
        found: Array = np.abs(factor) * error
        if _known(found):  # so that no factor was infinite where there is no error
            return found
        return np.where(error == 0, 0.0, _sure(found))


def _known(error: Array) -> bool:
    """Whether none is NaN."""
    largest = largest_of(error)
    return largest == largest


def _sure(error: Array) -> Array:
    """Errors, infinite where nothing is known of them."""
    return error if _known(error) else np.where(np.isnan(error), np.inf, error)


def made(
    value: Any,
    error: Any,
    units: float,
    *pairs: tuple[Quantity, Backward],
    floor: float = 1.0,
    exact: bool | None = None,
) -> Quantity:
    """The result of an operation whose inputs make ``error`` of it, with the operation's own rounding added.

    units: the rounding in unit roundoffs of the result. floor: in smallest numbers of the format, for results below
    its normal numbers. An exact operation (units 1) rounds nothing where the format holds the result; one that goes
    beyond the format's largest number gives infinity, unless an error makes that uncertain. exact: another answer to
    whether it rounds nothing where the format holds the result; default: where units is at most 1.
    """
    form = current()
    if type(value) is not np.ndarray:
        value = np.asarray(value)
    is_complex = value.dtype.kind == "c"
    value = value if value.dtype.char in "dD" else _wide(value)
    if type(error) is not np.ndarray or error.dtype.char != "d":
        error = np.asarray(error, np.float64)
    size = np.asarray(np.abs(value))
    with ignored():
        rounding = size * (units * form.unit)
        rounding += floor * form.smallest
        if (units <= 1 if exact is None else exact) and not least_of(error) > 0:
            rounding = np.where(form.holds(value) & (error == 0), 0.0, rounding)
        if largest_of(size) <= form.largest * (1 - 2 * units * form.unit):  # which is nearly always so
            return Quantity(value, _sure(error + rounding), linked(*pairs))
        finite = np.isfinite(size)
        beyond = finite & (size > form.largest * (1 - 2 * units * form.unit))
        total_error = np.where(finite, _sure(error) + rounding, np.where(error > 0, np.inf, 0.0))
    if is_complex:  # parts overflow each by itself, and give NaN on the way
        total_error = np.where(beyond | ~finite, np.inf, total_error)
    elif beyond.any():
        sure = beyond & (error == 0) & (size > form.largest * (1 + 2 * units * form.unit))
        value = np.where(sure, np.copysign(np.inf, value), value)
        total_error = np.where(beyond, np.where(sure, 0.0, np.inf), total_error)
    return Quantity(value, total_error, linked(*pairs))


def add(one: Any, other: Any) -> Quantity:
    """The rounded sum, broadcast."""
    one, other = quantity(one), quantity(other)
    with ignored():
        value = one.value + other.value
    pairs = ((one, _reduced(one)), (other, _reduced(other))) if one.tracked or other.tracked else ()
    return made(value, one.error + other.error, 1, *pairs)


def multiply(one: Any, other: Any) -> Quantity:
    """The rounded product, broadcast."""
    one, other = quantity(one), quantity(other)
    with ignored():
        value = one.value * other.value
    both = one.is_complex and other.is_complex
    return made(
        value,
        _error_of_product(one, other),
        COMPLEX_PRODUCT if both else 1,
        *_factors(one, other),
        exact=not both or _products_held(one.value, other.value),
    )


def _error_of_product(one: Quantity, other: Quantity) -> Any:
    """What the errors of two factors make of their product; of a factor that has none, nothing is worked out."""
    mine, theirs = largest_of(one.error) != 0, largest_of(other.error) != 0
    if mine and theirs:
        return times(other.value, one.error) + times(one.value, other.error) + times(one.error, other.error)
    if mine:
        return times(other.value, one.error)
    return times(one.value, other.error) if theirs else 0.0


def _factors(one: Quantity, other: Quantity) -> tuple[tuple[Quantity, Backward], ...]:
    """Two factors and the rules of their gradients, where any goes through them."""
    if not (one.tracked or other.tracked):
        return ()
    first, second = _reduced(one), _reduced(other)
    return (one, lambda g: first(g * other.conjugate)), (other, lambda g: second(g * one.conjugate))


def _products_held(one: Array, other: Array) -> bool:
    """Whether the format holds what two complex numbers' parts multiply to, before it is added up."""
    form = current()
    with ignored():
        parts = [left * right for left in (one.real, one.imag) for right in (other.real, other.imag)]
    return all(bool(form.holds(part).all()) for part in parts)


def divide(one: Any, other: Any, units: float = 1) -> Quantity:
    """The rounded quotient, broadcast."""
    one, other = quantity(one), quantity(other)
    with ignored():
        value = one.value / other.value
        least = np.abs(other.value) - other.error
        error = times(1 / least, one.error) if largest_of(one.error) != 0 else one.error
        if largest_of(other.error) != 0:
            error = error + times(value / least, other.error)
            error = np.where(other.error * 2 >= np.abs(other.value), np.where(other.error > 0, np.inf, error), error)
        if other.is_complex:  # whose square a kernel divides by, however far from 1 that is
            square, form = np.abs(other.value) ** 2, current()
            beyond = (square * form.unit < form.smallest / form.unit) | (square > form.largest / 4)
            error = np.where(beyond, np.inf, error)
    result = made(value, error, max(units, COMPLEX_QUOTIENT) if other.is_complex else units)
    reduced = _reduced(one), _reduced(other)

    def below(g: Quantity) -> Quantity:
        """Frameworks form (-g * (a / b)) / b or -g * ((a / b) / b): one may be exact where the other is not."""
        quotient = divide(one.conjugate, other.conjugate)
        first, second = divide(-g * quotient, other.conjugate), -g * divide(quotient, other.conjugate)
        apart = np.where(np.isfinite(first.value) == np.isfinite(second.value), 0.0, np.inf)  # one overflows on the way
        return reduced[1](Quantity(first.value, np.maximum(first.error, second.error) + apart))

    result.links = linked(
        (one, lambda g: reduced[0](divide(g, other.conjugate))),
        (other, below),
    )
    return result


def scaled(x: Any, factor: float, units: float = 1) -> Quantity:
    """A quantity times a constant, in so many roundings; the gradient likewise."""
    x = quantity(x)
    with ignored():
        return made(x.value * factor, times(factor, x.error), units, (x, lambda g: scaled(g, factor, units)))


def unary(
    function: Callable[[Array], Array],
    derivative: Callable[[Array], Array],
    units: float,
    x: Any,
    gradient: Callable[[Quantity, Quantity, Quantity], Quantity] | None,
    floor: float = 1.0,
) -> Quantity:
    """An elementwise function. gradient: from that of the result, the input and the result, as kernels form it.

    floor: beyond 1, nothing is promised below the normal numbers of the format.
    """
    x = quantity(x)
    floor = floor if floor <= 1 else 2.0 ** (current().bits - 1)
    with ignored():
        value = function(x.value)
        error = _moved(function, derivative, x, value) if largest_of(x.error) != 0 else x.error
    result = made(value, error, units, floor=floor)
    if gradient is not None:
        # The derivative at the conjugate is the conjugate derivative.
        result.links = linked((x, lambda g: gradient(g, x.conjugate, result.conjugate)))
    return result


def _moved(
    function: Callable[[Array], Array], derivative: Callable[[Array], Array], x: Quantity, value: Array
) -> Array:
    """How far a function goes where its argument is off: to first order, or as far as at either end, where it bends.

    The exponential of a number that is off by 0.3 is off by 35 %: a difference in low precision is.
    """
    found = times(derivative(x.value), x.error)
    off = np.where(np.isfinite(x.error), x.error, 0.0)
    for end in (x.value - off, x.value + off):  # beyond the function's domain there is none
        found = np.fmax(found, np.abs(function(end) - value))
    return found


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


def unpromised(found: Quantity, condition: Any) -> Quantity:
    """The same number, of whose value nothing is promised where a condition holds."""
    return Quantity(found.value, np.where(condition, np.inf, found.error), found.links)


def without_gradient(found: Quantity, x: Any, condition: Any) -> Quantity:
    """The same number, of whose gradient with respect to x nothing is promised where a condition holds."""
    x = quantity(x)

    def unknown(g: Quantity) -> Quantity:
        return Quantity(np.zeros(x.shape), np.where(condition, np.inf, 0.0))

    return Quantity(found.value, found.error, [*linked((found, lambda g: g)), *linked((x, unknown))])


def stored(x: Quantity) -> Quantity:
    """The number as a kernel keeps it: rounded to its format. The kernel's may be the neighbour, if it had an error."""
    with ignored():
        value = np.asarray(x.value.astype(named(current().name)), np.float64)
        moved = np.where(np.isfinite(value) & (x.error > 0), np.abs(value - x.value), 0.0)
    return Quantity(value, x.error + moved, linked((x, lambda g: g)))


def larger(one: Any, other: Any, tied: float = 0.5) -> Quantity:
    """The larger of two, NaN where one is; tied: share of the gradient that the first has where both are equal."""
    one, other = quantity(one), quantity(other)
    value = np.maximum(one.value, other.value)
    error = np.maximum(one.error, other.error)
    shares = (
        np.where(one.value == other.value, tied, (one.value > other.value) | np.isnan(one.value)),
        np.where(one.value == other.value, 1 - tied, (other.value > one.value) | np.isnan(other.value)),
    )
    errors = one.error + other.error
    with ignored():
        open_ = np.where((errors > 0) & (np.abs(one.value - other.value) <= errors), 1.0, 0.0)
    first, second = (Quantity(share, open_) for share in shares)
    reduced = _reduced(one), _reduced(other)
    return Quantity(
        value, error, linked((one, lambda g: reduced[0](g * first)), (other, lambda g: reduced[1](g * second)))
    )


def _reduced(x: Quantity) -> Backward:
    """The gradient of what was broadcast: the sum over the axes along which it was repeated."""

    def gradient(g: Quantity) -> Quantity:
        if g.is_complex and not x.is_complex:
            g = g.real
        if g.shape == x.shape:
            return g
        lead = g.ndim - x.ndim
        axes = [*range(lead), *(lead + i for i, n in enumerate(x.shape) if n == 1 and g.shape[lead + i] != 1)]
        found = sums.total(_between_kernels(g), tuple(axes)) if axes else g
        return sums.move(lambda array: array.reshape(x.shape), found)

    return gradient


def _between_kernels(g: Quantity) -> Quantity:
    """A gradient as one kernel leaves it for the next, which sums it: in the format of the results."""
    if WIDER.get(returned()) != current().name:
        return g
    with computed_in(returned()):
        return made(g.value, g.error, 1, *g.links)


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
    if dtype in ("float64", "complex128"):
        return Acceptance(value, 2 * error, dtype=dtype)
    if dtype != inner and dtype in FORMATS:
        with computed_in(dtype):
            last = made(value, error, 1)
        value, error = last.value, last.error
    return Acceptance(value, error, dtype=dtype)


from conformance import sums  # noqa: E402  (it is built on the above, and the methods call it)
