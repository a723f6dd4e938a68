"""paddle.compat, which promises to be torch's functions under torch's names."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.contract import REAL
from conformance.operators import Floats, Structure, each, operator
from conformance.quantity import Quantity, larger
from conformance.reductions import rows, shaped
from conformance.strategies import generator, seeds
from conformance.sums import move
from suites.support.spellings import compat

AREA = "torch's spelling"
NO_COMPAT = Rejects("there is no such module", "has no attribute 'compat'")


class Distinct(Floats):
    """Numbers of which no two are equal, with a NaN now and then where specials may be."""

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        array = rng.permutation(2 * int(np.prod(self.shape)))[: int(np.prod(self.shape))] / 8 - 2
        return np.asarray(array.reshape(self.shape), dtype)

    def with_specials(self, rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
        return np.asarray(np.where(rng.random(self.shape) < 0.15, np.nan, array), array.dtype)


@st.composite
def _chosen(draw: st.DrawFn) -> Structure:
    shape = tuple(draw(st.lists(each(3, 1, 2, 4, 17), min_size=1, max_size=3)))
    dim = draw(each(None, *range(-len(shape), len(shape))))
    name = draw(each("max", "min", "median", "nanmedian"))
    return {
        "x": Distinct(shape, views=False),
        "name": name,
        "dim": dim,
        "keepdim": draw(each(False, True)),
        "by_name": draw(each(True, False)),
    }


def _chosen_by(f: Any, x: Any, name: str, dim: int | None, keepdim: bool, by_name: bool) -> Any:
    function = getattr(compat(f), name)
    if dim is None:
        return function(x)
    found = function(input=x, dim=dim, keepdim=keepdim) if by_name else function(x, dim, keepdim)
    return {"output": found.values, "indices": found.indices}


def _place(array: np.ndarray, name: str, skipping: bool) -> int:
    """Of the element that is meant: the first NaN where one counts, else the extreme or the lower median."""
    missing = np.isnan(array)
    if missing.any() and not (skipping and not missing.all()):
        return int(np.argmax(missing))
    order = np.argsort(array)  # NaN last
    count = len(array) - int(missing.sum())
    return int(order[{"max": count - 1, "min": 0}.get(name, (count - 1) // 2)])


def _choice(x: Quantity, name: str, dim: int | None, keepdim: bool, skipping: bool) -> Any:
    lines = rows(x, dim)
    places = np.apply_along_axis(_place, -1, lines.value, name, skipping)
    found = move(lambda array: np.take_along_axis(array, places[..., None], -1)[..., 0], lines)
    if dim is None:
        return found
    # Where numbers were looked for and there is none, any of the NaN is as good.
    open_ = np.where(np.isnan(found.value), np.inf, 0.0) if name == "nanmedian" else np.zeros(found.shape)
    indices, open_ = (np.expand_dims(each, dim) if keepdim else each for each in (places, open_))
    return {"output": shaped(found, x.shape, dim, keepdim), "indices": Acceptance(indices, open_, dtype="int64")}


def _skips(name: str, dim: int | None) -> bool:
    return name == "nanmedian" or (name != "median" and dim is not None)


@operator(
    "compat.chosen",
    area=AREA,
    cases=_chosen(),
    dtypes=("float32", "float64"),
    covers=tuple(f"paddle.compat.{name}" for name in ("max", "min", "median", "nanmedian")),
)
class chosen:
    """The largest, the smallest or the lower median, with its index along dim; a NaN is all of these, but of nanmedian.

    The gradient goes to the element that was chosen.
    """

    both = lambda f, **inputs: _chosen_by(f, **inputs)
    value = lambda x, name, dim, keepdim, by_name: _choice(x, name, dim, keepdim, name == "nanmedian")

    @staticmethod
    def variant_skipping(x, name, dim, keepdim, by_name):
        found = _choice(x, name, dim, keepdim, _skips(name, dim))
        if dim is None and np.isnan(found.value) and name in ("max", "min"):
            return found.plain.with_gradient(x, lambda g: Quantity(np.full(x.shape, np.nan)))
        return found

    variant_absent = lambda x, name, dim, keepdim, by_name: NO_COMPAT


@st.composite
def _two(draw: st.DrawFn) -> Structure:
    shape = tuple(draw(st.lists(each(3, 1, 2), min_size=1, max_size=3)))
    return {
        "x": Floats(shape, specials=False),
        "y": Floats(shape if draw(st.booleans()) else shape[-1:], specials=False),
        "name": draw(each("max", "min")),
    }


def _larger(x: Quantity, y: Quantity, name: str) -> Quantity:
    return larger(x, y) if name == "max" else -larger(-x, -y)


@operator(
    "compat.of_two",
    area=AREA,
    cases=_two(),
    gradients=("x", "y"),
    dtypes=("float32", "float64"),
    covers=("paddle.compat.max", "paddle.compat.min"),
)
class of_two:
    """The larger or the smaller of two tensors, which share the gradient where they are equal."""

    both = lambda f, x, y, name: getattr(compat(f), name)(x, other=y)
    value = lambda x, y, name: _larger(x, y, name)
    variant_absent = lambda x, y, name: NO_COMPAT


@st.composite
def _lines(draw: st.DrawFn) -> list[Sample]:
    found = []
    for kind in ("ties", "float", "int64"):
        rng = generator(draw(seeds))
        shape = tuple(draw(st.lists(each(3, 1, 2, 17), min_size=1, max_size=3)))
        x = rng.integers(0, 4, shape) if kind != "float" else rng.permutation(int(np.prod(shape))).reshape(shape)
        inputs = {"x": x if kind == "int64" else x.astype(np.float32), "dim": draw(each(-1, *range(len(shape))))}
        found.append(Sample({**inputs, "descending": draw(each(False, True))}, REAL))
    return found


@contract(
    "compat.sort",
    area=AREA,
    samples=_lines(),
    share=0.2,
    may_be_zero=("output", "indices"),
    covers=("paddle.compat.sort",),
)
class sort:
    """Sorted along dim with the indices, stable where it is asked for."""

    @staticmethod
    def torch(x, dim, descending):
        import torch

        found = torch.sort(x, dim=dim, descending=descending, stable=True)
        return {"output": found.values, "indices": found.indices}

    @staticmethod
    def paddle(x, dim, descending):
        import paddle

        found = paddle.compat.sort(x, dim=dim, descending=descending, stable=True)
        return {"output": found.values, "indices": found.indices}

    @staticmethod
    def oracle(x, dim, descending) -> dict[str, Acceptance]:
        wide = x.astype(float)
        indices = np.argsort(-wide if descending else wide, dim, kind="stable")
        output = np.take_along_axis(x, indices, dim)
        return {"output": Acceptance(output, dtype=str(x.dtype)), "indices": Acceptance(indices, dtype="int64")}

    @staticmethod
    def variant_absent(x, dim, descending) -> Rejects:
        return NO_COMPAT


@st.composite
def _whole(draw: st.DrawFn) -> list[Sample]:
    found = []
    for dim in (None, 0, 1):
        rng = generator(draw(seeds))
        array = rng.integers(0, 3, (draw(each(3, 1, 4)), draw(each(2, 1, 3))))
        given = {"x": array if draw(st.booleans()) else array.astype(np.float32), "dim": dim}
        options = {name: draw(each(True, False)) for name in ("return_inverse", "return_counts")}
        found.append(Sample({**given, **options}, REAL))
    return found


def _unique(f: Any, x: Any, dim: int | None, **options: bool) -> dict[str, Any]:
    found = compat(f).unique(x, dim=dim, **options)
    parts = iter(found if isinstance(found, tuple | list) else [found])
    names = ["output", *(name for name, wanted in options.items() if wanted)]
    return dict(zip(names, parts, strict=True))


@contract(
    "compat.unique",
    area=AREA,
    samples=_whole(),
    share=0.2,
    may_be_zero=("output", "return_inverse"),
    covers=("paddle.compat.unique",),
)
class unique:
    """The distinct elements or slices in order, where each of the input's stands among them, and how often."""

    note = "paddle.unique gives the inverse as a vector, torch.unique in the shape of its input where dim is None."

    @staticmethod
    def torch(x, dim, return_inverse, return_counts):
        import torch

        return _unique(torch, x, dim, return_inverse=return_inverse, return_counts=return_counts)

    @staticmethod
    def paddle(x, dim, return_inverse, return_counts):
        import paddle

        return _unique(paddle, x, dim, return_inverse=return_inverse, return_counts=return_counts)

    @staticmethod
    def oracle(x, dim, return_inverse, return_counts) -> dict[str, Acceptance]:
        found, inverse, counts = np.unique(x, axis=dim, return_inverse=True, return_counts=True)
        made = {"output": Acceptance(found, dtype=str(x.dtype))}
        if return_inverse:
            inverse = inverse.reshape(x.shape if dim is None else -1)
            made["return_inverse"] = Acceptance(inverse, dtype="int64")
        return {**made, **({"return_counts": Acceptance(counts, dtype="int64")} if return_counts else {})}

    @staticmethod
    def variant_flat(x, dim, return_inverse, return_counts) -> dict[str, Acceptance]:
        made = unique.oracle(x, dim, return_inverse, return_counts)
        if return_inverse:
            made["return_inverse"] = Acceptance(made["return_inverse"].value.reshape(-1), dtype="int64")
        return made

    @staticmethod
    def variant_absent(x, dim, return_inverse, return_counts) -> Rejects:
        return NO_UNIQUE


