"""Files in .safetensors are those of the safetensors library, both ways, and what it refuses is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load, save

from conformance.transfer import TransferError, read_tree, write_tree

CODES = ("?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8")
ARRAYS: dict[str, Any] = {
    **{f"of {code}": np.arange(6).reshape(1, 3, 2).astype(code) for code in CODES},
    "scalar": np.array(2.5, "f4"),
    "empty": np.zeros((0, 3), "f4"),
    "näme": np.array([np.nan, -0.0], "f4"),
}


def same(actual: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two states are equal bit for bit."""
    plain = [
        {key: (value.dtype, value.shape, value.tobytes()) for key, value in one.items()} for one in (actual, expected)
    ]
    return plain[0] == plain[1]


def test_each_reads_what_the_other_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_tree(path, ARRAYS)
    assert same(load(path.read_bytes()), ARRAYS)
    for metadata in (None, {"format": "pt"}, {"anything": "else"}):
        path.write_bytes(save(ARRAYS, metadata))
        assert same(read_tree(path), ARRAYS)
    write_tree(path, {})
    assert load(path.read_bytes()) == {} == read_tree(path)


def file(header: Any, data: bytes = bytes(8)) -> bytes:
    """A file with this header, a text or what JSON makes of it, and these bytes of arrays."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8), **more: Any) -> dict[str, Any]:
    """What a header says of an array."""
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}


DAMAGED = {
    "nothing": b"",
    "half a length": bytes(4),
    "a length beyond the file": (100).to_bytes(8, "little") + b"{}",
    "a length beyond the limit": (2**63).to_bytes(8, "little") + b"{}",
    "a list": file([]),
    "no JSON": file(b"{a"),
    "no UTF-8": file(b'{"\xff":1}'),
    "a nest without end": file(b'{"a":' * 100_000),
    "a number": file({"a": 1}),
    "no shape": file({"a": {"dtype": "F32", "data_offsets": [0, 8]}}),
    "a negative length": file({"a": entry(shape=(-2,))}),
    "a fraction": file({"a": entry(shape=(2.0,))}),
    "a text for a length": file({"a": entry(shape="2")}),
    "one offset": file({"a": entry(offsets=(8,))}),
    "another shape": file({"a": entry(shape=(3,))}),
    "offsets that fall": file({"a": entry(shape=(0,), offsets=(8, 0))}),
    "a length beyond 64 bits": file({"a": entry(shape=(2**63, 2**63))}),
    "a gap": file({"a": entry(shape=(1,), offsets=(4, 8))}),
    "an overlap": file({"a": entry(), "b": entry()}),
    "bytes left over": file({"a": entry(shape=(1,), offsets=(0, 4))}),
    "bytes missing": file({"a": entry()}, bytes(4)),
    "a name twice": file(b'{"a":%s,"a":%s}' % ((json.dumps(entry()).encode(),) * 2)),
    "metadata of numbers": file({"__metadata__": 1, "a": entry()}),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_refused_as_the_library_refuses_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(DAMAGED[name])
    if name != "a name twice":  # of which the library takes the last
        with pytest.raises((SafetensorError, ValueError)):
            load(path.read_bytes())
    with pytest.raises(
        TransferError, match=r"a\.safetensors cannot be read as \.safetensors: .* truncated, damaged or"
    ):
        read_tree(path)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (entry("F4", (16,)), "of type F4, which NumPy does not have; save it as F32 or BF16"),
        (entry("new"), "unknown variant `new`"),
        (entry("U8", (1,) * 70 + (8,)), "has 71 axes, and NumPy has 64"),
    ],
)
def test_what_numpy_does_not_have_is_told(tmp_path: Path, array: dict[str, Any], sentence: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(file({"a": array}))
    with pytest.raises(TransferError, match=sentence):
        read_tree(path)


def test_weights_of_another_framework_are_refused(tmp_path: Path) -> None:
    """A convolution from three channels by 3x3 has one shape in the layouts of MLX and of torch."""
    path = tmp_path / "a.safetensors"
    path.write_bytes(save({"weight": np.zeros((64, 3, 3, 3), "f4")}, {"format": "mlx"}))
    with pytest.raises(TransferError, match="it says that it is of mlx, which lays weights out otherwise"):
        read_tree(path)


def test_arrays_are_written_in_the_order_of_their_indices(tmp_path: Path) -> None:
    """The library's own writer takes them in the order of their memory."""
    square = np.arange(9, dtype="f4").reshape(3, 3)
    arrays = {"transposed": square.T, "fortran": np.asfortranarray(square), "reversed": square[::-1, ::2]}
    write_tree(tmp_path / "a.safetensors", arrays)
    assert same(load((tmp_path / "a.safetensors").read_bytes()), arrays)


@pytest.mark.parametrize("tree", [{"a": np.ones(1, "c16")}, {"__metadata__": np.ones(1, "f4")}])
def test_what_the_format_does_not_have_is_not_written(tmp_path: Path, tree: dict[str, Any]) -> None:
    with pytest.raises(TransferError, match=r"cannot be in \.safetensors; choose \.pth or \.pdparams"):
        write_tree(tmp_path / "a.safetensors", tree)
    assert not list(tmp_path.iterdir())
