"""What stands between brackets: reading and assigning, with integers, slices, None, an ellipsis, tensors and masks.

In float16 both frameworks add up the gradients of an element that is named twice in float16: ``index.integers`` tells
so once (index-half-sums), the others are judged as made of such steps.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.moves import moved, with_gradient_of
from conformance.operators import EVERY, Floats, in_steps, operator
from conformance.quantity import Quantity
from suites.support import indices
from suites.support.cut_off import cut_off

AREA = "indexing"

GET = ("paddle.Tensor.__getitem__",)


def _read(x, index, first=None, second=None):
    return moved(lambda a: indices.taken(a, index, first=first, second=second), x)


def _counted_once_more(x, index):
    read = indices.counted_once_more(x.shape, index)
    if isinstance(read, str):
        return Rejects("the slice ends before it begins", read)
    return moved(lambda a: indices.taken_none_moved(a, read), x)


def _no_negative(index, first, second):
    """The refusal of a tensor or list of integers that counts from the back."""
    tensors = [np.asarray(each) for each in (*index, first, second) if isinstance(each, list | np.ndarray)]
    if not any((each < 0).any() for each in tensors):
        return None
    return Rejects("a negative index", error="The value of Input(index) must be no less than 0")


def _two_dtypes_refused(told):
    def found(x, index, first, second):
        if indices.of_two_dtypes(index, first, second):
            return Rejects("a list beside a tensor of int32", error=told)
        return _read(x, index, first, second)

    return found


INCONSISTENT = "The data_type of input tensor in list isn't consistent"
UNLIKE = "The type of data we are trying to retrieve"


@operator("index.basic", area=AREA, cases=indices.basic(), dtypes=EVERY, share=0.5, covers=GET)
class basic:
    """Integers, slices with steps, None and an ellipsis, from either end and beyond it."""

    @staticmethod
    def both(f, x, index):
        return x[indices.key(index)]

    value = _read
    variant_none_moved = lambda x, index: moved(lambda a: indices.taken_none_moved(a, index), x)

    variant_ends_counted_once_more = _counted_once_more

    @staticmethod
    def variant_whole_without_gradient(x, index):
        """As ends_counted_once_more; what an ellipsis alone reads is the input itself, which gets no gradient."""
        if index != ["..."]:
            return _counted_once_more(x, index)
        found = _read(x, index)
        return found.with_gradient(x, lambda g: g * 0.0) if isinstance(found, Quantity) else found

    note = "A slice with a negative step reverses in paddle and is refused by torch, which has flip."


@operator("index.integers", area=AREA, cases=indices.integers(), dtypes=EVERY, share=0.5, covers=GET)
class integers:
    """Tensors or lists of integers, some negative, that broadcast; an element named twice gets both gradients."""

    @staticmethod
    def both(f, x, index, first, second):
        return x[indices.key(index, first=first, second=second)]

    value = _read
    variant_half_sums = in_steps(_read)
    variant_half_sums_cut_off = in_steps(
        lambda x, index, first, second: cut_off(_read(x, index, first=first, second=second))
    )
    variant_no_negative = lambda x, index, first, second: (
        _no_negative(index, first, second) or _read(x, index, first, second)
    )
    variant_dtypes_inconsistent = _two_dtypes_refused(INCONSISTENT)
    variant_dtypes_unlike = _two_dtypes_refused(UNLIKE)


def _ellipsis_refused(told, anywhere=True):
    """Beside a tensor of integers a program takes no ellipsis: anywhere, or behind it alone."""

    def found(x, index, first, second):
        tensors = [place for place, part in enumerate(index) if part in ("first", "second")]
        if "..." in index and tensors and (anywhere or index.index("...") > tensors[0]):
            return Rejects("an ellipsis beside a tensor", error=told)
        return _read(x, index, first, second)

    return found


@operator(
    "index.mixed", area=AREA, cases=indices.integers(mixed=True), dtypes=EVERY, stepwise=True, share=0.5, covers=GET
)
class mixed:
    """Tensors of integers among integers, slices, None and an ellipsis: side by side or apart, as NumPy has it."""

    @staticmethod
    def both(f, x, index, first, second):
        return x[indices.key(index, first=first, second=second)]

    value = _read
    variant_ellipsis_behind_refused = _ellipsis_refused("must be double, but got ellipsis", anywhere=False)
    variant_ellipsis_refused = _ellipsis_refused("must be double, but got")
    variant_ellipsis_no_number = _ellipsis_refused("must be a string or a real number, not")
    variant_no_negative = lambda x, index, first, second: (
        _no_negative(index, first, second) or _read(x, index, first, second)
    )
    variant_dtypes_inconsistent = _two_dtypes_refused(INCONSISTENT)
    variant_dtypes_unlike = _two_dtypes_refused(UNLIKE)


@st.composite
def _columns(draw):
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    chosen = draw(st.lists(st.integers(0, min(rows, columns) - 1), min_size=1, max_size=4))
    return {"x": Floats((rows, columns), views=False), "first": np.array(chosen, np.int64)}


@operator("index.transposed", area=AREA, cases=_columns(), dtypes=EVERY, stepwise=True, covers=GET)
class transposed:
    """Columns of a transposed matrix."""

    both = lambda f, x, first: x.T[:, first]
    value = lambda x, first: moved(lambda a: a.T[:, first], x)
    variant_rows = lambda x, first: moved(lambda a: a.T[first].T, x)
    variant_strides_of_the_view = lambda x, first: moved(
        lambda a: a.T.ravel()[np.arange(a.shape[1])[:, None] + a.shape[1] * first], x
    )


@operator(
    "index.none_first",
    area=AREA,
    cases=st.fixed_dictionaries(
        {
            "x": st.lists(st.integers(1, 4), min_size=1, max_size=3).map(lambda n: Floats(tuple(n), views=False)),
            "first": st.integers(1, 3).map(lambda n: np.zeros(n, np.int64)),
        }
    ),
    dtypes=EVERY,
    stepwise=True,
    covers=GET,
)
class none_first:
    """None before a tensor of integers, each of which is 0, is a first axis."""

    both = lambda f, x, first: x[None, first]
    value = lambda x, first: moved(lambda a: a[None, first], x)
    variant_tensor_first = lambda x, first: moved(lambda a: a[None][first], x)


@st.composite
def _thin(draw):
    shape = tuple(draw(st.integers(1, 4)) for _ in range(3))
    chosen = draw(st.lists(st.integers(0, shape[1] - 1), min_size=1, max_size=4))
    return {
        "x": Floats(shape, views=False),
        "first": np.array(chosen, np.int64),
        "step": shape[2] + draw(st.integers(0, 12)),
    }


@operator("index.thin_slice", area=AREA, cases=_thin(), dtypes=EVERY, stepwise=True, covers=GET)
class thin_slice:
    """A tensor of integers beside a slice of which a step leaves one element."""

    both = lambda f, x, first, step: x[:, first, ::step]
    value = lambda x, first, step: moved(lambda a: a[:, first, ::step], x)
    variant_other_order = lambda x, first, step: with_gradient_of(
        moved(lambda a: a[:, first, ::step], x), moved(lambda a: _thinned(a, first, step), x)
    )


def _thinned(array, first, step):
    found = array[:, first, ::step]
    if step <= array.shape[1] * array.shape[2]:
        return found
    return np.ascontiguousarray(found.swapaxes(0, 1)).reshape(found.shape)


def _by(take, reason):
    """What takes by masks in a way of its own, or says in words that it refuses to."""

    def found(x, index, first, second):
        words = take(np.zeros(x.shape), index, first)
        if isinstance(words, str):
            return Rejects(reason, error=words)
        return moved(lambda a: take(a, index, first), x)

    return found


@operator("index.masks", area=AREA, cases=indices.masks(), dtypes=EVERY, share=0.5, covers=GET)
class masks:
    """Truth values for one axis or several, with other parts around them; they may choose nothing."""

    @staticmethod
    def both(f, x, index, first, second):
        return x[indices.key(index, first=first, second=second)]

    value = _read

    variant_by_its_first_axis = _by(indices.taken_by_its_first_axis, "a mask of several axes beside a slice")
    variant_by_its_second_axis = _by(indices.taken_by_its_second_axis, "a slice behind a mask of several axes")
