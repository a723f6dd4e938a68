"""The same call gives the same bits again, whatever ran in between, and another seed gives something else.

Nothing here compares the streams of two frameworks: they never match. Each lane is compared with itself, at one number
of threads and one batch size, and says how many of its numbers came out the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, real, seeds
from suites.layers import GATES, weight_shapes
from suites.models import CNN_SHAPES, cnn_weights
from suites.repeats import Rows, collected, compared, equal_bits, paddle_interlude, torch_interlude

CNN_SIZE = sum(int(np.prod(shape)) for shape in CNN_SHAPES.values())


def images_and_labels(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Random images of 32 x 32 pixels, and a label each."""
    return {"images": rng.random((count, 3, 32, 32), dtype=np.float32), "labels": rng.integers(0, 10, count)}


def cnn_samples() -> st.SearchStrategy[list[Sample]]:
    """A batch for a network with or without ReLU, without and with dropout."""

    def make(seed: int, batch: int, relu: bool, dropout: float) -> list[Sample]:
        inputs = {**images_and_labels(generator(seed), batch), "relu": relu, "seed": seed}
        return [Sample({**inputs, "dropout": probability}) for probability in (0.0, dropout)]

    return st.builds(make, seeds, st.integers(1, 4), st.booleans(), st.sampled_from((0.2, 0.5)))


@contract(
    "determinism.cnn_step",
    area="determinism",
    samples=cnn_samples(),
    tensors=False,
    share=0.08,
)
class cnn_step:
    """A CNN's training step with Adam repeats bit for bit, with dropout too where the seed is the same."""

    @staticmethod
    def torch(images, labels, relu, dropout, seed):
        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.cnn import SimpleCNN
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable

        def run(seed: int) -> dict[str, Any]:
            model = SimpleCNN(relu, dropout)
            load_into_torch(model, weights)
            optimizer = make_optimizer("adam", trainable(model), lr=1e-3)
            torch.manual_seed(seed)
            result = train_step(model, optimizer, torch.tensor(images), torch.tensor(labels))
            moments = optimizer_state(optimizer, trainable(model))
            return collected({name: value.cpu().numpy() for name, value in result.items()}, from_torch(model), moments)

        weights = cnn_weights(generator(seed))
        first = run(seed)
        torch_interlude()
        return compared(first, run(seed), run(seed + 1))

    @staticmethod
    def paddle(images, labels, relu, dropout, seed):
        import paddle

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.cnn import SimpleCNN
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable

        def run(seed: int) -> dict[str, Any]:
            model = SimpleCNN(relu, dropout)
            load_into_paddle(model, weights)
            optimizer = make_optimizer("adam", trainable(model), lr=1e-3)
            paddle.seed(seed)
            result = train_step(model, optimizer, paddle.to_tensor(images), paddle.to_tensor(labels))
            moments = optimizer_state(optimizer, trainable(model))
            return collected({name: value.numpy() for name, value in result.items()}, from_paddle(model), moments)

        weights = cnn_weights(generator(seed))
        first = run(seed)
        paddle_interlude()
        return compared(first, run(seed), run(seed + 1))

    @staticmethod
    def oracle(images, labels, relu, dropout, seed) -> dict[str, Acceptance]:
        size = 3 * CNN_SIZE + len(CNN_SHAPES) + 10 * len(labels) + 1  # weights, two moments, steps, logits, loss
        return {"equal": accuracy.exact(size), "other_seed_differs": accuracy.exact(dropout > 0)}


@st.composite
def recurrent_samples(draw: st.DrawFn) -> Sample:
    """A batch of tokens for a recurrent network that starts from its framework's own initial weights."""
    sizes: dict[str, Any] = {"inner": draw(st.integers(1, 6)), "outer": draw(st.integers(1, 6)), "kernel": (1, 1)}
    sizes |= {"layers": draw(st.integers(1, 2)), "bidirectional": draw(st.booleans())}
    batch, time, seed = draw(st.integers(1, 4)), draw(st.integers(1, 8)), draw(seeds)
    rng = generator(seed)
    tokens = {"tokens": rng.integers(0, 5, (batch, time)), "labels": rng.integers(0, 10, batch)}
    return Sample({"kind": draw(st.sampled_from(sorted(GATES))), "sizes": sizes, **tokens, "seed": seed})


