"""The .pdparams and .pdopt formats: a pickle of NumPy arrays, read without paddle and without running it.

Paddle writes a state dict as arrays plus a table of parameter names, and any other nest with each tensor as a (name,
array) tuple. Nothing says that uint16 stands for bfloat16 and int8 for float8 there: see
:func:`conformance.transfer.dtypes.meant`. Files written here end in a checksum of the pickle, which `paddle.load` does
not read: a damaged array is noticed.
"""

from __future__ import annotations

import pickle
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .arrays import PLAIN_NAMES
from .dtypes import bits
from .stored import Stored
from .unpickle import DamagedError, Pending, RefusedError, Spans, parse, plain

Names = dict[str | None, dict[str, str]]
"""Paddle's own names of the parameters in a part of a file, by their keys; None: those of the file as a state dict."""

_NAME_TABLE = "StructuredToParameterName@@"
_SLICES = "UnpackBigParamInfor@@"
_CHECKSUM = b"\ncrc32="


def read(path: Path, tolerant: bool = False) -> tuple[Any, Names]:
    """Return the tree in a file, and paddle's own names of parameters. Raises RefusedError or DamagedError.

    tolerant: as for :func:`conformance.transfer.torch_format.read`.
    """
    with Spans(path) as stream:
        if stream.peek(2)[:2] == b"PK":
            raise DamagedError("it is a zip archive, as torch writes; name it .pth")
        value, end = parse(stream, PLAIN_NAMES, None, tolerant)
        stream.seek(end)
        rest = stream.read(1 << 16)
    if rest and rest != _CHECKSUM + b"%08x" % _checksum(path, end):
        raise DamagedError("its checksum does not match")
    tree = plain(value, _leaf)
    parts = {None: tree, **tree} if isinstance(tree, dict) else {}
    names = {part: _names(item) for part, item in parts.items() if isinstance(item, dict)}
    return _unmarked(tree), names


def write(stream: BinaryIO, tree: Any) -> None:
    """Write a checked tree to `stream`; each array is read when it is written."""
    counted = _Counted(stream)
    # Protocol 4 is the highest that paddle itself writes. Without a memo, what was written is let go.
    pickler = _Pickler(counted, protocol=4)
    pickler.fast = True
    pickler.dump(tree)
    stream.write(_CHECKSUM + b"%08x" % counted.checksum)


class _Pickler(pickle.Pickler):
    def reducer_override(self, node: Any) -> Any:
        if isinstance(node, np.ndarray | Stored):
            return bits(np.asarray(node, order="C"), "paddle").__reduce__()
        return NotImplemented


class _Counted:
    """A stream that keeps the checksum of what was written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.checksum = stream, 0

    def write(self, data: Any) -> int:
        self.checksum = zlib.crc32(data, self.checksum)
        return self.stream.write(data)


def _checksum(path: Path, end: int) -> int:
    total = 0
    with open(path, "rb") as stream:
        while end > 0 and (data := stream.read(min(end, 1 << 20))):
            total, end = zlib.crc32(data, total), end - len(data)
    return total


def _leaf(node: Any) -> Any:
    if isinstance(node, Pending) and isinstance(node.value, np.ndarray | Stored):
        return node.value
    if isinstance(node, np.ndarray | Stored | tuple):
        return node
    raise RefusedError(f"it holds a {type(node).__name__}, which is not plain data")


def is_tensor(node: Any) -> bool:
    """Whether a node is paddle's mark of a tensor."""
    return (
        type(node) is tuple and len(node) == 2 and isinstance(node[0], str) and isinstance(node[1], np.ndarray | Stored)
    )


def _unmarked(tree: Any) -> Any:
    """A tree without paddle's marks: tables, cut arrays, and the names beside tensors."""
    if is_tensor(tree):
        return tree[1]
    if isinstance(tree, list | tuple):
        return type(tree)(map(_unmarked, tree))
    if not isinstance(tree, dict):
        return tree
    made = {key: _unmarked(item) for key, item in tree.items() if key != _NAME_TABLE}
    _join(made)
    return made


def _names(tree: dict[Any, Any]) -> dict[str, str]:
    # A state dict has a table of names; in any other nest, each tensor has its own beside it.
    table = tree.get(_NAME_TABLE)
    if not isinstance(table, dict):
        table = {key: item[0] for key, item in tree.items() if is_tensor(item)}
    return {key: name for key, name in table.items() if isinstance(key, str) and isinstance(name, str)}


def _join(tree: dict[Any, Any]) -> None:
    # Protocols 2 and 3 cannot hold 4 GB in one piece, so paddle cuts large tensors and notes the pieces here.
    cut = tree.pop(_SLICES, {})
    try:
        for key, note in cut.items():
            pieces = [tree.pop(piece) for piece in note["slices"]]
            tree[key] = np.concatenate([np.asarray(piece) for piece in pieces]).reshape(note["OriginShape"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError(f"its table of cut tensors is wrong: {error}") from None
