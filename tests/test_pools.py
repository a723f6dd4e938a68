"""Pools: values and gradients of torch in float64, and what paddle's scan makes of what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance import number_formats, pools
from conformance import quantity as q
from conformance.windows import adaptive

torch: Any = pytest.importorskip("torch")
functional = torch.nn.functional
WINDOWS = pools.pool_windows((5, 6), (2, 3), (2, 2), (1, 1), True)


def image() -> q.Quantity:
    return q.variable(np.random.default_rng(0).standard_normal((2, 3, 5, 6)))


def same(found: q.Quantity, x: q.Quantity, call: Any) -> None:
    tensor = torch.tensor(x.value, requires_grad=True)
    wanted = call(tensor)
    np.testing.assert_allclose(found.value, wanted.detach().numpy(), atol=1e-12)
    cotangent = np.random.default_rng(1).standard_normal(found.shape)
    (gradient,) = q.backward([(found, cotangent)], [x])
    (theirs,) = torch.autograd.grad(wanted, [tensor], torch.tensor(cotangent))
    assert gradient is not None
    np.testing.assert_allclose(gradient.value, theirs.numpy(), atol=1e-12)


def test_the_largest_and_its_place_are_those_of_torch():
    x = image()
    found, at = pools.largest_of(x, WINDOWS)
    same(found, x, lambda x: functional.max_pool2d(x, (2, 3), 2, 1, ceil_mode=True))
    _, indices = functional.max_pool2d(torch.tensor(x.value), (2, 3), 2, 1, ceil_mode=True, return_indices=True)
    assert at.tolist() == indices.tolist()


def test_averages_are_those_of_torch():
    x = image()
    average = pools.shared(pools.sums_of(x, WINDOWS), pools.counts_of(WINDOWS))
    same(average, x, lambda x: functional.avg_pool2d(x, (2, 3), 2, 1, True, False))
    shares = [adaptive(5, 3), adaptive(6, 4)]
    mean = pools.shared(pools.sums_of(x, shares), pools.counts_of(shares))
    same(mean, x, lambda x: functional.adaptive_avg_pool2d(x, (3, 4)))


def test_a_power_average_is_that_of_torch():
    x = q.variable(np.abs(image().value) + 0.1)
    windows = pools.pool_windows((5, 6), (2, 3), (2, 2), (0, 0), False)
    found = pools.power(pools.sums_of(pools.power(x, 3.0), windows), 1 / 3)
    same(found, x, lambda x: functional.lp_pool2d(x, 3.0, (2, 3), 2))


def test_what_was_pooled_goes_back_to_its_place():
    x = image()
    found, at = pools.largest_of(x, pools.pool_windows((5, 6), (2, 2), (2, 2), (0, 0), False))
    leaf = q.variable(found.value)
    places = at + np.arange(6).reshape(2, 3, 1, 1) * 30
    same(
        pools.scattered(leaf, places, (2, 3, 5, 6)),
        leaf,
        lambda y: functional.max_unpool2d(y, torch.tensor(at), 2, output_size=(5, 6)),
    )


def test_the_scan_loses_what_is_not_finite_and_the_search_does_not():
    x = q.variable(np.array([np.nan, 1.0, 1.0, np.nan, -np.inf, -np.inf]).reshape(1, 1, 6))
    windows = pools.pool_windows((6,), (2,), (2,), (0,), False)
    np.testing.assert_equal(pools.largest_of(x, windows)[0].value.ravel(), [np.nan, np.nan, -np.inf])
    scan = pools.scanned(x, windows)
    np.testing.assert_equal(scan.value.ravel(), [1.0, np.nan, pools.LOWEST])
    (gradient,) = q.backward([(scan, np.ones((1, 1, 3)))], [x])
    assert gradient is not None and gradient.value.ravel().tolist() == [0, 1, 0, 0, 0, 0]


def test_a_window_without_a_number_above_the_lowest_sends_its_gradient_to_the_first_layer_in_the_variant():
    x = q.variable(np.array([1.0, 2.0, 3.0, -np.inf]).reshape(1, 1, 2, 1, 2))
    found = pools.largest_without_depth(x, pools.pool_windows((2, 1, 2), (1, 1, 1), (1, 1, 1), (0, 0, 0), False))
    (gradient,) = q.backward([(found, np.array([1.0, 2.0, 4.0, 8.0]).reshape(found.shape))], [x])
    assert gradient is not None and gradient.value.ravel().tolist() == [1, 10, 4, 0]


def test_what_is_computed_in_float32_has_its_bounds():
    x = q.variable(np.array([0.1, 2.0]))
    with number_formats.computed_in("float64"):
        found = pools.rounded_to("float32", lambda x: pools.power(x, 2.0), x)
        (gradient,) = q.backward([(found, np.ones(2))], [x])
    assert gradient is not None and found.error[0] > 1e-10 and gradient.error[0] > 1e-10
