"""Groups with rates and decays of their own, and parameters with theirs: absolute in torch, factors in paddle.

Each pair is trained for some updates, carried, loaded by the frameworks' own loaders, and trained on with the same
gradients beside the run that goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
import torch

from conformance.lanes import InProcessLane
from conformance.porting.pair import load
from conformance.transfer import plan as carry_plan
from conformance.transfer.plan import CarryError
from conformance.transfer.slots import OptimizerStateError
from tests.carrying import transfer
from tests.faults.fault import started_lanes

PAIR = """
import paddle, torch
from paddle import ParamAttr
from paddle.regularizer import L1Decay, L2Decay
L = paddle.nn.Linear

def torch_model():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)).double()
    {torch_more}
    return model

def paddle_model():
    paddle.set_default_dtype("float64")
    try:
        model = paddle.nn.Sequential({first}, L(4, 3))
    finally:
        paddle.set_default_dtype("float32")
    {paddle_more}
    return model

inputs = ("batch", 4)

def torch_optimizer(p):
    w, b = [x for x in p if x.ndim > 1], [x for x in p if x.ndim < 2]
    return torch.optim.{torch}

def paddle_optimizer(p):
    w, b = [x for x in p if x.ndim > 1], [x for x in p if x.ndim < 2]
    return paddle.optimizer.{paddle}
