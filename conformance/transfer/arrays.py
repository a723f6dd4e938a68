"""What the names in a weights pickle stand for: NumPy arrays, and torch tensors as NumPy arrays.

Everything is built from raw bytes by code of this file, with lengths checked, so that a file cannot reach NumPy's own
unpickling (which can hold objects) nor torch's. Tensors stay in their file until they are asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import dtypes
from .stored import Span, Stored
from .unpickle import OF_TYPE, Constructor, DamagedError, Foreign, Name, Pending, RefusedError, UnsupportedError

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
    if not isinstance(raw, bytes | bytearray | Span) or not isinstance(dtype, PendingDtype) or order not in ("C", "F"):
        raise RefusedError("it holds an array that is not plain bytes")
    lengths, kept = _lengths(shape), dtype.value
    if math.prod(lengths) * kept.itemsize != len(raw):
        raise DamagedError(f"an array of shape {lengths} has {len(raw)} bytes")

    def made(data: bytes | bytearray) -> Any:
        values = np.frombuffer(data, kept).reshape(lengths, order=order)
        return values.astype(kept.newbyteorder("="), order="C")

    if isinstance(raw, Span):
        return Stored(lengths, kept.newbyteorder("="), lambda: made(raw.read()))
    return made(raw)


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


def _no_bytes() -> bytes:
    # Protocol 2 has no empty bytes either.
    return b""


def _tuple(items: Any = ()) -> tuple[Any, ...]:
    if type(items) not in (list, tuple):
        raise RefusedError("it makes a tuple of something else")
    return tuple(items)


def _ordered_dict() -> dict[Any, Any]:
    return {}


def _default_dict(factory: Any = None) -> dict[Any, Any]:
    return {}


def _counter(counts: Any = None) -> dict[Any, Any]:
    # The milestones of a torch schedule.
    if type(counts) is not dict:
        raise RefusedError("it counts something else than a dict")
    return counts


PLAIN_NAMES: Mapping[str, Constructor | None] = {
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "collections.defaultdict": _default_dict,
    "builtins.dict": None,
    "builtins.bytes": _no_bytes,
    "__builtin__.bytes": _no_bytes,
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
_QUANTISED = {"QInt8": "int8", "QUInt8": "uint8", "QInt32": "int32", "QUInt4x2": "uint8", "QUInt2x4": "uint8"}
STORAGE_TYPES = {f"torch.{name}Storage": dtype for name, dtype in (_STORAGES | _QUANTISED).items()}
UNTYPED = "torch.storage.UntypedStorage"
_TORCH_DTYPES = {
    f"torch.{dtype}": dtype for dtype in (*_STORAGES.values(), "uint16", "uint32", "uint64", *dtypes.FLOAT8)
}
_OTHER_DTYPES = ("complex32", "float4_e2m1fn_x2", "bits8", "bits16")
_PLAIN_TYPES = ("torch.Tensor", "torch._tensor.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer")
# What is harmless and no plain array: what it is, and what to save instead.
_UNSUPPORTED = {
    "torch._utils._rebuild_qtensor": "a quantised tensor: save the model before it is quantised",
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor: save it with to_dense()",
    "torch._utils._rebuild_sparse_csr_tensor": "a sparse tensor: save it with to_dense()",
    "torch._utils._rebuild_nested_tensor": "a nested tensor: save its parts by unbind()",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor on the meta device, which has no values: load the "
    "weights into the model before it is saved",
    "torch._utils._rebuild_wrapper_subclass": "a tensor subclass: save plain tensors",
}


class Storage:
    """A torch storage: its length in bytes, the dtype its class implies (None: untyped), and how its bytes are read."""

    def __init__(self, length: int, dtype: str | None, read: Callable[[], bytes]) -> None:
        self.length = length
        self.dtype = dtype
        self.read = read

    def part(self, first: int, count: int) -> Storage:
        """Some of its values as a storage, as files of old releases have it."""
        size = dtypes.named(self.dtype or "uint8").itemsize
        if first < 0 or count < 0 or (first + count) * size > self.length:
            raise DamagedError("a view of a storage exceeds it")
        return Storage(count * size, self.dtype, lambda: self.read()[first * size : (first + count) * size])


def torch_names() -> dict[str, Constructor | None]:
    """The names that a torch pickle may use."""
    return {
        **PLAIN_NAMES,
        "torch._utils._rebuild_tensor": _tensor,
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_tensor_v3": _tensor_of_dtype,
        "torch._utils._rebuild_parameter": lambda data, *_: data,
        "torch._utils._rebuild_parameter_with_state": lambda data, *_: data,
        OF_TYPE: _of_type,
        "torch.serialization._get_layout": lambda *_: None,
        "torch.Size": _tuple,
        UNTYPED: None,
        **dict.fromkeys((*STORAGE_TYPES, *_TORCH_DTYPES, *_PLAIN_TYPES)),
        **dict.fromkeys(f"torch.{name}" for name in _OTHER_DTYPES),
        **dict.fromkeys(("torch.per_tensor_affine", "torch.per_channel_affine")),
        **{name: _unsupported(what) for name, what in _UNSUPPORTED.items()},
    }


def _unsupported(what: str) -> Constructor:
    def refuse(*_: Any) -> Any:
        raise UnsupportedError(f"it holds {what}")

    return refuse


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, _: Any = None, __: Any = None, flags: Any = None) -> Any:
    if type(storage) is not Storage or storage.dtype is None:
        raise RefusedError("it builds a tensor from something that is not a storage")
    dtype = dtypes.named(storage.dtype)
    held = storage.length // dtype.itemsize
    lengths, steps = _lengths(size), _lengths(stride)
    if len(lengths) != len(steps) or type(offset) is not int or offset < 0:
        raise DamagedError(f"a tensor of size {lengths} has stride {steps}")
    if len(lengths) > 64:
        raise UnsupportedError(f"it holds a tensor of {len(lengths)} axes, and NumPy has 64")
    count = math.prod(lengths)
    last = offset + sum((length - 1) * step for length, step in zip(lengths, steps, strict=True))
    if count > held or (count > 0 and last >= held):
        raise DamagedError(f"a tensor of size {lengths} and stride {steps} exceeds its {held} stored values")
    # A lazily conjugated or negated view is kept as its original and a mark.
    conjugate, negative = (isinstance(flags, dict) and flags.get(name) is True for name in ("conj", "neg"))

    def read() -> Any:
        if count == 0:
            return np.empty(lengths, dtype)
        # As bytes of the same size, since NumPy takes no strides over a dtype that is not its own.
        kept = np.dtype(f"V{dtype.itemsize}")
        values = np.frombuffer(storage.read(), kept, held)
        byte_steps = tuple(step * dtype.itemsize for step in steps)
        array = np.array(np.lib.stride_tricks.as_strided(values[offset:], lengths, byte_steps), order="C").view(dtype)
        array = np.conjugate(array) if conjugate else array
        return np.negative(array) if negative else array

    return Stored(lengths, dtype, read)


def _tensor_of_dtype(storage: Any, offset: Any, size: Any, stride: Any, _: Any, __: Any, dtype: Any, *rest: Any) -> Any:
    if type(storage) is not Storage or type(dtype) is not Name:
        raise RefusedError("it builds a tensor from something that is not a storage")
    if dtype.text not in _TORCH_DTYPES:
        raise UnsupportedError(f"it holds a tensor of {dtype.text}, which NumPy does not have; save it as float32")
    made = Storage(storage.length, _TORCH_DTYPES[dtype.text], storage.read)
    return _tensor(made, offset, size, stride, None, None, *rest)


def _of_type(function: Any, kind: Any, arguments: Any, _: Any) -> Any:
    """A tensor with attributes of its own, which are no weights; or one of a subclass, which may mean anything."""
    made = torch_names().get(function.text) if type(function) is Name else None
    if type(kind) is Foreign:
        raise UnsupportedError(f"it holds a tensor of the subclass {kind.text}: save plain tensors")
    if made is None or type(kind) is not Name or type(arguments) is not tuple:
        raise RefusedError("it builds a tensor of a type that it does not name")
    if kind.text not in _PLAIN_TYPES:
        raise UnsupportedError(f"it holds a tensor of the subclass {kind.text}: save plain tensors")
    return made(*arguments)
