"""Arrays and tensors given to each other: which numbers, of which dtype, and whether both are then the same memory.

A lane holds one framework, so that NumPy stands on the other side of each exchange.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites.images import ON_CPU, same
from suites.support.exchanged import COMMON, UNSIGNED, VIEWS, arrays, as_viewed, laid_out, numbers_of, viewed

AREA = "interchange"
FOREIGN = ("swapped float32", "swapped int64", "texts", "objects", "dates", "long double")
LAYOUTS = ("contiguous", "transposed", "sliced", "fortran", "repeated", "0-d", "empty")
LOW = ("bfloat16", "float8_e4m3fn", "float8_e5m2")


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
