"""Integers drawn at random: each as often as its weight says, and none where it is 0.

A count of n draws lies within 6.5 standard deviations of its mean: a correct generator leaves that once in 1e10 counts.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.operators import each

AREA = "drawn integers"
DEVIATIONS = 6.5
DRAWS = 4000


def _counts(shares, draws=DRAWS):
    """What counts of draws may be where each has such a share."""
    shares = np.asarray(shares, np.float64)
    bound = DEVIATIONS * np.sqrt(draws * shares * (1 - shares))
    return Acceptance(draws * shares, np.where(shares > 0, bound + 1, 0.0), dtype="int64")


@contract(
    "drawn.randint",
    area=AREA,
    samples=st.tuples(st.integers(-5, 5), st.integers(1, 12), each("int64", "int32")).map(
        lambda drawn: Sample({"low": drawn[0], "high": drawn[0] + drawn[1], "dtype": drawn[2]})
    ),
    share=0.5,
    covers=("torch.randint",),
)
class randint:
    """Each integer from a lowest to below a highest equally often."""

    @staticmethod
    def torch(low, high, dtype):
        import torch

        found = torch.randint(low, high, (40, 100), dtype=getattr(torch, dtype))
        return {
            "counts": torch.bincount(found.flatten().long() - low),
            "kind": str(found.dtype).split(".")[-1] == dtype,
        }

    @staticmethod
    def paddle(low, high, dtype):
        import paddle

        found = paddle.randint(low, high, (40, 100), dtype)
        counts = paddle.bincount(found.flatten().astype("int64") - low)
        return {"counts": counts, "kind": str(found.dtype).split(".")[-1] == dtype}

    @staticmethod
    def oracle(low, high, dtype):
        return {"counts": _counts(np.full(high - low, 1 / (high - low))), "kind": np.array(True)}


def _weights():
    return st.lists(st.sampled_from((0.0, 0.5, 1.0, 2.0, 8.0)), min_size=2, max_size=8).filter(
        lambda weights: sum(weight > 0 for weight in weights) > 1
    )


@contract(
    "drawn.multinomial",
    area=AREA,
    samples=_weights().map(lambda weights: Sample({"weights": np.array([weights, weights[::-1]], np.float32)})),
    share=0.5,
    covers=("paddle.multinomial",),
)
class multinomial:
    """With replacement, places as often as their weights say, each row for itself."""

    @staticmethod
    def torch(weights):
        import torch

        found = torch.multinomial(weights, 4000, replacement=True)
        return {"counts": torch.stack([torch.bincount(row, minlength=weights.shape[1]) for row in found])}

    @staticmethod
    def paddle(weights):
        import paddle

        found = paddle.multinomial(weights, 4000, replacement=True)
        return {"counts": paddle.stack([paddle.bincount(row, minlength=weights.shape[1]) for row in found])}

    @staticmethod
    def oracle(weights):
        return {"counts": _counts(weights / weights.sum(axis=1, keepdims=True))}


@contract(
    "drawn.multinomial_distinct",
    area=AREA,
    samples=_weights().map(lambda weights: Sample({"weights": np.array([weights] * 1000, np.float32)})),
    share=0.25,
    covers=("paddle.multinomial",),
)
class multinomial_distinct:
    """Without replacement, every place that has a weight once, and the first of them as often as its weight says."""

    @staticmethod
    def torch(weights):
        import torch

        found = torch.multinomial(weights, int((weights[0] > 0).sum()))
        return {
            "once": torch.bincount(found.flatten(), minlength=weights.shape[1]),
            "first": torch.bincount(found[:, 0], minlength=weights.shape[1]),
        }

    @staticmethod
    def paddle(weights):
        import paddle

        found = paddle.multinomial(weights, int((weights[0] > 0).sum()))
        return {
            "once": paddle.bincount(found.flatten(), minlength=weights.shape[1]),
            "first": paddle.bincount(found[:, 0], minlength=weights.shape[1]),
        }

    @staticmethod
    def oracle(weights):
        rows = len(weights)
        return {"once": np.where(weights[0] > 0, rows, 0), "first": _counts(weights[0] / weights[0].sum(), rows)}


@contract(
    "drawn.permutation",
    area=AREA,
    samples=st.integers(1, 6).map(lambda n: Sample({"n": n})),
    share=0.25,
    may_be_zero=("sorted", "first"),
)
class permutation:
    """A random order holds every number once, and begins with each equally often."""

    @staticmethod
    def torch(n):
        import torch

        found = torch.stack([torch.randperm(n) for _ in range(600)])
        return {"sorted": found.sort(1)[0], "first": torch.bincount(found[:, 0], minlength=n)}

    @staticmethod
    def paddle(n):
        import paddle

        found = paddle.stack([paddle.randperm(n) for _ in range(600)])
        return {"sorted": paddle.sort(found, 1), "first": paddle.bincount(found[:, 0], minlength=n)}

    @staticmethod
    def oracle(n):
        return {"sorted": np.tile(np.arange(n), (600, 1)), "first": _counts(np.full(n, 1 / n), 600)}


@contract(
    "drawn.multinomial_small",
    area=AREA,
    samples=st.lists(st.sampled_from((1e-8, 1e-9)), min_size=1, max_size=3).map(
        lambda small: Sample({"weights": np.array([[1.0, *small]] * 100, np.float32)})
    ),
    share=0.25,
    covers=("paddle.multinomial",),
)
class multinomial_small:
    """Without replacement every place that has a weight comes once, however small its weight is."""

    @staticmethod
    def torch(weights):
        import torch

        found = torch.multinomial(weights, weights.shape[1])
        return {"once": torch.bincount(found.flatten(), minlength=weights.shape[1])}

    @staticmethod
    def paddle(weights):
        import paddle

        found = paddle.multinomial(weights, weights.shape[1])
        return {"once": paddle.bincount(found.flatten(), minlength=weights.shape[1])}

    @staticmethod
    def oracle(weights):
        return {"once": np.full(weights.shape[1], len(weights))}

    @staticmethod
    def variant_repeated(weights):
        return {"once": np.array([weights.size, *[0] * (weights.shape[1] - 1)])}
