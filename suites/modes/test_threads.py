"""Arrays that are large enough to be divided among threads, of small integers that every division adds up exactly.

Other contracts draw small arrays, which one thread computes whatever their number is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Sample, contract
from conformance.strategies import generator, integers, seeds
from reference_impl.oracle import nn

AREA = "threads"
COLUMNS = 256
ROWS = (515, 256, 1031)
"""With :data:`COLUMNS`, more elements than the 32,768 that a thread takes at least; not all divide evenly."""


def _samples() -> st.SearchStrategy[list[Sample]]:
    def make(rows: int, seed: int) -> list[Sample]:
        rng = generator(seed)
        inputs = {
            "x": integers(rng, (rows, COLUMNS), 4, "float32"),
            "weight": integers(rng, (COLUMNS, 33), 4, "float32"),
            "places": rng.integers(0, 7, rows),
            "images": integers(rng, (9, 4, 32, 33), 3, "float32"),
            "kernel": integers(rng, (5, 4, 3, 3), 3, "float32"),
        }
        return [Sample(inputs, EXACT)]

    return st.builds(make, st.sampled_from(ROWS), seeds)


def _expected(x, weight, places, images, kernel) -> dict[str, Any]:
    wide = x.astype(np.float64)
    added = np.zeros((7, COLUMNS))
    np.add.at(added, places, wide)
    return {
        "elementwise": np.maximum(wide, 0) * 2 + wide,
        "rows": wide.sum(1),
        "columns": wide.sum(0),
        "largest": wide.max(0),
        "running": np.cumsum(wide, 0),
        "sorted": np.sort(wide, 0),
        "product": wide @ weight,
        "transposed": wide.T.copy() + 1,
        "taken": wide[::-1],
        "added": added,
        "convolution": nn.conv2d(images.astype(np.float64), kernel.astype(np.float64), None),
    }


def _made(framework: Any, x: Any, weight: Any, images: Any, kernel: Any, **rest: Callable[..., Any]) -> dict[str, Any]:
    return {
        "elementwise": framework.nn.functional.relu(x) * 2 + x,
        "rows": x.sum(1),
        "columns": x.sum(0),
        "running": framework.cumsum(x, 0),
        "product": x @ weight,
        "taken": x.flip(0),
        "convolution": framework.nn.functional.conv2d(images, kernel),
        **{name: make(x) for name, make in rest.items()},
    }


@contract("threads.division", area=AREA, samples=_samples(), share=0.05, modes=("threads",))
class division:
    """Whatever the number of threads, no row is dropped, taken twice, or added to another's sum."""

    @staticmethod
    def torch(x, weight, places, images, kernel):
        import torch

        return _made(
            torch,
            x,
            weight,
            images,
            kernel,
            largest=lambda x: x.max(0).values,
            sorted=lambda x: x.sort(0).values,
            transposed=lambda x: x.t().contiguous() + 1,
            added=lambda x: torch.zeros(7, COLUMNS).index_add(0, places, x),
        )

    @staticmethod
    def paddle(x, weight, places, images, kernel):
        import paddle

        return _made(
            paddle,
            x,
            weight,
            images,
            kernel,
            largest=lambda x: x.max(0),
            sorted=lambda x: x.sort(0),
            transposed=lambda x: x.transpose([1, 0]) + 1,
            added=lambda x: paddle.index_add(paddle.zeros([7, COLUMNS]), places, 0, x),
        )

    @staticmethod
    def oracle(x, weight, places, images, kernel) -> dict[str, Any]:
        return {
            name: np.asarray(each, np.float64) for name, each in _expected(x, weight, places, images, kernel).items()
        }
