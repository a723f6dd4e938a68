"""Arrays and tensors given to each other: which numbers, of which dtype, and whether both are then the same memory.

A lane holds one framework, so that NumPy stands on the other side of each exchange; DLPack, which the frameworks use
between themselves too, is judged through NumPy and through a capsule that a framework takes back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites.images import ON_CPU, same

AREA = "interchange"
COMMON = (
    "float32",
    "float64",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "complex128",
)
UNSIGNED = ("uint16", "uint32", "uint64")
FOREIGN = ("swapped float32", "swapped int64", "texts", "objects", "dates", "long double")
LAYOUTS = ("contiguous", "transposed", "sliced", "fortran", "repeated", "0-d", "empty")
LOW = ("bfloat16", "float8_e4m3fn", "float8_e5m2")


def laid_out(numbers: np.ndarray, layout: str) -> np.ndarray:
    """A view with some of the numbers [4, 6]."""
    if layout == "transposed":
        return numbers.T
    if layout == "sliced":
        return numbers[1::2, ::3]
    if layout == "fortran":
        return np.asfortranarray(numbers)
    if layout == "repeated":
        return np.lib.stride_tricks.as_strided(numbers, (3, 6), (0, numbers.strides[1]))
    if layout == "reversed":
        return numbers[::-1]
    return {"0-d": numbers[0, 0:1].reshape(()), "empty": numbers[:0]}.get(layout, numbers)


def foreign(kind: str) -> np.ndarray:
    """An array that no tensor can hold."""
    made: dict[str, Any] = {
        "swapped float32": np.arange(3, dtype=np.dtype(np.float32).newbyteorder()),
        "swapped int64": np.arange(3, dtype=np.dtype(np.int64).newbyteorder()),
        "texts": np.array(["a", "b"]),
        "objects": np.array([None, 1], object),
        "dates": np.array([1, 2], "datetime64[s]"),
        "long double": np.arange(3, dtype=np.longdouble),
    }
    return np.asarray(made[kind])


def numbers_of(seed: int, dtype: str) -> np.ndarray:
    """Numbers [4, 6] of a dtype, with those of both ends of an integer's range."""
    rng = generator(seed)
    if dtype == "bool":
        return rng.random((4, 6)) < 0.5
    if np.dtype(dtype).kind in "fc":
        drawn = rng.standard_normal((4, 6))
        return (drawn + 1j * drawn[::-1]).astype(dtype) if dtype.startswith("c") else drawn.astype(dtype)
    ends = np.iinfo(dtype)
    drawn = rng.integers(ends.min, ends.max, (4, 6), np.dtype(dtype), endpoint=True)
    drawn[0, :2] = ends.min, ends.max
    return np.asarray(drawn)


def arrays(dtypes: tuple[str, ...], layouts: tuple[str, ...], **more: Any) -> st.SearchStrategy[list[Sample]]:
    """An array of every dtype, each in some layout."""

    def make(seed: int, chosen: list[str]) -> list[Sample]:
        return [
            Sample({"numbers": numbers_of(seed, dtype), "layout": layout, **more})
            for dtype, layout in zip(dtypes, chosen, strict=True)
        ]

    many = st.lists(st.sampled_from(layouts), min_size=len(dtypes), max_size=len(dtypes))
    return st.builds(make, seeds, many)


@contract(
    "interop.from_numpy",
    area=AREA,
    samples=arrays(COMMON + UNSIGNED, (*LAYOUTS, "reversed")),
    tensors=False,
    share=0.2,
    unsupported=ON_CPU,
    covers=("interop.numpy",),
)
class from_numpy:
    """A tensor of an array has its numbers, in its dtype and shape, however the array lies in memory."""

    note = (
        "torch.from_numpy and torch.as_tensor share the array's memory; paddle.to_tensor copies, as torch.tensor does."
    )

    @staticmethod
    def torch(numbers, layout):
        import torch

        return torch.as_tensor(laid_out(numbers, layout))

    @staticmethod
    def paddle(numbers, layout):
        import paddle

        return paddle.to_tensor(laid_out(numbers, layout))

    @staticmethod
    def oracle(numbers, layout):
        return {"output": same(laid_out(numbers, layout))}

    @staticmethod
    def variant_no_negative_strides(numbers, layout):
        """An array that runs backwards is refused."""
        if layout == "reversed":
            return Rejects("a negative stride", error="At least one stride in the given numpy array is negative")
        return from_numpy.oracle(numbers, layout)

    @staticmethod
    def variant_bits_as_bfloat16(numbers, layout):
        """uint16 is taken for the bits of bfloat16."""
        if numbers.dtype != np.uint16:
            return from_numpy.oracle(numbers, layout)
        bits = np.array(laid_out(numbers, layout).astype(np.uint32) << np.uint32(16), order="C")
        return {"output": Acceptance(bits.view(np.float32), dtype="bfloat16")}

    @staticmethod
    def variant_up_to_16_bits(numbers, layout):
        """uint32 and uint64 are refused."""
        if numbers.dtype in (np.uint32, np.uint64):
            return Rejects("unsigned of 32 bits and more", error="incompatible array data type")
        return from_numpy.oracle(numbers, layout)


