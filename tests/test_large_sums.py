"""Sums of a million numbers: one in blocks is within what is owed, one that adds them one after another is not."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import number_formats, sums
from conformance import products as p
from conformance import quantity as q
from conformance import reductions as r
from conformance.contract import Observation, Sample
from conformance.judge import compare
from suites.operators import test_large_gradients, test_large_sums
from suites.support.large import EQUAL, U, numbers, one_by_one

MILLION = 2**20


def _in_blocks(terms):
    """A float32 sum of blocks of 1024, each added one by one, and of their sums in pairs."""
    blocks = np.add.accumulate(terms.reshape(-1, int(sums.IN_A_ROW)), 1, dtype=np.float32)[:, -1]
    while blocks.size > 1:
        blocks = blocks[::2] + blocks[1::2]
    return blocks[0]


def _one_by_one(terms):
    return np.add.accumulate(terms, dtype=np.float32)[-1]


def _judged(contract, call, value, kind="equal", **oracle):
    inputs = {"call": call, "kind": kind, "count": MILLION, "seed": 0}
    found = np.asarray(value, np.float32)
    seen = Observation({"output": found}, {"output": "float32"}, {"output": "cpu"})
    return not compare("torch:cpu", seen, contract.oracle(**inputs, **oracle), Sample(inputs)).differences


def test_a_sum_in_blocks_is_within_what_is_owed_and_one_that_adds_one_by_one_is_not():
    terms = numbers("equal", (MILLION,))
    exact = terms.astype(np.float64).sum()
    assert abs(_in_blocks(terms) - exact) <= U * sums.owed(MILLION) * exact
    assert abs(_one_by_one(terms) - exact) > 50 * U * sums.owed(MILLION) * exact
    assert abs(_one_by_one(terms) - exact) <= U * one_by_one(MILLION) * exact


def test_short_sums_owe_what_they_owed_and_long_ones_no_more_than_blocks():
    counts = np.array([1, 2, 100, 1024])
    np.testing.assert_array_equal(sums.owed(counts), counts)
    assert sums.owed(MILLION) == 1024 + 10
    terms = np.array([np.pi])
    assert sums.rounding_of_sum(terms, np.array(1.0), 100, number_formats.FORMATS["float32"]) == pytest.approx(
        30 * U, rel=1e-3
    )
    long = sums.rounding_of_sum(terms, np.array(1.0), 2**24, number_formats.FORMATS["float32"])
    assert long < 1100 * U < 3 * 2**12 * U


@pytest.mark.parametrize(
    ("contract", "call", "terms"),
    [
        (test_large_sums.sums, "sum_all", MILLION),
        (test_large_gradients.gradients, "conv2d", MILLION),
        (test_large_gradients.scatters, "embedding", MILLION),
        (test_large_sums.norms, "norm1_all", MILLION),
    ],
)
def test_laws_of_large_sums_take_blocks_and_see_a_sum_one_by_one(contract, call, terms):
    numbers_ = numbers("equal", (terms,))
    shape = (lambda value: value) if call.endswith("all") else (lambda value: [value])
    assert _judged(contract, call, shape(_in_blocks(numbers_)))
    assert not _judged(contract, call, shape(_one_by_one(numbers_)))
    assert not _judged(contract, call, shape(_in_blocks(numbers_) * (1 + 1e-4)))


def test_a_pool_of_equal_pixels_that_stands_still_is_seen():
    right, wrong = (function(numbers("equal", (MILLION,))) / MILLION for function in (_in_blocks, _one_by_one))
    assert _judged(test_large_gradients.pools, "avg_pool2d", [right])
    assert not _judged(test_large_gradients.pools, "avg_pool2d", [wrong])


def test_a_variance_of_two_passes_is_right_and_one_of_squares_is_not():
    x = numbers("10000", (MILLION,), 0)
    right = np.var(x.astype(np.float64), ddof=1)
    wrong = (x * x).mean(dtype=np.float32) - x.mean(dtype=np.float32) ** 2
    assert _judged(test_large_sums.spreads, "var_all", right, "10000")
    assert not _judged(test_large_sums.spreads, "var_all", wrong, "10000")


def test_a_covariance_with_one_side_centred_is_seen():
    x = numbers("1000", (2, MILLION // 2), 0)
    moved = x - (x.mean(1, dtype=np.float64).astype(np.float32) + np.float32(0.05))[:, None]
    right = np.cov(x.astype(np.float64))
    wrong = moved.astype(np.float64) @ x.astype(np.float64).T / (x.shape[1] - 1)
    assert _judged(test_large_sums.covariances, "cov", right, "1000")
    assert not _judged(test_large_sums.covariances, "cov", wrong, "1000")


def test_a_gradient_repeated_along_a_batch_is_rounded_before_it_is_added():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 3)).astype(np.float16)
    y = rng.standard_normal((2, 3, 4)).astype(np.float16)
    with number_formats.computed_in("float32"), number_formats.returned_in("float16"):
        leaves = [q.variable(x), q.variable(y)]
        found = p.matmul(*leaves)
        cotangent = rng.standard_normal(found.shape).astype(np.float16)
        gradient = q.backward([(found, cotangent)], leaves)[0]
    assert gradient is not None
    accepted = q.acceptance(gradient, "float16", "float32")
    parts = (cotangent.astype(np.float64) @ y.astype(np.float64).swapaxes(1, 2)).astype(np.float16)
    lane = parts.astype(np.float32).sum(0).astype(np.float16)
    assert np.all(np.abs(lane - accepted.value) <= accepted.bound)
    assert np.all(accepted.bound < 2.0**-10 * (np.abs(parts).astype(np.float64).sum(0) + np.abs(lane)))


def test_the_exponent_of_a_root_is_rounded_and_that_of_a_square_root_is_not():
    x = np.full((1, 1), 1.9e-33)
    with number_formats.computed_in("float64"):
        third, half = r.norm(q.variable(x), 3.0), r.norm(q.variable(x), 0.5)
    assert 5e-15 * 1.9e-33 < third.error[0] + 4e-15 * 1.9e-33 < 2e-14 * 1.9e-33
    assert half.error[0] < 5e-15 * 1.9e-33
    with number_formats.computed_in("float64"):
        assert r.norm(q.variable(np.full((1, 1), EQUAL)), 3.0).error[0] < 2e-15
