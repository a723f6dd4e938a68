"""What lasts from one call of a compiled model to the next: statistics, buffers, random numbers, what Python keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from suites.support.compiled_stories import (
    Story,
    Told,
    base,
    dropping,
    is_torch,
    normalization,
    numbers,
    overwrite,
    scaling,
    stories,
    tensor,
)

AREA = "compiled programs"
MANY = (16, 16)


def _mean(f: Any, layer: Any) -> Any:
    return numbers(layer.running_mean if is_torch(f) else layer._mean)


def _rows(x: np.ndarray) -> np.ndarray:
    """Four rows, so that a mean of a column is a sum of few powers of two."""
    return np.concatenate([x, x * 2.0])


def _trained(f: Any, compile_: Any, x: np.ndarray) -> Told:
    layer = normalization(f)
    function = compile_(layer)
    for _ in range(2):
        function(tensor(f, _rows(x)))
    return {"mean": _mean(f, layer)}


def _trained_evaluated(f: Any, compile_: Any, x: np.ndarray) -> Told:
    layer = normalization(f)
    function = compile_(layer)
    function(tensor(f, _rows(x)))
    layer.eval()
    function(tensor(f, _rows(x)))
    evaluated = _mean(f, layer)
    layer.train()
    function(tensor(f, _rows(x)))
    return {"evaluated": evaluated, "mean": _mean(f, layer)}


def _twice_in_one(f: Any, compile_: Any, x: np.ndarray) -> Told:
    layer = normalization(f)

    def program(x):
        layer(x)
        return layer(x * 2.0)

    compile_(program)(tensor(f, _rows(x)))
    return {"mean": _mean(f, layer)}


def _without_gradient(f: Any, compile_: Any, x: np.ndarray) -> Told:
    layer = normalization(f)
    with f.no_grad():
        compile_(layer)(tensor(f, _rows(x)))
    return {"mean": _mean(f, layer)}


def _momentum_changed(f: Any, compile_: Any, x: np.ndarray) -> Told:
    layer = normalization(f)
    function = compile_(layer)
    function(tensor(f, _rows(x)))
    if is_torch(f):
        layer.momentum = 0.5
    else:
        layer._momentum = 0.5
    function(tensor(f, _rows(x)))
    return {"mean": _mean(f, layer)}


def _share(x: np.ndarray, *shares: float) -> np.ndarray:
    """A running mean that began with zeros, after steps that took these shares of the mean of the rows."""
    mean = np.zeros(3)
    for share in shares:
        mean = (1 - share) * mean + share * _rows(x).mean(0)
    return mean


def _counting(f: Any, step: Any) -> Any:
    """A model that counts its calls in a buffer."""

    kind: Any = base(f)

    class Counting(kind):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", tensor(f, [0.0]))

    Counting.forward = step
    return Counting()


def _called_thrice(f: Any, compile_: Any, x: np.ndarray, model: Any) -> Told:
    function = compile_(model)
    for _ in range(3):
        last = function(tensor(f, x))
    return {"output": numbers(last), "count": numbers(model.count)}


def _replaced(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        self.count = self.count + 1.0
        return x * self.count

    return _called_thrice(f, compile_, x, _counting(f, forward))


def _added_to(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        self.count.add_(f.ones([1]))
        return x * self.count

    return _called_thrice(f, compile_, x, _counting(f, forward))


def _assigned_to(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        self.count[0] = self.count[0] + 1.0
        return x * self.count

    return _called_thrice(f, compile_, x, _counting(f, forward))


def _counts(times: float) -> Any:
    return lambda x: {"output": x * times, "count": np.array([times])}


class _Drops:
    """Of a program that drops half: whether it dropped any."""

    def __init__(self, f: Any, function: Any) -> None:
        self.f, self.function = f, function

    def __call__(self) -> bool:
        return bool((numbers(self.function(tensor(self.f, np.ones(MANY)))) == 0).any())


def _model_evaluated(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = dropping(f)
    drops = _Drops(f, compile_(model))
    found = {"trained": drops()}
    model.eval()
    found["evaluated"] = drops()
    model.train()
    return {**found, "trained again": drops()}


def _part_evaluated(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = dropping(f)
    drops = _Drops(f, compile_(model))
    found = {"trained": drops()}
    model.drop.eval()
    return {**found, "evaluated": drops()}


def _seed(f: Any) -> None:
    (f.manual_seed if is_torch(f) else f.seed)(7)


def _drawn(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return f.nn.functional.dropout(x, 0.5)

    function = compile_(program)
    _seed(f)
    first, second = (numbers(function(tensor(f, np.ones(MANY)))) for _ in range(2))
    after = numbers(f.rand([8]))
    _seed(f)
    again, begun = numbers(function(tensor(f, np.ones(MANY)))), None
    _seed(f)
    begun = numbers(f.rand([8]))
    return {
        "second is another": bool((first != second).any()),
        "of one seed the same": bool((first == again).all()),
        "the generator went on": bool((after != begun).any()),
    }


def _two_in_one(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return f.nn.functional.dropout(x, 0.5), f.nn.functional.dropout(x, 0.5)

    one, other = map(numbers, compile_(program)(tensor(f, np.ones(MANY))))
    return {"two masks": bool((one != other).any())}


def _mask_of_gradient(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return f.nn.functional.dropout(x, 0.5)

    given = tensor(f, np.ones(MANY), True)
    output = compile_(program)(given)
    output.sum().backward()
    return {"one mask": bool((numbers(output) == numbers(given.grad)).all())}


def _python_random(f: Any, compile_: Any, x: np.ndarray) -> Told:
    import random

    def program(x):
        return x * random.random()

    function = compile_(program)
    return {"another number": bool((numbers(function(tensor(f, x))) != numbers(function(tensor(f, x)))).any())}


def _numpy_random(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return x * float(np.random.random())

    function = compile_(program)
    return {"another number": bool((numbers(function(tensor(f, x))) != numbers(function(tensor(f, x)))).any())}


def _trained_by_steps(f: Any, compile_: Any, x: np.ndarray) -> Told:
    model = scaling(f)()
    function = compile_(model)
    for _ in range(2):
        function(tensor(f, x)).sum().backward()
        overwrite(f, model.weight, numbers(model.weight) - 0.5 * numbers(model.weight.grad))
        if is_torch(f):
            model.zero_grad()
        else:
            model.clear_gradients()
    return {"output": numbers(function(tensor(f, x))), "weight": numbers(model.weight)}


def _after_steps(x: np.ndarray) -> Told:
    weight = np.array([1.0, 2.0, 3.0]) - x.sum(0)
    return {"output": x * weight, "weight": weight}


def _yes(*names: str) -> Any:
    return lambda x: dict.fromkeys(names, True)


_FIRST_NUMBER = {"first_number_kept": lambda x: {"another number": False}}
STATE = {
    "batch norm": Story(_trained, lambda x: {"mean": _share(x, 0.25, 0.25)}),
    "batch norm, evaluated between": Story(
        _trained_evaluated, lambda x: {"evaluated": _share(x, 0.25), "mean": _share(x, 0.25, 0.25)}
    ),
    "batch norm twice": Story(_twice_in_one, lambda x: {"mean": 0.75 * _share(x, 0.25) + 0.5 * _rows(x).mean(0)}),
    "batch norm without gradient": Story(_without_gradient, lambda x: {"mean": _share(x, 0.25)}),
    "batch norm, momentum changed": Story(
        _momentum_changed,
        lambda x: {"mean": _share(x, 0.25, 0.5)},
        {"attributes_kept": lambda x: {"mean": _share(x, 0.25, 0.25)}},
    ),
    "buffer replaced": Story(_replaced, _counts(3.0)),
    "buffer added to": Story(_added_to, _counts(3.0), {"call_left_out": _counts(0.0)}),
    "buffer assigned to": Story(
        _assigned_to,
        _counts(3.0),
        {"argument_kept": lambda x: {"output": x, "count": np.array([0.0])}},
    ),
    "dropout evaluated": Story(
        _model_evaluated, lambda x: {"trained": True, "evaluated": False, "trained again": True}
    ),
    "a part evaluated": Story(
        _part_evaluated,
        lambda x: {"trained": True, "evaluated": False},
        {"attributes_kept": lambda x: {"trained": True, "evaluated": True}},
    ),
    "random numbers": Story(_drawn, _yes("second is another", "of one seed the same", "the generator went on")),
    "two draws": Story(_two_in_one, _yes("two masks")),
    "mask of the gradient": Story(_mask_of_gradient, _yes("one mask")),
    "random numbers of Python": Story(_python_random, _yes("another number"), _FIRST_NUMBER),
    "random numbers of NumPy": Story(_numpy_random, _yes("another number"), _FIRST_NUMBER),
    "steps": Story(_trained_by_steps, _after_steps),
}


@stories("modes.state", STATE, area=AREA)
class state:
    """Statistics, buffers, weights and random numbers go on from call to call as they do in the eager model."""
