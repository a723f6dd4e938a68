"""What programs do with something that is compiled: made, called, changed, called again; and what they find then.

A story is told in either framework by the same function. It is judged by what an eager program promises, exactly: all
numbers are small integers, or sums of few powers of two.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Contract, Rejects, Sample, contract
from conformance.contract import claimed
from conformance.modes import compiled
from conformance.strategies import generator, seeds
from suites.support.compiled_programs import MODES, NAMES_UNKNOWN, SHAPE, forget

Told = Mapping[str, Any]
"""Numbers, truth values and texts by name; ``None`` for what is not there."""


@dataclass(frozen=True)
class Story:
    """One story.

    tell: of the framework's module, the mode's compiler and an array of small integers. expected: what it finds, by
    name. instead: by the name of a variant, what a lane finds otherwise, or a :class:`~conformance.Rejects`.
    """

    tell: Callable[[Any, Callable[[Any], Any], np.ndarray], Told]
    expected: Callable[[np.ndarray], Told]
    instead: Mapping[str, Any] = field(default_factory=dict)


def _told(framework: str, rows: Mapping[str, Story]) -> Any:
    def call(story: str, x: np.ndarray) -> dict[str, Any]:
        f = importlib.import_module(framework)
        forget(f)
        found = rows[story].tell(f, compiled, x.copy())
        return {name: value for name, value in found.items() if value is not None}

    return staticmethod(call)


def _accepted(found: Told) -> dict[str, Acceptance]:
    accepted = {}
    for name, value in found.items():
        if value is None:
            continue
        array = np.asarray(value)
        floating = array.dtype.kind == "f"
        accepted[name] = Acceptance(
            array.astype("float32") if floating else array, dtype="float32" if floating else None
        )
    return accepted


def stories(contract_id: str, rows: Mapping[str, Story], *, area: str, **options: Any) -> Callable[[type], Contract]:
    """Declare the contract of some stories; the class has its claim."""

    def of_rows(chosen: Callable[[Story], Any]) -> Any:
        def oracle(story: str, x: np.ndarray) -> Any:
            found = chosen(rows[story])
            return found if isinstance(found, Rejects) else _accepted(found(x))

        return staticmethod(oracle)

    def otherwise(behaviour: str) -> Callable[[Story], Any]:
        return lambda row: row.instead.get(behaviour, row.expected)

    def declare(cls: type) -> Contract:
        behaviours = sorted({behaviour for row in rows.values() for behaviour in row.instead})
        body = {
            **claimed(cls),
            "torch": _told("torch", rows),
            "paddle": _told("paddle", rows),
            "oracle": of_rows(lambda row: row.expected),
            **{f"variant_{behaviour}": of_rows(otherwise(behaviour)) for behaviour in behaviours},
            "variant_names_unknown": of_rows(lambda row: NAMES_UNKNOWN),
        }
        return contract(
            contract_id, area=area, samples=_every(tuple(rows)), tensors=False, share=0.01, modes=MODES, **options
        )(type(cls.__name__, (), body))

    return declare


def _every(names: tuple[str, ...]) -> st.SearchStrategy[list[Sample]]:
    def make(seed: int) -> list[Sample]:
        rng = generator(seed)
        return [Sample({"story": name, "x": rng.integers(1, 5, SHAPE).astype("float32")}) for name in names]

    return seeds.map(make)


def is_torch(f: Any) -> bool:
    """Whether a framework's module is torch."""
    return bool(f.__name__ == "torch")


def tensor(f: Any, array: Any, gradient: bool = False) -> Any:
    """A tensor of float32 of an array's numbers."""
    array = np.array(array, "float32")
    return f.tensor(array, requires_grad=gradient) if is_torch(f) else f.to_tensor(array, stop_gradient=not gradient)


def parameter(f: Any, array: Any) -> Any:
    """A parameter with an array's numbers."""
    array = np.array(array, "float32")
    if is_torch(f):
        return f.nn.Parameter(f.tensor(array))
    made = f.nn.initializer.Assign(array)
    return f.create_parameter(list(array.shape), "float32", default_initializer=made)


def numbers(value: Any) -> Any:
    """A copy of a tensor's numbers; ``None`` stays."""
    return None if value is None else np.array(value.detach().numpy())


def base(f: Any) -> Any:
    """The class that models are made of."""
    return f.nn.Module if is_torch(f) else f.nn.Layer


def set_learning(f: Any, value: Any, learning: bool) -> None:
    """Whether a tensor or a parameter shall have a gradient."""
    if is_torch(f):
        value.requires_grad_(learning)
    else:
        value.stop_gradient = not learning


def learns(f: Any, value: Any) -> bool:
    """Whether a gradient goes back through a tensor."""
    return bool(value.requires_grad if is_torch(f) else not value.stop_gradient)


def overwrite(f: Any, value: Any, array: Any) -> None:
    """Give a tensor other numbers, as an optimizer does."""
    with f.no_grad():
        if is_torch(f):
            value.copy_(tensor(f, array))
        else:
            value.set_value(tensor(f, array))


@functools.cache
def scaling(f: Any) -> Any:
    """The class of a model that multiplies by a weight for each column: 1, 2 and 3."""

    kind: Any = base(f)

    class Scaling(kind):
        def __init__(self) -> None:
            super().__init__()
            self.weight = parameter(f, [1.0, 2.0, 3.0])

        def forward(self, x):
            return x * self.weight

    return Scaling


@functools.cache
def twice(f: Any) -> Any:
    """The class of a model of two scaling ones, one after the other."""

    kind: Any = base(f)

    class Twice(kind):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = scaling(f)(), scaling(f)()

        def forward(self, x):
            return self.second(self.first(x))

    return Twice


def dropping(f: Any) -> Any:
    """A model that drops half."""
    kind: Any = base(f)

    class Dropping(kind):
        def __init__(self) -> None:
            super().__init__()
            self.drop = f.nn.Dropout(0.5)

        def forward(self, x):
            return self.drop(x)

    return Dropping()


def normalization(f: Any) -> Any:
    """Batch norm of three columns that remembers three quarters."""
    return f.nn.BatchNorm1d(3, momentum=0.25) if is_torch(f) else f.nn.BatchNorm1D(3, momentum=0.75)
