"""Faults planted in small ports of several architectures: the layer or function, its setting and its line are told."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from conformance.porting.check import Difference, Port
from conformance.porting.compared import Seen
from conformance.porting.laws import PairDivergence, gradients
from conformance.porting.layers import traced
from conformance.porting.places import explain, explain_backward
from conformance.porting.sites import differing
from tests.faults.fault import started_lanes
from tests.pairs import planted_text, planted_vision

IMAGES = "inputs = ('batch', 3, 12, 12)"
PLACES = "inputs = ('batch', 6, 8)"
IDS = "inputs = {'shape': ('batch', 7), 'dtype': 'int64', 'high': 6}"
INPUTS = {"Cnn": IMAGES, "Unet": IMAGES, "Mixer": PLACES, "Written": PLACES, "Encoder": IDS, "Gpt": IDS, "Tagger": IDS}
INPUTS["Reader"] = IDS
TEXT = ("Encoder", "Gpt", "Tagger", "Reader")
AGREES = "its inputs agree, its output does not"


@pytest.fixture(scope="module")
def lanes() -> dict[str, Any]:
    return {lane.spec.framework: lane for lane in started_lanes()}


def port_of(lanes: dict[str, Any], folder: Path, model: str, wrong: dict[str, Any]) -> Port:
    module = planted_text if model in TEXT else planted_vision
    path = folder / "port.py"
    path.write_text(
        f"from {module.__name__} import Paddle{model}, Torch{model} as torch_model\n{INPUTS[model]}\n"
        f"def paddle_model():\n    return Paddle{model}(**{wrong!r})\n",
        "utf-8",
    )
    return Port(path, lanes["torch"], lanes["paddle"])


def line(model: str, number: str) -> str:
    """A line of the file in which a model is written."""
    return inspect.getsource(planted_text if model in TEXT else planted_vision).splitlines()[int(number) - 1]


@pytest.mark.parametrize("model", INPUTS)
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_right_ports_of_another_structure_part_nowhere(lanes, tmp_path, model, training):
    port = port_of(lanes, tmp_path, model, {})
    found = traced(port, next(port.samples()), training)
    assert differing(found) == []
    assert explain(port, next(port.samples()), training, Difference("outputs.0", "")) == []
    if training:
        assert port.layers and all(row["gradient"] for row in port.layers if "gradient" in row)
        assert not any("first" in row for row in port.layers)


PLANTED: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("Cnn", {"eps": 1e-3}, "self.norm1(", ["layer that differs: torch 'norm1'", "another eps: 1e-05 in torch, 0.001"]),
    ("Cnn", {"dilation": 2}, "self.conv1(", ["torch 'conv1'", "another dilation: 1 in torch, 2 in paddle"]),
    ("Cnn", {"padding_mode": "reflect"}, "self.conv1(", ["torch 'conv1'", "another padding_mode: 'zeros' in torch"]),
    ("Cnn", {"slope": 0.2}, "self.act(", ["torch 'act'", "another negative_slope: 0.1 in torch, 0.2 in paddle"]),
    ("Cnn", {"act": "Silu"}, "self.act(", ["torch computes 'act' (LeakyReLU", "paddle 'act' (Silu", "'norm1'"]),
    ("Cnn", {"act": "ReLU6"}, "self.act(", ["torch computes 'act' (LeakyReLU", "paddle 'act' (ReLU6"]),
    ("Cnn", {"exclusive": True}, "self.pool(", ["torch 'pool'", "another count_include_pad: True in torch, False in"]),
    ("Cnn", {"ceil": True}, "self.pool(", ["torch 'pool'", "another ceil_mode: False in torch, True in paddle"]),
    ("Cnn", {"groups": 2}, "self.norm2(", ["torch 'norm2'", "another groups: 4 in torch, 2 in paddle"]),
    ("Cnn", {"group_eps": 1e-3}, "self.norm2(", ["torch 'norm2'", "another eps: 1e-05 in torch, 0.001 in paddle"]),
    ("Cnn", {"mode": "constant"}, "pf.pad(", ["torch pad(", "another mode: 'reflect' in torch, 'constant' in paddle"]),
    ("Cnn", {"mode": "replicate"}, "pf.pad(", ["another mode: 'reflect' in torch, 'replicate' in paddle"]),
    ("Cnn", {"function": "silu"}, "hardswish", ["torch computes hardswish", "paddle silu", "'norm2'"]),
    ("Cnn", {"function": "hardsigmoid"}, "hardswish", ["torch computes hardswish", "paddle hardsigmoid"]),
    ("Cnn", {"pool": "avg_pool2d"}, "max_pool2d", ["torch computes max_pool2d", "paddle avg_pool2d"]),
    ("Cnn", {"flatten": 1}, "x.flatten(1)", ["'head'", "same numbers in another order", "begins with torch flatten"]),
    ("Cnn", {"scaled": 1}, "x * 0.5", ["only paddle computes mul(operand=0.5)", "before paddle 'head'"]),
    ("Cnn", {"half": 1}, "bfloat16", ["only paddle computes astype, astype", "before paddle 'head'"]),
    ("Unet", {"eps": 1e-3}, "self.norm(", ["torch 'down.1'", "paddle 'norm'", "another eps: 1e-05 in torch, 0.001"]),
    ("Unet", {"alpha": 0.5}, "self.act(", ["torch 'down.2'", "another alpha: 1 in torch, 0.5 in paddle"]),
    ("Unet", {"corners": True}, "self.up(", ["torch 'up'", "another align_corners: False in torch, True in paddle"]),
    ("Unet", {"mode": "nearest"}, "self.up(", ["torch 'up'", "another mode: 'bilinear' in torch, 'nearest' in paddle"]),
    ("Unet", {"transposed": 1}, "[0, 3, 2, 1]", ["axes 2 and 3 are exchanged", "paddle transpose"]),
    ("Unet", {"order": 1}, "paddle.concat", ["torch cat(axis=1)", "they take the same inputs, in another order"]),
    ("Unet", {"no_sigmoid": 1}, "torch.sigmoid", ["only torch computes sigmoid", "before torch interpolate"]),
    ("Unet", {"last_mode": "bilinear"}, "pf.interpolate", ["another mode: 'nearest' in torch, 'bilinear' in paddle"]),
    ("Mixer", {"eps": 1e-5}, "self.norm1(", ["torch 'norm1'", "another eps: 1e-06 in torch, 1e-05 in paddle"]),
    ("Mixer", {"second_eps": 1e-3}, "self.norm2(", ["torch 'norm2'", "another eps: 1e-06 in torch, 0.001 in paddle"]),
    ("Mixer", {"approximate": True}, "self.tokens(", ["'tokens.1'", "another approximate: 'none' in torch, 'tanh' in"]),
    ("Mixer", {"act": "ReLU"}, "self.channels(", ["torch computes 'channels.1' (GELU", "paddle 'channels.1' (ReLU"]),
    ("Mixer", {"no_connection": 1}, "x + self.tokens", ["only torch computes add", "before torch 'norm2'"]),
    ("Mixer", {"extra": 1}, "pf.relu(x)", ["only paddle computes relu", "before paddle mean"]),
    ("Mixer", {"max": 1}, "x.max(1)", ["torch computes mean(", "paddle max("]),
    ("Encoder", {"heads": 2}, "query, key, transpose_y", ["torch matmul", "num_heads of 'the whole model' is another"]),
    ("Encoder", {"eps": 1e-3}, "self.norm2(", ["torch 'norm2'", "another eps: 1e-12 in torch, 0.001 in paddle"]),
    ("Encoder", {"split": 1}, "self.heads, x.shape[1]", ["a reshape stands for a transpose", "paddle reshape"]),
    ("Encoder", {"first": 1}, "paddle.arange(", ["'places'", "another constant", "another end: 7 in torch, 8 in"]),
    ("Encoder", {"swapped": 1}, "query, key, transpose_y", ["axes 2 and 3 are exchanged", "begins with torch matmul"]),
    ("Encoder", {"scale": 1}, "size**-0.5", ["torch's is the input times 0.5", "paddle's is the input times 0.25"]),
    ("Encoder", {"padding": 1}, 'wrong.get("padding"', ["torch eq(operand=0)", "another operand: 0 in torch"]),
    ("Encoder", {"no_mask": 1}, "masked_fill", ["only torch computes masked_fill", "before torch softmax"]),
    ("Encoder", {"axis": 2}, "pf.softmax", ["torch softmax(axis=-1)", "another axis: -1 in torch, 2 in paddle"]),
    ("Encoder", {"merge": 1}, "mixed.reshape", ["'out'", "a reshape stands for a transpose", "paddle reshape"]),
    ("Encoder", {"no_connection": 1}, "x + self.out", ["only torch computes add", "before torch 'norm1'"]),
    ("Encoder", {"norm_first": 1}, "self.norm1(self.out", ["only paddle computes 'norm1'", "before paddle add"]),
    ("Encoder", {"quick": 1}, "1.702", ["torch computes gelu", "paddle's is quick gelu (x * sigmoid(1.702 x))"]),
    ("Encoder", {"approximate": True}, "pf.gelu", ["torch gelu(", "another approximate: 'none' in torch, 'tanh' in"]),
    ("Encoder", {"mean": 1}, "x.mean(1)", ["torch computes getitem(index='[:, 0]')", "paddle mean(axis=1"]),
    ("Encoder", {"place": -1}, 'wrong.get("place"', ["another index: '[:, 0]' in torch, '[:, -1]' in paddle"]),
    ("Gpt", {"theta": 5000.0}, "paddle.to_tensor(", ["another constant", "theta of 'the whole model' is another"]),
    ("Gpt", {"eps": 1e-3}, "self.eps)", ["another operand: 1e-06 in torch, 0.001 in", "eps of 'the whole model'"]),
    ("Gpt", {"outside": 1}, "paddle.sqrt", ["only paddle computes sqrt", "before paddle add(operand=0.001)"]),
    ("Gpt", {"interleaved": 1}, "x[..., 0::2]", ["another index: '[..., :4]' in torch, '[..., 0::2]' in paddle"]),
    ("Gpt", {"sign": 1}, "sines = -sines", ["another constant", "only paddle makes the constant with paddle neg"]),
    ("Gpt", {"function": "wrong"}, "pf.scaled_dot", ["one order of axes", "paddle's [batch, length, heads, size]"]),
    ("Gpt", {"function": "right", "not_causal": 1}, "pf.scaled_dot", ["another is_causal: True in torch, False"]),
    ("Gpt", {"diagonal": 1}, "scaled_dot", ["causal attention", "causal attention that sees one place ahead"]),
    ("Gpt", {"diagonal": -1}, "scaled_dot", ["paddle's is causal attention that does not see its own place"]),
    ("Gpt", {"gate": 1}, "(gate) * up", ["they take different values", "torch 'gate' (Linear", "paddle 'up' (Linear"]),
    ("Gpt", {"act": "gelu"}, "(gate) * up", ["torch computes silu", "paddle gelu(approximate='none')"]),
    ("Gpt", {"scaled": 1}, "16**-0.5", ["only paddle computes mul(operand=0.25)", "'down'"]),
    ("Tagger", {"padding_idx": 0}, "self.words(", ["torch 'words'", "another padding_idx: 'none' in torch, 0"]),
    ("Tagger", {"time_major": True}, "self.first(", ["torch 'first' (GRU", "another batch_first: True in torch"]),
    ("Tagger", {"activation": "relu"}, "self.second(", ["'second' (RNN", "another activation: 'tanh' in torch"]),
    ("Tagger", {"flipped": 1}, "x.flip(1)", ["only paddle computes flip(axis=1)", "before paddle 'second'"]),
    ("Tagger", {"dropout": 1}, "pf.dropout", ["only paddle computes dropout", "`axis`, not `training`"]),
]  # fmt: skip


@pytest.mark.parametrize(("model", "wrong", "source", "words"), PLANTED, ids=[f"{m}-{w}" for m, w, _, _ in PLANTED])
def test_a_planted_fault_is_told_with_its_layer_its_setting_and_its_line(lanes, tmp_path, model, wrong, source, words):
    port = port_of(lanes, tmp_path, model, wrong)
    drawn = next(port.samples())
    assert differing(traced(port, drawn, False)), "the fault changes nothing"
    told = explain(port, drawn, False, Difference("outputs.0", ""))
    text = "\n".join(told)
    assert all(word in text for word in words), text
    lines = [line(model, number) for number in re.findall(r"planted_\w+\.py:(\d+)", text)]
    assert any(source in each for each in lines), (text, lines)
    assert "besides" not in text or wrong == {"outside": 1}, text


@pytest.mark.parametrize(
    ("wrong", "quantity", "words"),
    [
        ({"global": True}, "outputs.0", ["torch 'norm1'", "another use_global_stats: False in torch, True in paddle"]),
        ({"momentum": 0.1}, "buffers.norm1.running_mean", ["another momentum: 0.1 in torch, 0.9 in paddle"]),
    ],
    ids=["statistics", "momentum"],
)
def test_what_shows_in_training_only_is_told_too(lanes, tmp_path, wrong, quantity, words):
    port = port_of(lanes, tmp_path, "Cnn", wrong)
    text = "\n".join(explain(port, next(port.samples()), True, Difference(quantity, "")))
    assert all(word in text for word in words), text


SEVERAL: list[tuple[str, dict[str, Any], list[str]]] = [
    ("Mixer", {"approximate": True, "second_eps": 1e-3}, ["'tokens.1'", "another approximate", "'norm2'", "eps"]),
    ("Mixer", {"eps": 1e-4, "second_eps": 1e-3, "act": "Silu"}, ["'norm1'", "'norm2'", "'channels.1' (GELU", "(Silu"]),
    ("Encoder", {"axis": 2, "eps": 1e-3}, ["another axis", "'norm2'", "another eps: 1e-12 in torch, 0.001"]),
    ("Unet", {"corners": True, "last_mode": "bilinear"}, ["another align_corners", "torch interpolate", "mode"]),
    ("Gpt", {"theta": 500.0, "act": "gelu"}, ["theta of 'the whole model'", "torch computes silu", "paddle gelu"]),
    ("Tagger", {"padding_idx": 0, "activation": "relu"}, ["another padding_idx", "'second'", "another activation"]),
]  # fmt: skip


@pytest.mark.parametrize(("model", "wrong", "words"), SEVERAL, ids=[f"{m}-{w}" for m, w, _ in SEVERAL])
def test_independent_faults_are_each_told_once_in_their_order(lanes, tmp_path, model, wrong, words):
    port = port_of(lanes, tmp_path, model, wrong)
    text = "\n".join(explain(port, next(port.samples()), False, Difference("outputs.0", "")))
    places = [text.find(word) for word in words]
    assert min(places) >= 0 and places == sorted(places), text
    assert text.count("the first") == len(wrong), text
    assert text.count("besides, with that corrected") == len(wrong) - 1, text


def test_a_write_into_a_view_and_a_stopped_gradient_are_told_where_only_gradients_differ(lanes, tmp_path):
    for wrong, words in (
        ({"view": 1}, ["paddle writes in place into a view: scale_", "of getitem", "assign a new tensor instead"]),
        ({"detach": 1}, ["another gradient: torch 'norm2'", "only paddle passes it to detach", "it is zero in paddle"]),
    ):
        port = port_of(lanes, tmp_path, "Written", wrong)
        drawn = next(port.samples())
        assert differing(traced(port, drawn, True)) == []
        text = "\n".join(explain_backward(port, drawn))
        assert all(word in text for word in words), text


def test_a_setting_that_shows_in_the_gradient_of_its_own_weight_alone_is_told(lanes, tmp_path):
    port = port_of(lanes, tmp_path, "Reader", {"padding_idx": None})
    with pytest.raises(PairDivergence) as error:
        gradients(port, Seen())
    text = str(error.value)
    assert "gradients.words.weight differs" in text and "first whose output has another gradient" not in text
    assert "of torch 'words', paddle 'words': another padding_idx: 0 in torch, 'none' in paddle" in text


def test_what_replaced_paddles_functions_is_put_back(lanes, tmp_path):
    import paddle

    before = dict(vars(paddle.nn.functional))
    methods = dict(vars(paddle.Tensor))
    port = port_of(lanes, tmp_path, "Gpt", {})
    traced(port, next(port.samples()), True)
    assert dict(vars(paddle.nn.functional)) == before
    assert dict(vars(paddle.Tensor)) == methods
