"""The tape must give right gradients and right variances: checked by differences, by simulation, and against torch.

A variance is checked by drawing inputs with a known error and measuring the spread of results and gradients; the input
errors are chosen so large that the tape's own rounding terms do not matter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from reference_impl.oracle import criteria, layers, operations
from reference_impl.oracle.batch_norm import batch_norm
from reference_impl.oracle.recurrent import recurrent, simple_rnn
from reference_impl.oracle.tape import UNIT_ROUNDOFF, Tape, Variable

INDICES = np.array([[0, 2, 2], [4, 0, 2]])
LABELS = np.array([1, 0, 3])
TARGET = np.linspace(-1, 1, 12).reshape(3, 4)
RUNNING = (np.array([0.3, -0.2]), np.array([0.5, 2.0]))
GRU_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")

# name: (operation on variables, shapes of its arguments)
OPERATIONS: dict[str, tuple[Callable[..., Variable], list[tuple[int, ...]]]] = {
    "add": (operations.add, [(3, 4), (3, 4)]),
    "multiply": (operations.multiply, [(3, 4), (3, 4)]),
    "multiply itself": (lambda x: operations.multiply(x, x), [(3, 4)]),
    "scale": (lambda x: operations.scale(x, np.arange(4.0)), [(3, 4)]),
    "one_minus": (operations.one_minus, [(3, 4)]),
    "relu": (operations.relu, [(3, 4)]),
    "sigmoid": (operations.sigmoid, [(3, 4)]),
    "tanh": (operations.tanh, [(3, 4)]),
    "flatten": (operations.flatten, [(2, 3, 2)]),
    "split": (lambda x: operations.multiply(*operations.split(x, 2, 1)), [(3, 4)]),
    "unstack": (lambda x: operations.multiply(*operations.unstack(x, 1)[:2]), [(3, 3, 2)]),
    "stack": (lambda x, y: operations.stack([x, y, x], 1), [(3, 2), (3, 2)]),
    "concatenate": (lambda x, y: operations.concatenate([x, y], 1), [(3, 2), (3, 2)]),
    "linear": (layers.linear, [(3, 4), (5, 4), (5,)]),
    "linear on sequences": (layers.linear, [(2, 3, 4), (5, 4)]),
    "conv2d": (layers.conv2d, [(2, 2, 4, 5), (3, 2, 3, 2), (3,)]),
    "conv2d strided in groups": (
        lambda x, w: layers.conv2d(x, w, None, (2, 1), (1, 2), (1, 2), 2),
        [(2, 4, 5, 4), (2, 2, 2, 3)],
    ),
    "max_pool2d": (lambda x: layers.max_pool2d(x, 2), [(2, 2, 4, 5)]),
    "max_pool2d overlapping": (lambda x: layers.max_pool2d(x, 3, 2, 1, True), [(1, 2, 4, 5)]),
    "avg_pool2d": (lambda x: layers.avg_pool2d(x, 2), [(2, 2, 4, 5)]),
    "avg_pool2d overlapping": (lambda x: layers.avg_pool2d(x, (3, 2), (2, 1), (1, 0), True, False), [(1, 2, 4, 5)]),
    "adaptive_avg_pool2d": (lambda x: layers.adaptive_avg_pool2d(x, (2, 3)), [(1, 2, 5, 4)]),
    "embedding": (lambda w: layers.embedding(INDICES, w), [(5, 3)]),
    "batch_norm": (lambda x, w, b: batch_norm(x, w, b)[0], [(9, 2, 3, 2), (2,), (2,)]),
    "batch_norm eval": (lambda x, w, b: batch_norm(x, w, b, RUNNING)[0], [(3, 2, 2, 2), (2,), (2,)]),
    "cross_entropy": (lambda x: criteria.cross_entropy(x, LABELS), [(3, 4)]),
    "mse": (lambda x: criteria.mse(x, TARGET), [(3, 4)]),
    "l1 penalty": (lambda x, y: criteria.penalty((x, y), 0.3, 1), [(3, 4), (2,)]),
    "l2 penalty": (lambda x, y: criteria.penalty((x, y), 0.3, 2), [(3, 4), (2,)]),
    "gru": (
        lambda x, *p: recurrent("gru", x, dict(zip(GRU_NAMES, p, strict=True))).outputs,
        [(2, 3, 2), (9, 2), (9, 3), (9,), (9,)],
    ),
}


def run(function, arrays, variances=None, cotangent=None):
    """Values and gradients of an operation; the cotangent is made of fixed random numbers if not given."""
    tape = Tape()
    known = variances or [None] * len(arrays)
    variables = [tape.variable(array, variance) for array, variance in zip(arrays, known, strict=True)]
    output = function(*variables)
    if cotangent is None:
        cotangent = np.random.default_rng(3).normal(size=output.shape)
    tape.backward((output, cotangent))
    return output, variables


def draw(name, shapes):
    rng = np.random.default_rng(len(name))
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_equal_differences(name):
    function, shapes = OPERATIONS[name]
    arrays = draw(name, shapes)
    output, variables = run(function, arrays)
    cotangent = np.random.default_rng(3).normal(size=output.shape)
    for number, variable in enumerate(variables):
        estimate = np.empty(variable.shape)
        for index in np.ndindex(variable.shape):
            sums = []
            for sign in (1, -1):
                moved = [array.copy() for array in arrays]
                moved[number][index] += sign * 1e-5
                sums.append(np.sum(cotangent * run(function, moved)[0].value))
            estimate[index] = (sums[0] - sums[1]) / 2e-5
        np.testing.assert_allclose(variable.gradient, estimate, rtol=1e-6, atol=1e-8)


# Sums over a channel make errors of its elements depend on one another, which the tape ignores: it gives too much.
CAUTIOUS = {"batch_norm": (0.9, 1.8), "gru": (0.7, 2.5), "multiply itself": (0.4, 1.1), "cross_entropy": (0.7, 2.2)}


@pytest.mark.parametrize("name", OPERATIONS)
def test_variances_predict_the_spread_of_values_and_gradients(name):
    function, shapes = OPERATIONS[name]
    arrays = draw(name, shapes)
    rng = np.random.default_rng(11)
    deviation = 2.0**-14
    variances = [np.full(shape, (deviation / UNIT_ROUNDOFF) ** 2) for shape in shapes]
    output, variables = run(function, arrays, variances)
    predicted = [output.error(), *(variable.gradient_error() for variable in variables)]
    exact = [output.value, *(variable.gradient for variable in variables)]
    squares = [np.zeros(array.shape) for array in exact]
    draws = 300
    for _ in range(draws):
        moved, touched = run(function, [array + deviation * rng.normal(size=array.shape) for array in arrays])
        results = [moved.value, *(variable.gradient for variable in touched)]
        for square, result, value in zip(squares, results, exact, strict=True):
            square += np.square(result - value)
    low, high = CAUTIOUS.get(name, (0.9, 1.1))
    for square, error in zip(squares, predicted, strict=True):
        actual = np.sqrt(square.sum() / draws)
        expected = np.sqrt(np.square(error).sum())
        assert low * actual <= expected
        assert expected <= high * actual + 1e-4 * deviation + 100 * UNIT_ROUNDOFF


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_result_without_input_errors_still_has_its_own_rounding(name):
    function, shapes = OPERATIONS[name]
    output, variables = run(function, draw(name, shapes))
    structural = name in ("relu", "flatten", "stack", "concatenate", "embedding") or name.startswith("max_pool")
    assert output.value.size and np.any(output.error() > 0) != structural
    for variable in variables:
        assert variable.gradient_error().shape == variable.shape
        assert np.all(np.isfinite(variable.gradient_error()))


def test_a_variable_used_twice_gathers_both_gradients():
    x = np.array([1.0, -2.0])
    output, (variable,) = run(lambda v: operations.add(v, v), [x], cotangent=np.ones(2))
    np.testing.assert_array_equal(output.value, 2 * x)
    np.testing.assert_array_equal(variable.gradient, [2.0, 2.0])
    np.testing.assert_array_equal(variable.gradient_variance, [4.0, 4.0])


def test_several_outputs_are_seeded_at_once():
    tape = Tape()
    x = tape.variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    first, second = operations.unstack(x, 0)
    tape.backward((first, np.array([1.0, 10.0])), (second, 5.0))
    np.testing.assert_array_equal(x.gradient, [[1.0, 10.0], [5.0, 5.0]])


def test_relu_follows_the_lane_and_reports_how_far_each_flip_lay_from_zero():
    x = np.array([1.0, -1e-9, -2.0, 3e-9])
    variance = np.full(4, 1.0)
    tape = Tape()
    variable = tape.variable(x, variance)
    output = operations.relu(variable, lane=np.array([1.0, 1e-9, -2.0, -1e-9]), name="first")
    tape.backward((output, 1.0))
    np.testing.assert_array_equal(variable.gradient, [1.0, 1.0, 0.0, 0.0])
    (kink,) = tape.kinks
    assert (kink.name, kink.decisions, kink.flipped) == ("first", 4, 2)
    assert kink.distance == pytest.approx(3e-9 / UNIT_ROUNDOFF)


def test_a_lane_that_decides_wrongly_is_far_from_the_kink():
    tape = Tape()
    variable = tape.variable(np.array([5.0]), np.array([1.0]))
    operations.relu(variable, lane=np.array([-5.0]))
    assert tape.kinks[0].distance > 1e7
    exact = tape.variable(np.array([5.0]))
    operations.relu(exact, lane=np.array([-5.0]))
    assert tape.kinks[1].distance == np.inf


def test_max_pool2d_follows_the_lane_at_a_near_tie():
    x = np.array([1.0, 1.0 + 1e-9, 0.0, -1.0]).reshape(1, 1, 2, 2)
    tape = Tape()
    variable = tape.variable(x, np.full(x.shape, 2.0))
    lane = np.array([1.0, 1.0, 0.0, -1.0]).reshape(x.shape)
    output = layers.max_pool2d(variable, 2, lane=lane, name="pool")
    tape.backward((output, 1.0))
    np.testing.assert_array_equal(variable.gradient.ravel(), [1.0, 0.0, 0.0, 0.0])
    (kink,) = tape.kinks
    assert kink.flipped == 1
    assert kink.distance == pytest.approx(1e-9 / (2 * UNIT_ROUNDOFF), rel=1e-6)


def test_underflow_leaves_a_variance_where_the_value_vanishes():
    tape = Tape()
    tiny = tape.variable(np.full((1, 1), 2.0**-100))
    product = layers.linear(tiny, tape.variable(np.full((1, 1), 2.0**-100)))
    assert product.error()[0, 0] == pytest.approx(2.0**-149)


def test_a_gradient_that_is_zero_in_truth_has_the_size_of_its_noise():
    """The bias before a batch norm: frameworks return rounding errors, and Adam turns those into steps of full size."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    drawn = [rng.normal(size=shape).astype(np.float32) for shape in ((4, 3, 8, 8), (5, 3, 3, 3), (5,), (5,), (5,))]
    cotangent = rng.normal(size=(4, 5, 6, 6)).astype(np.float32)
    tensors = [torch.from_numpy(array).requires_grad_() for array in drawn]
    hidden = torch.nn.functional.conv2d(*tensors[:3])
    torch.nn.functional.batch_norm(hidden, None, None, *tensors[3:], training=True).backward(
        torch.from_numpy(cotangent)
    )
    tape = Tape()
    x, weight, bias, scale, shift = (tape.variable(array) for array in drawn)
    output, _ = batch_norm(layers.conv2d(x, weight, bias), scale, shift)
    tape.backward((output, cotangent))
    noise = np.abs(tensors[2].grad.numpy())
    assert np.all(np.abs(bias.gradient) < 1e-12)
    assert noise.max() > 1e-8
    assert np.all(noise <= 4 * bias.gradient_error())
    assert np.all(bias.gradient_error() < 1e-3)


