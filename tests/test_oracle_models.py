"""The oracle's networks against the torch reference implementations in float64, values and every gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference_impl.initial import initial_state
from reference_impl.oracle import models, nn
from reference_impl.oracle.recurrent import recurrent
from reference_impl.oracle.resnet import resnet50
from reference_impl.oracle.tape import Tape
from suites.models import cnn_weights

PLAIN: dict[str, Any] = {"rnn": nn.simple_rnn, "lstm": nn.lstm, "gru": nn.gru}


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def prepared(torch, module, seed=0):
    """The module in float64 with drawn weights, and the same weights as a state dict."""
    like = {name: value.numpy() for name, value in module.state_dict().items()}
    state = initial_state(like, seed)
    module.load_state_dict({name: torch.from_numpy(np.asarray(value)) for name, value in state.items()})
    return module.double(), state


def agree(actual, desired, tolerance=1e-9):
    desired = desired.detach().numpy()
    assert actual.shape == desired.shape
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance * np.abs(desired).max())


def compare_step(torch, run, module, activations, labels, tolerance=1e-9):
    loss = torch.nn.functional.cross_entropy(activations["logits"], torch.from_numpy(labels))
    loss.backward()
    assert run.loss is not None
    agree(run.loss.value, loss)
    for name, value in activations.items():
        agree(run.activations[name].value, value)
    gradients = run.backward()
    for name, parameter in module.named_parameters():
        agree(gradients[name].gradient, parameter.grad, tolerance)
        assert np.all(np.isfinite(gradients[name].gradient_error()))


@pytest.mark.parametrize("with_relu", [True, False])
def test_simple_cnn_equals_torch_float64(torch, rng, with_relu):
    from reference_impl.torch_impl.cnn import SimpleCNN

    module, state = prepared(torch, SimpleCNN(relu=with_relu))
    images, labels = rng.random((2, 3, 32, 32)), rng.integers(0, 10, 2)
    leaf = torch.from_numpy(images).requires_grad_()
    activations = module.activations(leaf)
    lane = {name: value.detach().numpy() for name, value in activations.items()}
    run = models.simple_cnn(state, images, labels, with_relu=with_relu, lane=lane, input_gradient=True)
    compare_step(torch, run, module, activations, labels)
    assert run.inputs is not None
    agree(run.inputs.gradient, leaf.grad)
    assert len(run.kinks) == (5 if with_relu else 2)
    assert not any(kink.flipped for kink in run.kinks)
    assert run.decides_like(lane)
    plain = models.simple_cnn(state, images, labels, with_relu=with_relu)
    assert plain.decides_like(lane)
    if with_relu:
        assert not plain.decides_like({**lane, "fc1": -lane["fc1"]})
    window = lane["conv2"].copy()
    window[0, 0, :2, :2] = 10 + window[0, 0, 1::-1, 1::-1]  # the largest value moves to the opposite corner
    assert not plain.decides_like({**lane, "conv2": window})


@pytest.mark.parametrize("fault", ["loss", "activation", "gradient"])
def test_a_step_that_differs_is_seen(torch, rng, fault):
    from reference_impl.torch_impl.cnn import SimpleCNN

    module, state = prepared(torch, SimpleCNN())
    images, labels = rng.random((2, 3, 32, 32)), np.array([3, 7])
    activations = module.activations(torch.from_numpy(images))
    run = models.simple_cnn(state, images, labels[::-1] if fault == "loss" else labels)
    if fault == "activation":
        run.activations["pool1"].value[0, 0, 0, 0] += 1e-6
    elif fault == "gradient":
        module.fc1.bias.register_hook(lambda gradient: gradient * (1 + 1e-6))
    with pytest.raises(AssertionError):
        compare_step(torch, run, module, activations, labels)


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_four_standard_units_see_a_relative_error_of_a_hundred_thousandth(rng, layer):
    """A bound that hides this is too wide: the constant that correct frameworks need is less than 4."""
    shapes = {"conv1": (32, 3, 3, 3), "conv2": (64, 32, 3, 3), "fc1": (128, 2304), "fc2": (10, 128)}
    like = {f"{name}.weight": np.zeros(shape) for name, shape in shapes.items()}
    like |= {f"{name}.bias": np.zeros(shape[0]) for name, shape in shapes.items()}
    state, images, labels = initial_state(like, 1), rng.random((2, 3, 32, 32)), np.array([3, 7])
    wrong = {name: value * (1 + 1e-5) if name.startswith(layer) else value for name, value in state.items()}
    right, other = (models.simple_cnn(weights, images, labels) for weights in (state, wrong))
    right.backward()
    other.backward()

    def furthest(first, second, unit):
        return np.max(np.abs(first - second) / unit)

    kept, moved = right.activations[layer], other.activations[layer]
    assert furthest(kept.value, moved.value, kept.error()) > 8
    kept, moved = right.activations["logits"], other.activations["logits"]
    assert furthest(kept.value, moved.value, kept.error()) > 4
    kept, moved = right.parameters["fc1.weight"], other.parameters["fc1.weight"]
    assert furthest(kept.gradient, moved.gradient, kept.gradient_error()) > 8


@pytest.mark.parametrize("with_relu", [True, False])
def test_a_run_without_bounds_has_the_values_and_gradients_of_one_with_them(rng, with_relu):
    state, images, labels = cnn_weights(rng), rng.random((3, 3, 32, 32)), rng.integers(0, 10, 3)
    how = {"with_relu": with_relu, "input_gradient": True}
    plain, bare = (models.simple_cnn(state, images, labels, bounded=bounded, **how) for bounded in (True, False))
    plain.backward()
    bare.backward()
    assert plain.loss is not None and bare.loss is not None and plain.inputs is not None and bare.inputs is not None
    assert plain.loss.value == bare.loss.value
    assert np.array_equal(plain.inputs.gradient, bare.inputs.gradient)
    for name, parameter in plain.parameters.items():
        assert np.array_equal(parameter.gradient, bare.parameters[name].gradient)
    assert all(each.variance is None for each in bare.activations.values())


def test_simple_cnn_applies_penalties_and_a_dropout_mask(torch, rng):
    from reference_impl.torch_impl import losses
    from reference_impl.torch_impl.cnn import SimpleCNN

    module, state = prepared(torch, SimpleCNN())
    images, labels = rng.random((2, 3, 32, 32)), rng.integers(0, 10, 2)
    mask = np.where(rng.random((2, 128)) < 0.5, 0.0, 2.0)
    hidden = torch.relu(module.activations(torch.from_numpy(images))["fc1"]) * torch.from_numpy(mask)
    loss = torch.nn.functional.cross_entropy(module.fc2(hidden), torch.from_numpy(labels))
    loss = loss + losses.l1_penalty(module.parameters(), 1e-4) + losses.l2_penalty(module.parameters(), 1e-2)
    loss.backward()
    run = models.simple_cnn(state, images, labels, dropout_mask=mask, l1=1e-4, l2=1e-2)
    assert run.loss is not None
    agree(run.loss.value, loss)
    gradients = run.backward()
    for name, parameter in module.named_parameters():
        agree(gradients[name].gradient, parameter.grad)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("layers", "bidirectional", "vocabulary"), [(1, False, None), (2, True, 7), (2, False, None)])
def test_rnn_classifier_equals_torch_float64(torch, rng, kind, layers, bidirectional, vocabulary):
    from reference_impl.torch_impl.rnn import RNNClassifier

    module, state = prepared(torch, RNNClassifier(kind, 3, 4, layers, bidirectional, 5, vocabulary))
    inputs = rng.integers(0, 7, (3, 6)) if vocabulary else rng.normal(size=(3, 6, 3))
    labels = rng.integers(0, 5, 3)
    activations = module.activations(torch.from_numpy(inputs))
    run = models.rnn_classifier(kind, state, inputs, labels, layers=layers, bidirectional=bidirectional)
    compare_step(torch, run, module, activations, labels)
    if not vocabulary:
        inner = {name.removeprefix("recurrent."): value for name, value in state.items()}
        plain = PLAIN[kind](inputs, inner, layers, bidirectional)
        for value, name in zip(plain, ("outputs", "hidden", "cell"), strict=False):
            agree(value, activations[name])


@pytest.mark.parametrize(("kind", "projection"), [("rnn", 0), ("lstm", 0), ("lstm", 2), ("gru", 0)])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True)])
def test_recurrent_networks_start_from_a_given_state(torch, rng, kind, projection, layers, bidirectional):
    extra = {"proj_size": projection} if projection else {}
    options = {"batch_first": True, "bidirectional": bidirectional, **extra}
    module = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](3, 4, layers, **options).double()
    parameters = {name: value.detach().numpy() for name, value in module.named_parameters()}
    rows = layers * (1 + bidirectional)
    arrays = [rng.normal(size=(rows, 2, width)) for width in [projection or 4] + [4] * (kind == "lstm")]
    x, states = rng.normal(size=(2, 5, 3)), [torch.tensor(array, requires_grad=True) for array in arrays]
    outputs, last = module(torch.from_numpy(x), tuple(states) if kind == "lstm" else states[0])
    last = list(last) if kind == "lstm" else [last]
    tape = Tape()
    leaves = {name: tape.variable(value) for name, value in parameters.items()}
    initial = tuple(tape.variable(array) for array in arrays)
    found = recurrent(kind, tape.variable(x), leaves, layers, bidirectional, initial)
    ends = [end for end in (found.hidden, found.cell) if end is not None]
    for ours, theirs in zip([found.outputs, *ends], [outputs, *last], strict=True):
        agree(ours.value, theirs)
    cotangents = [rng.normal(size=tuple(part.shape)) for part in (outputs, *last)]
    sum((part * torch.from_numpy(one)).sum() for part, one in zip((outputs, *last), cotangents, strict=True)).backward()
    tape.backward(*zip([found.outputs, *ends], cotangents, strict=True))
    for ours, theirs in zip(initial, states, strict=True):
        agree(ours.gradient, theirs.grad)
    for name, parameter in module.named_parameters():
        agree(leaves[name].gradient, parameter.grad)


@pytest.mark.parametrize("kind", PLAIN)
def test_recurrent_networks_start_from_zeros_unless_told(torch, rng, kind):
    module = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](3, 4)
    parameters = {name: value.detach().numpy() for name, value in module.named_parameters()}
    x, zeros = rng.normal(size=(2, 5, 3)), np.zeros((1, 2, 4))
    given = PLAIN[kind](x, parameters, 1, False, (zeros, zeros) if kind == "lstm" else zeros)
    for ours, theirs in zip(PLAIN[kind](x, parameters), given, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    ones = np.ones((1, 2, 4))
    other = PLAIN[kind](x, parameters, 1, False, (ones, ones) if kind == "lstm" else ones)
    assert not np.array_equal(other[0], given[0])


def test_a_gru_reports_its_lowest_reset_gate():
    """With all weights 0 the reset gate's pre-activation is the sum of both biases."""
    shapes = {"weight_ih_l0": (6, 2), "weight_hh_l0": (6, 2)}
    state: dict[str, np.ndarray] = {f"recurrent.{name}": np.zeros(shape) for name, shape in shapes.items()}
    state |= {"recurrent.bias_ih_l0": np.arange(6.0) - 90, "recurrent.bias_hh_l0": np.full(6, -5.0)}
    state |= {"head.weight": np.zeros((2, 2)), "head.bias": np.zeros(2)}
    assert models.rnn_classifier("gru", state, np.ones((1, 3, 2))).lowest_reset == -95
    simple = {name: value[:2] for name, value in state.items()}
    assert models.rnn_classifier("rnn", simple, np.ones((1, 3, 2))).lowest_reset == np.inf


