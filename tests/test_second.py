"""Products with Hessians by differences, against Hessians by hand."""

from __future__ import annotations

import numpy as np

from suites.support.second import product_with_hessian


def test_a_polynomial_of_degree_four_has_no_error():
    rng = np.random.default_rng(0)
    x, along, weight = (rng.integers(-3, 4, (2, 3)).astype(float) for _ in range(3))
    found = product_with_hessian(lambda v: v**4 + v[:1] * v[1:] * v, x, weight, along)
    wanted = weight * 12 * x**2 * along
    top, low, first, second = x[0], x[1], weight[0], weight[1]  # sum of first top^2 low + second top low^2
    wanted[0] += first * 2 * low * along[0] + (first * 2 * top + second * 2 * low) * along[1]
    wanted[1] += (first * 2 * top + second * 2 * low) * along[0] + second * 2 * top * along[1]
    np.testing.assert_array_equal(found, wanted)


def test_what_is_linear_has_no_second_derivative():
    assert not product_with_hessian(lambda v: 3 * v, np.ones(3), np.ones(3), np.ones(3)).any()
