"""Pairs that are trained in float64, where a right port agrees to many digits, and the training as a user writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import torch

from conformance.lanes import InProcessLane
from conformance.porting.check import Port, Runs
from conformance.porting.compared import Seen, update
from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair
from conformance.transfer import saved
from conformance.transfer.carry import carry
from conformance.transfer.request import Request

MODELS = {
    "cnn": """
from tests.pairs.networks import PaddleNet as PaddleModel, TorchNet as TorchModel
inputs = ("batch", 3, 16, 16)
""",
    "transformer": """
from tests.pairs.transformer import PaddleTagger as PaddleModel, TorchTagger as TorchModel, inputs
""",
}
BOTH = """
import paddle, torch

def without_dropout(layers):
    for layer in layers:
        for name in ("p", "dropout"):
            if isinstance(getattr(layer, name, None), float):
                setattr(layer, name, 0.0)

def torch_model():
    model = TorchModel().double()
    without_dropout(model.modules())
    if hasattr(model, "conv1"):  # before a batch norm its bias has no gradient but noise, which RMSprop makes large
        model.conv1.bias.requires_grad_(False)
    return model

def paddle_model():
    paddle.set_default_dtype("float64")
    try:
        model = PaddleModel()
    finally:
        paddle.set_default_dtype("float32")
    without_dropout(model.sublayers())
    if hasattr(model, "conv1"):
        model.conv1.bias.stop_gradient = True
    return model

def torch_optimizer(parameters):
    return torch.optim.{torch}

def paddle_optimizer(parameters):
    rate = paddle.optimizer.lr.StepDecay({lr}, {after}, 0.5)
    return paddle.optimizer.{paddle}
