"""Checkpoints: what a training run writes comes back bit for bit, in its own framework's hands and in the other's.

A lane has one framework only. What the other one would have written is made from the sample by ``suites.archives``.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.archives import checkpoint_bytes, checkpoint_tree
from suites.layers import COUNTER, KINDS, paddle_layer, torch_layer, weight_shapes
from suites.runs import history_of, optimized_layers, optimizer_arrays, plain_run, powers_of_two, scheduled
from suites.test_transfer import as_bits, bits


def arbitrary(rng: np.random.Generator, state: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """The same state with arrays of any bits at all, but for what RMSprop multiplies on its way."""
    kept = ("step", "momentum_buffer")
    return {
        name: {slot: array if slot in kept else bits(rng, array.shape) for slot, array in arrays.items()}
        for name, arrays in state.items()
    }


def counts(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The batches that torch's batch norm has seen. Paddle keeps no such count, so its lane returns what is asked."""
    return {name: array for name, array in state.items() if name.endswith(COUNTER)}


def as_state_bits(state: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """Optimizer state as bit patterns; RMSprop's momentum travels in float64 and is float32 at both ends."""
    return {
        name: {
            slot: array if slot == "step" else array.astype(np.float32, copy=False).view(np.int32)
            for slot, array in arrays.items()
        }
        for name, arrays in state.items()
    }


@st.composite
def saved_runs(draw: st.DrawFn) -> list[Sample]:
    """Layers and their optimizers with anything in them, after some epochs of an exponential schedule."""
    rng, lr = generator(draw(seeds)), draw(powers_of_two)
    epochs, samples = itertools.cycle(draw(st.permutations((2, 1, 3, 0)))), []
    for inputs in draw(optimized_layers(KINDS)):
        epoch = next(epochs)
        shapes = weight_shapes(inputs["kind"], inputs["sizes"])
        weights = {name: bits(rng, shape) for name, shape in shapes.items()}
        if inputs["kind"] == "batch_norm":
            weights[COUNTER] = np.asarray(rng.integers(1, 2**40))
        state = arbitrary(rng, optimizer_arrays(rng, inputs["optimizer"], shapes))
        run = {"weights": weights, "state": state, "lr": lr, "epoch": epoch, "history": history_of(rng, epoch)}
        samples.append(Sample({**inputs, **run}))
    return samples


@contract(
    "checkpoint.round_trip",
    area="checkpoints",
    samples=saved_runs(),
    tensors=False,
    share=0.13,
    may_be_zero=("file.schedule.epoch", "run.schedule.epoch"),
)
class round_trip:
    """Weights, optimizer state, schedule, epoch and history come back bit for bit, in a file and in a fresh run."""

    @staticmethod
    def torch(kind, sizes, weights, optimizer, state, lr, epoch, history):
        import tempfile
        from pathlib import Path

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl import checkpoint
        from reference_impl.torch_impl.checkpoints import load, save
        from reference_impl.torch_impl.optimizers import (
            learning_rate,
            load_optimizer_state,
            make_optimizer,
            optimizer_state,
        )
        from reference_impl.torch_impl.schedules import load_schedule_state, make_schedule, schedule_state

        def start(lr: float) -> tuple[Any, Any, Any]:
            model = torch_layer(kind, sizes)
            updater = make_optimizer(optimizer["name"], model.named_parameters(), lr, **optimizer["hyper"])
            return model, updater, make_schedule("exponential", updater, gamma=0.5)

        model, updater, schedule = start(lr)
        load_into_torch(model, weights)
        load_schedule_state(schedule, scheduled(lr, epoch))
        load_optimizer_state(updater, model.named_parameters(), state)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.pth"
            save(path, model, updater, schedule, epoch, {"lr": lr}, history)
            file = checkpoint.read(path)
            fresh, updater, schedule = start(1.0)
            loaded = load(path, fresh, updater, schedule)
        return {
            "file": as_bits(file.portable_model(model)),
            "file.state": as_state_bits(in_torch_words(file.optimizer_state(model, "torch"), file.optimizer["lr"])),
            "file.schedule": file.schedule,
            "file.counts": counts(file.portable_model(model)),
            "run": as_bits(from_torch(fresh)),
            "run.counts": counts(from_torch(fresh)),
            "run.state": as_state_bits(optimizer_state(updater, fresh.named_parameters())),
            "run.schedule": schedule_state(schedule),
            "run.lr": learning_rate(updater),
            "rest": json.dumps([loaded.epoch, loaded.options, loaded.history]),
        }

    @staticmethod
    def paddle(kind, sizes, weights, optimizer, state, lr, epoch, history):
        import tempfile
        from pathlib import Path

        from conformance.transfer import (
            from_paddle,
            load_into_paddle,
            optimizer_to_paddle,
            optimizer_to_portable,
            places,
        )
        from reference_impl import checkpoint
        from reference_impl.paddle_impl.checkpoints import load, save
        from reference_impl.paddle_impl.optimizers import (
            learning_rate,
            load_optimizer_state,
            make_optimizer,
            optimizer_state,
        )
        from reference_impl.paddle_impl.schedules import load_schedule_state, make_schedule, schedule_state

        def start(lr: float) -> tuple[Any, Any, Any]:
            model = paddle_layer(kind, sizes)
            updater = make_optimizer(optimizer["name"], model.named_parameters(), lr, **optimizer["hyper"])
            return model, updater, make_schedule("exponential", updater, gamma=0.5)

        model, updater, schedule = start(lr)
        load_into_paddle(model, weights)
        load_schedule_state(schedule, scheduled(lr, epoch))
        load_optimizer_state(updater, model.named_parameters(), optimizer_to_paddle(state, places(model)))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.pdparams"
            save(path, model, updater, schedule, epoch, {"lr": lr}, history)
            file = checkpoint.read(path)
            fresh, updater, schedule = start(1.0)
            loaded = load(path, fresh, updater, schedule)
        after = optimizer_to_portable(optimizer_state(updater, fresh.named_parameters()), places(fresh))
        return {
            "file": as_bits(file.portable_model(model)),
            "file.state": as_state_bits(in_torch_words(file.optimizer_state(model, "torch"), file.optimizer["lr"])),
            "file.schedule": file.schedule,
            "file.counts": counts(weights),
            "run": as_bits(from_paddle(fresh)),
            "run.counts": counts(weights),
            "run.state": as_state_bits(after),
            "run.schedule": schedule_state(schedule),
            "run.lr": learning_rate(updater),
            "rest": json.dumps([loaded.epoch, loaded.options, loaded.history]),
        }

    @staticmethod
    def oracle(kind, sizes, weights, optimizer, state, lr, epoch, history) -> dict[str, Acceptance]:
        accepted = {"run.lr": accuracy.exact(lr * 0.5**epoch, "float64")}
        for place in ("file", "run"):
            accepted |= {f"{place}.{name}": accuracy.exact(array) for name, array in as_bits(weights).items()}
            accepted |= {f"{place}.counts.{name}": accuracy.exact(array) for name, array in counts(weights).items()}
            for name, arrays in as_state_bits(state).items():
                accepted |= {f"{place}.state.{name}.{slot}": accuracy.exact(array) for slot, array in arrays.items()}
            for key, value in scheduled(lr, epoch).items():
                accepted[f"{place}.schedule.{key}"] = accuracy.exact(value, None if key == "epoch" else "float64")
        return {**accepted, "rest": accuracy.exact(json.dumps([epoch, {"lr": lr}, history]))}


def in_torch_words(state: dict[str, dict[str, np.ndarray]], lr: float) -> dict[str, dict[str, np.ndarray]]:
    """Optimizer state from a file, with RMSprop's momentum in torch's meaning."""
    from conformance.transfer.slots import momentum_buffer

    return {
        name: {
            slot.replace("update_buffer", "momentum_buffer"): momentum_buffer(arrays, lr)
            if slot == "update_buffer"
            else array
            for slot, array in arrays.items()
        }
        for name, arrays in state.items()
    }


@contract(
    "checkpoint.own_loader",
    covers=(
        "serial.torch.load",
        "serial.paddle.load",
    ),
    area="checkpoints",
    samples=saved_runs(),
    tensors=False,
    share=0.08,
)
class own_loader:
    """The framework's own loader reads the weights of a checkpoint, of ``save`` and of one written without it."""

    @staticmethod
    def torch(kind, sizes, weights, optimizer, state, lr, epoch, history):
        import tempfile
        from pathlib import Path

        import torch

        from conformance.transfer import from_torch, load_into_torch, places
        from reference_impl.torch_impl.checkpoints import save
        from reference_impl.torch_impl.optimizers import load_optimizer_state, make_optimizer

        model = torch_layer(kind, sizes)
        load_into_torch(model, weights)
        updater = make_optimizer(optimizer["name"], model.named_parameters(), lr, **optimizer["hyper"])
        load_optimizer_state(updater, model.named_parameters(), state)
        run = plain_run(weights, state, lr, epoch, history)
        found = {}
        with tempfile.TemporaryDirectory() as folder:
            saved, plain = Path(folder) / "saved.pth", Path(folder) / "plain.pth"
            save(saved, model, updater, None, epoch, {}, history)
            plain.write_bytes(checkpoint_bytes(checkpoint_tree(run, ".pth", places(model)), ".pth"))
            for path in (saved, plain):
                fresh = torch_layer(kind, sizes)
                fresh.load_state_dict(torch.load(path, weights_only=True)["model"])
                found[path.stem] = {**as_bits(from_torch(fresh)), **counts(from_torch(fresh))}
        return found

    @staticmethod
    def paddle(kind, sizes, weights, optimizer, state, lr, epoch, history):
        import tempfile
        from pathlib import Path

        import paddle

        from conformance.transfer import from_paddle, load_into_paddle, optimizer_to_paddle, places
        from reference_impl.paddle_impl.checkpoints import save
        from reference_impl.paddle_impl.optimizers import load_optimizer_state, make_optimizer

        model = paddle_layer(kind, sizes)
        load_into_paddle(model, weights)
        updater = make_optimizer(optimizer["name"], model.named_parameters(), lr, **optimizer["hyper"])
        load_optimizer_state(updater, model.named_parameters(), optimizer_to_paddle(state, places(model)))
        run = plain_run(weights, state, lr, epoch, history)
        found = {}
        with tempfile.TemporaryDirectory() as folder:
            saved, plain = Path(folder) / "saved.pdparams", Path(folder) / "plain.pdparams"
            save(saved, model, updater, None, epoch, {}, history)
            plain.write_bytes(checkpoint_bytes(checkpoint_tree(run, ".pdparams", places(model)), ".pdparams"))
            for path in (saved, plain):
                fresh = paddle_layer(kind, sizes)
                fresh.set_state_dict(paddle.load(str(path))["model"])
                found[path.stem] = {**as_bits(from_paddle(fresh)), **counts(weights)}
        return found

    @staticmethod
    def oracle(kind, sizes, weights, optimizer, state, lr, epoch, history) -> dict[str, Acceptance]:
        whole = {**as_bits(weights), **counts(weights)}
        return {f"{file}.{name}": accuracy.exact(whole[name]) for file in ("saved", "plain") for name in whole}
