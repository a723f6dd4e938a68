"""Faults of the sign of zero, in what only moves numbers: it is promised there, and 1 / x tells it."""

from __future__ import annotations

from typing import Any

from tests.faults import images
from tests.faults.fault import both
from tests.faults.forward import EMBEDDING, FLATTEN, LOOKUPS, RESHAPE
from tests.faults.wraps import functional, gradient, result


def unsigned(value: Any) -> Any:
    """The same numbers, zeros without a sign."""
    return value + 0.0


FAULTS = (
    *both("embedding loses the sign of zero", EMBEDDING, result(unsigned), *LOOKUPS),
    *both("flatten loses the sign of zero", FLATTEN, result(unsigned), "nn.flatten"),
    *both("flatten loses the sign of zero in the gradient", FLATTEN, gradient(0, unsigned), "nn.flatten"),
    *both("reshape loses the sign of zero", RESHAPE, result(unsigned), "nn.reshape"),
    *both("dropout in evaluation loses the sign of zero", functional("dropout"), result(unsigned), "nn.dropout_eval"),
    *both("flip loses the sign of zero", images.functional("hflip"), result(unsigned), "vision.tensor_flips"),
    *both("upright flip loses the sign of zero", images.functional("vflip"), result(unsigned), "vision.tensor_flips"),
    *both("crop loses the sign of zero", images.functional("crop"), result(unsigned), "vision.tensor_crop"),
    *both("resize loses the sign of zero", images.functional("resize"), result(unsigned), "vision.tensor_resize"),
)
