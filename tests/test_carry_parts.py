"""What is carried beside weights and optimizer: loss scalers, averaged copies and master weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
import torch

from conformance.lanes import InProcessLane
from conformance.porting.pair import PairError
from conformance.transfer import TransferError, scaler
from conformance.transfer.slots import OptimizerStateError
from tests.carrying import transfer
from tests.faults.fault import started_lanes

PAIR = """
import paddle, torch
torch_model = lambda: torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 3))
paddle_model = lambda: paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
inputs = ("batch", 4)
"""


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def port(tmp_path) -> Path:
    path = tmp_path / "port.py"
    path.write_text(PAIR, "utf-8")
    return path


def net() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 3))


def test_a_loss_scaler_is_carried_by_its_meaning_and_loaded(lanes, port, tmp_path):
    """Torch's state is made by hand, since its scaler is off without a GPU."""
    state = {"scale": 1024.0, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 50, "_growth_tracker": 7}
    model = net()
    torch.save({"model": model.state_dict(), "scaler": state}, tmp_path / "a.pth")
    said = transfer(lanes, port, tmp_path / "a.pth", tmp_path / "b.pdparams")
    assert "loss scaler: scale 1024, 7 steps without an overflow" in said
    held = paddle.load(str(tmp_path / "b.pdparams"))["scaler"]
    made = paddle.amp.GradScaler(init_loss_scaling=2.0)
    made._enable = True  # which it is where there is a GPU
    made.load_state_dict(held)
    found = made.state_dict()
    assert (float(np.asarray(found["scale"]).reshape(-1)[0]), found["incr_count"]) == (1024.0, 7)
    assert (found["incr_ratio"], found["decr_ratio"], found["incr_every_n_steps"]) == (4.0, 0.25, 50)
    transfer(lanes, port, tmp_path / "b.pdparams", tmp_path / "c.pth")
    assert torch.load(tmp_path / "c.pth", weights_only=True)["scaler"] == state


def test_a_loss_scaler_that_the_other_framework_cannot_be(tmp_path):
    state = {
        **{"scale": np.ones(1, "f4"), "incr_ratio": 2.0, "decr_ratio": 0.5, "incr_every_n_steps": 9, "incr_count": 0},
        **{"decr_every_n_nan_or_inf": 2, "decr_count": 0, "use_dynamic_loss_scaling": True},
    }
    with pytest.raises(TransferError, match="lowers its scale after 2 overflows, and torch's after each"):
        scaler.carried(tmp_path, state, "paddle")
    constant = {**state, "decr_every_n_nan_or_inf": 1, "use_dynamic_loss_scaling": False}
    with pytest.raises(TransferError, match="never changes its scale, which torch's does"):
        scaler.carried(tmp_path, constant, "paddle")
    with pytest.raises(TransferError, match="has no 'growth_factor', which a GradScaler of torch has"):
        scaler.carried(tmp_path, {"scale": 1.0}, "torch")
    assert scaler.carried(tmp_path, {}, "torch") == {}


def test_an_averaged_copy_is_carried_as_the_weights_are(lanes, port, tmp_path):
    model, average = net(), net()
    torch.save({"model": model.state_dict(), "ema": average.state_dict()}, tmp_path / "a.pth")
    said = transfer(lanes, port, tmp_path / "a.pth", tmp_path / "b.pdparams")
    assert "carried as the weights are: ema" in said
    held = paddle.load(str(tmp_path / "b.pdparams"))
    made = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
    assert made.set_state_dict(held["ema"]) == ([], [])
    given = torch.tensor(np.random.default_rng(0).random((2, 4), "f4"))
    expected = average(given).detach().numpy()
    assert np.abs(made(paddle.to_tensor(given.numpy())).numpy() - expected).max() < 1e-6


MASTERS = """
def paddle_optimizer(p):
    return paddle.optimizer.AdamW(1e-3, parameters=p, weight_decay=0.0, multi_precision=True)
def torch_optimizer(p):
    return torch.optim.AdamW(p, lr=1e-3, weight_decay=0.0)
"""


