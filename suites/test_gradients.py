"""Laws of automatic differentiation that no single layer shows: sums over uses, what blocks a gradient, what clears it.

The gradient of each layer is judged beside its forward result, and that of the models in the model suites.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import LONG, ROWS, WIDTHS, Fill, array_shapes, fills, lengths, unsorted
from reference_impl.oracle import layers, nn
from reference_impl.oracle.tape import Tape

CHAINED = 2.0
"""Standard units of the propagated error of short chains; in 20,000 samples the largest was 1.3."""


@st.composite
def layers_and_batches(draw: st.DrawFn) -> list[Sample]:
    """A linear layer's weight and two batches with their upstream gradients."""
    (inner,), (outer, rows) = draw(lengths((1, 6, WIDTHS))), draw(lengths((1, 6, LONG), (1, 5, ROWS)))

    def build(fill: Fill) -> dict[str, Any]:
        return {
            "weight": fill((outer, inner)),
            "first": fill((rows, inner)),
            "second": fill((rows, inner)),
            "first_upstream": fill((rows, outer)),
            "second_upstream": fill((rows, outer)),
        }

    return draw(fills(build))


@contract("gradient.accumulates", covers=("autograd.backward",), area="gradients", samples=layers_and_batches())
class accumulates:
    """A second backward pass adds its gradient to that of the first."""

    @staticmethod
    def torch(weight, first, second, first_upstream, second_upstream):
        from torch.nn import functional

        weight.requires_grad_()
        functional.linear(first, weight).backward(first_upstream)
        once = weight.grad.clone()
        functional.linear(second, weight).backward(second_upstream)
        return {"once": once, "twice": weight.grad}

    @staticmethod
    def paddle(weight, first, second, first_upstream, second_upstream):
        from paddle.nn import functional

        weight.stop_gradient = False
        functional.linear(first, weight.t()).backward(first_upstream)
        once = weight.grad.clone()
        functional.linear(second, weight.t()).backward(second_upstream)
        return {"once": once, "twice": weight.grad}

    @staticmethod
    def oracle(weight, first, second, first_upstream, second_upstream) -> dict[str, Acceptance]:
        rows = len(first)
        both = np.concatenate([first, second]), np.concatenate([first_upstream, second_upstream])
        return {
            "once": accuracy.dot(nn.linear_weight_gradient, first, first_upstream, terms=rows),
            "twice": accuracy.dot(nn.linear_weight_gradient, *both, terms=2 * rows + 1),
        }


@st.composite
def shared(draw: st.DrawFn) -> list[Sample]:
    """An input that goes through one square layer twice, and around it."""
    inner, rows = draw(lengths((1, 5, WIDTHS), (1, 4, ROWS)))

    def build(fill: Fill) -> dict[str, Any]:
        x, upstream = fill((rows, inner)), fill((rows, inner))
        return {"x": x, "weight": fill((inner, inner)), "cotangent": upstream}

    families = ("normal", "offset", "positive", "mixed", "tiny", "constant", "sparse", "sorted")
    return draw(fills(build, unsorted(families, max(inner, rows))))


@contract(
    "gradient.shared", covers=("autograd.backward",), area="gradients", samples=shared(), gradients=("x", "weight")
)
class gradient_shared:
    """What is used several times, an input around a layer or a weight in two layers, receives the sum over its uses."""

    @staticmethod
    def torch(x, weight):
        from torch.nn import functional

        return functional.linear(functional.linear(x, weight) + x, weight) + x

    @staticmethod
    def paddle(x, weight):
        from paddle.nn import functional

        return functional.linear(functional.linear(x, weight.t()) + x, weight.t()) + x

    @staticmethod
    def oracle(x, weight, cotangent) -> dict[str, Acceptance]:
        tape = Tape()
        image, kernel = tape.variable(x), tape.variable(weight)
        inner = layers.linear(image, kernel)
        output = _added(layers.linear(_added(inner, image), kernel), image)
        tape.backward((output, np.asarray(cotangent, np.float64)))
        return {
            "output": accuracy.chain(output.value, output.variance, CHAINED),
            "gradient.x": accuracy.chain(image.gradient, image.gradient_variance, CHAINED),
            "gradient.weight": accuracy.chain(kernel.gradient, kernel.gradient_variance, CHAINED),
        }


