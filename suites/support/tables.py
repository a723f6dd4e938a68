"""Contracts of many short calls: a table of rows, each judged by its own formula, and every row in every example.

A kind of fault that any call may have (an argument by position, a call in place) is asked of many calls at once. A row
is one call and its formula; the engine of operators fills its inputs, and derives its gradients and bounds.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Contract, Sample, contract
from conformance.contract import claimed
from conformance.dtypes import FLOATS
from conformance.formula import Formula
from conformance.inputs import Floats, Structure
from conformance.operators import ORDINARY, Filling
from conformance.strategies import generator, seeds

REFUSALS = (TypeError, ValueError, AttributeError, RuntimeError, AssertionError)
"""What paddle raises for arguments that it does not take; its InvalidArgument is a ValueError or a RuntimeError."""


@dataclass(frozen=True)
class Row:
    """One call.

    call: of the framework's module and the inputs, as a torch program writes it. value: its formula. inputs: what the
    call takes, as a structure or a strategy of one. written: how paddle is called where it refuses ``call``.
    gradients: of these inputs. instead: formulas of what a lane does otherwise, by the name of the variant.
    """

    call: Callable[..., Any]
    value: Callable[..., Any]
    inputs: Any = field(default_factory=lambda: {"x": Floats((3, 6), specials=False)})
    written: Callable[..., Any] | None = None
    gradients: tuple[str, ...] = ("x",)
    instead: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


def table(
    contract_id: str,
    rows: Mapping[str, Row],
    *,
    area: str,
    share: float = 0.05,
    dtypes: tuple[str, ...] = ("float32",),
    **options: Any,
) -> Callable[[type], Contract]:
    """Declare the contract of a table; the class has its claim, and a note.

    A call that paddle refuses with an error misleads nobody: it is then called as the row says that it is written.
    """
    formulas = {name: Formula(row.value, row.gradients, name=f"{contract_id}: {name}") for name, row in rows.items()}

    def of_rows(change: Callable[[str, Formula], Formula]) -> Any:
        changed = {name: change(name, formula) for name, formula in formulas.items()}

        def oracle(row: str, cotangent: Any = None, layouts: Any = None, **inputs: Any) -> Any:
            return changed[row](cotangent=cotangent, layouts=layouts, **inputs)

        return staticmethod(oracle)

    def torch(row: str, **inputs: Any) -> Any:
        return rows[row].call(importlib.import_module("torch"), **inputs)

    def paddle(row: str, **inputs: Any) -> Any:
        f, written = importlib.import_module("paddle"), rows[row].written
        if written is None:
            return rows[row].call(f, **inputs)
        try:
            return rows[row].call(f, **inputs)
        except REFUSALS:
            return written(f, **inputs)

    def instead(behaviour: str) -> Any:
        return of_rows(
            lambda name, formula: (
                replace(formula, value=rows[name].instead[behaviour]) if behaviour in rows[name].instead else formula
            )
        )

    def declare(cls: type) -> Contract:
        behaviours = sorted({behaviour for row in rows.values() for behaviour in row.instead})
        body = {
            **claimed(cls),
            "torch": staticmethod(torch),
            "paddle": staticmethod(paddle),
            "oracle": of_rows(lambda name, formula: formula),
            **{f"variant_{behaviour}": instead(behaviour) for behaviour in behaviours},
        }
        return contract(
            contract_id,
            area=area,
            samples=_every(rows, formulas, dtypes),
            gradients=tuple(sorted({name for row in rows.values() for name in row.gradients})),
            share=share,
            dtypes=dtypes,
            optional_dtypes=tuple(dtype for dtype in dtypes if dtype not in ("float32", "float64")),
            **options,
        )(type(cls.__name__, (), body))

    return declare


def _every(
    rows: Mapping[str, Row], formulas: Mapping[str, Formula], dtypes: tuple[str, ...]
) -> st.SearchStrategy[list[Sample]]:
    """A sample of every row: small integers in half of them, numbers of one family in the others."""
    inputs = {
        name: st.just(row.inputs) if isinstance(row.inputs, Mapping) else row.inputs for name, row in rows.items()
    }

    def make(drawn: tuple[Mapping[str, Structure], int, str]) -> list[Sample]:
        structures, seed, family = drawn
        rng = generator(seed)
        return [
            _filled(name, structure, formulas[name], rng, family, dtypes[place % len(dtypes)])
            for place, (name, structure) in enumerate(structures.items())
        ]

    return st.tuples(st.fixed_dictionaries(inputs), seeds, st.sampled_from(ORDINARY)).map(make)


def _filled(
    name: str, structure: Structure, formula: Formula, rng: np.random.Generator, family: str, dtype: str
) -> Sample:
    whole = dtype not in FLOATS or rng.random() < 0.5
    found = Filling(structure, formula, rng).sample(dtype, "whole" if whole else family, False, None)
    return Sample({"row": name, **found.inputs}, found.regime)
