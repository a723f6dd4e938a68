"""What both sides of a pair do alike around a run: no dropout, and the same factors for gradients."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

from conformance.porting.recorder import flattened
from conformance.porting.settings import configuration, plain, unlike

__all__ = ["AXES", "CHANNELS", "DROPOUTS", "ELEMENTS", "Dropped", "configuration", "flattened", "plain", "unlike"]
__all__ += ["without_dropout"]


ELEMENTS, CHANNELS, AXES = 0.0, 1.0, 2.0
"""What a dropout drops: single elements, whole channels, or along axes that it is given."""
DROPOUTS = {
    **dict.fromkeys(("dropout", "alpha_dropout"), ("p", ELEMENTS)),
    **dict.fromkeys(("dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"), ("p", CHANNELS)),
    "scaled_dot_product_attention": ("dropout_p", ELEMENTS),
}
"""Functions that drop, their argument that says how many, and what they drop; not every release has every one."""

Dropped = list[tuple[float, float]]


@contextlib.contextmanager
def without_dropout(functional: Any, noted: Dropped | None = None) -> Iterator[None]:
    """A framework's functions drop no element: each draws masks of its own, and a comparison needs the same.

    noted: takes the probability of each call that would have dropped some, and what it would have dropped.
    """
    with contextlib.ExitStack() as stack:
        for name, (option, what) in DROPOUTS.items():
            if hasattr(functional, name):
                never = _never(getattr(functional, name), option, what, noted)
                stack.enter_context(mock.patch.object(functional, name, never))
        yield


def _never(call: Callable[..., Any], option: str, what: float, noted: Dropped | None) -> Callable[..., Any]:
    """A function that drops elements, made to drop none: its probability, ``option``, is 0 whatever it is given."""
    place = {"p": 1, "dropout_p": 4}[option]

    @functools.wraps(call)
    def kept(*given: Any, **options: Any) -> Any:
        if noted is not None:
            said = _said(call, option, place, given, options)
            if float(said[option]) > 0 and said.get("training", True):
                noted.append((float(said[option]), _along(said.get("axis"), what)))
        if len(given) > place:
            return call(*given[:place], 0.0, *given[place + 1 :], **options)
        return call(*given, **{**options, option: 0.0})

    return kept


def _along(axis: Any, what: float) -> float:
    """What is dropped where masks are drawn along ``axis``: whole channels, where that is of samples and channels."""
    if axis is None:
        return what
    return CHANNELS if isinstance(axis, list | tuple) and list(axis) == [0, 1] else AXES


def _said(
    call: Callable[..., Any], option: str, place: int, given: tuple[Any, ...], options: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A call's arguments by name; of a function without a signature, which drops nothing unasked, its rate."""
    try:
        bound = inspect.signature(call).bind(*given, **options)
    except (TypeError, ValueError):
        return {option: given[place] if len(given) > place else options.get(option, 0.0)}
    bound.apply_defaults()
    return bound.arguments
