"""What processes send one another: sums over all, copies to and from one, parts for each, and objects."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample
from conformance.dtypes import BOOLEAN, FLOATS, INTEGERS, name_of
from conformance.lanes.ranks import on_ranks
from conformance.quantity import larger, quantity
from suites.support.processes import RANKS, by_rank, formula, group, law, same, samples, tensor

LOW = ("bfloat16", "float16")
COUNTS = tuple(name for name in INTEGERS if name != "int16")
"""Integers that either framework sends to other processes."""
OPERATIONS = ("sum", "mean", "product", "largest", "smallest")
IN_TORCH = {"sum": "SUM", "mean": "AVG", "product": "PRODUCT", "largest": "MAX", "smallest": "MIN"}
IN_PADDLE = {**IN_TORCH, "product": "PROD"}
SHAPES = ((), (1,), (3,), (2, 3), (1000,), (2, 1, 4))
GROUPS = st.sampled_from(("default", "default", "made"))


def reduced(values: list[np.ndarray], operation: str) -> Any:
    """One number of two, rounded once in their dtype."""
    one, other = (quantity(each) for each in values)
    if operation == "product":
        return one * other
    if operation == "largest":
        return larger(one, other)
    if operation == "smallest":
        return -larger(-one, -other)
    return one + other if operation == "sum" else (one + other) * 0.5


def summed(values: list[np.ndarray]) -> dict[str, Any]:
    return {"result": reduced(values, "sum")}


def reductions() -> Any:
    cases = st.fixed_dictionaries(
        {
            "shape": st.sampled_from(SHAPES),
            "operation": st.sampled_from(OPERATIONS),
            "to": st.sampled_from((None, None, 0, 1)),
            "later": st.booleans(),
            "among": GROUPS,
        }
    )

    def make(fill, case):
        rest = {name: case[name] for name in ("operation", "to", "later", "among")}
        return {"values": [fill(case["shape"]) for _ in range(RANKS)], **rest}

    floats = samples(("float32", "float64", *LOW), make, cases)
    whole = cases.filter(lambda case: case["operation"] != "mean")
    return st.one_of(floats, samples(("float32", *COUNTS, "float64"), make, whole, 4))


@law(
    "processes.reductions",
    samples=reductions(),
    share=0.4,
    covers=("distributed",),
)
class reductions_:
    """All processes, or one of them, get the sum, mean, product, largest or smallest of what each has, in its dtype."""

    @staticmethod
    @on_ranks("torch")
    def torch(rank, values, operation, to, later, among):
        import torch.distributed as dist

        given = tensor("torch", values[rank])
        how = {"op": getattr(dist.ReduceOp, IN_TORCH[operation]), "group": group("torch", among), "async_op": later}
        work = dist.all_reduce(given, **how) if to is None else dist.reduce(given, to, **how)
        if later:
            work.wait()
        return {"result": given} if to in (None, rank) else {}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, values, operation, to, later, among):
        import paddle.distributed as dist

        given = tensor("paddle", values[rank])
        how = {
            "op": getattr(dist.ReduceOp, IN_PADDLE[operation]),
            "group": group("paddle", among),
            "sync_op": not later,
        }
        work = dist.all_reduce(given, **how) if to is None else dist.reduce(given, to, **how)
        if later:
            work.wait()
        return {"result": given} if to in (None, rank) else {}

    @staticmethod
    def oracle(values, operation, to, later, among):
        found = formula(name_of(values[0].dtype), lambda: {"result": reduced(values, operation)})
        return by_rank([found if to in (None, rank) else {} for rank in range(RANKS)])

    @staticmethod
    def variant_no_mean(values, operation, to, later, among):
        if operation == "mean" and to is None:
            return Rejects("there is no mean", "no attribute 'nccl_version'")
        return reductions_.oracle(values, operation, to, later, among)

    @staticmethod
    def variant_no_mean_known(values, operation, to, later, among):
        if operation == "mean":
            return Rejects("there is no mean", "Unknown reduce_op type")
        return reductions_.oracle(values, operation, to, later, among)

    @staticmethod
    def variant_no_mean_with_gloo(values, operation, to, later, among):
        if operation == "mean":
            return Rejects("there is no mean", "Cannot use ReduceOp.AVG with Gloo")
        return reductions_.oracle(values, operation, to, later, among)

    @staticmethod
    def variant_half_precision_as_bits(values, operation, to, later, among):
        if name_of(values[0].dtype) != "float16" or (operation == "mean" and to is None):
            return reductions_.oracle(values, operation, to, later, among)
        one, other = (each.view("uint16") for each in values)  # a sign is the highest bit
        if operation in ("largest", "smallest"):
            extreme = np.maximum(one, other) if operation == "largest" else np.minimum(one, other)
            result = same(np.asarray(extreme, "uint16").view("float16"))
        else:
            zero = (one == 0) | (other == 0) if operation == "product" else (one == 0) & (other == 0)
            unsure = operation == "mean" and ((one | other) << 1 == 0)  # of 0 and -0
            result = Acceptance(np.where(zero, 0.0, np.inf), np.where(unsure, np.inf, 0.0), dtype="float16")
        return by_rank([{"result": result} if to in (None, rank) else {} for rank in range(RANKS)])

    @staticmethod
    def variant_bfloat16_cut_off(values, operation, to, later, among):
        if name_of(values[0].dtype) != "bfloat16" or operation not in ("sum", "product"):
            return reductions_.oracle(values, operation, to, later, among)
        found = reduced(values, operation).value
        cut = Acceptance(found, 2.0**-7 * np.abs(found) + 2.0**-133, dtype="bfloat16")
        return by_rank([{"result": cut} if to in (None, rank) else {} for rank in range(RANKS)])


def moves() -> Any:
    cases = st.fixed_dictionaries(
        {
            "shape": st.sampled_from(SHAPES),
            "how": st.sampled_from(("broadcast", "all_gather", "gather", "scatter", "send")),
            "root": st.integers(0, RANKS - 1),
            "later": st.booleans(),
            "among": GROUPS,
        }
    )

    def make(fill, case):
        rest = {name: case[name] for name in ("how", "root", "later", "among")}
        return {"values": [fill(case["shape"]) for _ in range(RANKS)], **rest}

    return samples(("float32", *FLOATS, *COUNTS, *BOOLEAN), make, cases, 4)


def sent(dist: Any, own: Any, rank: int, root: int, later: bool, options: Any) -> dict[str, Any]:
    """A message from one rank to the other, by calls that both frameworks spell alike."""
    if rank == root:
        work = dist.isend(own, 1 - rank, **options) if later else dist.send(own, 1 - rank, **options)
    else:
        work = dist.irecv(own, root, **options) if later else dist.recv(own, root, **options)
    if later:
        work.wait()
    return {"result": own}


def moved(
    dist: Any, given: Any, empty: list[Any], rank: int, how: str, root: int, later: bool, options: Any
) -> dict[Any, Any]:
    """What a rank has of the other's numbers, by calls that both frameworks spell alike; ``empty`` takes several."""
    own, at_root = given[rank], rank == root
    if how == "broadcast":
        work = dist.broadcast(own, root, **options)
    elif how == "all_gather":
        work = dist.all_gather(empty, own, **options)
    elif how == "gather":
        work = dist.gather(own, empty if at_root else None, root, **options)
    else:
        work = dist.scatter(own, given if at_root else None, root, **options)
    if later:
        work.wait()
    if how == "gather" and not at_root:
        return {}
    return dict(enumerate(empty)) if how in ("gather", "all_gather") else {"result": own}


