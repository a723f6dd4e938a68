"""Optimizers and schedules of both sides: equal where they should be, their state whole, bad calls refused."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.transfer.slots import OptimizerStateError
from reference_impl.hyperparameters import OPTIMIZERS

SHAPES = {"weight": (3, 4), "bias": (4,)}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {}),
    ("momentum", {"momentum": 0.8}),
    ("momentum", {"nesterov": True}),
    ("adam", {"beta1": 0.8, "beta2": 0.98}),
    ("adamw", {}),
    ("rmsprop", {}),
    ("rmsprop", {"momentum": 0.9, "alpha": 0.9}),
    ("rmsprop", {"momentum": 0.5, "centered": True}),
]
DECAYS: list[dict[str, Any]] = [{}, {"weight_decay": 0.1}, {"l1_decay": 0.1}]


def torch_side():
    torch = pytest.importorskip("torch")

    def parameter(values):
        return torch.nn.Parameter(torch.tensor(values))

    def set_gradient(tensor, values):
        tensor.grad = torch.tensor(values)

    return SimpleNamespace(parameter=parameter, set_gradient=set_gradient, numpy=lambda t: t.detach().numpy().copy())


def paddle_side():
    paddle = pytest.importorskip("paddle")

    def parameter(values):
        tensor = paddle.create_parameter(list(values.shape), "float32")
        tensor.set_value(values)
        return tensor

    def set_gradient(tensor, values):
        tensor.grad = None
        tensor.grad = paddle.to_tensor(values)

    return SimpleNamespace(parameter=parameter, set_gradient=set_gradient, numpy=lambda t: t.numpy().copy())


def side(framework):
    """The implementation of one framework, with the few calls that its tensors need."""
    calls = {"torch": torch_side, "paddle": paddle_side}[framework]()
    calls.optimizers = importlib.import_module(f"reference_impl.{framework}_impl.optimizers")
    calls.schedules = importlib.import_module(f"reference_impl.{framework}_impl.schedules")
    return calls


@pytest.fixture(params=["torch", "paddle"])
def one(request):
    return side(request.param)


@pytest.fixture
def both():
    return side("torch"), side("paddle")


class Trained:
    """Two parameters under one optimizer, fed with gradients that depend on the step alone."""

    def __init__(self, calls, name, lr=0.01, **hyperparameters):
        self.calls = calls
        generator = np.random.default_rng(0)
        self.named = [
            (key, calls.parameter(generator.standard_normal(shape).astype("f4"))) for key, shape in SHAPES.items()
        ]
        self.optimizer = calls.optimizers.make_optimizer(name, self.named, lr, **hyperparameters)

    def step(self, *steps):
        for step in steps:
            generator = np.random.default_rng([1, step])
            for _, tensor in self.named:
                self.calls.set_gradient(tensor, generator.standard_normal(tensor.shape).astype("f4"))
            self.optimizer.step()
        return self

    @property
    def values(self):
        return {key: self.calls.numpy(tensor) for key, tensor in self.named}

    @property
    def state(self):
        return self.calls.optimizers.optimizer_state(self.optimizer, self.named)

    def load(self, values, state):
        for (_, tensor), array in zip(self.named, values.values(), strict=True):
            if hasattr(tensor, "set_value"):
                tensor.set_value(array)
            else:
                tensor.data.copy_(type(tensor.data)(array))
        self.calls.optimizers.load_optimizer_state(self.optimizer, self.named, state)
        return self


def combinations():
    return [
        pytest.param(name, {**hyperparameters, **decay}, id="-".join([name, *hyperparameters, *decay]))
        for name, hyperparameters in KINDS
        for decay in DECAYS
        if not ("l1_decay" in decay and name == "adamw")
    ]


@pytest.mark.parametrize(("name", "hyperparameters"), combinations())
def test_both_frameworks_go_the_same_way(both, name, hyperparameters):
    # eps 0 where the frameworks put it on different sides of the square root.
    extra = {"eps": 0.0} if name == "rmsprop" else {}
    torch, paddle = (Trained(calls, name, **hyperparameters, **extra).step(0, 1, 2) for calls in both)
    # Paddle's float32 betas move Adam's second moment by 1e-5 of itself.
    tolerance = 5e-5 if name in ("adam", "adamw") else 5e-6
    for key, value in torch.values.items():
        np.testing.assert_allclose(paddle.values[key], value, rtol=0, atol=3 * 0.01 * tolerance + 3e-7)
    assert torch.state.keys() == paddle.state.keys()
    for key, arrays in torch.state.items():
        assert arrays.keys() == paddle.state[key].keys()
        for slot, array in arrays.items():
            np.testing.assert_allclose(paddle.state[key][slot], array, rtol=tolerance * 10, atol=1e-6)


def test_rmsprop_puts_eps_on_different_sides_of_the_root(both):
    values = [Trained(calls, "rmsprop", lr=0.1, eps=0.01).step(0).values["weight"] for calls in both]
    start = Trained(both[0], "rmsprop").values["weight"].astype("f8")
    gradient = np.random.default_rng([1, 0]).standard_normal((3, 4)).astype("f4").astype("f8")
    average = 0.01 * gradient**2
    np.testing.assert_allclose(values[0], start - 0.1 * gradient / (np.sqrt(average) + 0.01), rtol=1e-5)
    np.testing.assert_allclose(values[1], start - 0.1 * gradient / np.sqrt(average + 0.01), rtol=1e-5)


@pytest.mark.parametrize(("name", "hyperparameters"), KINDS)
def test_state_is_restored_to_the_bit(one, name, hyperparameters):
    first = Trained(one, name, **hyperparameters).step(0, 1, 2)
    values, state = first.values, first.state
    second = Trained(one, name, **hyperparameters).step(5).load(values, state)
    for key, arrays in state.items():
        for slot, array in arrays.items():
            np.testing.assert_array_equal(second.state[key][slot], array)
    first.step(3)
    second.step(3)
    for key, value in first.values.items():
        np.testing.assert_array_equal(second.values[key], value)


@pytest.mark.parametrize("origin", [0, 1], ids=["torch-to-paddle", "paddle-to-torch"])
@pytest.mark.parametrize(("name", "hyperparameters"), KINDS)
def test_state_crosses_over(both, name, hyperparameters, origin):
    source = Trained(both[origin], name, **hyperparameters).step(0, 1, 2)
    target = Trained(both[1 - origin], name, **hyperparameters).load(source.values, source.state)
    # RMSProp's second moment is of order 0.1 here, eps 1e-8 changes the root by 1e-7 of it at most.
    source.step(3)
    target.step(3)
    for key, value in source.values.items():
        np.testing.assert_allclose(target.values[key], value, rtol=0, atol=0.01 * 5e-5 + 3e-7)
    if name in ("adam", "adamw"):
        assert target.state["weight"]["step"] == 4


def test_a_parameter_without_state_starts_anew(one):
    first = Trained(one, "adam").step(0, 1)
    state = {"weight": first.state["weight"]}
    second = Trained(one, "adam").step(0).load(first.values, state)
    second.step(2)
    assert [int(arrays["step"]) for arrays in second.state.values()] == [3, 1]


@pytest.mark.parametrize("count", [1, 2, 900, 5000, 200_000])
def test_the_step_is_found_in_the_powers_of_beta(count):
    pytest.importorskip("paddle")
    from conformance.porting.paddle_side.optimizer_state import beta_powers
    from conformance.transfer.slots import exponent

    power = float(beta_powers(0.999, count)[-1])
    found = exponent(0.999, power, "float32")
    # Beyond 110,000 steps the power has come to rest: a larger count is not known and makes no difference.
    assert found == count or (count == 200_000 and 90_000 < found < 120_000)
    with pytest.raises(OptimizerStateError, match="has not counted its steps"):
        exponent(0.999, 0.5, "float32")


def test_state_that_does_not_fit_is_named(one):
    adam = Trained(one, "adam").step(0)
    state = adam.state
    with pytest.raises(OptimizerStateError, match="'scale', which is no trainable parameter"):
        adam.load(adam.values, {"scale": state["bias"]})
    with pytest.raises(OptimizerStateError, match=r"'m' of 'weight' has shape \(4,\), the parameter needs \(3, 4\)"):
        adam.load(adam.values, {"weight": {**state["weight"], "m": state["bias"]["m"]}})
    with pytest.raises(OptimizerStateError, match=r"holds m, step, v, but a momentum optimizer .* needs velocity"):
        Trained(one, "momentum").load(adam.values, state)


def test_rmsprop_momentum_at_learning_rate_zero(both):
    torch, paddle = both
    trained = Trained(paddle, "rmsprop", momentum=0.9).step(0)
    trained.optimizer.set_lr(0.0)
    kept = paddle.optimizers.optimizer_state(trained.optimizer, trained.named, own_units=True)
    Trained(paddle, "rmsprop", momentum=0.9).load(trained.values, kept)
    with pytest.raises(OptimizerStateError, match="no counterpart in torch at learning rate 0"):
        Trained(torch, "rmsprop", momentum=0.9, lr=0.0).load(trained.values, kept)


def test_unknown_names_and_combinations_are_refused(one):
    make = one.optimizers.make_optimizer
    named = [("weight", one.parameter(np.zeros(2, "f4")))]
    with pytest.raises(ValueError, match=f"unknown optimizer 'lamb': choose one of {', '.join(OPTIMIZERS)}"):
        make("lamb", named, 0.1)
    with pytest.raises(ValueError, match="optimizer 'adam' has no hyperparameter 'epsilon': it has beta1, beta2, eps"):
        make("adam", named, 0.1, epsilon=1e-7)
    for bad in ({"weight_decay": 0.1}, {}):
        with pytest.raises(ValueError, match="paddle takes one regularizer"):
            make("adamw" if not bad else "sgd", named, 0.1, l1_decay=0.1, **bad)


@pytest.mark.parametrize(
    ("name", "hyperparameters", "expected"),
    [
        ("constant", {}, [1, 1, 1, 1, 1]),
        ("step", {"step_size": 2, "gamma": 0.5}, [1, 1, 0.5, 0.5, 0.25]),
        ("multi_step", {"milestones": [1, 3]}, [1, 0.1, 0.1, 0.01, 0.01]),
        ("exponential", {"gamma": 0.5}, [1, 0.5, 0.25, 0.125, 0.0625]),
        ("cosine", {"T_max": 4}, [1, (1 + np.sqrt(0.5)) / 2, 0.5, (1 - np.sqrt(0.5)) / 2, 0]),
    ],
)
def test_learning_rates(one, name, hyperparameters, expected):
    rates = one.schedules.learning_rates(name, 1.0, 5, **hyperparameters)
    np.testing.assert_allclose(rates, expected, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [("step", {"step_size": 2}), ("multi_step", {"milestones": [1, 4]}), ("exponential", {"gamma": 0.9}),
     ("cosine", {"T_max": 5}), ("constant", {})],
)  # fmt: skip
def test_a_schedule_goes_on_from_its_state(one, name, hyperparameters):
    def started(lr):
        trained = Trained(one, "sgd", lr=lr)
        return trained, one.schedules.make_schedule(name, trained.optimizer, **hyperparameters)

    whole, schedule = started(0.1)
    rates = []
    for step in range(6):
        rates.append(one.optimizers.learning_rate(whole.optimizer))
        if step == 3:
            state = one.schedules.schedule_state(schedule)
        whole.step(step)
        schedule.step()
    rest, schedule = started(0.7)
    one.schedules.load_schedule_state(schedule, state)
    for step in range(3, 6):
        assert one.optimizers.learning_rate(rest.optimizer) == rates[step]
        rest.step(step)
        schedule.step()


def test_a_schedule_needs_its_hyperparameters(one):
    with pytest.raises(ValueError, match="schedule 'step' needs a value for 'step_size'"):
        one.schedules.learning_rates("step", 0.1, 2)
    with pytest.raises(ValueError, match="unknown schedule 'linear'"):
        one.schedules.learning_rates("linear", 0.1, 2)
