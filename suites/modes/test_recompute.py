"""Recomputation saves memory and changes nothing else: values, gradients, masks, and the random numbers after it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, integers, seeds

AREA = "recomputation"
PLACES, KEYWORD, TUPLE, CLOSURE, NUMBER, CUT, NESTED = (
    "places",
    "keyword",
    "tuple",
    "closure",
    "number",
    "cut",
    "nested",
)
EITHER_WAY = (PLACES, CLOSURE, NUMBER, NESTED)
"""Ways to give tensors that the reentrant form takes in both: it does not follow those in keywords or containers."""
WAYS = (*EITHER_WAY, KEYWORD, TUPLE, CUT)


@st.composite
def blocks(draw: st.DrawFn) -> list[Sample]:
    """A product behind dropout, of small integers, whose tensors are given in one way or another."""
    rng = generator(draw(seeds))
    rows, inner, columns = (draw(st.integers(1, 4)) for _ in range(3))
    cases = [(True, draw(st.sampled_from(EITHER_WAY))), (False, draw(st.sampled_from(WAYS))), (False, NESTED)]
    return [
        Sample(
            {
                "x": integers(rng, (rows, inner), 4),
                "weight": integers(rng, (inner, columns), 3),
                "way": way,
                "reentrant": reentrant,
                "rate": draw(st.sampled_from((0.5, 0.5, 0.0))),
                "seed": draw(st.integers(0, 2**31 - 1)),
            },
            EXACT,
        )
        for reentrant, way in cases
    ]


def run_block(again: Any, dropped: Any, x: Any, weight: Any, way: str) -> Any:
    """A block's result, in which ``again`` calls what is to be recomputed."""

    def block(x: Any, weight: Any, factor: int = 1, power: str = "square", nothing: Any = None) -> Any:
        product = dropped(x) @ weight
        return (product * product if power == "square" else product) * factor

    if way == KEYWORD:
        return again(block, x, weight=weight)
    if way == TUPLE:
        return again(lambda pair: block(*pair), (x, weight))
    if way == CLOSURE:
        return again(lambda x: block(x, weight), x)
    if way == NUMBER:
        return again(block, x, weight, 2, "plain", None)
    if way == NESTED:
        return again(lambda x, weight: again(block, x, weight) * 3, x, weight)
    return again(block, x, weight)


