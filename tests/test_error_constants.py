"""The command that measures error constants: its arithmetic, and that it refuses names it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import error_constants
from benchmarks.error_subjects import Expected
from benchmarks.value_families import FAMILIES


def entered(first, second=None, flips=0):
    table: dict[str, error_constants.Extreme] = {}
    value, unit = np.array([1.0, 2.0]), np.array([0.5, 0.25])
    results = {"torch": ({"y": np.array(first)}, Expected({"y": (value, unit)}))}
    if second is not None:
        results["paddle"] = ({"y": np.array(second)}, Expected({"y": (value, unit)}, flips))
    error_constants.compare(results, table, seed=3)
    return table["y"]


def test_ratios_are_differences_in_units():
    extreme = entered([1.5, 2.0], [1.0, 1.5])
    assert extreme.lanes == {"torch": 1.0, "paddle": 2.0}
    assert extreme.between == 2.0
    assert (extreme.cases, extreme.seed) == (1, 3)


def test_lanes_that_decided_differently_are_not_compared_with_each_other():
    assert entered([1.0, 2.0], [9.0, 2.0], flips=1).between == 0.0


def test_a_lane_that_is_not_finite_is_infinitely_wrong():
    assert entered([np.nan, 2.0]).ratio() == np.inf
    assert entered([np.inf, 2.0]).ratio() == np.inf


def test_the_table_shows_the_worst_family_unless_asked_for_all():
    tables = {("conv", "normal"): {"y": entered([1.5, 2.0])}, ("conv", "image"): {"y": entered([1.0, 3.0])}}
    lines = list(error_constants.rows(tables, details=False))
    assert len(lines) == 2
    assert "image" in lines[1]
    assert "4.00" in lines[1]
    assert len(list(error_constants.rows(tables, details=True))) == 3


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_float32_of_the_shape_asked_for_and_repeatable(name):
    first, second = (FAMILIES[name](np.random.default_rng(1), (3, 4, 5)) for _ in range(2))
    assert first.dtype == np.float32
    assert first.shape == (3, 4, 5)
    assert np.all(np.isfinite(first))
    assert np.any(first != 0)
    np.testing.assert_array_equal(first, second)


def test_unknown_names_end_with_a_sentence(capsys):
    with pytest.raises(SystemExit):
        error_constants.main(["--only", "conv9d"])
    assert "unknown subject conv9d" in capsys.readouterr().err
