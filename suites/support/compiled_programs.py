"""Short programs that a compiler may read wrongly: their contracts, with values, gradients and bounds from formulas.

A program is written once, as the function that makes it of a framework's module. The lane compiles it as its mode says
and calls what it got twice, with small numbers and with large ones, so that branches and loops go both ways.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Contract, Rejects, Sample, contract
from conformance.contract import claimed
from conformance.formula import Formula
from conformance.modes import compiled
from conformance.quantity import Quantity
from conformance.strategies import generator, seeds

MODES = ("compile", "static")
SHAPE = (2, 3)
TURN = 14.0
"""Between the sums of small and of large inputs."""
CALLS = ("output", "second")
"""What the first and the second call of a compiled program gave."""
INPUTS = ("x", "z")
TRUTH = "paddle.static.nn.cond(pred, lambda: y + 1, lambda: y - 1)"
"""Words of the error for a tensor that Python asks for its truth."""
NAMES_UNKNOWN = Rejects("it uses names of the function around it", "NameError: In transformed code")
"""What a release says of any program that knows only its own names and global ones."""
KINDS_REFUSED = Rejects("the sides give other kinds", "Your if/else have different return type")


@dataclass(frozen=True)
class Program:
    """One program.

    make: of the framework's module, the function that is compiled. value: its formula, of one input.
    instead: formulas of what a lane does otherwise, by the name of the variant; an instance of
    :class:`~conformance.Rejects` where it refuses the program; ``None`` where no gradient reaches the input.
    """

    make: Callable[[Any], Callable[[Any], Any]]
    value: Callable[[Quantity], Any]
    instead: Mapping[str, Any] = field(default_factory=dict)


def largest(x: Quantity) -> Quantity:
    """The largest element, whose gradient two ties share."""
    return (x * (x.value == x.value.max())).sum() / float((x.value == x.value.max()).sum())


def forget(f: Any) -> None:
    """Let a framework forget what it compiled before: a program shall not depend on those that ran earlier."""
    if hasattr(f, "_dynamo"):
        f._dynamo.reset()
    cache = sys.modules.get("paddle.jit.sot.opcode_translator.executor.executor_cache")
    if cache is not None and hasattr(cache.OpcodeExecutorCache, "clear"):
        cache.OpcodeExecutorCache().clear()


def _called(framework: str, rows: Mapping[str, Program]) -> Any:
    def call(program: str, x: Any, z: Any) -> dict[str, Any]:
        f = importlib.import_module(framework)
        forget(f)
        function = compiled(rows[program].make(f))
        found = {}
        for name, given in zip(CALLS, (x, z), strict=True):
            result = function(given)
            if not hasattr(result, "detach"):
                raise TypeError(f"the program gave {type(result).__name__}")
            found[name] = result
        return found

    return staticmethod(call)


def _formula(name: str, program: Program) -> Formula:
    return Formula(
        lambda x, z: dict(zip(CALLS, (program.value(x), program.value(z)), strict=True)),
        INPUTS,
        False,
        None,
        CALLS,
        name,
    )


def _otherwise(program: Program, behaviour: str, formula: Formula) -> Any:
    """What a variant accepts of one program."""
    if behaviour not in program.instead:
        return formula
    instead = program.instead[behaviour]
    if isinstance(instead, Rejects):
        return lambda **inputs: instead
    if instead is None:
        values = replace(formula, gradients=())
        return lambda cotangent, **inputs: values(**inputs)
    return _formula(formula.name, replace(program, value=instead))


def programs(contract_id: str, rows: Mapping[str, Program], *, area: str, **options: Any) -> Callable[[type], Contract]:
    """Declare the contract of some programs; the class has its claim."""
    formulas = {name: _formula(f"{contract_id}: {name}", row) for name, row in rows.items()}

    def of_rows(chosen: Mapping[str, Any]) -> Any:
        def oracle(program: str, x: Any, z: Any, cotangent: Any = None) -> Any:
            return chosen[program](x=x, z=z, cotangent=cotangent)

        return staticmethod(oracle)

    def declare(cls: type) -> Contract:
        behaviours = sorted({behaviour for row in rows.values() for behaviour in row.instead})
        body = {
            **claimed(cls),
            "torch": _called("torch", rows),
            "paddle": _called("paddle", rows),
            "oracle": of_rows(formulas),
            **{
                f"variant_{behaviour}": of_rows(
                    {name: _otherwise(row, behaviour, formulas[name]) for name, row in rows.items()}
                )
                for behaviour in behaviours
            },
            "variant_names_unknown": of_rows(dict.fromkeys(rows, lambda **inputs: NAMES_UNKNOWN)),
        }
        return contract(
            contract_id,
            area=area,
            samples=_every(formulas),
            gradients=INPUTS,
            share=0.01,
            modes=MODES,
            **options,
        )(type(cls.__name__, (), body))

    return declare


def _every(formulas: Mapping[str, Formula]) -> st.SearchStrategy[list[Sample]]:
    """A sample of every program: small integers first and large ones second, or the other way round."""

    def make(seed: int) -> list[Sample]:
        rng = generator(seed)
        return [_filled(name, formula, rng) for name, formula in formulas.items()]

    return seeds.map(make)


def _filled(name: str, formula: Formula, rng: np.random.Generator) -> Sample:
    small, large = rng.integers(1, 3, SHAPE), rng.integers(3, 5, SHAPE)
    ordered = (small, large) if rng.random() < 0.5 else (large, small)
    inputs: dict[str, Any] = {each: made.astype("float32") for each, made in zip(INPUTS, ordered, strict=True)}
    shapes = formula.outline(inputs).outputs
    cotangent = {
        output: np.asarray(rng.choice((-3.0, -2.0, -1.0, 1.0, 2.0, 3.0), shape), "float32")
        for output, (shape, _) in shapes.items()
    }
    return Sample({"program": name, **inputs, "cotangent": cotangent})
