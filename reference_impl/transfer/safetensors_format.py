"""The .safetensors format: a flat dict of arrays, which both frameworks' users already exchange.

The format has no checksum; files written here carry one in their metadata.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .unpickle import DamagedError, UnsupportedError

# What the "format" of the metadata says about the layout of linear weights.
_LAYOUTS = {"pt": "torch", "pd": "paddle", "paddle": "paddle"}
_LABELS = {"torch": "pt", "paddle": "pd"}
_HEADER_LIMIT = 100_000_000  # the format's own


def read(data: bytes) -> tuple[dict[str, Any], str | None]:
    """Return the arrays and the layout ("torch", "paddle" or, when the file does not say, None)."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(data)
        metadata = _metadata(data)
    except (SafetensorError, ValueError) as error:
        raise DamagedError(str(error)) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise UnsupportedError(f"it holds the type {error}, which NumPy does not have") from None
    if "crc32" in metadata and metadata["crc32"] != _checksum(arrays):
        raise DamagedError("its checksum does not match")
    return arrays, _LAYOUTS.get(metadata.get("format", ""))


def write(stream: BinaryIO, arrays: Mapping[str, Any], layout: str | None) -> None:
    """Write a flat dict of arrays to `stream`, labelled with the framework whose `layout` they have."""
    from safetensors.numpy import save

    plain = {key: np.asarray(value, order="C") for key, value in arrays.items()}
    label = {} if layout is None else {"format": _LABELS[layout]}
    stream.write(save(plain, metadata={**label, "crc32": _checksum(plain)}))


def _metadata(data: bytes) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    if length > _HEADER_LIMIT:
        raise ValueError(f"its header of {length} bytes is too long")
    header = json.loads(data[8 : 8 + length])
    metadata = header.get("__metadata__", {})
    return metadata if isinstance(metadata, dict) else {}


def _checksum(arrays: Mapping[str, Any]) -> str:
    total = 0
    for key in sorted(arrays):
        value = arrays[key]
        total = zlib.crc32(f"{key} {value.dtype.str} {value.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(value).tobytes(), total)
    return f"{total:08x}"
