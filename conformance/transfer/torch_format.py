"""What torch.save writes, read without torch and without running the pickle in it, and written for torch.load.

Since 1.6 it is a zip archive: a pickle, and each storage in an entry of its own. Before, and with
``_use_new_zipfile_serialization=False``, it is five pickles in a row and then the storages.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from . import dtypes
from .arrays import STORAGE_TYPES, UNTYPED, Storage, torch_names
from .stored import Span, Stored
from .torch_pickle import pickled
from .unpickle import DamagedError, Name, Pending, RefusedError, Spans, UnsupportedError, parse, plain

# What zipfile raises for damaged archives; bytes of names that are not UTF-8 are a ValueError.
ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, NotImplementedError),
    *(KeyError, ValueError, OSError, EOFError, OverflowError),
)
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_ALIGNMENT = 64
"""Bytes at whose multiples torch begins each storage, so that ``torch.load(mmap=True)`` gets aligned tensors."""


def read(path: Path, tolerant: bool = False) -> Any:
    """Return the tree in a file, tensors as stored arrays. Raises RefusedError, UnsupportedError or DamagedError.

    tolerant: what is of other classes becomes :class:`~conformance.transfer.unpickle.Foreign` in place of a refusal.
    """
    with open(path, "rb") as stream:
        start = stream.read(2)
    if start == b"PK":
        try:
            return _read_archive(zipfile.ZipFile(path), tolerant)
        except ZIP_ERRORS as error:
            raise DamagedError(str(error)) from None
    if start[:1] == b"\x80":
        return _read_legacy(path, tolerant)
    raise DamagedError("it is no file of torch.save")


def write(stream: BinaryIO, tree: Any) -> None:
    """Write a checked tree to `stream`, arrays as tensors; each is read when it is written."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        pickle, arrays = pickled(tree)
        _add(archive, "data.pkl", lambda: pickle, len(pickle))
        _add(archive, "byteorder", lambda: b"little", 6)
        for key, array in enumerate(arrays):
            _add(archive, f"data/{key}", partial(_bytes, array), array.nbytes)
        _add(archive, "version", lambda: b"3\n", 2)


def _bytes(array: Any) -> Any:
    return np.asarray(array, order="C").reshape(-1).view(np.uint8)


def _add(archive: zipfile.ZipFile, name: str, data: Callable[[], Any], length: int) -> None:
    entry = zipfile.ZipInfo(f"archive/{name}")
    is_large = length >= 2**31
    begin = archive.fp.tell() + 30 + len(entry.filename) + (20 if is_large else 0)  # type: ignore[union-attr]
    padding = -(begin + 4) % _ALIGNMENT
    entry.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    entry.file_size = length
    with archive.open(entry, "w", force_zip64=is_large) as target:
        target.write(data())


def _read_archive(archive: zipfile.ZipFile, tolerant: bool) -> Any:
    names = set(archive.namelist())
    if len(names) != len(archive.namelist()):
        raise DamagedError("it has two entries of one name, of which readers take one or the other")
    roots = [name.removesuffix("/data.pkl") for name in names if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise DamagedError("it is a zip archive without torch's data.pkl")
    if f"{roots[0]}/constants.pkl" in names:
        raise UnsupportedError(
            "it is a program of torch.jit.save: load it by torch.jit.load, and save its state_dict()"
        )

    def entry_of(name: str) -> zipfile.ZipInfo:
        entry = archive.getinfo(f"{roots[0]}/{name}")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise RefusedError(f"its entry {name} is compressed, which torch never does")
        return entry

    if f"{roots[0]}/byteorder" in names and archive.read(entry_of("byteorder")) != b"little":
        raise UnsupportedError("it was written on a big-endian machine; save it again on this one")
    last: list[Any] = [None, b""]

    def read_entry(entry: zipfile.ZipInfo) -> bytes:
        if last[0] != entry.filename:  # views of one storage are read one after another
            try:
                last[:] = entry.filename, archive.read(entry)
            except ZIP_ERRORS as error:
                raise DamagedError(str(error)) from None
        if len(last[1]) != entry.file_size:
            raise DamagedError(f"{entry.filename} has another length than the archive says")
        return last[1]

    def persistent(identity: Any) -> Storage:
        dtype, key, _ = _identity(identity, 5)
        entry = entry_of(f"data/{key}")
        return Storage(entry.file_size, dtype, lambda: read_entry(entry))

    value, _ = parse(archive.read(entry_of("data.pkl")), torch_names(), persistent, tolerant)
    return plain(value, _leaf)


def _read_legacy(path: Path, tolerant: bool) -> Any:
    with Spans(path) as stream:
        if _small(stream) != _MAGIC:
            stream.seek(0)
            raise DamagedError("it is a bare pickle, as paddle writes")
        if _small(stream) != _PROTOCOL:
            raise UnsupportedError("it is of an older protocol of torch than 1001; save it again with torch")
        system = _small(stream)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise UnsupportedError("it was written on a big-endian machine; save it again on this one")
        places: dict[str, Span] = {}
        wanted: dict[str, tuple[int, int]] = {}

        def persistent(identity: Any) -> Storage:
            dtype, key, count = _identity(identity, 6)
            size = dtypes.named(dtype or "uint8").itemsize
            if wanted.setdefault(key, (count, count * size)) != (count, count * size):
                raise DamagedError(f"its storage {key} has two lengths")
            whole = Storage(count * size, dtype, lambda: places[key].read())
            match identity[5]:
                case None:
                    return whole
                case (str(), int(first), int(length)):
                    return whole.part(first, length)
            raise RefusedError("it refers to data outside itself that is no tensor storage")

        value, _ = parse(stream, torch_names(), persistent, tolerant)
        keys = _small(stream)
        if not isinstance(keys, list) or set(map(str, keys)) != set(wanted):
            raise DamagedError("its list of storages does not fit its tensors")
        end = path.stat().st_size
        for key in keys:
            (count, length), told = wanted[key], stream.read(8)
            at = stream.tell()
            if len(told) < 8 or at + length > end:
                raise DamagedError("its storages are cut off")
            if int.from_bytes(told, "little") != count:
                raise DamagedError(f"its storage {key} has another length than its tensors say")
            places[key] = Span(path, at, length)
            stream.seek(at + length)
        if stream.tell() != end:
            raise DamagedError("it holds more than its list of storages")
    return plain(value, _leaf)


def _small(stream: BinaryIO) -> Any:
    return plain(parse(stream, {})[0], _leaf)


def _identity(identity: Any, length: int) -> tuple[str | None, str, int]:
    """Dtype, key and count of a storage. Raises RefusedError for anything else that is outside of the pickle."""
    match identity:
        case ("storage", Name(text), str(key), str(), int(count), *_) if (
            len(identity) == length and count >= 0 and (text in STORAGE_TYPES or text == UNTYPED)
        ):
            return STORAGE_TYPES.get(text), key, count
    raise RefusedError("it refers to data outside itself that is no tensor storage")


def _leaf(node: Any) -> Any:
    if isinstance(node, Pending) and isinstance(node.value, np.ndarray | Stored):
        return node.value
    if isinstance(node, np.ndarray | Stored | tuple):
        return node
    what = (
        node.text if isinstance(node, Name) else "a bare storage" if isinstance(node, Storage) else type(node).__name__
    )
    raise RefusedError(f"it holds {what}, which is not plain data")
