"""A divergence as one Python file without imports from this project, to be pasted into an upstream issue.

The script holds the sample, the framework's call with everything of the project that it uses, the oracle's values and
the errors allowed around them, and exits 1 where the framework diverges and 0 where it agrees. It needs NumPy, the
framework, and what the call itself imports.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from conformance.accuracy import Acceptance, Rejects
from conformance.contract import EXACT, Contract, Sample
from conformance.judge import expected_dtype
from conformance.lanes.lane import RESERVED as RESERVED_INPUTS
from conformance.lanes.lane import flatten
from conformance.report import harness, short
from conformance.report.inline import Inliner
from conformance.report.literals import LARGEST, TooLarge, literal, unpack
from conformance.report.sources import CannotInline, Project

RESERVED = ("call", "INPUTS", "COTANGENT", "EXPECTED", "observe")
OBSERVE = {"torch": harness.observe_torch, "paddle": harness.observe_paddle}
_LAST = (harness.__name__, flatten.__module__)
ORACLE = "a reference computed in NumPy float64"
_IMPORTS = {
    "sys": ("sys", ""),
    "zlib": ("zlib", ""),
    "base64": ("base64", ""),
    "np": ("numpy", ""),
    "inf": ("numpy", "inf"),
    "nan": ("numpy", "nan"),
}


def script(
    contract: Contract,
    framework: str,
    sample: Sample,
    accepted: Any,
    fingerprint: Mapping[str, Any] | None = None,
    reference: str = ORACLE,
    differing: Collection[str] = (),
    only: Collection[str] | None = None,
    about: Sequence[str] = (),
) -> str:
    """The text of a script that shows what one framework does with a sample.

    accepted: the acceptances by quantity, or :class:`~conformance.accuracy.Rejects`, that the framework is held to.
    fingerprint: that of the lane, for its versions, device and TF32; without it the script runs on the CPU.
    reference: where the expected values come from, for the reader.
    differing: quantities to keep to, where all of them make the script too large to be attached to an issue.
    only: quantities to keep to in any case.
    about: paragraphs of what is known, in place of the title and of the lane on which the sample was seen.

    Raises
    ------
    CannotInline: the call, or the sample, cannot be carried in a script; the message says why.
    """
    if contract.sources:
        version = (fingerprint or {}).get("version", "")
        title = about or [f"{framework} {version} against {contract.id}: {contract.claim}"]
        return short.script(contract, framework, sample, accepted, list(only or differing), title)
    if only is not None and isinstance(accepted, Mapping):
        return _script(contract, framework, sample, accepted, fingerprint or {}, reference, list(only), about)
    few = [name for name in accepted if name in differing] if isinstance(accepted, Mapping) else []
    few.sort(key=lambda name: np.size(getattr(accepted[name], "value", accepted[name])))
    refusal: CannotInline
    for kept in [None, few, few[:1]] if few else [None]:
        try:
            return _script(contract, framework, sample, accepted, fingerprint or {}, reference, kept, about)
        except TooLarge as error:
            refusal = error
    raise refusal


def _script(
    contract: Contract,
    framework: str,
    sample: Sample,
    accepted: Any,
    lane: Mapping[str, Any],
    reference: str,
    only: list[str] | None,
    about: Sequence[str],
) -> str:
    if only is not None:
        accepted = {name: accepted[name] for name in only}
        reference += f", here for {', '.join(only)} alone, as all of them would be too large"
    data, main = _data(sample, accepted), _main(contract, framework, sample, accepted, lane, only is not None)
    size = sum(map(len, data))
    if size > LARGEST:
        raise TooLarge(f"its sample and expected values would take {size / 2**20:.0f} MiB")
    names = _names([*data, main])
    inliner = Inliner(Project(contract.module), RESERVED)
    for name in sorted(names & _IMPORTS.keys()):
        inliner.keep(*_IMPORTS[name], name)
    if "unpack" in names:
        inliner.require(unpack)
    inliner.require(OBSERVE[framework])
    inliner.require(harness.must_raise if isinstance(accepted, Rejects) else harness.compare)
    inliner.add(contract.call(framework), "call")
    imports, code, around = inliner.render(_LAST)
    other = {"torch": "paddle", "paddle": "torch"}[framework]
    if other in inliner.packages():
        raise CannotInline(f"the {framework} call also imports {other}")
    needs = _packages(["\n".join(imports), *code, *around])
    head = _docstring(contract, framework, sample, accepted, lane, reference, needs, about)
    top = "\n".join([head, "", "from __future__ import annotations", "", *imports])
    return _checked("\n\n\n".join([top, *code, *data, *around, main]) + "\n", inliner.project)


def _names(parts: list[str]) -> set[str]:
    return {node.id for part in parts for node in ast.walk(ast.parse(part)) if isinstance(node, ast.Name)}


def _packages(parts: list[str]) -> list[str]:
    """Packages outside the standard library that some code imports, at its top or inside of functions."""
    found: set[str] = set()
    for node in (node for part in parts for node in ast.walk(ast.parse(part))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return sorted(found - sys.stdlib_module_names)


def _data(sample: Sample, accepted: Any) -> list[str]:
    """The sample, and what is expected of it, as assignments."""
    inputs = {name: value for name, value in sample.inputs.items() if name not in RESERVED_INPUTS}
    parts = [f"INPUTS = {literal(inputs)}", f"COTANGENT = {literal(sample.inputs.get('cotangent'))}"]
    if isinstance(accepted, Rejects):
        return parts
    expected = {name: _expected(item, sample) for name, item in accepted.items()}
    says = "Value, allowed absolute error and dtype by quantity"
    says += ", and whether zeros have a sign." if any(len(one) == 4 for one in expected.values()) else "."
    return [*parts, f"# {says}\nEXPECTED = {literal(expected)}"]


def _expected(item: Any, sample: Sample) -> tuple[Any, ...]:
    acceptance = item if isinstance(item, Acceptance) else Acceptance(np.asarray(item))
    value = np.asarray(acceptance.value)
    dtype = acceptance.dtype or (expected_dtype(sample) if value.dtype.kind == "f" else None)
    bound = np.asarray(0.0 if sample.regime == EXACT else acceptance.bound, np.float64)
    signed = (True,) if acceptance.signed and value.dtype.kind == "f" and not value.all() else ()
    if bound.size and (bound == bound.flat[0]).all():
        return value, float(bound.flat[0]), dtype, *signed
    return value, bound, dtype, *signed


def _main(
    contract: Contract, framework: str, sample: Sample, accepted: Any, lane: Mapping[str, Any], partial: bool
) -> str:
    device, tf32 = str(lane.get("device", "cpu")), bool(lane.get("tf32", False))
    gradients = contract.gradients if sample.inputs.get("cotangent") is not None else ()
    how = f"{contract.tensors}, {gradients!r}, COTANGENT, {device!r}, {tf32}"
    held = "compare(observe, EXPECTED)"
    if isinstance(accepted, Rejects):
        held = f"must_raise(observe, {accepted.reason!r}, {accepted.error!r})"
    body = f"{OBSERVE[framework].__name__}(call, INPUTS, {how})"
    if partial:
        body = f"{{name: value for name, value in {body}.items() if name in EXPECTED}}"
    observe = f"def observe():\n    return {body}"
    return f'{observe}\n\n\nif __name__ == "__main__":\n    sys.exit({held})'


def _docstring(
    contract: Contract,
    framework: str,
    sample: Sample,
    accepted: Any,
    lane: Mapping[str, Any],
    reference: str,
    needs: list[str],
    about: Sequence[str],
) -> str:
    version = lane.get("version") or _version(framework)
    device = lane.get("device_name") or lane.get("device", "cpu")
    others = [f"{name} {lane[name]}" for name in ("torchvision", "pillow", "numpy", "python") if name in lane]
    if isinstance(accepted, Rejects):
        expected = f"Expected: an error, because {accepted.reason}."
    else:
        limit = "exactly (small integers: nothing is rounded)" if sample.regime == EXACT else "within the error allowed"
        expected = f"Expected: the values of {reference}, {limit}."
    if about:
        lines = [*about, "", expected]
    else:
        lines = [f"{framework} {version} against {contract.id}", "", f"Claim: {' '.join(contract.claim.split())}"]
        lines += [expected, f"Seen with {', '.join([f'{framework} {version}', *others])} on {device}."]
    lines.append(
        f"Needs {', '.join(needs)}. Prints got, expected, error and allowed by quantity; "
        "exits 1 on divergence, 0 on agreement."
    )
    text = "\n".join(textwrap.fill(line, 110, break_long_words=False) for line in lines)
    return '"""' + text.replace("\\", "\\\\").replace('"""', "'''") + '\n"""'


def _version(framework: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version({"torch": "torch", "paddle": "paddlepaddle"}[framework])
    except PackageNotFoundError:
        return "(unknown version)"


def _checked(text: str, project: Project) -> str:
    """The script, once it is certain that it is Python and imports nothing of the project."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise CannotInline(f"the script that was made is not Python ({error})") from error
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        inside = [name for name in names if project.path(name) is not None]
        if inside:
            raise CannotInline(f"{inside[0]} is still imported")
    return text


__all__ = ["CannotInline", "script"]
