"""Faults of samplers, loaders, exchanges of arrays, boxes, and the model zoo."""

from __future__ import annotations

import random
from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.wraps import argument, around, library, lost, only, result

Targets = dict[str, str]


def data(torch_name: str, paddle_name: str | None = None) -> Targets:
    """A name of both modules for data."""
    return {TORCH: f"torch.utils.data:{torch_name}", PADDLE: f"paddle.io:{paddle_name or torch_name}"}


def passes(change: Any) -> Wrap:
    """A pass over items in another order, or with others."""
    return result(lambda found: iter(change(list(found))))


def drawn_anew(call: Any) -> Any:
    """Passes that are random whatever the state of the framework's generators."""
    draw = random.Random(1)

    def drawn(sampler: Any) -> Any:
        items = list(call(sampler))
        return iter(draw.sample(items, len(items)))

    return drawn


def begun_once(call: Any) -> Any:
    """A pass that is the one begun before, where there is one."""

    def begun(sampler: Any) -> Any:
        sampler.begun = getattr(sampler, "begun", None) or call(sampler)
        return sampler.begun

    return begun


def shared(array: Any) -> Any:
    """A tensor of torch that is an array's memory."""
    import torch

    return torch.from_numpy(array)


def shared_by_paddle(array: Any) -> Any:
    """A tensor of paddle that is an array's memory."""
    from paddle.utils.dlpack import from_dlpack

    return from_dlpack(array)


def in_own_order(array: Any) -> Any:
    """An array whose bytes are taken for those of this machine's order."""
    return array if array.dtype.isnative else array.view(array.dtype.newbyteorder())


def of_float32(array: Any, *rest: Any, **options: Any) -> bool:
    """Whether an array holds float32."""
    return bool(array.dtype == "float32")


def another(name: str, other: str) -> list[Fault]:
    """A model of the zoo is another one."""
    found = []
    for lane, module in ((TORCH, "torchvision.models"), (PADDLE, "paddle.vision.models")):

        def wrap(call: Any, module: str = module) -> Any:
            import importlib

            return getattr(importlib.import_module(module), other)

        found.append(Fault(f"{name} is {other}", lane, ("zoo.architectures",), f"{module}:{name}", wrap))
    return found


ORDERED = passes(sorted)
MADE = {TORCH: "torch:as_tensor", PADDLE: "paddle:to_tensor"}
FROM_DLPACK = {TORCH: "torch:from_dlpack", PADDLE: "paddle.utils.dlpack:from_dlpack"}


def boxes(name: str) -> Targets:
    """An operation on boxes."""
    return {TORCH: f"torchvision.ops:{name}", PADDLE: f"paddle.vision.ops:{name}"}


def one(torch_place: int, paddle_place: int, name: str, change: Any) -> dict[str, Wrap]:
    """One argument is changed, which stands elsewhere in each framework."""
    return {TORCH: argument(torch_place, name, change), PADDLE: argument(paddle_place, name, change)}


FAULTS: list[Fault] = [
    *both(
        "items come backwards",
        data("SequentialSampler.__iter__", "SequenceSampler.__iter__"),
        passes(lambda items: items[::-1]),
        "data.orders",
    ),
    *both("random sampler sorts", data("RandomSampler.__iter__"), ORDERED, "data.random_sampler"),
    *both(
        "weighted sampler draws the first item for the second",
        data("WeightedRandomSampler.__iter__"),
        passes(lambda items: [0 if item == 1 else item for item in items]),
        "data.weighted_sampler",
    ),
    *both("random sampler draws from other numbers", data("RandomSampler.__iter__"), drawn_anew, "data.sampler_state"),
    *both(
        "second pass goes on with the first",
        data("SequentialSampler.__iter__", "SequenceSampler.__iter__"),
        begun_once,
        "data.passes_in_turn",
    ),
    *both("subset sampler sorts", data("SubsetRandomSampler.__iter__"), ORDERED, "data.subset_random_sampler"),
    *both(
        "epoch is not looked at",
        data("DistributedSampler.set_epoch", "DistributedBatchSampler.set_epoch"),
        lost,
        *("data.distributed_sampler", "data.epochs_anew"),
    ),
    *both("parts come backwards", data("random_split"), result(lambda parts: parts[::-1]), "data.random_split"),
    *both(
        "batch of no size is one of one item",
        data("BatchSampler.__init__"),
        one(2, 4, "batch_size", lambda size: max(1, int(size))),
        "data.refusals",
    ),
    *both(
        "batch is put together backwards",
        {TORCH: "torch.utils.data:default_collate", PADDLE: "paddle.io.dataloader.collate:default_collate_fn"},
        argument(0, "batch", lambda items: items[::-1]),
        "data.default_collate",
    ),
    *both("last batch is lost", data("DataLoader.__iter__"), passes(lambda items: items[:-1]), "data.loader"),
    *both(
        "row before the one asked for",
        data("TensorDataset.__getitem__"),
        argument(1, "index", lambda place: place - 1),
        "data.tensor_dataset",
    ),
    *both(
        "tensor of an array holds zeros",
        MADE,
        only(of_float32, result(lambda tensor: library(tensor).zeros_like(tensor))),
        "interop.from_numpy",
    ),
    *both("byte order is not looked at", MADE, argument(0, "data", in_own_order), "interop.foreign_arrays"),
    *both(
        "tensor shares the memory of its array",
        {TORCH: "torch:tensor", PADDLE: "paddle:to_tensor"},
        {TORCH: lambda call: shared, PADDLE: lambda call: shared_by_paddle},
        "interop.copies",
    ),
    *both(
        "list is backwards",
        {TORCH: "torch:Tensor.tolist", PADDLE: "paddle:Tensor.tolist"},
        result(lambda numbers: numbers[::-1] if isinstance(numbers, list) else numbers),
        "interop.to_numpy",
    ),
    *both(
        "DLPack copies",
        FROM_DLPACK,
        result(lambda tensor: tensor.clone()),
        *("interop.dlpack_from_numpy", "interop.dlpack_read_only"),
    ),
    *both(
        "DLPack gives a copy",
        {TORCH: "torch:Tensor.__dlpack__", PADDLE: "paddle:Tensor.__dlpack__"},
        around(lambda call, tensor, **options: call(tensor.clone(), **options)),
        "interop.dlpack_to_numpy",
    ),
    *both(
        "boxes are removed at half the threshold",
        boxes("nms"),
        {TORCH: argument(2, "iou_threshold", lambda t: t / 2), PADDLE: argument(1, "iou_threshold", lambda t: t / 2)},
        "ops.nms",
    ),
    *both(
        "regions are off by half a pixel", boxes("roi_align"), one(5, 6, "aligned", lambda a: not a), "ops.roi_align"
    ),
    *both("regions are twice as far", boxes("roi_pool"), one(3, 4, "spatial_scale", lambda s: 2 * s), "ops.roi_pool"),
    *both(
        "mask counts twice",
        boxes("deform_conv2d"),
        one(7, 9, "mask", lambda mask: None if mask is None else mask * mask),
        "ops.deform_conv2d",
    ),
    *both(
        "negative powers are positive",
        {TORCH: "torch.linalg:matrix_power", PADDLE: "paddle.linalg:matrix_power"},
        argument(1, "n", abs),
        "linear.refusals",
    ),
    *both(
        "the determinant of no rows is 0",
        {TORCH: "torch.linalg:det", PADDLE: "paddle.linalg:det"},
        only(lambda x: 0 in x.shape, result(lambda found: found * 0)),
        "linear.empty",
    ),
    *another("vgg11", "vgg13"),
]
