"""Low precision: the bounds of each format are met by correct rounding, and by nothing that rounds once too often."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from conformance import EXACT, REAL, Sample, accuracy, autocast, precision
from conformance.contract import Contract, Observation, find
from conformance.judge import Difference, Verdict, compare
from conformance.lanes import LaneError
from conformance.runner import ContractRun, Divergence
from tests import emulated

MODES = {"bfloat16": "bf16", "float16": "fp16"}
SEEDS = range(4)


def law(name: str) -> Contract:
    for suite in ("forward", "models", "operators.test_linear", "operators.test_normalization"):
        importlib.import_module(f"suites.{suite}" if "." in suite else f"suites.test_{suite}")
    return find(name)


def layer(seed: int, rows: int = 5, inner: int = 257, outer: int = 6) -> Sample:
    rng = np.random.default_rng(seed)
    fill = lambda *shape: np.asarray(rng.standard_normal(shape), np.float32)  # noqa: E731
    inputs = {"x": fill(rows, inner), "weight": fill(outer, inner), "bias": None, "cotangent": fill(rows, outer)}
    return Sample(inputs, REAL)


def observed(values: dict[str, Any], dtype: str, gradients: str | None = None) -> Observation:
    names = {name: gradients or dtype if name.startswith("gradient.") else dtype for name in values}
    return Observation(values, names, dict.fromkeys(values, "cpu"))


def differences(contract: Contract, arithmetic: str, sample: Sample, seen: Observation) -> list[Difference]:
    """How a lane in this arithmetic that gave these results is judged."""
    meant = precision.meant(arithmetic, contract, sample)
    form = "tf32" if arithmetic == "tf32" else precision.format_of(arithmetic, contract) or "float32"
    extra = {"observed": seen.values} if contract.conditioned else {}
    with accuracy.dot_format(form):
        accepted = precision.accepted(arithmetic, contract, sample, contract.oracle(**meant.inputs, **extra))
    return compare("lane", seen, accepted, meant).differences


# A linear layer in each format


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("form", MODES)
def test_a_layer_whose_sums_are_rounded_once_is_accepted(form, seed):
    sample, store = layer(seed), emulated.to_format(form)
    values = emulated.linear(sample.inputs, store, store)
    assert not differences(law("nn.linear"), MODES[form], sample, observed(values, form))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("form", MODES)
def test_a_layer_that_adds_up_in_the_format_is_refused(form, seed):
    sample, store = layer(seed), emulated.to_format(form)
    values = emulated.linear(sample.inputs, store, store, accumulate=store)
    assert differences(law("nn.linear"), MODES[form], sample, observed(values, form))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("form", MODES)
def test_a_layer_that_keeps_a_bit_less_is_refused(form, seed):
    sample, store = layer(seed), emulated.to_format(form)
    values = emulated.linear(sample.inputs, store, emulated.to_bits(emulated.BITS[form] - 1))
    assert differences(law("nn.linear"), MODES[form], sample, observed(values, form))


@pytest.mark.parametrize("seed", SEEDS)
def test_tf32_is_accepted_and_four_bits_less_are_refused(seed):
    sample, keep = layer(seed), lambda array: array
    for bits, right in ((11, True), (7, False)):
        values = emulated.linear(sample.inputs, emulated.to_bits(bits), keep)
        assert (not differences(law("nn.linear"), "tf32", sample, observed(values, "float32"))) is right


@pytest.mark.parametrize("seed", SEEDS)
def test_float32_refuses_tf32(seed):
    sample = layer(seed)
    values = emulated.linear(sample.inputs, emulated.to_bits(11), lambda array: array)
    assert differences(law("nn.linear"), "float32", sample, observed(values, "float32"))


@pytest.mark.parametrize("form", MODES)
def test_small_integers_are_exact_up_to_the_significand_and_no_further(form):
    bits = emulated.BITS[form]
    ones = np.ones((1, 2**bits), np.float32)
    for inner, held in ((2**bits, True), (2**bits + 1, False)):
        x = np.ones((1, inner), np.float32)
        weight = ones if inner == 2**bits else np.ones((1, inner), np.float32)
        sample = Sample({"x": x, "weight": weight, "bias": None, "cotangent": np.ones((1, 1), np.float32)}, EXACT)
        meant = precision.meant(MODES[form], law("nn.linear"), sample)
        with accuracy.dot_format(form):
            accepted = law("nn.linear").oracle(**meant.inputs)
        assert bool(np.max(accepted["output"].bound) == 0) is held


def test_what_is_beyond_the_largest_number_is_not_promised():
    with accuracy.dot_format("float16"):
        found = accuracy.dot(lambda x, y: x @ y, np.full((1, 2), 300.0), np.full((2, 1), 300.0), terms=2)
    assert found.bound == np.inf


# Autocast


@pytest.mark.parametrize("form", MODES)
def test_autocast_promises_the_lower_dtype_of_results_and_that_of_inputs_of_gradients(form):
    sample, store, mode = layer(7), emulated.to_format(form), f"amp={form}"
    values = emulated.linear(sample.inputs, store, store)
    assert not differences(law("nn.linear"), mode, sample, observed(values, form, "float32"))
    for wrong in (observed(values, form), observed(values, "float32", "float32")):
        assert {each.kind for each in differences(law("nn.linear"), mode, sample, wrong)} == {"dtype"}


@pytest.mark.parametrize("form", MODES)
def test_a_cast_that_is_forgotten_is_refused(form):
    sample, store = layer(7), emulated.to_format(form)
    values = emulated.linear(sample.inputs, lambda array: array, store)
    assert differences(law("nn.linear"), f"amp={form}", sample, observed(values, form, "float32"))


def test_bfloat16_in_the_place_of_float16_is_refused():
    sample = layer(7)
    store = emulated.to_format("bfloat16")
    values = emulated.linear(sample.inputs, store, store)
    assert differences(law("nn.linear"), "amp=float16", sample, observed(values, "float16", "float32"))


def test_what_autocast_does_to_a_call_is_read_from_its_text():
    assert autocast.casts(law("linear.function")) and autocast.open_question(law("linear.function"), "bfloat16") is None
    assert not autocast.casts(law("normalization.batch_norm_train"))
    assert "bilinear is made of several" in str(autocast.open_question(law("linear.bilinear"), "bfloat16"))


# A network


def network(seed: int) -> Sample:
    from suites.models import cnn_weights

    rng = np.random.default_rng(seed)
    images = rng.standard_normal((2, 3, 32, 32)).astype(np.float32)
    return Sample({"images": images, "relu": True, "weights": cnn_weights(rng, 1.0)}, REAL)


@pytest.mark.parametrize("form", MODES)
@pytest.mark.parametrize("mode", ["narrow", "amp"])
def test_a_network_that_rounds_every_activation_is_accepted(form, mode):
    sample, store = network(3), emulated.to_format(form)
    seen = emulated.cnn(sample.inputs["images"], sample.inputs["weights"], store)
    arithmetic = MODES[form] if mode == "narrow" else f"amp={form}"
    assert not differences(law("model.cnn"), arithmetic, sample, observed(seen, form))


@pytest.mark.parametrize("form", MODES)
def test_a_network_that_adds_up_in_the_format_is_refused(form):
    sample, store = network(3), emulated.to_format(form)
    seen = emulated.cnn(sample.inputs["images"], sample.inputs["weights"], store, accumulate=store)
    assert differences(law("model.cnn"), MODES[form], sample, observed(seen, form))


def test_float32_bounds_refuse_a_network_in_bfloat16_and_those_of_float16_too():
    sample, store = network(3), emulated.to_format("bfloat16")
    seen = emulated.cnn(sample.inputs["images"], sample.inputs["weights"], store)
    for arithmetic, dtype in (("float32", "float32"), ("fp16", "float16")):
        assert differences(law("model.cnn"), arithmetic, sample, observed(seen, dtype))


# Lanes


@pytest.mark.parametrize("mode", ["bf16", "fp16", "amp", "amp=float16"])
@pytest.mark.parametrize("name", ["nn.linear", "model.cnn"])
def test_torch_agrees_in_every_precision(lane, mode, name):
    run = ContractRun(law(name), [lane(f"torch+{mode}")])
    run.begin()
    run.check(layer(1) if name == "nn.linear" else network(1))
    assert run.finish().verdict is Verdict.AGREE


@pytest.mark.parametrize("mode", ["bf16", "fp16"])
def test_a_module_that_is_left_in_float32_is_caught(lane, monkeypatch, mode):
    made = lane(f"torch+{mode}")
    monkeypatch.setattr(
        made._modes[0], "_cast", lambda module, plain, *args, **named: plain(module, *(x.float() for x in args))
    )
    with pytest.raises(Divergence):
        ContractRun(law("model.cnn"), [made]).check(network(1))


def test_autocast_to_the_other_format_is_caught(lane, monkeypatch):
    made = lane("torch+amp")
    made._modes[0].value = "float16"
    with pytest.raises(Divergence):
        ContractRun(law("nn.linear"), [made]).check(layer(1))


def _named(x: Any, call: str) -> Any:
    return getattr(importlib.import_module("torch"), call)(x)


def test_a_product_that_a_call_hides_from_its_text_is_told(lane, declare):
    run = ContractRun(declare(torch=_named, oracle=lambda x, call: {"output": x}), [made := lane("torch+amp")])
    run.begin()
    run.check(Sample({"x": layer(1).inputs["x"], "call": "cov"}, REAL))
    assert run.finish().unsupported[made.label] == "within its call autocast casts the operands of mm"


def test_a_call_of_no_list_that_is_cast_all_the_same_is_caught(lane, declare):
    def cast(x: Any) -> Any:
        return (2 * x.bfloat16()).float()

    doubled = declare(torch=cast, oracle=lambda x: {"output": 2.0 * x.astype(np.float64)})
    with pytest.raises(Divergence):
        ContractRun(doubled, [lane("torch+amp")]).check(Sample({"x": layer(1).inputs["x"]}, REAL))


def test_tensors_that_are_neither_in_float32_nor_in_the_lower_format_are_not_for_autocast(lane, declare):
    def joined(x: Any) -> Any:
        torch = importlib.import_module("torch")
        return torch.stack([x.half(), x.half()]).float()

    run = ContractRun(declare(torch=joined, oracle=lambda x: {"output": x}), [made := lane("torch+amp")])
    run.begin()
    run.check(Sample({"x": layer(1).inputs["x"]}, REAL))
    assert "some are in another format" in run.finish().unsupported[made.label]


def test_paddle_refuses_autocast_on_the_cpu_in_one_sentence(lane):
    with pytest.raises(LaneError, match="does nothing on the CPU"):
        lane("paddle+amp")


def test_a_contract_without_bounds_of_a_format_says_so():
    assert precision.lacking("bf16", law("nn.embedding")) == "its bounds are not those of bfloat16"
    assert precision.lacking("bf16", law("nn.linear")) is None
