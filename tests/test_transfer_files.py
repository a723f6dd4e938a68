"""Weights and checkpoints survive files bit for bit, in every format, with and without the frameworks."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.transfer import (
    TransferError,
    convert_file,
    from_paddle,
    from_torch,
    load_into_paddle,
    optimizer_to_paddle,
    optimizer_to_portable,
    places,
    read_state,
    read_tree,
    to_paddle,
    to_portable,
    write_atomically,
    write_state,
    write_tree,
)
from conformance.transfer.unpickle import DEPTH_LIMIT

BITS = np.array([0x80000000, 1, 0x807FFFFF, 0x7F800000, 0x7FC12345, 0xFF812345, 0x7F800001], np.uint32)
TREE: dict[str, Any] = {
    "model": {"a.b.weight": BITS.view(np.float32), "empty": np.zeros((0, 3), "f4"), "scalar": np.array(2.5)},
    "optimizer": {"state": {0: {"step": 3, "m": [np.ones((2, 3)), np.arange(4)]}}, "betas": (0.9, 0.999)},
    "epoch": 3,
    "rate": 1e-3,
    "name": "näme.with.dots",
    "flags": [True, False, None],
    "dtypes": {
        code: np.ones((2, 1), code) for code in ("?", "u1", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16")
    },
    "unsigned": [np.ones(3, code) for code in ("u2", "u4", "u8")],
}


@pytest.fixture(name="in_torch")
def torch_model(torch: Any) -> Any:
    """Has a square linear, statistics, and a recurrent layer, whose tensors paddle lists twice."""
    nn = torch.nn
    return nn.ModuleDict({"linear": nn.Linear(3, 3), "norm": nn.BatchNorm1d(3), "lstm": nn.LSTM(3, 4, 2)})


@pytest.fixture(name="in_paddle")
def paddle_model(paddle: Any) -> Any:
    nn = paddle.nn
    layers = {"linear": nn.Linear(3, 3), "norm": nn.BatchNorm1D(3), "lstm": nn.LSTM(3, 4, num_layers=2)}
    return nn.LayerDict(layers)


def assert_same(actual: Any, expected: Any) -> None:
    """Equal to the bit, container types included."""
    assert type(actual) is type(expected)
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key in expected:
            assert_same(actual[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, np.ndarray):
        assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
        assert actual.tobytes() == expected.tobytes()
        assert actual.flags.writeable
    else:
        assert actual == expected


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".pdparams", ".pdopt"])
def test_trees_round_trip(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"checkpoint{suffix}"
    tree = {**TREE, "unsigned": []} if suffix.startswith(".pd") else TREE  # which paddle has not
    write_tree(path, tree)
    assert_same(read_tree(path), tree)
    assert os.listdir(tmp_path) == [path.name]


def test_flat_trees_round_trip_in_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_tree(path, TREE["model"])
    assert_same(read_tree(path), TREE["model"])


def test_what_frameworks_save_is_read_and_what_is_written_they_load(
    tmp_path: Path, torch: Any, paddle: Any, in_torch: Any, in_paddle: Any
) -> None:
    torch.save({"model": in_torch.state_dict(), "epoch": 1}, tmp_path / "theirs.pth")
    ours = read_tree(tmp_path / "theirs.pth")
    assert_same(ours["model"], {key: value.numpy() for key, value in in_torch.state_dict().items()})
    write_tree(tmp_path / "ours.pth", ours)
    loaded = torch.load(tmp_path / "ours.pth", weights_only=True)
    assert loaded["epoch"] == 1
    in_torch.load_state_dict(loaded["model"])

    for protocol in (2, 3, 4):
        for content in (in_paddle.state_dict(), {"model": in_paddle.state_dict(), "epoch": 1}):
            paddle.save(content, str(tmp_path / "theirs.pdparams"), protocol=protocol)
            ours = read_tree(tmp_path / "theirs.pdparams")
            expected = {key: value.numpy() for key, value in in_paddle.state_dict().items()}
            assert_same(ours["model"] if "model" in content else ours, expected)
    write_tree(tmp_path / "ours.pdparams", ours)
    loaded = paddle.load(str(tmp_path / "ours.pdparams"))
    assert loaded["epoch"] == 1
    assert in_paddle.set_state_dict(loaded["model"]) == ([], [])


def test_torch_tensors_of_unusual_layout_are_read(tmp_path: Path, torch: Any) -> None:
    base = torch.arange(24.0).reshape(2, 3, 4)
    tensors = {
        "view": base[1, :, 1:3],
        "transposed": base.permute(2, 0, 1),
        "parameter": torch.nn.Parameter(base),
        "unsigned": torch.arange(3).to(torch.uint16),
        "size": base.shape,
    }
    torch.save(tensors, tmp_path / "a.pth")
    ours = read_tree(tmp_path / "a.pth")
    assert tuple(ours.pop("size")) == (2, 3, 4)
    assert_same(ours, {key: np.ascontiguousarray(tensors[key].detach().numpy()) for key in ours})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    tree = {"a": np.arange(6.0).reshape(2, 3).T, "big": 1 << 70, "f": np.float32(1.5), "x": (1,), "b": -1, "t": True}
    (tmp_path / "a.pdparams").write_bytes(pickle.dumps(tree, protocol))
    expected = {**tree, "a": np.ascontiguousarray(tree["a"]), "f": 1.5}
    assert_same(read_tree(tmp_path / "a.pdparams"), expected)


def test_tensors_that_paddle_cut_are_joined(tmp_path: Path) -> None:
    value = np.arange(6, dtype="f4")
    note = {"w": {"OriginShape": (2, 3), "slices": ["w@@.0", "w@@.1"]}}
    cut = {"w@@.0": value[:4], "w@@.1": value[4:], "UnpackBigParamInfor@@": note, "StructuredToParameterName@@": {}}
    (tmp_path / "a.pdparams").write_bytes(pickle.dumps(cut, 2))
    assert_same(read_tree(tmp_path / "a.pdparams"), {"w": value.reshape(2, 3)})
    del cut["w@@.1"]
    (tmp_path / "a.pdparams").write_bytes(pickle.dumps(cut, 2))
    with pytest.raises(TransferError, match="table of cut tensors"):
        read_tree(tmp_path / "a.pdparams")


@pytest.mark.parametrize("source", [".pth", ".pdparams", ".safetensors"])
@pytest.mark.parametrize("target", [".pth", ".pdparams", ".safetensors"])
def test_files_convert_with_the_model_of_either_side(
    tmp_path: Path, source: str, target: str, in_torch: Any, in_paddle: Any
) -> None:
    state = from_torch(in_torch)
    write_state(tmp_path / f"in{source}", state, in_torch)
    convert_file(tmp_path / f"in{source}", tmp_path / f"out{target}", in_paddle)
    back = read_state(tmp_path / f"out{target}", in_torch)
    if ".pdparams" in (source, target):
        del state["norm.num_batches_tracked"]
    assert_same(back, state)


def test_paddle_reads_a_converted_file_by_itself(
    tmp_path: Path, torch: Any, paddle: Any, in_torch: Any, in_paddle: Any
) -> None:
    torch.save(in_torch.state_dict(), tmp_path / "a.pth")
    convert_file(tmp_path / "a.pth", tmp_path / "a.pdparams", in_torch)
    assert in_paddle.set_state_dict(paddle.load(str(tmp_path / "a.pdparams"))) == ([], [])
    np.testing.assert_array_equal(in_paddle["linear"].weight.numpy(), in_torch["linear"].weight.detach().numpy().T)
    np.testing.assert_array_equal(in_paddle["norm"]._mean.numpy(), in_torch["norm"].running_mean.numpy())
    assert_same(from_paddle(in_paddle), read_state(tmp_path / "a.pdparams", in_paddle))


def test_layout_is_never_guessed(tmp_path: Path, in_torch: Any, in_paddle: Any) -> None:
    state = from_paddle(in_paddle)
    with pytest.raises(TransferError, match="pass the model"):
        write_state(tmp_path / "a.pdparams", state)
    write_state(tmp_path / "a.pdparams", state, in_paddle)
    with pytest.raises(TransferError, match="does not say which weights are linear; pass the model"):
        read_state(tmp_path / "a.pdparams")
    write_state(tmp_path / "a.safetensors", state, in_paddle, layout="paddle")
    assert_same(read_state(tmp_path / "a.safetensors", in_paddle), state)
    write_tree(tmp_path / "a.safetensors", to_paddle(state, places(in_paddle)))
    with pytest.raises(TransferError, match="does not say which framework's layout"):
        read_state(tmp_path / "a.safetensors", in_paddle)
    assert_same(read_state(tmp_path / "a.safetensors", in_torch, layout="paddle"), state)
    with pytest.raises(TransferError, match="cannot have layout 'jax'"):
        read_state(tmp_path / "a.safetensors", layout="jax")


def test_a_paddle_state_must_fit_the_model(in_paddle: Any) -> None:
    where = places(in_paddle)
    good = to_paddle(from_paddle(in_paddle), where)
    assert_same(to_portable(good, where), from_paddle(in_paddle))
    with pytest.raises(TransferError, match=r"linear\.bias \(3,\) is missing"):
        to_portable({key: value for key, value in good.items() if key != "linear.bias"}, where)
    with pytest.raises(TransferError, match=r"other \(1,\) is left over"):
        to_portable({**good, "other": np.zeros(1, "f4")}, where)
    with pytest.raises(TransferError, match=r"norm\._mean has shape \(4,\) and the model needs \(3,\)"):
        to_portable({**good, "norm._mean": np.zeros(4, "f4")}, where)
    alias = "lstm.0.cell.weight_ih"
    with pytest.raises(TransferError, match=r"lstm\.0\.cell\.weight_ih and lstm\.weight_ih_l0 are one tensor"):
        to_portable({**good, alias: good[alias] + 1}, where)


def test_a_checkpoint_is_not_a_state(tmp_path: Path) -> None:
    write_tree(tmp_path / "a.pth", TREE)
    with pytest.raises(TransferError, match=r"'model' is a dict, not an array.*read_tree"):
        read_state(tmp_path / "a.pth")
    write_tree(tmp_path / "a.pth", [1])
    with pytest.raises(TransferError, match="a list is not a state dict"):
        read_state(tmp_path / "a.pth")


def test_optimizer_state_moves_like_its_parameters(in_torch: Any, in_paddle: Any) -> None:
    moment = np.arange(9, dtype="f4").reshape(3, 3)
    state = {"linear.weight": {"m": moment, "step": np.array(3.0), "count": 3}, "norm.bias": {"m": moment[0]}}
    for where in (places(in_torch), places(in_paddle)):
        moved = optimizer_to_paddle(state, where)
        np.testing.assert_array_equal(moved["linear.weight"]["m"], moment.T)
        assert_same(optimizer_to_portable(moved, where), state)
    with pytest.raises(TransferError, match=r"'m' of linear\.bias has shape \(2,\) and its parameter \(3,\)"):
        optimizer_to_paddle({"linear.bias": {"m": np.zeros(2)}}, where)
    with pytest.raises(TransferError, match="'nothing', which is no paddle parameter"):
        optimizer_to_portable({"nothing": {}}, where)
    with pytest.raises(TransferError, match="no counterpart in paddle"):
        optimizer_to_paddle({"norm.num_batches_tracked": {"m": np.array(1)}}, places(in_torch))


UNWRITABLE: dict[str, tuple[Any, str]] = {
    "object": ({"a": [object()]}, r"\['a'\]\[0\] is a object"),
    "object array": ({"a": np.array([None])}, r"\['a'\] is a ndarray"),
    "key": ({1.5: 1}, "it is a dict"),
    "set": ({"a": {1}}, r"\['a'\] is a set"),
    "paddle's mark": ({"a": ("name", np.zeros(1))}, "paddle's mark of a tensor"),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_only_plain_data_is_written_and_the_old_file_stays(tmp_path: Path, case: str) -> None:
    path = tmp_path / "a.pdparams"
    write_tree(path, {"old": 1})
    tree, message = UNWRITABLE[case]
    with pytest.raises(TransferError, match=message):
        write_tree(path, tree)
    assert read_tree(path) == {"old": 1}
    assert os.listdir(tmp_path) == ["a.pdparams"]


def test_bottomless_trees_are_not_written(tmp_path: Path) -> None:
    tree: list[Any] = []
    tree.append(tree)
    with pytest.raises(TransferError, match=f"nests deeper than {DEPTH_LIMIT} levels"):
        write_tree(tmp_path / "a.pth", tree)


def test_numpy_numbers_become_numbers_and_byte_order_native(tmp_path: Path) -> None:
    write_tree(tmp_path / "a.pth", {"n": np.float32(0.1), "i": np.int64(3), "a": np.arange(3, dtype=">f4")})
    expected = {"n": float(np.float32(0.1)), "i": 3, "a": np.arange(3, dtype="f4")}
    assert_same(read_tree(tmp_path / "a.pth"), expected)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("x")])
def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write(stream: Any) -> None:
        stream.write(b"half")
        raise failure

    with pytest.raises(TransferError if isinstance(failure, OSError) else type(failure)):
        write_atomically(path, write)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_reader_of_the_old_file_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pdparams"
    write_tree(path, {"old": 1})
    content = path.read_bytes()
    with open(path, "rb") as reader:
        write_tree(path, {"new": np.zeros(100)})
        assert reader.read() == content
    assert list(read_tree(path)) == ["new"]


def test_written_files_have_ordinary_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_tree(tmp_path / "a.pdparams", {})
    assert (tmp_path / "a.pdparams").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_paths_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.pth").mkdir()
    for bad, message in (
        (tmp_path / "none.pth", "cannot read .*No such file"),
        (tmp_path / "folder.pth", "cannot read .*directory"),
        (tmp_path / "weights.onnx", "has the suffix '.onnx'; name it .pth"),
    ):
        with pytest.raises(TransferError, match=message):
            read_tree(bad)
    for bad, message in (
        (tmp_path / "none" / "a.pdparams", "cannot write .*No such file.*choose a folder"),
        (tmp_path / "file" / "a.pdparams", "cannot write .*Not a directory"),
        (tmp_path / "folder.pth", "cannot write .*directory"),
        (tmp_path / "weights", "has the suffix ''"),
    ):
        with pytest.raises(TransferError, match=message):
            write_tree(bad, {})
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.pth"]


def test_neither_framework_is_imported_to_read_or_to_write_but_pth(tmp_path: Path) -> None:
    write_tree(tmp_path / "a.pth", {"w": np.ones(2, "f4")})
    program = (
        "import sys; from conformance.transfer import *; folder = sys.argv[1]\n"
        "state = read_state(folder + '/a.pth'); write_tree(folder + '/a.pdparams', state)\n"
        "write_state(folder + '/a.safetensors', read_tree(folder + '/a.pdparams'))\n"
        "read_state(folder + '/a.safetensors')\n"
        "print(sorted({'torch', 'paddle'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert result.stdout.strip() == "[]"


def test_a_state_loads_from_a_file_into_the_other_framework(tmp_path: Path, in_torch: Any, in_paddle: Any) -> None:
    write_state(tmp_path / "a.pth", from_torch(in_torch))
    load_into_paddle(in_paddle, read_state(tmp_path / "a.pth"))
    state = from_torch(in_torch)
    del state["norm.num_batches_tracked"]
    assert_same(from_paddle(in_paddle), state)