"""
PAIRS: dict[str, dict[str, str]] = {
    "adam, two rates": {
        "torch": "Adam([{'params': w, 'lr': 1e-3}, {'params': b, 'lr': 1e-5}], lr=1)",
        "paddle": "Adam(1e-3, parameters=[{'params': w}, {'params': b, 'learning_rate': 0.01}])",
    },
    "adam, all in another order": {
        "torch": "Adam([{'params': b, 'lr': 1e-2}, {'params': w[::-1], 'lr': 1e-3}])",
        "paddle": "Adam(1e-3, parameters=[{'params': w}, {'params': b, 'learning_rate': 10.0}])",
    },
    "adamw, decays of groups": {
        "torch": "AdamW([{'params': w, 'weight_decay': 0.5}, {'params': b, 'weight_decay': 0.0}], lr=1e-2)",
        "paddle": "AdamW(1e-2, parameters=[{'params': w, 'weight_decay': 0.5}, {'params': b, 'weight_decay': 0.0}])",
    },
    "adamw, decays by name": {
        "torch": "AdamW([{'params': w, 'weight_decay': 0.5}, {'params': b, 'weight_decay': 0.0}], lr=1e-2)",
        "paddle": "AdamW(1e-2, parameters=p, weight_decay=0.5, apply_decay_param_fun=lambda n: '.w_' in n)",
    },
    "adam, betas of groups": {
        "torch": "Adam([{'params': w, 'betas': (0.5, 0.75)}, {'params': b, 'eps': 1e-3}], lr=1e-2)",
        "paddle": "Adam(1e-2, parameters=[{'params': w, 'beta1': 0.5, 'beta2': 0.75}, {'params': b, 'epsilon': 1e-3}])",
    },
    "rmsprop, two rates with momentum": {
        "torch": "RMSprop([{'params': w, 'lr': 1e-2}, {'params': b, 'lr': 1e-3}], alpha=0.5, eps=1e-30, momentum=0.5)",
        "paddle": "RMSProp(1e-2, 0.5, 1e-30, 0.5, parameters=[{'params': w}, {'params': b, 'learning_rate': 0.1}])",
    },
    "momentum, decays of groups": {
        "torch": "SGD([{'params': w, 'weight_decay': 0.5}, {'params': b}], lr=1e-2, momentum=0.5)",
        "paddle": "Momentum(1e-2, 0.5, [{'params': w, 'weight_decay': 0.5}, {'params': b}])",
    },
    "adagrad, two rates": {
        "torch": "Adagrad([{'params': w, 'lr': 1e-2}, {'params': b, 'lr': 1e-3}], eps=1e-6)",
        "paddle": "Adagrad(1e-2, 1e-6, [{'params': w}, {'params': b, 'learning_rate': 0.1}])",
    },
    "parameters with a rate and a name": {
        "torch": "Adam([{'params': [x for x in p if x is not w[0]]}, {'params': [w[0]], 'lr': 1e-3}], lr=1e-2)",
        "paddle": "Adam(1e-2, parameters=p)",
        "first": "L(4, 4, weight_attr=ParamAttr(name='mine', learning_rate=0.1))",
    },
    "parameters with a regularizer": {
        "torch": "Adam([{'params': [*b, w[1]]}, {'params': w[:1], 'weight_decay': 0.5}], lr=1e-2)",
        "paddle": "Adam(1e-2, parameters=p)",
        "first": "L(4, 4, weight_attr=ParamAttr(regularizer=L2Decay(0.5)))",
    },
    "momentum, a regularizer before the optimizer's": {
        "torch": "SGD([{'params': [x for x in p if x is not w[0]], 'weight_decay': 0.25}, {'params': [w[0]], "
        "'weight_decay': 0.0}], lr=1e-2, momentum=0.5)",
        "paddle": "Momentum(1e-2, 0.5, p, weight_decay=0.25)",
        "first": "L(4, 4, weight_attr=ParamAttr(regularizer=L2Decay(0.0)))",
    },
    "frozen": {
        "torch": "Adam(p, lr=1e-2)",
        "paddle": "Adam(1e-2, parameters=p)",
        "torch_more": "model[0].bias.requires_grad_(False)",
        "paddle_more": "model[0].bias.stop_gradient = True",
    },
    "an optimizer with a name": {
        "torch": "Adam(p, lr=1e-2)",
        "paddle": "Adam(1e-2, parameters=p, name='mine')",
    },
}
BEFORE, AFTER = 4, 3


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


def written(folder: Path, **parts: str) -> Path:
    path = folder / "port.py"
    defaults = {"first": "L(4, 4)", "torch_more": "", "paddle_more": ""}
    path.write_text(PAIR.format(**{**defaults, **parts}), "utf-8")
    return path


def gradients(step: int) -> dict[str, np.ndarray]:
    """By torch's names and in its layout."""
    rng = np.random.default_rng(step)
    shapes = {"0.weight": (4, 4), "0.bias": (4,), "1.weight": (3, 4), "1.bias": (3,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


class Torch:
    suffix = ".pth"

    def __init__(self, path: Path, every: bool = False) -> None:
        pair = load(path)
        self.model = pair.model("torch")
        assert pair.torch_optimizer is not None
        self.optimizer = pair.torch_optimizer([p for p in self.model.parameters() if every or p.requires_grad])

    def values(self) -> dict[str, np.ndarray]:
        return {name: p.detach().numpy().copy() for name, p in self.model.named_parameters()}

    def step(self, given: dict[str, np.ndarray]) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.grad = torch.tensor(given[name]) if parameter.requires_grad else None
        self.optimizer.step()

    def save(self, path: Path) -> None:
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}, path)

    def load(self, path: Path) -> None:
        held = torch.load(path, weights_only=True)
        self.model.load_state_dict(held["model"])
        self.optimizer.load_state_dict(held["optimizer"])


class Paddle:
    suffix = ".pdparams"

    def __init__(self, path: Path, every: bool = False) -> None:
        pair = load(path)
        with paddle.utils.unique_name.guard():
            self.model = pair.model("paddle")
            assert pair.paddle_optimizer is not None
            self.optimizer = pair.paddle_optimizer([p for p in self.model.parameters() if not p.stop_gradient])

    def values(self) -> dict[str, np.ndarray]:
        return {name: p.numpy().T.copy() for name, p in self.model.named_parameters()}

    def step(self, given: dict[str, np.ndarray]) -> None:
        for name, parameter in self.model.named_parameters():
            if not parameter.stop_gradient:
                parameter.grad = paddle.to_tensor(given[name].T)
        with paddle.utils.unique_name.guard():
            self.optimizer.step()

    def save(self, path: Path) -> None:
        paddle.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}, str(path))

    def load(self, path: Path) -> None:
        held = paddle.load(str(path))
        self.model.set_state_dict(held["model"])
        self.optimizer.set_state_dict(held["optimizer"])


SIDES: dict[str, Any] = {"torch": Torch, "paddle": Paddle}
OTHER = {"torch": "paddle", "paddle": "torch"}


