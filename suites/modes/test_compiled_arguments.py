"""The caller's own tensors and arrays after a compiled program: what it wrote is there, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from suites.support.compiled_stories import Story, Told, numbers, stories, tensor

AREA = "compiled programs"
WEIGHTS = np.array([1.0, 2.0, 3.0], "float32")


def _row_written(f: Any) -> Any:
    def program(x):
        x[0] = 0.0
        return x * 2.0

    return program


def _element_written(f: Any) -> Any:
    def program(x):
        x[0, 1] = 7.0
        return x.sum()

    return program


def _masked_written(f: Any) -> Any:
    def program(x):
        x[x > 2.0] = 0.0
        return x * 2.0

    return program


def _in_branch(f: Any) -> Any:
    def program(x):
        if x.sum() > 2.0:
            x[0] = 0.0
        return x * 2.0

    return program


def _added(f: Any) -> Any:
    def program(x):
        x.add_(f.ones_like(x))
        return x * 2.0

    return program


def _clipped(f: Any) -> Any:
    def program(x):
        x.clip_(2.0, 3.0)
        return x * 2.0

    return program


def _row_of(f: Any) -> Any:
    def program(x):
        y = x[0]
        y[1] = 7.0
        return x * 2.0

    return program


def _flat(f: Any) -> Any:
    def program(x):
        y = x.reshape([-1])
        y[0] = 7.0
        return y * 2.0

    return program


def _turned(f: Any) -> Any:
    def program(x):
        y = x.t()
        y[0, 1] = 7.0
        return x * 2.0

    return program


def _given_zeros(f: Any) -> Any:
    def program(x):
        out = x * 0.0
        out[0] = x[0]
        return out

    return program


def _rebound(f: Any) -> Any:
    def program(x):
        x = x + 1.0
        x = x * 2.0
        return x

    return program


def _rebound_written(f: Any) -> Any:
    def program(x):
        x = x + 0.0
        x[0] = 0.0
        return x * 2.0

    return program


def _copy_written(f: Any) -> Any:
    def program(x):
        y = x.clone()
        y[0] = 0.0
        return y * 2.0

    return program


def _activated(f: Any) -> Any:
    def program(x):
        y = f.nn.functional.relu(x)
        y = y * 2.0
        return y + 1.0

    return program


def _written(make: Callable[[Any], Any], result_too: bool = False) -> Any:
    """Call a compiled program twice with tensors of one array; ``result_too``: and write into what it gives."""

    def tell(f: Any, compile_: Any, x: np.ndarray) -> Told:
        found: dict[str, Any] = {}
        function = compile_(make(f))
        for time in ("first", "second"):
            given = tensor(f, x)
            result = function(given)
            if result_too:
                result.add_(f.ones_like(result))
            found |= {f"{time} output": numbers(result), f"{time} argument": numbers(given)}
        return found

    return tell


def _times_one(f: Any) -> Any:
    def program(x):
        return x * 1.0

    return program


def _plus_zero(f: Any) -> Any:
    def program(x):
        return x + 0.0

    return program


def _doubled(f: Any) -> Any:
    def program(x):
        return x * 2.0

    return program


def _finds(after: Callable[[np.ndarray], np.ndarray], output: Callable[[np.ndarray], Any] = lambda x: x * 2.0) -> Any:
    """after: what stands in the argument then. output: of that."""

    def expected(x: np.ndarray) -> Told:
        y = after(x.copy())
        return {f"{time} {what}": value for time in ("first", "second") for what, value in _pair(output(y), y)}

    return expected


def _pair(output: Any, argument: Any) -> list[tuple[str, Any]]:
    return [("output", np.asarray(output, "float32")), ("argument", np.asarray(argument, "float32"))]


def _otherwise(argument: Callable[[np.ndarray], np.ndarray], output: Callable[[np.ndarray], Any]) -> Any:
    """What stands in the argument then, and what is given back, both of what was given."""

    def expected(x: np.ndarray) -> Told:
        pair = _pair(output(x.copy()), argument(x.copy()))
        return {f"{time} {what}": value for time in ("first", "second") for what, value in pair}

    return expected


def _set(place: Any, number: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(x: np.ndarray) -> np.ndarray:
        x[place] = number
        return x

    return change


def _same(x: np.ndarray) -> np.ndarray:
    return x


def _unseen_by_caller(change: Callable[[np.ndarray], np.ndarray], output: Callable[[np.ndarray], Any]) -> Any:
    return {"argument_kept": _otherwise(_same, lambda x: output(change(x)))}


def _doubled_in(change: Callable[[np.ndarray], np.ndarray]) -> Any:
    return {
        "output_in_argument": _otherwise(lambda x: change(x) * 2.0, lambda x: change(x) * 2.0),
        **_unseen_by_caller(change, lambda x: x * 2.0),
    }


_ONE_MORE = _otherwise(_same, lambda x: x + 1.0)
_SHARED = {"result_is_argument": _otherwise(lambda x: x + 1.0, lambda x: x + 1.0)}
_UNSEEN = {"call_left_out": _otherwise(_same, lambda x: x * 2.0)}
_ZERO_ROW, _SEVEN = _set(0, 0.0), _set((0, 1), 7.0)

ARGUMENTS = {
    "a row": Story(_written(_row_written), _finds(_ZERO_ROW), _doubled_in(_ZERO_ROW)),
    "an element": Story(_written(_element_written), _finds(_SEVEN, np.sum), _unseen_by_caller(_SEVEN, np.sum)),
    "where it is large": Story(
        _written(_masked_written), _finds(lambda x: x * (x <= 2.0)), _doubled_in(lambda x: x * (x <= 2.0))
    ),
    "in a branch": Story(_written(_in_branch), _finds(_ZERO_ROW), _doubled_in(_ZERO_ROW)),
    "add_": Story(_written(_added), _finds(lambda x: x + 1.0), _UNSEEN),
    "clip_": Story(_written(_clipped), _finds(lambda x: x.clip(2.0, 3.0)), _UNSEEN),
    "through its row": Story(_written(_row_of), _finds(_SEVEN), {"view_copied": _otherwise(_same, lambda x: x * 2.0)}),
    "through a reshape": Story(
        _written(_flat),
        _finds(_set((0, 0), 7.0), lambda x: x.reshape(-1) * 2.0),
        {"view_copied": _otherwise(_same, lambda x: _set((0, 0), 7.0)(x).reshape(-1) * 2.0)},
    ),
    "through its transpose": Story(
        _written(_turned), _finds(_set((1, 0), 7.0)), {"view_copied": _otherwise(_same, lambda x: x * 2.0)}
    ),
    "read alone": Story(_written(_given_zeros), _finds(_same, lambda x: x * [[1.0], [0.0]])),
    "rebound": Story(_written(_rebound), _finds(_same, lambda x: (x + 1.0) * 2.0)),
    "rebound and written": Story(_written(_rebound_written), _finds(_same, lambda x: _ZERO_ROW(x.copy()) * 2.0)),
    "a copy written": Story(_written(_copy_written), _finds(_same, lambda x: _ZERO_ROW(x.copy()) * 2.0)),
    "a result written, of times one": Story(_written(_times_one, result_too=True), _ONE_MORE, _SHARED),
    "a result written, of plus zero": Story(_written(_plus_zero, result_too=True), _ONE_MORE, _SHARED),
    "a result written, of twice": Story(
        _written(_doubled, result_too=True), _otherwise(_same, lambda x: x * 2.0 + 1.0)
    ),
    "activated": Story(_written(_activated), _finds(_same, lambda x: x * 2.0 + 1.0)),
}


@stories("modes.arguments", ARGUMENTS, area=AREA)
class arguments:
    """A compiled program writes into its caller's tensors what the eager one does, and leaves all else as it was."""
