"""Loss values, gradients and condition numbers of the oracle, against torch float64 and against float32 rounding."""

from __future__ import annotations

import numpy as np
import pytest

from reference_impl.oracle import losses
from tests.comparisons import close

U = 2.0**-24


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("smoothing", "weighted", "ignored"), [(0, False, -100), (0.1, True, 2), (0, True, -100)])
def test_cross_entropy_equals_torch_float64(torch, rng, reduction, smoothing, weighted, ignored):
    logits, labels = rng.normal(size=(7, 4)) * 20, np.array([0, 1, 2, 3, 2, 0, 1])
    weight = rng.random(4) + 0.1 if weighted else None
    leaf = torch.from_numpy(logits).requires_grad_()
    expected = torch.nn.functional.cross_entropy(
        leaf,
        torch.from_numpy(labels),
        None if weight is None else torch.from_numpy(weight),
        ignore_index=ignored,
        reduction=reduction,
        label_smoothing=smoothing,
    )
    loss = losses.cross_entropy(logits, labels, weight, smoothing, ignored, reduction)
    close(loss.value, expected, absolute=1e-14)
    expected.sum().backward()
    close(loss.gradient, leaf.grad, absolute=1e-14)
    assert loss.value_condition.shape == loss.value.shape
    assert loss.gradient_condition.shape == logits.shape
    assert np.all(loss.value_condition >= np.abs(loss.value))


def test_cross_entropy_survives_logits_that_exp_does_not():
    loss = losses.cross_entropy(np.array([[1e4, 0.0], [-1e4, 0.0]]), np.array([1, 1]))
    assert loss.value == 5e3
    np.testing.assert_array_equal(loss.gradient, [[0.5, -0.5], [0.0, 0.0]])


def test_cross_entropy_conditions_are_the_sums_of_the_error_model(rng):
    """Both written out for one row."""
    z, label = rng.normal(size=5) * 3, 2
    distance = z.max() - z
    p = np.exp(-distance) / np.exp(-distance).sum()
    log_sum = abs(np.log(np.exp(-distance).sum()))
    value = -np.log(p[label])
    loss = losses.cross_entropy(z[None], np.array([label]))
    condition = (p * distance).sum() + distance[label] + log_sum + 1 + np.sqrt(5) + value
    assert loss.value_condition == pytest.approx(condition)
    expected = p * (distance + (p * distance).sum() + log_sum + 2 + np.sqrt(5)) + np.eye(5)[label]
    np.testing.assert_allclose(loss.gradient_condition[0], expected)


def test_a_float32_cross_entropy_stays_within_a_few_conditions(rng):
    logits = (rng.normal(size=(64, 10)) * 8).astype(np.float32)
    labels = rng.integers(0, 10, 64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=1, keepdims=True)
    rows = np.log(total[:, 0]) - shifted[np.arange(64), labels]
    gradient = (powers / total - np.eye(10, dtype=np.float32)[labels]) / np.float32(64)
    loss = losses.cross_entropy(logits, labels)
    assert abs(float(rows.mean()) - loss.value) <= 2 * U * loss.value_condition
    assert np.all(np.abs(gradient - loss.gradient) <= 4 * U * loss.gradient_condition)


def test_cross_entropy_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"0\.\.2"):
        losses.cross_entropy(np.zeros((2, 3)), np.array([0, 3]))
    with pytest.raises(ValueError, match="logits must be"):
        losses.cross_entropy(np.zeros((2, 3)), np.array([0]))
    with pytest.raises(ValueError, match="reduction"):
        losses.cross_entropy(np.zeros((2, 3)), np.array([0, 1]), reduction="average")


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse_equals_torch_float64(torch, rng, reduction):
    prediction, target = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    leaf = torch.from_numpy(prediction).requires_grad_()
    expected = torch.nn.functional.mse_loss(leaf, torch.from_numpy(target), reduction=reduction)
    loss = losses.mse(prediction, target, reduction)
    close(loss.value, expected, absolute=1e-14)
    expected.sum().backward()
    close(loss.gradient, leaf.grad, absolute=1e-14)
    with pytest.raises(ValueError, match="one shape"):
        losses.mse(prediction, target[:1])
    with pytest.raises(ValueError, match="reduction"):
        losses.mse(prediction, target, "average")


def test_penalties_and_their_gradients(rng):
    parameters = [rng.normal(size=(3, 2)), np.array([0.0, -1.5])]
    value, gradients, condition = losses.l1_penalty(parameters, 0.1)
    assert value == pytest.approx(0.1 * sum(np.abs(p).sum() for p in parameters))
    np.testing.assert_allclose(gradients[1], [0.0, -0.1])
    assert condition > value
    value, gradients, condition = losses.l2_penalty(parameters, 0.1)
    assert value == pytest.approx(0.05 * sum(np.square(p).sum() for p in parameters))
    np.testing.assert_allclose(gradients[0], 0.1 * parameters[0])
    assert condition > value
