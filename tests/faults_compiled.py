"""Faults of what is compiled and of what is loaded: stale statistics, a batch that is overwritten, answers of before.

They stand in for defects of a framework's compiler. Their contracts run on lanes that compile alone, so that the
catalogue of the other faults does not hold them: see ``tests/compiled_laws.py``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from tests.faults.fault import Fault, Wrap

TORCH, PADDLE = "torch:cpu+compile=aot_eager", "paddle:cpu+static"
COMPILERS = {TORCH: "torch:compile", PADDLE: "paddle.jit:to_static"}
LOADERS = {TORCH: "torch.export:load", PADDLE: "paddle.jit:load"}
Called = Callable[..., Any]


def is_tensor(value: Any) -> bool:
    """Whether something is a tensor of either framework."""
    return hasattr(value, "detach") and hasattr(value, "numpy")


def is_model(value: Any) -> bool:
    """Whether something is a module or a layer."""
    return hasattr(value, "buffers")


def learns(value: Any) -> bool:
    """Whether a tensor has a gradient."""
    return bool(value.requires_grad if hasattr(value, "requires_grad") else not value.stop_gradient)


def framework(value: Any) -> Any:
    """The module that a tensor's class comes from."""
    import importlib

    return importlib.import_module("paddle" if hasattr(value, "stop_gradient") else "torch")


