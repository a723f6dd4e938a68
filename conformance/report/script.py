"""A divergence as a script of a few lines, to be pasted into an upstream issue.

It holds imports, the inputs, the framework's call as the contract writes it, what was expected, and one assertion. It
imports nothing of this project: exit status 1 where the framework diverges, 0 where it agrees.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import re
import sys
import textwrap
import types
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance import home
from conformance.accuracy import Rejects, as_acceptance
from conformance.contract import GRADIENT, Contract, Sample
from conformance.dtypes import has_gradient
from conformance.lanes.lane import RESERVED
from conformance.report.literals import NoScriptError, literal, number

LONGEST = 25
"""Lines of a script that somebody reads."""
WIDTH = 116
VIEWS = {
    "transposed": ("np.ascontiguousarray({0}.T)", ".moveaxis({1}, {2})"),
    "sliced": ("np.repeat({0}, 2, axis=-1)", "[..., ::2]"),
    "expanded": ("{0}[:1]", ".expand({3})"),
    "flipped": ("np.flip({0}, -1).copy()", "{4}"),
}
FLIPPED = {"torch": ".flip(-1)", "paddle": "[..., ::-1]"}
INNERMOST = {
    4: ".contiguous(memory_format=torch.channels_last)",
    5: ".contiguous(memory_format=torch.channels_last_3d)",
}
NARROW = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
"""Dtypes that NumPy lacks; float32 has their numbers."""
NUMPY = "import numpy as np"
DEFINED = 12
"""Lines of helpers that a script may hold."""


@dataclass(frozen=True)
class Shown:
    """What a script shows. quantity: by name. place: of the element, or ``None`` where kind is no value.

    kind: value, whole (every element of it), shape, dtype, missing (the quantity is not returned), refused or accepted
        (of the call as a whole).
    """

    kind: str
    quantity: str = "output"
    place: tuple[int, ...] = ()


def script(
    contract: Contract,
    framework: str,
    sample: Sample,
    accepted: Mapping[str, Any] | Rejects,
    shown: Shown,
    about: Sequence[str],
    device: str = "cpu",
) -> str:
    """The text. accepted: what the call should give. about: paragraphs of what it is about.

    Raises NoScriptError where the call is more than a few lines, uses code of this project, or the sample is large.
    """
    call = call_of(contract, framework)
    inputs = {name: value for name, value in sample.inputs.items() if name not in RESERVED}
    lacking = call.names - inputs.keys() - {"call"}
    if lacking:
        raise NoScriptError(f"the call has an argument {min(lacking)!r} that the sample does not name")
    asked = shown.quantity.startswith(GRADIENT) and "cotangent" in sample.inputs
    # As in a lane, every input with a gradient asks for one: a framework may take another way where only some do.
    backward = asked or (shown.kind == "refused" and "cotangent" in sample.inputs)
    layouts = sample.inputs.get("layouts", {})
    lines, plain = [], {}
    for name, value in inputs.items():
        if contract.tensors and isinstance(value, np.ndarray):
            wanted = backward and name in contract.gradients and has_gradient(value)
            lines.append(f"{name} = {tensor(value, framework, wanted, layouts.get(name), device)}")
        else:
            plain[name] = literal(value)
    leaves = [name for name in contract.gradients if has_gradient(inputs.get(name))] if backward else []
    body = _body(call.given(plain), framework, sample, accepted, shown, leaves, device)
    text = "\n".join([*lines, *body])
    own = [line for line in call.imports if re.search(rf"\b{line.split()[-1].partition('.')[0]}\b", text)]
    more = [NUMPY] if "np." in text else []
    found = {*more, *(own or call.imports), *([f"import {framework}"] if f"{framework}." in text else [])}
    imports = sorted(found, key=lambda line: (line.startswith("from"), line))
    return fitting(docstring(about) + "\n".join([*imports, "", text, ""]))


def docstring(paragraphs: Sequence[str]) -> str:
    """The head of a script: what it is about."""
    told = " ".join(paragraphs).replace("\\", "\\\\").replace('"', "'")
    return "\n".join(textwrap.wrap(f'"""{told}"""', WIDTH, break_long_words=False, break_on_hyphens=False)) + "\n"


def fitting(text: str) -> str:
    """The text. Raises NoScriptError where it is too long to be read."""
    count = len(text.splitlines())
    if count > LONGEST:
        raise NoScriptError(f"it would have {count} lines; replay the sample")
    return text


def tensor(value: np.ndarray, framework: str, wanted: bool, layout: str | None = None, device: str = "cpu") -> str:
    """Source of a tensor with an array's values, whose gradient is wanted or not, in a layout of the lanes."""
    narrow = value.dtype.name if value.dtype.name in NARROW else None
    given = literal(value.astype(np.float32) if narrow else value)
    before, after = VIEWS.get(layout or "", ("{0}", ""))
    axes = tuple(range(value.ndim))
    after = after.format(None, axes, axes[::-1], value.shape, FLIPPED[framework])
    if layout == "channels_last" and framework == "torch":
        after = INNERMOST[value.ndim]
    place = "" if device == "cpu" else f", device={device!r}"
    if framework == "torch":
        made = f"torch.tensor({before.format(given)}{place})" + (f".to(torch.{narrow})" if narrow else "")
        made += ".requires_grad_()" if wanted else ""
    else:
        made = f"paddle.to_tensor({before.format(given)}" + (", stop_gradient=False)" if wanted else ")")
        made += f".astype({narrow!r})" if narrow else ""
    return made + after


