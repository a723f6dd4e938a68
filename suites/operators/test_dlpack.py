"""DLPack, through NumPy and through a capsule that a framework takes back: numbers, dtypes, strides, shared memory."""

from __future__ import annotations

import numpy as np

from conformance import Acceptance, Rejects, contract
from suites.images import ON_CPU, same
from suites.support.exchanged import COMMON, UNSIGNED, VIEWS, arrays, as_viewed, laid_out, named, viewed

AREA = "interchange"
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
