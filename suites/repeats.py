"""Comparing a lane with itself: what two runs have in common, and something to disturb it in between."""

from __future__ import annotations

from typing import Any

import numpy as np


def compared(first: dict[str, Any], again: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """How many numbers of a second run have the bits of the first, and whether a run with another seed differs."""
    same = sum(equal_bits(first[name], again[name]) for name in first)
    differs = any(equal_bits(first[name], other[name]) < np.size(first[name]) for name in first)
    return {"equal": same, "other_seed_differs": differs}


def equal_bits(a: Any, b: Any) -> int:
    """How many elements of two arrays have the same bits; none where shape or dtype differ."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return 0
    return int(np.count_nonzero(a.reshape(-1).view(f"u{a.itemsize}") == b.reshape(-1).view(f"u{a.itemsize}")))


def torch_interlude() -> None:
    """Work between two runs: random draws, a convolution, and freed memory full of NaN for those who read it unset."""
    import random

    import torch
    from torch.nn import functional

    torch.rand(3)
    np.random.rand(3)
    random.random()
    functional.conv2d(torch.rand(2, 4, 9, 7), torch.rand(6, 2, 3, 3), stride=2, groups=2)
    blocks = [torch.full((2**power,), torch.nan) for power in range(2, 18)]
    del blocks


def paddle_interlude() -> None:
    """Work between two runs: random draws, a convolution, and freed memory full of NaN for those who read it unset."""
    import random

    import paddle
    from paddle.nn import functional

    paddle.rand([3])
    np.random.rand(3)
    random.random()
    functional.conv2d(paddle.rand([2, 4, 9, 7]), paddle.rand([6, 2, 3, 3]), stride=2, groups=2)
    blocks = [paddle.full([2**power], float("nan")) for power in range(2, 18)]
    del blocks


class Rows:
    """A dataset in memory whose labels are the places of its images."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.int64]:
        return self.images[index], np.int64(index)


def collected(*parts: dict[str, Any]) -> dict[str, Any]:
    """Every array of some mappings of arrays, or of mappings of those, under a name of its own."""
    arrays: dict[str, Any] = {}
    for place, part in enumerate(parts):
        for name, value in part.items():
            inner = value if isinstance(value, dict) else {"": value}
            arrays.update({f"{place}.{name}.{key}": array for key, array in inner.items()})
    return arrays
