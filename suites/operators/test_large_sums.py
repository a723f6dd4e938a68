"""A million numbers summed: equal ones, whose partial sums drift, and ones whose mean is large beside their spread.

A float32 sum that is added up one after another stands still when it is large: the mean of ten million rows of 0.6931
comes out as 0.634. Each law allows what a sum in blocks makes, see :func:`conformance.sums.owed`, and no more.
"""

from __future__ import annotations

import numpy as np

from conformance import Acceptance, contract
from suites.support.large import EQUAL, U, centre, near, numbers, one_by_one, owed, placed, samples, total

AREA = "large sums"
SHARE = 0.04
SUMS = ("sum_all", "sum_rows", "sum_columns", "mean_all", "mean_rows", "mean_columns", "nanmean_rows", "nansum_columns")
SUMS_ONE_BY_ONE = tuple(call for call in SUMS if call != "sum_all")


def _shown(found):
    return {"output": found}


@contract(
    "large.sums",
    area=AREA,
    samples=samples((*SUMS, "logsumexp_columns")),
    share=SHARE,
    covers=(
        "torch.sum",
        "torch.mean",
        "paddle.sum",
        "paddle.mean",
        "torch.logsumexp",
    ),
)
class sums:
    """Sums and means of a million numbers, of all, along the rows or along the columns."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        shape, axis = placed(call, count)
        x = torch.from_numpy(numbers(kind, shape, seed))
        function = getattr(torch, call.split("_")[0])
        return _shown(function(x) if axis is None else function(x, axis))

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        shape, axis = placed(call, count)
        return _shown(getattr(paddle, call.split("_")[0])(paddle.to_tensor(numbers(kind, shape, seed)), axis))

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        shape, axis = placed(call, count)
        x = numbers(kind, shape, seed).astype(np.float64)
        if call.startswith("log"):
            top = x.max(axis, keepdims=True)
            found = np.log(np.exp(x - top).sum(axis)) + top.squeeze(axis)
            return {"output": near(found, U * (roundings(count // 4) + 12))}
        value, bound = total(x, axis, roundings)
        divisor = x.size / value.size if "mean" in call else 1.0
        return {"output": near(value / divisor, bound / divisor)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return sums.oracle(call, kind, count, seed, one_by_one if call in SUMS_ONE_BY_ONE else owed)


NORMS = ("norm1_all", "norm2_rows", "norm2_columns", "norm3_all", "dist_all")


def _order(call):
    return float(call[4]) if call.startswith("norm") else 2.0


@contract(
    "large.norms",
    area=AREA,
    samples=samples(NORMS),
    share=SHARE,
    covers=(
        "torch.norm",
        "torch.linalg.norm",
    ),
)
class norms:
    """Norms of a million equal numbers."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        shape, axis = placed(call, count)
        x = torch.from_numpy(numbers(kind, shape, seed))
        if call == "dist_all":
            return _shown(torch.dist(x, torch.zeros_like(x)))
        return _shown(torch.linalg.vector_norm(x, _order(call), axis))

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        shape, axis = placed(call, count)
        x = paddle.to_tensor(numbers(kind, shape, seed))
        if call == "dist_all":
            return _shown(paddle.dist(x, paddle.zeros_like(x)))
        return _shown(paddle.norm(x, _order(call), axis))

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        shape, axis = placed(call, count)
        order = _order(call)
        powers = np.abs(numbers(kind, shape, seed).astype(np.float64)) ** order
        value, bound = total(powers, axis, roundings)
        found = value ** (1 / order)
        return {"output": near(found, found * (bound / value + 8 * U) / order, 8.0)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return norms.oracle(call, kind, count, seed, one_by_one)


SPREADS = ("var_all", "var_rows", "std_columns", "gradient_rows")


def _slope(call):
    return call.startswith("gradient")


@contract(
    "large.spreads",
    area=AREA,
    samples=samples(SPREADS, "10000"),
    share=SHARE,
    covers=("torch.var", "torch.std", "paddle.var", "paddle.std"),
)
class spreads:
    """Variances and deviations of a million numbers around a large mean, and the gradient of one."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        shape, axis = placed(call, count)
        x = torch.from_numpy(numbers(kind, shape, seed)).requires_grad_(_slope(call))
        found = getattr(torch, "std" if call.startswith("std") else "var")(x, axis)
        return _shown(torch.autograd.grad(found.sum() * count, x)[0][::997] if _slope(call) else found)

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        shape, axis = placed(call, count)
        x = paddle.to_tensor(numbers(kind, shape, seed), stop_gradient=not _slope(call))
        found = getattr(paddle, "std" if call.startswith("std") else "var")(x, axis)
        return _shown(paddle.grad(found.sum() * float(count), x)[0][::997] if _slope(call) else found)

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        shape, axis = placed(call, count)
        moved, off, square, error, terms = centre(numbers(kind, shape, seed), axis, roundings)
        if _slope(call):
            scale = 2.0 * count / (terms - 1)
            return {"output": near(scale * moved[::997], scale * off, 8.0)}
        squared, bound = (np.squeeze(each, axis) * terms / (terms - 1) for each in (square, error))
        if call.startswith("std"):
            return {"output": near(np.sqrt(squared), np.sqrt(squared + bound) - np.sqrt(squared), 6.0)}
        return {"output": near(squared, bound)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return spreads.oracle(call, kind, count, seed, one_by_one)


@contract(
    "large.covariances",
    area=AREA,
    samples=samples(("cov", "corrcoef"), "100", "1000"),
    share=SHARE,
    covers=("torch.cov", "paddle.linalg.cov", "paddle.linalg.corrcoef"),
)
class covariances:
    """Covariances and correlations of two long rows around a large mean."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        return _shown(getattr(torch, call)(torch.from_numpy(numbers(kind, (2, count // 2), seed))))

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        return _shown(getattr(paddle.linalg, call)(paddle.to_tensor(numbers(kind, (2, count // 2), seed))))

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed, one_sided=False):
        x = numbers(kind, (2, count // 2), seed).astype(np.float64)
        moved, off, _, _, terms = centre(x, 1, roundings)
        other = x if one_sided else moved
        sizes = np.abs(moved) @ np.abs(other).T
        shift = off * np.abs(x.mean(1)) if one_sided else off * off.T
        value = moved @ moved.T / (terms - 1)
        bound = (shift * terms + U * (roundings(terms) + 8) * sizes) / (terms - 1)
        if call == "cov":
            return {"output": near(value, bound)}
        own = np.diagonal(bound) / np.diagonal(value)
        scale = np.sqrt(np.outer(np.diagonal(value), np.diagonal(value)))
        found, relative = value / scale, own[:, None] + own[None, :]
        sure = relative < 0.5
        return {"output": near(found, np.where(sure, bound / scale + np.abs(found) * relative, np.inf), 8.0)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return covariances.oracle(call, kind, count, seed, one_by_one)

    @staticmethod
    def variant_one_by_one_and_one_sided(call, kind, count, seed):
        return covariances.oracle(call, kind, count, seed, one_by_one, one_sided=True)


@contract(
    "large.running",
    area=AREA,
    samples=samples(("cumsum_all", "cumsum_rows", "logcumsumexp_all")),
    share=SHARE,
    covers=("torch.cumsum", "paddle.cumsum", "paddle.logcumsumexp"),
)
class running:
    """Running sums of a million equal numbers, a quarter and half of the way, and at their end."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        shape, _ = placed(call, count)
        found = getattr(torch, call.split("_")[0])(torch.from_numpy(numbers(kind, shape, seed)), 0)
        return _shown(found[[shape[0] // 4, shape[0] // 2, shape[0] - 1]])

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        shape, _ = placed(call, count)
        found = getattr(paddle, call.split("_")[0])(paddle.to_tensor(numbers(kind, shape, seed)), 0)
        return _shown(paddle.stack([found[shape[0] // 4], found[shape[0] // 2], found[shape[0] - 1]]))

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        shape, _ = placed(call, count)
        places = np.array([shape[0] // 4, shape[0] // 2, shape[0] - 1])
        terms = (places + 1.0).reshape(-1, *[1] * (len(shape) - 1)) * np.ones(shape[1:])
        number = float(np.float32(EQUAL))
        if call.startswith("log"):
            return {"output": near(np.log(terms) + number, U * (roundings(terms) + 12))}
        return {"output": near(terms * number, U * roundings(terms) * terms * number)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return running.oracle(call, kind, count, seed, one_by_one)


COUNTED = ("bincount", "weighted", "uint8", "int8", "bool", "histogram")


@contract(
    "large.counts",
    area=AREA,
    samples=samples(COUNTED),
    share=SHARE,
    covers=("torch.bincount", "torch.histc", "paddle.sum"),
)
class counts:
    """A million ones counted, in a histogram 2^24 and eight, and sums of small integers, which int64 holds."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        if call == "bincount":
            return _shown(torch.bincount(torch.zeros(count, dtype=torch.int64)))
        if call == "weighted":
            weights = torch.from_numpy(numbers(kind, (count,), seed))
            return _shown(torch.bincount(torch.zeros(count, dtype=torch.int64), weights))
        if call == "histogram":
            return _shown(torch.histc(torch.ones(2**24 + 8), 4, 0, 4).long())
        return _shown(torch.ones(count, dtype=getattr(torch, call)).sum())

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        if call == "bincount":
            return _shown(paddle.bincount(paddle.zeros([count], "int64")).astype("int64"))
        if call == "weighted":
            weights = paddle.to_tensor(numbers(kind, (count,), seed))
            return _shown(paddle.bincount(paddle.zeros([count], "int64"), weights))
        if call == "histogram":
            return _shown(paddle.histogram(paddle.ones([2**24 + 8]), 4, 0, 4))
        return _shown(paddle.ones([count], call).sum())

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        if call == "weighted":
            value, bound = total(numbers(kind, (count,), seed), None, roundings)
            return {"output": near(np.array([value]), bound)}
        found = np.array([0, 2**24 + 8, 0, 0]) if call == "histogram" else np.array([count])
        return {"output": Acceptance(found if call in ("bincount", "histogram") else found[0], dtype="int64")}

    @staticmethod
    def variant_counted_in_float32(call, kind, count, seed):
        found = counts.oracle(call, kind, count, seed, one_by_one)
        return {"output": Acceptance(np.array([0, 2**24, 0, 0]), dtype="int64")} if call == "histogram" else found

    @staticmethod
    def variant_own_dtype(call, kind, count, seed):
        found = counts.oracle(call, kind, count, seed, one_by_one)
        if call in ("uint8", "int8"):
            return {"output": Acceptance(np.asarray(found["output"].value).astype(call), dtype=call)}
        return found
