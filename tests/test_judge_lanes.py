"""The judge on two lanes: what each pair must have alike, shown to pass and to fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from conformance import Acceptance, Observation, Sample
from conformance.judge import Judgement, compare_lanes
from tests.test_judge import F4, INF, NAN, WHOLE, kinds, seen


def between(a: Observation, b: Observation, sample: Sample = F4, **accepted: Any) -> Judgement:
    both: Mapping[str, Any] | None = {"torch:cpu": accepted, "paddle:cpu": accepted} if accepted else None
    return compare_lanes({"torch:cpu": a, "paddle:cpu": b}, both, sample)


def test_lanes_are_equal_where_nothing_is_derived_for_the_screen():
    one = seen(output=np.array([1, 2], np.float32), label=np.int64(3))
    assert not between(one, seen(output=np.array([1, 2], np.float32), label=np.int64(3)), WHOLE).differences
    for other, kind in [
        (seen(output=np.array([1, 2.5], np.float32), label=np.int64(3)), "values"),
        (seen(output=np.array([1, NAN], np.float32), label=np.int64(3)), "masks"),
        (seen(output=np.array([1, 2], np.float32), label=np.int64(4)), "values"),
        (seen(output=np.array([1, 2], np.float32), label=np.int32(3)), "dtype"),
        (seen(output=np.array([[1, 2]], np.float32), label=np.int64(3)), "shape"),
        (seen(output=np.array([1, 2], np.float32)), "structure"),
        (seen(output=np.array([1, 2], np.float32), label=np.int64(3), more=np.int64(3)), "structure"),
    ]:
        assert kinds(between(one, other, WHOLE)) == [kind]
        assert kinds(between(other, one, WHOLE)) == [kind]


def test_lanes_may_lie_as_far_apart_as_is_derived_for_them():
    one, near, far = (seen(output=np.float32(x)) for x in (1.0, 1.5, 1.75))
    accepted: dict[str, Any] = {"output": Acceptance(np.array(1.25), bound=0.5, between=0.5)}
    assert not between(one, near, **accepted).differences
    assert kinds(between(one, far, **accepted)) == ["values"]
    assert kinds(between(one, near, WHOLE, **accepted)) == ["values"]


def test_without_a_bound_between_lanes_only_their_form_is_compared():
    accepted: dict[str, Any] = {"output": Acceptance(np.array(1.0), bound=1.0)}
    assert not between(seen(output=np.float32(0)), seen(output=np.float32(2)), **accepted).differences
    assert kinds(between(seen(output=np.int64(0)), seen(output=np.int32(0)), output=0)) == ["dtype"]


def test_the_wider_bound_of_two_lanes_counts():
    a, b = seen(output=np.float32(1.0)), seen(output=np.float32(1.5))
    tight, coarse = ({"output": Acceptance(np.array(1.0), bound=9.0, between=width)} for width in (0.1, 0.6))
    accepted = {"torch:cpu": tight, "torch:cuda": coarse}
    for both in ({"torch:cpu": a, "torch:cuda": b}, {"torch:cuda": b, "torch:cpu": a}):
        assert not compare_lanes(both, accepted, F4).differences
        (found,) = compare_lanes(both, {"torch:cpu": tight, "torch:cuda": tight}, F4).differences
        assert (found.lane, found.against, found.quantity) == (*both, "output")


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (seen(y=np.ones(1)), ("y", "dtype", "dtype is float32, the other's is float64", INF, ())),
        (seen(y=np.ones(2, "f4")), ("y", "shape", "shape is (1,), the other's is (2,)", INF, ())),
        (seen(y=np.zeros(1, "f4")), ("y", "values", None, INF, (0,))),
        (seen(y=np.full(1, NAN, "f4")), ("y", "masks", None, INF, (0,))),
        (seen(z=np.ones(1, "f4"), a=1), ("names", "structure", "only one of them returns a, y, z", INF, ())),
    ],
    ids=["dtype", "shape", "values", "masks", "names"],
)
def test_a_difference_of_two_lanes_says_which_and_how(other, told):
    (found,) = between(seen(y=np.ones(1, "f4")), other, WHOLE).differences
    lane, against, name, kind, detail, ratio, index = astuple(found)
    assert (lane, against, name, kind, ratio, index) == ("torch:cpu", "paddle:cpu", *told[:2], *told[3:])
    assert detail == told[2] or (told[2] is None and "expected" in detail)


def test_every_quantity_of_every_pair_of_lanes_is_compared():
    one, other = seen(a=1, b=1), seen(a=2, b=3)
    found = compare_lanes({"x": one, "y": other, "z": one}, None, WHOLE).differences
    pairs = [(difference.lane, difference.against, difference.quantity) for difference in found]
    assert pairs == [("x", "y", "a"), ("x", "y", "b"), ("y", "z", "a"), ("y", "z", "b")]


def test_a_lane_that_raised_is_not_compared_with_others():
    assert not between(seen(output=np.float32(1)), Observation(error="ValueError")).differences
