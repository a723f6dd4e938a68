"""Forward results and gradients of the whole reference models: both CNNs, the recurrent classifiers, ResNet-50."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.deferred import Deferred
from conformance.strategies import WIDTHS, generator, lengths, real, seeds
from conformance.sums import in_one_row
from reference_impl.oracle import models, resnet
from suites.layers import GATES, weight_shapes
from suites.models import (
    cnn_weights,
    paddle_cnn,
    paddle_resnet50,
    resnet50_shapes,
    resnet50_weights,
    torch_cnn,
    torch_resnet50,
)
from suites.shared import Shared, decides_like
from suites.test_optimizers import FLOAT32_BETAS
from suites.test_training import PRE_ACTIVATIONS, portable_gradients, portable_state, update_later


def judged(run: models.Run, names: tuple[str, ...] | None = None) -> dict[str, Acceptance]:
    """The acceptances of a run's activations, of its loss and of its parameters' gradients, where it has them."""
    chain = accuracy.CHAIN
    accepted = {
        name: accuracy.chain(variable.value, variable.variance, chain["activation"])
        for name, variable in run.activations.items()
        if names is None or name in names
    }
    if run.loss is not None:
        accepted["loss"] = accuracy.chain(run.loss.value, run.loss.variance, chain["loss"])
        for name, variable in run.parameters.items():
            accepted[f"gradient.{name}"] = accuracy.chain(
                variable.gradient, variable.gradient_variance, chain["gradient"]
            )
    return accepted


def cnn_samples() -> st.SearchStrategy[list[Sample]]:
    """Three batches of images of different kinds through one network."""

    def make(relu: bool, batch: int, seed: int, gain: float, families: tuple[str, ...]) -> list[Sample]:
        rng = generator(seed)
        weights = cnn_weights(rng, gain)
        return [
            Sample({"images": real(rng, (batch, 3, 32, 32), family), "relu": relu, "weights": weights})
            for family in families
        ]

    kinds = st.sampled_from(("normal", "positive", "offset", "sparse", "sorted", "constant", "tiny", "heavy"))
    return st.builds(
        make, st.booleans(), st.integers(1, 3), seeds, st.sampled_from((1.0, 3.0)), st.tuples(kinds, kinds, kinds)
    )


@contract(
    "model.cnn",
    covers=(
        "nn.Conv2d",
        "nn.Linear",
    ),
    area="models",
    samples=cnn_samples(),
    conditioned=True,
    share=0.3,
    formats=("bfloat16", "float16"),
)
class cnn:
    """SimpleCNN, with and without ReLU, gives the same activations, layer by layer, on images of every kind."""

    @staticmethod
    def torch(images, relu, weights):
        from conformance.transfer import load_into_torch

        model = torch_cnn(relu)
        load_into_torch(model, weights)
        return model.activations(images)

    @staticmethod
    def paddle(images, relu, weights):
        from conformance.transfer import load_into_paddle

        model = paddle_cnn(relu)
        load_into_paddle(model, weights)
        return model.activations(images)

    @staticmethod
    def oracle(images, relu, weights, observed) -> dict[str, Acceptance]:
        return judged(cnn_run(images, relu, weights, observed=observed))


def _cnn_run(images, relu, weights, observed) -> models.Run:
    lane = {name: observed[name] for name in PRE_ACTIVATIONS if name in observed}
    return models.simple_cnn(weights, images, with_relu=relu, lane=lane)


cnn_run = Shared(_cnn_run, decides_like)


@st.composite
def recurrent_sample(draw: st.DrawFn, kind: str, layers: int, bidirectional: bool) -> Sample:
    """A sequence, of vectors or of tokens, through a recurrent network with a linear head."""
    # One step alone would leave the hidden weights without a gradient.
    # Long sequences stay undrawn: over 17 steps at a gain of 3 the biased error of paddle's tanh adds up beyond what
    # independent errors in each step would (seen: 1.06 times the bound of a gradient).
    inner, time, classes = draw(lengths((1, 6, WIDTHS), (2, 5, ()), (2, 5, (100, 16, 1000)), share=0.4))
    (outer,), (batch,) = draw(lengths((1, 6, WIDTHS), share=0.4)), draw(lengths((1, 3, (9, 16)), share=0.5))
    sizes: dict[str, Any] = {"inner": inner, "outer": outer, "kernel": (1, 1)}
    sizes |= {"layers": layers, "bidirectional": bidirectional}
    gain = draw(st.sampled_from((0.5, 1.0, 3.0)))
    vocabulary = draw(st.none() | st.integers(1, 5) | st.just(1000))
    rng = generator(draw(seeds))
    features = sizes["outer"] * (2 if bidirectional else 1)
    shapes = {f"recurrent.{name}": shape for name, shape in weight_shapes(kind, sizes).items()}
    shapes |= {"head.weight": (classes, features), "head.bias": (classes,)}
    if vocabulary is not None:
        shapes["embedding.weight"] = (vocabulary, sizes["inner"])
    # The head's gain stays at 1, or logits would lie so far apart that paddle's softmax clips them.
    gains = {name: min(gain, 1.0) if name.startswith("head") else gain for name in shapes}
    weights = {
        name: (gains[name] * scale_of(name, shape) * real(rng, shape)).astype(np.float32)
        for name, shape in shapes.items()
    }
    tokens = vocabulary is not None
    x = rng.integers(0, vocabulary, (batch, time)) if tokens else real(rng, (batch, time, sizes["inner"]))
    return Sample(
        {
            "x": x,
            "labels": rng.integers(0, classes, batch),
            "kind": kind,
            "sizes": {**sizes, "classes": classes, "vocabulary": vocabulary},
            "weights": weights,
            "upstream": real(rng, (batch, time, features)),
        }
    )


def recurrent_samples() -> st.SearchStrategy[list[Sample]]:
    """A network of each kind, of one and of two layers, in one direction and in both."""
    ways = itertools.product(sorted(GATES), (1, 2), (False, True))
    return st.tuples(*itertools.starmap(recurrent_sample, ways)).map(list)


def scale_of(name: str, shape: tuple[int, ...]) -> float:
    """What keeps sums over a long axis as large as over six elements, so that gates do not all saturate."""
    return min(1.0, (6 / shape[1]) ** 0.5) if name.startswith(("recurrent.weight", "head.weight")) else 1.0


@contract("model.rnn", covers=("nn.RNN",), area="models", samples=recurrent_samples(), share=0.25)
class rnn:
    """Simple RNN, LSTM and GRU classifiers agree in every state, the logits, the loss and all gradients.

    The outputs of all time steps are backpropagated too: the loss alone, on the last step, sends no gradient to the
    hidden weights of the last layer's reverse direction, which has taken a single step there.
    """

    @staticmethod
    def torch(x, labels, kind, sizes, weights, upstream):
        from conformance.transfer import load_into_torch
        from reference_impl.torch_impl.losses import cross_entropy
        from reference_impl.torch_impl.rnn import RNNClassifier

        model = RNNClassifier(
            kind,
            sizes["inner"],
            sizes["outer"],
            sizes["layers"],
            sizes["bidirectional"],
            sizes["classes"],
            sizes["vocabulary"],
        )
        load_into_torch(model, weights)
        seen = model.activations(x)
        loss = cross_entropy(seen["logits"], labels)
        (loss + (seen["outputs"] * upstream).sum()).backward()
        gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
        return {**seen, "loss": loss, "gradient": gradients}

    @staticmethod
    def paddle(x, labels, kind, sizes, weights, upstream):
        from conformance.transfer import load_into_paddle
        from reference_impl.paddle_impl.losses import cross_entropy
        from reference_impl.paddle_impl.rnn import RNNClassifier

        model = RNNClassifier(
            kind,
            sizes["inner"],
            sizes["outer"],
            sizes["layers"],
            sizes["bidirectional"],
            sizes["classes"],
            sizes["vocabulary"],
        )
        load_into_paddle(model, weights)
        seen = model.activations(x)
        loss = cross_entropy(seen["logits"], labels)
        (loss + (seen["outputs"] * upstream).sum()).backward()
        gradients = {
            name: parameter.grad.t() if name == "head.weight" else parameter.grad
            for name, parameter in model.named_parameters()
        }
        return {**seen, "loss": loss, "gradient": gradients}

    @staticmethod
    def oracle(x, labels, kind, sizes, weights, upstream) -> dict[str, Acceptance]:
        return judged(recurrent_run(x, labels, kind, sizes, weights, upstream))

    @staticmethod
    def variant_reset_underflow(x, labels, kind, sizes, weights, upstream) -> dict[str, Acceptance]:
        """Nothing is promised of the gradients in and before a GRU, not even numbers, once a reset gate underflows.

        Those of the head behind it, and all activations, are held as ever.
        """
        run = recurrent_run(x, labels, kind, sizes, weights, upstream)
        accepted = judged(run)
        if run.lowest_reset < RESET_UNDERFLOW:
            for name, item in accepted.items():
                if name.startswith(("gradient.recurrent.", "gradient.embedding.")):
                    accepted[name] = replace(item, bound=np.inf)
        return accepted


RESET_UNDERFLOW = -88.0
"""Below it, exp of the pre-activation leaves float32's normal range and the sigmoid becomes 0."""


