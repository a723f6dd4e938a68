"""Large arrays through an optimizer's formula piece by piece.

Why this file exists: a formula on `Rounded` numbers makes about a hundred temporary arrays. For a layer with 300,000
weights each of them leaves the processor's cache and costs fresh pages; for a piece of it none does, which is three
times as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from reference_impl.oracle.rounding import Array, Bounded

BLOCK = 2**14
"""Elements of a piece: 128 KB in float64. An array of up to twice as many is one."""


def in_blocks(step: Callable[..., dict[str, Bounded]]) -> Callable[..., dict[str, Bounded]]:
    """An elementwise step whose arrays, of the shape of its first argument, are handed over piece by piece."""

    @wraps(step)
    def run(parameter: Any, *others: Any, **options: Any) -> dict[str, Bounded]:
        shape = _shape(parameter)
        size = int(np.prod(shape))
        known = {_shape(item) for item in (*others, *options.values()) if isinstance(item, np.ndarray | Bounded)}
        if size <= 2 * BLOCK or known - {shape, ()}:
            return step(parameter, *others, **options)
        flat = [_flat(item, shape) for item in (parameter, *others)]
        flat_options = {name: _flat(item, shape) for name, item in options.items()}
        parts = []
        for start in range(0, size, BLOCK):
            rows = slice(start, start + BLOCK)
            pieces = [_piece(item, rows) for item in flat]
            parts.append(step(*pieces, **{name: _piece(item, rows) for name, item in flat_options.items()}))
        return {name: _joined([part[name] for part in parts], shape) for name in parts[0]}

    return run


def _shape(item: Any) -> tuple[int, ...]:
    return np.shape(item.value if isinstance(item, Bounded) else item)


def _flat(item: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(item, Bounded):
        return Bounded(*(_flat(part, shape) for part in (item.value, item.scale, item.spread)))
    if isinstance(item, np.ndarray) and item.ndim:
        return np.broadcast_to(item, shape).reshape(-1)
    return item


def _piece(item: Any, rows: slice) -> Any:
    if isinstance(item, Bounded):
        return Bounded(*(_piece(part, rows) for part in (item.value, item.scale, item.spread)))
    return item[rows] if isinstance(item, np.ndarray) and item.ndim else item


def _joined(parts: list[Bounded], shape: tuple[int, ...]) -> Bounded:
    """The whole from its pieces; what has no axes in any piece is the same in all."""
    if not parts[0].value.ndim:
        return parts[0]
    value, scale, spread = ([getattr(part, name) for part in parts] for name in ("value", "scale", "spread"))
    return Bounded(_whole(value, value, shape), _whole(scale, value, shape), _whole(spread, value, shape))


def _whole(pieces: list[Array], like: list[Array], shape: tuple[int, ...]) -> Array:
    if not any(piece.ndim for piece in pieces):
        return pieces[0]
    whole = [np.broadcast_to(piece, value.shape) for piece, value in zip(pieces, like, strict=True)]
    return np.concatenate(whole).reshape(shape)
