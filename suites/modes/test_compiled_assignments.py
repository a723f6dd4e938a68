"""What a compiled program changes in place, and what it takes out of the gradient's way: values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import Rejects
from conformance.quantity import Quantity, scaled
from suites.support.compiled_programs import TURN, Program, programs

AREA = "compiled programs"


def _assigned(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        y[0] = 5.0
        return y * y

    return program


def _assigned_in_branch(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        if x.sum() > 14.0:
            y[0] = 5.0
        return y * y

    return program


def _assigned_in_loop(f: Any) -> Any:
    def program(x):
        y = f.zeros([2, 3])
        for i in range(2):
            y[i] = x[i] * (i + 1)
        return y * y

    return program


def _assigned_a_tensor(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        y[1] = x[0] * 3.0
        return y * y

    return program


def _overwritten(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        square = y * y
        y[0] = x[1] * 3.0
        return square + y

    return program


def _added(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        y.add_(x)
        return y * 3.0

    return program


def _clipped(f: Any) -> Any:
    def program(x):
        y = x * 2.0
        y.clip_(1.0, 5.0)
        return y * 3.0

    return program


def _rectified(f: Any) -> Any:
    def program(x):
        y = x - 2.5
        f.nn.functional.relu_(y)
        return y * 3.0

    return program


def _multiplied(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        y.multiply_(x)
        return y * 3.0

    return program


def _given_back(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        return y.add_(x) * 3.0

    return program


def _detached(f: Any) -> Any:
    def program(x):
        return x * (x * 2.0).detach()

    return program


def _without_gradient(f: Any) -> Any:
    def program(x):
        with f.no_grad():
            y = x * 2.0
        return x * y

    return program


def _replaced(x: Quantity, first: float) -> Quantity:
    keep = np.ones(x.shape)
    keep[0] = 0.0
    return x * keep + (1.0 - keep) * first


def _covered(x: Quantity) -> Quantity:
    """With the value of a replaced row, and the gradient of what was there."""
    return x + (_replaced(x, 5.0).value - x.value)


def _row_copied(x: Quantity, row: int = 1) -> Quantity:
    """With three times the other row in the place of this one."""
    keep = np.array([[1.0], [1.0]])
    keep[row] = 0.0
    return x * keep + x[1 - row].reshape(1, 3) * ((1.0 - keep) * 3.0)


def _by_what_came_after(x: Quantity) -> Quantity:
    """The square with the factor in its gradient that stands there once the row is overwritten."""
    changed = _row_copied(x, 0)
    factor = 2.0 * changed.value
    return x * factor + (x.value * x.value - x.value * factor) + changed


ASSIGNED = {
    "a row": Program(
        _assigned,
        lambda x: _replaced(x, 5.0) * _replaced(x, 5.0),
        {"gradient_of_what_was_there": lambda x: _covered(x) * _covered(x)},
    ),
    "a row in a branch": Program(
        _assigned_in_branch,
        lambda x: _replaced(x, 5.0) * _replaced(x, 5.0) if x.value.sum() > TURN else x * x,
        {
            "gradient_of_what_was_there": lambda x: _covered(x) * _covered(x) if x.value.sum() > TURN else x * x,
            "result_is_argument": Rejects("the copy is the input itself", "is a view and is being modified inplace"),
        },
    ),
    "rows in a loop": Program(
        _assigned_in_loop, lambda x: (x * np.array([[1.0], [2.0]])) * (x * np.array([[1.0], [2.0]]))
    ),
    "a row by another": Program(_assigned_a_tensor, lambda x: _row_copied(x) * _row_copied(x)),
    "a row after its use": Program(
        _overwritten,
        lambda x: x * x + _row_copied(x, 0),
        {
            "gradient_of_what_came_after": _by_what_came_after,
            "refused_on_its_way_back": Rejects("what its gradient needs is gone", "modified by an inplace operation"),
        },
    ),
    "add_": Program(_added, lambda x: scaled(x, 6.0), {"call_left_out": lambda x: scaled(x, 3.0)}),
    "clip_": Program(
        _clipped,
        lambda x: scaled(x * (x.value < 2.5) * 2.0 + 5.0 * (x.value >= 2.5), 3.0),
        {"call_left_out": lambda x: scaled(x, 6.0)},
    ),
    "relu_": Program(
        _rectified,
        lambda x: scaled((x - 2.5) * (x.value > 2.5), 3.0),
        {"call_left_out": lambda x: scaled(x - 2.5, 3.0)},
    ),
    "multiply_": Program(_multiplied, lambda x: scaled(x * x, 3.0), {"call_left_out": lambda x: scaled(x, 3.0)}),
    "add_ given back": Program(_given_back, lambda x: scaled(x, 6.0)),
    "detach": Program(_detached, lambda x: x * scaled(x.plain, 2.0)),
    "no_grad": Program(_without_gradient, lambda x: x * scaled(x.plain, 2.0)),
}


@programs("modes.assignments", ASSIGNED, area=AREA)
class assignments:
    """What a compiled program changes in place has the new values and their gradient, and what it detaches has none."""
