"""Gradients of gradients, as penalties on gradients need them; and what is left of a program after one is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.contract import REAL
from conformance.functions import special
from conformance.strategies import generator, integers, seeds
from suites.support.second import Twice, by_frameworks, product_with_hessian

AREA = "automatic differentiation"
UNITS = 16.0
"""Float32 roundings of a second derivative and of 1: the largest seen of a function below is 4."""
NO_SECOND = Rejects("there is no second gradient", "doesn't have any grad")


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _bell(x: Any) -> Any:
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _plane(x: Any) -> Any:
    return x.reshape((1, 1, *x.shape))


def _functional(name: str, **options: Any) -> Any:
    return lambda f, x: getattr(f.nn.functional, name)(x, **options)


def _named(name: str) -> Any:
    return lambda f, x: getattr(f, name)(x)


FUNCTIONS = {
    "relu": Twice(_functional("relu"), second=lambda x: 0 * x),
    "leaky_relu": Twice(_functional("leaky_relu"), second=lambda x: 0 * x),
    "elu": Twice(_functional("elu"), second=lambda x: np.where(x > 0, 0, np.exp(np.minimum(x, 0)))),
    "celu": Twice(_functional("celu"), second=lambda x: np.where(x > 0, 0, np.exp(np.minimum(x, 0)))),
    "softplus": Twice(_functional("softplus"), second=lambda x: _sigmoid(x) * _sigmoid(-x)),
    "silu": Twice(
        _functional("silu"), second=lambda x: _sigmoid(x) * _sigmoid(-x) * (2 + x * (_sigmoid(-x) - _sigmoid(x)))
    ),
    "sigmoid": Twice(
        _functional("sigmoid"), second=lambda x: _sigmoid(x) * _sigmoid(-x) * (_sigmoid(-x) - _sigmoid(x))
    ),
    "tanh": Twice(_named("tanh"), second=lambda x: -2 * np.tanh(x) / np.cosh(x) ** 2),
    "log": Twice(_named("log"), second=lambda x: -1 / x**2, positive=True),
    "sqrt": Twice(_named("sqrt"), second=lambda x: -0.25 * x**-1.5, positive=True),
    "rsqrt": Twice(_named("rsqrt"), second=lambda x: 0.75 * x**-2.5, positive=True),
    "sin": Twice(_named("sin"), second=lambda x: -np.sin(x)),
    "cos": Twice(_named("cos"), second=lambda x: -np.cos(x)),
    "square": Twice(_named("square"), second=lambda x: 0 * x + 2),
    "abs": Twice(_named("abs"), second=lambda x: 0 * x),
    "power": Twice(lambda f, x: x**3, second=lambda x: 6 * x),
    "root": Twice(lambda f, x: x**0.5, second=lambda x: -0.25 * x**-1.5, positive=True),
    "gelu": Twice(_functional("gelu"), second=lambda x: _bell(x) * (2 - x * x), refused=True),
    "erf": Twice(_named("erf"), second=lambda x: -4 * x * np.exp(-x * x) / np.sqrt(np.pi), refused=True),
    "sinh": Twice(_named("sinh"), second=np.sinh, refused=True),
    "cosh": Twice(_named("cosh"), second=np.cosh, refused=True),
    "expm1": Twice(_named("expm1"), second=np.exp, refused=True),
    "atan": Twice(_named("atan"), second=lambda x: -2 * x / (1 + x * x) ** 2, refused=True),
    "asinh": Twice(_named("asinh"), second=lambda x: -x * (1 + x * x) ** -1.5, refused=True),
    "log1p": Twice(_named("log1p"), second=lambda x: -1 / (1 + x) ** 2, positive=True, refused=True),
    "log2": Twice(_named("log2"), second=lambda x: -1 / x**2 / np.log(2), positive=True, refused=True),
    "reciprocal": Twice(_named("reciprocal"), second=lambda x: 2 / x**3, positive=True, refused=True),
    "lgamma": Twice(_named("lgamma"), second=lambda x: special.polygamma(1, x), positive=True, refused=True),
}


def _cubed(call: Any) -> Any:
    return lambda f, x: call(f, x) ** 3


def _linear(call: Any, value: Any, **options: Any) -> Twice:
    """The cube of what is linear in x."""
    return Twice(_cubed(call), lambda x: value(x) ** 3, **options)


def _conv(image: Any, kernel: Any) -> Any:
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape[2:], (2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, kernel)


SQUARE = (3, 3)
POLYNOMIALS = {
    "matmul": Twice(lambda f, x: f.matmul(f.matmul(x, x), x), lambda x: x @ x @ x, shape=SQUARE),
    "bmm": Twice(lambda f, x: f.bmm(x, x * x), lambda x: x @ (x * x), shape=(2, 2, 2)),
    "outer": Twice(lambda f, x: f.outer(x, x * x), lambda x: np.outer(x, x * x), shape=(4,)),
    "sum": _linear(lambda f, x: x.sum(0), lambda x: x.sum(0)),
    "mean": _linear(lambda f, x: x.mean(1), lambda x: x.mean(1)),
    "gathered": _linear(
        lambda f, x: x[f.to_tensor([0, 2, 2])] if f.__name__ == "paddle" else x[[0, 2, 2]], lambda x: x[[0, 2, 2]]
    ),
    "joined": _linear(lambda f, x: f.concat([x, x[:1]], 0), lambda x: np.concatenate([x, x[:1]])),
    "turned": _linear(lambda f, x: x.t(), lambda x: x.T),
    "repeated": _linear(lambda f, x: f.tile(x, (2, 1)), lambda x: np.tile(x, (2, 1))),
    "flipped": _linear(lambda f, x: f.flip(x, (0,)), lambda x: x[::-1]),
    "padded": _linear(
        lambda f, x: f.nn.functional.pad(_plane(x), [1, 1, 1, 0]),
        lambda x: np.pad(_plane(x), [(0, 0), (0, 0), (1, 0), (1, 1)]),
    ),
    "reflected": _linear(
        lambda f, x: f.nn.functional.pad(_plane(x), [1, 1, 1, 0], mode="reflect"),
        lambda x: np.pad(_plane(x), [(0, 0), (0, 0), (1, 0), (1, 1)], mode="reflect"),
    ),
    "pooled": _linear(
        lambda f, x: f.nn.functional.avg_pool2d(_plane(x), (1, 2)),
        lambda x: _plane(x).reshape(1, 1, 3, 2, 2).mean(-1),
    ),
    "convolved": Twice(
        lambda f, x: f.nn.functional.conv2d(_plane(x) * _plane(x), _plane(x)[:, :, :2, :2]),
        lambda x: _conv(_plane(x) ** 2, _plane(x)[:, :, :2, :2]),
    ),
    "running": _linear(lambda f, x: x.cumsum(1), lambda x: x.cumsum(1), refused=True),
    "product": Twice(lambda f, x: x.prod(1), lambda x: x.prod(1), refused=True),
    "dot": Twice(lambda f, x: f.dot(x, x * x), lambda x: (x**3).sum(), shape=(4,), refused=True),
    "einsum": Twice(lambda f, x: f.einsum("ij,jk->ik", x, x * x), lambda x: x @ (x * x), shape=SQUARE, refused=True),
    "kron": Twice(lambda f, x: f.kron(x, x * x), lambda x: np.kron(x, x * x), shape=(2, 2), refused=True),
    "rolled": _linear(lambda f, x: f.roll(x, 1, 0), lambda x: np.roll(x, 1, 0), refused=True),
    "upper": _linear(lambda f, x: f.triu(x), np.triu, refused=True),
    "trace": _linear(lambda f, x: f.trace(x), np.trace, shape=SQUARE, refused=True),
    "between": Twice(lambda f, x: f.lerp(x, x * x, 0.5) ** 2, lambda x: ((x + x * x) / 2) ** 2, refused=True),
    "added product": Twice(lambda f, x: f.addmm(x, x, x * x), lambda x: x + x @ (x * x), shape=SQUARE, refused=True),
    "slice": _linear(lambda f, x: x[1:, ::2], lambda x: x[1:, ::2], refused=True),
    "shuffled": _linear(
        lambda f, x: f.nn.functional.pixel_shuffle(x.reshape((1, 4, 1, 3)), 2),
        lambda x: x.reshape(2, 2, 1, 3).transpose(2, 0, 3, 1).reshape(1, 1, 2, 6),
        refused=True,
    ),
}
ROWS = {**FUNCTIONS, **POLYNOMIALS}


@st.composite
def _twice(draw: st.DrawFn) -> list[Sample]:
    rng, found = generator(draw(seeds)), []
    for name, row in ROWS.items():
        whole = row.value is not None
        x = integers(rng, row.shape, 2) if whole else rng.uniform(0.25, 3, row.shape)
        if not whole and not row.positive:
            x = x * rng.choice((-1, 1), row.shape)
        if row.value is not None:
            along, weight = integers(rng, row.shape, 2), integers(rng, np.shape(row.value(x)), 2)
        else:
            along, weight = rng.standard_normal((2, *row.shape))
        given = {"x": x, "weight": weight, "along": along}
        found.append(Sample({"name": name, **{key: np.asarray(each, "f4") for key, each in given.items()}}, REAL))
    return found


@contract("autograd.second", area=AREA, samples=_twice(), share=0.01, may_be_zero=("output",), covers=("paddle.grad",))
class second:
    """The gradient of a gradient times a vector is the Hessian times that vector."""

    note = (
        "paddle.grad(create_graph=True) raises an error of many calls that torch differentiates twice: softmax, "
        "log_softmax, cross_entropy, layer_norm, group_norm, gelu, norm, max_pool2d, cumsum, prod and others."
    )

    @staticmethod
    def torch(name, x, weight, along):
        import torch

        return by_frameworks(torch, ROWS[name].call, x, weight, along)

    @staticmethod
    def paddle(name, x, weight, along):
        import paddle

        return by_frameworks(paddle, ROWS[name].call, x, weight, along)

    @staticmethod
    def oracle(name, x, weight, along) -> dict[str, Acceptance]:
        row = ROWS[name]
        wide = [np.asarray(array, np.float64) for array in (x, weight, along)]
        if row.value is not None:
            return {"output": Acceptance(product_with_hessian(row.value, *wide), dtype="float32")}
        slope = np.asarray(row.second(wide[0]))  # type: ignore[misc]
        size = np.abs(wide[1] * wide[2])
        bound = UNITS * 2.0**-24 * (np.abs(slope) + 1) * size
        return {"output": Acceptance(slope * wide[1] * wide[2], bound, dtype="float32")}

    @staticmethod
    def variant_refused(name, x, weight, along) -> Any:
        return NO_SECOND if ROWS[name].refused else second.oracle(name, x, weight, along)

    @staticmethod
    def variant_lost_in_programs(name, x, weight, along) -> Any:
        """What is compiled, calls of nn.functional, has a gradient that is a constant."""
        found = np.zeros(np.shape(x))
        if name == "convolved":  # of the square of x, which is no part of the program
            whole, kernel = np.asarray(x, np.float64), _plane(np.asarray(x, np.float64))[:, :, :2, :2]
            found = product_with_hessian(lambda at: _conv(_plane(at) ** 2, kernel), whole, weight, along)
        return {"output": Acceptance(found, dtype="float32")}

    @staticmethod
    def variant_lost_when_compiled(name, x, weight, along) -> Any:
        """Of a program, which gives a second gradient to no call: where it does not say so, there is none."""
        return {"output": Acceptance(np.zeros(np.shape(x)), dtype="float32")}

    @staticmethod
    def variant_more_refused(name, x, weight, along) -> Any:
        return NO_SECOND if name in ("bmm", "gathered") else second.variants["refused"](name, x, weight, along)  # type: ignore[attr-defined]


@st.composite
def _refused(draw: st.DrawFn) -> list[Sample]:
    rng = generator(draw(seeds))
    return [
        Sample({"kind": kind, "x": integers(rng, (2, 3)) + 5, "weight": integers(rng, (2, 3)) + 5}, REAL)
        for kind in ("second gradient", "unpacking", "backward")
    ]


def _attempt(f: Any, kind: str, x: Any) -> None:
    """A gradient that ends in an error, in this framework or in both."""
    torch = f.__name__ == "torch"
    if kind == "second gradient":
        at = f.tensor([[0], [1]]) if torch else f.to_tensor([[0], [1]])
        written = x.scatter(1, at, x[:, :1] * 2) if torch else f.put_along_axis(x, at, x[:, :1] * 2, 1)
        grad = f.autograd.grad if torch else f.grad
        first = grad((written**2).sum(), x, create_graph=True)[0]
        first.sum().backward()
    elif kind == "unpacking":

        def unpacked(_: Any) -> Any:
            raise ValueError("not to be had")

        with (f.autograd.graph if torch else f.autograd).saved_tensors_hooks(lambda kept: kept, unpacked):
            y = f.exp(x).sum()
        y.backward()
    else:
        base: Any = f.autograd.Function if torch else f.autograd.PyLayer

        class Refusing(base):
            @staticmethod
            def forward(ctx, given):
                return given * 2

            @staticmethod
            def backward(ctx, given):
                raise ValueError("not to be had")

        Refusing.apply(x).sum().backward()


def _afterwards(f: Any, kind: str, x: Any, weight: Any) -> Any:
    import contextlib

    torch = f.__name__ == "torch"
    enabled = f.is_grad_enabled()
    leaves = [x.detach().clone() for _ in range(2)]
    for leaf in leaves:
        leaf.requires_grad_() if torch else setattr(leaf, "stop_gradient", False)
    try:
        with contextlib.suppress(Exception):
            _attempt(f, kind, leaves[0])
        product = (leaves[1] * weight).sum()
        if (product.requires_grad if torch else not product.stop_gradient) is False:
            return f.zeros_like(x)
        product.backward()
        return leaves[1].grad
    finally:
        f.set_grad_enabled(enabled)


@contract("autograd.after_an_error", area=AREA, samples=_refused(), share=0.05)
class after_an_error:
    """After a gradient that ended in an error, the next one is made as if nothing had been."""

    @staticmethod
    def torch(kind, x, weight):
        import torch

        return _afterwards(torch, kind, x, weight)

    @staticmethod
    def paddle(kind, x, weight):
        import paddle

        return _afterwards(paddle, kind, x, weight)

    @staticmethod
    def oracle(kind, x, weight) -> dict[str, Acceptance]:
        return {"output": Acceptance(weight, dtype="float32")}

    @staticmethod
    def variant_switched_off(kind, x, weight) -> dict[str, Acceptance]:
        value = weight if kind == "backward" else 0 * weight
        return {"output": Acceptance(value, dtype="float32")}

    @staticmethod
    def variant_switched_off_by_hooks(kind, x, weight) -> dict[str, Acceptance]:
        return {"output": Acceptance(0 * weight if kind == "unpacking" else weight, dtype="float32")}
