"""What processes share out among themselves: the items of a dataset, and the parts of a checkpoint."""

from __future__ import annotations

import functools
import tempfile
import warnings
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample
from conformance.lanes.ranks import on_ranks
from conformance.strategies import generator, seeds
from suites.support.datasets import Numbers
from suites.support.processes import RANKS, filled, law, same, tensor


@on_ranks("torch")
def items_of_torch(rank, count, batch_size, shuffle, epochs):
    from torch.utils.data import DataLoader, DistributedSampler

    sampler = DistributedSampler(Numbers(count), shuffle=shuffle)
    loader = DataLoader(Numbers(count), batch_size, sampler=sampler)
    found = {}
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        batches = [each.tolist() for each in loader]
        found[epoch] = {"sizes": np.array(list(map(len, batches))), "items": np.concatenate(batches)}
    return found


@on_ranks("paddle")
def items_of_paddle(rank, count, batch_size, shuffle, epochs):
    from paddle.io import DataLoader, DistributedBatchSampler

    sampler = DistributedBatchSampler(Numbers(count), batch_size, shuffle=shuffle)
    loader = DataLoader(Numbers(count), batch_sampler=sampler, return_list=True)
    found = {}
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        batches = [np.asarray(each[0] if isinstance(each, list) else each).reshape(-1).tolist() for each in loader]
        found[epoch] = {"sizes": np.array(list(map(len, batches))), "items": np.concatenate(batches)}
    return found


def told(found: dict[str, Any], count: int, epochs: int) -> dict[str, Any]:
    """Sizes of the batches of each process, how often each item came, and whether processes had any in common."""
    items = [[found[f"rank{rank}"][f"{epoch}.items"].array for rank in range(RANKS)] for epoch in range(epochs)]
    visits = np.array([np.bincount(np.concatenate(each), minlength=count) for each in items])
    common = [len(set(first.tolist()) & set(second.tolist())) for first, second in items]
    return {
        "sizes": np.stack([found[f"rank{rank}"]["0.sizes"].array for rank in range(RANKS)]),
        "least": visits.min(1),
        "most": visits.max(1),
        "common": np.array(common),
    }


