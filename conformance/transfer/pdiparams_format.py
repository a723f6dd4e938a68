"""The .pdiparams format of ``paddle.jit.save``: tensors in a row, by the order of names that another file has.

Each is a level of detail, a description (a protocol buffer of a dtype and lengths) and the numbers. The names are
beside it: in the program of paddle 3 (``.json``), by paddle's own names, or of paddle 2 in ``.pdiparams.info``, by
the keys of the state dict. The program is read for its parameters alone.
"""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from . import dtypes
from .arrays import PLAIN_NAMES
from .rules import Shape, TransferError
from .stored import Span, Stored
from .unpickle import DamagedError, UnsupportedError, parse, plain

_DTYPES = {
    **{0: "bool", 1: "int16", 2: "int32", 3: "int64", 4: "float16", 5: "float32", 6: "float64", 20: "uint8"},
    **{21: "int8", 22: "bfloat16", 23: "complex64", 24: "complex128", 32: "float8_e4m3fn", 33: "float8_e5m2"},
}
_DESCRIPTION = 4096  # bytes that a description may have


def read(path: Path) -> dict[str, Stored]:
    """Return the arrays by paddle's own names, or by keys where ``.pdiparams.info`` has them.

    Raises DamagedError for a file that does not fit its program, and TransferError where there is none beside it.
    """
    names, shapes = _names(path)
    arrays = _arrays(path)
    if len(arrays) != len(names):
        raise DamagedError(f"it holds {len(arrays)} arrays, and its program has {len(names)} parameters")
    found = dict(zip(names, arrays, strict=True))
    for name, array in found.items():
        if name in shapes and shapes[name] != array.shape:
            raise DamagedError(f"its array {name} has shape {array.shape}, and its program says {shapes[name]}")
    return found


def _names(path: Path) -> tuple[list[str], dict[str, Shape]]:
    program, info = path.with_suffix(".json"), path.with_name(f"{path.name}.info")
    if program.is_file():
        shapes = _parameters(program)
        return sorted(shapes), shapes
    if not info.is_file():
        raise TransferError(
            f"{path} holds no names, and neither {program.name} nor {info.name} is beside it; copy what "
            "paddle.jit.save wrote, or load it by paddle.jit.load and save its state_dict()"
        )
    told = plain(parse(info.read_bytes(), PLAIN_NAMES)[0], lambda node: node)
    try:
        return [told[name]["structured_name"] for name in sorted(told)], {}
    except (TypeError, KeyError):
        raise TransferError(f"{info} does not say the names of the parameters; save the state_dict()") from None


def _parameters(program: Path) -> dict[str, Shape]:
    """Shapes of a program's parameters, by paddle's names."""
    found: dict[str, Shape] = {}
    try:
        for region in json.loads(program.read_text("utf-8"))["program"]["regions"]:
            for operation in (each for block in region["blocks"] for each in block["ops"]):
                if operation["#"] == "p":
                    found[operation["A"][3]] = tuple(operation["O"]["TT"]["D"][1])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise TransferError(f"{program} is no program of paddle.jit.save that can be read ({error!r})") from None
    return found


def _arrays(path: Path) -> list[Stored]:
    found, end = [], path.stat().st_size
    with open(path, "rb") as stream:
        while stream.tell() < end:
            if _number(stream, 4) != 0:
                raise DamagedError(f"it has another version at byte {stream.tell() - 4}")
            for _ in range(_number(stream, 8)):
                _skip(stream, _number(stream, 8), end)
            if _number(stream, 4) != 0:
                raise DamagedError(f"it has another version at byte {stream.tell() - 4}")
            length = _number(stream, 4)
            data = stream.read(min(length, _DESCRIPTION))
            if len(data) < length:
                raise DamagedError("it is cut off")
            dtype, shape = _description(data)
            span = Span(path, stream.tell(), math.prod(shape) * dtype.itemsize)
            _skip(stream, span.length, end)
            found.append(Stored(shape, dtype, partial(span.array, dtype, shape)))
    return found


def _skip(stream: BinaryIO, length: int, end: int) -> None:
    if stream.tell() + length > end:
        raise DamagedError("it is cut off")
    stream.seek(length, 1)


def _number(stream: BinaryIO, size: int) -> int:
    data = stream.read(size)
    if len(data) < size:
        raise DamagedError("it is cut off")
    return int.from_bytes(data, "little")


def _description(data: bytes) -> tuple[np.dtype[Any], Shape]:
    """Dtype and shape: field 1 and the repeated field 2, each a number of seven bits a byte."""
    code, shape, place = None, [], 0
    while place < len(data):
        field, place = _varint(data, place)
        value, place = _varint(data, place)
        if field == 0x08:
            code = value
        elif field == 0x10 and value < 2**63:
            shape.append(value)
        else:
            raise DamagedError("what it says of an array is no dtype and shape")
    if code not in _DTYPES:
        raise UnsupportedError(f"it holds an array of paddle's type {code}, which NumPy does not have")
    return dtypes.named(_DTYPES[code]), tuple(shape)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise DamagedError("it is cut off")
        value |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:
            return value, place
    raise DamagedError("it holds a number that is too long")
