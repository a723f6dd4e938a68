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
        wholes: dict[str, tuple[_Whole, _Whole, _Whole]] = {}
        for start in range(0, size, BLOCK):
            rows = slice(start, start + BLOCK)
            pieces = [_piece(item, rows) for item in flat]
            made = step(*pieces, **{name: _piece(item, rows) for name, item in flat_options.items()})
            for name, piece in made.items():
                if name not in wholes:
                    wholes[name] = _Whole(size), _Whole(size), _Whole(size)
                for whole, part in zip(wholes[name], (piece.value, piece.scale, piece.spread), strict=True):
                    whole.put(rows, part)
        return {name: _joined(*parts, shape) for name, parts in wholes.items()}

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


class _Whole:
    """An array that is put together while its pieces are in the processor's cache; or a number, the same in all."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.array: Array | None = None
        self._numbers: list[tuple[slice, Array]] = []

    def put(self, rows: slice, piece: Array) -> None:
        if self.array is None:
            if not piece.ndim:
                self._numbers.append((rows, piece))
                return
            self.fill()
        assert self.array is not None
        self.array[rows] = piece

    def fill(self) -> Array:
        """The array, with the numbers that came in place of pieces."""
        if self.array is None:
            self.array = np.empty(self.size)
            for rows, number in self._numbers:
                self.array[rows] = number
        return self.array

    def number(self) -> Array | None:
        """What came in place of each piece, if a number did."""
        return self._numbers[0][1] if self.array is None else None


def _joined(value: _Whole, scale: _Whole, spread: _Whole, shape: tuple[int, ...]) -> Bounded:
    """The whole from its pieces; what has no axes in any piece is the same in all."""
    parts = (whole.number() for whole in (value, scale, spread))
    return Bounded(
        *(
            whole.fill().reshape(shape) if number is None else number
            for whole, number in zip((value, scale, spread), parts, strict=True)
        )
    )
