"""Paddle's tensors as arrays and back, to the bit, with the dtypes that NumPy lacks and that paddle has no mark for."""

from __future__ import annotations

import numpy as np
import paddle

from conformance.transfer import dtypes


def to_array(tensor: paddle.Tensor) -> np.ndarray:
    """A copy of a tensor's values: ``numpy()`` gives bfloat16 as uint16 and float8 as int8."""
    found = to_view(tensor)
    return np.array(found) if found.__array_interface__["data"][0] == tensor.data_ptr() else found


def to_view(tensor: paddle.Tensor) -> np.ndarray:
    """As :func:`to_array`, without a copy where none is needed."""
    name = str(tensor.dtype).removeprefix("paddle.")
    found = tensor.numpy()
    return found.view(dtypes.named(name)) if name in dtypes.EXTRA else found


def to_tensor(array: np.ndarray) -> paddle.Tensor:
    """A new tensor with an array's values. Raises ValueError for a dtype that paddle lacks, as uint16."""
    name = array.dtype.name
    if name == "uint16":
        raise ValueError("paddle has no tensor of uint16: it would take the numbers for bfloat16")
    made = paddle.to_tensor(dtypes.bits(array, "paddle"))
    return made if name not in dtypes.FLOAT8 else made.view(name)