def recurrent_run(x, labels, kind, sizes, weights, upstream) -> models.Run:
    """The recurrent classifier on the tape, its loss and the outputs of all steps backpropagated."""
    run = models.rnn_classifier(kind, weights, x, labels, layers=sizes["layers"], bidirectional=sizes["bidirectional"])
    assert run.loss is not None
    run.backward((run.loss, 1.0), (run.activations["outputs"], upstream))
    return run


LOOKED_ELEMENTS = 2**21
"""Elements of the convolutions to look at in a training step: all 25 million would take too long."""


def resnet_samples(training: bool) -> st.SearchStrategy[Sample]:
    """A seed for weights and images, and in training the parameters to look at; the weights stay unwritten."""
    if training:
        return seeds.map(lambda seed: Sample({"seed": seed, "looked": drawn_parameters(seed)}))
    return st.fixed_dictionaries({"seed": seeds, "batch": st.integers(1, 2)}).map(Sample)


def drawn_parameters(seed: int) -> list[str]:
    """Other parameters for every seed: six weights of convolutions, or those of them that fit, and six others."""
    shapes = resnet50_shapes()
    names = [str(name) for name in generator(seed).permutation(sorted(resnet.parameter_names(shapes)))]
    kernels = [name for name in names if len(shapes[name]) == 4][:6]
    while sum(math.prod(shapes[name]) for name in kernels[1:]) > LOOKED_ELEMENTS:
        kernels.pop()
    return kernels + [name for name in names if len(shapes[name]) != 4][:6]


