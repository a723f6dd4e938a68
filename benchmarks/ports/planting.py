"""How a bug is planted in a published package: a change of a line or two of its source, while one model is built.

All else is as published, and the package is again as it was afterwards. Lanes import this module: it needs nothing but
Python.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Bug:
    """One planted bug.

    changes: by module, (what stands there, what is put in its place), the first occurrence of each; modules come after
    those that they import.
    layer: a regular expression for the paddle layers that a right report names: the one that is wrong, a layer within
    it that is the first to be given wrong values, or the one after it. setting: the setting that a right report names,
    where the bug is one.
    """

    name: str
    pair: str
    what: str
    changes: Mapping[str, Sequence[tuple[str, str]]]
    layer: str
    setting: str = ""


def with_bug(bug: Bug, build: Callable[[], Any]) -> Any:
    """What a function builds while the bug is in the package. Raises ImportError where its place is gone."""
    build()  # imports all that it needs, as published
    with _swapped(bug):
        return build()


@contextmanager
def _swapped(bug: Bug) -> Iterator[None]:
    """Let every module of the package hold the changed classes and functions instead of the published ones."""
    kept: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for name, changes in bug.changes.items():
            published = importlib.import_module(name)
            changed = vars(_changed(published, changes))
            own = {id(value): changed[key] for key, value in vars(published).items() if _is_of(value, name)}
            for module in [each for each in sys.modules.values() if isinstance(each, ModuleType)]:
                if module.__name__.partition(".")[0] == name.partition(".")[0]:
                    for key, value in list(vars(module).items()):
                        if id(value) in own:
                            kept.append((vars(module), key, value))
                            vars(module)[key] = own[id(value)]
        yield
    finally:
        for names, key, value in reversed(kept):
            names[key] = value


def _is_of(value: object, module: str) -> bool:
    """Whether it is a class or a function of that module."""
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module


def _changed(published: ModuleType, changes: Sequence[tuple[str, str]]) -> ModuleType:
    """A module of the changed source, beside the published one."""
    text = inspect.getsource(published)
    for old, new in changes:
        if old not in text:
            raise ImportError(f"{published.__file__} no longer holds {old!r}, which a planted bug changes")
        text = text.replace(old, new, 1)
    made = ModuleType(published.__name__)
    made.__file__, made.__package__ = published.__file__, published.__package__
    exec(compile(text, str(published.__file__), "exec", dont_inherit=True), vars(made))
    return made
