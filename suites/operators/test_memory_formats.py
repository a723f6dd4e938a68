"""Where the elements of a tensor lie in memory: in order, or with the channels last, and what copies make of either."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Sample, contract
from conformance.strategies import generator, integers, seeds
from suites.images import ON_CPU

AREA = "memory formats"
LAST = {4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
"""Axes of an image in the order in which they lie with the channels last."""
FORMATS = {4: "channels_last", 5: "channels_last_3d"}
NO_FORMATS = {"paddle": "it has no memory formats", **ON_CPU}


def steps_of(shape: Sequence[int], order: Sequence[int] | None = None) -> list[int]:
    """Strides, in elements, of a tensor whose axes lie in memory in some order, the outermost first."""
    steps, step = [0] * len(shape), 1
    for axis in reversed(range(len(shape)) if order is None else order):
        steps[axis], step = step, step * shape[axis]
    return steps


def seen(shape: Sequence[int], steps: Sequence[int]) -> np.ndarray:
    """Strides of the axes that have several elements: of any other axis a stride says nothing."""
    return np.array([step for length, step in zip(shape, steps, strict=True) if length > 1], np.int64)


class View:
    """Whole numbers with their axes permuted, and every so manieth element along the last one."""

    def __init__(self, x: np.ndarray, axes: tuple[int, ...], step: int) -> None:
        self.values = x.transpose(axes)[..., ::step]
        self.shape = self.values.shape
        self.steps = [steps_of(x.shape)[axis] for axis in axes]
        self.steps[-1] *= step

    def lies(self, order: Sequence[int] | None = None) -> bool:
        """Whether the elements lie in memory one after another, with the axes in some order."""
        return bool(np.array_equal(seen(self.shape, self.steps), seen(self.shape, steps_of(self.shape, order))))

    def order(self) -> list[int]:
        """The axes as they lie in memory."""
        return sorted(range(len(self.shape)), key=lambda axis: (self.shape[axis] > 1, self.steps[axis]), reverse=True)


def permuted(ranks: tuple[int, int]) -> st.SearchStrategy[list[Sample]]:
    """A view that has all elements in some order, and one that leaves out some."""

    @st.composite
    def views(draw: st.DrawFn) -> list[Sample]:
        lengths = st.sampled_from((2, 3, 1, 4))
        shape = tuple(draw(st.lists(lengths, min_size=ranks[0], max_size=ranks[1])))
        axes = tuple(range(len(shape)))
        orders = [axes, axes[::-1], tuple(draw(st.permutations(axes)))]
        if len(shape) in LAST:
            orders.append(tuple(int(axis) for axis in np.argsort(LAST[len(shape)])))
        x = integers(generator(draw(seeds)), shape, 9, "float32")
        return [Sample({"x": x, "axes": axes, "step": step}) for axes in orders for step in (1, 2)]

    return views()


def _in_memory(view: Any, steps: Callable[[Any], Sequence[int]]) -> dict[str, Any]:
    found = {"is_contiguous": view.is_contiguous(), "steps": seen(view.shape, steps(view))}
    place, made = view.data_ptr(), view.contiguous()
    return {
        **found,
        "made": made,
        "made.is_contiguous": made.is_contiguous(),
        "made.steps": seen(made.shape, steps(made)),
        "copied": made.data_ptr() != place,
        "copied again": made.contiguous().data_ptr() != made.data_ptr(),
    }


def _expected(view: View, in_order: bool) -> dict[str, Any]:
    return {
        "is_contiguous": np.array(in_order),
        "steps": seen(view.shape, view.steps),
        "made": view.values,
        "made.is_contiguous": np.array(True),
        "made.steps": seen(view.shape, steps_of(view.shape)),
        "copied": np.array(not in_order),
        "copied again": np.array(False),
    }


@contract(
    "memory.contiguous",
    area=AREA,
    samples=permuted((2, 5)),
    tensors=False,
    share=0.25,
    may_be_zero=("copied again",),
    unsupported=ON_CPU,
)
class contiguous:
    """A tensor whose elements lie in memory in order is contiguous; contiguous() copies any other, and no such one."""

    @staticmethod
    def torch(x, axes, step):
        import torch

        return _in_memory(torch.tensor(x).permute(axes)[..., ::step], lambda y: y.stride())

    @staticmethod
    def paddle(x, axes, step):
        import paddle

        return _in_memory(paddle.to_tensor(x).transpose(axes)[..., ::step], lambda y: y.strides)

    @staticmethod
    def oracle(x, axes, step) -> dict[str, Any]:
        view = View(x, axes, step)
        return _expected(view, view.lies())

    @staticmethod
    def variant_single_elements_count(x, axes, step) -> dict[str, Any]:
        """The strides of axes of one element must be those of a new tensor too."""
        view = View(x, axes, step)
        return _expected(view, view.steps == steps_of(view.shape))


def _doubled(base: Any, view: Any) -> dict[str, Any]:
    view.contiguous()
    view.add_(view)
    return {"base": base, "view": view}


@contract(
    "memory.contiguous_apart",
    area=AREA,
    samples=permuted((2, 5)),
    tensors=False,
    share=0.25,
    unsupported=ON_CPU,
)
class contiguous_apart:
    """contiguous() leaves a view what it is: what is added to it in place afterwards, its tensor has too."""

    @staticmethod
    def torch(x, axes, step):
        import torch

        base = torch.tensor(x)
        return _doubled(base, base.permute(axes)[..., ::step])

    @staticmethod
    def paddle(x, axes, step):
        import paddle

        base = paddle.to_tensor(x)
        return _doubled(base, base.transpose(axes)[..., ::step])

    @staticmethod
    def oracle(x, axes, step) -> dict[str, Any]:
        base = x.copy()
        base.transpose(axes)[..., ::step] *= 2
        return {"base": base, "view": 2 * View(x, axes, step).values}

    @staticmethod
    def variant_in_place(x, axes, step) -> dict[str, Any]:
        """A view that is not contiguous gets memory of its own."""
        view = View(x, axes, step)
        if view.steps == steps_of(view.shape):
            return contiguous_apart.oracle(x, axes, step)
        return {"base": x, "view": 2 * view.values}


def suggested(view: View) -> bool:
    """Whether torch takes the channels to be last by the strides alone: as if of a part of such an image."""
    least = 0
    for axis in reversed(LAST[len(view.shape)]):
        if view.steps[axis] < least or (axis == 0 and least == view.steps[1]):
            return False
        least = view.steps[axis] * view.shape[axis]
    return True


def _laid(view: View, strides: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """What is seen of tensors with these strides."""
    last = seen(view.shape, steps_of(view.shape, LAST[len(view.shape)]))
    found: dict[str, Any] = {}
    for name, steps in strides.items():
        here = seen(view.shape, steps)
        found |= {name: view.values, f"{name}.steps": here, f"{name}.is_last": np.array(np.array_equal(here, last))}
    return found


def _seen(made: Any) -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {}
    for name, each in made.items():
        is_last = each.is_contiguous(memory_format=getattr(torch, FORMATS[each.ndim]))
        found |= {name: each, f"{name}.steps": seen(each.shape, each.stride()), f"{name}.is_last": is_last}
    return found


def _copied(x: Any, axes: tuple[int, ...], step: int) -> dict[str, Any]:
    import torch

    view = torch.tensor(x).permute(axes)[..., ::step]
    last, plain = getattr(torch, FORMATS[view.ndim]), torch.contiguous_format
    return _seen(
        {
            "view": view,
            "contiguous": view.contiguous(memory_format=last),
            "clone": view.clone(memory_format=last),
            "clone.first": view.clone(memory_format=plain),
            "clone.kept": view.clone(),
            "ones_like": torch.ones_like(view, memory_format=last),
            "ones_like.first": torch.ones_like(view, memory_format=plain),
            "ones_like.kept": torch.ones_like(view),
        }
    )


def _copies(view: View, kept: Sequence[int]) -> dict[str, Any]:
    """As documented where ``kept`` are the strides of a copy that keeps the format."""
    last, first = steps_of(view.shape, LAST[len(view.shape)]), steps_of(view.shape)
    copies = {"view": view.steps, "contiguous": last, "clone": last, "clone.first": first, "clone.kept": kept}
    ones = {"ones_like": last, "ones_like.first": first, "ones_like.kept": kept}
    return {**_laid(view, {**copies, **ones}), **dict.fromkeys(ones, np.ones(view.shape, np.float32))}


@contract(
    "memory.format_of_copies",
    area=AREA,
    samples=permuted((4, 5)),
    tensors=False,
    share=0.25,
    unsupported=NO_FORMATS,
)
class format_of_copies:
    """A copy is in the memory format that is asked for; else in that of a dense tensor, and in order of any other."""

    torch = staticmethod(_copied)
    paddle = staticmethod(_copied)

    @staticmethod
    def oracle(x, axes, step) -> dict[str, Any]:
        view = View(x, axes, step)
        return _copies(view, view.steps if view.lies(view.order()) else steps_of(view.shape))

    @staticmethod
    def variant_order_kept(x, axes, step) -> dict[str, Any]:
        """A copy of a tensor that leaves out elements keeps the order of its axes too."""
        view = View(x, axes, step)
        return _copies(view, steps_of(view.shape, view.order()))


def _converted(x: Any, axes: tuple[int, ...], step: int) -> dict[str, Any]:
    import torch

    view = torch.tensor(x).permute(axes)[..., ::step]
    last = getattr(torch, FORMATS[view.ndim])
    layer = torch.nn.Module()
    layer.register_parameter("kernel", torch.nn.Parameter(view))
    layer.register_buffer("vector", view.flatten())
    layer.to(memory_format=last)
    made = {
        "last": view.to(memory_format=last),
        "first": view.to(memory_format=torch.contiguous_format),
        "kernel": layer.kernel,
    }
    return {**_seen(made), "vector": layer.vector}


def _conversions(view: View, last: Sequence[int], first: Sequence[int]) -> dict[str, Any]:
    return {**_laid(view, {"last": last, "first": first, "kernel": last}), "vector": view.values.reshape(-1)}


@contract(
    "memory.to",
    area=AREA,
    samples=permuted((4, 5)),
    tensors=False,
    share=0.25,
    unsupported=NO_FORMATS,
)
class to_a_format:
    """to(memory_format=...) gives a tensor, or all images among a module's weights, in that memory format."""

    torch = staticmethod(_converted)
    paddle = staticmethod(_converted)

    @staticmethod
    def oracle(x, axes, step) -> dict[str, Any]:
        view = View(x, axes, step)
        return _conversions(view, steps_of(view.shape, LAST[len(view.shape)]), steps_of(view.shape))

    @staticmethod
    def variant_strides_alike(x, axes, step) -> dict[str, Any]:
        """A tensor stays as it is where its strides are ordered as those of the format, gaps between them or not."""
        view = View(x, axes, step)
        last, first = steps_of(view.shape, LAST[len(view.shape)]), steps_of(view.shape)
        alike = suggested(view)
        return _conversions(view, view.steps if alike else last, first if alike else view.steps)
