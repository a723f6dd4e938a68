"""Assignment to what stands between brackets: numbers and tensors, and the gradients of both."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.moves import moved, with_gradient_of
from conformance.number_formats import returned
from conformance.operators import EVERY, INTEGERS, Floats, each, in_steps, operator
from suites.support import indices

AREA = "assignment"
SET = ("paddle.Tensor.__setitem__",)
BOTH = ("x", "v")


def _whole_behind(drawn):
    """No slice behind a mask of several axes: see assign-number-behind-masks."""
    rest = drawn["index"][1:]
    return drawn if drawn["first"].ndim == 1 else {**drawn, "index": ["first", *[(None, None, None)] * len(rest)]}


def _any():
    """Every kind of index; masks come first, see assign-columns-rows."""
    masks = indices.masks().filter(lambda drawn: drawn["index"][0] == "first").map(_whole_behind)
    chosen = indices.integers(mixed=True).filter(lambda drawn: None not in drawn["index"])
    ways = indices.basic(), chosen, masks
    return st.one_of(*ways).map(lambda drawn: {"first": None, "second": None, **drawn})


def _taken(array, index, first, second):
    return indices.taken(array, index, first=first, second=second)


def _written(array, new, index, first, second):
    found = array.copy()
    found.reshape(-1)[_taken(np.arange(array.size).reshape(array.shape), index, first, second)] = new
    return found


def _no_axes(x):
    """The refusal of a tensor without axes."""
    return None if x.shape else Rejects("nothing has axes", error="input should be less than 7")


@operator(
    "assign.number",
    area=AREA,
    cases=_any().flatmap(lambda drawn: each(3, 1, 0).map(lambda number: {**drawn, "number": number})),
    dtypes=EVERY,
    share=0.75,
    covers=SET,
)
class number:
    """A number written to a part, which has no gradient any more."""

    @staticmethod
    def both(f, x, index, first, second, number):
        y = x.clone()
        y[indices.key(index, first=first, second=second)] = number
        return y

    value = lambda x, index, first, second, number: moved(
        lambda a: _written(a, -1, index, first, second), x, fill=number
    )
    variant_not_without_axes_at_all = lambda x, index, first, second, number: (
        _no_axes(x) or moved(lambda a: _written(a, -1, index, first, second), x, fill=number)
    )
    variant_not_without_axes = lambda x, index, first, second, number: (
        (None if returned() == "float32" else _no_axes(x))
        or moved(lambda a: _written(a, -1, index, first, second), x, fill=number)
    )

    @staticmethod
    def variant_ends_counted_once_more(x, index, first, second, number):
        if not x.shape:
            return _no_axes(x)
        if first is None:
            index = indices.counted_once_more(x.shape, index, written=True)
        if isinstance(index, str):
            return Rejects("the slice ends before it begins", index)
        return moved(lambda a: _written(a, -1, index, first, second), x, fill=number)

    variant_gradient_of_what_was_there = lambda x, index, first, second, number: with_gradient_of(
        moved(np.copy, x), moved(lambda a: _written(a, -1, index, first, second), x, fill=number)
    )


@st.composite
def _assigned(draw, cases):
    """An assignment of a tensor of the last axes of what it goes to, which is not nothing."""
    drawn = {"first": None, "second": None, **draw(cases)}
    target = _taken(np.empty(drawn["x"].shape), drawn["index"], drawn["first"], drawn["second"]).shape
    if 0 in target:
        drawn = {"x": Floats((2, 3), views=False), "index": [0], "first": None, "second": None}
        target = (3,)
    return {**drawn, "v": Floats(target[draw(st.integers(0, len(target))) :])}


@operator(
    "assign.tensor",
    area=AREA,
    cases=_assigned(indices.basic().filter(lambda drawn: None not in drawn["index"])),
    gradients=BOTH,
    dtypes=EVERY,
    share=0.5,
    covers=SET,
)
class tensor:
    """A tensor written to a part, repeated along its first axes: the part has no gradient any more, the tensor has."""

    @staticmethod
    def both(f, x, v, index, first, second):
        y = x.clone()
        y[indices.key(index, first=first, second=second)] = v
        return y

    value = lambda x, v, index, first, second: moved(lambda a, b: _written(a, b, index, first, second), x, v)
    variant_rounded_sums = in_steps(
        lambda x, v, index, first, second: moved(lambda a, b: _written(a, b, index, first, second), x, v)
    )
    variant_not_without_axes = lambda x, v, index, first, second: (
        _no_axes(x) or moved(lambda a, b: _written(a, b, index, first, second), x, v)
    )


def _plain(drawn):
    """Slices beside tensors alone: of integers, None and an ellipsis there paddle 2.6 and 3.0 make errors."""
    return not any(part is None or isinstance(part, int) or part == "..." for part in drawn["index"])


SINGLE = ("float32", *INTEGERS, "bool")
"""In others the gradient of what is written to chosen elements is no number: see assign-chosen-dtypes."""


@operator(
    "assign.chosen",
    area=AREA,
    cases=_assigned(indices.integers(mixed=True, repeated=False).filter(_plain)),
    gradients=BOTH,
    dtypes=SINGLE,
    stepwise=True,
    share=0.5,
    covers=SET,
)
class chosen:
    """A tensor written to elements that tensors of integers choose, among other parts, none of them twice."""

    @staticmethod
    def both(f, x, v, index, first, second):
        y = x.clone()
        y[indices.key(index, first=first, second=second)] = v
        return y

    value = lambda x, v, index, first, second: moved(lambda a, b: _written(a, b, index, first, second), x, v)

    @staticmethod
    def variant_broadcast_to_chosen_first(x, v, index, first, second):
        target, place = _target(x, index, first, second)
        if place and 1 < v.ndim < len(target):
            return Rejects("it has fewer axes", error="dimension should be equal to or greater than the axis's size")
        turned = [target[place], *target[:place], *target[place + 1 :]] if v.ndim <= 1 else target
        if any(a not in (1, b) for a, b in zip(v.shape[::-1], turned[::-1], strict=False)):
            return Rejects("it does not broadcast", error="does not match the corresponding value")

        def spread(new):
            return np.moveaxis(np.broadcast_to(new, turned), 0, place) if v.ndim <= 1 else new

        return moved(lambda a, b: _written(a, spread(b), index, first, second), x, v)


def _target(x, index, first, second):
    """The shape of what is written to, and which of its axes is that of the chosen elements."""
    parts = indices.key(index, first=first, second=second)
    parts = parts if isinstance(parts, tuple) else (parts,)
    chosen = [place for place, part in enumerate(parts) if not isinstance(part, slice)]
    side_by_side = chosen[-1] - chosen[0] == len(chosen) - 1
    return np.empty(x.shape)[parts].shape, chosen[0] if side_by_side else 0


@st.composite
def _broad(draw):
    shape = tuple(draw(st.integers(1, 5)) for _ in range(2))
    return {
        "x": Floats(shape),
        "v": Floats(tuple(n if draw(st.booleans()) else 1 for n in shape)),
        "how": draw(each("...", ":")),
    }


@operator(
    "assign.broadcast", area=AREA, cases=_broad(), gradients=BOTH, dtypes=EVERY, may_be_zero=("gradient.x",), covers=SET
)
class broadcast:
    """Everything written anew with a row, a column or one element."""

    @staticmethod
    def both(f, x, v, how):
        y = x.clone()
        y[... if how == "..." else slice(None)] = v
        return y

    value = lambda x, v, how: moved(lambda a, b: np.broadcast_to(b, a.shape), x, v)
    variant_rounded_sums = in_steps(lambda x, v, how: moved(lambda a, b: np.broadcast_to(b, a.shape), x, v))
    variant_no_gradient = lambda x, v, how: (
        Rejects("a gradient of what is repeated", error="Input dimension size should be equal to")
        if x.tracked and sum(a != b for a, b in zip(x.shape, v.shape, strict=True)) == 1
        else moved(lambda a, b: np.broadcast_to(b, a.shape), x, v)
    )


def _mask(least):
    """Truth values for the first axes of a tensor, of which at least so many are true, and one element."""
    return st.lists(st.integers(1, 5), min_size=1, max_size=3).flatmap(
        lambda shape: st.tuples(st.integers(1, len(shape)), indices.seeds).map(
            lambda drawn: {
                "x": Floats(tuple(shape), views=False),
                "mask": _at_least(least, np.random.default_rng(drawn[1]).random(shape[: drawn[0]]) < 0.5),
            }
        )
    )


def _with_parts(drawn):
    rest = drawn["x"].shape[drawn["mask"].ndim :]
    return {**drawn, "v": Floats(rest or (int(drawn["mask"].sum()),))}


def _at_least(count, mask):
    mask.reshape(-1)[:count] = True
    return mask


@operator(
    "assign.masked_one",
    area=AREA,
    cases=_mask(1).flatmap(lambda drawn: each((1,), ()).map(lambda shape: {**drawn, "v": Floats(shape)})),
    gradients=BOTH,
    dtypes=EVERY,
    covers=SET,
)
class masked_one:
    """One element of a tensor written to all that is masked: its gradient is their sum."""

    @staticmethod
    def both(f, x, v, mask):
        y = x.clone()
        y[mask] = v
        return y

    value = lambda x, v, mask: moved(lambda a, b: _written(a, b.reshape(()), ["first"], mask, None), x, v)
    variant_rounded_sums = in_steps(
        lambda x, v, mask: moved(lambda a, b: _written(a, b.reshape(()), ["first"], mask, None), x, v)
    )
    variant_no_gradient = lambda x, v, mask: moved(
        lambda a, b: _written(a, b.reshape(()), ["first"], mask, None), x, v.plain
    )


@operator(
    "assign.masked",
    area=AREA,
    cases=_mask(2).map(_with_parts).filter(lambda drawn: np.prod(drawn["v"].shape) > 1),
    gradients=BOTH,
    dtypes=SINGLE,
    covers=SET,
)
class masked:
    """A tensor for each part that is masked, or one for all of them."""

    @staticmethod
    def both(f, x, v, mask):
        y = x.clone()
        y[mask] = v
        return y

    value = lambda x, v, mask: moved(lambda a, b: _written(a, b, ["first"], mask, None), x, v)

    @staticmethod
    def variant_broadcast(x, v, mask):
        if any(a not in (1, b) for a, b in zip(v.shape[::-1], x.shape[::-1], strict=False)):
            return Rejects("it does not broadcast", error="does not match the corresponding value")
        whole = np.broadcast_to(mask.reshape(*mask.shape, *[1] * (x.ndim - mask.ndim)), x.shape)
        return moved(lambda a, b: np.where(whole, np.broadcast_to(b, a.shape), a), x, v)


@operator(
    "assign.rows",
    area=AREA,
    cases=st.tuples(st.integers(1, 4), st.integers(2, 4)).flatmap(
        lambda shape: each([False] * shape[0], [True] * shape[0]).map(
            lambda mask: {"x": Floats(shape), "mask": np.array(mask), "v": Floats(shape[1:])}
        )
    ),
    gradients=BOTH,
    dtypes=SINGLE,
    may_be_zero=("gradient.v", "gradient.x"),
    covers=SET,
)
class rows:
    """A tensor written to rows of which all are chosen, or none."""

    @staticmethod
    def both(f, x, v, mask):
        y = x.clone()
        y[mask] = v
        return y

    value = lambda x, v, mask: moved(lambda a, b: np.where(mask[:, None], b, a), x, v)
    variant_nothing_refused = lambda x, v, mask: (
        moved(lambda a, b: np.where(mask[:, None], b, a), x, v)
        if mask.any()
        else Rejects("nothing is chosen", error="The pointer p_index is nullptr")
    )


@operator(
    "assign.columns",
    area=AREA,
    cases=st.tuples(st.integers(2, 5), st.integers(2, 5)).flatmap(
        lambda shape: st.fixed_dictionaries(
            {
                "x": st.just(Floats(shape)),
                "mask": st.lists(st.booleans(), min_size=shape[1], max_size=shape[1]).map(np.array),
                "number": each(3, 0),
            }
        )
    ),
    dtypes=EVERY,
    covers=SET,
)
class columns:
    """A number written to masked columns."""

    @staticmethod
    def both(f, x, mask, number):
        y = x.clone()
        y[:, mask] = number
        return y

    value = lambda x, mask, number: moved(lambda a: np.where(mask, -1, a), x, fill=number)
    variant_rows = lambda x, mask, number: moved(
        lambda a: np.where(mask[:, None] if len(a) == len(mask) else mask, -1, a), x, fill=number
    )
