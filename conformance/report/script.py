"""A divergence as a script of a few lines, to be pasted into an upstream issue.

It holds imports, the inputs, the framework's call as the contract writes it, what was expected, and one assertion. It
imports nothing of this project: exit status 1 where the framework diverges, 0 where it agrees.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import sys
import textwrap
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance.accuracy import Acceptance, Rejects
from conformance.contract import Contract, Sample
from conformance.dtypes import has_gradient
from conformance.lanes.lane import RESERVED
from conformance.report.literals import NoScriptError, literal, number

LONGEST = 25
"""Lines of a script that somebody reads."""
WIDTH = 116
GRADIENT = "gradient."
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
NUMPY = "import numpy as np"
OURS = ("conformance", "reference_impl", "suites")


@dataclass(frozen=True)
class Shown:
    """What a script shows. quantity: by name. place: of the element, or ``None`` where kind is no value.

    kind: value, shape, dtype, missing (the quantity is not returned), refused or accepted (of the call as a whole).
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
    lacking = call.names - inputs.keys()
    if lacking:
        raise NoScriptError(f"the call has an argument {min(lacking)!r} that the sample does not name")
    leaf = shown.quantity.removeprefix(GRADIENT) if shown.quantity.startswith(GRADIENT) else None
    layouts = sample.inputs.get("layouts", {})
    lines, plain = [], {}
    for name, value in inputs.items():
        if contract.tensors and isinstance(value, np.ndarray):
            lines.append(
                f"{name} = {tensor(value, framework, name == leaf and has_gradient(value), layouts.get(name), device)}"
            )
        else:
            plain[name] = literal(value)
    text = "\n".join([*lines, *_body(call.given(plain), framework, sample, accepted, shown, leaf, device)])
    own = [line for line in call.imports if line.split()[-1].partition(".")[0] + "." in text]
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
    narrow = value.dtype.name if value.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2") else None
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
    leaf: str | None,
    device: str,
) -> list[str]:
    if shown.kind in ("refused", "accepted"):
        return _tried(call, shown.kind, accepted)
    lines = list(call.statements)
    if leaf is None:
        result = ast.unparse(picked(call.result, shown.quantity))
    else:
        back = sample.inputs["cotangent"]
        back = back if isinstance(back, Mapping) else {"output": back}
        results = [ast.unparse(picked(call.result, name)) for name in back]
        cotangents = [tensor(each, framework, False, None, device) for each in back.values()]
        module = "torch.autograd" if framework == "torch" else "paddle"
        if len(results) == 1:
            lines += [f"output = {results[0]}", f"cotangent = {cotangents[0]}"]
            result = f"{module}.grad([output], [{leaf}], [cotangent], allow_unused=True)[0]"
        else:
            lines += [f"outputs = [{', '.join(results)}]", f"cotangents = [{', '.join(cotangents)}]"]
            result = f"{module}.grad(outputs, [{leaf}], cotangents, allow_unused=True)[0]"
    if shown.kind == "missing":
        return [*lines, f"got = {result}", f'assert got is not None, "{shown.quantity} is missing"']
    assert isinstance(accepted, Mapping)
    item = accepted[shown.quantity]
    item = item if isinstance(item, Acceptance) else Acceptance(np.asarray(item))
    if shown.kind == "shape":
        shape = np.shape(item.value)
        return [*lines, f"got = {result}", f'assert tuple(got.shape) == {shape}, f"got shape {{tuple(got.shape)}}"']
    if shown.kind == "dtype":
        return [*lines, f"got = {result}", f'assert str(got.dtype).endswith({item.dtype!r}), f"got {{got.dtype}}"']
    narrow = item.dtype in ("bfloat16", "float8_e4m3fn", "float8_e5m2")
    wide = (".float()" if framework == "torch" else '.astype("float32")') if narrow else ""
    away = "" if device == "cpu" else ".cpu()"
    if np.iscomplexobj(item.value) and framework == "torch":
        away += ".resolve_conj()"  # NumPy reads no tensor whose conjugate is still to be taken
    lines.append(f"got = np.asarray({result}{wide}{away}){list(shown.place) or '[()]'}")
    return lines + _asserted(
        np.asarray(item.value)[shown.place], np.broadcast_to(item.bound, np.shape(item.value)), shown
    )


