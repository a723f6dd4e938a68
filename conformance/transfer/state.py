"""Models to portable states and back: the only road on which weights pass between torch and paddle.

Both frameworks' own loaders can succeed in part (paddle's `set_state_dict` skips a tensor of another shape with a
warning), so loading here checks everything first and then writes everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .convert import Portable, without_counters
from .places import check, side_of, walk
from .rules import Array, LayerRule, TransferError


def from_torch(model: Any, rules: Iterable[LayerRule] = ()) -> Portable:
    """Return the portable state of a torch `model`: every parameter and persistent buffer, as independent arrays.

    Batch norm's `num_batches_tracked` is included; paddle has no counterpart. Raises TransferError for a layer without
    a rule, tied weights, or a dtype that NumPy does not have.
    """
    found = walk(_require(model, "torch"), "torch", rules)
    # A copy: the array must not follow the model when it is trained on.
    return {place.key: np.array(tensor.detach().cpu().numpy()) for place, tensor in found}


def from_paddle(model: Any, rules: Iterable[LayerRule] = ()) -> Portable:
    """Return the portable state of a paddle `model`, in torch's names and layout, as independent arrays.

    Raises TransferError like `from_torch`.
    """
    found = walk(_require(model, "paddle"), "paddle", rules)
    return {
        place.key: np.array(place.layout.to_portable(tensor.numpy(), place.shape), order="C") for place, tensor in found
    }


def load_into_torch(model: Any, portable: Mapping[str, Array], rules: Iterable[LayerRule] = ()) -> None:
    """Copy `portable` into a torch `model`, all of it or, with a TransferError, nothing.

    A batch counter that `portable` lacks (it came from paddle) restarts at 0, unless the layer averages over all
    batches (momentum None) and so needs it.
    """
    import torch

    found = walk(_require(model, "torch"), "torch", rules)
    check(portable, {place.key: place for place, _ in found}, "torch model")
    with torch.no_grad():
        for place, tensor in found:
            if place.key in portable:
                tensor.copy_(torch.from_numpy(_plain(portable[place.key])))
            else:
                tensor.zero_()


def load_into_paddle(model: Any, portable: Mapping[str, Array], rules: Iterable[LayerRule] = ()) -> None:
    """Copy `portable` into a paddle `model`, all of it or, with a TransferError, nothing.

    Torch's `num_batches_tracked` is dropped where the model has a batch norm of that name: paddle keeps no such count.
    """
    found = walk(_require(model, "paddle"), "paddle", rules)
    expected = {place.key: place for place, _ in found}
    check(without_counters(portable, expected), expected, "paddle model")
    values = [place.layout.to_paddle(portable[place.key]) for place, _ in found]
    for (_, tensor), value in zip(found, values, strict=True):
        tensor.set_value(value)


def _plain(array: Array) -> Array:
    # torch.from_numpy warns about read-only arrays and refuses negative strides.
    if array.flags.writeable and array.flags.c_contiguous:
        return array
    return array.copy(order="C")


def _require(model: Any, side: str) -> Any:
    actual = side_of(model)
    if actual != side:
        raise TransferError(f"{type(model).__name__} is a {actual} model; use from_{actual} or load_into_{actual}")
    return model
