"""What data-parallel processes begin with and keep alike: parameters, buffers, dtypes, and steps that overflow."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Sample
from conformance.dtypes import name_of
from conformance.lanes.ranks import on_ranks
from conformance.quantity import quantity
from conformance.strategies import generator, integers, seeds
from suites.support.networks_in_parallel import LEARNING_RATE
from suites.support.processes import RANKS, by_rank, filled, formula, law, same, samples, tensor

COVERS = ("nn.DataParallel", "distributed")
HELD = ("weight", "frozen", "number", "kept", "passing", "count", "flag")


def held() -> Any:
    def build(seed: int, shape: tuple[int, ...], dtype: str, other: str) -> Sample:
        rng = generator(seed)
        kinds = {"weight": dtype, "frozen": dtype, "kept": other, "passing": other, "count": "int64", "flag": "bool"}
        values = {name: [filled(rng, shape, kind, "normal") for _ in range(RANKS)] for name, kind in kinds.items()}
        values["number"] = [filled(rng, (), dtype, "normal") for _ in range(RANKS)]
        values["count"] = [np.asarray(each + 7 * rank) for rank, each in enumerate(values["count"])]
        return Sample({"values": values})

    dtypes = st.sampled_from(("float32", "float64", "bfloat16"))
    shapes = st.sampled_from(((1,), (3,), (2, 3), (300,)))
    return st.builds(build, seeds, shapes, dtypes, st.sampled_from(("float32", "float64", "bfloat16", "float16")))


@law(
    "processes.start",
    samples=held(),
    share=0.5,
    may_be_zero=tuple(f"rank{rank}.{name}" for rank in range(RANKS) for name in ("count", "flag")),
    covers=COVERS,
)
class start:
    """A data-parallel module begins with the parameters and buffers that rank 0 has, of every dtype."""

    @staticmethod
    @on_ranks("torch")
    def torch(rank, values):
        import torch

        module = torch.nn.Module()
        for name, each in values.items():
            given = tensor("torch", each[rank])
            if name in ("weight", "frozen", "number"):
                module.register_parameter(name, torch.nn.Parameter(given, requires_grad=name != "frozen"))
            else:
                module.register_buffer(name, given, persistent=name != "passing")
        wrapped = torch.nn.parallel.DistributedDataParallel(module)
        return {name: getattr(wrapped.module, name).detach() for name in HELD}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, values):
        import paddle

        layer = paddle.nn.Layer()
        for name, each in values.items():
            given = tensor("paddle", each[rank])
            if name in ("weight", "frozen", "number"):
                made = layer.create_parameter(given.shape, dtype=name_of(each[rank].dtype))
                made.set_value(given)
                made.stop_gradient = name == "frozen"
                layer.add_parameter(name, made)
            else:
                layer.register_buffer(name, given, persistable=name != "passing")
        paddle.DataParallel(layer)
        return {name: getattr(layer, name).detach() for name in HELD}

    @staticmethod
    def oracle(values):
        return by_rank([{name: same(values[name][0]) for name in HELD}] * RANKS)

    @staticmethod
    def variant_own_passing(values):
        found = [{name: same(values[name][0]) for name in HELD} for _ in range(RANKS)]
        return by_rank([{**each, "passing": same(values["passing"][rank])} for rank, each in enumerate(found)])


def running() -> Any:
    cases = st.fixed_dictionaries({"rows": st.integers(1, 3), "steps": st.integers(1, 3), "exchanged": st.booleans()})

    def make(fill, case):
        shape = (case["rows"], 2)
        return {
            "weight": fill((2,)),
            "running": fill((2,)),
            "given": [[fill(shape) for _ in range(RANKS)] for _ in range(case["steps"])],
            "exchanged": case["exchanged"],
        }

    return samples(("float32", "float64"), make, cases)


@law(
    "processes.buffers",
    samples=running(),
    share=0.4,
    covers=COVERS,
)
class buffers:
    """A running statistic is each process's own, or begins each step with rank 0's where buffers are broadcast."""

    note = (
        "DistributedDataParallel of torch sends rank 0's buffers before each step, unless broadcast_buffers is "
        "False; DataParallel of paddle does so when it is made alone: call paddle.distributed.broadcast for each."
    )

    @staticmethod
    @on_ranks("torch")
    def torch(rank, weight, running, given, exchanged):
        import torch

        class Statistic(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(tensor("torch", weight))
                self.register_buffer("running", tensor("torch", running))

            def forward(self, x: Any) -> Any:
                self.running.mul_(0.5).add_(x[0] * 0.5)
                return x * self.weight

        network = Statistic()
        wrapped = torch.nn.parallel.DistributedDataParallel(network, broadcast_buffers=exchanged)
        found = {}
        for place, both in enumerate(given):
            wrapped(tensor("torch", both[rank])).sum().backward()
            found[place] = network.running.clone()
        return {"running": found}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, weight, running, given, exchanged):
        import paddle

        class Statistic(paddle.nn.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.weight = self.create_parameter(list(weight.shape), dtype=weight.dtype.name)
                self.weight.set_value(tensor("paddle", weight))
                self.register_buffer("running", tensor("paddle", running))

            def forward(self, x: Any) -> Any:
                self.running.set_value(self.running * 0.5 + x[0] * 0.5)
                return x * self.weight

        network = Statistic()
        wrapped = paddle.DataParallel(network)
        found = {}
        for place, both in enumerate(given):
            if exchanged:
                for each in network.buffers():
                    paddle.distributed.broadcast(each, 0)
            wrapped(tensor("paddle", both[rank])).sum().backward()
            found[place] = network.running.clone()
        return {"running": found}

    @staticmethod
    def oracle(weight, running, given, exchanged):
        def computed(rank):
            found, at = {}, [quantity(running)] * RANKS
            for place, both in enumerate(given):
                begun = [at[0]] * RANKS if exchanged else at
                at = [each * 0.5 + quantity(x[0]) * 0.5 for each, x in zip(begun, both, strict=True)]
                found[f"running.{place}"] = at[rank]
            return found

        return by_rank([formula(weight.dtype.name, partial(computed, rank)) for rank in range(RANKS)])


def narrow() -> Any:
    cases = st.fixed_dictionaries({"shape": st.sampled_from(((), (), (3,), (2, 3), (500,)))})

    def make(fill, case):
        names = ("weight", "x", "upstream")
        weight, x, upstream = ([fill(case["shape"]) for _ in range(RANKS)] for _ in names)
        return {"weight": weight[0], "x": x, "upstream": upstream}

    return samples(("float32", "bfloat16", "float16", "float64"), make, cases, 4)


@law(
    "processes.formats",
    samples=narrow(),
    share=0.4,
    optional_dtypes=("bfloat16", "float16"),
    covers=COVERS,
)
class formats:
    """The mean of two gradients has the dtype and the shape of its parameter, in low precision and without axes too."""

    @staticmethod
    @on_ranks("torch")
    def torch(rank, weight, x, upstream):
        import torch

        class Scaled(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(tensor("torch", weight))

            def forward(self, x: Any) -> Any:
                return x * self.weight

        network = Scaled()
        wrapped = torch.nn.parallel.DistributedDataParallel(network)  # which must outlive the pass backward
        wrapped(tensor("torch", x[rank])).backward(tensor("torch", upstream[rank]))
        return {"gradient": network.weight.grad}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, weight, x, upstream):
        import paddle

        class Scaled(paddle.nn.Layer):
            def __init__(self) -> None:
                super().__init__()
                given = tensor("paddle", weight)
                self.weight = self.create_parameter(given.shape, dtype=name_of(weight.dtype))
                self.weight.set_value(given)

            def forward(self, x: Any) -> Any:
                return x * self.weight

        network = Scaled()
        wrapped = paddle.DataParallel(network)  # which must outlive the pass backward
        wrapped(tensor("paddle", x[rank])).backward(tensor("paddle", upstream[rank]))
        return {"gradient": network.weight.grad}

    @staticmethod
    def oracle(weight, x, upstream):
        def computed():
            one, other = (quantity(a) * quantity(b) for a, b in zip(x, upstream, strict=True))
            return {"gradient": (one + other) * 0.5}

        return by_rank([formula(name_of(weight.dtype), computed)] * RANKS)

    @staticmethod
    def variant_bfloat16_cut_off(weight, x, upstream):
        if name_of(weight.dtype) != "bfloat16":
            return formats.oracle(weight, x, upstream)
        one, other = (np.asarray(a, "f8") * np.asarray(b, "f8") for a, b in zip(x, upstream, strict=True))
        mean = np.asarray((one + other) / 2)
        bound = 2.0**-7 * (np.abs(one) / 2 + np.abs(other) / 2 + np.abs(mean)) + 2.0**-132
        return by_rank([{"gradient": Acceptance(mean, bound, dtype="bfloat16")}] * RANKS)


@st.composite
def overflowing(draw: st.DrawFn) -> Sample:
    """Gradients of small integers, of which one process's may be infinite in a step."""
    rng, count = generator(draw(seeds)), draw(st.integers(1, 4))
    gradients = integers(rng, (count, RANKS, 3), 8)
    for step in draw(st.lists(st.integers(0, count - 1), max_size=2)):
        gradients[step, draw(st.integers(0, RANKS - 1)), rng.integers(3)] = np.inf
    scale = draw(st.sampled_from((4.0, 1024.0)))
    return Sample({"weight": integers(rng, (3,), 8), "gradients": gradients, "scale": scale}, EXACT)


