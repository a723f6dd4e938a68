"""The laws of random masks: what honest draws keep to, and dishonest ones do not."""

from __future__ import annotations

import numpy as np
import pytest

from suites.support import masks


def outside(counts, law) -> set[str]:
    """Of which counts the law is broken."""
    return {name for name, each in law.items() if abs(counts[name] - each.value) > each.bound}


@pytest.mark.parametrize("chance", (0.01, 0.1, 0.5, 0.9))
def test_honest_masks_are_within(chance):
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert not outside(masks.counts(rng.random((30, 40)) < chance), masks.law((30, 40), chance))


def test_another_chance_and_neighbours_that_are_dropped_together_are_not():
    rng = np.random.default_rng(0)
    assert "dropped" in outside(masks.counts(rng.random((30, 40)) < 0.25), masks.law((30, 40), 0.5))
    rows = np.broadcast_to(rng.random((3000, 1)) < 0.5, (3000, 2))
    assert "dropped_with_next_in_axis_1" in outside(masks.counts(rows), masks.law((3000, 2), 0.5))


@pytest.mark.parametrize("chance", (0.0, 1.0))
def test_what_is_sure_is_exact(chance):
    law = masks.law((5, 4), chance)
    assert not outside(masks.counts(np.full((5, 4), bool(chance))), law)
    assert "dropped" in outside(masks.counts(np.arange(20).reshape(5, 4) == 0), law) or chance == 1.0
    assert law["dropped"].bound == 0


def test_the_bound_is_that_of_bernstein_and_close_to_seven_deviations():
    bound = masks.counted(4000, 0.5).bound
    assert 7 * np.sqrt(1000) < bound < 9 * np.sqrt(1000)
    assert masks.counted(4000, 0.5, 2).bound > bound


def test_quantiles_of_even_draws_are_within_and_those_of_others_are_not():
    rng = np.random.default_rng(0)
    law = masks.uniform(1.0, 3.0, 2000)
    assert (np.abs(np.sort(rng.uniform(1, 3, 2000)) - law.value) <= law.bound).all()
    assert (np.abs(np.sort(1 + 2 * rng.random(2000) ** 2) - law.value) > law.bound).any()


def test_numbers_of_both_frameworks_are_wide():
    import paddle
    import torch

    for tensor in (torch.ones(2, dtype=torch.float16, requires_grad=True), paddle.ones([2], "float32")):
        found = masks.numbers(tensor)
        assert found.dtype == np.float64 and (found == 1).all()
