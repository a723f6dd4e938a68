"""Digits that a call keeps: twelve of float64, whatever its attributes are, and all of a large integer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.accuracy import Rejects
from conformance.functions import special
from conformance.strategies import generator

AREA = "digits"
DIGITS = 1e-12


def exactly(number):
    """An attribute as it was given."""
    return number


def in_float32(number):
    """An attribute as a kernel has it that keeps attributes in float32."""
    return float(np.float32(number))


def _root(x, order, kept):
    return (np.abs(x) ** order).sum() ** kept(1 / order)


CALLS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "elu": (lambda f, n, x: n.elu(x, 0.3), lambda x, kept: np.where(x > 0, x, kept(0.3) * np.expm1(x))),
    "celu": (lambda f, n, x: n.celu(x, 0.3), lambda x, kept: np.where(x > 0, x, kept(0.3) * np.expm1(x / kept(0.3)))),
    "selu": (
        lambda f, n, x: n.selu(x),
        lambda x, kept: (
            kept(1.0507009873554804934193349852946)
            * np.where(x > 0, x, kept(1.6732632423543772848170429916717) * np.expm1(x))
        ),
    ),
    "leaky_relu": (lambda f, n, x: n.leaky_relu(x, 0.1), lambda x, kept: np.where(x > 0, x, kept(0.1) * x)),
    "softshrink": (
        lambda f, n, x: n.softshrink(x, 0.1),
        lambda x, kept: np.sign(x) * np.maximum(np.abs(x) - kept(0.1), 0),
    ),
    "hardtanh": (lambda f, n, x: n.hardtanh(x, -0.1, 0.3), lambda x, kept: np.clip(x, kept(-0.1), kept(0.3))),
    "clip": (lambda f, n, x: f.clip(x, -0.1, 0.3), lambda x, kept: np.clip(x, kept(-0.1), kept(0.3))),
    "power": (lambda f, n, x: f.pow(f.abs(x), 0.1), lambda x, kept: np.abs(x) ** kept(0.1)),
    "power_operator": (lambda f, n, x: f.abs(x) ** (1 / 3), lambda x, kept: np.abs(x) ** kept(1 / 3)),
    "number_to_power": (lambda f, n, x: 0.1**x, lambda x, kept: kept(0.1) ** x),
    "add_number": (lambda f, n, x: x + 0.1, lambda x, kept: x + kept(0.1)),
    "fill": (lambda f, n, x: f.full_like(x, 0.1), lambda x, kept: np.full(x.shape, kept(0.1))),
    "addmm": (
        lambda f, n, x: f.addmm(x.reshape([8, 8]), x.reshape([8, 8]), x.reshape([8, 8]), beta=0.1, alpha=0.3),
        lambda x, kept: kept(0.1) * x.reshape(8, 8) + kept(0.3) * (x.reshape(8, 8) @ x.reshape(8, 8)),
    ),
    "norm3": (lambda f, n, x: f.norm(x, 3.0), lambda x, kept: _root(x, 3.0, kept)),
    "dist3": (lambda f, n, x: f.dist(x, -x, 3.0), lambda x, kept: _root(2 * x, 3.0, kept)),
    "cdist3": (
        lambda f, n, x: f.cdist(x.reshape([1, -1]), -x.reshape([1, -1]), 3.0),
        lambda x, kept: np.array([[_root(2 * x, 3.0, kept)]]),
    ),
    "trapezoid": (
        lambda f, n, x: f.trapezoid(x, dx=0.1),
        lambda x, kept: kept(0.1) * ((x[1:] + x[:-1]) / 2).sum(),
    ),
    "lerp": (lambda f, n, x: f.lerp(x, -x, 0.1), lambda x, kept: x - kept(0.1) * 2 * x),
    "softplus": (lambda f, n, x: n.softplus(x, 0.3), lambda x, kept: np.log1p(np.exp(kept(0.3) * x)) / kept(0.3)),
    "logit": (
        lambda f, n, x: f.logit(n.sigmoid(x), 0.1),
        lambda x, kept: special.logit(np.clip(special.expit(x), kept(0.1), 1 - kept(0.1))),
    ),
    "layer_norm": (
        lambda f, n, x: n.layer_norm(x, [64], None, None, 7e-4),
        lambda x, kept: (x - x.mean()) / np.sqrt(x.var() + kept(7e-4)),
    ),
    "gelu": (lambda f, n, x: n.gelu(x), lambda x, kept: x * special.ndtr(x)),
    "erf": (lambda f, n, x: f.erf(x), lambda x, kept: special.erf(x)),
    "lgamma": (lambda f, n, x: f.lgamma(f.abs(x) + 2.5), lambda x, kept: special.gammaln(np.abs(x) + 2.5)),
}
IN_FLOAT32 = (
    *("elu", "celu", "selu", "softshrink", "hardtanh", "power", "power_operator", "addmm", "norm3", "dist3"),
    *("cdist3", "trapezoid", "layer_norm"),
)


def _numbers(call, seed):
    x = generator(seed).standard_normal(64)
    return x if call != "layer_norm" else x.reshape(1, 64)


def _but_addmm(found, call):
    return {"output": replace(found["output"], bound=np.inf)} if call == "addmm" else found


@contract(
    "digits.float64",
    area=AREA,
    samples=st.integers(0, 2**32 - 1).map(
        lambda seed: [Sample({"x": _numbers(call, seed), "call": call}) for call in CALLS]
    ),
    share=0.04,
    covers=("torch.pow", "torch.lerp", "torch.addmm", "paddle.cdist", "paddle.trapezoid"),
)
class float64:
    """Of float64 numbers a call gives twelve digits, also where an attribute of it is no float32 number."""

    @staticmethod
    def torch(x, call):
        import torch

        return {"output": CALLS[call][0](torch, torch.nn.functional, x)}

    @staticmethod
    def paddle(x, call):
        import paddle

        return {"output": CALLS[call][0](paddle, paddle.nn.functional, x)}

    @staticmethod
    def oracle(x, call, kept=exactly):
        value = np.asarray(CALLS[call][1](x, kept))
        return {"output": Acceptance(value, DIGITS * np.maximum(np.abs(value), np.abs(x).max()), dtype="float64")}

    @staticmethod
    def variant_attributes_in_float32(x, call):
        return float64.oracle(x, call, in_float32 if call in IN_FLOAT32 else exactly)

    @staticmethod
    def variant_every_attribute_in_float32(x, call):
        return float64.oracle(x, call, in_float32)

    @staticmethod
    def variant_addmm_over_its_factors(x, call):
        """As attributes_in_float32; of a product that is written over its factors nothing is promised."""
        return _but_addmm(float64.variants["attributes_in_float32"](x, call), call)  # type: ignore[attr-defined]

    @staticmethod
    def variant_addmm_over_its_factors_in_float32(x, call):
        return _but_addmm(float64.oracle(x, call, in_float32), call)


POWERS = ("power", "operator", "tensor_power")
WHOLE: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "cube": (lambda f, x: f.pow(x, 3), lambda x: x**3),
    "power": (lambda f, x: f.pow(x, 5), lambda x: x**5),
    "operator": (lambda f, x: x**5, lambda x: x**5),
    "tensor_power": (lambda f, x: f.pow(x, f.full_like(x, 5)), lambda x: x**5),
    "product": (lambda f, x: f.matmul(x.reshape([1, -1]), x.reshape([-1, 1]) * 0 + 1), lambda x: np.array([[x.sum()]])),
    "sum": (lambda f, x: x.sum(), lambda x: x.sum()),
    "running": (lambda f, x: f.cumsum(x, 0), np.cumsum),
    "largest": (lambda f, x: x.max(), lambda x: x.max()),
    "quotient": (lambda f, x: x // 3, lambda x: x // 3),
    "rest": (lambda f, x: x % 1000, lambda x: x % 1000),
    "size": (lambda f, x: f.abs(-x), lambda x: x),
    "less_one": (lambda f, x: x - 1, lambda x: x - 1),
    "clipped": (lambda f, x: f.clip(x, 0, 2**62), lambda x: x),
}


def _large(call, seed):
    """Odd numbers that float64 does not hold, or whose power it does not."""
    low, high = {"cube": (2**17, 2**20), **dict.fromkeys(POWERS, (2**11, 2**12))}.get(call, (2**53, 2**58))
    return 2 * generator(seed).integers(low // 2, high // 2, 9) + 1


@contract(
    "digits.int64",
    area=AREA,
    samples=st.integers(0, 2**32 - 1).map(
        lambda seed: [Sample({"x": _large(call, seed), "call": call}) for call in WHOLE]
    ),
    share=0.08,
    covers=("torch.pow", "torch.matmul", "torch.cumsum", "torch.clamp", "paddle.pow", "paddle.matmul"),
)
class int64:
    """Integers keep all of their digits, beyond those that float64 has."""

    @staticmethod
    def torch(x, call):
        import torch

        return {"output": WHOLE[call][0](torch, x)}

    @staticmethod
    def paddle(x, call):
        import paddle

        return {"output": WHOLE[call][0](paddle, x)}

    @staticmethod
    def oracle(x, call):
        return {"output": Acceptance(np.asarray(WHOLE[call][1](x)), dtype="int64")}

    @staticmethod
    def variant_through_floating_numbers(x, call):
        """Powers through float64 and products through float32."""
        digits = {"product": 24, **dict.fromkeys(POWERS, 53)}.get(call)
        if digits is None:
            return int64.oracle(x, call)
        value = np.asarray(WHOLE[call][1](x)).astype(np.float64)
        return {"output": Acceptance(value, 16 * 2.0**-digits * np.abs(value), dtype="int64")}


SPREAD = {"var": lambda x: np.var(x, ddof=1), "std": lambda x: np.std(x, ddof=1)}


@contract(
    "digits.spread_of_integers",
    area=AREA,
    samples=st.tuples(st.sampled_from(tuple(SPREAD)), st.sampled_from(("int64", "int32")), st.integers(0, 99)).map(
        lambda drawn: Sample({"x": generator(drawn[2]).integers(0, 3, 8).astype(drawn[1]), "call": drawn[0]})
    ),
    share=0.25,
    covers=("torch.var", "torch.std", "paddle.var", "paddle.std"),
)
class spread_of_integers:
    """The variance and the deviation of integers are no integers: a call gives the fraction, or refuses."""

    @staticmethod
    def torch(x, call):
        import torch

        return {"output": getattr(torch, call)(x.double())}

    @staticmethod
    def paddle(x, call):
        import paddle

        return {"output": getattr(paddle, call)(x).astype("float64")}

    note = "torch refuses the variance and the deviation of integers, and paddle truncates them"

    @staticmethod
    def oracle(x, call):
        value = np.asarray(SPREAD[call](x.astype(np.float64)))
        return {"output": Acceptance(value, 1e-6 * value, dtype="float64")}

    variant_no_such_kind = staticmethod(lambda x, call: Rejects("no integers", "data we are trying to retrieve"))
    variant_no_integers = staticmethod(lambda x, call: Rejects("no integers", f"but received {x.dtype}"))
    variant_no_promotion = staticmethod(lambda x, call: Rejects("no integers", "Type promotion only support"))

    @staticmethod
    def variant_truncated(x, call):
        """The mean as an integer, and the quotient of squared distances from it; its root as one too."""
        moved = x - np.trunc(x.mean()).astype(x.dtype)
        found = np.trunc((moved * moved).sum() / (x.size - 1))
        return {"output": Acceptance(np.trunc(found**0.5) if call == "std" else found, dtype="float64")}
