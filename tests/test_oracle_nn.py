"""The oracle judges the frameworks, so it is itself checked: against torch in float64, by adjoints and differences."""

from __future__ import annotations

import numpy as np
import pytest

from reference_impl.oracle import nn
from tests.comparisons import close

CONVOLUTIONS = [
    # input, weight, stride, padding, dilation, groups
    ((2, 3, 7, 9), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1),
    ((1, 4, 8, 6), (6, 2, 2, 3), (2, 1), (1, 2), (1, 2), 2),
    ((3, 6, 5, 11), (6, 1, 3, 5), (3, 2), (2, 1), (2, 1), 6),
    ((2, 8, 4, 4), (5, 8, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((1, 1, 1, 1), (1, 1, 1, 1), (2, 3), (1, 1), (1, 1), 1),
]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def differences(function, x, step=1e-5):
    """Central differences of a scalar function, element by element."""
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / (2 * step)
    return gradient


def torch_gradients(torch, output, cotangent, *inputs):
    return torch.autograd.grad(output, inputs, torch.from_numpy(cotangent))


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_conv2d_and_its_gradients_equal_torch_float64(torch, rng, case):
    input_shape, weight_shape, *settings = case
    x, weight, bias = rng.normal(size=input_shape), rng.normal(size=weight_shape), rng.normal(size=weight_shape[0])
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, weight, bias)]
    output = torch.nn.functional.conv2d(*leaves, *settings)
    close(nn.conv2d(x, weight, bias, *settings), output)
    cotangent = rng.normal(size=tuple(output.shape))
    dx, dweight, dbias = torch_gradients(torch, output, cotangent, *leaves)
    close(nn.conv2d_input_gradient(cotangent, weight, input_shape, *settings), dx)
    close(nn.conv2d_weight_gradient(x, cotangent, weight_shape, *settings), dweight)
    close(nn.conv2d_bias_gradient(cotangent), dbias)


def test_conv2d_pads_each_side_by_its_own_amount(torch, rng):
    x, weight = rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(4, 3, 3, 3))
    padded = torch.nn.functional.pad(torch.from_numpy(x), (2, 0, 1, 3))
    expected = torch.nn.functional.conv2d(padded, torch.from_numpy(weight))
    close(nn.conv2d(x, weight, padding=((1, 3), (2, 0))), expected)


def test_conv2d_rejects_what_does_not_fit():
    with pytest.raises(ValueError, match="groups=2"):
        nn.conv2d(np.ones((1, 3, 4, 4)), np.ones((2, 3, 3, 3)), groups=2)
    with pytest.raises(ValueError, match="empty"):
        nn.conv2d(np.ones((1, 3, 2, 2)), np.ones((2, 3, 3, 3)))
    with pytest.raises(ValueError, match="4-d"):
        nn.conv2d(np.ones((3, 4, 4)), np.ones((2, 3, 3, 3)))


def test_linear_and_its_gradients_equal_torch_float64(torch, rng):
    for lead in ((), (4,), (2, 5)):
        x, weight, bias = rng.normal(size=(*lead, 3)), rng.normal(size=(6, 3)), rng.normal(size=6)
        leaves = [torch.from_numpy(a).requires_grad_() for a in (x, weight, bias)]
        output = torch.nn.functional.linear(*leaves)
        close(nn.linear(x, weight, bias), output)
        cotangent = rng.normal(size=tuple(output.shape))
        dx, dweight, dbias = torch_gradients(torch, output, cotangent, *leaves)
        close(nn.linear_input_gradient(cotangent, weight), dx)
        close(nn.linear_weight_gradient(x, cotangent), dweight)
        close(nn.linear_bias_gradient(cotangent), dbias)


POOLS = [
    # kernel, stride, padding, ceil_mode
    ((2, 2), (2, 2), (0, 0), False),
    ((3, 2), (2, 1), (1, 1), False),
    ((3, 3), (2, 2), (1, 1), True),
    ((2, 5), (3, 4), (1, 2), True),
    ((1, 3), (2, 2), (0, 1), True),
]


