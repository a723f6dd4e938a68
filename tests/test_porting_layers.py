"""The rows that are told of two models' layers: how far they are apart, and which is the first to differ."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.porting.layers import Call
from conformance.porting.rows import rows as rows_of
from conformance.porting.sameness import ALIKE, alike


def call(path: str, output: float | np.ndarray, gradient: float | None = None) -> Call:
    gradients = [] if gradient is None else [np.array([gradient])]
    return Call(path, "Linear", "net.py:1", [np.ones(1)], [np.atleast_1d(output)], gradients)


def rows(*sides: tuple[Call, Call]) -> list[dict]:
    pairs = dict(enumerate(range(len(sides))))
    return rows_of([one for one, _ in sides], [other for _, other in sides], pairs, pairs)


@pytest.mark.parametrize(
    ("one", "other", "used"),
    [
        (1.0, 1.0, 0.0),
        (1.0, 1.0 + 2 * ALIKE, 1.0),
        (1.0, 1.0 + 8 * ALIKE, 4.0),
        (0.0, 1e-30, "inf"),
        (1.0, np.nan, "inf"),
        (np.inf, -np.inf, "inf"),
        (np.nan, np.nan, 0.0),
        (np.inf, np.inf, 0.0),
        (np.array([1, 2]), np.array([1, 3]), "inf"),
        (np.array([1, 2]), np.array([1, 2]), 0.0),
        (np.zeros((0, 2)), np.zeros((0, 2)), 0.0),
        (np.ones(2), np.ones(3), None),
    ],
)
def test_the_used_part_says_the_same_as_the_verdict(one, other, used):
    (row,) = rows((call("a", one), call("b", other)))
    assert row["used"] == pytest.approx(used, rel=1e-6) if isinstance(used, float) else row["used"] == used
    assert row["outputs"] is (used in (0.0, 1.0))


def test_what_one_call_gives_more_is_no_difference_and_none_at_all_is():
    one, other = call("a", 1.0), call("a", 1.0)
    two = Call("a", "Linear", "", other.inputs, [*other.outputs, np.ones(1)], [])
    none = Call("a", "Linear", "", other.inputs, [], [])
    (row,) = rows((one, two))
    assert row["used"] == 0.0 and row["outputs"] and "first" not in row and not alike(one.outputs, two.outputs)
    (row,) = rows((one, none))
    assert row["used"] is None and not row["outputs"] and row["first"] == "forward"


@pytest.mark.parametrize(
    ("outputs", "gradients", "marks"),
    [
        ((1, 1, 1), (1, 1, 1), [None, None, None]),
        ((1, 2, 2), (2, 2, 1), [None, "forward", None]),
        ((1, 1, 1), (2, 2, 1), [None, "backward", None]),
    ],
)
def test_the_first_layer_that_differs_is_marked_in_the_order_of_its_run(outputs, gradients, marks):
    sides = [
        (call(name, 1.0, 1.0), call(name, float(output), float(gradient)))
        for name, output, gradient in zip("abc", outputs, gradients, strict=True)
    ]
    assert [row.get("first") for row in rows(*sides)] == marks
