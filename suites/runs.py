"""Training runs as the suites stop and resume them: optimizers with their state, a small network, plain histories."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.strategies import real
from suites.layers import COUNTER

OPTIMIZERS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "sgd": {},
    "momentum": {"momentum": st.sampled_from((0.5, 0.9)), "nesterov": st.booleans()},
    "adam": {"beta1": st.sampled_from((0.9, 0.5)), "beta2": st.sampled_from((0.999, 0.99))},
    "adamw": {"beta1": st.sampled_from((0.9, 0.5)), "beta2": st.sampled_from((0.999, 0.99))},
    "rmsprop": {"momentum": st.sampled_from((0.0, 0.9)), "centered": st.booleans(), "eps": st.just(1e-4)},
}
SCHEDULES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "constant": {},
    "step": {"step_size": st.integers(1, 3), "gamma": st.just(0.5)},
    "multi_step": {"milestones": st.lists(st.integers(1, 5), max_size=3, unique=True).map(sorted)},
    "exponential": {"gamma": st.sampled_from((0.5, 0.9))},
    "cosine": {"T_max": st.integers(1, 6)},
}
powers_of_two = st.integers(-8, -3).map(lambda exponent: 2.0**exponent)
"""Learning rates by which RMSprop's momentum is multiplied and divided, between the frameworks, without rounding."""


@st.composite
def choices(draw: st.DrawFn, table: dict[str, dict[str, st.SearchStrategy[Any]]]) -> dict[str, Any]:
    """The name of an optimizer or schedule, and hyperparameters for it."""
    name = draw(st.sampled_from(sorted(table)))
    return {"name": name, "hyper": draw(st.fixed_dictionaries(table[name]))}


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
