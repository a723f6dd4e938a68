"""Checkpoint files written without the framework whose format they have.

A lane has one framework only, and still must be given what the other one writes: here torch's format is put together
by hand. So are files that ask their reader for a call, which no honest writer gives: of a function that does nothing.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

SUFFIXES = (".pth", ".pdparams")
"""Checkpoint files of torch, and of paddle."""
_STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "int64": "LongStorage"}


@dataclass(frozen=True)
class Name:
    """Something that a pickle names, by module and name."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call that a pickle asks its reader for."""

    function: Name
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class _Persistent:
    """A reference to data beside the pickle."""

    key: tuple[Any, ...]


def pickled(tree: Any) -> bytes:
    """The pickle, of protocol 2, of plain containers, numbers, strings and :class:`Call`."""
    return b"\x80\x02" + _opcodes(tree) + b"."


def _opcodes(value: Any) -> bytes:
    """What puts a value on the stack of a pickle machine (see ``pickletools.dis``)."""
    if isinstance(value, Mapping):
        items = b"".join(_opcodes(key) + _opcodes(item) for key, item in value.items())
        return b"}(" + items + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_opcodes, value)) + b"e"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_opcodes, value)) + b"t"
    if isinstance(value, str):
        text = value.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        data = pickle.encode_long(value)
        return b"\x8a" + struct.pack("<B", len(data)) + data
    if isinstance(value, Name):
        return f"c{value.module}\n{value.name}\n".encode()
    if isinstance(value, Call):
        return _opcodes(value.function) + _opcodes(value.arguments) + b"R"
    if isinstance(value, _Persistent):
        return _opcodes(value.key) + b"Q"
    raise TypeError(f"a {type(value).__name__} has no place in a pickle of plain data")


def torch_archive(tree: Any) -> bytes:
    """The bytes of a .pth file: a zip archive of a pickle, and of each tensor's elements beside it."""
    elements: list[bytes] = []

    def with_tensors(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            elements.append(value.tobytes())
            key = ("storage", Name("torch", _STORAGES[str(value.dtype)]), str(len(elements) - 1), "cpu", value.size)
            strides = tuple(int(np.prod(value.shape[place + 1 :])) for place in range(value.ndim))
            hooks = Call(Name("collections", "OrderedDict"), ())
            parts = (_Persistent(key), 0, value.shape, strides, False, hooks)
            return Call(Name("torch._utils", "_rebuild_tensor_v2"), parts)
        if isinstance(value, Mapping):
            return {key: with_tensors(item) for key, item in value.items()}
        return [with_tensors(item) for item in value] if isinstance(value, list) else value

    pickle_data = pickled(with_tensors(tree))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickle_data)
        archive.writestr("archive/byteorder", "little")
        for place, data in enumerate(elements):
            archive.writestr(f"archive/data/{place}", data)
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def checkpoint_tree(run: Mapping[str, Any], suffix: str, places: Any) -> dict[str, Any]:
    """The tree of a checkpoint, as the framework that writes ``suffix`` (.pth, .pdparams) keeps it.

    ``run`` has the fields of ``reference_impl.checkpoint.Checkpoint``, weights and optimizer state in torch's names and
    layout; ``places`` are those of its model. RMSprop's momentum becomes paddle's, which contains the learning rate.
    """
    from conformance.transfer import optimizer_to_paddle, to_paddle
    from reference_impl.checkpoint import FORMAT

    model, optimizer = run["model"], run["optimizer"]
    if suffix == ".pdparams":
        model = to_paddle(model, places)
        state = {
            name: {paddle_slot(slot): paddle_array(slot, array, optimizer["lr"]) for slot, array in arrays.items()}
            for name, arrays in optimizer["state"].items()
        }
        optimizer = {**optimizer, "state": optimizer_to_paddle(state, places)}
    framework = {".pth": "torch", ".pdparams": "paddle"}[suffix]
    return {"format": FORMAT, "framework": framework, **run, "model": model, "optimizer": optimizer}


def paddle_slot(slot: str) -> str:
    """The name of an array of optimizer state in a file that paddle writes."""
    return "update_buffer" if slot == "momentum_buffer" else slot


def paddle_array(slot: str, array: np.ndarray, lr: float) -> np.ndarray:
    """An array of optimizer state as paddle keeps it."""
    return (array * np.float64(lr)).astype(np.float32) if slot == "momentum_buffer" else array


def checkpoint_bytes(tree: Mapping[str, Any], suffix: str) -> bytes:
    """The bytes of a checkpoint file of a format, written without its framework."""
    if suffix == ".pth":
        return torch_archive(tree)
    return pickle.dumps(dict(tree), protocol=4)  # as paddle does, which converts no array
