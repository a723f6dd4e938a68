"""Comparisons: NaN, both zeros, infinities, ties, tolerances, and both ends of every range of integers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Acceptance, Rejects
from conformance.dtypes import EVERY
from conformance.operators import each, one, operator, two
from conformance.quantity import made
from suites.support.pairs import all_have_elements

AREA = "comparisons"
SMALL = (1e-9, 1e-16)
POINTS = (0.0, 1.0, -2.0, *SMALL)
IN_PLACE = Rejects("the first is the smaller", "match the broadcast shape")
FORMS = ("function", "operator", "method")
WHOLE = ("int64", "int32", "bool", "uint8", "int8", "int16")


def _pairs(forms=FORMS):
    pair = two(first={"points": POINTS}, points=POINTS).filter(all_have_elements)
    return st.tuples(pair, each(*forms)).map(lambda found: {**found[0], "how": found[1]})


def _against_numbers():
    return one(points=(0.0, 1.0, 2.0, *SMALL), number=(0, 1, 0.5, -2.0, True))


def _alike(x, y, apart):
    with np.errstate(invalid="ignore"):
        return (x == y) | (np.abs(x - y) < apart)


@operator(
    "comparison.equal",
    area=AREA,
    cases=_pairs(),
    gradients=(),
    dtypes=EVERY,
    covers=("torch.eq", "paddle.Tensor.__eq__"),
)
class equal:
    """Where two are equal: NaN to nothing, zeros of both signs to each other."""

    torch = lambda f, x, y, how: x == y if how == "operator" else f.eq(x, y) if how == "function" else x.eq(y)
    paddle = lambda f, x, y, how: x == y if how == "operator" else f.equal(x, y) if how == "function" else x.equal(y)
    value = lambda x, y, how: x.value == y.value
    variant_within_1e_8 = lambda x, y, how: _alike(x.value, y.value, 1e-8)
    variant_within_1e_15 = lambda x, y, how: _alike(x.value, y.value, 1e-15)


@operator(
    "comparison.not_equal", area=AREA, cases=_pairs(), gradients=(), dtypes=EVERY, covers=("paddle.Tensor.__ne__",)
)
class not_equal:
    """Where two are not equal."""

    torch = lambda f, x, y, how: x != y if how == "operator" else f.ne(x, y) if how == "function" else x.ne(y)
    paddle = lambda f, x, y, how: (
        x != y if how == "operator" else f.not_equal(x, y) if how == "function" else x.not_equal(y)
    )
    value = lambda x, y, how: x.value != y.value
    variant_within_1e_8 = lambda x, y, how: ~_alike(x.value, y.value, 1e-8)
    variant_within_1e_15 = lambda x, y, how: ~_alike(x.value, y.value, 1e-15)


@operator("comparison.greater", area=AREA, cases=_pairs(), gradients=(), dtypes=EVERY, covers=("paddle.Tensor.__gt__",))
class greater:
    """Where the first is larger."""

    torch = lambda f, x, y, how: x > y if how == "operator" else f.gt(x, y) if how == "function" else x.gt(y)
    paddle = lambda f, x, y, how: (
        x > y if how == "operator" else f.greater_than(x, y) if how == "function" else x.greater_than(y)
    )
    value = lambda x, y, how: x.value > y.value


@operator(
    "comparison.greater_equal",
    area=AREA,
    cases=_pairs(),
    gradients=(),
    dtypes=EVERY,
    covers=("paddle.Tensor.__ge__", "paddle.greater_equal"),
)
class greater_equal:
    """Where the first is not smaller."""

    torch = lambda f, x, y, how: x >= y if how == "operator" else f.ge(x, y) if how == "function" else x.ge(y)
    paddle = lambda f, x, y, how: (
        x >= y if how == "operator" else f.greater_equal(x, y) if how == "function" else x.greater_equal(y)
    )
    value = lambda x, y, how: x.value >= y.value


@operator(
    "comparison.less",
    area=AREA,
    cases=_pairs(),
    gradients=(),
    dtypes=EVERY,
    covers=("paddle.Tensor.__lt__", "paddle.less_than"),
)
class less:
    """Where the first is smaller."""

    torch = lambda f, x, y, how: x < y if how == "operator" else f.lt(x, y) if how == "function" else x.lt(y)
    paddle = lambda f, x, y, how: (
        x < y if how == "operator" else f.less_than(x, y) if how == "function" else x.less_than(y)
    )
    value = lambda x, y, how: x.value < y.value


@operator(
    "comparison.less_equal", area=AREA, cases=_pairs(), gradients=(), dtypes=EVERY, covers=("paddle.Tensor.__le__",)
)
class less_equal:
    """Where the first is not larger."""

    torch = lambda f, x, y, how: x <= y if how == "operator" else f.le(x, y) if how == "function" else x.le(y)
    paddle = lambda f, x, y, how: (
        x <= y if how == "operator" else f.less_equal(x, y) if how == "function" else x.less_equal(y)
    )
    value = lambda x, y, how: x.value <= y.value


@operator(
    "comparison.with_numbers",
    area=AREA,
    cases=_against_numbers(),
    gradients=(),
    dtypes=("float32", "float64", "float16", "int64", "int32", "bool"),
    covers=("paddle.Tensor.__eq__", "paddle.Tensor.__ne__", "paddle.Tensor.__gt__", "paddle.Tensor.__ge__"),
)
class with_numbers:
    """All six comparisons with a number, which is not rounded to the tensor's dtype."""

    both = lambda f, x, number: {
        "equal": x == number,
        "not_equal": x != number,
        "greater": x > number,
        "greater_equal": x >= number,
        "less": x < number,
        "less_equal": x <= number,
    }
    value = lambda x, number: _six(x.value, number)
    variant_within_1e_8 = lambda x, number: _six(x.value, number, 1e-8)
    variant_within_1e_15 = lambda x, number: _six(x.value, number, 1e-15)

    @staticmethod
    def variant_one_element_of_a_truth_value(x, number):
        if number is not True or x.ndim:
            return _six(x.value, number, 1e-8)
        return {**_six(x.value, number), **{name: each[None] for name, each in _equal(x.value, number, 1e-8).items()}}


