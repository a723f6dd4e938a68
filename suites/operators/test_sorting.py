"""Sorting and searching: order with ties, NaN and both directions, the largest ones, and where gradients go."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from conformance import dtypes as kinds
from conformance.moves import moved
from conformance.operators import EVERY, Floats, each, operator, shapes
from conformance.quantity import quantity
from suites.support.refusals import absent, unknown

AREA = "sorting"
NUMBERS = tuple(dtype for dtype in EVERY if dtype != "bool")
HOW = each("function", "method")
UNEQUAL = ("transposed", "sliced", "flipped")
"""Layouts that keep elements distinct."""


@dataclass(frozen=True)
class Distinct(Floats):
    """Numbers of which no two are equal, in every dtype: whole ones in a row of their own."""

    specials: bool = False

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        size = math.prod(self.shape)
        return np.asarray(rng.permutation(size).reshape(self.shape), kinds.named(dtype))


def _distinct(fewest=1):
    return shapes(5, 4, fewest=fewest, empty=False).filter(lambda shape: math.prod(shape) <= 120)


def _order(v, axis, descending):
    """Indices in order: equal ones as they stood, NaN as the largest."""
    nan = np.isnan(v)
    if descending:
        return np.lexsort((-np.where(nan, 0, v), ~nan), axis=axis)
    return np.lexsort((np.where(nan, 0, v), nan), axis=axis)


def _taken(x, index, axis):
    return moved(lambda a: np.take_along_axis(a, index, axis), x)


def _axes(shape):
    """All axes from either end, a longest one twice more."""
    longest = max(range(len(shape)), key=shape.__getitem__)
    return [longest, longest - len(shape), *range(-len(shape), len(shape))]


def _lines(spec=Floats, strategy=None, **more):
    """A tensor, one of its axes and other options."""
    return (shapes(fewest=1) if strategy is None else strategy).flatmap(
        lambda shape: st.fixed_dictionaries({"x": st.just(spec(shape)), "axis": st.sampled_from(_axes(shape)), **more})
    )


@operator(
    "sort.values",
    area=AREA,
    cases=_lines(descending=st.booleans(), how=HOW),
    gradients=(),
    dtypes=EVERY,
    covers=("torch.sort", "paddle.sort"),
)
class sort_values:
    """The elements in order, either way, NaN as the largest of all."""

    torch = lambda f, x, axis, descending, how: (
        f.sort(x, axis, descending) if how == "function" else x.sort(dim=axis, descending=descending)
    )[0]
    paddle = lambda f, x, axis, descending, how: (
        f.sort(x, axis, descending) if how == "function" else x.sort(axis=axis, descending=descending)
    )
    value = lambda x, axis, descending, how: _taken(x, _order(x.value, axis, descending), axis)


@operator("sort.stable", area=AREA, cases=_lines(descending=st.booleans()), dtypes=EVERY, covers=("torch.sort",))
class stable:
    """A stable sort: each element keeps its own gradient, equal ones in the order in which they stood."""

    torch = lambda f, x, axis, descending: f.sort(x, dim=axis, descending=descending, stable=True)[0]
    paddle = lambda f, x, axis, descending: f.sort(x, axis=axis, descending=descending, stable=True)
    value = lambda x, axis, descending: _taken(x, _order(x.value, axis, descending), axis)
    variant_unknown = lambda x, axis, descending: unknown("stable")


@operator(
    "sort.indices",
    area=AREA,
    cases=_lines(descending=st.booleans()),
    gradients=(),
    dtypes=EVERY,
    long=_lines(strategy=st.just((1000,)), descending=st.booleans()),
    covers=("torch.argsort", "paddle.argsort"),
)
class indices_:
    """Where the elements stood before a stable sort."""

    torch = lambda f, x, axis, descending: f.argsort(x, dim=axis, descending=descending, stable=True)
    paddle = lambda f, x, axis, descending: f.argsort(x, axis=axis, descending=descending, stable=True)
    value = lambda x, axis, descending: _order(x.value, axis, descending)
    variant_unknown = lambda x, axis, descending: unknown("stable")


@st.composite
def _chosen(draw):
    shape = draw(_distinct())
    axis = draw(st.integers(0, len(shape) - 1))
    return {
        "x": Distinct(shape),
        "k": draw(st.integers(1, shape[axis])),
        "axis": axis - len(shape) * draw(st.booleans()),
        "largest": draw(st.booleans()),
        "how": draw(HOW),
    }


@operator(
    "sort.topk", area=AREA, cases=_chosen(), dtypes=NUMBERS, layouts=UNEQUAL, covers=("torch.topk", "paddle.topk")
)
class topk:
    """The largest or smallest along an axis, in order, and where they stood."""

    torch = lambda f, x, k, axis, largest, how: dict(
        zip(
            ("output", "indices"),
            f.topk(x, k, axis, largest) if how == "function" else x.topk(k, axis, largest),
            strict=True,
        )
    )
    paddle = lambda f, x, k, axis, largest, how: dict(
        zip(
            ("output", "indices"),
            f.topk(x, k, axis, largest) if how == "function" else x.topk(k, axis, largest),
            strict=True,
        )
    )

    @staticmethod
    def value(x, k, axis, largest, how):
        index = np.take(_order(x.value, axis, largest), range(k), axis)
        return {"output": _taken(x, index, axis), "indices": index}


@operator(
    "sort.topk_of_all",
    area=AREA,
    cases=_lines(strategy=shapes(fewest=1, empty=False), largest=st.booleans()),
    gradients=(),
    dtypes=NUMBERS,
)
class topk_of_all:
    """All elements as the largest or the smallest: with ties, infinities, and NaN as the largest."""

    both = lambda f, x, axis, largest: f.topk(x, x.shape[axis], axis, largest)[0]
    value = lambda x, axis, largest: _taken(x, _order(x.value, axis, largest), axis)


@st.composite
def _kth(draw):
    shape = draw(_distinct())
    axis = draw(st.integers(0, len(shape) - 1))
    return {
        "x": Distinct(shape),
        "k": draw(st.integers(1, shape[axis])),
        "axis": axis - len(shape) * draw(st.booleans()),
        "keep": draw(st.booleans()),
    }


@operator("sort.kthvalue", area=AREA, cases=_kth(), dtypes=NUMBERS, layouts=UNEQUAL, covers=("torch.kthvalue",))
class kthvalue:
    """The k-th smallest along an axis, and where it stood."""

    both = lambda f, x, k, axis, keep: dict(zip(("output", "indices"), f.kthvalue(x, k, axis, keep), strict=True))

    @staticmethod
    def value(x, k, axis, keep):
        index = np.take(_order(x.value, axis, False), [k - 1], axis)
        found = _taken(x, index, axis)
        if not keep:
            found, index = moved(lambda a: a.squeeze(axis), found), index.squeeze(axis)
        return {"output": found, "indices": index}


def _extreme(x, axis, keep, largest):
    v = x.value
    if axis is None:
        found = _order(v.reshape(-1), 0, largest)[0]
        return np.reshape(found, [1] * v.ndim) if keep else np.asarray(found)
    return np.take(_order(v, axis, largest), [0] if keep else 0, axis)


def _first(name, largest):
    cases = shapes(fewest=1, empty=False).flatmap(
        lambda shape: st.fixed_dictionaries(
            {
                "x": st.just(Floats(shape)),
                "axis": st.none() | st.integers(-len(shape), len(shape) - 1),
                "keep": st.booleans(),
                "how": HOW,
            }
        )
    )

    def declare(cls):
        return operator(
            f"sort.{name}",
            area=AREA,
            cases=cases,
            gradients=(),
            dtypes=NUMBERS,
            covers=(f"torch.{name}", f"paddle.{name}") if largest else (),
        )(cls)

    return declare


def _passed_over(x, sign=1.0):
    """NaN as a number that is never the one looked for."""
    return quantity(np.where(np.isnan(x.value), -sign * np.inf, x.value))


@_first("argmax", True)
class argmax:
    """Where the largest element stands, the first of equal ones; NaN is the largest."""

    both = lambda f, x, axis, keep, how: f.argmax(x, axis, keep) if how == "function" else x.argmax(axis, keep)
    value = lambda x, axis, keep, how: _extreme(x, axis, keep, True)
    variant_nan_passed_over = lambda x, axis, keep, how: _extreme(_passed_over(x), axis, keep, True)


def _smallest(x, axis, keep, how):
    turned = quantity(np.where(np.isnan(x.value), np.nan, -x.value))
    return _extreme(turned, axis, keep, True)


@_first("argmin", False)
class argmin:
    """Where the smallest element stands, the first of equal ones; NaN comes before it."""

    both = lambda f, x, axis, keep, how: f.argmin(x, axis, keep) if how == "function" else x.argmin(axis, keep)
    value = _smallest
    variant_nan_passed_over = lambda x, axis, keep, how: _smallest(_passed_over(x, -1.0), axis, keep, how)


@dataclass(frozen=True)
class Ascending(Floats):
    """Numbers in order along the last axis, some of them equal."""

    specials: bool = False

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        return np.asarray(np.sort(rng.integers(0, 9, self.shape), -1), kinds.named(dtype))


@dataclass(frozen=True)
class Small(Floats):
    """Small whole numbers, many of them equal."""

    specials: bool = False

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        return np.asarray(rng.integers(0, 5, self.shape), kinds.named(dtype))


@st.composite
def _searched(draw):
    lead = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    return {
        "x": Ascending((*lead, draw(st.integers(1, 20)))),
        "y": Small((*lead, draw(st.integers(1, 6)))),
        "right": draw(st.booleans()),
        "narrow": draw(st.booleans()),
        "how": draw(each("searchsorted", "bucketize")) if not lead else "searchsorted",
    }


SEARCHED = ("float32", "float64", "int64", "int32")


@operator(
    "sort.searchsorted", area=AREA, cases=_searched(), gradients=(), dtypes=SEARCHED, covers=("torch.searchsorted",)
)
class searchsorted:
    """Where numbers would stand in an ordered row, before or behind equal ones."""

    torch = lambda f, x, y, right, narrow, how: (
        f.searchsorted(x, y, right=right, out_int32=narrow)
        if how == "searchsorted"
        else f.bucketize(y, x, right=right, out_int32=narrow)
    )
    paddle = lambda f, x, y, right, narrow, how: (
        f.searchsorted(x, y, narrow, right) if how == "searchsorted" else f.bucketize(y, x, narrow, right)
    )

    @staticmethod
    def value(x, y, right, narrow, how):
        rows = x.value.reshape(-1, x.shape[-1]), y.value.reshape(-1, y.shape[-1])
        found = [np.searchsorted(a, b, "right" if right else "left") for a, b in zip(*rows, strict=True)]
        return np.array(found).reshape(y.shape).astype("int32" if narrow else "int64")


UNIQUE = ("float32", "float64", "int64", "int32")


def _few():
    return st.lists(st.integers(1, 5), min_size=1, max_size=3).flatmap(
        lambda shape: st.fixed_dictionaries(
            {"x": st.just(Small(tuple(shape))), "axis": st.none() | st.integers(0, len(shape) - 1)}
        )
    )


def _unique(x, axis, swapped=False):
    """swapped: slices are compared with the axis and the first one exchanged."""
    v = x.value.swapaxes(0, axis) if swapped and axis is not None else x.value
    found, inverse, counts = np.unique(
        v, return_inverse=True, return_counts=True, axis=0 if swapped and axis is not None else axis
    )
    inverse = inverse.reshape(x.shape if axis is None else -1)
    if swapped and axis is not None:
        found = found.swapaxes(0, axis)
    return {"output": quantity(found), "inverse": inverse, "counts": counts}


@operator("sort.unique", area=AREA, cases=_few(), gradients=(), dtypes=UNIQUE, covers=("torch.unique",))
class unique:
    """The different elements or slices in order, for each where it is among them, and how often each occurs."""

    torch = lambda f, x, axis: dict(
        zip(
            ("output", "inverse", "counts"),
            f.unique(x, return_inverse=True, return_counts=True, dim=axis),
            strict=True,
        )
    )
    paddle = lambda f, x, axis: dict(
        zip(
            ("output", "inverse", "counts"),
            [
                part.reshape(x.shape) if place == 1 and axis is None else part
                for place, part in enumerate(f.unique(x, return_inverse=True, return_counts=True, axis=axis))
            ],
            strict=True,
        )
    )
    note = "The inverse of unique has the input's shape in torch and is a row in paddle."

    value = lambda x, axis: _unique(x, axis)
    variant_other_order = lambda x, axis: _unique(x, axis, swapped=True)


@operator(
    "sort.unique_consecutive",
    area=AREA,
    cases=_few(),
    gradients=(),
    dtypes=UNIQUE,
    covers=("torch.unique_consecutive",),
)
class unique_consecutive:
    """Equal neighbours made one, with the place of each among what is left, and counts."""

    torch = lambda f, x, axis: dict(
        zip(
            ("output", "inverse", "counts"),
            f.unique_consecutive(x, return_inverse=True, return_counts=True, dim=axis),
            strict=True,
        )
    )
    paddle = lambda f, x, axis: dict(
        zip(
            ("output", "inverse", "counts"),
            [
                part.reshape(x.shape) if place == 1 and axis is None else part
                for place, part in enumerate(
                    f.unique_consecutive(x, return_inverse=True, return_counts=True, axis=axis)
                )
            ],
            strict=True,
        )
    )

    @staticmethod
    def value(x, axis):
        rows = x.value.reshape(-1, 1) if axis is None else np.moveaxis(x.value, axis, 0)
        new = np.array([True, *(np.any(a != b) for a, b in zip(rows[1:], rows[:-1], strict=True))])
        inverse = np.cumsum(new) - 1
        kept = rows[new]
        found = kept.reshape(-1) if axis is None else np.moveaxis(kept, 0, axis)
        return {
            "output": quantity(found),
            "inverse": inverse.reshape(x.shape) if axis is None else inverse,
            "counts": np.bincount(inverse),
        }


@operator(
    "sort.isin",
    area=AREA,
    cases=st.fixed_dictionaries(
        {
            "x": shapes(4, 3).map(Small),
            "y": st.integers(1, 4).map(lambda n: Small((n,))),
            "invert": st.booleans(),
        }
    ),
    gradients=(),
    dtypes=("float32", "float64", "int64", "int32"),
)
class isin:
    """Whether each element is among others."""

    both = lambda f, x, y, invert: f.isin(x, y, invert=invert)
    value = lambda x, y, invert: np.isin(x.value, y.value, invert=invert)
    variant_absent = lambda x, y, invert: absent("isin")
