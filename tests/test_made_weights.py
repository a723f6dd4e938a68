"""Weights made of parameters, and numbers on a grid: values against NumPy, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import quantity as q
from suites.support.made_weights import by_largest, by_normalize, scaled_direction
from suites.support.quantised import levels, on_grid
from tests.comparisons import leaves
from tests.test_quantity import differences


def gradients(formula, inputs):
    output = formula(*inputs)
    return q.backward([(output, np.ones(output.shape))], inputs)


@pytest.mark.parametrize("made", [scaled_direction, by_normalize])
@pytest.mark.parametrize(("dim", "shape"), [(0, (3, 1)), (1, (1, 4)), (None, (1, 1))])
def test_a_weight_has_its_length_and_its_gradients(made, dim, shape):
    formula = lambda v, g: made(v, g, dim) * np.arange(1.0, 13.0).reshape(3, 4)  # noqa: E731
    v, g = leaves((3, 4), shape)
    size = np.linalg.norm(v.value, axis=None if dim is None else 1 - dim, keepdims=True)
    np.testing.assert_allclose(made(v, g, dim).value, v.value / size * g.value, rtol=1e-9)
    for place, gradient in enumerate(gradients(formula, [v, g])):
        wanted = differences(formula, [v.value, g.value], place)
        np.testing.assert_allclose(gradient.value, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("way", ["hook", "parametrization"])
@pytest.mark.parametrize("axis", [0, 1])
def test_many_steps_find_the_largest_singular_value(way, axis):
    weight, u, v = leaves((3, 4), (3,), (4,))
    starts = (u.value, v.value) if axis == 0 else (v.value, u.value)
    found = by_largest(weight, *starts, axis, 200, 1e-12, way)
    np.testing.assert_allclose(found["output"].value, weight.value / np.linalg.norm(weight.value, 2), rtol=1e-9)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_gradient_goes_through_the_divisor_alone(axis):
    weight, u, v = leaves((3, 4), (3,), (4,))
    starts = (u.value, v.value) if axis == 0 else (v.value, u.value)
    formula = lambda w: by_largest(w, *starts, axis, 0, 1e-12, "hook")["output"]  # noqa: E731
    (gradient,) = gradients(formula, [weight])
    np.testing.assert_allclose(gradient.value, differences(formula, [weight.value], 0), rtol=1e-6, atol=1e-7)


def test_numbers_go_to_the_nearest_step_within_the_range():
    x = q.variable(np.array([0.0, 0.24, 0.25, 0.75, -0.75, 3.5, 3.8, -9.0]))
    found = on_grid(x, 0.5, -7, 7)
    assert found.value.tolist() == [0.0, 0.0, 0.0, 1.0, -1.0, 3.5, 3.5, -3.5]
    assert not found.error.any()
    assert on_grid(x, 0.5, -7, 7, away=True).value.tolist() == [0.0, 0.0, 0.5, 1.0, -1.0, 3.5, 3.5, -3.5]
    (passed,) = q.backward([(found, np.ones(8))], [x])
    assert passed is not None and passed.value.tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    (whole,) = q.backward([(on_grid(x, 0.5, -7, 7, everywhere=True), np.ones(8))], [x])
    assert whole is not None and whole.value.tolist() == [1] * 8


def test_near_a_tie_of_a_step_that_rounds_either_neighbour_will_do():
    found = on_grid(np.array([0.15, 0.2]), 0.1, -levels(8), levels(8), exact=False)
    assert found.error[0] >= 0.1 - 1e-6 and found.error[1] < 1e-6
