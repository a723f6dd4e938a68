"""What stands between brackets: reading and assigning, with integers, slices, None, an ellipsis, tensors and masks."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.moves import moved
from conformance.operators import EVERY, Floats, each, operator
from suites.support import indices

AREA = "indexing"
SET = ("paddle.Tensor.__setitem__",)
GET = ("paddle.Tensor.__getitem__", "tensor.indexing")


def _read(x, index, first=None, second=None):
    return moved(lambda a: a[indices.key(index, first=first, second=second)], x)


@operator("index.basic", area=AREA, cases=indices.basic(), dtypes=EVERY, share=0.5, covers=GET)
class basic:
    """Integers, slices with steps, None and an ellipsis, from either end and beyond it."""

    def both(f, x, index):
        return x[indices.key(index)]

    value = _read
    note = "A slice with a negative step reverses in paddle and is refused by torch, which has flip."


@operator("index.integers", area=AREA, cases=indices.integers(), dtypes=EVERY, share=0.5, covers=GET)
class integers:
    """Tensors or lists of integers, some of them negative, that broadcast; an element named twice gets both gradients."""

    def both(f, x, index, first, second):
        return x[indices.key(index, first=first, second=second)]

    value = _read


@operator("index.mixed", area=AREA, cases=indices.integers(mixed=True), dtypes=EVERY, share=0.5, covers=GET)
class mixed:
    """Tensors of integers among integers, slices, None and an ellipsis: side by side or apart, as NumPy has it."""

    def both(f, x, index, first, second):
        return x[indices.key(index, first=first, second=second)]

    value = _read


@operator("index.masks", area=AREA, cases=indices.masks(), dtypes=EVERY, share=0.5, covers=GET)
class masks:
    """Truth values for one axis or several, with other parts around them; they may choose nothing."""

    def both(f, x, index, first, second):
        return x[indices.key(index, first=first, second=second)]

    value = _read


def _any(repeated=True):
    ways = indices.basic(), indices.integers(mixed=True, repeated=repeated), indices.masks()
    return st.one_of(*ways).map(lambda drawn: {"first": None, "second": None, **drawn})


def _written(array, new, index, first, second):
    found = array.copy()
    found[indices.key(index, first=first, second=second)] = new
    return found


@operator(
    "index.set_number",
    area=AREA,
    cases=_any().flatmap(lambda drawn: each(3, 1, 0).map(lambda number: {**drawn, "number": number})),
    dtypes=EVERY,
    share=0.75,
    covers=SET,
)
class set_number:
    """A number written to a part, which has no gradient any more."""

    def both(f, x, index, first, second, number):
        y = x.clone()
        y[indices.key(index, first=first, second=second)] = number
        return y

    value = lambda x, index, first, second, number: moved(
        lambda a: _written(a, -1, index, first, second), x, fill=number
    )


@st.composite
def _assigned(draw):
    """An assignment of a tensor that broadcasts to what it goes to."""
    drawn = draw(_any(repeated=False))
    index = indices.key(drawn["index"], first=drawn["first"], second=drawn["second"])
    target = np.empty(drawn["x"].shape)[index].shape
    kept = draw(st.integers(0, len(target)))
    return {**drawn, "v": Floats(tuple(n if draw(st.integers(0, 3)) else 1 for n in target[kept:]))}


@operator(
    "index.set_tensor", area=AREA, cases=_assigned(), gradients=("x", "v"), dtypes=EVERY, share=0.75, covers=SET
)
class set_tensor:
    """A broadcast tensor written to a part: what was there has no gradient any more, what is new has."""

    def both(f, x, v, index, first, second):
        y = x.clone()
        y[indices.key(index, first=first, second=second)] = v
        return y

    value = lambda x, v, index, first, second: moved(lambda a, b: _written(a, b, index, first, second), x, v)