@law(
    "processes.moves",
    samples=moves(),
    share=0.4,
    covers=("distributed",),
)
class moves_:
    """A broadcast, a gathering, a scattering and a message carry numbers of every dtype bit by bit."""

    note = (
        "gather and all_gather of paddle append to an empty list, torch's write to tensors that are made before; "
        "sync_op=False of paddle is async_op=True of torch."
    )

    @staticmethod
    @on_ranks("torch")
    def torch(rank, values, how, root, later, among):
        import torch
        import torch.distributed as dist

        given, options = [tensor("torch", each) for each in values], {"group": group("torch", among)}
        if how == "send":
            return sent(dist, given[rank], rank, root, later, options)
        empty = [torch.zeros_like(given[rank]) for _ in range(RANKS)]
        return moved(dist, given, empty, rank, how, root, later, {**options, "async_op": later})

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, values, how, root, later, among):
        import paddle.distributed as dist

        given, options = [tensor("paddle", each) for each in values], {"group": group("paddle", among)}
        if how == "send":
            return sent(dist, given[rank], rank, root, later, options)
        return moved(dist, given, [], rank, how, root, later, {**options, "sync_op": not later})

    @staticmethod
    def oracle(values, how, root, later, among):
        if how in ("gather", "all_gather"):
            all_ = {str(rank): same(each) for rank, each in enumerate(values)}
            return by_rank([all_ if how == "all_gather" or rank == root else {} for rank in range(RANKS)])
        return by_rank([{"result": same(values[rank if how == "scatter" else root])} for rank in range(RANKS)])