def _six(x, number, apart=0.0):
    """apart: distance below which floating numbers count as equal."""
    return {
        **_equal(x, number, apart),
        "greater": x > number,
        "greater_equal": x >= number,
        "less": x < number,
        "less_equal": x <= number,
    }


def _equal(x, number, apart):
    return {"equal": _alike(x, number, apart), "not_equal": ~_alike(x, number, apart)}


TOLERANCES = ((1e-5, 1e-8), (0.0, 0.0), (0.5, 0.0), (0.0, 1.0))


def _near():
    """Numbers, and others that lie within and beyond a tolerance of them, and at its edge."""
    numbers = (0.0, 1.0, 2.0, 4.0, -2.0)
    pair = two(first={"points": numbers}, points=numbers)
    alike = one(points=numbers).map(lambda found: {"x": found["x"], "y": found["x"]})
    return st.tuples((pair | alike).filter(all_have_elements), each(*TOLERANCES), st.booleans()).map(
        lambda found: {**found[0], "tolerance": found[1], "equal_nan": found[2]}
    )


def _unlike(x, y):
    words = "is not equal to the" if x.ndim == y.ndim else "must have the same dimension"
    return Rejects("the shapes differ", words)


def _close(x, y, tolerance, equal_nan, infinite=False):
    """Open where a rounded difference may lie on the other side of a rounded tolerance.

    infinite: whether an infinite y is taken to allow an infinite difference.
    """
    relative, absolute = (made(each, 0.0, 1) for each in tolerance)
    apart, allowed = abs(x - y), abs(y) * relative + absolute
    x, y, unsure = x.value, y.value, apart.error + allowed.error
    with np.errstate(invalid="ignore"):
        near = (apart.value <= allowed.value) & (np.isfinite(y) | infinite)
        open_ = (np.abs(apart.value - allowed.value) <= unsure) & (unsure > 0)
    near = near | (x == y) | (equal_nan & np.isnan(x) & np.isnan(y))
    return Acceptance(near, np.where(open_ & (x != y), np.inf, 0.0), dtype="bool")


def _loosely(x, y, tolerance, equal_nan):
    """By a kernel that allows 1e-15 more, for which an infinite y allows an infinite difference, and of one shape."""
    if x.shape != y.shape:
        return _unlike(x, y)
    return _close(x, y, (tolerance[0], tolerance[1] + 1e-15), equal_nan, True)


def _all(found):
    if isinstance(found, Rejects):
        return found
    surely, open_ = np.asarray(np.all(found.value)), np.isinf(found.bound)
    return Acceptance(surely, np.inf if np.all(found.value | open_) and np.any(open_) else 0.0, dtype="bool")


