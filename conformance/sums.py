"""Sums, products and moves of quantities: what goes over axes rather than element by element."""

from __future__ import annotations

import contextlib
import contextvars
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from conformance.dtypes import named
from conformance.number_formats import Format, accumulator, current, ignored
from conformance.quantity import Array, Backward, Quantity, linked, made, quantity, scaled

PROBABLE = 3.0
"""A sum of n terms is off by at most min(n, 3 sqrt n) roundings of the sum of magnitudes (accuracy.dot)."""
IN_A_ROW = 1024
"""So many terms a kernel may add one after another; more of them it has to add in parts."""
_row: contextvars.ContextVar[int] = contextvars.ContextVar("row", default=IN_A_ROW)
FEW = 9
"""So few terms may round at random as far as in step."""
ACCUMULATORS = (1, 2, 4)
"""Partial sums that a kernel may keep side by side; in more of them, terms drift less than they scatter."""
GRID = 1024.0
"""Sums of multiples of 1 / GRID are exact in every order while their magnitudes stay within the format's integers."""


def move(function: Callable[..., Array], *inputs: Any, fill: float = 0.0) -> Quantity:
    """What ``function`` makes of arrays by moving, repeating or leaving out their elements, whatever it is.

    It is called with arrays of the inputs' shapes, and may write -1 where an element is ``fill``. The gradient of an
    element is the sum over the places that it went to.
    """
    found = [quantity(each) for each in inputs]
    if len(found) == 1:
        return _moved(function, found[0], fill)
    ends = np.cumsum([0, *(each.value.size for each in found)])
    places = [
        np.arange(start, start + each.value.size).reshape(each.shape) for start, each in zip(ends, found, strict=False)
    ]
    index = np.asarray(function(*places))
    pool = np.concatenate([*(each.value.ravel() for each in found), [fill]])
    errors = np.concatenate([*(each.error.ravel() for each in found), [0.0]])

    def back(start: int, each: Quantity) -> Backward:
        def gradient(g: Quantity) -> Quantity:
            return gathered(g, index - start, each.shape)

        return gradient

    links = linked(*((each, back(int(start), each)) for start, each in zip(ends, found, strict=False)))
    return Quantity(pool[index], errors[index], links)


def _moved(function: Callable[..., Array], x: Quantity, fill: float) -> Quantity:
    """:func:`move` of one quantity."""
    index = np.asarray(function(np.arange(x.value.size).reshape(x.shape)))
    pool, errors = x.value.reshape(-1), x.error.reshape(-1)
    if index.size and index.min() < 0:
        pool, errors = np.append(pool, fill), np.append(errors, 0.0)
    return Quantity(pool[index], errors[index], linked((x, lambda g: gathered(g, index, x.shape))))


def gathered(g: Quantity, index: Array, shape: tuple[int, ...]) -> Quantity:
    """The sum of the elements of ``g`` over the flat place of an array of ``shape`` that ``index`` says for each."""
    size = math.prod(shape)
    valid = (index >= 0) & (index < size)
    where_to = index[valid]
    counts = np.bincount(where_to, minlength=size) if where_to.size else np.zeros(size, np.int64)
    value, error, magnitude = np.zeros(size, g.value.dtype), np.zeros(size), np.zeros(size)
    with ignored():
        np.add.at(value, where_to, g.value[valid])
        np.add.at(error, where_to, g.error[valid])
        np.add.at(magnitude, where_to, np.abs(g.value[valid]))
    # A scatter adds to its result in place, in the result's own precision.
    rounding = np.where(counts > 1, rounding_of_sum(g.value[valid], magnitude, np.maximum(counts, 1), current()), 0.0)
    return Quantity(value.reshape(shape), np.nan_to_num(error + rounding, nan=np.inf, posinf=np.inf).reshape(shape))


def exact_in_every_order(terms: Array, magnitude: Array, form: Format) -> bool:
    """Whether sums of these terms, of this sum of magnitudes, need no rounding whichever are added first."""
    with ignored():
        parts = terms * GRID
        return bool((parts == np.rint(parts)).all() and np.all(magnitude * GRID < 2.0**form.bits))


