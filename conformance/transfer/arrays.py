"""What the names in a weights pickle stand for: NumPy arrays, and torch tensors as NumPy arrays.

Everything is built from raw bytes by code of this file, with lengths checked, so that a file cannot reach NumPy's own
unpickling (which can hold objects) nor torch's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .unpickle import Constructor, DamagedError, Name, Pending, RefusedError, UnsupportedError

_DTYPES = re.compile(r"[<>|=]?(?:b1|\?|[iu][1248]|f[248]|c8|c16)")


class PendingDtype(Pending):
    """A NumPy dtype; its state holds the byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode("latin-1") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not _DTYPES.fullmatch(code):
            raise RefusedError(f"it holds an array of type {code!r}")
        self.value = np.dtype(code)

    def set_state(self, state: Any) -> None:
        order = state[1].decode("latin-1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise DamagedError(f"byte order {order!r}")
        if self.value.itemsize > 1:
            self.value = self.value.newbyteorder(order)


class PendingArray(Pending):
    """A NumPy array; its state is (version, shape, dtype, is Fortran order, bytes)."""

    def __init__(self, *_: Any) -> None:
        self.value = None

    def set_state(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        self.value = array_from(raw, dtype, shape, "F" if fortran else "C")


def array_from(raw: Any, dtype: Any, shape: Any, order: Any = "C") -> Any:
    """Return the array of `shape` held in `raw`, in native byte order, writable and C-contiguous."""
    raw = raw.encode("latin-1") if isinstance(raw, str) else raw  # a pickle of Python 2
    if not isinstance(raw, bytes | bytearray) or not isinstance(dtype, PendingDtype) or order not in ("C", "F"):
        raise RefusedError("it holds an array that is not plain bytes")
    lengths = _lengths(shape)
    if math.prod(lengths) * dtype.value.itemsize != len(raw):
        raise DamagedError(f"an array of shape {lengths} has {len(raw)} bytes")
    values = np.frombuffer(raw, dtype.value).reshape(lengths, order=order)
    return values.astype(dtype.value.newbyteorder("="), order="C")


def _lengths(shape: Any) -> tuple[int, ...]:
    if type(shape) is not tuple or any(type(length) is not int or length < 0 for length in shape):
        raise DamagedError(f"shape {shape!r}")
    return shape


def _scalar(dtype: Any, raw: Any) -> Any:
    return array_from(raw, dtype, ()).item()


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    # Protocol 2 has no bytes; pickle writes them as a call of codecs.encode.
    if encoding not in ("latin1", "latin-1"):
        raise RefusedError(f"it encodes text as {encoding!r}")
    return bytes(text.encode("latin-1"))


def _tuple(items: Any = ()) -> tuple[Any, ...]:
    if type(items) not in (list, tuple):
        raise RefusedError("it makes a tuple of something else")
    return tuple(items)


def _ordered_dict() -> dict[Any, Any]:
    return {}


def _counter(counts: Any = None) -> dict[Any, Any]:
    # The milestones of a torch schedule.
    if type(counts) is not dict:
        raise RefusedError("it counts something else than a dict")
    return counts


PLAIN_NAMES: Mapping[str, Constructor | None] = {
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "builtins.tuple": _tuple,
    "__builtin__.tuple": _tuple,
    "_codecs.encode": _encode,
    "numpy.ndarray": None,
    "numpy.dtype": PendingDtype,
    **{
        f"numpy.{core}.{name}": constructor
        for core in ("core", "_core")
        for name, constructor in (
            ("multiarray._reconstruct", PendingArray),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", array_from),
        )
    },
}

_STORAGES = {
    "Float": "float32",
    "Double": "float64",
    "Half": "float16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "BFloat16": "bfloat16",
}
_STORAGE_TYPES = {f"torch.{name}Storage": dtype for name, dtype in _STORAGES.items()}
_UNTYPED = "torch.storage.UntypedStorage"
_TORCH_DTYPES = {f"torch.{dtype}": dtype for dtype in (*_STORAGES.values(), "uint16", "uint32", "uint64")}


class Storage:
    """The bytes of a torch storage, with the dtype its class implies (None: untyped)."""

    def __init__(self, raw: bytes, dtype: str | None) -> None:
        self.raw = raw
        self.dtype = dtype


def torch_names(read: Callable[[str], bytes]) -> tuple[dict[str, Constructor | None], Constructor]:
    """Return the names a torch pickle may use and the resolver of its storages, whose bytes `read` returns by key."""

    def persistent(identity: Any) -> Storage:
        match identity:
            case ("storage", Name(text), str(key), str(), int()) if text in _STORAGE_TYPES or text == _UNTYPED:
                return Storage(read(key), _STORAGE_TYPES.get(text))
        raise RefusedError("it refers to data outside itself that is no tensor storage")

    names: dict[str, Constructor | None] = {
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_tensor_v3": _tensor_of_dtype,
        "torch._utils._rebuild_parameter": lambda data, *_: data,
        "torch.Size": _tuple,
        _UNTYPED: None,
        **dict.fromkeys((*_STORAGE_TYPES, *_TORCH_DTYPES)),
    }
    return {**PLAIN_NAMES, **names}, persistent


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Any:
    if type(storage) is not Storage or storage.dtype is None:
        raise RefusedError("it builds a tensor from something that is not a storage")
    if storage.dtype == "bfloat16":
        raise UnsupportedError("it holds bfloat16, which NumPy does not have")
    values = np.frombuffer(storage.raw, storage.dtype)
    lengths, steps = _lengths(size), _lengths(stride)
    if len(lengths) != len(steps) or type(offset) is not int or offset < 0:
        raise DamagedError(f"a tensor of size {lengths} has stride {steps}")
    count = math.prod(lengths)
    last = offset + sum((length - 1) * step for length, step in zip(lengths, steps, strict=True))
    if count > len(values) or (count > 0 and last >= len(values)):
        raise DamagedError(f"a tensor of size {lengths} and stride {steps} exceeds its {len(values)} stored values")
    if count == 0:
        return np.empty(lengths, values.dtype)
    byte_steps = tuple(step * values.itemsize for step in steps)
    return np.array(np.lib.stride_tricks.as_strided(values[offset:], lengths, byte_steps), order="C")


def _tensor_of_dtype(storage: Any, offset: Any, size: Any, stride: Any, _: Any, __: Any, dtype: Any, *___: Any) -> Any:
    if type(storage) is not Storage or type(dtype) is not Name or dtype.text not in _TORCH_DTYPES:
        raise RefusedError("it builds a tensor from something that is not a storage")
    return _tensor(Storage(storage.raw, _TORCH_DTYPES[dtype.text]), offset, size, stride)
