"""The training step and the loop: logits, loss, gradients, parameters and optimizer state, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Sample, accuracy, contract
from conformance.deferred import Deferred
from conformance.strategies import generator, integers, seeds
from reference_impl.oracle import models
from reference_impl.oracle import optimizers as oracle
from suites.models import CNN_SHAPES, cnn_weights, exact_cnn_weights, paddle_cnn, torch_cnn
from suites.shared import Shared, decides_like
from suites.softmax import CLIP
from suites.test_optimizers import FLOAT32_BETAS, ROUNDING

PRE_ACTIVATIONS = ("conv1", "conv2", "fc1")
SCREENS = 12
"""Integer batches through one network: the first meets the oracle, the others only have to agree."""


def exact_steps() -> st.SearchStrategy[list[Sample]]:
    """Several batches of integer images through one integer network; SGD with a learning rate of 2**-10.

    A batch of 32 leaves room: with absolute values throughout, no sum exceeds 2**20.1 (gradients of fc2), of 2**24.
    """

    def make(relu: bool, batch: int, seed: int) -> list[Sample]:
        rng = generator(seed)
        weights = exact_cnn_weights(rng)
        return [
            Sample(
                {
                    "images": integers(rng, (batch, 3, 32, 32), 2),
                    "relu": relu,
                    "weights": weights,
                    "upstream": integers(rng, (batch, 10), 2),
                },
                EXACT,
            )
            for _ in range(SCREENS if batch <= 8 else 2)
        ]

    batches = st.one_of(st.integers(1, 8), st.integers(1, 8), st.sampled_from((16, 32)))
    return st.builds(make, st.booleans(), batches, seeds)


@contract("train.exact_step", area="training step", samples=exact_steps(), share=0.45)
class exact_step:
    """On integers the CNN's logits, all its gradients and the parameters after an SGD step have no rounding error."""

    @staticmethod
    def torch(images, relu, weights, upstream):
        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.optimizers import make_optimizer

        model = torch_cnn(relu)
        load_into_torch(model, weights)
        parameters = list(model.named_parameters())
        optimizer = make_optimizer("sgd", parameters, lr=2.0**-10)
        optimizer.zero_grad()
        logits = model(images)
        (logits * upstream).sum().backward()
        gradients = {name: parameter.grad for name, parameter in parameters}
        optimizer.step()
        return {"logits": logits, "gradient": gradients, "parameter": from_torch(model)}

    @staticmethod
    def paddle(images, relu, weights, upstream):
        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.optimizers import make_optimizer

        model = paddle_cnn(relu)
        load_into_paddle(model, weights)
        parameters = list(model.named_parameters())
        optimizer = make_optimizer("sgd", parameters, lr=2.0**-10)
        optimizer.clear_grad()
        logits = model(images)
        (logits * upstream).sum().backward()
        gradients = portable_gradients(parameters)
        optimizer.step()
        return {"logits": logits, "gradient": gradients, "parameter": from_paddle(model)}

    @staticmethod
    def oracle(images, relu, weights, upstream) -> dict[str, Acceptance]:
        run = models.simple_cnn(weights, images, with_relu=relu, bounded=False)
        run.backward((run.activations["logits"], upstream))
        accepted = {"logits": accuracy.exact(run.activations["logits"].value, signed=False)}
        for name, variable in run.parameters.items():
            accepted[f"gradient.{name}"] = accuracy.exact(variable.gradient, signed=False)
            accepted[f"parameter.{name}"] = accuracy.exact(weights[name] - 2.0**-10 * variable.gradient, signed=False)
        return accepted


def is_linear(name: str) -> bool:
    """Whether a parameter of the reference models is the weight of a linear layer, which paddle transposes."""
    return name.startswith("fc") and name.endswith("weight")


def portable_gradients(parameters: Any) -> dict[str, Any]:
    """Paddle's gradients in torch's layout: those of linear weights are transposed."""
    return {name: parameter.grad.t() if is_linear(name) else parameter.grad for name, parameter in parameters}


OPTIMIZERS = {
    "adam": {"lr": 1e-3, "weight_decay": 1e-4},
    "sgd": {"lr": 0.1, "weight_decay": 1e-4},
    "momentum": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
}


