"""Right ports of a kind that was once a false alarm, and beside each a wrong one of the same kind, which is found."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from conformance.lanes import InProcessLane
from conformance.porting.check import PairDivergence, Port, PortingWarning
from conformance.porting.laws import LAWS, Seen
from conformance.porting.pair import PairError
from tests.faults.fault import started_lanes

HEAD = "import numpy, paddle, torch\n"
WORDS = """
class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(20000, 8, padding_idx=3)
        self.norm, self.head = torch.nn.LayerNorm(8), torch.nn.Linear(8, 4)
    def forward(self, i):
        return self.head(torch.tanh(self.norm(self.words(i))))

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.words = paddle.nn.Embedding(20000, 8, padding_idx={padding})
        self.norm, self.head = paddle.nn.LayerNorm(8), paddle.nn.Linear(8, 4)
    def forward(self, i):
        found = self.words(i)
        {change}
        return self.head(paddle.tanh(self.norm(found)))

inputs = {{"shape": ("batch", 12), "dtype": "int64", "high": 20000, "padding": 3}}
"""
ONE_ROW = """scale = paddle.ones([20000, 1])
        scale[19999] = 1 + 1e-5
        rows = paddle.nn.functional.embedding(i, scale).astype(found.dtype)
        found = found.detach() + (found - found.detach()) * rows"""
NAMED = """
def torch_model():
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))

def paddle_model():
    name = paddle.ParamAttr
    first = paddle.nn.Linear(4, 3, weight_attr=name(name="w"), bias_attr=name(name="b"))
    return paddle.nn.Sequential(first, paddle.nn.BatchNorm1D(3, weight_attr=name(name="s"), epsilon={epsilon}))

inputs = ("batch", 4)
"""
IN_PLACE = """
class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(6, 4)
    def forward(self, x, y):
        return self.fc(x.mul_(2).add_(y.clamp_(min=0)))

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.fc = paddle.nn.Linear(6, 4)
    def forward(self, x, y):
        return self.fc(x * {factor} + paddle.clip(y, min=0))

inputs = [("batch", 6), ("batch", 6)]
"""
NORMS = """
class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        utils = torch.nn.utils
        self.a = utils.parametrizations.weight_norm(torch.nn.Conv2d(3, 4, 3))
        self.b = utils.weight_norm(torch.nn.Linear(4, 6))
        self.c = utils.spectral_norm(torch.nn.Linear(6, 6))
        self.d = utils.spectral_norm(torch.nn.Conv1d(1, 2, 2))
    def forward(self, x):
        x = torch.tanh(self.b(torch.tanh(self.a(x)).mean((2, 3))))
        return self.d(torch.tanh(self.c(x))[:, None])

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        utils = paddle.nn.utils
        self.a = utils.weight_norm(paddle.nn.Conv2D(3, 4, 3))
        self.b = utils.weight_norm(paddle.nn.Linear(4, 6), dim={axis})
        self.c = utils.spectral_norm(paddle.nn.Linear(6, 6))
        self.d = utils.spectral_norm(paddle.nn.Conv1D(1, 2, 2))
    def forward(self, x):
        x = paddle.tanh(self.b(paddle.tanh(self.a(x)).mean([2, 3])))
        return self.d(paddle.tanh(self.c(x)).unsqueeze(1))

inputs = ("batch", 3, 5, 5)
"""
FUSED = """
class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = torch.nn.Linear(8, 24), torch.nn.Conv1d(8, 4, 1)
    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.out((torch.softmax(q @ k.transpose(1, 2), -1) @ v).transpose(1, 2))

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (paddle.nn.Linear(8, 8) for _ in range(3))
        self.out = paddle.nn.Linear(8, 4)
    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        weights = paddle.nn.functional.softmax(q @ k.transpose([0, 2, 1]), -1)
        return self.out(weights @ v).transpose([0, 2, 1])

inputs = ("batch", 5, 8)
merged = {{"qkv": {order}}}
"""
FUSED_BY_COLUMNS = """
class Columns(torch.nn.Module):
    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(inputs, outputs))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
    def forward(self, x):
        return x @ self.weight + self.bias