@contract(
    "interop.foreign_arrays",
    area=AREA,
    samples=st.permutations(FOREIGN).map(lambda kinds: [Sample({"kind": kind}) for kind in kinds]),
    tensors=False,
    share=0.15,
    unsupported=ON_CPU,
    covers=("interop.numpy", "interop.dlpack"),
)
class foreign_arrays:
    """Another byte order, texts, objects, dates and numbers of 80 bits are refused and not read as something else."""

    @staticmethod
    def torch(kind):
        import torch

        return torch.as_tensor(foreign(kind))

    @staticmethod
    def paddle(kind):
        import paddle

        return paddle.to_tensor(foreign(kind))

    @staticmethod
    def oracle(kind):
        return Rejects(kind)


@contract(
    "interop.copies",
    area=AREA,
    samples=arrays(("float32", "float64", "int64", "int32", "uint8"), ("contiguous", "transposed", "sliced", "0-d")),
    tensors=False,
    share=0.2,
    unsupported=ON_CPU,
    covers=("interop.numpy", "torch.tensor"),
)
class copies:
    """torch.tensor and paddle.to_tensor copy: what is written to the array or to the tensor is not in the other."""

    @staticmethod
    def torch(numbers, layout):
        import torch

        array = laid_out(numbers.copy(), layout)
        tensor = torch.tensor(array)
        array[...] = 1
        before = tensor.clone()
        tensor.fill_(2)
        return {"tensor": before, "array": array, "written": tensor}

    @staticmethod
    def paddle(numbers, layout):
        import paddle

        array = laid_out(numbers.copy(), layout)
        tensor = paddle.to_tensor(array)
        array[...] = 1
        before = tensor.clone()
        tensor.fill_(2)
        return {"tensor": before, "array": array, "written": tensor}

    @staticmethod
    def oracle(numbers, layout):
        array = laid_out(numbers, layout)
        return {"tensor": same(array), "array": same(np.full_like(array, 1)), "written": same(np.full_like(array, 2))}


VIEWS = ("contiguous", "transposed", "sliced", "expanded", "0-d", "empty")


def viewed(tensor: Any, view: str) -> Any:
    """A view of a tensor [4, 6] of either framework."""
    if view == "transposed":
        return tensor.t()
    if view == "sliced":
        return tensor[1:, ::2]
    if view == "expanded":
        return tensor[:1].expand([3, 6])
    return {"0-d": tensor[0, 1], "empty": tensor[:0]}.get(view, tensor)


def as_viewed(numbers: np.ndarray, view: str) -> np.ndarray:
    """The array that :func:`viewed` shows."""
    if view == "expanded":
        return np.broadcast_to(numbers[:1], (3, 6))
    return np.asarray(numbers.T if view == "transposed" else viewed(numbers, view))


HOW = ("list", "item")


def read_back() -> st.SearchStrategy[list[Sample]]:
    """Tensors of every dtype in every way, and those that NumPy lacks as lists and one by one."""

    def make(seed: int, views: list[str]) -> list[Sample]:
        # Few kernels take what NumPy lacks, so that no views are made of it.
        small = generator(seed).choice(np.array([0.5, 1.0, -2.0, 3.0]), (4, 6)).astype(np.float32)
        found = [
            Sample({"numbers": numbers_of(seed, dtype), "dtype": dtype, "view": view, "how": "all"})
            for dtype, view in zip(COMMON, views, strict=True)
        ]
        low = [{"numbers": small, "dtype": dtype, "view": "contiguous", "how": how} for dtype in LOW for how in HOW]
        return [*found, *map(Sample, low)]

    many = st.lists(st.sampled_from(("contiguous", *VIEWS)), min_size=len(COMMON), max_size=len(COMMON))
    return st.builds(make, seeds, many)


