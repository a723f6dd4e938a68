"""Programs that step on the gradients of several batches, and that freeze weights for some of their steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, integers, real, seeds

AREA = "accumulation"


@st.composite
def divided(draw: st.DrawFn) -> list[Sample]:
    """A batch, and how it is divided: equal parts, or a last one that is smaller."""
    rng, samples = generator(draw(seeds)), []
    for reduction, length in (("mean", draw(st.integers(1, 3))), ("sum", draw(st.integers(1, 3)))):
        rows = draw(st.integers(length, 3 * length + 1))
        samples.append(
            Sample(
                {
                    "x": real(rng, (rows, 3), draw(st.sampled_from(("normal", "offset", "positive")))),
                    "y": real(rng, (rows,)),
                    "weight": real(rng, (3,)),
                    "length": length,
                    "reduction": reduction,
                }
            )
        )
    return samples


def _parts(rows: int, length: int) -> list[slice]:
    return [slice(begin, min(begin + length, rows)) for begin in range(0, rows, length)]


@contract("accumulation.batches", area=AREA, samples=divided(), tensors=False, share=0.25)
class batches:
    """Losses of parts, each weighed by its share of the rows, add up to the gradient and the step of one batch."""

    @staticmethod
    def torch(x, y, weight, length, reduction):
        import torch

        found: dict[str, Any] = {}
        for name, parts in (("whole", [slice(0, len(x))]), ("parts", _parts(len(x), length))):
            leaf = torch.nn.Parameter(torch.tensor(weight))
            optimizer = torch.optim.SGD([leaf], lr=0.125)
            optimizer.zero_grad()
            for part in parts:
                given = torch.tensor(x[part]) @ leaf
                loss = torch.nn.functional.mse_loss(given, torch.tensor(y[part]), reduction=reduction)
                (loss * (len(y[part]) / len(y)) if reduction == "mean" else loss).backward()
            optimizer.step()
            found |= {f"{name}.gradient": leaf.grad, f"{name}.weight": leaf.detach()}
        return found

    @staticmethod
    def paddle(x, y, weight, length, reduction):
        import paddle

        found: dict[str, Any] = {}
        for name, parts in (("whole", [slice(0, len(x))]), ("parts", _parts(len(x), length))):
            leaf = paddle.create_parameter(weight.shape, "float32")
            leaf.set_value(weight)
            optimizer = paddle.optimizer.SGD(0.125, parameters=[leaf])
            optimizer.clear_grad()
            for part in parts:
                given = paddle.to_tensor(x[part]) @ leaf
                loss = paddle.nn.functional.mse_loss(given, paddle.to_tensor(y[part]), reduction=reduction)
                (loss * (len(y[part]) / len(y)) if reduction == "mean" else loss).backward()
            optimizer.step()
            found |= {f"{name}.gradient": leaf.grad, f"{name}.weight": leaf.detach()}
        return found

    @staticmethod
    def oracle(x, y, weight, length, reduction):
        rows, goal, start = x.astype("f8"), y.astype("f8"), weight.astype("f8")
        factor = 2.0 / len(y) if reduction == "mean" else 2.0
        gradient = factor * rows.T @ (rows @ start - goal)
        # Three products and their sum in a row's error, as many again as there are rows, and four roundings of factors.
        size = factor * np.abs(rows).T @ (np.abs(rows) @ np.abs(start) + np.abs(goal))
        bound = accuracy.U * (len(y) + 8) * size
        found = {}
        for name in ("whole", "parts"):
            found[f"{name}.gradient"] = Acceptance(gradient, bound, dtype="float32")
            moved = 0.125 * bound + 2 * accuracy.U * (np.abs(start) + 0.125 * np.abs(gradient))
            found[f"{name}.weight"] = Acceptance(start - 0.125 * gradient, moved, dtype="float32")
        return found


@st.composite
def normalized(draw: st.DrawFn) -> list[Sample]:
    """A batch for batch norm in parts of two rows or more."""
    rng = generator(draw(seeds))
    length, times = draw(st.integers(2, 4)), draw(st.integers(2, 3))
    return [
        Sample({"x": real(rng, (length * times, 2)), "cotangents": real(rng, (length * times, 2)), "length": length})
        for _ in range(2)
    ]


@contract("accumulation.normalized", area=AREA, samples=normalized(), tensors=False, share=0.15)
class by_parts:
    """Batch norm sees each part alone: gradients and statistics of accumulated parts are not those of the batch."""

    note = "With batch norm, accumulating over parts is another program than one batch, in both frameworks alike."

    @staticmethod
    def torch(x, cotangents, length):
        import torch

        layer, leaf = torch.nn.BatchNorm1d(2, momentum=0.5, affine=False), torch.tensor(x, requires_grad=True)
        for part in _parts(len(x), length):
            (layer(leaf[part]) * torch.tensor(cotangents[part])).sum().backward()
        return {"gradient": leaf.grad, "mean": layer.running_mean}

    @staticmethod
    def paddle(x, cotangents, length):
        import paddle

        layer = paddle.nn.BatchNorm1D(2, momentum=0.5, weight_attr=False, bias_attr=False)
        leaf = paddle.to_tensor(x, stop_gradient=False)
        for part in _parts(len(x), length):
            (layer(leaf[part]) * paddle.to_tensor(cotangents[part])).sum().backward()
        return {"gradient": leaf.grad, "mean": layer._mean}

    @staticmethod
    def oracle(x, cotangents, length):
        gradient, bound, mean = np.zeros(x.shape), np.zeros(x.shape), np.zeros(2)
        for part in _parts(len(x), length):
            rows, upstream = x[part].astype("f8"), cotangents[part].astype("f8")
            scale = 1.0 / np.sqrt(rows.var(0) + 1e-5)
            hat = (rows - rows.mean(0)) * scale
            gradient[part] = scale * (upstream - upstream.mean(0) - hat * (upstream * hat).mean(0))
            size = np.abs(upstream) + np.abs(upstream).mean(0) + np.abs(hat) * np.abs(upstream * hat).mean(0)
            condition = np.square(1.0 + np.abs(rows).max(0) * scale)
            bound[part] = accuracy.U * (length + 16) * condition * scale * size
            mean = 0.5 * mean + 0.5 * rows.mean(0)
        return {
            "gradient": Acceptance(gradient, bound, dtype="float32"),
            "mean": Acceptance(mean, accuracy.U * (length + 8) * np.abs(x).max(0), dtype="float32"),
        }


@st.composite
def thawings(draw: st.DrawFn) -> list[Sample]:
    """Steps in some of which a weight is frozen; small integers and powers of two, so that nothing is rounded."""
    rng, steps = generator(draw(seeds)), draw(st.integers(3, 4))
    return [
        Sample(
            {
                "start": integers(rng, (3, 2), 4),
                "gradients": integers(rng, (steps, 2, 2), 4),
                "frozen": draw(st.lists(st.booleans(), min_size=steps, max_size=steps)),
                "decay": decay,
            },
            EXACT,
        )
        for decay in (0.0, 0.5)
    ]


@contract("accumulation.frozen", area=AREA, samples=thawings(), tensors=False, share=0.2)
class frozen_meanwhile:
    """A weight that is frozen stays where it is, with its momentum, and goes on from there; one without use stays too.

    Neither momentum nor decay moves it.
    """

    note = (
        "requires_grad_(False) is paddle's stop_gradient = True. A weight that is frozen between the backward pass and "
        "the step is stepped by torch, whose gradient is there, and left alone by paddle."
    )

    @staticmethod
    def torch(start, gradients, frozen, decay):
        import torch

        weights = [torch.nn.Parameter(torch.tensor(row)) for row in start]
        optimizer, trace = torch.optim.SGD(weights, lr=0.25, momentum=0.5, weight_decay=decay), []
        for rows, now in zip(gradients, frozen, strict=True):
            weights[1].requires_grad_(not now)
            optimizer.zero_grad()
            sum((weight * torch.tensor(row)).sum() for weight, row in zip(weights, rows, strict=False)).backward()
            optimizer.step()
            trace.append(torch.stack([weight.detach().clone() for weight in weights]))
        return {"trace": torch.stack(trace)}

    @staticmethod
    def paddle(start, gradients, frozen, decay):
        import paddle

        weights = [paddle.create_parameter([2], "float32") for _ in start]
        for weight, row in zip(weights, start, strict=True):
            weight.set_value(row)
        optimizer, trace = paddle.optimizer.Momentum(0.25, 0.5, parameters=weights, weight_decay=decay or None), []
        for rows, now in zip(gradients, frozen, strict=True):
            weights[1].stop_gradient = now
            optimizer.clear_grad()
            sum((weight * paddle.to_tensor(row)).sum() for weight, row in zip(weights, rows, strict=False)).backward()
            optimizer.step()
            trace.append(paddle.stack([weight.detach().clone() for weight in weights]))
        return {"trace": paddle.stack(trace)}

    @staticmethod
    def oracle(start, gradients, frozen, decay):
        weights, velocities, trace = start.astype("f8"), np.zeros((2, 2)), []
        for rows, now in zip(gradients.astype("f8"), frozen, strict=True):
            for place in (0,) if now else (0, 1):
                velocities[place] = 0.5 * velocities[place] + rows[place] + decay * weights[place]
                weights[place] -= 0.25 * velocities[place]
            trace.append(weights.copy())
        return {"trace": Acceptance(np.stack(trace), dtype="float32")}


@st.composite
def shared(draw: st.DrawFn) -> list[Sample]:
    """A trunk of two losses, which go back one after the other or together."""
    rng = generator(draw(seeds))
    return [Sample({name: integers(rng, (3,), 4) for name in ("x", "first", "second")}, EXACT)]


def slopes(leaves: Any, first: Any, second: Any) -> dict[str, Any]:
    """Gradients of two leaves of equal numbers: the losses of one go back apart, those of the other as a sum."""
    for apart, leaf in zip((True, False), leaves, strict=True):
        trunk = leaf * leaf
        losses = [(trunk * each).sum() for each in (first, second)]
        if apart:
            losses[0].backward(retain_graph=True)
            losses[1].backward()
        else:
            sum(losses).backward()
    return {"apart": leaves[0].grad, "together": leaves[1].grad}


@contract(
    "accumulation.losses", area=AREA, samples=shared(), tensors=False, share=0.12, may_be_zero=("apart", "together")
)
class several_losses:
    """Two losses of one trunk leave the same gradients whether they go back apart, with the graph kept, or as a sum."""

    @staticmethod
    def torch(x, first, second):
        import torch

        leaves = [torch.tensor(x, requires_grad=True) for _ in range(2)]
        return slopes(leaves, torch.tensor(first), torch.tensor(second))

    @staticmethod
    def paddle(x, first, second):
        import paddle

        leaves = [paddle.to_tensor(x, stop_gradient=False) for _ in range(2)]
        return slopes(leaves, paddle.to_tensor(first), paddle.to_tensor(second))

    @staticmethod
    def oracle(x, first, second):
        slope = Acceptance(2.0 * x.astype("f8") * (first.astype("f8") + second), dtype="float32")
        return {"apart": slope, "together": slope}
