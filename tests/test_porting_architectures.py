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
