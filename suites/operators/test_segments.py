"""Rows that are reduced group by group, and messages along the edges of a graph, with gradients."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import segments
from conformance.operators import Floats, each, operator
from conformance.quantity import divide

AREA = "segments and graphs"
NUMBERS = ("float32", "float64", "int32")
SHIFT, SINGLE = 1e-12, float(np.float32(1e-12))
"""What paddle adds to what a message is divided by; before 3.0 as float32 has it."""
HOW = ("geometric", "incubate")


@st.composite
def grouped(draw, specials: bool = True):
    """Rows with sorted groups, some of which are empty; the last one has a row."""
    sizes = [*draw(st.lists(st.integers(0, 4), max_size=4)), draw(st.integers(1, 4))]
    groups = np.repeat(np.arange(len(sizes)), sizes).astype(draw(each("int64", "int32")))
    tail = draw(each((3,), (), (1,), (2, 3), (17,)))
    x = Floats((len(groups), *tail), points=(0.0, 1.0, -1.0), specials=specials)
    return {"x": x, "groups": groups, "count": len(sizes), "how": draw(each(*HOW))}


def _segment(f, how):
    return f.geometric if how == "geometric" else f.incubate


def _wide(f, x, groups):
    """The group of every element, as ``scatter_reduce`` wants it."""
    return groups.long().reshape(-1, *[1] * (x.ndim - 1)).expand_as(x)


def _empty(f, x, count):
    return f.zeros((count, *x.shape[1:]), dtype=x.dtype)


@operator(
    "segments.sum",
    area=AREA,
    cases=grouped(),
    dtypes=NUMBERS,
    wraps=True,
    covers=("paddle.geometric.segment_sum", "paddle.incubate.segment_sum"),
)
class segment_sum:
    """The sum of the rows of each group, 0 for one without rows."""

    note = "paddle.geometric.segment_sum(x, ids) is torch's zeros.index_add(0, ids, x) for sorted ids."
    torch = lambda f, x, groups, count, how: _empty(f, x, count).index_add(0, groups, x)
    paddle = lambda f, x, groups, count, how: _segment(f, how).segment_sum(x, groups)
    value = lambda x, groups, count, how: segments.summed(x, groups, count)


@operator(
    "segments.mean",
    area=AREA,
    cases=grouped(),
    dtypes=NUMBERS[:2],
    covers=("paddle.geometric.segment_mean", "paddle.incubate.segment_mean"),
)
class segment_mean:
    """The mean of the rows of each group, 0 for one without rows."""

    torch = lambda f, x, groups, count, how: _empty(f, x, count).scatter_reduce(
        0, _wide(f, x, groups), x, "mean", include_self=False
    )
    paddle = lambda f, x, groups, count, how: _segment(f, how).segment_mean(x, groups)
    value = lambda x, groups, count, how: segments.averaged(x, groups, count)


@operator(
    "segments.extreme",
    area=AREA,
    cases=st.tuples(grouped(), each(True, False)).map(lambda drawn: {**drawn[0], "largest": drawn[1]}),
    dtypes=NUMBERS,
    covers=(
        "paddle.geometric.segment_max",
        "paddle.geometric.segment_min",
        "paddle.incubate.segment_max",
        "paddle.incubate.segment_min",
    ),
)
class segment_extreme:
    """The largest or smallest of the rows of each group, 0 for one without rows; equal ones share the gradient."""

    torch = lambda f, x, groups, count, how, largest: _empty(f, x, count).scatter_reduce(
        0, _wide(f, x, groups), x, "amax" if largest else "amin", include_self=False
    )
    paddle = lambda f, x, groups, count, how, largest: getattr(
        _segment(f, how), "segment_max" if largest else "segment_min"
    )(x, groups)
    value = lambda x, groups, count, how, largest: segments.extreme(x, groups, count, largest)
    variant_beginning_shares = lambda x, groups, count, how, largest: segments.extreme(
        x, groups, count, largest, beginning=True
    )
    variant_whole_gradient = lambda x, groups, count, how, largest: segments.extreme(x, groups, count, largest, False)
    variant_nan_lost = lambda x, groups, count, how, largest: segments.extreme(
        x, groups, count, largest, False, lost=True
    )


@st.composite
def messages(draw, weighted: bool = False, reduced: bool = True):
    """A graph of a few nodes: edges from and to any of them, also several times; some nodes without any."""
    nodes, edges = draw(st.integers(1, 5)), draw(st.integers(1, 8))
    ends = st.lists(st.integers(0, nodes - 1), min_size=edges, max_size=edges)
    dtype = draw(each("int64", "int32"))
    source, target = (np.array(draw(ends), dtype) for _ in range(2))
    tail = draw(each((3,), (1,), (2, 3)))
    found = {"x": Floats((nodes, *tail), points=(0.0, 1.0, -1.0)), "source": source, "target": target}
    if weighted:
        wide = draw(each((edges, *tail), (edges, *[1] * len(tail)), (edges, *tail[:-1], 1)))
        found |= {"y": Floats(wide, points=(1.0, -1.0), specials=False)}
        found |= {"message": draw(each("add", "sub", "mul", "div"))}
    if reduced:
        most = int(target.max()) + 1
        found |= {"size": draw(each(None, nodes, nodes + 2, most)), "pool": draw(each("sum", "mean", "max", "min"))}
    return found


def _received(f, sent, target, size, nodes, pool):
    """Messages as torch programs add them up by target."""
    count = size or nodes
    empty = f.zeros((count, *sent.shape[1:]), dtype=sent.dtype)
    if pool == "sum":
        return empty.index_add(0, target, sent)
    name = {"mean": "mean", "max": "amax", "min": "amin"}[pool]
    return empty.scatter_reduce(0, _wide(f, sent, target), sent, name, include_self=False)


def _reduced(sent, target, size, nodes, pool, units=1, **how):
    count = size or nodes
    if pool == "sum":
        return segments.summed(sent, target, count)
    if pool == "mean":
        return segments.averaged(sent, target, count, units)
    return segments.extreme(sent, target, count, pool == "max", **how)


@operator(
    "graphs.send_u_recv",
    area=AREA,
    cases=messages(),
    dtypes=NUMBERS[:2],
    covers=("paddle.geometric.send_u_recv", "paddle.incubate.graph_send_recv"),
)
class send_u_recv:
    """The rows of the edges' sources, reduced at their targets; 0 where no edge leads to; equal ones share."""

    torch = lambda f, x, source, target, size, pool: _received(f, x[source], target, size, len(x), pool)
    paddle = lambda f, x, source, target, size, pool: (
        f.incubate.graph_send_recv(x, source, target, pool)
        if size is None
        else f.geometric.send_u_recv(x, source, target, pool, size)
    )
    value = lambda x, source, target, size, pool: _reduced(segments.rows(x, source), target, size, x.shape[0], pool)
    variant_beginning_shares = lambda x, source, target, size, pool: _reduced(
        segments.rows(x, source), target, size, x.shape[0], pool, beginning=True
    )
    variant_whole_gradient = lambda x, source, target, size, pool: _reduced(
        segments.rows(x, source), target, size, x.shape[0], pool, shared=False
    )
    variant_nan_lost = lambda x, source, target, size, pool: _reduced(
        segments.rows(x, source), target, size, x.shape[0], pool, shared=False, lost=True
    )


