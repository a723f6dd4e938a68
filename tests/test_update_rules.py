"""The update rules on quantities: their values against torch in float64, and bounds that leave faults no room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.number_formats import computed_in
from conformance.quantity import scaled
from reference_impl.oracle import update_rules
from reference_impl.oracle.quasi_newton import lbfgs
from suites.support.optimizer_runs import CLASSES, SLOTS, torch_optimizer, torch_run, torch_weights

STEPS = 7
BETAS = {"beta1": 0.8, "beta2": 0.97, "eps": 1e-3}
OPTIONS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "weight_decay": 0.1},
    "momentum": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    "adam": {"lr": 0.1, **BETAS, "weight_decay": 0.1},
    "adamw": {"lr": 0.1, **BETAS, "weight_decay": 0.1},
    "adamax": {"lr": 0.1, **BETAS},
    "adagrad": {"lr": 0.1, "eps": 1e-3},
    "adadelta": {"lr": 0.5, "rho": 0.8, "eps": 1e-3},
    "rmsprop": {"lr": 0.1, "alpha": 0.9, "eps": 1e-3, "momentum": 0.5, "centered": True},
    "radam": {"lr": 0.1, **BETAS},
    "rprop": {"lr": 0.1, "etas": (0.4, 1.3), "step_sizes": (0.05, 0.12)},
}


def numbers(name: str) -> dict[str, Any]:
    """The options in the words of the rules."""
    hyper = dict(OPTIONS[name])
    if name == "rprop":
        hyper |= dict(zip(("etaminus", "etaplus"), hyper.pop("etas"), strict=True))
        hyper |= dict(zip(("smallest", "largest"), hyper.pop("step_sizes"), strict=True))
    return hyper


@pytest.fixture
def start() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.standard_normal(20), rng.standard_normal((STEPS, 20))


@pytest.mark.parametrize("name", OPTIONS)
def test_the_values_are_those_of_torch_in_float64(name, start):
    pytest.importorskip("torch")
    parameter, gradients = start
    weights = torch_weights([parameter])
    optimizer = torch_optimizer(name, weights, OPTIONS[name], None)
    found = torch_run(optimizer, weights, [gradients], {2: 0.05} if name != "rprop" else {})["parameter.0"].numpy()
    with computed_in("float64"):
        rates = {2: 0.05} if name != "rprop" else {}
        trace = update_rules.run(name, parameter, gradients, update_rules.Numbers(numbers(name)), rates)
    np.testing.assert_allclose([each["parameter"].value for each in trace], found, rtol=1e-13, atol=1e-14)
    for slot, (key, _) in SLOTS.get(name, {}).items():
        np.testing.assert_allclose(trace[-1][slot].value, optimizer.state[weights[0]][key], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in ("asgd", "nadam")])
def test_a_bound_is_some_units_of_what_it_bounds(name, start):
    parameter, gradients = start
    trace = update_rules.run(name, parameter, gradients, update_rules.Numbers(numbers(name)), {})
    moved = [each["parameter"] for each in trace]
    assert max((each.error / (np.abs(each.value) + 1.0)).max() for each in moved) < 200 * 2.0**-24


@pytest.mark.parametrize("name", ["adam", "adamw", "adamax", "radam"])
@pytest.mark.parametrize("key", ["beta1", "beta2", "lr", "eps"])
def test_another_hyperparameter_is_beyond_the_bound(name, key, start):
    parameter, gradients = start
    right, wrong = (
        update_rules.run(name, parameter, gradients, update_rules.Numbers({**numbers(name), key: value}), {})[-1][
            "parameter"
        ]
        for value in (numbers(name)[key], numbers(name)[key] * (0.1 if key == "eps" else 0.99))
    )
    assert (np.abs(right.value - wrong.value) > right.error).mean() > 0.7


def test_nadam_looks_one_step_ahead():
    """Two steps by hand, with a momentum that does not grow: mu = beta1 / 2."""
    hyper = {"lr": 0.5, "beta1": 0.8, "beta2": 0.5, "eps": 0.0, "momentum_decay": 0.0}
    trace = update_rules.run("nadam", np.zeros(1), np.array([[1.0], [2.0]]), update_rules.Numbers(hyper), {})
    first = -0.5 * (0.6 * 1.0 / (1 - 0.4) + 0.4 * 0.2 / (1 - 0.16))
    direction = 0.6 * 2.0 / (1 - 0.16) + 0.4 * (0.8 * 0.2 + 0.2 * 2.0) / (1 - 0.064)
    second = first - 0.5 * direction / np.sqrt((0.25 + 2.0) / 0.75)
    np.testing.assert_allclose([each["parameter"].value[0] for each in trace], [first, second], rtol=1e-14)


def test_numbers_of_paddle_are_rounded_where_they_are_attributes():
    given = update_rules.Numbers({"beta1": 0.9, "lr": 0.1}, rounded=("beta1",), stored=np.float32)
    given.step = 3
    assert given["beta1"] == float(np.float32(0.9)) and given["lr"] == 0.1
    chain = np.float32(0.9) * np.float32(0.9) * np.float32(0.9)
    assert given.power("beta1") == chain and given.rest(given.power("beta1")) == np.float32(1) - chain


def test_quasi_newton_steps_end_a_parabola_at_once_with_a_full_history():
    """In n dimensions of equal curvature the second step is the last."""
    goal = np.arange(4.0)
    with computed_in("float64"):
        trace = lbfgs(np.zeros(4), lambda point: scaled(point - goal, 3.0, 2), 1.0, 2, 5)
    assert not np.allclose(trace[0].value, goal)
    np.testing.assert_allclose(trace[1].value, goal, rtol=1e-14)
    assert 0 < trace[1].error.max() < 1e-13


def test_a_history_of_one_forgets():
    rng = np.random.default_rng(3)
    goal, weight = rng.standard_normal(6), rng.uniform(1, 4, 6)
    gradient = lambda point: scaled((point - goal) * weight, 2.0, 2)  # noqa: E731
    ends = [lbfgs(np.zeros(6), gradient, 1.0, 4, history)[-1].value for history in (1, 2, 100)]
    assert not np.allclose(ends[0], ends[1]) and not np.allclose(ends[1], ends[2])
