"""Paddle's mode ``static`` with paddle itself: what it compiles, what it declines and why, and faults put into it."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import ledger, profiles
from conformance.contract import REGISTRY, Contract, Observation
from conformance.judge import Verdict
from conformance.lanes import InProcessLane, LaneError
from conformance.lanes.spec import parse
from conformance.runner import ContractRun, Divergence

paddle = pytest.importorskip("paddle")
LEDGER = ledger.load(Path(__file__).parent.parent / "fixtures" / "divergences.toml")
MODULES = ("dataset", "determinism", "forward", "forward_activations", "forward_normalization", "gradients", "loss")
for name in (*MODULES, "models", "schedules", "training", "shapes"):
    importlib.import_module(f"suites.test_{name}")
importlib.import_module("suites.operators.test_activations")
STATIC = "paddle:cpu+static"


@pytest.fixture(scope="module")
def mode() -> Any:
    return importlib.import_module("conformance.lanes.paddle_static")


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    """An eager lane, and one that compiles whole graphs."""
    made = [InProcessLane(parse(text)) for text in ("paddle", "paddle+static")]
    for lane in made:
        lane.start()
    return made


@pytest.fixture
def static(lanes) -> Any:
    return lanes[1]._modes[0]


def ran(law: str | Contract, lanes: list[InProcessLane], examples: int = 4) -> ContractRun:
    """A contract of which some examples were judged; raises the smallest divergence."""
    contract = REGISTRY[law] if isinstance(law, str) else law
    run = ContractRun(contract, lanes, LEDGER.of(contract.id))
    run.begin()
    profiles.draw(replace(contract, share=examples / profiles.GATE_EXAMPLES), run.check)
    if run._smallest is not None:
        raise run._smallest
    return run


def statuses(run: ContractRun) -> set[str]:
    return set(run.modes[STATIC].counts)


# What is compiled


def test_a_call_without_layers_is_compiled_as_a_function_of_its_tensors(lanes, static):
    before = static._programs.runs
    assert statuses(ran("nn.tanh", lanes)) == {"unchanged"}
    assert static._programs.runs > before
    assert not any(plan.layers for plan in static._plans.values())


def test_a_layer_is_compiled_where_it_is_called_and_is_plain_afterwards(lanes, static):
    assert statuses(ran("shape.simple_cnn", lanes)) == {"unchanged"}
    assert static._layers
    assert not any("forward" in vars(layer) for layer, _ in static._layers.values())


def test_a_layer_into_which_hooks_look_is_compiled_part_by_part(lanes, static):
    run = ran("train.step", lanes, 1)
    assert run.record.samples and "newly wrong" not in statuses(run)
    assert {type(layer).__name__ for layer, _ in static._layers.values()} >= {"Conv2D", "Linear"}


def test_functions_of_a_call_that_goes_back_through_its_graph_are_compiled(lanes, static):
    before = static._programs.runs
    assert statuses(ran("gradient.accumulates", lanes)) == {"unchanged"}
    assert static._programs.runs > before


def test_a_dropout_that_is_seeded_in_the_call_draws_its_mask_in_a_program(lanes):
    assert statuses(ran("determinism.dropout", lanes)) == {"unchanged"}


def test_axes_that_python_hashes_alike_have_programs_of_their_own(lanes):
    run = ran("nn.softmax", lanes, 24)  # -1 and -2 among its axes
    assert "newly wrong" not in statuses(run)


def test_options_are_told_apart_by_type_sign_and_the_shapes_of_arrays(mode):
    texts = [mode.frozen(each) for each in (1, 1.0, True, 0.0, -0.0, -1, -2, (1,), [1], "1", None)]
    assert len(set(texts)) == len(texts)
    one, other = np.zeros((2, 3), "float32"), np.ones((2, 3), "float32")
    assert mode.frozen({"a": one}) != mode.frozen({"a": other})
    assert mode.frozen({"a": one}, values=False) == mode.frozen({"a": other}, values=False)
    assert mode.frozen(one, values=False) != mode.frozen(one.T, values=False)


def test_which_kinds_of_samples_are_compiled(mode):
    assert [place for place in range(1, 60) if mode.few(place)] == [1, 2, 3, 4, 5, 8, 13, 21, 34, 55]


def test_every_kind_is_compiled_on_request(lanes, static, monkeypatch, mode):
    told = ran("nn.conv2d", lanes, 5).record.unsupported
    assert mode.PROGRAMS in told[STATIC]
    monkeypatch.setattr(static, "_every", True)
    assert ran("nn.conv2d", lanes, 5).record.unsupported == {}


# What is declined


def test_a_dtype_without_a_kernel_is_told_as_an_eager_lane_tells_it(lanes):
    told = ran("act.gelu", lanes, 2).record.unsupported
    for dtype in ("float16", "bfloat16"):
        assert told[f"{STATIC} {dtype}"] == told[f"paddle:cpu {dtype}"]
        assert "is not registered" in told[f"{STATIC} {dtype}"]


@pytest.mark.parametrize("law", ["schedule.constant", "dataset.collate"])
def test_a_contract_without_tensors_and_layers_is_unsupported_and_no_pass(law, lanes):
    run = ran(law, lanes[1:])
    assert run.finish().verdict is Verdict.UNSUPPORTED
    assert "it calls no layer and takes no tensor" in run.record.unsupported[STATIC]


def test_a_release_without_the_mode_is_told_in_a_sentence(lanes, mode, monkeypatch):
    monkeypatch.delattr(paddle.jit, "to_static")
    with pytest.raises(LaneError, match=r"\+static needs paddle.jit.to_static, which paddle .* lacks"):
        mode.Static("ast", None)


def test_a_compilation_that_fails_is_an_error_with_its_reason_and_the_run_goes_on(lanes):
    law = REGISTRY["nn.tanh"]

    def failing(x: Any) -> Any:
        if not paddle.in_dynamic_mode():
            raise NotImplementedError("this has no program")
        return paddle.tanh(x)

    with pytest.raises(Divergence) as error:
        ran(replace(law, calls={**law.calls, "paddle": failing}), lanes)
    (difference,) = error.value.judged.differences
    assert error.value.judged.wrong == {STATIC} and "this has no program" in difference.detail
    assert statuses(ran("nn.tanh", lanes)) == {"unchanged"}


# Faults in what compiles


def test_a_stale_batch_norm_statistic_is_caught(lanes, static, monkeypatch):
    program = static._program

    def stale(call: Any, arguments: Any, named: Any) -> Any:
        kept = {name: named[name].clone() for name in ("running_mean", "running_variance")}
        found = program(call, arguments, named)
        return {**found, "running_variance": kept["running_variance"]}

    monkeypatch.setattr(static, "_program", stale)
    _blamed("nn.batch_norm_statistics", lanes)


def test_a_program_of_another_shape_is_caught(lanes, static, monkeypatch):
    program = static._program
    first: dict[Any, Any] = {}

    def cached(call: Any, arguments: Any, named: Any) -> Any:
        return first.setdefault(call, program(call, arguments, named))

    monkeypatch.setattr(static, "_program", cached)
    _blamed("nn.tanh", lanes)


def test_an_option_of_the_first_call_is_caught(lanes, mode, monkeypatch):
    right = mode.frozen
    monkeypatch.setattr(mode, "frozen", lambda value, values=True: right(value, values) if not values else ())
    _blamed("nn.batch_norm_statistics", lanes)


def test_a_dropped_gradient_is_caught(lanes, static, monkeypatch):
    program = static._program
    monkeypatch.setattr(static, "_program", lambda *given: program(*given).detach() + 0.0 * given[2]["x"].sum())
    _blamed("nn.linear", lanes)


def test_what_runs_eagerly_after_all_is_no_pass(lanes, static, monkeypatch):
    monkeypatch.setattr(static, "compiled", lambda function: function)
    run = ran("nn.tanh", lanes[1:])
    assert run.finish().verdict is Verdict.UNSUPPORTED
    assert "nothing of the call was compiled" in run.record.unsupported[STATIC]


def _blamed(law: str, lanes: list[InProcessLane], examples: int = 4) -> None:
    with pytest.raises(Divergence) as error:
        ran(law, lanes, examples)
    assert error.value.judged.wrong == {STATIC}


def test_a_projected_lstm_is_not_compiled_as_that_may_end_the_interpreter(lanes):
    law = REGISTRY["nn.tanh"]

    def projected(x: Any) -> Any:
        return paddle.nn.LSTM(x.shape[-1], 3, proj_size=2)(x.reshape([1, -1, x.shape[-1]]))[0]

    run = ran(replace(law, calls={**law.calls, "paddle": projected}), lanes[1:])
    assert run.finish().verdict is Verdict.UNSUPPORTED
    assert "may end paddle's interpreter" in run.record.unsupported[STATIC]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: x.fill_(1.0), "has no attribute 'fill_'"),
        (lambda x: x.as_strided([1], [1]), "We only support 'as_strided()' in dynamic graph mode"),
        (lambda x: x.reshape([-1]).exp_(), "is a viewed Tensor in dygraph"),
    ],
)
def test_what_paddle_says_is_for_eager_calls_alone_is_declined_in_its_words(change, told, lanes):
    law = REGISTRY["nn.tanh"]

    def in_place(x: Any) -> Any:
        y = x * 1.0
        change(y)
        return paddle.tanh(x)

    run = ran(replace(law, calls={**law.calls, "paddle": in_place}), lanes)
    assert run.finish().verdict is Verdict.AGREE
    assert told in run.record.unsupported[STATIC]


def test_of_a_layer_that_is_made_in_the_call_and_not_called_functions_are_compiled(lanes, static):
    law = REGISTRY["nn.tanh"]

    run = ran(replace(law, calls={**law.calls, "paddle": lambda x: paddle.nn.Tanh().forward(x)}), lanes)
    assert statuses(run) == {"unchanged"}
    plans = [plan for plan in static._plans.values() if plan.error is None]
    assert plans and all(plan.made and plan.functions and not plan.layers for plan in plans)


def test_a_program_that_has_failed_is_not_used_again(static):
    static.begin()
    first = static._whole
    assert static.observed(lambda: Observation()) == Observation() and static._whole is first
    failed = Observation(error="the tensor is not initialized")
    assert static.observed(lambda: failed) is failed
    assert static._whole is not first


def test_what_paddle_has_eagerly_only_is_declined_with_its_words(lanes, mode):
    """A dataset of tensors, a sparse method, an operator without a program, and what a layer keeps of one."""
    law = REGISTRY["nn.tanh"]

    def observed(x: Any) -> Any:
        from paddle.quantization.observers import AbsmaxObserver

        observer = AbsmaxObserver()._instance(None)
        return paddle.tanh(observer(x)) + 0 * observer.scales()

    def compressed(x: Any) -> Any:
        places = paddle.zeros([2, 1], "int64")
        return paddle.tanh(x) + 0 * paddle.sparse.sparse_coo_tensor(places, x.reshape([-1])[:1], [1, 1]).coalesce()

    calls = {
        mode.EAGER_ONLY[0]: lambda x: paddle.tanh(paddle.nn.quant.quant_layers.FakeQuantAbsMax()(x)),
        mode.KEPT: observed,
        mode.EAGER_ONLY[1]: compressed,
        mode.EAGER_ONLY[5]: lambda x: paddle.tanh(paddle.io.TensorDataset([x])[0][0]),
    }
    for words, call in calls.items():
        run = ran(replace(law, calls={**law.calls, "paddle": call}), lanes[1:], 1)
        assert run.finish().verdict is Verdict.UNSUPPORTED
        assert words in run.record.unsupported[STATIC]


def test_a_region_of_autocast_is_not_compiled_on_a_cpu_and_one_that_is_switched_off_is(lanes):
    law = REGISTRY["nn.tanh"]
    for enable in (True, False):

        def cast(x: Any, enable: bool = enable) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with paddle.amp.auto_cast(enable=enable, dtype="bfloat16"):
                    return paddle.tanh(x)

        run = ran(replace(law, calls={**law.calls, "paddle": cast}), lanes[1:], 1)
        assert ("may end paddle's interpreter" in run.record.unsupported.get(STATIC, "")) == enable
