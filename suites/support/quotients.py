"""Quotients as paddle forms those of two arrays of one shape: by MKL, which does not round all of them correctly."""

from __future__ import annotations

from typing import Any

from conformance.quantity import Quantity, divide


def nearly_rounded(one: Any, other: Any) -> Quantity:
    """As MKL's vector division has it in its most accurate mode: 1.05 of what rounding costs, in 2e7 quotients."""
    return divide(one, other, 1.06)
