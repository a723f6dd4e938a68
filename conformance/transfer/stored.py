"""An array that is still in its file, so that a checkpoint larger than memory is carried tensor by tensor."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .rules import Array, Shape


@dataclass(frozen=True)
class Stored:
    """An array of this shape and dtype, which ``read`` takes from its file, anew each time."""

    shape: Shape
    dtype: np.dtype[Any]
    read: Callable[[], Array]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes its numbers take."""
        return self.size * self.dtype.itemsize

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.read()
        return array if dtype is None else array.astype(dtype)


@dataclass(frozen=True)
class Span:
    """A run of bytes of a file, in place of the bytes."""

    path: Path
    offset: int
    length: int

    def __len__(self) -> int:
        return self.length

    def read(self) -> bytes:
        """The bytes. Raises OSError for a file that has become shorter."""
        return self.array(np.dtype(np.uint8), (self.length,)).tobytes()

    def array(self, dtype: np.dtype[Any], shape: Shape) -> Array:
        """The bytes as an array, which may be written to. Raises OSError for a file that has become shorter."""
        data = np.fromfile(self.path, np.uint8, self.length, offset=self.offset)
        if len(data) != self.length:
            raise OSError(errno.EIO, "it became shorter while it was read", str(self.path))
        return data.view(dtype).reshape(shape)


def at_hand(tree: Any) -> Any:
    """A tree with every stored array read."""
    if isinstance(tree, Stored):
        return tree.read()
    if isinstance(tree, dict):
        return {key: at_hand(item) for key, item in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(at_hand(item) for item in tree)
    return tree
