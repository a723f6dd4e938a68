"""What two right models may be apart by, beside rounding noise, and what a check of large models may keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance.lanes import InProcessLane
from conformance.porting.bounds import difference, rows_used, share, used
from conformance.porting.check import PairDivergence, Port, allowed, root_mean_square
from conformance.porting.compared import Seen, compared, rounded
from conformance.porting.laws import LAWS
from tests.faults.fault import started_lanes

NORM = """
import numpy, paddle, torch

def torch_model():
    return torch.nn.Sequential(torch.nn.BatchNorm1d(64, momentum=0.01))

def paddle_model():
    return paddle.nn.Sequential(paddle.nn.BatchNorm1D(64, momentum={momentum}))

def inputs(rng, batch):
    return (rng.standard_normal((batch, 64)) + 50 * (numpy.arange(64) == 7)).astype("float32")
"""
HARD = """
import paddle, torch

def torch_model():
    nn = torch.nn
    return nn.Sequential(nn.Linear(32, 256), nn.Hardsigmoid(), nn.Linear(256, 256), nn.Hardsigmoid(), nn.Linear(256, 4))

def paddle_model():
    nn = paddle.nn
    return nn.Sequential(nn.Linear(32, 256), nn.Hardsigmoid(), nn.Linear(256, 256), nn.Hardsigmoid(), nn.Linear(256, 4))

def torch_optimizer(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)

def paddle_optimizer(parameters):
    return paddle.optimizer.Adam(1e-3, parameters=parameters, epsilon={epsilon})

inputs = ("batch", 32)
"""
HEADS = """
import paddle, torch

class TorchNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head, self.aside = (torch.nn.Linear(6, 6) for _ in range(3))

    def forward(self, x):
        x = torch.tanh(self.body(x))
        return (self.head(x), self.aside(x)) if self.training else self.head(x)

class PaddleNet(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.body, self.head, self.aside = (paddle.nn.Linear(6, 6) for _ in range(3))

    def forward(self, x):
        x = paddle.tanh(self.body(x))
        return (self.head(x), self.aside({aside})) if self.training else self.head(x)

torch_model, paddle_model, inputs = TorchNet, PaddleNet, ("batch", 6)
"""


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def port(tmp_path: Path, lanes: list[InProcessLane]):
    """A pair of models from a pair file's text."""

    def make(text: str, **how: str) -> Port:
        path = tmp_path / "port.py"
        path.write_text(text.format(**how), "utf-8")
        torch, paddle = (next(lane for lane in lanes if lane.spec.framework == name) for name in ("torch", "paddle"))
        return Port(path, torch, paddle)

    return make


def broken(port: Port) -> dict[str, str]:
    """The laws that a pair breaks, and what each says."""
    found = {}
    for name, law in LAWS.items():
        try:
            law(port, Seen())
        except PairDivergence as error:
            found[name] = str(error)
    return found


def test_a_momentum_kept_in_float32_is_no_difference_and_another_is(port):
    assert broken(port(NORM, momentum="0.99")) == {}
    found = broken(port(NORM, momentum="0.99 - 1e-6"))
    assert list(found) == ["training"] and "buffers.0.running_mean" in found["training"]


def test_updates_of_gradients_next_to_nothing_are_as_uncertain_as_these(port):
    assert broken(port(HARD, epsilon="1e-8")) == {}
    found = broken(port(HARD, epsilon="2e-8"))
    assert list(found) == ["steps"] and "another eps: 1e-08 in torch, 2e-08 in paddle" in found["steps"]


def test_outputs_of_training_mode_alone_have_gradients_too(port):
    assert broken(port(HEADS, aside="x")) == {}
    found = broken(port(HEADS, aside="x.detach()"))
    assert {"gradients"} <= set(found) <= {"gradients", "steps"} and "gradients.body.weight" in found["gradients"]


def test_nothing_as_large_as_the_model_is_kept_of_a_run(port):
    made = port(HARD, epsilon="1e-8")
    assert broken(made) == {}
    for drawn in made.samples():
        for run in compared(made, drawn, True).runs:
            assert not [name for name in run if name.startswith(("gradients.", "updates."))]


DEEP = """
import paddle, torch

def torch_model():
    nn = torch.nn
    return nn.Sequential(*[layer for _ in range(40) for layer in (nn.Linear(64, 64), nn.ReLU())], nn.Linear(64, 3))

def paddle_model():
    nn = paddle.nn
    return nn.Sequential(*[layer for _ in range(40) for layer in (nn.Linear(64, 64), nn.ReLU())], nn.Linear(64, 3))

inputs = ("batch", 64)
"""


def test_small_integers_stay_small_in_a_deep_model(port):
    made = port(DEEP)
    assert broken(made) == {}
    (exact,) = (drawn for drawn in made.samples() if drawn.exact)
    found = compared(made, exact, False).runs[0]["outputs.0"]
    assert found.any() and np.abs(found).max() < 2.0**40


def test_what_overflowed_in_single_precision_is_not_exact():
    huge = np.array([1.5e39, 3.0])
    with np.errstate(over="ignore"):
        assert allowed([huge, huge], [huge.astype(np.float32)] * 2) > 1e30
    small = np.array([3.0, 4.0])
    assert allowed([small, small], [small.astype(np.float32)] * 2) == 0.0
    assert root_mean_square(np.array([3e200, 4e200])) == pytest.approx(np.sqrt(12.5) * 1e200)


@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (4, 3, 2)])
@pytest.mark.parametrize("size", [0.0, 1e-9, 1e-5, np.nan, np.inf])
def test_a_look_at_whole_rows_passes_nothing_that_a_look_at_each_number_does_not(shape, size):
    rng = np.random.default_rng(3)
    one, error = rng.standard_normal(shape), np.zeros(shape)
    error[(-1,) * len(shape)] = size
    other = one + error
    part, bound = rows_used(one, other, 8 * 2.0**-24), rounded(one, max(one.ndim - 1, 0))
    if part <= 1:
        assert difference("it", one, other, bound) is None
        assert used(one, other, bound) <= part * (1 + 1e-9)
    assert (part <= 1) == (size < 1e-6)
    whole = share(one, other, 1e-6)
    assert (whole is not None) == (difference("it", one, other, 1e-6) is None)
    assert whole is None or whole == pytest.approx(used(one, other, 1e-6))


def test_a_row_of_zeros_may_differ_by_nothing():
    one, other = np.zeros((2, 3)), np.array([[0.0, 0, 0], [0, 1e-300, 0]])
    assert rows_used(one, one, 1.0) == 0
    assert not rows_used(one, other, 1.0) <= 1
