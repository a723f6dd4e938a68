"""The two sides' models: the same layers, the same numbers from the same weights, the same initial draw."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from conformance.transfer import from_paddle, from_torch, load_into_paddle, load_into_torch
from reference_impl.initial import initial_state
from suites import models


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def paddle():
    return pytest.importorskip("paddle")


def pair(module, name, *arguments, **options):
    """Both sides' model, with one draw of weights in them."""
    first, second = (
        getattr(importlib.import_module(f"reference_impl.{side}_impl.{module}"), name)(*arguments, **options)
        for side in ("torch", "paddle")
    )
    state = initial_state(from_torch(first), seed=1)
    load_into_torch(first, state)
    load_into_paddle(second, state)
    return first, second


def assert_close(first, second, tolerance=1e-5):
    first, second = first.detach().numpy(), second.numpy()
    assert first.shape == second.shape
    assert first.dtype == second.dtype
    np.testing.assert_allclose(second, first, rtol=0, atol=tolerance * np.abs(first).max())


@pytest.mark.parametrize("relu", [True, False])
def test_simple_cnn(torch, paddle, rng, relu):
    first, second = pair("cnn", "SimpleCNN", relu=relu, classes=7)
    images = rng.standard_normal((4, 3, 32, 32)).astype("f4")
    left, right = first.activations(torch.tensor(images)), second.activations(paddle.to_tensor(images))
    assert list(left) == list(right) == ["conv1", "pool1", "conv2", "pool2", "fc1", "logits"]
    for name, value in left.items():
        assert_close(value, right[name])
    assert (left["pool1"].min() >= 0) == relu
    assert tuple(left["logits"].shape) == (4, 7)
    torch.testing.assert_close(first(torch.tensor(images)), left["logits"], rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("layers", "bidirectional", "vocabulary"), [(1, False, None), (2, True, 11)])
def test_rnn_classifier(torch, paddle, rng, kind, layers, bidirectional, vocabulary):
    first, second = pair("rnn", "RNNClassifier", kind, 5, 6, layers, bidirectional, 4, vocabulary)
    inputs = rng.integers(0, 11, (3, 7)) if vocabulary else rng.standard_normal((3, 7, 5)).astype("f4")
    left, right = first.activations(torch.tensor(inputs)), second.activations(paddle.to_tensor(inputs))
    assert list(left) == list(right) == ["outputs", "hidden", *["cell"] * (kind == "lstm"), "logits"]
    for name, value in left.items():
        assert_close(value, right[name])
    assert_close(first(torch.tensor(inputs)), right["logits"])


def test_an_unknown_recurrent_layer_is_named(torch, paddle):
    for side in ("torch", "paddle"):
        with pytest.raises(ValueError, match="unknown recurrent layer 'elman': choose one of rnn, lstm, gru"):
            importlib.import_module(f"reference_impl.{side}_impl.rnn").RNNClassifier("elman", 2, 2)


def test_resnet50(torch, paddle, rng):
    first, second = pair("resnet", "resnet50", 10)
    images = rng.standard_normal((2, 3, 32, 32)).astype("f4")
    first.eval()
    second.eval()
    with torch.no_grad(), paddle.no_grad():
        assert_close(first(torch.tensor(images)), second(paddle.to_tensor(images)), 1e-4)


def test_the_initial_draw_does_not_depend_on_the_framework(torch, paddle):
    first, second = pair("rnn", "RNNClassifier", "gru", 3, 4, vocabulary=9)
    left, right = initial_state(from_torch(first), 5), initial_state(from_paddle(second), 5)
    assert left.keys() == right.keys()
    for name, array in left.items():
        np.testing.assert_array_equal(array, right[name])
    other = initial_state(from_torch(first), 6)
    assert all((array != other[name]).any() for name, array in left.items())


def test_each_device_has_a_model_of_its_own(torch):
    for make in (lambda: models.torch_cnn(True), models.torch_resnet50):
        with torch.device("meta"):
            assert {parameter.device.type for parameter in make().parameters()} == {"meta"}
        assert {parameter.device.type for parameter in make().parameters()} == {"cpu"}
        assert make() is make()


def test_dropout_acts_in_training_only(torch, paddle):
    for side, ones in (("torch", torch.ones), ("paddle", paddle.ones)):
        cnn = importlib.import_module(f"reference_impl.{side}_impl.cnn").SimpleCNN(dropout=0.9)
        images = ones([1, 3, 32, 32])
        cnn.train()
        assert not np.array_equal(cnn(images).detach().numpy(), cnn(images).detach().numpy())
        cnn.eval()
        np.testing.assert_array_equal(cnn(images).detach().numpy(), cnn(images).detach().numpy())


def test_losses_and_penalties(torch, paddle, rng):
    logits, labels = rng.standard_normal((5, 4)).astype("f4"), rng.integers(0, 4, 5)
    for side, tensor in (("torch", torch.tensor), ("paddle", paddle.to_tensor)):
        losses = importlib.import_module(f"reference_impl.{side}_impl.losses")
        expected = np.mean(np.log(np.exp(logits).sum(1)) - logits[np.arange(5), labels])
        assert float(losses.cross_entropy(tensor(logits), tensor(labels))) == pytest.approx(expected, rel=1e-6)
        assert float(losses.mse(tensor(logits), tensor(logits * 3))) == pytest.approx(4 * np.mean(logits**2), rel=1e-5)
        parameters = [tensor(logits), tensor(logits[0])]
        l1 = np.abs(logits).sum() + np.abs(logits[0]).sum()
        l2 = np.square(logits).sum() + np.square(logits[0]).sum()
        assert float(losses.l1_penalty(parameters, 0.3)) == pytest.approx(0.3 * l1, rel=1e-5)
        assert float(losses.l2_penalty(parameters, 0.3)) == pytest.approx(0.15 * l2, rel=1e-5)
