"""Statistics, lengths and powers of quantities: their values against NumPy, gradients against differences, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import normalization as n
from conformance import quantity as q
from conformance.judge import compare_values
from suites.support.classes import log_softmax
from suites.support.losses import hinge, poisoned, quiet_hinge
from tests.test_quantity import differences

FORMULAS = {
    "standardized": lambda x, w: n.standardized(x, (1,), 1e-3, w, w),
    "standardized over two axes": lambda x, w: n.standardized(x, (0, 1), 0.1) * w,
    "length 1": lambda x, w: n.length(x, 1, 1) * w[:, 0],
    "length 2": lambda x, w: n.length(x, 2, 0, True) * w,
    "length 3": lambda x, w: n.length(x, 3, 1) * w[:, 0],
    "largest size": lambda x, w: n.length(x, np.inf, -1) * w[:, 0],
    "power": lambda x, w: n.power(x * x + 0.5, 0.75) * w,
    "affine": lambda x, w: n.affine(x, w[:1], w[1:2], w[2:]),
    "log softmax": lambda x, w: log_softmax(x) * w,
    "hinge": lambda x, w: hinge(x - 0.25) * w,
}


def inputs(seed: int = 0, offset: float = 0.0) -> list[q.Quantity]:
    rng = np.random.default_rng(seed)
    return [q.variable(np.asarray(rng.standard_normal((3, 4)) + add, np.float32)) for add in (offset, 0.0)]


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_are_differences(name):
    leaves = inputs()
    output = FORMULAS[name](*leaves)
    found = q.backward([(output, np.ones(output.shape))], leaves)
    for place, gradient in enumerate(found):
        wanted = differences(FORMULAS[name], [leaf.value for leaf in leaves], place)
        assert gradient is not None
        np.testing.assert_allclose(gradient.value, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("p", [1, 2, 3, 0.5, np.inf])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_length_is_numpys(p, axis):
    x = inputs()[0]
    np.testing.assert_allclose(n.length(x, p, axis).value, np.linalg.norm(x.value, p, axis), rtol=1e-12)
    assert n.length(x, p, axis, keepdims=True).shape == np.linalg.norm(x.value, p, axis, keepdims=True).shape


def test_a_length_of_zero_has_no_gradient_and_equal_sizes_share_it():
    zero, tied = q.variable(np.zeros((1, 3))), q.variable(np.array([[2.0, -2.0, 1.0]]))
    (gradient,) = q.backward([(n.length(zero, 2, 1), np.ones(1))], [zero])
    assert gradient is not None and not gradient.value.any()
    (gradient,) = q.backward([(n.length(tied, np.inf, 1), np.ones(1))], [tied])
    assert gradient is not None and gradient.value.tolist() == [[0.5, -0.5, 0.0]]


@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("seed", range(10))
def test_bounds_hold_for_float32_in_either_form_and_not_for_an_error_beyond_them(offset, seed):
    x, _ = inputs(seed, offset)
    accepted = q.acceptance(n.standardized(x, (1,), 1e-5), "float32", "float32")
    rows = x.value.astype(np.float32)
    mean = rows.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(np.square(rows - mean).mean(axis=1, keepdims=True) + np.float32(1e-5))
    for seen in ((rows - mean) * scale, rows * scale - mean * scale):
        assert isinstance(compare_values("a", "b", "y", seen, accepted.value, accepted.bound), float)
        wrong = seen + np.float32(1e-3 if offset else 3e-5)
        assert not isinstance(compare_values("a", "b", "y", wrong, accepted.value, accepted.bound), float)


def test_a_hinge_is_open_where_an_error_leaves_its_sign_open():
    x = q.variable(np.array([1.0, 0.0, -1.0, np.nan]))
    uncertain = q.Quantity(x.value, np.array([2.0, 0.0, 0.0, 0.0]), [(x, lambda g: g)])
    found = hinge(uncertain, 0.5)
    (gradient,) = q.backward([(found, np.full(4, 3.0))], [x])
    assert gradient is not None
    assert gradient.value.tolist() == [3.0, 1.5, 0.0, 0.0] and gradient.error[0] >= 3.0
    assert np.isnan(found.value[3]) and quiet_hinge(x).value[3] == 0


def test_a_poisoned_gradient_is_nan_where_it_is_said_and_nowhere_else():
    x = q.variable(np.array([0.0, 1.0]))
    (gradient,) = q.backward([(poisoned(x * 2.0, x, x.value == 0), np.ones(2))], [x])
    assert gradient is not None
    assert np.isnan(gradient.value[0]) and gradient.value[1] == 2.0


@pytest.mark.parametrize("size", [1e-18, 1e-6, 3.0, 1e12])
def test_a_third_is_rounded_before_it_is_an_exponent(size):
    x = np.float32(size) * np.linspace(1, 2, 200, dtype=np.float32)
    found = n.power(q.quantity(x), 1 / 3)
    observed = np.power(x.astype(np.float64), float(np.float32(1 / 3))).astype(np.float32)
    assert isinstance(compare_values("a", "b", "y", observed, found.value, found.error), float)
    wrong = np.power(x.astype(np.float64), 0.33333).astype(np.float32)
    assert not isinstance(compare_values("a", "b", "y", wrong, found.value, found.error), float)
    whole = n.power(q.quantity(x), 2.0)
    np.testing.assert_allclose(whole.error, n.POWER * 2.0**-24 * whole.value, rtol=1e-6, atol=2.0**-148)
