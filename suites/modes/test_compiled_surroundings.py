"""What a compiled program reads of Python when it is called, and what it leaves there: as the eager one does."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import Rejects
from suites.support.compiled_stories import (
    Story,
    Told,
    base,
    is_torch,
    numbers,
    parameter,
    scaling,
    stories,
    tensor,
    twice,
)

AREA = "compiled programs"
WEIGHT, OTHER = np.array([1.0, 2.0, 3.0]), np.array([5.0, 4.0, 2.0])
_CALLS = {"global": 0}
_FACTOR = 2.0


def _times(function: Any, f: Any, x: np.ndarray, times: int = 3, **options: Any) -> dict[str, Any]:
    return {f"output {time}": numbers(function(tensor(f, x), **options)) for time in range(times)}


def _attribute_counted(f: Any, compile_: Any, x: np.ndarray) -> Told:
    kind: Any = base(f)

    class Counting(kind):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    model = Counting()
    return {**_times(compile_(model), f, x), "calls": model.calls}


def _dictionary_counted(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        _CALLS["global"] += 1
        return x * _CALLS["global"]

    _CALLS["global"] = 0
    return {**_times(compile_(program), f, x), "calls": _CALLS["global"]}


def _list_appended(f: Any, compile_: Any, x: np.ndarray) -> Told:
    seen: list[int] = []

    def program(x):
        seen.append(1)
        return x * len(seen)

    return {**_times(compile_(program), f, x), "calls": len(seen)}


def _default_appended(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, seen=[]):  # noqa: B006
        seen.append(1)
        return x * len(seen)

    return {**_times(compile_(program), f, x), "calls": len((program.__defaults__ or ([],))[0])}


def _argument_appended(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, seen):
        seen.append(1)
        return x * len(seen)

    seen: list[int] = []
    function = compile_(program)
    return {**{f"output {time}": numbers(function(tensor(f, x), seen)) for time in range(3)}, "calls": len(seen)}


def _counted(times: tuple[int, ...], calls: int) -> Any:
    return lambda x: {**{f"output {time}": x * count for time, count in enumerate(times)}, "calls": calls}


_EACH = _counted((1, 2, 3), 3)
_ONCE, _NONE = {"effects_once": _counted((1, 1, 1), 1)}, {"effects_once": _counted((1, 1, 1), 0)}


def _closure_changed(f: Any, compile_: Any, x: np.ndarray) -> Told:
    factor = 2.0

    def program(x):
        return x * factor

    function = compile_(program)
    first = numbers(function(tensor(f, x)))
    factor = 3.0
    return {"first": first, "second": numbers(function(tensor(f, x)))}


def _attribute_changed(f: Any, compile_: Any, x: np.ndarray) -> Told:
    kind: Any = base(f)

    class Multiplying(kind):
        def __init__(self) -> None:
            super().__init__()
            self.factor = 2.0

        def forward(self, x):
            return x * self.factor

    model = Multiplying()
    function = compile_(model)
    first = numbers(function(tensor(f, x)))
    model.factor = 3.0
    return {"first": first, "second": numbers(function(tensor(f, x)))}


def _two_then_three(x: np.ndarray) -> Told:
    return {"first": x * 2.0, "second": x * 3.0}


_STALE = {"attributes_kept": lambda x: {"first": x * 2.0, "second": x * 2.0}}


def _truth_and_one(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, flag):
        return x * (3.0 if flag is True else 2.0)

    function = compile_(program)
    return {"first": numbers(function(tensor(f, x), 1)), "second": numbers(function(tensor(f, x), True))}


def _one_and_float(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, n):
        return x * (3.0 if isinstance(n, float) else 2.0)

    function = compile_(program)
    return {"first": numbers(function(tensor(f, x), 1)), "second": numbers(function(tensor(f, x), 1.0))}


def _options(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, *, factor=2.0, plus=False):
        return x + factor if plus else x * factor

    function = compile_(program)
    return {
        "plain": numbers(function(tensor(f, x))),
        "factor": numbers(function(tensor(f, x), factor=3.0)),
        "plus": numbers(function(tensor(f, x), plus=True)),
        "by name": numbers(function(x=tensor(f, x), plus=True, factor=5.0)),
    }


def _any_number(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(*given):
        return sum(given)

    function = compile_(program)
    return {"one": numbers(function(tensor(f, x))), "two": numbers(function(tensor(f, x), tensor(f, x)))}


def _of_shapes(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        if x.shape[0] > 1:
            return x * 2.0
        return x * 3.0

    function = compile_(program)
    return {str(rows): numbers(function(tensor(f, x[:rows]))) for rows in (2, 1)}


def _loaded(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = scaling(f)()
    function = compile_(model)
    first = numbers(function(tensor(f, x)))
    (model.load_state_dict if is_torch(f) else model.set_state_dict)({"weight": tensor(f, OTHER)})
    return {"first": first, "second": numbers(function(tensor(f, x)))}


def _weight_replaced(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = scaling(f)()
    function = compile_(model)
    first = numbers(function(tensor(f, x)))
    model.weight = parameter(f, OTHER)
    second = function(tensor(f, x))
    second.sum().backward()
    return {"first": first, "second": numbers(second), "gradient": numbers(model.weight.grad)}


def _part_replaced(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = twice(f)()
    function = compile_(model)
    first = numbers(function(tensor(f, x)))
    model.first = scaling(f)()
    model.first.weight = parameter(f, OTHER)
    return {"first": first, "second": numbers(function(tensor(f, x)))}


def _hook(f: Any, model: Any) -> Any:
    add = model.register_forward_hook if is_torch(f) else model.register_forward_post_hook
    return add(lambda layer, given, output: output * 3.0)


def _hook_before(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = twice(f)()
    _hook(f, model.first)
    model.second.register_forward_pre_hook(lambda layer, given: (given[0] * 2.0,))
    return {"output": numbers(compile_(model)(tensor(f, x)))}


def _hook_of_a_second(f: Any, compile_: Any, x: np.ndarray) -> Told:
    first, second = twice(f)(), twice(f)()
    found = {"first": numbers(compile_(first)(tensor(f, x)))}
    _hook(f, second.first)
    return {**found, "second": numbers(compile_(second)(tensor(f, x)))}


def _hook_later(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = twice(f)()
    function = compile_(model)
    first = numbers(function(tensor(f, x)))
    _hook(f, model.first)
    return {"first": first, "second": numbers(function(tensor(f, x)))}


def _shared(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = twice(f)()
    model.second.weight = model.first.weight
    output = compile_(model)(tensor(f, x))
    output.sum().backward()
    return {"output": numbers(output), "gradient": numbers(model.first.weight.grad)}


def _second_hooked(x: np.ndarray) -> Told:
    return {"first": x * WEIGHT * WEIGHT, "second": x * WEIGHT * WEIGHT * 3.0}


_UNHOOKED = {"hook_unseen": lambda x: dict.fromkeys(("first", "second"), x * WEIGHT * WEIGHT)}

SURROUNDINGS = {
    "attribute counted": Story(_attribute_counted, _EACH, _ONCE),
    "dictionary counted": Story(_dictionary_counted, _EACH, _ONCE),
    "list appended to": Story(_list_appended, _EACH, _ONCE),
    "default appended to": Story(_default_appended, _EACH, _NONE),
    "argument appended to": Story(_argument_appended, _EACH, _NONE),
    "closure changed": Story(_closure_changed, _two_then_three, _STALE),
    "attribute changed": Story(_attribute_changed, _two_then_three, _STALE),
    "True after 1": Story(_truth_and_one, _two_then_three, {"one_for_equal": _STALE["attributes_kept"]}),
    "1.0 after 1": Story(_one_and_float, _two_then_three, {"one_for_equal": _STALE["attributes_kept"]}),
    "options": Story(
        _options,
        lambda x: {"plain": x * 2.0, "factor": x * 3.0, "plus": x + 2.0, "by name": x + 5.0},
        {"default_unknown": Rejects("an option is left out", "missing 2 required keyword-only arguments")},
    ),
    "any number": Story(
        _any_number,
        lambda x: {"one": x, "two": x * 2.0},
        {"any_number_refused": Rejects("it takes any number of arguments", "requires 0 arguments: [], but received 1")},
    ),
    "two shapes": Story(_of_shapes, lambda x: {"2": x * 2.0, "1": x[:1] * 3.0}),
    "weights loaded": Story(_loaded, lambda x: {"first": x * WEIGHT, "second": x * OTHER}),
    "weight replaced": Story(
        _weight_replaced,
        lambda x: {"first": x * WEIGHT, "second": x * OTHER, "gradient": x.sum(0)},
        {"parts_kept": lambda x: {"first": x * WEIGHT, "second": x * WEIGHT}},
    ),
    "part replaced": Story(
        _part_replaced,
        lambda x: {"first": x * WEIGHT * WEIGHT, "second": x * OTHER * WEIGHT},
        {"parts_kept": lambda x: dict.fromkeys(("first", "second"), x * WEIGHT * WEIGHT)},
    ),
    "hooks": Story(_hook_before, lambda x: {"output": x * WEIGHT * 6.0 * WEIGHT}),
    "hook added later": Story(_hook_later, _second_hooked, _UNHOOKED),
    "hook of a second model": Story(_hook_of_a_second, _second_hooked, _UNHOOKED),
    "shared weight": Story(_shared, lambda x: {"output": x * WEIGHT * WEIGHT, "gradient": 2.0 * WEIGHT * x.sum(0)}),
}


@stories("modes.surroundings", SURROUNDINGS, area=AREA)
class surroundings:
    """A compiled program reads numbers, weights and parts as they are at each call, and counts every call."""
