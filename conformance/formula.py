"""A formula on quantities as an oracle: from a sample's inputs to acceptances of the results and of the gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance import dtypes
from conformance.accuracy import Acceptance, Rejects
from conformance.contract import ContractError, describe
from conformance.number_formats import WIDER, computed_in, current, ignoring, returned_in
from conformance.quantity import Quantity, acceptance, backward, made, quantity, variable

KEPT, LARGE = 128, 2**14
"""So many evaluations of a formula are kept until its oracle asks for them, of inputs with so many elements."""


@dataclass(frozen=True)
class Outline:
    """Of a formula's results: the shape of each that a gradient goes back from, by name, and whether it is complex.

    fits: whether results of integers are within the range of their dtype. unreached: inputs whose gradients are asked
    for, and that the formula has none of.
    """

    outputs: Mapping[str, tuple[tuple[int, ...], bool]]
    fits: bool = True
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Formula:
    """See the module. A formula that gives ``"gradient.NAME": None`` says that no gradient reaches this input.

    What else it gives by such a name is the gradient, whatever the result was made of.

    gradients: inputs whose gradients are asked for. stepwise: each step rounds to the low precision, or where it is
    "gradient" each of the gradient. sums_in_steps: sums round each partial sum too.
    integers_as: dtype of the results of integers and truth values, where it is not theirs. outputs: results that
    gradients go back from. name: of the operator.
    """

    value: Callable[..., Any]
    gradients: tuple[str, ...]
    stepwise: bool | str = False
    integers_as: str | None = None
    outputs: tuple[str, ...] = ("output",)
    name: str = ""
    sums_in_steps: bool = False
    kept: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __call__(
        self, layouts: Any = None, cotangent: Any = None, integral: tuple[str, ...] = (), **inputs: Any
    ) -> dict[str, Acceptance] | Rejects:
        dtype, inner = self._formats(inputs, integral)
        with ignoring(), computed_in(inner), returned_in(dtype, self.sums_in_steps):
            leaves, found = self._taken(inputs, integral) or self._evaluated(inputs, integral)
            if isinstance(found, Rejects):
                return found
            given = _named(found)
            results = {name: each for name, each in given.items() if each is not None}
            if dtype != inner and dtype in dtypes.FLOATS:
                for each in results.values():
                    _round_in(each, dtype)
            accepted = {name: self._accepted(each, dtype, inner) for name, each in results.items()}
            if cotangent is not None:
                back = dtypes.PARTS.get(dtype, dtype) if self.stepwise else inner
                with computed_in(back):
                    found = dict(self._backward(results, cotangent, inputs, leaves, back))
                    accepted.update({name: each for name, each in found.items() if name not in accepted})
        return {name: each for name, each in accepted.items() if given.get(name, each) is not None}

    def _backward(
        self, results: Mapping[str, Any], cotangent: Any, inputs: Mapping[str, Any], leaves: Any, inner: str
    ) -> Iterator[tuple[str, Acceptance]]:
        names = [name for name in self.gradients if dtypes.has_gradient(inputs.get(name))]
        given = cotangent if isinstance(cotangent, Mapping) else {"output": cotangent}
        if any(results[name].shape != np.shape(each) for name, each in given.items()):
            return  # a variant's result of another shape, from which this cotangent cannot go back
        known = backward([(results[name], each) for name, each in given.items()], [leaves[name] for name in names])
        # A kernel may multiply with the cotangent last, and with it what was rounded below the normal numbers.
        lost = current().smallest * max(
            (float(np.max(np.abs(each), initial=0.0)) for each in given.values()), default=0
        )
        for name, gradient in zip(names, known, strict=True):
            leaf, dtype = leaves[name], dtypes.name_of(inputs[name].dtype)
            found = quantity(np.zeros(leaf.shape)) if gradient is None else gradient
            # Of the gradient with respect to a NaN or an infinity nothing is promised.
            error = np.where(np.isfinite(leaf.value), np.where(found.error > 0, found.error + lost, 0.0), np.inf)
            value = found.value if dtype in dtypes.FLOATS else found.value.astype(np.complex128)
            yield f"gradient.{name}", acceptance(Quantity(value, error), dtype, inner)

    def _formats(self, inputs: Mapping[str, Any], integral: tuple[str, ...]) -> tuple[str, str]:
        """The dtype of the results and the format that kernels compute in."""
        if integral:
            dtype = self.integers_as or dtypes.name_of(inputs[integral[0]].dtype)
            return dtype, dtype if dtype in dtypes.FLOATS else "integers"
        dtype = next((dtypes.name_of(each.dtype) for each in inputs.values() if dtypes.has_gradient(each)), "float32")
        parts = dtypes.PARTS.get(dtype, dtype)
        return dtype, parts if self.stepwise is True else WIDER.get(parts, parts)

    def _leaf(self, name: str, value: Any, integral: tuple[str, ...]) -> Any:
        if dtypes.has_gradient(value):
            return variable(value) if name in self.gradients else quantity(value)
        return quantity(value) if name in integral else value

    def _accepted(self, found: Any, dtype: str, inner: str) -> Acceptance:
        if isinstance(found, Acceptance):
            return found
        if isinstance(found, Quantity):
            if inner != "integers":
                real = dtypes.PARTS.get(dtype, dtype)
                whole = dtypes.WHOLE.get(dtype, dtype)
                return acceptance(found, whole if np.iscomplexobj(found.value) else real, inner)
            found = found.value
            if np.any(found != np.rint(found)):
                raise ContractError(
                    f"operator {self.name!r}: its formula makes fractions of integers; say integers_as='float32'"
                )
            return Acceptance(dtypes.wrapped(found, dtype), dtype=dtype)
        array = np.asarray(found)
        return Acceptance(array, dtype=None if array.dtype.kind == "f" else str(array.dtype))

    def outline(self, inputs: Mapping[str, Any], integral: tuple[str, ...] = ()) -> Outline:
        """What is known of the results before a cotangent is drawn; no outputs where the formula refuses the inputs."""
        dtype, inner = self._formats(inputs, integral)
        with ignoring(), computed_in(inner), returned_in(dtype, self.sums_in_steps):
            leaves, found = self._evaluated(inputs, integral)
        self._keep(inputs, integral, leaves, found)
        if isinstance(found, Rejects):
            return Outline({})
        given = _named(found)
        results = {name: each for name, each in given.items() if isinstance(each, Quantity)}
        if inner == "integers":
            return Outline({}, all(_fits(each.value, dtype) for each in results.values()))
        lacking = [name for name in self.outputs if name not in results]
        if lacking and self.gradients:
            raise ContractError(f"operator {self.name!r}: its formula gives no quantity {lacking[0]!r} to go back from")
        asked = {name: results[name] for name in self.outputs if name in results}
        reached = _reached(asked.values())
        wanted = [name for name in self.gradients if isinstance(leaves.get(name), Quantity)]
        unreached = [name for name in wanted if id(leaves[name]) not in reached and f"gradient.{name}" not in given]
        shapes = {name: (each.shape, np.iscomplexobj(each.value)) for name, each in asked.items()}
        return Outline(shapes, unreached=tuple(unreached))

    def everywhere(self, inputs: Mapping[str, Any], name: str) -> list[np.ndarray]:
        """Results in float64 and the gradient of their sum with respect to one input, those that have its shape.

        None where the formula takes no such inputs.
        """
        with ignoring(), computed_in("float64"), returned_in("float64"):
            try:
                leaves = {each: self._leaf(each, value, ()) for each, value in inputs.items()}
                found = self.value(**leaves)
                given = {} if isinstance(found, Rejects) else _named(found)
                results = [each for each in given.values() if isinstance(each, Quantity)]
                back = [
                    (given[each], np.ones(given[each].shape)) for each in self.outputs if given.get(each) in results
                ]
                known = backward(back, [leaves[name]]) if name in self.gradients else []
            except Exception:  # formulas of matrices and axes take no numbers
                return []
        return [each.value for each in (*results, *known) if each is not None and each.shape == inputs[name].shape]

    def _evaluated(self, inputs: Mapping[str, Any], integral: tuple[str, ...]) -> tuple[dict[str, Any], Any]:
        leaves = {name: self._leaf(name, each, integral) for name, each in inputs.items()}
        return leaves, self._called(leaves)

    def _keep(self, inputs: Mapping[str, Any], integral: tuple[str, ...], leaves: dict[str, Any], found: Any) -> None:
        """What an outline has evaluated is what the oracle will ask for, of the same inputs."""
        if sum(np.size(each) for each in inputs.values() if isinstance(each, np.ndarray)) <= LARGE:
            while len(self.kept) >= KEPT:
                del self.kept[next(iter(self.kept))]
            self.kept[_key(inputs, integral)] = (dict(inputs), leaves, found)  # which keeps them from being made anew

    def _taken(self, inputs: Mapping[str, Any], integral: tuple[str, ...]) -> tuple[dict[str, Any], Any] | None:
        known = self.kept.pop(_key(inputs, integral), None)
        return None if known is None else known[1:]

    def _called(self, leaves: Mapping[str, Any]) -> Any:
        try:
            return self.value(**leaves)
        except ContractError:
            raise
        except Exception as error:
            told = ", ".join(f"{name}={_described(each)}" for name, each in leaves.items())
            reason = f"{type(error).__name__}: {error} (line {_line(self.value, error)})"
            raise ContractError(f"operator {self.name!r}: its formula fails on {told}: {reason}") from error


def _key(inputs: Mapping[str, Any], integral: tuple[str, ...]) -> tuple[Any, ...]:
    """Says which objects a formula was evaluated on."""
    return (integral, *((name, id(each)) for name, each in inputs.items()))


def _described(value: Any) -> str:
    return f"quantity{list(value.shape)}" if isinstance(value, Quantity) else describe(value)


def _line(value: Callable[..., Any], error: Exception) -> int:
    """The last line of the formula's own file that an error came through."""
    code = getattr(value, "__code__", None)
    place = getattr(code, "co_firstlineno", 0)
    step = error.__traceback__
    while step is not None:
        if code is not None and step.tb_frame.f_code.co_filename == code.co_filename:
            place = step.tb_lineno
        step = step.tb_next
    return place


def _reached(outputs: Iterable[Quantity]) -> set[int]:
    """Which quantities a gradient goes back to."""
    found: set[int] = set()
    waiting = list(outputs)
    while waiting:
        at = waiting.pop()
        if id(at) not in found:
            found.add(id(at))
            waiting += [link for link, _ in at.links]
    return found


def _named(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {"output": found}


def _fits(value: np.ndarray, dtype: str) -> bool:
    low, high = (0, 1) if dtype == "bool" else dtypes.ends(dtype)
    return not value.size or bool(value.min() >= low and value.max() <= high)


def _round_in(found: Any, dtype: str) -> None:
    """Let the gradient see the result as it was rounded to ``dtype``."""
    if isinstance(found, Quantity) and found.links:
        with computed_in(dtype):
            kept = made(found.value, found.error, 1)
        found.value, found.error = kept.value, kept.error
