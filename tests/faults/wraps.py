"""Ways to make a faulty call of a right one, for either framework; what only one fault needs stands beside it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Wrap


def functional(name: str) -> dict[str, str]:
    """A function that both frameworks keep among those of their layers, under one name."""
    return {TORCH: f"torch.nn.functional:{name}", PADDLE: f"paddle.nn.functional:{name}"}


def library(tensor: Any) -> Any:
    """The framework that a tensor is of; both call many things alike."""
    return sys.modules[type(tensor).__module__.partition(".")[0]]


def around(change: Callable[..., Any]) -> Wrap:
    """A call that is ``change`` instead, which is given the right one before the arguments."""
    return lambda call: lambda *arguments, **options: change(call, *arguments, **options)


def result(change: Callable[[Any], Any]) -> Wrap:
    """A call whose result is changed."""
    return lambda call: lambda *arguments, **options: change(call(*arguments, **options))


def scaled(factor: float) -> Wrap:
    """A call whose result has a relative error."""
    return result(lambda value: value * factor)


def at(index: Any, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The change of a part of a tensor."""

    def apply(value: Any) -> Any:
        value = value.clone()
        value[index] = change(value[index])
        return value

    return apply


def with_gradient_of(value: Any, other: Any) -> Any:
    """A value through which the gradient goes as through another."""
    return value.detach() + (other - other.detach())


def in_bits(bits: int) -> Callable[[Any], Any]:
    """Rounding to so many significant bits (11 are those of TF32, 8 those of bfloat16); its gradient is left alone."""

    def rounded(value: Any) -> Any:
        wide = (2.0 ** (24 - bits) + 1.0) * value.detach()
        return with_gradient_of(wide - (wide - value.detach()), value)

    return rounded


def nan_as_zero(value: Any) -> Any:
    """Numbers, and 0 for what is none."""
    return library(value).where(value == value, value, 0.0)


def argument(position: int, name: str, change: Callable[[Any], Any]) -> Wrap:
    """A call that takes one argument, given by place or by name, for another; one that is not given stays so."""

    def wrap(call: Any) -> Any:
        def wrong(*arguments: Any, **options: Any) -> Any:
            if name in options:
                options[name] = change(options[name])
            elif position < len(arguments):
                arguments = (*arguments[:position], change(arguments[position]), *arguments[position + 1 :])
            return call(*arguments, **options)

        return wrong

    return wrap


def exchanged(first: int, second: int) -> Wrap:
    """A call that takes each of two arguments for the other."""

    def wrap(call: Any) -> Any:
        def wrong(*arguments: Any) -> Any:
            given = list(arguments)
            given[first], given[second] = given[second], given[first]
            return call(*given)

        return wrong

    return wrap


def only(when: Callable[..., bool], wrap: Wrap) -> Wrap:
    """A call that is wrong for some arguments, and right for all others."""

    def partly(call: Any) -> Any:
        wrong = wrap(call)
        return lambda *arguments, **options: (wrong if when(*arguments, **options) else call)(*arguments, **options)

    return partly


def in_numpy(change: Callable[[np.ndarray], Any]) -> Callable[[Any], Any]:
    """What makes another array of an array, done to a tensor of either framework too."""

    def changed(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return change(value)
        framework = importlib.import_module(type(value).__module__.partition(".")[0])
        make = framework.from_numpy if framework.__name__ == "torch" else framework.to_tensor
        return make(np.array(change(value.numpy()), order="C"))

    return changed


def option(name: str, value: Any) -> Wrap:
    """A call that is always given an option, whatever the caller says."""
    return lambda call: lambda *arguments, **options: call(*arguments, **{**options, name: value})


def gradient(position: int, change: Callable[[Any], Any]) -> Wrap:
    """A call whose result is right, and the gradient that reaches one tensor argument is not."""

    def noticed(value: Any) -> Any:
        if value is None or getattr(value, "stop_gradient", not getattr(value, "requires_grad", True)):
            return value
        branch = value.clone()
        branch.register_hook(change)
        return branch

    return lambda call: (
        lambda *arguments, **options: call(
            *arguments[:position], noticed(arguments[position]), *arguments[position + 1 :], **options
        )
    )


def _made_with(others: Callable[[dict[str, Any]], dict[str, Any]]) -> Wrap:
    """A class of the same name that takes other options than those it was given by name."""

    def wrap(cls: Any) -> Any:
        class Wrong(cls):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **others(options))

        Wrong.__name__ = cls.__name__
        return Wrong

    return wrap


def hyperparameters(**changed: Callable[[Any], Any]) -> Wrap:
    """A class that takes other hyperparameters than it was given by name."""
    return _made_with(
        lambda given: {**given, **{key: change(given[key]) for key, change in changed.items() if key in given}}
    )


def always(**options: Any) -> Wrap:
    """A class that takes these hyperparameters, whatever it was given."""
    return _made_with(lambda given: {**given, **options})


def defaulting(**options: Any) -> Wrap:
    """A class that takes these hyperparameters where it is not given others."""
    return _made_with(lambda given: {**options, **given})


def method(before: Callable[[Any], Any] | None = None, after: Callable[[Any], Any] | None = None) -> Wrap:
    """A method that does something else to its object, before or after what it should do."""

    def wrap(call: Any) -> Any:
        def wrong(self: Any, *arguments: Any, **options: Any) -> Any:
            if before is not None:
                before(self)
            found = call(self, *arguments, **options)
            if after is not None:
                after(self)
            return found

        return wrong

    return wrap


def member(name: str, wrap: Wrap) -> Wrap:
    """A module, one of whose members is wrong for those who have the module by this name."""
    return lambda module: SimpleNamespace(**{**vars(module), name: wrap(getattr(module, name))})


def entry(key: Any, wrap: Wrap) -> Wrap:
    """A table, one of whose entries is wrong."""
    return lambda table: {**table, key: wrap(table[key])}


def lost(call: Any) -> Any:
    """A call that does nothing."""
    return lambda *arguments, **options: None


def refusing(error: type[Exception], message: str) -> Wrap:
    """A call that refuses whatever it is given."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise error(message)

    return lambda call: refuse
