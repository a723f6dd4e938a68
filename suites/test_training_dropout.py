"""Training with dropout on: masks are random and differ between frameworks, all that follows from a mask does not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.deferred import Deferred
from conformance.strategies import generator, seeds
from reference_impl.oracle import models
from suites.models import seeded_cnn_weights
from suites.shared import Shared
from suites.test_optimizers import FLOAT32_BETAS
from suites.test_training import PRE_ACTIVATIONS, portable_gradients, portable_state, update_later, watch

ADAM: dict[str, Any] = {"name": "adam", "hyper": {"lr": 1e-3}}
FALSE_ALARM = 1e-12
"""Probability that a correct lane keeps a number of units that is not accepted."""


def dropout_samples() -> st.SearchStrategy[list[Sample]]:
    """A batch for a network with and without ReLU, a probability to drop a unit, and a seed for weights and masks."""

    def make(seed: int, relu: bool, batch: int, dropout: float) -> Sample:
        rng = generator(seed)
        images = rng.random((batch, 3, 32, 32), dtype=np.float32)
        labels = rng.integers(0, 10, batch)
        return Sample({"images": images, "labels": labels, "relu": relu, "dropout": dropout, "seed": seed})

    rest = st.integers(2, 4), st.sampled_from((0.25, 0.1, 0.5, 0.75))
    return st.tuples(*[st.builds(make, seeds, st.just(relu), *rest) for relu in (True, False)]).map(list)


@contract("train.dropout", area="training step", samples=dropout_samples(), tensors=False, conditioned=True, share=0.08)
class dropout_step:
    """In training dropout drops units with its probability and scales the others by 1 / (1 - p); in evaluation, none.

    The mask that a lane drew is read from its own units. Loss, logits, all gradients, the parameters and Adam's state
    after the step must then be those that this very mask leads to.
    """

    @staticmethod
    def torch(images, labels, relu, dropout, seed):
        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.cnn import SimpleCNN
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable

        model = SimpleCNN(relu, dropout)
        load_into_torch(model, seeded_cnn_weights(seed))
        model.eval()
        with torch.no_grad():
            evaluation = model(torch.tensor(images))
        model.train()
        torch.manual_seed(seed)
        parameters = trainable(model)
        updater = make_optimizer("adam", parameters, lr=1e-3)
        dropped: list[Any] = []
        model.dropout.register_forward_hook(lambda _m, _i, output: dropped.append(output))
        seen = watch(model, "register_forward_hook")
        result = train_step(model, updater, torch.tensor(images), torch.tensor(labels))
        gradients = {name: parameter.grad for name, parameter in parameters}
        after = optimizer_state(updater, parameters)
        units = {"evaluation": evaluation, "dropped": dropped[0], "kept": (dropped[0] != 0).sum()}
        return {**units, **seen(), **result, "gradient": gradients, "parameter": from_torch(model), "state": after}

    @staticmethod
    def paddle(images, labels, relu, dropout, seed):
        import paddle

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.cnn import SimpleCNN
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable

        model = SimpleCNN(relu, dropout)
        load_into_paddle(model, seeded_cnn_weights(seed))
        model.eval()
        with paddle.no_grad():
            evaluation = model(paddle.to_tensor(images))
        model.train()
        paddle.seed(seed)
        parameters = trainable(model)
        updater = make_optimizer("adam", parameters, lr=1e-3)
        dropped: list[Any] = []
        model.dropout.register_forward_post_hook(lambda _m, _i, output: dropped.append(output))
        seen = watch(model, "register_forward_post_hook")
        result = train_step(model, updater, paddle.to_tensor(images), paddle.to_tensor(labels))
        gradients = portable_gradients(parameters)
        after = portable_state(optimizer_state(updater, parameters))
        units = {"evaluation": evaluation, "dropped": dropped[0], "kept": (dropped[0] != 0).sum()}
        return {**units, **seen(), **result, "gradient": gradients, "parameter": from_paddle(model), "state": after}

    @staticmethod
    def oracle(images, labels, relu, dropout, seed, observed) -> Deferred:
        return dropout_oracle(images, labels, relu, dropout, seed, observed)

    @staticmethod
    def variant_float32_betas(images, labels, relu, dropout, seed, observed) -> Deferred:
        return dropout_oracle(images, labels, relu, dropout, seed, observed, **FLOAT32_BETAS)


def dropout_oracle(images, labels, relu, dropout, seed, observed, **options) -> Deferred:
    """The acceptances of a step under the lane's own mask, of the mask itself, and of an evaluation before the step."""
    _, weights, judged = judged_network(images, labels, relu, dropout, seed, observed=observed)
    accepted = Deferred(judged)
    for name, weight in weights.items():
        gradient = observed.get(f"gradient.{name}", accepted[f"gradient.{name}"].value)
        update_later(accepted, name, weight, gradient, ADAM, None, options)
    return accepted