def _body(
    call: Call,
    framework: str,
    sample: Sample,
    accepted: Mapping[str, Any] | Rejects,
    shown: Shown,
    leaves: Sequence[str],
    device: str,
) -> list[str]:
    leaf = shown.quantity.removeprefix(GRADIENT)
    if leaves:
        before, result = _backward(call, framework, sample, leaves, device)
        result += f"[{leaves.index(leaf) if leaf in leaves else 0}]"
    else:
        name = "output" if shown.kind in ("refused", "accepted") else shown.quantity
        before, result = [], ast.unparse(picked(call.result, name))
    if shown.kind in ("refused", "accepted"):
        return _tried([*call.statements, *before], result, shown.kind, accepted)
    lines = [*call.statements, *before]
    if shown.kind == "missing":
        return [*lines, f"got = {result}", f'assert got is not None, "{shown.quantity} is missing"']
    assert isinstance(accepted, Mapping)
    item = as_acceptance(accepted[shown.quantity])
    if shown.kind == "shape":
        shape = np.shape(item.value)
        return [*lines, f"got = {result}", f'assert tuple(got.shape) == {shape}, f"got shape {{tuple(got.shape)}}"']
    if shown.kind == "dtype":
        return [*lines, f"got = {result}", f'assert str(got.dtype).endswith({item.dtype!r}), f"got {{got.dtype}}"']
    narrow = item.dtype in NARROW
    wide = (".float()" if framework == "torch" else '.astype("float32")') if narrow else ""
    away = "" if device == "cpu" else ".cpu()"
    if np.iscomplexobj(item.value) and framework == "torch":
        away += ".resolve_conj()"  # NumPy reads no tensor whose conjugate is still to be taken
    if shown.kind == "whole":
        value, bound = np.asarray(item.value), np.broadcast_to(np.asarray(item.bound, np.float64), np.shape(item.value))
        lines += [
            f"got = np.asarray({result}{wide}{away})",
            f"expected = {literal(value)}",
            f"allowed = {literal(bound)}",
        ]
        return [*lines, 'assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"']
    if len(shown.place) == 1:
        lines.append(f"got = np.ravel({result}{wide}{away})[{shown.place[0]}]")
    else:
        lines.append(f"got = np.asarray({result}{wide}{away}){list(shown.place) or '[()]'}")
    return lines + _asserted(
        np.asarray(item.value)[shown.place], np.broadcast_to(item.bound, np.shape(item.value)), shown
    )


def _backward(call: Call, framework: str, sample: Sample, leaves: Sequence[str], device: str) -> tuple[list[str], str]:
    """Statements before the gradients of ``leaves``, and the expression of all of them."""
    back = sample.inputs["cotangent"]
    back = back if isinstance(back, Mapping) else {"output": back}
    results = [ast.unparse(picked(call.result, name)) for name in back]
    cotangents = [tensor(each, framework, False, None, device) for each in back.values()]
    module, given = "torch.autograd" if framework == "torch" else "paddle", ", ".join(leaves)
    if len(results) == 1:
        lines = [f"output = {results[0]}", f"cotangent = {cotangents[0]}"]
        return lines, f"{module}.grad([output], [{given}], [cotangent], allow_unused=True)"
    lines = [f"outputs = [{', '.join(results)}]", f"cotangents = [{', '.join(cotangents)}]"]
    return lines, f"{module}.grad(outputs, [{given}], cotangents, allow_unused=True)"


def _asserted(expected: Any, bounds: np.ndarray, shown: Shown) -> list[str]:
    bound = float(bounds[shown.place]) if bounds.dtype.kind == "f" else 0.0
    told = 'f"got {got}, expected {expected}"'
    if np.asarray(expected).dtype.kind in "fc" and np.isnan(expected):
        return ['assert np.isnan(got), f"got {got}, expected NaN"']
    text = f"expected = {number(expected)}"
    if not bound or not np.isfinite(expected):
        return [text, f"assert got == expected, {told}"]
    return [text, f"assert abs(got - expected) <= {bound:.2g}, {told}"]


