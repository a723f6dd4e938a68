"""A million numbers summed inside of other calls: gradients of what is broadcast, pools, statistics, losses, products.

As in :mod:`suites.operators.test_large_sums`: what is owed is a sum in blocks.
"""

from __future__ import annotations

import numpy as np

from conformance import contract
from suites.support.large import EQUAL, U, centre, near, numbers, of_squares, one_by_one, owed, samples, total

AREA = "large sums"
SHARE = 0.04
NUMBER = float(np.float32(EQUAL))


def _shown(found):
    return {"output": found}


def _bias_call(f, call, x, b):
    """A call of a million numbers and a bias, or weight, that is broadcast along them."""
    n = f.nn.functional
    shaped = {"linear": [-1, 1], "conv1d": [1, 1, -1], "conv2d": [1, 1, 1024, -1], "conv3d": [1, 1, 64, 64, -1]}
    if call in shaped:
        x = x.reshape(shaped[call])
        one = f.ones([1] * (x.ndim if call != "linear" else 2))
        return getattr(n, call)(x, one, b)
    return {
        "add_row": lambda: x.reshape([-1, 1]) + b,
        "add_column": lambda: x.reshape([1, -1]) + b.reshape([1, 1]),
        "subtract_all": lambda: x - b.reshape([]),
        "multiply_row": lambda: x.reshape([-1, 1]) * b,
        "expand": lambda: b.expand([x.shape[0]]),
        "linear_weight": lambda: n.linear(x.reshape([-1, 1]), b.reshape([1, 1])),
        "layer_norm": lambda: n.layer_norm(x.reshape([-1, 1]), [1], None, b),
    }[call]()


BIASES = (
    *("add_row", "add_column", "subtract_all", "multiply_row", "expand", "linear", "linear_weight"),
    *("conv1d", "conv2d", "conv3d", "layer_norm"),
)
TORCH_BIASES = ("linear_weight", "layer_norm")


