"""Checkpoints in every form that people have them in, saved by the frameworks and libraries themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
import safetensors.paddle
import safetensors.torch
import torch

from conformance.lanes import InProcessLane
from conformance.transfer import TransferError, read_tree, saved
from conformance.transfer.stored import at_hand
from tests.carrying import transfer
from tests.comparisons import bitwise
from tests.faults.fault import started_lanes

PAIR = """
import paddle, torch
def torch_model():
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 3))
def paddle_model():
    return paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.BatchNorm1D(4), paddle.nn.Linear(4, 3))
inputs = ("batch", 4)
"""


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    path = tmp_path / "port.py"
    path.write_text(PAIR, "utf-8")
    return path


def in_torch(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 3))
    model[1].running_mean.uniform_()
    return model


def in_paddle() -> paddle.nn.Layer:
    with paddle.utils.unique_name.guard():
        model = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.BatchNorm1D(4), paddle.nn.Linear(4, 3))
    model[1]._mean.set_value(paddle.rand([4]))
    return model


def arrays(model: Any) -> dict[str, np.ndarray]:
    """A model's state dict."""
    return {key: np.array(value.numpy()) for key, value in model.state_dict().items()}


def holds(state: Any, model: torch.nn.Module, without: tuple[str, ...] = ()) -> None:
    """Whether paddle's state dict is a torch model's."""
    names = {"1.running_mean": "1._mean", "1.running_var": "1._variance"}
    expected = {
        names.get(key, key): array.T.copy() if array.ndim == 2 else array
        for key, array in arrays(model).items()
        if not key.endswith("tracked") and key not in without
    }
    bitwise({key: np.array(value.numpy()) for key, value in state.items()}, expected)


def index(folder: Path, name: str, save: Callable[[dict[str, Any], Path], object], state: dict[str, Any]) -> Path:
    """A state dict in two files with an index, as Hugging Face's and PaddleNLP's libraries write it."""
    stem, suffix = name.split(".", 1)
    keys = list(state)
    told: dict[str, str] = {}
    for number, part in enumerate((keys[::2], keys[1::2]), 1):
        shard = f"{stem}-{number:05d}-of-00002.{suffix}"
        save({key: state[key] for key in part}, folder / shard)
        told |= dict.fromkeys(part, shard)
    size = sum(value.numpy().nbytes for value in state.values())
    path = folder / f"{name}.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": told}), "utf-8")
    return path


def lightning(model: torch.nn.Module, **more: Any) -> dict[str, Any]:
    """What Lightning's trainer saves of a module that keeps the network as ``model``."""
    return {
        "epoch": 3,
        "global_step": 300,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"model.{key}": value for key, value in model.state_dict().items()},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 4}}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5), "dirpath": "x"}},
        "optimizer_states": [],
        "lr_schedulers": [],
        **more,
    }


def wrapped(model: torch.nn.Module) -> dict[str, Any]:
    return {f"module._orig_mod.{key}": value for key, value in model.state_dict().items()}


def average(model: torch.nn.Module) -> dict[str, Any]:
    return torch.optim.swa_utils.AveragedModel(model).state_dict()


OF_TORCH: dict[str, tuple[str, Callable[[torch.nn.Module, Path], object]]] = {
    "bare": ("a.pth", lambda model, path: torch.save(model.state_dict(), path)),
    "tar": ("a.pth.tar", lambda model, path: torch.save({"epoch": 1, "state_dict": model.state_dict()}, path)),
    "bin": ("pytorch_model.bin", lambda model, path: torch.save(model.state_dict(), path)),
    "legacy": (
        "a.pt",
        lambda model, path: torch.save(
            {"model": model.state_dict(), "epoch": 1}, path, _use_new_zipfile_serialization=False
        ),
    ),
    "lightning": ("a.ckpt", lambda model, path: torch.save(lightning(model), path)),
    "prefixes": ("a.pth", lambda model, path: torch.save(wrapped(model), path)),
    "average": ("a.pth", lambda model, path: torch.save(average(model), path)),
    "parameters": ("a.pth", lambda model, path: torch.save(model.state_dict(keep_vars=True), path)),
    "safetensors": ("a.safetensors", lambda model, path: safetensors.torch.save_file(model.state_dict(), path)),
    "shards of safetensors": (
        "model.safetensors.index.json",
        lambda model, path: index(path.parent, "model.safetensors", safetensors.torch.save_file, model.state_dict()),
    ),
    "shards of bin": (
        "pytorch_model.bin.index.json",
        lambda model, path: index(path.parent, "pytorch_model.bin", torch.save, model.state_dict()),
    ),
    "folder": ("", lambda model, path: safetensors.torch.save_file(model.state_dict(), path / "model.safetensors")),
}