@contract(
    "recompute.gradients",
    area=AREA,
    samples=blocks(),
    tensors=False,
    conditioned=True,
    share=0.15,
    may_be_zero=("output", "gradient.x", "gradient.weight", "mask"),
    covers=("paddle.distributed.fleet.utils.recompute",),
)
class gradients:
    """A recomputed block has the value, gradients, mask and following random numbers of one that is kept."""

    note = "torch.utils.checkpoint.checkpoint is paddle.distributed.fleet.utils.recompute."

    @staticmethod
    def torch(x, weight, way, reentrant, rate, seed):
        import torch
        from torch.utils.checkpoint import checkpoint

        def run(again: Any) -> tuple[Any, ...]:
            torch.manual_seed(seed)
            given = torch.tensor(x, requires_grad=way != CUT), torch.tensor(weight, requires_grad=True)
            output = run_block(again, lambda x: torch.nn.functional.dropout(x, rate), *given, way)
            output.sum().backward()
            return output, [each.grad for each in given], torch.rand(3)

        _, _, plain = run(lambda function, *given, **named: function(*given, **named))
        output, found, after = run(
            lambda function, *given, **named: checkpoint(function, *given, use_reentrant=reentrant, **named)
        )
        torch.manual_seed(seed)
        mask = torch.nn.functional.dropout(torch.ones(x.shape), rate)
        gradients = {"gradient.weight": found[1]} if way == CUT else dict(zip(NAMES, found, strict=True))
        return {"output": output, **gradients, "mask": mask, "after": torch.equal(plain, after)}

    @staticmethod
    def paddle(x, weight, way, reentrant, rate, seed):
        import paddle
        from paddle.distributed.fleet.utils import recompute

        def run(again: Any) -> tuple[Any, ...]:
            paddle.seed(seed)
            given = paddle.to_tensor(x, stop_gradient=way == CUT), paddle.to_tensor(weight, stop_gradient=False)
            output = run_block(again, lambda x: paddle.nn.functional.dropout(x, rate), *given, way)
            output.sum().backward()
            return output, [each.grad for each in given], paddle.rand([3])

        _, _, plain = run(lambda function, *given, **named: function(*given, **named))
        output, found, after = run(
            lambda function, *given, **named: recompute(function, *given, use_reentrant=reentrant, **named)
        )
        paddle.seed(seed)
        mask = paddle.nn.functional.dropout(paddle.ones(x.shape), rate)
        gradients = {"gradient.weight": found[1]} if way == CUT else dict(zip(NAMES, found, strict=True))
        return {"output": output, **gradients, "mask": mask, "after": bool((plain == after).all())}

    @staticmethod
    def oracle(x, weight, way, reentrant, rate, seed, observed):
        kept = np.asarray(observed["mask"]) != 0 if "mask" in observed else np.ones(x.shape, bool)
        mask = kept / (1.0 - rate)
        product = (x * mask) @ weight.astype("f8")
        factor = {NUMBER: 2.0, NESTED: 3.0}.get(way, 1.0)
        slope = factor * (np.ones_like(product) if way == NUMBER else 2.0 * product)
        found = {
            "output": factor * (product if way == NUMBER else product * product),
            "gradient.x": slope @ weight.T * mask,
            "gradient.weight": (x * mask).T @ slope,
            "mask": mask,
        }
        if way == CUT:
            del found["gradient.x"]
        accepted = {name: Acceptance(value, dtype="float32") for name, value in found.items()}
        return {**accepted, "after": accuracy.exact(True)}

    @staticmethod
    def variant_one_pair_of_hooks(x, weight, way, reentrant, rate, seed, observed):
        """Without the reentrant form a block within a block is refused."""
        if way == NESTED and not reentrant:
            return Rejects("a block within a block", error="only one pair of hooks is allowed at a time")
        return gradients.oracle(x, weight, way, reentrant, rate, seed, observed)

    @staticmethod
    def variant_reentrant_on_cpu(x, weight, way, reentrant, rate, seed, observed):
        """On a CPU there is the reentrant form alone."""
        if not reentrant:
            return Rejects("no random state is kept", error="is not support current device: cpu")
        return gradients.oracle(x, weight, way, reentrant, rate, seed, observed)


NAMES = ("gradient.x", "gradient.weight")


@st.composite
def containers(draw: st.DrawFn) -> list[Sample]:
    """Tensors in a list or a dictionary."""
    rng = generator(draw(seeds))
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return [
        Sample({"x": integers(rng, shape, 4), "factor": integers(rng, shape, 4), "kind": kind}, EXACT)
        for kind in ("list", "dictionary")
    ]


@contract("recompute.containers", area=AREA, samples=containers(), tensors=False, share=0.12, may_be_zero=NAMES)
class in_containers:
    """Tensors that a recomputed block takes in a list or a dictionary have their gradients, as without it."""

    note = "Torch asks for use_reentrant=False here, paddle's recompute is reentrant unless told otherwise."

    @staticmethod
    def torch(x, factor, kind):
        import torch
        from torch.utils.checkpoint import checkpoint

        given = [torch.tensor(each, requires_grad=True) for each in (x, factor)]
        if kind == "list":
            output = checkpoint(lambda pair: pair[0] * pair[0] * pair[1], given, use_reentrant=False)
        else:
            named = dict(zip("ab", given, strict=True))
            output = checkpoint(lambda pair: pair["a"] * pair["a"] * pair["b"], named, use_reentrant=False)
        output.sum().backward()
        return {name: each.grad for name, each in zip(NAMES, given, strict=True)}

    @staticmethod
    def paddle(x, factor, kind):
        import paddle
        from paddle.distributed.fleet.utils import recompute

        given = [paddle.to_tensor(each, stop_gradient=False) for each in (x, factor)]
        if kind == "list":
            output = recompute(lambda pair: pair[0] * pair[0] * pair[1], given)
        else:
            output = recompute(lambda pair: pair["a"] * pair["a"] * pair["b"], dict(zip("ab", given, strict=True)))
        output.sum().backward()
        found = {name: each.grad for name, each in zip(NAMES, given, strict=True)}
        return {name: each for name, each in found.items() if each is not None} or {"none": True}

    @staticmethod
    def oracle(x, factor, kind):
        x, factor = x.astype("f8"), factor.astype("f8")
        found = (2.0 * x * factor, x * x)
        return {name: Acceptance(each, dtype="float32") for name, each in zip(NAMES, found, strict=True)}

    @staticmethod
    def variant_untracked(x, factor, kind):
        """The backward pass fails for a list, and gives no gradient for a dictionary."""
        if kind == "list":
            return Rejects("no input asks for a gradient", error="should not return empty at 0 position")
        return {"none": accuracy.exact(True)}


