"""Sums, products and extremes of all that came before: ties, zeros, NaN, and which of two equal numbers is named."""

from __future__ import annotations

import numpy as np

from conformance import sums
from conformance.operators import operator
from conformance.reductions import running
from suites.support.axes import along, with_how

AREA = "reductions"
WHOLE = ("int64", "int32")


def _lines(**domain):
    return along(several=False, whole=False, **domain).map(lambda found: {"x": found["x"], "axis": found["axis"]})


def _along_axis(function, x, axis):
    """A function of the last axis, along another."""
    there = lambda array: np.moveaxis(array, axis, -1)
    return sums.move(lambda array: np.moveaxis(array, -1, axis), function(sums.move(there, x)))


@operator(
    "reduction.cumsum",
    area=AREA,
    cases=with_how(_lines()),
    dtypes=("float32", "float64", "int64"),
    integers_as="int64",
    covers=("torch.cumsum", "paddle.cumsum", "paddle.Tensor.cumsum"),
)
class cumsum:
    """The sums of the first, the first two, ... along an axis."""

    both = lambda f, x, axis, how: f.cumsum(x, axis) if how == "function" else x.cumsum(axis)
    value = lambda x, axis, how: _along_axis(lambda rows: running(rows, "sum"), x, axis)


@operator(
    "reduction.cumprod",
    area=AREA,
    cases=_lines(points=(0.0, 1.0, -1.0), specials=False, scale=1.5),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sparse", "constant"),
    covers=("torch.cumprod",),
)
class cumprod:
    """The products of the first, the first two, ... along an axis; zeros have gradients too."""

    both = lambda f, x, axis: f.cumprod(x, axis)
    value = lambda x, axis: _along_axis(lambda rows: running(rows, "product"), x, axis)


def _best(x, axis, largest):
    """The best so far and its last place; NaN is better than all."""
    array = np.moveaxis(x.value, axis, -1)
    value, place = array.copy(), np.zeros(array.shape, np.int64)
    for here in range(1, array.shape[-1]):
        new, old = array[..., here], value[..., here - 1]
        better = np.isnan(new) | (~np.isnan(old) & ((new >= old) if largest else (new <= old)))
        value[..., here] = np.where(better, new, old)
        place[..., here] = np.where(better, here, place[..., here - 1])
    places = np.moveaxis(place, -1, axis)
    found = sums.move(lambda flat: np.take_along_axis(flat, places, axis), x)
    return {"output": found, "places": places}


@operator(
    "reduction.cummax",
    area=AREA,
    cases=_lines(points=(1.0, -2.0)),
    dtypes=("float32", "float64", *WHOLE),
    may_be_zero=("places",),
    covers=("torch.cummax",),
)
class cummax:
    """The largest so far along an axis, and the last place where it stands."""

    both = lambda f, x, axis: dict(zip(("output", "places"), f.cummax(x, axis), strict=True))
    value = lambda x, axis: _best(x, axis, True)


@operator(
    "reduction.cummin",
    area=AREA,
    cases=_lines(points=(1.0, -2.0)),
    dtypes=("float32", "float64", *WHOLE),
    may_be_zero=("places",),
    covers=("paddle.cummin",),
)
class cummin:
    """The smallest so far along an axis, and the last place where it stands."""

    both = lambda f, x, axis: dict(zip(("output", "places"), f.cummin(x, axis), strict=True))
    value = lambda x, axis: _best(x, axis, False)
