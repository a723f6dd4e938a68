"""What one run of a model computes: calls of layers and of functions in their order, and the values between them.

It knows no framework: each side gives it the words for a tensor. A layer of the framework is one call, whatever it does
inside; a user's own layer, and a container, is made of the calls within.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np

from conformance.porting.settings import arguments, index_of

TRANSPARENT = ("Sequential", "ModuleList", "ModuleDict", "LayerList", "LayerDict", "Transformer")
"""Beginnings of the names of a framework's layers that are made of others."""
BETWEEN = ("contextlib", "functools", "unittest.mock", "collections", "conformance.porting.traces")


@dataclass
class Step:
    """One call: of a layer, by its path and class, or of a function, by the path of the layer that calls it.

    inputs, outputs: places of values; those of parameters among the inputs too. leaf: nothing within it is recorded,
    or what is may be left out. inplace: it wrote into its first input.
    """

    path: str
    kind: str
    where: str
    inputs: list[int]
    outputs: list[int]
    function: bool = False
    leaf: bool = True
    hidden: bool = False
    inplace: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Words:
    """A framework's words: whether something is a tensor, how often it was written to, its array; and noting its
    gradient, which ``watch`` does; it says whether there will be one."""

    framework: str
    is_tensor: Callable[[Any], bool]
    version: Callable[[Any], int]
    array: Callable[[Any], np.ndarray]
    watch: Callable[[Any, Callable[[Any], None]], bool]


@dataclass
class _Open:
    path: str
    kind: str
    where: str
    inputs: list[int]
    opaque: bool
    hidden: bool
    begun: int