def read(tensor: Any, how: str) -> dict[str, Any]:
    """The numbers of a tensor, as arrays and as Python's."""
    found: dict[str, Any] = {}
    if how == "all":
        found |= {"numpy": tensor.numpy(), "array": np.asarray(tensor)}
    if how != "item":
        found["list"] = np.asarray(tensor.tolist())
    if how != "list" and 0 not in tensor.shape:
        found["item"] = np.asarray(tensor[(0,) * len(tensor.shape)].item())
    return found


@contract(
    "interop.to_numpy",
    area=AREA,
    samples=read_back(),
    tensors=False,
    share=0.2,
    unsupported=ON_CPU,
    covers=("interop.numpy", "paddle.Tensor.tolist", "paddle.Tensor.item"),
)
class to_numpy:
    """numpy() and asarray give the numbers of a tensor in its dtype, tolist() and item() as Python's, for any dtype."""

    note = (
        "numpy() shares the tensor's memory in torch and copies in paddle, where bfloat16 comes out as bits in uint16."
    )

    @staticmethod
    def torch(numbers, dtype, view, how):
        import torch

        return read(viewed(torch.tensor(numbers).to(getattr(torch, dtype)), view), how)

    @staticmethod
    def paddle(numbers, dtype, view, how):
        import paddle

        return read(viewed(paddle.to_tensor(numbers).astype(getattr(paddle, dtype)), view), how)

    @staticmethod
    def oracle(numbers, dtype, view, how):
        array = as_viewed(numbers, view)
        found = {"numpy": same(array), "array": same(array)} if how == "all" else {}
        if how != "item":
            found["list"] = same(np.asarray(array.tolist()))
        if how != "list" and array.size:
            found["item"] = same(np.asarray(array.reshape(-1)[0].item()))
        return found

    @staticmethod
    def variant_bits_in_lists(numbers, dtype, view, how):
        """tolist() gives the bits of what NumPy lacks, as whole numbers."""
        if dtype not in LOW or how != "list":
            return to_numpy.oracle(numbers, dtype, view, how)
        return {"list": same(np.asarray(bits_of(as_viewed(numbers, view), dtype).tolist()))}

    @staticmethod
    def variant_no_item(numbers, dtype, view, how):
        """item() of eight bits is refused."""
        if dtype.startswith("float8") and how == "item":
            return Rejects("item() of float8", error="Unsupported tensor data type: float8")
        return to_numpy.oracle(numbers, dtype, view, how)

    @staticmethod
    def variant_no_float8(numbers, dtype, view, how):
        """There are no tensors of eight bits."""
        if dtype.startswith("float8"):
            return Rejects("no such dtype", error=f"module 'paddle' has no attribute '{dtype}'")
        return to_numpy.oracle(numbers, dtype, view, how)

    @staticmethod
    def variant_no_float8_to_fill(numbers, dtype, view, how):
        """New memory is filled where results must repeat, for which eight bits have no kernel."""
        if dtype.startswith("float8"):
            return Rejects("no such kernel", error='"fill_empty_deterministic_" not implemented for')
        return to_numpy.oracle(numbers, dtype, view, how)


def bits_of(array: np.ndarray, dtype: str) -> np.ndarray:
    """The bits of small numbers in a format of fewer, as paddle's integers for it: int8, or uint16."""
    exponent_bits, fraction_bits = {"bfloat16": (8, 7), "float8_e4m3fn": (4, 3), "float8_e5m2": (5, 2)}[dtype]
    fraction, exponent = np.frexp(np.abs(array.astype(np.float64)))
    biased = exponent - 1 + 2 ** (exponent_bits - 1) - 1
    whole = (biased.astype(np.int64) << fraction_bits) + ((2 * fraction - 1) * 2**fraction_bits).astype(np.int64)
    sign = np.where(array < 0, 1 << (exponent_bits + fraction_bits), 0)
    return (whole + sign).astype(np.uint16) if dtype == "bfloat16" else (whole + sign).astype(np.uint8).view(np.int8)


def named(tensor: Any) -> str:
    """The name of a tensor's dtype without the framework's."""
    return str(tensor.dtype).rpartition(".")[2]


EXCHANGED = ("contiguous", "transposed", "sliced", "fortran", "0-d", "empty")