def steps(
    names: tuple[str, ...] = ("adam", "adam", "sgd", "momentum"), warmth: tuple[bool, ...] = (False, True)
) -> st.SearchStrategy[Sample]:
    """A batch through a network with weights of the usual size, a fresh or warm optimizer, penalties or not."""

    def make(relu: bool, batch: int, seed: int, gain: float, name: str, warm: bool, l1: float, l2: float) -> Sample:
        rng = generator(seed)
        weights = cnn_weights(rng, gain)
        hyper = {**OPTIMIZERS[name]}
        if l2:
            hyper["weight_decay"] = 0.0  # the penalty takes its place
        return Sample(
            {
                "images": rng.random((batch, 3, 32, 32), dtype=np.float32),
                "labels": rng.integers(0, 10, batch),
                "relu": relu,
                "weights": weights,
                "penalties": {"l1": l1, "l2": l2},
                "optimizer": {"name": name, "hyper": hyper},
                "state": _warm_state(rng, name) if warm else {},
            }
        )

    choices = st.sampled_from((0.0, 1e-4)), st.sampled_from((0.0, 1e-4))
    how = st.sampled_from((1.0, 1.0, 2.0)), st.sampled_from(names), st.sampled_from(warmth)
    return st.builds(make, st.booleans(), st.integers(1, 4), seeds, *how, *choices)


STATES = (("adam", True), ("adam", False), ("sgd", False), ("momentum", True), ("momentum", False))
"""Every optimizer, warm and fresh: SGD remembers nothing."""


def _warm_state(rng: np.random.Generator, name: str) -> dict[str, Any]:
    """Optimizer state as some earlier steps could have left it."""

    def small(shape: tuple[int, ...]) -> np.ndarray:
        return (0.01 * rng.standard_normal(shape, dtype=np.float32)).astype(np.float32)

    if name == "adam":
        step = np.asarray(int(rng.integers(1, 50)))
        return {key: {"step": step, "m": small(s), "v": np.square(small(s))} for key, s in CNN_SHAPES.items()}
    if name == "momentum":
        return {key: {"velocity": small(shape)} for key, shape in CNN_SHAPES.items()}
    return {}


@contract(
    "train.step",
    area="training step",
    samples=st.tuples(*[steps((name,), (warm,)) for name, warm in STATES]).map(list),
    tensors=False,
    conditioned=True,
    share=0.08,
)
class step:
    """A training step gives the same activations, loss, gradients, parameters and optimizer state.

    Gradients follow the lane's own decisions at ReLU and max pooling, and the update starts from its own gradients:
    each is judged before the next is built on it.
    """

    @staticmethod
    def torch(images, labels, relu, weights, penalties, optimizer, state):
        import torch

        from conformance.transfer import from_torch, load_into_torch
        from reference_impl.torch_impl.optimizers import load_optimizer_state, make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable

        model = torch_cnn(relu)
        load_into_torch(model, weights)
        parameters = trainable(model)
        updater = make_optimizer(optimizer["name"], parameters, **optimizer["hyper"])
        load_optimizer_state(updater, parameters, state)
        seen = watch(model, "register_forward_hook")
        result = train_step(model, updater, torch.tensor(images), torch.tensor(labels), **penalties)
        gradients = {name: parameter.grad for name, parameter in parameters}
        after = optimizer_state(updater, parameters)
        return {**seen(), **result, "gradient": gradients, "parameter": from_torch(model), "state": after}

    @staticmethod
    def paddle(images, labels, relu, weights, penalties, optimizer, state):
        import paddle

        from conformance.transfer import from_paddle, load_into_paddle
        from reference_impl.paddle_impl.optimizers import load_optimizer_state, make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable

        model = paddle_cnn(relu)
        load_into_paddle(model, weights)
        parameters = trainable(model)
        updater = make_optimizer(optimizer["name"], parameters, **optimizer["hyper"])
        load_optimizer_state(updater, parameters, portable_state(state))
        seen = watch(model, "register_forward_post_hook")
        result = train_step(model, updater, paddle.to_tensor(images), paddle.to_tensor(labels), **penalties)
        gradients = portable_gradients(parameters)
        after = portable_state(optimizer_state(updater, parameters))
        return {**seen(), **result, "gradient": gradients, "parameter": from_paddle(model), "state": after}

    @staticmethod
    def oracle(images, labels, relu, weights, penalties, optimizer, state, observed) -> Deferred:
        return step_oracle(images, labels, relu, weights, penalties, optimizer, state, observed)

    @staticmethod
    def variant_float32_betas(images, labels, relu, weights, penalties, optimizer, state, observed):
        return _step_with_float32_betas(images, labels, relu, weights, penalties, optimizer, state, observed)

    @staticmethod
    def variant_clipped_float32_betas(images, labels, relu, weights, penalties, optimizer, state, observed):
        """As well as the betas: logits more than 64 below the largest count as 64 below it."""
        penalties = {**penalties, "floor": CLIP}
        return _step_with_float32_betas(images, labels, relu, weights, penalties, optimizer, state, observed)


