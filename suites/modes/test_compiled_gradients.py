"""When a compiled program passes gradients: after a call without them, to weights that learn only later, twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import Rejects
from suites.support.compiled_stories import (
    Story,
    Told,
    is_torch,
    learns,
    numbers,
    scaling,
    set_learning,
    stories,
    tensor,
)

AREA = "compiled programs"


def _squares(f: Any, compile_: Any) -> Any:
    def program(x):
        return x * x

    return compile_(program)


def _first_without(f: Any, compile_: Any, x: np.ndarray) -> Told:
    function, given = _squares(f, compile_), tensor(f, x, True)
    with f.no_grad():
        learned = learns(f, function(given))
    output = function(given)
    found = {"first learns": learned, "second learns": learns(f, output)}
    if learns(f, output):
        output.sum().backward()
    return {**found, "gradient": numbers(given.grad)}


def _evaluated_first(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = scaling(f)()
    function = compile_(model)
    model.eval()
    with f.no_grad():
        function(tensor(f, x))
    model.train()
    output = function(tensor(f, x))
    if learns(f, output):
        output.sum().backward()
    return {"gradient": numbers(model.weight.grad)}


def _learning_input_later(f: Any, compile_: Any, x: np.ndarray) -> Told:
    function, found = _squares(f, compile_), {}
    for time, learning in (("first", False), ("second", True)):
        given = tensor(f, x, learning)
        output = function(given)
        if learns(f, output):
            output.sum().backward()
        found[time] = numbers(given.grad)
    return found


def _weight(later: bool) -> Any:
    """A weight that learns only in the first call, or only in the second."""

    def tell(f: Any, compile_: Any, x: np.ndarray) -> Told:
        model = scaling(f)()
        set_learning(f, model.weight, not later)
        function, found = compile_(model), {}
        for time in ("first", "second"):
            function(tensor(f, x, True)).sum().backward()
            found[time] = numbers(model.weight.grad)
            if is_torch(f):
                model.weight.grad = None
            else:
                model.weight.clear_gradient(False)
            set_learning(f, model.weight, later)
        return found

    return tell


def _double(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return x * x * x

    given = tensor(f, x, True)
    output = compile_(program)(given)
    if is_torch(f):
        (first,) = f.autograd.grad(output.sum(), [given], create_graph=True)
    else:
        (first,) = f.grad([output], [given], create_graph=True)
    if learns(f, first):
        first.sum().backward()
    return {"first": numbers(first), "second": numbers(given.grad)}


def _gradient_within(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        y = x * x * x
        if is_torch(f):
            (slope,) = f.autograd.grad(y.sum(), [x], create_graph=True)
        else:
            (slope,) = f.grad([y], [x], create_graph=True)
        return slope * 2.0

    return {"output": numbers(compile_(program)(tensor(f, x, True)))}


def _back_twice(f: Any, compile_: Any, x: np.ndarray) -> Told:
    given = tensor(f, x, True)
    output = _squares(f, compile_)(given)
    for _ in range(2):
        output.sum().backward(retain_graph=True)
    return {"gradient": numbers(given.grad)}


def _outputs(f: Any, compile_: Any, x: np.ndarray) -> tuple[Any, Any, Any]:
    def program(x):
        return x * x, x * 3.0

    given = tensor(f, x, True)
    one, other = compile_(program)(given)
    return given, one, other


def _second_alone(f: Any, compile_: Any, x: np.ndarray) -> Told:
    given, _, other = _outputs(f, compile_, x)
    other.sum().backward()
    return {"gradient": numbers(given.grad)}


def _one_after_the_other(f: Any, compile_: Any, x: np.ndarray) -> Told:
    given, one, other = _outputs(f, compile_, x)
    one.sum().backward(retain_graph=True)
    other.sum().backward()
    return {"gradient": numbers(given.grad)}


def _two_calls(f: Any, compile_: Any, x: np.ndarray) -> Told:
    function, one, other = _squares(f, compile_), tensor(f, x, True), tensor(f, x + 1.0, True)
    first, second = function(one), function(other)
    (first.sum() + second.sum() * 2.0).backward()
    return {"one": numbers(one.grad), "other": numbers(other.grad)}


def _same_twice(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, y):
        return x * y

    given = tensor(f, x, True)
    compile_(program)(given, given).sum().backward()
    return {"gradient": numbers(given.grad)}


def _unused(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, y):
        return x * 2.0

    given, other = tensor(f, x, True), tensor(f, x, True)
    compile_(program)(given, other).sum().backward()
    return {"gradient": numbers(given.grad), "of the unused": numbers(other.grad)}


def _hooked(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = scaling(f)()
    model.weight.register_hook(lambda gradient: gradient * 8.0)
    given = tensor(f, x, True)
    output = compile_(model)(given)
    output.register_hook(lambda gradient: gradient * 2.0)
    output.sum().backward()
    return {"weight": numbers(model.weight.grad), "input": numbers(given.grad)}


def _added_up(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = scaling(f)()
    function = compile_(model)
    for _ in range(3):
        function(tensor(f, x)).sum().backward()
    return {"gradient": numbers(model.weight.grad)}


def _refuses(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, y):
        return x @ y

    function, refused = compile_(program), False
    try:
        function(tensor(f, x), tensor(f, np.ones((2, 2))))
    except Exception:
        refused = True
    return {"refused": refused, "after": numbers(function(tensor(f, x), tensor(f, np.ones((3, 2)))))}


ONCE = Rejects("it goes back again", "[Hint: holder_ should not be null.]")

GRADIENTS = {
    "first without": Story(
        _first_without,
        lambda x: {"first learns": False, "second learns": True, "gradient": x * 2.0},
        {
            "as_first_called": lambda x: {"first learns": False, "second learns": False},
            "once_alone": ONCE,
        },
    ),
    "evaluated first": Story(_evaluated_first, lambda x: {"gradient": x.sum(0)}, {"as_first_called": lambda x: {}}),
    "input learns later": Story(_learning_input_later, lambda x: {"second": x * 2.0}),
    "weight learns later": Story(_weight(True), lambda x: {"second": x.sum(0)}, {"as_first_called": lambda x: {}}),
    "weight learns at first": Story(_weight(False), lambda x: {"first": x.sum(0)}),
    "of a gradient": Story(
        _double,
        lambda x: {"first": x * x * 3.0, "second": x * 6.0},
        {
            "no_second_gradient": lambda x: {"first": x * x * 3.0},
            "second_gradient_refused": Rejects("a second gradient", "does not currently support double backward"),
        },
    ),
    "a gradient within": Story(_gradient_within, lambda x: {"output": x * x * 6.0}),
    "back twice": Story(_back_twice, lambda x: {"gradient": x * 4.0}, {"once_alone": ONCE}),
    "the second alone": Story(_second_alone, lambda x: {"gradient": np.full_like(x, 3.0)}),
    "one after the other": Story(_one_after_the_other, lambda x: {"gradient": x * 2.0 + 3.0}, {"once_alone": ONCE}),
    "two calls": Story(_two_calls, lambda x: {"one": x * 2.0, "other": (x + 1.0) * 4.0}),
    "the same twice": Story(_same_twice, lambda x: {"gradient": x * 2.0}),
    "unused": Story(
        _unused,
        lambda x: {"gradient": np.full_like(x, 2.0)},
        {"zeros_for_unused": lambda x: {"gradient": np.full_like(x, 2.0), "of the unused": x * 0.0}},
    ),
    "hooks": Story(_hooked, lambda x: {"weight": x.sum(0) * 16.0, "input": x * 0.0 + 2.0 * np.array([1.0, 2.0, 3.0])}),
    "added up": Story(_added_up, lambda x: {"gradient": x.sum(0) * 3.0}),
    "refusals": Story(_refuses, lambda x: {"refused": True, "after": np.repeat(x.sum(1)[:, None], 2, 1)}),
}


@stories("modes.gradients", GRADIENTS, area=AREA, may_be_zero=("first learns", "of the unused"))
class gradients:
    """A compiled program passes the gradients that the eager one passes, whatever its first call asked for."""
