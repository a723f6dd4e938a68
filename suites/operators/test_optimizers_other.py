"""Optimizers that differ by more than an update rule: L-BFGS, which calls its loss itself, and averaged gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.number_formats import computed_in
from conformance.quantity import acceptance, scaled
from conformance.strategies import array_shapes, generator, seeds
from reference_impl.oracle.quasi_newton import lbfgs
from suites.support.optimizer_laws import Run, absent, expected
from suites.support.optimizer_runs import (
    paddle_gradients,
    paddle_optimizer,
    paddle_weights,
    torch_gradients,
    torch_optimizer,
    torch_run,
    torch_weights,
)
from suites.support.optimizer_samples import runs

AREA = "optimizers"
TOLERANCE = 1e-6
EVALUATIONS = 200
"""More than any run takes: by default it is a quarter more than the iterations, which ends a short run early."""


@contract("optimizer.asgd", area=AREA, samples=runs("asgd"), tensors=False, share=0.15, covers=("optim.ASGD",))
class asgd(Run):
    """ASGD without averaging is SGD."""

    note = (
        "ASGD names two methods: torch averages parameters (lambd, alpha and t0 say how), paddle the gradients of the "
        "last batch_num batches. With lambd=0 and alpha=0, and batch_num=1, both are SGD."
    )

    @staticmethod
    def torch(name, parameters, gradients, options, second, rates):
        weights = torch_weights(parameters)
        optimizer = torch_optimizer(name, weights, {**options, "lambd": 0.0, "alpha": 0.0}, second)
        return torch_run(optimizer, weights, gradients, {})

    variant_absent = staticmethod(absent)

    @staticmethod
    def variant_float32_rate(name, parameters, gradients, options, second, rates):
        """The rate is kept in float32 whatever the parameters are."""
        return expected(name, parameters, gradients, options, second, rates, rounded=("lr",))


def parabolas(searched: bool) -> st.SearchStrategy[list[Sample]]:
    """Sums of squares with weights between 1 and 4, from a random start, over two parameters."""

    def make(seed: int, sizes: tuple[int, int], lr: float, calls: tuple[int, ...], history: int | None) -> list[Sample]:
        rng, samples = generator(seed), []
        for dtype in ("float64", "float32"):
            draw = [
                [
                    np.asarray(array, dtype)
                    for array in (rng.standard_normal(n), rng.standard_normal(n), rng.uniform(1, 4, n))
                ]
                for n in sizes
            ]
            start, target, weight = (list(each) for each in zip(*draw, strict=True))
            inputs = {"start": start, "target": target, "weight": weight, "lr": lr, "calls": calls}
            samples.append(Sample(inputs if searched else {**inputs, "history": history}))
            if searched:
                break
        return samples

    sizes = st.tuples(st.integers(3, 6), st.integers(3, 40))
    calls = st.just((40,)) if searched else st.sampled_from(((1,), (2,), (4,), (1, 1), (2, 2), (1, 3)))
    rates = st.just(1.0) if searched else st.sampled_from((1.0, 0.5))
    return st.builds(make, seeds, sizes, rates, calls, st.sampled_from((None, 1, 2)))


def loss_of(weights, target, weight, tensor: Any) -> Any:
    """The sum of weighted squares."""
    return sum(
        ((each - tensor(goal)) ** 2 * tensor(factor)).sum()
        for each, goal, factor in zip(weights, target, weight, strict=True)
    )


def torch_lbfgs(start, target, weight, calls, **options) -> dict[str, Any]:
    """Calls of ``step``, of so many iterations each."""
    import torch

    weights = torch_weights(start)
    optimizer = torch.optim.LBFGS(weights, max_iter=calls[0], max_eval=EVALUATIONS, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = loss_of(weights, target, weight, torch.tensor)
        loss.backward()
        return loss

    for count in calls:
        optimizer.param_groups[0]["max_iter"] = count
        optimizer.step(closure)
    return {f"parameter.{place}": each for place, each in enumerate(weights)}


def paddle_lbfgs(start, target, weight, calls, **options) -> dict[str, Any]:
    """As :func:`torch_lbfgs`."""
    import paddle

    weights = paddle_weights(start)
    optimizer = paddle.optimizer.LBFGS(parameters=weights, max_iter=calls[0], max_eval=EVALUATIONS, **options)

    def closure() -> Any:
        optimizer.clear_grad()
        loss = loss_of(weights, target, weight, paddle.to_tensor)
        loss.backward()
        return loss

    for count in calls:
        optimizer.max_iter = count
        optimizer.step(closure)
    return {f"parameter.{place}": each for place, each in enumerate(weights)}


@contract("optimizer.lbfgs", area=AREA, samples=parabolas(False), tensors=False, share=0.2, covers=("optim.LBFGS",))
class lbfgs_steps:
    """Iterations of L-BFGS without a line search go by the two-loop recursion, over several calls too."""

    @staticmethod
    def torch(start, target, weight, lr, calls, history):
        kept = {} if history is None else {"history_size": history}
        return torch_lbfgs(start, target, weight, calls, lr=lr, tolerance_grad=0.0, tolerance_change=0.0, **kept)

    @staticmethod
    def paddle(start, target, weight, lr, calls, history):
        kept = {} if history is None else {"history_size": history}
        tolerances = {"tolerance_grad": 0.0, "tolerance_change": 0.0}
        return paddle_lbfgs(start, target, weight, calls, learning_rate=lr, **tolerances, **kept)

    @staticmethod
    def oracle(start, target, weight, lr, calls, history):
        dtype, cuts = str(start[0].dtype), np.cumsum([len(each) for each in start])[:-1]
        goal, factor = np.concatenate(target), np.concatenate(weight)
        with computed_in(dtype):
            gradient = lambda point: scaled((point - goal) * factor, 2.0, 3)
            last = lbfgs(np.concatenate(start), gradient, lr, sum(calls), history or 100)[-1]
            found = acceptance(last, dtype, dtype)
        pieces = zip(np.split(found.value, cuts), np.split(found.bound, cuts), strict=True)
        return {
            f"parameter.{place}": Acceptance(value, bound, dtype=dtype) for place, (value, bound) in enumerate(pieces)
        }


@contract(
    "optimizer.lbfgs_searched", area=AREA, samples=parabolas(True), tensors=False, share=0.15, covers=("optim.LBFGS",)
)
class lbfgs_searched:
    """L-BFGS with the line search of Wolfe's strong conditions reaches the minimum of a parabola, to the tolerance."""

    @staticmethod
    def torch(start, target, weight, lr, calls):
        options = {"tolerance_grad": TOLERANCE, "tolerance_change": 0.0, "line_search_fn": "strong_wolfe"}
        return torch_lbfgs(start, target, weight, calls, lr=lr, **options)

    @staticmethod
    def paddle(start, target, weight, lr, calls):
        options = {"tolerance_grad": TOLERANCE, "tolerance_change": 0.0, "line_search_fn": "strong_wolfe"}
        return paddle_lbfgs(start, target, weight, calls, learning_rate=lr, **options)

    @staticmethod
    def oracle(start, target, weight, lr, calls):
        pairs = enumerate(zip(target, weight, strict=True))
        return {
            f"parameter.{place}": Acceptance(goal, TOLERANCE / (2.0 * factor) + 1e-15, dtype="float64")
            for place, (goal, factor) in pairs
        }


