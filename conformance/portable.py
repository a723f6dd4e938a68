"""Samples as text: the JSON of a replay file and the TOML of a ledger witness hold the same structure.

An array is written ``{"dtype": ..., "shape": [...], "data": [...]}``. Floats are written so that they read back bit
for bit; those that JSON has no word for are the strings "nan", "inf" and "-inf"; large arrays are zlib-compressed
base64. In a witness, ``cycle`` in place of ``data`` gives values that are repeated until the shape is full.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from conformance.contract import EXACT, REAL, Sample
from conformance.dtypes import named

SCHEMA = 1
LISTED = 512
"""Arrays up to this many elements are written as readable lists."""


class PortableError(ValueError):
    """A stored sample cannot be read."""


def encode(value: Any) -> Any:
    """Plain JSON-ready data for a sample's value."""
    if isinstance(value, np.ndarray):
        return _encode_array(value)
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, complex):
        return {"complex": str(value)}
    if isinstance(value, float) and not np.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {"mapping": {str(key): encode(item) for key, item in value.items()}}
    return value


def _encode_array(array: np.ndarray) -> dict[str, Any]:
    head = {"dtype": str(array.dtype), "shape": list(array.shape)}
    if array.size <= LISTED:
        data = [_listed(item) for item in array.ravel().tolist()]
        return {**head, "data": data}
    packed = zlib.compress(np.ascontiguousarray(array).tobytes(), 9)
    return {**head, "zlib": base64.b64encode(packed).decode()}


def _listed(item: Any) -> Any:
    if isinstance(item, complex):
        return str(item)
    return item if isinstance(item, int) or np.isfinite(item) else str(item)


def decode(value: Any) -> Any:
    """The inverse of :func:`encode`; a bare mapping stays one; ``{"none": true}`` is ``None``, for TOML."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "dtype" in value and "shape" in value:
        return _decode_array(value)
    if value.keys() == {"float"}:
        return float(value["float"])
    if value.keys() == {"complex"}:
        return complex(value["complex"])
    if value.keys() == {"none"}:
        return None
    if value.keys() == {"base64"}:
        return base64.b64decode(value["base64"])
    if value.keys() == {"tuple"}:
        return tuple(decode(item) for item in value["tuple"])
    if value.keys() == {"mapping"}:
        value = value["mapping"]
    return {key: decode(item) for key, item in value.items()}


def _decode_array(value: Mapping[str, Any]) -> np.ndarray:
    dtype, shape = named(value["dtype"]), tuple(value["shape"])
    if "zlib" in value:
        flat = np.frombuffer(zlib.decompress(base64.b64decode(value["zlib"])), dtype).copy()
    elif "cycle" in value:
        flat = np.resize(np.array(value["cycle"], dtype), int(np.prod(shape)))
    else:
        number = complex if dtype.kind == "c" else float
        listed = [number(item) if isinstance(item, str) else item for item in value["data"]]
        flat = np.array(listed, dtype)
    if flat.size != int(np.prod(shape)):
        raise PortableError(f"an array of shape {shape} needs {int(np.prod(shape))} elements, {flat.size} are given")
    return flat.reshape(shape)


def sample_to_json(contract_id: str, sample: Sample) -> str:
    """The text of a replay file."""
    inputs = {name: encode(value) for name, value in sample.inputs.items()}
    return json.dumps({"schema": SCHEMA, "contract": contract_id, "regime": sample.regime, "inputs": inputs}, indent=1)


def sample_from_file(path: Path) -> tuple[str, Sample]:
    """Read a replay file; :class:`PortableError` names the file and what is wrong with it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise PortableError(f"its schema is {data['schema']!r}, this release reads {SCHEMA}")
        inputs = {name: decode(value) for name, value in data["inputs"].items()}
        return str(data["contract"]), _sample(inputs, data["regime"])
    except OSError as error:
        raise PortableError(f"cannot read the replay file {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error) as error:
        raise PortableError(f"{path} is not a replay file of this project ({type(error).__name__}: {error})") from error


def sample_from_table(table: Mapping[str, Any]) -> Sample:
    """A ledger witness; the key ``regime`` is optional."""
    inputs = {name: decode(value) for name, value in table.items() if name != "regime"}
    return _sample(inputs, table.get("regime", REAL))


def _sample(inputs: Mapping[str, Any], regime: str) -> Sample:
    if regime not in (EXACT, REAL):
        raise PortableError(f"its regime is {regime!r}, neither {EXACT!r} nor {REAL!r}")
    return Sample(inputs, regime)


def require_place(path: Path) -> None:
    """Raise OSError where a file could not be written, before minutes of work that would go into it are done."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    folder = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
