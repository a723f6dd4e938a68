"""The formulas of schedules: by hand where they are short, and with bounds that leave a wrong epoch no room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference_impl.oracle import schedule_formulas as formulas

OPTIONS: dict[str, dict[str, Any]] = {
    "lambda": {"factor": "inverse"},
    "multiplicative": {"factor": "inverse"},
    "polynomial": {"total_iters": 7, "power": 2.0},
    "linear": {"total_iters": 7, "start_factor": 0.25, "end_factor": 0.5},
    "restarts": {"T_0": 3, "T_mult": 2, "eta_min": 0.01},
    "constant_factor": {"factor": 0.5, "total_iters": 4},
    "warmup": {"start_factor": 0.1, "total_iters": 3, "gamma": 0.5},
    "one_cycle": {"total_steps": 20, "final": 1e-4},
    "cyclic": {"max_lr": 2.0, "step_size_up": 3, "step_size_down": 2, "mode": "triangular2"},
}


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("lambda", {"factor": "steps"}, [1, 1, 1, 0.5, 0.5, 0.5]),
        ("multiplicative", {"factor": "inverse"}, [1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720]),
        ("polynomial", {"total_iters": 4, "power": 2.0}, [1, 9 / 16, 1 / 4, 1 / 16, 0, 0]),
        ("linear", {"total_iters": 4, "start_factor": 0.5, "end_factor": 0.0}, [0.5, 0.375, 0.25, 0.125, 0, 0]),
        ("restarts", {"T_0": 2, "T_mult": 2}, [1, 0.5, 1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2]),
        ("constant_factor", {"factor": 0.25, "total_iters": 2}, [0.25, 0.25, 1, 1, 1, 1]),
        ("warmup", {"start_factor": 0.5, "total_iters": 2, "gamma": 0.5}, [0.5, 0.75, 1, 0.5, 0.25, 0.125]),
        (
            "one_cycle",
            {"total_steps": 6, "pct_start": 0.5, "div_factor": 2.0, "final": 0.25, "anneal_strategy": "linear"},
            [0.5, 0.75, 1, 0.75, 0.5, 0.25],
        ),
        ("cyclic", {"max_lr": 3.0, "step_size_up": 2, "step_size_down": 1}, [1, 2, 3, 1, 2, 3]),
    ],
)
def test_the_rates_are_those_by_hand(name, options, expected):
    found = formulas.rates(name, {"lr": 1.0, **options}, 6)
    np.testing.assert_allclose(found.value, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_bound_is_far_below_what_another_epoch_gives(name):
    found = formulas.rates(name, {"lr": 0.3, **OPTIONS[name]}, 20)
    change = np.abs(np.diff(found.value))
    assert (found.error[1:][change > 0] < 1e-9 * change[change > 0]).all()
    assert (found.error < 1e-12).all() and change.any()


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_plateau_is_left_by_what_is_better_than_the_threshold(mode):
    sign = 1.0 if mode == "min" else -1.0
    metrics = [sign * each for each in (8.0, 6.0, 5.0, 4.0, 4.0, 4.0, 1.0)]
    found = formulas.plateau(1.0, metrics, mode=mode, factor=0.5, patience=1, threshold=2.0, threshold_mode="abs")
    assert found.value.tolist() == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5]


def test_a_metric_during_the_rest_counts_unless_it_is_not_looked_at():
    metrics = [4.0, 5.0, 1.0, 2.0, 2.0]
    options: dict[str, Any] = {"factor": 0.5, "patience": 0, "threshold": 0.0, "cooldown": 1}
    looked, rested = (formulas.plateau(1.0, metrics, **options, resting=resting).value for resting in (False, True))
    assert looked.tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert rested.tolist() == [1, 1, 0.5, 0.5, 0.5, 0.25]


def test_a_cosine_at_a_late_epoch_is_off_by_what_its_angle_is():
    options = {"lr": 0.3, "T_max": 3}
    assert (formulas.cosine_from(options, 0, 3) <= formulas.cosine_from(options, 300, 3)).all()
    assert formulas.cosine_from(options, 300, 3).max() < 1e-12
