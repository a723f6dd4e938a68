"""A model that is exported, saved and loaded is the same function: its values, its state, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance import Rejects
from suites.support.compiled_stories import (
    Story,
    Told,
    dropping,
    is_torch,
    learns,
    normalization,
    numbers,
    parameter,
    stories,
    tensor,
)
from suites.support.exported import ROWS, carried, model, of_dtype

AREA = "exported programs"
MANY = (16, 16)
WEIGHT = np.array([1.0, 2.0, 3.0])


def _does(make: Callable[[Any], Any], script: bool = False) -> Any:
    """Save a model that does this, load it, and call it. make: its forward, of a framework's module."""

    def tell(f: Any, compile_: Any, x: np.ndarray) -> Told:
        loaded = carried(f, model(f, make(f)), tensor(f, x), script=script)
        return {"output": numbers(loaded(tensor(f, x)))}

    return tell


def _added(f: Any) -> Any:
    def forward(self, x):
        y = x * 1.0
        y.add_(x)
        return y * 3.0

    return forward


def _clipped(f: Any) -> Any:
    def forward(self, x):
        y = x * 2.0
        y.clip_(1.0, 5.0)
        return y * 3.0

    return forward


def _rectified(f: Any) -> Any:
    def forward(self, x):
        y = x - 2.5
        f.nn.functional.relu_(y)
        return y * 4.0

    return forward


def _assigned(f: Any) -> Any:
    def forward(self, x):
        y = x * 1.0
        y[0] = 5.0
        return y * 3.0

    return forward


def _summed(f: Any) -> Any:
    def forward(self, x):
        return x + 1.5

    return forward


def _summed_within(f: Any) -> Any:
    def forward(self, x):
        return (x + 1.5) * x

    return forward


def _branching(f: Any) -> Any:
    def forward(self, x):
        y = x * 3.0
        if bool(x.sum() > 14.0):
            y = x * 2.0
        return y

    return forward


