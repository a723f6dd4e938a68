"""The pickle in a file of torch, written without torch: plain data, and tensors by their storages.

Python's own pickler imports every class that it names, and with it torch. These are the few operations of protocol 2
that torch.save uses for the same data, all of which ``torch.load(weights_only=True)`` takes.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any

import numpy as np

from .arrays import STORAGE_TYPES
from .stored import Stored

_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def pickled(tree: Any) -> tuple[bytes, list[Any]]:
    """The pickle of a checked tree, and its arrays in the order of their storages; one array is one storage."""
    found: dict[int, tuple[int, Any]] = {}
    parts: list[bytes] = [b"\x80\x02"]
    _add(tree, parts, found)
    return b"".join((*parts, b".")), [array for _, array in found.values()]


def _add(node: Any, parts: list[bytes], found: dict[int, tuple[int, Any]]) -> None:
    if isinstance(node, np.ndarray | Stored):
        key, _ = found.setdefault(id(node), (len(found), node))
        parts.append(_tensor(node, key))
    elif isinstance(node, dict):
        parts.append(b"}(")
        for key, item in node.items():
            _add(key, parts, found)
            _add(item, parts, found)
        parts.append(b"u")
    elif isinstance(node, list | tuple):
        parts.append(b"](" if isinstance(node, list) else b"(")
        for item in node:
            _add(item, parts, found)
        parts.append(b"e" if isinstance(node, list) else b"t")
    else:  # a number, a text or nothing, of which the pickler's words are between its frame's
        parts.append(pickle.dumps(node, 2)[2:-1] if not isinstance(node, str) else _text(node))


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def _numbers(numbers: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(pickle.dumps(number, 2)[2:-1] for number in numbers) + b"t"


def _tensor(array: Any, key: int) -> bytes:
    """A call of torch's own builder: storage, offset, size, stride, gradient, hooks, and where untyped, the dtype."""
    name = array.dtype.name
    classes = {dtype: text.removeprefix("torch.") for text, dtype in STORAGE_TYPES.items() if "torch.Q" not in text}
    typed = name in classes
    count = array.size if typed else array.nbytes
    kind = f"ctorch\n{classes[name]}\n" if typed else "ctorch.storage\nUntypedStorage\n"
    storage = b"(" + _text("storage") + kind.encode() + _text(str(key)) + _text("cpu")
    storage += pickle.dumps(count, 2)[2:-1] + b"tQ"
    steps, step = [], 1
    for length in reversed(array.shape):
        steps.append(step)
        step *= max(length, 1)
    size, stride = _numbers(tuple(array.shape)), _numbers(tuple(reversed(steps)))
    builder = f"ctorch._utils\n_rebuild_tensor_{'v2' if typed else 'v3'}\n(".encode()
    dtype = b"" if typed else f"ctorch\n{name}\n".encode()
    return builder + storage + b"K\x00" + size + stride + b"\x89" + _ORDERED_DICT + dtype + b"tR"
