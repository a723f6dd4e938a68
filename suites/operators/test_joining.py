"""Joining, dividing and repeating: in every dtype, with parts of several lengths or none, and axes from either end."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.moves import moved
from conformance.number_formats import current
from conformance.operators import EVERY, Floats, each, in_steps, operator, shapes
from suites.support.refusals import absent

AREA = "joining and repeating"
HOW = each("function", "method")


def _axis(draw, rank):
    return draw(st.integers(-rank, rank - 1))


@st.composite
def _joined(draw, alike=False):
    """Three tensors that are alike but for their lengths along one axis."""
    shape = draw(shapes(4, 3, fewest=0 if alike else 1, empty=False))
    axis = _axis(draw, len(shape) + alike)
    lengths = [shape] * 3
    if not alike:
        lengths = [
            tuple(draw(st.integers(0, 4)) if i == axis % len(shape) and place else n for i, n in enumerate(shape))
            for place in range(3)
        ]
    names = dict(zip(("x", "y", "z"), map(Floats, lengths), strict=True))
    return {**names, "axis": axis}


ALL = ("x", "y", "z")


@operator(
    "join.concat",
    area=AREA,
    cases=_joined(),
    gradients=ALL,
    dtypes=EVERY,
    share=0.5,
    covers=("torch.cat", "paddle.concat"),
)
class concat:
    """Tensors of several lengths, also none, one behind the other; a single one stays as it is."""

    torch = lambda f, x, y, z, axis: f.cat([f.cat([x], axis), y, z], axis)
    paddle = lambda f, x, y, z, axis: f.concat([f.concat([x], axis), y, z], axis)
    value = lambda x, y, z, axis: moved(lambda *a: np.concatenate(a, axis), x, y, z)


@operator(
    "join.stack",
    area=AREA,
    cases=_joined(alike=True),
    gradients=ALL,
    dtypes=EVERY,
    covers=("torch.stack", "paddle.stack"),
)
class stack:
    """Tensors of one shape along a new axis."""

    both = lambda f, x, y, z, axis: f.stack([x, y, z], axis)
    value = lambda x, y, z, axis: moved(lambda *a: np.stack(a, axis), x, y, z)


@operator(
    "join.stacks",
    area=AREA,
    cases=_joined(alike=True).flatmap(
        lambda drawn: each("hstack", "vstack", "dstack", "column_stack", "row_stack").map(
            lambda how: {"x": drawn["x"], "y": drawn["y"], "how": how}
        )
    ),
    gradients=("x", "y"),
    dtypes=EVERY,
)
class stacks:
    """Joined by columns, rows and depth, where tensors of few axes are given more."""

    both = lambda f, x, y, how: getattr(f, how)((x, y))
    value = lambda x, y, how: moved(lambda *a: getattr(np, "vstack" if how == "row_stack" else how)(a), x, y)
    variant_absent = lambda x, y, how: absent(how)


@st.composite
def _divided(draw, ways=("sections", "equal")):
    shape = list(draw(shapes(4, 3, fewest=1, empty=False)))
    axis = draw(st.integers(0, len(shape) - 1))
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    lengths[0] += 1
    how = draw(each(*ways))
    shape[axis] = sum(lengths) if how == "sections" else len(lengths) * lengths[0]
    return {
        "x": Floats(tuple(shape)),
        "lengths": lengths if how == "sections" else [lengths[0]] * len(lengths),
        "axis": axis - len(shape) * draw(st.booleans()),
        "how": how,
        "method": draw(st.booleans()),
    }


def _backwards(parts, axis):
    return np.concatenate(parts[::-1], axis)


@operator(
    "join.split",
    area=AREA,
    cases=_divided(),
    dtypes=EVERY,
    covers=("torch.split", "torch.Tensor.split", "paddle.split", "paddle.Tensor.split"),
)
class split:
    """Parts of given lengths, or of equal ones, joined again from the last to the first."""

    torch = lambda f, x, lengths, axis, how, method: f.cat(
        (x.split if method else lambda *a: f.split(x, *a))(lengths if how == "sections" else lengths[0], axis)[::-1],
        axis,
    )
    paddle = lambda f, x, lengths, axis, how, method: f.concat(
        (x.split if method else lambda *a: f.split(x, *a))(lengths if how == "sections" else len(lengths), axis)[::-1],
        axis,
    )
    value = lambda x, lengths, axis, how, method: moved(
        lambda a: _backwards(np.split(a, np.cumsum(lengths)[:-1], axis), axis), x
    )
    variant_no_gradient_of_none = lambda x, lengths, axis, how, method: (
        Rejects("a gradient of a part without elements", error="Unable to fill empty grad inputs")
        if 0 in lengths and current().name != "integers"
        else moved(lambda a: _backwards(np.split(a, np.cumsum(lengths)[:-1], axis), axis), x)
    )
    note = "A number given to split is the length of a part in torch and the count of parts in paddle."


@operator(
    "join.chunk",
    area=AREA,
    cases=_divided(("equal",)),
    dtypes=EVERY,
    covers=("torch.chunk", "paddle.chunk"),
)
class chunk:
    """Equal parts, joined again from the last to the first."""

    torch = lambda f, x, lengths, axis, how, method: f.cat(
        (f.chunk(x, len(lengths), axis) if not method else x.chunk(len(lengths), axis))[::-1], axis
    )
    paddle = lambda f, x, lengths, axis, how, method: f.concat(
        (f.chunk(x, len(lengths), axis) if not method else x.chunk(len(lengths), axis))[::-1], axis
    )
    value = lambda x, lengths, axis, how, method: moved(lambda a: _backwards(np.split(a, len(lengths), axis), axis), x)
    note = "A length that the count of chunks does not divide gives a shorter last chunk in torch, an error in paddle."


@st.composite
def _unequal(draw):
    shape = draw(shapes(7, 3, fewest=1, empty=False))
    return {"x": Floats(shape), "count": draw(st.integers(1, 5)), "axis": _axis(draw, len(shape))}


@operator("join.tensor_split", area=AREA, cases=_unequal(), dtypes=EVERY)
class tensor_split:
    """Parts of which the first have one element more, joined again from the last to the first."""

    torch = lambda f, x, count, axis: f.cat(f.tensor_split(x, count, axis)[::-1], axis)
    paddle = lambda f, x, count, axis: f.concat(f.tensor_split(x, count, axis)[::-1], axis)
    value = lambda x, count, axis: moved(lambda a: _backwards(np.array_split(a, count, axis), axis), x)
    variant_absent = lambda x, count, axis: absent("tensor_split")

    @staticmethod
    def variant_no_empty_part(x, count, axis):
        if count > x.shape[axis]:
            return Rejects("it makes no part without elements", "len(num_or_sections) must not be more than")
        return moved(lambda a: _backwards(np.array_split(a, count, axis), axis), x)


@st.composite
def _unbound(draw):
    shape = draw(shapes(4, 3, fewest=1, empty=False).filter(lambda shape: max(shape) < 20))
    return {"x": Floats(shape), "axis": _axis(draw, len(shape)), "how": draw(HOW)}


@operator("join.unbind", area=AREA, cases=_unbound(), dtypes=EVERY)
class unbind:
    """The parts along an axis, without that axis, stacked again from the last to the first."""

    both = lambda f, x, axis, how: f.stack((f.unbind(x, axis) if how == "function" else x.unbind(axis))[::-1], 0)
    value = lambda x, axis, how: moved(lambda a: np.moveaxis(a, axis, 0)[::-1], x)


@st.composite
def _tiled(draw):
    shape = draw(shapes(4, 3).filter(lambda shape: math.prod(shape) <= 300))
    times = draw(st.lists(st.integers(1, 3), min_size=0, max_size=3))
    how = draw(each("function", "method", "positions"))
    if how == "positions":
        times = [2, draw(st.integers(1, 3))]
    return {"x": Floats(shape), "times": tuple(times), "how": how}


@operator(
    "join.tile",
    area=AREA,
    cases=_tiled(),
    dtypes=EVERY,
    stepwise=True,
    covers=("torch.tile", "torch.Tensor.repeat", "paddle.Tensor.tile", "paddle.tile"),
)
class tile:
    """The whole repeated along each axis, the counts in one argument or in several; the gradient is their sum."""

    torch = lambda f, x, times, how: (
        f.tile(x, times)
        if how == "function"
        else x.tile(times)
        if how == "method"
        else x.tile(*times)
        if len(times) < x.ndim
        else x.repeat(*times)
    )
    paddle = lambda f, x, times, how: (
        f.tile(x, times) if how == "function" else x.tile(times) if how == "method" else x.tile(*times)
    )
    value = lambda x, times, how: moved(lambda a: np.tile(a, times), x)
    variant_first_count = lambda x, times, how: moved(
        lambda a: np.tile(a, times[:1] if how == "positions" else times), x
    )
    variant_positions_refused = lambda x, times, how: (
        Rejects("counts that are no list", error="The type of 'repeat_times' in tile must be")
        if how == "positions"
        else moved(lambda a: np.tile(a, times), x)
    )


@st.composite
def _repeated(draw):
    shape = draw(shapes(4, 3, fewest=1).filter(lambda shape: max(shape) < 40))
    axis = draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    length = math.prod(shape) if axis is None else shape[axis]
    return {
        "x": Floats(shape),
        "counts": np.array(draw(st.lists(st.integers(0, 3), min_size=length, max_size=length)), np.int64),
        "times": draw(st.none() | st.integers(0, 3)),
        "axis": axis,
    }


@operator("join.repeat_interleave", area=AREA, cases=_repeated(), dtypes=EVERY)
class repeat_interleave:
    """Each element repeated, as often as a number or as a tensor of counts says."""

    both = lambda f, x, counts, times, axis: f.repeat_interleave(x, counts if times is None else times, axis)
    value = lambda x, counts, times, axis: moved(lambda a: np.repeat(a, counts if times is None else times, axis), x)
    variant_rounded_sums = in_steps(
        lambda x, counts, times, axis: moved(lambda a: np.repeat(a, counts if times is None else times, axis), x)
    )
    variant_not_never = lambda x, counts, times, axis: (
        Rejects("repeated no times", error="repeats should be larger than zero")
        if times == 0
        else moved(lambda a: np.repeat(a, counts if times is None else times, axis), x)
    )
    variant_no_counts_refused = lambda x, counts, times, axis: _of_counts(x, counts, times, axis, 0)
    variant_no_counts_of_rows_refused = lambda x, counts, times, axis: _of_counts(x, counts, times, axis, 1)


def _of_counts(x, counts, times, axis, taken):
    """A tensor without counts is refused, unless the input has no more axes than are taken."""
    if times is None and not counts.size and x.ndim > taken:
        return Rejects("there are no counts", error="(RepeatsTensor) can't be 0")
    return moved(lambda a: np.repeat(a, counts if times is None else times, axis), x)


@st.composite
def _turned(draw):
    shape = draw(shapes(fewest=1))
    axes = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=2, unique=True))
    axes = [axis - len(shape) * draw(st.booleans()) for axis in axes]
    return {"x": Floats(shape), "axes": axes, "how": draw(each("function", "method", "positions"))}


@operator("join.flip", area=AREA, cases=_turned(), dtypes=EVERY, covers=("torch.flip",))
class flip:
    """The order along some axes reversed, the axes in one argument or in several."""

    both = lambda f, x, axes, how: (
        f.flip(x, axes) if how == "function" else x.flip(axes) if how == "method" else x.flip(*axes)
    )
    value = lambda x, axes, how: moved(lambda a: np.flip(a, axes), x)
    variant_first_axis = lambda x, axes, how: moved(lambda a: np.flip(a, axes[:1] if how == "positions" else axes), x)


@st.composite
def _rolled(draw):
    shape = draw(shapes(fewest=1))
    axes = draw(st.none() | st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=2))
    shifts = [draw(st.integers(-7, 7)) for _ in axes or [0]]
    single = axes is None or (len(axes) == 1 and draw(st.booleans()))
    return {
        "x": Floats(shape),
        "shifts": shifts[0] if single else shifts,
        "axes": axes if axes is None or not single else axes[0],
        "how": draw(HOW),
    }


@operator("join.roll", area=AREA, cases=_rolled(), dtypes=EVERY, covers=("torch.roll",))
class roll:
    """Elements moved round along some axes, or along the row of all of them."""

    both = lambda f, x, shifts, axes, how: f.roll(x, shifts, axes) if how == "function" else x.roll(shifts, axes)
    value = lambda x, shifts, axes, how: moved(lambda a: np.roll(a, shifts, None if axes is None else axes), x)


@st.composite
def _quarter(draw):
    shape = draw(shapes(fewest=2, empty=False))
    axes = draw(st.permutations(range(len(shape))))[:2]
    return {
        "x": Floats(shape),
        "turns": draw(st.integers(-5, 5)),
        "axes": [axis - len(shape) * draw(st.booleans()) for axis in axes],
        "how": draw(HOW),
    }


@operator("join.rot90", area=AREA, cases=_quarter(), dtypes=EVERY, covers=("torch.rot90",))
class rot90:
    """Quarter turns in the plane of two axes, either way round."""

    both = lambda f, x, turns, axes, how: f.rot90(x, turns, axes) if how == "function" else x.rot90(turns, axes)
    value = lambda x, turns, axes, how: moved(lambda a: np.rot90(a, turns, axes), x)
