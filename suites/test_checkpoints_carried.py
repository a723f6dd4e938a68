"""Runs that go on from the other framework's checkpoint: the next step is the one that it would have taken itself."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.contract import find
from conformance.strategies import generator, real, seeds
from suites.archives import SUFFIXES, checkpoint_bytes, checkpoint_tree
from suites.layers import COUNTER, paddle_layer, torch_layer, weight_shapes
from suites.models import paddle_cnn, torch_cnn
from suites.runs import epochs_done, is_trainable, optimized_layers, optimizer_arrays, plain_run, powers_of_two
from suites.test_optimizers import FLOAT32_BETAS
from suites.test_training import portable_gradients, portable_state, step_oracle, steps, watch

ONCE = ("linear", "conv", "linear", "batch_norm", "linear", "embedding", "linear", "lstm")
KINDS = (*ONCE, "gru", *ONCE)
"""Layers to carry; every other one is linear, whose moments are transposed on the way with its weight.

One more between two rounds shifts them against the optimizers, so that a linear layer meets all of these.
"""


@st.composite
def carried_runs(draw: st.DrawFn) -> list[Sample]:
    """Layers and their optimizers in the middle of a run, in files of either framework, and the next gradients."""
    rng, epoch, lr = generator(draw(seeds)), draw(epochs_done), draw(powers_of_two)
    samples = []
    for layer in draw(optimized_layers(KINDS)):
        shapes = weight_shapes(layer["kind"], layer["sizes"])
        inputs = {
            **layer,
            "weights": {name: real(rng, shape) for name, shape in shapes.items()},
            "state": optimizer_arrays(rng, layer["optimizer"], shapes),
            "lr": lr,
            "epoch": epoch,
            "gradients": {name: real(rng, shape) for name, shape in shapes.items() if is_trainable(name)},
        }
        samples += [Sample({**inputs, "suffix": suffix}) for suffix in SUFFIXES]
    return samples


@contract(
    "checkpoint.carried",
    area="checkpoints",
    samples=carried_runs(),
    tensors=False,
    share=0.08,
    may_be_zero=("epoch",),
)
class carried:
    """A run goes on from a file of either framework: the next step is the one that the file's framework would take."""

    @staticmethod
    def torch(kind, sizes, weights, optimizer, state, lr, epoch, gradients, suffix):
        import tempfile
        from pathlib import Path

        import torch

        from conformance.transfer import from_torch, places
        from reference_impl.torch_impl.checkpoints import load
        from reference_impl.torch_impl.optimizers import learning_rate, make_optimizer, optimizer_state
        from reference_impl.torch_impl.schedules import make_schedule
        from reference_impl.torch_impl.training import trainable

        model = torch_layer(kind, sizes)
        updater = make_optimizer(optimizer["name"], trainable(model), 1.0, **optimizer["hyper"])
        schedule = make_schedule("exponential", updater, gamma=0.5)
        run = plain_run(weights, state, lr, epoch, [])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"other{suffix}"
            path.write_bytes(checkpoint_bytes(checkpoint_tree(run, suffix, places(model)), suffix))
            found = load(path, model, updater, schedule)
        for name, parameter in trainable(model):
            (parameter * torch.tensor(gradients[name])).sum().backward()
        updater.step()
        schedule.step()
        after = {name: array for name, array in from_torch(model).items() if not name.endswith(COUNTER)}
        kept = optimizer_state(updater, trainable(model))
        return {"epoch": found.epoch, "lr": learning_rate(updater), "weights": after, "state": kept}

    @staticmethod
    def paddle(kind, sizes, weights, optimizer, state, lr, epoch, gradients, suffix):
        import tempfile
        from pathlib import Path

        import paddle

        from conformance.transfer import from_paddle, optimizer_to_paddle, optimizer_to_portable, places
        from reference_impl.paddle_impl.checkpoints import load
        from reference_impl.paddle_impl.optimizers import learning_rate, make_optimizer, optimizer_state
        from reference_impl.paddle_impl.schedules import make_schedule
        from reference_impl.paddle_impl.training import trainable

        model = paddle_layer(kind, sizes)
        updater = make_optimizer(optimizer["name"], trainable(model), 1.0, **optimizer["hyper"])
        schedule = make_schedule("exponential", updater, gamma=0.5)
        run = plain_run(weights, state, lr, epoch, [])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"other{suffix}"
            path.write_bytes(checkpoint_bytes(checkpoint_tree(run, suffix, places(model)), suffix))
            found = load(path, model, updater, schedule)
        laid_out = optimizer_to_paddle({name: {"": array} for name, array in gradients.items()}, places(model))
        for name, parameter in trainable(model):
            (parameter * paddle.to_tensor(laid_out[name][""])).sum().backward()
        updater.step()
        schedule.step()
        after = {name: array for name, array in from_paddle(model).items() if not name.endswith(COUNTER)}
        kept = optimizer_to_portable(optimizer_state(updater, trainable(model), own_units=True), places(model))
        return {"epoch": found.epoch, "lr": learning_rate(updater), "weights": after, "state": kept}

    @staticmethod
    def oracle(kind, sizes, weights, optimizer, state, lr, epoch, gradients, suffix) -> dict[str, Acceptance]:
        step = find(f"optim.{optimizer['name']}").oracle
        return carried_oracle(weights, optimizer, state, lr, epoch, gradients, step)

    @staticmethod
    def variant_own_arithmetic(kind, sizes, weights, optimizer, state, lr, epoch, gradients, suffix):
        """The step of paddle's own Adam, AdamW and RMSProp."""
        law = find(f"optim.{optimizer['name']}")
        step = law.variants.get("eps_inside") or law.variants.get("float32_betas") or law.oracle
        return carried_oracle(weights, optimizer, state, lr, epoch, gradients, step)


