"""Acceptances that are worked out when they are asked for, and a judgement that needs few of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance import Acceptance, Sample, accuracy
from conformance.contract import Observation
from conformance.deferred import Deferred
from conformance.judge import compare


def counted(asked: list[str], **values: float) -> Deferred:
    """Quantities that note when they are worked out."""
    found = Deferred()
    for name, value in values.items():

        def make(name: str = name, value: float = value) -> dict[str, Any]:
            asked.append(name)
            return {name: Acceptance(np.asarray(value), 1.0, dtype="float64")}

        found.later([name], make)
    return found


def seen(**values: float) -> Observation:
    """What a lane on the host gives."""
    arrays = {name: np.asarray(value) for name, value in values.items()}
    return Observation(arrays, dict.fromkeys(arrays, "float64"), dict.fromkeys(arrays, "host"))


def test_quantities_keep_their_order_and_are_worked_out_once() -> None:
    asked: list[str] = []
    found = Deferred({"loss": 1.0})
    found.include(counted(asked, first=1.0, second=2.0))
    assert list(found) == ["loss", "first", "second"] and "second" in found and len(found) == 3
    assert not asked
    assert float(found["second"].value) == 2.0 and found["second"] is found["second"]
    assert asked == ["second"]
    assert [name for name, _ in found.items()] == ["loss", "first", "second"]
    assert asked == ["second", "first"]


def test_what_was_not_promised_is_told() -> None:
    found = Deferred()
    found.later(["one", "two"], lambda: {"one": 1.0})
    with pytest.raises(ValueError, match="two: promised"):
        found["one"]


def test_the_arithmetic_of_the_moment_counts() -> None:
    found = Deferred()
    with accuracy.dot_format("tf32"):
        found.later(["unit"], lambda: {"unit": accuracy.dot_unit()})
    assert found["unit"] == accuracy.UNIT_ROUNDOFF["tf32"] != accuracy.dot_unit()


def test_a_first_difference_leaves_the_rest_unasked() -> None:
    asked: list[str] = []
    wrong = seen(a=1.0, b=5.0, c=9.0)
    judged = compare("torch:cpu", wrong, counted(asked, a=1.0, b=2.0, c=3.0), Sample({}), first=True)
    assert [each.quantity for each in judged.differences] == ["b"] and asked == ["a", "b"]
    asked.clear()
    judged = compare("torch:cpu", wrong, counted(asked, a=1.0, b=2.0, c=3.0), Sample({}))
    assert [each.quantity for each in judged.differences] == ["b", "c"] and asked == ["a", "b", "c"]
