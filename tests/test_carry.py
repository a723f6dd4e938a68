"""What is carried arrives bit for bit, in whatever form a run was saved, and is not kept where it does not."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
import torch

from conformance.lanes import InProcessLane
from conformance.porting.inventory import Tensor
from conformance.porting.matching import Match
from conformance.transfer import TransferError, read_tree, write_tree
from conformance.transfer import check as carry_check
from conformance.transfer.carried import carried_state
from conformance.transfer.check import same
from conformance.transfer.plan import CarryError
from conformance.transfer.slots import OptimizerStateError
from reference_impl.paddle_impl import checkpoints as paddle_checkpoints
from reference_impl.paddle_impl import cnn as paddle_cnn
from reference_impl.paddle_impl import optimizers as paddle_optimizers
from reference_impl.torch_impl import checkpoints as torch_checkpoints
from reference_impl.torch_impl import cnn as torch_cnn
from reference_impl.torch_impl import optimizers as torch_optimizers
from tests.carrying import transfer
from tests.faults.fault import started_lanes
from tests.pairs import networks, transformer

PAIRS = Path(__file__).parent / "pairs"
CNN = """
from tests.pairs.networks import PaddleNet, TorchNet as torch_model
inputs = ("batch", 3, 16, 16)
def paddle_model():
    return PaddleNet({wrong!r})
