"""Right ports of models as people write them that were once false alarms, and beside each a wrong one of its kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.lanes import InProcessLane
from conformance.porting.check import PairDivergence, Port
from conformance.porting.laws import LAWS, Seen
from tests.faults.fault import started_lanes

HEAD = """
import paddle, torch
import paddle.nn as pn, torch.nn as tn
import paddle.nn.functional as pf, torch.nn.functional as tf
"""
TEMPERATURE = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.image = tn.Linear(6, 4)
        self.scale = tn.Parameter(torch.tensor(1.5))
    def forward(self, x):
        return self.scale.exp().clamp(max=100) * self.image(x)

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.image = pn.Linear(6, 4)
        self.scale = self.create_parameter([], default_initializer=pn.initializer.Constant(1.5))
    def forward(self, x):
        return paddle.clip(self.scale.exp(), max=LIMIT) * self.image(x)

inputs = ("batch", 6)
"""
RECURRENT = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = tn.LSTM(5, 6, 2, batch_first=True, bidirectional=True, dropout=0.3), tn.Linear(12, 3)
    def forward(self, x):
        _, (h, _) = self.rnn(x)
        return self.out(torch.cat([h[-2], h[-1]], 1))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = pn.LSTM(5, 6, 2, direction="bidirect", dropout=0.3), pn.Linear(12, 3)
    def forward(self, x):
        _, (h, _) = self.rnn(x)
        return self.out(paddle.concat([h[-2], h[LAST]], 1))

inputs = ("batch", 6, 5)
"""
SHARED = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.body = tn.Sequential(tn.Conv2d(1, 4, 3), tn.BatchNorm2d(4), tn.ReLU())
    def forward(self, a, b):
        return tf.cosine_similarity(self.body(a).mean((2, 3)), self.body(b).mean((2, 3)))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.body = pn.Sequential(pn.Conv2D(1, 4, 3), pn.BatchNorm2D(4, momentum=KEPT), pn.ReLU())
    def forward(self, a, b):
        return pf.cosine_similarity(self.body(a).mean([2, 3]), self.body(b).mean([2, 3]), axis=1)

inputs = [("batch", 1, 6, 6), ("batch", 1, SIZE, SIZE)]
"""
SQUEEZED = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = tn.Conv2d(3, 4, 3), tn.Conv2d(4, 4, 1)
    def forward(self, x):
        x = tf.relu(self.conv(x))
        return tf.hardsigmoid(self.fc(tf.adaptive_avg_pool2d(x, 1)))

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = pn.Conv2D(3, 4, 3), pn.Linear(4, 4)
    def forward(self, x):
        x = pf.relu(self.conv(x))
        return pf.hardsigmoid(self.fc(x.mean([2, 3])), slope=SLOPE)[..., None, None]

inputs = ("batch", 3, 6, 6)
"""
DECODER = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.queries = tn.Embedding(5, 16)
        self.decoder = tn.TransformerDecoder(tn.TransformerDecoderLayer(16, 4, 32, batch_first=True), 2, tn.LayerNorm(16))
    def forward(self, x):
        queries = self.queries.weight.unsqueeze(0).repeat(x.shape[0], 1, 1)
        return {"boxes": self.decoder(queries, x).sigmoid()}

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.queries = pn.Embedding(5, 16)
        self.decoder = pn.TransformerDecoder(pn.TransformerDecoderLayer(16, HEADS, 32), 2, pn.LayerNorm(16))
    def forward(self, x):
        queries = self.queries.weight.unsqueeze(0).tile([x.shape[0], 1, 1])
        return {"boxes": pf.sigmoid(self.decoder(queries, x))}

inputs = ("batch", 6, 16)
"""  # noqa: E501
KINDS = {
    "a parameter without axes": (TEMPERATURE, {"LIMIT": "100"}, {"LIMIT": "2.0"}, "forward", "another max: 100 in"),
    "dropout between recurrent layers": (RECURRENT, {"LAST": "-1"}, {"LAST": "-3"}, "forward", "another index"),
    "a batch norm called twice": (
        SHARED,
        {"KEPT": "0.9", "SIZE": "6"},
        {"KEPT": "0.8", "SIZE": "6"},
        "training",
        "another momentum",
    ),
    "a batch norm called for several sizes": (
        SHARED,
        {"KEPT": "0.9", "SIZE": "4"},
        {"KEPT": "0.8", "SIZE": "4"},
        "training",
        "another momentum",
    ),
    "a hard sigmoid": (
        SQUEEZED,
        {"SLOPE": "1 / 6"},
        {"SLOPE": "0.2"},
        "forward",
        "another slope: 0.166667 in torch, 0.2 in paddle",
    ),
    "a decoder of the framework's own": (DECODER, {"HEADS": "4"}, {"HEADS": "2"}, "forward", "another num_heads: 4"),
}


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def broken(tmp_path: Path, lanes: list[InProcessLane]):
    """The laws that a pair breaks, and what each says."""

    def judge(text: str, **changed: str) -> dict[str, str]:
        for name, value in changed.items():
            text = text.replace(name, value)
        path = tmp_path / "port.py"
        path.write_text(HEAD + text, "utf-8")
        by_name = {lane.spec.framework: lane for lane in lanes}
        port = Port(path, by_name["torch"], by_name["paddle"])
        for name, law in LAWS.items():
            seen = Seen()
            try:
                law(port, seen)
                assert seen.samples, name
            except PairDivergence as error:
                port.told[name] = str(error)
        return port.told

    return judge


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_port_agrees_and_a_wrong_one_is_told(broken, kind):
    text, right, wrong, law, words = KINDS[kind]
    assert broken(text, **right) == {}
    found = broken(text, **wrong)
    assert next(iter(found)) == law
    assert words in found[law], found[law]


