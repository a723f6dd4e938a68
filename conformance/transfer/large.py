"""Checkpoints for which memory is too small: carried tensor by tensor, between models that are built without values.

Neither model runs then, so that less is proven: that the target's own loader gives every array as it was meant. Where
names and shapes leave open which tensor is which, the order of execution cannot decide, and the pair file has to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.porting.check import Port, Side
from conformance.porting.inventory import Tensor, tensor_from
from conformance.porting.pair import PairError

from .checkpoint import Checkpoint
from .dtypes import named
from .request import Request
from .rules import TransferError
from .stored import Stored

if TYPE_CHECKING:
    from .plan import Model, Plan

COPIES = 10
"""How often the weights are in memory where both models run: in both precisions of both, here, and on the way."""
AT_ONCE = 1 << 30
"""Bytes that a lane reads for one answer."""
_COUNTER = "num_batches_tracked"


def is_large(found: Checkpoint) -> bool:
    """Whether a checkpoint's weights are too large for both models to run."""
    return sum(array.nbytes for array in found.weights.values()) * COPIES > memory()


def memory() -> int:
    """Bytes of the machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def models(request: Request, found: Checkpoint, port: Port) -> tuple[Model, Model]:
    """Both models without values, which ``port`` takes for its own. Raises TransferError for what needs the values."""
    from .plan import Model, ask

    if request.target.suffix.lower() != ".safetensors" or request.optimizer is not None:
        raise TransferError(
            f"{found.path} is too large for both models to run in this machine's memory ({memory() >> 30} GB); its "
            "weights can be carried alone, tensor by tensor: name a .safetensors as target, and no --optimizer"
        )
    made = []
    for lane in (port.torch, port.paddle):
        said = ask(port, lane, "skeleton.skeleton")
        tensors = [tensor_from(each) for each in said["tensors"]]
        values = {name: _absent(*each) for name, each in said["values"].items()}
        side = Side(lane, tensors, {}, {}, values)  # type: ignore[arg-type]
        rest = {key: _rest(lane.spec.framework, key, *each) for key, each in said["rest"].items()}
        made.append(Model(side, said["keys"], rest, said["names"]))
    port.__dict__["sides"] = tuple(model.side for model in made)
    return made[0], made[1]


def verify(plan: Plan, port: Port, path: Path) -> str:
    """Compare what the target's own loader gives with what was meant, array by array: one line about it.

    Raises CarryError where they differ.
    """
    from .plan import CarryError, ask

    framework = plan.target.framework
    (meant,) = plan.trees.values()
    for keys in _batches(meant):
        how = {"path": str(path.resolve()), "keys": keys, "count": len(meant)}
        try:
            loaded = ask(port, plan.target.side.lane, "skeleton.digests", **how)
        except PairError as error:
            raise CarryError(f"{error}; nothing is kept") from None
        for key in keys:
            if loaded.get(key) != digest(np.asarray(meant[key])):
                raise CarryError(
                    f"safetensors.{framework} did not load what was written: {key} is another array; nothing is kept"
                )
    return (
        f"loaded: safetensors.{framework} gives every array bit for bit, in its place and layout; the models did not "
        "run, since memory is too small for them"
    )


def _batches(arrays: Mapping[str, Any]) -> Iterator[list[str]]:
    """Keys of about :data:`AT_ONCE` bytes each time, since a lane that does not answer for long is given up."""
    batch: list[str] = []
    size = 0
    for key, array in arrays.items():
        batch.append(key)
        size += array.nbytes
        if size >= AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def digest(array: np.ndarray) -> str:
    """What tells an array from any other: its dtype, its shape and its bytes."""
    found = hashlib.sha256(f"{array.dtype.name} {array.shape}".encode())
    found.update(np.asarray(array, order="C").reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def described(tensors: Mapping[str, Any], found: list[tuple[Tensor, Any]]) -> dict[str, Any]:
    """What a lane says of a model without values; ``tensors``: its state dict, whose order is kept."""
    names = {id(tensor): each.name for each, tensor in found}
    keys = {key: names.get(id(tensor)) for key, tensor in tensors.items()}
    return {
        "tensors": [each.plain() for each, _ in found],
        "keys": keys,
        "values": {each.name: _told(tensor) for each, tensor in found},
        "rest": {key: _told(tensors[key]) for key, name in keys.items() if name is None},
        "names": {},
    }


def _told(tensor: Any) -> tuple[list[int], str]:
    return [int(length) for length in tensor.shape], str(tensor.dtype).rpartition(".")[2]


def _absent(shape: list[int], dtype: str) -> Stored:
    def read() -> np.ndarray:
        raise TransferError("a model that was built without values has none")

    return Stored(tuple(shape), named(dtype), read)


def _rest(framework: str, key: str, shape: list[int], dtype: str) -> Any:
    if framework == "torch" and key.endswith(_COUNTER):
        return np.zeros(shape, dtype)
    return _absent(shape, dtype)
