"""Rows that are looked up by number: every index type, the padding row at both ends, rows of bounded length."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.attention import largest
from conformance.functions import sqrt
from conformance.number_formats import computed_in, returned
from conformance.operators import Floats, Integers, Structure, each, operator
from conformance.quantity import Quantity, divide, quantity, scaled, where
from conformance.strategies import COUNTS
from conformance.sums import gathered, move
from suites.support.given_weights import called

AREA = "embedding"


@st.composite
def _lookups(draw: st.DrawFn, /, **options) -> Structure:
    """A table of one or many rows, and numbers of rows of any shape: none, repeated, of both ends."""
    rows = draw(st.one_of(st.integers(1, 6), st.sampled_from(COUNTS)))
    width = draw(st.one_of(st.integers(1, 5), each(1, 64, 33)))
    shape = tuple(draw(st.lists(each(2, 1, 3, 5, 0, 17), max_size=3)))
    indices = Integers(shape, 0, rows, draw(each("int64", "int32")))
    weight = Floats((rows, width))
    padding = draw(each(None, 0, rows - 1, -1, -rows, draw(st.integers(-rows, rows - 1))))
    drawn = {name: draw(each(*values)) for name, values in options.items()}
    return {"indices": indices, "weight": weight, "padding": padding, **drawn}


def _looked_up(f, indices, weight, padding, by_frequency, how):
    """By the module, by position, or by the names that programs write."""
    if how == "module":
        options = {} if not by_frequency else {"scale_grad_by_freq": True}
        layer = f.nn.Embedding(*weight.shape, padding, **options)
        return called(f, layer, {"weight": weight}, indices)
    if how == "position" and not by_frequency:
        return f.nn.functional.embedding(indices, weight, padding)
    options = {"scale_grad_by_freq": True} if by_frequency else {}
    return f.nn.functional.embedding(indices, weight=weight, padding_idx=padding, sparse=False, **options)


def _rows(indices, weight, padding, by_frequency, how, blank=False, narrow=0.0):
    """blank: the padding row is looked up as zeros. narrow: a gradient's rounding errors, in those of its own dtype."""
    count = weight.shape[0]
    found = move(lambda array: array[indices], weight)
    if narrow:
        found = found.with_gradient(weight, _added_in_its_dtype(indices, weight.shape, narrow))
    uses = np.bincount(indices.ravel(), minlength=count)[indices].astype(float)[..., None]
    used = (indices != (count if padding is None else padding % count))[..., None]

    def gradient(g: Quantity) -> Quantity:
        kept = where(used, g, 0.0)
        return scaled(kept, 1 / uses, 2) if by_frequency else kept

    found = found.with_gradient(found, gradient)
    return where(used, found, 0.0) if blank else found


def _added_in_its_dtype(indices, shape, units):
    places = np.arange(shape[0] * shape[1]).reshape(shape)[indices]

    def gradient(g: Quantity) -> Quantity:
        with computed_in(returned()):
            found = gathered(g.plain, places, shape)
        return Quantity(found.value, units * found.error)

    return gradient


@operator(
    "embedding.lookup",
    area=AREA,
    cases=_lookups(by_frequency=(False, False, True), how=("names", "position", "module")),
    gradients=("weight",),
    covers=("nn.Embedding", "paddle.nn.functional.embedding"),
)
class lookup:
    """Rows of a table; the gradient of a row is the sum over its uses, or their mean, and 0 for the padding row."""

    both = _looked_up
    value = _rows
    variant_zeros = lambda **inputs: _rows(**inputs, blank=True)
    variant_frequency_absent = lambda **inputs: (
        Rejects("nothing is known of frequencies", "unexpected keyword argument 'scale_grad_by_freq'")
        if inputs["by_frequency"]
        else _rows(**inputs, blank=True)
    )
    variant_half_sums = lambda **inputs: _rows(**inputs, narrow=1.0)
    # Until 3.1 paddle cuts digits of float16 off, rather than to round.
    variant_zeros_and_half_sums = lambda **inputs: _rows(**inputs, blank=True, narrow=2.0)


def _shortened(indices, weight, longest, order):
    """The table after every row that is looked up was made no longer than so much."""
    size = abs(weight)
    if order == np.inf:
        norm = largest(size, -1)
    else:
        norm = sqrt((size * size).sum(-1, keepdims=True)) if order == 2 else size.sum(-1, keepdims=True)
    shorter = weight * divide(longest, norm + 1e-7, 2)
    asked = np.isin(np.arange(weight.shape[0]), indices)[:, None]
    found = where(asked & (norm.value > longest), shorter, weight).plain
    # At the threshold a row may be shortened or not.
    uncertain = asked & (np.abs(norm.value - longest) <= norm.error)
    found.error = found.error + np.where(uncertain, np.abs(weight.value) * (2 * norm.error + 1e-7) / longest, 0.0)
    return found


def _rows_of_shortened(indices, weight, longest, order):
    table = _shortened(indices, weight, longest, order)
    found = _rows(indices, table.with_gradient(weight, lambda g: g), None, False, "names")
    return {"output": found, "table": table}


