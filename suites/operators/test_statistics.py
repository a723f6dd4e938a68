"""Order statistics, histograms, covariances and differences: NaN, ties, both ends of a range, weights and gradients."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import sums
from conformance.accuracy import Rejects
from conformance.number_formats import current
from conformance.operators import Floats, Integers, each, operator
from conformance.products import matmul, transposed
from conformance.quantity import Quantity, quantity, where, without_gradient
from conformance.reductions import norm
from suites.support.norms import NORM_EPSILON

AREA = "statistics"
DTYPES = ("float32", "float64")
PLAIN = ("normal", "positive", "sorted", "heavy", "sparse")


@st.composite
def _lines(draw, /, nan=True, **domain):
    """Rows, one after another, of which the last axis is reduced."""
    shape = draw(st.sampled_from(((1,), (2,), (5,), (8,), (3, 4), (2, 7), (2, 1), (100,))))
    return {"x": Floats(shape, specials=False, points=(np.nan, 1.0) if nan else (1.0, -2.0), **domain)}


def _selected(x, places, lost=None):
    """The elements of the last axis at these places."""
    found = sums.move(lambda array: np.take_along_axis(array, places[..., None], -1)[..., 0], x)
    return found if lost is None else without_gradient(found, x, lost[..., None] & np.ones(x.shape, bool))


def _lower_median(x, ignored):
    """Of the sorted ones the middle, or the lower of two in the middle; NaN where one is, unless they are ignored."""
    order = np.argsort(x.value, -1, kind="stable")
    count = x.shape[-1]
    known = count - np.isnan(x.value).sum(-1)
    rank = np.maximum(known - 1, 0) // 2 if ignored else np.full(known.shape, (count - 1) // 2)
    rank = rank if ignored else np.where(known < count, count - 1, rank)
    places = np.take_along_axis(order, np.asarray(rank)[..., None], -1)[..., 0]
    with np.errstate(invalid="ignore"):
        picked = np.take_along_axis(x.value, places[..., None], -1)
    ties = ((x.value == picked).sum(-1) > 1) | np.isnan(picked[..., 0])
    return _selected(x, places, ties)


@operator("statistic.median", area=AREA, cases=_lines(), dtypes=DTYPES, families=PLAIN, covers=("torch.median",))
class median:
    """The middle of the sorted numbers, of two the lower; NaN where one is. Of ties any may have the gradient."""

    note = 'paddle.median is the mean of the two in the middle unless it is called with mode="min"'
    torch = lambda f, x: f.median(x, -1).values
    paddle = lambda f, x: f.median(x, -1, mode="min")[0]
    value = lambda x: _lower_median(x, False)
    variant_absent = lambda x: Rejects("there is no such mode yet", "unexpected keyword argument 'mode'")


@operator("statistic.nanmedian", area=AREA, cases=_lines(), dtypes=DTYPES, families=PLAIN, covers=("torch.nanmedian",))
class nanmedian:
    """The median of what is not NaN."""

    torch = lambda f, x: f.nanmedian(x, -1).values
    paddle = lambda f, x: f.nanmedian(x, -1, mode="min")[0]
    value = lambda x: _lower_median(x, True)
    variant_absent = lambda x: Rejects("there is no such mode yet", "unexpected keyword argument 'mode'")


NO_CHOICE = Rejects("there is none yet", "unexpected keyword argument 'interpolation'")
SHARES = (0.5, 0.0, 1.0, 0.3, 0.25)
BETWEEN = ("linear", "lower", "higher", "nearest", "midpoint")


def _quantiles(nan):
    return st.tuples(_lines(nan), each(*SHARES), each(*BETWEEN)).map(
        lambda found: {**found[0], "share": found[1], "between": found[2]}
    )


def _quantile(x, share, between, ignored=False):
    order = np.argsort(x.value, -1, kind="stable")
    known = x.shape[-1] - np.isnan(x.value).sum(-1)
    lost = known == 0 if ignored else known < x.shape[-1]
    place = share * np.maximum((known if ignored else np.full(known.shape, x.shape[-1])) - 1, 0)
    near = np.abs(place - np.rint(place)) < 1e-5
    unsure = near & (share * 64 != np.rint(share * 64))  # a share that is rounded: the place may be on either side
    place = np.where(near, np.rint(place), place)
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    if between in ("lower", "nearest"):
        high = low if between == "lower" else np.rint(place).astype(int)
        low = high
    elif between == "higher":
        low = high
    at = lambda rank: _selected(x, np.take_along_axis(order, np.asarray(rank)[..., None], -1)[..., 0])
    first, second = at(low), at(high)
    weight = np.full(place.shape, 0.5) * (low != high) if between == "midpoint" else place - low
    # The place is formed in the format: it is off by a unit of its size.
    blur = 4 * current().unit * np.maximum(place, 1.0) * (low != high)
    found = first + (second - first) * Quantity(weight, blur)
    aside = {"linear": 4 * current().unit * np.maximum(place, 1.0), "nearest": 0.0, "midpoint": 0.5}.get(between, 1.0)
    last = np.maximum(known if ignored else x.shape[-1], 1) - 1
    for other, on_side in ((np.maximum(low - 1, 0), "higher"), (np.minimum(high + 1, last), "lower")):
        if between != on_side and unsure.any():
            found = found + (at(other) - at(low)) * Quantity(np.zeros(place.shape), np.where(unsure, aside, 0.0))
    found = where(lost, np.nan, found)
    tied = np.zeros(lost.shape, bool)
    for rank in (low, high):
        picked = np.take_along_axis(np.sort(x.value, -1), np.asarray(rank)[..., None], -1)
        tied |= (x.value == picked).sum(-1) > 1
    return without_gradient(found, x, (lost | tied)[..., None] & np.ones(x.shape, bool))


@operator(
    "statistic.quantile",
    area=AREA,
    cases=_quantiles(True),
    dtypes=DTYPES,
    families=PLAIN,
    covers=("torch.quantile",),
)
class quantile:
    """The number below which a share of the numbers lies, between two by one of five ways; NaN where one is."""

    both = lambda f, x, share, between: f.quantile(x, share, -1, interpolation=between)
    value = lambda x, share, between: _quantile(x, share, between)
    variant_absent = lambda x, share, between: Rejects(
        "there is none yet", "unexpected keyword argument 'interpolation'"
    )


@operator("statistic.nanquantile", area=AREA, cases=_quantiles(True), dtypes=DTYPES, families=PLAIN)
class nanquantile:
    """The quantile of what is not NaN."""

    both = lambda f, x, share, between: f.nanquantile(x, share, -1, interpolation=between)
    value = lambda x, share, between: _quantile(x, share, between, True)
    variant_absent = lambda x, share, between: Rejects(
        "there is none yet", "unexpected keyword argument 'interpolation'"
    )


def _most_frequent(x):
    """The one that stands most often, of several the smallest, and its last place."""
    rows = x.value.reshape(-1, x.shape[-1])
    places = np.zeros(len(rows), np.int64)
    for place, row in enumerate(rows):
        values, counts = np.unique(row, return_counts=True)
        places[place] = np.flatnonzero(row == values[counts.argmax()])[-1]
    places = places.reshape(x.shape[:-1])
    found = _selected(x, places)
    ties = (x.value == found.value[..., None]).sum(-1) > 1
    return {"output": _selected(x, places, ties), "there": found.reshape(*found.shape, 1)}


@operator(
    "statistic.mode",
    area=AREA,
    cases=_lines(nan=False),
    dtypes=DTYPES,
    families=("constant", "sparse", "normal"),
    covers=("torch.mode",),
)
class mode:
    """The most frequent number, of several the smallest, and a place where it stands."""

    torch = lambda f, x: _with_place(f.mode(x, -1), lambda place: f.gather(x, -1, place.unsqueeze(-1)))
    paddle = lambda f, x: _with_place(f.mode(x, -1), lambda place: f.take_along_axis(x, place.unsqueeze(-1), -1))
    value = _most_frequent


def _with_place(found, there):
    value, place = found
    return {"output": value, "there": there(place)}


@st.composite
def _observations(draw):
    rows, columns = draw(st.sampled_from((1, 2, 4))), draw(st.sampled_from((2, 3, 9, 33)))
    return {"x": Floats((rows, columns), specials=False), "unbiased": draw(st.booleans())}


def _centred(x):
    """Kernels form the mean of weighted numbers, each of which is rounded."""
    found = x - sums.move(lambda array: np.repeat(array[..., None], x.shape[-1], -1), sums.mean(x, -1))
    whole = bool(np.all(x.value == np.rint(x.value)))
    size = 0.0 if whole else 4 * current().unit * np.abs(x.value).max(-1, keepdims=True)
    return Quantity(found.value, found.error + size, found.links)


def _covariance(x, unbiased):
    moved = _centred(x)
    return matmul(moved, transposed(moved)) / float(x.shape[-1] - unbiased)


def _one_side_centred(x, unbiased):
    """Products of the distances from the mean with the numbers themselves, so that the mean's rounding counts."""
    return matmul(_centred(x), transposed(x)) / float(x.shape[-1] - unbiased)


