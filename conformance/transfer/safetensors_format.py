"""The .safetensors format: a flat dict of arrays, which both frameworks' users already exchange.

The library checks a file and reads its header. Arrays are read from where it says that they are, one by one, since the
library's own arrays lack float8. It also writes only what is in memory as a whole, and a transposed or Fortran-ordered
array in the order of its memory: files are written here, tensor by tensor, in C order. The format has no checksum;
files written here carry one in their metadata.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from . import dtypes
from .rules import TransferError
from .stored import Span, Stored
from .unpickle import DamagedError, UnsupportedError

# What the "format" of the metadata says about the layout of linear weights.
_LAYOUTS = {"pt": "torch", "pd": "paddle", "paddle": "paddle"}
_FOREIGN = ("mlx", "tf", "flax", "jax")
_LABELS = {"torch": "pt", "paddle": "pd"}
_CHECKSUM = "crc32 of arrays"
_DTYPES = {
    **{"BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32"},
    **{"U64": "uint64", "I64": "int64", "F16": "float16", "F32": "float32", "F64": "float64", "C64": "complex64"},
    **{"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"},
    **{"F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz"},
}
_NAMES = {name: code for code, name in _DTYPES.items()}
_AXES = 64  # as many as NumPy has


def read(path: Path) -> tuple[dict[str, Stored], str | None]:
    """Return the arrays and the layout ("torch", "paddle" or, when the file does not say, None).

    Raises DamagedError for a file that the library refuses or whose checksum is another, UnsupportedError for arrays
    that NumPy does not have, and TransferError where the library is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise TransferError(f"{path} needs the package safetensors; install it") from None
    try:
        with safe_open(path, framework="numpy", backend="pread"):
            pass
    except SafetensorError as error:
        raise DamagedError(str(error).rstrip(".")) from None
    header, start = _header(path)
    metadata = header.pop("__metadata__", None) or {}
    if _CHECKSUM in metadata and metadata[_CHECKSUM] != _checksum(path, header, start):
        raise DamagedError("its checksum does not match")
    label = metadata.get("format", "")
    if label in _FOREIGN:  # (64, 3, 3, 3) is a convolution's shape in either layout
        raise UnsupportedError(
            f"it says that it is of {label}, which lays weights out otherwise; save it by torch first"
        )
    arrays = {name: _stored(path, name, entry, start) for name, entry in header.items()}
    return arrays, _LAYOUTS.get(label)


def write(stream: BinaryIO, arrays: Mapping[str, Any], layout: str | None) -> None:
    """Write a flat dict of arrays to `stream`, labelled with the framework whose `layout` they have.

    Each array is read when it is written. Raises TransferError for a dtype that the format does not have.
    """
    for key, value in arrays.items():
        if value.dtype.name not in _NAMES or key == "__metadata__":
            raise TransferError(f"{key!r} of {value.dtype} cannot be in .safetensors; choose .pth or .pdparams")
    end, entries = 0, {}
    names = sorted(arrays, key=lambda key: (-arrays[key].dtype.itemsize, key))  # the widest first keeps all aligned
    for name in names:
        value = arrays[name]
        places = [end, end := end + value.nbytes]
        entries[name] = {"dtype": _NAMES[value.dtype.name], "shape": list(value.shape), "data_offsets": places}

    def header(checksum: int) -> bytes:
        label = {} if layout is None else {"format": _LABELS[layout]}
        whole = {"__metadata__": {**label, _CHECKSUM: f"{checksum:08x}"}, **entries}
        text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
        return text + b" " * (-len(text) % 8)

    first = header(0)
    stream.write(len(first).to_bytes(8, "little") + first)
    total = zlib.crc32(_canonical(entries))
    for name in names:
        data = np.asarray(arrays[name], order="C").reshape(-1).view(np.uint8).data
        total = zlib.crc32(data, total)
        stream.write(data)
    stream.seek(8)
    stream.write(header(total))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The header of a file that the library has checked, and where the arrays begin."""
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        text = stream.read(length)
    try:
        return json.loads(text, object_pairs_hook=_without_repeats), 8 + length
    except ValueError as error:
        raise DamagedError(f"its header cannot be read ({error})") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _stored(path: Path, name: str, entry: Mapping[str, Any], start: int) -> Stored:
    code, shape, (first, last) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if code not in _DTYPES:
        raise UnsupportedError(f"{name!r} is of type {code}, which NumPy does not have; save it as F32 or BF16")
    if len(shape) > _AXES:
        raise UnsupportedError(f"{name!r} has {len(shape)} axes, and NumPy has {_AXES}; save it with fewer")
    dtype = dtypes.named(_DTYPES[code])
    span = Span(path, start + first, last - first)
    return Stored(shape, dtype, lambda: span.array(dtype, shape))


def _canonical(entries: Mapping[str, Any]) -> bytes:
    """What a header says of its arrays, as the checksum includes it."""
    told = [[name, each["dtype"], each["shape"], each["data_offsets"]] for name, each in sorted(entries.items())]
    return json.dumps(told).encode()


def _checksum(path: Path, entries: Mapping[str, Any], start: int) -> str:
    total = zlib.crc32(_canonical(entries))
    with open(path, "rb") as stream:
        stream.seek(start)
        while data := stream.read(1 << 20):
            total = zlib.crc32(data, total)
    return f"{total:08x}"
