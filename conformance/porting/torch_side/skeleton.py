"""A torch model without values, and what safetensors' own loader for torch gives, array by array."""

from __future__ import annotations

from typing import Any

import torch
from safetensors import safe_open

from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair
from conformance.transfer.large import described, digest

from .arrays import to_array


def skeleton(pair: Pair) -> dict[str, Any]:
    """See :func:`conformance.transfer.large.described`."""
    with torch.device("meta"):
        model = pair.model("torch")
    kept = model.state_dict(keep_vars=True)
    return described({key: value for key, value in kept.items() if isinstance(value, torch.Tensor)}, inventory(model))


def digests(pair: Pair, path: str, keys: list[str], count: int) -> dict[str, str]:
    """What tells some arrays of a .safetensors file from any other; nothing where it holds another count of them."""
    with safe_open(path, framework="pt", backend="pread") as file:
        held = set(file.keys())
        return {key: digest(to_array(file.get_tensor(key))) for key in keys if len(held) == count and key in held}