def half(folder: Path) -> Any:
    """A model in bfloat16 with master weights after three updates, which a GPU alone makes: its state is filled."""
    with paddle.utils.unique_name.guard():
        model = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
        model.to(dtype="bfloat16")
        made = paddle.optimizer.AdamW(1e-3, parameters=model.parameters(), weight_decay=0.0, multi_precision=True)
        made.helper = paddle.base.layer_helper.LayerHelper("AdamW")
        made._create_accumulators(paddle.static.default_main_program().global_block(), model.parameters())
    rng, state = np.random.default_rng(0), made.state_dict()
    for key, tensor in state.items():
        if "moment" in key:
            tensor.set_value(rng.random(tensor.shape, "f4") * np.float32(1e-3))
        elif "beta" in key:
            beta = 0.9 if "beta1" in key else 0.999
            tensor.set_value(np.multiply.accumulate(np.full(4, beta, "f4"))[-1:])
    own = {parameter.name: parameter for parameter in model.parameters()}
    for name, tensor in state["master_weights"].items():
        tensor.set_value(rng.standard_normal(tensor.shape).astype("f4"))
        own[name].set_value(tensor.astype("bfloat16"))
    paddle.save({"model": model.state_dict(), "optimizer": state}, str(folder / "a.pdparams"))
    return model, made


def test_master_weights_are_the_weights_of_a_model_in_float32(lanes, port, tmp_path):
    port.write_text(PAIR + MASTERS, "utf-8")
    model, made = half(tmp_path)
    said = transfer(lanes, port, tmp_path / "a.pdparams", tmp_path / "b.pth")
    assert "the weights are the optimizer's master weights, in float32: 4 tensors" in said
    held = torch.load(tmp_path / "b.pth", weights_only=True)
    masters = made.state_dict()["master_weights"]
    assert np.array_equal(held["model"]["0.weight"].numpy(), masters[model[0].weight.name].numpy().T)
    (moment,) = [
        value for key, value in made.state_dict().items() if key.startswith("linear_1.w_0") and "moment1" in key
    ]
    assert np.array_equal(held["optimizer"]["state"][2]["exp_avg"].numpy(), moment.numpy().T)
    assert {float(entry["step"]) for entry in held["optimizer"]["state"].values()} == {3.0}


def test_master_weights_of_another_run_are_refused(lanes, port, tmp_path):
    port.write_text(PAIR + MASTERS, "utf-8")
    model, made = half(tmp_path)
    model[1].bias.set_value(model[1].bias * 1.0625)
    paddle.save({"model": model.state_dict(), "optimizer": made.state_dict()}, str(tmp_path / "a.pdparams"))
    with pytest.raises(OptimizerStateError, match=r"master weights of '1\.bias' that are not its weights before they"):
        transfer(lanes, port, tmp_path / "a.pdparams", tmp_path / "b.pth")
    assert not (tmp_path / "b.pth").exists()


def test_master_weights_of_a_pair_in_half_precision_are_refused(lanes, port, tmp_path):
    halves = PAIR.replace("torch.nn.Linear(4, 3))", "torch.nn.Linear(4, 3)).bfloat16()")
    halves = halves.replace("paddle.nn.Linear(4, 3))", "paddle.nn.Linear(4, 3)).to(dtype='bfloat16')")
    port.write_text(halves + MASTERS, "utf-8")
    half(tmp_path)
    with pytest.raises(OptimizerStateError, match="float32 master weights, which torch's optimizers do not: make"):
        transfer(lanes, port, tmp_path / "a.pdparams", tmp_path / "b.pth")
    assert not (tmp_path / "b.pth").exists()


def test_a_model_that_writes_to_its_weights_is_refused(lanes, port, tmp_path):
    port.write_text(
        PAIR
        + """
class Writes(torch.nn.Sequential):
    def forward(self, x):
        with torch.no_grad():
            self[0].bias.add_(1.0)
        return super().forward(x)

torch_model = lambda: Writes(torch.nn.Linear(4, 4), torch.nn.Linear(4, 3))
""",
        "utf-8",
    )
    torch.save(net().state_dict(), tmp_path / "a.pth")
    with pytest.raises(PairError, match=r"torch_model writes to its '0\.bias' in forward"):
        transfer(lanes, port, tmp_path / "a.pth", tmp_path / "b.pdparams")
    assert not (tmp_path / "b.pdparams").exists()
