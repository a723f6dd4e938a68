"""Dirichlet's distribution of shares, and what parameters of several numbers make of draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Sample, contract
from conformance.functions import digamma, lgamma, square
from conformance.operators import Floats, each, operator
from conformance.strategies import seeds
from suites.support.distributions import (
    AREA,
    FAMILIES,
    added,
    answered,
    asked,
    likely,
    plain_product,
    steep_x_log,
    x_log,
)

EIGHTHS = 8


@st.composite
def shares(draw: st.DrawFn, /) -> Any:
    """Concentrations from 1 on, and shares in eighths, of which some are 0."""
    shape = (*draw(each((), (2,))), draw(st.integers(2, 4)))
    call = draw(each("log_prob", "log_prob", "prob", "entropy", "mean", "variance"))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    value = rng.multinomial(EIGHTHS, np.full(shape[-1], 1 / shape[-1]), shape[:-1]) / EIGHTHS
    return {
        "call": call,
        "value": value.astype("float32") if "prob" in call else None,
        "concentration": Floats(shape, low=1.0, high=8.0, points=(1.0, 2.0), specials=False),
    }


def _dirichlet(call, value, concentration, product=x_log):
    whole = concentration.sum(axis=-1)

    def log_prob():
        return added(
            product(concentration - 1.0, value).sum(axis=-1), lgamma(whole), -lgamma(concentration).sum(axis=-1)
        )

    def entropy():
        return added(
            lgamma(concentration).sum(axis=-1),
            -lgamma(whole),
            (whole - float(concentration.shape[-1])) * digamma(whole),
            -((concentration - 1.0) * digamma(concentration)).sum(axis=-1),
        )

    def variance():
        kept = concentration.sum(axis=-1, keepdims=True)
        return concentration * (kept - concentration) / (square(kept) * (kept + 1.0))

    return answered(
        call,
        log_prob,
        entropy=entropy,
        mean=lambda: concentration / concentration.sum(axis=-1, keepdims=True),
        variance=variance,
    )


@operator(
    "distribution.dirichlet",
    area=AREA,
    cases=shares(),
    gradients=("value", "concentration"),
    dtypes=("float32",),
    families=FAMILIES,
    share=0.3,
    covers=("paddle.distribution.Dirichlet",),
)
class dirichlet:
    """Dirichlet's distribution, whose density is finite where a share is 0 and its concentration 1."""

    torch = lambda f, call, value, concentration: likely(f.distributions.Dirichlet, call, value, concentration)
    paddle = lambda f, call, value, concentration: asked(f.distribution.Dirichlet, call, value, concentration)
    value = _dirichlet
    variant_not_a_number = lambda call, value, concentration: _dirichlet(call, value, concentration, plain_product)
    variant_slope_not_a_number = lambda call, value, concentration: _dirichlet(call, value, concentration, steep_x_log)


@contract(
    "distribution.sample_gradient",
    area=AREA,
    samples=st.fixed_dictionaries(
        {"seed": seeds, "kind": each("Normal", "Uniform", "Laplace", "Gumbel", "Cauchy")}
    ).map(Sample),
    tensors=False,
    share=0.2,
    may_be_zero=("carries",),  # on every sample, where a framework is right and the only one
    covers=("paddle.distribution.Normal", "paddle.distribution.Uniform"),
)
class sample_gradient:
    """What sample draws carries no gradient to the parameters; what rsample draws does."""

    @staticmethod
    def torch(seed, kind):
        import torch

        torch.manual_seed(seed)
        low = torch.tensor([0.0, 1.0], requires_grad=True)
        return {"carries": bool(getattr(torch.distributions, kind)(low, low + 2.0).sample((3,)).requires_grad)}

    @staticmethod
    def paddle(seed, kind):
        import paddle

        paddle.seed(seed)
        low = paddle.to_tensor([0.0, 1.0], stop_gradient=False)
        return {"carries": not getattr(paddle.distribution, kind)(low, low + 2.0).sample([3]).stop_gradient}

    @staticmethod
    def oracle(seed, kind):
        return {"carries": np.array(False)}

    @staticmethod
    def variant_carries(seed, kind):
        return {"carries": np.array(kind in ("Normal", "Uniform"))}


@contract(
    "distribution.rsample_of_several",
    area=AREA,
    samples=st.fixed_dictionaries({"seed": seeds, "shape": each((), (4,))}).map(Sample),
    tensors=False,
    share=0.2,
    covers=("paddle.distribution.Normal",),
)
class rsample_of_several:
    """One location and four scales make four draws, each of its own chance."""

    @staticmethod
    def torch(seed, shape):
        import torch

        torch.manual_seed(seed)
        scale = torch.tensor([1.0, 2.0, 3.0, 4.0])
        made = torch.distributions.Normal(torch.tensor(0.0), scale)
        return _told((made.rsample(shape) / scale).numpy(), made.batch_shape)

    @staticmethod
    def paddle(seed, shape):
        import paddle

        paddle.seed(seed)
        scale = paddle.to_tensor([1.0, 2.0, 3.0, 4.0])
        made = paddle.distribution.Normal(paddle.to_tensor(0.0), scale)
        return _told((made.rsample(shape) / scale).numpy(), made.batch_shape)

    @staticmethod
    def oracle(seed, shape):
        return {"shape": str((*shape, 4)), "batch": "(4,)", "apart": np.array(True)}

    @staticmethod
    def variant_of_the_location(seed, shape):
        return {"shape": "(4,)", "batch": "()", "apart": np.array(shape == (4,))}


def _told(draws, batch):
    """Whether the numbers of a row, divided by their scales, are not all the same."""
    apart = np.ptp(draws.reshape(-1, 4), axis=-1) > 1e-6
    return {"shape": str(draws.shape), "batch": str(tuple(batch)), "apart": bool(apart.all())}
