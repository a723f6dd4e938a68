"""Indices as plain data, and drawn ones: what stands between the brackets of ``x[...]``.

A part is an integer, ``None``, ``"..."``, a tuple for a slice, a list of integers, or the name of an input that holds
integers or truth values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.operators import Floats, shapes
from conformance.strategies import generator, seeds


def key(index: list[Any], **tensors: Any) -> Any:
    """What stands between the brackets, with tensors, or arrays, for their names."""
    parts = [
        slice(*part)
        if isinstance(part, tuple)
        else ...
        if isinstance(part, str) and part == "..."
        else tensors[part]
        if isinstance(part, str)
        else part
        for part in index
    ]
    return parts[0] if len(parts) == 1 else tuple(parts)


def taken(array: np.ndarray, index: list[Any], **tensors: Any) -> np.ndarray:
    """What NumPy has between the brackets, except that integers, also as tensors without axes, choose first.

    To NumPy an integer beside a tensor is a tensor too, and moves the tensors' axes to the front.
    """
    single = [_single(part, tensors) for part in index]
    spans = [_span(part, tensors) for part in index]
    rest = array.ndim - sum(spans)
    first: list[Any] = []
    for part, whole, span in zip(index, single, spans, strict=True):
        first += [int(whole)] if whole is not None else [slice(None)] * (rest if part == "..." else span)
    left = [part for part, whole in zip(index, single, strict=True) if whole is None]
    return np.asarray(array[tuple(first)][key(left, **tensors) if left else ...])


def taken_none_moved(array: np.ndarray, index: list[Any]) -> np.ndarray:
    """As a kernel that puts each None before as many axes as there are integers of axes with a smaller number.

    It counts a None's place with those before it and an integer's without them.
    """
    rest = array.ndim - sum(part is not None and part != "..." for part in index)
    integers, nones, axis, place = [], [], 0, 0
    for part in index:
        if part is None:
            nones.append(place)
        elif isinstance(part, int):
            integers.append(axis)
        axis += 0 if part is None else rest if part == "..." else 1
        place += rest if part == "..." else 1
    found = taken(array, [part for part in index if part is not None] or ["..."])
    for none in nones:
        found = np.expand_dims(found, none - sum(axis < none for axis in integers))
    return found


MASK_OF_ANOTHER_SHAPE = "The shape of the mask"


def taken_by_its_second_axis(array: np.ndarray, index: list[Any], mask: np.ndarray) -> np.ndarray | str:
    """As torch before 2.9, to which slices behind a mask are those of the axes from the mask's second on.

    They are taken before the mask is, which is refused where they left another length. This returns what it says then.
    """
    start = index.index("first")
    before = sum(not isinstance(part, int) for part in index[:start])
    sliced = taken(array, [*index[:start], (None,) * 3, *index[start + 1 :]])
    if sliced.shape[before : before + mask.ndim] != mask.shape:
        return MASK_OF_ANOTHER_SHAPE
    chosen: tuple[Any, ...] = (*[slice(None)] * before, mask)
    return np.asarray(sliced[chosen])


MASK_UNLIKE = "doesn't match indexed array along dimension"
MASK_REDUCED = "The reduce dim index"


def taken_by_its_first_axis(array: np.ndarray, index: list[Any], mask: np.ndarray) -> np.ndarray | str:
    """As a kernel to which a mask of several axes is one of its first axis, or what it says.

    Parts behind the mask are those of the axes from its second on. It moves the first to the front, chooses from those
    that then lie in front, and moves back as if the mask still had all its axes.
    """
    start, axes = index.index("first"), mask.ndim
    before = sum(not isinstance(part, int) for part in index[:start])
    turned = np.moveaxis(taken(array, [*index[:start], (None,) * 3, *index[start + 1 :]]), before, 0)
    if turned.shape[:axes] != mask.shape:
        return MASK_UNLIKE
    found = turned[mask]
    if axes == 1 or not before:
        return np.moveaxis(found, 0, before)
    if axes + before > found.ndim:
        return MASK_REDUCED
    last = axes + before
    return found.transpose(*range(axes, last), *range(axes), *range(last, found.ndim))


def of_two_dtypes(index: list[Any], *tensors: np.ndarray | None) -> bool:
    """Whether a list, which becomes a tensor of int64, stands beside a tensor of int32."""
    return any(isinstance(part, list) for part in index) and any(
        tensor is not None and tensor.dtype == np.int32 for tensor in tensors
    )


BACKWARDS = "When step > 0, end should be greater than start"
BACKWARDS_IN_STEPS = "The start index and end index are invalid"


def counted_once_more(shape: tuple[int, ...], index: list[Any], written: bool = False) -> list[Any] | str:
    """The index as paddle 2.6 reads it, or what it says of a slice that ends before it begins.

    An end in front of the first element counts from the back a second time: x[:-5] of four elements ends at -1.

    written: whether the index is written to; a step does not matter then.
    """
    in_steps = not written and any(isinstance(part, tuple) and part[2] not in (None, 1) for part in index)
    rest = len(shape) - sum(part is not None and part != "..." for part in index)
    found: list[Any] = []
    axis = 0
    for part in index:
        if isinstance(part, tuple):
            length = shape[axis]
            start, stop = part[0] or 0, length if part[1] is None else part[1]
            start = max(start + length, 0) if start < 0 else start if in_steps else min(start, length)
            stop = stop + length if stop < -length else stop
            stop = stop + length if stop < 0 else min(stop, length)
            if stop < start:
                return BACKWARDS_IN_STEPS if in_steps else BACKWARDS
            part = (start, stop, part[2])
        found.append(part)
        axis += 0 if part is None else rest if part == "..." else 1
    return found


def _single(part: Any, tensors: dict[str, Any]) -> Any:
    if isinstance(part, int):
        return part
    tensor = tensors[part] if isinstance(part, str) and part != "..." else None
    return tensor if tensor is not None and tensor.ndim == 0 else None


def _span(part: Any, tensors: dict[str, Any]) -> int:
    """Axes of the tensor that a part speaks of; of an ellipsis, none are counted."""
    if part is None or (isinstance(part, str) and part == "..."):
        return 0
    tensor = tensors[part] if isinstance(part, str) else None
    return tensor.ndim if tensor is not None and tensor.dtype == bool else 1


def _slice(draw: st.DrawFn, length: int) -> tuple[int | None, int | None, int | None]:
    ends = st.none() | st.integers(-length - 1, length + 1)
    start, stop, step = draw(ends), draw(ends), draw(st.none() | st.integers(1, 3))
    return start, stop, step


def _several(draw: st.DrawFn, length: int) -> tuple[int | None, int | None, int | None]:
    """A slice beside a tensor: not empty, and without a step where it leaves one element, see index-thin-slice."""
    start, stop, step = _slice(draw, length)
    left = len(range(*slice(start, stop, step).indices(length)))
    return (start, stop, step) if left > 1 else (None, None, None)


def _near(draw: st.DrawFn, length: int) -> int:
    """An integer index, one of either end included."""
    return draw(st.sampled_from([0, -1, -length, length - 1]) | st.integers(-length, length - 1))


@st.composite
def basic(draw: st.DrawFn) -> dict[str, Any]:
    """Integers, slices with steps, None and an ellipsis, of which the last axes may be left out."""
    shape = draw(shapes(5, 4, empty=False))
    used = shape[: draw(st.integers(0, len(shape)))]
    nones = draw(st.integers(0, 2))
    part = _several if nones else _slice  # nothing beside None ends paddle 2.6
    index: list[Any] = [_near(draw, n) if draw(st.integers(0, 2)) == 0 else part(draw, n) for n in used]
    if len(used) == len(shape) and shape and draw(st.booleans()):  # an ellipsis for a run of axes
        start = draw(st.integers(0, len(index)))
        index[start : draw(st.integers(start, len(index)))] = ["..."]
    for _ in range(nones):
        index.insert(draw(st.integers(0, len(index))), None)
    return {"x": Floats(shape), "index": index or ["..."]}


@st.composite
def integers(draw: st.DrawFn, mixed: bool = False, repeated: bool = True) -> dict[str, Any]:
    """One or two tensors of integers that broadcast with each other, side by side or, if ``mixed``, with other parts.

    None stands behind them, and what they index is no view: see index-none-first and index-transposed in the ledger.
    repeated: an element may be named more than once.
    """
    shape = draw(shapes(6, 4, fewest=1, empty=False))
    rng = generator(draw(seeds))
    count = min(draw(st.integers(1, 2)), len(shape))
    axes = sorted(draw(st.permutations(range(len(shape))))[:count]) if mixed else list(range(count))
    wide = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple))
    dtype = draw(st.sampled_from(("int64", "int64", "int32")))
    found: dict[str, Any] = {}
    for name, axis in zip(("first", "second"), axes, strict=False):
        length = shape[axis]
        if repeated:
            own = wide if name == "first" else wide[draw(st.integers(0, len(wide))) :]
            found[name] = rng.integers(-length, length, own).astype(dtype)
        elif name == "first":
            some = rng.permutation(length)[: draw(st.integers(1, min(length, 4)))]
            found[name] = (some - length * rng.integers(0, 2, some.shape)).astype(dtype)
        else:
            found[name] = rng.integers(-length, length, found["first"].shape).astype(dtype)
    index: list[Any] = []
    for axis, n in enumerate(shape[: axes[-1] + 1 if draw(st.booleans()) else len(shape)]):
        if axis in axes:
            index.append(("first", "second")[axes.index(axis)])
        elif mixed and draw(st.booleans()):
            index.append(_near(draw, n))
        else:
            index.append(_several(draw, n) if mixed else (None, None, None))
    if mixed and draw(st.integers(0, 3)) == 0:
        index.append(None)
    if mixed and len(index) == len(shape) and index[-1] == (None, None, None):
        index[-1] = "..."
    if found["first"].ndim == 1 and draw(st.integers(0, 3)) == 0:  # as a list
        index = [found.pop(part).tolist() if part == "first" else part for part in index]
    return {"x": Floats(shape, views=False), "index": index, **{name: found.get(name) for name in ("first", "second")}}


@st.composite
def masks(draw: st.DrawFn) -> dict[str, Any]:
    """Truth values for one axis, for several, or for all, with other parts around them; some choose nothing."""
    shape = draw(shapes(6, 4, fewest=1, empty=False))
    rng = generator(draw(seeds))
    start = draw(st.integers(0, len(shape) - 1))
    stop = draw(st.integers(start + 1, len(shape)))
    density = draw(st.sampled_from((0.5, 0.5, 0.9, 0.0)))
    index: list[Any] = [_near(draw, n) if draw(st.integers(0, 3)) == 0 else _several(draw, n) for n in shape[:start]]
    index.append("first")
    index += [_several(draw, n) for n in shape[stop : draw(st.integers(stop, len(shape)))]]
    mask = np.asarray(rng.random(shape[start:stop]) < density)
    return {"x": Floats(shape, views=False), "index": index, "first": mask, "second": None}
