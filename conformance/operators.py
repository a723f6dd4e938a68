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
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import dtypes as kinds
from conformance.contract import REAL, Contract, ContractError, Sample, claimed, contract
from conformance.dtypes import EVERY, FLOATS, INTEGERS
from conformance.formula import Formula, Outline
from conformance.inputs import Booleans, Floats, Integers, Structure, broadcast, each, has_elements, one, shapes, two
from conformance.splits import COMBINATIONS, Sides, Split, splits
from conformance.strategies import generator, integers, seeds

SHARE = 0.25
"""Part of a profile's examples that an operator is worth; each is several samples."""
ORDINARY = ("normal", "mixed", "sorted", "sparse", "heavy", "positive", "constant", "tiny")
LAYOUTS = ("transposed", "sliced", "expanded", "flipped")
"""How a tensor may lie in memory besides in order; "channels_last" is one where it is declared."""
CHANNELS_LAST = "channels_last"
CASES: dict[str, st.SearchStrategy[Structure]] = {}
"""Operator -> what its samples are filled into."""
OTHERS = 2
"""Dtypes beside floating ones that one example is filled in, where an operator takes more of them."""


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
    stepwise: bool | str = False,
    covers: tuple[str, ...] = (),
    integers_as: str | None = None,
    outputs: tuple[str, ...] = ("output",),
    wraps: bool = False,
    layouts: Sequence[str] = LAYOUTS,
    long: st.SearchStrategy[Structure] | None = None,
) -> Callable[[type], Contract]:
    """Declare a contract by a formula; see the module.

    gradients: inputs whose gradients are asked for; default: ``x`` where there is one. stepwise: in low precision the
    call is made of several kernels, each of which rounds its result; ``"gradient"`` says so of the gradient alone.
    covers: as in :func:`~conformance.contract.contract`.

    dtypes: of :data:`conformance.dtypes.DTYPES`, that of most samples first. In a sample of integers, of truth values
    or of complex numbers every :class:`Floats` is one of these. The formula sees quantities in any case: of integers
    they are exact float64 numbers, and what it makes of them is the result, which has no tolerance and no gradient.
    integers_as: the dtype of that result, where it is not that of the inputs; a floating one where the call converts
    its inputs first. wraps: what is beyond an integer dtype's range is promised to wrap around; without it, both ends
    of the range are drawn only where the results are within it. An error of a complex quantity is a distance, its
    gradient with respect to z the conjugate one, dL/dx + i dL/dy.

    outputs: results that gradients go back from, where there are several: each has a cotangent of its own. layouts: of
    the tensors, drawn in some samples. long: inputs that are too dear for every example, such as a million rows; one
    is drawn at the end of a gate.

    Raises
    ------
    ContractError: neither ``both`` nor ``torch`` and ``paddle``, or no ``value``; an unknown dtype or layout; a formula
        that lacks an input of a call, or takes one more; a gradient of what is no input.
    """
    wanted = ("x",) if gradients is None else gradients
    _require_known(operator_id, "dtype", dtypes, kinds.DTYPES)
    _require_known(operator_id, "layout", layouts, (*LAYOUTS, CHANNELS_LAST))

    def declare(cls: type) -> Contract:
        both = vars(cls).get("both")
        calls = {name: vars(cls).get(name, both) for name in ("torch", "paddle")}
        value = vars(cls).get("value")
        if value is None or None in calls.values():
            raise ContractError(f"operator {operator_id!r} needs value, and both or torch and paddle")
        for call in calls.values():
            _require_inputs(operator_id, value, call, wanted)
        CASES[operator_id] = cases
        formula = Formula(value, wanted, stepwise, integers_as, outputs, operator_id)
        body: dict[str, Any] = {
            **claimed(cls),
            "oracle": staticmethod(formula),
            **{name: staticmethod(_called(name, call)) for name, call in calls.items()},
        }
        for name, variant in vars(cls).items():
            if name.startswith("variant_"):
                function = getattr(variant, "__func__", variant)
                steps = getattr(function, "in_steps", False)
                changed = replace(formula, value=function, stepwise=steps or stepwise, sums_in_steps=steps)
                body[name] = staticmethod(changed)
        return contract(
            operator_id,
            area=area,
            samples=samples(cases, formula, dtypes, families, layouts, wraps, may_be_zero),
            rare=None if long is None else long_samples(long, formula, dtypes, may_be_zero),
            gradients=wanted,
            share=share,
            may_be_zero=may_be_zero,
            sources=_sources(cls),
            covers=covers,
            optional_dtypes=tuple(dtype for dtype in dtypes if dtype not in ("float32", "float64")),
            dtypes=tuple(dtypes),
            layouts=tuple(layouts),
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
    body = _classes(cls.__module__).get(cls.__qualname__)
    found = {
        target.id: ast.unparse(line.value)
        for line in getattr(body, "body", [])
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Lambda)
        for target in line.targets
        if isinstance(target, ast.Name)
    }
    calls = {name: found.get(name, found.get("both")) for name in ("torch", "paddle")}
    return {} if None in calls.values() else {name: str(text) for name, text in calls.items()}


