"""A run that is saved, stopped and resumed ends with the bits of a run that was never stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.repeats import Rows, collected, equal_bits
from suites.runs import (
    CLASSES,
    IMAGE,
    OPTIMIZERS,
    SCHEDULES,
    paddle_network,
    powers_of_two,
    torch_network,
    turns,
)


@st.composite
def stopped_runs(draw: st.DrawFn) -> list[Sample]:
    """A small network and images; every optimizer, and the schedules, and the epoch at which the run stops, in turn."""
    left, count = draw(st.integers(1, 2)), draw(st.integers(5, 7))
    seed, turn = draw(seeds), draw(turns)
    rng = generator(seed)
    inputs = {
        "lr": draw(powers_of_two),
        "images": rng.standard_normal((count, *IMAGE), dtype=np.float32),
        "labels": rng.integers(0, CLASSES, count),
        "seed": seed,
    }
    epochs = [(done, done + left) for done in draw(st.permutations((2, 1, 3, 0)))] * 2
    channels = draw(st.integers(1, 4))
    networks = [{"channels": channels, "dropout": (0.5, 0.0)[(turn + place) % 2]} for place in range(len(OPTIMIZERS))]
    schedules = [SCHEDULES[(turn + place) % len(SCHEDULES)] for place in range(len(OPTIMIZERS))]
    names = ("network", "epochs", "optimizer", "schedule")
    turned = zip(networks, epochs, OPTIMIZERS, schedules, strict=True)
    return [Sample({**inputs, **dict(zip(names, each, strict=True))}) for each in turned]


@contract("checkpoint.resume", area="checkpoints", samples=stopped_runs(), tensors=False, share=0.08)
class resume:
    """Epochs before and after a stop give what they give without one, bit for bit: losses, weights and all state.

    Dropout, the order of the images and the learning rate go on where they were.
    """

    @staticmethod
    def torch(network, optimizer, schedule, lr, images, labels, epochs, seed):
        import tempfile
        from pathlib import Path

        import torch

        from conformance.transfer import from_torch
        from reference_impl.torch_impl.checkpoints import load, save
        from reference_impl.torch_impl.dataset import make_loader, set_epoch
        from reference_impl.torch_impl.optimizers import learning_rate, make_optimizer, optimizer_state
        from reference_impl.torch_impl.schedules import make_schedule, schedule_state
        from reference_impl.torch_impl.training import train_epoch, trainable

        def start(seed: int, lr: float) -> tuple[Any, Any, Any]:
            torch.manual_seed(seed)
            model = torch_network(**network)
            updater = make_optimizer(optimizer["name"], trainable(model), lr, **optimizer["hyper"])
            return model, updater, make_schedule(schedule["name"], updater, **schedule["hyper"])

        def train(run: tuple[Any, Any, Any], first: int, last: int) -> list[float]:
            loader, losses = make_loader(Rows(images), 2, shuffle=True, seed=seed), []
            place = run[0][0].weight.device
            set_epoch(loader, first)
            for epoch in range(first, last):
                torch.manual_seed(seed + epoch)
                batches = ((rows.to(place), torch.tensor(labels)[index].to(place)) for rows, index in loader)
                losses.append(train_epoch(run[0], run[1], batches))
                run[2].step()
            return losses

        def seen(run: tuple[Any, Any, Any], losses: Any = ()) -> dict[str, Any]:
            rates = {"losses": np.array(losses), "lr": learning_rate(run[1]), **schedule_state(run[2])}
            return collected(from_torch(run[0]), optimizer_state(run[1], trainable(run[0])), rates)

        done, end = epochs
        whole, stopped, resumed = start(seed, lr), start(seed, lr), start(seed + 1, 1.0)
        losses = train(whole, 0, end)
        train(stopped, 0, done)
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "model.pth", *stopped, done)
            epoch = load(Path(folder) / "model.pth", *resumed).epoch
        loaded = seen(resumed)
        rest = train(resumed, epoch, end)
        return stops(seen(stopped), loaded, seen(whole, losses[done:]), seen(resumed, rest))

    @staticmethod
    def paddle(network, optimizer, schedule, lr, images, labels, epochs, seed):
        import tempfile
        from pathlib import Path

        import paddle

        from conformance.transfer import from_paddle
        from reference_impl.paddle_impl.checkpoints import load, save
        from reference_impl.paddle_impl.dataset import make_loader, set_epoch
        from reference_impl.paddle_impl.optimizers import learning_rate, make_optimizer, optimizer_state
        from reference_impl.paddle_impl.schedules import make_schedule, schedule_state
        from reference_impl.paddle_impl.training import train_epoch, trainable

        def start(seed: int, lr: float) -> tuple[Any, Any, Any]:
            paddle.seed(seed)
            model = paddle_network(**network)
            updater = make_optimizer(optimizer["name"], trainable(model), lr, **optimizer["hyper"])
            return model, updater, make_schedule(schedule["name"], updater, **schedule["hyper"])

        def train(run: tuple[Any, Any, Any], first: int, last: int) -> list[float]:
            loader, losses = make_loader(Rows(images), 2, shuffle=True, seed=seed), []
            set_epoch(loader, first)
            for epoch in range(first, last):
                paddle.seed(seed + epoch)
                batches = ((rows, paddle.to_tensor(labels[index.numpy()])) for rows, index in loader)
                losses.append(train_epoch(run[0], run[1], batches))
                run[2].step()
            return losses

        def seen(run: tuple[Any, Any, Any], losses: Any = ()) -> dict[str, Any]:
            rates = {"losses": np.array(losses), "lr": learning_rate(run[1]), **schedule_state(run[2])}
            return collected(from_paddle(run[0]), optimizer_state(run[1], trainable(run[0]), own_units=True), rates)

        done, end = epochs
        whole, stopped, resumed = start(seed, lr), start(seed, lr), start(seed + 1, 1.0)
        losses = train(whole, 0, end)
        train(stopped, 0, done)
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "model.pdparams", *stopped, done)
            epoch = load(Path(folder) / "model.pdparams", *resumed).epoch
        loaded = seen(resumed)
        rest = train(resumed, epoch, end)
        return stops(seen(stopped), loaded, seen(whole, losses[done:]), seen(resumed, rest))

    @staticmethod
    def oracle(network, optimizer, schedule, lr, images, labels, epochs, seed) -> dict[str, Acceptance]:
        same = accuracy.exact(1.0, "float64")
        return {"loaded": same, "resumed": same, "moved": accuracy.exact(True)}


def stops(stopped: Any, loaded: Any, whole: Any, resumed: Any) -> dict[str, Any]:
    """The share of numbers that a loaded run has of the stopped one, and a resumed run of one without a stop."""
    return {
        "loaded": share(stopped, loaded),
        "resumed": share(whole, resumed),
        "moved": share(stopped, whole) < 1.0,
    }


def share(expected: dict[str, Any], found: dict[str, Any]) -> float:
    """The share of numbers with equal bits; 0 where the names differ."""
    if expected.keys() != found.keys():
        return 0.0
    equal = sum(equal_bits(array, found[name]) for name, array in expected.items())
    return equal / sum(np.size(array) for array in expected.values())
