"""The .pth format: torch's zip archive, read without torch and without running the pickle in it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np

from .arrays import Storage, torch_names
from .unpickle import DamagedError, Name, Pending, RefusedError, UnsupportedError, parse, plain

# What zipfile raises for damaged archives; bytes of names that are not UTF-8 are a ValueError.
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, NotImplementedError),
    *(KeyError, ValueError, OSError, EOFError, OverflowError),
)


def read(data: bytes) -> Any:
    """Return the tree in a .pth file's bytes, tensors as arrays. Raises RefusedError or DamagedError."""
    if data[:2] != b"PK":
        kind = "a bare pickle, as paddle or torch before 1.6 writes" if data[:1] == b"\x80" else "no torch archive"
        raise DamagedError(f"it is {kind}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_archive(archive)
    except _ZIP_ERRORS as error:
        raise DamagedError(str(error)) from None


def write(stream: BinaryIO, tree: Any) -> None:
    """Write a checked tree to `stream`, arrays as tensors, in torch's own writer's words."""
    import torch

    # torch.save wants to seek in its target.
    buffer = io.BytesIO()
    torch.save(_with_tensors(tree, torch.from_numpy), buffer)
    stream.write(buffer.getbuffer())


def _read_archive(archive: zipfile.ZipFile) -> Any:
    roots = [name.removesuffix("/data.pkl") for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise DamagedError("it is a zip archive without torch's data.pkl")

    def read_entry(name: str) -> bytes:
        entry = archive.getinfo(f"{roots[0]}/{name}")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise RefusedError(f"its entry {name} is compressed, which torch never does")
        return archive.read(entry)

    if f"{roots[0]}/byteorder" in archive.namelist() and read_entry("byteorder") != b"little":
        raise UnsupportedError("it was written on a big-endian machine")
    names, persistent = torch_names(lambda key: read_entry(f"data/{key}"))
    value, _ = parse(read_entry("data.pkl"), names, persistent)
    return plain(value, _leaf)


def _leaf(node: Any) -> Any:
    if isinstance(node, Pending) and isinstance(node.value, np.ndarray):
        return node.value
    if isinstance(node, np.ndarray | tuple):
        return node
    what = (
        node.text if isinstance(node, Name) else "a bare storage" if isinstance(node, Storage) else type(node).__name__
    )
    raise RefusedError(f"it holds {what}, which is not plain data")


def _with_tensors(tree: Any, tensor: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _with_tensors(item, tensor) for key, item in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_with_tensors(item, tensor) for item in tree)
    return tensor(tree) if isinstance(tree, np.ndarray) else tree
