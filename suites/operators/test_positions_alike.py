"""Calls whose arguments by position mean the same in both frameworks, or are refused by paddle: then by their names.

Every row is a call as a torch program writes it. ``written`` is how paddle is called where it refuses that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.attention import log_softmax, softmax
from conformance.functions import clip, softplus
from conformance.moves import moved
from conformance.operators import Booleans, Floats
from conformance.products import cross, kronecker, matmul, transposed
from conformance.quantity import scaled, split, where
from conformance.reductions import deviation, extreme, logarithm_of_sum, norm, product, rows, running, shaped
from conformance.sums import begun_with
from suites.support.tables import Row, table

AREA = "calls by position"
CHOSEN = np.array([2, 0])


def _moves(function: Any) -> Any:
    """A formula that moves elements."""
    return lambda x: moved(function, x)


def _along(function: Any) -> Any:
    """A formula of the first axis, which is kept."""
    return lambda x: shaped(function(rows(x, 0)), x.shape, 0, True)


def _plain(function: Any) -> Any:
    """A formula of numbers that have no gradient."""
    return lambda x: np.asarray(function(x.value))


def _windows(array: Any) -> Any:
    return np.lib.stride_tricks.sliding_window_view(array, 2, 1)[:, ::3]


SHAPES = {
    "permute": Row(lambda f, x: x.permute(1, 0), _moves(np.transpose), written=lambda f, x: x.transpose([1, 0])),
    "transpose": Row(lambda f, x: x.transpose(0, 1), _moves(np.transpose), written=lambda f, x: x.transpose([1, 0])),
    "function of transpose": Row(
        lambda f, x: f.transpose(x, 0, 1), _moves(np.transpose), written=lambda f, x: f.transpose(x, [1, 0])
    ),
    "swapaxes": Row(lambda f, x: x.swapaxes(0, 1), _moves(np.transpose), written=lambda f, x: x.moveaxis(0, 1)),
    "moveaxis": Row(lambda f, x: x.moveaxis(0, 1), _moves(np.transpose)),
    "movedim": Row(lambda f, x: x.movedim(0, 1), _moves(np.transpose), written=lambda f, x: x.moveaxis(0, 1)),
    "view": Row(
        lambda f, x: x.view(9, 2),
        _moves(lambda a: a.reshape(9, 2)),
        written=lambda f, x: x.view([9, 2]),
        gradients=(),
    ),
    "reshape": Row(
        lambda f, x: x.reshape(9, 2), _moves(lambda a: a.reshape(9, 2)), written=lambda f, x: x.reshape([9, 2])
    ),
    "expand": Row(
        lambda f, x: x.expand(2, 3, 6),
        _moves(lambda a: np.broadcast_to(a, (2, 3, 6))),
        written=lambda f, x: x.expand([2, 3, 6]),
    ),
    "repeat": Row(
        lambda f, x: x.repeat(2, 1), _moves(lambda a: np.tile(a, (2, 1))), written=lambda f, x: x.tile([2, 1])
    ),
    "unsqueeze": Row(lambda f, x: x.unsqueeze(1), _moves(lambda a: a[:, None])),
    "squeeze": Row(
        lambda f, x: x.squeeze(1),
        _moves(lambda a: a[:, 0]),
        inputs={"x": Floats((3, 1, 2), specials=False)},
    ),
    "flatten": Row(
        lambda f, x: x.flatten(0, 1),
        _moves(lambda a: a.reshape(6, 2)),
        inputs={"x": Floats((3, 2, 2), specials=False)},
    ),
    "unflatten": Row(lambda f, x: x.unflatten(1, (2, 3)), _moves(lambda a: a.reshape(3, 2, 3))),
    "roll": Row(lambda f, x: x.roll(2, 0), _moves(lambda a: np.roll(a, 2, 0))),
    "rot90": Row(lambda f, x: x.rot90(1, (0, 1)), _moves(lambda a: np.rot90(a, 1, (0, 1)))),
    "narrow": Row(lambda f, x: x.narrow(1, 1, 3), _moves(lambda a: a[:, 1:4]), written=lambda f, x: x[:, 1:4]),
    "select": Row(lambda f, x: x.select(1, 2), _moves(lambda a: a[:, 2]), written=lambda f, x: x[:, 2]),
    "unfold": Row(lambda f, x: x.unfold(1, 2, 3), _moves(_windows)),
    "diagonal": Row(lambda f, x: x.diagonal(1, 1, 0), _moves(lambda a: np.diagonal(a, 1, 1, 0))),
    "tril": Row(lambda f, x: x.tril(1), _moves(lambda a: np.where(np.tri(3, 6, 1) > 0, a, -1))),
    "split": Row(
        lambda f, x: f.cat([*x.split(2, 1)][::-1], 1) if hasattr(f, "cat") else f.concat([*x.split(2, 1)][::-1], 1),
        _moves(lambda a: np.concatenate(np.split(a, 3, 1)[::-1], 1)),
        instead={"count_of_parts": _moves(lambda a: np.concatenate(np.split(a, 2, 1)[::-1], 1))},
    ),
    "chunk": Row(lambda f, x: f.concat([*x.chunk(3, 1)][::-1], 1), _moves(lambda a: a[:, [4, 5, 2, 3, 0, 1]])),
    "unbind": Row(lambda f, x: f.stack([*x.unbind(1)][::-1], 0), _moves(lambda a: a[:, ::-1].T)),
    "concat": Row(lambda f, x: f.concat((x, x), 1), _moves(lambda a: np.concatenate([a, a], 1))),
    "stack": Row(lambda f, x: f.stack((x, x), 1), _moves(lambda a: np.stack([a, a], 1))),
    "repeat_interleave": Row(lambda f, x: x.repeat_interleave(2, 1), _moves(lambda a: np.repeat(a, 2, 1))),
    "broadcast_to": Row(lambda f, x: x.broadcast_to((2, 3, 6)), _moves(lambda a: np.broadcast_to(a, (2, 3, 6)))),
    "diff": Row(lambda f, x: f.diff(x, 1, 0), lambda x: x[1:] - x[:-1]),
}

REDUCTIONS = {
    "sum": Row(lambda f, x: x.sum(0, True), lambda x: x.sum(0, True), written=lambda f, x: x.sum(0, keepdim=True)),
    "function of sum": Row(
        lambda f, x: f.sum(x, 0, True), lambda x: x.sum(0, True), written=lambda f, x: f.sum(x, 0, keepdim=True)
    ),
    "mean": Row(lambda f, x: x.mean(0, True), lambda x: x.mean(0, True)),
    "prod": Row(lambda f, x: x.prod(0, True), _along(product), inputs={"x": Floats((3, 6), 0.5, 4.0, specials=False)}),
    "std": Row(
        lambda f, x: x.std(0, False),
        lambda x: shaped(deviation(rows(x, 0), 0.0, True), x.shape, 0, False),
        inputs={"x": Floats((3, 6), 0.5, 4.0, specials=False)},
        gradients=(),
    ),
    "var": Row(lambda f, x: x.var(0, True, True), _along(lambda x: deviation(x, 1.0, False))),
    "amax": Row(lambda f, x: x.amax(0, True), _along(lambda x: extreme(x, np.max))),
    "amin": Row(lambda f, x: f.amin(x, 0, True), _along(lambda x: extreme(x, np.min))),
    "logsumexp": Row(lambda f, x: x.logsumexp(0, True), _along(logarithm_of_sum)),
    "norm": Row(lambda f, x: x.norm(1, 0, True), _along(lambda x: norm(x, 1.0))),
    "all": Row(lambda f, x: (x > 0).all(0, True), _plain(lambda a: (a > 0).all(0)[None]), gradients=()),
    "any": Row(lambda f, x: (x > 0).any(1, True), _plain(lambda a: (a > 0).any(1)[:, None]), gradients=()),
    "count_nonzero": Row(lambda f, x: f.count_nonzero(x, 0), _plain(lambda a: np.count_nonzero(a, 0)), gradients=()),
    "cumsum": Row(lambda f, x: x.cumsum(0), lambda x: transposed(running(transposed(x), "sum"))),
    "kthvalue": Row(lambda f, x: x.kthvalue(2, 0, True)[0], _plain(lambda a: np.sort(a, 0)[1][None]), gradients=()),
    "topk": Row(lambda f, x: x.topk(2, 0, False)[0], _plain(lambda a: np.sort(a, 0)[:2]), gradients=()),
    "softmax": Row(
        lambda f, x: x.softmax(0),
        lambda x: softmax(x, 0),
        inputs={"x": Floats((3, 6), -3.0, 3.0, specials=False)},
        written=lambda f, x: f.nn.functional.softmax(x, 0),
    ),
    "function of softmax": Row(
        lambda f, x: f.nn.functional.softmax(x, 0),
        lambda x: softmax(x, 0),
        inputs={"x": Floats((3, 6), -3.0, 3.0, specials=False)},
    ),
    "log_softmax": Row(
        lambda f, x: f.nn.functional.log_softmax(x, 0),
        lambda x: log_softmax(x, 0),
        inputs={"x": Floats((3, 6), -3.0, 3.0, specials=False)},
    ),
}

ROWS_OF = np.array([[2, 0, 1, 1, 0, 2], [0, 1, 2, 0, 2, 1], [1, 2, 0, 2, 1, 0]])
"""Of every column another order of the rows."""
MASKED = {"x": Floats((3, 6), specials=False), "mask": Booleans((3, 6))}
WITH_ROWS = {"x": Floats((3, 6), specials=False), "at": ROWS_OF}
CHOSEN_ROWS = {"x": Floats((3, 6), specials=False), "at": CHOSEN}
TWO_ROWS = {**CHOSEN_ROWS, "y": Floats((2, 6), specials=False)}
PAIRS = {"x": Floats((3, 6), specials=False), "y": Floats((3, 6), specials=False)}


def _scattered(x: Any, at: Any, y: Any) -> Any:
    def put(a: Any, b: Any) -> Any:
        new = a.copy()
        np.put_along_axis(new, at, b, 0)
        return new

    return moved(put, x, y)


def _rows_added(x: Any, at: Any, y: Any) -> Any:
    return x + moved(lambda b: np.stack([b[1], np.full(b.shape[1], -1), b[0]]), y)


INDICES = {
    "gather": Row(
        lambda f, x, at: x.gather(0, at),
        lambda x, at: moved(lambda a: np.take_along_axis(a, at, 0), x),
        inputs=WITH_ROWS,
        written=lambda f, x, at: x.take_along_axis(at, 0),
    ),
    "function of gather": Row(
        lambda f, x, at: f.gather(x, 0, at),
        lambda x, at: moved(lambda a: np.take_along_axis(a, at, 0), x),
        inputs=WITH_ROWS,
        written=lambda f, x, at: f.take_along_axis(x, at, 0),
    ),
    "take_along_dim": Row(
        lambda f, x, at: f.take_along_dim(x, at, 0),
        lambda x, at: moved(lambda a: np.take_along_axis(a, at, 0), x),
        inputs=WITH_ROWS,
        written=lambda f, x, at: f.take_along_axis(x, at, 0),
    ),
    "index_select": Row(
        lambda f, x, at: x.index_select(0, at),
        lambda x, at: moved(lambda a: a[at], x),
        inputs=CHOSEN_ROWS,
        written=lambda f, x, at: x.index_select(at, 0),
    ),
    "function of index_select": Row(
        lambda f, x, at: f.index_select(x, 1, at),
        lambda x, at: moved(lambda a: a[:, at], x),
        inputs=CHOSEN_ROWS,
        written=lambda f, x, at: f.index_select(x, at, 1),
    ),
    "index_fill": Row(
        lambda f, x, at: x.index_fill(0, at, 3.0),
        lambda x, at: moved(lambda a: np.stack([0 * a[0] - 1, a[1], 0 * a[2] - 1]), x, fill=3),
        inputs=CHOSEN_ROWS,
        written=lambda f, x, at: x.index_fill(at, 0, 3.0),
    ),
    "index_add": Row(
        lambda f, x, at, y: x.index_add(0, at, y),
        _rows_added,
        inputs=TWO_ROWS,
        gradients=("x", "y"),
        written=lambda f, x, at, y: x.index_add(at, 0, y),
    ),
    "scatter": Row(
        lambda f, x, at, y: x.scatter(0, at, y),
        _scattered,
        inputs={**PAIRS, "at": ROWS_OF},
        gradients=("x", "y"),
        written=lambda f, x, at, y: x.put_along_axis(at, y, 0),
    ),
    "function of scatter": Row(
        lambda f, x, at, y: f.scatter(x, 0, at, y),
        _scattered,
        inputs={**PAIRS, "at": ROWS_OF},
        gradients=("x", "y"),
        written=lambda f, x, at, y: f.put_along_axis(x, at, y, 0),
    ),
    "masked_fill": Row(
        lambda f, x, mask: x.masked_fill(mask, 3.0),
        lambda x, mask: where(mask, 3.0, x),
        inputs=MASKED,
    ),
    "masked_select": Row(
        lambda f, x, mask: x.masked_select(mask), lambda x, mask: moved(lambda a: a[mask], x), inputs=MASKED
    ),
    "where": Row(
        lambda f, x, y: f.where(x > y, x, y),
        lambda x, y: where(x.value > y.value, x, y),
        inputs=PAIRS,
        gradients=("x", "y"),
    ),
    "method of where": Row(
        lambda f, x, y: x.where(x > y, y),
        lambda x, y: where(x.value > y.value, x, y),
        inputs=PAIRS,
        gradients=("x", "y"),
        written=lambda f, x, y: f.where(x > y, x, y),
    ),
    "take": Row(lambda f, x, at: x.take(at), lambda x, at: moved(lambda a: a.ravel()[at], x), inputs=WITH_ROWS),
}

WEIGHTED = {"x": Floats((3, 6), specials=False), "w": Floats((6, 4), specials=False)}
ADDED = {**WEIGHTED, "y": Floats((3, 4), specials=False)}
ARITHMETIC = {
    "clamp": Row(
        lambda f, x: x.clamp(-20.5, 20.5), lambda x: clip(x, -20.5, 20.5), written=lambda f, x: x.clip(-20.5, 20.5)
    ),
    "clip": Row(lambda f, x: f.clip(x, -20.5, 20.5), lambda x: clip(x, -20.5, 20.5)),
    "add": Row(lambda f, x: f.add(x, 2), lambda x: x + 2.0, written=lambda f, x: x + 2),
    "sub": Row(lambda f, x: x.sub(2), lambda x: x - 2.0, written=lambda f, x: x - 2),
    "mul": Row(lambda f, x: x.mul(2), lambda x: x * 2.0, written=lambda f, x: x * 2),
    "div": Row(lambda f, x: x.div(4), lambda x: x / 4.0, written=lambda f, x: x / 4),
    "pow": Row(lambda f, x: x.pow(2), lambda x: x * x),
    "addmm": Row(
        lambda f, x, w, y: y.addmm(x, w),
        lambda x, w, y: begun_with(y, matmul(x, w), x.shape[1]),
        inputs=ADDED,
        gradients=("x", "w", "y"),
    ),
    "function of addmm": Row(
        lambda f, x, w, y: f.addmm(y, x, w),
        lambda x, w, y: begun_with(y, matmul(x, w), x.shape[1]),
        inputs=ADDED,
        gradients=("x", "w", "y"),
    ),
    "matmul": Row(lambda f, x, w: f.matmul(x, w), lambda x, w: matmul(x, w), inputs=WEIGHTED, gradients=("x", "w")),
    "kron": Row(lambda f, x, w: f.kron(x, w), lambda x, w: kronecker(x, w), inputs=WEIGHTED, gradients=("x", "w")),
    "cross": Row(lambda f, x, y: f.cross(x, y, 0), lambda x, y: cross(x, y, 0), inputs=PAIRS, gradients=("x", "y")),
    "nan_to_num": Row(lambda f, x: f.nan_to_num(x, 0.5, 1.0, -2.0), lambda x: x * 1.0),
    "leaky_relu": Row(
        lambda f, x: f.nn.functional.leaky_relu(x, 0.25),
        lambda x: where(x.value > 0, x, scaled(x, 0.25)),
        inputs={"x": Floats((3, 6), low=0.1, specials=False)},
    ),
    "hardtanh": Row(lambda f, x: f.nn.functional.hardtanh(x, -20.5, 20.5), lambda x: clip(x, -20.5, 20.5)),
    "softplus": Row(
        lambda f, x: f.nn.functional.softplus(x, 1, 2),
        lambda x: split(x.value > 2, x, lambda x: x, lambda x: softplus(x)),
        inputs={"x": Floats((3, 6), 2.5, 9.0, specials=False)},
    ),
    "softshrink": Row(
        lambda f, x: f.nn.functional.softshrink(x, 0.25),
        lambda x: x - 0.25,
        inputs={"x": Floats((3, 6), 0.5, 9.0, specials=False)},
    ),
    "pad": Row(
        lambda f, x: f.nn.functional.pad(x, (1, 2)),
        lambda x: moved(lambda a: np.pad(a, ((0, 0), (1, 2)), constant_values=-1), x),
        written=lambda f, x: f.nn.functional.pad(x, [0, 0, 1, 2]),
    ),
}


@table("positions.shapes", SHAPES, area=AREA)
class shapes:
    """Calls that move elements, by position, give what they give in torch, or are refused."""

    note = "torch's movedim, narrow and select are moveaxis and an index in paddle."


@table("positions.reductions", REDUCTIONS, area=AREA)
class reductions:
    """Reductions by axis and whether it is kept, by position, give what they give in torch, or are refused."""

    note = "x.max(0), min, median and sort of torch give values and places, in paddle the values alone."


@table("positions.indices", INDICES, area=AREA)
class indices:
    """Calls by axis and index, in this order, give what they give in torch, or are refused."""

    note = "Where torch takes an axis and then an index, paddle takes the index first."


@table("positions.arithmetic", ARITHMETIC, area=AREA)
class arithmetic:
    """Arithmetic, layers and losses by position give what they give in torch, or are refused."""

    note = "paddle's functions add, sub, mul and div take no number as second argument: write an operator."