"""
TWO_LAYERS = """
import paddle, torch
torch_model = lambda: torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))
paddle_model = lambda: paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 4))
inputs = ("batch", 4)
"""


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def pair(tmp_path: Path):
    """A pair file with this text."""

    def write(text: str) -> Path:
        path = tmp_path / "port.py"
        path.write_text(text, "utf-8")
        return path

    return write


def updated(model: torch.nn.Module, given: Any, optimizer: Any = None) -> Any:
    """An optimizer of torch after three updates."""
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.0)
    for _ in range(3):
        optimizer.zero_grad()
        out = model(given)
        (out[0] if isinstance(out, tuple) else out).square().sum().backward()
        optimizer.step()
    return optimizer


def updated_in_paddle(model: paddle.nn.Layer, given: Any, optimizer: Any = None) -> Any:
    """An optimizer of paddle after three updates."""
    optimizer = optimizer or paddle.optimizer.Adam(1e-3, parameters=model.parameters())
    for _ in range(3):
        optimizer.clear_grad()
        model(given).square().sum().backward()
        optimizer.step()
    return optimizer


def two_layers() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))


@pytest.mark.parametrize("name", ["cnn", "transformer"])
def test_there_and_back_gives_the_same_bytes(lanes, pair, tmp_path, name):
    torch.manual_seed(0)
    if name == "cnn":
        model, path, given = networks.TorchNet(), pair(CNN.format(wrong="")), torch.randn(4, 3, 16, 16)
    else:
        model, path, given = transformer.TorchTagger(), PAIRS / "transformer.py", torch.randint(0, 11, (4, 6))
    optimizer = updated(model, given)
    first, there, back = tmp_path / "a.pth", tmp_path / "b.pdparams", tmp_path / "c.pt"
    torch.save({"net": model.state_dict(), "optim": optimizer.state_dict(), "history": [1.5], "epoch": 3}, first)
    said = transfer(lanes, path, first, there)
    assert "in float64 both models give the same outputs" in said[-1]
    assert "carried as it is: history, epoch" in said
    transfer(lanes, path, there, back)
    one, other = read_tree(first), read_tree(back)
    counter = one["net"].pop("norm.num_batches_tracked", None)
    assert other["net"].pop("norm.num_batches_tracked", None) == (None if counter is None else 0)
    assert same(one, other)
    assert list(one) == list(other) == ["net", "optim", "history", "epoch"]


def test_the_table_says_which_tensor_went_where(lanes, pair, tmp_path):
    torch.save(networks.TorchNet().state_dict(), tmp_path / "a.pth")
    said = transfer(lanes, pair(CNN.format(wrong="")), tmp_path / "a.pth", tmp_path / "b.pdparams")
    rows = {line.split()[0]: line.split() for line in said[0].splitlines()}
    assert rows["norm.running_mean"] == ["norm.running_mean", "norm._mean", "[8]", "name"]
    assert rows["head.weight"] == ["head.weight", "head.weight", "[5,", "16]", "name", "transposed"]
    assert said[1] == "'norm.num_batches_tracked': not in paddle, left out"
    held = paddle.load(str(tmp_path / "b.pdparams"))
    assert held.keys() == networks.PaddleNet().state_dict().keys()


def test_files_of_their_own_for_the_optimizer(lanes, pair, tmp_path):
    path, model = pair(TWO_LAYERS), two_layers()
    optimizer = updated(model, torch.randn(3, 4))
    torch.save(model.state_dict(), tmp_path / "a.pth")
    torch.save(optimizer.state_dict(), tmp_path / "o.pth")
    there = {"optimizer": tmp_path / "o.pth", "optimizer_to": tmp_path / "o.pdopt"}
    said = transfer(lanes, path, tmp_path / "a.pth", tmp_path / "a.pdparams", **there)
    assert "optimizer: adam, step, m, v of 4 tensors after 3 updates, learning rate 0.001" in said
    held = paddle.load(str(tmp_path / "o.pdopt"))
    assert held["linear_0.w_0_moment1_0"].shape == [4, 4] and "linear_1.b_0_beta2_pow_acc_0" in held
    back = {"optimizer": tmp_path / "o.pdopt", "optimizer_to": tmp_path / "p.pth"}
    transfer(lanes, path, tmp_path / "a.pdparams", tmp_path / "b.pth", **back)
    assert same(read_tree(tmp_path / "o.pth"), read_tree(tmp_path / "p.pth"))
    assert same(read_tree(tmp_path / "a.pth"), read_tree(tmp_path / "b.pth"))


@pytest.mark.parametrize("nested", [False, True])
def test_paddle_s_names_are_those_that_the_file_says(lanes, pair, tmp_path, nested):
    """Something was made before the model, so that its parameters have other numbers."""
    paddle.nn.Linear(2, 2)
    model = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 4))
    optimizer = updated_in_paddle(model, paddle.randn([3, 4]))
    assert "linear_0.w_0_moment1_0" not in optimizer.state_dict()
    options: dict[str, Any] = {"optimizer_to": tmp_path / "o.pth"}
    if nested:
        paddle.save({"model": model.state_dict(), "opt": optimizer.state_dict()}, str(tmp_path / "a.pdparams"))
    else:
        paddle.save(model.state_dict(), str(tmp_path / "a.pdparams"))
        paddle.save(optimizer.state_dict(), str(tmp_path / "a.pdopt"))
        options["optimizer"] = tmp_path / "a.pdopt"
    transfer(lanes, pair(TWO_LAYERS), tmp_path / "a.pdparams", tmp_path / "b.pth", **options)
    state = torch.load(tmp_path / "o.pth", weights_only=True)["state"]
    name = model[1].weight.name
    moment = next(value for key, value in optimizer.state_dict().items() if key.startswith(f"{name}_moment2"))
    assert np.array_equal(state[2]["exp_avg_sq"].numpy(), moment.numpy().T)
    assert state[2]["step"] == 3.0


def test_a_file_of_safetensors_is_of_whom_its_names_fit(lanes, pair, tmp_path):
    path, model = pair(CNN.format(wrong="")), networks.TorchNet()
    torch.save({"model": model.state_dict(), "epoch": 3}, tmp_path / "a.pth")
    said = transfer(lanes, path, tmp_path / "a.pth", tmp_path / "b.safetensors")
    assert "left out, since .safetensors holds weights alone: epoch" in said
    assert "norm._mean" in read_tree(tmp_path / "b.safetensors")
    transfer(lanes, path, tmp_path / "b.safetensors", tmp_path / "c.safetensors")
    transfer(lanes, path, tmp_path / "b.safetensors", tmp_path / "c.pth")
    assert same(read_tree(tmp_path / "c.safetensors"), read_tree(tmp_path / "c.pth"))
    assert same(read_tree(tmp_path / "c.pth"), read_tree(tmp_path / "a.pth")["model"])
    transfer(lanes, path, tmp_path / "c.safetensors", tmp_path / "d.pdparams")
    assert same(read_tree(tmp_path / "d.pdparams"), read_tree(tmp_path / "b.safetensors"))


def test_this_project_s_checkpoints_become_what_the_frameworks_load(lanes, tmp_path):
    path = PAIRS / "simple_cnn.py"
    model = torch_cnn.SimpleCNN()
    optimizer = updated(model, torch.randn(2, 3, 32, 32))
    torch_checkpoints.save(tmp_path / "a.pth", model, optimizer, epoch=4)
    transfer(lanes, path, tmp_path / "a.pth", tmp_path / "a.pdparams")
    held = paddle.load(str(tmp_path / "a.pdparams"))
    with paddle.utils.unique_name.guard():
        other = paddle_cnn.SimpleCNN()
        other.set_state_dict(held["model"])
        made = paddle_optimizers.make_optimizer("adam", other.named_parameters(), 1e-3)
        made.set_state_dict(held["optimizer"])
        assert held["schedule"]["last_epoch"] == held["epoch"] == 4
        updated_in_paddle(other, paddle.randn([2, 3, 32, 32]), made)
    paddle_checkpoints.save(tmp_path / "b.pdparams", other, made, epoch=5)
    transfer(lanes, path, tmp_path / "b.pdparams", tmp_path / "b.pth")
    back = torch.load(tmp_path / "b.pth", weights_only=True)
    assert {int(entry["step"]) for entry in back["optimizer"]["state"].values()} == {6}
    again = torch_optimizers.make_optimizer("adam", model.named_parameters(), 1e-3)
    again.load_state_dict(back["optimizer"])
    assert back["schedule"]["last_epoch"] == 5


def test_other_hyperparameters_are_refused_and_another_learning_rate_is_said(lanes, pair, tmp_path):
    model = two_layers()
    optimizer = updated(model, torch.randn(2, 4), torch.optim.Adam(model.parameters(), lr=1e-2, betas=(0.8, 0.99)))
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pth")
    with pytest.raises(OptimizerStateError, match=r"beta1 0\.8 in the file, 0\.9 in paddle_optimizer; beta2 0\.99 in"):
        transfer(lanes, pair(TWO_LAYERS), tmp_path / "a.pth", tmp_path / "a.pdparams")
    assert not (tmp_path / "a.pdparams").exists()
    optimizer = updated(model, torch.randn(2, 4), torch.optim.Adam(model.parameters(), lr=1e-2))
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pth")
    said = transfer(lanes, pair(TWO_LAYERS), tmp_path / "a.pth", tmp_path / "a.pdparams")
    assert "paddle's optimizer keeps no learning rate: make yours with 0.01, not 0.001" in said
    assert ", and the learning rate, which is in no file of paddle\nwrote" in said[-1]


def test_nan_is_carried_and_said(lanes, pair, tmp_path):
    model = two_layers()
    with torch.no_grad():
        model[1].weight[2, 1] = float("nan")
    torch.save(model.state_dict(), tmp_path / "a.pth")
    said = transfer(lanes, pair(TWO_LAYERS), tmp_path / "a.pth", tmp_path / "a.pdparams")
    assert "1.weight holds NaN or infinity in 1 of 16 elements, carried as they are" in said
    assert np.isnan(read_tree(tmp_path / "a.pdparams")["1.weight"][1, 2])
    with torch.no_grad():
        model[1].bias[...] = float("nan")
    torch.save(model.state_dict(), tmp_path / "b.pth")
    said = transfer(lanes, pair(TWO_LAYERS), tmp_path / "b.pth", tmp_path / "b.pdparams")
    assert "both models give NaN throughout, so that running them shows nothing" in said[-1]


def test_another_dtype_and_a_prefix_of_data_parallel_are_said(lanes, pair, tmp_path):
    state = {f"module.{key}": value.half() for key, value in two_layers().state_dict().items()}
    torch.save(state, tmp_path / "a.pth")
    said = transfer(lanes, pair(TWO_LAYERS), tmp_path / "a.pth", tmp_path / "a.pdparams")
    assert "left out of the names in a.pth: 'module.'" in said
    assert any("are float16 in the file and float32 in the model, and written so" in line for line in said)
    assert read_tree(tmp_path / "a.pdparams")["0.weight"].dtype == np.float32


def test_a_dry_run_writes_nothing_and_force_replaces(lanes, pair, tmp_path):
    path, target = pair(TWO_LAYERS), tmp_path / "out" / "a.pdparams"
    target.parent.mkdir()
    torch.save(two_layers().state_dict(), tmp_path / "a.pth")
    said = transfer(lanes, path, tmp_path / "a.pth", target, dry_run=True)
    assert said[-1] == f"nothing was written: {target} would hold 4 arrays of weights"
    assert "1.weight" in said[0] and not list(target.parent.iterdir())
    target.write_text("old")
    transfer(lanes, path, tmp_path / "a.pth", target, force=True)
    assert read_tree(target).keys() == {"0.weight", "0.bias", "1.weight", "1.bias"}
    assert list(target.parent.iterdir()) == [target]


def test_weights_with_which_the_port_does_something_else_are_not_kept(lanes, pair, tmp_path):
    target = tmp_path / "out" / "a.pdparams"
    target.parent.mkdir()
    torch.save(networks.TorchNet().state_dict(), tmp_path / "a.pth")
    with pytest.raises(CarryError, match=r"other outputs with these weights: outputs\.0 differs by .* nothing is kept"):
        transfer(lanes, pair(CNN.format(wrong="leaky")), tmp_path / "a.pth", target)
    assert not list(target.parent.iterdir())


def one_bit(tree: dict[str, Any]) -> None:
    tree["model"]["1.bias"][0] = np.nextafter(tree["model"]["1.bias"][0], np.float32(9))


def one_moment(tree: dict[str, Any]) -> None:
    tree["optimizer"]["linear_1.b_0_moment2_0"][0] += 1.0


def no_key(tree: dict[str, Any]) -> None:
    tree["model"]["2.bias"] = tree["model"].pop("1.bias")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (one_bit, "paddle did not load what was written: 1.bias is another array; nothing is kept"),
        (one_moment, "the optimizer of paddle did not load what was written; nothing is kept"),
        (no_key, "paddle's set_state_dict leaves '1.bias' alone; nothing is kept"),
    ],
)
def test_a_file_that_does_not_hold_what_was_meant_is_not_kept(lanes, pair, tmp_path, monkeypatch, change, sentence):
    model, target = two_layers(), tmp_path / "out" / "a.pdparams"
    target.parent.mkdir()
    target.write_text("old")
    optimizer = updated(model, torch.randn(2, 4))
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pth")

    def write(path: Path, tree: dict[str, Any], framework: str) -> None:
        changed = {name: {key: np.copy(value) for key, value in part.items()} for name, part in tree.items()}
        change(changed)
        write_tree(path, changed)

    monkeypatch.setattr(carry_check, "_write", write)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # paddle's, of the key that it leaves alone
        with pytest.raises(CarryError) as caught:
            transfer(lanes, pair(TWO_LAYERS), tmp_path / "a.pth", target, force=True)
    assert str(caught.value) == sentence
    assert list(target.parent.iterdir()) == [target] and target.read_text() == "old"


def parts_of_one() -> list[Match]:
    """Torch's tensor of three parts, each of which is a tensor in paddle."""
    whole = Tensor("in", "a", "Linear", "weight", (2, 4), "same", "float32", True, False)
    return [
        Match(
            replace(whole, layer=f"a.{name}", part=(2 * place, 2 * place + 2), whole=(6, 4)),
            replace(whole, name=name, layer=name, layout="transposed"),
            "name",
        )
        for place, name in enumerate("qkv")
    ]