def _tried(before: Sequence[str], result: str, kind: str, accepted: Mapping[str, Any] | Rejects) -> list[str]:
    inner = [line for text in (*before, result) for line in text.splitlines()]
    if kind == "refused":
        return [
            "try:",
            *(f"    {line}" for line in inner),
            "except Exception as error:",
            '    raise AssertionError(f"refused: {error}") from error',
        ]
    reason = accepted.reason if isinstance(accepted, Rejects) else "an error"
    return [
        "try:",
        *(f"    {line}" for line in inner[:-1]),
        f"    got = {inner[-1]}",
        "except Exception:",
        "    got = None",
        f"assert got is None, f{f'not refused ({reason}): got {{got}}'!r}",
    ]


# The call


@dataclass(frozen=True)
class Call:
    """A framework's call as source. names: inputs that it reads. statements: what comes before its result."""

    imports: tuple[str, ...]
    statements: tuple[str, ...]
    result: ast.expr
    names: frozenset[str]

    def given(self, plain: Mapping[str, str]) -> Call:
        """The call with the source of plain inputs in the place of their names, where it does not assign to them."""
        trees = [ast.parse(text) for text in self.statements]
        own = {each.id for tree in trees for each in ast.walk(tree) if isinstance(each, ast.Name) and _stored(each)}
        filled = _Filled({name: text for name, text in plain.items() if name not in own})
        before = [f"{name} = {plain[name]}" for name in sorted(own & plain.keys())]
        after = [ast.unparse(filled.visit(tree)) for tree in trees]
        return replace(self, statements=(*before, *after), result=filled.visit(copy.deepcopy(self.result)))


def call_of(contract: Contract, framework: str) -> Call:
    """The call of a contract as source. Raises NoScriptError where it needs more than a few lines of this project."""
    if contract.sources:
        tree = ast.parse(contract.sources[framework], mode="eval").body
        assert isinstance(tree, ast.Lambda)
        return _in_terms_of(framework, tree, vars(sys.modules[contract.module]))
    function = contract.call(framework)
    inner = getattr(function, "declared", None)
    if inner is not None:  # of an operator, which is given the framework's module
        return _in_terms_of(framework, _node(inner), vars(sys.modules[contract.module]))
    return _as_call(_node(function), set(), function.__globals__)


def _in_terms_of(framework: str, node: Any, scope: Mapping[str, Any]) -> Call:
    first = node.args.args.pop(0).arg
    return _as_call(_Renamed(first, framework).visit(node), {framework}, scope)


def _as_call(node: Any, known: set[str], scope: Mapping[str, Any]) -> Call:
    """A function's statements and its result; one with several ways out is defined as it is, and called."""
    if node.args.vararg or node.args.kwarg:
        raise NoScriptError("the call takes whatever it is given; replay the sample")
    arguments = {each.arg for each in [*node.args.args, *node.args.kwonlyargs]}
    if isinstance(node, ast.Lambda):
        return _checked((), (), node.body, known, arguments, scope)
    lines = [line for line in node.body if not isinstance(line, ast.Import | ast.ImportFrom)]
    lines = lines[1:] if ast.get_docstring(node) is not None else lines
    *before, last = lines
    several = any(isinstance(each, ast.Return) for line in before for each in ast.walk(line))
    imports = tuple(ast.unparse(line) for line in node.body if isinstance(line, ast.Import | ast.ImportFrom))
    inside = [line for line in node.body if isinstance(line, ast.Import | ast.ImportFrom)]
    known = known | {alias.asname or alias.name.partition(".")[0] for line in inside for alias in line.names}
    if not several and isinstance(last, ast.Return) and last.value is not None:
        return _checked(imports, tuple(before), last.value, known, arguments, scope)
    given = ast.parse(f"call({', '.join(f'{name}={name}' for name in sorted(arguments))})", mode="eval").body
    whole = ast.FunctionDef(name="call", args=node.args, body=lines, decorator_list=[])
    return _checked(imports, (ast.fix_missing_locations(whole),), given, known | {"call"}, arguments, scope)