@pytest.mark.parametrize("training", [True, False])
def test_resnet50_equals_torchvision_float64(torch, rng, training):
    models_module = pytest.importorskip("torchvision.models")
    module, state = prepared(torch, models_module.resnet50(weights=None, num_classes=4))
    if not training:
        for name in state:
            if name.endswith("running_mean"):
                state[name] = rng.normal(size=state[name].shape).astype(np.float32) * 0.1
        module.load_state_dict({name: torch.from_numpy(np.asarray(value)) for name, value in state.items()})
    module.train(training)
    images, labels = rng.normal(size=(3, 3, 32, 32)), rng.integers(0, 4, 3)
    logits = module(torch.from_numpy(images))
    run = resnet50(state, images, labels, training=training)
    compare_step(torch, run, module, {"logits": logits}, labels, 1e-7)
    assert len(run.statistics) == (106 if training else 0)
    buffers = dict(module.named_buffers())
    for name, value in run.statistics.items():
        agree(value.value, buffers[name])
        assert np.all(value.error() > 0)
    chosen = resnet50(state, images, labels, training=training, gradients=["layer2.0.conv1.weight", "fc.bias"])
    chosen.backward()
    for name, parameter in chosen.parameters.items():
        if name in ("layer2.0.conv1.weight", "fc.bias"):
            np.testing.assert_array_equal(parameter.gradient, run.parameters[name].gradient)
        else:
            assert not parameter.has_gradient
    if training:  # three images of 32 x 32: 768 numbers in each mean of conv1
        old, new = np.float64(state["bn1.running_var"]), run.statistics["bn1.running_var"].value
        np.testing.assert_allclose(
            run.biased_statistics["bn1.running_var"].value, old + (new - 0.9 * old) * 767 / 768 - 0.1 * old
        )


def test_a_missing_parameter_or_loss_is_named():
    with pytest.raises(ValueError, match=r"conv1\.weight"):
        models.simple_cnn({}, np.zeros((1, 3, 32, 32)))
    with pytest.raises(ValueError, match=r"recurrent\.weight_hh_l0"):
        models.rnn_classifier("gru", {"head.weight": np.zeros((2, 3)), "head.bias": np.zeros(2)}, np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match=r"fc\.bias"):
        resnet50({}, np.zeros((1, 3, 32, 32)))
    state = {"recurrent." + name: np.zeros(4) for name in models.recurrent_names(1, False)}
    state |= {"recurrent.weight_ih_l0": np.zeros((4, 3)), "recurrent.weight_hh_l0": np.zeros((4, 4))}
    state |= {"head.weight": np.zeros((2, 4)), "head.bias": np.zeros(2)}
    run = models.rnn_classifier("rnn", state, np.zeros((1, 2, 3)))
    with pytest.raises(RuntimeError, match="no loss"):
        run.backward()