@pytest.mark.parametrize("case", POOLS, ids=str)
@pytest.mark.parametrize("values", ["normal", "tied", "nan", "infinite"])
def test_max_pool2d_equals_torch_float64(torch, rng, case, values):
    kernel, stride, padding, ceil_mode = case
    x = rng.normal(size=(2, 3, 7, 8))
    if values == "tied":
        x = rng.integers(-1, 2, size=x.shape).astype(float)
    elif values == "nan":
        x[rng.random(x.shape) < 0.1] = np.nan
    elif values == "infinite":
        x[rng.random(x.shape) < 0.8] = -np.inf
    leaf = torch.from_numpy(x).requires_grad_()
    output, indices = torch.nn.functional.max_pool2d(
        leaf, kernel, stride, padding, ceil_mode=ceil_mode, return_indices=True
    )
    value, argmax = nn.max_pool2d(x, kernel, stride, padding, ceil_mode)
    np.testing.assert_array_equal(value, output.detach().numpy())
    np.testing.assert_array_equal(argmax, indices.numpy())
    cotangent = rng.normal(size=value.shape)
    (dx,) = torch_gradients(torch, output, cotangent, leaf)
    close(nn.max_pool2d_gradient(cotangent, argmax, x.shape), dx)


def test_max_pool2d_dilates_like_torch(torch, rng):
    x = rng.normal(size=(1, 2, 9, 8))
    expected, indices = torch.nn.functional.max_pool2d(
        torch.from_numpy(x), (2, 3), (2, 1), (1, 1), dilation=(2, 3), return_indices=True
    )
    value, argmax = nn.max_pool2d(x, (2, 3), (2, 1), (1, 1), dilation=(2, 3))
    close(value, expected)
    np.testing.assert_array_equal(argmax, indices.numpy())


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("case", POOLS, ids=str)
def test_avg_pool2d_equals_torch_float64(torch, rng, case, count_include_pad):
    x = rng.normal(size=(2, 3, 7, 8))
    leaf = torch.from_numpy(x).requires_grad_()
    output = torch.nn.functional.avg_pool2d(leaf, *case, count_include_pad)
    settings = (*case, count_include_pad)
    close(nn.avg_pool2d(x, *settings), output)
    cotangent = rng.normal(size=tuple(output.shape))
    (dx,) = torch_gradients(torch, output, cotangent, leaf)
    close(nn.avg_pool2d_gradient(cotangent, x.shape, *settings), dx)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (7, 8), (9, 5)])
def test_adaptive_avg_pool2d_equals_torch_float64(torch, rng, size):
    x = rng.normal(size=(2, 3, 7, 8))
    leaf = torch.from_numpy(x).requires_grad_()
    output = torch.nn.functional.adaptive_avg_pool2d(leaf, size)
    close(nn.adaptive_avg_pool2d(x, size), output)
    cotangent = rng.normal(size=tuple(output.shape))
    (dx,) = torch_gradients(torch, output, cotangent, leaf)
    close(nn.adaptive_avg_pool2d_gradient(cotangent, x.shape), dx)


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 5), (2, 4, 3, 5)], ids=str)
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_equals_torch_float64(torch, rng, shape, affine):
    x = 3.0 + 2.0 * rng.normal(size=shape)
    weight, bias = (rng.normal(size=4), rng.normal(size=4)) if affine else (None, None)
    mean, variance, eps = rng.normal(size=4), rng.random(4) + 0.1, 1e-3
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, weight, bias) if a is not None]
    cotangent = rng.normal(size=shape)
    for training in (True, False):
        statistics = [torch.from_numpy(a.copy()) for a in (mean, variance)]
        parameters = leaves[1:] if affine else (None, None)
        output = torch.nn.functional.batch_norm(leaves[0], *statistics, *parameters, training, 0.3, eps)
        expected = torch_gradients(torch, output, cotangent, *leaves)
        if training:
            value = nn.batch_norm_train(x, weight, bias, eps)[0]
            gradients = nn.batch_norm_train_gradients(cotangent, x, weight, eps)
            new_mean, new_variance = nn.running_statistics(mean, variance, x, 0.3)
            close(new_mean, statistics[0])
            close(new_variance, statistics[1])
        else:
            value = nn.batch_norm_eval(x, mean, variance, weight, bias, eps)
            gradients = nn.batch_norm_eval_gradients(cotangent, x, mean, variance, weight, eps)
        close(value, output)
        for actual, desired in zip(gradients, expected, strict=False):
            close(actual, desired)


