"""References of rows reduced by group: against loops, and their gradients against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance import segments
from conformance.number_formats import computed_in
from conformance.quantity import backward, quantity, variable

GROUPS = np.array([0, 0, 2, 2, 2, 4])
REDUCED: dict[str, tuple[Any, Any]] = {
    "summed": (lambda x: segments.summed(x, GROUPS, 6), np.sum),
    "averaged": (lambda x: segments.averaged(x, GROUPS, 6), np.mean),
    "largest": (lambda x: segments.extreme(x, GROUPS, 6, True), np.max),
    "smallest": (lambda x: segments.extreme(x, GROUPS, 6, False), np.min),
}


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((6, 2, 3))


@pytest.mark.parametrize("name", REDUCED)
def test_values_are_those_of_a_loop(name: str, rows: np.ndarray) -> None:
    formula, reduce = REDUCED[name]
    found = formula(quantity(rows))
    expected = [reduce(rows[group == GROUPS], axis=0) if group in GROUPS else np.zeros((2, 3)) for group in range(6)]
    np.testing.assert_allclose(found.value, expected, rtol=1e-14)


@pytest.mark.parametrize("name", REDUCED)
def test_gradients_are_those_of_differences(name: str, rows: np.ndarray) -> None:
    formula, _ = REDUCED[name]
    upstream = np.random.default_rng(1).standard_normal((6, 2, 3))
    with computed_in("float64"):
        x = variable(rows)
        (gradient,) = backward([(formula(x), upstream)], [x])
    assert gradient is not None
    for place in np.ndindex(*rows.shape):
        step = np.zeros(rows.shape)
        step[place] = 1e-6
        difference = (formula(quantity(rows + step)).value - formula(quantity(rows - step)).value) / 2e-6
        assert gradient.value[place] == pytest.approx((difference * upstream).sum(), abs=1e-8)


def test_equal_ones_share_the_gradient_or_have_it_whole() -> None:
    x = variable(np.array([[1.0], [1.0], [0.0]]))
    for shared, expected in ((True, 2.0), (False, 4.0)):
        found = segments.extreme(x, np.array([0, 0, 0]), 1, True, shared)
        (gradient,) = backward([(found, np.array([[4.0]]))], [x])
        assert gradient is not None
        assert gradient.value.ravel().tolist() == [expected, expected, 0.0]


def test_rows_outside_of_the_groups_are_left_out() -> None:
    x = variable(np.ones((3, 1)))
    found = segments.summed(x, np.array([0, 5, -1]), 2)
    (gradient,) = backward([(found, np.ones((2, 1)))], [x])
    assert found.value.ravel().tolist() == [1.0, 0.0]
    assert gradient is not None
    assert gradient.value.ravel().tolist() == [1.0, 0.0, 0.0]
