"""Numbers that a program of paddle rounds to float32: which programs those are, and which samples are declined."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from conformance.contract import REGISTRY, Sample
from conformance.lanes import InProcessLane
from conformance.lanes.spec import parse

paddle = pytest.importorskip("paddle")
programs = importlib.import_module("conformance.lanes.paddle_programs")
importlib.import_module("suites.operators.test_losses_distances")
importlib.import_module("suites.operators.test_arithmetic")


def less_a_tenth(x):
    return x - 0.1


def a_tenth_of(x):
    return paddle.scale(x, 0.1)


def between(x):
    return paddle.clip(x, 0.4, 0.7)


def and_a_tensor(x):
    return x + paddle.to_tensor(0.1, dtype="float64")


def less_a_half(x):
    return x - 0.5


def with_a_wide_constant(x):
    return x + paddle.full([1], 0.1, "float64")


def narrow_then_wide(x):
    return (x - 0.1).astype("float64")


ROUNDING = (less_a_tenth, a_tenth_of, between, and_a_tensor)


def rounds(function, dtype: str) -> bool:
    compiled = paddle.jit.to_static(function, full_graph=True)
    compiled(paddle.to_tensor([0.5, 0.25], dtype=dtype))
    return programs.rounds_numbers(compiled.concrete_program.main_program)


@pytest.mark.parametrize("function", ROUNDING, ids=lambda function: function.__name__)
def test_a_number_beside_float64_is_found_and_is_wrong(function):
    x = paddle.to_tensor([0.5, 0.25], dtype="float64")
    assert not np.array_equal(paddle.jit.to_static(function, full_graph=True)(x).numpy(), function(x).numpy())
    assert rounds(function, "float64")


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        (less_a_tenth, "float32"),
        (between, "float32"),
        (less_a_half, "float64"),
        (with_a_wide_constant, "float64"),
        (narrow_then_wide, "float32"),
    ],
)
def test_numbers_that_lose_nothing_are_left_alone(function, dtype):
    x = paddle.to_tensor([0.5, 0.25], dtype=dtype)
    assert np.array_equal(paddle.jit.to_static(function, full_graph=True)(x).numpy(), function(x).numpy())
    assert not rounds(function, dtype)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.1, True),
        (float(np.float32(0.1)), True),
        (0.5, False),
        (-3.0, False),
        (0.0, False),
        (2.0**-100, True),
        (float(2**31 + 1), True),
        (float("inf"), False),
        (float("nan"), False),
        (1e300, True),
    ],
)
def test_which_numbers_float32_may_have_rounded(number, expected):
    assert programs.lost(number) is expected


def observed(lane: InProcessLane, law: str, **inputs):
    contract = REGISTRY[law]
    return lane.result(lane.submit(contract, Sample(inputs)))


@pytest.fixture(scope="module")
def lane() -> InProcessLane:
    made = InProcessLane(parse("paddle+static"))
    made.start()
    return made


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_only_samples_of_64_bits_are_declined(lane, dtype):
    lane.begin_contract()
    x, y = np.array([0.5, 2.0], dtype), np.array([1.0, -1.0], dtype)
    for _ in range(2):  # declined anew where it is known already
        found = observed(
            lane, "losses.pairwise_distance", x=x, y=y, p=2.0, eps=1e-6, keepdim=False, cotangent=np.array(1.0, dtype)
        )
        assert found.error is None
        if dtype == "float64":
            assert "subtract-number-static" in found.unsupported
        else:
            assert found.unsupported is None
            assert found.values["output"] == pytest.approx(np.hypot(0.5, 3.0), rel=1e-5)


def test_contracts_about_such_numbers_are_judged(lane):
    lane.begin_contract()
    x = np.array([0.5])
    found = observed(lane, "arithmetic.subtract_number", x=x, number=0.1, side="left", cotangent=np.array([1.0]))
    assert found.unsupported is None
    assert found.values["output"] != pytest.approx(0.4, abs=1e-10)