def exchanges() -> Any:
    cases = st.fixed_dictionaries(
        {
            "shape": st.sampled_from(((1,), (3,), (2, 3))),
            "how": st.sampled_from(("reduce_scatter", "all_to_all", "all_to_all_single")),
        }
    )

    def make(fill, case):
        return {"values": [[fill(case["shape"]) for _ in range(RANKS)] for _ in range(RANKS)], "how": case["how"]}

    return samples(("float32", "float64", "int64", "int32"), make, cases)


@law(
    "processes.exchanges",
    samples=exchanges(),
    share=0.2,
    covers=("distributed",),
)
class exchanges_:
    """Each process gets its part of what every other has, or of the sum of all."""

    @staticmethod
    @on_ranks("torch")
    def torch(rank, values, how):
        import torch
        import torch.distributed as dist

        given = [tensor("torch", each) for each in values[rank]]
        if how == "reduce_scatter":
            result = torch.zeros_like(given[0])
            dist.reduce_scatter(result, given)
        elif how == "all_to_all":
            parts = [torch.zeros_like(each) for each in given]
            dist.all_to_all(parts, given)
            result = torch.stack(parts)
        else:
            sent = torch.stack(given)
            result = torch.zeros_like(sent)
            dist.all_to_all_single(result, sent)
        return {"result": result}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, values, how):
        import paddle
        import paddle.distributed as dist

        given = [tensor("paddle", each) for each in values[rank]]
        if how == "reduce_scatter":
            result = paddle.zeros_like(given[0])
            dist.reduce_scatter(result, given)
        elif how == "all_to_all":
            parts = [paddle.zeros_like(each) for each in given]
            dist.alltoall(parts, given)
            result = paddle.stack(parts)
        else:
            sent = paddle.stack(given)
            result = paddle.zeros_like(sent)
            dist.alltoall_single(result, sent)
        return {"result": result}

    @staticmethod
    def oracle(values, how):
        results = []
        for rank in range(RANKS):
            parts = [each[rank] for each in values]
            if how == "reduce_scatter":
                results.append(formula(name_of(parts[0].dtype), partial(summed, parts)))
            else:
                results.append({"result": same(np.stack(parts))})
        return by_rank(results)

    @staticmethod
    def variant_not_there(values, how):
        return Rejects("gloo has none of these here", "ProcessGroupGLOO does not support")

    @staticmethod
    def variant_not_in_torch(values, how):
        if how == "all_to_all_single":
            return exchanges_.oracle(values, how)
        return Rejects("gloo has none of these here", "does not support")

    @staticmethod
    def variant_no_lists(values, how):
        if how != "all_to_all":
            return exchanges_.oracle(values, how)
        return Rejects("gloo exchanges no lists here", "does not support alltoall")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5) | st.binary(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3),
    max_leaves=5,
)


@law(
    "processes.objects",
    samples=st.builds(
        lambda objects, how, root: Sample({"objects": objects, "how": how, "root": root}),
        st.lists(PLAIN, min_size=RANKS, max_size=RANKS),
        st.sampled_from(("all_gather", "broadcast", "scatter")),
        st.integers(0, RANKS - 1),
    ),
    share=0.3,
    may_be_zero=("rank0.result", "rank1.result"),
    covers=("distributed",),
)
class objects_:
    """Python objects arrive as they were sent."""

    @staticmethod
    @on_ranks("torch")
    def torch(rank, objects, how, root):
        import torch.distributed as dist

        if how == "all_gather":
            found: list[Any] = [None] * RANKS
            dist.all_gather_object(found, objects[rank])
        elif how == "broadcast":
            found = list(objects) if rank == root else [None] * RANKS
            dist.broadcast_object_list(found, root)
        else:
            found = [None]
            dist.scatter_object_list(found, list(objects) if rank == root else None, root)
        return {"result": written(found)}

    @staticmethod
    @on_ranks("paddle")
    def paddle(rank, objects, how, root):
        import paddle.distributed as dist

        found: list[Any] = []
        if how == "all_gather":
            dist.all_gather_object(found, objects[rank])
        elif how == "broadcast":
            found = list(objects) if rank == root else [None] * RANKS
            dist.broadcast_object_list(found, root)
        else:
            dist.scatter_object_list(found, list(objects) if rank == root else None, root)
        return {"result": written(found)}

    @staticmethod
    def oracle(objects, how, root):
        return by_rank(
            [{"result": Acceptance(written([objects[rank]] if how == "scatter" else objects))} for rank in range(RANKS)]
        )


def written(objects: Any) -> np.ndarray:
    """Objects as bytes, which are compared one by one."""
    return np.frombuffer(repr(objects).encode("utf-8", "backslashreplace"), np.uint8)
