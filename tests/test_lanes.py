"""Lanes: what a person may type, what a lane observes, and that settings stay as they were pinned."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import Sample
from conformance.lanes import InProcessLane, LaneError, LaneSpec, default_specs, parse
from conformance.lanes.lane import ADAPTERS, FEATURES, features, flatten, observe
from conformance.lanes.spec import SpecError, require_installed, written
from conformance.ledger import Ledger
from conformance.session import Session
from tests.numpy_lane import NumpyAdapter, Result

# Specifications


@pytest.mark.parametrize(
    ("text", "spec", "name"),
    [
        ("torch", LaneSpec("torch", "cpu"), "torch:cpu"),
        (" Torch:CPU ", LaneSpec("torch", "cpu"), "torch:cpu"),
        ("paddle:gpu", LaneSpec("paddle", "gpu"), "paddle:gpu"),
        ("paddle:cuda", LaneSpec("paddle", "gpu"), "paddle:gpu"),
        ("torch:gpu:0", LaneSpec("torch", "cuda"), "torch:cuda"),
        ("torch:cuda:1", LaneSpec("torch", "cuda", 1), "torch:cuda:1"),
        ("coarse=torch:cuda:1+tf32", LaneSpec("torch", "cuda", 1, True, "coarse"), "torch:cuda:1+tf32"),
        ("new-2.0=paddle", LaneSpec("paddle", "cpu", label="new-2.0"), "paddle:cpu"),
        ("torch:cpu@/envs/old", LaneSpec("torch", "cpu", where="/envs/old"), "torch:cpu"),
        (
            "old=torch:cuda+tf32@ssh=gpu-box//python=python3.12",
            LaneSpec("torch", "cuda", tf32=True, label="old", where="ssh=gpu-box//python=python3.12"),
            "torch:cuda+tf32",
        ),
    ],
)
def test_a_lane_is_read(text, spec, name):
    found = parse(text)
    assert found == spec
    assert (found.name, str(found)) == (name, spec.label or name)
    assert parse(written(found)) == found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot read lane '': the form is"),
        ("torch:", "cannot read lane 'torch:'"),
        ("torch:cuda:first", "cannot read lane"),
        ("torch:cuda:-1", "cannot read lane"),
        ("torch:cuda:0:0", "cannot read lane"),
        ("torch+fp8", "unknown mode +fp8; torch knows +compile"),
        ("a b=torch", "cannot read lane"),
        ("=torch", "cannot read lane"),
        ("jax:cpu", "unknown framework 'jax'; known are torch, paddle"),
        ("torch:tpu", "unknown device 'tpu'; torch knows cpu, cuda"),
        ("paddle:npu:0", "unknown device 'npu'; paddle knows cpu, gpu"),
        ("torch:cpu:1", "the CPU has no index; drop :1"),
        ("torch+tf32", "TF32 exists on CUDA devices only"),
    ],
)
def test_what_is_no_lane_is_refused_with_the_part_that_is_wrong(text, sentence):
    with pytest.raises(SpecError) as error:
        parse(text)
    assert sentence in str(error.value) and repr(text) in str(error.value)


def test_by_default_each_framework_runs_on_the_cpu():
    assert [spec.name for spec in default_specs()] == ["torch:cpu", "paddle:cpu"]


@pytest.mark.parametrize(("absent", "package"), [("torch", "torch"), ("paddle", "paddlepaddle")])
def test_a_framework_that_is_not_installed_is_named_with_its_package(monkeypatch, absent, package):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == absent else object())
    require_installed(parse({"torch": "paddle", "paddle": "torch"}[absent]))
    lanes = {"torch": "--lane torch@ENV --lane paddle", "paddle": "--lane torch --lane paddle@ENV"}[absent]
    told = f"; install {package}, or choose the lanes with --lane: `{lanes}`, where ENV is a virtual environment"
    with pytest.raises(SpecError) as error:
        require_installed(parse(absent))
    assert f"lane {absent}:cpu: {absent} is not installed in this environment{told}" in str(error.value)


# The lane


def test_a_lane_is_started_by_importing_its_adapter(numpy_lanes):
    (lane,) = numpy_lanes("odd=torch")
    assert lane.label == "odd"
    told = lane.fingerprint()
    assert (told["label"], told["framework"], told["version"], told["threads"]) == ("odd", "torch", "2.15.0+cu132", 1)


@pytest.mark.parametrize("error", [ImportError("libfoo.so: cannot open\nmore"), ValueError("odd"), AttributeError()])
def test_whatever_fails_at_the_start_is_told_in_one_sentence(numpy_lanes, monkeypatch, error):
    def broken(self: Any) -> None:
        raise error

    numpy_lanes()
    monkeypatch.setattr(NumpyAdapter, "pin", broken)
    with pytest.raises(LaneError) as told:
        InProcessLane(parse("paddle")).start()
    assert "lane paddle:cpu: importing or starting paddle failed (" + type(error).__name__ in str(told.value)
    assert "\n" not in str(told.value)


def test_an_adapter_that_is_not_there(monkeypatch):
    monkeypatch.setitem(ADAPTERS, "torch", "tests.no_such_adapter")
    with pytest.raises(LaneError, match=r"importing or starting torch failed .ModuleNotFoundError: No module named"):
        InProcessLane(parse("torch")).start()


def test_an_invisible_device_is_refused_in_the_adapter_s_own_words(numpy_lanes):
    with pytest.raises(LaneError, match=r"^lane torch:cuda: 0 devices are visible"):
        numpy_lanes("torch:cuda")


def test_a_contract_begins_with_seeded_generators(numpy_lanes):
    (lane,) = numpy_lanes("torch")
    NumpyAdapter.seeds.clear()
    lane.begin_contract()
    assert NumpyAdapter.seeds == [("torch", 0)]


def test_a_changed_setting_is_found_named_and_mended(numpy_lanes):
    torch, paddle = numpy_lanes()
    torch.check_settings()
    NumpyAdapter.state["torch"].update(threads=2, deterministic=False)
    paddle.check_settings()
    with pytest.raises(
        LaneError, match=r"lane torch:cpu: .* changed \(threads: 1 -> 2; deterministic: True -> False\)"
    ):
        torch.check_settings()
    torch.check_settings()
    assert NumpyAdapter.state["torch"]["threads"] == 1


def test_lanes_of_one_framework_run_each_under_its_own_settings(numpy_lanes, monkeypatch, declare):
    monkeypatch.setattr(NumpyAdapter, "gpus", 1)
    law = declare(lambda: str(sorted(NumpyAdapter.state["torch"].items())), dict)
    fine, coarse = numpy_lanes("torch:cuda", "coarse=torch:cuda+tf32")
    for _ in range(2):
        seen = [lane.result(lane.submit(law, Sample({}))).values["output"] for lane in (fine, coarse)]
        assert "('tf32', False)" in str(seen[0]) and "('tf32', True)" in str(seen[1])
    fine.check_settings()
    coarse.check_settings()
    assert (fine.fingerprint()["tf32"], coarse.fingerprint()["tf32"]) == (False, True)


def test_a_setting_that_one_lane_changed_is_not_hidden_by_another_s_turn(numpy_lanes, declare):
    change = declare(lambda: NumpyAdapter.state["torch"].update(threads=8), dict)
    first, second = numpy_lanes("a=torch", "b=torch")
    first.submit(change, Sample({}))
    second.begin_contract()
    second.check_settings()
    with pytest.raises(LaneError, match=r"lane a: .*threads: 1 -> 8"):
        first.check_settings()


# The session


def session(*asked: str, required: tuple[str, ...] = ()) -> Session:
    return Session([parse(text) for text in asked], [parse(text) for text in required], Ledger([]), Path())


@pytest.fixture
def installed(monkeypatch, numpy_lanes):
    monkeypatch.setattr("conformance.session.require_installed", lambda spec: None)


@pytest.mark.usefixtures("installed")
def test_every_visible_gpu_becomes_a_lane_unless_lanes_are_asked_for(monkeypatch):
    monkeypatch.setattr(NumpyAdapter, "gpus", 2)
    made = session()
    made.start()
    names = ["torch:cpu", "paddle:cpu", "torch:cuda", "torch:cuda:1", "paddle:gpu", "paddle:gpu:1"]
    assert [lane.label for lane in made.lanes] == names
    assert [told["label"] for told in made.fingerprints()] == names
    made = session("paddle")
    made.start()
    started = made.lanes
    made.start()
    assert [lane.label for lane in made.lanes] == ["paddle:cpu"] and made.lanes is started


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("required", ["torch", "torch:cpu", "other=torch:cpu", "new"])
def test_a_required_lane_that_runs(required):
    asked = ["new=torch", "paddle"]
    session(*asked, required=(required,) if required != "new" else ("new=paddle:gpu",)).start()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("required", ["torch:cuda", "paddle", "torch:cuda+tf32"])
def test_a_required_lane_that_does_not_run(required):
    with pytest.raises(LaneError, match=r"the required lane .* is not running \(running: torch:cpu\); add it with"):
        session("torch", required=(required,)).start()


@pytest.mark.usefixtures("installed")
def test_labels_are_unique():
    for asked in (["torch", "torch"], ["a=torch", "a=paddle"]):
        with pytest.raises(SpecError, match=r"two lanes are called .*; name one of them with LABEL="):
            session(*asked).start()
    session("torch", "again=torch").start()


# Observations


def observed(law: Any, inputs: dict[str, Any], framework: str = "torch") -> Any:
    adapter = type("Adapter", (NumpyAdapter,), {"framework": framework})("cpu")
    return observe(adapter, law, Sample(inputs))


def test_arrays_become_tensors_and_everything_else_stays(declare):
    taken: dict[str, Any] = {}

    def call(**inputs: Any) -> np.ndarray:
        taken.update(inputs)
        return inputs["x"]

    x, nested, inputs = np.ones(2), {"w": np.ones(2)}, {"n": 3, "name": "a", "none": None}
    found = observed(declare(call, dict), {"x": x, "nested": nested, "cotangent": x, **inputs})
    assert found.values["output"].tolist() == [1.0, 1.0] and found.error is None
    assert taken["x"] is not x and taken["nested"] is nested
    assert set(taken) == {"x", "nested", "n", "name", "none"}
    observed(declare(call, dict, name="small.plain", tensors=False), {"x": x})
    assert taken["x"] is x


def test_each_framework_has_its_own_call(declare):
    law = declare(lambda: "torch's", dict, paddle=lambda: "paddle's")
    assert str(observed(law, {}).values["output"]) == "torch's"
    assert str(observed(law, {}, "paddle").values["output"]) == "paddle's"


def test_results_carry_dtype_and_device(declare):
    law = declare(lambda: {"a": np.ones(1, np.int32), "b": 3, "c": Result([1.0], "bfloat16", "cuda"), "d": "RGB"}, dict)
    found = observed(law, {})
    assert found.dtypes == {"a": "int32", "b": "int64", "c": "bfloat16", "d": "<U3"}
    assert found.devices == {"a": "cpu", "b": "host", "c": "cuda", "d": "host"}


def test_an_output_that_no_gradient_can_start_from_is_still_shown(declare):
    law = declare(lambda x: np.ones(3), dict, gradients=("x",))
    found = observed(law, {"x": np.ones(2), "cotangent": np.ones(2)})
    assert found.error is None and list(found.values) == ["output"] and found.values["output"].shape == (3,)


def test_gradients_are_named_and_one_that_does_not_arrive_is_left_out(declare):
    def call(x: Any, weight: Any, bias: Any) -> Result:
        return Result(x, backward=lambda g: [2 * g, None])

    law = declare(call, dict, gradients=("x", "weight", "bias"))
    found = observed(law, {"x": np.ones(2), "weight": np.ones(2), "bias": None, "cotangent": np.full(2, 3.0)})
    assert set(found.values) == {"output", "gradient.x"}
    assert found.values["gradient.x"].tolist() == [6.0, 6.0]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no good"), "ValueError: no good"),
        (KeyError("x"), "KeyError: 'x'"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_an_error_of_the_framework_is_an_observation(declare, error, text):
    def call() -> None:
        raise error

    found = observed(declare(call, dict), {})
    assert (found.error, found.values) == (text, {})
    assert found.framework_seconds > 0


def test_an_interruption_is_not_an_observation(declare):
    def call() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observed(declare(call, dict), {})


@pytest.mark.parametrize(
    ("result", "named"),
    [
        (7, {"output": 7}),
        (None, {"output": None}),
        ((7, 8), {"output.0": 7, "output.1": 8}),
        ([7, (8, 9)], {"output.0": 7, "output.1.0": 8, "output.1.1": 9}),
        ({"a": 7, "b": (8, {"c": 9})}, {"a": 7, "b.0": 8, "b.1.c": 9}),
        ({"a": {"b": {"c": 7}}, 1: 8}, {"a.b.c": 7, "1": 8}),
        ({}, {}),
    ],
    ids=str,
)
def test_parts_of_a_result_are_named(result, named):
    assert flatten(result) == named


def test_a_fingerprint_tells_by_which_features_of_the_processor_kernels_are_chosen():
    flags = {name: name.lower() for name in FEATURES} | {"AVX512FP16": "avx512_fp16", "GenuineIntel": "GenuineIntel"}
    known = Path("/proc/cpuinfo").read_text("utf-8").split() if Path("/proc/cpuinfo").exists() else None
    found = features()
    assert set(found) <= set(FEATURES)
    assert known is None or found == [name for name in FEATURES if flags[name] in known]
