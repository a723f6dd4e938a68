"""The reference of softmaxes and attention: values of SciPy and torch, gradients as differences, and bounds kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

from conformance import attention as a
from conformance.formats import between_kernels, computed_as, rounded
from conformance.number_formats import computed_in, returned, returned_in
from conformance.quantity import Quantity, backward, quantity, variable

RNG = np.random.default_rng(7)


def gradients(function, arrays, cotangent):
    """Of a formula, for each array."""
    leaves = [variable(array) for array in arrays]
    return [found.value for found in backward([(function(*leaves), cotangent)], leaves) if found is not None]


def differences(function, arrays, cotangent, place, step=1e-6):
    """The same by differences of the formula's values."""
    found = np.zeros(arrays[place].shape)
    for index in np.ndindex(found.shape):
        ends = []
        for sign in (1, -1):
            moved = [array.copy() for array in arrays]
            moved[place][index] += sign * step
            ends.append((function(*map(quantity, moved)).value * cotangent).sum())
        found[index] = (ends[0] - ends[1]) / (2 * step)
    return found


def head(query, key, value):
    return a.attention(query, key, value, a.allowed(None, True, 3, 4))[0]


def projected(x, weight, bias):
    return a.heads_last(a.heads_first(a.linear(x, weight, bias, "fe"), 2))


FORMULAS: dict[str, Any] = {
    "softmax": (lambda x: a.softmax(x, 1), [(2, 4, 3)]),
    "log_softmax": (lambda x: a.log_softmax(x, 0), [(4, 3)]),
    "softmax of a number": (lambda x: a.softmax(x, -1), [()]),
    "attention": (head, [(2, 2, 3, 5), (2, 2, 4, 5), (2, 2, 4, 2)]),
    "repeated heads": (lambda x: a.repeated_heads(x, 4), [(1, 2, 3, 2)]),
    "projection": (projected, [(2, 3, 5), (4, 5), (4,)]),
    "layer norm": (a.layer_norm, [(2, 3, 4), (4,), (4,)]),
    "wider": (lambda x: computed_as("float64", a.softmax, x), [(3, 4)]),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_are_differences(name):
    function, shapes = FORMULAS[name]
    arrays = [RNG.standard_normal(shape) for shape in shapes]
    with computed_in("float64"):
        cotangent = RNG.standard_normal(function(*map(quantity, arrays)).shape)
        for place, found in enumerate(gradients(function, arrays, cotangent)):
            np.testing.assert_allclose(found, differences(function, arrays, cotangent, place), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("axis", (0, 1, -1))
def test_softmaxes_are_those_of_scipy(axis):
    x = 20 * RNG.standard_normal((3, 4, 5))
    np.testing.assert_allclose(a.softmax(x, axis).value, special.softmax(x, axis), rtol=1e-13)
    np.testing.assert_allclose(a.log_softmax(x, axis).value, special.log_softmax(x, axis), rtol=1e-13)


def test_a_nan_and_two_infinities_spoil_their_row_alone():
    x = np.array([[0.0, np.nan, 1.0], [np.inf, 0.0, 1.0], [-np.inf, 0.0, 1.0]])
    found = a.softmax(x, -1).value
    assert np.isnan(found[:2]).all() and found[2, 0] == 0 and found[2].sum() == pytest.approx(1)


def test_float32_keeps_to_the_bounds_and_an_error_beyond_does_not():
    x = RNG.standard_normal((50, 40)).astype(np.float32) * 10
    with computed_in("float32"):
        found = a.softmax(x, -1)
    powers = np.exp(x - x.max(-1, keepdims=True))
    away = np.abs(powers / powers.sum(-1, keepdims=True) - found.value)
    assert (away <= found.error).all() and (found.value * 1e-4 > found.error).all()


def test_attention_is_that_of_torch():
    import torch

    query, key, value = (RNG.standard_normal((2, 4, 3, 5)) for _ in range(3))
    mask = RNG.random((3, 3)) < 0.7
    mask[:, 0] = True
    expected = torch.nn.functional.scaled_dot_product_attention(
        *map(torch.tensor, (query, key, value)), attn_mask=torch.tensor(mask), scale=0.3
    )
    found = a.attention(query, key, value, a.allowed(mask, False, 3, 3), 0.3)[0]
    np.testing.assert_allclose(found.value, expected.numpy(), rtol=1e-12)


def test_the_layer_norm_and_the_projection_are_those_of_torch():
    import torch

    x, weight, bias = RNG.standard_normal((2, 3, 4)), RNG.standard_normal((5, 4)), RNG.standard_normal(4)
    normal = torch.nn.functional.layer_norm(torch.tensor(x), (4,), torch.tensor(bias), torch.tensor(bias), 1e-3)
    np.testing.assert_allclose(a.layer_norm(x, bias, bias, 1e-3).value, normal.numpy(), rtol=1e-10)
    expected = torch.nn.functional.linear(torch.tensor(x), torch.tensor(weight)).numpy()
    np.testing.assert_allclose(a.linear(x, weight, None, "fe").value, expected, rtol=1e-12)
    np.testing.assert_allclose(a.linear(x, weight.T.copy()).value, expected, rtol=1e-12)


def test_a_sum_may_begin_with_its_offset():
    rng = np.random.default_rng(0)
    x, weight = (np.float32(rng.standard_normal(shape)).astype(float) * 2.0**-12 for shape in ((1, 40), (3, 40)))
    bias = np.array([0.75, -1.5, 1.0])
    found = a.linear(x, weight, bias, "fe")
    begun = bias.astype(np.float32)
    for place in range(40):
        begun = begun + np.float32(x[0, place]) * np.float32(weight[:, place])
    assert (np.abs(begun - found.value) <= found.error).all()
    assert (np.abs(begun * np.float32(1 + 2e-6) - found.value) > found.error).all()


def test_masks_are_added():
    added: Any = a.allowed
    assert np.array_equal(added(np.array([True, False]), False, 1, 2), [0.0, -np.inf])
    assert np.array_equal(added(None, True, 2, 3), [[0, -np.inf, -np.inf], [0, 0, -np.inf]])
    assert a.allowed(None, False, 2, 3) is None
    assert isinstance(a.allowed(np.zeros(2), False, 1, 2), Quantity)


def test_what_is_cast_is_rounded_once_and_so_is_its_gradient():
    x = variable(np.array([1 / 3, 1.0]))
    with computed_in("float16"):
        found = rounded(x)
    assert 0 < found.error[0] < 3e-4 and found.error[1] == 0
    with computed_in("float32"), returned_in("float16"):
        assert returned() == "float16"
        (gradient,) = backward([(between_kernels(x), np.array([1 / 3, 2.0]))], [x])
    assert gradient is not None and 1e-5 < gradient.error[0] < 3e-4 and gradient.error[1] == 0


def test_a_wider_computation_loses_no_more_than_its_cast():
    x = np.array([0.1, 0.2, 0.30000001], np.float32)
    narrow, wide = a.softmax(x).error, computed_as("float64", a.softmax, x).error
    assert (wide < narrow / 2).all() and (wide > 0).all()


def test_hidden_positions_leave_every_bound_finite():
    query, key, value = (variable(RNG.standard_normal((1, 1, 3, 4)).astype(np.float32)) for _ in range(3))
    found, weights = a.attention(query, key, value, a.allowed(None, True, 3, 3))
    reached = backward([(found, RNG.standard_normal(found.shape))], [query, key, value])
    assert weights.error[0, 0, 0, 1] < 1e-30
    for each in (found, weights, *reached):
        assert each is not None and (each.error < 1e-4).all()
