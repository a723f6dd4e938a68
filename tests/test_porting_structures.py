"""Ports of another structure than their original, each with one fault: what is only built differently is not blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.porting.check import Difference, Drawn, PairDivergence, Port
from conformance.porting.laws import LAWS, Seen
from conformance.porting.places import explain
from tests.faults.fault import started_lanes

HEAD = """
import torch, paddle
import torch.nn.functional as tf, paddle.nn.functional as pf
tn, pn = torch.nn, paddle.nn
inputs = ("batch", 7, 16)
"""

LAYER = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        how = dict(batch_first=True, activation="gelu", norm_first=True)
        layer = tn.TransformerEncoderLayer(16, 4, 32, **how)
        self.encoder = tn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    def forward(self, x):
        return self.encoder(x).mean(1)

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        layer = pn.TransformerEncoderLayer(16, 4, 32, activation="ACTIVATION", normalize_before=BEFORE)
        self.encoder = pn.TransformerEncoder(layer, 2)
    def forward(self, x):
        return self.encoder(x).mean(1)
"""

OWN = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.attn, self.out = tn.LayerNorm(16), tn.MultiheadAttention(16, 4), tn.Linear(16, 3)
    def forward(self, x):
        y = self.norm(x).transpose(0, 1)
        y, _ = self.attn(y, y, y, need_weights=False)
        return self.out(torch.relu(x + y.transpose(0, 1)))

class Attention(pn.Layer):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (pn.Linear(16, 16) for _ in range(4))
    def forward(self, x):
        query, key, value = (
            each(x).reshape([*x.shape[:2], 4, 4]).transpose([0, 2, 1, 3])
            for each in (self.q_proj, self.k_proj, self.v_proj)
        )
        weights = pf.softmax(query @ key.transpose([0, 1, 3, 2]) * SCALE, axis=-1)
        return self.out_proj((weights @ value).transpose([0, 2, 1, 3]).flatten(2))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.norm, self.attn, self.out = pn.LayerNorm(16), Attention(), pn.Linear(16, 3)
    def forward(self, x):
        return self.out(pf.ACTIVATION(x + self.attn(self.norm(x))))
"""

REUSED = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.act, self.h = tn.Linear(16, 16), tn.ReLU(), tn.Linear(16, 3)
    def forward(self, x):
        outs = []
        for _ in range(3):
            x = self.act(self.a(x))
            outs.append(self.h(x))
        return outs

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.act, self.h = pn.Linear(16, 16), pn.ReLU(), pn.Linear(16, 3)
        self.other = pn.LeakyReLU(0.3)
    def forward(self, x):
        outs = []
        for index in range(3):
            x = (self.other if index == 1 else self.act)(self.a(x))
            outs.append(self.h(x))
        return tuple(outs)
"""

ORDER = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = tn.Linear(16, 16), tn.Linear(16, 16)
    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = pn.Linear(16, 16), pn.Linear(16, 16)
    def forward(self, x):
        return self.a(paddle.tanh(self.b(x)))
"""

TABLE = """
ACTIVATIONS = {"gelu": pf.gelu, "quick": lambda x: x * pf.sigmoid(1.702 * x)}
from paddle.nn.functional import layer_norm as normalized

class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = tn.Linear(16, 16), tn.Linear(16, 16)
        self.act = torch.nn.functional.gelu
    def forward(self, x):
        x = self.act(self.a(x))
        return self.b(tf.layer_norm(x, (16,)))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = pn.Linear(16, 16), pn.Linear(16, 16)
        self.act = ACTIVATIONS["NAME"]
    def forward(self, x):
        x = self.act(self.a(x))
        return self.b(normalized(x, [16], epsilon=EPS))
"""

NORM = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.norm = tn.Linear(16, 16), tn.LayerNorm(16, eps=1e-5)
    def forward(self, x):
        return self.norm(self.a(x))

class Norm(pn.Layer):
    def __init__(self):
        super().__init__()
        self.weight, self.bias = self.create_parameter([16]), self.create_parameter([16], is_bias=True)
    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        spread = (x - mean).pow(2).mean(-1, keepdim=True)
        return (x - mean) / paddle.sqrt(spread + EPS) * self.weight + self.bias

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.norm = pn.Linear(16, 16), Norm()
    def forward(self, x):
        return self.norm(self.a(x))
"""

