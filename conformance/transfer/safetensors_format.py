"""The .safetensors format: a flat dict of arrays, which both frameworks' users already exchange.

The length of a header (8 bytes, little-endian), the header (JSON: dtype, shape and place of each array), the arrays. It
is written out here so that an environment with NumPy and one framework reads and writes such files. The format has no
checksum; files written here carry one in their metadata.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .rules import TransferError
from .unpickle import DamagedError, UnsupportedError

# What the "format" of the metadata says about the layout of linear weights.
_LAYOUTS = {"pt": "torch", "pd": "paddle", "paddle": "paddle"}
_LABELS = {"torch": "pt", "paddle": "pd"}
_HEADER_LIMIT = 100_000_000  # the format's own
_DTYPES = {
    **{"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4"},
    **{"U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8"},
}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_FIELDS = {"dtype", "shape", "data_offsets"}


def read(data: bytes) -> tuple[dict[str, Any], str | None]:
    """Return the arrays and the layout ("torch", "paddle" or, when the file does not say, None)."""
    header, start = _header(data)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise DamagedError("its metadata are no texts by name")
    places = {name: _place(name, entry) for name, entry in header.items()}
    end = 0
    for first, last, _, _ in sorted(places.values(), key=lambda place: place[:2]):
        if first != end:
            raise DamagedError(f"its arrays overlap or leave a gap at byte {end}")
        end = last
    if end != len(data) - start:
        raise DamagedError(f"its header speaks of {end} bytes of arrays, it holds {len(data) - start}")
    arrays = {}
    for name, (first, last, dtype, shape) in places.items():
        try:
            arrays[name] = np.frombuffer(bytearray(data[start + first : start + last]), dtype).reshape(shape)
        except ValueError as error:  # more axes than NumPy has
            raise UnsupportedError(f"{name!r} has a shape that NumPy does not have ({error})") from None
    if "crc32" in metadata and metadata["crc32"] != _checksum(arrays):
        raise DamagedError("its checksum does not match")
    label = metadata.get("format", "")
    return arrays, _LAYOUTS.get(label) if isinstance(label, str) else None


def write(stream: BinaryIO, arrays: Mapping[str, Any], layout: str | None) -> None:
    """Write a flat dict of arrays to `stream`, labelled with the framework whose `layout` they have.

    Raises TransferError for a dtype that the format does not have.
    """
    plain = {key: np.asarray(value, order="C") for key, value in arrays.items()}
    for key, value in plain.items():
        if value.dtype not in _NAMES or key == "__metadata__":
            raise TransferError(f"{key!r} of {value.dtype} cannot be in .safetensors; choose .pth or .pdparams")
    label = {} if layout is None else {"format": _LABELS[layout]}
    header: dict[str, Any] = {"__metadata__": {**label, "crc32": _checksum(plain)}}
    end = 0
    names = sorted(plain, key=lambda key: (-plain[key].itemsize, key))  # the widest first keeps every array aligned
    for name in names:
        value = plain[name]
        places = [end, end := end + value.nbytes]
        header[name] = {"dtype": _NAMES[value.dtype], "shape": list(value.shape), "data_offsets": places}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    stream.write(len(text).to_bytes(8, "little") + text)
    for name in names:
        stream.write(plain[name].tobytes())


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """The header, and where the arrays begin."""
    length = int.from_bytes(data[:8], "little")
    if length > _HEADER_LIMIT or len(data) < 8 + length:
        raise DamagedError(f"its header of {length} bytes is too long")
    text = data[8 : 8 + length]
    if not text.startswith(b"{"):
        raise DamagedError("it has no header")
    try:
        header: dict[str, Any] = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"its header cannot be read ({error})") from None
    return header, 8 + length


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _place(name: str, entry: Any) -> tuple[int, int, np.dtype[Any], tuple[int, ...]]:
    """First and last byte, dtype and shape of an array; DamagedError where they do not fit each other."""
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        raise DamagedError(f"what it says of {name!r} is no array")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    lists = isinstance(shape, list) and isinstance(offsets, list) and len(offsets) == 2
    if not lists or not all(type(number) is int and number >= 0 for number in (*shape, *offsets)):
        raise DamagedError(f"shape or place of {name!r} are no counts")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise UnsupportedError(f"it holds the type {dtype}, which NumPy does not have")
    made = np.dtype(_DTYPES[dtype])
    if offsets[1] - offsets[0] != math.prod(shape) * made.itemsize:
        raise DamagedError(f"the place of {name!r} does not fit its shape {shape}")
    return offsets[0], offsets[1], made, tuple(shape)


def _checksum(arrays: Mapping[str, Any]) -> str:
    total = 0
    for key in sorted(arrays):
        value = arrays[key]
        total = zlib.crc32(f"{key} {value.dtype.str} {value.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(value).tobytes(), total)
    return f"{total:08x}"