@contract(
    "large.gradients",
    area=AREA,
    samples=samples(BIASES),
    share=SHARE,
    covers=("nn.Linear", "nn.Conv1d", "nn.Conv2d", "nn.Conv3d", "nn.LayerNorm"),
)
class gradients:
    """The gradient of a bias that is broadcast along a million numbers is the sum of theirs."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        x, b = torch.from_numpy(numbers(kind, (count,), seed)), torch.ones(1, requires_grad=True)
        found = _bias_call(torch, call, x, b)
        return _shown(torch.autograd.grad(found, b, x.reshape(found.shape))[0])

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        x, b = paddle.to_tensor(numbers(kind, (count,), seed)), paddle.to_tensor([1.0], stop_gradient=False)
        found = _bias_call(paddle, call, x, b)
        return _shown(paddle.grad([found], [b], [x.reshape(found.shape)])[0])

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        x = numbers(kind, (count,), seed).astype(np.float64)
        value, bound = total(x * x if call in ("multiply_row", "linear_weight") else x, None, roundings)
        return {"output": near([-value if call == "subtract_all" else value], bound)}

    @staticmethod
    def variant_some_one_by_one(call, kind, count, seed):
        return gradients.oracle(call, kind, count, seed, one_by_one if call in TORCH_BIASES else owed)

    @staticmethod
    def variant_convolutions_one_by_one(call, kind, count, seed):
        wrong = call in (*TORCH_BIASES, "conv1d", "conv2d")
        return gradients.oracle(call, kind, count, seed, one_by_one if wrong else owed)

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return gradients.oracle(call, kind, count, seed, one_by_one)


SCATTERS = ("embedding", "index_select", "getitem", "index_add", "scatter_add", "scatter_mean")


@contract(
    "large.scatters",
    area=AREA,
    samples=samples(SCATTERS),
    share=SHARE,
    covers=("nn.Embedding", "torch.index_add", "torch.scatter_add"),
)
class scatters:
    """A million numbers added to one place, in a call or in the gradient of one."""

    @staticmethod
    def torch(call, kind, count, seed):
        import torch

        x, index = torch.from_numpy(numbers(kind, (count,), seed)), torch.zeros(count, dtype=torch.int64)
        if call == "index_add":
            return _shown(torch.zeros(1).index_add(0, index, x))
        if call == "scatter_add":
            return _shown(torch.zeros(1).scatter_add(0, index, x))
        if call == "scatter_mean":
            return _shown(torch.zeros(1).scatter_reduce(0, index, x, "mean", include_self=False))
        table = torch.zeros((1, 1), requires_grad=True)
        found = {
            "embedding": lambda: torch.nn.functional.embedding(index, table),
            "index_select": lambda: torch.index_select(table, 0, index),
            "getitem": lambda: table[index],
        }[call]()
        return _shown(torch.autograd.grad(found, table, x.reshape(found.shape))[0].reshape([1]))

    @staticmethod
    def paddle(call, kind, count, seed):
        import paddle

        x, index = paddle.to_tensor(numbers(kind, (count,), seed)), paddle.zeros([count], "int64")
        if call == "index_add":
            return _shown(paddle.index_add(paddle.zeros([1]), index, 0, x))
        if call.startswith("scatter"):
            reduce, itself = ("mean", False) if call.endswith("mean") else ("add", True)
            return _shown(paddle.put_along_axis(paddle.zeros([1]), index, x, 0, reduce, include_self=itself))
        table = paddle.zeros([1, 1])
        table.stop_gradient = False
        found = {
            "embedding": lambda: paddle.nn.functional.embedding(index, table),
            "index_select": lambda: paddle.index_select(table, index, 0),
            "getitem": lambda: table[index],
        }[call]()
        return _shown(paddle.grad([found], [table], [x.reshape(found.shape)])[0].reshape([1]))

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        value, bound = total(numbers(kind, (count,), seed), None, roundings)
        divisor = count if call == "scatter_mean" else 1
        return {"output": near([value / divisor], bound / divisor)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return scatters.oracle(call, kind, count, seed, one_by_one)


POOLS = {
    "avg_pool1d": (1, lambda n, x: n.avg_pool1d(x, list(x.shape[2:]))),
    "avg_pool2d": (2, lambda n, x: n.avg_pool2d(x, list(x.shape[2:]))),
    "avg_pool3d": (3, lambda n, x: n.avg_pool3d(x, list(x.shape[2:]))),
    "adaptive_avg_pool1d": (1, lambda n, x: n.adaptive_avg_pool1d(x, 1)),
    "adaptive_avg_pool2d": (2, lambda n, x: n.adaptive_avg_pool2d(x, 1)),
    "adaptive_avg_pool3d": (3, lambda n, x: n.adaptive_avg_pool3d(x, 1)),
}
PLANES = {1: (1, 1, -1), 2: (1, 1, 1024, -1), 3: (1, 1, 64, 64, -1)}


def _pooled(f, tensor, call, kind, count, seed):
    rank, pool = POOLS[call]
    return _shown(pool(f.nn.functional, tensor(numbers(kind, (count,), seed).reshape(PLANES[rank]))).reshape([1]))


@contract(
    "large.pools",
    area=AREA,
    samples=samples(tuple(POOLS)),
    share=SHARE,
    covers=("nn.AvgPool1d", "nn.AvgPool2d", "nn.AvgPool3d", "nn.AdaptiveAvgPool2d"),
)
class pools:
    """The average of a million equal pixels."""

    @staticmethod
    def torch(**inputs):
        import torch

        return _pooled(torch, torch.from_numpy, **inputs)

    @staticmethod
    def paddle(**inputs):
        import paddle

        return _pooled(paddle, paddle.to_tensor, **inputs)

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        return {"output": near([NUMBER], U * roundings(count) * NUMBER)}

    @staticmethod
    def variant_some_one_by_one(call, kind, count, seed):
        return pools.oracle(call, kind, count, seed, owed if call.startswith("adaptive") else one_by_one)

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return pools.oracle(call, kind, count, seed, one_by_one)


STATISTICS = ("batch_norm_rows", "batch_norm_pixels", "layer_norm", "group_norm", "instance_norm")


def _channels(call, kind, half, seed):
    return numbers(kind, (half, 2) if call == "batch_norm_rows" else (2, half), seed)


def _normalized(f, tensor, call, kind, count, seed):
    """Some of the elements, with the mean and the bias's gradient of batch norm."""
    n = f.nn.functional
    half = count // 2
    x = tensor(_channels(call, kind, half, seed))
    if call == "layer_norm":
        return _shown(n.layer_norm(x, [half])[:, ::997])
    if call in ("group_norm", "instance_norm"):
        whole = x.reshape([1, 2, half])
        return _shown((f.nn.GroupNorm(2, 2)(whole) if call == "group_norm" else n.instance_norm(whole))[0][:, ::997])
    x = x if call.endswith("rows") else x.reshape([1, 2, half])
    mean, variance = f.zeros([2]), f.ones([2])
    torch = f.__name__ == "torch"
    found = (
        n.batch_norm(x, mean, variance, training=True, momentum=1.0)
        if torch
        else n.batch_norm(x, mean, variance, f.ones([2]), f.zeros([2]), training=True, momentum=0.0)
    )
    return {"output": (found.T if call.endswith("rows") else found[0])[:, ::997], "mean": mean}