@st.composite
def clearings(draw: st.DrawFn) -> list[Sample]:
    """Gradients that are cleared to nothing or to zeros, for one parameter that has one and one that has none."""
    rng, shape = generator(draw(seeds)), draw(array_shapes(4, 2, share=0.2))
    inputs = {"name": draw(st.sampled_from(("sgd", "adam"))), "gradient": rng.standard_normal(shape).astype("f4")}
    return [Sample({**inputs, "to_zero": to_zero}) for to_zero in (True, False)]


@contract(
    "optimizer.zero_grad",
    area=AREA,
    samples=clearings(),
    tensors=False,
    share=0.2,
    covers=("optim.zero_grad",),
    may_be_zero=("left",),
)
class zero_grad:
    """Clearing leaves zeros or no gradient, as it is told, and a parameter without a gradient stays without."""

    note = "Torch's zero_grad(set_to_none=True) is the default; paddle's is clear_grad(set_to_zero=True)."

    @staticmethod
    def torch(name, gradient, to_zero):
        weights = torch_weights([np.ones_like(gradient), np.ones(2, np.float32)])
        optimizer = torch_optimizer(name, weights, {"lr": 0.1}, None)
        torch_gradients(weights[:1], [gradient])
        optimizer.zero_grad(set_to_none=not to_zero)
        left = {"left": weights[0].grad} if weights[0].grad is not None else {}
        return {**left, "gone": [each.grad is None for each in weights]}

    @staticmethod
    def paddle(name, gradient, to_zero):
        weights = paddle_weights([np.ones_like(gradient), np.ones(2, np.float32)])
        optimizer = paddle_optimizer(name, weights, {"lr": 0.1}, None)
        paddle_gradients(weights[:1], [gradient])
        optimizer.clear_grad(set_to_zero=to_zero)
        left = {"left": weights[0].grad} if weights[0].grad is not None else {}
        return {**left, "gone": [each.grad is None for each in weights]}

    @staticmethod
    def oracle(name, gradient, to_zero):
        left = {"left": accuracy.exact(np.zeros_like(gradient), signed=False)} if to_zero else {}
        return {**left, "gone.0": accuracy.exact(not to_zero), "gone.1": accuracy.exact(True)}
