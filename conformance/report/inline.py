"""From a function to source without imports from this project: the function, and everything of the project it uses.

Definitions keep the order in which importing their modules would have made them, so that whatever one of them needs
while it is made already exists. Names are kept where they can be, and told apart by their module's where they cannot.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from types import FunctionType, ModuleType
from typing import Any

from conformance.contract import Contract
from conformance.report.literals import literal
from conformance.report.pieces import Cell, Piece
from conformance.report.sources import CannotInline, Definition, External, Module, Project, Source, Target

_UNWANTED = ("hypothesis", "pytest")


class Inliner:
    """Collects functions and what they use; :meth:`render` gives their source.

    reserved: names that the surrounding script defines itself.
    """

    def __init__(self, project: Project, reserved: Iterable[str] = ()) -> None:
        self.project = project
        self._taken = {*reserved, *dir(builtins)}
        self._pieces: dict[tuple[str, int], Piece] = {}
        self._functions: dict[int, tuple[str | Cell, Piece | None]] = {}
        self._constants: list[tuple[Cell, str]] = []
        self._names: dict[Any, str] = {}
        self._order: list[Target | Cell] = []
        self._shadowed: dict[Target | Cell, set[str]] = {}

    def add(self, function: Callable[..., Any], name: str) -> None:
        """Add a function under a name of the caller's choice, nested ones and closures too.

        Raises :class:`CannotInline` for what has no source, and for what its source refers to and cannot be carried.
        """
        if isinstance(function, functools.partial):
            raise CannotInline("the call is a functools.partial; write it as a function")
        if not isinstance(function, FunctionType):
            raise CannotInline(f"the call is a {type(function).__name__}, not a function written in Python")
        self._add(function, name)

    def require(self, function: Callable[..., Any]) -> None:
        """Add a module-level function of the project under its own name."""
        self._need(self.project.resolve(function.__module__, function.__name__))

    def keep(self, module: str, attribute: str, bound: str) -> None:
        """Add an import that the surrounding script uses itself; to be called first, so that it gets the name."""
        self._need(External(module, attribute, bound))

    def render(self, last: Iterable[str] = ()) -> tuple[list[str], list[str], list[str]]:
        """The import statements, the source of everything that was added, and apart that of the modules ``last``.

        Raises :class:`CannotInline` where two imports need one name.
        """
        for target in sorted(self._order, key=lambda target: not isinstance(target, External)):
            self._choose(target)
        imports = {
            target.statement(self._names[target])
            for target in self._order
            if isinstance(target, External) and target.module != "__future__"
        }
        parts = [f"{self._names[cell]} = {text}" for cell, text in self._constants]
        apart: list[str] = []
        for module in self.project.order({name for name, _ in self._pieces}):
            mine = [self._pieces[key].text(self._naming) for key in sorted(self._pieces) if key[0] == module]
            (apart if module in last else parts).extend([*mine, *self._namespace(module)])
        for given, function in self._functions.values():
            assert function is not None
            name = given if isinstance(given, str) else self._names[given]
            text = function.text(self._naming, name)
            parts.append(f"{name} = {text}" if isinstance(function.node, ast.Lambda) else text)
        return sorted(imports, key=_import_order), parts, apart

    def packages(self) -> set[str]:
        """Top-level packages, the standard library's too, that module-level imports need."""
        return {target.module.partition(".")[0] for target in self._order if isinstance(target, External)}

    # Collecting.

    def _need(self, target: Target | Cell) -> None:
        if target in self._shadowed:
            return
        self._shadowed[target] = set()
        self._order.append(target)
        if isinstance(target, Definition):
            self._need_definition(target)
        elif isinstance(target, Module):
            self.keep("types", "SimpleNamespace", "SimpleNamespace")
            for name in self._public(target):
                self._need(Definition(target.name, name))
        elif isinstance(target, Cell):
            self._need_cell(target)
        elif isinstance(target, External) and target.module.partition(".")[0] in _UNWANTED:
            raise CannotInline(f"it uses {target.module}, which draws and runs the tests")

    def _need_definition(self, target: Definition) -> None:
        value = getattr(sys.modules.get(target.module), target.name, None)
        if isinstance(value, Contract):
            raise CannotInline(f"it uses the contract {value.id} as a value")
        source = self.project.load(target.module)
        for place in source.statements[target.name]:
            if (target.module, place) not in self._pieces:
                piece = Piece(self.project, source, source.tree.body[place])
                self._pieces[target.module, place] = piece
                for name in piece.defined() & source.statements.keys():
                    self._need(Definition(target.module, name))
                self._follow(piece)

    def _need_cell(self, cell: Cell) -> None:
        value = cell.value
        if isinstance(value, FunctionType):
            self._add(value, cell)
        else:
            self._constants.append((cell, literal(value)))

    def _public(self, module: Module) -> list[str]:
        return [name for name in self.project.load(module.name).statements if not name.startswith("_")]

    def _namespace(self, name: str) -> list[str]:
        """For a module that is used as a value: an object with its public names."""
        module = Module(name)
        if module not in self._names:
            return []
        items = [f"{public}={self._names[Definition(name, public)]}" for public in self._public(module)]
        return [f"{self._names[module]} = SimpleNamespace({', '.join(items)})"]

    def _add(self, function: FunctionType, name: str | Cell) -> None:
        if id(function) in self._functions:
            raise CannotInline(f"{function.__qualname__} is a closure that is used under several names")
        self._functions[id(function)] = (name, None)
        piece = self._piece_of(function)
        del self._functions[id(function)]  # what it uses was added meanwhile, and comes before it
        self._functions[id(function)] = (name, piece)

    def _follow(self, piece: Piece) -> None:
        for reference in piece.references:
            self._need(reference.target)
            self._shadowed[reference.target] |= reference.shadowed

    def _piece_of(self, function: FunctionType) -> Piece:
        if self.project.path(function.__module__ or "") is None:
            raise CannotInline(f"{function.__qualname__} was not written in this project")
        source = self.project.load(function.__module__)
        cells = {name: self._plain(name, value) for name, value in inspect.getclosurevars(function).nonlocals.items()}
        piece = Piece(self.project, source, _definition_of(function, source), cells)
        self._follow(piece)
        return piece

    def _plain(self, name: str, value: Any) -> Any:
        """The target that a variable of an enclosing function stands for, or its value."""
        if isinstance(value, ModuleType):
            return External(value.__name__, "", name)
        module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        if isinstance(module, str) and qualified and getattr(sys.modules.get(module), qualified, None) is value:
            inside = self.project.path(module) is not None
            return self.project.resolve(module, qualified) if inside else External(module, qualified, name)
        return value

    # Naming.

    def _naming(self, target: Target | Cell) -> str:
        return self._names.get(target) or target.name  # type: ignore[union-attr]

    def _choose(self, target: Target | Cell) -> None:
        """Give a target a name that nothing else has, and that means nothing else where it is used."""
        if isinstance(target, External):
            same = [other for other in self._names if isinstance(other, External) and self._agree(other, target)]
            wanted, prefix = target.bound, target.module.replace(".", "_")
            if same:
                self._names[target] = self._names[same[0]]
                return
        else:
            wanted = target.name.rpartition(".")[2]
            prefix = getattr(target, "module", "given").rpartition(".")[2].strip("_")
        avoided = self._taken | self._shadowed[target]
        longer = f"{prefix}_{wanted.strip('_')}"
        candidates = [wanted, longer, *(f"{longer}_{number}" for number in range(2, 99))]
        chosen = next(name for name in candidates if name not in avoided)
        if isinstance(target, External) and not target.attribute and "." in target.module and chosen != wanted:
            raise CannotInline(f"its modules mean different things by {wanted}")
        self._taken.add(chosen)
        self._names[target] = chosen

    @staticmethod
    def _agree(one: External, other: External) -> bool:
        """Whether two imports may bind one name: equal ones, and ``import a`` with ``import a.b``."""
        if one.bound != other.bound or one.attribute != other.attribute:
            return False
        top = not one.attribute and one.bound == one.module.partition(".")[0] == other.module.partition(".")[0]
        return one.module == other.module or top


def _definition_of(function: FunctionType, source: Source) -> ast.AST:
    """The definition of a function object in the syntax of its module."""
    line, name = function.__code__.co_firstlineno, function.__code__.co_name
    kinds: Any = ast.Lambda if name == "<lambda>" else ast.FunctionDef
    found = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, kinds)
        and getattr(node, "name", name) == name
        and min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))]) == line
    ]
    if len(found) != 1:
        why = "is not where it was: its file has changed since it was imported" if not found else "shares its line"
        raise CannotInline(f"the definition of {function.__qualname__} in {source.name} {why}")
    return found[0]


def _import_order(statement: str) -> tuple[bool, bool, str]:
    module = statement.split()[1].partition(".")[0]
    return module not in sys.stdlib_module_names, statement.startswith("from"), statement