@operator(
    "statistic.cov",
    area=AREA,
    cases=_observations(),
    dtypes=DTYPES,
    families=("normal", "offset", "positive", "sorted", "heavy"),
    covers=("torch.cov",),
)
class cov:
    """The covariances of rows."""

    torch = lambda f, x, unbiased: f.cov(x, correction=int(unbiased)).reshape([x.shape[0], x.shape[0]])
    paddle = lambda f, x, unbiased: f.linalg.cov(x, ddof=unbiased).reshape([x.shape[0], x.shape[0]])
    value = lambda x, unbiased: _covariance(x, unbiased)
    variant_one_side_centred = lambda x, unbiased: _one_side_centred(x, unbiased)


@st.composite
def _differences(draw):
    shape = draw(st.sampled_from(((2,), (5,), (3, 4), (2, 3, 4), (1000,))))
    return {
        "x": Floats(shape, specials=False),
        "times": draw(st.sampled_from((1, 2, 0))),
        "axis": draw(st.integers(-len(shape), len(shape) - 1)),
    }


def _difference(x, times, axis):
    for _ in range(min(times, x.shape[axis])):
        later = sums.move(lambda array: np.delete(array, 0, axis), x)
        x = later - sums.move(lambda array: np.delete(array, -1, axis), x)
    return x + 0.0