@law(
    "processes.loss_scaling",
    samples=overflowing(),
    share=0.5,
    may_be_zero=tuple(f"rank{rank}.skipped" for rank in range(RANKS)),
    covers=COVERS,
)
class loss_scaling:
    """A loss that is scaled gives the same steps; one that overflows on a single process is skipped by all."""

    note = "Paddle's GradScaler is not enabled on a CPU; there the loss is multiplied and the gradient divided by hand."

    @staticmethod
    @on_ranks("torch")
    def torch(rank, weight, gradients, scale):
        import torch

        class Row(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(tensor("torch", weight))

            def forward(self, x: Any) -> Any:
                return (x * self.weight).sum()

        network = Row()
        wrapped = torch.nn.parallel.DistributedDataParallel(network)
        optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
        scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=1000, backoff_factor=0.5)
        moved, scales = [], []
        for both in gradients:
            optimizer.zero_grad()
            scaler.scale(wrapped(tensor("torch", both[rank]))).backward()
            scaler.step(optimizer)
            scaler.update()
            moved.append(network.weight.detach().clone())
            scales.append(scaler.get_scale())
        return {"weight": torch.stack(moved), "skipped": np.diff(scales, prepend=scale) < 0}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, weight, gradients, scale):
        import paddle

        class Row(paddle.nn.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.weight = self.create_parameter(list(weight.shape))
                self.weight.set_value(tensor("paddle", weight))

            def forward(self, x: Any) -> Any:
                return (x * self.weight).sum()

        network = Row()
        wrapped = paddle.DataParallel(network)
        optimizer = paddle.optimizer.SGD(LEARNING_RATE, parameters=network.parameters())
        moved, skipped = [], []
        for both in gradients:
            optimizer.clear_grad()
            (wrapped(tensor("paddle", both[rank])) * scale).backward()
            finite = bool(paddle.isfinite(network.weight.grad).all())
            if finite:
                network.weight.grad.set_value(network.weight.grad / scale)
                optimizer.step()
            scale = scale if finite else scale / 2
            moved.append(network.weight.detach().clone())
            skipped.append(not finite)
        return {"weight": paddle.stack(moved), "skipped": np.array(skipped)}

    @staticmethod
    def oracle(weight, gradients, scale):
        at, moved, skipped = weight.astype("float64"), [], []
        for both in gradients.astype("float64"):
            finite = bool(np.isfinite(both).all())
            at = at - LEARNING_RATE * both.mean(0) if finite else at
            moved.append(at)
            skipped.append(not finite)
        return by_rank([{"weight": Acceptance(np.stack(moved)), "skipped": Acceptance(np.array(skipped))}] * RANKS)