@st.composite
def stacks(draw: st.DrawFn) -> list[Sample]:
    """Layers of small whole weights, cut into segments."""
    rng = generator(draw(seeds))
    segments, width = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    layers = draw(st.integers(segments, 5))
    weights = [integers(rng, (width, width), 1) for _ in range(layers)]
    return [
        Sample({"x": integers(rng, (rows, width), 2), "weights": weights, "segments": segments}, EXACT)
        for rows in (1, draw(st.integers(2, 4)))
    ]


@contract(
    "recompute.sequential",
    area=AREA,
    samples=stacks(),
    tensors=False,
    share=0.2,
    may_be_zero=("output", "gradient.x", "gradient.first"),
    covers=("paddle.incubate.distributed.fleet.recompute_sequential",),
)
class sequential:
    """Layers that are recomputed by segments give the value and the gradients of the same layers in a row."""

    note = (
        "checkpoint_sequential(layers, 2, x) is paddle's recompute_sequential({'segments': 2}, layers, x) of "
        "paddle.incubate.distributed.fleet."
    )

    @staticmethod
    def torch(x, weights, segments):
        import torch
        from torch.utils.checkpoint import checkpoint_sequential

        layers = [torch.nn.Linear(*weight.shape, bias=False) for weight in weights]
        for layer, weight in zip(layers, weights, strict=True):
            layer.weight.data = torch.tensor(weight.T.copy())
        given = torch.tensor(x, requires_grad=True)
        output = checkpoint_sequential(torch.nn.Sequential(*layers), segments, given, use_reentrant=False)
        (output * output).sum().backward()
        return {"output": output, "gradient.x": given.grad, "gradient.first": layers[0].weight.grad.T}

    @staticmethod
    def paddle(x, weights, segments):
        import paddle
        from paddle.incubate.distributed.fleet import recompute_sequential

        layers = [paddle.nn.Linear(*weight.shape, bias_attr=False) for weight in weights]
        for layer, weight in zip(layers, weights, strict=True):
            layer.weight.set_value(weight)
        given = paddle.to_tensor(x, stop_gradient=False)
        output = recompute_sequential({"segments": segments}, paddle.nn.Sequential(*layers), given)
        (output * output).sum().backward()
        return {"output": output, "gradient.x": given.grad, "gradient.first": layers[0].weight.grad}

    @staticmethod
    def oracle(x, weights, segments, flat=False):
        rest = np.eye(len(weights[0]))
        for weight in weights[1:]:
            rest = rest @ weight.astype("f8")
        output = x @ weights[0].astype("f8") @ rest
        slope = 2.0 * output @ rest.T
        return {
            "output": Acceptance(output[0] if flat else output, dtype="float32"),
            "gradient.x": Acceptance(slope @ weights[0].T, dtype="float32"),
            "gradient.first": Acceptance(x.T @ slope, dtype="float32"),
        }

    @staticmethod
    def variant_rows_as_arguments(x, weights, segments):
        """From the second segment on each row is an argument of its own: several are refused, one loses its axis."""
        return _taken_apart(x, weights, segments, segments - 1)

    @staticmethod
    def variant_rows_as_arguments_between(x, weights, segments):
        """As :meth:`variant_rows_as_arguments`, but the last segment takes what it should."""
        return _taken_apart(x, weights, segments, segments - 2)

    @staticmethod
    def variant_compiled_cut(x, weights, segments):
        """As :meth:`variant_rows_as_arguments`, and compiled layers that are recomputed ask for no gradient."""
        if segments == 2 and len(x) == 1:
            return Rejects("no output asks for a gradient", error="none of output has requires_grad=True")
        return _taken_apart(x, weights, segments, segments - 1)


def _taken_apart(x: np.ndarray, weights: list[np.ndarray], segments: int, times: int) -> Any:
    """What becomes of rows that are taken apart before so many segments."""
    if times > 1 or (times == 1 and len(x) > 1):
        return Rejects("rows are no arguments", error="positional argument")
    return sequential.oracle(x, weights, segments, flat=times == 1)


