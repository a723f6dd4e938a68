"""Bounds of values that depend on what a kernel rounds on its way: the right number passes, and a fault does not."""

from __future__ import annotations

import numpy as np

from conformance import number_formats
from conformance import quantity as q
from suites.operators import test_in_place, test_rounding, test_special_functions, test_statistics
from suites.support import exponential_range, indices


def _within(found, value):
    return bool(np.all((np.abs(value - found.value) <= found.error) | (value == found.value)))


def test_a_quotient_that_is_infinite_on_its_way_to_a_gradient_promises_nothing_and_others_do():
    with number_formats.computed_in("float16"), number_formats.returned_in("float16"):
        leaves = [q.variable(np.array([1.0, 7.0], np.float16)), q.variable(np.array([1e-5, 2.0], np.float16))]
        found = test_rounding._modulus(*leaves)
        gradient = q.backward([(found, np.array([0.25, 1.0]))], leaves)[1]
    assert gradient is not None
    assert np.isinf(gradient.error[0])
    assert gradient.value[1] == -3.0
    assert gradient.error[1] < 0.1


def test_a_share_that_is_rounded_puts_a_quantile_a_little_to_either_side_and_no_farther():
    x = np.float32(np.random.default_rng(0).standard_normal(91))
    order = np.sort(x).astype(np.float64)
    with number_formats.computed_in("float32"):
        found = test_statistics._quantile(q.variable(x), 0.3, "linear")
        exact = test_statistics._quantile(q.variable(x), 0.5, "linear")
        higher = test_statistics._quantile(q.variable(x), 0.3, "higher")
    assert _within(found, order[27] + 2e-6 * (order[28] - order[27]))
    assert not _within(found, order[27] + 1e-4 * (order[28] - order[27]))
    assert exact.error == 0
    assert _within(higher, order[28])
    assert not _within(higher, order[29])


def test_at_a_bound_that_the_format_lacks_a_gradient_may_pass_or_not_and_beside_it_may_not():
    x = np.array([0.1, 0.09, 0.3], np.float16)
    with number_formats.computed_in("float16"), number_formats.returned_in("float16"):
        leaf = q.variable(x)
        gradient = q.backward([(test_special_functions._logit(leaf, 0.1), np.ones(3))], [leaf])[0]
    assert gradient is not None
    assert np.isinf(gradient.error[0])
    assert gradient.value[1] == gradient.error[1] == 0.0
    assert gradient.value[2] > 4.0 > gradient.error[2]


def test_kernels_of_float16_leave_the_range_where_exp_of_float32_does():
    with number_formats.computed_in("float16"):
        assert exponential_range.log_of_largest() == np.log(float(np.finfo(np.float32).max))


def test_a_number_at_a_bound_that_was_clipped_in_place_has_a_gradient_unless_a_release_passes_none():
    leaf = q.variable(np.array([[0.5, 0.1], [-2.0, -0.5]]))
    slopes = []
    for function in (test_in_place._changed, test_in_place._none_at_bounds):
        gradient = q.backward([(function(leaf, "whole", "clip"), np.ones((2, 2)))], [leaf])[0]
        assert gradient is not None
        slopes.append(gradient.value.tolist())
    assert slopes == [[[1.0, 1.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]]]


def test_what_a_release_reads_between_brackets_is_numpys_but_where_it_is_known_not_to_be():
    array = np.arange(24).reshape(2, 3, 4)
    whole = (None, None, None)
    assert indices.taken_none_moved(array, [None, whole, None, 1]).shape == (1, 1, 2, 4)
    for index in ([whole, None, 1], [None, 1], ["...", None], [None, None, 0]):
        np.testing.assert_array_equal(indices.taken_none_moved(array, index), array[indices.key(index)])
    assert indices.counted_once_more((4,), [(None, -5, None)]) == [(0, 3, None)]
    assert indices.counted_once_more((4,), [(1, -1, None)]) == [(1, 3, None)]
    assert indices.counted_once_more((4,), [(3, 1, None)]) == indices.BACKWARDS