def exact_products(one: Array, other: Array, magnitude: Array) -> bool:
    """The same of sums of products of these, in the accumulator."""
    small = all(np.array_equal(each * 32, np.rint(each * 32)) for each in (one, other))
    return small and bool(np.all(magnitude * GRID < 2.0 ** accumulator().bits))


def owed(count: Any) -> Array:
    """Roundings of a sum of so many terms that a correct kernel makes at most, whatever the terms are.

    The sum of equal positive terms drifts: each partial sum may be rounded the same way. Kernels that add a million
    terms one after another are off by per cents, so a bound that grew with the count would excuse anything. What is
    owed is blocks of :data:`IN_A_ROW` terms, and sums of blocks in pairs, or a wider accumulator, which makes less.
    """
    count = np.asarray(count, np.float64)
    length = _row.get()
    return np.minimum(count, length + np.ceil(np.log2(np.maximum(count / length, 1.0))))


def row() -> int:
    """So many terms the kernels of the lane being judged may add one after another."""
    return _row.get()


@contextlib.contextmanager
def in_one_row() -> Iterator[None]:
    """Let kernels add all terms of a sum one after another, however many: what a variant does that owes more."""
    token = _row.set(2**62)
    try:
        yield
    finally:
        _row.reset(token)


def rounding_of_sum(
    terms: Array,
    magnitude: Array,
    count: Any,
    form: Format | None = None,
    drifting: Callable[[Format], Array] | None = None,
) -> Array:
    """The rounding of sums of ``count`` of these terms, of this sum of magnitudes; none where every order is exact.

    drifting: gives their :func:`drift` in a format. A sum in low precision is that of a wider accumulator: who calls
    this adds the one rounding of the result.
    """
    form = form or accumulator()
    if exact_in_every_order(terms, magnitude, form):
        return np.zeros(np.shape(magnitude))
    count = np.asarray(count, np.float64)
    finite = np.where(np.isfinite(magnitude), magnitude, 0.0)
    likely = form.unit * PROBABLE * np.sqrt(count) * finite
    if drifting is not None:
        likely = likely + drifting(form)
    rounding = np.minimum(form.unit * owed(count) * finite, likely) + count * form.smallest
    return np.where(magnitude > form.largest, np.inf, rounding)


