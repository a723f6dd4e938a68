"""``conformance coverage``: what the declared contracts call of torch and of paddle, read from their sources.

Importing the suites declares the contracts and imports no framework. What a call names is found in its syntax, and in
that of the project's own functions and classes that it uses in turn: functions and classes of a framework by their
dotted names. A method of a tensor or a layer cannot be told by its type; it is listed by its name alone.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conformance import home, names
from conformance.contract import FRAMEWORKS, REGISTRY, Contract, ContractError
from conformance.portable import write_whole
from conformance.report.sources import CannotInline, Definition, External, Module, Project, Target

PACKAGES = {"torch": ("torch", "torchvision"), "paddle": ("paddle",)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was found to a file, by contract")


def main(options: argparse.Namespace) -> int:
    """Print the table. Raises ContractError where suites are missing, or the file cannot be written."""
    project = home.gate()
    if str(project.folder) not in sys.path:
        sys.path.insert(0, str(project.folder))
    names.import_suites(project.folder)
    rows = [row(contract) for contract in sorted(REGISTRY.values(), key=lambda each: (each.area, each.id))]
    if options.json is not None:
        try:
            write_whole(options.json, json.dumps({"schema": 1, "contracts": rows}, indent=1) + "\n")
        except OSError as error:
            raise ContractError(f"cannot write {options.json}: {error.strerror}; name another file") from error
    print("\n".join(lines(rows)))
    return 0


def row(contract: Contract) -> dict[str, Any]:
    """What one contract declares, as JSON-ready data. calls, methods: names that its call uses, by framework."""
    found = {framework: Calls(contract, framework) for framework in FRAMEWORKS}
    return {
        "id": contract.id,
        "area": contract.area,
        "gradients": list(contract.gradients),
        "variants": sorted(contract.variants),
        "unsupported": dict(contract.unsupported),
        "calls": {framework: sorted(each.functions) for framework, each in found.items()},
        "methods": {framework: sorted(each.methods) for framework, each in found.items()},
    }


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The table: for each area, its contracts and the functions that they call."""

    def named(some: list[dict[str, Any]], framework: str) -> list[str]:
        return sorted({name for row in some for name in row["calls"][framework]})

    for area in dict.fromkeys(row["area"] for row in rows):
        mine = [row for row in rows if row["area"] == area]
        yield f"{area}: {len(mine)} contracts, {sum(bool(row['gradients']) for row in mine)} of them with gradients"
        for framework in FRAMEWORKS:
            yield f"  {framework}: {', '.join(named(mine, framework)) or 'methods alone'}"
    counts = " and ".join(f"{len(named(rows, framework))} of {framework}" for framework in FRAMEWORKS)
    yield f"{len(rows)} contracts; their calls name {counts}: modules, functions and classes"


class Calls:
    """What one call of a contract names. functions: by dotted names. methods: what is called on anything else."""

    def __init__(self, contract: Contract, framework: str) -> None:
        self.functions: set[str] = set()
        self.methods: set[str] = set()
        self._packages = PACKAGES[framework]
        self._project = Project(contract.module)
        self._seen: set[Any] = set()
        self._function(contract.call(framework))

    def _function(self, function: Callable[..., Any]) -> None:
        """A function that is loaded, and those that it closes over."""
        code = getattr(function, "__code__", None)
        if code is None or code in self._seen or self._project.path(function.__module__) is None:
            return
        self._seen.add(code)
        for node in ast.walk(self._project.load(function.__module__).tree):
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
                if min([node.lineno, *(each.lineno for each in decorators)]) == code.co_firstlineno:
                    self._visit(function.__module__, node)
        for cell in function.__closure__ or ():
            if callable(cell.cell_contents):
                self._function(cell.cell_contents)

    def _visit(self, module: str, node: ast.AST) -> None:
        source = self._project.load(module)
        local = {
            alias.asname or alias.name.partition(".")[0]: each
            for each in ast.walk(node)
            if isinstance(each, ast.Import | ast.ImportFrom)
            for alias in each.names
        }
        waiting = [node]
        while waiting:
            each = waiting.pop()
            chain = _chain(each)
            if not chain:
                waiting += ast.iter_child_nodes(each)
                if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and not _chain(each.func):
                    self.methods.add(each.func.attr)
                continue
            try:
                statement = local.get(chain[0])
                target = (
                    self._project.imported(source, statement, chain[0])
                    if statement is not None
                    else self._project.find(module, chain[0])
                )
                self._follow(target, chain[1:])
            except CannotInline:  # a name that the sources do not tell, such as one from a star import of a framework
                continue

    def _follow(self, target: Target | None, rest: list[str]) -> None:
        while isinstance(target, Module) and rest:
            target, rest = self._project.find(target.name, rest[0]), rest[1:]
        if isinstance(target, External):
            dotted = ".".join(filter(None, [target.module, target.attribute, *rest]))
            if dotted.partition(".")[0] in self._packages:
                self.functions.add(dotted)
        elif isinstance(target, Definition) and (target.module, target.name) not in self._seen:
            self._seen.add((target.module, target.name))
            source = self._project.load(target.module)
            for place in source.statements[target.name]:
                self._visit(target.module, source.tree.body[place])
        elif target is None and rest:
            self.methods.add(rest[-1])


def _chain(node: ast.AST) -> list[str]:
    """``a.b.c`` as its names; empty for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []
