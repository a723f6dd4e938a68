"""A checkpoint larger than memory is carried tensor by tensor: what is written is what was meant, or is not kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
import safetensors.paddle
import safetensors.torch
import torch

from conformance.lanes import InProcessLane
from conformance.porting.pair import PairError
from conformance.transfer import TransferError, check, large
from conformance.transfer.plan import CarryError
from tests.carrying import transfer
from tests.comparisons import bitwise
from tests.faults.fault import started_lanes

PAIR = """
import paddle, torch
class InTorch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(4, 2, batch_first=True)
        self.norm = torch.nn.BatchNorm1d(4)
        self.head = torch.nn.Linear(4, 4, bias=False)
class InPaddle(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.attention = paddle.nn.MultiHeadAttention(4, 2)
        self.norm = paddle.nn.BatchNorm1D(4)
        self.head = paddle.nn.Linear(4, 4, bias_attr=False)
torch_model = lambda: InTorch().to(torch.bfloat16)
def paddle_model():
    paddle.set_default_dtype("bfloat16")
    try:
        return InPaddle()
    finally:
        paddle.set_default_dtype("float32")
inputs = ("batch", 4)
"""


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pair whose models have no forward pass, which nothing may ask for, on a machine without memory."""
    monkeypatch.setattr(large, "memory", lambda: 100)
    path = tmp_path / "port.py"
    path.write_text(PAIR, "utf-8")
    return path


def saved(folder: Path) -> dict[str, torch.Tensor]:
    """A state dict of the torch model, in a file."""
    names: dict[str, Any] = {}
    exec(PAIR, names)
    state = names["torch_model"]().state_dict()
    safetensors.torch.save_file(state, folder / "a.safetensors")
    return state


def test_weights_go_there_and_back_without_a_model_that_runs(lanes: Any, pair: Path, tmp_path: Path) -> None:
    state = saved(tmp_path)
    places = [tmp_path / f"{name}.safetensors" for name in "abc"]
    said = transfer(lanes, pair, places[0], places[1])
    assert "safetensors.paddle gives every array bit for bit" in said[-1] and "the models did not run" in said[-1]
    assert "verified" not in said[-1]
    loaded = safetensors.paddle.load_file(places[1])
    key = loaded["attention.k_proj.weight"].astype("float32").numpy()
    bitwise({"w": key}, {"w": state["attention.in_proj_weight"][4:8].T.float().contiguous().numpy()})
    assert str(loaded["head.weight"].dtype) == "paddle.bfloat16"
    transfer(lanes, pair, places[1], places[2])
    back = safetensors.torch.load_file(places[2])
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], value) and back[name].dtype == value.dtype for name, value in state.items())


def test_what_needs_the_values_is_refused(lanes: Any, pair: Path, tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(
        TransferError, match=r"a\.safetensors is too large for both models to run.* name a \.safetensors"
    ):
        transfer(lanes, pair, tmp_path / "a.safetensors", tmp_path / "b.pdparams")
    assert not (tmp_path / "b.pdparams").exists()
    pair.write_text(PAIR.replace("return InPaddle()", "return InPaddle().to(dtype='float32')"), "utf-8")
    with pytest.raises(PairError, match=r"paddle_model cannot be built without values .*; a dtype is set by"):
        transfer(lanes, pair, tmp_path / "a.safetensors", tmp_path / "b.safetensors")


def test_a_file_that_does_not_hold_what_was_meant_is_not_kept(
    lanes: Any, pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path)
    write = check._write

    def one_bit(path: Path, *rest: Any) -> None:
        write(path, *rest)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)

    monkeypatch.setattr(check, "_write", one_bit)
    with pytest.raises(CarryError, match=r"safetensors\.paddle did not load what was written: .* is another array"):
        transfer(lanes, pair, tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    assert not (tmp_path / "b.safetensors").exists()


PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from conformance.porting.inventory import Tensor
from conformance.porting.matching import Match
from conformance.transfer import saved, safetensors_format, files
from conformance.transfer.carried import by_tensor, carried, special

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024

folder, kind = Path(sys.argv[1]), sys.argv[2]
saved.SMALL = 0
before = peak()
found = saved.read(folder / f"a.{kind}")
keys = {name: name for name in found.weights}
values, _ = by_tensor(found.weights, keys, found.weights, "torch")
special(values)
def tensor(name, layout):
    return Tensor(name, name, "Linear", "weight", values[name].shape, layout, "float32", True, False)
matches = [Match(tensor(name, "same"), tensor(name, "transposed"), "name") for name in values]
moved = carried(values, matches, "paddle")
for suffix in sys.argv[3:]:
    files.write_tree(folder / f"b.{suffix}", moved)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from Linux's /proc")
@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_no_more_than_some_tensors_are_in_memory_at_once(tmp_path: Path, kind: str) -> None:
    """128 MB, changed in layout and written in each format, within 60 MB beside the imports."""
    state = {str(number): torch.full((1024, 2048), float(number)) for number in range(16)}
    if kind == "safetensors":
        safetensors.torch.save_file(state, tmp_path / "a.safetensors")
    else:
        torch.save(state, tmp_path / "a.pth")
    root = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), kind, "safetensors", "pth", "pdparams"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60, done.stdout
    loaded = safetensors.torch.load_file(tmp_path / "b.safetensors")
    assert all(bool((loaded[name] == value[0, 0]).all()) for name, value in state.items())
    assert all(bool((value == state[name][0, 0]).all()) for name, value in torch.load(tmp_path / "b.pth").items())
    read = paddle.load(str(tmp_path / "b.pdparams"), return_numpy=True)
    assert all(bool(np.all(value == float(name))) for name, value in read.items())
    for path in tmp_path.iterdir():
        path.unlink()
