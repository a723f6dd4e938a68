"""The kinds of view of a matrix: how each is taken of a tensor, and which elements of the matrix it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.moves import moved, with_gradient_of
from conformance.quantity import Quantity

VIEWS: dict[str, Callable[[Any], Any]] = {
    "row": lambda y: y[0],
    "last row": lambda y: y[-1],
    "rows": lambda y: y[1:],
    "column": lambda y: y[:, 1],
    "columns": lambda y: y[..., :2],
    "steps": lambda y: y[:, ::2],
    "transposed": lambda y: y.T,
    "reshaped": lambda y: y.reshape([-1]),
    "flat": lambda y: y.flatten(),
    "more axes": lambda y: y[None],
    "fewer axes": lambda y: y[:1].squeeze(0),
    "nested": lambda y: y[1:][0],
    "of transposed": lambda y: y.T[1:],
}
"""Of tensors of both frameworks and of arrays."""
MATRICES = ("rows", "columns", "steps", "transposed", "of transposed")
"""Those that have two axes."""


def diagonal(y: Any) -> Any:
    """The main diagonal, which an array only reads."""
    return y.diagonal()


def part(y: Any, view: str) -> Any:
    """A view of a tensor or an array."""
    return diagonal(y) if view == "diagonal" else y if view == "whole" else VIEWS[view](y)


def changed(x: Quantity, view: str, change: Callable[[Quantity], Quantity], in_order: bool = False) -> Quantity:
    """A matrix of which a view of :data:`VIEWS` is changed; see :func:`changed_part`."""
    return changed_part(x, lambda y: part(y, view), change, in_order)


def changed_part(x: Quantity, take: Any, change: Callable[[Quantity], Quantity], in_order: bool = False) -> Quantity:
    """A matrix of which a part is changed: the values, and their gradient.

    in_order: what is written lies in memory in order, from the place where the view begins.
    """
    places = take(np.arange(x.value.size).reshape(x.shape))
    if in_order:
        places = places.flat[0] + np.arange(places.size).reshape(places.shape)
    found = change(moved(take, x))

    def written(a: Any, b: Any) -> Any:
        new = a.copy()
        new.reshape(-1)[places] = b
        return new

    return moved(written, x, found)


def lost(x: Quantity, found: Quantity) -> Quantity:
    """The values of a changed matrix with the gradient of one that was not changed."""
    return with_gradient_of(moved(np.copy, x), found)
