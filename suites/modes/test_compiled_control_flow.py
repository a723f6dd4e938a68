"""Branches on a tensor's values: what a compiled program makes of them.

A program does the same compiled as it does eagerly, and has the same gradient, whichever way its branches go.
"""

from __future__ import annotations

from typing import Any

from conformance import Rejects
from conformance.quantity import Quantity, scaled
from suites.support.compiled_programs import KINDS_REFUSED, TRUTH, TURN, Program, largest, programs

AREA = "compiled programs"


def _whether(f: Any) -> Any:
    def program(x):
        if x.sum() > 14.0:  # noqa: SIM108
            y = x * 2.0
        else:
            y = x * x
        return y

    return program


def _unless(f: Any) -> Any:
    def program(x):
        y = x * 3.0
        if not x.sum() > 14.0:
            y = y * x
        return y

    return program


def _early(f: Any) -> Any:
    def program(x):
        if x.sum() > 14.0:
            return x * 2.0
        y = x * 3.0
        return y * x

    return program


def _expression(f: Any) -> Any:
    def program(x):
        return x * 2.0 if x.sum() > 14.0 else x * x

    return program


def _nested(f: Any) -> Any:
    def program(x):
        y = x
        if x.sum() > 8.0:
            if x.max() > 2.5:  # noqa: SIM108
                y = y * 2.0
            else:
                y = y * 3.0
        return y * x

    return program


def _exchanged(f: Any) -> Any:
    def program(x):
        one, other = x, x * 2.0
        if x.sum() > 14.0:
            one, other = other, one
        return one * 3.0 + other

    return program


def _counted(f: Any) -> Any:
    def program(x):
        k = 1
        if x.sum() > 14.0:
            k = 3
        return x * k

    return program


def _both_hold(f: Any) -> Any:
    def program(x):
        if (x.sum() > 14.0 and x.max() < 100.0) or x.min() > 1000.0:
            return x * 2.0
        return x * 3.0

    return program


def _between(f: Any) -> Any:
    def program(x):
        if 0.0 < x.sum() < 14.0:
            return x * 2.0
        return x * 3.0

    return program


def _named_within(f: Any) -> Any:
    def program(x):
        if (total := x.sum()) > 14.0:
            return x * total
        return x * 1.0

    return program


def _chosen_function(f: Any) -> Any:
    def program(x):
        function = lambda value: value * 2.0
        if x.sum() > 14.0:
            function = lambda value: value * 3.0
        return function(x)

    return program


def _list_changed(f: Any) -> Any:
    def program(x):
        found = [x, x]
        if x.sum() > 14.0:
            found[0] = x * 2.0
        return found[0] * found[1]

    return program


def _list_grown(f: Any) -> Any:
    def program(x):
        found = [x]
        if x.sum() > 14.0:
            found.append(x * 2.0)
        return f.stack(found).sum(0)

    return program


def _raised(f: Any) -> Any:
    def program(x):
        if x.sum() > 1000.0:
            raise ValueError("the sum is too large")
        return x * 2.0

    return program


def _last_that_holds(f: Any) -> Any:
    def program(x):
        return x * (x.sum() and x.max())

    return program


def _first_that_holds(f: Any) -> Any:
    def program(x):
        return x * (x.sum() or x.max())

    return program


def _large(x: Quantity) -> bool:
    return bool(x.value.sum() > TURN)


def _nested_value(x: Quantity) -> Quantity:
    return scaled(x, 2.0 if x.value.max() > 2.5 else 3.0) if x.value.sum() > 8.0 else x


BRANCHES = {
    "if and else": Program(_whether, lambda x: scaled(x, 2.0) if _large(x) else x * x),
    "if not": Program(_unless, lambda x: scaled(x, 3.0) if _large(x) else scaled(x, 3.0) * x),
    "early return": Program(_early, lambda x: scaled(x, 2.0) if _large(x) else scaled(x, 3.0) * x),
    "conditional expression": Program(_expression, lambda x: scaled(x, 2.0) if _large(x) else x * x),
    "nested": Program(
        _nested,
        lambda x: _nested_value(x) * x,
        {"one_way_lost": lambda x: _nested_value(x) * (x if x.value.sum() > 8.0 else x.plain)},
    ),
    "exchanged": Program(_exchanged, lambda x: scaled(x, 7.0) if _large(x) else scaled(x, 5.0)),
    "a number chosen": Program(_counted, lambda x: scaled(x, 3.0 if _large(x) else 1.0)),
    "and, or": Program(_both_hold, lambda x: scaled(x, 2.0 if _large(x) else 3.0)),
    "between": Program(
        _between,
        lambda x: scaled(x, 3.0 if x.value.sum() >= TURN else 2.0),
        {"truth_refused": Rejects("a chain of comparisons", TRUTH)},
    ),
    "named within": Program(
        _named_within,
        lambda x: x * x.sum() if _large(x) else x * 1.0,
        {
            "one_way_lost": lambda x: x * x.sum().plain if _large(x) else x * 1.0,
            "name_refused": Rejects("it names within", "No defined handler for node of type NoneType"),
        },
    ),
    "a function chosen": Program(
        _chosen_function, lambda x: scaled(x, 3.0 if _large(x) else 2.0), {"kinds_refused": KINDS_REFUSED}
    ),
    "a list's element changed": Program(
        _list_changed,
        lambda x: scaled(x * x, 2.0 if _large(x) else 1.0),
        {"one_way_lost": lambda x: scaled(x * x.plain, 2.0 if _large(x) else 1.0)},
    ),
    "a list grown": Program(
        _list_grown,
        lambda x: scaled(x, 3.0 if _large(x) else 1.0),
        {"list_refused": Rejects("a list grows in a branch", "Only support DenseTensorType, SelectedRows")},
    ),
    "an error on one side": Program(
        _raised,
        lambda x: scaled(x, 2.0),
        {"raised_regardless": Rejects("one side raises", "ValueError: the sum is too large")},
    ),
    "the last that holds": Program(_last_that_holds, lambda x: x * largest(x), {"truth_alone": lambda x: x * 1.0}),
    "the first that holds": Program(
        _first_that_holds,
        lambda x: x * x.sum(),
        {
            "truth_alone": lambda x: x * 1.0,
            "or_refused": Rejects("one of two tensors", "InnerError: In simulate execution"),
        },
    ),
}


@programs("modes.branches", BRANCHES, area=AREA)
class branches:
    """A compiled program takes the branch that its input's values choose, and its gradient goes back through it."""