NO_UNIQUE = Rejects("it came later", "has no attribute")


@st.composite
def _parts(draw: st.DrawFn) -> Structure:
    length = draw(each(4, 1, 5, 7))
    shape = (length, 3) if draw(st.booleans()) else (2, length)
    dim = draw(each(shape.index(length), shape.index(length) - 2))
    cut = draw(st.integers(0, length))
    sizes = draw(each(1, 2, 3, length, length + 2, [cut, length - cut], [0, length]))
    return {"x": Floats(shape), "sizes": sizes, "dim": dim, "by_name": draw(each(True, False))}


def _split(f: Any, x: Any, sizes: Any, dim: int, by_name: bool) -> Any:
    function = compat(f).split
    parts = function(tensor=x, split_size_or_sections=sizes, dim=dim) if by_name else function(x, sizes, dim)
    torch = f.__name__ == "torch"
    joined = f.cat(list(parts[::-1]), dim) if torch else f.concat(list(parts[::-1]), dim)
    return {"output": joined, "count": joined.new_zeros(len(parts)) if torch else f.zeros([len(parts)], joined.dtype)}


def _cut(x: Quantity, sizes: Any, dim: int) -> Any:
    length = x.shape[dim]
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    ends = np.cumsum(sizes)[:-1]
    joined = move(lambda array: np.concatenate(np.split(array, ends, dim)[::-1], dim), x)
    return {"output": joined, "count": Quantity(np.zeros(len(sizes)))}


