"""The exact learning rates: values by hand, and both frameworks' schedulers within the bound for hundreds of epochs."""

from __future__ import annotations

import numpy as np
import pytest

from reference_impl.oracle import schedules

DRAWN = [
    ("constant", {}),
    ("step", {"step_size": 3, "gamma": 0.5}),
    ("step", {"step_size": 1, "gamma": 0.97}),
    ("multi_step", {"milestones": [1, 2, 30, 31], "gamma": 0.1}),
    ("exponential", {"gamma": 0.93}),
    ("cosine", {"T_max": 10}),
    ("cosine", {"T_max": 1, "eta_min": 0.01}),
    ("cosine", {"T_max": 60, "eta_min": 1e-5}),
    ("cosine", {"T_max": 1000, "eta_min": 1e-3}),
]


@pytest.mark.parametrize(
    ("name", "hyper", "wanted"),
    [
        ("constant", {}, [8, 8, 8, 8, 8]),
        ("step", {"step_size": 2, "gamma": 0.5}, [8, 8, 4, 4, 2]),
        ("multi_step", {"milestones": [1, 3], "gamma": 0.5}, [8, 4, 4, 2, 2]),
        ("exponential", {"gamma": 0.5}, [8, 4, 2, 1, 0.5]),
        ("cosine", {"T_max": 2, "eta_min": 2.0}, [8, 5, 2, 5, 8]),
    ],
)
def test_the_first_rates_are_those_computed_by_hand(name, hyper, wanted):
    rates = schedules.SCHEDULES[name](8.0, 5, **hyper)
    np.testing.assert_allclose(rates.value, wanted, rtol=1e-15)
    assert rates.error[0] == 0.0
    assert np.all(rates.error <= 1e-13)


@pytest.mark.parametrize("framework", ["torch", "paddle"])
@pytest.mark.parametrize(("name", "hyper"), DRAWN, ids=str)
def test_a_framework_schedule_lies_within_the_bound(framework, name, hyper):
    pytest.importorskip(framework)
    if framework == "torch":
        from reference_impl.torch_impl.schedules import learning_rates
    else:
        from reference_impl.paddle_impl.schedules import learning_rates
    exact = schedules.SCHEDULES[name](0.3, 300, **hyper)
    found = np.asarray(learning_rates(name, 0.3, 300, **hyper))
    assert np.all(abs(found - exact.value) <= exact.error)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("step", {"step_size": 3}, {"step_size": 4}),
        ("multi_step", {"milestones": [2, 5]}, {"milestones": [3, 5]}),
        ("exponential", {"gamma": 0.9}, {"gamma": 0.9 * (1 + 1e-14)}),
        ("cosine", {"T_max": 50}, {"T_max": 51}),
        ("cosine", {"T_max": 50}, {"T_max": 50, "eta_min": 1e-12}),
    ],
)
def test_a_wrong_schedule_lies_outside_the_bound(name, right, wrong):
    exact, other = (schedules.SCHEDULES[name](0.3, 60, **hyper) for hyper in (right, wrong))
    assert np.any(abs(other.value - exact.value) > exact.error)


def test_the_cosine_bound_stays_small_beside_the_rate_of_the_schedule():
    rates = schedules.cosine(1.0, 2000, T_max=100)
    assert rates.error.max() < 1e-10
