"""Weights in several files with an index, and folders that hold one checkpoint.

``model.safetensors.index.json``, ``pytorch_model.bin.index.json`` and ``model_state.pdparams.index.json`` say which
file of their folder each tensor is in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .files import SUFFIXES, Found, kind_of, read_stored, suffix_of
from .rules import TransferError

INDEX = ".index.json"
_USUAL = ("model.safetensors", "pytorch_model.bin", "model_state.pdparams")
"""What the weights are called in a folder that holds a trainer's other files too."""


def located(path: Path) -> Path:
    """The file or the index that a person named, who may have named its folder.

    Raises TransferError for a folder that holds no checkpoint, or several.
    """
    if not path.is_dir():
        return path
    held = sorted(each for each in path.iterdir() if each.is_file())
    if any(each.suffix == ".distcp" for each in held):
        raise TransferError(
            f"{path} is a distributed checkpoint, of which each process wrote a part in a layout of its own; gather it "
            "in its framework (torch.distributed.checkpoint.format_utils.dcp_to_torch_save, or load_state_dict of "
            "paddle.distributed into the model) and save the state dict"
        )
    found = [each for each in held if each.name.endswith(INDEX)]
    found = found or [each for each in held if suffix_of(each) in SUFFIXES and suffix_of(each) != ".pdopt"]
    usual = [each for each in found if each.name in _USUAL or each.name.endswith(INDEX)]
    found = usual if len(usual) == 1 else found
    if len(found) != 1:
        names = ", ".join(each.name for each in found[:4])
        raise TransferError(f"{path} holds {names or 'no file of weights'}; name the one file or index that is meant")
    return found[0]


def kind_of_any(path: Path) -> str:
    """As :func:`~conformance.transfer.files.kind_of`, also of an index."""
    return kind_of(Path(path.name[: -len(INDEX)])) if path.name.endswith(INDEX) else kind_of(path)


def read(path: Path, tolerant: bool = False) -> Found:
    """As :func:`~conformance.transfer.files.read_stored`, also of an index and all its files.

    Raises TransferError, too, for an index whose files are missing or do not hold what it says.
    """
    if not path.name.endswith(INDEX):
        return read_stored(path, tolerant)
    told, size = _index(path)
    tree: dict[str, Any] = {}
    labels, names = set(), {}
    for name in sorted(set(told.values())):
        shard = path.parent / name
        if kind_of(shard) != kind_of_any(path):
            raise TransferError(f"{path} names {name}, which is of another format")
        if not shard.is_file():
            raise TransferError(f"{path} names {name}, which is not beside it; copy all of its files")
        found = read_stored(shard, tolerant)
        wanted = {key for key, place in told.items() if place == name}
        if not isinstance(found.tree, dict) or set(found.tree) != wanted:
            raise TransferError(f"{path} and {shard} are of two checkpoints: {_apart(wanted, found.tree)}")
        tree |= found.tree
        labels.add(found.label)
        names.update(found.names.get(None, {}))
    held = sum(getattr(each, "nbytes", 0) for each in tree.values())
    if size is not None and kind_of_any(path) == "safetensors" and size != held:
        raise TransferError(
            f"{path} says that its files hold {size:,} bytes of arrays, and they hold {held:,}: one of them is of "
            "another checkpoint; copy all of them again"
        )
    if len(labels) > 1:
        raise TransferError(f"the files of {path} say that they are of different frameworks")
    return Found(tree, labels.pop(), {None: names})


def _index(path: Path) -> tuple[dict[str, str], int | None]:
    """The file of each tensor, and how many bytes all of them have, where the index says so."""
    try:
        content = json.loads(path.read_text("utf-8"), object_pairs_hook=_without_repeats)
    except OSError as error:
        raise TransferError(f"cannot read {path}: {error.strerror or error}; check the path") from None
    except (ValueError, RecursionError) as error:
        raise TransferError(f"{path} cannot be read as an index: {error}; copy it again") from None
    told = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(told, dict) or not told or not all(isinstance(name, str) for name in told.values()):
        raise TransferError(
            f"{path} has no weight_map, which says the file of each tensor; name the weights themselves"
        )
    for name in told.values():
        if Path(name).name != name:
            raise TransferError(f"{path} names {name!r}, which is not a file beside it")
    metadata = content.get("metadata")
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    return told, size if isinstance(size, int) else None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the name {key!r} stands twice")
        found[key] = value
    return found


def _apart(wanted: Iterable[str], tree: Any) -> str:
    held = set(tree) if isinstance(tree, dict) else set()
    missing, extra = sorted(set(wanted) - held), sorted(map(str, held - set(wanted)))
    return f"the file lacks {missing[0]!r}" if missing else f"the file has {extra[0]!r} too" if extra else "no names"
