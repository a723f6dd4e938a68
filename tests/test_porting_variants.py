"""Twenty-five ports of one network, right ones and wrong ones: each gets its verdict, for its own reason."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.lanes import InProcessLane
from conformance.porting.check import PairDivergence, Port, PortingWarning
from conformance.porting.laws import LAWS, Seen, layers
from conformance.porting.pair import PairError
from tests.faults.fault import started_lanes

PAIRS = Path(__file__).parent / "pairs"
BASE = """
from tests.pairs.networks import PaddleNet, TorchNet

def torch_model():
    return TorchNet()

def paddle_model():
    return PaddleNet({wrong!r})

inputs = ("batch", 3, 16, 16)
targets = {{"shape": ("batch",), "dtype": "int64", "high": 5}}
loss = "cross_entropy"
"""
ADAM = """
import torch, paddle

def torch_optimizer(parameters):
    return torch.optim.AdamW(parameters, lr=1e-2, weight_decay=0.1)

def paddle_optimizer(parameters):
    how = {{"learning_rate": 1e-2, "weight_decay": 0.1}}
    return paddle.optimizer.AdamW(parameters=parameters, **{{**how, {changed}}})
"""


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def verdicts(tmp_path: Path, lanes: list[InProcessLane]) -> Callable[..., dict[str, str]]:
    """The laws that a pair breaks, and what each says of it."""

    def judge(wrong: str = "", more: str = "", text: str | None = None) -> dict[str, str]:
        path = tmp_path / "port.py"
        path.write_text((BASE.format(wrong=wrong) if text is None else text) + more, "utf-8")
        torch, paddle = (next(lane for lane in lanes if lane.spec.framework == name) for name in ("torch", "paddle"))
        port = Port(path, torch, paddle)
        broken = {}
        for name, law in LAWS.items():
            seen = Seen()
            try:
                law(port, seen)
                assert seen.samples, f"{name} passes and saw nothing"
            except PairDivergence as error:
                broken[name] = str(error)
        return broken

    return judge


@pytest.mark.parametrize(
    ("wrong", "more"),
    [
        ("", ""),  # with batch norm and dropout
        ("order", ""),
        ("", ADAM.format(changed="")),
        ("", "names = {'second': 'second'}\n"),
    ],
    ids=["plain", "another order of definition", "optimizers", "a hint"],
)
def test_a_right_port_passes(verdicts, wrong, more):
    assert verdicts(wrong, more) == {}


WRONG = {
    "permuted": (["forward", "training", "loss", "gradients", "steps"], ["permuted", "head"]),
    "leaky": (["forward", "training", "loss", "gradients", "steps"], ["computes relu", "leaky_relu", "'conv2'"]),
    "average": (["forward", "training", "loss", "gradients", "steps"], ["computes max_pool2d", "avg_pool2d"]),
    "transposed": (["forward", "training", "loss", "gradients", "steps"], ["matmul", "matrix is used transposed"]),
    "eps": (["forward", "training", "loss", "gradients"], ["'norm'", "another eps: 1e-05 in torch, 0.001"]),
    "momentum": (["training"], ["buffers.norm.running_mean", "another momentum: 0.1 in torch, 0.2 in paddle"]),
    "dropout": (["repeats", "forward"], ["paddle_model is random in evaluation mode"]),
    "frozen": (
        ["tensors", "gradients", "steps"],
        ["conv2.weight is trained in torch", "is frozen in paddle"],
    ),
    "nan": (
        ["forward", "training", "loss", "gradients", "steps"],
        ["paddle nan", "only paddle computes zeros_like, truediv"],
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_port_fails_for_its_own_reason(verdicts, wrong):
    found = verdicts(wrong)
    laws, words = WRONG[wrong]
    assert [law for law in found if law != "steps"] == [law for law in laws if law != "steps"], found
    assert "steps" in found or "steps" not in laws
    for word in words:
        assert word in found[laws[0]], found[laws[0]]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ("'learning_rate': 1.1e-2", "another lr: 0.01 in torch, 0.011 in paddle"),
        ("'epsilon': 1e-7", "another eps: 1e-08 in torch, 1e-07 in paddle"),
        ("'beta1': 0.89", "another beta1: 0.9 in torch, 0.89 in paddle"),
        ("'beta2': 0.99", "another beta2: 0.999 in torch, 0.99 in paddle"),
        ("'weight_decay': 0.11", "another weight_decay: 0.1 in torch, 0.11 in paddle"),
    ],
)
def test_another_hyperparameter_of_the_optimizer_is_named(verdicts, changed, word):
    found = verdicts(more=ADAM.format(changed=changed))
    assert list(found) == ["steps"], found
    assert word in found["steps"]


SUMMED = """
loss = None
def torch_loss(outputs, targets):
    import torch
    return torch.nn.functional.cross_entropy(outputs, targets)

def paddle_loss(outputs, targets):
    import paddle
    return paddle.nn.functional.cross_entropy(outputs, targets, reduction="sum")
