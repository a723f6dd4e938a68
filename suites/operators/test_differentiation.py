"""Jacobians, Hessians, products with them, gradients of a program's own, and hooks."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.accuracy import Rejects
from conformance.contract import REAL
from conformance.strategies import generator, integers, seeds

AREA = "automatic differentiation"
INCUBATED = "paddle.incubate.autograd."


@st.composite
def _points(draw: st.DrawFn) -> list[Sample]:
    rng = generator(draw(seeds))
    found = []
    for way in ("products", "incubated", "plain", "batched"):
        x, y, v, w = (np.asarray(integers(rng, (3,)) + 5, "f4") for _ in range(4))
        found.append(Sample({"way": way, "x": x, "y": y, "v": v, "w": w}, REAL))
    return found


def _pair(x: Any, y: Any) -> Any:
    """A vector of two vectors, by powers: exact of small whole numbers."""
    return x * x * y + x[0] * y


def _number(x: Any, y: Any) -> Any:
    return (x * x * y).sum() + x[0] * x[1] * y[2]


def _jacobians(x: Any, y: Any) -> tuple[Any, Any]:
    by_x = np.diag(2 * x * y)
    by_x[:, 0] += y
    return by_x, np.diag(x * x + x[0])


def _hessian(x: Any, y: Any) -> Any:
    """Of the number, with x and y in a row."""
    found = np.zeros((6, 6))
    found[:3, :3] = np.diag(2 * y)
    found[:3, 3:] = np.diag(2 * x)
    found[0, 1] += y[2]
    found[1, 0] += y[2]
    found[0, 5] += x[1]
    found[1, 5] += x[0]
    found[3:, :3] = found[:3, 3:].T
    return found


@contract(
    "autograd.functional",
    area=AREA,
    samples=_points(),
    tensors=False,
    share=0.05,
    covers=(
        *(f"{INCUBATED}{name}" for name in ("jvp", "vjp", "Jacobian", "Hessian")),
        "paddle.autograd.jacobian",
        "paddle.autograd.hessian",
    ),
)
class functional:
    """Jacobians and Hessians of several inputs, of batches, and products with a vector on either side."""

    note = (
        "paddle.incubate.autograd.jvp and vjp take a function as torch.func's do, and give value and product; "
        "paddle.autograd.jacobian and hessian take the results, torch.func.jacrev and hessian the function."
    )

    @staticmethod
    def torch(way, x, y, v, w):
        import torch

        x, y, v, w = (torch.tensor(array) for array in (x, y, v, w))
        if way == "products":
            value, forward = torch.func.jvp(_pair, (x, y), (v, w))
            back = torch.func.vjp(_pair, x, y)[1](v)
            return {"output": value, "forward": forward, "back.x": back[0], "back.y": back[1]}
        if way == "batched":
            rows = torch.stack([x, y])
            jacobian = torch.func.vmap(torch.func.jacrev(lambda row: row * row * row[0]))(rows)
            hessian = torch.func.vmap(torch.func.hessian(lambda row: (row**3).sum() + row[0] * row[1]))(rows)
            return {"output": jacobian, "hessian": hessian}
        jacobian = torch.cat(torch.func.jacrev(_pair, argnums=(0, 1))(x, y), 1)
        blocks = torch.func.hessian(_number, argnums=(0, 1))(x, y)
        return {"output": jacobian, "hessian": torch.cat([torch.cat(row, 1) for row in blocks])}

    @staticmethod
    def paddle(way, x, y, v, w):
        import paddle
        from paddle.incubate import autograd

        x, y, v, w = (paddle.to_tensor(array, stop_gradient=False) for array in (x, y, v, w))
        if way == "products":
            value, forward = autograd.jvp(_pair, [x, y], [v, w])
            back = autograd.vjp(_pair, [x, y], v)[1]
            return {"output": value, "forward": forward, "back.x": back[0], "back.y": back[1]}
        if way == "incubated":
            jacobian, hessian = autograd.Jacobian(_pair, [x, y]), autograd.Hessian(_number, [x, y])
            return {"output": jacobian[:], "hessian": hessian[:]}
        if way == "batched":
            rows = paddle.stack([x, y]).detach()
            rows.stop_gradient = False
            jacobian = paddle.autograd.jacobian(rows * rows * rows[:, :1], rows, batch_axis=0)
            numbers = (rows**3).sum(1, keepdim=True) + rows[:, :1] * rows[:, 1:2]
            return {"output": jacobian[:], "hessian": paddle.autograd.hessian(numbers, rows, batch_axis=0)[:]}
        jacobian = paddle.concat([each[:] for each in paddle.autograd.jacobian(_pair(x, y), [x, y])], 1)
        blocks = paddle.autograd.hessian(_number(x, y), [x, y])
        return {"output": jacobian, "hessian": paddle.concat([paddle.concat([e[:] for e in row], 1) for row in blocks])}

    @staticmethod
    def oracle(way, x, y, v, w) -> dict[str, Acceptance]:
        x, y, v, w = (array.astype(np.float64) for array in (x, y, v, w))
        if way == "batched":
            rows = np.stack([x, y])
            jacobian = np.stack([np.diag(2 * row * row[0]) for row in rows])
            jacobian[:, :, 0] += rows * rows
            hessian = np.stack([np.diag(6 * row) for row in rows])
            hessian[:, 0, 1] += 1
            hessian[:, 1, 0] += 1
            return {"output": Acceptance(jacobian, dtype="float32"), "hessian": Acceptance(hessian, dtype="float32")}
        by_x, by_y = _jacobians(x, y)
        if way == "products":
            found = {"output": _pair(x, y), "forward": by_x @ v + by_y @ w, "back.x": v @ by_x, "back.y": v @ by_y}
        else:
            found = {"output": np.concatenate([by_x, by_y], 1), "hessian": _hessian(x, y)}
        return {name: Acceptance(value, dtype="float32") for name, value in found.items()}


@st.composite
def _own(draw: st.DrawFn) -> list[Sample]:
    rng, found = generator(draw(seeds)), []
    for way in ("several", "one result", "none", "twice", "hooks", "removed", "leaf", "saved", "kept out"):
        x, y = (np.asarray(integers(rng, (2, 3)) + 5, "f4") for _ in range(2))
        found.append(Sample({"way": way, "x": x, "y": y}, REAL))
    return found


def _own_gradient(f: Any, way: str) -> Any:
    """A class of the program's own: of x y k and x + y, or of the cube of x."""
    torch = f.__name__ == "torch"
    base: Any = f.autograd.Function if torch else f.autograd.PyLayer
    saved = (lambda ctx: ctx.saved_tensors) if torch else (lambda ctx: ctx.saved_tensor())

    class Several(base):
        @staticmethod
        def forward(ctx, x, y, k):
            ctx.save_for_backward(x, y)
            ctx.k = k
            return x * y * k, x + y

        @staticmethod
        def backward(ctx, first, second):
            x, y = saved(ctx)
            found = first * y * ctx.k + second, None if way == "none" else first * x * ctx.k + second
            return (*found, None) if torch else found

    class Cube(base):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, given):
            (x,) = saved(ctx)
            return given * 3 * x * x

    return Cube if way == "twice" else Several


