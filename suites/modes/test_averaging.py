"""What a run does around its averages of weights: statistics for them, and the rate at which it takes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds

AREA = "averaged weights"


@st.composite
def loaders(draw: st.DrawFn) -> list[Sample]:
    """Batches of unequal lengths for two batch norms, one of which is frozen."""
    rng = generator(draw(seeds))
    lengths = draw(st.lists(st.integers(2, 5), min_size=1, max_size=4))
    batches = [(2.0 * rng.standard_normal((length, 2)) + 1.0).astype("f4") for length in lengths]
    return [
        Sample({"batches": batches, "momentum": momentum, "training": training, "frozen": frozen})
        for momentum, training, frozen in ((0.25, True, False), (0.25, False, False), (0.5, True, True))
    ]


@contract("average.update_bn", area=AREA, samples=loaders(), tensors=False, share=0.12, may_be_zero=("modes",))
class update_bn:
    """Statistics for averaged weights are the mean of the batches' own; momentum and each layer's mode come back."""

    note = (
        "torch's swa_utils.update_bn has no counterpart in paddle: the program runs the batches with a momentum each."
    )

    @staticmethod
    def torch(batches, momentum, training, frozen):
        import torch
        from torch.optim.swa_utils import update_bn as update

        layer = torch.nn.BatchNorm1d(2, momentum=momentum)
        model = torch.nn.Sequential(layer, torch.nn.Dropout(0.5)).train(training)
        if frozen:
            layer.eval()
        update([torch.tensor(batch) for batch in batches], model)
        found = {"mean": layer.running_mean, "variance": layer.running_var, "momentum": layer.momentum}
        return {**found, "modes": [model.training, layer.training, model[1].training]}

    @staticmethod
    def paddle(batches, momentum, training, frozen):
        import paddle

        layer = paddle.nn.BatchNorm1D(2, momentum=1.0 - momentum)
        model = paddle.nn.Sequential(layer, paddle.nn.Dropout(0.5))
        (model.train if training else model.eval)()
        if frozen:
            layer.eval()
        modes, before = [each.training for each in (model, layer, model[1])], layer._momentum
        model.train()
        for place, batch in enumerate(batches):
            layer._momentum = place / (place + 1)
            model(paddle.to_tensor(batch))
        layer._momentum = before
        for each, mode in zip((model, layer, model[1]), modes, strict=True):
            each.training = mode
        found = {"mean": layer._mean, "variance": layer._variance, "momentum": 1.0 - layer._momentum}
        return {**found, "modes": [model.training, layer.training, model[1].training]}

    @staticmethod
    def oracle(batches, momentum, training, frozen, correction=1, restored=True):
        rows = [batch.astype("f8") for batch in batches]
        size = max(float(np.abs(batch).max()) for batch in rows)
        unit = accuracy.U * (4 * len(rows) + max(map(len, rows)) + 4)
        modes = (training, training and not frozen, training) if restored else (training,) * 3
        return {
            "mean": Acceptance(np.mean([batch.mean(0) for batch in rows], 0), unit * size, dtype="float32"),
            "variance": Acceptance(
                np.mean([batch.var(0, ddof=correction) for batch in rows], 0), 8 * unit * size * size, dtype="float32"
            ),
            "momentum": accuracy.exact(momentum, "float64"),
            **{f"modes.{place}": accuracy.exact(mode) for place, mode in enumerate(modes)},
        }

    @staticmethod
    def variant_biased(batches, momentum, training, frozen):
        """Running variances are those of the batches, with no correction for their means."""
        return update_bn.oracle(batches, momentum, training, frozen, correction=0)

    @staticmethod
    def variant_compiled_momentum(batches, momentum, training, frozen):
        """A compiled layer keeps the momentum that it had when it first saw a batch of that length."""
        found = update_bn.oracle(batches, momentum, training, frozen, correction=0)
        lengths = [len(batch) for batch in batches]
        mean, variance = np.zeros(2), np.ones(2)
        for length, batch in zip(lengths, batches, strict=True):
            first = lengths.index(length)
            kept, rows = first / (first + 1), batch.astype("f8")
            mean = kept * mean + (1 - kept) * rows.mean(0)
            variance = kept * variance + (1 - kept) * rows.var(0)
        found["mean"] = Acceptance(mean, 2 * found["mean"].bound, dtype="float32")
        found["variance"] = Acceptance(variance, 2 * found["variance"].bound, dtype="float32")
        return found

    @staticmethod
    def variant_thawed(batches, momentum, training, frozen):
        """A layer in evaluation mode trains on, as the model around it does."""
        return update_bn.oracle(batches, momentum, training, frozen, restored=False)


@st.composite
def annealings(draw: st.DrawFn) -> list[Sample]:
    """Rates that go over into a constant one, saved on the way."""
    epochs = draw(st.integers(0, 5))
    return [
        Sample(
            {
                "rate": draw(st.sampled_from((0.5, 0.1, 0.01))),
                "last": draw(st.sampled_from((0.05, 0.001, 0.25))),
                "strategy": strategy,
                "epochs": epochs,
                "stop": draw(st.integers(1, epochs + 2)),
            }
        )
        for strategy in ("linear", "cos")
    ]


@contract("average.rates", area=AREA, samples=annealings(), tensors=False, share=0.2)
class rates:
    """The rate goes to that of averaging in a line or half a cosine and stays, also where a saved run goes on."""

    note = "torch's swa_utils.SWALR is paddle's LambdaDecay of the same formula."

    @staticmethod
    def torch(rate, last, strategy, epochs, stop):
        import torch
        from torch.optim.swa_utils import SWALR

        def start() -> Any:
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=rate)
            return optimizer, SWALR(optimizer, swa_lr=last, anneal_epochs=epochs, anneal_strategy=strategy)

        found: list[float] = []
        optimizer, scheduler = start()
        for step in range(epochs + 3):
            if step == stop:
                states = optimizer.state_dict(), scheduler.state_dict()
                optimizer, scheduler = start()
                optimizer.load_state_dict(states[0])
                scheduler.load_state_dict(states[1])
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return {"rates": np.array(found)}

    @staticmethod
    def paddle(rate, last, strategy, epochs, stop):
        import paddle

        def start() -> Any:
            return paddle.optimizer.lr.LambdaDecay(
                rate, lambda epoch: _rate(rate, last, strategy, epochs, epoch) / rate
            )

        found: list[float] = []
        scheduler = start()
        for step in range(epochs + 3):
            if step == stop:
                state, scheduler = scheduler.state_dict(), start()
                scheduler.set_state_dict(state)
            found.append(scheduler())
            scheduler.step()
        return {"rates": np.array(found)}

    @staticmethod
    def oracle(rate, last, strategy, epochs, stop):
        numbers = np.array([_rate(rate, last, strategy, epochs, step) for step in range(epochs + 3)])
        # Each step finds the first rate again from the rate before it, which divides by the share that is left.
        left = min((1 - _share(strategy, epochs, step) for step in range(1, epochs)), default=1.0)
        bound = 16 * (epochs + 1) * 2.0**-53 * (rate + last) / left
        return {"rates": Acceptance(numbers, bound, dtype="float64")}


def _share(strategy: str, epochs: int, epoch: int) -> float:
    part = min(1.0, epoch / max(1, epochs)) if epochs else 1.0
    return part if strategy == "linear" else (1.0 - math.cos(math.pi * part)) / 2.0


def _rate(rate: float, last: float, strategy: str, epochs: int, epoch: int) -> float:
    share = _share(strategy, epochs, epoch)
    return share * last + (1.0 - share) * rate
