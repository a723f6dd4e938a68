"""Elementwise functions of two quantities: values against NumPy and SciPy, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from conformance import elementwise as e
from conformance import functions as f
from conformance import quantity as q

PAIRS = {
    "power": (e.power, np.power, (0.2, 3.0)),
    "hypotenuse": (e.hypotenuse, np.hypot, (-3.0, 3.0)),
    "signed_as": (e.signed_as, np.copysign, (0.5, 3.0)),
    "larger": (lambda x, y: e.picked(x, y, np.maximum, 0.5), np.maximum, (-3.0, 3.0)),
    "smaller": (lambda x, y: e.picked(x, y, np.fmin, 0.5), np.fmin, (-3.0, 3.0)),
}
SINGLE = {
    "lgamma": (f.lgamma, scipy.special.gammaln),
    "digamma": (f.digamma, scipy.special.digamma),
    "trigamma": (lambda x: f.polygamma(1, x), lambda x: scipy.special.polygamma(1, x)),
    "third": (lambda x: f.polygamma(2, x), lambda x: scipy.special.polygamma(2, x)),
}


def slopes(function, arrays, place, step=1e-6):
    """Central differences, elementwise."""
    ends = []
    for sign in (1, -1):
        moved = [array.copy() for array in arrays]
        moved[place] = moved[place] + sign * step
        ends.append(function(*moved))
    return (ends[0] - ends[1]) / (2 * step)


@pytest.mark.parametrize("name", PAIRS)
def test_functions_of_two_are_those_of_numpy_and_their_gradients_are_differences(name):
    function, known, (low, high) = PAIRS[name]
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(low, high, 50) for _ in range(2)]
    leaves = [q.variable(array) for array in arrays]
    found = function(*leaves)
    np.testing.assert_allclose(found.value, known(*arrays), rtol=1e-14)
    for place, gradient in enumerate(q.backward([(found, np.ones(50))], leaves)):
        assert gradient is not None
        np.testing.assert_allclose(gradient.value, slopes(known, arrays, place), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", SINGLE)
def test_gamma_functions_are_those_of_scipy_and_their_gradients_are_differences(name):
    function, known = SINGLE[name]
    x = np.random.default_rng(1).uniform(0.3, 6.0, 50)
    leaf = q.variable(x)
    found = function(leaf)
    np.testing.assert_allclose(found.value, known(x), rtol=1e-10, atol=1e-14)
    with np.errstate(invalid="ignore"):
        (gradient,) = q.backward([(found, np.ones(50))], [leaf])
    assert gradient is not None
    np.testing.assert_allclose(gradient.value, slopes(known, [x], 0), rtol=1e-6, atol=1e-8)


def test_digamma_of_negative_numbers_and_at_its_poles():
    x = np.array([-0.5, -2.3, -7.75])
    np.testing.assert_allclose(f.digamma(x).value, scipy.special.digamma(x), rtol=1e-12)
    assert f.digamma(0.0).value == -np.inf and f.digamma(-0.0).value == np.inf and np.isnan(f.digamma(-3.0).value)


def test_a_power_is_exact_for_simple_exponents_and_kinks_have_the_gradients_that_are_documented():
    x, y = q.variable(np.array([0.0, 0.0, 3.0])), q.variable(np.array([0.0, 2.0, 2.0]))
    found = e.power(x, y)
    assert found.value.tolist() == [1.0, 0.0, 9.0] and not found.error.any()
    base, exponent = q.backward([(found, np.ones(3))], [x, y])
    assert base is not None and exponent is not None
    assert base.value.tolist() == [0.0, 0.0, 6.0] and exponent.value[:2].tolist() == [0.0, 0.0]


def test_a_quotient_is_rounded_down_or_towards_zero():
    x, y = np.array([7.0, -7.0, 7.0, 1.0]), np.array([2.0, 2.0, -2.0, 0.0])
    assert e.floor_quotient(x, y, "floor").value.tolist() == [3.0, -4.0, -4.0, np.inf]
    assert e.floor_quotient(x, y, "trunc").value.tolist() == [3.0, -3.0, -3.0, np.inf]


@pytest.mark.parametrize(("decimals", "wanted"), [(1, 2.3), (0, 2.0), (-1, 0.0)])
def test_rounding_to_decimals_is_open_only_near_a_half(decimals, wanted):
    assert e.rounded_to(2.3, decimals).value == pytest.approx(wanted)
    assert e.rounded_to(0.25, 1).error >= 0.1 and e.rounded_to(0.26, 1).error < 1e-6
