"""Training is compared as it is configured, with groups, clipping and schedules; what differs is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.lanes import InProcessLane
from conformance.porting.check import PairDivergence, Port
from conformance.porting.laws import LAWS, Seen
from conformance.porting.pair import PairError
from tests.faults.fault import started_lanes

BASE = """
import torch, paddle

ATTRIBUTES = {{}}

class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b = torch.nn.Linear(6, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 3)
    def forward(self, x):
        return self.b(torch.tanh(self.norm(self.a(x))))

def paddle_model():
    class Net(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.a = paddle.nn.Linear(6, 8, **ATTRIBUTES)
            self.norm, self.b = paddle.nn.LayerNorm(8), paddle.nn.Linear(8, 3)
        def forward(self, x):
            return self.b(paddle.tanh(self.norm(self.a(x))))
    return Net()

inputs = ("batch", 6)

def torch_optimizer(p):
    p = list(p)
    matrices, rest = [q for q in p if q.ndim > 1], [q for q in p if q.ndim < 2]
    return {torch}

def paddle_optimizer(p):
    p = list(p)
    matrices, rest = [q for q in p if q.ndim > 1], [q for q in p if q.ndim < 2]
    return {paddle}
"""
GROUPS = "torch.optim.AdamW([{'params': matrices, 'weight_decay': 0.5}, {'params': rest, 'weight_decay': 0.0}], lr=0.1)"
PADDLE_GROUPS = (
    "paddle.optimizer.AdamW(0.1, parameters=[{'params': matrices, 'weight_decay': 0.5}, "
    "{'params': rest, 'weight_decay': 0.0}])"
)
FILTERED = "paddle.optimizer.AdamW(0.1, parameters=p, weight_decay=0.5, apply_decay_param_fun=lambda name: {})"
SGD, MOMENTUM = "torch.optim.SGD(p, lr=0.1)", "torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3)"
PADDLE_SGD = "paddle.optimizer.SGD(0.1, parameters=p)"
PADDLE_MOMENTUM = "paddle.optimizer.Momentum(0.1, 0.9, parameters=p, weight_decay=1e-3)"
CLIPPED = "paddle.optimizer.SGD(0.1, parameters=p, grad_clip=paddle.nn.ClipGradByGlobalNorm({}))"
CLIP = "torch_clip = lambda p: torch.nn.utils.clip_grad_norm_(p, {})\n"
OWN = "ATTRIBUTES = {'weight_attr': paddle.ParamAttr(regularizer=paddle.regularizer.L2Decay(0.0))}\n"
SLOW = "ATTRIBUTES = {'weight_attr': paddle.ParamAttr(learning_rate=0.5)}\n"
COSINE = "torch_schedule = lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, {})\n"
PADDLE_COSINE = "paddle.optimizer.SGD(paddle.optimizer.lr.CosineAnnealingDecay(0.1, {}), parameters=p)"


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def steps(tmp_path: Path, lanes: list[InProcessLane]):
    """What the law of the updates says, and what it warns of; no other law fails."""

    def judge(torch: str, paddle: str, more: str = "") -> tuple[str, list[str]]:
        path = tmp_path / "port.py"
        path.write_text(BASE.format(torch=torch, paddle=paddle) + more, "utf-8")
        by_name = {lane.spec.framework: lane for lane in lanes}
        port = Port(path, by_name["torch"], by_name["paddle"])
        for law in ("tensors", "training", "gradients"):
            LAWS[law](port, Seen())
        seen = Seen()
        try:
            LAWS["steps"](port, seen)
        except PairDivergence as error:
            return str(error), seen.warnings
        assert seen.samples
        return "", seen.warnings

    return judge


RIGHT = {
    "groups": (GROUPS, PADDLE_GROUPS, ""),
    "a filter that knows paddle's names": (GROUPS, FILTERED.format("'.w_' in name and 'norm' not in name"), ""),
    "momentum": (MOMENTUM, PADDLE_MOMENTUM, ""),
    "both clip": (SGD, CLIPPED.format(0.1), CLIP.format(0.1)),
    "both clip by value": (
        SGD,
        "paddle.optimizer.SGD(0.1, parameters=p, grad_clip=paddle.nn.ClipGradByValue(0.01))",
        "torch_clip = lambda p: torch.nn.utils.clip_grad_value_(p, 0.01)\n",
    ),
    "a cosine": (SGD, PADDLE_COSINE.format(7), COSINE.format(7)),
    "steps": (
        SGD,
        "paddle.optimizer.SGD(paddle.optimizer.lr.MultiStepDecay(0.1, [30, 80], 0.1), parameters=p)",
        "torch_schedule = lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [30, 80], 0.1)\n",
    ),
    "a plateau": (
        SGD,
        "paddle.optimizer.SGD(paddle.optimizer.lr.ReduceOnPlateau(0.1, patience=3), parameters=p)",
        "torch_schedule = lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(o, patience=3)\n",
    ),
    "a rate of a parameter's own": (
        "torch.optim.SGD([{'params': p[:1], 'lr': 0.05}, {'params': p[1:]}], lr=0.1)",
        PADDLE_SGD,
        SLOW,
    ),
}
WRONG = {
    "a filter of torch's names": (
        GROUPS,
        FILTERED.format("not any(s in name for s in ('bias', 'norm'))"),
        "",
        [
            "another weight_decay of a.bias, b.bias: 0.0 in torch, 0.5 in paddle",
            "like 'linear_0.w_0' and never hold 'bias'",
        ],
    ),
    "no groups": (
        GROUPS,
        "paddle.optimizer.AdamW(0.1, parameters=p, weight_decay=0.5)",
        "",
        ["another weight_decay of a.bias, norm.weight, norm.bias, b.bias: 0.0 in torch, 0.5 in paddle"],
    ),
    "torch's words in paddle's groups": (
        "torch.optim.AdamW([{'params': matrices, 'lr': 0.1}, {'params': rest, 'lr': 0.01}], lr=0.1, weight_decay=0.0)",
        "paddle.optimizer.AdamW(0.1, parameters=[{'params': matrices, 'lr': 0.1}, {'params': rest, 'lr': 0.01}],"
        " weight_decay=0.0)",
        "",
        ["paddle's groups say lr, which paddle ignores", "another lr of a.bias, norm.weight, norm.bias, b.bias: 0.01"],
    ),
    "only paddle clips": (SGD, CLIPPED.format(0.1), "", ["only paddle clips the gradients (ClipGradByGlobalNorm"]),
    "only torch clips": (SGD, PADDLE_SGD, CLIP.format(0.1), ["only torch clips the gradients"]),
    "another norm, larger than most": (SGD, CLIPPED.format(200.0), CLIP.format(100.0), ["clipped in both"]),
    "a regularizer of a parameter's own": (
        MOMENTUM,
        PADDLE_MOMENTUM,
        OWN,
        ["paddle's parameter a.weight has a regularizer of its own (weight decay 0.0)"],
    ),
    "another rate of one": (SGD, PADDLE_SGD, SLOW, ["another lr of a.weight: 0.1 in torch, 0.05 in paddle"]),
    "one is left out": (
        "torch.optim.SGD(p[1:], lr=0.1)",
        PADDLE_SGD,
        "",
        ["a.weight: in no group of torch's optimizer"],
    ),
    "another kind": (
        SGD,
        "paddle.optimizer.Momentum(0.1, 0.9, parameters=p)",
        "",
        ["another kind: sgd in torch, mom", "another momentum: 0.0"],
    ),
    "a shorter cosine": (
        SGD,
        PADDLE_COSINE.format(6),
        COSINE.format(7),
        ["the learning rates of CosineAnnealingLR and CosineAnnealingDecay differ from step 2 on: 0.0950484 in torch"],
    ),
    "a late step": (
        SGD,
        "paddle.optimizer.SGD(paddle.optimizer.lr.MultiStepDecay(0.1, [30, 81], 0.1), parameters=p)",
        "torch_schedule = lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [30, 80], 0.1)\n",
        ["differ from step 81 on: 0.001 in torch, 0.01 in paddle"],
    ),
    "one cycle": (
        SGD,
        "paddle.optimizer.SGD(paddle.optimizer.lr.OneCycleLR(max_learning_rate=0.1, total_steps=10), parameters=p)",
        "torch_schedule = lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, 10, cycle_momentum=False)\n",
        ["4e-07", "in step 10"],
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_same_training_in_other_words_agrees(steps, name):
    assert steps(*RIGHT[name]) == ("", [])


@pytest.mark.parametrize("name", WRONG)
def test_what_differs_is_named(steps, name):
    torch, paddle, more, words = WRONG[name]
    said, _ = steps(torch, paddle, more)
    assert all(word in said for word in words), said
    causes = [line for line in said.splitlines() if "another" in line or "clip" in line or "regularizer" in line]
    assert len(causes) <= len(words), said


def test_a_schedule_of_one_side_is_told_to_be_compared_with_nothing(steps):
    said, warned = steps(SGD, PADDLE_COSINE.format(7))
    assert not said
    assert "paddle's optimizer has a schedule of learning rates (CosineAnnealingDecay), and torch's is not" in warned[0]


@pytest.mark.parametrize(
    ("torch", "paddle"),
    [
        ("torch.optim.SGD([*p, torch.zeros(3, requires_grad=True)], lr=0.1)", PADDLE_SGD),
        (SGD, "paddle.optimizer.SGD(0.1, parameters=[*p, paddle.create_parameter([3], 'float32')])"),
    ],
    ids=["torch", "paddle"],
)
def test_a_parameter_of_nowhere_is_refused(steps, torch, paddle):
    with pytest.raises(
        PairError, match=r"group 0 of \w+_optimizer holds a tensor \[3\] that is none of the parameters"
    ):
        steps(torch, paddle)