@operator(
    "compat.split",
    area=AREA,
    cases=_parts(),
    dtypes=("float32",),
    may_be_zero=("count",),
    covers=("paddle.compat.split",),
)
class split:
    """Parts of a size, the last of which may be shorter, or of several sizes. Joined in the other order here."""

    both = lambda f, **inputs: _split(f, **inputs)
    value = lambda x, sizes, dim, by_name: _cut(x, sizes, dim)
    variant_absent = lambda x, sizes, dim, by_name: NO_COMPAT
    variant_fewer_parts_than_elements = lambda x, sizes, dim, by_name: (
        Rejects("more parts than elements", "must not be more than input.shape[dim]")
        if isinstance(sizes, list) and len(sizes) > x.shape[dim]
        else _cut(x, sizes, dim)
    )


@st.composite
def _padded(draw: st.DrawFn) -> Structure:
    mode = draw(each("constant", "reflect", "replicate", "circular"))
    rank = draw(each(2, 3, 4, 1)) if mode == "constant" else draw(each(3, 4))
    shape = tuple(draw(each(3, 4, 5)) for _ in range(rank))
    pairs = draw(st.integers(1, rank)) if mode == "constant" else rank - 2
    lowest = -1 if draw(st.integers(0, 3)) == 0 else 0
    sides = [draw(st.integers(lowest, 2)) for _ in range(2 * pairs)]
    return {"x": Floats(shape), "sides": sides, "mode": mode, "fill": draw(each(0.0, 1.5))}


def _pad(f: Any, x: Any, sides: list[int], mode: str, fill: float) -> Any:
    options = {"value": fill} if mode == "constant" and fill else {}
    return compat(f).nn.functional.pad(x, tuple(sides), mode=mode, **options)


def _cut_first(x: Quantity, sides: list[int], mode: str, fill: float) -> Quantity:
    """What is wrapped around is of what the negative widths leave."""
    if mode != "circular":
        return _extended(x, sides, mode, fill)
    left = _extended(x, [min(side, 0) for side in sides], mode, fill)
    return _extended(left, [max(side, 0) for side in sides], mode, fill)


def _extended(x: Quantity, sides: list[int], mode: str, fill: float) -> Quantity:
    named = {"reflect": "reflect", "replicate": "edge", "circular": "wrap", "constant": "constant"}[mode]
    pairs = [(0, 0)] * x.ndim
    for place in range(len(sides) // 2):
        pairs[-1 - place] = (sides[2 * place], sides[2 * place + 1])
    grown = [(max(before, 0), max(after, 0)) for before, after in pairs]
    kept = tuple(
        slice(-min(b, 0), n + max(b, 0) + a if a < 0 else None) for (b, a), n in zip(pairs, x.shape, strict=True)
    )
    options: dict[str, Any] = {"constant_values": -1} if mode == "constant" else {}
    padded: Any = np.pad
    return move(lambda array: padded(array, grown, named, **options)[kept], x, fill=fill)


@operator("compat.pad", area=AREA, cases=_padded(), dtypes=("float32",), covers=("paddle.compat.nn.functional.pad",))
class pad:
    """Widths in pairs from the last axis on; a negative one cuts."""

    both = lambda f, **inputs: _pad(f, **inputs)
    value = lambda x, sides, mode, fill: _extended(x, sides, mode, fill)
    variant_not_cut = lambda x, sides, mode, fill: (
        Rejects("nothing is cut", "Expected paddings[i] >= 0")
        if min(sides) < 0 and len(sides) != 2 * (x.ndim - 2)
        else _extended(x, sides, mode, fill)
    )
    variant_cut_first = lambda x, sides, mode, fill: _cut_first(x, sides, mode, fill)
    variant_absent = lambda x, sides, mode, fill: NO_UNIQUE
