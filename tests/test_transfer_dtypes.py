"""A number means in the written file what it meant in the one that was read, whatever its dtype is called there."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import paddle
import pytest
import safetensors.paddle
import safetensors.torch
import torch

from conformance.porting.paddle_side import arrays as paddle_arrays
from conformance.porting.torch_side import arrays as torch_arrays
from conformance.transfer import TransferError, dtypes, read_tree, saved, write_tree
from conformance.transfer.carried import by_tensor
from tests.carrying import transfer
from tests.comparisons import bitwise
from tests.faults.fault import started_lanes

VALUES = [[1.5, -0.6875, 0.0, -0.0], [float("inf"), float("nan"), 2.0**-120, 3.0]]
TORCH = ("bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128")
WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")
PADDLE = ("bfloat16", "float16", "float32", "float64", "complex64", "complex128", *WHOLE[:6])
FLOAT8 = ("float8_e4m3fn", "float8_e5m2")


def of_dtype(name: str) -> np.ndarray:
    """Values with which a dtype that was taken for another shows."""
    if name in WHOLE:
        return np.array([[0, 1, 3, 100], [1, 0, 2, 127]]).astype(name)
    return np.array(VALUES).astype(dtypes.named(name))


@pytest.mark.parametrize("name", (*TORCH, *WHOLE))
@pytest.mark.parametrize("legacy", [False, True])
def test_what_torch_saves_is_read_and_what_is_written_it_loads(tmp_path: Path, name: str, legacy: bool) -> None:
    array = of_dtype(name)
    tensor = torch_arrays.to_tensor(array)
    bitwise({"w": torch_arrays.to_array(tensor)}, {"w": array})
    state = {"w": tensor, "part": tensor[:, 1:3], "turned": tensor.t(), "one": tensor[0, 1], "none": tensor[:0]}
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    expected = {key: torch_arrays.to_array(value) for key, value in state.items()}
    found = read_tree(tmp_path / "a.pth")
    bitwise(found, expected)
    write_tree(tmp_path / "b.pth", found)
    for options in ({}, {"mmap": True}):
        loaded = torch.load(tmp_path / "b.pth", weights_only=True, **options)
        bitwise({key: torch_arrays.to_array(value) for key, value in loaded.items()}, expected)
        assert all(loaded[key].dtype == tensor.dtype for key in state)


@pytest.mark.parametrize("name", PADDLE)
def test_what_paddle_saves_is_read_by_the_model_s_dtype_and_what_is_written_it_loads(tmp_path: Path, name: str) -> None:
    array = of_dtype(name)
    paddle.save({"w": paddle_arrays.to_tensor(array)}, str(tmp_path / "a.pdparams"))
    found = {"w": dtypes.meant(read_tree(tmp_path / "a.pdparams")["w"], array.dtype, "w")}
    bitwise(found, {"w": array})
    write_tree(tmp_path / "b.pdparams", found)
    loaded = paddle.load(str(tmp_path / "b.pdparams"))["w"]
    assert str(loaded.dtype) == f"paddle.{name}"
    bitwise({"w": paddle_arrays.to_array(loaded)}, {"w": array})


@pytest.mark.parametrize("name", [each for each in (*TORCH, *WHOLE) if each != "complex128"])
def test_safetensors_hold_each_dtype_as_the_loaders_of_both_frameworks_have_it(tmp_path: Path, name: str) -> None:
    array, path = of_dtype(name), tmp_path / "a.safetensors"
    safetensors.torch.save_file({"w": torch_arrays.to_tensor(array)}, path)
    found = read_tree(path)
    bitwise(found, {"w": array})
    write_tree(path, {"w": np.asfortranarray(found["w"]), "turned": found["w"].T})
    loaded = safetensors.torch.load_file(path)
    bitwise({key: torch_arrays.to_array(value) for key, value in loaded.items()}, {"w": array, "turned": array.T})
    if name in (*PADDLE, *FLOAT8) and name != "complex64":
        bitwise({"w": paddle_arrays.to_array(safetensors.paddle.load_file(path)["w"])}, {"w": array})


def test_a_conjugated_and_a_negated_view_are_read_as_what_they_are(tmp_path: Path) -> None:
    tensor = torch.tensor([1 + 2j, 3 - 4j])
    for view in (tensor.conj(), tensor.conj().imag, tensor.conj()[1:]):
        torch.save({"w": view}, tmp_path / "a.pth")
        bitwise(read_tree(tmp_path / "a.pth"), {"w": view.resolve_conj().resolve_neg().numpy()})


def jagged() -> Any:
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])


class Own(torch.Tensor):
    """A subclass, which may mean anything by its numbers."""


UNSUPPORTED = {
    "sparse": (lambda: torch.eye(2).to_sparse(), "a sparse tensor: save it with to_dense"),
    "compressed": (lambda: torch.eye(2).to_sparse_csr(), "a sparse tensor: save it with to_dense"),
    "quantised": (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "a quantised tensor: save"),
    "nested": (jagged, "a nested tensor: save its parts"),
    "meta": (lambda: torch.ones(2, device="meta"), "a tensor on the meta device, which has no values"),
    "subclass": (lambda: torch.ones(2).as_subclass(Own), "of the subclass tests.test_transfer_dtypes.Own"),
    "half complex": (lambda: torch.ones(2, dtype=torch.complex32), "torch.complex32"),
    "half a byte": (lambda: torch.zeros(2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2), "torch.float4_e2m1fn_x2"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", UNSUPPORTED)
def test_tensors_that_are_no_plain_arrays_are_refused_with_what_to_do(tmp_path: Path, case: str) -> None:
    make, sentence = UNSUPPORTED[case]
    torch.save({"w": make()}, tmp_path / "a.pth")
    with pytest.raises(TransferError, match=rf"a\.pth.*{sentence}"):
        saved.read(tmp_path / "a.pth")


def test_attributes_of_a_tensor_are_no_part_of_its_values(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.arange(3.0))
    parameter.mine = 1
    plain = torch.arange(3.0)
    plain.mine = 1
    torch.save({"parameter": parameter, "plain": plain}, tmp_path / "a.pth")
    bitwise(read_tree(tmp_path / "a.pth"), {"parameter": plain.numpy(), "plain": plain.numpy()})


def test_arrays_of_numpy_arrive_in_this_machine_s_order_whatever_theirs_was(tmp_path: Path) -> None:
    array = np.arange(6, dtype=">f4").reshape(2, 3)
    paddle.save({"big": array, "fortran": np.asfortranarray(array)}, str(tmp_path / "a.pdparams"))
    found = read_tree(tmp_path / "a.pdparams")
    bitwise(found, dict.fromkeys(("big", "fortran"), array.astype("f4")))
    assert all(each.flags.c_contiguous for each in found.values())


DECIDED = [
    ("uint16", "bfloat16", None),
    ("uint16", "float32", None),
    ("uint16", "int32", r"'w' is uint16 in the file, which is bfloat16 to paddle, and int32 in the model"),
    ("int8", "float8_e4m3fn", None),
    ("int8", "float8_e5m2", None),
    ("int8", "int8", None),
    ("int8", "float32", "paddle saves float8 as int8 without saying which float8, so its meaning cannot be decided"),
    ("float32", "int64", "which is not the same kind of number"),
    ("int64", "float32", "which is not the same kind of number"),
    ("bool", "float32", "which is not the same kind of number"),
    ("float32", "bfloat16", None),
    ("float64", "float32", None),
    ("int64", "int32", None),
]


@pytest.mark.parametrize(("kept", "model", "sentence"), DECIDED)
def test_what_a_dtype_of_paddle_s_means_is_decided_by_the_model_or_not_at_all(
    kept: str, model: str, sentence: str | None
) -> None:
    """-0.6875 is 48944 in the bits of bfloat16 and -77 in those of one float8; the other holds -0.625 as -71."""
    numbers = {"uint16": 48944, "int8": -71 if model == "float8_e5m2" else -77, "int64": 48944, "bool": 1}
    meaning = -0.625 if model == "float8_e5m2" else -0.6875
    held, own = {"w": np.array([numbers.get(kept, -0.6875)]).astype(kept)}, np.zeros(1, dtypes.named(model))
    if sentence:
        with pytest.raises(TransferError, match=sentence):
            by_tensor(held, {"w": "w"}, {"w": own}, "paddle")
        return
    found = by_tensor(held, {"w": "w"}, {"w": own}, "paddle")[0]["w"]
    assert found.dtype == own.dtype
    assert float(found[0]) == (meaning if dtypes.kind(own.dtype) == "f" else numbers[kept])


def test_numbers_beyond_the_model_s_dtype_are_refused() -> None:
    for array, model in (
        (np.array([1e300]), "float32"),
        (np.array([1e6], "f4"), "float16"),
        (np.array([2**40]), "int32"),
    ):
        with pytest.raises(TransferError, match=f"its numbers are beyond {model} of the model"):
            by_tensor({"w": array}, {"w": "w"}, {"w": np.zeros(1, model)}, "torch")
    special = np.array([np.inf, np.nan, 1.0], "f4")
    bitwise(by_tensor({"w": special}, {"w": "w"}, {"w": np.zeros(3, "f2")}, "torch")[0], {"w": special.astype("f2")})


PAIR = """
import paddle, torch
def torch_model():
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)).to(torch.{dtype})
def paddle_model():
    model = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
    model.to(dtype="{dtype}")
    return model
