"""One call, one short declaration: what both frameworks compute, a formula, and what it takes.

::

    @operator("nn.tanhshrink", area="activations", cases=one(), stepwise=True)
    class tanhshrink:
        \"\"\"x - tanh(x).\"\"\"

        both = lambda f, x: f.nn.functional.tanhshrink(x)
        value = lambda x: x - tanh(x)

``both`` takes the framework's module and the inputs; ``torch`` and ``paddle`` stand in its place where the calls are
written differently. ``value`` is the formula, on :class:`~conformance.quantity.Quantity` for every floating input, from
which values, gradients and all bounds follow. Dimensions that every call has are drawn here and nowhere else: dtypes,
families of values, specials, points where the formula is split, strides.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Acceptance, Rejects
from conformance.contract import REAL, Contract, ContractError, Sample, contract
from conformance.quantity import (
    FORMATS,
    Quantity,
    acceptance,
    backward,
    computed_in,
    made,
    quantity,
    returned_in,
    variable,
)
from conformance.strategies import array_shapes, generator, integers, real, seeds

FLOATS = ("float32", "float64", "float16")
INTEGERS = ("int64", "int32", "uint8", "int8", "int16")
EVERY = (*FLOATS, *INTEGERS, "bool")
"""Of calls that move or choose: of the dtypes that are not floating, each example has one."""
WIDER = {"float16": "float32"}
"""The format that a kernel computes in, where it is wider than that of its results."""
SHARE = 0.25
"""Part of a profile's examples that an operator is worth; each is several samples."""
ORDINARY = ("normal", "mixed", "sorted", "sparse", "heavy", "positive", "constant", "tiny")
SPECIALS = (np.nan, np.inf, -np.inf, 0.0, -0.0)
LAYOUTS = ("transposed", "sliced", "expanded")