def test_the_state_of_parts_becomes_that_of_the_whole_and_back():
    rng = np.random.default_rng(0)
    moment = rng.random((6, 4))
    whole = {"in": {"step": np.int64(3), "m": moment}}
    parts = carried_state(whole, parts_of_one(), "paddle")
    assert parts.keys() == set("qkv") and all(part["step"] == 3 for part in parts.values())
    assert np.array_equal(parts["k"]["m"], moment[2:4].T)
    assert same(carried_state(parts, parts_of_one(), "torch"), whole)


def test_parts_that_were_not_updated_together_are_no_whole():
    parts = {name: {"step": np.int64(3), "m": np.ones((4, 2))} for name in "qkv"}
    with pytest.raises(TransferError, match=r"in is one tensor there, whose parts were updated unequally often.*v 4"):
        carried_state({**parts, "v": {**parts["v"], "step": np.int64(4)}}, parts_of_one(), "torch")
    with pytest.raises(TransferError, match="in is one tensor there, and the optimizer updated a part of it only"):
        carried_state({"q": {"m": np.ones((4, 2))}}, parts_of_one(), "torch")


@pytest.mark.parametrize("force", [False, True])
def test_of_two_files_that_cannot_both_be_written_none_is(lanes, pair, tmp_path, monkeypatch, force):
    model, out = two_layers(), tmp_path / "out"
    out.mkdir()
    saved = {"model": model.state_dict(), "optimizer": updated(model, torch.randn(2, 4)).state_dict()}
    torch.save(saved, tmp_path / "a.pth")
    files = [out / "a.pdparams", out / "a.pdopt"]
    for path in files if force else []:
        path.write_text("old")
    really = os.replace

    def fail(source: Any, target: Any) -> None:
        if Path(target) == files[1] and Path(source).name != "before":
            raise OSError(28, "No space left on device", str(source), None, str(target))
        really(source, target)

    monkeypatch.setattr(carry_check.os, "replace", fail)
    with pytest.raises(TransferError, match=r"cannot write .*a\.pdopt: No space left on device"):
        transfer(lanes, pair(TWO_LAYERS), tmp_path / "a.pth", files[0], optimizer_to=files[1], force=force)
    assert {path: path.read_text() for path in out.iterdir()} == (dict.fromkeys(files, "old") if force else {})


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    def refuse(**_: Any) -> str:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(carry_check.tempfile, "mkdtemp", refuse)
    with pytest.raises(TransferError, match=r"cannot write .*a\.pth: Read-only file system; choose a folder"):
        carry_check._beside(tmp_path / "a.pth").__enter__()