@st.composite
def batches(draw: st.DrawFn) -> list[Sample]:
    """A batch for batch norm, and its momentum."""
    rng, rows = generator(draw(seeds)), draw(st.integers(2, 6))
    return [
        Sample({"x": (3.0 * rng.standard_normal((rows, 3)) + 1.0).astype("f4"), "momentum": momentum})
        for momentum in (0.5, draw(st.sampled_from((0.1, 0.25))))
    ]


@contract("recompute.statistics", area=AREA, samples=batches(), tensors=False, share=0.12)
class statistics:
    """Recomputation is a second pass: the running statistics of a batch norm take the batch twice."""

    @staticmethod
    def torch(x, momentum):
        import torch
        from torch.utils.checkpoint import checkpoint

        layer = torch.nn.BatchNorm1d(3, momentum=momentum)
        given = torch.tensor(x, requires_grad=True)
        output = checkpoint(layer, given, use_reentrant=False)
        once = layer.running_mean.clone()
        output.sum().backward()
        return {"once": once, "mean": layer.running_mean, "variance": layer.running_var}

    @staticmethod
    def paddle(x, momentum):
        import paddle
        from paddle.distributed.fleet.utils import recompute

        layer = paddle.nn.BatchNorm1D(3, momentum=1.0 - momentum)
        given = paddle.to_tensor(x, stop_gradient=False)
        output = recompute(layer, given)
        once = layer._mean.clone()
        output.sum().backward()
        return {"once": once, "mean": layer._mean, "variance": layer._variance}

    @staticmethod
    def oracle(x, momentum, correction=1):
        rows, size = x.astype("f8"), np.abs(x.astype("f8"))
        mean, variance = rows.mean(0), rows.var(0, ddof=correction)
        left = 1.0 - (1.0 - momentum) ** 2
        unit = accuracy.U * (len(x) + 4)
        spread = (np.square(size).sum(0) / (len(x) - correction)) * 4 + 1.0
        return {
            "once": Acceptance(momentum * mean, unit * size.mean(0), dtype="float32"),
            "mean": Acceptance(left * mean, unit * size.mean(0), dtype="float32"),
            "variance": Acceptance(left * variance + (1.0 - left), unit * spread, dtype="float32"),
        }

    @staticmethod
    def variant_biased(x, momentum):
        """The running variance is that of the batch, with no correction for its mean."""
        return statistics.oracle(x, momentum, correction=0)

    @staticmethod
    def variant_compiled_cut(x, momentum):
        """A compiled layer that is recomputed asks for no gradient."""
        return Rejects("no output asks for a gradient", error="none of output has requires_grad=True")


@st.composite
def cubes(draw: st.DrawFn) -> list[Sample]:
    """Small integers, whose powers float32 holds."""
    rng = generator(draw(seeds))
    return [Sample({"x": integers(rng, (draw(st.integers(1, 5)),), 9)}, EXACT)]


@contract("recompute.second", area=AREA, samples=cubes(), tensors=False, share=0.12, may_be_zero=("first", "second"))
class second:
    """The gradient of a gradient goes through a block that is recomputed (not in the reentrant form)."""

    @staticmethod
    def torch(x):
        import torch
        from torch.utils.checkpoint import checkpoint

        given = torch.tensor(x, requires_grad=True)
        output = checkpoint(lambda x: x * x * x, given, use_reentrant=False).sum()
        (first,) = torch.autograd.grad(output, given, create_graph=True)
        return {"first": first, "second": torch.autograd.grad(first.sum(), given)[0]}

    @staticmethod
    def paddle(x):
        import paddle
        from paddle.distributed.fleet.utils import recompute

        given = paddle.to_tensor(x, stop_gradient=False)
        output = recompute(lambda x: x * x * x, given, use_reentrant=False).sum()
        (first,) = paddle.grad(output, given, create_graph=True)
        return {"first": first, "second": paddle.grad(first.sum(), given)[0]}

    @staticmethod
    def oracle(x):
        numbers = x.astype("f8")
        return {
            "first": Acceptance(3.0 * numbers * numbers, dtype="float32"),
            "second": Acceptance(6.0 * numbers, dtype="float32"),
        }

    @staticmethod
    def variant_reentrant_on_cpu(x):
        return Rejects("no random state is kept", error="is not support current device: cpu")
