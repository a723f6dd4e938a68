"""Faults of autocast and of scaling: a cast too many or too few, a region that outlasts its end, a scale that stays."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import TORCH, Fault
from tests.faults.operators import in_either, larger, named
from tests.faults.wraps import around


def _region_of(change: Any) -> Any:
    """A class of regions that is entered with other arguments."""

    def wrap(cls: Any) -> Any:
        class Wrong(cls):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*change(arguments, options)[0], **change(arguments, options)[1])

        return Wrong

    return wrap


def _always_bfloat16(arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    import torch

    return arguments[:1], {**options, "dtype": torch.bfloat16}


def _always_on(arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    import torch

    given = [each if each is not None else torch.bfloat16 for each in arguments]
    return tuple(given), {**options, "enabled": True}


def _kept_cache(arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    return arguments, {**options, "cache_enabled": True}


def _inside(call: Any, cls: Any = None, **options: Any) -> Any:
    """Inputs are not cast, whatever is asked."""
    return call(cls, **{**options, "cast_inputs": None})


def _widest_is_lowest(call: Any, tensors: Any, *rest: Any, **options: Any) -> Any:
    """The dtype of the first of several."""
    return call([each.to(tensors[0].dtype) for each in tensors], *rest, **options)


def _in_lower(call: Any, x: Any, *rest: Any, **options: Any) -> Any:
    """What float32 should hold is rounded to the operand's format on the way."""
    return call(x, *rest, **options).to(x.dtype).float()


def _outside(call: Any, *given: Any, **options: Any) -> Any:
    """A block leaves its region."""
    import torch

    with torch.autocast("cpu", enabled=False):
        return call(*given, **options)


FAULTS = (
    Fault(
        "a block leaves its region", TORCH, ("amp.recomputed",), "torch.utils.checkpoint:checkpoint", around(_outside)
    ),
    Fault(
        "every region of bfloat16",
        TORCH,
        ("amp.lower_precision", "amp.regions"),
        "torch:autocast",
        _region_of(_always_bfloat16),
    ),
    Fault("a region that cannot be off", TORCH, ("amp.regions",), "torch:autocast", _region_of(_always_on)),
    Fault("casts that are always kept", TORCH, ("amp.changed_weight",), "torch:autocast", _region_of(_kept_cache)),
    Fault("inputs not cast", TORCH, ("amp.own_function",), "torch.amp:custom_fwd", around(_inside)),
    Fault("the first dtype for the widest", TORCH, ("amp.widest",), "torch:cat", around(_widest_is_lowest)),
    Fault("a product in the lower format", TORCH, ("amp.float32_list",), "torch:prod", around(_in_lower)),
    *in_either("gradient too large", named("matmul.gradient", larger), "amp.lower_precision"),
)
