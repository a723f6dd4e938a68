"""Schedules that are carried: their rates go on in the other framework, or the transfer says why they do not."""

from __future__ import annotations

import warnings
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
import math, paddle, torch
T, P = torch.optim.lr_scheduler, paddle.optimizer.lr
torch_model = lambda: torch.nn.Linear(4, 3)
paddle_model = lambda: paddle.nn.Linear(4, 3)
inputs = ("batch", 4)

def torch_optimizer(parameters):
    o = torch.optim.SGD(parameters, lr=0.1)
    {keep}o.schedule = {torch}
    return o

def paddle_optimizer(parameters):
    return paddle.optimizer.SGD({paddle}, parameters)
"""
SCHEDULES = {
    "step": ("T.StepLR(o, 2, 0.5)", "P.StepDecay(0.1, 2, 0.5)"),
    "milestones": ("T.MultiStepLR(o, [2, 6], 0.5)", "P.MultiStepDecay(0.1, [2, 6], 0.5)"),
    "exponential": ("T.ExponentialLR(o, 0.9)", "P.ExponentialDecay(0.1, 0.9)"),
    "cosine": ("T.CosineAnnealingLR(o, 4)", "P.CosineAnnealingDecay(0.1, 4)"),
    "polynomial": ("T.PolynomialLR(o, 20, 2.0)", "P.PolynomialDecay(0.1, 20, 0.0, 2.0)"),
    "linear": ("T.LinearLR(o, 0.25, 1.0, 7)", "P.LinearLR(0.1, 7, 0.25, 1.0)"),
    "one cycle": (
        "T.OneCycleLR(o, 0.1, 20, cycle_momentum=False)",
        "P.OneCycleLR(0.1, 20, divide_factor=25.0, end_learning_rate=4e-7, phase_pct=0.3)",
    ),
    "cyclic": ("T.CyclicLR(o, 0.1, 0.2, 3, 4, cycle_momentum=False)", "P.CyclicLR(0.1, 0.2, 3, 4)"),
    "plateau": ("T.ReduceLROnPlateau(o, patience=2)", "P.ReduceOnPlateau(0.1, patience=2)"),
    "warmup": (
        "T.SequentialLR(o, [T.LinearLR(o, 0.25, 1.0, 3), T.StepLR(o, 2, 0.5)], [3])",
        "P.LinearWarmup(P.StepDecay(0.1, 2, 0.5), 3, 0.025, 0.1)",
    ),
}
"""Those that a file tells of, or that the one framework makes after the other's."""
FUNCTIONS = {
    "lambda": ("T.LambdaLR(o, lambda n: 0.9 ** n)", "P.LambdaDecay(0.1, lambda n: 0.9 ** n)"),
    "multiplicative": ("T.MultiplicativeLR(o, lambda n: 0.9)", "P.MultiplicativeDecay(0.1, lambda n: 0.9)"),
}
BEFORE, LOSSES = 5, (3.0, 2.0, 2.5, 2.5, 2.5)


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


def advance(schedule: Any, count: int, losses: Any = LOSSES) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in range(count):
            if "Plateau" in type(schedule).__name__:
                schedule.step(losses[min(step, len(losses) - 1)])
            else:
                schedule.step()


def written(path: Path, torch_schedule: str, paddle_schedule: str, keep: bool) -> Path:
    path.write_text(PAIR.format(torch=torch_schedule, paddle=paddle_schedule, keep="" if keep else "# "), "utf-8")
    return path


class Torch:
    suffix = ".pth"

    def __init__(self, path: Path, made: str) -> None:
        self.model = load(path).model("torch")
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.schedule = eval(made, {"T": torch.optim.lr_scheduler, "o": self.optimizer})

    def save(self, path: Path) -> None:
        parts = {"model": self.model, "optimizer": self.optimizer, "scheduler": self.schedule}
        torch.save({name: part.state_dict() for name, part in parts.items()}, path)

    def load(self, path: Path) -> None:
        held = torch.load(path, weights_only=True)
        self.optimizer.load_state_dict(held["optimizer"])
        self.schedule.load_state_dict(held["scheduler"])

    @property
    def rate(self) -> float:
        return self.optimizer.param_groups[0]["lr"]


class Paddle:
    suffix = ".pdparams"

    def __init__(self, path: Path, made: str) -> None:
        with paddle.utils.unique_name.guard():
            self.model = load(path).model("paddle")
        self.schedule = eval(made, {"P": paddle.optimizer.lr})
        self.optimizer = paddle.optimizer.SGD(self.schedule, self.model.parameters())

    def save(self, path: Path) -> None:
        parts = {"model": self.model, "optimizer": self.optimizer, "scheduler": self.schedule}
        paddle.save({name: part.state_dict() for name, part in parts.items()}, str(path))

    def load(self, path: Path) -> None:
        self.optimizer.set_state_dict(paddle.load(str(path))["optimizer"])

    @property
    def rate(self) -> float:
        return self.optimizer.get_lr()


SIDES: dict[str, Any] = {"torch": Torch, "paddle": Paddle}


def carried(
    lanes: list[InProcessLane], folder: Path, name: str | tuple[str, str], source: str, keep: bool, count: int = BEFORE
) -> Any:
    """A schedule after some steps, what was carried of it, and what was said."""
    made = {**SCHEDULES, **FUNCTIONS}[name] if isinstance(name, str) else name
    path = written(folder / "port.py", *made, keep)
    target = "paddle" if source == "torch" else "torch"
    sides = {each: SIDES[each](path, made[each == "paddle"]) for each in SIDES}
    advance(sides[source].schedule, count)
    files = folder / f"a{sides[source].suffix}", folder / f"b{sides[target].suffix}"
    sides[source].save(files[0])
    said = transfer(lanes, path, *files)
    sides[target].load(files[1])
    return sides[source], sides[target], said