@contract("determinism.rnn_step", area="determinism", samples=recurrent_samples(), tensors=False, share=0.5)
class rnn_step:
    """A recurrent network's initial weights and training step repeat bit for bit where the seed is the same."""

    @staticmethod
    def torch(kind, sizes, tokens, labels, seed):
        import torch

        from conformance.transfer import from_torch
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.rnn import RNNClassifier
        from reference_impl.torch_impl.training import train_step, trainable

        def run(seed: int) -> dict[str, Any]:
            torch.manual_seed(seed)
            shape = sizes["inner"], sizes["outer"], sizes["layers"], sizes["bidirectional"]
            model = RNNClassifier(kind, *shape, vocabulary=5)
            optimizer = make_optimizer("momentum", trainable(model), lr=0.1)
            result = train_step(model, optimizer, torch.tensor(tokens), torch.tensor(labels))
            velocity = optimizer_state(optimizer, trainable(model))
            return collected({name: value.cpu().numpy() for name, value in result.items()}, from_torch(model), velocity)

        first = run(seed)
        torch_interlude()
        return compared(first, run(seed), run(seed + 1))

    @staticmethod
    def paddle(kind, sizes, tokens, labels, seed):
        import paddle

        from conformance.transfer import from_paddle
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.rnn import RNNClassifier
        from reference_impl.paddle_impl.training import train_step, trainable

        def run(seed: int) -> dict[str, Any]:
            paddle.seed(seed)
            shape = sizes["inner"], sizes["outer"], sizes["layers"], sizes["bidirectional"]
            model = RNNClassifier(kind, *shape, vocabulary=5)
            optimizer = make_optimizer("momentum", trainable(model), lr=0.1)
            result = train_step(model, optimizer, paddle.to_tensor(tokens), paddle.to_tensor(labels))
            velocity = optimizer_state(optimizer, trainable(model))
            return collected({name: value.numpy() for name, value in result.items()}, from_paddle(model), velocity)

        first = run(seed)
        paddle_interlude()
        return compared(first, run(seed), run(seed + 1))

    @staticmethod
    def oracle(kind, sizes, tokens, labels, seed) -> dict[str, Acceptance]:
        features = sizes["outer"] * (2 if sizes["bidirectional"] else 1)
        shapes = [*weight_shapes(kind, sizes).values(), (5, sizes["inner"]), (10, features), (10,)]
        # Weights, their velocity, logits and the loss.
        size = 2 * sum(int(np.prod(shape)) for shape in shapes) + 10 * len(labels) + 1
        return {"equal": accuracy.exact(size), "other_seed_differs": accuracy.exact(True)}


def dropout_samples() -> st.SearchStrategy[Sample]:
    """At least 128 numbers, none of them zero, so that a mask shows and two masks hardly ever coincide."""

    def make(seed: int, rows: int, columns: int, probability: float) -> Sample:
        x = real(generator(seed), (rows, columns), "positive")
        return Sample({"x": x, "probability": probability, "seed": seed})

    return st.builds(make, seeds, st.integers(8, 20), st.integers(16, 40), st.floats(0.2, 0.8))


@contract("determinism.dropout", area="determinism", samples=dropout_samples())
class dropout:
    """A seed decides the mask of dropout, for any values; another seed, and another draw, give another mask."""

    @staticmethod
    def torch(x, probability, seed):
        import torch
        from torch.nn import functional

        torch.manual_seed(seed)
        first, second = (functional.dropout(x, probability) for _ in range(2))
        torch_interlude()
        torch.manual_seed(seed)
        again = functional.dropout(x, probability)
        torch.manual_seed(seed)
        mask = functional.dropout(torch.ones_like(x), probability)
        torch.manual_seed(seed + 1)
        other = functional.dropout(x, probability)
        return masks(*(value.cpu().numpy() for value in (first, second, again, mask, other)))

    @staticmethod
    def paddle(x, probability, seed):
        import paddle
        from paddle.nn import functional

        paddle.seed(seed)
        first, second = (functional.dropout(x, probability) for _ in range(2))
        paddle_interlude()
        paddle.seed(seed)
        again = functional.dropout(x, probability)
        paddle.seed(seed)
        mask = functional.dropout(paddle.ones_like(x), probability)
        paddle.seed(seed + 1)
        other = functional.dropout(x, probability)
        return masks(*(value.numpy() for value in (first, second, again, mask, other)))

    @staticmethod
    def oracle(x, probability, seed) -> dict[str, Acceptance]:
        size = accuracy.exact(x.size)
        differs = {"second_differs": accuracy.exact(True), "other_seed_differs": accuracy.exact(True)}
        return {"equal": size, "mask_equal": size, **differs}


