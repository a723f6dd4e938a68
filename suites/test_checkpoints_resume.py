"""A run that is saved, stopped and resumed ends with the bits of a run that was never stopped."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.repeats import collected, equal_bits
from suites.runs import (
    CLASSES,
    IMAGE,
    OPTIMIZERS,
    SCHEDULES,
    epochs_done,
    paddle_network,
    powers_of_two,
    torch_network,
    turns,
)
from suites.test_training_loop import image_bytes


@st.composite
def stopped_runs(draw: st.DrawFn) -> list[Sample]:
    """A small network, a batch for each epoch, the epoch of the stop; every optimizer, the schedules in turn."""
    done, left, batch = draw(epochs_done), draw(st.integers(1, 2)), draw(st.integers(2, 4))
    seed, turn = draw(seeds), draw(turns)
    rng = generator(seed)
    inputs = {
        "network": {"channels": draw(st.integers(1, 4)), "dropout": draw(st.sampled_from((0.5, 0.0)))},
        "lr": draw(powers_of_two),
        "images": rng.standard_normal((done + left, batch, *IMAGE), dtype=np.float32),
        "labels": rng.integers(0, CLASSES, (done + left, batch)),
        "done": done,
        "seed": seed,
    }
    schedules = [SCHEDULES[(turn + place) % len(SCHEDULES)] for place in range(len(OPTIMIZERS))]
    pairs = zip(OPTIMIZERS, schedules, strict=True)
    return [Sample({**inputs, "optimizer": optimizer, "schedule": schedule}) for optimizer, schedule in pairs]


@contract("checkpoint.resume", area="checkpoints", samples=stopped_runs(), tensors=False, share=0.08)
class resume:
    """Epochs before and after a stop give, bit for bit, what they give without one: with dropout and schedule too."""

    @staticmethod
    def torch(network, optimizer, schedule, lr, images, labels, done, seed):
        import tempfile
        from pathlib import Path

        import torch

        from reference_impl.torch_impl.checkpoints import load, save
        from reference_impl.torch_impl.optimizers import learning_rate, make_optimizer, optimizer_state
        from reference_impl.torch_impl.schedules import make_schedule, schedule_state
        from reference_impl.torch_impl.training import train_step, trainable
        from reference_impl.transfer import from_torch

        def start(seed: int, lr: float) -> tuple[Any, Any, Any]:
            torch.manual_seed(seed)
            model = torch_network(**network)
            updater = make_optimizer(optimizer["name"], trainable(model), lr, **optimizer["hyper"])
            return model, updater, make_schedule(schedule["name"], updater, **schedule["hyper"])

        def train(run: tuple[Any, Any, Any], first: int, last: int) -> tuple[Any, Any, Any]:
            for epoch in range(first, last):
                torch.manual_seed(seed + epoch)
                train_step(run[0], run[1], torch.tensor(images[epoch]), torch.tensor(labels[epoch]))
                run[2].step()
            return run

        def seen(run: tuple[Any, Any, Any]) -> dict[str, Any]:
            rates = {"lr": learning_rate(run[1]), **schedule_state(run[2])}
            return collected(from_torch(run[0]), optimizer_state(run[1], trainable(run[0])), rates)

        whole = seen(train(start(seed, lr), 0, len(images)))
        stopped = train(start(seed, lr), 0, done)
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "model.pth", *stopped, done)
            resumed = start(seed + 1, 1.0)
            epoch = load(Path(folder) / "model.pth", *resumed).epoch
        loaded = seen(resumed)
        return stops(seen(stopped), loaded, whole, seen(train(resumed, epoch, len(images))))

    @staticmethod
    def paddle(network, optimizer, schedule, lr, images, labels, done, seed):
        import tempfile
        from pathlib import Path

        import paddle

        from reference_impl.paddle_impl.checkpoints import load, save
        from reference_impl.paddle_impl.optimizers import learning_rate, make_optimizer, optimizer_state
        from reference_impl.paddle_impl.schedules import make_schedule, schedule_state
        from reference_impl.paddle_impl.training import train_step, trainable
        from reference_impl.transfer import from_paddle

        def start(seed: int, lr: float) -> tuple[Any, Any, Any]:
            paddle.seed(seed)
            model = paddle_network(**network)
            updater = make_optimizer(optimizer["name"], trainable(model), lr, **optimizer["hyper"])
            return model, updater, make_schedule(schedule["name"], updater, **schedule["hyper"])

        def train(run: tuple[Any, Any, Any], first: int, last: int) -> tuple[Any, Any, Any]:
            for epoch in range(first, last):
                paddle.seed(seed + epoch)
                train_step(run[0], run[1], paddle.to_tensor(images[epoch]), paddle.to_tensor(labels[epoch]))
                run[2].step()
            return run

        def seen(run: tuple[Any, Any, Any]) -> dict[str, Any]:
            rates = {"lr": learning_rate(run[1]), **schedule_state(run[2])}
            return collected(from_paddle(run[0]), optimizer_state(run[1], trainable(run[0]), own_units=True), rates)

        whole = seen(train(start(seed, lr), 0, len(images)))
        stopped = train(start(seed, lr), 0, done)
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "model.pdparams", *stopped, done)
            resumed = start(seed + 1, 1.0)
            epoch = load(Path(folder) / "model.pdparams", *resumed).epoch
        loaded = seen(resumed)
        return stops(seen(stopped), loaded, whole, seen(train(resumed, epoch, len(images))))

    @staticmethod
    def oracle(network, optimizer, schedule, lr, images, labels, done, seed) -> dict[str, Acceptance]:
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


def commanded_runs() -> st.SearchStrategy[Sample]:
    """A few image files with labels for the training command."""

    def make(seed: int, count: int) -> Sample:
        rng = generator(seed)
        files = [{"name": f"{place}.png", "data": image_bytes(rng, 34, 36, "PNG")} for place in range(count)]
        return Sample({"files": files, "labels": [place % 3 for place in range(count)], "seed": seed})

    return st.builds(make, seeds, st.integers(7, 9))  # so many that no two orders are alike by chance


ON_CPU = dict.fromkeys(("*:cuda", "*:gpu"), "the training command runs on the CPU")


@contract(
    "checkpoint.command", area="checkpoints", samples=commanded_runs(), tensors=False, share=0.05, unsupported=ON_CPU
)
class command:
    """``train`` for two epochs, and for one and one more with ``--resume``, write the same history and weights."""

    @staticmethod
    def torch(files, labels, seed):
        from reference_impl.torch_impl.training import train

        return twice("torch", train, files, labels, seed)

    @staticmethod
    def paddle(files, labels, seed):
        from reference_impl.paddle_impl.training import train

        return twice("paddle", train, files, labels, seed)

    @staticmethod
    def oracle(files, labels, seed) -> dict[str, Acceptance]:
        return {
            "epochs": accuracy.exact([1, 2]),
            "history": accuracy.exact(True),
            "weights": accuracy.exact(1.0, "float64"),
        }


def twice(framework: str, train: Any, files: Any, labels: Any, seed: int) -> dict[str, Any]:
    """A whole run's history and checkpoint against those of a run in two parts."""
    import tempfile
    from pathlib import Path

    from reference_impl import checkpoint
    from reference_impl.options import Options, resumed

    with tempfile.TemporaryDirectory() as folder:
        data, whole, part = (Path(folder) / name for name in ("data", "whole", "part"))
        data.mkdir()
        for file in files:
            (data / file["name"]).write_bytes(file["data"])
        rows = [f"{file['name']},{label}" for file, label in zip(files, labels, strict=True)]
        (data / "labels.csv").write_text("\n".join(["file,label", *rows]))
        common: dict[str, Any] = {"framework": framework, "data": data}
        kept: dict[str, Any] = {
            "batch_size": 2,
            "dropout": 0.5,
            "schedule": "exponential",
            "schedule_options": {"gamma": 0.5},
        }
        options = Options(out=whole, epochs=2, seed=seed, **kept, **common)
        train(options)
        first = Options(out=part, epochs=1, seed=seed, **kept, **common)
        train(first)
        found = checkpoint.read(first.checkpoint_path)
        train(resumed({"out": part, "epochs": 2, "resume": first.checkpoint_path, **common}, found))
        ends = [checkpoint.read(run.checkpoint_path) for run in (options, first)]
    return {
        "epochs": np.array([record["epoch"] for record in ends[1].history]),
        "history": json.dumps(ends[0].history) == json.dumps(ends[1].history),
        "weights": share(ends[0].model, ends[1].model),
    }