@contract(
    "interop.dlpack_from_numpy",
    area=AREA,
    samples=arrays(COMMON + UNSIGNED, EXCHANGED),
    tensors=False,
    share=0.2,
    may_be_zero=("strides",),
    unsupported=ON_CPU,
    covers=("interop.dlpack",),
)
class dlpack_from_numpy:
    """A tensor taken by DLPack from an array is its memory: numbers, dtype, strides, and what is written."""

    @staticmethod
    def torch(numbers, layout):
        import torch

        array = laid_out(numbers.copy(), layout)
        tensor = torch.from_dlpack(array)
        before = tensor.numpy().copy()
        array[...] = 1
        return {
            "before": before,
            "after": tensor.numpy(),
            "dtype": named(tensor),
            "strides": np.array(tensor.stride(), int),
        }

    @staticmethod
    def paddle(numbers, layout):
        from paddle.utils.dlpack import from_dlpack

        array = laid_out(numbers.copy(), layout)
        tensor = from_dlpack(array)
        before = tensor.numpy().copy()
        array[...] = 1
        return {
            "before": before,
            "after": tensor.numpy(),
            "dtype": named(tensor),
            "strides": np.array(tensor.strides, int),
        }

    @staticmethod
    def oracle(numbers, layout):
        array = laid_out(numbers, layout)
        strides = np.array(array.strides, int) // array.itemsize
        # How far apart elements would be is nothing where there are none.
        unsaid = np.inf if array.size == 0 else 0.0
        return {
            "before": same(array),
            "after": same(np.full_like(array, 1)),
            "dtype": Acceptance(np.asarray(str(array.dtype))),
            "strides": Acceptance(strides.astype(np.float64), np.full(strides.shape, unsaid), dtype="int64"),
        }

    @staticmethod
    def variant_called_bfloat16(numbers, layout):
        """uint16 is called bfloat16, although DLPack tells both apart."""
        accepted = dlpack_from_numpy.oracle(numbers, layout)
        return accepted | {"dtype": Acceptance(np.asarray("bfloat16"))} if numbers.dtype == np.uint16 else accepted

    @staticmethod
    def variant_no_unsigned(numbers, layout):
        """Unsigned integers of more than eight bits are refused."""
        if numbers.dtype.kind == "u" and numbers.itemsize > 1:
            return Rejects("unsigned", error="DLDataType code <1> is illegal when DLDataType.bits is")
        return dlpack_from_numpy.oracle(numbers, layout)

    @staticmethod
    def variant_capsules_alone(numbers, layout):
        """An array is refused, of which a capsule would be taken."""
        return Rejects("no capsule", error="The type of 'dlpack' in from_dlpack must be PyCapsule object")


@contract(
    "interop.dlpack_read_only",
    area=AREA,
    samples=arrays(("float32", "int64", "float64"), ("contiguous", "transposed")),
    tensors=False,
    share=0.1,
    unsupported=ON_CPU,
    covers=("interop.dlpack",),
)
class dlpack_read_only:
    """An array that must not be written is not written through a tensor of its memory: one or the other is refused."""

    @staticmethod
    def torch(numbers, layout):
        import torch

        array = laid_out(numbers.copy(), layout)
        array.flags.writeable = False
        torch.from_dlpack(array).fill_(7)
        return array

    @staticmethod
    def paddle(numbers, layout):
        from paddle.utils.dlpack import from_dlpack

        array = laid_out(numbers.copy(), layout)
        array.flags.writeable = False
        from_dlpack(array).fill_(7)
        return array

    @staticmethod
    def oracle(numbers, layout):
        return Rejects("a write to what must not be written")

    @staticmethod
    def variant_written(numbers, layout):
        """The array is overwritten."""
        return {"output": same(np.full_like(laid_out(numbers, layout), 7))}


@contract(
    "interop.dlpack_to_numpy",
    area=AREA,
    samples=arrays(COMMON, tuple(view for view in VIEWS if view != "expanded")),
    tensors=False,
    share=0.2,
    unsupported=ON_CPU,
    covers=("interop.dlpack",),
)
class dlpack_to_numpy:
    """An array taken by DLPack from a tensor, or from a view of one, has its numbers and is its memory."""

    @staticmethod
    def torch(numbers, layout):
        import torch

        tensor = torch.tensor(numbers)
        array = np.from_dlpack(viewed(tensor, layout))
        before = array.copy()
        tensor.fill_(1)
        return {"before": before, "after": array}

    @staticmethod
    def paddle(numbers, layout):
        import paddle

        tensor = paddle.to_tensor(numbers)
        array = np.from_dlpack(viewed(tensor, layout))
        before = array.copy()
        tensor.fill_(1)
        return {"before": before, "after": array}

    @staticmethod
    def oracle(numbers, layout):
        array = as_viewed(numbers, layout)
        return {"before": same(array), "after": same(np.full_like(array, 1))}

    @staticmethod
    def variant_no_protocol(numbers, layout):
        """Tensors do not have the method by which arrays are made."""
        return Rejects("no __dlpack__", error="'Tensor' has no attribute '__dlpack__'")
