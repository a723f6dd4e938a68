"""Calls of paddle exactly as torch programs write them: names of arguments, methods, several sizes in a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import contract
from suites.support import spellings
from suites.support.spellings import Spelling as Row
from suites.support.spellings import double

AREA = "torch's spelling"


def _declared(contract_id: str, rows: dict[str, Row], claim: str, note: str = "") -> Any:
    """A contract of a table of calls, with one variant for each release that lacks some of them."""

    def oracle(text: str, **given: Any) -> Any:
        return spellings.expected(rows[text], given)

    def called(framework: str) -> Any:
        def call(text: str, **given: Any) -> Any:
            import importlib

            return spellings.made(importlib.import_module(framework), text, given)

        return call

    def earlier(release: str) -> Any:
        return lambda text, **given: spellings.before(rows[text], given, release)

    body: dict[str, Any] = {
        "__doc__": claim,
        "__module__": __name__,
        "note": note,
        "torch": staticmethod(called("torch")),
        "paddle": staticmethod(called("paddle")),
        "oracle": staticmethod(oracle),
        **{
            f"variant_as_{release.replace('.', '_')}": staticmethod(earlier(release))
            for release in spellings.RELEASES[:-1]
        },
    }
    name = contract_id.rpartition(".")[2]
    return contract(contract_id, area=AREA, samples=spellings.samples(rows), share=0.01)(type(name, (), body))


def _std(array: Any, axis: Any = None, ddof: int = 1, keepdims: bool = False) -> Any:
    return np.std(array, axis=axis, ddof=ddof, keepdims=keepdims)


REDUCTIONS = spellings.table(
    Row("x.sum(dim=1, keepdim=True)", lambda v: v.x.sum(1, keepdims=True), since="3.2"),
    Row("x.sum(1)", lambda v: v.x.sum(1)),
    Row("x.sum((0, 1))", lambda v: v.x.sum()),
    Row("x.sum(dim=0, dtype=m.float64)", lambda v: double(v.x.sum(0)), since="3.2"),
    Row("m.sum(input=x, dim=1)", lambda v: v.x.sum(1), since="3.2"),
    Row("m.sum(i)", lambda v: v.i.sum()),
    Row("m.sum(x > 0)", lambda v: (v.x > 0).sum()),
    Row("x.mean(dim=1)", lambda v: v.x.mean(1), since="3.2"),
    Row("x.mean(1, True)", lambda v: v.x.mean(1, keepdims=True)),
    Row("m.mean(input=x, dim=1, keepdim=True)", lambda v: v.x.mean(1, keepdims=True), since="3.2"),
    Row("x.std(1, False)", lambda v: _std(v.x, 1, 0), 16),
    Row("x.var(1, keepdim=True)", lambda v: _std(v.x, 1, keepdims=True) ** 2, 16),
    Row("x.var(dim=1, correction=2)", lambda v: _std(v.x, 1, 2) ** 2, 16, since="3.2"),
    Row("m.var(input=x, dim=1, unbiased=False)", lambda v: _std(v.x, 1, 0) ** 2, 16, since="3.2"),
    Row("x.var(unbiased=False)", lambda v: _std(v.x, None, 0) ** 2, 16),
    Row("x.prod(dim=1)", lambda v: v.x.prod(1), since="3.2"),
    Row("x.cumsum(dim=1)", lambda v: v.x.cumsum(1), since="3.2"),
    Row("m.cumsum(x, dim=1, dtype=m.float64)", lambda v: double(v.x.cumsum(1)), since="3.2"),
    Row("x.cumprod(dim=1)", lambda v: v.x.cumprod(1)),
    Row("x.abs().logsumexp(dim=1)", lambda v: np.log(np.exp(np.abs(v.x)).sum(1)), 16, since="3.2"),
    Row("x.argmax(dim=1, keepdim=True)", lambda v: v.x.argmax(1, keepdims=True), since="3.2"),
    Row("x.argmin(1)", lambda v: v.x.argmin(1)),
    Row("m.argmax(input=x, dim=1)", lambda v: v.x.argmax(1), since="3.2"),
    Row("x.argsort(dim=1, descending=True)", lambda v: np.argsort(-v.x, 1), since="3.2"),
    Row("x.topk(2, dim=1)", lambda v: (-np.sort(-v.x, 1)[:, :2], np.argsort(-v.x, 1)[:, :2]), since="3.2"),
    Row("x.topk(2, 1, False)", lambda v: (np.sort(v.x, 1)[:, :2], np.argsort(v.x, 1)[:, :2])),
    Row("(x > 0).all(dim=1)", lambda v: (v.x > 0).all(1), since="3.2"),
    Row("(x > 0).any(dim=1, keepdim=True)", lambda v: (v.x > 0).any(1, keepdims=True), since="3.2"),
    Row("x.amax(dim=1)", lambda v: v.x.max(1), since="3.2"),
    Row("x.amin((0, 1))", lambda v: v.x.min()),
    Row("x.norm(p=2, dim=1)", lambda v: np.linalg.norm(v.x, axis=1), 16, since="3.2"),
    Row("x.norm(p=1, dim=1, keepdim=True)", lambda v: np.abs(v.x).sum(1, keepdims=True), since="3.2"),
    Row("x.norm('fro')", lambda v: np.linalg.norm(v.x), 16),
    Row("m.norm(x, 2, 1)", lambda v: np.linalg.norm(v.x, axis=1), 16),
    Row("x.quantile(q=0.5, dim=1, keepdim=True)", lambda v: np.median(v.x, 1, keepdims=True), since="3.3"),
    Row("x.trace()", lambda v: np.trace(v.x)),
    Row("x.dist(y, p=1)", lambda v: np.abs(v.x - v.y).sum()),
    Row("i.flatten().bincount(minlength=8)", lambda v: np.bincount(v.i.ravel(), minlength=8)),
)

SHAPES = spellings.table(
    Row("x.view(-1)", lambda v: v.x.reshape(-1), since="3.2", refusal="as a data type"),
    Row("x.view(4, 3)", lambda v: v.x.reshape(4, 3), since="3.2", refusal="as a data type"),
    Row("x.view((2, 6))", lambda v: v.x.reshape(2, 6)),
    Row("x.view(m.int32)", lambda v: v.x.astype(np.float32).view(np.int32)),
    Row("x.view_as(y.t().contiguous())", lambda v: v.x.reshape(4, 3)),
    Row("x.permute(1, 0)", lambda v: v.x.T, since="3.2", refusal="has no attribute"),
    Row("x.permute((1, 0))", lambda v: v.x.T, since="3.2", refusal="has no attribute"),
    Row("x.permute(dims=(1, 0))", lambda v: v.x.T, since="3.2", refusal="has no attribute"),
    Row("m.permute(input=x, dims=(1, 0))", lambda v: v.x.T, since="3.2", refusal="has no attribute"),
    Row("x.transpose(0, 1)", lambda v: v.x.T, since="3.2", refusal="argument (position 2) must be"),
    Row("x.transpose(dim0=0, dim1=1)", lambda v: v.x.T, since="3.2"),
    Row("x.reshape(2, 6)", lambda v: v.x.reshape(2, 6), since="3.2", refusal="shape must be an instance"),
    Row("m.reshape(input=x, shape=(4, 3))", lambda v: v.x.reshape(4, 3), since="3.2"),
    Row(
        "x.expand(2, 3, 4)", lambda v: np.broadcast_to(v.x, (2, 3, 4)), since="3.2", refusal="positional arguments but"
    ),
    Row("x.expand(-1, -1)", lambda v: v.x, since="3.2", refusal="The number of elements"),
    Row("x.expand_as(y)", lambda v: v.x),
    Row("m.broadcast_to(input=x, size=(2, 3, 4))", lambda v: np.broadcast_to(v.x, (2, 3, 4)), since="3.2"),
    Row("x.repeat(2, 1)", lambda v: np.tile(v.x, (2, 1)), since="3.2", refusal="has no attribute"),
    Row("x.repeat(2, 1, 3)", lambda v: np.tile(v.x, (2, 1, 3)), since="3.2", refusal="has no attribute"),
    Row("x.repeat_interleave(2, dim=1)", lambda v: np.repeat(v.x, 2, 1), since="3.2"),
    Row("x.repeat_interleave(2)", lambda v: np.repeat(v.x, 2)),
    Row("x.tile((2, 1))", lambda v: np.tile(v.x, (2, 1))),
    Row("m.tile(input=x, dims=(2, 1))", lambda v: np.tile(v.x, (2, 1)), since="3.3"),
    Row("x.unsqueeze(dim=1)", lambda v: v.x[:, None], since="3.2"),
    Row("x.unsqueeze(1).squeeze(dim=1)", lambda v: v.x, since="3.2"),
    Row("x.flatten(start_dim=0, end_dim=1)", lambda v: v.x.ravel(), since="3.2"),
    Row("x.unflatten(dim=1, sizes=(2, 2))", lambda v: v.x.reshape(3, 2, 2), since="3.3"),
    Row("x.flip(0)", lambda v: v.x[::-1]),
    Row("x.roll(shifts=1, dims=1)", lambda v: np.roll(v.x, 1, 1), since="3.2"),
    Row("x.rot90(1, (0, 1))", lambda v: np.rot90(v.x)),
    Row("x.split([1, 3], 1)", lambda v: (v.x[:, :1], v.x[:, 1:])),
    Row("x.chunk(2, dim=1)", lambda v: (v.x[:, :2], v.x[:, 2:]), since="3.2"),
    Row("x.unbind(dim=1)", lambda v: list(v.x.T), since="3.3"),
    Row("x.swapdims(dim0=0, dim1=1)", lambda v: v.x.T, since="3.2", refusal="has no attribute"),
    Row("x.moveaxis(source=0, destination=1)", lambda v: v.x.T),
    Row("x.diagonal(offset=1, dim1=0, dim2=1)", lambda v: np.diagonal(v.x, 1), since="3.3"),
    Row("x.triu(diagonal=1)", lambda v: np.triu(v.x, 1)),
    Row("x.tril(diagonal=-1)", lambda v: np.tril(v.x, -1)),
    Row("x.diff(dim=1)", lambda v: np.diff(v.x, axis=1), since="3.2"),
    Row("m.cat((x, y), dim=1)", lambda v: np.concatenate((v.x, v.y), 1), since="3.2", refusal="has no attribute"),
    Row("m.cat(tensors=(x, y), dim=0)", lambda v: np.concatenate((v.x, v.y)), since="3.2", refusal="has no attribute"),
    Row("m.stack(tensors=[x, y], dim=-1)", lambda v: np.stack((v.x, v.y), -1), since="3.2"),
    Row("x.size(dim=1) + 0 * i", lambda v: 4 + 0 * v.i, since="3.3", refusal="object is not callable"),
)

PLACES = spellings.table(
    Row("x.narrow(dim=1, start=1, length=2)", lambda v: v.x[:, 1:3], since="3.2", refusal="has no attribute"),
    Row("x.index_select(dim=0, index=at)", lambda v: v.x[v.at], since="3.2"),
    Row("m.index_select(input=x, dim=0, index=at)", lambda v: v.x[v.at], since="3.2"),
    Row(
        "x.gather(0, g)", lambda v: np.take_along_axis(v.x, v.g, 0), since="3.3", refusal="argument 'index' (position 1"
    ),
    Row("x.gather(dim=0, index=g)", lambda v: np.take_along_axis(v.x, v.g, 0), since="3.3"),
    Row("m.gather(input=x, dim=0, index=g)", lambda v: np.take_along_axis(v.x, v.g, 0), since="3.3"),
    Row(
        "x.take_along_dim(g, dim=0)", lambda v: np.take_along_axis(v.x, v.g, 0), since="3.2", refusal="has no attribute"
    ),
    Row("x.scatter(dim=0, index=g, src=y)", lambda v: _scattered(v.x, v.g, v.y), since="3.3"),
    Row("x.scatter(0, g, 2.0)", lambda v: 0 * v.x + 2, since="3.3", refusal="argument 'index' (position 1"),
    Row("m.scatter(input=x, dim=0, index=g, src=y)", lambda v: _scattered(v.x, v.g, v.y), since="3.3"),
    Row(
        "x.scatter_add(dim=0, index=g, src=y)",
        lambda v: v.x + _scattered(v.x, v.g, v.y),
        since="3.2",
        refusal="has no attribute",
    ),
    Row(
        "x.scatter_reduce(dim=0, index=g, src=y, reduce='sum')",
        lambda v: v.x + _scattered(v.x, v.g, v.y),
        since="3.2",
        refusal="has no attribute",
    ),
    Row(
        "x.scatter_reduce(0, g, y, reduce='amax', include_self=False)",
        lambda v: _scattered(v.x, v.g, v.y),
        since="3.2",
        refusal="has no attribute",
    ),
    Row("x.index_add(dim=0, index=at, source=y[:2], alpha=2)", lambda v: _added(v, 2), since="3.3"),
    Row("x.index_put((at,), y[:2])", lambda v: _added(v, 0)),
    Row("x.index_put((at,), y[:2], accumulate=True)", lambda v: _added(v, 1)),
    Row("x.masked_fill(mask=x > 0, value=1.0)", lambda v: np.where(v.x > 0, 1.0, v.x)),
    Row("x.masked_select(mask=x > 0)", lambda v: v.x[v.x > 0]),
    Row("m.masked_select(input=x, mask=y > 0)", lambda v: v.x[v.y > 0], since="3.3"),
    Row("m.where(condition=x > 0, input=x, other=y)", lambda v: np.where(v.x > 0, v.x, v.y), since="3.2"),
    Row("x.nonzero()", lambda v: np.argwhere(v.x)),
    Row("x.take(index=at)", lambda v: v.x.ravel()[v.at]),
    Row("i.unique(return_counts=True)", lambda v: np.unique(v.i, return_counts=True)),
    Row(
        "m.bucketize(input=x, boundaries=m.arange(-6, 6, 3))",
        lambda v: np.searchsorted(np.arange(-6, 6, 3), v.x),
        since="3.3",
    ),
    Row(
        "m.searchsorted(sorted_sequence=m.arange(-6, 6, 3), input=i, right=True)",
        lambda v: np.searchsorted(np.arange(-6, 6, 3), v.i, "right"),
        since="3.3",
    ),
)

ARITHMETIC = spellings.table(
    Row("x.add(y, alpha=2)", lambda v: v.x + 2 * v.y, since="3.2"),
    Row("m.add(input=x, other=y, alpha=2)", lambda v: v.x + 2 * v.y, since="3.2"),
    Row("x.sub(y, alpha=2)", lambda v: v.x - 2 * v.y, since="3.3", refusal="has no attribute"),
    Row("m.mul(input=x, other=y)", lambda v: v.x * v.y, since="3.2", refusal="has no attribute"),
    Row("m.div(input=x, other=y)", lambda v: v.x / v.y, since="3.2", refusal="has no attribute"),
    Row(
        "m.div(input=x, other=y, rounding_mode='floor')",
        lambda v: np.floor(v.x / v.y),
        since="3.2",
        refusal="has no attribute",
    ),
    Row("x.div(y, rounding_mode='trunc')", lambda v: np.trunc(v.x / v.y), since="3.2", refusal="has no attribute"),
    Row("m.true_divide(input=x, other=y)", lambda v: v.x / v.y, since="3.2", refusal="has no attribute"),
    Row("x.pow(exponent=2)", lambda v: v.x**2, since="3.2"),
    Row("m.remainder(input=x, other=y)", lambda v: np.mod(v.x, v.y), since="3.3"),
    Row("x.clamp(min=0)", lambda v: np.maximum(v.x, 0), since="3.3", refusal="has no attribute"),
    Row("x.clamp(max=0.5)", lambda v: np.minimum(v.x, 0.5), since="3.3", refusal="has no attribute"),
    Row(
        "m.clamp(input=x, min=-0.5, max=0.5)",
        lambda v: np.clip(v.x, -0.5, 0.5),
        since="3.2",
        refusal="has no attribute",
    ),
    Row("x.maximum(other=y)", lambda v: np.maximum(v.x, v.y), since="3.2"),
    Row("m.minimum(input=x, other=y)", lambda v: np.minimum(v.x, v.y), since="3.2"),
    Row("m.abs(input=x)", lambda v: np.abs(v.x), since="3.3"),
    Row("x.eq(y)", lambda v: v.x == v.y, since="3.3", refusal="has no attribute"),
    Row("x.ne(other=y)", lambda v: v.x != v.y, since="3.3", refusal="has no attribute"),
    Row("m.gt(input=x, other=y)", lambda v: v.x > v.y, since="3.2", refusal="has no attribute"),
    Row("m.logical_and(input=x > 0, other=y > 0)", lambda v: (v.x > 0) & (v.y > 0), since="3.2"),
    Row("x.isclose(y, rtol=1e-3)", lambda v: np.isclose(v.x, v.y, 1e-3)),
    Row("x.matmul(other=y.t())", lambda v: v.x @ v.y.T, since="3.2"),
    Row("m.mm(input=x, mat2=y.t())", lambda v: v.x @ v.y.T),
    Row("m.bmm(input=x.unsqueeze(0), mat2=y.t().unsqueeze(0))", lambda v: (v.x @ v.y.T)[None], since="3.2"),
    Row("x.addmm(x, y.t() @ y, beta=0.5, alpha=2)", lambda v: v.x / 2 + 2 * v.x @ (v.y.T @ v.y)),
    Row("m.outer(input=x[0], vec2=y[0])", lambda v: np.outer(v.x[0], v.y[0]), since="3.2"),
    Row("x.lerp(y, 0.5)", lambda v: (v.x + v.y) / 2),
    Row("x.type_as(i)", lambda v: v.x.astype(np.int64), since="3.2", refusal="has no attribute"),
    Row("i.type_as(x)", lambda v: v.i.astype(float), since="3.2", refusal="has no attribute"),
    Row("x.to(m.float64)", lambda v: double(v.x)),
    Row("x.to('cpu')", lambda v: v.x),
    Row("x.to(i)", lambda v: v.x.astype(np.int64)),
    Row("x.to(dtype=m.int64)", lambda v: v.x.astype(np.int64)),
    Row("x.double()", lambda v: double(v.x), since="3.2", refusal="has no attribute"),
    Row("x.long()", lambda v: v.x.astype(np.int64), since="3.2", refusal="has no attribute"),
    Row("x.softmax(dim=1)", lambda v: _softmax(v.x), 16, since="3.2", refusal="has no attribute"),
    Row(
        "m.softmax(input=x, dim=-1, dtype=m.float64)",
        lambda v: double(_softmax(v.x)),
        16,
        since="3.2",
        refusal="has no attribute",
    ),
    Row("m.round(input=x / 8, decimals=1)", lambda v: np.round(v.x / 8, 1), 2, since="3.3"),
    Row("m.nn.functional.gelu(input=0 * x)", lambda v: 0 * v.x, since="3.3"),
    Row("m.nn.functional.softmax(input=x, dim=1)", lambda v: _softmax(v.x), 16, since="3.2"),
    Row("m.nn.functional.dropout(input=x, p=0.5, training=False)", lambda v: v.x, since="3.3"),
    Row(
        "m.nn.functional.embedding(input=i, weight=m.cat([x, y], dim=0))",
        lambda v: np.concatenate((v.x, v.y))[v.i],
        since="3.2",
        refusal="has no attribute",
    ),
    Row(
        "m.nn.functional.normalize(input=x, p=2.0, dim=1)",
        lambda v: v.x / np.linalg.norm(v.x, axis=1)[:, None],
        16,
        since="3.3",
    ),
)

CREATION = spellings.table(
    Row("m.zeros(2, 3)", lambda v: np.zeros((2, 3)), since="3.2", refusal="as a data type"),
    Row("m.zeros(size=(2, 3))", lambda v: np.zeros((2, 3)), since="3.2"),
    Row("m.zeros((2, 3), dtype=m.float64)", lambda v: double(np.zeros((2, 3)))),
    Row("m.ones(2)", lambda v: np.ones(2)),
    Row("m.ones(size=(2,))", lambda v: np.ones(2), since="3.2"),
    Row("m.full(size=(2, 3), fill_value=7.5)", lambda v: np.full((2, 3), 7.5), since="3.2"),
    Row("m.eye(n=2, m=3)", lambda v: np.eye(2, 3), since="3.2"),
    Row("m.arange(start=1, end=5, step=2)", lambda v: np.arange(1, 5, 2)),
    Row("m.arange(0, 1, 0.25)", lambda v: np.arange(0, 1, 0.25)),
    Row("m.linspace(start=0, end=1, steps=5)", lambda v: np.linspace(0, 1, 5), since="3.3"),
    Row("m.zeros_like(input=x)", lambda v: 0 * v.x, since="3.2"),
    Row("m.ones_like(x, dtype=m.int64)", lambda v: np.ones((3, 4), np.int64)),
    Row("m.full_like(input=x, fill_value=2)", lambda v: 0 * v.x + 2, since="3.2"),
    Row("m.tensor([1, 2])", lambda v: np.array([1, 2]), since="3.2", refusal="object is not callable"),
    Row(
        "m.tensor([1.0, 2.0], dtype=m.float64)",
        lambda v: double([1.0, 2.0]),
        since="3.2",
        refusal="object is not callable",
    ),
    Row("m.tensor(True)", lambda v: np.array(True), since="3.2", refusal="object is not callable"),
    Row("m.as_tensor([1, 2])", lambda v: np.array([1, 2]), since="3.2", refusal="has no attribute"),
    Row("m.meshgrid(x[0], y[0], indexing='ij')", lambda v: np.meshgrid(v.x[0], v.y[0], indexing="ij")),
    Row("x.new_zeros(2, 3)", lambda v: np.zeros((2, 3)), since="3.2", refusal="has no attribute"),
    Row("x.new_ones((2,))", lambda v: np.ones(2), since="3.2", refusal="has no attribute"),
    Row("x.new_full((2, 2), 7.0)", lambda v: np.full((2, 2), 7.0), since="3.2", refusal="has no attribute"),
    Row("i.new_zeros((2,))", lambda v: np.zeros(2, np.int64), since="3.2", refusal="has no attribute"),
)


def _scattered(x: Any, index: Any, source: Any) -> Any:
    found = np.array(x)
    np.put_along_axis(found, index, source, 0)
    return found


def _added(v: Any, times: int) -> Any:
    """Rows of y in the place of rows of x, or so many times added to them."""
    found = np.array(v.x)
    found[v.at] = found[v.at] + times * v.y[:2] if times else v.y[:2]
    return found


def _softmax(x: Any) -> Any:
    found = np.exp(x - x.max(1, keepdims=True))
    return found / found.sum(1, keepdims=True)


reductions = _declared("spelling.reductions", REDUCTIONS, "Reductions with dim, keepdim, dtype and correction.")
shapes = _declared("spelling.shapes", SHAPES, "Shapes with sizes in a row, dim, dims, and start_dim.")
places = _declared("spelling.places", PLACES, "Gathering and writing with dim, index, src and mask.")
arithmetic = _declared("spelling.arithmetic", ARITHMETIC, "Arithmetic with input, other, alpha; conversions by to.")
creation = _declared("spelling.creation", CREATION, "New tensors by size, steps, n and m.")
