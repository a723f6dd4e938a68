"""Channels last, threads and repetition: what each mode changes, and that a fault put into it is caught."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, seed, settings

from conformance import EXACT, REAL, Sample
from conformance.contract import Contract, Observation, find
from conformance.judge import Verdict
from conformance.lanes import InProcessLane, repeated
from conformance.outcomes import Divergence
from conformance.runner import ContractRun


def whole(*shape: int) -> np.ndarray:
    """Small integers, no two neighbours alike."""
    return ((np.arange(np.prod(shape)) * 7 + 3) % 11 - 5).reshape(shape).astype(np.float32)


def convolution(side: int = 4) -> Sample:
    """Exact, and with as many channels as rows, so that taking one for the other has the right shape."""
    how = {"stride": 1, "padding": 1, "dilation": 1, "groups": 1}
    x, weight = whole(2, side, side, side), whole(side, side, 3, 3)
    return Sample(
        {"x": x, "weight": weight, "bias": whole(side), **how, "cotangent": whole(2, side, side, side)}, EXACT
    )


def judged(made: InProcessLane, law: str, sample: Sample) -> ContractRun:
    importlib.import_module("suites.test_forward")
    run = ContractRun(find(law), [made])
    run.begin()
    run.check(sample)
    return run


@pytest.mark.parametrize("name", ["torch+nhwc", "paddle+nhwc"])
def test_a_convolution_with_channels_last_is_the_same(lane, name):
    run = judged(lane(name), "nn.conv2d", convolution())
    assert run.finish().verdict is Verdict.AGREE


@pytest.mark.parametrize("name", ["torch+nhwc", "paddle+nhwc"])
def test_a_call_without_channels_is_not_run_and_says_why(lane, name):
    sample = Sample({"x": whole(2, 3), "weight": whole(4, 3), "bias": None, "cotangent": whole(2, 4)}, EXACT)
    made = lane(name)
    record = judged(made, "nn.linear", sample).finish()
    assert record.verdict is Verdict.UNSUPPORTED
    assert "four axes or five" in record.unsupported[made.label] or "data_format" in record.unsupported[made.label]


def _rows_for_channels(image: Any, to_last: bool) -> Any:
    return image.transpose([0, 2, 3, 1])


def _left_in_order(image: Any, to_last: bool) -> Any:
    return image


@pytest.mark.parametrize("fault", [_rows_for_channels, _left_in_order])
def test_paddle_s_channels_permuted_or_left_in_order_are_caught(lane, monkeypatch, fault):
    made = lane("paddle+nhwc")
    monkeypatch.setattr("conformance.lanes.paddle_layout.moved", fault)
    with pytest.raises(Divergence):
        judged(made, "nn.conv2d", convolution())


def test_paddle_s_functions_are_what_they_were_after_a_call(lane):
    made = lane("paddle+nhwc")
    functional = importlib.import_module("paddle").nn.functional
    before = {name: each for name, each in vars(functional).items() if callable(each)}
    judged(made, "nn.conv2d", convolution())
    assert all(vars(functional)[name] is each for name, each in before.items())


def test_torch_s_channels_permuted_in_place_of_laid_out_are_caught(lane, monkeypatch):
    made = lane("torch+nhwc")
    monkeypatch.setattr(made.adapter, "channels_last", lambda tensor: tensor.transpose(1, 3), raising=False)
    with pytest.raises(Divergence):
        judged(made, "nn.conv2d", convolution())


def test_torch_s_modules_and_what_they_are_given_have_channels_last(lane, declare):
    seen = []

    def call(x: Any) -> Any:
        torch = importlib.import_module("torch")
        module = torch.nn.Conv2d(4, 4, 3, bias=False)
        module.weight.data.fill_(1.0)
        module.register_forward_hook(lambda m, i, o: seen.append((m.weight, i[0], o)))
        return module(x + 0)

    def oracle(x: Any) -> Any:
        windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (3, 3), (2, 3)).sum((1, 4, 5))
        return {"output": np.repeat(windows[:, None], 4, 1)}

    run = ContractRun(declare(torch=call, oracle=oracle), [lane("torch+nhwc")])
    run.check(Sample({"x": whole(2, 4, 5, 5)}, EXACT))
    torch = importlib.import_module("torch")
    assert seen and all(each.is_contiguous(memory_format=torch.channels_last) for each in seen[0])


def _scattered(framework: str, made: list[Any]) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        made.append(1)
        return x + (len(made) % 2) * 2.0**-20

    return call


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_two_calls_that_differ_in_a_bit_are_told(lane, declare, framework):
    from conformance import Acceptance

    law = declare(torch=_scattered(framework, []), oracle=lambda x: {"output": Acceptance(x, 1.0)})
    sample = Sample({"x": whole(3) + np.float32(1)}, REAL)
    ContractRun(law, [lane(framework)]).check(sample)
    with pytest.raises(Divergence) as error:
        ContractRun(law, [lane(f"{framework}+deterministic")]).check(sample)
    assert "NotDeterministic" in error.value.judged.differences[0].detail


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_random_numbers_are_drawn_alike_in_both_calls(lane, declare, framework):
    from conformance import Acceptance

    def call(x: Any) -> Any:
        module = importlib.import_module(framework)
        return x + module.rand([3]) + np.random.rand()

    law = declare(torch=call, oracle=lambda x: {"output": Acceptance(x + 1, 1.0)})
    ContractRun(law, [lane(f"{framework}+deterministic")]).check(Sample({"x": whole(3)}, REAL))


def test_a_kernel_that_is_not_deterministic_is_not_run(lane, declare):
    def call(x: Any) -> Any:
        raise RuntimeError("put_ does not have a deterministic implementation, but you set ...")

    made = lane("torch+deterministic")
    run = ContractRun(declare(torch=call, oracle=lambda x: {"output": x}), [made])
    run.check(Sample({"x": whole(3)}, REAL))
    assert run.finish().verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize("change", ["value", "zero", "dtype", "shape", "error"])
def test_observations_apart_in_anything_are_apart(change):
    def made(**more: Any) -> Observation:
        given = {"values": {"y": np.zeros(2, np.float32)}, "dtypes": {"y": "float32"}, "devices": {"y": "cpu"}}
        return Observation(**{**given, **more})

    others: dict[str, dict[str, Any]] = {
        "value": {"values": {"y": np.array([0, 1], np.float32)}},
        "zero": {"values": {"y": np.array([0.0, -0.0], np.float32)}},
        "dtype": {"dtypes": {"y": "float64"}},
        "shape": {"values": {"y": np.zeros((2, 1), np.float32)}},
        "error": {"error": "ValueError: no"},
    }
    assert repeated.apart(made(), made()) is None
    assert repeated.apart(made(), made(**others[change])) is not None


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_a_lane_on_two_threads_has_two_and_gives_the_number_back(lane, framework):
    made = lane(f"{framework}+threads=2")
    assert made.fingerprint()["threads"] == 2
    assert lane(framework).fingerprint()["threads"] == 1


def _division() -> tuple[Contract, Sample]:
    importlib.import_module("suites.modes.test_threads")
    law = find("threads.division")
    found: list[Sample] = []

    @seed(0)
    @settings(max_examples=1, database=None, deadline=None)
    @given(law.samples)
    def draw(samples: list[Sample]) -> None:
        found.append(samples[0])

    draw()
    return law, found[0]


def _dropped(result: Any) -> Any:
    result["product"][150] = 0
    return result


def _taken_twice(result: Any) -> Any:
    result["columns"] = result["columns"] + result["elementwise"][3]
    return result


def _added_elsewhere(result: Any) -> Any:
    result["added"] = result["added"].flip(0)
    return result


@pytest.mark.parametrize("fault", [None, _dropped, _taken_twice, _added_elsewhere])
@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_a_row_that_threads_drop_take_twice_or_add_elsewhere_is_caught(lane, framework, fault):
    law, sample = _division()
    plain = law.call(framework)
    if fault is None:
        ContractRun(law, [lane(f"{framework}+threads=2")]).check(sample)
        return
    wrong = replace(law, calls={framework: lambda **inputs: fault(plain(**inputs))})
    with pytest.raises(Divergence):
        ContractRun(wrong, [lane(f"{framework}+threads=2")]).check(sample)
