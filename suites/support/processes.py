"""What laws of several processes share: tensors on a rank, numbers that each rank has, and what must arrive where."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.dtypes import BOOLEAN, FLOATS, INTEGERS, name_of, named
from conformance.lanes import InProcessLane
from conformance.number_formats import computed_in, returned_in
from conformance.quantity import Quantity, acceptance, quantity
from conformance.strategies import generator, real, seeds

RANKS = 2
law = functools.partial(
    contract,
    area="processes",
    tensors=False,
    unsupported=dict.fromkeys(("*:cuda", "*:gpu"), "processes meet over gloo, on the CPU"),
    modes=("ranks",),
)
"""Declares a contract of several processes: it takes plain data, for each rank makes tensors of its own."""
FAMILIES = ("normal", "mixed", "sorted", "sparse", "positive")


def tensor(framework: str, array: np.ndarray) -> Any:
    """An array as a tensor of the lane that a rank is."""
    return InProcessLane.at_work(framework).adapter.tensor(array)


@functools.cache
def group(framework: str, kind: str) -> Any:
    """All processes: the group that there is without asking ("default"), or one that was made ("made")."""
    if kind == "default":
        return None
    if framework == "torch":
        import torch.distributed

        return torch.distributed.new_group(list(range(RANKS)))
    import paddle.distributed

    return paddle.distributed.new_group(list(range(RANKS)))


def filled(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, family: str) -> np.ndarray:
    """Numbers of one dtype: small integers of an integer one and of the family "whole", others of their family."""
    if dtype in BOOLEAN:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in INTEGERS or family == "whole":
        low = 0 if dtype.startswith("u") else -5
        return np.asarray(rng.integers(low, 6, shape).astype("float64"), named(dtype))
    return np.asarray(real(rng, shape, family, "float64"), named(dtype))


def samples(
    dtypes: Iterable[str],
    make: Callable[[Callable[[tuple[int, ...]], np.ndarray], Mapping[str, Any]], Mapping[str, Any]],
    cases: st.SearchStrategy[Mapping[str, Any]],
    each: int = 3,
) -> st.SearchStrategy[list[Sample]]:
    """A few samples of one drawn case: small integers in float32 first, then numbers of other dtypes in turn.

    make: the inputs, from a function that fills a shape and the case.
    """
    kinds = tuple(dtypes)

    def build(drawn: tuple[Mapping[str, Any], int, str]) -> list[Sample]:
        case, seed, family = drawn
        rng = generator(seed)
        plan = [(kinds[0], "whole")] + [(kinds[(seed + place) % len(kinds)], family) for place in range(each - 1)]

        def sample(dtype: str, chosen: str) -> Sample:
            return Sample(make(lambda shape: filled(rng, shape, dtype, chosen), case))

        return [sample(*one) for one in plan]

    return st.tuples(cases, seeds, st.sampled_from(FAMILIES)).map(build)


def by_rank(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Results of each rank under the names that :func:`conformance.lanes.ranks.on_ranks` gives them."""
    return {f"rank{rank}.{name}": each for rank, found in enumerate(results) for name, each in found.items()}


def same(array: np.ndarray) -> Acceptance:
    """What only moves: the very numbers, in their dtype."""
    return Acceptance(np.asarray(array, np.float64 if array.dtype.kind in "fV" else None), dtype=name_of(array.dtype))


def formula(dtype: str, function: Callable[[], Mapping[str, Quantity]]) -> dict[str, Acceptance]:
    """Acceptances of quantities that kernels of one dtype compute, each of which rounds its result to it."""
    if dtype not in FLOATS:
        return {name: Acceptance(found.value.astype(dtype), dtype=dtype) for name, found in function().items()}
    with np.errstate(all="ignore"), computed_in(dtype), returned_in(dtype):
        return {name: acceptance(found, dtype, dtype) for name, found in function().items()}


__all__ = ["by_rank", "filled", "formula", "group", "quantity", "same", "samples", "tensor"]