def rates_after(side: Any, count: int = 6) -> list[float]:
    found = [side.rate]
    for _ in range(count):
        advance(side.schedule, 1, (2.6,))
        found.append(side.rate)
    return found


@pytest.mark.parametrize("source", ["torch", "paddle"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_the_rates_go_on(lanes, tmp_path, name, source):
    """The pair file keeps no schedule in torch: its class is told by the file, or by paddle's schedule."""
    one, other, said = carried(lanes, tmp_path, name, source, keep=False)
    assert rates_after(other) == pytest.approx(rates_after(one), rel=2.0**-40, abs=1e-15)
    assert "learning rates agree" in said[-1]
    unsaid = "; not verified: that paddle trained with the settings of paddle_optimizer, which no file holds\n"
    assert said[-1].count("not verified") == said[-1].count(unsaid) == (source == "paddle")


@pytest.mark.parametrize("source", ["torch", "paddle"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_schedules_of_functions_are_verified_where_the_pair_file_has_them(lanes, tmp_path, name, source):
    one, other, said = carried(lanes, tmp_path, name, source, keep=True)
    assert rates_after(other) == pytest.approx(rates_after(one), rel=2.0**-40)
    assert "the next 2000 learning rates agree" in said[-1]


@pytest.mark.parametrize("source", ["torch", "paddle"])
def test_schedules_of_functions_are_not_called_verified_elsewhere(lanes, tmp_path, source):
    _, _, said = carried(lanes, tmp_path, "lambda", source, keep=False)
    assert ("not verified: " if source == "torch" else ", and ") + "the next learning rates" in said[-1]


def test_restarts_go_on_in_torch_and_not_in_paddle(lanes, tmp_path):
    """Paddle saves the rate and the epoch, and not where in its cycle it is."""
    made = "T.CosineAnnealingWarmRestarts(o, 3, 2)", "P.CosineAnnealingWarmRestarts(0.1, 3, 2)"
    one, other, _ = carried(lanes, tmp_path, made, "paddle", keep=False)
    assert rates_after(other) == pytest.approx(rates_after(one), rel=2.0**-40)
    (tmp_path / "back").mkdir()
    with pytest.raises(CarryError, match=r"does not save where in its cycle it is.*schedule\.step\(5\) after loading"):
        carried(lanes, tmp_path / "back", made, "torch", keep=False)
    assert not (tmp_path / "back" / "b.pdparams").exists()


@pytest.mark.parametrize(
    ("made", "source", "error"),
    [
        (
            ("T.StepLR(o, 2, 0.5)", "P.StepDecay(0.1, 3, 0.5)"),
            "torch",
            "after 5 steps the schedule of paddle_optim",
        ),
        (
            ("T.StepLR(o, 9, 0.5)", "P.StepDecay(0.1, 7, 0.5)"),
            "torch",
            "'weight' the rate 0.05 after 2 more steps",
        ),
        (
            ("T.OneCycleLR(o, 0.1, 20, cycle_momentum=True)", "P.OneCycleLR(0.1, 20, end_learning_rate=4e-7)"),
            "torch",
            "changes momentum too, which paddle's do not: make it with cycle_momentum=False",
        ),
        (
            ("T.ReduceLROnPlateau(o, patience=2)", "P.ReduceOnPlateau(0.1, patience=3)"),
            "torch",
            "more steps, and torch's ReduceLROnPlateau",
        ),
    ],
)
def test_schedules_that_differ_are_refused(lanes, tmp_path, made, source, error):
    if "cycle_momentum=True" in made[0]:
        text = PAIR.replace("SGD(parameters, lr=0.1)", "SGD(parameters, lr=0.1, momentum=0.9)")
        path = tmp_path / "port.py"
        path.write_text(
            text.format(torch=made[0], paddle=made[1], keep="").replace(
                "paddle.optimizer.SGD(P.OneCycleLR(0.1, 20, end_learning_rate=4e-7), parameters)",
                "paddle.optimizer.Momentum(P.OneCycleLR(0.1, 20, end_learning_rate=4e-7), 0.95, parameters)",
            ),
            "utf-8",
        )
        model = load(path).model("torch")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        schedule = eval(made[0], {"T": torch.optim.lr_scheduler, "o": optimizer})
        parts = {"model": model, "optimizer": optimizer, "scheduler": schedule}
        torch.save({name: part.state_dict() for name, part in parts.items()}, tmp_path / "a.pth")
        with pytest.raises(CarryError, match=error):
            transfer(lanes, path, tmp_path / "a.pth", tmp_path / "b.pdparams")
    else:
        with pytest.raises((CarryError, OptimizerStateError), match=error):
            carried(lanes, tmp_path, made, source, keep=False)
    assert not (tmp_path / "b.pdparams").exists()


def test_a_best_loss_that_is_none_yet(lanes, tmp_path):
    """Infinite in torch, None in paddle, which finds nothing better than infinity."""
    for source in ("torch", "paddle"):
        (tmp_path / source).mkdir()
        _, other, _ = carried(lanes, tmp_path / source, "plateau", source, keep=False, count=0)
        assert other.schedule.best == (None if source == "torch" else float("inf"))
        advance(other.schedule, 2, (3.0, 2.0))
        assert other.schedule.best == 2.0 and other.schedule.num_bad_epochs == 0