def _torch_message(x, y, message):
    return x + y if message == "add" else x - y if message == "sub" else x * y if message == "mul" else x / y


def _sent(x, y, message, shift=0.0):
    """Paddle divides by multiplying with the reciprocal; shift: of the divisor."""
    if message in ("add", "mul"):
        return x + y if message == "add" else x * y
    if message == "sub":
        return x - y
    return x * divide(1.0, y + shift) if shift else divide(x, y, 2)


def _along_edges(x, y, source, target, message, size, pool, shift=0.0, **how):
    """Formula and variants of ``send_ue_recv``.

    The gradient of a mean of products may be multiplied first and divided then, which rounds also where the division
    by itself would not.
    """
    sent = _sent(segments.rows(x, source), y, message, shift)
    return _reduced(sent, target, size, x.shape[0], pool, 2 if message in ("mul", "div") else 1, **how)


@operator(
    "graphs.send_ue_recv",
    area=AREA,
    cases=messages(weighted=True),
    gradients=("x", "y"),
    dtypes=NUMBERS[:2],
    covers=("paddle.geometric.send_ue_recv",),
)
class send_ue_recv:
    """Rows of sources, combined with numbers of the edges, reduced at the targets, and the gradients of both."""

    torch = lambda f, x, y, source, target, message, size, pool: _received(
        f, _torch_message(x[source], y, message), target, size, len(x), pool
    )
    paddle = lambda f, x, y, source, target, message, size, pool: f.geometric.send_ue_recv(
        x, y, source, target, message, pool, size
    )
    value = _along_edges
    variant_whole_gradient = lambda **inputs: _along_edges(**inputs, shared=False)
    variant_nan_lost = lambda **inputs: _along_edges(**inputs, shared=False, lost=True)
    variant_shifted_divisor = lambda **inputs: _along_edges(**inputs, shift=SHIFT, shared=False, lost=True)
    variant_shifted_by_float32 = lambda **inputs: _along_edges(**inputs, shift=SINGLE, shared=False, lost=True)
    variant_beginning_shares = lambda **inputs: _along_edges(**inputs, beginning=True)


def _both_ends():
    return st.tuples(messages(reduced=False), each("add", "sub", "mul", "div")).map(
        lambda drawn: {**drawn[0], "y": Floats(drawn[0]["x"].shape, points=(1.0, -1.0)), "message": drawn[1]}
    )


@operator(
    "graphs.send_uv",
    area=AREA,
    cases=_both_ends(),
    gradients=("x", "y"),
    dtypes=NUMBERS[:2],
    covers=("paddle.geometric.send_uv",),
)
class send_uv:
    """The row of an edge's source combined with that of its target, and the gradients of both tables."""

    torch = lambda f, x, y, source, target, message: _torch_message(x[source], y[target], message)
    paddle = lambda f, x, y, source, target, message: f.geometric.send_uv(x, y, source, target, message)
    value = lambda x, y, source, target, message: _sent(segments.rows(x, source), segments.rows(y, target), message)
    variant_shifted_divisor = lambda x, y, source, target, message: _sent(
        segments.rows(x, source), segments.rows(y, target), message, SHIFT
    )
    variant_shifted_by_float32 = lambda x, y, source, target, message: _sent(
        segments.rows(x, source), segments.rows(y, target), message, SINGLE
    )
