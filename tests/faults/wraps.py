"""Ways to make a faulty call of a right one, for either framework; what only one fault needs stands beside it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.fault import Wrap


def result(change: Callable[[Any], Any]) -> Wrap:
    """A call whose result is changed."""
    return lambda call: lambda *arguments, **options: change(call(*arguments, **options))


def scaled(factor: float) -> Wrap:
    """A call whose result has a relative error."""
    return result(lambda value: value * factor)


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
        branch = value * 1
        branch.register_hook(change)
        return branch

    return lambda call: (
        lambda *arguments, **options: call(
            *arguments[:position], noticed(arguments[position]), *arguments[position + 1 :], **options
        )
    )


def hyperparameters(**changed: Callable[[Any], Any]) -> Wrap:
    """A class that takes other hyperparameters than it was given by name."""

    def wrap(cls: Any) -> Any:
        class Wrong(cls):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                options.update({key: change(options[key]) for key, change in changed.items() if key in options})
                super().__init__(*arguments, **options)

        Wrong.__name__ = cls.__name__
        return Wrong

    return wrap


def refusing(error: type[Exception], message: str) -> Wrap:
    """A call that refuses whatever it is given."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise error(message)

    return lambda call: refuse
