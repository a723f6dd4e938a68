"""From image files to a trained network: a first step on files, and several steps in a row that build on each other."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from conformance import Acceptance, Sample, accuracy, contract
from conformance.deferred import Deferred
from conformance.strategies import generator, seeds
from reference_impl.oracle import models, vision
from reference_impl.oracle import optimizers as oracle
from reference_impl.oracle.rounding import Bounded
from suites.models import paddle_cnn, seeded_cnn_weights, torch_cnn
from suites.shared import Shared
from suites.test_optimizers import FLOAT32_BETAS, ROUNDING
from suites.test_training import PRE_ACTIVATIONS, portable_gradients, step_oracle, watch

FORMATS = ("PNG", "BMP", "JPEG", "TIFF", "WebP")
ADAM: dict[str, Any] = {"name": "adam", "hyper": {"lr": 1e-3}}
MEAN, STD = (0.4, 0.5, 0.6), (0.25, 0.3, 0.2)


def image_bytes(rng: np.random.Generator, height: int, width: int, kind: str) -> bytes:
    """A file of smooth random colours; JPEG and WebP lose detail, but decode to the same pixels for everybody."""
    coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def file_samples() -> st.SearchStrategy[Sample]:
    """Image files of several formats and sizes with labels; a network to take the first step of."""

    def make(seed: int, sizes: list[tuple[int, int]], kinds: list[str], relu: bool) -> Sample:
        rng = generator(seed)
        files = [
            {"name": f"{place}.{kind.lower()}", "data": image_bytes(rng, *size, kind)}
            for place, (size, kind) in enumerate(zip(sizes, kinds, strict=False))
        ]
        labels = [int(label) for label in rng.integers(0, 10, len(files))]
        return Sample({"files": files, "labels": labels, "relu": relu, "seed": seed})

    side = st.integers(32, 48)
    sizes = st.lists(st.tuples(side, side), min_size=1, max_size=3)
    kinds = st.lists(st.sampled_from(FORMATS), min_size=3, max_size=3)
    return st.builds(make, seeds, sizes, kinds, st.booleans())


@contract("train.from_files", area="training step", samples=file_samples(), tensors=False, conditioned=True, share=0.2)
class from_files:
    """Image files, through transforms and DataLoader, give the same batch, and the first Adam step on it agrees."""

    @staticmethod
    def torch(files, labels, relu, seed):
        import tempfile
        from pathlib import Path

        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.dataset import CustomDataset, make_loader
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable
        from reference_impl.torch_impl.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / file["name"] for file in files]
            for path, file in zip(paths, files, strict=True):
                path.write_bytes(file["data"])
            transform = Compose([Resize(32), CenterCrop(32), ToTensor(), Normalize(MEAN, STD)])
            dataset = CustomDataset(paths, labels, transform)
            ((images, targets),) = list(make_loader(dataset, batch_size=len(paths)))
        model = torch_cnn(relu)
        load_into_torch(model, seeded_cnn_weights(seed))
        seen = watch(model, "register_forward_hook")
        parameters = trainable(model)
        updater = make_optimizer("adam", parameters, lr=1e-3)
        place = parameters[0][1].device
        result = train_step(model, updater, images.to(place), targets.to(place))
        after = optimizer_state(updater, parameters)
        gradients = {name: parameter.grad for name, parameter in parameters}
        batch = {"images": torch.as_tensor(images).numpy(), "labels": torch.as_tensor(targets).numpy()}
        return {**batch, **seen(), **result, "gradient": gradients, "parameter": from_torch(model), "state": after}

    @staticmethod
    def paddle(files, labels, relu, seed):
        import tempfile
        from pathlib import Path

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.dataset import CustomDataset, make_loader
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable
        from reference_impl.paddle_impl.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor
        from suites.test_training import portable_state

        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / file["name"] for file in files]
            for path, file in zip(paths, files, strict=True):
                path.write_bytes(file["data"])
            transform = Compose([Resize(32), CenterCrop(32), ToTensor(), Normalize(MEAN, STD)])
            dataset = CustomDataset(paths, labels, transform)
            ((images, targets),) = list(make_loader(dataset, batch_size=len(paths)))
        model = paddle_cnn(relu)
        load_into_paddle(model, seeded_cnn_weights(seed))
        seen = watch(model, "register_forward_post_hook")
        parameters = trainable(model)
        updater = make_optimizer("adam", parameters, lr=1e-3)
        result = train_step(model, updater, images, targets)
        after = portable_state(optimizer_state(updater, parameters))
        gradients = portable_gradients(parameters)
        batch = {"images": images.numpy(), "labels": targets.numpy()}
        return {**batch, **seen(), **result, "gradient": gradients, "parameter": from_paddle(model), "state": after}

    @staticmethod
    def oracle(files, labels, relu, seed, observed) -> Deferred:
        return files_oracle(files, labels, relu, seed, observed)

    @staticmethod
    def variant_float32_betas(files, labels, relu, seed, observed) -> Deferred:
        return files_oracle(files, labels, relu, seed, observed, **FLOAT32_BETAS)

    @staticmethod
    def variant_reciprocal_float32_betas(files, labels, relu, seed, observed) -> Deferred:
        """Besides, ToTensor multiplies each level by the rounded 1 / 255."""
        return files_oracle(files, labels, relu, seed, observed, reciprocal=True, **FLOAT32_BETAS)


def files_oracle(files, labels, relu, seed, observed, reciprocal=False, **options) -> Deferred:
    """The batch from Pillow's pixels by the oracle's own transforms; the step from the batch that the lane had."""
    rows = []
    for file in files:
        pixels = np.asarray(Image.open(io.BytesIO(file["data"])).convert("RGB"))
        pixels = vision.center_crop(vision.resize(pixels, 32, "bilinear", mode="RGB"), 32)
        rows.append(vision.normalize(vision.to_tensor(pixels, "RGB", reciprocal), MEAN, STD))
    images = np.stack([row.value for row in rows])
    accepted = {
        "images": Acceptance(images, np.stack([row.bound(1.0) for row in rows]), dtype="float32"),
        "labels": accuracy.exact(np.asarray(labels), "int64"),
    }
    batch = observed.get("images", images)
    weights = seeded_cnn_weights(seed)
    found = Deferred(accepted)
    found.include(step_oracle(batch, np.asarray(labels), relu, weights, {}, ADAM, {}, observed, **options))
    return found


STEPS = 6


def loop_samples() -> st.SearchStrategy[Sample]:
    """A small network's start, and the batches of the loop, by seed."""

    def make(seed: int, relu: bool, batch: int) -> Sample:
        rng = generator(seed)
        images = rng.random((2 * batch, 3, 32, 32), dtype=np.float32)
        return Sample(
            {"images": images, "labels": rng.integers(0, 10, 2 * batch), "relu": relu, "batch": batch, "seed": seed}
        )

    return st.builds(make, seeds, st.booleans(), st.integers(2, 3))


