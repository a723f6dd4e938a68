"""Training that is carried over goes on as it would have: the next updates agree as those of one port do."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from conformance.lanes import InProcessLane
from conformance.porting.check import Port
from conformance.porting.pair import load
from tests.carrying import OPTIMIZERS, RUNS, apart, trained, transfer, written
from tests.faults.fault import started_lanes

BETAS = {"beta1_pow_acc": 0.9, "beta2_pow_acc": 0.999}
OTHER = {"torch": "paddle", "paddle": "torch"}
CASES = [("cnn", kind) for kind in OPTIMIZERS] + [("transformer", "adam"), ("transformer", "momentum")]


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def carried(tmp_path: Path, lanes: list[InProcessLane]):
    """A run of one framework after some updates, what was carried of it, and the port that both are of."""

    def make(model: str, kind: str, source: str) -> tuple[Port, Any, dict[str, Any]]:
        path = written(tmp_path, model, kind)
        pair = load(path)
        run = trained(pair, source, model, kind)
        files = tmp_path / f"a{run.suffix}", tmp_path / f"b{RUNS[OTHER[source]].suffix}"
        run.save(files[0])
        transfer(lanes, path, *files)
        by_name = {lane.spec.framework: lane for lane in lanes}
        return Port(path, by_name["torch"], by_name["paddle"]), run, RUNS[OTHER[source]].read(None, files[1])

    return make


def go_on(port: Port, run: Any, state: dict[str, Any], model: str, kind: str, source: str) -> tuple[list[str], float]:
    """Both runs for some more updates."""
    other = RUNS[OTHER[source]](port.pair, kind)
    other.load(copy.deepcopy(state))
    runs = {source: run, OTHER[source]: other}
    return apart(port, runs["torch"], runs["paddle"], model)


@pytest.mark.parametrize("source", ["torch", "paddle"])
@pytest.mark.parametrize(("model", "kind"), CASES)
def test_training_goes_on_in_the_other_framework(carried, model, kind, source):
    port, run, state = carried(model, kind, source)
    assert state["epoch"] == 12
    wrong, used = go_on(port, run, state, model, kind, source)
    assert not wrong, (wrong[:4], used)
    assert used > 0.0


def arrays(state: dict[str, Any], name: str) -> list[Any]:
    """The optimizer's arrays of one name, of every parameter, in either framework's form."""
    held = state["optimizer"]
    if "param_groups" in held:
        found = [entry[name] for entry in held["state"].values()]
    else:
        found = [value for key, value in held.items() if f"_{name}_" in key]
    assert found
    return found


def no_steps(state: dict[str, Any]) -> None:
    for step in arrays(state, "step"):
        step.zero_()


def no_powers(state: dict[str, Any]) -> None:
    """As before the first update."""
    for name, beta in BETAS.items():
        for power in arrays(state, name):
            power[...] = beta


def a_step_more(state: dict[str, Any]) -> None:
    """Paddle's powers are those of the update to come; torch counts the updates that were."""
    for name, beta in BETAS.items():
        for power in arrays(state, name):
            power[...] = power * beta


def cleared(name: str) -> Any:
    def change(state: dict[str, Any]) -> None:
        for array in arrays(state, name):
            array[...] = 0.0

    return change


def turned(state: dict[str, Any]) -> None:
    """Moments of square matrices stay in torch's layout."""
    for value in arrays(state, "moment1"):
        if value.ndim == 2 and value.shape[0] == value.shape[1]:
            value[...] = value.numpy().T


def no_schedule(state: dict[str, Any]) -> None:
    schedule = state["optimizer"]["LR_Scheduler"]
    schedule.update(last_epoch=0, last_lr=1e-2)


def another_epoch(state: dict[str, Any]) -> None:
    state["scheduler"]["last_epoch"] = 0


def lr_in_the_buffer(state: dict[str, Any]) -> None:
    """RMSprop's momentum as torch means it, in paddle."""
    for value in arrays(state, "momentum"):
        value[...] = value / state["optimizer"]["LR_Scheduler"]["last_lr"]


WRONG = [
    ("torch", "adam", "no powers", no_powers),
    ("torch", "adamw", "no powers", no_powers),
    ("torch", "adam", "a step more", a_step_more),
    ("torch", "adam", "no first moment", cleared("moment1")),
    ("torch", "adamw", "no second moment", cleared("moment2")),
    ("torch", "adam", "turned moments", turned),
    ("torch", "adam", "no schedule", no_schedule),
    ("torch", "momentum", "no velocity", cleared("velocity")),
    ("torch", "sgd", "no schedule", no_schedule),
    ("torch", "rmsprop", "no mean square", cleared("mean_square")),
    ("torch", "rmsprop", "no mean gradient", cleared("mean_grad")),
    ("torch", "rmsprop", "no momentum", cleared("momentum")),
    ("torch", "rmsprop", "momentum without the learning rate", lr_in_the_buffer),
    ("paddle", "adam", "no steps", no_steps),
    ("paddle", "adamw", "no second moment", cleared("exp_avg_sq")),
    ("paddle", "adam", "another epoch", another_epoch),
    ("paddle", "momentum", "no velocity", cleared("momentum_buffer")),
    ("paddle", "rmsprop", "no momentum", cleared("momentum_buffer")),
    ("paddle", "rmsprop", "no mean gradient", cleared("grad_avg")),
]


@pytest.mark.parametrize(("source", "kind", "change"), [
    pytest.param(source, kind, change, id=f"{source}-{kind}-{name}") for source, kind, name, change in WRONG
])  # fmt: skip
def test_what_is_carried_wrongly_is_seen_by_the_same_comparison(carried, source, kind, change):
    port, run, state = carried("cnn", kind, source)
    change(state)
    wrong, used = go_on(port, run, state, "cnn", kind, source)
    assert wrong, used