def _judged_network(images, labels, relu, dropout, seed, observed) -> tuple[Mapping[str, Any], ...]:
    """What the lane returned, the weights that it began with, and the acceptances of all but the optimizer."""
    weights, chain = seeded_cnn_weights(seed), accuracy.CHAIN
    lane = {name: observed[name] for name in PRE_ACTIVATIONS if name in observed}
    alone = models.simple_cnn(weights, images, with_relu=relu, lane=lane)
    units = lane.get("fc1", alone.activations["fc1"].value)
    units = np.maximum(units, 0) if relu else units
    kept = observed.get("dropped", units) != 0
    run = models.simple_cnn(
        weights, images, labels, with_relu=relu, lane=lane, dropout_mask=kept.reshape(units.shape) / (1.0 - dropout)
    )
    run.backward()
    assert run.loss is not None
    logits = alone.activations["logits"]
    accepted = {
        "evaluation": accuracy.chain(logits.value, logits.variance, chain["activation"]),
        "loss": accuracy.chain(run.loss.value, run.loss.variance, chain["loss"]),
        **mask_of(units, kept, dropout),
    }
    for name in (*PRE_ACTIVATIONS, "logits"):
        variable = run.activations[name]
        accepted[name] = accuracy.chain(variable.value, variable.variance, chain["activation"])
    for name, variable in run.parameters.items():
        accepted[f"gradient.{name}"] = accuracy.chain(variable.gradient, variable.gradient_variance, chain["gradient"])
    return observed, weights, accepted


judged_network = Shared(_judged_network, lambda result, observed: result[0] is observed)


def mask_of(units: np.ndarray, kept: np.ndarray, dropout: float) -> dict[str, Acceptance]:
    """What a lane may make of its own units: drop some of them, as many as chance allows, and scale the others.

    The scale rounds four times: p, 1 - p, its reciprocal and the product. A unit that was 0 shows no mask, and needs
    none: it passes nothing on, and after a ReLU no gradient either.
    """
    scaled = accuracy.rounded(units.astype(np.float64) * kept / (1.0 - dropout), 3.0 + dropout / (1.0 - dropout))
    least, most = likely(int(np.count_nonzero(units)), 1.0 - dropout)
    count = Acceptance(np.asarray((least + most) / 2), (most - least) / 2, dtype="int64")
    return {"dropped": scaled, "kept": count}


def likely(trials: int, probability: float) -> tuple[int, int]:
    """The numbers of successes outside of which all together have a probability below FALSE_ALARM.

    P(share of successes beyond q) <= exp(-trials * D(q, probability)), D the relative entropy (Chernoff 1952).
    """

    def entropy(q: float) -> float:
        pairs = ((q, probability), (1.0 - q, 1.0 - probability))
        return sum(share * math.log(share / known) for share, known in pairs if share)

    numbers = [k for k in range(trials + 1) if trials * entropy(k / max(trials, 1)) <= math.log(2 / FALSE_ALARM)]
    return numbers[0], numbers[-1]