def _asserted(expected: Any, bounds: np.ndarray, shown: Shown) -> list[str]:
    bound = float(bounds[shown.place]) if bounds.dtype.kind == "f" else 0.0
    told = 'f"got {got}, expected {expected}"'
    if np.asarray(expected).dtype.kind in "fc" and np.isnan(expected):
        return ['assert np.isnan(got), f"got {got}, expected NaN"']
    text = f"expected = {number(expected)}"
    if not bound or not np.isfinite(expected):
        return [text, f"assert got == expected, {told}"]
    return [text, f"assert abs(got - expected) <= {bound:.2g}, {told}"]


def _tried(call: Call, kind: str, accepted: Mapping[str, Any] | Rejects) -> list[str]:
    inner = [*call.statements, ast.unparse(picked(call.result, "output"))]
    inner = [line for text in inner for line in text.splitlines()]
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
    """The call of a contract as source. Raises NoScriptError where it is no expression or few statements."""
    if contract.sources:
        tree = ast.parse(contract.sources[framework], mode="eval").body
        assert isinstance(tree, ast.Lambda)
        first, *others = [each.arg for each in tree.args.args]
        renamed = _Renamed(first, framework).visit(tree.body)
        return _checked((), (), renamed, {framework}, set(others), vars(sys.modules[contract.module]))
    function = contract.call(framework)
    node = _node(function)
    if node.args.vararg or node.args.kwarg or node.args.defaults or node.args.kw_defaults:
        raise NoScriptError("the call has optional arguments; replay the sample")
    arguments = {each.arg for each in [*node.args.args, *node.args.kwonlyargs]}
    if isinstance(node, ast.Lambda):
        return _checked((), (), node.body, set(), arguments, function.__globals__)
    *before, last = [line for line in node.body if not isinstance(line, ast.Import | ast.ImportFrom)]
    several = any(isinstance(each, ast.Return) for line in before for each in ast.walk(line))
    if several or not isinstance(last, ast.Return) or last.value is None:
        raise NoScriptError("the call is more than a few statements; replay the sample")
    imports = tuple(ast.unparse(line) for line in node.body if isinstance(line, ast.Import | ast.ImportFrom))
    known = {alias.asname or alias.name.partition(".")[0] for line in node.body for alias in getattr(line, "names", [])}
    return _checked(imports, tuple(before), last.value, known, arguments, function.__globals__)


def _node(function: Any) -> Any:
    """The syntax of a function, or of a lambda."""
    code = function.__code__
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
    nodes = [each for part in (*statements, result) for each in ast.walk(part)]
    names = [each for each in nodes if isinstance(each, ast.Name)]
    own = {each.id for each in names if isinstance(each.ctx, ast.Store)}
    own |= {each.arg for each in nodes if isinstance(each, ast.arg)}
    used = {each.id for each in names} - own - known - arguments
    modules = {name: scope[name].__name__ for name in used if isinstance(scope.get(name), types.ModuleType)}
    foreign = {name for name in used - modules.keys() if not hasattr(builtins, name)}
    if foreign:
        raise NoScriptError(f"the call uses {min(foreign)} of this project; replay the sample")
    more = [f"import {module}" + ("" if module == name else f" as {name}") for name, module in modules.items()]
    found = (*imports, *sorted(more))
    if any(line.split()[1].partition(".")[0] in OURS for line in found):
        raise NoScriptError("the call uses code of this project; replay the sample")
    reads = frozenset({each.id for each in names} & arguments)
    return Call(found, tuple(ast.unparse(line) for line in statements), result, reads)


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
