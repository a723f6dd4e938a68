"""How a pair file is run: as a module of its package, or, where it lies in none, as ``python my_port.py`` would.

Several pair files of one run share a process. Where two have helpers of one name beside them, each gets its own.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_folders: set[str] = set()
"""Folders that were put on the path for a pair file."""


def folders(place: Path) -> list[str]:
    """What is put on the path for a pair file: its own folder, behind that of the outermost package around it."""
    outermost = place.parent
    while (outermost / "__init__.py").is_file():
        outermost = outermost.parent
    return list(dict.fromkeys([str(outermost), str(place.parent)]))


def run(place: Path) -> dict[str, Any]:
    """The names that a pair file defines. Raises what the file raises.

    It is compiled from the bytes that it holds now: cached bytecode is told from its source by the second alone.
    """
    path = folders(place)
    enter(path)
    package = ".".join(place.parent.relative_to(path[0]).parts)
    # Not under its bare name, which may be that of another pair file, or of a package that it imports.
    name = f"{place.stem}-{hashlib.sha256(str(place).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(f"{package}.{name}" if package else name, place)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses, pickle and inspect look for the module of a class
    exec(compile(place.read_bytes(), str(place), "exec"), vars(module))
    return vars(module)


def named(text: str, path: Sequence[str]) -> Any:
    """What ``module:name`` is, from the folders of the pair file that says so."""
    enter(path)
    module, _, name = text.partition(":")
    return getattr(importlib.import_module(module), name)


def enter(path: Sequence[str]) -> None:
    """Let imports look in these folders first, and forget modules of other pair files that these folders have too."""
    others = _folders.difference(path)
    if others:
        foreign = {name for name in sys.modules if "." not in name and _is_another(name, path, others)}
        for name in [name for name in sys.modules if name.partition(".")[0] in foreign]:
            del sys.modules[name]
    _folders.update(path)
    sys.path[:] = [*path, *(place for place in sys.path if place not in path)]
    importlib.invalidate_caches()


def _is_another(name: str, path: Sequence[str], others: set[str]) -> bool:
    """Whether a loaded module lies in a folder of another pair file, and these folders have one of its name."""
    file = getattr(sys.modules[name], "__file__", None)
    if file is None or not {str(Path(file).parent), str(Path(file).parent.parent)} & others:
        return False
    own = [where for folder in path for where in (Path(folder, f"{name}.py"), Path(folder, name, "__init__.py"))]
    return Path(file) not in own and any(where.is_file() for where in own)
