"""Shapes: what orders the elements of one tensor anew, in every dtype, and the gradient of what it repeats."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.moves import moved
from conformance.number_formats import current
from conformance.operators import EVERY, Floats, each, in_steps, operator, shapes
from suites.support.refusals import absent, without_elements

AREA = "shapes of tensors"
HOW = each("function", "method")
RESHAPED = "The 'shape' in ReshapeOp is invalid"


def _signed(draw, axis, rank):
    """An axis counted from the front or from the back."""
    return axis - rank * draw(st.booleans())


@st.composite
def _reshaped(draw):
    """A shape, and another of as many elements, of which one may be left to be found."""
    shape = draw(shapes())
    left = math.prod(shape)
    found = []
    for _ in range(draw(st.integers(0, 3)) if left else 0):
        found.append(draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0])))
        left //= found[-1]
    found.insert(draw(st.integers(0, len(found))), left)
    if math.prod(shape) and draw(st.booleans()):
        found[draw(st.integers(0, len(found) - 1))] = -1
    view = ("view",) if shape else ()  # of a tensor without axes: see view-without-axes
    return {"x": Floats(shape), "shape": tuple(found), "how": draw(each("function", "method", "positions", *view))}


@operator(
    "move.reshape",
    area=AREA,
    cases=_reshaped(),
    dtypes=EVERY,
    covers=("torch.reshape", "torch.Tensor.view", "paddle.Tensor.reshape", "paddle.reshape"),
)
class reshape:
    """The elements in row-major order under another shape, in which one -1 is found; by function, method and view."""

    torch = lambda f, x, shape, how: (
        f.reshape(x, shape)
        if how == "function"
        else x.reshape(shape)
        if how == "method"
        else x.reshape(*shape)
        if how == "positions"
        else x.contiguous().view(shape)
    )
    paddle = lambda f, x, shape, how: (
        f.reshape(x, shape)
        if how == "function"
        else x.reshape(list(shape))
        if how == "method"
        else x.reshape(shape=shape)
        if how == "positions"
        else x.contiguous().view(list(shape))
    )
    value = lambda x, shape, how: moved(lambda a: a.reshape(shape), x)
    variant_no_empty_view = lambda x, shape, how: (
        Rejects("a view without elements", error="cannot reshape tensor of 0 elements")
        if how == "view" and 0 in x.shape
        else moved(lambda a: a.reshape(shape), x)
    )

    @staticmethod
    def variant_zero_kept(x, shape, how):
        """A 0 of a shape is the length of that axis before, which is asked to make as many elements, that is none."""
        if how != "view" and 0 in x.shape and x.shape[0] != 0:
            return Rejects("a length of 0", error=RESHAPED)
        return moved(lambda a: a.reshape(shape), x)

    @staticmethod
    def variant_view_of_old(x, shape, how):
        """A view takes no -1, and has no gradient."""
        if how == "view" and -1 in shape:
            return Rejects("a length to be found", error="The Tensor can not be viewed")
        if how == "view" and current().name != "integers":
            return Rejects("a gradient of a view", error="The kernel `view_shape_grad` is not registered")
        return moved(lambda a: a.reshape(shape), x)


@st.composite
def _permuted(draw):
    shape = draw(shapes())
    order = draw(st.permutations(range(len(shape))))
    return {"x": Floats(shape), "order": tuple(_signed(draw, axis, len(shape)) for axis in order), "how": draw(HOW)}


@operator(
    "move.permute",
    area=AREA,
    cases=_permuted(),
    dtypes=EVERY,
    covers=("torch.permute", "paddle.Tensor.transpose", "paddle.transpose"),
)
class permute:
    """The axes in another order, counted from either end."""

    torch = lambda f, x, order, how: f.permute(x, order) if how == "function" else x.permute(*order or [order])
    paddle = lambda f, x, order, how: f.transpose(x, order) if how == "function" else x.transpose(list(order))
    value = lambda x, order, how: moved(lambda a: a.transpose(order), x)


@st.composite
def _swapped(draw):
    shape = draw(shapes(fewest=1))
    one, other = (draw(st.integers(-len(shape), len(shape) - 1)) for _ in range(2))
    return {"x": Floats(shape), "one": one, "other": other, "how": draw(each("transpose", "swapaxes", "moveaxis"))}


@operator(
    "move.transpose",
    area=AREA,
    cases=_swapped(),
    dtypes=EVERY,
    covers=("torch.transpose", "torch.Tensor.transpose"),
)
class transpose:
    """Two axes exchanged, or one moved to the place of another."""

    torch = lambda f, x, one, other, how: getattr(x, how)(one, other)
    paddle = lambda f, x, one, other, how: (
        x.moveaxis(one, other)
        if how == "moveaxis"
        else x.transpose([{one % x.ndim: other, other % x.ndim: one}.get(axis, axis) for axis in range(x.ndim)])
    )
    value = lambda x, one, other, how: moved(
        lambda a: np.moveaxis(a, one, other) if how == "moveaxis" else np.swapaxes(a, one, other), x
    )
    note = "A transpose by two axes is swapaxes in paddle (3.2 and later), whose transpose takes the whole order."


@operator(
    "move.matrix_transpose",
    area=AREA,
    cases=st.fixed_dictionaries(
        {"x": shapes(axes=2).filter(lambda shape: len(shape) == 2).map(Floats), "how": each("T", "mT", "t", "function")}
    ),
    dtypes=EVERY,
    covers=("torch.Tensor.T",),
)
class matrix_transpose:
    """A matrix turned over, by attribute, method and function."""

    both = lambda f, x, how: x.T if how == "T" else x.mT if how == "mT" else x.t() if how == "t" else f.t(x)
    value = lambda x, how: moved(np.transpose, x)
    variant_absent = lambda x, how: absent("mT") if how == "mT" else moved(np.transpose, x)


@st.composite
def _squeezed(draw):
    shape = list(draw(shapes()))
    for _ in range(draw(st.integers(0, 2))):
        shape.insert(draw(st.integers(0, len(shape))), 1)
    axis = None
    if shape and draw(st.booleans()):
        axes = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=2, unique=True))
        axes = tuple(_signed(draw, axis, len(shape)) for axis in axes)
        axis = axes if len(axes) > 1 or draw(st.booleans()) else axes[0]
    return {"x": Floats(tuple(shape)), "axis": axis, "how": draw(HOW)}


def _without(array, axis):
    if axis is None:
        return np.squeeze(array)
    axes = {each % array.ndim for each in np.atleast_1d(axis)}
    return np.squeeze(array, tuple(each for each in axes if array.shape[each] == 1))


@operator(
    "move.squeeze",
    area=AREA,
    cases=_squeezed(),
    dtypes=EVERY,
    covers=("torch.squeeze", "paddle.Tensor.squeeze", "paddle.squeeze"),
)
class squeeze:
    """Axes of length 1 left out: all, or those that are named, of which longer ones stay."""

    torch = lambda f, x, axis, how: (
        (f.squeeze(x) if axis is None else f.squeeze(x, axis))
        if how == "function"
        else (x.squeeze() if axis is None else x.squeeze(axis))
    )
    paddle = lambda f, x, axis, how: f.squeeze(x, axis) if how == "function" else x.squeeze(axis=axis)
    value = lambda x, axis, how: moved(lambda a: _without(a, axis), x)

    @staticmethod
    def variant_zero_kept(x, axis, how):
        """The gradient is given its shape by a reshape, where a 0 is the length that stands in this place now."""
        found = _without(x.value, axis).shape
        kept = [n or (*found, *[0] * x.ndim)[place] for place, n in enumerate(x.shape)]
        if 0 in x.shape and math.prod(kept) and current().name != "integers":
            return Rejects("a gradient without elements", error=RESHAPED)
        return moved(lambda a: _without(a, axis), x)


@st.composite
def _unsqueezed(draw):
    shape = draw(shapes())
    return {"x": Floats(shape), "axis": draw(st.integers(-len(shape) - 1, len(shape))), "how": draw(HOW)}


@operator(
    "move.unsqueeze",
    area=AREA,
    cases=_unsqueezed(),
    dtypes=EVERY,
    covers=("paddle.Tensor.unsqueeze", "paddle.unsqueeze"),
)
class unsqueeze:
    """An axis of length 1 put in, counted from either end."""

    both = lambda f, x, axis, how: f.unsqueeze(x, axis) if how == "function" else x.unsqueeze(axis)
    value = lambda x, axis, how: moved(lambda a: np.expand_dims(a, axis), x)
    variant_no_elements = lambda x, axis, how: (
        without_elements(x, RESHAPED) or moved(lambda a: np.expand_dims(a, axis), x)
    )


@st.composite
def _flattened(draw):
    shape = draw(shapes(fewest=1))
    first = draw(st.integers(0, len(shape) - 1))
    last = draw(st.integers(first, len(shape) - 1))
    ends = _signed(draw, first, len(shape)), _signed(draw, last, len(shape))
    return {"x": Floats(shape), "first": ends[0], "last": ends[1], "how": draw(each("function", "method", "layer"))}


def _flat(array, first, last):
    first, last = first % array.ndim, last % array.ndim
    whole = math.prod(array.shape[first : last + 1])
    return array.reshape(*array.shape[:first], whole, *array.shape[last + 1 :])


@operator(
    "move.flatten",
    area=AREA,
    cases=_flattened(),
    dtypes=EVERY,
    covers=("nn.Flatten", "paddle.Tensor.flatten"),
)
class flatten:
    """Neighbouring axes made one, counted from either end."""

    both = lambda f, x, first, last, how: (
        f.flatten(x, first, last)
        if how == "function"
        else x.flatten(first, last)
        if how == "method"
        else f.nn.Flatten(first, last)(x)
    )
    value = lambda x, first, last, how: moved(lambda a: _flat(a, first, last), x)


@st.composite
def _unflattened(draw):
    shape = list(draw(shapes(fewest=1, empty=False)))
    axis = draw(st.integers(0, len(shape) - 1))
    parts = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    shape[axis] = math.prod(parts)
    if draw(st.booleans()):
        parts[draw(st.integers(0, len(parts) - 1))] = -1
    return {
        "x": Floats(tuple(shape)),
        "axis": _signed(draw, axis, len(shape)),
        "parts": tuple(parts),
        "how": draw(each("layer", "method")),
    }


@operator("move.unflatten", area=AREA, cases=_unflattened(), dtypes=EVERY, covers=("nn.Unflatten",))
class unflatten:
    """One axis made several, one of which may be -1."""

    torch = lambda f, x, axis, parts, how: (
        f.nn.Unflatten(axis, parts)(x) if how == "layer" else x.unflatten(axis, parts)
    )
    paddle = lambda f, x, axis, parts, how: (
        f.nn.Unflatten(axis, parts)(x) if how == "layer" else x.unflatten(axis, parts)
    )
    value = lambda x, axis, parts, how: moved(
        lambda a: a.reshape(*a.shape[: axis % a.ndim], *parts, *a.shape[axis % a.ndim + 1 :]), x
    )


@st.composite
def _expanded(draw):
    whole = draw(shapes(4, 3))
    kept = draw(st.integers(0, len(whole)))
    shape = tuple(n if n == 0 or draw(st.booleans()) else 1 for n in whole[kept:])
    how = draw(each("expand", "positions", "broadcast_to", "expand_as"))  # not broadcast_tensors: see the ledger
    wanted = tuple(
        -1 if how in ("expand", "positions") and place >= kept and draw(st.integers(0, 3)) == 0 else n
        for place, n in enumerate(whole)
    )
    return {"x": Floats(shape), "shape": wanted, "how": how}


def _wide(array, shape):
    lead = len(shape) - array.ndim
    return np.broadcast_to(array, [array.shape[i - lead] if n == -1 else n for i, n in enumerate(shape)])


@operator(
    "move.expand",
    area=AREA,
    cases=_expanded(),
    dtypes=EVERY,
    covers=(
        *("torch.Tensor.expand", "paddle.Tensor.expand", "paddle.broadcast_to", "paddle.expand", "paddle.expand_as"),
    ),
)
class expand:
    """Axes of length 1 repeated and axes put in front, -1 keeping a length; the gradient is the sum of the repeats."""

    torch = lambda f, x, shape, how: (
        x.expand(shape)
        if how == "expand"
        else x.expand(*shape)
        if how == "positions" and shape
        else f.broadcast_to(x, shape)
        if how == "broadcast_to"
        else x.expand_as(f.empty(shape))
    )
    paddle = lambda f, x, shape, how: (
        x.expand(list(shape))
        if how == "expand"
        else f.expand(x, shape)
        if how == "positions"
        else f.broadcast_to(x, shape)
        if how == "broadcast_to"
        else x.expand_as(f.empty(shape))
    )
    value = lambda x, shape, how: moved(lambda a: _wide(a, shape), x)
    variant_rounded_sums = in_steps(lambda x, shape, how: moved(lambda a: _wide(a, shape), x))
    variant_no_elements = lambda x, shape, how: (
        Rejects("there are no elements", "target shape cannot be zero" if how == "expand_as" else "greater than 0, but")
        if 0 in shape
        else Rejects("a gradient of nothing", error="Unable to fill empty grad inputs")
        if 0 in x.shape and current().name != "integers"
        else moved(lambda a: _wide(a, shape), x)
    )
