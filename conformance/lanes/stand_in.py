"""Stand-ins for packages that a suite names and a lane does not need.

The module of a suite draws its samples with Hypothesis and makes the calls. A lane makes only the calls, so that its
environment needs no Hypothesis: the strategies are built from an object that does nothing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from typing import Any


class Nothing:
    """Takes every call, attribute and operator, and gives itself."""

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **options: Any) -> Nothing:
        return self

    def __or__(self, other: Any) -> Nothing:
        return self

    __ror__ = __or__


class Absent:
    """What a package that is not installed is, as soon as something of it is used."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ModuleNotFoundError(f"{self._package} is not installed in this lane's environment")


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Put the stand-ins into ``sys.modules`` while suites are imported; Pillow's only where it is not installed.

    They are gone afterwards: torch looks for Hypothesis itself.
    """
    made = dict(_modules("hypothesis", Nothing(), ("strategies", "extra", "extra.numpy", "errors")))
    if importlib.util.find_spec("PIL") is None:
        made.update(_modules("PIL", Absent("Pillow"), ()))
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _modules(name: str, content: Any, parts: tuple[str, ...]) -> Iterator[tuple[str, types.ModuleType]]:
    def find(wanted: str) -> Any:
        if wanted.startswith("__"):
            raise AttributeError(wanted)
        return content

    for full in (name, *(f"{name}.{part}" for part in parts)):
        module = types.ModuleType(full)
        module.__getattr__ = find  # type: ignore[method-assign]
        module.__path__ = []
        yield full, module
