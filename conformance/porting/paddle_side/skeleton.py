"""A paddle model without values, and what safetensors' own loader for paddle gives, array by array."""

from __future__ import annotations

from typing import Any

import paddle
from safetensors import safe_open

from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair, PairError
from conformance.transfer.large import described, digest

from .arrays import to_array


def skeleton(pair: Pair) -> dict[str, Any]:
    """See :func:`conformance.transfer.large.described`."""
    try:
        with paddle.LazyGuard(), paddle.utils.unique_name.guard():
            model = pair.model("paddle")
    except (RuntimeError, ValueError) as error:
        raise PairError(
            f"{pair.path}: paddle_model cannot be built without values (paddle.LazyGuard), as a checkpoint larger than "
            f"memory needs: {' '.join(str(error).split())[:200]}; a dtype is set by paddle.set_default_dtype there"
        ) from None
    kept = model.state_dict()
    return {**described(kept, inventory(model)), "names": {tensor.name: key for key, tensor in reversed(kept.items())}}


def digests(pair: Pair, path: str, keys: list[str], count: int) -> dict[str, str]:
    """What tells some arrays of a .safetensors file from any other; nothing where it holds another count of them."""
    found = {}
    with safe_open(path, framework="numpy") as file:
        held = set(file.keys())
    for key in [key for key in keys if len(held) == count and key in held]:
        # Opened for each, since what was mapped stays in memory, and safetensors 0.8.0 reads no other way for paddle.
        with safe_open(path, framework="paddle") as file:
            found[key] = digest(to_array(file.get_tensor(key)))
    return found