def watch(model: Any, register: str) -> Any:
    """Follow the outputs that decide ReLU and pooling; the function returned removes the hooks and gives them."""
    seen: dict[str, Any] = {}
    hooks = [
        getattr(getattr(model, name), register)(lambda _m, _i, output, name=name: seen.update({name: output}))
        for name in PRE_ACTIVATIONS
    ]

    def finish() -> dict[str, Any]:
        for hook in hooks:
            hook.remove()
        return seen

    return finish


def portable_state(state: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """Optimizer state with the arrays of linear weights transposed: from torch's layout to paddle's, and back."""
    return {
        name: {slot: array.T.copy() for slot, array in arrays.items()} if is_linear(name) else arrays
        for name, arrays in state.items()
    }


def step_oracle(images, labels, relu, weights, penalties, optimizer, state, observed, **options) -> Deferred:
    """The acceptances of one training step, conditioned on what the lane decided and on the gradients it found."""
    accepted = Deferred(judged_run(images, labels, relu, weights, penalties, observed=observed)[1])
    for name in CNN_SHAPES:
        gradient = observed.get(f"gradient.{name}", accepted[f"gradient.{name}"].value)
        update_later(accepted, name, weights[name], gradient, optimizer, state.get(name), options)
    return accepted


STATE = {"adam": ("m", "v", "step"), "momentum": ("velocity",), "sgd": ()}
"""What an optimizer keeps of a parameter, in the order of the oracle's results."""


def update_later(
    accepted: Deferred,
    name: str,
    weight: np.ndarray,
    gradient: np.ndarray,
    optimizer: dict[str, Any],
    state: Any,
    options: dict[str, Any],
) -> None:
    """Let the acceptances of a parameter, and of its state, after a step be worked out when they are asked for."""

    def keyed(quantity: str) -> str:
        return f"parameter.{name}" if quantity == "parameter" else f"state.{name}.{quantity}"

    def make() -> dict[str, Acceptance]:
        found = updated(weight, gradient, optimizer, state, options)
        return {keyed(quantity): item for quantity, item in found.items()}

    accepted.later([keyed(quantity) for quantity in ("parameter", *STATE[optimizer["name"]])], make)


def _step_with_float32_betas(images, labels, relu, weights, penalties, optimizer, state, observed):
    options = FLOAT32_BETAS if optimizer["name"] == "adam" else {}
    return step_oracle(images, labels, relu, weights, penalties, optimizer, state, observed, **options)


def _run_and_judge(images, labels, relu, weights, penalties, observed) -> tuple[models.Run, dict[str, Acceptance]]:
    """The network's part of a step: loss, activations and gradients."""
    run = models.simple_cnn(weights, images, labels, with_relu=relu, lane=observed, **penalties)
    run.backward()
    assert run.loss is not None
    accepted = {"loss": accuracy.chain(run.loss.value, run.loss.variance, accuracy.CHAIN["loss"])}
    for name in (*PRE_ACTIVATIONS, "logits"):
        variable = run.activations[name]
        accepted[name] = accuracy.chain(variable.value, variable.variance, accuracy.CHAIN["activation"])
    for name, variable in run.parameters.items():
        constant = accuracy.CHAIN["gradient"]
        accepted[f"gradient.{name}"] = accuracy.chain(variable.gradient, variable.gradient_variance, constant)
    return run, accepted


judged_run = Shared(_run_and_judge, lambda result, observed: decides_like(result[0], observed))


def updated(
    weight: np.ndarray, gradient: np.ndarray, optimizer: dict[str, Any], state: Any, options: dict[str, Any]
) -> dict[str, Acceptance]:
    """One parameter after the optimizer's step from a gradient."""
    name, hyper = optimizer["name"], optimizer["hyper"]
    zeros = np.zeros(())
    if name == "adam":
        before = state or {"step": 0, "m": zeros, "v": zeros}
        after = oracle.adam(weight, gradient, before["m"], before["v"], int(before["step"]), **hyper, **options)
    elif name == "momentum":
        after = oracle.momentum(weight, gradient, (state or {"velocity": zeros})["velocity"], **hyper)
    else:
        after = oracle.sgd(weight, gradient, **hyper)
    accepted = {key: Acceptance(item.value, item.bound(ROUNDING)) for key, item in after.items() if key != "step"}
    if "step" in after:
        accepted["step"] = accuracy.exact(after["step"].value.astype(np.int64), "int64")
    return accepted
