"""What both sides of a pair do alike around a run: no dropout, and the same factors for gradients."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from conformance.porting.recorder import flattened
from conformance.porting.settings import configuration, plain, unlike

__all__ = ["DROPOUTS", "configuration", "flattened", "plain", "unlike", "without_dropout"]


DROPOUTS = {
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"), "p"),
    "scaled_dot_product_attention": "dropout_p",
}
"""Functions that drop elements, and their argument that says how many; not every release has every one."""


@contextlib.contextmanager
def without_dropout(functional: Any) -> Iterator[None]:
    """A framework's functions drop no element: each draws masks of its own, and a comparison needs the same."""
    with contextlib.ExitStack() as stack:
        for name, option in DROPOUTS.items():
            if hasattr(functional, name):
                never = _never(getattr(functional, name), option)
                stack.enter_context(mock.patch.object(functional, name, never))
        yield


def _never(call: Callable[..., Any], option: str) -> Callable[..., Any]:
    """A function that drops elements, made to drop none: its probability, ``option``, is 0 whatever it is given."""
    place = {"p": 1, "dropout_p": 4}[option]

    @functools.wraps(call)
    def kept(*given: Any, **options: Any) -> Any:
        if len(given) > place:
            return call(*given[:place], 0.0, *given[place + 1 :], **options)
        return call(*given, **{**options, option: 0.0})

    return kept
