"""How a bug is planted in a published package: a change of a line or two of its source, made while it is imported.

All else is as published. Lanes import this module: it needs nothing but Python.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


@dataclass(frozen=True)
class Bug:
    """One planted bug.

    changes: by module, (what stands there, what is put in its place), the first occurrence of each.
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


class _Changed(SourceFileLoader):
    """Compiles a file with the changes of a bug, and keeps no bytecode of it."""

    changes: Sequence[tuple[str, str]] = ()

    def get_code(self, fullname: str) -> CodeType:
        text = self.get_data(self.path).decode("utf-8")
        for old, new in self.changes:
            if old not in text:
                raise ImportError(f"{self.path} no longer holds {old!r}, which a planted bug changes")
            text = text.replace(old, new, 1)
        return compile(text, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the modules of a bug, to be loaded with its changes."""

    def __init__(self, changes: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self.changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.changes:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Changed(fullname, spec.origin)
            spec.loader.changes = self.changes[fullname]
        return spec


def plant(bug: Bug) -> None:
    """Let the modules of a bug be imported with it. To be called before its package is imported.

    Raises RuntimeError where one of them is imported already.
    """
    for module in bug.changes.keys() & sys.modules.keys():
        raise RuntimeError(f"{module} is imported already: the bug {bug.name!r} cannot be planted in it")
    sys.meta_path.insert(0, _Finder(bug.changes))
