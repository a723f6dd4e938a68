"""What only moves: in every dtype, and with the gradient of what went to several places."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import moves, operators
from conformance import quantity as q


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "complex64"])
def test_a_move_keeps_a_dtype_that_is_not_floating(dtype):
    x = np.arange(-3, 3).reshape(2, 3).astype(dtype)
    found = moves.moved(lambda a: np.concatenate([a[::-1], np.full((1, 3), -1)]), x)
    assert found.dtype == x.dtype
    assert (found[:2] == x[::-1]).all() and not found[2].any()


def test_a_large_integer_is_moved_without_a_detour_through_floats():
    x = np.array([2**62 + 1, -(2**62) - 1])
    assert moves.moved(lambda a: a[::-1], x).tolist() == [-(2**62) - 1, 2**62 + 1]


def test_a_move_of_quantities_has_gradients_and_a_fill_none():
    x, y = q.variable([1.0, 2.0]), q.variable([[5.0]])
    found = moves.moved(lambda a, b: np.array([a[1], b[0, 0], a[1], -1]), x, y, fill=7)
    assert found.value.tolist() == [2.0, 5.0, 2.0, 7.0]
    gradients = q.backward([(found, np.array([1.0, 10.0, 100.0, 1000.0]))], [x, y])
    assert [q.quantity(each).value.tolist() for each in gradients] == [[0.0, 101.0], [[10.0]]]


def test_the_numbers_of_either():
    assert moves.values(q.quantity([1.5])).tolist() == [1.5] and moves.values(np.array([2])).tolist() == [2]


@pytest.mark.parametrize("dtype", [each for each in operators.EVERY if each not in operators.FLOATS])
def test_an_input_is_filled_in_every_dtype(dtype):
    array = operators.Floats((400,)).filled(np.random.default_rng(0), dtype, "whole")
    assert str(array.dtype) == dtype and len(np.unique(array)) < 400
    if dtype != "bool":
        assert (array > 100).any() and (array == 1).any()