def drift(terms: Array, value: Array, form: Format) -> Array:
    """How far sums of these terms along the last axis go from their values, added one after another by a kernel.

    A partial sum is a multiple of its last place, so that what an addition loses hangs on the term alone: equal terms,
    and terms below that place, are all rounded to the same side, which no probable bound allows for.
    """
    found = np.zeros(value.shape)
    with np.errstate(all="ignore"):
        kind = named(form.name)
        held = terms.astype(kind)
        for count in ACCUMULATORS:
            parts = -(-terms.shape[-1] // (_row.get() * count))
            rows = -(-terms.shape[-1] // (parts * count))
            room = [(0, 0)] * (terms.ndim - 1) + [(0, parts * rows * count - terms.shape[-1])]
            blocks = np.pad(held, room).reshape(*terms.shape[:-1], parts, rows, count)
            ends = np.add.accumulate(blocks, axis=-2, dtype=kind)[..., -1, :].astype(np.float64)
            found = np.maximum(found, np.abs(ends.sum(axis=(-1, -2)) - value))
    return np.where(np.isfinite(found), found, 0.0)


def joined(parts: Sequence[Any], axis: int) -> Quantity:
    """As ``numpy.concatenate``."""
    return move(lambda *arrays: np.concatenate(arrays, axis=axis), *parts)


def begun_with(offset: Any, found: Quantity, terms: int) -> Quantity:
    """Sums of so many products plus an offset, which a kernel may begin with: it takes part in all roundings then."""
    offset = quantity(offset)
    made_of = found + offset
    more = accumulator().unit * min(terms + 1, PROBABLE * math.sqrt(terms + 1)) * np.abs(offset.value)
    made_of.error = np.where(made_of.error > 0, made_of.error + more, 0.0)
    return made_of


def in_a_row(parts: Sequence[Any]) -> Quantity:
    """All elements of several quantities as one, so that one gradient speaks of all of them."""
    return joined([quantity(each).reshape(-1) for each in parts], 0)


def rounded_once(found: Quantity) -> Quantity:
    """What a wider accumulator holds, as it is stored."""
    return found if accumulator() is current() else made(found.value, found.error, 1, *found.links)


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes that are meant, from the front; all of them where none is named."""
    if axis is None:
        return tuple(range(rank))
    return tuple(int(each) % rank if rank else 0 for each in np.atleast_1d(axis))


def total(x: Any, axis: Any = None, keepdims: bool = False) -> Quantity:
    """The sum over axes."""
    x = quantity(x)
    axes = axes_of(axis, x.ndim) if x.ndim else ()
    count = math.prod(x.shape[each] for each in axes)
    with ignored():
        value = x.value.sum(axis=axes, keepdims=keepdims)
        error = x.error.sum(axis=axes, keepdims=keepdims)
        magnitude = np.abs(x.value).sum(axis=axes, keepdims=keepdims)
    rounding: Any = 0.0
    if count > 1:
        drifting = None if count <= FEW or x.is_complex else lambda form: _drift_over(x.value, axes, value, form)
        rounding = rounding_of_sum(x.value, magnitude, count, drifting=drifting)
    error = np.where(np.isfinite(value), error + rounding, np.where((error > 0) | np.isfinite(magnitude), np.inf, 0.0))
    kept = tuple(1 if place in axes else length for place, length in enumerate(x.shape))

    def gradient(g: Quantity) -> Quantity:
        return move(lambda array: np.broadcast_to(array.reshape(kept), x.shape), g)

    found = Quantity(value, error, linked((x, gradient)))
    return rounded_once(found) if count > 1 else found


def _drift_over(terms: Array, axes: tuple[int, ...], value: Array, form: Format) -> Array:
    kept = [place for place in range(terms.ndim) if place not in axes]
    rows = terms.transpose(*kept, *axes).reshape(*(terms.shape[each] for each in kept), -1)
    return drift(rows, value.reshape(rows.shape[:-1]), form).reshape(value.shape)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Quantity:
    """The sum over axes divided by the count, or multiplied with its rounded reciprocal: two roundings more."""
    x = quantity(x)
    count = math.prod(x.shape[each] for each in (axes_of(axis, x.ndim) if x.ndim else ()))
    exact = count > 0 and count & (count - 1) == 0
    return scaled(total(x, axis, keepdims), 1 / count if count else np.nan, 1 if exact else 2)


def einsum(subscripts: str, one: Any, other: Any) -> Quantity:
    """A sum of products of two quantities, as ``numpy.einsum`` writes it (``"ij,jk->ik"``, no letter twice in one)."""
    one, other = quantity(one), quantity(other)
    sides, out = subscripts.split("->")
    first, second = sides.split(",")
    lengths = dict(zip(first + second, one.shape + other.shape, strict=True))
    count = math.prod(length for letter, length in lengths.items() if letter not in out)

    def product(a: Array, b: Array) -> Array:
        with ignored():
            return np.einsum(subscripts, a, b, optimize=True)

    value, magnitude = product(one.value, other.value), product(np.abs(one.value), np.abs(other.value))
    error = product(one.error, np.abs(other.value)) + product(np.abs(one.value), other.error)
    exact = exact_products(one.value, other.value, magnitude)
    parts = 2 if one.is_complex and other.is_complex else 1  # each part of the result is the sum of two products
    rounding = 0.0 if exact else parts * rounding_of_sum(np.array([np.pi]), magnitude, max(parts * count, 1))
    error = np.nan_to_num(error, nan=np.inf, posinf=np.inf)
    unsure = np.where(error > 0, np.inf, 0.0) if one.error.any() or other.error.any() else 0.0
    error = np.where(np.isfinite(value), error + rounding, unsure)

    def back(mine: str, others: str, leaf: Quantity, held: Quantity) -> Backward:
        def gradient(g: Quantity) -> Quantity:
            known = "".join(letter for letter in mine if letter in out + others)
            found = einsum(f"{out},{others}->{known}", g, held.conjugate)
            found = found.real if found.is_complex and not leaf.is_complex else found
            alone = [mine.index(letter) for letter in mine if letter not in known]
            return (
                move(lambda array: np.broadcast_to(np.expand_dims(array, alone), leaf.shape), found) if alone else found
            )

        return gradient

    links = linked((one, back(first, second, one, other)), (other, back(second, first, other, one)))
    return rounded_once(Quantity(value, error, links))
