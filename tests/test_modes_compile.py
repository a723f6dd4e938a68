"""Torch's compiled lane on real contracts: what it runs, what it declines, and faults of a compiler that it shows."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from conformance import drawing
from conformance.contract import Observation, find
from conformance.judge import Verdict
from conformance.lanes import InProcessLane, LaneError, parse
from conformance.outcomes import Divergence
from conformance.runner import ContractRun
from conformance.upgrade import UNCHANGED
from tests.laws import real

EAGER, COMPILED = "torch:cpu", "torch:cpu+compile=eager"
"""The backend that runs the graph which torch traced as it is: fast, and its graph is that of every other backend."""


@pytest.fixture
def lanes(torch: Any) -> Any:
    """The eager lane and a compiled one; what the latter traced is forgotten afterwards."""
    active = dict(InProcessLane._active)
    InProcessLane._active.clear()
    started = [InProcessLane(parse(text)) for text in (EAGER, COMPILED)]
    for lane in started:
        lane.start()
    yield started
    importlib.import_module("torch._dynamo").reset()
    for lane in started:
        lane.adapter.pin()
    InProcessLane._active.clear()
    InProcessLane._active.update(active)


def run(contract_id: str, suite: str, lanes: Any) -> ContractRun:
    importlib.import_module(suite)
    made = ContractRun(find(contract_id), lanes)
    made.begin()
    for example in drawing.examples(made.contract.samples, 2, contract_id, True):
        made.check(example.value)
    return made


LAWS = {
    "nn.linear": "suites.test_forward",
    "nn.batch_norm_train": "suites.test_forward_normalization",
    "nn.batch_norm_statistics": "suites.test_forward_normalization",
    "loss.cross_entropy": "suites.test_loss",
    "gradient.accumulates": "suites.test_gradients",
    "act.celu": "suites.operators.test_activations",
}


@pytest.mark.parametrize("law", LAWS)
def test_a_compiled_lane_agrees_with_the_oracle_and_has_the_bits_of_the_eager_one(law, lanes):
    made = run(law, LAWS[law], lanes)
    assert made.finish().verdict is Verdict.AGREE
    assert set(made.modes[COMPILED].counts) == {UNCHANGED}
    assert made.record.unsupported == {}


def test_what_takes_no_tensor_and_calls_no_module_says_so(lanes):
    made = run("dataset.collate", "suites.test_dataset", lanes)
    assert made.record.unsupported == {COMPILED: "it calls no module with a tensor, and takes none"}


def test_a_call_in_which_nothing_can_be_compiled_says_so(lanes, identity):
    made = ContractRun(identity(lambda x: x).contract, lanes)
    made.begin()
    made.check(real(1.5))
    assert made.record.unsupported == {COMPILED: "torch.compile found nothing in it to compile"}


def a_mean_twice(graph: Any, inputs: Any) -> Any:
    """A backend whose results are divided by the number of rows once more."""
    return lambda *given: [each / max(2, len(given[0])) for each in graph(*given)]


def of_the_first_call(graph: Any, inputs: Any) -> Any:
    """A backend that keeps the numbers of the inputs which it was shown."""
    return lambda *given: graph(*inputs)


def detached(graph: Any, inputs: Any) -> Any:
    """A backend whose results no gradient goes back from."""

    def made(*given: Any) -> Any:
        return [each.detach().requires_grad_() for each in graph(*given)]

    return made


def with_copies(graph: Any, inputs: Any) -> Any:
    """A backend that writes what a graph changes in place to copies: running statistics stay stale."""
    return lambda *given: graph(*[each.clone() if each.numel() and not each.requires_grad else each for each in given])


def in_bfloat16(graph: Any, inputs: Any) -> Any:
    """A backend that multiplies in bfloat16."""

    def made(*given: Any) -> Any:
        import torch

        return [each.float() for each in graph(*[one.to(torch.bfloat16) for one in given])]

    return made


@pytest.mark.parametrize(
    ("law", "backend"),
    [
        ("nn.linear", of_the_first_call),
        ("nn.linear", detached),
        ("nn.linear", in_bfloat16),
        ("nn.batch_norm_statistics", with_copies),
        ("loss.cross_entropy", a_mean_twice),
    ],
)
def test_a_fault_of_a_compiler_is_seen_in_its_lane_alone(law, backend, lanes):
    lanes[1]._modes[0].value = backend
    with pytest.raises(Divergence) as error:
        run(law, LAWS[law], lanes).finish()
    assert error.value.judged.wrong == {COMPILED}


def test_a_compiler_that_is_missing_is_told_with_what_to_do(torch, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(LaneError, match=r"needs a C\+\+ compiler; install g\+\+, or write \+compile=aot_eager"):
        InProcessLane(parse("torch+compile")).start()


@pytest.mark.parametrize("words", ["aot_autograd does not currently support double backward", "other"])
def test_only_a_second_gradient_that_torch_refuses_in_its_own_words_is_declined(words, lanes):
    (mode,) = lanes[1]._modes
    found = mode.observed(lambda: Observation(error=f"RuntimeError: {words}"))
    assert (found.unsupported is not None, found.error is None) == ((words != "other"),) * 2
