"""Loops on a tensor's values, and numbers that Python takes from tensors: what a compiled program makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import Rejects
from conformance.quantity import Quantity, scaled
from suites.support.compiled_programs import KINDS_REFUSED, TRUTH, TURN, Program, programs

AREA = "compiled programs"


def _while(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        while y.sum() < 100.0:
            y = y * 2.0
        return y

    return program


def _as_often(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        for _ in range(int(x.max())):
            y = y * 2.0
        return y

    return program


def _gathered(f: Any) -> Any:
    def program(x):
        found = []
        i = 0
        while i < x.max():
            found.append(x * i)
            i += 1
        return f.stack(found).sum(0)

    return program


def _rows(f: Any) -> Any:
    def program(x):
        y = x[0] * 0.0
        for row in x:
            y = y + row * row
        return y

    return program


def _numbered(f: Any) -> Any:
    def program(x):
        y = x[0] * 0.0
        for i, row in enumerate(x):
            y = y + row * i
        return y

    return program


def _paired(f: Any) -> Any:
    def program(x):
        y = x[0] * 0.0
        for one, other in zip(x, x * 2.0):  # noqa: B905
            y = y + one * other
        return y

    return program


def _comprehension(f: Any) -> Any:
    def program(x):
        return sum([row * row for row in x])

    return program


def _of_the_shape(f: Any) -> Any:
    def program(x):
        y = x[0] * 0.0
        for i in range(x.shape[0]):
            y = y + x[i] * (i + 1)
        return y

    return program


def _continued(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        for _ in range(4):
            if y.sum() > 40.0:
                continue
            y = y * 2.0
        return y

    return program


def _broken_off(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        for _ in range(10):
            if y.sum() > 40.0:
                break
            y = y * 2.0
        return y * x

    return program


def _returned_from(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        for _ in range(10):
            y = y * 2.0
            if y.sum() > 40.0:
                return y * x
        return y

    return program


def _without_end(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        while True:
            y = y * 2.0
            if y.sum() > 40.0:
                break
        return y * x

    return program


def _else_of_for(f: Any) -> Any:
    def program(x):
        y = x * 1.0
        for _ in range(3):
            y = y * 2.0
        else:
            y = y + x
        return y

    return program


def _doubled(x: Quantity, limit: float, fewest: int = 0, most: int = 10) -> Quantity:
    """Doubled until the sum is no less."""
    times = fewest
    while times < most and x.value.sum() * 2.0**times <= limit:
        times += 1
    return scaled(x, 2.0**times)


def _weighed(x: Quantity, weights: Any) -> Quantity:
    return (x * np.asarray(weights, float)[:, None]).sum(0)


DYNAMIC = Rejects("the loop has as many rounds as a tensor says", "The variable middle_0 should exist")
END_REFUSED = Rejects("a tensor ends the loop", "python while pred change from bool to variable")

LOOPS = {
    "while": Program(_while, lambda x: _doubled(x, 99.5), {"gradient_of_dynamic_refused": DYNAMIC}),
    "as often as a tensor says": Program(
        _as_often, lambda x: scaled(x, 2.0 ** x.value.max()), {"gradient_of_dynamic_refused": DYNAMIC}
    ),
    "results gathered": Program(
        _gathered, lambda x: scaled(x, x.value.max() * (x.value.max() - 1) / 2), {"no_gradient_of_dynamic": None}
    ),
    "rows": Program(_rows, lambda x: (x * x).sum(0)),
    "numbered rows": Program(_numbered, lambda x: _weighed(x, (0, 1))),
    "paired rows": Program(_paired, lambda x: scaled((x * x).sum(0), 2.0)),
    "comprehension": Program(_comprehension, lambda x: (x * x).sum(0)),
    "as often as the shape says": Program(_of_the_shape, lambda x: _weighed(x, (1, 2))),
    "continue": Program(_continued, lambda x: _doubled(x, 40.0, most=4)),
    "break": Program(_broken_off, lambda x: _doubled(x, 40.0) * x, {"end_refused": END_REFUSED}),
    "return": Program(
        _returned_from,
        lambda x: _doubled(x, 40.0, 1) * x,
        {
            "end_refused": KINDS_REFUSED,
            "no_gradient_of_returned": lambda x: scaled(x, 0.0) + (_doubled(x, 40.0, 1) * x).plain,
        },
    ),
    "while True": Program(_without_end, lambda x: _doubled(x, 40.0, 1) * x, {"end_refused": END_REFUSED}),
    "else": Program(_else_of_for, lambda x: scaled(x, 9.0), {"else_left_out": lambda x: scaled(x, 8.0)}),
}


@programs("modes.loops", LOOPS, area=AREA)
class loops:
    """A compiled loop runs as often as it does eagerly, and its gradient goes back through each round."""


def _float_of(f: Any) -> Any:
    def program(x):
        return x * float(x.sum())

    return program


def _int_of(f: Any) -> Any:
    def program(x):
        return x * int(x.sum())

    return program


def _item_of(f: Any) -> Any:
    def program(x):
        return x * x.sum().item()

    return program


def _divided(f: Any) -> Any:
    def program(x):
        n = int(x.sum())
        return x * (n // 2) + x * (n % 3)

    return program


def _rounded(f: Any) -> Any:
    def program(x):
        return x * round(float(x.sum()), 1)

    return program


def _spelt(f: Any) -> Any:
    def program(x):
        return x * float("%.1f" % float(x.sum()))  # noqa: UP031

    return program


def _listed(f: Any) -> Any:
    def program(x):
        return x * sum(x.sum(0).tolist())

    return program


def _shape_of(f: Any) -> Any:
    def program(x):
        return f.zeros([int(x.max()), 3]).sum() + x

    return program


def _cut(f: Any) -> Any:
    def program(x):
        return x[:, : int(x.min())].sum(1)

    return program


def _largest_of(f: Any) -> Any:
    def program(x):
        return x * max(x.sum(), x.max() * 2)

    return program


def _length_of(f: Any) -> Any:
    def program(x):
        return x * len(x)

    return program


def _truth_of(f: Any) -> Any:
    def program(x):
        return x * 2.0 if bool(x.sum() > 14.0) else x * 3.0

    return program


def _by_number(x: Quantity) -> Quantity:
    return scaled(x, float(x.value.sum()))


def _divided_value(total: float) -> float:
    return total // 2 + total % 3


def _through(x: Quantity) -> Quantity:
    """As if the number were part of what is differentiated."""
    return x * x.sum()


def _whole_at_ties(x: Quantity) -> Quantity:
    """The largest element, whose gradient goes to each tie in full."""
    tied = x.value == x.value.max()
    return (x * tied).sum() - float((tied.sum() - 1) * x.value.max())


NUMBERS = {
    "float": Program(_float_of, _by_number, {"differentiated": _through}),
    "int": Program(_int_of, _by_number, {"differentiated": _through}),
    "item": Program(_item_of, _by_number, {"differentiated": _through}),
    "quotient and remainder": Program(
        _divided,
        lambda x: scaled(x, _divided_value(float(x.value.sum()))),
        {"differentiated": lambda x: x * (x.sum() + (_divided_value(float(x.value.sum())) - float(x.value.sum())))},
    ),
    "round": Program(_rounded, _by_number, {"number_refused": Rejects("it rounds", "doesn't define __round__ method")}),
    "text": Program(
        _spelt,
        _by_number,
        {
            "number_refused_otherwise": Rejects("it writes a number", "must be real number, not Variable"),
            "number_refused": Rejects("it writes a number", '>>> x = x.astype("float64")'),
        },
    ),
    "tolist": Program(
        _listed,
        _by_number,
        {
            "number_refused_otherwise": Rejects("it lists numbers", "'Variable' object has no attribute 'tolist'"),
            "number_refused": Rejects("it lists numbers", "'tolist' only can be called by"),
        },
    ),
    "a shape": Program(_shape_of, lambda x: x * 1.0),
    "a slice": Program(_cut, lambda x: x[:, : int(x.value.min())].sum(1)),
    "max": Program(
        _largest_of,
        lambda x: x * x.sum(),
        {
            "number_refused": Rejects("it compares", TRUTH),
            "last_for_largest": lambda x: x * scaled(_whole_at_ties(x), 2.0),
        },
    ),
    "len": Program(_length_of, lambda x: scaled(x, 2.0)),
    "bool": Program(_truth_of, lambda x: scaled(x, 2.0 if x.value.sum() > TURN else 3.0)),
}


@programs("modes.numbers", NUMBERS, area=AREA)
class numbers:
    """A number that Python takes from a tensor is a number: it has its value, and no gradient goes back through it."""