RANDOM = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = tn.Linear(16, 16), tn.Linear(16, 16)
    def forward(self, x):
        return self.b(tf.dropout(torch.relu(self.a(x)), 0.3, self.training))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = pn.Linear(16, 16), pn.Linear(16, 16)
    def forward(self, x):
        return self.b(pf.dropout(pf.relu(self.a(x)), 0.3, self.training))
"""

SPARSE = """
inputs = {"shape": ("batch", 5), "dtype": "int64", "high": 9}

class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.a = tn.Embedding(9, 16, sparse=True), tn.Linear(16, 16)
    def forward(self, ids):
        return torch.tanh(self.a(self.words(ids)) * 2)

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.words, self.a = pn.Embedding(9, 16, sparse=True), pn.Linear(16, 16)
    def forward(self, ids):
        x = self.a(self.words(ids))
        return paddle.tanh(WHAT)
"""


@pytest.fixture(scope="module")
def lanes() -> dict[str, Any]:
    return {lane.spec.framework: lane for lane in started_lanes()}


@pytest.fixture
def port(lanes, tmp_path):
    def make(text: str, **changed: str) -> Port:
        for name, value in changed.items():
            text = text.replace(name, value)
        path: Path = tmp_path / "port.py"
        path.write_text(HEAD + text, "utf-8")
        return Port(path, lanes["torch"], lanes["paddle"])

    return make


def told(port: Port, drawn: Drawn | None = None) -> str:
    return "\n".join(explain(port, drawn or next(port.samples()), False, Difference("outputs.0", "")))


CASES: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "an activation within a framework's layer": (
        LAYER,
        {"ACTIVATION": "relu", "BEFORE": "True"},
        ["torch computes gelu", "in 'encoder.layers.0'", "activation of 'encoder.layers.0' is another: 'gelu'"],
    ),
    "the place of the norms": (
        LAYER,
        {"ACTIVATION": "gelu", "BEFORE": "False"},
        ["'encoder.layers.0.norm1'", "normalize_before of 'encoder.layers.0' is another: True in torch, False"],
    ),
    "attention by hand": (
        OWN,
        {"SCALE": "1.0", "ACTIVATION": "relu"},
        ["layer that differs: torch 'attn' (MultiheadAttention", "paddle 'attn' (Attention", "mask without a scale"],
    ),
    "behind attention by hand, sequence first": (
        OWN,
        {"SCALE": "0.5", "ACTIVATION": "elu"},
        ["torch computes relu (", "paddle elu(alpha=1) ("],
    ),
    "one of several calls of a layer": (REUSED, {}, ["torch computes 'act' (ReLU", "paddle 'other' (LeakyReLU", "'a'"]),
    "layers in another order": (
        ORDER,
        {},
        ["only paddle computes 'b', tanh", "layers run in another order: its counterpart is torch 'b'"],
    ),
    "a function from a table": (TABLE, {"NAME": "quick", "EPS": "1e-5"}, ["gelu(", "paddle's is quick gelu"]),
    "a function by a name of the user's": (
        TABLE,
        {"NAME": "gelu", "EPS": "1e-3"},
        ["torch layer_norm(eps=1e-05)", "paddle layer_norm(eps=0.001)", "another eps: 1e-05 in torch, 0.001 in paddle"],
    ),
    "a norm by hand": (
        NORM,
        {"EPS": "1e-3"},
        ["torch 'norm' (LayerNorm", "paddle 'norm' (Norm", "another eps, as the outputs show: 1e-05 in torch, 0.001"],
    ),
    "behind an embedding": (SPARSE, {"WHAT": "x * 3"}, ["another operand: 2 in torch, 3 in paddle", "mul("]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_fault_is_told_and_not_the_structure(port, case):
    text, changed, words = CASES[case]
    found = told(port(text, **changed))
    assert all(word in found for word in words), found
    assert "besides" not in found, found


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (LAYER, {"ACTIVATION": "gelu", "BEFORE": "True"}),
        (OWN, {"SCALE": "0.5", "ACTIVATION": "relu"}),
        (TABLE, {"NAME": "gelu", "EPS": "1e-5"}),
        (NORM, {"EPS": "1e-5"}),
        (SPARSE, {"WHAT": "x * 2"}),
    ],
    ids=["layer", "attention", "table", "norm", "sparse"],
)
def test_without_the_fault_nothing_is_told(port, text, changed):
    assert told(port(text, **changed)) == ""


def test_what_is_random_in_evaluation_mode_is_named_with_its_line(port):
    made = port(RANDOM)
    with pytest.raises(PairDivergence) as caught:
        LAWS["repeats"](made, Seen())
    text = str(caught.value)
    assert "the first that gives something else each time: paddle dropout(p=0.3, axis=False)" in text
    assert "is `axis`, not `training`" in text and "port.py:" in text


def test_a_gradient_lost_behind_a_sparse_embedding_is_not_blamed_on_the_embedding(port):
    made = port(SPARSE, WHAT="x * 2 + x.detach() * 0")
    for name in ("tensors", "forward", "training", "loss", "gradients"):
        LAWS[name](made, Seen())
    made = port(SPARSE, WHAT="x + x.detach()")
    with pytest.raises(PairDivergence) as caught:
        LAWS["gradients"](made, Seen())
    text = str(caught.value)
    assert "another gradient: torch 'a' (Linear" in text and "only paddle passes it to detach" in text, text


WRITTEN = """
class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.tanh(x)
    @staticmethod
    def backward(ctx, gradient):
        return gradient * TORCH

