"""What a random transform asks of the functions that it is made of: the arguments that it drew."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock


@contextlib.contextmanager
def calls_of(module: Any, *names: str) -> Iterator[list[tuple[str, tuple[Any, ...], Any]]]:
    """Within, each call of functions of a module is listed: name, arguments after the image, and result."""
    seen: list[tuple[str, tuple[Any, ...], Any]] = []

    def listed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(image: Any, *arguments: Any, **options: Any) -> Any:
            result = function(image, *arguments, **options)
            seen.append((name, arguments, result))
            return result

        return call

    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(mock.patch.object(module, name, listed(name, getattr(module, name))))
        yield seen


def drawn(module: Any, transform: Callable[[Any], Any], image: Any, times: int, *names: str) -> list[list[Any]]:
    """For each of several uses of a transform, the names and arguments of what it called.

    A transform that returns anything but the result of its last call, or the image where it makes none, is an error.
    """
    found = []
    for _ in range(times):
        with calls_of(module, *names) as seen:
            result = transform(image)
        if result is not (seen[-1][2] if seen else image):
            raise ValueError("the transform returns something else than its last step does")
        found.append([(name, arguments) for name, arguments, _ in seen])
    return found