@st.composite
def _bounded_lookups(draw: st.DrawFn) -> Structure:
    drawn = dict(draw(_lookups()))
    del drawn["padding"]
    drawn["weight"] = Floats(drawn["weight"].shape, specials=False)
    return {**drawn, "longest": draw(each(1.0, 2.0, 0.1)), "order": draw(each(2.0, 1.0, np.inf))}


def _bounded(f, indices, weight, longest, order):
    table = weight * 1
    found = f.nn.functional.embedding(indices, table, max_norm=longest, norm_type=order)
    return {"output": found, "table": table}


@operator(
    "embedding.bounded",
    area=AREA,
    cases=_bounded_lookups(),
    gradients=("weight",),
    dtypes=("float32", "float64"),
    families=("normal", "sparse", "heavy", "positive"),
    share=0.2,
    covers=("nn.Embedding", "paddle.nn.functional.embedding"),
)
class bounded:
    """Rows that are looked up are first shortened to a length in the table itself, without a gradient of that."""

    both = _bounded
    value = _rows_of_shortened
    variant_absent = lambda **inputs: Rejects("no length is taken", "unexpected keyword argument 'max_norm'")
    variant_never_in_programs = lambda **inputs: Rejects("no program has it", "bool(Tensor) is not supported in static")
    variant_view_in_programs = lambda **inputs: Rejects("no program has it", "is a viewed Tensor in dygraph")
    variant_nothing_refused = lambda **inputs: (
        _rows_of_shortened(**inputs)
        if inputs["indices"].size or inputs["indices"].ndim == 1 or inputs["indices"].shape[1:] == (1,)
        else Rejects("no row is looked up", "must be 1-D tensor")
    )
    variant_all_nothing_refused = lambda **inputs: (
        _rows_of_shortened(**inputs)
        if inputs["indices"].size
        else Rejects("no row is looked up", "The length of Input(Index) can't be 0")
    )
    variant_empty_refused = lambda **inputs: (
        _rows_of_shortened(**inputs)
        if inputs["indices"].size
        else Rejects("no row is looked up", "The value of target shape cannot be zero")
    )


@st.composite
def _classes(draw: st.DrawFn, /, outside: bool = False) -> Structure:
    count = draw(st.one_of(st.integers(1, 6), st.sampled_from(COUNTS)))
    shape = tuple(draw(st.lists(each(2, 1, 3, 5, 17), max_size=3)))
    low, high = draw(each((0, count + 1), (-1, count))) if outside else (0, count)
    shape = (2, *shape) if outside else shape  # both ends of the range are among them
    classes = count if outside or draw(st.booleans()) else -1
    return {
        "indices": Integers(shape, low, high, draw(each("int64", "int32")) if outside else "int64"),
        "classes": classes,
    }


def _one_hot(indices, classes):
    count = int(indices.max()) + 1 if classes == -1 else classes
    return quantity(indices[..., None] == np.arange(count))


@operator(
    "embedding.one_hot",
    area=AREA,
    cases=_classes(),
    gradients=(),
    dtypes=("float32",),
    share=0.1,
    covers=("F.one_hot",),
)
class one_hot:
    """A 1 at the place of each class; their number is given, or one more than the largest."""

    torch = lambda f, indices, classes: f.nn.functional.one_hot(indices, classes).to(f.float32)
    paddle = lambda f, indices, classes: f.nn.functional.one_hot(indices, classes)
    value = _one_hot
    variant_number_needed = lambda indices, classes: (
        Rejects("the number of classes is needed", "The meta data must be valid")
        if classes == -1
        else _one_hot(indices, classes)
    )
    note = "torch.nn.functional.one_hot gives int64, paddle's gives float32."


@operator(
    "embedding.one_hot_refusals",
    area=AREA,
    cases=_classes(outside=True),
    gradients=(),
    dtypes=("float32",),
    share=0.05,
    covers=("F.one_hot",),
)
class one_hot_refusals:
    """A class below 0, or one that is not below their number, is refused."""

    both = lambda f, indices, classes: f.nn.functional.one_hot(indices, classes)
    value = lambda indices, classes: Rejects("there is no such class")


@operator(
    "embedding.padding_refusals",
    area=AREA,
    cases=each(1, 3, 5).flatmap(
        lambda rows: each(rows, rows + 2, -rows - 1).map(
            lambda padding: {"indices": Integers((2,), 0, rows), "weight": Floats((rows, 2)), "padding": padding}
        )
    ),
    gradients=(),
    dtypes=("float32",),
    share=0.05,
    covers=("nn.Embedding", "paddle.nn.functional.embedding"),
)
class padding_refusals:
    """A padding row that the table has not is refused."""

    both = lambda f, indices, weight, padding: f.nn.functional.embedding(indices, weight, padding)
    value = lambda indices, weight, padding: Rejects("there is no such row")
    variant_none_below = lambda indices, weight, padding: (
        _rows(indices, weight, None, False, "names") if padding < 0 else Rejects("", "padding_idx must be within")
    )