def carried_oracle(weights, optimizer, state, lr, epoch, gradients, step) -> dict[str, Acceptance]:
    """What the run has after one step by ``step``, the oracle of an optimizer's contract."""
    accepted = {
        "epoch": accuracy.exact(epoch),
        "lr": accuracy.exact(lr * 0.5 ** (epoch + 1), "float64"),
        **{f"weights.{name}": accuracy.exact(array) for name, array in weights.items() if not is_trainable(name)},
    }
    hyper = {"eps": 1e-8, "weight_decay": 0.0, **optimizer["hyper"], "lr": lr * 0.5**epoch}
    if optimizer["name"] in ("sgd", "momentum"):
        del hyper["eps"]
    for name, gradient in gradients.items():
        after = step(weights[name], gradient[None], state.get(name, {}), hyper)
        for quantity, acceptance in after.items():
            accepted[f"weights.{name}" if quantity == "parameter" else f"state.{name}.{quantity}"] = acceptance
    return accepted


def next_steps() -> st.SearchStrategy[list[Sample]]:
    """A training step of the CNN with a warm Adam, which has most to lose, from a file of either framework."""
    warm = steps(("adam",), (True,))
    return warm.map(lambda sample: [Sample({**sample.inputs, "suffix": suffix}) for suffix in SUFFIXES])


@contract("checkpoint.next_step", area="checkpoints", samples=next_steps(), tensors=False, conditioned=True, share=0.04)
class next_step:
    """The CNN's training step after a checkpoint of either framework is the step of the run that was saved."""

    @staticmethod
    def torch(images, labels, relu, weights, penalties, optimizer, state, suffix):
        import tempfile
        from pathlib import Path

        import torch

        from conformance.transfer import from_torch, places
        from reference_impl.torch_impl.checkpoints import load
        from reference_impl.torch_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.torch_impl.training import train_step, trainable

        model = torch_cnn(relu)
        parameters = trainable(model)
        updater = make_optimizer(optimizer["name"], parameters, **{**optimizer["hyper"], "lr": 1.0})
        run = plain_run(weights, state, optimizer["hyper"]["lr"], 0, [])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"other{suffix}"
            path.write_bytes(checkpoint_bytes(checkpoint_tree(run, suffix, places(model)), suffix))
            load(path, model, updater)
        seen = watch(model, "register_forward_hook")
        result = train_step(model, updater, torch.tensor(images), torch.tensor(labels), **penalties)
        gradients = {name: parameter.grad for name, parameter in parameters}
        after = optimizer_state(updater, parameters)
        return {**seen(), **result, "gradient": gradients, "parameter": from_torch(model), "state": after}

    @staticmethod
    def paddle(images, labels, relu, weights, penalties, optimizer, state, suffix):
        import tempfile
        from pathlib import Path

        import paddle

        from conformance.transfer import from_paddle, places
        from reference_impl.paddle_impl.checkpoints import load
        from reference_impl.paddle_impl.optimizers import make_optimizer, optimizer_state
        from reference_impl.paddle_impl.training import train_step, trainable

        model = paddle_cnn(relu)
        parameters = trainable(model)
        updater = make_optimizer(optimizer["name"], parameters, **{**optimizer["hyper"], "lr": 1.0})
        run = plain_run(weights, state, optimizer["hyper"]["lr"], 0, [])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"other{suffix}"
            path.write_bytes(checkpoint_bytes(checkpoint_tree(run, suffix, places(model)), suffix))
            load(path, model, updater)
        seen = watch(model, "register_forward_post_hook")
        result = train_step(model, updater, paddle.to_tensor(images), paddle.to_tensor(labels), **penalties)
        gradients = portable_gradients(parameters)
        after = portable_state(optimizer_state(updater, parameters))
        return {**seen(), **result, "gradient": gradients, "parameter": from_paddle(model), "state": after}

    @staticmethod
    def oracle(images, labels, relu, weights, penalties, optimizer, state, suffix, observed):
        return step_oracle(images, labels, relu, weights, penalties, optimizer, state, observed)

    @staticmethod
    def variant_float32_betas(images, labels, relu, weights, penalties, optimizer, state, suffix, observed):
        options = FLOAT32_BETAS if optimizer["name"] == "adam" else {}
        return step_oracle(images, labels, relu, weights, penalties, optimizer, state, observed, **options)
