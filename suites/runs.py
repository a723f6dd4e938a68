"""Training runs as the suites stop and resume them: optimizers with their state, a small network, plain histories."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.strategies import real
from suites.layers import COUNTER, layers

OPTIMIZERS: tuple[dict[str, Any], ...] = (
    {"name": "adam", "hyper": {"beta1": 0.9, "beta2": 0.999}},
    {"name": "momentum", "hyper": {"momentum": 0.9, "nesterov": False}},
    {"name": "rmsprop", "hyper": {"momentum": 0.9, "centered": True, "eps": 1e-4}},
    {"name": "adamw", "hyper": {"beta1": 0.5, "beta2": 0.99}},
    {"name": "rmsprop", "hyper": {"momentum": 0.0, "centered": False, "eps": 1e-4}},
    {"name": "momentum", "hyper": {"momentum": 0.5, "nesterov": True}},
    {"name": "sgd", "hyper": {}},
    {"name": "rmsprop", "hyper": {"momentum": 0.5, "centered": False, "eps": 1e-4}},
)
"""Every kind of state that an optimizer keeps; the laws of their steps, for any hyperparameters, are elsewhere."""
SCHEDULES: tuple[dict[str, Any], ...] = (
    {"name": "cosine", "hyper": {"T_max": 3}},
    {"name": "step", "hyper": {"step_size": 2, "gamma": 0.5}},
    {"name": "exponential", "hyper": {"gamma": 0.9}},
    {"name": "multi_step", "hyper": {"milestones": [1, 3], "gamma": 0.1}},
    {"name": "constant", "hyper": {}},
)
epochs_done = st.sampled_from((2, 1, 3, 0))
turns = st.integers(0, len(OPTIMIZERS) * len(SCHEDULES) - 1)
powers_of_two = st.integers(-8, -3).map(lambda exponent: 2.0**exponent)
"""Learning rates by which RMSprop's momentum is multiplied and divided, between the frameworks, without rounding."""


def optimized_layers(kinds: tuple[str, ...]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A layer of each kind, and an optimizer for each, by turns: an example has every kind of both."""

    def make(drawn: tuple[dict[str, Any], ...], turn: int) -> list[dict[str, Any]]:
        count = len(OPTIMIZERS)
        return [{**layer, "optimizer": OPTIMIZERS[(turn + place) % count]} for place, layer in enumerate(drawn)]

    return st.builds(make, st.tuples(*[layers((kind,)) for kind in kinds]), turns)


def is_trainable(name: str) -> bool:
    """Whether a tensor of a layer is trained: batch norm's statistics are not."""
    return not name.endswith(("running_mean", "running_var", COUNTER))


def optimizer_arrays(
    rng: np.random.Generator, optimizer: dict[str, Any], shapes: dict[str, tuple[int, ...]]
) -> dict[str, dict[str, np.ndarray]]:
    """What an optimizer may remember of parameters of ``shapes``, in torch's words."""
    hyper = optimizer["hyper"]
    slots = {"momentum": ["velocity"], "adam": ["m", "v"], "adamw": ["m", "v"], "rmsprop": ["square_average"]}
    names = list(slots.get(optimizer["name"], []))
    if optimizer["name"] == "rmsprop":
        names += ["momentum_buffer"] * (hyper["momentum"] > 0) + ["gradient_average"] * hyper["centered"]
    count = np.asarray(int(rng.integers(1, 200)), np.int64)
    state: dict[str, dict[str, np.ndarray]] = {}
    for name, shape in shapes.items():
        if names and is_trainable(name):
            state[name] = {slot: real(rng, shape) for slot in names}
            if "v" in names:
                state[name] = {"step": count, **state[name], "v": np.square(state[name]["v"])}
            if "square_average" in names:  # above the square of the mean, as the average of squares is
                mean = state[name].get("gradient_average", np.zeros(shape, np.float32))
                state[name]["square_average"] = np.square(mean) + np.square(state[name]["square_average"])
    return state


IMAGE, CLASSES = (3, 6, 6), 4
"""Shape of an image for :func:`torch_network` and its twin, and the number of classes."""


def torch_network(channels: int, dropout: float) -> Any:
    """A torch network with a convolution, batch norm, dropout and a linear layer."""
    from torch import nn

    features = channels * 4 * 4
    norm, drop = nn.BatchNorm2d(channels), nn.Dropout(dropout)
    return nn.Sequential(nn.Conv2d(3, channels, 3), norm, nn.ReLU(), nn.Flatten(), drop, nn.Linear(features, CLASSES))


def paddle_network(channels: int, dropout: float) -> Any:
    """A paddle network with a convolution, batch norm, dropout and a linear layer."""
    from paddle import nn

    features = channels * 4 * 4
    norm, drop = nn.BatchNorm2D(channels), nn.Dropout(dropout)
    return nn.Sequential(nn.Conv2D(3, channels, 3), norm, nn.ReLU(), nn.Flatten(), drop, nn.Linear(features, CLASSES))


def history_of(rng: np.random.Generator, epochs: int) -> list[dict[str, Any]]:
    """One record for each epoch, as the training loop keeps them."""
    return [{"epoch": epoch + 1, "loss": float(rng.random()), "lr": float(rng.random())} for epoch in range(epochs)]


def scheduled(lr: float, epoch: int) -> dict[str, Any]:
    """Where an exponential schedule with gamma 1/2 stands; exact, for ``lr`` a power of two."""
    return {"epoch": epoch, "base_lr": lr, "lr": lr * 0.5**epoch}


def plain_run(weights: Any, state: Any, lr: float, epoch: int, history: Any) -> dict[str, Any]:
    """The parts of a checkpoint of a run under an exponential schedule with gamma 1/2, in torch's layout."""
    schedule = scheduled(lr, epoch)
    optimizer = {"lr": schedule["lr"], "state": state}
    return {"model": weights, "optimizer": optimizer, "schedule": schedule, "epoch": epoch, "history": history}