def _written(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        x[0] = 0.0
        return x * 2.0

    loaded, given = carried(f, model(f, forward), tensor(f, x)), tensor(f, x)
    output = numbers(loaded(given))
    return {"output": output, "argument": numbers(given)}


def _kinds(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x, index, mask):
        return x[index] * 2.0, index + 1, ~mask

    index, mask = of_dtype(f, [1, 0, 1], "int64"), of_dtype(f, [True, False], "bool")
    found = carried(f, model(f, forward), tensor(f, x), index, mask)(tensor(f, x), index, mask)
    return {"rows": numbers(found[0]), "integers": numbers(found[1]), "truths": numbers(found[2])}


def _any_rows(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        return x * 2.0 + x.sum(0)

    loaded = carried(f, model(f, forward), tensor(f, x), rows=ROWS)
    return {str(count): numbers(loaded(tensor(f, np.concatenate([x, x])[:count]))) for count in (2, 3, 4)}


def _order(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, z, a):
        return z * 2.0 - a, a * 3.0

    given = tensor(f, x), tensor(f, x + 1.0)
    first, second = carried(f, model(f, forward), *given)(*given)
    return {"first": numbers(first), "second": numbers(second)}


def _names(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        return {"b": x * 2.0, "a": x * 3.0}

    found = carried(f, model(f, forward), tensor(f, x))(tensor(f, x))
    named = isinstance(found, dict)
    return {
        "names": " ".join(found) if named else "",
        "first": numbers(found["b"] if named else found[0]),
        "second": numbers(found["a"] if named else found[1]),
    }


def _numbers(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        return x * 2.0, 3, None, x * 4.0

    found = carried(f, model(f, forward), tensor(f, x))(tensor(f, x))
    found = found if isinstance(found, list | tuple) else [found]
    last = numbers(found[-1])
    return {"results": len(found), "first": numbers(found[0]), "last": last}


def _single(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        return [x * 2.0]

    found = carried(f, model(f, forward), tensor(f, x))(tensor(f, x))
    listed = isinstance(found, list | tuple)
    return {"listed": listed, "output": numbers(found[0] if listed else found)}


def _buffer(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        self.count.add_(f.ones([1]))
        return x * self.count

    loaded = carried(f, model(f, forward, count=tensor(f, [2.0])), tensor(f, x))
    return {str(time): numbers(loaded(tensor(f, x))) for time in range(2)}


def _buffer_replaced(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        self.count = self.count + 1.0
        return x * self.count

    loaded = carried(f, model(f, forward, count=tensor(f, [2.0])), tensor(f, x))
    return {str(time): numbers(loaded(tensor(f, x))) for time in range(2)}


def _unsaved(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        return x * self.factor

    made = model(f, forward)
    if is_torch(f):
        made.register_buffer("factor", tensor(f, [4.0]), persistent=False)
    else:
        made.register_buffer("factor", tensor(f, [4.0]), persistable=False)
    return {"output": numbers(carried(f, made, tensor(f, x))(tensor(f, x)))}


def _scaled(self, x):
    return x * self.weight


def _train(f: Any, loaded: Any) -> None:
    """Let a loaded program learn, which in paddle needs a call."""
    if not is_torch(f):
        loaded.train()


def _trainable(f: Any, compile_: Any, x: np.ndarray) -> Told:
    loaded = carried(f, model(f, _scaled, weight=parameter(f, WEIGHT)), tensor(f, x))
    _train(f, loaded)
    output = loaded(tensor(f, x))
    if learns(f, output):
        output.sum().backward()
    (weight,) = loaded.parameters()
    return {"output": numbers(output), "gradient": numbers(weight.grad)}


def _of_the_input(f: Any, compile_: Any, x: np.ndarray) -> Told:
    loaded = carried(f, model(f, _scaled, weight=parameter(f, WEIGHT)), tensor(f, x))
    _train(f, loaded)
    given = tensor(f, x, True)
    output = loaded(given)
    if learns(f, output):
        output.sum().backward()
    return {"gradient": numbers(given.grad)}


def _train_again(f: Any, compile_: Any, x: np.ndarray) -> Told:
    given = tensor(f, np.ones(MANY))
    made = dropping(f)
    made.eval()
    loaded = carried(f, made, given, script=True)
    found = {"evaluated": bool((numbers(loaded(given)) == 0).any())}
    loaded.train()
    return {**found, "trained": bool((numbers(loaded(given)) == 0).any())}


def _statistics(f: Any, compile_: Any, x: np.ndarray) -> Told:
    layer = normalization(f)
    layer(tensor(f, np.concatenate([x, 2.0 * x])))
    layer.eval()
    loaded = carried(f, layer, tensor(f, x))
    return {"same": bool((numbers(loaded(tensor(f, x))) == numbers(layer(tensor(f, x)))).all())}


def _more_columns(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def forward(self, x):
        return x * 2.0

    loaded = carried(f, model(f, forward), tensor(f, x))
    try:
        loaded(tensor(f, np.ones((2, 4))))
    except Exception:
        return {"refused": True}
    return {"refused": False}


def _same(output: Callable[[np.ndarray], Any]) -> Any:
    return lambda x: {"output": np.asarray(output(x), "float32")}


def _left_out(output: Callable[[np.ndarray], Any]) -> Any:
    return {"call_left_out": _same(output)}


def _of_kinds(integers: np.ndarray) -> Any:
    return lambda x: {"rows": x[[1, 0, 1]] * 2.0, "integers": integers, "truths": np.array([False, True])}


def _first_row(x: np.ndarray, number: float) -> np.ndarray:
    y = x.copy()
    y[0] = number
    return y


def _not_counted(x: np.ndarray) -> Told:
    return {"0": x * 2.0, "1": x * 2.0}


EXPORTED = {
    "add_": Story(_does(_added), _same(lambda x: x * 6.0), _left_out(lambda x: x * 3.0)),
    "clip_": Story(_does(_clipped), _same(lambda x: (x * 2.0).clip(1.0, 5.0) * 3.0), _left_out(lambda x: x * 6.0)),
    "relu_": Story(_does(_rectified), _same(lambda x: (x - 2.5).clip(0.0) * 4.0), _left_out(lambda x: (x - 2.5) * 4.0)),
    "a number added at last": Story(_does(_summed), _same(lambda x: x + 1.5), {"sum_left_out": _same(lambda x: x)}),
    "a number added": Story(_does(_summed_within), _same(lambda x: (x + 1.5) * x)),
    "a row": Story(_does(_assigned), _same(lambda x: _first_row(x, 5.0) * 3.0)),
    "a branch": Story(_does(_branching, True), _same(lambda x: x * (2.0 if x.sum() > 14.0 else 3.0))),
    "its argument": Story(
        _written,
        lambda x: {"output": _first_row(x, 0.0) * 2.0, "argument": _first_row(x, 0.0)},
        {
            "output_in_argument": lambda x: dict.fromkeys(("output", "argument"), _first_row(x, 0.0) * 2.0),
            "argument_kept": lambda x: {"output": _first_row(x, 0.0) * 2.0, "argument": x},
        },
    ),
    "integers and truths": Story(
        _kinds, _of_kinds(np.array([2, 1, 2])), {"sum_left_out": _of_kinds(np.array([1, 0, 1]))}
    ),
    "any rows": Story(
        _any_rows,
        lambda x: {str(count): (lambda y: y * 2.0 + y.sum(0))(np.concatenate([x, x])[:count]) for count in (2, 3, 4)},
    ),
    "order": Story(_order, lambda x: {"first": x - 1.0, "second": (x + 1.0) * 3.0}),
    "names": Story(
        _names,
        lambda x: {"names": "b a", "first": x * 2.0, "second": x * 3.0},
        {"structure_lost": lambda x: {"names": "", "first": x * 3.0, "second": x * 2.0}},
    ),
    "numbers": Story(
        _numbers,
        lambda x: {"results": 4, "first": x * 2.0, "last": x * 4.0},
        {"structure_lost": lambda x: {"results": 2, "first": x * 2.0, "last": x * 4.0}},
    ),
    "a list of one": Story(
        _single,
        lambda x: {"listed": True, "output": x * 2.0},
        {"structure_lost": lambda x: {"listed": False, "output": x * 2.0}},
    ),
    "a buffer added to": Story(_buffer, lambda x: {"0": x * 3.0, "1": x * 4.0}, {"call_left_out": _not_counted}),
    "a buffer replaced": Story(
        _buffer_replaced,
        lambda x: {"0": x * 3.0, "1": x * 4.0},
        {
            "buffer_not_replaced": _not_counted,
            "replacing_refused": Rejects("a buffer is replaced", "Mutating module attribute count during export."),
        },
    ),
    "a buffer that is not saved": Story(_unsaved, _same(lambda x: x * 4.0)),
    "weights learn": Story(
        _trainable,
        lambda x: {"output": x * WEIGHT, "gradient": x.sum(0)},
        {"gradient_lost": lambda x: {"output": x * WEIGHT}},
    ),
    "inputs learn": Story(_of_the_input, lambda x: {"gradient": x * 0.0 + WEIGHT}, {"gradient_lost": lambda x: {}}),
    "trained again": Story(
        _train_again,
        lambda x: {"evaluated": False, "trained": True},
        {"not_trained": lambda x: {"evaluated": False, "trained": False}},
    ),
    "statistics": Story(_statistics, lambda x: {"same": True}),
    "more columns": Story(
        _more_columns, lambda x: {"refused": True}, {"shape_unchecked": lambda x: {"refused": False}}
    ),
}


@stories("modes.exported", EXPORTED, area=AREA, may_be_zero=("evaluated",))
class exported:
    """What comes back from a file does what the saved model did, and refuses what it was not exported for."""
