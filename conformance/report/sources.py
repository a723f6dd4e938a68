"""This project's modules as syntax: where each module-level name comes from, found without importing anything.

A standalone script must carry the code it needs instead of importing it; this file answers, for a name in a module,
whether it is the project's own code (and which statements make it) or an import that a script may keep.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance import home

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class CannotInline(ValueError):  # noqa: N818 - it is a refusal with a reason, caught and shown
    """A call uses something that cannot be carried into a standalone script; the message says what."""


@dataclass(frozen=True)
class Module:
    """A module of the project."""

    name: str


@dataclass(frozen=True)
class Definition:
    """A name that a module of the project defines."""

    module: str
    name: str


@dataclass(frozen=True)
class External:
    """An import of something outside the project; ``attribute`` is empty for ``import module``."""

    module: str
    attribute: str
    bound: str

    def statement(self, name: str) -> str:
        """The import that binds ``name``."""
        if self.attribute:
            shown = self.attribute if self.attribute == name else f"{self.attribute} as {name}"
            return f"from {self.module} import {shown}"
        if self.module.partition(".")[0] == name:
            return f"import {self.module}"
        return f"import {self.module} as {name}"


Target = Module | Definition | External


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of one scope: nested functions, classes and comprehensions are named, but not entered."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _COMPREHENSIONS):
            waiting += [inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)]
        elif not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)


def bound_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that the statements of one scope bind in that scope."""
    bound: set[str] = set()
    declared: set[str] = set()
    for node in own_nodes(nodes):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            declared.update(node.names)
    return bound - declared


def _changed(statement: ast.stmt) -> str | None:
    """The name whose value a statement changes in place, as ``TABLE[key] = value`` and ``TABLE.update(...)`` do."""
    if isinstance(statement, ast.Assign | ast.AugAssign):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        target = statement.value.func
    else:
        return None
    nested = isinstance(target, ast.Attribute | ast.Subscript)
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if nested and isinstance(target, ast.Name) else None


class Source:
    """One module: its text, its syntax, and what its module-level names are bound to."""

    def __init__(self, name: str, path: Path | None) -> None:
        self.name = name
        self.is_package = path is None or path.name == "__init__.py"
        self.text = b"" if path is None else path.read_bytes()
        self.tree = ast.parse(self.text)
        self.statements: dict[str, list[int]] = {}
        self.imports: dict[str, ast.Import | ast.ImportFrom] = {}
        self.stars: list[ast.ImportFrom] = []
        self._starts = [0]
        for line in self.text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        for place, statement in enumerate(self.tree.body):
            self._bind(place, statement)
        for place, statement in enumerate(self.tree.body):
            changed = _changed(statement)
            if changed in self.statements:
                self.statements[changed].append(place)

    def _bind(self, place: int, statement: ast.stmt) -> None:
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            self.stars.append(statement)
            return
        for name in bound_names([statement]):
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.imports[name] = statement
                self.statements.pop(name, None)
            else:
                self.statements.setdefault(name, []).append(place)

    def start(self, node: ast.AST) -> int:
        """Offset of a node's first byte."""
        return self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Offset behind a node's last byte."""
        return self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def line_start(self, line: int) -> int:
        """Offset of a line, counted from 1; one behind the last line is the end of the text."""
        return self._starts[min(line, len(self._starts)) - 1]

    def imported_modules(self) -> Iterator[str]:
        """Modules that running this one may import, in that order; some are names in a module instead."""
        for node in sorted(own_nodes(self.tree.body), key=lambda node: getattr(node, "lineno", 0)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self.absolute(node)
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)

    def absolute(self, statement: ast.ImportFrom) -> str:
        """The module that a ``from`` import names, with leading dots resolved."""
        if not statement.level:
            return statement.module or ""
        parts = self.name.split(".")
        kept = parts[: len(parts) - statement.level + self.is_package]
        return ".".join([*kept, *([statement.module] if statement.module else [])])


@cache
def _source(name: str, path: Path | None) -> Source:
    """A module's source, read once: it is that of the code that runs, and later changes of the file are not."""
    return Source(name, path)


class Project:
    """The modules that a script must not import: those beside this package, and the contract's own."""

    def __init__(self, contract_module: str = "") -> None:
        self._sources: dict[str, Source] = {}
        self._roots: dict[str, Path] = {}
        file = getattr(sys.modules.get(contract_module), "__file__", None)
        if file:
            depth = contract_module.count(".") + (Path(file).name == "__init__.py")
            self._roots[contract_module.partition(".")[0]] = Path(file).resolve().parents[depth]

    def path(self, name: str) -> Path | None:
        """The file or folder of a module of the project; ``None`` for any other module."""
        top = name.partition(".")[0]
        root = home.PACKAGE.parent if top == "conformance" else home.folder()
        base = self._roots.get(top, root).joinpath(*name.split("."))
        if not name:
            return None
        for path in (base / "__init__.py", base.with_name(base.name + ".py"), base):
            if path.exists() and (path.suffix == ".py" or path.is_dir()):
                return path
        return None

    def load(self, name: str) -> Source:
        """The source of a module of the project."""
        if name not in self._sources:
            path = self.path(name)
            if path is None:
                raise CannotInline(f"it uses {name}, which is not in this project")
            self._sources[name] = _source(name, None if path.is_dir() else path)
        return self._sources[name]

    def imported(self, source: Source, statement: ast.Import | ast.ImportFrom, bound: str) -> Target:
        """What an import statement of a module binds to ``bound``."""
        if isinstance(statement, ast.ImportFrom):
            module = source.absolute(statement)
            alias = next(alias for alias in statement.names if (alias.asname or alias.name) == bound)
            if self.path(module) is None:
                return External(module, alias.name, bound)
            return self.resolve(module, alias.name)
        alias = next(alias for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) == bound)
        module = alias.name if alias.asname else alias.name.partition(".")[0]
        return Module(module) if self.path(module) is not None else External(alias.name, "", bound)

    def resolve(self, module: str, name: str) -> Target:
        """What ``module.name`` is; :class:`CannotInline` where the source does not tell."""
        found = self.find(module, name)
        if found is None:
            raise CannotInline(f"where {module}.{name} comes from cannot be seen in its source")
        return found

    def find(self, module: str, name: str) -> Target | None:
        """What ``module.name`` is, or ``None``."""
        source = self.load(module)
        if name in source.statements:
            return Definition(module, name)
        if name in source.imports:
            return self.imported(source, source.imports[name], name)
        for star in source.stars:
            inner = source.absolute(star)
            if self.path(inner) is None:
                raise CannotInline(f"{module} imports everything from {inner}, so its names cannot be told apart")
            found = self.find(inner, name)
            if found is not None:
                return found
        inner = f"{module}.{name}"
        return Module(inner) if source.is_package and self.path(inner) is not None else None

    def order(self, names: Iterable[str]) -> list[str]:
        """Modules in the order in which importing them would run them."""
        done: list[str] = []
        seen: set[str] = set()

        def visit(name: str) -> None:
            if name in seen or self.path(name) is None:
                return
            seen.add(name)
            visit(name.rpartition(".")[0])
            for inner in self.load(name).imported_modules():
                visit(inner)
            done.append(name)

        for name in sorted(names):
            visit(name)
        return done