@dataclass(frozen=True)
class Floats:
    """A floating input. low, high: its domain; points: values that it also takes, as where a formula is split.

    specials: whether NaN, infinities and zeros of both signs may stand in it. scale: of the drawn numbers.
    """

    shape: tuple[int, ...]
    low: float = -np.inf
    high: float = np.inf
    points: tuple[float, ...] = ()
    specials: bool = True
    scale: float = 1.0

    def filled(self, rng: np.random.Generator, dtype: str, family: str) -> np.ndarray:
        """Numbers of one family, within the domain and the format."""
        if dtype not in FORMATS:
            return _whole(rng, self.shape, dtype)
        if family == "whole":
            array = integers(rng, self.shape, 4, "float64")
        else:
            array = self.scale * real(rng, self.shape, family, "float64")
        if not (self.low == -np.inf and self.high == np.inf):
            array = self._within(rng, array)
        largest = FORMATS[dtype].largest
        array = np.asarray(np.clip(array, -largest / 4, largest / 4), dtype)
        if self.points and array.size:
            places = rng.random(self.shape) < 0.3
            array = np.asarray(np.where(places, rng.choice(np.array(self.points), self.shape), array), dtype)
        return array

    def _within(self, rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
        """Numbers that lie outside are drawn anew inside, at the scale of the domain or of 1."""
        low, high = self.low, self.high
        if low > -np.inf and high < np.inf:
            inside = rng.uniform(low, high, self.shape)
        else:
            away = np.abs(array)
            inside = low + away if low > -np.inf else high - away
        return np.asarray(np.where((array > low) & (array < high), array, inside))

    def with_specials(self, rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
        """A fifth of the elements special, the first and the last among them."""
        if not self.specials or not array.size:
            return array
        chosen = np.asarray(rng.choice(np.array(SPECIALS), self.shape), array.dtype)
        places = np.asarray(rng.random(self.shape) < 0.2)
        if array.size > 4:
            places.flat[[0, -1]] = True
        return np.asarray(np.where(places, chosen, array))


def _whole(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Truth values, or integers of the whole range of a dtype: half of them small, so that some are equal."""
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    limits = np.iinfo(dtype)
    small = rng.integers(0 if limits.min == 0 else -4, 5, shape)
    return np.asarray(
        np.where(rng.random(shape) < 0.5, small, rng.integers(limits.min, limits.max, shape, dtype)), dtype
    )


@dataclass(frozen=True)
class Integers:
    """An integer input in [low, high), which also takes both ends."""

    shape: tuple[int, ...]
    low: int = -4
    high: int = 5
    dtype: str = "int64"

    def filled(self, rng: np.random.Generator, dtype: str, family: str) -> np.ndarray:
        """Integers within the range."""
        array = rng.integers(self.low, self.high, self.shape).astype(self.dtype)
        if array.size > 1:
            array.flat[[0, -1]] = self.low, self.high - 1
        return array


@dataclass(frozen=True)
class Booleans:
    """An input of truth values."""

    shape: tuple[int, ...]

    def filled(self, rng: np.random.Generator, dtype: str, family: str) -> np.ndarray:
        """Truth values, half of them true."""
        return rng.random(self.shape) < 0.5


Structure = Mapping[str, Any]
"""Inputs by name: :class:`Floats` and the like are filled, and everything else is given as it is."""


def shapes(highest: int = 5, axes: int = 4, fewest: int = 0, empty: bool = True) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of few axes, with one long axis in half of the draws; 0-d and, now and then, without elements."""
    ordinary = array_shapes(highest, axes, max(fewest, 0), 0.5)
    nothing = st.lists(st.integers(1, 3), min_size=max(fewest, 1), max_size=3).map(lambda n: (0, *n[1:]))
    return st.one_of(*[ordinary] * 7, nothing) if empty else ordinary


def one(name: str = "x", fewest: int = 0, **domain: Any) -> st.SearchStrategy[Structure]:
    """A floating input of any shape; ``domain`` as in :class:`Floats`."""
    options = {key: domain.pop(key) for key in list(domain) if key not in Floats.__dataclass_fields__}
    return shapes(fewest=fewest).flatmap(
        lambda shape: st.fixed_dictionaries(
            {name: st.just(Floats(shape, **domain)), **{key: each(*values) for key, values in options.items()}}
        )
    )


def each(*values: Any) -> st.SearchStrategy[Any]:
    """One of several options; the first is the simplest."""
    return st.sampled_from(values)


@st.composite
def broadcast(draw: st.DrawFn, count: int = 2) -> list[tuple[int, ...]]:
    """Shapes that broadcast with each other: of one, some axes are 1 or, in front, left out."""
    whole = draw(shapes())
    found = []
    for place in range(count):
        keep = place == draw(st.integers(0, count - 1))
        shape = tuple(n if keep or n == 0 or draw(st.integers(0, 3)) else 1 for n in whole)
        found.append(shape if keep else shape[draw(st.integers(0, len(shape))) if draw(st.booleans()) else 0 :])
    return found


def two(one_name: str = "x", other_name: str = "y", first: Mapping[str, Any] | None = None, **second: Any) -> Any:
    """Two floating inputs that broadcast with each other."""
    return broadcast().map(
        lambda found: {one_name: Floats(found[0], **(first or {})), other_name: Floats(found[1], **second)}
    )


def operator(
    operator_id: str,
    *,
    area: str,
    cases: st.SearchStrategy[Structure],
    gradients: tuple[str, ...] | None = None,
    dtypes: Sequence[str] = FLOATS,
    share: float = SHARE,
    families: Sequence[str] = ORDINARY,
    may_be_zero: tuple[str, ...] = (),
    stepwise: bool = False,
    covers: tuple[str, ...] = (),
) -> Callable[[type], Contract]:
    """Declare a contract by a formula; see the module.

    gradients: inputs whose gradients are asked for; default: ``x`` where there is one. stepwise: in low precision the
    call is made of several kernels, each of which rounds its result. covers: as in
    :func:`~conformance.contract.contract`.

    Raises
    ------
    ContractError: neither ``both`` nor ``torch`` and ``paddle``, or no ``value``.
    """
    wanted = ("x",) if gradients is None else gradients

    def declare(cls: type) -> Contract:
        both = vars(cls).get("both")
        calls = {name: vars(cls).get(name, both) for name in ("torch", "paddle")}
        value = vars(cls).get("value")
        if value is None or None in calls.values():
            raise ContractError(f"operator {operator_id!r} needs value, and both or torch and paddle")
        formula = Formula(value, wanted, stepwise)
        body: dict[str, Any] = {
            "__doc__": cls.__doc__,
            "__module__": cls.__module__,
            "__qualname__": cls.__qualname__,
            "note": vars(cls).get("note", ""),
            "oracle": staticmethod(formula),
            **{name: staticmethod(_called(name, call)) for name, call in calls.items()},
        }
        for name, variant in vars(cls).items():
            if name.startswith("variant_"):
                function = getattr(variant, "__func__", variant)
                steps = stepwise or getattr(function, "in_steps", False)
                body[name] = staticmethod(replace(formula, value=function, stepwise=steps))
        return contract(
            operator_id,
            area=area,
            samples=samples(cases, formula, dtypes, families),
            gradients=wanted,
            share=share,
            may_be_zero=may_be_zero,
            sources=_sources(cls),
            covers=covers,
            optional_dtypes=tuple(dtype for dtype in dtypes if dtype not in ("float32", "float64")),
        )(type(cls.__name__, (), body))

    return declare


def in_steps(value: Callable[..., Any]) -> Callable[..., Any]:
    """A variant of a kernel that adds up in low precision too, and rounds each partial sum."""

    def rounding_each(**inputs: Any) -> Any:
        return value(**inputs)

    rounding_each.in_steps = True  # type: ignore[attr-defined]
    return rounding_each


def _sources(cls: type) -> dict[str, str]:
    """The text of each framework's call, where it is written as a lambda."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, TypeError):
        return {}
    found = {
        target.id: ast.unparse(line.value)
        for line in getattr(body, "body", [])
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Lambda)
        for target in line.targets
        if isinstance(target, ast.Name)
    }
    calls = {name: found.get(name, found.get("both")) for name in ("torch", "paddle")}
    return {} if None in calls.values() else {name: str(text) for name, text in calls.items()}


def _called(framework: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def function(**inputs: Any) -> Any:
        return call(importlib.import_module(framework), **inputs)

    return function


@dataclass(frozen=True)
class Formula:
    """A formula as an oracle: from inputs to acceptances of the result and of the gradients."""

    value: Callable[..., Any]
    gradients: tuple[str, ...]
    stepwise: bool = False

    def __call__(self, layouts: Any = None, cotangent: Any = None, **inputs: Any) -> dict[str, Acceptance] | Rejects:
        dtype = next((str(each.dtype) for each in inputs.values() if _is_float(each)), "float32")
        inner = dtype if self.stepwise else WIDER.get(dtype, dtype)
        with computed_in(inner), returned_in(dtype):
            leaves = {name: self._leaf(name, each) for name, each in inputs.items()}
            found = self.value(**leaves)
            if isinstance(found, Rejects):
                return found
            results = found if isinstance(found, dict) else {"output": found}
            if dtype != inner:
                for each in results.values():
                    _round_in(each, dtype)
            accepted = {name: _accepted(each, dtype, inner) for name, each in results.items()}
            if self.gradients and cotangent is not None:
                asked = [leaves[name] for name in self.gradients if isinstance(leaves.get(name), Quantity)]
                known = backward([(results["output"], cotangent)], asked)
                names = [name for name in self.gradients if isinstance(leaves.get(name), Quantity)]
                for name, leaf, gradient in zip(names, asked, known, strict=True):
                    found = quantity(np.zeros(leaf.shape)) if gradient is None else gradient
                    # Of the gradient with respect to a NaN or an infinity nothing is promised.
                    error = np.where(np.isfinite(leaf.value), found.error, np.inf)
                    accepted[f"gradient.{name}"] = acceptance(Quantity(found.value, error), dtype, inner)
        return accepted

    def _leaf(self, name: str, value: Any) -> Any:
        if not _is_float(value):
            return value
        return variable(value) if name in self.gradients else quantity(value)

    def shape(self, inputs: Mapping[str, Any]) -> tuple[int, ...]:
        """Of the result."""
        with np.errstate(all="ignore"):
            found = self.value(**{name: self._leaf(name, each) for name, each in inputs.items()})
        shape: tuple[int, ...] = (found["output"] if isinstance(found, dict) else found).shape
        return shape


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _round_in(found: Any, dtype: str) -> None:
    """Let the gradient see the result as it was rounded to ``dtype``."""
    if isinstance(found, Quantity) and found.links:
        with computed_in(dtype):
            found.error = made(found.value, found.error, 1).error


def _accepted(found: Any, dtype: str, inner: str) -> Acceptance:
    if isinstance(found, Acceptance):
        return found
    if isinstance(found, Quantity):
        return acceptance(found, dtype, inner)
    array = np.asarray(found)
    return Acceptance(array, dtype=None if array.dtype.kind == "f" else str(array.dtype))


def samples(
    cases: st.SearchStrategy[Structure], formula: Formula, dtypes: Sequence[str], families: Sequence[str]
) -> st.SearchStrategy[list[Sample]]:
    """Several fills of one structure: two families, small integers, specials, another layout, each other dtype.

    Of the dtypes that are not floating, one; such a sample has no gradients.
    """
    floating = [dtype for dtype in dtypes if dtype in FORMATS]
    others = [dtype for dtype in dtypes if dtype not in FORMATS]

    def make(drawn: tuple[Structure, int, tuple[str, str], str]) -> list[Sample]:
        structure, seed, chosen, layout = drawn
        rng = generator(seed)
        first = floating[0]
        kinds = [(first, chosen[0], False), (first, "whole", False), (first, chosen[1], True)]
        kinds += [(dtype, chosen[0], place == 1) for place, dtype in enumerate(floating[1:])]
        if others:
            kinds.append((str(rng.choice(others)), "whole", False))
        made_ones = []
        shape: tuple[int, ...] | None = None
        for place, (dtype, family, special) in enumerate(kinds):
            inputs = _filled(structure, rng, dtype, family, special)
            if formula.gradients and dtype in FORMATS:
                shape = formula.shape(inputs) if shape is None else shape
                inputs["cotangent"] = _cotangent(rng, shape, dtype, family)
            if place in (2, 4, 5):
                layouts = _layouts(inputs, structure, layout)
                if layouts:
                    inputs["layouts"] = layouts
            made_ones.append(Sample(inputs, REAL))
        return made_ones

    chosen = st.sampled_from(tuple(families))
    return st.tuples(cases, seeds, st.tuples(chosen, chosen), st.sampled_from(LAYOUTS)).map(make)


def _filled(structure: Structure, rng: np.random.Generator, dtype: str, family: str, special: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, spec in structure.items():
        if isinstance(spec, Floats | Integers | Booleans):
            array = spec.filled(rng, dtype, family)
            found[name] = spec.with_specials(rng, array) if special and isinstance(spec, Floats) else array
        else:
            found[name] = spec
    return found


def _cotangent(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, family: str) -> np.ndarray:
    return integers(rng, shape, 4, dtype) if family == "whole" else np.asarray(rng.standard_normal(shape), dtype)


def _layouts(inputs: dict[str, Any], structure: Structure, layout: str) -> dict[str, str]:
    """The arrays that are laid out so; those to be expanded are made equal along their first axis."""
    found = {}
    for name, array in inputs.items():
        if (
            not isinstance(structure.get(name), Floats)
            or array.ndim < (1 if layout == "sliced" else 2)
            or not array.size
        ):
            continue
        if layout == "expanded":
            inputs[name] = np.ascontiguousarray(np.broadcast_to(array[:1], array.shape))
        found[name] = layout
    return found


__all__ = [
    "EVERY",
    "FLOATS",
    "INTEGERS",
    "Booleans",
    "Floats",
    "Integers",
    "broadcast",
    "each",
    "in_steps",
    "one",
    "operator",
    "shapes",
    "two",
]
