"""Torch's tensors as arrays and back, to the bit, with the dtypes that NumPy lacks."""

from __future__ import annotations

import numpy as np
import torch

from conformance.transfer import dtypes

_BITS = {1: torch.uint8, 2: torch.int16}


def to_array(tensor: torch.Tensor) -> np.ndarray:
    """A copy of a tensor's values. Raises TypeError for a dtype that nothing here has, as quantised tensors have."""
    return np.array(to_view(tensor))


def to_view(tensor: torch.Tensor) -> np.ndarray:
    """As :func:`to_array`, without a copy where none is needed."""
    given = tensor.detach().cpu().resolve_conj().resolve_neg()
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in dtypes.EXTRA:
        return given.numpy()
    dtype = dtypes.named(name)
    return given.contiguous().view(_BITS[dtype.itemsize]).numpy().view(dtype)


def to_tensor(array: np.ndarray) -> torch.Tensor:
    """A new tensor with an array's values."""
    if array.dtype.name not in dtypes.EXTRA:
        return torch.tensor(array)
    held = torch.tensor(array.view(np.uint8 if array.dtype.itemsize == 1 else np.int16))
    return held.view(getattr(torch, array.dtype.name))