def trained(path: Path, source: str, every: bool = False) -> Any:
    run = SIDES[source](path, every)
    for step in range(BEFORE):
        run.step(gradients(step))
    return run


def carried(lanes: list[InProcessLane], path: Path, run: Any, target: str) -> list[str]:
    files = path.parent / f"a{run.suffix}", path.parent / f"b{SIDES[target].suffix}"
    run.save(files[0])
    return transfer(lanes, path, *files)


@pytest.mark.parametrize("source", ["torch", "paddle"])
@pytest.mark.parametrize("name", PAIRS)
def test_each_group_goes_on_at_its_rate(lanes, tmp_path, name, source):
    path = written(tmp_path, **PAIRS[name])
    run = trained(path, source)
    said = carried(lanes, path, run, OTHER[source])
    assert " updates of " in said[-1] and " are the same in float64" in said[-1]
    other = SIDES[OTHER[source]](path)
    other.load(path.parent / f"b{other.suffix}")
    for step in range(BEFORE, BEFORE + AFTER):
        before = run.values(), other.values()
        for each in (run, other):
            each.step(gradients(step))
        for tensor, value in run.values().items():
            moves = value - before[0][tensor], other.values()[tensor] - before[1][tensor]
            assert np.abs(moves[0] - moves[1]).max() <= 2.0**-17 * np.abs(moves[0]).max(), (tensor, step)


def test_an_optimizer_of_torch_over_all_parameters_some_of_them_frozen(lanes, tmp_path):
    path = written(tmp_path, **PAIRS["frozen"])
    run = trained(path, "torch", every=True)
    assert len(run.optimizer.state_dict()["param_groups"][0]["params"]) == 4
    said = carried(lanes, path, run, "paddle")
    assert "optimizer: adam, step, m, v of 3 tensors after 4 updates, learning rate 0.01" in said


def test_parameters_that_were_never_updated_start_anew_in_paddle(lanes, tmp_path):
    """Paddle fails at the first update of a parameter that a loaded state leaves out."""
    path = written(tmp_path, **PAIRS["an optimizer with a name"])
    run = Torch(path)
    for parameter in run.model[1].parameters():
        parameter.grad = torch.ones_like(parameter)
    run.optimizer.step()
    carried(lanes, path, run, "paddle")
    other = Paddle(path)
    other.load(tmp_path / "b.pdparams")
    other.step(gradients(9))


@pytest.mark.parametrize(
    ("change", "source", "sentence"),
    [
        ({"paddle": "Adam(1e-3, parameters=[{'params': w}, {'params': b, 'learning_rate': 1e-5}])"}, "torch",
         "its rates are 0.001 of '0.weight' and 1e-05 of '0.bias', and paddle_optimizer multiplies its own by 1 and "
         "1e-05: a group's 'learning_rate' is a factor in paddle; make it 0.01 there"),
        ({"paddle": "Adam(1e-3, parameters=[{'params': w}, {'params': b, 'lr': 1e-5}])"}, "torch",
         "make it 0.01 there (paddle ignores 'lr' in a group, and reads learning_rate, a factor of the optimizer's)"),
        ({"torch": "Adam(p, lr=1e-3)"}, "paddle",
         "'0.weight' has learning rate 0.001 and '0.bias' 1e-05 in paddle_optimizer, and both are in group 0 of"),
        ({"paddle": "Adam(1e-3, parameters=[{'params': w, 'betas': (0.5, 0.75)}, {'params': b}])",
          "torch": "Adam([{'params': w, 'betas': (0.5, 0.75)}, {'params': b}], lr=1e-3)"}, "torch",
         "beta1 0.5 in the file, 0.9 in paddle_optimizer (of '0.weight')"),
        ({"paddle": "Adam(1e-3, parameters=w)"}, "torch",
         "'0.bias', '1.bias' of paddle_model would be trained in one framework only, and not by paddle_optimizer"),
        ({"paddle": "Adam(1e-3, parameters=p, weight_decay=L1Decay(0.1))", "torch": "Adam(p, lr=1e-3)"}, "paddle",
         "torch's Adam has no L1 decay, which paddle_optimizer has"),
        ({"paddle": "Momentum(1e-3, 0.5, p, rescale_grad=0.5)", "torch": "SGD(p, lr=1e-3, momentum=0.5)"}, "paddle",
         "torch's SGD has no rescale_grad, which is 0.5 in paddle_optimizer"),
    ],
)  # fmt: skip
def test_what_would_go_on_otherwise_is_refused(lanes, tmp_path, change, source, sentence):
    path = written(tmp_path, **{**PAIRS["adam, two rates"], **change})
    run = trained(path, source)
    with pytest.raises(OptimizerStateError) as caught:
        carried(lanes, path, run, OTHER[source])
    assert sentence in str(caught.value)
    assert not (tmp_path / f"b{SIDES[OTHER[source]].suffix}").exists()


