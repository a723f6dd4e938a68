"""The algebra of tolerances: gradients against differences, bounds against float32, and bounds that catch an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance import functions as f
from conformance import number_formats, sums
from conformance import quantity as q
from conformance.formula import Formula
from conformance.judge import compare_values

DOMAINS = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "lgamma", "digamma"), (0.5, 4.0)),
    **dict.fromkeys(("asin", "acos", "atanh", "erfinv", "log1p"), (-0.9, 0.9)),
    "acosh": (1.1, 5.0),
    "reciprocal": (0.5, 2.0),
}
FORMULAS = {
    "sum of products": lambda x, y: sums.einsum("ij,kj->ik", x, y),
    "kept letters": lambda x, y: sums.einsum("ij,ij->j", x, y),
    "a letter of one side only": lambda x, y: sums.einsum("ij,kl->kl", x, y),
    "broadcast": lambda x, y: x * y[:1] + y[0] / (abs(x) + 2.0),
    "mean": lambda x, y: (x - x.mean(axis=1, keepdims=True)) * y,
    "where": lambda x, y: q.where(x.value > 0, x * y, y),
    "larger": lambda x, y: q.larger(x, y),
    "moved twice": lambda x, y: sums.move(lambda a, b: np.concatenate([a, b, a[::-1]]), x, y),
    "sums": lambda x, y: (x.sum(axis=(0, 1)) - y.sum() * 2.0).reshape(1, 1),
    "split": lambda x, y: q.split(x.value > 0.1, x, lambda x: x * 2.0, lambda x: f.exp(x)) * y,
    "clip": lambda x, y: f.clip(x, -0.5, 0.5) * y,
    "softplus": lambda x, y: f.softplus(x) * f.sigmoid(y) + f.square(y) * f.relu(x),
}


def inputs(*shapes: tuple[int, ...], seed: int = 0) -> list[q.Quantity]:
    rng = np.random.default_rng(seed)
    return [q.variable(rng.standard_normal(shape).astype(np.float32)) for shape in shapes]


def differences(function, arrays: list[np.ndarray], place: int, step: float = 1e-6) -> np.ndarray:
    """Central differences of the sum of a function's result."""
    found = np.zeros(arrays[place].shape)
    for index in np.ndindex(*found.shape):
        ends = []
        for sign in (1, -1):
            moved = [array.copy() for array in arrays]
            moved[place][index] += sign * step
            ends.append(function(*map(q.variable, moved)).value.sum())
        found[index] = (ends[0] - ends[1]) / (2 * step)
    return found


@pytest.mark.parametrize("name", [name for name, (_, _, gradient) in f.TABLE.items() if gradient is not None])
def test_gradients_of_functions_are_their_differences(name):
    low, high = DOMAINS.get(name, (-1.5, 1.5))
    x = np.random.default_rng(0).uniform(low, high, 20)
    leaf = q.variable(x)
    (gradient,) = q.backward([(f.apply(name, leaf), np.ones(20))], [leaf])
    assert gradient is not None
    np.testing.assert_allclose(gradient.value, differences(lambda a: f.apply(name, a), [x], 0), rtol=2e-7, atol=1e-8)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_of_formulas_are_their_differences(name):
    leaves = inputs((3, 4), (3, 4))
    output = FORMULAS[name](*leaves)
    found = q.backward([(output, np.ones(output.shape))], leaves)
    for place, gradient in enumerate(found):
        wanted = differences(FORMULAS[name], [leaf.value for leaf in leaves], place)
        value = np.zeros(wanted.shape) if gradient is None else gradient.value
        np.testing.assert_allclose(value, wanted, rtol=1e-7, atol=1e-8)


