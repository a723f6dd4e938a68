"""A divergence of an operator as a script of some fifteen lines, to be pasted into an upstream issue.

An operator's call is one expression, so that the script is that expression, the sample, what is expected, and a
comparison. It imports nothing of this project, and exits 1 where the framework diverges and 0 where it agrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.accuracy import Rejects
from conformance.contract import Contract, Sample
from conformance.dtypes import has_gradient
from conformance.lanes.lane import RESERVED
from conformance.report.literals import READABLE, literal
from conformance.report.sources import CannotInline

GRADIENT = "gradient."
PLAIN = {
    "torch": "np.asarray(got.detach().to(torch.float64 if not got.is_complex() else got.dtype).resolve_conj())",
    "paddle": "np.asarray(got.astype('float64') if 'float' in str(got.dtype) else got)",
}
VIEWS = {
    "transposed": ("np.ascontiguousarray({0}.T)", "{0}.moveaxis({1}, {2})"),
    "sliced": ("np.repeat({0}, 2, axis=-1)", "{0}[..., ::2]"),
    "expanded": ("{0}[:1]", "{0}.expand({3})"),
    "flipped": ("{0}[..., ::-1].copy()", "{4}"),
    "channels_last": ("{0}", "{5}"),
}
FLIPPED = {"torch": "{0}.flip(-1)", "paddle": "{0}[..., ::-1]"}
INNERMOST = {"torch": "{0}.contiguous(memory_format=torch.{1})", "paddle": "{0}"}
TENSOR = {
    "torch": "torch.tensor({0}).requires_grad_({1})",
    "paddle": "paddle.to_tensor({0}, stop_gradient=not {1})",
}
BACK = {
    "torch": "torch.autograd.grad([{1}], [{0}], [{2}], allow_unused=True)",
    "paddle": "paddle.grad([{1}], [{0}], [{2}], allow_unused=True)",
}


def script(
    contract: Contract, framework: str, sample: Sample, accepted: Any, differing: Sequence[str], about: Sequence[str]
) -> str:
    """The text of a script for the first of the quantities that differ; raises CannotInline for too large a sample."""
    call = contract.sources[framework]
    name = next((each for each in differing if isinstance(accepted, Rejects) or each in accepted), "output")
    inputs = {key: value for key, value in sample.inputs.items() if key not in RESERVED}
    layouts = sample.inputs.get("layouts", {})
    if any(isinstance(value, np.ndarray) and value.size > READABLE for value in inputs.values()):
        raise CannotInline("the sample is too large for a short script; replay it")
    lines = ['"""' + "\n".join(about), '"""', "", "import sys", "", "import numpy as np", f"import {framework}", ""]
    lines += ["inf, nan = np.inf, np.nan"]
    for key, value in inputs.items():
        if not isinstance(value, np.ndarray):
            lines.append(f"{key} = {literal(value)}")
            continue
        lines.append(f"{key} = {literal(value)}")
        before, after = VIEWS.get(layouts.get(key), ("{0}", "{0}"))
        axes = tuple(range(value.ndim))
        wanted = name.startswith(GRADIENT) and key in contract.gradients
        made = _tensor(framework, value, before.format(key), wanted and has_gradient(value))
        flipped = FLIPPED[framework].format(made)
        innermost = INNERMOST[framework].format(made, "channels_last" if value.ndim == 4 else "channels_last_3d")
        lines.append(f"{key} = {after.format(made, axes, axes[::-1], value.shape, flipped, innermost)}")
    given = ", ".join(f"{key}={key}" for key in inputs)
    lines += [f"call = {call}", *_compared(framework, name, given, sample, accepted)]
    return "\n".join(lines) + "\n"


def _tensor(framework: str, value: np.ndarray, text: str, wanted: bool) -> str:
    """The source of a tensor of an array. What NumPy has no dtype for is written in float32 and converted."""
    if value.dtype.kind != "V":
        return TENSOR[framework].format(text, wanted)
    if framework == "torch":
        return f"torch.tensor({text}).to(torch.{value.dtype.name}).requires_grad_({wanted})"
    return f"{TENSOR[framework].format(text, wanted)}.astype({value.dtype.name!r})"


def _compared(framework: str, name: str, given: str, sample: Sample, accepted: Any) -> list[str]:
    if isinstance(accepted, Rejects):
        return [
            "try:",
            f"    print('got', call({framework}, {given}), 'expected an error: {accepted.reason}: DIVERGES')",
            "    sys.exit(1)",
            "except Exception as error:",
            "    print('got', error, 'agrees')",
        ]
    lines = [f"got = call({framework}, {given})"]
    if name.startswith(GRADIENT):
        back = sample.inputs["cotangent"]
        cotangents = back if isinstance(back, Mapping) else {"": back}
        outputs = ", ".join(f"got[{each!r}]" if each else "got" for each in cotangents)
        upstream = ", ".join(_tensor(framework, each, literal(each), False) for each in cotangents.values())
        lines.append(f"got = {BACK[framework].format(name.removeprefix(GRADIENT), outputs, upstream)}[0]")
    elif name != "output":
        lines.append(f"got = got[{name!r}]")
    if name not in accepted:
        return [*lines, f"print({name!r}, got)"]
    item = accepted[name]
    value, bound = np.asarray(item.value), np.broadcast_to(np.asarray(item.bound, np.float64), np.shape(item.value))
    wide = "complex128" if np.iscomplexobj(value) else "float64"
    lines += [
        f"got = {PLAIN[framework]}.astype({wide!r})",
        f"expected = {literal(value.astype(wide))}",
        f"allowed = {literal(np.asarray(bound))}",
        "wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))",
        f"print({name!r}, 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')",
        "sys.exit(bool(wrong.any()))",
    ]
    return lines
