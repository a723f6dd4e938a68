"""The real adapters: tensors in and out, gradients, and every setting that a run pins.

The same tests for both frameworks; they are the only ones of the instrument that import them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from conformance.lanes import InProcessLane, LaneError, parse
from conformance.lanes.lane import THREADS


@pytest.fixture(scope="module", params=["torch", "paddle"])
def lane(request: pytest.FixtureRequest) -> Iterator[InProcessLane]:
    pytest.importorskip(request.param)
    lane = InProcessLane(parse(request.param))
    lane.start()
    yield lane
    lane.adapter.pin()
    InProcessLane._active.pop(request.param, None)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(2, 3), (1,), (), (0, 3)], ids=str)
def test_an_array_goes_in_and_comes_out_bit_for_bit(lane, dtype, shape):
    array = np.resize(np.array([0, 1, 3, 200], dtype), shape)
    back, told, device = lane.adapter.plain(lane.adapter.tensor(array))
    assert (back.shape, told, device) == (shape, dtype, "cpu")
    assert np.array_equal(back, array)
    if dtype != "float16":
        assert back.dtype == dtype


def test_specials_come_out_as_they_went_in(lane):
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32)
    back, _, _ = lane.adapter.plain(lane.adapter.tensor(array))
    assert back.tobytes() == array.tobytes()


def test_a_sample_is_not_changed_by_what_a_call_does_to_its_tensor(lane):
    array = np.ones(3, np.float32)
    tensor = lane.adapter.tensor(array)
    tensor[0] = 7.0
    assert array.tolist() == [1.0, 1.0, 1.0]


def test_formats_that_numpy_lacks_are_told_by_name(lane):
    tensor = (
        lane.adapter.tensor(np.array([1.5], np.float32)).astype("bfloat16") if lane.spec.framework == "paddle" else None
    )
    if tensor is None:
        tensor = lane.adapter.tensor(np.array([1.5], np.float32)).bfloat16()
    array, dtype, _ = lane.adapter.plain(tensor)
    assert (array.tolist(), dtype) == ([1.5], "bfloat16")


def test_what_is_no_tensor_comes_from_the_host(lane):
    assert lane.adapter.plain(3)[1:] == ("int64", "host")
    assert lane.adapter.plain(np.ones(1, np.float32))[1:] == ("float32", "host")


def test_gradients_arrive_where_there_are_any(lane):
    x, y = (lane.adapter.tensor(np.array([1.0, 2.0], np.float32), True) for _ in range(2))
    found = lane.adapter.gradients(3 * x, np.array([1.0, 10.0], np.float32), [x, y])
    assert lane.adapter.plain(found[0])[0].tolist() == [3.0, 30.0]
    assert found[1] is None


def test_a_seed_repeats_every_generator(lane):
    import importlib
    import random

    framework = importlib.import_module(lane.spec.framework)
    drawn = []
    for _ in range(2):
        lane.begin_contract()
        drawn.append((framework.rand([3]).numpy().tolist(), np.random.rand(), random.random()))
    assert drawn[0] == drawn[1]


def test_a_fingerprint_tells_versions_and_settings(lane):
    told = lane.fingerprint()
    assert told["framework"] == lane.spec.framework and type(told["version"]) is str
    assert (told["threads"], told["default_dtype"], told["tf32"], told["deterministic"]) == (1, "float32", False, True)
    assert {"python", "numpy", "pillow", "device"} <= told.keys()


def torch_changes() -> dict[str, Callable[[], Any]]:
    import torch

    return {
        "threads": lambda: torch.set_num_threads(2),
        "default_dtype": lambda: torch.set_default_dtype(torch.float64),
        "default_device": lambda: torch.set_default_device("meta"),
        "matmul_precision": lambda: torch.set_float32_matmul_precision("medium"),
        "deterministic": lambda: torch.use_deterministic_algorithms(False),
        "gradients_enabled": lambda: torch.set_grad_enabled(False),
        "autocast": lambda: torch.autocast("cpu", torch.bfloat16).__enter__(),
    }


def paddle_changes() -> dict[str, Callable[[], Any]]:
    import paddle
    from paddle.base import core

    from conformance.lanes.paddle_adapter import _amp_state

    return {
        "threads": lambda: core.set_num_threads(2),
        "default_dtype": lambda: paddle.set_default_dtype("float64"),
        "gradients_enabled": lambda: setattr(paddle.framework._dygraph_tracer(), "_has_grad", False),
        "autocast": lambda: setattr(_amp_state(), "_amp_level", core.AmpLevel.O1),  # auto_cast does nothing on a CPU
    }


def test_each_setting_that_a_contract_could_leave_changed_is_found_and_mended(lane):
    changes = torch_changes() if lane.spec.framework == "torch" else paddle_changes()
    lane.check_settings()
    for setting, change in changes.items():
        change()
        with pytest.raises(LaneError, match=f"settings changed .{setting}: "):
            lane.check_settings()
        lane.check_settings()


def test_an_autocast_for_the_cpu_is_found_on_a_lane_of_another_device():
    torch = pytest.importorskip("torch")
    from conformance.lanes.torch_adapter import Adapter

    adapter = Adapter("cpu")
    adapter.device = torch.device("cuda")
    assert not adapter.settings()["autocast"]
    with torch.autocast("cpu", torch.bfloat16):
        assert adapter.settings()["autocast"]


def test_the_environment_may_ask_for_more_threads(lane, monkeypatch):
    monkeypatch.setenv(THREADS, "2")
    lane.adapter.pin()
    assert lane.adapter.settings()["threads"] == 2
    monkeypatch.setenv(THREADS, "none")
    with pytest.raises(LaneError, match="CONFORMANCE_THREADS='none' is no number of threads"):
        lane.adapter.pin()
    monkeypatch.undo()
    lane.adapter.pin()
    lane.check_settings()


def test_a_gpu_that_is_not_there(lane):
    device = {"torch": "cuda", "paddle": "gpu"}[lane.spec.framework]
    count = lane.adapter.visible_gpus()
    with pytest.raises(
        LaneError, match=f"lane {lane.spec.framework}:{device}: .* sees {count} .*device 99 is not among"
    ):
        InProcessLane(parse(f"{lane.spec.framework}:{device}:99")).start()
