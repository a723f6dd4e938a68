"""Random truth values and counts: how often each number is drawn, judged against its probability."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, accuracy, contract
from conformance import sampling as law
from conformance.operators import each
from conformance.strategies import seeds
from suites.support.drawn import AREA, DRAWS, drawn
from suites.support.laws import binomial as binomial_law
from suites.support.laws import geometric as geometric_law
from suites.support.laws import poisson as poisson_law
from suites.support.laws import with_tail
from suites.support.refusals import absent

BEYOND = 40


@drawn(
    "random.bernoulli",
    ("paddle.bernoulli", "paddle.Tensor.bernoulli_"),
    call=("function", "method"),
    chance=(0.0, 0.01, 0.3, 0.5, 0.99, 1.0),
)
class bernoulli:
    """A number is 1 with its probability, and 0 otherwise."""

    note = "A seed gives other numbers of torch's dropout, bernoulli_, exponential_ and multinomial from 2.7 or 2.8 on."
    torch = lambda f, call, chance: (
        f.bernoulli(f.full((64, 64), chance)) if call == "function" else f.empty(64, 64).bernoulli_(chance)
    )
    paddle = lambda f, call, chance: (
        f.bernoulli(f.full([64, 64], chance)) if call == "function" else f.empty([64, 64]).bernoulli_(chance)
    )
    chances = lambda call, chance: [1.0 - chance, chance]
    variant_absent = lambda told, seed, call, chance: absent("bernoulli_") if call == "method" else told
    variant_complement = lambda told, seed, call, chance: (
        {**told, "counts": law.counted(DRAWS, [chance, 1.0 - chance])} if call == "method" else told
    )


@drawn("random.poisson", ("paddle.poisson",), rate=(0.0, 0.125, 1.0, 4.0, 12.0))
class poisson:
    """A count of independent events at a rate."""

    torch = lambda f, rate: f.poisson(f.full((64, 64), rate))
    paddle = lambda f, rate: f.poisson(f.full([64, 64], rate))
    chances = lambda rate: poisson_law(rate)


@drawn("random.binomial", ("paddle.binomial",), total=(0, 1, 5, 30), chance=(0.0, 0.125, 0.5, 0.9375, 1.0))
class binomial:
    """How many of several truth values are true."""

    note = "paddle.binomial takes and gives integers, torch.binomial floating numbers."
    torch = lambda f, total, chance: f.binomial(f.full((64, 64), float(total)), f.full((64, 64), chance))
    paddle = lambda f, total, chance: f.binomial(f.full([64, 64], total, "int64"), f.full([64, 64], chance)).astype(
        "float32"
    )
    chances = lambda total, chance: binomial_law(total, chance)
    variant_absent = lambda told, seed, total, chance: absent("binomial")


@drawn("random.geometric", ("paddle.Tensor.geometric_",), chance=(0.125, 0.5, 0.875))
class geometric:
    """How many truth values are drawn up to the first that is true: a whole number, at least 1."""

    torch = lambda f, chance: f.empty(64, 64).geometric_(chance)
    paddle = lambda f, chance: f.empty([64, 64]).geometric_(chance)
    chances = lambda chance: with_tail([0.0, *(chance * (1 - chance) ** k for k in range(BEYOND))])

    @staticmethod
    def variant_not_rounded(told, seed, chance):
        """The logarithm itself, which is up to 1 less than the count."""
        shares = geometric_law(chance, BEYOND + 1)
        return {**told, "counts": law.counted(DRAWS, shares), "whole": np.array(False)}


@drawn(
    "random.randint_like",
    ("paddle.randint_like", "paddle.Tensor.random_"),
    call=("like", "method"),
    dtype=("float32", "float64", "int64"),
)
class randint_like:
    """Each integer from a lowest to below a highest equally often, in the dtype of a tensor."""

    torch = lambda f, call, dtype: (
        f.randint_like(f.zeros(64, 64, dtype=getattr(f, dtype)), 2, 7)
        if call == "like"
        else f.empty(64, 64, dtype=getattr(f, dtype)).random_(2, 7)
    )
    paddle = lambda f, call, dtype: (
        f.randint_like(f.zeros([64, 64], dtype), 2, 7) if call == "like" else f.zeros([64, 64], dtype).random_(2, 7)
    )
    chances = lambda call, dtype: [0.0, 0.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.0]
    variant_absent = lambda told, seed, call, dtype: absent("random_") if call == "method" else told


RARE = 4_000_000
"""Places that share a tenth of the weight."""


@contract(
    "random.multinomial_of_millions",
    area=AREA,
    samples=st.fixed_dictionaries({"seed": seeds, "heavy": each(0.9)}).map(Sample),
    tensors=False,
    share=0.02,
    covers=("paddle.multinomial",),
    may_be_zero=("rare",),
)
class multinomial_of_millions:
    """With replacement, millions of places that share a tenth of the weight are drawn once in ten times."""

    @staticmethod
    def torch(seed, heavy):
        import torch

        torch.manual_seed(seed)
        weights = torch.full((RARE + 1,), (1 - heavy) / RARE)
        weights[0] = heavy
        return {"rare": int((torch.multinomial(weights, 4000, replacement=True) > 0).sum())}

    @staticmethod
    def paddle(seed, heavy):
        import paddle

        paddle.seed(seed)
        weights = paddle.full([RARE + 1], (1 - heavy) / RARE)
        weights[0] = heavy
        return {"rare": int((paddle.multinomial(weights, 4000, replacement=True) > 0).sum())}

    @staticmethod
    def oracle(seed, heavy):
        return {"rare": law.counted(4000, 1 - heavy)}

    @staticmethod
    def variant_never(seed, heavy):
        return {"rare": np.array(0)}


@contract(
    "random.half",
    area=AREA,
    samples=st.fixed_dictionaries({"seed": seeds, "dtype": each("float16", "bfloat16")}).map(Sample),
    tensors=False,
    share=0.12,
    covers=("paddle.rand",),
)
class half:
    """Numbers of low precision that are uniform between 0 and 1 are below 1: some 2^18 of them, in which 1 would be."""

    @staticmethod
    def torch(seed, dtype):
        import torch

        torch.manual_seed(seed)
        found = torch.rand(512, 512, dtype=getattr(torch, dtype))
        return {"below": bool((found < 1).all()), "from": bool((found >= 0).all())}

    @staticmethod
    def paddle(seed, dtype):
        import paddle

        paddle.seed(seed)
        found = paddle.rand([512, 512], dtype).astype("float32")
        return {"below": bool((found < 1).all()), "from": bool((found >= 0).all())}

    @staticmethod
    def oracle(seed, dtype):
        return {"below": np.array(True), "from": np.array(True)}

    @staticmethod
    def variant_rounded_up(seed, dtype):
        return {"below": np.array(False), "from": np.array(True)}

    @staticmethod
    def variant_bfloat16_rounded_up(seed, dtype):
        return {"below": np.array(dtype == "float16"), "from": np.array(True)}

    @staticmethod
    def variant_no_kernel(seed, dtype):
        if dtype == "float16":
            return Rejects("there is no such kernel", "of kernel `uniform` is not registered")
        return {"below": np.array(True), "from": np.array(True)}


@contract(
    "random.normal_broadcast",
    area=AREA,
    samples=each(((3, 1), (3,)), ((1, 4), (4,)), ((3,), (3, 1)), ((2, 2), (2, 2))).map(
        lambda shapes: Sample({"mean": np.ones(shapes[0], np.float32), "deviation": np.ones(shapes[1], np.float32)})
    ),
    share=0.25,
    may_be_zero=("output",),
    covers=("paddle.normal",),
)
class normal_broadcast:
    """Means and deviations are broadcast with each other."""

    @staticmethod
    def torch(mean, deviation):
        import torch

        return torch.zeros_like(torch.normal(mean, deviation))

    @staticmethod
    def paddle(mean, deviation):
        import paddle

        return paddle.zeros_like(paddle.normal(mean, deviation))

    @staticmethod
    def oracle(mean, deviation):
        return {"output": accuracy.exact(np.zeros(np.broadcast_shapes(mean.shape, deviation.shape), np.float32))}

    @staticmethod
    def variant_of_the_mean(mean, deviation):
        return {"output": accuracy.exact(np.zeros(mean.shape, np.float32))}

    @staticmethod
    def variant_vectors_refused(mean, deviation):
        if mean.ndim == 1:
            return Rejects("the shape of a vector is refused", "returned a result with an exception set")
        return {"output": accuracy.exact(np.zeros(mean.shape, np.float32))}
