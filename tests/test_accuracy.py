"""The error model: bounds follow the sample, the number format and the lane's products."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import accuracy
from conformance.accuracy import SMALLEST, UNIT_ROUNDOFF, Rejects, U


def matrix_product(x, w, b=None):
    return x @ w if b is None else x @ w + b


X = np.array([[1.0, -2.0, 3.0]], np.float32)
W = np.array([[4.0], [5.0], [-6.0]], np.float32)
B = np.array([-7.0], np.float32)


def test_the_units_are_half_the_distance_from_one_to_the_next_number():
    for name in ("float16", "float32", "float64"):
        assert UNIT_ROUNDOFF[name] == np.finfo(name).eps / 2
        if name in SMALLEST:
            assert SMALLEST[name] == np.finfo(name).smallest_subnormal
    assert UNIT_ROUNDOFF["float32"] == U
    after_one = np.array([0x3F810000], np.uint32).view(np.float32)[0]  # bfloat16 is the upper half of a float32
    assert UNIT_ROUNDOFF["bfloat16"] == (after_one - 1) / 2


def test_a_dot_product_is_bounded_by_the_sum_of_magnitudes():
    found = accuracy.dot(matrix_product, X, W, B, terms=4)
    magnitude = 4 + 10 + 18 + 7
    assert found.value == [[-31.0]] and found.value.dtype == np.float64
    assert found.bound == [[U * 4 * magnitude + 4 * SMALLEST["float32"]]]
    assert found.between == [[U * 7 * magnitude + 8 * SMALLEST["float32"]]]
    assert found.dtype == "float32"


def test_a_missing_bias_and_whole_numbers_are_operands_too():
    found = accuracy.dot(matrix_product, X, W, None, terms=3)
    assert found.value == [[-24.0]]
    assert accuracy.dot(matrix_product, X.astype(np.int64), W, None, terms=3).value == [[-24.0]]


def test_underflow_allows_a_smallest_number_a_term():
    found = accuracy.dot(np.multiply, np.zeros(1), np.zeros(1), terms=5)
    assert (found.bound, found.between) == (5 * SMALLEST["float32"], 10 * SMALLEST["float32"])


@pytest.mark.parametrize(("terms", "factor", "apart"), [(1, 1.0, 2.0), (4, 4.0, 7.0), (100, 30.0, 35.0)])
def test_many_terms_are_bounded_by_the_root_of_their_number(terms, factor, apart):
    found = accuracy.dot(np.multiply, np.ones(1), np.ones(1), terms=terms)
    np.testing.assert_allclose(found.bound, factor * U, rtol=1e-12)
    np.testing.assert_allclose(np.asarray(found.between), apart * U, rtol=1e-12)


def test_float64_has_a_float64_bound():
    found = accuracy.dot(matrix_product, X, W, terms=3, dtype="float64")
    assert found.dtype == "float64"
    assert np.all(found.bound < 1e-13)


def test_tf32_products_widen_the_bound_inside_their_lane_only():
    narrow = accuracy.dot(matrix_product, X, W, terms=3)
    with accuracy.dot_format("tf32"):
        assert accuracy.dot_unit() == 2.0**-11
        wide = accuracy.dot(matrix_product, X, W, terms=3)
        chain = accuracy.chain(np.ones(1), np.ones(1), 4.0)
        assert np.array_equal(accuracy.dot(matrix_product, X, W, None, terms=3).bound, wide.bound)
    assert accuracy.dot_unit() == U
    coarse = 4 * 2.0**-11 * np.sqrt(16 + 100 + 324)
    np.testing.assert_allclose(wide.bound, narrow.bound + coarse)
    np.testing.assert_allclose(np.asarray(wide.between), np.asarray(narrow.between) + 2 * coarse)
    np.testing.assert_allclose(chain.bound, 4 * 2.0**-11)


def test_the_format_is_restored_after_an_error():
    with pytest.raises(ZeroDivisionError), accuracy.dot_format("tf32"):
        raise ZeroDivisionError
    assert accuracy.dot_unit() == U


def test_the_bound_of_a_dot_product_holds_for_float32_and_not_for_half_of_it():
    """Both directions: honest float32 stays inside, a product that rounds to 11 bits does not."""
    rng = np.random.default_rng(1)
    for terms in (1, 2, 7, 64, 500):
        x, w = (rng.standard_normal((50, terms)).astype(np.float32) for _ in range(2))

        def product(a, b):
            return (a * b).sum(axis=1)

        allowed = accuracy.dot(product, x, w, terms=terms)
        honest = np.zeros(50, np.float32)
        for column in range(terms):
            honest = honest + x[:, column] * w[:, column]
        coarse = product(x.astype(np.float16).astype(np.float64), w.astype(np.float64))
        assert np.all(np.abs(honest - allowed.value) <= allowed.bound)
        assert np.any(np.abs(coarse - allowed.value) > allowed.bound)


def test_a_chain_allows_a_multiple_of_its_standard_deviation():
    found = accuracy.chain(np.ones(2), np.array([0.0, 9.0]), 4.0)
    assert np.asarray(found.bound).tolist() == [SMALLEST["float32"], 12 * U + SMALLEST["float32"]]
    assert (found.value == 1.0).all() and found.dtype == "float32"
    double = accuracy.chain(np.ones(1), np.ones(1), 4.0, dtype="float64")
    assert (double.bound, double.dtype) == (4 * 2.0**-53, "float64")


def test_an_exact_quantity_in_a_chain_is_bounded_by_the_smallest_number():
    assert accuracy.chain(np.ones(1), None, 4.0).bound == SMALLEST["float32"]


def test_a_rounded_value_allows_units_of_itself_or_of_a_scale():
    found = accuracy.rounded(np.array([-2.0, 0.0]), 3.0)
    assert (found.value == [-2.0, 0.0]).all() and found.dtype == "float32"
    double = accuracy.rounded(np.array([-2.0]), 3.0, dtype="float64")
    assert (double.bound, double.dtype) == (6 * 2.0**-53, "float64")
    assert np.asarray(found.bound).tolist() == [6 * U + SMALLEST["float32"], SMALLEST["float32"]]
    scaled = accuracy.rounded(np.array([0.0]), 3.0, scale=np.array([-5.0]))
    assert np.asarray(scaled.bound).tolist() == [15 * U + SMALLEST["float32"]]


def test_specials_leave_a_rounded_bound_finite():
    found = accuracy.rounded(np.array([np.inf, -np.inf, np.nan, 1.0]), 2.0)
    smallest = SMALLEST["float32"]
    assert np.asarray(found.bound).tolist() == [smallest, smallest, smallest, 2 * U + smallest]


@pytest.mark.parametrize(
    ("error", "specific"),
    [
        ("is too large", True),
        ("too large...", True),
        ("is too larg", False),
        ("TooLargeError", False),
        ("TooLargeError ", False),
    ],
)
def test_an_error_is_told_from_others_by_some_words_of_it(error, specific):
    assert Rejects("it is large", error).specific is specific


def test_an_exact_value_has_no_tolerance():
    found = accuracy.exact([1, 2], "int64")
    assert (found.value.tolist(), found.bound, found.dtype) == ([1, 2], 0.0, "int64")
    assert accuracy.exact("RGB").dtype is None
    assert found.signed and not accuracy.exact([0.0], signed=False).signed
