"""What `error_constants` measures: each subject runs one lane on drawn values and says what the oracle expects of it.

A subject draws everything from its generator, so two lanes given equal seeds see equal samples. Shapes are those that
the suites draw: small layers, the small CNN, short sequences, ResNet-50 on small images.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.value_families import SECOND, WEIGHTS, Family
from reference_impl.initial import initial_state
from reference_impl.oracle import losses, models, nn
from reference_impl.oracle.batch_norm import batch_norm
from reference_impl.oracle.models import Run
from reference_impl.oracle.resnet import resnet50
from reference_impl.oracle.tape import Tape, Variable

U = 2.0**-24
SMALLEST = 2.0**-149
Arrays = dict[str, np.ndarray]


@dataclass
class Expected:
    """The oracle's (value, unit) of each quantity, and how many decisions it took from the lane against its own."""

    quantities: dict[str, tuple[np.ndarray, np.ndarray]]
    flips: int = 0


Outcome = tuple[Arrays, Expected]
Subject = Callable[[Any, Family, np.random.Generator], Outcome]


def dot(function: Callable[..., np.ndarray], terms: int, *operands: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Value and u * sqrt(terms) * sum|a||b| of a function that is linear in each operand."""
    magnitude = function(*[None if operand is None else np.abs(operand) for operand in operands])
    return function(*operands), U * math.sqrt(terms) * magnitude + terms * SMALLEST


def conv2d(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
    groups = int(rng.choice([1, 1, 2, 4]))
    kernel = tuple(int(k) for k in rng.integers(1, 6, 2))
    channels, outputs = groups * int(rng.integers(1, 9)), groups * int(rng.integers(1, 9))
    dilation, stride = (tuple(int(k) for k in rng.integers(1, 3, 2)) for _ in range(2))
    padding = tuple(int(rng.integers(0, k)) for k in kernel)
    sizes = (int(d * k + rng.integers(0, 20)) for d, k in zip(dilation, kernel, strict=True))
    shape = (int(rng.integers(1, 9)), channels, *sizes)
    second = SECOND.get(family, family)
    x, weight, bias = family(rng, shape), second(rng, (outputs, channels // groups, *kernel)), family(rng, (outputs,))
    settings: Any = (stride, padding, dilation, groups)
    leaves = {name: lane.tensor(value, True) for name, value in (("x", x), ("weight", weight), ("bias", bias))}
    output = lane.conv2d(*leaves.values(), settings)
    cotangent = family(rng, tuple(output.shape))
    observed = lane.gradients(output, cotangent, **leaves)
    terms = channels // groups * kernel[0] * kernel[1]
    positions = cotangent.size // outputs
    expected = {
        "y": dot(lambda a, b, c: nn.conv2d(a, b, c, *settings), terms + 1, x, weight, bias),
        "d x": dot(
            lambda g, b: nn.conv2d_input_gradient(g, b, shape, *settings),
            outputs // groups * kernel[0] * kernel[1],
            cotangent,
            weight,
        ),
        "d weight": dot(lambda a, g: nn.conv2d_weight_gradient(a, g, weight.shape, *settings), positions, x, cotangent),
        "d bias": dot(nn.conv2d_bias_gradient, positions, cotangent),
    }
    return observed, Expected(expected)


def linear(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
    batch, inputs, outputs = int(rng.integers(1, 65)), int(2 ** rng.uniform(0, 11)), int(2 ** rng.uniform(0, 8))
    x, bias = family(rng, (batch, inputs)), family(rng, (outputs,))
    weight = SECOND.get(family, family)(rng, (outputs, inputs))
    leaves = {name: lane.tensor(value, True) for name, value in (("x", x), ("weight", weight), ("bias", bias))}
    cotangent = family(rng, (batch, outputs))
    observed = lane.gradients(lane.linear(*leaves.values()), cotangent, **leaves)
    expected = {
        "y": dot(nn.linear, inputs + 1, x, weight, bias),
        "d x": dot(nn.linear_input_gradient, outputs, cotangent, weight),
        "d weight": dot(nn.linear_weight_gradient, batch, x, cotangent),
        "d bias": dot(nn.linear_bias_gradient, batch, cotangent),
    }
    return observed, Expected(expected)


def _batch_norm(training: bool) -> Subject:
    def subject(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
        channels = int(rng.integers(1, 9))
        spatial = tuple(int(s) for s in rng.integers(1, 24, 2))
        x = family(rng, (int(rng.integers(2, 17)), channels, *spatial))
        weight, bias = SECOND.get(family, family)(rng, (channels,)), family(rng, (channels,))
        cotangent = family(rng, x.shape)
        running = (
            np.asarray(rng.normal(size=channels), np.float32),
            np.asarray(rng.random(channels) + 0.1, np.float32),
        )
        leaves = {name: lane.tensor(value, True) for name, value in (("x", x), ("weight", weight), ("bias", bias))}
        statistics = tuple(lane.tensor(statistic) for statistic in running)
        observed = lane.gradients(lane.batch_norm(*leaves.values(), statistics, training), cotangent, **leaves)
        tape = Tape()
        variables = {name: tape.variable(value) for name, value in (("x", x), ("weight", weight), ("bias", bias))}
        output, _ = batch_norm(variables["x"], variables["weight"], variables["bias"], None if training else running)
        tape.backward((output, cotangent))
        return observed, Expected({"y": (output.value, output.error()), **_gradients(variables)})

    return subject


def _gradients(variables: dict[str, Variable]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {f"d {name}": (variable.gradient, variable.gradient_error()) for name, variable in variables.items()}


def _loss(name: str) -> Subject:
    def subject(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
        shape = (int(rng.integers(1, 65)), int(rng.integers(2, 33)))
        prediction = family(rng, shape) * np.float32(10 ** rng.uniform(-2, 1))
        target = rng.integers(0, shape[1], shape[0]) if name == "cross_entropy" else family(rng, shape)
        if name == "cross_entropy":  # paddle clips z - max at -64: a known divergence, not a rounding error
            prediction = np.maximum(prediction, prediction.max(axis=1, keepdims=True) - np.float32(60))
        leaf = lane.tensor(prediction, True)
        function = {"cross_entropy": lane.functional.cross_entropy, "mse": lane.functional.mse_loss}[name]
        output = function(leaf, lane.tensor(target))
        observed = lane.gradients(output, np.ones(tuple(output.shape), np.float32), prediction=leaf)
        loss = getattr(losses, name)(prediction, target)
        expected = {
            "y": (loss.value, U * loss.value_condition),
            "d prediction": (loss.gradient, U * loss.gradient_condition),
        }
        return observed, Expected(expected)

    return subject


def _collect(lane: Any, model: Any, activations: dict[str, Any], labels: np.ndarray) -> Arrays:
    """Loss, gradients and activations of one training step's backward pass."""
    loss = lane.functional.cross_entropy(activations["logits"], lane.tensor(labels))
    loss.backward()
    observed = {name: part if isinstance(part, np.ndarray) else lane.array(part) for name, part in activations.items()}
    return {**observed, "loss": lane.array(loss), **lane.parameter_gradients(model)}


def _expected(run: Run, names: list[str], observed: Arrays) -> Expected:
    """Run the oracle backward and list chosen activations, loss, gradients and the distance of flipped decisions."""
    run.backward()
    assert run.loss is not None
    quantities = {name: (run.activations[name].value, run.activations[name].error()) for name in names}
    if run.kinks:
        observed["flip distance"] = np.array(max(kink.distance for kink in run.kinks))
        quantities["flip distance"] = (np.zeros(()), np.ones(()))
    if np.ptp(run.activations["logits"].value, axis=1).max() < 60:  # beyond, paddle clips: a known divergence
        quantities["loss"] = (run.loss.value, run.loss.error())
        quantities |= _gradients(run.parameters)
    return Expected(quantities, sum(kink.flipped for kink in run.kinks))


def _drawn_state(like: Arrays, family: Family, rng: np.random.Generator) -> Arrays:
    """Initial weights, in half of the cases replaced by the family's values over the square root of the fan-in."""
    state = initial_state(like, int(rng.integers(2**31)))
    if family in WEIGHTS and rng.random() < 0.5:
        for name, value in state.items():
            if value.ndim > 1:
                state[name] = family(rng, value.shape) / np.float32(math.sqrt(math.prod(value.shape[1:])))
    return state


CNN_SHAPES = {"conv1": (32, 3, 3, 3), "conv2": (64, 32, 3, 3), "fc1": (128, 2304), "fc2": (10, 128)}
CNN_STATE = {f"{name}.weight": np.zeros(shape, np.float32) for name, shape in CNN_SHAPES.items()}
CNN_STATE |= {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in CNN_SHAPES.items()}


def _cnn(with_relu: bool) -> Subject:
    def subject(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
        batch = int(rng.integers(1, 9))
        state, images = _drawn_state(CNN_STATE, family, rng), family(rng, (batch, 3, 32, 32))
        labels = rng.integers(0, 10, batch)
        model = lane.model("cnn", state, with_relu)
        activations = model.activations(lane.tensor(images))
        observed = _collect(lane, model, activations, labels)
        run = models.simple_cnn(state, images, labels, with_relu=with_relu, lane=observed)
        return observed, _expected(run, list(activations), observed)

    return subject


STEPS, LEARNING_RATE = 4, np.float32(0.05)


def cnn_steps(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
    """Several plain SGD steps on one batch, each lane on its own weights, against variances carried from step to step.

    Quantities are those of the last step. Gradients are rounded into weights as every framework does: two operations.
    """
    batch = int(rng.integers(1, 5))
    state: Arrays = initial_state(CNN_STATE, int(rng.integers(2**31)))
    images, labels = family(rng, (batch, 3, 32, 32)), rng.integers(0, 10, batch)
    own: Arrays = {name: value.astype(np.float64) for name, value in state.items()}
    variances: Arrays = {}
    flips = 0
    for step in range(STEPS):
        model = lane.model("cnn", state, True)
        activations = model.activations(lane.tensor(images))
        observed = _collect(lane, model, activations, labels)
        run = models.simple_cnn(own, images, labels, lane=observed, variances=variances)
        expected = _expected(run, list(activations), observed)
        flips += expected.flips
        if step < STEPS - 1:
            for name, leaf in run.parameters.items():
                if f"d {name}" not in expected.quantities:  # logits too far apart, see _expected
                    return observed, expected
                state[name] = state[name] - LEARNING_RATE * observed[f"d {name}"]
                change = float(LEARNING_RATE) * leaf.gradient
                own[name] = own[name] - change
                inherited = float(LEARNING_RATE) ** 2 * leaf.gradient_variance + variances.get(name, 0.0)
                variances[name] = inherited + np.square(change) + np.square(own[name])
    return observed, Expected(expected.quantities, flips)


def _rnn(kind: str) -> Subject:
    def subject(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
        layers, bidirectional = int(rng.integers(1, 3)), bool(rng.integers(2))
        width, hidden, batch, steps = (int(n) for n in rng.integers(1, 17, 4))
        vocabulary = int(rng.integers(2, 20)) if rng.integers(2) else None
        settings = (kind, width, hidden, layers, bidirectional, 10, vocabulary)
        state = _drawn_state(_recurrent_shapes(*settings), family, rng)
        tokens = rng.integers(0, vocabulary or 1, (batch, steps))
        inputs = family(rng, (batch, steps, width)) if vocabulary is None else tokens
        labels = rng.integers(0, 10, batch)
        model = lane.model("rnn", state, *settings)
        activations = model.activations(lane.tensor(inputs))
        observed = _collect(lane, model, activations, labels)
        run = models.rnn_classifier(kind, state, inputs, labels, layers=layers, bidirectional=bidirectional)
        expected = _expected(run, list(activations), observed)
        if run.lowest_reset < -88:  # the gate becomes 0 in float32, and paddle's gradient NaN: a known divergence
            expected = Expected({name: pair for name, pair in expected.quantities.items() if name[:2] != "d "})
        return _by_part(observed, expected)

    return subject


def _by_part(observed: Arrays, expected: Expected) -> Outcome:
    """Join the gradients of all parameters of one kind, so that the table stays short and comparable across depths."""
    groups: dict[str, list[str]] = {}
    for name in expected.quantities:
        part = name.split("_l")[0].split(".")[-1] if name.startswith("d ") else name
        label = f"d {name[2:].split('.')[0]} {part}" if name.startswith("d ") else name
        groups.setdefault(label, []).append(name)
    joined = {label: np.concatenate([observed[name].ravel() for name in names]) for label, names in groups.items()}
    quantities = {
        label: (
            np.concatenate([expected.quantities[name][0].ravel() for name in names]),
            np.concatenate([expected.quantities[name][1].ravel() for name in names]),
        )
        for label, names in groups.items()
    }
    return joined, Expected(quantities, expected.flips)


def _recurrent_shapes(
    kind: str, width: int, hidden: int, layers: int, bidirectional: bool, classes: int, vocabulary: int | None
) -> Arrays:
    gates, directions = {"rnn": 1, "lstm": 4, "gru": 3}[kind] * hidden, 1 + bidirectional
    shapes: dict[str, tuple[int, ...]] = {} if vocabulary is None else {"embedding.weight": (vocabulary, width)}
    for name in models.recurrent_names(layers, bidirectional):
        inputs = width if "_l0" in name else hidden * directions
        last = {"weight_ih": (gates, inputs), "weight_hh": (gates, hidden)}
        shapes[f"recurrent.{name}"] = last.get(name[:9], (gates,))
    shapes |= {"head.weight": (classes, hidden * directions), "head.bias": (classes,)}
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}


def _resnet(training: bool) -> Subject:
    def subject(lane: Any, family: Family, rng: np.random.Generator) -> Outcome:
        like = _resnet_like()
        state = initial_state(like, int(rng.integers(2**31)))
        # The last stage sees size/32 squared positions. Statistics of fewer than eight values turn rounding errors into
        # errors of any size, in every framework.
        size, batch = (
            (64, int(rng.integers(2, 5))) if training else (32 * int(rng.integers(1, 3)), int(rng.integers(1, 4)))
        )
        images, labels = family(rng, (batch, 3, size, size)), rng.integers(0, 10, batch)
        model = lane.model("resnet", state, 10)
        model.train() if training else model.eval()
        observed = _collect(lane, model, lane.observe(model, lane.tensor(images)), labels)
        run = resnet50(state, images, labels, training=training, lane=observed)
        return _by_part(observed, _expected(run, ["maxpool", "logits"], observed))

    return subject


@functools.cache
def _resnet_like() -> Arrays:
    import torchvision

    model = torchvision.models.resnet50(weights=None, num_classes=10)
    return {name: value.numpy() for name, value in model.state_dict().items()}


SUBJECTS: dict[str, Subject] = {
    "conv2d": conv2d,
    "linear": linear,
    "batch_norm train": _batch_norm(True),
    "batch_norm eval": _batch_norm(False),
    "cross_entropy": _loss("cross_entropy"),
    "mse": _loss("mse"),
    "cnn": _cnn(True),
    "cnn linear": _cnn(False),
    "cnn steps": cnn_steps,
    "rnn": _rnn("rnn"),
    "lstm": _rnn("lstm"),
    "gru": _rnn("gru"),
    "resnet50 train": _resnet(True),
    "resnet50 eval": _resnet(False),
}
