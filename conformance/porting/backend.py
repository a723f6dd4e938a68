"""What the shared run of a pair asks of a framework, and how a model is made once and its state put back.

:mod:`conformance.porting.run` says what is done with a model; how a framework does it is in ``torch_side/backend.py``
and ``paddle_side/backend.py``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from conformance.porting.inventory import Tensor, inventory
from conformance.porting.pair import Pair
from conformance.transfer.dtypes import EXTRA


class Backend(Protocol):
    """One framework. A model, a tensor and an optimizer are the framework's own."""

    name: str
    functional: Any
    """The module whose functions drop elements."""
    losses: ClassVar[Mapping[str, Any]]
    """Functions of an output and its targets, by the names that a pair file may give."""

    def seed(self, number: int) -> None:
        """Seed the generator of random numbers."""

    def building(self) -> AbstractContextManager[Any]:
        """Inside of it, a model's parameters get the names that they have in a new process."""

    def layers(self, model: Any) -> Iterable[tuple[str, Any]]:
        """Paths and layers of a model, itself included."""

    def after(self, layer: Any, call: Callable[[Any], Any]) -> None:
        """Call this with what a layer was given, each time that the layer has run."""

    def set_mode(self, model: Any, training: bool) -> None:
        """Training mode, in which no layer drops elements, or evaluation mode."""

    def to_precision(self, model: Any, precision: str) -> None:
        """Turn every floating-point tensor of a model into "float64" or "float32"."""

    def precision(self, double: bool) -> AbstractContextManager[Any]:
        """Inside of it, tensors that a model makes are float64 where ``double``."""

    def without_gradients(self) -> AbstractContextManager[Any]:
        """Inside of it, nothing is kept for a backward pass."""

    def tensor(self, array: np.ndarray, double: bool = False) -> Any:
        """A new tensor; floating-point numbers in float64 where ``double``."""

    def leaf(self, tensor: Any) -> Any:
        """The tensor as a leaf that has a gradient, where it holds floating-point numbers."""

    def copied(self, leaf: Any) -> Any:
        """A tensor with the leaf's values that a model may write to; gradients go on to the leaf."""

    def array(self, tensor: Any) -> np.ndarray:
        """A copy of a tensor's values."""

    def view(self, tensor: Any) -> np.ndarray:
        """A tensor's values to be read at once: they may change with the tensor."""

    def assign(self, tensor: Any, array: np.ndarray) -> None:
        """Overwrite a tensor's values."""

    def version(self, tensor: Any) -> int:
        """How often a tensor was written to."""

    def parameters(self, model: Any) -> list[tuple[str, Any]]:
        """The parameters that are trained, with their names."""

    def backward(self, loss: Any) -> None:
        """Go back from a loss; nothing where it depends on nothing that has a gradient."""

    def gradient(self, leaf: Any) -> Any:
        """A leaf's gradient, or ``None``."""

    def set_gradient(self, leaf: Any, gradient: Any | None) -> None:
        """Replace a leaf's gradient."""

    def weighted_sum(self, outputs: Sequence[Any], weights: Sequence[Any]) -> Any:
        """The outputs of floating-point numbers times their weights, summed."""

    def reread(self, model: Any, fresh: Any) -> None:
        """Save a model's state as users do, and load it into another."""

    def optimizer(self, pair: Pair, parameters: list[Any]) -> Any:
        """The pair's optimizer, or Adam. Raises PairError where the pair file does not give one."""


@dataclass
class Made:
    """A model with its tensors, each once, and what its layers held when it was made.

    given: the values that its trained tensors have, where nothing moved them since.
    """

    model: Any
    tensors: list[tuple[Tensor, Any]]
    held: list[tuple[Any, dict[str, Any]]]
    trained: list[tuple[str, Any]]
    given: Mapping[str, np.ndarray] | None = None


LESS = ("float16", *EXTRA)
"""Dtypes of less precision than float32, in which no model is run."""
CONTAINERS = (dict, OrderedDict, list, set)
"""What a layer may change without being given another."""
_made: dict[tuple[str, bool], tuple[Pair, Made]] = {}


def made(backend: Backend, pair: Pair, double: bool) -> Made:
    """The pair's model in its own precision or in float64, which is built once and then kept.

    One of less precision than float32 is run in float32: on a processor, paddle has next to no kernel for less.
    """
    kept = _made.get((backend.name, double))
    if kept is None or kept[0] is not pair:
        _made.pop((backend.name, double), None)
        kept = pair, keep(backend, pair, new(backend, pair), double)
    return kept[1]


def keep(
    backend: Backend, pair: Pair, model: Any, double: bool = False, known: list[tuple[Tensor, Any]] | None = None
) -> Made:
    """Take a new model for what :func:`made` gives. known: its inventory, where that was made."""
    found = known or inventory(model)
    wanted = "float64" if double else "float32" if any(each.dtype in LESS for each, _ in found) else None
    if wanted is not None:
        backend.to_precision(model, wanted)
        found = inventory(model)
    held = [(layer, _attributes(layer)) for _, layer in backend.layers(model)]
    tensors = {each.name: (each, tensor) for each, tensor in found}
    kept = Made(model, list(tensors.values()), held, backend.parameters(model))
    _made[backend.name, double] = pair, kept
    return kept


def new(backend: Backend, pair: Pair, seed: int = 0) -> Any:
    """A model that nothing ran before."""
    backend.seed(seed)
    with backend.building():
        return pair.model(backend.name)


def loaded(backend: Backend, pair: Pair, values: Mapping[str, np.ndarray], double: bool, training: bool) -> Any:
    """The pair's model as it was when it was made, but with these values, without gradients."""
    found = made(backend, pair, double)
    for layer, attributes in found.held:
        _restore(layer, attributes)
    with backend.without_gradients():
        for each, tensor in found.tensors:
            if found.given is not values or not each.trainable:
                backend.assign(tensor, values[each.name])
    found.given = values
    for _, parameter in found.trained:
        backend.set_gradient(parameter, None)
    backend.seed(0)
    backend.set_mode(found.model, training)
    return found.model


def _attributes(layer: Any) -> dict[str, Any]:
    """What a layer holds, apart from its tensors' values: counters, caches, hooks."""
    return {name: _kept(value) for name, value in vars(layer).items()}


def _restore(layer: Any, attributes: Mapping[str, Any]) -> None:
    """Put back what is not there any more; what is, stays as it is, for that is next to all of it."""
    now = vars(layer)
    for name in now.keys() - attributes.keys():
        del now[name]
    for name, value in attributes.items():
        current = now.get(name, now)
        if not (current is value or _is_same(current, value)):
            now[name] = _kept(value)


def _is_same(current: Any, value: Any) -> bool:
    """Whether two containers hold the very same things."""
    kind: Any = type(value)
    if kind not in CONTAINERS or type(current) is not kind or len(current) != len(value):
        return False
    if kind is set:
        return bool(current == value)
    if kind is list:
        return all(one is other for one, other in zip(current, value, strict=True))
    return all(current.get(key, current) is item for key, item in value.items())


def _kept(value: Any) -> Any:
    return value.copy() if type(value) in CONTAINERS else value
