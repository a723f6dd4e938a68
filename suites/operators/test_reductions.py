"""Reductions along none, one or several axes: dtypes, ties, zeros, infinities, nothing at all, a million elements."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract, sums
from conformance.accuracy import Rejects
from conformance.number_formats import FORMATS, current, returned
from conformance.operators import Floats, each, in_steps, operator, shapes
from conformance.quantity import Quantity, quantity, unpromised, where, without_gradient
from conformance.reductions import deviation, extreme, logarithm_of_sum, norm, product, rows, shaped
from suites.support.axes import along, with_how
from suites.support.norms import NORM_EPSILON

AREA = "reductions"
LOW = ("float16", "bfloat16")
REAL = ("float32", "float64", *LOW)
WHOLE = ("int64", "int32")
MILLION = 2**20


def row(shape=(MILLION,), axis=None, **domain):
    """A long row, or many of them."""
    return st.just({"x": Floats(shape, specials=False, **domain), "axis": axis, "keepdim": False})


def _total(x, axis, keepdim):
    """Of integers in 64 bits, for float64 loses the ends of many large ones on the way."""
    if current().name == "integers":
        return quantity(x.value.astype(np.int64).sum(axis, keepdims=keepdim))
    return sums.total(x, axis, keepdim)


def _cut_off(found):
    """The same number, in low precision cut off at each step rather than rounded."""
    if returned() not in LOW:
        return found
    return Quantity(found.value, 3 * found.error + 2 * FORMATS[returned()].unit * np.abs(found.value), found.links)


@operator(
    "reduction.sum",
    area=AREA,
    cases=with_how(along()),
    dtypes=(*REAL, *WHOLE, "bool"),
    integers_as="int64",
    long=with_how(row()),
    covers=("torch.sum", "paddle.sum", "paddle.Tensor.sum"),
)
class sum_:
    """The sum; of integers and truth values in int64."""

    torch = lambda f, x, axis, keepdim, how: (
        f.sum(x, axis, keepdim) if how == "function" else x.sum(axis, keepdim=keepdim)
    )
    paddle = lambda f, x, axis, keepdim, how: (
        f.sum(x, axis, None, keepdim) if how == "function" else x.sum(axis, keepdim=keepdim)
    )
    value = lambda x, axis, keepdim, how: _total(x, axis, keepdim)
    variant_cut_off = in_steps(lambda x, axis, keepdim, how: _cut_off(_total(x, axis, keepdim)))


small = st.tuples(
    each("uint8", "int8", "int16"), shapes(fewest=1, empty=False), st.integers(0, 999), st.booleans()
).map(
    lambda drawn: [
        Sample(
            {
                "x": np.random.default_rng(drawn[2]).integers(0, 100, drawn[1]).astype(drawn[0]),
                "axis": None if drawn[3] else -1,
            }
        )
    ]
)


@contract("reduction.sum_small_integers", area=AREA, samples=small, share=0.5, covers=("torch.sum", "paddle.sum"))
class sum_small_integers:
    """The sum of small integers is an int64, which holds it."""

    torch = staticmethod(lambda x, axis: x.sum(axis))
    paddle = staticmethod(lambda x, axis: x.sum(axis))
    oracle = staticmethod(lambda x, axis: {"output": Acceptance(x.sum(axis, dtype=np.int64), dtype="int64")})
    variant_own_dtype = staticmethod(
        lambda x, axis: {"output": Acceptance(np.asarray(x.sum(axis, dtype=x.dtype)), dtype=str(x.dtype))}
    )


@operator(
    "reduction.mean",
    area=AREA,
    cases=with_how(along()),
    dtypes=REAL,
    long=with_how(row()),
    covers=("torch.mean", "paddle.mean", "paddle.Tensor.mean"),
)
class mean:
    """The mean; NaN of nothing."""

    torch = lambda f, x, axis, keepdim, how: (
        f.mean(x, axis, keepdim) if how == "function" else x.mean(axis, keepdim=keepdim)
    )
    paddle = lambda f, x, axis, keepdim, how: (
        f.mean(x, axis, keepdim) if how == "function" else x.mean(axis, keepdim=keepdim)
    )
    value = lambda x, axis, keepdim, how: sums.mean(x, axis, keepdim)


@operator(
    "reduction.prod",
    area=AREA,
    cases=along(several=False, points=(0.0,), scale=1.5, specials=False),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sparse", "constant"),
    covers=("torch.prod", "paddle.prod"),
)
class prod:
    """The product; at one zero the gradient there is the product of the others, at two zeros none has any."""

    torch = lambda f, x, axis, keepdim: f.prod(x) if axis is None else f.prod(x, axis, keepdim)
    paddle = lambda f, x, axis, keepdim: f.prod(x) if axis is None else f.prod(x, axis, keepdim)
    value = lambda x, axis, keepdim: _product(x, axis, keepdim)
    variant_nan_at_zeros = lambda x, axis, keepdim: without_gradient(_product(x, axis, keepdim), x, x.value == 0)


def _product(x, axis, keepdim):
    return shaped(product(rows(x, axis)), x.shape, axis, keepdim and axis is not None)


def _whole(x, axis, keepdim, choose, shared="whole"):
    """With the whole gradient for each of those that are equal, and nothing promised where one is NaN."""
    found = extreme(rows(x, axis), choose, shared)
    found = unpromised(found, np.isnan(found.value))
    return shaped(found, x.shape, axis, keepdim)


@operator(
    "reduction.max",
    area=AREA,
    cases=along(empty=False, points=(1.0, -2.0)),
    dtypes=("float32", "float64", *LOW, *WHOLE),
    covers=("torch.max", "torch.amax", "paddle.max", "paddle.Tensor.max"),
)
class max_:
    """The largest, NaN where one is; those that are equal share the gradient."""

    note = (
        "torch.max along an axis gives ties' gradient to one of them, and returns indices too; torch.amax is paddle.max"
    )
    torch = lambda f, x, axis, keepdim: f.amax(x, () if axis is None else axis, keepdim)
    paddle = lambda f, x, axis, keepdim: f.max(x, axis, keepdim)
    value = lambda x, axis, keepdim: shaped(extreme(rows(x, axis), np.max), x.shape, axis, keepdim)
    variant_whole_at_ties = lambda x, axis, keepdim: _whole(x, axis, keepdim, np.max)


@operator(
    "reduction.min",
    area=AREA,
    cases=along(empty=False, points=(1.0, -2.0)),
    dtypes=("float32", "float64", *LOW, *WHOLE),
    covers=("torch.min", "paddle.min"),
)
class min_:
    """The smallest, NaN where one is; those that are equal share the gradient."""

    torch = lambda f, x, axis, keepdim: f.amin(x, () if axis is None else axis, keepdim)
    paddle = lambda f, x, axis, keepdim: f.min(x, axis, keepdim)
    value = lambda x, axis, keepdim: shaped(extreme(rows(x, axis), np.min), x.shape, axis, keepdim)
    variant_whole_at_ties = lambda x, axis, keepdim: _whole(x, axis, keepdim, np.min)


@operator(
    "reduction.extremes_of_all",
    area=AREA,
    cases=along(several=False, empty=False, points=(1.0, -2.0)),
    dtypes=("float32", "float64", "int64"),
    covers=("torch.max", "torch.min", "torch.amax"),
)
class extremes_of_all:
    """The largest and the smallest of all, as a function and as a method."""

    both = lambda f, x, axis, keepdim: f.max(x) + x.min() * 0 if keepdim else x.max() + f.min(x) * 0
    value = lambda x, axis, keepdim: _both_ends(x)
    variant_whole_at_ties = lambda x, axis, keepdim: _both_ends(x, True)


def _both_ends(x, whole=False):
    ends = [_whole(x, None, False, choose) if whole else extreme(rows(x, None), choose) for choose in (np.max, np.min)]
    return ends[0] + ends[1] * 0.0


def _of_several_or_a_row(inputs):
    """Whether more than one element is reduced to each, or all axes there are."""
    shape, axis = inputs["x"].shape, inputs["axis"]
    reduced = shape if axis is None else [shape[each] for each in np.atleast_1d(axis)]
    return len(shape) < 2 or axis is None or np.prod(reduced) > 1


@operator(
    "reduction.amax",
    area=AREA,
    cases=along(empty=False, points=(1.0, -2.0)).filter(_of_several_or_a_row),
    dtypes=("float32", "float64", "int64"),
    covers=("torch.amax",),
)
class amax:
    """The largest, with the gradient shared between ties, by the name of torch."""

    torch = lambda f, x, axis, keepdim: f.amax(x, () if axis is None else axis, keepdim)
    paddle = lambda f, x, axis, keepdim: f.amax(x, axis, keepdim)
    value = lambda x, axis, keepdim: shaped(extreme(rows(x, axis), np.max), x.shape, axis, keepdim)
    variant_nan_passed_over = lambda x, axis, keepdim: _whole(x, axis, keepdim, np.max, True)


@operator(
    "reduction.all",
    area=AREA,
    cases=along(several=False),
    gradients=(),
    dtypes=("bool", "float32", "int64"),
    may_be_zero=("output",),
    covers=("torch.all", "paddle.Tensor.all"),
)
class all_:
    """Whether all are not zero; true of nothing."""

    torch = lambda f, x, axis, keepdim: x.all() if axis is None else x.all(axis, keepdim)
    paddle = lambda f, x, axis, keepdim: x.all() if axis is None else x.all(axis, keepdim)
    value = lambda x, axis, keepdim: np.all(x.value != 0, axis, keepdims=keepdim and axis is not None)


@operator(
    "reduction.any",
    area=AREA,
    cases=along(several=False),
    gradients=(),
    dtypes=("bool", "float32", "int64"),
    covers=("paddle.any",),
)
class any_:
    """Whether one is not zero; false of nothing."""

    torch = lambda f, x, axis, keepdim: f.any(x) if axis is None else f.any(x, axis, keepdim)
    paddle = lambda f, x, axis, keepdim: f.any(x) if axis is None else f.any(x, axis, keepdim)
    value = lambda x, axis, keepdim: np.any(x.value != 0, axis, keepdims=keepdim and axis is not None)


def _spread(**domain):
    cases = along(several=False, empty=False, fewest=1, **domain)
    return st.tuples(cases, each(1, 0)).map(lambda found: {**found[0], "correction": found[1]})


@operator(
    "reduction.var",
    area=AREA,
    cases=_spread(),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sorted", "constant", "heavy"),
    covers=("torch.var",),
)
class var:
    """The variance, by count or by one less; NaN of one element by one less."""

    torch = lambda f, x, axis, keepdim, correction: f.var(x, axis, correction=correction, keepdim=keepdim)
    paddle = lambda f, x, axis, keepdim, correction: f.var(x, axis, bool(correction), keepdim)
    value = lambda x, axis, keepdim, correction: _deviation(x, axis, keepdim, correction, False)
    variant_zero_of_one = lambda x, axis, keepdim, correction: _of_one(x, axis, keepdim, correction, False)


@operator(
    "reduction.std",
    area=AREA,
    cases=_spread(),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sorted", "constant", "heavy"),
    covers=("torch.std",),
)
class std:
    """The root of the variance; no gradient where it is 0."""

    torch = lambda f, x, axis, keepdim, correction: f.std(x, axis, correction=correction, keepdim=keepdim)
    paddle = lambda f, x, axis, keepdim, correction: f.std(x, axis, bool(correction), keepdim)
    value = lambda x, axis, keepdim, correction: _deviation(x, axis, keepdim, correction, True)
    variant_zero_of_one = lambda x, axis, keepdim, correction: _of_one(x, axis, keepdim, correction, True)
    variant_nan_at_zero = lambda x, axis, keepdim, correction: _deviation(x, axis, keepdim, correction, True, np.nan)


def _of_one(x, axis, keepdim, correction, root):
    """Of one element by one less: 0, as by count; where the root is 0 its gradient is not promised."""
    one = rows(x, axis).shape[-1] == 1
    return _deviation(x, axis, keepdim, 0 if one else correction, root, np.nan)


def _deviation(x, axis, keepdim, correction, root, slope=0.0):
    return shaped(deviation(rows(x, axis), correction, root, slope), x.shape, axis, keepdim)


@operator(
    "reduction.logsumexp",
    area=AREA,
    cases=along(whole=False, empty=False, points=(100.0, -100.0)),
    dtypes=("float32", "float64"),
    covers=("torch.logsumexp",),
)
class logsumexp:
    """log(sum(exp(x))): infinite where one is, -inf where all are."""

    both = lambda f, x, axis, keepdim: f.logsumexp(x, axis, keepdim)
    value = lambda x, axis, keepdim: shaped(logarithm_of_sum(rows(x, axis)), x.shape, axis, keepdim)

    @staticmethod
    def variant_nan_of_infinity(x, axis, keepdim):
        inner = rows(x, axis)
        found = logarithm_of_sum(inner)
        value = np.where(np.isinf(found.value), np.nan, found.value)
        lost = np.isinf(found.value)[..., None] & np.ones(inner.shape, bool)
        found = without_gradient(Quantity(value, found.error, found.links), inner, lost)
        return shaped(found, x.shape, axis, keepdim)


ORDERS = (2.0, 1.0, 3.0, np.inf, -np.inf, 0.5, 0.0)


def _orders(**domain):
    cases = along(several=False, empty=False, **domain)
    return st.tuples(cases, each(*ORDERS)).map(lambda found: {**found[0], "order": found[1]})


@operator(
    "reduction.norm",
    area=AREA,
    cases=_orders(points=(0.0, 1.0, -1.0), specials=False),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sparse", "constant", "sorted", "tiny"),
    may_be_zero=("gradient.x",),
    covers=("torch.norm", "torch.linalg.norm"),
)
class norm_:
    """The norm of a vector of any order; no gradient at 0, ties share that of an infinite order."""

    torch = lambda f, x, axis, keepdim, order: f.linalg.vector_norm(x, order, axis, keepdim) + 0.0 * x.sum()
    paddle = lambda f, x, axis, keepdim, order: f.linalg.vector_norm(x, order, axis, keepdim) + 0.0 * x.sum()
    value = lambda x, axis, keepdim, order: _norm(x, axis, keepdim, order)
    variant_absent = lambda x, axis, keepdim, order: Rejects("there is none yet", "has no attribute 'vector_norm'")
    variant_slope_with_epsilon = lambda x, axis, keepdim, order: _norm(x, axis, keepdim, order, NORM_EPSILON)


def _norm(x, axis, keepdim, order, epsilon=0.0):
    root = float(np.float32(1 / order)) if epsilon and order else None
    return shaped(norm(rows(x, axis), order, epsilon, root), x.shape, axis, keepdim) + sums.total(x) * 0.0


@operator("reduction.nansum", area=AREA, cases=along(several=False), dtypes=("float32", "float64"))
class nansum:
    """The sum of what is not NaN."""

    both = lambda f, x, axis, keepdim: f.nansum(x, axis, keepdim=keepdim)
    value = lambda x, axis, keepdim: sums.total(where(np.isnan(x.value), 0.0, x), axis, keepdim)


@operator(
    "reduction.count_nonzero", area=AREA, cases=along(several=False), gradients=(), dtypes=("float32", "int64", "bool")
)
class count_nonzero:
    """How many are not zero; NaN is not."""

    torch = lambda f, x, axis, keepdim: f.count_nonzero(x, axis)
    paddle = lambda f, x, axis, keepdim: f.count_nonzero(x, axis)
    value = lambda x, axis, keepdim: np.asarray(np.count_nonzero(x.value, axis), np.int64)
