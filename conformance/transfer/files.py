"""Weights and checkpoints in files: .pth, .pdparams and .safetensors, read safely and written whole or not at all.

A file is a tree: dicts, lists, tuples, numbers, strings and NumPy arrays. Neither reading nor writing needs a
framework, and nothing that a file names is run. A state dict is a tree of depth one; `read_state` and
`write_state` turn it into the portable form, for which a paddle file needs the model: nothing in the file says which
weights are linear.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from . import dtypes, paddle_format, pdiparams_format, safetensors_format, torch_format
from .convert import Portable, to_paddle, to_portable
from .places import Place, places
from .rules import LayerRule, TransferError
from .stored import Stored, at_hand
from .unpickle import DEPTH_LIMIT, DamagedError, RefusedError, UnsupportedError

FilePath = str | os.PathLike[str]
Tree = Any

SUFFIXES = {
    **dict.fromkeys((".pth", ".pt", ".pth.tar", ".bin", ".ckpt"), "torch"),
    **dict.fromkeys((".pdparams", ".pdopt"), "paddle"),
    ".pdiparams": "paddle",
    ".safetensors": "safetensors",
}


_UNLOADABLE = {
    **dict.fromkeys(dtypes.FLOAT8, "gives as int8 without a mark; write .safetensors, which safetensors.paddle loads"),
    **dict.fromkeys(("uint32", "uint64"), "does not take; save it as int64"),
    "uint16": "gives as bfloat16; save it as int32",
}
"""What paddle.load makes of dtypes that its files cannot say."""


def read_tree(path: FilePath) -> Tree:
    """Return what the file holds: plain containers, numbers, strings and NumPy arrays, in the file's own layout.

    Raises TransferError for a missing, truncated or damaged file, an unknown or wrong suffix, and for a pickle that
    asks for anything but plain data; nothing in such a file is run.
    """
    return at_hand(read_stored(Path(path)).tree)


def write_tree(path: FilePath, tree: Tree) -> None:
    """Write plain containers, numbers, strings and NumPy arrays to `path`; an existing file is replaced in one step.

    The suffix chooses the format; .safetensors holds one flat dict of arrays. Raises TransferError for a tree
    with anything else in it or a folder that cannot be written; the file at `path` is then as it was.
    """
    _write(Path(path), tree, None)


def read_state(
    path: FilePath, model: Any = None, rules: Iterable[LayerRule] = (), layout: str | None = None
) -> Portable:
    """Return the portable state held in a file of weights.

    `model`: a torch or paddle model with the file's layers, or its `places(model)`; needed when the file is in paddle's
    layout. `layout`, "torch" or "paddle", says so for a .safetensors file without a format label. Raises
    TransferError as `read_tree` does, and when keys, shapes or dtypes do not fit the model.
    """
    path = Path(path)
    found = read_stored(path)
    layout = _known_layout(path, layout or found.label)
    state = _require_flat(path, at_hand(found.tree))
    if layout == "torch":
        return state
    if model is None:
        raise TransferError(f"{path} is in paddle's layout and does not say which weights are linear; pass the model")
    try:
        return to_portable(state, _as_places(model, rules))
    except TransferError as error:
        raise TransferError(f"{path}: {error}") from None


def write_state(
    path: FilePath, portable: Portable, model: Any = None, rules: Iterable[LayerRule] = (), layout: str | None = None
) -> None:
    """Write a portable state to `path`, in paddle's names and layout for .pdparams, in torch's otherwise.

    `model` is as for `read_state`, needed for paddle's layout; `layout` overrides torch's for .safetensors.
    """
    path = Path(path)
    kind = kind_of(path)
    layout = _known_layout(path, layout or ("torch" if kind == "safetensors" else kind))
    state = _require_flat(path, portable)
    if layout == "paddle":
        if model is None:
            raise TransferError(f"{path} would be in paddle's layout; pass the model, to tell which weights are linear")
        state = to_paddle(state, _as_places(model, rules))
    _write(path, state, layout)


def convert_file(source: FilePath, target: FilePath, model: Any, rules: Iterable[LayerRule] = ()) -> None:
    """Convert a file of weights into the format of `target`'s suffix; `model`, of either framework, has its layers."""
    model_places = _as_places(model, rules)
    write_state(target, read_state(source, model_places), model_places)