@operator(
    "statistic.diff",
    area=AREA,
    cases=_differences().filter(lambda drawn: drawn["x"].shape[drawn["axis"]] > drawn["times"] > 0),
    dtypes=DTYPES,
    covers=("torch.diff",),
)
class diff:
    """What each differs by from the one before, once or twice."""

    both = lambda f, x, times, axis: f.diff(x, times, axis)
    value = _difference


@operator(
    "statistic.trace",
    area=AREA,
    cases=st.sampled_from(((1, 1), (3, 3), (2, 5), (4, 2), (33, 33))).map(lambda shape: {"x": Floats(shape)}),
    dtypes=DTYPES,
    covers=("torch.trace",),
)
class trace:
    """The sum of the diagonal, of a matrix of any shape."""

    both = lambda f, x: f.trace(x)
    value = lambda x: sums.total(sums.move(lambda array: np.diagonal(array), x))

    @staticmethod
    def variant_gradient_wraps(x):
        """The gradient goes to every so many elements in a row, also below the square of a tall matrix."""
        found = sums.total(sums.move(lambda array: np.diagonal(array), x))
        place = np.arange(x.value.size).reshape(x.shape) % (x.shape[1] + 1) == 0
        return found.with_gradient(x, lambda g: Quantity(place * g.value, place * g.error))


@st.composite
def _bounded(draw):
    shape = draw(st.sampled_from(((2, 3), (3, 2, 2), (1, 4))))
    axis = draw(st.integers(0, len(shape) - 1))
    return {
        "x": Floats(shape, specials=False),
        "order": draw(st.sampled_from((2.0, 3.0))),
        "axis": axis,
        "most": draw(st.sampled_from((1.0, 0.5, 100.0))),
    }


def _renormed(x, order, axis, most, epsilon=0.0):
    front = sums.move(lambda array: np.moveaxis(array, axis, 0).reshape(x.shape[axis], -1), x)
    sizes = norm(front, order)
    spread = lambda each: sums.move(lambda array: np.repeat(array[:, None], front.shape[1], 1), each)
    large = np.repeat((sizes.value > most)[:, None], front.shape[1], 1)
    factor = most / (where(sizes.value > most, sizes, 1.0) + epsilon)
    found = where(large, front * spread(factor), front)
    rest = tuple(length for place, length in enumerate(x.shape) if place != axis)
    return sums.move(lambda array: np.moveaxis(array.reshape(x.shape[axis], *rest), 0, axis), found)