@functools.cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """The classes of a file by name. A file is read once: it has many."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, KeyError):
        return {}
    return {".".join([*outer, node.name]): node for outer, node in _within(tree, []) if isinstance(node, ast.ClassDef)}


def _within(tree: ast.AST, outer: list[str]) -> Iterator[tuple[list[str], ast.AST]]:
    """Every statement with the names that its own has in front, as ``__qualname__`` has them."""
    for node in ast.iter_child_nodes(tree):
        yield outer, node
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = [*outer, node.name, *(["<locals>"] if isinstance(node, ast.FunctionDef) else [])]
            yield from _within(node, inside)


def _called(framework: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def function(**inputs: Any) -> Any:
        return call(importlib.import_module(framework), **inputs)

    function.declared = call  # type: ignore[attr-defined]  # whose text scripts show
    return function


def samples(
    cases: st.SearchStrategy[Structure],
    formula: Formula,
    dtypes: Sequence[str],
    families: Sequence[str],
    layouts: Sequence[str] = LAYOUTS,
    wraps: bool = False,
    may_be_zero: Sequence[str] = (),
) -> st.SearchStrategy[list[Sample]]:
    """Several fills of one structure: two families, small integers, specials, other layouts, other dtypes."""
    first, *rest = dtypes
    floats = [dtype for dtype in rest if dtype in FLOATS]
    others = [dtype for dtype in rest if dtype not in FLOATS]

    @functools.cache
    def split_at() -> tuple[Split, ...]:
        from conformance import drawing  # lanes have no Hypothesis

        return splits(formula, (each.value for each in drawing.examples(cases, COMBINATIONS, "splits", True)))

    def make(drawn: tuple[int, tuple[str, str], tuple[str | None, str | None], Structure, int]) -> list[Sample]:
        turn, chosen, layout, structure, seed = drawn
        filling = Filling(structure, formula, generator(seed), wraps, may_be_zero, split_at(), generator(seed + 1))
        plan: list[tuple[str, str, bool, str | None]]
        plan = [(first, chosen[0], False, None), (first, "whole", False, None), (first, chosen[1], True, layout[0])]
        few = [others[(OTHERS * turn + place) % len(others)] for place in range(min(OTHERS, len(others)))]
        for place, dtype in enumerate((*floats, *few)):
            plan.append((dtype, chosen[0], place == 1, layout[1] if place == 1 else None))
        return [filling.sample(*each) for each in plan]

    chosen = st.sampled_from(tuple(families))
    layout = st.sampled_from(tuple(layouts)) if layouts else st.none()
    turns = st.integers(0, max(len(others) - 1, 0) // OTHERS)
    # What is drawn first is dealt, so that few examples see each; what follows cases of several lengths is not.
    return st.tuples(turns, st.tuples(chosen, chosen), st.tuples(layout, layout), cases, seeds).map(make)


def long_samples(
    cases: st.SearchStrategy[Structure], formula: Formula, dtypes: Sequence[str], may_be_zero: Sequence[str] = ()
) -> st.SearchStrategy[list[Sample]]:
    """One fill of a large structure in the first dtype, and one in the first of low precision."""
    low = [dtype for dtype in dtypes[1:] if dtype in ("float16", "bfloat16")][:1]

    def make(drawn: tuple[Structure, int, str]) -> list[Sample]:
        structure, seed, family = drawn
        filling = Filling(structure, formula, generator(seed), may_be_zero=may_be_zero)
        return [filling.sample(dtype, family, False, None) for dtype in (dtypes[0], *low)]

    return st.tuples(cases, seeds, st.sampled_from(("normal", "positive"))).map(make)


class Filling:
    """Samples of one structure."""

    def __init__(
        self,
        structure: Structure,
        formula: Formula,
        rng: np.random.Generator,
        wraps: bool = False,
        may_be_zero: Sequence[str] = (),
        splits: Sequence[Split] = (),
        sides: np.random.Generator | None = None,
    ) -> None:
        self.structure, self.formula, self.rng, self.wraps = structure, formula, rng, wraps
        self.sides = Sides(splits, structure, sides or rng)
        self.may_be_zero = may_be_zero
        self.drawn = tuple(
            name for name, spec in structure.items() if isinstance(spec, Floats) and spec.dtype in (None, *FLOATS)
        )
        self._outline: Outline | None = None
        # What is gathered or selected has a shape that follows from the elements.
        self._steady = not any(isinstance(spec, Integers | Booleans) for spec in structure.values())

    def sample(self, dtype: str, family: str, special: bool, layout: str | None) -> Sample:
        """The inputs of one dtype and family; with ``layout``, of the inputs that can be laid out so."""
        if dtype in (*kinds.INTEGERS, *kinds.BOOLEAN):
            return self._integral(dtype, family)
        inputs = self._filled(dtype, family, special)
        if self.formula.gradients:
            outline = self._outline if self._steady and dtype in FLOATS else None
            if outline is None:
                outline = self.formula.outline(inputs)
                self._require_gradients(outline, inputs)
            if dtype in FLOATS:
                self._outline = outline
            given = {
                name: self._cotangent(shape, (kinds.WHOLE if is_complex else kinds.PARTS).get(dtype, dtype), family)
                for name, (shape, is_complex) in outline.outputs.items()
            }
            if given:
                inputs["cotangent"] = given["output"] if self.formula.outputs == ("output",) else given
        found = {} if layout is None else self._laid_out(inputs, layout)
        if found:
            inputs["layouts"] = found
        return Sample(inputs, REAL)

    def _require_gradients(self, outline: Outline, inputs: dict[str, Any]) -> None:
        for name in outline.unreached:
            if f"gradient.{name}" not in self.may_be_zero and inputs[name].size:
                raise ContractError(
                    f"operator {self.formula.name!r}: its formula has no gradient of {name!r}; leave it out of "
                    f"gradients, or say may_be_zero=('gradient.{name}',) where it is zero"
                )

    def _integral(self, dtype: str, family: str) -> Sample:
        integral = tuple(name for name in self.drawn if self.structure[name].dtype is None)
        converted = self.formula.integers_as in FLOATS  # where the ends of a range would be rounded
        inputs = self._filled(dtype, family, False, ends=not converted)
        if not (converted or self.wraps) and not self.formula.outline(inputs, integral).fits:
            inputs = self._filled(dtype, family, False, ends=False)
        return Sample({**inputs, "integral": integral}, REAL)

    def _filled(self, dtype: str, family: str, special: bool, ends: bool = True) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, spec in self.structure.items():
            if isinstance(spec, Floats | Integers | Booleans):
                array = spec.filled(self.rng, dtype, family, ends)
                found[name] = spec.with_specials(self.rng, array) if special and isinstance(spec, Floats) else array
            else:
                found[name] = spec
        if dtype in FLOATS and family != "whole":
            found.update(self.sides.drawn(found))
        return found

    def _cotangent(self, shape: tuple[int, ...], dtype: str, family: str) -> np.ndarray:
        if family == "whole":
            return np.asarray(integers(self.rng, shape, 4, "float64"), kinds.named(dtype))
        drawn = np.asarray(self.rng.standard_normal(shape))
        if dtype in kinds.COMPLEX:
            drawn = drawn + 1j * self.rng.standard_normal(shape)
        return np.asarray(drawn, kinds.named(dtype))

    def _laid_out(self, inputs: dict[str, Any], layout: str) -> dict[str, str]:
        """The arrays that are laid out so; those to be expanded are made equal along their first axis."""
        fewest = {"sliced": 1, "flipped": 1, CHANNELS_LAST: 4}.get(layout, 2)
        found = {}
        for name in self.drawn:
            array = inputs[name]
            if (
                not self.structure[name].views
                or array.ndim < fewest
                or not array.size
                or (layout == CHANNELS_LAST and array.ndim > 5)
            ):
                continue
            if layout == "expanded":
                inputs[name] = np.ascontiguousarray(np.broadcast_to(array[:1], array.shape))
            found[name] = layout
        return found


def _require_inputs(operator_id: str, value: Any, call: Any, gradients: Sequence[str]) -> None:
    """A formula and a call must take the same inputs, by name, and what has a gradient must be one of them."""
    mine, theirs = _inputs(value), _inputs(call)
    if mine is None or theirs is None:
        return
    del theirs[next(iter(theirs), "")]  # the framework's module
    for first, second, said in ((theirs, mine, "its formula lacks"), (mine, theirs, "its formula takes")):
        for name, needed in first.items():
            if needed and name not in second:
                raise ContractError(f"operator {operator_id!r}: {said} the argument {name!r}, unlike its call")
    for name in gradients:
        if name not in mine:
            known = ", ".join(mine) or "none"
            raise ContractError(f"operator {operator_id!r}: gradients names {name!r}, but its inputs are {known}")


def _inputs(function: Any) -> dict[str, bool] | None:
    """Names of a function's parameters, and whether each must be given; ``None`` where it takes any."""
    parameters = inspect.signature(getattr(function, "__func__", function)).parameters.values()
    if any(each.kind in (each.VAR_KEYWORD, each.VAR_POSITIONAL) for each in parameters):
        return None
    return {each.name: each.default is each.empty for each in parameters}


def _require_known(operator_id: str, what: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise ContractError(f"operator {operator_id!r}: {name!r} is no {what}; it may be {', '.join(known)}")


__all__ = [
    "EVERY",
    "FLOATS",
    "INTEGERS",
    "Booleans",
    "Floats",
    "Integers",
    "broadcast",
    "each",
    "has_elements",
    "in_steps",
    "one",
    "operator",
    "shapes",
    "two",
]