class Other(paddle.autograd.PyLayer):
    @staticmethod
    def forward(ctx, x):
        return paddle.tanh(x)
    @staticmethod
    def backward(ctx, gradient):
        return gradient * PADDLE

class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = tn.Linear(16, 16), tn.Linear(16, 16)
    def forward(self, x):
        return self.b(Half.apply(self.a(x)))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = pn.Linear(16, 16), pn.Linear(16, 16)
    def forward(self, x):
        return self.b(Other.apply(self.a(x)))
"""

OFF = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = tn.Linear(16, 16), tn.Linear(16, 16), tn.Linear(16, 3)
    def forward(self, x):
        x = torch.relu(self.a(x))
        return self.c(self.b(x) + x)

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = pn.Linear(16, 16), pn.Linear(16, 16), pn.Linear(16, 3)
    def forward(self, x):
        x = pf.relu(self.a(x))
        with paddle.no_grad():
            y = self.b(x)
        return self.c(y + x)
"""


@pytest.mark.parametrize(
    ("text", "changed", "words"),
    [
        (
            WRITTEN,
            {"TORCH": "0.5", "PADDLE": "0.25"},
            ["another gradient: torch 'a' (Linear", "passes it to Other (", "paddle's is 0.5 times torch's"],
        ),
        (OFF, {}, ["another gradient: torch 'b' (Linear", "computed where gradients are switched off"]),
    ],
    ids=["a function of the user's", "switched off"],
)
def test_where_gradients_part_is_told_of_what_is_written_by_hand(port, text, changed, words):
    made = port(text, **changed)
    with pytest.raises(PairDivergence) as caught:
        LAWS["gradients"](made, Seen())
    assert all(word in str(caught.value) for word in words), str(caught.value)
    LAWS["training"](made, Seen())


BLOCKS = """
class TorchBlock(tn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.up, self.down = tn.LayerNorm(16), tn.Linear(16, 32), tn.Linear(32, 16)
    def forward(self, x):
        return x + self.down(tf.gelu(self.up(self.norm(x))))

class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = tn.ModuleList(TorchBlock() for _ in range(4))
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x

class PaddleBlock(pn.Layer):
    def __init__(self):
        super().__init__()
        self.norm, self.up, self.down = pn.LayerNorm(16, epsilon=EPS), pn.Linear(16, 32), pn.Linear(32, 16)
    def forward(self, x):
        return x + self.down(pf.gelu(self.up(self.norm(x)), approximate=True))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.blocks = pn.LayerList([PaddleBlock() for _ in range(4)])
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x * 0.5
"""


def test_one_cause_in_every_block_is_told_once_and_others_beside_it(port):
    found = told(port(BLOCKS, EPS="1e-3"))
    parts = ["torch 'blocks.0.norm'", "another eps", "the same of 3 more, the last of which is torch 'blocks.3.norm'"]
    parts += ["torch gelu(approximate='none') in 'blocks.0'", "another approximate", "the same of 3 more"]
    parts += ["only paddle computes mul(operand=0.5)"]
    places = [found.find(part) for part in parts]
    assert min(places) >= 0 and places[:5] == sorted(places[:5]) and places[6] == max(places), found
    assert found.count("the first") == 3 and found.count("the same of 3 more") == 2, found
