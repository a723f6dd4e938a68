"""Parts of tensors: triangles, diagonals, slices and windows, in every dtype, and the grids that are made of rows."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.moves import moved, overwritten
from conformance.operators import EVERY, Floats, each, in_steps, operator, shapes
from suites.support.unreached import with_zeros

AREA = "parts of tensors"
HOW = each("function", "method")


def _triangle(kept):
    """A triangle of the last two axes: elsewhere 0, whatever stood there."""
    return lambda x, diagonal, how: moved(lambda a: np.where(kept(np.ones(a.shape, bool), diagonal), a, -1), x)


TRIANGLES = shapes(6, 4, fewest=2).flatmap(
    lambda shape: st.fixed_dictionaries(
        {
            "x": st.just(Floats(shape)),
            "diagonal": st.integers(-min(9, shape[-2]) - 1, min(9, shape[-1]) + 1),
            "how": HOW,
        }
    )
)


@operator("part.tril", area=AREA, cases=TRIANGLES, dtypes=EVERY, covers=("torch.tril", "paddle.tril"))
class tril:
    """What lies on and below a diagonal, of every matrix; infinities and NaN above it become 0."""

    both = lambda f, x, diagonal, how: f.tril(x, diagonal) if how == "function" else x.tril(diagonal)
    value = _triangle(np.tril)


@operator("part.triu", area=AREA, cases=TRIANGLES, dtypes=EVERY, covers=("paddle.triu",))
class triu:
    """What lies on and above a diagonal, of every matrix; infinities and NaN below it become 0."""

    both = lambda f, x, diagonal, how: f.triu(x, diagonal) if how == "function" else x.triu(diagonal)
    value = _triangle(np.triu)


def _diag(array, offset):
    if array.ndim == 2:
        return np.diag(array, offset)
    found = np.full((len(array) + abs(offset),) * 2, -1)
    rows = np.arange(len(array))
    found[rows + max(-offset, 0), rows + max(offset, 0)] = array
    return found


@st.composite
def _of_vectors(draw):
    shape = draw(shapes(6, 2, fewest=1, empty=False).filter(lambda shape: max(shape) < 40))
    low, high = (-3, 3) if len(shape) == 1 else (1 - shape[0], shape[1] - 1)
    return {"x": Floats(shape), "offset": draw(st.integers(low, high)), "how": draw(HOW)}


@operator("part.diag", area=AREA, cases=_of_vectors(), dtypes=EVERY, covers=("paddle.diag",))
class diag:
    """The diagonal of a matrix, or the matrix of a diagonal."""

    both = lambda f, x, offset, how: f.diag(x, offset) if how == "function" else x.diag(offset)
    value = lambda x, offset, how: moved(lambda a: _diag(a, offset), x)


@st.composite
def _diagonals(draw):
    shape = draw(shapes(5, 4, fewest=2, empty=False))
    one, other = draw(st.permutations(range(len(shape))))[:2]
    offset = draw(st.integers(-min(shape[one], 9) + 1, min(shape[other], 9) - 1))
    ends = [axis - len(shape) * draw(st.booleans()) for axis in (one, other)]
    return {"x": Floats(shape), "offset": offset, "one": ends[0], "other": ends[1], "how": draw(HOW)}


@operator("part.diagonal", area=AREA, cases=_diagonals(), dtypes=EVERY)
class diagonal:
    """The diagonal of the matrices in two axes, as a last axis."""

    both = lambda f, x, offset, one, other, how: (
        f.diagonal(x, offset, one, other) if how == "function" else x.diagonal(offset, one, other)
    )
    value = lambda x, offset, one, other, how: moved(lambda a: np.diagonal(a, offset, one, other), x)


@st.composite
def _embedded(draw):
    shape = draw(shapes(4, 3, fewest=1, empty=False).filter(lambda shape: shape[-1] < 20))
    one, other = draw(st.permutations(range(len(shape) + 1)))[:2]
    return {"x": Floats(shape), "offset": draw(st.integers(-2, 2)), "one": one, "other": other - len(shape) - 1}


def _embed(array, offset, one, other):
    side = array.shape[-1] + abs(offset)
    found = np.full((*array.shape[:-1], side, side), -1)
    rows = np.arange(array.shape[-1])
    found[..., rows + max(-offset, 0), rows + max(offset, 0)] = array
    return np.moveaxis(found, (-2, -1), (one, other))


@operator("part.diag_embed", area=AREA, cases=_embedded(), dtypes=EVERY)
class diag_embed:
    """Matrices of diagonals, in two axes of which either may come first."""

    both = lambda f, x, offset, one, other: f.diag_embed(x, offset, one, other)
    value = lambda x, offset, one, other: moved(lambda a: _embed(a, offset, one, other), x)
    variant_zero_gradient = with_zeros(value, "x")
    variant_no_gradient = lambda x, offset, one, other: (
        Rejects("a gradient is asked for", error="Null autograd_meta gotten from unsafe_autograd_meta")
        if x.tracked
        else moved(lambda a: _embed(a, offset, one, other), x)
    )


@operator(
    "part.meshgrid",
    area=AREA,
    cases=st.fixed_dictionaries(
        {
            **{name: st.integers(1, 6).map(lambda n: Floats((n,))) for name in ("x", "y", "z")},
            "how": each("several", "list"),
            "place": each(0, 1, 2),
        }
    ),
    gradients=("x", "y", "z"),
    dtypes=EVERY,
    covers=("torch.meshgrid",),
)
class meshgrid:
    """Rows repeated along the axes of the others: the grids, one behind the other."""

    torch = lambda f, x, y, z, how, place: f.stack(
        f.meshgrid(x, y, z, indexing="ij") if how == "several" else f.meshgrid([x, y, z], indexing="ij"), -1
    )
    paddle = lambda f, x, y, z, how, place: f.stack(
        f.meshgrid(x, y, z) if how == "several" else f.meshgrid([x, y, z]), -1
    )
    value = lambda x, y, z, how, place: moved(lambda *a: np.stack(np.meshgrid(*a, indexing="ij"), -1), x, y, z)


@st.composite
def _sliced(draw):
    shape = draw(shapes(6, 4, fewest=1, empty=False))
    axes = sorted(draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=3, unique=True)))
    starts, ends, steps = [], [], []
    for axis in axes:
        length = shape[axis]
        start = draw(st.integers(0, length - 1))
        end = draw(st.integers(start + 1, length + 2))
        steps.append(draw(st.integers(1, 3)))
        starts.append(start - length * draw(st.booleans()))
        ends.append(end - length if end < length and draw(st.booleans()) else end)
    axes = [axis - len(shape) * draw(st.booleans()) for axis in axes]
    return {"x": Floats(shape), "axes": axes, "starts": starts, "ends": ends, "steps": steps}


def _part(array, axes, starts, ends, steps):
    index = [slice(None)] * array.ndim
    for axis, *part in zip(axes, starts, ends, steps, strict=True):
        index[axis] = slice(*part)
    return array[tuple(index)]


@operator("part.slice", area=AREA, cases=_sliced(), dtypes=EVERY, covers=("paddle.slice",))
class slice_:
    """From a start to an end along some axes, either counted from the back, the end also beyond the tensor."""

    torch = lambda f, x, axes, starts, ends, steps: x[
        tuple(
            next((slice(b, e) for a, b, e in zip(axes, starts, ends, strict=True) if a % x.ndim == place), slice(None))
            for place in range(x.ndim)
        )
    ]
    paddle = lambda f, x, axes, starts, ends, steps: f.slice(x, axes, starts, ends)
    value = lambda x, axes, starts, ends, steps: moved(lambda a: _part(a, axes, starts, ends, [1] * len(axes)), x)


@operator("part.strided_slice", area=AREA, cases=_sliced(), dtypes=EVERY)
class strided_slice:
    """As a slice, with steps."""

    torch = lambda f, x, axes, starts, ends, steps: x[
        tuple(
            next(
                (slice(b, e, s) for a, b, e, s in zip(axes, starts, ends, steps, strict=True) if a % x.ndim == place),
                slice(None),
            )
            for place in range(x.ndim)
        )
    ]
    paddle = lambda f, x, axes, starts, ends, steps: f.strided_slice(x, axes, starts, ends, steps)
    value = lambda x, axes, starts, ends, steps: moved(lambda a: _part(a, axes, starts, ends, steps), x)
    variant_no_negative_axis = lambda x, axes, starts, ends, steps: (
        Rejects("a negative axis", error="The axis should be greater than or equal to 0")
        if min(axes) < 0
        else moved(lambda a: _part(a, axes, starts, ends, steps), x)
    )


@st.composite
def _windows(draw):
    """Windows in which every element lies: elsewhere the gradient may be unwritten, see unfold-between-windows."""
    shape = list(draw(shapes(7, 3, fewest=1, empty=False).filter(lambda shape: max(shape) < 100)))
    axis = draw(st.integers(0, len(shape) - 1))
    size = draw(st.integers(1, 4))
    step = draw(st.integers(1, size))
    shape[axis] = size + step * draw(st.integers(0, 4))
    spec = Floats(tuple(shape), views=False)  # paddle 2.6 takes windows of contiguous tensors alone
    return {"x": spec, "axis": axis - len(shape) * draw(st.booleans()), "size": size, "step": step}


def _unfolded(array, axis, size, step):
    axis = axis % array.ndim
    windows = np.moveaxis(np.lib.stride_tricks.sliding_window_view(array, size, axis), axis, 0)
    return np.moveaxis(windows[::step], 0, axis)


@operator("part.unfold", area=AREA, cases=_windows(), dtypes=EVERY)
class unfold:
    """Windows along an axis, as a last axis; the gradient of an element is the sum over its windows."""

    both = lambda f, x, axis, size, step: x.unfold(axis, size, step)
    value = lambda x, axis, size, step: moved(lambda a: _unfolded(a, axis, size, step), x)
    variant_half_sums = in_steps(lambda x, axis, size, step: moved(lambda a: _unfolded(a, axis, size, step), x))
    variant_last_window = lambda x, axis, size, step: overwritten(lambda a: _unfolded(a, axis, size, step), x)