def _node(function: Any) -> Any:
    """The syntax of a function, or of a lambda."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        raise NoScriptError("the call has no source")
    tree = ast.parse(inspect.getsource(sys.modules[function.__module__]))
    wanted = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            lines = [node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]
            arguments = tuple(each.arg for each in [*node.args.args, *node.args.kwonlyargs])
            if min(lines) == code.co_firstlineno and arguments == wanted:
                return node
    raise NoScriptError("the call has no source")


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


class _Filled(ast.NodeTransformer):
    """Puts plain values where the names of inputs are."""

    def __init__(self, plain: Mapping[str, str]) -> None:
        self.plain = plain

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(self.plain[node.id], mode="eval").body if node.id in self.plain else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """A choice that plain values decide is made here."""
        self.generic_visit(node)
        if any(isinstance(each, ast.Name | ast.Call | ast.Attribute) for each in ast.walk(node.test)):
            return node
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of "is not None" with a number
            chosen = eval(compile(ast.fix_missing_locations(ast.Expression(node.test)), "choice", "eval"), {})
        return node.body if chosen else node.orelse


class _Renamed(ast.NodeTransformer):
    """Puts the framework's name where the parameter that stands for it is."""

    def __init__(self, name: str, framework: str) -> None:
        self.name, self.framework = name, framework

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.framework, node.ctx) if node.id == self.name else node


def _checked(
    imports: tuple[str, ...],
    statements: tuple[ast.stmt, ...],
    result: ast.expr,
    known: set[str],
    arguments: set[str],
    scope: Mapping[str, Any],
) -> Call:
    """A call whose names are inputs, imported, builtin, modules of its scope, or its own; any other has no script."""
    definitions: dict[str, str] = {}
    more: set[str] = set()
    _collect([*statements, result], known | arguments, scope, definitions, more)
    found = (*imports, *sorted(more))
    ours = home.packages(home.roots())
    if any(line.split()[1].partition(".")[0] in ours for line in found):
        raise NoScriptError("the call uses code of this project; replay the sample")
    reads = {each.id for part in (*statements, result) for each in ast.walk(part) if isinstance(each, ast.Name)}
    before = (*reversed(definitions.values()), *(ast.unparse(line) for line in statements))
    return Call(found, before, result, frozenset(reads & arguments))


def _collect(
    parts: Sequence[ast.AST], known: set[str], scope: Mapping[str, Any], definitions: dict[str, str], imports: set[str]
) -> None:
    """What parts of a call need of its file: modules, constants, and functions of a few lines, theirs included."""
    nodes = [each for part in parts for each in ast.walk(part)]
    own = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    own |= {each.arg for each in nodes if isinstance(each, ast.arg)}
    own |= {each.name for each in nodes if isinstance(each, ast.FunctionDef)}
    own |= {each.asname or each.name.partition(".")[0] for each in nodes if isinstance(each, ast.alias)}
    used = {each.id for each in nodes if isinstance(each, ast.Name)} - own - known
    for name in sorted(used - definitions.keys()):
        value = scope.get(name)
        if isinstance(value, types.ModuleType):
            imports.add(f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}"))
        elif isinstance(value, types.FunctionType):
            node = _node(value)
            text = ast.unparse(_undecorated(node, name))
            if sum(len(each.splitlines()) for each in (*definitions.values(), text)) > DEFINED:
                raise NoScriptError(f"the call uses {name} of this project; replay the sample")
            definitions[name] = text
            _collect([node], {name}, value.__globals__, definitions, imports)
        elif isinstance(value, int | float | str | tuple):
            definitions[name] = f"{name} = {literal(value)}"
        elif not hasattr(builtins, name):
            raise NoScriptError(f"the call uses {name} of this project; replay the sample")


def _undecorated(node: Any, name: str) -> ast.stmt:
    """A function's definition without decorators, annotations and docstring; a lambda as an assignment."""
    if isinstance(node, ast.Lambda):
        return ast.fix_missing_locations(ast.Assign([ast.Name(name, ast.Store())], node))
    node.decorator_list, node.returns = [], None
    for each in (*node.args.args, *node.args.kwonlyargs):
        each.annotation = None
    if ast.get_docstring(node) is not None:
        node.body = node.body[1:]
    made: ast.stmt = node
    return made


def picked(result: ast.expr, name: str) -> ast.expr:
    """The part of a call's result that is called ``name`` in an observation (see ``lane.flatten``)."""
    if isinstance(result, ast.Dict):
        for key, value in zip(result.keys, result.values, strict=True):
            said = key.value if isinstance(key, ast.Constant) else None
            if isinstance(said, str) and (name == said or name.startswith(f"{said}.")):
                return _indexed(value, name.removeprefix(said))
    if name == "output" or name.startswith("output."):
        return _indexed(result, name.removeprefix("output"))
    return ast.Subscript(result, ast.Constant(name), ast.Load())


def _indexed(result: ast.expr, rest: str) -> ast.expr:
    for part in filter(None, rest.split(".")):
        if part.isdigit() and isinstance(result, ast.Tuple | ast.List):
            result = result.elts[int(part)]
        else:
            result = ast.Subscript(result, ast.Constant(int(part) if part.isdigit() else part), ast.Load())
    return result