@operator(
    "comparison.isclose",
    area=AREA,
    cases=_near(),
    gradients=(),
    dtypes=("float32", "float64"),
    covers=("torch.isclose",),
)
class isclose:
    """Where |x - y| is at most atol + rtol |y|; infinities are close to themselves only, NaN to NaN where told so."""

    torch = lambda f, x, y, tolerance, equal_nan: f.isclose(x, y, *tolerance, equal_nan=equal_nan)
    paddle = lambda f, x, y, tolerance, equal_nan: f.isclose(x, y, *tolerance, equal_nan)
    value = lambda x, y, tolerance, equal_nan: _close(x, y, tolerance, equal_nan)
    variant_equal_nan_in_place = lambda x, y, tolerance, equal_nan: (
        IN_PLACE
        if equal_nan and np.broadcast_shapes(x.shape, y.shape) != x.shape
        else _close(x, y, tolerance, equal_nan)
    )
    variant_loosely = _loosely


@operator(
    "comparison.allclose",
    area=AREA,
    cases=_near(),
    gradients=(),
    dtypes=("float32", "float64"),
    covers=("torch.allclose",),
)
class allclose:
    """Whether all are close."""

    torch = lambda f, x, y, tolerance, equal_nan: f.tensor(f.allclose(x, y, *tolerance, equal_nan))
    paddle = lambda f, x, y, tolerance, equal_nan: f.allclose(x, y, *tolerance, equal_nan)
    value = lambda x, y, tolerance, equal_nan: _all(_close(x, y, tolerance, equal_nan))
    variant_equal_nan_in_place = lambda x, y, tolerance, equal_nan: (
        IN_PLACE
        if equal_nan and np.broadcast_shapes(x.shape, y.shape) != x.shape
        else _all(_close(x, y, tolerance, equal_nan))
    )
    variant_loosely = lambda x, y, tolerance, equal_nan: _all(_loosely(x, y, tolerance, equal_nan))


NOTHING_TO_COPY = Rejects("there are no elements", "We can only support initialized tensor in clone")


def _same():
    """Two of one shape, which in half of the draws are the same tensor."""
    return one(points=POINTS, specials=False).map(lambda found: {**found, "same": True}) | one(points=POINTS).map(
        lambda found: {**found, "same": False}
    )


@operator(
    "comparison.equal_all",
    area=AREA,
    cases=_same(),
    gradients=(),
    dtypes=("float32", "int64", "int32"),
    covers=("torch.equal",),
)
class equal_all:
    """Whether all elements are equal, as one truth value."""

    torch = lambda f, x, same: f.tensor(f.equal(x, x.clone() if same else -x))
    paddle = lambda f, x, same: f.equal_all(x, x.clone() if same else -x)
    value = lambda x, same: np.all(x.value == (x.value if same else -x.value))
    variant_within_1e_8 = lambda x, same: np.all(_alike(x.value, x.value if same else -x.value, 1e-8))
    variant_within_1e_8_of_some = lambda x, same: (
        NOTHING_TO_COPY if same and not x.value.size else np.all(_alike(x.value, x.value if same else -x.value, 1e-8))
    )
    variant_within_1e_15 = lambda x, same: np.all(_alike(x.value, x.value if same else -x.value, 1e-15))


@operator(
    "comparison.isnan",
    area=AREA,
    cases=one(points=(np.nan, 1.0), how=("function", "method")),
    gradients=(),
    covers=("paddle.isnan",),
)
class isnan:
    """Where it is NaN."""

    both = lambda f, x, how: f.isnan(x) if how == "function" else x.isnan()
    value = lambda x, how: np.isnan(x.value)


@operator("comparison.isinf", area=AREA, cases=one(how=("function", "method")), gradients=(), covers=("paddle.isinf",))
class isinf:
    """Where it is infinite."""

    both = lambda f, x, how: f.isinf(x) if how == "function" else x.isinf()
    value = lambda x, how: np.isinf(x.value)


@operator(
    "comparison.isfinite", area=AREA, cases=one(how=("function", "method")), gradients=(), covers=("paddle.isfinite",)
)
class isfinite:
    """Where it is neither."""

    both = lambda f, x, how: f.isfinite(x) if how == "function" else x.isfinite()
    value = lambda x, how: np.isfinite(x.value)


@operator("comparison.signbit", area=AREA, cases=one(), gradients=(), dtypes=("float32", "float64"))
class signbit:
    """Where the sign is a minus, also of a zero."""

    both = lambda f, x: f.signbit(x)
    value = lambda x: np.signbit(x.value)
    variant_absent = lambda x: Rejects("there is none yet", "has no attribute 'signbit'")
