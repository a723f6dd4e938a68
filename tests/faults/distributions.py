"""Faults of what distributions refuse: a parameter without a law is mended, and a value that is no number counts."""

from __future__ import annotations

from tests.faults.fault import PADDLE, TORCH, Fault, both
from tests.faults.wraps import argument, nan_as_zero

FAULTS: list[Fault] = [
    *both(
        "negative degrees are positive",
        {TORCH: "torch.distributions:StudentT", PADDLE: "paddle.distribution:StudentT"},
        argument(0, "df", abs),
        "distribution.refusals",
    ),
    *both(
        "NaN has the density of 0",
        {TORCH: "torch.distributions:Normal.log_prob", PADDLE: "paddle.distribution:Normal.log_prob"},
        argument(1, "value", nan_as_zero),
        "distribution.outside_support",
    ),
]