@contract("train.loop", area="training loop", samples=loop_samples(), tensors=False, conditioned=True, share=0.085)
class loop:
    """Six Adam steps over two batches in turn: losses, gradients, parameters and the final state stay within bounds.

    Each step is judged from the lane's own parameters, judged after the step before, and the optimizer's from its own
    gradients; its moments are carried from step to step. How far the losses grow apart from float64's is reported.
    """

    @staticmethod
    def torch(images, labels, relu, batch, seed):
        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable

        model = torch_cnn(relu)
        load_into_torch(model, seeded_cnn_weights(seed))
        updater = make_optimizer("adam", trainable(model), lr=1e-3)
        result: dict[str, Any] = {}
        for step in range(STEPS):
            rows = rows_of(step, batch)
            seen = watch(model, "register_forward_hook")
            taken = train_step(model, updater, torch.tensor(images[rows]), torch.tensor(labels[rows]))
            gradients = {name: parameter.grad.clone() for name, parameter in trainable(model)}
            result[f"step{step}"] = {**taken, **seen(), "gradient": gradients, "parameter": from_torch(model)}
        return {**result, "state": optimizer_state(updater, trainable(model))}

    @staticmethod
    def paddle(images, labels, relu, batch, seed):
        import paddle

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable
        from suites.test_training import portable_gradients, portable_state

        model = paddle_cnn(relu)
        load_into_paddle(model, seeded_cnn_weights(seed))
        updater = make_optimizer("adam", trainable(model), lr=1e-3)
        result: dict[str, Any] = {}
        for step in range(STEPS):
            rows = rows_of(step, batch)
            seen = watch(model, "register_forward_post_hook")
            taken = train_step(model, updater, paddle.to_tensor(images[rows]), paddle.to_tensor(labels[rows]))
            gradients = {name: gradient.clone() for name, gradient in portable_gradients(trainable(model)).items()}
            result[f"step{step}"] = {**taken, **seen(), "gradient": gradients, "parameter": from_paddle(model)}
        return {**result, "state": portable_state(optimizer_state(updater, trainable(model)))}

    @staticmethod
    def oracle(images, labels, relu, batch, seed, observed) -> Deferred:
        return loop_oracle(images, labels, relu, batch, seed, observed)

    @staticmethod
    def variant_float32_betas(images, labels, relu, batch, seed, observed) -> Deferred:
        return loop_oracle(images, labels, relu, batch, seed, observed, **FLOAT32_BETAS)


def loop_oracle(images, labels, relu, batch, seed, observed, **options) -> Deferred:
    """The acceptances of all steps: of each, as the lane came to it, and of the losses, beside those of float64 alone.

    A loss may differ from that of the float64 trajectory by what the differences of the parameters, all of them judged,
    can make of it to first order, by what they do make of it in float64, and by the rounding of its own step.
    """
    sample = (images, labels, relu, batch, seed)
    accepted = Deferred()
    runs = lane_runs(*sample, observed=observed)

    @functools.cache
    def after(step: int, name: str) -> oracle.Step:
        variable = runs[step].parameters[name]
        gradient = observed.get(f"step{step}.gradient.{name}", variable.gradient)
        return adam_step(variable.value, gradient, after(step - 1, name) if step else None, **options)

    def later(key: str, step: int, name: str, quantity: str) -> None:
        accepted.later([key], lambda: {key: within(after(step, name)[quantity])})

    for step, (run, alone) in enumerate(zip(runs, runs_alone(*sample, observed={}), strict=True)):
        prefix = f"step{step}."
        accepted.include({prefix + name: item for name, item in judged_step(run, alone).items()})
        for name in run.parameters:
            later(f"{prefix}parameter.{name}", step, name, "parameter")
    for name in runs[-1].parameters:
        accepted.include({f"state.{name}.step": accuracy.exact(np.asarray(STEPS), "int64")})
        for slot in ("m", "v"):
            later(f"state.{name}.{slot}", STEPS - 1, name, slot)
    return accepted