@law(
    "processes.shares",
    samples=st.builds(
        lambda count, batch_size, shuffle, epochs: Sample(
            {"count": count, "batch_size": batch_size, "shuffle": shuffle, "epochs": epochs}
        ),
        st.integers(2, 20),
        st.integers(1, 5),
        st.booleans(),
        st.integers(1, 2),
    ),
    share=0.4,
    may_be_zero=("common",),
    covers=("distributed",),
)
class shares:
    """A sampler that is told of no ranks asks for them: shares are equally long, and have an item in common at most.

    It is the one that makes them equally long.
    """

    @staticmethod
    def torch(count, batch_size, shuffle, epochs):
        found = items_of_torch(count=count, batch_size=batch_size, shuffle=shuffle, epochs=epochs)
        return told(found, count, epochs)

    @staticmethod
    def paddle(count, batch_size, shuffle, epochs):
        found = items_of_paddle(count=count, batch_size=batch_size, shuffle=shuffle, epochs=epochs)
        return told(found, count, epochs)

    @staticmethod
    def oracle(count, batch_size, shuffle, epochs):
        each = -(-count // RANKS)
        sizes = [min(batch_size, each - begun) for begun in range(0, each, batch_size)]
        twice = np.full(epochs, count % RANKS)
        return {
            "sizes": Acceptance(np.array([sizes] * RANKS)),
            "least": Acceptance(np.ones(epochs, int)),
            "most": Acceptance(1 + twice),
            "common": Acceptance(twice / 2, twice / 2, dtype="int64"),  # both times may be of one process
        }


READERS = ("alike", "otherwise", "whole", "one")


def parts() -> Any:
    def build(seed: int, shape: tuple[int, int], axis: int, dtype: str, reader: str) -> Sample:
        array = filled(generator(seed), shape, dtype, "normal")
        return Sample({"array": array, "axis": axis, "reader": reader})

    shapes = st.tuples(st.integers(2, 5), st.integers(2, 5))
    dtypes = st.sampled_from(("float32", "float64", "int64", "bfloat16"))
    return st.builds(build, seeds, shapes, st.integers(0, 1), dtypes, st.sampled_from(READERS))


def axis_read(axis: int, reader: str) -> int | None:
    """The axis along which readers have parts; ``None`` where each has the whole."""
    return {"alike": axis, "otherwise": 1 - axis}.get(reader)


@functools.cache
def mesh_of(framework: str) -> Any:
    """All processes in a row, made once: each making is an agreement of all."""
    if framework == "torch":
        from torch.distributed.device_mesh import init_device_mesh

        return init_device_mesh("cpu", (RANKS,))
    import paddle.distributed as dist

    return dist.ProcessMesh(list(range(RANKS)), dim_names=["x"])


@on_ranks("torch")
def saved_by_torch(rank, array, axis, reader, folder):
    import torch.distributed.checkpoint as dcp

    try:
        from torch.distributed.tensor import Shard, distribute_tensor
    except ImportError:  # before torch 2.5
        from torch.distributed._tensor import Shard, distribute_tensor
    mesh = mesh_of("torch")
    whole = tensor("torch", array)
    dcp.save({"array": distribute_tensor(whole, mesh, [Shard(axis)])}, checkpoint_id=folder)
    along = axis_read(axis, reader)
    if reader == "one":
        return {}
    if along is None:
        state = {"array": whole * 0}
        dcp.load(state, checkpoint_id=folder)
        return {"part": state["array"]}
    state = {"array": distribute_tensor(whole * 0, mesh, [Shard(along)])}
    dcp.load(state, checkpoint_id=folder)
    return {"part": state["array"].to_local()}


@on_ranks("paddle")
def saved_by_paddle(rank, array, axis, reader, folder):
    import paddle.distributed as dist

    mesh = mesh_of("paddle")
    whole = tensor("paddle", array)
    dist.save_state_dict({"array": dist.shard_tensor(whole, mesh, [dist.Shard(axis)])}, folder)
    along = axis_read(axis, reader)
    if reader == "one":
        return {}
    if along is None:
        state = {"array": whole * 0}
        dist.load_state_dict(state, folder)
        return {"part": state["array"]}
    state = {"array": dist.shard_tensor(whole * 0, mesh, [dist.Shard(along)])}
    dist.load_state_dict(state, folder)
    return {"part": state["array"]._local_value()}


@law(
    "processes.checkpoint",
    samples=parts(),
    share=0.2,
    optional_dtypes=("bfloat16",),
    covers=("distributed",),
)
class checkpoint:
    """A checkpoint that two processes write in parts is read by two, split alike or otherwise or whole, and by one."""

    note = "torch.distributed.checkpoint.save and load are save_state_dict and load_state_dict of paddle.distributed."

    @staticmethod
    def torch(array, axis, reader):
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that one process reads alone
            found = saved_by_torch(array=array, axis=axis, reader=reader, folder=folder)
            if reader != "one":
                return found
            import torch.distributed.checkpoint as dcp

            state = {"array": tensor("torch", array) * 0}
            dcp.load(state, checkpoint_id=folder)
            return state

    @staticmethod
    def paddle(array, axis, reader):
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = saved_by_paddle(array=array, axis=axis, reader=reader, folder=folder)
            if reader != "one":
                return found
            import paddle.distributed as dist

            state = {"array": tensor("paddle", array) * 0}
            dist.load_state_dict(state, folder)
            return state

    @staticmethod
    def oracle(array, axis, reader):
        if reader == "one":
            return {"array": same(array)}
        along = axis_read(axis, reader)
        if along is None:
            return {f"rank{rank}.part": same(array) for rank in range(RANKS)}
        first = -(-array.shape[along] // RANKS)
        return {f"rank{rank}.part": same(part) for rank, part in enumerate(np.split(array, [first], along))}

    @staticmethod
    def variant_own_parts_alone(array, axis, reader):
        if reader in ("otherwise", "whole"):
            return Rejects("a part of the other process is fetched through a GPU", "No available device found")
        return checkpoint.oracle(array, axis, reader)

    @staticmethod
    def variant_own_parts_at_their_place(array, axis, reader):
        if reader in ("otherwise", "whole"):
            return Rejects("a part of the other process is fetched through a GPU", "use wrong place")
        return checkpoint.oracle(array, axis, reader)

    @staticmethod
    def variant_wrong_place(array, axis, reader):
        return Rejects("parts are fetched through a GPU", "use wrong place")