class Recorder:
    """Keeps what it is told of one run.

    names: of the model's parameters and buffers, by their ``id``. forced: the tensors that a call gives in place
    of its own, by the call's number in the order of return.
    """

    def __init__(
        self,
        words: Words,
        names: Mapping[int, str],
        values: bool = True,
        gradients: bool = False,
        forced: Mapping[int, Any] | None = None,
    ) -> None:
        self._forced = forced or {}
        self.steps: list[Step] = []
        self.values: list[np.ndarray | None] = []
        self.named: dict[int, str] = {}
        self.gradients: dict[int, np.ndarray] = {}
        self.watched: set[int] = set()
        self._words, self._names, self._with_values, self._with_gradients = words, names, values, gradients
        self._known: dict[tuple[int, int], int] = {}
        self._alive: list[Any] = []
        self._open: list[_Open] = []
        self._busy = False

    def places(self, value: Any) -> list[int]:
        """Where the tensors of ``value`` are kept, which are noted where they are new."""
        return [self._place(each) for each in flattened(value) if self._words.is_tensor(each)]

    def _place(self, tensor: Any) -> int:
        name = self._names.get(id(tensor))
        key = (id(tensor), -1 if name else self._words.version(tensor))
        if key not in self._known:
            self._known[key] = len(self.values)
            self._alive.append(tensor)
            if name:
                self.named[len(self.values)] = name
                self.values.append(None)
            elif self._with_values:
                self.values.append(self._words.array(tensor))
            else:
                self.values.append(np.broadcast_to(np.float32(0), tuple(int(each) for each in tensor.shape)))
        return self._known[key]

    def layer(self, path: str, layer: Any, call: Callable[[], Any], given: Any) -> Any:
        """Call a layer, and keep the step."""
        hidden = bool(self._open and (self._open[-1].opaque or self._open[-1].hidden))
        opened = _Open(
            path, type(layer).__name__, self._caller(), self._quietly(given), is_opaque(layer), hidden, len(self.steps)
        )
        self._open.append(opened)
        try:
            output = call()
        finally:
            self._open.pop()
        output = self._replaced(output)
        inside = any(not step.hidden for step in self.steps[opened.begun :])
        made = self._quietly(output)
        self.steps.append(
            Step(path, opened.kind, opened.where, opened.inputs, made, leaf=not inside and not hidden, hidden=hidden)
        )
        self._watch(output, made)
        return output

    def function(self, name: str, call: Callable[[], Any], named: Callable[[], Mapping[str, Any]], given: Any) -> Any:
        """Call a function, and keep the step where a user's layer, or one made of layers, calls it for tensors.

        named: its arguments by name, defaults included.
        """
        if self._busy or not self._open or self._open[-1].opaque or self._open[-1].hidden:
            return call()
        self._busy = True
        try:
            inputs = self.places(given)
            output = self._replaced(call())
            result = given[0] if name in ("__setitem__", "set_value") else output
            outputs = self.places(result)
            if outputs:
                first = next((each for each in flattened(given) if self._words.is_tensor(each)), None)
                inplace = first is not None and inputs[0] not in outputs and any(
                    each is first for each in flattened(result)
                )  # fmt: skip
                settings = self._settings(name, named)
                if name in ("__getitem__", "__setitem__") and (index := index_of(given[1])):
                    settings = {"index": index}
                path = self._open[-1].path
                self.steps.append(
                    Step(path, name, self._caller(), inputs, outputs, True, inplace=inplace, settings=settings)
                )
                self._watch(result, outputs)
        finally:
            self._busy = False
        return output

    def _settings(self, name: str, named: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        try:
            return arguments(name, self._words.framework, named())
        except Exception:  # a user's own kind of number, say: what cannot be read is not told, and the run goes on
            return {}

    def _replaced(self, output: Any) -> Any:
        forced = self._forced.get(len(self.steps))
        return output if forced is None else self._filled(output, list(forced))

    def _filled(self, output: Any, forced: list[Any]) -> Any:
        """The same structure with other tensors, as many as there are."""
        if self._words.is_tensor(output):
            return forced.pop(0) if forced else output
        if type(output) in (list, tuple):
            return type(output)([self._filled(each, forced) for each in output])
        if type(output) is dict:
            return {name: self._filled(each, forced) for name, each in output.items()}
        return output

    def _quietly(self, given: Any) -> list[int]:
        before, self._busy = self._busy, True
        try:
            return self.places(given)
        finally:
            self._busy = before

    def _caller(self) -> str:
        return caller(self._words.framework) if self._with_values else ""

    def _watch(self, output: Any, places: list[int]) -> None:
        if not self._with_gradients:
            return
        before, self._busy = self._busy, True
        tensors = [each for each in flattened(output) if self._words.is_tensor(each)]
        for place, tensor in zip(places, tensors, strict=True):
            if place not in self.named and self._words.watch(tensor, self._note(place)):
                self.watched.add(place)
        self._busy = before

    def _note(self, place: int) -> Callable[[Any], None]:
        def note(gradient: Any) -> None:
            self.gradients[place] = self._words.array(gradient)

        return note

    @contextlib.contextmanager
    def following(self, base: type, paths: Mapping[int, str]) -> Iterator[None]:
        """Inside of it, calls of ``base``, the framework's class of layers, are kept. paths: of layers by ``id``."""
        plain_call: Any = base.__call__

        def followed(layer: Any, *given: Any, **options: Any) -> Any:
            path = paths.get(id(layer))
            if path is None:
                return plain_call(layer, *given, **options)
            return self.layer(path, layer, lambda: plain_call(layer, *given, **options), (given, options))

        with mock.patch.object(base, "__call__", followed):
            yield

    @contextlib.contextmanager
    def own_functions(self, base: type) -> Iterator[None]:
        """Inside of it, what a user derives from ``base``, the framework's class for such, is kept as one call."""
        plain: Any = inspect.getattr_static(base, "apply")

        def told(cls: type, *given: Any, **options: Any) -> Any:
            call = plain.__get__(None, cls)
            return self.function(cls.__name__, lambda: call(*given, **options), lambda: options, [*given, options])

        with mock.patch.object(base, "apply", classmethod(told)):
            yield

    def shapes(self) -> dict[str, list[list[int]]]:
        """Shapes of what each layer took, by path, in the order of return."""
        kept = [(step.path, [self.values[place] for place in step.inputs]) for step in self.steps]
        return {path: [list(array.shape) for array in arrays if array is not None] for path, arrays in kept}

    def told(self, inputs: Any, outputs: Any) -> dict[str, Any]:
        """All that was kept, as plain data."""
        return {
            "steps": [vars(step) for step in self.steps],
            "values": self.values,
            "named": {str(place): name for place, name in self.named.items()},
            "gradients": {str(place): array for place, array in self.gradients.items()},
            "watched": sorted(self.watched),
            "inputs": self._quietly(inputs),
            "outputs": self._quietly(outputs),
        }


def is_opaque(layer: Any) -> bool:
    """Whether a layer is one of the framework's own that are one thing, and not made of layers."""
    framework, _, rest = type(layer).__module__.partition(".")
    built_in = framework in ("torch", "paddle") and rest.partition(".")[0] == "nn"
    return built_in and not type(layer).__name__.startswith(TRANSPARENT)


def flattened(value: Any) -> list[Any]:
    """The tensors of a result, whether it is one, a sequence, a dictionary or a data class of them."""
    if isinstance(value, Mapping):
        return [each for item in value.values() for each in flattened(item)]
    if isinstance(value, list | tuple):
        return [each for item in value for each in flattened(item)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [each for part in dataclasses.fields(value) for each in flattened(getattr(value, part.name))]
    return [] if value is None or isinstance(value, bool | int | float | str) else [value]


def caller(framework: str) -> str:
    """The line of the model that called the current layer or function: the nearest that is not machinery.

    A framework's own collection of models (``paddle.vision``) is a model's code. Nothing where the run itself called.
    """
    for frame, line in traceback.walk_stack(sys._getframe(1)):
        name = str(frame.f_globals.get("__name__", ""))
        if name in BETWEEN or name == __name__ or name.endswith("_side.hooks"):
            continue
        if name.startswith("conformance."):
            return ""
        if name.partition(".")[0] == framework and not name.startswith(f"{framework}.vision.models."):
            continue
        return f"{frame.f_code.co_filename}:{line}"
    return ""