class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.kv = Columns({width}, 8)
    def forward(self, x):
        return self.kv(x).split({width} // 2, -1)

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.k, self.v = (paddle.nn.Linear(8, {width} // 2) for _ in range(2))
    def forward(self, x):
        return self.k(x), self.v(x)

inputs = ("batch", 8)
merged = {{"kv": {order}}}
transposed = {transposed}
"""
COLUMNS = """
class Matrix(torch.nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(*shape))
        self.bias = torch.nn.Parameter(torch.zeros({outputs}))
    def forward(self, x):
        return {used} + self.bias

class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Matrix({shape}), torch.nn.Linear({outputs}, 3)
    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = paddle.nn.Linear(8, {outputs}), paddle.nn.Linear({outputs}, 3)
    def forward(self, x):
        return self.b(paddle.tanh(self.a(x)))

inputs = ("batch", 8)
"""
BY_COLUMNS, BY_ROWS = "x @ self.weight", "torch.nn.functional.linear(x, self.weight)"
FUSED_THERE = """
class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.k, self.v = torch.nn.Linear(6, 4, bias=False), torch.nn.Linear(6, 5, bias=False)
    def forward(self, x):
        return self.k(x), self.v(x)

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.kv = paddle.nn.Linear(6, 9, bias_attr=False)
    def forward(self, x):
        return paddle.split(self.kv(x), [4, 5], -1)

inputs = ("batch", 6)
merged = {{"kv": {order}}}
"""
TABLE = """
def table(length):
    place, wave = numpy.arange(length)[:, None], numpy.arange(8)[None]
    return numpy.sin(place / {wave} ** (wave / 8)).astype("float32")

class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(8, 4)
        self.register_buffer("table", torch.tensor(table(7)))
        self.register_buffer("position_ids", torch.arange(7)[None])
    def forward(self, x):
        return self.fc(x + self.table[self.position_ids])

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.fc = paddle.nn.Linear(8, 4)
        self.ids = paddle.arange(7)
    def forward(self, x):
        return self.fc(x + paddle.to_tensor(table(7))[self.ids])

inputs = ("batch", 7, 8)
"""
KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any] | None, str]] = {
    "a large vocabulary": (WORDS, {"padding": 3, "change": "pass"}, {"padding": 3, "change": ONE_ROW}, "gradients"),
    "padding rows": (WORDS, {"padding": 3, "change": "pass"}, {"padding": None, "change": "pass"}, "gradients"),
    "named parameters": (NAMED, {"epsilon": "1e-5"}, {"epsilon": "1e-3"}, "forward"),
    "inputs written in place": (IN_PLACE, {"factor": 2}, {"factor": 2.001}, "forward"),
    "normed weights": (NORMS, {"axis": 1}, {"axis": 0}, "forward"),
    "one projection in torch": (FUSED, {"order": "('q', 'k', 'v')"}, {"order": "('k', 'v', 'q')"}, "forward"),
    "one projection in torch, by columns": (
        FUSED_BY_COLUMNS,
        {"width": 12, "order": "('k', 'v')", "transposed": []},
        {"width": 12, "order": "('v', 'k')", "transposed": []},
        "forward",
    ),
    "one square projection in torch, by columns": (
        FUSED_BY_COLUMNS,
        {"width": 8, "order": "('k', 'v')", "transposed": ["kv.weight"]},
        {"width": 8, "order": "('k', 'v')", "transposed": []},
        "forward",
    ),
    "a matrix by columns": (COLUMNS, {"shape": "8, 12", "outputs": 12, "used": BY_COLUMNS}, None, ""),
    "a matrix by rows": (COLUMNS, {"shape": "12, 8", "outputs": 12, "used": BY_ROWS}, None, ""),
    "a square matrix": (
        COLUMNS,
        {"shape": "8, 8", "outputs": 8, "used": BY_COLUMNS},
        {"shape": "8, 8", "outputs": 8, "used": BY_ROWS},
        "forward",
    ),
    "one projection in paddle": (FUSED_THERE, {"order": "('k', 'v')"}, None, ""),
    "constants of one side": (TABLE, {"wave": "10000.0"}, None, ""),
    "one batch size": (NAMED + "batch_sizes = (4,)\n", {"epsilon": "1e-5"}, {"epsilon": "1e-3"}, "forward"),
}


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def broken(tmp_path: Path, lanes: list[InProcessLane]):
    """The laws that a pair breaks, and what each says."""

    def judge(text: str) -> dict[str, str]:
        path = tmp_path / "port.py"
        path.write_text(HEAD + text, "utf-8")
        by_name = {lane.spec.framework: lane for lane in lanes}
        port, found = Port(path, by_name["torch"], by_name["paddle"]), {}
        for name, law in LAWS.items():
            seen = Seen()
            try:
                law(port, seen)
                assert seen.samples, name
            except PairDivergence as error:
                found[name] = str(error)
        return found

    return judge


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_port_of_its_kind_agrees_and_a_wrong_one_does_not(broken, kind):
    text, right, wrong, law = KINDS[kind]
    assert broken(text.format(**right)) == {}
    if wrong is not None:
        found = broken(text.format(**wrong))
        assert law in found, found


def test_projections_that_do_not_fill_the_merged_one_are_refused(broken):
    with pytest.raises(PairError, match=r"merged: kv\.weight \(9, 6\) does not hold k\.weight \(4, 6\), k\.weight"):
        broken(FUSED_THERE.format(order="('k', 'k')"))
    with pytest.raises(PairError, match=r"merged: 'w', of 'kv', names no weight of the other model; it has k, v"):
        broken(FUSED_THERE.format(order="('k', 'w')"))
    with pytest.raises(PairError, match=r"merged: neither model has a layer or tensor 'kvv'"):
        broken(FUSED_THERE.format(order="('k', 'v')").replace('"kv":', '"kvv":'))


WRITES = """
class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(6, 4)
    def forward(self, x):
        with torch.no_grad():
            {torch}
        return self.fc(x)

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.fc = paddle.nn.Linear(6, 4)
    def forward(self, x):
        {paddle}
        return self.fc(x)

inputs = ("batch", 6)
"""


@pytest.mark.parametrize(
    ("torch", "paddle", "model"),
    [
        ("self.fc.weight.mul_(0.5)", "pass", "torch_model"),
        ("self.fc.weight.data.mul_(0.5)", "pass", "torch_model"),
        ("pass", "self.fc.weight.set_value(self.fc.weight * 0.5)", "paddle_model"),
    ],
)
def test_a_model_that_writes_to_its_weights_is_told_so(broken, torch, paddle, model):
    with pytest.raises(PairError, match=rf"{model} writes to its 'fc\.weight' in forward"):
        broken(WRITES.format(torch=torch, paddle=paddle))


ALONE = """
torch_model = lambda: torch.nn.Sequential(torch.nn.Linear(6, 4))

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.fc = paddle.nn.Linear(6, 4)
    def forward(self, x):
        {change}
        return self.fc(x)

inputs = ("batch", 6)
"""


def test_a_batch_of_one_is_tried(broken):
    assert broken(ALONE.format(change="pass")) == {}
    found = broken(ALONE.format(change="x = x.squeeze(0) if x.shape[0] == 1 else x"))
    assert list(found) == ["forward"] and "has shape [1, 4] in torch and [4] in paddle" in found["forward"]
    found = broken(ALONE.format(change="assert x.shape[0] > 1, 'too few'"))
    assert list(found) == ["forward"]
    assert "a batch of 1 is taken by torch_model, and paddle_model fails: AssertionError: too few" in found["forward"]
    assert broken(ALONE.format(change="assert x.shape[0] > 1, 'too few'") + "batch_sizes = (3, 2)\n") == {}


EXTRA = """

class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4)
        self.head = torch.nn.Linear(4, 3)
    def forward(self, x):
        return self.head(torch.relu(self.norm(self.conv(x))).mean((2, 3)))

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4, epsilon=EPSILON)
        self.head = paddle.nn.Linear(4, 3)
        self.scale = self.create_parameter([3])
    def forward(self, x):
        x = self.head(paddle.nn.functional.relu(self.norm(self.conv(x))).mean([2, 3]))
        return x * (1 + self.scale) if SCALED else x

inputs = ("batch", 3, 6, 6)
"""


@pytest.mark.parametrize(("declared", "laws"), [("['conv.bias', 'scale']", []), ("['scale']", ["tensors"])])
def test_an_extra_tensor_is_named_once_and_may_be_declared(broken, declared, laws):
    right = EXTRA.replace("EPSILON", "1e-5").replace("SCALED", "False")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = broken(right + f"extra = {declared}\n")
    words = [str(each.message) for each in told if each.category is PortingWarning]
    assert list(found) == laws
    if laws:
        assert "paddle: conv.bias (4,)" in found["tensors"] and "scale" not in found["tensors"]
    else:
        (word,) = words
        assert "scale, conv.bias, declared as extra" in word and "in evaluation mode" in word
    found = broken(right.replace("1e-5", "1e-3") + f"extra = {declared}\n")
    assert [law for law in found if law != "steps"] == [*laws, "forward", "training", "loss", "gradients"]
    assert "another eps: 1e-05 in torch, 0.001 in paddle" in found["forward"]
    assert [found[law] for law in ("training", "loss")] == ["as in the law 'forward'", "as in the law 'training'"]


def test_an_extra_tensor_that_does_harm_is_told(broken):
    text = EXTRA.replace("EPSILON", "1e-5").replace("SCALED", "True")
    zero = "self.create_parameter([3], default_initializer=paddle.nn.initializer.Constant(0.0))"
    text = text.replace("self.create_parameter([3])", zero)
    found = broken(text + "extra = ['conv.bias', 'scale']\n")
    assert list(found) == ["training"]
    assert "outputs.0 of paddle_model depends on the values, which is not harmless" in found["training"]


def test_an_extra_that_no_model_has_is_refused(broken):
    with pytest.raises(PairError, match=r"extra names 'conv.bais'; the tensors that one model alone has: none"):
        broken(NAMED.format(epsilon="1e-5") + "extra = ['conv.bais']\n")