def test_misuse_is_an_error_that_says_so():
    tape = Tape()
    x = tape.variable(np.ones(2))
    with pytest.raises(RuntimeError, match="no gradient"):
        x.gradient_error()
    with pytest.raises(RuntimeError, match="nothing to run"):
        tape.backward((x, 1.0))
    output = operations.add(x, x)
    tape.backward((output, 1.0))
    with pytest.raises(RuntimeError, match="run already"):
        tape.backward((output, 1.0))
    with pytest.raises(ValueError, match="rnn, lstm, gru"):
        recurrent("elman", x, {})
    with pytest.raises(ValueError, match="weight_hh_l0 is missing"):
        simple_rnn(np.ones((1, 2, 3)), {"weight_ih_l0": np.ones((4, 3))})


def test_a_gradient_allows_for_products_that_are_summed_onto_what_is_there():
    """As a matrix product that adds to its result does, each sum in turn; paddle's GRU is such."""
    rng = np.random.default_rng(2)
    draw32 = [rng.normal(size=shape).astype(np.float32) for shape in ((4, 33), (99, 33), (4, 99), (4, 33))]
    x, weight, out, held = draw32[0], draw32[1] / 1000, draw32[2], draw32[3]
    tape = Tape()
    source = tape.variable(x)
    product, kept = layers.linear(source, tape.variable(weight)), operations.scale(source, 1.0)
    tape.backward((kept, held), (product, out))
    total = held
    for column in range(99):
        total = total + out[:, column : column + 1] * weight[column]
    assert total.dtype == np.float32
    ratio = np.max(np.abs(total - source.gradient) / source.gradient_error())
    assert 0.5 < ratio < 4
