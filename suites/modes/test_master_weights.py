"""Weights in bfloat16 whose steps are too small for it: a copy in float32 takes them, and is rounded once."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, integers, seeds
from suites.support.lower_formats import to_bfloat16

AREA = "mixed precision"
CLASSES = {"sgd": "SGD", "rprop": "Rprop"}
"""Optimizers of which paddle's CPU has a kernel in bfloat16 that takes masters."""


@st.composite
def small_steps(draw: st.DrawFn) -> list[Sample]:
    """Weights of bfloat16 and steps of a fraction of their spacing: float32 holds every number on the way."""
    rng = generator(draw(seeds))
    samples = []
    for name, masters in (("sgd", True), ("sgd", False), ("rprop", True)):
        decay = draw(st.sampled_from((0.0, 0.0, 0.5))) if name == "sgd" else 0.0
        steps = 2 if decay else draw(st.integers(2, 6))
        inputs = {
            "start": (integers(rng, (4,), 8) + 0.5) / 4,
            "gradients": integers(rng, (steps, 4), 8),
            "rate": draw(st.sampled_from((2.0**-10, 2.0**-11))) if not decay else 2.0**-7,
            "decay": decay,
        }
        samples.append(Sample({"name": name, "masters": masters, **inputs}, EXACT))
    return samples


@contract("master_weights.steps", area=AREA, samples=small_steps(), tensors=False, share=0.15)
class steps:
    """With masters a weight in bfloat16 is the float32 weight of the same steps, rounded once; without, at each step.

    The state that is saved holds the float32 weight, from which a resumed run goes on.
    """

    note = (
        "Paddle's multi_precision=True keeps float32 masters; torch has no such option, and a program steps a float32 "
        "copy. On a CPU paddle has kernels of bfloat16 for SGD and Rprop alone."
    )

    @staticmethod
    def torch(name, masters, start, gradients, rate, decay):
        import torch

        weight = torch.nn.Parameter(torch.tensor(start).bfloat16())
        stepped = torch.nn.Parameter(weight.detach().float()) if masters else weight
        options = {"etas": (0.5, 2.0)} if name == "rprop" else {"weight_decay": decay}
        optimizer = getattr(torch.optim, CLASSES[name])([stepped], lr=rate, **options)
        trace = []
        for row in gradients:
            weight.grad = None
            (weight * torch.tensor(row).bfloat16()).sum().backward()
            stepped.grad = weight.grad.to(stepped.dtype)
            optimizer.step()
            weight.data.copy_(stepped.data)
            trace.append(weight.detach().float())
        found = {"last": weight.detach(), "trace": torch.stack(trace)}
        return {**found, "master": stepped.detach()} if masters else found

    @staticmethod
    def paddle(name, masters, start, gradients, rate, decay):
        import paddle

        zeros = paddle.nn.initializer.Constant(0.0)
        weight = paddle.create_parameter(start.shape, "bfloat16", default_initializer=zeros)
        weight.set_value(paddle.to_tensor(start).astype("bfloat16"))
        options = {"etas": (0.5, 2.0)} if name == "rprop" else {"weight_decay": decay or None}
        optimizer = getattr(paddle.optimizer, CLASSES[name])(
            rate, parameters=[weight], multi_precision=masters, **options
        )
        trace = []
        for row in gradients:
            optimizer.clear_grad()
            (weight * paddle.to_tensor(row).astype("bfloat16")).sum().backward()
            optimizer.step()
            trace.append(weight.astype("float32").detach())
        found = {"last": weight.detach(), "trace": paddle.stack(trace)}
        saved = optimizer.state_dict().get("master_weights", {})
        return {**found, "master": saved[weight.name]} if masters else found

    @staticmethod
    def oracle(name, masters, start, gradients, rate, decay):
        return _accepted(name, masters, start, gradients, rate, decay, kept=masters)

    @staticmethod
    def variant_standing_masters(name, masters, start, gradients, rate, decay):
        """The masters stay as they began, and the weights are rounded at each step."""
        return _accepted(name, masters, start, gradients, rate, decay, kept=False)

    @staticmethod
    def variant_cut_off(name, masters, start, gradients, rate, decay):
        """As :meth:`variant_standing_masters`, and weights are cut off to bfloat16."""
        if name == "rprop":
            return Rejects("there is no such optimizer", error="module 'paddle.optimizer' has no attribute")
        return _accepted(name, masters, start, gradients, rate, decay, kept=False, cut_off=True)


def _accepted(
    name: str,
    masters: bool,
    start: np.ndarray,
    gradients: np.ndarray,
    rate: float,
    decay: float,
    kept: bool,
    cut_off: bool = False,
) -> dict[str, Acceptance]:
    """kept: steps go on from the float32 weight, and not from the rounded one."""
    exact = np.asarray(start, np.float64)
    size, previous, trace = np.full_like(exact, rate), np.zeros_like(exact), []
    for place, gradient in enumerate(gradients.astype("f8")):
        slope = gradient + decay * exact
        if not kept:
            slope = to_bfloat16(slope).astype("f8")
        if name == "rprop":
            turned = gradient * previous
            size = np.where(turned < 0, size * 0.5, np.where(turned > 0, size * 2.0, size)) if place else size
            slope = np.where(turned < 0, 0.0, gradient) if place else gradient
            previous = slope
            exact = exact - np.sign(slope) * size
        else:
            exact = exact - rate * slope
        rounded = to_bfloat16(exact.astype("f4"), cut_off)
        trace.append(rounded)
        if not kept:
            exact = rounded.astype("f8")
    found = {
        "last": Acceptance(trace[-1].astype("f8"), dtype="bfloat16"),
        "trace": Acceptance(np.stack(trace).astype("f8"), dtype="float32"),
    }
    if masters:
        found["master"] = Acceptance(exact if kept else start.astype("f8"), dtype="float32")
    return found


@contract(
    "master_weights.parameters",
    area=AREA,
    samples=st.integers(1, 4).map(
        lambda size: [Sample({"size": size, "dtype": dtype}) for dtype in ("float32", "float64", "bfloat16")]
    ),
    tensors=False,
    share=0.1,
)
class parameters:
    """A parameter may be made in each format that its framework computes in."""

    note = "Torch's Parameter(tensor) is paddle's create_parameter(shape, dtype)."

    @staticmethod
    def torch(size, dtype):
        import torch

        made = torch.nn.Parameter(torch.empty(size, dtype=getattr(torch, dtype)))
        return {"dtype": str(made.dtype).rpartition(".")[2], "size": made.numel()}

    @staticmethod
    def paddle(size, dtype):
        import paddle

        made = paddle.create_parameter([size], dtype)
        return {"dtype": str(made.dtype).rpartition(".")[2], "size": int(made.numel())}

    @staticmethod
    def oracle(size, dtype):
        return {"dtype": accuracy.exact(dtype), "size": accuracy.exact(size)}

    @staticmethod
    def variant_no_default(size, dtype):
        """For bfloat16 it has no default initializer, though its message lists this dtype among those that have."""
        if dtype == "bfloat16":
            return Rejects("no default initializer", error="Can not create parameter with default initializer")
        return parameters.oracle(size, dtype)