"""


def test_a_summed_loss_is_told_from_its_mean(verdicts):
    found = verdicts(more=SUMMED)
    assert "loss" in found and not {"forward", "training"} & set(found)
    assert "the batch's size: one takes the sum, the other the mean" in found["loss"]


CARRIED = """
carried = True
def models():
    import torch
    from conformance.porting.inventory import inventory, written
    torch.manual_seed(0)
    one, other = TorchNet(), PaddleNet()
    values = {each.portable: each.read(tensor.detach().numpy().copy()) for each, tensor in inventory(one)}
    CHANGE
    own = written((each, values[each.portable]) for each, _ in inventory(other))
    for each, tensor in inventory(other):
        tensor.set_value(own[each.name])
    return one, other

def torch_model():
    return models()[0]

def paddle_model():
    return models()[1]
"""


def test_weights_that_were_carried_over_are_compared_bit_for_bit(verdicts):
    assert verdicts(more=CARRIED.replace("CHANGE", "")) == {}
    one_off = (
        "import numpy as np; values['first.weight'][2, 3] = np.nextafter(values['first.weight'][2, 3], np.float32(9))"
    )
    found = verdicts(more=CARRIED.replace("CHANGE", one_off))
    assert list(found) == ["tensors"] and "first.weight" in found["tensors"] and "[2, 3]" in found["tensors"]
    assert "more tensors" not in found["tensors"]
    found = verdicts(more="carried = True\n")
    assert list(found) == ["tensors"] and "more tensors" in found["tensors"]


def test_models_in_float64_pass_and_two_dtypes_do_not(verdicts):
    double = "\ndef torch_model():\n    return TorchNet().double()\n"
    paddle_double = "\ndef paddle_model():\n    net = PaddleNet()\n    net.to(dtype='float64')\n    return net\n"
    assert verdicts(more=double + paddle_double) == {}
    found = verdicts(more=double)
    assert "is float64 in torch" in found["tensors"]


def test_two_classes_of_one_name_are_two_layers(verdicts):
    """Peers keep what they hear of a layer by the name of its class."""
    text = """
import torch, paddle

def torch_part(slope):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(6, 6)
        def forward(self, x):
            return torch.nn.functional.leaky_relu(self.fc(x), slope)
    return Net()