def resnet_batch(seed: int, batch: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images [batch, 3, size, size] and labels of a sample; batch norm needs more than one value a channel."""
    rng = generator(seed)
    return rng.standard_normal((batch, 3, size, size), dtype=np.float32), rng.integers(0, 10, batch)


@contract("model.resnet50", area="models", samples=resnet_samples(training=False), share=0.04)
class resnet50:
    """ResNet-50 in evaluation mode gives the same logits."""

    @staticmethod
    def torch(seed, batch):
        import torch

        from conformance.transfer import load_into_torch

        model = torch_resnet50()
        load_into_torch(model, resnet50_weights(seed))
        model.eval()
        with torch.no_grad():
            return {"logits": model(torch.tensor(resnet_batch(seed, batch, 32)[0]))}

    @staticmethod
    def paddle(seed, batch):
        import paddle

        from conformance.transfer import load_into_paddle

        model = paddle_resnet50()
        load_into_paddle(model, resnet50_weights(seed))
        model.eval()
        with paddle.no_grad():
            return {"logits": model(paddle.to_tensor(resnet_batch(seed, batch, 32)[0]))}

    @staticmethod
    def oracle(seed, batch) -> dict[str, Acceptance]:
        images, _ = resnet_batch(seed, batch, 32)
        return judged(resnet.resnet50(resnet50_weights(seed), images, training=False), ("logits",))


RESNET_OPTIMIZER: dict[str, Any] = {"name": "adam", "hyper": {"lr": 1e-3, "weight_decay": 1e-4}}


@contract(
    "train.resnet50", area="training step", samples=resnet_samples(True), tensors=False, conditioned=True, share=0.04
)
class resnet50_step:
    """A ResNet-50 training step with Adam and L2 1e-4: loss, gradients, running statistics and parameters agree.

    Every activation is judged; of the gradients and updated parameters, about twelve of the 161, others for every seed.
    """

    @staticmethod
    def torch(seed, looked):
        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable

        model = torch_resnet50()
        load_into_torch(model, resnet50_weights(seed))
        model.train()
        updater = make_optimizer(**RESNET_OPTIMIZER["hyper"], name="adam", named_parameters=trainable(model))
        seen: dict[str, Any] = {}
        hooks = [
            layer.register_forward_hook(lambda _m, _i, output, name=name: seen.update({name: output.detach().clone()}))
            for name, layer in model.named_modules()
            if followed(name)
        ]
        images, labels = resnet_batch(seed, 2, 64)
        result = train_step(model, updater, torch.tensor(images), torch.tensor(labels))
        for hook in hooks:
            hook.remove()
        parameters = dict(trainable(model))
        gradients = {name: parameters[name].grad for name in looked}
        after = optimizer_state(updater, [(name, parameters[name]) for name in looked])
        return {**seen, **result, "gradient": gradients, **chosen(from_torch(model), looked), "state": after}

    @staticmethod
    def paddle(seed, looked):
        import paddle

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable

        model = paddle_resnet50()
        load_into_paddle(model, resnet50_weights(seed))
        model.train()
        updater = make_optimizer(**RESNET_OPTIMIZER["hyper"], name="adam", named_parameters=trainable(model))
        seen: dict[str, Any] = {}
        hooks = [
            layer.register_forward_post_hook(
                lambda _m, _i, output, name=name: seen.update({name: output.detach().clone()})
            )
            for name, layer in model.named_sublayers()
            if followed(name)
        ]
        images, labels = resnet_batch(seed, 2, 64)
        result = train_step(model, updater, paddle.to_tensor(images), paddle.to_tensor(labels))
        for hook in hooks:
            hook.remove()
        parameters = dict(trainable(model))
        gradients = portable_gradients([(name, parameters[name]) for name in looked])
        after = portable_state(optimizer_state(updater, [(name, parameters[name]) for name in looked]))
        return {**seen, **result, "gradient": gradients, **chosen(from_paddle(model), looked), "state": after}

    @staticmethod
    def oracle(seed, looked, observed) -> Deferred:
        return resnet_oracle(seed, looked, observed)

    @staticmethod
    def variant_float32_betas(seed, looked, observed) -> Deferred:
        """Adam's betas are float32, and running variances are biased."""
        return resnet_oracle(seed, looked, observed, unbiased=False, **FLOAT32_BETAS)

    @staticmethod
    def variant_in_a_row(seed, looked, observed) -> Deferred:
        """Batch norm adds a channel's values one after another."""
        with in_one_row():
            return resnet_oracle(seed, looked, observed)

    @staticmethod
    def variant_float32_betas_in_a_row(seed, looked, observed) -> Deferred:
        """Both."""
        with in_one_row():
            return resnet_oracle(seed, looked, observed, unbiased=False, **FLOAT32_BETAS)


def followed(name: str) -> bool:
    """Whether a module's output decides a ReLU or pooling: the first two batch norms of a block, and the block."""
    return re.fullmatch(r"bn1|layer\d\.\d(\.bn[12])?", name) is not None


def chosen(state: dict[str, np.ndarray], looked: list[str]) -> dict[str, Any]:
    """The drawn parameters, and the running statistics of their layers."""
    statistics = {name: array for name, array in state.items() if name.endswith(("running_mean", "running_var"))}
    return {"parameter": {name: state[name] for name in looked}, "statistic": statistics}


def _resnet_run(seed, looked, observed) -> models.Run:
    images, labels = resnet_batch(seed, 2, 64)
    run = resnet.resnet50(resnet50_weights(seed), images, labels, lane=observed, gradients=looked)
    run.backward()
    return run


resnet_run = Shared(_resnet_run, decides_like)


def resnet_oracle(seed, looked, observed, unbiased=True, **options) -> Deferred:
    """The acceptances of a ResNet-50 training step, conditioned as those of the CNN."""
    weights = resnet50_weights(seed)
    run = resnet_run(seed, looked, observed=observed)
    assert run.loss is not None
    chain, logits = accuracy.CHAIN, run.activations["logits"]
    known = {
        "logits": accuracy.chain(logits.value, logits.variance, chain["activation"]),
        "loss": accuracy.chain(run.loss.value, run.loss.variance, chain["loss"]),
    }
    for name, variable in run.activations.items():
        if followed(name):
            after_relu = name.count(".") == 1  # of a block, the output is seen after its ReLU
            value = np.maximum(variable.value, 0) if after_relu else variable.value
            known[name] = accuracy.chain(value, variable.variance, chain["activation"])
    for name, variable in (run.statistics if unbiased else run.biased_statistics).items():
        known[f"statistic.{name}"] = accuracy.chain(variable.value, variable.variance, chain["activation"])
    accepted = Deferred(known)
    for name in looked:
        variable = run.parameters[name]
        of_gradient = accuracy.chain(variable.gradient, variable.gradient_variance, chain["gradient"])
        accepted.include({f"gradient.{name}": of_gradient})
        gradient = observed.get(f"gradient.{name}", variable.gradient)
        update_later(accepted, name, weights[name], gradient, RESNET_OPTIMIZER, None, options)
    return accepted
