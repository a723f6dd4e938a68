"""What no update and no output of a file shows is tried with other values and over more steps, or is not verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import paddle
import pytest
import torch

from conformance.lanes import InProcessLane
from conformance.porting.pair import load
from conformance.transfer.plan import CarryError
from conformance.transfer.slots import OptimizerStateError
from tests.carrying import transfer
from tests.faults.fault import started_lanes

PAIR = """
import paddle, torch

class TorchModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = torch.nn.Linear(6, 3), torch.nn.Linear(6, 3)
        self.own, self.gate = torch.nn.Parameter(torch.randn(6, 6)), torch.nn.Parameter(torch.zeros(1))
        {torch_more}

    def forward(self, x):
        {torch_forward}

class PaddleModel(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.first, self.last = paddle.nn.Linear(6, 3), paddle.nn.Linear(6, 3)
        self.own, self.gate = self.create_parameter([6, 6]), self.create_parameter([1])
        {paddle_more}

    def forward(self, x):
        {paddle_forward}

def torch_model():
    return TorchModel(){torch_dtype}

def paddle_model():
    return PaddleModel(){paddle_dtype}

inputs = ("batch", 6)

def torch_optimizer(parameters):
    return torch.optim.AdamW(parameters, lr=1e-2)

def paddle_optimizer(parameters):
    return paddle.optimizer.AdamW({rate}, parameters=parameters, weight_decay=0.01{settings})
"""
PLAIN = {
    "torch_more": "",
    "paddle_more": "",
    "torch_forward": "return self.first(x) + self.gate * self.last(x @ self.own)",
    "paddle_forward": "return self.first(x) + self.gate * self.last(x @ self.own)",
    "torch_dtype": "",
    "paddle_dtype": "",
    "rate": "1e-2",
    "settings": "",
}
TRANSPOSED = {"paddle_forward": "return self.first(x) + self.gate * self.last(x @ self.own.t())"}
IN_TRAINING = {
    "torch_forward": "return self.first(x) + (self.last(x @ self.own) * self.gate if self.training else 0.0)",
    "paddle_forward": "return self.first(x) + (self.last(x @ self.own.t()) * self.gate if self.training else 0.0)",
}
NORMED = {
    "torch_more": "self.norm = torch.nn.BatchNorm1d(3)",
    "torch_forward": "return self.norm(self.first(x)) + self.gate * self.last(x @ self.own)",
    "paddle_more": "self.norm = paddle.nn.BatchNorm1D(3{})",
    "paddle_forward": "return self.norm(self.first(x)) + self.gate * self.last(x @ self.own)",
}
NOISY = {
    f"{name}_forward": "return self.first(x) + self.gate * self.last(x @ self.own)"
    f" + ({name}.rand([3]) if self.training else 0.0)"
    for name in ("torch", "paddle")
}
EMPTY = """
import paddle, torch
torch_model = lambda: torch.nn.Linear(4, 3)
paddle_model = lambda: paddle.nn.Linear(4, 3)
inputs = ("batch", 4)
torch_optimizer = lambda parameters: torch.optim.{}
paddle_optimizer = lambda parameters: paddle.optimizer.{}
"""
SHAPES = """
import paddle, torch

class TorchModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.number = torch.nn.Parameter(torch.tensor(2.5))
        self.register_buffer("empty", torch.empty(0, 3))
        self.register_buffer("table", torch.ones(4))

    def forward(self, x):
        return x * self.number * self.table

class PaddleModel(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.number = self.create_parameter([], default_initializer=paddle.nn.initializer.Constant(1.5))
        self.register_buffer("empty", paddle.empty([0, 3]))
        self.register_buffer("table", paddle.ones([4]))

    def forward(self, x):
        return x * self.number * self.table

torch_model, paddle_model = TorchModel, PaddleModel
inputs = ("batch", 4)
"""
L = torch.optim.lr_scheduler


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def carried(tmp_path: Path, lanes: list[InProcessLane]):
    """The last line of a transfer to paddle, of a model that torch has trained for some steps."""

    def make(changed: dict[str, str], schedule: Any = None, named: bool = False, trained: bool = True) -> str:
        pair = tmp_path / "port.py"
        pair.write_text(PAIR.format(**{**PLAIN, **changed}), "utf-8")
        model = load(pair).model("torch")
        optimizer = torch.optim.AdamW(model.named_parameters() if named else model.parameters(), lr=1e-2)
        rates = schedule(optimizer) if schedule else None
        dtype = next(model.parameters()).dtype
        for step in range(10):
            optimizer.zero_grad()
            model(torch.ones(4, 6, dtype=dtype)).square().mean().backward()
            optimizer.step()
            if rates is not None:
                rates.step(*(float(step),) if isinstance(rates, L.ReduceLROnPlateau) else ())
        with torch.no_grad():
            model.gate.zero_()
        parts = {"model": model, "optimizer": optimizer, "scheduler": rates} if trained else {"model": model}
        torch.save({name: part.state_dict() for name, part in parts.items() if part}, tmp_path / "a.pth")
        return transfer(lanes, pair, tmp_path / "a.pth", tmp_path / "b.pdparams")[-1]

    return make


def test_a_right_port_is_run_with_other_weights_and_in_training_mode(carried):
    said = carried({}, named=True)
    assert "they agree with drawn weights too, also in training mode" in said
    assert "not verified" not in said


def test_the_order_of_parameters_is_verified_where_the_file_names_them(carried):
    said = carried({})
    assert "not verified: that the file's optimizer took 'first.weight' before 'last.weight'" in said


@pytest.mark.parametrize("trained", [True, False])
def test_a_gate_of_zero_hides_nothing(carried, tmp_path, trained):
    with pytest.raises(CarryError, match=r"other outputs with other weights, which those in the file hide: outputs\.0"):
        carried(TRANSPOSED, trained=trained)
    assert not (tmp_path / "b.pdparams").exists()


def test_what_only_training_runs_is_run(carried):
    with pytest.raises(CarryError, match=r"training would go on otherwise: in training mode .* outputs\.0 differs"):
        carried(IN_TRAINING)


def test_without_an_optimizer_a_difference_in_training_is_told(carried):
    said = carried(IN_TRAINING, trained=False)
    assert "not verified: training mode, in which the models differ: outputs.0 differs" in said


def test_statistics_of_batches_go_on_alike(carried):
    right = {**NORMED, "paddle_more": NORMED["paddle_more"].format("")}
    assert "also in training mode" in carried(right)


def test_statistics_of_batches_that_go_on_otherwise_are_refused(carried):
    with pytest.raises(CarryError, match=r"buffers\.norm\.running_mean differs"):
        carried({**NORMED, "paddle_more": NORMED["paddle_more"].format(", momentum=0.1")})


def test_noise_in_training_is_no_difference_and_not_verified(carried):
    assert "not verified: training mode, in which the models draw numbers" in carried(NOISY, named=True)


@pytest.mark.parametrize(
    ("schedule", "rate", "words"),
    [
        (lambda o: L.StepLR(o, 25), "paddle.optimizer.lr.StepDecay(1e-2, 20)", "0.001 after 10 more steps"),
        (lambda o: L.MultiStepLR(o, [5]), "paddle.optimizer.lr.MultiStepDecay(1e-2, [5, 30])", "after 20 more steps"),
        (
            lambda o: L.ReduceLROnPlateau(o, min_lr=1e-5),
            "paddle.optimizer.lr.ReduceOnPlateau(1e-2, min_lr=1e-4)",
            "the rate 0.0001 after .* more steps, and torch's ReduceLROnPlateau 1e-05",
        ),
    ],
)
def test_schedules_that_part_later_are_not_one(carried, schedule, rate, words):
    with pytest.raises(CarryError, match=words):
        carried({"rate": rate}, schedule)


def test_a_schedule_that_takes_other_losses_for_better_is_another(carried):
    with pytest.raises(OptimizerStateError, match=r"threshold 0\.0001 in torch's ReduceLROnPlateau, 0\.5 in paddle"):
        carried({"rate": "paddle.optimizer.lr.ReduceOnPlateau(1e-2, threshold=0.5)"}, L.ReduceLROnPlateau)


def test_a_schedule_is_followed_to_its_end(carried):
    rate = "paddle.optimizer.lr.OneCycleLR(1e-2, 20, divide_factor=25.0, end_learning_rate=4e-8, phase_pct=0.3)"
    said = carried({"rate": rate}, lambda o: L.OneCycleLR(o, 1e-2, 20, cycle_momentum=False))
    assert "the next 10 learning rates agree" in said


def test_updates_of_some_rows_alone_are_refused(carried):
    with pytest.raises(OptimizerStateError, match="lazy_mode False in the file, True in paddle_optimizer"):
        carried({"settings": ", lazy_mode=True"})


def test_master_weights_that_no_file_holds_are_refused(carried):
    half = {"torch_dtype": ".bfloat16()", "paddle_dtype": ".bfloat16()"}
    with pytest.raises(OptimizerStateError, match=r"master weights in float32 .*, and torch's file has none: make it"):
        carried({**half, "settings": ", multi_precision=True"})


@pytest.mark.parametrize(
    ("torch_optimizer", "paddle_optimizer"),
    [("SGD(parameters, lr=1e-2)", "SGD(1e-2, parameters)"), ("Adam(parameters)", "Adam(parameters=parameters)")],
)
def test_an_optimizer_of_paddle_without_a_state_is_one_in_torch(lanes, tmp_path, torch_optimizer, paddle_optimizer):
    pair = tmp_path / "port.py"
    pair.write_text(EMPTY.format(torch_optimizer, paddle_optimizer), "utf-8")
    both = load(pair)
    model = both.model("paddle")
    assert both.paddle_optimizer is not None and both.torch_optimizer is not None
    optimizer = both.paddle_optimizer(model.parameters())
    paddle.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, str(tmp_path / "a.pdparams"))
    said = transfer(lanes, pair, tmp_path / "a.pdparams", tmp_path / "b.pth")[-1]
    assert "2 updates of 2 tensors are the same" in said
    assert "not verified: that paddle trained with the learning rate" in said
    state = torch.load(tmp_path / "b.pth", weights_only=True)
    made = both.torch_optimizer(list(both.model("torch").parameters()))
    made.load_state_dict(state["optimizer"])
    assert not made.state


@pytest.mark.parametrize("source", ["torch", "paddle"])
def test_a_number_and_an_empty_tensor_keep_their_shapes(lanes, tmp_path, source):
    pair = tmp_path / "port.py"
    pair.write_text(SHAPES, "utf-8")
    model = load(pair).model(source)
    files = {"torch": tmp_path / "a.pth", "paddle": tmp_path / "a.pdparams"}
    target = "paddle" if source == "torch" else "torch"
    save = torch.save if source == "torch" else paddle.save
    save(model.state_dict(), str(files[source]))
    assert "verified" in transfer(lanes, pair, files[source], files[target])[-1]
    read = {"torch": lambda path: torch.load(path, weights_only=True), "paddle": lambda path: paddle.load(str(path))}
    state = read[target](files[target])
    assert {name: list(tensor.shape) for name, tensor in state.items()} == {
        "number": [],
        "empty": [0, 3],
        "table": [4],
    }
    assert float(state["number"]) == float(model.number.detach())