@operator(
    "statistic.renorm",
    area=AREA,
    cases=_bounded(),
    dtypes=DTYPES,
    families=("normal", "positive", "heavy"),
    covers=("torch.renorm",),
)
class renorm:
    """Slices along an axis, those longer than a bound shortened to it."""

    both = lambda f, x, order, axis, most: f.renorm(x, order, axis, most)
    value = _renormed
    variant_with_epsilon = lambda x, order, axis, most: _renormed(x, order, axis, most, 1e-7)


@operator(
    "statistic.dist",
    area=AREA,
    cases=st.tuples(st.sampled_from(((3,), (2, 3), (1,), (17,))), each(2.0, 1.0, 3.0, np.inf)).map(
        lambda drawn: {
            "x": Floats(drawn[0], specials=False),
            "y": Floats(drawn[0], specials=False),
            "order": drawn[1],
        }
    ),
    gradients=("x", "y"),
    dtypes=DTYPES,
    families=("normal", "positive", "sorted"),
)
class dist:
    """The norm of a difference."""

    both = lambda f, x, y, order: f.dist(x, y, order)
    value = lambda x, y, order: norm((x - y).reshape(-1), order)
    variant_float32_root = lambda x, y, order: norm(
        (x - y).reshape(-1), order, NORM_EPSILON, float(np.float32(1 / order))
    )


@st.composite
def _counted(draw):
    size = draw(st.sampled_from((1, 2, 9, 1000)))
    return {
        "x": Floats((size,), points=(0.0, 4.0, 1.0, 2.0, 5.0, -1.0), specials=False, scale=2.0),
        "bins": draw(st.sampled_from((4, 1, 5))),
        "ends": draw(st.sampled_from(((0, 4), (-1, 1)))),
    }


def _histogram(x, bins, ends):
    low, high = ends
    if low == high:
        low, high = (float(np.min(x)), float(np.max(x))) if x.size else (0.0, 1.0)
    if low == high:
        low, high = low - 1, high + 1
    inside = x[(x >= low) & (x <= high)]
    places = np.minimum(np.floor((inside - low) / (high - low) * bins).astype(int), bins - 1)
    return np.bincount(places, minlength=bins).astype(np.int64)


@operator(
    "statistic.histc",
    area=AREA,
    cases=_counted(),
    gradients=(),
    dtypes=("float32",),
    families=("normal", "constant", "sparse"),
    covers=("torch.histc",),
)
class histc:
    """How many lie in each of some bins of equal width; the last holds its upper end, and none what lies outside."""

    torch = lambda f, x, bins, ends: f.histc(x, bins, *ends).to(f.int64)
    paddle = lambda f, x, bins, ends: f.histogram(x, bins, *ends)
    value = lambda x, bins, ends: _histogram(x.value, bins, ends)


@st.composite
def _occurrences(draw):
    size = draw(st.sampled_from((1, 3, 17, 1000)))
    return {
        "x": Integers((size,), 0, draw(st.sampled_from((1, 5, 40))), draw(st.sampled_from(("int64", "int32")))),
        "least": draw(st.sampled_from((0, 3, 50))),
    }


@operator("statistic.bincount", area=AREA, cases=_occurrences(), gradients=(), covers=("torch.bincount",))
class bincount:
    """How often each number from 0 on occurs."""

    torch = lambda f, x, least: f.bincount(x, minlength=least)
    paddle = lambda f, x, least: f.bincount(x, minlength=least).astype("int64")
    value = lambda x, least: np.bincount(x, minlength=least).astype(np.int64)


@operator(
    "statistic.bincount_weighted",
    area=AREA,
    cases=_occurrences().map(lambda found: {**found, "weights": Floats(found["x"].shape, specials=False)}),
    gradients=(),
    dtypes=DTYPES,
    covers=("torch.bincount",),
)
class bincount_weighted:
    """The sums of weights of each number."""

    both = lambda f, x, least, weights: f.bincount(x, weights, least)
    value = lambda x, least, weights: sums.gathered(weights, x, (max(int(x.max()) + 1, least),))


@operator(
    "statistic.nanmean",
    area=AREA,
    cases=_lines(),
    dtypes=DTYPES,
    families=PLAIN,
)
class nanmean:
    """The mean of what is not NaN; NaN of nothing."""

    both = lambda f, x: f.nanmean(x, -1)
    value = lambda x: _known_mean(x)


def _known_mean(x):
    known = ~np.isnan(x.value)
    count = known.sum(-1).astype(np.float64)
    return sums.total(where(known, x, 0.0), -1) / quantity(count)
