"""The .pdparams and .pdopt formats: a pickle of NumPy arrays, read without paddle and without running it.

Paddle writes a state dict as arrays plus a table of parameter names, and any other nest with each tensor as a (name,
array) tuple. Files written here end in a checksum of the pickle, which `paddle.load` does not read: a damaged array is
noticed.
"""

from __future__ import annotations

import pickle
import zlib
from typing import Any, BinaryIO

import numpy as np

from .arrays import PLAIN_NAMES
from .unpickle import DamagedError, Pending, RefusedError, parse, plain

_NAME_TABLE = "StructuredToParameterName@@"
_SLICES = "UnpackBigParamInfor@@"
_CHECKSUM = b"\ncrc32="


def read(data: bytes) -> Any:
    """Return the tree in a .pdparams file's bytes. Raises RefusedError or DamagedError."""
    if data[:2] == b"PK":
        raise DamagedError("it is a zip archive, as torch writes; name it .pth")
    value, end = parse(data, PLAIN_NAMES)
    if end < len(data) and data[end:] != _checksum(data[:end]):
        raise DamagedError("its checksum does not match")
    tree = plain(value, _leaf)
    return _joined(tree) if isinstance(tree, dict) else tree


def write(stream: BinaryIO, tree: Any) -> None:
    """Write a checked tree to `stream`."""
    # Protocol 4 is the highest that paddle itself writes.
    data = pickle.dumps(tree, protocol=4)
    stream.write(data)
    stream.write(_checksum(data))


def _checksum(data: bytes) -> bytes:
    return _CHECKSUM + b"%08x" % zlib.crc32(data)


def _leaf(node: Any) -> Any:
    if isinstance(node, Pending) and isinstance(node.value, np.ndarray):
        return node.value
    if isinstance(node, np.ndarray):
        return node
    if type(node) is tuple:
        is_tensor = len(node) == 2 and isinstance(node[0], str) and isinstance(node[1], np.ndarray)
        return node[1] if is_tensor else node
    raise RefusedError(f"it holds a {type(node).__name__}, which is not plain data")


def _joined(tree: dict[Any, Any]) -> dict[Any, Any]:
    # Protocols 2 and 3 cannot hold 4 GB in one piece, so paddle cuts large tensors and notes the pieces here.
    tree.pop(_NAME_TABLE, None)
    cut = tree.pop(_SLICES, {})
    try:
        for key, note in cut.items():
            pieces = [tree.pop(piece) for piece in note["slices"]]
            tree[key] = np.concatenate(pieces).reshape(note["OriginShape"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError(f"its table of cut tensors is wrong: {error}") from None
    return tree