def each(change: Callable[[Any], Any], value: Any) -> Any:
    """Change every tensor of a result."""
    if isinstance(value, Mapping):
        return {name: each(change, item) for name, item in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(each(change, item) for item in value)
    return change(value) if is_tensor(value) else value


def set_to(value: Any, other: Any) -> None:
    """Give a tensor the numbers of another."""
    with framework(value).no_grad():
        if hasattr(value, "stop_gradient"):
            value.set_value(other.detach())
        else:
            value.copy_(other)


def made_so(change: Callable[[Any, Called], Called]) -> Wrap:
    """A compiler of which what it makes is changed. change: given what was compiled, and what was made."""

    def wrap(call: Any) -> Any:
        def wrong(function: Any, *rest: Any, **options: Any) -> Any:
            return change(function, call(function, *rest, **options))

        return wrong

    return wrap


def exported_so(change: Callable[[Any, Called], Called]) -> Wrap:
    """As :func:`made_so`, of a loader: torch's gives a program of which a module is made."""

    def wrap(call: Any) -> Any:
        def wrong(*arguments: Any, **options: Any) -> Any:
            loaded = call(*arguments, **options)
            return Exported(loaded, change) if hasattr(loaded, "module") else Loaded(loaded, change(None, loaded))

        return wrong

    return wrap


class Exported:
    """An exported program whose module is a wrong one."""

    def __init__(self, loaded: Any, change: Callable[[Any, Called], Called]) -> None:
        self.loaded, self.change = loaded, change

    def module(self) -> Any:
        """Its module."""
        module = self.loaded.module()
        return Loaded(module, self.change(None, module))


class Loaded:
    """A loaded model that is called wrongly."""

    def __init__(self, model: Any, called: Called) -> None:
        self._model, self._called = model, called

    def __call__(self, *arguments: Any) -> Any:
        return self._called(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def stale_statistics(function: Any, made: Called) -> Called:
    """A model whose buffers are what they were before each call."""
    if not is_model(function):
        return made

    def called(*arguments: Any, **named: Any) -> Any:
        kept = [(buffer, buffer.detach().clone()) for buffer in function.buffers()]
        result = made(*arguments, **named)
        for buffer, before in kept:
            set_to(buffer, before)
        return result

    return called


def overwriting(function: Any, made: Called) -> Called:
    """A program that leaves its result in its caller's tensor."""

    def called(given: Any, *rest: Any, **named: Any) -> Any:
        result = made(given, *rest, **named)
        if is_tensor(result) and not learns(given) and list(result.shape) == list(given.shape):
            set_to(given, result)
        return result

    return called


def copying(function: Any, made: Called) -> Called:
    """A program that works on copies of its caller's tensors."""

    def called(*arguments: Any, **named: Any) -> Any:
        return made(*(value.clone() if is_tensor(value) else value for value in arguments), **named)

    return called


def sown_each_time(function: Any, made: Called) -> Called:
    """A program that draws the same random numbers in each call."""

    def called(given: Any, *rest: Any, **named: Any) -> Any:
        module = framework(given)
        (module.seed if hasattr(given, "stop_gradient") else module.manual_seed)(1)
        return made(given, *rest, **named)

    return called


def severed(function: Any, made: Called) -> Called:
    """A program from whose results no gradient goes back."""
    return lambda *arguments, **named: each(lambda value: value.detach(), made(*arguments, **named))


def too_large(function: Any, made: Called) -> Called:
    """A program whose results are a hundred-thousandth too large; a whole number by one, a truth turned round."""

    def larger(value: Any) -> Any:
        kind = str(value.dtype)
        if "float" in kind:
            return value * (1.0 + 1e-5)
        return ~value if "bool" in kind else value + 1

    return lambda *arguments, **named: each(larger, made(*arguments, **named))


def answering_as_before(function: Any, made: Called) -> Called:
    """A program that gives what it gave first."""
    kept: list[Any] = []

    def called(*arguments: Any, **named: Any) -> Any:
        if not kept:
            kept.append(made(*arguments, **named))
        return kept[0]

    return called


def of_a_copy(call: Any) -> Any:
    """A compiler that compiles a copy of a model."""

    def wrong(function: Any, *rest: Any, **options: Any) -> Any:
        return call(copy.deepcopy(function) if is_model(function) else function, *rest, **options)

    return wrong


def without_form(function: Any, made: Called) -> Called:
    """A program whose results are in a list, whatever they were in."""

    def called(*arguments: Any, **named: Any) -> Any:
        found = made(*arguments, **named)
        return list(found.values()) if isinstance(found, dict) else [found]

    return called


def learning_as_at_first(function: Any, made: Called) -> Called:
    """A program that passes gradients only if it did so in its first call."""
    passed: list[bool] = []

    def called(*arguments: Any, **named: Any) -> Any:
        found = made(*arguments, **named)
        passed.append(is_tensor(found) and learns(found))
        return found if passed[0] or not is_tensor(found) else found.detach()

    return called


def exchanged(function: Any, made: Called) -> Called:
    """A model that takes its inputs in the opposite order."""
    return lambda *arguments: made(*arguments[::-1])


STATE, ARGUMENTS, SURROUNDINGS, RESULTS = (
    f"modes.{name}" for name in ("state", "arguments", "surroundings", "results")
)
GRADIENTS, EXPORTED = "modes.gradients", "modes.exported"
PROGRAMS = ("modes.branches", "modes.loops", "modes.numbers", "modes.assignments")


def _of(targets: Mapping[str, str], name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return [Fault(name, lane, contracts, target, wrap) for lane, target in targets.items()]


FAULTS = (
    *_of(COMPILERS, "statistics stale", made_so(stale_statistics), STATE),
    *_of(COMPILERS, "caller's batch overwritten", made_so(overwriting), ARGUMENTS),
    *_of(COMPILERS, "caller's batch copied", made_so(copying), ARGUMENTS),
    *_of(COMPILERS, "same random numbers", made_so(sown_each_time), STATE),
    *_of(COMPILERS, "gradient lost", made_so(severed), *PROGRAMS, GRADIENTS),
    *_of(COMPILERS, "result too large", made_so(too_large), *PROGRAMS, ARGUMENTS, RESULTS, SURROUNDINGS),
    *_of(COMPILERS, "answer of before", made_so(answering_as_before), *PROGRAMS, STATE, SURROUNDINGS),
    *_of(COMPILERS, "a copy compiled", of_a_copy, STATE, SURROUNDINGS, GRADIENTS),
    *_of(COMPILERS, "form lost", made_so(without_form), RESULTS),
    *_of(COMPILERS, "learns as at first", made_so(learning_as_at_first), GRADIENTS),
    *_of(LOADERS, "loaded too large", exported_so(too_large), EXPORTED),
    *_of(LOADERS, "loaded answer of before", exported_so(answering_as_before), EXPORTED),
    *_of(LOADERS, "inputs exchanged", exported_so(exchanged), EXPORTED),
)