def paddle_part(slope):
    class Net(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.fc = paddle.nn.Linear(6, 6)
        def forward(self, x):
            return paddle.nn.functional.leaky_relu(self.fc(x), slope)
    return Net()

def torch_model():
    return torch.nn.Sequential(torch_part(0.1), torch_part(0.2))

def paddle_model():
    return paddle.nn.Sequential(paddle_part(0.1), paddle_part(SECOND))

inputs = ("batch", 6)
"""
    assert verdicts(text=text.replace("SECOND", "0.2")) == {}
    found = verdicts(text=text.replace("SECOND", "0.25"))
    assert "torch leaky_relu(negative_slope=0.2) in '1'" in found["forward"]
    assert "another negative_slope: 0.2 in torch, 0.25 in paddle" in found["forward"]


def test_nan_in_both_models_is_no_agreement(verdicts):
    more = """
def torch_model():
    class Lost(TorchNet):
        def forward(self, x):
            return super().forward(x) * float("nan")
    return Lost()
"""
    found = verdicts("nan", more)
    assert "is NaN throughout in both models, so that nothing can be compared" in found["forward"]


def test_a_model_that_starts_with_nan_is_refused(verdicts):
    more = "\ndef torch_model():\n    net = TorchNet()\n    net.second.bias.data[0] = float('nan')\n    return net\n"
    with pytest.raises(PairError, match=r"second\.bias of torch_model holds NaN or infinity before anything ran"):
        verdicts(more=more)


def test_attention_lstm_and_tied_weights_are_matched_and_agree(lanes):
    torch, paddle = (next(lane for lane in lanes if lane.spec.framework == name) for name in ("torch", "paddle"))
    port = Port(PAIRS / "transformer.py", torch, paddle)
    for law in LAWS.values():
        law(port, Seen())
    found = {each.torch.portable: (each.torch.part, each.paddle.name, each.how) for each in port.matching.matches}
    name = "encoder.layers.1.self_attn.k_proj.weight"
    assert found[name] == ((8, 16), name, "name")
    assert found["embedding.weight"][1:] == ("words.weight", "structure")
    assert found["down.weight"][1:] == ("project.weight", "structure")


def test_tensors_of_one_model_only_are_named_with_their_ties(verdicts):
    untied = "\nclass paddle_model(PaddleTagger):\n    def __init__(self):\n        super().__init__()\n"
    untied += "        self.out = paddle.nn.Linear(8, 11, bias_attr=False)\n"
    found = verdicts(text=(PAIRS / "transformer.py").read_text("utf-8"), more=untied)
    assert "paddle: out.weight (11, 8)" in found["tensors"]
    assert "embedding.weight is out.weight too (tied)" in found["tensors"]
    assert "say extra = ['out.weight']; the check goes on" in found["tensors"]
    assert list(found) == ["tensors"]


COARSE = """
def torch_model():
    class Coarse(TorchNet):
        def forward(self, x):
            import torch
            with torch.autocast("cpu", torch.bfloat16):
                return super().forward(x).to(x.dtype)
    return Coarse()
"""


def test_less_precision_in_one_model_is_told_from_rounding(verdicts):
    found = verdicts(more=COARSE)
    assert list(found) == ["precision"]
    assert "torch_model is farther from the float64 run than float32's rounding makes normal" in found["precision"]


@pytest.mark.parametrize(("base", "broken"), [("", []), (COARSE, ["precision"])], ids=["right", "coarse"])
def test_an_operation_of_unknown_rounding_is_named_and_the_other_model_says_what_is_normal(verdicts, base, broken):
    more = """
plain = torch_model

def torch_model():
    import torch
    net = plain()
    net.register_forward_hook(lambda layer, given, out: torch.fft.irfft(torch.fft.rfft(out), n=5))
    return net
"""
    words, found = warned(verdicts, more=base + more)
    assert list(found) == broken
    assert words and all("cannot be derived (torch's _fft_c2r has no known rounding error" in each for each in words)


def warned(verdicts, **pair):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = verdicts(**pair)
    return [str(each.message) for each in told if each.category is PortingWarning], found


RENAMED = """
import torch, paddle

class torch_model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = torch.nn.Linear(6, 6), torch.nn.Linear(6, 6)
    def forward(self, x):
        return self.two(torch.relu(self.one(x)))

class paddle_model(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.last, self.first = paddle.nn.Linear(6, 6), paddle.nn.Linear(6, 6)
    def forward(self, x):
        return self.last(paddle.nn.functional.relu(self.first(x)))

inputs = ("batch", 6)
"""


def test_layers_matched_by_the_order_in_which_they_ran_are_told(verdicts):
    words, found = warned(verdicts, text=RENAMED)
    assert found == {}
    assert len(words) == 1 and words[0].startswith("port.py: layers that others of their kind and shape would fit")
    assert "{'one': 'first', 'two': 'last'}" in words[0]
    words, found = warned(verdicts, text=RENAMED, more="names = {'one': 'first'}\n")
    assert (words, found) == ([], {})


@pytest.mark.parametrize(
    ("hook", "laws", "words"),
    [
        (
            "first.register_forward_post_hook(lambda layer, given, out: out * 2 - out.detach())",
            ["gradients"],
            ["has another gradient: torch flatten", "torch 'first' (Linear, called at", "is 2 times torch's (scaled)"],
        ),
        (
            "third.register_forward_pre_hook(lambda layer, given: given[0].detach())",
            ["gradients", "steps"],
            [
                "does not exist in paddle",
                "another gradient: torch relu",
                "it is zero in paddle: something stops it",
            ],
        ),
    ],
    ids=["doubled", "stopped"],
)
def test_the_first_layer_whose_gradient_differs_is_named_where_outputs_agree(verdicts, hook, laws, words):
    found = verdicts(more=f"\ndef paddle_model():\n    net = PaddleNet()\n    net.{hook}\n    return net\n")
    assert list(found) == laws
    assert all(word in found["gradients"] for word in words), found["gradients"]


def test_on_request_layers_are_compared_one_by_one(lanes, tmp_path):
    """A tied layer of torch is a function in paddle, whose projections of attention have no counterpart in torch."""
    torch, paddle = (next(lane for lane in lanes if lane.spec.framework == name) for name in ("torch", "paddle"))
    port, seen = Port(PAIRS / "transformer.py", torch, paddle), Seen()
    layers(port, seen)
    assert seen.samples and 0 < seen.worst["layers"] < 1
    met = [row for row in port.layers if "torch" in row and "paddle" in row]
    assert len(met) == 25 and all(row["inputs"] and row["outputs"] and row["gradient"] for row in met)
    assert [row["paddle"] for row in met if row["torch"] == "out"] == ["matmul"]
    assert len([row for row in port.layers if "torch" not in row]) == 8
    wrong = tmp_path / "wrong.py"
    wrong.write_text(BASE.format(wrong="eps"), "utf-8")
    with pytest.raises(PairDivergence, match="9 of 9 layers differ; forward, the first is 'norm'"):
        layers(Port(wrong, torch, paddle), Seen())


@pytest.mark.parametrize(
    ("port", "told"),
    [
        (
            "net.register_forward_post_hook(lambda layer, given, out: out[:, :4])",
            "has shape [3, 5] in torch and [3, 4]",
        ),
        ("net.register_forward_post_hook(lambda layer, given, out: (out, out))", "gives 1 outputs and paddle_model 2"),
    ],
    ids=["shape", "number"],
)
def test_outputs_of_other_shapes_or_numbers_are_told(verdicts, port, told):
    found = verdicts(
        text=BASE.format(wrong="").replace('loss = "cross_entropy"', "").replace("targets", "_"),
        more=f"""
def paddle_model():
    net = PaddleNet()
    {port}
    return net
""",
    )
    assert told in found["forward"], found["forward"]
    assert "precision" not in found