TRAINED = """
class torch_model(tn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = tn.Linear(6, 8), tn.Linear(8, 3)
    def forward(self, x):
        x = tf.relu(self.a(x))
        TORCH
        return self.b(x)

class paddle_model(pn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = pn.Linear(6, 8), pn.Linear(8, 3)
        self.channels, self.elements = pn.Dropout2D(0.1), pn.Dropout(0.1)
    def forward(self, x):
        x = pf.relu(self.a(x))
        PADDLE
        return self.b(x)

inputs = ("batch", 6)
"""
DROPS = "x = tf.dropout(x, 0.1, self.training)"
CHANNELS = "x = tf.dropout2d(x[..., None, None], 0.1, self.training)[..., 0, 0]"
ALONG = "x = pf.dropout(x[..., None, None], 0.1, axis=[0, 1], training=self.training)[..., 0, 0]"


@pytest.mark.parametrize(
    ("torch", "paddle", "words"),
    [
        (DROPS, "x = self.elements(x)", ""),
        (DROPS, "x = pf.dropout(pf.dropout(x, p=0.1, training=self.training), 0.0)", ""),
        (CHANNELS, "x = self.channels(x[..., None, None])[..., 0, 0]", ""),
        (CHANNELS, ALONG, ""),
        (DROPS, "x = pf.dropout(x, 0.5, training=self.training)", "p=0.1 (elements) in torch, p=0.5 (elements)"),
        (DROPS, "pass", "p=0.1 (elements) in torch, none in paddle"),
        ("pass", "x = self.elements(x)", "none in torch, p=0.1 (elements) in paddle"),
        (DROPS, "x = pf.dropout(x, 0.1, axis=0, training=self.training)", "(along an axis that it is given) in paddle"),
        (CHANNELS, "x = self.elements(x)", "p=0.1 (whole channels) in torch, p=0.1 (elements) in paddle"),
    ],
)
def test_what_is_dropped_in_training_is_compared(broken, torch, paddle, words):
    found = broken(TRAINED, TORCH=torch, PADDLE=paddle)
    assert list(found) == (["training"] if words else [])
    assert words in found.get("training", "")


def test_dropout_between_recurrent_layers_is_compared(broken):
    found = broken(RECURRENT.replace('"bidirect", dropout=0.3', '"bidirect", dropout=0.4'), LAST="-1")
    assert found == {"training": "another dropout between the layers of rnn: 0.3 in torch, 0.4 in paddle"}


DEPTH = "x = x * torch.empty(len(x), 1, dtype=x.dtype).bernoulli_(0.8) / 0.8 if self.training else x"
PADDLE_DEPTH = "x = x * paddle.floor(0.8 + paddle.rand([len(x), 1], x.dtype)) / 0.8 if self.training else x"


@pytest.mark.parametrize(
    ("torch", "paddle", "words"),
    [
        (DEPTH, PADDLE_DEPTH, ["output of torch_model is random", "torch bernoulli", "paddle_model", "paddle rand ("]),
        ("pass", PADDLE_DEPTH, ["the output of paddle_model is random in training mode", "paddle rand ("]),
        (DEPTH, "pass", ["the output of torch_model is random in training mode", "torch bernoulli"]),
    ],
)
def test_what_is_random_in_training_beside_dropout_is_said_to_be(broken, torch, paddle, words):
    found = broken(TRAINED, TORCH=torch, PADDLE=paddle)
    assert next(iter(found)) == "training"
    assert all(word in found["training"] for word in words), found["training"]
    assert "the first that differs" not in found["training"]
    assert "two such models cannot be compared" in found["training"]


UPDATED = """
torch_clip = lambda p: [tn.utils.clip_grad_norm_(EACH, 0.1) for q in p]
torch_optimizer = lambda p: torch.optim.TORCH_UPDATE
paddle_optimizer = lambda p: paddle.optimizer.PADDLE_UPDATE
"""
BY_NORM = "SGD(0.1, parameters=p, grad_clip=pn.ClipGradByNorm(0.1))"


@pytest.mark.parametrize(
    ("each", "torch", "paddle", "words"),
    [
        ("[q]", "SGD(p, 0.1)", BY_NORM, ""),
        ("p", "SGD(p, 0.1)", BY_NORM, "gradients are clipped in both: by <lambda> in torch, by ClipGradByNorm"),
        (
            "",
            "Adagrad(p, 0.01, eps=1e-6)",
            "Adagrad(0.01, parameters=p, initial_accumulator_value=0.1)",
            "another initial_accumulator_value: 0.0 in torch, 0.1 in paddle",
        ),
        (
            "",
            "RMSprop(p, 1e-3, alpha=0.9, eps=1e-6)",
            "RMSProp(1e-3, rho=0.9, parameters=p)",
            "sqrt(v + epsilon); torch's adds eps after the root",
        ),
    ],
)
def test_updates_that_only_look_alike_are_explained(broken, each, torch, paddle, words):
    more = UPDATED if each else UPDATED.replace("torch_clip", "_")  # which clips nothing
    changed = {"TORCH_UPDATE": torch, "PADDLE_UPDATE": paddle, "EACH": each or "p", "TORCH": "pass", "PADDLE": "pass"}
    found = broken(TRAINED + more, **changed)
    assert list(found) == (["steps"] if words else [])
    assert words in found.get("steps", ""), found["steps"]
