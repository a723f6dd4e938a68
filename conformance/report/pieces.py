"""One piece of source that a standalone script carries: which names in it must be replaced, and its text after that.

The text is edited in place rather than generated anew from its syntax, so that comments and layout survive.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.report.sources import CannotInline, Definition, External, Module, Project, Source, Target, bound_names

_FILE_NAMES = ("__file__", "__path__", "__spec__", "__package__")
_DYNAMIC = ("import_module", "__import__", "globals", "eval", "exec")


@dataclass(frozen=True, eq=False)
class Cell:
    """The value of a variable of an enclosing function."""

    name: str
    value: Any


@dataclass
class Reference:
    """An expression that stands for ``target``; ``shadowed`` are the names that mean something else at that place."""

    node: ast.expr
    target: Target | Cell
    shadowed: set[str]
    string: ast.JoinedStr | None


@dataclass
class _Scope:
    is_class: bool
    bound: set[str]
    imported: dict[str, Target] = field(default_factory=dict)


Edit = tuple[int, int, str]
Naming = Callable[[Any], str]


class Piece(ast.NodeVisitor):
    """A statement of a module, or the definition of one function, with what it refers to.

    cells: for a function object, the variables of enclosing functions by name, as values or targets.

    Annotations are dropped: a script does not need them, and they would draw in what they name.
    """

    def __init__(self, project: Project, source: Source, node: ast.AST, cells: Mapping[str, Any] | None = None) -> None:
        self.project, self.source, self.node = project, source, node
        self.cells = {name: _as_target(name, value) for name, value in (cells or {}).items()}
        self._bare = cells is not None
        self.references: list[Reference] = []
        self._edits: list[Edit] = []
        self._global: list[ast.Global] = []
        self._scopes: list[_Scope] = []
        self._string: ast.JoinedStr | None = None
        self.visit(node)

    # What the names in it are.

    def visit_Name(self, node: ast.Name) -> None:
        self._refer(node, self._lookup(node.id))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain: list[ast.Attribute] = []
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            chain.insert(0, root)
            root = root.value
        if not isinstance(root, ast.Name):
            self.visit(root)
            return
        target = self._lookup(root.id)
        at: ast.expr = root
        for part in chain:
            if not isinstance(target, Module):
                break
            target, at = self.project.resolve(target.name, part.attr), part
        self._refer(at, target)

    def _refer(self, node: ast.expr, target: Target | Cell | None) -> None:
        if target is None:
            return
        shadowed = set().union(*(scope.bound for scope in self._visible()))
        self.references.append(Reference(node, target, shadowed, self._string))

    def _visible(self) -> list[_Scope]:
        return [scope for scope in self._scopes if not scope.is_class or scope is self._scopes[-1]]

    def _lookup(self, name: str) -> Target | Cell | None:
        for scope in reversed(self._visible()):
            if name in scope.imported:
                return scope.imported[name]
            if name in scope.bound:
                return None
        if name in self.cells:
            return self.cells[name]
        if name in _FILE_NAMES:
            raise CannotInline(f"{self.source.name} looks for files beside itself ({name})")
        found = self.project.find(self.source.name, name)
        if found is None and not hasattr(builtins, name) and not name.startswith("__"):
            raise CannotInline(f"where {name} in {self.source.name} comes from cannot be seen in its source")
        return found

    def visit_Call(self, node: ast.Call) -> None:
        """Code that is found by a name in a string cannot be followed, unless the string is that of another package."""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in _DYNAMIC and (isinstance(node.func, ast.Name) or called == "import_module"):
            asked = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if not isinstance(asked, str) or self.project.path(asked) is not None:
                raise CannotInline(f"{self.source.name} finds code by name at run time ({called})")
        self.generic_visit(node)

    # Scopes.

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        # Of a function object the decorators are done: it is what they were given, or what they have made.
        decorators = [] if self._bare and node is self.node else node.decorator_list
        for outer in (*decorators, *node.args.defaults, *node.args.kw_defaults):
            if outer is not None:
                self.visit(outer)
        self._function(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for argument in _arguments(node.args):
            if argument.annotation is not None:
                begin, end = self.source.start(argument) + len(argument.arg.encode()), self.source.end(argument)
                spaced = self.source.text[end : end + 3] == b" = "
                self._edits.append((begin, end + 3 * spaced, "=" * spaced))
        if node.returns is not None:
            arrow = self.source.text.rindex(b"->", 0, self.source.start(node.returns))
            begin = len(self.source.text[:arrow].rstrip())
            self._edits.append((begin, self.source.end(node.returns), ""))
        with self._scope(False, node.body, {argument.arg for argument in _arguments(node.args)}):
            self._body(node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        with self._scope(False, [node.body], {argument.arg for argument in _arguments(node.args)}):
            self.visit(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        with self._scope(True, node.body, set()):
            self._body(node.body)

    def _comprehension(self, node: Any) -> None:
        self.visit(node.generators[0].iter)
        targets = bound_names([generator.target for generator in node.generators])
        with self._scope(False, [], targets):
            for place, generator in enumerate(node.generators):
                for part in (generator.target, *generator.ifs, *([generator.iter] if place else [])):
                    self.visit(part)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self.visit(part)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    @contextlib.contextmanager
    def _scope(self, is_class: bool, body: Sequence[ast.AST], arguments: set[str]) -> Iterator[None]:
        self._scopes.append(_Scope(is_class, bound_names(body) | arguments))
        yield
        self._scopes.pop()

    # Statements that need more than new names.

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        outer, self._string = self._string, self._string or node
        self.generic_visit(node)
        self._string = outer

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self._scopes and self._scopes[-1].is_class:  # the fields of a dataclass are annotations
            for inner in ast.walk(node.annotation):
                if isinstance(inner, ast.Name) and inner.id in ("ClassVar", "InitVar", "KW_ONLY"):
                    self.visit(inner)
        elif node.value is None:
            self._edits.append((self.source.start(node), self.source.end(node), "pass"))
            return
        else:
            self._edits.append((self.source.end(node.target), self.source.end(node.annotation), ""))
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_Global(self, node: ast.Global) -> None:
        names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in node.names]
        for name in names:
            self.visit(name)
        if any(reference.node in names for reference in self.references):
            self._global.append(node)

    def generic_visit(self, node: ast.AST) -> None:
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                self._body(value)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def _body(self, statements: Sequence[ast.stmt]) -> None:
        """A block: imports of the project go, its names are then found where they were defined."""
        imports = (ast.Import, ast.ImportFrom)
        ours = [item for item in statements if isinstance(item, imports) and self._import(item)]
        for statement in statements:
            if statement not in ours:
                self.visit(statement)
        for place, statement in enumerate(ours):
            self._remove(statement, needs_pass=place == 0 and len(ours) == len(statements))

    def _import(self, node: ast.Import | ast.ImportFrom) -> bool:
        """Note a function's own import of something in the project; whether it is one."""
        if isinstance(node, ast.ImportFrom):
            names = [self.source.absolute(node)]
        else:
            names = [alias.name for alias in node.names]
        inside = [self.project.path(name) is not None for name in names]
        if not any(inside):
            return False
        if not all(inside) or node.names[0].name == "*" or not self._scopes:
            raise CannotInline(f"{self.source.name} mixes imports on line {node.lineno}")
        scope = self._scopes[-1]
        for alias in node.names:
            bound = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.partition(".")[0])
            target = self.project.imported(self.source, node, bound)
            if scope.imported.get(bound, target) != target:
                raise CannotInline(f"{self.source.name} imports two things as {bound}")
            scope.imported[bound] = target
            scope.bound.discard(bound)
        return True

    def _remove(self, node: ast.stmt, needs_pass: bool) -> None:
        begin, end = self.source.start(node), self.source.end(node)
        line, after = self.source.line_start(node.lineno), self.source.line_start((node.end_lineno or 0) + 1)
        rest = self.source.text[end:after].strip()
        alone = not self.source.text[line:begin].strip() and (not rest or rest.startswith(b"#"))
        if needs_pass or not alone:
            self._edits.append((begin, end, "pass"))
            return
        following = self.source.text[after:].split(b"\n", 1)[0]
        self._edits.append((line, after + (len(following) + 1 if not following.strip() else 0), ""))

    # The text.

    def defined(self) -> set[str]:
        """Module-level names that the piece binds."""
        return bound_names([self.node]) if isinstance(self.node, ast.stmt) else set()

    def text(self, naming: Naming, name: str = "") -> str:
        """The source with ``naming(target)`` in place of every reference; ``name`` renames a function."""
        edits = [*self._edits, *self._strings(naming)]
        edits += [self._edit(item.node, naming(item.target)) for item in self.references if self._is_plain(item)]
        for statement in self._global:
            names = [naming(Definition(self.source.name, old)) for old in statement.names]
            edits.append((self.source.start(statement), self.source.end(statement), f"global {', '.join(names)}"))
        node = self.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            edits.append(self._header(node, name or naming(Definition(self.source.name, node.name))))
        first = self.source.start(node)
        if getattr(node, "decorator_list", None) and not self._bare:
            first = self.source.line_start(node.decorator_list[0].lineno)  # type: ignore[attr-defined]
        return self._cut(first, self.source.end(node), edits)

    def _is_plain(self, item: Reference) -> bool:
        return item.string is None and hasattr(item.node, "lineno")

    def _edit(self, node: ast.expr, text: str) -> Edit:
        return self.source.start(node), self.source.end(node), text

    def _header(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, name: str) -> Edit:
        begin = self.source.start(node)
        found = re.compile(rb"(async\s+)?(def|class)\s+").match(self.source.text, begin)
        assert found is not None
        return found.end(), found.end() + len(node.name.encode()), name

    def _strings(self, naming: Naming) -> Iterator[Edit]:
        """Formatted strings with a replaced name: before Python 3.12 the places inside of them are not reliable."""
        by_string: dict[ast.JoinedStr, dict[int, str]] = {}
        for item in self.references:
            if item.string is not None and naming(item.target) != ast.unparse(item.node):
                by_string.setdefault(item.string, {})[id(item.node)] = naming(item.target)
        for string, names in by_string.items():
            try:
                yield self.source.start(string), self.source.end(string), ast.unparse(_replaced(string, names))
            except ValueError:
                raise CannotInline(f"{self.source.name} has a formatted string that cannot be rewritten") from None

    def _cut(self, begin: int, end: int, edits: list[Edit]) -> str:
        column = begin - (self.source.text.rfind(b"\n", 0, begin) + 1)
        text, at = b"", begin
        for first, last, new in sorted([*edits, *self._outdents(column)], key=lambda edit: (edit[0], -edit[1])):
            if first >= at:  # else it lies within a part that was replaced as a whole
                text += self.source.text[at:first] + new.encode()
                at = last
        return (text + self.source.text[at:end]).decode()

    def _outdents(self, column: int) -> Iterator[Edit]:
        """Edits that move a nested function to the margin, leaving the insides of strings alone."""
        first, last = self.node.lineno + 1, self.node.end_lineno  # type: ignore[attr-defined]
        kept: set[int] = set()
        texts = {id(node.value) for node in ast.walk(self.node) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.node):
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in texts:
                kept.update(range(node.lineno + 1, (node.end_lineno or 0) + 1))
        for line in range(first, last + 1) if column else ():
            begin = self.source.line_start(line)
            blank = re.compile(rb" {0,%d}" % column).match(self.source.text, begin)
            if line not in kept and blank is not None:
                yield begin, blank.end(), ""


def _as_target(name: str, value: Any) -> Target | Cell:
    return value if isinstance(value, Module | Definition | External) else Cell(name, value)


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    single = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *single]


def _replaced(string: ast.JoinedStr, names: Mapping[int, str]) -> ast.JoinedStr:
    memo: dict[int, Any] = {}
    copied = copy.deepcopy(string, memo)
    wanted = {id(memo[key]): name for key, name in names.items()}

    class Rename(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if id(node) in wanted:
                return ast.Name(wanted[id(node)], ast.Load())
            return super().visit(node)

    renamed = Rename().visit(copied)
    assert isinstance(renamed, ast.JoinedStr)
    return renamed
