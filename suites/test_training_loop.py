"""From image files to a trained network: a first step on files, and several steps in a row without resynchronising."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from reference_impl.oracle import models, vision
from reference_impl.oracle import optimizers as oracle
from reference_impl.oracle.rounding import Bounded
from suites.models import CNN_SHAPES, cnn_weights, paddle_cnn, torch_cnn
from suites.shared import Shared, decides_like
from suites.test_optimizers import FLOAT32_BETAS
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

        from reference_impl.torch_impl.dataset import CustomDataset, make_loader
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable
        from reference_impl.torch_impl.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor
        from reference_impl.transfer import from_torch, load_into_torch

        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / file["name"] for file in files]
            for path, file in zip(paths, files, strict=True):
                path.write_bytes(file["data"])
            transform = Compose([Resize(32), CenterCrop(32), ToTensor(), Normalize(MEAN, STD)])
            dataset = CustomDataset(paths, labels, transform)
            ((images, targets),) = list(make_loader(dataset, batch_size=len(paths)))
        model = torch_cnn(relu)
        load_into_torch(model, cnn_weights(generator(seed)))
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

        from reference_impl.paddle_impl.dataset import CustomDataset, make_loader
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable
        from reference_impl.paddle_impl.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor
        from reference_impl.transfer import from_paddle, load_into_paddle
        from suites.test_training import portable_state

        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / file["name"] for file in files]
            for path, file in zip(paths, files, strict=True):
                path.write_bytes(file["data"])
            transform = Compose([Resize(32), CenterCrop(32), ToTensor(), Normalize(MEAN, STD)])
            dataset = CustomDataset(paths, labels, transform)
            ((images, targets),) = list(make_loader(dataset, batch_size=len(paths)))
        model = paddle_cnn(relu)
        load_into_paddle(model, cnn_weights(generator(seed)))
        seen = watch(model, "register_forward_post_hook")
        parameters = trainable(model)
        updater = make_optimizer("adam", parameters, lr=1e-3)
        result = train_step(model, updater, images, targets)
        after = portable_state(optimizer_state(updater, parameters))
        gradients = portable_gradients(parameters)
        batch = {"images": images.numpy(), "labels": targets.numpy()}
        return {**batch, **seen(), **result, "gradient": gradients, "parameter": from_paddle(model), "state": after}

    @staticmethod
    def oracle(files, labels, relu, seed, observed) -> dict[str, Acceptance]:
        return files_oracle(files, labels, relu, seed, observed)

    @staticmethod
    def variant_float32_betas(files, labels, relu, seed, observed) -> dict[str, Acceptance]:
        return files_oracle(files, labels, relu, seed, observed, **FLOAT32_BETAS)


def files_oracle(files, labels, relu, seed, observed, **options) -> dict[str, Acceptance]:
    """The batch from Pillow's pixels by the oracle's own transforms; the step from the batch that the lane had."""
    rows = []
    for file in files:
        pixels = np.asarray(Image.open(io.BytesIO(file["data"])).convert("RGB"))
        pixels = vision.center_crop(vision.resize(pixels, 32, "bilinear", mode="RGB"), 32)
        rows.append(vision.normalize(vision.to_tensor(pixels, "RGB"), MEAN, STD))
    images = np.stack([row.value for row in rows])
    accepted = {
        "images": Acceptance(images, np.stack([row.bound(1.0) for row in rows]), dtype="float32"),
        "labels": accuracy.exact(np.asarray(labels), "int64"),
    }
    batch = observed.get("images", images)
    weights = cnn_weights(generator(seed))
    step = step_oracle(batch, np.asarray(labels), relu, weights, {}, ADAM, {}, observed, **options)
    return {**accepted, **step}


STEPS = 6
CARRIED = 14.0
"""Multiple of the propagated deviation where parameters carry theirs from step to step: steps share their errors, which
the propagation takes for independent; measured by benchmarks/error_constants.py on inputs that are not centred."""
LARGEST_UPDATE = 1e-3 * (1 - 0.9) / (1 - 0.999) ** 0.5
"""What Adam moves a parameter by at most, whatever its gradient (Kingma and Ba 2015, section 2.1)."""


def loop_samples() -> st.SearchStrategy[Sample]:
    """A small network's start, and the batches of the loop, by seed."""

    def make(seed: int, relu: bool, batch: int) -> Sample:
        rng = generator(seed)
        images = rng.random((2 * batch, 3, 32, 32), dtype=np.float32)
        return Sample(
            {"images": images, "labels": rng.integers(0, 10, 2 * batch), "relu": relu, "batch": batch, "seed": seed}
        )

    return st.builds(make, seeds, st.booleans(), st.integers(2, 3))