def _hooked(f: Any, way: str, x: Any, y: Any) -> Any:
    """A product whose gradient hooks change on its way."""
    product = x * y
    if way == "leaf":
        x.register_hook(lambda g: g * 3)
        product.sum().backward()
        return (x * y).sum()
    first = product.register_hook(lambda g: g * 10)
    product.register_hook(lambda g: g + 1)
    if way == "removed":
        first.remove()
    return product.sum()


def _differentiated(f: Any, way: str, x: Any, y: Any) -> dict[str, Any]:
    torch = f.__name__ == "torch"
    for leaf in (x, y):
        leaf.requires_grad_() if torch else setattr(leaf, "stop_gradient", False)
    if way in ("several", "one result", "none"):
        first, second = _own_gradient(f, way).apply(x, y, 3)
        total = first.sum() if way == "one result" else first.sum() + 2 * second.sum()
    elif way == "twice":
        grad = f.autograd.grad if torch else f.grad
        total = grad(_own_gradient(f, way).apply(x).sum(), x, create_graph=True)[0].sum() + y.sum()
    elif way == "saved":
        with (f.autograd.graph if torch else f.autograd).saved_tensors_hooks(lambda t: t * 2, lambda t: t + 1):
            total = (x * y).sum()
    elif way == "kept out":
        with f.no_grad():
            known = x * 2
        total = (known * y + x.detach() * x).sum()
    else:
        total = _hooked(f, way, x, y)
    total.backward()
    return {name: f.zeros_like(leaf) if leaf.grad is None else leaf.grad for name, leaf in (("x", x), ("y", y))}


@contract(
    "autograd.own",
    area=AREA,
    samples=_own(),
    share=0.05,
    may_be_zero=("x", "y"),
    covers=("paddle.autograd.PyLayer", "paddle.autograd.saved_tensors_hooks", "paddle.no_grad"),
)
class own:
    """Gradients of a program's own classes, of results that are not used, twice; and hooks in their order."""

    note = "paddle's PyLayer has saved_tensor() for torch's saved_tensors, and gives no None for what is no tensor."

    @staticmethod
    def torch(way, x, y):
        import torch

        return _differentiated(torch, way, x, y)

    @staticmethod
    def paddle(way, x, y):
        import paddle

        return _differentiated(paddle, way, x, y)

    @staticmethod
    def oracle(way, x, y) -> dict[str, Acceptance]:
        x, y = x.astype(np.float64), y.astype(np.float64)
        found = {
            "several": (3 * y + 2, 3 * x + 2),
            "one result": (3 * y, 3 * x),
            "none": (3 * y + 2, 0 * x),
            "twice": (6 * x, 0 * x + 1),
            "hooks": (11 * y, 11 * x),
            "removed": (2 * y, 2 * x),
            "leaf": (6 * y, 2 * x),
            "saved": (2 * y + 1, 2 * x + 1),
            "kept out": (x, 2 * x),
        }[way]
        return {name: Acceptance(value, dtype="float32") for name, value in zip("xy", found, strict=True)}

    @staticmethod
    def variant_removal_refused(way, x, y) -> dict[str, Acceptance] | Rejects:
        if way == "removed":
            return Rejects("no hook can be removed", error="in _hooked\n    first.remove()")
        return own.oracle(way, x, y)

    @staticmethod
    def variant_last_hook_first(way, x, y) -> dict[str, Acceptance] | Rejects:
        if way == "hooks":
            return {"x": Acceptance(20.0 * y, dtype="float32"), "y": Acceptance(20.0 * x, dtype="float32")}
        return own.oracle(way, x, y)
