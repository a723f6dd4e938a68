"""Faults of memory: a copy that need not be or does not help, and a format that is not kept, not made or not heard."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault
from tests.faults.wraps import around, functional, result


def _deaf(call: Any, *given: Any, memory_format: Any = None, data_format: Any = None, **options: Any) -> Any:
    """A call that does not hear which format it shall be of."""
    return call(*given, **options)


def _written(call: Any, view: Any) -> Any:
    """What is there is counted twice in the original."""
    view.add_(view)
    return call(view)


def _moved(call: Any, view: Any) -> Any:
    """The copy is the view's own memory from now on."""
    view.data = call(view)
    return view


FAULTS = (
    *(
        Fault("contiguous() copies what is", lane, ("memory.contiguous",), target, result(lambda made: made.clone()))
        for lane, target in ((TORCH, "torch:Tensor.contiguous"), (PADDLE, "paddle:Tensor.contiguous"))
    ),
    Fault(
        "contiguous() moves the view", TORCH, ("memory.contiguous_apart",), "torch:Tensor.contiguous", around(_moved)
    ),
    Fault(
        "contiguous() writes to the view",
        PADDLE,
        ("memory.contiguous_apart",),
        "paddle:Tensor.contiguous",
        around(_written),
    ),
    Fault("clone() is of one format", TORCH, ("memory.format_of_copies",), "torch:Tensor.clone", around(_deaf)),
    Fault("to() is of one format", TORCH, ("memory.to",), "torch:Tensor.to", around(_deaf)),
    Fault(
        "the pooled image has its channels first",
        TORCH,
        ("memory.images",),
        functional("max_pool2d")[TORCH],
        result(lambda made: made.contiguous()),
    ),
    Fault(
        "pooling takes any image to have its channels first",
        PADDLE,
        ("memory.images",),
        functional("max_pool2d")[PADDLE],
        around(_deaf),
    ),
)
