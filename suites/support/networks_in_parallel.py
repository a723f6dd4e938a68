"""A small network that every process has, as each framework writes it and as a formula, and what training makes of it.

The formula follows each process: its gradients, their mean where processes exchange them, and its own parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.products import matmul
from conformance.quantity import Quantity, backward, quantity
from suites.support.processes import RANKS, tensor

LEARNING_RATE = 0.125
"""A power of 2, with which a product rounds nothing."""
Parameters = Mapping[str, np.ndarray]


def drawn(fill: Any, inner: int, inputs: int = 3, outputs: int = 2) -> dict[str, np.ndarray]:
    """Parameters of a network: weights, a bias, a number without axes, and a weight of another way."""
    return {
        "first": fill((inputs, inner)),
        "shift": fill((inner,)),
        "scale": fill(()),
        "second": fill((inner, outputs)),
        "other": fill((inputs, outputs)),
    }


def batches(fill: Any, rows: Sequence[int], inputs: int = 3, outputs: int = 2) -> list[list[np.ndarray]]:
    """Of each process: rows of inputs, and what the results are multiplied with before they are added up."""
    return [[fill((count, inputs)), fill((count, outputs))] for count in rows]


def torch_network(parameters: Parameters, frozen: Sequence[str] = ()) -> Any:
    """The network as a module of torch; frozen: parameters without gradient."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, array in parameters.items():
                made = torch.nn.Parameter(tensor("torch", array), requires_grad=name not in frozen)
                self.register_parameter(name, made)

        def forward(self, x: Any, way: str = "both") -> Any:
            return passed(self, torch.matmul, x, way)

    return Network()


def paddle_network(parameters: Parameters, frozen: Sequence[str] = ()) -> Any:
    """The network as a layer of paddle."""
    import paddle

    class Network(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            for name, array in parameters.items():
                given = tensor("paddle", array)
                made = self.create_parameter(given.shape, dtype=array.dtype.name)
                made.set_value(given)
                made.stop_gradient = name in frozen
                self.add_parameter(name, made)

        def forward(self, x: Any, way: str = "both") -> Any:
            return passed(self, paddle.matmul, x, way)

    return Network()


def passed(network: Any, product: Any, x: Any, way: str) -> Any:
    """What the network makes of rows, by its long way, its short one ("other"), or both."""
    short = product(x, network.other) if way != "long" else None
    if way == "short":
        return short
    long = product((product(x, network.first) + network.shift) * network.scale, network.second)
    return long if short is None else long + short


class Formula:
    """The parameters of one process as quantities."""

    def __init__(self, parameters: Parameters, frozen: Sequence[str] = ()) -> None:
        self.frozen = frozen
        self.parameters = {name: _leaf(quantity(array)) for name, array in parameters.items()}

    def gradients(self, batch: Sequence[np.ndarray], way: str = "both") -> dict[str, Quantity]:
        """Of the sum of the results, each times its number; without those of parameters that have or need none."""
        x, upstream = batch
        output = passed(_Named(self.parameters), matmul, quantity(x), way)
        names = [name for name in self.parameters if name not in self.frozen]
        found = backward([(output, upstream)], [self.parameters[name] for name in names])
        return {name: each for name, each in zip(names, found, strict=True) if each is not None}

    def step(self, gradients: Mapping[str, Quantity]) -> None:
        """Stochastic gradient descent."""
        for name, each in gradients.items():
            self.parameters[name] = _leaf((self.parameters[name] - each * LEARNING_RATE).plain)


class _Named:
    def __init__(self, parameters: Mapping[str, Quantity]) -> None:
        vars(self).update(parameters)


def _leaf(found: Quantity) -> Quantity:
    found.variable = True
    return found


def mean(gradients: Sequence[Mapping[str, Quantity]]) -> dict[str, Quantity]:
    """Of all processes: one that has no gradient of a parameter counts as 0; where none has one there is none."""
    names = dict.fromkeys(name for each in gradients for name in each)
    return {name: _mean([each[name] for each in gradients if name in each]) for name in names}


def _mean(terms: Sequence[Quantity]) -> Quantity:
    total = terms[0].plain
    for each in terms[1:]:
        total = total + each.plain
    return total * (1.0 / RANKS)


def stepped_by_torch(wrapped: Any, network: Any, batch: Sequence[np.ndarray], way: str = "both") -> None:
    """Go forward and back with the batch of a process."""
    x, upstream = (tensor("torch", each) for each in batch)
    (wrapped(x, way) * upstream).sum().backward()


def stepped_by_paddle(wrapped: Any, network: Any, batch: Sequence[np.ndarray], way: str = "both") -> None:
    """The same with paddle."""
    x, upstream = (tensor("paddle", each) for each in batch)
    (wrapped(x, way) * upstream).sum().backward()


def gradients_of(network: Any, or_zeros: bool = False) -> dict[str, Any]:
    """Copies of the gradients that a network has now; or_zeros: of a parameter without one, too."""
    found = {}
    for name, each in network.named_parameters():
        if each.grad is not None:
            found[f"gradient.{name}"] = each.grad.clone()
        elif or_zeros:
            found[f"gradient.{name}"] = each.detach() * 0
    return found