def test_running_variance_is_biased_on_request_and_refuses_one_value(rng):
    x = rng.normal(size=(5, 2))
    _, variance = nn.running_statistics(np.zeros(2), np.zeros(2), x, momentum=1.0, unbiased=False)
    close(variance, x.var(axis=0))
    with pytest.raises(ValueError, match="more than one value"):
        nn.running_statistics(np.zeros(2), np.zeros(2), x[:1])


def test_embedding_and_its_gradient(torch, rng):
    weight, indices = rng.normal(size=(7, 3)), rng.integers(0, 7, size=(4, 5))
    leaf = torch.from_numpy(weight).requires_grad_()
    output = torch.nn.functional.embedding(torch.from_numpy(indices), leaf)
    close(nn.embedding(indices, weight), output)
    cotangent = rng.normal(size=(4, 5, 3))
    close(nn.embedding_gradient(cotangent, indices, 7), torch_gradients(torch, output, cotangent, leaf)[0])
    for wrong in (-1, 7):
        with pytest.raises(ValueError, match=r"0\.\.6"):
            nn.embedding(np.array([wrong]), weight)


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_activations_and_their_gradients(torch, rng, name):
    x = np.concatenate([rng.normal(size=50) * 3, [0.0, -0.0, 40.0, -40.0, -700.0, 700.0]])
    leaf = torch.from_numpy(x).requires_grad_()
    output = getattr(torch, name)(leaf)
    close(getattr(nn, name)(x), output)
    cotangent = rng.normal(size=x.shape)
    gradient = getattr(nn, f"{name}_gradient")(cotangent, x)
    close(gradient, torch_gradients(torch, output, cotangent, leaf)[0])
    smooth = x[:50]
    estimate = differences(lambda v: float(np.sum(cotangent[:50] * getattr(nn, name)(v))), smooth)
    np.testing.assert_allclose(gradient[:50], estimate, rtol=1e-6, atol=1e-8)


def test_relu_keeps_nan():
    assert np.isnan(nn.relu(np.array([np.nan]))[0])


def test_softmax_and_log_softmax(torch, rng):
    x = rng.normal(size=(4, 6)) * 50
    for axis in (0, 1):
        close(nn.softmax(x, axis), torch.softmax(torch.from_numpy(x), axis))
        close(nn.log_softmax(x, axis), torch.log_softmax(torch.from_numpy(x), axis))


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_conv2d_gradients_are_adjoints_of_the_forward_map(rng, case):
    input_shape, weight_shape, *settings = case
    x, weight = rng.normal(size=input_shape), rng.normal(size=weight_shape)
    value = nn.conv2d(x, weight, None, *settings)
    cotangent = rng.normal(size=value.shape)
    product = np.sum(cotangent * value)
    assert np.isclose(np.sum(x * nn.conv2d_input_gradient(cotangent, weight, input_shape, *settings)), product)
    assert np.isclose(np.sum(weight * nn.conv2d_weight_gradient(x, cotangent, weight_shape, *settings)), product)


def test_batch_norm_gradients_match_differences(rng):
    x, weight, bias = rng.normal(size=(3, 2, 2)), rng.normal(size=2), rng.normal(size=2)
    cotangent = rng.normal(size=x.shape)
    dx, dweight, dbias = nn.batch_norm_train_gradients(cotangent, x, weight, 1e-2)

    def loss(x, weight, bias):
        return float(np.sum(cotangent * nn.batch_norm_train(x, weight, bias, 1e-2)[0]))

    np.testing.assert_allclose(dx, differences(lambda v: loss(v, weight, bias), x), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dweight, differences(lambda v: loss(x, v, bias), weight), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dbias, differences(lambda v: loss(x, weight, v), bias), rtol=1e-6, atol=1e-8)