"""
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "adam": {"torch": "Adam(parameters, lr=1e-2)", "paddle": "Adam(rate, parameters=parameters)"},
    "adamw": {
        "torch": "AdamW(parameters, lr=1e-2, weight_decay=0.1)",
        "paddle": "AdamW(rate, parameters=parameters, weight_decay=0.1)",
    },
    "momentum": {
        "torch": "SGD(parameters, lr=1e-2, momentum=0.9)",
        "paddle": "Momentum(rate, 0.9, parameters)",
    },
    "sgd": {"torch": "SGD(parameters, lr=1e-2)", "paddle": "SGD(rate, parameters)"},
    # Another eps is another update: it is inside the square root in paddle. So is another rate, for its momentum.
    "rmsprop": {
        "torch": "RMSprop(parameters, lr=1e-3, alpha=0.9, eps=1e-30, momentum=0.9, centered=True)",
        "paddle": "RMSProp(rate, 0.9, 1e-30, 0.9, True, parameters=parameters)",
        "lr": 1e-3,
        "after": 11,
    },
    "amsgrad": {
        "torch": "AdamW(parameters, lr=1e-2, weight_decay=0.1, amsgrad=True)",
        "paddle": "AdamW(rate, parameters=parameters, weight_decay=0.1, amsgrad=True)",
    },
    # Paddle's kernels take the betas of these in float32, which holds these betas.
    "nadam": {
        "torch": "NAdam(parameters, lr=1e-2, betas=(0.875, 0.9921875), momentum_decay=0.0078125)",
        "paddle": "NAdam(rate, 0.875, 0.9921875, momentum_decay=0.0078125, parameters=parameters)",
    },
    "radam": {
        "torch": "RAdam(parameters, lr=1e-2, betas=(0.875, 0.9921875))",
        "paddle": "RAdam(rate, 0.875, 0.9921875, parameters=parameters)",
    },
    "adamax": {
        "torch": "Adamax(parameters, lr=1e-2, betas=(0.875, 0.9921875), eps=1e-30)",
        "paddle": "Adamax(rate, 0.875, 0.9921875, 1e-30, parameters=parameters)",
    },
    "adagrad": {
        "torch": "Adagrad(parameters, lr=1e-2, initial_accumulator_value=0.25, eps=1e-6)",
        "paddle": "Adagrad(rate, 1e-6, parameters, initial_accumulator_value=0.25)",
    },
    "adadelta": {
        "torch": "Adadelta(parameters, lr=1.0, rho=0.875, eps=1e-6)",
        "paddle": "Adadelta(rate, 1e-6, 0.875, parameters)",
        "lr": 1.0,
    },
    "nesterov": {
        "torch": "SGD(parameters, lr=1e-2, momentum=0.875, nesterov=True, weight_decay=0.125)",
        "paddle": "Momentum(rate, 0.875, parameters, True, weight_decay=0.125)",
    },
    # Rates and decays of their own: absolute in torch, factors in paddle.
    "groups": {
        "torch": "AdamW([{'params': [p for p in parameters if p.ndim > 1], 'lr': 1e-3}, "
        "{'params': [p for p in parameters if p.ndim < 2], 'weight_decay': 0.5}], "
        "lr=1e-2)",
        "paddle": "AdamW(rate, parameters=[{'params': [p for p in parameters if p.ndim > 1], 'learning_rate': 0.1}, "
        "{'params': [p for p in parameters if p.ndim < 2], 'weight_decay': 0.5}], weight_decay=0.01)",
    },
}
BEFORE, AFTER = 12, 10
"""Updates before a model is carried over, and after."""


def written(folder: Path, model: str, optimizer: str) -> Path:
    """The pair file of one of :data:`MODELS` with one of :data:`OPTIMIZERS`."""
    path = folder / f"{model}_{optimizer}.py"
    path.write_text(MODELS[model] + BOTH.format(**{"lr": 1e-2, "after": 8, **OPTIMIZERS[optimizer]}), "utf-8")
    return path


def transfer(lanes: list[InProcessLane], pair: Path, source: Path, target: Path, **options: Any) -> list[str]:
    """What the command says, its lanes being in this process."""
    by_name = {lane.spec.framework: lane for lane in lanes}
    request = Request(pair, source, target, **options)
    request.check()
    said: list[str] = []
    carry(request, saved.read(source), Port(pair.resolve(), by_name["torch"], by_name["paddle"]), said.append)
    return said


def batches(pair: Pair, model: str, first: int, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Inputs and targets of some steps."""
    for step in range(first, first + count):
        rng = np.random.default_rng(step)
        given = pair.arrays("inputs", 6, rng)[0]
        shape = given.shape[: 2 if model == "transformer" else 1]
        yield given, rng.integers(0, 11 if model == "transformer" else 5, shape)