inputs = ("batch", 4)
"""


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_model_of_half_precision_goes_there_and_back_through_every_format(tmp_path: Path, dtype: str) -> None:
    lanes, pair = started_lanes(), tmp_path / "port.py"
    pair.write_text(PAIR.format(dtype=dtype), "utf-8")
    kind = getattr(torch, dtype)
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)).to(kind)
    torch.save(model.state_dict(), tmp_path / "a.pth")
    road = ("a.pth", "b.pdparams", "c.safetensors", "d.safetensors", "e.bin")
    for source, target in itertools.pairwise(road):
        said = transfer(lanes, pair, tmp_path / source, tmp_path / target)
        assert "bit for bit" in said[-1]
    layers = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
    layers.to(dtype=dtype)
    assert layers.set_state_dict(paddle.load(str(tmp_path / "b.pdparams"))) == ([], [])
    assert str(layers[1].weight.dtype) == f"paddle.{dtype}"
    bitwise({"w": paddle_arrays.to_array(layers[1].weight)}, {"w": torch_arrays.to_array(model[1].weight).T.copy()})
    loaded = torch.load(tmp_path / "e.bin", weights_only=True)
    assert all(torch.equal(loaded[key], value) and value.dtype == kind for key, value in model.state_dict().items())


def test_a_paddle_model_s_float8_is_refused_where_paddle_could_not_load_it(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match=r"'w'\] is float8_e4m3fn, which paddle\.load gives as int8 without"):
        write_tree(tmp_path / "a.pdparams", {"w": np.ones(2, ml_dtypes.float8_e4m3fn)})
    with pytest.raises(TransferError, match=r"'w'\] is uint16, which paddle\.load gives as bfloat16"):
        write_tree(tmp_path / "a.pdparams", {"w": np.ones(2, "u2")})
    assert not list(tmp_path.iterdir())


def test_the_checkpoint_keeps_the_file_s_dtypes(tmp_path: Path) -> None:
    state = {"a": torch.ones(2, dtype=torch.bfloat16), "b": torch.ones(2)}
    torch.save(state, tmp_path / "a.pth")
    found = saved.read(tmp_path / "a.pth").weights
    assert [array.dtype.name for array in found.values()] == ["bfloat16", "float32"]
