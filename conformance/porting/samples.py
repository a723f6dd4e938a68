"""What a pair of models is tried with: inputs, targets, and values of its tensors that hide nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from conformance.porting.bounds import Array, root_mean_square
from conformance.porting.inventory import Tensor
from conformance.porting.pair import Pair


@dataclass
class Drawn:
    """One sample: inputs, targets, and the models' values by their names in torch and in torch's layout."""

    batch: int
    seed: int
    exact: bool
    inputs: list[Array]
    targets: list[Array]
    values: dict[str, Array]

    def describe(self) -> str:
        """One line: what the inputs are."""
        given = ", ".join(f"{array.dtype}{list(array.shape)}" for array in self.inputs)
        return f"batch {self.batch}, seed {self.seed}{', small integers' if self.exact else ''}: {given}"


def sizes_of(pair: Pair) -> list[int]:
    """Sizes of the batches of real values: two at least, for updates are of a sample with values of the check's own."""
    sizes = list(pair.batch_sizes)
    return sizes if len(sizes) > 1 else sizes * 2


def drawn(
    pair: Pair, batch: int, seed: int, exact: bool, tensors: Iterable[tuple[str, Tensor, Array]], depth: int
) -> Drawn:
    """One sample. tensors: names, and what torch's model starts with; the first sample, of seed 0, keeps these values.

    depth: how many matrices the model has.
    """
    rng = np.random.default_rng([seed, batch])
    inputs, targets = pair.arrays("inputs", batch, rng, seed), pair.arrays("targets", batch, rng, seed)
    values = {}
    for name, tensor, array in tensors:
        changed = seed or tensor.buffer
        values[name] = other_values(array, tensor, rng, depth if exact else 0) if changed else array
    if exact:
        inputs = [np.rint(array).astype(array.dtype) if array.dtype.kind == "f" else array for array in inputs]
    return Drawn(batch, seed, exact, inputs, targets, values)


def other_values(array: Array, tensor: Tensor, rng: np.random.Generator, depth: int) -> Array:
    """Values that hide nothing: no bias is 0, no scale and no variance 1. Buffers of a user's own stay as they are.

    depth: small integers are wanted, in a model with so many matrices. Of many, the larger hold zeros for the most
    part, so that numbers grow by 2^16 on the way through the model and not beyond all bounds.
    """
    if array.dtype.kind != "f" or (tensor.buffer and not tensor.local.startswith("running_")):
        return array
    if tensor.local == "running_var":
        return np.asarray(rng.uniform(0.5, 2.0, array.shape), array.dtype)
    if depth:
        integers = rng.integers(-1, 2, array.shape, np.int8)
        # A sum of n such products has the variance n / 3 of a number that is positive half of the time.
        share = 3 * 2 ** (32 / depth) / math.prod(array.shape[1:]) if array.ndim > 1 and array.size else 1.0
        kept = integers if share >= 1 else integers * (rng.random(array.shape, np.float32) < share)
        return kept.astype(array.dtype)
    spread = (0.2 * root_mean_square(array) + 0.02) * math.sqrt(12)  # of numbers from an interval of length 1
    wide = np.float64 if array.dtype == np.float64 else np.float32
    return np.asarray(array + wide(spread) * (rng.random(array.shape, wide) - wide(0.5))).astype(array.dtype)
