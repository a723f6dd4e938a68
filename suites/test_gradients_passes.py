"""What becomes of gradients between passes: clearing, stepping without new ones, going back twice, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import ROWS, WIDTHS, Fill, array_shapes, fills, lengths

Judged = dict[str, Acceptance] | Rejects
CLEARINGS = ("optimizer", "layer")


@st.composite
def clearings(draw: st.DrawFn) -> list[Sample]:
    """A linear layer, two batches, and who clears the gradients between them."""
    inner, outer, rows = draw(lengths((1, 5, WIDTHS), (1, 4, WIDTHS), (1, 4, ROWS)))
    who = draw(st.sampled_from(CLEARINGS))

    def build(fill: Fill) -> dict[str, Any]:
        batches = {"first": fill((rows, inner)), "second": fill((rows, inner))}
        return {"weight": fill((outer, inner)), **batches, "upstream": fill((rows, outer)), "who": who}

    return draw(fills(build))


@contract("gradient.cleared", covers=("optim.zero_grad",), area="gradients", samples=clearings(), may_be_zero=("left",))
class gradient_cleared:
    """Clearing by optimizer or layer leaves no gradient (None), and the next pass starts from nothing."""

    @staticmethod
    def torch(weight, first, second, upstream, who):
        import torch

        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        layer.weight.data.copy_(weight)
        optimizer = torch.optim.SGD(layer.parameters(), 0.5)
        layer(first).backward(upstream)
        if who == "optimizer":
            optimizer.zero_grad()
        else:
            layer.zero_grad()
        left = layer.weight.grad
        found = {} if left is None else {"left": left.clone()}
        layer(second).backward(upstream)
        return {**found, "gradient": layer.weight.grad}

    @staticmethod
    def paddle(weight, first, second, upstream, who):
        import paddle

        layer = paddle.nn.Linear(weight.shape[1], weight.shape[0], bias_attr=False)
        layer.weight.set_value(weight.t())
        optimizer = paddle.optimizer.SGD(0.5, parameters=layer.parameters())
        layer(first).backward(upstream)
        if who == "optimizer":
            optimizer.clear_grad()
        else:
            layer.clear_gradients()
        left = layer.weight.grad
        found = {} if left is None else {"left": left.t().clone()}
        layer(second).backward(upstream)
        return {**found, "gradient": layer.weight.grad.t()}

    @staticmethod
    def oracle(weight, first, second, upstream, who) -> dict[str, Acceptance]:
        rows = len(second)
        return {"gradient": accuracy.dot(lambda a, g: g.T @ a, second, upstream, terms=rows)}

    @staticmethod
    def variant_zeros(weight, first, second, upstream, who) -> dict[str, Acceptance]:
        """Zeros are left instead of None."""
        accepted = gradient_cleared.oracle(weight, first, second, upstream, who)
        return {**accepted, "left": accuracy.exact(np.zeros(weight.shape), signed=False)}


@st.composite
def idle_steps(draw: st.DrawFn) -> list[Sample]:
    """Whole parameters and gradients, and powers of two for the rate and the momentum: steps without rounding."""
    shape = draw(array_shapes(5, axes=3))
    lr, momentum = draw(st.sampled_from((0.5, 0.25))), draw(st.sampled_from((0.5, 0.75)))
    decay = draw(st.sampled_from((0.0, 0.25)))

    def build(fill: Fill) -> dict[str, Any]:
        hyper = {"lr": lr, "momentum": momentum, "weight_decay": decay}
        return {"parameter": fill(shape), "gradient": fill(shape), **hyper}

    return draw(fills(build, ("normal", "offset", "sparse", "heavy")))


@contract("gradient.step_after_clearing", covers=("optim.zero_grad",), area="gradients", samples=idle_steps())
class step_after_clearing:
    """A step after clearing, with no backward pass between, leaves every parameter where it is."""

    @staticmethod
    def torch(parameter, gradient, lr, momentum, weight_decay):
        import torch

        leaf = torch.nn.Parameter(parameter.clone())
        optimizer = torch.optim.SGD([leaf], lr, momentum, weight_decay=weight_decay)
        leaf.backward(gradient)
        optimizer.step()
        moved = leaf.detach().clone()
        optimizer.zero_grad()
        optimizer.step()
        return {"moved": moved, "idle": leaf}

    @staticmethod
    def paddle(parameter, gradient, lr, momentum, weight_decay):
        import paddle

        leaf = paddle.create_parameter(parameter.shape, "float32")
        leaf.set_value(parameter)
        optimizer = paddle.optimizer.Momentum(lr, momentum, [leaf], weight_decay=weight_decay)
        leaf.backward(gradient)
        optimizer.step()
        moved = leaf.detach().clone()
        optimizer.clear_grad()
        optimizer.step()
        return {"moved": moved, "idle": leaf}

    @staticmethod
    def oracle(parameter, gradient, lr, momentum, weight_decay, moves=0) -> dict[str, Acceptance]:
        position, slope = np.asarray(parameter, np.float64), np.asarray(gradient, np.float64)
        size = np.abs(position) + np.abs(slope)
        velocity = slope + weight_decay * position
        moved = position - lr * velocity
        idle = moved
        for _ in range(moves):
            velocity = momentum * velocity + weight_decay * idle
            idle = idle - lr * velocity
        return {"moved": accuracy.rounded(moved, 4.0, size), "idle": accuracy.rounded(idle, 8.0, size)}

    @staticmethod
    def variant_coasts(parameter, gradient, lr, momentum, weight_decay) -> dict[str, Acceptance]:
        """The gradient counts as zero, so momentum and decay go on."""
        return step_after_clearing.oracle(parameter, gradient, lr, momentum, weight_decay, moves=1)


KINDS = ("once", "twice kept", "twice", "not a number", "untracked", "leaf in place", "saved in place", "integers")


@st.composite
def passes(draw: st.DrawFn) -> list[Sample]:
    """Backward passes that are right, and such as have lost or never had what they need."""
    shape = draw(st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple))
    order = draw(st.permutations(KINDS))
    drawn = draw(fills(lambda fill: {"x": fill(shape)}, count=8))
    # One exact and one real fill of each of four kinds.
    return [Sample({**sample.inputs, "kind": order[place % 4]}, sample.regime) for place, sample in enumerate(drawn)]


@contract("gradient.passes", covers=("autograd.backward",), area="gradients", samples=passes())
class gradient_passes:
    """A graph may be gone through once, or again if kept, from a number, for floats, with its values intact."""

    @staticmethod
    def torch(x, kind):
        if kind == "integers":
            x = x.long()
        x.requires_grad_(kind != "untracked")
        if kind == "leaf in place":
            x.add_(1)
        inner = x * 2
        squares = inner * inner
        if kind == "saved in place":
            inner.add_(1)
        output = squares if kind == "not a number" else squares.sum()
        output.backward(retain_graph=kind == "twice kept")
        if kind.startswith("twice"):
            output.backward()
        return {"gradient": x.grad}

    @staticmethod
    def paddle(x, kind):
        if kind == "integers":
            x = x.astype("int64")
        x.stop_gradient = kind == "untracked"
        if kind == "leaf in place":
            x.add_(x.detach() * 0 + 1)
        inner = x * 2
        squares = inner * inner
        if kind == "saved in place":
            inner.add_(inner.detach() * 0 + 1)
        output = squares if kind == "not a number" else squares.sum()
        output.backward(retain_graph=kind == "twice kept")
        if kind.startswith("twice"):
            output.backward()
        return {"gradient": x.grad}

    @staticmethod
    def oracle(x, kind) -> Judged:
        if kind not in ("once", "twice kept"):
            return Rejects(f"the backward pass is not defined: {kind}")
        uses = 2.0 if kind == "twice kept" else 1.0
        return {"gradient": accuracy.rounded(8.0 * uses * np.asarray(x, np.float64), 0.0)}

    @staticmethod
    def variant_lenient(x, kind) -> Judged:
        """A tensor counts as its sum, and a graph that needs no gradient is passed over."""
        if kind == "untracked":
            return {}
        return gradient_passes.oracle(x, "once" if kind == "not a number" else kind)

    @staticmethod
    def variant_unset(x, kind) -> Judged:
        """That the leaf needs a gradient is overlooked, so that it has none."""
        return {} if kind in ("once", "twice kept", "not a number") else gradient_passes.oracle(x, kind)
