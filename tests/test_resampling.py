"""Resizing and sampling: values and gradients of torch in float64, and bounds where rounding may cross a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance import number_formats
from conformance import quantity as q
from conformance import resampling as r
from tests.comparisons import leaves

torch: Any = pytest.importorskip("torch")
functional = torch.nn.functional


@pytest.fixture(autouse=True)
def in_float64():
    with number_formats.computed_in("float64"):
        yield


def same(found: q.Quantity, given: Any, call: Any) -> None:
    tensors = [torch.tensor(each.value, requires_grad=True) for each in given]
    wanted = call(*tensors)
    np.testing.assert_allclose(found.value, wanted.detach().numpy(), atol=1e-12)
    cotangent = np.random.default_rng(1).standard_normal(found.shape)
    theirs = torch.autograd.grad(wanted, tensors, torch.tensor(cotangent))
    for mine, gradient in zip(q.backward([(found, cotangent)], given), theirs, strict=True):
        assert mine is not None
        np.testing.assert_allclose(mine.value, gradient.numpy(), atol=1e-11)


@pytest.mark.parametrize("corners", (True, False))
@pytest.mark.parametrize("mode", ("bilinear", "bicubic"))
def test_resizing_is_that_of_torch(mode, corners):
    (x,) = leaves((2, 3, 4, 5))
    made = r.cubic if mode == "bicubic" else r.linear
    axes = [made(r.position(old, new, corners), old) for old, new in ((4, 7), (5, 3))]
    same(r.resized(x, axes), [x], lambda x: functional.interpolate(x, (7, 3), None, mode, corners))


def test_the_nearest_pixel_is_that_of_torch_with_a_scale_factor_too():
    (x,) = leaves((1, 2, 5, 3))
    axes = [r.nearest(5, 3, 0.7), r.nearest(3, 4, 1.5)]
    same(r.picked(x, axes), [x], lambda x: functional.interpolate(x, None, (0.7, 1.5), "nearest"))


@pytest.mark.parametrize("corners", (True, False))
@pytest.mark.parametrize("padding", ("zeros", "border", "reflection"))
@pytest.mark.parametrize("mode", ("bilinear", "nearest"))
def test_sampling_is_that_of_torch(mode, padding, corners):
    x, grid = leaves((2, 3, 4, 5), (2, 3, 3, 2))
    positions = []
    for axis, size in enumerate((4, 5)):
        at = r.unnormalized(grid[..., 1 - axis], size, corners)
        if padding == "border":
            at = r.bordered(at, size)
        positions.append(r.reflected(at, size, corners) if padding == "reflection" else at)
    found = r.sampled(x, positions, mode == "nearest")
    same(found, [x, grid], lambda x, grid: functional.grid_sample(x, grid, mode, padding, corners))


def test_the_gradient_reaches_a_pixel_of_weight_zero():
    x = q.variable(np.array([-2.0, 3.0]).reshape(1, 1, 2, 1))
    grid = q.variable(np.array([0.25, -1.5]).reshape(1, 1, 1, 2))
    positions = [r.unnormalized(grid[..., 1 - axis], size, False) for axis, size in enumerate((2, 1))]
    found = r.sampled(x, positions, False)
    same(found, [x, grid], lambda x, grid: functional.grid_sample(x, grid, "bilinear", "zeros", False))


@pytest.mark.parametrize("corners", (True, False))
def test_the_grid_of_an_affine_map_is_that_of_torch(corners):
    base = r.base_grid((3, 4), corners)
    theta = torch.eye(2, 3, dtype=torch.float64)[None]
    np.testing.assert_allclose(base.value[..., :2], functional.affine_grid(theta, [1, 1, 3, 4], corners)[0], atol=1e-12)


def test_positions_that_rounding_may_carry_past_a_pixel_have_doubtful_neighbours_and_exact_ones_have_not():
    with number_formats.computed_in("float32"):
        doubtful = r.linear(r.position(3, 9, False), 3)
        exact = r.linear(r.position(4, 8, False), 4)
    assert (exact.weights.error == 0).all() and (doubtful.weights.error > 0).any()
    middle = doubtful.places[4]
    assert {0, 1, 2} <= set(middle.tolist())
    at = q.Quantity(np.array([[1.0, 0.5]]), np.array([[0.01, 0.01]]))
    places, weights, _ = r._around(at)
    assert places[0, 0].tolist() == [0, 1, 2, 3] and weights.error[0, 0, 0] > 0 and weights.error[0, 1, 0] == 0
    _, chosen, _ = r._rounded(at, False)
    assert np.isposinf(chosen.error[0, 1]).all() and not chosen.error[0, 0].any()


def single(distance: np.ndarray, a: np.float32) -> np.ndarray:
    """A cubic weight as kernels form it in float32."""
    one, two = np.float32(1), np.float32(2)
    if distance.max() <= 1:
        return np.asarray(((a + two) * distance - (a + np.float32(3))) * distance * distance + one)
    return np.asarray(
        ((a * distance - np.float32(5) * a) * distance + np.float32(8) * a) * distance - np.float32(4) * a
    )


def test_cubic_weights_round_most_beyond_a_pixel():
    at = np.random.default_rng(0).uniform(2, 3, 20_000).astype(np.float32)
    part = at - np.float32(2)
    with number_formats.computed_in("float32"):
        found = r.cubic(q.quantity(at.astype(np.float64)), 6).weights
    for tap, distance in enumerate((part + 1, part, 1 - part, 2 - part), start=1):
        value, error = found.value[:, tap], found.error[:, tap]
        off = np.abs(single(distance, np.float32(r.CUBIC)) - value)
        assert (off <= error).all() and off.max() > 0.5 * error.max()
        assert (np.abs(single(distance, np.float32(-0.7501)) - value) > error).mean() > 0.5
