"""Data-parallel training on two processes equals training on one: DistributedDataParallel and paddle.DataParallel."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.dtypes import name_of
from conformance.lanes.ranks import on_ranks
from conformance.quantity import quantity
from suites.support.networks_in_parallel import (
    LEARNING_RATE,
    Formula,
    batches,
    drawn,
    gradients_of,
    mean,
    paddle_network,
    torch_network,
)
from suites.support.networks_in_parallel import stepped_by_paddle as by_paddle
from suites.support.networks_in_parallel import stepped_by_torch as by_torch
from suites.support.processes import RANKS, by_rank, formula, law, samples

DTYPES = ("float32", "float64")
ROWS = st.tuples(st.integers(1, 4), st.integers(1, 4))
FROZEN = st.sampled_from((None, None, "first", "shift", "scale"))
COVERS = ("nn.DataParallel", "distributed")


def steps() -> Any:
    cases = st.fixed_dictionaries(
        {
            "inner": st.sampled_from((1, 2, 5, 64)),
            "rows": st.lists(ROWS, min_size=1, max_size=3),
            "frozen": FROZEN,
            "buckets": st.sampled_from(("default", "small", "views", "static")),
        }
    )

    def make(fill, case):
        return {
            "parameters": drawn(fill, case["inner"]),
            "given": [batches(fill, rows) for rows in case["rows"]],
            "frozen": case["frozen"],
            "buckets": case["buckets"],
        }

    return samples(DTYPES, make, cases)


@law(
    "processes.step",
    samples=steps(),
    share=0.4,
    covers=COVERS,
)
class step:
    """Steps on two processes use the mean of both gradients, each of its own batch, however many rows it has."""

    note = (
        "DataParallel of paddle is DistributedDataParallel of torch; torch's own DataParallel has one process. Both "
        "take the mean over processes, not over rows: with unequal last batches rows of the shorter one count more. "
        "comm_buffer_size of paddle is bucket_cap_mb of torch, which also has gradient_as_bucket_view and static_graph."
    )

    @staticmethod
    @on_ranks("torch")
    def torch(rank, parameters, given, frozen, buckets):
        import torch

        options: dict[str, Any]
        options = {"small": {"bucket_cap_mb": 1e-5}, "views": {"gradient_as_bucket_view": True}}
        network = torch_network(parameters, (frozen,))
        wrapped = torch.nn.parallel.DistributedDataParallel(
            network, static_graph=buckets == "static", **options.get(buckets, {})
        )
        optimizer = torch.optim.SGD([each for each in network.parameters() if each.requires_grad], lr=LEARNING_RATE)
        found = {}
        for place, both in enumerate(given):
            optimizer.zero_grad()
            by_torch(wrapped, network, both[rank])
            found[place] = gradients_of(network)
            optimizer.step()
        return {"steps": found, "parameters": dict(network.named_parameters())}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, parameters, given, frozen, buckets):
        import paddle

        options = {"comm_buffer_size": 0.00001, "last_comm_buffer_size": 0.00001} if buckets == "small" else {}
        network = paddle_network(parameters, (frozen,))
        wrapped = paddle.DataParallel(network, **options)
        trained = [each for each in network.parameters() if not each.stop_gradient]
        optimizer = paddle.optimizer.SGD(LEARNING_RATE, parameters=trained)
        found = {}
        for place, both in enumerate(given):
            optimizer.clear_grad()
            by_paddle(wrapped, network, both[rank])
            found[place] = gradients_of(network)
            optimizer.step()
        return {"steps": found, "parameters": dict(network.named_parameters())}

    @staticmethod
    def oracle(parameters, given, frozen, buckets):
        def computed():
            at = Formula(parameters, (frozen,))
            found = {}
            for place, both in enumerate(given):
                gradients = mean([at.gradients(batch) for batch in both])
                found.update({f"steps.{place}.gradient.{name}": each for name, each in gradients.items()})
                at.step(gradients)
            return {**found, **{f"parameters.{name}": each for name, each in at.parameters.items()}}

        return by_rank([formula(name_of(parameters["first"].dtype), computed)] * RANKS)


NAMES = ("first", "shift", "scale", "second", "other")
WAYS = ("both", "long", "short")


def ways() -> Any:
    each = st.sampled_from(WAYS)
    cases = st.fixed_dictionaries(
        {"inner": st.sampled_from((1, 3)), "ways": st.lists(st.tuples(each, each), min_size=1, max_size=3)}
    )

    def make(fill, case):
        return {
            "parameters": drawn(fill, case["inner"]),
            "given": [batches(fill, (2, 1)) for _ in case["ways"]],
            "ways": [list(both) for both in case["ways"]],
        }

    return samples(DTYPES, make, cases)


@law(
    "processes.unused_parameters",
    samples=ways(),
    share=0.4,
    may_be_zero=tuple(
        f"rank{rank}.steps.{place}.gradient.{name}" for rank in range(RANKS) for place in range(3) for name in NAMES
    ),
    covers=COVERS,
)
class unused_parameters:
    """With find_unused_parameters, a parameter that one process did not use has half the other's gradient.

    One that none has used has no gradient, or one of 0. The parameters in use differ from step to step.
    """

    @staticmethod
    @on_ranks("torch")
    def torch(rank, parameters, given, ways):
        import torch

        network = torch_network(parameters)
        wrapped = torch.nn.parallel.DistributedDataParallel(network, find_unused_parameters=True)
        found = {}
        for place, both in enumerate(given):
            network.zero_grad()
            by_torch(wrapped, network, both[rank], ways[place][rank])
            found[place] = gradients_of(network, or_zeros=True)
        return {"steps": found}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, parameters, given, ways):
        import paddle

        network = paddle_network(parameters)
        wrapped = paddle.DataParallel(network, find_unused_parameters=True)
        found = {}
        for place, both in enumerate(given):
            network.clear_gradients()
            by_paddle(wrapped, network, both[rank], ways[place][rank])
            found[place] = gradients_of(network, or_zeros=True)
        return {"steps": found}

    @staticmethod
    def oracle(parameters, given, ways):
        def computed():
            at = Formula(parameters)
            found = {}
            for place, both in enumerate(given):
                gradients = {name: quantity(np.zeros(each.shape)) for name, each in at.parameters.items()}
                gradients |= mean([at.gradients(*each) for each in zip(both, ways[place], strict=True)])
                found.update({f"steps.{place}.gradient.{name}": each for name, each in gradients.items()})
            return found

        return by_rank([formula(name_of(parameters["first"].dtype), computed)] * RANKS)


def plans() -> Any:
    cases = st.fixed_dictionaries(
        {
            "inner": st.sampled_from((1, 3)),
            "frozen": FROZEN,
            "plan": st.lists(st.booleans(), min_size=1, max_size=4),
        }
    )

    def make(fill, case):
        rows = (2, 1)
        return {
            "parameters": drawn(fill, case["inner"]),
            "given": [batches(fill, rows) for _ in case["plan"]],
            "plan": case["plan"],
            "frozen": case["frozen"],
        }

    return samples(DTYPES, make, cases)


def passes(by: Any, wrapped: Any, network: Any, rank: int, given: Any, plan: Any) -> dict[str, Any]:
    """Gradients after each pass, of which the plan says whether the processes exchange what they have."""
    found = {}
    for place, (both, exchanged) in enumerate(zip(given, plan, strict=True)):
        with contextlib.nullcontext() if exchanged else wrapped.no_sync():
            by(wrapped, network, both[rank])
        found[place] = gradients_of(network)
    return {"passes": found}


@law(
    "processes.accumulation",
    samples=plans(),
    share=0.4,
    covers=COVERS,
)
class accumulation:
    """Within no_sync each process adds up its own gradients; the next pass takes the mean of what all have added up."""

    @staticmethod
    @on_ranks("torch")
    def torch(rank, parameters, given, plan, frozen):
        import torch

        network = torch_network(parameters, (frozen,))
        return passes(by_torch, torch.nn.parallel.DistributedDataParallel(network), network, rank, given, plan)

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, parameters, given, plan, frozen):
        import paddle

        network = paddle_network(parameters, (frozen,))
        return passes(by_paddle, paddle.DataParallel(network), network, rank, given, plan)

    @staticmethod
    def oracle(parameters, given, plan, frozen):
        def computed(rank):
            at = Formula(parameters, (frozen,))
            sums: list[dict[str, Any]] = [{} for _ in range(RANKS)]
            found = {}
            for place, (both, exchanged) in enumerate(zip(given, plan, strict=True)):
                for each, batch in zip(sums, both, strict=True):
                    for name, gradient in at.gradients(batch).items():
                        each[name] = (each[name] + gradient.plain) if name in each else gradient.plain
                if exchanged:
                    sums = [mean(sums) for _ in sums]
                found.update({f"passes.{place}.gradient.{name}": each for name, each in sums[rank].items()})
            return found

        dtype = name_of(parameters["first"].dtype)
        return by_rank([formula(dtype, partial(computed, rank)) for rank in range(RANKS)])