def masks(first: Any, second: Any, again: Any, mask: Any, other: Any) -> dict[str, Any]:
    """What the masks of five draws have to do with the first one."""
    return {
        "equal": equal_bits(first, again),
        "mask_equal": equal_bits(first == 0, mask == 0),
        "second_differs": bool(((first == 0) != (second == 0)).any()),
        "other_seed_differs": bool(((first == 0) != (other == 0)).any()),
    }


def loop_samples() -> st.SearchStrategy[Sample]:
    """Some images for two epochs with shuffling, dropout and a learning rate that falls."""

    def make(seed: int, count: int, batch: int) -> Sample:
        return Sample({**images_and_labels(generator(seed), count), "batch": batch, "seed": seed})

    return st.builds(make, seeds, st.integers(12, 14), st.integers(4, 6))


@contract("determinism.loop", area="determinism", samples=loop_samples(), tensors=False, share=0.05)
class loop:
    """Two epochs of training, with shuffling, dropout and a schedule, repeat bit for bit; another seed differs."""

    @staticmethod
    def torch(images, labels, batch, seed):
        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.cnn import SimpleCNN
        from reference_impl.torch_impl.dataset import make_loader
        from reference_impl.torch_impl.optimizers import make_optimizer
        from reference_impl.torch_impl.schedules import make_schedule
        from reference_impl.torch_impl.training import train_epoch, trainable

        def run(seed: int) -> dict[str, Any]:
            torch.manual_seed(seed)
            model = SimpleCNN(dropout=0.5)
            load_into_torch(model, weights)
            optimizer = make_optimizer("adam", trainable(model), lr=1e-3)
            schedule = make_schedule("exponential", optimizer, gamma=0.5)
            loader, place = make_loader(Rows(images), batch, shuffle=True, seed=seed), model.fc1.weight.device
            losses = []
            for _ in range(2):
                batches = ((rows.to(place), torch.tensor(labels)[index].to(place)) for rows, index in loader)
                losses.append(train_epoch(model, optimizer, batches))
                schedule.step()
            return collected({"losses": np.array(losses)}, from_torch(model))

        weights = cnn_weights(generator(seed))
        first = run(seed)
        torch_interlude()
        return compared(first, run(seed), run(seed + 1))

    @staticmethod
    def paddle(images, labels, batch, seed):
        import paddle

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.cnn import SimpleCNN
        from reference_impl.paddle_impl.dataset import make_loader
        from reference_impl.paddle_impl.optimizers import make_optimizer
        from reference_impl.paddle_impl.schedules import make_schedule
        from reference_impl.paddle_impl.training import train_epoch, trainable

        def run(seed: int) -> dict[str, Any]:
            paddle.seed(seed)
            model = SimpleCNN(dropout=0.5)
            load_into_paddle(model, weights)
            optimizer = make_optimizer("adam", trainable(model), lr=1e-3)
            schedule = make_schedule("exponential", optimizer, gamma=0.5)
            loader = make_loader(Rows(images), batch, shuffle=True, seed=seed)
            losses = []
            for _ in range(2):
                batches = ((rows, paddle.to_tensor(labels[index.numpy()])) for rows, index in loader)
                losses.append(train_epoch(model, optimizer, batches))
                schedule.step()
            return collected({"losses": np.array(losses)}, from_paddle(model))

        weights = cnn_weights(generator(seed))
        first = run(seed)
        paddle_interlude()
        return compared(first, run(seed), run(seed + 1))

    @staticmethod
    def oracle(images, labels, batch, seed) -> dict[str, Acceptance]:
        return {"equal": accuracy.exact(CNN_SIZE + 2), "other_seed_differs": accuracy.exact(True)}