def write_atomically(path: FilePath, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then move it there: a reader sees the old file or the new one.

    Raises TransferError when the folder cannot be written or the disk is full; `path` is then as it was.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        advice = "make room there, or choose another disk" if is_full else "choose a folder that can be written"
        raise TransferError(f"cannot write {path}: {error.strerror or error}; {advice}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


class Found(NamedTuple):
    """What a file holds: a tree with arrays that are still in it, the framework that it is of, and paddle's names."""

    tree: Tree
    label: str | None
    names: paddle_format.Names


def read_stored(path: Path, tolerant: bool = False) -> Found:
    """As :func:`read_tree`, with arrays that are still in the file.

    tolerant: what is of other classes becomes :class:`~conformance.transfer.unpickle.Foreign` in place of a refusal.
    """
    kind = kind_of(path)
    label, names = kind, {}
    if kind == "safetensors":
        tree, label = _told(path, lambda: safetensors_format.read(path))
    elif suffix_of(path) == ".pdiparams":
        tree = _told(path, lambda: pdiparams_format.read(path))
    elif kind == "torch":
        tree = _told(path, lambda: torch_format.read(path, tolerant))
    else:
        tree, names = _told(path, lambda: paddle_format.read(path, tolerant))
    return Found(_telling(path, tree), label, names)


def _told(path: Path, read: Callable[[], Any]) -> Any:
    """What ``read`` returns, or a sentence about why it does not."""
    try:
        return read()
    except OSError as error:
        raise TransferError(f"cannot read {path}: {error.strerror or error}; check the path") from None
    except RefusedError as error:
        raise TransferError(
            f"{path} is refused: {error}; a file of weights holds arrays in plain containers, and nothing of this one "
            "was run. Save the state dict instead of the object, or get the file from a source you trust"
        ) from None
    except UnsupportedError as error:
        raise TransferError(f"cannot read {path}: {error}") from None
    except DamagedError as error:
        raise TransferError(
            f"{path} cannot be read as {suffix_of(path)}: {error}; it is truncated, damaged or misnamed. Copy it again"
        ) from None


def _telling(path: Path, tree: Tree) -> Tree:
    """A tree whose stored arrays raise TransferError, too, where they cannot be read."""
    if isinstance(tree, Stored):
        return Stored(tree.shape, tree.dtype, lambda: _told(path, tree.read))
    if isinstance(tree, dict):
        return {key: _telling(path, item) for key, item in tree.items()}
    return type(tree)(_telling(path, item) for item in tree) if type(tree) in (list, tuple) else tree


def _write(path: Path, tree: Tree, layout: str | None) -> None:
    kind = kind_of(path)
    if suffix_of(path) == ".pdiparams":
        raise TransferError(f"cannot write {path}: paddle.jit.save alone writes a program; write a .pdparams")
    tree = _checked(path, tree, kind == "paddle")
    if kind == "safetensors":
        flat = _require_flat(path, tree)
        write_atomically(path, lambda stream: safetensors_format.write(stream, flat, layout))
    else:
        write_atomically(path, lambda stream: (torch_format if kind == "torch" else paddle_format).write(stream, tree))


def suffix_of(path: Path) -> str:
    """The suffix of a file, in lower case; of two parts for .pth.tar."""
    name = path.name.lower()
    return ".pth.tar" if name.endswith(".pth.tar") else path.suffix.lower()


def kind_of(path: Path) -> str:
    """ "torch", "paddle" or "safetensors", as the suffix says. Raises TransferError for another suffix."""
    kind = SUFFIXES.get(suffix_of(path))
    if kind is None:
        raise TransferError(f"{path} has the suffix {path.suffix!r}; name it {', '.join(SUFFIXES)}")
    return kind


def _known_layout(path: Path, layout: str | None) -> str:
    if layout not in ("torch", "paddle"):
        said = "does not say which framework's layout it is in" if layout is None else f"cannot have layout {layout!r}"
        raise TransferError(f"{path} {said}; pass layout='torch' or layout='paddle'")
    return layout


def _as_places(model: Any, rules: Iterable[LayerRule]) -> Mapping[str, Place]:
    return model if isinstance(model, Mapping) else places(model, rules)


def _require_flat(path: Path, tree: Tree) -> Portable:
    if not isinstance(tree, Mapping):
        raise TransferError(f"{path}: a {type(tree).__name__} is not a state dict; pass a dict of arrays by name")
    for key, value in tree.items():
        if not isinstance(key, str) or not isinstance(value, np.ndarray | Stored):
            raise TransferError(
                f"{path}: {key!r} is a {type(value).__name__}, not an array, so this is not a state dict; "
                "if it is a training checkpoint, use read_tree and take the model's part"
            )
    return dict(tree)


def _checked(path: Path, tree: Tree, is_paddle: bool, where: str = "", depth: int = 0) -> Tree:
    if depth > DEPTH_LIMIT:
        raise TransferError(f"cannot write {path}: {where} nests deeper than {DEPTH_LIMIT} levels; flatten it")
    if is_paddle and isinstance(tree, np.ndarray | Stored) and tree.dtype.name in _UNLOADABLE:
        name, given = tree.dtype.name, _UNLOADABLE[tree.dtype.name]
        raise TransferError(f"cannot write {path}: {where} is {name}, which paddle.load {given}")
    if isinstance(tree, Stored):
        return tree
    if isinstance(tree, np.ndarray) and tree.dtype.name in dtypes.EXTRA:
        return tree
    if isinstance(tree, np.ndarray) and tree.dtype.kind in "biufc":
        return np.asarray(tree, tree.dtype.newbyteorder("="), order="C")
    if isinstance(tree, np.generic) and tree.dtype.kind in "biufc":
        return tree.item()
    if isinstance(tree, Mapping) and all(type(key) in (str, int) for key in tree):
        return {key: _checked(path, item, is_paddle, f"{where}[{key!r}]", depth + 1) for key, item in tree.items()}
    if type(tree) in (list, tuple):
        items = [_checked(path, item, is_paddle, f"{where}[{index}]", depth + 1) for index, item in enumerate(tree)]
        if type(tree) is list:
            return items
        if not (is_paddle and paddle_format.is_tensor(tuple(items))):
            return tuple(items)
        raise TransferError(
            f"cannot write {path}: {where} is a (text, array) tuple, paddle's mark of a tensor; use a list"
        )
    if type(tree) in (str, int, float, bool, type(None)):
        return tree
    raise TransferError(
        f"cannot write {path}: {where or 'it'} is a {type(tree).__name__}; convert it to plain data first"
    )
