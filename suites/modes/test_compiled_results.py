"""What a compiled program gives back: names and order, nothing, numbers, parts of its arguments, and what may learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from suites.support.compiled_stories import Story, Told, is_torch, learns, numbers, set_learning, stories, tensor

AREA = "compiled programs"


def _outputs(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return {"b": x * 2.0, "a": (x + 1.0, [x * 3.0, None]), "n": 3, "text": "word"}

    found = compile_(program)(tensor(f, x))
    return {
        "names": " ".join(found),
        "b": numbers(found["b"]),
        "first": numbers(found["a"][0]),
        "nested": numbers(found["a"][1][0]),
        "none": found["a"][1][1] is None,
        "number": found["n"],
        "text": found["text"],
    }


def _named_outputs(f: Any, compile_: Any, x: np.ndarray) -> Told:
    from collections import namedtuple

    Pair = namedtuple("Pair", "one other")

    def program(x):
        return Pair(x * 2.0, x * 3.0)

    found = compile_(program)(tensor(f, x))
    return {"has names": hasattr(found, "other"), "second": numbers(found[1])}


def _nothing(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x, out):
        out[0] = x[0]

    out = tensor(f, np.zeros_like(x))
    found = compile_(program)(tensor(f, x), out)
    return {"none": found is None, "written": numbers(out)}


def _part_written(part: Any) -> Any:
    def tell(f: Any, compile_: Any, x: np.ndarray) -> Told:
        def program(x):
            return part(x)

        given = tensor(f, x)
        found = compile_(program)(given)
        found[0] = 9.0
        return {"argument": numbers(given)}

    return tell


def _written_in(shape: Any) -> Any:
    def expected(x: np.ndarray) -> Told:
        y = x.copy()
        shape(y)[0] = 9.0
        return {"argument": y}

    return expected


_COPIED = {"view_copied": lambda x: {"argument": x}}


def _itself(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return x

    given = tensor(f, x)
    return {"the argument": compile_(program)(given) is given}


def _learning(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        with f.no_grad():
            y = x * 3.0
        return x * 2.0, x.detach() * 2.0, y, x > 2.0

    found = compile_(program)(tensor(f, x, True))
    return {"learn": " ".join(str(learns(f, each)) for each in found)}


def _switched_off(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        set_learning(f, x, False)
        return x * 2.0

    given = tensor(f, x, True)
    output = compile_(program)(given)
    return {"output learns": learns(f, output), "argument learns": learns(f, given)}


def _integers(f: Any, compile_: Any, x: np.ndarray) -> Told:
    def program(x):
        return x * 3 + 1, x - 2, ~(x > 2)

    whole = f.tensor(x.astype("int64")) if is_torch(f) else f.to_tensor(x.astype("int64"))
    one, other, truths = compile_(program)(whole)
    return {"one": numbers(one), "other": numbers(other), "truths": numbers(truths)}


RESULTS = {
    "nested": Story(
        _outputs,
        lambda x: {
            "names": "b a n text",
            "b": x * 2.0,
            "first": x + 1.0,
            "nested": x * 3.0,
            "none": True,
            "number": 3,
            "text": "word",
        },
    ),
    "named": Story(
        _named_outputs,
        lambda x: {"has names": True, "second": x * 3.0},
        {"names_lost": lambda x: {"has names": False, "second": x * 3.0}},
    ),
    "integers": Story(
        _integers,
        lambda x: {"one": x.astype("int64") * 3 + 1, "other": x.astype("int64") - 2, "truths": x <= 2},
    ),
    "nothing": Story(
        _nothing,
        lambda x: {"none": True, "written": x * [[1.0], [0.0]]},
        {"argument_kept": lambda x: {"none": True, "written": x * 0.0}},
    ),
    "a row written": Story(_part_written(lambda x: x[0]), _written_in(lambda x: x[0]), _COPIED),
    "a reshape written": Story(
        _part_written(lambda x: x.reshape([3, 2])), _written_in(lambda x: x.reshape([3, 2])), _COPIED
    ),
    "the argument written": Story(_part_written(lambda x: x), _written_in(lambda x: x)),
    "the argument itself": Story(
        _itself, lambda x: {"the argument": True}, {"view_copied": lambda x: {"the argument": False}}
    ),
    "what learns": Story(_learning, lambda x: {"learn": "True False False False"}),
    "switched off": Story(
        _switched_off,
        lambda x: {"output learns": False, "argument learns": False},
        {"switch_unseen": lambda x: {"output learns": False, "argument learns": True}},
    ),
}


@stories("modes.results", RESULTS, area=AREA, may_be_zero=("output learns", "argument learns"))
class results:
    """A compiled program gives what the eager one gives: names and order, nothing for nothing, views for views."""
