"""One oracle run for all lanes of a sample.

A model's oracle follows each lane's decisions at ReLU and max pooling. Two lanes decide differently in about one sample
of a hundred; in all others the run that was made for the first lane holds for the second as well, and for what a known
divergence computes instead in the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from conformance import accuracy
from conformance.sums import row
from reference_impl.oracle import models

Result = TypeVar("Result")


class Shared(Generic[Result]):
    """The latest result of an oracle, given again while the inputs are the same and the lane decides alike.

    make: the oracle; called as ``make(*inputs, observed)``.
    alike: ``alike(result, observed)`` says whether a lane's own arrays lead to the decisions that the result rests on.
    """

    def __init__(self, make: Callable[..., Result], alike: Callable[[Result, Mapping[str, Any]], bool]) -> None:
        self._make, self._alike = make, alike
        self._latest: tuple[tuple[Any, ...], Result] | None = None

    def __call__(self, *inputs: Any, observed: Mapping[str, Any]) -> Result:
        key = (accuracy.arithmetic(), row(), *inputs)
        if self._latest is not None and same(self._latest[0], key) and self._alike(self._latest[1], observed):
            return self._latest[1]
        self._latest = None  # that of a large network is not kept beside the next
        self._latest = (key, self._make(*inputs, observed))
        return self._latest[1]


def decides_like(run: models.Run, observed: Mapping[str, Any]) -> bool:
    """Whether a lane decides as a run did; not, where it did not come so far."""
    sources = {source for source, _ in run.tape.decisions}
    shown = all(name in observed and observed[name].shape == run.activations[name].shape for name in sources)
    return shown and run.decides_like(observed)


def same(left: Any, right: Any) -> bool:
    """Whether two inputs are the same, arrays by their elements."""
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)