@contract(
    "large.statistics",
    area=AREA,
    samples=samples(STATISTICS, "10000"),
    share=SHARE,
    covers=("nn.BatchNorm1d", "nn.LayerNorm", "nn.GroupNorm", "nn.InstanceNorm1d"),
)
class statistics:
    """Half a million numbers of each channel around a large mean, normalized by their own mean and variance."""

    @staticmethod
    def torch(**inputs):
        import torch

        return _normalized(torch, torch.from_numpy, **inputs)

    @staticmethod
    def paddle(**inputs):
        import paddle

        return _normalized(paddle, paddle.to_tensor, **inputs)

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed, squares=False):
        x = _channels(call, kind, count // 2, seed)
        x = x.T if call == "batch_norm_rows" else x
        moved, off, square, error, _ = centre(x, 1, roundings)
        error = of_squares(x, 1, roundings) if squares else error
        scale = 1 / np.sqrt(square + 1e-5)
        value = (moved * scale)[:, ::997]
        bound = off * scale + np.abs(value) * error * scale**2 / 2 + error * off * scale**3
        found = near(value, np.where(error < square / 2, bound, np.inf), 12.0)  # else the root is of anything
        if not call.startswith("batch"):
            return {"output": found}
        return {"output": found, "mean": near(x.astype(np.float64).mean(1), off[:, 0])}

    @staticmethod
    def variant_rows_one_by_one(call, kind, count, seed):
        return statistics.oracle(call, kind, count, seed, one_by_one if call == "batch_norm_rows" else owed)

    @staticmethod
    def variant_one_by_one_and_groups_of_squares(call, kind, count, seed):
        return statistics.oracle(call, kind, count, seed, one_by_one, call == "group_norm")


LOSSES = (
    "cross_entropy",
    "weighted",
    "nll_loss",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "bce",
    "bce_logits",
    "kl_div",
)


def _loss(f, tensor, call, kind, count, seed):
    n = f.nn.functional
    x = tensor(numbers(kind, (count,), seed))
    zeros = f.zeros_like(x)
    if call in ("cross_entropy", "weighted", "nll_loss"):
        labels = tensor(np.zeros(count, np.int64))
        if call == "nll_loss":
            return _shown(n.nll_loss(f.stack([-x, zeros], -1), labels))
        weight = tensor(np.array([0.7, 0.3], np.float32)) if call == "weighted" else None
        return _shown(n.cross_entropy(f.stack([zeros, zeros], -1), labels, weight=weight))
    names = {"bce": "binary_cross_entropy", "bce_logits": "binary_cross_entropy_with_logits"}
    first = {"bce": zeros + 0.5, "bce_logits": zeros, "kl_div": zeros}.get(call, x)
    second = {"bce": zeros + 1.0, "bce_logits": zeros + 1.0, "kl_div": x}.get(call, zeros)
    return _shown(getattr(n, names.get(call, call))(first, second))


@contract(
    "large.losses",
    area=AREA,
    samples=samples(LOSSES),
    share=SHARE,
    covers=("nn.CrossEntropyLoss", "nn.NLLLoss", "nn.MSELoss", "nn.L1Loss", "nn.SmoothL1Loss", "nn.BCELoss"),
)
class losses:
    """The mean loss of a million equal rows."""

    @staticmethod
    def torch(**inputs):
        import torch

        return _loss(torch, torch.from_numpy, **inputs)

    @staticmethod
    def paddle(**inputs):
        import paddle

        return _loss(paddle, paddle.to_tensor, **inputs)

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        known: dict[str, float] = {
            "nll_loss": NUMBER,
            "mse_loss": NUMBER**2,
            "l1_loss": NUMBER,
            "smooth_l1_loss": NUMBER**2 / 2,
            "kl_div": NUMBER * np.log(NUMBER),
        }
        found = known.get(call, float(np.log(2.0)))
        sums = 2 if call == "weighted" else 1
        return {"output": near(found, sums * U * roundings(count) * abs(found), 12.0)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return losses.oracle(call, kind, count, seed, one_by_one)


PRODUCTS = ("dot", "matmul", "mv", "einsum", "linear", "bmm", "cosine")


def _product(f, tensor, call, kind, count, seed):
    x = tensor(numbers(kind, (count,), seed))
    row, column = x.reshape([1, -1]), x.reshape([-1, 1])
    rows = tensor(numbers(kind, (2, count // 2), seed))
    wide = f.__name__ == "torch"
    found = {
        "dot": lambda: f.dot(x, x),
        "matmul": lambda: f.matmul(rows, tensor(numbers(kind, (count // 2, 2), seed))),
        "mv": lambda: f.mv(row, x),
        "einsum": lambda: f.einsum("ij,kj->ik", rows, rows),
        "linear": lambda: f.nn.functional.linear(row, row if wide else column),
        "bmm": lambda: f.bmm(rows.reshape([1, 2, -1]), rows.T.reshape([1, -1, 2])),
        "cosine": lambda: f.nn.functional.cosine_similarity(row, row, 1),
    }[call]()
    return _shown(found.reshape([-1])[:1])


@contract(
    "large.products",
    area=AREA,
    samples=samples(PRODUCTS),
    share=SHARE,
    covers=("torch.matmul", "torch.dot", "torch.einsum", "nn.CosineSimilarity"),
)
class products:
    """Sums of a million equal products."""

    @staticmethod
    def torch(**inputs):
        import torch

        return _product(torch, torch.from_numpy, **inputs)

    @staticmethod
    def paddle(**inputs):
        import paddle

        return _product(paddle, paddle.to_tensor, **inputs)

    @staticmethod
    def oracle(call, kind, count, seed, roundings=owed):
        terms = count // 2 if call in ("matmul", "einsum", "bmm") else count
        value = 1.0 if call == "cosine" else terms * NUMBER**2
        sums = 2 if call == "cosine" else 1
        return {"output": near([value], sums * U * roundings(terms) * value, 8.0)}

    @staticmethod
    def variant_one_by_one(call, kind, count, seed):
        return products.oracle(call, kind, count, seed, one_by_one)
