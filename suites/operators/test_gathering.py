"""Gathering, scattering and choices: values and gradients of every tensor, and indices that name a place twice.

Sums of low precision at one place are judged as sums of rounded steps: see index-half-sums.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.moves import moved
from conformance.number_formats import FORMATS, returned
from conformance.operators import EVERY, Floats, each, in_steps, operator, shapes
from conformance.quantity import Quantity, linked
from conformance.strategies import generator, seeds

AREA = "gathering"
HOW = each("function", "method")
DTYPE = each("int64", "int32")


def _small(fewest=1):
    return shapes(5, 4, fewest=fewest, empty=False)


@st.composite
def _along(draw, unique=False, source=False):
    """Indices along an axis, for some of the places along the others."""
    shape = draw(_small())
    axis = draw(st.integers(0, len(shape) - 1))
    rng = generator(draw(seeds))
    places = [draw(st.integers(1, n)) for n in shape]
    places[axis] = draw(st.integers(1, min(shape[axis], 6) if unique else 7))
    if unique:
        order = np.argsort(rng.random([*places[:axis], shape[axis], *places[axis + 1 :]]), axis)
        index = np.take(order, range(places[axis]), axis)
    else:
        index = rng.integers(0, shape[axis], places)
        index.flat[[0, -1]] = 0, shape[axis] - 1
    found = {"x": Floats(shape), "index": index.astype(np.int64), "axis": axis - len(shape) * draw(st.booleans())}
    return {**found, "v": Floats(tuple(places))} if source else found


def _everywhere(index, axis):
    places = list(np.indices(index.shape))
    places[axis] = index
    return tuple(places)


def _close_together(index, axis, shape):
    """Where the places of an index are counted by its own lengths, as if the tensor had no more along other axes."""
    axis %= len(shape)
    before = np.arange(int(np.prod(index.shape[:axis])))[:, None, None]
    after = np.arange(int(np.prod(index.shape[axis + 1 :])))
    named = index.reshape(len(before), index.shape[axis], len(after))
    flat = (before * shape[axis] + named) * int(np.prod(shape[axis + 1 :])) + after
    return np.unravel_index(flat.reshape(index.shape), shape)


@operator(
    "gather.along_axis",
    area=AREA,
    cases=_along(),
    dtypes=EVERY,
    stepwise="gradient",
    covers=("torch.gather", "paddle.take_along_axis"),
)
class along_axis:
    """At every place the element that an index names along an axis; an element named twice gets both gradients."""

    torch = lambda f, x, index, axis: f.gather(x, axis, index)
    paddle = lambda f, x, index, axis: f.take_along_axis(x, index, axis, broadcast=False)
    value = lambda x, index, axis: moved(lambda a: a[_everywhere(index, axis)], x)
    variant_close_together = lambda x, index, axis: moved(lambda a: a[_close_together(index, axis, a.shape)], x)


def _scattered(array, index, axis, new, places=lambda index, axis, shape: _everywhere(index, axis)):
    found = array.copy()
    found[places(index, axis, array.shape)] = new
    return found


@operator(
    "gather.scatter",
    area=AREA,
    cases=_along(unique=True, source=True),
    gradients=("x", "v"),
    dtypes=EVERY,
    covers=("torch.scatter",),
)
class scatter:
    """Elements written to the places that indices name along an axis, none of them twice."""

    torch = lambda f, x, v, index, axis: f.scatter(x, axis, index, v)
    paddle = lambda f, x, v, index, axis: f.put_along_axis(x, index, v, axis, "assign", broadcast=False)
    value = lambda x, v, index, axis: moved(lambda a, b: _scattered(a, index, axis, b), x, v)
    variant_close_together = lambda x, v, index, axis: moved(
        lambda a, b: _scattered(a, index, axis, b, _close_together), x, v
    )


@operator("gather.scatter_number", area=AREA, cases=_along(unique=True), dtypes=EVERY)
class scatter_number:
    """A number written to the places that indices name along an axis."""

    torch = lambda f, x, index, axis: f.scatter(x, axis, index, 3)
    paddle = lambda f, x, index, axis: f.put_along_axis(x, index, 3, axis, broadcast=False)
    value = lambda x, index, axis: moved(lambda a: _scattered(a, index, axis, -1), x, fill=3)
    variant_close_together = lambda x, index, axis: moved(
        lambda a: _scattered(a, index, axis, -1, _close_together), x, fill=3
    )


def _places(x, v, target):
    """Elements of v at the places of x that they are added to: each layer holds one of them at each place."""
    flat = np.asarray(target).reshape(-1)
    size = int(np.prod(x.shape))
    rank = np.zeros(len(flat), int)
    counts = np.zeros(size, int)
    for at, place in enumerate(flat):
        rank[at] = counts[place]
        counts[place] += 1
    layers = np.full((max(counts, default=0), size), -1)
    return flat, rank, layers


def _terms(x, v, target):
    """x, and behind it along a first axis the elements of v that are added at flat places, one after another."""
    flat, rank, layers = _places(x, v, target)

    def spread(b):
        found = layers.copy()
        found[rank, flat] = b.reshape(-1)
        return found.reshape(len(layers), *x.shape)

    return moved(lambda a, b: np.concatenate([a[None], spread(b)]), x, v)


def _added(x, v, target):
    """x with the elements of v added at flat places."""
    return _terms(x, v, target).sum(axis=0)


def _cut_off_sums(x, v, target):
    """As a kernel that cuts off each sum in float16, which loses up to two unit roundoffs of that sum."""
    terms, half = _terms(x, v, target), FORMATS["float16"]
    found = terms.sum(axis=0)
    if returned() != "float16":
        return found
    sums = np.abs(np.cumsum(terms.value, axis=0)[1:])
    sums = np.where(sums > half.largest, np.inf, sums)
    lost = 2 * half.unit * (1 + 2 * half.unit * len(sums)) * sums.sum(axis=0) + 2 * len(sums) * half.smallest
    return Quantity(found.value, np.where(np.isfinite(found.value), lost, found.error), found.links)


def _flat(shape, index):
    return np.arange(int(np.prod(shape))).reshape(shape)[index]


@operator(
    "gather.scatter_add",
    area=AREA,
    cases=_along(source=True),
    gradients=("x", "v"),
    stepwise=True,
    covers=("torch.scatter_add",),
)
class scatter_add:
    """Elements added at the places that indices name along an axis, some of them more than once."""

    torch = lambda f, x, v, index, axis: f.scatter_add(x, axis, index, v)
    paddle = lambda f, x, v, index, axis: f.put_along_axis(x, index, v, axis, "add", broadcast=False)
    value = lambda x, v, index, axis: _added(x, v, _flat(x.shape, _everywhere(index, axis)))
    variant_rounded_sums = in_steps(lambda x, v, index, axis: _added(x, v, _flat(x.shape, _everywhere(index, axis))))
    variant_close_together = lambda x, v, index, axis: _added(
        x, v, _flat(x.shape, _close_together(index, axis, x.shape))
    )


@st.composite
def _rows(draw, source=False, unique=False):
    """Indices of whole slices along an axis, one of each end among them."""
    shape = draw(_small())
    axis = draw(st.integers(0, len(shape) - 1))
    rng = generator(draw(seeds))
    length = shape[axis]
    count = draw(st.integers(1, min(length, 5) if unique else 6))
    index = rng.permutation(length)[:count] if unique else rng.integers(0, length, count)
    if not unique:
        index[[0, -1]] = length - 1, 0
    found = {"x": Floats(shape), "index": index.astype(draw(DTYPE)), "axis": axis - len(shape) * draw(st.booleans())}
    if source:
        found["v"] = Floats(tuple(count if i == axis else n for i, n in enumerate(shape)))
    return found


def _first_for_all(x, index, axis, how):
    """The gradient of the first slice before the axis, for every one of them."""
    found = moved(lambda a: np.take(a, index, axis), x)
    lengths = x.shape[: axis % len(x.shape)] if how == "gather" else ()

    def repeated(array):
        parts = array.reshape(int(np.prod(lengths)), -1)
        return np.broadcast_to(parts[:1], parts.shape).reshape(array.shape)

    return Quantity(found.value, found.error, linked((found, lambda g: moved(repeated, g))))


@operator(
    "gather.index_select",
    area=AREA,
    cases=_rows().flatmap(lambda drawn: each("function", "method", "gather").map(lambda how: {**drawn, "how": how})),
    dtypes=EVERY,
    stepwise="gradient",
    covers=("torch.index_select", "paddle.gather"),
)
class index_select:
    """Slices along an axis, in the order of their indices; one named twice gets both gradients."""

    torch = lambda f, x, index, axis, how: (
        x.index_select(axis, index) if how == "method" else f.index_select(x, axis, index)
    )
    paddle = lambda f, x, index, axis, how: (
        x.index_select(index, axis)
        if how == "method"
        else f.gather(x, index, axis % x.ndim)
        if how == "gather"
        else f.index_select(x, index, axis)
    )
    value = lambda x, index, axis, how: moved(lambda a: np.take(a, index, axis), x)
    variant_first_for_all = _first_for_all
    note = "paddle.gather is torch.index_select; torch.gather is paddle.take_along_axis."


def _slices(index, axis, rank):
    return (slice(None),) * (axis % rank) + (index,)


@operator(
    "gather.index_add",
    area=AREA,
    cases=_rows(source=True),
    gradients=("x", "v"),
    stepwise=True,
    covers=("torch.index_add",),
)
class index_add:
    """Slices added along an axis, some of them to the same place."""

    torch = lambda f, x, v, index, axis: f.index_add(x, axis, index, v)
    paddle = lambda f, x, v, index, axis: f.index_add(x, index, axis, v)
    value = lambda x, v, index, axis: _added(x, v, _flat(x.shape, _slices(index, axis, x.ndim)))
    variant_rounded_sums = in_steps(
        lambda x, v, index, axis: _added(x, v, _flat(x.shape, _slices(index, axis, x.ndim)))
    )
    variant_cut_off_sums = in_steps(
        lambda x, v, index, axis: _cut_off_sums(x, v, _flat(x.shape, _slices(index, axis, x.ndim)))
    )


@operator("gather.index_fill", area=AREA, cases=_rows(), dtypes=EVERY)
class index_fill:
    """A number in whole slices along an axis."""

    torch = lambda f, x, index, axis: f.index_fill(x, axis, index.long(), 3)
    paddle = lambda f, x, index, axis: f.index_fill(x, index, axis, 3)

    @staticmethod
    def value(x, index, axis):
        here = np.zeros(x.shape, bool)
        here[_slices(index, axis, x.ndim)] = True
        return moved(lambda a: np.where(here, -1, a), x, fill=3)


@operator(
    "gather.rows_overwritten",
    area=AREA,
    cases=_rows(source=True, unique=True).filter(lambda drawn: drawn["axis"] in (0, -len(drawn["x"].shape))),
    gradients=("x", "v"),
    dtypes=EVERY,
    covers=("paddle.scatter",),
)
class rows_overwritten:
    """Rows written over others, none of them twice."""

    torch = lambda f, x, v, index, axis: f.index_copy(x, 0, index.long(), v)
    paddle = lambda f, x, v, index, axis: f.scatter(x, index, v)

    @staticmethod
    def value(x, v, index, axis):
        def written(a, b):
            found = a.copy()
            found[index] = b
            return found

        return moved(written, x, v)

    note = "paddle.scatter is torch.index_copy along the first axis; torch.scatter is paddle.put_along_axis."


@st.composite
def _nd(draw, source=False):
    shape = draw(_small())
    depth = draw(st.integers(1, len(shape)))
    rng = generator(draw(seeds))
    wide = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)))
    index = np.stack([rng.integers(0, n, wide) for n in shape[:depth]], -1)
    found = {"x": Floats(shape), "index": index.astype(draw(DTYPE))}
    return {**found, "v": Floats((*wide, *shape[depth:]))} if source else found


def _last(index):
    return tuple(np.moveaxis(index, -1, 0))


@operator("gather.nd", area=AREA, cases=_nd(), dtypes=EVERY, stepwise="gradient", covers=("paddle.Tensor.gather_nd",))
class nd:
    """What the last axis of a tensor of indices names along the first axes."""

    torch = lambda f, x, index: x[index.long().unbind(-1)]
    paddle = lambda f, x, index: x.gather_nd(index)
    value = lambda x, index: moved(lambda a: a[_last(index)], x)


@operator("gather.nd_add", area=AREA, cases=_nd(source=True), gradients=("x", "v"), stepwise=True)
class nd_add:
    """Parts added where the last axis of a tensor of indices names, some of them at the same place."""

    torch = lambda f, x, v, index: f.index_put(x, index.long().unbind(-1), v, accumulate=True)
    paddle = lambda f, x, v, index: f.scatter_nd_add(x, index, v)
    value = lambda x, v, index: _added(x, v, _flat(x.shape, _last(index)))
    variant_rounded_sums = in_steps(lambda x, v, index: _added(x, v, _flat(x.shape, _last(index))))


@st.composite
def _sampled(draw):
    rows, columns, count = draw(st.integers(1, 5)), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    index = generator(draw(seeds)).integers(0, columns, (rows, count))
    return {"x": Floats((rows, columns)), "index": index.astype(draw(DTYPE))}


@operator(
    "gather.index_sample",
    area=AREA,
    cases=_sampled(),
    dtypes=EVERY,
    stepwise="gradient",
    covers=("paddle.index_sample",),
)
class index_sample:
    """Of each row the elements that a row of indices names."""

    torch = lambda f, x, index: f.gather(x, 1, index.long())
    paddle = lambda f, x, index: f.index_sample(x, index)
    value = lambda x, index: moved(lambda a: np.take_along_axis(a, index, 1), x)


@st.composite
def _taken(draw):
    shape = draw(_small(0))
    size = int(np.prod(shape))
    wide = tuple(draw(st.lists(st.integers(1, 4), max_size=2)))
    index = np.asarray(generator(draw(seeds)).integers(-size, size, wide))
    return {"x": Floats(shape), "index": index}


@operator("gather.take", area=AREA, cases=_taken(), dtypes=EVERY, stepwise="gradient", covers=("torch.take",))
class take:
    """Elements of the flattened tensor, counted from either end."""

    both = lambda f, x, index: f.take(x, index)
    value = lambda x, index: moved(lambda a: a.reshape(-1)[index], x)