@contract("train.loop", area="training loop", samples=loop_samples(), tensors=False, conditioned=True, share=0.04)
class loop:
    """Six Adam steps over two batches in turn: each loss stays within the bound that the steps before it allow."""

    @staticmethod
    def torch(images, labels, relu, batch, seed):
        import torch

        from reference_impl.torch_impl.optimizers import make_optimizer
        from reference_impl.torch_impl.training import train_step, trainable
        from reference_impl.transfer import from_torch, load_into_torch

        model = torch_cnn(relu)
        load_into_torch(model, cnn_weights(generator(seed)))
        updater = make_optimizer("adam", trainable(model), lr=1e-3)
        result: dict[str, Any] = {}
        for step in range(STEPS):
            rows = slice(step % 2 * batch, (step % 2 + 1) * batch)
            seen = watch(model, "register_forward_hook")
            loss = train_step(model, updater, torch.tensor(images[rows]), torch.tensor(labels[rows]))["loss"]
            result[f"step{step}"] = {"loss": loss, **seen()}
        return {**result, "parameter": from_torch(model)}

    @staticmethod
    def paddle(images, labels, relu, batch, seed):
        import paddle

        from reference_impl.paddle_impl.optimizers import make_optimizer
        from reference_impl.paddle_impl.training import train_step, trainable
        from reference_impl.transfer import from_paddle, load_into_paddle

        model = paddle_cnn(relu)
        load_into_paddle(model, cnn_weights(generator(seed)))
        updater = make_optimizer("adam", trainable(model), lr=1e-3)
        result: dict[str, Any] = {}
        for step in range(STEPS):
            rows = slice(step % 2 * batch, (step % 2 + 1) * batch)
            seen = watch(model, "register_forward_post_hook")
            loss = train_step(model, updater, paddle.to_tensor(images[rows]), paddle.to_tensor(labels[rows]))["loss"]
            result[f"step{step}"] = {"loss": loss, **seen()}
        return {**result, "parameter": from_paddle(model)}

    @staticmethod
    def oracle(images, labels, relu, batch, seed, observed) -> dict[str, Acceptance]:
        return loop_oracle(images, labels, relu, batch, seed, observed)

    @staticmethod
    def variant_float32_betas(images, labels, relu, batch, seed, observed) -> dict[str, Acceptance]:
        return loop_oracle(images, labels, relu, batch, seed, observed, **FLOAT32_BETAS)


def loop_oracle(images, labels, relu, batch, seed, observed, **options) -> dict[str, Acceptance]:
    """The float64 trajectory from the same start, with the variance of every parameter carried from step to step.

    Only decisions at kinks are taken from the lane; its parameters are never looked at until the end.
    """
    return judged_loop(images, labels, relu, batch, seed, options, observed=observed)[1]


def _run_and_judge(
    images, labels, relu, batch, seed, options, observed
) -> tuple[list[models.Run], dict[str, Acceptance]]:
    trajectory = Trajectory(cnn_weights(generator(seed)), options)
    runs, accepted = [], {}
    for step in range(STEPS):
        rows = slice(step % 2 * batch, (step % 2 + 1) * batch)
        run = trajectory.step(images[rows], labels[rows], relu, decided(step, observed))
        runs.append(run)
        assert run.loss is not None
        loss = accuracy.chain(run.loss.value, run.loss.variance, CARRIED)
        accepted[f"step{step}.loss"] = replace(loss, noted=True)
        for name in PRE_ACTIVATIONS:
            variable = run.activations[name]
            accepted[f"step{step}.{name}"] = accuracy.chain(variable.value, variable.variance, CARRIED)
    for name, parameter in trajectory.parameters.items():
        accepted[f"parameter.{name}"] = accuracy.chain(parameter.value, deviation(parameter) ** 2, CARRIED)
    return runs, accepted


def decided(step: int, observed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a lane's decisions in a step rest on."""
    return {name: observed[f"step{step}.{name}"] for name in PRE_ACTIVATIONS if f"step{step}.{name}" in observed}


judged_loop = Shared(
    _run_and_judge,
    lambda result, observed: all(decides_like(run, decided(step, observed)) for step, run in enumerate(result[0])),
)


def deviation(quantity: Bounded) -> np.ndarray:
    """One standard unit of a parameter's error, in units of u: its rounding and the spread of its gradients."""
    return quantity.scale + quantity.spread / accuracy.U


@dataclass
class Trajectory:
    """SimpleCNN under Adam in float64, where each parameter and moment knows how far a float32 lane may be from it."""

    weights: dict[str, np.ndarray]
    options: dict[str, Any]
    taken: int = 0
    parameters: dict[str, Bounded] = field(init=False)
    moments: dict[str, dict[str, Bounded]] = field(init=False)

    def __post_init__(self) -> None:
        zero = np.zeros(())
        self.parameters = {
            name: Bounded(array.astype(np.float64), np.zeros(array.shape)) for name, array in self.weights.items()
        }
        self.moments = {
            name: {slot: Bounded(np.zeros(shape), zero, zero) for slot in ("m", "v")}
            for name, shape in CNN_SHAPES.items()
        }

    def step(self, images: np.ndarray, labels: np.ndarray, relu: bool, lane: dict[str, np.ndarray]) -> models.Run:
        """One training step; returns its run, from before the update."""
        values = {name: parameter.value for name, parameter in self.parameters.items()}
        variances = {name: np.square(deviation(parameter)) for name, parameter in self.parameters.items()}
        run = models.simple_cnn(values, images, labels, with_relu=relu, lane=lane, variances=variances)
        run.backward()
        for name, variable in run.parameters.items():
            after = oracle.adam(
                self.parameters[name],
                variable.gradient,
                self.moments[name]["m"],
                self.moments[name]["v"],
                self.taken,
                **ADAM["hyper"],
                **self.options,
                gradient_error=variable.gradient_error(),
            )
            moved = after["parameter"]
            limit = self.parameters[name].spread + 2 * LARGEST_UPDATE
            self.parameters[name] = Bounded(moved.value, moved.scale, np.fmin(moved.spread, limit))
            self.moments[name] = {slot: after[slot] for slot in ("m", "v")}
        self.taken += 1
        return run