def each_array(native: dict[str, Any], name: str) -> list[np.ndarray]:
    if "param_groups" in native:
        return [entry[name] for entry in native["state"].values()]
    return [value for key, value in native.items() if f"_{name}_" in key]


def times(name: str, factor: float) -> Callable[[dict[str, Any]], None]:
    def change(native: dict[str, Any]) -> None:
        for array in each_array(native, name):
            array[...] *= factor

    return change


def swapped(one: str, other: str) -> Callable[[dict[str, Any]], None]:
    def change(native: dict[str, Any]) -> None:
        for first, second in zip(each_array(native, one), each_array(native, other), strict=True):
            first[...], second[...] = second.copy(), first.copy()

    return change


def in_torch_s_layout(native: dict[str, Any]) -> None:
    for key in native:
        if "w_0_moment1" in key and native[key].shape == (4, 4):
            native[key] = native[key].T.copy()


def of_another_group(native: dict[str, Any]) -> None:
    first, second = native["param_groups"]
    first["lr"], second["lr"] = second["lr"], first["lr"]


def a_step_less(native: dict[str, Any]) -> None:
    for entry in native["state"].values():
        entry["step"] = entry["step"] - 1


def rate_for_factor(native: dict[str, Any]) -> None:
    native["param_groups"][1]["lr"] = 0.01


WRONG = [
    ("torch", "a power too far", times("beta1_pow_acc", 0.9)),
    ("torch", "a power of another step", times("beta2_pow_acc", 0.999**-1)),
    ("torch", "moments exchanged", swapped("moment1", "moment2")),
    ("torch", "a moment turned", in_torch_s_layout),
    ("torch", "a moment of bias-corrected size", times("moment1", 1 / (1 - 0.9**BEFORE))),
    ("torch", "a moment slightly off", times("moment2", 1 + 2.0**-12)),
    ("paddle", "groups exchanged", of_another_group),
    ("paddle", "a step less", a_step_less),
    ("paddle", "a factor for a rate", rate_for_factor),
    ("paddle", "moments exchanged", swapped("exp_avg", "exp_avg_sq")),
]


@pytest.mark.parametrize(("source", "change"), [pytest.param(s, c, id=f"{s}-{name}") for s, name, c in WRONG])
def test_a_wrong_carry_is_seen(lanes, tmp_path, monkeypatch, source, change):
    """The file holds to the bit what was meant, and what was meant is wrong."""
    path = written(tmp_path, **PAIRS["adam, two rates"])
    run, ask = trained(path, source), carry_plan.ask

    def wrong(port: Any, lane: Any, what: str, **how: Any) -> Any:
        answer = ask(port, lane, what, **how)
        if what == "put_in":
            change(answer["native"])
        return answer

    monkeypatch.setattr(carry_plan, "ask", wrong)
    with pytest.raises(CarryError, match=r"go on otherwise|loaded, .* has|has not counted its steps"):
        carried(lanes, path, run, OTHER[source])
    assert not (tmp_path / f"b{SIDES[OTHER[source]].suffix}").exists()


def test_the_factor_of_a_group_counts_once():
    """Paddle writes it to each parameter of the group."""
    from conformance.porting.paddle_side.settings import factor

    layer = paddle.nn.Linear(3, 2)
    groups = [{"params": [layer.weight]}, {"params": [layer.bias], "learning_rate": 0.1}]
    optimizer = paddle.optimizer.SGD(0.5, groups)
    assert [factor(group, parameter) for group in optimizer._param_groups for parameter in group["params"]] == [1, 0.1]