def in_float32(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    h = np.tanh(x @ w)
    return (h * h).mean(axis=1) / (np.abs(h).sum(axis=1) + np.float32(1))


def as_quantity(x: q.Quantity, w: q.Quantity) -> q.Quantity:
    h = f.tanh(sums.einsum("ij,jk->ik", x, w))
    return (h * h).mean(axis=1) / (abs(h).sum(axis=1) + 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_hold_for_float32_and_not_for_an_error_beyond_them(seed):
    x, w = inputs((5, 40), (40, 30), seed=seed)
    accepted = q.acceptance(as_quantity(x, w), "float32", "float32")
    observed = in_float32(x.value.astype(np.float32), w.value.astype(np.float32))
    assert isinstance(compare_values("a", "b", "y", observed, accepted.value, accepted.bound), float)
    wrong = observed * np.float32(1 + 1e-4)
    assert not isinstance(compare_values("a", "b", "y", wrong, accepted.value, accepted.bound), float)
    assert (accepted.bound < 1000 * 2.0**-24 * np.abs(accepted.value)).all()


def test_what_a_format_holds_has_no_error_and_what_it_does_not_has_one():
    x, y = q.variable(np.array([3.0, 0.1, 2.0**23])), q.quantity(np.array([4.0, 3.0, 3.0]))
    assert (q.multiply(x, y).error > 0).tolist() == [False, True, False]
    assert q.add(q.quantity(2.0**24), 1.0).error > 0
    assert sums.total(q.quantity(np.arange(100.0))).error == 0
    assert sums.total(q.quantity(np.full(100, 0.1))).error > 0
    assert sums.einsum("i,i->", np.arange(9.0), np.arange(9.0)).error == 0
    assert sums.einsum("i,i->", np.full(9, 0.1), np.arange(9.0)).error > 0


@pytest.mark.parametrize("count", [50, 257, 1000])
def test_sums_of_equal_terms_round_in_step_and_others_do_not(count):
    sizes = np.random.default_rng(1).uniform(1, 2, 300).astype(np.float32)
    equal = np.repeat(sizes[:, None], count, 1)
    found = sums.total(q.quantity(equal), 1)
    one_by_one = np.cumsum(equal, axis=1, dtype=np.float32)[:, -1]
    assert isinstance(compare_values("a", "b", "y", one_by_one, found.value, found.error), float)
    assert not isinstance(compare_values("a", "b", "y", one_by_one - sizes, found.value, found.error), float)
    probable = sums.PROBABLE * count**0.5 * 2.0**-24 * found.value
    off = np.abs(one_by_one - found.value)
    assert (off > probable).any() == (count > 200), "only of many terms does it show"
    unequal = sums.total(q.quantity(np.random.default_rng(2).uniform(1, 2, (300, count)).astype(np.float32)), 1)
    assert (unequal.error < 2 * sums.PROBABLE * count**0.5 * 2.0**-24 * unequal.value).all()


def test_small_terms_are_lost_beside_a_large_one_in_step():
    terms = np.full((1, 400), 1.4 * 2.0**-24, np.float32)
    terms[0, 0] = 1.0
    found = sums.total(q.quantity(terms), 1)
    one_by_one = np.cumsum(terms, axis=1, dtype=np.float32)[:, -1]
    assert abs(one_by_one - found.value) > sums.PROBABLE * 20 * 2.0**-24
    assert isinstance(compare_values("a", "b", "y", one_by_one, found.value, found.error), float)
    assert not isinstance(compare_values("a", "b", "y", one_by_one + 4e-5, found.value, found.error), float)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_sums_drift_in_every_format(name):
    terms = np.full(300, 0.1)
    found = sums.drift(terms, np.asarray(30.0), number_formats.FORMATS[name])
    assert number_formats.FORMATS[name].unit * 30 < found < 300 * number_formats.FORMATS[name].unit * 30


def test_a_million_equal_terms_are_not_added_one_by_one():
    found = sums.total(q.quantity(np.full(2**20, np.float32(0.6931))))
    assert found.error < 1.2 * sums.PROBABLE * 2.0**10 * 2.0**-24 * found.value


def test_an_error_of_an_input_goes_on_and_infinite_ones_promise_nothing():
    uncertain = q.Quantity(np.array([1.0, 2.0]), np.array([0.5, 0.0]))
    np.testing.assert_allclose((uncertain * 2.0).error, [1.0, 0.0], rtol=1e-6)
    assert (uncertain - uncertain).error[0] >= 1.0
    assert np.isposinf((1.0 / q.Quantity(1.0, 2.0)).error)
    assert np.isposinf((q.Quantity(1.0, np.inf) + 1.0).error)
    assert np.isposinf(sums.total(q.Quantity(np.ones(3), np.array([0, np.inf, 0]))).error)


def gradient_of(function, x: q.Quantity) -> q.Quantity:
    (found,) = q.backward([(function(x), np.ones(x.shape))], [x])
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["exp", "log", "rsqrt", "sigmoid", "tanh", "expm1"])
def test_an_error_that_is_not_small_goes_as_far_as_the_function_bends(name):
    given = q.Quantity([1.0, 2.0], 0.3)
    made = f.apply(name, given)
    ends = (f.apply(name, q.Quantity(given.value + sign * 0.3)).value for sign in (-1, 1))
    assert all((np.abs(end - made.value) <= made.error).all() for end in ends)


def test_a_divisor_s_error_that_is_not_small_counts_from_the_divisor_that_it_leaves():
    made = q.quantity(6.0) / q.Quantity([1.0, 2.0], 0.3)
    assert (6.0 / (np.array([1.0, 2.0]) - 0.3) - made.value <= made.error).all()
    doubled = q.Quantity(6.0, 0.5) / q.Quantity([1.0, 2.0], 0.3)
    assert (6.5 / (np.array([1.0, 2.0]) - 0.3) - doubled.value <= doubled.error).all()


def test_a_side_that_an_error_leaves_open_promises_neither_gradient():
    near = q.Quantity(np.array([1e-8, -1e-8, 1e-8, 0.0, 5.0]), np.array([1e-7, 1e-7, 0.0, 0.0, 1e-7]))
    near.variable = True
    size = gradient_of(abs, near)
    assert size.value.tolist() == [1, -1, 1, 0, 1] and np.rint(size.error).tolist() == [2, 2, 0, 0, 0]
    first = gradient_of(lambda x: q.larger(x, 0.0), near)
    assert first.value.tolist() == [1, 0, 1, 0.5, 1] and (first.error >= 1).tolist() == [True, True, *[False] * 3]


def test_a_kernel_may_multiply_with_the_cotangent_last():
    """Half precision: 2 d / n is rounded far below the normal numbers before it is multiplied."""
    d, cotangent = np.full(4000, 1.134e-3, np.float16), np.asarray(1.3633, np.float16)
    found: Any = Formula(lambda x: f.square(x).mean(), ("x",), stepwise=True)(x=d, cotangent=cotangent)
    accepted = found["gradient.x"]
    last = np.float16(np.float16(2 / 4000) * d) * cotangent
    first = np.float16(np.float16(cotangent / np.float16(4000)) * np.float16(2)) * d
    for seen in (last, first):
        assert isinstance(compare_values("a", "b", "y", seen, accepted.value, accepted.bound), float)
    for seen in (last * np.float16(1.5), first * np.float16(0.5)):
        assert not isinstance(compare_values("a", "b", "y", seen, accepted.value, accepted.bound), float)


def test_overflow_is_promised_where_it_is_sure():
    with np.errstate(over="ignore"):
        largest = number_formats.largest()
        sure = q.multiply(q.quantity(largest), 2.0)
        open_ = q.multiply(q.Quantity(largest, 1e30), 2.0)
    assert sure.value == np.inf and sure.error == 0
    assert np.isposinf(open_.error)


def test_low_precision_is_computed_wider_and_rounded_once():
    x = np.array([0.1, 0.2, 0.3], np.float16)
    with number_formats.computed_in("float32"):
        found = sums.total(q.variable(x))
    accepted = q.acceptance(found, "float16", "float32")
    assert accepted.bound < 1.01 * 2.0**-11 * accepted.value + 2.0**-24
    with number_formats.computed_in("float16"):
        each = q.variable(x[:1]) + x[1:2] + x[2:]
    assert q.acceptance(each, "float16", "float16").bound > 1.4 * accepted.bound


def test_a_gradient_that_does_not_exist_is_none_and_a_repeated_input_sums_it():
    x, y = inputs((2,), (2,))
    found = q.backward([(x + x, np.ones(2))], [x, y])
    assert found[1] is None
    assert found[0] is not None and (found[0].value == 2).all()