@pytest.mark.parametrize("form", OF_TORCH)
def test_forms_of_torch_become_what_paddle_loads(lanes: Any, pair: Path, tmp_path: Path, form: str) -> None:
    name, save = OF_TORCH[form]
    model, folder, target = in_torch(), tmp_path / "from", tmp_path / "b.pdparams"
    folder.mkdir()
    save(model, folder / name if name else folder)
    said = transfer(lanes, pair, folder / name if name else folder, target)
    assert any("verified" in line for line in said), said
    loaded = paddle.load(str(target))
    state = next((loaded[key] for key in ("state_dict", "model") if key in loaded), loaded)
    holds(state, model)
    assert in_paddle().set_state_dict(state) == ([], [])


def pdiparams(model: paddle.nn.Layer, path: Path) -> None:
    model.eval()
    spec = [paddle.static.InputSpec([None, 4], "float32")]
    paddle.jit.save(model, str(path.with_suffix("")), input_spec=spec)


OF_PADDLE: dict[str, tuple[str, Callable[[paddle.nn.Layer, Path], object]]] = {
    "bare": ("a.pdparams", lambda model, path: paddle.save(model.state_dict(), str(path))),
    "parts": ("a.pdparams", lambda model, path: paddle.save({"model": model.state_dict(), "epoch": 1}, str(path))),
    "program": ("a.pdiparams", pdiparams),
    "safetensors": ("a.safetensors", lambda model, path: safetensors.paddle.save_file(model.state_dict(), path)),
    "shards": (
        "model_state.pdparams.index.json",
        lambda model, path: index(
            path.parent, "model_state.pdparams", lambda part, to: paddle.save(part, str(to)), model.state_dict()
        ),
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", OF_PADDLE)
def test_forms_of_paddle_become_what_torch_loads(lanes: Any, pair: Path, tmp_path: Path, form: str) -> None:
    name, save = OF_PADDLE[form]
    model, folder, target = in_paddle(), tmp_path / "from", tmp_path / "b.pth"
    folder.mkdir()
    save(model, folder / name)
    said = transfer(lanes, pair, folder / name, target)
    assert any("verified" in line for line in said), said
    loaded = torch.load(target, weights_only=True)
    state, back = loaded.get("model", loaded), in_torch()
    back.load_state_dict(state)
    holds(model.state_dict(), back)


def test_a_program_s_arrays_are_those_that_paddle_loads_itself(tmp_path: Path) -> None:
    """Several of one shape, which a wrong order would exchange."""
    with paddle.utils.unique_name.guard():
        model = paddle.nn.Sequential(*(paddle.nn.Linear(3, 3) for _ in range(12)))
    model.eval()
    spec = [paddle.static.InputSpec([None, 3], "float32")]
    paddle.jit.save(model, str(tmp_path / "a"), input_spec=spec)
    found = read_tree(tmp_path / "a.pdiparams")
    bitwise(found, {value.name: np.array(value.numpy()) for value in model.state_dict().values()})
    theirs = paddle.jit.load(str(tmp_path / "a")).state_dict().values()
    assert sorted(map(np.ndarray.tobytes, found.values())) == sorted(value.numpy().tobytes() for value in theirs)


OLD = """
import os, sys
os.environ["FLAGS_enable_pir_api"] = "0"
import paddle
layers = [paddle.nn.Linear(3, 3) for _ in range(12)]
model = paddle.nn.Sequential(*layers, paddle.nn.BatchNorm1D(3))
model.eval()
paddle.jit.save(model, sys.argv[1], input_spec=[paddle.static.InputSpec([None, 3], "float32")])
paddle.save(model.state_dict(), sys.argv[1] + ".pdparams")
"""


def test_a_program_of_paddle_2_has_its_keys_in_a_file_beside_it(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", OLD, str(tmp_path / "a")], check=True, capture_output=True)
    assert (tmp_path / "a.pdmodel").exists() and not (tmp_path / "a.json").exists()
    bitwise(read_tree(tmp_path / "a.pdiparams"), read_tree(tmp_path / "a.pdparams"))


def test_paddle_s_slices_of_a_large_array_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paddle's own cut, with a smaller limit than its 4 GB."""
    from paddle.framework import io_utils

    whole = {"w": np.arange(1000, dtype="f4").reshape(10, 100), "b": np.ones(3, "f4")}
    cut = getattr(io_utils, "_unpack_saved_dict")  # noqa: B009
    monkeypatch.setitem(cut.__globals__, "int", lambda _: 300)  # the count that one piece may have
    state = cut(dict(whole), 2)
    monkeypatch.undo()
    assert "UnpackBigParamInfor@@" in state
    import pickle

    (tmp_path / "a.pdparams").write_bytes(pickle.dumps(state, 2))
    bitwise(read_tree(tmp_path / "a.pdparams"), whole)
    loaded = paddle.load(str(tmp_path / "a.pdparams"), return_numpy=True)
    bitwise(loaded, whole)


class Harmless:
    """A class that no reader of weights knows."""


def test_foreign_classes_in_what_is_not_wanted_are_left_out_and_said(lanes: Any, pair: Path, tmp_path: Path) -> None:
    model, source = in_torch(), tmp_path / "a.ckpt"
    torch.save(lightning(model, hyper_parameters={"net": Harmless(), "lr": 0.1}), source)
    said = transfer(lanes, pair, source, tmp_path / "b.pdparams")
    assert any("left out: hyper_parameters, which holds tests.test_transfer_forms.Harmless" in line for line in said)
    loaded = paddle.load(str(tmp_path / "b.pdparams"))
    assert loaded["epoch"] == 3 and "hyper_parameters" not in loaded
    torch.save({"model": {"0.weight": Harmless()}}, source)
    with pytest.raises(TransferError, match=r"a\.ckpt is refused: it names tests\.test_transfer_forms\.Harmless;"):
        saved.read(source)
    torch.save({"model": model.state_dict(), "optimizer": {"state": {0: Harmless()}}}, source)
    with pytest.raises(TransferError, match="is refused: its optimizer names tests"):
        saved.read(source)


def test_averaged_copies_are_carried_like_the_model(lanes: Any, pair: Path, tmp_path: Path) -> None:
    model, other = in_torch(), in_torch(1)
    torch.save({"model": model.state_dict(), "ema": average(other), "epoch": 2}, tmp_path / "a.pth")
    said = transfer(lanes, pair, tmp_path / "a.pth", tmp_path / "b.pdparams")
    loaded = paddle.load(str(tmp_path / "b.pdparams"))
    holds(loaded["model"], model)
    holds(loaded["ema"], other)
    assert list(loaded) == ["model", "ema", "epoch"], said


def test_lightning_s_optimizer_and_averaged_weights_are_found(tmp_path: Path) -> None:
    model, other = in_torch(), in_torch(1)
    optimizer = torch.optim.Adam(model.parameters())
    parts = {"optimizer_states": [optimizer.state_dict()], "lr_schedulers": [{"last_epoch": 2, "_last_lr": [0.1]}]}
    more = {"current_model_state": lightning(model)["state_dict"], "averaging_state": {"n_averaged": torch.tensor(1)}}
    torch.save({**lightning(other, **parts), **more}, tmp_path / "a.ckpt")
    found = saved.read(tmp_path / "a.ckpt")
    bitwise(at_hand(found.weights), {f"model.{key}": array for key, array in arrays(model).items()})
    bitwise(at_hand(found.ema["averaged"]), {f"model.{key}": array for key, array in arrays(other).items()})
    assert found.optimizer["param_groups"][0]["lr"] == 1e-3 and found.schedule["last_epoch"] == 2
    torch.save(lightning(model, optimizer_states=[{}, {}]), tmp_path / "a.ckpt")
    assert any(
        "left out: optimizer_states, of which there are 2" in note for note in saved.read(tmp_path / "a.ckpt").notes
    )


def spoiled(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """An index with a change."""
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


FIRST, SECOND = (f"model-0000{number}-of-00002.safetensors" for number in (1, 2))
BAD_SHARDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: (path.parent / SECOND).unlink(), f"names {SECOND}, which is not beside it; copy all"),
    "truncated": (
        lambda path: truncated(path.parent / SECOND),
        f"{SECOND} cannot be read as .safetensors: .*truncated",
    ),
    "of other names": (
        lambda path: safetensors.torch.save_file({"other": torch.ones(1)}, path.parent / SECOND),
        "are of two checkpoints: the file lacks '0.bias'",
    ),
    "too many": (
        lambda path: spoiled(path, lambda content: content["weight_map"].pop("0.bias")),
        "are of two checkpoints: the file has '0.bias' too",
    ),
    "of another size": (
        lambda path: spoiled(path, lambda content: content["metadata"].update(total_size=1)),
        "one of them is of another checkpoint",
    ),
    "elsewhere": (
        lambda path: spoiled(path, lambda content: content["weight_map"].update({"0.bias": "../a.safetensors"})),
        "names '../a.safetensors', which is not a file beside it",
    ),
    "of another format": (
        lambda path: spoiled(path, lambda content: content["weight_map"].update({"0.bias": "a.bin"})),
        "names a.bin, which is of another format",
    ),
    "no map": (lambda path: path.write_text("{}"), "has no weight_map"),
    "no index": (lambda path: path.write_text("{"), "cannot be read as an index"),
    "a name twice": (lambda path: path.write_text('{"weight_map": {"a": "x", "a": "y"}}'), "the name 'a' stands twice"),
}


@pytest.mark.parametrize("fault", BAD_SHARDS)
def test_an_index_that_its_files_do_not_fit_is_refused(tmp_path: Path, fault: str) -> None:
    spoil, sentence = BAD_SHARDS[fault]
    path = index(tmp_path, "model.safetensors", safetensors.torch.save_file, in_torch().state_dict())
    saved.read(path)
    spoil(path)
    with pytest.raises(TransferError, match=sentence):
        saved.read(path)


def test_folders_that_hold_no_checkpoint_or_several(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="holds no file of weights; name the one file"):
        saved.read(tmp_path)
    for name in ("pytorch_model.bin", "optimizer.pt", "training_args.bin"):  # as a trainer leaves them
        torch.save(in_torch().state_dict() if name == "pytorch_model.bin" else {}, tmp_path / name)
    assert saved.read(tmp_path).path == tmp_path / "pytorch_model.bin"
    (tmp_path / "pytorch_model.bin").unlink()
    for name in ("a.pth", "b.pth"):
        torch.save(in_torch().state_dict(), tmp_path / name)
    with pytest.raises(TransferError, match=r"holds a\.pth, b\.pth, .*; name the one file"):
        saved.read(tmp_path)
    (tmp_path / "__0_0.distcp").touch()
    with pytest.raises(TransferError, match="is a distributed checkpoint"):
        saved.read(tmp_path)


def test_a_program_s_arrays_without_their_program_or_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.pdiparams"
    pdiparams(in_paddle(), path)
    program, content = (tmp_path / "a.json").read_bytes(), path.read_bytes()
    (tmp_path / "a.json").unlink()
    with pytest.raises(TransferError, match=r"holds no names, and neither a\.json nor a\.pdiparams\.info"):
        saved.read(path)
    (tmp_path / "a.json").write_bytes(program)
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(TransferError, match=r"a\.pdiparams cannot be read as \.pdiparams"):
            saved.read(path)


PREFIXES = [
    (["module.a", "module.b"], ["module."]),
    (["module._orig_mod.a", "module._orig_mod.b"], ["_orig_mod.", "module."]),
    (["model.a", "model.b"], ["model."]),
    (["module.model.a", "module.model.b", "n_averaged"], ["module.", "model."]),
    (["_orig_mod.module.a", "b"], ["_orig_mod.", "module."]),
    (["a", "b"], []),
]


@pytest.mark.parametrize(("keys", "removed"), PREFIXES)
def test_prefixes_of_wrappers_are_left_out(keys: list[str], removed: list[str]) -> None:
    from conformance.transfer.prefixes import unwrapped

    names, told = unwrapped(dict.fromkeys(keys), [["a", "b"]])
    assert (list(names.values()), told) == (["a", "b"], removed)
    with pytest.raises(TransferError, match=r"are both '.*a' once the prefixes are gone"):
        unwrapped(dict.fromkeys((*keys, "module.a", "model.a")), [["a", "b"]])


def test_a_name_that_only_looks_like_a_prefix_stays() -> None:
    from conformance.transfer.prefixes import unwrapped

    state = {"model.a": 1, "model.b": 2}
    assert unwrapped(state, [["model.a", "model.b"]]) == ({"model.a": "model.a", "model.b": "model.b"}, [])
    assert unwrapped({"module.model.a": 1}, [["model.a"]])[0] == {"module.model.a": "model.a"}
    assert unwrapped({"model.other": 1}, [["a"]]) == ({"model.other": "model.other"}, [])
