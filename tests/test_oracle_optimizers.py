"""The optimizers' oracle: its values against torch in float64, its bounds against both frameworks in float32, and
against the faults that the bounds must not cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import optimizer_constants as measured
from reference_impl.oracle import optimizers as oracle
from reference_impl.oracle.intervals import Quotient
from reference_impl.oracle.rounding import OVERFLOW_THRESHOLD, UNIT_ROUNDOFF, Bounded, Rounded, constant

CONSTANT = 1.5
RIGHT: dict[str, Any] = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-4}


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def warm(rng, size=256):
    """A parameter at 0, where its own rounding hides nothing, and a warm state with |gradient| near eps."""
    gradient = (1e-8 * rng.standard_normal(size) * 10.0 ** rng.uniform(-1, 1, size)).astype(np.float32)
    m = (gradient * rng.uniform(-1, 1, size)).astype(np.float32)
    return np.zeros(size, np.float32), gradient, m, np.square(gradient)


TORCH: list[Any] = [
    ("sgd", "SGD", {"weight_decay": 0.01}, ()),
    ("momentum", "SGD", {"momentum": 0.9, "weight_decay": 0.01}, ("velocity",)),
    ("momentum", "SGD", {"momentum": 0.9, "nesterov": True}, ("velocity",)),
    ("adam", "Adam", {"beta1": 0.8, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.01}, ("m", "v")),
    ("adamw", "AdamW", {"beta1": 0.8, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.01}, ("m", "v")),
    ("rmsprop", "RMSprop", {"alpha": 0.9, "eps": 1e-3, "weight_decay": 0.01}, ("square_average",)),
    (
        "rmsprop",
        "RMSprop",
        {"alpha": 0.9, "eps": 1e-3, "momentum": 0.5},
        ("square_average", "momentum_buffer", "gradient_average"),
    ),
]
SLOTS = {
    "velocity": "momentum_buffer",
    "m": "exp_avg",
    "v": "exp_avg_sq",
    "square_average": "square_avg",
    "momentum_buffer": "momentum_buffer",
    "gradient_average": "grad_avg",
}


@pytest.mark.parametrize(("name", "kind", "hyper", "slots"), TORCH)
def test_several_steps_have_the_values_of_torch_in_float64(rng, name, kind, hyper, slots):
    torch = pytest.importorskip("torch")
    options = dict(hyper)
    if "beta1" in options:
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
    if "gradient_average" in slots:
        options["centered"] = True
    start = rng.standard_normal(5).astype(np.float32)
    weight = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = getattr(torch.optim, kind)([weight], lr=0.01, **options)
    after = {"parameter": start, **{slot: np.zeros(5) for slot in slots}}
    for step in range(4):
        gradient = rng.standard_normal(5).astype(np.float32)
        weight.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        count = (step,) if name in ("adam", "adamw") else ()
        state = [after[slot] for slot in slots]
        after = oracle.OPTIMIZERS[name](after["parameter"], gradient, *state, *count, lr=0.01, **hyper)
    np.testing.assert_allclose(after["parameter"].value, weight.detach().numpy(), rtol=1e-12)
    for slot in slots:
        np.testing.assert_allclose(after[slot].value, optimizer.state[weight][SLOTS[slot]].numpy(), rtol=1e-12)


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("adamw", "AdamW")])
def test_steps_of_amsgrad_have_the_values_of_torch_in_float64(rng, name, kind):
    torch = pytest.importorskip("torch")
    weight = torch.nn.Parameter(torch.tensor(start := rng.standard_normal(5)))
    optimizer = getattr(torch.optim, kind)([weight], lr=0.01, betas=(0.8, 0.9), weight_decay=0.01, amsgrad=True)
    after = {"parameter": start, **{slot: np.zeros(5) for slot in ("m", "v", "v_max")}}
    for step in range(4):
        gradient = rng.standard_normal(5) * 10.0**-step
        weight.grad = torch.tensor(gradient)
        optimizer.step()
        hyper = {"lr": 0.01, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.01, "v_max": after["v_max"]}
        after = oracle.OPTIMIZERS[name](after["parameter"], gradient, after["m"], after["v"], step, **hyper)
    np.testing.assert_allclose(after["parameter"].value, weight.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(after["v_max"].value, optimizer.state[weight]["max_exp_avg_sq"].numpy(), rtol=1e-12)
    assert (after["v_max"].value > after["v"].value).any()


@pytest.mark.parametrize("lane", ["torch", "paddle"])
@pytest.mark.parametrize("name", sorted(oracle.OPTIMIZERS))
def test_a_float32_step_lies_within_the_bound_and_uses_it(rng, lane, name):
    pytest.importorskip(lane)
    form = measured.PADDLE_FORM.get(name, {}) if lane == "paddle" else {}
    largest = 0.0
    for _ in range(25):
        hyper = measured.hyperparameters(rng, name)
        state = measured.state_of(rng, name, hyper)
        if lane == "paddle" and "momentum_buffer" in state:
            state["update_buffer"] = state.pop("momentum_buffer")
        parameter, gradient = (measured.draw(rng, str(rng.choice(measured.FAMILIES))) for _ in range(2))
        with np.errstate(all="ignore"):
            found = measured.lane_step(lane, name, parameter, gradient, state, hyper)
        step = measured.oracle_step(name, parameter, gradient, state, hyper, **form)
        for quantity, ratio, _ in measured.ratios(step, found):
            assert ratio.max(initial=0.0) <= CONSTANT, (quantity, hyper)
            largest = max(largest, float(ratio.max(initial=0.0)))
    assert largest > 0.4


@pytest.mark.parametrize("lane", ["torch", "paddle"])
def test_five_adam_steps_stay_within_the_propagated_bound(rng, lane):
    pytest.importorskip(lane)
    hyper: dict[str, Any] = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}
    form = measured.PADDLE_FORM["adam"] if lane == "paddle" else {}
    parameter, gradient, m, v = warm(rng)
    found = {"parameter": parameter, "m": m, "v": v, "step": np.asarray(3)}
    after = {"parameter": parameter, "m": m, "v": v}
    for step in range(3, 8):
        gradient = np.roll(gradient, 1)
        state = {slot: found[slot] for slot in ("m", "v", "step")}
        found = measured.lane_step(lane, "adam", found["parameter"], gradient, state, hyper)
        after = oracle.adam(after["parameter"], gradient, after["m"], after["v"], step, **hyper, **form)
    for name in ("parameter", "m", "v"):
        assert np.all(abs(found[name] - after[name].value) <= after[name].bound(CONSTANT))
    assert np.median(after["parameter"].bound(CONSTANT)) < 1e-4 * hyper["lr"]


@pytest.mark.parametrize(
    "fault", [fault for fault in measured.FAULTS if "relative" not in fault and "decay" not in fault]
)
def test_a_fault_of_adam_lies_outside_the_bound_from_a_warm_state(rng, fault):
    parameter, gradient, m, v = warm(rng)
    truth = oracle.adam(parameter, gradient, m, v, 3, **RIGHT)
    wrong = oracle.adam(parameter, gradient, m, v, 3, **(RIGHT | measured.FAULTS[fault]))
    outside = abs(wrong["parameter"].value - truth["parameter"].value) > truth["parameter"].bound(CONSTANT)
    assert outside.mean() > 0.9


def test_a_step_from_zero_moments_hides_the_betas_in_the_parameter_but_not_in_the_moments(rng):
    parameter, gradient, *_ = warm(rng)
    zeros = np.zeros_like(parameter)
    truth = oracle.adam(parameter, gradient, zeros, zeros, 0, **RIGHT)
    wrong = oracle.adam(parameter, gradient, zeros, zeros, 0, **(RIGHT | {"beta1": 0.5, "beta2": 0.9}))

    def caught(name):
        return np.mean(abs(wrong[name].value - truth[name].value) > truth[name].bound(CONSTANT))

    assert caught("parameter") == 0.0
    assert caught("m") == 1.0
    assert caught("v") > 0.9


def test_zero_gradients_and_moments_leave_a_finite_bound():
    zeros = np.zeros(3, np.float32)
    for step in (oracle.adam(zeros, zeros, zeros, zeros, 0, lr=0.1), oracle.rmsprop(zeros, zeros, zeros, lr=0.1)):
        for quantity in step.values():
            assert np.all(quantity.value == (1.0 if quantity is step.get("step") else 0.0))
            assert np.all(quantity.bound(1.0) == 0.0)


def test_weight_decay_and_l1_decay_enter_the_gradient_and_decoupled_decay_does_not():
    weights, gradient, zeros = np.array([2.0, -2.0, 0.0]), np.ones(3), np.zeros(3)
    assert oracle.sgd(weights, gradient, lr=1.0, weight_decay=0.5)["parameter"].value.tolist() == [0.0, -2.0, -1.0]
    assert oracle.sgd(weights, gradient, lr=1.0, l1_decay=0.5)["parameter"].value.tolist() == [0.5, -2.5, -1.0]
    coupled = oracle.adam(weights, gradient, zeros, zeros, 0, lr=0.1, weight_decay=0.5)
    decoupled = oracle.adamw(weights, gradient, zeros, zeros, 0, lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose(coupled["m"].value, 0.1 * (gradient + 0.5 * weights))
    np.testing.assert_allclose(decoupled["m"].value, 0.1 * gradient)


def test_float32_betas_are_those_of_paddles_accumulators():
    paddle = pytest.importorskip("paddle")
    weight = paddle.create_parameter([1], "float32")
    optimizer = paddle.optimizer.Adam(parameters=[weight], beta1=0.9, beta2=0.999)
    for _ in range(50):
        weight.grad = paddle.ones([1])
        optimizer.step()
    state = {key.split("beta")[1][0]: tensor for key, tensor in optimizer.state_dict().items() if "_pow_acc" in key}
    for beta, tensor in ((0.9, state["1"]), (0.999, state["2"])):
        rounded = float(np.float32(beta))
        assert oracle._power(rounded, 51, np.dtype(np.float32)) == float(tensor.numpy().item())
        assert oracle._power(rounded, 51, np.dtype(np.float64)) == rounded**51


def interval_cases(rng, size=40):
    gradient = 1e-4 * rng.standard_normal(size) * 10.0 ** rng.uniform(-3, 1, size)
    m, v = gradient * rng.uniform(-2, 2, size), gradient**2 * 10.0 ** rng.uniform(-2, 2, size)
    mean = 0.5 * rng.uniform(-1, 1, size) * np.sqrt(v)
    zeros = np.zeros(size)
    return gradient, {
        "sgd": ((), {"lr": 0.1, "weight_decay": 0.1}),
        "momentum": ((m,), {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        "adam": ((m, v, 3), {"lr": 0.1, "eps": 1e-5}),
        "adamw": ((zeros, zeros, 0), {"lr": 0.1, "eps": 1e-8}),
        "adam eps inside": ((m, v, 3), {"lr": 0.1, "eps": 1e-10, "eps_inside": True}),
        "rmsprop": ((v,), {"lr": 0.1, "eps": 1e-5}),
        "rmsprop momentum": ((v, m), {"lr": 0.1, "eps": 1e-5, "momentum": 0.9, "lr_in_buffer": True}),
        "rmsprop centered": ((v, None, mean), {"lr": 0.1, "eps": 1e-5, "alpha": 0.5}),
        "rmsprop centered eps inside": ((v, None, mean), {"lr": 0.1, "eps": 1e-10, "alpha": 0.5, "eps_inside": True}),
    }


@pytest.mark.parametrize("case", list(interval_cases(np.random.default_rng(0))[1]))
def test_the_spread_is_what_the_worst_gradient_of_the_interval_does(rng, case):
    gradient, cases = interval_cases(rng)
    state, hyper = cases[case]
    weights, error = rng.standard_normal(gradient.size), abs(gradient) * 10.0 ** rng.uniform(-3, 1, gradient.size)
    step = oracle.OPTIMIZERS[case.split()[0]]
    result = step(weights, gradient, *state, gradient_error=error, **hyper)
    turns = {name: np.zeros(gradient.size) for name in result}
    for part in np.linspace(-1, 1, 401):
        other = step(weights, gradient + part * error, *state, **hyper)
        for name in turns:
            turns[name] = np.maximum(turns[name], abs(other[name].value - result[name].value))
    for name in sorted(set(result) - {"step"}):
        # 1e-9: the differences of nearly equal parameters have lost that much themselves
        assert np.all(turns[name] <= result[name].spread * (1 + 1e-9) + 1e-14), name
        if name in ("parameter", "momentum_buffer"):
            assert np.all(turns[name] >= 0.99 * result[name].spread - 1e-14), name


def test_an_interval_takes_no_more_rounding_and_none_without_error(rng):
    weights, gradient, m, v = warm(rng)
    plain = oracle.adam(weights, gradient, m, v, 3, **RIGHT)
    narrow = oracle.adam_interval(weights, gradient, 0.0, m, v, 3, **RIGHT)
    wide = oracle.adam_interval(weights, gradient, np.full_like(gradient, 1e-8), m, v, 3, **RIGHT)
    assert np.array_equal(plain["parameter"].scale, wide["parameter"].scale)
    assert np.all(narrow["parameter"].spread == 0.0)
    assert np.all(wide["parameter"].spread > 0.0)


def test_uncertain_state_widens_the_spread(rng):
    weights, gradient, m, v = warm(rng)
    uncertain = Bounded(m.astype(np.float64), np.zeros(m.shape), np.full(m.shape, 1e-9))
    step = oracle.adam(weights, gradient, uncertain, v, 3, gradient_error=1e-9, **RIGHT)
    known = oracle.adam(weights, gradient, m, v, 3, gradient_error=1e-9, **RIGHT)
    shifted = oracle.adam(weights, gradient + np.float32(0), m + np.float32(1e-9), v, 3, **RIGHT)
    assert np.all(step["parameter"].spread >= abs(shifted["parameter"].value - step["parameter"].value))
    assert np.mean(step["parameter"].spread > known["parameter"].spread) > 0.9


def test_a_quotient_that_is_not_defined_on_its_interval_promises_nothing():
    quotient = Quotient(np.zeros(1), 1.0, np.zeros(1), np.zeros(()), 1.0, 0.0)  # g / |g|
    assert np.isinf(quotient.spread(np.zeros(1), np.ones(1)))
    assert quotient.spread(np.zeros(1), np.zeros(1)) == 0.0
    assert quotient.spread(np.array([0.5]), np.ones(1)) == 2.0


def test_rounded_numbers_bound_their_float32_evaluation(rng):
    a, b, c = (rng.standard_normal(4000).astype(np.float32) for _ in range(3))
    exact = (Rounded(a) * Rounded(b) - Rounded(c)) / (square := Rounded(c) * Rounded(c) + 1.0).sqrt()
    lane = (a * b - c) / np.sqrt(c * c + np.float32(1.0))
    distance = abs(lane - exact.value)
    assert np.all(distance <= exact.error * 1.001)
    assert distance.max() > UNIT_ROUNDOFF / 4
    assert np.all(square.error > 0.0)


def test_rounded_numbers_know_the_edges_of_float32():
    assert np.isposinf((Rounded(1e30) * Rounded(1e30)).value)
    assert (Rounded(1e30) * Rounded(1e30)).error == 0.0
    assert np.isinf((Rounded(OVERFLOW_THRESHOLD) * Rounded(1.0)).error)
    assert (Rounded(1.0) / (Rounded(1e30) * Rounded(1e30))).value == 0.0
    assert np.isinf((Rounded(1.0) / (Rounded(1e-30) * Rounded(1e-30))).error)
    assert np.isnan((Rounded(np.inf) - Rounded(np.inf)).value)
    assert np.isinf((square_difference := constant(3.0) - constant(3.0)).sqrt(cancels=True).error)
    assert np.isfinite(square_difference.sqrt().error)
    assert (Rounded(0.0) * Rounded(5.0)).error == 0.0
    assert (Rounded(2.0, 0.5, 0.0) * Rounded(3.0, 0.0, 0.0)).error == 1.5
