"""Where the elements of a tensor lie in memory: in order, or with the channels last, and what calls make of either.

Paddle has no memory formats: where torch has an image with the channels last in memory, paddle has one whose last axis
they are, and is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.accuracy import U
from conformance.strategies import generator, integers, seeds
from reference_impl.oracle import nn
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
        view = base.permute(axes)[..., ::step]
        view.contiguous()
        view.add_(view)
        return {"base": base, "view": view}

    @staticmethod
    def paddle(x, axes, step):
        import paddle

        base = paddle.to_tensor(x)
        view = base.transpose(axes)[..., ::step]
        view.contiguous()
        view.add_(view)
        return {"base": base, "view": view}

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


def _laid(view: View, name: str, steps: Sequence[int]) -> dict[str, Any]:
    """What is seen of a tensor with these strides."""
    last = steps_of(view.shape, LAST[len(view.shape)])
    return {
        name: view.values,
        f"{name}.steps": seen(view.shape, steps),
        f"{name}.is_last": np.array(np.array_equal(seen(view.shape, steps), seen(view.shape, last))),
    }


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
    steps = {"view": view.steps, "contiguous": last, "clone": last, "clone.first": first, "clone.kept": kept}
    made = {name: each for name, of in steps.items() for name, each in _laid(view, name, of).items()}
    for name, of in {"ones_like": last, "ones_like.first": first, "ones_like.kept": kept}.items():
        made |= {**_laid(view, name, of), name: np.ones(view.shape, np.float32)}
    return made


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
    steps = {"last": last, "first": first, "kernel": last}
    made = {name: each for name, of in steps.items() for name, each in _laid(view, name, of).items()}
    return {**made, "vector": view.values.reshape(-1)}


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


def _halves(x: np.ndarray) -> np.ndarray:
    """The four pixels of each window of two rows and two columns, along one more axis."""
    return np.stack([x[..., row::2, column::2] for row in (0, 1) for column in (0, 1)], -1)


CALLS: dict[str, Callable[..., np.ndarray]] = {
    "conv2d": lambda x, weight, signs: nn.conv2d(x, weight, None),
    "max_pool2d": lambda x, weight, signs: _halves(x).max(-1),
    "avg_pool2d": lambda x, weight, signs: _halves(x).mean(-1),
    "adaptive_avg_pool2d": lambda x, weight, signs: _halves(x).mean(-1),
    "batch_norm": lambda x, weight, signs: signs / 2,
    "interpolate": lambda x, weight, signs: x.repeat(2, 2).repeat(2, 3),
    "relu": lambda x, weight, signs: np.maximum(x, 0.0),
    "leaky_relu": lambda x, weight, signs: np.where(x > 0, x, x / 2),
    "hardtanh": lambda x, weight, signs: x.clip(-1.0, 1.0),
    "add": lambda x, weight, signs: x + x,
    "cat": lambda x, weight, signs: np.concatenate([x, x], 1),
}
"""What is called, and what it gives."""
EPS = 3.0
"""Beside the variance of signs, which is 1, it makes a standard deviation of 2."""


@st.composite
def images(draw: st.DrawFn) -> list[Sample]:
    """Images and kernels, each in either format; no axis has one element, of which the format would not be seen."""
    rng = generator(draw(seeds))
    count, channels = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    rows, columns = draw(st.integers(4, 5)), draw(st.integers(4, 5))  # more than channels, so that axes differ
    shape = (count, channels, 2 * rows, 2 * columns)
    half = np.ones((channels, count * rows * columns * 2))
    signs = rng.permuted(np.concatenate([half, -half], 1), axis=1).reshape(channels, count, *shape[2:])
    inputs = {
        "x": integers(rng, shape, 9, "float32"),
        "weight": integers(rng, (draw(st.integers(2, 3)), channels, 2, 2), 4, "float32"),
        "signs": np.ascontiguousarray(np.moveaxis(signs, 1, 0), np.float32),
    }
    return [
        Sample({**inputs, "last": last, "weight_last": kernel})
        for last, kernel in ((False, False), (True, True), (True, False), (False, True))
    ]


@contract("memory.images", area=AREA, samples=images(), tensors=False, share=0.25, unsupported=ON_CPU)
class images_in_formats:
    """An image with the channels last gives the values of one with the channels first, and a result with them last."""

    note = "Where torch keeps the order of memory, paddle is told the order of the axes."

    @staticmethod
    def torch(x, weight, signs, last, weight_last):
        import torch

        f = torch.nn.functional
        laid = {True: torch.channels_last, False: torch.contiguous_format}
        x, signs = (torch.from_numpy(each).to(memory_format=laid[last]) for each in (x, signs))
        kernel = torch.from_numpy(weight).to(memory_format=laid[weight_last])
        found = {
            "conv2d": f.conv2d(x, kernel),
            "max_pool2d": f.max_pool2d(x, 2),
            "avg_pool2d": f.avg_pool2d(x, 2),
            "adaptive_avg_pool2d": f.adaptive_avg_pool2d(x, [each // 2 for each in x.shape[2:]]),
            "batch_norm": f.batch_norm(signs, None, None, training=True, eps=EPS),
            "interpolate": f.interpolate(x, scale_factor=2),
            "relu": f.relu(x),
            "leaky_relu": f.leaky_relu(x, 0.5),
            "hardtanh": f.hardtanh(x),
            "add": x + x,
            "cat": torch.cat([x, x], 1),
        }
        return {
            **found,
            **{f"{name}.last": each.is_contiguous(memory_format=laid[True]) for name, each in found.items()},
            **{f"{name}.first": each.is_contiguous() for name, each in found.items()},
        }

    @staticmethod
    def paddle(x, weight, signs, last, weight_last):
        import paddle

        f = paddle.nn.functional
        last_axes, first_axes = [0, 2, 3, 1], [0, 3, 1, 2]
        told = {"data_format": "NHWC" if last else "NCHW"}
        x, signs, weight = (paddle.to_tensor(each) for each in (x, signs, weight))
        kernel_told = last or weight_last
        channels, half = x.shape[1], [each // 2 for each in x.shape[2:]]
        image = x.transpose(last_axes) if kernel_told else x
        x, signs = (each.transpose(last_axes) if last else each for each in (x, signs))
        zeros = paddle.zeros([channels])
        found = {
            "conv2d": f.conv2d(image, weight, data_format="NHWC" if kernel_told else "NCHW"),
            "max_pool2d": f.max_pool2d(x, 2, **told),
            "avg_pool2d": f.avg_pool2d(x, 2, **told),
            "adaptive_avg_pool2d": f.adaptive_avg_pool2d(x, half, **told),
            "batch_norm": f.batch_norm(signs, zeros, zeros + 1, training=True, epsilon=EPS, **told),
            "interpolate": f.interpolate(x, scale_factor=2, **told),
            "relu": f.relu(x),
            "leaky_relu": f.leaky_relu(x, 0.5),
            "hardtanh": f.hardtanh(x),
            "add": x + x,
            "cat": paddle.concat([x, x], 3 if last else 1),
        }
        outer = {"conv2d": weight.shape[0], "cat": 2 * channels}
        lies = {name: each.shape[-1] == outer.get(name, channels) for name, each in found.items()}
        moved = {name: last or (name == "conv2d" and weight_last) for name in found}
        return {
            **{name: each.transpose(first_axes) if moved[name] else each for name, each in found.items()},
            **{f"{name}.last": lies[name] for name in found},
            **{f"{name}.first": found[name].shape[1] == outer.get(name, channels) for name in found},
        }

    @staticmethod
    def oracle(x, weight, signs, last, weight_last) -> dict[str, Any]:
        wide = {"x": x.astype(np.float64), "weight": weight.astype(np.float64), "signs": signs.astype(np.float64)}
        found: dict[str, Any] = {}
        for name, value in CALLS.items():
            moved = last or (name == "conv2d" and weight_last)
            found |= {name: value(**wide), f"{name}.last": np.array(moved), f"{name}.first": np.array(not moved)}
        # Mean and variance of n signs are off by n U at most, and the deviation of 2 by as much; three roundings more.
        number = signs.size / signs.shape[1]
        found["batch_norm"] = Acceptance(found["batch_norm"], (2 * number + 3) * U)
        return found