class TorchRun:
    """A model in torch with its optimizer and its schedule."""

    suffix = ".pth"

    def __init__(self, pair: Pair, kind: str) -> None:
        self.model = pair.model("torch").train()
        assert pair.torch_optimizer is not None
        self.optimizer = pair.torch_optimizer([each for each in self.model.parameters() if each.requires_grad])
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, OPTIMIZERS[kind].get("after", 8), 0.5)

    def values(self) -> dict[str, np.ndarray]:
        """Copies of the model's tensors, by name."""
        return {each.name: tensor.detach().numpy().copy() for each, tensor in inventory(self.model)}

    def step(self, given: np.ndarray, wanted: np.ndarray) -> None:
        """One update."""
        out = self.model(torch.tensor(given.astype("float64") if given.dtype.kind == "f" else given))
        out = out[0].flatten(0, 1) if isinstance(out, tuple) else out
        self.optimizer.zero_grad()
        torch.nn.functional.cross_entropy(out, torch.tensor(wanted).flatten()).backward()
        self.optimizer.step()
        self.schedule.step()

    def save(self, path: Path) -> None:
        """As tutorials do."""
        parts = {"model": self.model, "optimizer": self.optimizer, "scheduler": self.schedule}
        torch.save({**{name: part.state_dict() for name, part in parts.items()}, "epoch": BEFORE}, path)

    def read(self, path: Path) -> dict[str, Any]:
        """What a file holds, by torch."""
        return torch.load(path, weights_only=True)

    def load(self, state: dict[str, Any]) -> None:
        """As tutorials do."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["scheduler"])


class PaddleRun:
    """A model in paddle with its optimizer and its schedule."""

    suffix = ".pdparams"

    def __init__(self, pair: Pair, kind: str) -> None:
        with paddle.utils.unique_name.guard():  # as in a new process
            self.model = pair.model("paddle")
            self.model.train()
            assert pair.paddle_optimizer is not None
            self.optimizer = pair.paddle_optimizer([each for each in self.model.parameters() if not each.stop_gradient])

    def values(self) -> dict[str, np.ndarray]:
        """Copies of the model's tensors, by name."""
        return {each.name: tensor.numpy().copy() for each, tensor in inventory(self.model)}

    def step(self, given: np.ndarray, wanted: np.ndarray) -> None:
        """One update."""
        out = self.model(paddle.to_tensor(given.astype("float64") if given.dtype.kind == "f" else given))
        out = out[0].flatten(0, 1) if isinstance(out, tuple) else out
        self.optimizer.clear_grad()
        paddle.nn.functional.cross_entropy(out, paddle.to_tensor(wanted).flatten()).backward()
        with paddle.utils.unique_name.guard():
            self.optimizer.step()
        self.optimizer._learning_rate.step()

    def save(self, path: Path) -> None:
        """As tutorials do."""
        parts = {"model": self.model, "optimizer": self.optimizer, "scheduler": self.optimizer._learning_rate}
        paddle.save({**{name: part.state_dict() for name, part in parts.items()}, "epoch": BEFORE}, str(path))

    def read(self, path: Path) -> dict[str, Any]:
        """What a file of this test holds, by paddle."""
        return paddle.load(str(path))

    def load(self, state: dict[str, Any]) -> None:
        """As tutorials do: the optimizer sets its schedule."""
        self.model.set_state_dict(state["model"])
        self.optimizer.set_state_dict(state["optimizer"])


RUNS: dict[str, Any] = {"torch": TorchRun, "paddle": PaddleRun}


def trained(pair: Pair, framework: str, model: str, kind: str) -> Any:
    """A run after some updates, the same at every call."""
    torch.manual_seed(0)
    paddle.seed(0)
    run = RUNS[framework](pair, kind)
    for given, wanted in batches(pair, model, 0, BEFORE):
        run.step(given, wanted)
    return run


def apart(port: Port, torch_run: TorchRun, paddle_run: PaddleRun, model: str) -> tuple[list[str], float]:
    """What differs in further updates, by the law of `steps`, and the largest used part of its bound."""
    before = _values(port, (torch_run, paddle_run))
    updates: Runs = ({}, {})
    for step, (given, wanted) in enumerate(batches(port.pair, model, BEFORE, AFTER)):
        torch_run.step(given, wanted)
        paddle_run.step(given, wanted)
        after = _values(port, (torch_run, paddle_run))
        for moves, old, new in zip(updates, before, after, strict=True):
            floats = [name for name, array in new.items() if array.dtype.kind == "f"]
            moves.update({f"updates.{step}.{name}": new[name] - old[name] for name in floats})
        before = after
    seen = Seen()
    wrong = [each.quantity for step in range(AFTER) for each in update(seen, updates, step, {})]
    return wrong, seen.worst["updates"]


def _values(port: Port, runs: tuple[Any, ...]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Both models' values by torch's names and in its layout."""
    torch_values, paddle_values = (run.values() for run in runs)
    matches = port.matching.matches
    return (
        {each.name: each.torch.read(torch_values[each.torch.name]) for each in matches},
        {each.name: each.paddle.read(paddle_values[each.paddle.name]) for each in matches},
    )