def judged_step(run: models.Run, alone: models.Run) -> dict[str, Acceptance]:
    """The network's part of a step: activations and gradients as of train.step, and the loss."""
    chain = accuracy.CHAIN
    accepted = {}
    for name in (*PRE_ACTIVATIONS, "logits"):
        variable = run.activations[name]
        accepted[name] = accuracy.chain(variable.value, variable.variance, chain["activation"])
    for name, variable in run.parameters.items():
        accepted[f"gradient.{name}"] = accuracy.chain(variable.gradient, variable.gradient_variance, chain["gradient"])
    assert run.loss is not None and alone.loss is not None
    loss = accuracy.chain(run.loss.value, run.loss.variance, chain["loss"])
    drift = reach(run, alone) + np.abs(run.loss.value - alone.loss.value)
    return {**accepted, "loss": replace(loss, value=alone.loss.value, bound=loss.bound + drift, noted=True)}


def within(quantity: Bounded) -> Acceptance:
    """The acceptance of what an optimizer computes."""
    return Acceptance(quantity.value, quantity.bound(ROUNDING))


def adam_step(weight: np.ndarray, gradient: np.ndarray, before: dict[str, Any] | None, **options: Any) -> oracle.Step:
    """A parameter and its state after Adam's step, from the oracle's own moments, and their errors, before it."""
    zeros = np.zeros(())
    m, v, taken = (before["m"], before["v"], int(before["step"].value)) if before else (zeros, zeros, 0)
    return oracle.adam(weight, gradient, m, v, taken, **ADAM["hyper"], **options)


def _lane_runs(images, labels, relu, batch, seed, observed) -> tuple[Mapping[str, np.ndarray], list[models.Run]]:
    """Every step of the network from the parameters that the lane had before it.

    Where a gradient is so close to 0 that its error leaves its sign open, Adam's update may turn by 2 lr. One such
    weight moves a unit's output in every row, that the gradients of all layers, and these all weights of a unit in a
    common direction, which they share in the next step's dot products; a propagation of variances, which takes errors
    for many and independent, falls short by up to the square root of their number. So no error is carried from
    parameters into the next step: they are judged, and the step starts from them.
    """
    weights, runs = seeded_cnn_weights(seed), []
    for step in range(STEPS):
        prefix = f"step{step}."
        lane = {name: observed[prefix + name] for name in PRE_ACTIVATIONS if prefix + name in observed}
        rows = rows_of(step, batch)
        run = models.simple_cnn(weights, images[rows], labels[rows], with_relu=relu, lane=lane)
        run.backward()
        runs.append(run)
        after = {name: observed.get(f"{prefix}parameter.{name}", array) for name, array in weights.items()}
        if all(array.shape == weights[name].shape for name, array in after.items()):
            weights = after
    return observed, runs


_same_lane = Shared(_lane_runs, lambda result, observed: result[0] is observed)


def lane_runs(*sample: Any, observed: Mapping[str, np.ndarray]) -> list[models.Run]:
    """The runs of a lane, made once for all that its optimizer may compute."""
    return _same_lane(*sample, observed=observed)[1]


def reach(run: models.Run, alone: models.Run) -> float:
    """How far, to first order, the differences of their parameters can bring two runs' losses apart."""
    return sum(
        float(np.abs(variable.gradient * (variable.value - alone.parameters[name].value)).sum())
        for name, variable in run.parameters.items()
    )


def _runs_alone(images, labels, relu, batch, seed, observed) -> list[models.Run]:
    """The steps of a trajectory in float64 that never looks at a lane."""
    weights: dict[str, Any] = seeded_cnn_weights(seed)
    state: dict[str, dict[str, Any]] = {}
    runs = []
    for step in range(STEPS):
        rows = rows_of(step, batch)
        run = models.simple_cnn(weights, images[rows], labels[rows], with_relu=relu, bounded=False)
        run.backward()
        runs.append(run)
        for name, variable in run.parameters.items():
            after = adam_step(variable.value, variable.gradient, state.get(name), bounded=False)
            weights[name] = after["parameter"].value
            state[name] = {"m": after["m"].value, "v": after["v"].value, "step": after["step"]}
    return runs


runs_alone = Shared(_runs_alone, lambda _result, _observed: True)


def rows_of(step: int, batch: int) -> slice:
    """The two batches in turn."""
    return slice(step % 2 * batch, (step % 2 + 1) * batch)