def _added(left: Any, right: Any) -> Any:
    """The sum of two variables on a tape: it rounds once forward, and passes the gradient to both."""
    value = left.value + right.value
    variance = np.square(value) + sum(0.0 if v.variance is None else v.variance for v in (left, right))

    def run(gradient: np.ndarray, spread: np.ndarray) -> None:
        left.accumulate(gradient, spread)
        right.accumulate(gradient, spread)

    return left.tape.record(value, variance, (left, right), run)


@st.composite
def broadcasts(draw: st.DrawFn) -> list[Sample]:
    """Two factors of which each has a length of 1, or no axis at all, where the other does not: others in each fill."""
    shape = draw(array_shapes(4, axes=4))
    factors = iter([draw(factor_shapes(shape)) for _ in range(4)])

    def build(fill: Fill) -> dict[str, Any]:
        left, right = next(factors)
        return {"left": fill(left), "right": fill(right), "cotangent": fill(np.broadcast_shapes(left, right))}

    return draw(fills(build))


@st.composite
def factor_shapes(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast to ``shape``, or to one with a length of 1 in its place."""
    left, right = (tuple(1 if draw(st.integers(0, 2)) == 0 else n for n in shape) for _ in range(2))
    return left, right[draw(st.sampled_from((0, 0, 0, 1, len(shape)))) :]


@contract(
    "gradient.broadcast",
    covers=("autograd.backward",),
    area="gradients",
    samples=broadcasts(),
    gradients=("left", "right"),
)
class broadcast:
    """The gradient of a broadcast factor is summed over what it was repeated along, and keeps the factor's shape."""

    @staticmethod
    def torch(left, right):
        return left * right

    @staticmethod
    def paddle(left, right):
        return left * right

    @staticmethod
    def oracle(left, right, cotangent) -> dict[str, Acceptance]:
        def summed(shape: tuple[int, ...], other: np.ndarray) -> Acceptance:
            def gradient(upstream: np.ndarray, factor: np.ndarray) -> np.ndarray:
                product = upstream * factor
                product = product.sum(axis=tuple(range(product.ndim - len(shape))))
                return product.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)

            size = int(np.prod(shape))
            return accuracy.dot(gradient, cotangent, other, terms=cotangent.size // size + 1)

        return {
            "output": accuracy.dot(lambda a, b: a * b, left, right, terms=1),
            "gradient.left": summed(left.shape, right),
            "gradient.right": summed(right.shape, left),
        }


@st.composite
def blocked(draw: st.DrawFn) -> list[Sample]:
    """Values, and the way in which one use of them is kept from the gradient: every way in turn."""
    shape = draw(array_shapes(5, axes=3))
    ways = itertools.cycle(draw(st.permutations(("detach", "no_grad", "nothing"))))
    return draw(fills(lambda fill: {"x": fill(shape), "how": next(ways), "cotangent": fill(shape)}))


@contract(
    "gradient.blocked",
    covers=(
        "autograd.backward",
        "paddle.Tensor.detach",
    ),
    area="gradients",
    samples=blocked(),
    gradients=("x",),
)
class gradient_blocked:
    """No gradient goes through a detached tensor, nor through what was computed without gradients."""

    @staticmethod
    def torch(x, how):
        import torch

        if how == "detach":
            factor = (x * 3).detach()
        elif how == "no_grad":
            with torch.no_grad():
                factor = x * 3
        else:
            factor = x * 3
        return {"output": x * factor, "tracked": int(factor.requires_grad)}

    @staticmethod
    def paddle(x, how):
        import paddle

        if how == "detach":
            factor = (x * 3).detach()
        elif how == "no_grad":
            with paddle.no_grad():
                factor = x * 3
        else:
            factor = x * 3
        return {"output": x * factor, "tracked": int(not factor.stop_gradient)}

    @staticmethod
    def oracle(x, how, cotangent) -> dict[str, Acceptance]:
        wide, upstream = np.asarray(x, np.float64), np.asarray(cotangent, np.float64)
        uses = 2.0 if how == "nothing" else 1.0
        return {
            "output": accuracy.rounded(3.0 * np.square(wide), 2.0),
            "tracked": accuracy.exact(int(how == "nothing")),
            "gradient.x": accuracy.rounded(3.0 * uses * wide * upstream, 4.0),
        }


@st.composite
def frozen_parts(draw: st.DrawFn) -> list[Sample]:
    """Two linear layers, any of whose four parameters are frozen."""
    inner, hidden, rows = draw(lengths((1, 4, WIDTHS), (1, 4, WIDTHS), (1, 4, ROWS)))
    names = ("weight_1", "bias_1", "weight_2", "bias_2")
    frozen = [name for name in names if draw(st.booleans())]
    if len(frozen) == 4:
        frozen.pop()
    shapes = dict(zip(names, ((hidden, inner), (hidden,), (2, hidden), (2,)), strict=True))

    def build(fill: Fill) -> dict[str, Any]:
        parameters = {name: fill(shape) for name, shape in shapes.items()}
        return {"x": fill((rows, inner)), "parameters": parameters, "frozen": frozen, "upstream": fill((rows, 2))}

    return draw(fills(build, ("normal", "offset", "sparse"), limit=3))


@contract("gradient.frozen", covers=("autograd.backward",), area="gradients", samples=frozen_parts())
class gradient_frozen:
    """A frozen parameter receives no gradient, lets it through to those before, and no optimizer decays it."""

    @staticmethod
    def torch(x, parameters, frozen, upstream):
        import torch
        from torch.nn import functional

        made = {name: torch.tensor(value, device=x.device) for name, value in parameters.items()}
        for name, parameter in made.items():
            parameter.requires_grad_(name not in frozen)
        hidden = functional.linear(x, made["weight_1"], made["bias_1"])
        functional.linear(hidden, made["weight_2"], made["bias_2"]).backward(upstream)
        gradients = {f"gradient.{name}": p.grad for name, p in made.items() if p.grad is not None}
        torch.optim.SGD(list(made.values()), 0.5, weight_decay=0.5).step()
        return {**gradients, **{f"kept.{name}": made[name] for name in frozen}}

    @staticmethod
    def paddle(x, parameters, frozen, upstream):
        import paddle
        from paddle.nn import functional

        made = {}
        for name, value in parameters.items():
            made[name] = paddle.create_parameter(value.shape, "float32")
            made[name].set_value(value)
            made[name].stop_gradient = name in frozen
        hidden = functional.linear(x, made["weight_1"].t(), made["bias_1"])
        functional.linear(hidden, made["weight_2"].t(), made["bias_2"]).backward(upstream)
        gradients = {f"gradient.{name}": p.grad for name, p in made.items() if p.grad is not None}
        paddle.optimizer.SGD(0.5, parameters=list(made.values()), weight_decay=0.5).step()
        return {**gradients, **{f"kept.{name}": made[name] for name in frozen}}

    @staticmethod
    def oracle(x, parameters, frozen, upstream) -> dict[str, Acceptance]:
        tape = Tape()
        made = {name: tape.variable(value, needs_gradient=name not in frozen) for name, value in parameters.items()}
        hidden = layers.linear(tape.variable(x, needs_gradient=False), made["weight_1"], made["bias_1"])
        output = layers.linear(hidden, made["weight_2"], made["bias_2"])
        tape.backward((output, np.asarray(upstream, np.float64)))
        accepted = {f"kept.{name}": accuracy.exact(parameters[name]) for name in frozen}
        for name, variable in made.items():
            if name not in frozen:
                acceptance = accuracy.chain(variable.gradient, variable.gradient_variance, CHAINED)
                accepted[f"gradient.{name}"] = acceptance
        return accepted
